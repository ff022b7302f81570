//! blueprints/<id>/conduits.yaml: zones, conduits and flows (IEC 62443-3-2).
//!
//! Every text may hold expressions in double braces, evaluated for each line.

use super::{Date, Id, Map, RecordId, RoleRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// conduits.yaml.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conduits {
    /// Zones, grouped by function and risk.
    #[serde(default)]
    pub zones: Map<Id, ZoneSpec>,
    /// Things with an address, each in exactly one zone.
    #[serde(default)]
    pub assets: Map<Id, Asset>,
    /// Where conduits are enforced.
    #[serde(default)]
    pub devices: Map<Id, Device>,
    /// Services beside the built-in ones.
    #[serde(default)]
    pub services: Map<Id, Service>,
    /// Channels between two zones.
    #[serde(default)]
    pub conduits: Map<RecordId, Conduit>,
    /// Countermeasures.
    #[serde(default)]
    pub countermeasures: Map<RecordId, Countermeasure>,
}

/// A zone: a group of assets with the same function and risk.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneSpec {
    /// Name as people say it.
    pub name: Option<String>,
    /// What it is for.
    pub function: Option<String>,
    /// Level in the Purdue model: 0, 1, 2, 3, 3.5, 4, 5, safety or remote.
    pub purdue: Option<Purdue>,
    /// Target security level, or a vector of the seven foundational requirements.
    pub sl_t: Option<SecurityLevel>,
    /// Who answers for it.
    pub owner: Option<RoleRef>,
    /// Its networks.
    #[serde(default)]
    pub prefixes: Vec<String>,
    /// Whether nothing may reach it.
    #[serde(default)]
    pub isolated: bool,
}

/// A level of the Purdue model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Purdue {
    /// 0 to 5, also 3.5.
    Level(#[schemars(extend("enum" = [0, 1, 2, 3, 3.5, 4, 5]))] f64),
    /// `safety`, `remote`, or a level in quotes.
    Word(#[schemars(extend("enum" = ["0", "1", "2", "3", "3.5", "4", "5", "safety", "remote"]))] String),
}

impl Purdue {
    /// Returns the level as text.
    pub fn text(&self) -> String {
        match self {
            Self::Level(level) => level.to_string(),
            Self::Word(word) => word.clone(),
        }
    }

    /// Returns the level as a number; safety counts as 1, remote as 5.
    pub fn level(&self) -> f64 {
        match self {
            Self::Level(level) => *level,
            Self::Word(word) if word == "safety" => 1.0,
            Self::Word(word) => word.parse().unwrap_or(5.0),
        }
    }
}

/// A security level of IEC 62443-3-3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SecurityLevel {
    /// One level for all.
    Level(#[schemars(range(min = 0, max = 4))] u8),
    /// One per foundational requirement: IAC, UC, SI, DC, RDF, TRE, RA.
    Vector(SecurityVector),
}

/// Security levels per foundational requirement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub struct SecurityVector {
    #[schemars(range(min = 0, max = 4))]
    pub iac: Option<u8>,
    #[schemars(range(min = 0, max = 4))]
    pub uc: Option<u8>,
    #[schemars(range(min = 0, max = 4))]
    pub si: Option<u8>,
    #[schemars(range(min = 0, max = 4))]
    pub dc: Option<u8>,
    #[schemars(range(min = 0, max = 4))]
    pub rdf: Option<u8>,
    #[schemars(range(min = 0, max = 4))]
    pub tre: Option<u8>,
    #[schemars(range(min = 0, max = 4))]
    pub ra: Option<u8>,
}

/// A thing with an address.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// Its zone.
    pub zone: String,
    /// Its addresses.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// What it does.
    pub role: Option<String>,
    /// Name as people say it.
    pub name: Option<String>,
}

/// A device that enforces conduits.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The output that configures it.
    pub output: Option<String>,
    /// Address families it filters.
    #[serde(default)]
    pub families: Vec<Family>,
    /// Whether it tracks connections.
    pub stateful: Option<bool>,
    /// Interface by zone.
    #[serde(default)]
    pub interfaces: Map<Id, String>,
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Family {
    Ipv4,
    Ipv6,
}

/// A service: what a flow speaks.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// What its packets look like.
    #[serde(rename = "match")]
    pub matches: Vec<Match>,
    /// Whether it is encrypted.
    pub encrypted: Option<Encrypted>,
    /// Name as people say it.
    pub name: Option<String>,
}

/// One protocol and its ports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// tcp, udp, icmp, icmpv6 ...
    pub proto: String,
    /// Destination ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dport: Vec<PortSpec>,
    /// Source ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sport: Vec<PortSpec>,
}

/// A port, or a range `first-last`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PortSpec {
    /// One port.
    One(#[schemars(range(min = 0, max = 65535))] u16),
    /// A range.
    Range(#[schemars(regex(pattern = "^[0-9]{1,5}-[0-9]{1,5}$"))] String),
}

/// Whether a service is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Encrypted {
    Always,
    Optional,
    Never,
}

/// A conduit: the channel between two zones.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conduit {
    /// Name as people say it.
    pub name: Option<String>,
    /// The two zones it joins.
    #[serde(default)]
    #[schemars(length(min = 2, max = 2))]
    pub zones: Vec<String>,
    /// Devices that enforce it.
    #[serde(default)]
    pub enforced_by: Vec<String>,
    /// Who answers for it.
    pub owner: Option<RoleRef>,
    /// The risk decision.
    pub decision: Option<String>,
    /// What happens to production when it is lost.
    pub if_lost: Option<String>,
    /// What it may cost the controllers.
    pub budget: Option<Budget>,
    /// Target security level.
    pub sl_t: Option<SecurityLevel>,
    /// Whether it is open only for a time.
    #[serde(default)]
    pub temporary: bool,
    /// Communication paths inside it.
    #[serde(default)]
    pub flows: Map<RecordId, Flow>,
}

/// What a conduit may cost the controllers.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Sessions to one controller.
    #[schemars(range(min = 0))]
    pub sessions_per_controller: Option<u32>,
    /// Shortest sampling interval in milliseconds.
    #[schemars(range(min = 0))]
    pub min_sampling_ms: Option<f64>,
}

/// A flow: one communication path.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// What it is for.
    pub purpose: String,
    /// Who initiates: an asset, a zone or `unit`.
    pub from: String,
    /// Who responds: an asset, a zone or `unit`.
    pub to: String,
    /// The list value whose elements it exists for; the element is `unit`.
    pub for_each: Option<String>,
    /// When it exists, as an expression.
    pub when: Option<String>,
    /// What it speaks.
    pub service: String,
    /// What it may do.
    pub access: String,
    /// How the initiator proves who it is.
    pub auth: Option<String>,
    /// Who answers for it, where it is not the conduit's owner.
    pub owner: Option<RoleRef>,
    /// The countermeasure that makes up for a weakness.
    pub countermeasure: Option<String>,
    /// The last day of a temporary flow.
    pub expires: Option<Date>,
    /// Why it is as it is.
    pub because: Option<String>,
}

/// Words for `access`.
pub const ACCESS: &[&str] = &["read", "write", "publish", "subscribe"];
/// Words for `auth`.
pub const AUTH: &[&str] = &["none", "password", "key", "application-certificate", "client-certificate"];

/// A countermeasure.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Countermeasure {
    /// The weakness.
    #[serde(rename = "for")]
    pub weakness: Option<String>,
    /// What is done.
    pub text: Option<String>,
    /// What it adds to the achieved security level.
    pub sl_gain: Option<u8>,
}
