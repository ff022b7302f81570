//! What stands out in one instance: candidates for drift, ranked.
//!
//! A relation that holds everywhere else, a value that all others have alike, a line that only one has or lacks.
//! With fewer than five instances nobody can say who is right, so nothing is said.

use super::program::{Base, eval};
use super::shape::{Branch, Shape, title};
use super::solve::{Kind, Solution};
use std::collections::{BTreeMap, BTreeSet};

/// Fewest instances, or items, that can outvote one.
const FEWEST: usize = 5;

/// Why it stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// It follows from another value everywhere else.
    BrokenRelation,
    /// All others have another value.
    RareValue,
    /// All others have it.
    MissingHere,
    /// No other has it.
    OnlyHere,
}

impl Reason {
    /// Returns the word in reports.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::BrokenRelation => "broken-relation",
            Self::RareValue => "rare-value",
            Self::MissingHere => "missing-here",
            Self::OnlyHere => "only-here",
        }
    }
}

/// A candidate for drift.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outlier {
    /// Which instance.
    pub(super) instance: usize,
    /// Why.
    pub(super) reason: Reason,
    /// The file, by number.
    pub(super) file: usize,
    /// Where in the file, in words.
    pub(super) place: String,
    /// What the others say should stand here.
    pub(super) expected: Option<String>,
    /// What stands here.
    pub(super) found: Option<String>,
    /// How many agree.
    pub(super) agree: usize,
    /// The value, where it is one.
    pub(super) value: Option<usize>,
}

/// Finds what stands out, the most certain first.
pub(super) fn find(shape: &Shape, solution: &Solution, lines: &[String], sites: &[String]) -> Vec<Outlier> {
    if shape.scopes[0].index.len() < FEWEST {
        return vec![];
    }
    let finder = Finder { shape, solution, lines, sites };
    let mut out = finder.relations();
    finder.values(&mut out);
    for (number, file) in shape.files.iter().enumerate() {
        let count = shape.scopes[0].index.len();
        if count >= FEWEST && file.present.len() + 1 == count {
            let missing = (0..count).find(|key| !file.present.contains(key));
            out.extend(missing.map(|instance| finder.file(instance, number, Reason::MissingHere, count - 1)));
        }
        if count >= FEWEST && file.present.len() == 1 {
            let only = file.present.first().copied();
            out.extend(only.map(|instance| finder.file(instance, number, Reason::OnlyHere, count - 1)));
        } else {
            finder.branches(number, &file.branches, &mut vec![], &mut out);
        }
    }
    out.sort_by(|a, b| {
        (a.reason, std::cmp::Reverse(a.agree), a.instance, a.file, &a.place).cmp(&(
            b.reason,
            std::cmp::Reverse(b.agree),
            b.instance,
            b.file,
            &b.place,
        ))
    });
    out.dedup_by(|a, b| {
        (a.instance, a.reason, a.file, &a.place, &a.found)
            == (b.instance, b.reason, b.file, &b.place, &b.found)
    });
    out
}

struct Finder<'s> {
    shape: &'s Shape,
    solution: &'s Solution,
    lines: &'s [String],
    sites: &'s [String],
}

impl Finder<'_> {
    fn owner(&self, scope: usize, key: usize) -> usize {
        match self.shape.scopes[scope].outer {
            Some(outer) => self.owner(outer, self.shape.scopes[scope].owner[key]),
            None => key,
        }
    }

    fn place(&self, slot: usize) -> (usize, String) {
        let slot = &self.shape.slots[slot];
        let mut words: Vec<&str> =
            slot.path.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let left = slot.left.trim();
        if !left.is_empty() {
            words.push(left);
        }
        (slot.file, words.join(" > "))
    }

    fn base(&self, scope: usize, key: usize, base: &Base) -> Option<String> {
        match base {
            Base::Value(number) => {
                let parameter = &self.solution.parameters[*number];
                let mut at = (scope, key);
                while at.0 != parameter.scope {
                    let here = &self.shape.scopes[at.0];
                    at = (here.outer?, here.owner[at.1]);
                }
                parameter.row[at.1].as_deref().map(str::to_owned)
            }
            Base::Line => self.lines.get(self.owner(scope, key)).cloned(),
            Base::Site => self.sites.get(self.owner(scope, key)).cloned(),
            Base::Area => None,
            Base::Index => Some((self.shape.scopes[scope].index[key] + 1).to_string()),
        }
    }

    fn relations(&self) -> Vec<Outlier> {
        let mut out = vec![];
        for (number, parameter) in self.solution.parameters.iter().enumerate().filter(|(_, p)| !p.is_gone) {
            let Some((program, exceptions)) = parameter.usually.as_ref().or(parameter.suspect.as_ref())
            else {
                continue;
            };
            let known = parameter.row.iter().flatten().count();
            // One value that many lines break is a choice, not a slip.
            if exceptions.len() > 2 && exceptions.len() * 10 > known {
                continue;
            }
            for key in exceptions {
                let (file, place) = self.place(parameter.slots[0]);
                out.push(Outlier {
                    instance: self.owner(parameter.scope, *key),
                    reason: Reason::BrokenRelation,
                    file,
                    place,
                    expected: eval(program, &|base| self.base(parameter.scope, *key, base)),
                    found: parameter.row[*key].as_deref().map(str::to_owned),
                    agree: known - exceptions.len(),
                    value: Some(number),
                });
            }
        }
        out
    }

    fn values(&self, out: &mut Vec<Outlier>) {
        for (number, parameter) in self.solution.parameters.iter().enumerate().filter(|(_, p)| !p.is_gone) {
            if parameter.usually.is_some() || parameter.suspect.is_some() {
                continue;
            }
            let mut counts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for (key, value) in parameter.row.iter().enumerate() {
                if let Some(value) = value {
                    counts.entry(value).or_default().push(key);
                }
            }
            let known: usize = counts.values().map(Vec::len).sum();
            let Some((usual, most)) = counts.iter().max_by_key(|(_, keys)| keys.len()) else { continue };
            let rest = known - most.len();
            let owners: BTreeSet<usize> = most.iter().map(|key| self.owner(parameter.scope, *key)).collect();
            let outvotes =
                known >= FEWEST && (rest == 1 || (rest == 2 && known >= 12)) && owners.len() + 2 >= FEWEST;
            if !outvotes || (parameter.kind == Kind::Layout && known < 8) {
                continue;
            }
            for keys in counts.iter().filter(|(value, _)| *value != usual).map(|(_, keys)| keys) {
                for key in keys {
                    let (file, place) = self.place(parameter.slots[0]);
                    out.push(Outlier {
                        instance: self.owner(parameter.scope, *key),
                        reason: Reason::RareValue,
                        file,
                        place,
                        expected: Some((*usual).to_owned()),
                        found: parameter.row[*key].as_deref().map(str::to_owned),
                        agree: most.len(),
                        value: Some(number),
                    });
                }
            }
        }
    }

    fn file(&self, instance: usize, file: usize, reason: Reason, agree: usize) -> Outlier {
        let path = super::paths::plain(&self.shape.files[file].path);
        let (expected, found) =
            if reason == Reason::MissingHere { (Some(path), None) } else { (None, Some(path)) };
        Outlier { instance, reason, file, place: "the file".into(), expected, found, agree, value: None }
    }

    /// A list that is as long everywhere else.
    fn list(&self, file: usize, branch: &Branch, scope: usize, path: &[String], out: &mut Vec<Outlier>) {
        let count = branch.around.len();
        let mut lengths: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for key in branch.around.iter() {
            let length = self.shape.scopes[scope].owner.iter().filter(|owner| *owner == key).count();
            lengths.entry(length).or_default().push(*key);
        }
        let Some((usual, most)) = lengths.iter().max_by_key(|(_, keys)| keys.len()) else { return };
        if count < FEWEST || most.len() + 1 != count {
            return;
        }
        let name = title(branch.kids[0].sample());
        for (length, keys) in lengths.iter().filter(|(length, _)| *length != usual) {
            let reason = if length < usual { Reason::MissingHere } else { Reason::OnlyHere };
            out.push(Outlier {
                instance: self.owner(branch.scope, keys[0]),
                reason,
                file,
                place: [path, std::slice::from_ref(&name)].concat().join(" > "),
                expected: Some(format!("{usual} items")),
                found: Some(format!("{length} items")),
                agree: count - 1,
                value: None,
            });
        }
    }

    fn branches(&self, file: usize, branches: &[Branch], path: &mut Vec<String>, out: &mut Vec<Outlier>) {
        for branch in branches {
            let count = branch.around.len();
            let mut stands_out = false;
            let sample = branch.sample();
            if branch.is_optional() && count >= FEWEST && !sample.is_filler() {
                let text = sample.head.trim();
                let text = if text.is_empty() { sample.words.join(" ") } else { text.to_owned() };
                let mut note = |key: usize, reason: Reason| {
                    stands_out = true;
                    let (expected, found) = if reason == Reason::MissingHere {
                        (Some(text.clone()), None)
                    } else {
                        (None, Some(text.clone()))
                    };
                    out.push(Outlier {
                        instance: self.owner(branch.scope, key),
                        reason,
                        file,
                        place: path.join(" > "),
                        expected,
                        found,
                        agree: count - 1,
                        value: None,
                    });
                };
                if branch.present.len() + 1 == count {
                    branch.around.difference(&branch.present).for_each(|key| note(*key, Reason::MissingHere));
                } else if branch.present.len() == 1 {
                    branch.present.iter().for_each(|key| note(*key, Reason::OnlyHere));
                }
            }
            if let Some(scope) = branch.list {
                self.list(file, branch, scope, path, out);
            }
            if !stands_out {
                path.push(title(sample));
                self.branches(file, &branch.kids, path, out);
                path.pop();
            }
        }
    }
}
