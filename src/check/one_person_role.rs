//! `one-person-role`: a role that is one person: its deputy is itself or the same team, or its team is a mail address.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "one-person-role",
    level: Level::Warning,
    soft: true,
    what: "A role that is one person: its deputy is itself or the same team, or its team is a mail address.",
    why: "People go on leave, and lines stop at night.",
    instead: "Name a team, and a deputy from another one.",
    see: "",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let roles = &scene.fleet.enterprise.roles;
    for (id, role) in roles {
        let at = child("/roles", id.as_str());
        let deputy = roles.get(role.deputy.as_str());
        let (message, field) = if role.deputy.as_str() == id.as_str() {
            (format!("role `{id}` is its own deputy"), "deputy")
        } else if deputy.is_some_and(|deputy| deputy.team == role.team) {
            (format!("role `{id}` and its deputy `{}` are the same team", role.deputy), "deputy")
        } else if is_mail(&role.team) {
            (format!("the team of role `{id}` is one mail address"), "team")
        } else {
            continue;
        };
        found.push(
            RULE.found(message)
                .at(Place::value(&scene.fleet.document, &child(&at, field)))
                .owned_by(id.to_string())
                .next("name a team, and a deputy from another one"),
        );
    }
}

/// Whether a team is a mail address; `@org/team` is none.
fn is_mail(team: &str) -> bool {
    team.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}
