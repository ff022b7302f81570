//! Devices as their manuals describe them, as plainly as can be: commands go in one by one, packets are asked one by one.
//!
//! Nothing here uses the program's own readers; what both say must be the same.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// A packet at a device.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) source: IpAddr,
    pub(crate) target: IpAddr,
    pub(crate) protocol: u8,
    pub(crate) source_port: u16,
    pub(crate) target_port: u16,
    pub(crate) comes_by: String,
    pub(crate) leaves_by: String,
    /// The first of its connection.
    pub(crate) is_first: bool,
}

impl Packet {
    fn is_v6(&self) -> bool {
        self.source.is_ipv6()
    }
}

/// Whether an address lies in a network, host bits aside.
pub(crate) fn is_in(address: IpAddr, network: IpAddr, length: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => length == 0 || (u32::from(a) ^ u32::from(n)) >> (32 - length) == 0,
        (IpAddr::V6(a), IpAddr::V6(n)) => {
            length == 0 || (u128::from(a) ^ u128::from(n)) >> (128 - length) == 0
        }
        _ => false,
    }
}

fn length_of(mask: &str, is_wildcard: bool) -> u32 {
    let mask: std::net::Ipv4Addr = mask.parse().expect("a mask");
    let bits = if is_wildcard { !u32::from(mask) } else { u32::from(mask) };
    assert_eq!(bits.leading_ones(), bits.count_ones(), "a mask without holes");
    bits.leading_ones()
}

fn prefix(text: &str) -> (IpAddr, u32) {
    let (address, length) = text.split_once('/').expect("a prefix");
    (address.parse().expect("an address"), length.parse().expect("a length"))
}

type Words<'t> = std::iter::Peekable<std::vec::IntoIter<&'t str>>;

fn protocol(word: &str) -> Option<u8> {
    Some(match word {
        "ip" | "ipv6" => return None,
        "icmp" => 1,
        "icmp6" => 58,
        "tcp" => 6,
        "udp" => 17,
        "gre" => 47,
        "esp" => 50,
        "ahp" | "ah" => 51,
        "sctp" => 132,
        number => number.parse().expect("a protocol"),
    })
}

fn has_port(words: &mut Words<'_>, port: u16) -> bool {
    let number = |words: &mut Words<'_>| words.next().expect("a port").parse::<u16>().expect("a number");
    match words.peek() {
        Some(&"eq") => {
            words.next();
            number(words) == port
        }
        Some(&"range") => {
            words.next();
            let (low, high) = (number(words), number(words));
            assert!(low <= high);
            (low..=high).contains(&port)
        }
        _ => true,
    }
}

/// A router with Cisco IOS: lists without memory; first match; nothing bound passes; unmatched is denied.
#[derive(Default, Clone)]
pub(crate) struct Ios {
    lists: BTreeMap<String, Vec<String>>,
    bound: BTreeMap<(String, bool), String>,
}

impl Ios {
    pub(crate) fn load(&mut self, text: &str) {
        let mut within = String::new();
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('!')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            if !line.starts_with(' ') {
                within = line.to_owned();
            }
            match words.as_slice() {
                ["ip", "access-list", "extended", name] | ["ipv6", "access-list", name] => {
                    assert!(
                        name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphabetic()),
                        "{name}"
                    );
                    self.lists.entry((*name).to_owned()).or_default();
                    within = (*name).to_owned();
                }
                ["no", "ip", "access-list", "extended", name] | ["no", "ipv6", "access-list", name] => {
                    assert!(
                        !self.bound.values().any(|bound| bound == name),
                        "{name} is bound: all would pass"
                    );
                    self.lists.remove(*name);
                }
                ["interface", name] => within = (*name).to_owned(),
                ["ip", "access-group", name, "in"] => self.bind(&within, false, name),
                ["ipv6", "traffic-filter", name, "in"] => self.bind(&within, true, name),
                ["remark", ..] => {
                    let said = line.trim_start().strip_prefix("remark ").expect("words");
                    assert!(said.len() <= 100, "{line}");
                }
                ["permit" | "deny", ..] => {
                    let entry = line.trim().to_owned();
                    let is_bound = self.bound.values().any(|bound| *bound == within);
                    let list = self.lists.get_mut(&within).expect("a list is open");
                    // The same entry again changes nothing.
                    if !list.contains(&entry) {
                        assert!(!is_bound, "{within} is bound and not whole");
                        list.push(entry);
                    }
                }
                _ => panic!("no command: {line}"),
            }
        }
    }

    fn bind(&mut self, interface: &str, is_v6: bool, name: &str) {
        assert!(self.lists.get(name).is_some_and(|list| !list.is_empty()), "{name} is empty: all would pass");
        self.bound.insert((interface.to_owned(), is_v6), name.to_owned());
    }

    pub(crate) fn passes(&self, packet: &Packet) -> bool {
        let Some(name) = self.bound.get(&(packet.comes_by.clone(), packet.is_v6())) else { return true };
        let decides = |entry: &&String| ios_matches(entry, packet);
        self.lists[name].iter().find(decides).is_some_and(|entry| entry.starts_with("permit"))
    }
}

fn ios_matches(entry: &str, packet: &Packet) -> bool {
    let mut words: Words<'_> = entry.split_whitespace().skip(1).collect::<Vec<_>>().into_iter().peekable();
    let word = words.next().expect("a protocol");
    let number = if word == "icmp" && packet.is_v6() { Some(58) } else { protocol(word) };
    let from = ios_end(&mut words, packet.source);
    let from_port = has_port(&mut words, packet.source_port);
    let to = ios_end(&mut words, packet.target);
    let to_port = has_port(&mut words, packet.target_port);
    let mut state = true;
    for word in words {
        match word {
            "established" => state = !packet.is_first,
            "log" => {}
            "nd-ns" => state = packet.target_port == 135,
            "nd-na" => state = packet.target_port == 136,
            word => panic!("{word} in {entry}"),
        }
    }
    number.is_none_or(|number| number == packet.protocol) && from && to && from_port && to_port && state
}

fn ios_end(words: &mut Words<'_>, address: IpAddr) -> bool {
    let word = words.next().expect("an address");
    match word {
        "any" => true,
        "host" => words.next().expect("a host").parse() == Ok(address),
        word if word.contains('/') => is_in(address, prefix(word).0, prefix(word).1),
        word => {
            let length = length_of(words.next().expect("a wildcard"), true);
            is_in(address, word.parse().expect("an address"), length)
        }
    }
}

/// A Cisco ASA: the list of the interface, then the global one, then nothing; without either, security levels.
#[derive(Default, Clone)]
pub(crate) struct Asa {
    lists: BTreeMap<String, Vec<String>>,
    objects: BTreeMap<String, Vec<String>>,
    bound: BTreeMap<String, String>,
}

impl Asa {
    pub(crate) fn load(&mut self, text: &str) {
        let mut within = String::new();
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('!')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["object", "network", name] => {
                    assert!(name.len() <= 64, "{name}");
                    within = (*name).to_owned();
                }
                ["host" | "subnet", value @ ..] => {
                    assert!(line.starts_with(' '));
                    let value = value.iter().map(|word| (*word).to_owned()).collect();
                    self.objects.insert(within.clone(), value);
                }
                ["access-list", list, "remark", ..] => {
                    let said = line.split_once(" remark ").expect("words").1;
                    assert!(said.len() <= 100 && list.len() <= 241, "{line}");
                }
                ["access-list", list, "extended", ..] => {
                    let entry = line.split_once(" extended ").expect("an entry").1.to_owned();
                    let list = self.lists.entry((*list).to_owned()).or_default();
                    if !list.contains(&entry) {
                        list.push(entry);
                    }
                }
                ["clear", "configure", "access-list", list] => {
                    self.lists.remove(*list);
                    self.bound.retain(|_, bound| bound != list);
                }
                ["access-group", list, "global"] => self.bind("", list),
                ["access-group", list, "in", "interface", name] => self.bind(name, list),
                _ => panic!("no command: {line}"),
            }
            // From its first binding on, no interface goes by security levels.
            assert!(self.bound.is_empty() || self.bound.contains_key(""), "{line}");
        }
    }

    fn bind(&mut self, interface: &str, list: &str) {
        assert!(self.lists.contains_key(list), "{list} is not there");
        self.bound.insert(interface.to_owned(), list.to_owned());
    }

    pub(crate) fn passes(&self, packet: &Packet) -> bool {
        let lists = [self.bound.get(packet.comes_by.as_str()), self.bound.get("")];
        assert!(lists[1].is_some(), "security levels decide");
        let mut entries = lists.into_iter().flatten().flat_map(|list| &self.lists[list]);
        entries.find(|entry| self.matches(entry, packet)).is_some_and(|entry| entry.starts_with("permit"))
    }

    fn matches(&self, entry: &str, packet: &Packet) -> bool {
        let mut words: Words<'_> =
            entry.split_whitespace().skip(1).collect::<Vec<_>>().into_iter().peekable();
        let number = protocol(words.next().expect("a protocol"));
        let from = self.end(&mut words, packet.source);
        let from_port = has_port(&mut words, packet.source_port);
        let to = self.end(&mut words, packet.target);
        let to_port = has_port(&mut words, packet.target_port);
        assert!(words.next().is_none_or(|word| word == "log"), "{entry}");
        number.is_none_or(|number| number == packet.protocol) && from && to && from_port && to_port
    }

    fn end(&self, words: &mut Words<'_>, address: IpAddr) -> bool {
        match words.next().expect("an address") {
            "any" => true,
            "any4" => address.is_ipv4(),
            "any6" => address.is_ipv6(),
            "object" => {
                let object = &self.objects[words.next().expect("a name")];
                match object.as_slice() {
                    [one] if !one.contains('/') => one.parse() == Ok(address),
                    [one] => is_in(address, prefix(one).0, prefix(one).1),
                    [network, mask] => {
                        is_in(address, network.parse().expect("an address"), length_of(mask, false))
                    }
                    _ => panic!("{object:?}"),
                }
            }
            word => panic!("{word}"),
        }
    }
}

type Settings = BTreeMap<String, Vec<String>>;

/// A FortiGate: policies in their order, first match, nothing else passes.
#[derive(Default, Clone)]
pub(crate) struct Fortigate {
    tables: BTreeMap<String, Vec<(String, Settings)>>,
}

impl Fortigate {
    pub(crate) fn load(&mut self, text: &str) {
        let (mut table, mut entry) = (String::new(), String::new());
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let words = quoted(line);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let rows = self.tables.entry(table.clone()).or_default();
            let at = |rows: &[(String, Settings)], name: &str| rows.iter().position(|(own, _)| own == name);
            match words.as_slice() {
                ["config", name @ ..] => table = name.join(" "),
                ["end" | "next"] => {}
                ["edit", name] => {
                    assert!(name.len() <= 79, "{line}");
                    if at(rows, name).is_none() {
                        rows.push(((*name).to_owned(), Settings::new()));
                    }
                    entry = (*name).to_owned();
                }
                ["move", name, "after", other] => {
                    let row = rows.remove(at(rows, name).expect("it is there"));
                    let to = at(rows, other).expect("the other is there") + 1;
                    rows.insert(to, row);
                }
                ["set", key, values @ ..] => {
                    check_limits(&table, key, values);
                    let row = at(rows, &entry).expect("an entry is open");
                    let names = rows.iter().filter(|(own, _)| *own != entry);
                    let is_taken = |(_, own): &(String, Settings)| {
                        *key == "name" && own.get("name").is_some_and(|name| name == values)
                    };
                    assert!(!names.into_iter().any(is_taken), "another policy has the name: {line}");
                    let values = values.iter().map(|value| (*value).to_owned()).collect();
                    rows[row].1.insert((*key).to_owned(), values);
                }
                ["unset", key] => {
                    let row = at(rows, &entry).expect("an entry is open");
                    rows[row].1.remove(*key);
                }
                _ => panic!("no command: {line}"),
            }
        }
    }

    pub(crate) fn passes(&self, packet: &Packet) -> bool {
        let policies = self.tables.get("firewall policy").map(Vec::as_slice).unwrap_or_default();
        let on = policies.iter().map(|(_, own)| own).filter(|own| own["status"] == ["enable"]);
        let mut matching = on.filter(|own| self.matches(own, packet));
        matching.next().is_some_and(|own| own["action"] == ["accept"])
    }

    fn matches(&self, policy: &Settings, packet: &Packet) -> bool {
        assert_eq!(policy["schedule"], ["always"]);
        for negation in ["srcaddr-negate", "dstaddr-negate", "service-negate"] {
            assert_eq!(policy[negation], ["disable"]);
        }
        let by = |key: &str, name: &String| policy[key] == ["any"] || policy[key].contains(name);
        let six = if packet.is_v6() { "6" } else { "" };
        let end = |key: &str, address: IpAddr| {
            let names = policy.get(&format!("{key}{six}")).map(Vec::as_slice).unwrap_or_default();
            names.iter().any(|name| self.holds(name, address))
        };
        by("srcintf", &packet.comes_by)
            && by("dstintf", &packet.leaves_by)
            && end("srcaddr", packet.source)
            && end("dstaddr", packet.target)
            && policy["service"].iter().any(|name| self.serves(name, packet))
    }

    fn find(&self, table: &str, name: &str) -> &Settings {
        let rows = self.tables[table].iter();
        rows.filter(|(own, _)| own == name).map(|(_, own)| own).next().expect("the object is there")
    }

    fn holds(&self, name: &str, address: IpAddr) -> bool {
        if name == "all" {
            return true;
        }
        if address.is_ipv6() {
            let own = &self.find("firewall address6", name)["ip6"][0];
            return is_in(address, prefix(own).0, prefix(own).1);
        }
        let own = &self.find("firewall address", name)["subnet"];
        is_in(address, own[0].parse().expect("an address"), length_of(&own[1], false))
    }

    fn serves(&self, name: &str, packet: &Packet) -> bool {
        if name == "ALL" {
            return true;
        }
        let own = self.find("firewall service custom", name);
        match own["protocol"][0].as_str() {
            "ICMP" => packet.protocol == 1 && !packet.is_v6(),
            "ICMP6" => packet.protocol == 58 && packet.is_v6(),
            "IP" => own["protocol-number"] == [packet.protocol.to_string()],
            "TCP/UDP/SCTP" => {
                let ranges = |key: &str| own.get(key).map(Vec::as_slice).unwrap_or_default();
                let key = match packet.protocol {
                    6 => "tcp-portrange",
                    17 => "udp-portrange",
                    132 => "sctp-portrange",
                    _ => return false,
                };
                ranges(key).iter().any(|range| in_range(range, packet))
            }
            other => panic!("{other}"),
        }
    }
}

fn in_range(range: &str, packet: &Packet) -> bool {
    let span = |text: &str, port: u16| {
        let (low, high) = text.split_once('-').unwrap_or((text, text));
        (low.parse::<u16>().expect("a port")..=high.parse().expect("a port")).contains(&port)
    };
    let (to, from) = range.split_once(':').map_or((range, None), |(to, from)| (to, Some(from)));
    span(to, packet.target_port) && from.is_none_or(|from| span(from, packet.source_port))
}

fn check_limits(table: &str, key: &str, values: &[&str]) {
    let limit = match (table, key) {
        ("firewall policy", "name") => 35,
        ("firewall policy", "comments") => 1023,
        _ => return,
    };
    assert!(values.iter().all(|value| value.chars().count() <= limit), "{table} {key} {values:?}");
}

/// The words of a line, those in quotes without them.
fn quoted(line: &str) -> Vec<String> {
    let (mut words, mut word, mut is_open, mut chars) = (vec![], None::<String>, false, line.chars());
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                is_open = !is_open;
                word.get_or_insert_default();
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c if c.is_whitespace() && !is_open => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
