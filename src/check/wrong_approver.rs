//! `wrong-approver`: an approval by a role that may not give it: the right names others, or it speaks for the other side.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::resolve::approval::{Approvers, suits};

pub(super) const RULE: Rule = Rule {
    name: "wrong-approver",
    level: Level::Warning,
    soft: true,
    what: "An approval by a role that may not give it: the right names others, or it speaks for the other side.",
    why: "It reads as if it was agreed, and does not count.",
    instead: "`jig approve RECORD --as ROLE` with a role that the right names.",
    see: "",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let fleet = scene.fleet;
    let decisions = fleet.decisions.values().map(|r| ("conduit", &r.id, [("it", &r.it), ("ot", &r.ot)]));
    let deviations = fleet.deviations.values().map(|r| ("deviation", &r.id, [("it", &r.it), ("ot", &r.ot)]));
    for (what, id, files) in decisions.chain(deviations) {
        let approvers = Approvers::of(fleet, what, vec![]);
        let Some(right) = &approvers.right else { continue };
        for (side, file) in files {
            let Some(file) = file else { continue };
            let role = file.model.role.as_str();
            let message = if !approvers.roles.iter().any(|allowed| allowed == role) {
                format!("{id}: `{role}` may not approve this; {right} names {}", approvers.roles.join(", "))
            } else if fleet.enterprise.roles.get(role).is_some_and(|known| !suits(known.side, side)) {
                format!("{id}: `{role}` does not speak for the {} side", side.to_uppercase())
            } else {
                continue;
            };
            let finding = RULE.found(message).at(Place::value(&file.document, "/role"));
            found.push(finding.next(format!("`jig approve {id} --as <one of them>`")));
        }
    }
}
