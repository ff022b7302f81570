//! `jig validate --external`: the products' own checks of what was rendered, and what was not checked.

mod support;

use support::{Fleet, FleetBuilder, copy_example};

/// A fleet whose target is checked by a shell script.
fn checked_by(script: &str) -> Fleet {
    let target = format!(
        "kind: gateway\nfiles: [ {{ template: settings.json.j2, path: settings.json }} ]\ncheck: {script}\n"
    );
    FleetBuilder::smallest().file("blueprints/hello/templates/settings/target.yaml", &target).build()
}

#[test]
fn what_a_tool_refuses_is_found_at_its_file_in_its_words() {
    let fleet = checked_by(
        "[ sh, -c, 'grep -q 10.0.0.5 \"$0\" && { echo \"$0: no such PLC\" >&2; exit 3; }', '{file}' ]",
    );
    let run = fleet.jig("validate --external --format json").run().exits(1);
    let found = run.findings();
    assert_eq!(found.len(), 1, "{run}");
    assert_eq!((found[0].rule.as_str(), found[0].address.as_str()), ("refused-output", "home/one"), "{run}");
    assert_eq!(found[0].file, "intended/home/one/settings.json");
    // The temporary folder in which the tool ran is nobody's business.
    assert_eq!(found[0].message, "sh refuses settings.json: settings.json: no such PLC");
    assert_eq!(found[0].owner, "controls");
    // Without the flag no tool runs.
    fleet.jig("validate").run().exits(0);
}

#[test]
fn what_a_tool_passes_is_silent() {
    let fleet = checked_by("[ sh, -c, 'test -s \"$0\"', '{file}' ]");
    assert!(fleet.jig("validate --external --format json").run().exits(0).findings().is_empty());
}

#[test]
fn a_tool_that_is_not_there_has_checked_nothing() {
    for check in ["[ no-such-tool, '{file}' ]", "[ env, no-such-tool, '{file}' ]"] {
        let run = checked_by(check).jig("validate --external --format json").run().exits(2);
        let found = run.findings();
        assert_eq!(found.iter().map(|f| f.rule.as_str()).collect::<Vec<_>>(), ["not-checked"], "{run}");
        assert!(found[0].message.contains("no-such-tool is not installed; 1 file was not checked"), "{run}");
        assert!(found[0].next.contains("install no-such-tool"), "{run}");
    }
}

#[test]
fn only_what_a_change_touches_is_checked_again() {
    let fleet = checked_by("[ sh, -c, 'exit 1' ]");
    fleet.write("sites/home/lines/two.yaml", fleet.read("sites/home/lines/one.yaml").replace("0.5", "0.6"));
    for args in [&["init", "-q", "-b", "main"][..], &["add", "-A"], &["commit", "-q", "-m", "base"]] {
        support::git(fleet.root(), args);
    }
    support::git(fleet.root(), &["checkout", "-q", "-b", "work"]);
    fleet.edit("sites/home/lines/two.yaml", "10.0.0.6", "10.0.0.7");
    support::git(fleet.root(), &["commit", "-q", "-a", "-m", "change"]);
    let run = fleet.jig("validate --external --changed main --format json").run().exits(1);
    let addresses: Vec<String> = run.findings().into_iter().map(|found| found.address).collect();
    assert_eq!(addresses, ["home/two"], "{run}");
}

#[test]
fn the_products_that_are_here_pass_the_example() {
    let run = copy_example("kestrel").jig("validate --external --format json").run();
    let found = run.findings();
    let refused: Vec<_> = found.iter().filter(|found| found.rule == "refused-output").collect();
    assert!(refused.is_empty(), "{refused:?}");
    for missing in found.iter().filter(|found| found.rule == "not-checked") {
        eprintln!("SKIPPED: {}", missing.message);
    }
}
