//! Differences for a terminal at seven in the morning: what could stop production first, then the rest, then what
//! could not be told; the same difference once for all its lines; at the end what to do first.

use crate::compare::{Class, Disposition, Drift, Kind, LineReport, Report, Verdict};
use crate::report::drifts::{
    SECTIONS, Section, asks_the_standard, attribution, deviation, files, groups, is_open, is_untold, kind,
    meaning, next_step, owners, place,
};
use crate::report::words::{clean, plural, short, short_pair, some};
use crate::report::{Drifts, Style};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Most groups that are shown of one section, and most places of one group.
const GROUPS: usize = 25;
const PLACES: usize = 4;
/// Most lines that are listed one by one.
const LISTED: usize = 40;
/// Columns before the text of a difference.
const INDENT: usize = 6;

/// Draws a report of differences.
pub(super) fn drift(drifts: &Drifts<'_>, style: Style) -> String {
    let report = drifts.report;
    let mut out = String::new();
    for section in SECTIONS.iter().filter(|section| style.verbose || !section.quiet) {
        let drifts = section.drifts(report);
        if !drifts.is_empty() {
            draw_section(section, &drifts, report, style, &mut out);
        }
    }
    draw_clusters(report, style, &mut out);
    for warning in &report.warnings {
        let text = wrapped(&format!("warning: {}", clean(warning)), 0, 4, style);
        out.push_str(&text.replacen("warning:", &style.paint("warning:", "33"), 1));
    }
    if !report.warnings.is_empty() {
        out.push('\n');
    }
    draw_lines(report, style, &mut out);
    out.push_str(&summary(report, style));
    out.push_str(&first(report, style));
    out
}

fn draw_section(section: &Section, drifts: &[&Drift], report: &Report, style: Style, out: &mut String) {
    out.push_str(&format!("{}\n", style.paint(&section.title.to_uppercase(), "1")));
    if section.id == "behind" && !style.verbose {
        draw_behind(drifts, style, out);
        return;
    }
    let groups = groups(drifts);
    let shown = if style.verbose { groups.len() } else { GROUPS };
    for group in groups.iter().take(shown) {
        draw_group(group, report, style, out);
    }
    if groups.len() > shown {
        let rest: usize = groups[shown..].iter().map(Vec::len).sum();
        out.push_str(&format!("  and {rest} more; -v, --format json or --format html=FILE show them\n"));
    }
    out.push('\n');
}

/// Being behind is no news: a sentence for each line, until somebody asks for more.
fn draw_behind(drifts: &[&Drift], style: Style, out: &mut String) {
    let mut lines: BTreeMap<Option<&str>, Vec<&Drift>> = BTreeMap::new();
    for drift in drifts {
        lines.entry(drift.address.as_deref()).or_default().push(drift);
    }
    for (line, drifts) in lines.iter().take(LISTED) {
        let classes: BTreeSet<_> = drifts.iter().map(|drift| drift.consequence).collect();
        let classes: Vec<&str> = classes.into_iter().map(Class::as_str).collect();
        let count =
            format!("{} in {}", plural(drifts.len(), "difference"), plural(files(drifts).len(), "file"));
        let who = owners(drifts);
        let who = if who.is_empty() { String::new() } else { format!("; owner {who}") };
        let line = line.map(|line| format!("{}: ", clean(line))).unwrap_or_default();
        out.push_str(&wrapped(&format!("{line}{count} ({}){who}", classes.join(", ")), 2, INDENT, style));
    }
    if lines.len() > LISTED {
        out.push_str(&format!("  and {}\n", plural(lines.len() - LISTED, "more line")));
    }
    if let Some(next) = next_step(drifts[0]) {
        out.push_str(&format!("      next: {next}; -v shows each\n"));
    }
    out.push('\n');
}

fn draw_group(group: &[&Drift], report: &Report, style: Style, out: &mut String) {
    let drift = group[0];
    let (sign, colour) = match drift.kind {
        Kind::Extra | Kind::FileExtra => ("+", "32"),
        Kind::Missing | Kind::FileMissing => ("-", "31"),
        Kind::Opaque => ("?", "35"),
        _ => ("~", "33"),
    };
    // What could not be told has no consequence that anybody knows.
    let class = if is_untold(drift) { "unknown" } else { drift.consequence.as_str() };
    let class = format!("{class:8}");
    let class =
        if is_open(drift) && drift.consequence <= Class::Data { style.paint(&class, "1;31") } else { class };
    out.push_str(&format!("  {} {class} {}\n", style.paint(sign, colour), places(group, report, style)));
    let mut say = |text: &str, colour: &str| {
        for line in wrapped(&clean(text), INDENT, INDENT, style).lines() {
            out.push_str(&format!("{:INDENT$}{}\n", "", painted(&line[INDENT..], colour, style)));
        }
    };
    if let Some(meaning) = meaning(drift) {
        say(meaning, "1");
    }
    let what =
        [clean(&drift.path), kind(drift)].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    if !what.is_empty() {
        say(&what.join("  "), "");
    }
    if shows_values(drift) {
        let room = style.width.saturating_sub(INDENT + 12);
        let (intended, deployed) = match (&drift.intended, &drift.deployed) {
            (Some(one), Some(other)) => {
                let (one, other) = short_pair(one, other, room);
                (Some(one), Some(other))
            }
            (one, other) => {
                (one.as_ref().map(|one| short(one, room)), other.as_ref().map(|other| short(other, room)))
            }
        };
        intended.iter().for_each(|value| say(&format!("intended  {value}"), ""));
        deployed.iter().for_each(|value| say(&format!("deployed  {value}"), ""));
    }
    if let Some(note) = &drift.note {
        say(note, "");
    }
    let owner =
        Some(owners(group)).filter(|owners| !owners.is_empty()).map(|owners| format!("owner {owners}"));
    let id = ids(group, style);
    let who = [owner, deviation(drift), attribution(drift).map(str::to_owned), id];
    let who: Vec<String> = who.into_iter().flatten().collect();
    if !who.is_empty() {
        say(&who.join(" · "), "2");
    }
    if let Some(next) = next_step(drift) {
        say(&format!("next: {next}"), "");
    }
}

/// By what names the verbs know the differences of a group: each has one of its own.
fn ids(group: &[&Drift], style: Style) -> Option<String> {
    let ids: Vec<String> =
        group.iter().filter(|drift| !drift.id.is_empty()).map(|drift| clean(&drift.id)).collect();
    let most = if style.verbose { usize::MAX } else { PLACES };
    match ids.as_slice() {
        [] => None,
        [one] => Some(format!("id {one}")),
        _ => Some(format!("ids {}", some(&ids, most))),
    }
}

fn painted(text: &str, colour: &str, style: Style) -> String {
    if colour.is_empty() { text.to_owned() } else { style.paint(text, colour) }
}

/// Where the same difference is: its lines, where there are several, and the first files.
fn places(group: &[&Drift], report: &Report, style: Style) -> String {
    let most = if style.verbose { usize::MAX } else { PLACES };
    let mut lines: Vec<&str> = group.iter().filter_map(|drift| drift.address.as_deref()).collect();
    lines.dedup();
    if lines.len() > 1 && report.lines.len() > 1 {
        let lines: Vec<String> = lines.into_iter().map(clean).collect();
        let files = some(&files(group), most);
        return format!("{} · the same on {} lines: {}", files, lines.len(), some(&lines, most));
    }
    match lines.as_slice() {
        [line] if group.len() > 1 => format!("{}: {}", clean(line), some(&files(group), most)),
        _ => some(&group.iter().map(|drift| full_place(drift)).collect::<Vec<_>>(), most),
    }
}

/// The place, with the line's address where the file does not begin with it.
fn full_place(drift: &Drift) -> String {
    match &drift.address {
        Some(address) if !drift.file.starts_with(&format!("{address}/")) => {
            format!("{} {}", clean(address), place(drift)).trim_end().to_owned()
        }
        _ => place(drift),
    }
}

/// Whether the values say more than the path does.
fn shows_values(drift: &Drift) -> bool {
    let only = drift.deployed.as_ref().or(drift.intended.as_ref()).and_then(Json::as_str);
    match drift.kind {
        Kind::Reordered | Kind::FileMissing | Kind::FileExtra => false,
        Kind::Extra | Kind::Missing => !only.is_some_and(|text| drift.path.ends_with(text)),
        _ => true,
    }
}

fn draw_clusters(report: &Report, style: Style, out: &mut String) {
    let shared: Vec<_> =
        report.clusters.iter().filter(|cluster| asks_the_standard(report, cluster)).collect();
    if shared.is_empty() {
        return;
    }
    out.push_str(&format!("{}\n", style.paint("THE SAME ON MANY LINES: IS THE STANDARD WRONG THERE?", "1")));
    for cluster in shared {
        let text =
            format!("{} on {}: {}", cluster.id, plural(cluster.lines.len(), "line"), clean(&cluster.summary));
        out.push_str(&wrapped(&text, 2, 6, style));
    }
    out.push('\n');
}

fn draw_lines(report: &Report, style: Style, out: &mut String) {
    let news = |line: &&LineReport| line.address.is_some() && line.verdict != Verdict::InOrder;
    let named: Vec<&LineReport> = report.lines.iter().filter(news).collect();
    if named.is_empty() || named.len() > LISTED {
        return;
    }
    // Where nothing is said about the evidence at all, each line need not repeat it.
    let dated = report.lines.iter().any(|line| line.age_days.is_some());
    let widest = |text: fn(&LineReport) -> &Option<String>| {
        named
            .iter()
            .filter_map(|line| text(line).as_ref())
            .map(|text| text.chars().count())
            .max()
            .unwrap_or(0)
    };
    let (address, blueprint) = (widest(|line| &line.address), widest(|line| &line.blueprint));
    for line in named {
        let text = |text: &Option<String>| clean(text.as_deref().unwrap_or_default());
        let verdict =
            verdict(line.verdict, &format!("{:12}", line.verdict.as_str().replace('-', " ")), style);
        let row = format!(
            "{:address$}  {verdict} {:blueprint$}  {}",
            text(&line.address),
            text(&line.blueprint),
            if dated { age(line.age_days) } else { String::new() }
        );
        out.push_str(&format!("{}\n", row.trim_end()));
    }
    out.push('\n');
}

fn age(days: Option<i64>) -> String {
    match days {
        Some(..=0) => "collected today".to_owned(),
        Some(1) => "collected yesterday".to_owned(),
        Some(days) => format!("collected {days} days ago"),
        None => "nobody knows when it was collected".to_owned(),
    }
}

fn verdict(verdict: Verdict, text: &str, style: Style) -> String {
    let colour = match verdict {
        Verdict::InOrder => "32",
        Verdict::Behind | Verdict::Approved => "36",
        Verdict::Drift => "31",
        Verdict::CannotTell => "35",
    };
    style.paint(text, colour)
}

/// One line that says it all.
fn summary(report: &Report, style: Style) -> String {
    let summary = report.summary;
    let count = |holds: fn(&Drift) -> bool| report.findings.iter().filter(|drift| holds(drift)).count();
    let untold = count(is_untold);
    let harmless =
        |drift: &Drift| drift.disposition == Disposition::Open && !is_open(drift) && !is_untold(drift);
    let ignored = if style.verbose { "ignored" } else { "ignored (-v shows them)" };
    let differences = counted(&[
        (summary.open.saturating_sub(untold), "open"),
        (untold, "could not be told"),
        (summary.expired, "expired"),
        (summary.approved, "approved"),
        (count(|drift| drift.disposition == Disposition::Behind), "behind"),
        (count(harmless), "without effect"),
        (summary.ignored, ignored),
    ]);
    let lines = counted(&[
        (summary.in_order, "in order"),
        (summary.drifted, "drifted"),
        (summary.behind, "behind"),
        (summary.approved_lines, "approved"),
        (summary.cannot_tell, "could not be told"),
    ]);
    let of_lines = if summary.lines > 1 {
        format!("{}: {lines}; ", plural(summary.lines, "line"))
    } else {
        String::new()
    };
    let differences = if differences.is_empty() { "no differences" } else { &differences };
    let word = report.verdict.as_str().replace('-', " ");
    let files = plural(summary.files, "file");
    let text = wrapped(&format!("{word} on {}: {of_lines}{files}, {differences}", report.as_of), 0, 2, style);
    text.trim_end().replacen(&word, &verdict(report.verdict, &word, style), 1)
}

fn counted(counts: &[(usize, &str)]) -> String {
    let parts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    parts.join(", ")
}

/// What to do first.
fn first(report: &Report, style: Style) -> String {
    let urgent = report
        .findings
        .iter()
        .find(|drift| is_open(drift))
        .or_else(|| report.findings.iter().find(|drift| is_untold(drift)));
    let Some((drift, next)) = urgent.and_then(|drift| Some((drift, next_step(drift)?))) else {
        return String::new();
    };
    let owner = drift.owner.as_ref().map(|owner| format!(" ({})", clean(owner))).unwrap_or_default();
    format!("\n{}", wrapped(&format!("next: {}: {next}{owner}", full_place(drift)), 0, 6, style).trim_end())
}

/// Breaks text at blanks so that it fits the width: columns before the first line, and before those that follow.
fn wrapped(text: &str, first: usize, rest: usize, style: Style) -> String {
    let mut out = " ".repeat(first);
    let mut column = first;
    for (at, word) in text.split(' ').enumerate() {
        let width = word.chars().count();
        if at > 0 && column + 1 + width > style.width {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.push_str(&" ".repeat(rest));
            column = rest;
        } else if at > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out.push('\n');
    out
}
