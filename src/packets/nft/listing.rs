//! What nft commands leave behind: tables with chains, sets and rules as words.

use std::collections::BTreeMap;

/// What the commands of a file leave behind.
#[derive(Debug, Default, Clone)]
pub(crate) struct Listing {
    /// By family and name.
    pub tables: BTreeMap<String, Table>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Table {
    pub line: u32,
    pub chains: BTreeMap<String, Chain>,
    pub sets: BTreeMap<String, Set>,
    /// Flowtables, helpers, limits, table flags: by kind and name, in one spelling.
    pub others: BTreeMap<String, String>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Chain {
    pub line: u32,
    /// Type, hook and priority in one spelling.
    pub hook: Option<String>,
    pub policy: Option<String>,
    pub rules: Vec<Words>,
}

/// A set or map.
#[derive(Debug, Default, Clone)]
pub(crate) struct Set {
    pub line: u32,
    /// `set` or `map`, type and flags, by key.
    pub settings: BTreeMap<String, String>,
    pub elements: Vec<Vec<Word>>,
}

/// A word of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    Plain(String),
    Quoted(String),
    Comma,
    /// `{ a, b }`.
    Braces(Vec<Vec<Word>>),
}

/// A rule as written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    pub line: u32,
    pub words: Vec<Word>,
}

impl Word {
    pub(crate) fn plain(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            _ => None,
        }
    }
}

impl Words {
    /// Whether a word occurs anywhere.
    pub(crate) fn names(&self, word: &str) -> bool {
        self.words.iter().any(|own| own.plain() == Some(word))
    }
}

impl Chain {
    /// Accept unless stated.
    pub(crate) fn policy(&self) -> &str {
        self.policy.as_deref().unwrap_or("accept")
    }

    pub(crate) fn canonical(&self) -> String {
        let rules: Vec<String> =
            super::canonical::entries(self).into_iter().map(|entry| entry.canon).collect();
        format!("{:?} {} {}", self.hook, self.policy(), rules.join("\n"))
    }
}

impl Set {
    pub(crate) fn kind(&self) -> String {
        const MEANING: [&str; 6] = ["is", "type", "typeof", "flags", "timeout", "size"];
        // auto-merge and the policy of a set change how it is stored, not what is in it.
        let parts: Vec<String> = self
            .settings
            .iter()
            .filter(|(key, _)| MEANING.contains(&key.as_str()))
            .map(|(key, value)| format!("{key} {value}"))
            .collect();
        parts.join("; ")
    }
}

impl Table {
    /// Whether its chains hang on no hook for now.
    pub(crate) fn is_dormant(&self) -> bool {
        self.others.get("flags").is_some_and(|flags| flags.contains("dormant"))
    }

    pub(crate) fn canonical(&self) -> String {
        let chains: Vec<String> =
            self.chains.iter().map(|(name, chain)| format!("{name} {}", chain.canonical())).collect();
        let sets: Vec<String> = self
            .sets
            .iter()
            .map(|(name, set)| format!("{name} {} {:?}", set.kind(), super::canonical::elements(set).keys()))
            .collect();
        format!("{chains:?} {sets:?} {:?}", self.others)
    }
}
