//! `unowned-conduit`: a conduit without an owner.

use super::scene::{Scene, conduits};
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::Standard;

pub(super) const RULE: Rule = Rule {
    name: "unowned-conduit",
    level: Level::Error,
    soft: false,
    what: "A conduit without an owner.",
    why: "After a year nobody knows who may change the rule.",
    instead: "Name the role that answers for it: `owner: <role>`.",
    see: "IEC 62443-3-2, ZCR 6.4",
    check: Check::Standard(check),
};

fn check(_: &Scene<'_>, standard: &Standard, found: &mut Vec<Finding>) {
    for (id, conduit, at, document) in conduits(standard).filter(|(_, conduit, ..)| conduit.owner.is_none()) {
        let name = conduit.name.as_deref().unwrap_or(id);
        found.push(
            RULE.found(format!("conduit {id} ({name}) has no owner"))
                .at(Place::key(document, &at))
                .owned_by(standard.blueprint.model.owner.to_string())
                .next("name the role that answers for it: `owner: <role>`"),
        );
    }
}
