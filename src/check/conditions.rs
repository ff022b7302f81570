//! `unknown-condition` and unknown words: checked where they are written, also where no line uses them yet.

use crate::finding::{Finding, Place};
use crate::load::{Fleet, Standard, nearest};
use crate::model::conduits::{ACCESS, AUTH};
use crate::resolve::conditions::CONDITIONS;
use crate::source::child;

/// Checks of decisions that jig does not know.
pub(super) fn decisions(fleet: &Fleet) -> Vec<Finding> {
    let known: Vec<&str> = CONDITIONS.iter().map(|condition| condition.name).collect();
    let mut findings = vec![];
    for record in fleet.decisions.values() {
        for (index, condition) in record.record.model.conditions.iter().enumerate() {
            if !known.contains(&condition.check.as_str()) {
                let place = Place::value(&record.record.document, &format!("/conditions/{index}/check"));
                let message =
                    format!("{} names the check `{}`, which jig does not know", record.id, condition.check);
                let finding = Finding::error("unknown-condition", message).at(place);
                findings.push(finding.next(suggest(&condition.check, &known)));
            }
        }
    }
    findings
}

/// Words of `access` and `auth` that are not in their lists.
pub(super) fn words(standard: &Standard) -> Vec<Finding> {
    let Some(loaded) = &standard.conduits else { return vec![] };
    let mut findings = vec![];
    for (id, conduit) in &loaded.model.conduits {
        for (flow_id, flow) in &conduit.flows {
            let at = child(&format!("{}/flows", child("/conduits", id.as_str())), flow_id.as_str());
            let fields = [("access", Some(&flow.access), ACCESS), ("auth", flow.auth.as_ref(), AUTH)];
            for (field, word, allowed) in fields {
                let Some(word) =
                    word.filter(|word| !word.contains("{{") && !allowed.contains(&word.as_str()))
                else {
                    continue;
                };
                let message = format!("`{word}` is not one of {}", allowed.join(", "));
                let place = Place::value(&loaded.document, &child(&at, field));
                findings.push(Finding::error("schema", message).at(place).next(suggest(word, allowed)));
            }
        }
    }
    findings
}

fn suggest(word: &str, known: &[&str]) -> String {
    nearest(word, known.iter().copied())
        .map_or_else(|| format!("use one of {}", known.join(", ")), |near| format!("did you mean `{near}`?"))
}
