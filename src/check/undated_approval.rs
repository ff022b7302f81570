//! `undated-approval`: an approval without a date, or with one that is still to come.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};

pub(super) const RULE: Rule = Rule {
    name: "undated-approval",
    level: Level::Warning,
    soft: true,
    what: "An approval without a date, or with one that is still to come.",
    why: "Who agreed, and when, is what an auditor asks first.",
    instead: "`jig approve RECORD --as ROLE` writes the date.",
    see: "",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let fleet = scene.fleet;
    let decisions = fleet.decisions.values().map(|r| (&r.id, [&r.it, &r.ot]));
    let deviations = fleet.deviations.values().map(|r| (&r.id, [&r.it, &r.ot]));
    for (id, files) in decisions.chain(deviations) {
        for file in files.into_iter().flatten() {
            let role = &file.model.role;
            let finding = match file.model.date.as_ref().map(|date| (date, date.civil())) {
                None => RULE
                    .found(format!("{id}: the approval of `{role}` has no date"))
                    .at(Place::value(&file.document, "/role")),
                Some((date, Some(day))) if day > scene.as_of => RULE
                    .found(format!("{id}: the approval of `{role}` is dated {date}, which is still to come"))
                    .at(Place::value(&file.document, "/date")),
                Some(_) => continue,
            };
            found.push(finding.owned_by(role.to_string()).next(format!("`jig approve {id} --as {role}`")));
        }
    }
}
