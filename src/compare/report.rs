//! What there is to tell about a comparison: plain data without a secret in it.

use super::cluster::Cluster;
use super::labels::{Attribution, Class, Disposition, Kind, Verdict};
use crate::finding::Level;
use crate::packets::Path;
use jiff::civil::Date;
use serde_json::Value as Json;

/// One difference, ready to be reported: no secret is in it.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Drift {
    pub address: Option<String>,
    pub file: String,
    pub path: String,
    pub kind: Kind,
    pub level: Level,
    pub line: Option<u32>,
    pub attribution: Attribution,
    pub disposition: Disposition,
    pub intended: Option<Json>,
    pub deployed: Option<Json>,
    pub base: Option<Json>,
    pub consequence: Class,
    pub meaning: Option<String>,
    /// What it lets through or stops, packet by packet, where that is known.
    pub paths: Vec<Path>,
    pub owner: Option<String>,
    pub deviation: Option<String>,
    /// The last day of the deviation.
    pub expires: Option<Date>,
    pub cluster: Option<String>,
    pub count: usize,
    pub note: Option<String>,
    /// What to do, where that is not what such a difference usually asks for.
    pub next: Option<&'static str>,
    /// A short name that stays while the difference stays.
    pub id: String,
}

/// What a line is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct LineReport {
    pub address: Option<String>,
    pub verdict: Verdict,
    pub blueprint: Option<String>,
    pub collected: Option<Date>,
    pub age_days: Option<i64>,
    pub is_site: bool,
    /// The deviations that its intended files carry.
    pub deviations: Vec<String>,
}

/// How many of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Summary {
    pub lines: usize,
    /// Sites with outputs of their own; the counts of verdicts are of lines.
    pub sites: usize,
    pub in_order: usize,
    pub drifted: usize,
    pub behind: usize,
    pub approved_lines: usize,
    pub cannot_tell: usize,
    pub open: usize,
    pub approved: usize,
    pub expired: usize,
    pub ignored: usize,
    pub files: usize,
}

/// Everything that is to be told.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Report {
    pub as_of: Date,
    pub verdict: Verdict,
    pub summary: Summary,
    pub lines: Vec<LineReport>,
    pub findings: Vec<Drift>,
    pub clusters: Vec<Cluster>,
    pub warnings: Vec<String>,
    /// The deployed values as they are, in the order of the findings: for writing them, never for showing them.
    pub sealed: Vec<Sealed>,
}

impl Report {
    /// A run that could not begin: bad profile, bad deviations.
    #[must_use]
    pub fn refused(as_of: Date, warnings: Vec<String>) -> Self {
        Self {
            as_of,
            verdict: Verdict::CannotTell,
            summary: Summary::default(),
            lines: vec![],
            findings: vec![],
            clusters: vec![],
            warnings,
            sealed: vec![],
        }
    }
}

/// A deployed value as it is, which may be a secret: it neither prints nor compares.
#[derive(Clone)]
pub struct Sealed {
    pub(crate) deployed: Option<Json>,
    /// The digest of a content that is the value as a whole.
    pub(crate) digest: Option<String>,
    pub(crate) is_secret: bool,
}

impl Sealed {
    /// The value, where it is no secret.
    #[must_use]
    pub fn open(&self) -> Option<&Json> {
        self.deployed.as_ref().filter(|_| !self.is_secret)
    }

    /// Whether it is a secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// The value as a deviation pins it: a secret as its digest under the deviation's own key.
    #[must_use]
    pub fn pinned(&self, deviation: &str) -> Option<Json> {
        if let Some(digest) = &self.digest {
            return Some(Json::String(digest.clone()));
        }
        let value = self.deployed.as_ref()?;
        Some(if self.is_secret {
            Json::String(super::deviation::digest(deviation, value))
        } else {
            value.clone()
        })
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
}

impl PartialEq for Sealed {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
