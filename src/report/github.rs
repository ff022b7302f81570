//! GitHub workflow commands: each finding an annotation beside its line in a pull request.
//!
//! Documented at <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>. GitHub shows ten
//! annotations of each level per step and drops the rest without a word; so the worst come first, and the last one
//! says how many there are besides.

use super::drifts::{is_untold, next_step, sentence};
use super::findings::grouped;
use super::words::{plural, some};
use super::{Drifts, Findings, Format, Style};
use crate::compare::{Disposition, Drift};
use crate::finding::{Finding, Level, Range};

pub(super) const FORMAT: Format = Format {
    name: "github",
    what: "annotations in a pull request on GitHub",
    universal: false,
    findings: |findings, _: Style| findings_lines(findings),
    drift: |drifts, _: Style| drift_lines(drifts),
    capture: None,
};

/// Most annotations of one level that GitHub shows of a step.
const SHOWN: usize = 10;
/// Most lines that a title names.
const NAMED: usize = 3;

/// One annotation.
struct Annotation {
    level: Level,
    /// Properties in their order, those without a value left out.
    properties: Vec<(&'static str, String)>,
    message: String,
}

fn findings_lines(findings: &Findings<'_>) -> String {
    // One cause that many lines share is one annotation: there is room for ten.
    let groups = grouped(findings.list).into_iter();
    draw(groups.map(|(finding, lines)| annotation(findings, finding, &lines)).collect(), findings.command)
}

fn annotation(findings: &Findings<'_>, finding: &Finding, addresses: &[&str]) -> Annotation {
    let spot = findings.spot(finding);
    let mut properties = vec![("file", spot.path)];
    properties.extend(spot.range.into_iter().flat_map(position));
    let whose = (!addresses.is_empty()).then(|| some(addresses, NAMED));
    properties.push(("title", title(finding.rule, whose.as_deref())));
    let message = text(&spot.message, finding.owner.as_deref(), &finding.next);
    Annotation { level: finding.level, properties, message }
}

/// GitHub refuses columns where a range has several lines.
fn position(range: Range) -> Vec<(&'static str, String)> {
    let mut out = vec![("line", range.line.to_string()), ("endLine", range.end_line.to_string())];
    if range.line == range.end_line {
        out.push(("col", range.column.to_string()));
        out.push(("endColumn", range.end_column.to_string()));
    }
    out
}

fn title(what: &str, address: Option<&str>) -> String {
    address.map_or_else(|| what.to_owned(), |address| format!("{what} ({address})"))
}

fn text(message: &str, owner: Option<&str>, next: &str) -> String {
    let owner = owner.map(|owner| format!("\nowner: {owner}")).unwrap_or_default();
    let next = if next.is_empty() { String::new() } else { format!("\nnext: {next}") };
    format!("{message}{owner}{next}")
}

fn drift_lines(drifts: &Drifts<'_>) -> String {
    let shown = drifts.report.findings.iter().filter(|drift| is_shown(drift));
    draw(shown.map(|drift| drift_annotation(drifts, drift)).collect(), "diff")
}

/// What nobody has to act on is no annotation.
fn is_shown(drift: &Drift) -> bool {
    match drift.disposition {
        Disposition::Ignored => false,
        Disposition::Open | Disposition::Expired => true,
        Disposition::Approved | Disposition::Behind => drift.level > Level::Note,
    }
}

fn drift_annotation(drifts: &Drifts<'_>, drift: &Drift) -> Annotation {
    let mut properties = vec![("file", drifts.path(drift))];
    properties.extend(drift.line.map(|line| ("line", line.to_string())));
    let what = if is_untold(drift) { "could not be told" } else { drift.consequence.as_str() };
    properties.push(("title", title(&format!("drift: {what}"), drift.address.as_deref())));
    let next = next_step(drift).unwrap_or_default();
    Annotation {
        level: drift.level,
        properties,
        message: text(&sentence(drift), drift.owner.as_deref(), next),
    }
}

fn draw(mut annotations: Vec<Annotation>, command: &str) -> String {
    annotations.sort_by_key(|annotation| std::cmp::Reverse(annotation.level));
    let of = |level: Level| annotations.iter().filter(move |annotation| annotation.level == level);
    let hidden = [Level::Error, Level::Warning].map(|level| of(level).count().saturating_sub(SHOWN));
    // The last place of the notices belongs to the line that counts the rest.
    let notes = of(Level::Note).count();
    let room = if hidden == [0, 0] && notes <= SHOWN { SHOWN } else { SHOWN - 1 };
    let mut out = String::new();
    for (level, most) in [(Level::Error, SHOWN), (Level::Warning, SHOWN), (Level::Note, room)] {
        of(level).take(most).for_each(|annotation| out.push_str(&line(annotation)));
    }
    let more = hidden[0] + hidden[1] + notes.saturating_sub(room);
    if more > 0 {
        let message = format!("{more} more; `jig {command}` shows all of them");
        let properties = vec![("title", format!("jig: {} in all", plural(annotations.len(), "finding")))];
        out.push_str(&line(&Annotation { level: Level::Note, properties, message }));
    }
    out
}

fn line(annotation: &Annotation) -> String {
    let command = match annotation.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let properties: Vec<String> =
        annotation.properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{command} {}::{}\n", properties.join(","), data(&annotation.message))
}

/// Escapes the text of a command, as GitHub's own toolkit does.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
