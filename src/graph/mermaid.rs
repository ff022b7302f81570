//! Mermaid: a flowchart that GitHub and GitLab draw in Markdown; zones stand in groups by level.
//!
//! Everything that any of its grammars, its preprocessor or Markdown could read is written as a number (`#35;`);
//! identifiers are counted, never taken from names.

use super::letters::clean;
use super::picture::{Conduit, ConduitKind, Level, MarkKind, Panel, Picture, some};
use crate::resolve::filters::mermaid;

pub(super) fn draw(picture: &Picture) -> String {
    let mut out = String::from("flowchart TB\n");
    for (number, panel) in picture.panels.iter().enumerate() {
        Drawing { out: &mut out, panel, number, links: vec![] }.panel(picture.panels.len() > 1);
    }
    for (class, style) in [
        ("drift", "stroke:#b3261e,stroke-width:3px,stroke-dasharray:6 4"),
        ("doubt", "stroke:#8a5a00,stroke-width:3px,stroke-dasharray:3 4"),
        ("isolated", "stroke:#8a6100,stroke-width:2px,stroke-dasharray:3 3"),
        ("undecided", "stroke:#5b6675,stroke-dasharray:6 6"),
        ("stops", "stroke:#7a1f92,stroke-width:3px,stroke-dasharray:10 3"),
    ] {
        out.push_str(&format!("  classDef {class} {style}\n"));
    }
    out
}

struct Drawing<'a> {
    out: &'a mut String,
    panel: &'a Panel,
    number: usize,
    /// Classes of nodes, said at the end.
    links: Vec<(String, &'static str)>,
}

impl Drawing<'_> {
    fn panel(&mut self, several: bool) {
        let panel = self.panel;
        if several {
            let title = format!("{} {}", panel.address, panel.title);
            self.out.push_str(&format!("  subgraph p{}[\"{}\"]\n", self.number, label(&title)));
        }
        let mut levels: Vec<Level> = panel.zones.iter().map(|zone| zone.level).collect();
        levels.dedup();
        for level in levels {
            self.level(level);
        }
        for (number, conduit) in panel.conduits.iter().enumerate() {
            self.conduit(number, conduit);
        }
        for (at, mark) in panel.notes.iter().enumerate() {
            let (sign, word) = mark.kind.words();
            let id = format!("p{}n{at}", self.number);
            self.out.push_str(&format!("  {id}[\"{}\"]\n", label(&format!("{sign} {word}: {}", mark.text))));
            self.links.extend(class(mark.kind).map(|class| (id, class)));
        }
        if several {
            self.out.push_str("  end\n");
        }
        for (id, class) in std::mem::take(&mut self.links) {
            self.out.push_str(&format!("  class {id} {class}\n"));
        }
    }

    fn level(&mut self, level: Level) {
        let (name, what) = level.words();
        self.out.push_str(&format!(
            "  subgraph p{}l{}[\"{}\"]\n",
            self.number,
            level as usize,
            label(&format!("{name}: {what}"))
        ));
        for (at, zone) in self.panel.zones.iter().enumerate().filter(|(_, zone)| zone.level == level) {
            let mut lines = vec![zone.name.clone(), zone.prefixes.join(", ")];
            if zone.isolated {
                lines.push("isolated: nothing may reach it".to_owned());
                self.links.push((self.zone(at), "isolated"));
            }
            let names: Vec<String> = zone.assets.iter().map(|asset| asset.name.clone()).collect();
            lines.push(some(&names, 12));
            self.out.push_str(&format!("    {}[\"{}\"]\n", self.zone(at), rows(&lines)));
        }
        self.out.push_str("  end\n");
    }

    fn zone(&self, at: usize) -> String {
        format!("p{}z{at}", self.number)
    }

    fn conduit(&mut self, number: usize, conduit: &Conduit) {
        let place = |key: &String| self.panel.zones.iter().position(|zone| zone.key == *key);
        let [Some(one), Some(two)] = [place(&conduit.ends[0]), place(&conduit.ends[1])] else { return };
        let id = format!("p{}c{number}", self.number);
        let mut lines = vec![conduit.heading(), some(&conduit.lines, 6)];
        for flow in &conduit.flows {
            lines.push(format!("{} {}: {}, {}", flow.id, flow.purpose, flow.ends(3), flow.service));
        }
        for mark in conduit.all_marks() {
            let (sign, word) = mark.kind.words();
            lines.push(format!("{sign} {word}: {}", mark.text));
        }
        if conduit.kind == ConduitKind::Closed {
            lines.push("closed: no flow here".to_owned());
        }
        self.out.push_str(&format!("  {id}([\"{}\"])\n", rows(&lines)));
        let [to_one, to_two] = match conduit.kind {
            ConduitKind::Drift | ConduitKind::Untold => [false, true],
            _ => conduit.reaches(),
        };
        let line = if matches!(conduit.kind, ConduitKind::Intended) { "---" } else { "-.-" };
        let arrow = if matches!(conduit.kind, ConduitKind::Intended) { "-->" } else { "-.->" };
        let (one, two) = (self.zone(one), self.zone(two));
        // What is called stands at the point of the arrow.
        for (zone, reaches, first) in [(&one, to_one, true), (&two, to_two, false)] {
            let link = match (reaches, first) {
                (true, _) => format!("{id} {arrow} {zone}"),
                (false, true) => format!("{zone} {line} {id}"),
                (false, false) => format!("{id} {line} {zone}"),
            };
            self.out.push_str(&format!("  {link}\n"));
        }
        let worst = match conduit.kind {
            ConduitKind::Drift => Some("drift"),
            ConduitKind::Untold => Some("doubt"),
            _ => conduit.all_marks().first().and_then(|mark| class(mark.kind)),
        };
        self.links.extend(worst.map(|class| (id, class)));
    }
}

fn class(kind: MarkKind) -> Option<&'static str> {
    match kind {
        MarkKind::Opens => Some("drift"),
        MarkKind::Untold => Some("doubt"),
        MarkKind::Stops => Some("stops"),
        MarkKind::Undecided => Some("undecided"),
        MarkKind::Accepted | MarkKind::Note => None,
    }
}

/// Lines of a label, without the empty ones.
fn rows(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().filter(|line| !line.is_empty()).map(|line| label(line)).collect();
    lines.join("<br/>")
}

/// A text inside double quotes.
fn label(text: &str) -> String {
    mermaid(&clean(text))
}
