//! What stands in a box: a zone with its assets, a conduit with its flows. Places are relative to the box.

use super::letters::{Type, bold, clean, fit, plain, width, wrap};
use super::picture::{Asset, Conduit, ConduitKind, Flow, Mark, Zone, some};

/// A line of text in a box: where its base line begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) kind: Type,
    pub(super) class: &'static str,
    pub(super) words: String,
}

/// A smaller box in a box.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inner {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) class: String,
    pub(super) tip: String,
}

/// A box with all that stands in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Block {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) class: String,
    pub(super) tip: String,
    pub(super) texts: Vec<Text>,
    pub(super) inner: Vec<Inner>,
}

const PAD: f64 = 12.0;
const ZONE: f64 = 312.0;
const CARD: f64 = 272.0;
/// Height of an asset.
const CHIP: f64 = 36.0;
const GAP: f64 = 6.0;
/// Most assets in a zone, flows in a conduit, marks of one thing; what more there is stands in the tip.
const MOST_ASSETS: usize = 12;
const MOST_FLOWS: usize = 8;
const MOST_MARKS: usize = 3;
/// Most lines of a mark.
const MARK_LINES: usize = 6;

impl Block {
    fn new(width: f64, class: String, tip: String) -> Self {
        Self { width, height: PAD, class, tip, texts: vec![], inner: vec![] }
    }

    fn room(&self) -> f64 {
        self.width - 2.0 * PAD
    }

    /// Adds lines below what is there.
    fn add(&mut self, text: &str, kind: Type, class: &'static str, most: usize) {
        self.add_indented(text, kind, class, most, 0.0);
    }

    fn add_indented(&mut self, text: &str, kind: Type, class: &'static str, most: usize, by: f64) {
        for words in wrap(text, self.room() - by, kind, most) {
            self.height += (kind.size * 1.32).round();
            let y = self.height - (kind.size * 0.3).round();
            self.texts.push(Text { x: PAD + by, y, kind, class, words });
        }
    }

    fn mark(&mut self, mark: &Mark) {
        let (sign, word) = mark.kind.words();
        let top = self.height + 4.0;
        self.height += 7.0;
        let kind = bold(11.0);
        self.add_indented(&format!("{sign} {word}"), kind, mark.kind.class(), 1, 6.0);
        self.add_indented(&mark.text, plain(11.0), mark.kind.class(), MARK_LINES, 6.0);
        self.height += 4.0;
        self.inner.push(Inner {
            x: PAD - 2.0,
            y: top,
            width: self.room() + 4.0,
            height: self.height - top,
            class: format!("mark {}", mark.kind.class()),
            tip: clean(&mark.text),
        });
    }

    fn marks(&mut self, marks: &[Mark]) {
        marks.iter().take(MOST_MARKS).for_each(|mark| self.mark(mark));
        if marks.len() > MOST_MARKS {
            let more = format!("and {} more of that kind", marks.len() - MOST_MARKS);
            self.add(&more, plain(11.0), "muted", 1);
        }
    }
}

/// A zone.
pub(super) fn zone(zone: &Zone) -> Block {
    let class = format!("zone{}", if zone.isolated { " isolated" } else { "" });
    let mut block = Block::new(ZONE, class, zone_tip(zone));
    block.add(&zone.name, bold(15.0), "name", 2);
    let owner = zone.owner.clone().unwrap_or_else(|| "nobody answers for it".to_owned());
    let about: Vec<String> =
        std::iter::once(zone.id.clone()).chain(zone.security.clone()).chain([owner]).collect();
    block.add(&about.join(" · "), plain(11.0), "muted", 1);
    if zone.lines.is_empty() && !zone.prefixes.is_empty() {
        block.add(&some(&zone.prefixes, 2), plain(11.0), "muted", 1);
    }
    if zone.isolated {
        block.add("isolated: nothing may reach it", bold(11.0), "isolated-word", 1);
    }
    chips(&mut block, &zone.assets);
    block.height += PAD - 2.0;
    block
}

fn chips(block: &mut Block, assets: &[Asset]) {
    if assets.is_empty() {
        return;
    }
    let shown = if assets.len() > MOST_ASSETS { MOST_ASSETS - 1 } else { assets.len() };
    let more = assets.len() - shown;
    let rest = (more > 0).then(|| Asset {
        name: format!("and {more} more"),
        detail: "listed in the tip of the zone".to_owned(),
        used: false,
    });
    let across = (block.room() - GAP) / 2.0;
    let top = block.height + GAP;
    let all: Vec<&Asset> = assets.iter().take(shown).chain(&rest).collect();
    for (at, asset) in all.iter().enumerate() {
        let x = PAD + (at % 2) as f64 * (across + GAP);
        let y = top + (at / 2) as f64 * (CHIP + GAP);
        let used = if asset.used { "asset used" } else { "asset" };
        let tip = clean(&format!("{} {}", asset.name, asset.detail));
        block.inner.push(Inner { x, y, width: across, height: CHIP, class: used.to_owned(), tip });
        for (text, kind, class, down) in
            [(&asset.name, bold(12.0), "name", 15.0), (&asset.detail, plain(10.5), "muted", 29.0)]
        {
            let words = fit(text, across - 14.0, kind);
            block.texts.push(Text { x: x + 7.0, y: y + down, kind, class, words });
        }
    }
    let rows = all.len().div_ceil(2) as f64;
    block.height = top + rows * (CHIP + GAP) - GAP;
}

fn zone_tip(zone: &Zone) -> String {
    let mut parts = vec![format!("Zone {}: {}", zone.id, zone.name), zone.level.words().0.to_owned()];
    parts.extend(zone.security.clone());
    parts.extend(zone.owner.iter().map(|owner| format!("owner {owner}")));
    if !zone.prefixes.is_empty() {
        parts.push(zone.prefixes.join(", "));
    }
    parts.extend(zone.assets.iter().map(|asset| format!("{} {}", asset.name, asset.detail)));
    clean(&parts.join("; "))
}

/// A conduit, or a path that nobody intended.
pub(super) fn conduit(conduit: &Conduit) -> Block {
    let class = match conduit.kind {
        ConduitKind::Intended => "conduit",
        ConduitKind::Closed => "conduit closed",
        ConduitKind::Drift => "conduit drift",
        ConduitKind::Untold => "conduit doubt",
    };
    let mut block = Block::new(CARD, class.to_owned(), conduit_tip(conduit));
    block.add(&conduit.heading(), bold(12.5), "name", 3);
    if !conduit.lines.is_empty() {
        block.add(&some(&conduit.lines, 6), plain(11.0), "muted", 2);
    }
    if conduit.kind == ConduitKind::Closed {
        block.add("closed: no flow here", plain(11.5), "muted", 1);
    }
    for flow in conduit.flows.iter().take(MOST_FLOWS) {
        add_flow(&mut block, flow);
    }
    if conduit.flows.len() > MOST_FLOWS {
        let more = format!("and {} more flows", conduit.flows.len() - MOST_FLOWS);
        block.add(&more, plain(11.5), "muted", 1);
    }
    block.marks(&conduit.marks);
    if !conduit.about.is_empty() {
        block.height += 4.0;
        block.add(&conduit.about.join(" · "), plain(10.5), "muted", 2);
    }
    block.height += PAD - 2.0;
    block
}

fn add_flow(block: &mut Block, flow: &Flow) {
    block.height += 5.0;
    let id = bold(11.5);
    block.add(&flow.id, id, "flow", 1);
    // The purpose goes on where the id ends.
    let after = width(&format!("{} ", flow.id), id);
    let y = block.height - (id.size * 0.3).round();
    if after < block.room() {
        let words = fit(&flow.purpose, block.room() - after, plain(11.5));
        block.texts.push(Text { x: PAD + after, y, kind: plain(11.5), class: "text", words });
    }
    block.add(&flow.ends(3), plain(11.5), "text", 2);
    block.add(&format!("{} · {}", flow.service, flow.access), plain(11.0), "muted", 2);
    block.marks(&flow.marks);
}

fn conduit_tip(conduit: &Conduit) -> String {
    let mut parts = vec![conduit.heading()];
    if !conduit.lines.is_empty() {
        parts.push(format!("lines {}", conduit.lines.join(", ")));
    }
    parts.extend(conduit.about.iter().cloned());
    parts.extend(conduit.if_lost.iter().map(|lost| format!("if it is lost: {lost}")));
    parts.extend(conduit.flows.iter().map(flow_tip));
    parts.extend(conduit.marks.iter().map(|mark| format!("{}: {}", mark.kind.words().1, mark.text)));
    clean(&parts.join("; "))
}

/// A flow in one line.
pub(super) fn flow_tip(flow: &Flow) -> String {
    let ends = flow.ends(usize::MAX);
    let mut tip = format!("{} {}: {ends}, {}, {}", flow.id, flow.purpose, flow.service, flow.access);
    for mark in &flow.marks {
        tip.push_str(&format!(", {}: {}", mark.kind.words().1, mark.text));
    }
    tip
}
