//! A ruleset as every product's reader hands it over: chains of rules over regions of packets, first match decides.

use super::region::Region;
use std::collections::BTreeMap;

/// What is done with a packet in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It passes.
    Accept,
    /// It does not, silently or not.
    Deny,
}

/// What a rule does with the packets that it matches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// They pass.
    Accept,
    /// They do not.
    Deny,
    /// They go back to the calling chain.
    Return,
    /// They go through another chain and, if that decides nothing, on with the next rule.
    Jump(String),
    /// They go through another chain for good.
    Goto(String),
    /// Not understood: they may pass, be stopped, or go on.
    Unknown,
}

/// Some packets and what is done with them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Part {
    /// Which packets: those of any of these.
    pub regions: Vec<Region>,
    /// What else must hold and is not understood; the same words are the same condition.
    pub doubt: Option<String>,
    /// What is done with them.
    pub action: Action,
}

/// A rule: its parts are asked in order, and most rules have one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// Line in its file, from 1; 0 where it has none.
    pub line: u32,
    /// As people read it.
    pub text: String,
    /// What it decides; nothing for a rule that only counts or logs.
    pub parts: Vec<Part>,
}

/// A ruleset: chains by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ruleset {
    /// Rules in the order in which they are asked.
    pub chains: BTreeMap<String, Vec<Rule>>,
    /// What was read and not understood.
    pub unread: Vec<Unread>,
}

/// Something in a ruleset that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// Line in its file, from 1.
    pub line: u32,
    /// What it is.
    pub what: String,
}

/// A chain that packets meet by themselves, such as one on a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The chain in which they start.
    pub chain: String,
    /// Packets that it sees at all; all others pass it.
    pub sees: Region,
    /// What happens to what no rule decides.
    pub default: Verdict,
}

impl Gate {
    /// A gate that all packets meet.
    pub fn of_all(chain: impl Into<String>, default: Verdict) -> Self {
        Self { chain: chain.into(), sees: Region::all(), default }
    }
}

impl Rule {
    /// A rule in one part.
    pub fn simple(line: u32, text: impl Into<String>, regions: Vec<Region>, action: Action) -> Self {
        Self { line, text: text.into(), parts: vec![Part { regions, doubt: None, action }] }
    }
}
