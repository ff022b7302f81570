//! Many lines from a spreadsheet export: all rows are checked before any is written.

use super::super::session::Session;
use super::super::{Failure, Outcome, Run, init, write};
use super::draft::{Desk, Draft};
use super::line::check_place;
use super::yaml;
use crate::finding::{Finding, Place};
use crate::source::Text;
use serde_json::{Map, Value as Json};
use std::path::Path;
use std::sync::Arc;

/// Columns that are not inputs.
const OWN: &[&str] = &["site", "line", "area", "goal", "window"];

pub(super) fn run(session: &mut Session, desk: &mut Desk<'_>, file: &Path) -> Run {
    let text = session.read_file(file)?;
    let name = file.display().to_string();
    let table = Arc::new(Text::new(name.as_str(), text.trim_start_matches('\u{feff}').to_owned()));
    let (header, drafts) = drafts(desk, &name, &table.content)?;
    if drafts.is_empty() {
        return Err(Failure::new(format!("`{name}` has no rows"), "one row per line below the header"));
    }
    let mut ready = vec![];
    let mut findings: Vec<Finding> = vec![];
    for (Row { number, line, cells }, draft) in &drafts {
        let checked = desk.check(draft);
        let own: Vec<Finding> = checked.own_findings(draft).cloned().collect();
        if own.is_empty() {
            desk.take(draft, &checked);
            ready.push((draft, checked.text.clone()));
        }
        findings.extend(own.into_iter().map(|finding| {
            let range = finding.place.as_ref().and_then(|place| place.range);
            let column = range.and_then(|range| column_of(&checked.text, range.line as usize));
            let at = header.iter().position(|name| Some(name) == column);
            let shown = column.map(|name| format!(", column `{name}`")).unwrap_or_default();
            let place = cell(&table, *line, at.and_then(|at| cells.get(at)).unwrap_or_default());
            let message = format!("row {number}{shown}: {}", finding.message);
            Finding { message, place: Some(place), ..finding }
        }));
    }
    if !findings.is_empty() {
        session.report(
            &findings,
            || {
                let mut object = crate::report::json_object("new");
                object.insert("findings".into(), findings.iter().map(crate::report::finding_json).collect());
                object
            },
            || "nothing was written".to_owned(),
        )?;
        return Ok(Outcome::Findings);
    }
    let root = session.root()?;
    init::write_line_schema(&root, desk.fleet, &desk.standard)?;
    let mut written = vec![];
    for (draft, text) in &ready {
        let path = root.join(draft.path());
        if let Err(error) = write::create(&path, text.as_bytes()) {
            // All or none: what this run made is taken back.
            written.iter().for_each(|path: &std::path::PathBuf| write::take_back(path));
            return Err(Failure::new(format!("cannot write: {error}"), "nothing was written"));
        }
        written.push(path);
    }
    for (draft, _) in &ready {
        session.out(&format!("wrote {}", draft.path()));
    }
    session.out(&format!("{} lines; next: jig render", ready.len()));
    Ok(Outcome::InOrder)
}

/// A row of a table.
struct Row {
    /// As a spreadsheet counts: the header is row 1, a cell with line breaks is no more rows.
    number: u64,
    /// Line of the file.
    line: u32,
    cells: csv::StringRecord,
}

/// The column that a line of the text of a draft comes from.
fn column_of(text: &str, line: usize) -> Option<&str> {
    let top = text.lines().nth(line.checked_sub(1)?)?;
    match top.strip_prefix("  ") {
        Some(_) => super::asking::input_at(text, line),
        None => top.split(':').next(),
    }
}

/// The place of a cell in the table; the whole line where the cell cannot be told apart.
fn cell(table: &Text, line: u32, cell: &str) -> Place {
    let whole = Place::line(table, line);
    let content = table.lines(line, line);
    let found = content.find(cell).filter(|_| !cell.is_empty());
    let Some((at, mut range)) = found.zip(whole.range) else { return whole };
    range.column = content[..at].chars().count() as u32 + 1;
    range.end_column = range.column + cell.chars().count() as u32;
    Place { range: Some(range), ..whole }
}

type Table = (csv::StringRecord, Vec<(Row, Draft)>);

fn drafts(desk: &Desk<'_>, name: &str, text: &str) -> Result<Table, Failure> {
    let separator = if text.lines().next().is_some_and(|header| header.contains(';') && !header.contains(','))
    {
        b';'
    } else {
        b','
    };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).trim(csv::Trim::All).from_reader(text.as_bytes());
    let bad = |what: String| Failure::new(format!("`{name}`: {what}"), "nothing was written");
    let header = reader.headers().map_err(|error| bad(error.to_string()))?.clone();
    let asked = &desk.standard.blueprint.model.inputs;
    for column in &header {
        if !OWN.contains(&column) && !asked.contains_key(column) {
            let near =
                crate::load::nearest(column, asked.keys().map(|id| id.as_str()).chain(OWN.iter().copied()));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(bad(format!(
                "{} does not ask for the column `{column}`{hint}",
                desk.standard.reference()
            )));
        }
    }
    for needed in ["site", "line", "area"] {
        if !header.iter().any(|column| column == needed) {
            return Err(bad(format!("the column `{needed}` is missing")));
        }
    }
    let mut drafts: Vec<(Row, Draft)> = vec![];
    // Line breaks inside cells so far: a spreadsheet shows them in one row.
    let breaks =
        |record: &csv::StringRecord| record.iter().map(|cell| cell.matches('\n').count() as u64).sum();
    let mut folded: u64 = breaks(&header);
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|error| bad(in_words(&error, folded)))?;
        let line = record.position().map_or(index as u64 + 2, csv::Position::line);
        let row = line.saturating_sub(folded);
        folded += breaks(&record);
        let draft = draft(desk, &header, &record).map_err(|why| bad(format!("row {row}: {why}")))?;
        check_place(desk.fleet, &draft.site, &draft.line)
            .map_err(|failure| bad(format!("row {row}: {}; {}", failure.message, failure.hint)))?;
        if let Some((first, _)) = drafts.iter().find(|(_, known)| known.path() == draft.path()) {
            return Err(bad(format!("rows {} and {row} are the same line", first.number)));
        }
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        drafts.push((Row { number: row, line, cells: record }, draft));
    }
    Ok((header, drafts))
}

/// What is wrong with a row, counted as a spreadsheet counts.
fn in_words(error: &csv::Error, folded: u64) -> String {
    let row = error.position().map_or(0, csv::Position::line).saturating_sub(folded);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("row {row} has {len} cells, the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => format!("row {row} is not UTF-8"),
        _ => error.to_string(),
    }
}

fn draft(desk: &Desk<'_>, header: &csv::StringRecord, record: &csv::StringRecord) -> Result<Draft, String> {
    let cell = |name: &str| header.iter().position(|column| column == name).and_then(|at| record.get(at));
    let text = |name: &str| cell(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut inputs = Map::new();
    for (column, cell) in
        header.iter().zip(record).filter(|(column, cell)| !OWN.contains(column) && !cell.is_empty())
    {
        let schema = &desk.standard.inputs.schema["properties"][column];
        let value = yaml::typed(cell, schema).map_err(|why| format!("{column}: {why}"))?;
        inputs.insert(column.to_owned(), value);
    }
    let wanted = |name: &str| text(name).ok_or_else(|| format!("`{name}` is empty"));
    Ok(Draft {
        site: wanted("site")?,
        line: wanted("line")?,
        area: wanted("area")?,
        goal: text("goal"),
        window: text("window"),
        inputs: inputs.into_iter().filter(|(_, value)| *value != Json::Null).collect(),
    })
}
