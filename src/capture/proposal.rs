//! Connections that the templates speak of, as conduits and flows for someone to own and decide.
//!
//! The proposal stands beside the blueprint as `conduits.proposed.yaml`, in the shape of `conduits.yaml`: a flow without
//! owner and decision would stop every line that has just proven itself, and an owner or a decision that nobody gave
//! would be a lie. Who takes it over fills in what is missing and renames the file.

use super::connections::{self, Connection};
use super::draft::Draft;
use super::names::id;
use super::yaml::{flow, scalar};
use crate::resolve::services;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Zone of what has no network that could be told.
const UNKNOWN: &str = "zone-to-be-named";
/// Begins and ends the number of an expression while a line is read.
const MARK: &str = "jigexpression";

/// What is proposed, and what cannot be.
#[derive(Debug, Clone, Default)]
pub(super) struct Proposal {
    zones: BTreeMap<String, Option<String>>,
    assets: BTreeMap<String, Map<String, Value>>,
    services: BTreeMap<String, Value>,
    flows: BTreeMap<(String, String), Vec<Map<String, Value>>>,
    /// Connections that are open on one side, or that a list has once for each item.
    left: BTreeSet<String>,
}

/// Reads the templates of a draft.
pub(super) fn find(draft: &Draft) -> Proposal {
    let mut out = Proposal::default();
    let mut seen = BTreeSet::new();
    for (path, text) in draft.files.iter().filter(|(path, _)| path.ends_with(".j2")) {
        let (text, expressions) = without_expressions(text);
        let file = path.split("/templates/").nth(1).unwrap_or(path).trim_end_matches(".j2");
        let items = loop_items(&text);
        for connection in connections::in_text(&text, file, file) {
            let key = [&connection.from, &connection.to, &connection.service]
                .map(|s| with_expressions(s, &expressions));
            if seen.insert(key) {
                out.add(&connection, &text, &expressions, &items);
            }
        }
    }
    out
}

impl Proposal {
    /// Returns the number of flows that are proposed.
    pub(super) fn flows(&self) -> usize {
        self.flows.values().map(Vec::len).sum()
    }

    fn add(&mut self, connection: &Connection, text: &str, expressions: &[String], items: &BTreeSet<String>) {
        let shown = |name: &str| with_expressions(name, expressions);
        let (from, to) = (sides(&connection.from, text), sides(&connection.to, text));
        let said = format!(
            "{} -> {} {}, {}",
            shown(&connection.from),
            shown(&connection.to),
            connection.service,
            connection.place
        );
        let reads =
            |item: &String| said.contains(&format!("{{{{ {item}")) || said.contains(&format!("({item}."));
        let is_open = [&connection.from, &connection.to].iter().any(|side| *side == "any");
        let (protocol, ports) = connection.service.split_once(' ').unwrap_or(("any", "any"));
        if is_open || ports == "any" || items.iter().any(reads) {
            self.left.insert(said);
            return;
        }
        let from = self.asset(&connection.from, &from, expressions);
        let to = self.asset(&connection.to, &to, expressions);
        let mut zones = [self.zone_of(&from), self.zone_of(&to)];
        zones.sort();
        let known = if matches!(protocol, "udp" | "sctp") { protocol } else { "tcp" };
        for port in ports.split(',') {
            let service = self.service(known, &shown(port));
            let mut members = Map::new();
            members.insert("purpose".into(), json!(format!("to be said; seen in {}", connection.place)));
            members.insert("from".into(), json!(from));
            members.insert("to".into(), json!(to));
            members
                .insert("access".into(), json!(if service.starts_with("mqtt") { "publish" } else { "read" }));
            members.insert("service".into(), json!(service));
            self.flows.entry((zones[0].clone(), zones[1].clone())).or_default().push(members);
        }
    }

    fn zone_of(&self, asset: &str) -> String {
        self.assets[asset]["zone"].as_str().unwrap_or(UNKNOWN).to_owned()
    }

    /// An asset for one side of a connection, by its name in the file or its address.
    fn asset(&mut self, name: &str, addresses: &[String], expressions: &[String]) -> String {
        let addresses: Vec<String> =
            addresses.iter().map(|text| with_expressions(text, expressions)).collect();
        let bare = name.trim_start_matches(['@', '$']);
        let is_address = |text: &String| is_expression(text) || text.split('/').next().is_some_and(is_ip);
        let shown = with_expressions(bare, expressions);
        let stem = match addresses.first().filter(|_| is_ip(bare) || bare.contains(MARK)) {
            Some(first) => host_name(first),
            None => id(&plain(&shown)),
        };
        let stem: String = stem.chars().take(28).collect();
        let stem = if stem.is_empty() { "host".to_owned() } else { stem.trim_end_matches('-').to_owned() };
        let given: Vec<String> = addresses.into_iter().filter(is_address).collect();
        let is_same = |known: &&Map<String, Value>| known.get("addresses") == Some(&json!(given));
        if let Some((known, _)) = self.assets.iter().find(|(_, asset)| !given.is_empty() && is_same(asset)) {
            return known.clone();
        }
        let zone = self.zone(&given);
        let mut members = Map::new();
        members.insert("zone".into(), json!(zone));
        if !given.is_empty() {
            members.insert("addresses".into(), json!(given));
        }
        let mut out = stem.clone();
        let mut number = 2;
        while self.assets.get(&out).is_some_and(|known| *known != members) {
            out = format!("{stem}-{number}");
            number += 1;
        }
        self.assets.insert(out.clone(), members);
        out
    }

    /// The zone of addresses: the network value that they are hosts of, else their /24.
    fn zone(&mut self, addresses: &[String]) -> String {
        let Some(first) = addresses.first() else {
            self.zones.insert(UNKNOWN.into(), None);
            return UNKNOWN.into();
        };
        let value = first.strip_prefix("{{ values.").and_then(|rest| rest.split_once("|host("));
        let (zone, prefix) = match (value, first.parse::<std::net::Ipv4Addr>()) {
            (Some((name, _)), _) => (id(name), Some(format!("{{{{ values.{name} }}}}"))),
            (None, Ok(address)) => {
                let [a, b, c, _] = address.octets();
                (format!("net-{a}-{b}-{c}"), Some(format!("{a}.{b}.{c}.0/24")))
            }
            _ => (UNKNOWN.to_owned(), None),
        };
        self.zones.insert(zone.clone(), prefix);
        zone
    }

    fn service(&mut self, protocol: &str, port: &str) -> String {
        let wanted = format!("{port} {protocol}");
        let known = services::table().find(|(_, matches, _)| matches.split("; ").any(|one| one == wanted));
        if let Some((name, ..)) = known {
            return name.to_owned();
        }
        let port = port.parse::<u16>().map_or_else(|_| json!(port), |port| json!(port));
        let name = id(&format!("{protocol}-{}", plain(&port.to_string().replace("values.", ""))));
        self.services.insert(name.clone(), json!({"match": [{"proto": protocol, "dport": [port]}]}));
        name
    }

    /// Writes it as a file of the blueprint; nothing where there is nothing to propose.
    pub(super) fn text(&self) -> Option<String> {
        if self.flows.is_empty() && self.left.is_empty() {
            return None;
        }
        let mut out = String::from(
            "# Proposed from the files; jig does not read it. Give each conduit an owner, a decision and what happens if\n\
             # it is lost, each zone a name, a level and an owner, each flow its purpose, access and authentication.\n\
             # Site network and security can answer. Then rename the file to conduits.yaml.\n",
        );
        let mut part = |name: &str, members: Vec<(String, Value)>| {
            if !members.is_empty() {
                out.push_str(&format!("{name}:\n"));
                members
                    .iter()
                    .for_each(|(key, value)| out.push_str(&format!("  {}: {}\n", scalar(key), flow(value))));
            }
        };
        let prefixes = |prefix: &Option<String>| match prefix {
            Some(prefix) => json!({"prefixes": [prefix]}),
            None => json!({}),
        };
        part("zones", self.zones.iter().map(|(zone, prefix)| (zone.clone(), prefixes(prefix))).collect());
        part("assets", self.assets.iter().map(|(name, asset)| (name.clone(), json!(asset))).collect());
        part(
            "services",
            self.services.iter().map(|(name, service)| (name.clone(), service.clone())).collect(),
        );
        if !self.flows.is_empty() {
            out.push_str("conduits:\n");
        }
        for (at, ((one, other), flows)) in self.flows.iter().enumerate() {
            out.push_str(&format!(
                "  CN-{:02}:\n    zones: {}\n    flows:\n",
                at + 1,
                flow(&json!([one, other]))
            ));
            for (number, members) in flows.iter().enumerate() {
                out.push_str(&format!("      F-{:02}.{}: {}\n", at + 1, number + 1, flow(&json!(members))));
            }
        }
        if !self.left.is_empty() {
            out.push_str("# Not proposed, because one side or the service is open, or a list has it once for each item:\n");
            self.left.iter().for_each(|said| out.push_str(&format!("# - {said}\n")));
        }
        Some(out)
    }
}

fn is_expression(text: &str) -> bool {
    text.starts_with("{{ ") && text.find("}}").is_some_and(|end| end + 2 == text.len())
}

fn is_ip(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// A name for an address: its digits, or the value and number that it is.
fn host_name(address: &str) -> String {
    match address.parse::<std::net::IpAddr>() {
        Ok(ip) => format!("host-{}", ip.to_string().replace(['.', ':'], "-")),
        Err(_) => id(&plain(&address.replace("values.", ""))),
    }
}

fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// The text with a word instead of each expression, and the expressions.
fn without_expressions(text: &str) -> (String, Vec<String>) {
    let mut out = String::new();
    let mut expressions: Vec<String> = vec![];
    let mut rest = text;
    while let Some(at) = rest.find("{{ ")
        && let Some(length) = rest[at..].find(" }}")
    {
        out.push_str(&rest[..at]);
        // The same expression is the same word, so that a set is found by its name.
        let expression = &rest[at..at + length + 3];
        let number = expressions.iter().position(|known| known == expression).unwrap_or_else(|| {
            expressions.push(expression.to_owned());
            expressions.len() - 1
        });
        out.push_str(&format!("{MARK}{number}x"));
        rest = &rest[at + length + 3..];
    }
    out.push_str(rest);
    (out, expressions)
}

fn with_expressions(text: &str, expressions: &[String]) -> String {
    let mut out = text.to_owned();
    if !out.contains(MARK) {
        return out;
    }
    for (number, expression) in expressions.iter().enumerate() {
        let word = format!("{MARK}{number}x");
        if out.contains(&word) {
            out = out.replace(&word, expression);
        }
    }
    out
}

/// The names that the items of lists have in a template.
fn loop_items(text: &str) -> BTreeSet<String> {
    let tags = text.split("{% for ").skip(1);
    tags.filter_map(|rest| rest.split_once(" in ").map(|(item, _)| item.to_owned())).collect()
}

/// The addresses of one side: of a set or a definition of the same file, of a list, or itself.
fn sides(name: &str, text: &str) -> Vec<String> {
    let listed = |body: &str| {
        body.split([',', ' ', '{', '}', '\n', '\t'])
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    if let Some(set) = name.strip_prefix('@') {
        let body =
            text.split_once(&format!("set {set} {{")).and_then(|(_, rest)| rest.split_once("elements = {"));
        return body
            .and_then(|(_, rest)| rest.split_once('}'))
            .map_or_else(Vec::new, |(body, _)| listed(body));
    }
    if let Some(name) = name.strip_prefix('$') {
        let body = text.lines().find_map(|line| {
            let (before, value) = line.trim_start().strip_prefix("define ")?.split_once('=')?;
            (before.trim() == name).then(|| value.trim().to_owned())
        });
        return body.map_or_else(Vec::new, |body| listed(&body));
    }
    listed(name)
}
