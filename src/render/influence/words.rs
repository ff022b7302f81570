//! Words that name something: what may stand in their place, and where else an id is written.

use super::changes::other_id;
use super::leaves::kind_of;
use super::scene::{Edit, Scene};
use crate::load::Part;
use crate::model::conduits::{ACCESS, AUTH};
use crate::resolve::{filters, services};
use crate::source::{Content, Node, child, parse_pointer};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Most other words that are tried.
const TRIED: usize = 4;

/// What has ids of its own: the kind of file, the map that holds them (`*` for any key), and who names them: kinds
/// of file and keys.
struct Section {
    name: &'static str,
    file: &'static str,
    map: &'static str,
    users: &'static [&'static str],
    keys: &'static [&'static str],
}

const ENDS: &[&str] = &["from", "to", "zone", "zones"];
const EVERYONE: &[&str] = &[
    "jig",
    "goals",
    "metrics",
    "equipment",
    "lessons",
    "decision",
    "approval",
    "deviation",
    "blueprint",
    "conduits",
    "site",
    "line",
];

const SECTIONS: &[Section] = &[
    Section { name: "zones", file: "conduits", map: "/zones", users: &["conduits"], keys: ENDS },
    Section { name: "zones", file: "site", map: "/zones", users: &["conduits"], keys: ENDS },
    Section { name: "assets", file: "conduits", map: "/assets", users: &["conduits"], keys: ENDS },
    Section { name: "assets", file: "site", map: "/zones/*/assets", users: &["conduits"], keys: ENDS },
    Section {
        name: "devices",
        file: "conduits",
        map: "/devices",
        users: &["conduits"],
        keys: &["enforced_by"],
    },
    Section {
        name: "services",
        file: "conduits",
        map: "/services",
        users: &["conduits"],
        keys: &["service"],
    },
    Section {
        name: "countermeasures",
        file: "conduits",
        map: "/countermeasures",
        users: &["conduits", "equipment"],
        keys: &["countermeasure", "countermeasures"],
    },
    Section { name: "conduits", file: "conduits", map: "/conduits", users: &[], keys: &[] },
    Section { name: "flows", file: "conduits", map: "/conduits/*/flows", users: &[], keys: &[] },
    Section {
        name: "roles",
        file: "jig",
        map: "/roles",
        users: EVERYONE,
        keys: &["owner", "role", "by", "override_by", "sponsor", "deputy"],
    },
    Section { name: "systems", file: "jig", map: "/systems", users: &["metrics"], keys: &["record", "with"] },
    Section { name: "elements", file: "metrics", map: "/elements", users: &["metrics"], keys: &["formula"] },
    Section {
        name: "metrics",
        file: "metrics",
        map: "/metrics",
        users: &["metrics", "blueprint", "goals"],
        keys: &["formula", "metrics", "metric"],
    },
    Section {
        name: "profiles",
        file: "equipment",
        map: "/profiles",
        users: &["equipment"],
        keys: &["profile"],
    },
    Section { name: "types", file: "equipment", map: "/types", users: &["line", "site"], keys: &["type"] },
    Section {
        name: "goals",
        file: "goals",
        map: "/goals",
        users: &["line", "blueprint", "metrics"],
        keys: &["goal", "goals"],
    },
    Section { name: "lessons", file: "lessons", map: "/lessons", users: &["blueprint"], keys: &["lessons"] },
];

/// Words by what they name.
pub(super) struct Words {
    pools: BTreeMap<&'static str, BTreeSet<String>>,
    /// Words that a blueprint's questions allow, by the name of the value.
    allowed: BTreeMap<String, BTreeSet<String>>,
}

impl Words {
    pub(super) fn of(scene: &Scene) -> Self {
        let mut pools: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        for (part, document) in &scene.parts {
            for section in SECTIONS.iter().filter(|section| section.file == kind_of(part)) {
                let ids = pools.entry(section.name).or_default();
                maps_at(&document.root, section.map, &mut |members| {
                    ids.extend(members.map(str::to_owned));
                });
            }
        }
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
        pools.entry("services").or_default().extend(services::names().map(str::to_owned));
        pools.insert("access", set(ACCESS));
        pools.insert("auth", set(AUTH));
        pools.insert("sides", set(&["it", "ot", "joint", "external"]));
        pools.insert("better", set(&["lower", "higher"]));
        pools.insert("readings", set(&["state", "mode", "processed", "defective"]));
        pools.insert("packml", set(&filters::PACKML_STATES));
        pools.insert("families", set(&["ipv4", "ipv6"]));
        pools.insert("protocols", set(&["tcp", "udp"]));
        pools.insert("decisions", scene.fleet.decisions.keys().cloned().collect());
        let mut allowed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for plan in scene.lines.iter().chain([&scene.plan]) {
            let standard = &plan.standard;
            let model = &standard.blueprint.model;
            let inputs = model
                .inputs
                .keys()
                .map(|name| (name, standard.inputs.schema.pointer(&format!("/properties/{name}"))));
            let defaults =
                model.defaults.keys().map(|name| (name, standard.inputs.default_schema(name.as_str())));
            for (name, schema) in inputs.chain(defaults) {
                let words = schema.and_then(|schema| schema.get("enum")).and_then(Json::as_array);
                let words = words.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned);
                allowed.entry(name.to_string()).or_default().extend(words);
            }
            for list in [outputs_of(plan), units_of(plan)] {
                pools.entry(list.0).or_default().extend(list.1);
            }
        }
        Self { pools, allowed }
    }

    /// Returns words that may stand where `word` does.
    pub(super) fn instead_of(&self, word: &str, key: &str, part: &Part, pointer: &str) -> Vec<String> {
        let named: &[&str] = match key {
            "from" | "to" | "zone" | "zones" => &["assets", "zones"],
            "owner" | "role" | "by" | "sponsor" | "deputy" => &["roles"],
            "service" => &["services"],
            "access" => &["access"],
            "auth" => &["auth"],
            "side" => &["sides"],
            "decision" => &["decisions"],
            "enforced_by" => &["devices"],
            "output" => &["outputs"],
            "type" => &["types"],
            "profile" => &["profiles"],
            "goal" => &["goals"],
            "metric" => &["metrics"],
            "record" | "with" => &["systems"],
            "reads" => &["readings"],
            "better" => &["better"],
            "families" => &["families"],
            "proto" => &["protocols"],
            "metrics" | "goals" | "lessons" | "countermeasures" | "countermeasure" => &[],
            _ => &["units", "packml"],
        };
        let plural = if key == "countermeasure" { "countermeasures" } else { key };
        let lists = matches!(key, "metrics" | "goals" | "lessons" | "countermeasures" | "countermeasure");
        let names = named.iter().copied().chain(lists.then_some(plural));
        let mut found: Vec<String> = vec![];
        if let Some(words) = value_name(part, pointer).and_then(|name| self.allowed.get(&name)) {
            found.extend(words.iter().filter(|other| *other != word).cloned());
        }
        for pool in names.filter_map(|name| self.pools.get(name)).filter(|pool| pool.contains(word)) {
            // The neighbours of a word are likelier to fit where it stands than whatever begins with an a.
            let (before, after): (Vec<&String>, Vec<&String>) =
                pool.iter().filter(|other| *other != word).partition(|other| other.as_str() < word);
            found.extend(after.into_iter().chain(before).cloned());
        }
        found.truncate(TRIED);
        found
    }

    /// Returns the changes that give the id at `map` another name wherever it is used; `None` where it is no id.
    pub(super) fn renamed_key(&self, scene: &Scene, part: usize, map: &str, id: &str) -> Option<Vec<Edit>> {
        let kind = kind_of(&scene.parts[part].0);
        let section = SECTIONS.iter().find(|section| section.file == kind && fits(section.map, map))?;
        let new = other_id(id);
        let mut edits = vec![Edit::Key { part, pointer: child(map, id), key: new.clone() }];
        let seen = |user: usize| sees(scene, user, part, id);
        edits.extend(Self::uses(scene, section.users, section.keys, id, &new, &seen));
        match section.name {
            "zones" => edits.extend(interfaces(scene, id, &new, &seen)),
            "conduits" => {
                let Part::Conduits(reference) = &scene.parts[part].0 else { return None };
                let blueprint = reference.split('@').next().unwrap_or_default();
                let (old, new) = (format!("{blueprint}/{id}"), format!("{blueprint}/{new}"));
                edits.extend(Self::uses(scene, &["decision"], &["covers"], &old, &new, &|_| true));
            }
            "metrics" => edits.extend(trusted(scene, id, &new)),
            _ => {}
        }
        Some(edits)
    }

    /// The same for ids that are values: of units, and of outputs.
    pub(super) fn renamed_leaf(
        &self,
        scene: &Scene,
        part: usize,
        pointer: &str,
        id: &str,
    ) -> Option<Vec<Edit>> {
        let kind = kind_of(&scene.parts[part].0);
        let tokens: Vec<String> = parse_pointer(pointer).collect();
        let shape: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let new = other_id(id);
        let own = Edit::Value { part, pointer: pointer.to_owned(), value: Content::Str(new.as_str().into()) };
        let mut edits = vec![own];
        match (kind, shape.as_slice()) {
            ("line" | "site", ["inputs", _, _, "id"]) => {
                let (_, document) = &scene.parts[part];
                each_scalar(&document.root, "", "", &mut |at, _, text| {
                    if text == id && at.starts_with("/inputs/") && at != pointer && !at.ends_with("/type") {
                        let value = Content::Str(new.as_str().into());
                        edits.push(Edit::Value { part, pointer: at.to_owned(), value });
                    }
                });
                edits.extend(Self::uses(scene, &["deviation"], &["of"], id, &new, &|_| true));
            }
            ("blueprint", ["outputs", _, "id"]) => {
                let Part::Blueprint(own) = &scene.parts[part].0 else { return None };
                let seen =
                    |user: usize| matches!(&scene.parts[user].0, Part::Conduits(other) if other == own);
                edits.extend(Self::uses(scene, &["conduits"], &["output"], id, &new, &seen));
            }
            _ => return None,
        }
        Some(edits)
    }

    /// Returns the changes that write `new` wherever a file of `users` says `old` under one of `keys`, or in an
    /// expression; in the parts that see it.
    pub(super) fn uses(
        scene: &Scene,
        users: &[&str],
        keys: &[&str],
        old: &str,
        new: &str,
        seen: &dyn Fn(usize) -> bool,
    ) -> Vec<Edit> {
        let mut edits = vec![];
        for (part, (which, document)) in scene.parts.iter().enumerate().filter(|(part, _)| seen(*part)) {
            let listed = users.contains(&kind_of(which));
            each_scalar(&document.root, "", "", &mut |pointer, key, text| {
                let other = if listed && keys.contains(&key) && text == old {
                    new.to_owned()
                } else if listed && key == "formula" && keys.contains(&key) {
                    in_formula(text, old, new)
                } else if key == "when" || text.contains("{{") {
                    in_expression(text, old, new)
                } else {
                    return;
                };
                if other != text {
                    let value = Content::Str(other.into());
                    edits.push(Edit::Value { part, pointer: pointer.to_owned(), value });
                }
            });
        }
        edits
    }
}

/// Whether part `user` means the id of part `home`: its own, or its site's where it has none of that name.
fn sees(scene: &Scene, user: usize, home: usize, id: &str) -> bool {
    let Part::Conduits(user_reference) = &scene.parts[user].0 else { return true };
    let at_site = match &scene.parts[home].0 {
        Part::Conduits(reference) if reference == user_reference => return true,
        Part::Conduits(reference) => {
            scene.plan.site.standard.as_ref().is_some_and(|standard| standard.reference() == *reference)
        }
        _ => true,
    };
    let root = &scene.parts[user].1.root;
    let own = |map: &str| root.at(&child(map, id)).is_some();
    at_site && !["/zones", "/assets", "/devices"].into_iter().any(own)
}

fn outputs_of(plan: &crate::resolve::plan::Plan) -> (&'static str, Vec<String>) {
    ("outputs", plan.outputs.iter().map(|output| output.id.clone()).collect())
}

fn units_of(plan: &crate::resolve::plan::Plan) -> (&'static str, Vec<String>) {
    let id = |unit: &crate::resolve::expression::Value| Some(unit.get_attr("id").ok()?.as_str()?.to_owned());
    ("units", plan.units.iter().filter_map(id).collect())
}

/// The name of the value that a pointer of a line, site or blueprint sets.
fn value_name(part: &Part, pointer: &str) -> Option<String> {
    let mut tokens = parse_pointer(pointer);
    let section = tokens.next()?;
    let known = match part {
        Part::Line(..) | Part::Site(_) => ["inputs", "overrides"].contains(&section.as_str()),
        Part::Blueprint(_) => ["defaults", "fixed"].contains(&section.as_str()),
        _ => false,
    };
    known.then(|| tokens.next()).flatten()
}

/// Devices name zones as keys.
fn interfaces(scene: &Scene, old: &str, new: &str, seen: &dyn Fn(usize) -> bool) -> Vec<Edit> {
    let mut edits = vec![];
    for (part, (which, document)) in scene.parts.iter().enumerate().filter(|(part, _)| seen(*part)) {
        if !matches!(which, Part::Conduits(_)) {
            continue;
        }
        let Some(Content::Map(devices)) = document.root.get("devices").map(|member| &member.node.content)
        else {
            continue;
        };
        for device in devices {
            let pointer = child(&child(&child("/devices", &device.key), "interfaces"), old);
            if document.root.at(&pointer).is_some() {
                edits.push(Edit::Key { part, pointer, key: new.to_owned() });
            }
        }
    }
    edits
}

/// A metric keeps its trust under another id.
fn trusted(scene: &Scene, old: &str, new: &str) -> Vec<Edit> {
    let plans = scene.lines.iter().chain([&scene.plan]);
    let metrics =
        plans.flat_map(|plan| plan.metrics.iter().map(move |metric| (plan.address.to_string(), metric)));
    let own = metrics.filter(|(_, metric)| metric.id == old);
    own.map(|(address, metric)| Edit::Trust(address, new.to_owned(), metric.state)).collect()
}

/// Whether a pointer is one that `pattern` means; `*` is any key.
fn fits(pattern: &str, pointer: &str) -> bool {
    let (pattern, pointer): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), pointer.split('/').collect());
    pattern.len() == pointer.len()
        && pattern.iter().zip(pointer).all(|(want, have)| *want == "*" || *want == have)
}

fn maps_at(root: &Node, pattern: &str, take: &mut dyn FnMut(&mut dyn Iterator<Item = &str>)) {
    let Some((head, rest)) = pattern.strip_prefix('/').map(|rest| rest.split_once('/').unwrap_or((rest, "")))
    else {
        if let Content::Map(members) = &root.content {
            take(&mut members.iter().map(|member| &*member.key));
        }
        return;
    };
    let rest = if rest.is_empty() { String::new() } else { format!("/{rest}") };
    let Content::Map(members) = &root.content else { return };
    for member in members.iter().filter(|member| head == "*" || &*member.key == head) {
        maps_at(&member.node, &rest, take);
    }
}

fn each_scalar(node: &Node, pointer: &str, key: &str, take: &mut dyn FnMut(&str, &str, &str)) {
    match &node.content {
        Content::Str(text) => take(pointer, key, text),
        Content::Seq(items) => {
            for (index, item) in items.iter().enumerate() {
                each_scalar(item, &child(pointer, &index.to_string()), key, take);
            }
        }
        Content::Map(members) => {
            for member in members {
                each_scalar(&member.node, &child(pointer, &member.key), &member.key, take);
            }
        }
        _ => {}
    }
}

/// Replaces an id in an expression: as quoted text, and as a member of `zones` or `assets`.
fn in_expression(text: &str, old: &str, new: &str) -> String {
    let mut out = text.to_owned();
    for (open, close) in [("'", "'"), ("\"", "\"")] {
        out = out.replace(&format!("{open}{old}{close}"), &format!("{open}{new}{close}"));
    }
    for list in ["zones.", "assets."] {
        let from = format!("{list}{old}");
        let ends = |at: usize| !out[at + from.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let hits: Vec<usize> = out.match_indices(&from).map(|(at, _)| at).filter(|at| ends(*at)).collect();
        for at in hits.into_iter().rev() {
            out.replace_range(at..at + from.len(), &format!("{list}{new}"));
        }
    }
    out
}

/// Replaces an element or metric in a formula, where metrics may be written with `_` for `-`.
fn in_formula(text: &str, old: &str, new: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = text.to_owned();
    for (from, to) in [(old.to_owned(), new.to_owned()), (old.replace('-', "_"), new.replace('-', "_"))] {
        let whole = |at: usize| !out[..at].ends_with(is_word) && !out[at + from.len()..].starts_with(is_word);
        let hits: Vec<usize> = out.match_indices(&from).map(|(at, _)| at).filter(|at| whole(*at)).collect();
        for at in hits.into_iter().rev() {
            out.replace_range(at..at + from.len(), &to);
        }
        if from == old && old == old.replace('-', "_") {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_replaced_as_a_whole_word() {
        assert_eq!(in_formula("abs(PQ - PQERP) / PQERP", "PQ", "PQx"), "abs(PQx - PQERP) / PQERP");
        assert_eq!(in_formula("quality_ratio * 2", "quality-ratio", "quality-ratiox"), "quality_ratiox * 2");
        assert_eq!(in_expression("unit.profile == 'a'", "a", "ax"), "unit.profile == 'ax'");
        assert_eq!(
            in_expression("{{ site.zones.edge.subnet }}", "edge", "edgex"),
            "{{ site.zones.edgex.subnet }}"
        );
    }

    #[test]
    fn a_pattern_means_pointers_of_its_length() {
        assert!(fits("/zones/*/assets", "/zones/edge/assets") && fits("/zones", "/zones"));
        assert!(!fits("/zones", "/zones/edge"));
    }
}
