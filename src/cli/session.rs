//! One run: the fleet's folder, today, and the way to talk.

use super::{ColorWhen, FailOn, Failure, Global, Outcome};
use crate::finding::{self, Finding, Level};
use crate::load::Fleet;
use crate::report::{self, Format, Style};
use crate::source::Tree;
use jiff::civil::Date;
use serde_json::{Map, Value as Json};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

/// One report that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) format: Format,
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
    fail_on: FailOn,
}

impl Session {
    pub(crate) fn new(global: &Global) -> Result<Self, Failure> {
        if let Some(threads) = global.threads {
            // A second pool in one process cannot happen: this runs once.
            let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
        }
        let wanted = global.format.iter().map(|text| parse_format(text)).collect::<Result<Vec<_>, _>>()?;
        if wanted.iter().filter(|wanted| wanted.file.is_none()).count() > 1 {
            return Err(Failure::new(
                "two formats want standard output",
                "send one to a file: --format json=FILE",
            ));
        }
        Ok(Self {
            root: global.fleet.clone(),
            as_of: global.as_of,
            quiet: global.quiet,
            verbose: global.verbose,
            style: style(global.color),
            wanted,
            fail_on: global.fail_on,
        })
    }

    /// Finds the fleet's folder.
    pub(crate) fn root(&self) -> Result<PathBuf, Failure> {
        if let Some(root) = &self.root {
            if root.join("jig.yaml").symlink_metadata().is_ok() {
                return Ok(root.clone());
            }
            let message = format!("`{}` holds no jig.yaml", root.display());
            return Err(Failure::new(message, "`jig init DIR` makes a fleet"));
        }
        let here = std::env::current_dir().map_err(|error| {
            Failure::new(format!("cannot tell the current folder: {error}"), "name it: -C DIR")
        })?;
        let found = here.ancestors().find(|folder| folder.join("jig.yaml").symlink_metadata().is_ok());
        found.map(Path::to_path_buf).ok_or_else(|| {
            Failure::new(
                "there is no jig.yaml here or above",
                "`jig init DIR` makes a fleet; `-C DIR` names one",
            )
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

    /// Whether a format goes to standard output; text does without a word.
    pub(crate) fn on_stdout(&self, format: Format) -> bool {
        let named = self.wanted.iter().find(|wanted| wanted.file.is_none());
        named.map_or(format == Format::Text, |wanted| wanted.format == format)
    }

    /// Whether a format is wanted anywhere.
    pub(crate) fn wants(&self, format: Format) -> bool {
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
        emit(&mut std::io::stdout().lock(), text);
    }

    /// Prints one line of talk about the run; silent with `-q`.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            emit(&mut std::io::stderr().lock(), text);
        }
    }

    /// Whether questions can be asked.
    pub(crate) fn is_interactive(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Reports findings and a result object in every wanted format.
    ///
    /// In text the findings go to stdout for `validate`, whose result they are, and `lead` says the rest.
    pub(crate) fn report(
        &self,
        findings: &[Finding],
        object: impl FnOnce() -> Map<String, Json>,
        text: impl Fn() -> String,
    ) -> Result<(), Failure> {
        let needs_json = self.wants(Format::Json);
        let json = needs_json.then(|| format!("{}\n", serde_json::to_string(&object()).unwrap_or_default()));
        let mut shown = findings.to_vec();
        crate::check::hide_secrets(&mut shown, None);
        let plain = |style: Style| report::findings_text(&shown, style) + &text();
        for wanted in &self.wanted {
            let Some(file) = &wanted.file else { continue };
            let content = match wanted.format {
                Format::Text => plain(Style::Plain),
                Format::Json => json.clone().unwrap_or_default(),
            };
            super::write::replace(file, content.as_bytes()).map_err(|error| {
                Failure::new(format!("cannot write `{}`: {error}", file.display()), "choose another file")
            })?;
        }
        if self.on_stdout(Format::Text) {
            let text = plain(self.style);
            // With -q a run without findings prints nothing at all, not an empty line.
            if !text.trim().is_empty() {
                self.out(text.trim_end_matches('\n'));
            }
        } else if let Some(json) = json.filter(|_| self.on_stdout(Format::Json)) {
            self.out(json.trim_end_matches('\n'));
        }
        Ok(())
    }

    /// Emits a result that draws itself in every wanted format.
    pub(crate) fn emit(&self, draw: impl Fn(Format, Style) -> String) -> Result<(), Failure> {
        for wanted in &self.wanted {
            let Some(file) = &wanted.file else { continue };
            let content = format!("{}\n", draw(wanted.format, Style::Plain).trim_end_matches('\n'));
            super::write::replace(file, content.as_bytes()).map_err(|error| {
                Failure::new(format!("cannot write `{}`: {error}", file.display()), "choose another file")
            })?;
        }
        let format = self
            .wanted
            .iter()
            .find(|wanted| wanted.file.is_none())
            .map_or(Format::Text, |wanted| wanted.format);
        self.out(draw(format, self.style).trim_end_matches('\n'));
        Ok(())
    }

    /// The least level that fails a run.
    pub(crate) fn threshold(&self) -> Level {
        match self.fail_on {
            FailOn::Note => Level::Note,
            FailOn::Warning => Level::Warning,
            FailOn::Error => Level::Error,
        }
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

fn style(when: ColorWhen) -> Style {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let colour = match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto if set("NO_COLOR") => false,
        ColorWhen::Auto if set("CLICOLOR_FORCE") => true,
        ColorWhen::Auto => {
            std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
        }
    };
    if colour { Style::Colour } else { Style::Plain }
}

fn parse_format(text: &str) -> Result<Wanted, Failure> {
    let (name, file) =
        text.split_once('=').map_or((text, None), |(name, file)| (name, Some(PathBuf::from(file))));
    let format = <Format as clap::ValueEnum>::from_str(name, false).map_err(|_| {
        let known: Vec<_> =
            report::FORMATS.iter().map(|(format, _)| format!("{format:?}").to_lowercase()).collect();
        Failure::new(format!("there is no format `{name}`"), format!("use one of {}", known.join(", ")))
    })?;
    Ok(Wanted { format, file })
}

/// Prints text; a reader that went away ends the printing quietly.
fn emit(stream: &mut dyn std::io::Write, text: &str) {
    let _ = writeln!(stream, "{text}").and_then(|()| stream.flush());
}

/// Prints why a command could not run.
pub(crate) fn print_failure(failure: &Failure) {
    let mut stderr = std::io::stderr().lock();
    emit(&mut stderr, &format!("error: {}", failure.message));
    if !failure.hint.is_empty() {
        emit(&mut stderr, &format!("  next: {}", failure.hint));
    }
}
