//! The files of one line: compared in parallel, then let go of. What stays are the differences, the secrets that could
//! turn up in them, and what is to be warned about.

use super::file::{self, Job, Outcome};
use super::found::Found;
use super::profile::Rules;
use jiff::civil::Date;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A line, as far as comparing needs to know it.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// Its address; `None` where two folders are compared and no line is named.
    pub address: Option<String>,
    /// What deviations call it, where that is not the address.
    pub name: Option<String>,
    /// The blueprint it follows.
    pub blueprint: Option<String>,
    /// The last day on which being behind is allowed; `None` is for ever.
    pub adopt_by: Option<Date>,
    /// Its own values, for clusters.
    pub parameters: BTreeMap<String, String>,
    /// When its files were read back.
    pub collected: Option<Date>,
    /// Why nothing of it was read back.
    pub missing: Option<String>,
    /// Whether these are a site's own outputs.
    pub is_site: bool,
    /// The deviations that its intended files carry.
    pub deviations: Vec<String>,
}

/// A difference and the file it is in.
#[derive(Debug)]
pub(crate) struct Row {
    pub file: String,
    /// The path inside the line's folder.
    pub inner: String,
    pub owner: Option<String>,
    pub found: Found,
}

/// Which patterns of a profile entry named something, as far as anyone looked.
#[derive(Debug)]
pub(crate) struct Hits {
    pub rules: Arc<Rules>,
    pub named: Vec<bool>,
    /// Whether every file of the entry was looked into.
    pub complete: bool,
}

impl Hits {
    pub(crate) fn add(&mut self, other: &Self) {
        self.complete &= other.complete && self.named.len() == other.named.len();
        self.named.iter_mut().zip(&other.named).for_each(|(known, hit)| *known |= hit);
    }
}

/// What came out of comparing the files of one line.
#[derive(Debug)]
pub struct LineResult {
    pub(crate) line: Line,
    pub(crate) files: usize,
    pub(crate) rows: Vec<Row>,
    pub(crate) warnings: Vec<String>,
    pub(crate) secrets: BTreeSet<String>,
    /// By profile entry.
    pub(crate) hits: BTreeMap<usize, Hits>,
    /// Whether a finding says why nobody knows when the line was read back.
    dating_is_told: bool,
}

impl LineResult {
    /// Compares the files of a line.
    #[must_use]
    pub fn of(line: Line, jobs: &[Job<'_>]) -> Self {
        let outcomes: Vec<Outcome> = jobs.par_iter().map(file::compare).collect();
        let mut notes = moved_files(jobs, &outcomes);
        let secrets = secrets(jobs, &outcomes);
        let hits = hits(jobs, &outcomes);
        let mut rows = vec![];
        let mut warnings = vec![];
        for (at, (job, outcome)) in jobs.iter().zip(outcomes).enumerate() {
            warnings.extend(outcome.compared.warnings);
            let moved = notes.remove(&at);
            rows.extend(outcome.compared.found.into_iter().map(|mut found| {
                if let Some(note) = &moved {
                    found.note.get_or_insert_with(|| note.clone());
                }
                Row { file: job.file.clone(), inner: job.inner.clone(), owner: job.owner.clone(), found }
            }));
        }
        Self { line, files: jobs.len(), rows, warnings, secrets, hits, dating_is_told: false }
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the line's address.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.line.address.as_deref()
    }

    /// Returns the line's address if something was read back and nobody knows when.
    #[must_use]
    pub fn undated(&self) -> Option<&str> {
        let is_silent = self.line.missing.is_none() && self.line.collected.is_none() && !self.dating_is_told;
        self.address().filter(|_| is_silent)
    }

    /// Gives the line its own values, once it is known that they are needed.
    pub fn set_parameters(&mut self, parameters: BTreeMap<String, String>) {
        self.line.parameters = parameters;
    }

    /// Adds what cannot be vouched for: a file, or the line as a whole with an empty name.
    pub fn cannot_tell(&mut self, file: &str, owner: Option<String>, why: impl Into<String>) {
        self.add(file, owner, Found::new("", super::Kind::Opaque).note(why));
    }

    /// Adds a file that goes with the read-back and cannot be read; `next` is what to do instead of reading it back.
    pub fn unread(&mut self, file: &str, line: Option<u32>, why: &str, next: Option<&'static str>) {
        let mut found = Found::new("", super::Kind::Opaque).note(why);
        (found.line, found.next) = (line, next);
        self.add(file, None, found);
    }

    /// Marks that a finding says why nobody knows when the line was read back.
    pub fn dating_is_told(&mut self) {
        self.dating_is_told = true;
    }

    /// Adds a path that is deployed although it is refused: nobody intends it, whatever was committed.
    pub fn refused(&mut self, file: &str, owner: Option<String>, line: Option<u32>, flow: &str, why: &str) {
        let mut found = Found::new(flow, super::Kind::Extra).note(why);
        found.deployed = Some(flow.into());
        found.class = super::Class::Path;
        found.line = line;
        found.meaning = Some(format!("flow {flow} is deployed, and it is refused"));
        found.next = Some("take the path off the device, or mend what refuses it: `jig validate` says what");
        self.add(file, owner, found);
    }

    /// Adds a remark about the comparison.
    pub fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    fn add(&mut self, file: &str, owner: Option<String>, found: Found) {
        self.rows.push(Row { file: file.to_owned(), inner: file.to_owned(), owner, found });
    }
}

/// The same content under another name: said at both ends.
fn moved_files(jobs: &[Job<'_>], outcomes: &[Outcome]) -> HashMap<usize, String> {
    let mut by_digest: HashMap<blake3::Hash, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (at, outcome) in outcomes.iter().enumerate() {
        let (Some(digest), Some(found)) = (outcome.digest, outcome.compared.found.first()) else { continue };
        let entry = by_digest.entry(digest).or_default();
        if found.kind == super::Kind::FileMissing { entry.0.push(at) } else { entry.1.push(at) }
    }
    let mut notes = HashMap::new();
    // The order of this map decides nothing: each entry writes its own keys.
    #[allow(clippy::iter_over_hash_type)]
    for (missing, extra) in by_digest.values() {
        if let ([one, ..], [other, ..]) = (missing.as_slice(), extra.as_slice()) {
            notes.extend(missing.iter().map(|at| (*at, format!("same content at {}", jobs[*other].file))));
            notes.extend(extra.iter().map(|at| (*at, format!("same content as {}", jobs[*one].file))));
        }
    }
    notes
}

/// Every secret that could turn up in what is reported: of all files that were read, and of the equal files beside them.
fn secrets(jobs: &[Job<'_>], outcomes: &[Outcome]) -> BTreeSet<String> {
    if outcomes.iter().all(|outcome| outcome.compared.found.is_empty()) {
        return BTreeSet::new();
    }
    let mut secrets: BTreeSet<String> =
        outcomes.iter().flat_map(|outcome| outcome.compared.secrets.iter().cloned()).collect();
    let silent = |(_, outcome): &(&Job<'_>, &Outcome)| !outcome.compared.parsed;
    let silent: Vec<&Job<'_>> = jobs.iter().zip(outcomes).filter(silent).map(|(job, _)| job).collect();
    let more: Vec<Vec<String>> = silent.par_iter().map(|job| file::secrets_of(job)).collect();
    secrets.extend(more.into_iter().flatten());
    secrets
}

/// Files equal byte for byte were not looked into.
fn hits(jobs: &[Job<'_>], outcomes: &[Outcome]) -> BTreeMap<usize, Hits> {
    let mut all: BTreeMap<usize, Hits> = BTreeMap::new();
    for (job, outcome) in jobs.iter().zip(outcomes) {
        let Some(entry) = job.entry else { continue };
        let expected = job.rules.patterns.len();
        let looked = outcome.compared.parsed && outcome.compared.hits.len() == expected;
        let named = if looked { outcome.compared.hits.clone() } else { vec![false; expected] };
        let hits = Hits { rules: job.rules.clone(), named, complete: looked };
        match all.entry(entry) {
            std::collections::btree_map::Entry::Occupied(mut known) => known.get_mut().add(&hits),
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(hits);
            }
        }
    }
    all
}
