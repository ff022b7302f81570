//! What a template sees: the plan as names and values.

use super::Seen;
use super::library::TargetRef;
use crate::load::{Fleet, Loaded, Record};
use crate::model::Approval;
use crate::resolve::expression::{SITE_FACTS, Value, to_value};
use crate::resolve::plan::{Flow, Output, Plan};
use crate::source::Content;
use serde_json::{Value as Json, json};

/// Names that are the same for every line of the fleet.
pub(super) struct Statics {
    enterprise: Value,
    decisions: Value,
    goals: Value,
    systems: Value,
    profiles: Value,
}

impl Statics {
    pub(super) fn new(fleet: &Fleet) -> Self {
        let decisions = fleet.decisions.iter().map(|(id, record)| {
            let mut json = record.record.document.root.to_json();
            if let Some(object) = json.as_object_mut() {
                object.insert("id".into(), json!(id));
                object.insert("approvals".into(), approvals(record));
            }
            (id.as_str(), to_value(json))
        });
        let profiles = fleet.equipment_document.as_ref().and_then(|document| document.root.get("profiles"));
        Self {
            enterprise: Value::from(fleet.enterprise.enterprise.as_str()),
            decisions: Value::from_pairs(decisions.collect::<Vec<_>>()),
            goals: with_ids(fleet.goals.goals.iter().map(|(id, goal)| (id.as_str(), json!(goal)))),
            systems: with_ids(
                fleet.enterprise.systems.iter().map(|(id, system)| (id.as_str(), json!(system))),
            ),
            profiles: match profiles.map(|member| &member.node.content) {
                Some(Content::Map(members)) => {
                    with_ids(members.iter().map(|member| (&*member.key, member.node.to_json())))
                }
                _ => with_ids(std::iter::empty()),
            },
        }
    }
}

fn approvals<T>(record: &Record<T>) -> Json {
    let side = |side: &str, file: &Option<Loaded<Approval>>| {
        file.as_ref().map(|file| json!({ "side": side, "role": file.model.role, "date": file.model.date }))
    };
    [side("it", &record.it), side("ot", &record.ot)].into_iter().flatten().collect()
}

/// Maps that carry their own id.
fn with_ids<'a>(items: impl Iterator<Item = (&'a str, Json)>) -> Value {
    let with_id = |(id, mut json): (&str, Json)| {
        if let Some(object) = json.as_object_mut() {
            object.insert("id".into(), json!(id));
        }
        (id.to_owned(), to_value(json))
    };
    Value::from_pairs(items.map(with_id).collect::<Vec<_>>())
}

pub(super) type Names = Vec<(Value, Value)>;

/// The names of a line's plan.
pub(super) fn of_plan(statics: &Statics, fleet: &Fleet, plan: &Plan, outputs: &Value) -> Names {
    let mut names = common(statics, fleet, plan, outputs);
    names.push((Value::from("flows"), to_value(&plan.flows)));
    names.push((Value::from("namespace"), plan.namespace.clone()));
    names
}

/// The names of a site's plan, which sees its lines and the flows of theirs that its devices enforce.
pub(super) fn of_site(
    statics: &Statics,
    fleet: &Fleet,
    plan: &Plan,
    outputs: &Value,
    lines: &[Seen<'_>],
) -> Names {
    let mut names = common(statics, fleet, plan, outputs);
    let mut flows: Vec<Flow> = plan.flows.clone();
    for line in lines.iter().map(|seen| seen.plan) {
        // A device of the line's own blueprint may have the same name; it is another device.
        let is_ours =
            |device: &String| plan.own_devices.contains(device) && !line.own_devices.contains(device);
        let enforced = |flow: &&Flow| flow.devices.iter().any(is_ours);
        let named = |flow: &Flow| Flow { line: line.address.line.clone(), ..flow.clone() };
        flows.extend(line.flows.iter().filter(enforced).map(named));
    }
    names.push((Value::from("flows"), to_value(&flows)));
    let contexts = lines.iter().map(|seen| Value::from_pairs(seen.names.iter().cloned()));
    names.push((Value::from("lines"), contexts.collect()));
    names
}

fn common(statics: &Statics, fleet: &Fleet, plan: &Plan, outputs: &Value) -> Names {
    let standard = &plan.standard;
    let model = &standard.blueprint.model;
    let optional = |text: &Option<String>| text.as_deref().map_or(Value::from(()), Value::from);
    let mut names: Vec<(&str, Value)> = vec![
        ("enterprise", statics.enterprise.clone()),
        ("site", Value::from(plan.site.id.as_str())),
        (SITE_FACTS, plan.site.facts.clone()),
        ("address", Value::from(plan.address.to_string())),
        (
            "blueprint",
            to_value(json!({
                "id": standard.id, "version": standard.version,
                "title": model.title.as_deref().unwrap_or(&standard.id), "digest": standard.digest,
            })),
        ),
        ("values", plan.value_map.clone()),
        ("units", plan.units.iter().cloned().collect()),
        ("zones", to_value(&plan.zones)),
        ("assets", to_value(&plan.assets)),
        ("devices", own_devices(plan)),
        ("conduits", to_value(&plan.conduits)),
        ("metrics", to_value(&plan.metrics)),
        ("elements", Value::from_pairs(plan.elements.iter().map(|e| (e.id.as_str(), to_value(e))))),
        ("deviations", to_value(&plan.deviations)),
        ("window", optional(&plan.window)),
        ("goal", optional(&plan.goal)),
        ("cutover", cutover(plan)),
        ("countermeasures", countermeasures(plan)),
        ("lessons", lessons(fleet, plan)),
        ("roles", roles(fleet, &plan.site.id)),
        ("decisions", statics.decisions.clone()),
        ("goals", statics.goals.clone()),
        ("systems", statics.systems.clone()),
        ("profiles", statics.profiles.clone()),
        ("outputs", outputs.clone()),
    ];
    if let Some(area) = &plan.area {
        names.push(("area", Value::from(area.as_str())));
    }
    if let Some(line) = &plan.address.line {
        names.push(("line", Value::from(line.as_str())));
    }
    names.into_iter().map(|(name, value)| (Value::from(name), value)).collect()
}

/// Only the plan's own devices: an output of a line never configures a device of the site.
fn own_devices(plan: &Plan) -> Value {
    let own = plan.own_devices.iter().filter_map(|id| Some((id.as_str(), to_value(plan.devices.get(id)?))));
    Value::from_pairs(own.collect::<Vec<_>>())
}

fn cutover(plan: &Plan) -> Value {
    let cutover = plan.standard.blueprint.model.cutover.clone().unwrap_or_default();
    to_value(json!({ "steps": cutover.steps, "stop": cutover.stop, "way_back": cutover.way_back }))
}

fn countermeasures(plan: &Plan) -> Value {
    let conduits = plan.standard.conduits.as_ref();
    with_ids(conduits.iter().flat_map(|loaded| {
        loaded.model.countermeasures.iter().map(|(id, countermeasure)| (id.as_str(), json!(countermeasure)))
    }))
}

fn lessons(fleet: &Fleet, plan: &Plan) -> Value {
    let known = plan.standard.blueprint.model.lessons.iter().filter_map(|id| {
        let lesson = fleet.lessons.lessons.get(id.as_str())?;
        Some(to_value(json!({
            "id": id, "cause": lesson.cause, "change": lesson.change, "seen_at": lesson.seen_at,
            "what": lesson.what, "date": lesson.date,
        })))
    });
    known.collect()
}

/// Roles with `{site}` filled in.
fn roles(fleet: &Fleet, site: &str) -> Value {
    Value::from_pairs(fleet.enterprise.roles.iter().map(|(id, role)| {
        let value = json!({
            "id": id, "name": role.name.as_deref().unwrap_or(id.as_str()), "side": role.side,
            "team": role.team.replace("{site}", site), "deputy": role.deputy,
        });
        (id.as_str(), to_value(value))
    }))
}

/// What a template sees of an output.
pub(super) fn output_value(output: &Output, target: &TargetRef, path: &str) -> Value {
    to_value(json!({
        "id": output.id, "path": path, "owner": output.owner, "target": output.target,
        "kind": target.target.kind.as_str(),
    }))
}

/// The whole context of one file.
pub(super) fn for_output(base: &[(Value, Value)], output: &Output, target: &TargetRef, path: &str) -> Value {
    let own = (Value::from("output"), output_value(output, target, path));
    Value::from_pairs(base.iter().cloned().chain([own]))
}
