//! Access lists of IOS-like devices: what their entries decide, first match, deny at the end.

use super::effect::Effect;
use super::indented::Statement;
use crate::packets::cisco::{self, Dialect};
use crate::packets::words::Names;
use crate::packets::{Difference, Side, difference};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// The lists of both sides.
pub(crate) struct Lists {
    dialect: Dialect,
    intended: cisco::Lists,
    deployed: cisco::Lists,
    /// What entries decide, by side and line.
    meanings: [HashMap<u32, String>; 3],
}

/// A side, or what was there before both.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    Intended,
    Deployed,
    Before,
}

/// Whether a section is an access list.
pub(crate) fn is_list(section: &str) -> bool {
    section.starts_with("ip access-list ") || section.starts_with("ipv6 access-list ")
}

/// Whether a statement is an entry of a list that is single lines at the top.
pub(crate) fn is_flat(statement: &str) -> bool {
    statement.starts_with("access-list ")
}

/// The entries without the numbers that a device may print before them, in the order of the numbers; with each
/// entry goes where it stands.
pub(crate) fn unnumbered(entries: Vec<(String, usize)>) -> Vec<(String, usize)> {
    let split = |entry: &str| -> Option<(u64, String)> {
        let entry = entry.strip_prefix("sequence ").unwrap_or(entry);
        let (number, rest) = entry.split_once(' ')?;
        Some((number.parse().ok()?, rest.trim_start().to_owned()))
    };
    let numbered: Vec<_> = entries
        .into_iter()
        .map(|(entry, at)| match split(&entry) {
            Some((number, rest)) => (Some(number), rest, at),
            None => (None, entry, at),
        })
        .collect();
    let mut sorted = numbered;
    if sorted.iter().all(|(number, ..)| number.is_some()) {
        sorted.sort_by_key(|(number, ..)| *number);
    }
    sorted.into_iter().map(|(_, rest, at)| (rest, at)).collect()
}

/// Whether a text is in the language of ASA.
fn is_asa(text: &str) -> bool {
    text.lines().any(|line| {
        line.starts_with("ASA Version") || line.starts_with("access-list ") && line.contains(" extended ")
    })
}

impl Lists {
    pub(crate) fn read(intended: &str, deployed: &str, before: Option<&str>, said: Option<Dialect>) -> Self {
        let is_asa = [intended, deployed].iter().any(|text| is_asa(text));
        let dialect = said.unwrap_or(if is_asa { Dialect::Asa } else { Dialect::Ios });
        let read = |text: &str| cisco::read(text, dialect);
        let (intended, deployed) = (read(intended), read(deployed));
        let before = before.map(read).unwrap_or_default();
        let (own, other) = (entries(&intended), entries(&deployed));
        let same: HashSet<_> = own.intersection(&other).copied().collect();
        let meanings = [&intended, &deployed, &before].map(|lists| meanings(lists, &same));
        Self { dialect, intended, deployed, meanings }
    }

    /// What the entry at a line decides, spelled the same for all that decide the same.
    pub(crate) fn meaning(&self, which: Which, line: u32) -> Option<&str> {
        self.meanings[which as usize].get(&line).map(String::as_str)
    }

    /// Lets single lines of lists be known by what they decide.
    pub(crate) fn pair_entries(&self, which: Which, statements: &mut [Statement<'_>]) {
        for statement in statements.iter_mut().filter(|one| is_flat(&one.text)) {
            if let Some(meaning) = self.meaning(which, statement.line) {
                let list = statement.text.split(' ').nth(1).unwrap_or_default();
                let entry = format!("access-list {list} {meaning}");
                statement.key = Some(Cow::Owned(entry.clone()));
                statement.canon = Some(entry);
            }
        }
    }

    /// What changes if the intended lists are bound as they are on the device.
    pub(crate) fn effect_of_bindings(&self, names: &Names) -> Effect {
        let mut elsewhere = self.intended.clone();
        elsewhere.bindings.clone_from(&self.deployed.bindings);
        for (chain, rules) in &self.deployed.ruleset.chains {
            elsewhere.ruleset.chains.entry(chain.clone()).or_insert_with(|| rules.clone());
        }
        let (one, two) = (self.intended.clone().bound(self.dialect), elsewhere.bound(self.dialect));
        let found = difference(
            Side { ruleset: &one.ruleset, gates: &one.gates },
            Side { ruleset: &two.ruleset, gates: &two.gates },
            None,
        );
        let mut names = names.clone();
        self.deployed.bindings.iter().for_each(|binding| names.interface(&binding.interface));
        self.said(&found, "", &names)
    }

    fn said(&self, found: &Difference, chain: &str, names: &Names) -> Effect {
        match self.dialect {
            Dialect::Ios => Effect::of(found, chain, &names.without_memory()),
            Dialect::Asa => Effect::of(found, chain, names),
        }
    }

    /// Lists that are single lines at the top, where their entries differ on the two sides, with what such lines
    /// begin with.
    pub(crate) fn flat(&self) -> Vec<(&str, String)> {
        let chains = self.intended.ruleset.chains.keys().filter(|chain| self.differ(chain));
        chains
            .filter_map(|chain| {
                let name = chain.strip_prefix("ip ").unwrap_or(chain);
                let is_flat = name.starts_with("access-list ") && name.split(' ').count() == 2;
                is_flat.then(|| (chain.as_str(), format!("{name} ")))
            })
            .collect()
    }

    /// Whether both sides have a list and its entries differ as they are written.
    fn differ(&self, chain: &str) -> bool {
        let texts = |lists: &cisco::Lists| -> Option<Vec<String>> {
            Some(lists.ruleset.chains.get(chain)?.iter().map(|rule| rule.text.clone()).collect())
        };
        matches!((texts(&self.intended), texts(&self.deployed)), (Some(one), Some(two)) if one != two)
    }

    /// What a list decides differently, with the objects that it speaks of.
    pub(crate) fn effect(&self, chain: &str, names: &Names) -> Option<Effect> {
        let (one, two) = ([self.intended.gate(chain)?], [self.deployed.gate(chain)?]);
        let found = difference(
            Side { ruleset: &self.intended.ruleset, gates: &one },
            Side { ruleset: &self.deployed.ruleset, gates: &two },
            None,
        );
        Some(self.said(&found, chain, names))
    }

    /// What lists decide differently whose entries are the same: objects that they speak of differ.
    pub(crate) fn effect_of_objects(&self, names: &Names) -> Option<Effect> {
        let same = |chain: &&String| !self.differ(chain);
        let mut effects: Vec<Effect> = self
            .intended
            .ruleset
            .chains
            .keys()
            .filter(same)
            .filter_map(|chain| self.effect(chain, names))
            .collect();
        effects.retain(|effect| !effect.is_none());
        effects.into_iter().reduce(Effect::and)
    }
}

/// Every entry, by its list and its words.
fn entries(lists: &cisco::Lists) -> HashSet<(&str, &str)> {
    let chains = lists.ruleset.chains.iter();
    chains.flat_map(|(chain, rules)| rules.iter().map(|rule| (chain.as_str(), rule.text.as_str()))).collect()
}

/// What entries decide, by line; remarks decide nothing. Those in `same` are known by their words, whatever the
/// objects hold that they speak of.
fn meanings(lists: &cisco::Lists, same: &HashSet<(&str, &str)>) -> HashMap<u32, String> {
    let mut found = HashMap::new();
    for (chain, rules) in &lists.ruleset.chains {
        let others = rules.iter().filter(|rule| !same.contains(&(chain.as_str(), rule.text.as_str())));
        let deciding = others.filter(|rule| rule.line > 0 && !rule.parts.is_empty());
        found.extend(deciding.map(|rule| (rule.line, format!("{:?}", rule.parts))));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(a: &[&str], b: &[&str]) -> Effect {
        let text = |list: &[&str]| format!("ip access-list extended X\n {}\n", list.join("\n "));
        let lists = Lists::read(&text(a), &text(b), None, None);
        lists.effect("ip access-list extended X", &Names::default()).expect("an effect")
    }

    #[test]
    fn effects_are_told_in_words() {
        let base = ["permit tcp any host 10.0.0.5 eq 502", "deny ip any any log"];
        let more = ["permit ip host 192.168.1.9 any", base[0], base[1]];
        assert_eq!(
            lists(&base, &more).meaning(),
            "opens everything from 192.168.1.9 to any [deployed rule 1, line 2], as far as it was closed"
        );
        let swapped = ["deny ip any any log", base[0]];
        assert_eq!(
            lists(&base, &swapped).meaning(),
            "stops tcp/502 (modbus) from any to 10.0.0.5 [deployed rule 1, line 2]"
        );
        let names = ["permit udp any any eq 123", "permit tcp any any eq 22"];
        assert!(lists(&["permit tcp any any eq 22", "permit udp any any eq ntp"], &names).is_none());
        let later = ["permit tcp any host 10.0.0.5 eq 502 established", base[1]];
        assert!(lists(&base, &later).meaning().starts_with("stops tcp/502 (modbus) from any to 10.0.0.5"));
        let timed = ["permit tcp any host 10.0.0.5 eq 502 time-range day", base[1]];
        assert!(
            lists(&base, &timed).meaning().starts_with("unknown for tcp/502"),
            "{}",
            lists(&base, &timed).meaning()
        );
    }
}
