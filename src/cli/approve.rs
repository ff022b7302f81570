//! `jig approve`: one side's approval, bound to the digest of what it approved.

use super::session::Session;
use super::write;
use super::{Failure, Outcome, Run};
use crate::load::{Fleet, Loaded, Record, nearest};
use crate::model::{Approval, Decision, Deviation, Side};
use crate::resolve::approval::{Approvers, decision_digest, deviation_digest, suits};
use clap::Args;
use std::collections::BTreeSet;

/// Writes a role's approval of a decision or deviation
///
/// The approval names the digest of what was approved: when the record, or what it covers, changes later, the
/// approval no longer counts. IT and OT approve in files of their own, so that code owners can demand both.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  jig approve RD-001 --as corp-security")]
pub(crate) struct Approve {
    /// The decision or deviation, such as RD-001
    record: String,
    /// The role that approves
    #[arg(long = "as", value_name = "ROLE")]
    role: String,
}

pub(crate) fn run(session: &mut Session, args: &Approve) -> Run {
    let (fleet, _) = session.fleet()?;
    let fleet = fleet.ok_or_else(|| Failure::new("the fleet cannot be read", "`jig validate` says why"))?;
    let today = session.today(Some(&fleet)).to_string();
    let digests = digests(&fleet, &args.record)?;
    let (folder, files, approvers) = facts(&fleet, &args.record)?;
    let side = side_for(&fleet, args, &approvers, &files, &digests)?;
    let path = format!("{folder}/{side}.yaml");
    let old = files.iter().find(|(name, _)| *name == side).and_then(|(_, file)| file.as_ref());
    let mut approved: BTreeSet<String> = digests.into_iter().collect();
    if let Some(old) = old.filter(|old| old.role.as_str() == args.role) {
        approved.extend(old.approves.iter().cloned());
    }
    let approved: Vec<String> = approved.into_iter().collect();
    let text = text(&args.role, &today, &approved);
    let root = session.root()?;
    write::replace(&root.join(&path), text.as_bytes())
        .map_err(|error| Failure::new(format!("cannot write: {error}"), "nothing was written"))?;
    session.out(&format!("wrote {path}"));
    Ok(Outcome::InOrder)
}

/// The content of an approval file.
pub(crate) fn text(role: &str, date: &str, digests: &[String]) -> String {
    let list: String = digests.iter().map(|digest| format!("  - {digest}\n")).collect();
    let schema = super::init::editor_line("approval", 2);
    format!("{schema}role: {role}\ndate: {date}\napproves:\n{list}")
}

type Files = Vec<(&'static str, Option<Approval>)>;

fn model(file: Option<&Loaded<Approval>>) -> Option<Approval> {
    file.map(|loaded| loaded.model.clone())
}

fn facts(fleet: &Fleet, id: &str) -> Result<(String, Files, Approvers), Failure> {
    if let Some(record) = fleet.decisions.get(id) {
        let files = vec![("it", model(record.it.as_ref())), ("ot", model(record.ot.as_ref()))];
        return Ok((record.folder.clone(), files, Approvers::of(fleet, "conduit", owners(fleet, record))));
    }
    if let Some(record) = fleet.deviations.get(id) {
        let files = vec![("it", model(record.it.as_ref())), ("ot", model(record.ot.as_ref()))];
        let owner = vec![record.record.model.owner.to_string()];
        return Ok((record.folder.clone(), files, Approvers::of(fleet, "deviation", owner)));
    }
    Err(unknown(fleet, id))
}

/// The roles that stand in where no right says who decides: the record's own, the conduits', the blueprint's.
fn owners(fleet: &Fleet, record: &Record<Decision>) -> Vec<String> {
    let mut owners: Vec<String> = record.record.model.owner.iter().map(ToString::to_string).collect();
    for standard in fleet.standards.all() {
        let prefix = format!("{}/", standard.id);
        let covered = record.record.model.covers.iter().filter_map(|covered| covered.strip_prefix(&prefix));
        let conduits = standard.conduits.as_ref().map(|loaded| &loaded.model.conduits);
        let mut any = false;
        for conduit in covered.filter_map(|id| conduits?.get(id)) {
            any = true;
            owners.extend(conduit.owner.iter().map(ToString::to_string));
        }
        if any {
            owners.push(standard.blueprint.model.owner.to_string());
        }
    }
    owners
}

fn unknown(fleet: &Fleet, id: &str) -> Failure {
    let known = fleet.decisions.keys().chain(fleet.deviations.keys()).map(String::as_str);
    let hint = nearest(id, known).map_or_else(
        || "records are the folders of decisions/ and deviations/; `jig validate` says whether one has errors".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Failure::new(format!("there is no decision or deviation `{id}`"), hint)
}

/// Returns one digest per distinct text that a record stands for, sorted.
pub(crate) fn digests(fleet: &Fleet, id: &str) -> Result<Vec<String>, Failure> {
    if let Some(record) = fleet.deviations.get(id) {
        return Ok(vec![deviation_digest(deviation(record))]);
    }
    let record = fleet.decisions.get(id).ok_or_else(|| unknown(fleet, id))?;
    use_every_version(fleet);
    let mut found = BTreeSet::new();
    for standard in fleet.standards.all() {
        let prefix = format!("{}/", standard.id);
        let covers = |covered: &String| {
            let id = covered.strip_prefix(&prefix);
            id.zip(standard.conduits.as_ref())
                .is_some_and(|(id, loaded)| loaded.model.conduits.contains_key(id))
        };
        if record.record.model.covers.iter().any(covers) {
            found.insert(decision_digest(record, &standard));
        }
    }
    if found.is_empty() {
        let message = format!("{id} covers no conduit of any blueprint here");
        return Err(Failure::new(message, "correct `covers`: <blueprint>/<conduit>"));
    }
    Ok(found.into_iter().collect())
}

fn deviation(record: &Record<Deviation>) -> &Record<Deviation> {
    record
}

/// Reads the versions that lines name, also those that only a tag holds.
fn use_every_version(fleet: &Fleet) {
    for site in &fleet.sites {
        for line in &site.lines {
            let document = crate::load::read_document(&fleet.tree, &line.path, &line.path);
            let Ok(document) = document else { continue };
            if let Some(reference) = document.root.get("blueprint").and_then(|member| member.node.as_str()) {
                // A version that cannot be found has no text to approve; `validate` reports it.
                let _ = fleet.standards.get(reference);
            }
        }
    }
}

fn side_for(
    fleet: &Fleet,
    args: &Approve,
    approvers: &Approvers,
    files: &Files,
    digests: &[String],
) -> Result<&'static str, Failure> {
    let role = &args.role;
    let Some(known) = fleet.enterprise.roles.get(role.as_str()) else {
        let near = nearest(role, fleet.enterprise.roles.keys().map(|id| id.as_str()));
        let hint = near
            .map_or_else(|| "roles stand in jig.yaml".to_owned(), |near| format!("did you mean `{near}`?"));
        return Err(Failure::new(format!("there is no role `{role}`"), hint));
    };
    if !approvers.roles.contains(role) {
        let right = approvers.right.as_deref().map_or_else(String::new, |right| format!(" ({right})"));
        let message = format!("`{role}` may not approve {}{right}", args.record);
        return Err(Failure::new(message, format!("it is for {}", approvers.roles.join(" or "))));
    }
    let held_by =
        |side: &str| files.iter().find(|(name, _)| *name == side).and_then(|(_, file)| file.as_ref());
    let mine = |side: &&&str| held_by(side).is_some_and(|file| file.role.as_str() == role);
    let side = match known.side {
        Side::It => "it",
        Side::Ot => "ot",
        Side::External => {
            let message = format!("`{role}` is external; external roles never approve");
            return Err(Failure::new(message, format!("it is for {}", approvers.roles.join(" or "))));
        }
        // A joint role renews its own file, else fills the side that is missing; where both are, the one that
        // fewer of the others can fill.
        Side::Joint => {
            let others = |side: &str| {
                let side_of =
                    |other: &String| fleet.enterprise.roles.get(other.as_str()).map(|role| role.side);
                let fits =
                    |other: &&String| side_of(other).is_some_and(|s| s != Side::Joint && suits(s, side));
                approvers.roles.iter().filter(|other| *other != role).filter(fits).count()
            };
            let mut free: Vec<&&str> = ["it", "ot"].iter().filter(|side| held_by(side).is_none()).collect();
            free.sort_by_key(|side| others(side));
            match ["it", "ot"].iter().find(mine).or(free.first().copied()) {
                Some(side) => side,
                None => {
                    let message = format!("both sides of {} are filled by other roles", args.record);
                    return Err(Failure::new(message, "let one of them approve again"));
                }
            }
        }
    };
    if let Some(holder) = held_by(side).filter(|file| file.role.as_str() != role) {
        let current = digests.iter().all(|digest| holder.approves.contains(digest));
        if current {
            let message = format!("{} has approved {} for this side already", holder.role, args.record);
            return Err(Failure::new(message, "one role per side is enough; nothing was written"));
        }
    }
    let other = if side == "it" { "ot" } else { "it" };
    if approvers.sides.is_some() && held_by(other).is_some_and(|file| file.role.as_str() == role) {
        let message = format!("`{role}` has approved {} for the other side", args.record);
        return Err(Failure::new(message, "two sides are two roles"));
    }
    Ok(side)
}
