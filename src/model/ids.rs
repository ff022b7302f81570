//! Names: each kind of id is a type of its own, so that two ids of different things cannot be swapped.
//!
//! The patterns stand in the JSON Schemas; the names of the reference types tell the loader what must exist.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;

macro_rules! names {
    ($($(#[$meta:meta])* $name:ident;)*) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(
            #[allow(missing_docs)]
            pub String
        );
        name_impls!($name);
    )* };
}

macro_rules! name_impls {
    ($name:ident) => {
        impl $name {
            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

/// What every id looks like: safe in MQTT topics, DNS names, file paths and Grafana uids.
pub const ID_PATTERN: &str = "^[a-z][a-z0-9-]{0,31}$";
/// What the name of a value looks like: an identifier in expressions.
pub const VALUE_NAME_PATTERN: &str = "^[a-z][a-z0-9_]{0,31}$";
/// What the id of a record looks like, such as `RD-001` or `F-01.1`.
pub const RECORD_ID_PATTERN: &str = "^[A-Z]{1,3}-[0-9]{1,6}(\\.[0-9]{1,3})?$";

/// An id of a site, area, line, zone, asset, unit, output, metric or role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Id(#[schemars(regex(pattern = "^[a-z][a-z0-9-]{0,31}$"))] pub String);
name_impls!(Id);

/// The name of an input, default or fixed value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ValueName(#[schemars(regex(pattern = "^[a-z][a-z0-9_]{0,31}$"))] pub String);
name_impls!(ValueName);

/// The id of a record: a decision, deviation, lesson, goal, right, conduit, flow or countermeasure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RecordId(#[schemars(regex(pattern = "^[A-Z]{1,3}-[0-9]{1,6}(\\.[0-9]{1,3})?$"))] pub String);
name_impls!(RecordId);

/// A calendar date, `2026-11-22`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Date(#[schemars(extend("format" = "date"))] pub String);
name_impls!(Date);

/// A semantic version, `1.3.0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Version(#[schemars(extend("format" = "semver"))] pub String);
name_impls!(Version);

/// A range of versions, `>=1.1, <2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct VersionRange(#[schemars(extend("format" = "semver-range"))] pub String);
name_impls!(VersionRange);

names! {
    /// A role of jig.yaml.
    RoleRef;
    /// A system of record of jig.yaml.
    SystemRef;
    /// A metric of metrics.yaml.
    MetricRef;
    /// A goal of goals.yaml.
    GoalRef;
    /// A lesson of lessons.yaml.
    LessonRef;
    /// A profile of equipment.yaml.
    ProfileRef;
}

impl Date {
    /// Returns the calendar date; `None` where the text is not one.
    pub fn civil(&self) -> Option<jiff::civil::Date> {
        self.0.parse().ok()
    }
}
