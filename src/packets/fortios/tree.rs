//! The tree of a configuration: `config`, `edit`, `set`, `next`, `end`.

use super::super::nft::Unreadable;

/// Deepest nesting that is read.
const MOST_NESTED: usize = 20;

/// A table: `config firewall policy`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub line: u32,
    /// `firewall policy`.
    pub name: String,
    /// In the order that counts, moves done.
    pub entries: Vec<Entry>,
}

/// One entry of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub line: u32,
    pub name: String,
    /// Settings in their order; a later one of a name replaces the earlier.
    pub settings: Vec<Setting>,
    pub tables: Vec<Table>,
}

/// A setting and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub line: u32,
    pub key: String,
    pub values: Vec<String>,
}

impl Entry {
    pub(crate) fn get(&self, key: &str) -> Option<&[String]> {
        self.settings.iter().find(|setting| setting.key == key).map(|setting| setting.values.as_slice())
    }

    pub(crate) fn is(&self, key: &str, value: &str) -> bool {
        self.get(key).is_some_and(|values| values == [value])
    }

    fn set(&mut self, line: u32, key: String, values: Vec<String>) {
        self.settings.retain(|setting| setting.key != key);
        self.settings.push(Setting { line, key, values });
    }
}

/// Reads a configuration: the tables outside of all entries.
pub(crate) fn read(text: &str) -> Result<Vec<Table>, Unreadable> {
    let mut lines = lines(text)?.into_iter();
    let mut tables = vec![];
    while let Some((line, words)) = lines.next() {
        match words.first().map(String::as_str) {
            Some("config") => table(&mut lines, line, &words[1..].join(" "), &mut tables, 0)?,
            Some("end" | "exit" | "next") | None => {}
            Some(_) => return Err(Unreadable::new("`config` is expected here", line as usize)),
        }
    }
    Ok(tables)
}

type Lines = std::vec::IntoIter<(u32, Vec<String>)>;

/// Reads a table up to its `end`. What is written twice is one table.
fn table(
    lines: &mut Lines,
    line: u32,
    name: &str,
    into: &mut Vec<Table>,
    depth: usize,
) -> Result<(), Unreadable> {
    if depth > MOST_NESTED {
        return Err(Unreadable::new("nested too deep", line as usize));
    }
    let at = into.iter().position(|table| table.name == name).unwrap_or_else(|| {
        into.push(Table { line, name: name.to_owned(), entries: vec![] });
        into.len() - 1
    });
    let table = &mut into[at];
    while let Some((line, words)) = lines.next() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["end"] => return Ok(()),
            ["edit", name] => {
                let at = position(table, name).unwrap_or_else(|| {
                    table.entries.push(Entry { line, name: (*name).to_owned(), ..Entry::default() });
                    table.entries.len() - 1
                });
                if entry(lines, &mut table.entries[at], depth)? {
                    return Ok(());
                }
            }
            ["move", name, way @ ("before" | "after"), other] => {
                let (Some(from), true) = (position(table, name), position(table, other).is_some()) else {
                    return Err(Unreadable::new("an entry is moved that is not there", line as usize));
                };
                let moved = table.entries.remove(from);
                let to = position(table, other).unwrap_or(table.entries.len()) + usize::from(*way == "after");
                table.entries.insert(to.min(table.entries.len()), moved);
            }
            ["delete", name] => table.entries.retain(|entry| entry.name != *name),
            ["purge"] => table.entries.clear(),
            ["set" | "unset" | "append" | "unselect" | "select" | "clear" | "config", ..] => {
                // A table without entries is an entry of its own.
                let at = position(table, "").unwrap_or_else(|| {
                    table.entries.push(Entry { line, ..Entry::default() });
                    table.entries.len() - 1
                });
                statement(lines, &mut table.entries[at], line, &words, depth)?;
            }
            _ => return Err(Unreadable::new("not a statement of a table", line as usize)),
        }
    }
    Err(Unreadable::new("the file ends inside a table", line as usize))
}

fn position(table: &Table, name: &str) -> Option<usize> {
    table.entries.iter().position(|entry| entry.name == name)
}

/// Reads an entry up to its `next`; `true` where `end` closes the table as well.
fn entry(lines: &mut Lines, entry: &mut Entry, depth: usize) -> Result<bool, Unreadable> {
    while let Some((line, words)) = lines.next() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["next"] => return Ok(false),
            ["end"] => return Ok(true),
            words => statement(lines, entry, line, words, depth)?,
        }
    }
    Err(Unreadable::new("the file ends inside an entry", entry.line as usize))
}

fn statement(
    lines: &mut Lines,
    entry: &mut Entry,
    line: u32,
    words: &[&str],
    depth: usize,
) -> Result<(), Unreadable> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match words {
        ["set", key, values @ ..] => entry.set(line, (*key).to_owned(), owned(values)),
        ["append" | "select", key, values @ ..] => {
            let all = entry.get(key).unwrap_or_default().iter().cloned().chain(owned(values)).collect();
            entry.set(line, (*key).to_owned(), all);
        }
        ["unselect", key, values @ ..] => {
            let rest = entry
                .get(key)
                .unwrap_or_default()
                .iter()
                .filter(|value| !values.contains(&value.as_str()))
                .cloned()
                .collect();
            entry.set(line, (*key).to_owned(), rest);
        }
        ["unset" | "clear", key, ..] => entry.settings.retain(|setting| setting.key != *key),
        ["config", name @ ..] => table(lines, line, &name.join(" "), &mut entry.tables, depth + 1)?,
        _ => return Err(Unreadable::new("not a statement of an entry", line as usize)),
    }
    Ok(())
}

/// Lines as words; a quoted text may go on over several lines.
fn lines(text: &str) -> Result<Vec<(u32, Vec<String>)>, Unreadable> {
    let mut out: Vec<(u32, Vec<String>)> = vec![];
    let mut line = 1u32;
    let mut words: Vec<String> = vec![];
    let mut chars = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    let mut start = line;
    while let Some(c) = chars.next() {
        match c {
            '\n' => {
                if !words.is_empty() {
                    out.push((start, std::mem::take(&mut words)));
                }
                line += 1;
                start = line;
            }
            c if c.is_whitespace() => {}
            '#' if words.is_empty() => {
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
            }
            first => {
                let mut word = String::new();
                let mut quote = None;
                let mut next = Some(first);
                while let Some(c) = next {
                    match (quote, c) {
                        (None, '"' | '\'') => quote = Some(c),
                        (Some(open), c) if c == open => quote = None,
                        (_, '\\') => word.extend(chars.next()),
                        (Some(_), '\n') => {
                            line += 1;
                            word.push(c);
                        }
                        (_, c) => word.push(c),
                    }
                    if quote.is_none() && chars.peek().is_none_or(|c| c.is_whitespace()) {
                        break;
                    }
                    next = chars.next();
                }
                if quote.is_some() {
                    return Err(Unreadable::new("a quote that does not end", start as usize));
                }
                words.push(word);
            }
        }
    }
    if !words.is_empty() {
        out.push((start, words));
    }
    Ok(out)
}
