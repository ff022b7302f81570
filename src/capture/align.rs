//! The nodes of several trees side by side: what is the same line of the standard in each of them.
//!
//! Instances are added one after the other to what is aligned already, the most typical first. Order is kept:
//! alignment never crosses. Equal nodes at the ends match at once, unique equal nodes split long runs (as patience
//! diff does), and what remains goes by similarity.

use super::tree::Node;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// Nodes that are this similar may be one.
const LEAST: f64 = 0.55;
/// Variants of a node that a candidate is compared with.
const VARIANTS: usize = 6;
/// Largest table of the similarity alignment.
const TABLE: usize = 400_000;

/// Nodes of several instances that are one.
#[derive(Debug, Clone)]
pub(super) struct Aligned {
    /// Instance and node, the most typical first.
    pub(super) members: Vec<(usize, Rc<Node>)>,
    /// Different ones among them.
    pub(super) variants: Vec<Rc<Node>>,
    /// What lies inside.
    pub(super) kids: Vec<Aligned>,
}

impl Aligned {
    /// One node of one instance.
    pub(super) fn of(key: usize, node: Rc<Node>) -> Self {
        Self { members: vec![(key, node.clone())], variants: vec![node], kids: vec![] }
    }

    /// Adds a node.
    pub(super) fn add(&mut self, key: usize, node: Rc<Node>) {
        if self.variants.len() < VARIANTS && self.variants.iter().all(|known| known.hash != node.hash) {
            self.variants.push(node.clone());
        }
        self.members.push((key, node));
    }

    /// Returns the node of the most typical instance.
    pub(super) fn sample(&self) -> &Rc<Node> {
        &self.members[0].1
    }

    fn has(&self, node: &Node) -> bool {
        self.variants.iter().any(|known| known.hash == node.hash)
    }
}

/// Aligns and remembers how similar nodes are.
#[derive(Default)]
pub(super) struct Aligner {
    known: HashMap<(u64, u64), f64>,
}

impl Aligner {
    /// Aligns lists of nodes, and what lies in them.
    pub(super) fn merge(&mut self, lists: Vec<(usize, &[Rc<Node>])>) -> Vec<Aligned> {
        let mut merged: Vec<Aligned> = vec![];
        for (key, nodes) in lists {
            merged = if merged.is_empty() {
                nodes.iter().map(|node| Aligned::of(key, node.clone())).collect()
            } else {
                self.join(merged, key, nodes)
            };
        }
        for aligned in &mut merged {
            let lists: Vec<(usize, &[Rc<Node>])> =
                aligned.members.iter().map(|(key, node)| (*key, node.kids.as_slice())).collect();
            if lists.iter().any(|(_, kids)| !kids.is_empty()) {
                aligned.kids = self.merge(lists);
            }
        }
        merged
    }

    fn join(&mut self, merged: Vec<Aligned>, key: usize, nodes: &[Rc<Node>]) -> Vec<Aligned> {
        let mut pairs = vec![];
        self.pair(&merged, nodes, (0, merged.len()), (0, nodes.len()), &mut pairs);
        pairs.sort_unstable();
        let mut out = Vec::with_capacity(merged.len() + nodes.len());
        let mut rest = merged.into_iter().enumerate().peekable();
        let mut taken = 0;
        let ends = (usize::MAX, nodes.len());
        for (left, right) in pairs.into_iter().chain([ends]) {
            while let Some((_, aligned)) = rest.next_if(|(at, _)| *at < left) {
                out.push(aligned);
            }
            out.extend(nodes[taken..right].iter().map(|node| Aligned::of(key, node.clone())));
            if let Some((_, mut aligned)) = rest.next() {
                aligned.add(key, nodes[right].clone());
                out.push(aligned);
            }
            taken = right + 1;
        }
        out
    }

    fn pair(
        &mut self,
        merged: &[Aligned],
        nodes: &[Rc<Node>],
        (mut left, mut left_end): (usize, usize),
        (mut right, mut right_end): (usize, usize),
        pairs: &mut Vec<(usize, usize)>,
    ) {
        while left < left_end && right < right_end && merged[left].has(&nodes[right]) {
            pairs.push((left, right));
            (left, right) = (left + 1, right + 1);
        }
        while left < left_end && right < right_end && merged[left_end - 1].has(&nodes[right_end - 1]) {
            (left_end, right_end) = (left_end - 1, right_end - 1);
            pairs.push((left_end, right_end));
        }
        if left == left_end || right == right_end {
            return;
        }
        let cells = (left_end - left) * (right_end - right);
        let anchors =
            if cells > 400 { anchors(merged, nodes, (left, left_end), (right, right_end)) } else { vec![] };
        if anchors.is_empty() {
            if cells <= TABLE {
                self.by_similarity(merged, nodes, (left, left_end), (right, right_end), pairs);
            }
            return;
        }
        for (at, other) in anchors.into_iter().chain([(left_end, right_end)]) {
            self.pair(merged, nodes, (left, at), (right, other), pairs);
            if at < left_end {
                pairs.push((at, other));
            }
            (left, right) = (at + 1, other + 1);
        }
    }

    fn by_similarity(
        &mut self,
        merged: &[Aligned],
        nodes: &[Rc<Node>],
        (left, left_end): (usize, usize),
        (right, right_end): (usize, usize),
        pairs: &mut Vec<(usize, usize)>,
    ) {
        #[derive(Clone, Copy)]
        enum Step {
            Left,
            Right,
            Both,
        }
        let (rows, columns) = (left_end - left, right_end - right);
        let mut above = vec![0.0; columns + 1];
        let mut steps = vec![Step::Left; rows * columns];
        for row in 0..rows {
            let mut here = vec![0.0; columns + 1];
            for column in 0..columns {
                let node = &nodes[right + column];
                let (mut best, mut step) = (above[column + 1], Step::Left);
                if here[column] > best {
                    (best, step) = (here[column], Step::Right);
                }
                let similarity = self.likeness_to_any(&merged[left + row], node);
                if similarity >= LEAST {
                    let weight = if node.is_filler() { 0.15 } else { 1.0 + 0.25 * (node.size as f64).ln() };
                    let both = above[column] + (similarity - 0.35) * weight;
                    if both > best {
                        (best, step) = (both, Step::Both);
                    }
                }
                here[column + 1] = best;
                steps[row * columns + column] = step;
            }
            above = here;
        }
        let (mut row, mut column) = (rows, columns);
        while row > 0 && column > 0 {
            match steps[(row - 1) * columns + column - 1] {
                Step::Left => row -= 1,
                Step::Right => column -= 1,
                Step::Both => {
                    (row, column) = (row - 1, column - 1);
                    pairs.push((left + row, right + column));
                }
            }
        }
    }

    /// Returns how similar a node is to the nearest variant.
    pub(super) fn likeness_to_any(&mut self, aligned: &Aligned, node: &Node) -> f64 {
        self.likeness(&aligned.variants, node)
    }

    /// Returns how similar a node is to the nearest of several.
    pub(super) fn likeness(&mut self, variants: &[Rc<Node>], node: &Node) -> f64 {
        let mut best = 0.0_f64;
        for known in variants {
            best = best.max(self.similarity(known, node));
            if best >= 1.0 {
                break;
            }
        }
        best
    }

    /// Returns how similar two nodes are, 0 to 1.
    pub(super) fn similarity(&mut self, a: &Node, b: &Node) -> f64 {
        if a.hash == b.hash {
            return 1.0;
        }
        let key = (a.hash, b.hash);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let heads = line_similarity(a, b);
        let similarity = if a.kids.is_empty() && b.kids.is_empty() {
            heads
        } else if heads < 0.3 {
            0.0
        } else {
            let inside = if a.kids.is_empty() == b.kids.is_empty() { overlap(a, b) } else { 0.3 };
            0.65 * heads + 0.35 * inside
        };
        self.known.insert(key, similarity);
        similarity
    }
}

/// Returns how much of what lies in two nodes is the same, 0 to 1.
pub(super) fn overlap(a: &Node, b: &Node) -> f64 {
    overlap_of(&a.inside, &b.inside)
}

/// Returns how much two bags share, 0 to 1.
pub(super) fn overlap_of(a: &BTreeMap<u64, u32>, b: &BTreeMap<u64, u32>) -> f64 {
    let total: u32 = a.values().chain(b.values()).sum();
    if total == 0 {
        return 1.0;
    }
    let shared: u32 = a.iter().filter_map(|(key, count)| Some(*count.min(b.get(key)?))).sum();
    2.0 * f64::from(shared) / f64::from(total)
}

fn line_similarity(a: &Node, b: &Node) -> f64 {
    if a.head == b.head {
        return 1.0;
    }
    if a.masked.is_empty() || b.masked.is_empty() {
        return if a.masked == b.masked { 1.0 } else { 0.0 };
    }
    if a.skeleton == b.skeleton {
        let equal = a.words.iter().zip(&b.words).filter(|(a, b)| a == b).count();
        return 0.72 + 0.23 * equal as f64 / a.words.len() as f64;
    }
    let shared = common_length(&a.masked, &b.masked);
    let ratio = 2.0 * shared as f64 / (a.masked.len() + b.masked.len()) as f64;
    let key = a.key();
    if !key.is_empty() && key == b.key() || are_settings(a, b) {
        (0.85 * ratio).max(0.62)
    } else if a.masked[0] == b.masked[0] {
        0.8 * ratio
    } else {
        0.45 * ratio
    }
}

/// `hostname a` and `hostname b`, `description a b` and `description c`: a keyword and free text.
fn are_settings(a: &Node, b: &Node) -> bool {
    const FREE: &[&str] = &["description", "hostname", "name", "location", "contact", "remark", "banner"];
    let is_leaf = a.kids.is_empty() && b.kids.is_empty();
    let is_pair = a.words.len() == 2 && b.words.len() == 2;
    let first = a.words[0].as_str();
    is_leaf
        && first == b.words[0]
        && first.starts_with(char::is_alphabetic)
        && (is_pair || FREE.contains(&first))
}

fn common_length(a: &[String], b: &[String]) -> usize {
    let mut above = vec![0; b.len() + 1];
    for x in a {
        let mut here = vec![0; b.len() + 1];
        for (at, y) in b.iter().enumerate() {
            here[at + 1] = if x == y { above[at] + 1 } else { above[at + 1].max(here[at]) };
        }
        above = here;
    }
    above[b.len()]
}

/// Pairs of nodes that are equal and unique on both sides, else whose lines are, else whose skeletons are, in order.
fn anchors(
    merged: &[Aligned],
    nodes: &[Rc<Node>],
    (left, left_end): (usize, usize),
    (right, right_end): (usize, usize),
) -> Vec<(usize, usize)> {
    for pick in [|node: &Node| node.hash, Node::head_hash, |node: &Node| node.skeleton] {
        let mut lefts: HashMap<u64, Vec<usize>> = HashMap::new();
        for (at, aligned) in merged.iter().enumerate().take(left_end).skip(left) {
            let mut keys: Vec<u64> = aligned.variants.iter().map(|node| pick(node)).collect();
            keys.sort_unstable();
            keys.dedup();
            keys.into_iter().for_each(|key| lefts.entry(key).or_default().push(at));
        }
        let mut rights: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (at, node) in nodes.iter().enumerate().take(right_end).skip(right) {
            if !node.is_filler() {
                rights.entry(pick(node)).or_default().push(at);
            }
        }
        let mut pairs: Vec<(usize, usize)> = rights
            .iter()
            .filter_map(|(key, at)| match (at.as_slice(), lefts.get(key)?.as_slice()) {
                ([right], [left]) => Some((*left, *right)),
                _ => None,
            })
            .collect();
        pairs.sort_unstable();
        pairs.dedup_by_key(|pair| pair.0);
        let pairs = rising(&pairs);
        if !pairs.is_empty() {
            return pairs;
        }
    }
    vec![]
}

/// The longest run of pairs that rises on both sides.
fn rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut ends: Vec<usize> = vec![];
    let mut before: Vec<Option<usize>> = vec![];
    for (at, pair) in pairs.iter().enumerate() {
        let place = ends.partition_point(|end| pairs[*end].1 < pair.1);
        before.push(place.checked_sub(1).map(|place| ends[place]));
        if place == ends.len() {
            ends.push(at);
        } else {
            ends[place] = at;
        }
    }
    let mut out = vec![];
    let mut at = ends.last().copied();
    while let Some(here) = at {
        out.push(pairs[here]);
        at = before[here];
    }
    out.reverse();
    out
}

/// Orders instances: the most typical first, then by likeness to it.
pub(super) fn order(trees: &[Vec<&[Rc<Node>]>]) -> Vec<usize> {
    let bags: Vec<BTreeMap<u64, u32>> = trees
        .iter()
        .map(|files| {
            let mut bag = BTreeMap::new();
            for node in files.iter().flat_map(|nodes| nodes.iter()) {
                *bag.entry(node.skeleton).or_insert(0) += 1;
                node.inside.iter().for_each(|(key, count)| *bag.entry(*key).or_insert(0) += count);
            }
            bag
        })
        .collect();
    let step = bags.len().div_ceil(40).max(1);
    let sample: Vec<usize> = (0..bags.len()).step_by(step).collect();
    let typical = |at: &usize| sample.iter().map(|other| overlap_of(&bags[*at], &bags[*other])).sum::<f64>();
    let size = |at: usize| bags[at].values().sum::<u32>();
    let Some(middle) = sample
        .iter()
        .copied()
        .map(|at| (typical(&at), at))
        .max_by(|(a, x), (b, y)| a.total_cmp(b).then(size(*x).cmp(&size(*y))).then(y.cmp(x)))
        .map(|(_, at)| at)
    else {
        return vec![];
    };
    let mut all: Vec<(f64, usize)> = (0..bags.len())
        .map(|at| (if at == middle { 9.0 } else { overlap_of(&bags[middle], &bags[at]) }, at))
        .collect();
    all.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    all.into_iter().map(|(_, at)| at).collect()
}
