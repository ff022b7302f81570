//! Numbers as exact decimals: 70, 70.0 and 7e1 are one number, and no digit is lost on the way.

use serde_json::Value as Json;

/// A number without leading and trailing zeros: `digits × 10^exponent`.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

/// Returns whether two JSON number texts are the same number.
pub(crate) fn equal(a: &str, b: &str) -> bool {
    a == b || matches!((parse(a), parse(b)), (Some(a), Some(b)) if a == b)
}

/// Returns the one spelling that all texts of a number share.
pub(crate) fn canonical(text: &str) -> String {
    match parse(text) {
        Some(Decimal { digits, .. }) if digits.is_empty() => "0".into(),
        Some(Decimal { negative, digits, exponent }) => {
            let digits = String::from_utf8_lossy(&digits).into_owned();
            format!("{}{digits}e{exponent}", if negative { "-" } else { "" })
        }
        None => text.to_owned(),
    }
}

fn parse(text: &str) -> Option<Decimal> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], rest[at + 1..].parse::<i64>().ok()?),
        None => (rest, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(part.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut exponent = exponent.checked_sub(i64::try_from(part.len()).ok()?)?;
    while digits.last() == Some(&b'0') {
        digits.pop();
        exponent = exponent.checked_add(1)?;
    }
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.drain(..zeros);
    if digits.is_empty() {
        return Some(Decimal { negative: false, digits, exponent: 0 });
    }
    Some(Decimal { negative, digits, exponent })
}

/// Returns a number for JSON output: as a number where every reader gets it exactly, else as text.
pub(crate) fn shown(text: &str) -> Json {
    // Up to here every reader keeps a whole number apart from its neighbours.
    const EXACT: i64 = (1 << 53) - 1;
    let plain = text.strip_prefix('+').unwrap_or(text);
    if let Ok(whole) = plain.parse::<i64>() {
        let exact = (-EXACT..=EXACT).contains(&whole) && plain != "-0";
        return if exact { Json::from(whole) } else { Json::from(text) };
    }
    if plain.contains(['.', 'e', 'E'])
        && let Ok(float) = plain.parse::<f64>()
        && float.is_finite()
        && equal(&format!("{float:e}"), plain)
    {
        return Json::from(float);
    }
    Json::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_is_nothing_and_every_digit_counts() {
        assert!(equal("70", "70.0") && equal("70", "7e1") && equal("0", "-0") && equal("1e2", "100"));
        assert!(equal("0.10", "1E-1") && equal("12345678901234567890", "1234567890123456789e1"));
        assert!(
            !equal("9007199254740993", "9007199254740992")
                && !equal("1", "-1")
                && !equal("0.1", "0.10000000000000001")
        );
    }

    #[test]
    fn giants_are_shown_as_text() {
        assert_eq!(shown("9007199254740993"), Json::from("9007199254740993"));
        assert_eq!(shown("70"), Json::from(70));
        assert_eq!(shown("70.0"), Json::from(70.0));
        assert_eq!(shown("0.10000000000000000000001"), Json::from("0.10000000000000000000001"));
    }
}
