//! SVG: one file that needs nothing else, light or dark as its reader prefers, readable without colour on paper.
//!
//! No script and no address: signs and words carry what colour repeats, and every box says its whole text in a title.

use super::boxes::{Block, Text};
use super::letters::clean;
use super::picture::{Conduit, LEVELS, Level, Panel, Picture};
use super::sheet::{Band, LEGEND, Line, Placed, Rect, Sheet, judged, sheet};
use super::wires::{Step, Wire, handles};

/// How it looks; drawing programs know no variables, so colours stand where they are used.
const STYLE: &str = include_str!("sheet.css");

pub(super) fn draw(picture: &Picture) -> String {
    let sheet = sheet(picture);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"title desc\" \
         width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n",
        w = number(sheet.width),
        h = number(sheet.height)
    );
    out.push_str(&format!("<title id=\"title\">{}</title>\n", text(&picture.title)));
    out.push_str(&format!("<desc id=\"desc\">{}</desc>\n", text(&description(picture))));
    out.push_str(&format!("<style>\n{STYLE}</style>\n"));
    out.push_str(DEFS);
    let whole = Rect { x: 0.0, y: 0.0, width: sheet.width, height: sheet.height };
    out.push_str(&rect(&whole, "paper", 0.0));
    sheet.texts.iter().for_each(|line| out.push_str(&written(line)));
    for (panel, placed) in picture.panels.iter().zip(&sheet.panels) {
        draw_panel(panel, placed, &mut out);
    }
    legend(&sheet, &mut out);
    out.push_str("</svg>\n");
    out
}

/// Arrows, and the hatching of levels that stand apart.
const DEFS: &str = "<defs>\n\
    <marker id=\"arrow\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" \
    orient=\"auto-start-reverse\"><path class=\"head\" d=\"M0 0L10 5L0 10z\"/></marker>\n\
    <marker id=\"arrow-bad\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"6\" markerHeight=\"6\" \
    orient=\"auto-start-reverse\"><path class=\"head-bad\" d=\"M0 0L10 5L0 10z\"/></marker>\n\
    <pattern id=\"hatch\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
    <path class=\"hatch\" d=\"M0 0V8\"/></pattern>\n</defs>\n";

/// The picture in sentences, for whoever does not see it.
fn description(picture: &Picture) -> String {
    let mut parts = vec![];
    for panel in &picture.panels {
        parts.push(format!("{} {}: {}.", panel.address, panel.title, judged(&panel.judged).1));
        for zone in &panel.zones {
            parts.push(format!("Zone {} at {}.", zone.name, zone.level.words().0));
        }
        for conduit in &panel.conduits {
            parts.push(sentence(panel, conduit));
        }
        for mark in &panel.notes {
            parts.push(format!("{}: {}.", mark.kind.words().1, mark.text));
        }
    }
    parts.join(" ")
}

fn sentence(panel: &Panel, conduit: &Conduit) -> String {
    let name = |key: &String| {
        panel.zones.iter().find(|zone| zone.key == *key).map_or(key.clone(), |zone| zone.name.clone())
    };
    let ends = format!("between {} and {}", name(&conduit.ends[0]), name(&conduit.ends[1]));
    let flows: Vec<String> = conduit.flows.iter().map(super::boxes::flow_tip).collect();
    let marks = conduit.marks.iter().map(|mark| format!("{}: {}", mark.kind.words().1, mark.text));
    let said: Vec<String> = flows.into_iter().chain(marks).collect();
    let said = if said.is_empty() { "no flow".to_owned() } else { said.join("; ") };
    format!("{} {ends}: {said}.", conduit.heading())
}

fn draw_panel(panel: &Panel, placed: &Placed, out: &mut String) {
    placed.bands.iter().for_each(|band| draw_band(band, out));
    for (at, (place, block)) in placed.blocks.iter().enumerate() {
        if at < placed.zones {
            draw_block(place, block, "", out);
        }
    }
    for (number, (place, block)) in placed.blocks[placed.zones..].iter().enumerate() {
        let conduit = &panel.conduits[number];
        out.push_str(&format!("<g class=\"path\"><title>{}</title>\n", text(&block.tip)));
        for wire in placed.wires.iter().filter(|wire| wire.conduit == number) {
            draw_wire(wire, out);
        }
        draw_block(place, block, if conduit.kind == super::ConduitKind::Drift { "3" } else { "" }, out);
        out.push_str("</g>\n");
    }
}

fn draw_band(band: &Band, out: &mut String) {
    let level = LEVELS.iter().position(|(level, ..)| *level == band.level).unwrap_or_default();
    let place = &band.place;
    out.push_str(&rect(place, "band", 6.0));
    if band.level.is_apart() {
        out.push_str(&rect(place, "apart", 6.0));
    }
    let strip = Rect { width: 6.0, ..*place };
    out.push_str(&rect(&strip, &format!("level-{level}"), 3.0));
    let (name, what) = Level::words(band.level);
    let (x, y) = (place.x + 18.0, place.y + 30.0);
    out.push_str(&format!(
        "<text class=\"level\" x=\"{}\" y=\"{}\">{}</text>\n",
        number(x),
        number(y),
        text(name)
    ));
    for (line, words) in super::letters::wrap(what, 104.0, super::letters::plain(11.0), 3).iter().enumerate()
    {
        let y = y + 17.0 + 14.0 * line as f64;
        out.push_str(&format!(
            "<text class=\"muted\" font-size=\"11\" x=\"{}\" y=\"{}\">{}</text>\n",
            number(x),
            number(y),
            text(words)
        ));
    }
}

fn draw_block(place: &Rect, block: &Block, corner: &str, out: &mut String) {
    out.push_str(&format!(
        "<g class=\"{}\" transform=\"translate({} {})\"><title>{}</title>\n",
        block.class,
        number(place.x),
        number(place.y),
        text(&block.tip)
    ));
    let radius = if corner.is_empty() { 8.0 } else { 3.0 };
    out.push_str(&rect(&Rect { x: 0.0, y: 0.0, width: place.width, height: place.height }, "box", radius));
    for inner in &block.inner {
        let at = Rect { x: inner.x, y: inner.y, width: inner.width, height: inner.height };
        out.push_str(&format!(
            "<g><title>{}</title>{}</g>\n",
            text(&inner.tip),
            rect(&at, &inner.class, 4.0).trim_end()
        ));
    }
    for Text { x, y, kind, class, words } in &block.texts {
        out.push_str(&line(*x, *y, kind.size, kind.bold, class, words));
    }
    out.push_str("</g>\n");
}

fn draw_wire(wire: &Wire, out: &mut String) {
    let mut path = String::new();
    for step in &wire.path {
        match *step {
            Step::Start(x, y) => path.push_str(&format!("M{} {}", number(x), number(y))),
            Step::Down(y) => path.push_str(&format!("V{}", number(y))),
            Step::Curve { from, to } => {
                let [one, two] = handles(from, to);
                let corners: Vec<String> =
                    [one.0, one.1, two.0, two.1, to.0, to.1].into_iter().map(number).collect();
                path.push_str(&format!("C{}", corners.join(" ")));
            }
        }
    }
    let is_bad = ["drift", "doubt", "opens"].iter().any(|word| wire.class.contains(word));
    let arrow = if is_bad { "arrow-bad" } else { "arrow" };
    let arrow = match (wire.arrives, wire.zone_above) {
        (false, _) => String::new(),
        (true, true) => format!(" marker-start=\"url(#{arrow})\""),
        (true, false) => format!(" marker-end=\"url(#{arrow})\""),
    };
    out.push_str(&format!("<path class=\"{}\" d=\"{path}\"{arrow}/>\n", wire.class));
}

/// What the signs mean.
fn legend(sheet: &Sheet, out: &mut String) {
    let (x, y) = sheet.legend;
    let place = Rect { x, y, width: sheet.width - 2.0 * x, height: LEGEND };
    out.push_str(&rect(&place, "legend", 6.0));
    let signs: [(&str, &str); 6] = [
        ("wire", "a conduit; the arrow points at who is called"),
        ("wire drift", "! open, and nobody intended it"),
        ("wire doubt", "? nobody can tell"),
        ("wire stops", "× stopped, and should pass"),
        ("wire undecided", "– not decided: not rendered"),
        ("wire closed", "closed: no flow here"),
    ];
    let across = place.width / 3.0;
    for (at, (class, words)) in signs.iter().enumerate() {
        let x = x + 16.0 + across * (at % 3) as f64;
        let y = y + 22.0 + 24.0 * (at / 3) as f64;
        let arrow = if at == 0 { " marker-end=\"url(#arrow)\"" } else { "" };
        out.push_str(&format!(
            "<path class=\"{class}\" d=\"M{} {}H{}\"{arrow}/>\n",
            number(x),
            number(y),
            number(x + 34.0)
        ));
        let words = super::letters::fit(words, across - 60.0, super::letters::plain(12.0));
        out.push_str(&line(x + 44.0, y + 4.0, 12.0, false, "text", &words));
    }
}

fn written(of: &Line) -> String {
    line(of.x, of.y, of.kind.size, of.kind.bold, of.class, &of.text)
}

fn line(x: f64, y: f64, size: f64, bold: bool, class: &str, words: &str) -> String {
    let weight = if bold { " font-weight=\"600\"" } else { "" };
    format!(
        "<text class=\"{class}\" x=\"{}\" y=\"{}\" font-size=\"{}\"{weight}>{}</text>\n",
        number(x),
        number(y),
        number(size),
        text(words)
    )
}

fn rect(place: &Rect, class: &str, radius: f64) -> String {
    let radius = if radius > 0.0 { format!(" rx=\"{}\"", number(radius)) } else { String::new() };
    format!(
        "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{radius}/>\n",
        number(place.x),
        number(place.y),
        number(place.width),
        number(place.height)
    )
}

/// A number as short as it can be told to half a pixel.
fn number(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{:.1}", tenths as f64 / 10.0) }
}

/// Words as XML.
fn text(words: &str) -> String {
    clean(words)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
