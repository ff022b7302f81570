//! A decision or deviation: what it covers, and the digests that its approvals must name.

use crate::cli::approve::digests;
use crate::cli::session::Session;
use crate::cli::{Outcome, Run};
use crate::load::{Fleet, Loaded};
use crate::model::Approval;
use crate::model::records::{Accepted, Change};
use crate::report;
use serde_json::json;

pub(super) fn record(session: &Session, fleet: &Fleet, id: &str) -> Run {
    let digests = digests(fleet, id)?;
    let (lines, it, ot) = if let Some(record) = fleet.decisions.get(id) {
        let model = &record.record.model;
        let mut lines = vec![("covers", model.covers.join(", ")), ("review_by", model.review_by.to_string())];
        lines.extend(model.question.clone().map(|text| ("question", text)));
        lines.extend(model.treatment.clone().map(|text| ("treatment", text)));
        let checks: Vec<_> = model.conditions.iter().map(|condition| condition.check.clone()).collect();
        lines.push(("conditions", checks.join(", ")));
        (lines, record.it.as_ref(), record.ot.as_ref())
    } else {
        let record = &fleet.deviations[id];
        let model = &record.record.model;
        let mut lines = vec![
            ("line", model.line.clone()),
            ("owner", model.owner.to_string()),
            ("expires", model.expires.to_string()),
        ];
        lines.extend(model.reason.clone().map(|text| ("reason", text)));
        lines.extend(model.changes.as_ref().map(|change| ("changes", changed(change))));
        lines.extend(model.accepts.as_ref().map(|accepted| ("accepts", accepts(accepted))));
        lines.extend(model.countermeasure.clone().map(|text| ("countermeasure", text)));
        lines.extend(model.closes_when.clone().map(|text| ("closes_when", text)));
        (lines, record.it.as_ref(), record.ot.as_ref())
    };
    let approval = |side: &str, file: Option<&Loaded<Approval>>| match file {
        None => format!("{side}: none"),
        Some(file) => {
            let current = digests.iter().filter(|digest| file.model.approves.contains(digest)).count();
            let date = file.model.date.as_ref().map_or("no date", |date| date.as_str());
            format!("{side}: {} on {date}, {current} of {} texts", file.model.role, digests.len())
        }
    };
    let approvals = [approval("IT", it), approval("OT", ot)];
    if session.on_stdout(report::JSON) {
        let mut object = report::json_object("explain");
        object.insert("record".into(), json!(id));
        for (name, text) in &lines {
            object.insert((*name).into(), json!(text));
        }
        if let Some(record) = fleet.decisions.get(id) {
            let model = &record.record.model;
            let checks: Vec<_> = model.conditions.iter().map(|condition| &condition.check).collect();
            object.insert("covers".into(), json!(model.covers));
            object.insert("conditions".into(), json!(checks));
        }
        if let Some(record) = fleet.deviations.get(id) {
            let model = &record.record.model;
            object.insert("changes".into(), json!(model.changes));
            object.insert("accepts".into(), json!(model.accepts));
        }
        object.insert("digests".into(), json!(digests));
        let roles = |file: Option<&Loaded<Approval>>| file.map(|file| json!(file.model));
        object.insert("it".into(), json!(roles(it)));
        object.insert("ot".into(), json!(roles(ot)));
        session.out(&serde_json::Value::Object(object).to_string());
        return Ok(Outcome::InOrder);
    }
    session.out(id);
    for (name, text) in lines.iter().filter(|(_, text)| !text.is_empty()) {
        session.out(&format!("  {}: {text}", name.replace('_', " ")));
    }
    approvals.iter().for_each(|line| session.out(&format!("  {line}")));
    session.out("  digests to approve:");
    digests.iter().for_each(|digest| session.out(&format!("    {digest}")));
    Ok(Outcome::InOrder)
}

/// What a deviation renders differently.
fn changed(change: &Change) -> String {
    let unit = change.of.as_ref().map(|unit| format!(" of {unit}")).unwrap_or_default();
    format!("{}{unit} becomes {}", change.value, change.to)
}

/// What a deviation takes as it is.
fn accepts(accepted: &Accepted) -> String {
    let part = |name: &str, text: Option<&String>| text.map(|text| format!("{name} {text}"));
    let deployed = accepted.deployed.as_ref().map(|value| format!("as {value}"));
    let parts = [
        part("drift in", accepted.drift.as_ref()),
        part("at", accepted.path.as_ref()),
        deployed,
        part("rule", accepted.rule.as_ref()),
        accepted.flow.as_ref().map(|flow| format!("flow {flow}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
