//! A metric: what it means, who owns it, what it is made of and how far it can be trusted, line by line.

use super::flow::plans;
use crate::cli::session::Session;
use crate::cli::{Failure, Outcome, Run};
use crate::finding::Place;
use crate::load::Fleet;
use crate::report;
use crate::resolve::metrics::{evidence_path, pointer};
use crate::resolve::plan::{Metric, Plan};
use serde_json::{Value as Json, json};

pub(super) fn explain(session: &Session, fleet: &Fleet, id: &str, addresses: &[String]) -> Run {
    let document = fleet.metrics_document.as_ref();
    let document = document.ok_or_else(|| Failure::new("there is no metrics.yaml", "write one"))?;
    let line = Place::key(document, &pointer(id)).range.map_or(1, |range| range.line);
    let plans = plans(session, fleet, addresses)?;
    let found: Vec<(&Plan, &Metric)> = plans
        .iter()
        .filter_map(|plan| Some((plan, plan.metrics.iter().find(|metric| metric.id == id)?)))
        .filter(|(plan, _)| plan.address.line.is_some())
        .collect();
    let catalogue = &fleet.metrics.metrics[id];
    let evidence = |plan: &Plan| {
        let path = evidence_path(&plan.address.to_string(), id);
        fleet.tree.contains(&path).then_some(path)
    };
    let object = || {
        let mut object = report::json_object("explain");
        object.insert("metric".into(), json!(id));
        object.insert("file".into(), json!(&*document.text.name));
        object.insert("line".into(), json!(line));
        if let Json::Object(members) = json!(catalogue) {
            let known = ["format", "command", "metric", "file", "line"];
            object.extend(members.into_iter().filter(|(name, _)| !known.contains(&name.as_str())));
        }
        let place = |(plan, metric): &(&Plan, &Metric)| {
            json!({
                "address": plan.address.to_string(), "state": metric.state, "evidence": evidence(plan),
                "elements": metric.elements,
            })
        };
        object.insert("places".into(), found.iter().map(place).collect());
        object
    };
    let text = || {
        let or_none = |text: Option<&str>| text.unwrap_or("none").to_owned();
        let mut out = format!("{id}: {}\n", catalogue.name.as_deref().unwrap_or(id));
        out.push_str(&format!("  written in  {}:{line}\n", document.text.name));
        out.push_str(&format!("  formula     {}\n", or_none(catalogue.formula.as_deref())));
        for element in found.first().map(|(_, metric)| metric.elements.as_slice()).unwrap_or_default() {
            let (how, record) = (or_none(element.how.as_deref()), or_none(element.record.as_deref()));
            out.push_str(&format!("    {}: {}, from {record}; {how}\n", element.id, element.name));
        }
        out.push_str(&format!("  owner       {}\n", or_none(catalogue.owner.as_ref().map(|o| o.as_str()))));
        out.push_str(&format!("  record      {}\n", or_none(catalogue.record.as_ref().map(|r| r.as_str()))));
        let goals: Vec<&str> = catalogue.goals.iter().map(|goal| goal.as_str()).collect();
        out.push_str(&format!(
            "  goals       {}\n",
            if goals.is_empty() { "none".into() } else { goals.join(", ") }
        ));
        for (plan, metric) in &found {
            let evidence =
                evidence(plan).map_or_else(|| "no evidence".to_owned(), |path| format!("evidence {path}"));
            out.push_str(&format!("  {}: {}, {evidence}\n", plan.address, metric.state));
            for tag in metric.elements.iter().flat_map(|element| &element.source) {
                out.push_str(&format!("    {} of {} at {}\n", tag.reading, tag.unit, tag.at));
            }
        }
        out
    };
    session.report(&[], object, text)?;
    Ok(Outcome::InOrder)
}
