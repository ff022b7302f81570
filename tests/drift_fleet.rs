//! Drift of a fleet: what each line renders now against what was read back from it.

mod support;

use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::process::Command;
use support::{Fleet, copy_example, example, jig};

/// The example without what was read back, and the committed files in its place.
fn in_order() -> Fleet {
    let fleet = copy_example("kestrel");
    fleet.jig("render").run().exits(0);
    std::fs::remove_dir_all(fleet.path("deployed")).expect("removes");
    copy(&fleet, "intended", "deployed");
    fleet
}

fn copy(fleet: &Fleet, from: &str, to: &str) {
    for (path, bytes) in support::files_below(&fleet.path(from)) {
        let target = fleet.path(to).join(path);
        std::fs::create_dir_all(target.parent().expect("a folder")).expect("makes");
        std::fs::write(target, bytes).expect("writes");
    }
}

/// What a finding is: address, file, path, kind, disposition, attribution.
fn shapes(report: &Json) -> Vec<String> {
    let text = |finding: &Json, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let names = ["address", "file", "path", "kind", "disposition", "attribution"];
    let counted = |finding: &&Json| finding["disposition"] != "ignored";
    let findings = report["findings"].as_array().expect("findings").iter().filter(counted);
    let mut out: Vec<String> = findings.map(|f| names.map(|name| text(f, name)).join(" | ")).collect();
    out.sort();
    out
}

fn verdicts(report: &Json) -> Vec<(String, String)> {
    let lines = report["lines"].as_array().expect("lines");
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    lines.iter().map(|line| (text(&line["address"]), text(&line["verdict"]))).collect()
}

fn git(fleet: &Fleet, args: &[&str]) {
    let config = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
    let done =
        Command::new("git").current_dir(fleet.path("")).args(config).args(args).output().expect("git runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn commit(fleet: &Fleet) {
    git(fleet, &["add", "-A"]);
    git(fleet, &["commit", "-qm", "state"]);
}

#[test]
fn what_is_deployed_as_rendered_is_in_order() {
    let fleet = in_order();
    let report = fleet.jig("diff --format json").run().exits(0).json();
    assert_eq!(report["verdict"], "in-order");
    assert_eq!(shapes(&report), [""; 0]);
    assert_eq!((&report["summary"]["lines"], &report["summary"]["in_order"]), (&6.into(), &6.into()));
    assert!(verdicts(&report).iter().all(|(_, verdict)| verdict == "in-order"));
}

#[test]
fn the_example_tells_its_stories() {
    let report = jig().fleet(example("kestrel")).args("diff --format json").run().exits(2).json();
    let expected = [
        ("grr", "in-order"),
        ("grr/pk1", "in-order"),
        ("grr/pk2", "drift"),
        ("grr/pk3", "cannot-tell"),
        ("lej", "in-order"),
        ("lej/pk1", "drift"),
        ("lej/pk2", "drift"),
        ("mty", "cannot-tell"),
        ("mty/pk1", "drift"),
    ];
    assert_eq!(verdicts(&report), expected.map(|(line, verdict)| (line.to_owned(), verdict.to_owned())));
    let found = shapes(&report);
    for story in [
        "grr/pk2 | gateway/telegraf.conf |  | file-missing | behind | standard",
        "grr/pk2 | gateway/flows.json |  | file-extra | behind | standard",
        "grr/pk3 |  |  | opaque | open | unknown",
        "lej/pk1 | gateway/telegraf.conf | /agent/flush_interval | changed | approved | site",
        "lej/pk2 | gateway/telegraf.d/commissioning.conf |  | file-extra | open | site",
        "mty |  |  | opaque | open | unknown",
        "mty/pk1 | gateway/flows.json | /[id=f075865b5a1c0c4a]/port | changed | expired | standard",
        "mty/pk1 | gateway/flows.json | /[id=f075865b5a1c0c4a]/credentials | extra | open | site",
    ] {
        assert!(found.iter().any(|shape| shape == story), "{story}\n{}", found.join("\n"));
    }
    let findings = report["findings"].as_array().expect("findings");
    let of = |path: &str| findings.iter().find(|finding| finding["path"] == path).expect(path);
    assert_eq!(of("/agent/flush_interval")["deviation"], "DV-0008");
    assert_eq!(of("/[id=f075865b5a1c0c4a]/port")["deviation"], "DV-0004");
    assert_eq!(findings[0]["consequence"], "path", "what could stop production comes first");
    let panels = findings.iter().filter(|finding| finding["path"] == "/panels/[id=90]");
    let clusters: BTreeSet<&str> =
        panels.map(|panel| panel["cluster"].as_str().expect("a cluster")).collect();
    assert_eq!(clusters.len(), 1);
    let cluster = report["clusters"].as_array().expect("clusters");
    let cluster =
        cluster.iter().find(|cluster| Some(cluster["id"].as_str().expect("id")) == clusters.first().copied());
    let cluster = cluster.expect("the panel's cluster");
    assert_eq!(cluster["lines"], serde_json::json!(["grr/pk2", "lej/pk1", "lej/pk2"]));
    assert_eq!(cluster["summary"], "dashboard/{line}.json /panels/[id=90]: extra");
    for finding in findings.iter().filter(|finding| finding["disposition"] != "ignored") {
        assert!(finding["owner"].is_string(), "nobody owns {finding}");
        let waits = finding["disposition"] == "approved";
        assert!(waits || finding["next"].is_string(), "no next step: {finding}");
    }
    assert!(!report.to_string().contains("Monterrey-2026!"));
}

#[test]
fn a_line_is_selected_by_its_address() {
    let fleet = in_order();
    fleet.edit("deployed/grr/pk2/gateway/telegraf.conf", "interval = \"500ms\"", "interval = \"2s\"");
    let report = fleet.jig("diff grr/pk1 --format json").run().exits(0).json();
    assert_eq!(verdicts(&report), [("grr/pk1".to_owned(), "in-order".to_owned())]);
    let report = fleet.jig("diff grr/pk2 --format json").run().exits(1).json();
    assert_eq!(report["findings"][0]["address"], "grr/pk2");
    assert_eq!(report["findings"][0]["file"], "gateway/telegraf.conf");
    assert_eq!(report["findings"][0]["owner"], "site-controls");
    fleet.jig("diff nowhere").run().exits(2);
}

#[test]
fn without_read_back_nobody_can_vouch() {
    let fleet = in_order();
    std::fs::remove_dir_all(fleet.path("deployed/lej/pk1")).expect("removes");
    let report = fleet.jig("diff --format json").run().exits(2).json();
    assert_eq!(report["summary"]["cannot_tell"], 1);
    assert_eq!(shapes(&report), ["lej/pk1 |  |  | opaque | open | unknown"]);
    fleet.jig("diff 'grr/*'").run();
    std::fs::remove_dir_all(fleet.path("deployed")).expect("removes");
    let report = fleet.jig("diff --format json").run().exits(2).json();
    assert_eq!(report["summary"]["cannot_tell"], 6);
    fleet.jig("diff --deployed nowhere").run().exits(2);
}

#[test]
fn read_back_may_lie_elsewhere() {
    let fleet = in_order();
    std::fs::rename(fleet.path("deployed"), fleet.path("backups")).expect("renames");
    let backups = fleet.path("backups");
    fleet.jig("diff --deployed").arg(&backups).run().exits(0);
    fleet.edit("jig.yaml", "settings:\n", "settings:\n  deployed: backups\n");
    fleet.jig("diff").run().exits(0);
}

#[test]
fn old_and_failed_read_back_cannot_be_told() {
    let fleet = in_order();
    let write =
        |text: &str| std::fs::write(fleet.path("deployed/grr/pk1/collected.yaml"), text).expect("writes");
    write(
        "targets:\n  gateway/telegraf.conf: { status: failed, at: 2026-11-22T03:00:00Z, error: timeout }\n",
    );
    let report = fleet.jig("diff grr/pk1 --format json").run().exits(2).json();
    assert_eq!(shapes(&report), ["grr/pk1 | gateway/telegraf.conf |  | opaque | open | unknown"]);
    write("targets:\n  gateway/telegraf.conf: { status: ok, at: 2026-11-14T03:00:00Z }\n");
    let report = fleet.jig("diff grr/pk1 --format json").run().exits(2).json();
    assert_eq!(report["lines"][0]["evidence"]["age_days"], 8);
    write("targets:\n  gateway/telegraf.conf: { status: ok, at: 2026-11-15T03:00:00Z }\n");
    fleet.jig("diff grr/pk1").run().exits(0);
    fleet.edit("jig.yaml", "settings:\n", "settings:\n  evidence_max_age_days: 3\n");
    fleet.jig("diff grr/pk1").run().exits(2);
    write("targets: [");
    fleet.jig("diff grr/pk1").run().exits(2);
    std::fs::write(fleet.path("deployed/grr/pk3/manifest.json"), "{").expect("writes");
    fleet.jig("diff grr/pk3").run().exits(2);
}

/// A slip of the backup job: told at its line, with what to correct, and not as if the file were missing.
#[test]
fn a_slip_in_what_was_collected_is_told_where_it_stands() {
    let fleet = in_order();
    let slips = [
        ("targetz:\n  gateway/telegraf.conf: { status: ok }\n", 1, "did you mean `targets`?"),
        (
            "targets:\n  gateway/telegraf.conf: { status: ok, date: 2026-11-20 }\n",
            2,
            "one of status, at, error",
        ),
        (
            "targets:\n  gateway/telegraf.conf:\n    status: ok\n    at: 2026-13-22\n",
            4,
            "`2026-13-22` is no date",
        ),
    ];
    for (text, line, says) in slips {
        for address in ["grr/pk1", "grr/pk2", "grr/pk3"] {
            std::fs::write(fleet.path(&format!("deployed/{address}/collected.yaml")), text).expect("writes");
        }
        let report = fleet.jig("diff --format json").run().exits(2).json();
        let found = report["findings"].as_array().expect("findings");
        let own: Vec<_> = found
            .iter()
            .filter(|drift| drift["address"] == "grr/pk1" && drift["file"] == "collected.yaml")
            .collect();
        let own = own.first().unwrap_or_else(|| panic!("{text}: {found:?}"));
        assert_eq!(own["line"], line, "{text}");
        let run = fleet.jig("diff").run().exits(2);
        let shown = format!("{} {}", run.stdout, run.stderr);
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains(says) && shown.contains("correct the file"), "{text}: {shown}");
        // The three sites and the three other lines really have none.
        assert!(shown.contains("grr and 5 more: no collected.yaml"), "{shown}");
        assert!(!shown.contains("IS THE STANDARD WRONG"), "{shown}");
    }
}

#[test]
fn the_returned_manifest_and_history_tell_who_moved() {
    let fleet = in_order();
    git(&fleet, &["init", "-q"]);
    commit(&fleet);
    // The standard moves on: the line gets another interval, and nothing happens on site.
    fleet.edit("sites/grr/lines/pk2.yaml", "value: 500", "value: 700");
    fleet.jig("render grr/pk2").run().exits(0);
    commit(&fleet);
    let report = fleet.jig("diff grr/pk2 --format json").run().exits(0).json();
    assert_eq!(report["verdict"], "behind");
    assert!(
        shapes(&report).iter().all(|shape| shape.ends_with("| behind | standard")),
        "{:?}",
        shapes(&report)
    );
    // After the last day it is drift.
    fleet.edit("blueprints/packaging-line/blueprint.yaml", "adopt_by: 2027-01-31", "adopt_by: 2026-11-21");
    let report = fleet.jig("diff grr/pk2 --format json").run().exits(1).json();
    assert!(
        shapes(&report).iter().all(|shape| shape.ends_with("| open | standard")),
        "{:?}",
        shapes(&report)
    );
    fleet.edit("blueprints/packaging-line/blueprint.yaml", "adopt_by: 2026-11-21", "adopt_by: 2027-01-31");
    // The site moves too.
    fleet.edit(
        "deployed/grr/pk2/gateway/telegraf.conf",
        "flush_interval = \"1s\"",
        "flush_interval = \"9s\"",
    );
    let report = fleet.jig("diff grr/pk2 --format json").run().exits(1).json();
    let flush = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .find(|f| f["path"] == "/agent/flush_interval");
    assert_eq!(flush.expect("found")["attribution"], "site");
    // Without the manifest, a file that equals an earlier version is that version; another is unknown.
    std::fs::remove_file(fleet.path("deployed/grr/pk2/manifest.json")).expect("removes");
    let report = fleet.jig("diff grr/pk2 --format json").run().exits(1).json();
    let gateway = shapes(&report).into_iter().filter(|shape| shape.contains("telegraf.conf"));
    assert!(
        gateway.clone().count() > 1 && gateway.clone().all(|shape| shape.ends_with("| unknown")),
        "{:?}",
        shapes(&report)
    );
    fleet.edit(
        "deployed/grr/pk2/gateway/telegraf.conf",
        "flush_interval = \"9s\"",
        "flush_interval = \"1s\"",
    );
    let report = fleet.jig("diff grr/pk2 --format json").run().exits(0).json();
    assert_eq!(report["verdict"], "behind");
}

#[test]
fn without_history_nobody_is_blamed() {
    let fleet = in_order();
    std::fs::remove_file(fleet.path("deployed/grr/pk2/manifest.json")).expect("removes");
    fleet.edit(
        "deployed/grr/pk2/gateway/telegraf.conf",
        "flush_interval = \"1s\"",
        "flush_interval = \"9s\"",
    );
    let report = fleet.jig("diff grr/pk2 --format json").run().exits(1).json();
    assert_eq!(report["findings"][0]["attribution"], "unknown");
}

#[test]
fn a_deviation_counts_for_exactly_its_value_while_it_lasts() {
    let fleet = copy_example("kestrel");
    let flush = |fleet: &Fleet, more: &str| -> Json {
        let report = fleet.jig(&format!("diff lej/pk1 --format json {more}")).run().json();
        let findings = report["findings"].as_array().expect("findings").iter();
        findings.clone().find(|f| f["path"] == "/agent/flush_interval").expect("found").clone()
    };
    assert_eq!(flush(&fleet, "")["disposition"], "approved");
    assert_eq!(flush(&fleet, "--as-of 2027-01-30")["disposition"], "approved", "the last day counts");
    let expired = flush(&fleet, "--as-of 2027-01-31");
    assert_eq!((&expired["disposition"], &expired["level"]), (&"expired".into(), &"error".into()));
    fleet.edit(
        "deployed/lej/pk1/gateway/telegraf.conf",
        "flush_interval = \"5s\"",
        "flush_interval = \"6s\"",
    );
    assert_eq!(flush(&fleet, "")["disposition"], "open");
    fleet.edit(
        "deployed/lej/pk1/gateway/telegraf.conf",
        "flush_interval = \"6s\"",
        "flush_interval = \"5s\"",
    );
    std::fs::remove_file(fleet.path("deviations/DV-0008/it.yaml")).expect("removes");
    let pending = flush(&fleet, "");
    assert_eq!(pending["disposition"], "open");
    assert!(
        pending["note"].as_str().is_some_and(|note| note.contains("DV-0008 does not count")),
        "{pending}"
    );
    // One that matches nothing is to be removed.
    fleet.edit(
        "deployed/lej/pk1/gateway/telegraf.conf",
        "flush_interval = \"5s\"",
        "flush_interval = \"1s\"",
    );
    let report = fleet.jig("diff lej/pk1 --format json").run().json();
    assert!(report["warnings"].to_string().contains("DV-0008 matches nothing"), "{}", report["warnings"]);
}

#[test]
fn a_line_that_does_not_render_is_compared_with_what_was_committed() {
    let fleet = in_order();
    fleet.edit(
        "sites/grr/lines/pk2.yaml",
        "overrides:\n",
        "overrides:\n  buffer_hours: { value: 1, by: site-controls, why: none }\n",
    );
    let report = fleet.jig("diff grr/pk2 --format json").run().exits(0).json();
    assert!(report["warnings"].to_string().contains("grr/pk2 does not render"), "{}", report["warnings"]);
    fleet.edit(
        "deployed/grr/pk2/gateway/telegraf.conf",
        "flush_interval = \"1s\"",
        "flush_interval = \"9s\"",
    );
    let report = fleet.jig("diff grr/pk2 --format json").run().exits(1).json();
    assert_eq!(
        shapes(&report),
        ["grr/pk2 | gateway/telegraf.conf | /agent/flush_interval | changed | open | site"]
    );
    std::fs::remove_dir_all(fleet.path("intended/grr/pk2")).expect("removes");
    fleet.jig("diff grr/pk2").run().exits(2);
}

#[test]
fn a_refused_path_never_counts_as_intended() {
    let fleet = in_order();
    fleet.edit("blueprints/packaging-line/conduits.yaml", "    decision: RD-001\n", "");
    let report = fleet.jig("diff grr/pk2 --format json").run().exits(1).json();
    let found = shapes(&report);
    let firewall = "grr/pk2 | firewall/pk2.nft | F-01.1 | extra | open | unknown";
    assert!(found.iter().any(|shape| shape == firewall), "{found:?}");
    let finding = &report["findings"][0];
    assert_eq!((&finding["consequence"], &finding["level"]), (&"path".into(), &"error".into()));
    // Where the path is gone from the device, that is no reason to call the file in order.
    std::fs::write(fleet.path("deployed/grr/pk2/firewall/pk2.nft"), "table inet line_grr_pk2 {}\n")
        .expect("writes");
    let report = fleet.jig("diff grr/pk2 --format json").run().exits(2).json();
    assert!(
        shapes(&report).iter().any(|shape| shape.contains("firewall/pk2.nft |  | opaque")),
        "{:?}",
        shapes(&report)
    );
}

#[test]
fn what_the_site_owns_is_not_compared() {
    let fleet = in_order();
    let panel = r#"{"id": 77, "type": "text", "folder": "local", "title": "shift notes"},"#;
    fleet.edit("deployed/lej/pk2/dashboard/pk2.json", "\"panels\": [", &format!("\"panels\": [{panel}"));
    let report = fleet.jig("diff lej/pk2 --format json").run().exits(0).json();
    assert_eq!(report["verdict"], "in-order", "{:?}", shapes(&report));
    assert!(report["summary"]["ignored"].as_u64() > Some(0));
    // A panel of the standard does not become the site's by saying so.
    fleet.edit(
        "deployed/lej/pk2/dashboard/pk2.json",
        "\"type\": \"gauge\"",
        "\"folder\": \"local\", \"type\": \"stat\"",
    );
    let report = fleet.jig("diff lej/pk2 --format json").run().exits(1).json();
    assert!(
        shapes(&report).iter().any(|shape| shape.contains("/type | changed | open")),
        "{:?}",
        shapes(&report)
    );
}

#[test]
fn backups_may_use_other_names() {
    let fleet = in_order();
    let to = "\"*-edge-*/telegraf.conf\"";
    let from = "{ id: gateway, target: telegraf, owner: site-controls }";
    let output = format!("{{ id: gateway, target: telegraf, owner: site-controls, collected_as: {to} }}");
    fleet.edit("blueprints/packaging-line/blueprint.yaml", from, &output);
    std::fs::create_dir(fleet.path("deployed/lej/pk2/lej-edge-02")).expect("makes");
    let (old, new) = ("deployed/lej/pk2/gateway/telegraf.conf", "deployed/lej/pk2/lej-edge-02/telegraf.conf");
    std::fs::rename(fleet.path(old), fleet.path(new)).expect("renames");
    fleet.jig("diff lej/pk2").run().exits(0);
    fleet.edit(new, "flush_interval = \"1s\"", "flush_interval = \"9s\"");
    let report = fleet.jig("diff lej/pk2 --format json").run().exits(1).json();
    assert_eq!(report["findings"][0]["file"], "gateway/telegraf.conf");
}

#[test]
fn a_line_more_changes_no_other_lines_findings() {
    let fleet = copy_example("kestrel");
    let findings = || -> Vec<Json> {
        let report = fleet.jig("diff --format json").run().exits(2).json();
        let mut found = report["findings"].as_array().cloned().expect("findings");
        // A site's own outputs speak of all its lines.
        found.retain(|finding| finding["address"] != "lej/pk2" && finding["address"] != "lej");
        found.iter_mut().filter_map(Json::as_object_mut).for_each(|finding| {
            finding.remove("cluster");
        });
        found
    };
    let with = findings();
    for gone in ["sites/lej/lines/pk2.yaml", "deployed/lej/pk2"] {
        let path = fleet.path(gone);
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
            .expect("removes");
    }
    assert!(with.len() > 20);
    assert_eq!(findings(), with);
}

#[test]
fn a_firewall_that_is_gone_comes_first() {
    let fleet = in_order();
    for gone in ["firewall/pk1.nft", "gateway/telegraf.conf", "dashboard/pk1.json"] {
        std::fs::remove_file(fleet.path(&format!("deployed/grr/pk1/{gone}"))).expect("removes");
    }
    let report = fleet.jig("diff grr/pk1 --format json").run().exits(1).json();
    let text = |finding: &Json, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let found: Vec<_> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| (text(finding, "kind"), text(finding, "consequence"), text(finding, "file")))
        .collect();
    let missing = |class: &str, file: &str| ("file-missing".to_owned(), class.to_owned(), file.to_owned());
    assert_eq!(
        found,
        [
            missing("path", "firewall/pk1.nft"),
            missing("data", "gateway/telegraf.conf"),
            missing("metric", "dashboard/pk1.json")
        ]
    );
    let shown = fleet.jig("diff grr/pk1").run().exits(1).stdout;
    assert!(shown.find("firewall/pk1.nft") < shown.find("gateway/telegraf.conf"), "{shown}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let run = |threads: &str| {
        let args = format!("-j {threads} diff --format json");
        jig().fleet(example("kestrel")).args(&args).run().exits(2).stdout
    };
    let one = run("1");
    assert!(["2", "7"].iter().all(|threads| run(threads) == one));
}

#[test]
fn broken_shared_files_are_never_in_order() {
    let fleet = in_order();
    std::fs::write(fleet.path("deviations/DV-0008/deviation.yaml"), "line: lej/pk1\n").expect("writes");
    fleet.jig("diff").run().exits(2);
    std::fs::write(fleet.path("jig.yaml"), "enterprise: [\n").expect("writes");
    fleet.jig("diff").run().exits(2);
}
