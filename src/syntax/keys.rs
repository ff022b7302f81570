//! Keys that are there twice where each may be there once, at least one of them from data.
//!
//! Readers differ on them: some stop, most let the second replace the first without a word.

use super::slots::Reason;
use super::yaml_scalar::resolves_to_text;
use super::{Refusal, literal};
use crate::source::{Raw, RawContent, read_stream};
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

/// One key in two places of the finished text, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repeated {
    pub(super) key: String,
    pub(super) first: Range<usize>,
    pub(super) second: Range<usize>,
}

impl Repeated {
    /// Returns what is wrong if a slot wrote one of the two; what the template writes twice is its author's.
    pub(super) fn refusal(&self, slot_in: &dyn Fn(&Range<usize>) -> Option<usize>) -> Option<Refusal> {
        refusal(&self.key, slot_in(&self.first), slot_in(&self.second))
    }
}

/// Returns what is wrong with one key in two places, by the slots that wrote them.
pub(super) fn refusal(key: &str, first: Option<usize>, second: Option<usize>) -> Option<Refusal> {
    let (by, next) = match (first, second) {
        (Some(_), Some(_)) => ("two values", "give each entry another key"),
        _ => ("this value and the template's own text", "rename the value, or the key in the template"),
    };
    let shown = literal::shown(key);
    let message = format!("the key {shown} is written twice, by {by}: one entry would replace the other");
    let refusal = Reason::new(message, next).at(second.or(first)?);
    Some(Refusal { other: second.and(first), ..refusal })
}

/// Tells which keys were seen before, each in its own table.
pub(super) struct Seen<K>(HashMap<K, Range<usize>>);

impl<K: Hash + Eq> Seen<K> {
    pub(super) fn new() -> Self {
        Self(HashMap::new())
    }

    /// Notes a key; returns where it was noted before.
    pub(super) fn note(&mut self, key: K, at: Range<usize>) -> Option<Range<usize>> {
        self.0.insert(key, at)
    }
}

/// Finds the names that an object of JSON has twice.
pub(super) fn in_json(text: &str) -> Vec<Repeated> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut open: Vec<Seen<String>> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'{' | b'[' => open.push(Seen::new()),
            b'}' | b']' => drop(open.pop()),
            b'"' => {
                at = json_string_end(bytes, at);
                let is_key = bytes[at..].trim_ascii_start().starts_with(b":");
                let key =
                    text.get(start..at).filter(|_| is_key).and_then(|key| serde_json::from_str(key).ok());
                let Some((seen, key)) = open.last_mut().zip::<String>(key) else { continue };
                if let Some(first) = seen.note(key.clone(), start..at) {
                    found.push(Repeated { key, first, second: start..at });
                }
            }
            _ => {}
        }
    }
    found
}

/// Returns where the string ends that goes on at `at`, behind its closing quote.
fn json_string_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
            None => return bytes.len(),
            Some(step) if bytes[at + step] == b'"' => return at + step + 1,
            Some(step) => at += step + 2,
        }
    }
}

/// Finds the keys that a map of YAML has twice.
pub(super) fn in_yaml(text: &str) -> Vec<Repeated> {
    let mut found = Vec::new();
    // What cannot be read is reported when it is read back.
    for document in read_stream(text).unwrap_or_default() {
        in_node(text, &document, &mut found);
    }
    found
}

fn in_node(text: &str, node: &Raw, found: &mut Vec<Repeated>) {
    match &node.content {
        RawContent::Scalar(..) => {}
        RawContent::Seq(items) => items.iter().for_each(|item| in_node(text, item, found)),
        RawContent::Map(pairs) => {
            let mut seen = Seen::new();
            for (key, value) in pairs {
                in_node(text, value, found);
                let RawContent::Scalar(name, plain, _) = &key.content else { continue };
                let is_text = !plain || resolves_to_text(name);
                let at = yaml_scalar_at(text, key.at as usize, name);
                if let Some(first) =
                    seen.note((name, is_text), at.clone()).filter(|_| is_text || name != "<<")
                {
                    found.push(Repeated { key: name.clone(), first, second: at });
                }
            }
        }
    }
}

/// Returns where the key ends that begins at `start` and reads as `name`.
fn yaml_scalar_at(text: &str, start: usize, name: &str) -> Range<usize> {
    let bytes = text.as_bytes();
    let end = match bytes.get(start) {
        Some(b'"') => json_string_end(bytes, start + 1),
        Some(b'\'') => start + 2 + name.len() + name.matches('\'').count(),
        _ => start + name.len(),
    };
    start..end.min(bytes.len())
}

/// Finds the attributes that a tag of XML has twice; `tag` is its text and `start` where that begins.
pub(super) fn in_tag(tag: &str, start: usize) -> Vec<Repeated> {
    let mut found = Vec::new();
    let mut seen = Seen::new();
    let mut at = 0;
    while let Some(step) = tag[at..].find(['"', '\'', '=']) {
        let sign = at + step;
        at = sign + 1;
        let quote = tag.as_bytes()[sign];
        if quote != b'=' {
            at = memchr::memchr(quote, &tag.as_bytes()[at..]).map_or(tag.len(), |step| at + step + 1);
            continue;
        }
        let end = tag[..sign].trim_end().len();
        let name =
            tag[..end].rsplit(|c: char| c.is_whitespace() || "\"'".contains(c)).next().unwrap_or_default();
        let own = start + end - name.len()..start + end;
        if let Some(first) = seen.note(name, own.clone()) {
            found.push(Repeated { key: name.to_owned(), first, second: own });
        }
    }
    found
}
