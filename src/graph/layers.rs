//! Who stands beside whom: layers of zones and conduits in turn, ordered so that few wires cross, then moved to where
//! their wires come from (Sugiyama, Tagawa and Toda 1981).

/// Something in a layer: a box, or a bend of a wire that goes past.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) layer: usize,
    pub(super) width: f64,
}

/// A wire from a layer to the next one below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) upper: usize,
    pub(super) lower: usize,
}

/// Room between two boxes of a layer.
const BETWEEN: f64 = 32.0;
const SWEEPS: usize = 12;

/// Returns the middle of each node, from 0. A pull moves a node without wires to another one.
pub(super) fn middles(nodes: &[Node], links: &[Link], pulls: &[(usize, usize)]) -> Vec<f64> {
    let depth = nodes.iter().map(|node| node.layer + 1).max().unwrap_or_default();
    let mut layers: Vec<Vec<usize>> = vec![vec![]; depth];
    for (at, node) in nodes.iter().enumerate() {
        layers[node.layer].push(at);
    }
    let near = Near::of(nodes.len(), links);
    let layers = ordered(layers, &near, links, pulls, nodes.len());
    placed(nodes, &layers, &near, pulls)
}

/// Neighbours above and below.
struct Near {
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
}

impl Near {
    fn of(count: usize, links: &[Link]) -> Self {
        let mut near = Self { above: vec![vec![]; count], below: vec![vec![]; count] };
        for link in links {
            near.above[link.lower].push(link.upper);
            near.below[link.upper].push(link.lower);
        }
        near
    }
}

/// Sorts each layer by where its neighbours stand, down and up again, and keeps the best.
fn ordered(
    mut layers: Vec<Vec<usize>>,
    near: &Near,
    links: &[Link],
    pulls: &[(usize, usize)],
    count: usize,
) -> Vec<Vec<usize>> {
    let mut best = (crossings(&layers, links, count), layers.clone());
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let order: Vec<usize> =
            if down { (0..layers.len()).collect() } else { (0..layers.len()).rev().collect() };
        for layer in order {
            let place = places(&layers, count);
            let others = if down { &near.above } else { &near.below };
            let wish = |at: usize| {
                let of = &others[at];
                if of.is_empty() {
                    return place[at];
                }
                of.iter().map(|other| place[*other]).sum::<f64>() / of.len() as f64
            };
            let mut wishes: Vec<(f64, usize)> = layers[layer].iter().map(|at| (wish(*at), *at)).collect();
            wishes.sort_by(|a, b| a.0.total_cmp(&b.0));
            layers[layer] = wishes.into_iter().map(|(_, at)| at).collect();
        }
        let found = crossings(&layers, links, count);
        if found < best.0 {
            best = (found, layers.clone());
        }
    }
    // What has no wires crosses none: it stands in the order of what it is pulled to.
    let place = places(&best.1, count);
    let wish =
        |at: usize| pulls.iter().find(|(pulled, _)| *pulled == at).map_or(place[at], |(_, to)| place[*to]);
    let is_free =
        |layer: &&mut Vec<usize>| layer.iter().all(|at| pulls.iter().any(|(pulled, _)| pulled == at));
    for layer in best.1.iter_mut().filter(is_free) {
        layer.sort_by(|a, b| wish(*a).total_cmp(&wish(*b)));
    }
    best.1
}

/// Where in its layer each node stands, between 0 and 1, so that layers of different sizes can be compared.
fn places(layers: &[Vec<usize>], count: usize) -> Vec<f64> {
    let mut place = vec![0.0; count];
    for layer in layers {
        for (at, node) in layer.iter().enumerate() {
            place[*node] = (at as f64 + 0.5) / layer.len() as f64;
        }
    }
    place
}

fn crossings(layers: &[Vec<usize>], links: &[Link], count: usize) -> usize {
    let mut layer_of = vec![0; count];
    for (number, layer) in layers.iter().enumerate() {
        layer.iter().for_each(|node| layer_of[*node] = number);
    }
    let place = places(layers, count);
    let mut sorted: Vec<(usize, f64, f64)> =
        links.iter().map(|link| (layer_of[link.upper], place[link.upper], place[link.lower])).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let cross = |a: &(usize, f64, f64), b: &(usize, f64, f64)| a.0 == b.0 && a.1 < b.1 && a.2 > b.2;
    sorted.iter().enumerate().map(|(at, a)| sorted[at + 1..].iter().filter(|b| cross(a, b)).count()).sum()
}

/// Moves each node towards its neighbours, as far as the nodes beside it allow.
fn placed(nodes: &[Node], layers: &[Vec<usize>], near: &Near, pulls: &[(usize, usize)]) -> Vec<f64> {
    let mut middle = vec![0.0; nodes.len()];
    for layer in layers {
        let total: f64 = layer.iter().map(|at| nodes[*at].width + BETWEEN).sum();
        let mut x = -total / 2.0;
        for at in layer {
            middle[*at] = x + f64::midpoint(nodes[*at].width, BETWEEN);
            x += nodes[*at].width + BETWEEN;
        }
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let order: Vec<usize> =
            if down { (0..layers.len()).collect() } else { (0..layers.len()).rev().collect() };
        for layer in order {
            let wish = |at: usize| {
                let others = near.above[at].iter().chain(&near.below[at]);
                let all: Vec<f64> = others.map(|other| middle[*other]).collect();
                let pull = || pulls.iter().find(|(pulled, _)| *pulled == at).map(|(_, to)| middle[*to]);
                if all.is_empty() {
                    pull().unwrap_or(middle[at])
                } else {
                    all.iter().sum::<f64>() / all.len() as f64
                }
            };
            let wishes: Vec<f64> = layers[layer].iter().map(|at| wish(*at)).collect();
            let widths: Vec<f64> = layers[layer].iter().map(|at| nodes[*at].width).collect();
            let found = apart(&wishes, &widths);
            layers[layer].iter().zip(found).for_each(|(at, x)| middle[*at] = x);
        }
    }
    middle
}

/// The places nearest to what is wished, in order and without an overlap: least squares, by joining neighbours that
/// would overlap into one block (pool adjacent violators).
fn apart(wishes: &[f64], widths: &[f64]) -> Vec<f64> {
    let mut offsets = vec![0.0; wishes.len()];
    for at in 1..wishes.len() {
        offsets[at] = offsets[at - 1] + f64::midpoint(widths[at - 1], widths[at]) + BETWEEN;
    }
    let mut blocks: Vec<(f64, usize)> = vec![];
    for (at, wish) in wishes.iter().enumerate() {
        blocks.push((wish - offsets[at], 1));
        while let [.., before, last] = blocks.as_slice()
            && before.0 > last.0
        {
            let count = before.1 + last.1;
            let mean = (before.0 * before.1 as f64 + last.0 * last.1 as f64) / count as f64;
            blocks.truncate(blocks.len() - 2);
            blocks.push((mean, count));
        }
    }
    let bases = blocks.iter().flat_map(|(mean, count)| std::iter::repeat_n(*mean, *count));
    bases.zip(&offsets).map(|(base, offset)| base + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_never_overlap_and_stay_near_their_wishes() {
        let widths = [100.0, 20.0, 300.0];
        assert_eq!(apart(&[0.0, 500.0, 1000.0], &widths), [0.0, 500.0, 1000.0]);
        let found = apart(&[50.0, 50.0, 50.0], &widths);
        for at in 1..3 {
            let gap = found[at] - found[at - 1] - f64::midpoint(widths[at - 1], widths[at]);
            assert!((gap - BETWEEN).abs() < 1e-6, "{found:?}");
        }
        assert!((found.iter().sum::<f64>() / 3.0 - 50.0).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn wires_that_need_not_cross_do_not() {
        let node = |layer| Node { layer, width: 10.0 };
        let nodes: Vec<Node> = [0, 0, 0, 1, 1, 1].map(node).into();
        let links = [(0, 5), (1, 4), (2, 3)].map(|(upper, lower)| Link { upper, lower });
        let x = middles(&nodes, &links, &[]);
        for (one, two) in [(0, 1), (1, 2), (0, 2)] {
            let (a, b) = (links[one], links[two]);
            assert_eq!(x[a.upper] < x[b.upper], x[a.lower] < x[b.lower], "{x:?}");
        }
    }
}
