//! JSON: one object, arrays sorted, paths relative with `/`; keys may be added, none changes its meaning.

mod capture;

use super::drifts::next_step;
use super::{Drifts, Findings, Format, Style};
use crate::compare::{Cluster, Drift, LineReport, Report};
use crate::finding::Finding;
use serde_json::{Map, Value, json};

pub(super) const FORMAT: Format = Format {
    name: "json",
    what: "for programs; stable, additive changes only",
    universal: true,
    findings: |findings, _: Style| Value::Object(with_change(findings)).to_string(),
    drift: |drifts, _: Style| Value::Object(drift(drifts)).to_string(),
    capture: Some(|captured, _: Style| capture::draw(captured).to_string()),
};

/// Starts the object that every command prints: format and command first.
pub fn object(command: &str) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("format".into(), json!(1));
    object.insert("command".into(), json!(command));
    object
}

/// Returns a finding as JSON.
pub fn finding(finding: &Finding) -> Value {
    let range = finding.place.as_ref().and_then(|place| place.range);
    json!({
        "rule": finding.rule,
        "level": finding.level.as_str(),
        "message": finding.message,
        "file": finding.place.as_ref().map(|place| &*place.file),
        "line": range.map(|range| range.line),
        "column": range.map(|range| range.column),
        "end_line": range.map(|range| range.end_line),
        "end_column": range.map(|range| range.end_column),
        "address": finding.address,
        "owner": finding.owner,
        "next": finding.next,
    })
}

/// Returns an accepted finding as JSON: as any other, with the deviation and its last day.
pub fn accepted(accepted: &Finding) -> Value {
    let mut out = finding(accepted);
    let by = accepted.accepted.as_ref();
    out["deviation"] = json!(by.map(|by| &by.deviation));
    out["until"] = json!(by.map(|by| &by.until));
    out
}

/// The command's own object, with what a change does.
fn with_change(findings: &Findings<'_>) -> Map<String, Value> {
    let mut out = (findings.object)();
    if let Some(change) = findings.change {
        change.add_to(&mut out);
    }
    out
}

fn drift(drifts: &Drifts<'_>) -> Map<String, Value> {
    let report: &Report = drifts.report;
    let mut out = object("diff");
    let summary = report.summary;
    out.insert("as_of".into(), json!(report.as_of.to_string()));
    out.insert("verdict".into(), json!(report.verdict.as_str()));
    out.insert(
        "summary".into(),
        json!({
            "lines": summary.lines, "sites": summary.sites, "in_order": summary.in_order, "drifted": summary.drifted,
            "behind": summary.behind, "approved_lines": summary.approved_lines, "cannot_tell": summary.cannot_tell, "open": summary.open,
            "approved": summary.approved, "expired": summary.expired, "ignored": summary.ignored, "files": summary.files,
        }),
    );
    out.insert("lines".into(), report.lines.iter().map(line).collect());
    out.insert("findings".into(), report.findings.iter().map(difference).collect());
    out.insert("clusters".into(), report.clusters.iter().map(cluster).collect());
    out.insert("warnings".into(), json!(report.warnings));
    out
}

fn line(line: &LineReport) -> Value {
    json!({
        "address": line.address,
        "deviations": line.deviations,
        "verdict": line.verdict.as_str(),
        "blueprint": line.blueprint,
        "evidence": { "collected": line.collected.map(|date| date.to_string()), "age_days": line.age_days },
    })
}

fn difference(drift: &Drift) -> Value {
    let mut out = json!({
        "id": drift.id,
        "address": drift.address,
        "file": drift.file,
        "path": drift.path,
        "kind": drift.kind.as_str(),
        "level": drift.level.as_str(),
        "line": drift.line,
        "attribution": drift.attribution.as_str(),
        "disposition": drift.disposition.as_str(),
        "intended": drift.intended,
        "deployed": drift.deployed,
        "consequence": drift.consequence.as_str(),
        "meaning": drift.meaning,
        "owner": drift.owner,
        "deviation": drift.deviation,
        "cluster": drift.cluster,
        "count": drift.count,
        "note": drift.note,
        "next": next_step(drift),
    });
    if let (Some(base), Some(object)) = (&drift.base, out.as_object_mut()) {
        object.insert("base".into(), base.clone());
    }
    out
}

fn cluster(cluster: &Cluster) -> Value {
    json!({ "id": cluster.id, "lines": cluster.lines, "summary": cluster.summary, "promote": cluster.promote })
}
