//! `metric-without-goal`: a metric that serves no goal.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "metric-without-goal",
    level: Level::Warning,
    soft: true,
    what: "A metric that serves no goal.",
    why: "Metrics that lead to no action cost as much as the others.",
    instead: "Name the goal that it serves, or drop the metric.",
    see: "ISO 22400-1, clause 6",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Some(document) = &scene.fleet.metrics_document else { return };
    for (id, metric) in scene.fleet.metrics.metrics.iter().filter(|(_, metric)| metric.goals.is_empty()) {
        let mut finding = RULE
            .found(format!("metric `{id}` serves no goal"))
            .at(Place::key(document, &child("/metrics", id.as_str())));
        finding.owner = metric.owner.as_ref().map(ToString::to_string);
        found.push(finding.next("name the goal: `goals: [G-1]`, or drop the metric"));
    }
}
