//! nftables: a ruleset as text or as `nft -j`, structure first, then packets.

pub(crate) mod canonical;
mod fields;
mod json;
pub(crate) mod listing;
mod rule;
mod text;
mod tokens;
mod values;

use super::region::{Field, IPV4, IPV6, Region};
use super::ranges::Ranges;
use super::rules::{Gate, Ruleset, Unread, Verdict};
use listing::{Chain, Listing};

/// Why a file could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// In words that quote no value.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
}

impl Unreadable {
    pub(super) fn new(message: impl Into<String>, line: usize) -> Self {
        Self { message: message.into(), line }
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
    /// `filter`, `nat`, `route`.
    pub kind: String,
    /// Earlier ones come first.
    pub priority: i32,
    /// The chain itself.
    pub gate: Gate,
}

impl Nft {
    /// The chains that filter at a hook.
    pub fn gates(&self, hook: &str) -> Vec<Gate> {
        let filters = self.hooks.iter().filter(|own| own.hook == hook && own.kind != "nat");
        filters.map(|own| own.gate.clone()).collect()
    }
}

/// Reads a ruleset, as text or as `nft -j`.
pub fn read(text: &str) -> Result<Nft, Unreadable> {
    Ok(packets(&read_listing(text)?))
}

/// Reads the structure of a ruleset, whichever way it was listed.
pub(crate) fn read_listing(text: &str) -> Result<Listing, Unreadable> {
    if text.trim_start().starts_with('{') { text::read(&json::to_text(text)?) } else { text::read(text) }
}

/// The packets of a ruleset.
pub(crate) fn packets(listing: &Listing) -> Nft {
    let mut nft = Nft::default();
    for (name, table) in &listing.tables {
        let prefix = format!("{name} ");
        for (chain, rules) in &table.chains {
            let full = format!("{prefix}{chain}");
            nft.hooks.extend(hook(&full, name, rules));
            let rules = rules.rules.iter().map(|words| rule::read(words, table, &prefix)).collect();
            nft.ruleset.chains.insert(full, rules);
        }
        nft.ruleset.unread.extend(table.others.keys().map(|what| Unread { line: table.line, what: format!("{name} {what}") }));
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
    let after = |key: &str| words.iter().position(|word| *word == key).and_then(|at| words.get(at + 1)).map(|word| (*word).to_owned());
    let default = if chain.policy() == "accept" { Verdict::Accept } else { Verdict::Deny };
    let sees = match table.split(' ').next() {
        Some("ip") => family(IPV4),
        Some("ip6") => family(IPV6),
        // Frames of ARP are no packets here.
        Some("arp") => return None,
        _ => Region::all(),
    };
    let priority = after("priority").and_then(|text| text.parse().ok()).unwrap_or(0);
    Some(Hook { hook: after("hook")?, kind: after("type")?, priority, gate: Gate { chain: name.to_owned(), sees, default } })
}

fn family(family: u8) -> Region {
    let mut region = Region::all();
    region.set(Field::Family, Ranges::one(family));
    region
}
