//! nftables: what is loaded against what was written, as text or as `nft -j`.
//!
//! The kernel lists a ruleset in its own words: sets in another order, services as names, counters, handles. All of
//! that is spelling. What remains is compared as structure (tables, sets, chains, rules), and where rules differ,
//! by what they decide.

use super::align::{self, Step as Aligned};
use super::effect::Effect;
use super::found::{Compared, Found};
use super::json;
use super::labels::{Attribution, Before, Class, Kind};
use super::profile::{Action, Rules};
use crate::finding::Level;
use crate::packets::nft::canonical::{self, Entry};
use crate::packets::nft::listing::{Chain, Listing, Set, Table};
use crate::packets::nft::{self, Nft, Unreadable};
use crate::packets::{Difference, Side, difference};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Reads a ruleset, whichever way it was listed.
fn read(text: &str) -> Result<Listing, Unreadable> {
    if text.trim_start().starts_with('{') {
        // Strictly: members that appear twice, depth.
        json::parse(text).map_err(|why| Unreadable::new(why.message, 1))?;
    }
    nft::read_listing(text)
}

/// Compares two rulesets.
pub(crate) fn compare(intended: &str, deployed: &str, base: Before<&str>, rules: &Rules) -> Compared {
    let (s, d) = match (read(intended), read(deployed)) {
        (Ok(s), Ok(d)) => (s, d),
        (Err(why), _) => return unreadable("intended", &why),
        (_, Err(why)) => return unreadable("deployed", &why),
    };
    let b = base.read(read).or_empty();
    let mut walk = Walk {
        rules,
        intended: &s,
        deployed: &d,
        packets: nft::packets(&s),
        out: Compared { parsed: true, hits: vec![false; rules.patterns.len()], ..Compared::default() },
    };
    walk.rulesets(&s, &d, b.as_ref());
    if walk.out.hits.contains(&false) {
        // Only differences were held against the patterns: which of them name nothing is not known.
        walk.out.hits.clear();
    }
    walk.out
}

fn unreadable(side: &str, why: &Unreadable) -> Compared {
    Compared::unreadable(side, &why.message, why.line as u32)
}

struct Walk<'r> {
    rules: &'r Rules,
    intended: &'r Listing,
    deployed: &'r Listing,
    /// What is intended, as packets.
    packets: Nft,
    out: Compared,
}

impl Walk<'_> {
    fn rulesets(&mut self, s: &Listing, d: &Listing, b: Option<&Listing>) {
        let names: BTreeSet<&String> = s.tables.keys().chain(d.tables.keys()).collect();
        for name in names {
            let (one, other) = (s.tables.get(name), d.tables.get(name));
            let base = b.map_or(Before::Unknown, |b| Before::of(b.tables.get(name)));
            if !self.rules.is_ours(&format!("table {name}")) {
                self.unmanaged(name, one, other);
                continue;
            }
            match (one, other) {
                (Some(one), Some(other)) => self.tables(name, one, other, base),
                (one, other) => self.lone_table(name, one, other, base),
            }
        }
    }

    fn unmanaged(&mut self, name: &str, s: Option<&Table>, d: Option<&Table>) {
        if let (None, Some(table)) = (s, d) {
            let at = self.push(name, Kind::Extra, None, None, Attribution::Unknown, table.line);
            self.out.found[at].ignored = true;
            self.out.found[at].note = Some("unmanaged".into());
        }
    }

    fn lone_table(&mut self, name: &str, s: Option<&Table>, d: Option<&Table>, b: Before<&Table>) {
        let kind = if s.is_some() { Kind::Missing } else { Kind::Extra };
        let attribution = b.judge(|b| {
            (
                b.map(Table::canonical) == s.map(Table::canonical),
                b.map(Table::canonical) == d.map(Table::canonical),
            )
        });
        let line = d.or(s).map_or(0, |table| table.line);
        let at = self.push(name, kind, None, None, attribution, line);
        let found = &mut self.out.found[at];
        found.class = Class::Path;
        let (there, whole) = d.or(s).map_or((0, 0), |table| {
            (table.chains.len(), table.chains.values().map(|chain| chain.rules.len()).sum::<usize>())
        });
        found.note = Some(format!("{there} chains, {whole} rules"));
        let what =
            if s.is_some() { "a whole table is not loaded" } else { "a whole table that nobody intended" };
        let effect = self.effect(name, |listing| match d {
            Some(table) => drop(listing.tables.insert(name.to_owned(), table.clone())),
            None => drop(listing.tables.remove(name)),
        });
        effect.say(&mut self.out.found[at], &format!("{what}: "));
    }

    fn tables(&mut self, name: &str, s: &Table, d: &Table, b: Before<&Table>) {
        if s.canonical() == d.canonical() {
            return;
        }
        let sets: BTreeSet<&String> = s.sets.keys().chain(d.sets.keys()).collect();
        for set in sets {
            let in_b = b.step(|b| b.sets.get(set));
            self.sets(&format!("{name} set {set}"), set, s.sets.get(set), d.sets.get(set), in_b, name);
        }
        let others: BTreeSet<&String> = s.others.keys().chain(d.others.keys()).collect();
        for other in others {
            let in_b = b.step(|b| b.others.get(other));
            self.words(&format!("{name} {other}"), s.others.get(other), d.others.get(other), in_b, d.line);
        }
        let chains: BTreeSet<&String> = s.chains.keys().chain(d.chains.keys()).collect();
        for chain in chains {
            let in_b = b.step(|b| b.chains.get(chain));
            let path = format!("{name} {chain}");
            match (s.chains.get(chain), d.chains.get(chain)) {
                (Some(one), Some(other)) => {
                    self.chains(&path, (name, chain), one, other, in_b);
                }
                (one, other) => self.lone_chain(&path, (name, chain), one, other, in_b),
            }
        }
    }

    /// What changes if the intended ruleset is changed so; what only the deployed one has stands ready to be used.
    fn effect(&self, chain: &str, change: impl FnOnce(&mut Listing)) -> Effect {
        let mut listing = self.intended.clone();
        for (name, table) in &mut listing.tables {
            let Some(deployed) = self.deployed.tables.get(name) else { continue };
            for (set, own) in &deployed.sets {
                table.sets.entry(set.clone()).or_insert_with(|| own.clone());
            }
            let called = deployed.chains.iter().filter(|(_, own)| own.hook.is_none());
            for (chain, own) in called {
                table.chains.entry(chain.clone()).or_insert_with(|| own.clone());
            }
        }
        change(&mut listing);
        let changed = nft::packets(&listing);
        let mut unfollowed = self.packets.unfollowed();
        unfollowed.extend(changed.unfollowed());
        let meaning = |nft: &Nft, chain: &String| {
            let rules = nft.ruleset.chains.get(chain);
            rules.map(|rules| {
                rules.iter().map(|rule| (rule.text.clone(), rule.parts.clone())).collect::<Vec<_>>()
            })
        };
        if unfollowed.iter().any(|chain| meaning(&self.packets, chain) != meaning(&changed, chain)) {
            return Effect::unknown("a chain that translates addresses is not followed");
        }
        let hooks: BTreeSet<&str> =
            self.packets.hooks.iter().chain(&changed.hooks).map(|hook| hook.hook.as_str()).collect();
        let mut total = Difference::default();
        for hook in hooks {
            let (gates, others) = (self.packets.gates(hook), changed.gates(hook));
            let side = Side { ruleset: &self.packets.ruleset, gates: &gates };
            let found = difference(side, Side { ruleset: &changed.ruleset, gates: &others }, None);
            total.opens.extend(found.opens);
            total.closes.extend(found.closes);
            total.undetermined.extend(found.undetermined);
            total.coarse |= found.coarse;
            total.given_up |= found.given_up;
        }
        Effect::of(&total, chain, &self.rules.names)
    }

    /// What the difference of one chain's rules changes, everything else being as intended.
    fn chain_effect(&self, (table, chain): (&str, &str), rules: Option<&Chain>) -> Effect {
        self.effect(&format!("{table} {chain}"), |listing| {
            let Some(table) = listing.tables.get_mut(table) else { return };
            match (table.chains.get_mut(chain), rules) {
                // The policy is a finding of its own; rules are judged under the intended one.
                (Some(own), Some(rules)) => own.rules.clone_from(&rules.rules),
                (None, Some(rules)) => drop(table.chains.insert(chain.to_owned(), rules.clone())),
                (_, None) => drop(table.chains.remove(chain)),
            }
        })
    }

    /// What the difference of a set changes.
    fn set_effect(&self, table: &str, set: &str, is_on_both: bool) -> Effect {
        let deployed = self.deployed.tables.get(table);
        self.effect(table, |listing| {
            let Some(own) = listing.tables.get_mut(table) else { return };
            match deployed.and_then(|deployed| deployed.sets.get(set)) {
                Some(other) => drop(own.sets.insert(set.to_owned(), other.clone())),
                None => drop(own.sets.remove(set)),
            }
            if is_on_both {
                return;
            }
            // A set that only one side has is met by the rules that use it.
            let reference = format!("@{set}");
            let uses = |chain: &Chain| chain.rules.iter().any(|rule| rule.names(&reference));
            for (name, chain) in &mut own.chains {
                if let Some(other) = deployed.and_then(|deployed| deployed.chains.get(name))
                    && (uses(chain) || uses(other))
                {
                    chain.rules.clone_from(&other.rules);
                }
            }
        })
    }

    /// Something whose words count and nothing else is known about it.
    fn words(&mut self, path: &str, s: Option<&String>, d: Option<&String>, b: Before<&String>, line: u32) {
        if s == d {
            return;
        }
        let kind = kind_of(s.is_some(), d.is_some());
        let attribution = b.judge(|b| (b == s, b == d));
        let json = |text: Option<&String>| text.map(|text| Json::from(text.as_str()));
        let at = self.push(path, kind, json(s), json(d), attribution, line);
        self.out.found[at].class = Class::Path;
        self.out.found[at].meaning = Some("unknown: this is not followed".into());
    }

    fn sets(
        &mut self,
        path: &str,
        name: &str,
        s: Option<&Set>,
        d: Option<&Set>,
        b: Before<&Set>,
        table: &str,
    ) {
        let elements = |set: Option<&Set>| -> BTreeMap<String, String> {
            set.map(canonical::elements).unwrap_or_default()
        };
        let (in_s, in_d) = (elements(s), elements(d));
        let in_b = b.is_known().then(|| elements(b.value()));
        if in_s == in_d && s.map(Set::kind) == d.map(Set::kind) {
            return;
        }
        let effect = self.set_effect(table, name, s.is_some() && d.is_some());
        if s.is_some() != d.is_some() {
            let kind = kind_of(s.is_some(), d.is_some());
            let attribution = b.judge(|b| {
                (
                    b.map(canonical::elements) == s.map(canonical::elements),
                    b.map(canonical::elements) == d.map(canonical::elements),
                )
            });
            let shown = |set: Option<&Set>| {
                set.map(|set| Json::from(canonical::elements(set).into_values().collect::<Vec<_>>()))
            };
            let at =
                self.push(path, kind, shown(s), shown(d), attribution, d.or(s).map_or(0, |set| set.line));
            return self.explain(at, &effect);
        }
        let (Some(s), Some(d)) = (s, d) else { return };
        let kinds = (s.kind(), d.kind());
        if kinds.0 != kinds.1 {
            let at = self.push(
                &format!("{path} type"),
                Kind::Changed,
                Some(Json::from(kinds.0)),
                Some(Json::from(kinds.1)),
                Attribution::Unknown,
                d.line,
            );
            self.explain(at, &effect);
        }
        for (canon, shown) in in_s.iter().filter(|(canon, _)| !in_d.contains_key(*canon)) {
            let attribution = in_b.as_ref().map_or(Attribution::Unknown, |b| {
                Attribution::judge(b.contains_key(canon), !b.contains_key(canon))
            });
            let at =
                self.push(path, Kind::Missing, Some(Json::from(shown.as_str())), None, attribution, d.line);
            self.explain(at, &effect);
        }
        for (canon, shown) in in_d.iter().filter(|(canon, _)| !in_s.contains_key(*canon)) {
            let attribution = in_b.as_ref().map_or(Attribution::Unknown, |b| {
                Attribution::judge(!b.contains_key(canon), b.contains_key(canon))
            });
            let at =
                self.push(path, Kind::Extra, None, Some(Json::from(shown.as_str())), attribution, d.line);
            self.explain(at, &effect);
        }
    }

    fn lone_chain(
        &mut self,
        path: &str,
        name: (&str, &str),
        s: Option<&Chain>,
        d: Option<&Chain>,
        b: Before<&Chain>,
    ) {
        let Some(one) = s.or(d) else { return };
        let canon = |chain: Option<&Chain>| chain.map(Chain::canonical);
        let attribution = b.judge(|b| (canon(b) == canon(s), canon(b) == canon(d)));
        let shown = |chain: Option<&Chain>| {
            chain.map(|chain| {
                Json::from(chain.rules.iter().map(canonical::shown).collect::<Vec<_>>().join("\n"))
            })
        };
        let at =
            self.push(path, kind_of(s.is_some(), d.is_some()), shown(s), shown(d), attribution, one.line);
        let found = &mut self.out.found[at];
        if one.hook.is_none() {
            // It acts only through the chains that jump to it, and what changes there is said there.
            found.meaning =
                Some("none by itself: it acts where other chains jump to it, and those are compared".into());
            found.level = Some(Level::Note);
            found.class = Class::Look;
        } else {
            found.class = Class::Path;
            let what =
                if s.is_some() { "a chain on a hook is not loaded" } else { "another chain on a hook" };
            let effect = self.chain_effect(name, d);
            effect.say(&mut self.out.found[at], &format!("{what}: "));
        }
    }

    fn chains(&mut self, path: &str, name: (&str, &str), s: &Chain, d: &Chain, b: Before<&Chain>) {
        if s.hook != d.hook {
            let attribution =
                b.judge(|b| (b.map(|b| &b.hook) == Some(&s.hook), b.map(|b| &b.hook) == Some(&d.hook)));
            let json = |hook: &Option<String>| hook.as_deref().map(Json::from);
            let at = self.push(
                &format!("{path} hook"),
                Kind::Changed,
                json(&s.hook),
                json(&d.hook),
                attribution,
                d.line,
            );
            self.out.found[at].class = Class::Path;
            self.out.found[at].meaning = Some("unknown: the chain hangs elsewhere".into());
        }
        if s.policy() != d.policy() {
            let attribution = b.judge(|b| {
                (b.map(Chain::policy) == Some(s.policy()), b.map(Chain::policy) == Some(d.policy()))
            });
            let at = self.push(
                &format!("{path} policy"),
                Kind::Changed,
                Some(Json::from(s.policy())),
                Some(Json::from(d.policy())),
                attribution,
                d.line,
            );
            let found = &mut self.out.found[at];
            let opens = d.policy() == "accept";
            found.class = if opens { Class::Path } else { Class::Data };
            let verb = if opens { "opens" } else { "stops" };
            found.meaning = Some(format!("{verb} everything that no rule matches"));
        }
        let (rules_s, rules_d) = (canonical::entries(s), canonical::entries(d));
        let texts =
            |entries: &[Entry]| -> Vec<String> { entries.iter().map(|entry| entry.canon.clone()).collect() };
        let (texts_s, texts_d) = (texts(&rules_s), texts(&rules_d));
        if texts_s == texts_d {
            return;
        }
        let texts_b = b.map(|b| texts(&canonical::entries(b))).or_empty();
        let effect = self.chain_effect(name, Some(d));
        let whole = texts_b
            .as_ref()
            .map_or(Attribution::Unknown, |b| Attribution::judge(*b == texts_s, *b == texts_d));
        let (mut sorted_s, mut sorted_d) = (texts_s.clone(), texts_d.clone());
        sorted_s.sort();
        sorted_d.sort();
        let steps = align::align(&texts_s, &texts_d);
        let gone = steps.iter().any(|step| matches!(step, Aligned::First(_)));
        let come = steps.iter().any(|step| matches!(step, Aligned::Second(_)));
        if effect.is_none() && gone && come {
            let at = self.push(path, Kind::Equivalent, None, None, whole, d.line);
            self.out.found[at].meaning = Some("none".into());
            self.out.found[at].class = Class::Look;
            return;
        }
        if sorted_s == sorted_d {
            let shown = |entries: &[Entry]| {
                Some(Json::from(entries.iter().map(|entry| entry.shown.clone()).collect::<Vec<_>>()))
            };
            let at = self.push(path, Kind::Reordered, shown(&rules_s), shown(&rules_d), whole, d.line);
            return self.explain(at, &effect);
        }
        for step in steps {
            let (kind, entry) = match step {
                Aligned::Same(..) => continue,
                Aligned::First(at) => (Kind::Missing, &rules_s[at]),
                Aligned::Second(at) => (Kind::Extra, &rules_d[at]),
            };
            let attribution = texts_b.as_ref().map_or(Attribution::Unknown, |b| {
                let there = b.contains(&entry.canon);
                if kind == Kind::Missing {
                    Attribution::judge(there, !there)
                } else {
                    Attribution::judge(!there, there)
                }
            });
            let value = Some(Json::from(entry.shown.as_str()));
            let (want, have) = if kind == Kind::Missing { (value, None) } else { (None, value) };
            let at =
                self.push(&format!("{path} > {}", entry.shown), kind, want, have, attribution, entry.line);
            self.explain(at, &effect);
        }
    }

    /// Says of a finding what it lets through.
    fn explain(&mut self, at: usize, effect: &Effect) {
        let found = &mut self.out.found[at];
        effect.say(found, "");
        if effect.is_none() {
            found.level = Some(Level::Note);
            found.class = Class::Look;
        } else {
            found.class = effect.class();
        }
    }

    fn push(
        &mut self,
        path: &str,
        kind: Kind,
        s: Option<Json>,
        d: Option<Json>,
        attribution: Attribution,
        line: u32,
    ) -> usize {
        let mut found = Found::new(path, kind).values(s, d);
        found.attribution = attribution;
        found.line = (line > 0).then_some(line);
        let steps: Vec<String> = path.split(" > ").map(str::to_owned).collect();
        found.class = self.rules.class(&steps);
        for (number, _) in
            self.rules.patterns.iter().enumerate().filter(|(_, pattern)| pattern.covers(&steps))
        {
            self.out.hits[number] = true;
            found.ignored |= self.rules.actions[number] == Action::Ignore;
        }
        self.out.found.push(found);
        self.out.found.len() - 1
    }
}

fn kind_of(intended: bool, deployed: bool) -> Kind {
    match (intended, deployed) {
        (true, false) => Kind::Missing,
        (false, true) => Kind::Extra,
        _ => Kind::Changed,
    }
}
