//! Instrumented copies of templates: a mark on every printed expression and on every line of literal text.
//!
//! A mark in literal text is a pair of noncharacters around the number of its place. It stands only inside what
//! the template engine takes for literal text, after its trimming, so that the marked copy trims as the original.

use super::engine::{MARK_FILTER, Token, tokens};
use std::fmt::{self, Write as _};
use std::sync::Arc;

/// Opens a mark in literal text.
pub(super) const LITERAL_OPEN: char = '\u{FDD2}';
/// Closes it.
pub(super) const LITERAL_CLOSE: char = '\u{FDD3}';

/// How much is marked. Text that a template captures may be measured, trimmed or compared, which marks disturb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Printed expressions and all literal text.
    Everything,
    /// Not what is captured by `{% set %}` and `{% filter %}`.
    NoSets,
    /// Not what is captured at all: macros and calls neither.
    NoCaptures,
    /// Only printed expressions.
    Slots,
}

impl Depth {
    /// Every depth, the deepest first.
    pub(super) const ALL: [Self; 4] = [Self::Everything, Self::NoSets, Self::NoCaptures, Self::Slots];

    /// Tags whose content is not marked.
    fn spares(self, tag: &str) -> bool {
        match self {
            Self::Everything => false,
            Self::NoSets => matches!(tag, "set" | "filter"),
            Self::NoCaptures | Self::Slots => matches!(tag, "set" | "filter" | "macro" | "call"),
        }
    }
}

/// A place in a template: a printed expression, or the literal text of one line.
#[derive(Debug, Clone, Copy)]
pub(super) struct MarkPlace {
    /// Index in [`Marked::templates`].
    pub(super) template: usize,
    /// First byte.
    pub(super) start: usize,
    /// One past the last byte.
    pub(super) end: usize,
}

/// The places of all templates of a target.
#[derive(Debug, Default)]
pub(super) struct Marked {
    pub(super) templates: Vec<Arc<str>>,
    pub(super) places: Vec<MarkPlace>,
}

impl Marked {
    /// Returns a marked copy of a template; not one line moves.
    pub(super) fn add(&mut self, name: &str, source: &str, depth: Depth) -> String {
        self.templates.push(name.into());
        let mut marker =
            Marker { marked: self, source, out: String::with_capacity(source.len() * 2), copied: 0 };
        marker.run(depth);
        marker.out.push_str(&source[marker.copied..]);
        marker.out
    }

    fn place(&mut self, start: usize, end: usize) -> usize {
        self.places.push(MarkPlace { template: self.templates.len() - 1, start, end });
        self.places.len() - 1
    }
}

struct Marker<'a> {
    marked: &'a mut Marked,
    source: &'a str,
    out: String,
    copied: usize,
}

impl Marker<'_> {
    fn run(&mut self, depth: Depth) {
        let source = self.source;
        let tokens = tokens(source);
        let mut open = None;
        let mut spared: Vec<&str> = vec![];
        for (index, (token, span)) in tokens.iter().enumerate() {
            match token {
                Token::VariableStart => open = Some(span.end_offset as usize),
                Token::VariableEnd => {
                    if let Some(start) = open.take() {
                        self.expression(start, span.start_offset as usize);
                    }
                }
                Token::BlockStart => {
                    let Some((Token::Ident(tag), _)) = tokens.get(index + 1) else { continue };
                    if spared.last().is_some_and(|last| tag.strip_prefix("end") == Some(*last)) {
                        spared.pop();
                    } else if depth.spares(tag) && captures(&tokens[index..]) {
                        spared.push(*tag);
                    }
                }
                Token::TemplateData(data) if spared.is_empty() && depth != Depth::Slots => {
                    // The token is a slice of the source, cut as the engine trims it.
                    let start = data.as_ptr() as usize - source.as_ptr() as usize;
                    self.literal(start, data);
                }
                _ => {}
            }
        }
    }

    fn expression(&mut self, start: usize, end: usize) {
        let expression = &self.source[start..end];
        let lead = expression.len() - expression.trim_start().len();
        let place = self.marked.place(start + lead, start + lead + expression.trim().len());
        self.out.push_str(&self.source[self.copied..start]);
        let _ = write!(self.out, " ({expression})|{MARK_FILTER}({place}) ");
        self.copied = end;
    }

    fn literal(&mut self, start: usize, data: &str) {
        let mut at = start;
        for line in data.split_inclusive('\n') {
            let place = self.marked.place(at, at + line.len());
            self.out.push_str(&self.source[self.copied..at]);
            let _ = write_literal(&mut self.out, place);
            self.copied = at;
            at += line.len();
        }
    }
}

/// Whether a tag has a body: `{% set x %}` has one, `{% set x = 1 %}` has not.
fn captures<S>(tokens: &[(Token<'_>, S)]) -> bool {
    let tag = tokens.iter().map(|(token, _)| token).take_while(|token| !matches!(token, Token::BlockEnd));
    let mut rest = tag.skip(1).peekable();
    let is_set = matches!(rest.peek(), Some(Token::Ident("set")));
    !is_set || !rest.any(|token| matches!(token, Token::Assign))
}

/// Writes the mark of a place in literal text.
pub(super) fn write_literal(out: &mut impl fmt::Write, place: usize) -> fmt::Result {
    write!(out, "{LITERAL_OPEN}{place}{LITERAL_CLOSE}")
}

/// Takes the marks out of literal text; returns where each stood, and its place.
pub(super) fn strip(text: &str) -> (String, Vec<(usize, usize)>) {
    let mut out = String::with_capacity(text.len());
    let mut found = vec![];
    let mut rest = text;
    while let Some(at) = rest.find(LITERAL_OPEN) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let inner = &after[LITERAL_OPEN.len_utf8()..];
        let number = inner.split_once(LITERAL_CLOSE).and_then(|(number, tail)| {
            number.bytes().all(|b| b.is_ascii_digit()).then_some((number.parse::<usize>().ok()?, tail))
        });
        match number {
            Some((place, tail)) => {
                found.push((out.len(), place));
                rest = tail;
            }
            None => {
                out.push(LITERAL_OPEN);
                rest = inner;
            }
        }
    }
    out.push_str(rest);
    (out, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(source: &str, depth: Depth) -> (String, Vec<String>) {
        let mut marked = Marked::default();
        let out = marked.add("t", source, depth);
        let cut = |place: &MarkPlace| source[place.start..place.end].to_owned();
        (out, marked.places.iter().map(cut).collect())
    }

    #[test]
    fn each_line_of_literal_text_and_each_expression_has_a_place() {
        let (_, places) = marked("a {{ b }} c\n\n{% if d %}\n  e\n  {% endif %}", Depth::Everything);
        assert_eq!(places, ["a ", "b", " c\n", "\n", "  e\n"]);
    }

    #[test]
    fn captured_text_is_spared_where_a_filter_could_measure_it() {
        let source = "{% set x %}a{% endset %}{% set y = 1 %}b{% macro m() %}c{% endmacro %}";
        assert_eq!(marked(source, Depth::NoSets).1, ["b", "c"]);
        assert_eq!(marked(source, Depth::NoCaptures).1, ["b"]);
        assert_eq!(marked(source, Depth::Slots).1.len(), 0);
    }

    #[test]
    fn marks_are_stripped_and_their_offsets_kept() {
        let text = format!("a{LITERAL_OPEN}7{LITERAL_CLOSE}b{LITERAL_OPEN}x");
        assert_eq!(strip(&text), (format!("ab{LITERAL_OPEN}x"), vec![(1, 7)]));
    }
}
