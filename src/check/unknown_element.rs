//! `unknown-element`: a formula that names something that is neither an element, a metric nor a function.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::nearest;
use crate::resolve::metrics::terms;
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "unknown-element",
    level: Level::Error,
    soft: true,
    what: "A formula that names something that is neither an element, a metric nor a function.",
    why: "The metric cannot be computed the same way everywhere, so it will not be.",
    instead: "Define the element, or correct the formula.",
    see: "ISO 22400-2, clause 5",
    check: Check::Fleet(check),
};

/// Functions that formulas may use.
const FUNCTIONS: &[&str] = &["abs", "min", "max", "sum", "round", "floor", "ceil", "sqrt"];

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Some(document) = &scene.fleet.metrics_document else { return };
    for (id, metric) in &scene.fleet.metrics.metrics {
        let at = child("/metrics", id.as_str());
        let formula = metric.formula.as_deref().unwrap_or_default();
        for term in terms(scene.fleet, formula) {
            let is_word = term.text.starts_with(|c: char| c.is_alphabetic() || c == '_');
            let own = term.kind == "metric" && term.text == id.as_str();
            if own || (term.kind == "op" && is_word && !FUNCTIONS.contains(&term.text.as_str())) {
                let catalogue = &scene.fleet.metrics;
                let known = catalogue
                    .elements
                    .keys()
                    .map(String::as_str)
                    .chain(catalogue.metrics.keys().map(|id| id.as_str()));
                let next = nearest(&term.text, known.filter(|known| *known != id.as_str())).map_or_else(
                    || "define the element in metrics.yaml, or correct the formula".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = if own {
                    format!("`{id}` is made of itself")
                } else {
                    format!("`{}` in the formula of `{id}` is no element and no metric", term.text)
                };
                let mut finding = RULE.found(message).at(Place::value(document, &child(&at, "formula")));
                finding.owner = metric.owner.as_ref().map(ToString::to_string);
                found.push(finding.next(next));
            }
        }
    }
}
