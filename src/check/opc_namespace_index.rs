//! `opc-namespace-index`: an OPC UA node that is named by namespace index, or a type without a namespace URI.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::source::{Content, Document, Node, child};

pub(super) const RULE: Rule = Rule {
    name: "opc-namespace-index",
    level: Level::Error,
    soft: true,
    what: "An OPC UA node that is named by namespace index, or a type without a namespace URI.",
    why: "The index moves when a controller restarts; the gateway then reads another node.",
    instead: "Name the namespace by URI: `nsu`.",
    see: "OPC UA Part 3, 8.2.2; Part 6, 5.1.12 (`nsu=`)",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Some(document) = &scene.fleet.equipment_document else { return };
    let catalogue = &scene.fleet.equipment;
    for (id, kind) in &catalogue.types {
        let at = child("/types", id.as_str());
        let profile = kind.profile.as_ref().and_then(|profile| catalogue.profiles.get(profile.as_str()));
        let is_opcua = profile
            .is_some_and(|profile| profile.protocol.as_deref().is_some_and(|p| p.starts_with("opcua")));
        let own = kind
            .profile
            .as_ref()
            .is_some_and(|profile| has_uri(document, &child("/profiles", profile.as_str())));
        if is_opcua && !own && !has_uri(document, &at) {
            let place = child(&at, "nsu");
            let written = document.root.at(&place).is_some();
            let message = if written {
                format!("the namespace of type `{id}` is no URI")
            } else {
                format!("type `{id}` is read by OPC UA and names no namespace URI")
            };
            let place = if written { Place::value(document, &place) } else { Place::key(document, &at) };
            found.push(
                RULE.found(message).at(place).next("write the URI of its namespace: `nsu: \"urn:...\"`"),
            );
        }
    }
    for section in ["/profiles", "/types"] {
        if let Some(node) = document.root.at(section) {
            indices(document, node, found);
        }
    }
}

fn has_uri(document: &Document, at: &str) -> bool {
    let uri = document.root.at(&child(at, "nsu")).and_then(|node| node.as_str());
    uri.is_some_and(|uri| {
        uri.contains("{{")
            || uri.split_once(':').is_some_and(|(scheme, rest)| {
                !rest.is_empty()
                    && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                    && !uri.contains(char::is_whitespace)
            })
    })
}

/// Node ids such as `ns=2;s=Counter`; `ns=0` is the standard's own and never moves.
fn indices(document: &Document, node: &Node, found: &mut Vec<Finding>) {
    match &node.content {
        Content::Map(members) => members.iter().for_each(|member| indices(document, &member.node, found)),
        Content::Seq(items) => items.iter().for_each(|item| indices(document, item, found)),
        Content::Str(text) => {
            let index = text.strip_prefix("ns=").and_then(|rest| rest.split(';').next());
            if index.is_some_and(|index| index != "0" && index.bytes().all(|b| b.is_ascii_digit())) {
                let place = Place::span(&document.text, node.span);
                let finding = RULE.found(format!("`{text}` names its namespace by index")).at(place);
                found.push(finding.next("name it by URI: `nsu=urn:...;s=...`"));
            }
        }
        _ => {}
    }
}
