//! Where jig runs without a person: pre-commit, the GitHub action, the GitLab component, and the files of the example that
//! use them.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::FleetBuilder;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn git(folder: &Path, args: &[&str]) -> String {
    let output = clean("git", folder)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
        .args(args)
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A command with nothing of the developer's machine but the PATH, with the jig under test first in it.
fn clean(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let own = Path::new(env!("CARGO_BIN_EXE_jig")).parent().expect("it has a folder").to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&path))).expect("a PATH");
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder)
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .current_dir(folder);
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The pre-commit of `.cache/venv`, or of the PATH.
fn pre_commit() -> Option<PathBuf> {
    let own = Path::new(ROOT).join(".cache/venv/bin/pre-commit");
    let all = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("pre-commit"))
        .collect::<Vec<_>>();
    std::iter::once(own).chain(all).find(|path| path.is_file())
}

#[test]
fn pre_commit_runs_the_hooks() {
    let Some(pre_commit) = pre_commit() else {
        assert!(std::env::var_os("JIG_TEST_REQUIRE").is_none(), "pre-commit is not installed");
        eprintln!("SKIPPED: pre-commit is not installed; run scripts/install-test-tools");
        return;
    };
    let hooks = tempfile::tempdir().expect("a temporary folder");
    fs::copy(Path::new(ROOT).join(".pre-commit-hooks.yaml"), hooks.path().join(".pre-commit-hooks.yaml"))
        .expect("it is there");
    git(hooks.path(), &["init", "-q"]);
    git(hooks.path(), &["add", "-A"]);
    git(hooks.path(), &["commit", "-q", "-m", "hooks"]);
    let version = git(hooks.path(), &["rev-parse", "HEAD"]);
    let fleet = FleetBuilder::smallest().build();
    fleet.jig("render -q").run().exits(0);
    let config = format!(
        "repos:\n  - repo: {}\n    rev: {version}\n    hooks: [ {{ id: jig-validate }}, {{ id: jig-render-check }} ]\n",
        hooks.path().display()
    );
    fleet.write(".pre-commit-config.yaml", config);
    git(fleet.root(), &["init", "-q"]);
    git(fleet.root(), &["add", "-A"]);
    let run = || {
        let home = fleet.path(".home");
        clean(&pre_commit, fleet.root())
            .env("PRE_COMMIT_HOME", home)
            .args(["run", "--all-files"])
            .output()
            .expect("it runs")
    };
    let output = run();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output).matches("Passed").count(), 2, "{}", said(&output));
    fleet.edit("sites/home/lines/one.yaml", "10.0.0.5", "10.0.0.6");
    git(fleet.root(), &["add", "-A"]);
    let output = run();
    assert!(!output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("jig render --check") && said(&output).contains("Failed"),
        "{}",
        said(&output)
    );
    fleet.edit("sites/home/lines/one.yaml", "area: hall", "aera: hall");
    git(fleet.root(), &["add", "-A"]);
    let output = run();
    assert!(said(&output).contains("did you mean `area`?"), "{}", said(&output));
}

/// The script of the action's last step.
fn script() -> String {
    let text = fs::read_to_string(Path::new(ROOT).join("action.yml")).expect("it is there");
    let action: serde_json::Value = serde_yaml::from_str(&text).expect("it is YAML");
    let steps = action["runs"]["steps"].as_array().expect("it has steps");
    steps.iter().find(|step| step["id"] == "validate").expect("it validates")["run"]
        .as_str()
        .expect("a script")
        .to_owned()
}

#[test]
fn the_action_judges_a_change_and_says_how_it_ended() {
    let fleet = FleetBuilder::smallest().build();
    fleet.jig("render -q").run().exits(0);
    git(fleet.root(), &["init", "-q", "-b", "main"]);
    git(fleet.root(), &["add", "-A"]);
    git(fleet.root(), &["commit", "-q", "-m", "base"]);
    git(fleet.root(), &["checkout", "-q", "-b", "work"]);
    fleet.edit("sites/home/lines/one.yaml", "10.0.0.5", "10.0.0.6");
    git(fleet.root(), &["commit", "-q", "-a", "-m", "forgot to render"]);
    let outputs = tempfile::tempdir().expect("a temporary folder");
    let run = |base: &str, whole: &str| {
        let output = clean("bash", fleet.root())
            .args(["-e", "-o", "pipefail", "-c", &script()])
            .env("JIG", env!("CARGO_BIN_EXE_jig"))
            .env("FLEET", ".")
            .env("BASE", base)
            .env("WHOLE", whole)
            .env("EXTERNAL", "false")
            .env("FAIL_ON", "error")
            .env("FORMATS", "text json=report.json")
            .env("RUNNER_TEMP", "/nowhere")
            .env("GITHUB_OUTPUT", outputs.path().join("outputs"))
            .output()
            .expect("bash runs");
        let written = fs::read_to_string(outputs.path().join("outputs")).unwrap_or_default();
        (output.status.code(), written.lines().last().unwrap_or_default().to_owned(), said(&output))
    };
    let (code, written, said) = run("main", "false");
    assert_eq!((code, written.as_str()), (Some(1), "exit-code=1"), "{said}");
    assert!(said.contains("stale-intended"), "{said}");
    let report: serde_json::Value =
        serde_json::from_str(&fleet.read("report.json")).expect("a report was written");
    assert_eq!(report["effect"]["files"], 1);
    let (code, written, said) = run("", "true");
    assert_eq!((code, written.as_str()), (Some(0), "exit-code=0"), "{said}");
    let (code, _, said) = run("$(touch hacked)", "false");
    assert_eq!(code, Some(2), "{said}");
    assert!(!fleet.has("hacked"), "an input became a command");
}

#[test]
fn no_input_stands_in_a_script() {
    let text = fs::read_to_string(Path::new(ROOT).join("action.yml")).expect("it is there");
    let action: serde_json::Value = serde_yaml::from_str(&text).expect("it is YAML");
    for step in action["runs"]["steps"].as_array().expect("it has steps") {
        let run = step["run"].as_str().expect("a composite step runs a script");
        assert!(!run.contains("${{"), "{run}");
    }
    let inputs = action["inputs"].as_object().expect("it has inputs");
    for (name, input) in inputs {
        assert!(
            input["description"].is_string() && text.contains(&format!("inputs.{name}")),
            "{name} is used and described"
        );
    }
}

#[test]
fn the_component_is_two_documents_whose_inputs_are_all_used() {
    let text = fs::read_to_string(Path::new(ROOT).join("templates/validate.yml")).expect("it is there");
    let (spec, job) = text.split_once("\n---\n").expect("a component has a header");
    let spec: serde_json::Value = serde_yaml::from_str(spec).expect("the header is YAML");
    let parsed: serde_json::Value = serde_yaml::from_str(job).expect("the job is YAML");
    for name in spec["spec"]["inputs"].as_object().expect("inputs").keys() {
        assert!(job.contains(&format!("$[[ inputs.{name} ]]")), "{name} is used");
    }
    let script = parsed["jig-validate"]["script"][0].as_str().expect("a script");
    let fleet = FleetBuilder::smallest().build();
    git(fleet.root(), &["init", "-q", "-b", "main"]);
    git(fleet.root(), &["add", "-A"]);
    git(fleet.root(), &["commit", "-q", "-m", "base"]);
    let output = clean("sh", fleet.root())
        .args(["-e", "-c", script])
        .env("JIG_FLEET", ".")
        .env("JIG_FAIL_ON", "error")
        .env("JIG_FORMATS", "text json=report.json")
        .env("CI_MERGE_REQUEST_DIFF_BASE_SHA", git(fleet.root(), &["rev-parse", "HEAD"]))
        .output()
        .expect("sh runs");
    assert!(output.status.success(), "{}", said(&output));
    assert!(fleet.has("report.json"));
}

#[test]
fn the_example_names_the_hooks_and_inputs_that_there_are() {
    let read = |path: &str| {
        fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let parse = |path: &str| -> serde_json::Value { serde_yaml::from_str(&read(path)).expect("it is YAML") };
    let hooks = parse(".pre-commit-hooks.yaml");
    let offered: Vec<&str> =
        hooks.as_array().expect("a list").iter().filter_map(|hook| hook["id"].as_str()).collect();
    let used = parse("examples/kestrel/.pre-commit-config.yaml");
    for hook in used["repos"][0]["hooks"].as_array().expect("hooks") {
        assert!(offered.contains(&hook["id"].as_str().expect("an id")));
    }
    let action = parse("action.yml");
    let workflow = parse("examples/kestrel/.github/workflows/jig.yml");
    let steps = workflow["jobs"]["validate"]["steps"].as_array().expect("steps");
    let own = steps
        .iter()
        .find(|step| step["uses"].as_str().is_some_and(|uses| uses.starts_with("OWNER/jig")))
        .expect("it uses the action");
    for name in own["with"].as_object().expect("inputs").keys() {
        assert!(action["inputs"].get(name).is_some(), "{name}");
    }
    assert!(read("examples/kestrel/.gitlab-ci.yml").contains("/validate@"));
}
