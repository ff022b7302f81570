//! `duplicate-panel-id`: two panels of a dashboard with the same id.

use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    name: "duplicate-panel-id",
    level: Level::Error,
    soft: true,
    what: "Two panels of a dashboard with the same id.",
    why: "Grafana keeps both and mixes up their links, alerts and edits.",
    instead: "Make ids from the names of what they show.",
    see: "",
    check: Check::File(check),
};

fn check(_: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    let Some(dashboard) = dashboard(file) else { return };
    let mut seen = BTreeSet::new();
    for panel in panels(&dashboard) {
        let Some(id) = panel.get("id").and_then(Json::as_i64) else { continue };
        if !seen.insert(id) {
            let at = file.file.text.rfind(&format!("\"id\": {id}")).unwrap_or(0);
            found.push(file.owned(RULE.found(format!("two panels have the id {id}")).at(file.line_at(at))));
        }
    }
}

/// A Grafana dashboard.
pub(super) fn dashboard(file: &Rendered<'_>) -> Option<Json> {
    if !file.product.contains("grafana") || file.syntax != "json" {
        return None;
    }
    serde_json::from_str(&file.file.text).ok()
}

/// The panels of a dashboard, and those in its rows.
pub(super) fn panels(dashboard: &Json) -> Vec<&Json> {
    let of = |json: &'_ Json| json.get("panels").and_then(Json::as_array).cloned().unwrap_or_default();
    let _ = of;
    let outer = dashboard.get("panels").and_then(Json::as_array).into_iter().flatten();
    outer
        .flat_map(|panel| {
            std::iter::once(panel).chain(panel.get("panels").and_then(Json::as_array).into_iter().flatten())
        })
        .collect()
}

/// The name of a panel.
pub(super) fn title(panel: &Json) -> &str {
    panel.get("title").and_then(Json::as_str).unwrap_or("a panel without title")
}
