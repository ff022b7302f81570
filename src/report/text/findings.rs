//! Text for a terminal: the place underlined, the other half of the story, who owns it, what to do next.

use crate::finding::{Finding, Level, Place};
use crate::report::Style;
use crate::report::findings::grouped;
use crate::report::words::{clean, clean_lines, plural, some};
use annotate_snippets::{AnnotationKind, Group, Level as Mark, Origin, Renderer, Snippet};

/// Draws findings; what is the same at several lines is drawn once, with all of them.
pub fn findings(findings: &[Finding], style: Style) -> String {
    let drawn =
        grouped(findings).into_iter().map(|(finding, addresses)| draw(finding, &addresses, style) + "\n\n");
    drawn.collect()
}

/// Most addresses that one finding lists.
const LISTED: usize = 8;

fn draw(finding: &Finding, addresses: &[&str], style: Style) -> String {
    let mark = match finding.level {
        Level::Error => Mark::ERROR,
        Level::Warning => Mark::WARNING,
        Level::Note => Mark::NOTE,
    };
    let message = clean_lines(&finding.message);
    let title = mark.primary_title(message).id(finding.rule);
    let mut group = match &finding.place {
        Some(place) => with_place(Group::with_title(title), place, None, AnnotationKind::Primary),
        None => Group::with_title(title),
    };
    for (place, words) in &finding.related {
        group = with_place(group, place, Some(words), AnnotationKind::Context);
    }
    if let Some(first) = addresses.first() {
        let what = match (first.contains('/'), addresses.len()) {
            (true, 1) => "line",
            (true, _) => "lines",
            (false, 1) => "site",
            (false, _) => "at",
        };
        let list = clean(&some(addresses, LISTED));
        group = group.element(Mark::NOTE.with_name(what).message(list));
    }
    if let Some(owner) = &finding.owner {
        group = group.element(Mark::NOTE.with_name("owner").message(clean(owner)));
    }
    if !finding.next.is_empty() {
        group = group.element(Mark::HELP.with_name("next").message(clean_lines(&finding.next)));
    }
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width);
    renderer.render(&[group])
}

fn with_place<'a>(
    group: Group<'a>,
    place: &'a Place,
    words: Option<&'a str>,
    kind: AnnotationKind,
) -> Group<'a> {
    let Some(range) = place.range.filter(|_| !place.excerpt.is_empty()) else {
        let mut origin = Origin::path(clean(&place.file));
        if let Some(range) = place.range {
            origin = origin.line(range.line as usize).char_column(range.column as usize);
        }
        return group.element(origin);
    };
    let start = offset(&place.excerpt, 0, range.column);
    let end = offset(&place.excerpt, range.end_line - range.line, range.end_column).max(start);
    let mut annotation = kind.span(start..end);
    if let Some(words) = words {
        annotation = annotation.label(clean(words));
    }
    let snippet = Snippet::source(&*place.excerpt).path(clean(&place.file)).line_start(range.line as usize);
    group.element(snippet.annotation(annotation))
}

/// The byte offset of a line (from 0) and column (from 1) in an excerpt.
fn offset(excerpt: &str, line: u32, column: u32) -> usize {
    let start = excerpt.split_inclusive('\n').take(line as usize).map(str::len).sum::<usize>();
    let rest = &excerpt[start..];
    start + rest.char_indices().nth(column as usize - 1).map_or(rest.len(), |(at, _)| at)
}

/// Says in one line what a deviation accepts: `accepted until 2026-12-18 by DV-0009: ...`.
pub fn accepted(finding: &Finding) -> String {
    let Some(by) = &finding.accepted else { return String::new() };
    let address = finding.address.as_deref().map(|address| format!(" at {address}")).unwrap_or_default();
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        let line = place.range.map(|range| format!(":{}", range.line)).unwrap_or_default();
        format!(" ({}{line})", place.file)
    });
    let line = format!(
        "accepted by {} until {}: {}{address}: {}{place}",
        by.deviation, by.until, finding.rule, finding.message
    );
    format!("{}\n", clean(&line))
}

/// Says how many findings of each level there are: `2 errors, 1 warning`.
pub fn summary_line(findings: &[Finding]) -> String {
    let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    let said = |level: Level, word: &str| Some(plural(count(level), word)).filter(|_| count(level) > 0);
    let parts = [said(Level::Error, "error"), said(Level::Warning, "warning"), said(Level::Note, "note")];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "no findings".into() } else { parts.join(", ") }
}
