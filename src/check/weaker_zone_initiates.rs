//! `weaker-zone-initiates`: a flow that the less trusted side opens, without a reason.

use super::scene::{Scene, about_flow, model};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::resolve::plan::Plan;

pub(super) const RULE: Rule = Rule {
    name: "weaker-zone-initiates",
    level: Level::Warning,
    soft: true,
    what: "A flow that the less trusted side opens, without a reason.",
    why: "Who opens the connection needs a port open on the other side; the side nearer the machine should call out.",
    instead: "Turn the direction (publish instead of poll), or say `because:` in the flow.",
    see: "IEC 62443-3-3 SR 5.2",
    check: Check::Plan(check),
};

fn check(_: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    let level = |zone: &str| plan.zones.get(zone).and_then(|zone| zone.level);
    for flow in &plan.flows {
        let (Some(from), Some(to)) = (level(&flow.from.zone), level(&flow.to.zone)) else { continue };
        let written =
            model(plan).and_then(|m| m.conduits.get(flow.conduit.as_str())?.flows.get(flow.id.as_str()));
        if from <= to || written.is_some_and(|flow| flow.because.is_some()) {
            continue;
        }
        let message = format!(
            "flow {} is opened by {} (level {from}) into {} (level {to})",
            flow.id, flow.from.zone, flow.to.zone
        );
        let finding = about_flow(RULE.found(message), plan, flow, "from");
        found.push(finding.next("let the other side open it, or say why not: `because: ...`"));
    }
}
