//! `FortiOS`: words, and quoted strings with backslash escapes.

use super::slots::{Filling, MARK, Reason, Slot, Stops, cuts_escape, run_around, slot_at, without_slots};
use super::{Datum, Filled, Refusal, Syntax, literal, words};

/// `FortiOS`.
pub(super) struct Fortios;

impl Syntax for Fortios {
    fn name(&self) -> &'static str {
        "fortios"
    }

    fn title(&self) -> &'static str {
        "FortiOS"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["fortios"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        if let Some(filled) = without_slots(text) {
            return Ok(filled);
        }
        let mut lexer = Lexer { bytes: text.as_bytes(), filling: Filling::new(text, data), at: 0 };
        while lexer.at < text.len() {
            lexer.step()?;
        }
        Ok(lexer.filling.finish())
    }
}

static WORDS: Stops = Stops::new(b"\"'\\#");
static LINE: Stops = Stops::new(b"\n");
static DOUBLE: Stops = Stops::new(b"\"\\");
static SINGLE: Stops = Stops::new(b"'");

struct Lexer<'a> {
    bytes: &'a [u8],
    filling: Filling<'a>,
    at: usize,
}

impl Lexer<'_> {
    fn step(&mut self) -> Result<(), Refusal> {
        self.at = WORDS.next(self.bytes, self.at);
        match self.bytes.get(self.at) {
            None => Ok(()),
            Some(b'"') => self.run(&DOUBLE, b'"', push_double),
            Some(b'\'') => self.run(&SINGLE, b'\'', push_single),
            Some(b'#') if self.begins_line() => self.run(&LINE, b'\n', words::comment),
            Some(b'\\') => self.escape(),
            Some(&MARK) => match slot_at(self.bytes, self.at) {
                Some(slot) => self.word(slot),
                None => self.skip(),
            },
            Some(_) => self.skip(),
        }
    }

    #[allow(clippy::unnecessary_wraps)]
    fn skip(&mut self) -> Result<(), Refusal> {
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Refusal> {
        if let Some(slot) = slot_at(self.bytes, self.at + 1) {
            return Err(cuts_escape(slot));
        }
        self.at += 2;
        Ok(())
    }

    fn begins_line(&self) -> bool {
        let before = &self.bytes[..self.at];
        let blanks = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        matches!(before.len().checked_sub(blanks + 1).map(|at| before[at]), None | Some(b'\n'))
    }

    /// Reads up to and over `end`, which `stops` knows, writing each slot with `write`.
    fn run(
        &mut self,
        stops: &Stops,
        end: u8,
        write: fn(&mut String, &Datum) -> Result<(), Reason>,
    ) -> Result<(), Refusal> {
        self.at += 1;
        loop {
            self.at = stops.next(self.bytes, self.at);
            match self.bytes.get(self.at) {
                None => return Ok(()),
                Some(b'\\') if end == b'"' => self.escape()?,
                Some(&MARK) => match slot_at(self.bytes, self.at) {
                    Some(slot) => {
                        self.filling.write(slot, write)?;
                        self.at = slot.end;
                    }
                    None => self.at += 1,
                },
                Some(_) => return self.skip(),
            }
        }
    }

    fn word(&mut self, slot: Slot) -> Result<(), Refusal> {
        let word = run_around(self.bytes, slot, |byte| !byte.is_ascii_whitespace());
        let whole = word == (slot.start..slot.end);
        self.at = slot.end;
        self.filling.write(slot, |out, value| match value {
            Datum::List(values) if whole && !values.is_empty() => {
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { " " });
                    push_word(out, value, true)?;
                }
                Ok(())
            }
            _ => push_word(out, value, whole),
        })
    }
}

fn push_word(out: &mut String, value: &Datum, whole: bool) -> Result<(), Reason> {
    let value = literal::as_text(value)?;
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/@+*,=%".contains(&byte);
    if (whole && value.is_empty()) || !value.bytes().all(safe) {
        let message = format!("{} is not one bare word of FortiOS", literal::shown(&value));
        return Err(Reason::new(message, "put double quotes round it in the template"));
    }
    out.push_str(&value);
    Ok(())
}

fn push_double(out: &mut String, value: &Datum) -> Result<(), Reason> {
    let value = words::one_line(value, "a quoted string of FortiOS")?;
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    Ok(())
}

fn push_single(out: &mut String, value: &Datum) -> Result<(), Reason> {
    let value = words::one_line(value, "a quoted string of FortiOS")?;
    if value.contains(['\'', '\\']) {
        let message = "a ' or a backslash cannot stand in single quotes";
        return Err(Reason::new(message, "use double quotes in the template"));
    }
    out.push_str(&value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{int, refused, slots, text};
    use super::*;

    #[test]
    fn strings_are_escaped_and_words_are_safe() {
        let template =
            "# <0>\nedit \"<0>\"\n    set alias 'x <1>'\n    set subnet <2> 255.0.0.0\n    set member <3>\n";
        let data = [text("a \"b\" \\"), int(5), text("10.0.0.0"), Datum::List(vec![text("x"), text("y")])];
        assert_eq!(
            slots(&Fortios, template, &data),
            "# a \"b\" \\\nedit \"a \\\"b\\\" \\\\\"\n    set alias 'x 5'\n    set subnet 10.0.0.0 255.0.0.0\n    set member x y\n"
        );
    }

    #[test]
    fn string_over_lines_keeps_its_context() {
        assert_eq!(
            slots(&Fortios, "set buffer \"a\n# b \\\" <0>\nc\"\nset x <1>", &[text("q\""), int(1)]),
            "set buffer \"a\n# b \\\" q\\\"\nc\"\nset x 1"
        );
    }

    #[test]
    fn word_stays_one_word() {
        for value in ["", "a b", "a\"", "'", "\\", "a\nb", "#", "é"] {
            refused(&Fortios, "set x <0>", &[text(value)]);
        }
        refused(&Fortios, "set x \"<0>\"", &[text("a\nb")]);
        refused(&Fortios, "set x \"\\<0>\"", &[text("a")]);
    }
}
