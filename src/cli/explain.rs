//! `jig explain`: why something is here, who owns it, where it comes from.

use super::approve::digests;
use super::session::Session;
use super::{Failure, Outcome, Run};
use crate::check::{RULES, rule};
use crate::load::{Fleet, Loaded, nearest};
use crate::model::Approval;
use crate::report::{self, Format};
use clap::Args;
use serde_json::json;

/// Explains a rule, or a record with the digests that its approvals must name
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  jig explain undecided-conduit\n  jig explain RD-001")]
pub(crate) struct Explain {
    /// A rule, or a decision or deviation
    #[arg(value_name = "RULE|RECORD")]
    what: String,
}

pub(crate) fn run(session: &mut Session, args: &Explain) -> Run {
    if let Some(rule) = rule(&args.what) {
        if session.on_stdout(Format::Json) {
            let mut object = report::json_object("explain");
            object.insert("rule".into(), json!(rule.name));
            object.insert("level".into(), json!(rule.level.as_str()));
            object.insert("what".into(), json!(rule.what));
            object.insert("why".into(), json!(rule.why));
            object.insert("instead".into(), json!(rule.instead));
            session.out(&serde_json::Value::Object(object).to_string());
        } else {
            session.out(&format!("{} ({})\n", rule.name, rule.level.as_str()));
            session.out(&format!("{}\n\nWhy: {}\nInstead: {}", rule.what, rule.why, rule.instead));
        }
        return Ok(Outcome::InOrder);
    }
    let (fleet, _) = session.fleet()?;
    let fleet = fleet.ok_or_else(|| Failure::new("the fleet cannot be read", "`jig validate` says why"))?;
    if fleet.decisions.contains_key(&args.what) || fleet.deviations.contains_key(&args.what) {
        return record(session, &fleet, &args.what);
    }
    let known = RULES.iter().map(|rule| rule.name);
    let records = fleet.decisions.keys().chain(fleet.deviations.keys()).map(String::as_str);
    let hint = nearest(&args.what, known.chain(records)).map_or_else(
        || "name a rule, or a record such as RD-001".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Err(Failure::new(format!("`{}` is neither a rule nor a record here", args.what), hint))
}

fn record(session: &Session, fleet: &Fleet, id: &str) -> Run {
    let digests = digests(fleet, id)?;
    let (lines, it, ot) = if let Some(record) = fleet.decisions.get(id) {
        let model = &record.record.model;
        let mut lines = vec![("covers", model.covers.join(", ")), ("review by", model.review_by.to_string())];
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
    if session.on_stdout(Format::Json) {
        let mut object = report::json_object("explain");
        object.insert("record".into(), json!(id));
        for (name, text) in &lines {
            object.insert((*name).into(), json!(text));
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
        session.out(&format!("  {name}: {text}"));
    }
    approvals.iter().for_each(|line| session.out(&format!("  {line}")));
    session.out("  digests to approve:");
    digests.iter().for_each(|digest| session.out(&format!("    {digest}")));
    Ok(Outcome::InOrder)
}
