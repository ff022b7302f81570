//! Policies of FortiOS: in the order of the table and not of their numbers, first match, what none matches is denied.
//!
//! A policy says more than which packets: translation, users, times, inspection. A setting that is not known to leave
//! packets alone makes its policy doubtful.

mod objects;
#[cfg(test)]
mod tests;
pub(crate) mod tree;

use super::nft::Unreadable;
use super::region::{Field, Region, cross};
use super::rules::{Action, Gate, Part, Rule, Ruleset, Unread, Verdict};
use super::services::of;
use objects::{Objects, by};
use tree::{Entry, Table};

/// The policies of a configuration, one chain for each virtual domain.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    /// A chain is named `firewall policy`, after the name of its virtual domain if there is one.
    pub ruleset: Ruleset,
}

impl Policies {
    /// The gate of a chain: what no policy matches is denied.
    pub fn gate(&self, chain: &str) -> Gate {
        Gate::of_all(chain, Verdict::Deny)
    }

    /// The chains.
    pub fn chains(&self) -> impl Iterator<Item = &str> {
        self.ruleset.chains.keys().map(String::as_str)
    }
}

/// More boxes in one policy than this are not followed.
const MOST_REGIONS: usize = 20_000;

/// Settings that do not change which packets pass.
const HARMLESS: &[&str] = &[
    "name",
    "uuid",
    "comments",
    "comment",
    "logtraffic",
    "logtraffic-start",
    "label",
    "global-label",
    "policyid",
    "auto-asic-offload",
    "np-acceleration",
    "capture-packet",
    "session-ttl",
    "tcp-mss-sender",
    "tcp-mss-receiver",
    "inspection-mode",
    "traffic-shaper",
    "traffic-shaper-reverse",
    "per-ip-shaper",
    "fec",
    "tos",
    "tos-mask",
    "match-vip-only",
    "send-deny-packet",
    "delay-tcp-npu-session",
    "sgt-check",
    "diffserv-forward",
    "diffserv-reverse",
    "permit-any-host-log",
    "match-vip",
    "color",
    "radius-mac-auth-bypass-log",
    "dynamic-shaping-log",
];

/// Settings that are read.
const READ: &[&str] = &[
    "srcintf", "dstintf", "srcaddr", "dstaddr", "srcaddr6", "dstaddr6", "action", "status", "service",
    "schedule",
];

/// Settings that leave packets alone at one value.
const OFF: &[(&str, &[&str])] = &[
    ("nat", &["disable"]),
    ("nat46", &["disable"]),
    ("nat64", &["disable"]),
    ("ippool", &["disable"]),
    ("fixedport", &["disable"]),
    ("utm-status", &["disable"]),
    ("internet-service", &["disable"]),
    ("internet-service-src", &["disable"]),
    ("internet-service6", &["disable"]),
    ("internet-service6-src", &["disable"]),
    ("srcaddr-negate", &["disable"]),
    ("dstaddr-negate", &["disable"]),
    ("service-negate", &["disable"]),
    ("srcaddr6-negate", &["disable"]),
    ("dstaddr6-negate", &["disable"]),
    ("rtp-nat", &["disable"]),
    ("ssl-ssh-profile", &["no-inspection"]),
    ("profile-type", &["single"]),
    ("profile-protocol-options", &["default"]),
    ("ztna-status", &["disable"]),
    ("geoip-anycast", &["disable"]),
    ("permit-any-host", &["disable"]),
    ("block-notification", &["disable"]),
    ("tcp-session-without-syn", &["disable"]),
    ("anti-replay", &["enable", "disable"]),
    ("schedule-timeout", &["disable", "enable"]),
    ("wccp", &["disable"]),
    ("disclaimer", &["disable"]),
    ("captive-portal-exempt", &["disable"]),
    ("dsri", &["disable", "enable"]),
    ("vlan-filter", &[""]),
    ("email-collect", &["disable"]),
    ("match-vip", &["enable", "disable"]),
    ("policy-expiry", &["disable"]),
    ("passive-wan-health-measurement", &["disable", "enable"]),
    ("reputation-minimum", &["0"]),
    ("reputation-minimum6", &["0"]),
];

/// Other tables that decide about packets; where one has entries, what passes is not said by policies alone.
const ALSO_DECIDE: &[&str] = &[
    "firewall security-policy",
    "firewall DoS-policy",
    "firewall DoS-policy6",
    "firewall interface-policy",
    "firewall interface-policy6",
    "firewall acl",
    "firewall acl6",
    "firewall ttl-policy",
    "firewall multicast-policy",
];

/// Reads the policies of a configuration.
pub fn read(text: &str) -> Result<Policies, Unreadable> {
    Ok(of_tables(&tree::read(text)?))
}

/// The policies of tables that were read.
pub(crate) fn of_tables(tables: &[Table]) -> Policies {
    let mut policies = Policies::default();
    scope(tables, "", &mut policies.ruleset);
    for vdom in tables.iter().filter(|table| table.name == "vdom").flat_map(|table| &table.entries) {
        scope(&vdom.tables, &format!("{} ", vdom.name), &mut policies.ruleset);
    }
    for rule in policies.ruleset.chains.values().flatten() {
        let doubts = rule.parts.iter().filter_map(|part| part.doubt.clone());
        policies.ruleset.unread.extend(doubts.map(|what| Unread { line: rule.line, what }));
    }
    policies.ruleset.unread.sort();
    policies.ruleset.unread.dedup();
    policies
}

fn scope(tables: &[Table], prefix: &str, ruleset: &mut Ruleset) {
    let objects = Objects::new(tables);
    let has_vips = tables.iter().any(|table| {
        matches!(table.name.as_str(), "firewall vip" | "firewall vip6" | "firewall vipgrp")
            && !table.entries.is_empty()
    });
    let mut rules: Vec<Rule> = vec![];
    for table in
        tables.iter().filter(|table| ALSO_DECIDE.contains(&table.name.as_str()) && !table.entries.is_empty())
    {
        let words =
            format!("{} {}", table.name, blake3::hash(format!("{:?}", settings(table)).as_bytes()).to_hex());
        rules.push(Rule {
            line: table.line,
            text: table.name.clone(),
            parts: vec![Part { regions: vec![Region::all()], doubt: Some(words), action: Action::Unknown }],
        });
    }
    for zone in tables.iter().filter(|table| table.name == "system zone").flat_map(|table| &table.entries) {
        if zone.is("intrazone", "allow") {
            let own = objects.interfaces(std::slice::from_ref(&zone.name));
            let regions = by(Field::In, own.clone()).and(&by(Field::Out, own)).into_iter().collect();
            rules.push(Rule {
                line: zone.line,
                text: format!("zone {} intrazone allow", zone.name),
                parts: vec![Part {
                    regions,
                    doubt: Some(format!("intrazone {}", zone.name)),
                    action: Action::Accept,
                }],
            });
        }
    }
    let mut found = !rules.is_empty();
    for table in tables {
        let is_v6 = table.name == "firewall policy6";
        if table.name == "firewall policy" || is_v6 {
            found = true;
            rules.extend(table.entries.iter().map(|entry| policy(entry, &objects, is_v6, has_vips)));
        }
    }
    if found {
        ruleset.chains.insert(format!("{prefix}firewall policy"), rules);
    }
}

/// All settings without their lines.
fn settings(table: &Table) -> Vec<(String, Vec<(String, Vec<String>)>)> {
    let of = |entry: &Entry| {
        entry.settings.iter().map(|setting| (setting.key.clone(), setting.values.clone())).collect()
    };
    table.entries.iter().map(|entry| (entry.name.clone(), of(entry))).collect()
}

fn policy(entry: &Entry, objects: &Objects<'_>, is_v6: bool, has_vips: bool) -> Rule {
    let text = match entry.get("name").and_then(<[String]>::first) {
        Some(name) => format!("policy {} {name}", entry.name),
        None => format!("policy {}", entry.name),
    };
    let silent = Rule { line: entry.line, text, parts: vec![] };
    if entry.is("status", "disable") {
        return silent;
    }
    let action = match entry.get("action").and_then(<[String]>::first).map(String::as_str) {
        None | Some("deny") => Action::Deny,
        Some("accept") => Action::Accept,
        Some(_) => Action::Unknown,
    };
    let mut doubts = doubts(entry);
    // Policies that deny pass over what a virtual address translates, unless told otherwise.
    if action == Action::Deny && has_vips && !entry.is("match-vip", "enable") {
        doubts.push("virtual addresses".into());
    }
    let regions = packets(entry, objects, is_v6, &mut doubts);
    let (regions, doubts) = match regions {
        Some(regions) => (regions, doubts),
        None => (
            vec![Region::all()],
            vec![format!(
                "policy {} {:?}",
                entry.name,
                entry.settings.iter().map(|setting| (&setting.key, &setting.values)).collect::<Vec<_>>()
            )],
        ),
    };
    let doubt = (!doubts.is_empty()).then(|| doubts.join(", "));
    Rule { parts: vec![Part { regions, doubt, action }], ..silent }
}

/// What of a policy is not understood.
fn doubts(entry: &Entry) -> Vec<String> {
    let is_known = |key: &str, values: &[String]| {
        READ.contains(&key) && (key != "schedule" || values == ["always"])
            || HARMLESS.contains(&key)
            || OFF.iter().any(|(known, off)| *known == key && off.iter().any(|value| values == [*value]))
    };
    let unknown = entry.settings.iter().filter(|setting| !is_known(&setting.key, &setting.values));
    let tables = entry.tables.iter().map(|table| format!("config {}", table.name));
    unknown.map(|setting| format!("{} {}", setting.key, setting.values.join(" "))).chain(tables).collect()
}

fn packets(
    entry: &Entry,
    objects: &Objects<'_>,
    is_v6: bool,
    doubts: &mut Vec<String>,
) -> Option<Vec<Region>> {
    let by_interface = by(Field::In, objects.interfaces(entry.get("srcintf")?))
        .and(&by(Field::Out, objects.interfaces(entry.get("dstintf")?)));
    let mut ends = vec![];
    let families: &[(&str, &str, bool)] = if is_v6 {
        &[("srcaddr", "dstaddr", true)]
    } else {
        &[("srcaddr", "dstaddr", false), ("srcaddr6", "dstaddr6", true)]
    };
    for (source, target, is_v6) in families {
        let (Some(source), Some(target)) = (entry.get(source), entry.get(target)) else { continue };
        let (source, target) = (objects.addresses(source, *is_v6), objects.addresses(target, *is_v6));
        doubts.extend(source.lost.iter().chain(&target.lost).cloned());
        let family = of(Field::Family, super::ranges::Ranges::one(u8::from(*is_v6)));
        ends.extend(cross(
            &[family],
            &cross(&source.regions(Field::Source), &target.regions(Field::Destination)),
        ));
    }
    // Without addresses it goes by something else: services of the internet, users.
    if ends.is_empty() && entry.get("srcaddr").or(entry.get("srcaddr6")).is_none() {
        return None;
    }
    let services = objects.services(entry.get("service")?);
    doubts.extend(services.lost);
    if ends.len() * services.regions.len() > MOST_REGIONS {
        return None;
    }
    Some(cross(&by_interface.into_iter().collect::<Vec<_>>(), &cross(&ends, &services.regions)))
}
