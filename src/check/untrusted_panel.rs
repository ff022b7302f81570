//! `untrusted-panel`: a panel that asks for something outside the catalogue of metrics.

use super::duplicate_panel_id::{dashboard, panels, title};
use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use serde_json::Value as Json;

pub(super) const RULE: Rule = Rule {
    name: "untrusted-panel",
    level: Level::Warning,
    soft: true,
    what: "A panel that asks for something outside the catalogue of metrics.",
    why: "The second number for the same thing starts the debate that the catalogue was to end.",
    instead: "Add the metric to metrics.yaml with owner and system of record, or take the panel away.",
    see: "",
    check: Check::File(check),
};

fn check(scene: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    let Some(dashboard) = dashboard(file) else { return };
    let catalogue = &scene.fleet.metrics;
    if catalogue.metrics.is_empty() {
        return;
    }
    let is_trusted = |series: &str| {
        let part = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
        if let Some(rest) = series.strip_prefix("metric:") {
            let id = part(rest);
            return catalogue
                .metrics
                .keys()
                .any(|known| known.as_str() == id || known.as_str() == id.replace('_', "-"));
        }
        if let Some(rest) = series.strip_prefix("element:") {
            let id = part(rest);
            return catalogue.elements.keys().any(|known| known.to_lowercase() == id);
        }
        series.starts_with("packml_") || matches!(series, "up" | "ALERTS" | "ALERTS_FOR_STATE")
    };
    for panel in panels(&dashboard) {
        let targets = panel.get("targets").and_then(Json::as_array).into_iter().flatten();
        for expr in targets.filter_map(|target| target.get("expr")?.as_str()) {
            for series in series(expr).into_iter().filter(|series| !is_trusted(series)) {
                let message =
                    format!("panel `{}` asks for `{series}`, which is not in the catalogue", title(panel));
                let at = file.file.text.find(series).unwrap_or(0);
                found.push(file.owned(RULE.found(message).at(file.line_at(at))));
            }
        }
    }
}

/// The series that a query names: words before `{` or `[`, and words with a colon.
fn series(expr: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    let mut found = vec![];
    let mut at = 0;
    let mut quoted = false;
    while let Some(c) = expr[at..].chars().next() {
        if c == '"' {
            quoted = !quoted;
        }
        if quoted || !(c.is_alphabetic() || c == '_') {
            at += c.len_utf8();
            continue;
        }
        let end = at + expr[at..].find(|c| !is_word(c)).unwrap_or(expr.len() - at);
        let word = &expr[at..end];
        let next = expr[end..].trim_start();
        if next.starts_with(['{', '[']) || word.contains(':') {
            found.push(word);
        }
        at = end;
    }
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_series_of_a_query_are_found() {
        let query = "1000 * metric:oee:ratio{line=\"a{b\"} / sum by (line) (rate(packml_state[5m]))";
        assert_eq!(super::series(query), ["metric:oee:ratio", "packml_state"]);
    }
}
