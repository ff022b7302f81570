//! The layers hold: a module of src/ uses only modules that stand above it in lib.rs, and what reaches the outside
//! world (parsers, templates, git, files, terminal) stays behind its one door.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What may be named only in some files: a word of code, and the beginnings of the paths that may say it.
const FENCES: &[(&str, &[&str])] = &[
    ("granit_parser", &["source/"]),
    ("serde_yaml", &["cli/"]),
    ("git2", &["source/git.rs", "source/past.rs", "source/versions.rs"]),
    (
        "minijinja",
        &[
            "resolve/expression.rs",
            "resolve/filters.rs",
            "resolve/operators.rs",
            "resolve/strict.rs",
            "resolve/units.rs",
            "resolve/values.rs",
            "render/engine.rs",
        ],
    ),
    ("std::fs", &["source/tree.rs", "cli/cache.rs", "cli/write.rs"]),
    ("fs::write", &["cli/write.rs"]),
    ("fs::rename", &["cli/write.rs"]),
    ("fs::remove", &["cli/write.rs"]),
    ("fs::create_dir", &["cli/write.rs"]),
    ("File::create", &["cli/write.rs"]),
    ("std::env::", &["cli/"]),
    ("stdout()", &["cli/session.rs"]),
    ("stderr()", &["cli/session.rs", "cli/questions.rs"]),
    ("println!", &["cli/session.rs"]),
    ("print!", &["cli/session.rs"]),
    ("dbg!", &[]),
    ("Timestamp::now", &["cli/session.rs"]),
    ("SystemTime", &[]),
    ("Instant::now", &["cli/"]),
    ("process::exit", &[]),
    ("jsonschema", &["load/"]),
    ("indicatif", &["cli/"]),
    ("dialoguer", &["cli/"]),
    ("annotate_snippets", &["report/"]),
];

#[test]
fn each_module_uses_only_modules_above_it() {
    let order = modules();
    assert!(order.len() > 5, "lib.rs names the modules: {order:?}");
    let place = |name: &str| order.iter().position(|module| module == name);
    let mut wrong = vec![];
    for (path, code) in code() {
        let Some(own) = place(path.split(['/', '.']).next().unwrap_or_default()) else { continue };
        for used in uses(&path, &code) {
            match place(&used) {
                Some(at) if at > own => wrong.push(format!("{path} uses {used}, which stands below it")),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_and_file_of_src_is_a_module_in_the_order() {
    let order = modules();
    for path in code().keys() {
        let module = path.split(['/', '.']).next().unwrap_or_default();
        assert!(["lib", "main"].contains(&module) || order.iter().any(|known| known == module), "{path}");
    }
}

#[test]
fn each_door_to_the_outside_is_the_only_one() {
    let mut wrong = vec![];
    for (path, code) in code() {
        for (word, allowed) in FENCES {
            if holds(&code, word) && !allowed.iter().any(|start| path.starts_with(start)) {
                wrong.push(format!("{path} says `{word}`; it belongs into {}", allowed.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether code says a word that is not the tail of a longer one: `print!` is not in `eprint!`.
fn holds(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_'))
    })
}

/// The modules in the order of lib.rs.
fn modules() -> Vec<String> {
    let lib = fs::read_to_string(src().join("lib.rs")).expect("lib.rs can be read");
    lib.lines()
        .filter_map(|line| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned()))
        .collect()
}

/// The top-level modules that a file names: `crate::x`, `crate::{x, y::z}`, and `super` past its own folder.
fn uses(path: &str, code: &str) -> Vec<String> {
    let mut found = vec![];
    let depth = path.matches('/').count() + usize::from(!path.ends_with("/mod.rs"));
    let to_root = format!("{}::", vec!["super"; depth].join("::"));
    for start in ["crate::", to_root.as_str()] {
        for (at, _) in code.match_indices(start) {
            if start != "crate::" && code[..at].ends_with("super::") {
                continue;
            }
            let rest = &code[at + start.len()..];
            match rest.strip_prefix('{') {
                Some(group) => found.extend(group_heads(group)),
                None => found.push(head(rest)),
            }
        }
    }
    found
}

/// The first names of `a, b::{c, d}, e}`.
fn group_heads(group: &str) -> Vec<String> {
    let mut heads = vec![];
    let mut nested = 0;
    let mut start = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => nested += 1,
            '}' | ',' if nested == 0 => {
                heads.push(head(group[start..at].trim()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => nested -= 1,
            _ => {}
        }
    }
    heads
}

fn head(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn src() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file, by path below src/, without its comments and its tests.
fn code() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![src()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name =
                    path.strip_prefix(src()).expect("it lies in src").to_string_lossy().replace('\\', "/");
                let text = fs::read_to_string(&path).expect("a source file can be read");
                let text = text.split("#[cfg(test)]").next().unwrap_or_default();
                let lines: Vec<&str> =
                    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                found.insert(name, lines.join("\n"));
            }
        }
    }
    found
}

#[test]
fn the_reading_of_paths_is_right() {
    assert_eq!(
        uses("cli/a.rs", "use crate::{load::{x, y}, model::Z}; crate::finding::f()"),
        ["load", "model", "finding"]
    );
    assert_eq!(uses("cli/a.rs", "use super::super::load::x; use super::write;"), ["load"]);
    assert_eq!(uses("cli/mod.rs", "use super::load::x;"), ["load"]);
    assert!(holds("println!(1)", "println!") && !holds("eprintln!(1)", "println!"));
}
