//! nftables: words, sets of words, quoted strings without escapes, comments.
//!
//! nft reads `010` as eight, drops the host bits of a prefix and asks DNS for a name in the place of an address;
//! such values are refused, they would mean something else than they say.

use super::slots::{Filling, MARK, Reason, Slot, Stops, run_around, slot_at, slots_in, without_slots};
use super::{Datum, Filled, Refusal, Syntax, literal, words};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// nftables.
pub(super) struct Nft;

impl Syntax for Nft {
    fn name(&self) -> &'static str {
        "nft"
    }

    fn title(&self) -> &'static str {
        "nftables"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["nft"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        if let Some(filled) = without_slots(text) {
            return Ok(filled);
        }
        let bytes = text.as_bytes();
        let filling = Filling::new(text, data);
        let mut lexer = Lexer { bytes, filling, at: 0, statement: 0, open: Vec::new() };
        while lexer.at < text.len() {
            lexer.step()?;
        }
        Ok(lexer.filling.finish())
    }
}

static STRUCTURE: Stops = Stops::new(b"\"#{};\n");
static LINE: Stops = Stops::new(b"\n");
static QUOTE: Stops = Stops::new(b"\"");

#[derive(Clone, Copy)]
enum Brace {
    /// Holds statements, from this place on: a table, a chain, the definition of a set.
    Block(usize),
    /// Holds elements that stand for this.
    Set(Place),
}

struct Lexer<'a> {
    bytes: &'a [u8],
    filling: Filling<'a>,
    at: usize,
    /// Where the statement began.
    statement: usize,
    open: Vec<Brace>,
}

/// What a value stands for, as the words before it tell.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// An address of this length in bits.
    Address(u32),
    Port,
    Interface,
    Comment,
    LogPrefix,
    /// The name of a table, chain, set or variable.
    Name,
    Other,
}

impl Lexer<'_> {
    fn step(&mut self) -> Result<(), Refusal> {
        self.at = STRUCTURE.next(self.bytes, self.at);
        let Some(byte) = self.bytes.get(self.at) else {
            return Ok(());
        };
        match byte {
            b'"' => return self.string(),
            b'#' => return self.comment(),
            &MARK => {
                if let Some(slot) = slot_at(self.bytes, self.at) {
                    return self.word(slot);
                }
            }
            b'{' => {
                let block = !self.in_set() && self.defines();
                self.open.push(if block { Brace::Block(self.at) } else { Brace::Set(self.place(self.at)) });
            }
            b'}' => {
                self.open.pop();
            }
            _ => {}
        }
        self.at += 1;
        if !self.in_set() && *byte != MARK {
            self.statement = self.at;
        }
        Ok(())
    }

    fn in_set(&self) -> bool {
        matches!(self.open.last(), Some(Brace::Set(_)))
    }

    /// Says whether the statement defines something, so that its brace holds statements.
    fn defines(&self) -> bool {
        let mut words = self.filling.text[self.statement..self.at].split_ascii_whitespace();
        let first = words.find(|word| !matches!(*word, "add" | "create" | "insert"));
        match first {
            Some("ct") => matches!(words.next(), Some("helper" | "timeout" | "expectation")),
            Some(
                "table" | "chain" | "set" | "map" | "flowtable" | "counter" | "quota" | "limit" | "secmark"
                | "synproxy",
            ) => true,
            _ => false,
        }
    }

    /// Returns what a value at `at` stands for.
    fn place(&self, at: usize) -> Place {
        let before = &self.filling.text[self.statement..at];
        if before.ends_with(['@', '$']) {
            return Place::Name;
        }
        let between = |c: char| c.is_ascii_whitespace() || "{}=,!<>".contains(c);
        let mut words = before.rsplit(between).filter(|word| !word.is_empty());
        let last = words.next().unwrap_or_default();
        match last {
            "comment" => Place::Comment,
            "prefix" => Place::LogPrefix,
            "jump" | "goto" => Place::Name,
            "table" | "chain" | "set" | "map" | "flowtable" | "define" | "redefine" => match words.next() {
                None | Some("add" | "create" | "insert" | "delete" | "flush") => Place::Name,
                Some(_) => Place::Other,
            },
            "ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev" if words.next() == Some("table") => {
                Place::Name
            }
            // What stands behind the colon of a map is of another kind than its keys.
            ":" => Place::Other,
            "elements" => self.element_type(),
            _ => match self.open.last() {
                Some(Brace::Set(place)) => *place,
                _ => field(std::iter::once(last).chain(words)),
            },
        }
    }

    /// Returns what the elements of the set are that is being defined.
    fn element_type(&self) -> Place {
        let mut blocks = self.open.iter().rev().filter_map(|brace| match brace {
            Brace::Block(start) => Some(start),
            Brace::Set(_) => None,
        });
        let Some(start) = blocks.next() else {
            return Place::Other;
        };
        let definition = &self.filling.text[*start..self.statement];
        let kind = definition.rsplit(['\n', ';', '{']).find_map(|line| line.trim().strip_prefix("type "));
        match kind.map(str::trim) {
            Some("ipv4_addr") => Place::Address(Ipv4Addr::BITS),
            Some("ipv6_addr") => Place::Address(Ipv6Addr::BITS),
            Some("inet_service") => Place::Port,
            Some("ifname") => Place::Interface,
            _ => Place::Other,
        }
    }

    fn comment(&mut self) -> Result<(), Refusal> {
        loop {
            self.at = LINE.next(self.bytes, self.at);
            if self.bytes.get(self.at) != Some(&MARK) {
                return Ok(());
            }
            match slot_at(self.bytes, self.at) {
                Some(slot) => {
                    self.filling.write(slot, words::comment)?;
                    self.at = slot.end;
                }
                None => self.at += 1,
            }
        }
    }

    fn string(&mut self) -> Result<(), Refusal> {
        let place = self.place(self.at);
        self.at += 1;
        let mut last = None;
        loop {
            self.at = QUOTE.next(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(&MARK) => match slot_at(self.bytes, self.at) {
                    Some(slot) => {
                        self.filling.write(slot, |out, value| push_quoted(out, value, place))?;
                        last = Some(slot);
                        self.at = slot.end;
                    }
                    None => self.at += 1,
                },
                end => {
                    self.at += usize::from(end.is_some());
                    break;
                }
            }
        }
        let Some(slot) = last else {
            return Ok(());
        };
        self.filling.copy(self.at);
        let written = self.filling.out.strip_suffix('"').unwrap_or(&self.filling.out);
        let length = written.len() - written.rfind('"').map_or(0, |at| at + 1);
        check_length(length, place).map_err(|reason| reason.at(slot.number))
    }

    fn word(&mut self, slot: Slot) -> Result<(), Refusal> {
        let word = run_around(self.bytes, slot, is_word_byte);
        self.at = word.end;
        let place = self.place(word.start);
        if word == (slot.start..slot.end) {
            let in_set = self.in_set();
            return self.filling.write(slot, |out, value| match value {
                Datum::List(values) => push_elements(out, values, place, in_set),
                _ => push_word(out, value, place),
            });
        }
        self.filling.copy(word.start);
        let from = self.filling.out.len();
        for part in slots_in(self.filling.text, word.clone()) {
            let check =
                |value: &str| if value.bytes().all(is_word_byte) { Ok(()) } else { Err(not_a_word(value)) };
            self.filling.write_text(part, check)?;
        }
        self.filling.copy(word.end);
        let filled = &self.filling.out[from..];
        if check_word(filled, place).is_ok() || self.is_pair(&word, filled) {
            return Ok(());
        }
        check_word(filled, place).map_err(|reason| reason.at(slot.number))
    }

    /// Says whether the template's own colon parts two words, as in `address:port`.
    fn is_pair(&self, word: &Range<usize>, filled: &str) -> bool {
        let colons = |text: &str| text.bytes().filter(|byte| *byte == b':').count();
        colons(&self.filling.text[word.clone()]) == 1
            && colons(filled) == 1
            && filled
                .strip_prefix(':')
                .unwrap_or(filled)
                .split(':')
                .all(|part| check_word(part, Place::Other).is_ok())
    }
}

/// Returns what the value behind these words is; the words come from the last to the first.
fn field<'a>(words: impl Iterator<Item = &'a str>) -> Place {
    let mut words =
        words.skip_while(|word| matches!(*word, "vmap" | "map" | "eq" | "ne" | "lt" | "gt" | "le" | "ge"));
    let place = match (words.next(), words.next()) {
        (Some("saddr" | "daddr"), Some("ip")) => Place::Address(Ipv4Addr::BITS),
        (Some("saddr" | "daddr"), Some("ip6")) => Place::Address(Ipv6Addr::BITS),
        (Some("sport" | "dport"), _) => Place::Port,
        (Some("iifname" | "oifname" | "iif" | "oif"), _) => return Place::Interface,
        _ => return Place::Other,
    };
    // A dot joins several fields, and their values.
    if words.next() == Some(".") { Place::Other } else { place }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.:/-".contains(&byte)
}

fn push_quoted(out: &mut String, value: &Datum, place: Place) -> Result<(), Reason> {
    let value = words::one_line(value, "a quoted string of nft")?;
    let forbidden: &[char] = match place {
        Place::LogPrefix => &['"', '$'],
        Place::Interface => &['"', '*', '\\'],
        _ => &['"'],
    };
    if let Some(found) = value.chars().find(|c| forbidden.contains(c)) {
        let message = format!("{found} cannot stand in this string: nft has no way to escape it");
        return Err(Reason::new(message, "remove it from the value"));
    }
    out.push_str(&value);
    Ok(())
}

fn check_length(length: usize, place: Place) -> Result<(), Reason> {
    let (what, limit) = match place {
        Place::Comment => ("a comment", 128),
        Place::LogPrefix => ("a log prefix", 127),
        Place::Interface => ("an interface name", 15),
        _ => return Ok(()),
    };
    if length > limit {
        let message = format!("{what} of nft holds at most {limit} bytes, this one has {length}");
        return Err(Reason::new(message, "shorten it, for example with the filter truncate_id"));
    }
    if length == 0 && place == Place::Interface {
        return Err(Reason::new("the interface name is empty", "set the value"));
    }
    Ok(())
}

/// Writes a list as the elements of a set.
fn push_elements(out: &mut String, values: &[Datum], place: Place, in_set: bool) -> Result<(), Reason> {
    if !in_set {
        return Err(Reason::new("a list stands outside of braces", "put { } round it in the template"));
    }
    if values.is_empty() {
        return Err(Reason::new(
            "the list is empty, and nft has no empty set here",
            "leave the statement out where it is",
        ));
    }
    for (index, value) in values.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        push_word(out, value, place)?;
    }
    Ok(())
}

fn push_word(out: &mut String, value: &Datum, place: Place) -> Result<(), Reason> {
    let value = literal::as_text(value)?;
    check_word(&value, place)?;
    out.push_str(&value);
    Ok(())
}

fn check_word(word: &str, place: Place) -> Result<(), Reason> {
    match place {
        Place::Address(bits) if !is_address(word, Some(bits))? => {
            let version = if bits == Ipv4Addr::BITS { "an IPv4" } else { "an IPv6" };
            let message = format!("{} is not {version} address, prefix or range", literal::shown(word));
            Err(Reason::new(message, "give an address such as 10.4.2.1, or a prefix such as 10.4.2.0/24"))
        }
        Place::Port if !is_port(word) && !is_port_range(word) => {
            let message = format!("{} is not a port or a range of ports", literal::shown(word));
            Err(Reason::new(message, "give numbers such as 1883 or 5000-5010"))
        }
        Place::Name if !is_name(word) || RESERVED.binary_search(&word).is_ok() => {
            let message = format!("{} cannot be a name in nft", literal::shown(word));
            Err(Reason::new(message, "use letters, digits and _, a letter first, and no word of nft itself"))
        }
        Place::Interface if word.len() > 15 => check_length(word.len(), place),
        Place::Address(_) | Place::Port | Place::Name => Ok(()),
        _ if is_name(word) || is_number(word) || is_mac(word) || is_duration(word) || is_rate(word) => Ok(()),
        _ if is_number_range(word) || is_address(word, None)? => Ok(()),
        _ => Err(not_a_word(word)),
    }
}

fn not_a_word(word: &str) -> Reason {
    let message = format!("{} is not one word of nft", literal::shown(word));
    Reason::new(message, "give an address, a prefix, a port, a range or a name")
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.len() < 256
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte))
}

/// A leading zero would make it octal.
fn is_number(word: &str) -> bool {
    if let Some(digits) = word.strip_prefix("0x") {
        return !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let digits = word.strip_prefix('-').unwrap_or(word);
    words::is_digits(digits) && (digits.len() == 1 || !digits.starts_with('0'))
}

fn is_mac(word: &str) -> bool {
    let pair = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    word.split(':').count() == 6 && word.split(':').all(pair)
}

/// `90s`, `1h30m`.
fn is_duration(word: &str) -> bool {
    let mut rest = word;
    while let Some(digits) = rest.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0) {
        let unit = &rest[digits..];
        let length = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        if !matches!(&unit[..length], "ms" | "s" | "m" | "h" | "d" | "w") {
            return false;
        }
        rest = &unit[length..];
    }
    rest.is_empty() && !word.is_empty()
}

/// `10/second`.
fn is_rate(word: &str) -> bool {
    word.split_once('/').is_some_and(|(count, unit)| {
        is_number(count) && matches!(unit, "second" | "minute" | "hour" | "day" | "week")
    })
}

fn is_port(word: &str) -> bool {
    is_number(word) && word.parse::<u16>().is_ok()
}

fn is_port_range(word: &str) -> bool {
    word.split_once('-').is_some_and(|(from, to)| is_port(from) && is_port(to)) && is_number_range(word)
}

fn is_number_range(word: &str) -> bool {
    word.split_once('-').is_some_and(|(from, to)| {
        let ordered = matches!((from.parse::<u64>(), to.parse::<u64>()), (Ok(from), Ok(to)) if from < to);
        is_number(from) && is_number(to) && ordered
    })
}

/// Says whether it is an address, a prefix or a range, of `bits`; an error if nft would read another one.
fn is_address(word: &str, bits: Option<u32>) -> Result<bool, Reason> {
    let parse = |word: &str| {
        let address = word.parse::<IpAddr>().ok()?;
        bits.is_none_or(|bits| bits == if address.is_ipv4() { Ipv4Addr::BITS } else { Ipv6Addr::BITS })
            .then_some(address)
    };
    if parse(word).is_some() {
        return Ok(true);
    }
    if let Some((from, to)) = word.split_once('-') {
        let ends = parse(from).zip(parse(to));
        return Ok(ends.is_some_and(|(from, to)| from.is_ipv4() == to.is_ipv4() && from < to));
    }
    let prefix = word.split_once('/').and_then(|(address, length)| {
        let length = length.parse::<u32>().ok().filter(|_| is_number(length))?;
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

/// Words that nft's own grammar takes in the place of a name, sorted.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
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

#[cfg(test)]
mod tests {
    use super::super::testing::{int, refused, slots, text};
    use super::*;

    #[test]
    fn reserved_words_are_sorted() {
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn ordinary_ruleset() {
        let template = "#!/usr/sbin/nft -f\n# <0>\ntable inet <1> {\n  set plc_<1> {\n    type ipv4_addr\n    elements = { <2>, 10.0.0.9 }\n  }\n  chain c {\n    type filter hook forward priority <3>; policy drop;\n    ip saddr <4> tcp dport { <5> } counter accept comment \"<0>\"\n    dnat to <6>:<7>\n    limit rate <7>/second log prefix \"<1> \"\n    jump <1>\n }\n}\n";
        let list = |values: &[&str]| Datum::List(values.iter().map(|value| text(value)).collect());
        let data = [
            text("F-01 a; {b}"),
            text("pk2"),
            list(&["10.4.2.1", "10.4.2.8/29"]),
            int(-5),
            text("10.4.2.0/24"),
            Datum::List(vec![int(80), text("100-200")]),
            text("10.0.0.1"),
            int(8080),
        ];
        let filled = slots(&Nft, template, &data);
        for part in [
            "# F-01 a; {b}\n",
            "elements = { 10.4.2.1, 10.4.2.8/29, 10.0.0.9 }",
            "priority -5;",
            "dport { 80, 100-200 }",
            "comment \"F-01 a; {b}\"",
            "10.0.0.1:8080",
            "8080/second",
            "set plc_pk2 {",
        ] {
            assert!(filled.contains(part), "{part}: {filled}");
        }
    }

    #[test]
    fn word_is_what_it_says() {
        for value in [
            "",
            "a b",
            "a;b",
            "10.0.0.1 accept",
            "010",
            "1:2",
            "a\nb",
            "\"a\"",
            "{a}",
            "10.0.0.5/24",
            "010.0.0.1",
            "1.2.3",
            "$a",
            "@a",
            "é",
            "-",
        ] {
            refused(&Nft, "tcp dport { <0> } accept", &[text(value)]);
        }
        for value in ["localhost", "10", "10.0.0.1/33", "10.0.0.5/24"] {
            refused(&Nft, "ip saddr { 10.1.1.1, <0> } accept", &[text(value)]);
            refused(&Nft, "ip saddr != <0> accept", &[text(value)]);
        }
        for value in ["http", "65536", "200-100", "5-5"] {
            refused(&Nft, "tcp dport <0>", &[text(value)]);
        }
        refused(&Nft, "ip saddr <0>", &[text("::1")]);
        refused(&Nft, "set s {\n type inet_service\n elements = { <0> }\n}", &[text("a")]);
        for value in [
            "::1",
            "fe80::/10",
            "0.0.0.0/0",
            "10.0.0.1-10.0.0.5",
            "02:00:00:00:00:01",
            "10s",
            "0x1f",
            "a.b-c",
        ] {
            slots(&Nft, "x <0>", &[text(value)]);
        }
        for value in ["accept", "1a", "10.0.0.1", ""] {
            refused(&Nft, "jump <0>", &[text(value)]);
            refused(&Nft, "table inet <0> {", &[text(value)]);
            refused(&Nft, "ip saddr @<0> drop", &[text(value)]);
        }
    }

    #[test]
    fn words_that_look_like_other_places() {
        let data = [int(70000), text("10.0.0.1"), int(80)];
        for (template, filled) in [
            ("ip saddr 10.0.0.2 meta mark set <0>", "ip saddr 10.0.0.2 meta mark set 70000"),
            ("ip saddr 10.0.0.2 queue num <0>", "ip saddr 10.0.0.2 queue num 70000"),
            (
                "tcp dport 22 limit rate <0>/second burst <0> packets",
                "tcp dport 22 limit rate 70000/second burst 70000 packets",
            ),
            ("ip saddr . tcp dport { <1> . <2> }", "ip saddr . tcp dport { 10.0.0.1 . 80 }"),
            ("tcp dport vmap { <2> : jump c }", "tcp dport vmap { 80 : jump c }"),
            ("redirect to :<2>", "redirect to :80"),
        ] {
            assert_eq!(slots(&Nft, template, &data), filled);
        }
        refused(&Nft, "tcp dport vmap { 1 : jump <0> }", &[text("drop")]);
    }

    #[test]
    fn list_stands_in_braces_of_a_set_only() {
        let list = Datum::List(vec![int(1)]);
        assert_eq!(
            slots(&Nft, "chain c { tcp dport { <0> } }", std::slice::from_ref(&list)),
            "chain c { tcp dport { 1 } }"
        );
        refused(&Nft, "chain c { <0> }", std::slice::from_ref(&list));
        refused(&Nft, "tcp dport <0>", std::slice::from_ref(&list));
        refused(&Nft, "tcp dport { <0> }", &[Datum::List(Vec::new())]);
    }

    #[test]
    fn quoted_string_has_no_escapes_and_limits() {
        refused(&Nft, "accept comment \"<0>\"", &[text("a\"b")]);
        refused(&Nft, "accept comment \"<0>\"", &[text("a\nb")]);
        refused(&Nft, "log prefix \"<0>\"", &[text("a$b")]);
        refused(&Nft, "accept comment \"<0> <0>\"", &[text(&"x".repeat(64))]);
        slots(&Nft, "accept comment \"<0>-<0>\"", &[text(&"x".repeat(63))]);
        refused(&Nft, "log prefix \"<0>\"", &[text(&"x".repeat(128))]);
        refused(&Nft, "iifname \"<0>\"", &[text("eth*")]);
        refused(&Nft, "iifname { \"a\", \"<0>\" }", &[text("")]);
        refused(&Nft, "iifname <0>", &[text("a234567890123456")]);
    }
}
