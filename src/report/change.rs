//! What a change does and who must agree: plain data that every format can show.

use super::text::Style;
use serde_json::{Map, Value as Json, json};
use std::fmt::Write as _;

/// Something that a right is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Because {
    /// The word of rights.yaml: conduit, flow, `input:NAME` ...; `decision` and `right` for the records themselves.
    pub what: String,
    /// What is decided.
    pub id: String,
    /// The line or site; `None` where it is the same everywhere.
    pub address: Option<String>,
}

/// A decision right that a change touches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Approval {
    /// The id of the right.
    pub right: String,
    /// The role that decides.
    pub decides: String,
    /// Its team.
    pub team: String,
    /// The teams that must agree.
    pub agrees: Vec<String>,
    /// Longest time that it may take.
    pub within_working_days: Option<u32>,
    /// What it is asked for.
    pub because: Vec<Because>,
}

/// The same difference on one or more lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Lines and sites, sorted.
    pub lines: Vec<String>,
    /// The path of the file, the line's own name as `*`.
    pub path: String,
    /// Lines of text that are added in each.
    pub added: usize,
    /// Lines of text that are removed in each.
    pub removed: usize,
    /// The difference, as the first line has it.
    pub diff: String,
    /// What it may mean for production: path, security, data, metric, settings or look.
    pub consequence: &'static str,
    /// Whether the lines differ in their own values.
    pub varies: bool,
}

/// A path that opens or closes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// In words.
    pub meaning: String,
    /// Lines and sites, sorted.
    pub lines: Vec<String>,
}

/// What a change does to rendered files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// Lines and sites whose files change.
    pub lines: usize,
    /// Files that change.
    pub files: usize,
    /// Differences, worst first.
    pub groups: Vec<Group>,
    /// Paths that open or close, in words.
    pub paths: Vec<Opening>,
    /// Lines and sites whose files could not be rendered before or after.
    pub unknown: Vec<String>,
}

/// A change: what was compared, what it does, who must agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The older commit.
    pub base: String,
    /// The newer commit.
    pub head: String,
    /// What was compared, in words.
    pub compared: String,
    /// Who must agree.
    pub approvals: Vec<Approval>,
    /// What it does.
    pub effect: Effect,
    /// Findings that were there before.
    pub old: usize,
}

/// Consequences, worst first.
pub const CONSEQUENCES: &[&str] = &["path", "security", "data", "metric", "settings", "look"];

impl Change {
    /// Adds the change to the object of a report.
    pub fn add_to(&self, object: &mut Map<String, Json>) {
        object.insert(
            "compared".into(),
            json!({ "base": self.base, "head": self.head, "what": self.compared }),
        );
        object.insert("approvals".into(), self.approvals.iter().map(approval_json).collect());
        object.insert("effect".into(), effect_json(&self.effect));
    }

    /// Draws the change for a terminal.
    pub fn text(&self, style: Style) -> String {
        let mut out = String::new();
        let effect = &self.effect;
        if effect.files == 0 {
            out.push_str("Effect: no rendered file changes\n");
        } else {
            let lines = counted(effect.lines, "line or site", "lines and sites");
            let files = counted(effect.files, "file", "files");
            let _ = writeln!(out, "Effect: {files} of {lines} change");
        }
        for path in &effect.paths {
            let _ = writeln!(out, "  {} ({})", path.meaning, some(&path.lines));
        }
        for group in &effect.groups {
            out.push_str(&group_text(group, style));
        }
        if !effect.unknown.is_empty() {
            let _ = writeln!(out, "  cannot tell for {}: they do not render", some(&effect.unknown));
        }
        if !self.approvals.is_empty() {
            out.push_str("\nMust agree:\n");
        }
        for approval in &self.approvals {
            out.push_str(&approval_text(approval));
        }
        out
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The first few of a list.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let first = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{first} and {} more", names.len() - SHOWN) } else { first }
}

/// Most lines of one difference that are shown.
const LINES: usize = 40;

fn group_text(group: &Group, style: Style) -> String {
    let varies = if group.varies { ", each with its own values" } else { "" };
    let mut out = format!(
        "\n  {}: {} on {} ({}{varies}), +{} -{}\n",
        group.consequence,
        clean(&group.path),
        counted(group.lines.len(), "line", "lines"),
        some(&group.lines),
        group.added,
        group.removed
    );
    for line in group.diff.lines().take(LINES) {
        let line = clean(line);
        let colour = match line.chars().next() {
            Some('+') => "\u{1b}[32m",
            Some('-') => "\u{1b}[31m",
            _ => "",
        };
        if style == Style::Colour && !colour.is_empty() {
            let _ = writeln!(out, "    {colour}{line}\u{1b}[0m");
        } else {
            let _ = writeln!(out, "    {line}");
        }
    }
    let rest = group.diff.lines().count().saturating_sub(LINES);
    if rest > 0 {
        let _ = writeln!(out, "    ... {} more", counted(rest, "line", "lines"));
    }
    out
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

fn approval_text(approval: &Approval) -> String {
    let days = approval.within_working_days.map_or_else(String::new, |days| {
        format!(" within {}", counted(days as usize, "working day", "working days"))
    });
    let agrees = if approval.agrees.is_empty() {
        String::new()
    } else {
        format!(", with {}", approval.agrees.join(", "))
    };
    let because: Vec<String> = approval.because.iter().map(Because::words).collect();
    format!(
        "  {}: {} ({}) decides{days}{agrees}\n    because of {}\n",
        approval.right,
        approval.decides,
        approval.team,
        some(&because)
    )
}

impl Because {
    /// What it is about, in a few words.
    pub fn words(&self) -> String {
        let at = self.address.as_ref().map_or_else(String::new, |address| format!(" at {address}"));
        format!("{} {}{at}", self.what, self.id)
    }
}

fn approval_json(approval: &Approval) -> Json {
    let because =
        |because: &Because| json!({ "what": because.what, "id": because.id, "address": because.address });
    json!({
        "right": approval.right, "decides": approval.decides, "team": approval.team, "agrees": approval.agrees,
        "within_working_days": approval.within_working_days,
        "because": approval.because.iter().map(because).collect::<Json>(),
    })
}

fn effect_json(effect: &Effect) -> Json {
    let group = |group: &Group| {
        json!({
            "lines": group.lines, "path": group.path, "added": group.added, "removed": group.removed,
            "diff": group.diff, "consequence": group.consequence, "varies": group.varies,
        })
    };
    let path = |path: &Opening| json!({ "meaning": path.meaning, "lines": path.lines });
    json!({
        "lines": effect.lines, "files": effect.files,
        "groups": effect.groups.iter().map(group).collect::<Json>(),
        "paths": effect.paths.iter().map(path).collect::<Json>(),
        "unknown": effect.unknown,
    })
}
