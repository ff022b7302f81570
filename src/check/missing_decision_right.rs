//! `missing-decision-right`: something that is decided here and that no right in rights.yaml is about.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::model::enterprise::Sides;
use crate::resolve::approval::suits;
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "missing-decision-right",
    level: Level::Warning,
    soft: true,
    what: "Something that is decided here and that no right in rights.yaml is about.",
    why: "Work stops where nobody knows who may say yes.",
    instead: "Say in rights.yaml who decides it, who must agree, and how fast.",
    see: "",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Some(rights) = &scene.fleet.rights else { return };
    let known = |what: &str| rights.model.rights.values().any(|right| right.what.0 == what);
    for (what, why) in needed(scene) {
        if !known(what) {
            found.push(
                RULE.found(format!("no right says who decides about a {what}; {why}"))
                    .at(Place::key(&rights.document, "/rights"))
                    .next(format!("add a right: {{ what: {what}, decides: <role>, agrees: [<role>], within_working_days: 5 }}")),
            );
        }
    }
    let roles = &scene.fleet.enterprise.roles;
    for (id, right) in &rights.model.rights {
        let sides = || {
            let all = std::iter::once(&right.decides).chain(&right.agrees);
            all.filter_map(|role| roles.get(role.as_str())).map(|role| role.side)
        };
        let fills = |side: &str| sides().any(|held| suits(held, side));
        let needs: &[&str] = match right.sides {
            Sides::Both => &["it", "ot"],
            Sides::It => &["it"],
            Sides::Ot => &["ot"],
        };
        let approved = matches!(right.what.0.as_str(), "conduit" | "deviation" | "write");
        if let Some(side) = needs.iter().find(|side| approved && !fills(side)) {
            found.push(
                RULE.found(format!(
                    "{id} asks for an approval of the {} side that none of its roles can give",
                    side.to_uppercase()
                ))
                .at(Place::key(&rights.document, &child("/rights", id.as_str())))
                .owned_by(right.decides.to_string())
                .next("add a role of that side to `agrees`, or correct `sides`"),
            );
        }
    }
}

/// What this fleet has that somebody decides, and why it counts.
fn needed(scene: &Scene<'_>) -> Vec<(&'static str, String)> {
    let mut needed = vec![];
    let conduits: usize = scene
        .fleet
        .standards
        .all()
        .iter()
        .filter_map(|s| s.conduits.as_ref().map(|l| l.model.conduits.len()))
        .sum();
    if conduits > 0 {
        needed.push(("conduit", "the blueprints open some".to_owned()));
    }
    if let Some(first) = scene.fleet.deviations.keys().next() {
        needed.push(("deviation", format!("{first} is one")));
    }
    needed
}
