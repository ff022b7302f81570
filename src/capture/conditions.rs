//! Who has an optional block: the values that say so.
//!
//! A value that only they have says it by being there, one that is different for them by what it is; else a switch
//! is made, one for all blocks that the same lines have.

use super::names::{safe, slug};
use super::shape::{Branch, Keys, Shape, title};
use super::solve::{Kind, Parameter, Solution};
use std::collections::BTreeMap;

/// When a block is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// Always.
    Always,
    /// When a value is not empty.
    Given(usize),
    /// When a value is, or is not, one of these.
    Is { value: usize, any_of: Vec<String>, negated: bool },
    /// When a switch is on, or off.
    Switch { switch: usize, negated: bool },
}

/// A yes or no that each line answers.
#[derive(Debug, Clone)]
pub(super) struct Switch {
    pub(super) scope: usize,
    pub(super) name: String,
    pub(super) on: Keys,
    pub(super) around: Keys,
    /// What it switches, for people.
    pub(super) what: Vec<String>,
}

/// Lines that only some have.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) scope: usize,
    pub(super) condition: Condition,
    /// Who has it: keys of the scope.
    pub(super) present: Keys,
    /// Its lines, for people.
    pub(super) what: Vec<String>,
}

/// Conditions by who has the block.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    pub(super) switches: Vec<Switch>,
    /// Every optional block, in order.
    pub(super) blocks: Vec<Block>,
    known: BTreeMap<(usize, Keys, Keys), Condition>,
}

impl Conditions {
    /// Finds the conditions of all optional blocks and files.
    pub(super) fn find(shape: &Shape, solution: &Solution) -> Self {
        let mut out = Self::default();
        let everyone: Keys = std::rc::Rc::new((0..shape.scopes[0].index.len()).collect());
        for file in &shape.files {
            if file.present != everyone {
                out.add(solution, 0, &file.present, &everyone, &file.path, &file.path);
            }
        }
        shape.each(&mut |_, branch: &Branch| {
            if branch.is_optional() {
                let sample = branch.sample();
                let text = sample.head.trim();
                let shown = if text.is_empty() { sample.words.join(" ") } else { text.to_owned() };
                out.add(solution, branch.scope, &branch.present, &branch.around, &title(sample), &shown);
            }
        });
        out
    }

    /// Returns when a block is there.
    pub(super) fn of(&self, scope: usize, present: &Keys, around: &Keys) -> Condition {
        if present == around {
            return Condition::Always;
        }
        self.known.get(&(scope, present.clone(), around.clone())).cloned().unwrap_or(Condition::Always)
    }

    fn add(
        &mut self,
        solution: &Solution,
        scope: usize,
        present: &Keys,
        around: &Keys,
        title: &str,
        shown: &str,
    ) {
        let key = (scope, present.clone(), around.clone());
        if let Some(known) = self.known.get(&key).cloned() {
            if let Condition::Switch { switch, .. } = known {
                self.switches[switch].what.push(shown.to_owned());
            }
            self.note(scope, known, present, shown);
            return;
        }
        let found = given(solution, scope, present, around)
            .or_else(|| is_value(solution, scope, present, around))
            .or_else(|| self.switch_like(scope, present, around));
        let condition = found.unwrap_or_else(|| {
            let name = self.free_name(solution, scope, title);
            let (on, around) = (present.clone(), around.clone());
            self.switches.push(Switch { scope, name, on, around, what: vec![shown.to_owned()] });
            Condition::Switch { switch: self.switches.len() - 1, negated: false }
        });
        self.note(scope, condition.clone(), present, shown);
        self.known.insert(key, condition);
    }

    fn note(&mut self, scope: usize, condition: Condition, present: &Keys, shown: &str) {
        let is_known = |block: &&mut Block| block.scope == scope && block.condition == condition;
        match self.blocks.iter_mut().find(is_known) {
            Some(block) => block.what.push(shown.to_owned()),
            None => {
                let (present, what) = (present.clone(), vec![shown.to_owned()]);
                self.blocks.push(Block { scope, condition, present, what });
            }
        }
    }

    /// A switch that is on, or off, for the same keys.
    fn switch_like(&self, scope: usize, present: &Keys, around: &Keys) -> Option<Condition> {
        self.switches.iter().enumerate().filter(|(_, switch)| switch.scope == scope).find_map(
            |(at, switch)| {
                if !around.is_subset(&switch.around) {
                    return None;
                }
                let is_on = |key: &usize| switch.on.contains(key);
                if around.iter().all(|key| is_on(key) == present.contains(key)) {
                    return Some(Condition::Switch { switch: at, negated: false });
                }
                let is_off = around.iter().all(|key| is_on(key) != present.contains(key));
                is_off.then_some(Condition::Switch { switch: at, negated: true })
            },
        )
    }

    fn free_name(&self, solution: &Solution, scope: usize, title: &str) -> String {
        let title = title.rsplit('/').next().unwrap_or(title);
        let mut stem = slug(&format!("with_{title}"));
        stem.truncate(28);
        let is_taken = |name: &str| {
            self.switches.iter().any(|switch| switch.scope == scope && switch.name == name)
                || solution.parameters.iter().any(|p| p.scope == scope && !p.is_gone && p.name == name)
        };
        let stem = safe(stem.trim_end_matches('_'));
        if !is_taken(&stem) {
            return stem;
        }
        (2..10_000).map(|n| format!("{stem}_{n}")).find(|name| !is_taken(name)).unwrap_or(stem)
    }
}

/// Whether a condition may ask for a value: one that follows from others is not always written down, and a secret
/// that a line does not have has its reference all the same.
fn may_decide(parameter: &Parameter) -> bool {
    let is_secret = parameter.row.iter().flatten().any(|value| super::secrets::is_token(value));
    !parameter.is_gone && parameter.kind != Kind::Layout && parameter.usually.is_none() && !is_secret
}

/// A value that exists exactly where the block does, and is never empty.
fn given(solution: &Solution, scope: usize, present: &Keys, around: &Keys) -> Option<Condition> {
    let all = solution.parameters.iter().enumerate();
    all.filter(|(_, p)| p.scope == scope && may_decide(p)).find_map(|(at, parameter)| {
        let fits = around.iter().all(|key| parameter.row[*key].is_some() == present.contains(key));
        let is_text = parameter.row.iter().flatten().all(|value| !value.is_empty() && &**value != "0");
        (fits && is_text).then_some(Condition::Given(at))
    })
}

/// A value of few choices that decides, each choice seen more than once.
fn is_value(solution: &Solution, scope: usize, present: &Keys, around: &Keys) -> Option<Condition> {
    let all = solution.parameters.iter().enumerate();
    all.filter(|(_, p)| p.scope == scope && may_decide(p)).find_map(|(at, parameter)| {
        let mut choices: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for key in around.iter() {
            let counts = choices.entry(parameter.row[*key].as_deref()?).or_default();
            if present.contains(key) { counts.0 += 1 } else { counts.1 += 1 }
        }
        let is_clear = choices.values().all(|(with, without)| (*with == 0) != (*without == 0));
        let is_seen = choices.values().all(|(with, without)| with + without >= 2);
        if !is_clear || !is_seen || !(2..=3).contains(&choices.len()) {
            return None;
        }
        let pick = |with: bool| -> Vec<String> {
            choices
                .iter()
                .filter(|(_, counts)| (counts.0 > 0) == with)
                .map(|(text, _)| (*text).to_owned())
                .collect()
        };
        let (with, without) = (pick(true), pick(false));
        let negated = without.len() < with.len();
        let any_of = if negated { without } else { with };
        Some(Condition::Is { value: at, any_of, negated })
    })
}
