//! Values that follow from others for most keys: a default with exceptions, each of them a candidate for drift.

use super::program::{Atom, Base, Program, eval};
use super::relate::Solver;
use super::solve::{Kind, State};
use super::views::{bits, distinct};
use std::collections::{BTreeMap, BTreeSet};

impl State<'_> {
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
    pub(super) fn find_usual(&mut self, scope: usize) {
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
            if !self.always_gives(scope, &program, &exceptions) {
                self.solution.parameters[number].suspect = Some((program, exceptions));
                continue;
            }
            let bases = program.iter().filter_map(Atom::view).map(|view| &view.base);
            let numbers = bases.filter_map(|base| if let Base::Value(n) = base { Some(*n) } else { None });
            reads.insert(number, numbers.collect());
            self.solution.parameters[number].usually = Some((program, exceptions));
        }
    }
}

impl State<'_> {
    /// Whether a program gives something wherever it is asked, also where the value itself stands nowhere.
    fn always_gives(&self, scope: usize, program: &Program, exceptions: &[usize]) -> bool {
        let owners = self.owners(scope, 0);
        let of = |all: &[String], key: usize| all.get(owners[key]).cloned();
        (0..owners.len()).filter(|key| !exceptions.contains(key)).all(|key| {
            let base = |base: &Base| match base {
                Base::Line => of(&self.given.lines, key),
                Base::Site => of(&self.given.sites, key),
                Base::Area => None,
                Base::Index => Some((self.shape.scopes[scope].index[key] + 1).to_string()),
                Base::Value(number) => {
                    let parameter = &self.solution.parameters[*number];
                    // Values of the scope around are there for every key.
                    if parameter.scope == scope {
                        parameter.row[key].as_deref().map(str::to_owned)
                    } else {
                        None
                    }
                }
            };
            eval(program, &base).is_some()
        })
    }
}

fn leads_to(reads: &BTreeMap<usize, BTreeSet<usize>>, from: usize, to: usize) -> bool {
    reads.get(&from).is_some_and(|next| next.iter().any(|next| *next == to || leads_to(reads, *next, to)))
}
