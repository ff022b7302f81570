//! A conduit: what it joins, who owns it, what decided it and which flows go through it, line by line.

use super::flow::plans;
use crate::cli::session::Session;
use crate::cli::{Outcome, Run};
use crate::finding::Place;
use crate::load::Fleet;
use crate::report;
use crate::resolve::plan::{Conduit, Plan};
use crate::source::child;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// The ids of all conduits of all blueprints.
pub(super) fn ids(fleet: &Fleet) -> BTreeSet<String> {
    let standards = fleet.standards.all();
    let conduits = standards.iter().filter_map(|standard| standard.conduits.as_ref());
    conduits.flat_map(|loaded| loaded.model.conduits.keys().map(ToString::to_string)).collect()
}

pub(super) fn explain(session: &Session, fleet: &Fleet, id: &str, addresses: &[String]) -> Run {
    let plans = plans(session, fleet, addresses)?;
    let of_plan = |plan| -> Option<(&Plan, &Conduit)> {
        let plan: &Plan = plan;
        Some((plan, plan.conduits.iter().find(|conduit| conduit.id == id)?))
    };
    let found: Vec<(&Plan, &Conduit)> = plans.iter().filter_map(of_plan).collect();
    let object = || {
        let mut object = report::json_object("explain");
        object.insert("conduit".into(), json!(id));
        object.insert("places".into(), found.iter().map(|(plan, conduit)| detail(plan, conduit)).collect());
        object
    };
    let text = || {
        if found.is_empty() {
            return format!("{id} exists nowhere that was asked for");
        }
        let mut out = String::new();
        let mut last = None;
        for (plan, conduit) in &found {
            let written = written(plan, conduit);
            if last != Some(written.clone()) {
                out.push_str(&heading(conduit, written.as_ref()));
                last = Some(written);
            }
            out.push_str(&flows(plan, conduit));
        }
        out
    };
    session.report(&[], object, text)?;
    Ok(Outcome::InOrder)
}

/// File and line of a conduit.
fn written(plan: &Plan, conduit: &Conduit) -> Option<(String, u32)> {
    let document = &plan.standard.conduits.as_ref()?.document;
    let place = Place::key(document, &child("/conduits", &conduit.id));
    Some((place.file.to_string(), place.range.map_or(1, |range| range.line)))
}

fn detail(plan: &Plan, conduit: &Conduit) -> Json {
    let written = written(plan, conduit);
    json!({
        "address": plan.address.to_string(), "name": conduit.name, "zones": conduit.zones, "owner": conduit.owner,
        "decision": conduit.decision, "review_by": conduit.review_by, "if_lost": conduit.if_lost,
        "budget": conduit.budget, "enforced_by": conduit.enforced_by, "flows": conduit.flows,
        "file": written.as_ref().map(|(file, _)| file), "line": written.map(|(_, line)| line),
    })
}

fn heading(conduit: &Conduit, written: Option<&(String, u32)>) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let mut out = format!("{}: {}\n", conduit.id, conduit.name);
    if let Some((file, line)) = written {
        out.push_str(&format!("written in {file}:{line}\n"));
    }
    out.push_str(&format!(
        "  between {}, owner {}, decision {}, review by {}, enforced by {}\n",
        conduit.zones.join(" and "),
        or_none(&conduit.owner),
        or_none(&conduit.decision),
        or_none(&conduit.review_by),
        conduit.enforced_by.join(", "),
    ));
    if let Some(lost) = &conduit.if_lost {
        out.push_str(&format!("  if it is lost: {lost}\n"));
    }
    out
}

fn flows(plan: &Plan, conduit: &Conduit) -> String {
    let flows = plan.flows.iter().filter(|flow| flow.conduit == conduit.id);
    let lines: String = flows
        .map(|flow| {
            let ends = format!("from {} to {}", flow.from.name, flow.to.name);
            format!(
                "  {}: {} {ends}, {}, {}: {}\n",
                plan.address, flow.key, flow.service, flow.access, flow.purpose
            )
        })
        .collect();
    if lines.is_empty() { format!("  {}: no flow\n", plan.address) } else { lines }
}
