//! A deviation that accepts a finding: while it counts, the finding is shown and held against nobody.

mod support;

use serde_json::Value as Json;
use support::{Fleet, copy_example, git};

const DEVIATION: &str = "deviations/DV-0009/deviation.yaml";
const LINE: &str = "sites/lej/lines/pk1.yaml";

/// The example with a vendor session open at lej that the less trusted side begins, and no reason given for it.
fn with_finding() -> Fleet {
    let fleet = copy_example("kestrel");
    let conduits = "blueprints/site-base/conduits.yaml";
    let text = fleet.read(conduits);
    let why = text.lines().find(|line| line.contains("because: \"the vendor calls in")).expect("a reason");
    fleet.edit(conduits, &format!("{why}\n"), "");
    fleet.edit(
        "sites/lej/site.yaml",
        "overrides:",
        "overrides:\n  vendor_session: { value: open, by: site-controls, why: repair }\nx:",
    );
    let site = fleet.read("sites/lej/site.yaml");
    let rest = site.lines().filter(|line| !line.starts_with("x:")).collect::<Vec<_>>().join("\n");
    fleet.write("sites/lej/site.yaml", rest + "\n");
    approve(&fleet, "RD-012", &["corp-security", "corp-standards"]);
    fleet
}

fn accepting(fleet: &Fleet, what: &str) {
    let text = format!(
        "line: lej/pk1\naccepts: {{ {what} }}\nreason: repair\nowner: site-controls\nopened: 2026-11-20\nexpires: \
         2026-11-30\n"
    );
    fleet.write(DEVIATION, text);
    for side in ["it", "ot"] {
        let path = format!("deviations/DV-0009/{side}.yaml");
        if fleet.has(&path) {
            fleet.remove(&path);
        }
    }
}

fn approve(fleet: &Fleet, record: &str, roles: &[&str]) {
    for role in roles {
        fleet.jig(&format!("--as-of 2026-11-22 approve {record} --as {role}")).run().exits(0);
    }
}

fn validate(fleet: &Fleet, day: &str) -> Json {
    fleet.jig(&format!("-j 1 --as-of {day} validate --format json --fail-on warning")).run().json()
}

fn rules(list: &Json) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|found| found["rule"].as_str().expect("a rule")).collect()
}

const WEAKER: &str = "weaker-zone-initiates";

#[test]
fn an_approved_deviation_accepts_its_finding_until_its_last_day() {
    let fleet = with_finding();
    assert!(
        rules(&validate(&fleet, "2026-11-22")["findings"]).contains(&WEAKER),
        "there is a finding to accept"
    );
    accepting(&fleet, "rule: weaker-zone-initiates, flow: F-13.1");
    // Nobody has agreed yet.
    let report = validate(&fleet, "2026-11-22");
    assert!(
        rules(&report["findings"]).contains(&WEAKER) && rules(&report["accepted"]).is_empty(),
        "{report:#}"
    );
    approve(&fleet, "DV-0009", &["corp-security"]);
    let report = validate(&fleet, "2026-11-22");
    assert!(rules(&report["findings"]).contains(&WEAKER), "one side is not enough: {report:#}");
    approve(&fleet, "DV-0009", &["site-controls"]);
    let report = validate(&fleet, "2026-11-30");
    assert!(!rules(&report["findings"]).contains(&WEAKER), "{report:#}");
    assert!(!rules(&report["findings"]).contains(&"deviation-without-effect"), "{report:#}");
    assert_eq!(rules(&report["accepted"]), [WEAKER]);
    assert_eq!(
        (&report["accepted"][0]["deviation"], &report["summary"]["accepted"]),
        (&"DV-0009".into(), &1.into())
    );
    let text = fleet.jig("--as-of 2026-11-30 validate").run().stdout;
    assert!(text.contains("accepted by DV-0009 until 2026-11-30: weaker-zone-initiates at lej"), "{text}");
    let sarif = fleet.jig("--as-of 2026-11-30 validate --format sarif").run().json();
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let suppressed: Vec<_> = results.iter().filter(|result| !result["suppressions"].is_null()).collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["ruleId"], WEAKER);
    // The day after, it is a finding again, and the deviation says so.
    let report = validate(&fleet, "2026-12-01");
    assert!(
        rules(&report["findings"]).contains(&WEAKER) && rules(&report["accepted"]).is_empty(),
        "{report:#}"
    );
    // What was approved has changed since.
    fleet.edit(DEVIATION, "reason: repair", "reason: because");
    assert!(rules(&validate(&fleet, "2026-11-22")["findings"]).contains(&WEAKER));
}

#[test]
fn a_deviation_that_accepts_nothing_is_told() {
    let fleet = with_finding();
    let cases = [
        ("rule: weaker-zone-initiates, flow: F-12.1", "not found there"),
        // Without a flow it means the line, and the finding is the site's.
        ("rule: weaker-zone-initiates", "not found there"),
        ("rule: stale-approval", "no deviation can accept"),
        ("rule: weaker-zone-initates", "no rule"),
    ];
    for (what, said) in cases {
        accepting(&fleet, what);
        approve(&fleet, "DV-0009", &["corp-security", "site-controls"]);
        let report = validate(&fleet, "2026-11-22");
        let told = report["findings"].as_array().expect("findings").iter().find(|found| {
            found["rule"] == "deviation-without-effect" && found["file"] == DEVIATION && found["line"] == 2
        });
        let told = told.unwrap_or_else(|| panic!("{what}: {report:#}"));
        assert!(told["message"].as_str().expect("a message").contains(said), "{what}: {told:#}");
        assert!(rules(&report["findings"]).contains(&WEAKER), "{what}");
    }
}

#[test]
fn what_stops_a_line_cannot_be_accepted() {
    let fleet = copy_example("kestrel");
    fleet.edit("blueprints/packaging-line/conduits.yaml", "purpose: read PackML tags", "purpose: read tags");
    accepting(&fleet, "rule: stale-approval, flow: F-01.1");
    approve(&fleet, "DV-0009", &["corp-security", "site-controls"]);
    let report = validate(&fleet, "2026-11-22");
    assert!(rules(&report["findings"]).contains(&"stale-approval"), "{report:#}");
    assert!(report["summary"]["accepted"].is_null(), "{report:#}");
}

#[test]
fn a_pull_request_cannot_accept_its_own_findings() {
    let fleet = copy_example("kestrel");
    let conduits = "blueprints/packaging-line/blueprint.yaml";
    assert!(fleet.has(conduits));
    fleet.jig("render -q").run();
    let commit = |message: &str| {
        git(fleet.root(), &["add", "-A"]);
        git(fleet.root(), &["commit", "-q", "-m", message]);
    };
    git(fleet.root(), &["init", "-q", "-b", "main"]);
    commit("base");
    git(fleet.root(), &["checkout", "-q", "-b", "work"]);
    // The change drops the window of a line, and brings the deviation that would accept that.
    let line = fleet.read(LINE);
    let window = line.lines().find(|line| line.starts_with("window:")).expect("a window").to_owned();
    fleet.edit(LINE, &format!("{window}\n"), "");
    accepting(&fleet, "rule: no-window");
    approve(&fleet, "DV-0009", &["corp-security", "site-controls"]);
    fleet.jig("render -q").run();
    commit("change");
    let run = fleet.jig("--as-of 2026-11-22 validate --changed main --format json --fail-on warning").run();
    let report = run.json();
    assert!(rules(&report["findings"]).contains(&"no-window"), "{report:#}");
    assert!(report["summary"]["accepted"].is_null(), "{report:#}");
    assert!(!rules(&report["findings"]).contains(&"deviation-without-effect"), "{report:#}");
    // Once it is in the base, it counts: another change of that line is not held up.
    git(fleet.root(), &["branch", "-f", "main"]);
    fleet.edit(LINE, "area: packaging", "area: packaging # as ever");
    commit("another");
    let report =
        fleet.jig("--as-of 2026-11-22 validate --changed main --format json --fail-on warning").run().json();
    assert!(!rules(&report["findings"]).contains(&"no-window"), "{report:#}");
}
