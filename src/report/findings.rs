//! Findings of a run, as every format takes them.

use super::change::Change;
use crate::finding::{Finding, Level, Place};
use serde_json::{Map, Value as Json};

/// What `validate` and `render` have to tell.
pub struct Findings<'a> {
    /// The command.
    pub command: &'static str,
    /// The enterprise's id; tells reports of several fleets apart.
    pub name: &'a str,
    /// The fleet's folder inside its repository, empty or ending in `/`; platforms count from there.
    pub folder: &'a str,
    /// The date that expiries were judged by.
    pub as_of: Option<jiff::civil::Date>,
    /// The findings, worst first.
    pub list: &'a [Finding],
    /// Findings that a deviation accepts; they are held against nobody.
    pub accepted: &'a [Finding],
    /// Lines and sites that were looked at.
    pub lines: usize,
    /// Sites that were looked at.
    pub sites: usize,
    /// What a change does and who must agree, with `--changed`.
    pub change: Option<&'a Change>,
    /// The JSON form, whose other keys are the command's own.
    pub object: &'a dyn Fn() -> Map<String, Json>,
    /// What the text form says after the findings.
    pub closing: &'a dyn Fn() -> String,
}

impl Findings<'_> {
    /// How many findings of a level there are.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.list.iter().filter(|finding| finding.level == level).count()
    }

    /// Whether something could not be read or understood, so that the rest cannot be vouched for.
    #[must_use]
    pub fn is_blind(&self) -> bool {
        self.list.iter().any(|finding| finding.blind)
    }

    /// Returns a path as the repository knows it. What no file is to blame for is shown at jig.yaml.
    #[must_use]
    pub fn path(&self, place: Option<&Place>) -> String {
        let file = place.map_or("jig.yaml", |place| &*place.file);
        format!("{}{file}", self.folder)
    }
}
