//! Pipes, devices, links and full disks where files are expected, and where results go.
#![cfg(unix)]

mod support;

use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use support::copy_example;

const JIG: &str = env!("CARGO_BIN_EXE_jig");

#[test]
fn a_pipe_in_the_fleet_is_refused_and_not_waited_for() {
    let fleet = copy_example("smallest");
    let pipe = fleet.root().join("sites/home/lines/two.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let run = fleet.jig("validate").run();
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stdout.contains("it is not a regular file"), "{run}");
}

#[test]
fn a_result_that_could_not_be_printed_is_no_success() {
    if !std::path::Path::new("/dev/full").exists() {
        let _ = writeln!(std::io::stderr(), "!!! skipped: there is no /dev/full here");
        assert!(std::env::var_os("JIG_TEST_REQUIRE").is_none(), "/dev/full is required");
        return;
    }
    let fleet = copy_example("smallest");
    for command in ["validate", "render --dry-run", "schema", "man", "--format json validate"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let output = Command::new(JIG)
            .arg("-C")
            .arg(fleet.root())
            .args(command.split(' '))
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .expect("jig runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(said.contains("cannot write to standard output"), "{command}: {said}");
    }
}

#[test]
fn a_report_goes_where_it_was_sent() {
    let fleet = copy_example("smallest");
    let at = |name: &str| fleet.root().join(name);
    // Through a link, into its target.
    fleet.write("real.json", "old");
    symlink(at("real.json"), at("link.json")).expect("a link");
    fleet.jig("validate --format").arg(format!("json={}", at("link.json").display())).run().exits(0);
    assert!(at("link.json").is_symlink());
    assert!(fleet.read("real.json").starts_with("{\"format\":1"));
    // Into a pipe, not over it.
    let pipe = at("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let reader = Command::new("cat").arg(&pipe).stdout(Stdio::piped()).spawn().expect("cat");
    fleet.jig("validate --format").arg(format!("json={}", pipe.display())).run().exits(0);
    let read = reader.wait_with_output().expect("cat ends").stdout;
    assert!(read.starts_with(b"{\"format\":1"), "{}", String::from_utf8_lossy(&read));
    assert!(!pipe.is_file(), "the pipe is still a pipe");
}

#[test]
fn a_conduit_that_went_away_is_told_by_the_decision_that_covers_it() {
    let fleet = copy_example("kestrel");
    fleet.remove("blueprints/site-base/conduits.yaml");
    for command in ["render --format json", "validate --format json"] {
        let run = fleet.jig(command).run();
        assert!(run.code > 0, "{run}");
        let found = run.findings();
        let of_decisions =
            found.iter().filter(|f| f.rule == "unknown-reference" && f.file.starts_with("decisions/"));
        assert!(of_decisions.count() > 0, "{run}");
    }
}

#[test]
fn a_bare_jig_does_not_send_a_hand_edit_to_the_devices() {
    let fleet = copy_example("smallest");
    fleet.jig("render -q").run().exits(0);
    let edited =
        fleet.files("intended").into_keys().find(|path| !path.ends_with("manifest.json")).expect("a file");
    fleet.write(&format!("intended/{edited}"), "edited\n");
    let run = fleet.jig("").run();
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("next: `jig render` names the files that were edited by hand"), "{run}");
}
