//! `unowned-region`: a local region of an output that no role owns.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::Standard;

pub(super) const RULE: Rule = Rule {
    name: "unowned-region",
    level: Level::Warning,
    soft: true,
    what: "A local region of an output that no role owns.",
    why: "What jig never renders over and never reports as drift must belong to somebody, or it belongs to nobody.",
    instead: "Name the role that answers for it: `owner: <role>`.",
    see: "",
    check: Check::Standard(check),
};

fn check(_: &Scene<'_>, standard: &Standard, found: &mut Vec<Finding>) {
    let regions = standard.blueprint.model.local.iter().enumerate();
    for (index, region) in regions.filter(|(_, region)| region.owner.is_none()) {
        found.push(
            RULE.found(format!(
                "the local region {} of output `{}` has no owner",
                region.path, region.output
            ))
            .at(Place::value(&standard.blueprint.document, &format!("/local/{index}")))
            .owned_by(standard.blueprint.model.owner.to_string())
            .next("name the role that answers for it: `owner: <role>`"),
        );
    }
}
