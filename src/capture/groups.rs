//! Whether instances are one role or several: groups of instances that say the same kinds of lines.
//!
//! An option that some have makes two halves that are still alike; another role has lines of its own and lacks those
//! of the others. So groups count only where they are apart from each other and each is of one piece.

use super::shape::Trees;
use super::tree::Node;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Groups that are more alike than this are one.
const ALIKE: f64 = 0.7;
/// How much more alike the members of a group are than the groups.
const GAP: f64 = 0.2;
/// Fewest different lines that make another role: in a handful an option looks like one.
const FEWEST: f64 = 8.0;
/// Different kinds of instances that are compared with each other.
const MOST: usize = 300;

/// Instances of a group that are asked what the group has.
const ASKED: usize = 12;

/// What an instance says: file and line with what varies taken out, in order.
type Said = Vec<(usize, u64)>;

/// Splits instances into groups, the largest first; one group where they are one role.
pub(super) fn groups(trees: &[Trees]) -> Vec<Vec<usize>> {
    let kinds = kinds(&said(trees));
    let known = kinds.len().min(MOST);
    let said: Vec<&Said> = kinds.iter().map(|(said, _)| said).collect();
    let alike: Vec<Vec<f64>> =
        (0..known).map(|a| (0..known).map(|b| overlap(said[a], said[b])).collect()).collect();
    let weights: Vec<usize> = kinds.iter().map(|(_, who)| who.len()).collect();
    let sizes: Vec<f64> = said.iter().map(|said| said.len() as f64).collect();
    let clusters = clusters(&alike, &weights[..known]);
    let mut out = apart(&clusters, &Kinds { alike: &alike, weights: &weights, sizes: &sizes });
    for late in known..kinds.len() {
        let nearness = |group: &Vec<usize>| {
            group
                .iter()
                .filter(|at| **at < known)
                .map(|at| overlap(said[*at], said[late]))
                .fold(0.0, f64::max)
        };
        let nearest =
            (0..out.len()).max_by(|a, b| nearness(&out[*a]).total_cmp(&nearness(&out[*b])).then(b.cmp(a)));
        if let Some(nearest) = nearest {
            out[nearest].push(late);
        }
    }
    let mut out: Vec<Vec<usize>> = out
        .into_iter()
        .map(|group| {
            let mut members: Vec<usize> = group.iter().flat_map(|kind| kinds[*kind].1.clone()).collect();
            members.sort_unstable();
            members
        })
        .collect();
    out.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    out
}

/// What each instance says that it does not say alone. A file that only some have is an option, so the files that all
/// have decide, if there are any.
fn said(trees: &[Trees]) -> Vec<Said> {
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for path in trees.iter().flat_map(|files| files.keys()) {
        *owners.entry(path).or_default() += 1;
    }
    let shared = |path: &str| owners[path] == trees.len();
    let any_shared = owners.keys().any(|path| shared(path));
    let files: BTreeMap<&str, usize> = owners.keys().enumerate().map(|(at, path)| (*path, at)).collect();
    let of = |trees: &Trees| {
        let mut out = Said::new();
        for (path, parsed) in trees.iter().filter(|(path, _)| !any_shared || shared(path)) {
            collect(files[path.as_str()], &parsed.nodes, &mut out);
        }
        out.sort_unstable();
        out.dedup();
        out
    };
    let mut all: Vec<Said> = trees.iter().map(of).collect();
    let mut counts: BTreeMap<(usize, u64), usize> = BTreeMap::new();
    all.iter().flatten().for_each(|line| *counts.entry(*line).or_default() += 1);
    all.iter_mut().for_each(|said| said.retain(|line| counts[line] > 1));
    all
}

fn collect(file: usize, nodes: &[Rc<Node>], out: &mut Said) {
    for node in nodes {
        if !node.is_filler() {
            out.push((file, node.skeleton));
        }
        out.extend(node.inside.keys().map(|skeleton| (file, *skeleton)));
    }
}

/// Instances that say exactly the same, the most frequent first.
fn kinds(said: &[Said]) -> Vec<(Said, Vec<usize>)> {
    let mut known: BTreeMap<&Said, Vec<usize>> = BTreeMap::new();
    said.iter().enumerate().for_each(|(at, said)| known.entry(said).or_default().push(at));
    let mut out: Vec<(Said, Vec<usize>)> = known.into_iter().map(|(said, who)| (said.clone(), who)).collect();
    out.sort_by(|(_, a), (_, b)| b.len().cmp(&a.len()).then(a.cmp(b)));
    out
}

/// Returns how much two say alike, 0 to 1.
fn overlap(a: &Said, b: &Said) -> f64 {
    let (mut left, mut right, mut shared) = (0, 0, 0);
    while left < a.len() && right < b.len() {
        match a[left].cmp(&b[right]) {
            Ordering::Less => left += 1,
            Ordering::Greater => right += 1,
            Ordering::Equal => (left, right, shared) = (left + 1, right + 1, shared + 1),
        }
    }
    let total = a.len() + b.len();
    if total == 0 { 1.0 } else { 2.0 * f64::from(shared) / total as f64 }
}

/// Joins the most alike again and again, by their members' average, while they are alike.
fn clusters(alike: &[Vec<f64>], weights: &[usize]) -> Vec<Vec<usize>> {
    let mut members: Vec<Vec<usize>> = (0..alike.len()).map(|at| vec![at]).collect();
    let mut weight: Vec<f64> = weights.iter().map(|weight| *weight as f64).collect();
    let mut between = alike.to_vec();
    let mut open: Vec<usize> = (0..alike.len()).collect();
    loop {
        let mut best = (ALIKE, None);
        for (at, left) in open.iter().enumerate() {
            for right in &open[at + 1..] {
                if between[*left][*right] >= best.0 + 1e-9
                    || best.1.is_none() && between[*left][*right] >= ALIKE
                {
                    best = (between[*left][*right], Some((*left, *right)));
                }
            }
        }
        let Some((left, right)) = best.1 else { break };
        let (a, b) = (weight[left], weight[right]);
        for other in &open {
            let joined = (a * between[left][*other] + b * between[right][*other]) / (a + b);
            between[left][*other] = joined;
            between[*other][left] = joined;
        }
        weight[left] = a + b;
        let moved = std::mem::take(&mut members[right]);
        members[left].extend(moved);
        open.retain(|at| *at != right);
    }
    open.into_iter().map(|at| std::mem::take(&mut members[at])).collect()
}

/// Kinds of instances: how alike they are, how many instances each stands for, how many lines each says.
struct Kinds<'k> {
    alike: &'k [Vec<f64>],
    weights: &'k [usize],
    sizes: &'k [f64],
}

impl Kinds<'_> {
    fn count(&self, cluster: &[usize]) -> usize {
        cluster.iter().map(|at| self.weights[*at]).sum()
    }

    /// The mean over all pairs of instances of two clusters, or of one.
    fn mean(&self, a: &[usize], b: &[usize], of: &dyn Fn(usize, usize) -> f64) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0.0);
        for (left, right) in a.iter().flat_map(|left| b.iter().map(move |right| (*left, *right))) {
            // Instances of one kind are pairs, too.
            let others = self.weights[right] - usize::from(left == right);
            let pairs = (self.weights[left] * others) as f64;
            sum += of(left, right) * pairs;
            count += pairs;
        }
        (count > 0.0).then(|| sum / count)
    }

    fn likeness(&self, a: &[usize], b: &[usize]) -> f64 {
        self.mean(a, b, &|a, b| self.alike[a][b]).unwrap_or(1.0)
    }

    /// Lines that one of two says and the other does not.
    fn difference(&self, a: &[usize], b: &[usize]) -> f64 {
        self.mean(a, b, &|a, b| (self.sizes[a] + self.sizes[b]) * (1.0 - self.alike[a][b])).unwrap_or(0.0)
    }
}

/// The clusters that are another role than the largest one; what is not apart from it stays with it, and so does an
/// instance alone: it is judged line by line.
fn apart(clusters: &[Vec<usize>], kinds: &Kinds<'_>) -> Vec<Vec<usize>> {
    let size = |at: usize| kinds.count(&clusters[at]);
    let largest = (0..clusters.len()).max_by(|a, b| size(*a).cmp(&size(*b)).then(b.cmp(a)));
    let Some(main) = largest.map(|at| &clusters[at]) else { return vec![] };
    let mut out = vec![main.clone()];
    for cluster in clusters.iter().filter(|cluster| *cluster != main) {
        let inside = kinds.likeness(main, main).min(kinds.likeness(cluster, cluster));
        let is_apart = kinds.count(cluster) >= 2
            && inside - kinds.likeness(main, cluster) >= GAP
            && kinds.difference(main, cluster) >= FEWEST;
        if is_apart {
            out.push(cluster.clone());
        } else {
            out[0].extend(cluster);
        }
    }
    out
}

/// What an instance has that a group has not, and the other way round: the share of its lines, and some of them.
pub(super) fn difference(trees: &[Trees], instance: usize, group: &[usize]) -> (f64, Vec<String>) {
    let lines = |at: usize| {
        let mut out: BTreeMap<(&str, u64), String> = BTreeMap::new();
        for (path, parsed) in &trees[at] {
            lines_of(path, &parsed.nodes, &mut out);
        }
        out
    };
    let own = lines(instance);
    let others: Vec<BTreeMap<(&str, u64), String>> = group.iter().take(ASKED).map(|at| lines(*at)).collect();
    let extra: Vec<&String> = own
        .iter()
        .filter(|(line, _)| others.iter().all(|other| !other.contains_key(*line)))
        .map(|(_, text)| text)
        .collect();
    let Some(first) = others.first() else { return (0.0, vec![]) };
    let is_common = |line: &(&str, u64)| others.iter().all(|other| other.contains_key(line));
    let missing: Vec<&String> = first
        .iter()
        .filter(|(line, _)| is_common(line) && !own.contains_key(*line))
        .map(|(_, text)| text)
        .collect();
    let shown = |sign: char, texts: &[&String]| {
        texts.iter().take(3).map(|text| format!("{sign} {text}")).collect::<Vec<_>>()
    };
    let share = (extra.len() + missing.len()) as f64 / own.len().max(1) as f64;
    (share.min(1.0), [shown('+', &extra), shown('-', &missing)].concat())
}

fn lines_of<'t>(path: &'t str, nodes: &[Rc<Node>], out: &mut BTreeMap<(&'t str, u64), String>) {
    for node in nodes {
        if !node.is_filler() && !node.head.trim().is_empty() {
            out.entry((path, node.skeleton)).or_insert_with(|| node.head.trim().to_owned());
        }
        lines_of(path, &node.kids, out);
    }
}
