//! Differences for a terminal at seven in the morning: what could stop production first, then the rest, then what
//! could not be told. The same difference in many places is shown once.

use super::Style;
use crate::compare::{Attribution, Class, Disposition, Drift, Kind, Report, Verdict};
use crate::finding::Level;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::fmt::Write as _;

/// Most groups that are shown of one section, and most places of one group.
const GROUPS: usize = 25;
const PLACES: usize = 4;
/// Longest value on a line.
const WIDTH: usize = 90;

/// A part of the report.
struct Section {
    title: &'static str,
    holds: fn(&Drift) -> bool,
}

fn is_open(drift: &Drift) -> bool {
    matches!(drift.disposition, Disposition::Open | Disposition::Expired)
        && drift.level == Level::Error
        && drift.kind != Kind::Opaque
}

/// Whether it could reach people or product on the line.
fn is_grave(drift: &Drift) -> bool {
    is_open(drift) && matches!(drift.consequence, Class::Path | Class::Security | Class::Data)
}

const SECTIONS: &[Section] = &[
    Section { title: "WHAT COULD STOP PRODUCTION", holds: is_grave },
    Section { title: "DRIFT", holds: |drift| is_open(drift) && !is_grave(drift) },
    Section {
        title: "COULD NOT BE TOLD",
        holds: |drift| drift.kind == Kind::Opaque && drift.disposition == Disposition::Open,
    },
    Section { title: "APPROVED, UNTIL", holds: |drift| drift.disposition == Disposition::Approved },
    Section { title: "BEHIND THE STANDARD", holds: |drift| drift.disposition == Disposition::Behind },
];

/// Sections that are only shown in full on request; without it they are counted.
const QUIET: &[Section] = &[
    Section {
        title: "NO EFFECT",
        holds: |drift| {
            drift.disposition == Disposition::Open
                && drift.level != Level::Error
                && drift.kind != Kind::Opaque
        },
    },
    Section { title: "NOT COMPARED", holds: |drift| drift.disposition == Disposition::Ignored },
];

/// Draws a report of differences.
#[must_use]
pub fn drift(report: &Report, style: Style, verbose: bool) -> String {
    let mut out = String::new();
    let mut sections: Vec<&Section> = SECTIONS.iter().collect();
    if verbose {
        sections.extend(QUIET);
    }
    for section in sections {
        let drifts: Vec<&Drift> = report.findings.iter().filter(|drift| (section.holds)(drift)).collect();
        if !drifts.is_empty() {
            draw_section(section.title, &drifts, style, verbose, &mut out);
        }
    }
    draw_clusters(report, &mut out);
    for warning in &report.warnings {
        let _ = writeln!(out, "{} {}", paint("warning:", "33", style), clean(warning));
    }
    if !report.warnings.is_empty() {
        out.push('\n');
    }
    draw_lines(report, style, &mut out);
    out.push_str(&summary(report, style, verbose));
    out
}

fn draw_section(title: &str, drifts: &[&Drift], style: Style, verbose: bool, out: &mut String) {
    let _ = writeln!(out, "{}", paint(title, "1", style));
    let groups = groups(drifts);
    let shown = if verbose { groups.len() } else { GROUPS };
    for group in groups.iter().take(shown) {
        draw_group(group, style, verbose, out);
    }
    if groups.len() > shown {
        let rest: usize = groups[shown..].iter().map(Vec::len).sum();
        let _ = writeln!(out, "  and {rest} more; -v or --format json shows them");
    }
    out.push('\n');
}

/// The same difference in several files, in the order of the report.
fn groups<'d>(drifts: &[&'d Drift]) -> Vec<Vec<&'d Drift>> {
    let mut by_what: HashMap<String, usize> = HashMap::new();
    let mut out: Vec<Vec<&Drift>> = vec![];
    for drift in drifts {
        let what = match &drift.cluster {
            Some(cluster) => cluster.clone(),
            None => format!(
                "{}\0{:?}\0{:?}\0{:?}\0{:?}",
                drift.path,
                drift.kind,
                drift.intended,
                drift.deployed,
                (&drift.note, drift.deviation.as_ref())
            ),
        };
        match by_what.get(&what) {
            Some(at) => out[*at].push(drift),
            None => {
                by_what.insert(what, out.len());
                out.push(vec![drift]);
            }
        }
    }
    out
}

fn draw_group(group: &[&Drift], style: Style, verbose: bool, out: &mut String) {
    let drift = group[0];
    let sign = match drift.kind {
        Kind::Extra | Kind::FileExtra => paint("+", "32", style),
        Kind::Missing | Kind::FileMissing => paint("-", "31", style),
        Kind::Opaque => paint("?", "35", style),
        _ => paint("~", "33", style),
    };
    let shown = if verbose { group.len() } else { PLACES };
    let places: Vec<String> = group.iter().take(shown).map(|drift| place(drift)).collect();
    let more = if group.len() > shown { format!(" and {} more", group.len() - shown) } else { String::new() };
    // What could not be told has no consequence that anybody knows.
    let class = if drift.kind == Kind::Opaque { "" } else { drift.consequence.as_str() };
    let _ = writeln!(out, "  {sign} {class:8} {}{more}", places.join(", "));
    let words = what(drift);
    if !words.is_empty() {
        let _ = writeln!(out, "      {words}");
    }
    for (name, value) in [("intended", &drift.intended), ("deployed", &drift.deployed)] {
        if let Some(value) = value.as_ref().filter(|_| shows_values(drift)) {
            let _ = writeln!(out, "      {name} {}", short(value));
        }
    }
    if let Some(meaning) = drift.meaning.as_ref().filter(|meaning| *meaning != "none") {
        let _ = writeln!(out, "      {}", paint(&clean(meaning), "1", style));
    }
    if let Some(note) = &drift.note {
        let _ = writeln!(out, "      {}", clean(note));
    }
    let who =
        [drift.owner.as_ref().map(|owner| format!("owner {owner}")), deviation(drift), attribution(drift)];
    let who: Vec<String> =
        who.into_iter().flatten().chain(next_step(drift).map(|next| format!("next: {next}"))).collect();
    if !who.is_empty() {
        let _ = writeln!(out, "      {}", who.join(" · "));
    }
}

fn place(drift: &Drift) -> String {
    let line = drift.line.map(|line| format!(":{line}")).unwrap_or_default();
    // Where folders stand for lines, the file says the line itself.
    let own = drift.address.as_ref().filter(|address| !drift.file.starts_with(&format!("{address}/")));
    let address =
        own.map(|address| if drift.file.is_empty() { address.clone() } else { format!("{address}/") });
    clean(&format!("{}{}{line}", address.unwrap_or_default(), drift.file))
}

/// Whether the values say more than the path does.
fn shows_values(drift: &Drift) -> bool {
    match drift.kind {
        Kind::Reordered | Kind::FileMissing | Kind::FileExtra => false,
        Kind::Extra | Kind::Missing => {
            let value = drift.deployed.as_ref().or(drift.intended.as_ref()).and_then(Json::as_str);
            value.is_none_or(|value| !drift.path.ends_with(value))
        }
        _ => true,
    }
}

fn what(drift: &Drift) -> String {
    let count = if drift.count > 1 { format!(" ({} times)", drift.count) } else { String::new() };
    let kind = match drift.kind {
        Kind::FileMissing => "the file is not deployed",
        Kind::FileExtra => "nobody intended this file",
        Kind::Opaque if drift.disposition == Disposition::Open => "",
        kind => kind.as_str(),
    };
    clean(format!("{}  {kind}{count}", drift.path).trim())
}

fn deviation(drift: &Drift) -> Option<String> {
    let id = drift.deviation.as_ref()?;
    let until = drift.expires.map(|date| date.to_string()).unwrap_or_default();
    Some(if drift.disposition == Disposition::Expired {
        format!("{id} EXPIRED {until}")
    } else {
        format!("{id} until {until}")
    })
}

fn attribution(drift: &Drift) -> Option<String> {
    let words = match drift.attribution {
        Attribution::Site => "changed on site",
        Attribution::Standard => "the standard moved on",
        Attribution::Both => "both moved",
        Attribution::Unknown => return None,
    };
    (drift.kind != Kind::Opaque).then(|| words.to_owned())
}

/// What to do about a difference.
#[must_use]
pub fn next_step(drift: &Drift) -> Option<&'static str> {
    if drift.next.is_some() {
        return drift.next;
    }
    Some(match (drift.disposition, drift.attribution, drift.kind) {
        (Disposition::Open, _, Kind::Opaque) => "read it back again; until then nobody can vouch for it",
        (Disposition::Open, _, _) if drift.level != Level::Error => return None,
        (Disposition::Open, Attribution::Standard, _) => "roll the standard out; the date for it has passed",
        (Disposition::Open, Attribution::Both, _) => {
            "settle which value is right, then roll it out or record a deviation"
        }
        (Disposition::Open, ..) => "put the intended value back, or record a deviation",
        (Disposition::Expired, ..) => {
            "end the deviation: put the intended value back, or renew it with its owner"
        }
        (Disposition::Approved, ..) if drift.level == Level::Warning => {
            "the deviation ends soon: close it or renew it"
        }
        (Disposition::Approved | Disposition::Ignored, ..) => return None,
        (Disposition::Behind, ..) => "roll the standard out in the line's window",
    })
}

fn draw_clusters(report: &Report, out: &mut String) {
    let shared: Vec<_> = report.clusters.iter().filter(|cluster| cluster.promote).collect();
    if shared.is_empty() {
        return;
    }
    out.push_str("THE SAME ON MANY LINES (is the standard wrong there?)\n");
    for cluster in shared {
        let _ = writeln!(out, "  {} {} lines: {}", cluster.id, cluster.lines.len(), clean(&cluster.summary));
    }
    out.push('\n');
}

fn draw_lines(report: &Report, style: Style, out: &mut String) {
    let named: Vec<_> = report
        .lines
        .iter()
        .filter(|line| line.address.is_some() && line.verdict != Verdict::InOrder)
        .collect();
    const LISTED: usize = 40;
    if named.is_empty() || named.len() > LISTED {
        return;
    }
    let width = named.iter().filter_map(|line| line.address.as_ref()).map(String::len).max().unwrap_or(0);
    for line in named {
        let age = match line.age_days {
            Some(0) => "collected today".to_owned(),
            Some(1) => "collected yesterday".to_owned(),
            Some(days) => format!("collected {days} days ago"),
            None => String::new(),
        };
        let address = line.address.as_deref().unwrap_or_default();
        let _ = writeln!(
            out,
            "{}",
            format!(
                "{address:width$}  {:12} {} {age}",
                verdict(line.verdict, style),
                line.blueprint.as_deref().unwrap_or_default()
            )
            .trim_end()
        );
    }
    out.push('\n');
}

fn verdict(verdict: Verdict, style: Style) -> String {
    let colour = match verdict {
        Verdict::InOrder => "32",
        Verdict::Behind | Verdict::Approved => "36",
        Verdict::Drift => "31",
        Verdict::CannotTell => "35",
    };
    paint(&verdict.as_str().replace('-', " "), colour, style)
}

/// One line that says it all.
fn summary(report: &Report, style: Style, verbose: bool) -> String {
    let summary = report.summary;
    let plural = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
    let mut parts = vec![];
    let untold = report.findings.iter().filter(|drift| (SECTIONS[2].holds)(drift)).count();
    for (count, word) in [
        (summary.open.saturating_sub(untold), "open"),
        (untold, "could not be told"),
        (summary.expired, "expired"),
        (summary.approved, "approved"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    let behind = report.findings.iter().filter(|drift| drift.disposition == Disposition::Behind).count();
    if behind > 0 {
        parts.push(format!("{behind} behind"));
    }
    let quiet = report.findings.iter().filter(|drift| (QUIET[0].holds)(drift)).count();
    if quiet > 0 {
        parts.push(format!("{quiet} without effect"));
    }
    if summary.ignored > 0 {
        parts.push(format!("{} ignored{}", summary.ignored, if verbose { "" } else { " (-v shows them)" }));
    }
    let of_lines = if summary.lines > 1 {
        let states = [
            (summary.in_order, "in order"),
            (summary.drifted, "drifted"),
            (summary.behind, "behind"),
            (summary.approved_lines, "approved"),
            (summary.cannot_tell, "could not be told"),
        ];
        let states: Vec<String> = states
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        format!("{}: {}; ", plural(summary.lines, "line"), states.join(", "))
    } else {
        String::new()
    };
    let differences = if parts.is_empty() { "no differences".to_owned() } else { parts.join(", ") };
    format!(
        "{} on {}: {of_lines}{}, {differences}",
        verdict(report.verdict, style),
        report.as_of,
        plural(summary.files, "file")
    )
}

/// A value on one line.
fn short(value: &Json) -> String {
    let text = match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let rest = lines.count();
    let mut out: String = first.chars().take(WIDTH).collect();
    if first.chars().count() > WIDTH {
        out.push('…');
    }
    if rest > 0 {
        let _ = write!(out, " (and {rest} more lines)");
    }
    if out.is_empty() { "\"\"".into() } else { clean(&out) }
}

/// Control characters in names or values must not reach a terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn paint(text: &str, code: &str, style: Style) -> String {
    match style {
        Style::Plain => text.to_owned(),
        Style::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
    }
}
