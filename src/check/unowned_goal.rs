//! `unowned-goal`: a goal without a sponsor.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::read_document;
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "unowned-goal",
    level: Level::Warning,
    soft: true,
    what: "A goal without a sponsor.",
    why: "A goal that nobody asks for again is reached by nobody.",
    instead: "Name the role that wants it: `sponsor: <role>`.",
    see: "",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Ok(document) = read_document(&scene.fleet.tree, GOALS, GOALS) else { return };
    for (id, _) in scene.fleet.goals.goals.iter().filter(|(_, goal)| goal.sponsor.is_none()) {
        found.push(
            RULE.found(format!("goal {id} has no sponsor"))
                .at(Place::key(&document, &child("/goals", id.as_str())))
                .next("name the role that wants it: `sponsor: <role>`"),
        );
    }
}

const GOALS: &str = "goals.yaml";
