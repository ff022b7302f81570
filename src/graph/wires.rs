//! The wires between conduits and their zones: which layers they pass, where they leave a box, how they bend.

use super::layers::{Link, Node};
use super::picture::{ConduitKind, Level, MarkKind, Panel};
use std::collections::BTreeMap;

/// A panel as layers: rows of zones, and between them conduits.
#[derive(Debug, Default)]
pub(super) struct Web {
    /// The levels that are drawn, from above.
    pub(super) levels: Vec<Level>,
    /// Zones in the order of the panel, then conduits, then bends.
    pub(super) nodes: Vec<Node>,
    pub(super) links: Vec<Link>,
    /// Each wire: its conduit, which of the two ends, and its nodes from above.
    pub(super) wires: Vec<Run>,
}

/// A wire from a conduit to one of its zones.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) conduit: usize,
    pub(super) end: usize,
    /// From above to below.
    pub(super) nodes: Vec<usize>,
}

/// Room for a wire that goes past.
const BEND: f64 = 18.0;

/// Layers of a panel: an odd one is a row of zones, an even one holds the conduits above it.
pub(super) fn web(panel: &Panel, zones: &[f64], conduits: &[f64]) -> Web {
    let mut levels: Vec<Level> = panel.zones.iter().map(|zone| zone.level).collect();
    levels.sort();
    levels.dedup();
    let mut web = Web { levels, ..Web::default() };
    let rows = web.levels.len();
    let row_of = |level: Level| web.levels.iter().position(|known| *known == level).unwrap_or_default();
    let by_key: BTreeMap<&str, (usize, usize)> =
        panel.zones.iter().enumerate().map(|(at, z)| (z.key.as_str(), (at, row_of(z.level)))).collect();
    web.nodes = panel
        .zones
        .iter()
        .zip(zones)
        .map(|(zone, width)| Node { layer: 2 * row_of(zone.level) + 1, width: *width })
        .collect();
    for (number, (conduit, width)) in panel.conduits.iter().zip(conduits).enumerate() {
        let ends: Vec<(usize, usize)> =
            conduit.ends.iter().filter_map(|key| by_key.get(key.as_str()).copied()).collect();
        let [(_, one), (_, two)] = ends[..] else {
            // Every end was added as a zone; without it the conduit would stand alone.
            web.nodes.push(Node { layer: 0, width: *width });
            continue;
        };
        let gap = match (one.min(two), one.max(two)) {
            (a, b) if a != b => b,
            (a, _) if a + 1 < rows || a == 0 => a + 1,
            (a, _) => a,
        };
        let own = panel.zones.len() + number;
        debug_assert_eq!(own, web.nodes.len(), "conduits follow zones");
        web.nodes.push(Node { layer: 2 * gap, width: *width });
    }
    for (number, conduit) in panel.conduits.iter().enumerate() {
        let own = panel.zones.len() + number;
        for (end, key) in conduit.ends.iter().enumerate() {
            let Some((zone, row)) = by_key.get(key.as_str()).copied() else { continue };
            let (from, to) = (web.nodes[own].layer, 2 * row + 1);
            let (mut at, mut nodes) = (from, vec![own]);
            while at.abs_diff(to) > 1 {
                at = if to > at { at + 1 } else { at - 1 };
                web.nodes.push(Node { layer: at, width: BEND });
                nodes.push(web.nodes.len() - 1);
            }
            nodes.push(zone);
            if to < from {
                nodes.reverse();
            }
            web.links.extend(nodes.windows(2).map(|pair| Link { upper: pair[0], lower: pair[1] }));
            web.wires.push(Run { conduit: number, end, nodes });
        }
    }
    web
}

/// The box of a node, or of a bend a line from the top of its layer to the end of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub(super) middle: f64,
    pub(super) width: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// Where the layer begins and ends.
    pub(super) layer: (f64, f64),
}

/// A wire, drawn: where it goes, how it looks, where something arrives.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wire {
    pub(super) conduit: usize,
    pub(super) class: String,
    /// Corners and curves from above.
    pub(super) path: Vec<Step>,
    /// Whether flows arrive at its zone.
    pub(super) arrives: bool,
    /// Whether the zone is its upper end.
    pub(super) zone_above: bool,
}

/// A step of a wire: straight down, or a curve to another place below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    Start(f64, f64),
    Down(f64),
    Curve { from: (f64, f64), to: (f64, f64) },
}

/// Draws all wires of a panel.
pub(super) fn drawn(panel: &Panel, web: &Web, spans: &[Span]) -> Vec<Wire> {
    let ports = ports(web, spans);
    let wire = |(number, run): (usize, &Run)| {
        let conduit = &panel.conduits[run.conduit];
        let mut path = vec![];
        for (at, pair) in run.nodes.windows(2).enumerate() {
            let (upper, lower) = (&spans[pair[0]], &spans[pair[1]]);
            let (x, to) = (ports[&(number, at, true)], ports[&(number, at, false)]);
            if at == 0 {
                path.push(Step::Start(x, upper.bottom));
            }
            // A step of no length would leave the arrow without a direction.
            let down = |from: f64, to: f64, path: &mut Vec<Step>| {
                if to > from {
                    path.push(Step::Down(to));
                }
            };
            down(upper.bottom, upper.layer.1, &mut path);
            path.push(Step::Curve { from: (x, upper.layer.1), to: (to, lower.layer.0) });
            down(lower.layer.0, lower.top, &mut path);
            if at + 2 < run.nodes.len() {
                down(lower.top, lower.bottom, &mut path);
            }
        }
        let zone = panel.zones.iter().position(|zone| zone.key == conduit.ends[run.end]);
        let drifts = matches!(conduit.kind, ConduitKind::Drift | ConduitKind::Untold);
        Wire {
            conduit: run.conduit,
            class: class(panel, run.conduit),
            path,
            arrives: if drifts { run.end == 1 } else { conduit.reaches()[run.end] },
            zone_above: run.nodes.first().copied() == zone,
        }
    };
    web.wires.iter().enumerate().map(wire).collect()
}

fn class(panel: &Panel, conduit: usize) -> String {
    let conduit = &panel.conduits[conduit];
    let own = match conduit.kind {
        ConduitKind::Intended => "",
        ConduitKind::Closed => " closed",
        ConduitKind::Drift => " drift",
        ConduitKind::Untold => " doubt",
    };
    let worst = conduit.all_marks().first().map(|mark| mark.kind);
    let worst = worst.filter(|kind| *kind != MarkKind::Note && own.is_empty());
    format!("wire{own}{}", worst.map(|kind| format!(" {}", kind.class())).unwrap_or_default())
}

/// Where each link of each wire leaves its upper node and enters its lower one.
fn ports(web: &Web, spans: &[Span]) -> BTreeMap<(usize, usize, bool), f64> {
    let mut sides: BTreeMap<(usize, bool), Vec<(f64, usize, usize)>> = BTreeMap::new();
    for (number, run) in web.wires.iter().enumerate() {
        for (at, pair) in run.nodes.windows(2).enumerate() {
            sides.entry((pair[0], true)).or_default().push((spans[pair[1]].middle, number, at));
            sides.entry((pair[1], false)).or_default().push((spans[pair[0]].middle, number, at));
        }
    }
    let mut ports = BTreeMap::new();
    for ((node, below), mut links) in sides {
        links.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let span = &spans[node];
        let step = (span.width * 0.8 / links.len() as f64).min(30.0);
        let first = span.middle - step * (links.len() - 1) as f64 / 2.0;
        for (place, (_, number, at)) in links.into_iter().enumerate() {
            ports.insert((number, at, below), (first + step * place as f64).round());
        }
    }
    ports
}

/// Points along a wire.
pub(super) fn points(wire: &Wire) -> Vec<(f64, f64)> {
    let mut found: Vec<(f64, f64)> = vec![];
    for step in &wire.path {
        match *step {
            Step::Start(x, y) => found.push((x, y)),
            Step::Down(y) => {
                let (x, _) = found.last().copied().unwrap_or_default();
                found.push((x, y));
            }
            Step::Curve { from, to } => {
                let [one, two] = handles(from, to);
                for part in 1..=16 {
                    let t = f64::from(part) / 16.0;
                    let of = |a: f64, b: f64, c: f64, d: f64| {
                        let u = 1.0 - t;
                        u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
                    };
                    found.push((of(from.0, one.0, two.0, to.0), of(from.1, one.1, two.1, to.1)));
                }
            }
        }
    }
    found
}

/// The handles of a curve that leaves and arrives straight down.
pub(super) fn handles(from: (f64, f64), to: (f64, f64)) -> [(f64, f64); 2] {
    let half = ((to.1 - from.1) * 0.55).round();
    [(from.0, from.1 + half), (to.0, to.1 - half)]
}
