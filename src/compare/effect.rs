//! What two lists of first-match rules decide differently: the packets newly let through and newly stopped.
//!
//! Packets that no differing rule can match meet the same rules in the same order on both sides; only the others
//! are looked at, as boxes over the header fields. A rule that is not understood is a decision of its own: the same
//! on both sides if the rule is the same, else the effect is unknown. Past a budget it is unknown as well.

use super::labels::Class;
use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The fields of a packet, and the largest value of each.
pub(crate) const FAMILY: usize = 0;
pub(crate) const IN: usize = 1;
pub(crate) const OUT: usize = 2;
pub(crate) const STATE: usize = 3;
pub(crate) const PROTOCOL: usize = 4;
pub(crate) const SOURCE_PORT: usize = 5;
pub(crate) const PORT: usize = 6;
pub(crate) const ICMP: usize = 7;
pub(crate) const SOURCE: usize = 8;
pub(crate) const TARGET: usize = 9;
const FIELDS: usize = 10;
pub(crate) const MAX: [u128; FIELDS] =
    [1, 0xffff, 0xffff, 4, 255, 0xffff, 0xffff, 0xffff, u128::MAX, u128::MAX];

/// Sorted, disjoint, inclusive intervals.
pub(crate) type Ranges = Vec<(u128, u128)>;

/// A set of packets: for each field the values it may have; `None` is any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Packets {
    pub fields: [Option<Ranges>; FIELDS],
}

/// What a rule does with its packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Accept,
    Deny,
    /// Back to the calling chain.
    Return,
    /// Through another chain, and on.
    Jump(String),
    /// Through another chain for good.
    Goto(String),
    /// Not understood: may decide or not; the text says which rule it is.
    Unknown,
}

/// A rule: the same text means the same rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Canonical, with sets written out.
    pub text: String,
    /// Its parts in order: boxes and what is done with them.
    pub parts: Vec<(Vec<Packets>, Action)>,
}

/// Chains by name.
pub(crate) type Chains = HashMap<String, Vec<Rule>>;

/// What differs.
#[derive(Debug, Default, Clone)]
pub(crate) struct Effect {
    pub opens: Vec<Packets>,
    pub closes: Vec<Packets>,
    pub unknown: bool,
    /// What the differing rules speak of: fewer and wider boxes than what they change.
    pub about: Vec<Packets>,
}

/// How many boxes are looked at before the effect is given up as unknown.
const BUDGET: usize = 60_000;
/// Deepest chain of jumps.
const MAX_JUMPS: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    /// The rules on the way that may have decided.
    maybe: Vec<String>,
    /// `None`: fell through.
    accept: Option<bool>,
}

/// One side: its chains, the chain in question, what happens to what falls through (`None`: it returns).
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    pub chains: &'a Chains,
    pub chain: &'a str,
    pub policy: Option<bool>,
}

/// Compares two chains.
pub(crate) fn compare(intended: Side<'_>, deployed: Side<'_>) -> Effect {
    let mut run = Run { left: BUDGET };
    run.compare(intended, deployed).unwrap_or(Effect { unknown: true, ..Effect::default() })
}

struct Run {
    left: usize,
}

impl Run {
    fn spend(&mut self, boxes: usize) -> Option<()> {
        self.left = self.left.checked_sub(boxes)?;
        Some(())
    }

    fn compare(&mut self, s: Side<'_>, d: Side<'_>) -> Option<Effect> {
        let empty = vec![];
        let (in_s, in_d) = (s.chains.get(s.chain).unwrap_or(&empty), d.chains.get(d.chain).unwrap_or(&empty));
        let regions = if s.policy == d.policy { self.regions(in_s, in_d)? } else { vec![Packets::default()] };
        let mut effect = Effect::default();
        for region in regions {
            let (of_s, of_d) = (self.outcomes(s, &region)?, self.outcomes(d, &region)?);
            for (a, one) in &of_s {
                for (b, other) in &of_d {
                    self.spend(1)?;
                    if one == other {
                        continue;
                    }
                    let Some(both) = a.and(b) else { continue };
                    match (one.maybe.is_empty() && other.maybe.is_empty(), one.accept, other.accept) {
                        (true, Some(false) | None, Some(true)) => effect.opens.push(both),
                        (true, Some(true), Some(false) | None)
                        | (true, Some(false), None)
                        | (true, None, Some(false)) => effect.closes.push(both),
                        _ => effect.unknown = true,
                    }
                }
            }
        }
        effect.opens = join(effect.opens);
        effect.closes = join(effect.closes);
        effect.about = if s.policy == d.policy {
            differing(in_s, in_d).flat_map(Rule::boxes).cloned().collect()
        } else {
            vec![]
        };
        Some(effect)
    }

    /// The packets that rules on one side only can match, as disjoint boxes.
    fn regions(&mut self, s: &[Rule], d: &[Rule]) -> Option<Vec<Packets>> {
        let mut disjoint: Vec<Packets> = vec![];
        for packets in differing(s, d).flat_map(Rule::boxes) {
            let mut fresh = vec![packets.clone()];
            for known in &disjoint {
                self.spend(fresh.len())?;
                fresh = fresh.iter().flat_map(|part| part.minus(known)).collect();
            }
            disjoint.extend(fresh);
        }
        Some(disjoint)
    }

    /// What happens to the packets of a region.
    fn outcomes(&mut self, side: Side<'_>, region: &Packets) -> Option<Vec<(Packets, Outcome)>> {
        let mut out = self.through(side.chains, side.chain, region.clone(), 0)?;
        for (_, outcome) in &mut out {
            outcome.accept = outcome.accept.or(side.policy);
        }
        Some(out)
    }

    fn through(
        &mut self,
        chains: &Chains,
        chain: &str,
        region: Packets,
        depth: usize,
    ) -> Option<Vec<(Packets, Outcome)>> {
        if depth > MAX_JUMPS {
            return None;
        }
        let mut out = vec![];
        let Some(rules) = chains.get(chain) else {
            let outcome = Outcome { maybe: vec![format!("chain {chain}")], accept: None };
            return Some(vec![(region, outcome)]);
        };
        let parts: Vec<(&Rule, &(Vec<Packets>, Action))> =
            rules.iter().flat_map(|rule| rule.parts.iter().map(move |part| (rule, part))).collect();
        let mut work: Vec<(Packets, usize, Vec<String>)> = vec![(region, 0, vec![])];
        while let Some((packets, from, maybe)) = work.pop() {
            self.spend(1)?;
            let hit = (from..parts.len()).find_map(|at| {
                let (boxes, _) = parts[at].1;
                boxes.iter().find_map(|one| packets.and(one).map(|both| (at, one, both)))
            });
            let Some((at, one, both)) = hit else {
                out.push((packets, Outcome { maybe, accept: None }));
                continue;
            };
            work.extend(packets.minus(one).into_iter().map(|rest| (rest, at, maybe.clone())));
            let (rule, (_, action)) = parts[at];
            match action {
                Action::Accept => out.push((both, Outcome { maybe, accept: Some(true) })),
                Action::Deny => out.push((both, Outcome { maybe, accept: Some(false) })),
                Action::Return => out.push((both, Outcome { maybe, accept: None })),
                Action::Unknown => {
                    let mut maybe = maybe;
                    maybe.push(rule.text.clone());
                    work.push((both, at + 1, maybe));
                }
                Action::Jump(target) | Action::Goto(target) => {
                    for (part, outcome) in self.through(chains, target, both, depth + 1)? {
                        let mut all = maybe.clone();
                        all.extend(outcome.maybe);
                        match (outcome.accept, action) {
                            (None, Action::Jump(_)) => work.push((part, at + 1, all)),
                            (accept, _) => out.push((part, Outcome { maybe: all, accept })),
                        }
                    }
                }
            }
        }
        Some(out)
    }
}

/// The rules that only one side has, or has elsewhere.
fn differing<'r>(s: &'r [Rule], d: &'r [Rule]) -> impl Iterator<Item = &'r Rule> {
    use super::align::{Step, align};
    let texts = |rules: &[Rule]| -> Vec<String> { rules.iter().map(|rule| rule.text.clone()).collect() };
    align(&texts(s), &texts(d)).into_iter().filter_map(move |step| match step {
        Step::Same(..) => None,
        Step::First(at) => Some(&s[at]),
        Step::Second(at) => Some(&d[at]),
    })
}

impl Rule {
    fn boxes(&self) -> impl Iterator<Item = &Packets> {
        self.parts.iter().flat_map(|(boxes, _)| boxes)
    }
}

impl Packets {
    /// The same packets with one field narrowed; `None` if none are left.
    pub(crate) fn with(mut self, field: usize, ranges: Ranges) -> Option<Self> {
        let narrowed = match &self.fields[field] {
            Some(own) => meet(own, &ranges),
            None => ranges,
        };
        if narrowed.is_empty() {
            return None;
        }
        self.fields[field] = Some(narrowed);
        Some(self)
    }

    /// The packets of both.
    pub(crate) fn and(&self, other: &Self) -> Option<Self> {
        let mut both = Self::default();
        for field in 0..FIELDS {
            both.fields[field] = match (&self.fields[field], &other.fields[field]) {
                (None, one) | (one, None) => one.clone(),
                (Some(a), Some(b)) => {
                    let common = meet(a, b);
                    if common.is_empty() {
                        return None;
                    }
                    Some(common)
                }
            };
        }
        Some(both)
    }

    /// The packets of this set that the other has not, as disjoint boxes.
    fn minus(&self, other: &Self) -> Vec<Self> {
        if self.and(other).is_none() {
            return vec![self.clone()];
        }
        let mut out = vec![];
        let mut inside = self.clone();
        for (field, largest) in MAX.iter().enumerate() {
            let Some(theirs) = &other.fields[field] else { continue };
            let whole = vec![(0, *largest)];
            let own = inside.fields[field].clone().unwrap_or(whole);
            let rest = meet(&own, &outside(theirs, *largest));
            if !rest.is_empty() {
                let mut part = inside.clone();
                part.fields[field] = Some(rest);
                out.push(part);
            }
            inside.fields[field] = Some(meet(&own, theirs));
        }
        out
    }
}

/// Sorts and joins intervals.
pub(crate) fn normal(mut ranges: Ranges) -> Ranges {
    ranges.sort_unstable();
    let mut out: Ranges = vec![];
    for (low, high) in ranges {
        match out.last_mut() {
            Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
            _ => out.push((low, high)),
        }
    }
    out
}

/// What lies outside of sorted intervals.
pub(crate) fn outside(ranges: &Ranges, max: u128) -> Ranges {
    let mut out = vec![];
    let mut next = 0;
    for (low, high) in ranges {
        if *low > next {
            out.push((next, low - 1));
        }
        if *high >= max {
            return out;
        }
        next = high + 1;
    }
    out.push((next, max));
    out
}

fn meet(a: &Ranges, b: &Ranges) -> Ranges {
    let (mut i, mut j) = (0, 0);
    let mut out = vec![];
    while i < a.len() && j < b.len() {
        let (low, high) = (a[i].0.max(b[j].0), a[i].1.min(b[j].1));
        if low <= high {
            out.push((low, high));
        }
        if a[i].1 < b[j].1 { i += 1 } else { j += 1 }
    }
    out
}

/// Joins boxes that differ in one field, so that a report is short.
fn join(mut boxes: Vec<Packets>) -> Vec<Packets> {
    const MANY: usize = 100;
    if boxes.len() > MANY {
        return boxes;
    }
    loop {
        let pair = (0..boxes.len()).find_map(|i| {
            (i + 1..boxes.len()).find_map(|j| one_field(&boxes[i], &boxes[j]).map(|joined| (i, j, joined)))
        });
        let Some((i, j, joined)) = pair else { return boxes };
        boxes.remove(j);
        boxes[i] = joined;
    }
}

fn one_field(a: &Packets, b: &Packets) -> Option<Packets> {
    let differing: Vec<usize> = (0..FIELDS).filter(|field| a.fields[*field] != b.fields[*field]).collect();
    match differing.as_slice() {
        [] => Some(a.clone()),
        [field] => {
            let mut joined = a.clone();
            joined.fields[*field] = match (&a.fields[*field], &b.fields[*field]) {
                (Some(x), Some(y)) => Some(normal(x.iter().chain(y).copied().collect()))
                    .filter(|all| *all != [(0, MAX[*field])]),
                _ => None,
            };
            Some(joined)
        }
        _ => None,
    }
}

impl Effect {
    pub(crate) fn is_none(&self) -> bool {
        self.opens.is_empty() && self.closes.is_empty() && !self.unknown
    }

    /// Newly permitted is the worst, and so is what nobody can tell.
    pub(crate) fn class(&self) -> Class {
        if self.unknown || !self.opens.is_empty() { Class::Path } else { Class::Data }
    }

    /// In words.
    pub(crate) fn meaning(&self) -> String {
        let mut parts = vec![];
        for (what, boxes) in [("newly permitted", &self.opens), ("newly denied", &self.closes)] {
            const SHOWN: usize = 3;
            if boxes.is_empty() {
                continue;
            }
            // Many small boxes are one wide one with holes: what decided otherwise before.
            let wide: Vec<Packets> = self
                .about
                .iter()
                .filter(|wide| boxes.iter().any(|one| one.and(wide).is_some()))
                .cloned()
                .collect();
            let boxes =
                if boxes.len() > 1 && !wide.is_empty() && wide.len() < boxes.len() { &wide } else { boxes };
            let shown: Vec<_> = boxes.iter().take(SHOWN).map(words).collect();
            let more = if boxes.len() > SHOWN {
                format!(" and {} more", boxes.len() - SHOWN)
            } else {
                String::new()
            };
            parts.push(format!("{what}: {}{more}", shown.join("; ")));
        }
        if self.unknown {
            parts.push("unknown: a rule that is not understood takes part".into());
        }
        if parts.is_empty() { "none".into() } else { parts.join("; ") }
    }
}

/// A box in the words of a ruleset.
fn words(packets: &Packets) -> String {
    let field = |field: usize| packets.fields[field].as_ref();
    let is_v6 = field(FAMILY) == Some(&vec![(1, 1)]);
    let mut out = vec![];
    for (number, name) in [(SOURCE, "saddr"), (TARGET, "daddr")] {
        if let Some(ranges) = field(number) {
            let family = if is_v6 { "ip6" } else { "ip" };
            out.push(format!("{family} {name} {}", list(ranges, |value| address(value, is_v6), is_v6, true)));
        }
    }
    let protocol = field(PROTOCOL).map(|ranges| list(ranges, protocol_name, false, false));
    let ports = [(SOURCE_PORT, "sport"), (PORT, "dport")];
    let mut any_port = false;
    for (number, name) in ports {
        if let Some(ranges) = field(number) {
            any_port = true;
            let protocol = protocol.clone().unwrap_or_else(|| "th".into());
            out.push(format!("{protocol} {name} {}", list(ranges, |value| value.to_string(), false, false)));
        }
    }
    if let (Some(protocol), false) = (&protocol, any_port) {
        out.push(protocol.clone());
    }
    if let Some(ranges) = field(ICMP) {
        out.push(format!("type {}", list(ranges, |value| value.to_string(), false, false)));
    }
    if let Some(ranges) = field(STATE) {
        const NAMES: [&str; 5] = ["new", "established", "related", "invalid", "untracked"];
        let states: Vec<_> = NAMES
            .iter()
            .enumerate()
            .filter(|(at, _)| ranges.iter().any(|range| (range.0..=range.1).contains(&(*at as u128))))
            .map(|(_, name)| *name)
            .collect();
        out.push(format!("ct state {}", states.join(",")));
    }
    if out.is_empty() {
        return if field(FAMILY).is_some() {
            if is_v6 { "all IPv6".into() } else { "all IPv4".into() }
        } else {
            "everything not matched by another rule".into()
        };
    }
    out.join(" ")
}

fn list(ranges: &Ranges, word: impl Fn(u128) -> String, is_v6: bool, addresses: bool) -> String {
    const SHOWN: usize = 4;
    let one =
        |range: &(u128, u128)| match (range.0 == range.1, addresses.then(|| prefix(*range, is_v6)).flatten())
        {
            (true, _) => word(range.0),
            (false, Some(length)) => format!("{}/{length}", word(range.0)),
            (false, None) => format!("{}-{}", word(range.0), word(range.1)),
        };
    let mut parts: Vec<String> = ranges.iter().take(SHOWN).map(one).collect();
    if ranges.len() > SHOWN {
        parts.push(format!("{} more", ranges.len() - SHOWN));
    }
    if parts.len() == 1 { parts.remove(0) } else { format!("{{ {} }}", parts.join(", ")) }
}

/// The length of the prefix that a range is, if it is one.
fn prefix((low, high): (u128, u128), is_v6: bool) -> Option<u32> {
    let bits = if is_v6 { 128 } else { 32 };
    let high = if !is_v6 && high > u128::from(u32::MAX) { u128::from(u32::MAX) } else { high };
    let size = high - low;
    (size.checked_add(1).is_none_or(u128::is_power_of_two) && low & size == 0)
        .then(|| bits - (128 - size.leading_zeros()))
}

fn address(value: u128, is_v6: bool) -> String {
    match u32::try_from(value) {
        Ok(value) if !is_v6 => Ipv4Addr::from(value).to_string(),
        _ if is_v6 => Ipv6Addr::from(value).to_string(),
        _ => "255.255.255.255".into(),
    }
}

/// Protocols by name.
const PROTOCOLS: &[(&str, u8)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("tcp", 6),
    ("udp", 17),
    ("dccp", 33),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmpv6", 58),
    ("ipv6-icmp", 58),
    ("eigrp", 88),
    ("ospf", 89),
    ("pim", 103),
    ("vrrp", 112),
    ("sctp", 132),
    ("udplite", 136),
];

pub(crate) fn protocol(name: &str) -> Option<u128> {
    let known = PROTOCOLS.iter().find(|(known, _)| *known == name).map(|(_, number)| u128::from(*number));
    known.or_else(|| name.parse::<u8>().ok().map(u128::from))
}

pub(crate) fn protocol_name(number: u128) -> String {
    PROTOCOLS
        .iter()
        .find(|(_, known)| u128::from(*known) == number)
        .map_or_else(|| number.to_string(), |(name, _)| (*name).to_owned())
}

/// Services by name, as /etc/services and routers call them.
const SERVICES: &[(&str, u16)] = &[
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("http", 80),
    ("www", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("sunrpc", 111),
    ("ntp", 123),
    ("epmap", 135),
    ("netbios-ns", 137),
    ("netbios-dgm", 138),
    ("netbios-ssn", 139),
    ("imap2", 143),
    ("imap", 143),
    ("snmp", 161),
    ("snmp-trap", 162),
    ("snmptrap", 162),
    ("iso-tsap", 102),
    ("bgp", 179),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("isakmp", 500),
    ("mbap", 502),
    ("syslog", 514),
    ("printer", 515),
    ("ldaps", 636),
    ("domain-s", 853),
    ("imaps", 993),
    ("pop3s", 995),
    ("openvpn", 1194),
    ("ms-sql-s", 1433),
    ("ms-sql-m", 1434),
    ("radius", 1812),
    ("radius-acct", 1813),
    ("mqtt", 1883),
    ("nfs", 2049),
    ("mysql", 3306),
    ("ms-wbt-server", 3389),
    ("sip", 5060),
    ("sip-tls", 5061),
    ("mdns", 5353),
    ("postgresql", 5432),
    ("amqp", 5672),
    ("syslog-tls", 6514),
    ("http-alt", 8080),
    ("secure-mqtt", 8883),
    ("tacacs", 49),
    ("non500-isakmp", 4500),
    ("ipsec-nat-t", 4500),
    ("echo", 7),
    ("discard", 9),
    ("daytime", 13),
    ("time", 37),
    ("login", 513),
    ("cmd", 514),
    ("exec", 512),
];

pub(crate) fn service(name: &str) -> Option<u128> {
    let known = SERVICES.iter().find(|(known, _)| *known == name).map(|(_, number)| u128::from(*number));
    known.or_else(|| name.parse::<u16>().ok().map(u128::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str, source: (u128, u128), port: (u128, u128), action: Action) -> Rule {
        let packets = Packets::default()
            .with(SOURCE, vec![source])
            .and_then(|p| p.with(PORT, vec![port]))
            .expect("some");
        Rule { text: text.into(), parts: vec![(vec![packets], action)] }
    }

    fn effect(s: Vec<Rule>, d: Vec<Rule>) -> Effect {
        let (s, d) = (Chains::from([("c".to_owned(), s)]), Chains::from([("c".to_owned(), d)]));
        let side = |chains| Side { chains, chain: "c", policy: Some(false) };
        compare(side(&s), side(&d))
    }

    #[test]
    fn order_matters_only_where_rules_meet() {
        let a = rule("a", (1, 5), (1, 10), Action::Accept);
        let b = rule("b", (6, 9), (1, 10), Action::Deny);
        let c = rule("c", (4, 7), (5, 5), Action::Deny);
        assert!(effect(vec![a.clone(), b.clone()], vec![b.clone(), a.clone()]).is_none());
        let effect = effect(vec![a.clone(), c.clone()], vec![c, a]);
        assert_eq!((effect.opens.len(), effect.closes.len()), (0, 1));
        assert_eq!(effect.closes[0].fields[SOURCE], Some(vec![(4, 5)]));
    }

    #[test]
    fn a_rule_in_two_parts_is_the_same() {
        let whole = rule("w", (1, 8), (1, 10), Action::Accept);
        let parts =
            vec![rule("x", (1, 4), (1, 10), Action::Accept), rule("y", (3, 8), (1, 10), Action::Accept)];
        assert!(effect(vec![whole.clone()], parts).is_none());
        let unknown = Rule { text: "u".into(), parts: vec![(vec![Packets::default()], Action::Unknown)] };
        assert!(effect(vec![unknown.clone(), whole.clone()], vec![unknown.clone(), whole.clone()]).is_none());
        assert!(effect(vec![whole.clone()], vec![unknown, whole]).unknown);
    }
}
