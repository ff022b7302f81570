//! Lists where they are bound: what a packet meets that comes in by one interface and leaves by another.
//!
//! IOS: without a list it passes, and a list that is not there is none. ASA: after the list of its interface it meets
//! the global one; where neither is, the interfaces' security levels decide, which no list says.

use super::super::firewall::{Firewall, unknown};
use super::super::ranges::Ranges;
use super::super::region::{Field, Region};
use super::super::rules::{Action, Gate, Rule, Ruleset, Verdict};
use super::super::services::of;
use super::super::words::interface;
use super::{Binding, Dialect, Lists};
use std::collections::BTreeSet;

/// The interface that stands for all of an ASA.
const GLOBAL: &str = "global";

impl Lists {
    /// The lists as a firewall: each where it is bound.
    pub fn bound(self, dialect: Dialect) -> Firewall {
        let known: BTreeSet<&str> = self.bindings.iter().map(|binding| binding.chain.as_str()).collect();
        let lists: Vec<Gate> = known.iter().filter_map(|chain| self.gate(chain)).collect();
        match dialect {
            Dialect::Ios => {
                let gates = self.bindings.iter().filter_map(|binding| self.gate_at(binding)).collect();
                Firewall { ruleset: self.ruleset, gates, lists }
            }
            Dialect::Asa => {
                let mut ruleset = self.ruleset;
                let gates = asa(&mut ruleset, &self.bindings);
                Firewall { ruleset, gates, lists }
            }
        }
    }

    /// A list of IOS at its interface; what does not go by there passes it.
    fn gate_at(&self, binding: &Binding) -> Option<Gate> {
        let gate = self.gate(&binding.chain)?;
        let sees = gate.sees.with(way(binding), &Ranges::one(interface(&binding.interface)))?;
        Some(Gate { sees, ..gate })
    }
}

fn way(binding: &Binding) -> Field {
    if binding.direction == "out" { Field::Out } else { Field::In }
}

fn asa(ruleset: &mut Ruleset, bindings: &[Binding]) -> Vec<Gate> {
    let is_global = |binding: &&Binding| binding.interface == GLOBAL;
    let global = bindings.iter().find(is_global).map(|binding| binding.chain.as_str());
    let mut gates = vec![];
    let mut inside = Ranges::default();
    for binding in bindings.iter().filter(|binding| !is_global(binding)) {
        let own = Ranges::one(interface(&binding.interface));
        let field = way(binding);
        let behind = if field == Field::In { global } else { None };
        let chain = format!("access-group {} {}", binding.direction, binding.interface);
        gates.push(gate(ruleset, chain, Some(&binding.chain), behind, of(field, own.clone())));
        if field == Field::In {
            inside = inside.join(&own);
        }
    }
    let elsewhere = inside.outside(Field::In.largest());
    if !elsewhere.is_empty() {
        let sees = of(Field::In, elsewhere);
        gates.push(match global {
            Some(_) => gate(ruleset, "access-group global".into(), None, global, sees),
            None => unknown(ruleset, "security levels", sees),
        });
    }
    gates
}

/// A gate at which one list is asked, then another.
fn gate(ruleset: &mut Ruleset, chain: String, own: Option<&str>, behind: Option<&str>, sees: Region) -> Gate {
    let jump = |list: &str| {
        Rule::simple(0, format!("list {list}"), vec![Region::all()], Action::Jump(list.to_owned()))
    };
    let rules = own.into_iter().chain(behind).map(jump).collect();
    ruleset.chains.insert(chain.clone(), rules);
    Gate { chain, sees, default: Verdict::Deny }
}
