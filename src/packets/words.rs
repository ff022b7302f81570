//! Packets in the words of people: zones, services, prefixes.

use super::addresses::{self, Addresses};
use super::difference::{Change, Decider, Difference};
use super::names;
use super::ranges::Ranges;
use super::region::{Field, NEW, Region, STATES};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

/// How many characters of a name of an interface fit in its number; Linux allows 15 (IFNAMSIZ).
const NAME_BYTES: usize = 15;

/// An interface as a number: its name, so that names that begin alike stand together.
///
/// A longer name, such as of a zone of a firewall product, is its beginning and a digest.
pub fn interface(name: &str) -> u128 {
    let bytes = name.as_bytes();
    let mut number = [0u8; 16];
    if bytes.len() <= NAME_BYTES {
        number[..bytes.len()].copy_from_slice(bytes);
    } else {
        number[..8].copy_from_slice(&bytes[..8]);
        number[8..].copy_from_slice(&blake3::hash(bytes).as_bytes()[..8]);
        number[15] |= 1;
    }
    u128::from_be_bytes(number)
}

/// All interfaces whose names begin so.
pub fn interfaces(start: &str) -> Option<Ranges> {
    let bytes = start.as_bytes();
    if bytes.len() > NAME_BYTES {
        return None;
    }
    let low = interface(start);
    let rest = u128::MAX.checked_shr(8 * bytes.len() as u32).unwrap_or(0);
    Some(Ranges::span(low, low | rest))
}

/// The name in a number of [`interface`]; a longer one is cut.
fn interface_name(number: u128) -> String {
    let bytes = number.to_be_bytes();
    let shown = if bytes[15] == 0 { &bytes[..] } else { &bytes[..8] };
    let name: String = String::from_utf8_lossy(shown).trim_end_matches('\0').to_owned();
    if bytes[15] == 0 { name } else { format!("{name}...") }
}

/// What people call addresses and ports, so that packets can be told in their words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    places: Vec<Place>,
    zones: Vec<Place>,
    services: Vec<Service>,
    flows: Vec<Flow>,
    answers: Vec<Flow>,
    /// Interfaces whose names are longer than their numbers can hold.
    interfaces: BTreeMap<u128, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    name: String,
    addresses: Addresses,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Service {
    name: String,
    protocol: u8,
    ports: Ranges,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Flow {
    /// `F-02.1`.
    id: String,
    /// Whose data it carries.
    line: String,
    regions: Vec<Region>,
}

impl Names {
    /// Adds a zone with its networks.
    pub fn zone(&mut self, name: &str, networks: &[String]) {
        self.zones.push(Place { name: name.to_owned(), addresses: addresses::networks(networks) });
    }

    /// Adds an asset with its networks; it names its addresses before the zone that they are in.
    pub fn place(&mut self, name: &str, networks: &[String]) {
        self.places.push(Place { name: name.to_owned(), addresses: addresses::networks(networks) });
    }

    /// Adds a service.
    pub fn service(&mut self, name: &str, protocol: u8, ports: Ranges) {
        self.services.push(Service { name: name.to_owned(), protocol, ports });
    }

    /// Adds a flow: what stops if its packets are stopped.
    pub fn flow(&mut self, id: &str, line: &str, regions: Vec<Region>) {
        self.flows.push(Flow { id: id.to_owned(), line: line.to_owned(), regions });
    }

    /// Adds the answers to a flow, which a device without memory must let back.
    pub fn answers(&mut self, id: &str, line: &str, regions: Vec<Region>) {
        self.answers.push(Flow { id: id.to_owned(), line: line.to_owned(), regions });
    }

    /// Adds an interface.
    pub fn interface(&mut self, name: &str) {
        if name.len() > NAME_BYTES {
            self.interfaces.insert(interface(name), name.to_owned());
        }
    }

    /// Adds what others call things, who are asked first.
    pub fn join(&mut self, first: &Self) {
        let own = std::mem::replace(self, first.clone());
        self.places.extend(own.places);
        self.zones.extend(own.zones);
        self.services.extend(own.services);
        self.flows.extend(own.flows);
        self.answers.extend(own.answers);
        self.interfaces.extend(own.interfaces);
    }

    /// The same for a device without memory: a flow also stops where its answers do.
    #[must_use]
    pub fn without_memory(&self) -> Self {
        let mut names = self.clone();
        names.flows.append(&mut names.answers);
        names
    }

    /// Says which packets: `tcp/502 (modbus) from enterprise 10.0.0.0/12 to cell 10.20.104.0/24`.
    pub fn packets(&self, region: &Region) -> String {
        let mut out = self.what(region);
        if let Some(state) = state(region) {
            out.push_str(&state);
        }
        let (source, target) = (self.end(region, Field::Source), self.end(region, Field::Destination));
        if source != "any" || target != "any" {
            out.push_str(&format!(" from {source} to {target}"));
        }
        for (field, word) in [(Field::In, "in by"), (Field::Out, "out by")] {
            if let Some(ranges) = region.get(field) {
                out.push_str(&format!(", {word} {}", self.interface_words(ranges)));
            }
        }
        out
    }

    fn what(&self, region: &Region) -> String {
        let family = match region.get(Field::Family).and_then(Ranges::single) {
            Some(family)
                if region.get(Field::Source).is_none() && region.get(Field::Destination).is_none() =>
            {
                Some(if family == 0 { "IPv4" } else { "IPv6" })
            }
            _ => None,
        };
        let Some(protocols) = region.get(Field::Protocol) else {
            return family.map_or_else(|| "everything".to_owned(), |family| format!("all {family}"));
        };
        let of = protocols.single();
        let ports = match (of, region.get(Field::Port)) {
            (Some(1 | 58), Some(kinds)) => format!(" {}", kind_words(kinds, of == Some(58))),
            (_, Some(ports)) => format!("/{}", self.port_words(of, ports)),
            (_, None) => String::new(),
        };
        let from = match region.get(Field::SourcePort) {
            Some(ports) if !matches!(of, Some(1 | 58)) => format!(" from port {}", numbers(ports)),
            _ => String::new(),
        };
        let family = family.map(|family| format!(" over {family}")).unwrap_or_default();
        format!("{}{ports}{from}{family}", protocol_words(protocols))
    }

    fn port_words(&self, protocol: Option<u128>, ports: &Ranges) -> String {
        let named = protocol.and_then(|protocol| {
            let own = self
                .services
                .iter()
                .find(|service| u128::from(service.protocol) == protocol && service.ports == *ports);
            own.map(|service| service.name.as_str()).or_else(|| names::trade_name(protocol, ports.single()?))
        });
        named.map_or_else(|| numbers(ports), |name| format!("{} ({name})", numbers(ports)))
    }

    /// One end: the places it lies in, and what lies in none.
    fn end(&self, region: &Region, field: Field) -> String {
        const SHOWN: usize = 3;
        let Some(ranges) = region.get(field) else { return "any".into() };
        let is_v6 = region.get(Field::Family).and_then(Ranges::single) == Some(1);
        let mut rest = ranges.clone();
        let mut parts = vec![];
        for place in self.places.iter().chain(&self.zones) {
            let own = if is_v6 { &place.addresses.v6 } else { &place.addresses.v4 };
            let inside = rest.meet(own);
            // An asset that is a small part of what is meant does not name it.
            if !inside.is_empty() && (inside == rest || own.single().is_none()) {
                parts.push((place.name.as_str(), networks(&inside, is_v6)));
                rest = rest.meet(&own.outside(u128::MAX));
            }
        }
        if parts.len() > SHOWN {
            let names: Vec<&str> = parts.iter().map(|(name, _)| *name).take(SHOWN).collect();
            let more = parts.len() - SHOWN;
            return format!("{} ({} and {more} more)", networks(ranges, is_v6), names.join(", "));
        }
        let mut shown: Vec<String> =
            parts.iter().map(|(name, networks)| format!("{name} {networks}")).collect();
        if !rest.is_empty() {
            shown.push(networks(&rest, is_v6));
        }
        shown.join(" and ")
    }

    fn interface_words(&self, ranges: &Ranges) -> String {
        let name =
            |number: u128| self.interfaces.get(&number).cloned().unwrap_or_else(|| interface_name(number));
        let single: Vec<String> =
            ranges.intervals().iter().filter(|(low, high)| low == high).map(|(low, _)| name(*low)).collect();
        if single.len() == ranges.intervals().len() && single.len() <= 3 {
            return single.join(" or ");
        }
        let others = ranges.outside(u128::MAX);
        let missing: Vec<String> =
            others.intervals().iter().filter(|(low, high)| low == high).map(|(low, _)| name(*low)).collect();
        if missing.len() == others.intervals().len() && missing.len() <= 3 {
            format!("others than {}", missing.join(" and "))
        } else {
            "some interfaces".into()
        }
    }

    /// The flows that some packets belong to.
    fn flows(&self, packets: &Region) -> Vec<&Flow> {
        self.flows
            .iter()
            .filter(|flow| flow.regions.iter().any(|region| region.and(packets).is_some()))
            .collect()
    }

    /// Says what two rulesets decide differently, in one sentence. `chain` is the one that differs.
    pub fn sentence(&self, found: &Difference, chain: &str) -> String {
        if found.given_up {
            return "unknown: too many rules that overlap; what this opens or stops could not be worked out"
                .into();
        }
        let mut parts = vec![];
        for (verb, changes, before) in [
            ("opens", &found.opens, ", as far as it was closed"),
            ("stops", &found.closes, ", as far as it was open"),
            ("unknown for", &found.undetermined, ""),
        ] {
            if changes.is_empty() {
                continue;
            }
            parts.push(format!("{verb} {}", self.listed(changes, chain, found.coarse, before)));
        }
        parts.extend(self.stopped(found));
        if parts.is_empty() { "none".into() } else { parts.join("; ") }
    }

    /// The lines whose data will stop, with the flows that carry it.
    fn stopped(&self, found: &Difference) -> Vec<String> {
        const SHOWN: usize = 3;
        let mut lines: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for flow in found.closes.iter().flat_map(|change| self.flows(&change.packets)) {
            lines.entry(&flow.line).or_default().insert(&flow.id);
        }
        let sentence = |(line, flows): (&str, BTreeSet<&str>)| {
            let more = flows.len().saturating_sub(SHOWN);
            let shown: Vec<&str> = flows.iter().copied().take(SHOWN).collect();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let word = if flows.len() == 1 { "flow" } else { "flows" };
            format!("data of {line} will stop ({word} {}{more})", shown.join(", "))
        };
        lines.into_iter().map(sentence).collect()
    }

    fn listed(&self, changes: &[Change], chain: &str, coarse: bool, before: &str) -> String {
        const SHOWN: usize = 3;
        let mut by_rule: Vec<((String, &[Region]), Vec<&Change>)> = vec![];
        for change in changes {
            let by = (by(change, chain), change.rule.as_slice());
            match by_rule.iter_mut().find(|(known, _)| *known == by) {
                Some((_, list)) => list.push(change),
                None => by_rule.push((by, vec![change])),
            }
        }
        let mut parts = vec![];
        for ((by, wide), list) in by_rule {
            // Many small boxes are one wide one with holes: what was decided otherwise before.
            let boxes: Vec<&Region> = list.iter().map(|change| &change.packets).collect();
            if coarse || (!wide.is_empty() && pieces(&boxes) > pieces(&wide.iter().collect::<Vec<_>>())) {
                let wide = if wide.is_empty() { boxes } else { wide.iter().collect() };
                let mut all: Vec<String> =
                    wide.iter().take(SHOWN).map(|region| self.packets(region)).collect();
                if wide.len() > SHOWN {
                    all.push(format!("{} more", wide.len() - SHOWN));
                }
                parts.push(format!("{}{by}{before}", all.join(" and ")));
            } else {
                parts.extend(boxes.into_iter().map(|packets| format!("{}{by}", self.packets(packets))));
            }
        }
        let more = parts.len().saturating_sub(SHOWN);
        parts.truncate(SHOWN);
        if more > 0 {
            parts.push(format!("{more} more"));
        }
        parts.join("; ")
    }
}

/// The rules that decide, where there are any: `[deployed rule 31]`.
pub(super) fn by(change: &Change, chain: &str) -> String {
    let (side, deciders) = if change.deployed.is_empty() {
        ("intended", &change.intended)
    } else {
        ("deployed", &change.deployed)
    };
    let named = |by: &Decider| {
        let of = if by.chain == chain { String::new() } else { format!(" of {}", by.chain) };
        let line = if by.line > 0 { format!(", line {}", by.line) } else { String::new() };
        format!("rule {}{of}{line}", by.number)
    };
    match deciders.as_slice() {
        [] => String::new(),
        [one] => format!(" [{side} {}]", named(one)),
        [one, rest @ ..] => format!(" [{side} {} and {} more]", named(one), rest.len()),
    }
}

/// In how many pieces some boxes fall: what makes them long to say.
fn pieces(regions: &[&Region]) -> usize {
    const SAID: [Field; 5] =
        [Field::Destination, Field::Source, Field::Protocol, Field::Port, Field::SourcePort];
    let of = |region: &Region| -> usize {
        SAID.iter().filter_map(|field| region.get(*field)).map(|ranges| ranges.intervals().len() - 1).sum()
    };
    regions.iter().map(|region| 1 + of(region)).sum()
}

fn state(region: &Region) -> Option<String> {
    let states = region.get(Field::State)?;
    if states.has(NEW.into()) {
        return None;
    }
    let known =
        STATES.iter().enumerate().filter(|(number, _)| states.has(*number as u128)).map(|(_, name)| *name);
    Some(format!(" in {} connections", known.collect::<Vec<_>>().join(" or ")))
}

fn protocol_words(protocols: &Ranges) -> String {
    const SHOWN: usize = 4;
    let numbers: Vec<u128> =
        protocols.intervals().iter().flat_map(|(low, high)| *low..=(*high).min(low + 8)).collect();
    if numbers.len() > SHOWN {
        return format!(
            "{} protocols",
            protocols.intervals().iter().map(|(low, high)| high - low + 1).sum::<u128>()
        );
    }
    numbers.into_iter().map(names::protocol_name).collect::<Vec<_>>().join(" and ")
}

fn kind_words(kinds: &Ranges, is_v6: bool) -> String {
    match kinds.single() {
        Some(kind) => names::icmp_name(kind, is_v6).map_or_else(|| format!("type {kind}"), str::to_owned),
        None => format!("types {}", numbers(kinds)),
    }
}

fn numbers(ranges: &Ranges) -> String {
    const SHOWN: usize = 6;
    let one =
        |(low, high): &(u128, u128)| if low == high { low.to_string() } else { format!("{low}-{high}") };
    let mut parts: Vec<String> = ranges.intervals().iter().take(SHOWN).map(one).collect();
    if ranges.intervals().len() > SHOWN {
        parts.push("...".into());
    }
    parts.join(",")
}

/// Addresses as prefixes where these are few, else from first to last.
fn networks(ranges: &Ranges, is_v6: bool) -> String {
    const SHOWN: usize = 3;
    let mut parts = vec![];
    for (low, high) in ranges.intervals() {
        let high = if is_v6 { *high } else { (*high).min(u32::MAX.into()) };
        let found = prefixes(*low, high, if is_v6 { 128 } else { 32 });
        match found {
            Some(found) => parts.extend(found.into_iter().map(|(address, length)| {
                let whole = if is_v6 { 128 } else { 32 };
                if length == whole {
                    address_words(address, is_v6)
                } else {
                    format!("{}/{length}", address_words(address, is_v6))
                }
            })),
            None => parts.push(format!("{}-{}", address_words(*low, is_v6), address_words(high, is_v6))),
        }
    }
    let more = parts.len().saturating_sub(SHOWN);
    parts.truncate(SHOWN);
    let shown = parts.join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn prefixes(low: u128, high: u128, bits: u32) -> Option<Vec<(u128, u32)>> {
    const FEW: usize = 2;
    let mut found = vec![];
    let mut at = low;
    loop {
        if found.len() == FEW {
            return None;
        }
        let mut size = 0;
        while size < bits && at.trailing_zeros() > size && at | (u128::MAX >> (127 - size)) <= high {
            size += 1;
        }
        found.push((at, bits - size));
        let last = if size == 0 { at } else { at | (u128::MAX >> (128 - size)) };
        if last >= high {
            return Some(found);
        }
        at = last + 1;
    }
}

fn address_words(value: u128, is_v6: bool) -> String {
    match u32::try_from(value) {
        Ok(value) if !is_v6 => Ipv4Addr::from(value).to_string(),
        _ => Ipv6Addr::from(value).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(fields: &[(Field, Ranges)]) -> Region {
        fields
            .iter()
            .fold(Region::all(), |region, (field, ranges)| region.with(*field, ranges).expect("some packets"))
    }

    #[test]
    fn packets_are_told_in_the_words_of_the_plant() {
        let mut names = Names::default();
        names.place("gateway", &["10.20.110.3".into()]);
        names.place("enterprise", &["10.0.0.0/12".into()]);
        names.place("cell", &["10.20.104.0/24".into()]);
        let address = |text: &str| addresses::prefix(text).expect("a prefix").v4;
        let modbus = [
            (Field::Family, Ranges::one(0u8)),
            (Field::Protocol, Ranges::one(6u8)),
            (Field::Port, Ranges::one(502u16)),
        ];
        let mut fields = modbus.to_vec();
        fields.push((Field::Source, address("10.0.0.0/12")));
        fields.push((Field::Destination, address("10.20.104.0/24")));
        assert_eq!(
            names.packets(&region(&fields)),
            "tcp/502 (modbus) from enterprise 10.0.0.0/12 to cell 10.20.104.0/24"
        );
        fields[3].1 = address("10.20.110.3/32").join(&address("192.0.2.0/24"));
        assert_eq!(
            names.packets(&region(&fields)),
            "tcp/502 (modbus) from 10.20.110.3, 192.0.2.0/24 to cell 10.20.104.0/24"
        );
        fields[3].1 = address("10.20.110.3/32");
        assert_eq!(
            names.packets(&region(&fields)),
            "tcp/502 (modbus) from gateway 10.20.110.3 to cell 10.20.104.0/24"
        );
        assert_eq!(names.packets(&region(&modbus)), "tcp/502 (modbus) over IPv4");
        assert_eq!(names.packets(&Region::all()), "everything");
        let replies = [
            (Field::State, Ranges::one(1u8)),
            (Field::Protocol, Ranges::span(6u8, 7u8)),
            (Field::In, Ranges::one(interface("eth0"))),
        ];
        assert_eq!(names.packets(&region(&replies)), "tcp and 7 in established connections, in by eth0");
        for place in ["a", "b", "c", "d"] {
            names.place(place, &[format!("192.168.{}.0/24", place.as_bytes()[0])]);
        }
        fields[3].1 = address("192.168.0.0/16");
        let wide = "tcp/502 (modbus) from 192.168.0.0/16 (a, b, c and 1 more) to cell 10.20.104.0/24";
        assert_eq!(names.packets(&region(&fields)), wide);
        let ping = [
            (Field::Family, Ranges::one(1u8)),
            (Field::Protocol, Ranges::one(58u8)),
            (Field::Port, Ranges::one(128u8)),
        ];
        assert_eq!(names.packets(&region(&ping)), "icmpv6 echo-request over IPv6");
    }

    #[test]
    fn ranges_of_addresses_are_prefixes_where_that_is_short() {
        assert_eq!(networks(&Ranges::span(0u8, u128::MAX), false), "0.0.0.0/0");
        assert_eq!(networks(&Ranges::span(0x0a00_0000u32, 0x0a00_00ffu32), false), "10.0.0.0/24");
        assert_eq!(networks(&Ranges::span(0x0a00_0000u32, 0x0a00_0102u32), false), "10.0.0.0-10.0.1.2");
        assert_eq!(networks(&Ranges::one(1u8), true), "::1");
        assert_eq!(networks(&Ranges::span(0u8, u128::MAX), true), "::/0");
    }
}
