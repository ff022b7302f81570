//! `intolerable-risk`: a decision that leaves more risk than it calls tolerable, or names a risk by a slip.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::{Fleet, Record, nearest};
use crate::model::Decision;
use crate::resolve::approval::Approvers;

pub(super) const RULE: Rule = Rule {
    name: "intolerable-risk",
    level: Level::Error,
    soft: true,
    what: "A decision that leaves more risk than it calls tolerable, or a level of risk that is a slip of the pen.",
    why: "Whoever approves it accepts a risk that the enterprise has said it does not accept.",
    instead: "Treat the risk until `residual` is at most `tolerable`, or do not open the path.",
    see: "IEC 62443-3-2 ZCR 5.8 to ZCR 5.11",
    check: Check::Fleet(check),
};

/// Levels of risk, the least first; enterprises that use other words are not judged.
const LEVELS: &[&str] = &["none", "negligible", "very-low", "low", "medium", "high", "very-high", "critical"];

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    for record in scene.fleet.decisions.values() {
        let decision = &record.record.model;
        let levels = [
            ("unmitigated", &decision.unmitigated),
            ("tolerable", &decision.tolerable),
            ("residual", &decision.residual),
        ];
        let given = levels.iter().filter_map(|(key, level)| Some((*key, level.as_deref()?)));
        for (key, word) in given.filter(|(_, word)| rank(word).is_none()) {
            if let Some(meant) = nearest(word, LEVELS.iter().copied()) {
                let message = format!("{}: `{word}` is no level of risk; did you mean `{meant}`?", record.id);
                found.push(at(scene.fleet, record, key, message).next(format!("write `{key}: {meant}`")));
            }
        }
        let rank = |level: &Option<String>| level.as_deref().and_then(rank);
        if let (Some(residual), Some(tolerable)) = (rank(&decision.residual), rank(&decision.tolerable))
            && residual > tolerable
        {
            let message = format!(
                "{}: the risk that remains is {}, and at most {} is tolerable",
                record.id, LEVELS[residual], LEVELS[tolerable]
            );
            let next = "treat the risk further, or do not open the path; `jig approve` what changes";
            found.push(at(scene.fleet, record, "residual", message).next(next));
        }
    }
}

/// Where a level stands in the scale.
fn rank(level: &str) -> Option<usize> {
    let level = level.trim().to_lowercase().replace([' ', '_'], "-");
    LEVELS.iter().position(|known| *known == level)
}

fn at(fleet: &Fleet, record: &Record<Decision>, key: &str, message: String) -> Finding {
    let mut finding = RULE.found(message).at(Place::value(&record.record.document, &format!("/{key}")));
    let role = Approvers::of(fleet, "conduit", vec![]).roles.first().cloned();
    finding.owner = role.or_else(|| record.record.model.owner.as_ref().map(ToString::to_string));
    finding
}
