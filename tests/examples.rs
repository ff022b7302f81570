//! Every folder of examples/ is what its README says: it validates with exactly the findings that are part of its
//! story, and its committed intended/ is what `jig render` would write.

mod support;

use std::collections::BTreeSet;
use support::{copy_example, example, jig};

/// The findings that belong to an example's story: rule, level, file, and the word that its README says about it.
const STORIES: &[(&str, &[(&str, &str, &str, &str)])] = &[
    (
        "kestrel",
        &[
            ("expired-deviation", "warning", "deviations/DV-0004/deviation.yaml", "DV-0004"),
            ("metric-without-goal", "warning", "metrics.yaml", "energy-per-unit"),
            ("due-soon", "note", "decisions/RD-012/decision.yaml", "RD-012"),
            ("due-soon", "note", "deviations/DV-0007/deviation.yaml", "DV-0007"),
            ("open-lesson", "note", "lessons.yaml", "L-005"),
            ("open-lesson", "note", "lessons.yaml", "L-006"),
        ],
    ),
    ("machining", &[]),
    ("smallest", &[]),
    ("starter", &[]),
    ("vendors", &[]),
];

#[test]
fn every_example_has_a_story_here() {
    let folders = std::fs::read_dir(example("")).expect("examples can be read");
    let folders = folders.map(|entry| entry.expect("an entry")).filter(|entry| entry.path().is_dir());
    let folders: BTreeSet<String> =
        folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let stories: BTreeSet<String> = STORIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(folders, stories, "add the new example to STORIES, or remove the old one");
}

#[test]
fn every_example_has_exactly_the_findings_of_its_story() {
    for (name, story) in STORIES {
        let run = jig().fleet(example(name)).args("--as-of 2026-11-22 validate --format json").run().exits(0);
        let found: Vec<_> = run.findings();
        let found: BTreeSet<_> =
            found.iter().map(|f| (f.rule.as_str(), f.level.as_str(), f.file.as_str())).collect();
        let expected: BTreeSet<_> =
            story.iter().map(|(rule, level, file, _)| (*rule, *level, *file)).collect();
        assert_eq!(found, expected, "{name}: {run}");
        let readme =
            std::fs::read_to_string(example(name).join("README.md")).expect("an example has a README");
        for (rule, _, _, word) in *story {
            assert!(readme.contains(word), "{name}: its README does not tell of {word} ({rule})");
        }
    }
}

#[test]
fn what_is_committed_under_intended_is_what_would_be_rendered() {
    for (name, _) in STORIES {
        if !example(name).join("intended").is_dir() {
            eprintln!("SKIPPED: examples/{name}/intended is not there");
            continue;
        }
        let run = jig().fleet(example(name)).args("render --check").run();
        assert_eq!(run.code, 0, "next: jig -C examples/{name} render\n{run}");
    }
}

#[test]
fn every_example_renders_twice_the_same_and_the_second_run_writes_nothing() {
    for (name, _) in STORIES {
        let fleet = copy_example(name);
        fleet.jig("render").run().exits(0);
        let first = fleet.files("intended");
        let report = fleet.jig("render --format json").run().exits(0).json();
        assert_eq!(report["summary"]["written"], 0, "{name}");
        assert_eq!(fleet.files("intended"), first, "{name}");
        assert!(!first.is_empty());
    }
}

#[test]
fn no_example_names_the_machine_that_it_was_made_on() {
    let here = env!("CARGO_MANIFEST_DIR");
    for (name, _) in STORIES {
        for (path, bytes) in support::files_below(&example(name)) {
            let text = String::from_utf8_lossy(&bytes);
            for odd in [here, "/root/", "/tmp/", "jig-tmp"] {
                assert!(!text.contains(odd), "examples/{name}/{path} says {odd}");
            }
        }
    }
}
