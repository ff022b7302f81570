//! `overlapping-panels`: panels of a dashboard that overlap, or stand outside the 24 columns.

use super::duplicate_panel_id::{dashboard, title};
use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use serde_json::Value as Json;

pub(super) const RULE: Rule = Rule {
    name: "overlapping-panels",
    level: Level::Error,
    soft: true,
    what: "Panels of a dashboard that overlap, or stand outside the 24 columns.",
    why: "Grafana moves them on its own, and the floor looks for the number where it was yesterday.",
    instead: "Correct `gridPos` in the template.",
    see: "",
    check: Check::File(check),
};

fn check(_: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    let Some(dashboard) = dashboard(file) else { return };
    let mut placed: Vec<(Place4, String)> = vec![];
    for panel in dashboard.get("panels").and_then(Json::as_array).into_iter().flatten() {
        let Some(position) = Place4::of(panel) else { continue };
        let name = title(panel).to_owned();
        let at = file.file.text.find(&format!("\"title\": {}", json_text(&name))).unwrap_or(0);
        if position.left + position.width > 24 || position.width < 1 || position.height < 1 {
            let message = format!(
                "panel `{name}` is {} wide from column {}; a dashboard has 24",
                position.width, position.left
            );
            found.push(file.owned(RULE.found(message).at(file.line_at(at))));
        }
        if let Some((_, other)) = placed.iter().find(|(other, _)| other.meets(&position)) {
            let message = format!("panels `{other}` and `{name}` overlap");
            found.push(file.owned(RULE.found(message).at(file.line_at(at))));
        }
        placed.push((position, name));
    }
}

fn json_text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// Where a panel stands.
struct Place4 {
    left: i64,
    top: i64,
    width: i64,
    height: i64,
}

impl Place4 {
    fn of(panel: &Json) -> Option<Self> {
        let grid = panel.get("gridPos")?;
        let number = |name: &str| grid.get(name).and_then(Json::as_i64);
        Some(Self { left: number("x")?, top: number("y")?, width: number("w")?, height: number("h")? })
    }

    fn meets(&self, other: &Self) -> bool {
        let apart = self.left + self.width <= other.left
            || other.left + other.width <= self.left
            || self.top + self.height <= other.top
            || other.top + other.height <= self.top;
        !apart
    }
}
