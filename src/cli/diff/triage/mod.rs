//! What to do about one difference: accept it, adopt it, promote it, or take it back.
//!
//! Each verb writes one file that can be reviewed, and nothing to a device. Before it writes, everything is compared
//! again in memory with the file as it would be; where the difference would still be there, nothing is written.

mod accept;
mod revert;
mod values;

use super::fleet::{ReadBack, survey};
use crate::cli::select::select;
use crate::cli::session::Session;
use crate::cli::work::Work;
use crate::cli::{Failure, Outcome, Run};
use crate::compare::deviation::Deviation;
use crate::compare::{Disposition, Drift, Kind, Report, Sealed};
use crate::load::Fleet;
use crate::source::Tree;
use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    Accept(accept::Accept),
    Adopt(values::Adopt),
    Promote(Promote),
    Revert(revert::Revert),
}

pub(super) use values::promote;

/// Writes a deployed value into the blueprint, for every line
///
/// Only where a default or fixed value of the blueprint makes the difference, and only while that version is not
/// released. Says which other lines would be rendered differently.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  jig diff promote k3m9x2pq")]
pub(crate) struct Promote {
    #[command(flatten)]
    chosen: Chosen,
    /// Says what would change and writes nothing
    #[arg(long)]
    dry_run: bool,
}

/// Which difference is meant.
#[derive(Debug, Args)]
struct Chosen {
    /// The difference, as `jig diff` names it; its first letters are enough
    #[arg(value_name = "FINDING")]
    finding: String,
    /// What was read back: a folder [default: `deployed` of jig.yaml]
    #[arg(long, value_name = "DIR")]
    deployed: Option<PathBuf>,
}

pub(super) fn run(session: &mut Session, verb: &Verb) -> Run {
    match verb {
        Verb::Accept(args) => accept::run(session, args),
        Verb::Adopt(args) => values::adopt(session, args),
        Verb::Promote(args) => values::promote(session, args),
        Verb::Revert(args) => revert::run(session, args),
    }
}

/// One difference of a fleet.
struct Case {
    fleet: Fleet,
    root: PathBuf,
    as_of: Date,
    back: ReadBack,
    report: Report,
    /// Its place among the findings.
    at: usize,
}

impl Case {
    fn open(session: &Session, chosen: &Chosen) -> Result<Self, Failure> {
        let (fleet, findings) = session.fleet()?;
        let fleet =
            fleet.ok_or_else(|| Failure::new("the fleet cannot be read", "`jig validate` says why"))?;
        let root = session.root()?;
        let as_of = session.today(Some(&fleet));
        let back = ReadBack::open(&fleet, chosen.deployed.as_deref())?;
        let report = survey(&fleet, as_of, &back, &select(&fleet, &[])?, &findings, &[]);
        let at = find(&report, &chosen.finding)?;
        Ok(Self { fleet, root, as_of, back, report, at })
    }

    fn drift(&self) -> &Drift {
        &self.report.findings[self.at]
    }

    fn sealed(&self) -> &Sealed {
        &self.report.sealed[self.at]
    }

    /// The address of the line or site that it is on.
    fn address(&self) -> &str {
        self.drift().address.as_deref().unwrap_or_default()
    }

    /// Site and line; a site's own outputs have no line.
    fn line(&self) -> Result<(&str, &str), Failure> {
        self.address().split_once('/').ok_or_else(|| {
            let message = format!("{} is an output of a site, not of a line", self.place());
            Failure::new(message, "put the intended file back: `jig diff revert`, or change the site's files")
        })
    }

    fn place(&self) -> String {
        let drift = self.drift();
        [self.address(), &drift.file].join("/") + if drift.path.is_empty() { "" } else { " " } + &drift.path
    }

    /// A value was compared; what could not be told, or needs no act, is none.
    fn must_differ(&self) -> Result<(), Failure> {
        let drift = self.drift();
        match (drift.disposition, drift.kind) {
            (_, Kind::Opaque) => Err(Failure::new(
                format!("{} could not be told; nobody can accept what nobody knows", self.place()),
                "have it read back again",
            )),
            (Disposition::Ignored, _) | (_, Kind::Equivalent) => {
                Err(Failure::new(format!("{} needs no act", self.place()), "it is not counted as drift"))
            }
            (Disposition::Approved, _) => {
                let id = drift.deviation.as_deref().unwrap_or_default();
                Err(Failure::new(
                    format!("{id} accepts it already"),
                    format!("`jig explain {id}` says until when"),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Compares the line again: with another file of the fleet, another read-back, or one deviation more.
    fn again(&self, change: &What<'_>) -> Result<Report, Failure> {
        let (mut back, mut changed, mut more) = (None, None, vec![]);
        match change {
            What::File(path, text) => {
                let tree = Tree::folder(&self.root).with(path, text.as_bytes().to_vec());
                let (fleet, findings) = Fleet::load(tree, Some(self.root.clone()));
                let broken = findings.iter().find(|finding| finding.level == crate::finding::Level::Error);
                if let Some(finding) = broken {
                    return Err(Failure::new(
                        format!("with the change {path} would have an error: {}", finding.message),
                        "nothing was written",
                    ));
                }
                changed = fleet;
            }
            What::ReadBack(path, bytes) => back = Some(self.back.with(path, bytes.to_vec())),
            What::Deviation(deviation) => more.push((*deviation).clone()),
        }
        let fleet = changed.as_ref().unwrap_or(&self.fleet);
        let selected = select(fleet, &[self.address().to_owned()])?;
        if changed.is_some() {
            let work = Work::new(fleet, self.as_of, None);
            let renders =
                |selected| work.site(selected, |line| line.rendered.is_ok()).results.into_iter().all(|ok| ok);
            if !selected.iter().all(renders) {
                let message = format!("{} would not render any more", self.address());
                return Err(Failure::new(message, "nothing was written"));
            }
        }
        Ok(survey(fleet, self.as_of, back.as_ref().unwrap_or(&self.back), &selected, &[], &more))
    }

    /// What would be open on the line that was not open before, and whether the difference itself would be gone.
    fn outcome(&self, after: &Report) -> (bool, Vec<String>) {
        let open = |report: &Report| -> BTreeSet<(String, String)> {
            let counted = report.findings.iter().filter(|drift| {
                drift.address == self.drift().address
                    && matches!(
                        drift.disposition,
                        Disposition::Open | Disposition::Expired | Disposition::Behind
                    )
                    && drift.kind != Kind::Equivalent
            });
            counted.map(|drift| (drift.file.clone(), drift.path.clone())).collect()
        };
        let (before, after) = (open(&self.report), open(after));
        let own = (self.drift().file.clone(), self.drift().path.clone());
        let fresh = after.difference(&before).map(|(file, path)| format!("{file} {path}").trim().to_owned());
        (!after.contains(&own), fresh.collect())
    }

    /// What the site has to be given now, because the value stands in more places than it changed.
    fn to_roll_out(&self, after: &Report) -> Vec<String> {
        let fresh = self.outcome(after).1;
        fresh.iter().map(|place| format!("to be rolled out to {}: {place}", self.address())).collect()
    }

    fn write(&self, path: &str, text: &str) -> Result<(), Failure> {
        write(&self.root.join(path), text.as_bytes())
    }
}

/// What is asked: how would it be with this.
enum What<'a> {
    File(&'a str, &'a str),
    ReadBack(&'a str, &'a [u8]),
    Deviation(&'a Deviation),
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    crate::cli::write::replace(path, bytes).map_err(|error| {
        Failure::new(format!("cannot write `{}`: {error}", path.display()), "nothing was written")
    })
}

fn find(report: &Report, name: &str) -> Result<usize, Failure> {
    let all = report.findings.iter().enumerate();
    let found: Vec<usize> = all
        .filter(|(_, drift)| drift.id == name || (name.len() >= 3 && drift.id.starts_with(name)))
        .map(|(at, _)| at)
        .collect();
    let exact = found.iter().copied().find(|at| report.findings[*at].id == name);
    match (exact, found.as_slice()) {
        (Some(at), _) => Ok(at),
        (None, [at]) => Ok(*at),
        (None, []) => {
            let message = format!("`jig diff` finds no difference `{name}`");
            Err(Failure::new(
                message,
                "`jig diff --format json` shows the `id` of each; one whose value changed is another",
            ))
        }
        (None, several) => {
            let ids: Vec<&str> = several.iter().map(|at| report.findings[*at].id.as_str()).collect();
            Err(Failure::new(format!("`{name}` may be {}", ids.join(" or ")), "give more letters"))
        }
    }
}

/// Says what was done.
fn done(
    session: &Session,
    verb: &str,
    wrote: Option<&str>,
    case: &Case,
    more: Map<String, Json>,
    said: &[String],
) -> Run {
    let object = || {
        let mut object = crate::report::json_object("diff");
        object.insert("verb".into(), json!(verb));
        object.insert("finding".into(), json!(case.drift().id));
        object.insert("wrote".into(), json!(wrote));
        object.extend(more.clone());
        object
    };
    let text = || {
        let first = wrote.map(|path| format!("wrote {path}\n")).unwrap_or_default();
        first + &said.join("\n")
    };
    session.report(&[], object, text)?;
    Ok(Outcome::InOrder)
}
