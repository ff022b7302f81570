//! GitLab code quality: an array of issues that GitLab shows in a merge request, what is new apart from what was.
//!
//! Documented at <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>. GitLab tells issues
//! apart by their fingerprint alone, across branches; so it holds no line number.

use super::drifts::{is_grave, is_open, is_untold, next_step, rule, sentence};
use super::findings::Spot;
use super::fingerprint::Fingerprints;
use super::{Drifts, Findings, Format, Style};
use crate::compare::{Class, Disposition, Drift};
use crate::finding::{Finding, Level};
use serde_json::{Value, json};

pub(super) const FORMAT: Format = Format {
    name: "gitlab",
    what: "a code quality report for merge requests on GitLab",
    universal: false,
    findings: |findings, _: Style| findings_array(findings).to_string(),
    drift: |drifts, _: Style| drift_array(drifts).to_string(),
    capture: None,
};

fn findings_array(findings: &Findings<'_>) -> Value {
    let mut prints = Fingerprints::default();
    findings.list.iter().map(|finding| issue(findings, finding, &mut prints)).collect()
}

fn issue(findings: &Findings<'_>, finding: &Finding, prints: &mut Fingerprints) -> Value {
    let severity = match finding.level {
        _ if finding.blind => "blocker",
        Level::Error => "critical",
        Level::Warning => "minor",
        Level::Note => "info",
    };
    let about = finding.address.as_ref().map(|address| format!("{address}: ")).unwrap_or_default();
    let Spot { path, range, message } = findings.spot(finding);
    json!({
        "description": described(&format!("{about}{message}"), finding.owner.as_deref(), &finding.next),
        "check_name": finding.rule,
        "fingerprint": prints.finding(finding),
        "severity": severity,
        "location": {
            "path": path,
            "lines": { "begin": range.map_or(1, |range| range.line), "end": range.map_or(1, |range| range.end_line) },
        },
    })
}

/// GitLab shows one text without breaks.
fn described(message: &str, owner: Option<&str>, next: &str) -> String {
    let owner = owner.map(|owner| format!(" (owner {owner})")).unwrap_or_default();
    let next = if next.is_empty() { String::new() } else { format!("; next: {next}") };
    format!("{message}{owner}{next}").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn drift_array(drifts: &Drifts<'_>) -> Value {
    let mut prints = Fingerprints::default();
    let shown = drifts.report.findings.iter().filter(|drift| drift.disposition != Disposition::Ignored);
    shown.map(|drift| drift_issue(drifts, drift, &mut prints)).collect()
}

fn drift_issue(drifts: &Drifts<'_>, drift: &Drift, prints: &mut Fingerprints) -> Value {
    let severity = match drift.level {
        _ if is_untold(drift) => "critical",
        _ if is_open(drift) && drift.consequence == Class::Path => "blocker",
        _ if is_grave(drift) => "critical",
        Level::Error => "major",
        Level::Warning => "minor",
        Level::Note => "info",
    };
    let about = drift.address.as_ref().map(|address| format!("{address}: ")).unwrap_or_default();
    let next = next_step(drift).unwrap_or_default();
    let line = drift.line.unwrap_or(1);
    json!({
        "description": described(&format!("{about}{}", sentence(drift)), drift.owner.as_deref(), next),
        "check_name": rule(drift),
        "fingerprint": prints.drift(drift),
        "severity": severity,
        "location": { "path": drifts.path(drift), "lines": { "begin": line, "end": line } },
    })
}
