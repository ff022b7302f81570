//! `jig new`: starts a line, site, blueprint, decision, deviation or lesson as a file that is right from the start.

mod asking;
mod blueprint;
mod csv;
mod draft;
mod line;
mod proposals;
pub(super) mod records;
mod site;
pub(super) mod yaml;

use super::session::Session;
use super::{Failure, Outcome, Run, write};
use crate::load::Fleet;
use clap::{Args, Subcommand};
use std::path::Path;

/// Starts a line, site, blueprint, decision, deviation or lesson
#[derive(Debug, Args)]
pub(crate) struct New {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Line(line::NewLine),
    Site(site::NewSite),
    Blueprint(blueprint::NewBlueprint),
    Decision(records::NewDecision),
    Deviation(records::NewDeviation),
    Lesson(records::NewLesson),
}

pub(crate) fn run(session: &mut Session, args: &New) -> Run {
    match &args.what {
        What::Line(args) => line::run(session, args),
        What::Site(args) => site::run(session, args),
        What::Blueprint(args) => blueprint::run(session, args),
        What::Decision(args) => records::decision(session, args),
        What::Deviation(args) => records::deviation(session, args),
        What::Lesson(args) => records::lesson(session, args),
    }
}

/// Loads the fleet, which must be readable.
fn fleet(session: &Session) -> Result<Fleet, Failure> {
    let (fleet, _) = session.fleet()?;
    fleet.ok_or_else(|| Failure::new("the fleet cannot be read", "`jig validate` says why"))
}

/// Writes a new file of the fleet.
fn create(root: &Path, path: &str, text: &str) -> Result<(), Failure> {
    write::create(&root.join(path), text.as_bytes())
        .map_err(|error| Failure::new(format!("cannot write: {error}"), "nothing was written"))
}

/// Says that a file was written, and what comes next.
fn wrote(session: &Session, path: &str, next: &[String]) -> Run {
    session.out(&format!("wrote {path}"));
    next.iter().for_each(|step| session.out(step));
    Ok(Outcome::InOrder)
}

/// A role that must exist.
pub(super) fn known_role(fleet: &Fleet, role: &str) -> Result<(), Failure> {
    if fleet.has_role(role) {
        return Ok(());
    }
    let near = crate::load::nearest(role, fleet.enterprise.roles.keys().map(|id| id.as_str()));
    let hint =
        near.map_or_else(|| "roles stand in jig.yaml".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(Failure::new(format!("there is no role `{role}`"), hint))
}
