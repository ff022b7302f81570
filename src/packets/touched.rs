//! Which packets two rulesets can treat differently at all: those that some rule matches which only one side has.
//!
//! All other packets meet the same rules in the same order. A ruleset of thousands of rules with a handful of edits
//! is compared by looking at a handful of boxes.

use super::difference::Side;
use super::region::Region;
use super::rules::{Action, Part, Rule, Ruleset};
use std::collections::HashMap;

/// With more differing rules than this nothing is gained by looking at them first.
const MOST_RULES: usize = 400;

/// The packets of rules that are on one side only, or elsewhere on the other; `None` is all packets.
pub(super) fn by_differing_rules(s: Side<'_>, d: Side<'_>) -> Option<Vec<Region>> {
    if s.gates != d.gates || has_lost_chains(s.ruleset) || has_lost_chains(d.ruleset) {
        return None;
    }
    let mut touched = vec![];
    for (name, in_s) in &s.ruleset.chains {
        // A chain of one side only is met through rules that differ.
        if let Some(in_d) = d.ruleset.chains.get(name) {
            touched.extend(differing(in_s, in_d)?);
        } else if s.gates.iter().any(|gate| gate.chain == *name) {
            return None;
        }
    }
    Some(touched)
}

fn has_lost_chains(ruleset: &Ruleset) -> bool {
    let mut parts = ruleset.chains.values().flatten().flat_map(|rule| &rule.parts);
    parts.any(|part| match &part.action {
        Action::Jump(target) | Action::Goto(target) => !ruleset.chains.contains_key(target),
        _ => false,
    })
}

fn differing(s: &[Rule], d: &[Rule]) -> Option<Vec<Region>> {
    // A rule without parts decides nothing; words and lines are no meaning.
    let deciding = |rules: &[Rule]| -> Vec<usize> {
        (0..rules.len()).filter(|at| !rules[*at].parts.is_empty()).collect()
    };
    let (at_s, at_d) = (deciding(s), deciding(d));
    let mut numbers: HashMap<&[Part], usize> = HashMap::new();
    for rule in at_s.iter().map(|at| &s[*at]).chain(at_d.iter().map(|at| &d[*at])) {
        let next = numbers.len();
        numbers.entry(&rule.parts).or_insert(next);
    }
    let in_s: Vec<_> = at_s.iter().map(|at| numbers.get(s[*at].parts.as_slice()).copied()).collect();
    let in_d: Vec<_> = at_d.iter().map(|at| numbers.get(d[*at].parts.as_slice()).copied()).collect();
    if unmatched(&in_s, &in_d, numbers.len()) > MOST_RULES {
        return None;
    }
    let mut found = vec![];
    for step in similar::capture_diff_slices(similar::Algorithm::Myers, &in_s, &in_d) {
        let (tag, of_s, of_d) = step.as_tag_tuple();
        if tag != similar::DiffTag::Equal {
            found.extend(at_s[of_s].iter().map(|at| &s[*at]));
            found.extend(at_d[of_d].iter().map(|at| &d[*at]));
        }
    }
    (found.len() <= 2 * MOST_RULES).then(|| {
        found.iter().flat_map(|rule| rule.parts.iter().flat_map(|part| part.regions.clone())).collect()
    })
}

/// How many rules one side has more often than the other.
fn unmatched(s: &[Option<usize>], d: &[Option<usize>], count: usize) -> usize {
    let mut balance = vec![0i64; count];
    s.iter().flatten().for_each(|number| balance[*number] += 1);
    d.iter().flatten().for_each(|number| balance[*number] -= 1);
    balance.iter().map(|times| times.unsigned_abs() as usize).sum()
}
