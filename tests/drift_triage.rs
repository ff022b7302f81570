//! What to do about a difference: accept, adopt, promote, revert. Each writes one file, and only if that settles it.

mod support;

use serde_json::Value as Json;
use std::collections::BTreeMap;
use support::{Fleet, copy_example};

/// The example with one value of grr/pk1 changed on site.
fn drifted(file: &str, from: &str, to: &str) -> Fleet {
    let fleet = copy_example("kestrel");
    fleet.jig("render").run().exits(0);
    fleet.edit(&format!("deployed/grr/pk1/{file}"), from, to);
    fleet
}

/// The sampling of the gateway was changed, and with it how many readings it keeps.
fn slower() -> Fleet {
    let fleet = drifted("gateway/telegraf.conf", "interval = \"1000ms\"", "interval = \"500ms\"");
    fleet.edit("deployed/grr/pk1/gateway/telegraf.conf", "limit = 3628800", "limit = 7257600");
    fleet
}

fn findings(fleet: &Fleet, address: &str) -> Vec<Json> {
    let report = fleet.jig(&format!("diff {address} --format json")).run().json();
    let findings = report["findings"].as_array().expect("findings").iter();
    findings.filter(|finding| finding["disposition"] != "ignored").cloned().collect()
}

fn id(fleet: &Fleet, address: &str, path: &str) -> String {
    let found = findings(fleet, address);
    let finding = found.iter().find(|finding| finding["path"] == path || finding["file"] == path);
    finding.unwrap_or_else(|| panic!("{path}: {found:?}"))["id"].as_str().expect("an id").to_owned()
}

/// Everything but the caches.
fn everything(fleet: &Fleet) -> BTreeMap<String, Vec<u8>> {
    fleet.files("").into_iter().filter(|(path, _)| !path.starts_with(".jig/")).collect()
}

fn changed(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let names = before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path));
    let mut names: Vec<String> = names.cloned().collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn an_accepted_value_is_approved_once_both_sides_agree() {
    let fleet = drifted("gateway/telegraf.conf", "interval = \"1000ms\"", "interval = \"500ms\"");
    let before = everything(&fleet);
    let id = id(&fleet, "grr/pk1", "/agent/interval");
    let done =
        fleet.jig(&format!("diff accept {id} --owner site-controls --reason trial --days 30")).run().exits(0);
    assert!(done.stdout.contains("wrote deviations/DV-0009/deviation.yaml"), "{done}");
    assert_eq!(changed(&before, &everything(&fleet)), ["deviations/DV-0009/deviation.yaml"]);
    let written = fleet.read("deviations/DV-0009/deviation.yaml");
    assert!(written.contains("deployed: \"500ms\"") || written.contains("deployed: 500ms"), "{written}");
    assert!(written.contains("expires: 2026-12-22"), "{written}");
    let state = |fleet: &Fleet| {
        let found =
            findings(fleet, "grr/pk1").into_iter().find(|finding| finding["path"] == "/agent/interval");
        found.expect("found")["disposition"].clone()
    };
    assert_eq!(state(&fleet), "open", "nobody approved it yet");
    fleet.jig("approve DV-0009 --as corp-security").run().exits(0);
    fleet.jig("approve DV-0009 --as site-controls").run().exits(0);
    fleet.jig("diff grr/pk1").run().exits(0);
    assert_eq!(findings(&fleet, "grr/pk1")[0]["deviation"], "DV-0009");
    fleet.edit("deployed/grr/pk1/gateway/telegraf.conf", "interval = \"500ms\"", "interval = \"400ms\"");
    fleet.jig("diff grr/pk1").run().exits(1);
    fleet.jig("validate").run().exits(0);
}

#[test]
fn an_accepted_file_is_pinned_by_its_content() {
    let fleet = copy_example("kestrel");
    let id = id(&fleet, "lej/pk2", "gateway/telegraf.d/commissioning.conf");
    fleet.jig(&format!("diff accept {id} --owner site-controls --reason test")).run().exits(0);
    fleet.jig("approve DV-0009 --as corp-security").run().exits(0);
    fleet.jig("approve DV-0009 --as site-controls").run().exits(0);
    let file = |fleet: &Fleet| {
        findings(fleet, "lej/pk2").into_iter().find(|f| f["kind"] == "file-extra").expect("found")
    };
    assert_eq!(file(&fleet)["disposition"], "approved");
    fleet.edit(
        "deployed/lej/pk2/gateway/telegraf.d/commissioning.conf",
        "[[outputs.file]]",
        "[[outputs.http]]",
    );
    assert_eq!(file(&fleet)["disposition"], "open");
}

#[test]
fn a_secret_is_pinned_by_a_digest_and_never_written() {
    let fleet = copy_example("kestrel");
    let id = id(&fleet, "mty/pk1", "/[id=f075865b5a1c0c4a]/credentials");
    let done = fleet
        .jig(&format!("diff accept {id} --owner site-controls --reason test --format json"))
        .run()
        .exits(0);
    let written = fleet.read("deviations/DV-0009/deviation.yaml");
    assert!(written.contains("deployed: \"b3k:"), "{written}");
    assert!(!format!("{written}{}{}", done.stdout, done.stderr).contains("Monterrey-2026!"));
    fleet.jig("approve DV-0009 --as corp-security").run().exits(0);
    fleet.jig("approve DV-0009 --as site-controls").run().exits(0);
    let of = |fleet: &Fleet| {
        findings(fleet, "mty/pk1").into_iter().find(|f| f["path"] == "/[id=f075865b5a1c0c4a]/credentials")
    };
    assert_eq!(of(&fleet).expect("found")["disposition"], "approved");
    fleet.edit("deployed/mty/pk1/gateway/flows.json", "Monterrey-2026!", "Monterrey-2027!");
    assert_eq!(of(&fleet).expect("found")["disposition"], "open");
}

#[test]
fn an_adopted_value_becomes_the_lines_own() {
    let fleet = slower();
    let before = everything(&fleet);
    let id = id(&fleet, "grr/pk1", "/agent/interval");
    let done = fleet.jig(&format!("diff adopt {id} --why trial --format json")).run().exits(0).json();
    assert_eq!((&done["wrote"], &done["to"]), (&"sites/grr/lines/pk1.yaml".into(), &500.into()));
    assert_eq!(changed(&before, &everything(&fleet)), ["sites/grr/lines/pk1.yaml"]);
    assert!(
        fleet
            .read("sites/grr/lines/pk1.yaml")
            .ends_with("overrides:\n  sampling_ms: { value: 500, by: site-controls, why: trial }\n")
    );
    fleet.jig("diff grr/pk1").run().exits(0);
    fleet.jig("validate grr/pk1").run().exits(0);
}

#[test]
fn what_the_site_did_not_change_too_is_to_be_rolled_out() {
    let fleet = drifted("gateway/telegraf.conf", "interval = \"1000ms\"", "interval = \"500ms\"");
    let id = id(&fleet, "grr/pk1", "/agent/interval");
    let done = fleet.jig(&format!("diff adopt {id} --why trial")).run().exits(0);
    assert!(
        done.stdout.contains("to be rolled out to grr/pk1: gateway/telegraf.conf /agent/metric_buffer_limit"),
        "{done}"
    );
    let left: Vec<_> = findings(&fleet, "grr/pk1").iter().map(|finding| finding["path"].clone()).collect();
    assert_eq!(left, ["/agent/metric_buffer_limit"]);
}

#[test]
fn what_no_value_makes_is_not_adopted_and_nothing_is_written() {
    for (file, from, to, path) in [
        // Nothing makes 9s of a value.
        (
            "gateway/telegraf.conf",
            "flush_interval = \"1s\"",
            "flush_interval = \"9s\"",
            "/agent/flush_interval",
        ),
        // The schema forbids it.
        ("gateway/telegraf.conf", "interval = \"1000ms\"", "interval = \"5ms\"", "/agent/interval"),
    ] {
        let fleet = drifted(file, from, to);
        let before = everything(&fleet);
        let id = id(&fleet, "grr/pk1", path);
        let done = fleet.jig(&format!("diff adopt {id} --why trial")).run().exits(2);
        assert!(done.stderr.contains("no value that the line may override"), "{done}");
        fleet.jig(&format!("diff promote {id}")).run().exits(2);
        assert_eq!(changed(&before, &everything(&fleet)), [""; 0]);
    }
}

#[test]
fn a_promoted_value_changes_the_standard_and_says_for_whom() {
    let fleet = slower();
    let id = id(&fleet, "grr/pk1", "/agent/interval");
    let before = everything(&fleet);
    let dry = fleet.jig(&format!("promote {id} --dry-run")).run().exits(0);
    assert!(dry.stdout.contains("sampling_ms becomes 500"), "{dry}");
    assert_eq!(changed(&before, &everything(&fleet)), [""; 0]);
    let done = fleet.jig(&format!("diff promote {id} --format json")).run().exits(0).json();
    assert_eq!(changed(&before, &everything(&fleet)), ["blueprints/packaging-line/blueprint.yaml"]);
    let others: Vec<&str> = done["others"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|line| line["address"].as_str())
        .collect();
    // grr/pk2 has an override; grr/pk3 and mty/pk1 follow another version.
    assert!(others.contains(&"lej/pk1") && others.contains(&"lej/pk2"), "{others:?}");
    assert!(!others.iter().any(|line| ["grr/pk1", "grr/pk3", "mty/pk1"].contains(line)), "{others:?}");
    assert!(
        fleet
            .read("blueprints/packaging-line/blueprint.yaml")
            .contains("value: 500\n    title: Sampling interval")
    );
    fleet.jig("diff grr/pk1").run().exits(0);
}

#[test]
fn a_reverted_file_is_what_puts_the_line_in_order() {
    let fleet = slower();
    let id = id(&fleet, "grr/pk1", "/agent/interval");
    let printed = fleet.jig(&format!("diff revert {id}")).run().exits(0);
    assert_eq!(printed.stdout, fleet.read("intended/grr/pk1/gateway/telegraf.conf"));
    fleet.jig(&format!("diff revert {id} --out")).arg(fleet.path("deployed")).run().exits(0);
    fleet.jig("diff grr/pk1").run().exits(0);
}

#[test]
fn what_cannot_be_acted_on_says_why() {
    let fleet = copy_example("kestrel");
    fleet.jig("render").run().exits(0);
    let before = everything(&fleet);
    let extra = id(&fleet, "lej/pk2", "gateway/telegraf.d/commissioning.conf");
    let stale = findings(&fleet, "grr/pk3")[0]["id"].as_str().expect("an id").to_owned();
    for (args, says) in [
        (format!("diff revert {extra}"), "nobody intends"),
        (format!("diff accept {stale} --owner site-controls --reason x"), "could not be told"),
        (format!("diff accept {extra} --owner nobody --reason x"), "no role"),
        (format!("diff accept {extra} --owner site-controls --reason x --expires 2026-11-21"), "is past"),
        (format!("diff adopt {extra} --why x"), "no value to carry over"),
        ("diff accept zzzzzzzz --owner site-controls --reason x".to_owned(), "finds no difference"),
    ] {
        let run = fleet.jig(&args).run().exits(2);
        assert!(run.stderr.contains(says), "{args}: {run}");
    }
    assert_eq!(changed(&before, &everything(&fleet)), [""; 0]);
}
