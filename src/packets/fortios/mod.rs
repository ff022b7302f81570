//! Policies of FortiOS: in the order of the table and not of their numbers, first match, what none matches is denied.
//!
//! A policy says more than which packets: translation, users, times, inspection. A setting that is not known to leave
//! packets alone makes its policy doubtful.

mod objects;
#[cfg(test)]
mod tests;
pub(crate) mod tree;

use super::addresses;
use super::nft::Unreadable;
use super::region::{Field, Region, cross};
use super::rules::{Action, Gate, Part, Rule, Ruleset, Unread, Verdict};
use super::services::{Services, of};
use objects::{Objects, by};
use tree::{Entry, Setting, Table};

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
    "srcintf", "dstintf", "srcaddr", "dstaddr", "srcaddr4", "dstaddr4", "srcaddr6", "dstaddr6", "action",
    "status", "service", "schedule",
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
    "firewall policy46",
    "firewall policy64",
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
    rules.extend(virtual_addresses(tables));
    let mut found = !rules.is_empty();
    for table in tables {
        let is_v6 = table.name == "firewall policy6";
        if matches!(table.name.as_str(), "firewall policy" | "firewall consolidated policy") || is_v6 {
            found = true;
            rules.extend(table.entries.iter().map(|entry| policy(entry, &objects, is_v6)));
        }
    }
    if found {
        ruleset.chains.insert(format!("{prefix}firewall policy"), rules);
    }
}

/// What is sent to a virtual address is translated before any policy is asked, whether the policy accepts or denies
/// (Fortinet, "DENY policy for Virtual IP firewall policy"): whether it passes, no policy says by itself.
fn virtual_addresses(tables: &[Table]) -> Vec<Rule> {
    let own = tables.iter().filter(|table| {
        matches!(table.name.as_str(), "firewall vip" | "firewall vip6" | "firewall vip46" | "firewall vip64")
    });
    let vips = own.flat_map(|table| &table.entries).filter(|entry| !entry.is("status", "disable"));
    let rule = |entry: &Entry| {
        let outside = match entry.get("extip") {
            Some([one]) => match one.split_once('-') {
                Some((first, last)) => addresses::span(first, last),
                // This one is whatever address the interface has.
                None => addresses::host(one).filter(|_| !matches!(one.as_str(), "0.0.0.0" | "::")),
            },
            _ => None,
        };
        let regions = outside.map_or_else(|| vec![Region::all()], |found| found.regions(Field::Destination));
        let said: Vec<String> =
            entry.settings.iter().map(|set| format!("{} {}", set.key, set.values.join(" "))).collect();
        Rule {
            line: entry.line,
            text: format!("virtual address {}", entry.name),
            parts: vec![Part {
                regions,
                doubt: Some(format!("virtual address {} {}", entry.name, said.join(", "))),
                action: Action::Unknown,
            }],
        }
    };
    vips.map(rule).collect()
}

/// All settings without their lines.
fn settings(table: &Table) -> Vec<(String, Vec<(String, Vec<String>)>)> {
    let of = |entry: &Entry| {
        entry.settings.iter().map(|setting| (setting.key.clone(), setting.values.clone())).collect()
    };
    table.entries.iter().map(|entry| (entry.name.clone(), of(entry))).collect()
}

fn policy(entry: &Entry, objects: &Objects<'_>, is_v6: bool) -> Rule {
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
    let mut ways = entry.get("srcintf")?.iter().chain(entry.get("dstintf")?);
    // Its members change with the state of the links; what the policy sees of an interface, nobody can say.
    if ways.any(|name| objects.is_sdwan(name)) {
        return None;
    }
    let by_interface = by(Field::In, objects.interfaces(entry.get("srcintf")?))
        .and(&by(Field::Out, objects.interfaces(entry.get("dstintf")?)));
    // What is meant is the rest: which packets these are is a doubt, and may be any.
    let is_negated = |key: &str| entry.is(&format!("{key}-negate"), "enable");
    let by_internet_service =
        |setting: &Setting| setting.key.starts_with("internet-service") && setting.values == ["enable"];
    if entry.settings.iter().any(by_internet_service) {
        return None;
    }
    let mut ends = vec![];
    let mut has_ends = false;
    let families: &[(&str, &str, bool)] = if is_v6 {
        &[("srcaddr", "dstaddr", true)]
    } else {
        &[("srcaddr", "dstaddr", false), ("srcaddr4", "dstaddr4", false), ("srcaddr6", "dstaddr6", true)]
    };
    for (source, target, is_v6) in families {
        let (Some(sources), Some(targets)) = (entry.get(source), entry.get(target)) else { continue };
        has_ends = true;
        let read = |key: &str, names: &[String]| {
            if is_negated(key) { addresses::Addresses::any() } else { objects.addresses(names, *is_v6) }
        };
        let (source, target) = (read(source, sources), read(target, targets));
        doubts.extend(source.lost.iter().chain(&target.lost).cloned());
        let family = of(Field::Family, super::ranges::Ranges::one(u8::from(*is_v6)));
        ends.extend(cross(
            &[family],
            &cross(&source.regions(Field::Source), &target.regions(Field::Destination)),
        ));
    }
    // Without addresses it goes by something else: services of the internet, users.
    if !has_ends {
        return None;
    }
    let services = if is_negated("service") {
        entry.get("service")?;
        Services::protocol(None)
    } else {
        objects.services(entry.get("service")?)
    };
    doubts.extend(services.lost);
    if ends.len() * services.regions.len() > MOST_REGIONS {
        return None;
    }
    Some(cross(&by_interface.into_iter().collect::<Vec<_>>(), &cross(&ends, &services.regions)))
}
