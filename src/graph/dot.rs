//! DOT for Graphviz: zones in clusters by level, conduits as boxes of their own.

use super::letters::clean;
use super::picture::{Conduit, ConduitKind, Level, MarkKind, Panel, Picture, some};

pub(super) fn draw(picture: &Picture) -> String {
    let mut out = String::from("digraph zones {\n");
    out.push_str(&format!("  label={};\n", quoted(&[picture.title.clone(), picture.about.join(" · ")])));
    out.push_str("  labelloc=t; rankdir=TB; compound=true; nodesep=0.4; ranksep=0.6;\n");
    out.push_str("  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\", fontsize=11];\n");
    out.push_str("  edge [fontname=\"Helvetica\", fontsize=10];\n");
    for (number, panel) in picture.panels.iter().enumerate() {
        draw_panel(number, panel, &mut out);
    }
    out.push_str("}\n");
    out
}

fn draw_panel(number: usize, panel: &Panel, out: &mut String) {
    out.push_str(&format!("  subgraph cluster_p{number} {{\n"));
    out.push_str(&format!("    label={};\n", quoted(&[format!("{} {}", panel.address, panel.title)])));
    let mut levels: Vec<Level> = panel.zones.iter().map(|zone| zone.level).collect();
    levels.dedup();
    for level in levels {
        let (name, what) = level.words();
        out.push_str(&format!("    subgraph cluster_p{number}_l{} {{\n", level as usize));
        let style = if level.is_apart() { "dashed" } else { "filled" };
        out.push_str(&format!(
            "      label={}; style={style}; color=\"#c3ccd6\"; fillcolor=\"#f2f5f8\";\n",
            quoted(&[format!("{name}: {what}")])
        ));
        for (at, zone) in panel.zones.iter().enumerate().filter(|(_, zone)| zone.level == level) {
            let names: Vec<String> = zone.assets.iter().map(|asset| asset.name.clone()).collect();
            let mut lines = vec![zone.name.clone(), zone.prefixes.join(", "), some(&names, 12)];
            if zone.isolated {
                lines.push("isolated: nothing may reach it".to_owned());
            }
            let style = if zone.isolated { ", style=\"rounded,filled,dashed\"" } else { "" };
            out.push_str(&format!("      p{number}z{at} [label={}{style}];\n", quoted(&lines)));
        }
        out.push_str("    }\n");
    }
    out.push_str("  }\n");
    for (at, conduit) in panel.conduits.iter().enumerate() {
        draw_conduit((number, at), panel, conduit, out);
    }
    for (at, mark) in panel.notes.iter().enumerate() {
        let (sign, word) = mark.kind.words();
        let label = quoted(&[format!("{sign} {word}: {}", mark.text)]);
        out.push_str(&format!(
            "  p{number}n{at} [label={label}, shape=note, color=\"{}\"];\n",
            colour(Some(mark.kind))
        ));
    }
}

fn draw_conduit((number, at): (usize, usize), panel: &Panel, conduit: &Conduit, out: &mut String) {
    let place = |key: &String| panel.zones.iter().position(|zone| zone.key == *key);
    let [Some(one), Some(two)] = [place(&conduit.ends[0]), place(&conduit.ends[1])] else { return };
    let mut lines = vec![conduit.heading(), some(&conduit.lines, 6)];
    for flow in &conduit.flows {
        lines.push(format!("{} {}: {}, {}", flow.id, flow.purpose, flow.ends(3), flow.service));
    }
    for mark in conduit.all_marks() {
        let (sign, word) = mark.kind.words();
        lines.push(format!("{sign} {word}: {}", mark.text));
    }
    let (style, worst) = match conduit.kind {
        ConduitKind::Intended => ("solid", conduit.all_marks().first().map(|mark| mark.kind)),
        ConduitKind::Closed => ("dotted", None),
        ConduitKind::Drift => ("dashed", Some(MarkKind::Opens)),
        ConduitKind::Untold => ("dashed", Some(MarkKind::Untold)),
    };
    let colour = colour(worst);
    let id = format!("p{number}c{at}");
    out.push_str(&format!(
        "  {id} [label={}, style=\"filled,{style}\", fillcolor=\"#fcfdff\", color=\"{colour}\"];\n",
        quoted(&lines)
    ));
    let [to_one, to_two] = match conduit.kind {
        ConduitKind::Drift | ConduitKind::Untold => [false, true],
        _ => conduit.reaches(),
    };
    for (from, to, arrow, back) in [
        (format!("p{number}z{one}"), id.clone(), false, to_one),
        (id, format!("p{number}z{two}"), to_two, false),
    ] {
        let way = match (arrow, back) {
            (true, _) => "forward",
            (_, true) => "back",
            _ => "none",
        };
        out.push_str(&format!("  {from} -> {to} [dir={way}, style={style}, color=\"{colour}\"];\n"));
    }
}

fn colour(worst: Option<MarkKind>) -> &'static str {
    match worst {
        Some(MarkKind::Opens) => "#b3261e",
        Some(MarkKind::Untold) => "#8a5a00",
        Some(MarkKind::Stops) => "#7a1f92",
        Some(MarkKind::Undecided) => "#5b6675",
        Some(MarkKind::Accepted) => "#1d6b52",
        Some(MarkKind::Note) | None => "#4c6075",
    }
}

/// Lines as a quoted string: a backslash and a quote are all that means anything in it, a newline is `\n`.
fn quoted(lines: &[String]) -> String {
    let lines: Vec<String> = lines
        .iter()
        .filter(|line| !line.is_empty())
        // Graphviz reads entities of HTML in every label.
        .map(|line| clean(line).replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\""))
        .collect();
    format!("\"{}\"", lines.join("\\n"))
}
