//! `jig diff revert`: the intended file, to put back.

use super::{Case, Chosen, What, done, write};
use crate::cli::select::select;
use crate::cli::session::Session;
use crate::cli::work::Work;
use crate::cli::{Failure, Outcome, Run};
use crate::compare::{Disposition, Kind};
use clap::Args;
use serde_json::{Map, json};
use std::path::PathBuf;

/// Prints the intended file, or writes it for your deployment to put back
///
/// Nothing is sent to a device. What the site owns in that file, and what a deviation accepts there, would be put back
/// with it; jig says so.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  jig diff revert k3m9x2pq > telegraf.conf\n  jig diff revert k3m9x2pq --out to-deploy"
)]
pub(in crate::cli::diff) struct Revert {
    #[command(flatten)]
    chosen: Chosen,
    /// Writes DIR/<site>/<line>/<file> instead of printing it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(session: &Session, args: &Revert) -> Run {
    let case = Case::open(session, &args.chosen)?;
    let drift = case.drift();
    if drift.kind == Kind::FileExtra {
        let message = format!("nobody intends {}; there is nothing to put back", case.place());
        return Err(Failure::new(message, "take the file off the device"));
    }
    let Some(text) = intended(&case) else {
        let message = format!("{} does not render {} now", case.address(), drift.file);
        return Err(Failure::new(message, "`jig validate` says why"));
    };
    let below =
        if case.line().is_ok() { case.address().to_owned() } else { format!("{}/_site", case.address()) };
    let path = format!("{below}/{}", drift.file);
    let after = case.again(&What::ReadBack(&path, text.as_bytes()))?;
    if !case.outcome(&after).0 {
        return Err(Failure::new(format!("{} would still differ", case.place()), "nothing was written"));
    }
    let lost = lost(&case);
    if args.out.is_none() && !session.on_stdout(crate::report::JSON) {
        lost.iter().for_each(|what| session.say(what));
        session.out(text.trim_end_matches('\n'));
        return Ok(Outcome::InOrder);
    }
    let wrote = match &args.out {
        Some(out) => {
            let target = out.join(&path);
            write(&target, text.as_bytes())?;
            Some(target.display().to_string())
        }
        None => None,
    };
    let object = Map::from_iter([("file".to_owned(), json!(path)), ("content".to_owned(), json!(text))]);
    done(session, "revert", wrote.as_deref(), &case, object, &lost)
}

/// What the line renders for that file.
fn intended(case: &Case) -> Option<String> {
    let work = Work::new(&case.fleet, case.as_of, None);
    let selected = select(&case.fleet, &[case.address().split('/').next()?.to_owned()]).ok()?;
    let found = selected.iter().flat_map(|selected| {
        let done = work.site(selected, |evaluated| {
            let files = evaluated.rendered.as_ref().ok().filter(|_| evaluated.address == case.address())?;
            files.iter().find(|file| file.path == case.drift().file).map(|file| file.text.clone())
        });
        done.results
    });
    found.flatten().next()
}

/// What else the intended file takes back: what is the site's own, or accepted.
fn lost(case: &Case) -> Vec<String> {
    let drift = case.drift();
    let same = case
        .report
        .findings
        .iter()
        .filter(|other| other.address == drift.address && other.file == drift.file);
    let accepted = same.filter(|other| other.disposition == Disposition::Approved);
    accepted
        .map(|other| {
            let id = other.deviation.as_deref().unwrap_or_default();
            format!("the file also takes back what {id} accepts: {}", other.path)
        })
        .collect()
}
