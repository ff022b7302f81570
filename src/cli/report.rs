//! `jig report`: what others need to know, made from the fleet.

use super::session::Session;
use super::{Failure, Outcome, Run, write};
use crate::check::{CODEOWNERS, codeowners, with_codeowners};
use crate::source::Tree;
use crate::source::git::Repo;
use clap::{Args, Subcommand};

/// Makes what others need to know from the fleet
#[derive(Debug, Args)]
pub(crate) struct Report {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Codeowners(Codeowners),
}

/// Makes code owners from the decision rights: who must approve which file
///
/// On one line of a CODEOWNERS file any owner is enough; so the approvals of IT and OT are files of their own. Only the
/// part between jig's two marks is made; the rest of the file is left as it is.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  jig report codeowners            prints it\n  jig report codeowners --write    \
                        writes it to the CODEOWNERS file of the fleet"
)]
struct Codeowners {
    /// Writes it to CODEOWNERS, .github/CODEOWNERS, docs/CODEOWNERS or .gitlab/CODEOWNERS, whichever is there
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(session: &mut Session, args: &Report) -> Run {
    match &args.what {
        What::Codeowners(args) => owners(session, args),
    }
}

fn owners(session: &mut Session, args: &Codeowners) -> Run {
    let (fleet, _) = session.fleet()?;
    let fleet = fleet.ok_or_else(|| Failure::new("the fleet cannot be read", "`jig validate` says why"))?;
    let root = session.root()?;
    // A repository that cannot be opened has no folder that the paths should begin with.
    let prefix = Repo::open(&root).ok().flatten().map(|repo| repo.prefix().to_owned()).unwrap_or_default();
    let made = codeowners(&fleet, &prefix);
    if !args.write {
        session.out(made.trim_end());
        return Ok(Outcome::InOrder);
    }
    let tree = Tree::folder(&root);
    let path = CODEOWNERS.iter().find(|path| tree.contains(path)).unwrap_or(&CODEOWNERS[0]);
    let old = tree.text(path, path).map(|text| text.content).unwrap_or_default();
    let new = with_codeowners(&old, &made).unwrap_or_else(|| {
        let gap = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
        format!("{old}{gap}{made}")
    });
    write::replace_if_different(&root.join(path), new.as_bytes())
        .map_err(|error| Failure::new(format!("cannot write: {error}"), "nothing was written"))?;
    session.out(&format!("wrote {path}"));
    Ok(Outcome::InOrder)
}
