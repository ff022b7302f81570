//! `undecided-conduit`: a conduit that no risk decision covers, or whose decision lacks approvals or review.

use super::scene::{Scene, conduits};
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::{Record, Standard};
use crate::model::Decision;
use crate::model::conduits::Conduit;
use crate::resolve::approval::{Approvers, decision_digest, gaps, missing_decision};
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "undecided-conduit",
    level: Level::Error,
    soft: false,
    what: "A conduit that no risk decision covers, or whose decision lacks approvals or review.",
    why: "Systems get connected before anyone decided the risk; that is how firewalls fill up.",
    instead: "`jig new decision --for BLUEPRINT/CONDUIT`, and have it approved.",
    see: "IEC 62443-3-2, ZCR 5 and 6",
    check: Check::Standard(check),
};

fn check(scene: &Scene<'_>, standard: &Standard, found: &mut Vec<Finding>) {
    let fleet = scene.fleet;
    for (id, conduit, at, document) in conduits(standard) {
        let name = conduit.name.as_deref().unwrap_or(id);
        let full = format!("{}/{id}", standard.id);
        let owner = standard.blueprint.model.owner.to_string();
        let Some(decision) = &conduit.decision else {
            let message = format!("conduit {id} ({name}) has no risk decision");
            let finding = RULE.found(message).at(Place::key(document, &at));
            found.push(finding.owned_by(owner).next(format!("`jig new decision --for {full}`")));
            continue;
        };
        if decision.contains("{{") {
            continue;
        }
        let here = Place::value(document, &child(&at, "decision"));
        let Some(record) = fleet.decisions.get(decision) else {
            // A folder that cannot be read is one thing to mend, and is told as such.
            if fleet.tree.list("decisions").is_err() {
                continue;
            }
            let (what, next) = missing_decision(fleet, decision, &full);
            let message = format!("conduit {id} ({name}) names the decision {decision}, which {what}");
            found.push(RULE.found(message).at(here).owned_by(owner).next(next));
            continue;
        };
        if !record.record.model.covers.contains(&full) {
            let finding = RULE.found(format!("{decision} does not cover {full}")).at(here);
            let finding = finding.see(Place::value(&record.record.document, "/covers"), "it covers these");
            found.push(
                finding.owned_by(owner).next(format!("have it decided: `jig new decision --for {full}`")),
            );
            continue;
        }
        found.extend(unapproved(scene, standard, record, conduit, id, &here));
    }
}

/// What the approvals and the review of a decision lack for this text of a conduit.
fn unapproved(
    scene: &Scene<'_>,
    standard: &Standard,
    record: &Record<Decision>,
    conduit: &Conduit,
    id: &str,
    here: &Place,
) -> Vec<Finding> {
    let model = &record.record.model;
    let owners = model.owner.iter().chain(&conduit.owner).chain([&standard.blueprint.model.owner]);
    let approvers = Approvers::of(scene.fleet, "conduit", owners.map(ToString::to_string).collect());
    let place = Place::value(&record.record.document, "/covers");
    let digest = decision_digest(record, standard);
    let mut found = vec![];
    for gap in gaps(scene.fleet, record, &approvers, &digest) {
        let rule = if gap.stale { "stale-approval" } else { "one-sided-approval" };
        let finding = Finding::error(rule, format!("{id}: {}", gap.message)).at(place.clone());
        let mut finding = finding.see(here.clone(), "needed here").next(gap.next);
        finding.owner = gap.role;
        found.push(finding);
    }
    let grace = scene.fleet.enterprise.settings.review_grace_days;
    if let Some(due) = model.review_by.civil().filter(|due| scene.as_of > *due) {
        let last = due.saturating_add(jiff::Span::new().days(grace));
        let message = format!("{} of {id} was to be reviewed by {due}", record.id);
        let finding = if scene.as_of > last {
            Finding::error("overdue-review", format!("{message}; the {grace} days of grace ended on {last}"))
        } else {
            Finding::warning("overdue-review", format!("{message}; it counts until {last}"))
        };
        let mut finding = finding.at(Place::value(&record.record.document, "/review_by"));
        finding.owner = approvers.roles.first().cloned();
        found.push(finding.next(format!("review it, set review_by, and `jig approve {}`", record.id)));
    }
    found
}
