//! What is reported: one finding is one thing that is wrong, in the user's words, at its place.
//!
//! Findings are data. They know no colour, no terminal and no file format; `report` draws them.

use crate::source::{Document, Position, Span, Text};
use std::sync::Arc;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Good to know.
    Note,
    /// Should be looked at; nothing stops.
    Warning,
    /// Must be corrected.
    Error,
}

impl Level {
    /// Returns the word that people and JSON use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in a file, with the source lines it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Path relative to the fleet, with `/`.
    pub file: Arc<str>,
    /// First and last line and column, from 1; `None` for the file as a whole.
    pub range: Option<Range>,
    /// The lines the range covers, for drawing; at most [`EXCERPT_LINES`].
    pub excerpt: Box<str>,
}

/// Lines and columns, from 1; the end column is one past the last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// One past the last column.
    pub end_column: u32,
}

/// Most lines that a [`Place`] carries along.
const EXCERPT_LINES: u32 = 3;
/// Longest excerpt in bytes; longer lines are cut when drawn.
const EXCERPT_BYTES: usize = 2000;

impl Place {
    /// Names a file as a whole.
    pub fn file(name: impl Into<Arc<str>>) -> Self {
        Self { file: name.into(), range: None, excerpt: "".into() }
    }

    /// Names one character of a file that cannot be shown.
    pub fn point(name: impl Into<Arc<str>>, at: Position) -> Self {
        let Position { line, column } = at;
        let range = Range { line, column, end_line: line, end_column: column + 1 };
        Self { file: name.into(), range: Some(range), excerpt: "".into() }
    }

    /// Names bytes of a text.
    pub fn span(text: &Text, span: Span) -> Self {
        let start = text.position(span.start);
        let mut end = text.position(trimmed_end(text, span));
        if end.line >= start.line + EXCERPT_LINES {
            // A long block is shown by its first line.
            end = Position { line: start.line, column: start.column + 1 };
        }
        if end <= start {
            end = Position { line: start.line, column: start.column + 1 };
        }
        let excerpt = text.lines(start.line, end.line);
        let excerpt = if excerpt.len() > EXCERPT_BYTES { "" } else { excerpt };
        Self {
            file: text.name.clone(),
            range: Some(Range {
                line: start.line,
                column: start.column,
                end_line: end.line,
                end_column: end.column,
            }),
            excerpt: excerpt.into(),
        }
    }

    /// Names the value at a JSON pointer, or the nearest value around it.
    pub fn value(document: &Document, pointer: &str) -> Self {
        let mut pointer = pointer;
        loop {
            if let Some(node) = document.root.at(pointer) {
                return Self::span(&document.text, node.span);
            }
            pointer = &pointer[..pointer.rfind('/').unwrap_or(0)];
        }
    }

    /// Names the key of the value at a JSON pointer, or the nearest value around it.
    pub fn key(document: &Document, pointer: &str) -> Self {
        match document.root.key_span(pointer) {
            Some(span) => Self::span(&document.text, span),
            None => Self::value(document, pointer),
        }
    }

    /// Names a whole line of a text.
    pub fn line(text: &Text, line: u32) -> Self {
        let content = text.lines(line.max(1), line.max(1));
        let indent = content.chars().take_while(|c| c.is_whitespace()).count() as u32;
        let end_column = (content.chars().count() as u32 + 1).max(indent + 2);
        let range = Range { line: line.max(1), column: indent + 1, end_line: line.max(1), end_column };
        let excerpt = if content.len() > EXCERPT_BYTES { "" } else { content };
        Self { file: text.name.clone(), range: Some(range), excerpt: excerpt.into() }
    }
}

/// The end of a span without trailing blanks and line breaks, which block collections carry along.
fn trimmed_end(text: &Text, span: Span) -> u32 {
    let end = (span.end as usize).min(text.content.len());
    let Some(slice) = text.content.get(span.start as usize..end) else { return span.end };
    span.start + slice.trim_end().len() as u32
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule it breaks, kebab-case.
    pub rule: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What is wrong, in one sentence without a final period.
    pub message: String,
    /// Where; `None` when no file is to blame.
    pub place: Option<Place>,
    /// Other places that belong to the story, each with its words.
    pub related: Vec<(Place, String)>,
    /// The site or line it is about.
    pub address: Option<String>,
    /// The role that can mend it.
    pub owner: Option<String>,
    /// What to do.
    pub next: String,
    /// Whether something could not be read or understood, so that the rest cannot be vouched for.
    pub blind: bool,
    /// Whether it is a cause or follows from one; causes are told first.
    pub rank: Rank,
    /// Whether a line or site does not render because of it: nobody can accept that.
    pub stops: bool,
    /// The deviation that accepts it as it is.
    pub accepted: Option<Acceptance>,
}

/// How findings stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Its file could not be read because of it.
    Unread,
    /// What was read is wrong.
    Judged,
    /// It only follows from others.
    Follows,
}

/// What lets a finding be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The deviation.
    pub deviation: String,
    /// The last day that it counts.
    pub until: String,
}

impl Finding {
    /// Starts an error; the builder methods say the rest.
    pub fn error(rule: &'static str, message: impl Into<String>) -> Self {
        Self::new(rule, Level::Error, message)
    }

    /// Starts a warning.
    pub fn warning(rule: &'static str, message: impl Into<String>) -> Self {
        Self::new(rule, Level::Warning, message)
    }

    /// Starts a finding of a level.
    pub fn new(rule: &'static str, level: Level, message: impl Into<String>) -> Self {
        Self {
            rule,
            level,
            message: message.into(),
            place: None,
            related: vec![],
            address: None,
            owner: None,
            next: String::new(),
            blind: false,
            rank: Rank::Judged,
            stops: false,
            accepted: None,
        }
    }

    /// Sets the place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn see(mut self, place: Place, words: impl Into<String>) -> Self {
        self.related.push((place, words.into()));
        self
    }

    /// Sets the site or line.
    #[must_use]
    pub fn about(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Sets the role that can mend it.
    #[must_use]
    pub fn owned_by(mut self, role: impl Into<String>) -> Self {
        self.owner = Some(role.into());
        self
    }

    /// Sets what to do.
    #[must_use]
    pub fn next(mut self, step: impl Into<String>) -> Self {
        self.next = step.into();
        self
    }

    /// Marks it as "could not tell".
    #[must_use]
    pub fn blind(mut self) -> Self {
        self.blind = true;
        self
    }

    /// Marks it as what only follows from other findings.
    #[must_use]
    pub fn following(mut self) -> Self {
        self.rank = Rank::Follows;
        self
    }

    /// The order of reports: worst first, causes before what follows, what could not be read before what was judged,
    /// then by place, then by words.
    pub fn sort_key(&self) -> impl Ord + use<> {
        let place = self.place.as_ref().map(|place| (place.file.to_string(), place.range));
        // The places of built-in templates are where values arrive, not where they come from.
        let is_built_in = place.as_ref().is_some_and(|(file, _)| file.starts_with("built-in:"));
        let first = (std::cmp::Reverse(self.level), self.rank, is_built_in);
        (first, place, self.address.clone(), self.rule, self.message.clone())
    }
}

/// Sorts findings for a report and drops repetitions.
pub fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by_cached_key(Finding::sort_key);
    findings.dedup();
}
