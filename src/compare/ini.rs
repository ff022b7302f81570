//! INI files: sections, and keys whose values are lists where they repeat.
//!
//! In the systemd dialect an empty value resets what came before it, so order counts, and values before a reset
//! that is followed by others do not.

use super::json::Unreadable;
use super::tree::{Builder, Node, Tree, Value};
use std::borrow::Cow;

/// A key of a section, the place of its first value, its values.
type Entry<'a> = (&'a str, u32, Vec<(Option<Cow<'a, str>>, u32)>);

pub(crate) fn parse(text: &str, systemd: bool) -> Result<Tree<'_>, Unreadable> {
    let mut sections: Vec<(Option<&str>, u32, Vec<Entry<'_>>)> = vec![(None, 0, vec![])];
    let mut current = 0;
    for (at, line, joined) in logical_lines(text, systemd) {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(rest) = trimmed.strip_prefix('[') {
            let Some(name) = rest.strip_suffix(']') else {
                return Err(Unreadable::new("a section header without `]`", at));
            };
            current = sections.iter().position(|section| section.0 == Some(name)).unwrap_or_else(|| {
                sections.push((Some(name), at as u32, vec![]));
                sections.len() - 1
            });
            continue;
        }
        let cut = trimmed.find('=').or_else(|| if systemd { None } else { trimmed.find(':') });
        let (key, value) = match cut {
            Some(cut) => (trimmed[..cut].trim_end(), Some(trimmed[cut + 1..].trim_start())),
            None => (trimmed, None),
        };
        let value = value.map(|value| if joined { Cow::Owned(unjoin(value)) } else { Cow::Borrowed(value) });
        let entries = &mut sections[current].2;
        match entries.iter_mut().find(|entry| entry.0 == key) {
            Some(entry) => entry.2.push((value, at as u32)),
            None => entries.push((key, at as u32, vec![(value, at as u32)])),
        }
    }
    Ok(build(sections, systemd))
}

/// Lines with their offsets; in systemd units a backslash at the end joins the next line.
fn logical_lines(text: &str, systemd: bool) -> Vec<(usize, &str, bool)> {
    let mut out: Vec<(usize, usize, bool)> = vec![];
    let mut at = 0;
    let mut open = false;
    for line in text.split_inclusive('\n') {
        let end = at + line.trim_end_matches(['\n', '\r']).len();
        let is_comment = text[at..end].trim_start().starts_with(['#', ';']);
        if open && let Some(last) = out.last_mut() {
            last.1 = end;
            last.2 = true;
            if is_comment {
                // A comment between continued lines is skipped and ends nothing (systemd.syntax).
                at += line.len();
                continue;
            }
        } else {
            out.push((at, end, false));
        }
        let content = text[at..end].trim_start();
        open = systemd && content.ends_with('\\') && !is_comment;
        at += line.len();
    }
    out.into_iter().map(|(start, end, joined)| (start, &text[start..end], joined)).collect()
}

/// Joins continued lines by one blank each, without the comments between them.
fn unjoin(value: &str) -> String {
    let mut lines = value.lines().map(str::trim);
    let first = lines.next();
    let rest = lines.filter(|line| !line.starts_with(['#', ';']));
    let parts = first.into_iter().chain(rest).map(|line| line.trim_end_matches('\\').trim_end());
    parts.collect::<Vec<_>>().join(" ")
}

fn build<'a>(sections: Vec<(Option<&'a str>, u32, Vec<Entry<'a>>)>, systemd: bool) -> Tree<'a> {
    let mut builder = Builder::default();
    let root = builder.mark();
    for (name, at, entries) in sections {
        let mark = builder.mark();
        for (key, at, mut values) in entries {
            if systemd {
                drop_reset(&mut values);
            }
            let inner = builder.mark();
            let many = values.len() > 1;
            for (value, at) in values {
                let value = value.map_or(Value::Null, Value::Str);
                builder.push(Node { key: Cow::Borrowed(if many { "" } else { key }), at, value });
            }
            if many {
                let value = Value::List(builder.close(inner));
                builder.push(Node { key: Cow::Borrowed(key), at, value });
            }
        }
        if let Some(name) = name {
            let value = Value::Map(builder.close(mark));
            builder.push(Node { key: Cow::Borrowed(name), at, value });
        }
    }
    let value = Value::Map(builder.close(root));
    builder.finish(Node { key: Cow::Borrowed(""), at: 0, value })
}

/// Drops what stands before a reset that is followed by other values.
fn drop_reset(values: &mut Vec<(Option<Cow<'_, str>>, u32)>) {
    let Some((_, before)) = values.split_last() else { return };
    if let Some(reset) = before.iter().rposition(|(value, _)| value.as_deref() == Some("")) {
        values.drain(..reset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str, systemd: bool) -> serde_json::Value {
        parse(text, systemd).expect("reads").root().to_json()
    }

    #[test]
    fn repeated_keys_are_lists_and_resets_count() {
        assert_eq!(json("[S]\nE=\nE=/x\n", true), serde_json::json!({"S": {"E": ["", "/x"]}}));
        assert_eq!(json("[S]\nE=/a\nE=\nE=/x\n", true), serde_json::json!({"S": {"E": ["", "/x"]}}));
        assert_eq!(json("[S]\nE=/a \\\n  b\n", true), serde_json::json!({"S": {"E": "/a b"}}));
        assert_eq!(json("[S]\nE=/a \\\n# c\n; d\n b\n", true), serde_json::json!({"S": {"E": "/a b"}}));
    }

    #[test]
    fn spacing_and_comments_are_nothing_and_quotes_are_literal() {
        assert_eq!(
            json("; c\n[a]\n  x = 1 \n#d\ny=\"q\"\nz\n[b]\n[a]\nw=\n", false),
            serde_json::json!({"a": {"x": "1", "y": "\"q\"", "z": null, "w": ""}, "b": {}})
        );
    }
}
