//! What end-to-end tests share: the real binary in a clean environment, and fleets in temporary folders.
//!
//! Nothing of the developer's machine reaches a run: no colour settings, no CI variables, no terminal, no stdin.

#![allow(dead_code, unreachable_pub)] // each test file is a crate of its own and uses a part of this

use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest time a run may take before it counts as hanging.
const LIMIT: Duration = Duration::from_secs(90);

/// Most characters of its output that a failed run shows.
const SHOWN: usize = 4000;

/// Starts a run of the binary.
pub fn jig() -> Jig {
    Jig { command: clean(Command::new(env!("CARGO_BIN_EXE_jig"))), limit: LIMIT }
}

/// Empties the environment but for what a process cannot do without.
fn clean(mut command: Command) -> Command {
    command.env_clear().env("TERM", "xterm-256color").stdin(Stdio::null());
    for name in ["PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// A run of the binary that has not begun.
pub struct Jig {
    command: Command,
    limit: Duration,
}

impl Jig {
    /// Names the fleet with `-C`.
    pub fn fleet(self, folder: impl AsRef<Path>) -> Self {
        self.arg("-C").arg(folder.as_ref())
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments, separated by blanks.
    pub fn args(mut self, args: &str) -> Self {
        self.command.args(args.split_whitespace());
        self
    }

    /// Sets a variable of the environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets the folder in which it runs.
    pub fn cwd(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sets the time after which it counts as hanging.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Starts it and leaves it running, its output thrown away.
    pub fn spawn(mut self) -> Child {
        self.command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("jig starts")
    }

    /// Hands out the command, for tests that connect its streams themselves.
    pub fn into_command(self) -> Command {
        self.command
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Run {
        let shown = format!("{:?}", self.command);
        let mut child =
            self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("jig starts");
        let stdout = drain(child.stdout.take());
        let stderr = drain(child.stderr.take());
        let deadline = Instant::now() + self.limit;
        let status = loop {
            if let Some(status) = child.try_wait().expect("jig can be waited for") {
                break status;
            }
            if Instant::now() > deadline {
                child.kill().expect("jig can be stopped");
                panic!("jig hangs: {shown}");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("jig prints UTF-8");
        Run {
            shown,
            code: status.code().unwrap_or(-1),
            stdout: text(stdout.join().expect("stdout is read")),
            stderr: text(stderr.join().expect("stderr is read")),
        }
    }
}

fn drain(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    let mut stream = stream.expect("the stream is piped");
    std::thread::spawn(move || {
        let mut bytes = vec![];
        stream.read_to_end(&mut bytes).expect("the stream can be read");
        bytes
    })
}

/// What a run printed, and how it ended; a run that was killed has the code -1.
#[derive(Debug)]
pub struct Run {
    shown: String,
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Demands an exit code, and that nothing panicked.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert!(!self.stderr.contains("panicked"), "{self}");
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Returns stdout as JSON.
    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// Returns the findings of a JSON report.
    #[track_caller]
    pub fn findings(&self) -> Vec<Found> {
        let object = self.json();
        let findings = object["findings"].as_array().unwrap_or_else(|| panic!("no findings\n{self}"));
        findings.iter().map(Found::from).collect()
    }

    /// Returns both streams as one text for a snapshot.
    pub fn snapshot(&self) -> String {
        format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let whole = self.snapshot();
        let start: String = whole.chars().take(SHOWN).collect();
        write!(f, "{}\n{start}{}", self.shown, if start.len() < whole.len() { " ..." } else { "" })
    }
}

/// One finding of a JSON report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub rule: String,
    pub level: String,
    pub message: String,
    pub file: String,
    pub line: u64,
    pub column: u64,
    pub address: String,
    pub owner: String,
    pub next: String,
}

impl From<&Json> for Found {
    fn from(json: &Json) -> Self {
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| json[name].as_u64().unwrap_or_default();
        Self {
            rule: text("rule"),
            level: text("level"),
            message: text("message"),
            file: text("file"),
            line: number("line"),
            column: number("column"),
            address: text("address"),
            owner: text("owner"),
            next: text("next"),
        }
    }
}

impl Found {
    /// Returns `file:line:column`, or the file alone where a finding is about it as a whole.
    pub fn place(&self) -> String {
        if self.line == 0 {
            self.file.clone()
        } else {
            format!("{}:{}:{}", self.file, self.line, self.column)
        }
    }
}

/// Describes a fleet file by file.
#[derive(Default, Clone)]
pub struct FleetBuilder {
    files: BTreeMap<String, String>,
}

impl FleetBuilder {
    /// Starts with nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts with the smallest fleet that renders: enterprise, one blueprint with a template, one site, one line.
    pub fn smallest() -> Self {
        Self::new()
            .file("jig.yaml", JIG)
            .file("blueprints/hello/blueprint.yaml", BLUEPRINT)
            .file("blueprints/hello/templates/settings/target.yaml", TARGET)
            .file(
                "blueprints/hello/templates/settings/settings.json.j2",
                "{ \"plc\": {{ values.plc_ip }} }\n",
            )
            .file("sites/home/site.yaml", "name: Home\ntimezone: Europe/Berlin\n")
            .file("sites/home/lines/one.yaml", LINE)
    }

    /// Adds or replaces a file.
    #[must_use]
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    /// Adds as many lines like the one of [`FleetBuilder::smallest`] as are wanted.
    #[must_use]
    pub fn lines(mut self, count: usize) -> Self {
        for at in 0..count {
            let line = LINE.replace("10.0.0.5", &format!("10.1.{}.{}", at / 250, at % 250 + 1));
            self = self.file(&format!("sites/s{}/lines/l{at:04}.yaml", at % 7), &line);
            self = self.file(&format!("sites/s{}/site.yaml", at % 7), "name: S\ntimezone: Europe/Berlin\n");
        }
        self
    }

    /// Writes it all to a temporary folder.
    pub fn build(&self) -> Fleet {
        self.build_in(&std::env::temp_dir())
    }

    /// Writes it all to a folder in memory, where there is one: for tests that write tens of thousands of files.
    pub fn build_in_memory(&self) -> Fleet {
        let memory = Path::new("/dev/shm");
        if tempfile::tempfile_in(memory).is_ok() { self.build_in(memory) } else { self.build() }
    }

    fn build_in(&self, parent: &Path) -> Fleet {
        let fleet = Fleet { folder: tempfile::tempdir_in(parent).expect("a temporary folder") };
        for (path, text) in &self.files {
            fleet.write(path, text);
        }
        fleet
    }
}

pub const JIG: &str = "\
enterprise: acme
roles:
  controls: { side: ot, team: \"@acme/controls\", deputy: it }
  it: { side: it, team: \"@acme/it\", deputy: controls }
";
pub const BLUEPRINT: &str = "\
version: 0.1.0
scope: line
owner: controls
inputs:
  plc_ip: { type: string, format: ipv4, owner: controls }
outputs:
  - { id: settings, target: settings, owner: controls }
";
pub const TARGET: &str = "\
kind: gateway
files: [ { template: settings.json.j2, path: settings.json } ]
";
pub const LINE: &str = "\
area: hall
blueprint: hello@0.1.0
inputs:
  plc_ip: 10.0.0.5
";

/// Runs git in a folder, whatever the user's own settings are.
pub fn git(folder: &Path, args: &[&str]) {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A fleet in a temporary folder.
pub struct Fleet {
    folder: TempDir,
}

impl Fleet {
    /// Returns its folder.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Returns a path inside it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Starts a run on this fleet.
    pub fn jig(&self, args: &str) -> Jig {
        jig().fleet(self.root()).args(args)
    }

    /// Writes a file and the folders it needs.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
        fs::write(path, text).expect("a file can be written");
    }

    /// Reads a text file.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Removes a file or folder.
    #[track_caller]
    pub fn remove(&self, path: &str) {
        let full = self.path(path);
        let removed = if full.is_dir() { fs::remove_dir_all(&full) } else { fs::remove_file(&full) };
        removed.unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Replaces the first place where a text stands, which must be there.
    #[track_caller]
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} does not hold {from:?}");
        self.write(path, text.replacen(from, to, 1));
    }

    /// Returns whether there is a file or folder.
    pub fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Returns every file below a folder.
    pub fn files(&self, below: &str) -> BTreeMap<String, Vec<u8>> {
        files_below(&self.path(below))
    }
}

/// Copies `examples/<name>` to a temporary folder, without what was rendered there.
pub fn copy_example(name: &str) -> Fleet {
    let fleet = Fleet { folder: tempfile::tempdir().expect("a temporary folder") };
    for (path, bytes) in files_below(&example(name)) {
        if !path.starts_with("intended/") {
            fleet.write(&path, bytes);
        }
    }
    fleet
}

/// Returns the folder of an example.
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// Returns every file below a folder, by path with `/`; a folder that is not there has none.
pub fn files_below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if path.is_file() {
                let name =
                    path.strip_prefix(folder).expect("it lies below").to_string_lossy().replace('\\', "/");
                found.insert(name, fs::read(&path).expect("a file can be read"));
            }
        }
    }
    found
}

/// Runs `work` on every item, on as many threads as there are cores; results come in the order of the items.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let done = std::sync::Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    let result = work(item);
                    done.lock().expect("no thread panics here").push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no thread panics here");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
