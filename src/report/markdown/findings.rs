//! The comment about a change: who must agree, what it does, what is wrong.

use super::{Page, block, code, escaped, folded, html, prose};
use crate::finding::{Finding, Level};
use crate::report::Findings;
use crate::report::change::{Approval, Because, Change, Effect, Group};
use crate::report::words::{cut, plural, some};

/// Most rows of the table of who must agree, which belongs to the header.
const APPROVALS: usize = 20;
/// Most paths that open or close, each in words.
const PATHS: usize = 20;
/// Most names in one cell, and most characters of one cell of the header.
const NAMES: usize = 6;
const CELL: usize = 300;
/// Bytes that the diffs leave to the findings, and that everything leaves to the last sentence.
const FOR_FINDINGS: usize = 16_000;
const FOR_THE_END: usize = 300;

pub(super) fn comment(report: &Findings<'_>) -> String {
    let mut page = Page::new("plan", report.name);
    page.head(&header(report));
    let mut left = 0;
    if let Some(change) = report.change {
        left += effect(&mut page, change, if report.list.is_empty() { FOR_THE_END } else { FOR_FINDINGS });
    }
    let rows = report.list.iter().map(|finding| row(report, finding)).collect();
    if !report.list.is_empty() {
        page.add("### Findings\n\n", FOR_THE_END);
        left += page.table(&["level", "where", "what", "owner", "next"], rows, FOR_THE_END);
    }
    if left > 0 {
        page.head(&format!("_{left} more found no room here; `jig {}` shows everything._\n", report.command));
    }
    page.text
}

fn header(report: &Findings<'_>) -> String {
    let mut out = format!("## jig {}: {}\n\n", report.command, verdict(report));
    out.push_str(&accepted(report));
    let Some(change) = report.change else {
        let (lines, sites) = (plural(report.lines, "line"), plural(report.sites, "site"));
        let as_of = report.as_of.map(|date| format!(", as of {date}")).unwrap_or_default();
        out.push_str(&format!("{lines} at {sites}{as_of}.\n\n"));
        return out;
    };
    let Change { effect, .. } = change;
    let compared = match change.compared.as_str() {
        "" => String::new(),
        text => format!(" ({})", prose(&cut(text, CELL))),
    };
    let risk = change.risk().map_or("no rendered file changes".to_owned(), |risk| format!("risk **{risk}**"));
    let (lines, files) = (plural(effect.lines, "line"), plural(effect.files, "file"));
    out.push_str(&format!("**{lines}, {files}** change{compared}: {risk}.\n\n"));
    out.push_str(&paths(effect));
    if change.approvals.is_empty() && !effect.unknown.is_empty() {
        out.push_str("Who must agree cannot be told while lines do not render.\n\n");
    } else if change.approvals.is_empty() {
        out.push_str("Nobody has to decide anything.\n\n");
    } else {
        out.push_str("| right | decides | agrees | within | because of |\n| --- | --- | --- | --- | --- |\n");
        change.approvals.iter().take(APPROVALS).for_each(|approval| out.push_str(&agreement(approval)));
        let more = change.approvals.len().saturating_sub(APPROVALS);
        out.push_str(&if more > 0 { format!("\nand {more} more rights\n\n") } else { "\n".to_owned() });
    }
    if change.old > 0 {
        let verb = if change.old == 1 { "was" } else { "were" };
        out.push_str(&format!("{} {verb} there before and do not count.\n\n", plural(change.old, "finding")));
    }
    out
}

/// The findings that deviations accept, by deviation.
fn accepted(report: &Findings<'_>) -> String {
    let mut by: Vec<&str> =
        report.accepted.iter().filter_map(|f| f.accepted.as_ref()).map(|by| by.deviation.as_str()).collect();
    by.sort_unstable();
    by.dedup();
    if by.is_empty() {
        return String::new();
    }
    let how_many = plural(report.accepted.len(), "finding");
    format!("{how_many} accepted by {}.\n\n", prose(&cut(&some(&by, NAMES), CELL)))
}

/// What opens or closes, in words, and what could not be told.
fn paths(effect: &Effect) -> String {
    let which = |lines: &[String]| prose(&cut(&some(lines, NAMES), CELL));
    let shown = effect.paths.iter().take(PATHS);
    let mut items: Vec<String> = shown
        .map(|path| format!("- {} ({})\n", prose(&cut(&path.meaning, CELL)), which(&path.lines)))
        .collect();
    if effect.paths.len() > PATHS {
        items.push(format!("- and {} more\n", effect.paths.len() - PATHS));
    }
    if !effect.unknown.is_empty() {
        items.push(format!("- **cannot tell** for {}: they do not render\n", which(&effect.unknown)));
    }
    if items.is_empty() { String::new() } else { format!("{}\n", items.concat()) }
}

fn verdict(report: &Findings<'_>) -> String {
    let count = |level: Level, word: &str| {
        Some(plural(report.count(level), word)).filter(|_| report.count(level) > 0)
    };
    let parts = [count(Level::Error, "error"), count(Level::Warning, "warning"), count(Level::Note, "note")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let words = if parts.is_empty() { "in order".to_owned() } else { parts.join(", ") };
    if report.is_blind() { format!("could not tell ({words})") } else { words }
}

fn agreement(approval: &Approval) -> String {
    let because: Vec<String> = approval.because.iter().map(Because::words).collect();
    let agrees: Vec<String> = approval.agrees.iter().take(NAMES).map(|team| mention(team)).collect();
    let days = approval.within();
    format!(
        "| {} | {} {} | {} | {days} | {} |\n",
        code(&cut(&approval.right, CELL)),
        prose(&cut(&approval.decides, CELL)),
        mention(&approval.team),
        agrees.join(" "),
        prose(&cut(&some(&because, NAMES), CELL))
    )
}

/// A team is called when its name is one; whatever else stands there is only shown.
fn mention(team: &str) -> String {
    let is_name = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._/".contains(c))
    };
    match team.strip_prefix('@') {
        Some(name) if is_name(name) && team.len() < CELL => team.to_owned(),
        _ => code(&cut(team, CELL)),
    }
}

/// The table of groups and their diffs, the worst first; how many of them found no room.
fn effect(page: &mut Page, change: &Change, spare: usize) -> usize {
    let groups = &change.effect.groups;
    if groups.is_empty() {
        return 0;
    }
    page.add("### What it does\n\n", spare);
    // Half of the room is for the table, so that the worst changes are shown in full.
    let reserved = spare.max(page.limit.saturating_sub(page.text.len()) / 2);
    let rows = groups.iter().map(group_row).collect();
    let mut left = page.table(&["risk", "lines", "file", "change", "which"], rows, reserved);
    let shown = groups.iter().take_while(|group| page.add(&diff(group), spare)).count();
    left += groups.len() - shown;
    left
}

fn group_row(group: &Group) -> Vec<String> {
    let risk =
        if group.is_grave() { format!("**{}**", group.consequence) } else { group.consequence.to_owned() };
    let varies = if group.varies { ", each with its own values" } else { "" };
    vec![
        risk,
        group.lines.len().to_string(),
        code(&cut(&group.path, CELL)),
        format!("+{} −{}", group.added, group.removed),
        format!("{}{varies}", escaped(&cut(&some(&group.lines, NAMES), CELL))),
    ]
}

/// Most lines of one diff.
const DIFF_LINES: usize = 200;

fn diff(group: &Group) -> String {
    let lines: Vec<&str> = group.diff.lines().collect();
    let more = lines.len().saturating_sub(DIFF_LINES);
    let rest = if more > 0 { format!("and {}\n", plural(more, "more line")) } else { String::new() };
    let text = lines[..lines.len() - more].join("\n");
    let title =
        format!("<code>{}</code> on {}", html(&cut(&group.path, CELL)), plural(group.lines.len(), "line"));
    folded(&title, &format!("{}{rest}", block("diff", &text)))
}

fn row(report: &Findings<'_>, finding: &Finding) -> Vec<String> {
    let line = finding.place.as_ref().and_then(|place| place.range).map(|range| format!(":{}", range.line));
    let place = finding
        .place
        .as_ref()
        .map(|place| code(&format!("{}{}", report.path(Some(place)), line.unwrap_or_default())));
    let about = finding.address.as_ref().map(|address| escaped(address));
    let mark = match finding.level {
        Level::Error => "**error**",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    vec![
        mark.to_owned(),
        [place, about].into_iter().flatten().collect::<Vec<_>>().join(" "),
        format!("{} ({})", prose(&cut(&finding.message, 600)), code(finding.rule)),
        escaped(finding.owner.as_deref().unwrap_or_default()),
        prose(&cut(&finding.next, 600)),
    ]
}
