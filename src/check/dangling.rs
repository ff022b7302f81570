//! Services and countermeasures of flows that are not defined, also where no line has the flow.

use super::scene::conduits;
use crate::finding::{Finding, Place};
use crate::load::{Standard, nearest};
use crate::resolve::services;
use crate::source::child;

pub(super) fn check(standard: &Standard, found: &mut Vec<Finding>) {
    let Some(loaded) = &standard.conduits else { return };
    let model = &loaded.model;
    for (_, conduit, at, document) in conduits(standard) {
        for (id, flow) in &conduit.flows {
            let at = child(&child(&at, "flows"), id.as_str());
            let is_service =
                |name: &str| model.services.contains_key(name) || services::builtin(name).is_some();
            let is_measure = |name: &str| model.countermeasures.contains_key(name);
            let fields: [(&str, Option<&str>, &dyn Fn(&str) -> bool, Vec<&str>); 2] = [
                (
                    "service",
                    Some(&flow.service),
                    &is_service,
                    services::names()
                        .map(|name| -> &str { name })
                        .chain(model.services.keys().map(|id| id.as_str()))
                        .collect(),
                ),
                (
                    "countermeasure",
                    flow.countermeasure.as_deref(),
                    &is_measure,
                    model.countermeasures.keys().map(|id| id.as_str()).collect(),
                ),
            ];
            for (field, name, is_known, known) in fields {
                let Some(name) = name.filter(|name| !name.contains("{{") && !is_known(name)) else {
                    continue;
                };
                let next = nearest(name, known).map_or_else(
                    || format!("define it, or name a {field} that exists"),
                    |near| format!("did you mean `{near}`?"),
                );
                let finding = Finding::error("unknown-reference", format!("there is no {field} `{name}`"));
                found.push(finding.at(Place::value(document, &child(&at, field))).next(next));
            }
        }
    }
}
