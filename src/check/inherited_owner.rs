//! `inherited-owner`: a zone of a site that names no owner of its own.

use super::scene::{Scene, own_document};
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::resolve::plan::Plan;
use crate::source::{Content, child};

pub(super) const RULE: Rule = Rule {
    name: "inherited-owner",
    level: Level::Note,
    soft: true,
    what: "A zone of a site that names no owner of its own.",
    why: "It belongs to the owner of the site's blueprint, who is seldom the one who is called at night.",
    instead: "Name the role at the site: `owner: <role>`.",
    see: "",
    check: Check::Plan(check),
};

fn check(scene: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    if plan.address.line.is_some() {
        return;
    }
    let Some(document) = own_document(scene.fleet, plan) else { return };
    let Some(zones) = document.root.get("zones") else { return };
    let Content::Map(members) = &zones.node.content else { return };
    for member in members.iter().filter(|member| member.node.get("owner").is_none()) {
        let owner = &plan.standard.blueprint.model.owner;
        let message = format!(
            "zone `{}` names no owner; it belongs to {owner}, the owner of {}",
            member.key, plan.standard.id
        );
        found.push(
            RULE.found(message)
                .at(Place::key(&document, &child("/zones", &member.key)))
                .owned_by(owner.to_string())
                .next("name the role at the site: `owner: <role>`"),
        );
    }
}
