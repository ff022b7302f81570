//! `jig diff --format json`: one object, findings sorted by what they mean for production.

use super::json::object;
use crate::compare::{Cluster, Drift, LineReport, Report};
use serde_json::{Map, Value, json};

/// Writes a report of differences.
#[must_use]
pub fn drift(report: &Report) -> Map<String, Value> {
    let mut out = object("diff");
    let summary = report.summary;
    out.insert("as_of".into(), json!(report.as_of.to_string()));
    out.insert("verdict".into(), json!(report.verdict.as_str()));
    out.insert(
        "summary".into(),
        json!({
            "lines": summary.lines, "sites": summary.sites, "in_order": summary.in_order, "drifted": summary.drifted, "behind": summary.behind,
            "approved_lines": summary.approved_lines, "cannot_tell": summary.cannot_tell, "open": summary.open,
            "approved": summary.approved, "expired": summary.expired, "ignored": summary.ignored, "files": summary.files,
        }),
    );
    out.insert("lines".into(), report.lines.iter().map(line).collect());
    out.insert("findings".into(), report.findings.iter().map(finding).collect());
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

fn finding(drift: &Drift) -> Value {
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
        "next": super::drift_text::next_step(drift),
    });
    if let (Some(base), Some(object)) = (&drift.base, out.as_object_mut()) {
        object.insert("base".into(), base.clone());
    }
    out
}

fn cluster(cluster: &Cluster) -> Value {
    json!({ "id": cluster.id, "lines": cluster.lines, "summary": cluster.summary, "promote": cluster.promote })
}
