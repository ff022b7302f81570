//! What a place in a ruleset holds, as the words before it tell.
//!
//! nft reads one word in many ways: `22` is a port, an address, a state or a mark. A place that is not listed here
//! is [`Place::Unknown`] and takes only what reads the same everywhere.

use super::values::{
    ADDRESS_TYPES, CHAIN_TYPES, CT_STATES, CT_STATUS, DIRECTIONS, ETHER_TYPES, FAMILIES, HOOKS, ICMP_REASONS,
    ICMP_TYPES, ICMPV6_REASONS, ICMPV6_TYPES, ICMPX_REASONS, L3, LOG_LEVELS, NFPROTOS, PACKET_TYPES,
    POLICIES, PROTOCOLS, SET_FLAGS, SET_TYPES, TCP_FLAGS, TRANSPORTS, VERDICTS,
};

/// The version of an address.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Version {
    V4,
    V6,
    Any,
}

/// What a value stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// An address, a prefix or a range.
    Address(Version),
    /// An address or a range that packets are sent to.
    Target(Version),
    /// One address.
    Host(Version),
    /// A port or a range of ports.
    Port,
    /// One port.
    OnePort,
    /// A number between these two.
    Number(u64, u64),
    /// The same, or a range.
    Numbers(u64, u64),
    /// One of these words, or a number up to the limit.
    Word(&'static str, &'static [&'static str], Option<u64>),
    Interface,
    /// An interface that nft may also find by its number.
    InterfaceIndex,
    Mac,
    Time,
    /// A count per unit of time, up to this count.
    Rate(u64),
    Priority,
    Comment,
    LogPrefix,
    /// A name that nft wants in quotes.
    Text,
    /// The file of an `include`.
    Path,
    /// The name of a table, chain, set or variable.
    Name,
    /// A class of service.
    Dscp,
    /// A variable that the ruleset does not use.
    Unused,
    /// The end of a statement, where a verdict may stand.
    End,
    Unknown,
}

const VERDICT: Place = Place::Word("a verdict", VERDICTS, None);
const MARK: Place = Place::Number(0, u32::MAX as u64);

/// What the elements of a set or map are, part by part.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Elements {
    pub(super) key: Vec<Place>,
    pub(super) value: Vec<Place>,
}

impl Elements {
    /// The elements of a set that holds no prefixes and no ranges.
    fn of_single(self) -> Self {
        Self { key: self.key.into_iter().map(single).collect(), ..self }
    }
}

/// Returns what a value behind these words of a statement is; `next` is the text behind it.
pub(super) fn in_statement(words: &[&str], next: &str, in_block: bool) -> Place {
    if let Some(place) = keyword(words, next).or_else(|| object_name(words, next, in_block)) {
        return place;
    }
    let mut words = words;
    while let [rest @ .., _, ","] = words {
        words = rest;
    }
    match compared(words) {
        Some(place) if place != Place::Unknown => place,
        _ => by_what_follows(words, next),
    }
}

/// Returns what a field at the end is compared with, masked with or set to.
fn compared(words: &[&str]) -> Option<Place> {
    let left = without_operator(words);
    if let Some(place) = fields(left).first() {
        return Some(*place);
    }
    if let [field @ .., "set"] = left {
        return fields(field).first().copied().map(single);
    }
    let place = fields(without_bits(left)).first().copied()?;
    // A mask is one value.
    Some(if is_bit_operator(left) { single(place) } else { place })
}

/// Says whether what follows is an operand of bits.
fn is_bit_operator(words: &[&str]) -> bool {
    const SIGNS: &[&str] =
        &["and", "or", "xor", "&", "|", "^", "<<", ">>", "lshift", "rshift", "(", "/", "!"];
    words.last().is_some_and(|word| SIGNS.contains(word))
}

/// Drops masks, shifts and their operands: `meta mark & 0xff`, `tcp flags & (syn | ack)`.
fn without_bits<'w, 's>(mut words: &'w [&'s str]) -> &'w [&'s str] {
    loop {
        words = match words {
            [rest @ .., _, "/"] => rest,
            [rest @ .., _] if is_bit_operator(words) => rest,
            [rest @ .., ")"] => match rest.iter().rposition(|word| *word == "(") {
                Some(open) => &rest[..open],
                None => return words,
            },
            [rest @ .., _] if is_bit_operator(rest) => rest,
            _ => return words,
        };
    }
}

/// Returns what a value behind these words of an element is.
pub(super) fn in_element(words: &[&str], next: &str, elements: &Elements) -> Place {
    if let Some(place) = keyword(words, next) {
        return place;
    }
    let (part, kinds) = match words.iter().rposition(|word| *word == ":") {
        Some(colon) => (&words[colon + 1..], &elements.value),
        None => (words, &elements.key),
    };
    let (pairs, rest) = part.as_chunks::<2>();
    if !rest.is_empty() || pairs.iter().any(|pair| pair[1] != ".") {
        return Place::Unknown;
    }
    kinds.get(pairs.len()).copied().unwrap_or(Place::Unknown)
}

/// Returns what stands in the brace behind these words; `definition` is the text of the set that is being defined.
pub(super) fn elements(words: &[&str], definition: &[&str]) -> Elements {
    match words {
        [.., "elements", "="] => defined(definition),
        [.., "devices", "="] => Elements { key: vec![Place::Interface], value: Vec::new() },
        [rest @ .., "vmap"] => Elements { key: fields(without_bits(rest)), value: vec![VERDICT] },
        [rest @ .., "map"] => Elements { key: fields(rest), value: mapped(rest) },
        _ => {
            let left = without_operator(words);
            let key = fields(left);
            let key = if key.is_empty() { fields(without_bits(left)) } else { key };
            Elements { key, value: Vec::new() }
        }
    }
}

/// Returns what `type` or `typeof` says in the definition of a set.
pub(super) fn defined(definition: &[&str]) -> Elements {
    let is_end = |word: &&str| *word == ";" || *word == "\n";
    let kinds = |line: &[&str], kind: fn(&[&str]) -> Place| -> Vec<Place> {
        line.split(|word| *word == ".").map(kind).collect()
    };
    for line in definition.split(is_end) {
        let (line, kind): (_, fn(&[&str]) -> Place) = match line {
            ["type", line @ ..] => (line, named_type),
            ["typeof", line @ ..] => (line, |words| {
                field(words).filter(|found| found.1 == words.len()).map_or(Place::Unknown, |found| found.0)
            }),
            _ => continue,
        };
        let mut sides = line.splitn(2, |word| *word == ":");
        let mut side = || sides.next().map(|words| kinds(words, kind)).unwrap_or_default();
        let elements = Elements { key: side(), value: side().into_iter().map(single).collect() };
        return if definition.contains(&"interval") { elements } else { elements.of_single() };
    }
    Elements::default()
}

/// What a map gives is one value, no prefix and no range.
fn single(place: Place) -> Place {
    match place {
        Place::Address(version) => Place::Host(version),
        Place::Numbers(from, to) => Place::Number(from, to),
        Place::Port => Place::OnePort,
        place => place,
    }
}

fn named_type(words: &[&str]) -> Place {
    match words {
        ["ipv4_addr"] => Place::Address(Version::V4),
        ["ipv6_addr"] => Place::Address(Version::V6),
        ["inet_service"] => Place::Port,
        ["ifname"] => Place::Interface,
        ["iface_index"] => Place::InterfaceIndex,
        ["ether_addr"] => Place::Mac,
        ["inet_proto"] => Place::Word("a protocol", PROTOCOLS, Some(255)),
        ["mark"] => MARK,
        ["ct_state"] => Place::Word("a state of a connection", CT_STATES, None),
        ["verdict"] => VERDICT,
        _ => Place::Unknown,
    }
}

/// Returns what a `map` gives to the statement that it stands in.
fn mapped(words: &[&str]) -> Vec<Place> {
    let Some(verb) =
        words.iter().rposition(|word| matches!(*word, "dnat" | "snat" | "redirect" | "masquerade"))
    else {
        return match words {
            [.., "mark", "set", _, _] | [.., "mark", "set", _] => vec![MARK],
            ["counter" | "quota" | "limit" | "synproxy" | "secmark", "name", ..] => vec![Place::Name],
            _ => Vec::new(),
        };
    };
    let tail = &words[verb + 1..];
    match (words[verb], tail) {
        ("redirect" | "masquerade", _) | (_, [.., "to", ":", _, _]) => vec![Place::Port],
        _ => vec![Place::Host(version(tail)), Place::Port],
    }
}

fn version(words: &[&str]) -> Version {
    match words.first() {
        Some(&"ip") => Version::V4,
        Some(&"ip6") => Version::V6,
        _ => Version::Any,
    }
}

/// Returns what the word right before says, wherever it stands.
fn keyword(words: &[&str], next: &str) -> Option<Place> {
    let has = |word: &str| words.contains(&word);
    let upto = |limit: u32| Place::Number(0, limit.into());
    Some(match words {
        [.., "@" | "$" | "jump" | "goto" | "name"] | ["define" | "redefine" | "undefine"] => Place::Name,
        [.., "comment"] => Place::Comment,
        [.., "prefix"] => Place::LogPrefix,
        ["include"] => Place::Path,
        [.., "timeout" | "expires" | "gc-interval"] => Place::Time,
        [.., "maxseg", "size"] | [.., "maxseg", "size", "set"] => upto(u16::MAX.into()),
        [.., "size" | "handle" | "position" | "index" | "snaplen" | "count"] | [.., "count", "over"] => {
            upto(u32::MAX)
        }
        [.., "priority"] => Place::Priority,
        [.., "priority", _, "+" | "-"] => upto(2_000_000_000),
        [.., "policy"] => Place::Word("a policy", POLICIES, None),
        ["type", .., "hook"] => Place::Word("a hook", HOOKS, None),
        ["type", .., "device"] => Place::Interface,
        ["type"] if first_word(next) == "hook" => Place::Word("a kind of chain", CHAIN_TYPES, None),
        ["type"] if next.starts_with('"') => Place::Text,
        ["type"] => Place::Word("a type of elements", SET_TYPES, None),
        ["flags"] | ["flags", .., ","] => Place::Word("a flag of a set", SET_FLAGS, None),
        [.., "rate"] | [.., "rate", "over"] => match first_word(next) {
            "mbytes" | "mbytes/second" => Place::Number(1, 1_000_000),
            unit if unit.starts_with("bytes") || unit.starts_with("kbytes") => {
                Place::Number(1, u32::MAX.into())
            }
            _ => Place::Rate(u32::MAX.into()),
        },
        [.., "burst"] => Place::Number(1, u64::from(u32::MAX) >> shift(next)),
        [.., "quota" | "over" | "until" | "used"] if shift(next) > 0 || first_word(next) == "bytes" => {
            upto(u32::MAX)
        }
        [.., "packets" | "bytes"] if has("counter") => Place::Number(0, i64::MAX.unsigned_abs()),
        [.., "group" | "queue-threshold"] if has("log") => upto(u16::MAX.into()),
        [.., "level"] if has("log") => Place::Word("a log level", LOG_LEVELS, None),
        [.., "mark", "set"] => MARK,
        [.., "helper", "set"] => Place::Text,
        [.., "queue", "num" | "to"] | [.., "queue", "flags", _, "to"] => Place::Numbers(0, u16::MAX.into()),
        _ => return translation(words),
    })
}

/// How far the unit behind a number shifts it.
fn shift(next: &str) -> u32 {
    match first_word(next).split('/').next() {
        Some("kbytes") => 10,
        Some("mbytes") => 20,
        _ => 0,
    }
}

/// Returns what a packet's new address or port is.
fn translation(words: &[&str]) -> Option<Place> {
    let verbs = ["dnat", "snat", "tproxy", "redirect", "masquerade", "dup", "fwd"];
    let verb = words.iter().rposition(|word| verbs.contains(word))?;
    let tail = &words[verb + 1..];
    Some(match (words[verb], tail) {
        ("dup", ["to"]) => Place::Target(Version::Any),
        ("fwd", ["to"]) | ("dup", ["to", _, "device"]) => Place::Interface,
        ("dup" | "fwd", _) => return None,
        ("redirect", ["to"]) | (_, ["to", ":"]) => Place::Port,
        ("redirect" | "masquerade", _) => return None,
        (_, [.., "prefix", "to"]) => Place::Address(version(tail)),
        (_, ["to"] | ["ip" | "ip6", "to"]) => Place::Target(version(tail)),
        (_, [.., "to", "["]) => Place::Target(Version::V6),
        (_, [.., "to", _, ":"] | [.., "to", ":"] | [.., "to", "[", _, "]", ":"]) => Place::Port,
        _ => return None,
    })
}

/// Returns whether a name or a family stands here, in a command or a definition.
fn object_name(words: &[&str], next: &str, in_block: bool) -> Option<Place> {
    let (command, rest) = match words {
        [
            "add" | "create" | "delete" | "insert" | "replace" | "flush" | "list" | "destroy" | "reset"
            | "rename" | "get",
            rest @ ..,
        ] => (true, rest),
        _ => (false, words),
    };
    let (kind, args) = match rest {
        ["ct", "helper" | "timeout" | "expectation", args @ ..] => ("ct", args),
        [kind, args @ ..] => (*kind, args),
        [] => return None,
    };
    let needed = match kind {
        "table" => 1,
        "chain" if words.first() == Some(&"rename") => 3,
        "chain" | "set" | "map" | "flowtable" => 2,
        "rule" | "element" | "ct" | "counter" | "quota" | "limit" | "secmark" | "synproxy" if command => 2,
        "ct" | "counter" | "quota" | "limit" | "secmark" | "synproxy" if first_word(next) == "{" => 2,
        _ => return None,
    };
    let named =
        args.split_first().filter(|(first, _)| FAMILIES.contains(first)).map_or(args, |(_, rest)| rest);
    let line = next.split(['{', ';', '\n', '}', '\'']).next().unwrap_or_default();
    let follow = line.split_ascii_whitespace().count();
    if args.is_empty() && !in_block && follow >= needed && !matches!(kind, "rule" | "element") {
        return Some(Place::Word("a family of tables", FAMILIES, None));
    }
    (named.len() < needed).then_some(Place::Name)
}

/// Drops what compares.
fn without_operator<'w, 's>(words: &'w [&'s str]) -> &'w [&'s str] {
    match words {
        [rest @ .., "==" | "!=" | "<" | ">" | "<=" | ">=" | "eq" | "ne" | "lt" | "gt" | "le" | "ge"] => rest,
        _ => words,
    }
}

/// Returns what the fields at the end are that dots join; nothing if one of several is unknown.
fn fields(mut words: &[&str]) -> Vec<Place> {
    let mut places = Vec::new();
    loop {
        let Some((place, length)) = field(words) else {
            return Vec::new();
        };
        places.push(place);
        words = &words[..words.len() - length];
        match words {
            [rest @ .., "."] => words = rest,
            _ => break,
        }
    }
    places.reverse();
    places
}

/// Returns what the field at the end holds, and of how many words it is.
fn field(words: &[&str]) -> Option<(Place, usize)> {
    let numbers = |limit: u64| Place::Numbers(0, limit);
    Some(match words {
        [.., "arp", "saddr" | "daddr", "ip"] => (Place::Address(Version::V4), 3),
        [.., "arp", "saddr" | "daddr", "ether"] => (Place::Mac, 3),
        [.., "ip", "saddr" | "daddr"] => (Place::Address(Version::V4), 2),
        [.., "ip6", "saddr" | "daddr"] => (Place::Address(Version::V6), 2),
        [.., "ether", "saddr" | "daddr"] => (Place::Mac, 2),
        [.., _, "sport" | "dport"] => (Place::Port, 2),
        [.., "ip", "protocol"] | [.., "ip6", "nexthdr"] | [.., "meta", "l4proto"] => {
            (Place::Word("a protocol", PROTOCOLS, Some(255)), 2)
        }
        [.., "l4proto"] => (Place::Word("a protocol", PROTOCOLS, Some(255)), 1),
        [.., "ether", "type"] | [.., "meta", "protocol"] => {
            (Place::Word("a protocol of Ethernet", ETHER_TYPES, None), 2)
        }
        [.., "meta", "nfproto"] => (Place::Word("ipv4 or ipv6", NFPROTOS, None), 2),
        [.., "with", "icmp", "type"] | [.., "with", "icmp"] => {
            (Place::Word("a reason", ICMP_REASONS, None), words.len())
        }
        [.., "with", "icmpv6", "type"] | [.., "with", "icmpv6"] => {
            (Place::Word("a reason", ICMPV6_REASONS, None), words.len())
        }
        [.., "with", "icmpx", "type"] | [.., "with", "icmpx"] => {
            (Place::Word("a reason", ICMPX_REASONS, None), words.len())
        }
        [.., "icmp", "type"] => (Place::Word("a type of ICMP", ICMP_TYPES, Some(255)), 2),
        [.., "icmpv6", "type"] => (Place::Word("a type of ICMPv6", ICMPV6_TYPES, Some(255)), 2),
        [.., "icmp" | "icmpv6", "code"] | [.., "ip", "ttl"] | [.., "ip6", "hoplimit"] => (numbers(255), 2),
        [.., "ip" | "ip6", "dscp"] => (Place::Dscp, 2),
        [.., "ip" | "icmp" | "icmpv6", "id"] | [.., "icmp" | "icmpv6", "sequence" | "mtu"] => {
            (numbers(u16::MAX.into()), 2)
        }
        [.., "tcp", "sequence" | "ackseq"]
        | [.., "meta", "length" | "cgroup"]
        | [.., "meta" | "ct", "mark"] => (numbers(u32::MAX.into()), 2),
        [.., "ip", "version" | "hdrlength"] | [.., "tcp", "doff"] => (numbers(15), 2),
        [.., "ip6", "flowlabel"] => (numbers(0xF_FFFF), 2),
        [.., "ct", "bytes" | "packets" | "avgpkt"] => (numbers(i64::MAX.unsigned_abs()), 2),
        [.., "ct", "original" | "reply", "bytes" | "packets" | "avgpkt"] => {
            (numbers(i64::MAX.unsigned_abs()), 3)
        }
        [.., "ct", "expiration"] => (Place::Time, 2),
        [.., "ct", "direction"] => (Place::Word("a direction", DIRECTIONS, None), 2),
        [.., "ct", "status"] => (Place::Word("a status of a connection", CT_STATUS, None), 2),
        [.., "fib", _, "type"] | [.., "fib", _, ".", _, "type"] => {
            (Place::Word("a type of addresses", ADDRESS_TYPES, None), words.len())
        }
        [.., "ip" | "ip6" | "udp", "length"]
        | [.., "ct", "zone"]
        | [.., "tcp", "window" | "urgptr" | "checksum"] => (numbers(u16::MAX.into()), 2),
        [.., "vlan", "id"] => (numbers(4095), 2),
        [.., "vlan", "pcp"] => (numbers(7), 2),
        [.., "tcp", "flags"] => (Place::Word("a flag of TCP", TCP_FLAGS, None), 2),
        [.., "ct", "state"] => (Place::Word("a state of a connection", CT_STATES, None), 2),
        [.., "mark"] => (numbers(u32::MAX.into()), 1),
        [.., "cpu" | "skuid" | "skgid" | "iifgroup" | "oifgroup"] => {
            (numbers(u32::MAX.into()), with_meta(words))
        }
        [.., "pkttype"] => (Place::Word("a type of packets", PACKET_TYPES, None), with_meta(words)),
        [.., "iifname" | "oifname" | "ibrname" | "obrname" | "ibriport" | "obriport"] => {
            (Place::Interface, with_meta(words))
        }
        [.., "iif" | "oif"] => (Place::InterfaceIndex, with_meta(words)),
        _ => return None,
    })
}

fn with_meta(words: &[&str]) -> usize {
    if let [.., "meta", _] = words { 2 } else { 1 }
}

/// Returns what the words behind tell: the protocol of a header, or a verdict at the end.
fn by_what_follows(words: &[&str], next: &str) -> Place {
    match first_word(next) {
        "sport" | "dport" => Place::Word("a protocol with ports", TRANSPORTS, None),
        "saddr" | "daddr" => Place::Word("ip, ip6, ether or arp", L3, None),
        "" | "comment" | "}" | ";"
            if !matches!(words.last(), Some(&("=" | "." | ":" | "-" | "set" | "to"))) =>
        {
            let behind_value =
                words.last().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit() || c == '"'));
            if behind_value { VERDICT } else { Place::End }
        }
        _ => Place::Unknown,
    }
}

/// Returns the next word of the same line.
fn first_word(next: &str) -> &str {
    let next = next.trim_start_matches([' ', '\t', '"']);
    match next.as_bytes().first() {
        Some(b'{' | b'}' | b';') => &next[..1],
        _ => next.split([' ', '\t', '\n', '\r', '{', '}', ';', '#', '"', ',']).next().unwrap_or_default(),
    }
}
