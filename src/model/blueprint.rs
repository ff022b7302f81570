//! blueprints/<id>/blueprint.yaml: the versioned standard.

use super::ids::{GoalRef, LessonRef, MetricRef};
use super::{Date, Id, Json, Map, RoleRef, ValueName, Version, VersionRange};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// blueprint.yaml: identity, inputs, defaults, fixed values, local regions and outputs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Blueprint {
    /// Semantic version; a released version is a git tag and never changes again.
    pub version: Version,
    /// What it describes: a line or a site.
    pub scope: Scope,
    /// Title as people say it.
    pub title: Option<String>,
    /// Who answers for the standard.
    pub owner: RoleRef,
    /// The line that proved it.
    pub pilot: Option<String>,
    /// Versions of other blueprints, and of jig, that it needs.
    #[serde(default)]
    pub requires: Map<String, VersionRange>,
    /// Until then a line that is only behind is `behind`, after it drift.
    pub adopt_by: Option<Date>,
    /// Goals it serves.
    #[serde(default)]
    pub goals: Vec<GoalRef>,
    /// What a line must answer.
    #[serde(default)]
    pub inputs: Map<ValueName, InputSchema>,
    /// What a line may override inside the schema.
    #[serde(default)]
    pub defaults: Map<ValueName, DefaultValue>,
    /// What only a deviation changes.
    #[serde(default)]
    pub fixed: Map<ValueName, Json>,
    /// Regions that the site owns.
    #[serde(default)]
    pub local: Vec<LocalRegion>,
    /// Metrics that its dashboards show.
    #[serde(default)]
    pub metrics: Vec<MetricRef>,
    /// For the cutover record.
    pub cutover: Option<Cutover>,
    /// Lessons it carries.
    #[serde(default)]
    pub lessons: Vec<LessonRef>,
    /// What render writes.
    pub outputs: Vec<Output>,
}

/// What a blueprint describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// A line.
    Line,
    /// A site.
    Site,
}

/// A question to the line: a JSON Schema (2020-12) with `owner`, `why`, `within`, `unique` and `enum_from` added.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct InputSchema {
    /// Who can answer.
    pub owner: RoleRef,
    /// Why it is asked.
    pub why: Option<String>,
    /// The network or networks that the address must lie in, as an expression.
    pub within: Option<String>,
    /// Where no other line may give the same answer: fleet or site.
    pub unique: Option<Unique>,
    /// The list that the answer must come from: equipment, or an expression.
    pub enum_from: Option<String>,
    /// The rest of the JSON Schema.
    #[serde(flatten)]
    pub schema: Map<String, Json>,
}

/// How far an answer must be unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unique {
    /// Among all lines.
    Fleet,
    /// Among the lines of the site.
    Site,
}

/// A value with a default: `value`, and the JSON Schema that an override must meet.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DefaultValue {
    /// The default.
    pub value: Json,
    /// The role that may override it.
    pub override_by: Option<RoleRef>,
    /// The rest of the JSON Schema.
    #[serde(flatten)]
    pub schema: Map<String, Json>,
}

/// A region of an output that the site owns: never rendered over, never reported as drift.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalRegion {
    /// The output.
    pub output: Id,
    /// A path of the output's comparison profile.
    pub path: String,
    /// Who owns it.
    pub owner: Option<RoleRef>,
    /// A remark.
    pub note: Option<String>,
}

/// For the cutover record.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cutover {
    /// Steps in order.
    #[serde(default)]
    pub steps: Vec<String>,
    /// Who may stop it.
    pub stop: Option<String>,
    /// The way back.
    pub way_back: Option<String>,
}

/// One output of a blueprint.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Its id.
    pub id: Id,
    /// The target that writes it.
    pub target: Id,
    /// Who answers for it.
    pub owner: Option<RoleRef>,
    /// Its path, as an expression; only for a target of one file.
    pub path: Option<String>,
    /// The name that backups use, as a glob.
    pub collected_as: Option<String>,
}
