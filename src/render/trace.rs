//! Which place of which template wrote each line of a rendered text.

use crate::syntax::{Filled, OPEN};

/// A rendered text, line by line.
#[derive(Debug)]
pub(super) struct Trace {
    /// The text.
    pub(super) text: String,
    /// Its lines.
    pub(super) lines: Vec<Line>,
}

/// One line of a text, and the place that wrote its first visible character, else its line break.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) start: usize,
    /// One past the last byte, without the line break.
    pub(super) end: usize,
    pub(super) place: usize,
}

impl Trace {
    /// Joins what is known about values, by slot, and about literal text, by offset in `text`, the text before its
    /// slots were filled.
    pub(super) fn new(text: &str, filled: Filled, slots: &[usize], literals: &[(usize, usize)]) -> Self {
        let mut pieces = vec![];
        let mut cursor = Cursor { before: text, after: &filled.text, before_at: 0, after_at: 0 };
        let mut literals = literals.iter().peekable();
        for (slot, span) in &filled.spans {
            let Some(open) = text[cursor.before_at..].find(OPEN).map(|at| cursor.before_at + at) else {
                break;
            };
            while let Some((at, place)) = literals.next_if(|(at, _)| *at <= open) {
                pieces.push((cursor.to(*at).min(span.start), *place));
            }
            pieces.push((span.start, slots.get(*slot).copied().unwrap_or_default()));
            let marker = format!("{OPEN}{slot}").len() + crate::syntax::CLOSE.len_utf8();
            cursor = Cursor { before_at: open + marker, after_at: span.end, ..cursor };
        }
        for (at, place) in literals {
            pieces.push((cursor.to(*at), *place));
        }
        let lines = lines(&filled.text, &pieces);
        Self { text: filled.text, lines }
    }
}

/// Follows literal text from before to after filling. A syntax may put quotes round a key, so only line breaks are
/// sure to stand in both.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    before: &'a str,
    after: &'a str,
    before_at: usize,
    after_at: usize,
}

impl Cursor<'_> {
    fn to(&mut self, at: usize) -> usize {
        let between = &self.before[self.before_at..at];
        if let Some(last) = between.rfind('\n') {
            for _ in between.matches('\n') {
                let step = self.after[self.after_at..].find('\n').map_or(0, |step| step + 1);
                self.after_at += step;
            }
            self.before_at += last + 1;
        }
        (self.after_at + (at - self.before_at)).min(self.after.len())
    }
}

fn lines(text: &str, pieces: &[(usize, usize)]) -> Vec<Line> {
    let mut lines = vec![];
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let blank = content.len() - content.trim_start().len();
        let first = if blank < content.len() { start + blank } else { start + content.len() };
        let known = pieces.partition_point(|(at, _)| *at <= first);
        let place = pieces.get(known.saturating_sub(1)).map_or(0, |(_, place)| *place);
        lines.push(Line { start, end: start + content.len(), place });
        start += line.len();
    }
    lines
}
