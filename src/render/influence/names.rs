//! How a source is called: of a blueprint's value the name, of anything else a path that people understand.

use super::scene::Scene;
use crate::load::Part;
use crate::source::{Content, Document, Node, parse_pointer};

/// A name, and the layer where it is a value of a blueprint.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) layer: Option<&'static str>,
}

pub(super) fn name_of(scene: &Scene, part: &Part, document: &Document, pointer: &str) -> Named {
    let tokens: Vec<String> = parse_pointer(pointer).collect();
    let token = |index: usize| tokens.get(index).map(String::as_str).unwrap_or_default();
    let path = |skip: usize| path_of(&document.root, pointer, skip);
    let plain = |prefix: &str| Named { name: format!("{prefix}{}", path(0)), layer: None };
    let value = |layer: &'static str, name: String| Named { name, layer: Some(layer) };
    match part {
        Part::Line(..) | Part::Site(_) if token(0) == "inputs" => value("input", path(1)),
        Part::Line(..) if token(0) == "overrides" && token(2) == "value" => {
            value("line", without_value(&path(1)))
        }
        Part::Site(_) if token(0) == "overrides" && token(2) == "value" => {
            value("site", without_value(&path(1)))
        }
        Part::Line(..) | Part::Jig | Part::Conduits(_) | Part::Goals | Part::Lessons | Part::Metrics => {
            plain("")
        }
        Part::Site(_) => plain("site."),
        Part::Equipment => plain("equipment."),
        Part::Decision(id) => plain(&format!("decisions.{id}.")),
        Part::Approval(id, side) => plain(&format!("decisions.{id}.{side}.")),
        Part::Deviation(id) if token(0) == "changes" && token(1) == "to" => changed(document, id, path(2)),
        Part::Deviation(id) => plain(&format!("deviations.{id}.")),
        Part::Blueprint(reference) => of_blueprint(scene, reference, &tokens, path),
    }
}

fn of_blueprint(scene: &Scene, reference: &str, tokens: &[String], path: impl Fn(usize) -> String) -> Named {
    let own = *reference == scene.plan.standard.reference();
    let id = reference.split('@').next().unwrap_or_default();
    let prefix = if own { String::new() } else { format!("{id}.") };
    match tokens.first().map(String::as_str) {
        Some("defaults") => {
            Named { name: format!("{prefix}{}", without_value(&path(1))), layer: Some("default") }
        }
        Some("fixed") => Named { name: format!("{prefix}{}", path(1)), layer: Some("fixed") },
        _ if own => Named { name: format!("blueprint.{}", path(0)), layer: None },
        _ => Named { name: format!("{prefix}{}", path(0)), layer: None },
    }
}

/// The value that a deviation changes, for one unit or all.
fn changed(document: &Document, id: &str, rest: String) -> Named {
    let text = |pointer: &str| document.root.at(pointer).and_then(Node::as_str).unwrap_or_default();
    let value = text("/changes/value");
    let name = match text("/changes/of") {
        "" => value.to_owned(),
        unit => format!("{unit}.{value}"),
    };
    let name = if rest.is_empty() { name } else { format!("{name}.{rest}") };
    let name = if name.is_empty() { id.to_owned() } else { name };
    Named { name, layer: Some("deviation") }
}

fn without_value(path: &str) -> String {
    match path.split_once(".value") {
        Some((name, rest)) => format!("{name}{rest}"),
        None => path.to_owned(),
    }
}

/// Writes a pointer as people write paths: `units[1].ip`.
fn path_of(root: &Node, pointer: &str, skip: usize) -> String {
    let mut out = String::new();
    let mut node = Some(root);
    for (index, token) in parse_pointer(pointer).enumerate() {
        let in_list = matches!(node.map(|node| &node.content), Some(Content::Seq(_)));
        if index >= skip {
            match in_list {
                true => out.push_str(&format!("[{token}]")),
                false if out.is_empty() => out.push_str(&token),
                false => out.push_str(&format!(".{token}")),
            }
        }
        node = node.and_then(|node| match &node.content {
            Content::Seq(items) => items.get(token.parse::<usize>().ok()?),
            _ => node.get(&token).map(|member| &member.node),
        });
    }
    out
}
