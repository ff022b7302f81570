//! YAML: literals, keys, quoted, plain and block scalars, flow collections; the same for YAML 1.1 and 1.2 readers.
//!
//! The lexer jumps from one byte of interest to the next and reads the line around it; lines without quotes,
//! brackets, block scalars and slots are never looked at.

use super::slots::{
    Filling, MARK, Reason, Slot, Stops, cuts_escape, escape_end, slot_at, slots_in, without_slots,
};
use super::yaml_scalar::{Header, check_plain, read_block, resolves_to_text};
use super::{Datum, Filled, Refusal, Syntax, keys, literal, words};
use std::ops::Range;

/// YAML.
pub(super) struct Yaml;

impl Syntax for Yaml {
    fn name(&self) -> &'static str {
        "yaml"
    }

    fn title(&self) -> &'static str {
        "YAML"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["yaml", "yml"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        if let Some(filled) = without_slots(text) {
            return Ok(filled);
        }
        let mut filling = Filling::new(text, data);
        fill_range(&mut filling, 0..text.len())?;
        let filled = filling.finish_keyed(keys::in_yaml)?;
        match document_mark(&filled) {
            Some(refusal) => Err(refusal),
            None => Ok(filled),
        }
    }
}

/// Finds a value that begins or ends a document: `---` or `...` at the beginning of a line (YAML 1.2.2, 9.1.2).
fn document_mark(filled: &Filled) -> Option<Refusal> {
    let bytes = filled.text.as_bytes();
    let is_mark = |at: usize| {
        let line = &bytes[at..];
        (line.starts_with(b"---") || line.starts_with(b"..."))
            && line.get(3).is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
    };
    let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', bytes).map(|at| at + 1));
    starts.filter(|at| is_mark(*at)).find_map(|at| {
        let of_value = |span: &&(usize, Range<usize>)| span.1.start < at + 3 && at < span.1.end;
        let (slot, _) = filled.spans.iter().find(of_value)?;
        let next = "indent what the value stands in, or write it in double quotes on one line";
        Some(Reason::new("the value would begin or end a YAML document", next).at(*slot))
    })
}

/// Fills the YAML that stands in `range`, which begins and ends with a line.
pub(super) fn fill_range(filling: &mut Filling<'_>, range: Range<usize>) -> Result<(), Refusal> {
    let text = &filling.text[..range.end];
    let mut lexer = Lexer { text, bytes: text.as_bytes(), filling, at: range.start, floor: range.start };
    while lexer.at < text.len() {
        lexer.at = INTEREST.next(lexer.bytes, lexer.at);
        if lexer.at < text.len() {
            lexer.line()?;
        }
    }
    Ok(())
}

static INTEREST: Stops = Stops::new(b"\"'|>[{");
static DOUBLE: Stops = Stops::new(b"\"\\");
static SINGLE: Stops = Stops::new(b"'");

/// Writes a value for one kind of place.
type Write = fn(&mut String, &Datum) -> Result<(), Reason>;

/// Readers look for the colon of a key no further than this.
const LONGEST_KEY: usize = 1000;

struct Lexer<'a, 'f> {
    text: &'f str,
    bytes: &'f [u8],
    filling: &'a mut Filling<'f>,
    at: usize,
    /// No plain scalar from before this place goes on.
    floor: usize,
}

impl Lexer<'_, '_> {
    /// Reads the line around the byte of interest, and what it opens.
    fn line(&mut self) -> Result<(), Refusal> {
        let start = self.bytes[self.floor..self.at].iter().rposition(|byte| *byte == b'\n');
        let start = start.map_or(self.floor, |step| self.floor + step + 1);
        let mut parent = self.indent(start) - 1;
        self.at = start;
        self.blanks();
        if self.continues(start) {
            return self.plain_value(parent, literal::yaml);
        }
        if self.at == start && (self.indicator(b"---") || self.indicator(b"...")) {
            self.at += 3;
            parent = -1;
        }
        if self.at == start && self.byte() == Some(b'%') {
            return self.rest(push_word);
        }
        self.nodes(start, parent)
    }

    /// Reads the nodes of a line: dashes, keys, at last a value.
    fn nodes(&mut self, start: usize, mut parent: isize) -> Result<(), Refusal> {
        let mut write: Write = literal::yaml;
        let mut is_key = false;
        loop {
            self.blanks();
            let node = self.at;
            let column = isize::try_from(node - start).unwrap_or(isize::MAX);
            let Some(byte) = self.byte() else {
                return Ok(());
            };
            match byte {
                b'\n' => {
                    self.at += 1;
                    return Ok(());
                }
                b'#' => return self.rest(comment),
                b'-' | b'?' | b':' if self.blank_at(node + 1) => {
                    parent = column;
                    is_key = byte == b'?';
                    write = if is_key { push_key } else { literal::yaml };
                    self.at += 1;
                }
                b'&' | b'*' | b'!' => self.property()?,
                b'|' | b'>' => return self.block(parent),
                b'"' | b'\'' | b'[' | b'{' => {
                    self.filling.copy(node);
                    let from = self.filling.out.len();
                    let slot = if matches!(byte, b'[' | b'{') { self.flow()? } else { self.quoted()? };
                    self.floor = self.at;
                    if !self.key_colon(from, slot)? {
                        return self.rest(|_, _| Err(words::quote_it()));
                    }
                    parent = column;
                }
                _ => {
                    if !self.plain_key(start)? {
                        let count = self.filling.count();
                        self.plain_value(parent, write)?;
                        if is_key {
                            self.filling.mark_keys(count);
                        }
                        return Ok(());
                    }
                    parent = column;
                }
            }
        }
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Steps over blanks, not over a line break.
    fn blanks(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    fn blank_at(&self, at: usize) -> bool {
        self.bytes.get(at).is_none_or(u8::is_ascii_whitespace)
    }

    fn indicator(&self, text: &[u8]) -> bool {
        self.bytes[self.at..].starts_with(text) && self.blank_at(self.at + text.len())
    }

    fn indent(&self, line: usize) -> isize {
        let spaces = self.bytes[line..].iter().take_while(|byte| **byte == b' ').count();
        isize::try_from(spaces).unwrap_or(isize::MAX)
    }

    fn line_end(&self, at: usize) -> usize {
        self.bytes[at..].iter().position(|byte| *byte == b'\n').map_or(self.bytes.len(), |step| at + step)
    }

    /// Says whether the line that begins at `start` goes on with the plain scalar of the line before.
    fn continues(&self, start: usize) -> bool {
        let from = self.floor.min(start);
        let before = self.text[from..start].trim_end();
        if before.is_empty() || self.at == self.bytes.len() {
            return false;
        }
        // What was read of that line, such as a key in quotes, is no part of the scalar; its column counts.
        let unread = from + before.rfind('\n').map_or(0, |at| at + 1);
        let line = self.bytes[..unread].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (line, tail) = (&self.text[line..from + before.len()], &self.text[unread..from + before.len()]);
        let (body, tail) = (line.trim_start(), tail.trim_start());
        let indent = line.len() - body.len();
        let ends_open =
            tail.ends_with(':') || matches!(body, "-" | "?" | "---" | "...") || tail.ends_with(" -");
        if ends_open || tail.starts_with('#') || tail.contains(" #") || body.starts_with('%') {
            return false;
        }
        let mut parent = indent;
        let mut rest = body;
        while let Some(inner) = rest.strip_prefix("- ").or_else(|| rest.strip_prefix("? ")) {
            let inner = inner.trim_start();
            parent = indent + body.len() - rest.len();
            rest = inner;
        }
        let has_key = tail.contains(": ");
        let value = if tail.len() < rest.len() { tail } else { rest };
        let value = value.rsplit(": ").next().unwrap_or_default().trim_start();
        // An anchor or a tag is followed by its node, on this line or the next.
        if value.starts_with(['&', '!', '*']) {
            return false;
        }
        let parent = match (has_key, rest.len() == body.len()) {
            (true, _) => indent + body.len() - rest.len() + 1,
            (false, false) => parent + 1,
            (false, true) => indent,
        };
        usize::try_from(self.indent(start)).unwrap_or(0) >= parent && self.byte() != Some(b'#')
    }

    /// Steps over the colon of a key, if there is one; what was written since `from` is the key.
    fn key_colon(&mut self, from: usize, slot: Option<Slot>) -> Result<bool, Refusal> {
        let end = self.at;
        self.blanks();
        if self.byte() != Some(b':') || !self.blank_at(self.at + 1) {
            self.at = end;
            return Ok(false);
        }
        self.at += 1;
        self.check_key(from, end, slot)?;
        Ok(true)
    }

    fn check_key(&mut self, from: usize, end: usize, slot: Option<Slot>) -> Result<(), Refusal> {
        let Some(slot) = slot else {
            return Ok(());
        };
        self.filling.copy(end);
        self.filling.mark_keys_from(from);
        if self.filling.out[from..].len() > LONGEST_KEY && !self.filling.out[from..].starts_with("? ") {
            let message = format!("a key of YAML holds at most {LONGEST_KEY} bytes");
            return Err(Reason::new(message, "shorten the value").at(slot.number));
        }
        Ok(())
    }

    /// Reads the rest of the line, writing slots with `write`.
    fn rest(&mut self, write: Write) -> Result<(), Refusal> {
        let end = self.line_end(self.at);
        let rest = &self.text[self.at..end];
        let comment_at = if rest.starts_with('#') { Some(0) } else { rest.find(" #") };
        let comment_at = comment_at.map_or(end, |step| self.at + step);
        for slot in slots_in(self.text, self.at..end) {
            if slot.start > comment_at {
                self.filling.write(slot, comment)?;
            } else {
                self.filling.write(slot, write)?;
            }
        }
        self.at = end;
        Ok(())
    }

    /// Reads an anchor, an alias or a tag.
    fn property(&mut self) -> Result<(), Refusal> {
        let start = self.at;
        while !self.blank_at(self.at) && !b",[]{}".contains(&self.bytes[self.at]) {
            self.at += 1;
        }
        for slot in slots_in(self.text, start..self.at) {
            self.filling.write(slot, push_word)?;
        }
        Ok(())
    }

    /// Reads a quoted scalar; returns a slot in it.
    fn quoted(&mut self) -> Result<Option<Slot>, Refusal> {
        let quote = self.bytes[self.at];
        let stops = if quote == b'"' { &DOUBLE } else { &SINGLE };
        self.at += 1;
        let start = self.at;
        let mut found = None;
        loop {
            self.at = stops.next(self.bytes, self.at);
            match self.byte() {
                None => return Ok(found),
                Some(b'\\') => self.at = escape_end(self.bytes, self.at).map_err(cuts_escape)?,
                Some(MARK) => match slot_at(self.bytes, self.at) {
                    Some(slot) => {
                        self.quoted_value(start, slot, quote)?;
                        found = Some(slot);
                        self.at = slot.end;
                    }
                    None => self.at += 1,
                },
                Some(b'\'') if self.bytes.get(self.at + 1) == Some(&b'\'') => self.at += 2,
                Some(_) => {
                    self.at += 1;
                    return Ok(found);
                }
            }
        }
    }

    /// Writes a value into a quoted scalar; blanks beside a line break of the template would be dropped.
    fn quoted_value(&mut self, start: usize, slot: Slot, quote: u8) -> Result<(), Refusal> {
        let before = self.text[start..slot.start].trim_end_matches([' ', '\t', '\r']);
        let after = self.text[slot.end..].trim_start_matches([' ', '\t', '\r']);
        let (starts, ends) = (before.ends_with('\n'), after.starts_with('\n'));
        let beside_blank = self.blank_at(slot.end) || self.text[..slot.start].ends_with([' ', '\t', '\n']);
        self.filling.write(slot, |out, value| {
            let value = literal::as_text(value)?;
            if value.is_empty() && (starts || ends) && beside_blank {
                let message = "an empty value changes how the lines of this scalar are joined";
                return Err(Reason::new(message, "put the scalar on one line in the template"));
            }
            if quote == b'"' {
                push_double(out, &value, starts, ends);
                return Ok(());
            }
            let edge = |c: char| matches!(c, ' ' | '\t');
            let dropped = (starts && value.starts_with(edge)) || (ends && value.ends_with(edge));
            if dropped || !value.chars().all(|c| c == '\t' || literal::is_yaml_printable(c)) {
                let message = "single quotes cannot hold a line break or a control character";
                return Err(Reason::new(message, "use double quotes in the template"));
            }
            out.push_str(&value.replace('\'', "''"));
            Ok(())
        })
    }

    /// Reads a plain key and its colon, if that is what comes, on the line that begins at `line`.
    fn plain_key(&mut self, line: usize) -> Result<bool, Refusal> {
        let (plain, end) = self.plain(false);
        if self.bytes.get(end) != Some(&b':') {
            return Ok(false);
        }
        self.filling.copy(plain.start);
        let from = self.filling.out.len();
        let slots: Vec<_> = slots_in(self.text, plain.clone()).collect();
        match slots.as_slice() {
            [] => {}
            [slot] if plain == (slot.start..slot.end) => {
                let indicators = self.bytes[line..slot.start].iter().all(|byte| b" -".contains(byte));
                let column = indicators.then_some(slot.start - line);
                self.filling.write(*slot, |out, value| push_long_key(out, value, column))?;
            }
            _ => self.composite(std::slice::from_ref(&plain), &slots, false, false)?,
        }
        self.at = end + 1;
        self.check_key(from, plain.end, slots.first().copied())?;
        Ok(true)
    }

    /// Returns the plain text from here on its line, and where it was ended.
    fn plain(&self, flow: bool) -> (Range<usize>, usize) {
        let mut at = self.at;
        while let Some(byte) = self.bytes.get(at) {
            let ended = match byte {
                b'\n' => true,
                b':' => self.blank_at(at + 1) || (flow && b",[]{}".contains(&self.bytes[at + 1])),
                b'#' => at > self.at && matches!(self.bytes[at - 1], b' ' | b'\t'),
                b',' | b'[' | b']' | b'{' | b'}' => flow,
                _ => false,
            };
            if ended {
                break;
            }
            at += 1;
        }
        let length = self.text[self.at..at].trim_end().len();
        (self.at..self.at + length, at)
    }

    /// Reads a plain value, which may go on over the following lines that are deeper than `parent`.
    fn plain_value(&mut self, parent: isize, write: Write) -> Result<(), Refusal> {
        let first_line = self.bytes[..self.at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let continuing = self.continues(first_line) && self.text[first_line..self.at].trim().is_empty();
        let mut lines = Vec::new();
        let mut slots = Vec::new();
        let mut end;
        loop {
            let stop;
            let line;
            (line, stop) = self.plain(false);
            slots.extend(slots_in(self.text, line.clone()));
            lines.push(line);
            end = self.line_end(stop);
            // Without slots, the lines that follow are read one by one.
            let next = self.next_line(end);
            if slots.is_empty() || self.bytes.get(stop) == Some(&b'#') || !self.goes_on(next, parent) {
                self.at = stop;
                break;
            }
            self.at = next;
            self.blanks();
        }
        match slots.as_slice() {
            [] => {}
            [slot] if !continuing && is_whole(&lines, *slot) => self.filling.write(*slot, write)?,
            _ => self.composite(&lines, &slots, false, continuing)?,
        }
        if !slots.is_empty() {
            self.floor = self.at;
        }
        self.rest(|_, _| Err(words::quote_it()))
    }

    /// Returns the beginning of the next line that is not blank.
    fn next_line(&self, end: usize) -> usize {
        let rest = &self.text[end..];
        let text = rest.len() - rest.trim_start().len();
        rest[..text].rfind('\n').map_or(self.bytes.len(), |step| end + step + 1)
    }

    fn goes_on(&self, line: usize, parent: isize) -> bool {
        let body = self.text[line..].trim_start_matches(' ');
        let marker = body.starts_with("---") || body.starts_with("...");
        let indent = self.indent(line);
        let ended = body.is_empty() || body.starts_with('#') || (indent == 0 && marker);
        !ended && indent > parent
    }

    /// Fills a plain scalar made of text and values, and checks that it reads as that text.
    fn composite(
        &mut self,
        lines: &[Range<usize>],
        slots: &[Slot],
        flow: bool,
        continuing: bool,
    ) -> Result<(), Refusal> {
        // A line that goes on with the text before it is text whatever it says.
        let mut read = String::from(if continuing { "text" } else { "" });
        for line in lines {
            self.filling.copy(line.start);
            let from = self.filling.out.len();
            for slot in slots.iter().filter(|slot| line.contains(&slot.start)) {
                self.filling.write_text(*slot, |_| Ok(()))?;
            }
            self.filling.copy(line.end);
            let line = &self.filling.out[from..];
            let first = read.is_empty();
            if let Err(reason) = check_plain(line, first, flow) {
                let fits = |value: &str| check_plain(&format!("x{value}x"), first, flow).is_ok();
                return Err(reason.at(self.culprit(slots, fits).number));
            }
            read.push_str(if first { "" } else { " " });
            read.push_str(line);
        }
        if !resolves_to_text(&read) {
            let message = format!("{} would not be read as text", literal::shown(&read));
            return Err(Reason::new(message, "quote it in the template").at(slots[0].number));
        }
        Ok(())
    }

    /// Returns the slot whose value does not fit, else the first.
    fn culprit(&self, slots: &[Slot], fits: impl Fn(&str) -> bool) -> Slot {
        let unfit = |slot: &&Slot| {
            self.filling.value(**slot).is_ok_and(|value| value.text().is_some_and(|text| !fits(text)))
        };
        *slots.iter().find(unfit).unwrap_or(&slots[0])
    }

    /// Reads a flow collection, over lines if need be; returns a slot in it.
    fn flow(&mut self) -> Result<Option<Slot>, Refusal> {
        let mut depth = 0usize;
        let mut found = None;
        while let Some(byte) = self.byte() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return Ok(found);
                    }
                }
                b'#' if self.text[..self.at].ends_with([' ', '\t', '\n']) => {
                    self.rest(comment)?;
                    continue;
                }
                b'"' | b'\'' => {
                    self.filling.copy(self.at);
                    let from = self.filling.out.len();
                    let slot = self.quoted()?;
                    found = found.or(slot);
                    if self.text[self.at..].trim_start().starts_with(':') {
                        self.check_key(from, self.at, slot)?;
                    }
                    continue;
                }
                b'&' | b'*' | b'!' => {
                    self.property()?;
                    continue;
                }
                b',' | b':' | b'?' | b'-' | b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => {
                    let slot = self.flow_plain()?;
                    found = found.or(slot);
                    continue;
                }
            }
            self.at += 1;
        }
        Ok(found)
    }

    /// Reads a plain scalar inside a flow collection, over lines if need be.
    fn flow_plain(&mut self) -> Result<Option<Slot>, Refusal> {
        let mut lines = Vec::new();
        let mut slots = Vec::new();
        let stop = loop {
            let (line, stop) = self.plain(true);
            slots.extend(slots_in(self.text, line.clone()));
            lines.push(line);
            let next = self.next_line(stop);
            let ends = |byte: &u8| b",[]{}#:".contains(byte);
            let goes_on = self.bytes.get(stop) == Some(&b'\n');
            self.at = next;
            self.blanks();
            if !goes_on || self.bytes.get(self.at).is_none_or(ends) {
                break stop;
            }
        };
        self.at = stop;
        let Some(first) = slots.first().copied() else {
            return Ok(None);
        };
        let is_key = self.bytes.get(stop) == Some(&b':');
        self.filling.copy(lines[0].start);
        let from = self.filling.out.len();
        let after_mark = self.filling.out.trim_end().ends_with(['?', '&', '*'])
            || !self.text[..lines[0].start].trim_end().ends_with(['{', '[', ',']);
        match (slots.len(), is_whole(&lines, first)) {
            (1, true) if is_key => self.filling.write(first, |out, value| {
                push_key(out, value)?;
                let key = out.split_off(from);
                out.push_str(if key.len() > LONGEST_KEY && !after_mark { "? " } else { "" });
                out.push_str(&key);
                Ok(())
            })?,
            (1, true) => self.filling.write(first, literal::yaml)?,
            _ => self.composite(&lines, &slots, true, false)?,
        }
        if is_key {
            self.check_key(from, lines[lines.len() - 1].end, Some(first))?;
        }
        Ok(Some(first))
    }

    /// Reads a block scalar whose parent stands at column `parent`.
    fn block(&mut self, parent: isize) -> Result<(), Refusal> {
        let end = self.line_end(self.at);
        let header = Header::read(&self.text[self.at..end], parent);
        self.rest(|_, _| Err(words::quote_it()))?;
        self.at = (end + 1).min(self.bytes.len());
        let (content, indent) = self.block_lines(&header, parent);
        self.at = content.end;
        self.floor = content.end;
        let slots: Vec<_> = slots_in(self.text, content.clone()).collect();
        if slots.is_empty() {
            return Ok(());
        }
        self.filling.copy(content.start);
        let from = self.filling.out.len();
        for slot in &slots {
            let ends_line = matches!(self.bytes.get(slot.end), None | Some(b'\n' | b'\r'));
            let folded = header.folded;
            self.filling.write(*slot, |out, value| push_block(out, value, indent, folded, ends_line))?;
        }
        self.filling.copy(content.end);
        let expected =
            self.filling.substituted(&read_block(&self.text[content], &header).unwrap_or_default())?;
        if read_block(&self.filling.out[from..], &header).as_ref() != Some(&expected) {
            let message =
                "the block scalar would not read back as the same text: blanks or line breaks at its edges";
            let next = "trim the value, give the block an indentation indicator such as |2, or quote it in the template";
            let fits = |value: &str| !value.is_empty() && value.trim() == value;
            return Err(Reason::new(message, next).at(self.culprit(&slots, fits).number));
        }
        Ok(())
    }

    /// Returns the lines of a block scalar, and the column of its text.
    fn block_lines(&self, header: &Header, parent: isize) -> (Range<usize>, usize) {
        let start = self.at;
        let mut indent = header.indent;
        let mut line = start;
        let mut end = start;
        while line < self.bytes.len() {
            let line_end = self.line_end(line);
            let next = (line_end + 1).min(self.bytes.len());
            let spaces = self.indent(line);
            let column = usize::try_from(spaces).unwrap_or(0);
            let blank = self.text[line + column..line_end].trim_end_matches('\r').is_empty();
            let marker =
                column == 0 && (self.text[line..].starts_with("---") || self.text[line..].starts_with("..."));
            if !blank {
                if spaces <= parent || marker || indent.is_some_and(|indent| column < indent) {
                    break;
                }
                indent.get_or_insert(column);
            }
            end = next;
            line = next;
        }
        (start..end, indent.unwrap_or(0))
    }
}

/// Says whether a scalar is made of this slot alone.
fn is_whole(lines: &[Range<usize>], slot: Slot) -> bool {
    matches!(lines, [line] if *line == (slot.start..slot.end))
}

fn comment(out: &mut String, value: &Datum) -> Result<(), Reason> {
    let value = words::one_line(value, "a comment")?;
    check_printable(&value)?;
    out.push_str(&value);
    Ok(())
}

fn check_printable(value: &str) -> Result<(), Reason> {
    match value.chars().find(|c| !matches!(c, '\t' | '\n') && !literal::is_yaml_printable(*c)) {
        None => Ok(()),
        Some(found) => {
            let message = format!("the character U+{:04X} cannot stand here", found as u32);
            Err(Reason::new(message, "put double quotes round it in the template"))
        }
    }
}

/// Writes part of an anchor, an alias or a tag.
fn push_word(out: &mut String, value: &Datum) -> Result<(), Reason> {
    let value = literal::as_text(value)?;
    if value.is_empty() || !value.bytes().all(literal::is_toml_bare) {
        let message = format!("{} cannot be part of an anchor or a tag", literal::shown(&value));
        return Err(Reason::new(message, "use letters, digits, '_' and '-'"));
    }
    out.push_str(&value);
    Ok(())
}

/// Writes a key: bare where it is a plain word, else quoted.
fn push_key(out: &mut String, value: &Datum) -> Result<(), Reason> {
    let Some(key) = value.text() else {
        literal::as_text(value)?;
        return literal::yaml(out, value);
    };
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
    let bare = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && key.bytes().all(word);
    if bare && resolves_to_text(key) {
        out.push_str(key);
    } else {
        literal::yaml_string(out, key);
    }
    Ok(())
}

/// Writes a key; one that is longer than readers look for its colon behind `?`, its colon on a line of its own at the
/// `column` of the key.
fn push_long_key(out: &mut String, value: &Datum, column: Option<usize>) -> Result<(), Reason> {
    let from = out.len();
    push_key(out, value)?;
    if let Some(column) = column.filter(|_| out.len() - from > LONGEST_KEY) {
        let key = out.split_off(from);
        out.extend(["? ", &key, "\n"]);
        out.extend(std::iter::repeat_n(' ', column));
    }
    Ok(())
}

/// Writes into double quotes; a space at the edge of a line is escaped, for it would be dropped.
fn push_double(out: &mut String, value: &str, starts: bool, ends: bool) {
    let (value, leading) = match value.strip_prefix(' ').filter(|_| starts) {
        Some(rest) => (rest, "\\x20"),
        None => (value, ""),
    };
    let (value, trailing) = match value.strip_suffix(' ').filter(|_| ends) {
        Some(rest) => (rest, "\\x20"),
        None => (value, ""),
    };
    out.push_str(leading);
    literal::escape_yaml(out, value);
    out.push_str(trailing);
}

/// Writes into a block scalar: each line of the value at the column of the block.
fn push_block(
    out: &mut String,
    value: &Datum,
    indent: usize,
    folded: bool,
    ends_line: bool,
) -> Result<(), Reason> {
    let value = literal::as_text(value)?;
    check_printable(&value)?;
    let mut lines = value.split('\n').peekable();
    out.push_str(lines.next().unwrap_or_default());
    let mut after_text = true;
    while let Some(line) = lines.next() {
        // A single line break in a folded block reads as a blank.
        out.push_str(if folded && after_text { "\n\n" } else { "\n" });
        after_text = !line.is_empty();
        if after_text || (lines.peek().is_none() && !ends_line) {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        out.push_str(line);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{int, refused, slots, text};
    use super::*;

    fn fill(template: &str, value: &str) -> String {
        slots(&Yaml, template, &[text(value)])
    }

    #[test]
    fn value_at_the_beginning_of_a_line_ends_no_document() {
        for (template, value) in [
            ("\"a\n<0>\n b\"", "---"),
            ("'a\n<0>'", "... x"),
            ("--- |\n<0>\n", "a\n---\nb"),
            ("--- >-\nx\n<0>", "..."),
        ] {
            assert!(refused(&Yaml, template, &[text(value)]).message.contains("document"), "{template}");
        }
        assert_eq!(fill("---\na: |\n  <0>\n", "---\n..."), "---\na: |\n  ---\n  ...\n");
    }

    #[test]
    fn bare_value_becomes_a_literal() {
        let data = [
            text("NO"),
            int(5),
            Datum::Null,
            Datum::Float(1e16),
            Datum::List(vec![int(1), text("a")]),
            Datum::Map(vec![("k".into(), Datum::Bool(true))]),
        ];
        assert_eq!(
            slots(
                &Yaml,
                "a: <0>\nb: <1> # <0>\nc: <2>\nd: <3>\ne: <4>\nf: <5>\n- <0>\n- - <1>\n- k: <0>\n",
                &data
            ),
            "a: \"NO\"\nb: 5 # NO\nc: null\nd: 1.0e+16\ne: [1, \"a\"]\nf: {\"k\": true}\n- \"NO\"\n- - 5\n- k: \"NO\"\n"
        );
        assert_eq!(fill("a:\n  <0>\nb: !!str <0>", "x"), "a:\n  \"x\"\nb: !!str \"x\"");
    }

    #[test]
    fn keys() {
        assert_eq!(fill("<0>: 1\n", "no"), "\"no\": 1\n");
        assert_eq!(fill("? <0>\n: <0>\n", "no"), "? \"no\"\n: \"no\"\n");
        assert_eq!(
            fill("- <0>: <0>\n  a_<0>: {<0>: 1, \"<0>2\": 2}\n", "k"),
            "- k: \"k\"\n  a_k: {k: 1, \"k2\": 2}\n"
        );
        refused(&Yaml, "a_<0>: 1", &[text(": x")]);
        refused(&Yaml, "<0>: 1", &[Datum::Null]);
    }

    #[test]
    fn quoted_scalars() {
        assert_eq!(
            fill("a: \"<0>-\\n<0>\"\nb: 'it''s <0>'\n", "x'\"\\"),
            "a: \"x'\\\"\\\\-\\nx'\\\"\\\\\"\nb: 'it''s x''\"\\'\n"
        );
        refused(&Yaml, "a: '<0>'", &[text("a\nb")]);
        assert_eq!(fill("a: \"b\n  <0>\n  c\"\nd: <0>", " x "), "a: \"b\n  \\x20x\\x20\n  c\"\nd: \" x \"");
        refused(&Yaml, "a: 'b\n  <0>'", &[text(" x")]);
        refused(&Yaml, "a: \"b\" <0>", &[text("x")]);
    }

    #[test]
    fn plain_scalar_of_text_and_values() {
        assert_eq!(
            fill("a: <0>-<0>\nb: <0>:80 # <0>\nc: on <0>", "pk 2"),
            "a: pk 2-pk 2\nb: pk 2:80 # pk 2\nc: on pk 2"
        );
        for value in [": b", "a: ", " #", " a", "a\nb", "\ta", "a:"] {
            refused(&Yaml, "a: <0>x<0>", &[text(value)]);
        }
        refused(&Yaml, "a: <0>-01-05", &[int(2024)]);
        refused(&Yaml, "a: <0><0>", &[int(2)]);
        refused(&Yaml, "a: <0>x", &[text("- ")]);
        refused(&Yaml, "a: [<0>x]", &[text("b, c")]);
    }

    #[test]
    fn plain_scalar_over_lines() {
        assert_eq!(fill("a: b\n  c <0>\n  <0>\nd: <0>", "x"), "a: b\n  c x\n  x\nd: \"x\"");
        assert_eq!(fill("a: <0>\n  c\n", "x"), "a: x\n  c\n");
        refused(&Yaml, "a: b\n  <0>\n", &[text("x: y")]);
        refused(&Yaml, "a: b\n  <0>\n", &[text("#x")]);
    }

    #[test]
    fn flow_collections() {
        assert_eq!(
            fill("a: [<0>, b-<0>, {<0>: <0>}]\nb: {\n  c: <0>, # <0>\n  d: [<0>]\n}\ne: <0>\n", "x"),
            "a: [\"x\", b-x, {x: \"x\"}]\nb: {\n  c: \"x\", # x\n  d: [\"x\"]\n}\ne: \"x\"\n"
        );
        assert_eq!(fill("{\"a\":<0>}", "x"), "{\"a\":\"x\"}");
    }

    #[test]
    fn block_scalars() {
        assert_eq!(
            fill("a: |\n  x <0> y\n  <0>\nb: <0>", "1: #\n 2"),
            "a: |\n  x 1: #\n   2 y\n  1: #\n   2\nb: \"1: #\\n 2\""
        );
        assert_eq!(fill("- k: >-\n    <0>\n", "a\nb"), "- k: >-\n    a\n\n    b\n");
        refused(&Yaml, "a: |\n  <0>\n", &[text(" x")]);
        assert_eq!(fill("a: |2\n  <0>\n", " x"), "a: |2\n   x\n");
        refused(&Yaml, "a: |\n  <0>\n", &[text("x\n")]);
        assert_eq!(fill("a: |+\n  <0>\n", "x\n"), "a: |+\n  x\n\n");
        refused(&Yaml, "a: |\n  <0>\n", &[text("x\0")]);
    }

    #[test]
    fn apostrophes_in_plain_text_and_comments_open_nothing() {
        assert_eq!(
            fill("# don't\na: don't\nb: <0>\nc: a \"b\nd: <0>\n", "x"),
            "# don't\na: don't\nb: \"x\"\nc: a \"b\nd: \"x\"\n"
        );
        assert_eq!(fill("a: b\n  \"c\nd: <0>\n", "x"), "a: b\n  \"c\nd: \"x\"\n");
    }

    #[test]
    fn key_is_there_once_in_its_map() {
        for template in [
            "<0>: 1\na: 2\n",
            "b:\n  \"a\": 1\n  <0>:\n    c: 2\n",
            "x: {<0>: 1, 'a': 2}\n",
            "- <0>: 1\n  <0>: 2\n",
            "? <0>\n: 1\na: 2\n",
            "{\"<0>\": 1, a: 2}",
        ] {
            assert!(
                refused(&Yaml, template, &[text("a")]).message.contains("is written twice"),
                "{template}"
            );
        }
        for template in ["- <0>: 1\n- <0>: 2\n", "a1: 1\n<0>: {<0>: 1}\nb:\n  a: 1\n", "z: 1\nz: 2\n<0>: z\n"]
        {
            slots(&Yaml, template, &[text("a")]);
        }
        slots(&Yaml, "1: a\n<0>: b\n", &[text("1")]);
    }

    #[test]
    fn long_key_stands_behind_a_question_mark() {
        let long = "x".repeat(1100);
        assert_eq!(fill("- b: 1\n  <0>: 2\n", &long), format!("- b: 1\n  ? {long}\n  : 2\n"));
        assert_eq!(fill("{<0>: 1}", &long), format!("{{? {long}: 1}}"));
        refused(&Yaml, "a_<0>: 1", &[text(&long)]);
        refused(&Yaml, "\"<0>\": 1", &[text(&long)]);
    }

    #[test]
    fn line_that_goes_on_is_text_whatever_it_says() {
        for value in ["1", "no", "\"b\"", "%x", "- y"] {
            assert_eq!(fill("a: b\n\n  <0>\n", value), format!("a: b\n\n  {value}\n"));
        }
    }

    #[test]
    fn line_behind_a_quoted_key_is_one_of_its_own() {
        assert_eq!(fill("b:\n  \"c\": 1\n  <0>: <0>\n", "a"), "b:\n  \"c\": 1\n  a: \"a\"\n");
        assert_eq!(fill("- 'c': x\n  <0>:\n    d: 1\n", "a"), "- 'c': x\n  a:\n    d: 1\n");
        assert_eq!(fill("b:\n  \"c\": x\n    <0>\n", "1"), "b:\n  \"c\": x\n    1\n");
    }
}
