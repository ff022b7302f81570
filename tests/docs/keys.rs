//! Every key of every file format, read off the JSON Schemas.

use super::generated::prose;
use jig::load::schema::FORMATS;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// One section for each file format; what several formats share is described where it first occurs.
pub(crate) fn of_files() -> String {
    let mut out = String::new();
    let mut described: BTreeSet<String> = BTreeSet::new();
    for format in &FORMATS {
        let schema = format.schema();
        out.push_str(&format!(
            "## {}\n\n`{}`\n\n{}\n\n",
            format.name,
            format.path.replace("; ", "`; `"),
            description(schema)
        ));
        out.push_str(&keys(schema));
        let definitions = schema.get("$defs").and_then(Json::as_object).into_iter().flatten();
        for (name, definition) in definitions {
            if described.insert(name.clone()) && (has_keys(definition) || words(definition).is_some()) {
                out.push_str(&format!("### {name}\n\n{}\n\n{}", description(definition), body(definition)));
            }
        }
    }
    out
}

fn body(definition: &Json) -> String {
    match words(definition) {
        Some(words) => format!("{words}\n\n"),
        None => keys(definition),
    }
}

fn description(schema: &Json) -> String {
    prose(schema.get("description").and_then(Json::as_str).unwrap_or_default())
}

fn has_keys(schema: &Json) -> bool {
    schema.get("properties").and_then(Json::as_object).is_some_and(|keys| !keys.is_empty())
}

/// The table of a map's keys.
fn keys(schema: &Json) -> String {
    let Some(properties) = schema.get("properties").and_then(Json::as_object).filter(|keys| !keys.is_empty())
    else {
        return String::new();
    };
    let required = |name: &str| {
        schema
            .get("required")
            .and_then(Json::as_array)
            .is_some_and(|all| all.iter().any(|known| known == name))
    };
    let mut out = String::from("| key | | holds | meaning |\n| --- | --- | --- | --- |\n");
    for (name, property) in properties {
        let must = if required(name) { "required" } else { "" };
        let meaning = description(property).split_whitespace().collect::<Vec<_>>().join(" ");
        let default = match property.get("default") {
            Some(Json::Number(_) | Json::String(_) | Json::Bool(true)) => {
                format!(" Default: `{}`.", property["default"])
            }
            _ => String::new(),
        };
        out.push_str(&format!("| `{name}` | {must} | {} | {meaning}{default} |\n", kind(property)));
    }
    out.push('\n');
    out
}

/// The words that may stand there, where the type is a list of words.
fn words(schema: &Json) -> Option<String> {
    if let Some(words) = schema.get("enum").and_then(Json::as_array) {
        let words: Vec<_> = words.iter().filter_map(Json::as_str).map(|word| format!("`{word}`")).collect();
        return (!words.is_empty()).then(|| format!("One of {}.", words.join(", ")));
    }
    let all = schema.get("oneOf").and_then(Json::as_array)?;
    let one = |word: &Json| {
        let plain = word.get("const").and_then(Json::as_str)?;
        let meaning = description(word);
        let meaning = meaning.trim_end_matches('.');
        Some(if meaning.is_empty() { format!("- `{plain}`") } else { format!("- `{plain}`: {meaning}") })
    };
    all.iter().map(one).collect::<Option<Vec<_>>>().map(|words| words.join("\n"))
}

/// What a key holds, in words.
fn kind(schema: &Json) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
        return named(reference.rsplit('/').next().unwrap_or_default());
    }
    if let Some(options) = schema.get("anyOf").and_then(Json::as_array) {
        let options = options.iter().filter(|option| option.get("type") != Some(&Json::from("null")));
        return options.map(kind).collect::<Vec<_>>().join(" or ");
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(all)) => {
            all.iter().filter_map(Json::as_str).filter(|kind| *kind != "null").collect()
        }
        _ => return "any value".into(),
    };
    match kinds.first().copied().unwrap_or_default() {
        "array" => {
            format!("list of {}", schema.get("items").map_or("any value".into(), kind))
        }
        "object" => {
            format!("map of {}", members(schema).map_or("any value".into(), kind))
        }
        "string" => "text".into(),
        "integer" => "whole number".into(),
        "boolean" => "true or false".into(),
        other => other.to_owned(),
    }
}

/// What a map without fixed keys holds.
fn members(schema: &Json) -> Option<&Json> {
    let by_pattern =
        schema.get("patternProperties").and_then(Json::as_object).and_then(|all| all.values().next());
    by_pattern.or_else(|| schema.get("additionalProperties")).filter(|inner| inner.is_object())
}

/// Names that are plain text are said in words; the others have a section.
fn named(name: &str) -> String {
    match name {
        "Id" => "id".into(),
        "RecordId" => "record id".into(),
        "ValueName" => "name of a value".into(),
        "Date" => "date".into(),
        "Version" => "version".into(),
        "VersionRange" => "range of versions".into(),
        "RoleRef" => "role".into(),
        "SystemRef" => "system of record".into(),
        "MetricRef" => "metric".into(),
        "GoalRef" => "goal".into(),
        "LessonRef" => "lesson".into(),
        "ProfileRef" => "profile".into(),
        "Purdue" => "Purdue level".into(),
        "SecurityLevel" => "security level, 0 to 4, or [one for each requirement](#securityvector)".into(),
        "PortSpec" => "port, or `first-last`".into(),
        "Subject" => "what is decided".into(),
        "OneOrMany" => "text, or a list".into(),
        other => format!("[{other}](#{})", other.to_lowercase()),
    }
}
