//! What a change does and who must agree: plain data that every format can show.

use super::Style;
use super::words::plural;
use serde_json::{Map, Value as Json, json};

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
    #[must_use]
    pub fn text(&self, style: Style) -> String {
        super::text::change(self, style)
    }

    /// The worst consequence of the change.
    #[must_use]
    pub fn risk(&self) -> Option<&'static str> {
        let worst = self.effect.groups.iter().map(Group::rank).min()?;
        CONSEQUENCES.get(worst).copied()
    }
}

impl Group {
    /// Where its consequence stands among all, the worst first.
    #[must_use]
    pub fn rank(&self) -> usize {
        CONSEQUENCES.iter().position(|class| *class == self.consequence).unwrap_or(CONSEQUENCES.len())
    }

    /// Whether it could reach people or product on the line.
    #[must_use]
    pub fn is_grave(&self) -> bool {
        matches!(self.consequence, "path" | "security" | "data")
    }
}

impl Because {
    /// What it is about, in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        let at = self.address.as_ref().map_or_else(String::new, |address| format!(" at {address}"));
        format!("{} {}{at}", self.what, self.id)
    }
}

impl Approval {
    /// Within how long, in words; empty where nothing is said.
    #[must_use]
    pub fn within(&self) -> String {
        self.within_working_days.map(|days| plural(days as usize, "working day")).unwrap_or_default()
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
