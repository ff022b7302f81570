//! Tables: columns by header, rows by declared key or in order; a cell is text, so 007 is not 7.

use super::json::Unreadable;
use super::tree::{Builder, Node, Ref, Tree, Value};
use std::borrow::Cow;

/// Reads a table as a list of rows, each a map of its cells in the `wanted` columns.
pub(crate) fn parse(
    text: &str,
    separator: Option<u8>,
    wanted: &[String],
) -> Result<Tree<'static>, Unreadable> {
    if let Some(at) = open_quote(text, delimiter(text, separator)) {
        return Err(Unreadable::new("a quoted cell does not end", at));
    }
    let mut reader = reader(text, separator);
    let mut builder = Builder::default();
    let mut header: Option<Vec<String>> = None;
    let root = builder.mark();
    for record in reader.records() {
        let record = record.map_err(|error| {
            Unreadable::new("not a valid table", error.position().map_or(0, |place| place.byte() as usize))
        })?;
        let at = record.position().map_or(0, |place| place.byte() as usize);
        let Some(header) = &header else {
            let names: Vec<String> = record.iter().map(str::to_owned).collect();
            if let Some(name) = (1..names.len()).find(|at| names[..*at].contains(&names[*at])) {
                return Err(Unreadable::new(format!("column '{}' appears twice", names[name]), at));
            }
            header = Some(names);
            continue;
        };
        if record.len() != header.len() {
            let message = format!("a row has {} cells where the header has {}", record.len(), header.len());
            return Err(Unreadable::new(message, at));
        }
        let mark = builder.mark();
        for (name, cell) in header.iter().zip(&record).filter(|(name, _)| wanted.contains(name)) {
            builder.push(Node {
                key: Cow::Owned(name.clone()),
                at: at as u32,
                // Line endings are transport, inside a cell too.
                value: Value::Str(Cow::Owned(cell.replace("\r\n", "\n"))),
            });
        }
        let value = Value::Map(builder.close(mark));
        builder.push(Node { key: Cow::Borrowed(""), at: at as u32, value });
    }
    if header.is_none() {
        return Err(Unreadable::new("there is no header", 0));
    }
    let value = Value::List(builder.close(root));
    Ok(builder.finish(Node { key: Cow::Borrowed(""), at: 0, value }))
}

/// The columns of a table.
pub(crate) fn columns(text: &str, separator: Option<u8>) -> Vec<String> {
    let first = reader(text, separator).records().flatten().next();
    first.map(|record| record.iter().map(str::to_owned).collect()).unwrap_or_default()
}

fn delimiter(text: &str, separator: Option<u8>) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    separator.unwrap_or(if first.contains(';') && !first.contains(',') { b';' } else { b',' })
}

fn reader(text: &str, separator: Option<u8>) -> ::csv::Reader<&[u8]> {
    ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text, separator))
        .from_reader(text.as_bytes())
}

/// Where a quoted cell begins that never ends: the table is cut off, and its reader would not say so.
fn open_quote(text: &str, separator: u8) -> Option<usize> {
    enum Cell {
        Start,
        Bare,
        Quoted(usize),
        /// After a quote inside a quoted cell: its end, or the first of two.
        Quote(usize),
    }
    let next = |cell: Cell, (at, byte): (usize, u8)| match (cell, byte) {
        (Cell::Start, b'"') => Cell::Quoted(at),
        (Cell::Quoted(start), b'"') => Cell::Quote(start),
        (Cell::Quoted(start), _) | (Cell::Quote(start), b'"') => Cell::Quoted(start),
        (_, b'\n' | b'\r') => Cell::Start,
        (_, byte) if byte == separator => Cell::Start,
        _ => Cell::Bare,
    };
    match text.bytes().enumerate().fold(Cell::Start, next) {
        Cell::Quoted(at) => Some(at),
        _ => None,
    }
}

/// A row as a line of the table.
pub(crate) fn row(row: Ref<'_>) -> String {
    let mut writer = ::csv::WriterBuilder::new().from_writer(vec![]);
    let written = writer.write_record(row.children().map(|cell| cell.as_str().unwrap_or_default()));
    let bytes = written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_cut_off_is_refused() {
        for text in ["a,b\n1,\"2\n", "a,b\n\"1\"\",2\n", "\"a,b"] {
            assert!(parse(text, None, &[]).is_err(), "{text:?}");
        }
        for text in ["a,b\n1,\"2\"\n", "a,b\n\"1\"\"\",2\n", "a,b\n1,5\" pipe\n", "a,b\n\"\",\"x\ny\"\n"] {
            assert!(parse(text, None, &[]).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn a_column_appears_once() {
        assert!(parse("a,a\n", None, &[]).is_err());
        assert_eq!(columns("\"a\nb\",c\n1,2\n", None), ["a\nb", "c"]);
    }
}
