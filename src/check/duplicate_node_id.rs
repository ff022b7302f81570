//! `duplicate-node-id`: two Node-RED nodes with the same id, or a node without id or type.

use super::dangling_wire::nodes;
use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    name: "duplicate-node-id",
    level: Level::Error,
    soft: true,
    what: "Two Node-RED nodes with the same id, or a node without id or type.",
    why: "Node-RED keeps one of the two and says nothing.",
    instead: "Make ids from the names of what they belong to: `hex_id`.",
    see: "",
    check: Check::File(check),
};

fn check(_: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    let Some(nodes) = nodes(file) else { return };
    let mut seen = BTreeSet::new();
    for (index, node) in nodes.iter().enumerate() {
        let text = |field: &str| node.get(field).and_then(Json::as_str).filter(|text| !text.is_empty());
        let (message, needle) = match (text("id"), text("type")) {
            (Some(id), Some(_)) if seen.insert(id.to_owned()) => continue,
            (Some(id), Some(_)) => (format!("two nodes have the id `{id}`"), format!("\"{id}\"")),
            (Some(id), None) => (format!("node `{id}` has no type"), format!("\"{id}\"")),
            (None, _) => (format!("node {} has no id", index + 1), "{".to_owned()),
        };
        let at = file.file.text.rfind(&needle).unwrap_or(0);
        found.push(file.owned(RULE.found(message).at(file.line_at(at))));
    }
}
