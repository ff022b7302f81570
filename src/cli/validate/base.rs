//! What a change is compared with. Never "everything", never "nothing": where it cannot be told, the command that
//! mends it.

use super::super::Failure;
use crate::source::git::{Commit, Repo};
use crate::source::versions::VersionError;
use std::path::Path;

/// Two commits to compare.
pub(super) struct Pair {
    pub(super) repo: Repo,
    pub(super) base: Commit,
    pub(super) head: Commit,
    /// What they are, in words.
    pub(super) words: String,
}

/// Finds the commits. `named` is empty where no base was named.
pub(super) fn find(root: &Path, named: &str) -> Result<Pair, Failure> {
    let repo = match Repo::open(root) {
        Ok(Some(repo)) => repo,
        Ok(None) => {
            return Err(Failure::new(
                "the fleet is not in a git repository, so there is no base to compare with",
                "`jig validate` without --changed checks everything",
            ));
        }
        Err(error) => return Err(failed(&error)),
    };
    let head = repo.head().map_err(|error| failed(&error))?;
    let Some(head) = head else {
        return Err(Failure::new("there is no commit yet", "commit first: `git add . && git commit`"));
    };
    let (base, what) = if named.is_empty() { unnamed(&repo, &head)? } else { meeting(&repo, &head, named)? };
    let words = format!(
        "{} ({what}) with {} (HEAD, as committed; work that is not committed is left out)",
        base.short(),
        head.short()
    );
    Ok(Pair { repo, base, head, words })
}

fn failed(error: &VersionError) -> Failure {
    Failure::new(error.to_string(), error.next())
}

/// The base of a merge commit, or the one that the CI names.
fn unnamed(repo: &Repo, head: &Commit) -> Result<(Commit, String), Failure> {
    if head.is_merge() {
        return parent(repo, head);
    }
    for (variable, prefix) in [
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", ""),
        ("GITHUB_BASE_REF", "origin/"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "origin/"),
        ("BITBUCKET_PR_DESTINATION_BRANCH", "origin/"),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "origin/"),
        ("CHANGE_TARGET", "origin/"),
    ] {
        let value = std::env::var(variable).unwrap_or_default();
        let value = value.trim_start_matches("refs/heads/");
        if !value.is_empty() {
            return meeting(repo, head, &format!("{prefix}{value}"));
        }
    }
    Err(Failure::new(
        "HEAD is no merge commit and no CI variable names a base",
        "name one: `jig validate --changed origin/main`",
    ))
}

fn parent(repo: &Repo, head: &Commit) -> Result<(Commit, String), Failure> {
    match repo.first_parent(head) {
        Some(base) => Ok((base, "the first parent of the merge".to_owned())),
        None => Err(Failure::new(
            "HEAD is a merge commit and its first parent was not fetched",
            "`git fetch --deepen=1`; in GitHub Actions give actions/checkout `fetch-depth: 2`",
        )),
    }
}

/// Where the history of HEAD and that of a named commit meet.
fn meeting(repo: &Repo, head: &Commit, named: &str) -> Result<(Commit, String), Failure> {
    let Some(other) = repo.commit(named) else {
        if head.is_merge() {
            return parent(repo, head);
        }
        return Err(Failure::new(format!("git has no commit `{named}` here"), fetch(named)));
    };
    match repo.meeting(&other, head) {
        Some(base) if base == other => Ok((base, named.to_owned())),
        Some(base) => Ok((base, format!("where {named} and HEAD part"))),
        None if head.is_merge() && repo.is_shallow() => parent(repo, head),
        None if repo.is_shallow() => Err(Failure::new(
            format!("this clone is shallow: it does not hold the commit where {named} and HEAD part"),
            "`git fetch --unshallow`; in GitHub Actions give actions/checkout `fetch-depth: 0`",
        )),
        None => Err(Failure::new(
            format!("the histories of {named} and HEAD have nothing in common"),
            "name the branch that this work began from",
        )),
    }
}

fn fetch(named: &str) -> String {
    match named.split_once('/') {
        Some(("origin", branch)) => format!("`git fetch origin {branch}`"),
        Some((_, version)) if semver::Version::parse(version).is_ok() => "`git fetch --tags`".to_owned(),
        _ => format!("`git fetch origin {named}`, and name `origin/{named}`; for a tag `git fetch --tags`"),
    }
}
