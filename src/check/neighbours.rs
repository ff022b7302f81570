//! Lines and sites that a change does not touch, and that may share an address, network or name with what it does.
//!
//! Their files are searched as text, which is cheap; only what may meet is resolved and rendered to tell. The search
//! may name too many and never too few: where it cannot tell from text, as for a topic of an odd shape, it names all.

use super::census::{Census, Fact, Subject};
use crate::load::{Address, Fleet, LineEntry, SiteEntry, read_document};
use ipnet::IpNet;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Finds the addresses of such lines and sites. `before` holds the facts of the same lines before the change, and
/// `is_changed` tells the files that it changes: old facts elsewhere cannot make a new meeting.
pub fn neighbours(
    fleet: &Fleet,
    census: &Census,
    before: Option<&Census>,
    is_changed: impl Fn(&str) -> bool,
) -> BTreeSet<String> {
    let all = census.sorted(|_| true);
    let touched: BTreeSet<String> = all.iter().map(|fact| fact.address.to_string()).collect();
    let old: BTreeSet<Fact> = before.map(|census| census.sorted(|_| true)).into_iter().flatten().collect();
    let fresh = |fact: &&Fact| !old.contains(*fact) || is_changed(&file_of(&fact.address));
    let facts: Vec<&Fact> = all.iter().filter(fresh).collect();
    if facts.is_empty() {
        return BTreeSet::new();
    }
    let search = Search::new(fleet, &facts);
    let of_site = |site: &SiteEntry| -> Vec<String> {
        let is_near = !touched.contains(&site.id) && search.hits(fleet, &file_of(&own(site)));
        let lines = site.lines.iter().map(|line| (line, format!("{}/{}", site.id, line.id)));
        let lines = lines.filter(|(line, address)| {
            !touched.contains(address) && (is_near || search.meets(fleet, site, line))
        });
        let lines = lines.map(|(_, address)| address);
        // What a site says may stand in any of its lines.
        lines.chain(is_near.then(|| site.id.clone())).collect()
    };
    let mut found: BTreeSet<String> =
        fleet.sites.par_iter().flat_map_iter(of_site).collect::<Vec<_>>().into_iter().collect();
    found.extend(witnesses(fleet, &facts, &touched));
    found
}

fn own(site: &SiteEntry) -> Address {
    Address { site: site.id.clone(), line: None }
}

fn file_of(address: &Address) -> String {
    match &address.line {
        Some(line) => format!("sites/{}/lines/{line}.yaml", address.site),
        None => format!("sites/{}/site.yaml", address.site),
    }
}

/// What is searched for.
struct Search {
    hosts: BTreeSet<IpAddr>,
    networks: Vec<IpNet>,
    names: Option<aho_corasick::AhoCorasick>,
    /// Topics and edge nodes, in lower case; each with whether it holds the id of its site, and of its line.
    spaces: Vec<(String, [bool; 2])>,
}

impl Search {
    fn new(fleet: &Fleet, facts: &[&Fact]) -> Self {
        let mut search = Self { hosts: BTreeSet::new(), networks: vec![], names: None, spaces: vec![] };
        let mut names: Vec<&str> = vec![];
        let said = |steps: &[&str]| -> String {
            let space = fleet.enterprise.namespace.as_ref();
            let first = space.and_then(|space| space.get(steps[0]));
            let value = steps[1..].iter().fold(first, |value, step| value.and_then(|value| value.get(step)));
            value.and_then(|value| value.as_str()).unwrap_or_default().to_owned()
        };
        let topic = said(&["topic"]);
        let node = said(&["sparkplug", "group"]) + &said(&["sparkplug", "edge_node"]);
        for fact in facts {
            match &fact.subject {
                Subject::Host(net) => {
                    search.hosts.insert(net.addr());
                }
                Subject::Network(net) => search.networks.push(*net),
                Subject::Client(name) | Subject::Name(name) | Subject::Dashboard(name) => names.push(name),
                Subject::Topic(text) => search.spaces.push((text.to_lowercase(), ids_in(&topic))),
                Subject::EdgeNode(text) => search.spaces.push((text.to_lowercase(), ids_in(&node))),
            }
        }
        search.spaces.sort();
        search.spaces.dedup();
        search.networks = disjoint(search.networks);
        // No names, or more than a searcher holds: none is searched for, or witnesses must do.
        search.names = aho_corasick::AhoCorasick::new(names).ok().filter(|finder| finder.patterns_len() > 0);
        search
    }

    fn meets(&self, fleet: &Fleet, site: &SiteEntry, line: &LineEntry) -> bool {
        let same_space = |(text, [by_site, by_line]): &(String, [bool; 2])| {
            (!by_site || text.contains(&site.id)) && (!by_line || text.contains(&line.id))
        };
        self.spaces.iter().any(same_space) || self.hits(fleet, &line.path)
    }

    /// Whether a file says an address, network or name that is searched for.
    fn hits(&self, fleet: &Fleet, path: &str) -> bool {
        if self.names.is_none() && self.hosts.is_empty() && self.networks.is_empty() {
            return false;
        }
        let Ok(bytes) = fleet.tree.bytes(path) else { return false };
        self.names.as_ref().is_some_and(|names| names.is_match(&bytes)) || self.hits_address(&bytes)
    }

    fn hits_address(&self, bytes: &[u8]) -> bool {
        let is_part = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':' | b'/');
        let words = bytes
            .split(|b| !is_part(b))
            .filter(|word| word.len() > 2 && word.iter().filter(|b| matches!(b, b'.' | b':')).count() > 1);
        let texts = words.filter_map(|word| std::str::from_utf8(word).ok());
        texts.map(|text| text.trim_end_matches(['.', ':'])).any(|text| {
            if let Ok(host) = text.parse::<IpAddr>() {
                return self.hosts.contains(&host);
            }
            let Ok(net) = text.parse::<IpNet>() else { return false };
            let is_host = net.prefix_len() == net.max_prefix_len();
            if is_host { self.hosts.contains(&net.addr()) } else { self.overlaps(&net) }
        })
    }

    /// Whether a network overlaps one of the sorted, disjoint networks.
    fn overlaps(&self, net: &IpNet) -> bool {
        let meets = |other: &IpNet| other.contains(net) || net.contains(other);
        let at = self.networks.partition_point(|other| other.network() < net.network());
        let near = [at.checked_sub(1), Some(at)].into_iter().flatten();
        near.filter_map(|at| self.networks.get(at)).any(meets)
    }
}

/// Sorted, without those that lie in others.
fn disjoint(mut networks: Vec<IpNet>) -> Vec<IpNet> {
    networks.sort_by_key(|net| (net.network(), net.prefix_len()));
    let mut kept: Vec<IpNet> = vec![];
    for net in networks {
        if kept.last().is_none_or(|last| !last.contains(&net)) {
            kept.push(net);
        }
    }
    kept
}

/// Whether a template writes the ids of site and line as they are, but for their case.
fn ids_in(template: &str) -> [bool; 2] {
    let expressions: Vec<String> = template
        .split("{{")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("}}")?.0.split_whitespace().collect()))
        .collect();
    ["site", "line"].map(|name| {
        expressions.iter().any(|text| {
            let rest = text.strip_prefix(name);
            rest.is_some_and(|rest| matches!(rest, "" | ".id" | "|upper" | "|lower"))
        })
    })
}

/// One other line for each blueprint that touched lines follow: a name that a blueprint gives to all its lines stands
/// in none of their files.
fn witnesses(fleet: &Fleet, facts: &[&Fact], touched: &BTreeSet<String>) -> BTreeSet<String> {
    let names = facts.iter().filter(|fact| !matches!(fact.subject, Subject::Network(_) | Subject::Host(_)));
    let files: BTreeSet<String> = names.map(|fact| file_of(&fact.address)).collect();
    let reference = |path: &String| {
        let document = read_document(&fleet.tree, path, path).ok()?;
        Some(document.root.get("blueprint")?.node.as_str()?.to_owned())
    };
    let references: BTreeSet<String> = files.iter().filter_map(reference).collect();
    let of_reference = |reference: &String| {
        let finder = memchr::memmem::Finder::new(reference.as_bytes());
        let lines = fleet.sites.iter().flat_map(|site| site.lines.iter().map(move |line| (site, line)));
        lines.map(|(site, line)| (format!("{}/{}", site.id, line.id), line)).find_map(|(address, line)| {
            let is_other = !touched.contains(&address);
            let follows = || fleet.tree.bytes(&line.path).is_ok_and(|bytes| finder.find(&bytes).is_some());
            (is_other && follows()).then_some(address)
        })
    };
    references.iter().filter_map(of_reference).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(networks: &[&str], hosts: &[&str]) -> Search {
        let networks = networks.iter().map(|text| text.parse().expect("a network")).collect();
        let hosts = hosts.iter().map(|text| text.parse().expect("an address")).collect();
        Search { hosts, networks: disjoint(networks), names: None, spaces: vec![] }
    }

    #[test]
    fn addresses_are_found_as_numbers_not_as_text() {
        let search = search(&["10.1.0.0/16", "10.1.4.0/24", "fd00:1::/64"], &["10.9.0.5", "fd00::5"]);
        for text in [
            "ip: 10.9.0.5",
            "[10.9.0.5/32]",
            "a: 10.1.200.0/22",
            "net: 10.0.0.0/8.",
            "FD00:0::5",
            "fd00:1::/80",
        ] {
            assert!(search.hits_address(text.as_bytes()), "{text}");
        }
        for text in
            ["ip: 10.9.0.50", "10.2.0.0/16", "10.1.0.7", "version: 1.2.3", "at 10:20:30", "fd00:2::/64"]
        {
            assert!(!search.hits_address(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_template_that_changes_an_id_promises_nothing() {
        assert_eq!(ids_in("{{ enterprise }}/{{ site }}/{{line|upper}}"), [true, true]);
        assert_eq!(ids_in("{{ site.name }}/{{ line|replace('-', '') }}"), [false, false]);
        assert_eq!(ids_in("{{ area }}"), [false, false]);
    }
}
