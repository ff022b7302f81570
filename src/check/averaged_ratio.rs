//! `averaged-ratio`: a query or formula that averages ratios.

use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::model::Kind;

pub(super) const RULE: Rule = Rule {
    name: "averaged-ratio",
    level: Level::Warning,
    soft: true,
    what: "A query or formula that averages ratios.",
    why: "The average of a good hour and an empty one is not the shift; ratios are made again from summed elements.",
    instead: "Sum the elements over the window, then divide.",
    see: "ISO 22400-2: ratios are formed from summed elements",
    check: Check::File(check),
};

fn check(scene: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    let _ = scene;
    if !matches!(file.file.kind, Kind::Dashboard | Kind::Alerts) {
        return;
    }
    let text = &file.file.text;
    for (at, _) in text.match_indices("avg") {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &text[at..];
        let Some(open) = rest.find('(').filter(|open| *open < 80) else { continue };
        let inner = inside(&rest[open..]);
        // `avg by (line) (...)`: the second pair holds what is averaged.
        let after = rest[open + inner.len() + 1..].trim_start_matches([')', ' ']);
        let by = rest[3..open].trim();
        let averaged =
            if matches!(by, "by" | "without") && after.starts_with('(') { inside(after) } else { inner };
        if averaged.contains(":ratio") {
            let finding = RULE.found("this averages ratios".to_owned()).at(file.line_at(at));
            found.push(file.owned(finding));
        }
    }
}

/// What stands between an opening bracket and its closing one.
fn inside(text: &str) -> &str {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[1..at];
        }
    }
    text.get(1..).unwrap_or_default()
}
