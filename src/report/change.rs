//! What a change does, and who must agree to it: the part of a report that `--changed` adds.

use crate::compare::Class;
use serde::{Serialize, Serializer};

/// What a change does and who must agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// What it is compared with, as people say it: `origin/main (1a2b3c4)`.
    pub base: String,
    /// Who must agree, sorted by decision right.
    pub approvals: Vec<Approval>,
    /// What becomes of lines and files.
    pub effect: Effect,
    /// Findings that were there before, and do not fail the change.
    pub older: usize,
}

/// One decision right that the change touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// The right, such as `DR-02`.
    pub right: String,
    /// The role that decides.
    pub decides: String,
    /// Its team, as the code host knows it.
    pub team: String,
    /// Teams that must agree as well.
    pub agrees: Vec<String>,
    /// Within how many working days.
    pub within_working_days: Option<u64>,
    /// What of the change touches the right.
    pub because: Vec<Because>,
}

/// A reason why somebody must agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Because {
    /// What kind of thing: `flow`, `blueprint`, `line`.
    pub what: String,
    /// Its id.
    pub id: String,
    /// The site or line.
    pub address: Option<String>,
}

/// What becomes of lines and files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Lines and sites whose files change.
    pub lines: usize,
    /// Files that change.
    pub files: usize,
    /// Identical changes once each, the worst first.
    pub groups: Vec<Group>,
}

/// The same change on one or more lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The lines and sites, sorted.
    pub lines: Vec<String>,
    /// The file, with `*` where its name is each line's own.
    pub path: String,
    /// Lines of text that are added.
    pub added: usize,
    /// Lines of text that are removed.
    pub removed: usize,
    /// One unified diff for all; a line's own values are replaced by their names.
    pub diff: String,
    /// What it means for production.
    #[serde(serialize_with = "word")]
    pub consequence: Class,
    /// The same in words: `opens tcp/502 from mes to cell`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
}

fn word<S: Serializer>(class: &Class, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(class.as_str())
}

impl Change {
    /// The worst consequence of the change.
    #[must_use]
    pub fn risk(&self) -> Option<Class> {
        self.effect.groups.iter().map(|group| group.consequence).min()
    }
}
