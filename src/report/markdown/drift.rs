//! The comment about drift: what could stop production first, each difference as a small diff.

use super::{Page, block, code, folded, html, prose};
use crate::compare::{Drift, LineReport, Verdict};
use crate::report::Drifts;
use crate::report::drifts::{
    SECTIONS, Section, asks_the_standard, attribution, deviation, groups, is_untold, kind, meaning,
    next_step, owners,
};
use crate::report::words::{clean, cut, plural, some, value};

/// Most names in one cell, and most characters of one.
const NAMES: usize = 4;
const CELL: usize = 400;
/// Most lines of one side of a diff.
const SIDE: usize = 30;
const FOR_THE_END: usize = 300;

pub(super) fn comment(drifts: &Drifts<'_>) -> String {
    let report = drifts.report;
    let mut page = Page::new("drift", drifts.name);
    page.head(&header(drifts));
    let mut left = 0;
    // All tables first: a table says more than the diff of another one.
    for section in SECTIONS.iter().filter(|section| !section.quiet) {
        let found = section.drifts(report);
        if found.is_empty() {
            continue;
        }
        page.add(&format!("### {}\n\n", section.title), FOR_THE_END);
        let rows = groups(&found).iter().map(|group| row(group)).collect();
        left += page.table(&["means", "where", "what", "owner", "next"], rows, FOR_THE_END);
    }
    page.add(&clusters(drifts), FOR_THE_END);
    page.add(&lines(drifts), FOR_THE_END);
    page.add(&warnings(drifts), FOR_THE_END);
    left += diffs(&mut page, drifts, &SECTIONS[..2]);
    if left > 0 {
        page.head(&format!("_{left} more found no room here; `jig diff` shows everything._\n"));
    }
    page.text
}

fn header(drifts: &Drifts<'_>) -> String {
    let (report, summary) = (drifts.report, drifts.report.summary);
    let word = match report.verdict {
        Verdict::InOrder => "in order",
        Verdict::Behind => "behind the standard",
        Verdict::Approved => "only approved differences",
        Verdict::Drift => "drift",
        Verdict::CannotTell => "could not tell",
    };
    let untold = report.findings.iter().filter(|drift| is_untold(drift)).count();
    let counts = [
        (summary.open.saturating_sub(untold), "open"),
        (summary.expired, "expired"),
        (untold, "could not be told"),
        (summary.approved, "approved"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let lines = [
        (summary.in_order, "in order"),
        (summary.drifted, "drifted"),
        (summary.cannot_tell, "could not be told"),
        (summary.approved_lines, "approved"),
        (summary.behind, "behind"),
    ];
    let lines: Vec<String> =
        lines.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let counts = if counts.is_empty() { "no open differences".to_owned() } else { counts.join(", ") };
    let lines = if lines.is_empty() {
        String::new()
    } else {
        format!("{}: {}. ", plural(summary.lines, "line"), lines.join(", "))
    };
    format!("## jig diff: {word}\n\nAs of {}. {lines}Differences: {counts}.\n\n", report.as_of)
}

fn row(group: &[&Drift]) -> Vec<String> {
    let drift = group[0];
    let class =
        if is_untold(drift) { "unknown".to_owned() } else { format!("**{}**", drift.consequence.as_str()) };
    let places: Vec<String> = group.iter().map(|drift| place(drift)).collect();
    let count = if group.len() > 1 { format!("{}: ", plural(group.len(), "place")) } else { String::new() };
    let what = [
        meaning(drift).map(str::to_owned),
        drift.note.clone(),
        deviation(drift),
        attribution(drift).map(str::to_owned),
    ];
    let path =
        if drift.path.is_empty() { String::new() } else { format!("{} ", code(&cut(&drift.path, CELL))) };
    let what: Vec<String> =
        [kind(drift)].into_iter().chain(what.into_iter().flatten()).filter(|part| !part.is_empty()).collect();
    vec![
        class,
        format!("{count}{}", code(&cut(&some(&places, NAMES), CELL))),
        format!("{path}{}", prose(&cut(&what.join("; "), CELL))),
        prose(&owners(group)),
        next_step(drift).unwrap_or_default().to_owned(),
    ]
}

fn place(drift: &Drift) -> String {
    let line = drift.line.map(|line| format!(":{line}")).unwrap_or_default();
    let address = drift.address.as_deref().filter(|address| !drift.file.starts_with(&format!("{address}/")));
    clean(&format!(
        "{}{}{line}",
        address.map(|address| format!("{address} ")).unwrap_or_default(),
        drift.file
    ))
}

fn clusters(drifts: &Drifts<'_>) -> String {
    let shared: Vec<String> = drifts
        .report
        .clusters
        .iter()
        .filter(|cluster| asks_the_standard(drifts.report, cluster))
        .map(|cluster| format!("- {} lines: {}\n", cluster.lines.len(), prose(&cut(&cluster.summary, CELL))))
        .collect();
    if shared.is_empty() {
        String::new()
    } else {
        format!("### The same on many lines: is the standard wrong there?\n\n{}\n", shared.concat())
    }
}

fn lines(drifts: &Drifts<'_>) -> String {
    let news = |line: &&LineReport| line.address.is_some() && line.verdict != Verdict::InOrder;
    let rows: Vec<String> = drifts
        .report
        .lines
        .iter()
        .filter(news)
        .map(|line| {
            let age = match line.age_days {
                Some(days) => plural(usize::try_from(days).unwrap_or(0), "day"),
                None => "unknown".to_owned(),
            };
            let text = |text: &Option<String>| text.as_ref().map(|text| code(text)).unwrap_or_default();
            format!(
                "| {} | {} | {} | {age} |\n",
                text(&line.address),
                line.verdict.as_str().replace('-', " "),
                text(&line.blueprint)
            )
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let head = "| line | verdict | blueprint | age of the evidence |\n| --- | --- | --- | --- |\n";
    folded(&format!("{} not in order", plural(rows.len(), "line")), &format!("{head}{}", rows.concat()))
}

fn warnings(drifts: &Drifts<'_>) -> String {
    let all: Vec<String> =
        drifts.report.warnings.iter().map(|text| format!("- {}\n", prose(&cut(text, CELL)))).collect();
    if all.is_empty() { String::new() } else { folded(&plural(all.len(), "warning"), &all.concat()) }
}

/// Each difference as a diff, as far as there is room; how many found none.
fn diffs(page: &mut Page, drifts: &Drifts<'_>, sections: &[Section]) -> usize {
    let mut left = 0;
    for section in sections {
        let found = section.drifts(drifts.report);
        for group in groups(&found) {
            let drift = group[0];
            let lines = sides(drift);
            if lines.is_empty() {
                continue;
            }
            let title =
                format!("<code>{}</code> {}", html(&cut(&place(drift), CELL)), html(&cut(&drift.path, CELL)));
            left += usize::from(!page.add(&folded(&title, &block("diff", &lines)), FOR_THE_END));
        }
    }
    left
}

fn sides(drift: &Drift) -> String {
    let mut out = String::new();
    for (sign, side) in [('-', &drift.intended), ('+', &drift.deployed)] {
        let Some(side) = side else { continue };
        let text = value(side);
        let count = text.lines().count();
        text.lines().take(SIDE).for_each(|line| out.push_str(&format!("{sign}{}\n", cut(line, CELL))));
        if count > SIDE {
            out.push_str(&format!("{sign}… {}\n", plural(count - SIDE, "more line")));
        }
    }
    out
}
