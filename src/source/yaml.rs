//! YAML 1.2 core schema, one document per file, every node with its place.
//!
//! `no`, `on` and `06:00` are strings, `010` is ten. Aliases are expanded and counted, so that a bomb stops at
//! [`MAX_NODES`]; depth stops at [`MAX_DEPTH`]. Duplicate keys are problems, never "last one wins".

use super::{Span, Text};
use granit_parser::{Event, Options, Parser, ScalarStyle};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Most nodes that one file may hold once its aliases are expanded.
pub(crate) const MAX_NODES: usize = 1_000_000;
/// Deepest nesting of lists and maps.
pub(crate) const MAX_DEPTH: usize = 64;

/// A parsed file.
#[derive(Debug, Clone)]
pub struct Document {
    /// What was parsed.
    pub text: Arc<Text>,
    /// The one document in it; an empty file is null.
    pub root: Node,
}

/// A value and the bytes it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands; an alias stands where it is used.
    pub span: Span,
    /// What it is.
    pub content: Content,
}

/// The value of a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond `i64`.
    Uint(u64),
    /// A finite number with a point or an exponent.
    Float(f64),
    /// Text.
    Str(Box<str>),
    /// A list.
    Seq(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<Member>),
}

/// One entry of a map. Keys are text as written: `0: Stopped` has the key `0`.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The key.
    pub key: Box<str>,
    /// Where the key stands.
    pub key_span: Span,
    /// Its value.
    pub node: Node,
}

/// Why a text is not a document, at its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The rule it breaks: `malformed-yaml`, `duplicate-key` or `unsupported-yaml`.
    pub rule: &'static str,
    /// The offending bytes.
    pub span: Span,
    /// What is wrong, in the user's words.
    pub message: String,
    /// What to do.
    pub next: String,
    /// Another place that belongs to the story, such as the first of two keys.
    pub related: Option<(Span, String)>,
}

impl Node {
    /// Returns the member `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Member> {
        match &self.content {
            Content::Map(members) => members.iter().find(|member| &*member.key == key),
            _ => None,
        }
    }

    /// Returns the text of a string node.
    pub fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the node at a JSON pointer.
    pub fn at(&self, pointer: &str) -> Option<&Self> {
        super::parse_pointer(pointer).try_fold(self, |node, token| match &node.content {
            Content::Seq(items) => items.get(token.parse::<usize>().ok()?),
            _ => node.get(&token).map(|member| &member.node),
        })
    }

    /// Returns the place of the last key of `pointer`; for a list item or the root, of the value.
    pub fn key_span(&self, pointer: &str) -> Option<Span> {
        let cut = pointer.rfind('/')?;
        let parent = self.at(&pointer[..cut])?;
        let token = super::parse_pointer(&pointer[cut..]).next()?;
        match parent.get(&token) {
            Some(member) => Some(member.key_span),
            None => self.at(pointer).map(|node| node.span),
        }
    }

    /// Returns the value without its places.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.content {
            Content::Null => Json::Null,
            Content::Bool(value) => Json::Bool(*value),
            Content::Int(value) => Json::from(*value),
            Content::Uint(value) => Json::from(*value),
            Content::Float(value) => Json::from(*value),
            Content::Str(text) => Json::String(text.to_string()),
            Content::Seq(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Content::Map(members) => {
                Json::Object(members.iter().map(|m| (m.key.to_string(), m.node.to_json())).collect())
            }
        }
    }

    fn size(&self) -> usize {
        1 + match &self.content {
            Content::Seq(items) => items.iter().map(Self::size).sum(),
            Content::Map(members) => members.iter().map(|member| member.node.size()).sum(),
            _ => 0,
        }
    }
}

/// Parses one YAML document, or returns every problem that was found before parsing had to stop.
pub fn parse(text: Arc<Text>) -> Result<Document, Vec<Problem>> {
    match super::quick::read(&text.content) {
        Some(root) => Ok(Document { text, root }),
        None => full(text),
    }
}

/// Parses a text with everything that YAML has.
pub(super) fn full(text: Arc<Text>) -> Result<Document, Vec<Problem>> {
    let (root, problems) = {
        let mut reader = Reader {
            parser: Parser::new_from_str_with_options(&text.content, options()),
            anchors: HashMap::new(),
            problems: vec![],
            nodes: 0,
            last: Span::default(),
        };
        let root = match reader.document() {
            Ok(root) => Some(root),
            Err(problem) => {
                reader.problems.push(problem);
                None
            }
        };
        (root, reader.problems)
    };
    match root {
        Some(root) if problems.is_empty() => Ok(Document { text, root }),
        _ => Err(problems),
    }
}

fn options() -> Options {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options
}

struct Reader<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: HashMap<usize, (Node, usize)>,
    problems: Vec<Problem>,
    nodes: usize,
    last: Span,
}

type Read<T> = Result<T, Problem>;

impl<'a> Reader<'a> {
    fn next(&mut self) -> Read<(Event<'a>, Span)> {
        match self.parser.next() {
            Some(Ok((event, span))) => {
                let range = span.byte_range().unwrap_or(0..0);
                self.last = Span { start: range.start as u32, end: range.end as u32 };
                Ok((event, self.last))
            }
            Some(Err(error)) => {
                let at = error.marker().byte_offset().unwrap_or(0) as u32;
                Err(Problem::malformed(Span { start: at, end: at + 1 }, &error.info()))
            }
            None => Err(Problem::malformed(self.last, "the file ends too early")),
        }
    }

    fn document(&mut self) -> Read<Node> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::StreamEnd => return Ok(Node { span, content: Content::Null }),
                event => {
                    let root = self.node(event, span, 0)?;
                    self.finish()?;
                    return Ok(root);
                }
            }
        }
    }

    fn finish(&mut self) -> Read<()> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentEnd, _) => {}
                (_, span) => {
                    return Err(Problem::unsupported(
                        span,
                        "a second document begins here; a fleet file holds one",
                        "move it to a file of its own",
                    ));
                }
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Read<Node> {
        self.count(1, span)?;
        if depth > MAX_DEPTH {
            let message = format!("lists and maps are nested more than {MAX_DEPTH} deep");
            return Err(Problem::unsupported(span, &message, "flatten the structure"));
        }
        let (content, span, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| tag.to_string());
                (self.scalar(&text, style, tag.as_deref(), span), span, anchor)
            }
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id).cloned() else {
                    let message = "this alias stands inside the very value it names";
                    return Err(Problem::unsupported(span, message, "write the value out"));
                };
                self.count(size, span)?;
                (node.content, span, 0)
            }
            Event::SequenceStart(_, anchor, _) => {
                let (items, end) = self.sequence(depth)?;
                (Content::Seq(items), span.to(end), anchor)
            }
            Event::MappingStart(_, anchor, _) => {
                let (members, end) = self.mapping(depth)?;
                (Content::Map(members), span.to(end), anchor)
            }
            event => return Err(Problem::malformed(span, &format!("unexpected {event:?}"))),
        };
        let node = Node { span, content };
        if anchor > 0 {
            let size = node.size();
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(node)
    }

    fn count(&mut self, nodes: usize, span: Span) -> Read<()> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            let message = format!("the file grows beyond {MAX_NODES} values (aliases are expanded)");
            return Err(Problem::unsupported(span, &message, "split the file, or write fewer aliases"));
        }
        Ok(())
    }

    fn sequence(&mut self, depth: usize) -> Read<(Vec<Node>, Span)> {
        let mut items = vec![];
        loop {
            match self.next()? {
                (Event::SequenceEnd, end) => return Ok((items, items_end(end))),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Read<(Vec<Member>, Span)> {
        let mut members: Vec<Member> = vec![];
        let mut seen: HashSet<Box<str>> = HashSet::new();
        loop {
            let (event, key_span) = self.next()?;
            let key: Box<str> = match event {
                Event::MappingEnd => return Ok((members, items_end(key_span))),
                Event::Scalar(text, ..) => text.into(),
                _ => {
                    let message = "a key must be plain text, not a list, a map or an alias";
                    return Err(Problem::unsupported(key_span, message, "write the key as text"));
                }
            };
            if &*key == "<<" {
                self.problems.push(Problem::unsupported(
                    key_span,
                    "`<<` merges nothing in YAML 1.2",
                    "write the members out",
                ));
            }
            let (event, span) = self.next()?;
            let node = self.node(event, span, depth + 1)?;
            if is_new(&members, &mut seen, &key) {
                members.push(Member { key, key_span, node });
            } else {
                let first = members.iter().find(|m| m.key == key).map(|m| m.key_span);
                self.problems.push(Problem {
                    rule: "duplicate-key",
                    span: key_span,
                    message: format!("key `{key}` appears twice in one map"),
                    next: "keep one of the two".into(),
                    related: first.map(|span| (span, "first defined here".into())),
                });
            }
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&str>, span: Span) -> Content {
        if matches!(tag, Some(tag) if tag.ends_with("str")) {
            return Content::Str(text.into());
        }
        if let Some(tag) = tag.filter(|tag| !tag.contains("2002:") && !tag.starts_with("!!")) {
            let message = format!("tag `{tag}` is not known here");
            self.problems.push(Problem::unsupported(span, &message, "leave the tag out"));
        }
        if style != ScalarStyle::Plain {
            return Content::Str(text.into());
        }
        plain(text).unwrap_or_else(|message| {
            self.problems.push(Problem::unsupported(span, &message, &format!("quote it: \"{text}\"")));
            Content::Null
        })
    }
}

/// The end of a block collection is reported where the next token begins; nothing of it stands there.
fn items_end(end: Span) -> Span {
    Span { start: end.start, end: end.start.max(end.end) }
}

/// Whether `key` is not among the members yet; `seen` takes over where a scan would be slow.
fn is_new(members: &[Member], seen: &mut HashSet<Box<str>>, key: &str) -> bool {
    const SCAN: usize = 12;
    if members.len() < SCAN {
        return !members.iter().any(|member| &*member.key == key);
    }
    if seen.is_empty() {
        seen.extend(members.iter().map(|member| member.key.clone()));
    }
    seen.insert(key.into())
}

/// Resolves an unquoted scalar by the YAML 1.2 core schema (section 10.3.2).
pub(super) fn plain(text: &str) -> Result<Content, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Content::Null),
        "true" | "True" | "TRUE" => return Ok(Content::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Content::Bool(false)),
        _ => {}
    }
    let first = text.as_bytes()[0];
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return Ok(Content::Str(text.into()));
    }
    if let Some(result) = whole(text) {
        return result;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return Err(format!("`{text}` is not a number that a config can hold"));
    }
    if is_float(unsigned) {
        let value: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
        return if value.is_finite() {
            Ok(Content::Float(value))
        } else {
            Err(format!("`{text}` is too large for a number"))
        };
    }
    Ok(Content::Str(text.into()))
}

fn whole(text: &str) -> Option<Result<Content, String>> {
    let too_large = || Err(format!("`{text}` is too large for a whole number"));
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
                return None;
            }
            return Some(
                u64::from_str_radix(digits, radix).map_or_else(|_| too_large(), |v| Ok(from_u64(v))),
            );
        }
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(match text.parse::<i64>() {
        Ok(value) => Ok(Content::Int(value)),
        Err(_) => text.parse::<u64>().map_or_else(|_| too_large(), |v| Ok(from_u64(v))),
    })
}

fn from_u64(value: u64) -> Content {
    i64::try_from(value).map_or(Content::Uint(value), Content::Int)
}

/// `[0-9]+(\.[0-9]*)?` or `\.[0-9]+`, with an exponent or not.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty()),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['+', '-']).unwrap_or(e);
        !e.is_empty() && digits(e)
    });
    mantissa_fits && exponent_fits
}

impl Span {
    fn to(self, end: Self) -> Self {
        Self { start: self.start, end: end.end.max(self.start) }
    }
}

impl Problem {
    fn malformed(span: Span, what: &str) -> Self {
        Self {
            rule: "malformed-yaml",
            span,
            message: format!("not valid YAML: {what}"),
            next: "correct the syntax; often an indent, a missing quote or a tab".into(),
            related: None,
        }
    }

    fn unsupported(span: Span, message: &str, next: &str) -> Self {
        Self { rule: "unsupported-yaml", span, message: message.into(), next: next.into(), related: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, Vec<Problem>> {
        parse(Arc::new(Text::new("t.yaml", text.into()))).map(|document| document.root)
    }

    fn json(text: &str) -> serde_json::Value {
        read(text).expect("parses").to_json()
    }

    #[test]
    fn the_core_schema_decides_types() {
        assert_eq!(
            json(
                "[no, on, 06:00, 010, 1e3, 0o14, 0xC, ~, true, -1, 1.50, .5, 1., 2026-01-01, 1_000, '', +3]"
            ),
            serde_json::json!([
                "no",
                "on",
                "06:00",
                10,
                1000.0,
                12,
                12,
                null,
                true,
                -1,
                1.5,
                0.5,
                1.0,
                "2026-01-01",
                "1_000",
                "",
                3
            ])
        );
    }

    #[test]
    fn duplicate_keys_name_both_places() {
        let problems = read("a: 1\nb: 2\na: 3\n").unwrap_err();
        assert_eq!(problems[0].rule, "duplicate-key");
        assert_eq!(problems[0].span.start, 10);
        assert_eq!(problems[0].related.as_ref().map(|r| r.0.start), Some(0));
    }

    #[test]
    fn an_alias_bomb_stops() {
        use std::fmt::Write as _;
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
        for i in 1..9 {
            let refs = vec![format!("*a{}", i - 1); 9].join(",");
            writeln!(text, "a{i}: &a{i} [{refs}]").expect("writes");
        }
        assert_eq!(read(&text).unwrap_err()[0].rule, "unsupported-yaml");
    }

    #[test]
    fn deep_nesting_and_second_documents_are_problems() {
        assert!(read(&"[".repeat(5000)).is_err());
        assert!(read("a: 1\n---\nb: 2\n").is_err());
        assert!(read(&format!("{}1{}", "[".repeat(100), "]".repeat(100))).is_err());
        assert!(read("a: &a [*a]").is_err());
    }

    #[test]
    fn infinities_and_giants_ask_for_quotes() {
        assert!(read("a: .inf").unwrap_err()[0].next.contains("quote it"));
        assert!(read("a: 99999999999999999999999").is_err());
        assert!(read("a: 1e999").is_err());
        assert_eq!(json("a: 18446744073709551615"), serde_json::json!({ "a": u64::MAX }));
    }

    #[test]
    fn pointers_find_keys_and_values() {
        let root = read("a:\n  b: [1, 2]\n").expect("parses");
        assert_eq!(root.at("/a/b/1").map(|node| node.span), Some(Span { start: 12, end: 13 }));
        assert_eq!(root.key_span("/a/b"), Some(Span { start: 5, end: 6 }));
        assert_eq!(root.at("/a/c"), None);
    }
}
