//! What a capture found, for programs: everything, with nothing cut short.

use crate::report::Captured;
use serde_json::{Value, json};

pub(super) fn draw(captured: &Captured<'_>) -> Value {
    let report = captured.report;
    let rounded = |number: f64| (number * 1000.0).round() / 1000.0;
    json!({
        "format": 1,
        "command": "capture",
        "blueprint": captured.blueprint,
        "summary": {
            "lines": report.lines.len(), "aside": report.aside.len(), "files": report.exact.1, "exact": report.exact.0,
            "inputs": report.count(&["required", "list"]), "defaults": report.count(&["defaulted", "override", "switch", "layout"]),
            "outliers": report.outliers.len(), "secrets": report.secrets.len(),
            "literal_share": rounded(report.literal_share), "size_ratio": rounded(report.size_ratio),
        },
        "refused": report.refused,
        "lines": report.lines,
        "inputs": report.inputs.iter().map(|input| json!({
            "name": input.name, "type": input.kind_of_value, "kind": input.kind, "places": input.places,
            "values": input.values, "distinct": input.distinct, "formula": input.formula,
            "evidence": input.evidence.round(), "confidence": input.confidence,
        })).collect::<Vec<_>>(),
        "derived": report.derived.iter().map(|derived| json!({
            "formula": derived.formula, "places": derived.places, "evidence": derived.evidence.round(),
        })).collect::<Vec<_>>(),
        "blocks": report.blocks.iter().map(|block| json!({
            "name": block.name, "what": block.what, "lines": block.lines,
        })).collect::<Vec<_>>(),
        "aside": report.aside.iter().map(|aside| json!({
            "address": aside.address, "share": rounded(aside.share), "examples": aside.examples,
        })).collect::<Vec<_>>(),
        "outliers": report.outliers.iter().enumerate().map(|(rank, outlier)| json!({
            "rank": rank + 1, "address": outlier.address, "file": outlier.file, "line": outlier.line,
            "reason": outlier.reason, "place": outlier.place, "expected": outlier.expected, "found": outlier.found,
            "agree": outlier.agree,
        })).collect::<Vec<_>>(),
        "secrets": report.secrets.iter().map(|secret| json!({
            "reference": secret.reference, "places": secret.places,
        })).collect::<Vec<_>>(),
        "questions": report.questions.iter().map(|question| json!({
            "name": question.name, "text": question.text, "formula": question.formula, "places": question.places,
        })).collect::<Vec<_>>(),
        "connections": report.connections.iter().map(|connection| json!({
            "from": connection.from, "to": connection.to, "service": connection.service, "place": connection.place,
        })).collect::<Vec<_>>(),
        "proposed_flows": report.proposed_flows,
        "needs": report.needs.iter().map(|need| json!({
            "rule": need.rule, "what": need.what, "who": need.who,
        })).collect::<Vec<_>>(),
        "mismatches": report.mismatches.iter().map(|((address, path), reason)| json!({
            "address": address, "file": path, "reason": reason,
        })).collect::<Vec<_>>(),
        "fleet": captured.fleet,
        "written": captured.written,
    })
}
