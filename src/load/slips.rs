//! Slips in maps that take any key as data: what is plainly meant to be a known key is refused, and told.
//!
//! A schema cannot do that: equipment, names and questions may carry words of their own. A word one slip away from a
//! known one, which is missing beside it, is that slip.

use super::inputs::{KEYWORDS, inner_schemas};
use super::near::nearest;
use super::schema::FileKind;
use crate::finding::{Finding, Place};
use crate::source::{Content, Document, Member, Node, child, parse_pointer};

/// Maps of a file with known keys: a route to them, where `*` is any key or item, and the keys.
type Known = (&'static [&'static str], &'static [&'static str]);

const PROFILES: &[Known] = &[(&["profiles", "*"], &["protocol", "state", "mode", "processed", "defective"])];

const TYPES: &[Known] = &[
    (
        &["types", "*"],
        &[
            "name",
            "profile",
            "max_sessions",
            "sl_c",
            "countermeasures",
            "state",
            "mode",
            "processed",
            "defective",
            "nsu",
            "first_at",
        ],
    ),
    (&["types", "*", "state"], &["register", "map", "node"]),
];

const NAMESPACE: &[Known] =
    &[(&["namespace"], &["topic", "sparkplug"]), (&["namespace", "sparkplug"], &["group", "edge_node"])];

const SITE: &[Known] = &[
    (&["areas", "*"], &["id", "name"]),
    (&["shifts", "*"], &["id", "name", "start", "end", "hours", "days"]),
];

/// A known key that was missed: the finding, the pointer of its map, and the key that was meant.
struct Slip {
    finding: Finding,
    map: String,
    meant: Option<String>,
}

/// Adds what is a slip; a key that is missing because of one is no second story.
pub(super) fn add_slips(kind: FileKind, document: &Document, problems: &mut Vec<Finding>) {
    for slip in slips(kind, document) {
        if let Some(meant) = &slip.meant {
            let place = Place::key(document, &slip.map);
            let message = format!("`{meant}` is missing");
            problems.retain(|problem| problem.message != message || problem.place.as_ref() != Some(&place));
        }
        problems.push(slip.finding);
    }
}

fn slips(kind: FileKind, document: &Document) -> Vec<Slip> {
    let known: &[&[Known]] = match kind {
        FileKind::Equipment => &[PROFILES, TYPES],
        FileKind::Jig => &[NAMESPACE],
        FileKind::Site => &[SITE],
        FileKind::Blueprint => return keywords(document),
        _ => return vec![],
    };
    let mut found = vec![];
    for (route, keys) in known.iter().flat_map(|known| known.iter()) {
        visit(&document.root, route, String::new(), &mut |map, at| {
            for member in members(map).filter(|member| !keys.contains(&&*member.key)) {
                let free = keys.iter().copied().filter(|key| map.get(key).is_none());
                let near = nearest(&member.key, free);
                found.extend(near.map(|near| slip(document, at, member, Some(near))));
            }
        });
    }
    if matches!(kind, FileKind::Equipment | FileKind::Site) {
        odd_ones(document, &mut found);
    }
    found
}

fn slip(document: &Document, map: &str, member: &Member, near: Option<&str>) -> Slip {
    let next = near.map_or_else(
        || "leave it out; it is no keyword of JSON Schema 2020-12 or of jig".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    let finding = Finding::error("unknown-key", format!("unknown key `{}`", member.key))
        .at(Place::span(&document.text, member.key_span))
        .next(next);
    Slip { finding, map: map.to_owned(), meant: near.map(str::to_owned) }
}

/// Words of questions and defaults that are none of JSON Schema or of jig, however deep.
fn keywords(document: &Document) -> Vec<Slip> {
    let mut found = vec![];
    for section in ["inputs", "defaults"] {
        let Some(section_node) = document.root.get(section) else { continue };
        for entry in members(&section_node.node) {
            let at = child(&child("", section), &entry.key);
            strange_keywords(document, &entry.node, &at, &mut found);
            let schema = entry.node.to_json();
            inner_schemas(&schema, &at, &mut |_, inner| {
                if let Some(node) = document.root.at(inner) {
                    strange_keywords(document, node, inner, &mut found);
                }
            });
        }
    }
    found
}

fn strange_keywords(document: &Document, schema: &Node, at: &str, found: &mut Vec<Slip>) {
    for member in members(schema).filter(|m| !KEYWORDS.contains(&&*m.key) && !m.key.starts_with("x-")) {
        let free = KEYWORDS.iter().copied().filter(|key| schema.get(key).is_none());
        found.push(slip(document, at, member, nearest(&member.key, free)));
    }
}

/// Data of one kind that lies side by side: a key that only one of them has, one slip away from a key of the others
/// that this one lacks.
fn odd_ones(document: &Document, found: &mut Vec<Slip>) {
    const ALIKE: &[&[&str]] = &[&["types", "*"], &["types", "*", "*"], &["areas", "*"], &["shifts", "*"]];
    for route in ALIKE {
        let mut maps: Vec<(&Node, String)> = vec![];
        visit(&document.root, route, String::new(), &mut |map, at| maps.push((map, at.to_owned())));
        for (map, at) in &maps {
            // Maps deeper than one step are only alike where they are the same thing of each.
            let alike = |other: &str| route.len() < 3 || last(other) == last(at);
            let others = || maps.iter().filter(|(_, other)| other != at && alike(other));
            for member in members(map) {
                let is_common = others().any(|(other, _)| other.get(&member.key).is_some());
                if is_common || found.iter().any(|slip| is_at(slip, document, member)) {
                    continue;
                }
                let theirs = others().flat_map(|(other, _)| members(other)).map(|member| &*member.key);
                let free = theirs.filter(|key| map.get(key).is_none() && is_slip_of(&member.key, key));
                found.extend(free.min().map(|near| slip(document, at, member, Some(near))));
            }
        }
    }
}

fn is_at(slip: &Slip, document: &Document, member: &Member) -> bool {
    slip.finding.place.as_ref() == Some(&Place::span(&document.text, member.key_span))
}

/// Whether two words are one typing slip apart, rather than a series such as `phase_a` and `phase_b`.
fn is_slip_of(word: &str, other: &str) -> bool {
    let chopped = |text: &str| text.chars().rev().skip(1).collect::<String>();
    let differ_last = word.len() == other.len() && chopped(word) == chopped(other);
    let has_digit = word.bytes().chain(other.bytes()).any(|b| b.is_ascii_digit());
    word.chars().count() >= 4 && !has_digit && !differ_last && strsim::damerau_levenshtein(word, other) == 1
}

fn last(pointer: &str) -> String {
    parse_pointer(pointer).last().unwrap_or_default()
}

fn members(node: &Node) -> impl Iterator<Item = &Member> {
    match &node.content {
        Content::Map(members) => members.iter(),
        _ => [].iter(),
    }
}

/// Visits the maps at the end of a route.
fn visit<'n>(node: &'n Node, route: &[&str], at: String, then: &mut dyn FnMut(&'n Node, &str)) {
    let Some((step, rest)) = route.split_first() else {
        if matches!(node.content, Content::Map(_)) {
            then(node, &at);
        }
        return;
    };
    match &node.content {
        Content::Map(members) => {
            for member in members.iter().filter(|member| *step == "*" || &*member.key == *step) {
                visit(&member.node, rest, child(&at, &member.key), then);
            }
        }
        Content::Seq(items) if *step == "*" => {
            for (index, item) in items.iter().enumerate() {
                visit(item, rest, child(&at, &index.to_string()), then);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::is_slip_of;

    #[test]
    fn a_slip_is_one_step_away_and_a_series_is_none() {
        assert!(is_slip_of("regsiter", "register") && is_slip_of("widt", "width"));
        assert!(!is_slip_of("phase_a", "phase_b") && !is_slip_of("line1", "line2"));
        assert!(!is_slip_of("id", "ip") && !is_slip_of("start", "hours"));
    }
}
