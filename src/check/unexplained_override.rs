//! `unexplained-override`: an override that does not say who decided it and why, or was decided by another role than the blueprint names.

use super::scene::{Scene, own_document};
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::resolve::plan::Plan;
use crate::source::{Content, child};

pub(super) const RULE: Rule = Rule {
    name: "unexplained-override",
    level: Level::Warning,
    soft: true,
    what: "An override that does not say who decided it and why, or was decided by another role than the blueprint names.",
    why: "A year later nobody dares to take it back.",
    instead: "Say `by` and `why`; let the role of `override_by` decide.",
    see: "",
    check: Check::Plan(check),
};

fn check(scene: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    let Some(document) = own_document(scene.fleet, plan) else { return };
    let Some(overrides) = document.root.get("overrides") else { return };
    let Content::Map(members) = &overrides.node.content else { return };
    for member in members {
        let at = child("/overrides", &member.key);
        let text = |field: &str| member.node.get(field).and_then(|member| member.node.as_str());
        let default = plan.standard.blueprint.model.defaults.get(&*member.key);
        let wanted = default.and_then(|default| default.override_by.as_ref());
        let (message, place) = match (text("by"), text("why")) {
            (None, _) => (
                format!("the override of `{}` does not say who decided it", member.key),
                Place::key(&document, &at),
            ),
            (_, None | Some("")) => {
                (format!("the override of `{}` does not say why", member.key), Place::key(&document, &at))
            }
            (Some(by), Some(_)) => match wanted.filter(|wanted| wanted.as_str() != by) {
                None => continue,
                Some(wanted) => (
                    format!("`{}` is for {wanted} to override, not for {by}", member.key),
                    Place::value(&document, &child(&at, "by")),
                ),
            },
        };
        let mut finding = RULE.found(message).at(place);
        finding.owner = wanted.map(ToString::to_string);
        found.push(finding.next("say `by: <role>` and `why: ...`"));
    }
}
