//! `unknown-reference`: names that no schema can follow: outputs of devices and regions, zones of interfaces, values
//! of elements and lessons, defaults of a site's overrides, areas, and what stands in braces in a team.

use crate::finding::{Finding, Place};
use crate::load::{Fleet, Standard, nearest, read_document};
use crate::resolve::plan::Plan;
use crate::source::{Content, Document, child};

const RULE: &str = "unknown-reference";

fn unknown<'a>(
    message: String,
    place: Place,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> Finding {
    let next =
        nearest(name, known).map_or_else(|| otherwise.to_owned(), |near| format!("did you mean `{near}`?"));
    Finding::error(RULE, message).at(place).next(next)
}

/// Names in one version of a blueprint.
pub(super) fn check(fleet: &Fleet, standard: &Standard, found: &mut Vec<Finding>) {
    let model = &standard.blueprint.model;
    let outputs = || model.outputs.iter().map(|output| output.id.as_str());
    let owner = model.owner.to_string();
    let mut output = |document: &Document, pointer: &str, name: &str| {
        if name.contains("{{") || outputs().any(|known| known == name) {
            return;
        }
        let message = format!("{} has no output `{name}`", standard.reference());
        let place = Place::value(document, pointer);
        found.push(
            unknown(message, place, name, outputs(), "name one of its outputs").owned_by(owner.clone()),
        );
    };
    for (index, region) in model.local.iter().enumerate() {
        output(&standard.blueprint.document, &format!("/local/{index}/output"), region.output.as_str());
    }
    let Some(loaded) = &standard.conduits else { return };
    for (id, device) in &loaded.model.devices {
        let at = child("/devices", id.as_str());
        if let Some(name) = &device.output {
            output(&loaded.document, &child(&at, "output"), name);
        }
    }
    let interfaces = loaded.model.devices.iter().flat_map(|(id, device)| {
        let at = format!("{}/interfaces", child("/devices", id.as_str()));
        device.interfaces.keys().map(move |zone| (zone.as_str(), child(&at, zone.as_str())))
    });
    let mut strange: Vec<(&str, String)> =
        interfaces.filter(|(zone, _)| !loaded.model.zones.contains_key(*zone)).collect();
    let mut known: Vec<String> = loaded.model.zones.keys().map(ToString::to_string).collect();
    other_zones(fleet, &mut strange, &mut known);
    for (zone, pointer) in strange {
        let message =
            format!("an interface is for the zone `{zone}`, which neither a blueprint nor a site has");
        let place = Place::key(&loaded.document, &pointer);
        let known = known.iter().map(String::as_str);
        found.push(
            unknown(message, place, zone, known, "name a zone that the device joins").owned_by(owner.clone()),
        );
    }
}

/// Takes out the names of zones that other blueprints or sites define, until none is left.
fn other_zones(fleet: &Fleet, strange: &mut Vec<(&str, String)>, known: &mut Vec<String>) {
    let mut learn = |strange: &mut Vec<(&str, String)>, zone: &str| {
        strange.retain(|(name, _)| *name != zone);
        if known.iter().all(|name| name != zone) {
            known.push(zone.to_owned());
        }
    };
    if !strange.is_empty() {
        for standard in fleet.standards.all() {
            let zones = standard.conduits.iter().flat_map(|loaded| loaded.model.zones.keys());
            zones.for_each(|zone| learn(strange, zone.as_str()));
        }
    }
    for site in &fleet.sites {
        if strange.is_empty() {
            return;
        }
        let path = format!("sites/{}/site.yaml", site.id);
        let Ok(document) = read_document(&fleet.tree, &path, &path) else { continue };
        let zones = document.root.get("zones").map(|member| &member.node.content);
        if let Some(Content::Map(zones)) = zones {
            zones.iter().for_each(|zone| learn(strange, &zone.key));
        }
    }
}

/// Names in what all lines share.
pub(super) fn shared(fleet: &Fleet) -> Vec<Finding> {
    let mut found = teams(fleet);
    let standards = fleet.standards.all();
    let values: Vec<&str> = standards
        .iter()
        .flat_map(|standard| {
            let model = &standard.blueprint.model;
            model.inputs.keys().chain(model.defaults.keys()).chain(model.fixed.keys())
        })
        .map(|name| name.as_str())
        .collect();
    // Without a blueprint that can be read nothing is known of values.
    if values.is_empty() {
        return found;
    }
    let mut value = |document: &Document, pointer: String, name: &str, owner: Option<String>| {
        if values.contains(&name) {
            return;
        }
        let message = format!("no blueprint has a value `{name}`");
        let place = Place::value(document, &pointer);
        let mut finding =
            unknown(message, place, name, values.iter().copied(), "name a value of a blueprint");
        finding.owner = owner;
        found.push(finding);
    };
    if let Some(document) = &fleet.metrics_document {
        for (id, element) in &fleet.metrics.elements {
            if let Some(name) = &element.of {
                value(document, format!("{}/of", child("/elements", id)), name, None);
            }
        }
    }
    if let Ok(document) = read_document(&fleet.tree, "lessons.yaml", "lessons.yaml") {
        for (id, lesson) in &fleet.lessons.lessons {
            let input = lesson.carried_by.as_ref().and_then(|carried| carried.input.as_ref());
            if let Some(name) = input {
                value(&document, format!("{}/carried_by/input", child("/lessons", id.as_str())), name, None);
            }
        }
    }
    found.extend(goals(fleet));
    found
}

/// What stands in braces in the name of a team, and is not the site.
fn teams(fleet: &Fleet) -> Vec<Finding> {
    let mut found = vec![];
    for (id, role) in &fleet.enterprise.roles {
        let strange = role.team.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
        for (name, _) in strange.filter(|(name, _)| *name != "site") {
            let message =
                format!("`{{{name}}}` in the team of `{id}` stands for nothing; only `{{site}}` does");
            let place = Place::value(&fleet.document, &format!("{}/team", child("/roles", id.as_str())));
            found.push(
                Finding::error(RULE, message).at(place).next("write `{site}`, or the name of the team"),
            );
        }
    }
    found
}

/// Goals that are measured by a metric that is not there.
fn goals(fleet: &Fleet) -> Vec<Finding> {
    /// Counted by jig itself.
    const COUNTED: &[&str] = &["deployment-effort", "unapproved-paths"];
    let metrics = || fleet.metrics.metrics.keys().map(|id| id.as_str()).chain(COUNTED.iter().copied());
    let strange = fleet.goals.goals.iter().filter_map(|(id, goal)| {
        let metric = goal.metric.as_deref()?;
        // As in formulas, `_` may stand for `-`.
        let same = metric.replace('_', "-");
        (!metrics().any(|known| known == metric || known == same)).then_some((id, goal, metric))
    });
    let strange: Vec<_> = strange.collect();
    if strange.is_empty() {
        return vec![];
    }
    let Ok(document) = read_document(&fleet.tree, "goals.yaml", "goals.yaml") else { return vec![] };
    let tell = |(id, goal, metric): (&crate::model::RecordId, &crate::model::enterprise::Goal, &str)| {
        let message = format!("goal {id} is measured by `{metric}`, which is no metric of metrics.yaml");
        let place = Place::value(&document, &format!("{}/metric", child("/goals", id.as_str())));
        let mut finding = unknown(message, place, metric, metrics(), "name a metric of metrics.yaml");
        finding.owner = goal.sponsor.as_ref().map(ToString::to_string);
        finding
    };
    strange.into_iter().map(tell).collect()
}

/// Overrides of a site that neither its blueprint nor any line of it has a default for.
pub(super) fn overrides(fleet: &Fleet, path: &str, document: &Document) -> Vec<Finding> {
    let Some(site) = path.strip_prefix("sites/").and_then(|rest| rest.strip_suffix("/site.yaml")) else {
        return vec![];
    };
    let Some(Content::Map(members)) = document.root.get("overrides").map(|member| &member.node.content)
    else {
        return vec![];
    };
    let mut left: Vec<&str> = members.iter().map(|member| &*member.key).collect();
    let mut known: Vec<String> = vec![];
    let mut learn = |left: &mut Vec<&str>, standard: &Standard| {
        for name in standard.blueprint.model.defaults.keys() {
            left.retain(|strange| *strange != name.as_str());
            known.push(name.to_string());
        }
    };
    fleet.standards.all().iter().for_each(|standard| learn(&mut left, standard));
    // Old versions may lie in tags alone: the lines name them.
    let lines = fleet.sites.iter().filter(|entry| entry.id == site).flat_map(|entry| &entry.lines);
    for line in lines {
        if left.is_empty() {
            return vec![];
        }
        let Ok(line) = read_document(&fleet.tree, &line.path, &line.path) else { continue };
        let reference = line.root.get("blueprint").and_then(|member| member.node.as_str());
        if let Some(Ok(standard)) = reference.map(|reference| fleet.standards.get(reference)) {
            learn(&mut left, &standard);
        }
    }
    let tell = |name: &str| {
        let message =
            format!("neither the blueprint of {site} nor that of any of its lines has a default `{name}`");
        let place = Place::key(document, &child("/overrides", name));
        let known = known.iter().map(String::as_str);
        let finding = unknown(message, place, name, known, "leave it out: it changes nothing").about(site);
        Finding { rule: "unknown-override", ..finding }
    };
    left.into_iter().map(tell).collect()
}

/// The area of a line, where its site lists its areas and has none of that name.
pub(super) fn area(fleet: &Fleet, plan: &Plan) -> Option<Finding> {
    let area = plan.area.as_deref()?;
    if plan.site.areas.is_empty() || plan.site.areas.iter().any(|known| known == area) {
        return None;
    }
    let document = super::scene::own_document(fleet, plan)?;
    let message = format!("site {} lists no area `{area}`", plan.site.id);
    let known = plan.site.areas.iter().map(String::as_str);
    let place = Place::value(&document, "/area");
    let finding =
        unknown(message, place, area, known, "name an area of the site, or add it to `areas` of site.yaml");
    Some(Finding { level: crate::finding::Level::Warning, ..finding }.about(plan.address.to_string()))
}
