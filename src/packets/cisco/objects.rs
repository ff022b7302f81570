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

/// All objects of a configuration.
#[derive(Default)]
pub(super) struct Objects<'t> {
    bodies: BTreeMap<&'t str, &'t Line<'t>>,
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
                ["object" | "object-group", _, name, ..] => {
                    objects.bodies.insert(name, line);
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
        let line = *self.bodies.get(name)?;
        if depth > MOST_NESTED {
            return None;
        }
        // A group that holds itself is found empty on the way, and lost.
        self.known.insert(name.to_owned(), None);
        let found = match line.words.get(1).copied() {
            Some("network") => Some(Meaning::Network(self.network(line, dialect, depth))),
            Some("service" | "protocol" | "icmp-type") => {
                Some(Meaning::Service(self.service(line, dialect, depth)))
            }
            _ => None,
        };
        self.known.insert(name.to_owned(), found.clone());
        found
    }

    fn network(&mut self, line: &Line<'_>, dialect: Dialect, depth: usize) -> Addresses {
        let mut all = Addresses::default();
        for member in &line.below {
            let found = match member.words.as_slice() {
                ["description" | "nat" | "security-zone", ..] => continue,
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

    fn service(&mut self, line: &Line<'_>, dialect: Dialect, depth: usize) -> Services {
        let of = line.words.get(3).copied();
        let mut all = Services::default();
        for member in &line.below {
            let found = match member.words.as_slice() {
                ["description", ..] => continue,
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
