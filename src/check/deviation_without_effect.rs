//! `deviation-without-effect`: a deviation for a line, unit or value that is not there, or that changes nothing.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::{nearest, read_document};

pub(super) const RULE: Rule = Rule {
    name: "deviation-without-effect",
    level: Level::Warning,
    soft: true,
    what: "A deviation for a line, unit or value that is not there, or that changes nothing.",
    why: "It reads as if something was different here, and nothing is.",
    instead: "Close it, or name the value that it means.",
    see: "",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let fleet = scene.fleet;
    let lines =
        fleet.sites.iter().flat_map(|site| site.lines.iter().map(|line| format!("{}/{}", site.id, line.id)));
    let known: Vec<String> = lines.collect();
    for record in fleet.deviations.values() {
        let model = &record.record.model;
        let say = |message: String, pointer: &str| {
            let finding = RULE.found(message).at(Place::value(&record.record.document, pointer));
            finding.owned_by(model.owner.to_string()).next("close the deviation, or name what it means")
        };
        if !known.contains(&model.line) {
            let finding = say(format!("{} is for {}, which is no line here", record.id, model.line), "/line");
            let near = nearest(&model.line, known.iter().map(String::as_str));
            found.push(near.map_or(finding.clone(), |near| finding.next(format!("did you mean `{near}`?"))));
            continue;
        }
        if let Some(rule) = model.accepts.as_ref().and_then(|accepts| accepts.rule.as_ref())
            && super::rule(rule).is_none()
        {
            let near = nearest(rule, super::RULES.iter().map(|rule| rule.name));
            let finding = say(format!("{} accepts `{rule}`, which is no rule", record.id), "/accepts/rule");
            found.push(near.map_or(finding.clone(), |near| finding.next(format!("did you mean `{near}`?"))));
        }
        let Some(change) = &model.changes else { continue };
        let (site, line) = model.line.split_once('/').unwrap_or_default();
        let path = format!("sites/{site}/lines/{line}.yaml");
        let Ok(document) = read_document(&fleet.tree, &path, &path) else { continue };
        let reference = document.root.get("blueprint").and_then(|member| member.node.as_str());
        let Some(Ok(standard)) = reference.map(|reference| fleet.standards.get(reference)) else { continue };
        let blueprint = &standard.blueprint.model;
        let name = change.value.as_str();
        let standing =
            blueprint.fixed.get(name).or_else(|| blueprint.defaults.get(name).map(|default| &default.value));
        if standing == Some(&change.to) && document.root.at(&format!("/overrides/{name}")).is_none() {
            found.push(
                say(
                    format!("{} changes `{name}` to what the standard says anyway", record.id),
                    "/changes/to",
                )
                .about(model.line.clone()),
            );
        }
    }
}
