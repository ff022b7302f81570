//! FortiOS: tables, entries and settings, whatever their layout; where firewall tables differ, what that lets through.
//!
//! A device shows a setting only where it is not as the product has it by itself, gives its policies other numbers if
//! it has to, and quotes as it likes. Policies are told by their names, and only their order says anything. Each entry
//! is judged alone: put in the place of the intended one, what changes is told.

use super::effect::Effect;
use super::found::{Compared, Found};
use super::labels::{Attribution, Before, Class, Kind};
use super::policies::Policies;
use super::profile::{Action, Rules};
use super::secrets;
use crate::finding::Level;
use crate::packets::fortios::tree::{self, Entry, Setting, Table};
use crate::packets::nft::Unreadable;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// Settings whose values are a set.
const SETS: &[&str] = &[
    "srcintf",
    "dstintf",
    "srcaddr",
    "dstaddr",
    "srcaddr6",
    "dstaddr6",
    "service",
    "member",
    "interface",
    "tcp-portrange",
    "udp-portrange",
    "sctp-portrange",
];

/// Compares two configurations.
pub(crate) fn compare(intended: &str, deployed: &str, base: Before<&str>, rules: &Rules) -> Compared {
    let (s, d) = match (tree::read(intended), tree::read(deployed)) {
        (Ok(s), Ok(d)) => (s, d),
        (Err(why), _) => return unreadable("intended", &why),
        (_, Err(why)) => return unreadable("deployed", &why),
    };
    let b = base.read(tree::read).or_empty();
    let out = Compared { parsed: true, hits: vec![false; rules.patterns.len()], ..Compared::default() };
    let mut walk = Walk { rules, policies: Policies::new(&s, &d), top: 0, path: vec![], out };
    for table in s.iter().chain(&d).chain(b.iter().flatten()) {
        walk.keep_secrets(table);
    }
    walk.tables(&s, &d, b.as_deref());
    walk.out
}

fn unreadable(side: &str, why: &Unreadable) -> Compared {
    Compared::unreadable(side, &why.message, why.line as u32)
}

struct Walk<'r> {
    rules: &'r Rules,
    /// What both sides let through.
    policies: Policies,
    /// How deep the tables stand that they were read from.
    top: usize,
    path: Vec<String>,
    out: Compared,
}

/// A place on both sides, and what is known of it before.
struct Both<'t, T> {
    s: Option<&'t T>,
    d: Option<&'t T>,
    b: Before<&'t T>,
}

impl<T> Both<'_, T> {
    fn kind(&self) -> Kind {
        match (self.s.is_some(), self.d.is_some()) {
            (true, false) => Kind::Missing,
            (false, true) => Kind::Extra,
            _ => Kind::Changed,
        }
    }

    fn attribution(&self, same: impl Fn(&T, &T) -> bool) -> Attribution {
        self.b.as_ref().judge(|b| {
            let as_before = |side: Option<&T>| match (b, side) {
                (Some(b), Some(side)) => same(b, side),
                (None, None) => true,
                _ => false,
            };
            (as_before(self.s), as_before(self.d))
        })
    }
}

impl Walk<'_> {
    fn tables(&mut self, s: &[Table], d: &[Table], b: Option<&[Table]>) {
        let names: BTreeSet<&str> = s.iter().chain(d).map(|table| table.name.as_str()).collect();
        let find = |side: &'_ [Table], name: &str| side.iter().position(|table| table.name == name);
        for name in names {
            let in_s = find(s, name).map_or(&[][..], |at| &s[at].entries);
            let in_d = find(d, name).map_or(&[][..], |at| &d[at].entries);
            let in_b = b.map(|b| find(b, name).map_or(&[][..], |at| &b[at].entries));
            let step = format!("config {name}");
            let is_other = self.path.is_empty() && !self.rules.is_ours(&step);
            let below: Vec<String> = self.rules.ours_below(&step).into_iter().map(str::to_owned).collect();
            self.path.push(step);
            match (is_other && below.is_empty(), in_d.first()) {
                (true, Some(first)) => self.unmanaged(None, first.line),
                (true, None) => {}
                _ => self.entries(name, [in_s, in_d], in_b, is_other.then_some(below.as_slice())),
            }
            self.path.pop();
        }
    }

    /// Compares the entries of a table; `only` are globs of those that are ours.
    fn entries(&mut self, table: &str, [s, d]: [&[Entry]; 2], b: Option<&[Entry]>, only: Option<&[String]>) {
        let is_ours = |entry: &Entry| {
            only.is_none_or(|globs| globs.iter().any(|glob| super::pattern::fits(glob, &step_of(entry))))
        };
        let twin =
            |entry: &Entry, side: &'_ [Entry]| side.iter().position(|other| same_entry(table, entry, other));
        for one in s.iter().filter(|one| is_ours(one)) {
            let other = twin(one, d).map(|at| &d[at]);
            let before = b.map_or(Before::Unknown, |b| Before::of(twin(one, b).map(|at| &b[at])));
            self.entry(table, &Both { s: Some(one), d: other, b: before });
        }
        for one in d.iter().filter(|one| twin(one, s).is_none()) {
            if is_ours(one) {
                let before = b.map_or(Before::Unknown, |b| Before::of(twin(one, b).map(|at| &b[at])));
                self.entry(table, &Both { s: None, d: Some(one), b: before });
            } else {
                self.path.push(step_of(one));
                self.unmanaged(Some(shown(one)), one.line);
                self.path.pop();
            }
        }
        if is_ordered(table) {
            self.order(table, s, d, b);
        }
    }

    fn unmanaged(&mut self, shown: Option<Json>, line: u32) {
        self.emit(Kind::Extra, None, shown, Attribution::Unknown, line);
        if let Some(found) = self.out.found.last_mut() {
            found.ignored = true;
            found.note = Some("unmanaged".into());
        }
    }

    fn entry(&mut self, table: &str, both: &Both<'_, Entry>) {
        let Some(named) = both.s.or(both.d) else { return };
        // The settings of a table without entries stand in the table itself.
        let is_named = !named.name.is_empty();
        if is_named {
            self.path.push(step_of(named));
        }
        let from = self.out.found.len();
        match (both.s, both.d) {
            (Some(s), Some(d)) if table == "vdom" => {
                // Each domain has policies and objects of its own.
                let own = Policies::new(&s.tables, &d.tables);
                let (outer, top) = (std::mem::replace(&mut self.policies, own), self.top);
                self.top = self.path.len();
                self.tables(&s.tables, &d.tables, tables_of(&both.b));
                (self.policies, self.top) = (outer, top);
                self.path.pop();
                return;
            }
            (Some(s), Some(d)) => {
                self.settings(s, d, &both.b);
                self.tables(&s.tables, &d.tables, tables_of(&both.b));
                if s.name != d.name && self.out.found.len() == from {
                    self.equivalent("another number of the same policy", d.line);
                }
            }
            (s, d) => {
                let line = d.or(s).map_or(0, |entry| entry.line);
                let attribution = both.attribution(|one, other| text_of(one) == text_of(other));
                self.emit(both.kind(), s.map(shown), d.map(shown), attribution, line);
            }
        }
        let is_drift = |found: &Found| !found.ignored && found.kind != Kind::Equivalent;
        if self.path.len() <= self.top + 2 && self.out.found[from..].iter().any(is_drift) {
            let effect = self.policies.effect(table, both.s, both.d, &self.rules.names);
            self.explain(from, effect.as_ref());
        }
        if is_named {
            self.path.pop();
        }
    }

    fn settings(&mut self, s: &Entry, d: &Entry, b: &Before<&Entry>) {
        let keys: BTreeSet<&str> =
            s.settings.iter().chain(&d.settings).map(|setting| setting.key.as_str()).collect();
        for key in keys {
            let find = |entry: &'_ Entry| entry.settings.iter().position(|setting| setting.key == key);
            let (in_s, in_d) = (find(s).map(|at| &s.settings[at]), find(d).map(|at| &d.settings[at]));
            if in_s.map(canon) == in_d.map(canon) || self.is_silence(in_s, in_d) {
                continue;
            }
            let in_b = b.as_ref().step(|b| find(b).map(|at| &b.settings[at]));
            let both = Both { s: in_s, d: in_d, b: in_b };
            let attribution = both.attribution(|one, other| canon(one) == canon(other));
            let value = |setting: &Setting| Json::from(statement(setting));
            let line = in_d.map_or(d.line, |setting| setting.line);
            self.path.push(format!("set {key}"));
            let is_salted = [in_s, in_d].into_iter().flatten().all(|setting| self.is_salted(setting));
            let kind = if is_salted { Kind::Opaque } else { both.kind() };
            self.emit(kind, in_s.map(value), in_d.map(value), attribution, line);
            self.path.pop();
            if let Some(found) = self.out.found.last_mut().filter(|_| is_salted) {
                found.ignored = true;
                found.secret = true;
                found.note = Some("salted on every read: only its presence is checked".into());
            }
        }
    }

    /// Whether one side says nothing and the other what silence means.
    fn is_silence(&self, s: Option<&Setting>, d: Option<&Setting>) -> bool {
        let said = match (s, d) {
            (Some(one), None) | (None, Some(one)) => statement(one),
            _ => return false,
        };
        self.rules.defaults.iter().any(|(parents, line)| {
            parents.len() == self.path.len()
                && *line == said
                && parents.iter().zip(&self.path).all(|(glob, step)| super::pattern::fits(glob, step))
        })
    }

    fn is_salted(&self, setting: &Setting) -> bool {
        let text = statement(setting);
        self.rules.secret_texts.iter().any(|(regex, salted)| *salted && regex.is_match(&text))
    }

    /// The order of policies that both sides have.
    fn order(&mut self, table: &str, s: &[Entry], d: &[Entry], b: Option<&[Entry]>) {
        let common = |side: &[Entry], other: &[Entry]| -> Vec<String> {
            let has = |entry: &&Entry| other.iter().any(|other| same_entry(table, entry, other));
            side.iter().filter(has).map(|entry| title(entry).to_owned()).collect()
        };
        let (in_s, in_d) = (common(s, d), common(d, s));
        if in_s == in_d {
            return;
        }
        let attribution = b.map_or(Attribution::Unknown, |b| {
            Attribution::judge(common(b, s) == common(s, b), common(b, d) == common(d, b))
        });
        let line = d.first().map_or(0, |entry| entry.line);
        let from = self.out.found.len();
        self.emit(Kind::Reordered, Some(Json::from(in_s)), Some(Json::from(in_d)), attribution, line);
        let effect = self.policies.effect_of_order(table, &self.rules.names);
        if effect.as_ref().is_some_and(Effect::is_none) {
            self.out.found.truncate(from);
            return self.equivalent("order of policies that never meet", line);
        }
        self.explain(from, effect.as_ref());
    }

    /// Says of findings what they let through.
    fn explain(&mut self, from: usize, effect: Option<&Effect>) {
        let Some(effect) = effect else { return };
        let own = self.out.found[from..].iter_mut();
        for found in own.filter(|found| !found.ignored && found.kind != Kind::Equivalent) {
            effect.say(found, "");
            found.class = effect.class();
            if effect.is_none() {
                found.level = Some(Level::Note);
                found.meaning = Some("no effect: what passes stays the same".into());
            }
        }
    }

    fn equivalent(&mut self, note: &str, line: u32) {
        self.emit(Kind::Equivalent, None, None, Attribution::Unknown, line);
        if let Some(found) = self.out.found.last_mut() {
            found.note = Some(note.into());
            found.class = Class::Look;
        }
    }

    fn emit(&mut self, kind: Kind, s: Option<Json>, d: Option<Json>, attribution: Attribution, line: u32) {
        let mut found = Found::new(self.path.join(" > "), kind).values(s, d);
        found.attribution = attribution;
        found.line = (line > 0).then_some(line);
        found.class = self.rules.class(&self.path);
        let covering = self.rules.patterns.iter().enumerate().filter(|(_, one)| one.covers(&self.path));
        for (at, _) in covering {
            self.out.hits[at] = true;
            found.ignored |= self.rules.actions[at] == Action::Ignore;
            found.secret |= matches!(self.rules.actions[at], Action::Secret { .. });
        }
        self.out.found.push(found);
    }

    fn keep_secrets(&mut self, table: &Table) {
        for entry in &table.entries {
            for setting in &entry.settings {
                let text = format!("{} {}", setting.key, setting.values.join(" "));
                self.out.secrets.extend(secrets::of_statement(&text).into_iter().map(str::to_owned));
                if secrets::is_secret_name(&setting.key) {
                    self.out.secrets.extend(setting.values.last().cloned());
                }
            }
            entry.tables.iter().for_each(|table| self.keep_secrets(table));
        }
    }
}

/// The tables of an entry before; `None`: nobody knows.
fn tables_of<'t>(before: &Before<&'t Entry>) -> Option<&'t [Table]> {
    before.is_known().then(|| before.as_ref().value().map_or(&[][..], |entry| &entry.tables))
}

/// Whether first match decides in a table.
pub(super) fn is_ordered(table: &str) -> bool {
    matches!(table, "firewall policy" | "firewall policy6")
}

/// What people call an entry: a policy by its name, where it has one.
fn title(entry: &Entry) -> &str {
    entry.get("name").and_then(<[String]>::first).map_or(&entry.name, String::as_str)
}

/// Whether two entries are the same one: policies by their names, everything else by what it is called.
pub(super) fn same_entry(table: &str, one: &Entry, other: &Entry) -> bool {
    if is_ordered(table) && one.get("name").is_some() && other.get("name").is_some() {
        return title(one) == title(other);
    }
    one.name == other.name
}

/// The step that an entry makes in a path.
fn step_of(entry: &Entry) -> String {
    format!("edit {}", quoted(&entry.name))
}

fn quoted(word: &str) -> String {
    let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        word.to_owned()
    } else {
        format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// A setting as a device would show it; words without blanks stay bare.
fn statement(setting: &Setting) -> String {
    let bare = |word: &String| {
        let is_bare =
            !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\\'));
        if is_bare { word.clone() } else { quoted(word) }
    };
    let values: Vec<String> = setting.values.iter().map(bare).collect();
    format!("set {} {}", setting.key, values.join(" "))
}

/// The spelling that equal settings share.
fn canon(setting: &Setting) -> Vec<&str> {
    let mut values: Vec<&str> = setting.values.iter().map(String::as_str).collect();
    if SETS.contains(&setting.key.as_str()) {
        values.sort_unstable();
        values.dedup();
    }
    values
}

fn text_of(entry: &Entry) -> String {
    let mut lines: Vec<String> = entry.settings.iter().map(statement).collect();
    for table in &entry.tables {
        lines.push(format!("config {}", table.name));
        lines.extend(table.entries.iter().map(|entry| format!("{}\n{}", step_of(entry), text_of(entry))));
        lines.push("end".into());
    }
    lines.join("\n")
}

fn shown(entry: &Entry) -> Json {
    Json::String(super::shown_text(&format!("{}\n{}", step_of(entry), text_of(entry))))
}
