//! `unknown-guardrail`: a guardrail that is checked by a rule that jig does not have.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::nearest;

pub(super) const RULE: Rule = Rule {
    name: "unknown-guardrail",
    level: Level::Warning,
    soft: true,
    what: "A guardrail that is checked by a rule that jig does not have.",
    why: "It reads as if something was protected, and nothing checks it.",
    instead: "Name the rule that checks it.",
    see: "",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Some(rights) = &scene.fleet.rights else { return };
    for (index, guardrail) in rights.model.guardrails.iter().enumerate() {
        let Some(rule) = guardrail.rule.as_deref().filter(|rule| super::rule(rule).is_none()) else {
            continue;
        };
        let known = super::RULES.iter().map(|rule| rule.name);
        let next = nearest(rule, known).map_or_else(
            || "`jig explain RULE` knows them".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let place = Place::value(&rights.document, &format!("/guardrails/{index}/rule"));
        found.push(RULE.found(format!("no rule `{rule}` checks this guardrail")).at(place).next(next));
    }
}
