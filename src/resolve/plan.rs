//! The plan of one line or site: every value with its origin, every flow with its addresses and owners.
//!
//! Plain data that templates see through `render::context`, and that rules and reports read.

use super::expression::Value;
use crate::finding::{Finding, Place};
use crate::load::{Address, Standard};
use crate::model::conduits::Family;
use crate::model::conduits::{Encrypted, Match};
use crate::model::{Json, Map};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The layer that set a value; the later ones win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// A default of the blueprint.
    Default,
    /// Fixed by the blueprint.
    Fixed,
    /// An answer of the line or site.
    Input,
    /// An override of the site.
    Site,
    /// An override of the line.
    Line,
    /// A deviation.
    Deviation,
}

impl Layer {
    /// Returns the word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Fixed => "fixed",
            Self::Input => "input",
            Self::Site => "site",
            Self::Line => "line",
            Self::Deviation => "deviation",
        }
    }
}

/// Where a value came from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The layer.
    pub layer: Layer,
    /// File and lines.
    pub place: Place,
}

/// A value and its origin.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

/// A zone with its networks.
#[derive(Debug, Clone, Serialize)]
pub struct Zone {
    /// Id.
    pub id: String,
    /// Name as people say it; the id without one.
    pub name: String,
    /// What it is for.
    pub function: Option<String>,
    /// Purdue level as written.
    pub purdue: Json,
    /// Target security level as written.
    pub sl_t: Json,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Networks.
    pub prefixes: Vec<String>,
    /// Whether nothing may reach it.
    pub isolated: bool,
    /// Purdue level as a number, for comparing trust.
    #[serde(skip)]
    pub level: Option<f64>,
    /// Whether its addresses could not be told; a finding says why.
    #[serde(skip)]
    pub is_broken: bool,
    /// Where it is defined.
    #[serde(skip)]
    pub place: Option<Place>,
}

/// A thing with addresses.
#[derive(Debug, Clone, Serialize)]
pub struct Asset {
    /// Id.
    pub id: String,
    /// Name as people say it; the id without one.
    pub name: String,
    /// Its zone.
    pub zone: String,
    /// What it does.
    pub role: Option<String>,
    /// Addresses.
    pub addresses: Vec<String>,
    /// Whether its addresses could not be told; a finding says why.
    #[serde(skip)]
    pub is_broken: bool,
    /// Where it is defined.
    #[serde(skip)]
    pub place: Option<Place>,
}

/// A device that enforces conduits.
#[derive(Debug, Clone, Serialize)]
pub struct Device {
    /// Id.
    pub id: String,
    /// The output that configures it.
    pub output: Option<String>,
    /// Address families it filters; both without a word.
    pub families: Vec<Family>,
    /// Whether it tracks connections.
    pub stateful: bool,
    /// Interface by zone.
    pub interfaces: Map<String, String>,
}

/// One end of a flow.
#[derive(Debug, Clone, Serialize)]
pub struct End {
    /// The asset, unit or zone.
    pub name: String,
    /// Its zone.
    pub zone: String,
    /// Its addresses or networks; never empty.
    pub addresses: Vec<String>,
}

/// A flow of this line, for one unit.
#[derive(Debug, Clone, Serialize)]
pub struct Flow {
    /// Id, the same for every unit.
    pub id: String,
    /// Id and unit: different for every flow of a line.
    pub key: String,
    /// The conduit.
    pub conduit: String,
    /// What it is for.
    pub purpose: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The risk decision.
    pub decision: Option<String>,
    /// Its review date.
    pub review_by: Option<String>,
    /// What it may do.
    pub access: String,
    /// How the initiator proves who it is.
    pub auth: Option<String>,
    /// What it speaks.
    pub service: String,
    /// Protocols and ports.
    #[serde(rename = "match")]
    pub matches: Vec<Match>,
    /// Who initiates.
    pub from: End,
    /// Who responds.
    pub to: End,
    /// The unit, or none.
    pub unit: Value,
    /// Devices that enforce it.
    pub devices: Vec<String>,
    /// The countermeasure.
    pub countermeasure: Option<String>,
    /// The last day.
    pub expires: Option<String>,
    /// The line it belongs to, seen from its site; none for the plan's own flows.
    pub line: Option<String>,
    /// Whether its service is encrypted.
    pub encrypted: Option<Encrypted>,
}

/// A conduit with at least one flow here, or without.
#[derive(Debug, Clone, Serialize)]
pub struct Conduit {
    /// Id.
    pub id: String,
    /// Name as people say it; the id without one.
    pub name: String,
    /// The zones it joins.
    pub zones: Vec<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The risk decision.
    pub decision: Option<String>,
    /// Its review date.
    pub review_by: Option<String>,
    /// What happens to production when it is lost.
    pub if_lost: Option<String>,
    /// What it may cost the controllers.
    pub budget: Json,
    /// Devices that enforce it.
    pub enforced_by: Vec<String>,
    /// Ids of its flows that exist here.
    pub flows: Vec<String>,
}

/// A metric bound to this line.
#[derive(Debug, Clone, Serialize)]
pub struct Metric {
    /// Id.
    pub id: String,
    /// Name as people say it.
    pub name: String,
    /// Formula as written.
    pub formula: Option<String>,
    /// The formula as tokens.
    pub terms: Vec<Term>,
    /// The elements in it.
    pub elements: Vec<Element>,
    /// Unit in UCUM.
    pub unit: Option<String>,
    /// How it is shown.
    pub show_as: Option<String>,
    /// Which way is better.
    pub better: Option<String>,
    /// Window.
    pub window: Option<String>,
    /// Level of the hierarchy.
    pub level: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// System of record.
    pub record: Option<String>,
    /// Goals it serves.
    pub goals: Vec<String>,
    /// Reconciliation as written.
    pub reconcile: Json,
    /// Trust: trusted, provisional or disputed.
    pub state: &'static str,
}

/// One token of a formula.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Term {
    /// element, metric or op.
    pub kind: &'static str,
    /// The id, or the operator, number or function as written.
    pub text: String,
}

/// An element of formulas, with the readings that feed it here.
#[derive(Debug, Clone, Serialize)]
pub struct Element {
    /// Symbol.
    pub id: String,
    /// Name in words.
    pub name: String,
    /// Unit in UCUM.
    pub unit: Option<String>,
    /// System of record.
    pub record: Option<String>,
    /// How it is obtained.
    pub how: Option<String>,
    /// The tags that feed it: unit, reading, and where the profile or type says it is read.
    pub source: Vec<Tag>,
}

/// A reading of a unit.
#[derive(Debug, Clone, Serialize)]
pub struct Tag {
    /// The unit's id.
    pub unit: String,
    /// state, mode, processed or defective.
    pub reading: &'static str,
    /// Where it is read, as the unit, its type or its profile says.
    pub at: Value,
}

/// An output to write.
#[derive(Debug, Clone, Serialize)]
pub struct Output {
    /// Id.
    pub id: String,
    /// Target.
    pub target: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Path as the blueprint writes it.
    #[serde(skip)]
    pub path: Option<String>,
    /// Its place in the blueprint, as a pointer.
    #[serde(skip)]
    pub pointer: String,
}

/// A deviation that counts on this line.
#[derive(Debug, Clone, Serialize)]
pub struct Deviation {
    /// Id.
    pub id: String,
    /// Why.
    pub reason: Option<String>,
    /// What protects meanwhile.
    pub countermeasure: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// First day.
    pub opened: Option<String>,
    /// Last day.
    pub expires: String,
    /// What closes it.
    pub closes_when: Option<String>,
    /// The value it changes, as written.
    pub changes: Json,
}

/// Everything about one line or site.
#[derive(Debug)]
pub struct Plan {
    /// Which it is.
    pub address: Address,
    /// The site, shared by its lines.
    pub site: Arc<SiteFacts>,
    /// The area; none for a site.
    pub area: Option<String>,
    /// When it may be changed.
    pub window: Option<String>,
    /// The goal it serves.
    pub goal: Option<String>,
    /// The standard it follows.
    pub standard: Arc<Standard>,
    /// Every value.
    pub values: Map<String, Resolved>,
    /// The same values as one map.
    pub value_map: Value,
    /// The elements of the list value `units`, with their type's fields.
    pub units: Vec<Value>,
    /// What units are made of.
    pub(super) unit_facts: super::units::UnitFacts,
    /// Zones that can be named here.
    pub zones: BTreeMap<String, Zone>,
    /// Assets that can be named here.
    pub assets: BTreeMap<String, Asset>,
    /// Devices that can be named here.
    pub devices: BTreeMap<String, Device>,
    /// Devices of this plan's own blueprint.
    pub own_devices: Vec<String>,
    /// Flows.
    pub flows: Vec<Flow>,
    /// Conduits of the blueprint.
    pub conduits: Vec<Conduit>,
    /// Metrics.
    pub metrics: Vec<Metric>,
    /// Elements.
    pub elements: Vec<Element>,
    /// Names derived by rule.
    pub namespace: Value,
    /// Outputs.
    pub outputs: Vec<Output>,
    /// Deviations that count.
    pub deviations: Vec<Deviation>,
    /// Ids of flows that may not be rendered.
    pub refused: BTreeSet<String>,
    /// Why it does not render; empty when it does.
    pub failures: Vec<Finding>,
    /// What else is to be said.
    pub notes: Vec<Finding>,
    /// What must be unique among lines.
    pub claims: Vec<Claim>,
    /// `b3:` and the BLAKE3 of what the line, its site and its deviations say, whatever the layout of their files.
    pub inputs: String,
}

/// An answer that no other line may give.
#[derive(Debug, Clone)]
pub struct Claim {
    /// What is claimed: the input's name and the answer.
    pub key: String,
    /// Where it is claimed.
    pub place: Place,
    /// Who can change it.
    pub owner: Option<String>,
}

/// What the lines of a site share.
#[derive(Debug)]
pub struct SiteFacts {
    /// Id.
    pub id: String,
    /// `.id .name .timezone .zones`.
    pub facts: Value,
    /// Overrides of the site, with their places.
    pub overrides: Map<String, Resolved>,
    /// Ids of the areas that the site lists.
    pub areas: Vec<String>,
    /// Zones of the site's blueprint and of site.yaml.
    pub zones: BTreeMap<String, Zone>,
    /// Assets of the same.
    pub assets: BTreeMap<String, Asset>,
    /// Devices of the site's blueprint.
    pub devices: BTreeMap<String, Device>,
    /// The site's blueprint.
    pub standard: Option<Arc<Standard>>,
    /// Why the site as a whole cannot be resolved.
    pub failures: Vec<Finding>,
}
