//! `jig schema`: the JSON Schema of a file format.

use super::session::Session;
use super::{Failure, Outcome, Run};
use crate::load::schema::{FORMATS, by_name};
use crate::load::{Fleet, Standard, nearest};
use clap::Args;
use serde_json::{Value as Json, json};

/// Prints the JSON Schema of a file format; without NAME, the list
///
/// Inside a fleet, NAME may also be a blueprint version such as packaging-line@1.3.0: the schema of the lines that
/// follow it, made from its inputs, so that an editor completes them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  jig schema line\n  jig schema packaging-line@1.3.0 > line.schema.json")]
pub(crate) struct Schema {
    /// A file format, or a blueprint version
    name: Option<String>,
}

pub(crate) fn run(session: &mut Session, args: &Schema) -> Run {
    let Some(name) = &args.name else {
        for format in &FORMATS {
            session.out(&format!("{:12} {}", format.name, format.path));
        }
        return Ok(Outcome::InOrder);
    };
    if let Some(format) = by_name(name) {
        session.out(&pretty(&titled(format.schema(), &format!("jig {}", format.name))));
        return Ok(Outcome::InOrder);
    }
    if name.contains('@') {
        let (fleet, _) = session.fleet()?;
        let fleet =
            fleet.ok_or_else(|| Failure::new("the fleet cannot be read", "`jig validate` says why"))?;
        let standard = fleet
            .standards
            .get(name)
            .map_err(|missing| Failure::new(missing.message.clone(), missing.next.clone()))?;
        session.out(&pretty(&line_schema(&fleet, &standard)));
        return Ok(Outcome::InOrder);
    }
    let near = nearest(name, FORMATS.iter().map(|format| format.name));
    let hint =
        near.map_or_else(|| "`jig schema` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(Failure::new(format!("there is no file format `{name}`"), hint))
}

/// The schema of lines (or sites) that follow a standard: the file format with this standard's questions.
pub(crate) fn line_schema(fleet: &Fleet, standard: &Standard) -> Json {
    let scope = standard.blueprint.model.scope;
    let base =
        by_name(if scope == crate::model::Scope::Line { "line" } else { "site" }).expect("a known format");
    let mut schema = titled(base.schema(), &format!("lines that follow {}", standard.reference()));
    let mut inputs = standard.inputs.schema.clone();
    allow_known_types(fleet, &mut inputs);
    let names: Vec<_> = standard.blueprint.model.defaults.keys().map(ToString::to_string).collect();
    let overrides: serde_json::Map<String, Json> = names
        .into_iter()
        .map(|name| {
            let value = standard.inputs.default_schema(&name).cloned().unwrap_or_else(|| json!(true));
            let over = json!({
                "type": "object", "required": ["value"], "additionalProperties": false,
                "properties": { "value": value, "by": { "type": "string" }, "why": { "type": "string" } },
            });
            (name, over)
        })
        .collect();
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        if !standard.blueprint.model.inputs.is_empty() {
            properties.insert("inputs".into(), inputs);
        }
        let over = json!({ "type": "object", "properties": overrides, "additionalProperties": false });
        properties.insert("overrides".into(), over);
    }
    schema
}

/// Where an answer is an equipment type, the types that exist are the choice.
fn allow_known_types(fleet: &Fleet, schema: &mut Json) {
    if let Some(object) = schema.as_object_mut() {
        if object.get("enum_from").and_then(Json::as_str) == Some("equipment") {
            let types: Vec<_> = fleet.equipment.types.keys().map(ToString::to_string).collect();
            object.insert("enum".into(), json!(types));
        }
        object.values_mut().for_each(|inner| allow_known_types(fleet, inner));
    } else if let Some(items) = schema.as_array_mut() {
        items.iter_mut().for_each(|inner| allow_known_types(fleet, inner));
    }
}

fn titled(schema: &Json, title: &str) -> Json {
    let mut schema = schema.clone();
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".into(), json!(title));
    }
    schema
}

pub(crate) fn pretty(schema: &Json) -> String {
    serde_json::to_string_pretty(schema).expect("a schema is plain data")
}
