//! A file as a lossless tree: by indent, by section, by brace.
//!
//! The structure guides alignment only; the bytes come from the nodes' own text. The text of the nodes in order is
//! the file. Commas of JSON are the exception: they follow from what comes after and are put back when a template
//! is written.

use super::lex::{Token, mask, words};
use super::own::Own;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// JSON over several lines.
    Json,
    /// Sections in brackets.
    Ini,
    /// Anything else, by indent.
    Text,
}

/// One line, what lies in it, and what closes it.
#[derive(Debug)]
pub(super) struct Node {
    /// The line.
    pub(super) head: String,
    /// The lines inside.
    pub(super) kids: Vec<Rc<Node>>,
    /// The lines that close it.
    pub(super) tail: String,
    /// Hash of everything.
    pub(super) hash: u64,
    /// Hash of the head with numbers and addresses taken out.
    pub(super) skeleton: u64,
    /// How often each skeleton occurs inside.
    pub(super) inside: BTreeMap<u64, u32>,
    /// The head's words.
    pub(super) words: Vec<String>,
    /// The same with numbers and addresses taken out.
    pub(super) masked: Vec<String>,
    /// Number of nodes.
    pub(super) size: usize,
}

impl Node {
    fn new(head: String, kids: Vec<Rc<Self>>, tail: String, own: &Own) -> Self {
        let tokens = words(&head);
        let has_own = own.is_in(&head);
        let masked = |token: &Token<'_>| if has_own { own.mask(*token) } else { mask(*token) };
        let masked: Vec<String> = tokens.iter().map(masked).collect();
        let texts: Vec<String> = tokens.iter().map(|token| token.text.to_owned()).collect();
        Self::of(head, (texts, masked), kids, tail)
    }

    fn of(head: String, words: (Vec<String>, Vec<String>), kids: Vec<Rc<Self>>, tail: String) -> Self {
        let (words, masked) = words;
        let mut inside = BTreeMap::new();
        for kid in &kids {
            *inside.entry(kid.skeleton).or_insert(0) += 1;
            for (skeleton, count) in &kid.inside {
                *inside.entry(*skeleton).or_insert(0) += count;
            }
        }
        let hash = digest(&(&head, &tail, kids.iter().map(|kid| kid.hash).collect::<Vec<_>>()));
        let size = 1 + kids.iter().map(|kid| kid.size).sum::<usize>();
        Self { hash, skeleton: digest(&masked), inside, words, masked, size, head, kids, tail }
    }

    /// Returns the node with another tail.
    pub(super) fn with_tail(&self, tail: &str) -> Self {
        let words = (self.words.clone(), self.masked.clone());
        Self::of(self.head.clone(), words, self.kids.clone(), tail.to_owned())
    }

    /// Returns whether it says nothing by itself: a closing brace, an empty line.
    pub(super) fn is_filler(&self) -> bool {
        self.kids.is_empty() && !self.head.chars().any(char::is_alphanumeric)
    }

    /// Returns the key of a line `key: value` or `key = value`, or nothing.
    pub(super) fn key(&self) -> &str {
        key_of(&self.head)
    }

    /// Returns a hash of what its line begins with: its key, else its first word.
    pub(super) fn opening(&self) -> u64 {
        let key = self.key();
        digest(&if key.is_empty() { self.masked.first().map_or("", String::as_str) } else { key })
    }

    /// Returns the node's text.
    #[cfg(test)]
    pub(super) fn text(&self) -> String {
        let mut out = self.head.clone();
        self.kids.iter().for_each(|kid| out.push_str(&kid.text()));
        out.push_str(&self.tail);
        out
    }
}

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Returns the key of a line `key: value` or `key = value`, or nothing.
pub(super) fn key_of(line: &str) -> &str {
    let line = line.trim_start();
    let line = line.strip_prefix("- ").map_or(line, str::trim_start);
    let line = line.strip_prefix(['"', '\'']).unwrap_or(line);
    if !line.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return "";
    }
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ' ' | '/');
    let end = line.len() - line.trim_start_matches(is_part).len();
    let rest = line[end..].trim_start_matches(['"', '\'', ' ', '\t']);
    if rest.starts_with([':', '=']) { line[..end].trim_end() } else { "" }
}

/// Width of the white space that a line begins with.
pub(super) fn indent(line: &str) -> usize {
    line.chars()
        .map_while(|c| match c {
            ' ' => Some(1),
            '\t' => Some(8),
            _ => None,
        })
        .sum()
}

/// Cuts a text behind each line break.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
}

/// Decides how a file is read.
pub(super) fn form_of(path: &str, text: &str) -> Form {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let looks_json = text.trim_start().starts_with(['{', '[']) && text.trim_end().ends_with(['}', ']']);
    if (extension == "json" || looks_json)
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        && with_commas(&without_commas(text)) == text
    {
        return Form::Json;
    }
    let sections = lines(text).filter(|line| is_section(line)).count();
    let settings = lines(text).filter(|line| !line.starts_with([' ', '\t']) && is_setting(line)).count();
    if sections > 0 && settings >= sections { Form::Ini } else { Form::Text }
}

fn is_section(line: &str) -> bool {
    let line = line.trim();
    line.len() > 2 && line.starts_with('[') && line.ends_with(']') && !line[1..].contains('[')
}

fn is_setting(line: &str) -> bool {
    line.split_once('=').is_some_and(|(key, _)| {
        let key = key.trim_end();
        !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))
    })
}

fn without_comma(line: &str) -> String {
    let body = line.trim_end_matches([' ', '\t', '\r', '\n']);
    match body.strip_suffix(',') {
        Some(bare) => format!("{bare}{}", &line[body.len()..]),
        None => line.to_owned(),
    }
}

fn without_commas(text: &str) -> String {
    lines(text).map(without_comma).collect()
}

/// Puts the commas of a JSON text back: behind each line that is followed by another element.
fn with_commas(text: &str) -> String {
    let all: Vec<&str> = lines(text).collect();
    let mut next = "";
    let mut out: Vec<String> = vec![];
    for line in all.iter().rev() {
        let body = line.trim_end_matches([' ', '\t', '\r', '\n']);
        let bare = body.trim_start();
        let wants = !bare.is_empty()
            && !bare.ends_with(['[', '{'])
            && !next.is_empty()
            && !next.starts_with(['}', ']']);
        let comma = if wants { "," } else { "" };
        out.push(format!("{body}{comma}{}", &line[body.len()..]));
        if !bare.is_empty() {
            next = bare;
        }
    }
    out.reverse();
    out.concat()
}

/// A node that is being built.
struct Open {
    level: i64,
    head: String,
    kids: Vec<Rc<Node>>,
    tail: String,
    is_closed: bool,
}

/// Builds the tree of a text.
pub(super) fn build(text: &str, form: Form, own: &Own) -> Vec<Rc<Node>> {
    let own = own.within(text);
    let mut builder =
        Builder { stack: vec![Open::new(-1, String::new())], in_section: false, form, own: &own };
    let all: Vec<String> = match form {
        Form::Json => lines(text).map(without_comma).collect(),
        _ => lines(text).map(str::to_owned).collect(),
    };
    let levels = levels_of(&all);
    for (line, following) in all.into_iter().zip(levels) {
        builder.add(line, following);
    }
    group(builder.finish())
}

/// For each line, the next line that is not empty.
fn levels_of(all: &[String]) -> Vec<Option<String>> {
    let mut next: Option<&String> = None;
    let mut out: Vec<Option<String>> = vec![];
    for line in all.iter().rev() {
        out.push(if line.trim().is_empty() { next.cloned() } else { None });
        if !line.trim().is_empty() {
            next = Some(line);
        }
    }
    out.reverse();
    out
}

impl Open {
    fn new(level: i64, head: String) -> Self {
        Self { level, head, kids: vec![], tail: String::new(), is_closed: false }
    }
}

struct Builder<'o> {
    stack: Vec<Open>,
    in_section: bool,
    form: Form,
    own: &'o Own,
}

impl Builder<'_> {
    fn level(&self, line: &str) -> i64 {
        if self.form == Form::Ini {
            return i64::from(!is_section(line) && self.in_section);
        }
        indent(line) as i64 * 2 + i64::from(line.trim_start().starts_with("- "))
    }

    fn close(&mut self) {
        if let Some(open) = self.stack.pop() {
            let node = Rc::new(Node::new(open.head, open.kids, open.tail, self.own));
            if let Some(parent) = self.stack.last_mut() {
                parent.kids.push(node);
            }
        }
    }

    fn close_above(&mut self, level: i64) {
        while self.stack.len() > 1 && self.stack.last().is_some_and(|open| open.level > level) {
            self.close();
        }
    }

    fn top(&mut self) -> Option<&mut Open> {
        if self.stack.len() > 1 { self.stack.last_mut() } else { None }
    }

    fn add(&mut self, line: String, following: Option<String>) {
        let body = line.trim();
        if body.is_empty() || body == "!" {
            self.add_separator(line, following);
            return;
        }
        let level = self.level(&line);
        if self.form != Form::Ini && (closes(body) || ends(body)) {
            self.close_above(level);
            let is_block = |open: &&mut Open| open.level == level && (closes(body) || !open.kids.is_empty());
            if let Some(open) = self.top().filter(is_block).filter(|open| !open.is_closed) {
                open.tail.push_str(&line);
                open.is_closed = true;
                return;
            }
        }
        if self.form == Form::Ini && is_section(&line) {
            self.in_section = true;
        }
        while self.top().is_some_and(|open| open.level >= level || open.is_closed) {
            self.close();
        }
        self.stack.push(Open::new(level, line));
    }

    /// An empty line, or the `!` of device configurations, ends the block before it.
    fn add_separator(&mut self, line: String, following: Option<String>) {
        let level = if line.trim().is_empty() {
            following.map_or(0, |next| self.level(&next))
        } else {
            indent(&line) as i64 * 2
        };
        self.close_above(level);
        if let Some(open) = self.top().filter(|open| open.level == level) {
            open.tail.push_str(&line);
            open.is_closed = true;
            return;
        }
        while self.top().is_some_and(|open| open.is_closed) {
            self.close();
        }
        let node = Rc::new(Node::new(line, vec![], String::new(), self.own));
        if let Some(open) = self.stack.last_mut() {
            open.kids.push(node);
        }
    }

    fn finish(mut self) -> Vec<Rc<Node>> {
        while self.stack.len() > 1 {
            self.close();
        }
        self.stack.pop().map(|root| root.kids).unwrap_or_default()
    }
}

/// A word that ends a block of a device's configuration.
fn ends(body: &str) -> bool {
    matches!(body, "next" | "end" | "exit" | "quit" | "done" | "fi")
        || body.starts_with("exit-")
        || body.starts_with("end-")
}

fn closes(body: &str) -> bool {
    (body.starts_with(['}', ']', ')']) || body.starts_with("</")) && !body.ends_with(['{', '[', '('])
}

/// Lines in a row that begin with the same word and the same value (`neighbor 10.0.0.1 ...`) are one block.
fn group(nodes: Vec<Rc<Node>>) -> Vec<Rc<Node>> {
    let nodes: Vec<Rc<Node>> = nodes
        .into_iter()
        .map(|node| {
            if node.kids.is_empty() {
                node
            } else {
                let words = (node.words.clone(), node.masked.clone());
                Rc::new(Node::of(node.head.clone(), words, group(node.kids.clone()), node.tail.clone()))
            }
        })
        .collect();
    let mut out = vec![];
    let mut at = 0;
    while at < nodes.len() {
        let mut end = at + 1;
        if opens_group(&nodes[at]) {
            let subject = |node: &Node| node.words.get(..2).map(<[String]>::to_vec);
            while end < nodes.len()
                && nodes[end - 1].tail.is_empty()
                && subject(&nodes[end]) == subject(&nodes[at])
            {
                end += 1;
            }
        }
        if end - at >= 2 {
            out.push(Rc::new(grouped(nodes[at..end].to_vec())));
        } else {
            out.push(nodes[at].clone());
        }
        at = end;
    }
    out
}

fn opens_group(node: &Node) -> bool {
    let varies = |word: &str| word.contains(['#', '<']);
    node.kids.is_empty()
        && node.masked.len() >= 3
        && varies(&node.masked[1])
        && !varies(&node.masked[0])
        && node.masked[0].starts_with(char::is_alphabetic)
        && !matches!(node.words[1].as_str(), "=" | ":")
}

fn grouped(kids: Vec<Rc<Node>>) -> Node {
    let (words, masked) = (kids[0].words[..2].to_vec(), kids[0].masked[..2].to_vec());
    let node = Node::of(String::new(), (vec![], vec![]), kids, String::new());
    Node { skeleton: digest(&("group", &masked)), words, masked, ..node }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(nodes: &[Rc<Node>]) -> String {
        nodes.iter().map(|node| node.text()).collect()
    }

    #[test]
    fn a_tree_is_its_text() {
        for text in [
            "a\n b\n  c\n!\n d\n\n\ne",
            "[x]\na=1\n\n[y]\nb = 2\n",
            "table inet f {\n\tchain i {\n\t\taccept\n\t}\n}\n",
            "- a: 1\n  b: 2\n- a: 3\n",
            "neighbor 10.0.0.1 a\nneighbor 10.0.0.1 b\nneighbor 10.0.0.2 a\n",
            "\n\n",
            "",
        ] {
            assert_eq!(text_of(&build(text, form_of("f", text), &Own::default())), text);
        }
    }

    #[test]
    fn json_commas_follow_from_the_rest() {
        let text = "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}\n";
        assert_eq!(form_of("x.json", text), Form::Json);
        assert_eq!(with_commas(&text_of(&build(text, Form::Json, &Own::default()))), text);
    }
}
