//! `unowned-metric`: a metric, or its reconciliation, without an owner.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "unowned-metric",
    level: Level::Error,
    soft: true,
    what: "A metric, or its reconciliation, without an owner.",
    why: "Two dashboards, two truths: somebody must say which number is meant, and settle a difference.",
    instead: "Name the role that answers for its meaning: `owner: <role>`.",
    see: "",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Some(document) = &scene.fleet.metrics_document else { return };
    for (id, metric) in &scene.fleet.metrics.metrics {
        let at = child("/metrics", id.as_str());
        if metric.owner.is_none() {
            let message = format!("metric `{id}` has no owner");
            found.push(next(RULE.found(message).at(Place::key(document, &at))));
        }
        if metric.reconcile.as_ref().is_some_and(|reconcile| reconcile.owner.is_none()) {
            let message = format!("nobody owns the reconciliation of `{id}`");
            found.push(next(RULE.found(message).at(Place::key(document, &child(&at, "reconcile")))));
        }
    }
}

fn next(finding: Finding) -> Finding {
    finding.next("name the role that answers for it: `owner: <role>`")
}
