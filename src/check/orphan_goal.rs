//! `orphan-goal`: a goal that no blueprint, metric or line serves.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::read_document;
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "orphan-goal",
    level: Level::Note,
    soft: true,
    what: "A goal that no blueprint, metric or line serves.",
    why: "A long-term goal that nothing works on is a wish.",
    instead: "Name it where the work is done: `goals: [...]` of a blueprint or metric.",
    see: "",
    check: Check::Fleet(check),
};

const FILE: &str = "goals.yaml";

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let fleet = scene.fleet;
    let standards = fleet.standards.all();
    let mut orphans: Vec<&str> = fleet.goals.goals.keys().map(|id| id.as_str()).collect();
    let of_metrics = fleet.metrics.metrics.values().flat_map(|metric| &metric.goals);
    let of_standards = standards.iter().flat_map(|standard| &standard.blueprint.model.goals);
    let served: Vec<&str> = of_metrics.chain(of_standards).map(|goal| goal.as_str()).collect();
    orphans.retain(|goal| !served.contains(goal));
    if orphans.is_empty() {
        return;
    }
    for line in fleet.sites.iter().flat_map(|site| &site.lines) {
        let document = read_document(&fleet.tree, &line.path, &line.path).ok();
        let goal = document.as_ref().and_then(|document| document.root.get("goal")?.node.as_str());
        orphans.retain(|orphan| Some(*orphan) != goal);
    }
    let Ok(document) = read_document(&fleet.tree, FILE, FILE) else { return };
    for orphan in orphans {
        let mut finding = RULE
            .found(format!("nothing serves goal {orphan}"))
            .at(Place::key(&document, &child("/goals", orphan)));
        finding.owner =
            fleet.goals.goals.get(orphan).and_then(|goal| goal.sponsor.as_ref()).map(ToString::to_string);
        found.push(finding.next("name it in `goals` of a blueprint or metric, or drop it"));
    }
}
