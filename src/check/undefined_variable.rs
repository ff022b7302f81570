//! `undefined-variable`: a dashboard that uses a variable that it does not define.

use super::duplicate_panel_id::{dashboard, panels};
use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    name: "undefined-variable",
    level: Level::Error,
    soft: true,
    what: "A dashboard that uses a variable that it does not define.",
    why: "Grafana shows the panel empty, as if the line stood still.",
    instead: "Define it under `templating`, or correct the name.",
    see: "",
    check: Check::File(check),
};

fn check(_: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    let Some(dashboard) = dashboard(file) else { return };
    let list = dashboard.get("templating").and_then(|t| t.get("list")).and_then(Json::as_array);
    let mut known: Vec<&str> = list.into_iter().flatten().filter_map(|v| v.get("name")?.as_str()).collect();
    known.extend(panels(&dashboard).into_iter().filter_map(|panel| panel.get("repeat")?.as_str()));
    let mut told = BTreeSet::new();
    for (at, name) in variables(&file.file.text) {
        if !name.starts_with("__") && !known.contains(&name) && told.insert(name) {
            let message = format!("the dashboard defines no variable `{name}`");
            found.push(file.owned(RULE.found(message).at(file.line_at(at))));
        }
    }
}

/// Variables written `${name}` or `${name:format}`, and `[[name]]`.
fn variables(text: &str) -> Vec<(usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = vec![];
    for (open, close) in [("${", '}'), ("[[", ']')] {
        for (at, _) in text.match_indices(open) {
            let rest = &text[at + open.len()..];
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let closes = rest[end..].starts_with([close, ':', '.']);
            if end > 0 && closes {
                found.push((at, &rest[..end]));
            }
        }
    }
    found
}
