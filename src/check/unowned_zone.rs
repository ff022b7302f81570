//! `unowned-zone`: a zone without an owner.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::Standard;
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "unowned-zone",
    level: Level::Error,
    soft: false,
    what: "A zone without an owner.",
    why: "IEC 62443-3-2 asks for an accountable owner of every zone; without one nobody may say no.",
    instead: "Name the role that answers for it: `owner: <role>`.",
    see: "IEC 62443-3-2, ZCR 6.4",
    check: Check::Standard(check),
};

fn check(_: &Scene<'_>, standard: &Standard, found: &mut Vec<Finding>) {
    let Some(loaded) = &standard.conduits else { return };
    for (id, _) in loaded.model.zones.iter().filter(|(_, zone)| zone.owner.is_none()) {
        found.push(
            RULE.found(format!("zone `{id}` has no owner"))
                .at(Place::key(&loaded.document, &child("/zones", id.as_str())))
                .owned_by(standard.blueprint.model.owner.to_string())
                .next("name the role that answers for it: `owner: <role>`"),
        );
    }
}
