//! nftables: words, sets of words, quoted strings without escapes, comments.
//!
//! nft reads `010` as eight, drops the host bits of a prefix and asks DNS for a name in the place of an address;
//! such values are refused, they would mean something else than they say.

mod places;
mod survey;
#[cfg(test)]
mod tests;
mod values;

use super::slots::{Filling, MARK, Reason, Slot, Stops, run_around, slot_at, slots_in, without_slots};
use super::{Datum, Filled, Refusal, Syntax, literal, words};
use places::{Elements, Place};
use std::cell::OnceCell;
use std::ops::Range;
use survey::Survey;
use values::{check_quoted, check_word, is_word_byte, not_a_word, push_quoted};

/// nftables.
pub(super) struct Nft;

impl Syntax for Nft {
    fn name(&self) -> &'static str {
        "nft"
    }

    fn title(&self) -> &'static str {
        "nftables"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["nft"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        if let Some(filled) = without_slots(text) {
            return Ok(filled);
        }
        let mut lexer = Lexer::new(text, data);
        while lexer.at < text.len() {
            lexer.step()?;
        }
        Ok(lexer.filling.finish())
    }
}

static STRUCTURE: Stops = Stops::new(b"\"#{};,\n");
static LINE: Stops = Stops::new(b"\n");
static QUOTE: Stops = Stops::new(b"\"");

enum Brace {
    /// Holds statements, from this place on: a table, a chain, the definition of a set.
    Block(usize),
    /// Holds elements that stand for this.
    Set(Elements),
}

struct Lexer<'a> {
    bytes: &'a [u8],
    filling: Filling<'a>,
    at: usize,
    /// Where the statement began.
    statement: usize,
    /// Where the element of a set began.
    element: usize,
    open: Vec<Brace>,
    data: &'a [Datum],
    /// What the whole ruleset says of its variables and sets, once that is asked.
    survey: OnceCell<Survey>,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str, data: &'a [Datum]) -> Self {
        Self {
            bytes: text.as_bytes(),
            filling: Filling::new(text, data),
            at: 0,
            statement: 0,
            element: 0,
            open: Vec::new(),
            data,
            survey: OnceCell::new(),
        }
    }

    fn step(&mut self) -> Result<(), Refusal> {
        self.at = STRUCTURE.next(self.bytes, self.at);
        let Some(byte) = self.bytes.get(self.at) else {
            return Ok(());
        };
        match byte {
            b'"' => self.string(),
            b'#' => self.comment(),
            &MARK => match slot_at(self.bytes, self.at) {
                Some(slot) => self.word(slot),
                None => {
                    self.at += 1;
                    Ok(())
                }
            },
            byte => {
                self.sign(*byte);
                Ok(())
            }
        }
    }

    /// Reads over a sign that begins or ends something.
    fn sign(&mut self, byte: u8) {
        let mut ends = true;
        match byte {
            b'{' => {
                let brace = self.brace();
                self.open.push(brace);
                self.element = self.at + 1;
            }
            b'}' => {
                self.open.pop();
            }
            b',' => {
                ends = false;
                if self.in_set() {
                    self.element = self.at + 1;
                }
            }
            b'\n' => ends = !self.bytes[..self.at].ends_with(b"\\"),
            _ => {}
        }
        self.at += 1;
        if ends && !self.in_set() {
            self.statement = self.at;
        }
    }

    fn in_set(&self) -> bool {
        matches!(self.open.last(), Some(Brace::Set(_)))
    }

    fn brace(&self) -> Brace {
        if self.in_set() {
            return Brace::Set(Elements::default());
        }
        let header = self.words(self.statement..self.at);
        if defines(&header) {
            return Brace::Block(self.at + 1);
        }
        let definition = match self.open.last() {
            Some(Brace::Block(start)) if header.first() == Some(&"elements") => {
                let mut words = self.words(*start..self.statement);
                // Flags may stand behind the elements.
                let rest = self.filling.text[self.at..].split('}').nth(1).unwrap_or_default();
                words.extend(rest.contains("interval").then_some("interval"));
                words
            }
            _ => Vec::new(),
        };
        match header.as_slice() {
            [.., "define" | "redefine", name, "="] => {
                let used = self.survey().variable(name).unwrap_or(Place::Unknown);
                Brace::Set(Elements { key: vec![used], value: Vec::new() })
            }
            ["add" | "create" | "delete" | "destroy", "element", .., name] => {
                Brace::Set(self.survey().set(name).unwrap_or_default())
            }
            _ => Brace::Set(places::elements(&header, &definition)),
        }
    }

    fn survey(&self) -> &Survey {
        self.survey.get_or_init(|| Survey::of(self.filling.text, self.data))
    }

    /// Returns what a value between `at` and `end` stands for.
    fn place(&self, at: usize, end: usize) -> Place {
        let next = &self.filling.text[end..];
        match self.open.last() {
            Some(Brace::Set(elements)) => places::in_element(&self.words(self.element..at), next, elements),
            block => match self.words(self.statement..at).as_slice() {
                [.., "define" | "redefine", name, "="] => {
                    self.survey().variable(name).unwrap_or(Place::Unused)
                }
                words => places::in_statement(words, next, block.is_some()),
            },
        }
    }

    /// Splits the text into words, strings and signs; a line break is a sign too where a statement may end.
    fn words(&self, range: Range<usize>) -> Vec<&'a str> {
        let text = self.filling.text;
        let mut words = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let start = at;
            at = match self.bytes[at] {
                b'#' => LINE.past_slots(self.bytes, at),
                b'\\' if self.bytes.get(at + 1) == Some(&b'\n') => at + 2,
                b'"' => QUOTE.past_slots(self.bytes, at + 1) + 1,
                byte if is_word_byte(byte) || slot_at(self.bytes, at).is_some() => {
                    word_end(self.bytes, at, range.end)
                }
                b'!' | b'=' | b'<' | b'>' => {
                    let is_sign = |byte: &&u8| b"!=<>".contains(byte);
                    at + self.bytes[at..range.end].iter().take_while(is_sign).count()
                }
                _ => at + text[at..].chars().next().map_or(1, char::len_utf8),
            }
            .min(range.end);
            match self.bytes[start] {
                b' ' | b'\t' | b'\r' | b'\\' | b'#' => {}
                byte if is_word_byte(byte) || byte == MARK => {
                    let word = start..at;
                    match self.colon(&word) {
                        Some(colon) => {
                            let parts = [start..colon, colon..colon + 1, colon + 1..at];
                            words.extend(
                                parts.into_iter().filter(|part| !part.is_empty()).map(|part| self.read(part)),
                            );
                        }
                        None => words.push(self.read(word)),
                    }
                }
                _ => words.push(&text[start..at]),
            }
        }
        if matches!(self.open.last(), Some(Brace::Set(_))) {
            words.retain(|word| *word != "\n");
        }
        words
    }

    /// Returns the word as nft will read it, if it is all from the template or all from one value.
    fn read(&self, word: Range<usize>) -> &'a str {
        let text = &self.filling.text[word.clone()];
        let slot = slot_at(self.bytes, word.start).filter(|slot| slot.end == word.end);
        match slot.and_then(|slot| self.filling.value(slot).ok()) {
            Some(Datum::Str(value)) => value,
            _ => text,
        }
    }

    /// Returns the template's own colon, if there is just one: it parts two words, as in `address:port`.
    fn colon(&self, word: &Range<usize>) -> Option<usize> {
        let mut colons = word.clone().filter(|at| self.bytes[*at] == b':');
        colons.next().filter(|_| colons.next().is_none())
    }

    fn comment(&mut self) -> Result<(), Refusal> {
        loop {
            self.at = LINE.next(self.bytes, self.at);
            if self.bytes.get(self.at) != Some(&MARK) {
                return Ok(());
            }
            match slot_at(self.bytes, self.at) {
                Some(slot) => {
                    self.filling.write(slot, words::comment)?;
                    self.at = slot.end;
                }
                None => self.at += 1,
            }
        }
    }

    fn string(&mut self) -> Result<(), Refusal> {
        let start = self.at;
        let end = QUOTE.past_slots(self.bytes, start + 1);
        self.at = (end + 1).min(self.bytes.len());
        let slots: Vec<Slot> = slots_in(self.filling.text, start..end).collect();
        let Some(last) = slots.last() else {
            return Ok(());
        };
        let place = self.place(start, start);
        self.filling.copy(start + 1);
        let from = self.filling.out.len();
        for slot in &slots {
            self.filling.write(*slot, |out, value| push_quoted(out, value, place))?;
        }
        self.filling.copy(end);
        let written = &self.filling.out[from..];
        check_quoted(written, place).map_err(|reason| reason.at(last.number))
    }

    fn word(&mut self, slot: Slot) -> Result<(), Refusal> {
        let run = run_around(self.bytes, slot, is_word_byte);
        let colon = self.colon(&run);
        let word = match colon {
            Some(colon) if slot.start < colon => run.start..colon,
            Some(colon) => colon + 1..run.end,
            None => run,
        };
        self.at = word.end;
        let place = self.place(word.start, word.end);
        if word == (slot.start..slot.end)
            && let Datum::List(values) = self.filling.value(slot)?
        {
            let whole = self.is_whole_element(&word);
            return self.filling.write(slot, |out, _| push_elements(out, values, place, whole));
        }
        self.filling.copy(word.start);
        let from = self.filling.out.len();
        for part in slots_in(self.filling.text, word.clone()) {
            let check =
                |value: &str| if value.bytes().all(is_word_byte) { Ok(()) } else { Err(not_a_word(value)) };
            self.filling.write_text(part, check)?;
        }
        self.filling.copy(word.end);
        let filled = &self.filling.out[from..];
        if colon.is_some() && filled.contains(':') {
            let message = format!("{} has colons and stands beside one", literal::shown(filled));
            let next = "put a blank before or behind the colon in the template, or [ ] round the address";
            return Err(Reason::new(message, next).at(slot.number));
        }
        check_word(filled, place).map_err(|reason| reason.at(slot.number))
    }

    /// Says whether nothing else stands in this element of a set.
    fn is_whole_element(&self, word: &Range<usize>) -> bool {
        let next = self.filling.text[word.end..].trim_start();
        self.in_set() && self.words(self.element..word.start).is_empty() && next.starts_with([',', '}', '#'])
    }
}

impl Stops {
    /// Returns where the next stop is that is no slot, else the end.
    fn past_slots(&self, text: &[u8], mut at: usize) -> usize {
        loop {
            at = self.next(text, at);
            if text.get(at) != Some(&MARK) {
                return at;
            }
            at += 1;
        }
    }
}

fn word_end(bytes: &[u8], mut at: usize, end: usize) -> usize {
    while at < end {
        match slot_at(bytes, at) {
            Some(slot) => at = slot.end,
            None if is_word_byte(bytes[at]) => at += 1,
            None => break,
        }
    }
    at
}

/// Says whether the statement defines something, so that its brace holds statements.
fn defines(header: &[&str]) -> bool {
    let mut words = header.iter().filter(|word| **word != "\n");
    let first = words.find(|word| !matches!(**word, "add" | "create" | "insert"));
    match first {
        Some(&"ct") => matches!(words.next(), Some(&("helper" | "timeout" | "expectation"))),
        Some(
            &("table" | "chain" | "set" | "map" | "flowtable" | "counter" | "quota" | "limit" | "secmark"
            | "synproxy"),
        ) => true,
        _ => false,
    }
}

/// Writes a list as the elements of a set.
fn push_elements(out: &mut String, values: &[Datum], place: Place, whole: bool) -> Result<(), Reason> {
    if !whole {
        return Err(Reason::new(
            "a list stands where nft takes one value",
            "put { } round it in the template; between them it stands alone or between commas",
        ));
    }
    if values.is_empty() {
        return Err(Reason::new(
            "the list is empty, and nft has no empty set here",
            "leave the statement out where it is",
        ));
    }
    for (index, value) in values.iter().enumerate() {
        let value = literal::as_text(value)?;
        check_word(&value, place)?;
        out.push_str(if index == 0 { "" } else { ", " });
        out.push_str(&value);
    }
    Ok(())
}
