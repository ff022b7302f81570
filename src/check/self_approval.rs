//! `self-approval`: both sides of a record approved by one team.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};

pub(super) const RULE: Rule = Rule {
    name: "self-approval",
    level: Level::Error,
    soft: true,
    what: "Both sides of a record approved by one team.",
    why: "Two sides are two teams; one team that signs twice is one opinion.",
    instead: "Let a role of the other side approve.",
    see: "",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let fleet = scene.fleet;
    let decisions = fleet.decisions.values().map(|r| (&r.id, r.it.as_ref(), r.ot.as_ref()));
    let deviations = fleet.deviations.values().map(|r| (&r.id, r.it.as_ref(), r.ot.as_ref()));
    for (id, it, ot) in decisions.chain(deviations) {
        let (Some(it), Some(ot)) = (it, ot) else { continue };
        let team = |role: &crate::model::RoleRef| Some(&fleet.enterprise.roles.get(role.as_str())?.team);
        let (Some(first), Some(second)) = (team(&it.model.role), team(&ot.model.role)) else { continue };
        if it.model.role != ot.model.role && first == second {
            let message =
                format!("{id}: `{}` and `{}` are the same team, {first}", it.model.role, ot.model.role);
            found.push(
                RULE.found(message)
                    .at(Place::value(&ot.document, "/role"))
                    .see(Place::value(&it.document, "/role"), "the other approval")
                    .owned_by(ot.model.role.to_string())
                    .next("let a role of another team approve one of the two"),
            );
        }
    }
}
