//! `duplicate-address`: two things with one address, or an answer that must be unique given by two lines.

use super::census::{Census, Subject};
use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule {
    name: "duplicate-address",
    level: Level::Error,
    soft: false,
    what: "Two things with one address, or an answer that must be unique given by two lines.",
    why: "Two gateways with one address take turns in failing.",
    instead: "Give one of them another answer; `jig new line` proposes the next free one.",
    see: "",
    check: Check::Census(check),
};

fn check(scene: &Scene<'_>, census: &Census, found: &mut Vec<Finding>) {
    let facts = census.sorted(|subject| matches!(subject, Subject::Host(_)));
    for same in facts.chunk_by(|a, b| a.subject == b.subject) {
        // A host of the enterprise that several sites name is one host.
        let others = same.iter().skip(1).filter(|fact| {
            !(fact.what == same[0].what && fact.address.line.is_none() && same[0].address.line.is_none())
        });
        for fact in others {
            let message = format!(
                "{} is `{}` of {} and `{}` of {}",
                fact.text, same[0].what, same[0].address, fact.what, fact.address
            );
            let finding = fact.meets(&same[0], "given here too", &RULE, message, scene.fleet);
            found.push(finding.next("give one of the two another address"));
        }
    }
}
