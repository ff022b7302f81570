//! The block structure of a template as `CommonMark` 0.31 (chapters 4 and 5) and GitHub's tables read it.

use super::html::{self, HtmlBlock};
use std::ops::Range;

/// What a line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaf {
    Paragraph,
    Heading,
    /// One row of a table; the first cell begins at the content.
    Row,
    /// The line that opens fenced code.
    Info,
    Fence(Fence),
    Html(HtmlBlock),
    /// Code because of its indent; said is whether it stands in a list or quotation.
    Indented(bool),
}

/// How fenced code ends: at least `count` of `mark`; its lines lose up to `indent` blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fence {
    pub(super) mark: char,
    pub(super) count: usize,
    pub(super) indent: usize,
}

/// One line: the whole, and what is behind the marks of lists and quotations.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) whole: Range<usize>,
    pub(super) content: Range<usize>,
}

/// Lines that are read as one.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) leaf: Leaf,
    pub(super) lines: Vec<Line>,
}

/// What a line would begin, judged by its first characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Blank,
    Indented,
    Quote,
    Heading(usize),
    Fence,
    Html,
    /// `---` and the like: a break, the underline of a heading or of a table's head.
    Rule,
    Bullet(char),
    Ordered,
    Text,
}

pub(super) fn kind(line: &str) -> Kind {
    let body = line.trim_start_matches([' ', '\t']);
    let marks = body.bytes().take_while(|byte| *byte == b'#').count();
    if body.trim().is_empty() {
        Kind::Blank
    } else if columns(line).0 >= 4 {
        Kind::Indented
    } else if body.starts_with('>') {
        Kind::Quote
    } else if (1..=6).contains(&marks) && starts_blank(&body[marks..]) {
        Kind::Heading(marks)
    } else if fence(body, 0).is_some() {
        Kind::Fence
    } else if html::block(body, true).is_some() {
        Kind::Html
    } else if is_break(body) || is_underline(body) || is_delimiter_row(body) {
        Kind::Rule
    } else {
        match list_marker(body) {
            Some(marker) if marker.number.is_none() => Kind::Bullet(marker.mark),
            Some(_) => Kind::Ordered,
            None => Kind::Text,
        }
    }
}

fn starts_blank(text: &str) -> bool {
    text.is_empty() || text.starts_with([' ', '\t'])
}

/// Returns the width and the bytes of the blanks at the start.
fn columns(text: &str) -> (usize, usize) {
    let mut width = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b' ' => width += 1,
            b'\t' => width += 4 - width % 4,
            _ => return (width, at),
        }
    }
    (width, text.len())
}

/// Returns how many bytes make up `width` columns of blanks.
fn bytes_of(text: &str, width: usize) -> usize {
    (0..=text.len()).find(|at| columns(&text[..*at]).0 >= width).unwrap_or(text.len())
}

fn fence(body: &str, indent: usize) -> Option<Fence> {
    let mark = body.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let count = body.chars().take_while(|c| *c == mark).count();
    let info = &body[count..];
    (count >= 3 && !(mark == '`' && info.contains('`'))).then_some(Fence { mark, count, indent })
}

impl Fence {
    pub(super) fn is_closed_by(self, line: &str) -> bool {
        let body = line.trim();
        body.len() >= self.count && body.trim_start_matches(self.mark).is_empty()
    }
}

/// Says whether this is a thematic break.
fn is_break(body: &str) -> bool {
    let marks: String = body.chars().filter(|c| !matches!(c, ' ' | '\t')).collect();
    marks.len() >= 3 && ["*", "-", "_"].iter().any(|mark| marks.replace(mark, "").is_empty())
}

fn is_underline(body: &str) -> bool {
    let body = body.trim_end();
    !body.is_empty() && (body.bytes().all(|b| b == b'=') || body.bytes().all(|b| b == b'-'))
}

/// Says whether this may be the line below the head of a table.
pub(super) fn is_delimiter_row(body: &str) -> bool {
    body.contains('-')
        && body.contains(['|', ':'])
        && !body.starts_with("- ")
        && body.bytes().all(|byte| b"-:| \t".contains(&byte))
}

struct Marker {
    mark: char,
    number: Option<u32>,
    len: usize,
}

fn list_marker(body: &str) -> Option<Marker> {
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    let mark = body[digits..].chars().next()?;
    let fits = match digits {
        0 => matches!(mark, '-' | '+' | '*'),
        1..=9 => matches!(mark, '.' | ')'),
        _ => false,
    };
    let number = body[..digits].parse().ok();
    (fits && starts_blank(&body[digits + 1..])).then_some(Marker { mark, number, len: digits + 1 })
}

#[derive(Clone, Copy)]
enum Container {
    Quote,
    /// An item of a list, whose lines are indented so far.
    Item(usize),
}

#[derive(Default)]
struct Walker {
    units: Vec<Unit>,
    containers: Vec<Container>,
    /// The last unit takes more lines.
    open: bool,
}

/// Returns what each line behind `start` belongs to, in order; blank lines and breaks belong to nothing.
pub(super) fn units(text: &str, start: usize) -> Vec<Unit> {
    let mut walker = Walker::default();
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        let body = line.strip_suffix('\n').unwrap_or(line);
        let body = body.strip_suffix('\r').unwrap_or(body);
        walker.line(text, at..at + body.len());
        at += line.len();
    }
    walker.units.into_iter().flat_map(|unit| split_table(text, unit)).collect()
}

impl Walker {
    fn leaf(&self) -> Option<Leaf> {
        self.units.last().filter(|_| self.open).map(|unit| unit.leaf)
    }

    fn add(&mut self, line: Line) {
        if let Some(unit) = self.units.last_mut() {
            unit.lines.push(line);
        }
    }

    fn begin(&mut self, leaf: Leaf, lines: Vec<Line>, open: bool) {
        self.units.push(Unit { leaf, lines });
        self.open = open;
    }

    /// Returns how many containers go on in this line, and where what they hold begins.
    fn go_on(&self, text: &str, line: &Range<usize>) -> (usize, usize) {
        let mut at = line.start;
        for (count, container) in self.containers.iter().enumerate() {
            let rest = &text[at..line.end];
            let (width, bytes) = columns(rest);
            match container {
                Container::Quote if width < 4 && rest[bytes..].starts_with('>') => {
                    at += bytes + 1;
                    at += usize::from(text[at..line.end].starts_with([' ', '\t']));
                }
                Container::Item(_) if bytes == rest.len() => at = line.end,
                Container::Item(indent) if width >= *indent => at += bytes_of(rest, *indent),
                _ => return (count, at),
            }
        }
        (self.containers.len(), at)
    }

    fn line(&mut self, text: &str, whole: Range<usize>) {
        let (kept, mut at) = self.go_on(text, &whole);
        let all_kept = kept == self.containers.len();
        let here = |at: usize| Line { whole: whole.clone(), content: at..whole.end };
        match self.leaf().filter(|_| all_kept) {
            Some(Leaf::Fence(fence)) => {
                let body = &text[at..whole.end];
                if columns(body).0 < 4 && fence.is_closed_by(body) {
                    self.open = false;
                } else {
                    self.add(here(at));
                }
                return;
            }
            Some(Leaf::Html(block)) => {
                let body = &text[at..whole.end];
                if block.until_blank() && body.trim().is_empty() {
                    self.open = false;
                } else {
                    self.add(here(at));
                    self.open = !block.ends_in(body);
                }
                return;
            }
            _ => {}
        }
        let mut paragraph = self.leaf() == Some(Leaf::Paragraph);
        let mut fresh = false;
        loop {
            let rest = &text[at..whole.end];
            let (width, bytes) = columns(rest);
            let body = &rest[bytes..];
            if width >= 4 || body.is_empty() {
                break;
            }
            let marker = list_marker(body).filter(|_| !is_break(body)).filter(|marker| {
                let is_empty = body[marker.len..].trim().is_empty();
                let interrupts = !is_empty && marker.number.is_none_or(|number| number == 1);
                interrupts || !(paragraph && all_kept && !fresh)
            });
            if !body.starts_with('>') && marker.is_none() {
                break;
            }
            if paragraph && all_kept && is_underline(body) {
                break;
            }
            if !fresh {
                self.containers.truncate(kept);
            }
            (fresh, paragraph, self.open) = (true, false, false);
            at += bytes;
            if let Some(marker) = marker {
                at += marker.len;
                let (blanks, _) = columns(&text[at..whole.end]);
                let is_empty = text[at..whole.end].trim().is_empty();
                let blanks = if is_empty || blanks > 4 { 1 } else { blanks };
                at += bytes_of(&text[at..whole.end], blanks);
                self.containers.push(Container::Item(width + marker.len + blanks));
            } else {
                at += 1;
                at += usize::from(text[at..whole.end].starts_with([' ', '\t']));
                self.containers.push(Container::Quote);
            }
        }
        self.begin_leaf(text, here(at), kept, paragraph, fresh);
    }

    fn begin_leaf(&mut self, text: &str, line: Line, kept: usize, paragraph: bool, fresh: bool) {
        let rest = &text[line.content.clone()];
        let (width, bytes) = columns(rest);
        let body = &rest[bytes..];
        if body.is_empty() {
            if !fresh {
                self.containers.truncate(kept);
            }
            self.open = false;
            return;
        }
        let block = html::block(body, !paragraph);
        let found = kind(rest);
        let goes_on = paragraph
            && match found {
                Kind::Indented | Kind::Text | Kind::Ordered | Kind::Bullet(_) => true,
                Kind::Html => block.is_none(),
                Kind::Rule => !(is_break(body) || kept == self.containers.len() && is_underline(body)),
                _ => false,
            };
        if goes_on {
            return self.add(line);
        }
        if !(fresh || found == Kind::Rule && paragraph) {
            self.containers.truncate(kept);
        }
        match found {
            Kind::Indented => {
                let contained = !self.containers.is_empty();
                self.begin(Leaf::Indented(contained), vec![line], false);
            }
            Kind::Heading(_) => self.begin(Leaf::Heading, vec![line], false),
            Kind::Fence => {
                self.begin(Leaf::Info, vec![line], false);
                if let Some(fence) = fence(body, width) {
                    self.begin(Leaf::Fence(fence), Vec::new(), true);
                }
            }
            Kind::Rule if is_break(body) || paragraph => {
                if !fresh {
                    self.containers.truncate(kept);
                }
                self.open = false;
            }
            _ => match block {
                Some(block) => self.begin(Leaf::Html(block), vec![line], !block.ends_in(body)),
                None => self.begin(Leaf::Paragraph, vec![line], true),
            },
        }
    }
}

/// Takes a table apart from the paragraph that its lines look like.
fn split_table(text: &str, mut unit: Unit) -> Vec<Unit> {
    let line = |line: &Line| text[line.content.clone()].trim();
    let head = (1..unit.lines.len()).find(|below| {
        let (above, below) = (line(&unit.lines[below - 1]), line(&unit.lines[*below]));
        is_delimiter_row(below) && above.contains('|') && cells(above).len() == cells(below).len()
    });
    let Some(below) = head.filter(|_| unit.leaf == Leaf::Paragraph) else {
        return vec![unit];
    };
    let rows = unit.lines.split_off(below - 1);
    let rows = rows.into_iter().map(|line| Unit { leaf: Leaf::Row, lines: vec![line] });
    std::iter::once(unit).filter(|unit| !unit.lines.is_empty()).chain(rows).collect()
}

/// Returns the cells of a row of a table; bars at its edges bound no cell.
pub(super) fn cells(row: &str) -> Vec<Range<usize>> {
    let mut cells = Vec::new();
    let mut from = 0;
    let mut escaped = false;
    for (at, byte) in row.bytes().enumerate() {
        if byte == b'|' && !escaped {
            cells.push(from..at);
            from = at + 1;
        }
        escaped = byte == b'\\' && !escaped;
    }
    cells.push(from..row.len());
    if cells.len() > 1 && row[cells[cells.len() - 1].clone()].trim().is_empty() {
        cells.pop();
    }
    if cells.len() > 1 && row[cells[0].clone()].trim().is_empty() {
        cells.remove(0);
    }
    cells
}
