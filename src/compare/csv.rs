//! Tables: columns by header, rows by declared key or in order; a cell is text, so 007 is not 7.

use super::json::{Unreadable, twice};
use super::tree::{Builder, Node, Ref, Tree, Value};
use std::borrow::Cow;

/// Reads a table as a list of rows, each a map of its cells in the `wanted` columns.
pub(crate) fn parse(
    text: &str,
    separator: Option<u8>,
    wanted: &[String],
) -> Result<Tree<'static>, Unreadable> {
    let first = text.lines().next().unwrap_or_default();
    let separator =
        separator.unwrap_or(if first.contains(';') && !first.contains(',') { b';' } else { b',' });
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut builder = Builder::default();
    let mut header: Option<Vec<String>> = None;
    let root = builder.mark();
    for record in reader.records() {
        let record = record.map_err(|error| {
            Unreadable::new("not a valid table", error.position().map_or(0, |place| place.byte() as usize))
        })?;
        let at = record.position().map_or(0, |place| place.byte() as usize);
        let Some(header) = &header else {
            header = Some(record.iter().map(str::to_owned).collect());
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
                value: Value::Str(Cow::Owned(cell.to_owned())),
            });
        }
        if let Some((name, at)) = twice(builder.since(mark)) {
            return Err(Unreadable::new(format!("column '{name}' appears twice"), at));
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
    let first = text.lines().next().unwrap_or_default();
    let separator =
        separator.unwrap_or(if first.contains(';') && !first.contains(',') { b';' } else { b',' });
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(first.as_bytes());
    reader
        .records()
        .flatten()
        .next()
        .map(|record| record.iter().map(str::to_owned).collect())
        .unwrap_or_default()
}

/// A row as a line of the table.
pub(crate) fn row(row: Ref<'_>) -> String {
    let mut writer = ::csv::WriterBuilder::new().from_writer(vec![]);
    let written = writer.write_record(row.children().map(|cell| cell.as_str().unwrap_or_default()));
    let bytes = written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned()
}
