//! `jig diff`: what the devices run against what the standard intends.
//!
//! Of a fleet: every line against what it renders now. Of any two folders: no fleet is needed. What both share is
//! everything behind [`Job`](crate::compare::Job).

mod before;
mod collection;
pub(super) mod fleet;
mod folder;
mod returned;
mod triage;
pub(super) mod wanted;

pub(crate) use triage::Promote;

use super::session::Session;
use super::{Outcome, Run};
use crate::compare::{Disposition, Report, Verdict};
use crate::report;
use crate::source::{Text, parse};
use clap::Args;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Compares what the devices run with what the standard intends
///
/// Of a fleet: what lies under deployed/ with what each line renders now. Of any two folders with --intended: no fleet
/// is needed. A difference says what differs, who moved, and what it means for production. What could not be told is
/// never called in order.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_value_name = "VERB")]
#[command(subcommand_help_heading = "What to do about a difference")]
#[command(
    after_help = "Examples:\n  jig diff                        every line and site\n  jig diff grr/pk2 'lej/*'        \
                        these\n  jig diff --deployed ~/backups   read-back that lies elsewhere\n  jig diff --intended want \
                        --deployed have --profile profile.yaml   any two folders\n\nExit codes: 0 nothing open, 1 open drift, \
                        2 could not tell"
)]
pub(crate) struct Diff {
    /// Sites, lines or globs; none means all
    #[arg(value_name = "ADDRESS", conflicts_with = "intended")]
    addresses: Vec<String>,
    /// What was read back: a folder [default: `deployed` of jig.yaml]
    #[arg(long, value_name = "DIR")]
    deployed: Option<PathBuf>,
    /// What should be: a folder; compares two folders without a fleet
    #[arg(long, value_name = "DIR", requires = "deployed")]
    intended: Option<PathBuf>,
    /// What was last deployed: a folder; tells who moved
    #[arg(long, value_name = "DIR", requires = "intended")]
    base: Option<PathBuf>,
    /// How files are compared
    #[arg(long, value_name = "FILE", requires = "intended")]
    profile: Option<PathBuf>,
    /// Differences that are accepted until a date
    #[arg(long, value_name = "FILE", requires = "intended")]
    deviations: Option<PathBuf>,
    /// What was collected, and when
    #[arg(long, value_name = "FILE", requires = "intended")]
    collection: Option<PathBuf>,
    #[command(subcommand)]
    verb: Option<triage::Verb>,
}

/// `jig promote`: the same as `jig diff promote`.
pub(crate) fn promote(session: &mut Session, args: &Promote) -> Run {
    triage::promote(session, args)
}

pub(crate) fn run(session: &mut Session, args: &Diff) -> Run {
    if let Some(verb) = &args.verb {
        return triage::run(session, verb);
    }
    match (&args.intended, &args.deployed) {
        (Some(intended), Some(deployed)) => folder::run(session, args, intended, deployed),
        _ => fleet::run(session, args),
    }
}

/// Prints a report; the exit code does not depend on the format. `name` is the fleet's.
fn finish(session: &Session, report: &Report, name: &str, folders: &report::Folders) -> Run {
    let drifts = report::Drifts { report, name, folders };
    session.emit(|format, style| (format.drift)(&drifts, style))?;
    Ok(judge(session, report))
}

fn judge(session: &Session, report: &Report) -> Outcome {
    let counts = |disposition: Disposition| disposition != Disposition::Ignored;
    let over =
        report.findings.iter().any(|drift| counts(drift.disposition) && drift.level >= session.threshold());
    match report.verdict {
        Verdict::CannotTell => Outcome::CannotTell,
        _ if over => Outcome::Findings,
        _ => Outcome::InOrder,
    }
}

fn read_yaml(session: &Session, path: &Path) -> Result<Json, Vec<String>> {
    let name = path.display().to_string();
    let text = session.read_file(path).map_err(|failure| vec![failure.message.clone()])?;
    let text = Arc::new(Text::new(name.as_str(), text));
    match parse(text.clone()) {
        Ok(document) => Ok(document.root.to_json()),
        Err(problems) => Err(problems
            .iter()
            .map(|problem| format!("{name}:{}: {}", text.position(problem.span.start).line, problem.message))
            .collect()),
    }
}
