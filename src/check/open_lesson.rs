//! `open-lesson`: a lesson that no version of the standard carries yet.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::{nearest, read_document};
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "open-lesson",
    level: Level::Note,
    soft: true,
    what: "A lesson that no version of the standard carries yet.",
    why: "What one line learned at night the next line will learn again.",
    instead: "Change the standard, and say `carried_by: { version, rule }`.",
    see: "",
    check: Check::Fleet(check),
};

const FILE: &str = "lessons.yaml";

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Ok(document) = read_document(&scene.fleet.tree, FILE, FILE) else { return };
    for (id, lesson) in &scene.fleet.lessons.lessons {
        let at = child("/lessons", id.as_str());
        let carried = lesson.carried_by.as_ref();
        let is_open =
            carried.is_none_or(|by| by.version.is_none() && by.rule.is_none() && by.input.is_none());
        if is_open {
            let what = lesson.cause.as_deref().or(lesson.what.as_deref()).unwrap_or("no cause is written");
            let finding = RULE.found(format!("lesson {id} is open: {what}")).at(Place::key(&document, &at));
            found.push(finding.next("change the standard, and say `carried_by: { version, rule }`"));
        }
        if let Some(rule) =
            carried.and_then(|by| by.rule.as_deref()).filter(|rule| super::rule(rule).is_none())
        {
            let near = nearest(rule, super::RULES.iter().map(|rule| rule.name));
            let place = Place::value(&document, &child(&child(&at, "carried_by"), "rule"));
            let finding = Finding::warning(
                "unknown-reference",
                format!("lesson {id} is carried by `{rule}`, which is no rule of jig"),
            )
            .at(place);
            found.push(finding.next(near.map_or_else(
                || "name a rule that exists".to_owned(),
                |near| format!("did you mean `{near}`?"),
            )));
        }
    }
}
