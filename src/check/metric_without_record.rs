//! `metric-without-record`: a metric or element without a system of record.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "metric-without-record",
    level: Level::Error,
    soft: true,
    what: "A metric or element without a system of record.",
    why: "When two dashboards disagree, there is nobody to ask which is right.",
    instead: "Name the system that is right when two numbers disagree.",
    see: "ISO 22400-1, clause 6",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Some(document) = &scene.fleet.metrics_document else { return };
    for (id, metric) in scene.fleet.metrics.metrics.iter().filter(|(_, metric)| metric.record.is_none()) {
        let mut finding = RULE
            .found(format!("metric `{id}` has no system of record"))
            .at(Place::key(document, &child("/metrics", id.as_str())));
        finding.owner = metric.owner.as_ref().map(ToString::to_string);
        found.push(finding.next("name it: `record: <system of jig.yaml>`"));
    }
    for (id, _) in scene.fleet.metrics.elements.iter().filter(|(_, element)| element.record.is_none()) {
        let finding = RULE
            .found(format!("element `{id}` has no system of record"))
            .at(Place::key(document, &child("/elements", id)));
        found.push(finding.next("name it: `record: <system of jig.yaml>`"));
    }
}
