//! What a word of nft may say in each place.

use super::super::slots::Reason;
use super::super::{Datum, literal, words};
use super::places::{Place, Version};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Says whether the byte is part of a word.
pub(super) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.:/-".contains(&byte)
}

/// Writes a value into a string in quotes.
pub(super) fn push_quoted(out: &mut String, value: &Datum, place: Place) -> Result<(), Reason> {
    let value = words::one_line(value, "a quoted string of nft")?;
    let forbidden: &[char] = match place {
        Place::LogPrefix => &['"', '$'],
        Place::Interface | Place::InterfaceIndex => &['"', '*', '\\'],
        _ => &['"'],
    };
    if let Some(found) = value.chars().find(|c| forbidden.contains(c)) {
        let message = format!("{found} cannot stand in this string: nft has no way to escape it");
        return Err(Reason::new(message, "remove it from the value"));
    }
    out.push_str(&value);
    Ok(())
}

/// Checks the whole string between quotes: most quotes change nothing in what nft reads.
pub(super) fn check_quoted(string: &str, place: Place) -> Result<(), Reason> {
    match place {
        Place::Comment => check_length(string, "a comment", 128),
        Place::LogPrefix => check_length(string, "a log prefix", 127),
        Place::Interface | Place::InterfaceIndex if string.is_empty() => {
            Err(Reason::new("the interface name is empty", "set the value"))
        }
        Place::InterfaceIndex if !string.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            let message = format!("nft may take {} for the number of an interface", literal::shown(string));
            Err(Reason::new(message, "match the name with iifname or oifname in the template"))
        }
        Place::Interface | Place::InterfaceIndex => check_length(string, "an interface name", 15),
        Place::Text if is_name(string) => Ok(()),
        Place::Path if is_path(string) => Ok(()),
        Place::Text | Place::Path => {
            Err(not_one_of(string, "a plain name", "use letters, digits, _, . and -"))
        }
        Place::Number(..) | Place::Rate(_) | Place::Time | Place::Priority => {
            let message = format!("{} stands in quotes, where nft wants none", literal::shown(string));
            Err(Reason::new(message, "remove the quotes in the template"))
        }
        Place::Name | Place::Word(..) => check_word(string, place),
        Place::Unused => check_quoted(string, Place::Unknown),
        // nft looks for one name between quotes, also where it would split a bare word.
        _ if string.contains(['-', '/']) => {
            let message = format!("nft would not read {} in quotes as what it says", literal::shown(string));
            Err(Reason::new(message, "remove the quotes in the template"))
        }
        _ => check_word(string, place),
    }
}

fn check_length(string: &str, what: &str, limit: usize) -> Result<(), Reason> {
    if string.len() <= limit {
        return Ok(());
    }
    let message = format!("{what} of nft holds at most {limit} bytes, this one has {}", string.len());
    Err(Reason::new(message, "shorten it, for example with the filter truncate_id"))
}

/// Checks a word that stands without quotes.
pub(super) fn check_word(word: &str, place: Place) -> Result<(), Reason> {
    match place {
        Place::Address(version) => check_address(word, version),
        Place::Host(version) if word.contains(['-', '/']) => Err(not_one_of(
            word,
            &format!("{} address", article(version)),
            "give one address such as 10.4.2.1",
        )),
        Place::Host(version) | Place::Target(version) => check_target(word, version),
        Place::Port if is_range(word, false, 0, u16::MAX.into()) => Ok(()),
        Place::Port => {
            Err(not_one_of(word, "a port or a range of ports", "give numbers such as 1883 or 5000-5010"))
        }
        Place::OnePort if is_between(word, false, 0, u16::MAX.into()) => Ok(()),
        Place::OnePort => Err(not_one_of(word, "a port", "give a number such as 1883")),
        Place::Number(from, to) => check_number(word, from, to, is_between(word, true, from, to)),
        Place::Numbers(from, to) => check_number(word, from, to, is_range(word, true, from, to)),
        Place::Word(what, known, limit) => {
            if known.contains(&word) || limit.is_some_and(|limit| is_between(word, false, 0, limit)) {
                return Ok(());
            }
            let shown: Vec<&str> = known.iter().take(6).copied().collect();
            Err(not_one_of(word, what, &format!("give a word such as {}", shown.join(", "))))
        }
        Place::Interface | Place::InterfaceIndex => check_interface(word),
        Place::Mac if is_mac(word) => Ok(()),
        Place::Mac => Err(not_one_of(word, "a MAC address", "write it as 02:00:5e:00:00:01")),
        Place::Time if is_duration(word) => Ok(()),
        Place::Time => {
            Err(not_one_of(word, "a time", "write it as 90s or 1h30m, the largest unit (d) first"))
        }
        Place::Rate(limit) if is_rate(word, limit) => Ok(()),
        Place::Rate(_) => Err(not_one_of(word, "a rate", "write it as 10/second")),
        Place::Priority if PRIORITIES.contains(&word) || is_priority(word) => Ok(()),
        Place::Priority => {
            Err(not_one_of(word, "a priority", "give a number such as -10, or a word such as filter"))
        }
        Place::Name if is_name(word) && !is_reserved(word) => Ok(()),
        Place::Name => {
            let message = format!("{} cannot be a name in nft", literal::shown(word));
            Err(Reason::new(message, "use letters, digits and _, a letter first, and no word of nft itself"))
        }
        Place::Comment | Place::LogPrefix | Place::Text | Place::Path => {
            let message = format!("{} stands here without quotes", literal::shown(word));
            Err(Reason::new(message, "put quotes round it in the template"))
        }
        Place::Dscp if DSCP.contains(&word) || is_range(word, true, 0, 63) => Ok(()),
        Place::Dscp => {
            Err(not_one_of(word, "a class of service", "give a word such as ef or cs1, or a number up to 63"))
        }
        // A number reads as that number wherever the variable may be used.
        Place::Unused if is_range(word, false, 0, u32::MAX.into()) => Ok(()),
        Place::End if VERDICTS.contains(&word) => Ok(()),
        Place::Unknown | Place::Unused | Place::End if is_address(word, Version::Any)? => Ok(()),
        Place::Unused => {
            let message = format!(
                "{} could mean several things to nft, and the variable is used nowhere in this file",
                literal::shown(word)
            );
            Err(Reason::new(
                message,
                "use the variable where its kind is clear, as behind iifname or ip saddr; else only an address or a number can stand here",
            ))
        }
        Place::Unknown | Place::End => {
            let message = format!("{} could mean several things to nft in this place", literal::shown(word));
            let next = "put it where its kind is clear, as behind tcp dport, ip saddr, iifname or in the elements of a set with a type; only a whole address can stand here";
            Err(Reason::new(message, next))
        }
    }
}

fn check_address(word: &str, version: Version) -> Result<(), Reason> {
    if is_address(word, version)? {
        return Ok(());
    }
    Err(not_one_of(word, &format!("{} address, prefix or range", article(version)), ADDRESS_NEXT))
}

fn check_target(word: &str, version: Version) -> Result<(), Reason> {
    if is_address(word, version)? && !word.contains('/') {
        return Ok(());
    }
    let next = "give an address such as 10.4.2.1; a prefix stands behind `prefix to`";
    Err(not_one_of(word, &format!("{} address or range", article(version)), next))
}

const ADDRESS_NEXT: &str = "give an address such as 10.4.2.1, or a prefix such as 10.4.2.0/24";

fn article(version: Version) -> &'static str {
    match version {
        Version::V4 => "an IPv4",
        Version::V6 => "an IPv6",
        Version::Any => "an IP",
    }
}

fn check_number(word: &str, from: u64, to: u64, fits: bool) -> Result<(), Reason> {
    if fits {
        return Ok(());
    }
    let message = format!("{} is not a number that fits here", literal::shown(word));
    Err(Reason::new(message, format!("give a whole number from {from} to {to}")))
}

fn check_interface(word: &str) -> Result<(), Reason> {
    check_length(word, "an interface name", 15)?;
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if plain && is_name(word) && !is_reserved(word) {
        return Ok(());
    }
    let message = format!("nft would not read {} as the name of an interface", literal::shown(word));
    Err(Reason::new(message, "put quotes round it in the template"))
}

/// What is wrong with a value that breaks the word it stands in.
pub(super) fn not_a_word(word: &str) -> Reason {
    let message = format!("{} is not one word of nft", literal::shown(word));
    Reason::new(message, "give an address, a prefix, a port, a range or a name")
}

fn not_one_of(word: &str, what: &str, next: &str) -> Reason {
    Reason::new(format!("{} is not {what}", literal::shown(word)), next)
}

fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word).is_ok()
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.len() < 256
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte))
}

fn is_path(word: &str) -> bool {
    is_name(word.trim_start_matches(['/', '.']))
}

/// Returns the number that nft reads too: a leading zero would make it octal.
fn number(word: &str, hex: bool) -> Option<u64> {
    if let Some(digits) = word.strip_prefix("0x").filter(|_| hex) {
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        return u64::from_str_radix(digits, 16).ok().filter(|_| plain);
    }
    let plain = words::is_digits(word) && (word.len() == 1 || !word.starts_with('0'));
    word.parse().ok().filter(|_| plain)
}

fn is_between(word: &str, hex: bool, from: u64, to: u64) -> bool {
    number(word, hex).is_some_and(|number| (from..=to).contains(&number))
}

/// Says whether it is one number or a range of them.
fn is_range(word: &str, hex: bool, from: u64, to: u64) -> bool {
    match word.split_once('-') {
        None => is_between(word, hex, from, to),
        Some((low, high)) => {
            is_between(low, hex, from, to)
                && is_between(high, hex, from, to)
                && number(low, hex) < number(high, hex)
        }
    }
}

fn is_priority(word: &str) -> bool {
    is_between(word.strip_prefix('-').unwrap_or(word), false, 0, i32::MAX.unsigned_abs().into())
}

fn is_mac(word: &str) -> bool {
    let pair = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    word.split(':').count() == 6 && word.split(':').all(pair)
}

/// `90s`, `1h30m`: nft knows these units in this order only.
fn is_duration(word: &str) -> bool {
    let mut units = ["d", "h", "m", "s", "ms"].iter();
    let mut rest = word;
    while let Some(digits) = rest.find(|c: char| !c.is_ascii_digit()).filter(|at| (1..=5).contains(at)) {
        let unit = &rest[digits..];
        let length = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        if !units.any(|known| *known == &unit[..length]) {
            return false;
        }
        rest = &unit[length..];
    }
    rest.is_empty() && !word.is_empty()
}

/// `10/second`.
fn is_rate(word: &str, limit: u64) -> bool {
    word.split_once('/').is_some_and(|(count, unit)| {
        is_between(count, false, 1, limit) && matches!(unit, "second" | "minute" | "hour" | "day" | "week")
    })
}

/// Says whether it is an address, a prefix or a range of this version; an error if nft would read another one.
fn is_address(word: &str, version: Version) -> Result<bool, Reason> {
    let parse = |word: &str| {
        let address = word.parse::<IpAddr>().ok()?;
        fits(address, version).then_some(address)
    };
    if parse(word).is_some() {
        return Ok(true);
    }
    if let Some((from, to)) = word.split_once('-') {
        let ends = parse(from).zip(parse(to));
        return Ok(ends.is_some_and(|(from, to)| from.is_ipv4() == to.is_ipv4() && from < to));
    }
    let prefix = word.split_once('/').and_then(|(address, length)| {
        let length = length.parse::<u32>().ok().filter(|_| number(length, false).is_some())?;
        Some((parse(address)?, length))
    });
    match prefix.and_then(|(address, length)| has_host_bits(address, length)) {
        None => Ok(false),
        Some(false) => Ok(true),
        Some(true) => {
            let message = format!("{word} has host bits: nft would read the whole network");
            Err(Reason::new(message, "give the address of the network, or the address without a length"))
        }
    }
}

/// Says whether a bit behind the prefix is set; none if the length is too long.
fn has_host_bits(address: IpAddr, length: u32) -> Option<bool> {
    Some(match address {
        IpAddr::V4(address) => {
            let host = Ipv4Addr::BITS.checked_sub(length)?;
            address.to_bits().trailing_zeros() < host && address.to_bits() != 0
        }
        IpAddr::V6(address) => {
            let host = Ipv6Addr::BITS.checked_sub(length)?;
            address.to_bits().trailing_zeros() < host && address.to_bits() != 0
        }
    })
}

fn fits(address: IpAddr, version: Version) -> bool {
    match version {
        Version::V4 => address.is_ipv4(),
        Version::V6 => address.is_ipv6(),
        Version::Any => true,
    }
}

/// Words that nft's own grammar takes in the place of a name, sorted.
#[rustfmt::skip]
pub(super) const RESERVED: &[&str] = &[
    "accept", "add", "ah", "all", "and", "arp", "bridge", "cgroup", "chain", "comment", "comp", "constant",
    "continue", "counter", "cpu", "create", "ct", "day", "dccp", "define", "delete", "describe", "destroy",
    "device", "devices", "dnat", "drop", "dst", "dup", "dynamic", "ecn", "element", "elements", "eq", "esp",
    "ether", "exists", "expires", "export", "exthdr", "fib", "flags", "flow", "flowtable", "flush", "frag",
    "fwd", "gc-interval", "ge", "geneve", "get", "goto", "gre", "gretap", "gt", "handle", "hash", "hbh",
    "hook", "hoplimit", "hour", "ibriport", "ibrname", "icmp", "icmpv6", "igmp", "iif", "iifgroup",
    "iifname", "iiftype", "import", "include", "index", "inet", "insert", "interval", "ip", "ip6", "ipsec",
    "jhash", "jump", "last", "le", "limit", "list", "log", "lshift", "lt", "map", "mark", "masquerade",
    "memory", "meta", "meter", "mh", "missing", "monitor", "ne", "netdev", "nftrace", "not", "notrack",
    "numgen", "obriport", "obrname", "offload", "oif", "oifgroup", "oifname", "oiftype", "or", "osf",
    "performance", "pkttype", "policy", "position", "priority", "queue", "quota", "random", "redefine",
    "redirect", "reject", "rename", "replace", "reset", "return", "rshift", "rt", "rt0", "rt2", "rt4",
    "rtclassid", "rule", "ruleset", "sctp", "secmark", "set", "size", "skgid", "skuid", "snat", "socket",
    "srh", "symhash", "synproxy", "table", "tcp", "th", "time", "timeout", "tproxy", "type", "typeof",
    "udp", "udplite", "undefine", "update", "vlan", "vmap", "vxlan", "xor", "xt",
];

pub(super) const FAMILIES: &[&str] = &["inet", "ip", "ip6", "arp", "bridge", "netdev"];
pub(super) const L3: &[&str] = &["ip", "ip6", "ether", "arp"];
pub(super) const TRANSPORTS: &[&str] = &["tcp", "udp", "udplite", "sctp", "dccp", "th"];
pub(super) const VERDICTS: &[&str] = &["accept", "drop", "reject", "return", "continue"];
pub(super) const POLICIES: &[&str] = &["accept", "drop"];
pub(super) const HOOKS: &[&str] =
    &["input", "forward", "output", "prerouting", "postrouting", "ingress", "egress"];
pub(super) const CHAIN_TYPES: &[&str] = &["filter", "nat", "route"];
pub(super) const SET_TYPES: &[&str] = &[
    "ipv4_addr",
    "ipv6_addr",
    "inet_service",
    "inet_proto",
    "ifname",
    "ether_addr",
    "mark",
    "iface_index",
    "ct_state",
];
pub(super) const SET_FLAGS: &[&str] = &["interval", "timeout", "constant", "dynamic"];
pub(super) const CT_STATES: &[&str] = &["established", "related", "new", "invalid", "untracked"];
pub(super) const PROTOCOLS: &[&str] =
    &["tcp", "udp", "icmp", "icmpv6", "ipv6-icmp", "esp", "ah", "gre", "sctp", "dccp", "udplite", "comp"];
pub(super) const ETHER_TYPES: &[&str] = &["ip", "ip6", "arp", "vlan"];
pub(super) const NFPROTOS: &[&str] = &["ipv4", "ipv6"];
pub(super) const PACKET_TYPES: &[&str] = &["unicast", "broadcast", "multicast", "host", "other"];
pub(super) const TCP_FLAGS: &[&str] = &["syn", "ack", "fin", "rst", "psh", "urg", "ecn", "cwr"];
pub(super) const LOG_LEVELS: &[&str] =
    &["info", "notice", "warn", "err", "debug", "crit", "alert", "emerg", "audit"];
pub(super) const ICMP_TYPES: &[&str] = &[
    "echo-request",
    "echo-reply",
    "destination-unreachable",
    "time-exceeded",
    "parameter-problem",
    "redirect",
    "source-quench",
    "timestamp-request",
    "timestamp-reply",
    "router-advertisement",
    "router-solicitation",
];
pub(super) const ICMPV6_TYPES: &[&str] = &[
    "echo-request",
    "echo-reply",
    "destination-unreachable",
    "packet-too-big",
    "time-exceeded",
    "parameter-problem",
    "nd-neighbor-solicit",
    "nd-neighbor-advert",
    "nd-router-solicit",
    "nd-router-advert",
    "nd-redirect",
    "mld-listener-query",
    "mld-listener-report",
];
const PRIORITIES: &[&str] = &["filter", "raw", "mangle", "dstnat", "security", "srcnat", "out"];
const DSCP: &[&str] = &[
    "cs0", "cs1", "cs2", "cs3", "cs4", "cs5", "cs6", "cs7", "be", "af11", "af12", "af13", "af21", "af22",
    "af23", "af31", "af32", "af33", "af41", "af42", "af43", "ef",
];
pub(super) const DIRECTIONS: &[&str] = &["original", "reply"];
pub(super) const CT_STATUS: &[&str] =
    &["expected", "seen-reply", "assured", "confirmed", "snat", "dnat", "dying"];
pub(super) const ADDRESS_TYPES: &[&str] = &[
    "unspec",
    "unicast",
    "local",
    "broadcast",
    "anycast",
    "multicast",
    "blackhole",
    "unreachable",
    "prohibit",
];
pub(super) const ICMP_REASONS: &[&str] = &[
    "net-unreachable",
    "host-unreachable",
    "prot-unreachable",
    "port-unreachable",
    "net-prohibited",
    "host-prohibited",
    "admin-prohibited",
];
pub(super) const ICMPV6_REASONS: &[&str] =
    &["no-route", "admin-prohibited", "addr-unreachable", "port-unreachable", "policy-fail", "reject-route"];
pub(super) const ICMPX_REASONS: &[&str] =
    &["port-unreachable", "admin-prohibited", "no-route", "host-unreachable"];
