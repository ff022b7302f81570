//! Causes before what follows from them.
//!
//! A file that cannot be read takes along all that it says: names in it are not known, what it decides is undecided.
//! Told one by one, that would hide the one slip to correct, and some of it would be false: nobody knows what an
//! unread file lacks.

use crate::finding::{Finding, Place, Rank};
use std::collections::BTreeSet;

/// Takes away what was said about the content of files that could not be read, and marks what follows from them.
pub fn settle(findings: &mut Vec<Finding>) {
    let unread: BTreeSet<String> = findings
        .iter()
        .filter(|finding| finding.rank == Rank::Unread)
        .filter_map(|finding| Some(finding.place.as_ref()?.file.to_string()))
        .collect();
    if unread.is_empty() {
        return;
    }
    let own = |finding: &Finding, file: &str| {
        finding.place.as_ref().is_some_and(|place: &Place| &*place.file == file)
    };
    findings.retain(|finding| {
        finding.rank == Rank::Unread
            || !unread.iter().any(|file| !own(finding, file) && denies(&finding.message, file))
    });
    for finding in findings.iter_mut().filter(|finding| finding.rank == Rank::Judged) {
        if unread.iter().any(|file| !own(finding, file) && is_due_to(finding, file)) {
            finding.rank = Rank::Follows;
        }
    }
}

/// Whether a message says that something is not in a file.
fn denies(message: &str, file: &str) -> bool {
    message.starts_with("there is no ") && message.ends_with(&format!(" in {file}"))
        || message.starts_with(&format!("{file} has no "))
}

/// Whether a finding about a line, or about a record, may come from a file that could not be read.
fn is_due_to(finding: &Finding, file: &str) -> bool {
    match file.split('/').collect::<Vec<_>>()[..] {
        // What all lines share.
        [_] => finding.address.is_some(),
        ["decisions" | "deviations", record, _] => names(&finding.message, record),
        _ => false,
    }
}

/// Whether a text has a word.
fn names(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '-';
    text.split(|letter| !is_part(letter)).any(|part| part == word)
}
