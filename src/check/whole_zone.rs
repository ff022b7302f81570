//! `whole-zone`: a flow that starts or ends in a whole network instead of single addresses.

use super::scene::{Scene, about_flow, network};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::resolve::plan::Plan;

pub(super) const RULE: Rule = Rule {
    name: "whole-zone",
    level: Level::Warning,
    soft: true,
    what: "A flow that starts or ends in a whole network instead of single addresses.",
    why: "Every machine that is ever plugged in there gets the same right.",
    instead: "Name the asset that speaks.",
    see: "IEC 62443-3-3 SR 5.2",
    check: Check::Plan(check),
};

fn check(_: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    for flow in &plan.flows {
        for (end, field) in [(&flow.from, "from"), (&flow.to, "to")] {
            let wide = end
                .addresses
                .iter()
                .filter_map(|address| network(address))
                .find(|net| net.prefix_len() < net.max_prefix_len());
            let Some(wide) = wide else { continue };
            let what = if wide.prefix_len() == 0 {
                "any address".to_owned()
            } else {
                format!("the whole of {wide}")
            };
            let message = format!("flow {} is open for {what} ({})", flow.id, end.name);
            let finding = about_flow(RULE.found(message), plan, flow, field);
            found.push(finding.next("name the asset that speaks"));
        }
    }
}
