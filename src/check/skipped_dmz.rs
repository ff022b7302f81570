//! `skipped-dmz`: a flow between Purdue level 4 or above and level 3 or below that does not end in the DMZ.

use super::scene::{Scene, about_flow};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::resolve::plan::Plan;

pub(super) const RULE: Rule = Rule {
    name: "skipped-dmz",
    level: Level::Error,
    soft: true,
    what: "A flow between Purdue level 4 or above and level 3 or below that does not end in the DMZ.",
    why: "One taken over office computer is then one step away from the line.",
    instead: "End the flow at a relay in the zone of level 3.5, and open a second one from there.",
    see: "IEC 62443-3-3 SR 5.1; NIST SP 800-82r3, 5.2.3",
    check: Check::Plan(check),
};

fn check(_: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    let level = |zone: &str| plan.zones.get(zone).and_then(|zone| zone.level);
    for flow in &plan.flows {
        let (Some(from), Some(to)) = (level(&flow.from.zone), level(&flow.to.zone)) else { continue };
        if from.max(to) >= 4.0 && from.min(to) <= 3.0 {
            let message = format!(
                "flow {} goes from {} (level {from}) to {} (level {to}) past the DMZ",
                flow.id, flow.from.zone, flow.to.zone
            );
            let finding = about_flow(RULE.found(message), plan, flow, "");
            found.push(finding.next("end it at a relay of level 3.5, and open a second flow from there"));
        }
    }
}
