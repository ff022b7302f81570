//! Slots to values: the fewest that have to be asked, and programs for the rest.
//!
//! A relation counts when it holds for every key and the values that agree say enough (bits of evidence); one that
//! holds for most keys becomes a default with exceptions, and each exception is a candidate for drift.

use super::names::candidates;
use super::program::{Atom, Base, Program, View};
use super::rank::{in_order, kind_of, own_right};
use super::relate::Solver;
use super::shape::Shape;
use super::views::{Derived, Row, bits, derived, distinct};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// A value that is asked for, or given.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) scope: usize,
    pub(super) name: String,
    pub(super) row: Rc<Row>,
    /// Slots that print it as it is.
    pub(super) slots: Vec<usize>,
    pub(super) kind: Kind,
    /// What it usually follows from, and the keys where it does not.
    pub(super) usually: Option<(Program, Vec<usize>)>,
    /// The same, where what it follows from is no value of its own: good for finding drift only.
    pub(super) suspect: Option<(Program, Vec<usize>)>,
    /// Whether it was taken out again.
    pub(super) is_gone: bool,
}

/// How a value comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Each line answers.
    Required,
    /// Most lines have the same.
    Defaulted,
    /// White space and punctuation that happen to differ.
    Layout,
}

/// The values of a shape, and a program for each slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Solution {
    pub(super) parameters: Vec<Parameter>,
    pub(super) programs: Vec<Program>,
}

/// What is known of the instances without reading their files.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) lines: Vec<String>,
    /// Only where there are several.
    pub(super) sites: Vec<String>,
}

/// How relations are accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Bits of evidence that a relation needs.
    pub(super) evidence: f64,
    /// Whether relations that hold for most are looked for.
    pub(super) usual: bool,
}

/// Finds values and programs.
pub(super) fn solve(shape: &Shape, given: &Given, terms: Terms) -> Solution {
    let mut state = State {
        shape,
        given,
        terms,
        solution: Solution { parameters: vec![], programs: vec![vec![]; shape.slots.len()] },
        used: BTreeSet::new(),
        views: HashMap::new(),
        counts: true,
    };
    for scope in 0..shape.scopes.len() {
        state.scope(scope);
    }
    state.solution
}

pub(super) struct State<'s> {
    pub(super) shape: &'s Shape,
    pub(super) given: &'s Given,
    pub(super) terms: Terms,
    pub(super) solution: Solution,
    pub(super) used: BTreeSet<(usize, String)>,
    pub(super) views: HashMap<Rc<Row>, Rc<Vec<Derived>>>,
    /// Whether the place in a list may be what a value follows from.
    pub(super) counts: bool,
}

/// Slots with the same values.
pub(super) struct Group {
    pub(super) row: Rc<Row>,
    pub(super) slots: Vec<usize>,
    pub(super) names: Vec<String>,
}

impl State<'_> {
    fn scope(&mut self, scope: usize) {
        self.solve_scope(scope);
        let has_inner = self.shape.scopes.iter().any(|inner| inner.outer == Some(scope));
        if scope != 0 && !has_inner && self.here(scope).is_empty() {
            // A list of nothing but numbered places says too little: its items are values then.
            self.counts = false;
            self.solve_scope(scope);
            self.counts = true;
        }
        if self.terms.usual {
            self.find_usual(scope);
        }
    }

    fn solve_scope(&mut self, scope: usize) {
        let groups = self.groups(scope);
        let mut solver = Solver::new(self.shape.scopes[scope].index.len(), self.terms.evidence);
        self.given_bases(scope, &mut solver);
        for at in in_order(&groups, self.terms.evidence) {
            let group = &groups[at];
            let name = group.names[0].clone();
            let parameters = &self.solution.parameters;
            let same = |base: &Base| match base {
                Base::Value(number) => parameters[*number].name == name,
                _ => false,
            };
            match solver.program(&group.row, &same) {
                Some(program) => {
                    group.slots.iter().for_each(|slot| self.solution.programs[*slot].clone_from(&program));
                }
                None => self.parameter(scope, group, &mut solver),
            }
        }
        self.drop_followers(scope);
    }

    fn groups(&self, scope: usize) -> Vec<Group> {
        let mut rows: Vec<(Rc<Row>, Vec<usize>)> = vec![];
        let mut known: HashMap<&Row, usize> = HashMap::new();
        for (at, slot) in self.shape.slots.iter().enumerate().filter(|(_, slot)| slot.scope == scope) {
            let group = *known.entry(&slot.values).or_insert_with(|| {
                rows.push((Rc::new(slot.values.clone()), vec![]));
                rows.len() - 1
            });
            rows[group].1.push(at);
        }
        let mut out = vec![];
        for (row, slots) in rows {
            // Few bits may agree by chance: then the names must agree too.
            let is_sure = bits(&row) >= self.terms.evidence;
            let mut parts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for slot in slots {
                let name = if is_sure { String::new() } else { self.names_of(slot)[0].clone() };
                parts.entry(name).or_default().push(slot);
            }
            for slots in parts.into_values() {
                let names = self.best_names(&slots);
                out.push(Group { row: row.clone(), slots, names });
            }
        }
        out.sort_by_key(|group| group.slots[0]);
        out
    }

    fn names_of(&self, slot: usize) -> Vec<String> {
        let slot = &self.shape.slots[slot];
        candidates(slot, &self.shape.files[slot.file].path)
    }

    /// The names that the places of a value suggest, the most frequent first.
    fn best_names(&self, slots: &[usize]) -> Vec<String> {
        let mut votes: Vec<(String, f64)> = vec![];
        for slot in slots {
            for (rank, name) in self.names_of(*slot).into_iter().enumerate() {
                let vote = own_right(&name) / (1.0 + rank as f64);
                match votes.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, votes)) => *votes += vote,
                    None => votes.push((name, vote)),
                }
            }
        }
        votes.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        votes.into_iter().map(|(name, _)| name).collect()
    }

    pub(super) fn given_bases(&mut self, scope: usize, solver: &mut Solver) {
        let owners = self.owners(scope, 0);
        let row =
            |of: &[String]| Rc::new(owners.iter().map(|key| Some(Rc::from(&*of[*key]))).collect::<Row>());
        if !self.given.lines.is_empty() {
            self.base(solver, Base::Line, row(&self.given.lines));
        }
        if !self.given.sites.is_empty() {
            self.base(solver, Base::Site, row(&self.given.sites));
        }
        if scope == 0 {
            return;
        }
        let mut outer = self.shape.scopes[scope].outer;
        let mut rows = vec![];
        while let Some(at) = outer {
            let owners = self.owners(scope, at);
            for (number, parameter) in self.solution.parameters.iter().enumerate() {
                if parameter.scope == at && !parameter.is_gone && parameter.kind != Kind::Layout {
                    let row: Row = owners.iter().map(|key| parameter.row[*key].clone()).collect();
                    if row.iter().all(Option::is_some) && distinct(&row).len() > 1 {
                        rows.push((Base::Value(number), Rc::new(row)));
                    }
                }
            }
            outer = self.shape.scopes[at].outer;
        }
        rows.into_iter().for_each(|(base, row)| self.base(solver, base, row));
        let index = &self.shape.scopes[scope].index;
        if self.counts && index.iter().any(|index| *index > 0) {
            let row = index.iter().map(|index| Some(Rc::from((index + 1).to_string()))).collect();
            self.base(solver, Base::Index, Rc::new(row));
        }
    }

    /// For each key of a scope, the key of a scope around it.
    pub(super) fn owners(&self, scope: usize, around: usize) -> Vec<usize> {
        let mut keys: Vec<usize> = (0..self.shape.scopes[scope].index.len()).collect();
        let mut at = scope;
        while at != around {
            let Some(outer) = self.shape.scopes[at].outer else { break };
            keys = keys.into_iter().map(|key| self.shape.scopes[at].owner[key]).collect();
            at = outer;
        }
        keys
    }

    pub(super) fn base(&mut self, solver: &mut Solver, base: Base, row: Rc<Row>) {
        let views = self.views.entry(row.clone()).or_insert_with(|| Rc::new(derived(&row))).clone();
        solver.add(base, row, &views);
    }

    fn parameter(&mut self, scope: usize, group: &Group, solver: &mut Solver) {
        let name = self.free_name(scope, &group.names);
        let is_layout = group.slots.iter().all(|slot| self.shape.slots[*slot].is_layout);
        let kind = if is_layout { Kind::Layout } else { kind_of(&group.row, scope) };
        let number = self.solution.parameters.len();
        self.solution.parameters.push(Parameter {
            scope,
            name,
            row: group.row.clone(),
            slots: group.slots.clone(),
            kind,
            usually: None,
            suspect: None,
            is_gone: false,
        });
        let program = vec![Atom::View(View { base: Base::Value(number), steps: vec![] })];
        group.slots.iter().for_each(|slot| self.solution.programs[*slot].clone_from(&program));
        if kind != Kind::Layout {
            self.base(solver, Base::Value(number), group.row.clone());
        }
    }

    fn free_name(&mut self, scope: usize, names: &[String]) -> String {
        let free = names.iter().find(|name| !self.used.contains(&(scope, (*name).clone()))).cloned();
        let name = free.unwrap_or_else(|| {
            let stem: String = names[0].chars().take(28).collect();
            (2..10_000)
                .map(|n| format!("{stem}_{n}"))
                .find(|name| !self.used.contains(&(scope, name.clone())))
                .unwrap_or(stem)
        });
        self.used.insert((scope, name.clone()));
        name
    }

    /// Takes out values that follow from others found later.
    fn drop_followers(&mut self, scope: usize) {
        let here: Vec<usize> = self.here(scope);
        if here.len() > 120 {
            return;
        }
        for number in here {
            let parameter = self.solution.parameters[number].clone();
            if parameter.kind == Kind::Layout || self.is_needed(number) {
                continue;
            }
            let mut others = Solver::new(parameter.row.len(), self.terms.evidence);
            self.given_bases(scope, &mut others);
            for other in self.here(scope) {
                if other != number && self.solution.parameters[other].kind != Kind::Layout {
                    let row = self.solution.parameters[other].row.clone();
                    self.base(&mut others, Base::Value(other), row);
                }
            }
            if let Some(program) = others.program(&parameter.row, &|_| false) {
                parameter.slots.iter().for_each(|slot| self.solution.programs[*slot].clone_from(&program));
                self.solution.parameters[number].is_gone = true;
                self.used.remove(&(scope, parameter.name));
            }
        }
    }

    pub(super) fn here(&self, scope: usize) -> Vec<usize> {
        let parameters = self.solution.parameters.iter().enumerate();
        parameters.filter(|(_, p)| p.scope == scope && !p.is_gone).map(|(number, _)| number).collect()
    }

    /// Whether a slot that does not print the value itself reads it.
    fn is_needed(&self, number: usize) -> bool {
        let own = &self.solution.parameters[number].slots;
        let reads = |program: &Program| {
            program.iter().filter_map(Atom::view).any(|view| view.base == Base::Value(number))
        };
        self.solution
            .programs
            .iter()
            .enumerate()
            .any(|(slot, program)| !own.contains(&slot) && reads(program))
    }
}
