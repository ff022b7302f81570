//! `jig validate --changed`: what a change brings, what it does to every line, and who must agree; read from git alone.

mod support;

use serde_json::Value as Json;
use std::path::Path;
use support::{Fleet, FleetBuilder, copy_example, jig};

/// A fleet in a repository of its own.
struct Repo {
    fleet: Fleet,
}

impl Repo {
    /// The example enterprise, rendered and committed on `main`; work goes on on `work`.
    fn kestrel() -> Self {
        let repo = Self { fleet: copy_example("kestrel") };
        repo.begin()
    }

    fn begin(self) -> Self {
        self.fleet.jig("render -q").run();
        git(self.fleet.root(), "init -q -b main");
        self.commit("base");
        self.git("checkout -q -b work");
        self
    }

    fn git(&self, args: &str) {
        git(self.fleet.root(), args);
    }

    fn commit(&self, message: &str) {
        self.git("add -A");
        support::git(self.fleet.root(), &["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Renders, commits, and judges against `main`.
    fn change(&self) -> Json {
        self.fleet.jig("render -q").run();
        self.commit("change");
        self.judge()
    }

    fn judge(&self) -> Json {
        self.fleet.jig("validate --changed main --format json").run().json()
    }
}

fn git(folder: &Path, args: &str) {
    support::git(folder, &args.split_whitespace().collect::<Vec<_>>());
}

fn rules(report: &Json) -> Vec<String> {
    let findings = report["findings"].as_array().expect("there are findings");
    findings.iter().map(|finding| finding["rule"].as_str().expect("a rule").to_owned()).collect()
}

fn texts(json: &Json) -> Vec<&str> {
    json.as_array().expect("a list").iter().map(|text| text.as_str().expect("text")).collect()
}

#[test]
fn a_moved_machine_shows_its_files_its_right_and_nothing_old() {
    let repo = Repo::kestrel();
    repo.fleet.edit("sites/grr/lines/pk2.yaml", "ip: 10.20.104.14", "ip: 10.20.104.15");
    let report = repo.change();
    assert_eq!(rules(&report), Vec::<String>::new(), "{report:#}");
    assert!(report["summary"]["old"].as_u64() > Some(2), "{report:#}");
    assert_eq!(report["effect"]["lines"], 1);
    let first = &report["effect"]["groups"][0];
    assert_eq!((&first["path"], &first["consequence"]), (&"firewall/*.nft".into(), &"path".into()));
    assert!(first["diff"].as_str().expect("a diff").contains("+\t\telements = { 10.20.104.15 }"));
    let approval = &report["approvals"][0];
    assert_eq!(approval["right"], "DR-02");
    assert_eq!(approval["team"], "@kestrel/grr-network");
    assert_eq!(texts(&approval["agrees"]), ["@kestrel/grr-controls"]);
    assert_eq!(approval["because"][0]["id"], "F-01.2");
    assert_eq!(approval["because"][0]["address"], "grr/pk2");
}

#[test]
fn a_path_that_opens_is_said_in_words_also_before_anybody_approved_it() {
    let repo = Repo::kestrel();
    let conduits = "blueprints/packaging-line/conduits.yaml";
    let flow = "      F-01.3: { purpose: backup, from: historian, to: unit, for_each: units, service: modbus, access: read, auth: none, countermeasure: CM-1 }\n";
    repo.fleet.edit(conduits, "  CN-02:\n", &format!("{flow}  CN-02:\n"));
    let report = repo.change();
    assert!(rules(&report).contains(&"stale-approval".to_owned()), "{report:#}");
    assert!(rules(&report).contains(&"flow-outside-conduit".to_owned()), "{report:#}");
    let opens: Vec<&str> = report["effect"]["paths"]
        .as_array()
        .expect("paths")
        .iter()
        .map(|p| p["meaning"].as_str().expect("words"))
        .collect();
    assert!(
        opens.contains(&"opens tcp/502 (modbus) from historian in siteops to filler in edge"),
        "{opens:?}"
    );
    assert_eq!(report["effect"]["unknown"], serde_json::json!([]));
    let rights: Vec<&str> = report["approvals"]
        .as_array()
        .expect("approvals")
        .iter()
        .map(|a| a["right"].as_str().expect("id"))
        .collect();
    assert!(rights.contains(&"DR-01") && rights.contains(&"DR-02"), "{rights:?}");
}

#[test]
fn an_old_mistake_does_not_block_and_a_touched_one_does() {
    let repo = Repo { fleet: copy_example("kestrel") };
    repo.fleet.edit(
        "metrics.yaml",
        "unit: \"1\", show_as: \"%\", better: lower, level: line, window: shift, owner: corp-data",
        "show_as: \"%\", better: lower, level: line, window: shift, owner: corp-data",
    );
    let repo = repo.begin();
    repo.fleet.jig("validate").run().exits(1);
    repo.fleet.edit("sites/grr/lines/pk1.yaml", "Sun 05:00-06:00", "Sun 05:00-07:00");
    repo.fleet.jig("render -q").run();
    repo.commit("window");
    let run = repo.fleet.jig("validate --changed main --format json").run().exits(0);
    assert_eq!(run.json()["approvals"][0]["right"], "DR-08", "{run}");
    repo.fleet.edit("metrics.yaml", "name: Count agreement gap", "name: Count gap");
    repo.fleet.jig("render -q").run();
    repo.commit("touch it");
    repo.fleet.jig("validate --changed main").run().exits(1);
}

#[test]
fn a_change_cannot_excuse_itself() {
    let repo = Repo::kestrel();
    // Turns the rule off, and breaks it.
    repo.fleet.edit(
        "jig.yaml",
        "settings:\n",
        "settings:\n  rules: { no-window: off, unexplained-override: off }\n",
    );
    repo.fleet.edit("sites/grr/lines/pk2.yaml", ", why: \"short micro-stops on the labeler\"", "");
    let report = repo.change();
    assert!(rules(&report).contains(&"unexplained-override".to_owned()), "{report:#}");
    // Lets a role approve what it may not.
    let repo = Repo::kestrel();
    repo.fleet.edit("decisions/RD-001/it.yaml", "role: corp-security", "role: site-network");
    repo.fleet.edit("rights.yaml", "agrees: [corp-standards]", "agrees: [corp-standards, site-network]");
    let report = repo.change();
    assert!(rules(&report).contains(&"one-sided-approval".to_owned()), "{report:#}");
    // Renews its own expired deviation, with approvals and all.
    let repo = Repo::kestrel();
    repo.fleet.edit("deviations/DV-0004/deviation.yaml", "expires: 2026-10-31", "expires: 2027-10-31");
    for role in ["corp-security", "corp-standards"] {
        repo.fleet.jig(&format!("approve DV-0004 --as {role}")).run().exits(0);
    }
    let report = repo.change();
    let rights: Vec<&Json> =
        report["approvals"].as_array().expect("approvals").iter().map(|a| &a["right"]).collect();
    assert_eq!(rights, ["DR-02", "DR-06"], "{report:#}");
}

#[test]
fn a_stale_intended_folder_fails_a_change() {
    let repo = Repo::kestrel();
    repo.fleet.edit("sites/grr/lines/pk2.yaml", "ip: 10.20.104.14", "ip: 10.20.104.15");
    repo.commit("forgot to render");
    let report = repo.judge();
    assert_eq!(rules(&report), ["stale-intended"]);
    assert_eq!(report["findings"][0]["level"], "error");
}

#[test]
fn an_answer_that_an_untouched_line_gives_too_is_found() {
    let repo = Repo::kestrel();
    repo.fleet.edit("sites/lej/lines/pk2.yaml", "gateway: lej-edge-02", "gateway: grr-edge-01");
    repo.commit("two of one name");
    let report = repo.judge();
    assert!(rules(&report).contains(&"duplicate-address".to_owned()), "{report:#}");
}

#[test]
fn a_new_line_under_standing_decisions_needs_nobody() {
    let repo = Repo::kestrel();
    let line = repo.fleet.read("sites/lej/lines/pk2.yaml");
    let line = line
        .replace("10.30.104.", "10.30.112.")
        .replace("10.30.105.", "10.30.113.")
        .replace("10.30.30.12", "10.30.30.19")
        .replace("lej-edge-02", "lej-edge-09");
    repo.fleet.write("sites/lej/lines/pk9.yaml", line);
    let report = repo.change();
    assert_eq!(report["approvals"], serde_json::json!([]), "{report:#}");
    assert_eq!(rules(&report), Vec::<String>::new(), "{report:#}");
    let lines: Vec<&str> = texts(&report["effect"]["groups"][0]["lines"]);
    assert!(lines.contains(&"lej/pk9") || lines.contains(&"lej"), "{report:#}");
}

#[test]
fn a_blueprint_change_on_many_lines_is_one_group() {
    let fleet = FleetBuilder::smallest().lines(412);
    let repo = Repo { fleet: fleet.build() }.begin();
    repo.fleet.write(
        "blueprints/hello/templates/settings/settings.json.j2",
        "{ \"plc\": {{ values.plc_ip }}, \"port\": 4840 }\n",
    );
    let report = repo.change();
    let groups = report["effect"]["groups"].as_array().expect("groups");
    assert_eq!(groups.len(), 1, "{report:#}");
    assert_eq!(groups[0]["lines"].as_array().expect("lines").len(), 413);
    assert_eq!(groups[0]["varies"], true);
    assert_eq!(report["effect"]["files"], 413);
}

#[test]
fn each_odd_clone_gives_the_answer_or_the_command() {
    let repo = Repo::kestrel();
    repo.fleet.edit("sites/grr/lines/pk2.yaml", "ip: 10.20.104.14", "ip: 10.20.104.15");
    repo.fleet.jig("render -q").run();
    repo.commit("change");
    let source = format!("file://{}", repo.fleet.root().display());
    let clones = tempfile::tempdir().expect("a temporary folder");
    let clone = |name: &str, args: &str| {
        git(clones.path(), &format!("clone -q {args} {source} {name}"));
        clones.path().join(name)
    };
    let judge = |folder: &Path, args: &str| jig().fleet(folder).args(&format!("validate {args}")).run();
    // Shallow: the base is missing, then it is there.
    let shallow = clone("shallow", "--depth 1 --branch work");
    let run = judge(&shallow, "--changed origin/main").exits(2);
    assert!(run.stderr.contains("git fetch origin main"), "{run}");
    git(&shallow, "fetch -q --depth 1 origin main:refs/remotes/origin/main");
    let run = judge(&shallow, "--changed origin/main").exits(2);
    assert!(run.stderr.contains("--unshallow"), "{run}");
    git(&shallow, "fetch -q --unshallow");
    judge(&shallow, "--changed origin/main").exits(0);
    // Detached, sparse, without any file checked out.
    let whole = clone("whole", "--no-checkout --branch work");
    git(&whole, "sparse-checkout set --no-cone /jig.yaml");
    git(&whole, "checkout -q --detach origin/work");
    let run = judge(&whole, "--changed origin/main --format json").exits(0);
    assert_eq!(run.json()["effect"]["lines"], 1, "{run}");
    // A merge commit, as CI makes it: the base is its first parent.
    git(&whole, "sparse-checkout disable");
    git(&whole, "checkout -q -b merged origin/main");
    support::git(&whole, &["merge", "-q", "--no-ff", "-m", "merge", "origin/work"]);
    let run = judge(&whole, "--changed --format json").exits(0);
    assert_eq!(run.json()["effect"]["lines"], 1, "{run}");
    let merged = format!("file://{}", whole.display());
    git(clones.path(), &format!("clone -q --depth 1 --branch merged {merged} tip"));
    let run = judge(&clones.path().join("tip"), "--changed").exits(2);
    assert!(run.stderr.contains("git fetch --deepen=1"), "{run}");
    // The CI says what the base is.
    git(&whole, "checkout -q --detach origin/work");
    let run = jig()
        .fleet(&whole)
        .args("validate --changed --format json")
        .env("GITHUB_BASE_REF", "main")
        .run()
        .exits(0);
    assert_eq!(run.json()["effect"]["lines"], 1, "{run}");
    let run = judge(&whole, "--changed").exits(2);
    assert!(run.stderr.contains("--changed origin/main"), "{run}");
}

#[test]
fn without_git_or_commits_the_way_out_is_said() {
    let fleet = FleetBuilder::smallest().build();
    let run = fleet.jig("validate --changed main").run().exits(2);
    assert!(run.stderr.contains("not in a git repository"), "{run}");
    git(fleet.root(), "init -q -b main");
    let run = fleet.jig("validate --changed main").run().exits(2);
    assert!(run.stderr.contains("no commit yet"), "{run}");
    git(fleet.root(), "add -A");
    support::git(fleet.root(), &["commit", "-q", "-m", "first"]);
    let run = fleet.jig("validate --changed nowhere").run().exits(2);
    assert!(run.stderr.contains("git has no commit `nowhere`") && run.stderr.contains("git fetch"), "{run}");
    let run = fleet.jig("validate --changed main --format json").run().exits(0);
    assert_eq!(run.json()["effect"]["files"], 0, "nothing was changed: {run}");
}

#[test]
fn a_fleet_in_a_folder_of_a_repository_is_compared_alone() {
    let fleet = FleetBuilder::smallest().build();
    let outer = tempfile::tempdir().expect("a temporary folder");
    let inner = outer.path().join("plants/acme");
    for (path, bytes) in support::files_below(fleet.root()) {
        std::fs::create_dir_all(inner.join(&path).parent().expect("a folder")).expect("folders can be made");
        std::fs::write(inner.join(&path), bytes).expect("a file can be written");
    }
    git(outer.path(), "init -q -b main");
    git(outer.path(), "add -A");
    support::git(outer.path(), &["commit", "-q", "-m", "first"]);
    git(outer.path(), "checkout -q -b work");
    std::fs::write(outer.path().join("elsewhere.txt"), "x").expect("a file can be written");
    let line = inner.join("sites/home/lines/one.yaml");
    let text = std::fs::read_to_string(&line).expect("it can be read").replace("10.0.0.5", "10.0.0.6");
    std::fs::write(&line, text).expect("a file can be written");
    git(outer.path(), "add -A");
    support::git(outer.path(), &["commit", "-q", "-m", "second"]);
    let run = jig().fleet(&inner).args("validate --changed main --format json").run().exits(0);
    assert_eq!(run.json()["effect"]["groups"][0]["lines"], serde_json::json!(["home/one"]), "{run}");
}
