//! Blueprint, site, line and deviations to a plan: every value with its origin, every flow cleared or refused.
//!
//! Pure functions of the fleet and a date. A plan that cannot be rendered says why in `failures`; nothing here
//! stops at the first problem, and nothing here touches another line.

pub mod approval;
mod clearance;
pub mod conditions;
mod digest;
pub mod expression;
pub mod filters;
pub mod lenient;
pub mod metrics;
mod network;
pub mod operators;
pub mod plan;
pub mod services;
pub mod strict;
pub mod traffic;
mod units;
mod values;

pub use values::{enum_words, outside};

use crate::finding::{Finding, Place};
use crate::load::{Address, Fleet, LineEntry, Loaded, Record, Standard};
use crate::model;
use crate::model::{Line, Map, Scope as Kind, Site};
use crate::source::{Document, child};
use approval::{Approvers, deviation_digest, gaps};
use expression::{Scope, Value, interpolate, to_value};
use jiff::civil::Date;
use lenient::Lenient;
use plan::{Layer, Origin, Output, Plan, Resolved, SiteFacts};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use units::UnitFacts;
use values::Answers;

/// Resolves the lines of one fleet at one date.
pub struct Resolver<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// Today.
    pub as_of: Date,
    types: Arc<BTreeMap<String, Value>>,
    bases: Mutex<Vec<(String, String, Arc<Map<String, Resolved>>)>>,
    digests: Mutex<HashMap<(String, String), String>>,
    lenient: Option<&'a Lenient>,
}

/// A site that was read: its facts, its file and its blueprint's values.
pub struct SiteRead {
    /// What its lines share.
    pub facts: Arc<SiteFacts>,
    loaded: Option<Loaded<Site>>,
}

impl<'a> Resolver<'a> {
    /// Prepares resolving.
    pub fn new(fleet: &'a Fleet, as_of: Date) -> Self {
        Self {
            fleet,
            as_of,
            types: Arc::new(UnitFacts::types_of(fleet)),
            bases: Mutex::default(),
            digests: Mutex::default(),
            lenient: None,
        }
    }

    /// Prepares resolving without judging.
    pub fn lenient(fleet: &'a Fleet, as_of: Date, lenient: &'a Lenient) -> Self {
        Self { lenient: Some(lenient), ..Self::new(fleet, as_of) }
    }

    /// Reads a site and what its lines share.
    pub fn site(&self, id: &str) -> SiteRead {
        let mut failures = vec![];
        let loaded = self.fleet.read_site(id, &mut failures);
        self.site_from(id, loaded, failures)
    }

    /// The same for a site that was read already; `failures` are what reading found.
    pub fn site_from(&self, id: &str, loaded: Option<Loaded<Site>>, mut failures: Vec<Finding>) -> SiteRead {
        let mut facts = SiteFacts {
            id: id.to_owned(),
            facts: Value::from_pairs([("id", id)]),
            overrides: Map::new(),
            areas: vec![],
            zones: BTreeMap::new(),
            assets: BTreeMap::new(),
            devices: BTreeMap::new(),
            standard: None,
            failures: vec![],
        };
        if let Some(loaded) = &loaded {
            facts.facts = site_value(id, loaded);
            facts.overrides = values::site_overrides(&loaded.document, &loaded.model.overrides);
            let ids = loaded.model.areas.iter().filter_map(|area| area.get("id").unwrap_or(area).as_str());
            facts.areas = ids.map(str::to_owned).collect();
            facts.standard = self.site_standard(loaded, &mut failures);
            self.site_network(&mut facts, loaded, &mut failures);
        }
        facts.failures =
            failures.into_iter().map(|finding| Finding { address: Some(id.to_owned()), ..finding }).collect();
        SiteRead { facts: Arc::new(facts), loaded }
    }

    fn site_standard(&self, loaded: &Loaded<Site>, failures: &mut Vec<Finding>) -> Option<Arc<Standard>> {
        let reference = loaded.model.blueprint.as_deref()?;
        let place = || Place::value(&loaded.document, "/blueprint");
        self.standard(reference, Kind::Site, place, failures)
    }

    fn standard(
        &self,
        reference: &str,
        scope: Kind,
        place: impl FnOnce() -> Place,
        failures: &mut Vec<Finding>,
    ) -> Option<Arc<Standard>> {
        match self.fleet.standards.get(reference) {
            Ok(standard) if standard.blueprint.model.scope == scope => Some(standard),
            Ok(standard) => {
                let message =
                    format!("`{reference}` is a blueprint for a {}", word(standard.blueprint.model.scope));
                let next = format!("name a blueprint of scope {}", word(scope));
                failures.push(Finding::error("wrong-place", message).at(place()).next(next));
                None
            }
            Err(missing) => {
                let message = if missing.broken {
                    missing.message.clone()
                } else {
                    format!("cannot find `{reference}`: {}", missing.message)
                };
                let mut finding = Finding::error("blueprint-not-found", message).at(place());
                finding = finding.next(missing.next.clone());
                failures.push(if missing.broken { finding.following() } else { finding.blind() });
                None
            }
        }
    }

    /// Returns what a blueprint says itself; worked out once for all its lines.
    fn base(&self, standard: &Standard) -> Arc<Map<String, Resolved>> {
        let mut bases = self.bases.lock().expect("no thread panics while it holds the values");
        let reference = (standard.id.as_str(), standard.version.as_str());
        if let Some(known) = bases.iter().find(|(id, version, _)| reference == (id, version)) {
            return known.2.clone();
        }
        let base = Arc::new(values::base(standard));
        bases.push((standard.id.clone(), standard.version.clone(), base.clone()));
        base
    }

    fn site_network(&self, facts: &mut SiteFacts, loaded: &Loaded<Site>, failures: &mut Vec<Finding>) {
        let owner = facts.standard.as_ref().map(|standard| standard.blueprint.model.owner.to_string());
        let mut all = match &facts.standard {
            Some(standard) => {
                let answers = Answers {
                    document: &loaded.document,
                    inputs: &loaded.inputs,
                    overrides: &loaded.model.overrides,
                    layer: Layer::Site,
                };
                let mut problems = vec![];
                let values = values::layered(standard, &self.base(standard), &answers, None, &mut problems);
                let scope = base_scope(self.fleet, &facts.id, None, None, &facts.facts, &value_map(&values));
                let mut defined = network::defined(standard, &scope);
                values::refused(standard, &answers, &problems).forgive(&mut defined.failures);
                defined
            }
            None => network::Defined::default(),
        };
        network::merge(&mut all, network::of_site(loaded, owner.as_deref()));
        facts.zones = all.zones;
        facts.assets = all.assets;
        facts.devices = all.devices;
        failures.extend(all.failures);
    }

    /// Resolves a site's own plan; `None` where the site follows no blueprint or cannot be read.
    pub fn site_plan(&self, site: &SiteRead) -> Option<Plan> {
        let loaded = site.loaded.as_ref()?;
        let standard = site.facts.standard.clone()?;
        let address = Address { site: site.facts.id.clone(), line: None };
        let answers = Answers {
            document: &loaded.document,
            inputs: &loaded.inputs,
            overrides: &loaded.model.overrides,
            layer: Layer::Site,
        };
        let mut plan = self.plan(address, &site.facts, standard, &answers, None);
        plan.inputs = self.inputs_digest(&plan, &[&loaded.document]);
        plan.failures.extend(site.facts.failures.iter().cloned());
        finish(&mut plan);
        Some(plan)
    }

    /// Reads and resolves a line. `Err` holds why there is no plan at all.
    pub fn line(&self, site: &SiteRead, entry: &LineEntry) -> Result<Plan, Vec<Finding>> {
        let mut failures = vec![];
        let loaded = self.fleet.read_line(entry, &mut failures);
        self.line_from(site, &entry.id, loaded, failures)
    }

    /// Resolves a line that was read already, also one that is not on disk; `failures` are what reading found.
    pub fn line_from(
        &self,
        site: &SiteRead,
        id: &str,
        loaded: Option<Loaded<Line>>,
        mut failures: Vec<Finding>,
    ) -> Result<Plan, Vec<Finding>> {
        let address = Address { site: site.facts.id.clone(), line: Some(id.to_owned()) };
        let name = address.to_string();
        let standard = loaded.as_ref().and_then(|loaded| {
            let place = || Place::value(&loaded.document, "/blueprint");
            self.standard(&loaded.model.blueprint, Kind::Line, place, &mut failures)
        });
        let Some(site_file) = &site.loaded else {
            failures.push(site_unreadable(&site.facts));
            return Err(about(&name, failures));
        };
        let (Some(loaded), Some(standard)) = (loaded, standard) else { return Err(about(&name, failures)) };
        let answers = Answers {
            document: &loaded.document,
            inputs: &loaded.inputs,
            overrides: &loaded.model.overrides,
            layer: Layer::Line,
        };
        let mut plan = self.plan(address, &site.facts, standard, &answers, Some(&loaded.model));
        plan.inputs = self.inputs_digest(&plan, &[&loaded.document, &site_file.document]);
        plan.failures.extend(failures);
        if plan.standard.conduits.is_some() && !site.facts.failures.is_empty() {
            plan.failures.push(site_unreadable(&site.facts));
        }
        finish(&mut plan);
        Ok(plan)
    }

    fn plan(
        &self,
        address: Address,
        site: &Arc<SiteFacts>,
        standard: Arc<Standard>,
        answers: &Answers<'_>,
        line: Option<&Line>,
    ) -> Plan {
        let mut failures = vec![];
        let mut notes = self.requirements(&standard, site);
        let over = line.map(|_| &**site);
        let mut values = values::layered(&standard, &self.base(&standard), answers, over, &mut failures);
        let refused = values::refused(&standard, answers, &failures);
        let (deviations, changed) =
            self.deviations(&address.to_string(), &standard, &mut values, &mut failures, &mut notes);
        let all = value_map(&values);
        let area = line.map(|line| line.area.to_string());
        let scope =
            base_scope(self.fleet, &site.id, area.as_deref(), address.line.as_deref(), &site.facts, &all);
        let claims = if self.lenient.is_some() {
            failures.clear();
            vec![]
        } else {
            values::check_answers(self.fleet, &standard, &site.id, answers, &scope, &refused, &mut failures)
        };
        let own = failures.len();
        notes.extend(self.strange_units(&address.to_string(), &values, &changed));
        let facts = UnitFacts { types: self.types.clone(), changed };
        let units = values
            .get("units")
            .and_then(|units| units.value.try_iter().ok())
            .map(|items| items.map(|item| units::join(&item, &facts, &values, &all)).collect())
            .unwrap_or_default();
        let mut defined = network::defined(&standard, &scope);
        let own_devices = defined.devices.keys().cloned().collect();
        if line.is_some() {
            network::merge(&mut defined, network::shared(site));
        } else {
            defined = network::shared(site);
        }
        failures.append(&mut defined.failures);
        let namespace = self.namespace(&scope, line.is_some(), &mut failures);
        let mut plan = Plan {
            outputs: outputs(&standard),
            address,
            site: site.clone(),
            area,
            window: line.and_then(|line| line.window.clone()),
            goal: line.and_then(|line| line.goal.as_ref().map(ToString::to_string)),
            standard,
            values,
            value_map: all,
            units,
            unit_facts: facts,
            zones: defined.zones,
            assets: defined.assets,
            devices: defined.devices,
            own_devices,
            flows: vec![],
            conduits: vec![],
            metrics: vec![],
            elements: vec![],
            namespace,
            deviations,
            refused: BTreeSet::new(),
            failures,
            notes,
            claims,
            inputs: String::new(),
        };
        let lacking = network::flows(&mut plan, &scope);
        self.point_at_site(&mut plan, lacking);
        metrics::bind(self, &mut plan);
        let (own, mut derived) =
            (plan.failures.drain(..own).collect::<Vec<_>>(), std::mem::take(&mut plan.failures));
        refused.forgive(&mut derived);
        plan.failures = own.into_iter().chain(derived).collect();
        if self.lenient.is_some() {
            clearance::fill_in_reviews(self, &mut plan);
        } else {
            clearance::check(self, &mut plan);
        }
        plan
    }

    /// What a blueprint names, another site has and this one lacks is to be added to this site's file.
    fn point_at_site(&self, plan: &mut Plan, lacking: Vec<(usize, String)>) {
        if lacking.is_empty() {
            return;
        }
        let path = |site: &str| format!("sites/{site}/site.yaml");
        let read = |site: &str| crate::load::read_document(&self.fleet.tree, &path(site), &path(site)).ok();
        let others = self.fleet.sites.iter().filter(|site| site.id != plan.site.id);
        let elsewhere: BTreeSet<String> = others
            .filter_map(|site| read(&site.id))
            .flat_map(|document| network::named_by(&document))
            .collect();
        let here = path(&plan.site.id);
        let Some(document) = read(&plan.site.id) else { return };
        for (index, name) in lacking.into_iter().filter(|(_, name)| elsewhere.contains(name)) {
            let finding = &mut plan.failures[index];
            let named = finding.place.replace(Place::key(&document, "/zones"));
            finding.related.extend(named.map(|place| (place, "named here".to_owned())));
            finding.next = format!(
                "add `{name}` to {here}: a zone with its subnet, purdue, sl_t and owner, or an asset with its address \
                 under `assets` of its zone"
            );
        }
    }

    /// What the line, its site and the deviations that count say.
    fn inputs_digest(&self, plan: &Plan, documents: &[&Document]) -> String {
        let records = plan.deviations.iter().filter_map(|deviation| self.fleet.deviations.get(&deviation.id));
        let roots = documents.iter().copied().chain(records.map(|record| &record.record.document));
        digest::of(roots.map(|document| &document.root))
    }

    /// Versions of other blueprints, and of jig, that the standard needs.
    fn requirements(&self, standard: &Standard, site: &SiteFacts) -> Vec<Finding> {
        let mut notes = vec![];
        for (name, range) in &standard.blueprint.model.requires {
            let found = match name.as_str() {
                "jig" => Some(env!("CARGO_PKG_VERSION").to_owned()),
                other => site.standard.as_ref().filter(|s| s.id == other).map(|s| s.version.clone()),
            };
            let Ok(wanted) = semver::VersionReq::parse(range.as_str()) else { continue };
            let met =
                found.as_ref().is_some_and(|v| semver::Version::parse(v).is_ok_and(|v| wanted.matches(&v)));
            if !met {
                let has = found.map_or_else(
                    || format!("site {} does not follow it", site.id),
                    |v| format!("here is {v}"),
                );
                let place = Place::value(&standard.blueprint.document, &child("/requires", name));
                let message = format!("{} needs {name} {range}; {has}", standard.reference());
                notes.push(
                    Finding::warning("unmet-requirement", message)
                        .at(place)
                        .next("move the site to a version that fits, or relax `requires`"),
                );
            }
        }
        notes
    }

    fn namespace(&self, scope: &Scope, is_line: bool, failures: &mut Vec<Finding>) -> Value {
        let Some(namespace) = &self.fleet.enterprise.namespace else {
            return Value::from_pairs::<_, &str, Value>([]);
        };
        if !is_line {
            return Value::from_pairs::<_, &str, Value>([]);
        }
        let mut out: Map<String, Value> = Map::new();
        for (name, text) in namespace {
            let pointer = child("/namespace", name);
            out.insert(name.clone(), derive(text, scope, &self.fleet.document, &pointer, failures));
        }
        Value::from_pairs(out)
    }

    /// A deviation that cannot be read may be what keeps a line running: its line waits for it.
    fn unread_deviations(&self, address: &str) -> Vec<Finding> {
        if self.fleet.tree.list("deviations").is_err() {
            let message = format!("`deviations/` cannot be read; {address} waits for it");
            let finding = Finding::error("unreadable", message).at(Place::file("deviations")).about(address);
            return vec![finding.next("check that you may read this folder").blind()];
        }
        let broken = self.fleet.broken_deviations.iter();
        let concerns = broken.filter(|broken| broken.line.as_ref().is_none_or(|line| line == address));
        let found = concerns.map(|broken| {
            let message = format!("`{}` cannot be read; {address} waits for it", broken.path);
            Finding::error("schema", message)
                .at(Place::file(broken.path.as_str()))
                .about(address)
                .next("correct the deviation, or close it by removing its folder")
                .following()
        });
        found.collect()
    }

    /// Applies the deviations of a line; returns those that count, and values changed for single units.
    fn deviations(
        &self,
        address: &str,
        standard: &Standard,
        values: &mut Map<String, Resolved>,
        failures: &mut Vec<Finding>,
        notes: &mut Vec<Finding>,
    ) -> (Vec<plan::Deviation>, BTreeMap<String, Vec<(String, Resolved)>>) {
        if self.lenient.is_none() {
            failures.extend(self.unread_deviations(address));
        }
        let mut counting = vec![];
        let mut changed: BTreeMap<String, Vec<(String, Resolved)>> = BTreeMap::new();
        for record in self.fleet.deviations.values().filter(|record| record.record.model.line == address) {
            let model = &record.record.model;
            if let Some(lenient) = self.lenient {
                if !lenient.counting.contains(&record.id) {
                    continue;
                }
            } else if let Some(note) = self.lapsed(record, address) {
                notes.push(note);
                continue;
            }
            counting.push(counted(record));
            let Some(change) = &model.changes else { continue };
            let name = change.value.as_str();
            let document = &record.record.document;
            let to = Place::value(document, "/changes/to");
            if !values.contains_key(name) {
                let message =
                    format!("{} changes `{name}`, which {} does not have", record.id, standard.reference());
                let place = Place::value(document, "/changes/value");
                let next = "close the deviation, or name a value of the blueprint";
                notes.push(Finding::warning("deviation-without-effect", message).at(place).next(next));
                continue;
            }
            failures.extend(standard.inputs.check_default(name, &change.to, document, "/changes/to"));
            let origin = Origin { layer: Layer::Deviation, place: to };
            let resolved = Resolved { value: to_value(&change.to), origin };
            match &change.of {
                Some(unit) => changed.entry(unit.clone()).or_default().push((name.to_owned(), resolved)),
                None => {
                    values.insert(name.to_owned(), resolved);
                }
            }
        }
        (counting, changed)
    }

    /// Deviations for a unit that the line does not have.
    fn strange_units(
        &self,
        address: &str,
        values: &Map<String, Resolved>,
        changed: &BTreeMap<String, Vec<(String, Resolved)>>,
    ) -> Vec<Finding> {
        if changed.is_empty() {
            return vec![];
        }
        let lists = values.values().filter(|value| value.value.as_str().is_none());
        let items = lists.filter_map(|value| value.value.try_iter().ok()).flatten();
        let known: std::collections::BTreeSet<String> = items.map(|item| units::name(&item)).collect();
        let strange = changed.iter().filter(|(unit, _)| !known.contains(*unit));
        strange
            .filter_map(|(unit, changes)| {
                let (_, change) = changes.first()?;
                let message = format!("a deviation is for the unit `{unit}`, which {address} does not have");
                let finding =
                    Finding::warning("deviation-without-effect", message).at(change.origin.place.clone());
                Some(finding.next("close the deviation, or name a unit of the line"))
            })
            .collect()
    }

    /// Whether a deviation counts today: it is approved, and not past its last day.
    pub fn counts(&self, record: &Record<model::Deviation>) -> bool {
        self.lapsed(record, &record.record.model.line).is_none()
    }

    /// Why a deviation does not count: expired, or not approved.
    fn lapsed(&self, record: &Record<model::Deviation>, address: &str) -> Option<Finding> {
        let model = &record.record.model;
        let owner = model.owner.to_string();
        let what = |words: String| {
            Finding::warning("expired-deviation", words).owned_by(owner.clone()).about(address)
        };
        let last = model.expires.civil()?;
        let so = consequence(model);
        if self.as_of > last {
            let message = format!("{} expired on {last}; {so}", record.id);
            let next = "close it, or have it approved again with a new last day";
            return Some(what(message).at(Place::value(&record.record.document, "/expires")).next(next));
        }
        let approvers = Approvers::of(self.fleet, "deviation", vec![owner.clone()]);
        let lacking = gaps(self.fleet, record, &approvers, &deviation_digest(record));
        let gap = lacking.into_iter().next()?;
        let message = format!("{}; {so}", gap.message);
        let place = Place::file(format!("{}/deviation.yaml", record.folder));
        let finding =
            Finding::warning("unapproved-deviation", message).at(place).next(gap.next).about(address);
        Some(finding.owned_by(gap.role.unwrap_or(owner)))
    }
}

/// What it means that a deviation does not count.
fn consequence(model: &model::Deviation) -> &'static str {
    match &model.accepts {
        Some(accepts) if accepts.rule.is_some() => "what it accepted is a finding again",
        Some(accepts) if accepts.drift.is_some() => "what it accepted is open drift again",
        _ => "the standard's value is rendered",
    }
}

fn word(scope: Kind) -> &'static str {
    match scope {
        Kind::Line => "line",
        Kind::Site => "site",
    }
}

fn site_unreadable(site: &SiteFacts) -> Finding {
    let message = format!("site {} has errors of its own", site.id);
    let place = Place::file(format!("sites/{}/site.yaml", site.id));
    Finding::error("site-broken", message)
        .at(place)
        .next("correct the site; its findings are listed")
        .following()
}

fn about(address: &str, findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().map(|finding| Finding { address: Some(address.to_owned()), ..finding }).collect()
}

/// Everything said about a plan carries its address.
fn finish(plan: &mut Plan) {
    let address = plan.address.to_string();
    for finding in plan.failures.iter_mut().chain(&mut plan.notes) {
        finding.address.get_or_insert_with(|| address.clone());
    }
}

fn counted(record: &Record<model::Deviation>) -> plan::Deviation {
    let model = &record.record.model;
    plan::Deviation {
        id: record.id.clone(),
        reason: model.reason.clone(),
        countermeasure: model.countermeasure.clone(),
        owner: model.owner.to_string(),
        opened: model.opened.as_ref().map(ToString::to_string),
        expires: model.expires.to_string(),
        closes_when: model.closes_when.clone(),
        changes: json!(model.changes),
    }
}

fn outputs(standard: &Standard) -> Vec<Output> {
    let model = &standard.blueprint.model;
    let output = |(index, output): (usize, &model::Output)| Output {
        id: output.id.to_string(),
        target: output.target.to_string(),
        owner: output.owner.as_ref().map(ToString::to_string),
        path: output.path.clone(),
        pointer: format!("/outputs/{index}"),
    };
    model.outputs.iter().enumerate().map(output).collect()
}

fn value_map(values: &Map<String, Resolved>) -> Value {
    Value::from_pairs(values.iter().map(|(name, value)| (name.as_str(), value.value.clone())))
}

/// The names that expressions see: `enterprise site area line values`.
fn base_scope(
    fleet: &Fleet,
    site: &str,
    area: Option<&str>,
    line: Option<&str>,
    facts: &Value,
    values: &Value,
) -> Scope {
    let mut names: Vec<(&str, Value)> = vec![
        ("enterprise", Value::from(fleet.enterprise.enterprise.as_str())),
        ("site", Value::from(site)),
        (expression::SITE_FACTS, facts.clone()),
        ("values", values.clone()),
    ];
    names.extend(area.map(|area| ("area", Value::from(area))));
    names.extend(line.map(|line| ("line", Value::from(line))));
    Scope::new(names)
}

/// Returns the scope that paths of outputs see.
pub fn scope_of(fleet: &Fleet, plan: &Plan) -> Scope {
    base_scope(
        fleet,
        &plan.site.id,
        plan.area.as_deref(),
        plan.address.line.as_deref(),
        &plan.site.facts,
        &plan.value_map,
    )
}

fn site_value(id: &str, loaded: &Loaded<Site>) -> Value {
    let zones = loaded.document.root.get("zones").map(|member| member.node.to_json());
    let zones = zones.filter(|zones| !zones.is_null()).unwrap_or_else(|| json!({}));
    to_value(json!({
        "id": id, "name": loaded.model.name, "timezone": loaded.model.timezone, "zones": zones,
    }))
}

/// Evaluates the texts of a namespace, however deep.
fn derive(
    value: &serde_json::Value,
    scope: &Scope,
    document: &Document,
    pointer: &str,
    failures: &mut Vec<Finding>,
) -> Value {
    match value {
        serde_json::Value::String(text) => interpolate(text, scope).unwrap_or_else(|error| {
            let place = Place::value(document, pointer);
            failures.push(
                Finding::error("unresolved", error)
                    .at(place)
                    .next("define the name, or correct the expression"),
            );
            Value::from("")
        }),
        serde_json::Value::Object(members) => {
            let member = |(name, value): (&String, &serde_json::Value)| {
                (name.clone(), derive(value, scope, document, &child(pointer, name), failures))
            };
            Value::from_pairs(members.iter().map(member).collect::<Vec<_>>())
        }
        other => to_value(other),
    }
}

impl Resolver<'_> {
    /// Returns what a line claims for itself, without resolving it; a line that cannot be read claims nothing.
    pub fn claims(&self, site: &str, entry: &LineEntry) -> Vec<plan::Claim> {
        let Ok(document) = crate::load::read_document(&self.fleet.tree, &entry.path, &entry.path) else {
            return vec![];
        };
        let reference = document.root.get("blueprint").and_then(|member| member.node.as_str());
        let Some(Ok(standard)) = reference.map(|reference| self.fleet.standards.get(reference)) else {
            return vec![];
        };
        let inputs = document.root.get("inputs").map(|member| member.node.to_json()).unwrap_or_default();
        values::claims(&standard, site, &inputs, &document)
    }
}

/// Returns the scope that the questions of a line see while it is being answered.
pub fn scope_of_answers(
    resolver: &Resolver<'_>,
    site: &str,
    line: &str,
    area: &str,
    values: BTreeMap<&str, Value>,
) -> Scope {
    let facts = resolver.site(site).facts;
    base_scope(resolver.fleet, site, Some(area), Some(line), &facts.facts, &Value::from_pairs(values))
}
