//! `literal-secret`: a password, key or token that stands in a fleet file as itself.
//!
//! Found by the name of its key, or by the shape of well-known tokens. The value is never shown, also not as the
//! source line of the finding.

use crate::finding::{Finding, Place};
use crate::source::{Content, Document, Node, Span};

/// Parts of key names that mean a secret.
const NAMES: &[&str] = &[
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
/// Names that hold such a word and mean something else.
const HARMLESS: &[&str] =
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
        Content::Str(text) if is_token(text) || (key.is_some_and(is_secret_name) && is_literal(text)) => {
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
fn is_token(text: &str) -> bool {
    let body = |prefix: &str, least: usize| {
        text.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() >= least
                && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        })
    };
    (text.contains("-----BEGIN") && text.contains("PRIVATE KEY-----"))
        || body("AKIA", 16)
        || body("ghp_", 30)
        || body("github_pat_", 30)
        || body("glpat-", 20)
        || body("xoxb-", 20)
        || body("glsa_", 30)
        || (body("eyJ", 40) && text.matches('.').count() == 2)
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
        assert_eq!(found("cert: |\n  -----BEGIN PRIVATE KEY-----\n  x\n"), 1);
    }

    #[test]
    fn references_and_words_are_not() {
        assert_eq!(found("mqtt_password: secret:grr-mqtt\npassword_file: /etc/passwd1\n"), 0);
        assert_eq!(found("auth: password\nmqtt_password: { type: string, format: secret }\n"), 0);
        assert_eq!(found("token: \"{{ values.x }}\"\nsecret_name: grr-mqtt\n"), 0);
    }
}
