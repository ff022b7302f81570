//! `unmeasured-goal`: a goal without a metric, or without a target and its last day.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::read_document;
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "unmeasured-goal",
    level: Level::Warning,
    soft: true,
    what: "A goal without a metric, or without a target and its last day.",
    why: "What is not measured against a day is never late.",
    instead: "Say `metric`, `target: { value, by }`.",
    see: "",
    check: Check::Fleet(check),
};

const FILE: &str = "goals.yaml";

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Ok(document) = read_document(&scene.fleet.tree, FILE, FILE) else { return };
    for (id, goal) in &scene.fleet.goals.goals {
        let at = child("/goals", id.as_str());
        let (message, place) = match &goal.target {
            _ if goal.metric.is_none() => ("is measured by no metric", Place::key(&document, &at)),
            None => ("has no target", Place::key(&document, &at)),
            Some(target) if target.by.is_none() => {
                ("has no last day", Place::key(&document, &child(&at, "target")))
            }
            Some(_) => continue,
        };
        let mut finding = RULE.found(format!("goal {id} {message}")).at(place);
        finding.owner = goal.sponsor.as_ref().map(ToString::to_string);
        found.push(finding.next("say `metric: <id>` and `target: { value, by }`"));
    }
}
