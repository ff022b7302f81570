//! Facts of all lines and sites, for what only all of them together can tell.
//!
//! A fact is small: where it stands is found out again for the few that meet another.

use super::names::dashboard_uid;
use super::scene::{Rendered, model, network, value_place};
use super::{Rule, Scene};
use crate::finding::{Finding, Place};
use crate::load::{Address, Fleet, read_document};
use crate::model::Kind;
use crate::render::RenderedFile;
use crate::resolve::plan::Plan;
use ipnet::IpNet;
use std::sync::Mutex;

/// What a fact is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// The network of a zone.
    Network(IpNet),
    /// The address of one thing.
    Host(IpNet),
    /// The id by which a client is known to its broker.
    Client(String),
    /// A host name.
    Name(String),
    /// A Sparkplug group and edge node.
    EdgeNode(String),
    /// The first part of a line's topics.
    Topic(String),
    /// The uid of a dashboard.
    Dashboard(String),
}

/// A fact of one line or site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fact {
    pub(super) subject: Subject,
    /// Whether it is judged; else it only stands beside, and a meeting is told at the other one.
    pub(super) is_judged: bool,
    /// The zone or thing.
    pub(super) what: String,
    /// Whose it is.
    pub(super) address: Address,
    /// Who answers for it.
    pub(super) owner: Option<String>,
    /// How it stands in a file.
    pub(super) text: String,
}

/// The facts that were collected.
#[derive(Default)]
pub struct Census {
    facts: Mutex<Vec<Fact>>,
}

impl Census {
    /// Collects the facts of one line or site.
    pub fn add(&self, scene: &Scene<'_>, plan: &Plan, files: &[RenderedFile]) {
        self.collect(scene, plan, files, true);
    }

    /// Collects the facts of one that is not judged itself: a meeting is told at the other one.
    pub fn add_beside(&self, scene: &Scene<'_>, plan: &Plan, files: &[RenderedFile]) {
        self.collect(scene, plan, files, false);
    }

    fn collect(&self, scene: &Scene<'_>, plan: &Plan, files: &[RenderedFile], is_judged: bool) {
        let mut facts = vec![];
        networks(plan, &mut facts);
        hosts(plan, &mut facts);
        names(plan, &mut facts);
        for file in files {
            clients(plan, file, &mut facts);
            dashboard(scene, plan, file, &mut facts);
        }
        facts.iter_mut().for_each(|fact| fact.is_judged = is_judged);
        self.facts.lock().expect("no thread panics while it holds the facts").append(&mut facts);
    }

    /// Returns the facts about such subjects, in order.
    pub(super) fn sorted(&self, wanted: impl Fn(&Subject) -> bool) -> Vec<Fact> {
        let facts = self.facts.lock().expect("no thread panics while it holds the facts");
        let mut facts: Vec<Fact> = facts.iter().filter(|fact| wanted(&fact.subject)).cloned().collect();
        facts.sort();
        facts
    }
}

impl Fact {
    fn new(plan: &Plan, subject: Subject, what: &str, text: &str) -> Self {
        Self {
            subject,
            is_judged: true,
            what: what.to_owned(),
            address: plan.address.clone(),
            owner: None,
            text: text.to_owned(),
        }
    }

    fn owned(self, owner: Option<String>) -> Self {
        Self { owner, ..self }
    }

    /// Starts the finding about a fact that meets another one; `how` says at the other how they meet.
    pub(super) fn meets(
        &self,
        other: &Self,
        how: &str,
        rule: &Rule,
        message: String,
        fleet: &Fleet,
    ) -> Finding {
        let finding = rule.found(message).at(self.place(fleet)).see(other.place(fleet), how);
        let mut finding = finding.about(self.address.to_string());
        finding.owner.clone_from(&self.owner);
        finding
    }

    /// Where it stands: in the file of its line, in that of its site, else the line's file as a whole.
    pub(super) fn place(&self, fleet: &Fleet) -> Place {
        let site = format!("sites/{}/site.yaml", self.address.site);
        let own = match &self.address.line {
            Some(line) => format!("sites/{}/lines/{line}.yaml", self.address.site),
            None => site.clone(),
        };
        let found = |path: &str| value_place(&read_document(&fleet.tree, path, path).ok()?, &self.text);
        found(&own).or_else(|| found(&site)).unwrap_or_else(|| Place::file(own))
    }
}

/// Whether a zone or asset is the plan's own rather than its site's.
fn is_own(plan: &Plan, id: &str, assets: bool) -> bool {
    plan.address.line.is_none()
        || model(plan)
            .is_some_and(|m| if assets { m.assets.contains_key(id) } else { m.zones.contains_key(id) })
}

fn networks(plan: &Plan, facts: &mut Vec<Fact>) {
    for zone in plan.zones.values().filter(|zone| is_own(plan, &zone.id, false)) {
        for prefix in &zone.prefixes {
            let Some(net) = network(prefix) else { continue };
            facts.push(Fact::new(plan, Subject::Network(net), &zone.id, prefix).owned(zone.owner.clone()));
        }
    }
}

fn hosts(plan: &Plan, facts: &mut Vec<Fact>) {
    let mut add = |name: &str, address: &str, zone: &str| {
        let Some(net) = network(address).filter(|net| net.prefix_len() == net.max_prefix_len()) else {
            return;
        };
        let owner = plan.zones.get(zone).and_then(|zone| zone.owner.clone());
        facts.push(Fact::new(plan, Subject::Host(net), name, address).owned(owner));
    };
    for asset in plan.assets.values().filter(|asset| is_own(plan, &asset.id, true)) {
        asset.addresses.iter().for_each(|address| add(&asset.id, address, &asset.zone));
    }
    for unit in &plan.units {
        let text =
            |field: &str| unit.get_attr(field).ok().and_then(|value| value.as_str().map(str::to_owned));
        if let (Some(id), Some(ip)) = (text("id"), text("ip")) {
            add(&id, &ip, "");
        }
    }
}

/// Values that name a host, by their own name.
const HOST_NAMES: &[&str] = &["gateway", "host", "hostname", "host_name", "gateway_name", "broker_name"];

fn names(plan: &Plan, facts: &mut Vec<Fact>) {
    for name in HOST_NAMES {
        let value = plan.values.get(*name).and_then(|value| value.value.as_str().map(str::to_owned));
        if let Some(value) = value.filter(|value| value.parse::<std::net::IpAddr>().is_err()) {
            facts.push(Fact::new(plan, Subject::Name(value.clone()), name, &value));
        }
    }
    let text = |path: &[&str]| {
        let mut value = plan.namespace.clone();
        for step in path {
            value = value.get_attr(step).ok().filter(|value| !value.is_undefined())?;
        }
        value.as_str().map(str::to_owned)
    };
    if let (Some(group), Some(node)) = (text(&["sparkplug", "group"]), text(&["sparkplug", "edge_node"])) {
        let key = format!("{group}/{node}");
        facts.push(Fact::new(plan, Subject::EdgeNode(key), "edge node", &node));
    }
    if let Some(topic) = text(&["topic"]) {
        facts.push(Fact::new(plan, Subject::Topic(topic.clone()), "topic", &topic));
    }
}

fn dashboard(scene: &Scene<'_>, plan: &Plan, file: &RenderedFile, facts: &mut Vec<Fact>) {
    if file.kind != Kind::Dashboard {
        return;
    }
    let rendered = Rendered::new(scene, plan, file);
    if let Some((_, uid)) = dashboard_uid(&rendered) {
        let fact = Fact::new(plan, Subject::Dashboard(uid.to_owned()), &file.path, uid);
        facts.push(fact.owned(Some(file.owner.clone())));
    }
}

/// Words before a client id in the configurations of gateways and bridges.
const CLIENT_KEYS: &[&str] = &["client_id = \"", "\"clientid\": \"", "remote_clientid "];

fn clients(plan: &Plan, file: &RenderedFile, facts: &mut Vec<Fact>) {
    for line in file.text.lines().map(str::trim_start) {
        let rest = CLIENT_KEYS.iter().find_map(|key| line.strip_prefix(key));
        let Some(id) = rest.and_then(|rest| rest.split('"').next()).map(str::trim) else { continue };
        if !id.is_empty() {
            let fact = Fact::new(plan, Subject::Client(id.to_owned()), &file.path, id);
            facts.push(fact.owned(Some(file.owner.clone())));
        }
    }
}
