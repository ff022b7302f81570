//! The page about findings: what is wrong, at its place, with its owner and the next step.

use super::drift::MANY;
use super::{Choice, Head, Names, Tile, batches, change, document, facts, filter};
use crate::check;
use crate::finding::{Finding, Level, Place};
use crate::report::Findings;
use crate::report::words::{clean, clean_lines, plural};
use maud::{Markup, html};

pub(super) fn page(report: &Findings<'_>) -> Markup {
    let (mut rules, mut owners, mut addresses) = (Names::default(), Names::default(), Names::default());
    let drawn: Vec<(Level, Vec<Markup>)> = [Level::Error, Level::Warning, Level::Note]
        .into_iter()
        .map(|level| {
            let here = report.list.iter().enumerate().filter(|(_, finding)| finding.level == level);
            let cards = here.map(|(at, finding)| {
                let numbers = [
                    rules.number(finding.rule),
                    finding.owner.as_deref().map_or(usize::MAX, |owner| owners.number(owner)),
                    finding.address.as_deref().map_or(usize::MAX, |address| addresses.number(address)),
                ];
                card(at + 1, finding, numbers)
            });
            (level, cards.collect())
        })
        .collect();
    let levels = drawn.iter().filter(|(_, cards)| !cards.is_empty());
    let levels = levels.map(|(level, _)| (level.as_str().to_owned(), level.as_str().to_owned())).collect();
    let choices = [
        Choice { key: "v", label: "Level", values: levels },
        rules.choice("r", "Rule"),
        addresses.choice("l", "Line"),
        owners.choice("o", "Owner"),
    ];
    let main = html! {
        main #main .many[report.list.len() > MANY] tabindex="-1" {
            @if let Some(change) = report.change { (change::draw(change)) }
            section #differences aria-labelledby="differences-title" tabindex="-1" {
                h2 #differences-title { "Findings" }
                @if report.list.is_empty() { p .empty { "None." } } @else {
                    (filter(&choices))
                    p #none .empty hidden { "Nothing matches the filter." }
                }
                @for (level, cards) in &drawn {
                    @if !cards.is_empty() {
                        section .part aria-labelledby={ "s-" (level.as_str()) } {
                            h3 #{ "s-" (level.as_str()) } { (title(*level)) " " small { (cards.len()) } }
                            (batches(cards))
                        }
                    }
                }
            }
        }
    };
    document(&head(report), main)
}

fn title(level: Level) -> &'static str {
    match level {
        Level::Error => "Errors",
        Level::Warning => "Warnings",
        Level::Note => "Notes",
    }
}

fn tone(level: Level) -> &'static str {
    match level {
        Level::Error => "grave",
        Level::Warning => "drift",
        Level::Note => "quiet",
    }
}

fn head(report: &Findings<'_>) -> Head {
    let count = |level: Level| report.count(level);
    let [errors, warnings, notes] = [count(Level::Error), count(Level::Warning), count(Level::Note)];
    let (state, verdict) = match (report.is_blind(), errors, warnings + notes) {
        (true, ..) => ("untold", "Could not tell: something could not be read or understood".to_owned()),
        (_, 1.., _) => ("grave", format!("{} to correct", plural(errors, "error"))),
        (_, _, 1..) => ("behind", "In order, with remarks".to_owned()),
        _ => ("in-order", "Everything is in order".to_owned()),
    };
    let mut about: Vec<String> = report.as_of.map(|date| format!("as of {date}")).into_iter().collect();
    match report.change {
        Some(change) => {
            about.push(format!(
                "changes {} and {}",
                plural(change.effect.lines, "line"),
                plural(change.effect.files, "file")
            ));
            about.extend(Some(change.compared.clone()).filter(|compared| !compared.is_empty()));
            about.extend(change.risk().map(|risk| format!("risk: {risk}")));
        }
        None => about.extend([plural(report.lines, "line"), plural(report.sites, "site")]),
    }
    let name = if report.name.is_empty() { String::new() } else { format!("{}: ", report.name) };
    Head {
        title: format!("{name}jig {}", report.command),
        state,
        verdict,
        about,
        tiles: vec![
            Tile { count: errors, word: "errors", state: "grave" },
            Tile { count: warnings, word: "warnings", state: "drift" },
            Tile { count: notes, word: "notes", state: "quiet" },
        ],
    }
}

fn card(id: usize, finding: &Finding, [rule, owner, address]: [usize; 3]) -> Markup {
    let known = |number: usize| if number == usize::MAX { String::new() } else { number.to_string() };
    let id = format!("d{id}");
    let what = check::rule(finding.rule).map(|rule| rule.why);
    html! {
        article .card.(tone(finding.level)) #(id) data-v=(finding.level.as_str()) data-r=(rule) data-o=(known(owner)) data-l=(known(address)) data-n="1" {
            header { span .chip.(tone(finding.level)) { (finding.level.as_str()) } h4 { a href={ "#" (id) } { (clean(&finding.message)) } } span .chip.state { (finding.rule) } }
            @if let Some(place) = &finding.place { (source(place, None)) }
            @for (place, words) in &finding.related { (source(place, Some(words))) }
            (facts(&[
                ("Line", finding.address.clone().unwrap_or_default()),
                ("Owner", finding.owner.clone().unwrap_or_default()),
                ("Next", finding.next.clone()),
                ("Why it matters", what.unwrap_or_default().to_owned()),
            ]))
        }
    }
}

/// A place with its source, what is meant marked.
fn source(place: &Place, words: Option<&str>) -> Markup {
    let at = place.range.map(|range| format!(":{}:{}", range.line, range.column)).unwrap_or_default();
    html! {
        p .place { code { (clean(&place.file)) (at) } @if let Some(words) = words { " " (clean(words)) } }
        @if let Some(range) = place.range.filter(|_| !place.excerpt.is_empty()) {
            pre .source tabindex="0" {
                @for (at, line) in place.excerpt.lines().enumerate() {
                    @let number = range.line as usize + at;
                    @let start = if at == 0 { range.column as usize - 1 } else { 0 };
                    @let end = if number == range.end_line as usize { range.end_column as usize - 1 } else { usize::MAX };
                    span .no { (number) "  " } (piece(line, 0, start)) mark { (piece(line, start, end)) } (piece(line, end, usize::MAX)) "\n"
                }
            }
        }
    }
}

fn piece(line: &str, start: usize, end: usize) -> String {
    clean_lines(&line.chars().skip(start).take(end.saturating_sub(start)).collect::<String>())
}
