//! Text to coarse tokens: addresses, hardware addresses and words stay whole.
//!
//! A value is never cut inside a token, so that no template prints half an address. White space is a token too:
//! the tokens of a text, one after the other, are the text.

use super::secrets::{CLOSE, OPEN};
use std::net::{Ipv4Addr, Ipv6Addr};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    /// White space.
    Space,
    /// A hardware address.
    Mac,
    /// An IPv6 address, with or without a prefix length.
    Ip6,
    /// An IPv4 address, with or without a prefix length.
    Ip4,
    /// Encoded bytes: a key, a hash.
    Blob,
    /// Letters and digits, with dots and hyphens inside.
    Word,
    /// Any other character.
    Mark(char),
}

/// A piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Token<'t> {
    /// Its characters.
    pub(super) text: &'t str,
    /// What it is.
    pub(super) kind: Kind,
}

/// Cuts a text into tokens.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = vec![];
    let mut at = 0;
    while at < text.len() {
        let (length, kind) = next(text, at);
        out.push(Token { text: &text[at..at + length], kind });
        at += length;
    }
    out
}

/// The same without white space.
pub(super) fn words(text: &str) -> Vec<Token<'_>> {
    let mut tokens = tokens(text);
    tokens.retain(|token| token.kind != Kind::Space);
    tokens
}

fn next(text: &str, at: usize) -> (usize, Kind) {
    let rest = &text[at..];
    let first = rest.chars().next().unwrap_or(' ');
    if first == OPEN
        && let Some(end) = rest.find(CLOSE)
    {
        return (end + CLOSE.len_utf8(), Kind::Blob);
    }
    // A line's end is a token of its own: no value takes it away.
    if rest.starts_with("\r\n") || first == '\n' {
        return (if first == '\r' { 2 } else { 1 }, Kind::Space);
    }
    if is_space(first) {
        let length = rest.find(|c| !is_space(c) || c == '\n').unwrap_or(rest.len());
        let is_before_end = rest[..length].len() > 1 && rest[..length].ends_with('\r');
        return (if is_before_end { length - 1 } else { length }, Kind::Space);
    }
    let before = text[..at].chars().next_back();
    let is_start = !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | ':' | '_'));
    if is_start || before == Some('_') {
        let address = mac(rest)
            .map(|length| (length, Kind::Mac))
            .or_else(|| ip6(rest).map(|length| (length, Kind::Ip6)))
            .or_else(|| ip4(rest).map(|length| (length, Kind::Ip4)));
        if let Some(found) = address {
            return found;
        }
    } else if before != Some('.')
        && let Some(length) = ip4(rest)
    {
        return (length, Kind::Ip4);
    }
    if let Some(length) = blob(rest) {
        return (length, Kind::Blob);
    }
    if is_word(first) {
        let run = run_of(rest, |c| is_word(c) || matches!(c, '.' | '-'));
        return (rest[..run].trim_end_matches(['.', '-']).len(), Kind::Word);
    }
    (first.len_utf8(), Kind::Mark(first))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{c}' | '\u{b}')
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn run_of(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.len() - text.trim_start_matches(is_part).len()
}

fn mac(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_pair = |pair: usize| {
        bytes.get(pair * 3..pair * 3 + 2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
            && (pair == 5 || bytes.get(pair * 3 + 2) == Some(&b':'))
    };
    let ends = !bytes.get(17).is_some_and(|b| b.is_ascii_hexdigit() || *b == b':');
    ((0..6).all(is_pair) && ends).then_some(17)
}

fn ip4(text: &str) -> Option<usize> {
    let run = run_of(text, |c| c.is_ascii_digit() || c == '.');
    let run = text[..run].trim_end_matches('.').len();
    if run < 7 || text[..run].parse::<Ipv4Addr>().is_err() {
        return None;
    }
    let after = &text[run..];
    let mut follow = after.chars();
    let next = follow.next();
    let goes_on =
        next.is_some_and(is_word) || matches!(next, Some('.' | '-')) && follow.next().is_some_and(is_word);
    if goes_on {
        return None;
    }
    Some(run + prefix(after, 32))
}

fn ip6(text: &str) -> Option<usize> {
    let run = run_of(text, |c| c.is_ascii_hexdigit() || c == ':');
    let mut candidate = &text[..run];
    if candidate.ends_with(':') && !candidate.ends_with("::") {
        candidate = &candidate[..candidate.len() - 1];
    }
    if candidate.matches(':').count() < 2 || candidate.parse::<Ipv6Addr>().is_err() {
        return None;
    }
    let after = &text[candidate.len()..];
    if after.chars().next().is_some_and(is_word) {
        return None;
    }
    Some(candidate.len() + prefix(after, 128))
}

/// Length of `/24` and the like.
fn prefix(after: &str, most: u16) -> usize {
    let Some(rest) = after.strip_prefix('/') else { return 0 };
    let digits = run_of(rest, |c| c.is_ascii_digit());
    let is_length = rest[..digits].parse::<u16>().is_ok_and(|length| length <= most);
    let ends = !rest[digits..].chars().next().is_some_and(is_word);
    if is_length && ends { digits + 1 } else { 0 }
}

fn blob(text: &str) -> Option<usize> {
    let run = run_of(text, |c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/'));
    let padding = run_of(&text[run..], |c| c == '=').min(2);
    let body = &text[..run];
    let has = |test: fn(&u8) -> bool| body.bytes().any(|b| test(&b));
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    // A path has words between its slashes; of encoded bytes every 64th is one.
    let longest = body.split('/').map(str::len).max().unwrap_or(0);
    (run >= 40 && is_mixed && longest >= 20).then_some(run + padding)
}

/// Returns a token with what usually varies taken out: addresses and numbers.
pub(super) fn mask(token: Token<'_>) -> String {
    match token.kind {
        Kind::Ip4 => "<ip4>".into(),
        Kind::Ip6 => "<ip6>".into(),
        Kind::Mac => "<mac>".into(),
        Kind::Blob => "<blob>".into(),
        Kind::Word if token.text.bytes().all(|b| b.is_ascii_digit()) => "<n>".into(),
        Kind::Word if is_hex(token.text) => "<hex>".into(),
        Kind::Word => without_numbers(token.text),
        _ => token.text.to_owned(),
    }
}

fn is_hex(text: &str) -> bool {
    text.strip_prefix("0x")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_hexdigit()))
        || (text.len() >= 16 && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f')))
}

fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    out
}

/// Rough number of bits that a value says: what two equal values are worth as evidence.
pub(super) fn information(value: &str) -> f64 {
    let mut bits = 0.0;
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_digit() {
            let length = run_of(rest, |c| c.is_ascii_digit());
            bits += 3.3 * length as f64;
            length
        } else if first.is_alphabetic() {
            let length = run_of(rest, char::is_alphabetic);
            bits += (3.0 * rest[..length].chars().count() as f64).min(24.0);
            length
        } else {
            bits += 0.5;
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    bits.min(60.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        words(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn addresses_stay_whole() {
        assert_eq!(cut("rd 10.255.0.3:10011"), ["rd", "10.255.0.3", ":", "10011"]);
        assert_eq!(cut("ip 10.0.0.1/31,"), ["ip", "10.0.0.1/31", ","]);
        assert_eq!(cut("a=00:1c:73:00:00:99"), ["a", "=", "00:1c:73:00:00:99"]);
        assert_eq!(cut("via fd00::1/64 x"), ["via", "fd00::1/64", "x"]);
        assert_eq!(cut("net fe80::/10;"), ["net", "fe80::/10", ";"]);
        assert_eq!(cut("v1.2.3.4-x"), ["v1.2.3.4-x"]);
        let key = "mK3xQ9vT2bR7nL5wY8cJ4dF6gH1sA0eZ/pU+iO2kX5M=";
        assert_eq!(cut(key), [key]);
        assert!(cut("acme/lyon/packaging/line01/Gateway/status/of").contains(&"line01"));
    }

    #[test]
    fn tokens_make_the_text() {
        for text in ["a\r\n\tb::c é 1.2.3.", "", "x: \"y\"\n", "12:34", "::"] {
            assert_eq!(tokens(text).iter().map(|token| token.text).collect::<String>(), text);
        }
    }
}
