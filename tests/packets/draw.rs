//! Packets drawn from the words of a ruleset: addresses after `saddr`, ports after `dport`, and what lies beside them.

use std::collections::{BTreeMap, HashSet};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The first line of a ruleset that nobody changed.
pub(crate) const ORIGINAL: &str = "# as written";

/// Numbers that look random and are the same in every run (xorshift).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        ((self.next() >> 11) % most as u64) as usize
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn of<'t, T>(&mut self, items: &'t [T]) -> Option<&'t T> {
        if items.is_empty() { None } else { items.get(self.below(items.len())) }
    }

    fn between(&mut self, low: u128, high: u128) -> u128 {
        let wide = u128::from(self.next()) << 64 | u128::from(self.next());
        low + wide % (high - low).saturating_add(1).max(1)
    }
}

/// A packet as its header says it; for ICMP the type stands for the port, the code for the source port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Packet {
    pub(crate) family: u8,
    pub(crate) source: u128,
    pub(crate) destination: u128,
    pub(crate) protocol: u8,
    pub(crate) port: u16,
    pub(crate) source_port: u16,
}

impl Packet {
    /// What connection tracking makes of it when nothing came before: an answer to a ping that nobody sent is invalid.
    pub(crate) fn state(&self) -> u8 {
        if self.protocol == 1 && self.port == 0 || self.protocol == 58 && self.port == 129 { 3 } else { 0 }
    }

    /// What comes back.
    pub(crate) fn answer(&self) -> Self {
        Self {
            source: self.destination,
            destination: self.source,
            port: self.source_port,
            source_port: self.port,
            ..*self
        }
    }

    /// Whether it can be sent through a router and be the first of a connection.
    fn is_fit(&self) -> bool {
        let fits = |address: u128| match u32::try_from(address) {
            Ok(address) if self.family == 0 => {
                let address = Ipv4Addr::from(address);
                let [first, ..] = address.octets();
                !(first == 0 || first == 127 || first >= 224 || address.is_link_local())
            }
            _ if self.family == 0 => false,
            _ => {
                let address = Ipv6Addr::from(address);
                let first = address.segments()[0];
                !(address.is_multicast() || first == 0 || first & 0xffc0 == 0xfe80)
            }
        };
        let ports = match self.protocol {
            6 | 17 => self.port > 0 && self.source_port > 0,
            1 => self.family == 0 && [0, 8, 13].contains(&self.port) && self.source_port < 256,
            58 => self.family == 1 && [128, 129].contains(&self.port) && self.source_port < 256,
            47 | 50 | 89 | 112 => self.port == 0 && self.source_port == 0,
            _ => false,
        };
        fits(self.source) && fits(self.destination) && self.source != self.destination && ports
    }

    /// Both directions of a connection have one key: no packet is to meet the state that another left behind.
    fn key(&self) -> (Vec<(u128, u16)>, u8) {
        let ports = matches!(self.protocol, 6 | 17);
        let end = |address, port| (address, if ports { port } else { 0 });
        let mut ends = vec![end(self.source, self.source_port), end(self.destination, self.port)];
        ends.sort_unstable();
        (ends, self.protocol)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    Source,
    Destination,
    Port,
    SourcePort,
    Protocol,
    Type,
    Code,
}

/// Words with the places that they stand for, together: one element of a set.
type Tuple = Vec<(Place, String)>;

/// A rule as alternatives per condition.
#[derive(Debug, Default, Clone)]
struct Line {
    conditions: Vec<Vec<Tuple>>,
    protocols: Vec<u8>,
    is_v6: bool,
}

/// Two interfaces that a ruleset speaks of, or others.
pub(crate) fn interfaces(text: &str, random: &mut Random) -> (String, String) {
    let mut pairs = vec![];
    for line in text.lines() {
        let after = |key: &str| {
            let rest = &line[line.find(key)? + key.len()..];
            let name = rest.trim_start().strip_prefix('"')?.split('"').next()?;
            (!name.contains('*')).then(|| name.to_owned())
        };
        if let (Some(inside), Some(outside)) = (after("iifname"), after("oifname")) {
            pairs.push((inside, outside));
        }
    }
    match random.of(&pairs) {
        Some(pair) if pair.0 != pair.1 && !random.one_in(8) => pair.clone(),
        _ => ("eth0".into(), "eth1".into()),
    }
}

/// Draws packets, no two of one connection.
pub(crate) fn packets(text: &str, count: usize, random: &mut Random) -> Vec<Packet> {
    let lines = lines(text);
    let mut all: BTreeMap<Place, Vec<String>> = BTreeMap::new();
    for (place, word) in lines.iter().flat_map(|line| line.conditions.iter().flatten().flatten()) {
        all.entry(*place).or_default().push(word.clone());
    }
    let (mut drawn, mut met) = (vec![], HashSet::new());
    // A ruleset with few words has few packets.
    for _ in 0..count * 40 {
        if drawn.len() == count {
            break;
        }
        let packet = one(&lines, &all, random);
        if packet.is_fit() && met.insert(packet.key()) {
            drawn.push(packet);
        }
    }
    drawn
}

fn one(lines: &[Line], all: &BTreeMap<Place, Vec<String>>, random: &mut Random) -> Packet {
    let line = random.of(lines).cloned().unwrap_or_default();
    let is_v6 = line.is_v6 || (!mentions_v4(&line) && random.one_in(4));
    let mut words: BTreeMap<Place, String> = BTreeMap::new();
    for condition in &line.conditions {
        let fitting: Vec<&Tuple> = condition
            .iter()
            .filter(|tuple| tuple.iter().all(|(place, word)| fits(*place, word, is_v6)))
            .collect();
        if let Some(tuple) = random.of(&fitting) {
            words.extend(tuple.iter().cloned());
        }
    }
    // What this rule does not ask for, another may.
    for (place, known) in all {
        let fitting: Vec<&String> = known.iter().filter(|word| fits(*place, word, is_v6)).collect();
        if !words.contains_key(place) && !random.one_in(3) && !matches!(place, Place::Protocol) {
            words.extend(random.of(&fitting).map(|word| (*place, (*word).clone())));
        }
    }
    let mut protocols: Vec<u8> =
        words.get(&Place::Protocol).and_then(|word| protocol(word)).into_iter().collect();
    if protocols.is_empty() {
        protocols.clone_from(&line.protocols);
    }
    if protocols.is_empty() || random.one_in(10) {
        protocols = vec![6, 6, 17, 17, if is_v6 { 58 } else { 1 }, 47, 50, 89];
    }
    let protocol = *random.of(&protocols).unwrap_or(&6);
    let value =
        |place: Place, random: &mut Random| words.get(&place).and_then(|word| pick(word, is_v6, random));
    let anywhere = |random: &mut Random| {
        if is_v6 {
            (0x2001_0db8u128 << 96) | u128::from(random.next())
        } else {
            u128::from(random.next() as u32)
        }
    };
    let port = |random: &mut Random| random.between(1, 65535);
    let mut packet = Packet {
        family: u8::from(is_v6),
        source: value(Place::Source, random).unwrap_or_else(|| anywhere(random)),
        destination: value(Place::Destination, random).unwrap_or_else(|| anywhere(random)),
        protocol,
        port: value(Place::Port, random).unwrap_or_else(|| port(random)) as u16,
        source_port: value(Place::SourcePort, random).unwrap_or_else(|| port(random)) as u16,
    };
    if random.one_in(8) {
        nudge(&mut packet, random);
    }
    match protocol {
        1 => {
            packet.port = *random.of(&[8, 8, 8, 13, 0]).unwrap_or(&8);
            packet.source_port = value(Place::Code, random).unwrap_or(0) as u16 & 0xff;
        }
        58 => {
            packet.port = *random.of(&[128, 128, 129]).unwrap_or(&128);
            packet.source_port = value(Place::Code, random).unwrap_or(0) as u16 & 0xff;
        }
        6 | 17 => {}
        _ => (packet.port, packet.source_port) = (0, 0),
    }
    packet
}

/// One more or one less in one field: just outside, or just inside.
fn nudge(packet: &mut Packet, random: &mut Random) {
    let by = |value: u128, up: bool| if up { value.wrapping_add(1) } else { value.wrapping_sub(1) };
    let up = random.one_in(2);
    match random.below(4) {
        0 => packet.source = by(packet.source, up),
        1 => packet.destination = by(packet.destination, up),
        2 => packet.port = by(packet.port.into(), up) as u16,
        _ => packet.source_port = by(packet.source_port.into(), up) as u16,
    }
}

fn mentions_v4(line: &Line) -> bool {
    line.conditions.iter().flatten().flatten().any(|(_, word)| word.matches('.').count() == 3)
}

fn fits(place: Place, word: &str, is_v6: bool) -> bool {
    match place {
        Place::Source | Place::Destination => word.contains(':') == is_v6,
        _ => true,
    }
}

fn protocol(word: &str) -> Option<u8> {
    Some(match word {
        "icmp" => 1,
        "tcp" => 6,
        "udp" => 17,
        "gre" => 47,
        "esp" => 50,
        "icmpv6" | "ipv6-icmp" => 58,
        "ospf" => 89,
        "vrrp" => 112,
        number => return number.parse().ok(),
    })
}

fn number(word: &str) -> Option<u128> {
    if let Ok(address) = word.parse::<Ipv4Addr>() {
        return Some(u32::from(address).into());
    }
    word.parse::<Ipv6Addr>().map(u128::from).ok().or_else(|| word.parse().ok())
}

/// A value out of an address, a prefix, a range or a number; its ends more often than its middle.
fn pick(word: &str, is_v6: bool, random: &mut Random) -> Option<u128> {
    let (low, high) = if let Some((address, length)) = word.split_once('/') {
        let bits: u32 = if is_v6 { 128 } else { 32 };
        let host = bits.checked_sub(length.parse().ok()?)?;
        let size = 1u128.checked_shl(host).map_or(u128::MAX, |size| size - 1);
        (number(address)? & !size, number(address)? | size)
    } else if let Some((low, high)) = word.split_once('-') {
        (number(low)?, number(high)?)
    } else {
        (number(word)?, number(word)?)
    };
    (low <= high).then(|| match random.below(4) {
        0 => low,
        1 => high,
        _ => random.between(low, high),
    })
}

/// The rules of a ruleset as words with their places.
fn lines(text: &str) -> Vec<Line> {
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["define", name, "=", ..] => {
                named
                    .insert(format!("${name}"), line.split_once('=').map_or("", |(_, rest)| rest).to_owned());
            }
            ["set" | "map", name, "{", ..] => current = Some(format!("@{name}")),
            ["elements", "=", ..] => {
                if let Some(name) = &current {
                    named.insert(name.clone(), line.split_once('=').map_or("", |(_, rest)| rest).to_owned());
                }
            }
            _ => {}
        }
    }
    let is_rule = |line: &&str| {
        let line = line.trim_start();
        ["accept", "drop", "reject", "jump", "goto", "vmap", "return"].iter().any(|word| line.contains(word))
            && !["type", "policy", "elements", "map", "set", "#"].iter().any(|word| line.starts_with(word))
    };
    let rules = text.lines().filter(is_rule);
    // What lets something through is drawn from more often.
    let weighed =
        rules.flat_map(|line| std::iter::repeat_n(line, if line.contains("accept") { 3 } else { 1 }));
    weighed.map(|line| parse(line.split(" comment ").next().unwrap_or(line), &named)).collect()
}

fn parse(line: &str, named: &BTreeMap<String, String>) -> Line {
    let mut text = line.to_owned();
    for (name, value) in named.iter().rev() {
        text = text.replace(name.as_str(), &format!(" {value} "));
    }
    let spaced: String =
        text.chars().flat_map(|c| if "{},;()".contains(c) { vec![' ', c, ' '] } else { vec![c] }).collect();
    let mut out = Line::default();
    let (mut places, mut joins, mut tuple): (Vec<Place>, bool, Tuple) = (vec![], false, vec![]);
    let mut alternatives: Vec<Tuple> = vec![];
    let words: Vec<&str> = spaced.split_whitespace().collect();
    for (at, word) in words.iter().enumerate() {
        let place = match *word {
            "saddr" => Some(Place::Source),
            "daddr" => Some(Place::Destination),
            "dport" => Some(Place::Port),
            "sport" => Some(Place::SourcePort),
            "l4proto" | "protocol" | "nexthdr" => Some(Place::Protocol),
            "type" => Some(Place::Type),
            "code" => Some(Place::Code),
            _ => None,
        };
        out.is_v6 |= *word == "ip6" || *word == "icmpv6";
        if let Some(place) = place {
            if !joins {
                out.conditions.push(std::mem::take(&mut alternatives));
                places.clear();
            }
            places.push(place);
            joins = false;
            continue;
        }
        match *word {
            "." => joins = true,
            "tcp" | "udp" | "icmp" | "icmpv6"
                if places.last() != Some(&Place::Protocol)
                    || words
                        .get(at + 1)
                        .is_some_and(|next| ["dport", "sport", "type", "code"].contains(next)) =>
            {
                out.protocols.extend(protocol(word));
            }
            word if word.starts_with(|c: char| c.is_ascii_hexdigit())
                || protocol(word).is_some()
                || word.contains(':') && word.len() > 1 =>
            {
                if !joins {
                    tuple.clear();
                }
                joins = false;
                if let Some(place) = places.get(tuple.len()) {
                    tuple.push((*place, word.to_owned()));
                }
                if !tuple.is_empty() && tuple.len() == places.len() {
                    alternatives.push(tuple.clone());
                }
            }
            _ => {}
        }
    }
    out.conditions.push(alternatives);
    out.conditions.retain(|alternatives| !alternatives.is_empty());
    out
}

/// A ruleset with a few changes of the kind that people make.
pub(crate) fn mutated(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.lines().filter(|line| *line != ORIGINAL).map(str::to_owned).collect();
    for _ in 0..=random.below(4) {
        let rules: Vec<usize> = (0..lines.len()).filter(|at| is_changeable(&lines[*at])).collect();
        let Some(at) = random.of(&rules).copied() else { break };
        match random.below(7) {
            0 => lines[at] = swap_words(&lines[at], "accept", "drop"),
            1 => lines[at].clear(),
            2 => {
                if let Some(other) = random.of(&rules).copied() {
                    lines.swap(at, other);
                }
            }
            3 => lines[at] = lines[at].replacen("dport ", "dport != ", 1).replace("!= !=", "!="),
            _ => lines[at] = change_number(&lines[at], random),
        }
    }
    lines.join("\n") + "\n"
}

fn is_changeable(line: &str) -> bool {
    let line = line.trim();
    line.ends_with("accept")
        || line.ends_with("drop")
        || line.contains(" accept comment")
        || line.contains("elements =")
        || line.contains("vmap {")
}

fn swap_words(line: &str, one: &str, two: &str) -> String {
    if line.contains(one) { line.replacen(one, two, 1) } else { line.replacen(two, one, 1) }
}

fn change_number(line: &str, random: &mut Random) -> String {
    let head = line.split(" comment ").next().unwrap_or(line);
    let digits: Vec<(usize, &str)> = head
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(|part| (part.as_ptr() as usize - head.as_ptr() as usize, part))
        .collect();
    let Some((at, part)) = random.of(&digits).copied() else { return line.to_owned() };
    let Ok(number) = part.parse::<u32>() else { return line.to_owned() };
    let changed = if random.one_in(2) { number + 1 } else { number.saturating_sub(1) };
    format!("{}{changed}{}", &line[..at], &line[at + part.len()..])
}
