//! The contract of `jig render`: what it writes, what it leaves alone, what it refuses, and that it always writes the same.

#![allow(clippy::case_sensitive_file_extension_comparisons)] // these names are written here

mod support;

use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, SystemTime};
use support::{BLUEPRINT, Fleet, FleetBuilder, LINE, TARGET, copy_example, files_below, in_parallel, jig};

// ---- the report and the manifest

#[test]
fn the_json_report_has_the_keys_of_the_contract_and_is_sorted() {
    let fleet = copy_example("kestrel");
    let report = fleet.jig("render --format json").run().exits(0).json();
    assert_eq!(keys(&report), ["format", "command", "summary", "lines", "findings"]);
    assert_eq!((&report["format"], &report["command"]), (&json!(1), &json!("render")));
    let written = file_states(&report).len();
    let summary = &report["summary"];
    assert_eq!(summary["lines"], 6);
    assert_eq!(summary["sites"], 3);
    assert_eq!(summary["written"], written);
    for zero in ["unchanged", "removed", "failed"] {
        assert_eq!(summary[zero], 0, "{zero}");
    }
    let lines = report["lines"].as_array().expect("lines");
    let addresses: Vec<_> = lines.iter().map(|line| line["address"].as_str().expect("an address")).collect();
    assert_eq!(
        addresses,
        ["grr", "grr/pk1", "grr/pk2", "grr/pk3", "lej", "lej/pk1", "lej/pk2", "mty", "mty/pk1"]
    );
    for line in lines {
        assert_eq!(keys(line), ["address", "state", "blueprint", "files"]);
        assert_eq!(line["state"], "written");
        let files = line["files"].as_array().expect("files");
        let paths: Vec<_> = files.iter().map(|file| file["path"].as_str().expect("a path")).collect();
        assert!(paths.is_sorted() && !paths.is_empty(), "{paths:?}");
        for file in files {
            assert_eq!(keys(file), ["path", "state", "owner", "target", "digest"]);
            let path = file["path"].as_str().expect("a path");
            assert_eq!(file["digest"], digest(&fleet.read(path)), "{path}");
            assert!(!file["owner"].as_str().unwrap_or_default().is_empty(), "{path} has no owner");
        }
    }
}

#[test]
fn the_manifest_lists_every_file_with_its_origin() {
    let fleet = copy_example("kestrel");
    fleet.jig("render").run().exits(0);
    let on_disk = fleet.files("intended");
    for (address, folder) in [("grr/pk2", "grr/pk2"), ("lej", "lej/_site")] {
        let manifest: Json =
            serde_json::from_str(&fleet.read(&format!("intended/{folder}/manifest.json"))).expect("JSON");
        assert_eq!(keys(&manifest), ["format", "address", "blueprint", "inputs", "files"]);
        assert_eq!(manifest["format"], 1);
        assert_eq!(manifest["address"], address);
        assert!(is_digest(&manifest["inputs"]), "{manifest}");
        let files = manifest["files"].as_array().expect("files");
        let mut listed = BTreeSet::new();
        for file in files {
            assert_eq!(
                keys(file),
                ["path", "digest", "owner", "target", "target_digest", "template", "flows"]
            );
            let path = format!("intended/{folder}/{}", file["path"].as_str().expect("a path"));
            assert_eq!(file["digest"], digest(&fleet.read(&path)), "{path}");
            assert!(is_digest(&file["target_digest"]), "{file}");
            listed.insert(path.trim_start_matches("intended/").to_owned());
        }
        let expected: BTreeSet<_> = on_disk
            .keys()
            .filter(|path| path.starts_with(folder) && !path.ends_with("manifest.json"))
            .cloned()
            .collect();
        assert_eq!(listed, expected);
    }
    let manifest: Json = serde_json::from_str(&fleet.read("intended/grr/pk2/manifest.json")).expect("JSON");
    assert_eq!(manifest["blueprint"], "packaging-line@1.3.0");
    let firewall =
        manifest["files"].as_array().expect("files").iter().find(|file| file["path"] == "firewall/pk2.nft");
    let flows = firewall.expect("a firewall file")["flows"].as_array().expect("flows").clone();
    assert!(flows.contains(&json!("F-01.1")) && flows.iter().map(Json::to_string).is_sorted(), "{flows:?}");
}

#[test]
fn with_out_paths_are_relative_to_that_folder_and_intended_is_left_alone() {
    let fleet = FleetBuilder::smallest().build();
    let out = tempfile::tempdir().expect("a folder");
    let report = fleet.jig("render --format json --out").arg(out.path()).run().exits(0).json();
    assert_eq!(report["lines"][0]["files"][0]["path"], "home/one/settings.json");
    let written: Vec<_> = files_below(out.path()).into_keys().collect();
    assert_eq!(written, ["home/one/manifest.json", "home/one/settings.json"]);
    assert!(!fleet.has("intended"));
}

#[test]
fn the_manifest_and_files_do_not_depend_on_where_they_are_written() {
    let fleet = copy_example("kestrel");
    let out = tempfile::tempdir().expect("a folder");
    fleet.jig("render").run().exits(0);
    fleet.jig("render --out").arg(out.path()).run().exits(0);
    assert_eq!(fleet.files("intended"), files_below(out.path()));
}

// ---- what is right already is not touched

#[test]
fn a_second_run_writes_nothing() {
    let fleet = copy_example("kestrel");
    fleet.jig("render").run().exits(0);
    age(&fleet.path("intended"));
    let before = times(&fleet.path("intended"));
    let report = fleet.jig("render --format json").run().exits(0).json();
    assert_eq!(report["summary"]["written"], 0);
    assert_eq!(report["summary"]["unchanged"], before.len() - 9, "all files but the nine manifests");
    assert!(file_states(&report).values().all(|state| state == "unchanged"), "{report}");
    assert_eq!(times(&fleet.path("intended")), before);
}

#[test]
fn one_changed_line_touches_only_its_own_files() {
    let fleet = copy_example("kestrel");
    fleet.jig("render").run().exits(0);
    age(&fleet.path("intended"));
    let before = times(&fleet.path("intended"));
    fleet.edit("sites/grr/lines/pk2.yaml", "value: 500", "value: 750");
    fleet.jig("render").run().exits(0);
    let after = times(&fleet.path("intended"));
    let touched: Vec<_> = after
        .iter()
        .filter(|(path, time)| before.get(*path) != Some(time))
        .map(|(path, _)| path.as_str())
        .collect();
    assert!(touched.contains(&"grr/pk2/gateway/telegraf.conf"), "{touched:?}");
    assert!(
        touched.iter().all(|path| path.starts_with("grr/pk2/") || path.starts_with("grr/_site/")),
        "{touched:?}"
    );
}

#[test]
fn check_writes_nothing_and_says_whether_intended_is_current() {
    let fleet = FleetBuilder::smallest().build();
    let stale = fleet.jig("render --check").run().exits(1);
    assert!(stale.stdout.contains("next: `jig render`"), "{stale}");
    assert!(!fleet.has("intended"));
    fleet.jig("render").run().exits(0);
    let before = fleet.files("intended");
    fleet.jig("render --check").run().exits(0);
    fleet.edit("sites/home/lines/one.yaml", "10.0.0.5", "10.0.0.6");
    fleet.jig("render --check").run().exits(1);
    assert_eq!(fleet.files("intended"), before);
}

#[test]
fn check_notices_a_missing_file_a_missing_manifest_and_a_leftover() {
    let spoil: [fn(&Fleet); 3] = [
        |fleet| fleet.remove("intended/home/one/settings.json"),
        |fleet| fleet.remove("intended/home/one/manifest.json"),
        |fleet| fleet.remove("sites/home/lines/two.yaml"),
    ];
    for spoil in spoil {
        let fleet =
            FleetBuilder::smallest().file("sites/home/lines/two.yaml", &LINE.replace("0.5", "0.6")).build();
        fleet.jig("render").run().exits(0);
        fleet.jig("render --check").run().exits(0);
        spoil(&fleet);
        fleet.jig("render --check").run().exits(1);
        fleet.jig("render").run().exits(0);
        fleet.jig("render --check").run().exits(0);
    }
}

#[test]
fn dry_run_says_what_would_be_written_and_writes_nothing() {
    let fleet = FleetBuilder::smallest().build();
    let report = fleet.jig("render --dry-run --format json").run().exits(0).json();
    assert_eq!(report["summary"]["written"], 1);
    assert!(!fleet.has("intended"));
}

#[test]
fn an_address_limits_what_is_written() {
    let fleet = copy_example("kestrel");
    fleet.jig("render grr/pk2").run().exits(0);
    assert!(fleet.files("intended").keys().all(|path| path.starts_with("grr/pk2/")));
    fleet.jig("render lej/*").run().exits(0);
    assert!(fleet.has("intended/lej/pk1") && fleet.has("intended/lej/pk2") && !fleet.has("intended/mty"));
    fleet.jig("render mty").run().exits(0);
    assert!(fleet.has("intended/mty/_site/manifest.json") && fleet.has("intended/mty/pk1/manifest.json"));
    let unknown = fleet.jig("render grr/pk9").run().exits(2);
    assert!(unknown.stderr.contains("did you mean `grr/pk"), "{unknown}");
}

// ---- what is no longer rendered goes, what is not jig's stays

#[test]
fn a_removed_output_takes_its_file_and_empty_folders_along() {
    let fleet = two_outputs().build();
    fleet.jig("render").run().exits(0);
    assert!(fleet.has("intended/home/one/extra/deep/more.json"));
    fleet.write("blueprints/hello/blueprint.yaml", BLUEPRINT);
    let report = fleet.jig("render --format json").run().exits(0).json();
    assert_eq!(file_states(&report)["intended/home/one/extra/deep/more.json"], "removed");
    assert_eq!(report["summary"]["removed"], 1);
    assert!(!fleet.has("intended/home/one/extra") && fleet.has("intended/home/one/settings.json"));
}

#[test]
fn a_removed_line_takes_its_folder_along_but_not_what_others_put_there() {
    let fleet =
        FleetBuilder::smallest().file("sites/home/lines/two.yaml", &LINE.replace("0.5", "0.6")).build();
    fleet.jig("render").run().exits(0);
    fleet.write("intended/home/one/notes.txt", "ours");
    fleet.write("intended/elsewhere/thing/x.txt", "not jig's: no manifest");
    fleet.remove("sites/home/lines/one.yaml");
    fleet.remove("sites/home/lines/two.yaml");
    fleet.jig("render home/*").run().exits(2);
    assert!(fleet.has("intended/home/two/settings.json"), "an address never prunes other lines");
    fleet.jig("render").run().exits(0);
    let left: Vec<_> = fleet.files("intended").into_keys().collect();
    assert_eq!(left, ["elsewhere/thing/x.txt", "home/one/notes.txt"]);
}

#[test]
fn a_removed_site_takes_its_own_outputs_along() {
    let fleet = copy_example("kestrel");
    fleet.jig("render").run().exits(0);
    fleet.remove("sites/mty");
    fleet.remove("deviations/DV-0004");
    let report = fleet.jig("render --format json").run().exits(0).json();
    assert!(report["summary"]["removed"].as_u64() > Some(10), "{report}");
    assert!(!fleet.has("intended/mty") && fleet.has("intended/grr/_site"));
}

#[test]
fn a_line_that_cannot_be_read_is_not_a_line_that_is_gone() {
    let fleet = FleetBuilder::smallest().build();
    fleet.jig("render").run().exits(0);
    let before = fleet.files("intended");
    fleet.write("sites/home/lines/one.yaml", "area: [\n");
    fleet.jig("render").run().exits(2);
    fleet.write("sites/home/site.yaml", "name: [\n");
    fleet.jig("render").run().exits(2);
    assert_eq!(fleet.files("intended"), before);
}

#[test]
fn a_file_edited_by_hand_is_never_overwritten_without_force() {
    let fleet = two_outputs().file("sites/home/lines/two.yaml", &LINE.replace("0.5", "0.6")).build();
    fleet.jig("render").run().exits(0);
    fleet.write("intended/home/one/settings.json", "{ \"plc\": \"by hand\" }\n");
    for line in ["one", "two"] {
        fleet.edit(&format!("sites/home/lines/{line}.yaml"), "10.0.0.", "10.9.9.");
    }
    let before = fleet.files("intended/home/one");
    for mode in ["render --format json", "render --check --format json"] {
        let run = fleet.jig(mode).run().exits(1);
        let report = run.json();
        let states = file_states(&report);
        assert_eq!(states["intended/home/one/settings.json"], "hand-edited");
        assert_eq!(report["summary"]["failed"], 1);
        assert_eq!(report["lines"][0]["state"], "failed");
        assert_eq!(run.findings()[0].rule, "hand-edited");
        assert_eq!(run.findings()[0].owner, "controls");
        assert_eq!(
            fleet.files("intended/home/one"),
            before,
            "a line with a hand-edited file stays whole as it is"
        );
    }
    assert!(fleet.read("intended/home/two/settings.json").contains("10.9.9.6"), "the other line went on");
    fleet.jig("render --force").run().exits(0);
    assert!(fleet.read("intended/home/one/settings.json").contains("10.9.9.5"));
    fleet.jig("render --check").run().exits(0);
}

#[test]
fn a_file_edited_by_hand_outlives_its_output_and_its_line() {
    let fleet = two_outputs().build();
    fleet.jig("render").run().exits(0);
    fleet.write("intended/home/one/extra/deep/more.json", "mine");
    fleet.write("blueprints/hello/blueprint.yaml", BLUEPRINT);
    assert_eq!(fleet.jig("render --format json").run().exits(1).findings()[0].rule, "hand-edited");
    fleet.remove("sites/home/lines/one.yaml");
    assert_eq!(fleet.jig("render --format json").run().exits(1).findings()[0].rule, "hand-edited");
    assert_eq!(fleet.read("intended/home/one/extra/deep/more.json"), "mine");
}

#[test]
fn a_foreign_file_in_the_way_is_not_overwritten_and_one_beside_is_left_alone() {
    let fleet = FleetBuilder::smallest().build();
    fleet.write("intended/home/one/settings.json", "someone else's");
    fleet.write("intended/home/one/beside.txt", "also");
    let run = fleet.jig("render --format json").run().exits(1);
    assert_eq!(run.findings()[0].rule, "hand-edited");
    assert_eq!(fleet.read("intended/home/one/settings.json"), "someone else's");
    fleet.jig("render --force").run().exits(0);
    assert!(fleet.read("intended/home/one/settings.json").contains("10.0.0.5"));
    assert_eq!(fleet.read("intended/home/one/beside.txt"), "also");
}

#[test]
fn a_lost_manifest_heals_where_the_files_are_right() {
    let fleet = copy_example("kestrel");
    fleet.jig("render").run().exits(0);
    let before = fleet.files("intended");
    fleet.remove("intended/grr/pk1/manifest.json");
    fleet.write("intended/lej/pk1/manifest.json", "{ torn");
    fleet.jig("render").run().exits(0);
    assert_eq!(fleet.files("intended"), before);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_links() {
    let outside = tempfile::tempdir().expect("a folder");
    for link in ["intended/home/one", "intended/home"] {
        let fleet = FleetBuilder::smallest().build();
        fleet.write("intended/x", "");
        std::fs::create_dir_all(fleet.path(link).parent().expect("a parent")).expect("a folder");
        std::os::unix::fs::symlink(outside.path(), fleet.path(link)).expect("a link");
        let run = fleet.jig("render").run().exits(2);
        assert!(run.stdout.contains("is a link"), "{run}");
        assert!(files_below(outside.path()).is_empty());
    }
    let fleet = FleetBuilder::smallest().build();
    std::fs::create_dir_all(fleet.path("intended/home/one")).expect("a folder");
    std::fs::write(outside.path().join("target"), "outside").expect("a file");
    std::os::unix::fs::symlink(outside.path().join("target"), fleet.path("intended/home/one/settings.json"))
        .expect("a link");
    fleet.jig("render").run().exits(1);
    fleet.jig("render --force").run().exits(0);
    assert_eq!(std::fs::read_to_string(outside.path().join("target")).expect("it is there"), "outside");
}

#[test]
fn a_folder_where_a_file_belongs_stops_only_its_line() {
    let fleet =
        FleetBuilder::smallest().file("sites/home/lines/two.yaml", &LINE.replace("0.5", "0.6")).build();
    fleet.write("intended/home/one/settings.json/in-the-way", "");
    let run = fleet.jig("render").run().exits(2);
    assert!(run.stdout.contains("is a folder"), "{run}");
    assert!(fleet.has("intended/home/two/settings.json"));
}

// ---- no path without clarity

/// Breaks the example in one place: lines that then fail, and the flows that may appear in none of their files.
struct Gap {
    what: &'static str,
    spoil: fn(&Fleet),
    fails: &'static [&'static str],
    rule: &'static str,
}

const V13: &str = "blueprints/packaging-line/conduits.yaml";
const V12: &str = "blueprints/packaging-line@1.2.0/conduits.yaml";
const SITE: &str = "blueprints/site-base/conduits.yaml";
const LINES_13: &[&str] = &["grr", "grr/pk1", "grr/pk2", "lej", "lej/pk1", "lej/pk2"];
const LINES_12: &[&str] = &["grr", "grr/pk3", "mty", "mty/pk1"];
const LINES: &[&str] =
    &["grr", "grr/pk1", "grr/pk2", "grr/pk3", "lej", "lej/pk1", "lej/pk2", "mty", "mty/pk1"];
const SITES: &[&str] = &["grr", "lej", "mty"];

const GAPS: &[Gap] = &[
    Gap {
        what: "an owner of CN-01",
        spoil: |f| cut(f, V13, "CN-01:", "owner: "),
        fails: LINES_13,
        rule: "unowned-conduit",
    },
    Gap {
        what: "an owner of CN-02",
        spoil: |f| cut(f, V12, "CN-02:", "owner: "),
        fails: LINES_12,
        rule: "unowned-conduit",
    },
    Gap {
        what: "an owner of CN-12",
        spoil: |f| cut(f, SITE, "CN-12:", "owner: "),
        fails: SITES,
        rule: "unowned-conduit",
    },
    Gap {
        what: "the owner of zone cell",
        spoil: |f| cut(f, V13, "  cell:", "owner: "),
        fails: LINES_13,
        rule: "unowned-zone",
    },
    Gap {
        what: "the owner of an output",
        spoil: |f| {
            f.edit(
                "blueprints/packaging-line/blueprint.yaml",
                "target: telegraf, owner: site-controls",
                "target: telegraf",
            );
        },
        fails: LINES_13,
        rule: "unowned-output",
    },
    Gap {
        what: "the owner of an output of the site",
        spoil: |f| {
            f.edit(
                "blueprints/site-base/blueprint.yaml",
                "target: mosquitto, owner: corp-platform",
                "target: mosquitto",
            );
        },
        fails: SITES,
        rule: "unowned-output",
    },
    Gap {
        what: "nothing but a comment",
        spoil: |f| f.edit(V13, "decision: RD-001", "decision: RD-001 # moved"),
        fails: &[],
        rule: "",
    },
    Gap {
        what: "a decision of CN-01",
        spoil: |f| cut(f, V13, "CN-01:", "decision: "),
        fails: LINES_13,
        rule: "undecided-conduit",
    },
    Gap {
        what: "a decision of CN-14",
        spoil: |f| cut(f, V12, "CN-14:", "decision: "),
        fails: LINES_12,
        rule: "undecided-conduit",
    },
    Gap {
        what: "a decision of CN-11",
        spoil: |f| cut(f, SITE, "CN-11:", "decision: "),
        fails: SITES,
        rule: "undecided-conduit",
    },
    Gap {
        what: "the folder of RD-001",
        spoil: |f| f.remove("decisions/RD-001"),
        fails: LINES,
        rule: "undecided-conduit",
    },
    Gap {
        what: "a review date",
        spoil: |f| cut(f, "decisions/RD-001/decision.yaml", "", "review_by: "),
        fails: LINES,
        rule: "undecided-conduit",
    },
    Gap {
        what: "the review date of RD-011",
        spoil: |f| cut(f, "decisions/RD-011/decision.yaml", "", "review_by: "),
        fails: SITES,
        rule: "undecided-conduit",
    },
    Gap {
        what: "the IT approval",
        spoil: |f| f.remove("decisions/RD-002/it.yaml"),
        fails: LINES,
        rule: "one-sided-approval",
    },
    Gap {
        what: "the OT approval",
        spoil: |f| f.remove("decisions/RD-013/ot.yaml"),
        fails: LINES,
        rule: "one-sided-approval",
    },
    Gap {
        what: "an approval at the site",
        spoil: |f| f.remove("decisions/RD-010/ot.yaml"),
        fails: SITES,
        rule: "one-sided-approval",
    },
    Gap {
        what: "what was approved",
        spoil: |f| f.edit(V13, "purpose: read PackML tags", "purpose: read all tags"),
        fails: LINES_13,
        rule: "stale-approval",
    },
    Gap {
        what: "the text of the decision",
        spoil: |f| f.edit("decisions/RD-001/decision.yaml", "residual: medium", "residual: low"),
        fails: LINES,
        rule: "stale-approval",
    },
    Gap {
        what: "a zone that the approved conduit names",
        spoil: |f| f.edit(V13, "function: line control", "function: anything"),
        fails: LINES_13,
        rule: "stale-approval",
    },
    Gap {
        what: "one role on both sides",
        spoil: |f| f.edit("decisions/RD-001/it.yaml", "role: corp-security", "role: corp-standards"),
        fails: LINES,
        rule: "one-sided-approval",
    },
    Gap {
        what: "a role that may not decide",
        spoil: |f| f.edit("decisions/RD-001/it.yaml", "role: corp-security", "role: corp-platform"),
        fails: LINES,
        rule: "one-sided-approval",
    },
    Gap {
        what: "a decision for another conduit",
        spoil: |f| f.edit(V13, "decision: RD-013", "decision: RD-011"),
        fails: LINES_13,
        rule: "undecided-conduit",
    },
    Gap {
        what: "a review past its grace",
        spoil: |f| f.edit("decisions/RD-001/decision.yaml", "2027-05-18", "2026-10-22"),
        fails: LINES,
        rule: "overdue-review",
    },
    Gap {
        what: "a flow past its last day",
        spoil: |f| {
            f.edit(
                V13,
                "auth: application-certificate\n",
                "auth: application-certificate\n        expires: 2026-11-21\n",
            );
        },
        fails: LINES_13,
        rule: "expired-flow",
    },
    Gap {
        what: "a condition of the decision",
        spoil: |f| f.edit(V13, "access: read\n", "access: write\n"),
        fails: LINES_13,
        rule: "decision-condition-broken",
    },
];

#[test]
fn a_line_with_a_gap_fails_and_no_file_carries_its_flow_while_others_render() {
    let broken: Vec<String> = in_parallel(GAPS, check_gap).into_iter().filter_map(Result::err).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn check_gap(gap: &Gap) -> Result<(), String> {
    let fleet = copy_example("kestrel");
    (gap.spoil)(&fleet);
    let out = tempfile::tempdir().expect("a folder");
    let run =
        fleet.jig("render --format json --out").arg(out.path()).run().exits(i32::from(!gap.fails.is_empty()));
    let report = run.json();
    let failed: Vec<_> = lines_in(&report, "failed");
    if failed != gap.fails {
        return Err(format!("{}: failed are {failed:?}, not {:?}", gap.what, gap.fails));
    }
    let named = run.findings().into_iter().find(|finding| finding.rule == gap.rule);
    if !gap.fails.is_empty()
        && !named.is_some_and(|finding| !finding.owner.is_empty() && !finding.next.is_empty())
    {
        return Err(format!("{}: no {} with an owner and a next step:\n{run}", gap.what, gap.rule));
    }
    for path in files_below(out.path()).into_keys() {
        let address = path.split('/').take(2).collect::<Vec<_>>().join("/").replace("/_site", "");
        if failed.contains(&address.as_str()) {
            return Err(format!("{}: {path} was written although {address} failed", gap.what));
        }
    }
    for address in LINES.iter().filter(|address| !gap.fails.contains(address)) {
        let folder = if address.contains('/') { (*address).to_owned() } else { format!("{address}/_site") };
        if !out.path().join(&folder).join("manifest.json").exists() {
            return Err(format!("{}: {address} did not render", gap.what));
        }
    }
    Ok(())
}

#[test]
fn a_review_within_its_grace_warns_through_its_last_day_and_then_stops() {
    let fleet = copy_example("kestrel");
    // RD-011 is due on 2027-05-18 and has 30 days of grace.
    for (day, code, level) in [
        ("2027-05-18", 0, ""),
        ("2027-05-19", 0, "warning"),
        ("2027-06-17", 0, "warning"),
        ("2027-06-18", 1, "error"),
    ] {
        let run = fleet.jig("render --format json --dry-run --as-of").arg(day).run().exits(code);
        let overdue = run.findings().into_iter().find(|finding| finding.message.contains("RD-011"));
        assert_eq!(overdue.map(|finding| finding.level).unwrap_or_default(), level, "{day}");
    }
}

#[test]
fn a_failed_line_keeps_its_old_files_and_says_which_still_carry_flows() {
    let fleet = copy_example("kestrel");
    fleet.jig("render").run().exits(0);
    let before = fleet.files("intended/mty");
    fleet.edit(V12, "decision: RD-001", "# decision: RD-001");
    let run = fleet.jig("render --format json").run().exits(1);
    assert_eq!(fleet.files("intended/mty"), before);
    let kept: Vec<_> = run.findings().into_iter().filter(|finding| finding.rule == "kept-files").collect();
    assert!(
        kept.iter().any(|finding| finding.address == "mty/pk1" && finding.message.contains("F-01.1")),
        "{kept:?}"
    );
}

#[test]
fn an_expired_or_unapproved_deviation_renders_the_standard_and_warns() {
    let fleet = copy_example("kestrel");
    fleet.jig("render lej/pk1").run().exits(0);
    let gateway = "intended/lej/pk1/gateway/telegraf.conf";
    assert!(fleet.read(gateway).contains("Basic128Rsa15"), "DV-0007 counts");
    let lapses: [(&str, fn(&Fleet), &str); 3] = [
        ("2026-11-22", |fleet| fleet.remove("deviations/DV-0007/it.yaml"), "unapproved-deviation"),
        (
            "2026-11-22",
            |fleet| fleet.edit("deviations/DV-0007/deviation.yaml", "2026-12-18", "2027-12-18"),
            "unapproved-deviation",
        ),
        ("2026-12-19", |_| {}, "expired-deviation"),
    ];
    for (day, lapse, rule) in lapses {
        let fleet = copy_example("kestrel");
        lapse(&fleet);
        let run = fleet.jig("render lej/pk1 --format json --as-of").arg(day).run().exits(0);
        assert!(
            run.findings().iter().any(|finding| finding.rule == rule && finding.level == "warning"),
            "{run}"
        );
        assert!(!fleet.read(gateway).contains("Basic128Rsa15"), "{rule}");
    }
    fleet.jig("render lej/pk1 --as-of 2026-12-18").run().exits(0);
    assert!(fleet.read(gateway).contains("Basic128Rsa15"), "the last day still counts");
}

#[test]
fn without_rights_one_approval_by_the_owner_is_enough() {
    let approval = copy_example("kestrel").read("decisions/RD-011/ot.yaml");
    let old = approval.lines().find(|line| line.starts_with("role: ")).expect("a role");
    for (role, enough) in
        [("site-mes", true), ("corp-standards", true), ("site-quality", false), ("integrator", false)]
    {
        let side = if role == "site-mes" { "it" } else { "ot" };
        let copy = copy_example("kestrel");
        copy.remove("rights.yaml");
        copy.remove("decisions/RD-011/it.yaml");
        copy.remove("decisions/RD-011/ot.yaml");
        copy.write(&format!("decisions/RD-011/{side}.yaml"), approval.replace(old, &format!("role: {role}")));
        let run = copy.jig("render --dry-run --format json").run();
        let failures =
            run.findings().into_iter().filter(|f| f.level == "error" && f.message.contains("RD-011")).count();
        assert_eq!(failures == 0, enough, "{role}: {run}");
    }
}

// ---- versions of a blueprint

#[test]
fn versions_live_side_by_side_in_folders_and_tags() {
    let fleet = versioned();
    fleet.jig("render").run().exits(0);
    assert_eq!(fleet.read("intended/home/one/settings.json"), "{ \"plc\": \"10.0.0.5\" }\n", "the tag 0.1.0");
    assert_eq!(
        fleet.read("intended/home/two/settings.json"),
        "{ \"v2\": \"10.0.0.6\" }\n",
        "the working tree"
    );
    let manifest: Json = serde_json::from_str(&fleet.read("intended/home/one/manifest.json")).expect("JSON");
    assert_eq!(manifest["blueprint"], "hello@0.1.0");
    // A folder of that version goes before the tag.
    fleet.write("blueprints/hello@0.1.0/blueprint.yaml", BLUEPRINT);
    fleet.write("blueprints/hello@0.1.0/templates/settings/target.yaml", TARGET);
    fleet.write(
        "blueprints/hello@0.1.0/templates/settings/settings.json.j2",
        "{ \"folder\": {{ values.plc_ip }} }\n",
    );
    fleet.jig("render home/one").run();
    assert_eq!(fleet.read("intended/home/one/settings.json"), "{ \"folder\": \"10.0.0.5\" }\n");
}

#[test]
fn a_fleet_may_lie_in_a_folder_of_its_repository() {
    let outer = FleetBuilder::new().file("readme", "a repository with other things").build();
    for (path, bytes) in FleetBuilder::smallest().build().files("") {
        outer.write(&format!("plant/fleet/{path}"), bytes);
    }
    commit_and_tag(&outer, "hello/0.1.0");
    outer.edit("plant/fleet/blueprints/hello/blueprint.yaml", "version: 0.1.0", "version: 0.2.0");
    jig().fleet(outer.path("plant/fleet")).args("render").run().exits(0);
    assert!(outer.has("plant/fleet/intended/home/one/settings.json"));
}

#[test]
fn a_version_that_is_nowhere_says_where_it_was_looked_for_and_how_to_get_it() {
    let missing = |fleet: &Fleet| {
        let run = fleet.jig("render --format json").run().exits(2);
        let finding = run
            .findings()
            .into_iter()
            .find(|finding| finding.rule == "blueprint-not-found")
            .expect("a finding");
        assert_eq!(finding.place(), "sites/home/lines/one.yaml:2:12");
        finding
    };
    let fleet = FleetBuilder::smallest().build();
    fleet.edit("sites/home/lines/one.yaml", "hello@0.1.0", "hello@0.0.9");
    let finding = missing(&fleet);
    assert!(
        finding.message.contains("blueprints/hello@0.0.9/")
            && finding.message.contains("not in a git repository"),
        "{finding:?}"
    );

    let fleet = versioned();
    fleet.edit("sites/home/lines/one.yaml", "hello@0.1.0", "hello@0.0.9");
    let finding = missing(&fleet);
    assert!(
        finding.message.contains("no tag `hello/0.0.9`") && finding.next.contains("git fetch --tags"),
        "{finding:?}"
    );

    let head = git2::Repository::open(fleet.root())
        .expect("a repository")
        .head()
        .expect("a head")
        .target()
        .expect("a commit");
    fleet.write(".git/shallow", format!("{head}\n"));
    let finding = missing(&fleet);
    assert!(
        finding.message.contains("shallow") && finding.next.contains("git fetch --unshallow --tags"),
        "{finding:?}"
    );
}

#[test]
fn a_released_version_that_was_changed_is_an_error_of_validate() {
    let fleet = FleetBuilder::smallest().build();
    commit_and_tag(&fleet, "hello/0.1.0");
    fleet.jig("validate").run().exits(0);
    fleet.edit("blueprints/hello/templates/settings/settings.json.j2", "plc", "plc_address");
    let run = fleet.jig("validate --format json").run().exits(1);
    assert_eq!(run.findings()[0].rule, "released-blueprint-changed");
    assert!(run.findings()[0].message.contains("settings.json.j2"), "{run}");
}

// ---- same inputs, same bytes

#[test]
fn threads_time_zone_language_and_folder_change_no_byte() {
    let fleet = copy_example("kestrel");
    let rendered = |run: &dyn Fn(&Path) -> support::Jig| {
        let out = tempfile::tempdir().expect("a folder");
        let report = run(out.path()).args("--format json").run().exits(0).stdout;
        (files_below(out.path()), report)
    };
    let plain = rendered(&|out| fleet.jig("render --out").arg(out));
    for threads in ["-j1", "-j2", "-j8"] {
        assert!(rendered(&|out| fleet.jig("render --out").arg(out).arg(threads)) == plain, "{threads}");
    }
    for (name, value) in [
        ("TZ", "Pacific/Kiritimati"),
        ("LANG", "tr_TR.UTF-8"),
        ("LC_ALL", "de_DE.UTF-8"),
        ("HOME", "/nonexistent"),
    ] {
        assert!(rendered(&|out| fleet.jig("render --out").arg(out).env(name, value)) == plain, "{name}");
    }
    assert!(
        rendered(&|out| jig().cwd(fleet.path("sites/grr")).args("render --out").arg(out)) == plain,
        "from inside the fleet"
    );
    let parent = fleet.root().parent().expect("a parent");
    let name = fleet.root().file_name().expect("a name");
    assert!(
        rendered(&|out| jig().cwd(parent).fleet(name).args("render --out").arg(out)) == plain,
        "by a relative path"
    );
    let copy = copy_example("kestrel");
    assert!(rendered(&|out| copy.jig("render --out").arg(out)) == plain, "a copy elsewhere");
}

// ---- kills and neighbours

#[test]
fn a_kill_leaves_every_file_old_or_new_and_the_next_run_heals() {
    let fleet = many_lines(200);
    let folder = fleet.path("intended");
    let stamp = |round: u32| {
        fleet.write(
            "blueprints/hello/templates/six/macros.j2",
            format!("{{% macro stamp() %}}round {round}{{% endmacro %}}\n"),
        );
    };
    let mut interrupted = 0;
    for round in 0..20 {
        stamp(round);
        let mut child = fleet.jig("render -j2").spawn();
        std::thread::sleep(Duration::from_millis(15 + u64::from(round) * 23 % 200));
        child.kill().expect("a signal can be sent");
        interrupted += u32::from(!child.wait().expect("it ends").success());
        for (path, bytes) in files_below(&folder) {
            let is_rendered = !path.contains(".jig-tmp") && !path.ends_with("manifest.json");
            assert!(!is_rendered || is_whole(&path, &bytes, round), "{path} is torn in round {round}");
        }
        if round % 5 == 4 {
            fleet.jig("render").run().exits(0);
            fleet.jig("render --check").run().exits(0);
        }
    }
    assert!(interrupted > 5, "only {interrupted} runs were killed in the middle");
    stamp(20);
    fleet.jig("render").run().exits(0);
    let out = tempfile::tempdir().expect("a folder");
    fleet.jig("render --out").arg(out.path()).run().exits(0);
    assert!(files_below(&folder) == files_below(out.path()), "healed and fresh are not the same");
}

/// Whether a file is exactly what one of the rounds rendered.
fn is_whole(path: &str, bytes: &[u8], rounds: u32) -> bool {
    let line = path.split('/').nth(1).unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    let Some((stamp, rest)) = text.split_once('\n') else { return false };
    let expected: String = (0..LONG).map(|at| format!("{line} {at}\n")).collect();
    let round = stamp.strip_prefix("round ").and_then(|round| round.parse::<u32>().ok());
    round.is_some_and(|round| round <= rounds) && rest == format!("{expected}end\n")
}

/// How many lines a file of [`many_lines`] has.
const LONG: usize = 60;

#[test]
fn two_runs_at_once_do_not_mix() {
    let fleet = many_lines(60);
    let mut children: Vec<_> = (0..3).map(|_| fleet.jig("render").spawn()).collect();
    for child in &mut children {
        assert!(child.wait().expect("it ends").success());
    }
    fleet.jig("render --check").run().exits(0);
}

// ---- a fleet written to the contract, with odd but legal values

#[test]
fn odd_values_come_out_in_every_syntax_as_the_template_says() {
    let fleet = odd_fleet();
    fleet.jig("validate --fail-on warning").run().exits(0);
    fleet.jig("render").run().exits(0);
    let line = "intended/home/one";
    let value: Json = serde_json::from_str(&fleet.read(&format!("{line}/a.json"))).expect("JSON");
    assert_eq!(value, odd_values());
    let value: Json = serde_yaml::from_str(&fleet.read(&format!("{line}/b.yaml"))).expect("YAML");
    let mut expected = odd_values();
    expected["long"] = json!("x".repeat(4000));
    assert_eq!(value, expected);
    let texts = fleet
        .files(line)
        .into_iter()
        .filter(|(path, _)| !path.ends_with(".json") && !path.ends_with(".yaml"));
    let texts: Vec<_> =
        texts.map(|(path, bytes)| format!("== {path}\n{}", String::from_utf8_lossy(&bytes))).collect();
    insta::with_settings!({ filters => vec![("x{4000}", "[x, 4000 times]")] }, {
        insta::assert_snapshot!("odd_values_in_every_syntax", texts.join("\n"));
    });
}

#[test]
fn a_site_blueprint_sees_all_lines_of_its_site() {
    let fleet = FleetBuilder::smallest()
        .file("sites/home/lines/two.yaml", &LINE.replace("0.5", "0.6").replace("hall", "yard"))
        .file("sites/home/site.yaml", "name: Heim \"Süd\"\ntimezone: Europe/Berlin\nblueprint: base@1.0.0\ninputs: { motd: 'it''s' }\n")
        .file(
            "blueprints/base/blueprint.yaml",
            "version: 1.0.0\nscope: site\nowner: it\ninputs: { motd: { type: string, owner: it } }\n\
             outputs: [ { id: overview, target: overview, owner: it } ]\n",
        )
        .file(
            "blueprints/base/templates/overview/target.yaml",
            "kind: dashboard\nfiles: [ { template: o.j2, path: \"{{ site }}-overview.json\", syntax: json } ]\n",
        )
        .file(
            "blueprints/base/templates/overview/o.j2",
            "{ \"site\": {{ site.name }}, \"motd\": {{ values.motd }}, \"lines\": [\n\
             {% for l in lines %}{ \"id\": {{ l.line }}, \"area\": {{ l.area }}, \"plc\": {{ l.values.plc_ip }}, \"of\": \"{{ l.blueprint.id }}@{{ l.blueprint.version }}\" }\
             {% if not loop.last %},{% endif %}\n{% endfor %}] }\n",
        )
        .build();
    fleet.jig("render").run().exits(0);
    let value: Json =
        serde_json::from_str(&fleet.read("intended/home/_site/home-overview.json")).expect("JSON");
    assert_eq!(
        value,
        json!({ "site": "Heim \"Süd\"", "motd": "it's", "lines": [
            { "id": "one", "area": "hall", "plc": "10.0.0.5", "of": "hello@0.1.0" },
            { "id": "two", "area": "yard", "plc": "10.0.0.6", "of": "hello@0.1.0" },
        ] })
    );
}

// ---- helpers

fn keys(object: &Json) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn digest(text: &str) -> String {
    format!("b3:{}", blake3::hash(text.as_bytes()).to_hex())
}

fn is_digest(value: &Json) -> bool {
    let hex = value.as_str().and_then(|text| text.strip_prefix("b3:")).unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Every file of a report with its state.
fn file_states(report: &Json) -> BTreeMap<String, String> {
    let lines = report["lines"].as_array().expect("lines");
    let files = lines.iter().flat_map(|line| line["files"].as_array().expect("files"));
    let text = |value: &Json| value.as_str().expect("text").to_owned();
    files.map(|file| (text(&file["path"]), text(&file["state"]))).collect()
}

fn lines_in<'a>(report: &'a Json, state: &str) -> Vec<&'a str> {
    let lines = report["lines"].as_array().expect("lines").iter();
    lines
        .filter(|line| line["state"] == state)
        .map(|line| line["address"].as_str().expect("an address"))
        .collect()
}

/// Dates all files back, so that a rewrite shows even on a coarse clock.
fn age(folder: &Path) {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for path in files_below(folder).into_keys() {
        let file = std::fs::File::options().write(true).open(folder.join(path)).expect("it opens");
        file.set_modified(long_ago).expect("the time can be set");
    }
}

fn times(folder: &Path) -> BTreeMap<String, SystemTime> {
    let time = |path: &str| folder.join(path).metadata().and_then(|meta| meta.modified()).expect("a time");
    files_below(folder).into_keys().map(|path| (path.clone(), time(&path))).collect()
}

/// Removes the first line with `key` after the line that holds `section`.
#[track_caller]
fn cut(fleet: &Fleet, path: &str, section: &str, key: &str) {
    let text = fleet.read(path);
    let from = text.find(section).unwrap_or_else(|| panic!("{path} has no {section}"));
    let at = from + text[from..].find(key).unwrap_or_else(|| panic!("{path} has no {key} after {section}"));
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = at + text[at..].find('\n').map_or(text.len() - at, |end| end + 1);
    assert!(text[start..at].trim().is_empty(), "{key} shares its line");
    fleet.write(path, format!("{}{}", &text[..start], &text[end..]));
}

/// The smallest fleet with a second output that is written two folders down.
fn two_outputs() -> FleetBuilder {
    let blueprint =
        format!("{BLUEPRINT}  - {{ id: more, target: settings, owner: it, path: extra/deep/more.json }}\n");
    FleetBuilder::smallest().file("blueprints/hello/blueprint.yaml", &blueprint)
}

/// Six files per line, each with a stamp from one macro, so that one edit changes them all.
fn many_lines(count: usize) -> Fleet {
    let files: String = (0..6)
        .map(|n| format!("  - {{ template: f.j2, path: \"d{}/f{n}.txt\", syntax: text }}\n", n % 2))
        .collect();
    FleetBuilder::smallest()
        .lines(count)
        .file("blueprints/hello/blueprint.yaml", &BLUEPRINT.replace("id: settings, target: settings", "id: six, target: six"))
        .file("blueprints/hello/templates/six/target.yaml", &format!("kind: record\nfiles:\n{files}"))
        .file("blueprints/hello/templates/six/f.j2", &format!("{{% import \"macros.j2\" as m %}}{{{{ m.stamp() }}}}\n{{% for i in range({LONG}) %}}{{{{ line }}}} {{{{ i }}}}\n{{% endfor %}}end\n"))
        .file("blueprints/hello/templates/six/macros.j2", "{% macro stamp() %}first{% endmacro %}\n")
        .build()
}

/// Two versions: 0.1.0 only as a tag, 0.2.0 in the working tree; a line on each.
fn versioned() -> Fleet {
    let fleet = FleetBuilder::smallest().build();
    commit_and_tag(&fleet, "hello/0.1.0");
    fleet.edit("blueprints/hello/blueprint.yaml", "version: 0.1.0", "version: 0.2.0");
    fleet.edit("blueprints/hello/templates/settings/settings.json.j2", "plc", "v2");
    fleet.write("sites/home/lines/two.yaml", LINE.replace("0.5", "0.6").replace("@0.1.0", "@0.2.0"));
    fleet
}

fn commit_and_tag(fleet: &Fleet, tag: &str) {
    let repository = git2::Repository::init(fleet.root()).expect("a repository");
    let mut index = repository.index().expect("an index");
    index.add_all(["."], git2::IndexAddOption::DEFAULT, None).expect("files are added");
    let tree = index.write_tree().and_then(|id| repository.find_tree(id)).expect("a tree");
    let who = git2::Signature::now("t", "t@example.org").expect("a signature");
    let commit = repository.commit(Some("HEAD"), &who, &who, "release", &tree, &[]).expect("a commit");
    let commit = repository.find_object(commit, None).expect("it is there");
    repository.tag_lightweight(tag, &commit, false).expect("a tag");
}

fn odd_values() -> Json {
    json!({
        "name": "O'Brien \"x\" \\ # {{ not an expression }}",
        "unicode": "Größe 漢字 \u{1f600} \u{00a0}e\u{301}",
        "number_like": "0123", "bool_like": "no", "date_like": "2026-01-01", "time_like": "06:00", "tilde": "~",
        "lines": "first\nsecond\n\ttab\n", "long": "x".repeat(4000), "blank": "", "spaces": "  a  ",
        "v6": "fd00::1", "empty_list": [], "empty_map": {}, "nothing": null,
        "nested": { "a b": { "c.d": [1, 2.5, true, null, "x"] }, "1": "one" },
        "big": 18_446_744_073_709_551_615_u64, "minus": -7, "ratio": 0.1,
    })
}

/// One value of each odd kind, printed whole as JSON and YAML, and one by one in the other syntaxes.
fn odd_fleet() -> Fleet {
    let values = odd_values();
    let values = values.as_object().expect("an object");
    let inputs: String = values.keys().map(|name| format!("  {name}: {{ owner: controls }}\n")).collect();
    let answers: String = values.iter().map(|(name, value)| format!("  {name}: {value}\n")).collect();
    let bare = |open: &str, middle: &str, end: &str, close: &str| {
        let members: Vec<_> =
            values.keys().map(|name| format!("{open}{name}{middle}{{{{ values.{name} }}}}")).collect();
        format!("{}{close}\n", members.join(end))
    };
    let templates = [
        ("a.json", format!("{{{}", bare("\"", "\": ", ",\n", "}"))),
        ("b.yaml", bare("", ": ", "\n", "")),
        ("c.toml", "name = {{ values.name }}\nquoted = \"-{{ values.lines }}-\"\nu = {{ values.unicode }}\n[t.{{ values.number_like }}]\nl = {{ values.nested['a b']['c.d'][1] }}\ne = {{ values.empty_list }}\n".into()),
        ("d.xml", "<a name=\"{{ values.name }}\" b='{{ values.name }}'>{{ values.unicode }} &amp; {{ values.name }}</a>\n".into()),
        ("e.ini", "[s]\nname = {{ values.number_like }}\nflag = {{ values.bool_like }}\nn = {{ values.minus }}\n".into()),
        ("f.nft", "table inet t {\n  chain c {\n    ip6 daddr {{ values.v6 }} accept comment \"{{ values.date_like }}\"\n  }\n}\n".into()),
        ("g.csv", "name,lines,blank\n{{ values.name }},{{ values.lines }},{{ values.blank }}\n".into()),
        ("h.md", "# {{ values.unicode }}\n\n| a |\n|---|\n| {{ values.name }} |\n".into()),
        ("i.txt", "{{ values.name }}\n{{ values.lines }}{{ values.long }}\n".into()),
        ("j.cfg", "hostname {{ line }}\nip route {{ '10.0.0.0/8'|network }} {{ '10.0.0.0/8'|netmask }} 10.1.1.1\n".into()),
        ("k.conf", "listener {{ 1883 }}\nuser {{ line }}\n".into()),
        ("l.fg", "config firewall address\n    edit \"{{ line }}\"\n        set comment \"{{ values.date_like }}\"\n    next\nend\n".into()),
    ];
    let syntax = |name: &str| match name {
        "i.txt" => ", syntax: text",
        "j.cfg" => ", syntax: ios",
        "k.conf" => ", syntax: lines",
        "l.fg" => ", syntax: fortios",
        _ => "",
    };
    let files: String = templates
        .iter()
        .map(|(name, _)| format!("  - {{ template: \"{name}.j2\", path: \"{name}\"{} }}\n", syntax(name)))
        .collect();
    let mut builder = FleetBuilder::smallest()
        .file("blueprints/odd/blueprint.yaml", &format!("version: 1.0.0\nscope: line\nowner: controls\ninputs:\n{inputs}outputs: [ {{ id: all, target: all, owner: it }} ]\n"))
        .file("blueprints/odd/templates/all/target.yaml", &format!("kind: record\nfiles:\n{files}"))
        .file("sites/home/lines/one.yaml", &format!("area: hall\nblueprint: odd@1.0.0\ninputs:\n{answers}"));
    for (name, text) in templates {
        builder = builder.file(&format!("blueprints/odd/templates/all/{name}.j2"), &text);
    }
    builder.build()
}
