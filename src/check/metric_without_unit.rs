//! `metric-without-unit`: a metric or element without a unit.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "metric-without-unit",
    level: Level::Error,
    soft: true,
    what: "A metric or element without a unit.",
    why: "A number without a unit is read in whatever unit the reader has in mind.",
    instead: "Name it in UCUM; a ratio is \"1\".",
    see: "ISO 22400-1, clause 6",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Some(document) = &scene.fleet.metrics_document else { return };
    for (id, metric) in scene.fleet.metrics.metrics.iter().filter(|(_, metric)| metric.unit.is_none()) {
        let mut finding = RULE
            .found(format!("metric `{id}` has no unit"))
            .at(Place::key(document, &child("/metrics", id.as_str())));
        finding.owner = metric.owner.as_ref().map(ToString::to_string);
        found.push(finding.next("name it in UCUM: `unit: s`; a ratio is `unit: \"1\"`"));
    }
    for (id, _) in scene.fleet.metrics.elements.iter().filter(|(_, element)| element.unit.is_none()) {
        let finding = RULE
            .found(format!("element `{id}` has no unit"))
            .at(Place::key(document, &child("/elements", id)));
        found.push(finding.next("name it in UCUM: `unit: s`; a ratio is `unit: \"1\"`"));
    }
}
