//! `jig validate --changed`: what a change brings, what it does to every line, and who must agree; read from git alone.

mod support;

use serde_json::Value as Json;
use std::path::Path;
use std::process::Command;
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

/// The example without any answer that the blueprints themselves demand to be unique.
fn without_unique() -> Fleet {
    let fleet = copy_example("kestrel");
    for folder in ["packaging-line", "packaging-line@1.2.0", "site-base"] {
        let path = format!("blueprints/{folder}/blueprint.yaml");
        let text = fleet.read(&path).replace("    unique: fleet\n", "").replace(", unique: fleet }", " }");
        fleet.write(&path, text);
    }
    fleet
}

#[test]
fn what_meets_an_untouched_line_is_told_at_the_touched_one() {
    // A name, a network around another one, an address, and a topic; on a line of another site each time.
    for (file, from, to, rules_wanted) in [
        (
            "sites/lej/lines/pk2.yaml",
            "gateway: lej-edge-02",
            "gateway: grr-edge-01",
            "duplicate-client-id duplicate-host",
        ),
        (
            "sites/lej/lines/pk2.yaml",
            "safety_subnet: 10.30.105.0/28",
            "safety_subnet: 10.20.104.0/23",
            "overlapping-subnets",
        ),
        ("sites/lej/lines/pk2.yaml", "ip: 10.30.104.13", "ip: 10.20.100.11", "duplicate-address"),
        ("sites/lej/site.yaml", "ntp: 10.30.10.5", "ntp: 10.20.10.20", "duplicate-address"),
    ] {
        let repo = Repo { fleet: without_unique() }.begin();
        repo.fleet.edit(file, from, to);
        repo.commit("meets another");
        let run = repo.fleet.jig("validate --changed main --format json").run();
        for rule in rules_wanted.split(' ') {
            let found = run.findings();
            let own: Vec<_> = found.iter().filter(|found| found.rule == rule && found.file == file).collect();
            let new = to.split(": ").nth(1).expect("a value");
            let line =
                repo.fleet.read(file).lines().position(|line| line.contains(new)).expect("it is there");
            assert!(!own.is_empty(), "{to}: {rule}: {found:#?}");
            assert_eq!(own[0].line as usize, line + 1, "{rule}: {:?}", own[0]);
        }
        // Both in one change, or all at once, tell the same.
        let whole = repo.fleet.jig("validate --format json").run().findings();
        for rule in rules_wanted.split(' ') {
            assert!(whole.iter().any(|found| found.rule == rule), "{rule}: {whole:?}");
        }
    }
}

#[test]
fn what_met_before_and_is_not_touched_is_old() {
    let fleet = without_unique();
    fleet.edit("sites/lej/lines/pk2.yaml", "gateway: lej-edge-02", "gateway: grr-edge-01");
    let repo = Repo { fleet }.begin();
    repo.fleet.edit("sites/lej/lines/pk2.yaml", "Sat 22:00-23:00", "Sat 22:00-24:00");
    let report = repo.change();
    assert_eq!(rules(&report), Vec::<String>::new(), "{report:#}");
    // Touched again it is not.
    repo.fleet.edit("sites/lej/lines/pk2.yaml", "gateway: grr-edge-01", "gateway: grr-edge-01 # moved");
    let report = repo.change();
    assert!(rules(&report).contains(&"duplicate-host".to_owned()), "{report:#}");
}

#[test]
fn a_name_that_the_blueprint_gives_to_every_line_is_found_with_a_new_line() {
    let target =
        "kind: dashboard\nproduct: Grafana\nfiles: [ { template: settings.json.j2, path: settings.json } ]\n";
    let fleet = FleetBuilder::smallest()
        .file("blueprints/hello/templates/settings/target.yaml", target)
        .file("blueprints/hello/templates/settings/settings.json.j2", "{ \"uid\": \"line\" }\n");
    let repo = Repo { fleet: fleet.build() }.begin();
    let line = repo.fleet.read("sites/home/lines/one.yaml").replace("10.0.0.5", "10.0.0.6");
    repo.fleet.write("sites/home/lines/two.yaml", line);
    let report = repo.change();
    assert_eq!(rules(&report), ["duplicate-dashboard"], "{report:#}");
    assert_eq!(report["findings"][0]["address"], "home/two");
}

#[test]
fn two_lines_whose_names_flow_together_in_a_topic_are_found() {
    let repo = Repo { fleet: without_unique() };
    let jig = repo.fleet.read("jig.yaml");
    let topic = jig.lines().find(|line| line.contains("topic:")).expect("there is one").to_owned();
    repo.fleet.edit("jig.yaml", &topic, "  topic: \"{{ enterprise }}/{{ site }}-{{ line }}\"");
    let line = repo.fleet.read("sites/lej/lines/pk2.yaml");
    repo.fleet.write(
        "sites/grr/lines/a-b.yaml",
        line.replace("10.30.", "10.20.")
            .replace("lej-", "ab-")
            .replace(".104.", ".150.")
            .replace(".105.", ".151.")
            .replace("30.12", "30.77"),
    );
    let repo = repo.begin();
    let site = repo.fleet.read("sites/grr/site.yaml");
    repo.fleet.write("sites/grr-a/site.yaml", site.replace("10.20.", "10.66."));
    let other = line.replace("10.30.", "10.66.").replace("lej-", "gra-");
    repo.fleet.write("sites/grr-a/lines/b.yaml", other);
    let report = repo.change();
    assert!(rules(&report).contains(&"sparkplug-collision".to_owned()), "{report:#}");
}

#[test]
fn a_difference_means_what_the_targets_profile_says() {
    // The title of a panel is a metric's, the sampling time of a gateway a setting, its security policy is security.
    let profile = "compare: { consequence: [ { match: /policy, class: security }, { match: /look/**, class: look } ] }\n";
    let target = "kind: gateway\nfiles: [ { template: settings.json.j2, path: settings.json } ]\n";
    let template = "{\n  \"plc\": {{ values.plc_ip }},\n  \"policy\": \"sign\",\n  \"look\": {\n    \"colour\": \"red\"\n  },\n  \"period\": 5\n}\n";
    let fleet = FleetBuilder::smallest()
        .file("blueprints/hello/templates/settings/target.yaml", &format!("{target}{profile}"))
        .file("blueprints/hello/templates/settings/settings.json.j2", template);
    for (from, to, class) in [
        ("\"sign\"", "\"none\"", "security"),
        ("red", "blue", "look"),
        ("\"period\": 5", "\"period\": 6", "settings"),
        ("  \"period\": 5\n", "  \"period\":   5\n", "look"),
    ] {
        let repo = Repo { fleet: fleet.build() }.begin();
        repo.fleet.edit("blueprints/hello/templates/settings/settings.json.j2", from, to);
        let report = repo.change();
        let groups = report["effect"]["groups"].as_array().expect("groups");
        assert_eq!(groups.len(), 1, "{report:#}");
        assert_eq!(groups[0]["consequence"], class, "{to}: {report:#}");
    }
}

#[test]
fn a_repository_of_another_user_is_read_only_when_asked() {
    let repo = Repo { fleet: FleetBuilder::smallest().build() }.begin();
    repo.git("tag hello/0.1.0");
    repo.fleet.edit("blueprints/hello/blueprint.yaml", "0.1.0", "0.2.0");
    repo.commit("next version; the line stays");
    if !owned_by_another(repo.fleet.root()) {
        assert!(std::env::var_os("JIG_TEST_REQUIRE").is_none(), "files cannot be given away");
        eprintln!("SKIPPED: only root can give files to another user");
        return;
    }
    let run = repo.fleet.jig("validate --changed main").run().exits(2);
    assert!(run.stderr.contains("belongs to another user"), "{run}");
    assert!(run.stderr.contains("safe.directory") && run.stderr.contains("--trust-repo"), "{run}");
    repo.fleet.jig("validate --trust-repo --changed main").run().exits(0);
    // The line follows a version that only the tag holds.
    let run = repo.fleet.jig("render").run().exits(2);
    assert!(format!("{run}").contains("--trust-repo"), "{run}");
    repo.fleet.jig("--trust-repo render").run().exits(0);
    std::fs::create_dir(repo.fleet.path("deployed")).expect("a folder can be made");
    let run = repo.fleet.jig("diff").run();
    assert!(format!("{run}").contains("belongs to another user"), "{run}");
    let run = repo.fleet.jig("diff --trust-repo").run();
    assert!(!format!("{run}").contains("belongs to another user"), "{run}");
}

/// Gives a folder to `nobody`; `false` where this user may not.
#[cfg(unix)]
fn owned_by_another(folder: &Path) -> bool {
    Command::new("chown")
        .args(["-R", "65534:65534"])
        .arg(folder)
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(not(unix))]
fn owned_by_another(_: &Path) -> bool {
    false
}

#[test]
fn worktrees_submodules_and_bare_repositories_give_the_answer_or_the_command() {
    let repo = Repo { fleet: FleetBuilder::smallest().build() }.begin();
    repo.fleet.edit("sites/home/lines/one.yaml", "10.0.0.5", "10.0.0.6");
    repo.fleet.jig("render -q").run();
    repo.commit("change");
    let outer = tempfile::tempdir().expect("a temporary folder");
    let one_line = |folder: &Path| {
        for trust in ["", "--trust-repo"] {
            let run =
                jig().fleet(folder).args(&format!("validate --changed main --format json {trust}")).run();
            let run = run.exits(0);
            assert_eq!(run.json()["effect"]["lines"], 1, "{run}");
        }
    };
    // A linked work tree.
    let linked = outer.path().join("linked");
    git(repo.fleet.root(), &format!("worktree add -q --detach {} work", linked.display()));
    one_line(&linked);
    // A submodule of a larger repository.
    let around = outer.path().join("around");
    std::fs::create_dir(&around).expect("a folder can be made");
    git(&around, "init -q");
    let source = repo.fleet.root().display().to_string();
    git(&around, &format!("-c protocol.file.allow=always submodule add -q -b work {source} plants"));
    git(&around.join("plants"), "branch main origin/main");
    one_line(&around.join("plants"));
    // A bare repository holds no files: whoever points at it is told what to do.
    git(outer.path(), &format!("clone -q --bare {source} bare.git"));
    let run = jig().fleet(outer.path().join("bare.git")).args("validate --changed main").run().exits(2);
    assert!(run.stderr.contains("bare") && run.stderr.contains("git worktree add"), "{run}");
    // And so is one whose sparse checkout leaves jig.yaml out.
    let sparse = outer.path().join("sparse");
    git(outer.path(), &format!("clone -q --no-checkout -b work {source} sparse"));
    git(&sparse, "sparse-checkout set --no-cone /sites");
    git(&sparse, "checkout -q work");
    let run = jig().cwd(&sparse).args("validate --changed origin/main").run().exits(2);
    assert!(run.stderr.contains("git sparse-checkout add jig.yaml"), "{run}");
}

#[test]
fn a_renamed_line_is_one_that_goes_and_one_that_comes() {
    let repo = Repo { fleet: FleetBuilder::smallest().build() }.begin();
    repo.git("mv sites/home/lines/one.yaml sites/home/lines/uno.yaml");
    let report = repo.change();
    assert_eq!(report["effect"]["lines"], 2, "{report:#}");
    assert_eq!(report["effect"]["files"], 2, "{report:#}");
    assert_eq!(rules(&report), Vec::<String>::new(), "{report:#}");
    // And a blueprint's folder that moves to stand beside its next version changes nothing.
    let repo = Repo { fleet: FleetBuilder::smallest().build() }.begin();
    repo.git("mv blueprints/hello blueprints/hello@0.1.0");
    let report = repo.change();
    assert_eq!(report["effect"]["files"], 0, "{report:#}");
    assert_eq!(rules(&report), Vec::<String>::new(), "{report:#}");
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
    let rights = "rights:\n  DR-01: { what: release, scope: blueprint, decides: it, agrees: [controls], \
                  within_working_days: 5, sides: both }\n";
    let fleet = FleetBuilder::smallest().lines(411).file("rights.yaml", rights);
    let repo = Repo { fleet: fleet.build() }.begin();
    repo.fleet.write(
        "blueprints/hello/templates/settings/settings.json.j2",
        "{ \"plc\": {{ values.plc_ip }}, \"port\": 4840 }\n",
    );
    let report = repo.change();
    let groups = report["effect"]["groups"].as_array().expect("groups");
    assert_eq!(groups.len(), 1, "{report:#}");
    assert_eq!(groups[0]["lines"].as_array().expect("lines").len(), 412);
    assert_eq!(groups[0]["varies"], true);
    assert_eq!(report["effect"]["files"], 412);
    let approvals = report["approvals"].as_array().expect("approvals");
    assert_eq!(approvals.len(), 1, "{report:#}");
    assert_eq!((&approvals[0]["right"], &approvals[0]["team"]), (&"DR-01".into(), &"@acme/it".into()));
    assert_eq!(texts(&approvals[0]["agrees"]), ["@acme/controls"]);
    assert_eq!(approvals[0]["because"][0]["id"], "hello");
    // As a comment it is read in one go: the difference once, whoever must agree above it.
    let comment = repo.fleet.jig("validate --changed main --format markdown").run().stdout;
    assert!(comment.len() < 3000 && comment.starts_with("<!-- jig:plan:acme -->"), "{comment}");
    assert_eq!(comment.matches("\"port\": 4840").count(), 1, "{comment}");
    assert!(comment.contains("412") && comment.contains("acme/it"), "{comment}");
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
