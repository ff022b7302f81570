//! JSON: one object, arrays sorted, paths relative with `/`.

use crate::finding::Finding;
use serde_json::{Map, Value, json};

/// Starts the object that every command prints: format and command first.
pub fn object(command: &str) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("format".into(), json!(1));
    object.insert("command".into(), json!(command));
    object
}

/// Returns a finding as JSON.
pub fn finding(finding: &Finding) -> Value {
    let range = finding.place.as_ref().and_then(|place| place.range);
    json!({
        "rule": finding.rule,
        "level": finding.level.as_str(),
        "message": finding.message,
        "file": finding.place.as_ref().map(|place| &*place.file),
        "line": range.map(|range| range.line),
        "column": range.map(|range| range.column),
        "end_line": range.map(|range| range.end_line),
        "end_column": range.map(|range| range.end_column),
        "address": finding.address,
        "owner": finding.owner,
        "next": finding.next,
    })
}
