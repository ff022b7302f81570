//! `unowned-output`: an output without an owner.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::Standard;

pub(super) const RULE: Rule = Rule {
    name: "unowned-output",
    level: Level::Error,
    soft: false,
    what: "An output without an owner.",
    why: "Somebody must answer for the file on the device.",
    instead: "Name the role that answers for it: `owner: <role>`.",
    see: "",
    check: Check::Standard(check),
};

fn check(_: &Scene<'_>, standard: &Standard, found: &mut Vec<Finding>) {
    let outputs = standard.blueprint.model.outputs.iter().enumerate();
    for (index, output) in outputs.filter(|(_, output)| output.owner.is_none()) {
        found.push(
            RULE.found(format!("output `{}` has no owner", output.id))
                .at(Place::value(&standard.blueprint.document, &format!("/outputs/{index}")))
                .owned_by(standard.blueprint.model.owner.to_string())
                .next("name the role that answers for it: `owner: <role>`"),
        );
    }
}
