//! CSV as RFC 4180: a cell is quoted where a value in it needs that, whether or not the template did it.

use super::slots::{Filling, MARK, Reason, Slot, Stops, slot_at, without_slots};
use super::{Datum, Filled, Refusal, Syntax, literal};
use std::ops::Range;

/// CSV.
pub(super) struct Csv;

static QUOTE: Stops = Stops::new(b"\"");

impl Syntax for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn title(&self) -> &'static str {
        "CSV"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        if let Some(filled) = without_slots(text) {
            return Ok(filled);
        }
        let ends = Stops::new(&[separator(text), b'\n', b'\r']);
        let mut filling = Filling::new(text, data);
        let mut at = 0;
        while at < text.len() {
            at = cell(&mut filling, at, &ends)? + 1;
        }
        Ok(filling.finish())
    }
}

/// Returns what parts the cells: what stands most often in the lines that hold values, outside quotes; where nothing
/// does, in any line; else a comma.
fn separator(text: &str) -> u8 {
    let most = |lines: &mut dyn Iterator<Item = &str>| {
        let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
        for line in lines {
            let outside = line.split('"').step_by(2).flat_map(str::bytes);
            for byte in outside {
                counts.iter_mut().filter(|(sign, _)| *sign == byte).for_each(|(_, count)| *count += 1);
            }
        }
        // Of equals the first.
        counts.into_iter().rev().filter(|(_, count)| *count > 0).max_by_key(|(_, count)| *count)
    };
    let found = most(&mut text.lines().filter(|line| line.contains(super::OPEN)));
    found.or_else(|| most(&mut text.lines())).map_or(b',', |(sign, _)| sign)
}

/// Fills one cell; returns where its separator is.
fn cell(filling: &mut Filling<'_>, start: usize, ends: &Stops) -> Result<usize, Refusal> {
    let bytes = filling.text.as_bytes();
    let quoted = bytes[start] == b'"';
    let mut at = if quoted { quoted_cell(filling, start + 1)? } else { start };
    let mut slots = Vec::new();
    loop {
        at = ends.next(bytes, at);
        match bytes.get(at) {
            Some(&MARK) => match slot_at(bytes, at) {
                Some(slot) => {
                    slots.push(slot);
                    at = slot.end;
                }
                None => at += 1,
            },
            _ => break,
        }
    }
    if !slots.is_empty() {
        bare_cell(filling, start..at, &slots, quoted)?;
    }
    Ok(at)
}

/// Fills a cell that the template quotes; returns the place behind its closing quote.
fn quoted_cell(filling: &mut Filling<'_>, mut at: usize) -> Result<usize, Refusal> {
    let bytes = filling.text.as_bytes();
    loop {
        at = QUOTE.next(bytes, at);
        match bytes.get(at) {
            None => return Ok(at),
            Some(&MARK) => match slot_at(bytes, at) {
                Some(slot) => {
                    filling.write(slot, push_doubled)?;
                    at = slot.end;
                }
                None => at += 1,
            },
            Some(_) if bytes.get(at + 1) == Some(&b'"') => at += 2,
            Some(_) => return Ok(at + 1),
        }
    }
}

fn push_doubled(out: &mut String, value: &Datum) -> Result<(), Reason> {
    let value = literal::as_text(value)?;
    check(&value)?;
    out.push_str(&value.replace('"', "\"\""));
    Ok(())
}

/// Fills a cell without quotes, and puts quotes round it where a value asks for them.
fn bare_cell(
    filling: &mut Filling<'_>,
    cell: Range<usize>,
    slots: &[Slot],
    after_quotes: bool,
) -> Result<(), Refusal> {
    let mut special = false;
    let mut empty = true;
    for slot in slots {
        let value = literal::as_text(filling.value(*slot)?).map_err(|reason| reason.at(slot.number))?;
        special |= needs_quotes(&value);
        empty &= value.is_empty();
        if special && after_quotes {
            let next = "put the value inside the quotes in the template";
            return Err(
                Reason::new("the value stands behind the closing quote of the cell", next).at(slot.number)
            );
        }
    }
    let bytes = filling.text.as_bytes();
    let alone = |byte: Option<&u8>| matches!(byte, None | Some(b'\n' | b'\r'));
    let only_slots = slots.iter().map(|slot| slot.end - slot.start).sum::<usize>() == cell.len();
    // A line without anything is no row at all to most readers.
    let no_row = empty
        && only_slots
        && alone(bytes.get(cell.end))
        && alone(cell.start.checked_sub(1).and_then(|before| bytes.get(before)));
    if !special && !no_row {
        return slots.iter().try_for_each(|slot| filling.write_text(*slot, check));
    }
    filling.quote(cell, slots, '"', push_doubled)
}

fn needs_quotes(value: &str) -> bool {
    let blank_edge = value.starts_with(char::is_whitespace) || value.ends_with(char::is_whitespace);
    blank_edge || value.contains([',', ';', '\t', '"', '\n', '\r'])
}

fn check(value: &str) -> Result<(), Reason> {
    if value.contains('\0') {
        return Err(Reason::new("CSV cannot hold the character U+0000", "remove it from the value"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{int, refused, slots, text};
    use super::*;

    #[test]
    fn cell_is_quoted_where_needed() {
        let data = [text("a,b"), text("say \"x\""), int(5), text("")];
        assert_eq!(slots(&Csv, "<0>,<1>,<2>,<3>\n", &data), "\"a,b\",\"say \"\"x\"\"\",5,\n");
        assert_eq!(slots(&Csv, "\"<0>\",\"x <1>\",<2>", &data), "\"a,b\",\"x say \"\"x\"\"\",5");
    }

    #[test]
    fn cell_of_text_and_values_is_quoted_as_a_whole() {
        assert_eq!(slots(&Csv, "1,<0>-5\" <1>,x", &[text("a,b"), int(2)]), "1,\"a,b-5\"\" 2\",x");
        assert_eq!(slots(&Csv, "a;<0>;b\n<0> x;1", &[text("p;q")]), "a;\"p;q\";b\n\"p;q x\";1");
    }

    #[test]
    fn what_parts_the_cells_is_told_by_the_lines_that_hold_values() {
        assert_eq!(slots(&Csv, "report;v1\na,<0>,b", &[text(" ")]), "report;v1\na,\" \",b");
        assert_eq!(slots(&Csv, "title\na;<0>;b", &[text(" ")]), "title\na;\" \";b");
        assert_eq!(slots(&Csv, "a\tb\n\"x,y,z\"\t<0>", &[text(" ")]), "a\tb\n\"x,y,z\"\t\" \"");
    }

    #[test]
    fn row_of_one_empty_cell_stays_a_row() {
        assert_eq!(slots(&Csv, "<0>\n<0>\r\nx,<0>", &[text("")]), "\"\"\n\"\"\r\nx,");
    }

    #[test]
    fn quoted_cell_may_hold_separators() {
        assert_eq!(slots(&Csv, "\"a,\"\"\n<0>\",<0>", &[text("\n")]), "\"a,\"\"\n\n\",\"\n\"");
        refused(&Csv, "\"a\"<0>", &[text(",")]);
        refused(&Csv, "<0>", &[Datum::Null]);
    }
}
