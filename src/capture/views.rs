//! What can be made of a row of values with one or two steps.

use super::lex::information;
use super::program::Step;
use std::collections::HashSet;
use std::rc::Rc;

/// Values by key; nothing where the place does not exist.
pub(super) type Row = Vec<Option<Rc<str>>>;

/// Steps that lead from a row to another, and that row.
#[derive(Debug, Clone)]
pub(super) struct Derived {
    pub(super) steps: Vec<Step>,
    pub(super) row: Rc<Row>,
    pub(super) bits: f64,
}

/// Separators that names and addresses are made with.
const SEPARATORS: [char; 8] = ['-', '_', '.', '/', ':', ' ', '@', ','];

/// Returns the different values of a row, in order.
pub(super) fn distinct(row: &[Option<Rc<str>>]) -> Vec<&Rc<str>> {
    let mut seen = HashSet::new();
    row.iter().flatten().filter(|value| seen.insert(&***value)).collect()
}

/// Bits of evidence that agreement with a row is worth.
pub(super) fn bits(row: &[Option<Rc<str>>]) -> f64 {
    let values = distinct(row);
    if values.len() < 2 { 0.0 } else { values.into_iter().map(|value| information(value)).sum() }
}

/// Lists what can be made of a row; the row itself comes first.
pub(super) fn derived(row: &Rc<Row>) -> Vec<Derived> {
    if row.iter().flatten().any(|value| super::secrets::is_token(value)) {
        return vec![Derived { steps: vec![], row: row.clone(), bits: bits(row) }];
    }
    let mut seen: HashSet<Rc<Row>> = HashSet::from([row.clone()]);
    let mut out = vec![Derived { steps: vec![], row: row.clone(), bits: bits(row) }];
    let mut from = 0;
    for depth in 0..3 {
        let end = out.len();
        for at in from..end {
            let (steps, row) = (out[at].steps.clone(), out[at].row.clone());
            for step in next_steps(&row, &steps, depth) {
                let Some(made) = apply(&row, step) else { continue };
                let made = Rc::new(made);
                if distinct(&made).len() < 2 || !seen.insert(made.clone()) {
                    continue;
                }
                let mut steps = steps.clone();
                steps.push(step);
                let bits = bits(&made);
                out.push(Derived { steps, row: made, bits });
            }
        }
        from = end;
    }
    out
}

fn apply(row: &Row, step: Step) -> Option<Row> {
    row.iter()
        .map(|value| match value {
            Some(value) => step.apply(value).filter(|made| !made.is_empty()).map(|made| Some(Rc::from(made))),
            None => Some(None),
        })
        .collect()
}

/// The steps that make sense for a row.
fn next_steps(row: &Row, before: &[Step], depth: usize) -> Vec<Step> {
    let values = distinct(row);
    let mut out = vec![];
    let last = before.last();
    let any = |test: &dyn Fn(char) -> bool| values.iter().any(|value| value.chars().any(test));
    let all = |test: &dyn Fn(&str) -> bool| values.iter().all(|value| test(value));
    if depth == 2 {
        // The third step only changes how the text is written.
        if matches!(last, Some(Step::Part(..) | Step::Skip(_) | Step::Last(_)))
            && all(&|value| value.bytes().all(|b| b.is_ascii_digit()))
        {
            out.extend([Step::Int, Step::Pad(2), Step::Pad(3)]);
        } else if matches!(last, Some(Step::Part(..)))
            && matches!(before[0], Step::Upper | Step::Lower | Step::Part(..))
        {
            out.extend(cuts(&values));
        }
        return out;
    }
    if matches!(last, None | Some(Step::Part(..) | Step::Skip(_) | Step::Cut(_))) {
        if any(&char::is_uppercase) {
            out.push(Step::Lower);
        }
        if any(&char::is_lowercase) {
            out.push(Step::Upper);
        }
    }
    if all(&|value| value.contains('/')) && all(&|value| super::program::address(value).is_some()) {
        out.extend([Step::Address, Step::Network, Step::PrefixLength, Step::Netmask, Step::Wildcard]);
    }
    if matches!(last, None | Some(Step::Lower | Step::Upper)) {
        for (from, to) in [('-', '_'), ('_', '-'), ('.', '-'), ('.', '_'), (':', '-'), (' ', '_'), (' ', '-')]
        {
            if any(&|c| c == from) {
                out.push(Step::Replace(from, to));
            }
        }
        for what in ['-', '_', '.', ':', ' '] {
            if any(&|c| c == what) {
                out.push(Step::Without(what));
            }
        }
    }
    if depth < 2 && !matches!(last, Some(Step::Int | Step::Pad(_) | Step::PrefixLength)) {
        for separator in SEPARATORS {
            if matches!(last, Some(Step::Part(before, _)) if *before == separator) {
                continue;
            }
            if all(&|value| value.contains(separator)) {
                out.extend([0, 1, 2, 3, -1, -2].map(|at| Step::Part(separator, at)));
            }
        }
        if !matches!(last, Some(Step::Address | Step::Network | Step::Netmask | Step::Wildcard)) {
            out.extend(cuts(&values));
        }
    }
    if all(&|value| value.len() <= 9 && value.bytes().all(|b| b.is_ascii_digit())) {
        out.extend([Step::Int, Step::Pad(2), Step::Pad(3)]);
    }
    out
}

fn class(c: char) -> u8 {
    if c.is_ascii_digit() {
        0
    } else if c.is_alphabetic() {
        1
    } else {
        2
    }
}

/// Cuts that split no word and no number in any of the values.
fn cuts(values: &[&Rc<str>]) -> Vec<Step> {
    const MOST: usize = 16;
    let letters: Vec<Vec<char>> = values.iter().map(|value| value.chars().take(64).collect()).collect();
    let shortest = letters.iter().map(Vec::len).min().unwrap_or(0);
    let is_seam =
        |text: &[char], at: usize| at > 0 && at < text.len() && class(text[at - 1]) != class(text[at]);
    // What is cut off must be the same everywhere or words of one length; a number may grow.
    let is_fixed = |parts: Vec<&[char]>| {
        parts.iter().all(|part| *part == parts[0])
            || parts.iter().all(|part| !part.iter().any(char::is_ascii_digit))
    };
    let is_word = |parts: Vec<&[char]>| {
        let digits = |part: &[char]| part.iter().filter(|c| c.is_ascii_digit()).count();
        // Two digits everywhere may be one or three in the next line, unless they are padded.
        let is_short = parts.iter().all(|part| digits(part) == 2 && part.len() == 2 && part[0] != '0');
        !is_short && parts.iter().all(|part| digits(part) != 1)
    };
    let mut out = vec![];
    for at in 1..shortest.min(MOST) {
        if letters.iter().all(|text| is_seam(text, at)) {
            if is_fixed(letters.iter().map(|text| &text[..at]).collect()) {
                out.push(Step::Skip(at as u8));
            }
            if at < 5 && is_word(letters.iter().map(|text| &text[..at]).collect()) {
                out.push(Step::First(at as u8));
            }
        }
        if letters.iter().all(|text| is_seam(text, text.len() - at)) {
            if is_fixed(letters.iter().map(|text| &text[text.len() - at..]).collect()) {
                out.push(Step::Cut(at as u8));
            }
            if at < 5 && is_word(letters.iter().map(|text| &text[text.len() - at..]).collect()) {
                out.push(Step::Last(at as u8));
            }
        }
    }
    out
}
