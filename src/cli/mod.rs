//! Commands, one file each. The only place that prints, writes files, and knows date, environment and terminal.
//!
//! stdout carries what was asked for; stderr the talk about the run. Exit 0: in order. 1: findings, or a line that
//! did not render. 2: could not tell, or could not run.

mod approve;
mod cache;
mod capture;
mod diff;
mod explain;
mod graph;
mod init;
mod new;
mod overview;
mod questions;
mod render;
mod report;
mod schema;
mod select;
mod session;
mod shell;
mod validate;
mod work;
mod write;

use crate::report::{FORMATS, Format, TEXT};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use session::Session;
use std::path::PathBuf;
use std::process::ExitCode;

/// One standard, many lines: renders, checks and compares a factory's IT/OT configurations from a blueprint.
///
/// A fleet is a folder with jig.yaml: blueprints, sites, lines, decisions. `jig` alone says what state it is in.
#[derive(Debug, Parser)]
#[command(name = "jig", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 in order, 1 findings or a line that did not render, 2 could not tell or \
                        could not run.\nStart here: jig init DIR --example"
)]
struct Cli {
    #[command(flatten, next_help_heading = "The same everywhere")]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
struct Global {
    /// The fleet [default: the nearest folder upwards with a jig.yaml]
    #[arg(short = 'C', value_name = "DIR", global = true)]
    fleet: Option<PathBuf>,
    /// Fixes today [default: `as_of` of jig.yaml, else today in UTC]
    #[arg(long, value_name = "DATE", global = true)]
    as_of: Option<jiff::civil::Date>,
    /// Threads [default: one per core]
    #[arg(short = 'j', value_name = "N", global = true, value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// Says nothing but findings
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Says more about the run
    #[arg(short, long, global = true)]
    verbose: bool,
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    color: ColorWhen,
    #[arg(long, value_name = "FORMAT[=FILE]", global = true, help = format_help())]
    format: Vec<String>,
    /// The least level that makes the exit code 1
    #[arg(long, value_name = "LEVEL", default_value = "error", global = true)]
    fail_on: FailOn,
    /// Reads a git repository that belongs to another user, as in a container; only its objects are read
    #[arg(long, global = true)]
    trust_repo: bool,
}

fn format_help() -> String {
    let names: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
    let pictures: Vec<_> = crate::graph::FORMATS.iter().map(|format| format.name).collect();
    format!(
        "How to report: {}; FORMAT=FILE writes one to a file; may be given several times; `jig graph` takes {}",
        names.join(", "),
        pictures.join(", ")
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ColorWhen {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    Note,
    Warning,
    Error,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    New(new::New),
    Render(render::Render),
    // Verbs make it much larger than the others.
    Diff(Box<diff::Diff>),
    Promote(diff::Promote),
    Validate(validate::Validate),
    Explain(explain::Explain),
    Graph(graph::Graph),
    Approve(approve::Approve),
    Capture(capture::Capture),
    Report(report::Report),
    Schema(schema::Schema),
    Completions(shell::Completions),
    Man(shell::Man),
    // Listed nowhere: every help text names --help.
    #[command(hide = true)]
    Help(shell::Help),
}

/// Refuses a format that a command cannot speak: what only draws findings has nothing to say of an explanation.
fn limit_formats(session: &Session, command: Option<&Command>) -> Result<(), Failure> {
    let text = |format: &Format| format == TEXT;
    let plain = |format: &Format| format.universal;
    match command {
        // Pictures have formats of their own.
        Some(Command::Render(_) | Command::Validate(_) | Command::Diff(_) | Command::Graph(_)) => Ok(()),
        Some(Command::Capture(_)) => session.limit("jig capture", |format| format.capture.is_some()),
        Some(Command::Report(_)) => session.limit("jig report", text),
        Some(Command::Promote(_)) => session.limit("jig promote", plain),
        Some(Command::Explain(_)) => session.limit("jig explain", plain),
        Some(Command::New(_)) => session.limit("jig new", plain),
        None => session.limit("jig", text),
        Some(Command::Init(_)) => session.limit("jig init", text),
        Some(Command::Approve(_)) => session.limit("jig approve", text),
        // What these print has one form, and no reader to confuse.
        Some(Command::Schema(_)) => session.limit("jig schema", plain),
        Some(Command::Completions(_)) => session.limit("jig completions", text),
        Some(Command::Man(_)) => session.limit("jig man", text),
        Some(Command::Help(_)) => session.limit("jig help", text),
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// In order.
    InOrder,
    /// Findings at or above the threshold, or a line that did not render.
    Findings,
    /// Could not tell, or could not run.
    CannotTell,
}

/// Why a command could not run at all: a failure of the run, not a finding about the plant.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: String,
}

impl Failure {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

type Run = Result<Outcome, Failure>;

/// Returns the command line, for documentation.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program.
pub fn main() -> ExitCode {
    let matches = match Cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // A broken pipe while printing help is nobody's fault.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(2);
        }
    };
    if cli.global.trust_repo {
        crate::source::git::trust_other_owners();
    }
    let mut global = cli.global;
    // A picture is no report; its formats are its own.
    let is_picture = matches!(cli.command, Some(Command::Graph(_)));
    let pictures = if is_picture { std::mem::take(&mut global.format) } else { vec![] };
    let mut session = match Session::new(&global) {
        Ok(session) => session,
        Err(failure) => {
            session::print_failure(&failure);
            return ExitCode::from(2);
        }
    };
    if let Err(failure) = limit_formats(&session, cli.command.as_ref()) {
        session::print_failure(&failure);
        return ExitCode::from(2);
    }
    let run = match cli.command {
        None => overview::run(&mut session),
        Some(Command::Init(args)) => init::run(&mut session, &args),
        Some(Command::New(args)) => new::run(&mut session, &args),
        Some(Command::Render(args)) => render::run(&mut session, &args),
        Some(Command::Diff(args)) => diff::run(&mut session, &args),
        Some(Command::Promote(args)) => diff::promote(&mut session, &args),
        Some(Command::Validate(args)) => validate::run(&mut session, &args),
        Some(Command::Explain(args)) => explain::run(&mut session, &args),
        Some(Command::Graph(args)) => graph::run(&mut session, &args, &pictures),
        Some(Command::Approve(args)) => approve::run(&mut session, &args),
        Some(Command::Capture(args)) => capture::run(&mut session, &args),
        Some(Command::Report(args)) => report::run(&mut session, &args),
        Some(Command::Schema(args)) => schema::run(&mut session, &args),
        Some(Command::Completions(args)) => shell::completions(&mut session, &args, &mut Cli::command()),
        Some(Command::Man(_)) => shell::man(&mut session, Cli::command()),
        Some(Command::Help(args)) => shell::help(&mut session, &args, Cli::command()),
    };
    let run = run.and_then(|outcome| session.unprinted().map_or(Ok(outcome), Err));
    match run {
        Ok(Outcome::InOrder) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Ok(Outcome::CannotTell) => ExitCode::from(2),
        Err(failure) => {
            session::print_failure(&failure);
            ExitCode::from(2)
        }
    }
}
