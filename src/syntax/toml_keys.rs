//! The keys of each table of TOML, noted while the file is filled: a table holds each key once.

use super::keys::refusal;
use super::{Filled, Refusal};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// Where a key stands.
#[derive(Debug, Clone)]
pub(super) enum At {
    /// In the template, which wrote it alone.
    Template(Range<usize>),
    /// In the finished text, with the slot that wrote it or part of it.
    Written(Range<usize>, usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// A key of the table of this number.
    Key(u32),
    /// The name of a table.
    Table,
    /// The name of an array of tables.
    Array,
}

/// The keys of a file in their order.
#[derive(Debug, Default)]
pub(super) struct Keys {
    noted: Vec<(Kind, At)>,
    table: u32,
    tables: u32,
    outer: Vec<u32>,
    from_data: bool,
}

impl Keys {
    /// Notes a key of the table that is open.
    pub(super) fn key(&mut self, at: At) {
        self.note(Kind::Key(self.table), at);
    }

    /// Notes the name of a table, or of one more in an array, and opens it.
    pub(super) fn header(&mut self, array: bool, at: At) {
        self.note(if array { Kind::Array } else { Kind::Table }, at);
        self.tables += 1;
        self.table = self.tables;
    }

    /// Opens an inline table.
    pub(super) fn open(&mut self) {
        self.outer.push(self.table);
        self.tables += 1;
        self.table = self.tables;
    }

    /// Closes an inline table.
    pub(super) fn close(&mut self) {
        self.table = self.outer.pop().unwrap_or(self.table);
    }

    fn note(&mut self, kind: Kind, at: At) {
        self.from_data |= matches!(at, At::Written(..));
        self.noted.push((kind, at));
    }

    /// Refuses a key that is there twice, once at least from data.
    pub(super) fn check(&self, template: &str, filled: Filled) -> Result<Filled, Refusal> {
        if !self.from_data {
            return Ok(filled);
        }
        let mut keys: HashMap<(u32, Cow<'_, str>), Option<usize>> = HashMap::with_capacity(self.noted.len());
        let mut headers: HashMap<Cow<'_, str>, Option<usize>> = HashMap::new();
        for (kind, at) in &self.noted {
            let (text, slot) = match at {
                At::Template(range) => (template.get(range.clone()), None),
                At::Written(range, slot) => (filled.text.get(range.clone()), Some(*slot)),
            };
            let name = path(text.unwrap_or_default());
            let first = match kind {
                Kind::Key(table) => keys.insert((*table, name.clone()), slot),
                Kind::Table => {
                    headers.insert(name.clone(), slot).or_else(|| keys.get(&(0, name.clone())).copied())
                }
                Kind::Array => {
                    // Each of an array has tables of its own below it.
                    headers.retain(|below, _| {
                        !below.strip_prefix(&*name).is_some_and(|rest| rest.starts_with('\0'))
                    });
                    headers.get(&name).or_else(|| keys.get(&(0, name.clone()))).copied()
                }
            };
            if let Some(refusal) = first.and_then(|first| refusal(&name.replace('\0', "."), first, slot)) {
                return Err(refusal);
            }
        }
        Ok(filled)
    }
}

/// Returns the parts of a key, told apart by U+0000.
fn path(key: &str) -> Cow<'_, str> {
    let key = key.trim();
    if !key.contains(['.', '"', '\'']) {
        return key.into();
    }
    let Ok(parts) = toml_edit::Key::parse(key) else { return key.into() };
    parts.iter().map(toml_edit::Key::get).collect::<Vec<_>>().join("\0").into()
}
