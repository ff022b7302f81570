//! `session-budget`: more sessions to a controller than its equipment type allows, or than the budget of the conduit.

use super::scene::{Scene, flow_place, said_by};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::resolve::plan::{Flow, Plan};
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule {
    name: "session-budget",
    level: Level::Error,
    soft: true,
    what: "More sessions to a controller than its equipment type allows, or than the budget of the conduit.",
    why: "One session too many pushes out the operator panel.",
    instead: "Let one gateway read for all, or correct `max_sessions` of the type.",
    see: "",
    check: Check::Plan(check),
};

fn check(scene: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    let mut sessions: BTreeMap<&str, (u64, Option<i64>, &Flow)> = BTreeMap::new();
    for flow in plan.flows.iter().filter(|flow| !flow.unit.is_none()) {
        let end = if plan.assets.contains_key(&flow.to.name) { &flow.from } else { &flow.to };
        let limit = flow.unit.get_attr("max_sessions").ok().and_then(|limit| limit.as_i64());
        sessions.entry(end.name.as_str()).or_insert((0, limit, flow)).0 += 1;
    }
    for (unit, (used, limit, flow)) in sessions {
        let conduit = plan.conduits.iter().find(|conduit| conduit.id == flow.conduit);
        let budget = conduit.and_then(|conduit| conduit.budget.get("sessions_per_controller")?.as_u64());
        let wanted = budget.unwrap_or(used).max(used);
        let Some(limit) = limit.filter(|limit| i64::try_from(wanted).is_ok_and(|wanted| wanted > *limit))
        else {
            continue;
        };
        let message =
            format!("{wanted} sessions to {unit}, its controller allows {limit} (flow {})", flow.id);
        let mut finding = RULE.found(message).at(said_by(scene.fleet, plan, unit));
        finding = finding.see(flow_place(plan, flow, ""), "the sessions come from here");
        finding.owner.clone_from(&flow.owner);
        found.push(
            finding.next("let one gateway read for all, or correct `max_sessions` of the equipment type"),
        );
    }
}
