//! The engine against the plainest possible one: each packet of a small world walked through the rules one by one,
//! for every answer to every doubt.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const PLACES: u8 = 6;
const DOUBTS: u32 = 3;

/// A rule of the small world: destinations, ports, a doubt, what is done.
#[derive(Debug, Clone)]
struct Small {
    to: (u8, u8),
    ports: (u8, u8),
    doubt: Option<u32>,
    does: u8,
}

fn small() -> impl Strategy<Value = Small> {
    let span = || (0..PLACES, 0..PLACES).prop_map(|(a, b)| (a.min(b), a.max(b)));
    (span(), span(), prop::option::weighted(0.2, 0..DOUBTS), 0..9u8)
        .prop_map(|(to, ports, doubt, does)| Small { to, ports, doubt, does })
}

/// Three chains; a rule may jump only to later ones.
fn rulesets() -> impl Strategy<Value = Vec<Vec<Small>>> {
    prop::collection::vec(prop::collection::vec(small(), 0..6), 3..=3)
}

fn action(does: u8, chain: usize) -> Action {
    match does {
        0..=2 => Action::Accept,
        3..=5 => Action::Deny,
        7 if chain < 2 => Action::Jump(format!("c{}", chain + 1)),
        8 if chain < 2 => Action::Goto("c2".into()),
        _ => Action::Return,
    }
}

fn build(chains: &[Vec<Small>]) -> Ruleset {
    let mut ruleset = Ruleset::default();
    for (number, rules) in chains.iter().enumerate() {
        // A doubt is the same on both sides by its words, and met once in a chain.
        let mut met = BTreeSet::new();
        let rules = rules.iter().map(|small| {
            let region = Region::all()
                .with(Field::Destination, &Ranges::span(small.to.0, small.to.1))
                .and_then(|region| region.with(Field::Port, &Ranges::span(small.ports.0, small.ports.1)))
                .unwrap();
            let doubt = small.doubt.filter(|doubt| met.insert(*doubt)).map(|doubt| doubt.to_string());
            let part = Part { regions: vec![region], doubt, action: action(small.does, number) };
            Rule { line: 1, text: String::new(), parts: vec![part] }
        });
        ruleset.chains.insert(format!("c{number}"), rules.collect());
    }
    ruleset
}

/// `None`: nothing was decided.
fn walk(ruleset: &Ruleset, chain: &str, packet: &Region, answers: u32) -> Option<Verdict> {
    for part in ruleset.chains[chain].iter().flat_map(|rule| &rule.parts) {
        let place = |words: &str| chain[1..].parse::<u32>().unwrap() * DOUBTS + words.parse::<u32>().unwrap();
        let holds = part.doubt.as_deref().is_none_or(|words| answers >> place(words) & 1 == 1);
        if !holds || !part.regions.iter().any(|region| region.covers(packet)) {
            continue;
        }
        match &part.action {
            Action::Accept => return Some(Verdict::Accept),
            Action::Deny => return Some(Verdict::Deny),
            Action::Return => return None,
            Action::Goto(target) => return walk(ruleset, target, packet, answers),
            Action::Jump(target) => {
                if let Some(decided) = walk(ruleset, target, packet, answers) {
                    return Some(decided);
                }
            }
            Action::Unknown => unreachable!("the small world knows everything"),
        }
    }
    None
}

fn packets() -> impl Iterator<Item = Region> {
    (0..PLACES).flat_map(|to| (0..PLACES).map(move |port| (to, port))).map(|(to, port)| {
        let region = Region::all().with(Field::Destination, &Ranges::one(to)).unwrap();
        region.with(Field::Port, &Ranges::one(port)).unwrap()
    })
}

fn all_answers(ruleset: &Ruleset, packet: &Region, default: Verdict) -> Vec<Verdict> {
    (0..1 << (3 * DOUBTS)).map(|answers| walk(ruleset, "c0", packet, answers).unwrap_or(default)).collect()
}

/// The first value of each field.
fn values(packet: &Region) -> [u128; FIELDS] {
    ALL.map(|field| packet.get(field).map_or(0, |ranges| ranges.intervals()[0].0))
}

fn has(changes: &[Change], packet: &Region) -> bool {
    changes.iter().any(|change| change.packets.covers(packet))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn differences_are_those_of_a_walk_packet_by_packet(one in rulesets(), two in rulesets(), edit in prop::option::of(0usize..3)) {
        // Half of the time the second is the first with one chain replaced: what drift looks like.
        let two = match edit {
            Some(chain) => one.iter().enumerate().map(|(at, rules)| if at == chain { two[at].clone() } else { rules.clone() }).collect(),
            None => two,
        };
        let (s, d) = (build(&one), build(&two));
        let gates = [Gate::of_all("c0", Verdict::Deny)];
        let (s_side, d_side) = (Side { ruleset: &s, gates: &gates }, Side { ruleset: &d, gates: &gates });
        let found = difference(s_side, d_side, None);
        prop_assert!(!found.given_up && !found.coarse);
        let sieve = Sieve::new(d_side).unwrap();
        for packet in packets() {
            let (before, after) = (all_answers(&s, &packet, Verdict::Deny), all_answers(&d, &packet, Verdict::Deny));
            let only = |all: &[Verdict], verdict| all.iter().all(|one| *one == verdict);
            let opens = only(&before, Verdict::Deny) && only(&after, Verdict::Accept);
            let closes = only(&before, Verdict::Accept) && only(&after, Verdict::Deny);
            let undetermined = !opens && !closes && before != after;
            prop_assert_eq!(has(&found.opens, &packet), opens, "opens {:?}", &packet);
            prop_assert_eq!(has(&found.closes, &packet), closes, "closes {:?}", &packet);
            prop_assert_eq!(has(&found.undetermined, &packet), undetermined, "undetermined {:?}", &packet);
            // The rule that is named is one that matches, and decides so.
            for change in found.opens.iter().filter(|change| change.packets.covers(&packet)) {
                for by in &change.deployed {
                    let by = &d.chains[&by.chain][by.number - 1].parts[0];
                    prop_assert!(by.action == Action::Accept && by.regions[0].covers(&packet));
                }
                prop_assert!(!change.deployed.is_empty());
            }
            let all: BTreeSet<Verdict> = after.into_iter().collect();
            prop_assert_eq!(sieve.verdicts(&values(&packet)), all.into_iter().collect::<Vec<_>>());
        }
        prop_assert_eq!(!difference(d_side, s_side, None).opens.is_empty(), !found.closes.is_empty());
    }
}

/// What a ruleset says of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Accept,
    Deny,
    Unknown,
}

/// Asks about a packet such as `established port3 tcp 10.0.0.1 10.0.0.2 443`; for ICMP the number is the type.
pub(super) fn ask(side: Side<'_>, packet: &str) -> Ask {
    let mut values = [0u128; FIELDS];
    let mut words: Vec<&str> = packet.split(' ').collect();
    if words[0] == "established" {
        values[Field::State.place()] = 1;
        words.remove(0);
    }
    if words.len() == 5 {
        values[Field::In.place()] = super::words::interface(words.remove(0));
    }
    let [protocol, source, target, port] = words.as_slice() else { panic!("{packet}") };
    let number = |text: &str| match text.parse().unwrap() {
        std::net::IpAddr::V4(address) => (0, u128::from(u32::from(address))),
        std::net::IpAddr::V6(address) => (1, u128::from(address)),
    };
    (values[Field::Family.place()], values[Field::Source.place()]) = number(source);
    values[Field::Destination.place()] = number(target).1;
    let is_v6 = values[Field::Family.place()] == 1;
    let protocol = if *protocol == "icmp" && is_v6 { "icmpv6" } else { protocol };
    values[Field::Protocol.place()] = names::protocol(protocol).unwrap().into();
    values[Field::Port.place()] = port.parse().unwrap();
    values[Field::SourcePort.place()] = if protocol.starts_with("icmp") { 0 } else { 40_000 };
    match Sieve::new(side).unwrap().verdicts(&values).as_slice() {
        [Verdict::Accept] => Ask::Accept,
        [Verdict::Deny] => Ask::Deny,
        _ => Ask::Unknown,
    }
}

/// Texts of every language, to be cut and mixed.
const TEXTS: [&str; 4] = [
    include_str!("../../tests/packets/rules/plant.nft"),
    include_str!("../../tests/packets/rules/parts.nft"),
    "object-group network A\n group-object B\n 10.0.0.0 255.0.0.0\nip access-list extended X\n 10 permit tcp object-group A range 1 9 host 10.0.0.1 eq www established log\n deny ip any any\naccess-list Y extended permit object-group S any4 object O inactive\n",
    "config firewall address\nedit \"a b\"\nset subnet 10.0.0.0/8\nnext\nend\nconfig firewall policy\nedit 1\nset srcintf \"any\"\nset dstintf \"any\"\nset srcaddr \"a b\"\nset dstaddr \"all\"\nset service \"ALL\"\nnext\nmove 1 after 1\nend\n",
];

/// Reads a text in every language and compares it with itself.
fn read_as_everything(text: &str) {
    let itself = |ruleset: &Ruleset, gates: &[Gate]| {
        let side = Side { ruleset, gates };
        assert!(difference(side, side, None).is_none(), "{text}");
        let _ = Sieve::new(side);
        let _ = shadowed(side);
    };
    if let Ok(found) = nft::read(text) {
        itself(&found.ruleset, &found.gates("forward"));
    }
    for dialect in [cisco::Dialect::Ios, cisco::Dialect::Asa] {
        let lists = cisco::read(text, dialect);
        for chain in lists.ruleset.chains.keys() {
            itself(&lists.ruleset, &[lists.gate(chain).unwrap()]);
        }
    }
    if let Ok(policies) = fortios::read(text) {
        for chain in policies.chains() {
            itself(&policies.ruleset, &[policies.gate(chain)]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_makes_a_reader_panic_or_hang(which in 0..TEXTS.len(), other in 0..TEXTS.len(), cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..8)) {
        let mut words: Vec<String> = TEXTS[which].split_inclusive([' ', '\n', '\t']).map(str::to_owned).collect();
        let more: Vec<&str> = TEXTS[other].split_inclusive([' ', '\n', '\t']).collect();
        for (from, to, what) in &cuts {
            let (from, to) = (from.index(words.len()), to.index(words.len()));
            match what.index(4) {
                0 => words.swap(from, to),
                1 => words[from] = more[to % more.len()].to_owned(),
                2 => words[from].clear(),
                _ => words.insert(from, words[to].clone()),
            }
        }
        read_as_everything(&words.concat());
    }

    #[test]
    fn no_bytes_make_a_reader_panic(text in "[ -~\n\t{};,.:/!\"\\\\é0-9]{0,200}") {
        read_as_everything(&text);
    }
}

fn rule(to: (u32, u32), action: Action) -> Rule {
    let region = Region::all().with(Field::Destination, &Ranges::span(to.0, to.1)).unwrap();
    Rule::simple(1, "", vec![region], action)
}

fn list(rules: Vec<Rule>) -> Ruleset {
    let mut ruleset = Ruleset::default();
    ruleset.chains.insert("list".into(), rules);
    ruleset
}

#[test]
fn a_packet_passes_two_gates_only_if_it_passes_both() {
    let mut ruleset = list(vec![rule((1, 5), Action::Deny)]);
    ruleset.chains.insert("second".into(), vec![rule((5, 9), Action::Deny)]);
    let both = [Gate::of_all("list", Verdict::Accept), Gate::of_all("second", Verdict::Accept)];
    let one = [Gate::of_all("list", Verdict::Accept)];
    let found =
        difference(Side { ruleset: &ruleset, gates: &both }, Side { ruleset: &ruleset, gates: &one }, None);
    assert_eq!(found.opens.len(), 1);
    assert_eq!(found.opens[0].packets.get(Field::Destination), Some(&Ranges::span(6u8, 9u8)));
}

#[test]
fn a_rule_behind_the_union_of_others_is_shadowed() {
    let rules = vec![
        rule((1, 5), Action::Accept),
        rule((6, 9), Action::Deny),
        rule((3, 8), Action::Accept),
        rule((3, 10), Action::Accept),
    ];
    let ruleset = list(rules);
    let gates = [Gate::of_all("list", Verdict::Deny)];
    let found = shadowed(Side { ruleset: &ruleset, gates: &gates }).unwrap();
    assert_eq!(found.iter().map(|by| by.number).collect::<Vec<_>>(), [3]);
}

#[test]
fn a_chain_that_is_not_there_or_calls_itself_is_never_understood() {
    for target in ["nowhere", "list"] {
        let ruleset = list(vec![rule((1, 5), Action::Jump(target.into()))]);
        let gates = [Gate::of_all("list", Verdict::Deny)];
        let packet = Region::all().with(Field::Destination, &Ranges::one(3u8)).unwrap();
        assert_eq!(
            Sieve::new(Side { ruleset: &ruleset, gates: &gates }).unwrap().verdicts(&values(&packet)).len(),
            2,
            "{target}"
        );
    }
}

#[test]
fn what_grows_beyond_all_bounds_is_given_up() {
    // Ranges in four dimensions, all overlapping, verdicts alternating: as bad as rules can be.
    let mut seed = 7u64;
    let mut next = |most: u128| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u128::from(seed >> 20) % most
    };
    let mut rules = |count: usize| -> Ruleset {
        let rules = (0..count).map(|at| {
            let mut region = Region::all();
            for field in [Field::Source, Field::Destination, Field::Port, Field::SourcePort] {
                let (a, b) = (next(65535), next(65535));
                region = region.with(field, &Ranges::span(a.min(b), a.max(b))).unwrap();
            }
            Rule::simple(1, "", vec![region], if at % 2 == 0 { Action::Accept } else { Action::Deny })
        });
        list(rules.collect())
    };
    let (s, d) = (rules(900), rules(900));
    let gates = [Gate::of_all("list", Verdict::Deny)];
    let found = difference(Side { ruleset: &s, gates: &gates }, Side { ruleset: &d, gates: &gates }, None);
    assert!(found.given_up && found.is_unknown() && !found.is_none());
}
