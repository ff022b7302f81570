//! Access lists of IOS-like devices: what their entries decide, first match, deny at the end.

pub(crate) use super::effect::Effect;
use super::effect::{
    self, Action, Chains, FAMILY, MAX, PORT, PROTOCOL, Packets, Ranges, Rule, SOURCE, SOURCE_PORT, Side,
    TARGET, normal, outside,
};
use std::net::Ipv4Addr;

/// Whether a section is an access list for IPv4.
pub(crate) fn is_list(section: &str) -> bool {
    section.starts_with("ip access-list ")
}

/// The entries without the numbers that a device may print before them, in the order of the numbers.
pub(crate) fn unnumbered(entries: Vec<String>) -> Vec<String> {
    let split = |entry: &str| -> Option<(u64, String)> {
        let (number, rest) = entry.split_once(' ')?;
        Some((number.parse().ok()?, rest.trim_start().to_owned()))
    };
    let mut numbered: Vec<(u64, String)> = entries.iter().filter_map(|entry| split(entry)).collect();
    if numbered.len() != entries.len() {
        return entries.into_iter().map(|entry| split(&entry).map_or(entry, |(_, rest)| rest)).collect();
    }
    numbered.sort_by_key(|(number, _)| *number);
    numbered.into_iter().map(|(_, rest)| rest).collect()
}

/// What two lists decide differently.
pub(crate) fn effect(intended: &[String], deployed: &[String]) -> Option<Effect> {
    let chains = |entries: &[String]| -> Chains {
        Chains::from([("list".to_owned(), entries.iter().map(|entry| rule(entry)).collect())])
    };
    let (s, d) = (chains(intended), chains(deployed));
    let side = |chains| Side { chains, chain: "list", policy: Some(false) };
    Some(effect::compare(side(&s), side(&d)))
}

fn rule(text: &str) -> Rule {
    let parts = if text.starts_with("remark") {
        vec![]
    } else {
        vec![read(text).unwrap_or((vec![Packets::default()], Action::Unknown))]
    };
    Rule { text: text.to_owned(), parts }
}

fn read(text: &str) -> Option<(Vec<Packets>, Action)> {
    let mut words = text.split_whitespace().peekable();
    let action = match words.next()? {
        "permit" => Action::Accept,
        "deny" => Action::Deny,
        _ => return None,
    };
    let mut packets = Packets::default().with(FAMILY, vec![(0, 0)])?;
    let first = *words.peek()?;
    let is_standard = first == "any" || first == "host" || first.parse::<Ipv4Addr>().is_ok();
    if is_standard {
        if let Asked::OneOf(ranges) = address(&mut words, true)? {
            packets = packets.with(SOURCE, ranges)?;
        }
    } else {
        let protocol = words.next()?;
        if protocol != "ip" {
            packets =
                packets.with(PROTOCOL, vec![(effect::protocol(protocol)?, effect::protocol(protocol)?)])?;
        }
        for (field, port) in [(SOURCE, SOURCE_PORT), (TARGET, PORT)] {
            if let Asked::OneOf(ranges) = address(&mut words, false)? {
                packets = packets.with(field, ranges)?;
            }
            if let Asked::OneOf(ranges) = ports(&mut words)? {
                packets = packets.with(port, ranges)?;
            }
        }
    }
    let known = words.all(|word| matches!(word, "log" | "log-input"));
    // Flags, ICMP types and the like narrow an entry in ways that are not followed.
    Some((vec![packets], if known { action } else { Action::Unknown }))
}

type Words<'t> = std::iter::Peekable<std::str::SplitWhitespace<'t>>;

/// What an entry asks of an address or a port.
enum Asked {
    Nothing,
    OneOf(Ranges),
}

fn address(words: &mut Words<'_>, standard: bool) -> Option<Asked> {
    let number = |word: &str| word.parse::<Ipv4Addr>().ok().map(u32::from);
    match words.next()? {
        "any" => Some(Asked::Nothing),
        "host" => number(words.next()?).map(|value| Asked::OneOf(vec![(value.into(), value.into())])),
        word => {
            let base = number(word)?;
            let Some(wildcard) = words.peek().and_then(|word| number(word)) else {
                return standard.then(|| Asked::OneOf(vec![(base.into(), base.into())]));
            };
            words.next();
            // Only wildcards without holes are ranges.
            (wildcard & wildcard.wrapping_add(1) == 0)
                .then(|| Asked::OneOf(vec![((base & !wildcard).into(), (base | wildcard).into())]))
        }
    }
}

fn ports(words: &mut Words<'_>) -> Option<Asked> {
    let Some(operator) = words.peek().copied() else { return Some(Asked::Nothing) };
    let is_port = |word: &str| effect::service(word).is_some();
    let ranges = match operator {
        "eq" | "neq" => {
            words.next();
            let mut ranges = vec![];
            while let Some(word) = words.peek().filter(|word| is_port(word)) {
                let port = effect::service(word)?;
                ranges.push((port, port));
                words.next();
            }
            let ranges = normal(ranges);
            if ranges.is_empty() {
                return None;
            }
            if operator == "eq" { ranges } else { outside(&ranges, MAX[PORT]) }
        }
        "lt" | "gt" | "range" => {
            words.next();
            let port = effect::service(words.next()?)?;
            match operator {
                "lt" => vec![(0, port.checked_sub(1)?)],
                "gt" => vec![(port + 1, MAX[PORT])],
                _ => vec![(port, effect::service(words.next()?)?)],
            }
        }
        _ => return Some(Asked::Nothing),
    };
    Some(Asked::OneOf(ranges))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(a: &[&str], b: &[&str]) -> Effect {
        let owned = |list: &[&str]| list.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
        effect(&owned(a), &owned(b)).expect("an effect")
    }

    #[test]
    fn effects_are_told_in_words() {
        let base = ["permit tcp any host 10.0.0.5 eq 502", "deny ip any any log"];
        let more = ["permit ip host 192.168.1.9 any", base[0], base[1]];
        assert_eq!(lists(&base, &more).meaning(), "newly permitted: ip saddr 192.168.1.9");
        let swapped = ["deny ip any any log", base[0]];
        assert!(!lists(&base, &swapped).closes.is_empty());
        assert!(
            lists(
                &["permit tcp any any eq 22", "permit udp any any eq ntp"],
                &["permit udp any any eq 123", "permit tcp any any eq 22"]
            )
            .is_none()
        );
        assert!(lists(&base, &["permit tcp any host 10.0.0.5 eq 502 established", base[1]]).unknown);
    }
}
