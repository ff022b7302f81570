//! `missing-if-lost`: a conduit that does not say what production does when it is lost.

use super::scene::{Scene, conduits};
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::Standard;
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "missing-if-lost",
    level: Level::Error,
    soft: true,
    what: "A conduit that does not say what production does when it is lost.",
    why: "Every connection is lost one day; the shift must not find out what then happens.",
    instead: "Write it: `if_lost: \"line goes on; ...\"`.",
    see: "",
    check: Check::Standard(check),
};

fn check(_: &Scene<'_>, standard: &Standard, found: &mut Vec<Finding>) {
    let silent = |text: &Option<String>| text.as_ref().is_none_or(|text| text.trim().is_empty());
    for (id, conduit, at, document) in conduits(standard).filter(|(_, conduit, ..)| silent(&conduit.if_lost))
    {
        let name = conduit.name.as_deref().unwrap_or(id);
        let place = Place::key(document, &if conduit.if_lost.is_some() { child(&at, "if_lost") } else { at });
        let mut finding =
            RULE.found(format!("conduit {id} ({name}) does not say what happens when it is lost")).at(place);
        finding.owner = conduit.owner.as_ref().map(ToString::to_string);
        found.push(finding.next("say it: `if_lost: \"line goes on; ...\"`"));
    }
}
