//! `unknown-reference`: a level in jig.yaml for a rule that jig does not have.

use super::RULES;
use crate::finding::{Finding, Place};
use crate::load::{Fleet, nearest};
use crate::source::child;

pub(super) fn check(fleet: &Fleet) -> Vec<Finding> {
    let known = || RULES.iter().map(|rule| rule.name);
    let unknown =
        fleet.enterprise.settings.rules.keys().filter(|name| known().all(|rule| rule != name.as_str()));
    unknown
        .map(|name| {
            let next = nearest(name, known())
                .map_or_else(|| "leave it out".to_owned(), |near| format!("did you mean `{near}`?"));
            Finding::warning(
                "unknown-reference",
                format!("jig has no rule `{name}`; its level changes nothing"),
            )
            .at(Place::key(&fleet.document, &child("/settings/rules", name)))
            .next(next)
        })
        .collect()
}
