//! What stands on disk is whole, jig's own and in its place: through kills, full disks, folders without rights, links,
//! files of others, traps in paths, and a second jig.

#![cfg(unix)]

mod support;

use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use support::{BLUEPRINT, Fleet, FleetBuilder, LINE, copy_example, files_below, in_parallel};

// ---- kills

/// How many lines the fleet of the kills has, and how many files a line.
const LINES: usize = 1000;
const FILES: usize = 2;
/// How many lines a file.
const LONG: usize = 12;

#[test]
fn a_kill_at_any_moment_leaves_each_file_old_or_new_and_the_next_run_ends_right() {
    let kills: usize = std::env::var("JIG_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let fleet = stamped(LINES);
    stamp(&fleet, 0);
    let started = Instant::now();
    fleet.jig("render").run().exits(0);
    let whole_run = started.elapsed();
    let mut dice = Dice(0x5eed);
    let mut interrupted = 0;
    for round in 1..=kills {
        stamp(&fleet, round);
        let mut child = fleet.jig("render -j2").spawn();
        std::thread::sleep(whole_run.mul_f64(dice.roll() * 0.9));
        child.kill().expect("a signal can be sent");
        interrupted += usize::from(!child.wait().expect("it ends").success());
        demand_whole(&fleet, round);
        if round % 20 == 0 {
            demand_healed(&fleet, round);
        }
    }
    demand_healed(&fleet, kills);
    assert!(interrupted > kills / 2, "only {interrupted} of {kills} runs were killed in the middle");
}

/// Lines with small files whose text names the round that wrote it.
fn stamped(count: usize) -> Fleet {
    let files: String = (0..FILES)
        .map(|n| format!("  - {{ template: f.j2, path: \"d{}/f{n}.txt\", syntax: text }}\n", n % 2))
        .collect();
    let mut builder = FleetBuilder::smallest().lines(count);
    let folder = "blueprints/hello/templates/many";
    let blueprint = BLUEPRINT.replace("target: settings", "target: many");
    builder = builder.file("blueprints/hello/blueprint.yaml", &blueprint);
    builder = builder.file(&format!("{folder}/target.yaml"), &format!("kind: record\nfiles:\n{files}"));
    let text = "{% import 'stamp.j2' as s %}{{ s.round() }}\n{% for i in range(LONG) %}{{ line }} {{ i }} {{ output.path }}\n{% endfor %}";
    builder
        .file(&format!("{folder}/f.j2"), &text.replace("LONG", &LONG.to_string()))
        .file(&format!("{folder}/stamp.j2"), "")
        .build_in_memory()
}

fn stamp(fleet: &Fleet, round: usize) {
    let text = format!("{{% macro round() %}}round {round}{{% endmacro %}}\n");
    fleet.write("blueprints/hello/templates/many/stamp.j2", text);
}

/// Every file is exactly what one round wrote.
fn demand_whole(fleet: &Fleet, round: usize) {
    let mut seen = 0;
    for (path, bytes) in fleet.files("intended") {
        if path.ends_with(".jig-tmp") || path.ends_with("manifest.json") {
            continue;
        }
        seen += 1;
        let (folder, file) = path.split_once("/d").expect("a file of a line");
        let line = folder.rsplit('/').next().expect("a line");
        let text = String::from_utf8(bytes).expect("text");
        let (first, rest) = text.split_once('\n').unwrap_or_default();
        let written = first.strip_prefix("round ").and_then(|number| number.parse::<usize>().ok());
        let expected: String = (0..LONG).map(|i| format!("{line} {i} d{file}\n")).collect();
        assert!(
            written.is_some_and(|written| written <= round) && rest == expected,
            "{path} is torn in round {round}"
        );
    }
    assert_eq!(seen, (LINES + 1) * FILES);
}

/// The next run ends in the right state, takes nothing for an edit by hand and leaves nothing behind.
fn demand_healed(fleet: &Fleet, round: usize) {
    let report = fleet.jig("render --format json").run().exits(0).json();
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(0), "{}", report["findings"]);
    fleet.jig("render --check").run().exits(0);
    let files = fleet.files("intended");
    assert!(!files.keys().any(|path| path.contains(".jig-tmp")), "temporary files are left");
    for (path, bytes) in &files {
        let is_new =
            path.ends_with("manifest.json") || bytes.starts_with(format!("round {round}\n").as_bytes());
        assert!(is_new, "{path} is not of round {round}");
    }
    let manifest: Json = serde_json::from_slice(&files["s0/l0000/manifest.json"]).expect("JSON");
    assert_eq!(manifest["files"].as_array().map(Vec::len), Some(FILES));
}

/// A small generator: the moments differ, and are the same in every run of the test.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[test]
fn a_cut_off_run_whose_line_is_gone_leaves_nothing() {
    // What a kill leaves: the pending manifest, a file beside its place, and no manifest yet.
    let fleet = FleetBuilder::smallest().file("sites/home/lines/two.yaml", &two()).build();
    fleet.jig("render").run().exits(0);
    let folder = "intended/home/two";
    fs::rename(
        fleet.path(&format!("{folder}/manifest.json")),
        fleet.path(&format!("{folder}/manifest.json.jig-tmp")),
    )
    .expect("it can be renamed");
    fleet.write(&format!("{folder}/.settings.json.jig-tmp"), "half");
    fleet.remove("sites/home/lines/two.yaml");
    fleet.jig("render").run().exits(0);
    assert!(!fleet.has(folder), "{:?}", fleet.files(folder).keys());
}

#[test]
fn after_a_kill_what_a_person_changed_is_still_found() {
    let fleet = two_outputs().build();
    fleet.jig("render").run().exits(0);
    let manifest = fleet.read("intended/home/one/manifest.json");
    fleet.write("intended/home/one/manifest.json.jig-tmp", &manifest);
    fleet.write("intended/home/one/settings.json", "mine");
    let run = fleet.jig("render --format json").run().exits(1);
    assert_eq!(run.findings()[0].rule, "hand-edited");
    assert_eq!(fleet.read("intended/home/one/settings.json"), "mine");
    // A half-written pending manifest says nothing; the old one counts.
    fleet.write("intended/home/one/settings.json", "{ \"plc\": \"10.0.0.5\" }\n");
    fleet.write("intended/home/one/manifest.json.jig-tmp", &manifest[..manifest.len() / 2]);
    fleet.edit("sites/home/lines/one.yaml", "10.0.0.5", "10.0.0.6");
    fleet.jig("render").run().exits(0);
    fleet.jig("render --check").run().exits(0);
    assert!(!fleet.has("intended/home/one/manifest.json.jig-tmp"));
}

#[test]
fn two_jigs_at_once_end_as_one_would() {
    let fleet = stamped(150);
    for round in 0..4 {
        stamp(&fleet, round);
        let mut children: Vec<_> =
            ["-j1", "-j2", "-j8"].iter().map(|threads| fleet.jig("render").arg(threads).spawn()).collect();
        for child in &mut children {
            assert!(child.wait().expect("it ends").success());
        }
        fleet.jig("render --check").run().exits(0);
    }
    let out = tempfile::tempdir().expect("a folder");
    fleet.jig("render --out").arg(out.path()).run().exits(0);
    assert!(fleet.files("intended") == files_below(out.path()));
}

#[test]
fn a_lock_that_another_process_holds_is_waited_for() {
    let fleet = FleetBuilder::smallest().build();
    fs::create_dir_all(fleet.path("intended")).expect("a folder");
    let holder = fs::File::open(fleet.path("intended")).expect("it opens");
    holder.lock().expect("a lock");
    let mut waiting = fleet.jig("render").spawn();
    std::thread::sleep(Duration::from_millis(400));
    assert!(waiting.try_wait().expect("it can be asked").is_none() && !fleet.has("intended/home"));
    drop(holder);
    assert!(waiting.wait().expect("it ends").success() && fleet.has("intended/home/one/settings.json"));
}

// ---- links, folders and files in the way

#[test]
fn links_are_never_written_through() {
    let outside = tempfile::tempdir().expect("a folder");
    let precious = outside.path().join("precious");
    let traps: &[(&str, i32)] = &[
        ("intended/home", 2),
        ("intended/home/one", 2),
        ("intended/home/one/extra", 2),
        ("intended/home/one/extra/deep", 2),
        ("intended/home/one/settings.json", 1),
        ("intended/home/one/extra/deep/more.json", 1),
        // Names that jig uses while it writes: a link there is taken away, not followed.
        ("intended/home/one/.settings.json.jig-tmp", 0),
        ("intended/home/one/manifest.json.jig-tmp", 0),
        ("intended/home/one/.manifest.json.jig-tmp", 0),
        ("intended/home/.one.jig-tmp", 0),
        (".jig", 0),
        (".jig/cache", 0),
    ];
    for (trap, code) in traps {
        for existing in [false, true] {
            let fleet = two_outputs().build();
            fs::write(&precious, "precious").expect("a file");
            let is_folder = *code == 2;
            let target = match (is_folder, existing) {
                (true, _) => outside.path().to_path_buf(),
                (false, true) => precious.clone(),
                (false, false) => outside.path().join("absent"),
            };
            fs::create_dir_all(fleet.path(trap).parent().expect("a parent")).expect("a folder");
            symlink(&target, fleet.path(trap)).expect("a link");
            let run = fleet.jig("render").run().exits(*code);
            let left: Vec<_> = files_below(outside.path()).into_iter().collect();
            assert_eq!(left, [("precious".to_owned(), b"precious".to_vec())], "{trap}\n{run}");
            if is_folder {
                assert!(
                    run.stdout.contains("is a link")
                        && run.stdout.contains(trap.rsplit('/').next().expect("a name")),
                    "{run}"
                );
            }
            if *code < 2 {
                fleet.jig("render --force").run().exits(0);
                assert_eq!(fs::read_to_string(&precious).expect("it is there"), "precious");
                assert!(fleet.read("intended/home/one/settings.json").contains("10.0.0.5"));
            }
        }
    }
}

#[test]
fn leftovers_are_not_removed_through_links_or_out_of_their_folder() {
    let outside = tempfile::tempdir().expect("a folder");
    let fleet = two_outputs().build();
    fleet.jig("render").run().exits(0);
    // The same bytes elsewhere, reached through a link in place of the folder.
    fs::create_dir(outside.path().join("deep")).expect("a folder");
    fs::copy(fleet.path("intended/home/one/extra/deep/more.json"), outside.path().join("deep/more.json"))
        .expect("a copy");
    fleet.remove("intended/home/one/extra");
    symlink(outside.path(), fleet.path("intended/home/one/extra")).expect("a link");
    fleet.write("blueprints/hello/blueprint.yaml", BLUEPRINT);
    let run = fleet.jig("render").run().exits(2);
    assert!(run.stdout.contains("is a link") && outside.path().join("deep/more.json").exists(), "{run}");

    // A manifest that was edited names a file of the fleet, with its right digest.
    let fleet = two_outputs().build();
    fleet.jig("render").run().exits(0);
    let digest = |path: &str| format!("b3:{}", blake3::hash(fleet.read(path).as_bytes()).to_hex());
    let victims = ["sites/home/site.yaml", "jig.yaml"];
    let mut manifest: Json =
        serde_json::from_str(&fleet.read("intended/home/one/manifest.json")).expect("JSON");
    for (victim, path) in victims.iter().zip([
        "../../../sites/home/site.yaml".to_owned(),
        fleet.path("jig.yaml").to_string_lossy().into_owned(),
    ]) {
        let mut entry = manifest["files"][0].clone();
        entry["path"] = path.into();
        entry["digest"] = digest(victim).into();
        manifest["files"].as_array_mut().expect("files").push(entry);
    }
    fleet.write("intended/home/one/manifest.json", manifest.to_string());
    for mode in ["render", "render --force"] {
        fleet.jig(mode).run().exits(0);
        assert!(victims.iter().all(|victim| fleet.has(victim)), "{mode}");
        fleet.write("intended/home/one/manifest.json", manifest.to_string());
    }
    fleet.remove("sites/home/lines/one.yaml");
    fleet.jig("render --force").run();
    assert!(victims.iter().all(|victim| fleet.has(victim)));
}

#[test]
fn pipes_and_folders_in_the_way_are_refused_and_never_waited_for() {
    for (name, code) in [("settings.json", 1), ("manifest.json", 0)] {
        let fleet = FleetBuilder::smallest().build();
        fs::create_dir_all(fleet.path("intended/home/one")).expect("a folder");
        let made = Command::new("mkfifo").arg(fleet.path(&format!("intended/home/one/{name}"))).status();
        assert!(made.expect("mkfifo runs").success());
        fleet.jig("render").limit(Duration::from_secs(20)).run().exits(code);
    }
    for name in ["manifest.json", "manifest.json.jig-tmp", ".settings.json.jig-tmp", "settings.json"] {
        let fleet = FleetBuilder::smallest().file("sites/home/lines/two.yaml", &two()).build();
        fleet.write(&format!("intended/home/one/{name}/x"), "");
        let run = fleet.jig("render").run().exits(2);
        assert!(run.stdout.contains(name) && run.stdout.contains("home/one"), "{run}");
        assert!(fleet.has(&format!("intended/home/one/{name}/x")), "{name}");
        assert!(
            !fleet.path("intended/home/one/settings.json").is_file(),
            "{name}: nothing of the line is written"
        );
        assert!(fleet.has("intended/home/two/settings.json"), "{name}: the other line goes on");
    }
}

#[test]
fn a_file_where_a_folder_belongs_and_the_reverse_are_said() {
    for (in_the_way, words) in [
        ("intended", ""),
        ("intended/home", "is a file; a folder belongs there"),
        ("intended/home/one", "is a file; a folder belongs there"),
        ("intended/home/one/extra", "is a file; a folder belongs there"),
    ] {
        let fleet = two_outputs().build();
        fleet.write(in_the_way, "a file");
        let run = fleet.jig("render").run().exits(2);
        assert!((run.stdout.clone() + &run.stderr).contains(words), "{run}");
        assert_eq!(fleet.read(in_the_way), "a file");
    }
    // An output moves from a folder of jig's to a file of that name, and back: said, not half-done.
    let fleet = two_outputs().build();
    fleet.jig("render").run().exits(0);
    let before = fleet.files("intended");
    fleet.edit("blueprints/hello/blueprint.yaml", "path: extra/deep/more.json", "path: extra, ");
    let run = fleet.jig("render").run();
    assert!([0, 2].contains(&run.code), "{run}");
    if run.code == 2 {
        assert_eq!(fleet.files("intended"), before);
    }
}

#[test]
fn a_leftover_whose_folder_became_a_file_of_others_is_no_trouble() {
    let fleet = two_outputs().build();
    fleet.jig("render").run().exits(0);
    fleet.remove("intended/home/one/extra");
    fleet.write("intended/home/one/extra", "of others");
    fleet.write("blueprints/hello/blueprint.yaml", BLUEPRINT);
    fleet.jig("render").run().exits(0);
    assert_eq!(fleet.read("intended/home/one/extra"), "of others");
}

// ---- paths from data

#[test]
fn paths_from_data_stay_in_their_folder() {
    let long = "x".repeat(201);
    let longest = "a/".repeat(600) + "x";
    let traps = [
        "../x",
        "../../sites/home/site.yaml",
        "/etc/x",
        "a/../../x",
        "a/./b",
        ".",
        "..",
        "",
        "a//b",
        "a/",
        "a\\b",
        "C:x",
        "a\0b",
        "a\nb",
        "a\tb",
        "a\u{7f}",
        "manifest.json",
        "Manifest.JSON",
        "collected.yaml",
        "con",
        "NUL.txt",
        "com1",
        "x.",
        "x ",
        " x",
        "_site/x",
        ".x.jig-tmp",
        "manifest.json.jig-tmp",
        "~/x/../y",
        &long,
        &longest,
        "secret:grr/mqtt",
        "a\u{2028}b",
        "a\u{202E}b",
        "a\u{FEFF}b",
    ];
    let check = |path: &&str| {
        let fleet = path_fleet(path);
        let files = || -> Vec<String> {
            let all = fleet.files("").into_keys();
            all.filter(|path| !path.starts_with(".jig/")).collect()
        };
        let before = files();
        let run = fleet.jig("render --format json").run();
        if run.code != 1
            || run.findings().iter().all(|found| found.rule != "unsafe-path" && found.rule != "unresolved")
        {
            return Some(format!("{path:?}: {run}"));
        }
        (files() != before).then(|| format!("{path:?} wrote something"))
    };
    let wrong: Vec<_> = in_parallel(&traps, check).into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for path in
        ["a", "Übung/größe.json", ".hidden", "a b/c", "a..b", "...x", "a/-rf", "$HOME", "`id`", "%2e%2e"]
    {
        let fleet = path_fleet(path);
        fleet.jig("render").run().exits(0);
        assert!(fleet.has(&format!("intended/home/one/{path}")), "{path}");
    }
}

/// The smallest fleet whose output's path is a value.
fn path_fleet(path: &str) -> Fleet {
    let blueprint = BLUEPRINT
        .replace("inputs:", "inputs:\n  where: { owner: controls }")
        .replace("target: settings,", "target: settings, path: '{{ values.where }}',");
    let quoted = serde_json::to_string(path)
        .expect("JSON")
        .replace('\u{7f}', "\\u007f")
        .replace('\u{FEFF}', "\\ufeff");
    let line = format!("{LINE}  where: {quoted}\n");
    FleetBuilder::smallest()
        .file("blueprints/hello/blueprint.yaml", &blueprint)
        .file("sites/home/lines/one.yaml", &line)
        .build()
}

#[test]
fn paths_that_meet_are_refused_whatever_their_case() {
    for (first, second) in [
        ("a/x", "a/x"),
        ("a/X", "A/x"),
        ("straße", "STRASSE"),
        ("é", "e\u{301}"),
        ("a", "a/b"),
        ("A/b", "a"),
        ("ı", "I"),
    ] {
        let blueprint = format!(
            "{}  - {{ id: other, target: settings, owner: it, path: \"{second}\" }}\n",
            BLUEPRINT.replace("target: settings,", &format!("target: settings, path: \"{first}\","))
        );
        let fleet = FleetBuilder::smallest().file("blueprints/hello/blueprint.yaml", &blueprint).build();
        let run = fleet.jig("render --format json").run();
        // Letters that only some systems take for the same may pass; what most take for the same may not.
        let folded = first.to_lowercase() == second.to_lowercase();
        let nested = ["a", "A/b"].contains(&first) && ["a/b", "a"].contains(&second);
        if folded || nested {
            assert!(run.code == 1 && run.findings()[0].rule == "unsafe-path", "{first} {second}: {run}");
        } else {
            assert!([0, 1].contains(&run.code), "{run}");
        }
    }
}

// ---- rights and space

#[test]
fn a_folder_without_rights_fails_its_line_alone_and_changes_nothing() {
    let fleet = two_outputs().file("sites/home/lines/two.yaml", &two()).build();
    fleet.jig("render").run().exits(0);
    for line in ["one", "two"] {
        fleet.edit(&format!("sites/home/lines/{line}.yaml"), "10.0.0.", "10.9.9.");
    }
    let before = fleet.files("intended/home/one");
    open_to_all(fleet.root());
    for locked in ["intended/home/one", "intended/home/one/extra/deep"] {
        fs::set_permissions(fleet.path(locked), fs::Permissions::from_mode(0o555)).expect("rights");
        let output = as_nobody(&fleet, &["render"]);
        fs::set_permissions(fleet.path(locked), fs::Permissions::from_mode(0o777)).expect("rights");
        let Some(output) = output else { return };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("ermission denied") && text.contains("home/one"), "{text}");
        assert_eq!(fleet.files("intended/home/one"), before, "{locked}: all or nothing");
        assert!(fleet.read("intended/home/two/settings.json").contains("10.9.9.6"), "the other line goes on");
    }
    // A folder that may not even be made.
    fleet.remove("intended");
    fs::set_permissions(fleet.root(), fs::Permissions::from_mode(0o555)).expect("rights");
    let output = as_nobody(&fleet, &["render"]);
    fs::set_permissions(fleet.root(), fs::Permissions::from_mode(0o777)).expect("rights");
    let Some(output) = output else { return };
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2) && text.contains("ermission denied") && text.contains("next:"),
        "{text}"
    );
}

#[test]
fn a_file_without_rights_to_read_is_an_error_and_no_overwrite() {
    let fleet = FleetBuilder::smallest().build();
    fleet.jig("render").run().exits(0);
    fleet.edit("sites/home/lines/one.yaml", "10.0.0.5", "10.0.0.7");
    open_to_all(fleet.root());
    let file = fleet.path("intended/home/one/settings.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).expect("rights");
    let output = as_nobody(&fleet, &["render"]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("rights");
    let Some(output) = output else { return };
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(fleet.read("intended/home/one/settings.json").contains("10.0.0.5"));
}

/// Runs jig without root's rights; `None` and a loud word where that cannot be done.
fn as_nobody(fleet: &Fleet, arguments: &[&str]) -> Option<Output> {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_jig")]);
        command
    } else {
        Command::new(env!("CARGO_BIN_EXE_jig"))
    };
    match command.args(arguments).arg("-C").arg(fleet.root()).output() {
        Ok(output) if output.status.code() != Some(127) && output.status.code() != Some(126) => Some(output),
        other => {
            loudly(&format!("rights were not tested: setpriv cannot run jig here: {other:?}"));
            None
        }
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// Lets anyone read and write below a folder.
fn open_to_all(root: &Path) {
    fs::set_permissions(root, fs::Permissions::from_mode(0o777)).expect("rights");
    for entry in fs::read_dir(root).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            open_to_all(&path);
        } else {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("rights");
        }
    }
}

/// Fills a small disk in between: a script, since the disk lives in a namespace of its own.
const FULL_DISK: &str = r#"
set -eu
jig=$1; fleet=$2; disk=$3
mount -t tmpfs -o size=512k tmpfs "$disk"
"$jig" -C "$fleet" render --out "$disk/out" > /dev/null
( cd "$disk/out" && find . -type f | sort | xargs sha256sum ) > "$fleet/before"
sed -i 's/round 0/round 1/' "$fleet"/blueprints/hello/templates/many/stamp.j2
head -c 600000 /dev/zero > "$disk/fill" 2> /dev/null || true
code=0
"$jig" -C "$fleet" render --out "$disk/out" > "$fleet/said" 2>&1 || code=$?
( cd "$disk/out" && find . -type f | sort | xargs sha256sum ) > "$fleet/after"
echo "$code" > "$fleet/code"
rm "$disk/fill"
"$jig" -C "$fleet" render --out "$disk/out" > /dev/null
"$jig" -C "$fleet" render --check --out "$disk/out" > /dev/null
find "$disk/out" -name '*.jig-tmp*' > "$fleet/leftovers"
"#;

#[test]
fn a_full_disk_leaves_the_old_files_and_says_so() {
    let fleet = stamped(12);
    stamp(&fleet, 0);
    let disk = tempfile::tempdir().expect("a folder");
    let unshared = |arguments: &[&str]| {
        let flags = if is_root() { "-m" } else { "-Urm" };
        Command::new("unshare").arg(flags).args(arguments).output()
    };
    if !unshared(&["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).is_ok_and(|output| output.status.success()) {
        return loudly("a full disk was not tested: no file system can be mounted here");
    }
    let (root, disk) =
        (fleet.root().to_string_lossy().into_owned(), disk.path().to_string_lossy().into_owned());
    let output =
        unshared(&["sh", "-c", FULL_DISK, "sh", env!("CARGO_BIN_EXE_jig"), &root, &disk]).expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fleet.read("code").trim(), "2", "{}", fleet.read("said"));
    assert!(fleet.read("said").contains("No space left on device"), "{}", fleet.read("said"));
    let read = |name: &str| -> BTreeMap<String, String> {
        let text = fleet.read(name);
        text.lines()
            .filter_map(|line| line.split_once("  "))
            .map(|(sum, path)| (path.to_owned(), sum.to_owned()))
            .collect()
    };
    let (before, after) = (read("before"), read("after"));
    assert!(before.keys().eq(after.keys()), "nothing half-written is left:\n{}", fleet.read("after"));
    // A line is old or new as a whole: the disk may have held one or two.
    for line in before.keys().filter_map(|path| path.strip_suffix("/manifest.json")) {
        let of_line =
            |(path, _): &(&String, &String)| path.starts_with(line) && !path.ends_with("manifest.json");
        let changed: Vec<bool> =
            before.iter().filter(of_line).map(|(path, sum)| after[path] != *sum).collect();
        assert!(
            changed.iter().all(|changed| *changed == changed_of(&before, &after, line)),
            "{line} is half-written"
        );
    }
    assert_eq!(fleet.read("leftovers"), "");
}

fn changed_of(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>, line: &str) -> bool {
    let first = format!("{line}/d0/f0.txt");
    before[&first] != after[&first]
}

// ---- the same bytes

#[test]
fn threads_order_clock_language_folder_and_mask_change_no_byte() {
    let fleet = copy_example("kestrel");
    let plain = rendered(&fleet, |command| command);
    let with_env = |name: &'static str, value: &'static str| {
        rendered(&fleet, move |mut command| {
            command.env(name, value);
            command
        })
    };
    for (name, value) in
        [("TZ", "Pacific/Kiritimati"), ("LANG", "tr_TR.UTF-8"), ("LC_ALL", "C"), ("HOME", "/nonexistent")]
    {
        assert!(with_env(name, value) == plain, "{name}={value}");
    }
    for threads in ["-j1", "-j2", "-j8"] {
        let out = rendered(&fleet, |mut command| {
            command.arg(threads);
            command
        });
        assert!(out == plain, "{threads}");
    }
    for mask in ["000", "027", "077"] {
        let out = rendered(&fleet, |command| {
            let mut shell = Command::new("sh");
            shell
                .args(["-c", &format!("umask {mask}; exec \"$0\" \"$@\"")])
                .arg(command.get_program())
                .args(command.get_args());
            shell
        });
        assert!(out == plain, "umask {mask}");
    }
    // The same files, created in the opposite order and in another place.
    let reversed = tempfile::tempdir().expect("a folder");
    for (path, bytes) in fleet.files("").into_iter().rev() {
        let path = reversed.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::File::create(path).and_then(|mut file| file.write_all(&bytes)).expect("a file");
    }
    let out = tempfile::tempdir().expect("a folder");
    let run = support::jig().fleet(reversed.path()).args("render --out").arg(out.path()).run();
    assert!(run.exits(0).code == 0 && files_below(out.path()) == plain, "files created in another order");
}

/// Renders into a fresh folder with a command that `change` may change.
fn rendered(fleet: &Fleet, change: impl Fn(Command) -> Command) -> BTreeMap<String, Vec<u8>> {
    let out = tempfile::tempdir().expect("a folder");
    let folder: PathBuf = out.path().join("out");
    let command = change(fleet.jig("render --out").arg(&folder).into_command());
    let mut command = command;
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    files_below(&folder)
}

// ---- helpers

fn two() -> String {
    LINE.replace("10.0.0.5", "10.0.0.6")
}

/// The smallest fleet with a second output that is written two folders down.
fn two_outputs() -> FleetBuilder {
    let blueprint =
        format!("{BLUEPRINT}  - {{ id: more, target: settings, owner: it, path: extra/deep/more.json }}\n");
    FleetBuilder::smallest().file("blueprints/hello/blueprint.yaml", &blueprint)
}

/// Writes past the capture of the test harness, so that a skip is seen although the test passes.
fn loudly(line: &str) {
    let _ = writeln!(std::io::stderr(), "!!! {line}");
}
