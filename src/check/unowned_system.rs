//! `unowned-system`: a system of record without an owner.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "unowned-system",
    level: Level::Warning,
    soft: true,
    what: "A system of record without an owner.",
    why: "When two numbers disagree, the owner of the system of record decides which is right.",
    instead: "Name the role that answers for it: `owner: <role>`.",
    see: "",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let systems = scene.fleet.enterprise.systems.iter();
    for (id, _) in systems.filter(|(_, system)| system.owner.is_none()) {
        let place = Place::key(&scene.fleet.document, &child("/systems", id.as_str()));
        found.push(
            RULE.found(format!("system of record `{id}` has no owner"))
                .at(place)
                .next("name the role that answers for it: `owner: <role>`"),
        );
    }
}
