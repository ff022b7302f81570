//! The page about a capture: what stands out first, then each value, what follows from them, and what is still needed.

use super::drift::MANY;
use super::{Choice, Head, Names, Tile, batches, document, facts, filter};
use crate::capture::report::{Input, Outlier, Report};
use crate::report::Captured;
use crate::report::words::{clean, plural};
use maud::{Markup, html};

/// Values of an input that a card shows; JSON has all.
const VALUES: usize = 40;
/// Places that a card shows before they are folded.
const PLACES: usize = 3;

/// Cards of one kind.
struct Part {
    id: &'static str,
    title: &'static str,
    about: &'static str,
    cards: Vec<Card>,
}

/// One thing that was found.
struct Card {
    tone: &'static str,
    chip: String,
    title: String,
    state: String,
    /// The line that it is about.
    address: Option<String>,
    body: Markup,
}

pub(super) fn page(captured: &Captured<'_>) -> Markup {
    let parts: Vec<Part> = parts(captured.report).into_iter().filter(|part| !part.cards.is_empty()).collect();
    let mut addresses = Names::default();
    let mut count = 0;
    let mut drawn = vec![];
    for part in &parts {
        let cards: Vec<Markup> = part
            .cards
            .iter()
            .map(|card| {
                count += 1;
                draw(count, part.id, card, card.address.as_deref().map(|address| addresses.number(address)))
            })
            .collect();
        drawn.push((part, cards));
    }
    let of_parts = parts.iter().map(|part| (part.id.to_owned(), part.title.to_owned())).collect();
    let choices = [Choice { key: "v", label: "Part", values: of_parts }, addresses.choice("l", "Line")];
    let main = html! {
        main #main .many[count > MANY] tabindex="-1" {
            (proof(captured))
            section #differences aria-labelledby="differences-title" tabindex="-1" {
                h2 #differences-title { "What was found" }
                @if count == 0 { p .empty { "Nothing differs." } } @else {
                    (filter(&choices))
                    p #none .empty hidden { "Nothing matches the filter." }
                }
                @for (part, cards) in &drawn {
                    section .part aria-labelledby={ "s-" (part.id) } {
                        h3 #{ "s-" (part.id) } { (part.title) " " small { (cards.len()) } }
                        p .about { (part.about) }
                        (batches(cards))
                    }
                }
            }
        }
    };
    document(&head(captured), main)
}

fn draw(id: usize, part: &str, card: &Card, address: Option<usize>) -> Markup {
    let id = format!("d{id}");
    let address = address.map_or(String::new(), |number| number.to_string());
    html! {
        article .card.(card.tone) #(id) data-v=(part) data-l=(address) data-n="1" {
            header { span .chip.(card.tone) { (clean(&card.chip)) } h4 { a href={ "#" (id) } { (clean(&card.title)) } } @if !card.state.is_empty() { span .chip.state { (clean(&card.state)) } } }
            (card.body)
        }
    }
}

fn head(captured: &Captured<'_>) -> Head {
    let report = captured.report;
    let (exact, files) = report.exact;
    let (state, verdict) = match (&report.refused, captured.is_proven()) {
        (Some(reason), _) => ("grave", format!("Not one role: {reason}")),
        (None, false) => ("grave", format!("Not proven: only {exact} of {files} files come back")),
        (None, true) => ("in-order", format!("Proven: {exact}/{files} files exact")),
    };
    let ratio = |share: f64| format!("{:.0} %", share * 100.0);
    let about = vec![
        plural(report.lines.len(), "line"),
        format!("{} of the templates is text", ratio(report.literal_share)),
        format!("templates and values are {} of the files", ratio(report.size_ratio)),
    ];
    let tile = |count, word, state| Tile { count, word, state };
    Head {
        title: format!("{}: jig capture", captured.blueprint),
        state,
        verdict,
        about,
        tiles: vec![
            tile(report.count(&["required", "list"]), "inputs", "approved"),
            tile(report.count(&["defaulted", "override", "switch", "layout"]), "defaults", "behind"),
            tile(report.derived.len(), "formulas", "in-order"),
            tile(report.outliers.len(), "candidates for drift", "drift"),
            tile(report.aside.len(), "set aside", "untold"),
            tile(report.secrets.len(), "secrets taken out", "grave"),
            tile(report.needs.len(), "answers needed", "mild"),
        ],
    }
}

/// What was written, or why nothing was.
fn proof(captured: &Captured<'_>) -> Markup {
    html! {
        section aria-labelledby="proof-title" {
            h2 #proof-title { "Proof" }
            @if captured.is_proven() {
                p { "Rendered again and compared byte for byte, with references where secrets stood." }
            }
            @if let Some(next) = captured.next() {
                p { "Wrote " (plural(captured.written.len(), "file")) " to " code { (clean(captured.fleet)) } ". Next: " code { (clean(&next)) } }
            } @else {
                p { "Nothing was written." }
            }
        }
    }
}

fn parts(report: &Report) -> Vec<Part> {
    let part = |id, title, about, cards| Part { id, title, about, cards };
    vec![
        part("broken", "Not exact", "These files do not come back byte for byte.", mismatches(report)),
        part(
            "aside",
            "Set aside",
            "Another role: too much of it is its own or missing. It has no part in the blueprint.",
            aside(report),
        ),
        part(
            "drift",
            "Candidates for drift",
            "What all others have alike and one has not; the most certain first.",
            report.outliers.iter().enumerate().map(|(at, outlier)| candidate(at + 1, outlier)).collect(),
        ),
        part(
            "input",
            "Inputs",
            "Each line answers these.",
            inputs(report, &["required", "list"], "approved"),
        ),
        part(
            "default",
            "Defaults",
            "Most lines are alike; a line may override them.",
            inputs(report, &["defaulted", "override", "switch", "layout"], "behind"),
        ),
        part("formula", "Formulas", "What follows from the values.", formulas(report)),
        part("block", "Optional blocks", "What only some lines have.", blocks(report)),
        part(
            "question",
            "Not replaced",
            "It may mean something else; --confirm asks.",
            report.questions.iter().map(question).collect(),
        ),
        part("secret", "Secrets", "Taken out before anything was written.", secrets(report)),
        part(
            "connection",
            "Connections",
            "What the files speak of, to be owned and decided as flows.",
            connections(report),
        ),
        part("need", "Still needed", "A draft is no standard yet.", needs(report)),
    ]
}

fn card(tone: &'static str, chip: &str, title: &str, body: Markup) -> Card {
    Card { tone, chip: chip.to_owned(), title: title.to_owned(), state: String::new(), address: None, body }
}

fn mismatches(report: &Report) -> Vec<Card> {
    let all = report.mismatches.iter();
    all.map(|((address, path), reason)| Card {
        address: Some(address.clone()),
        ..card("grave", "not exact", &format!("{address} {path}"), html! { p .note { (clean(reason)) } })
    })
    .collect()
}

fn aside(report: &Report) -> Vec<Card> {
    let all = report.aside.iter();
    all.map(|aside| {
        let share = format!("{:.0} % of its lines are its own or missing", aside.share * 100.0);
        Card {
            state: share,
            address: Some(aside.address.clone()),
            ..card("untold", "set aside", &aside.address, listed(&aside.examples))
        }
    })
    .collect()
}

fn candidate(rank: usize, outlier: &Outlier) -> Card {
    let line = outlier.line.map_or(String::new(), |line| format!(":{line}"));
    let side = |title: &str, text: &Option<String>| {
        html! {
            figure { figcaption { (title) }
                @match text { Some(text) => { pre { (clean(text)) } }, None => { p .nothing { "nothing" } } }
            }
        }
    };
    let body = html! {
        p .place { code { (clean(&outlier.file)) (line) } " " (clean(&outlier.place)) }
        div .sides {
            (side(&format!("{} others", outlier.agree), &outlier.expected))
            (side(&outlier.address, &outlier.found))
        }
    };
    Card {
        state: outlier.reason.replace('-', " "),
        address: Some(outlier.address.clone()),
        ..card("drift", &rank.to_string(), &outlier.address, body)
    }
}

fn inputs(report: &Report, kinds: &[&str], tone: &'static str) -> Vec<Card> {
    report.inputs.iter().filter(|input| kinds.contains(&input.kind)).map(|input| one(input, tone)).collect()
}

fn one(input: &Input, tone: &'static str) -> Card {
    let mut values: Vec<String> = input.values.iter().take(VALUES).cloned().collect();
    if input.distinct > values.len() && !values.is_empty() {
        values.push(format!("and {} more", input.distinct - values.len()));
    }
    let evidence = if input.evidence > 0.0 {
        format!("{:.0} bits, {}", input.evidence, input.confidence)
    } else {
        input.confidence.to_owned()
    };
    let body = html! {
        (facts(&[
            ("Values", values.join(", ")),
            ("Usually", input.formula.clone().unwrap_or_default()),
            ("Evidence", evidence),
        ]))
        (listed(&input.places))
    };
    let state = if input.kind == "required" { String::new() } else { input.kind.to_owned() };
    Card { state, ..card(tone, input.kind_of_value, &input.name, body) }
}

fn formulas(report: &Report) -> Vec<Card> {
    let all = report.derived.iter();
    all.map(|derived| {
        let state = format!("{:.0} bits", derived.evidence);
        let places = plural(derived.places.len(), "place");
        Card { state, ..card("in-order", &places, &derived.formula, listed(&derived.places)) }
    })
    .collect()
}

fn blocks(report: &Report) -> Vec<Card> {
    let all = report.blocks.iter();
    all.map(|block| {
        let body = html! { (facts(&[("Lines", block.lines.join(", "))])) (listed(&block.what)) };
        card("behind", &plural(block.lines.len(), "line"), &block.name, body)
    })
    .collect()
}

fn question(question: &crate::capture::Question) -> Card {
    let title = format!("{} `{}`", question.name, question.text);
    let body = html! { (facts(&[("Would be", question.formula.clone())])) (listed(&question.places)) };
    card("mild", &plural(question.places.len(), "place"), &title, body)
}

fn secrets(report: &Report) -> Vec<Card> {
    let all = report.secrets.iter();
    all.map(|secret| card("grave", &plural(secret.places, "place"), &secret.reference, html! {})).collect()
}

fn connections(report: &Report) -> Vec<Card> {
    let all = report.connections.iter();
    all.map(|connection| {
        let title = format!("{} → {}", connection.from, connection.to);
        let body = html! { p .place { code { (clean(&connection.place)) } } };
        card("quiet", &connection.service, &title, body)
    })
    .collect()
}

fn needs(report: &Report) -> Vec<Card> {
    let all = report.needs.iter();
    all.map(|need| Card {
        state: need.rule.to_owned(),
        ..card("mild", "needed", &need.what, facts(&[("Who can answer", need.who.clone())]))
    })
    .collect()
}

/// Places, the first in sight.
fn listed(places: &[String]) -> Markup {
    let rest = &places[places.len().min(PLACES)..];
    html! {
        ul .places { @for place in places.iter().take(PLACES) { li { code { (clean(place)) } } } }
        @if !rest.is_empty() {
            details .places {
                summary { "and " (rest.len()) " more" }
                ul { @for place in rest { li { code { (clean(place)) } } } }
            }
        }
    }
}
