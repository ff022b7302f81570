//! `cleartext-service`: a service in the clear into or out of the DMZ, or at a zone of SL-T 3 or above.

use super::scene::{Scene, about_flow};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::model::conduits::Encrypted;
use crate::resolve::plan::{Flow, Plan};

pub(super) const RULE: Rule = Rule {
    name: "cleartext-service",
    level: Level::Error,
    soft: true,
    what: "A service in the clear into or out of the DMZ, or at a zone of SL-T 3 or above.",
    why: "Whoever sits in between reads it, and changes it.",
    instead: "Use the encrypted form of the service, or name the countermeasure.",
    see: "IEC 62443-3-3 SR 4.1",
    check: Check::Plan(check),
};

fn check(_: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    for flow in plan.flows.iter().filter(|flow| flow.countermeasure.is_none() && !is_protected(flow)) {
        let exposed = [&flow.from, &flow.to].into_iter().find_map(|end| {
            let zone = plan.zones.get(&end.zone)?;
            let level = target_level(&zone.sl_t);
            if zone.level == Some(3.5) {
                Some(format!("crosses the DMZ at `{}`", zone.id))
            } else {
                (level >= 3).then(|| format!("touches `{}`, which needs SL-T {level}", zone.id))
            }
        });
        let Some(where_to) = exposed else { continue };
        let message = format!("flow {} speaks {} in the clear and {where_to}", flow.id, flow.service);
        let finding = about_flow(RULE.found(message), plan, flow, "service");
        found.push(finding.next("use its encrypted form, or name a countermeasure"));
    }
}

fn is_protected(flow: &Flow) -> bool {
    let keyed =
        matches!(flow.auth.as_deref(), Some("key" | "application-certificate" | "client-certificate"));
    match flow.encrypted {
        Some(Encrypted::Always) => true,
        Some(Encrypted::Optional) => keyed,
        Some(Encrypted::Never) | None => false,
    }
}

/// The highest level that a zone needs in any respect.
pub(super) fn target_level(level: &serde_json::Value) -> u64 {
    match level {
        serde_json::Value::Object(vector) => {
            vector.values().filter_map(serde_json::Value::as_u64).max().unwrap_or(0)
        }
        level => level.as_u64().unwrap_or(0),
    }
}
