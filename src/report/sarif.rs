//! SARIF 2.1.0 (OASIS, errata 01), as GitHub code scanning and others read it.
//!
//! Paths are relative to the root of the repository, every region begins at 1 or later, and what tells a result from
//! another (`partialFingerprints`) holds no line number, so that an alert stays the same when lines move. What a
//! deviation covers is a suppressed result with its reason, not a missing one.

use super::drifts::{RULES as DRIFT_RULES, deviation, is_untold, next_step, rule, sentence};
use super::fingerprint::Fingerprints;
use super::words::plural;
use super::{Drifts, Findings, Format, Style};
use crate::check;
use crate::compare::{Disposition, Drift};
use crate::finding::{Finding, Level, Range};
use serde_json::{Map, Value, json};

pub(super) const FORMAT: Format = Format {
    name: "sarif",
    what: "SARIF 2.1.0 for code scanning: GitHub, Azure DevOps, editors",
    universal: false,
    findings: |findings, _: Style| findings_log(findings).to_string(),
    drift: |drifts, _: Style| drift_log(drifts).to_string(),
    capture: None,
};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Most results of a run that GitHub takes; more and it refuses the file.
const RESULTS: usize = 25_000;

/// A rule as SARIF describes it.
struct Described {
    id: &'static str,
    level: Level,
    what: &'static str,
    why: &'static str,
    instead: &'static str,
}

fn findings_log(findings: &Findings<'_>) -> Value {
    let rules: Vec<Described> = check::RULES
        .iter()
        .map(|rule| Described {
            id: rule.name,
            level: rule.level,
            what: rule.what,
            why: rule.why,
            instead: rule.instead,
        })
        .collect();
    let mut prints = Fingerprints::default();
    let shown = findings.list.iter().chain(findings.accepted);
    let results = shown.map(|finding| result(findings, finding, &rules, &mut prints)).collect();
    log(findings.command, findings.name, &rules, results, findings.is_blind(), &[])
}

fn result(
    findings: &Findings<'_>,
    finding: &Finding,
    rules: &[Described],
    prints: &mut Fingerprints,
) -> Value {
    let spot = findings.spot(finding);
    let mut out =
        start(finding.rule, rules, finding.level, &spot.message, finding.owner.as_deref(), &finding.next);
    out.insert(
        "locations".into(),
        json!([location(&spot.path, spot.range, finding.address.as_deref(), None)]),
    );
    if !finding.related.is_empty() {
        let related = finding.related.iter().enumerate().map(|(id, (place, words))| {
            let mut related = location(&findings.path(Some(place)), place.range, None, Some(words));
            related["id"] = json!(id + 1);
            related
        });
        out.insert("relatedLocations".into(), related.collect());
    }
    out.insert("partialFingerprints".into(), json!({ "primaryLocationLineHash": prints.finding(finding) }));
    if let Some(by) = &finding.accepted {
        let why = format!("accepted by {} until {}", by.deviation, by.until);
        out.insert(
            "suppressions".into(),
            json!([{ "kind": "external", "status": "accepted", "justification": why }]),
        );
    }
    Value::Object(out)
}

fn drift_log(drifts: &Drifts<'_>) -> Value {
    let rules: Vec<Described> = DRIFT_RULES
        .iter()
        .map(|rule| Described {
            id: rule.id,
            level: Level::Error,
            what: rule.what,
            why: rule.why,
            instead: rule.instead,
        })
        .collect();
    let mut prints = Fingerprints::default();
    let mut shown: Vec<&Drift> =
        drifts.report.findings.iter().filter(|drift| drift.disposition != Disposition::Ignored).collect();
    shown.sort_by_key(|drift| std::cmp::Reverse(drift.level));
    let results = shown.iter().map(|drift| drift_result(drifts, drift, &rules, &mut prints)).collect();
    let blind = drifts.report.verdict == crate::compare::Verdict::CannotTell;
    log("diff", drifts.name, &rules, results, blind, &drifts.report.warnings)
}

fn drift_result(drifts: &Drifts<'_>, drift: &Drift, rules: &[Described], prints: &mut Fingerprints) -> Value {
    let next = next_step(drift).unwrap_or_default();
    let mut out = start(rule(drift), rules, drift.level, &sentence(drift), drift.owner.as_deref(), next);
    let range = drift.line.map(|line| Range { line, column: 1, end_line: line, end_column: 1 });
    out.insert(
        "locations".into(),
        json!([location(&drifts.path(drift), range, drift.address.as_deref(), None)]),
    );
    out.insert("partialFingerprints".into(), json!({ "primaryLocationLineHash": prints.drift(drift) }));
    if drift.disposition == Disposition::Approved {
        let why = deviation(drift).unwrap_or_default();
        out.insert(
            "suppressions".into(),
            json!([{ "kind": "external", "status": "accepted", "justification": why }]),
        );
    }
    if let Some(Value::Object(properties)) = out.get_mut("properties") {
        let consequence = if is_untold(drift) { None } else { Some(drift.consequence.as_str()) };
        properties.insert("kind".into(), json!(drift.kind.as_str()));
        properties.insert("attribution".into(), json!(drift.attribution.as_str()));
        properties.insert("disposition".into(), json!(drift.disposition.as_str()));
        properties.insert("consequence".into(), json!(consequence));
        properties.insert("path".into(), json!(drift.path));
        properties.insert("intended".into(), json!(drift.intended));
        properties.insert("deployed".into(), json!(drift.deployed));
    }
    Value::Object(out)
}

/// What every result has.
fn start(
    rule: &str,
    rules: &[Described],
    level: Level,
    message: &str,
    owner: Option<&str>,
    next: &str,
) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("ruleId".into(), json!(rule));
    if let Some(index) = rules.iter().position(|known| known.id == rule) {
        out.insert("ruleIndex".into(), json!(index));
    }
    out.insert("level".into(), json!(level.as_str()));
    let owner_words = owner.map(|owner| format!(" (owner {owner})")).unwrap_or_default();
    let next_words = if next.is_empty() { String::new() } else { format!("\nNext: {next}") };
    out.insert("message".into(), json!({ "text": plain(&format!("{message}{owner_words}{next_words}")) }));
    out.insert("properties".into(), json!({ "owner": owner, "next": next }));
    out
}

/// Message text in which nothing becomes a link (SARIF 2.1.0, section 3.11.6).
fn plain(text: &str) -> String {
    if text.contains("](") { text.replace('[', "\\[").replace(']', "\\]") } else { text.to_owned() }
}

fn location(path: &str, range: Option<Range>, address: Option<&str>, words: Option<&str>) -> Value {
    let region = match range {
        // GitHub shows no result without a line; a file as a whole is shown at its first.
        None => json!({ "startLine": 1 }),
        Some(range) if range.column == range.end_column && range.line == range.end_line => {
            json!({ "startLine": range.line })
        }
        Some(range) => json!({
            "startLine": range.line, "startColumn": range.column, "endLine": range.end_line, "endColumn": range.end_column,
        }),
    };
    let artifact = json!({ "uri": uri(path), "uriBaseId": "%SRCROOT%" });
    let mut out = json!({ "physicalLocation": { "artifactLocation": artifact, "region": region } });
    if let Some(address) = address {
        out["logicalLocations"] = json!([{ "fullyQualifiedName": address, "kind": "module" }]);
    }
    if let Some(words) = words {
        out["message"] = json!({ "text": plain(words) });
    }
    out
}

/// A path as a relative reference (RFC 3986, section 4.2).
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn log(
    command: &str,
    name: &str,
    rules: &[Described],
    mut results: Vec<Value>,
    blind: bool,
    warnings: &[String],
) -> Value {
    let hidden = results.len().saturating_sub(RESULTS);
    results.truncate(RESULTS);
    let mut notes: Vec<Value> = warnings.iter().map(|text| notification("warning", text)).collect();
    if hidden > 0 {
        let text =
            format!("{} more are left out here; `jig {command}` shows all of them", plural(hidden, "result"));
        notes.push(notification("warning", &text));
    }
    if blind {
        notes.push(notification(
            "error",
            "something could not be told; what is not listed here is not proven to be in order",
        ));
    }
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "jig",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(described).collect::<Vec<_>>(),
            } },
            // What stands before the last `/` is the category: reports of several fleets and commands stay apart.
            "automationDetails": { "id": format!("jig/{command}/{}", if name.is_empty() { String::new() } else { format!("{}/", uri(name)) }) },
            "originalUriBaseIds": { "%SRCROOT%": { "description": { "text": "the root of the repository" } } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": !blind, "toolExecutionNotifications": notes }],
            "results": results,
        }],
    })
}

fn notification(level: &str, text: &str) -> Value {
    json!({ "level": level, "message": { "text": plain(text) } })
}

fn described(rule: &Described) -> Value {
    json!({
        "id": rule.id,
        "name": pascal(rule.id),
        "shortDescription": { "text": rule.what },
        "fullDescription": { "text": format!("{} {}", rule.what, rule.why) },
        "help": {
            "text": format!("{}\n\nWhy: {}\n\nInstead: {}", rule.what, rule.why, rule.instead),
            "markdown": format!("{}\n\n**Why:** {}\n\n**Instead:** {}", rule.what, rule.why, rule.instead),
        },
        "defaultConfiguration": { "level": rule.level.as_str() },
    })
}

/// The name that GitHub shows of a rule.
fn pascal(id: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    id.split('-').filter(|word| !word.is_empty()).map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_are_relative_references() {
        assert_eq!(uri("a b/ä#1?:%.yaml"), "a%20b/%C3%A4%231%3F%3A%25.yaml");
        assert_eq!(pascal("blueprint-not-found"), "BlueprintNotFound");
    }

    #[test]
    fn nothing_becomes_a_link() {
        assert_eq!(plain("see [this](http://x)"), "see \\[this\\](http://x)");
        assert_eq!(plain("/panels/[id=9]"), "/panels/[id=9]");
    }
}
