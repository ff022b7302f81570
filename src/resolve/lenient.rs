//! Resolving without judging, for asking "what if this said something else".
//!
//! A changed text has no approval, an address may leave its network: what only judges is switched off, and what
//! judging decides, which deviations count and which metrics are trusted, is given.

use std::collections::{BTreeMap, BTreeSet};

/// What judging would decide.
#[derive(Debug, Clone, Default)]
pub struct Lenient {
    /// Deviations that count.
    pub counting: BTreeSet<String>,
    /// States of metrics other than what evidence says, by address and metric.
    pub trust: BTreeMap<(String, String), &'static str>,
    /// The addresses whose evidence counts for addresses with other names.
    pub evidence: BTreeMap<String, String>,
}
