//! `undeclared-relay`: the same service on both legs of the DMZ, through a host that is not declared a relay.

use super::scene::{Scene, about_flow, flow_place};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::resolve::plan::Plan;

pub(super) const RULE: Rule = Rule {
    name: "undeclared-relay",
    level: Level::Error,
    soft: true,
    what: "The same service on both legs of the DMZ, through a host that is not declared a relay.",
    why: "A host that passes packets on is a hole in the DMZ, whatever its name.",
    instead: "End one session and open another: a relay, and say so with `role: relay`.",
    see: "NIST SP 800-82r3, 5.2.3.2",
    check: Check::Plan(check),
};

fn check(_: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    for asset in plan.assets.values().filter(|asset| asset.role.as_deref() != Some("relay")) {
        if plan.zones.get(&asset.zone).and_then(|zone| zone.level) != Some(3.5) {
            continue;
        }
        for inner in plan.flows.iter().filter(|flow| flow.to.name == asset.id) {
            let same = |flow: &&crate::resolve::plan::Flow| {
                flow.from.name == asset.id && flow.service == inner.service
            };
            let Some(outer) = plan.flows.iter().find(same) else { continue };
            let message = format!(
                "flows {} and {} carry {} through `{}`, which is not declared a relay",
                inner.id, outer.id, inner.service, asset.id
            );
            let finding = about_flow(RULE.found(message), plan, inner, "to");
            let finding = finding.see(flow_place(plan, outer, "from"), "the other leg");
            found.push(finding.next("say that it ends one session and opens another: `role: relay`"));
        }
    }
}
