//! What a change does and who must agree, for a terminal.

use crate::report::Style;
use crate::report::change::{Approval, Because, Change, Group};
use crate::report::words::{clean, plural, some};

/// Most names in a sentence, and most lines of one diff.
const NAMES: usize = 6;
const DIFF_LINES: usize = 40;

/// Draws a change.
pub(in crate::report) fn draw(change: &Change, style: Style) -> String {
    let effect = &change.effect;
    let mut out = format!("{}\n", style.paint("WHAT THE CHANGE DOES", "1"));
    if effect.files == 0 {
        out.push_str("  no rendered file changes\n");
    } else {
        let compared =
            if change.compared.is_empty() { String::new() } else { format!(", {}", clean(&change.compared)) };
        out.push_str(&format!(
            "  {} of {} change{compared}\n",
            plural(effect.files, "file"),
            plural(effect.lines, "line")
        ));
    }
    for path in &effect.paths {
        out.push_str(&format!(
            "  {} ({})\n",
            style.paint(&clean(&path.meaning), "1"),
            clean(&some(&path.lines, NAMES))
        ));
    }
    effect.groups.iter().for_each(|group| out.push_str(&group_text(group, style)));
    if !effect.unknown.is_empty() {
        let who = clean(&some(&effect.unknown, NAMES));
        out.push_str(&format!("  cannot tell for {who}: they do not render\n"));
    }
    out.push('\n');
    if !change.approvals.is_empty() {
        out.push_str(&format!("{}\n", style.paint("WHO MUST AGREE", "1")));
        change.approvals.iter().for_each(|approval| out.push_str(&agreement(approval)));
        out.push('\n');
    }
    if change.old > 0 {
        let (what, verb) = (plural(change.old, "finding"), if change.old == 1 { "was" } else { "were" });
        out.push_str(&format!("{what} {verb} there before; they do not fail this change\n\n"));
    }
    out
}

fn group_text(group: &Group, style: Style) -> String {
    let class = format!("{:8}", group.consequence);
    let class = if group.is_grave() { style.paint(&class, "31") } else { class };
    let varies = if group.varies { ", each with its own values" } else { "" };
    let lines = clean(&some(&group.lines, NAMES));
    let mut out =
        format!("  {class} {}  +{} -{}  {lines}{varies}\n", clean(&group.path), group.added, group.removed);
    let shown = if style.verbose { usize::MAX } else { DIFF_LINES };
    for line in group.diff.lines().take(shown) {
        let line = clean(&line.replace('\t', "    "));
        let colour = match line.as_bytes().first() {
            Some(b'+') => "32",
            Some(b'-') => "31",
            _ => "2",
        };
        out.push_str(&format!("      {}\n", style.paint(&line, colour)));
    }
    let more = group.diff.lines().count().saturating_sub(shown);
    if more > 0 {
        out.push_str(&format!("      and {}; -v shows all\n", plural(more, "more line")));
    }
    out
}

fn agreement(approval: &Approval) -> String {
    let agrees = match approval.agrees.as_slice() {
        [] => String::new(),
        teams => format!(", with {}", teams.join(", ")),
    };
    let within =
        if approval.within().is_empty() { String::new() } else { format!(" within {}", approval.within()) };
    let who = format!("{}  {} ({}) decides{within}{agrees}", approval.right, approval.decides, approval.team);
    let because: Vec<String> = approval.because.iter().map(Because::words).collect();
    format!("  {}\n      because of {}\n", clean(&who), clean(&some(&because, NAMES)))
}
