//! Findings of a run, as every format takes them.

use super::change::Change;
use crate::finding::{Finding, Level, Place, Range};
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

    /// Where a platform that knows only the repository shows a finding. A built-in template is no file of it: then
    /// the next place of the finding is shown, else the file of the line or site, and the message says where.
    pub(super) fn spot(&self, finding: &Finding) -> Spot {
        let is_built_in = |place: &Place| place.file.starts_with(BUILT_IN);
        let Some(inside) = finding.place.as_ref().filter(|place| is_built_in(place)) else {
            let place = finding.place.as_ref();
            let range = place.and_then(|place| place.range);
            return Spot { path: self.path(place), range, message: finding.message.clone() };
        };
        let line = inside.range.map(|range| format!(", line {}", range.line)).unwrap_or_default();
        let message = format!("{} ({}{line})", finding.message, inside.file);
        let own = finding.related.iter().map(|(place, _)| place).find(|place| !is_built_in(place));
        let path = match (own, finding.address.as_deref().map(|address| address.split_once('/'))) {
            (Some(place), _) => self.path(Some(place)),
            (None, Some(Some((site, line)))) => format!("{}sites/{site}/lines/{line}.yaml", self.folder),
            (None, Some(None)) => {
                format!("{}sites/{}/site.yaml", self.folder, finding.address.as_deref().unwrap_or_default())
            }
            (None, None) => self.path(None),
        };
        Spot { path, range: own.and_then(|place| place.range), message }
    }
}

/// How the file of a built-in template begins.
const BUILT_IN: &str = "built-in:";

/// A place in the repository, and what to say there.
pub(super) struct Spot {
    /// The file.
    pub path: String,
    /// Where in it, if that is known.
    pub range: Option<Range>,
    /// The message of the finding, with the place in a built-in template.
    pub message: String,
}

/// How far back the same finding may stand.
const NEAR: usize = 64;

/// Puts together what is the same at several lines: a finding, and all the addresses that it is about.
pub(super) fn grouped(findings: &[Finding]) -> Vec<(&Finding, Vec<&str>)> {
    let mut groups: Vec<(&Finding, Vec<&str>)> = vec![];
    for finding in findings {
        let same = |known: &&mut (&Finding, Vec<&str>)| {
            let other = known.0;
            other.rule == finding.rule
                && other.level == finding.level
                && other.message == finding.message
                && other.place == finding.place
        };
        // Findings are sorted, so that the same ones stand near each other.
        match groups.iter_mut().rev().take(NEAR).find(same) {
            Some(group) => group.1.extend(finding.address.as_deref()),
            None => groups.push((finding, finding.address.as_deref().into_iter().collect())),
        }
    }
    groups
}
