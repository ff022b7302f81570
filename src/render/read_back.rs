//! Firewalls read back: what was rendered must let through what the plan's flows say, on every device and in every
//! family, and nothing else.
//!
//! Where a device tracks connections, first packets are compared: answers follow. Where it does not, the answers are
//! part of what the flows say. Lists that do not ask by which interface a packet leaves are compared without it.

use crate::finding::{Finding, Place};
use crate::model::Kind;
use crate::packets::firewall::{self, Firewall, Language};
use crate::packets::words::interface;
use crate::packets::{
    Action, Decider, Difference, Field, Gate, IPV6, NEW, Ranges, Region, Rule, Ruleset, Side, Verdict,
    difference, shadowed,
};
use crate::resolve::plan::{Device, Flow, Output, Plan, Zone};
use crate::resolve::traffic;

/// Reads a file back, if it is a device's of the model in a language that is read: finds what it lets through other
/// than the flows say, and rules that never decide.
pub(super) fn check(
    plan: &Plan,
    lines: &[Plan],
    output: &Output,
    kind: Kind,
    syntax: &str,
    path: &str,
    text: &str,
) -> Vec<Finding> {
    let own = devices(plan, output);
    let language = Language::of_syntax(syntax).filter(|_| kind == Kind::Firewall && !own.is_empty());
    let Some(language) = language else { return vec![] };
    let document = &plan.standard.blueprint.document;
    let place = || Place::value(document, &output.pointer);
    let owner = plan.standard.blueprint.model.owner.to_string();
    let found = match firewall::read(language, text) {
        Ok(found) => found,
        Err(why) => {
            let message = format!("`{path}` cannot be read back: {} at line {}", why.message, why.line);
            let next = "correct the template";
            return vec![Finding::error("output-mismatch", message).at(place()).next(next).owned_by(owner)];
        }
    };
    let intended = model(plan, lines, &own, language);
    let mismatch = mismatch(&intended, &found, &seen(&own, language)).map(|what| {
        let what = words(plan, lines, &what);
        let message = format!("`{path}`, read back, is not what the flows say: {what}");
        let next =
            "correct the template, so that it writes the flows of its device and drops everything else";
        Finding::error("output-mismatch", message).at(place()).next(next).owned_by(owner.clone())
    });
    let unbound = unbound(&own, language).map(|device| {
        let message = format!("`{path}` closes nothing: device `{device}` names no interface");
        let next = format!("say by which interface each zone is reached: `interfaces` of `{device}`");
        Finding::error("output-mismatch", message).at(place()).next(next).owned_by(owner.clone())
    });
    let notes = silent(&found, &intended).into_iter().map(|rule| {
        let message = format!(
            "`{path}`, line {}: no packet comes to this rule that others did not decide: `{}`",
            rule.line, rule.text
        );
        let next = "remove the flow, or narrow the one before it";
        Finding::warning("shadowed-rule", message).at(place()).next(next).owned_by(owner.clone())
    });
    mismatch.into_iter().chain(unbound).chain(notes).collect()
}

/// What a firewall decides otherwise than the flows.
fn mismatch(intended: &Intended, found: &Firewall, seen: &Region) -> Option<Difference> {
    let gates = [Gate::of_all(FLOWS, Verdict::Deny)];
    let difference = difference(
        Side { ruleset: &intended.ruleset, gates: &gates },
        Side { ruleset: &found.ruleset, gates: &found.gates },
        Some(seen),
    );
    (!difference.is_none()).then_some(difference)
}

fn words(plan: &Plan, lines: &[Plan], found: &Difference) -> String {
    let plans: Vec<&Plan> = std::iter::once(plan).chain(lines).collect();
    traffic::names(&plans).sentence(found, FLOWS)
}

/// The devices that an output configures.
fn devices<'p>(plan: &'p Plan, output: &Output) -> Vec<&'p Device> {
    // A line knows its site's devices as well, and their outputs may have the same name.
    let configures = |device: &&Device| {
        device.output.as_deref() == Some(&output.id) && plan.own_devices.contains(&device.id)
    };
    plan.devices.values().filter(configures).collect()
}

/// A device whose lists are bound to interfaces, and that names none.
fn unbound<'p>(own: &[&'p Device], language: Language) -> Option<&'p str> {
    let lacks = |device: &&&Device| language == Language::Ios && device.interfaces.is_empty();
    own.iter().find(lacks).map(|device| device.id.as_str())
}

/// The packets that are compared.
fn seen(own: &[&Device], language: Language) -> Region {
    let mut seen = Region::all();
    if language.is_stateful() {
        seen.set(Field::State, Ranges::one(NEW));
    } else {
        // Lists stand at interfaces; of others nothing is said.
        let names = own.iter().flat_map(|device| device.interfaces.values());
        let ways = names.fold(Ranges::default(), |all, name| all.join(&Ranges::one(interface(name))));
        seen.set(Field::In, ways);
    }
    seen
}

const FLOWS: &str = "flows";

/// What an output's devices are to let through.
struct Intended {
    ruleset: Ruleset,
    /// Answers, where a device lets them back by rules of their own.
    answers: Vec<Region>,
}

/// The flows that an output's devices enforce, as rules.
fn model(plan: &Plan, lines: &[Plan], own: &[&Device], language: Language) -> Intended {
    // Nothing reaches an isolated zone, whatever a flow says.
    let is_closed = |zone: &Zone| zone.isolated || zone.purdue.as_str() == Some("safety");
    let closed = |id: &str| plan.zones.get(id).is_some_and(is_closed);
    let flows = plan.flows.iter().chain(lines.iter().flat_map(|line| &line.flows));
    let (mut rules, mut answers) = (vec![], vec![]);
    for flow in flows.filter(|flow| !closed(&flow.from.zone) && !closed(&flow.to.zone)) {
        let by = |device: &String| own.iter().find(|own| own.id == *device);
        let Some(device) = flow.devices.iter().find_map(by) else { continue };
        rules.push(rule(flow, traffic::packets_at(flow, device), language));
        if !language.is_stateful() {
            let back = rule(flow, traffic::answers_at(flow, device), language);
            answers.extend(back.parts.iter().flat_map(|part| &part.regions).cloned().map(anywhere));
            rules.push(back);
        }
    }
    if language == Language::Ios {
        rules.push(Rule::simple(0, "neighbours", neighbours(), Action::Accept));
    }
    let mut ruleset = Ruleset::default();
    ruleset.chains.insert(FLOWS.into(), rules);
    Intended { ruleset, answers }
}

fn rule(flow: &Flow, mut regions: Vec<Region>, language: Language) -> Rule {
    if !language.asks_way_out() {
        let anywhere = Ranges::span(0u8, Field::Out.largest());
        regions.iter_mut().for_each(|region| region.set(Field::Out, anywhere.clone()));
    }
    Rule::simple(0, format!("flow {}", flow.key), regions, Action::Accept)
}

/// A list does not say where it is bound.
fn anywhere(mut region: Region) -> Region {
    region.set(Field::In, Ranges::span(0u8, Field::In.largest()));
    region
}

/// What finds neighbours in IPv6 (RFC 4861); a list at an interface that stops it stops everything.
fn neighbours() -> Vec<Region> {
    let mut region = Region::all();
    region.set(Field::Family, Ranges::one(IPV6));
    region.set(Field::Protocol, Ranges::one(58u8));
    region.set(Field::Port, Ranges::span(135u8, 136u8));
    vec![region]
}

/// The rules that never decide. An answer that another flow lets through as well is no mistake.
fn silent(found: &Firewall, intended: &Intended) -> Vec<Decider> {
    let is_answer = |rule: &Decider| {
        let own = found.ruleset.chains.get(&rule.chain).and_then(|rules| rules.get(rule.number - 1));
        let mut regions = own.into_iter().flat_map(|rule| &rule.parts).flat_map(|part| &part.regions);
        regions.all(|region| intended.answers.iter().any(|answer| answer.covers(region)))
    };
    let of = |gate: &Gate| {
        let side = Side { ruleset: &found.ruleset, gates: std::slice::from_ref(gate) };
        shadowed(side).unwrap_or_default()
    };
    let written = found.lists.iter().flat_map(of).filter(|rule| rule.line > 0);
    written.filter(|rule| !is_answer(rule)).collect()
}
