//! JSON, strictly: a member that appears twice, a cut-off file, a stray byte are all "cannot tell".
//!
//! Own reader, because readers at large keep the last of two members, read numbers through f64, and copy every
//! string. This one borrows from the text and keeps numbers as written. A read-back is read beside what was intended,
//! so that only what differs is built.

use super::number;
use super::tree::{Builder, Node, Ref, Tree, Value};
use std::borrow::Cow;

mod layout;

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
    if let Some(tree) = layout::read(text) {
        return Ok(tree);
    }
    let tree = read(text, Builder::with_capacity(text.len() / 24 + 4), None)?;
    layout::remember(text, &tree);
    Ok(tree)
}

/// Reads a file beside its twin, with which it shares what is the same in both.
pub(crate) fn parse_beside<'a>(text: &'a str, twin: &'a Tree<'a>) -> Result<Tree<'a>, Unreadable> {
    read(text, Builder::default(), Some(twin))
}

fn read<'a>(text: &'a str, builder: Builder<'a>, twin: Option<&'a Tree<'a>>) -> Result<Tree<'a>, Unreadable> {
    let mut reader = Reader::new(text, builder);
    reader.value(0, Cow::Borrowed(""), twin.map(Tree::root)).map_err(|error| *error)?;
    reader.blanks();
    if reader.at < reader.bytes.len() {
        return Err(Unreadable::new("something follows the end of the JSON value", reader.at));
    }
    Ok(reader.builder.finish_beside(twin))
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
    fn new(text: &'a str, builder: Builder<'a>) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, builder }
    }

    #[inline]
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    fn blanks(&mut self) {
        if self.peek() <= b' ' {
            self.skip_blanks();
        }
    }

    fn skip_blanks(&mut self) {
        const SPACES: u64 = 0x2020_2020_2020_2020;
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
            // Most blanks are the indentation of a line, eight at a time.
            while let Some(next) = self.bytes[self.at..].first_chunk::<8>() {
                let other = u64::from_le_bytes(*next) ^ SPACES;
                if other != 0 {
                    self.at += other.trailing_zeros() as usize / 8;
                    break;
                }
                self.at += 8;
            }
        }
    }

    #[cold]
    fn fail<T>(&self, what: &str) -> Read<T> {
        let message = if self.at >= self.bytes.len() { "the file ends too early" } else { what };
        Err(Box::new(Unreadable::new(message, self.at)))
    }

    /// Reads a value beside its twin and pushes it under its name; returns whether the two say the same.
    #[allow(clippy::inline_always)] // most values are short, and a call costs more than reading them
    #[inline(always)]
    fn value(&mut self, depth: usize, key: Cow<'a, str>, twin: Option<Ref<'a>>) -> Read<bool> {
        self.blanks();
        let at = self.at as u32;
        let (value, same) = match self.peek() {
            b'"' => match self.same_string(twin) {
                Some(text) => (Value::Str(Cow::Borrowed(text)), true),
                None => {
                    let own = self.string()?;
                    let same = matches!(twin.map(Ref::value), Some(Value::Str(other)) if *other == own);
                    (Value::Str(own), same)
                }
            },
            b'{' => self.object(depth, twin)?,
            b'[' => self.array(depth, twin)?,
            b'-' | b'0'..=b'9' => {
                let own = self.number()?;
                let same =
                    matches!(twin.map(Ref::value), Some(Value::Number(other)) if number::equal(own, other));
                (Value::Number(Cow::Borrowed(own)), same)
            }
            b't' => self.word("true", Value::Bool(true), twin)?,
            b'f' => self.word("false", Value::Bool(false), twin)?,
            b'n' => self.word("null", Value::Null, twin)?,
            _ => return self.fail("a value is expected here"),
        };
        self.builder.push(Node { key, at, value });
        Ok(same)
    }

    fn word(&mut self, word: &str, value: Value<'a>, twin: Option<Ref<'a>>) -> Read<(Value<'a>, bool)> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return self.fail("a value is expected here");
        }
        self.at += word.len();
        let same = match (&value, twin.map(Ref::value)) {
            (Value::Bool(own), Some(Value::Bool(other))) => own == other,
            (Value::Null, Some(Value::Null)) => true,
            _ => false,
        };
        Ok((value, same))
    }

    fn deeper(&self, depth: usize) -> Read<()> {
        if depth < MAX_DEPTH {
            return Ok(());
        }
        Err(Box::new(Unreadable::new(format!("nested more than {MAX_DEPTH} deep"), self.at)))
    }

    #[inline(never)]
    fn array(&mut self, depth: usize, twin: Option<Ref<'a>>) -> Read<(Value<'a>, bool)> {
        self.deeper(depth)?;
        self.at += 1;
        let twin = twin.filter(|twin| matches!(twin.value(), Value::List(_)));
        let mark = self.builder.mark();
        self.blanks();
        if self.peek() == b']' {
            self.at += 1;
            return Ok((Value::List(self.builder.close(mark)), twin.is_some_and(|twin| twin.len() == 0)));
        }
        let mut same = twin.is_some();
        for index in 0.. {
            let beside = twin.and_then(|twin| twin.item(index));
            same &= self
                .value(depth + 1, Cow::Borrowed(""), beside)
                .map_err(|error| inside(error, &index.to_string()))?;
            self.blanks();
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(match twin.filter(|twin| same && twin.len() == index + 1) {
                        Some(twin) => (self.builder.share(mark, twin), true),
                        None => (Value::List(self.builder.close(mark)), false),
                    });
                }
                _ => return self.fail("`,` or `]` is expected here"),
            }
        }
        self.fail("`]` is expected here")
    }

    #[inline(never)]
    fn object(&mut self, depth: usize, twin: Option<Ref<'a>>) -> Read<(Value<'a>, bool)> {
        self.deeper(depth)?;
        self.at += 1;
        let twin = twin.filter(|twin| matches!(twin.value(), Value::Map(_)));
        let mark = self.builder.mark();
        self.blanks();
        if self.peek() == b'}' {
            self.at += 1;
            return Ok((Value::Map(self.builder.close(mark)), twin.is_some_and(|twin| twin.len() == 0)));
        }
        let mut met = Met::default();
        loop {
            self.blanks();
            if self.peek() != b'"' {
                return self.fail("a member name in quotes is expected here");
            }
            let start = self.at;
            let (key, place) = self.name(twin, met.count)?;
            self.blanks();
            if self.peek() != b':' {
                return self.fail("`:` is expected here");
            }
            self.at += 1;
            let beside = place.and_then(|place| twin?.item(place));
            match self.value(depth + 1, key, beside) {
                Ok(same) => met.add(place.filter(|_| same)),
                Err(error) => return Err(self.inside_member(error, start)),
            }
            self.blanks();
            match self.peek() {
                b',' => self.at += 1,
                b'}' => break,
                _ => return self.fail("`,` or `}` is expected here"),
            }
        }
        self.at += 1;
        if let Some(twin) = twin.filter(|twin| met.all(twin.len())) {
            return Ok((self.builder.share(mark, twin), true));
        }
        if let Some((key, at)) = twice(self.builder.since(mark)) {
            let path = crate::source::child("", &key);
            return Err(Box::new(Unreadable { message: format!("member '{key}' appears twice"), at, path }));
        }
        Ok((Value::Map(self.builder.close(mark)), false))
    }

    /// A problem inside the member whose name begins at `start`.
    #[cold]
    #[allow(clippy::unnecessary_box_returns)] // it comes boxed, and goes on so
    fn inside_member(&mut self, error: Box<Unreadable>, start: usize) -> Box<Unreadable> {
        self.at = start;
        match self.string() {
            Ok(key) => inside(error, &key),
            Err(_) => error,
        }
    }

    /// Reads the name of a member: where it is written as one of the twin's, without looking for its end.
    #[inline]
    fn name(&mut self, twin: Option<Ref<'a>>, near: usize) -> Read<(Cow<'a, str>, Option<usize>)> {
        if let Some(twin) = twin
            && let Some((place, length)) = twin.place_written(&self.bytes[self.at + 1..], near)
        {
            let start = self.at + 1;
            self.at = start + length + 1;
            return Ok((Cow::Borrowed(&self.text[start..start + length]), Some(place)));
        }
        let key = self.string()?;
        let place = twin.and_then(|twin| twin.place_of(&key, near));
        Ok((key, place))
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

    /// Reads a string that is written as its twin is, without looking for its end.
    fn same_string(&mut self, twin: Option<Ref<'a>>) -> Option<&'a str> {
        // Borrowed means that nothing in it was escaped.
        let Value::Str(Cow::Borrowed(text)) = twin?.value() else { return None };
        let end = self.at + 1 + text.len();
        let is_same = self.bytes.get(end) == Some(&b'"') && &self.bytes[self.at + 1..end] == text.as_bytes();
        is_same.then(|| {
            self.at = end + 1;
            *text
        })
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

/// Which members of a twin were met with the same value, each once.
#[derive(Default)]
struct Met {
    places: u64,
    /// How many members were met.
    count: usize,
    differs: bool,
}

impl Met {
    fn add(&mut self, place: Option<usize>) {
        self.count += 1;
        match place.filter(|place| *place < 64).map(|place| 1 << place) {
            Some(bit) if self.places & bit == 0 => self.places |= bit,
            _ => self.differs = true,
        }
    }

    /// Whether these were all members of the twin, and nothing else was met.
    fn all(&self, members: usize) -> bool {
        !self.differs && self.places.count_ones() as usize == members
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

/// Whether lengths and letters already tell all names apart, as they mostly do.
fn look_distinct(members: &[Node<'_>]) -> bool {
    let mut seen = 0_u64;
    members.iter().all(|member| {
        let name = member.key.as_bytes();
        let letter = |byte: Option<&u8>| u64::from(byte.copied().unwrap_or_default());
        let bit = 1 << ((name.len() as u64 * 7 + letter(name.first()) * 3 + letter(name.last())) % 64);
        let is_new = seen & bit == 0;
        seen |= bit;
        is_new
    })
}

/// The name and place of a member that appears twice.
pub(crate) fn twice(members: &[Node<'_>]) -> Option<(String, usize)> {
    /// Above this many members, sorting beats comparing each with each.
    const MANY: usize = 24;
    if members.len() <= MANY {
        if look_distinct(members) {
            return None;
        }
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

    /// Reading beside a twin is only another way of reading.
    fn beside(twin: &str, text: &str) {
        let (twin, alone) = (parse(twin).expect("reads"), parse(text));
        match (parse_beside(text, &twin), alone) {
            (Ok(read), Ok(alone)) => {
                assert!(read.root().equal(alone.root()) && alone.root().equal(read.root()), "{text}");
                assert_eq!(read.root().to_json().to_string(), expected(&alone, &twin), "{text}");
                assert_eq!(read.root().equal(twin.root()), alone.root().equal(twin.root()), "{text}");
            }
            (Err(error), Err(alone)) => assert_eq!(error, alone),
            (read, alone) => panic!("{text}: {read:?} but {alone:?}"),
        }
    }

    /// What is shared is spelled as the twin spells it.
    fn expected(alone: &Tree<'_>, twin: &Tree<'_>) -> String {
        fn spelled(own: Ref<'_>, twin: Option<Ref<'_>>) -> serde_json::Value {
            if let Some(twin) = twin.filter(|twin| own.is_container() && own.len() > 0 && own.equal(*twin)) {
                return twin.to_json();
            }
            match own.value() {
                Value::List(_) => {
                    let items = own.children().enumerate();
                    items.map(|(at, item)| spelled(item, twin.and_then(|twin| twin.item(at)))).collect()
                }
                Value::Map(_) => {
                    let twin = twin.filter(|twin| matches!(twin.value(), Value::Map(_)));
                    let member = |item: Ref<'_>| {
                        let other = twin.and_then(|twin| twin.member(item.key(), 0));
                        (item.key().to_owned(), spelled(item, other))
                    };
                    serde_json::Value::Object(own.children().map(member).collect())
                }
                _ => own.to_json(),
            }
        }
        spelled(alone.root(), Some(twin.root())).to_string()
    }

    #[test]
    fn a_file_read_beside_its_twin_says_what_it_says_alone() {
        beside(r#"{"a":1,"b":2}"#, r#"{"b":2.0,"a":1}"#);
        beside(r#"{"a":1,"b":2}"#, r#"{"a":1,"a":1}"#);
        beside(r#"{"a":1}"#, r#"{"a":1,"b":[]}"#);
        beside(r#"[[1,{"x":[]}],{}]"#, r#"[[1,{"x":[]}],{"y":1}]"#);
        beside(r#"{"a":[1]}"#, r#"{"a":{"0":1}}"#);
        beside(r"[1,2]", "[1,2");
        let many = |end: &str| -> String {
            let members: Vec<String> = (0..80).map(|at| format!("\"k{at}\":{at}")).collect();
            format!("{{{}{end}}}", members.join(","))
        };
        beside(&many(""), &many(""));
        beside(&many(""), &many(",\"k7\":7"));
    }

    fn value() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            (0..3i64).prop_map(serde_json::Value::from),
            "[ab]{0,2}".prop_map(serde_json::Value::from)
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                proptest::collection::vec(("[abc]", inner), 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect()))
            ]
        })
    }

    proptest::proptest! {
        #[test]
        fn any_file_read_beside_any_other_says_what_it_says_alone(a in value(), b in value()) {
            beside(&a.to_string(), &b.to_string());
            beside(&serde_json::json!({"x": a, "y": b}).to_string(), &serde_json::json!({"y": b, "x": b}).to_string());
        }
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
