//! One file: read, parsed, checked against its schema, and turned into its model type.

use super::explain::explain;
use super::schema::FileKind;
use super::slips::add_slips;
use crate::finding::{Finding, Place, Rank};
use crate::source::{Document, Problem, ReadError, Tree, parse};
use jsonschema::Validator;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::sync::Arc;

/// A model value with the document it came from.
#[derive(Debug, Clone)]
pub struct Loaded<T> {
    /// The value.
    pub model: T,
    /// The document, for places.
    pub document: Document,
    /// The answers of a site or line: data that no type of the model describes.
    pub inputs: Json,
}

/// Reads and parses a YAML file. `name` is what reports call it.
pub fn read_document(tree: &Tree, path: &str, name: &str) -> Result<Document, Vec<Finding>> {
    let text = tree.text(path, name).map_err(|error| vec![unreadable(&error, name)])?;
    let text = Arc::new(text);
    parse(text.clone()).map_err(|problems| problems.iter().map(|p| malformed(p, &text)).collect())
}

fn unreadable(error: &ReadError, name: &str) -> Finding {
    let next = match error {
        ReadError::Missing(_) => "create it, or correct the name that leads to it",
        ReadError::Refused(..) => "check that it is a file that you may read",
        ReadError::NotText(..) => "save it as UTF-8",
        ReadError::TooLarge(_) => "split it",
    };
    let place = match error {
        ReadError::NotText(_, at) => Place::point(name, *at),
        _ => Place::file(name),
    };
    Finding::error("unreadable", error.to_string()).at(place).next(next).blind()
}

fn malformed(problem: &Problem, text: &Arc<crate::source::Text>) -> Finding {
    let mut finding = Finding::error(problem.rule, problem.message.clone())
        .at(Place::span(text, problem.span))
        .next(problem.next.clone());
    if let Some((span, words)) = &problem.related {
        finding = finding.see(Place::span(text, *span), words.clone());
    }
    if problem.rule == "malformed-yaml" { finding.blind() } else { finding }
}

/// Reads a file of a known format into its model; all its problems go to `findings`.
pub fn read_file<T: DeserializeOwned>(
    tree: &Tree,
    path: &str,
    name: &str,
    kind: FileKind,
    findings: &mut Vec<Finding>,
) -> Option<Loaded<T>> {
    let read = read_document(tree, path, name);
    unless_read(read.and_then(|document| to_model(document, kind)), findings)
}

/// What was read; else what kept it from being read is told.
fn unless_read<T>(read: Result<T, Vec<Finding>>, findings: &mut Vec<Finding>) -> Option<T> {
    let problems = match read {
        Ok(read) => return Some(read),
        Err(problems) => problems,
    };
    findings.extend(problems.into_iter().map(|finding| Finding { rank: Rank::Unread, ..finding }));
    None
}

/// Reads a text that is not on disk into a model; `name` is what reports call it.
pub fn read_text<T: DeserializeOwned>(
    name: &str,
    text: &str,
    kind: FileKind,
    findings: &mut Vec<Finding>,
) -> Option<Loaded<T>> {
    let text = Arc::new(crate::source::Text::new(name, text.to_owned()));
    let malformed =
        |problems: Vec<Problem>| problems.iter().map(|problem| malformed(problem, &text)).collect();
    let read = parse(text.clone()).map_err(malformed);
    unless_read(read.and_then(|document| to_model(document, kind)), findings)
}

fn to_model<T: DeserializeOwned>(document: Document, kind: FileKind) -> Result<Loaded<T>, Vec<Finding>> {
    let format = kind.format();
    let mut json = document.root.to_json();
    if json.is_null() {
        json = Json::Object(serde_json::Map::new());
    }
    drop_empty_members(&mut json, format.schema(), format.schema());
    let mut problems = validate_against(format.validator(), format.schema(), &json, &document, "");
    add_slips(kind, &document, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let inputs = take_inputs(&mut json, kind);
    match serde_json::from_value(json) {
        Ok(model) => Ok(Loaded { model, document, inputs }),
        Err(error) => {
            let place = Place::file(document.text.name.clone());
            Err(vec![Finding::error("schema", error.to_string()).at(place).next("correct the value")])
        }
    }
}

/// Turns a document into its model without judging it, for asking "what if".
pub(super) fn rebuild<T: DeserializeOwned>(document: Document, kind: FileKind) -> Option<Loaded<T>> {
    let schema = kind.format().schema();
    let mut json = document.root.to_json();
    drop_empty_members(&mut json, schema, schema);
    let inputs = take_inputs(&mut json, kind);
    let model = serde_json::from_value(json).ok()?;
    Some(Loaded { model, document, inputs })
}

/// The answers of a site or line; anything else has none.
fn take_inputs(json: &mut Json, kind: FileKind) -> Json {
    let inputs = match kind {
        FileKind::Site | FileKind::Line => json.as_object_mut().and_then(|file| file.shift_remove("inputs")),
        _ => None,
    };
    inputs.unwrap_or_else(|| Json::Object(serde_json::Map::new()))
}

/// Validates a value; `prefix` is its pointer in the document.
pub fn validate_against(
    validator: &Validator,
    schema: &Json,
    value: &Json,
    document: &Document,
    prefix: &str,
) -> Vec<Finding> {
    if validator.is_valid(value) {
        return vec![];
    }
    let errors: Vec<_> = validator.iter_errors(value).collect();
    explain(&errors, schema, document, prefix)
}

/// A key with nothing after it (`inputs:`) means that there are none, where the format has a default.
fn drop_empty_members(value: &mut Json, schema: &Json, root: &Json) {
    let schema = match schema.get("$ref").and_then(Json::as_str).and_then(|path| path.strip_prefix('#')) {
        Some(path) => root.pointer(path).unwrap_or(schema),
        None => schema,
    };
    let Some(object) = value.as_object_mut() else { return };
    if let Some(properties) = schema.get("properties").and_then(Json::as_object) {
        object.retain(|key, value| {
            !(value.is_null() && properties.get(key).is_some_and(|s| s.get("default").is_some()))
        });
        for (key, inner) in properties {
            if let Some(member) = object.get_mut(key) {
                drop_empty_members(member, inner, root);
            }
        }
    }
    let by_pattern =
        schema.get("patternProperties").and_then(Json::as_object).and_then(|m| m.values().next());
    if let Some(inner) = by_pattern {
        object.values_mut().for_each(|member| drop_empty_members(member, inner, root));
    }
}
