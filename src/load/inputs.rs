//! The questions of a blueprint: one JSON Schema for all answers, and the words jig adds to JSON Schema.

use super::file::validate_against;
use super::format;
use crate::finding::{Finding, Level, Place};
use crate::model::Json;
use crate::source::{Document, child};
use jsonschema::Validator;
use serde_json::{Map, json};
use std::collections::BTreeMap;

/// What may stand in an input or default: JSON Schema 2020-12, and jig's own words.
pub(super) const KEYWORDS: &[&str] = &[
    "owner",
    "why",
    "within",
    "unique",
    "enum_from",
    "value",
    "override_by",
    "$ref",
    "$defs",
    "$schema",
    "$comment",
    "$id",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "definitions",
    "type",
    "enum",
    "const",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxContains",
    "minContains",
    "maxProperties",
    "minProperties",
    "required",
    "dependentRequired",
    "prefixItems",
    "items",
    "contains",
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "dependentSchemas",
    "if",
    "then",
    "else",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "examples",
    "format",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
];

/// The compiled questions of one blueprint.
#[derive(Debug)]
pub struct InputRules {
    /// The schema of the `inputs` map.
    pub schema: Json,
    validator: Validator,
    /// Schema of each default, for overrides and deviations.
    defaults: BTreeMap<String, (Json, Validator)>,
    /// Whether any answer must be unique.
    pub has_unique: bool,
    /// Inputs with one of jig's own words anywhere in them.
    annotated: Vec<String>,
}

/// An answer, or a part of one, that carries one of jig's own words.
#[derive(Debug)]
pub struct Annotated<'a> {
    /// Pointer of the answer in `inputs`.
    pub pointer: String,
    /// The answer.
    pub value: &'a Json,
    /// The schema that says `within`, `unique` or `enum_from`.
    pub schema: &'a Json,
    /// Pointer of that schema in blueprint.yaml.
    pub asked: String,
}

impl InputRules {
    /// Compiles the questions of a blueprint's document; what does not compile is a finding at its place.
    pub fn compile(document: &Document) -> Result<Self, Vec<Finding>> {
        let section = |name: &str| document.root.get(name).map(|member| member.node.to_json());
        let inputs = section("inputs").and_then(into_object).unwrap_or_default();
        let defaults = section("defaults").and_then(into_object).unwrap_or_default();
        let mut findings = vec![];
        let mut compiled = BTreeMap::new();
        for (name, schema) in defaults {
            match format::compile(&schema) {
                Ok(validator) => {
                    let place = format!("{}/value", child("/defaults", &name));
                    let value = schema.get("value").unwrap_or(&Json::Null);
                    findings.extend(validate_against(&validator, &schema, value, document, &place));
                    compiled.insert(name, (schema, validator));
                }
                Err(error) => findings.push(bad_schema(document, &child("/defaults", &name), &error)),
            }
        }
        for (name, schema) in &inputs {
            let place = child("/inputs", name);
            if let Err(error) = format::compile(schema) {
                findings.push(bad_schema(document, &place, &error));
            }
            inner_schemas(schema, &place, &mut |inner, at| {
                strange_words(inner, at, document, &mut findings);
                unchecked_words(inner, &place, at, document, &mut findings);
            });
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        let has_unique = inputs.values().any(|schema| schema.to_string().contains("\"unique\""));
        let names: Vec<_> = inputs.keys().cloned().collect();
        let annotated = inputs.iter().filter(|(_, schema)| has_words(schema)).map(|(name, _)| name.clone());
        let annotated = annotated.collect();
        let schema = json!({
            "type": "object", "properties": inputs, "required": names, "additionalProperties": false,
        });
        match format::compile(&schema) {
            Ok(validator) => Ok(Self { schema, validator, defaults: compiled, has_unique, annotated }),
            Err(error) => Err(vec![bad_schema(document, "/inputs", &error)]),
        }
    }

    /// Returns the schema of a default.
    pub fn default_schema(&self, name: &str) -> Option<&Json> {
        self.defaults.get(name).map(|(schema, _)| schema)
    }

    /// Checks the value of a default, wherever it is set.
    pub fn check_default(
        &self,
        name: &str,
        value: &Json,
        document: &Document,
        pointer: &str,
    ) -> Vec<Finding> {
        self.defaults
            .get(name)
            .map(|(schema, validator)| validate_against(validator, schema, value, document, pointer))
            .unwrap_or_default()
    }

    /// Says what is wrong with one answer, before there is a file.
    pub fn problems(&self, name: &str, value: &Json) -> Vec<String> {
        let mut inputs = Map::new();
        inputs.insert(name.to_owned(), value.clone());
        let inputs = Json::Object(inputs);
        let here = child("", name);
        let text = serde_json::to_string(&json!({ "inputs": inputs })).unwrap_or_default();
        let text = std::sync::Arc::new(crate::source::Text::new(name, text));
        let Ok(document) = crate::source::parse(text) else {
            return vec!["this cannot be written as YAML".into()];
        };
        let errors: Vec<_> = self
            .validator
            .iter_errors(&inputs)
            .filter(|error| error.instance_path().as_str().starts_with(&here))
            .collect();
        super::explain::explain(&errors, &self.schema, &document, "/inputs")
            .into_iter()
            .map(|f| f.message)
            .collect()
    }

    /// Says what is wrong with a part of an answer, such as one field of a table, by the schema of that part.
    pub fn part_problems(schema: &Json, name: &str, value: &Json) -> Vec<String> {
        let text = serde_json::to_string(&json!({ name: value })).unwrap_or_default();
        let text = std::sync::Arc::new(crate::source::Text::new(name, text));
        // A part that refers to the rest of its schema is judged with the whole answer.
        let (Ok(validator), Ok(document)) = (format::compile(schema), crate::source::parse(text)) else {
            return vec![];
        };
        let found = validate_against(&validator, schema, value, &document, &child("", name));
        found.into_iter().map(|finding| finding.message).collect()
    }

    /// Lists the answers that carry `within`, `unique` or `enum_from`.
    pub fn annotated<'a>(&'a self, inputs: &'a Json) -> Vec<Annotated<'a>> {
        let mut found = vec![];
        for name in &self.annotated {
            if let (Some(schema), Some(value)) = (self.schema["properties"].get(name), inputs.get(name)) {
                visit(schema, value, child("", name), child("/inputs", name), &mut found);
            }
        }
        found
    }
}

/// Checks the answers of a line or site against the questions.
pub fn check_values(rules: &InputRules, inputs: &Json, document: &Document) -> Vec<Finding> {
    validate_against(&rules.validator, &rules.schema, inputs, document, "/inputs")
}

fn into_object(value: Json) -> Option<Map<String, Json>> {
    match value {
        Json::Object(object) => Some(object),
        _ => None,
    }
}

fn bad_schema(document: &Document, pointer: &str, error: &format::NoSchema) -> Finding {
    let short: String = error.message.chars().take(200).collect();
    let inner = format!("{pointer}{}", error.pointer);
    let place = if document.root.at(&inner).is_some() { inner } else { pointer.to_owned() };
    Finding::error("schema", format!("this is not a valid JSON Schema: {short}"))
        .at(Place::value(document, &place))
        .next("correct the schema (JSON Schema 2020-12)")
}

/// jig's own words that are checked after the schema.
const WORDS: [&str; 3] = ["within", "unique", "enum_from"];

/// Visits the schemas inside a schema: of members, items and branches.
pub(super) fn inner_schemas<'a>(schema: &'a Json, pointer: &str, then: &mut dyn FnMut(&'a Json, &str)) {
    const ONE: &[&str] = &[
        "items",
        "additionalProperties",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
        "contains",
        "contentSchema",
        "not",
        "if",
        "then",
        "else",
    ];
    const MANY: &[&str] = &[
        "properties",
        "patternProperties",
        "$defs",
        "definitions",
        "dependentSchemas",
        "allOf",
        "anyOf",
        "oneOf",
        "prefixItems",
    ];
    let mut inner = |schema: &'a Json, at: String| {
        then(schema, &at);
        inner_schemas(schema, &at, then);
    };
    for (word, value) in schema.as_object().into_iter().flatten() {
        let at = child(pointer, word);
        match value {
            _ if ONE.contains(&word.as_str()) => inner(value, at),
            Json::Object(members) if MANY.contains(&word.as_str()) => {
                members.iter().for_each(|(name, value)| inner(value, child(&at, name)));
            }
            Json::Array(items) if MANY.contains(&word.as_str()) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, value)| inner(value, child(&at, &index.to_string())));
            }
            _ => {}
        }
    }
}

/// jig's own words deep in a schema: one that is not understood would silently demand nothing.
fn strange_words(schema: &Json, pointer: &str, document: &Document, findings: &mut Vec<Finding>) {
    for word in WORDS {
        let Some(value) = schema.get(word) else { continue };
        let (is_good, wanted) = match word {
            "unique" => (matches!(value.as_str(), Some("fleet" | "site")), "fleet or site"),
            "enum_from" => (value.is_string(), "equipment, or an expression that gives a list"),
            _ => (value.is_string(), "an expression that gives a network"),
        };
        if !is_good {
            let finding = Finding::error("schema", format!("`{word}` is none of its values: {wanted}"));
            let finding = finding.at(Place::value(document, &child(pointer, word)));
            findings.push(finding.next(format!("write {wanted}")));
        }
    }
}

/// Formats that nothing checks: JSON Schema lets any answer pass them.
pub(super) fn strange_formats(document: &Document) -> Vec<Finding> {
    let mut found = vec![];
    let mut look = |schema: &Json, at: &str| {
        let Some(format) = schema.get("format").and_then(Json::as_str) else { return };
        if format::names().any(|known| known == format) {
            return;
        }
        let near = super::near::nearest(format, format::names());
        let next = near.map_or_else(
            || "use a `pattern`, or leave the format out".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("nothing checks the format `{format}`: any answer would pass");
        let level = if near.is_some() { Level::Error } else { Level::Warning };
        let finding = Finding::new("schema", level, message);
        found.push(finding.at(Place::value(document, &child(at, "format"))).next(next));
    };
    for section in ["inputs", "defaults"] {
        let questions = document.root.get(section).map(|member| member.node.to_json());
        for (name, schema) in questions.and_then(into_object).iter().flatten() {
            let at = child(&child("", section), name);
            look(schema, &at);
            inner_schemas(schema, &at, &mut look);
        }
    }
    found
}

/// jig's own words where nothing would look: only of some values, or only under a condition.
fn unchecked_words(
    schema: &Json,
    input: &str,
    pointer: &str,
    document: &Document,
    findings: &mut Vec<Finding>,
) {
    if is_always_met(pointer.strip_prefix(input).unwrap_or_default()) {
        return;
    }
    for word in WORDS.iter().filter(|word| schema.get(**word).is_some_and(|value| !value.is_object())) {
        let message = format!("`{word}` is not checked here, and would demand nothing");
        let place = Place::key(document, &child(pointer, word));
        let next = format!(
            "write `{word}` beside the type of the answer, or under its `properties`, `items` or `allOf`"
        );
        findings.push(Finding::error("schema", message).at(place).next(next));
    }
}

/// Whether every answer meets the schema at a pointer inside its question: what [`visit`] goes through.
fn is_always_met(pointer: &str) -> bool {
    let mut steps = crate::source::parse_pointer(pointer);
    while let Some(step) = steps.next() {
        match step.as_str() {
            "items" | "additionalProperties" => {}
            // A name or an index follows.
            "properties" | "allOf" if steps.next().is_some() => {}
            _ => return false,
        }
    }
    true
}

fn has_words(schema: &Json) -> bool {
    match schema {
        Json::Object(members) => {
            WORDS.iter().any(|word| members.contains_key(*word)) || members.values().any(has_words)
        }
        Json::Array(items) => items.iter().any(has_words),
        _ => false,
    }
}

fn visit<'a>(
    schema: &'a Json,
    value: &'a Json,
    pointer: String,
    asked: String,
    found: &mut Vec<Annotated<'a>>,
) {
    let Some(words) = schema.as_object() else { return };
    for (index, part) in words.get("allOf").and_then(Json::as_array).into_iter().flatten().enumerate() {
        visit(part, value, pointer.clone(), format!("{asked}/allOf/{index}"), found);
    }
    match value {
        Json::Array(items) => {
            if let Some(inner) = words.get("items") {
                for (index, item) in items.iter().enumerate() {
                    let at = child(&pointer, &index.to_string());
                    visit(inner, item, at, format!("{asked}/items"), found);
                }
            }
        }
        Json::Object(members) => {
            let properties = words.get("properties");
            let rest = words.get("additionalProperties");
            for (key, member) in members {
                let at = child(&pointer, key);
                if let Some(inner) = properties.and_then(|p| p.get(key)) {
                    visit(inner, member, at, child(&format!("{asked}/properties"), key), found);
                } else if let Some(inner) = rest {
                    visit(inner, member, at, format!("{asked}/additionalProperties"), found);
                }
            }
        }
        _ => {}
    }
    if WORDS.iter().any(|word| words.contains_key(*word)) {
        found.push(Annotated { pointer, value, schema, asked });
    }
}
