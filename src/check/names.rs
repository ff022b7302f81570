//! Names that a rendered file gives to things on a device, and how long the device lets them be.

use super::scene::Rendered;
use std::ops::Range;

/// A name as a file gives it.
pub(super) struct Name<'t> {
    /// What it names: names of one kind must differ.
    pub(super) kind: String,
    pub(super) text: &'t str,
    /// Where it stands.
    pub(super) at: usize,
    /// Most bytes that the product keeps.
    pub(super) most: usize,
    /// The block in which a thing may be made once; `None` where a name describes or may be said again.
    pub(super) block: Option<usize>,
}

impl Name<'_> {
    /// What the product keeps of it.
    pub(super) fn kept(&self) -> &str {
        let end = (0..=self.most.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at));
        &self.text[..end.unwrap_or(0)]
    }
}

/// The names in a rendered file; none in a language whose products are not known.
pub(super) fn names<'t>(file: &'t Rendered<'_>) -> Vec<Name<'t>> {
    let text = file.file.text.as_str();
    match file.syntax {
        "nft" => nft(text),
        "fortios" => fortios(text),
        "json" => dashboard_uid(file)
            .map(|(at, text)| Name { kind: "dashboard uid".to_owned(), text, at, most: 40, block: None })
            .into_iter()
            .collect(),
        "ios" => cisco(text, file.product.contains("asa") || file.product.contains("isa3000")),
        _ => vec![],
    }
}

/// The uid of a Grafana dashboard, and where it stands.
pub(super) fn dashboard_uid<'t>(file: &'t Rendered<'_>) -> Option<(usize, &'t str)> {
    #[derive(serde::Deserialize)]
    struct Dashboard {
        uid: String,
    }
    if file.syntax != "json" || !file.product.contains("grafana") {
        return None;
    }
    let uid = serde_json::from_str::<Dashboard>(&file.file.text).ok()?.uid;
    // It stands once, as written; one that needs escapes is longer than its text, and no uid.
    let at = file.file.text.rfind(&format!("\"{uid}\""))? + 1;
    Some((at, &file.file.text[at..at + uid.len()]))
}

/// Lines without their indentation, and where they begin.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at + (line.len() - line.trim_start().len());
        *at += line.len();
        Some((start, line.trim()))
    })
}

/// Linux: names of 255 bytes, of 15 for interfaces; nftables: comments of 128 and log prefixes of 127.
fn nft(text: &str) -> Vec<Name<'_>> {
    const QUOTED: &[(&str, &str, usize)] = &[
        ("comment \"", "comment", 128),
        ("log prefix \"", "log prefix", 127),
        ("iifname \"", "interface", 15),
        ("oifname \"", "interface", 15),
    ];
    let mut found = vec![];
    let (mut table, mut block) = (String::new(), 0);
    for (at, line) in lines(text).filter(|(_, line)| !line.starts_with('#')) {
        for (before, kind, most) in QUOTED {
            for range in quoted(line, before) {
                let kind = (*kind).to_owned();
                let (text, at) = (&line[range.clone()], at + range.start);
                found.push(Name { kind, text, at, most: *most, block: None });
            }
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["table", name @ .., "{"] = words.as_slice() {
            table = name.join(" ");
            block = at;
        }
        if let [kind @ ("set" | "map" | "chain"), name, "{"] = words.as_slice() {
            let kind = format!("{kind} in table {table}");
            found.push(Name { kind, text: name, at, most: 255, block: Some(block) });
        }
    }
    found
}

/// The texts between quotes behind some words.
fn quoted(line: &str, before: &str) -> Vec<Range<usize>> {
    let starts = line.match_indices(before).map(|(at, found)| at + found.len());
    starts.filter_map(|start| Some(start..start + line[start..].find('"')?)).collect()
}

/// FortiOS 7: most names of 35 characters, of 79 for addresses and services, of 15 for interfaces.
fn fortios(text: &str) -> Vec<Name<'_>> {
    let mut found = vec![];
    let mut open: Vec<(&str, usize)> = vec![];
    for (at, line) in lines(text) {
        let name = |rest: &'_ str| -> (usize, usize) {
            let quote = usize::from(rest.starts_with('"'));
            let end = rest[quote..].find(if quote == 1 { '"' } else { ' ' });
            (quote, end.map_or(rest.len(), |end| quote + end))
        };
        if let Some(path) = line.strip_prefix("config ") {
            open.push((path, at));
        } else if line == "end" {
            open.pop();
        } else if let (Some(rest), Some((path, block))) = (line.strip_prefix("edit "), open.last()) {
            let (start, end) = name(rest);
            let most = match *path {
                path if path.starts_with("firewall address") || path.starts_with("firewall addrgrp") => 79,
                path if path.starts_with("firewall service") => 79,
                "system interface" => 15,
                "system zone" => 35,
                _ => usize::MAX,
            };
            // `edit 0` asks for the next free number.
            let block = Some(*block).filter(|_| &rest[start..end] != "0");
            found.push(Name { kind: format!("entry of {path}"), text: &rest[start..end], at, most, block });
        } else if let (Some(rest), Some((path, block))) = (line.strip_prefix("set name "), open.last())
            && path.ends_with("policy")
        {
            let (start, end) = name(rest);
            let kind = format!("name in {path}");
            found.push(Name { kind, text: &rest[start..end], at, most: 35, block: Some(*block) });
        }
    }
    found
}

/// ASA: objects and groups share one name space, of 64 characters. IOS keeps each kind apart, and says no length.
fn cisco(text: &str, asa: bool) -> Vec<Name<'_>> {
    let most = if asa { 64 } else { usize::MAX };
    let mut found = vec![];
    for (at, line) in lines(text) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (kind, text) = match words.as_slice() {
            ["ip" | "ipv6", "access-list", "extended" | "standard", name] | ["ipv6", "access-list", name] => {
                ("access list", *name)
            }
            ["object" | "object-group", _, name, ..] if asa => ("object", *name),
            ["object-group", _, name] => ("object group", *name),
            _ => continue,
        };
        // Both products go on with a thing that is named again.
        found.push(Name { kind: kind.to_owned(), text, at, most, block: None });
    }
    found
}
