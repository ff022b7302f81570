//! Interval decision diagrams: what a ruleset decides, as a graph in which equal decisions are one node.
//!
//! A node asks for one field and has an edge for each interval of its values (firewall decision diagrams, Gouda and
//! Liu 2007). Fields are asked in a fixed order and equal nodes are kept once, so two rulesets that mean the same are
//! the same node, however they are written. Below the fields stand doubts: conditions that are not understood, each a
//! question of its own with the answers no and yes.
//!
//! Bounds are numbers of cuts: all values at which any interval of the rulesets at hand ends, so that an edge takes
//! eight bytes. Nothing here depends on the order of a hash table.

use super::ranges::Ranges;
use super::region::{ALL, FIELDS, Region};
use std::collections::BTreeSet;

/// A node, or a leaf where the top bit is set.
pub(super) type Node = u32;

/// A leaf holds a number.
const LEAF: u32 = 1 << 31;
/// The leaf of packets that nothing is said about.
pub(super) const NOTHING: Node = LEAF;
/// How much a diagram may grow before it is given up: about 200 MB of edges and nodes.
const MOST_EDGES: usize = 12_000_000;
/// How many steps may be taken before it is given up: some seconds.
const MOST_STEPS: u64 = 40_000_000;
/// How many doubts one packet may meet before it is given up.
const MOST_DOUBTS: usize = 300;

/// A diagram became too large: what it would have said is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

pub(super) type Grown<T> = Result<T, TooLarge>;

/// A leaf of a number.
pub(super) const fn leaf(number: u32) -> Node {
    LEAF | number
}

/// The number of a leaf.
pub(super) const fn number(node: Node) -> Option<u32> {
    if node & LEAF == 0 { None } else { Some(node & !LEAF) }
}

/// The values at which intervals end, field by field.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    ends: [Vec<u128>; FIELDS],
}

impl Cuts {
    /// All cuts that these regions need.
    pub(super) fn of<'r>(regions: impl Iterator<Item = &'r Region>) -> Self {
        let mut cuts = Self::default();
        for region in regions {
            for field in ALL {
                for (low, high) in region.get(field).into_iter().flat_map(Ranges::intervals) {
                    cuts.ends[field.place()].extend(low.checked_sub(1));
                    cuts.ends[field.place()].push(*high);
                }
            }
            // Many rules say the same: keep the lists short on the way.
            cuts.ends.iter_mut().filter(|ends| ends.len() > 1 << 16).for_each(tidy);
        }
        for field in ALL {
            let ends = &mut cuts.ends[field.place()];
            ends.push(field.largest());
            tidy(ends);
        }
        cuts
    }

    fn place(&self, field: usize, value: u128) -> u32 {
        self.ends[field].partition_point(|end| *end < value) as u32
    }

    /// The highest value of the interval that ends in a cut.
    fn value(&self, field: usize, cut: u32) -> u128 {
        self.ends[field][cut as usize]
    }
}

fn tidy(ends: &mut Vec<u128>) {
    ends.sort_unstable();
    ends.dedup();
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    level: u32,
    start: u32,
    edges: u32,
}

/// What is done with two diagrams at once; the answer for two leaves, or earlier.
pub(super) trait Join {
    /// The result, where it is known without looking further down.
    fn known(&mut self, diagram: &Diagram, one: Node, two: Node) -> Option<Node>;
}

impl<F: FnMut(&Diagram, Node, Node) -> Option<Node>> Join for F {
    fn known(&mut self, diagram: &Diagram, one: Node, two: Node) -> Option<Node> {
        self(diagram, one, two)
    }
}

/// All nodes of some diagrams.
pub(super) struct Diagram {
    cuts: Cuts,
    nodes: Vec<Asked>,
    edges: Vec<(u32, Node)>,
    /// Open addressing over `nodes`; [`u32::MAX`] is free.
    index: Vec<u32>,
    /// Results of joining: (one, two, run, result). An entry may be overwritten; then it is worked out again.
    memo: Vec<[u32; 4]>,
    run: u32,
    steps: u64,
    scratch: Vec<(u32, Node)>,
    depth: usize,
}

/// The run of [`Diagram::first`], whose results hold for as long as the diagram lives.
const FIRST: u32 = 1;

impl Diagram {
    pub(super) fn new(cuts: Cuts) -> Self {
        Self {
            cuts,
            nodes: vec![],
            edges: vec![],
            index: vec![u32::MAX; 1 << 10],
            memo: vec![[u32::MAX; 4]; 1 << 10],
            run: FIRST,
            steps: 0,
            scratch: vec![],
            depth: 0,
        }
    }

    /// The packets of a region, under a doubt if there is one, lead to a leaf; all others to nothing.
    pub(super) fn region(&mut self, region: &Region, doubt: Option<u32>, then: Node) -> Grown<Node> {
        let mut node = then;
        if let Some(doubt) = doubt {
            let base = self.scratch.len();
            self.scratch.extend([(0, NOTHING), (1, node)]);
            node = self.intern(FIELDS as u32 + doubt, base)?;
        }
        for field in ALL.iter().rev() {
            if let Some(ranges) = region.get(*field) {
                node = self.ranges(field.place(), ranges, node)?;
            }
        }
        Ok(node)
    }

    fn ranges(&mut self, field: usize, ranges: &Ranges, inside: Node) -> Grown<Node> {
        let base = self.scratch.len();
        let last = self.cuts.ends[field].len() as u32 - 1;
        let mut open = true;
        for (low, high) in ranges.intervals() {
            if let Some(before) = low.checked_sub(1) {
                let cut = self.cuts.place(field, before);
                self.scratch.push((cut, NOTHING));
            }
            let cut = self.cuts.place(field, *high);
            self.scratch.push((cut, inside));
            open = cut < last;
        }
        if open {
            self.scratch.push((last, NOTHING));
        }
        self.intern(field as u32, base)
    }

    /// What the first decides, and where it says nothing, the second.
    pub(super) fn first(&mut self, one: Node, two: Node) -> Grown<Node> {
        let mut rule = |_: &Self, one: Node, two: Node| match (one, two) {
            (NOTHING, other) | (other, NOTHING) => Some(other),
            (one, two) => (one == two || number(one).is_some()).then_some(one),
        };
        self.walk(one, two, FIRST, &mut rule)
    }

    /// First match over many, merged in a balanced way: neighbours first.
    pub(super) fn in_order(&mut self, mut nodes: Vec<Node>) -> Grown<Node> {
        while nodes.len() > 1 {
            let mut merged = Vec::with_capacity(nodes.len().div_ceil(2));
            for pair in nodes.chunks(2) {
                merged.push(match pair {
                    [one, two] => self.first(*one, *two)?,
                    rest => rest[0],
                });
            }
            nodes = merged;
        }
        Ok(nodes.first().copied().unwrap_or(NOTHING))
    }

    /// Joins two diagrams, each pair of nodes once.
    pub(super) fn join(&mut self, one: Node, two: Node, mut rule: impl Join) -> Grown<Node> {
        self.run += 1;
        let run = self.run;
        self.walk(one, two, run, &mut rule)
    }

    /// Replaces leaves.
    pub(super) fn map(&mut self, node: Node, mut rule: impl FnMut(Node) -> Option<Node>) -> Grown<Node> {
        self.join(node, NOTHING, move |_: &Self, one: Node, _: Node| rule(one))
    }

    fn walk(&mut self, one: Node, two: Node, run: u32, rule: &mut impl Join) -> Grown<Node> {
        if let Some(known) = rule.known(self, one, two) {
            return Ok(known);
        }
        let slot = self.slot(one, two, run);
        if let [a, b, r, result] = self.memo[slot]
            && (a, b, r) == (one, two, run)
        {
            return Ok(result);
        }
        self.steps += 1;
        self.depth += 1;
        if self.steps > MOST_STEPS || self.depth > FIELDS + MOST_DOUBTS {
            self.depth = 0;
            return Err(TooLarge);
        }
        let level = self.level(one).min(self.level(two));
        let last = self.last(level);
        let base = self.scratch.len();
        let (mut at, mut its) = (self.start(one, level), self.start(two, level));
        loop {
            let (end, below) = at.map_or((last, one), |at| self.edges[at]);
            let (its_end, its_below) = its.map_or((last, two), |its| self.edges[its]);
            let result = self.walk(below, its_below, run, rule)?;
            let first = end.min(its_end);
            match self.scratch[base..].last_mut() {
                Some(edge) if edge.1 == result => edge.0 = first,
                _ => self.scratch.push((first, result)),
            }
            if first == last {
                break;
            }
            at = at.map(|at| at + usize::from(end == first));
            its = its.map(|its| its + usize::from(its_end == first));
        }
        let result = self.intern(level, base)?;
        self.depth -= 1;
        let slot = self.slot(one, two, run);
        self.memo[slot] = [one, two, run, result];
        Ok(result)
    }

    /// The level of a node; leaves stand below all.
    pub(super) fn level(&self, node: Node) -> u32 {
        if node & LEAF == 0 { self.nodes[node as usize].level } else { u32::MAX }
    }

    fn last(&self, level: u32) -> u32 {
        self.cuts.ends.get(level as usize).map_or(1, |ends| ends.len() as u32 - 1)
    }

    fn start(&self, node: Node, level: u32) -> Option<usize> {
        (self.level(node) == level).then(|| self.nodes[node as usize].start as usize)
    }

    /// The edges of a node.
    pub(super) fn edges(&self, node: Node) -> &[(u32, Node)] {
        if node & LEAF != 0 {
            return &[];
        }
        let Asked { start, edges, .. } = self.nodes[node as usize];
        &self.edges[start as usize..(start + edges) as usize]
    }

    /// Whether only doubts are left to ask.
    pub(super) fn is_below_fields(&self, node: Node) -> bool {
        self.level(node) >= FIELDS as u32
    }

    /// The leaves that a node may lead to, in order.
    pub(super) fn leaves(&self, node: Node) -> Vec<u32> {
        let (mut seen, mut found, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![node]);
        while let Some(node) = open.pop() {
            match number(node) {
                Some(number) => {
                    found.insert(number);
                }
                None if seen.insert(node) => open.extend(self.edges(node).iter().map(|(_, below)| *below)),
                None => {}
            }
        }
        found.into_iter().collect()
    }

    /// The nodes that a node leads to, each with the values that lead there.
    pub(super) fn ways(&self, node: Node) -> Vec<(Node, Ranges)> {
        let field = self.level(node) as usize;
        let mut ways: Vec<(Node, Vec<(u128, u128)>)> = vec![];
        let mut low = 0u128;
        for (cut, below) in self.edges(node) {
            let high = self.cuts.value(field, *cut);
            match ways.iter_mut().find(|(other, _)| other == below) {
                Some((_, intervals)) => intervals.push((low, high)),
                None => ways.push((*below, vec![(low, high)])),
            }
            low = high.wrapping_add(1);
        }
        ways.into_iter().map(|(below, intervals)| (below, Ranges::of(intervals))).collect()
    }

    /// Where a packet comes to when all its fields are asked: a leaf, or doubts.
    pub(super) fn at(&self, mut node: Node, packet: &[u128; FIELDS]) -> Node {
        while let Some(value) = packet.get(self.level(node) as usize) {
            let value = self.cuts.place(self.level(node) as usize, *value);
            let edges = self.edges(node);
            node = edges[edges.partition_point(|(end, _)| *end < value)].1;
        }
        node
    }

    /// The one node with these edges, which stand in the scratch from `base` on.
    fn intern(&mut self, level: u32, base: usize) -> Grown<Node> {
        let count = self.scratch.len() - base;
        if count == 1 {
            let (_, only) = self.scratch[base];
            self.scratch.truncate(base);
            return Ok(only);
        }
        let mask = self.index.len() - 1;
        let mut at = hash(level, &self.scratch[base..]) as usize & mask;
        loop {
            match self.index[at] {
                u32::MAX => break,
                node => {
                    if self.level(node) == level && self.edges(node) == &self.scratch[base..] {
                        self.scratch.truncate(base);
                        return Ok(node);
                    }
                }
            }
            at = (at + 1) & mask;
        }
        if self.edges.len() + count > MOST_EDGES {
            return Err(TooLarge);
        }
        let node = self.nodes.len() as u32;
        self.nodes.push(Asked { level, start: self.edges.len() as u32, edges: count as u32 });
        self.edges.extend_from_slice(&self.scratch[base..]);
        self.scratch.truncate(base);
        self.index[at] = node;
        if self.nodes.len() * 2 > self.index.len() {
            self.grow();
        }
        Ok(node)
    }

    fn grow(&mut self) {
        let mask = self.index.len() * 2 - 1;
        let mut index = vec![u32::MAX; mask + 1];
        for node in 0..self.nodes.len() as u32 {
            let mut at = hash(self.level(node), self.edges(node)) as usize & mask;
            while index[at] != u32::MAX {
                at = (at + 1) & mask;
            }
            index[at] = node;
        }
        self.index = index;
        const MOST_MEMO: usize = 1 << 21;
        if self.memo.len() < MOST_MEMO {
            let old = std::mem::take(&mut self.memo);
            self.memo = vec![[u32::MAX; 4]; old.len() * 2];
            for entry in old.into_iter().filter(|entry| entry[0] != u32::MAX) {
                let slot = self.slot(entry[0], entry[1], entry[2]);
                self.memo[slot] = entry;
            }
        }
    }

    fn slot(&self, one: Node, two: Node, run: u32) -> usize {
        mix(mix(u64::from(one) << 32 | u64::from(two), u64::from(run)), 0) as usize & (self.memo.len() - 1)
    }
}

fn hash(level: u32, edges: &[(u32, Node)]) -> u64 {
    edges
        .iter()
        .fold(u64::from(level), |hash, (end, node)| mix(hash, u64::from(*end) << 32 | u64::from(*node)))
}

/// Mixes a number into a hash (the multiplication of splitmix64).
fn mix(hash: u64, value: u64) -> u64 {
    let mut mixed = (hash ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^= mixed >> 29;
    mixed = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 32)
}
