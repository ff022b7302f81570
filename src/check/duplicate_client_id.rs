//! `duplicate-client-id`: two MQTT clients with the same client id.

use super::census::{Census, Subject};
use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule {
    name: "duplicate-client-id",
    level: Level::Error,
    soft: true,
    what: "Two MQTT clients with the same client id.",
    why: "The broker closes the first session when the second one opens; both gateways flap, and data has holes.",
    instead: "Make the client id from the name of the gateway.",
    see: "MQTT 3.1.1, 3.1.4-2",
    check: Check::Census(check),
};

fn check(scene: &Scene<'_>, census: &Census, found: &mut Vec<Finding>) {
    let facts = census.sorted(|subject| matches!(subject, Subject::Client(_)));
    for same in facts.chunk_by(|a, b| a.subject == b.subject) {
        for fact in same.iter().skip(1).filter(|fact| fact.address != same[0].address) {
            let message = format!(
                "{} and {} have the same MQTT client id, `{}`",
                same[0].address, fact.address, fact.text
            );
            let finding = fact.meets(&same[0], "given here too", &RULE, message, scene.fleet);
            found.push(finding.next("make it from a name that is unique in the enterprise"));
        }
    }
}
