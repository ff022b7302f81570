//! Many lines from a spreadsheet export: all rows are checked before any is written.

use super::super::session::Session;
use super::super::{Failure, Outcome, Run, init, write};
use super::draft::{Desk, Draft};
use super::line::check_place;
use super::yaml;
use crate::finding::Finding;
use serde_json::{Map, Value as Json};
use std::path::Path;

/// Columns that are not inputs.
const OWN: &[&str] = &["site", "line", "area", "goal", "window"];

pub(super) fn run(session: &mut Session, desk: &mut Desk<'_>, file: &Path) -> Run {
    let text = session.read_file(file)?;
    let name = file.display().to_string();
    let drafts = drafts(desk, &name, text.trim_start_matches('\u{feff}'))?;
    if drafts.is_empty() {
        return Err(Failure::new(format!("`{name}` has no rows"), "one row per line below the header"));
    }
    let mut ready = vec![];
    let mut findings: Vec<Finding> = vec![];
    for (row, draft) in &drafts {
        let checked = desk.check(draft);
        let own: Vec<Finding> = checked.own_findings(draft).cloned().collect();
        if own.is_empty() {
            desk.take(draft, &checked);
            ready.push((draft, checked.text));
        }
        findings.extend(
            own.into_iter()
                .map(|finding| Finding { message: format!("row {row}: {}", finding.message), ..finding }),
        );
    }
    if !findings.is_empty() {
        session.report(
            &findings,
            || crate::report::json_object("new"),
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

fn drafts(desk: &Desk<'_>, name: &str, text: &str) -> Result<Vec<(u64, Draft)>, Failure> {
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
    let mut drafts: Vec<(u64, Draft)> = vec![];
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|error| bad(error.to_string()))?;
        let row = record.position().map_or(index as u64 + 2, csv::Position::line);
        let draft = draft(desk, &header, &record).map_err(|why| bad(format!("row {row}: {why}")))?;
        check_place(desk.fleet, &draft.site, &draft.line)
            .map_err(|failure| bad(format!("row {row}: {}; {}", failure.message, failure.hint)))?;
        if let Some((first, _)) = drafts.iter().find(|(_, known)| known.path() == draft.path()) {
            return Err(bad(format!("rows {first} and {row} are the same line")));
        }
        drafts.push((row, draft));
    }
    Ok(drafts)
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
