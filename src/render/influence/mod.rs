//! What a line of a rendered file comes from, found by asking: what if this had been written otherwise?
//!
//! Tracking values through templates would have to follow every filter, comparison and concatenation of the template
//! language, and would still not know what a line that prints nothing depends on. Asking is exact by construction: a
//! value is a source of a line if another value makes another line. Most values are ruled out many at a time; what
//! remains is asked alone.

mod changes;
mod effect;
mod leaves;
mod names;
mod scene;
mod words;

pub use leaves::Source;
pub use scene::{NoScene, Scene};

use effect::{Effect, effect};
use leaves::{Candidate, Role, candidates};
use scene::Edit;
use std::collections::BTreeSet;

/// What one line of a rendered file comes from.
#[derive(Debug, Default)]
pub struct Influence {
    /// What its text comes from.
    pub values: Vec<Source>,
    /// Where names in it are defined, that are used elsewhere too.
    pub names: Vec<Source>,
    /// Expressions that carry values to it.
    pub expressions: Vec<Source>,
    /// What else must be as it is for the line to be there.
    pub conditions: Vec<Source>,
    /// The flows that it serves: address of their line or site, and key.
    pub flows: BTreeSet<(String, String)>,
    /// The deviations that touched it.
    pub deviations: Vec<String>,
}

/// Finds what line `target` (from 0) of a scene's file comes from.
pub fn influence(scene: &mut Scene, target: usize) -> Influence {
    let candidates = candidates(scene);
    let (found, answers) = (vec![Effect::None; candidates.len()], vec![0; candidates.len()]);
    let mut search = Search { scene, target, candidates, found, answers };
    search.run();
    let Search { found, candidates, scene, .. } = search;
    let mut values = vec![];
    let mut names = vec![];
    let mut expressions = vec![];
    let mut conditions = vec![];
    for (candidate, effect) in candidates.into_iter().zip(found) {
        match effect {
            Effect::Text => match candidate.role {
                Role::Value => values.push(candidate.source),
                Role::Name => names.push(candidate.source),
                Role::Expression => expressions.push(candidate.source),
            },
            Effect::Gone if candidate.role == Role::Expression => {}
            Effect::Gone => conditions.push(candidate.source),
            Effect::None => {}
        }
    }
    Influence {
        values,
        names,
        expressions,
        conditions,
        flows: flows(scene, target),
        deviations: deviations(scene, target),
    }
}

struct Search<'s> {
    scene: &'s mut Scene,
    target: usize,
    candidates: Vec<Candidate>,
    found: Vec<Effect>,
    /// How often each was answered: something else stood there, and the file still rendered.
    answers: Vec<usize>,
}

/// Words that are tried where one word can stand for another; the first may happen to mean the same.
const ENOUGH: usize = 2;

impl Search<'_> {
    fn run(&mut self) {
        let rounds = self.candidates.iter().map(|candidate| candidate.variants.len()).max().unwrap_or(0);
        for round in 0..rounds {
            for alone in [false, true] {
                let open: Vec<usize> = (0..self.candidates.len())
                    .filter(|at| self.candidates[*at].alone == alone && self.is_open(*at, round))
                    .collect();
                self.narrow(&open, round);
            }
        }
    }

    fn is_open(&self, at: usize, round: usize) -> bool {
        let Candidate { words, variants, .. } = &self.candidates[at];
        let enough = match *words {
            0 => usize::MAX,
            words if round < words => ENOUGH,
            _ => 1, // a word that nothing names is tried only where no other word fits
        };
        variants.len() > round && self.found[at] != Effect::Text && self.answers[at] < enough
    }

    /// Asks about several candidates at once, and about each half where that made a difference or could not be told.
    fn narrow(&mut self, open: &[usize], round: usize) {
        if open.is_empty() {
            return;
        }
        let edits: Vec<Edit> =
            open.iter().flat_map(|at| self.candidates[*at].variants[round].clone()).collect();
        let seen = self.ask(&edits);
        match (open, seen) {
            (open, Some(Effect::None)) => open.iter().for_each(|at| self.answers[*at] += 1),
            ([one], Some(effect)) => {
                self.found[*one] = self.found[*one].max(effect);
                self.answers[*one] += 1;
            }
            ([_], None) => {}
            _ => {
                let (left, right) = open.split_at(open.len() / 2);
                self.narrow(left, round);
                self.narrow(right, round);
            }
        }
    }

    fn ask(&mut self, edits: &[Edit]) -> Option<Effect> {
        let after = self.scene.what_if(edits)?;
        Some(effect(&self.scene.rows, &after, self.target))
    }
}

/// The flows without which the line would not be what it is. Where several flows share a line, each that could hold
/// it alone.
fn flows(scene: &mut Scene, target: usize) -> BTreeSet<(String, String)> {
    let plans = scene.lines.iter().chain([&scene.plan]);
    let all: BTreeSet<(String, String)> = plans
        .flat_map(|plan| plan.flows.iter().map(|flow| (plan.address.to_string(), flow.key.clone())))
        .collect();
    let changes = |scene: &mut Scene, exists: &dyn Fn(&(String, String)) -> bool| {
        let filter = |address: &str, flow: &crate::resolve::plan::Flow| {
            exists(&(address.to_owned(), flow.key.clone()))
        };
        let after = scene.what_if_flows(&filter)?;
        Some(effect(&scene.rows, &after, target) != Effect::None)
    };
    if changes(scene, &|_| false) == Some(false) {
        return BTreeSet::new();
    }
    let needed: BTreeSet<_> =
        all.iter().filter(|one| changes(scene, &|flow| flow != *one) == Some(true)).cloned().collect();
    if !needed.is_empty() {
        return needed;
    }
    all.iter().filter(|one| changes(scene, &|flow| flow == *one) == Some(false)).cloned().collect()
}

/// The deviations without which the line would not be what it is.
fn deviations(scene: &mut Scene, target: usize) -> Vec<String> {
    let plans = scene.lines.iter().chain([&scene.plan]);
    let all: BTreeSet<String> =
        plans.flat_map(|plan| plan.deviations.iter().map(|deviation| deviation.id.clone())).collect();
    let mut touching = vec![];
    for id in all {
        let after = scene.what_if(&[Edit::Without(id.clone())]);
        if after.is_some_and(|after| effect(&scene.rows, &after, target) != Effect::None) {
            touching.push(id);
        }
    }
    touching
}
