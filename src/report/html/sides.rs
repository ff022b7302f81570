//! Two values side by side, with what differs between them marked.

use crate::report::words::{clean_lines, cut, plural};
use maud::{Markup, html};
use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};

/// Most lines and characters of one side that are shown.
const LINES: usize = 60;
const LINE: usize = 600;

/// Draws intended and deployed; `None` is what is not there.
pub(super) fn sides(intended: Option<&Json>, deployed: Option<&Json>) -> Markup {
    let (left, right) = (intended.map(text), deployed.map(text));
    let (marked_left, marked_right) = match (&left, &right) {
        (Some(left), Some(right)) => marked(left, right),
        (left, right) => (left.as_deref().map(whole), right.as_deref().map(whole)),
    };
    html! {
        div .sides {
            figure { figcaption { "Intended" } (side(marked_left.as_ref())) }
            figure { figcaption { "Deployed" } (side(marked_right.as_ref())) }
        }
    }
}

/// A line in parts, each with whether it differs.
type Line = Vec<(String, bool)>;

fn side(lines: Option<&Vec<Line>>) -> Markup {
    let Some(lines) = lines else { return html! { p .nothing { "nothing" } } };
    html! {
        pre tabindex="0" {
            @for line in lines.iter().take(LINES) {
                @for (part, differs) in line { @if *differs { mark { (part) } } @else { (part) } }
                "\n"
            }
            @if lines.len() > LINES { i { "and " (plural(lines.len() - LINES, "more line")) } }
        }
    }
}

/// A value as people write it.
fn text(value: &Json) -> String {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Array(_) | Json::Object(_) => serde_json::to_string_pretty(value).unwrap_or_default(),
        other => other.to_string(),
    };
    if text.is_empty() { "\"\"".to_owned() } else { clean_lines(&text) }
}

fn whole(text: &str) -> Vec<Line> {
    text.lines().map(|line| vec![(cut(line, LINE), false)]).collect()
}

fn marked(left: &str, right: &str) -> (Option<Vec<Line>>, Option<Vec<Line>>) {
    let (one, other) = (left.lines().count(), right.lines().count());
    if one <= 1 && other <= 1 {
        let from = hidden(left, right);
        let (left, right) = around(&window(left, from), &window(right, from));
        return (Some(vec![left]), Some(vec![right]));
    }
    if one.max(other) > 20 * LINES {
        return (Some(whole(left)), Some(whole(right)));
    }
    let diff = TextDiff::from_lines(left, right);
    let (mut lefts, mut rights) = (vec![], vec![]);
    for change in diff.iter_all_changes() {
        let line = cut(change.value().trim_end_matches('\n'), LINE);
        match change.tag() {
            ChangeTag::Equal => {
                lefts.push(vec![(line.clone(), false)]);
                rights.push(vec![(line, false)]);
            }
            ChangeTag::Delete => lefts.push(vec![(line, true)]),
            ChangeTag::Insert => rights.push(vec![(line, true)]),
        }
    }
    (Some(lefts), Some(rights))
}

/// How much of the beginning of two long lines is left out, so that what differs is seen.
fn hidden(left: &str, right: &str) -> usize {
    let shared = left.chars().zip(right.chars()).take_while(|(a, b)| a == b).count();
    if shared > LINE / 2 { shared - LINE / 4 } else { 0 }
}

fn window(text: &str, from: usize) -> String {
    let rest: String = text.chars().skip(from).collect();
    if from == 0 { cut(&rest, LINE) } else { format!("…{}", cut(&rest, LINE)) }
}

/// What two lines share at both ends is not marked.
fn around(left: &str, right: &str) -> (Line, Line) {
    let (one, other): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let start = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let room = one.len().min(other.len()) - start;
    let end = one.iter().rev().zip(other.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
    let parts = |text: &[char]| {
        let piece = |range: &[char]| range.iter().collect::<String>();
        let middle = text.len() - end;
        let parts = [
            (piece(&text[..start]), false),
            (piece(&text[start..middle]), true),
            (piece(&text[middle..]), false),
        ];
        parts.into_iter().filter(|(part, _)| !part.is_empty()).collect::<Line>()
    };
    (parts(&one), parts(&other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_marked() {
        let html = sides(Some(&Json::from("10.1.0.2")), Some(&Json::from("10.1.0.53"))).into_string();
        assert!(html.contains("10.1.0.<mark>2</mark>") && html.contains("10.1.0.<mark>53</mark>"), "{html}");
        let html = sides(Some(&Json::from("aa")), Some(&Json::from("aaa"))).into_string();
        assert!(html.contains("aa<mark>a</mark>"), "{html}");
    }

    #[test]
    fn what_differs_far_to_the_right_is_seen() {
        let long = "x".repeat(5000);
        let html =
            sides(Some(&Json::from(format!("{long}1"))), Some(&Json::from(format!("{long}2")))).into_string();
        assert!(html.contains("<mark>1</mark>") && html.len() < 2000, "{html}");
    }

    #[test]
    fn what_is_not_there_is_said() {
        let html = sides(None, Some(&Json::from("<b>"))).into_string();
        assert!(html.contains(">nothing<") && html.contains("&lt;b&gt;"), "{html}");
    }
}
