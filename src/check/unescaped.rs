//! `unescaped-value`: `|safe` in a template takes a value out of escaping.

use crate::finding::Finding;
use crate::load::Standard;
use crate::render::Renderer;

pub(super) fn check(standard: &Standard, renderer: &Renderer<'_>) -> Vec<Finding> {
    let mut findings = vec![];
    for output in &standard.blueprint.model.outputs {
        let Ok(target) = renderer.library().get(standard, output.target.as_str()) else { continue };
        for place in target.templates().unescaped() {
            findings.push(
                Finding::warning("unescaped-value", "this value is written without escaping")
                    .at(place)
                    .owned_by(standard.blueprint.model.owner.to_string())
                    .next("leave `|safe` out; a finished literal comes from `json`, `toml` or `yaml`"),
            );
        }
    }
    findings
}
