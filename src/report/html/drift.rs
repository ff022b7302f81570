//! The page about drift: what to do first, the fleet at a glance, clusters, each difference side by side.

use super::heat::{self, age, colour};
use super::sides::sides;
use super::{Choice, Head, Names, Tile, batches, document, facts, filter, numbers};
use crate::compare::{Class, Cluster, Disposition, Drift, Kind, LineReport, Report, Verdict};
use crate::report::Drifts;
use crate::report::drifts::{
    SECTIONS, Section, attribution, deviation, files, groups, is_open, is_untold, kind, meaning, next_step,
    owners, place,
};
use crate::report::words::{self, clean, cut, plural, some};
use maud::{Markup, html};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Most things that are to be done first.
const FIRST: usize = 3;
/// Most names in a sentence.
const NAMES: usize = 6;

/// From how many cards on a browser should lay out only those that are seen.
pub(super) const MANY: usize = 200;

/// What all cards look things up in.
struct Page<'a> {
    report: &'a Report,
    lines: Names,
    sites: Names,
    owners: Names,
    ages: HashMap<&'a str, Option<i64>>,
    clusters: HashMap<&'a str, &'a Cluster>,
}

/// A card: one difference, on all its lines.
struct Card<'a> {
    id: usize,
    group: Vec<&'a Drift>,
}

impl Card<'_> {
    /// Its place on the page: the name of the difference, which stays from day to day.
    fn anchor(&self) -> String {
        let id = &self.group[0].id;
        let is_plain = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if is_plain { format!("d-{id}") } else { format!("d{}", self.id) }
    }
}

pub(super) fn page(drifts: &Drifts<'_>) -> Markup {
    let report = drifts.report;
    let mut page = Page {
        report,
        lines: Names::default(),
        sites: Names::default(),
        owners: Names::default(),
        ages: report
            .lines
            .iter()
            .filter_map(|line| Some((line.address.as_deref()?, line.age_days)))
            .collect(),
        clusters: report.clusters.iter().map(|cluster| (cluster.id.as_str(), cluster)).collect(),
    };
    let mut cards = vec![];
    let mut count = 0;
    for section in SECTIONS {
        let groups = groups(&section.drifts(report));
        let numbered = groups
            .into_iter()
            .enumerate()
            .map(|(at, group)| Card { id: count + at + 1, group })
            .collect::<Vec<_>>();
        count += numbered.len();
        cards.push((section, numbered));
    }
    let drawn: Vec<(&Section, usize, Vec<Markup>)> = cards
        .iter()
        .map(|(section, cards)| {
            let places = cards.iter().map(|card| card.group.len()).sum();
            (*section, places, cards.iter().map(|card| draw(card, &mut page)).collect())
        })
        .collect();
    let number: HashMap<&str, usize> =
        page.lines.numbers.iter().map(|(name, number)| (name.as_str(), *number)).collect();
    let main = html! {
        main #main .many[count > MANY] tabindex="-1" {
            (contents(report, &cards))
            (first(&cards))
            (heat::map(report, &number))
            (clusters(report, &cards))
            section #differences aria-labelledby="differences-title" tabindex="-1" {
                h2 #differences-title { "Differences" }
                @if report.findings.is_empty() {
                    p .empty { @if report.verdict == Verdict::CannotTell { "Nothing could be compared." } @else { "None." } }
                } @else {
                    (filter(&choices(&page)))
                    p #none .empty hidden { "Nothing matches the filter." }
                }
                @for (section, places, cards) in &drawn {
                    @if !cards.is_empty() { (part(section, *places, cards)) }
                }
            }
            (warnings(report))
            (evidence(report))
        }
    };
    document(&head(drifts), main)
}

fn head(drifts: &Drifts<'_>) -> Head {
    let (report, summary) = (drifts.report, drifts.report.summary);
    let untold = report.findings.iter().filter(|drift| is_untold(drift)).count();
    let behind = report.findings.iter().filter(|drift| drift.disposition == Disposition::Behind).count();
    let tiles = vec![
        Tile { count: summary.open.saturating_sub(untold), word: "open", state: "grave" },
        Tile { count: summary.expired, word: "expired", state: "grave" },
        Tile { count: untold, word: "could not be told", state: "untold" },
        Tile { count: summary.approved, word: "approved", state: "approved" },
        Tile { count: behind, word: "behind", state: "behind" },
        Tile { count: summary.ignored, word: "not compared", state: "quiet" },
    ];
    let name = if drifts.name.is_empty() { String::new() } else { format!("{}: ", drifts.name) };
    Head {
        title: format!("{name}intended and deployed on {}", report.as_of),
        state: colour(report.verdict),
        verdict: verdict(report),
        about: vec![
            format!("as of {}", report.as_of),
            plural(summary.lines, "line"),
            plural(summary.files, "file"),
            format!("{} in order", summary.in_order),
        ],
        tiles,
    }
}

fn verdict(report: &Report) -> String {
    let summary = report.summary;
    let of = |count: usize| {
        if summary.lines > 1 {
            format!("{count} of {}", plural(summary.lines, "line"))
        } else {
            "the line".into()
        }
    };
    let drifted = (summary.drifted > 0).then(|| format!("Drift on {}", of(summary.drifted)));
    let untold = (summary.cannot_tell > 0).then(|| format!("{} could not be told", of(summary.cannot_tell)));
    match (report.verdict, drifted, untold) {
        (Verdict::InOrder, ..) => "Everything is as intended".to_owned(),
        (Verdict::Behind, ..) => "In time, but behind the standard".to_owned(),
        (Verdict::Approved, ..) => "Only differences that are approved".to_owned(),
        (_, Some(drifted), Some(untold)) => format!("{drifted}; {untold}"),
        (_, Some(words), None) => words,
        (_, None, Some(words)) => capital(&words),
        _ => "Could not be told".to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// Where everything is.
fn contents(report: &Report, cards: &[(&Section, Vec<Card<'_>>)]) -> Markup {
    let named = report.lines.iter().any(|line| line.address.is_some());
    let parts = cards.iter().filter(|(section, cards)| !section.quiet && !cards.is_empty());
    html! {
        nav aria-label="Parts of this page" {
            @if named { a href="#lines" { "Lines" } }
            @for (section, cards) in parts { a href={ "#s-" (section.id) } { (section.title) " " small { (cards.len()) } } }
            @if !report.warnings.is_empty() { a href="#warnings" { "About this comparison" } }
            @if named { a href="#evidence" { "Evidence" } }
        }
    }
}

fn urgent<'c, 'd>(cards: &'c [(&Section, Vec<Card<'d>>)]) -> Vec<&'c Card<'d>> {
    let mut seen: HashSet<(Option<&str>, &str)> = HashSet::new();
    let mut out = vec![];
    for card in cards.iter().flat_map(|(_, cards)| cards) {
        let drift = card.group[0];
        // What one deviation covers on one line is one thing to do.
        let known = drift.deviation.as_deref().is_some_and(|id| !seen.insert((drift.address.as_deref(), id)));
        if !known && (is_open(drift) || is_untold(drift)) {
            out.push(card);
        }
        if out.len() == FIRST {
            break;
        }
    }
    out
}

/// What to do first: the worst of what is open, then what could not be told.
fn first(cards: &[(&Section, Vec<Card<'_>>)]) -> Markup {
    let urgent = urgent(cards);
    if urgent.is_empty() {
        return html! {};
    }
    html! {
        section #first aria-labelledby="first-title" {
            h2 #first-title { "Do first" }
            ol {
                @for card in urgent {
                    @let drift = card.group[0];
                    li {
                        a href={ "#" (card.anchor()) } { (title(drift)) }
                        p { (clean(&whereabouts(&card.group)))
                            @if !owners(&card.group).is_empty() { " · owner " b { (owners(&card.group)) } }
                            @if let Some(next) = next_step(drift) { " · " (next) } }
                    }
                }
            }
        }
    }
}

/// What a difference means, or what it is, in words.
fn title(drift: &Drift) -> String {
    match (meaning(drift), &drift.note, is_untold(drift)) {
        (Some(meaning), ..) if !is_vague(meaning) => capital(&clean(meaning)),
        (None, Some(note), true) => capital(&clean(note)),
        _ => clean(&format!("{}: {}", name(drift), became(drift))),
    }
}

/// Whether a meaning says that nobody knows it: then what it is says more.
fn is_vague(meaning: &str) -> bool {
    meaning.starts_with("unknown")
}

/// The last name of a path, or of a file; a number says nothing.
fn name(drift: &Drift) -> String {
    let is_name =
        |part: &&str| !part.is_empty() && *part != ">" && !part.bytes().all(|byte| byte.is_ascii_digit());
    let of_file = drift.file.rsplit('/').next().unwrap_or_default();
    let last = if drift.path.contains(" > ") {
        drift.path.rsplit(" > ").next()
    } else {
        drift.path.rsplit('/').find(is_name)
    };
    cut(last.filter(|name| !name.is_empty()).unwrap_or(of_file), TITLE)
}

/// Most characters of a name or a value in a title.
const TITLE: usize = 60;

/// What became of it: the values, where they are short.
fn became(drift: &Drift) -> String {
    let short = |value: &Option<Json>| match value.as_ref()? {
        Json::Array(_) | Json::Object(_) => None,
        value if value.as_str() == Some("") => Some("nothing".to_owned()),
        value => Some(words::value(value)).filter(|text| text.len() <= TITLE && !text.contains('\n')),
    };
    match (drift.kind, short(&drift.intended), short(&drift.deployed)) {
        (Kind::Changed | Kind::TypeChanged, Some(intended), Some(deployed)) => {
            format!("{deployed} instead of {intended}")
        }
        _ if kind(drift).is_empty() => drift.kind.as_str().to_owned(),
        _ => kind(drift),
    }
}

fn addresses<'d>(group: &[&'d Drift]) -> Vec<&'d str> {
    let mut seen = HashSet::new();
    group
        .iter()
        .filter_map(|drift| drift.address.as_deref())
        .filter(|address| seen.insert(*address))
        .collect()
}

fn whereabouts(group: &[&Drift]) -> String {
    let lines = addresses(group);
    match lines.len() {
        0 => place(group[0]),
        1 if group.len() > 1 => format!("{}: {}", lines[0], some(&files(group), NAMES)),
        1 => format!("{} {}", lines[0], own_place(group[0])).trim_end().to_owned(),
        count => format!("{count} lines: {}", some(&lines, NAMES)),
    }
}

/// The place in the line's own folder.
fn own_place(drift: &Drift) -> String {
    let folder = drift.address.as_ref().map(|address| format!("{address}/")).unwrap_or_default();
    let whole = place(drift);
    whole.strip_prefix(&folder).map(str::to_owned).unwrap_or(whole)
}

fn clusters(report: &Report, cards: &[(&Section, Vec<Card<'_>>)]) -> Markup {
    // From the end: a cluster leads to the worst of its cards, which is its first.
    let by_id: HashMap<&str, String> = cards
        .iter()
        .rev()
        .flat_map(|(_, cards)| cards.iter().rev())
        .filter(|card| card.group[0].disposition != Disposition::Ignored)
        .filter_map(|card| Some((card.group[0].cluster.as_deref()?, card.anchor())))
        .collect();
    let shared: Vec<&Cluster> = report
        .clusters
        .iter()
        .filter(|cluster| cluster.lines.len() > 1 && by_id.contains_key(cluster.id.as_str()))
        .collect();
    if shared.is_empty() {
        return html! {};
    }
    html! {
        section #clusters aria-labelledby="clusters-title" {
            h2 #clusters-title { "The same on several lines" }
            table {
                thead { tr { th scope="col" { "Lines" } th scope="col" { "What" } th scope="col" { "Which" } th scope="col" { "Standard" } } }
                tbody {
                    @for cluster in shared {
                        tr {
                            td .number data-label="Lines" { (cluster.lines.len()) }
                            td data-label="What" { a href={ "#" (by_id[cluster.id.as_str()]) } { (clean(&cluster.summary)) } }
                            td data-label="Which" { (clean(&some(&cluster.lines, NAMES))) }
                            td data-label="Standard" { @if cluster.promote { span .chip.ask { "is it wrong there?" } } }
                        }
                    }
                }
            }
        }
    }
}

fn choices(page: &Page<'_>) -> Vec<Choice> {
    let present = |holds: &dyn Fn(&Drift) -> bool| page.report.findings.iter().any(holds);
    let classes =
        Class::ALL.iter().filter(|class| present(&|drift| !is_untold(drift) && drift.consequence == **class));
    let mut classes: Vec<(String, String)> =
        classes.map(|class| (class.as_str().to_owned(), class.as_str().to_owned())).collect();
    if present(&|drift| is_untold(drift)) {
        classes.push(("unknown".into(), "unknown".into()));
    }
    let states = Disposition::ALL.iter().filter(|state| present(&|drift| drift.disposition == **state));
    let states = states.map(|state| (state.as_str().to_owned(), state.as_str().to_owned())).collect();
    vec![
        page.sites.choice("s", "Site"),
        page.lines.choice("l", "Line"),
        Choice { key: "c", label: "Means", values: classes },
        Choice { key: "d", label: "State", values: states },
        page.owners.choice("o", "Owner"),
    ]
}

fn part(section: &Section, places: usize, cards: &[Markup]) -> Markup {
    let heading = html! { h3 #{ "s-" (section.id) } { (section.title) " " small { (places) } } };
    let inner = html! { p .about { (section.about) } (batches(cards)) };
    html! {
        @if section.quiet {
            details .part { summary { (heading) } (inner) }
        } @else {
            section .part aria-labelledby={ "s-" (section.id) } { (heading) (inner) }
        }
    }
}

fn draw(card: &Card<'_>, page: &mut Page<'_>) -> Markup {
    let drift = card.group[0];
    let lines: Vec<usize> = addresses(&card.group).iter().map(|address| page.lines.number(address)).collect();
    let sites: Vec<usize> = addresses(&card.group)
        .iter()
        .filter_map(|address| address.split_once('/'))
        .map(|(site, _)| page.sites.number(site))
        .collect();
    let roles: Vec<usize> = card
        .group
        .iter()
        .filter_map(|drift| drift.owner.as_deref())
        .map(|owner| page.owners.number(owner))
        .collect();
    let class = if is_untold(drift) { "unknown" } else { drift.consequence.as_str() };
    let id = card.anchor();
    html! {
        article .card.(tone(drift)) #(id) data-l=(numbers(&lines)) data-s=(numbers(&sites)) data-o=(numbers(&roles)) data-c=(class) data-d=(drift.disposition.as_str()) data-n=(card.group.len()) {
            header {
                span .chip.(tone(drift)) { (class) }
                h4 { a href={ "#" (id) } { (title(drift)) } }
                @if drift.disposition != Disposition::Open { span .chip.state { (state(drift)) } }
            }
            p .place { (clean(&whereabouts(&card.group))) @if addresses(&card.group).len() > 1 { " · " (own_place(drift)) } }
            @if !drift.path.is_empty() { p .path { code { (clean(&drift.path)) } } }
            @if shows_sides(drift) { (sides(drift.intended.as_ref(), drift.deployed.as_ref())) }
            @if let Some(meaning) = meaning(drift).filter(|meaning| is_vague(meaning)) { p .note { "Effect " (clean(meaning)) } }
            @if let Some(note) = drift.note.as_ref().filter(|note| title(drift) != capital(&clean(note))) { p .note { (clean(note)) } }
            (facts(&[
                ("What", what(drift)),
                ("Who moved", attribution(drift).unwrap_or_default().to_owned()),
                ("Owner", owners(&card.group)),
                ("Deviation", deviation(drift).unwrap_or_default()),
                ("Evidence", evidence_of(&card.group, page)),
                ("Id", if card.group.len() == 1 { drift.id.clone() } else { String::new() }),
                ("Next", next(drift, page)),
            ]))
            (places(card))
        }
    }
}

/// The colour of a card.
fn tone(drift: &Drift) -> &'static str {
    match drift.disposition {
        Disposition::Approved => "approved",
        Disposition::Behind => "behind",
        Disposition::Ignored => "quiet",
        _ if is_untold(drift) => "untold",
        _ if !is_open(drift) => "quiet",
        _ => match drift.consequence {
            Class::Path | Class::Security | Class::Data => "grave",
            Class::Metric | Class::Settings => "drift",
            Class::Look => "mild",
        },
    }
}

fn state(drift: &Drift) -> String {
    match (drift.disposition, drift.expires) {
        (Disposition::Expired, Some(date)) => format!("expired {date}"),
        (Disposition::Approved, Some(date)) => format!("approved until {date}"),
        (disposition, _) => disposition.as_str().to_owned(),
    }
}

fn what(drift: &Drift) -> String {
    let words = kind(drift);
    if words.is_empty() { "could not be compared".to_owned() } else { words }
}

/// A file as a whole, and what was not read, have no sides.
fn shows_sides(drift: &Drift) -> bool {
    let bare = matches!(drift.kind, Kind::FileMissing | Kind::FileExtra);
    (drift.intended.is_some() || drift.deployed.is_some()) && !bare
}

fn evidence_of(group: &[&Drift], page: &Page<'_>) -> String {
    let ages: Vec<i64> =
        addresses(group).iter().filter_map(|address| page.ages.get(address).copied().flatten()).collect();
    let alone =
        page.report.lines.first().and_then(|line| line.age_days).filter(|_| page.report.lines.len() == 1);
    age(ages.into_iter().max().or(alone))
}

fn next(drift: &Drift, page: &Page<'_>) -> String {
    let asks = drift
        .cluster
        .as_deref()
        .and_then(|cluster| page.clusters.get(cluster))
        .is_some_and(|cluster| cluster.promote);
    let step = next_step(drift).unwrap_or_default();
    if asks {
        format!(
            "{step}; or change the standard, {} lines agree",
            page.clusters[drift.cluster.as_deref().unwrap_or_default()].lines.len()
        )
    } else {
        step.to_owned()
    }
}

/// The other places of a difference, with their own values where these are other ones.
fn places(card: &Card<'_>) -> Markup {
    let first = card.group[0];
    if card.group.len() < 2 {
        return html! {};
    }
    let differs = |drift: &Drift| drift.intended != first.intended || drift.deployed != first.deployed;
    html! {
        details .places {
            summary { "All " (plural(card.group.len(), "place")) }
            ul {
                @for drift in &card.group {
                    li {
                        p .place { @if let Some(address) = &drift.address { b { (clean(address)) } " " } (own_place(drift)) }
                        @if differs(drift) { (sides(drift.intended.as_ref(), drift.deployed.as_ref())) }
                    }
                }
            }
        }
    }
}

fn warnings(report: &Report) -> Markup {
    html! {
        @if !report.warnings.is_empty() {
            section #warnings aria-labelledby="warnings-title" {
                h2 #warnings-title { "About this comparison" }
                ul { @for warning in &report.warnings { li { (clean(warning)) } } }
            }
        }
    }
}

/// Every line with its verdict and the age of its evidence.
fn evidence(report: &Report) -> Markup {
    let named: Vec<&LineReport> = report.lines.iter().filter(|line| line.address.is_some()).collect();
    if named.is_empty() {
        return html! {};
    }
    let mut found: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for drift in report.findings.iter().filter(|drift| is_open(drift)) {
        if let Some(address) = drift.address.as_deref() {
            found.entry(address).or_default().insert(drift.consequence.as_str());
        }
    }
    html! {
        section #evidence aria-labelledby="evidence-title" {
            h2 #evidence-title { "Evidence" }
            details open[named.len() <= 60] {
                summary { (plural(named.len(), "line")) }
                table {
                    thead { tr { th scope="col" { "Line" } th scope="col" { "Verdict" } th scope="col" { "Open" } th scope="col" { "Blueprint" } th scope="col" { "Collected" } th scope="col" .number { "Age in days" } } }
                    tbody {
                        @for line in named {
                            @let address = line.address.as_deref().unwrap_or_default();
                            tr {
                                th scope="row" { (clean(address)) }
                                td data-label="Verdict" { span .chip.(colour(line.verdict)) { (line.verdict.as_str().replace('-', " ")) } }
                                td data-label="Open" { (found.get(address).map(|classes| classes.iter().copied().collect::<Vec<_>>().join(", ")).unwrap_or_default()) }
                                td data-label="Blueprint" { (clean(line.blueprint.as_deref().unwrap_or_default())) }
                                td data-label="Collected" { (line.collected.map_or("unknown".to_owned(), |date| date.to_string())) }
                                td .number data-label="Age in days" { (line.age_days.map_or(String::new(), |days| days.to_string())) }
                            }
                        }
                    }
                }
            }
        }
    }
}
