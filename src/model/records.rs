//! Decisions, deviations and the approvals that make them count.

use super::{Date, Json, RecordId, RoleRef, ValueName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// decisions/RD-nnn/decision.yaml: a risk decision, made once, valid for every line that meets the conditions.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Whether it stands for every line that meets the conditions.
    #[serde(default)]
    pub standing: bool,
    /// Conduits it covers, as `<blueprint>/<conduit>`.
    #[schemars(inner(regex(pattern = "^[a-z][a-z0-9-]{0,31}/[A-Z]{1,3}-[0-9]{1,6}(\\.[0-9]{1,3})?$")))]
    pub covers: Vec<String>,
    /// The question that was decided.
    pub question: Option<String>,
    /// Who answers for it where no decision right says so.
    pub owner: Option<RoleRef>,
    /// What could happen.
    pub threat: Option<String>,
    /// What it would mean, by area: safety, production, quality ...
    pub consequence: Option<Json>,
    /// Risk without treatment.
    pub unmitigated: Option<String>,
    /// Risk that is tolerable.
    pub tolerable: Option<String>,
    /// Risk that remains.
    pub residual: Option<String>,
    /// What is done about it.
    pub treatment: Option<String>,
    /// What a line must meet.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// The last day before it must be reviewed.
    pub review_by: Date,
}

/// A condition of a decision, checked by machine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The rule that checks it.
    pub check: String,
    /// What it means, in words.
    pub text: Option<String>,
}

/// deviations/DV-nnn/deviation.yaml: an approved, owned, expiring difference from the standard.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{ "required": ["changes"] }, { "required": ["accepts"] }]))]
pub struct Deviation {
    /// The line, as `site/line`.
    #[schemars(regex(pattern = "^[a-z][a-z0-9-]{0,31}/[a-z][a-z0-9-]{0,31}$"))]
    pub line: String,
    /// A value that is rendered differently.
    pub changes: Option<Change>,
    /// A drift or a finding that is accepted as it is.
    pub accepts: Option<Accepted>,
    /// Why.
    pub reason: Option<String>,
    /// What protects meanwhile.
    pub countermeasure: Option<String>,
    /// Who answers for it.
    pub owner: RoleRef,
    /// First day.
    pub opened: Option<Date>,
    /// Last day it counts.
    pub expires: Date,
    /// What closes it.
    pub closes_when: Option<String>,
}

/// A value changed by a deviation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The value's name.
    pub value: ValueName,
    /// The unit it is changed for; without it the whole line.
    pub of: Option<String>,
    /// What it becomes.
    pub to: Json,
}

/// What a deviation accepts: a drift (file, path and exactly the deployed value) or a finding (rule and flow).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The file of the drift, relative to the line's folder.
    pub drift: Option<String>,
    /// The path inside it.
    pub path: Option<String>,
    /// The sanctioned deployed value.
    pub deployed: Option<Json>,
    /// The rule of the finding.
    pub rule: Option<String>,
    /// The flow of the finding.
    pub flow: Option<RecordId>,
}

/// it.yaml or ot.yaml beside a record: one side's approval, bound to the digest of what it approved.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The role that approved.
    pub role: RoleRef,
    /// When.
    pub date: Option<Date>,
    /// Digests of the texts it approved: `b3:` and 64 hex digits.
    #[schemars(inner(regex(pattern = "^b3:[0-9a-f]{64}$")))]
    pub approves: Vec<String>,
}
