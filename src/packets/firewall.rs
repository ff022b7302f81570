//! A firewall's file in whatever language it is written: its rules, and the gates that packets meet in it.

use super::cisco::{self, Dialect};
use super::fortios;
use super::nft::{self, Unreadable};
use super::region::Region;
use super::rules::{Action, Gate, Part, Rule, Ruleset, Verdict};

/// A language in which firewalls are configured, by the name of its syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// nftables.
    Nft,
    /// Cisco IOS: lists without memory, bound to interfaces.
    Ios,
    /// Cisco ASA and ISA 3000.
    Asa,
    /// FortiOS.
    Fortios,
}

/// A firewall's rules and where packets that pass through it start.
#[derive(Debug, Clone, Default)]
pub struct Firewall {
    /// All its chains.
    pub ruleset: Ruleset,
    /// What a packet meets on its way through; without one it passes.
    pub gates: Vec<Gate>,
    /// Each list that is in use, alone: what it decides if nothing else does.
    pub lists: Vec<Gate>,
}

impl Language {
    /// Returns the language of a syntax.
    pub fn of_syntax(name: &str) -> Option<Self> {
        Some(match name {
            "nft" => Self::Nft,
            "ios" => Self::Ios,
            "asa" => Self::Asa,
            "fortios" => Self::Fortios,
            _ => return None,
        })
    }

    /// Whether rules ask by which interface a packet leaves; where they do not, its route says so.
    pub fn asks_way_out(self) -> bool {
        matches!(self, Self::Nft | Self::Fortios)
    }

    /// Whether it knows which packets answer others.
    pub fn is_stateful(self) -> bool {
        self != Self::Ios
    }
}

/// Reads a firewall.
pub fn read(language: Language, text: &str) -> Result<Firewall, Unreadable> {
    Ok(match language {
        Language::Nft => {
            let found = nft::read(text)?;
            let gates = found.gates("forward");
            Firewall { ruleset: found.ruleset, lists: gates.clone(), gates }
        }
        Language::Ios => cisco::read(text, Dialect::Ios).bound(Dialect::Ios),
        Language::Asa => cisco::read(text, Dialect::Asa).bound(Dialect::Asa),
        Language::Fortios => of_policies(fortios::read(text)?),
    })
}

/// Policies of the one domain that there is; how packets go through several of them is said elsewhere.
fn of_policies(found: fortios::Policies) -> Firewall {
    const NONE: &str = "firewall policy";
    let mut ruleset = found.ruleset;
    if ruleset.chains.is_empty() {
        ruleset.chains.insert(NONE.to_owned(), vec![]);
    }
    let lists: Vec<Gate> =
        ruleset.chains.keys().map(|chain| Gate::of_all(chain.clone(), Verdict::Deny)).collect();
    if lists.len() == 1 {
        return Firewall { ruleset, gates: lists.clone(), lists };
    }
    let gates = vec![unknown(&mut ruleset, "virtual domains", Region::all())];
    Firewall { ruleset, gates, lists }
}

/// A gate of which nobody can say what it does, for some packets.
pub(super) fn unknown(ruleset: &mut Ruleset, what: &str, sees: Region) -> Gate {
    let part = Part { regions: vec![Region::all()], doubt: None, action: Action::Unknown };
    let rule = Rule { line: 0, text: what.to_owned(), parts: vec![part] };
    ruleset.chains.insert(what.to_owned(), vec![rule]);
    Gate { chain: what.to_owned(), sees, default: Verdict::Deny }
}
