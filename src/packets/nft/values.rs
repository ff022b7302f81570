//! Values of nftables: addresses, prefixes, ranges, names.

use super::super::names;
use super::super::ranges::Ranges;
use super::super::region::{Region, STATES, open_end};
use super::super::words::{interface, interfaces};
use super::fields::{Kind, Known};
use super::listing::Word;
use std::net::IpAddr;

/// Packets that a condition holds for, and packets for which nobody knows.
pub(super) struct Condition {
    pub sure: Vec<Region>,
    pub maybe: Vec<Region>,
}

impl Condition {
    pub(super) fn only(sure: Vec<Region>) -> Self {
        Self { sure, maybe: vec![] }
    }
}

/// The packets whose fields compare so with these values. `None`: a value is not understood.
pub(super) fn condition(keys: &[Known], operator: &str, items: &[Vec<Word>]) -> Option<Condition> {
    let [key] = keys else {
        // "None of these" in several fields at once is no box.
        return if operator == "==" { concatenated(keys, items) } else { None };
    };
    let mut ranges = vec![];
    for item in items {
        let [Word::Plain(text) | Word::Quoted(text)] = item.as_slice() else { return None };
        ranges.extend_from_slice(value(key, text)?.intervals());
    }
    let ranges = compared(key, operator, &Ranges::of(ranges))?;
    let maybe = key.maybe.iter().cloned().collect();
    Some(Condition { sure: key.sure.clone().with(key.field, &ranges).into_iter().collect(), maybe })
}

fn compared(key: &Known, operator: &str, ranges: &Ranges) -> Option<Ranges> {
    let largest = key.field.largest();
    if matches!(operator, "==") {
        return Some(ranges.clone());
    }
    if operator == "!=" {
        return Some(ranges.outside(largest));
    }
    let value = ranges.single()?;
    if !matches!(
        key.kind,
        Kind::Port | Kind::Protocol | Kind::Address { .. } | Kind::Icmp { .. } | Kind::Code
    ) {
        return None;
    }
    Some(match operator {
        "<" => Ranges::span(0u8, value.checked_sub(1)?),
        "<=" => Ranges::span(0u8, value),
        ">" => Ranges::span(value.checked_add(1)?, largest),
        ">=" => Ranges::span(value, largest),
        _ => return None,
    })
}

/// The packets of `a . b . c`.
fn concatenated(keys: &[Known], items: &[Vec<Word>]) -> Option<Condition> {
    let mut sure = vec![];
    let mut maybe = vec![];
    for item in items {
        let parts: Vec<&[Word]> = item.split(|word| word.plain() == Some(".")).collect();
        if parts.len() != keys.len() {
            return None;
        }
        let (mut known, mut unknown) =
            (Some(Region::all()), keys.iter().any(|key| key.maybe.is_some()).then(Region::all));
        for (key, part) in keys.iter().zip(parts) {
            let [Word::Plain(text) | Word::Quoted(text)] = part else { return None };
            let ranges = value(key, text)?;
            known = known
                .and_then(|region| region.and(&key.sure))
                .and_then(|region| region.with(key.field, &ranges));
            unknown = unknown.and_then(|region| match &key.maybe {
                Some(maybe) => region.and(maybe),
                None => region.and(&key.sure).and_then(|region| region.with(key.field, &ranges)),
            });
        }
        sure.extend(known);
        maybe.extend(unknown);
    }
    Some(Condition { sure, maybe })
}

/// The values that a word stands for.
fn value(key: &Known, text: &str) -> Option<Ranges> {
    let ranges = plain_value(key, text)?;
    Some(match key.kind {
        Kind::Address { is_v6: false } => open_end(&ranges, u32::MAX.into(), key.field),
        Kind::Icmp { .. } | Kind::Code => open_end(&ranges, 255, key.field),
        _ => ranges,
    })
}

fn plain_value(key: &Known, text: &str) -> Option<Ranges> {
    let ranged = matches!(
        key.kind,
        Kind::Address { .. } | Kind::Port | Kind::Protocol | Kind::Icmp { .. } | Kind::Code
    );
    if let (true, Some((first, last))) = (ranged, text.split_once('-'))
        && let (Some(low), Some(high)) = (single(key, first), single(key, last))
    {
        return (low <= high).then(|| Ranges::span(low, high));
    }
    match (key.kind, text.split_once('/')) {
        (Kind::Address { is_v6 }, Some((address, length))) => {
            let bits: u32 = if is_v6 { 128 } else { 32 };
            let address = number(address, is_v6)?;
            let length = names::decimal::<u32>(length).filter(|length| *length <= bits)?;
            let largest = if is_v6 { u128::MAX } else { u32::MAX.into() };
            let size = largest.checked_shr(length).unwrap_or(0);
            Some(Ranges::span(address & !size, address | size))
        }
        (Kind::Interface, _) => interface_value(text),
        _ => single(key, text).map(Ranges::one),
    }
}

fn interface_value(name: &str) -> Option<Ranges> {
    // A number is an index that only the device knows, and a backslash hides a star.
    if name.is_empty() || name.contains('\\') || name.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(match name.strip_suffix('*') {
        Some(start) => interfaces(start)?,
        None => Ranges::one(interface(name)),
    })
}

fn single(key: &Known, text: &str) -> Option<u128> {
    match key.kind {
        Kind::Address { is_v6 } => number(text, is_v6),
        Kind::Protocol => names::protocol(text).map(u128::from),
        Kind::Port => names::service(text).map(u128::from),
        Kind::Icmp { is_v6 } => names::icmp(text, is_v6).map(u128::from),
        Kind::Code => names::decimal::<u8>(text).map(u128::from),
        Kind::State => STATES.iter().position(|state| *state == text).map(|at| at as u128),
        Kind::Family => match text {
            "ipv4" => Some(0),
            "ipv6" => Some(1),
            _ => None,
        },
        Kind::EtherType => match text {
            "ip" | "0x0800" | "8" => Some(0),
            "ip6" | "0x86dd" => Some(1),
            _ => None,
        },
        Kind::Interface => None,
    }
}

fn number(text: &str, is_v6: bool) -> Option<u128> {
    match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) if !is_v6 => Some(u32::from(address).into()),
        IpAddr::V6(address) if is_v6 => Some(address.into()),
        _ => None,
    }
}

/// Writes `22:accept` and `22 : accept` as the same three words.
pub(super) fn split_colons(words: &[Word]) -> Vec<Word> {
    let mut out = vec![];
    for word in words {
        match word.plain() {
            Some(text) if text != ":" && text.ends_with(':') && !text.ends_with("::") => {
                out.push(Word::Plain(text.trim_end_matches(':').to_owned()));
                out.push(Word::Plain(":".into()));
            }
            Some(text) if text.matches(':').count() == 1 && text != ":" => {
                let (before, after) = text.split_once(':').unwrap_or((text, ""));
                let parts = [before, ":", after].into_iter().filter(|part| !part.is_empty());
                out.extend(parts.map(|part| Word::Plain(part.to_owned())));
            }
            _ => out.push(word.clone()),
        }
    }
    out
}
