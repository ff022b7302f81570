//! Slot markers in rendered text, and the text that grows as they are filled.

use super::keys::Repeated;
use super::{CLOSE, Datum, Filled, OPEN, Refusal};
use std::ops::Range;

/// Why a place cannot hold a value; becomes a [`Refusal`] once the slot is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reason {
    pub(super) message: String,
    pub(super) next: String,
}

impl Reason {
    pub(super) fn new(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { message: message.into(), next: next.into() }
    }

    pub(super) fn at(self, slot: usize) -> Refusal {
        Refusal { slot, other: None, message: self.message, next: self.next }
    }
}

/// One marker: its bytes in the rendered text and the number of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) number: usize,
}

/// The first byte of both markers in UTF-8; lexers stop at it.
pub(super) const MARK: u8 = 0xEF;

const OPEN_BYTES: [u8; 3] = [0xEF, 0xB7, 0x90];
const CLOSE_BYTES: [u8; 3] = [0xEF, 0xB7, 0x91];

/// Returns the slot whose marker begins at `at`.
pub(super) fn slot_at(text: &[u8], at: usize) -> Option<Slot> {
    let digits = text.get(at..)?.strip_prefix(&OPEN_BYTES)?;
    let mut number = 0usize;
    let mut length = 0;
    while let Some(digit) = digits.get(length).filter(|byte| byte.is_ascii_digit()) {
        number = number.checked_mul(10)?.checked_add(usize::from(digit - b'0'))?;
        length += 1;
    }
    let closed = length > 0 && digits[length..].starts_with(&CLOSE_BYTES);
    closed.then_some(Slot { start: at, end: at + 6 + length, number })
}

/// Returns the slot whose marker ends at `at`.
pub(super) fn slot_before(text: &[u8], at: usize) -> Option<Slot> {
    let before = text.get(..at)?.strip_suffix(&CLOSE_BYTES)?;
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let start = (before.len() - digits).checked_sub(OPEN_BYTES.len())?;
    slot_at(text, start).filter(|slot| slot.end == at)
}

/// Bytes that a lexer stops at.
pub(super) struct Stops([bool; 256]);

impl Stops {
    /// The bytes of `list` and the first byte of a marker.
    pub(super) const fn new(list: &[u8]) -> Self {
        let mut stops = [false; 256];
        stops[MARK as usize] = true;
        let mut at = 0;
        while at < list.len() {
            stops[list[at] as usize] = true;
            at += 1;
        }
        Self(stops)
    }

    /// Returns where the next stop is at or after `at`, else the end.
    pub(super) fn next(&self, text: &[u8], at: usize) -> usize {
        let rest = text.get(at..).unwrap_or_default();
        rest.iter().position(|byte| self.0[usize::from(*byte)]).map_or(text.len(), |step| at + step)
    }
}

/// Returns the unbroken run of `part` bytes and slots around `slot`.
pub(super) fn run_around(text: &[u8], slot: Slot, part: fn(u8) -> bool) -> Range<usize> {
    let (mut start, mut end) = (slot.start, slot.end);
    while start > 0 {
        match slot_before(text, start) {
            Some(before) => start = before.start,
            None if part(text[start - 1]) => start -= 1,
            None => break,
        }
    }
    while end < text.len() {
        match slot_at(text, end) {
            Some(after) => end = after.end,
            None if part(text[end]) => end += 1,
            None => break,
        }
    }
    start..end
}

/// Returns the end of the backslash escape that begins at `at`, or the slot that cuts it short.
///
/// Knows the escapes of JSON, TOML and YAML: two hex digits after `x`, four after `u`, eight after `U`.
pub(super) fn escape_end(text: &[u8], at: usize) -> Result<usize, Slot> {
    let digits = match text.get(at + 1) {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        Some(_) => 0,
        None => return Ok(text.len()),
    };
    let digits_at = at + if slot_at(text, at + 1).is_some() { 1 } else { 2 };
    let mut end = digits_at;
    while end < text.len() && end < digits_at + digits && text[end].is_ascii_hexdigit() {
        end += 1;
    }
    let complete = digits_at == at + 2 && end == digits_at + digits;
    match slot_at(text, end) {
        Some(slot) if !complete => Err(slot),
        _ => Ok(end),
    }
}

/// What is wrong with a value right after half an escape.
pub(super) fn cuts_escape(slot: Slot) -> Refusal {
    Reason::new(
        "the value stands inside a backslash escape of the template",
        "finish the escape before the value, or write \\ for a backslash",
    )
    .at(slot.number)
}

/// The rendered text on its way to the finished text.
pub(super) struct Filling<'a> {
    pub(super) text: &'a str,
    data: &'a [Datum],
    copied: usize,
    pub(super) out: String,
    spans: Vec<(usize, Range<usize>)>,
    /// Which of the spans are keys or parts of keys.
    keys: Vec<usize>,
}

impl<'a> Filling<'a> {
    pub(super) fn new(text: &'a str, data: &'a [Datum]) -> Self {
        let out = String::with_capacity(text.len() + text.len() / 4);
        Self { text, data, copied: 0, out, spans: Vec::with_capacity(data.len()), keys: Vec::new() }
    }

    /// Returns the value of a slot.
    pub(super) fn value(&self, slot: Slot) -> Result<&'a Datum, Refusal> {
        self.data.get(slot.number).ok_or_else(|| {
            Reason::new("a marker for a value that does not exist", "do not write U+FDD0 in a template")
                .at(slot.number)
        })
    }

    /// Copies the template's text up to `to`.
    pub(super) fn copy(&mut self, to: usize) {
        if to > self.copied {
            self.out.push_str(&self.text[self.copied..to]);
            self.copied = to;
        }
    }

    /// Writes the value of `slot` with `write`, which appends to the finished text.
    pub(super) fn write(
        &mut self,
        slot: Slot,
        write: impl FnOnce(&mut String, &Datum) -> Result<(), Reason>,
    ) -> Result<(), Refusal> {
        let value = self.value(slot)?;
        self.copy(slot.start);
        let start = self.out.len();
        write(&mut self.out, value).map_err(|reason| reason.at(slot.number))?;
        self.spans.push((slot.number, start..self.out.len()));
        self.copied = slot.end;
        Ok(())
    }

    /// Returns how many values are written.
    pub(super) fn count(&self) -> usize {
        self.spans.len()
    }

    /// Notes that the values written since there were `count` of them are keys.
    pub(super) fn mark_keys(&mut self, count: usize) {
        self.keys.extend(count..self.spans.len());
    }

    /// Notes that the values written from here on in the finished text are keys.
    pub(super) fn mark_keys_from(&mut self, from: usize) {
        let count = self.spans.iter().rev().take_while(|(_, span)| span.start >= from).count();
        self.mark_keys(self.spans.len() - count);
    }

    /// Refuses keys that are there twice, if one of them is from data.
    pub(super) fn check_keys(&self, repeated: &[Repeated]) -> Result<(), Refusal> {
        let slot_in = |key: &Range<usize>| {
            let mut spans = self.keys.iter().filter_map(|index| self.spans.get(*index));
            spans.find(|(_, span)| span.start >= key.start && span.end <= key.end).map(|(slot, _)| *slot)
        };
        match repeated.iter().find_map(|repeated| repeated.refusal(&slot_in)) {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
    }

    /// Puts quotes round `part` of the template: doubles the quotes in its text, writes its slots with `write`.
    pub(super) fn quote(
        &mut self,
        part: Range<usize>,
        slots: &[Slot],
        quote: char,
        write: fn(&mut String, &Datum) -> Result<(), Reason>,
    ) -> Result<(), Refusal> {
        let doubled = String::from_iter([quote, quote]);
        self.copy(part.start);
        self.out.push(quote);
        for slot in slots {
            self.out.push_str(&self.text[self.copied..slot.start].replace(quote, &doubled));
            self.copied = slot.start;
            self.write(*slot, write)?;
        }
        self.out.push_str(&self.text[self.copied..part.end].replace(quote, &doubled));
        self.copied = part.end;
        self.out.push(quote);
        Ok(())
    }

    /// Writes the value of `slot` as it reads, if `check` lets it pass.
    pub(super) fn write_text(
        &mut self,
        slot: Slot,
        check: impl FnOnce(&str) -> Result<(), Reason>,
    ) -> Result<(), Refusal> {
        self.write(slot, |out, value| {
            let value = super::literal::as_text(value)?;
            check(&value)?;
            out.push_str(&value);
            Ok(())
        })
    }

    /// Returns `text` with each slot replaced by its value as it reads.
    pub(super) fn substituted(&self, text: &str) -> Result<String, Refusal> {
        let mut read = String::with_capacity(text.len());
        let mut copied = 0;
        for slot in slots_in(text, 0..text.len()) {
            let value =
                super::literal::as_text(self.value(slot)?).map_err(|reason| reason.at(slot.number))?;
            read.push_str(&text[copied..slot.start]);
            read.push_str(&value);
            copied = slot.end;
        }
        read.push_str(&text[copied..]);
        Ok(read)
    }

    pub(super) fn finish(mut self) -> Filled {
        self.copy(self.text.len());
        Filled { text: self.out, spans: self.spans }
    }

    /// Finishes a file whose keys must differ; `repeated` finds those that do not. Only a file with keys from data is
    /// looked through.
    pub(super) fn finish_keyed(mut self, repeated: fn(&str) -> Vec<Repeated>) -> Result<Filled, Refusal> {
        self.copy(self.text.len());
        if !self.keys.is_empty() {
            self.check_keys(&repeated(&self.out))?;
        }
        Ok(self.finish())
    }
}

/// Returns the text unchanged if it has no marker, which most of the cheap files are.
pub(super) fn without_slots(text: &str) -> Option<Filled> {
    (!text.contains(OPEN)).then(|| Filled { text: text.to_owned(), spans: Vec::new() })
}

/// Lists every slot within `range`.
pub(super) fn slots_in(text: &str, range: Range<usize>) -> impl Iterator<Item = Slot> {
    let bytes = text.as_bytes().get(..range.end).unwrap_or_default();
    let mut at = range.start;
    std::iter::from_fn(move || {
        let slot = next_slot(bytes, at)?;
        at = slot.end;
        Some(slot)
    })
}

/// Returns the first slot at or after `at`.
fn next_slot(text: &[u8], mut at: usize) -> Option<Slot> {
    loop {
        at += memchr::memchr(MARK, text.get(at..)?)?;
        match slot_at(text, at) {
            None => at += 1,
            found => return found,
        }
    }
}

/// Returns each line of `text` that holds a slot, without its line break.
pub(super) fn lines_with_slots(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let slot = next_slot(bytes, at)?;
        let start = memchr::memrchr(b'\n', &bytes[at..slot.start]).map_or(at, |step| at + step + 1);
        let end = memchr::memchr(b'\n', &bytes[slot.end..]).map_or(bytes.len(), |step| slot.end + step);
        at = end;
        Some(start..end - usize::from(bytes[start..end].ends_with(b"\r")))
    })
}

const _: () = assert!(OPEN as u32 == 0xFDD0 && CLOSE as u32 == 0xFDD1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marker_is_read_from_both_ends() {
        let text = format!("a{OPEN}17{CLOSE}b");
        let slot = Slot { start: 1, end: 9, number: 17 };
        assert_eq!(slot_at(text.as_bytes(), 1), Some(slot));
        assert_eq!(slot_before(text.as_bytes(), 9), Some(slot));
        assert!(slots_in(&text, 0..text.len()).eq([slot]));
    }

    #[test]
    fn broken_marker_is_ordinary_text() {
        for text in
            [format!("{OPEN}"), format!("{OPEN}{CLOSE}"), format!("{OPEN}1"), format!("{OPEN}1x{CLOSE}")]
        {
            assert_eq!(slots_in(&text, 0..text.len()).count(), 0);
            assert_eq!(slot_before(text.as_bytes(), text.len()), None);
        }
    }
}
