//! The fleet at a glance: each site a row, each line a cell, coloured by the worst that is open on it.

use super::super::drifts::{is_grave, is_open};
use crate::compare::{Class, Drift, LineReport, Report, Verdict};
use crate::report::words::{clean, plural};
use maud::{Markup, html};
use std::collections::{BTreeMap, HashMap};

/// From how many lines on the cells are small, and from how many on those in order are only counted.
const MANY: usize = 150;
const HUGE: usize = 3000;

/// What is open on a line.
#[derive(Default)]
struct Heat {
    open: usize,
    worst: Option<Class>,
    grave: bool,
}

/// A state of a cell: its colour, its sign (colour alone tells nothing to many), its words.
struct State {
    name: &'static str,
    sign: &'static str,
    words: &'static str,
}

const STATES: &[State] = &[
    State { name: "grave", sign: "!", words: "could stop production" },
    State { name: "drift", sign: "≠", words: "drift" },
    State { name: "mild", sign: "≈", words: "looks different" },
    State { name: "untold", sign: "?", words: "could not be told" },
    State { name: "approved", sign: "§", words: "approved" },
    State { name: "behind", sign: "↺", words: "behind" },
    State { name: "in-order", sign: "✓", words: "in order" },
];

fn state(line: &LineReport, heat: &Heat) -> &'static State {
    let name = match line.verdict {
        Verdict::CannotTell => "untold",
        Verdict::Drift if heat.grave => "grave",
        Verdict::Drift if heat.worst == Some(Class::Look) => "mild",
        Verdict::Drift => "drift",
        Verdict::Approved => "approved",
        Verdict::Behind => "behind",
        Verdict::InOrder => "in-order",
    };
    STATES.iter().find(|state| state.name == name).expect("every verdict has a state")
}

/// The name of the state of a verdict, for colours.
pub(super) fn colour(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::CannotTell => "untold",
        Verdict::Drift => "grave",
        Verdict::Approved => "approved",
        Verdict::Behind => "behind",
        Verdict::InOrder => "in-order",
    }
}

/// Draws the map; nothing where only one pair of folders without a line was compared.
pub(super) fn map(report: &Report, number: &HashMap<&str, usize>) -> Markup {
    let mut heats: HashMap<&str, Heat> = HashMap::new();
    for drift in report.findings.iter().filter(|drift| is_open(drift)) {
        let Some(address) = drift.address.as_deref() else { continue };
        note(heats.entry(address).or_default(), drift);
    }
    let mut sites: BTreeMap<&str, Vec<(&str, &LineReport)>> = BTreeMap::new();
    for line in &report.lines {
        let Some(address) = line.address.as_deref() else { continue };
        let (site, name) = match address.split_once('/') {
            Some(parts) => parts,
            None if line.is_site => (address, "site"),
            None => ("", address),
        };
        sites.entry(site).or_default().push((name, line));
    }
    if sites.is_empty() {
        return html! {};
    }
    let (many, huge) = (report.lines.len() > MANY, report.lines.len() > HUGE);
    let in_order = |lines: &[(&str, &LineReport)]| {
        lines.iter().filter(|(_, line)| line.verdict == Verdict::InOrder).count()
    };
    let none = Heat::default();
    html! {
        section #lines aria-labelledby="lines-title" {
            h2 #lines-title { "Lines" }
            (legend())
            @for (site, lines) in &sites {
                div .site {
                    @if !site.is_empty() { h3 { (clean(site)) " " small { (plural(lines.iter().filter(|(_, line)| !line.is_site).count(), "line")) @if huge { ", " (in_order(lines)) " in order" } } } }
                    ul .{ "cells" (if many { " small" } else { "" }) } {
                        @for (name, line) in lines.iter().filter(|(_, line)| !huge || line.verdict != Verdict::InOrder) {
                            @let heat = line.address.as_deref().and_then(|address| heats.get(address)).unwrap_or(&none);
                            li { (cell(name, line, heat, many, number)) }
                        }
                    }
                }
            }
        }
    }
}

fn note(heat: &mut Heat, drift: &Drift) {
    heat.open += 1;
    heat.grave |= is_grave(drift);
    heat.worst = Some(heat.worst.map_or(drift.consequence, |worst| worst.min(drift.consequence)));
}

fn cell(name: &str, line: &LineReport, heat: &Heat, many: bool, number: &HashMap<&str, usize>) -> Markup {
    let state = state(line, heat);
    let open = if heat.open > 0 { format!("{} open", heat.open) } else { String::new() };
    let address = clean(line.address.as_deref().unwrap_or_default());
    let label = [address.clone(), state.words.to_owned(), open.clone(), age(line.age_days)];
    let label = label.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let class = format!("cell {}", state.name);
    let number = line.address.as_deref().and_then(|address| number.get(address));
    let inner = html! {
        span .sign aria-hidden="true" { (state.sign) }
        @if !many {
            b { (clean(name)) }
            span .word { (state.words) @if heat.open > 0 { " · " (heat.open) } }
            @if line.age_days.is_some() { span .{ "age" (if is_old(line) { " old" } else { "" }) } { (short_age(line.age_days)) } }
        }
    };
    html! {
        @if let Some(number) = number {
            a class=(class) href="#differences" data-line=(number) aria-label=(label) title=(label) { (inner) }
        } @else {
            span class=(class) title=(label) { (inner) @if many { span .hidden { (label) } } }
        }
    }
}

/// Evidence that is too old is what could not be told; before that, a week is worth a look.
fn is_old(line: &LineReport) -> bool {
    line.age_days.is_some_and(|days| days > 7)
}

/// How old the evidence is, in words.
pub(super) fn age(days: Option<i64>) -> String {
    match days {
        None => String::new(),
        Some(..=0) => "collected today".to_owned(),
        Some(1) => "collected yesterday".to_owned(),
        Some(days) => format!("collected {days} days ago"),
    }
}

fn short_age(days: Option<i64>) -> String {
    match days {
        None => String::new(),
        Some(..=0) => "today".to_owned(),
        Some(1) => "1 day".to_owned(),
        Some(days) => format!("{days} days"),
    }
}

fn legend() -> Markup {
    html! {
        ul .legend aria-label="What the colours mean" {
            @for state in STATES { li { span .{ "key " (state.name) } aria-hidden="true" { (state.sign) } (state.words) } }
        }
    }
}
