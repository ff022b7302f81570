//! `duplicate-host`: two hosts with the same name.

use super::census::{Census, Fact, Subject};
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
    let facts: Vec<Fact> =
        census.sorted().into_iter().filter(|fact| matches!(fact.subject, Subject::Name(_))).collect();
    for same in facts.chunk_by(|a, b| a.subject == b.subject) {
        for fact in same.iter().skip(1).filter(|fact| fact.address != same[0].address) {
            let message =
                format!("{} and {} have the same host name, `{}`", same[0].address, fact.address, fact.text);
            let finding = RULE
                .found(message)
                .at(fact.place(scene.fleet))
                .see(same[0].place(scene.fleet), "given here too");
            let mut finding = finding.about(fact.address.to_string());
            finding.owner.clone_from(&fact.owner);
            found.push(finding.next("give one of the two another name"));
        }
    }
}
