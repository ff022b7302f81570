//! `dangling-wire`: a Node-RED node that is wired to, or configured by, a node that is not there.

use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    name: "dangling-wire",
    level: Level::Error,
    soft: true,
    what: "A Node-RED node that is wired to, or configured by, a node that is not there.",
    why: "Node-RED starts all the same; the data ends at the missing node.",
    instead: "Correct the id in the template.",
    see: "",
    check: Check::File(check),
};

fn check(_: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    let Some(nodes) = nodes(file) else { return };
    let ids: BTreeSet<&str> = nodes.iter().filter_map(|node| node.get("id")?.as_str()).collect();
    let configs = ["broker", "tls", "server", "endpoint", "proxy", "sheet"];
    for node in &nodes {
        let own = node.get("id").and_then(Json::as_str).unwrap_or_default();
        let wires = node.get("wires").and_then(Json::as_array).into_iter().flatten();
        let wired =
            wires.filter_map(Json::as_array).flatten().filter_map(Json::as_str).map(|id| ("wired to", id));
        let tab = node.get("z").and_then(Json::as_str).map(|id| ("on the tab", id));
        // Ids of older editors have one dot.
        let is_id = |text: &&str| {
            let hex = text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'.');
            text.len() >= 8 && hex && text.matches('.').count() < 2
        };
        let config = configs
            .iter()
            .filter_map(|key| node.get(*key)?.as_str().filter(is_id).map(|id| ("configured by", id)));
        for (how, id) in wired.chain(tab).chain(config).filter(|(_, id)| !id.is_empty() && !ids.contains(id))
        {
            let name = node.get("name").and_then(Json::as_str).unwrap_or_default();
            let finding = RULE.found(format!("node `{own}` ({name}) is {how} `{id}`, which is not there"));
            found.push(file.owned(finding.at(file.line_at(find(&file.file.text, own, id)))));
        }
    }
}

/// The first place of `id` after the node that names it begins.
fn find(text: &str, own: &str, id: &str) -> usize {
    let start = text.find(&format!("\"{own}\"")).unwrap_or(0);
    text[start..].find(&format!("\"{id}\"")).map_or(start, |at| start + at)
}

/// The nodes of a Node-RED flow file.
pub(super) fn nodes(file: &Rendered<'_>) -> Option<Vec<Json>> {
    if !file.product.contains("node-red") || file.syntax != "json" {
        return None;
    }
    match serde_json::from_str(&file.file.text).ok()? {
        Json::Array(nodes) => Some(nodes),
        _ => None,
    }
}
