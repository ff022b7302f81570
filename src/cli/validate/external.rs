//! `--external`: each target's own check of what was rendered for it, by the product that will read it.
//!
//! The files of a line are written to a folder of their own, and the command of the target runs there. A tool that is
//! not installed has checked nothing, and neither has one that did not end in time: both say so.

use super::super::write;
use crate::check::Scene;
use crate::finding::{Finding, Place};
use crate::render::RenderedFile;
use crate::resolve::plan::Plan;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longest time that one check may take.
const LIMIT: Duration = Duration::from_secs(30);
/// Longest time that is waited for the last words of a tool that has ended: what it started may hold the pipe open.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The folder of the files inside the temporary one.
const FILES: &str = "files";
/// Most characters of what a tool says.
const SAID: usize = 600;

/// Checks that could not be made: the tool, and the files that it did not see.
#[derive(Default)]
pub(super) struct External {
    missing: Mutex<BTreeMap<String, usize>>,
}

enum Ended {
    Passed,
    Failed(String),
    NotThere,
    TooLong,
    Broken(String),
}

impl External {
    /// Runs the checks of what was rendered for one line or site.
    pub(super) fn check(&self, scene: &Scene<'_>, plan: &Plan, files: &[RenderedFile]) -> Vec<Finding> {
        let command = |file: &RenderedFile| {
            let target = scene.renderer.library().get(&plan.standard, &file.target).ok()?;
            target.target.check.clone().filter(|command| !command.is_empty())
        };
        let wanted: Vec<_> = files.iter().filter_map(|file| Some((file, command(file)?))).collect();
        if wanted.is_empty() {
            return vec![];
        }
        let folder = match laid_out(files) {
            Ok(folder) => folder,
            Err(error) => return vec![not_checked(format!("no folder to check in: {error}"))],
        };
        wanted
            .iter()
            .filter_map(|(file, command)| self.one(plan, file, command, &folder.path().join(FILES)))
            .collect()
    }

    fn one(&self, plan: &Plan, file: &RenderedFile, command: &[String], folder: &Path) -> Option<Finding> {
        let tool = tool(command);
        let address = plan.address.to_string();
        let line = plan.address.line.as_deref().unwrap_or("_site");
        let name = format!("intended/{}/{line}/{}", plan.address.site, file.path);
        let finding = match run(command, &folder.join(&file.path), folder, LIMIT) {
            Ended::Passed => return None,
            Ended::NotThere => {
                *self
                    .missing
                    .lock()
                    .expect("no thread panics while it counts")
                    .entry(tool.to_owned())
                    .or_default() += 1;
                return None;
            }
            Ended::Failed(said) => {
                Finding::error("refused-output", format!("{tool} refuses {}: {said}", file.path))
                    .next(format!("correct the template `{}` or the values that it prints", file.template))
            }
            Ended::TooLong => {
                not_checked(format!("{tool} took longer than {} s on {}", LIMIT.as_secs(), file.path))
            }
            Ended::Broken(why) => not_checked(format!("{tool} could not be run on {}: {why}", file.path)),
        };
        Some(finding.at(Place::file(name)).about(address).owned_by(file.owner.clone()))
    }

    /// What was not checked because a tool is not there.
    pub(super) fn finish(self) -> Vec<Finding> {
        let missing = self.missing.into_inner().expect("no thread panics while it counts");
        let finding = |(tool, files): (String, usize)| {
            let files = if files == 1 { "1 file was".to_owned() } else { format!("{files} files were") };
            not_checked(format!("{tool} is not installed; {files} not checked by it"))
                .next(format!("install {tool}, or leave --external out"))
        };
        missing.into_iter().map(finding).collect()
    }
}

/// The program that checks; `unshare` only gives it a world of its own.
fn tool(command: &[String]) -> &str {
    let is_wrapper = |word: &str| matches!(word, "unshare" | "env" | "timeout" | "nice");
    let mut words = command.iter().map(String::as_str).filter(|word| !word.starts_with('-'));
    words.find(|word| !is_wrapper(word)).unwrap_or(&command[0])
}

fn not_checked(message: String) -> Finding {
    Finding::warning("not-checked", message).next("run the check by hand, or leave --external out").blind()
}

/// Writes the files of a line to a folder of their own.
fn laid_out(files: &[RenderedFile]) -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let files: Vec<(String, Vec<u8>)> =
        files.iter().map(|file| (file.path.clone(), file.text.clone().into_bytes())).collect();
    write::create_folder(&folder.path().join(FILES), &files)?;
    Ok(folder)
}

fn run(command: &[String], file: &Path, folder: &Path, limit: Duration) -> Ended {
    let path = file.to_string_lossy();
    let args = command[1..].iter().map(|arg| arg.replace("{file}", &path));
    let mut tool = Command::new(&command[0]);
    tool.args(args).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that all that it starts can be ended with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut tool, 0);
    match tool.spawn() {
        Ok(child) => ended(child, file, folder, limit),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ended::NotThere,
        Err(error) => Ended::Broken(error.to_string()),
    }
}

fn ended(mut child: Child, file: &Path, folder: &Path, limit: Duration) -> Ended {
    // Both streams are read while the tool runs, so that it never waits for a full pipe.
    let (out, err) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() > limit => {
                end(&mut child);
                return Ended::TooLong;
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(error) => return Ended::Broken(error.to_string()),
        }
    };
    let said = [err, out].map(|words| words.recv_timeout(LAST_WORDS).unwrap_or_default()).join("\n");
    match status.code() {
        Some(0) => return Ended::Passed,
        // What a shell or `unshare` says of a command that is not there, or may not be run.
        Some(126 | 127) => return Ended::NotThere,
        _ => {}
    }
    let name = file.strip_prefix(folder).unwrap_or(file).to_string_lossy().into_owned();
    let said = said.replace(&*file.to_string_lossy(), &name);
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).take(4).collect();
    let said: String = said.join("; ").chars().take(SAID).collect();
    Ended::Failed(if said.is_empty() { "it does not say why".to_owned() } else { said })
}

/// Ends a tool that does not end; whether that works changes nothing here.
fn end(child: &mut Child) {
    #[cfg(target_os = "linux")]
    if let Ok(group) = i32::try_from(child.id()) {
        let _ =
            nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn drain(stream: Option<impl std::io::Read + Send + 'static>) -> Receiver<String> {
    let (words, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = vec![];
        if let Some(stream) = stream {
            // What cannot be read is not said.
            let _ = stream.take(1 << 20).read_to_end(&mut bytes);
        }
        // Nobody listens any longer where the tool took too long.
        let _ = words.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::{Ended, run};
    use std::path::Path;
    use std::time::Duration;

    fn shell(script: &str) -> Ended {
        let command = ["sh", "-c", script].map(str::to_owned);
        run(&command, Path::new("/x"), Path::new("/"), Duration::from_millis(300))
    }

    #[test]
    fn each_way_to_end_is_told_apart() {
        assert!(matches!(shell("exit 0"), Ended::Passed));
        assert!(matches!(shell("echo no >&2; exit 1"), Ended::Failed(said) if said == "no"));
        assert!(matches!(shell("exit 1"), Ended::Failed(said) if said == "it does not say why"));
        assert!(matches!(shell("no-such-tool-anywhere"), Ended::NotThere));
        assert!(matches!(shell("sleep 60"), Ended::TooLong));
        assert!(matches!(shell("sleep 60; exit 0"), Ended::TooLong));
    }

    #[test]
    fn what_a_tool_leaves_behind_holds_nothing_up() {
        assert!(matches!(shell("sleep 20 & exit 0"), Ended::Passed));
    }
}
