//! Checks that several languages share: line breaks, control characters, blanks at the edges, numbers.

use super::slots::{Filling, Reason, slots_in};
use super::{Datum, Refusal, literal};
use std::borrow::Cow;
use std::ops::Range;

/// Returns the value as text if it stays on one line; a tab is no control character here.
pub(super) fn one_line<'a>(value: &'a Datum, place: &str) -> Result<Cow<'a, str>, Reason> {
    let text = literal::as_text(value)?;
    check_one_line(&text, place)?;
    Ok(text)
}

/// Refuses line breaks and control characters.
pub(super) fn check_one_line(text: &str, place: &str) -> Result<(), Reason> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(());
    }
    let Some(found) = text.chars().find(|c| breaks_line(*c)) else {
        return Ok(());
    };
    let what = match found {
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => "a line break".to_owned(),
        other => format!("the control character U+{:04X}", other as u32),
    };
    Err(Reason::new(format!("{what} cannot stand in {place}"), "give a value of one line"))
}

fn breaks_line(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Refuses blanks that a reader would strip from the start or the end of `text`.
pub(super) fn check_edges(text: &str, start: bool, end: bool, place: &str) -> Result<(), Reason> {
    let stripped =
        (start && text.starts_with(char::is_whitespace)) || (end && text.ends_with(char::is_whitespace));
    if !stripped {
        return Ok(());
    }
    let message = format!("the reader drops blanks at the edge of {place}");
    Err(Reason::new(message, "remove the blanks at the edge of the value"))
}

/// Writes a value into a comment.
pub(super) fn comment(out: &mut String, value: &Datum) -> Result<(), Reason> {
    out.push_str(&one_line(value, "a comment")?);
    Ok(())
}

/// Fills a bare word made of template text and slots, which must become a number as `valid` knows them.
pub(super) fn number(
    filling: &mut Filling<'_>,
    text: &str,
    word: Range<usize>,
    valid: fn(&str) -> bool,
) -> Result<(), Refusal> {
    filling.copy(word.start);
    let from = filling.out.len();
    let slots: Vec<_> = slots_in(text, word.clone()).collect();
    for slot in &slots {
        filling.write(*slot, |out, value| match value {
            Datum::Int(_) | Datum::Float(_) => {
                out.push_str(&literal::as_text(value)?);
                Ok(())
            }
            _ => Err(quote_it()),
        })?;
    }
    filling.copy(word.end);
    match slots.first() {
        Some(slot) if !valid(&filling.out[from..]) => Err(quote_it().at(slot.number)),
        _ => Ok(()),
    }
}

/// What is wrong with a bare value right beside other text.
pub(super) fn quote_it() -> Reason {
    Reason::new("the value stands directly next to other text, without quotes", "quote it in the template")
}

/// Says whether `text` is a number as JSON writes it.
pub(super) fn is_json_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let whole_ok = is_digits(whole) && (whole.len() == 1 || !whole.starts_with('0'));
    whole_ok
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(|digits| is_digits(digits.strip_prefix(['+', '-']).unwrap_or(digits)))
}

/// Says whether `text` is one or more ASCII digits.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_numbers() {
        for good in ["0", "-0", "10", "1.5", "1e5", "1E-5", "-12.50e+3"] {
            assert!(is_json_number(good), "{good}");
        }
        for bad in ["", "-", "01", "1.", ".5", "+1", "1e", "1e+", "--1", "0x1", "1 "] {
            assert!(!is_json_number(bad), "{bad}");
        }
    }

    #[test]
    fn line_breaks_of_every_kind_are_refused() {
        for text in ["a\nb", "a\rb", "a\u{85}b", "a\u{2028}b", "a\0b", "a\x1bb", "\x7f"] {
            assert!(check_one_line(text, "a comment").is_err(), "{text:?}");
        }
        assert!(check_one_line("a\tb é 漢", "a comment").is_ok());
    }
}
