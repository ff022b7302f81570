//! `duplicate-host`: two hosts with the same name.

use super::census::{Census, Subject};
use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule {
    name: "duplicate-host",
    level: Level::Error,
    soft: true,
    what: "Two hosts with the same name.",
    why: "Certificates and access lists know a host by its name; one would have the rights of both.",
    instead: "Give one of them another name.",
    see: "",
    check: Check::Census(check),
};

fn check(scene: &Scene<'_>, census: &Census, found: &mut Vec<Finding>) {
    let facts = census.sorted(|subject| matches!(subject, Subject::Name(_)));
    for same in facts.chunk_by(|a, b| a.subject == b.subject) {
        for fact in same.iter().skip(1).filter(|fact| fact.address != same[0].address) {
            let message =
                format!("{} and {} have the same host name, `{}`", same[0].address, fact.address, fact.text);
            let finding = fact.meets(&same[0], "given here too", &RULE, message, scene.fleet);
            found.push(finding.next("give one of the two another name"));
        }
    }
}
