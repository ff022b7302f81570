//! What a difference between rules lets through or stops, and what that means for production.

use super::labels::Class;
use crate::packets::words::Names;
use crate::packets::{Decider, Difference};

/// The effect of one difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effect {
    words: String,
    class: Class,
    is_none: bool,
}

impl Effect {
    /// What two rulesets decide differently; `chain` is the one that differs.
    pub(crate) fn of(found: &Difference, chain: &str, names: &Names) -> Self {
        // Newly permitted is the worst, and so is what nobody can tell.
        let class = if found.is_unknown() || !found.opens.is_empty() { Class::Path } else { Class::Data };
        let mut words = names.sentence(found, chain);
        for doubtful in found.undetermined.iter().take(1) {
            if let Some(rule) = doubtful.deployed.first().or(doubtful.intended.first()) {
                words.push_str(&format!("; not understood: `{}`", shown(rule)));
            }
        }
        Self { words, class, is_none: found.is_none() }
    }

    /// Nobody can tell; why.
    pub(crate) fn unknown(why: &str) -> Self {
        Self { words: format!("unknown: {why}"), class: Class::Path, is_none: false }
    }

    /// Both.
    pub(crate) fn and(self, other: Self) -> Self {
        let class = self.class().min(other.class());
        Self {
            words: format!("{}; {}", self.words, other.words),
            class,
            is_none: self.is_none && other.is_none,
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.is_none
    }

    pub(crate) fn class(&self) -> Class {
        if self.is_none { Class::Look } else { self.class }
    }

    pub(crate) fn meaning(&self) -> String {
        self.words.clone()
    }
}

/// A rule, cut where it is long.
fn shown(rule: &Decider) -> String {
    const LONGEST: usize = 80;
    match rule.text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", &rule.text[..at]),
        None => rule.text.clone(),
    }
}
