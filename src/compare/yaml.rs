//! YAML streams, resolved by version 1.2 (default) or 1.1, as trees.
//!
//! `NO`, `0644`, `1:30` and `1_000` mean one thing in 1.1 and another in 1.2; which one the reader on the device
//! speaks is declared, never guessed. Merge keys are expanded in both, because readers of both do it.

use super::json::{Unreadable, twice};
use super::tree::{Builder, Node, Tree, Value};
use crate::source::{Raw, RawContent, read_stream};
use std::borrow::Cow;
use std::collections::HashSet;
use std::rc::Rc;

/// Reads every document; keys that appear twice are "cannot tell".
pub(crate) fn parse(text: &str, version_11: bool) -> Result<Vec<Tree<'static>>, Unreadable> {
    let documents = read_stream(text).map_err(|problem| Unreadable::new(problem.message, problem.at))?;
    let mut trees = vec![];
    for document in documents {
        let mut reader = Reader { builder: Builder::default(), version_11, path: vec![] };
        let root = reader.value(&document, String::new())?;
        trees.push(reader.builder.finish(root));
    }
    Ok(trees)
}

/// Whether a stream is nothing but marks and comments: an empty read-back, whatever it counts as.
pub(crate) fn holds_nothing(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with(['#', '%']) || line == "---" || line == "...")
}

/// Most values that merge keys may write out.
const MAX_VALUES: usize = 400_000;

struct Reader {
    builder: Builder<'static>,
    version_11: bool,
    path: Vec<String>,
}

type Pair<'r> = (&'r Rc<Raw>, &'r Rc<Raw>);

impl Reader {
    fn value(&mut self, raw: &Raw, key: String) -> Result<Node<'static>, Unreadable> {
        if self.builder.len() > MAX_VALUES {
            return Err(Unreadable::new(
                format!("more than {MAX_VALUES} values once written out"),
                raw.at as usize,
            ));
        }
        let value = match &raw.content {
            RawContent::Scalar(text, plain, tag) => self.scalar(text, *plain, tag.as_deref()),
            RawContent::Seq(items) => {
                let mark = self.builder.mark();
                for (at, item) in items.iter().enumerate() {
                    self.path.push(at.to_string());
                    let node = self.value(item, String::new())?;
                    self.path.pop();
                    self.builder.push(node);
                }
                Value::List(self.builder.close(mark))
            }
            RawContent::Map(pairs) => self.map(pairs, raw.at)?,
        };
        Ok(Node { key: Cow::Owned(key), at: raw.at, value })
    }

    fn map(&mut self, pairs: &[(Rc<Raw>, Rc<Raw>)], at: u32) -> Result<Value<'static>, Unreadable> {
        let mark = self.builder.mark();
        let mut merged: Vec<Pair<'_>> = vec![];
        for (key, value) in pairs {
            if is_merge(key) {
                sources(value, &mut merged, at)?;
                continue;
            }
            self.member(key, value)?;
        }
        let own = self.builder.since(mark);
        if let Some((key, at)) = twice(own) {
            let path = self.path.iter().fold(String::new(), |path, step| crate::source::child(&path, step));
            let path = crate::source::child(&path, &key);
            return Err(Unreadable { message: format!("key '{key}' appears twice"), at, path });
        }
        let mut known: HashSet<String> = if merged.is_empty() {
            HashSet::new()
        } else {
            own.iter().map(|node| node.key.to_string()).collect()
        };
        for (key, value) in merged {
            // What stands in the map itself, or comes first, wins.
            if known.insert(self.key(key)?) {
                self.member(key, value)?;
            }
        }
        Ok(Value::Map(self.builder.close(mark)))
    }

    fn member(&mut self, key: &Rc<Raw>, value: &Rc<Raw>) -> Result<(), Unreadable> {
        let name = self.key(key)?;
        self.path.push(name.clone());
        let mut node = self.value(value, name)?;
        self.path.pop();
        node.at = key.at;
        self.builder.push(node);
        Ok(())
    }

    /// A key as text; `1` and `01` are one key where both mean one number.
    fn key(&self, key: &Raw) -> Result<String, Unreadable> {
        match &key.content {
            RawContent::Scalar(text, plain, tag) => Ok(match self.scalar(text, *plain, tag.as_deref()) {
                Value::Null => "null".into(),
                Value::Bool(value) => value.to_string(),
                Value::Number(text) | Value::Str(text) | Value::Typed(_, text) => text.into_owned(),
                Value::List(_) | Value::Map(_) => String::new(),
            }),
            _ => Err(Unreadable::new("a key is a list or a map", key.at as usize)),
        }
    }

    fn scalar(&self, text: &str, plain: bool, tag: Option<&str>) -> Value<'static> {
        let string = || Value::Str(Cow::Owned(text.to_owned()));
        match tag {
            Some(tag) if tag == "!" || tag.ends_with("str") => return string(),
            Some(tag) if !tag.contains("2002:") && !tag.starts_with("!!") => {
                // An own tag changes the meaning of what follows; it is kept as part of the text.
                return Value::Str(Cow::Owned(format!("{tag} {text}")));
            }
            None if !plain => return string(),
            _ => {}
        }
        let resolved = if self.version_11 { resolve_11(text) } else { resolve_12(text) };
        resolved.unwrap_or_else(string)
    }
}

fn is_merge(key: &Raw) -> bool {
    matches!(&key.content, RawContent::Scalar(text, true, None) if text == "<<")
}

/// The pairs that a merge key brings in, the first source first; a nested merge key brings in its own.
fn sources<'r>(value: &'r Rc<Raw>, out: &mut Vec<Pair<'r>>, at: u32) -> Result<(), Unreadable> {
    match &value.content {
        RawContent::Map(pairs) => {
            out.extend(pairs.iter().filter(|(key, _)| !is_merge(key)).map(|(key, value)| (key, value)));
            for (_, nested) in pairs.iter().filter(|(key, _)| is_merge(key)) {
                sources(nested, out, at)?;
            }
            if out.len() > MAX_VALUES {
                return Err(Unreadable::new("merge keys bring in too much", at as usize));
            }
            Ok(())
        }
        RawContent::Seq(items) => items.iter().try_for_each(|item| match item.content {
            RawContent::Map(_) => sources(item, out, at),
            _ => Err(Unreadable::new("a merge key names something that is not a map", at as usize)),
        }),
        RawContent::Scalar(..) => {
            Err(Unreadable::new("a merge key names something that is not a map", at as usize))
        }
    }
}

fn number(text: impl Into<String>) -> Option<Value<'static>> {
    Some(Value::Number(Cow::Owned(text.into())))
}

fn typed(kind: &'static str, text: &str) -> Option<Value<'static>> {
    Some(Value::Typed(kind, Cow::Owned(text.to_owned())))
}

/// The core schema of YAML 1.2.
fn resolve_12(text: &str) -> Option<Value<'static>> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "true" | "True" | "TRUE" => return Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Value::Bool(false)),
        _ => {}
    }
    if let Some(value) = radix(text, "0o", 8).or_else(|| radix(text, "0x", 16)) {
        return number(value);
    }
    special(text).or_else(|| decimal(text))
}

/// The types of YAML 1.1, as its readers implement them.
fn resolve_11(text: &str) -> Option<Value<'static>> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return Some(Value::Bool(true));
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Some(Value::Bool(false));
        }
        _ => {}
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let bare = digits.replace('_', "");
    let whole = radix(&bare, "0x", 16)
        .or_else(|| radix(&bare, "0b", 2))
        .or_else(|| octal(&bare))
        .or_else(|| sexagesimal(&bare));
    if let Some(value) = whole {
        return number(format!("{sign}{value}"));
    }
    if is_timestamp(text) {
        return typed("timestamp", text);
    }
    let octal_like = bare.len() > 1 && bare.starts_with('0') && bare.bytes().all(|b| b.is_ascii_digit());
    if octal_like {
        return None;
    }
    // A float of 1.1 has a point: `1e3` is text there (https://yaml.org/type/float.html).
    if bare.contains(['e', 'E']) && !bare.contains('.') {
        return None;
    }
    special(text).or_else(|| decimal(&format!("{sign}{bare}")))
}

fn radix(text: &str, prefix: &str, radix: u32) -> Option<String> {
    let digits = text.strip_prefix(prefix)?;
    u128::from_str_radix(digits, radix)
        .ok()
        .filter(|_| !digits.starts_with('+'))
        .map(|value| value.to_string())
}

fn octal(text: &str) -> Option<String> {
    let digits = text.strip_prefix('0').filter(|digits| !digits.is_empty())?;
    u128::from_str_radix(digits, 8).ok().filter(|_| !digits.starts_with('+')).map(|value| value.to_string())
}

/// `1:30` is ninety.
fn sexagesimal(text: &str) -> Option<String> {
    let mut parts = text.split(':');
    let first = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    let is_digits =
        |part: &str| !part.is_empty() && part.len() <= 12 && part.bytes().all(|b| b.is_ascii_digit());
    if rest.is_empty() || !is_digits(first) || first.starts_with('0') || rest.len() > 8 {
        return None;
    }
    rest.iter()
        .try_fold(first.parse::<u128>().ok()?, |total, part| {
            let value: u128 =
                part.parse().ok().filter(|value| *value < 60 && is_digits(part) && part.len() <= 2)?;
            Some(total * 60 + value)
        })
        .map(|total| total.to_string())
}

fn special(text: &str) -> Option<Value<'static>> {
    match text.trim_start_matches('+') {
        ".inf" | ".Inf" | ".INF" => typed("infinity", "+"),
        "-.inf" | "-.Inf" | "-.INF" => typed("infinity", "-"),
        ".nan" | ".NaN" | ".NAN" => typed("not a number", ""),
        _ => None,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn decimal(text: &str) -> Option<Value<'static>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    if !digits(whole) || !digits(part) || whole.len() + part.len() == 0 || !exponent_fits {
        return None;
    }
    let is_whole = exponent.is_none() && !mantissa.contains('.');
    if is_whole {
        let sign = if text.starts_with('-') { "-" } else { "" };
        let digits = whole.trim_start_matches('0');
        return number(format!("{sign}{}", if digits.is_empty() { "0" } else { digits }));
    }
    number(text)
}

/// `2001-12-14`, with a time or not.
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    bytes.len() >= 8
        && (0..4).all(digit)
        && bytes[4] == b'-'
        && digit(5)
        && text[5..].contains('-')
        && bytes.iter().all(|b| b.is_ascii_digit() || b"-:.+TtZz \t".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str, version_11: bool) -> serde_json::Value {
        parse(text, version_11).expect("reads")[0].root().to_json()
    }

    #[test]
    fn the_version_decides_the_traps() {
        let text = "[NO, 0644, 1:30, 0o14, 1_000, on, 0x1F, 1e3, .5]";
        assert_eq!(
            json(text, false),
            serde_json::json!(["NO", 644, "1:30", 12, "1_000", "on", 31, 1000.0, 0.5])
        );
        assert_eq!(json(text, true), serde_json::json!([false, 420, 90, "0o14", 1000, true, 31, "1e3", 0.5]));
    }

    #[test]
    fn merge_keys_bring_in_what_is_not_there() {
        let text = "base: &b {a: 1, b: 2}\nx: {<<: *b, a: 3}\ny: {<<: [{c: 4}, *b], b: 9}\n";
        let value = json(text, false);
        assert_eq!(value["x"], serde_json::json!({"a": 3, "b": 2}));
        assert_eq!(value["y"], serde_json::json!({"b": 9, "c": 4, "a": 1}));
    }

    #[test]
    fn keys_that_appear_twice_are_refused() {
        assert_eq!(parse("a: {x: 1, x: 2}\n", false).expect_err("refused").path, "/a/x");
    }
}
