//! TOML: literals, keys bare or quoted, and the four kinds of strings.

use super::slots::{
    Filling, MARK, Reason, Slot, Stops, cuts_escape, escape_end, run_around, slot_at, without_slots,
};
use super::toml_keys::{At, Keys};
use super::{Datum, Filled, Refusal, Syntax, literal, words};

/// TOML.
pub(super) struct Toml;

impl Syntax for Toml {
    fn name(&self) -> &'static str {
        "toml"
    }

    fn title(&self) -> &'static str {
        "TOML"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["toml"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        if let Some(filled) = without_slots(text) {
            return Ok(filled);
        }
        let mut lexer = Lexer {
            text,
            bytes: text.as_bytes(),
            filling: Filling::new(text, data),
            open: Vec::new(),
            at: 0,
            value: false,
            keys: Keys::default(),
            key_start: 0,
            written_key: None,
        };
        while lexer.at < text.len() {
            lexer.step()?;
        }
        lexer.keys.check(text, lexer.filling.finish())
    }
}

static STRUCTURE: Stops = Stops::new(b"\"'#=[]{},\n");
static LINE: Stops = Stops::new(b"\n");
static BASIC: Stops = Stops::new(b"\"\\\n");
static LITERAL: Stops = Stops::new(b"'\n");
static LONG_BASIC: Stops = Stops::new(b"\"\\");
static LONG_LITERAL: Stops = Stops::new(b"'");

#[derive(Clone, Copy, PartialEq)]
enum Bracket {
    Array,
    Table,
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    filling: Filling<'a>,
    open: Vec<Bracket>,
    at: usize,
    /// What comes is a value, not a key.
    value: bool,
    keys: Keys,
    /// Where the template's key begins.
    key_start: usize,
    /// Where that is in the finished text, and a slot of the key, if it has one.
    written_key: Option<(usize, usize)>,
}

impl Lexer<'_> {
    /// Reads up to and over the next byte that means something.
    fn step(&mut self) -> Result<(), Refusal> {
        self.at = STRUCTURE.next(self.bytes, self.at);
        let Some(byte) = self.bytes.get(self.at) else {
            return Ok(());
        };
        match byte {
            b'#' => return self.comment(),
            b'"' | b'\'' => return self.string(*byte),
            &MARK => {
                if let Some(slot) = slot_at(self.bytes, self.at) {
                    return self.bare(slot);
                }
            }
            b'=' => {
                if !self.value {
                    let key = self.key();
                    self.keys.key(key);
                }
                self.value = true;
            }
            b'\n' => {
                self.value = !self.open.is_empty() && self.value;
                self.begin_key();
            }
            b'[' if self.value => self.open.push(Bracket::Array),
            b'[' => self.begin_key(),
            b']' if !self.value && self.open.is_empty() => self.header(),
            b'{' if self.value => {
                self.open.push(Bracket::Table);
                self.value = false;
                self.keys.open();
                self.begin_key();
            }
            b',' => {
                self.value = self.open.last() == Some(&Bracket::Array);
                self.begin_key();
            }
            b']' if self.open.last() == Some(&Bracket::Array) => self.close(),
            b'}' if self.open.last() == Some(&Bracket::Table) => {
                self.keys.close();
                self.close();
            }
            _ => {}
        }
        self.at += 1;
        Ok(())
    }

    /// A key may begin behind this byte.
    fn begin_key(&mut self) {
        self.key_start = self.at + 1;
        self.written_key = None;
    }

    /// Returns the key that ends here.
    fn key(&mut self) -> At {
        match self.written_key.take() {
            Some((from, slot)) => {
                self.filling.copy(self.at);
                At::Written(from..self.filling.out.len(), slot)
            }
            None => At::Template(self.key_start..self.at),
        }
    }

    /// Notes the name in `[name]` or `[[name]]`, the first bracket of which ends here.
    fn header(&mut self) {
        if self.key_start < self.at {
            let array = self.bytes[..self.key_start].ends_with(b"[[");
            let name = self.key();
            self.keys.header(array, name);
            // The second bracket of `]]` ends nothing.
            self.key_start = self.bytes.len();
        }
    }

    /// Makes sure that a key with this slot is found in the finished text.
    fn note_key(&mut self, slot: Slot) {
        if !self.value && self.written_key.is_none() {
            self.filling.copy(self.key_start);
            self.written_key = Some((self.filling.out.len(), slot.number));
        }
    }

    fn close(&mut self) {
        self.open.pop();
        self.value = true;
    }

    fn comment(&mut self) -> Result<(), Refusal> {
        loop {
            self.at = LINE.next(self.bytes, self.at);
            if self.bytes.get(self.at) != Some(&MARK) {
                return Ok(());
            }
            self.at = match slot_at(self.bytes, self.at) {
                Some(slot) => {
                    self.filling.write(slot, words::comment)?;
                    slot.end
                }
                None => self.at + 1,
            };
        }
    }

    fn bare(&mut self, slot: Slot) -> Result<(), Refusal> {
        let delimiters: fn(u8) -> bool = if self.value {
            |byte| !byte.is_ascii_whitespace() && !b"[]{},#=\"'".contains(&byte)
        } else {
            |byte| !byte.is_ascii_whitespace() && !b"[]{},#=\"'.".contains(&byte)
        };
        let word = run_around(self.bytes, slot, delimiters);
        self.at = word.end;
        let beside_quote = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\''));
        if beside_quote(self.bytes.get(word.end)) || beside_quote(self.bytes[..word.start].last()) {
            return Err(words::quote_it().at(slot.number));
        }
        self.note_key(slot);
        match (self.value, word == (slot.start..slot.end)) {
            (true, true) => self.filling.write(slot, literal::toml),
            (true, false) => words::number(&mut self.filling, self.text, word, is_number),
            (false, true) => self.filling.write(slot, |out, value| {
                literal::toml_key(out, &literal::as_text(value)?);
                Ok(())
            }),
            (false, false) => self.composite_key(word),
        }
    }

    /// Fills a bare key such as `line_{{ x }}`.
    fn composite_key(&mut self, word: std::ops::Range<usize>) -> Result<(), Refusal> {
        for slot in super::slots::slots_in(self.text, word.clone()) {
            self.filling.write(slot, |out, value| {
                let value = literal::as_text(value)?;
                if !value.bytes().all(literal::is_toml_bare) {
                    let message = format!("{} cannot be part of a bare key", literal::shown(&value));
                    return Err(Reason::new(message, "put quotes round the whole key in the template"));
                }
                out.push_str(&value);
                Ok(())
            })?;
        }
        self.filling.copy(word.end);
        Ok(())
    }

    fn string(&mut self, quote: u8) -> Result<(), Refusal> {
        let long = self.bytes[self.at..].starts_with(&[quote; 3]);
        self.at += if long { 3 } else { 1 };
        match (quote, long) {
            (b'"', false) => self.basic(),
            (b'"', true) => self.long(quote, &LONG_BASIC),
            (_, false) => self.literal(),
            (_, true) => self.long(quote, &LONG_LITERAL),
        }
    }

    fn basic(&mut self) -> Result<(), Refusal> {
        loop {
            self.at = BASIC.next(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'\\') => self.at = escape_end(self.bytes, self.at).map_err(cuts_escape)?,
                Some(&MARK) => match slot_at(self.bytes, self.at) {
                    Some(slot) => {
                        self.note_key(slot);
                        self.filling.write(slot, |out, value| {
                            literal::escape_toml(out, &literal::as_text(value)?);
                            Ok(())
                        })?;
                        self.at = slot.end;
                    }
                    None => self.at += 1,
                },
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                // An open string ends with its line, so that the rest of the file keeps its contexts.
                _ => return Ok(()),
            }
        }
    }

    fn literal(&mut self) -> Result<(), Refusal> {
        loop {
            self.at = LITERAL.next(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(&MARK) => match slot_at(self.bytes, self.at) {
                    Some(slot) => {
                        self.note_key(slot);
                        self.filling.write(slot, |out, value| {
                            let value = literal::as_text(value)?;
                            check_literal(&value)?;
                            if value.contains(['\'', '\n']) {
                                return Err(basic_instead("a ' or a line break", "a literal string"));
                            }
                            out.push_str(&value);
                            Ok(())
                        })?;
                        self.at = slot.end;
                    }
                    None => self.at += 1,
                },
                Some(b'\'') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Ok(()),
            }
        }
    }

    /// Reads a string of many lines, from behind its opening quotes to behind its closing ones.
    fn long(&mut self, quote: u8, stops: &Stops) -> Result<(), Refusal> {
        self.filling.copy(self.at);
        let opened = self.filling.out.len();
        // Behind a backslash at the end of a line, blanks do not count up to the next text.
        let mut trimming = false;
        loop {
            let next = stops.next(self.bytes, self.at);
            trimming &= self.bytes[self.at..next].trim_ascii().is_empty();
            self.at = next;
            match self.bytes.get(self.at) {
                None => return Ok(()),
                Some(b'\\') => {
                    trimming = ends_line(&self.bytes[self.at + 1..]);
                    self.at = escape_end(self.bytes, self.at).map_err(cuts_escape)?;
                }
                Some(&MARK) => {
                    let slot = slot_at(self.bytes, self.at);
                    trimming =
                        slot.map_or(Ok(false), |slot| self.long_value(slot, quote, opened, trimming))?;
                    self.at = slot.map_or(self.at + 1, |slot| slot.end);
                }
                Some(_) => {
                    trimming = false;
                    let run = run_of(self.bytes[self.at..].iter(), quote);
                    self.at += run.min(5);
                    if run >= 3 {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Writes a value into a string of many lines; says whether blanks behind it are still trimmed.
    fn long_value(&mut self, slot: Slot, quote: u8, opened: usize, trimming: bool) -> Result<bool, Refusal> {
        let after = &self.bytes[slot.end..];
        let quotes_after = run_of(after.iter(), quote);
        let newline_after = after.starts_with(b"\n") || after.starts_with(b"\r\n");
        let blank_after = after.first().is_some_and(u8::is_ascii_whitespace);
        let mut empty = false;
        self.filling.write(slot, |out, value| {
            let value = literal::as_text(value)?;
            empty = value.is_empty();
            if trimming && empty && blank_after {
                let message = "blanks behind an empty value would be trimmed with the line break before it";
                return Err(Reason::new(message, "take the backslash at the end of the line away"));
            }
            let before = run_of(out.as_bytes()[opened..].iter().rev(), quote);
            // The first line break of the string is not part of it: one more keeps the one that is meant.
            let first_break = if empty { newline_after } else { quote == b'\'' && value.starts_with('\n') };
            out.push_str(if first_break && out.len() == opened { "\n" } else { "" });
            let start = out.len();
            if quote == b'"' {
                let leading = if trimming && value.starts_with(' ') { "\\u0020" } else { "" };
                out.push_str(leading);
                literal::escape_toml(out, if leading.is_empty() { &value } else { &value[1..] });
                // Its own quotes are escaped; only nothing can bring those of the template together.
                if !empty {
                    return Ok(());
                }
            } else {
                check_literal(&value)?;
                out.push_str(&value);
            }
            check_quotes(before, &out[start..], quotes_after, quote)
        })?;
        Ok(trimming && empty)
    }
}

fn run_of<'a>(bytes: impl Iterator<Item = &'a u8>, quote: u8) -> usize {
    bytes.take_while(|byte| **byte == quote).count()
}

fn ends_line(after: &[u8]) -> bool {
    let blanks = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
    after.get(blanks) == Some(&b'\n')
}

/// Refuses what would close the string: three quotes in a row, or more than two before its closing ones.
fn check_quotes(before: usize, value: &str, after: usize, quote: u8) -> Result<(), Reason> {
    let mut run = before;
    let mut closed = false;
    for byte in value.bytes() {
        if byte == quote {
            run += 1;
        } else {
            closed |= run > 2;
            run = 0;
        }
    }
    let limit = if after >= 3 { 5 } else { 2 };
    if closed || (run > 0 && run + after > limit) {
        return Err(basic_instead("quotes that would end the string", "this string"));
    }
    Ok(())
}

fn check_literal(value: &str) -> Result<(), Reason> {
    match value.chars().find(|c| c.is_ascii_control() && !matches!(c, '\t' | '\n')) {
        Some(_) => Err(basic_instead("a control character", "a literal string")),
        None => Ok(()),
    }
}

fn basic_instead(what: &str, place: &str) -> Reason {
    Reason::new(format!("{what} cannot stand in {place}"), "use a string in double quotes in the template")
}

fn is_number(text: &str) -> bool {
    let number = text.strip_prefix('+').unwrap_or(text);
    words::is_json_number(number) && (text.contains(['.', 'e', 'E']) || text.parse::<i64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{int, refused, slots, text};
    use super::*;

    fn fill(template: &str, value: &str) -> String {
        slots(&Toml, template, &[text(value)])
    }

    #[test]
    fn bare_value_becomes_a_literal() {
        let map =
            Datum::Map(vec![("a b".into(), int(1)), ("c".into(), Datum::List(vec![Datum::Bool(true)]))]);
        assert_eq!(
            slots(&Toml, "x = <0>\ny=<1> # <2>", &[map, Datum::Float(1e16), text("z")]),
            "x = {\"a b\" = 1, c = [true]}\ny=1e16 # z"
        );
        refused(&Toml, "x = <0>", &[Datum::Null]);
        refused(&Toml, "x = <0>", &[int(i128::from(i64::MAX) + 1)]);
    }

    #[test]
    fn key_is_bare_where_it_can_be() {
        assert_eq!(
            fill("[a.<0>.<0>]\n<0> = 1\nx.<0>=2", "a b"),
            "[a.\"a b\".\"a b\"]\n\"a b\" = 1\nx.\"a b\"=2"
        );
        assert_eq!(
            fill("[[<0>]]\nx = { <0> = [<0>], y_<0> = <0> }", "k"),
            "[[k]]\nx = { k = [\"k\"], y_k = \"k\" }"
        );
        refused(&Toml, "x_<0> = 1", &[text("a b")]);
    }

    #[test]
    fn arrays_and_tables_nest_over_lines() {
        assert_eq!(
            fill("x = [\n  <0>, # <0>\n  { <0> = <0> },\n  <0>,\n]\n<0> = <0>", "k"),
            "x = [\n  \"k\", # k\n  { k = \"k\" },\n  \"k\",\n]\nk = \"k\""
        );
    }

    #[test]
    fn literal_string_takes_what_it_can_hold() {
        assert_eq!(fill("x = 'C:\\<0>'", "a\"\\"), "x = 'C:\\a\"\\'");
        for value in ["'", "\n", "\r", "\0"] {
            refused(&Toml, "x = '<0>'", &[text(value)]);
        }
    }

    #[test]
    fn first_line_break_of_a_long_string_is_kept() {
        assert_eq!(fill("x = '''<0>'''", "\na"), "x = '''\n\na'''");
        assert_eq!(fill("x = '''<0>\nb'''", ""), "x = '''\n\nb'''");
        assert_eq!(fill("x = \"\"\"<0>\"\"\"", "\na"), "x = \"\"\"\\na\"\"\"");
    }

    #[test]
    fn quotes_do_not_close_a_long_string() {
        assert_eq!(fill("x = '''<0>'''", "''"), "x = ''''''''");
        assert_eq!(fill("x = '''<0>'''", "a''"), "x = '''a'''''");
        for (template, value) in [
            ("x = '''<0>'''", "'''"),
            ("x = '''<0>''''", "''"),
            ("x = '''a'<0>'b'''", "'"),
            ("x = \"\"\"a\"\"<0>\"b\"\"\"", ""),
        ] {
            refused(&Toml, template, &[text(value)]);
        }
    }

    #[test]
    fn blank_behind_a_trimmed_line_break_is_kept() {
        assert_eq!(fill("x = \"\"\"\\\n   <0> b\"\"\"", " a"), "x = \"\"\"\\\n   \\u0020a b\"\"\"");
        refused(&Toml, "x = \"\"\"\\\n   <0> b\"\"\"", &[text("")]);
    }

    #[test]
    fn key_is_there_once_in_its_table() {
        for template in [
            "<0> = 1\n<0> = 2\n",
            "a = 1\n\"<0>\" = 2",
            "<0> = 1\n'a' = 2",
            "[t]\na . b = 1\n<0>.b = 2",
            "x = { <0> = 1, a = 2 }",
            "[<0>]\nb = 1\n[a]\n",
            "[x]\n[x.<0>]\n[ x . \"a\" ] # ]\n",
            "<0> = 1\n[a]\n",
            "[<0>]\n[[a]]\n",
        ] {
            assert!(
                refused(&Toml, template, &[text("a")]).message.contains("is written twice"),
                "{template}"
            );
        }
        for template in [
            "<0> = 1\n[t]\n<0> = 2\n[[u]]\n<0> = 3\n[[u]]\na = 4\n",
            "x = { <0> = 1, b = { a = 2 } }\n<0> = 3",
            "x = [{ <0> = 1 }, { <0> = 2 }]\n",
            "[[x]]\n[x.<0>]\n[[x]]\n[x.<0>]\n",
            "z = 1\nz = 2\n<0> = \"\"\"\na = 1\n\"\"\"\n",
        ] {
            slots(&Toml, template, &[text("a")]);
        }
    }
}
