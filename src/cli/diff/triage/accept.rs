//! `jig diff accept`: the difference stays, known, owned, until a day.

use super::{Case, Chosen, What, done};
use crate::cli::init::editor_line;
use crate::cli::new::records::{next_id, optional};
use crate::cli::new::{known_role, yaml};
use crate::cli::session::Session;
use crate::cli::{Failure, Run};
use crate::compare::Disposition;
use crate::compare::deviation::Deviation;
use crate::resolve::approval::Approvers;
use clap::Args;
use jiff::Span;
use jiff::civil::Date;
use serde_json::{Map, json};

/// Writes a deviation that accepts exactly the deployed value until a day
///
/// Another value at the same place is drift again. A secret is pinned by a digest under the deviation's own key. It
/// counts once it is approved.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  jig diff accept k3m9x2pq --owner site-controls --reason \"flash memory wears out\" --days 60"
)]
pub(in crate::cli::diff) struct Accept {
    #[command(flatten)]
    chosen: Chosen,
    /// Who answers for it
    #[arg(long, value_name = "ROLE")]
    owner: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// What protects meanwhile
    #[arg(long)]
    countermeasure: Option<String>,
    /// What closes it
    #[arg(long)]
    closes_when: Option<String>,
    /// The last day it counts
    #[arg(long, value_name = "DATE", conflicts_with = "days")]
    expires: Option<Date>,
    /// How many days it counts
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,
}

pub(super) fn run(session: &Session, args: &Accept) -> Run {
    let case = Case::open(session, &args.chosen)?;
    known_role(&case.fleet, &args.owner)?;
    case.line()?;
    case.must_differ()?;
    let expires =
        args.expires.unwrap_or_else(|| case.as_of.saturating_add(Span::new().days(i64::from(args.days))));
    if expires < case.as_of {
        return Err(Failure::new(format!("{expires} is past"), "name a day that is still to come"));
    }
    let deviation = deviation(&case, args, expires);
    let after = case.again(&What::Deviation(&deviation))?;
    let drift = case.drift();
    let accepted = after.findings.iter().find(|other| other.id == drift.id);
    if accepted.is_none_or(|other| other.disposition != Disposition::Approved) {
        let message = format!("{} would not be accepted by a deviation", case.place());
        return Err(Failure::new(message, "nothing was written"));
    }
    let path = format!("deviations/{}/deviation.yaml", deviation.id);
    case.write(&path, &text(&case, args, &deviation))?;
    let approvers = Approvers::of(&case.fleet, "deviation", vec![args.owner.clone()]);
    let id = &deviation.id;
    let said = [
        format!("{} is accepted as it is, through {expires}", case.place()),
        format!("to approve: {}", approvers.roles.join(" and ")),
        format!("next: `jig approve {id} --as ROLE`; until then it is still open"),
    ];
    done(session, "accept", Some(&path), &case, Map::from_iter([("deviation".to_owned(), json!(id))]), &said)
}

fn deviation(case: &Case, args: &Accept, expires: Date) -> Deviation {
    let id = next_id("DV", 4, case.fleet.deviations.keys());
    let drift = case.drift();
    Deviation {
        line: case.address().to_owned(),
        file: drift.file.clone(),
        path: drift.path.clone(),
        deployed: case.sealed().pinned(&id),
        owner: args.owner.clone(),
        expires,
        pending: None,
        id,
    }
}

fn text(case: &Case, args: &Accept, deviation: &Deviation) -> String {
    let accepts = json!({ "drift": deviation.file, "path": deviation.path, "deployed": deviation.deployed });
    let mut text = editor_line("deviation", 2);
    text.push_str(&yaml::member(0, "line", &json!(deviation.line)));
    text.push_str(&yaml::member(0, "accepts", &accepts));
    text.push_str(&yaml::member(0, "reason", &json!(args.reason)));
    text.push_str(&optional("countermeasure", args.countermeasure.as_ref()));
    text.push_str(&yaml::member(0, "owner", &json!(args.owner)));
    text.push_str(&format!("opened: {}\nexpires: {}\n", case.as_of, deviation.expires));
    text.push_str(&optional("closes_when", args.closes_when.as_ref()));
    text
}
