//! `unenforced-conduit`: a conduit with flows that no device enforces.

use super::scene::{Scene, conduits};
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::Standard;

pub(super) const RULE: Rule = Rule {
    name: "unenforced-conduit",
    level: Level::Error,
    soft: true,
    what: "A conduit with flows that no device enforces.",
    why: "The path is written down and decided, and every other path between the two zones is open as well.",
    instead: "Name the devices between the zones: `enforced_by: [...]`.",
    see: "IEC 62443-3-3 SR 5.2",
    check: Check::Standard(check),
};

fn check(_: &Scene<'_>, standard: &Standard, found: &mut Vec<Finding>) {
    let open = conduits(standard)
        .filter(|(_, conduit, ..)| conduit.enforced_by.is_empty() && !conduit.flows.is_empty());
    for (id, conduit, at, document) in open {
        let mut finding =
            RULE.found(format!("no device enforces conduit {id}")).at(Place::key(document, &at));
        finding.owner = conduit.owner.as_ref().map(ToString::to_string);
        found.push(finding.next("name the devices between its zones: `enforced_by: [...]`"));
    }
}
