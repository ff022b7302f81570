//! `literal-secret`: a password, key or token that stands in a fleet file as itself.
//!
//! Found by the name of its key, or by the shape of well-known tokens. The value is never shown, also not as the
//! source line of the finding.

use crate::finding::{Finding, Place, Range};
use crate::load::Fleet;
use crate::source::{Content, Document, Node, Span};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Parts of key names that mean a secret.
pub(crate) const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "privatekey",
    "private_key",
    "credential",
];
/// Ends of names that hold such a word and mean something else.
pub(crate) const HARMLESS: &[&str] =
    &["_file", "_path", "_id", "_name", "_ref", "_url", "_ttl", "_days", "_type", "tokens"];

/// Finds literal secrets in a document.
pub(super) fn check(document: &Document) -> Vec<Finding> {
    let mut findings = vec![];
    visit(document, &document.root, None, &mut findings);
    findings
}

fn visit(document: &Document, node: &Node, key: Option<&str>, findings: &mut Vec<Finding>) {
    match &node.content {
        Content::Map(members) => {
            for member in members {
                // `{ value: x }` under a name is that name's value.
                let name = if matches!(&*member.key, "value" | "to") {
                    key.unwrap_or(&member.key)
                } else {
                    &member.key
                };
                visit(document, &member.node, Some(name), findings);
            }
        }
        Content::Seq(items) => items.iter().for_each(|item| visit(document, item, key, findings)),
        Content::Str(text) if has_token(text) || (key.is_some_and(is_secret_name) && is_literal(text)) => {
            findings.push(finding(document, node.span));
        }
        _ => {}
    }
}

fn finding(document: &Document, span: Span) -> Finding {
    let mut place = Place::span(&document.text, span);
    place.excerpt = "".into();
    Finding::error("literal-secret", "this looks like a secret; it must not stand in the fleet")
        .at(place)
        .next(
            "keep it in the plant's secret store, write secret:<name> here, and change it: it was in a file",
        )
}

fn is_secret_name(key: &str) -> bool {
    let key = key.to_lowercase().replace('-', "_");
    NAMES.iter().any(|name| key.contains(name)) && !HARMLESS.iter().any(|end| key.ends_with(end))
}

/// Whether a text under such a name is the secret itself, and no reference, expression or word about it.
fn is_literal(text: &str) -> bool {
    const WORDS: &[&str] = &["none", "password", "key", "secret", "string", "required", "optional"];
    let reference =
        text.starts_with("secret:") || text.starts_with('$') || text.starts_with('@') || text.contains("{{");
    text.len() >= 4 && !reference && !text.contains(' ') && !WORDS.contains(&text)
}

/// The shapes of private keys and of tokens whose issuers gave them a prefix.
fn has_token(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (text.contains("-----BEGIN") && text.contains("PRIVATE KEY-----"))
        || text.split(|c: char| !is_part(c)).any(is_token)
}

fn is_token(text: &str) -> bool {
    let body = |prefix: &str, least: usize| {
        text.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() >= least
                && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        })
    };
    body("AKIA", 16)
        || body("ghp_", 30)
        || body("github_pat_", 30)
        || body("glpat-", 20)
        || body("xoxb-", 20)
        || body("glsa_", 30)
        || (body("eyJ", 40) && text.matches('.').count() == 2)
}

/// Takes the source lines out of findings where a secret may stand in them: next to what is wrong, or in a file
/// that cannot be read.
pub fn hide(findings: &mut [Finding], fleet: Option<&Fleet>) {
    let mut names = BTreeSet::new();
    for standard in fleet.iter().flat_map(|fleet| fleet.standards.all()) {
        secret_names(&standard.inputs.schema, "", &mut names);
    }
    let mut hidden: BTreeSet<(Arc<str>, u32)> = BTreeSet::new();
    for place in findings.iter_mut().flat_map(places) {
        if place.excerpt.lines().any(|line| shows_secret(line, &names)) {
            place.excerpt = "".into();
        }
        if let Some(range) = place.range.filter(|_| place.excerpt.is_empty()) {
            hidden.extend(lines(range).map(|line| (place.file.clone(), line)));
        }
    }
    // A line that one finding must not show is not shown by another.
    for place in findings.iter_mut().flat_map(places) {
        let shows = place
            .range
            .is_some_and(|range| lines(range).any(|line| hidden.contains(&(place.file.clone(), line))));
        if shows {
            place.excerpt = "".into();
        }
    }
}

fn places(finding: &mut Finding) -> impl Iterator<Item = &mut Place> {
    finding.place.iter_mut().chain(finding.related.iter_mut().map(|(place, _)| place))
}

/// The lines of a place, as far as they are ever drawn.
fn lines(range: Range) -> impl Iterator<Item = u32> {
    range.line..=range.end_line.min(range.line.saturating_add(8))
}

/// Collects the names of inputs, and of what lies in them, that are secrets.
fn secret_names(schema: &Json, name: &str, names: &mut BTreeSet<String>) {
    if schema.get("format").is_some_and(|format| format == "secret") {
        names.insert(name.to_owned());
    }
    match schema {
        Json::Object(members) => {
            for (key, inner) in members {
                let inside = if inner.is_object() && !is_schema_word(key) { key } else { name };
                secret_names(inner, inside, names);
            }
        }
        Json::Array(items) => items.iter().for_each(|inner| secret_names(inner, name, names)),
        _ => {}
    }
}

fn is_schema_word(key: &str) -> bool {
    matches!(
        key,
        "properties" | "items" | "additionalProperties" | "not" | "if" | "then" | "else" | "contains"
    )
}

/// Whether a source line gives a secret's name a value that is no reference.
fn shows_secret(line: &str, names: &BTreeSet<String>) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    has_token(line)
        || line.match_indices(':').any(|(at, _)| {
            let before = line[..at].trim_end_matches([' ', '"', '\'']);
            let name = &before[before.trim_end_matches(is_word).len()..];
            let value = line[at + 1..].trim_start_matches([' ', '"', '\'']);
            let gives = line[at + 1..].chars().next().is_none_or(|c| matches!(c, ' ' | '"' | '\'' | '\t'));
            let is_named = names.contains(name) || is_secret_name(name) || sounds_secret(name);
            gives && is_named && is_shown(value)
        })
}

/// Short names that mean a secret often enough not to show what follows.
fn sounds_secret(name: &str) -> bool {
    const WORDS: &[&str] = &["pw", "pwd", "pass", "psk", "pin", "cred", "creds"];
    name.to_lowercase().split(['-', '_', '.']).any(|word| WORDS.contains(&word))
}

/// Whether the rest of a line after such a name is a value, and neither a reference nor a question about one.
fn is_shown(value: &str) -> bool {
    let is_question = value.starts_with('{') && ["format:", "type:"].iter().any(|word| value.contains(word));
    !value.is_empty() && !value.starts_with("secret:") && !is_question
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Text, parse};
    use std::sync::Arc;

    fn found(text: &str) -> usize {
        let document = parse(Arc::new(Text::new("t.yaml", text.into()))).expect("parses");
        check(&document).len()
    }

    #[test]
    fn secrets_are_found_by_name_and_by_shape() {
        assert_eq!(found("mqtt_password: hunter2\n"), 1);
        assert_eq!(found("overrides: { api-key: { value: abcd1234, by: x } }\n"), 1);
        assert_eq!(found("note: AKIAABCDEFGHIJKLMNOP\n"), 1);
        assert_eq!(found("note: the old ghp_0123456789abcdefghijklmnopqrstuvwxyz, say it to nobody\n"), 1);
        assert_eq!(found("cert: |\n  -----BEGIN PRIVATE KEY-----\n  x\n"), 1);
    }

    #[test]
    fn references_and_words_are_not() {
        assert_eq!(found("mqtt_password: secret:grr-mqtt\npassword_file: /etc/passwd1\n"), 0);
        assert_eq!(found("auth: password\nmqtt_password: { type: string, format: secret }\n"), 0);
        assert_eq!(found("token: \"{{ values.x }}\"\nsecret_name: grr-mqtt\n"), 0);
    }
}
