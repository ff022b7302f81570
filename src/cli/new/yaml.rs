//! Fleet files as text: short values on one line, lists of maps one entry a line, always read back the same.

use crate::syntax::{Datum, yaml_literal};
use serde_json::Value as Json;

/// Writes a value on one line, as YAML that every reader takes the same way.
pub(in crate::cli) fn literal(value: &Json) -> String {
    match value {
        Json::String(text) if is_plain(text) => text.clone(),
        Json::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Json::Object(members) if members.is_empty() => "{}".into(),
        Json::Object(members) => {
            let member = |(key, value): (&String, &Json)| {
                format!("{}: {}", literal(&Json::String(key.clone())), literal(value))
            };
            format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        // What YAML 1.1 and 1.2 readers take differently is quoted.
        value => yaml_literal(&datum(value)).unwrap_or_else(|_| value.to_string()),
    }
}

/// Text that needs no quotes in any reader: words, addresses, ids.
fn is_plain(text: &str) -> bool {
    const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"];
    let safe = |b: u8| b.is_ascii_alphanumeric() || b" ._/@-".contains(&b);
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_address = text.bytes().filter(|b| *b == b'.').count() >= 3;
    (is_word || (is_address && !text.contains(' ')))
        && text.bytes().all(safe)
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

fn datum(value: &Json) -> Datum {
    match value {
        Json::Null => Datum::Null,
        Json::Bool(value) => Datum::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Datum::Int(whole.into()),
            (_, Some(whole)) => Datum::Int(whole.into()),
            _ => Datum::Float(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Datum::Str(text.clone()),
        Json::Array(items) => Datum::List(items.iter().map(datum).collect()),
        Json::Object(members) => {
            Datum::Map(members.iter().map(|(key, value)| (key.clone(), datum(value))).collect())
        }
    }
}

/// Writes `key: value` at an indent; a list of maps gets one line an entry.
pub(in crate::cli) fn member(indent: usize, key: &str, value: &Json) -> String {
    let pad = " ".repeat(indent);
    match value {
        Json::Array(items) if !items.is_empty() && items.iter().all(Json::is_object) => {
            let entries: String = items.iter().map(|item| format!("{pad}  - {}\n", literal(item))).collect();
            format!("{pad}{key}:\n{entries}")
        }
        value => format!("{pad}{key}: {}\n", literal(value)),
    }
}

/// Reads a value that a person typed, as the schema wants it: text stays text.
pub(in crate::cli) fn typed(text: &str, schema: &Json) -> Result<Json, String> {
    let wanted = schema.get("type").and_then(Json::as_str).unwrap_or_else(|| {
        if schema.get("format").is_some() || schema.get("pattern").is_some() { "string" } else { "" }
    });
    let bad = |what: &str| Err(format!("`{text}` is not {what}"));
    match wanted {
        "string" => Ok(Json::String(text.to_owned())),
        "integer" => text.trim().parse::<i64>().map(Json::from).or_else(|_| bad("a whole number")),
        "number" => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => parsed(text),
            _ => bad("a number"),
        },
        "boolean" => match text.trim() {
            "true" => Ok(Json::Bool(true)),
            "false" => Ok(Json::Bool(false)),
            _ => bad("true or false"),
        },
        "array" | "object" => match parsed(text)? {
            value @ Json::Array(_) if wanted == "array" => Ok(value),
            value @ Json::Object(_) if wanted == "object" => Ok(value),
            _ => bad(if wanted == "array" { "a list, such as [a, b]" } else { "a map, such as {a: 1}" }),
        },
        _ => parsed(text),
    }
}

/// Reads YAML (so also JSON) from one line.
pub(in crate::cli) fn parsed(text: &str) -> Result<Json, String> {
    let source = std::sync::Arc::new(crate::source::Text::new("", text.to_owned()));
    crate::source::parse(source)
        .map(|document| document.root.to_json())
        .map_err(|problems| problems.first().map_or_else(String::new, |problem| problem.message.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_reads_back() {
        for value in [
            json!("no"),
            json!("010"),
            json!("1e3"),
            json!("a: b # c"),
            json!("10.20.30.0/24"),
            json!("1.2.3"),
            json!("on"),
            json!("a b"),
            json!([1, "2"]),
            json!({ "a": null }),
            json!(1.5),
            json!(""),
        ] {
            let text = member(0, "k", &json!([{ "v": value }]));
            let read = parsed(&text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(read, json!({ "k": [{ "v": value }] }), "{text}");
        }
    }

    #[test]
    fn typed_text_follows_the_schema() {
        assert_eq!(typed("010", &json!({ "type": "string" })), Ok(json!("010")));
        assert_eq!(typed("7", &json!({ "type": "integer" })), Ok(json!(7)));
        assert!(typed("x", &json!({ "type": "integer" })).is_err());
        assert_eq!(typed("[a, b]", &json!({ "type": "array" })), Ok(json!(["a", "b"])));
    }
}
