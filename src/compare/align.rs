//! Which elements of two sequences belong together: the longest common subsequence, bounded.
//!
//! Only shows a difference that is already proven, so giving up early makes a report longer, never wrong.

use std::collections::HashMap;
use std::hash::Hash;

/// Most edits that are searched for; past it, elements that occur once on both sides are the anchors.
const MAX_EDITS: usize = 1_000;

/// One stretch of two aligned sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The same element at these indexes.
    Same(usize, usize),
    /// Only in the first.
    First(usize),
    /// Only in the second.
    Second(usize),
}

/// Aligns two sequences of comparable things. Swapping the sequences swaps the answer and changes nothing else.
pub(crate) fn align<T: Ord + Hash>(a: &[T], b: &[T]) -> Vec<Step> {
    if a > b {
        return forward(b, a)
            .into_iter()
            .map(|step| match step {
                Step::Same(i, j) => Step::Same(j, i),
                Step::First(i) => Step::Second(i),
                Step::Second(j) => Step::First(j),
            })
            .collect();
    }
    forward(a, b)
}

fn forward<T: Ord + Hash>(a: &[T], b: &[T]) -> Vec<Step> {
    let mut numbers: HashMap<&T, u32> = HashMap::new();
    let mut number = |item| {
        let next = numbers.len() as u32;
        *numbers.entry(item).or_insert(next)
    };
    let a: Vec<u32> = a.iter().map(&mut number).collect();
    let b: Vec<u32> = b.iter().map(&mut number).collect();
    let mut steps = vec![];
    run(&a, &b, 0, 0, &mut steps);
    steps
}

fn run(a: &[u32], b: &[u32], at_a: usize, at_b: usize, steps: &mut Vec<Step>) {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    steps.extend((0..head).map(|i| Step::Same(at_a + i, at_b + i)));
    let (a, b, at_a, at_b) = (&a[head..], &b[head..], at_a + head, at_b + head);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (mid_a, mid_b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    middle(mid_a, mid_b, at_a, at_b, steps);
    steps.extend((0..tail).map(|i| Step::Same(at_a + mid_a.len() + i, at_b + mid_b.len() + i)));
}

fn middle(a: &[u32], b: &[u32], at_a: usize, at_b: usize, steps: &mut Vec<Step>) {
    if a.is_empty() || b.is_empty() {
        steps.extend((0..a.len()).map(|i| Step::First(at_a + i)));
        steps.extend((0..b.len()).map(|i| Step::Second(at_b + i)));
        return;
    }
    if let Some(script) = myers(a, b) {
        steps.extend(script.into_iter().map(|step| match step {
            Step::Same(i, j) => Step::Same(at_a + i, at_b + j),
            Step::First(i) => Step::First(at_a + i),
            Step::Second(j) => Step::Second(at_b + j),
        }));
        return;
    }
    let anchors = anchors(a, b);
    let (mut i, mut j) = (0, 0);
    for (next_a, next_b) in anchors.into_iter().chain([(a.len(), b.len())]) {
        steps.extend((i..next_a).map(|i| Step::First(at_a + i)));
        steps.extend((j..next_b).map(|j| Step::Second(at_b + j)));
        if next_a < a.len() {
            steps.push(Step::Same(at_a + next_a, at_b + next_b));
        }
        (i, j) = (next_a + 1, next_b + 1);
    }
}

/// Myers' greedy search, with the frontier of every round kept for the way back.
fn myers(a: &[u32], b: &[u32]) -> Option<Vec<Step>> {
    let (end_a, end_b) = (a.len() as isize, b.len() as isize);
    let bound = (end_a + end_b).min(MAX_EDITS as isize);
    let offset = bound + 1;
    let mut reach = vec![0isize; (2 * bound + 3).unsigned_abs()];
    let mut rounds: Vec<Vec<isize>> = vec![];
    for round in 0..=bound {
        rounds.push(reach[(offset - round).unsigned_abs()..=(offset + round).unsigned_abs()].to_vec());
        for diagonal in (-round..=round).step_by(2) {
            let at = (offset + diagonal).unsigned_abs();
            let mut x = if diagonal == -round || (diagonal != round && reach[at - 1] < reach[at + 1]) {
                reach[at + 1]
            } else {
                reach[at - 1] + 1
            };
            while x < end_a
                && x - diagonal < end_b
                && x - diagonal >= 0
                && a[x.unsigned_abs()] == b[(x - diagonal).unsigned_abs()]
            {
                x += 1;
            }
            reach[at] = x;
            if x >= end_a && x - diagonal >= end_b {
                return Some(trace(&rounds, end_a, end_b));
            }
        }
    }
    None
}

fn trace(rounds: &[Vec<isize>], end_a: isize, end_b: isize) -> Vec<Step> {
    let (mut x, mut y) = (end_a, end_b);
    let mut steps = vec![];
    for round in (1..rounds.len() as isize).rev() {
        let before = &rounds[round.unsigned_abs()];
        let get = |diagonal: isize| before.get((diagonal + round).unsigned_abs()).copied().unwrap_or(0);
        let diagonal = x - y;
        let down = diagonal == -round || (diagonal != round && get(diagonal - 1) < get(diagonal + 1));
        let from = if down { diagonal + 1 } else { diagonal - 1 };
        let start = if down { get(from) } else { get(from) + 1 };
        while x > start {
            x -= 1;
            y -= 1;
            steps.push(Step::Same(x.unsigned_abs(), y.unsigned_abs()));
        }
        if down {
            y -= 1;
            steps.push(Step::Second(y.unsigned_abs()));
        } else {
            x -= 1;
            steps.push(Step::First(x.unsigned_abs()));
        }
    }
    while x > 0 && y > 0 {
        x -= 1;
        y -= 1;
        steps.push(Step::Same(x.unsigned_abs(), y.unsigned_abs()));
    }
    steps.reverse();
    steps
}

/// Elements that occur once on both sides and stand in the same order.
fn anchors(a: &[u32], b: &[u32]) -> Vec<(usize, usize)> {
    let mut count: HashMap<u32, (usize, usize, usize, usize)> = HashMap::new();
    for (at, item) in a.iter().enumerate() {
        let entry = count.entry(*item).or_default();
        entry.0 += 1;
        entry.1 = at;
    }
    for (at, item) in b.iter().enumerate() {
        let entry = count.entry(*item).or_default();
        entry.2 += 1;
        entry.3 = at;
    }
    let pairs: Vec<(usize, usize)> = a
        .iter()
        .filter_map(|item| {
            count.get(item).filter(|entry| entry.0 == 1 && entry.2 == 1).map(|entry| (entry.1, entry.3))
        })
        .collect();
    let places: Vec<usize> = pairs.iter().map(|pair| pair.1).collect();
    increasing(&places).into_iter().map(|at| pairs[at]).collect()
}

/// The indexes of a longest increasing subsequence.
pub(crate) fn increasing(places: &[usize]) -> Vec<usize> {
    let mut ends: Vec<usize> = vec![];
    let mut before: Vec<Option<usize>> = vec![None; places.len()];
    for (at, place) in places.iter().enumerate() {
        let length = ends.partition_point(|end| places[*end] < *place);
        before[at] = length.checked_sub(1).map(|last| ends[last]);
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut found = vec![];
    let mut next = ends.last().copied();
    while let Some(at) = next {
        found.push(at);
        next = before[at];
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(a: &[u8], b: &[u8]) -> usize {
        let steps = align(a, b);
        let (mut i, mut j) = (0, 0);
        for step in &steps {
            match *step {
                Step::Same(at_a, at_b) => {
                    assert_eq!((at_a, at_b), (i, j));
                    assert_eq!(a[at_a], b[at_b]);
                    (i, j) = (i + 1, j + 1);
                }
                Step::First(at) => {
                    assert_eq!(at, i);
                    i += 1;
                }
                Step::Second(at) => {
                    assert_eq!(at, j);
                    j += 1;
                }
            }
        }
        assert_eq!((i, j), (a.len(), b.len()));
        steps.iter().filter(|step| !matches!(step, Step::Same(..))).count()
    }

    #[test]
    fn an_insertion_is_one_step() {
        assert_eq!(check(b"abc", b"xabc"), 1);
        assert_eq!(check(b"abcabba", b"cbabac"), 5);
    }

    proptest! {
        #[test]
        fn every_element_has_its_place(a in proptest::collection::vec(0u8..4, 0..40), b in proptest::collection::vec(0u8..4, 0..40)) {
            check(&a, &b);
        }
    }

    #[test]
    fn giants_end() {
        let a: Vec<u32> = (0..60_000).collect();
        let b: Vec<u32> = (0..60_000).map(|i| i * 7919 % 60_000).collect();
        assert!(align(&a, &b).len() >= 60_000);
    }
}
