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
        } else if let ["no", rest @ ..] = line.words.as_slice()
            && dialect == Dialect::Asa
            && let Some((chain, _, words)) = flat_entry(rest, dialect)
        {
            if let Some((_, own)) = entries.get_mut(&chain) {
                own.retain(|(_, own)| *own != words);
            }
        } else if let Some((chain, kind)) = list(line) {
            let own = &mut entries.entry(chain).or_insert((kind, vec![])).1;
            own.extend(line.below.iter().map(|entry| (entry.number, entry.words.clone())));
        } else if let Some((chain, kind, words)) = flat_entry(&line.words, dialect) {
            let own = &mut entries.entry(chain).or_insert((kind, vec![])).1;
            let at = position(&line.words, dialect).map_or(own.len(), |at| at.min(own.len()));
            own.insert(at, (line.number, words));
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
        let mut rules: Vec<Rule> = in_order(without_removed(entries))
            .iter()
            .map(|(line, words)| entry::read(*line, words, kind, &objects, dialect))
            .collect();
        if rules.iter().all(|rule| rule.text.starts_with("remark")) {
            // IOS lets everything pass a list without entries, though with the first one it denies the rest.
            rules.push(entry::unknown(0, "a list without entries".into(), entry::of_kind(kind, dialect)));
        }
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
    for binding in lists.bindings.iter().filter(|binding| is_unread(&binding.chain)) {
        let kind = if binding.chain.starts_with("ipv6 ") { Kind::Ipv6 } else { Kind::Extended };
        let rule = entry::unknown(0, binding.chain.clone(), entry::of_kind(kind, dialect));
        lists.ruleset.chains.insert(binding.chain.clone(), vec![rule]);
    }
    lists.ruleset.unread.sort();
    lists
}

/// Whether what is bound is a command as it stands, not understood, in place of a list.
fn is_unread(chain: &str) -> bool {
    ["access-group ", "ip access-group ", "ipv6 traffic-filter "].iter().any(|start| chain.starts_with(start))
}

/// The list that a line removes.
fn removed(words: &[&str], dialect: Dialect) -> Option<String> {
    Some(match words {
        ["no", "ip", "access-list", kind @ ("extended" | "standard"), name] => {
            format!("ip access-list {kind} {name}")
        }
        ["no", "ipv6", "access-list", name] => format!("ipv6 access-list {name}"),
        ["no", "access-list", number] if dialect == Dialect::Ios => format!("ip access-list {number}"),
        ["clear", "configure", "access-list", name] if dialect == Dialect::Asa => {
            format!("access-list {name}")
        }
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

/// The place that a command of ASA names, from 0: `access-list X line 3 ...` goes before what is third.
fn position(words: &[&str], dialect: Dialect) -> Option<usize> {
    let ["access-list", _, "line", number, ..] = words else { return None };
    super::names::decimal::<usize>(number).filter(|_| dialect == Dialect::Asa)?.checked_sub(1)
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

/// The entries without those that a later line of their list takes away; a line that takes away what is not there stays,
/// in front of all, and nobody knows what it does.
fn without_removed(entries: Entries<'_>) -> Entries<'_> {
    let mut left: Entries<'_> = vec![];
    for (line, words) in entries {
        let ["no", gone @ ..] = words.as_slice() else {
            left.push((line, words));
            continue;
        };
        let before = left.len();
        match gone {
            [number] | ["sequence", number] => left.retain(|(_, own)| {
                own.first() != Some(number)
                    && !(own.first() == Some(&"sequence") && own.get(1) == Some(number))
            }),
            gone => left.retain(|(_, own)| own != gone),
        }
        if left.len() == before {
            left.insert(0, (line, [&["0"], words.as_slice()].concat()));
        }
    }
    left
}

/// Entries by their numbers; one without gets the highest so far and ten (IOS, "IP Access List Entry Sequence Numbering").
fn in_order(mut entries: Vec<(u32, Vec<&str>)>) -> Vec<(u32, Vec<&str>)> {
    let number = |words: &[&str]| match words {
        ["sequence", number, ..] => number.parse::<u64>().ok().map(|number| (number, 2)),
        [number, ..] => number.parse::<u64>().ok().map(|number| (number, 1)),
        [] => None,
    };
    let (mut last, mut highest) = (0, 0);
    // A remark without a number stays where it is.
    entries.sort_by_cached_key(|(_, words)| {
        last = match number(words) {
            Some((number, _)) => number,
            None if words.first() == Some(&"remark") => last,
            None => u64::saturating_add(highest, 10),
        };
        highest = highest.max(last);
        last
    });
    for (_, words) in &mut entries {
        if let Some((_, used)) = number(words) {
            words.drain(..used);
        }
    }
    entries
}

fn bindings(line: &Line<'_>, dialect: Dialect, found: &mut BTreeMap<(String, String, bool), String>) {
    let mut bind = |interface: &str, direction: &str, is_v6: bool, chain: Option<String>| {
        let place = (interface.to_owned(), direction.to_owned(), is_v6);
        match chain {
            Some(chain) => found.insert(place, chain),
            None => found.remove(&place),
        };
    };
    match line.words.as_slice() {
        // What is meant for the device itself passes another list than what goes through it.
        ["access-group", .., "control-plane"] | ["no", "access-group", .., "control-plane"] => {}
        // `per-user-override`: what a list from the login server says counts before this one.
        ["access-group", _, direction, "interface", interface, _, ..] if dialect == Dialect::Asa => {
            bind(interface, direction, false, Some(line.text()));
        }
        ["access-group", name, direction, "interface", interface] if dialect == Dialect::Asa => {
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
                    // More than one list, as with `common`: which of them decides is not read.
                    ["ip", "access-group", .., direction @ ("in" | "out")] => {
                        bind(&interface, direction, false, Some(below.text()));
                    }
                    ["ipv6", "traffic-filter", .., direction @ ("in" | "out")] => {
                        bind(&interface, direction, true, Some(below.text()));
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}
