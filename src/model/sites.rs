//! sites/<site>/site.yaml and sites/<site>/lines/<line>.yaml.

use super::conduits::{Purdue, SecurityLevel};
use super::ids::GoalRef;
use super::{Id, Json, Map, RoleRef, ValueName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// site.yaml: what a site is, before its lines.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Name as people say it.
    pub name: String,
    /// IANA time zone.
    pub timezone: String,
    /// Country.
    pub country: Option<String>,
    /// The blueprint of the site, as `<id>@<version>`.
    #[schemars(regex(pattern = "^[a-z][a-z0-9-]{0,31}@[0-9A-Za-z.+-]+$"))]
    pub blueprint: Option<String>,
    /// Network that everything at the site lies in.
    pub supernet: Option<String>,
    /// Zones of the site.
    #[serde(default)]
    pub zones: Map<Id, SiteZone>,
    /// Answers for the site's blueprint.
    #[serde(default)]
    pub inputs: Map<ValueName, Json>,
    /// Overrides for the site's blueprint and every line of the site.
    #[serde(default)]
    pub overrides: Map<ValueName, Override>,
    /// Shifts.
    #[serde(default)]
    pub shifts: Vec<Json>,
    /// Areas.
    #[serde(default)]
    pub areas: Vec<Json>,
}

/// A zone of a site.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteZone {
    /// Its network or networks.
    pub subnet: Option<OneOrMany<String>>,
    /// Things with an address in it: id and address.
    #[serde(default)]
    pub assets: Map<Id, OneOrMany<String>>,
    /// Name as people say it.
    pub name: Option<String>,
    /// Who answers for it; without it the owner of the site's blueprint.
    pub owner: Option<RoleRef>,
    /// Level in the Purdue model.
    pub purdue: Option<Purdue>,
    /// Target security level.
    pub sl_t: Option<SecurityLevel>,
}

/// One thing or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// Returns all of them.
    pub fn all(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// A default that a site or line sets itself, with who and why.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The value.
    pub value: Json,
    /// The role that decided it.
    pub by: Option<RoleRef>,
    /// Why.
    #[schemars(length(min = 1))]
    pub why: Option<String>,
}

/// lines/<line>.yaml: the answers of one line.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The area it stands in.
    pub area: Id,
    /// The standard it follows, as `<id>@<version>`.
    #[schemars(regex(pattern = "^[a-z][a-z0-9-]{0,31}@[0-9A-Za-z.+-]+$"))]
    pub blueprint: String,
    /// The goal it serves.
    pub goal: Option<GoalRef>,
    /// When it may be changed.
    pub window: Option<String>,
    /// Its answers.
    #[serde(default)]
    pub inputs: Map<ValueName, Json>,
    /// Defaults that it sets itself.
    #[serde(default)]
    pub overrides: Map<ValueName, Override>,
}
