//! Metrics bound to a line: formulas as terms, elements with the tags that feed them, trust from evidence.
//!
//! Trust follows the reconciliation with the system of record: 20 consecutive shifts inside tolerance make a metric
//! trusted, 3 of the last 10 outside make it disputed; everything else is provisional.

use super::Resolver;
use super::expression::{Value, to_value};
use super::plan::{Element, Metric, Plan, Tag, Term};
use crate::finding::{Finding, Place};
use crate::load::Fleet;
use crate::model;
use crate::model::enterprise::{Better, Tolerance};
use crate::source::{Text, child};
use jiff::civil::Date;
use serde_json::json;
use std::collections::BTreeMap;

/// Shifts in a row inside tolerance that make a metric trusted.
const TRUSTED_RUN: usize = 20;
/// Of this many last shifts ...
const DISPUTED_WINDOW: usize = 10;
/// ... so many outside tolerance make it disputed.
const DISPUTED_OUTSIDE: usize = 3;

/// Binds the blueprint's metrics and the catalogue's elements to a plan.
pub(super) fn bind(resolver: &Resolver<'_>, plan: &mut Plan) {
    let fleet = resolver.fleet;
    let elements: Vec<Element> =
        fleet.metrics.elements.iter().map(|(id, element)| bind_element(fleet, plan, id, element)).collect();
    let mut metrics = vec![];
    for (index, id) in plan.standard.blueprint.model.metrics.iter().enumerate() {
        match fleet.metrics.metrics.get(id.as_str()) {
            Some(metric) => metrics.push(bind_metric(resolver, plan, id.as_str(), metric, &elements)),
            None => {
                let document = &plan.standard.blueprint.document;
                let place = Place::value(document, &format!("/metrics/{index}"));
                let near =
                    crate::load::nearest(id.as_str(), fleet.metrics.metrics.keys().map(model::Id::as_str));
                let next = near.map_or_else(
                    || "add it to metrics.yaml with formula, unit, owner and system of record".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                plan.failures.push(
                    Finding::error("unknown-reference", format!("metrics.yaml has no metric `{id}`"))
                        .at(place)
                        .next(next),
                );
            }
        }
    }
    let mut said = vec![];
    for metric in &metrics {
        if let Err(finding) = &metric.1 {
            said.push(finding.clone());
        }
    }
    plan.notes.extend(said);
    plan.metrics = metrics.into_iter().map(|(metric, _)| metric).collect();
    plan.elements = elements;
}

fn bind_metric(
    resolver: &Resolver<'_>,
    plan: &Plan,
    id: &str,
    metric: &model::Metric,
    elements: &[Element],
) -> (Metric, Result<(), Finding>) {
    let formula = metric.formula.clone();
    let terms = terms(resolver.fleet, formula.as_deref().unwrap_or_default());
    let used = |symbol: &str| terms.iter().any(|term| term.kind == "element" && term.text == symbol);
    let (state, problem) = match trust(resolver, plan, id, metric) {
        Ok(state) => (state, Ok(())),
        Err(finding) => ("provisional", Err(*finding)),
    };
    let text = |value: &Option<model::RoleRef>| value.as_ref().map(ToString::to_string);
    let bound = Metric {
        id: id.to_owned(),
        name: metric.name.clone().unwrap_or_else(|| id.to_owned()),
        elements: elements.iter().filter(|element| used(&element.id)).cloned().collect(),
        terms,
        formula,
        unit: metric.unit.clone(),
        show_as: metric.show_as.clone(),
        better: metric.better.map(|b| if b == Better::Higher { "higher" } else { "lower" }.to_owned()),
        window: metric.window.clone(),
        level: metric.level.clone(),
        owner: text(&metric.owner),
        record: metric.record.as_ref().map(ToString::to_string),
        goals: metric.goals.iter().map(ToString::to_string).collect(),
        reconcile: json!(metric.reconcile),
        state,
    };
    (bound, problem)
}

/// Splits a formula into elements, metrics and the rest; metric ids may be written with `_` for `-`.
pub fn terms(fleet: &Fleet, formula: &str) -> Vec<Term> {
    let known = |word: &str| -> Option<Term> {
        if fleet.metrics.elements.contains_key(word) {
            return Some(Term { kind: "element", text: word.to_owned() });
        }
        let id = word.replace('_', "-");
        let id = [word, id.as_str()].into_iter().find(|id| fleet.metrics.metrics.contains_key(*id))?;
        Some(Term { kind: "metric", text: id.to_owned() })
    };
    let mut out: Vec<Term> = vec![];
    let mut rest = formula;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-' || c == '.';
        let end = if first.is_alphanumeric() || first == '_' {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        // `PQ-GQ` is a difference unless a metric is called so: the longest known word wins.
        let cuts = rest[..end].match_indices('-').map(|(at, _)| at).collect::<Vec<_>>();
        let (term, used) = std::iter::once(end)
            .chain(cuts.iter().rev().copied())
            .find_map(|cut| known(&rest[..cut]).map(|term| (term, cut)))
            .unwrap_or_else(|| {
                let cut =
                    if first.is_ascii_digit() { end } else { cuts.first().copied().unwrap_or(end) }.max(1);
                (Term { kind: "op", text: rest[..cut].to_owned() }, cut)
            });
        out.push(term);
        rest = &rest[used..];
    }
    out
}

fn bind_element(fleet: &Fleet, plan: &Plan, id: &str, element: &model::Element) -> Element {
    let source = element.reads.map(|reading| tags(fleet, plan, reading, element.of.as_deref()));
    Element {
        id: id.to_owned(),
        name: element.name.clone().unwrap_or_else(|| id.to_owned()),
        unit: element.unit.clone(),
        record: element.record.as_ref().map(ToString::to_string),
        how: element.how.clone(),
        source: source.unwrap_or_default(),
    }
}

/// The tags of a reading: of the unit that value `of` names, or of every unit that has it.
fn tags(fleet: &Fleet, plan: &Plan, reading: model::Reading, of: Option<&str>) -> Vec<Tag> {
    let word = reading.as_str();
    let chosen =
        of.map(|name| plan.values.get(name).map(|value| value.value.to_string()).unwrap_or_default());
    let attr =
        |unit: &Value, name: &str| unit.get_attr(name).ok().filter(|v| !v.is_undefined() && !v.is_none());
    plan.units
        .iter()
        .filter_map(|unit| {
            let id = attr(unit, "id")?.to_string();
            if chosen.as_ref().is_some_and(|chosen| *chosen != id) {
                return None;
            }
            let at = attr(unit, word).or_else(|| {
                let profile = attr(unit, "profile")?.to_string();
                let profile = fleet.equipment.profiles.get(profile.as_str())?;
                let at = match reading {
                    model::Reading::State => &profile.state,
                    model::Reading::Mode => &profile.mode,
                    model::Reading::Processed => &profile.processed,
                    model::Reading::Defective => &profile.defective,
                };
                at.as_ref().map(to_value)
            })?;
            Some(Tag { unit: id, reading: word, at })
        })
        .collect()
}

/// Reads the state of trust from `evidence/<site>/<line>/<metric>.csv`.
fn trust(
    resolver: &Resolver<'_>,
    plan: &Plan,
    id: &str,
    metric: &model::Metric,
) -> Result<&'static str, Box<Finding>> {
    let Resolver { fleet, as_of, lenient, .. } = resolver;
    let mut address = plan.address.to_string();
    if let Some(lenient) = lenient {
        address = lenient.evidence.get(&address).cloned().unwrap_or(address);
        if let Some(state) = lenient.trust.get(&(address.clone(), id.to_owned())) {
            return Ok(state);
        }
    }
    let path = evidence_path(&address, id);
    let Some(reconcile) = &metric.reconcile else { return Ok("provisional") };
    if !fleet.tree.contains(&path) {
        return Ok("provisional");
    }
    let unread = |message: String, place: Place| {
        let finding = Finding::warning("unreadable-evidence", format!("`{path}`: {message}")).at(place);
        Box::new(finding.next("header date,shift,ours,theirs; one row per shift"))
    };
    let text = fleet
        .tree
        .text(&path, &path)
        .map_err(|error| unread(error.to_string(), Place::file(path.as_str())))?;
    let tolerance = reconcile.tolerance.clone().unwrap_or_default();
    let shifts = shifts(&text).map_err(|(message, line)| unread(message, Place::line(&text, line)))?;
    let past = shifts.iter().filter(|(date, _)| date <= as_of);
    Ok(judge(&past.map(|(_, shift)| inside(&tolerance, shift.ours, shift.theirs)).collect::<Vec<_>>()))
}

/// Reads the shifts of an evidence file, oldest first; else what is wrong, and on which line.
fn shifts(text: &Text) -> Result<Vec<(Date, Shift)>, (String, u32)> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.content.as_bytes());
    let at = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        (error.to_string(), u32::try_from(line).unwrap_or(1))
    };
    let headers = reader.headers().map_err(at)?.clone();
    if let Some(column) = COLUMNS.iter().find(|column| !headers.iter().any(|header| header == **column)) {
        return Err((format!("the header has no column `{column}`"), 1));
    }
    let mut shifts: Vec<(Date, Shift)> = vec![];
    let mut seen: BTreeMap<(Date, String), u32> = BTreeMap::new();
    for row in reader.records() {
        let row = row.map_err(at)?;
        let line = row.position().map_or(1, csv::Position::line);
        let line = u32::try_from(line).unwrap_or(1);
        let shift: Shift =
            row.deserialize(Some(&headers)).map_err(|error| (not_a_shift(&error, &headers), line))?;
        let date: Date = shift.date.parse().map_err(|_| (format!("`{}` is no date", shift.date), line))?;
        if !(shift.ours.is_finite() && shift.theirs.is_finite()) {
            return Err(("a count is no number".to_owned(), line));
        }
        // A shift that counts twice would earn trust, or lose it, twice as fast.
        if let Some(first) = seen.insert((date, shift.name.clone()), line) {
            return Err((format!("shift {} of {date} stands on line {first} already", shift.name), line));
        }
        shifts.push((date, shift));
    }
    // A file with the newest first is turned round, so that the shifts of one day keep their order.
    if shifts.first().map(|(date, _)| date) > shifts.last().map(|(date, _)| date) {
        shifts.reverse();
    }
    shifts.sort_by_key(|(date, _)| *date);
    Ok(shifts)
}

/// Says what is wrong with a row in the words of the file, not in those of a parser.
fn not_a_shift(error: &csv::Error, headers: &csv::StringRecord) -> String {
    let csv::ErrorKind::Deserialize { err, .. } = error.kind() else { return error.to_string() };
    let column = err.field().and_then(|field| headers.get(field as usize));
    column.map_or_else(|| err.kind().to_string(), |column| format!("`{column}`: {}", err.kind()))
}

/// Where the evidence about a metric lies.
pub fn evidence_path(address: &str, metric: &str) -> String {
    format!("evidence/{address}/{metric}.csv")
}

/// The columns that each file of evidence has.
const COLUMNS: [&str; 4] = ["date", "shift", "ours", "theirs"];

#[derive(serde::Deserialize)]
struct Shift {
    date: String,
    #[serde(rename = "shift")]
    name: String,
    ours: f64,
    theirs: f64,
}

fn inside(tolerance: &Tolerance, ours: f64, theirs: f64) -> bool {
    let relative = tolerance.relative.map_or(0.0, |share| share * theirs.abs());
    (ours - theirs).abs() <= relative.max(tolerance.absolute.unwrap_or(0.0))
}

fn judge(shifts: &[bool]) -> &'static str {
    let last = &shifts[shifts.len().saturating_sub(DISPUTED_WINDOW)..];
    if last.iter().filter(|inside| !**inside).count() >= DISPUTED_OUTSIDE {
        "disputed"
    } else if shifts.iter().rev().take_while(|inside| **inside).count() >= TRUSTED_RUN {
        "trusted"
    } else {
        "provisional"
    }
}

/// The pointer of a metric in metrics.yaml.
pub fn pointer(metric: &str) -> String {
    child("/metrics", metric)
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn trust_is_earned_and_lost() {
        assert_eq!(judge(&[true; 19]), "provisional");
        assert_eq!(judge(&[true; 20]), "trusted");
        let mut shifts = vec![true; 30];
        for at in [21, 24, 27] {
            shifts[at] = false;
        }
        assert_eq!(judge(&shifts), "disputed");
        assert_eq!(judge(&[]), "provisional");
    }
}
