//! What belongs to one role: instances that differ too much in structure are set aside, with reasons; and what is not
//! one role at all is refused.

use super::groups::{difference, groups};
use super::shape::{Branch, Shape, Trees, shape};
use std::collections::BTreeMap;

/// Share of lines of its own above which an instance is another role.
const SHARE: f64 = 0.08;
/// The same where they all lie in one place: that is an option.
const SHARE_OF_ONE_PLACE: f64 = 0.3;
/// Lines that a file counts for that only some have.
const OF_AN_OPTION: usize = 5;
/// Rounds of setting aside.
const ROUNDS: usize = 3;

/// An instance that was set aside.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Aside {
    pub(super) instance: usize,
    /// Share of its lines that only it has, or only it lacks.
    pub(super) share: f64,
    /// Some of them, with `+` or `-`.
    pub(super) examples: Vec<String>,
}

/// What only one instance has or lacks.
#[derive(Debug, Clone, Default)]
struct Alone {
    lines: usize,
    /// Blocks that they lie in.
    places: usize,
    examples: Vec<String>,
}

/// What one role is made of.
pub(super) struct Settled {
    pub(super) members: Vec<usize>,
    pub(super) shape: Shape,
    /// Who is not of it.
    pub(super) aside: Vec<Aside>,
    /// Roles of which none has the majority.
    pub(super) roles: Vec<Vec<usize>>,
}

/// Finds the shape of those that are one role, and who is not: the majority defines the standard.
pub(super) fn settle(trees: &[Trees]) -> Settled {
    let mut roles = groups(trees);
    let members = roles.first().cloned().unwrap_or_default();
    if roles.len() < 2 || members.len() * 2 <= trees.len() {
        if roles.len() < 2 {
            roles.clear();
        }
        let everyone = (0..trees.len()).collect();
        let (members, shape, aside) = without_strangers(trees, everyone);
        return Settled { members, shape, aside, roles };
    }
    let others = roles.iter().skip(1).flatten();
    let of_another = others.map(|at| {
        let (share, examples) = difference(trees, *at, &members);
        Aside { instance: *at, share, examples }
    });
    let mut aside: Vec<Aside> = of_another.collect();
    let (members, shape, strangers) = without_strangers(trees, members);
    aside.extend(strangers);
    Settled { members, shape, aside, roles: vec![] }
}

/// Sets aside who has too many lines that only one has or lacks.
fn without_strangers(trees: &[Trees], mut members: Vec<usize>) -> (Vec<usize>, Shape, Vec<Aside>) {
    let mut aside: Vec<Aside> = vec![];
    let most = members.len() / 4;
    loop {
        let found = shape(&members.iter().map(|at| &trees[*at]).collect::<Vec<_>>());
        if members.len() < 4 || aside.len() >= most.max(1) || aside.len() >= ROUNDS * 2 {
            return (members, found, aside);
        }
        let alone = alone(&found, members.len());
        let shares: Vec<f64> = members
            .iter()
            .enumerate()
            .map(|(at, member)| {
                alone.get(&at).map_or(0.0, |alone| alone.lines as f64 / lines(&trees[*member]))
            })
            .collect();
        let mut sorted = shares.clone();
        sorted.sort_by(f64::total_cmp);
        let limit = SHARE.max(3.0 * sorted[sorted.len() / 2]);
        let is_another = |at: &usize| {
            alone.get(at).is_some_and(|alone| {
                let limit = if alone.places == 1 { limit.max(SHARE_OF_ONE_PLACE) } else { limit };
                shares[*at] >= limit && alone.lines >= 3
            })
        };
        let mut bad: Vec<usize> = (0..members.len()).filter(is_another).collect();
        bad.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]).then(a.cmp(b)));
        bad.truncate(most.max(1) - aside.len());
        if bad.is_empty() {
            return (members, found, aside);
        }
        for at in &bad {
            let examples = alone[at].examples.clone();
            aside.push(Aside { instance: members[*at], share: shares[*at], examples });
        }
        let mut at = 0;
        members.retain(|_| {
            at += 1;
            !bad.contains(&(at - 1))
        });
    }
}

fn lines(trees: &Trees) -> f64 {
    let nodes = trees.values().flat_map(|parsed| &parsed.nodes).map(|node| node.size).sum::<usize>();
    nodes.max(1) as f64
}

fn alone(shape: &Shape, count: usize) -> BTreeMap<usize, Alone> {
    let mut out: BTreeMap<usize, Alone> = BTreeMap::new();
    for file in &shape.files {
        if file.present.len() + 1 == count
            && let Some(who) = (0..count).find(|at| !file.present.contains(at))
        {
            let entry = out.entry(who).or_default();
            entry.lines += 5;
            entry.places += 1;
            entry.examples.push(format!("- {}", file.path));
        }
        visit(&file.branches, count, &mut out);
    }
    out
}

fn visit(branches: &[Branch], count: usize, out: &mut BTreeMap<usize, Alone>) {
    for branch in branches.iter().filter(|branch| branch.list.is_none()) {
        let sample = branch.sample();
        if branch.scope == 0 && branch.around.len() == count && !sample.is_filler() {
            let size = sample.size;
            let mut note = |who: usize, sign: char| {
                let entry = out.entry(who).or_default();
                entry.lines += size;
                entry.places += 1;
                if entry.examples.len() < 6 {
                    entry.examples.push(format!("{sign} {}", sample.head.trim()));
                }
            };
            if branch.present.len() == 1 {
                branch.present.iter().for_each(|who| note(*who, '+'));
            } else if branch.present.len() + 1 == count {
                branch.around.difference(&branch.present).for_each(|who| note(*who, '-'));
            }
        }
        visit(&branch.kids, count, out);
    }
}

/// Returns the share of a line's own lines that all lines have, on average; lists count as one of them.
pub(super) fn common_share(shape: &Shape) -> f64 {
    fn count(branches: &[Branch], is_common: bool, out: &mut [(usize, usize)]) {
        for branch in branches.iter().filter(|branch| branch.scope == 0) {
            let is_common = is_common && !branch.is_optional();
            if branch.list.is_some() || !branch.sample().is_filler() {
                for key in branch.present.iter() {
                    out[*key].0 += usize::from(is_common);
                    out[*key].1 += 1;
                }
            }
            count(&branch.kids, is_common, out);
        }
    }
    let everyone = shape.scopes[0].index.len();
    let mut out = vec![(0, 0); everyone];
    for file in &shape.files {
        if file.present.len() == everyone {
            count(&file.branches, true, &mut out);
            continue;
        }
        // A file that only some have is one option, however long it is.
        let mut own = vec![(0, 0); everyone];
        count(&file.branches, false, &mut own);
        out.iter_mut().zip(own).for_each(|(all, own)| all.1 += own.1.min(OF_AN_OPTION));
    }
    // A handful of lines says nothing.
    let shares = out.iter().map(|(common, all)| if *all < 5 { 1.0 } else { *common as f64 / *all as f64 });
    shares.sum::<f64>() / everyone.max(1) as f64
}
