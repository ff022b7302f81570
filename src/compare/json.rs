//! JSON, strictly: a member that appears twice, a cut-off file, a stray byte are all "cannot tell".
//!
//! Own reader, because readers at large keep the last of two members, read numbers through f64, and copy every
//! string. This one borrows from the text and keeps numbers as written.

use super::tree::{Builder, Node, Tree, Value};
use std::borrow::Cow;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 200;

/// Why a file could not be read, where, and the path if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// In words that quote no value.
    pub message: String,
    /// Byte offset.
    pub at: usize,
    /// JSON Pointer of the culprit, if it has one.
    pub path: String,
}

impl Unreadable {
    pub(crate) fn new(message: impl Into<String>, at: usize) -> Self {
        Self { message: message.into(), at, path: String::new() }
    }
}

pub(crate) fn parse(text: &str) -> Result<Tree<'_>, Unreadable> {
    let mut reader =
        Reader { text, bytes: text.as_bytes(), at: 0, builder: Builder::with_capacity(text.len() / 24 + 4) };
    let (at, value) = reader.value(0).map_err(|error| *error)?;
    reader.blanks();
    if reader.at < reader.bytes.len() {
        return Err(Unreadable::new("something follows the end of the JSON value", reader.at));
    }
    Ok(reader.builder.finish(Node { key: Cow::Borrowed(""), at, value }))
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    builder: Builder<'a>,
}

/// Boxed, so that what is read stays small on its way.
type Read<T> = Result<T, Box<Unreadable>>;

impl<'a> Reader<'a> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn fail<T>(&self, what: &str) -> Read<T> {
        let message = if self.at >= self.bytes.len() { "the file ends too early" } else { what };
        Err(Box::new(Unreadable::new(message, self.at)))
    }

    /// Reads a value; its place comes along.
    fn value(&mut self, depth: usize) -> Read<(u32, Value<'a>)> {
        self.blanks();
        let at = self.at as u32;
        let value = match self.peek() {
            b'"' => Value::Str(self.string()?),
            b'{' => self.object(depth)?,
            b'[' => self.array(depth)?,
            b'-' | b'0'..=b'9' => Value::Number(Cow::Borrowed(self.number()?)),
            b't' => self.word("true", Value::Bool(true))?,
            b'f' => self.word("false", Value::Bool(false))?,
            b'n' => self.word("null", Value::Null)?,
            _ => return self.fail("a value is expected here"),
        };
        Ok((at, value))
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Read<Value<'a>> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        self.fail("a value is expected here")
    }

    fn deeper(&self, depth: usize) -> Read<()> {
        if depth < MAX_DEPTH {
            return Ok(());
        }
        Err(Box::new(Unreadable::new(format!("nested more than {MAX_DEPTH} deep"), self.at)))
    }

    fn array(&mut self, depth: usize) -> Read<Value<'a>> {
        self.deeper(depth)?;
        self.at += 1;
        let mark = self.builder.mark();
        self.blanks();
        if self.peek() == b']' {
            self.at += 1;
            return Ok(Value::List(self.builder.close(mark)));
        }
        for index in 0.. {
            let (at, value) = self.value(depth + 1).map_err(|error| inside(error, &index.to_string()))?;
            self.builder.push(Node { key: Cow::Borrowed(""), at, value });
            self.blanks();
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(Value::List(self.builder.close(mark)));
                }
                _ => return self.fail("`,` or `]` is expected here"),
            }
        }
        self.fail("`]` is expected here")
    }

    fn object(&mut self, depth: usize) -> Read<Value<'a>> {
        self.deeper(depth)?;
        self.at += 1;
        let mark = self.builder.mark();
        self.blanks();
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(Value::Map(self.builder.close(mark)));
        }
        loop {
            self.blanks();
            if self.peek() != b'"' {
                return self.fail("a member name in quotes is expected here");
            }
            let key = self.string()?;
            self.blanks();
            if self.peek() != b':' {
                return self.fail("`:` is expected here");
            }
            self.at += 1;
            match self.value(depth + 1) {
                Ok((at, value)) => self.builder.push(Node { key, at, value }),
                Err(error) => return Err(inside(error, &key)),
            }
            self.blanks();
            match self.peek() {
                b',' => self.at += 1,
                b'}' => break,
                _ => return self.fail("`,` or `}` is expected here"),
            }
        }
        self.at += 1;
        if let Some((key, at)) = twice(self.builder.since(mark)) {
            let path = crate::source::child("", &key);
            return Err(Box::new(Unreadable { message: format!("member '{key}' appears twice"), at, path }));
        }
        Ok(Value::Map(self.builder.close(mark)))
    }

    fn number(&mut self) -> Read<&'a str> {
        let start = self.at;
        if self.peek() == b'-' {
            self.at += 1;
        }
        match self.peek() {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits(),
            _ => return self.fail("a digit is expected here"),
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) {
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Read<()> {
        if !self.peek().is_ascii_digit() {
            return self.fail("a digit is expected here");
        }
        self.digits();
        Ok(())
    }

    fn string(&mut self) -> Read<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        self.at += plain_length(&self.bytes[start..]);
        if self.peek() == b'"' && self.at < self.bytes.len() {
            self.at += 1;
            return Ok(Cow::Borrowed(&self.text[start..self.at - 1]));
        }
        let mut out = self.text[start..self.at].to_owned();
        loop {
            match self.bytes.get(self.at) {
                None => return self.fail(""),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(out));
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(byte) if *byte < 0x20 => return self.fail("a control character stands in a string"),
                Some(_) => {
                    let start = self.at;
                    self.at += plain_length(&self.bytes[start..]);
                    out.push_str(&self.text[start..self.at]);
                }
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        self.at += 2;
        Ok(match self.bytes.get(self.at - 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return self.fail("an escape that JSON does not know"),
        })
    }

    fn unicode(&mut self) -> Read<char> {
        let high = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&high) && self.bytes[self.at..].starts_with(b"\\u") {
            self.at += 2;
            let low = self.hex()?;
            if !(0xdc00..0xe000).contains(&low) {
                return self.fail("half of a surrogate pair");
            }
            0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        char::from_u32(code).map_or_else(|| self.fail("half of a surrogate pair"), Ok)
    }

    fn hex(&mut self) -> Read<u32> {
        let digits =
            self.bytes.get(self.at..self.at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code {
            Some(code) => {
                self.at += 4;
                Ok(code)
            }
            None => self.fail("four hexadecimal digits are expected here"),
        }
    }
}

/// A problem seen from one level up: only those that have a path get it longer.
#[allow(clippy::unnecessary_box_returns)] // it comes boxed, and goes on so
fn inside(mut error: Box<Unreadable>, step: &str) -> Box<Unreadable> {
    if !error.path.is_empty() {
        error.path = crate::source::child("", step) + &error.path;
    }
    error
}

/// How many bytes there are before a quote, a backslash or a control character, eight at a time.
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut at = 0;
    for chunk in bytes.chunks_exact(8) {
        let word = u64::from_le_bytes(chunk.try_into().unwrap_or_default());
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let hit = zero(word ^ (ONES * u64::from(b'"'))) | zero(word ^ (ONES * u64::from(b'\\'))) | control;
        if hit != 0 {
            return at + hit.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + bytes[at..].iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count()
}

/// The name and place of a member that appears twice.
pub(crate) fn twice(members: &[Node<'_>]) -> Option<(String, usize)> {
    /// Above this many members, sorting beats comparing each with each.
    const MANY: usize = 24;
    if members.len() <= MANY {
        return members.iter().enumerate().find_map(|(at, member)| {
            let again = members[..at].iter().any(|other| other.key == member.key);
            again.then(|| (member.key.to_string(), member.at as usize))
        });
    }
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key).then(a.at.cmp(&b.at)));
    sorted
        .windows(2)
        .find(|pair| pair[0].key == pair[1].key)
        .map(|pair| (pair[1].key.to_string(), pair[1].at as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equal(a: &str, b: &str) -> bool {
        let (a, b) = (parse(a).expect("reads"), parse(b).expect("reads"));
        a.root().equal(b.root())
    }

    #[test]
    fn spelling_and_member_order_are_nothing() {
        assert!(equal(
            r#"{"a":[1,2.50,"x\u00e9\n"],"b":null}"#,
            "{ \"b\" : null, \"a\": [1e0, 25e-1, \"x\u{e9}\\n\"] }"
        ));
        assert!(!equal(r#"["70"]"#, "[70]") && !equal("[true]", "[1]") && !equal("[null]", "[]"));
        assert!(!equal("\"\u{e9}\"", "\"e\u{301}\""), "NFC is not NFD");
        assert!(equal(r#""\ud83d\ude00""#, "\"\u{1f600}\""));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            "+1",
            "nul",
            "\"\u{1}\"",
            "\"\\x\"",
            "[1] 2",
            "\"\\ud800\"",
            "\"abc",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn a_member_that_appears_twice_is_named() {
        let error = parse(r#"{"x":{"port":1,"port":2}}"#).expect_err("refused");
        assert_eq!((error.path.as_str(), error.message.as_str()), ("/x/port", "member 'port' appears twice"));
    }
}
