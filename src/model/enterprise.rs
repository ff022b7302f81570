//! What the enterprise shares: jig.yaml, rights.yaml, goals.yaml, metrics.yaml, equipment.yaml, lessons.yaml.

use super::ids::{GoalRef, LessonRef, ProfileRef, SystemRef};
use super::{Date, Id, Json, Map, OneOrMany, RecordId, RoleRef, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// jig.yaml: the enterprise, its roles, systems of record, namespace and settings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Enterprise {
    /// Id of the enterprise, first part of every topic.
    pub enterprise: Id,
    /// Name as people say it.
    pub name: Option<String>,
    /// Every owner anywhere is one of these.
    pub roles: Map<Id, Role>,
    /// Systems of record; nothing else may claim that word.
    #[serde(default)]
    pub systems: Map<Id, System>,
    /// Names that are derived the same way for every line, as expressions.
    #[schemars(with = "Option<Namespace>")]
    pub namespace: Option<Map<String, Json>>,
    /// What may be tuned; everything has a default.
    #[serde(default)]
    pub settings: Settings,
}

/// The names that rules know, among any others.
#[derive(JsonSchema)]
#[allow(dead_code)] // only its schema is used: expressions see the names as they are written
struct Namespace {
    /// The first part of a line's MQTT topics.
    topic: Option<String>,
    /// Sparkplug's names for a line.
    sparkplug: Option<Sparkplug>,
    #[serde(flatten)]
    others: Map<String, Json>,
}

/// Sparkplug's names for a line.
#[derive(JsonSchema)]
#[allow(dead_code)] // as above
struct Sparkplug {
    /// The group.
    group: Option<String>,
    /// The edge node.
    edge_node: Option<String>,
    #[serde(flatten)]
    others: Map<String, Json>,
}

/// A role: a team with a deputy, never one person.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Name as people say it.
    pub name: Option<String>,
    /// Which side of the house it speaks for.
    pub side: Side,
    /// The team, as code owners know it; `{site}` stands for the site.
    pub team: String,
    /// The role that stands in.
    pub deputy: RoleRef,
}

/// The side that a role speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Information technology.
    It,
    /// Operational technology.
    Ot,
    /// Both.
    Joint,
    /// Outside the enterprise; never approves.
    External,
}

impl Side {
    /// Returns the word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::It => "it",
            Self::Ot => "ot",
            Self::Joint => "joint",
            Self::External => "external",
        }
    }
}

/// A system of record.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Name as people say it.
    pub name: Option<String>,
    /// Level in the ISA-95 hierarchy, such as L4.
    pub level: Option<String>,
    /// Who answers for it.
    pub owner: Option<RoleRef>,
    /// What it is the record of.
    #[serde(default)]
    pub records: Vec<String>,
}

/// Settings of the fleet.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Days until what was collected from a site is too old to judge by.
    #[schemars(range(min = 0))]
    pub evidence_max_age_days: i64,
    /// Most metrics in the catalogue.
    #[schemars(range(min = 0))]
    pub metrics_max: u64,
    /// Days that a decision past its review date still counts, with a warning.
    #[schemars(range(min = 0, max = 36500))]
    pub review_grace_days: i64,
    /// Where the plant's backups lie, relative to the fleet.
    pub deployed: String,
    /// Fixes today, for frozen fleets such as examples.
    pub as_of: Option<Date>,
    /// Changes the level of a rule.
    pub rules: Map<String, RuleLevel>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            evidence_max_age_days: 7,
            metrics_max: 12,
            review_grace_days: 30,
            deployed: "deployed".into(),
            as_of: None,
            rules: Map::new(),
        }
    }
}

/// The level of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleLevel {
    /// Fails the run.
    Error,
    /// Shown.
    Warning,
    /// Shown last.
    Note,
    /// Not shown.
    Off,
}

/// rights.yaml: who decides what, with whom, how fast.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    /// Decision rights by id.
    #[serde(default)]
    pub rights: Map<RecordId, Right>,
    /// What no decision can override.
    #[serde(default)]
    pub guardrails: Vec<Guardrail>,
}

/// One decision right.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Right {
    /// What is decided: conduit, flow, `input:<name>`, `override:<name>`, tag, write, metric, system-of-record,
    /// deviation, release, window, vendor-session or emergency.
    pub what: Subject,
    /// How far it reaches: enterprise, blueprint, site or line.
    pub scope: Option<RightScope>,
    /// The role that decides.
    pub decides: RoleRef,
    /// The roles that must agree.
    #[serde(default)]
    pub agrees: Vec<RoleRef>,
    /// The roles that are asked.
    #[serde(default)]
    pub consulted: Vec<RoleRef>,
    /// The roles that are told.
    #[serde(default)]
    pub informed: Vec<RoleRef>,
    /// Longest time it may take.
    #[schemars(range(min = 0))]
    pub within_working_days: Option<u32>,
    /// What happens past that time.
    pub if_late: Option<String>,
    /// Days until an emergency is followed up.
    pub must_follow_up_within_days: Option<u32>,
    /// Which sides must approve.
    #[serde(default)]
    pub sides: Sides,
}

/// What a right is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Subject(
    #[schemars(regex(
        pattern = "^(conduit|flow|tag|write|metric|system-of-record|deviation|release|window|vendor-session|emergency|(input|override):[a-z][a-z0-9_]{0,31})$"
    ))]
    pub String,
);

/// How far a right reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum RightScope {
    Enterprise,
    Blueprint,
    Site,
    Line,
}

/// Which sides must approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Sides {
    #[default]
    Both,
    It,
    Ot,
}

/// A rule that no decision overrides.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guardrail {
    /// Its id.
    pub id: Option<RecordId>,
    /// What it says.
    pub text: String,
    /// The rule that checks it.
    pub rule: Option<String>,
}

/// goals.yaml: long-term operational goals.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Goals {
    /// Goals by id.
    pub goals: Map<RecordId, Goal>,
}

/// One goal.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// What is to be reached.
    pub statement: Option<String>,
    /// Who wants it.
    pub sponsor: Option<RoleRef>,
    /// The metric that measures it; `deployment-effort` and `unapproved-paths` are counted by jig itself.
    pub metric: Option<String>,
    /// Where it started.
    pub baseline: Option<Baseline>,
    /// Where it shall end.
    pub target: Option<GoalTarget>,
}

/// Where a goal started.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The value.
    pub value: f64,
    /// When it was measured: a date or `from/to`.
    pub measured: Option<String>,
    /// Its unit, where the metric does not say.
    pub unit: Option<String>,
    /// The lines it was measured at.
    #[serde(default)]
    pub lines: Vec<String>,
}

/// Where a goal shall end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalTarget {
    /// The value.
    pub value: f64,
    /// The last day.
    pub by: Option<Date>,
}

/// metrics.yaml: the catalogue of trusted metrics, in ISO 22400-2 words.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricCatalogue {
    /// What formulas are made of, by symbol: APT, PBT, PQ ...
    #[serde(default)]
    pub elements: Map<String, Element>,
    /// The metrics.
    #[serde(default)]
    pub metrics: Map<Id, Metric>,
}

/// One element of formulas.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Element {
    /// Name in words.
    pub name: Option<String>,
    /// Unit in UCUM.
    pub unit: Option<String>,
    /// System of record.
    pub record: Option<SystemRef>,
    /// How it is obtained.
    pub how: Option<String>,
    /// Which reading of the equipment profile feeds it; without it the system of record delivers it.
    pub reads: Option<Reading>,
    /// The value that names the unit it is read from; without it every unit.
    pub of: Option<String>,
}

/// What can be read from equipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Reading {
    State,
    Mode,
    Processed,
    Defective,
}

impl Reading {
    /// Returns the word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Mode => "mode",
            Self::Processed => "processed",
            Self::Defective => "defective",
        }
    }
}

/// One metric.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Name as people say it.
    pub name: Option<String>,
    /// Formula over elements and metrics.
    pub formula: Option<String>,
    /// Unit in UCUM; ratios are "1".
    pub unit: Option<String>,
    /// How it is shown, such as "%".
    pub show_as: Option<String>,
    /// Which way is better.
    pub better: Option<Better>,
    /// Level of the hierarchy it is computed at.
    pub level: Option<String>,
    /// Window it is computed over.
    pub window: Option<String>,
    /// Who answers for its meaning.
    pub owner: Option<RoleRef>,
    /// System of record.
    pub record: Option<SystemRef>,
    /// Goals it serves.
    #[serde(default)]
    pub goals: Vec<GoalRef>,
    /// How it is reconciled with the system of record.
    pub reconcile: Option<Reconcile>,
    /// Where the formula comes from.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// A remark.
    pub note: Option<String>,
    /// What must exist for it.
    pub needs: Option<String>,
    /// When two lines may be compared by it.
    pub compare_only_if: Option<String>,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Better {
    Higher,
    Lower,
}

/// How a metric is reconciled with its system of record.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// The system of record.
    pub with: SystemRef,
    /// Its field.
    pub field: Option<String>,
    /// When.
    pub at: Option<String>,
    /// Largest difference that counts as agreement.
    pub tolerance: Option<Tolerance>,
    /// Who settles a difference.
    pub owner: Option<RoleRef>,
}

/// Largest difference that counts as agreement.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// As a share of theirs.
    pub relative: Option<f64>,
    /// In the metric's own unit.
    pub absolute: Option<f64>,
}

/// equipment.yaml: equipment types, so that the next line only names them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EquipmentCatalogue {
    /// How to read state, mode and counters.
    #[serde(default)]
    pub profiles: Map<Id, Profile>,
    /// The types.
    #[serde(default)]
    pub types: Map<Id, EquipmentType>,
}

/// How to read equipment. Further keys are data for templates.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// The protocol: opcua, modbus ...
    pub protocol: Option<String>,
    /// Where the state is read.
    pub state: Option<Json>,
    /// Where the mode is read.
    pub mode: Option<Json>,
    /// The counter of processed pieces.
    pub processed: Option<Json>,
    /// The counter of defective pieces.
    pub defective: Option<Json>,
}

/// An equipment type. Further keys are data for templates.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EquipmentType {
    /// Name as people say it.
    pub name: Option<String>,
    /// How it is read.
    pub profile: Option<ProfileRef>,
    /// Sessions that its controller allows.
    #[schemars(range(min = 0))]
    pub max_sessions: Option<u32>,
    /// Security level that it is capable of (IEC 62443 SL-C).
    #[schemars(range(min = 0, max = 4))]
    pub sl_c: Option<u8>,
    /// Countermeasures that go with it.
    #[serde(default)]
    pub countermeasures: Vec<RecordId>,
    /// Where the state is read, and its raw codes as PackML states.
    pub state: Option<Json>,
    /// The line that met it first.
    pub first_at: Option<String>,
}

/// lessons.yaml: what the floor taught the standard.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lessons {
    /// Lessons by id.
    pub lessons: Map<RecordId, Lesson>,
}

/// One lesson.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// Where it was seen.
    pub seen_at: Option<OneOrMany<String>>,
    /// When.
    pub date: Option<Date>,
    /// What happened.
    pub what: Option<String>,
    /// Why.
    pub cause: Option<String>,
    /// What the standard does about it.
    pub change: Option<String>,
    /// The version and rule that carry it; without it the lesson is open.
    pub carried_by: Option<CarriedBy>,
    /// Lines at which its rule caught something.
    #[serde(default)]
    pub caught: Vec<String>,
    /// Lines deployed since.
    #[serde(default)]
    pub lines_since: Vec<String>,
    /// Lessons that belong to it.
    #[serde(default)]
    pub see: Vec<LessonRef>,
}

/// What carries a lesson.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarriedBy {
    /// Blueprint version.
    pub version: Option<Version>,
    /// Rule.
    pub rule: Option<String>,
    /// Input.
    pub input: Option<String>,
}
