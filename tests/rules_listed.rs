//! Every rule that the program can report stands in the one list of rules, once, in order, with its three sentences.

use jig::check::RULES;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_reported_rule_is_listed() {
    let known: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    let mut missing = vec![];
    let mut seen = 0;
    for path in sources() {
        let text = fs::read_to_string(&path).expect("a source file can be read");
        for name in rules_named_in(&text) {
            seen += 1;
            if !known.contains(name) {
                missing.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(seen > 40, "only {seen} rules were found in src/: does this test still read it right?");
    assert!(missing.is_empty(), "rules that check::RULES does not list:\n{}", missing.join("\n"));
}

#[test]
fn every_listed_rule_is_reported_somewhere() {
    let texts: Vec<String> =
        sources().iter().map(|path| fs::read_to_string(path).expect("it can be read")).collect();
    let named: BTreeSet<&str> = texts.iter().flat_map(|text| quoted_words(text)).collect();
    let idle: Vec<&str> = RULES.iter().map(|rule| rule.name).filter(|name| !named.contains(name)).collect();
    assert!(idle.is_empty(), "rules that nothing reports: {idle:?}");
}

#[test]
fn the_list_is_sorted_and_says_what_why_and_instead() {
    for pair in RULES.windows(2) {
        assert!(pair[0].name < pair[1].name, "{} stands before {}", pair[0].name, pair[1].name);
    }
    for rule in RULES {
        assert!(is_kebab(rule.name), "{} is not kebab-case", rule.name);
        for text in [rule.what, rule.why, rule.instead] {
            assert!(text.ends_with('.'), "{}: `{text}` is no sentence", rule.name);
        }
    }
}

/// Names that stand where a rule does: the first argument of a finding, a problem's rule, or a rule passed along.
fn rules_named_in(text: &str) -> Vec<&str> {
    const BEFORE: &[&str] =
        &["Finding::error(", "Finding::warning(", "Finding::new(", "rule: ", "let rule = ", "else { "];
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = vec![];
    for before in BEFORE {
        for (at, _) in text.match_indices(before) {
            let rest = text[at + before.len()..].trim_start();
            let Some(name) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) else { continue };
            if is_kebab(name) && (name.contains('-') || *before != "else { ") {
                found.push(name);
            }
        }
    }
    found
}

/// Everything in double quotes, but for the list of rules itself.
fn quoted_words(text: &str) -> Vec<&str> {
    let list = text.find("pub const RULES: &[Rule] = &[").unwrap_or(text.len());
    let after = text[list..].find("\n];").map_or("", |end| &text[list + end..]);
    [&text[..list], after].iter().flat_map(|part| part.split('"')).filter(|word| is_kebab(word)).collect()
}

fn is_kebab(word: &str) -> bool {
    !word.is_empty()
        && word.split('-').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
}

fn sources() -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}
