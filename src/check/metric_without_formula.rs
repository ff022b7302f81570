//! `metric-without-formula`: a metric without a formula.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "metric-without-formula",
    level: Level::Error,
    soft: true,
    what: "A metric without a formula.",
    why: "A name that everybody computes another way is the reason why nobody trusts it.",
    instead: "Write the formula over elements.",
    see: "ISO 22400-1, clause 6",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Some(document) = &scene.fleet.metrics_document else { return };
    for (id, metric) in scene.fleet.metrics.metrics.iter().filter(|(_, metric)| metric.formula.is_none()) {
        let mut finding = RULE
            .found(format!("metric `{id}` has no formula"))
            .at(Place::key(document, &child("/metrics", id.as_str())));
        finding.owner = metric.owner.as_ref().map(ToString::to_string);
        found.push(finding.next("write it over elements: `formula: \"GQ / PQ\"`"));
    }
}
