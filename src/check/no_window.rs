//! `no-window`: a line without a change window, or a blueprint without a way back.

use super::scene::{Scene, own_document};
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::resolve::plan::Plan;

pub(super) const RULE: Rule = Rule {
    name: "no-window",
    level: Level::Warning,
    soft: true,
    what: "A line without a change window, or a blueprint without a way back.",
    why: "Changes land only when the line stands still, and only with a way back.",
    instead: "Give the line a `window`; write `cutover.stop` and `cutover.way_back` in the blueprint.",
    see: "",
    check: Check::Plan(check),
};

fn check(scene: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    let has_flows = !plan.flows.is_empty();
    if !has_flows || plan.address.line.is_none() {
        return;
    }
    if plan.window.as_ref().is_none_or(|window| window.trim().is_empty()) {
        let place = own_document(scene.fleet, plan).map(|document| Place::key(&document, "/blueprint"));
        let mut finding = RULE.found(format!("{} has no change window", plan.address));
        finding.place = place;
        let role = right_of(scene.fleet, "window");
        finding.owner = role;
        found.push(finding.next("agree on one and write it: `window: \"Sun 05:00-06:00\"`"));
    }
    let standard = &plan.standard;
    let Some(cutover) = &standard.blueprint.model.cutover else { return };
    for (field, text) in [("stop", &cutover.stop), ("way_back", &cutover.way_back)] {
        if text.as_ref().is_none_or(|text| text.trim().is_empty()) {
            found.push(
                RULE.found(format!("the cutover of {} does not say `{field}`", standard.reference()))
                    .at(Place::key(&standard.blueprint.document, "/cutover"))
                    .owned_by(standard.blueprint.model.owner.to_string())
                    .next(format!("write `{field}` in the cutover of the blueprint")),
            );
        }
    }
}

/// The role that decides about a subject.
fn right_of(fleet: &crate::load::Fleet, what: &str) -> Option<String> {
    let rights = fleet.rights.as_ref()?;
    rights.model.rights.values().find(|right| right.what.0 == what).map(|right| right.decides.to_string())
}
