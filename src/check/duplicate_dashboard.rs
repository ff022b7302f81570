//! `duplicate-dashboard`: two dashboards with one uid.

use super::census::{Census, Subject};
use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule {
    name: "duplicate-dashboard",
    level: Level::Error,
    soft: true,
    what: "Two dashboards with one uid.",
    why: "Grafana keeps the one that was loaded last; the people of the other line look at figures that are not theirs.",
    instead: "Make the uid from site, area and line, with `truncate_id(40)`.",
    see: "Grafana HTTP API: the uid of a dashboard, 40 characters at most",
    check: Check::Census(check),
};

fn check(scene: &Scene<'_>, census: &Census, found: &mut Vec<Finding>) {
    let facts = census.sorted(|subject| matches!(subject, Subject::Dashboard(_)));
    for same in facts.chunk_by(|a, b| a.subject == b.subject) {
        for fact in &same[1..] {
            let (one, other) = (&same[0].address, &fact.address);
            let message = format!("dashboards of {one} and {other} have one uid, `{}`", fact.text);
            let mut finding = fact.meets(&same[0], "and this", &RULE, message, scene.fleet);
            // Sites may each have a Grafana of their own.
            if one.site != other.site {
                finding.level = Level::Warning;
            }
            found.push(finding.next(RULE.instead));
        }
    }
}
