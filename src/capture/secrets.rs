//! Secrets are taken out before anything else looks at a file.
//!
//! Each stands as one opaque token from then on, so that it is a value of its own wherever it stood, and a reference
//! when the blueprint is written. What was taken out is kept in memory only, to prove that the references, filled in,
//! give the files back.

use crate::check::literal_secret::{HARMLESS, NAMES};
use std::collections::BTreeMap;
use std::ops::Range;

/// Begins and ends an opaque token; the characters between say which.
pub(super) const OPEN: char = '\u{FDD2}';
/// Ends it.
pub(super) const CLOSE: char = '\u{FDD3}';
/// The token's number; noncharacters, so that no text carries them by accident.
const DIGIT: u32 = 0xFDE0;

/// Parts of names that mean a secret in a device's file, beside those that mean one anywhere.
const MORE_NAMES: &[&str] =
    &["psksecret", "pre_shared_key", "presharedkey", "auth_key", "authkey", "encryption_key"];
/// Whole words that mean a secret.
const WORDS: &[&str] = &["pw", "pwd", "psk", "cred", "creds", "community"];
/// Ends of names that mean something else in a device's file, beside those that do anywhere.
const MORE_HARMLESS: &[&str] = &[
    "_uri",
    "_length",
    "_policy",
    "_expiry",
    "_age",
    "_timeout",
    "_method",
    "_algorithm",
    "_header",
    "_env",
    "_prompt",
    "_required",
    "_enabled",
    "nopassword",
    "_store",
    "_backend",
    "secrets",
    "passwords",
    // Where a web server hands a request on.
    "proxy_pass",
    "fastcgi_pass",
    "uwsgi_pass",
    "scgi_pass",
    "grpc_pass",
    "memcached_pass",
];
/// Words between a device's keyword and the secret: how it is encoded.
const ENCODINGS: &[&str] = &[
    "sha512",
    "sha256",
    "md5",
    "encrypted",
    "hash",
    "enc",
    "cipher",
    "irreversible-cipher",
    "plain",
    "scrypt",
    "clear",
];
/// What stands where a secret could and is none.
const NONE: &[&str] = &[
    "none",
    "null",
    "true",
    "false",
    "yes",
    "no",
    "password",
    "key",
    "secret",
    "string",
    "required",
    "optional",
    "env",
    "file",
    "policy",
    "enable",
    "disable",
    "encryption",
    "service",
    "strong",
    "prompt",
    "default",
    "token",
];

/// A text without its secrets.
#[derive(Debug, Clone, Default)]
pub(super) struct Cleared {
    /// The text with opaque tokens.
    pub(super) text: String,
    /// What each stands for.
    pub(super) taken: Vec<(String, String)>,
}

/// Takes the secrets out of a text; `number` counts tokens, the same secret gets the same one.
pub(super) fn clear(text: &str, known: &mut BTreeMap<String, String>, number: &mut u32) -> Cleared {
    let mut out = Cleared::default();
    let mut from = 0;
    for span in find(text) {
        if span.start < from || span.is_empty() {
            continue;
        }
        let secret = text[span.clone()].to_owned();
        let token = known.entry(secret.clone()).or_insert_with(|| {
            *number += 1;
            token(*number)
        });
        out.text.push_str(&text[from..span.start]);
        out.text.push_str(token);
        out.taken.push((token.clone(), secret));
        from = span.end;
    }
    out.text.push_str(&text[from..]);
    out
}

fn token(number: u32) -> String {
    let digits = number.to_string().bytes().map(|b| u32::from(b - b'0')).collect::<Vec<_>>();
    let digits = digits.into_iter().filter_map(|digit| char::from_u32(DIGIT + digit));
    std::iter::once(OPEN).chain(digits).chain([CLOSE]).collect()
}

/// Whether a value is an opaque token.
pub(super) fn is_token(value: &str) -> bool {
    value.starts_with(OPEN) && value.ends_with(CLOSE)
}

/// Finds secrets, in order.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut out = private_keys(text);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !out.iter().any(|span| span.start <= start && start < span.end) {
            in_line(line, start, &mut out);
        }
        start += line.len();
    }
    out.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    out
}

fn private_keys(text: &str) -> Vec<Range<usize>> {
    let mut out = vec![];
    let mut from = 0;
    while let Some(at) = text[from..].find("-----BEGIN ") {
        let start = from + at;
        let Some(header) = text[start..].lines().next() else { break };
        from = start + "-----BEGIN ".len();
        if !header.contains("PRIVATE KEY-----") {
            continue;
        }
        let Some(end) = text[from..].find("PRIVATE KEY-----").and_then(|first| {
            let after = from + first + 1;
            text[after..].find("PRIVATE KEY-----").map(|second| after + second + "PRIVATE KEY-----".len())
        }) else {
            continue;
        };
        out.push(start..end);
        from = end;
    }
    out
}

fn in_line(line: &str, start: usize, out: &mut Vec<Range<usize>>) {
    let trimmed = line.trim_start();
    let is_comment = trimmed.starts_with(['#', ';', '!']) || trimmed.starts_with("//");
    let mut push = |span: Range<usize>| out.push(start + span.start..start + span.end);
    shapes(line).into_iter().for_each(&mut push);
    login(line).into_iter().for_each(&mut push);
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut at = 0;
    let mut word_number = 0;
    while let Some(first) = line[at..].find(is_part) {
        let word_start = at + first;
        let length = line[word_start..].find(|c| !is_part(c)).unwrap_or(line.len() - word_start);
        let end = word_start + length;
        word_number += 1;
        if is_name(&line[word_start..end])
            && let Some(span) = value_behind(line, word_start, end, is_comment, word_number)
        {
            at = span.end;
            push(span);
        } else {
            at = end;
        }
    }
}

fn is_name(word: &str) -> bool {
    let word = word.to_lowercase().replace('-', "_");
    let means = NAMES.iter().chain(MORE_NAMES).any(|name| word.contains(name))
        || word.split('_').any(|part| WORDS.contains(&part));
    let means = means || word.ends_with("_pass");
    means && !HARMLESS.iter().chain(MORE_HARMLESS).any(|end| word.ends_with(end))
}

/// The value that a name gives: `name: value`, `name="value"`, `<name>value`, `password 7 value`.
fn value_behind(
    line: &str,
    start: usize,
    end: usize,
    is_comment: bool,
    word_number: usize,
) -> Option<Range<usize>> {
    let rest = &line[end..];
    let after_name = rest.trim_start_matches(['"', '\'']);
    let after_space = after_name.trim_start_matches([' ', '\t']);
    let is_given = after_space.starts_with([':', '=']) && !after_space.starts_with("==");
    let is_element = rest.starts_with('>') && line[..start].ends_with('<');
    let value = if is_given {
        after_space[1..].trim_start_matches(['=', '>', ' ', '\t'])
    } else if is_element {
        &rest[1..]
    } else {
        return if is_comment { None } else { spoken(line, end, word_number) };
    };
    let mut from = line.len() - value.len();
    let mut stop = line.trim_end().len();
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        from += 1;
        stop = from + line[from..].find(quote)?;
    } else if is_element {
        stop = from + value.find('<').unwrap_or(value.trim_end().len());
    } else if let Some(at) = line[from.min(stop)..stop].find([' ', ',', ';', '"', '\'', '}', ']', '&']) {
        stop = from + at;
    }
    (from < stop && is_secret(&line[from..stop])).then_some(from..stop)
}

/// A device's `password 7 value`: the value is the last word, or an encoding stands before it.
fn spoken(line: &str, end: usize, word_number: usize) -> Option<Range<usize>> {
    let mut words = vec![];
    let mut at = end;
    for word in line[end..].split_inclusive([' ', '\t', '\n', '\r']) {
        let text = word.trim_end();
        if !text.is_empty() {
            words.push(at..at + text.len());
        }
        at += word.len();
    }
    let text = |span: &Range<usize>| line[span.clone()].trim_matches(['"', '\'']).to_lowercase();
    let is_encoding = |span: &Range<usize>| {
        let word = text(span);
        ENCODINGS.contains(&word.as_str()) || (word.len() == 1 && word.bytes().all(|b| b.is_ascii_digit()))
    };
    let (value, is_sure) = match words.as_slice() {
        [encoding, value, ..] if is_encoding(encoding) => (value.clone(), true),
        [value] => (value.clone(), word_number <= 3),
        [value, ..] => (value.clone(), line[..end].trim_start().starts_with("snmp")),
        [] => return None,
    };
    let raw = &line[value.clone()];
    let quote = usize::from(raw.starts_with(['"', '\'']));
    let from = value.start + quote;
    let stop = value.start + raw.trim_end_matches([';', ',', '"', '\'']).len();
    let is_mixed = raw.bytes().any(|b| b.is_ascii_digit()) || raw.contains(['$', '!', '#', '=']);
    let counts = from < stop && (is_sure || is_mixed && words.len() == 1) && is_secret(&line[from..stop]);
    counts.then_some(from..stop)
}

fn is_secret(value: &str) -> bool {
    let is_variable = value
        .strip_prefix('$')
        .is_some_and(|rest| rest.starts_with(['{', '(']) || rest.starts_with(char::is_alphabetic));
    let is_reference = is_variable
        || value.starts_with(['@', '/', '<', '%', '*', '!', OPEN])
        || value.starts_with("secret:")
        || value.contains("{{");
    let is_short_number = value.len() < 6 && value.bytes().all(|b| b.is_ascii_digit());
    value.len() >= 4
        && !is_reference
        && !is_short_number
        && !value.contains(' ')
        && value.chars().any(char::is_alphanumeric)
        && !NONE.contains(&value.to_lowercase().as_str())
}

/// Tokens whose issuers gave them a shape.
fn shapes(line: &str) -> Vec<Range<usize>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut out = vec![];
    let mut at = 0;
    while let Some(first) = line[at..].find(is_part) {
        let start = at + first;
        let length = line[start..].find(|c| !is_part(c)).unwrap_or(line.len() - start);
        let word = &line[start..start + length];
        let known: [(&str, usize); 6] =
            [("AKIA", 16), ("ghp_", 30), ("github_pat_", 30), ("glpat-", 20), ("xoxb-", 20), ("glsa_", 30)];
        let is_known = known
            .iter()
            .any(|(prefix, least)| word.strip_prefix(prefix).is_some_and(|rest| rest.len() >= *least));
        let is_web_token = word.len() >= 43 && word.starts_with("eyJ") && word.matches('.').count() == 2;
        if is_known || is_web_token {
            out.push(start..start + length);
        }
        at = start + length;
    }
    out
}

/// The password of `scheme://user:password@host`.
fn login(line: &str) -> Option<Range<usize>> {
    let at = line.find("://")? + 3;
    let end = line[at..].find(['/', ' ', '"', '\'', '\n', '?']).map_or(line.len(), |end| at + end);
    let host = at + line[at..end].rfind('@')?;
    let colon = at + line[at..host].find(':')?;
    is_secret(&line[colon + 1..host]).then_some(colon + 1..host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        find(text).into_iter().map(|span| &text[span]).collect()
    }

    #[test]
    fn secrets_are_found() {
        assert_eq!(found("  neighbor X password 7 Q4fqtbqcZ7oQ==\n"), ["Q4fqtbqcZ7oQ=="]);
        assert_eq!(found("username a secret sha512 $6$7u4j$EJt2\n"), ["$6$7u4j$EJt2"]);
        assert_eq!(found("password: \"hunter two\"\npassword = hunter2\n"), ["hunter2"]);
        assert_eq!(found("{\"api_key\": \"abc123\", \"x\": 1}"), ["abc123"]);
        assert_eq!(found("<password>geheim</password>"), ["geheim"]);
        assert_eq!(found("url = \"mqtt://me:pa55w0rd@broker:1883\"\n"), ["pa55w0rd"]);
        assert_eq!(found("snmp-server community s3cret RO\n"), ["s3cret"]);
        assert_eq!(
            found("-----BEGIN PRIVATE KEY-----\nab\n-----END PRIVATE KEY-----\nx"),
            ["-----BEGIN PRIVATE KEY-----\nab\n-----END PRIVATE KEY-----"]
        );
    }

    #[test]
    fn references_and_talk_are_none() {
        for text in [
            "password = \"${MQTT_PASSWORD}\"\n",
            "password_file /mosquitto/passwd\n",
            "# If password is set, use it\n",
            "description reset the password every month\n",
            "nopassword\n",
            "secret: secret:x\n",
            "no enable password\n",
            "service password-encryption\n",
            "token_ttl: 3600\n",
        ] {
            assert_eq!(found(text), Vec::<&str>::new(), "{text}");
        }
    }
}
