//! Dangling references: every place where a schema says "a role", "a metric" ... must name one that exists.
//!
//! The places are found by walking the schema beside the document, so that a new field of a reference type is
//! checked without a line of code here.

use super::fleet::Fleet;
use super::near::nearest;
use super::schema::FileKind;
use crate::finding::{Finding, Place};
use crate::source::{Content, Document, Node, child};
use serde_json::Value as Json;

/// What a reference type names, and where such things are defined.
struct Reference {
    definition: &'static str,
    noun: &'static str,
    home: &'static str,
    /// Where in it they are defined.
    section: &'static str,
    known: fn(&Fleet) -> Vec<&str>,
}

const REFERENCES: &[Reference] = &[
    Reference {
        definition: "RoleRef",
        noun: "role",
        home: "jig.yaml",
        section: "/roles",
        known: |fleet| fleet.enterprise.roles.keys().map(|id| id.as_str()).collect(),
    },
    Reference {
        definition: "SystemRef",
        noun: "system of record",
        home: "jig.yaml",
        section: "/systems",
        known: |fleet| fleet.enterprise.systems.keys().map(|id| id.as_str()).collect(),
    },
    Reference {
        definition: "MetricRef",
        noun: "metric",
        home: "metrics.yaml",
        section: "/metrics",
        known: |fleet| fleet.metrics.metrics.keys().map(|id| id.as_str()).collect(),
    },
    Reference {
        definition: "GoalRef",
        noun: "goal",
        home: "goals.yaml",
        section: "/goals",
        known: |fleet| fleet.goals.goals.keys().map(|id| id.as_str()).collect(),
    },
    Reference {
        definition: "LessonRef",
        noun: "lesson",
        home: "lessons.yaml",
        section: "/lessons",
        known: |fleet| fleet.lessons.lessons.keys().map(|id| id.as_str()).collect(),
    },
    Reference {
        definition: "ProfileRef",
        noun: "equipment profile",
        home: "equipment.yaml",
        section: "/profiles",
        known: |fleet| fleet.equipment.profiles.keys().map(|id| id.as_str()).collect(),
    },
];

/// Finds every reference of a document that names nothing.
pub(super) fn dangling(fleet: &Fleet, kind: FileKind, document: &Document) -> Vec<Finding> {
    let schema = kind.format().schema();
    let mut walk = Walk { root: schema, found: vec![] };
    walk.visit(schema, &document.root, String::new());
    walk.found.iter().filter_map(|(reference, pointer)| check(fleet, document, reference, pointer)).collect()
}

fn check(fleet: &Fleet, document: &Document, reference: &Reference, pointer: &str) -> Option<Finding> {
    let name = document.root.at(pointer)?.as_str()?;
    let known = (reference.known)(fleet);
    if known.contains(&name) || name.contains("{{") {
        return None;
    }
    let noun = reference.noun;
    let near = nearest(name, known.iter().copied());
    let next = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("define it in {}, or name one that is there", reference.home),
    };
    let message = format!("there is no {noun} `{name}` in {}", reference.home);
    let finding = Finding::error("unknown-reference", message).at(Place::value(document, pointer)).next(next);
    // The slip may be in the definition: it is shown too.
    let home = near.and_then(|near| Some((home(fleet, reference.home)?, child(reference.section, near))));
    Some(match home {
        Some((home, near)) => finding.see(Place::key(home, &near), "this one is defined"),
        None => finding,
    })
}

/// The document of a shared file, where it is at hand.
fn home<'f>(fleet: &'f Fleet, file: &str) -> Option<&'f Document> {
    match file {
        "jig.yaml" => Some(&fleet.document),
        "metrics.yaml" => fleet.metrics_document.as_ref(),
        "equipment.yaml" => fleet.equipment_document.as_ref(),
        _ => None,
    }
}

struct Walk<'a> {
    root: &'a Json,
    found: Vec<(&'static Reference, String)>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, schema: &'a Json, node: &Node, pointer: String) {
        if let Some(path) = schema.get("$ref").and_then(Json::as_str) {
            let name = path.rsplit('/').next().unwrap_or_default();
            if let Some(reference) = REFERENCES.iter().find(|r| r.definition == name) {
                self.found.push((reference, pointer));
            } else if let Some(definition) = path.strip_prefix('#').and_then(|p| self.root.pointer(p)) {
                self.visit(definition, node, pointer);
            }
            return;
        }
        for union in ["anyOf", "oneOf", "allOf"] {
            for branch in schema.get(union).and_then(Json::as_array).into_iter().flatten() {
                self.visit(branch, node, pointer.clone());
            }
        }
        match &node.content {
            Content::Seq(items) => {
                if let Some(inner) = schema.get("items") {
                    for (index, item) in items.iter().enumerate() {
                        self.visit(inner, item, child(&pointer, &index.to_string()));
                    }
                }
            }
            Content::Map(members) => {
                for member in members {
                    if let Some(inner) = member_schema(schema, &member.key) {
                        self.visit(inner, &member.node, child(&pointer, &member.key));
                    }
                }
            }
            _ => {}
        }
    }
}

fn member_schema<'a>(schema: &'a Json, key: &str) -> Option<&'a Json> {
    if let Some(known) = schema.get("properties").and_then(|properties| properties.get(key)) {
        return Some(known);
    }
    let by_pattern = schema.get("patternProperties").and_then(Json::as_object);
    by_pattern.and_then(|map| map.values().next()).or_else(|| schema.get("additionalProperties"))
}
