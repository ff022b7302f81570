//! One entry of an access list.

use super::super::addresses::{self, Addresses};
use super::super::ranges::Ranges;
use super::super::region::{Field, IPV4, IPV6, Region, cross};
use super::super::rules::{Action, Part, Rule};
use super::super::services::{Services, of};
use super::objects::{Meaning, Objects};
use super::{Dialect, ports, services};
use std::net::Ipv4Addr;

/// What kind of list an entry stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Source addresses alone.
    Standard,
    Extended,
    Ipv6,
}

/// More boxes in one entry than this are not followed.
const MOST_REGIONS: usize = 20_000;

struct Reader<'r, 't> {
    words: &'r [&'t str],
    at: usize,
    objects: &'r Objects<'t>,
    dialect: Dialect,
    doubts: Vec<String>,
}

/// Reads an entry from `permit` or `deny` on.
pub(super) fn read<'t>(
    line: u32,
    words: &[&'t str],
    kind: Kind,
    objects: &Objects<'t>,
    dialect: Dialect,
) -> Rule {
    let text = words.join(" ");
    let whole = of_kind(kind, dialect);
    let action = match words.first().copied() {
        Some("remark") => return Rule { line, text, parts: vec![] },
        Some("permit") => Action::Accept,
        Some("deny") => Action::Deny,
        // `evaluate`, `dynamic`, `no ...`: nobody knows.
        _ => {
            return unknown(line, text, whole);
        }
    };
    let mut reader = Reader { words, at: 1, objects, dialect, doubts: vec![] };
    let part = match reader.entry(kind) {
        Some(None) => return Rule { line, text, parts: vec![] },
        Some(Some(regions)) if regions.len() <= MOST_REGIONS => {
            let regions = cross(&regions, &[whole]);
            let doubt = (!reader.doubts.is_empty()).then(|| reader.doubts.join(" "));
            Part { regions, doubt, action }
        }
        _ => Part { regions: vec![whole], doubt: Some(text.clone()), action },
    };
    Rule { line, text, parts: vec![part] }
}

/// Whatever of these packets it may let through or stop.
pub(super) fn unknown(line: u32, text: String, regions: Region) -> Rule {
    let part = Part { regions: vec![regions], doubt: Some(text.clone()), action: Action::Unknown };
    Rule { line, text, parts: vec![part] }
}

pub(super) fn of_kind(kind: Kind, dialect: Dialect) -> Region {
    match (kind, dialect) {
        (Kind::Ipv6, _) => of(Field::Family, Ranges::one(IPV6)),
        (_, Dialect::Ios) => of(Field::Family, Ranges::one(IPV4)),
        _ => Region::all(),
    }
}

impl Reader<'_, '_> {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).copied()
    }

    /// `Some(None)`: the entry is switched off.
    #[allow(clippy::option_option, reason = "three answers: not understood, off, packets")]
    fn entry(&mut self, kind: Kind) -> Option<Option<Vec<Region>>> {
        if kind == Kind::Standard {
            let source = self.address(kind)?;
            let regions = self.side(&source, Field::Source);
            return self.options(regions, None);
        }
        let (services, protocol) = self.protocol(kind)?;
        if let Some(lost) = services.lost {
            self.doubts.push(lost);
        }
        let mut regions = services.regions;
        let has_ports = services_with_ports(self.words.get(1).copied(), &regions);
        let source = self.address(kind)?;
        regions = cross(&regions, &self.side(&source, Field::Source));
        if let Some(from) = self.ports(protocol, Field::SourcePort)? {
            regions = cross(&regions, &from);
        }
        let target = self.address(kind)?;
        regions = cross(&regions, &self.side(&target, Field::Destination));
        if regions.len() > MOST_REGIONS {
            return None;
        }
        if !has_ports && let Some(to) = self.ports(protocol, Field::Port)? {
            regions = cross(&regions, &to);
        }
        self.options(regions, protocol)
    }

    fn side(&mut self, addresses: &Addresses, field: Field) -> Vec<Region> {
        if let Some(lost) = &addresses.lost {
            self.doubts.push(lost.clone());
        }
        addresses.regions(field)
    }

    fn protocol(&mut self, kind: Kind) -> Option<(Services, Option<u128>)> {
        let word = self.peek()?.to_owned();
        self.at += 1;
        if matches!(word.as_str(), "object" | "object-group") {
            let name = self.peek()?.to_owned();
            self.at += 1;
            return match self.objects.get(&name) {
                Some(Meaning::Service(services)) => Some((services.clone(), None)),
                _ => Some((Services::lost(format!("{word} {name}")), None)),
            };
        }
        // In a list of IPv6 the word means the ICMP of IPv6.
        let number = if kind == Kind::Ipv6 && word == "icmp" { Some(58) } else { ports::protocol(&word)? };
        Some((Services::protocol(number), number.map(u128::from)))
    }

    fn address(&mut self, kind: Kind) -> Option<Addresses> {
        let word = self.peek()?.to_owned();
        self.at += 1;
        let both = self.dialect == Dialect::Asa;
        match word.as_str() {
            "any" if both => return Some(Addresses::any()),
            "any" if kind == Kind::Ipv6 => return Some(Addresses::all_v6()),
            "any" | "any4" => return Some(Addresses::all_v4()),
            "any6" => return Some(Addresses::all_v6()),
            "host" => {
                let host = self.objects.address(self.peek()?).to_owned();
                self.at += 1;
                return addresses::host(&host);
            }
            "object" | "object-group" | "addrgroup" => {
                let name = self.peek()?.to_owned();
                self.at += 1;
                return match self.objects.get(&name) {
                    Some(Meaning::Network(found)) => Some(found.clone()),
                    _ => Some(Addresses::lost(format!("{word} {name}"))),
                };
            }
            "interface" => {
                let name = self.peek()?.to_owned();
                self.at += 1;
                return Some(Addresses::lost(format!("interface {name}")));
            }
            _ => {}
        }
        if word.contains('/') {
            return addresses::prefix(&word);
        }
        let address: Ipv4Addr = self.objects.address(&word).parse().ok()?;
        let Some(mask) = self.peek().and_then(|word| word.parse::<Ipv4Addr>().ok()) else {
            // A standard list may name a host by its address alone.
            return (kind == Kind::Standard).then(|| addresses::host(&address.to_string()))?;
        };
        self.at += 1;
        let wild = if both { Ipv4Addr::from(!u32::from(mask)) } else { mask };
        addresses::masked(address, wild)
    }

    /// Ports after an address, if there are any; also as a group of services.
    #[allow(clippy::option_option, reason = "three answers: not understood, none, ports")]
    fn ports(&mut self, protocol: Option<u128>, field: Field) -> Option<Option<Vec<Region>>> {
        match self.peek() {
            Some("eq" | "neq" | "lt" | "gt" | "range") => {
                // Ports of a protocol without ports; a group of protocols was looked at before.
                if protocol.is_some_and(|number| ![6, 17, 132].contains(&number))
                    || self.words.get(1).is_some_and(|word| matches!(*word, "ip" | "ipv6"))
                {
                    return None;
                }
                let (ranges, used) = services::ports(&self.words[self.at..], protocol)?;
                self.at += used;
                Some(Some(vec![of(field, ranges)]))
            }
            Some("object-group") => {
                let Some(Meaning::Service(found)) =
                    self.words.get(self.at + 1).and_then(|name| self.objects.get(name))
                else {
                    return Some(None);
                };
                self.at += 2;
                if let Some(lost) = &found.lost {
                    self.doubts.push(lost.clone());
                }
                // A group speaks of destination ports; here it may stand for the source.
                let moved = found.regions.iter().map(|region| {
                    let mut moved = region.clone();
                    if field == Field::SourcePort
                        && let Some(ranges) = region.get(Field::Port).cloned()
                    {
                        moved.set(Field::Port, Ranges::span(0u8, Field::Port.largest()));
                        moved.set(Field::SourcePort, ranges);
                    }
                    moved
                });
                Some(Some(moved.collect()))
            }
            _ => Some(None),
        }
    }

    #[allow(clippy::option_option, reason = "three answers: not understood, off, packets")]
    fn options(&mut self, mut regions: Vec<Region>, protocol: Option<u128>) -> Option<Option<Vec<Region>>> {
        if matches!(protocol, Some(1 | 58)) {
            regions = self.icmp(regions, protocol == Some(58))?;
        }
        while let Some(word) = self.peek().map(str::to_owned) {
            self.at += 1;
            match (word.as_str(), self.dialect) {
                ("inactive", Dialect::Asa) => return Some(None),
                ("log", Dialect::Asa) => {
                    while self.peek().is_some_and(|word| !matches!(word, "inactive" | "time-range")) {
                        self.at += 1;
                    }
                }
                ("log" | "log-input", _) => {}
                // TCP with ACK or RST: everything but the first packet of a connection.
                ("established", Dialect::Ios) if protocol == Some(6) => {
                    let later = of(Field::State, Ranges::span(1u8, Field::State.largest()));
                    regions = cross(&regions, &[later]);
                }
                // The entry permits as any other; what it lets back in is a matter of another list.
                ("reflect", Dialect::Ios) => self.at += 1,
                _ => {
                    let rest = self.words[self.at - 1..].join(" ");
                    self.doubts.push(rest);
                    self.at = self.words.len();
                }
            }
        }
        Some(Some(regions))
    }

    /// Kinds of ICMP after the addresses.
    fn icmp(&mut self, regions: Vec<Region>, is_v6: bool) -> Option<Vec<Region>> {
        let Some(word) = self.peek().map(str::to_owned) else { return Some(regions) };
        if word == "object-group" {
            return Some(match self.ports(None, Field::Port)? {
                Some(kinds) => cross(&regions, &kinds),
                None => regions,
            });
        }
        let Some((kind, code)) = ports::icmp(&word, is_v6) else { return Some(regions) };
        self.at += 1;
        let number = self.peek().and_then(super::super::names::decimal::<u8>);
        self.at += usize::from(number.is_some());
        Some(cross(&regions, &Services::icmp(is_v6, kind, number.or(code)).regions))
    }
}

/// Whether the ports come with the protocol, as an object or group; a group of protocols alone has none.
fn services_with_ports(word: Option<&str>, regions: &[Region]) -> bool {
    let is_protocol = |region: &Region| {
        let numbers =
            region.get(Field::Protocol).map(|ranges| ranges.intervals().to_vec()).unwrap_or_default();
        region.get(Field::Port).is_none()
            && !numbers.is_empty()
            && numbers.iter().all(|(low, high)| low == high && [6, 17, 132].contains(low))
    };
    matches!(word, Some("object" | "object-group")) && !regions.iter().all(is_protocol)
}
