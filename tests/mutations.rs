//! Every fact that the example enterprise depends on is watched: take any one of them away, or make it wrong, and
//! `jig validate` finds it, at its own line or at the line of what it belonged to.
//!
//! The mutations are not listed by hand: they are made from every place where such a fact stands in the example.

mod support;

use std::collections::BTreeSet;
use std::fmt;
use support::{Found, copy_example, files_below, in_parallel};

/// One change of one line of one file.
struct Mutation {
    file: String,
    /// The line that is changed, from 1.
    line: usize,
    what: String,
    text: String,
    /// Lines at which the finding may stand; in other files any place will do.
    near: (usize, usize),
    /// Only some mutations show in the file itself; the rest show where the fact is used.
    elsewhere: bool,
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// Keys whose value is a fact that somebody answers for, with a wrong value for each.
const FACTS: &[(&str, &str)] = &[
    ("owner", "nobody-at-all"),
    ("sponsor", "nobody-at-all"),
    ("decision", "RD-777"),
    ("review_by", "2020-01-01"),
    ("unit", "furlongs"),
    ("record", "excel"),
    ("if_lost", "\"\""),
    ("nsu", "filler"),
    ("by", "nobody-at-all"),
    ("role", "integrator"),
    ("deputy", "nobody-at-all"),
    ("expires", "2020-01-01"),
    ("formula", "\"GQ / PPQ\""),
    ("service", "opcuaa"),
];

/// Facts that a file may leave out: only a wrong one is found.
const OPTIONAL: &[(&str, &str)] = &[("sites/", "owner")];

fn mutations() -> Vec<Mutation> {
    let mut all = vec![];
    for (file, bytes) in files_below(&support::example("kestrel")) {
        if !std::path::Path::new(&file).extension().is_some_and(|extension| extension == "yaml")
            || file.starts_with("intended/")
            || file.starts_with("deployed/")
        {
            continue;
        }
        let text = String::from_utf8(bytes).expect("an example is text");
        for (key, wrong) in FACTS {
            facts(&file, &text, key, wrong, &mut all);
        }
        state_maps(&file, &text, &mut all);
    }
    all
}

/// Every place of `key: value`, in block or flow style.
fn facts(file: &str, text: &str, key: &str, wrong: &str, all: &mut Vec<Mutation>) {
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        if line.trim_start().starts_with('#') {
            continue;
        }
        let needle = format!("{key}: ");
        for (at, _) in line.match_indices(&needle) {
            let before = &line[..at];
            let starts = before.trim().is_empty() || before.ends_with(['{', ' ', ',']);
            // The role of an asset is what it does, not who it is.
            let is_asset = key == "role" && !file.ends_with("t.yaml");
            // Inputs, elements and targets use the same words for other things.
            if !starts || is_asset || (key == "unit" && file == "goals.yaml") {
                continue;
            }
            let value = value_at(&line[at + needle.len()..]);
            let (start, end) = (at, at + needle.len() + value.len());
            let near = block(&lines, index);
            let mut replaced = lines.clone();
            let changed = format!("{}{needle}{wrong}{}", &line[..start], &line[end..]);
            replaced[index] = &changed;
            let mutation = |what: String, text: String, near| Mutation {
                file: file.to_owned(),
                line: index + 1,
                what,
                text,
                near,
                elsewhere: elsewhere(file, key),
            };
            all.push(mutation(format!("{key}: {wrong}"), replaced.join("\n") + "\n", near));
            if OPTIONAL.iter().any(|(start, optional)| file.starts_with(start) && key == *optional) {
                continue;
            }
            let rest = line[end..].trim_start_matches([',', ' ']);
            let kept = line[..start].to_owned() + rest;
            let kept = if rest.starts_with('}') { kept.replace(", }", " }") } else { kept };
            let mut removed: Vec<&str> = lines.clone();
            if kept.trim().is_empty() {
                removed.remove(index);
            } else {
                removed[index] = &kept;
            }
            all.push(mutation(format!("no {key}"), removed.join("\n") + "\n", near));
        }
    }
}

/// A decision or a namespace that is used elsewhere shows there.
fn elsewhere(file: &str, key: &str) -> bool {
    (file.starts_with("decisions/") || file.starts_with("deviations/"))
        && key != "review_by"
        && key != "expires"
}

/// Each entry of a state map, taken away or made wrong.
fn state_maps(file: &str, text: &str, all: &mut Vec<Mutation>) {
    for (index, line) in text.lines().enumerate() {
        let Some((_, map)) = line.split_once("map: { ") else { continue };
        let entries = map.split(" }").next().expect("the map ends");
        for entry in entries.split(", ") {
            let code = entry.split(':').next().expect("an entry has a code");
            let without = entries.split(", ").filter(|other| *other != entry).collect::<Vec<_>>().join(", ");
            let wrong = entries.replace(entry, &format!("{code}: Runing"));
            for (what, changed) in [(format!("no {entry}"), without), (format!("{code}: Runing"), wrong)] {
                let text = text.replacen(line, &line.replace(entries, &changed), 1);
                let near = (index, index + 2);
                all.push(Mutation {
                    file: file.to_owned(),
                    line: index + 1,
                    what,
                    text,
                    near,
                    elsewhere: false,
                });
            }
        }
    }
}

fn value_at(rest: &str) -> &str {
    if let Some(quoted) = rest.strip_prefix('"') {
        let end = quoted.find('"').expect("a quote ends");
        return &rest[..end + 2];
    }
    let end = rest.find([',', '}', '#']).unwrap_or(rest.len());
    rest[..end].trim_end()
}

/// The lines of the entry that a line belongs to: from its head to its last line.
fn block(lines: &[&str], index: usize) -> (usize, usize) {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(lines[index]);
    let head = (0..index).rev().find(|at| !lines[*at].trim().is_empty() && indent(lines[*at]) < own);
    let last = (index + 1..lines.len()).take_while(|at| indent(lines[*at]) >= own).last().unwrap_or(index);
    (head.unwrap_or(0) + 1, last + 2)
}

#[test]
fn every_fact_that_is_taken_away_or_made_wrong_is_found_at_its_line() {
    let clean = keys(&validate(None));
    let all = mutations();
    assert!(all.len() > 250, "only {} mutations: does this test still read the example right?", all.len());
    let missed = in_parallel(&all, |mutation| {
        let found = validate(Some(mutation));
        let new: Vec<&Found> = found
            .iter()
            .filter(|found| found.rule != "stale-intended" && !clean.contains(&key(found)))
            .collect();
        let own = new.iter().filter(|found| found.file == mutation.file);
        let at_line = own.clone().any(|found| {
            let line = found.line as usize;
            found.line == 0 || line == mutation.line || (mutation.near.0..=mutation.near.1).contains(&line)
        });
        let good = at_line || (mutation.elsewhere && !new.is_empty());
        let seen: Vec<String> = new.iter().map(|found| format!("{} {}", found.place(), found.rule)).collect();
        (!good).then(|| format!("{mutation}: found {seen:?}"))
    });
    let missed: Vec<String> = missed.into_iter().flatten().collect();
    assert!(missed.is_empty(), "{} of {} are not found:\n{}", missed.len(), all.len(), missed.join("\n"));
}

fn validate(mutation: Option<&Mutation>) -> Vec<Found> {
    let fleet = copy_example("kestrel");
    if let Some(mutation) = mutation {
        assert_ne!(fleet.read(&mutation.file), mutation.text, "{mutation} changes nothing");
        fleet.write(&mutation.file, &mutation.text);
    }
    fleet.jig("-j 1 validate --format json").run().findings()
}

fn key(found: &Found) -> String {
    format!("{} {} {} {}", found.rule, found.file, found.address, found.message)
}

fn keys(found: &[Found]) -> BTreeSet<String> {
    found.iter().map(key).collect()
}
