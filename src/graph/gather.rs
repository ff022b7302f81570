//! From plans to a panel: zones with what is in them, conduits with their flows, lines of one shape drawn once.

use super::marks;
use super::picture::{Asset, Conduit, ConduitKind, Flow, Level, Mark, MarkKind, Panel, Zone, some};
use crate::compare::Report;
use crate::finding::Finding;
use crate::model::{Json, Match, PortSpec};
use crate::render::names;
use crate::resolve::plan::{self, Plan};
use std::collections::{BTreeMap, BTreeSet};

/// What one panel shows.
#[derive(Debug, Default)]
pub struct Subject<'a> {
    /// The address: a site or a line.
    pub address: String,
    /// Name as people say it.
    pub title: String,
    /// The plan of the site's own outputs, where it has one.
    pub site: Option<&'a Plan>,
    /// The lines.
    pub lines: Vec<&'a Plan>,
    /// Lines that could not be resolved, and why.
    pub lost: Vec<(String, String)>,
    /// The rendered files by address, each with its output.
    pub files: BTreeMap<String, Vec<(String, String)>>,
}

/// Gathers a panel; `found` is what comparing said, or why nothing was compared.
pub fn gather(subject: &Subject<'_>, found: Result<&Report, String>) -> Panel {
    let is_site = !subject.address.contains('/');
    let groups = groups(&subject.lines);
    let mut gathered = Gathered { panel: Panel::default(), several: subject.lines.len() > 1 };
    if is_site && let Some(site) = subject.site {
        for zone in site.zones.keys() {
            gathered.zone(site, zone, 0);
        }
        gathered.plan(site, 0);
    }
    for (number, group) in groups.iter().enumerate() {
        for plan in group {
            gathered.plan(plan, number);
        }
    }
    let mut panel = gathered.panel;
    panel.address.clone_from(&subject.address);
    panel.title.clone_from(&subject.title);
    panel.about = standards(subject);
    for (address, why) in &subject.lost {
        panel.notes.push(Mark { kind: MarkKind::Untold, text: format!("{address} cannot be drawn: {why}") });
    }
    marks::undecided(&mut panel, subject, &groups);
    marks::compared(&mut panel, subject, &groups, found);
    let addresses: Vec<String> = subject.lines.iter().map(|plan| plan.address.to_string()).collect();
    finish(&mut panel, &addresses);
    panel
}

/// Marks that say the same of several lines are one, and so are those that all flows of a conduit have.
fn tidy(conduit: &mut Conduit, addresses: &[String]) {
    for flow in &mut conduit.flows {
        flow.marks = joined(&flow.marks, addresses);
    }
    if let [first, rest @ ..] = conduit.flows.as_slice()
        && !rest.is_empty()
    {
        let shared: Vec<Mark> = first.marks.clone();
        let of_all = |mark: &&Mark| rest.iter().all(|flow| flow.marks.contains(mark));
        let shared: Vec<Mark> = shared.iter().filter(of_all).cloned().collect();
        for flow in &mut conduit.flows {
            flow.marks.retain(|mark| !shared.contains(mark));
        }
        conduit.marks.extend(shared);
    }
    conduit.marks = joined(&conduit.marks, addresses);
}

fn joined(marks: &[Mark], addresses: &[String]) -> Vec<Mark> {
    let mut by_text: BTreeMap<(MarkKind, &str), BTreeSet<&str>> = BTreeMap::new();
    for mark in marks {
        let of =
            mark.text.split_once(": ").filter(|(address, _)| addresses.iter().any(|known| known == address));
        let (address, text) = of.unwrap_or(("", &mark.text));
        by_text.entry((mark.kind, text)).or_default().insert(address);
    }
    let one = |((kind, text), of): ((MarkKind, &str), BTreeSet<&str>)| {
        let of: Vec<String> =
            of.into_iter().filter(|address| !address.is_empty()).map(str::to_owned).collect();
        let text = if of.is_empty() { text.to_owned() } else { format!("{}: {text}", some(&of, 6)) };
        Mark { kind, text }
    };
    by_text.into_iter().map(one).collect()
}

fn standards(subject: &Subject<'_>) -> Vec<String> {
    let plans = subject.site.into_iter().chain(subject.lines.iter().copied());
    let own = |plan: &&Plan| plan.address.to_string().starts_with(&subject.address);
    let named: BTreeSet<String> = plans.filter(own).map(|plan| plan.standard.reference()).collect();
    named.into_iter().collect()
}

/// Sorts, and says of each thing whether a flow meets it.
fn finish(panel: &mut Panel, addresses: &[String]) {
    for conduit in &mut panel.conduits {
        if conduit.flows.is_empty() && conduit.kind == ConduitKind::Intended {
            conduit.kind = ConduitKind::Closed;
        }
        tidy(conduit, addresses);
        conduit.flows.sort_by(|a, b| a.id.cmp(&b.id));
    }
    panel.zones.sort_by(|a, b| (a.level, &a.key).cmp(&(b.level, &b.key)));
    for zone in &mut panel.zones {
        zone.prefixes.sort();
        zone.prefixes.dedup();
        // What is used comes first: the rest may be cut.
        zone.assets.sort_by(|a, b| (!a.used, &a.name, &a.detail).cmp(&(!b.used, &b.name, &b.detail)));
        zone.assets.dedup();
    }
    panel.notes.sort();
    panel.notes.dedup();
}

/// The zones that only a line has.
pub(super) fn is_local(plan: &Plan, zone: &str) -> bool {
    plan.address.line.is_some() && !plan.site.zones.contains_key(zone)
}

/// The key of a zone of a plan; lines of one shape share theirs.
pub(super) fn key(plan: &Plan, zone: &str, group: usize) -> String {
    if is_local(plan, zone) { format!("{zone}@{group}") } else { zone.to_owned() }
}

/// Lines that look the same, together, in the order in which they come.
fn groups<'a>(lines: &[&'a Plan]) -> Vec<Vec<&'a Plan>> {
    let mut shapes: Vec<(Shape, Vec<&Plan>)> = vec![];
    for plan in lines {
        let shape = shape(plan);
        match shapes.iter_mut().find(|(known, _)| *known == shape) {
            Some((_, group)) => group.push(plan),
            None => shapes.push((shape, vec![plan])),
        }
    }
    shapes.into_iter().map(|(_, group)| group).collect()
}

/// What a drawing of a line's own zones would show.
type Shape = (Vec<(String, String, String)>, BTreeSet<(String, Vec<String>)>, BTreeSet<(String, String)>);

fn shape(plan: &Plan) -> Shape {
    let zones = plan.zones.values().filter(|zone| is_local(plan, &zone.id));
    let zones =
        zones.map(|zone| (zone.id.clone(), zone.name.clone(), word(&zone.purdue).unwrap_or_default()));
    let meets = |zones: &[String]| zones.iter().any(|zone| is_local(plan, zone));
    let conduits = plan.conduits.iter().filter(|conduit| meets(&conduit.zones));
    let conduits: BTreeSet<_> = conduits.map(|conduit| (conduit.id.clone(), conduit.zones.clone())).collect();
    let flows = plan.flows.iter().filter(|flow| conduits.iter().any(|(id, _)| *id == flow.conduit));
    let flows = flows.map(|flow| (flow.id.clone(), flow.service.clone())).collect();
    (zones.collect(), conduits, flows)
}

struct Gathered {
    panel: Panel,
    /// Whether lines must be told apart.
    several: bool,
}

impl Gathered {
    fn plan(&mut self, plan: &Plan, group: usize) {
        for zone in plan.zones.values().filter(|zone| is_local(plan, &zone.id)) {
            self.zone(plan, &zone.id, group);
        }
        for conduit in &plan.conduits {
            if let [one, two] = conduit.zones.as_slice() {
                let ends = [self.zone(plan, one, group), self.zone(plan, two, group)];
                self.conduit(plan, conduit, ends);
            }
        }
        for flow in plan.flows.iter().filter(|flow| flow.line.is_none()) {
            self.flow(plan, flow, group);
        }
    }

    /// Adds a zone if it is not there, and what a plan knows to be in it.
    fn zone(&mut self, plan: &Plan, id: &str, group: usize) -> String {
        let key = key(plan, id, group);
        let line = plan.address.line.clone();
        let at = self.panel.zones.iter().position(|zone| zone.key == key).unwrap_or_else(|| {
            self.panel.zones.push(zone(plan, id, key.clone()));
            self.panel.zones.len() - 1
        });
        let zone = &mut self.panel.zones[at];
        let is_local = is_local(plan, id);
        if let Some(own) = plan.zones.get(id) {
            zone.prefixes.extend(own.prefixes.iter().cloned());
        }
        let flows = || plan.flows.iter().filter(|flow| flow.line.is_none());
        let ends: BTreeSet<(&str, String)> = flows()
            .flat_map(|flow| [&flow.from, &flow.to])
            .filter(|end| end.zone == id && end.name != id)
            .map(|end| (end.name.as_str(), end.addresses.join(", ")))
            .collect();
        let assets = plan.assets.values().filter(|asset| asset.zone == id);
        let mut all: BTreeMap<(&str, String), bool> =
            assets.map(|asset| ((asset.id.as_str(), asset.addresses.join(", ")), false)).collect();
        all.extend(ends.into_iter().map(|end| (end, true)));
        if is_local && self.several {
            let Some(line) = line.filter(|line| !zone.lines.contains(line)) else { return key };
            let prefixes =
                plan.zones.get(id).map(|own| own.prefixes.join(", ")).filter(|text| !text.is_empty());
            let name = match all.len() {
                0 => line.clone(),
                1 => format!("{line}: 1 asset"),
                more => format!("{line}: {more} assets"),
            };
            let used = all.values().any(|used| *used);
            zone.assets.push(Asset { name, detail: prefixes.unwrap_or_default(), used });
            zone.lines.push(line);
            return key;
        }
        for ((name, detail), used) in all {
            let is_own = line.is_some() && !plan.site.assets.contains_key(name);
            let name = match &line {
                Some(line) if self.several && is_own => format!("{line} {name}"),
                _ => name.to_owned(),
            };
            match zone.assets.iter_mut().find(|known| known.name == name && known.detail == detail) {
                Some(known) => known.used |= used,
                None => zone.assets.push(Asset { name, detail, used }),
            }
        }
        key
    }

    fn conduit(&mut self, plan: &Plan, from: &plan::Conduit, ends: [String; 2]) {
        let line = plan.address.line.clone().filter(|_| self.several);
        let known = self.panel.conduits.iter_mut().find(|known| known.id == from.id && known.ends == ends);
        if let Some(known) = known {
            known.lines.extend(line);
            return;
        }
        let decision = match &from.decision {
            Some(decision) => decision.clone(),
            None => "no decision".to_owned(),
        };
        let devices =
            if from.enforced_by.is_empty() { "not enforced".to_owned() } else { from.enforced_by.join(", ") };
        self.panel.conduits.push(Conduit {
            id: from.id.clone(),
            name: from.name.clone(),
            ends,
            lines: line.into_iter().collect(),
            about: vec![decision, devices, from.owner.clone().unwrap_or_else(|| "nobody".to_owned())],
            if_lost: from.if_lost.clone(),
            ..Conduit::default()
        });
    }

    fn flow(&mut self, plan: &Plan, flow: &plan::Flow, group: usize) {
        let zones = [&flow.from, &flow.to].map(|end| self.zone(plan, &end.zone, group));
        let joins = |conduit: &&mut Conduit| {
            conduit.id == flow.conduit && zones.iter().all(|zone| conduit.ends.contains(zone))
        };
        let Some(at) = self.panel.conduits.iter_mut().find(joins) else {
            // A flow between zones that its conduit does not join: drawn where it leads, and said.
            let text = format!("flow {} leads between zones that {} does not join", flow.id, flow.conduit);
            let own = Conduit {
                id: flow.conduit.clone(),
                name: "outside its conduit".to_owned(),
                ends: zones.clone(),
                marks: vec![Mark { kind: MarkKind::Undecided, text }],
                flows: vec![drawn(flow, zones)],
                ..Conduit::default()
            };
            return self.panel.conduits.push(own);
        };
        let new = drawn(flow, zones);
        let same = |known: &&mut Flow| {
            known.id == new.id && known.service == new.service && known.zones == new.zones
        };
        match at.flows.iter_mut().find(same) {
            None => at.flows.push(new),
            Some(known) => {
                for (list, name) in [(&mut known.from, &new.from[0]), (&mut known.to, &new.to[0])] {
                    if !list.contains(name) {
                        list.push(name.clone());
                    }
                }
            }
        }
    }
}

fn zone(plan: &Plan, id: &str, key: String) -> Zone {
    let Some(from) = plan.zones.get(id) else {
        return Zone { key, id: id.to_owned(), name: format!("{id} (not defined)"), ..Zone::default() };
    };
    let level = word(&from.purdue).map(|text| Level::of(&text)).unwrap_or_default();
    Zone {
        key,
        id: id.to_owned(),
        name: from.name.clone(),
        level,
        security: security(&from.sl_t),
        owner: from.owner.clone(),
        isolated: from.isolated,
        ..Zone::default()
    }
}

fn drawn(flow: &plan::Flow, zones: [String; 2]) -> Flow {
    Flow {
        id: flow.id.clone(),
        purpose: flow.purpose.clone(),
        zones,
        from: vec![flow.from.name.clone()],
        to: vec![flow.to.name.clone()],
        service: service(flow),
        access: flow.access.clone(),
        marks: vec![],
    }
}

/// A number or a word, as written.
fn word(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string().trim_end_matches(".0").to_owned()),
        _ => None,
    }
}

/// A security level, or the least and the greatest of a vector.
fn security(value: &Json) -> Option<String> {
    if let Json::Object(vector) = value {
        let wanted = || vector.values().filter_map(Json::as_u64);
        let (low, high) = (wanted().min()?, wanted().max()?);
        return Some(if low == high { format!("SL-T {low}") } else { format!("SL-T {low} to {high}") });
    }
    word(value).map(|text| format!("SL-T {text}"))
}

/// `opcua tcp/4840`.
fn service(flow: &plan::Flow) -> String {
    let port = |port: &PortSpec| match port {
        PortSpec::One(port) => port.to_string(),
        PortSpec::Range(range) => range.clone(),
    };
    let one = |one: &Match| {
        let ports: Vec<String> = one.dport.iter().map(port).collect();
        if ports.is_empty() { one.proto.clone() } else { format!("{}/{}", one.proto, ports.join(",")) }
    };
    let all: Vec<String> = flow.matches.iter().map(one).collect();
    format!("{} {}", flow.service, all.join(" "))
}

/// The first finding that names something.
pub(super) fn about<'f>(findings: &'f [Finding], id: &str) -> Option<&'f Finding> {
    findings.iter().find(|finding| names(&finding.message, id))
}
