//! `undecided-write`: write access to a controller that the roles of the right `write` did not approve.

use super::scene::{Scene, about_flow};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::resolve::plan::Plan;

pub(super) const RULE: Rule = Rule {
    name: "undecided-write",
    level: Level::Error,
    soft: true,
    what: "Write access to a controller that the roles of the right `write` did not approve.",
    why: "A read path that turns into a write path is how a data project stops a line.",
    instead: "Have the write decided by the roles that rights.yaml names for it.",
    see: "",
    check: Check::Plan(check),
};

fn check(scene: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    let fleet = scene.fleet;
    let rights = fleet.rights.iter().flat_map(|loaded| &loaded.model.rights);
    let Some((id, right)) = rights.into_iter().find(|(_, right)| right.what.0 == "write") else { return };
    let may = |role: &str| {
        right.decides.as_str() == role || right.agrees.iter().any(|other| other.as_str() == role)
    };
    for flow in plan.flows.iter().filter(|flow| flow.access == "write") {
        let record = flow.decision.as_ref().and_then(|decision| fleet.decisions.get(decision));
        let approvals = record.map(|record| [record.it.as_ref(), record.ot.as_ref()]).unwrap_or_default();
        let roles: Vec<&str> = approvals.into_iter().flatten().map(|file| file.model.role.as_str()).collect();
        if !roles.is_empty() && roles.iter().all(|role| may(role)) {
            continue;
        }
        let message = format!("flow {} writes to {}, and {id} was not asked", flow.id, flow.to.name);
        let finding = about_flow(RULE.found(message), plan, flow, "access");
        let finding = finding.owned_by(right.decides.to_string());
        found.push(
            finding.next(format!(
                "a decision of its own, approved by {} and the roles that agree",
                right.decides
            )),
        );
    }
}
