//! Addresses, services, zones and their groups.

use super::super::addresses::{self, Addresses};
use super::super::names;
use super::super::ranges::Ranges;
use super::super::region::{Field, Region};
use super::super::services::{Services, of, with_ports};
use super::super::words::interface;
use super::tree::{Entry, Table};
use std::cell::Cell;
use std::collections::HashMap;
use std::net::Ipv4Addr;

/// Deepest nesting of groups.
const MOST_NESTED: usize = 16;

/// What a FortiGate knows without being told, beside `ALL` (FortiOS Administration Guide, predefined services).
const PREDEFINED: &[(&str, &str, &str)] = &[
    ("ALL_TCP", "1-65535", ""),
    ("ALL_UDP", "", "1-65535"),
    ("FTP", "21", ""),
    ("FTP_GET", "21", ""),
    ("FTP_PUT", "21", ""),
    ("BGP", "179", ""),
    ("DNS", "53", "53"),
    ("FINGER", "79", ""),
    ("GOPHER", "70", ""),
    ("HTTP", "80", ""),
    ("HTTPS", "443", ""),
    ("IKE", "", "500 4500"),
    ("IMAP", "143", ""),
    ("IMAPS", "993", ""),
    ("IRC", "6660-6669", ""),
    ("KERBEROS", "88 464", "88 464"),
    ("L2TP", "1701", "1701"),
    ("LDAP", "389", ""),
    ("LDAP_UDP", "", "389"),
    ("MS-SQL", "1433 1434", ""),
    ("MYSQL", "3306", ""),
    ("NNTP", "119", ""),
    ("NTP", "123", "123"),
    ("POP3", "110", ""),
    ("POP3S", "995", ""),
    ("PPTP", "1723", ""),
    ("RADIUS", "", "1812 1813"),
    ("RDP", "3389", ""),
    ("RIP", "", "520"),
    ("SAMBA", "139", ""),
    ("SIP", "5060", "5060"),
    ("SMB", "445", ""),
    ("SMTP", "25", ""),
    ("SMTPS", "465", ""),
    ("SNMP", "161-162", "161-162"),
    ("SQUID", "3128", ""),
    ("SSH", "22", ""),
    ("SYSLOG", "", "514"),
    ("TELNET", "23", ""),
    ("TFTP", "", "69"),
    ("VNC", "5900", ""),
    ("WINS", "1512", "1512"),
    ("X-WINDOWS", "6000-6063", ""),
];

/// The objects of one scope.
pub(super) struct Objects<'t> {
    /// How often a name was looked up: groups of groups can be without end.
    asked: Cell<usize>,
    tables: HashMap<&'t str, HashMap<&'t str, &'t Entry>>,
}

impl<'t> Objects<'t> {
    pub(super) fn new(tables: &'t [Table]) -> Self {
        let by_name =
            |table: &'t Table| table.entries.iter().map(|entry| (entry.name.as_str(), entry)).collect();
        Self {
            asked: Cell::new(0),
            tables: tables.iter().map(|table| (table.name.as_str(), by_name(table))).collect(),
        }
    }

    fn find(&self, table: &str, name: &str) -> Option<&'t Entry> {
        self.tables.get(table)?.get(name).copied()
    }

    fn is_tired(&self) -> bool {
        const MOST: usize = 2_000_000;
        self.asked.set(self.asked.get() + 1);
        self.asked.get() > MOST
    }

    /// The addresses that names stand for.
    pub(super) fn addresses(&self, names: &[String], is_v6: bool) -> Addresses {
        self.all_addresses(names, is_v6, 0)
    }

    fn all_addresses(&self, names: &[String], is_v6: bool, depth: usize) -> Addresses {
        let mut all = Addresses::default();
        for name in names {
            if all.lost.is_some() && depth > 0 {
                break;
            }
            let found = self
                .one_address(name, is_v6, depth)
                .unwrap_or_else(|| Addresses::lost(format!("address {name}")));
            all = all.join(&found);
        }
        all
    }

    fn one_address(&self, name: &str, is_v6: bool, depth: usize) -> Option<Addresses> {
        if depth > MOST_NESTED || self.is_tired() {
            return None;
        }
        let (plain, group) = if is_v6 {
            ("firewall address6", "firewall addrgrp6")
        } else {
            ("firewall address", "firewall addrgrp")
        };
        if let Some(entry) = self.find(plain, name) {
            return if is_v6 { address6(entry) } else { address(entry) };
        }
        if let Some(entry) = self.find(group, name) {
            if entry.is("exclude", "enable") {
                return None;
            }
            // A group without members is not one that matches nothing: no device keeps it.
            return Some(self.all_addresses(entry.get("member")?, is_v6, depth + 1));
        }
        match name {
            "all" => Some(if is_v6 { Addresses::all_v6() } else { Addresses::all_v4() }),
            "none" => Some(Addresses::default()),
            _ => None,
        }
    }

    /// The packets that services stand for.
    pub(super) fn services(&self, names: &[String]) -> Services {
        self.all_services(names, 0)
    }

    fn all_services(&self, names: &[String], depth: usize) -> Services {
        let mut all = Services::default();
        for name in names {
            if all.lost.is_some() && depth > 0 {
                break;
            }
            all.join(
                self.one_service(name, depth).unwrap_or_else(|| Services::lost(format!("service {name}"))),
            );
        }
        all
    }

    fn one_service(&self, name: &str, depth: usize) -> Option<Services> {
        if depth > MOST_NESTED || self.is_tired() {
            return None;
        }
        if let Some(entry) = self.find("firewall service custom", name) {
            return service(entry);
        }
        if let Some(entry) = self.find("firewall service group", name) {
            if entry.is("proxy", "enable") {
                return None;
            }
            return Some(self.all_services(entry.get("member")?, depth + 1));
        }
        predefined(name)
    }

    /// Whether a name is of a zone of SD-WAN, by whatever name the release has for it.
    pub(super) fn is_sdwan(&self, name: &str) -> bool {
        let zones = ["system sdwan", "system virtual-wan-link"];
        let named = |entry: &&'t Entry| {
            let inner = entry.tables.iter().filter(|table| table.name == "zone");
            inner.flat_map(|table| &table.entries).any(|zone| zone.name == name)
        };
        name == "virtual-wan-link"
            || zones
                .iter()
                .filter_map(|table| self.tables.get(table))
                .flat_map(HashMap::values)
                .copied()
                .any(|entry| named(&entry))
    }

    /// The interfaces that names stand for: `None` is any. A zone is its members, and goes by its own name as well.
    pub(super) fn interfaces(&self, names: &[String]) -> Option<Ranges> {
        let mut all = Ranges::default();
        for name in names {
            if name == "any" {
                return None;
            }
            all = all.join(&Ranges::one(interface(name)));
            for member in
                self.find("system zone", name).and_then(|zone| zone.get("interface")).unwrap_or_default()
            {
                all = all.join(&Ranges::one(interface(member)));
            }
        }
        Some(all)
    }
}

fn address(entry: &Entry) -> Option<Addresses> {
    let one = |key: &str| entry.get(key).and_then(<[String]>::first);
    match one("type").map_or("ipmask", String::as_str) {
        "ipmask" | "subnet" => match entry.get("subnet") {
            // An address that says nothing is every address.
            None => Some(Addresses::all_v4()),
            Some([prefix]) => addresses::prefix(prefix),
            Some([address, mask]) => {
                let mask: Ipv4Addr = mask.parse().ok()?;
                addresses::masked(address.parse().ok()?, Ipv4Addr::from(!u32::from(mask)))
            }
            Some(_) => None,
        },
        "iprange" => addresses::span(one("start-ip")?, one("end-ip")?),
        "wildcard" => match entry.get("wildcard")? {
            [address, mask] => {
                let mask: Ipv4Addr = mask.parse().ok()?;
                addresses::masked(address.parse().ok()?, Ipv4Addr::from(!u32::from(mask)))
            }
            _ => None,
        },
        _ => None,
    }
}

fn address6(entry: &Entry) -> Option<Addresses> {
    let one = |key: &str| entry.get(key).and_then(<[String]>::first);
    match one("type").map_or("ipprefix", String::as_str) {
        "ipprefix" => match entry.get("ip6") {
            None => Some(Addresses::all_v6()),
            Some([prefix]) => addresses::prefix(prefix).filter(|found| !found.v6.is_empty()),
            Some(_) => None,
        },
        "iprange" => addresses::span(one("start-ip")?, one("end-ip")?).filter(|found| !found.v6.is_empty()),
        _ => None,
    }
}

fn service(entry: &Entry) -> Option<Services> {
    const PLAIN: [&str; 17] = [
        "protocol",
        "tcp-portrange",
        "udp-portrange",
        "sctp-portrange",
        "icmptype",
        "icmpcode",
        "protocol-number",
        "comment",
        "category",
        "color",
        "visibility",
        "uuid",
        "fabric-object",
        "session-ttl",
        "tcp-halfclose-timer",
        "udp-idle-timer",
        "unset-icmptype",
    ];
    // `iprange`, `fqdn`, `proxy`, `app-service-type` and what is not known narrow it.
    if entry.settings.iter().any(|setting| !PLAIN.contains(&setting.key.as_str())) {
        return None;
    }
    // Setting another protocol unsets what belonged to the one before: only what stands after it surely counts.
    let keys: Vec<&str> = entry.settings.iter().map(|setting| setting.key.as_str()).collect();
    let before = keys.iter().position(|key| *key == "protocol").map_or(&[][..], |at| &keys[..at]);
    if before.iter().any(|key| ["portrange", "icmp", "number"].iter().any(|part| key.contains(part))) {
        return None;
    }
    let number = |key: &str| -> Option<Option<u8>> {
        match entry.get(key) {
            None => Some(None),
            Some([text]) => names::decimal(text).map(Some),
            Some(_) => None,
        }
    };
    match entry.get("protocol").and_then(<[String]>::first).map_or("TCP/UDP/SCTP", String::as_str) {
        "TCP/UDP/SCTP" | "TCP/UDP/UDP-Lite/SCTP" => ports(entry),
        protocol @ ("ICMP" | "ICMP6") => {
            let is_v6 = protocol == "ICMP6";
            Some(match (number("icmptype")?, number("icmpcode")?) {
                (Some(kind), code) => Services::icmp(is_v6, kind, code),
                (None, None) => all_icmp(is_v6),
                (None, Some(_)) => return None,
            })
        }
        "IP" => Some(Services::protocol(number("protocol-number")?.filter(|number| *number != 0))),
        _ => None,
    }
}

/// ICMP of every kind; each is of one family.
fn all_icmp(is_v6: bool) -> Services {
    let mut region = of(Field::Protocol, Ranges::one(if is_v6 { 58u8 } else { 1u8 }));
    region.set(Field::Family, Ranges::one(u8::from(is_v6)));
    Services { regions: vec![region], lost: None }
}

fn ports(entry: &Entry) -> Option<Services> {
    let mut all = Services::default();
    for (key, protocol) in [("tcp-portrange", 6), ("udp-portrange", 17), ("sctp-portrange", 132)] {
        for text in entry.get(key).unwrap_or_default() {
            all.join(range(text, protocol)?);
        }
    }
    (!all.regions.is_empty()).then_some(all)
}

/// `80`, `80-90`, `443:1024-65535`: destination, then source.
fn range(text: &str, protocol: u8) -> Option<Services> {
    let (target, source) =
        text.split_once(':').map_or((text, None), |(target, source)| (target, Some(source)));
    let span = |text: &str| -> Option<Ranges> {
        let (low, high) = text.split_once('-').unwrap_or((text, text));
        let (low, high): (u16, u16) = (names::decimal(low)?, names::decimal(high)?);
        (low <= high).then(|| Ranges::span(low, high))
    };
    let source = source.map(span).map_or(Some(None), |source| source.map(Some))?;
    Some(with_ports(&[protocol], source.as_ref(), Some(&span(target)?)))
}

fn predefined(name: &str) -> Option<Services> {
    match name {
        "ALL" | "ANY" => return Some(Services::all()),
        "ALL_ICMP" => return Some(all_icmp(false)),
        "ALL_ICMP6" => return Some(all_icmp(true)),
        "PING" => return Some(Services::icmp(false, 8, None)),
        "PING6" => return Some(Services::icmp(true, 128, None)),
        "GRE" => return Some(Services::protocol(Some(47))),
        "AH" => return Some(Services::protocol(Some(51))),
        "ESP" => return Some(Services::protocol(Some(50))),
        "OSPF" => return Some(Services::protocol(Some(89))),
        "NONE" => return Some(Services::default()),
        _ => {}
    }
    let (_, tcp, udp) = PREDEFINED.iter().find(|(known, ..)| *known == name)?;
    let mut all = Services::default();
    for (ranges, protocol) in [(tcp, 6), (udp, 17)] {
        for text in ranges.split_whitespace() {
            all.join(range(text, protocol)?);
        }
    }
    Some(all)
}

/// The packets that come in, or leave, by some interfaces.
pub(super) fn by(field: Field, interfaces: Option<Ranges>) -> Region {
    interfaces.map_or_else(Region::all, |ranges| of(field, ranges))
}
