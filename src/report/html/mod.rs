//! HTML: one file that needs nothing else, neither network nor fonts nor a server; readable without JavaScript.
//!
//! What comes from the user's files is escaped by the writer, and a content security policy that allows this page's
//! own style and script by their digests, and nothing else, stands behind it. The page holds no secret: values come
//! masked.

mod capture;
mod change;
mod drift;
mod findings;
mod heat;
mod sides;

use super::words::{clean, clean_lines};
use super::{Format, Style};
use maud::{DOCTYPE, Markup, PreEscaped, html};

pub(super) const FORMAT: Format = Format {
    name: "html",
    what: "one page for a browser, without network: heat map, filters, side by side",
    universal: false,
    findings: |report, _: Style| findings::page(report).into_string(),
    drift: |drifts, _: Style| drift::page(drifts).into_string(),
    capture: Some(|captured, _: Style| capture::page(captured).into_string()),
};

const CSS: &str = include_str!("page.css");
const JS: &str = include_str!("page.js");
/// Digests of the style and the script, as a content security policy names them.
const CSS_DIGEST: &str = "sha256-VfTbJnPCrgbt1CSGAHYl5KIu/GgYO223pofPZu/ykVQ=";
const JS_DIGEST: &str = "sha256-IbkUoKKBe3+oTBljfNa61CPyIOGmHBtLr8l/ayJoSMg=";

/// A number with its word.
struct Tile {
    count: usize,
    word: &'static str,
    /// Its colour: the name of a state.
    state: &'static str,
}

/// What stands above everything else.
struct Head {
    title: String,
    /// The state that colours the page's head.
    state: &'static str,
    /// One sentence.
    verdict: String,
    /// Date, counts, names.
    about: Vec<String>,
    tiles: Vec<Tile>,
}

fn document(head: &Head, main: Markup) -> Markup {
    let policy = format!(
        "default-src 'none'; style-src '{CSS_DIGEST}'; script-src '{JS_DIGEST}'; img-src data:; base-uri 'none'; form-action 'none'"
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(concat!("jig ", env!("CARGO_PKG_VERSION")));
                link rel="icon" href="data:,";
                title { (clean(&head.title)) }
                style { (PreEscaped(CSS)) }
            }
            body {
                a .skip href="#main" { "Skip to the findings" }
                header .top.(head.state) {
                    p .kicker { (clean(&head.title)) }
                    h1 { (head.verdict) }
                    p .about { @for (at, part) in head.about.iter().enumerate() { @if at > 0 { span .dot aria-hidden="true" { "·" } } span { (clean(part)) } } }
                    (tiles(&head.tiles))
                }
                (main)
                footer { p { "jig " (env!("CARGO_PKG_VERSION")) ". This page is complete: it loads nothing. Secrets are masked." } }
                script { (PreEscaped(JS)) }
            }
        }
    }
}

fn tiles(tiles: &[Tile]) -> Markup {
    html! {
        ul .tiles {
            @for tile in tiles {
                li .{ "tile " (if tile.count == 0 { "none" } else { tile.state }) } { b { (tile.count) } " " span { (tile.word) } }
            }
        }
    }
}

/// A choice of the filter: the attribute of a card that it looks at, its label, and values with their names.
struct Choice {
    key: &'static str,
    label: &'static str,
    values: Vec<(String, String)>,
}

/// The filter; a script shows it, since without one it could do nothing.
fn filter(choices: &[Choice]) -> Markup {
    html! {
        form #filter .filter role="search" aria-label="Filter" hidden {
            label .text { span { "Text" } input #q type="search" placeholder="name, value, path …" autocomplete="off" spellcheck="false" aria-keyshortcuts="/"; }
            @for choice in choices.iter().filter(|choice| choice.values.len() > 1) {
                label { span { (choice.label) }
                    select data-key=(choice.key) {
                        option value="" { "all" }
                        @for (value, name) in &choice.values { option value=(value) { (clean(name)) } }
                    }
                }
            }
            button #all type="button" { "Show all" }
            p #shown role="status" aria-live="polite" {}
        }
    }
}

/// Distinct names in their order, each with its number; what a card refers to.
#[derive(Default)]
struct Names {
    known: Vec<String>,
    numbers: std::collections::HashMap<String, usize>,
}

impl Names {
    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.known.push(name.to_owned());
        self.numbers.insert(name.to_owned(), self.known.len() - 1);
        self.known.len() - 1
    }

    /// The names, sorted, for a choice.
    fn choice(&self, key: &'static str, label: &'static str) -> Choice {
        let mut values: Vec<(String, String)> =
            self.known.iter().enumerate().map(|(number, name)| (number.to_string(), name.clone())).collect();
        values.sort_by(|a, b| a.1.cmp(&b.1));
        Choice { key, label, values }
    }
}

/// Numbers as an attribute that a script can search: each between blanks.
fn numbers(numbers: &[usize]) -> String {
    let mut all = numbers.to_vec();
    all.sort_unstable();
    all.dedup();
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// How many cards a browser lays out at once. Each by itself would cost: a browser that looks for what the keyboard
/// reaches next, lays out all that it has left out, one after the other.
const BATCH: usize = 100;

/// Cards, put together so that a long page is laid out where it is looked at.
fn batches(cards: &[Markup]) -> Markup {
    html! { @for batch in cards.chunks(BATCH) { div .batch { @for card in batch { (card) } } } }
}

/// What tells people who and what next.
fn facts(facts: &[(&str, String)]) -> Markup {
    html! {
        dl .facts {
            @for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
                div { dt { (*name) } dd { (clean(value)) } }
            }
        }
    }
}

/// A diff, line by line.
fn diff(text: &str) -> Markup {
    let kind = |line: &str| match line.as_bytes().first() {
        Some(b'+') => "add",
        Some(b'-') => "del",
        Some(b'@') => "hunk",
        _ => "",
    };
    html! { pre .diff tabindex="0" { @for line in clean_lines(text).lines() { span class=(kind(line)) { (line) "\n" } } } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use sha2::Digest as _;

    /// A digest that is not the content's would make browsers refuse the style or the script.
    #[test]
    fn the_policy_names_what_the_page_holds() {
        let digest = |text: &str| {
            format!(
                "sha256-{}",
                base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(text.as_bytes()))
            )
        };
        assert_eq!([CSS_DIGEST, JS_DIGEST], [digest(CSS).as_str(), digest(JS).as_str()]);
    }

    /// Inside these elements nothing is escaped.
    #[test]
    fn style_and_script_end_where_they_end() {
        assert!(!CSS.contains("</") && !JS.contains("</") && !JS.contains("<!--"));
    }
}
