//! `sparkplug-collision`: two lines with the same Sparkplug edge node or topic, or a name that MQTT gives a meaning.

use super::census::{Census, Fact, Subject};
use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};

pub(super) const RULE: Rule = Rule {
    name: "sparkplug-collision",
    level: Level::Error,
    soft: true,
    what: "Two lines with the same Sparkplug edge node or topic, or a name that MQTT gives a meaning.",
    why: "The second edge node throws the first one out, again and again; two lines that share a topic are added up.",
    instead: "Make the namespace in jig.yaml name the site, area and line.",
    see: "Sparkplug 3.0, 6.4.1: group and edge node are unique",
    check: Check::Census(check),
};

fn check(scene: &Scene<'_>, census: &Census, found: &mut Vec<Finding>) {
    let mut first: Option<Fact> = None;
    for fact in census.sorted(|subject| matches!(subject, Subject::EdgeNode(_) | Subject::Topic(_))) {
        let (what, text) = match &fact.subject {
            Subject::EdgeNode(text) => ("Sparkplug edge node", text),
            Subject::Topic(text) => ("topic", text),
            _ => continue,
        };
        let fleet = scene.fleet;
        let place = Place::key(
            &fleet.document,
            if what == "topic" { "/namespace/topic" } else { "/namespace/sparkplug" },
        );
        let odd = if what == "topic" {
            text.contains(['+', '#'])
        } else {
            text.matches('/').count() > 1 || text.contains(['+', '#'])
        };
        if odd {
            let message =
                format!("the {what} of {}, `{text}`, holds a character with a meaning in MQTT", fact.address);
            found.push(
                RULE.found(message)
                    .at(place.clone())
                    .about(fact.address.to_string())
                    .next("leave `+`, `#` and `/` out of names"),
            );
        }
        if let Some(first) = first.as_ref().filter(|first| first.subject == fact.subject) {
            let message = format!("{} and {} have the same {what}, `{text}`", first.address, fact.address);
            let finding = RULE.found(message).at(place).about(fact.address.to_string());
            found.push(finding.next("let the namespace name site, area and line"));
        } else {
            first = Some(fact);
        }
    }
}
