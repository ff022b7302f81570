//! Where everything stands: rows of zones by level, conduits between them, wires that pass beside what they do not
//! mean. Nothing overlaps.

use super::boxes::{self, Block};
use super::layers;
use super::letters::{Type, bold, plain, width, wrap};
use super::picture::{Judged, Level, Mark, MarkKind, Panel, Picture};
use super::wires::{self, Span, Wire};

/// A place on the sheet.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    /// Returns whether two places share more than an edge.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }

    /// Returns whether another place is inside.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && other.x + other.width <= self.x + self.width
            && other.y + other.height <= self.y + self.height
    }
}

/// A picture with places.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    pub(super) texts: Vec<Line>,
    pub(super) panels: Vec<Placed>,
    /// Where the legend stands.
    pub(super) legend: (f64, f64),
}

/// A line of text outside boxes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) kind: Type,
    pub(super) class: &'static str,
    pub(super) text: String,
}

/// A row of zones of one level.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Band {
    pub(super) level: Level,
    pub(super) place: Rect,
}

/// A panel with places.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) bands: Vec<Band>,
    /// Zones, then conduits, in the order of the panel.
    pub(super) blocks: Vec<(Rect, Block)>,
    pub(super) zones: usize,
    pub(super) wires: Vec<Wire>,
}

const MARGIN: f64 = 28.0;
/// Room for the names of levels.
const GUTTER: f64 = 132.0;
const LEAST: f64 = 960.0;
/// Room in a row above and below its zones.
const ROW: f64 = 18.0;
/// Room in which wires bend.
const CHANNEL: f64 = 54.0;
/// Room where wires only go past.
const PAST: f64 = 16.0;
/// Room between levels that no wire joins.
const SMALL: f64 = 14.0;
pub(super) const LEGEND: f64 = 64.0;

/// Gives everything its place.
#[must_use]
pub fn sheet(picture: &Picture) -> Sheet {
    let drafts: Vec<Draft<'_>> = picture.panels.iter().map(Draft::of).collect();
    let widest = drafts.iter().map(Draft::width).fold(LEAST, f64::max);
    let room = GUTTER + widest + 2.0 * ROW;
    let mut sheet = Sheet {
        width: room + 2.0 * MARGIN,
        height: MARGIN,
        texts: vec![],
        panels: vec![],
        legend: (MARGIN, 0.0),
    };
    sheet.write(&picture.title, bold(25.0), "title", room, 3);
    if !picture.about.is_empty() {
        sheet.write(&picture.about.join(" · "), plain(13.0), "muted", room, 3);
    }
    for (panel, draft) in picture.panels.iter().zip(drafts) {
        sheet.height += 14.0;
        sheet.head(panel, room, picture.panels.len() > 1);
        sheet.height += 10.0;
        let placed = draft.placed(MARGIN, sheet.height, room);
        sheet.height = placed.bands.iter().map(|band| band.place.y + band.place.height).fold(
            placed.blocks.iter().map(|(place, _)| place.y + place.height).fold(sheet.height, f64::max),
            f64::max,
        );
        sheet.panels.push(placed);
    }
    sheet.legend.1 = sheet.height + 22.0;
    sheet.height += 22.0 + LEGEND + MARGIN;
    sheet
}

impl Sheet {
    /// Writes below what is there.
    fn write(&mut self, text: &str, kind: Type, class: &'static str, room: f64, most: usize) {
        for text in wrap(text, room, kind, most) {
            self.height += (kind.size * 1.3).round();
            let y = self.height - (kind.size * 0.28).round();
            self.texts.push(Line { x: MARGIN, y, kind, class, text });
        }
    }

    fn head(&mut self, panel: &Panel, room: f64, several: bool) {
        if several {
            let title = format!("{} {}", panel.address, panel.title);
            self.write(&title, bold(18.0), "title", room, 2);
        }
        if !panel.about.is_empty() {
            self.write(&panel.about.join(", "), plain(13.0), "muted", room, 2);
        }
        let (class, words) = judged(&panel.judged);
        self.write(&words, bold(13.0), class, room, 2);
        for Mark { kind, text } in &panel.notes {
            let (sign, word) = kind.words();
            self.write(&format!("{sign} {word}: {text}"), plain(12.5), kind.class(), room, 4);
        }
    }

    /// Every box with the box that it stands in, none for those that stand on the sheet: for tests.
    #[must_use]
    pub fn boxes(&self) -> Vec<(Rect, Option<Rect>)> {
        let mut all = vec![];
        for (place, block) in self.panels.iter().flat_map(|panel| &panel.blocks) {
            all.push((*place, None));
            let inner = block.inner.iter().map(|inner| Rect {
                x: place.x + inner.x,
                y: place.y + inner.y,
                width: inner.width,
                height: inner.height,
            });
            all.extend(inner.map(|inner| (inner, Some(*place))));
        }
        all
    }

    /// Every line of text with the box that it stands in: for tests.
    #[must_use]
    pub fn lines(&self) -> Vec<(Rect, Option<Rect>, String)> {
        let of = |x: f64, y: f64, kind: Type, text: &str| Rect {
            x,
            y: y - kind.size * 0.74,
            width: width(text, kind),
            height: kind.size * 0.96,
        };
        let own = self
            .texts
            .iter()
            .map(|line| (of(line.x, line.y, line.kind, &line.text), None, line.text.clone()));
        let blocks = self.panels.iter().flat_map(|panel| &panel.blocks);
        let inner = blocks.flat_map(|(place, block)| {
            block.texts.iter().map(|text| {
                let at = of(place.x + text.x, place.y + text.y, text.kind, &text.words);
                (at, Some(*place), text.words.clone())
            })
        });
        own.chain(inner).collect()
    }

    /// Points along every wire, each with the boxes that it joins: for tests.
    #[must_use]
    pub fn wires(&self) -> Vec<(Vec<(f64, f64)>, Vec<Rect>)> {
        let mut all = vec![];
        for panel in &self.panels {
            let places: Vec<Rect> = panel.blocks.iter().map(|(place, _)| *place).collect();
            all.extend(panel.wires.iter().map(|wire| (wires::points(wire), places.clone())));
        }
        all
    }
}

/// What comparing said, in one line.
pub(super) fn judged(judged: &Judged) -> (&'static str, String) {
    match judged {
        Judged::Not(why) => ("untold", format!("? not compared with the plant: {why}")),
        Judged::AsIntended => ("fine", "✓ compared with the plant: as intended".to_owned()),
        Judged::Elsewhere(1) => {
            ("fine", "✓ firewalls as intended; 1 difference elsewhere, see `jig diff`".to_owned())
        }
        Judged::Elsewhere(count) => {
            ("fine", format!("✓ firewalls as intended; {count} differences elsewhere, see `jig diff`"))
        }
        Judged::Marked(MarkKind::Opens) => {
            ("opens", "! compared with the plant: something is open that nobody intended".to_owned())
        }
        Judged::Marked(MarkKind::Stops) => {
            ("stops", "× compared with the plant: something is stopped that should pass".to_owned())
        }
        Judged::Marked(MarkKind::Accepted | MarkKind::Note | MarkKind::Undecided) => {
            ("accepted", "~ compared with the plant: only differences that are accepted".to_owned())
        }
        Judged::Marked(MarkKind::Untold) => {
            ("untold", "? compared with the plant: part of it could not be told, see the marks".to_owned())
        }
    }
}

/// A zone that nothing reaches stands below a zone of the same lines, or of the same line.
fn pulls(panel: &Panel) -> Vec<(usize, usize)> {
    let is_joined =
        |key: &str| panel.conduits.iter().any(|conduit| conduit.ends.iter().any(|end| end == key));
    let of = |key: &str| key.split_once('@').map(|(_, group)| group.to_owned());
    let partner = |key: &str| {
        let mut zones = panel.zones.iter();
        zones.position(|zone| of(&zone.key).is_some() && of(&zone.key) == of(key) && is_joined(&zone.key))
    };
    let lone = panel.zones.iter().enumerate().filter(|(_, zone)| !is_joined(&zone.key));
    lone.filter_map(|(at, zone)| Some((at, partner(&zone.key)?))).collect()
}

/// A panel whose boxes have sizes, and places from left to right.
struct Draft<'a> {
    panel: &'a Panel,
    blocks: Vec<Block>,
    web: wires::Web,
    middles: Vec<f64>,
}

impl<'a> Draft<'a> {
    fn of(panel: &'a Panel) -> Self {
        let zones: Vec<Block> = panel.zones.iter().map(boxes::zone).collect();
        let conduits: Vec<Block> = panel.conduits.iter().map(boxes::conduit).collect();
        let widths = |blocks: &[Block]| blocks.iter().map(|block| block.width).collect::<Vec<_>>();
        let web = wires::web(panel, &widths(&zones), &widths(&conduits));
        let middles = layers::middles(&web.nodes, &web.links, &pulls(panel));
        Self { panel, blocks: zones.into_iter().chain(conduits).collect(), web, middles }
    }

    fn ends(&self) -> (f64, f64) {
        let each = || self.web.nodes.iter().zip(&self.middles);
        let left = each().map(|(node, x)| x - node.width / 2.0).fold(f64::INFINITY, f64::min);
        let right = each().map(|(node, x)| x + node.width / 2.0).fold(f64::NEG_INFINITY, f64::max);
        if left > right { (0.0, 0.0) } else { (left, right) }
    }

    fn width(&self) -> f64 {
        let (left, right) = self.ends();
        (right - left).ceil()
    }

    fn placed(mut self, left: f64, top: f64, room: f64) -> Placed {
        let layers = 2 * self.web.levels.len() + 1;
        let mut heights = vec![0.0f64; layers];
        let zones = self.panel.zones.len();
        for (node, block) in self.web.nodes.iter().zip(&self.blocks) {
            heights[node.layer] = heights[node.layer].max(block.height);
        }
        // All zones of a row are as high as the highest.
        for (at, block) in self.blocks.iter_mut().enumerate().take(zones) {
            block.height = heights[self.web.nodes[at].layer];
        }
        let (tops, bands) = self.rows(&heights, left, top, room);
        let (from, to) = self.ends();
        let shift = left + GUTTER + (room - GUTTER) / 2.0 - f64::midpoint(from, to);
        let spans: Vec<Span> = self
            .web
            .nodes
            .iter()
            .enumerate()
            .map(|(at, node)| {
                let layer = (tops[node.layer], tops[node.layer] + heights[node.layer]);
                let height = self.blocks.get(at).map_or(layer.1 - layer.0, |block| block.height);
                let down = ((layer.1 - layer.0 - height) / 2.0).round();
                let middle = (self.middles[at] + shift).round();
                let top = layer.0 + down;
                Span { middle, width: node.width, top, bottom: top + height, layer }
            })
            .collect();
        let wires = wires::drawn(self.panel, &self.web, &spans);
        let place = |(span, block): (&Span, Block)| {
            let rect = Rect {
                x: span.middle - block.width / 2.0,
                y: span.top,
                width: block.width,
                height: block.height,
            };
            (rect, block)
        };
        let blocks = spans.iter().zip(self.blocks).map(place).collect();
        Placed { bands, blocks, zones, wires }
    }

    /// Where each layer begins, and the bands of the levels.
    fn rows(&self, heights: &[f64], left: f64, top: f64, room: f64) -> (Vec<f64>, Vec<Band>) {
        let is_used = |layer: usize| self.web.nodes.iter().any(|node| node.layer == layer);
        let mut tops = vec![0.0; heights.len()];
        let mut bands = vec![];
        let mut y = top;
        for (layer, height) in heights.iter().enumerate() {
            if layer % 2 == 0 {
                let is_inside = layer > 0 && layer + 1 < heights.len();
                if is_used(layer) {
                    // Where wires only go past, they need no room to reach a box.
                    let room = if *height > 0.0 { CHANNEL } else { PAST };
                    let before = if layer > 0 { room } else { 0.0 };
                    let after = if layer + 1 < heights.len() { room } else { 0.0 };
                    tops[layer] = y + before;
                    y += before + height + after;
                } else {
                    tops[layer] = y;
                    y += if is_inside { SMALL } else { 0.0 };
                }
            } else {
                tops[layer] = y + ROW;
                let place = Rect { x: left, y, width: room, height: height + 2.0 * ROW };
                bands.push(Band { level: self.web.levels[layer / 2], place });
                y += height + 2.0 * ROW;
            }
        }
        (tops, bands)
    }
}
