//! `unused-value`: a value of a blueprint that no template and no expression reads.

use crate::finding::{Finding, Place};
use crate::load::Standard;
use crate::render::Renderer;
use crate::source::child;

pub(super) fn check(standard: &Standard, renderer: &Renderer<'_>) -> Vec<Finding> {
    let mut texts: Vec<String> = vec![standard.blueprint.document.text.content.clone()];
    texts.extend(standard.conduits.iter().map(|loaded| loaded.document.text.content.clone()));
    let definitions = texts.len();
    for output in &standard.blueprint.model.outputs {
        // A target that cannot be used may read anything: nothing is called unused then.
        let Ok(target) = renderer.library().get(standard, output.target.as_str()) else { return vec![] };
        let templates = target.templates();
        texts.extend(templates.names().filter_map(|name| Some(templates.text(name)?.content.clone())));
    }
    let model = &standard.blueprint.model;
    let sections = [
        ("inputs", model.inputs.keys().collect::<Vec<_>>()),
        ("defaults", model.defaults.keys().collect()),
        ("fixed", model.fixed.keys().collect()),
    ];
    let whole_map = texts[definitions..].iter().any(|text| reads_whole_map(text));
    let mut findings = vec![];
    for (section, names) in sections {
        for name in names.into_iter().filter(|name| !whole_map && !KNOWN.contains(&name.as_str())) {
            if texts.iter().enumerate().any(|(index, text)| reads(text, name.as_str(), index >= definitions))
            {
                continue;
            }
            let place =
                Place::key(&standard.blueprint.document, &child(&format!("/{section}"), name.as_str()));
            findings.push(
                Finding::new("unused-value", crate::finding::Level::Note, format!("nothing uses `{name}`"))
                    .at(place)
                    .owned_by(model.owner.to_string())
                    .next("use it in a template or a condition, or remove it"),
            );
        }
    }
    findings
}

/// Values that jig itself reads.
const KNOWN: &[&str] = &["units", "sampling_ms", "count_source"];

/// Whether a text reads `values.NAME`, `values["NAME"]`, or, in definitions, names it as a list.
fn reads(text: &str, name: &str, is_template: bool) -> bool {
    let word_ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let dotted = format!("values.{name}");
    let by_dot = text.match_indices(&dotted).any(|(at, _)| word_ends(&text[at + dotted.len()..]));
    let quoted = ['\'', '"'].iter().any(|q| text.contains(&format!("values[{q}{name}{q}]")));
    let listed = !is_template
        && text.match_indices("for_each:").any(|(at, _)| {
            let rest = text[at + "for_each:".len()..].trim_start();
            rest.strip_prefix(name).is_some_and(word_ends)
        });
    by_dot || quoted || listed
}

/// Whether a template walks over `values` as a whole.
fn reads_whole_map(text: &str) -> bool {
    text.match_indices("values").any(|(at, word)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].trim_start();
        let is_name = !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '\''));
        is_name
            && (after.starts_with('|')
                || after.starts_with("%}")
                || after.starts_with("}}")
                || after.starts_with("[n"))
    })
}
