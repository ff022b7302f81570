//! Access lists of Cisco IOS and ASA: first match decides, and what no entry matches is denied.
//!
//! An IOS list is stateless: the state of a packet says here whether it can be the first of a TCP connection, which
//! is what `established` asks. An ASA list meets first packets only. An ASA without a list on an interface goes by
//! security levels; that is not said by lists.
//!
//! What is read is what stands after all lines have been entered: a list that is removed and written again is the last
//! one, and of two lists that are bound at one place the later one counts.

mod bound;
mod entry;
mod lines;
mod objects;
mod ports;
mod services;
#[cfg(test)]
mod tests;

use super::ranges::Ranges;
use super::region::{Field, IPV4, IPV6, Region};
use super::rules::{Action, Gate, Rule, Ruleset, Unread, Verdict};
use super::services::{Services, of};
use entry::Kind;
use lines::Line;
use objects::Objects;
use std::collections::BTreeMap;

/// Whose language it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Cisco IOS and what resembles it: wildcard masks, stateless.
    Ios,
    /// Cisco ASA and ISA 3000: netmasks, stateful.
    Asa,
}

/// Where a list is bound.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Binding {
    /// The interface; `global` on an ASA is all.
    pub interface: String,
    /// `in` or `out`.
    pub direction: String,
    /// The chain.
    pub chain: String,
}

/// The access lists of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    /// A list is a chain named `ip access-list extended NAME`, `ipv6 access-list NAME`, `access-list NAME`.
    pub ruleset: Ruleset,
    /// Where they are bound.
    pub bindings: Vec<Binding>,
}

impl Lists {
    /// The gate of one list: it denies what it does not match.
    pub fn gate(&self, chain: &str) -> Option<Gate> {
        self.ruleset.chains.contains_key(chain).then(|| {
            let sees = match chain.split(' ').next() {
                Some("ip") => family(IPV4),
                Some("ipv6") => family(IPV6),
                _ => Region::all(),
            };
            Gate { chain: chain.to_owned(), sees, default: Verdict::Deny }
        })
    }
}

fn family(family: u8) -> Region {
    of(Field::Family, Ranges::one(family))
}

/// The entries of a list, each with its line.
type Entries<'t> = Vec<(u32, Vec<&'t str>)>;

/// Reads the lists of a configuration; whatever else it holds is passed over.
pub fn read(text: &str, dialect: Dialect) -> Lists {
    let lines = lines::read(text);
    let objects = Objects::new(&lines, dialect);
    let mut entries: BTreeMap<String, (Kind, Entries<'_>)> = BTreeMap::new();
    let mut bound: BTreeMap<(String, String, bool), String> = BTreeMap::new();
    let mut lists = Lists::default();
    for line in &lines {
        if let Some(chain) = removed(&line.words, dialect) {
            entries.remove(&chain);
        } else if let Some((chain, kind)) = list(line) {
            let own = &mut entries.entry(chain).or_insert((kind, vec![])).1;
            own.extend(line.below.iter().map(|entry| (entry.number, entry.words.clone())));
        } else if let Some((chain, kind, words)) = flat_entry(&line.words, dialect) {
            entries.entry(chain).or_insert((kind, vec![])).1.push((line.number, words));
        }
        bindings(line, dialect, &mut bound);
    }
    let named = |chain: String| {
        let same = |kind: &str| chain.replacen(" extended ", kind, 1);
        let known = [same(" extended "), same(" standard "), same(" ")];
        known.into_iter().find(|name| entries.contains_key(name)).unwrap_or(chain)
    };
    lists.bindings = bound
        .into_iter()
        .map(|((interface, direction, _), chain)| Binding { interface, direction, chain: named(chain) })
        .collect();
    for (chain, (kind, entries)) in entries {
        let mut rules: Vec<Rule> = in_order(entries)
            .iter()
            .map(|(line, words)| entry::read(*line, words, kind, &objects, dialect))
            .collect();
        if kind == Kind::Ipv6 && dialect == Dialect::Ios {
            // What every IPv6 list of IOS ends with: neighbours are found before all is denied.
            let kinds = [135u8, 136].map(|kind| Services::icmp(true, kind, None).regions);
            rules.push(Rule::simple(
                0,
                "permit icmp any any nd-ns, nd-na (implied)",
                kinds.concat(),
                Action::Accept,
            ));
        }
        for rule in &rules {
            for doubt in rule.parts.iter().filter_map(|part| part.doubt.clone()) {
                lists.ruleset.unread.push(Unread { line: rule.line, what: doubt });
            }
        }
        lists.ruleset.chains.insert(chain, rules);
    }
    lists.ruleset.unread.sort();
    lists
}

/// The list that a line removes.
fn removed(words: &[&str], dialect: Dialect) -> Option<String> {
    Some(match words {
        ["no", "ip", "access-list", kind @ ("extended" | "standard"), name] => {
            format!("ip access-list {kind} {name}")
        }
        ["no", "ipv6", "access-list", name] => format!("ipv6 access-list {name}"),
        ["no", "access-list", number] if dialect == Dialect::Ios => format!("ip access-list {number}"),
        ["clear", "configure", "access-list", name] if dialect == Dialect::Asa => format!("access-list {name}"),
        _ => return None,
    })
}

/// A list that is a section.
fn list(line: &Line<'_>) -> Option<(String, Kind)> {
    let kind = match line.words.as_slice() {
        ["ip", "access-list", "extended", _] => Kind::Extended,
        ["ip", "access-list", "standard", _] => Kind::Standard,
        ["ipv6", "access-list", _] => Kind::Ipv6,
        _ => return None,
    };
    Some((line.text(), kind))
}

/// An entry that names its list.
fn flat_entry<'t>(words: &[&'t str], dialect: Dialect) -> Option<(String, Kind, Vec<&'t str>)> {
    let ["access-list", name, rest @ ..] = words else { return None };
    let name = format!("access-list {name}");
    if dialect == Dialect::Asa {
        let rest = if let ["line", _, rest @ ..] = rest { rest } else { rest };
        return match rest {
            ["extended", rest @ ..] => Some((name, Kind::Extended, rest.to_vec())),
            ["standard", rest @ ..] => Some((name, Kind::Standard, rest.to_vec())),
            ["remark" | "permit" | "deny", ..] => Some((name, Kind::Extended, rest.to_vec())),
            // `webtype`, `ethertype` and the like see other things than packets.
            _ => None,
        };
    }
    let number: Option<u16> = super::names::decimal(words[1]);
    let kind = if matches!(number, Some(1..=99 | 1300..=1999)) { Kind::Standard } else { Kind::Extended };
    Some((format!("ip {name}"), kind, rest.to_vec()))
}

/// Entries by their numbers, where all that need one have one.
fn in_order(mut entries: Vec<(u32, Vec<&str>)>) -> Vec<(u32, Vec<&str>)> {
    let number = |words: &[&str]| match words {
        ["sequence", number, ..] => number.parse::<u64>().ok().map(|number| (number, 2)),
        [number, ..] => number.parse::<u64>().ok().map(|number| (number, 1)),
        [] => None,
    };
    if entries.iter().all(|(_, words)| number(words).is_some() || words.first() == Some(&"remark")) {
        let mut last = 0;
        // A remark without a number stays where it is.
        entries.sort_by_cached_key(|(_, words)| {
            last = number(words).map_or(last, |(number, _)| number);
            last
        });
    }
    for (_, words) in &mut entries {
        if let Some((_, used)) = number(words) {
            words.drain(..used);
        }
    }
    entries
}

/// What a line binds: by interface, direction and family, so that a later line replaces an earlier one.
fn bindings(line: &Line<'_>, dialect: Dialect, found: &mut BTreeMap<(String, String, bool), String>) {
    let mut bind = |interface: &str, direction: &str, is_v6: bool, chain: Option<String>| {
        let place = (interface.to_owned(), direction.to_owned(), is_v6);
        match chain {
            Some(chain) => found.insert(place, chain),
            None => found.remove(&place),
        };
    };
    match line.words.as_slice() {
        ["access-group", name, direction, "interface", interface, ..] if dialect == Dialect::Asa => {
            bind(interface, direction, false, Some(format!("access-list {name}")));
        }
        ["access-group", name, "global"] if dialect == Dialect::Asa => {
            bind("global", "in", false, Some(format!("access-list {name}")));
        }
        ["no", "access-group", _, direction, "interface", interface, ..] if dialect == Dialect::Asa => {
            bind(interface, direction, false, None);
        }
        ["no", "access-group", _, "global"] if dialect == Dialect::Asa => bind("global", "in", false, None),
        ["interface", interface @ ..] => {
            let interface = interface.join(" ");
            for below in &line.below {
                match below.words.as_slice() {
                    ["ip", "access-group", name, direction] => {
                        bind(&interface, direction, false, Some(format!("ip access-list extended {name}")));
                    }
                    ["ipv6", "traffic-filter", name, direction] => {
                        bind(&interface, direction, true, Some(format!("ipv6 access-list {name}")));
                    }
                    ["no", "ip", "access-group", .., direction @ ("in" | "out")] => {
                        bind(&interface, direction, false, None);
                    }
                    ["no", "ipv6", "traffic-filter", .., direction @ ("in" | "out")] => {
                        bind(&interface, direction, true, None);
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}
