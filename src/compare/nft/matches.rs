//! What a rule matches and does, as boxes of packets. Where a word is not understood, what was read before it still
//! bounds the rule, and what it does there is unknown.

use super::super::effect::{
    Action, FAMILY, ICMP, IN, MAX, OUT, PORT, PROTOCOL, Packets, Ranges, Rule, SOURCE, SOURCE_PORT, STATE,
    TARGET, normal, outside, protocol, service,
};
use super::canonical;
use super::parse::{Table, Word};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::IpAddr;

/// Most boxes of one rule.
const MAX_BOXES: usize = 2_000;

/// Reads a rule. Its text carries the sets and chains it names, so that the same text is the same rule.
pub(super) fn rule(words: &[Word], canon: &str, table: &Table) -> Rule {
    let mut text = canon.to_owned();
    for word in words.iter().filter_map(Word::plain) {
        if let Some(set) = word.strip_prefix('@').and_then(|name| table.sets.get(name)) {
            let elements: Vec<_> = canonical::elements(set).into_keys().collect();
            text.push_str(&format!(" @{{ {} }}", elements.join(", ")));
        }
    }
    for target in targets(words) {
        if let Some(chain) = table.chains.get(&target) {
            text.push_str(&format!(" [{}]", whole(chain, table, 0)));
        }
    }
    let mut reader = Reader { words, at: 0, table, boxes: vec![Packets::default()] };
    let parts = reader.rule();
    Rule { text, parts }
}

/// Everything that a chain decides by, for telling whether it is the same on both sides.
fn whole(chain: &super::parse::Chain, table: &Table, depth: usize) -> String {
    if depth > 8 {
        return "deeper".into();
    }
    let mut out = String::new();
    for rule in &chain.rules {
        out.push_str(&canonical::shown(rule));
        for word in rule.words.iter().filter_map(Word::plain) {
            if let Some(set) = word.strip_prefix('@').and_then(|name| table.sets.get(name)) {
                out.push_str(&format!("{:?}", canonical::elements(set).into_keys().collect::<Vec<_>>()));
            }
        }
        for target in targets(&rule.words) {
            if let Some(next) = table.chains.get(&target) {
                out.push_str(&whole(next, table, depth + 1));
            }
        }
        out.push('\n');
    }
    out
}

fn targets(words: &[Word]) -> Vec<String> {
    let mut found = vec![];
    for (at, word) in words.iter().enumerate() {
        match word {
            Word::Plain(word) if matches!(word.as_str(), "jump" | "goto") => {
                found.extend(words.get(at + 1).and_then(Word::plain).map(str::to_owned));
            }
            Word::Braces(items) => found.extend(items.iter().flat_map(|item| targets(item))),
            _ => {}
        }
    }
    found
}

/// A header field that a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Address(usize, bool),
    Protocol,
    Port(usize),
    Icmp(bool),
    State,
    Interface(usize),
    Family,
}

struct Reader<'r> {
    words: &'r [Word],
    at: usize,
    table: &'r Table,
    boxes: Vec<Packets>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).and_then(Word::plain)
    }

    fn rule(&mut self) -> Vec<(Vec<Packets>, Action)> {
        let unknown = |boxes: &[Packets]| vec![(boxes.to_vec(), Action::Unknown)];
        while let Some(word) = self.words.get(self.at) {
            let Some(word) = word.plain().map(str::to_owned) else { return unknown(&self.boxes) };
            let done = |boxes: &[Packets], action: Action| vec![(boxes.to_vec(), action)];
            match word.as_str() {
                "accept" => return done(&self.boxes, Action::Accept),
                "drop" | "reject" => return done(&self.boxes, Action::Deny),
                "return" => return done(&self.boxes, Action::Return),
                "continue" => self.at += 1,
                "jump" | "goto" => {
                    let Some(target) = self.words.get(self.at + 1).and_then(Word::plain) else {
                        return unknown(&self.boxes);
                    };
                    let action = if word == "jump" {
                        Action::Jump(target.to_owned())
                    } else {
                        Action::Goto(target.to_owned())
                    };
                    return done(&self.boxes, action);
                }
                "log" => self.log(),
                _ => match self.condition() {
                    Some(None) => {}
                    Some(Some(parts)) => return parts,
                    None => return unknown(&self.boxes),
                },
            }
            if self.boxes.is_empty() {
                return vec![];
            }
        }
        // No verdict: it counts or logs.
        vec![]
    }

    fn log(&mut self) {
        self.at += 1;
        while matches!(
            self.peek(),
            Some("prefix" | "level" | "group" | "snaplen" | "queue-threshold" | "flags")
        ) {
            self.at += 2;
        }
    }

    /// Reads a match. `None`: not understood; `Some(Some(..))`: a verdict map, which ends the rule.
    #[allow(clippy::type_complexity)]
    fn condition(&mut self) -> Option<Option<Vec<(Vec<Packets>, Action)>>> {
        let mut fields = vec![self.field()?];
        while self.peek() == Some(".") {
            self.at += 1;
            fields.push(self.field()?);
        }
        if self.peek() == Some("vmap") {
            self.at += 1;
            return self.verdict_map(&fields).map(Some);
        }
        let mut negated = false;
        match self.peek() {
            Some("!=") => {
                negated = true;
                self.at += 1;
            }
            Some("==") => self.at += 1,
            Some(
                "<" | ">" | "<=" | ">=" | "&" | "and" | "or" | "|" | "^" | "lt" | "gt" | "le" | "ge" | "in"
                | "!",
            ) => return None,
            _ => {}
        }
        let items = self.items()?;
        if let [(field, dependency)] = fields.as_slice() {
            let mut ranges = vec![];
            for item in &items {
                let [Word::Plain(text) | Word::Quoted(text)] = item.as_slice() else { return None };
                ranges.extend(values(*field, text)?);
            }
            let ranges = normal(ranges);
            let ranges = if negated { outside(&ranges, largest(*field)) } else { ranges };
            self.narrow(&[dependency.clone().with(number(*field), ranges)]);
            return Some(None);
        }
        if negated {
            return None;
        }
        let mut boxes = vec![];
        for item in &items {
            boxes.push(concatenated(&fields, item)?);
        }
        self.narrow(&boxes);
        (self.boxes.len() <= MAX_BOXES).then_some(None)
    }

    fn narrow(&mut self, by: &[Option<Packets>]) {
        self.boxes = self
            .boxes
            .iter()
            .flat_map(|own| by.iter().flatten().filter_map(|other| own.and(other)))
            .collect();
    }

    /// The values after a field: a word, words with commas, a set, a named set.
    fn items(&mut self) -> Option<Vec<Vec<Word>>> {
        let first = self.words.get(self.at)?.clone();
        self.at += 1;
        match first {
            Word::Braces(items) => Some(items.iter().map(|item| canonical::strip(item)).collect()),
            Word::Plain(name) if name.starts_with('@') => self.named(&name[1..]),
            Word::Comma => None,
            word => {
                let mut items = vec![vec![word]];
                while self.words.get(self.at) == Some(&Word::Comma) {
                    items.push(vec![self.words.get(self.at + 1)?.clone()]);
                    self.at += 2;
                }
                Some(items)
            }
        }
    }

    fn named(&self, name: &str) -> Option<Vec<Vec<Word>>> {
        let set = self.table.sets.get(name)?;
        // What packets can add to a set is not known from its listing.
        let moves = set
            .settings
            .get("flags")
            .is_some_and(|flags| flags.contains("dynamic") || flags.contains("timeout"));
        if moves || set.settings.contains_key("timeout") {
            return None;
        }
        Some(set.elements.iter().map(|item| canonical::strip(item)).collect())
    }

    fn verdict_map(&mut self, fields: &[(Field, Packets)]) -> Option<Vec<(Vec<Packets>, Action)>> {
        let items = self.items()?;
        let mut parts = vec![];
        for item in items {
            let item = split_colons(&item);
            let colon = item.iter().position(|word| word.plain() == Some(":"))?;
            let packets = match fields {
                [(field, dependency)] => {
                    let [Word::Plain(text) | Word::Quoted(text)] = &item[..colon] else { return None };
                    dependency.clone().with(number(*field), values(*field, text)?)
                }
                _ => concatenated(fields, &item[..colon])?,
            };
            let verdict: Vec<&str> = item[colon + 1..].iter().filter_map(Word::plain).collect();
            let action = match verdict.as_slice() {
                ["accept"] => Action::Accept,
                ["drop"] => Action::Deny,
                ["return"] => Action::Return,
                ["continue"] => continue,
                ["jump", target] => Action::Jump((*target).to_owned()),
                ["goto", target] => Action::Goto((*target).to_owned()),
                _ => return None,
            };
            let boxes: Vec<Packets> =
                self.boxes.iter().filter_map(|own| own.and(packets.as_ref()?)).collect();
            parts.push((boxes, action));
        }
        Some(parts)
    }

    /// A field, with what asking for it says about the packet already.
    fn field(&mut self) -> Option<(Field, Packets)> {
        let any = Packets::default;
        let word = self.peek()?.to_owned();
        let second = self.words.get(self.at + 1).and_then(Word::plain).unwrap_or_default().to_owned();
        let family = |value: u128| any().with(FAMILY, vec![(value, value)]);
        let of =
            |protocols: &[u128]| any().with(PROTOCOL, normal(protocols.iter().map(|p| (*p, *p)).collect()));
        let (field, dependency, length) = match (word.as_str(), second.as_str()) {
            ("ip", "saddr") => (Field::Address(SOURCE, false), family(0)?, 2),
            ("ip", "daddr") => (Field::Address(TARGET, false), family(0)?, 2),
            ("ip6", "saddr") => (Field::Address(SOURCE, true), family(1)?, 2),
            ("ip6", "daddr") => (Field::Address(TARGET, true), family(1)?, 2),
            ("ip", "protocol") => (Field::Protocol, family(0)?, 2),
            ("ip6", "nexthdr") => (Field::Protocol, family(1)?, 2),
            ("tcp" | "udp" | "sctp" | "dccp" | "udplite", "dport") => {
                (Field::Port(PORT), of(&[protocol(&word)?])?, 2)
            }
            ("tcp" | "udp" | "sctp" | "dccp" | "udplite", "sport") => {
                (Field::Port(SOURCE_PORT), of(&[protocol(&word)?])?, 2)
            }
            ("th", "dport") => (Field::Port(PORT), of(&[6, 17, 33, 132, 136])?, 2),
            ("th", "sport") => (Field::Port(SOURCE_PORT), of(&[6, 17, 33, 132, 136])?, 2),
            ("icmp", "type") => (Field::Icmp(false), of(&[1])?.with(FAMILY, vec![(0, 0)])?, 2),
            ("icmpv6", "type") => (Field::Icmp(true), of(&[58])?.with(FAMILY, vec![(1, 1)])?, 2),
            ("ct", "state") => (Field::State, any(), 2),
            ("meta", "l4proto") => (Field::Protocol, any(), 2),
            ("meta", "iifname" | "iif") => (Field::Interface(IN), any(), 2),
            ("meta", "oifname" | "oif") => (Field::Interface(OUT), any(), 2),
            ("meta", "nfproto") => (Field::Family, any(), 2),
            ("iifname" | "iif", _) => (Field::Interface(IN), any(), 1),
            ("oifname" | "oif", _) => (Field::Interface(OUT), any(), 1),
            _ => return None,
        };
        self.at += length;
        Some((field, dependency))
    }
}

/// `22:accept` and `22 : accept` are the same three words.
fn split_colons(words: &[Word]) -> Vec<Word> {
    let mut out = vec![];
    for word in words {
        match word.plain() {
            Some(text) if text != ":" && text.ends_with(':') => {
                out.push(Word::Plain(text.trim_end_matches(':').to_owned()));
                out.push(Word::Plain(":".into()));
            }
            Some(text)
                if text.split_once(':').is_some_and(|(before, after)| {
                    !before.is_empty()
                        && !after.is_empty()
                        && text.parse::<IpAddr>().is_err()
                        && text.matches(':').count() == 1
                }) =>
            {
                let (before, after) = text.split_once(':').unwrap_or((text, ""));
                out.extend([before, ":", after].map(|part| Word::Plain(part.to_owned())));
            }
            _ => out.push(word.clone()),
        }
    }
    out
}

/// The packets of `a . b . c`.
#[allow(clippy::option_option)]
fn concatenated(fields: &[(Field, Packets)], item: &[Word]) -> Option<Option<Packets>> {
    let parts: Vec<&[Word]> = item.split(|word| word.plain() == Some(".")).collect();
    if parts.len() != fields.len() {
        return None;
    }
    let mut packets = Some(Packets::default());
    for ((field, dependency), part) in fields.iter().zip(parts) {
        let [Word::Plain(text) | Word::Quoted(text)] = part else { return None };
        let ranges = values(*field, text)?;
        packets = packets
            .and_then(|packets| packets.and(dependency))
            .and_then(|packets| packets.with(number(*field), ranges));
    }
    Some(packets)
}

fn number(field: Field) -> usize {
    match field {
        Field::Address(number, _) | Field::Port(number) | Field::Interface(number) => number,
        Field::Protocol => PROTOCOL,
        Field::Icmp(_) => ICMP,
        Field::State => STATE,
        Field::Family => FAMILY,
    }
}

fn largest(field: Field) -> u128 {
    match field {
        Field::Address(_, false) => u128::from(u32::MAX),
        Field::Icmp(_) => 255,
        field => MAX[number(field)],
    }
}

/// The values that a word stands for.
fn values(field: Field, text: &str) -> Option<Ranges> {
    if let (Field::Address(..) | Field::Port(_), Some((first, last))) = (field, text.split_once('-')) {
        let (low, high) = (values(field, first), values(field, last));
        if let (Some(low), Some(high)) = (low, high) {
            let (low, high) = (low.first()?.0, high.first()?.1);
            return (low <= high).then(|| vec![(low, high)]);
        }
    }
    if let (Field::Address(_, is_v6), Some((address, length))) = (field, text.split_once('/')) {
        let bits: u32 = if is_v6 { 128 } else { 32 };
        let (address, length) =
            (address_number(address, is_v6)?, length.parse::<u32>().ok().filter(|length| *length <= bits)?);
        let size = if length == 0 { largest(field) } else { largest(field) >> length };
        return Some(vec![(address & !size, address | size)]);
    }
    let value = match field {
        Field::Address(_, is_v6) => address_number(text, is_v6)?,
        Field::Protocol => protocol(text)?,
        Field::Port(_) => service(text)?,
        Field::Icmp(is_v6) => icmp(text, is_v6)?,
        Field::State => ["new", "established", "related", "invalid", "untracked"]
            .iter()
            .position(|state| *state == text)? as u128,
        Field::Family => match text {
            "ipv4" => 0,
            "ipv6" => 1,
            _ => return None,
        },
        Field::Interface(_) => interface(text)?,
    };
    Some(vec![(value, value)])
}

fn address_number(text: &str, is_v6: bool) -> Option<u128> {
    match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) if !is_v6 => Some(u32::from(address).into()),
        IpAddr::V6(address) if is_v6 => Some(address.into()),
        _ => None,
    }
}

/// An interface as a number; two names of one number would need 32,000 interfaces to be likely.
fn interface(name: &str) -> Option<u128> {
    if name.ends_with('*') {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    Some(u128::from(hasher.finish() & 0xffff))
}

fn icmp(name: &str, is_v6: bool) -> Option<u128> {
    const V4: &[(&str, u8)] = &[
        ("echo-reply", 0),
        ("destination-unreachable", 3),
        ("source-quench", 4),
        ("redirect", 5),
        ("echo-request", 8),
        ("router-advertisement", 9),
        ("router-solicitation", 10),
        ("time-exceeded", 11),
        ("parameter-problem", 12),
        ("timestamp-request", 13),
        ("timestamp-reply", 14),
    ];
    const V6: &[(&str, u8)] = &[
        ("destination-unreachable", 1),
        ("packet-too-big", 2),
        ("time-exceeded", 3),
        ("parameter-problem", 4),
        ("echo-request", 128),
        ("echo-reply", 129),
        ("mld-listener-query", 130),
        ("mld-listener-report", 131),
        ("mld-listener-done", 132),
        ("mld-listener-reduction", 132),
        ("nd-router-solicit", 133),
        ("nd-router-advert", 134),
        ("nd-neighbor-solicit", 135),
        ("nd-neighbor-advert", 136),
        ("nd-redirect", 137),
        ("mld2-listener-report", 143),
    ];
    let table = if is_v6 { V6 } else { V4 };
    let known = table.iter().find(|(known, _)| *known == name).map(|(_, number)| u128::from(*number));
    known.or_else(|| name.parse::<u8>().ok().map(u128::from))
}
