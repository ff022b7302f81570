//! nftables: a ruleset as text or as `nft -j`, structure first, then packets.

pub(crate) mod canonical;
mod fields;
mod json;
pub(crate) mod listing;
mod rule;
mod text;
mod tokens;
mod values;

use super::ranges::Ranges;
use super::region::{Field, IPV4, IPV6, Region};
use super::rules::{Action, Gate, Ruleset, Unread, Verdict};
use listing::{Chain, Listing};
use std::collections::BTreeSet;

/// Why a file could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// In words that quote no value.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Whether the product would read it: it is only not followed here.
    pub is_unfollowed: bool,
}

impl Unreadable {
    pub(crate) fn new(message: impl Into<String>, line: usize) -> Self {
        Self { message: message.into(), line, is_unfollowed: false }
    }

    fn unfollowed(message: impl Into<String>, line: usize) -> Self {
        Self { is_unfollowed: true, ..Self::new(message, line) }
    }
}

/// A ruleset of nftables with the chains that packets meet.
#[derive(Debug, Clone, Default)]
pub struct Nft {
    /// Its chains are named `inet table chain`.
    pub ruleset: Ruleset,
    /// Base chains, in the order in which packets meet them.
    pub hooks: Vec<Hook>,
}

/// A base chain.
#[derive(Debug, Clone)]
pub struct Hook {
    /// `prerouting`, `input`, `forward`, `output`, `postrouting`, `ingress`, `egress`.
    pub hook: String,
    /// `filter`, `nat`, `route`; `arp` in a table of that family.
    pub kind: String,
    /// Earlier ones come first.
    pub priority: i32,
    /// The chain itself.
    pub gate: Gate,
}

impl Hook {
    /// Whether it decides about packets; addresses are translated, and ARP answered, elsewhere.
    fn filters(&self) -> bool {
        !matches!(self.kind.as_str(), "nat" | "arp")
    }
}

impl Nft {
    /// Chains that do other things than filter packets, and all that they lead to.
    pub(crate) fn unfollowed(&self) -> BTreeSet<String> {
        let others = self.hooks.iter().filter(|hook| !hook.filters());
        others.flat_map(|hook| self.reached(&hook.gate.chain)).collect()
    }

    /// A chain and all that it leads to.
    fn reached(&self, chain: &str) -> BTreeSet<String> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![chain.to_owned()]);
        while let Some(name) = open.pop() {
            let parts = self.ruleset.chains.get(&name).into_iter().flatten().flat_map(|rule| &rule.parts);
            open.extend(parts.filter_map(|part| match &part.action {
                Action::Jump(target) | Action::Goto(target) if !seen.contains(target) => Some(target.clone()),
                _ => None,
            }));
            seen.insert(name);
        }
        seen
    }

    /// The chains that filter at a hook.
    pub fn gates(&self, hook: &str) -> Vec<Gate> {
        let filters = self.hooks.iter().filter(|own| own.hook == hook && own.filters());
        filters.map(|own| own.gate.clone()).collect()
    }
}

/// Reads a ruleset, as text or as `nft -j`.
pub fn read(text: &str) -> Result<Nft, Unreadable> {
    Ok(packets(&read_listing(text)?))
}

/// Reads the structure of a ruleset, whichever way it was listed.
pub(crate) fn read_listing(text: &str) -> Result<Listing, Unreadable> {
    if !text.trim_start().starts_with('{') {
        return text::read(text);
    }
    let mut listing = text::read(&json::to_text(text)?)?;
    // The lines are those of no file.
    for table in listing.tables.values_mut() {
        table.line = 0;
        table.sets.values_mut().for_each(|set| set.line = 0);
        for chain in table.chains.values_mut() {
            chain.line = 0;
            chain.rules.iter_mut().for_each(|rule| rule.line = 0);
        }
    }
    Ok(listing)
}

/// The packets of a ruleset.
pub(crate) fn packets(listing: &Listing) -> Nft {
    let mut nft = Nft::default();
    for (name, table) in &listing.tables {
        let prefix = format!("{name} ");
        for (chain, rules) in &table.chains {
            let full = format!("{prefix}{chain}");
            if !table.is_dormant() {
                nft.hooks.extend(hook(&full, name, rules));
            }
            let rules = rules.rules.iter().map(|words| rule::read(words, table, &prefix)).collect();
            nft.ruleset.chains.insert(full, rules);
        }
        nft.ruleset.unread.extend(
            table.others.keys().map(|what| Unread { line: table.line, what: format!("{name} {what}") }),
        );
    }
    for rule in nft.ruleset.chains.values().flatten() {
        for doubt in rule.parts.iter().filter_map(|part| part.doubt.as_ref()) {
            nft.ruleset.unread.push(Unread { line: rule.line, what: doubt.clone() });
        }
    }
    nft.ruleset.unread.sort();
    nft.ruleset.unread.dedup();
    nft.hooks.sort_by_key(|hook| hook.priority);
    nft
}

fn hook(name: &str, table: &str, chain: &Chain) -> Option<Hook> {
    let words: Vec<&str> = chain.hook.as_deref()?.split_whitespace().collect();
    let after = |key: &str| {
        words
            .iter()
            .position(|word| *word == key)
            .and_then(|at| words.get(at + 1))
            .map(|word| (*word).to_owned())
    };
    let default = if chain.policy() == "accept" { Verdict::Accept } else { Verdict::Deny };
    let sees = match table.split(' ').next() {
        Some("ip") => family(IPV4),
        Some("ip6") => family(IPV6),
        _ => Region::all(),
    };
    let priority = after("priority").and_then(|text| text.parse().ok()).unwrap_or(0);
    let kind = if table.starts_with("arp ") { "arp".to_owned() } else { after("type")? };
    Some(Hook { hook: after("hook")?, kind, priority, gate: Gate { chain: name.to_owned(), sees, default } })
}

fn family(family: u8) -> Region {
    let mut region = Region::all();
    region.set(Field::Family, Ranges::one(family));
    region
}
