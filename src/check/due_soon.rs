//! `due-soon`: a decision, deviation or temporary flow whose last day is near.

use super::scene::{Scene, conduits};
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::resolve::approval::Approvers;
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "due-soon",
    level: Level::Note,
    soft: true,
    what: "A decision, deviation or temporary flow whose last day is near.",
    why: "Past that day a line does not render, or renders something else; a meeting takes longer than a day to arrange.",
    instead: "Review it, renew it or close it while there is time.",
    see: "",
    check: Check::Fleet(check),
};

/// Days ahead that are looked at.
const DAYS: i64 = 45;

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let fleet = scene.fleet;
    for record in fleet.decisions.values() {
        let place = || Place::value(&record.record.document, "/review_by");
        let Some(days) = days_left(scene, record.record.model.review_by.civil()) else { continue };
        let owners = vec![];
        let role = Approvers::of(fleet, "conduit", owners).roles.first().cloned();
        let message = format!("{} is due for review in {days} days", record.id);
        let mut finding = RULE.found(message).at(place());
        finding.owner = role.or_else(|| record.record.model.owner.as_ref().map(ToString::to_string));
        found.push(finding.next(format!("review it, set review_by, and `jig approve {}`", record.id)));
    }
    for record in fleet.deviations.values() {
        let model = &record.record.model;
        let Some(days) = days_left(scene, model.expires.civil()) else { continue };
        let closes =
            model.closes_when.as_deref().map(|when| format!("; it closes when: {when}")).unwrap_or_default();
        found.push(
            RULE.found(format!("{} expires in {days} days{closes}", record.id))
                .at(Place::value(&record.record.document, "/expires"))
                .about(model.line.clone())
                .owned_by(model.owner.to_string())
                .next("close it, or have it approved again with a new last day"),
        );
    }
    for standard in fleet.standards.all() {
        for (_, conduit, at, document) in conduits(&standard) {
            for (id, flow) in &conduit.flows {
                let Some(days) = days_left(scene, flow.expires.as_ref().and_then(|date| date.civil())) else {
                    continue;
                };
                let pointer = child(&child(&child(&at, "flows"), id.as_str()), "expires");
                let mut finding = RULE.found(format!("flow {id} is allowed for {days} more days"));
                finding.owner = flow.owner.as_ref().or(conduit.owner.as_ref()).map(ToString::to_string);
                found.push(finding.at(Place::value(document, &pointer)).next("renew it, or remove it"));
            }
        }
    }
}

fn days_left(scene: &Scene<'_>, last: Option<jiff::civil::Date>) -> Option<i64> {
    let days = (last? - scene.as_of).get_days();
    let days = i64::from(days);
    (0..=DAYS).contains(&days).then_some(days)
}
