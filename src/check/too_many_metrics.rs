//! `too-many-metrics`: more metrics in the catalogue than the settings allow.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "too-many-metrics",
    level: Level::Warning,
    soft: true,
    what: "More metrics in the catalogue than the settings allow.",
    why: "A few trusted numbers are looked at; forty are not.",
    instead: "Drop one, or raise `settings.metrics_max`.",
    see: "",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Some(document) = &scene.fleet.metrics_document else { return };
    let most = scene.fleet.enterprise.settings.metrics_max as usize;
    let metrics = &scene.fleet.metrics.metrics;
    let Some((id, _)) = metrics.get_index(most) else { return };
    let finding =
        RULE.found(format!("{} metrics, {most} are allowed; `{id}` is the first beyond", metrics.len()));
    let place = Place::key(document, &child("/metrics", id.as_str()));
    found.push(finding.at(place).next("drop one, or raise `settings.metrics_max` in jig.yaml"));
}
