//! Slots to values: the fewest that have to be asked, and programs for the rest.
//!
//! A relation counts when it holds for every key and the values that agree say enough (bits of evidence); one that
//! holds for most keys becomes a default with exceptions, and each exception is a candidate for drift.

use super::lex::information;
use super::names::candidates;
use super::program::{Atom, Base, Program, View, address, eval, host, network, number, offset};
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

struct State<'s> {
    shape: &'s Shape,
    given: &'s Given,
    terms: Terms,
    solution: Solution,
    used: BTreeSet<(usize, String)>,
    views: HashMap<Rc<Row>, Rc<Vec<Derived>>>,
    /// Whether the place in a list may be what a value follows from.
    counts: bool,
}

/// Slots with the same values.
struct Group {
    row: Rc<Row>,
    slots: Vec<usize>,
    names: Vec<String>,
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
            match solver.solve(&group.row, 0, &same) {
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

    fn given_bases(&mut self, scope: usize, solver: &mut Solver) {
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
    fn owners(&self, scope: usize, around: usize) -> Vec<usize> {
        let mut keys: Vec<usize> = (0..self.shape.scopes[scope].index.len()).collect();
        let mut at = scope;
        while at != around {
            let Some(outer) = self.shape.scopes[at].outer else { break };
            keys = keys.into_iter().map(|key| self.shape.scopes[at].owner[key]).collect();
            at = outer;
        }
        keys
    }

    fn base(&mut self, solver: &mut Solver, base: Base, row: Rc<Row>) {
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
            if let Some(program) = others.solve(&parameter.row, 0, &|_| false) {
                parameter.slots.iter().for_each(|slot| self.solution.programs[*slot].clone_from(&program));
                self.solution.parameters[number].is_gone = true;
                self.used.remove(&(scope, parameter.name));
            }
        }
    }

    fn here(&self, scope: usize) -> Vec<usize> {
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

    /// The same with values that were taken out.
    fn find_suspect(
        &mut self,
        scope: usize,
        number: usize,
        mut solver: Solver,
        known: &[usize],
    ) -> Option<(Program, Vec<usize>)> {
        let gone: Vec<usize> = (0..self.solution.parameters.len())
            .filter(|other| {
                self.solution.parameters[*other].is_gone && self.solution.parameters[*other].scope == scope
            })
            .collect();
        if gone.is_empty() {
            return None;
        }
        for other in gone {
            let row = self.solution.parameters[other].row.clone();
            self.base(&mut solver, Base::Value(other), row);
        }
        let row = self.solution.parameters[number].row.clone();
        solver.usual(&row, known).filter(|(_, exceptions)| !exceptions.is_empty())
    }

    /// Number of slots that read a value.
    fn readers(&self, number: usize) -> usize {
        let reads = |program: &&Program| {
            program.iter().filter_map(Atom::view).any(|view| view.base == Base::Value(number))
        };
        self.solution.programs.iter().filter(reads).count()
    }

    /// Finds values that follow from others for most keys.
    fn find_usual(&mut self, scope: usize) {
        let count = self.shape.scopes[scope].index.len();
        let mut here = self.here(scope);
        if count < 5 || here.len() > 80 {
            return;
        }
        // What others follow from is right; what stands in few places is judged first.
        here.sort_by_key(|number| (self.readers(*number), *number));
        let mut reads: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for number in here.clone() {
            let parameter = self.solution.parameters[number].clone();
            let known: Vec<usize> = (0..count).filter(|key| parameter.row[*key].is_some()).collect();
            let is_rich = distinct(&parameter.row).len() >= 2 && bits(&parameter.row) >= self.terms.evidence;
            if parameter.kind == Kind::Layout || known.len() < 5 || !is_rich {
                continue;
            }
            let mut solver = Solver::new(count, self.terms.evidence);
            self.given_bases(scope, &mut solver);
            for other in &here {
                let is_follower = *other == number || leads_to(&reads, *other, number);
                let is_layout = self.solution.parameters[*other].kind == Kind::Layout;
                if !is_follower && !is_layout {
                    let row = self.solution.parameters[*other].row.clone();
                    self.base(&mut solver, Base::Value(*other), row);
                }
            }
            let Some((program, exceptions)) = solver.usual(&parameter.row, &known) else {
                self.solution.parameters[number].suspect = self.find_suspect(scope, number, solver, &known);
                continue;
            };
            if exceptions.is_empty() {
                continue;
            }
            let bases = program.iter().filter_map(Atom::view).map(|view| &view.base);
            let numbers = bases.filter_map(|base| if let Base::Value(n) = base { Some(*n) } else { None });
            reads.insert(number, numbers.collect());
            self.solution.parameters[number].usually = Some((program, exceptions));
        }
    }
}

fn leads_to(reads: &BTreeMap<usize, BTreeSet<usize>>, from: usize, to: usize) -> bool {
    reads.get(&from).is_some_and(|next| next.iter().any(|next| *next == to || leads_to(reads, *next, to)))
}

fn kind_of(row: &Row, scope: usize) -> Kind {
    let known: Vec<&Rc<str>> = row.iter().flatten().collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    known.iter().for_each(|value| *counts.entry(value).or_default() += 1);
    let most = counts.values().max().copied().unwrap_or(0);
    if scope == 0 && known.len() >= 4 && most * 10 >= known.len() * 6 {
        Kind::Defaulted
    } else {
        Kind::Required
    }
}

/// What a name is worth by itself: a short or vague one says little.
fn own_right(name: &str) -> f64 {
    const VAGUE: &[&str] = &[
        "ip_address",
        "address",
        "description",
        "name",
        "value",
        "id",
        "ip",
        "set",
        "href",
        "include",
        "text",
    ];
    if VAGUE.contains(&name) || name.len() < 3 {
        0.1
    } else if name.len() < 4 {
        0.4
    } else if matches!(name, "hostname" | "router_id") {
        3.0
    } else {
        1.0
    }
}

/// The order in which groups are solved: what explains most first.
fn in_order(groups: &[Group], evidence: f64) -> Vec<usize> {
    let plain = |value: &Option<Rc<str>>| {
        value.as_ref().map(|value| {
            value
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect::<String>()
        })
    };
    let rows: Vec<Vec<Option<String>>> =
        groups.iter().map(|group| group.row.iter().map(plain).collect()).collect();
    let mut gain = vec![0.0; groups.len()];
    if groups.len() <= 500 {
        for (at, row) in rows.iter().enumerate() {
            if bits(&groups[at].row) < evidence || row.iter().any(Option::is_none) {
                continue;
            }
            for (other, inside) in rows.iter().enumerate() {
                let is_in = |(part, whole): (&Option<String>, &Option<String>)| match (part, whole) {
                    (Some(part), Some(whole)) => !part.is_empty() && whole.contains(part.as_str()),
                    _ => true,
                };
                if other != at && row.iter().zip(inside).all(is_in) {
                    gain[at] += 1.0;
                }
            }
        }
    }
    let score = |at: usize| {
        let group = &groups[at];
        let is_full = group.row.iter().all(Option::is_some);
        let size: usize = group.row.iter().flatten().map(|value| value.len()).sum();
        (is_full, gain[at] + 0.5 * group.slots.len() as f64 + preference(group), size)
    };
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by(|a, b| {
        let ((full_a, gain_a, size_a), (full_b, gain_b, size_b)) = (score(*a), score(*b));
        full_b.cmp(&full_a).then(gain_b.total_cmp(&gain_a)).then(size_a.cmp(&size_b)).then(a.cmp(b))
    });
    order
}

/// What is more likely to be asked for than derived.
fn preference(group: &Group) -> f64 {
    let name = &group.names[0];
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let mut out = 0.0;
    if name == "name" || name == "id" || has(&["hostname", "_name", "domain", "site", "node"]) {
        out += 2.0;
    }
    let is_network = |value: &Rc<str>| value.contains('/') && address(value).is_some();
    if group.row.iter().flatten().all(is_network) {
        out += 1.5;
    }
    if has(&["prefix", "router_bgp", "subnet", "network"]) {
        out += 1.5;
    }
    if has(&["neighbor", "peer", "description"]) {
        out -= 1.5;
    }
    out
}

/// Finds programs from the rows of bases.
struct Solver {
    count: usize,
    evidence: f64,
    bases: Vec<(Base, Rc<Row>)>,
    views: Vec<(View, Rc<Row>, f64)>,
    index: HashMap<Rc<Row>, usize>,
    numbers: Vec<usize>,
    addresses: Vec<usize>,
}

impl Solver {
    fn new(count: usize, evidence: f64) -> Self {
        Self {
            count,
            evidence,
            bases: vec![],
            views: vec![],
            index: HashMap::new(),
            numbers: vec![],
            addresses: vec![],
        }
    }

    fn add(&mut self, base: Base, row: Rc<Row>, views: &[Derived]) {
        for view in views {
            let at = self.views.len();
            let values = || view.row.iter().flatten();
            if values().all(|value| is_number(value)) {
                self.numbers.push(at);
            }
            if view.steps.is_empty() && values().all(|value| address(value).is_some()) {
                self.addresses.push(at);
            }
            self.index.entry(view.row.clone()).or_insert(at);
            let shown = View { base: base.clone(), steps: view.steps.clone() };
            self.views.push((shown, view.row.clone(), view.bits));
        }
        self.bases.push((base, row));
    }

    fn solve(&self, row: &Row, depth: usize, same: &dyn Fn(&Base) -> bool) -> Option<Program> {
        let keys: Vec<usize> = (0..self.count).filter(|key| row[*key].is_some()).collect();
        let value = |key: usize| row[key].as_deref().unwrap_or_default();
        let first = value(*keys.first()?);
        if super::secrets::is_token(first) {
            return self.index.get(row).map(|at| vec![Atom::View(self.views[*at].0.clone())]);
        }
        if keys.iter().all(|key| value(*key) == first) {
            return Some(if first.is_empty() { vec![] } else { vec![Atom::Text(first.to_owned())] });
        }
        if let Some(atom) = self.whole(row, &keys, same) {
            return Some(vec![atom]);
        }
        if depth >= 3 {
            return None;
        }
        self.around(row, &keys, depth).or_else(|| self.in_pieces(row, &keys))
    }

    /// A program of one atom.
    fn whole(&self, row: &Row, keys: &[usize], same: &dyn Fn(&Base) -> bool) -> Option<Atom> {
        let evidence = bits(row);
        let is_full = keys.len() == self.count;
        if is_full && let Some(at) = self.index.get(row) {
            let view = &self.views[*at].0;
            if evidence >= self.evidence || same(&view.base) {
                return Some(Atom::View(view.clone()));
            }
        }
        if !is_full && evidence >= self.evidence {
            let hit = self.views.iter().find(|(_, view, _)| keys.iter().all(|key| view[*key] == row[*key]));
            if let Some((view, _, _)) = hit {
                return Some(Atom::View(view.clone()));
            }
        }
        self.sum(row, keys).or_else(|| self.address(row, keys))
    }

    fn sum(&self, row: &Row, keys: &[usize]) -> Option<Atom> {
        let texts: Vec<&str> = keys.iter().filter_map(|key| row[*key].as_deref()).collect();
        if !texts.iter().all(|text| is_number(text)) {
            return None;
        }
        let width = width(&texts)?;
        let wanted: Vec<i64> = texts.iter().map(|text| text.parse().ok()).collect::<Option<_>>()?;
        let distinct: BTreeSet<i64> = wanted.iter().copied().collect();
        for at in &self.numbers {
            let (view, values, _) = &self.views[*at];
            let Some(have) = numbers(values, keys) else { continue };
            let first = wanted[0] - have[0];
            let constant = information(&first.unsigned_abs().to_string());
            let evidence: f64 =
                distinct.iter().skip(1).map(|number| information(&number.to_string())).sum::<f64>()
                    - constant;
            let is_shift = wanted.iter().zip(&have).all(|(want, have)| want - have == first);
            if is_shift && evidence >= self.evidence - 2.0 {
                return Some(Atom::Sum { of: view.clone(), times: 1, plus: first, width });
            }
            if let Some((times, plus)) = linear(&have, &wanted) {
                return Some(Atom::Sum { of: view.clone(), times, plus, width });
            }
        }
        None
    }

    fn address(&self, row: &Row, keys: &[usize]) -> Option<Atom> {
        let texts: Vec<&str> = keys.iter().filter_map(|key| row[*key].as_deref()).collect();
        let wanted: Vec<_> = texts.iter().map(|text| address(text)).collect::<Option<Vec<_>>>()?;
        let length = wanted[0].1;
        if wanted.iter().any(|(_, other)| *other != length) || distinct(row).len() < 2 {
            return None;
        }
        let ending = length.map_or(String::new(), |length| format!("/{length}"));
        for at in &self.addresses {
            let (view, values, _) = &self.views[*at];
            let Some(have) = keys.iter().map(|key| values[*key].as_deref()).collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            let Some(parsed) = have.iter().map(|text| address(text)).collect::<Option<Vec<_>>>() else {
                continue;
            };
            if parsed[0].0.is_ipv4() != wanted[0].0.is_ipv4() {
                continue;
            }
            let is_all = |made: &dyn Fn(&str) -> Option<String>| {
                have.iter().zip(&texts).all(|(have, want)| {
                    made(have).is_some_and(|made| {
                        made.len() + ending.len() == want.len() && want.starts_with(&made)
                    })
                })
            };
            if let (address, Some(length)) = parsed[0]
                && let Ok(number) = i64::try_from(number(wanted[0].0).wrapping_sub(network(address, length)))
                && (0..65536).contains(&number)
                && is_all(&|text| host(text, number))
            {
                return Some(Atom::Host { of: view.clone(), number, ending });
            }
            let plus = number(wanted[0].0).wrapping_sub(number(parsed[0].0)) as i128;
            if plus != 0
                && plus.unsigned_abs() < 65536
                && let Ok(plus) = i64::try_from(plus)
                && is_all(&|text| offset(text, plus))
            {
                return Some(Atom::Offset { of: view.clone(), plus, ending });
            }
        }
        None
    }

    /// Something before, a value, something behind.
    fn around(&self, row: &Row, keys: &[usize], depth: usize) -> Option<Program> {
        let first = row[keys[0]].as_deref().unwrap_or_default();
        let mut fitting: Vec<&(View, Rc<Row>, f64)> = self
            .views
            .iter()
            .filter(|(_, values, bits)| {
                *bits >= self.evidence
                    && values[keys[0]].as_deref().is_some_and(|part| {
                        !part.is_empty() && part.len() < first.len() && first.contains(part)
                    })
            })
            .collect();
        fitting.sort_by_key(|(_, values, _)| {
            std::cmp::Reverse(values[keys[0]].as_ref().map_or(0, |part| part.len()))
        });
        for (view, values, _) in fitting {
            let part = |key: usize| values[key].as_deref().filter(|part| !part.is_empty());
            let mut before: Row = vec![None; self.count];
            let mut behind: Row = vec![None; self.count];
            let mut different: BTreeSet<&str> = BTreeSet::new();
            let is_in_all = keys.iter().all(|key| {
                let (Some(part), Some(whole)) = (part(*key), row[*key].as_deref()) else { return false };
                let Some(at) = find(whole, part) else { return false };
                before[*key] = Some(Rc::from(&whole[..at]));
                behind[*key] = Some(Rc::from(&whole[at + part.len()..]));
                different.insert(part);
                true
            });
            if !is_in_all || different.len() < 2 {
                continue;
            }
            let Some(mut program) = self.solve(&before, depth + 1, &|_| false) else { continue };
            let Some(rest) = self.solve(&behind, depth + 1, &|_| false) else { continue };
            program.push(Atom::View(view.clone()));
            program.extend(rest);
            return Some(program);
        }
        None
    }

    /// Pieces of the same shape, each a program of its own.
    fn in_pieces(&self, row: &Row, keys: &[usize]) -> Option<Program> {
        let cut: Vec<Vec<&str>> =
            keys.iter().map(|key| pieces(row[*key].as_deref().unwrap_or_default())).collect();
        let count = cut[0].len();
        if !(2..=24).contains(&count) || cut.iter().any(|pieces| pieces.len() != count) {
            return None;
        }
        let mut out: Program = vec![];
        for at in 0..count {
            let column: Vec<&str> = cut.iter().map(|pieces| pieces[at]).collect();
            if column.iter().all(|piece| *piece == column[0]) {
                match out.last_mut() {
                    Some(Atom::Text(text)) => text.push_str(column[0]),
                    _ => out.push(Atom::Text(column[0].to_owned())),
                }
                continue;
            }
            let mut part: Row = vec![None; self.count];
            for (key, piece) in keys.iter().zip(column) {
                part[*key] = Some(Rc::from(piece));
            }
            out.push(self.whole(&part, keys, &|_| false)?);
        }
        Some(out)
    }

    /// A program that holds for most keys, and the keys where it does not.
    fn usual(&self, row: &Row, keys: &[usize]) -> Option<(Program, Vec<usize>)> {
        let mut best: Option<(Program, Vec<usize>)> = None;
        for turn in 0..12 {
            // Another choice of keys each turn: four different values, then two.
            let most = if turn % 2 == 0 { 4 } else { 2 };
            let mut order = keys.to_vec();
            order.sort_by_key(|key| scatter(turn, *key));
            let mut sample: Row = vec![None; self.count];
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            for key in order {
                if seen.len() < most && row[key].as_deref().is_some_and(|value| seen.insert(value)) {
                    sample[key].clone_from(&row[key]);
                }
            }
            if seen.len() < 2 {
                return None;
            }
            let Some(program) = self.solve(&sample, 0, &|_| false) else { continue };
            if program.iter().all(|atom| atom.view().is_none()) {
                continue;
            }
            let holds = |key: usize| {
                let base = |base: &Base| {
                    let (_, row) = self.bases.iter().find(|(known, _)| known == base)?;
                    row[key].as_deref().map(str::to_owned)
                };
                eval(&program, &base).as_deref() == row[key].as_deref()
            };
            let exceptions: Vec<usize> = keys.iter().copied().filter(|key| !holds(*key)).collect();
            if best.as_ref().is_none_or(|(_, known)| exceptions.len() < known.len()) {
                best = Some((program, exceptions));
            }
        }
        best.filter(|(_, exceptions)| {
            let kept: Row =
                (0..row.len()).map(|key| row[key].clone().filter(|_| !exceptions.contains(&key))).collect();
            exceptions.len() * 5 <= keys.len() && bits(&kept) >= self.evidence
        })
    }
}

/// An order of keys that is as good as random and always the same.
fn scatter(turn: usize, key: usize) -> u64 {
    let mut x = ((turn as u64) << 32 | key as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 10 && text.bytes().all(|b| b.is_ascii_digit())
}

fn numbers(row: &Row, keys: &[usize]) -> Option<Vec<i64>> {
    keys.iter().map(|key| row[*key].as_deref()?.parse().ok()).collect()
}

/// `y = times * x + plus` through all of at least four different points.
fn linear(from: &[i64], to: &[i64]) -> Option<(i64, i64)> {
    let points: BTreeMap<i64, i64> = from.iter().copied().zip(to.iter().copied()).collect();
    if points.len() < 4 {
        return None;
    }
    let mut rest = points.iter();
    let ((x0, y0), (x1, y1)) = (rest.next()?, rest.next()?);
    if (y1 - y0) % (x1 - x0) != 0 {
        return None;
    }
    let times = (y1 - y0) / (x1 - x0);
    let plus = y0 - times * x0;
    let is_all =
        from.iter().zip(to).all(|(x, y)| times.checked_mul(*x).and_then(|m| m.checked_add(plus)) == Some(*y));
    (is_all && !matches!(times, 0 | 1)).then_some((times, plus))
}

/// The width that numbers are padded to: 0 for none; nothing where it is not one rule.
fn width(texts: &[&str]) -> Option<u8> {
    let padded = || texts.iter().filter(|text| text.len() > 1 && text.starts_with('0'));
    let Some(width) = padded().map(|text| text.len()).max() else { return Some(0) };
    let is_rule =
        texts.iter().all(|text| text.len() == width || (text.len() > width && !text.starts_with('0')));
    is_rule.then_some(width as u8)
}

fn class(c: char) -> u8 {
    if c.is_ascii_digit() {
        0
    } else if c.is_alphabetic() {
        1
    } else {
        2
    }
}

/// Finds a part at the seams of words and numbers.
fn find(whole: &str, part: &str) -> Option<usize> {
    let first = part.chars().next().map(class)?;
    let last = part.chars().next_back().map(class)?;
    whole.match_indices(part).map(|(at, _)| at).find(|at| {
        let before = whole[..*at].chars().next_back().map(class);
        let behind = whole[at + part.len()..].chars().next().map(class);
        (first == 2 || before != Some(first)) && (last == 2 || behind != Some(last))
    })
}

fn pieces(text: &str) -> Vec<&str> {
    let mut out = vec![];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = class(first);
        let length = if kind == 2 {
            first.len_utf8()
        } else {
            rest.len() - rest.trim_start_matches(|c| class(c) == kind).len()
        };
        out.push(&rest[..length]);
        rest = &rest[length..];
    }
    out
}
