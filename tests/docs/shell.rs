//! Plays the commands of a page in an empty home folder beside a copy of the examples.

use super::ROOT;
use super::pages::Step;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs the steps one after the other, as a reader who pastes them into one terminal.
pub(crate) fn play(steps: &[Step]) -> Result<(), String> {
    if steps.is_empty() {
        return Ok(());
    }
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let mut folder = home.path().join("jig");
    copy(&Path::new(ROOT).join("examples"), &folder.join("examples"));
    for step in steps {
        let (code, said, after) = run(home.path(), &folder, &step.script);
        let fault = |what: String| Err(format!("{what}\n--- commands\n{}\n--- printed\n{said}", step.script));
        let wanted =
            step.script.rsplit_once("# exit code ").map_or(0, |(_, code)| code.trim().parse().unwrap_or(-1));
        if code != wanted {
            return fault(format!("it ended with {code}, not {wanted}"));
        }
        let mut printed = said.lines().map(str::trim_end);
        if let Some(missing) = step.prints.iter().find(|line| !printed.any(|said| said == line.trim_end())) {
            return fault(format!("it does not print, or not in this place: {missing}"));
        }
        folder = after;
    }
    Ok(())
}

/// Runs one script; returns its exit code, what it printed, and the folder that it ended in.
fn run(home: &Path, folder: &Path, script: &str) -> (i32, String, PathBuf) {
    let binary = Path::new(env!("CARGO_BIN_EXE_jig")).parent().expect("the program lies in a folder");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let left = home.join(".left");
    // What a reader builds and runs is built already.
    let script = script.replace("cargo run --release -- ", "jig ");
    let script = format!("exec 2>&1\ntrap 'pwd > \"$LEFT\"' EXIT\nset -e\n{script}\n");
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", path.as_str()), ("NO_COLOR", "1"), ("TERM", "dumb"), ("LC_ALL", "C.UTF-8")])
        .envs([("HOME", home), ("LEFT", &left)])
        .envs([("GIT_AUTHOR_NAME", "Reader"), ("GIT_AUTHOR_EMAIL", "reader@example.org")])
        .envs([("GIT_COMMITTER_NAME", "Reader"), ("GIT_COMMITTER_EMAIL", "reader@example.org")])
        .envs([("GIT_CONFIG_NOSYSTEM", "1")])
        .stdin(std::process::Stdio::null())
        .output()
        .expect("a shell can be started");
    let after =
        fs::read_to_string(&left).map_or_else(|_| folder.to_path_buf(), |text| text.trim_end().into());
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned(), after)
}

/// Has a template print each expression, on a line or, where it speaks of `lines`, on a site of the example.
pub(crate) fn evaluate(expressions: &[String]) -> Result<(), String> {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let fleet = home.path().join("kestrel");
    copy(&Path::new(ROOT).join("examples/kestrel"), &fleet);
    let (of_sites, of_lines): (Vec<&String>, Vec<&String>) =
        expressions.iter().partition(|expression| expression.starts_with("lines"));
    promise(&fleet.join("blueprints/packaging-line"), &of_lines);
    promise(&fleet.join("blueprints/site-base"), &of_sites);
    let output = Command::new(env!("CARGO_BIN_EXE_jig"))
        .args(["-C", &fleet.to_string_lossy(), "--color", "never", "render", "grr"])
        .output()
        .expect("jig starts");
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Adds an output to a blueprint whose template prints the expressions.
fn promise(blueprint: &Path, expressions: &[&String]) {
    let target = blueprint.join("templates/promises");
    fs::create_dir_all(&target).expect("a folder can be made");
    let settings = "kind: record\nfiles: [{ template: promises.yaml.j2, path: promises.yaml }]\n";
    fs::write(target.join("target.yaml"), settings).expect("a file can be written");
    let template = expressions.iter().fold(String::new(), |mut text, expression| {
        writeln!(text, "- {{{{ {expression} }}}}").expect("memory takes text");
        text
    });
    fs::write(target.join("promises.yaml.j2"), template).expect("a file can be written");
    let file = blueprint.join("blueprint.yaml");
    let text = fs::read_to_string(&file).expect("the blueprint can be read");
    let owner = "  - { id: promises, target: promises, owner: corp-standards }\n";
    fs::write(&file, format!("{}\n{owner}", text.trim_end())).expect("the blueprint can be written");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("an entry can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}
