//! The cache of `jig render`: whatever changes is seen, whatever did not costs nothing, and without it nothing is lost.
//!
//! Each test renders until the cache answers (`warm`), changes one thing, and compares what the next run leaves with
//! what a run without any cache makes of the same fleet.

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;
use support::{BLUEPRINT, Fleet, FleetBuilder, LINE, copy_example};

const OUT: &str = "intended/home/one/settings.json";
const CACHE: &str = ".jig/cache/home";

/// Renders until every line is answered from the cache.
fn warm(fleet: &Fleet, args: &str) {
    for _ in 0..3 {
        fleet.jig(&format!("render {args}")).run().exits(0);
        // The clock of a file system ticks slowly; what is younger than the cache is not trusted.
        std::thread::sleep(Duration::from_millis(80));
    }
}

fn warm_smallest() -> Fleet {
    let fleet = FleetBuilder::smallest().build();
    warm(&fleet, "");
    assert!(answers(&fleet), "the cache does not answer");
    fleet
}

/// Whether the line is answered from the cache: then nobody reads its output, and a forged state goes unseen.
fn answers(fleet: &Fleet) -> bool {
    let before = fs::metadata(fleet.path(CACHE)).and_then(|meta| meta.modified()).ok();
    std::thread::sleep(Duration::from_millis(20));
    fleet.jig("render").run().exits(0);
    let after = fs::metadata(fleet.path(CACHE)).and_then(|meta| meta.modified()).ok();
    // A line that was worked on is written down again.
    before.is_some() && before == after
}

/// Renders, and demands what a fleet without a cache renders.
#[track_caller]
fn same_as_without(fleet: &Fleet, args: &str) -> support::Run {
    let run = fleet.jig(&format!("render {args}")).run();
    let with = fleet.files("intended");
    fs::remove_dir_all(fleet.path(".jig/cache")).ok();
    let again = fleet.jig(&format!("render {args}")).run();
    assert_eq!(run.code, again.code, "{run}\n{again}");
    assert_eq!(with, fleet.files("intended"), "the cache hid a change");
    run
}

#[test]
fn what_has_not_changed_is_answered_and_reported_as_ever() {
    let fleet = FleetBuilder::smallest().lines(20).build();
    let first = fleet.jig("render --format json").run().exits(0).json();
    warm(&fleet, "");
    let later = fleet.jig("render --format json").run().exits(0).json();
    assert_eq!(later["summary"]["unchanged"], 21);
    let strip = |report: &serde_json::Value| report.to_string().replace("\"written\"", "\"unchanged\"");
    assert_eq!(strip(&first["lines"]), strip(&later["lines"]));
    assert_eq!(fleet.read(".jig/cache/.gitignore"), "*\n");
}

#[test]
fn every_kind_of_input_is_seen() {
    let edits: &[(&str, &str, &str)] = &[
        ("sites/home/lines/one.yaml", "10.0.0.5", "10.0.0.6"),
        ("sites/home/lines/one.yaml", "area: hall", "area: yard"),
        ("sites/home/site.yaml", "Home", "Haus"),
        ("jig.yaml", "enterprise: acme", "enterprise: emca"),
        ("jig.yaml", "@acme/it", "@acme/ti"),
        ("blueprints/hello/templates/settings/settings.json.j2", "\"plc\"", "\"pcl\""),
        ("blueprints/hello/templates/settings/target.yaml", "settings.json }", "adjusted.json }"),
        (
            "blueprints/hello/blueprint.yaml",
            "target: settings, owner: controls",
            "target: settings, owner: it",
        ),
    ];
    let template = "{ \"plc\": {{ values.plc_ip }}, \"all\": [{{ area }}, {{ site.name }}, {{ enterprise }}, {{ roles.it.team }}] }\n";
    for (path, from, to) in edits {
        let fleet = FleetBuilder::smallest()
            .file("blueprints/hello/templates/settings/settings.json.j2", template)
            .build();
        warm(&fleet, "");
        assert!(answers(&fleet));
        let before = fleet.files("intended");
        fleet.edit(path, from, to);
        same_as_without(&fleet, "").exits(0);
        assert_ne!(before, fleet.files("intended"), "{path}: {from} -> {to}");
    }
}

#[test]
fn an_input_that_keeps_its_size_and_time_is_seen() {
    let fleet = warm_smallest();
    let line = fleet.path("sites/home/lines/one.yaml");
    let old = fs::metadata(&line).and_then(|meta| meta.modified()).expect("a time");
    fleet.edit("sites/home/lines/one.yaml", "10.0.0.5", "10.0.0.6");
    fs::File::options()
        .write(true)
        .open(&line)
        .and_then(|file| file.set_modified(old))
        .expect("sets the time");
    fleet.jig("render").run().exits(0);
    assert!(fleet.read(OUT).contains("10.0.0.6"));
}

#[test]
fn a_hand_edit_is_seen_even_with_size_and_time_kept() {
    let fleet = warm_smallest();
    let path = fleet.path(OUT);
    let old = fs::metadata(&path).and_then(|meta| meta.modified()).expect("a time");
    fleet.edit(OUT, "10.0.0.5", "10.9.9.9");
    fs::File::options()
        .write(true)
        .open(&path)
        .and_then(|file| file.set_modified(old))
        .expect("sets the time");
    let run = fleet.jig("render --format json").run().exits(1);
    assert_eq!(run.findings()[0].rule, "hand-edited");
    assert!(fleet.read(OUT).contains("10.9.9.9"), "a hand edit is never overwritten");
    fleet.jig("render --check").run().exits(1);
    fleet.jig("render --force").run().exits(0);
    assert!(fleet.read(OUT).contains("10.0.0.5"));
}

#[test]
fn an_edit_right_after_rendering_is_seen() {
    for _ in 0..20 {
        let fleet = FleetBuilder::smallest().build();
        fleet.jig("render").run().exits(0);
        fleet.edit(OUT, "10.0.0.5", "10.9.9.9");
        fleet.jig("render").run().exits(1);
    }
}

#[test]
fn what_is_missing_comes_back() {
    for path in [OUT, "intended/home/one/manifest.json", "intended/home/one", "intended/home", "intended"] {
        let fleet = warm_smallest();
        let before = fleet.files("intended");
        fleet.remove(path);
        fleet.jig("render").run().exits(0);
        assert_eq!(before, fleet.files("intended"), "{path}");
    }
}

#[test]
fn a_file_that_another_run_left_behind_is_cleaned_up() {
    let fleet = warm_smallest();
    let manifest = fleet.read("intended/home/one/manifest.json");
    fleet.write("intended/home/one/manifest.json.jig-tmp", manifest);
    fleet.jig("render").run().exits(0);
    assert!(!fleet.has("intended/home/one/manifest.json.jig-tmp"));
}

#[cfg(unix)]
#[test]
fn a_folder_that_became_a_link_is_refused_as_ever() {
    for link in ["intended/home", "intended/home/one"] {
        let fleet = warm_smallest();
        fs::rename(fleet.path(link), fleet.path("moved")).expect("moves");
        std::os::unix::fs::symlink(fleet.path("moved"), fleet.path(link)).expect("links");
        fleet.jig("render").run().exits(2);
    }
}

#[test]
fn another_day_is_another_answer() {
    let fleet = copy_example("kestrel");
    warm(&fleet, "");
    let run = |date: &str| fleet.jig(&format!("render --format json --as-of {date}")).run();
    let today = run("2026-11-22").exits(0).findings().len();
    let later = run("2028-06-01").exits(1).findings();
    assert!(later.len() > today, "reviews have lapsed: {later:?}");
    run("2026-11-22").exits(0);
}

#[test]
fn another_folder_is_another_answer() {
    let fleet = warm_smallest();
    let elsewhere = fleet.path("elsewhere");
    let run = fleet.jig("render --format json --out").arg(&elsewhere).run().exits(0);
    assert_eq!(run.json()["summary"]["written"], 1);
    assert!(elsewhere.join("home/one/settings.json").is_file());
    let again = fleet.jig("render --format json --out").arg(&elsewhere).run().exits(0);
    assert_eq!(again.json()["summary"]["unchanged"], 1);
    assert_eq!(fleet.jig("render --format json").run().exits(0).json()["summary"]["unchanged"], 1);
}

#[test]
fn a_damaged_cache_is_no_cache() {
    let fleet = warm_smallest();
    let good = fs::read(fleet.path(CACHE)).expect("a cache");
    let mut flipped = good.clone();
    let at = flipped.len() / 2;
    flipped[at] ^= 1;
    for bad in [&flipped[..], &good[..good.len() / 2], b"", b"\xff\xfe", b"{}"] {
        fleet.write(CACHE, bad);
        fleet.edit(OUT, "10.0.0.5", "10.9.9.9");
        fleet.jig("render").run().exits(1);
        fleet.jig("render --force").run().exits(0);
    }
    fleet.remove(CACHE);
    fleet.write(&format!("{CACHE}/in/the/way"), "");
    fleet.jig("render").run().exits(0);
}

#[test]
fn another_jig_does_not_trust_it() {
    let fleet = warm_smallest();
    let copy = fleet.path("another-jig");
    fs::copy(env!("CARGO_BIN_EXE_jig"), &copy).expect("copies");
    let before = fs::metadata(fleet.path(CACHE)).and_then(|meta| meta.modified()).expect("a cache");
    let status =
        std::process::Command::new(&copy).arg("-C").arg(fleet.root()).args(["render", "-q"]).status();
    assert!(status.expect("runs").success());
    let after = fs::metadata(fleet.path(CACHE)).and_then(|meta| meta.modified()).expect("a cache");
    assert_ne!(before, after, "it did the work itself");
}

#[test]
fn looking_only_writes_no_cache() {
    let fleet = FleetBuilder::smallest().build();
    fleet.jig("render --dry-run").run().exits(0);
    fleet.jig("render --check").run().exits(1);
    fleet.jig("validate").run().exits(0);
    assert!(!fleet.has(".jig"));
}

#[test]
fn a_line_with_something_to_say_says_it_every_time() {
    let fleet = copy_example("kestrel");
    let first = fleet.jig("render --format json").run().exits(0);
    warm(&fleet, "");
    let later = fleet.jig("render --format json").run().exits(0);
    assert_eq!(first.json()["findings"], later.json()["findings"]);
}

#[test]
fn a_failing_line_fails_every_time_and_the_others_are_answered() {
    let fleet = FleetBuilder::smallest()
        .file(
            "sites/home/lines/two.yaml",
            "area: hall\nblueprint: hello@0.1.0\ninputs: { plc_ip: nowhere }\n",
        )
        .build();
    for _ in 0..4 {
        let run = fleet.jig("render --format json").run().exits(1);
        assert_eq!(run.json()["summary"]["failed"], 1);
        std::thread::sleep(Duration::from_millis(60));
    }
    fleet.edit("sites/home/lines/two.yaml", "nowhere", "10.0.0.7");
    fleet.jig("render").run().exits(0);
    assert!(fleet.has("intended/home/two/settings.json"));
}

#[test]
fn an_answer_that_becomes_double_fails_both_lines() {
    let blueprint = BLUEPRINT.replace("format: ipv4,", "format: ipv4, unique: fleet,");
    let fleet = FleetBuilder::smallest()
        .file("blueprints/hello/blueprint.yaml", &blueprint)
        .file("sites/other/site.yaml", "name: Other\ntimezone: Europe/Berlin\n")
        .file("sites/other/lines/far.yaml", &LINE.replace("10.0.0.5", "10.0.0.6"))
        .build();
    warm(&fleet, "");
    fleet.edit("sites/other/lines/far.yaml", "10.0.0.6", "10.0.0.5");
    let run = fleet.jig("render --format json").run().exits(1);
    let found: Vec<_> =
        run.findings().into_iter().filter(|found| found.rule == "duplicate-address").collect();
    assert_eq!(found.len(), 2, "{run}");
    // Also where only the line that did not change is asked for.
    fleet.jig("render home/one").run().exits(1);
    fleet.edit("sites/other/lines/far.yaml", "10.0.0.5", "10.0.0.7");
    fleet.jig("render").run().exits(0);
}

#[test]
fn evidence_is_an_input() {
    let fleet = copy_example("kestrel");
    warm(&fleet, "");
    let before = fleet.files("intended");
    for (path, _) in fleet.files("evidence") {
        fleet.write(&format!("evidence/{path}"), "date,shift,ours,theirs\n");
    }
    same_as_without(&fleet, "");
    assert_ne!(before, fleet.files("intended"), "trust is shown on dashboards");
}

#[test]
fn the_outputs_of_a_site_follow_its_lines() {
    let fleet = copy_example("kestrel");
    warm(&fleet, "");
    let site = |fleet: &Fleet| fleet.files("intended/grr/_site");
    let before = site(&fleet);
    // The line alone is rendered first: the site must still notice afterwards.
    fleet.edit("sites/grr/lines/pk2.yaml", "gateway_ip: 10.20.30.12", "gateway_ip: 10.20.30.19");
    fleet.jig("render grr/pk2").run().exits(0);
    assert_eq!(before, site(&fleet));
    std::thread::sleep(Duration::from_millis(80));
    same_as_without(&fleet, "").exits(0);
    assert_ne!(before, site(&fleet));
    warm(&fleet, "");
    fleet.remove("sites/grr/lines/pk2.yaml");
    same_as_without(&fleet, "").exits(0);
    assert!(!fleet.has("intended/grr/pk2/manifest.json"));
}

#[test]
fn the_order_of_runs_leaves_no_trace() {
    let fleet = copy_example("kestrel");
    let whole = copy_example("kestrel");
    whole.jig("render").run().exits(0);
    for address in ["grr/pk1", "lej", "grr/*", "", "mty/pk1", ""] {
        fleet.jig(&format!("render {address}")).run().exits(0);
        std::thread::sleep(Duration::from_millis(60));
    }
    assert_eq!(fleet.files("intended"), whole.files("intended"));
}

#[cfg(unix)]
#[test]
fn a_fleet_that_cannot_be_written_renders_elsewhere() {
    use std::os::unix::fs::PermissionsExt as _;
    let fleet = FleetBuilder::smallest().build();
    let mode =
        |mode| fs::set_permissions(fleet.root(), fs::Permissions::from_mode(mode)).expect("sets the mode");
    let out = tempfile::tempdir().expect("a temporary folder");
    mode(0o555);
    let run = fleet.jig("render --out").arg(out.path()).run();
    mode(0o755);
    run.exits(0);
    assert!(out.path().join("home/one/settings.json").is_file());
}

#[test]
fn a_cache_that_cannot_be_made_is_silently_none() {
    let fleet = FleetBuilder::smallest().build();
    fleet.write(".jig", "a file in the way");
    let run = fleet.jig("render").run().exits(0);
    assert!(run.stderr.is_empty() && Path::new(&fleet.path(OUT)).is_file(), "{run}");
    fleet.jig("render --check").run().exits(0);
}
