//! What a change is judged by on one line or site: its flows, window and answers, and the values that are its own.

use crate::load::{Fleet, Standard};
use crate::model::conduits::{Match, PortSpec};
use crate::packets::words::Names;
use crate::resolve::plan::{End, Flow, Layer, Plan};
use crate::resolve::traffic;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A flow, as far as a change of it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FlowFact {
    pub(super) id: String,
    /// What it opens, in words.
    pub(super) words: String,
    /// Everything that somebody decided about it.
    text: String,
    /// Whether a standing decision covers it.
    pub(super) standing: bool,
    /// Whether its conduit is open only for a time.
    pub(super) temporary: bool,
    pub(super) writes: bool,
}

/// The facts of one line or site.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) flows: BTreeMap<String, FlowFact>,
    pub(super) window: Option<String>,
    /// Answers and overrides: the word of rights.yaml, and the value.
    pub(super) answers: BTreeMap<String, String>,
    /// Texts that are the line's own, and what they are called.
    pub(super) own: BTreeMap<String, String>,
    /// Its networks, and their zones.
    pub(super) networks: Vec<(IpNet, String)>,
    /// What people call its addresses and services.
    pub(super) names: Names,
    /// The standard that it follows.
    pub(super) standard: Option<Arc<Standard>>,
}

impl Facts {
    pub(super) fn of(fleet: &Fleet, plan: &Plan) -> Self {
        let mut facts = Self {
            window: plan.window.clone(),
            standard: Some(plan.standard.clone()),
            names: traffic::names(&[plan]),
            ..Self::default()
        };
        for flow in &plan.flows {
            facts.flows.insert(flow.key.clone(), FlowFact::of(fleet, plan, flow));
        }
        for (name, value) in &plan.values {
            let what = match value.origin.layer {
                Layer::Input => format!("input:{name}"),
                Layer::Line | Layer::Site => format!("override:{name}"),
                _ => continue,
            };
            let json = serde_json::to_value(&value.value).unwrap_or_default();
            facts.answers.insert(what, json.to_string());
        }
        facts.own_texts(plan);
        for zone in plan.zones.values() {
            let networks = zone.prefixes.iter().filter_map(|prefix| prefix.parse().ok());
            facts.networks.extend(networks.map(|network| (network, zone.id.clone())));
        }
        facts
    }

    /// Lets a site call things as its lines do.
    pub(super) fn know_lines(&mut self, all: &BTreeMap<String, Self>, site: &str) {
        let start = format!("{site}/");
        for (_, line) in all.range(start.clone()..).take_while(|(address, _)| address.starts_with(&start)) {
            self.names.join(&line.names);
        }
    }

    fn own_texts(&mut self, plan: &Plan) {
        let mut add = |text: &str, name: &str| {
            if text.len() > 1 {
                self.own.entry(text.to_owned()).or_insert_with(|| name.to_owned());
            }
        };
        for (name, value) in &plan.values {
            if !matches!(value.origin.layer, Layer::Default | Layer::Fixed) {
                let json = serde_json::to_value(&value.value).unwrap_or_default();
                texts(&json, name, &mut add);
            }
        }
        let namespace = serde_json::to_value(&plan.namespace).unwrap_or_default();
        texts(&namespace, "namespace", &mut add);
        add(&plan.address.to_string(), "address");
        for asset in plan.assets.values() {
            asset.addresses.iter().for_each(|address| add(address, &asset.id));
        }
        for zone in plan.zones.values() {
            zone.prefixes.iter().for_each(|prefix| add(prefix, &zone.id));
        }
        let site = serde_json::to_value(&plan.site.facts).unwrap_or_default();
        for name in ["name", "timezone"] {
            site.get(name).and_then(|text| text.as_str()).into_iter().for_each(|text| add(text, name));
        }
        add(&plan.site.id, "site");
        plan.area.iter().for_each(|area| add(area, "area"));
        plan.address.line.iter().for_each(|line| add(line, "line"));
    }
}

/// The scalars of a value, each by the name that leads to it.
fn texts(json: &serde_json::Value, name: &str, add: &mut dyn FnMut(&str, &str)) {
    match json {
        serde_json::Value::String(text) => add(text, name),
        serde_json::Value::Number(number) => add(&number.to_string(), name),
        serde_json::Value::Array(items) => items.iter().for_each(|item| texts(item, name, add)),
        serde_json::Value::Object(members) => {
            members.iter().for_each(|(key, value)| texts(value, &format!("{name}.{key}"), add));
        }
        _ => {}
    }
}

impl FlowFact {
    fn of(fleet: &Fleet, plan: &Plan, flow: &Flow) -> Self {
        let decision = flow.decision.as_ref().and_then(|id| fleet.decisions.get(id));
        let model = plan.standard.conduits.as_ref().map(|loaded| &loaded.model);
        let conduit = model.and_then(|model| model.conduits.get(flow.conduit.as_str()));
        Self {
            id: flow.id.clone(),
            words: format!("{} from {} to {}", service(flow), end(&flow.from), end(&flow.to)),
            text: format!(
                "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                flow.from, flow.to, flow.matches, flow.access, flow.auth, flow.countermeasure, flow.expires
            ),
            standing: decision.is_some_and(|record| record.record.model.standing),
            temporary: conduit.is_some_and(|conduit| conduit.temporary),
            writes: flow.access == "write",
        }
    }

    pub(super) fn differs(&self, other: &Self) -> bool {
        self.text != other.text
    }
}

fn end(end: &End) -> String {
    if end.name == end.zone {
        format!("all of {}", end.zone)
    } else {
        format!("{} in {}", end.name, end.zone)
    }
}

fn service(flow: &Flow) -> String {
    let ports = |matched: &Match| {
        let port = |port: &PortSpec| match port {
            PortSpec::One(port) => port.to_string(),
            PortSpec::Range(range) => range.clone(),
        };
        let ports: Vec<String> = matched.dport.iter().map(port).collect();
        if ports.is_empty() {
            matched.proto.clone()
        } else {
            format!("{}/{}", matched.proto, ports.join(","))
        }
    };
    let all: Vec<String> = flow.matches.iter().map(ports).collect();
    format!("{} ({})", all.join(" "), flow.service)
}
