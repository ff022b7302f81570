//! Schema errors in the user's words: what is wrong, what is allowed, what was probably meant.

use super::format;
use super::near::nearest;
use crate::finding::{Finding, Place};
use crate::source::{Document, child};
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Turns the errors of one validation into findings. `prefix` is the pointer of the validated value in the document.
pub(super) fn explain(
    errors: &[ValidationError<'_>],
    schema: &Json,
    document: &Document,
    prefix: &str,
) -> Vec<Finding> {
    let mut leaves = vec![];
    let mut story = Story { schema, document, prefix, findings: vec![] };
    for error in errors {
        story.flatten(error, &mut leaves);
    }
    let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for error in &leaves {
        if let Kind::Required { property } = error.kind() {
            let keys = missing.entry(error.instance_path().to_string()).or_default();
            keys.push(property.as_str().unwrap_or_default().to_owned());
        }
    }
    for error in &leaves {
        story.tell(error, &mut missing);
    }
    for (pointer, keys) in missing {
        for key in keys {
            story.missing(&pointer, &key);
        }
    }
    story.findings
}

struct Story<'a> {
    schema: &'a Json,
    document: &'a Document,
    prefix: &'a str,
    findings: Vec<Finding>,
}

impl Story<'_> {
    fn pointer(&self, error: &ValidationError<'_>) -> String {
        format!("{}{}", self.prefix, error.instance_path())
    }

    fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Goes down into the branch of a union that the user meant.
    fn flatten<'e>(&mut self, error: &'e ValidationError<'e>, leaves: &mut Vec<&'e ValidationError<'e>>) {
        let (Kind::AnyOf { context } | Kind::OneOfNotValid { context }) = error.kind() else {
            leaves.push(error);
            return;
        };
        let here = error.instance_path().as_str();
        let wrong_type = |branch: &&Vec<ValidationError<'_>>| {
            branch.iter().any(|e| {
                matches!(e.kind(), Kind::Type { .. } | Kind::Enum { .. } | Kind::Constant { .. })
                    && e.instance_path().as_str() == here
            })
        };
        let fitting: Vec<_> = context.iter().filter(|branch| !wrong_type(branch)).collect();
        match fitting.as_slice() {
            [] => self.wrong_type(error, context),
            [branch] => branch.iter().for_each(|inner| self.flatten(inner, leaves)),
            branches => {
                let depth = |branch: &Vec<ValidationError<'_>>| {
                    let path = |e: &ValidationError<'_>| e.instance_path().as_str().matches('/').count();
                    branch.iter().map(path).max()
                };
                let best = branches.iter().min_by_key(|b| (std::cmp::Reverse(depth(b)), b.len()));
                best.into_iter().flat_map(|b| b.iter()).for_each(|inner| self.flatten(inner, leaves));
            }
        }
    }

    fn wrong_type(&mut self, error: &ValidationError<'_>, context: &[Vec<ValidationError<'_>>]) {
        let words = words_of(context);
        // A word that is none of the known ones, where nothing but such a word may stand.
        if error.instance().is_string() && !words.is_empty() && !self.is_secret(error) {
            let place = Place::value(self.document, &self.pointer(error));
            return self.push(unknown_word(error, &Json::Array(words), place));
        }
        let mut allowed: Vec<String> = vec![];
        for inner in context.iter().flatten() {
            let words = match inner.kind() {
                Kind::Type { .. } => type_words(inner),
                Kind::Enum { options } => list_options(options),
                _ => continue,
            };
            if words != "nothing" && !allowed.contains(&words) {
                allowed.push(words);
            }
        }
        if allowed.is_empty() {
            allowed.push(list_options(&Json::Array(words)));
        }
        self.report_type(error, &allowed.join(" or "));
    }

    /// Whether the value that is wrong was to be a reference to a secret.
    fn is_secret(&self, error: &ValidationError<'_>) -> bool {
        let path = error.schema_path().to_string();
        let around = path.rfind('/').and_then(|at| self.schema.pointer(&path[..at]));
        let is_secret = |schema: &Json| schema.get("format").is_some_and(|format| format == "secret");
        let branches = ["anyOf", "oneOf"].iter().filter_map(|word| around?.get(word)?.as_array());
        around.is_some_and(is_secret) || branches.flatten().any(is_secret)
    }

    fn report_type(&mut self, error: &ValidationError<'_>, allowed: &str) {
        let pointer = self.pointer(error);
        if self.is_secret(error) {
            return self.tell(error, &mut BTreeMap::new());
        }
        let instance = error.instance();
        let written = self.written(&pointer);
        let next = match instance.as_ref() {
            Json::Number(_) | Json::Bool(_) if allowed.contains("text") || allowed.contains("one of") => {
                format!("quote it: \"{written}\"")
            }
            Json::String(text) if text.parse::<f64>().is_ok() && allowed.contains("number") => {
                format!("write it without quotes: {text}")
            }
            Json::Null => "give a value, or leave the key out".into(),
            _ => format!("write {allowed}"),
        };
        let message = format!("{} stands where {allowed} is wanted", kind_of(instance));
        self.push(Finding::error("schema", message).at(Place::value(self.document, &pointer)).next(next));
    }

    /// The text of a value as the user wrote it.
    fn written(&self, pointer: &str) -> String {
        let node = self.document.root.at(pointer);
        let span = node.map(|n| n.span).unwrap_or_default();
        let slice = self.document.text.content.get(span.start as usize..span.end as usize);
        slice.unwrap_or_default().chars().take(60).collect()
    }

    fn tell(&mut self, error: &ValidationError<'_>, missing: &mut BTreeMap<String, Vec<String>>) {
        let pointer = self.pointer(error);
        let mut here = Place::value(self.document, &pointer);
        if self.is_secret(error) {
            // What was typed may be the secret itself: neither it nor its line is shown.
            here.excerpt = "".into();
            let words = format::words("secret").unwrap_or_default();
            let finding = Finding::error("schema", format!("this is not {words}")).at(here);
            return self.push(finding.next(format!("write {words}")));
        }
        match error.kind() {
            Kind::Required { .. } => {}
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                for key in unexpected {
                    self.unknown_key(error, &pointer, key, missing);
                }
            }
            // A map that may hold nothing else, without a list of what it may hold.
            Kind::FalseSchema => {
                let key = crate::source::parse_pointer(&pointer).last().unwrap_or_default();
                let message = match key.parse::<usize>() {
                    Ok(index) => format!("item {} is one too many", index + 1),
                    Err(_) => format!("unknown key `{key}`"),
                };
                let place = Place::key(self.document, &pointer);
                self.push(Finding::error("unknown-key", message).at(place).next("leave it out"));
            }
            Kind::Type { .. } => self.report_type(error, &type_words(error)),
            Kind::Enum { options } => {
                let finding = unknown_word(error, options, here);
                self.push(finding);
            }
            Kind::Format { format } => {
                let words = format::words(format).map_or_else(|| format!("a {format}"), str::to_owned);
                let message = format!("{} is not {words}", quoted(error.instance()));
                let finding = Finding::error("schema", message).at(here);
                self.push(finding.next(format!("write {words}")));
            }
            Kind::Pattern { pattern } => {
                let words = pattern_words(pattern);
                let message = format!("{} is not {words}", quoted(error.instance()));
                // A pattern of alternatives is a list of words.
                let known =
                    words.split([',', ' ']).filter(|_| pattern.starts_with("^(")).filter(|w| w.len() > 2);
                let next = match nearest(&plain(error.instance()), known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write {words}"),
                };
                self.push(Finding::error("schema", message).at(here).next(next));
            }
            Kind::Minimum { limit } | Kind::ExclusiveMinimum { limit } => {
                let message = format!("{} is below the least allowed value {limit}", error.instance());
                self.push(Finding::error("schema", message).at(here).next(format!("use {limit} or more")));
            }
            Kind::Maximum { limit } | Kind::ExclusiveMaximum { limit } => {
                let message = format!("{} is above the largest allowed value {limit}", error.instance());
                self.push(Finding::error("schema", message).at(here).next(format!("use {limit} or less")));
            }
            _ => {
                let instance = error.instance().to_string();
                let shown = if instance.chars().count() > 80 { "this value".into() } else { instance };
                let message = error.masked_with(shown).to_string();
                self.push(Finding::error("schema", message).at(here).next("see `jig schema` for this file"));
            }
        }
    }

    fn unknown_key(
        &mut self,
        error: &ValidationError<'_>,
        pointer: &str,
        key: &str,
        missing: &mut BTreeMap<String, Vec<String>>,
    ) {
        let place = Place::key(self.document, &child(pointer, key));
        let object = self.schema_around(error);
        if let Some(pattern) = object.and_then(id_pattern) {
            let words = pattern_words(pattern);
            let message = format!("`{key}` is not {words}");
            self.push(Finding::error("bad-id", message).at(place).next(format!("rename it to {words}")));
            return;
        }
        let known: Vec<&str> = object
            .and_then(|schema| schema.get("properties")?.as_object())
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default();
        let present = error.instance().as_object();
        let free = known.iter().copied().filter(|k| present.is_none_or(|p| !p.contains_key(*k)));
        let near = nearest(key, free);
        if let Some(near) = near {
            // The slip explains the missing key: one story, not two.
            if let Some(keys) = missing.get_mut(error.instance_path().as_str()) {
                keys.retain(|k| k != near);
            }
        }
        let next = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "leave it out".into(),
            None => format!("leave it out; known here: {}", known.join(", ")),
        };
        self.push(Finding::error("unknown-key", format!("unknown key `{key}`")).at(place).next(next));
    }

    /// The object schema that an error about its members came from.
    fn schema_around(&self, error: &ValidationError<'_>) -> Option<&Json> {
        let path = error.schema_path().as_str();
        let parent = &path[..path.rfind('/')?];
        self.schema.pointer(parent)
    }

    fn missing(&mut self, pointer: &str, key: &str) {
        let pointer = format!("{}{pointer}", self.prefix);
        let place = Place::key(self.document, &pointer);
        let finding = Finding::error("schema", format!("`{key}` is missing")).at(place);
        self.push(finding.next(format!("add `{key}:` here")));
    }
}

/// The words that the branches of a union allow.
fn words_of(context: &[Vec<ValidationError<'_>>]) -> Vec<Json> {
    let mut words: Vec<Json> = vec![];
    for inner in context.iter().flatten() {
        match inner.kind() {
            Kind::Enum { options } => words.extend(options.as_array().into_iter().flatten().cloned()),
            Kind::Constant { expected_value } => words.push(Json::clone(expected_value)),
            _ => {}
        }
    }
    words.retain(Json::is_string);
    words
}

/// A word that is none of the known ones.
fn unknown_word(error: &ValidationError<'_>, options: &Json, here: Place) -> Finding {
    let got = plain(error.instance());
    let known: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let next = match nearest(&got, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("use {}", list_options(options)),
    };
    Finding::error("schema", format!("`{got}` is not {}", list_options(options))).at(here).next(next)
}

fn id_pattern(schema: &Json) -> Option<&str> {
    if schema.get("properties").is_some_and(|p| p.as_object().is_some_and(|p| !p.is_empty())) {
        return None;
    }
    schema.get("patternProperties")?.as_object()?.keys().next().map(String::as_str)
}

/// Says in words what a pattern of the model accepts.
fn pattern_words(pattern: &str) -> String {
    use crate::model::ids::{ID_PATTERN, RECORD_ID_PATTERN, VALUE_NAME_PATTERN};
    if pattern == ID_PATTERN {
        "an id: lower-case letters, digits and hyphens, 32 at most, a letter first".into()
    } else if pattern == VALUE_NAME_PATTERN {
        "a value name: lower-case letters, digits and underscores, 32 at most, a letter first".into()
    } else if pattern == RECORD_ID_PATTERN {
        "a record id such as RD-001 or F-01.1".into()
    } else if pattern.starts_with("^b3:") {
        "a digest such as `jig explain` prints: b3: and 64 hex digits".into()
    } else if pattern.contains("}@[") {
        "a blueprint and version such as packaging-line@1.3.0".into()
    } else if pattern.contains("}/[a-z]") {
        "a line address such as grr/pk2".into()
    } else if pattern.contains("}/[A-Z]") {
        "a conduit such as packaging-line/CN-01".into()
    } else if pattern.starts_with("^(conduit|flow") {
        "conduit, flow, input:<name>, override:<name>, tag, write, metric, system-of-record, deviation, release, \
         window, vendor-session or emergency"
            .into()
    } else {
        format!("text that matches {pattern}")
    }
}

fn type_words(error: &ValidationError<'_>) -> String {
    use jsonschema::error::TypeKind;
    let words = |name: &str| match name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a map",
        _ => "nothing",
    };
    let Kind::Type { kind } = error.kind() else { return String::new() };
    let names: Vec<String> = match kind {
        TypeKind::Single(kind) => vec![kind.to_string()],
        TypeKind::Multiple(set) => set.iter().map(|kind| kind.to_string()).collect(),
    };
    let said: Vec<&str> =
        names.iter().map(|n| words(n.trim_matches('"'))).filter(|word| *word != "nothing").collect();
    if said.is_empty() { "nothing".into() } else { said.join(" or ") }
}

fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "a map",
    }
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned).chars().take(80).collect()
}

fn quoted(value: &Json) -> String {
    format!("`{}`", plain(value))
}

fn list_options(options: &Json) -> String {
    let all: Vec<String> = options.as_array().into_iter().flatten().map(plain).collect();
    let shown = if all.len() > 12 { format!("{} ...", all[..12].join(", ")) } else { all.join(", ") };
    format!("one of {shown}")
}
