//! `write-across-dmz`: write access through the DMZ, or to a zone of SL-T 3 or above.

use super::cleartext_service::target_level;
use super::scene::{Scene, about_flow};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::resolve::plan::Plan;

pub(super) const RULE: Rule = Rule {
    name: "write-across-dmz",
    level: Level::Error,
    soft: true,
    what: "Write access through the DMZ, or to a zone of SL-T 3 or above.",
    why: "A write from outside can move a machine while somebody stands in it.",
    instead: "Let the site write, from inside, under a decision for each tag.",
    see: "IEC 62443-3-3 SR 2.1 and SR 5.2",
    check: Check::Plan(check),
};

fn check(_: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    for flow in plan.flows.iter().filter(|flow| flow.access == "write") {
        let zones = [&flow.from.zone, &flow.to.zone].into_iter().filter_map(|id| plan.zones.get(id));
        let strict = |zone: &&crate::resolve::plan::Zone| {
            zone.level.is_some_and(|level| level >= 3.5) || target_level(&zone.sl_t) >= 3
        };
        let Some(zone) = zones.into_iter().find(strict) else { continue };
        let message = format!("flow {} writes, and touches `{}`", flow.id, zone.id);
        let finding = about_flow(RULE.found(message), plan, flow, "access");
        found.push(finding.next("read instead, or let a system inside the site write"));
    }
}
