//! The everyday part of YAML, read in one pass: block maps and lists, flow maps and lists, scalars on one line.
//!
//! Fleet files are written in this part; a general parser takes ten times as long for them, and a fleet has thousands.
//! Whatever is not surely in it (anchors, tags, block scalars, escapes, tabs, anything but ASCII, and everything that
//! is wrong) gives `None`, and the full reader says what it is. Where both can read a text they give the same nodes at
//! the same places; a test holds them to it.

use super::Span;
use super::yaml::{Content, Member, Node, plain};

/// Deepest nesting that is read here.
const MAX_DEPTH: usize = 24;
/// Largest text that is read here.
const MAX_BYTES: usize = 1 << 20;

/// Reads a text that is one block map, if it is simple enough.
pub(super) fn read(text: &str) -> Option<Node> {
    let simple = |byte: &u8| matches!(byte, b'\n' | b' '..=b'~');
    if text.len() > MAX_BYTES || !text.as_bytes().iter().all(simple) {
        return None;
    }
    let mut quick = Quick { text, bytes: text.as_bytes(), at: 0, line: 0 };
    quick.next_line();
    if quick.column() != 0 {
        return None;
    }
    let root = quick.block_map(0, 0)?;
    (quick.at == text.len()).then_some(root)
}

struct Quick<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Where the line begins that `at` is in.
    line: usize,
}

impl Quick<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn column(&self) -> usize {
        self.at - self.line
    }

    fn blanks(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// Goes to the first character of the next line with content, or to the end; `at` is at the start of a line.
    fn next_line(&mut self) {
        loop {
            self.line = self.at;
            self.blanks();
            match self.peek() {
                Some(b'#') => self.go_to_line_end(),
                Some(b'\n') => {}
                _ => return,
            }
            if self.peek().is_none() {
                return;
            }
            self.at += 1;
        }
    }

    fn go_to_line_end(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    /// Passes blanks and a comment at the end of a line and goes to the next content.
    fn end_line(&mut self) -> Option<()> {
        let start = self.at;
        self.blanks();
        if self.peek() == Some(b'#') {
            if self.at == start {
                return None;
            }
            self.go_to_line_end();
        }
        match self.peek() {
            None => {}
            Some(b'\n') => {
                self.at += 1;
                self.next_line();
            }
            Some(_) => return None,
        }
        // `---` and `...` at the start of a line end the document.
        let marks =
            self.column() == 0 && matches!(self.bytes.get(self.at..self.at + 3), Some(b"---" | b"..."));
        (!marks).then_some(())
    }

    fn is_entry(&self) -> bool {
        self.peek() == Some(b'-') && self.bytes.get(self.at + 1) == Some(&b' ')
    }

    /// A map whose keys stand at `indent`; ends at the first content that stands further left.
    fn block_map(&mut self, indent: usize, depth: usize) -> Option<Node> {
        let start = self.at;
        let mut members: Vec<Member> = vec![];
        while self.peek().is_some() && self.column() == indent {
            let (key, key_span) = self.key()?;
            let node = self.value(indent, depth)?;
            push(&mut members, key, key_span, node)?;
        }
        let left = self.peek().is_none() || self.column() < indent;
        (left && !members.is_empty()).then(|| node(start, self.at, Content::Map(members)))
    }

    /// A list whose dashes stand at `indent`.
    fn block_list(&mut self, indent: usize, depth: usize) -> Option<Node> {
        let start = self.at;
        let mut items = vec![];
        while self.column() == indent && self.is_entry() {
            self.at += 1;
            self.blanks();
            let inner = self.column();
            let item = match self.peek()? {
                _ if depth > MAX_DEPTH || self.is_entry() => return None,
                _ if self.is_key() => self.block_map(inner, depth + 1)?,
                _ => self.inline(indent, depth)?,
            };
            items.push(item);
        }
        let left = self.peek().is_none() || self.column() <= indent;
        left.then(|| node(start, self.at, Content::Seq(items)))
    }

    /// What stands behind the colon of a key at `indent`.
    fn value(&mut self, indent: usize, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        let before = self.at;
        self.blanks();
        if !matches!(self.peek()?, b'\n' | b'#') {
            return self.inline(indent, depth);
        }
        self.at = before;
        self.end_line()?;
        self.peek()?;
        match self.column() {
            column if self.is_entry() && column > indent => self.block_list(column, depth + 1),
            column if self.is_entry() && column == indent => {
                let list = self.block_list(column, depth + 1)?;
                // Such a list begins, as the full reader has it, behind its first dash.
                let Content::Seq(items) = &list.content else { return None };
                let first = items.first()?.span.start;
                Some(Node { span: Span { start: first, ..list.span }, ..list })
            }
            column if column > indent && self.is_key() => self.block_map(column, depth + 1),
            _ => None,
        }
    }

    /// A scalar or flow collection that ends its line; what follows must not belong to it.
    fn inline(&mut self, indent: usize, depth: usize) -> Option<Node> {
        let node = match self.peek()? {
            b'{' | b'[' => self.flow(indent, depth)?,
            b'"' | b'\'' => self.quoted()?,
            _ => self.plain_go_to_line_end()?,
        };
        self.end_line()?;
        (self.peek().is_none() || self.column() <= indent).then_some(node)
    }

    fn is_key(&self) -> bool {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|byte| is_key_byte(**byte)).count();
        length > 0
            && rest[0] != b'-'
            && rest.get(length) == Some(&b':')
            && matches!(rest.get(length + 1), Some(b' ' | b'\n'))
    }

    /// A plain key and its colon.
    fn key(&mut self) -> Option<(Box<str>, Span)> {
        if !self.is_key() {
            return None;
        }
        let start = self.at;
        while self.peek().is_some_and(is_key_byte) {
            self.at += 1;
        }
        let key = &self.text[start..self.at];
        let span = span(start, self.at);
        self.at += 1;
        Some((key.into(), span))
    }

    /// A quoted scalar on one line, without escapes.
    fn quoted(&mut self) -> Option<Node> {
        let start = self.at;
        let quote = self.peek()?;
        let length = self.bytes[start + 1..].iter().position(|byte| *byte == quote || *byte == b'\n')?;
        let end = start + 1 + length;
        let inner = &self.text[start + 1..end];
        if self.bytes[end] != quote || self.bytes.get(end + 1) == Some(&quote) || inner.contains('\\') {
            return None;
        }
        self.at = end + 1;
        Some(node(start, self.at, Content::Str(inner.into())))
    }

    fn plain_go_to_line_end(&mut self) -> Option<Node> {
        let start = self.at;
        let mut end = start;
        loop {
            match self.peek() {
                None | Some(b'\n') => break,
                Some(b'#') if self.bytes[self.at - 1] == b' ' => break,
                Some(b':') if matches!(self.bytes.get(self.at + 1), None | Some(b' ' | b'\n')) => {
                    return None;
                }
                Some(b' ') => {}
                Some(_) => end = self.at + 1,
            }
            self.at += 1;
        }
        self.at = end;
        self.scalar(start, end)
    }

    fn scalar(&self, start: usize, end: usize) -> Option<Node> {
        let text = &self.text[start..end];
        begins_plain(text.as_bytes()).then_some(())?;
        Some(node(start, end, plain(text).ok()?))
    }

    /// A flow collection; `indent` is what its lines must stay right of.
    fn flow(&mut self, indent: usize, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        let start = self.at;
        let is_map = self.peek()? == b'{';
        let close = if is_map { b'}' } else { b']' };
        self.at += 1;
        let mut items = vec![];
        let mut members: Vec<Member> = vec![];
        self.flow_blanks(indent)?;
        if self.peek()? != close {
            loop {
                if is_map {
                    let (key, key_span) = self.key()?;
                    self.flow_blanks(indent)?;
                    let node = self.flow_value(indent, depth)?;
                    push(&mut members, key, key_span, node)?;
                } else {
                    if self.is_key() {
                        return None;
                    }
                    items.push(self.flow_value(indent, depth)?);
                }
                self.flow_blanks(indent)?;
                match self.peek()? {
                    b',' => self.at += 1,
                    byte if byte == close => break,
                    _ => return None,
                }
                self.flow_blanks(indent)?;
            }
        }
        self.at += 1;
        let content = if is_map { Content::Map(members) } else { Content::Seq(items) };
        Some(node(start, self.at, content))
    }

    /// Passes blanks and line breaks inside a flow collection.
    fn flow_blanks(&mut self, indent: usize) -> Option<()> {
        loop {
            self.blanks();
            if self.peek() != Some(b'\n') {
                return Some(());
            }
            self.at += 1;
            self.line = self.at;
            self.blanks();
            if self.peek()? == b'#' || (self.peek()? != b'\n' && self.column() <= indent) {
                return None;
            }
        }
    }

    fn flow_value(&mut self, indent: usize, depth: usize) -> Option<Node> {
        match self.peek()? {
            b'{' | b'[' => self.flow(indent, depth + 1),
            b'"' | b'\'' => {
                let node = self.quoted()?;
                matches!(self.peek()?, b' ' | b',' | b'}' | b']' | b'\n').then_some(node)
            }
            _ => self.flow_plain(),
        }
    }

    fn flow_plain(&mut self) -> Option<Node> {
        let start = self.at;
        let mut end = start;
        loop {
            match self.peek()? {
                b',' | b'}' | b']' | b'\n' => break,
                b'{' | b'[' | b'#' => return None,
                b':' if matches!(
                    self.bytes.get(self.at + 1)?,
                    b' ' | b',' | b'}' | b']' | b'[' | b'{' | b'\n'
                ) =>
                {
                    return None;
                }
                b' ' => {}
                _ => end = self.at + 1,
            }
            self.at += 1;
        }
        self.at = end;
        (end > start).then_some(())?;
        self.scalar(start, end)
    }
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/')
}

/// Whether a scalar may begin so without being anything else.
fn begins_plain(text: &[u8]) -> bool {
    match text {
        [b'-', next, ..] => next.is_ascii_alphanumeric() || *next == b'.',
        [first, ..] => {
            first.is_ascii_alphanumeric()
                || matches!(first, b'_' | b'.' | b'/' | b'+' | b'~' | b'<' | b'(' | b'=')
        }
        [] => false,
    }
}

/// Adds a member; a key that is there already is for the full reader to report.
fn push(members: &mut Vec<Member>, key: Box<str>, key_span: Span, node: Node) -> Option<()> {
    // A scan is quick enough for maps of the usual size.
    const MOST: usize = 64;
    if members.len() >= MOST || members.iter().any(|member| member.key == key) {
        return None;
    }
    members.push(Member { key, key_span, node });
    Some(())
}

fn node(start: usize, end: usize, content: Content) -> Node {
    Node { span: span(start, end), content }
}

fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}

#[cfg(test)]
mod tests {
    use super::super::{Text, Tree, yaml};
    use super::*;
    use std::sync::Arc;

    /// Demands that both readers agree wherever this one reads at all; returns whether it does.
    fn agrees(text: &str) -> bool {
        let Some(root) = read(text) else { return false };
        let full = yaml::full(Arc::new(Text::new("t.yaml", text.to_owned())));
        match full {
            Ok(document) => assert_eq!(document.root, root, "{text}"),
            Err(problems) => panic!("{problems:?}\n{text}"),
        }
        true
    }

    fn shipped() -> Vec<String> {
        let tree = Tree::folder(env!("CARGO_MANIFEST_DIR"));
        let folders = ["examples", "blueprints", "templates"];
        let files = folders.iter().flat_map(|folder| {
            let files = tree.walk(folder).expect("walks");
            files.into_iter().map(move |file| format!("{folder}/{file}"))
        });
        let yaml = files.filter(|file| file.ends_with("ml") && !file.contains("/intended/"));
        yaml.map(|file| tree.text(&file, &file).expect("reads").content).collect()
    }

    #[test]
    fn shipped_files_are_read_the_same_and_most_of_them_here() {
        let files = shipped();
        let here = files.iter().filter(|text| agrees(text)).count();
        assert!(here * 2 > files.len(), "{here} of {}", files.len());
    }

    #[test]
    fn everyday_texts_are_read_here() {
        for text in [
            "a: 1\n",
            "a: 1",
            "# c\na: x y # z\n\n# d\nb:\n  c: [1, two, \"3\", 'x']\n  # e\n  d: {k: v, l: {m: -1}}\ne:\n- 1\n- f: g\n  h:\n    - i\n",
            "a:\n  - { b: 10.0.0.0/24,\n      c: x:y }\n  - d\n",
            "u: opc.tcp://10.0.0.1:4840\nt: 06:00\nn: ~\nf: .5\n",
        ] {
            assert!(agrees(text), "{text}");
        }
    }

    #[test]
    fn odd_texts_are_left_to_the_full_reader() {
        for text in [
            "",
            "\n",
            "x",
            "- a\n",
            "a: &x 1\n",
            "a: *x\n",
            "a: !!str 1\n",
            "a: |\n  x\n",
            "a: 'it''s'\n",
            "a: \"\\n\"\n",
            "a: b\n  c\n",
            "a: b: c\n",
            "a: 1\na: 2\n",
            "a:\n",
            "a: 1\n---\nb: 2\n",
            "a: 1\n...\n",
            " a: 1\n",
            "a: é\n",
            "a:\tb\n",
            "? a\n: b\n",
            "<<: 1\n",
            "a: [1, 2\n",
            "a: [1,, 2]\n",
            "a: {b}\n",
            "a: [b: c]\n",
            "a: 1e999\n",
            "a: @x\n",
            "a: `x\n",
            "a: %x\n",
            "a: - b\n",
            "a: {b: c\nd: e}\n",
            "a: x\r\n",
        ] {
            assert!(read(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn damaged_texts_are_never_read_otherwise() {
        const BYTES: &[u8] = b" :-{}[],#\"'\n\\a0.&*|>!?%@`~/<";
        let mut seed: u64 = 1;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        let rounds = std::env::var("JIG_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(300);
        for text in shipped() {
            let lines: Vec<&str> = text.lines().collect();
            for _ in 0..rounds {
                let from = random(lines.len().max(1));
                let part =
                    lines.iter().skip(from).take(1 + random(8)).copied().collect::<Vec<_>>().join("\n");
                let mut bytes = part.into_bytes();
                for _ in 0..=random(3) {
                    let at = random(bytes.len() + 1);
                    let byte = BYTES[random(BYTES.len())];
                    match random(3) {
                        0 => bytes.insert(at, byte),
                        1 if at < bytes.len() => bytes[at] = byte,
                        _ if at < bytes.len() => drop(bytes.remove(at)),
                        _ => {}
                    }
                }
                agrees(&String::from_utf8_lossy(&bytes));
            }
        }
    }
}
