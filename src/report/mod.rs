//! Findings and differences for people and machines: one file per format, one list.
//!
//! In: [`Findings`] of a fleet, or [`Drifts`] between what is intended and what is deployed; secrets are masked
//! already. Out: text. The same input gives the same bytes, and no format decides anything: the exit code is
//! settled before a report is drawn.

mod captured;
pub mod change;
mod drifts;
mod findings;
mod fingerprint;
mod github;
mod gitlab;
mod html;
mod json;
mod junit;
mod markdown;
mod sarif;
mod text;
mod words;

pub use captured::Captured;
pub use drifts::{Drifts, Folders, next_step};
pub use findings::Findings;
pub use json::{accepted as accepted_json, finding as finding_json, object as json_object};
pub use text::{accepted as accepted_line, findings as findings_text, summary_line};

use crate::finding::Level;

/// A report format.
#[derive(Debug)]
pub struct Format {
    /// What `--format` calls it.
    pub name: &'static str,
    /// Who or what it is for.
    pub what: &'static str,
    /// Whether every command can speak it, not only those that find something.
    pub universal: bool,
    /// Draws findings.
    pub findings: fn(&Findings<'_>, Style) -> String,
    /// Draws differences.
    pub drift: fn(&Drifts<'_>, Style) -> String,
    /// Draws what was captured, where the format has a form for it.
    pub capture: Option<fn(&Captured<'_>, Style) -> String>,
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// For people at a terminal.
pub const TEXT: &Format = &text::FORMAT;
/// For programs.
pub const JSON: &Format = &json::FORMAT;

/// Every format.
pub const FORMATS: &[&Format] = &[
    TEXT,
    JSON,
    &sarif::FORMAT,
    &github::FORMAT,
    &gitlab::FORMAT,
    &junit::FORMAT,
    &markdown::FORMAT,
    &html::FORMAT,
];

/// Returns a format by name.
#[must_use]
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name).copied()
}

/// How a report may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether colour may be used.
    pub colour: bool,
    /// Whether everything is shown, however long.
    pub verbose: bool,
    /// Columns of the terminal; what is no terminal has a fixed width, so that its text is always the same.
    pub width: usize,
    /// The least level that fails the run.
    pub fail_on: Level,
}

impl Style {
    /// Letters only, of the width that a file has.
    #[must_use]
    pub fn plain(self) -> Self {
        Self { colour: false, width: WIDTH, ..self }
    }

    fn paint(self, text: &str, code: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Columns where there is no terminal.
pub const WIDTH: usize = 110;
