//! What a difference between rules lets through or stops, and what that means for production.

use super::found::Found;
use super::labels::Class;
use crate::packets::words::Names;
use crate::packets::{Decider, Difference, Path, Region, Way};

/// The effect of one difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effect {
    words: String,
    paths: Vec<Path>,
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
        Self { words, paths: names.paths(found, chain), class, is_none: found.is_none() }
    }

    /// Nobody can tell; why.
    pub(crate) fn unknown(why: &str) -> Self {
        let paths = vec![Path { way: Way::Unknown, packets: Region::all(), words: why.to_owned() }];
        Self { words: format!("unknown: {why}"), paths, class: Class::Path, is_none: false }
    }

    /// Both.
    pub(crate) fn and(self, other: Self) -> Self {
        let class = self.class().min(other.class());
        Self {
            words: format!("{}; {}", self.words, other.words),
            paths: self.paths.into_iter().chain(other.paths).collect(),
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

    /// Says it of a finding, after some words of its own.
    pub(crate) fn say(&self, found: &mut Found, before: &str) {
        found.meaning = Some(format!("{before}{}", self.words));
        found.paths.clone_from(&self.paths);
    }

    #[cfg(test)]
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
