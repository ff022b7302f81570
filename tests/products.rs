//! Every rendered file meets the product that will read it: the kernel's packet filter, Mosquitto, Telegraf's own
//! options, Node-RED, promtool, Grafana's types; and one line runs from simulated controllers to a subscriber.
//!
//! Each check is a small program in `products/`; here is what they need and what they are given. What a check needs
//! and the machine lacks makes it a skip that nobody can overlook, or a failure where `JIG_TEST_REQUIRE` is set, as
//! `scripts/test` does after it has installed everything.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends where something fails, and shows what was said"
)]

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// A line of the example whose gateway is Node-RED: the gateway that can run here.
const NODE_RED_LINE: &str = "grr/pk3";

/// What a check needs on the machine.
#[derive(Clone, Copy, Debug)]
enum Need {
    /// A program on the PATH or where administrators' programs lie.
    Program(&'static str),
    /// The Python packages of `products/requirements.txt`.
    Python,
    /// The npm packages of `products/package.json`.
    Npm,
    /// Namespaces: root, or unprivileged user namespaces that the machine allows.
    Namespaces,
}

use Need::{Namespaces, Npm, Program, Python};

const NFT_LOAD: &[Need] = &[Python, Namespaces, Program("nft"), Program("setpriv")];
const NFT_PACKETS: &[Need] = &[Python, Namespaces, Program("nft"), Program("ip")];
const BROKER: &[Need] =
    &[Python, Namespaces, Program("ip"), Program("openssl"), Program("mosquitto"), Program("mosquitto_pub")];
const RULES: &[Need] = &[Python, Program("promtool")];
const NODE_RED: &[Need] = &[Python, Npm, Namespaces, Program("openssl")];
const DASHBOARDS: &[Need] = &[Python, Npm];
const END_TO_END: &[Need] =
    &[Python, Npm, Namespaces, Program("nft"), Program("ip"), Program("openssl"), Program("mosquitto")];

#[test]
fn firewalls_load_in_the_kernel_and_again() {
    check("nft_load.py", NFT_LOAD, plain);
}

#[test]
fn firewalls_pass_what_a_flow_allows_and_nothing_else() {
    check("nft_packets.py", NFT_PACKETS, probed);
}

#[test]
fn brokers_boot_and_enforce_their_access_lists() {
    check("mosquitto_acl.py", BROKER, probed);
}

#[test]
fn rule_files_pass_promtool_and_compute_a_shift() {
    let fleets = scratch_folder("plain").join("fleets");
    check_with("promtool_rules.py", RULES, plain, &[&fleets.to_string_lossy()]);
}

#[test]
fn telegraf_has_every_option_that_is_used() {
    check("telegraf_options.py", &[Python], plain);
}

#[test]
fn node_red_loads_every_flow() {
    check("node_red.py", NODE_RED, plain);
}

#[test]
fn dashboards_are_what_grafana_defines() {
    check("grafana_dashboards.py", DASHBOARDS, plain);
}

#[test]
fn readings_travel_from_the_controllers_to_a_subscriber() {
    check_with("end_to_end.py", END_TO_END, every_machine, &[NODE_RED_LINE]);
}

/// Looks for everything that any check needs, whichever checks were chosen: the list at the end of a plain `cargo test`.
#[test]
fn what_this_machine_cannot_check() {
    let missing = missing(&[NFT_LOAD, NFT_PACKETS, BROKER, RULES, NODE_RED, DASHBOARDS, END_TO_END].concat());
    if !missing.is_empty() {
        loudly(&format!(
            "not every product is here, some checks were skipped. Missing: {}",
            missing.join(", ")
        ));
        loudly("`scripts/test` installs what is missing and runs every check");
    }
}

/// Runs one checker on a folder of rendered fleets, or skips it.
fn check(script: &str, needs: &[Need], render: fn() -> &'static Outcome) {
    check_with(script, needs, render, &[]);
}

fn check_with(script: &str, needs: &[Need], render: fn() -> &'static Outcome, more: &[&str]) {
    let missing = missing(needs);
    if !missing.is_empty() {
        let line = format!("{script} cannot run here. Missing: {}", missing.join(", "));
        assert!(std::env::var_os("JIG_TEST_REQUIRE").is_none(), "{line}");
        return loudly(&line);
    }
    let out = render().as_ref().unwrap_or_else(|error| panic!("{error}"));
    let output = python(
        script,
        &[&[out.as_os_str()], more.iter().map(OsStr::new).collect::<Vec<_>>().as_slice()].concat(),
    );
    print!("{}", said(&output));
    assert!(output.status.success(), "{script} {} found faults:\n{}", out.display(), said(&output));
}

/// Where fleets were rendered to, or why not.
type Outcome = Result<PathBuf, String>;

/// The fleets, as they are, and the one that `jig init` makes.
fn plain() -> &'static Outcome {
    static OUT: OnceLock<Outcome> = OnceLock::new();
    OUT.get_or_init(|| {
        let mut all = fleets();
        all.push(initial()?);
        render_all("plain", &all, |_| Ok(()))
    })
}

/// What `jig init` makes.
fn initial() -> Outcome {
    let folder = scratch("initial").join("init");
    succeed(&jig().arg("init").arg(&folder).output().map_err(|error| error.to_string())?)?;
    Ok(folder)
}

fn jig() -> Command {
    let mut jig = Command::new(env!("CARGO_BIN_EXE_jig"));
    jig.env_remove("GIT_DIR");
    jig
}

/// Where fleets of this name are copied and rendered.
fn scratch_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("products").join(name)
}

/// That folder, empty; what an earlier run left there is gone.
fn scratch(name: &str) -> PathBuf {
    let folder = scratch_folder(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The fleets with one more output per blueprint, which shows what the templates see.
fn probed() -> &'static Outcome {
    static OUT: OnceLock<Outcome> = OnceLock::new();
    OUT.get_or_init(|| render_all("probed", &fleets(), add_probe))
}

/// One example with a line that has a machine of every kind.
fn every_machine() -> &'static Outcome {
    static OUT: OnceLock<Outcome> = OnceLock::new();
    OUT.get_or_init(|| {
        render_all("every-machine", &[Path::new(ROOT).join("examples/kestrel")], |fleet| {
            succeed(&python("add_machines.py", &[fleet.as_os_str(), OsStr::new(NODE_RED_LINE)]))?;
            add_probe(fleet)
        })
    })
}

fn add_probe(fleet: &Path) -> Result<(), String> {
    succeed(&python("add_probe.py", &[fleet.as_os_str()]))
}

/// Copies fleets, changes the copies and renders each to a folder of its name.
fn render_all(name: &str, fleets: &[PathBuf], change: impl Fn(&Path) -> Result<(), String>) -> Outcome {
    let base = scratch(name);
    let out = base.join("out");
    for fleet in fleets {
        let name = fleet.file_name().unwrap_or_default();
        let copy = base.join("fleets").join(name);
        copy_folder(fleet, &copy).map_err(|error| format!("{}: {error}", fleet.display()))?;
        change(&copy)?;
        let output = jig().arg("-C").arg(&copy).arg("render").arg("--out").arg(out.join(name)).output();
        succeed(&output.map_err(|error| error.to_string())?)?;
    }
    Ok(out)
}

/// The examples, and the fleets that exist for these tests alone.
fn fleets() -> Vec<PathBuf> {
    let folders = ["examples", "tests/products/fleets"].map(|folder| Path::new(ROOT).join(folder));
    let mut found: Vec<_> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("jig.yaml").exists())
        .collect();
    found.sort();
    found
}

/// Copies what a person wrote of a fleet, without what was rendered or collected.
fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(name))?;
        } else if !["intended", "deployed", ".git"].contains(&name.to_string_lossy().as_ref()) {
            copy_folder(&entry.path(), &to.join(name))?;
        }
    }
    Ok(())
}

fn python(script: &str, arguments: &[&OsStr]) -> Output {
    let mut command = Command::new(in_cache("venv/bin/python"));
    command.arg("-B").arg(Path::new(ROOT).join("tests/products").join(script)).args(arguments);
    command.output().unwrap_or_else(|error| panic!("{script}: {error}"))
}

fn succeed(output: &Output) -> Result<(), String> {
    if output.status.success() { Ok(()) } else { Err(said(output)) }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Those of the needs that this machine does not meet, in words.
fn missing(needs: &[Need]) -> Vec<String> {
    let mut words: Vec<_> = needs.iter().filter_map(|need| lack(*need)).collect();
    words.sort();
    words.dedup();
    words
}

fn lack(need: Need) -> Option<String> {
    match need {
        Program(name) => (!on_path(name)).then(|| name.to_owned()),
        Python => {
            (!in_cache("venv/.installed").exists()).then(|| "Python packages in .cache/venv".to_owned())
        }
        Npm => (!in_cache("npm/.installed").exists()).then(|| "npm packages in .cache/npm".to_owned()),
        Namespaces => {
            (!namespaces()).then(|| "Linux namespaces (root, or unprivileged user namespaces)".to_owned())
        }
    }
}

fn in_cache(path: &str) -> PathBuf {
    Path::new(ROOT).join(".cache").join(path)
}

fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.into_iter().any(|folder| folder.join(name).exists())
}

fn namespaces() -> bool {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        Command::new("unshare").args(["-Urnm", "true"]).output().is_ok_and(|output| output.status.success())
    })
}

/// Writes past the capture of the test harness, so that a skip is seen although the test passes.
fn loudly(line: &str) {
    let _ = writeln!(std::io::stderr(), "!!! {line}");
}
