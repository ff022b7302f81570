//! `opened-too-wide`: a rendered firewall that lets in more than any flow needs.
//!
//! What a device of the model forwards is compared with its flows exactly (`output-mismatch`), and a flow that is wide
//! itself has rules of its own. Left are what nobody compares: what may reach the firewall itself, and what is
//! forwarded by a firewall that no device of the model stands for.

use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::model::Kind;
use crate::packets::firewall::{self, Firewall, Language};
use crate::packets::words::{Names, interface};
use crate::packets::{
    Action, Change, Field, Gate, IPV4, NEW, Ranges, Region, Ruleset, Side, Verdict, difference, nft,
};
use crate::resolve::plan::Flow;
use crate::resolve::traffic;
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule {
    name: "opened-too-wide",
    level: Level::Warning,
    soft: true,
    what: "A rendered firewall that lets anyone reach the firewall itself, or forwards what no flow asks for.",
    why: "A rule without a source is open to whatever is plugged in next, and no decision covers it.",
    instead: "Name source, destination and port in the rule, or model the device, so that its flows write the rules.",
    see: "IEC 62443-3-3 SR 5.2 and SR 7.7",
    check: Check::File(check),
};

/// Ports by which a machine asks for its address, before anybody has one: DHCP for IPv4 and IPv6.
const ADDRESSING: [u16; 4] = [67, 68, 546, 547];
/// More ports than a service needs.
const PORTS: u128 = 100;

fn check(_: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    let language = Language::of_syntax(file.syntax).filter(|_| file.file.kind == Kind::Firewall);
    let Some(language) = language else { return };
    let names = traffic::names(&[file.plan]);
    // What may reach the device itself stands in the same file only in nftables.
    if language == Language::Nft
        && let Ok(read) = nft::read(&file.file.text)
    {
        let judge = Judge { file, names: &names, ruleset: &read.ruleset };
        judge.opened(&read.gates("input"), &flows(&[], language), to_itself, found);
    }
    // A file that cannot be read has its own finding.
    if !is_modelled(file)
        && let Ok(Firewall { ruleset, lists, .. }) = firewall::read(language, &file.file.text)
    {
        // A site sees its lines' flows only where its devices enforce them: none stand here for comparing.
        let own = if file.plan.address.line.is_some() { file.plan.flows.as_slice() } else { &[] };
        let why: Why = if own.is_empty() { forwarded } else { beyond_flows };
        let judge = Judge { file, names: &names, ruleset: &ruleset };
        let flows = flows(own, language);
        // Chains of nftables and policies are met one after the other, lists each at its own interface.
        let one_by_one = matches!(language, Language::Ios | Language::Asa);
        let together = lists.len().max(1);
        lists
            .chunks(if one_by_one { 1 } else { together })
            .for_each(|gates| judge.opened(gates, &flows, why, found));
    }
}

/// Whether a device of the model stands for the file: its flows judge what it forwards.
fn is_modelled(file: &Rendered<'_>) -> bool {
    let own = file.plan.own_devices.iter().filter_map(|id| file.plan.devices.get(id));
    own.into_iter().any(|device| device.output.as_deref() == Some(&file.file.output))
}

/// What flows ask for, with the answers where a device has no memory for them.
fn flows(flows: &[Flow], language: Language) -> Ruleset {
    let packets = |flow| {
        let answers = if language.is_stateful() { vec![] } else { traffic::answers(flow) };
        traffic::packets(flow).into_iter().chain(answers).collect()
    };
    let rule = |flow| crate::packets::Rule::simple(0, "flow", packets(flow), Action::Accept);
    let mut ruleset = Ruleset::default();
    ruleset.chains.insert("flows".into(), flows.iter().map(rule).collect());
    ruleset
}

/// Says why some packets should not pass, if they should not.
type Why = fn(&Region) -> Option<&'static str>;

struct Judge<'a> {
    file: &'a Rendered<'a>,
    names: &'a Names,
    ruleset: &'a Ruleset,
}

impl Judge<'_> {
    /// Finds what first packets pass some gates and are not among those of the flows, rule by rule.
    fn opened(&self, gates: &[Gate], flows: &Ruleset, why: Why, found: &mut Vec<Finding>) {
        // A file without such a chain says nothing of these packets.
        if gates.is_empty() {
            return;
        }
        // Of what does not come by a list it says nothing: of IPv6 a list of IPv4.
        let mut first = if let [one] = gates { one.sees.clone() } else { Region::all() };
        first.set(Field::State, Ranges::one(NEW));
        let nothing = [Gate::of_all("flows", Verdict::Deny)];
        let opened = difference(
            Side { ruleset: flows, gates: &nothing },
            Side { ruleset: self.ruleset, gates },
            Some(&first),
        );
        if opened.given_up {
            let message = format!("nobody can tell whether `{}` opens too much", self.file.file.path);
            found.push(self.file.owned(RULE.found(message).at(Place::line(&self.file.text(), 1))));
            return;
        }
        let mut said: BTreeMap<u32, String> = BTreeMap::new();
        for (changes, verb) in [(&opened.opens, "lets through"), (&opened.undetermined, "may let through")] {
            for change in changes {
                let Some(why) = why(&change.packets) else { continue };
                let line = change.deployed.first().map_or(0, |rule| rule.line);
                let words = || format!("{verb} {} {why}", self.names.packets(&wide(change)));
                said.entry(line).or_insert_with(words);
            }
        }
        let text = self.file.text();
        for (line, words) in said {
            let which = if line == 0 { "its policy ".to_owned() } else { format!("line {line} ") };
            let message = format!("`{}`: {which}{words}", self.file.file.path);
            found.push(self.file.owned(RULE.found(message).at(Place::line(&text, line.max(1)))));
        }
    }
}

/// The packets of the rule that decides, without the state: shorter to say.
fn wide(change: &Change) -> Region {
    let mut region = match change.rule.as_slice() {
        [one] => one.clone(),
        _ => change.packets.clone(),
    };
    region.set(Field::State, Ranges::span(0u8, 4u8));
    region
}

/// What reaches the firewall itself from anywhere.
fn to_itself(packets: &Region) -> Option<&'static str> {
    (is_any(packets, Field::Source) && is_any(packets, Field::In) && !is_harmless(packets))
        .then_some("to the firewall itself, from anywhere")
}

/// What a firewall forwards, without flows to compare it with.
fn forwarded(packets: &Region) -> Option<&'static str> {
    let open = |end: Field, by: Field| is_any(packets, end) && is_any(packets, by);
    if is_harmless(packets) {
        None
    } else if open(Field::Source, Field::In) {
        Some("from anywhere")
    } else if open(Field::Destination, Field::Out) {
        Some("to anywhere")
    } else if is_wide(packets) {
        Some("on more ports than a service needs")
    } else {
        None
    }
}

fn beyond_flows(packets: &Region) -> Option<&'static str> {
    (!is_harmless(packets)).then_some("and no flow of the line asks for it")
}

/// Whether most addresses of a family, or most interfaces, are meant: a rule before may have decided some.
fn is_any(packets: &Region, field: Field) -> bool {
    let Some(ranges) = packets.get(field) else { return true };
    let is_address = matches!(field, Field::Source | Field::Destination);
    let is_v4 = is_address && packets.get(Field::Family).and_then(Ranges::single) == Some(IPV4.into());
    let last = if is_v4 { u128::from(u32::MAX) } else { u128::MAX };
    let width = |(low, high): &(u128, u128)| (*high).min(last).saturating_sub(*low);
    let covered = ranges.intervals().iter().map(width).fold(0, u128::saturating_add);
    covered >= last / 2
}

/// Errors and neighbours (ICMP), addresses (DHCP), and what a machine says to itself.
fn is_harmless(packets: &Region) -> bool {
    let only = |field: Field, allowed: &[u16]| {
        packets.get(field).is_some_and(|ranges| {
            let is_allowed = |(low, high): &(u128, u128)| {
                low == high && allowed.iter().any(|value| u128::from(*value) == *low)
            };
            ranges.intervals().iter().all(is_allowed)
        })
    };
    let is_loop = packets.get(Field::In).and_then(Ranges::single).is_some_and(|name| name == interface("lo"));
    let addressing = only(Field::Protocol, &[17]) && only(Field::Port, &ADDRESSING);
    is_loop || only(Field::Protocol, &[1, 58]) || addressing
}

/// Whether a rule asks for no protocol, or for more ports than a service has.
fn is_wide(packets: &Region) -> bool {
    let Some(protocols) = packets.get(Field::Protocol) else { return true };
    let has_ports = protocols.intervals().iter().any(|(low, high)| *low <= 17 && *high >= 6);
    let count = |ranges: &Ranges| ranges.intervals().iter().map(|(low, high)| high - low + 1).sum::<u128>();
    has_ports && packets.get(Field::Port).is_none_or(|ports| count(ports) > PORTS)
}
