//! Firewalls read back: what was rendered must let through what the plan's flows say, on every device and in every
//! family, and nothing else.
//!
//! Answers follow from connection tracking; compared are first packets.

use crate::finding::{Finding, Place};
use crate::model::Kind;
use crate::packets::nft::{self, Nft};
use crate::packets::{
    Action, Decider, Difference, Field, Gate, NEW, Ranges, Region, Rule, Ruleset, Side, Verdict, difference,
    shadowed,
};
use crate::resolve::plan::{Device, Flow, Output, Plan, Zone};
use crate::resolve::traffic;
use std::collections::BTreeSet;

/// Reads a file back, if it is a device's of the model in a language that is read: finds what it lets through other
/// than the flows say, and rules that never decide.
pub(super) fn check(
    plan: &Plan,
    lines: &[Plan],
    output: &Output,
    kind: Kind,
    syntax: Option<&str>,
    path: &str,
    text: &str,
) -> Vec<Finding> {
    if kind != Kind::Firewall || syntax != Some("nft") || devices(plan, output).is_empty() {
        return vec![];
    }
    let document = &plan.standard.blueprint.document;
    let place = || Place::value(document, &output.pointer);
    let owner = plan.standard.blueprint.model.owner.to_string();
    let found = match nft::read(text) {
        Ok(found) => found,
        Err(why) => {
            let message = format!("`{path}` cannot be read back: {} at line {}", why.message, why.line);
            let next = "correct the template";
            return vec![Finding::error("output-mismatch", message).at(place()).next(next).owned_by(owner)];
        }
    };
    let mismatch = mismatch(plan, lines, output, &found).map(|what| {
        let message = format!("`{path}`, read back, is not what the flows say: {what}");
        let next =
            "correct the template, so that it writes the flows of its device and drops everything else";
        Finding::error("output-mismatch", message).at(place()).next(next).owned_by(owner.clone())
    });
    let notes = silent(&found).into_iter().map(|rule| {
        let message = format!(
            "`{path}`, line {}: no packet comes to this rule that others did not decide: `{}`",
            rule.line, rule.text
        );
        let next = "remove the flow, or narrow the one before it";
        Finding::warning("shadowed-rule", message).at(place()).next(next).owned_by(owner.clone())
    });
    mismatch.into_iter().chain(notes).collect()
}

/// What a ruleset decides otherwise than the flows, in words.
fn mismatch(plan: &Plan, lines: &[Plan], output: &Output, found: &Nft) -> Option<String> {
    let intended = model(plan, lines, output);
    let gates = [Gate::of_all("flows", Verdict::Deny)];
    let forward = found.gates("forward");
    let mut first = Region::all();
    first.set(Field::State, Ranges::one(NEW));
    let difference = difference(
        Side { ruleset: &intended, gates: &gates },
        Side { ruleset: &found.ruleset, gates: &forward },
        Some(&first),
    );
    (!difference.is_none()).then(|| words(plan, lines, &difference))
}

fn words(plan: &Plan, lines: &[Plan], found: &Difference) -> String {
    let plans: Vec<&Plan> = std::iter::once(plan).chain(lines).collect();
    traffic::names(&plans).sentence(found, "flows")
}

/// The devices that an output configures.
fn devices<'p>(plan: &'p Plan, output: &Output) -> BTreeSet<&'p str> {
    // A line knows its site's devices as well, and their outputs may have the same name.
    let configures = |device: &&Device| {
        device.output.as_deref() == Some(&output.id) && plan.own_devices.contains(&device.id)
    };
    plan.devices.values().filter(configures).map(|device| device.id.as_str()).collect()
}

/// The flows that an output's devices enforce, as rules.
fn model(plan: &Plan, lines: &[Plan], output: &Output) -> Ruleset {
    let own = devices(plan, output);
    // Nothing reaches an isolated zone, whatever a flow says.
    let is_closed = |zone: &Zone| zone.isolated || zone.purdue.as_str() == Some("safety");
    let closed = |id: &str| plan.zones.get(id).is_some_and(is_closed);
    let flows = plan.flows.iter().chain(lines.iter().flat_map(|line| &line.flows));
    let rule = |flow: &Flow| {
        let device = flow.devices.iter().find(|device| own.contains(device.as_str()))?;
        if closed(&flow.from.zone) || closed(&flow.to.zone) {
            return None;
        }
        let regions = traffic::packets_at(flow, plan.devices.get(device)?);
        Some(Rule::simple(0, format!("flow {}", flow.key), regions, Action::Accept))
    };
    let mut ruleset = Ruleset::default();
    ruleset.chains.insert("flows".into(), flows.filter_map(rule).collect());
    ruleset
}

/// The rules that never decide.
fn silent(found: &Nft) -> Vec<Decider> {
    let gates = found.gates("forward");
    gates
        .iter()
        .flat_map(|gate| {
            let side = Side { ruleset: &found.ruleset, gates: std::slice::from_ref(gate) };
            shadowed(side).unwrap_or_default()
        })
        .collect()
}
