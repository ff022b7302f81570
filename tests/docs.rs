//! The documentation stays true: its generated parts are what the program says, the commands that it shows do what
//! stands below them, every name that it promises to templates is there, and its links lead somewhere.
//!
//! `JIG_UPDATE_DOCS=1 cargo test --test docs` writes the generated parts anew.

#[path = "docs/generated.rs"]
mod generated;
#[path = "docs/keys.rs"]
mod keys;
#[path = "docs/pages.rs"]
mod pages;
#[path = "docs/shell.rs"]
mod shell;

use pages::{Page, pages};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn generated_parts_are_what_the_program_says() {
    let update = std::env::var_os("JIG_UPDATE_DOCS").is_some();
    let mut seen = BTreeSet::new();
    let mut old = vec![];
    for page in pages() {
        let fresh = pages::fill(&page, &mut |name| {
            seen.insert(name.to_owned());
            generated::part(name)
                .unwrap_or_else(|| panic!("{}: no generated part is called {name}", page.name))
        });
        if fresh == page.text {
            continue;
        }
        if update {
            fs::write(Path::new(ROOT).join(&page.name), fresh).expect("the page can be written");
        } else {
            old.push(page.name.clone());
        }
    }
    for (name, _) in generated::PARTS {
        assert!(seen.contains(*name), "no page shows the generated part {name}");
    }
    assert!(
        old.is_empty(),
        "not current: {}; run `JIG_UPDATE_DOCS=1 cargo test --test docs`",
        old.join(", ")
    );
}

/// Commands are written for a POSIX shell.
#[cfg(unix)]
#[test]
fn commands_that_are_shown_do_what_stands_below_them() {
    let mut blocks = 0;
    let mut faults = vec![];
    for page in pages() {
        let steps = pages::steps(&page);
        blocks += steps.len();
        if let Err(fault) = shell::play(&steps) {
            faults.push(format!("{}: {fault}", page.name));
        }
    }
    assert!(
        blocks > 20,
        "only {blocks} blocks of commands were found: does this test still read the pages right?"
    );
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// The table of names has an expression for each; every one of them gives something on a line of the example.
#[test]
fn names_promised_to_templates_are_there() {
    let page =
        pages().into_iter().find(|page| page.name.ends_with("templates.md")).expect("the page is there");
    let names = pages::expressions(&page);
    assert!(names.len() > 60, "only {} expressions were found", names.len());
    if let Err(fault) = shell::evaluate(&names) {
        panic!("{fault}");
    }
}

#[test]
fn links_lead_somewhere() {
    let all: Vec<Page> = pages();
    let mut broken = vec![];
    for page in &all {
        for link in pages::links(page) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let folder = Path::new(&page.name).parent().unwrap_or(Path::new(""));
            let target = if path.is_empty() { page.name.clone() } else { pages::joined(folder, path) };
            let known = all.iter().find(|other| other.name == target);
            let found = match known {
                Some(other) => anchor.is_empty() || pages::anchors(other).contains(anchor),
                None => anchor.is_empty() && Path::new(ROOT).join(&target).exists(),
            };
            if !found {
                broken.push(format!("{}: {link}", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn every_page_of_the_guide_is_in_its_summary() {
    let all = pages();
    let summary = all.iter().find(|page| page.name == "docs/src/SUMMARY.md").expect("there is a summary");
    let listed: BTreeSet<String> =
        pages::links(summary).iter().map(|link| pages::joined(Path::new("docs/src"), link)).collect();
    let guide = all.iter().filter(|page| page.name.starts_with("docs/src/") && page.name != summary.name);
    let missing: Vec<&str> =
        guide.map(|page| page.name.as_str()).filter(|name| !listed.contains(*name)).collect();
    assert!(missing.is_empty(), "pages that the summary does not list: {missing:?}");
}
