//! Secrets: which values are some, and how every output is kept free of them.
//!
//! A secret is shown as `<redacted A>`: the same letter for the same value within one run, never a length, a prefix
//! or a digest. What was found to be secret at one place is masked at every other.

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

/// Shorter secrets are masked where they are a whole value; inside longer texts they would hit innocent words.
const SHORTEST_INSIDE: usize = 4;

static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(\$\{[^}]*\}|\$__\w+\{[^}]*\}|secret:\S+|vault:\S+|@\{[^}]*\}|\{\{[^}]*\}\}|\$[A-Z_][A-Z0-9_]*|ENC\[.*\])$").ok()
});

static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(^|[_.\-])(password|passwd|passphrase|pwd|secret|secretkey|token|api[_-]?key|private[_-]?key|credentials?|psk)$|(?i)password$").ok()
});

static INSIDE: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        r"://[^/\s:@]*:([^@\s/]+)@",
        r"(-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z))",
        r#"(?i)\b(?:password|passwd|passphrase|api[_-]?key|client[_-]?secret|auth[_-]?token)"?\s*[:=]\s*"?([^\s"',;}]+)"#,
        r"(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{8,})",
    ];
    patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect()
});

static STATEMENT: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        r"(?i)^(?:username \S+ .*?|enable |)(?:password|secret)(?: \d{1,2})? (\S+)$",
        r"(?i)^snmp-server community (\S+)",
        r"(?i)^snmp-server host \S+ (?:(?:traps|informs) )?(?:version \S+ (?:(?:auth|noauth|priv) )?)?(\S+)",
        r"(?i)\b(?:key-string|pre-shared-key|passphrase|wpa-psk ascii|authentication-key|message-digest-key \d+ md5)(?: \d{1,2})? (\S+)$",
        r"(?i)^(?:tacacs-server|radius-server|key|server-key)\b.*\bkey(?: \d{1,2})? (\S+)$",
        r"(?i)^neighbor \S+ password(?: \d{1,2})? (\S+)$",
        r"(?i)^\s*(?:password|passwd|psk|secret|token)\s+(\S+)$",
    ];
    patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect()
});

fn fits(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    regex.as_ref().is_some_and(|regex| regex.is_match(text))
}

/// Whether a text refers to a secret instead of being one.
pub(crate) fn is_reference(text: &str) -> bool {
    fits(&REFERENCE, text)
}

/// Whether a name says that its value is a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    name.len() >= 3 && fits(&NAME, name)
}

/// Whether a value is none, or one that everybody knows.
pub(crate) fn is_default(value: &str) -> bool {
    const KNOWN: &[&str] = &[
        "changeme",
        "change-me",
        "change_me",
        "password",
        "passwd",
        "admin",
        "default",
        "secret",
        "public",
        "private",
        "root",
        "1234",
        "12345",
        "123456",
        "null",
        "todo",
    ];
    let value = value.trim();
    value.is_empty() || KNOWN.contains(&value.to_lowercase().as_str())
}

/// The secrets inside a text by what stands around them.
pub(crate) fn inside(text: &str) -> Vec<&str> {
    captured(&INSIDE, text)
}

/// The secrets of a device statement or a line of settings.
pub(crate) fn of_statement(text: &str) -> Vec<&str> {
    let mut found = captured(&STATEMENT, text.trim());
    found.extend(inside(text));
    // `secret 9` is a type, not a value.
    found.retain(|secret| !(secret.len() <= 2 && secret.bytes().all(|b| b.is_ascii_digit())));
    found
}

fn captured<'t>(regexes: &[Regex], text: &'t str) -> Vec<&'t str> {
    regexes
        .iter()
        .flat_map(|regex| regex.captures_iter(text))
        .filter_map(|captures| captures.get(1).map(|secret| secret.as_str()))
        .filter(|secret| !is_reference(secret))
        .collect()
}

/// Replaces secrets by their class; letters are given in the order of first use.
pub(crate) struct Masker {
    finder: Option<AhoCorasick>,
    known: HashSet<String>,
    classes: HashMap<String, usize>,
}

impl Masker {
    pub(crate) fn new(secrets: BTreeSet<String>) -> Self {
        let mut known: Vec<String> = vec![];
        for secret in secrets.into_iter().filter(|secret| secret.len() >= SHORTEST_INSIDE) {
            // A secret of several lines may be shown line by line.
            known
                .extend(secret.lines().filter(|line| line.len() >= 16 && *line != secret).map(str::to_owned));
            known.push(secret);
        }
        let finder = if known.is_empty() {
            None
        } else {
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&known).ok()
        };
        Self { finder, known: known.into_iter().collect(), classes: HashMap::new() }
    }

    fn class(&mut self, secret: &str) -> String {
        let next = self.classes.len();
        let mut number = *self.classes.entry(secret.to_owned()).or_insert(next);
        let mut letters = vec![];
        loop {
            letters.push(char::from(b'A' + (number % 26) as u8));
            if number < 26 {
                break;
            }
            number = number / 26 - 1;
        }
        format!("<redacted {}>", letters.iter().rev().collect::<String>())
    }

    /// A text without any secret in it.
    pub(crate) fn text(&mut self, text: &str) -> String {
        let mut spans: Vec<(usize, usize)> = vec![];
        if let Some(finder) = &self.finder {
            spans.extend(finder.find_iter(text).map(|hit| (hit.start(), hit.end())));
        }
        for secret in inside(text) {
            let start = secret.as_ptr() as usize - text.as_ptr() as usize;
            let end = start + secret.len();
            if !secret.starts_with("<redacted") && !spans.iter().any(|span| span.0 < end && start < span.1) {
                spans.push((start, end));
            }
        }
        if spans.is_empty() {
            return text.to_owned();
        }
        spans.sort_unstable();
        let mut out = String::new();
        let mut at = 0;
        for (start, end) in spans {
            out.push_str(&text[at..start]);
            out.push_str(&self.class(&text[start..end]));
            at = end;
        }
        out.push_str(&text[at..]);
        out
    }

    /// A value without any secret in it.
    pub(crate) fn value(&mut self, value: &Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.text(text)),
            Json::Array(items) => Json::Array(items.iter().map(|item| self.value(item)).collect()),
            Json::Object(members) => {
                let member = |(key, value): (&String, &Json)| {
                    let hidden = is_secret_name(key) && (value.is_string() || value.is_number());
                    (self.text(key), if hidden { self.whole(value) } else { self.value(value) })
                };
                Json::Object(members.iter().map(member).collect())
            }
            // A number may be a secret too: a PIN.
            Json::Number(number) if self.known.contains(&number.to_string()) => self.whole(value),
            other => other.clone(),
        }
    }

    /// A value that is a secret as a whole.
    pub(crate) fn whole(&mut self, value: &Json) -> Json {
        match value {
            Json::Null => Json::Null,
            Json::Bool(value) => Json::Bool(*value),
            Json::String(text) if text.trim().is_empty() => Json::from("<empty>"),
            Json::String(text) if is_reference(text) => Json::from("<reference>"),
            Json::String(text) => Json::String(self.class(text)),
            Json::Number(number) => Json::String(self.class(&number.to_string())),
            Json::Array(items) => Json::Array(items.iter().map(|item| self.whole(item)).collect()),
            Json::Object(members) => {
                Json::Object(members.iter().map(|(key, value)| (key.clone(), self.whole(value))).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_per_value_and_none_of_its_bytes() {
        let mut masker = Masker::new(BTreeSet::from(["Sommer-2024!".to_owned(), "abc".to_owned()]));
        assert_eq!(masker.text("pw is Sommer-2024!"), "pw is <redacted A>");
        assert_eq!(masker.whole(&Json::from("abc")), Json::from("<redacted B>"));
        assert_eq!(masker.text("mqtt://u:p4ss@h"), "mqtt://u:<redacted C>@h");
        assert_eq!(masker.whole(&Json::from("Sommer-2024!")), Json::from("<redacted A>"));
    }

    #[test]
    fn statements_show_where_their_secret_is() {
        assert_eq!(of_statement("username ops privilege 15 secret 9 $9$abc"), ["$9$abc"]);
        assert_eq!(of_statement("snmp-server community plant-ro RO 10"), ["plant-ro"]);
        assert!(of_statement("username ops privilege 15").is_empty());
        assert!(is_reference("${secret:mqtt/line-04}") && is_reference("${GRR_PK1}") && !is_reference("abc"));
        assert!(
            is_secret_name("mqtt_password")
                && is_secret_name("token")
                && !is_secret_name("tokens_used")
                && !is_secret_name("author")
        );
    }
}
