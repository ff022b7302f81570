//! TOML as a tree: dotted keys, inline and headed tables are one; integers, floats and dates are not.

use super::json::Unreadable;
use super::tree::{Builder, Node, Tree, Value};
use std::borrow::Cow;
use toml_edit::{Document, Item, TableLike};

pub(crate) fn parse(text: &str) -> Result<Tree<'static>, Unreadable> {
    let document = Document::parse(text).map_err(|error| unreadable(text, &error))?;
    let mut reader = Reader { builder: Builder::default(), text };
    let root = reader.table(document.as_table(), String::new(), 0);
    Ok(reader.builder.finish(root))
}

/// The parser's words without the source they quote, which may hold a secret.
fn unreadable(text: &str, error: &toml_edit::TomlError) -> Unreadable {
    let span = error.span().unwrap_or(0..0);
    if !error.message().contains("duplicate") {
        return Unreadable::new("not valid TOML", span.start);
    }
    let written = text.get(span.clone()).unwrap_or_default();
    let key = written.rsplit('.').next().unwrap_or(written).trim().trim_matches(['"', '\'', '[', ']', ' ']);
    let path = headed(&text[..span.start.min(text.len())])
        .iter()
        .fold(String::new(), |path, step| crate::source::child(&path, step));
    Unreadable {
        message: format!("key '{key}' appears twice"),
        at: span.start,
        path: crate::source::child(&path, key),
    }
}

/// The last table header before a place.
fn headed(before: &str) -> Vec<String> {
    // A header that itself is the second one stands on the last line, still open.
    let complete = before.rfind('\n').map_or("", |at| &before[..at]);
    let in_header = before[complete.len()..].trim_start().starts_with('[');
    if in_header {
        return vec![];
    }
    let header = complete.lines().rev().map(str::trim).find(|line| line.starts_with('['));
    let name = header.map(|line| line.trim_start_matches('[').split(']').next().unwrap_or_default());
    name.into_iter()
        .flat_map(|name| name.split('.'))
        .map(|step| step.trim().trim_matches(['"', '\'']).to_owned())
        .collect()
}

struct Reader<'t> {
    builder: Builder<'static>,
    text: &'t str,
}

impl Reader<'_> {
    fn table(&mut self, table: &dyn TableLike, key: String, at: u32) -> Node<'static> {
        let mark = self.builder.mark();
        for (name, item) in table.iter() {
            let at = table.key(name).and_then(toml_edit::Key::span).map_or(0, |span| span.start as u32);
            let node = self.item(item, name.to_owned(), at);
            self.builder.push(node);
        }
        let value = Value::Map(self.builder.close(mark));
        Node { key: Cow::Owned(key), at, value }
    }

    fn item(&mut self, item: &Item, key: String, at: u32) -> Node<'static> {
        match item {
            Item::Table(table) => self.table(table, key, at),
            Item::ArrayOfTables(tables) => {
                let mark = self.builder.mark();
                for table in tables {
                    let at = table.span().map_or(at, |span| span.start as u32);
                    let node = self.table(table, String::new(), at);
                    self.builder.push(node);
                }
                let value = Value::List(self.builder.close(mark));
                Node { key: Cow::Owned(key), at, value }
            }
            Item::Value(value) => self.value(value, key, at),
            Item::None => Node { key: Cow::Owned(key), at, value: Value::Null },
        }
    }

    fn value(&mut self, value: &toml_edit::Value, key: String, at: u32) -> Node<'static> {
        use toml_edit::Value as Toml;
        let at = value.span().map_or(at, |span| span.start as u32);
        let read = match value {
            Toml::String(text) => Value::Str(Cow::Owned(text.value().clone())),
            Toml::Boolean(value) => Value::Bool(*value.value()),
            Toml::Integer(value) => Value::Typed("integer", Cow::Owned(value.value().to_string())),
            Toml::Float(number) => Value::Typed("float", Cow::Owned(self.float(value, *number.value()))),
            Toml::Datetime(value) => {
                let date = value.value();
                let kind = match (date.date.is_some(), date.time.is_some(), date.offset.is_some()) {
                    (true, true, true) => "date-time",
                    (true, true, false) => "local date-time",
                    (true, false, _) => "local date",
                    _ => "local time",
                };
                Value::Typed(kind, Cow::Owned(moment(date)))
            }
            Toml::Array(items) => {
                let mark = self.builder.mark();
                for item in items {
                    let node = self.value(item, String::new(), at);
                    self.builder.push(node);
                }
                Value::List(self.builder.close(mark))
            }
            Toml::InlineTable(table) => return self.table(table, key, at),
        };
        Node { key: Cow::Owned(key), at, value: read }
    }

    /// A float as written, because f64 would lose digits.
    fn float(&self, value: &toml_edit::Value, number: f64) -> String {
        if !number.is_finite() {
            return if number.is_nan() {
                "nan".into()
            } else if number < 0.0 {
                "-inf".into()
            } else {
                "inf".into()
            };
        }
        let written =
            value.span().and_then(|span| self.text.get(span)).map(|text| text.trim().replace('_', ""));
        written.filter(|text| !text.is_empty()).unwrap_or_else(|| number.to_string())
    }
}

/// A date or time in the one spelling that all of its spellings share: an instant in UTC, a fraction without
/// trailing zeros.
fn moment(date: &toml_edit::Datetime) -> String {
    let written = date.to_string();
    if date.offset.is_some()
        && let Ok(instant) = written.parse::<jiff::Timestamp>()
    {
        return instant.to_string();
    }
    match written.rfind('.') {
        Some(_) => written.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equal(a: &str, b: &str) -> bool {
        parse(a).expect("reads").root().equal(parse(b).expect("reads").root())
    }

    #[test]
    fn layout_is_nothing_and_types_count() {
        assert!(equal("[a]\nb.c = 1\n", "a = { b = { c = 0x1 } }\n"));
        assert!(!equal("a = 1\n", "a = 1.0\n") && !equal("a = 1\n", "a = \"1\"\n"));
        assert!(equal("a = 1.0\n", "a = 1.00\n") && equal("a = 1_000\n", "a = 1000\n"));
        assert!(equal("a = 1979-05-27 07:32:00Z\n", "a = 1979-05-27T07:32:00Z\n"));
        assert!(!equal("a = 1979-05-27T07:32:00Z\n", "a = 1979-05-27T07:32:00\n"));
        assert!(equal("a = 1979-05-27T07:32:00Z\n", "a = 1979-05-27T09:32:00.0+02:00\n"), "one instant");
        assert!(equal("a = 07:32:00\n", "a = 07:32:00.000\n") && !equal("a = 07:30:00\n", "a = 07:03:00\n"));
        assert!(!equal("a = 07:32:00.10\n", "a = 07:32:00.01\n"));
    }

    #[test]
    fn keys_that_appear_twice_are_named() {
        assert_eq!(parse("[x]\nport = 1\nport = 2\n").expect_err("refused").path, "/x/port");
        assert_eq!(parse("port = 1\nport = 2\n").expect_err("refused").path, "/port");
    }
}
