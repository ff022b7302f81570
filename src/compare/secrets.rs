//! Secrets: which values are some, and how every output is kept free of them.
//!
//! A secret is shown as `<redacted A>`: the same letter for the same value within one run, never a length, a prefix
//! or a digest. What was found to be secret at one place is masked at every other.

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

/// Why two spellings of a salted secret are not compared.
pub(crate) const SALTED: &str = "salted on every read: only its presence is checked";

/// Why a reference and a value are not compared.
pub(crate) const PRESENCE: &str = "a reference: only its presence is checked";

/// Shorter secrets are masked where they are a whole value; inside longer texts they would hit innocent words.
const SHORTEST_INSIDE: usize = 4;

static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(\$\{[^}]*\}|\$__\w+\{[^}]*\}|secret:\S+|vault:\S+|@\{[^}]*\}|\{\{[^}]*\}\}|\$[A-Z_][A-Z0-9_]*|ENC\[.*\])$").ok()
});

static INSIDE: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        r"://[^/\s:@]*:(\$\{[^}]*\}|[^@\s/]+)@",
        r"(-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z))",
        // As a setting, `DB_PASSWORD="x"`, or on a command line, `--password x`.
        r#"(?i)(?:password|passwd|passphrase|api[_-]?key|client[_-]?secret|auth[_-]?token)["']?\s*[:=]\s*(?:"([^"\n]+)"|'([^'\n]+)'|(\$\{[^}]*\}|\{\{[^}]*\}\}|[^\s"',;}]+))"#,
        r#"(?i)(?:^|[\s_])(?:secret|token|psk|private_?key)["']?\s*=\s*(?:"([^"\n]+)"|'([^'\n]+)'|(\$\{[^}]*\}|\{\{[^}]*\}\}|[^\s"',;}]+))"#,
        r#"(?i)(?:^|\s)--?(?:[a-z]+-)?(?:password|passwd|passphrase|secret|token|api-?key)\s+(?:"([^"\n]+)"|'([^'\n]+)'|(\$\{[^}]*\}|[^\s"',;}-][^\s"',;}]*))"#,
        r"(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{8,})",
        // As crypt(3) and mosquitto_passwd write it: `$6$salt$digest`, also with its parameters.
        r"(?:^|[\s:=,])(\$(?:1|5|6|7|9|y|2[abxy]|argon2i?d?|pbkdf2[a-z0-9-]*|scrypt)\$[A-Za-z0-9./+=,$-]{8,})",
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

/// Whether a name says that its value is a secret: `password` at its end, or one of these as its last word.
pub(crate) fn is_secret_name(name: &str) -> bool {
    const LAST_WORDS: &[&str] = &[
        "secret",
        "secrets",
        "token",
        "psk",
        "pwd",
        "passwd",
        "passphrase",
        "credential",
        "credentials",
        "secretkey",
        "apikey",
        "api_key",
        "api-key",
        "privatekey",
        "private_key",
        "private-key",
    ];
    let name = name.as_bytes();
    let ends = |word: &str| {
        let at = name.len().checked_sub(word.len())?;
        name[at..].eq_ignore_ascii_case(word.as_bytes()).then_some(at)
    };
    let begins_a_word = |at: usize| match at.checked_sub(1).map(|before| name[before]) {
        None | Some(b'_' | b'-' | b'.') => true,
        Some(before) => {
            (before.is_ascii_lowercase() || before.is_ascii_digit()) && name[at].is_ascii_uppercase()
        }
    };
    let [.., one, two] = name else { return false };
    // The last two letters already clear most names.
    let may_be = matches!(
        &[one.to_ascii_lowercase(), two.to_ascii_lowercase()],
        b"rd" | b"ds" | b"et" | b"ts" | b"en" | b"sk" | b"wd" | b"se" | b"al" | b"ls" | b"ey"
    );
    may_be
        && (ends("password").or_else(|| ends("passwords")).is_some()
            || LAST_WORDS.iter().filter_map(|word| ends(word)).any(begins_a_word))
}

/// Whether a name beside a secret only describes it.
pub(crate) fn describes(name: &str) -> bool {
    ["user", "username", "type", "name", "id", "description"].contains(&name)
}

/// Whether a text can hold a secret at all; most do not, and are not searched.
fn is_suspect(text: &str) -> bool {
    static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let words = [
            "://",
            "passw",
            "passphrase",
            "secret",
            "token",
            "psk",
            "key",
            "bearer",
            "snmp-server",
            "$1$",
            "$5$",
            "$6$",
            "$7$",
            "$9$",
            "$y$",
            "$2",
            "$argon2",
            "$pbkdf2",
            "$scrypt",
        ];
        AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()
    });
    WORDS.as_ref().is_none_or(|words| words.is_match(text))
}

/// Whether a content may hold a secret by what is written there; most do not, and are not read for some.
pub(crate) fn may_hold_some(content: &[u8]) -> bool {
    simdutf8::basic::from_utf8(content).is_ok_and(is_suspect)
}

/// Whether a text looks like a secret by itself, wherever it stands.
pub(crate) fn looks_random(text: &str) -> bool {
    text.len() >= 8
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The values that stand after these names, in a text that could not be parsed.
pub(crate) fn after_names<'t>(text: &'t str, names: &[&str]) -> Vec<&'t str> {
    let of_name = |name: &str| -> Vec<&'t str> {
        let starts = memchr::memmem::find_iter(text.as_bytes(), name).map(|at| at + name.len());
        starts.filter_map(|at| after(text.get(at..)?)).collect()
    };
    let mut found: Vec<&str> =
        names.iter().filter(|name| !name.is_empty()).flat_map(|name| of_name(name)).collect();
    found.extend(inside(text));
    found.retain(|value| !is_reference(value) && !is_plain_word(value));
    found
}

/// The value of `: "value"`, `=value`, `>value<` and the like.
fn after(rest: &str) -> Option<&str> {
    let rest = rest.trim_start_matches(['"', '\'']).trim_start_matches([' ', '\t']);
    let rest = rest.strip_prefix([':', '=', '>'])?.trim_start_matches([' ', '\t']);
    let value = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split([quote, '\n']).next()?,
        _ => rest.split([' ', '\t', '\r', '\n', ',', ';', '}', ']', '<']).next()?,
    };
    Some(value).filter(|value| !value.is_empty())
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
    if !is_suspect(text) {
        return vec![];
    }
    let mut found = captured(&STATEMENT, text.trim());
    found.extend(inside(text));
    // `secret 9` is a type, not a value.
    found.retain(|secret| !(secret.len() <= 2 && secret.bytes().all(|b| b.is_ascii_digit())));
    found
}

fn captured<'t>(regexes: &[Regex], text: &'t str) -> Vec<&'t str> {
    spans(regexes, text).into_iter().map(|span| &text[span]).filter(|secret| !is_reference(secret)).collect()
}

/// Where the values stand that the patterns call secrets, references among them.
fn spans(regexes: &[Regex], text: &str) -> Vec<Range<usize>> {
    if !is_suspect(text) {
        return vec![];
    }
    let value =
        |captures: regex::Captures<'_>| captures.iter().skip(1).flatten().next().map(|hit| hit.range());
    let mut spans: Vec<Range<usize>> =
        regexes.iter().flat_map(|regex| regex.captures_iter(text)).filter_map(value).collect();
    spans.retain(|span| !is_plain_word(&text[span.clone()]));
    spans
}

/// Whether a value says something about a secret rather than being one.
fn is_plain_word(value: &str) -> bool {
    const WORDS: &[&str] = &["true", "false", "yes", "no", "on", "off", "none", "null", "required"];
    WORDS.contains(&value.to_ascii_lowercase().as_str())
}

/// Whether two texts differ only where the intended one refers to a secret and the deployed one holds a value: then
/// all that can be told is that something is there.
pub(crate) fn only_presence(intended: &str, deployed: &str) -> bool {
    if is_reference(intended) || !intended.contains(['$', ':', '{', '[']) {
        return false;
    }
    let (of_s, of_d) = (all_spans(intended), all_spans(deployed));
    let around = |text: &str, spans: &[Range<usize>]| -> Vec<String> {
        let ends = spans.iter().map(|span| span.start).chain([text.len()]);
        let starts = [0].into_iter().chain(spans.iter().map(|span| span.end));
        starts.zip(ends).map(|(start, end)| text.get(start..end).unwrap_or_default().to_owned()).collect()
    };
    let value = |(s, d): (&Range<usize>, &Range<usize>)| {
        let (s, d) = (&intended[s.clone()], &deployed[d.clone()]);
        s == d || (is_reference(s) && !is_default(d))
    };
    !of_s.is_empty()
        && of_s.len() == of_d.len()
        && around(intended, &of_s) == around(deployed, &of_d)
        && of_s.iter().zip(&of_d).all(value)
}

/// The places of secrets in a statement or a text, in order and apart from each other.
fn all_spans(text: &str) -> Vec<Range<usize>> {
    let mut all = spans(&STATEMENT, text);
    all.extend(spans(&INSIDE, text));
    all.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut end = 0;
    all.retain(|span| {
        let apart = span.start >= end;
        end = end.max(span.end);
        apart
    });
    all
}

/// The lines of the private keys in a text, which may be shown one by one.
pub(crate) fn private_keys(text: &str) -> Vec<&str> {
    const BEGIN: &str = "PRIVATE KEY-----";
    if memchr::memmem::find(text.as_bytes(), BEGIN.as_bytes()).is_none() {
        return vec![];
    }
    let mut found = vec![];
    let mut is_inside = false;
    for line in text.lines().map(str::trim) {
        let is_mark = line.ends_with(BEGIN);
        if is_mark && line.starts_with("-----BEGIN ") {
            is_inside = true;
        } else if is_mark {
            is_inside = false;
        } else if is_inside {
            found.push(line);
        }
    }
    found
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
        self.without_secrets(text, false)
    }

    /// A name or a path without any secret in it. A word that everybody knows stays, though it is the secret of some
    /// place: `password` is a good name and a bad password.
    pub(crate) fn name(&mut self, text: &str) -> String {
        self.without_secrets(text, true)
    }

    fn without_secrets(&mut self, text: &str, spare_words: bool) -> String {
        let mut spans: Vec<(usize, usize)> = vec![];
        if let Some(finder) = &self.finder {
            let hits = finder.find_iter(text).map(|hit| (hit.start(), hit.end()));
            spans.extend(hits.filter(|(start, end)| !spare_words || !is_default(&text[*start..*end])));
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
                let names_one = ["name", "key"]
                    .iter()
                    .any(|name| members.get(*name).and_then(Json::as_str).is_some_and(is_secret_name));
                let member = |(key, value): (&String, &Json)| {
                    let shown = if is_secret_name(key) {
                        self.below_name(value)
                    } else if names_one && key == "value" {
                        self.whole(value)
                    } else {
                        self.value(value)
                    };
                    (self.name(key), shown)
                };
                Json::Object(members.iter().map(member).collect())
            }
            // A number may be a secret too: a PIN.
            Json::Number(number) if self.known.contains(&number.to_string()) => self.whole(value),
            other => other.clone(),
        }
    }

    /// What stands under a secret's name: in a map, what describes the secret is none.
    fn below_name(&mut self, value: &Json) -> Json {
        let Json::Object(members) = value else { return self.whole(value) };
        let member = |(key, value): (&String, &Json)| {
            let shown = if describes(key) { self.value(value) } else { self.below_name(value) };
            (self.name(key), shown)
        };
        Json::Object(members.iter().map(member).collect())
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
    fn settings_and_command_lines_show_where_their_secret_is() {
        assert_eq!(inside("MQTT_PASSWORD=geheim"), ["geheim"]);
        assert_eq!(inside(r#"export DB_PASSWORD="two words""#), ["two words"]);
        assert_eq!(inside("/bin/x --password geheim --verbose"), ["geheim"]);
        assert!(inside("password = ${secret:mqtt/line-04}").is_empty(), "a reference is none");
        assert!(inside("password: required").is_empty() && inside("--password --verbose").is_empty());
    }

    #[test]
    fn digests_of_passwords_are_secrets() {
        assert_eq!(inside("root:$6$saltsalt$abcdefgh/ij:19000"), ["$6$saltsalt$abcdefgh/ij"]);
        assert_eq!(inside("gw:$7$101$c2FsdA==$ZGlnZXN0"), ["$7$101$c2FsdA==$ZGlnZXN0"]);
        assert!(inside("cost $5 and $2 or ${a}").is_empty());
    }

    #[test]
    fn a_private_key_is_secret_line_by_line() {
        let text = "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n+/ab\n-----END RSA PRIVATE KEY-----\nb\n";
        assert_eq!(private_keys(text), ["MIIEow==", "+/ab"]);
        assert_eq!(private_keys("-----BEGIN PRIVATE KEY-----\nMIIE"), ["MIIE"], "a truncated file");
        assert!(private_keys("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----\n").is_empty());
    }

    #[test]
    fn a_word_that_everybody_knows_is_a_good_name_and_a_bad_secret() {
        let mut masker = Masker::new(BTreeSet::from(["password".to_owned()]));
        assert_eq!(masker.name("/mqtt/password"), "/mqtt/password");
        assert_eq!(
            masker.value(&serde_json::json!({"password": "password"})),
            serde_json::json!({"password": "<redacted A>"})
        );
        assert_eq!(masker.text("psk password"), "psk <redacted A>");
    }

    #[test]
    fn names_say_what_is_secret() {
        for name in ["password", "mqttPassword", "DB_PASSWORD", "clientSecret", "api-key", "psk", "token"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["max_tokens", "secretary", "monkey", "key", "passwordless", "tokenless", "basket", ""] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn values_are_found_in_what_cannot_be_parsed() {
        let text = "{\"pw\": \"geheim 1\", pin=geheim2\n<pw>geheim3</pw>";
        assert_eq!(after_names(text, &["pw", "pin"]), ["geheim 1", "geheim3", "geheim2"]);
    }

    #[test]
    fn a_reference_stands_for_any_value_and_for_nothing_else() {
        assert!(only_presence("mqtt://u:${P}@h", "mqtt://u:geheim@h"));
        assert!(only_presence("password ${secret:line/1}", "password geheim"));
        assert!(!only_presence("mqtt://u:${P}@h", "mqtt://u:geheim@i"), "another host");
        assert!(!only_presence("mqtt://u:${P}@h", "mqtt://u:changeme@h"), "a default is no secret");
        assert!(!only_presence("rate(x[${interval}])", "rate(x[5m])"), "a variable is no secret");
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
