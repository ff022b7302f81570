//! Questions on a real terminal: proposals, a wrong answer asked again, the line that comes out.
//!
//! Needs Python with pexpect (`JIG_TEST_PYTHON`); skipped loudly without, a failure under `JIG_TEST_REQUIRE`.

use std::process::Command;

/// Runs a script of `tests/terminal` on a fresh fleet, which it returns; `None` where that cannot be done.
#[allow(clippy::print_stderr)] // a test that is skipped says so
fn answered(script: &str) -> Option<(tempfile::TempDir, std::path::PathBuf)> {
    let python = std::env::var("JIG_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let has_pexpect =
        Command::new(&python).args(["-c", "import pexpect"]).output().is_ok_and(|o| o.status.success());
    if !has_pexpect {
        assert!(std::env::var_os("JIG_TEST_REQUIRE").is_none(), "{python} has no pexpect");
        eprintln!("SKIPPED: {python} has no pexpect; run scripts/test");
        return None;
    }
    let jig = env!("CARGO_BIN_EXE_jig");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fleet = folder.path().join("fleet");
    assert!(Command::new(jig).arg("init").arg(&fleet).status().expect("jig runs").success());
    let output = Command::new(&python)
        .arg(format!("{}/tests/terminal/{script}", env!("CARGO_MANIFEST_DIR")))
        .arg(jig)
        .arg(&fleet)
        .output()
        .expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some((folder, fleet))
}

#[test]
fn what_is_wrong_is_refused_at_its_prompt_and_asked_again_with_the_old_answer() {
    let Some((_folder, fleet)) = answered("mended.py") else { return };
    let line =
        std::fs::read_to_string(fleet.join("sites/plant1/lines/pk3.yaml")).expect("the line was written");
    assert!(line.contains("cell_subnet: 10.20.104.0/24\n"), "{line}");
    assert!(line.contains("gateway: plant1-edge-03\n  gateway_ip: 10.20.30.12\n"), "{line}");
    assert!(line.contains("ip: 10.20.104.11 }"), "{line}");
}

#[test]
fn a_line_is_answered_on_a_terminal() {
    let Some((_folder, fleet)) = answered("questions.py") else { return };
    let jig = env!("CARGO_BIN_EXE_jig");
    let line =
        std::fs::read_to_string(fleet.join("sites/plant1/lines/pk2.yaml")).expect("the line was written");
    insta::assert_snapshot!(line, @r"
    # yaml-language-server: $schema=../../../.jig/schemas/packaging-line@1.3.0.json
    area: packaging
    blueprint: packaging-line@1.3.0
    inputs:
      cell_subnet: 10.20.104.0/24
      safety_subnet: 10.20.105.0/28
      gateway: plant1-edge-02
      gateway_ip: 10.20.30.12
      units:
        - { id: filler, type: filler-a, ip: 10.20.104.11 }
      count_source: filler
    ");
    let render =
        Command::new(jig).arg("-C").arg(&fleet).args(["render", "plant1/pk2"]).output().expect("jig runs");
    assert!(render.status.success(), "{}", String::from_utf8_lossy(&render.stdout));
}
