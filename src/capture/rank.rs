//! Which values are asked for first, and by which name: what explains most, and what a person would call it.

use super::program::address;
use super::solve::{Group, Kind};
use super::views::{Row, bits};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(super) fn kind_of(row: &Row, scope: usize) -> Kind {
    let known: Vec<&Rc<str>> = row.iter().flatten().collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    known.iter().for_each(|value| *counts.entry(value).or_default() += 1);
    let most = counts.values().max().copied().unwrap_or(0);
    if scope == 0 && known.len() >= 4 && most * 10 >= known.len() * 6 {
        Kind::Defaulted
    } else {
        Kind::Required
    }
}

/// What a name is worth by itself: a short or vague one says little.
pub(super) fn own_right(name: &str) -> f64 {
    const VAGUE: &[&str] = &[
        "ip_address",
        "address",
        "description",
        "name",
        "value",
        "id",
        "ip",
        "set",
        "href",
        "include",
        "text",
    ];
    if VAGUE.contains(&name) || name.len() < 3 {
        0.1
    } else if name.len() < 4 {
        0.4
    } else if matches!(name, "hostname" | "router_id") {
        3.0
    } else {
        1.0
    }
}

/// The order in which groups are solved: what explains most first.
pub(super) fn in_order(groups: &[Group], evidence: f64) -> Vec<usize> {
    let plain = |value: &Option<Rc<str>>| {
        value.as_ref().map(|value| {
            value
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect::<String>()
        })
    };
    let rows: Vec<Vec<Option<String>>> =
        groups.iter().map(|group| group.row.iter().map(plain).collect()).collect();
    let mut gain = vec![0.0; groups.len()];
    if groups.len() <= 500 {
        for (at, row) in rows.iter().enumerate() {
            if bits(&groups[at].row) < evidence || row.iter().any(Option::is_none) {
                continue;
            }
            for (other, inside) in rows.iter().enumerate() {
                let is_in = |(part, whole): (&Option<String>, &Option<String>)| match (part, whole) {
                    (Some(part), Some(whole)) => !part.is_empty() && whole.contains(part.as_str()),
                    _ => true,
                };
                if other != at && row.iter().zip(inside).all(is_in) {
                    gain[at] += 1.0;
                }
            }
        }
    }
    let score = |at: usize| {
        let group = &groups[at];
        let is_full = group.row.iter().all(Option::is_some);
        let size: usize = group.row.iter().flatten().map(|value| value.len()).sum();
        (is_full, gain[at] + 0.5 * group.slots.len() as f64 + preference(group), size)
    };
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by(|a, b| {
        let ((full_a, gain_a, size_a), (full_b, gain_b, size_b)) = (score(*a), score(*b));
        full_b.cmp(&full_a).then(gain_b.total_cmp(&gain_a)).then(size_a.cmp(&size_b)).then(a.cmp(b))
    });
    order
}

/// What is more likely to be asked for than derived.
fn preference(group: &Group) -> f64 {
    let name = &group.names[0];
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let mut out = 0.0;
    if name == "name" || name == "id" || has(&["hostname", "_name", "domain", "site", "node"]) {
        out += 2.0;
    }
    let is_network = |value: &Rc<str>| value.contains('/') && address(value).is_some();
    if group.row.iter().flatten().all(is_network) {
        out += 1.5;
    }
    if has(&["prefix", "router_bgp", "subnet", "network"]) {
        out += 1.5;
    }
    if has(&["neighbor", "peer", "description"]) {
        out -= 1.5;
    }
    out
}
