//! The words of the trade as plain data: what each fleet file holds.
//!
//! One struct per file format, in the field's terms (ISA-95, IEC 62443-3-2, ISO 22400-2). No behaviour reaches
//! outside; the doc comments become the descriptions in the published JSON Schemas.

pub mod blueprint;
pub mod conduits;
pub mod enterprise;
pub mod ids;
pub mod records;
pub mod sites;
pub mod target;

pub use blueprint::{Blueprint, Cutover, DefaultValue, InputSchema, Output, Scope};
pub use conduits::{
    Asset, Conduit, Conduits, Countermeasure, Device, Flow, Match, PortSpec, Service, ZoneSpec,
};
pub use enterprise::{
    Element, Enterprise, EquipmentCatalogue, EquipmentType, Goal, Goals, Lesson, Lessons, Metric,
    MetricCatalogue, Profile, Reading, Right, Rights, Role, RuleLevel, Settings, Side, Subject, System,
};
pub use ids::{Date, Id, RecordId, RoleRef, ValueName, Version, VersionRange};
pub use records::{Approval, Change, Decision, Deviation};
pub use sites::{Line, OneOrMany, Override, Site, SiteZone};
pub use target::{Compare, Consequence, Kind, ListRule, Target, TargetFile};

/// A map that keeps the order of its file.
pub type Map<K, V> = indexmap::IndexMap<K, V>;
/// A value as the file has it.
pub type Json = serde_json::Value;
