//! `sampling-budget`: a line that samples faster than the budget of its conduit allows.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::resolve::plan::Plan;

pub(super) const RULE: Rule = Rule {
    name: "sampling-budget",
    level: Level::Error,
    soft: true,
    what: "A line that samples faster than the budget of its conduit allows.",
    why: "Controllers answer panels and gateways with the same small processor.",
    instead: "Sample slower, or have the budget changed.",
    see: "",
    check: Check::Plan(check),
};

fn check(scene: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    let Some(resolved) = plan.values.get("sampling_ms") else { return };
    let Ok(sampling) = f64::try_from(resolved.value.clone()) else { return };
    for conduit in plan.conduits.iter().filter(|conduit| !conduit.flows.is_empty()) {
        let least = conduit.budget.get("min_sampling_ms").and_then(serde_json::Value::as_f64);
        let Some(least) = least.filter(|least| sampling < *least) else { continue };
        let _ = scene;
        let message = format!("sampling_ms is {sampling}; {} allows {least} or more", conduit.id);
        let mut finding = RULE.found(message).at(resolved.origin.place.clone());
        finding.owner.clone_from(&conduit.owner);
        found.push(finding.next("sample slower, or have the budget of the conduit changed"));
    }
}
