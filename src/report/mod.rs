//! Findings and results for people and machines: one file per format, one list.

pub mod change;
pub mod drift_json;
pub mod drift_text;
mod json;
mod text;

pub use json::{finding as finding_json, object as json_object};
pub use text::{Style, findings as findings_text, summary_line};

/// A report format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a terminal.
    Text,
    /// For programs: one object, stable.
    Json,
}

/// Every format, with what it is for.
pub const FORMATS: &[(Format, &str)] = &[
    (Format::Text, "for people at a terminal"),
    (Format::Json, "for programs; stable, additive changes only"),
];
