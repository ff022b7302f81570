//! `isolated-zone-reached`: a flow into or out of a zone that is isolated or of Purdue level safety.

use super::scene::{Scene, about_flow};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::resolve::plan::Plan;

pub(super) const RULE: Rule = Rule {
    name: "isolated-zone-reached",
    level: Level::Error,
    soft: true,
    what: "A flow into or out of a zone that is isolated or of Purdue level safety.",
    why: "A safety controller answers for people; nothing of the data path may reach it.",
    instead: "Take the flow away; read safety states from the standard controller.",
    see: "IEC 62443-3-2, ZCR 3.3; IEC 61511-1, 11.2.4",
    check: Check::Plan(check),
};

fn check(_: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    let closed =
        |id: &str| plan.zones.get(id).filter(|zone| zone.isolated || zone.purdue.as_str() == Some("safety"));
    for flow in &plan.flows {
        for (end, field) in [(&flow.from, "from"), (&flow.to, "to")] {
            let Some(zone) = closed(&end.zone) else { continue };
            let message = format!("flow {} reaches {} in the isolated zone `{}`", flow.id, end.name, zone.id);
            let mut finding = about_flow(RULE.found(message), plan, flow, field);
            if let Some(place) = &zone.place {
                finding = finding.see(place.clone(), "nothing may reach this zone");
            }
            found.push(finding.next("take the flow away; read safety states from the standard controller"));
        }
    }
}
