//! Services as lists and objects of IOS and ASA say them.

use super::super::ranges::Ranges;
use super::super::region::Field;
use super::super::services::{Services, with_ports};
use super::ports;

/// `eq 80 443`, `range 1 9`, `gt 1023`; how many words it took.
pub(super) fn ports(words: &[&str], protocol: Option<u128>) -> Option<(Ranges, usize)> {
    let number = |word: &str| ports::port(word, protocol).map(u128::from);
    let largest = Field::Port.largest();
    let after = words.get(1..)?;
    Some(match *words.first()? {
        operator @ ("eq" | "neq") => {
            let listed: Vec<u128> = after.iter().map_while(|word| number(word)).collect();
            let ranges = Ranges::of(listed.iter().map(|port| (*port, *port)).collect());
            if ranges.is_empty() {
                return None;
            }
            (if operator == "eq" { ranges } else { ranges.outside(largest) }, 1 + listed.len())
        }
        "lt" => (Ranges::span(0u8, number(after.first()?)?.checked_sub(1)?), 2),
        "gt" => (Ranges::span(number(after.first()?)? + 1, largest), 2),
        "range" => {
            let (low, high) = (number(after.first()?)?, number(after.get(1)?)?);
            // IOS turns a range that is written backwards.
            (Ranges::span(low.min(high), low.max(high)), 3)
        }
        _ => return None,
    })
}

/// The members of a group of ports for `tcp`, `udp` or `tcp-udp`.
pub(super) fn ports_of(protocols: Option<&str>, words: &[&str]) -> Option<Services> {
    let protocols = protocols_of(protocols?)?;
    let single = if protocols.len() == 1 { Some(u128::from(protocols[0])) } else { None };
    let (ranges, used) = ports(words, single)?;
    (used == words.len()).then(|| with_ports(&protocols, None, Some(&ranges)))
}

fn protocols_of(name: &str) -> Option<Vec<u8>> {
    Some(match name {
        "tcp-udp" => vec![6, 17],
        name => vec![ports::protocol(name)??],
    })
}

/// `tcp source gt 1023 destination eq 443`, `udp eq 53`, `icmp echo`, `ip`.
pub(super) fn read(words: &[&str]) -> Option<Services> {
    let (name, mut rest) = words.split_first()?;
    if matches!(*name, "icmp" | "icmp6") && !rest.is_empty() {
        let is_v6 = *name == "icmp6";
        let (kind, code) = ports::icmp(rest[0], is_v6)?;
        let code = match rest {
            [_] => code,
            [_, number] => Some(super::super::names::decimal(number)?),
            _ => return None,
        };
        return Some(Services::icmp(is_v6, kind, code));
    }
    if rest.is_empty() && *name != "tcp-udp" {
        return ports::protocol(name).map(Services::protocol);
    }
    let protocols = protocols_of(name)?;
    if !protocols.iter().all(|number| [6, 17, 132].contains(number)) {
        return None;
    }
    let single = if protocols.len() == 1 { Some(u128::from(protocols[0])) } else { None };
    let (mut source, mut target) = (None, None);
    while let Some(word) = rest.first() {
        let is_source = *word == "source";
        if is_source || *word == "destination" {
            rest = &rest[1..];
        }
        let (ranges, used) = ports(rest, single)?;
        rest = &rest[used..];
        *(if is_source { &mut source } else { &mut target }) = Some(ranges);
    }
    Some(with_ports(&protocols, source.as_ref(), target.as_ref()))
}
