//! One difference as a format reports it, before deviations, clusters and masking look at it.

use super::labels::{Attribution, Class, Kind};
use crate::finding::Level;
use crate::packets::Path;
use jiff::civil::Date;
use serde_json::Value as Json;
use std::cell::Cell;

/// A difference inside one file.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Where, as reports show it.
    pub path: String,
    pub kind: Kind,
    pub attribution: Attribution,
    /// The line in the deployed file, or in the intended one where nothing is deployed.
    pub line: Option<u32>,
    pub intended: Option<Json>,
    pub deployed: Option<Json>,
    pub base: Option<Json>,
    /// Not ours to compare; why is in `note`.
    pub ignored: bool,
    /// The values are secrets, whatever their length.
    pub secret: bool,
    /// `None` for what the kind says.
    pub level: Option<Level>,
    pub class: Class,
    pub meaning: Option<String>,
    /// What it lets through or stops, packet by packet, where that is known.
    pub paths: Vec<Path>,
    pub count: usize,
    pub note: Option<String>,
    /// The deviation that made the value what it is, and has run out.
    pub lapsed: Option<Lapse>,
    /// What to do, where that is not what such a difference usually asks for.
    pub next: Option<&'static str>,
    /// The digest of the deployed content, where that is the value as a whole.
    pub digest: Option<String>,
}

/// A deviation that has run out.
#[derive(Debug, Clone)]
pub struct Lapse {
    /// Its id.
    pub id: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it counted.
    pub expires: Date,
}

impl Found {
    pub(crate) fn new(path: impl Into<String>, kind: Kind) -> Self {
        Self {
            path: path.into(),
            kind,
            attribution: Attribution::Unknown,
            line: None,
            intended: None,
            deployed: None,
            base: None,
            ignored: false,
            secret: false,
            level: None,
            class: Class::Settings,
            meaning: None,
            paths: vec![],
            count: 1,
            note: None,
            lapsed: None,
            next: None,
            digest: None,
        }
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    pub(crate) fn values(mut self, intended: Option<Json>, deployed: Option<Json>) -> Self {
        self.intended = intended;
        self.deployed = deployed;
        self
    }
}

/// What came out of comparing one file.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub found: Vec<Found>,
    /// Sentences about the comparison itself.
    pub warnings: Vec<String>,
    /// Secrets of the file, from every side.
    pub secrets: Vec<String>,
    /// Which patterns of the profile named something.
    pub hits: Vec<bool>,
    /// Whether the file was read at all, or was equal byte for byte.
    pub parsed: bool,
}

impl Compared {
    /// A file that could not be compared.
    pub(crate) fn opaque(note: impl Into<String>, warning: impl Into<String>) -> Self {
        let found = Found::new("", Kind::Opaque).note(note);
        Self { found: vec![found], warnings: vec![warning.into()], parsed: true, ..Self::default() }
    }

    /// A file of which one side is not what its format says, from `line` on.
    pub(crate) fn unreadable(side: &str, message: &str, line: u32) -> Self {
        let sentence = format!("{message} at line {line}");
        let mut out = Self::opaque(format!("{side}: {sentence}"), format!("{side} {{file}}: {sentence}"));
        out.found[0].line = Some(line);
        out
    }
}

/// The line of a byte offset, from 1.
pub(crate) fn line_of(text: &str, at: u32) -> u32 {
    let before = &text.as_bytes()[..(at as usize).min(text.len())];
    memchr::memchr_iter(b'\n', before).count() as u32 + 1
}

/// The lines of a text, for asking about many places: each is counted from the one before.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    last: Cell<(usize, u32)>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, last: Cell::new((0, 1)) }
    }

    /// The line of a byte offset, from 1.
    pub(crate) fn of(&self, at: u32) -> u32 {
        let at = (at as usize).min(self.text.len());
        let (from, line) = self.last.get();
        let between = |range: std::ops::Range<usize>| {
            memchr::memchr_iter(b'\n', &self.text.as_bytes()[range]).count() as u32
        };
        let line = if at >= from { line + between(from..at) } else { line - between(at..from) };
        self.last.set((at, line));
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_the_place_before() {
        let text = "a\nbb\n\nc";
        let lines = Lines::new(text);
        for at in [0, 7, 2, 5, 1, 99, 6] {
            assert_eq!(lines.of(at), line_of(text, at), "{at}");
        }
    }
}
