//! `unknown-node-type`: a Node-RED node of a type that neither the core nor a package of package.json brings.

use super::dangling_wire::nodes;
use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::load::nearest;
use serde_json::Value as Json;

pub(super) const RULE: Rule = Rule {
    name: "unknown-node-type",
    level: Level::Error,
    soft: true,
    what: "A Node-RED node of a type that neither the core nor a package of package.json brings.",
    why: "Node-RED starts, waits for the type for ever, and runs no flow at all.",
    instead: "Add the package to package.json, or correct the type.",
    see: "",
    check: Check::File(check),
};

/// Types of the core.
const CORE: &[&str] = &[
    "tab",
    "subflow",
    "group",
    "global-config",
    "comment",
    "inject",
    "debug",
    "complete",
    "catch",
    "status",
    "link in",
    "link out",
    "link call",
    "junction",
    "unknown",
    "function",
    "switch",
    "change",
    "range",
    "template",
    "delay",
    "trigger",
    "exec",
    "rbe",
    "filter",
    "tls-config",
    "http proxy",
    "mqtt in",
    "mqtt out",
    "mqtt-broker",
    "http in",
    "http response",
    "http request",
    "websocket in",
    "websocket out",
    "websocket-listener",
    "websocket-client",
    "tcp in",
    "tcp out",
    "tcp request",
    "udp in",
    "udp out",
    "csv",
    "html",
    "json",
    "xml",
    "yaml",
    "split",
    "join",
    "sort",
    "batch",
    "file",
    "file in",
    "watch",
];
/// How the types of well-known packages begin.
const PACKAGES: &[(&str, &[&str])] = &[
    ("OpcUa-", &["node-red-contrib-opcua"]),
    ("modbus-", &["node-red-contrib-modbus"]),
    ("s7 ", &["node-red-contrib-s7"]),
    ("eth-ip ", &["node-red-contrib-cip-ethernet-ip"]),
    ("influxdb", &["node-red-contrib-influxdb"]),
];

fn check(scene: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    let Some(nodes) = nodes(file) else { return };
    let _ = scene;
    for node in &nodes {
        let Some(kind) = node.get("type").and_then(Json::as_str) else { continue };
        if CORE.contains(&kind)
            || kind.starts_with("subflow:")
            || PACKAGES.iter().any(|(start, _)| kind.starts_with(start))
        {
            continue;
        }
        let near = nearest(kind, CORE.iter().copied());
        let message = format!("no package that jig knows brings nodes of type `{kind}`");
        let at = file.file.text.find(&format!("\"{kind}\"")).unwrap_or(0);
        let finding = file.owned(RULE.found(message).at(file.line_at(at)));
        found.push(near.map_or(finding.clone(), |near| finding.next(format!("did you mean `{near}`?"))));
    }
}
