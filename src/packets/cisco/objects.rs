//! Objects and groups of addresses, services, protocols and kinds of ICMP.

use super::super::addresses::{self, Addresses};
use super::super::services::Services;
use super::Dialect;
use super::lines::Line;
use super::ports;
use super::services;
use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;

/// Deepest nesting of groups.
const MOST_NESTED: usize = 16;

/// What a name stands for.
#[derive(Debug, Clone)]
pub(super) enum Meaning {
    Network(Addresses),
    Service(Services),
}

/// An object as all lines that name it leave it: ASA writes its translation into a second section.
struct Body<'t> {
    /// `object-group service WEB tcp`.
    words: &'t [&'t str],
    members: Vec<&'t Line<'t>>,
}

/// All objects of a configuration.
#[derive(Default)]
pub(super) struct Objects<'t> {
    bodies: BTreeMap<&'t str, Body<'t>>,
    /// `name 10.1.2.3 server1`.
    aliases: BTreeMap<&'t str, &'t str>,
    known: HashMap<String, Option<Meaning>>,
}

impl<'t> Objects<'t> {
    /// Reads every object of every group once.
    pub(super) fn new(lines: &'t [Line<'t>], dialect: Dialect) -> Self {
        let mut objects = Self::default();
        for line in lines {
            match line.words.as_slice() {
                ["object" | "object-group", kind, name, ..] => objects.define(kind, name, line),
                ["no", "object" | "object-group", _, name, ..] => {
                    objects.bodies.remove(name);
                }
                ["name", address, name, ..] => {
                    objects.aliases.insert(name, address);
                }
                _ => {}
            }
        }
        let names: Vec<&str> = objects.bodies.keys().copied().collect();
        for name in names {
            objects.resolve(name, dialect, 0);
        }
        objects
    }

    /// A group grows with every section of its name; an object has one value, the last.
    fn define(&mut self, kind: &str, name: &'t str, line: &'t Line<'t>) {
        let is_group = line.words.first() == Some(&"object-group");
        let fresh = || Body { words: &line.words, members: vec![] };
        let body = self.bodies.entry(name).or_insert_with(fresh);
        if body.words.get(..2) != Some(&[line.words[0], kind]) {
            *body = fresh();
        }
        for member in line.below.iter().filter(|member| !says_nothing(&member.words)) {
            if !is_group {
                body.members.clear();
            }
            body.members.push(member);
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Meaning> {
        self.known.get(name)?.as_ref()
    }

    /// An address, or the one that a name stands for.
    pub(super) fn address<'a>(&self, word: &'a str) -> &'a str
    where
        't: 'a,
    {
        self.aliases.get(word).copied().unwrap_or(word)
    }

    fn resolve(&mut self, name: &str, dialect: Dialect, depth: usize) -> Option<Meaning> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let Body { words, members } = self.bodies.get(name)?;
        if depth > MOST_NESTED {
            return None;
        }
        let (words, members) = (*words, members.clone());
        // A group that holds itself is found empty on the way, and lost.
        self.known.insert(name.to_owned(), None);
        let found = match words.get(1).copied() {
            // What a product makes of an object without members, no two of them agree on.
            _ if members.is_empty() => None,
            Some("network") => Some(Meaning::Network(self.network(&members, dialect, depth))),
            Some("service" | "protocol" | "icmp-type") => {
                Some(Meaning::Service(self.service(words.get(3).copied(), &members, dialect, depth)))
            }
            _ => None,
        };
        self.known.insert(name.to_owned(), found.clone());
        found
    }

    fn network(&mut self, members: &[&Line<'_>], dialect: Dialect, depth: usize) -> Addresses {
        let mut all = Addresses::default();
        for member in members {
            let found = match member.words.as_slice() {
                ["group-object", name] | ["network-object", "object", name] => {
                    match self.resolve(name, dialect, depth + 1) {
                        Some(Meaning::Network(found)) => Some(found),
                        _ => None,
                    }
                }
                ["network-object" | "subnet", rest @ ..] => self.member(rest, dialect),
                rest => {
                    let numbered = rest.first().is_some_and(|word| {
                        dialect == Dialect::Ios && word.bytes().all(|byte| byte.is_ascii_digit())
                    });
                    self.member(if numbered { &rest[1..] } else { rest }, dialect)
                }
            };
            all = all.join(&found.unwrap_or_else(|| Addresses::lost(member.text())));
        }
        all
    }

    fn member(&self, words: &[&str], _: Dialect) -> Option<Addresses> {
        match words {
            ["any"] => Some(Addresses::any()),
            ["host", address] => addresses::host(self.address(address)),
            ["range", first, last] => addresses::span(self.address(first), self.address(last)),
            [address, mask] => {
                let mask: u32 = mask.parse::<Ipv4Addr>().ok()?.into();
                addresses::masked(self.address(address).parse().ok()?, Ipv4Addr::from(!mask))
            }
            [one] => addresses::prefix(one).or_else(|| addresses::host(self.address(one))),
            _ => None,
        }
    }

    fn service(
        &mut self,
        of: Option<&str>,
        members: &[&Line<'_>],
        dialect: Dialect,
        depth: usize,
    ) -> Services {
        let mut all = Services::default();
        for member in members {
            let found = match member.words.as_slice() {
                ["group-object", name] | ["service-object", "object", name] => {
                    match self.resolve(name, dialect, depth + 1) {
                        Some(Meaning::Service(found)) => Some(found),
                        _ => None,
                    }
                }
                ["port-object", rest @ ..] => services::ports_of(of, rest),
                ["protocol-object", name] => ports::protocol(name).map(Services::protocol),
                ["icmp-object", name] => {
                    ports::icmp(name, false).map(|(kind, code)| Services::icmp(false, kind, code))
                }
                ["service-object" | "service", rest @ ..] | rest => services::read(rest),
            };
            all.join(found.unwrap_or_else(|| Services::lost(member.text())));
        }
        all
    }
}

/// Whether a line of an object leaves its meaning alone.
fn says_nothing(words: &[&str]) -> bool {
    matches!(words.first(), Some(&("description" | "nat" | "security-zone")))
}
