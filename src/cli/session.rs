//! One run: the fleet's folder, today, and the way to talk.

use super::{ColorWhen, FailOn, Failure, Global, Outcome};
use crate::finding::{self, Finding, Level};
use crate::load::Fleet;
use crate::report::{self, Findings, Format, Style};
use crate::source::Tree;
use crate::source::git::not_checked_out;
use jiff::civil::Date;
use serde_json::{Map, Value as Json};
use std::io::IsTerminal as _;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

/// One report that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) format: &'static Format,
    pub(crate) file: Option<PathBuf>,
}

/// One run of the program.
pub(crate) struct Session {
    root: Option<PathBuf>,
    as_of: Option<Date>,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) style: Style,
    pub(crate) wanted: Vec<Wanted>,
    /// The first error of printing a result.
    unprinted: OnceLock<String>,
}

impl Session {
    pub(crate) fn new(global: &Global) -> Result<Self, Failure> {
        if let Some(threads) = global.threads {
            // A second pool in one process cannot happen: this runs once.
            let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
        }
        let fail_on = match global.fail_on {
            FailOn::Note => Level::Note,
            FailOn::Warning => Level::Warning,
            FailOn::Error => Level::Error,
        };
        let wanted = global.format.iter().map(|text| parse_format(text)).collect::<Result<Vec<_>, _>>()?;
        if wanted.iter().filter(|wanted| wanted.file.is_none()).count() > 1 {
            return Err(Failure::new(
                "two formats want standard output",
                "send one to a file: --format json=FILE",
            ));
        }
        no_file_twice(&wanted)?;
        Ok(Self {
            root: global.fleet.clone(),
            as_of: global.as_of,
            quiet: global.quiet,
            verbose: global.verbose,
            style: Style { colour: colour(global.color), verbose: global.verbose, width: width(), fail_on },
            wanted,
            unprinted: OnceLock::new(),
        })
    }

    /// Finds the fleet's folder.
    pub(crate) fn root(&self) -> Result<PathBuf, Failure> {
        if let Some(root) = &self.root {
            if root.join("jig.yaml").symlink_metadata().is_ok() {
                return Ok(root.clone());
            }
            if let Some((message, hint)) = not_checked_out(root, "jig.yaml") {
                return Err(Failure::new(message, hint));
            }
            let message = format!("`{}` holds no jig.yaml", root.display());
            return Err(Failure::new(message, "`jig init DIR` makes a fleet"));
        }
        let here = std::env::current_dir().map_err(|error| {
            Failure::new(format!("cannot tell the current folder: {error}"), "name it: -C DIR")
        })?;
        let found = here.ancestors().find(|folder| folder.join("jig.yaml").symlink_metadata().is_ok());
        found.map(Path::to_path_buf).ok_or_else(|| match not_checked_out(&here, "jig.yaml") {
            Some((message, hint)) => Failure::new(message, hint),
            None => Failure::new(
                "there is no jig.yaml here or above",
                "`jig init DIR` makes a fleet; `-C DIR` names one",
            ),
        })
    }

    /// Loads the fleet; findings about shared files come along.
    pub(crate) fn fleet(&self) -> Result<(Option<Fleet>, Vec<Finding>), Failure> {
        let root = self.root()?;
        Ok(Fleet::load(Tree::folder(&root), Some(root)))
    }

    /// Today: `--as-of`, else the fleet's own, else the clock in UTC.
    pub(crate) fn today(&self, fleet: Option<&Fleet>) -> Date {
        let fixed = fleet.and_then(|fleet| fleet.enterprise.settings.as_of.as_ref()?.civil());
        self.as_of.or(fixed).unwrap_or_else(clock)
    }

    /// Returns the date given by `--as-of`.
    pub(crate) fn given_date(&self) -> Option<Date> {
        self.as_of
    }

    /// Refuses the formats that a command cannot speak, before it has done anything.
    pub(crate) fn limit(&self, command: &str, speaks: impl Fn(&Format) -> bool) -> Result<(), Failure> {
        let Some(wanted) = self.wanted.iter().find(|wanted| !speaks(wanted.format)) else { return Ok(()) };
        let known: Vec<_> =
            report::FORMATS.iter().filter(|format| speaks(format)).map(|format| format.name).collect();
        let message = format!("`{command}` has nothing to say as {}", wanted.format.name);
        let able = "`validate`, `render` and `diff` speak every format";
        Err(Failure::new(message, format!("use {}; {able}", known.join(" or "))))
    }

    /// Whether a format goes to standard output; text does without a word.
    pub(crate) fn on_stdout(&self, format: &Format) -> bool {
        *self.stdout() == *format
    }

    fn stdout(&self) -> &'static Format {
        self.wanted.iter().find(|wanted| wanted.file.is_none()).map_or(report::TEXT, |wanted| wanted.format)
    }

    /// Whether a format is wanted anywhere.
    pub(crate) fn wants(&self, format: &Format) -> bool {
        self.on_stdout(format) || self.wanted.iter().any(|wanted| wanted.format == format)
    }

    /// Reads a text file that was named on the command line.
    pub(crate) fn read_file(&self, path: &Path) -> Result<String, Failure> {
        let name = path.display().to_string();
        let (folder, file) = (path.parent().unwrap_or(Path::new("")), path.file_name());
        let file = file.map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
        let text = Tree::folder(folder).text(&file, &name);
        text.map(|text| text.content)
            .map_err(|error| Failure::new(error.to_string(), "name a text file that can be read"))
    }

    /// Prints one line of the result.
    pub(crate) fn out(&self, text: &str) {
        if let Err(error) = emit(&mut std::io::stdout().lock(), text) {
            // Said once, at the end: the first error is the one that counts.
            let _ = self.unprinted.set(error.to_string());
        }
    }

    /// Why the result could not be printed in full, if it could not. A reader that went away is no reason.
    pub(crate) fn unprinted(&self) -> Option<Failure> {
        let error = self.unprinted.get()?;
        let message = format!("cannot write to standard output: {error}");
        Some(Failure::new(message, "what was printed is not the whole result; make room, or write elsewhere"))
    }

    /// Prints one line of talk about the run; silent with `-q`.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            let _ = emit(&mut std::io::stderr().lock(), text);
        }
    }

    /// Whether questions can be asked.
    pub(crate) fn is_interactive(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Reports the result of a command that speaks text and JSON, with what stood in its way.
    pub(crate) fn report(
        &self,
        findings: &[Finding],
        object: impl Fn() -> Map<String, Json>,
        text: impl Fn() -> String,
    ) -> Result<(), Failure> {
        let (object, closing) = (&object, &text);
        let list = findings;
        let report = Findings {
            command: "",
            name: "",
            folder: "",
            as_of: None,
            list,
            accepted: &[],
            lines: 0,
            sites: 0,
            change: None,
            object,
            closing,
        };
        self.report_findings(report)
    }

    /// Reports findings in every wanted format.
    pub(crate) fn report_findings(&self, report: Findings<'_>) -> Result<(), Failure> {
        let mut shown = report.list.to_vec();
        crate::check::hide_secrets(&mut shown, None);
        let mut accepted = report.accepted.to_vec();
        crate::check::hide_secrets(&mut accepted, None);
        let report = Findings { list: &shown, accepted: &accepted, ..report };
        self.emit(|format, style| (format.findings)(&report, style))
    }

    /// Emits a result in every wanted format; what goes to a file is whole or not there.
    pub(crate) fn emit(&self, draw: impl Fn(&Format, Style) -> String) -> Result<(), Failure> {
        for wanted in &self.wanted {
            let Some(file) = &wanted.file else { continue };
            let content = format!("{}\n", draw(wanted.format, self.style.plain()).trim_end_matches('\n'));
            super::write::report(file, content.as_bytes()).map_err(|error| {
                Failure::new(format!("cannot write `{}`: {error}", file.display()), "choose another file")
            })?;
        }
        let text = draw(self.stdout(), self.style);
        // With -q a run without findings prints nothing at all, not an empty line.
        if !text.trim().is_empty() {
            self.out(text.trim_end_matches('\n'));
        }
        Ok(())
    }

    /// The least level that fails a run.
    pub(crate) fn threshold(&self) -> Level {
        self.style.fail_on
    }

    /// The exit code that findings ask for.
    pub(crate) fn judge(&self, findings: &[Finding]) -> Outcome {
        let threshold = self.threshold();
        if findings.iter().any(|finding| finding.blind) {
            Outcome::CannotTell
        } else if findings.iter().any(|finding| finding.level >= threshold) {
            Outcome::Findings
        } else {
            Outcome::InOrder
        }
    }

    /// Sorts and applies the levels of jig.yaml.
    pub(crate) fn settle(&self, fleet: Option<&Fleet>, findings: &mut Vec<Finding>) {
        use crate::model::RuleLevel;
        if let Some(fleet) = fleet {
            let rules = &fleet.enterprise.settings.rules;
            findings.retain_mut(|finding| {
                // What stops a line cannot be talked away; only rules that judge can be.
                let Some(level) = rules
                    .get(finding.rule)
                    .filter(|_| finding.level != Level::Error || is_soft(finding.rule))
                else {
                    return true;
                };
                match level {
                    RuleLevel::Off => return false,
                    RuleLevel::Note => finding.level = Level::Note,
                    RuleLevel::Warning => finding.level = Level::Warning,
                    RuleLevel::Error => finding.level = Level::Error,
                }
                true
            });
        }
        crate::check::hide_secrets(findings, fleet);
        crate::check::causes_first(findings);
        finding::sort(findings);
    }
}

/// Whether a rule judges rather than stops; its level may be changed in either direction.
fn is_soft(rule: &str) -> bool {
    crate::check::RULES.iter().any(|known| known.name == rule && known.soft)
}

#[allow(clippy::disallowed_methods)] // the one door to the clock
fn clock() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn colour(when: ColorWhen) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto if set("NO_COLOR") => false,
        ColorWhen::Auto if set("CLICOLOR_FORCE") => true,
        ColorWhen::Auto => {
            std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
        }
    }
}

/// Columns of the terminal; what is narrower than a word of a report is taken for a slip.
fn width() -> usize {
    let terminal = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    terminal.unwrap_or(report::WIDTH).max(NARROWEST)
}

/// Fewest columns that a report is drawn for.
const NARROWEST: usize = 40;

fn parse_format(text: &str) -> Result<Wanted, Failure> {
    let (name, file) =
        text.split_once('=').map_or((text, None), |(name, file)| (name, Some(PathBuf::from(file))));
    let format = report::format(name).ok_or_else(|| {
        let known: Vec<_> = report::FORMATS.iter().map(|format| format.name).collect();
        Failure::new(format!("there is no format `{name}`"), format!("use one of {}", known.join(", ")))
    })?;
    Ok(Wanted { format, file })
}

/// Each report has a file of its own.
fn no_file_twice(wanted: &[Wanted]) -> Result<(), Failure> {
    for (at, one) in wanted.iter().enumerate() {
        let Some(file) = &one.file else { continue };
        if file.as_os_str().is_empty() {
            let message = format!("`--format {}=` names no file", one.format.name);
            return Err(Failure::new(message, format!("--format {}=FILE", one.format.name)));
        }
        if wanted[..at].iter().any(|other| other.file.as_ref() == Some(file)) {
            let message = format!("two reports want the file `{}`", file.display());
            return Err(Failure::new(message, "give each report a file of its own"));
        }
    }
    Ok(())
}

/// A folder as its repository knows it: empty for the root, else ending in `/`. Outside a repository a relative
/// path is taken as it was given.
pub(crate) fn in_repository(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let root = whole.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok());
    let inside = match root {
        Some(root) => whole.strip_prefix(root).unwrap_or(Path::new("")),
        None => folder,
    };
    let is_plain = |part: &Component<'_>| matches!(part, Component::Normal(_));
    let parts: Vec<Component<'_>> = inside.components().filter(|part| *part != Component::CurDir).collect();
    if !parts.iter().all(is_plain) {
        return String::new();
    }
    parts.iter().map(|part| format!("{}/", part.as_os_str().to_string_lossy())).collect()
}

/// Prints text; a reader that went away ends the printing quietly.
fn emit(stream: &mut dyn std::io::Write, text: &str) -> std::io::Result<()> {
    match writeln!(stream, "{text}").and_then(|()| stream.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Prints why a command could not run.
pub(crate) fn print_failure(failure: &Failure) {
    let mut stderr = std::io::stderr().lock();
    let _ = emit(&mut stderr, &format!("error: {}", failure.message));
    if !failure.hint.is_empty() {
        let _ = emit(&mut stderr, &format!("  next: {}", failure.hint));
    }
}
