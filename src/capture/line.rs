//! Variants of one line to one line with slots: what is the same stays, what differs is a slot.

use super::lex::{Kind, Token, tokens};

/// A piece of a line with slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// The same in every variant.
    Text(String),
    /// What stands here, by variant.
    Slot(Vec<String>),
}

/// Tokens above which only what lines begin and end with is compared.
const LONG: usize = 600;

/// Finds what is the same in several texts; each piece of a slot belongs to the text at the same index.
pub(super) fn generalize(texts: &[&str]) -> Vec<Piece> {
    let Some(first) = texts.first() else { return vec![] };
    if texts.iter().all(|text| text == first) {
        return if first.is_empty() { vec![] } else { vec![Piece::Text((*first).to_owned())] };
    }
    let cut: Vec<Vec<Token<'_>>> = texts.iter().map(|text| tokens(text)).collect();
    let is_aligned = |tokens: &Vec<Token<'_>>| {
        tokens.len() == cut[0].len() && tokens.iter().zip(&cut[0]).all(|(a, b)| a.kind == b.kind)
    };
    let pieces = if cut.iter().all(is_aligned) {
        let columns = 0..cut[0].len();
        columns.map(|at| piece(cut.iter().map(|tokens| tokens[at].text.to_owned()).collect())).collect()
    } else {
        by_common(&cut)
    };
    joined(as_prose(joined(without_ambiguous(joined(pieces))))).into_iter().flat_map(without_end).collect()
}

/// A mark between two values that stands inside of one of them, too, separates nothing: they are one value.
fn without_ambiguous(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = vec![];
    for piece in pieces {
        let mark = match out.last() {
            Some(Piece::Text(text)) if is_separator(text) => text.clone(),
            _ => String::new(),
        };
        let before = out.len().checked_sub(2).map(|at| &out[at]);
        let is_one = match (before, &piece) {
            (Some(Piece::Slot(left)), Piece::Slot(right)) if !mark.is_empty() => {
                let holds = |column: &[String]| column.iter().any(|text| text.contains(&mark));
                !is_blank(left) && !is_blank(right) && (holds(left) || holds(right))
            }
            _ => false,
        };
        if is_one {
            out.pop();
            if let (Some(Piece::Slot(left)), Piece::Slot(right)) = (out.last_mut(), &piece) {
                left.iter_mut().zip(right).for_each(|(left, right)| *left = format!("{left}{mark}{right}"));
            }
        } else {
            out.push(piece);
        }
    }
    out
}

fn is_separator(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 2 && !text.chars().any(|c| c.is_alphanumeric() || c == '\n')
}

/// A line's end that only some variants have is a place of its own: no value takes it away.
fn without_end(piece: Piece) -> Vec<Piece> {
    let Piece::Slot(column) = &piece else { return vec![piece] };
    let body = |text: &str| text.trim_end_matches(['\n', '\r']).len();
    if is_blank(column) || column.iter().all(|text| body(text) == text.len()) {
        return vec![piece];
    }
    let bodies: Vec<String> = column.iter().map(|text| text[..body(text)].to_owned()).collect();
    let ends: Vec<String> = column.iter().map(|text| text[body(text)..].to_owned()).collect();
    vec![self::piece(bodies), self::piece(ends)]
}

/// Words that differ side by side are one text: nobody asks for the second word of a sentence.
fn as_prose(pieces: Vec<Piece>) -> Vec<Piece> {
    let is_word = |piece: &Piece| match piece {
        Piece::Slot(column) => column.iter().all(|text| {
            let is_part = |c: char| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '&');
            text.starts_with(char::is_alphabetic) && text.chars().all(is_part)
        }),
        Piece::Text(_) => false,
    };
    let mut out: Vec<Piece> = vec![];
    for piece in pieces {
        let is_gap = matches!(out.last(), Some(Piece::Text(text)) if text == " ");
        if is_gap && is_word(&piece) && out.len() >= 2 && is_word(&out[out.len() - 2]) {
            out.pop();
            if let (Some(Piece::Slot(before)), Piece::Slot(column)) = (out.last_mut(), &piece) {
                before.iter_mut().zip(column).for_each(|(before, text)| {
                    before.push(' ');
                    before.push_str(text);
                });
            }
        } else {
            out.push(piece);
        }
    }
    out
}

fn piece(column: Vec<String>) -> Piece {
    if column.iter().all(|text| *text == column[0]) {
        Piece::Text(column[0].clone())
    } else {
        Piece::Slot(column)
    }
}

/// Lines of different shape: what they have in common, in order, and slots between.
fn by_common(cut: &[Vec<Token<'_>>]) -> Vec<Piece> {
    let mut common: Vec<&str> = cut[0].iter().map(|token| token.text).collect();
    for tokens in &cut[1..] {
        common = common_run(&common, tokens);
    }
    if is_patchwork(&common, cut) {
        common = cut[1..]
            .iter()
            .fold(cut[0].iter().map(|token| token.text).collect(), |known, tokens| ends(&known, tokens));
    }
    let places: Vec<Vec<usize>> = cut.iter().map(|tokens| embed(&common, tokens)).collect();
    let mut pieces = vec![];
    for at in 0..=common.len() {
        let gaps: Vec<String> = cut
            .iter()
            .zip(&places)
            .map(|(tokens, places)| {
                let start = at.checked_sub(1).map_or(0, |before| places[before] + 1);
                let end = places.get(at).copied().unwrap_or(tokens.len());
                tokens[start..end].iter().map(|token| token.text).collect()
            })
            .collect();
        if gaps.iter().any(|gap| !gap.is_empty()) {
            pieces.push(piece(gaps));
        }
        if let Some(text) = common.get(at) {
            pieces.push(Piece::Text((*text).to_owned()));
        }
    }
    pieces
}

/// Sentences that have only some words in common are different sentences: what they begin and end with stays.
fn is_patchwork(common: &[&str], cut: &[Vec<Token<'_>>]) -> bool {
    let is_word = |text: &str| text.chars().any(char::is_alphanumeric);
    let shared = common.iter().filter(|text| is_word(text)).count();
    let longest =
        cut.iter().map(|tokens| tokens.iter().filter(|token| is_word(token.text)).count()).max().unwrap_or(0);
    let count = |test: fn(Kind) -> bool| cut[0].iter().filter(|token| test(token.kind)).count();
    // What is mostly marks is no sentence but a structure on one line.
    let is_prose = count(|kind| matches!(kind, Kind::Mark(_))) * 3 < count(|kind| kind != Kind::Space);
    is_prose && longest >= 6 && shared * 10 < longest * 7
}

fn common_run<'t>(common: &[&'t str], tokens: &[Token<'_>]) -> Vec<&'t str> {
    if common.len() > LONG || tokens.len() > LONG {
        return ends(common, tokens);
    }
    let columns = tokens.len() + 1;
    let mut best = vec![0.0_f32; (common.len() + 1) * columns];
    for row in (0..common.len()).rev() {
        for column in (0..tokens.len()).rev() {
            let here = row * columns + column;
            best[here] = if common[row] == tokens[column].text {
                best[here + columns + 1] + weight(&tokens[column])
            } else {
                best[here + columns].max(best[here + 1])
            };
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut out = vec![];
    while row < common.len() && column < tokens.len() {
        let here = row * columns + column;
        if common[row] == tokens[column].text {
            out.push(common[row]);
            (row, column) = (row + 1, column + 1);
        } else if best[here + columns] >= best[here + 1] {
            row += 1;
        } else {
            column += 1;
        }
    }
    out
}

/// What two long runs begin and end with.
fn ends<'t>(common: &[&'t str], tokens: &[Token<'_>]) -> Vec<&'t str> {
    let most = common.len().min(tokens.len());
    let head = (0..most).take_while(|at| common[*at] == tokens[*at].text).count();
    let tail = (1..=most - head)
        .take_while(|at| common[common.len() - at] == tokens[tokens.len() - at].text)
        .count();
    common[..head].iter().chain(&common[common.len() - tail..]).copied().collect()
}

fn weight(token: &Token<'_>) -> f32 {
    match token.kind {
        Kind::Space | Kind::Mark(_) => 0.2,
        _ => 1.0,
    }
}

/// Where a common run lies in a line: as far left as possible, but its end at the line's end.
fn embed(common: &[&str], tokens: &[Token<'_>]) -> Vec<usize> {
    let mut places = vec![];
    let mut at = 0;
    for text in common {
        while at < tokens.len() && tokens[at].text != *text {
            at += 1;
        }
        places.push(at);
        at += 1;
    }
    let mut end = tokens.len();
    for (place, text) in places.iter_mut().zip(common).rev() {
        if end == 0 || tokens[end - 1].text != *text {
            break;
        }
        *place = end - 1;
        end = *place;
    }
    places
}

/// Texts in a row are one text, slots in a row one slot; white space that differs is no part of a value.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = vec![];
    for piece in pieces {
        match (out.last_mut(), piece) {
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
            (Some(Piece::Slot(before)), Piece::Slot(column)) if is_blank(before) == is_blank(&column) => {
                before.iter_mut().zip(column).for_each(|(before, text)| before.push_str(&text));
            }
            (_, piece) => out.push(piece),
        }
    }
    out
}

fn is_blank(column: &[String]) -> bool {
    column.iter().all(|text| text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(texts: &[&str]) -> String {
        let pieces = generalize(texts);
        for (at, text) in texts.iter().enumerate() {
            let again: String = pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.as_str(),
                    Piece::Slot(column) => &column[at],
                })
                .collect();
            assert_eq!(again, *text);
        }
        let show = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Slot(_) => "<>".into(),
        };
        pieces.iter().map(show).collect()
    }

    #[test]
    fn what_differs_is_a_slot() {
        assert_eq!(shape(&["ip 10.0.0.1/24\n", "ip 10.0.0.9/24\n"]), "ip <>\n");
        assert_eq!(shape(&["a: 1", "a: 1"]), "a: 1");
        assert_eq!(shape(&["description SERVER x", "description Port x"]), "description <> x");
        assert_eq!(shape(&["ip 10.0.0.1", "ip 10.0.0.2\n"]), "ip <><>");
        assert_eq!(shape(&["see a/b%20c.pdf", "see a/x%1%2.pdf", "see a/y-z%3.pdf"]), "see a/<>");
        assert_eq!(shape(&["name Z-Wave Gateway", "name Smoke Detector"]), "name <>");
        assert_eq!(shape(&["allowed 1,2\n", "allowed 1,2,3\n", "allowed 7\n"]), "allowed <>\n");
    }
}
