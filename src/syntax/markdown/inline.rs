//! What surrounds each value inside a paragraph, a heading or a cell (`CommonMark` chapter 6).

use super::super::slots::{Slot, slot_at, slots_in};
use super::super::{CLOSE, OPEN};
use super::html;
use std::ops::Range;

/// What surrounds a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Text(Open),
    /// The inside of a code span, and its number of backticks.
    Code(Range<usize>, usize),
    /// The target of a link; the second in angle brackets.
    Target,
    Angle,
    /// The title of a link.
    Title,
    Autolink,
    /// An address of mail between angle brackets: all that is between them, and whether this is behind the `@`.
    Mail(Range<usize>, bool),
    Html(html::Place),
    Nowhere(&'static str),
}

/// What the template left open before a value, which the value must not close.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) tick: bool,
    pub(super) angle: bool,
    pub(super) link: bool,
}

struct Scanner<'a> {
    text: &'a str,
    places: Vec<(Slot, Place)>,
    open: Open,
}

/// Returns the place of each slot of `text`, which is one paragraph, heading or cell.
pub(super) fn places(text: &str, definitions: bool, raw: &mut Option<String>) -> Vec<(Slot, Place)> {
    let mut scanner = Scanner { text, places: Vec::new(), open: Open::default() };
    let mut at = if definitions { scanner.definitions() } else { 0 };
    while at < text.len() {
        at = scanner.step(at, raw);
    }
    scanner.places
}

impl Scanner<'_> {
    fn put(&mut self, range: Range<usize>, place: &Place) {
        self.places.extend(slots_in(self.text, range).map(|slot| (slot, place.clone())));
    }

    fn step(&mut self, at: usize, raw: &mut Option<String>) -> usize {
        let rest = &self.text[at..];
        if let Some(slot) = slot_at(self.text.as_bytes(), at) {
            let place = match raw {
                Some(_) => Place::Html(html::place("", raw)),
                None => Place::Text(self.open),
            };
            self.places.push((slot, place));
            return slot.end;
        }
        let c = rest.chars().next().unwrap_or(' ');
        match c {
            '\\' => {
                let next = at + 1;
                match slot_at(self.text.as_bytes(), next) {
                    Some(slot) => {
                        self.places.push((slot, Place::Nowhere("behind a backslash of the template")));
                        slot.end
                    }
                    None => next + self.text[next..].chars().next().map_or(0, char::len_utf8),
                }
            }
            '`' => self.ticks(at),
            '<' => self.angle(at, raw),
            ']' if rest[1..].starts_with('(') => self.link(at + 2).unwrap_or(at + 1),
            _ => at + c.len_utf8(),
        }
    }

    fn ticks(&mut self, at: usize) -> usize {
        let count = run(&self.text[at..], '`');
        let inner = at + count;
        match closing_ticks(&self.text[inner..], count) {
            Some(closed) => {
                let span = inner..inner + closed - count;
                self.put(span.clone(), &Place::Code(span, count));
                inner + closed
            }
            None => {
                self.open.tick = true;
                inner
            }
        }
    }

    fn angle(&mut self, at: usize, raw: &mut Option<String>) -> usize {
        let rest = &self.text[at..];
        let body = &rest[1..];
        let begins = body.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c) || c == OPEN);
        if !begins {
            self.open.angle |= !body.starts_with([' ', '\n']);
            return at + 1;
        }
        let bare = body.find(['>', ' ', '\n', '<']).filter(|end| body[*end..].starts_with('>'));
        if let Some(end) = bare.filter(|end| body[..*end].contains([':', '@'])) {
            let scheme = body.split(':').next().unwrap_or_default();
            let schemed =
                scheme.len() >= 2 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            let inner = at + 1..at + 1 + end;
            match body[..end].split_once('@') {
                _ if schemed && body.contains(':') => self.put(inner, &Place::Autolink),
                Some((person, domain)) if !body[..end].contains(':') && !domain.contains('@') => {
                    let sign = inner.start + person.len();
                    self.put(inner.start..sign, &Place::Mail(inner.clone(), false));
                    self.put(sign..inner.end, &Place::Mail(inner, true));
                }
                _ => self.put(inner, &Place::Nowhere("the scheme of an address between angle brackets")),
            }
            return at + end + 2;
        }
        let end = match body {
            _ if body.starts_with("!--") => rest.find("-->").map(|end| end + 3),
            _ if body.starts_with("![CDATA[") => rest.find("]]>").map(|end| end + 3),
            _ if body.starts_with('?') => rest.find("?>").map(|end| end + 2),
            _ => html::tag_end(rest),
        };
        let Some(end) = end else {
            self.open.angle = true;
            return at + 1;
        };
        for slot in slots_in(self.text, at..at + end).collect::<Vec<_>>() {
            let place = html::place(&self.text[at..slot.start], &mut None);
            self.places.push((slot, Place::Html(place)));
        }
        html::place(&self.text[at..at + end], raw);
        at + end
    }

    /// Reads the target and the title behind `](`; none if this is no link.
    fn link(&mut self, from: usize) -> Option<usize> {
        let target = self.target(from);
        match target {
            Some((end, parts)) if self.text[end..].starts_with(')') => {
                for (range, place) in parts {
                    self.put(range, &place);
                }
                Some(end + 1)
            }
            _ => {
                self.open.link = true;
                let line = self.text[from..].find('\n').map_or(self.text.len(), |end| from + end);
                let end = from + self.text[from..line].find(')')?;
                slots_in(self.text, from..end).next()?;
                self.put(from..end, &Place::Nowhere("what only looks like the target of a link"));
                Some(end)
            }
        }
    }

    /// Reads `target "title"` and the blanks round it.
    fn target(&self, from: usize) -> Option<(usize, Vec<(Range<usize>, Place)>)> {
        let mut parts = Vec::new();
        let mut at = self.blanks(from);
        if self.text[at..].starts_with('<') {
            let end = self.until(at + 1, '>')?;
            parts.push((at + 1..end, Place::Angle));
            at = end + 1;
        } else {
            let mut depth = 0;
            let mut end = at;
            let mut chars = self.text[at..].char_indices();
            while let Some((step, c)) = chars.next() {
                end = at + step;
                match c {
                    '\\' => drop(chars.next()),
                    '(' => depth += 1,
                    ')' if depth == 0 => break,
                    ')' => depth -= 1,
                    ' ' | '\t' | '\n' => break,
                    _ => {}
                }
                end += c.len_utf8();
            }
            parts.push((at..end, Place::Target));
            at = end;
        }
        let behind = self.blanks(at);
        let close = match self.text[behind..].chars().next() {
            Some(quote @ ('"' | '\'')) if behind > at => quote,
            Some('(') if behind > at => ')',
            _ => return Some((behind, parts)),
        };
        let end = self.until(behind + 1, close)?;
        parts.push((behind + 1..end, Place::Title));
        Some((self.blanks(end + 1), parts))
    }

    fn blanks(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        at + rest.len() - rest.trim_start_matches([' ', '\t', '\n']).len()
    }

    fn until(&self, from: usize, close: char) -> Option<usize> {
        let mut escaped = false;
        for (step, c) in self.text[from..].char_indices() {
            if c == close && !escaped {
                return Some(from + step);
            }
            escaped = c == '\\' && !escaped;
        }
        None
    }

    /// Reads the definitions of link targets at the start; returns where they end.
    fn definitions(&mut self) -> usize {
        let mut at = 0;
        while self.text[at..].trim_start_matches(' ').starts_with('[') {
            let line = self.text[at..].find('\n').map_or(self.text.len(), |end| at + end);
            let Some(label) = self.text[at..line].find("]:").map(|end| at + end) else { return at };
            self.put(at..label, &Place::Nowhere("the name of a link target"));
            let Some((end, parts)) = self
                .target(label + 2)
                .filter(|(end, _)| *end == self.text.len() || self.text[..*end].ends_with('\n'))
            else {
                self.put(label..line, &Place::Nowhere("what only looks like the target of a link"));
                at = (line + 1).min(self.text.len());
                continue;
            };
            for (range, place) in parts {
                self.put(range, &place);
            }
            at = end;
        }
        at
    }
}

fn run(text: &str, mark: char) -> usize {
    text.chars().take_while(|c| *c == mark).count()
}

/// Returns the place behind the next run of exactly `count` backticks.
pub(super) fn closing_ticks(text: &str, count: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(step) = text[at..].find('`') {
        let run = run(&text[at + step..], '`');
        at += step + run;
        if run == count {
            return Some(at);
        }
    }
    None
}

/// What stands beside a run of `*`, `_` or `~`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Blank,
    Mark,
    Letter,
}

/// Readers differ over symbols outside ASCII.
fn sides(c: Option<char>) -> &'static [Side] {
    match c {
        None => &[Side::Blank],
        Some(c) if c.is_whitespace() => &[Side::Blank],
        Some(OPEN | CLOSE) => &[Side::Letter],
        Some(c) if c.is_ascii_punctuation() => &[Side::Mark],
        Some(c) if c.is_alphanumeric() => &[Side::Letter],
        Some(_) => &[Side::Mark, Side::Letter],
    }
}

/// Says whether a run may open and may close, by the rules of 6.2; none where readers differ.
pub(super) fn flanking(mark: char, before: Option<char>, after: Option<char>) -> Option<(bool, bool)> {
    let judge = |before: Side, after: Side| {
        let left = after != Side::Blank && (after == Side::Letter || before != Side::Letter);
        let right = before != Side::Blank && (before == Side::Letter || after != Side::Letter);
        if mark == '_' {
            (left && (!right || before == Side::Mark), right && (!left || after == Side::Mark))
        } else {
            (left, right)
        }
    };
    let mut found = sides(before).iter().flat_map(|b| sides(after).iter().map(move |a| judge(*b, *a)));
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}
