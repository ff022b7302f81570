//! `unreleased-change`: a blueprint version in the working tree that is not released, where others are.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::Standard;
use crate::source::versions::History;

pub(super) const RULE: Rule = Rule {
    name: "unreleased-change",
    level: Level::Note,
    soft: true,
    what: "A blueprint version in the working tree that is not released, where others are.",
    why: "Lines that follow it follow a text that may still change.",
    instead: "Release it: tag `<blueprint>/<version>`.",
    see: "",
    check: Check::Standard(check),
};

fn check(scene: &Scene<'_>, standard: &Standard, found: &mut Vec<Finding>) {
    let Some(Ok(Some(history))) = scene.fleet.root.as_deref().map(History::open) else { return };
    let is_working = standard.folder == format!("blueprints/{}", standard.id);
    let versions = history.versions_of(&standard.id);
    if is_working && !versions.is_empty() && !versions.contains(&standard.version) {
        found.push(
            RULE.found(format!(
                "{} is not released; the tags are {}",
                standard.reference(),
                versions.join(", ")
            ))
            .at(Place::value(&standard.blueprint.document, "/version"))
            .owned_by(standard.blueprint.model.owner.to_string())
            .next(format!("once it is agreed: `git tag {}/{}`", standard.id, standard.version)),
        );
    }
}
