//! `flow-outside-conduit`: a flow between zones that its conduit does not join.

use super::scene::{Scene, about_flow};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::resolve::plan::Plan;

pub(super) const RULE: Rule = Rule {
    name: "flow-outside-conduit",
    level: Level::Error,
    soft: true,
    what: "A flow between zones that its conduit does not join.",
    why: "The decision covers the channel between two zones; this path is another one that nobody decided.",
    instead: "Put the flow into the conduit of its zones, or correct its ends.",
    see: "IEC 62443-3-2, ZCR 3 and 6",
    check: Check::Plan(check),
};

fn check(_: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    for flow in &plan.flows {
        let Some(conduit) = plan.conduits.iter().find(|conduit| conduit.id == flow.conduit) else { continue };
        let (from, to) = (&flow.from.zone, &flow.to.zone);
        if conduit.zones.is_empty()
            || (from != to && conduit.zones.contains(from) && conduit.zones.contains(to))
        {
            continue;
        }
        let message = format!(
            "flow {} goes from {from} to {to}; {} joins {}",
            flow.id,
            conduit.id,
            conduit.zones.join(" and ")
        );
        let finding = about_flow(RULE.found(message), plan, flow, "");
        found.push(finding.next("put it into the conduit of its zones, or correct `from` and `to`"));
    }
}
