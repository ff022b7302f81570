//! The conditions that a standing decision may set, each checked by machine on every line.

use super::plan::{Conduit, Flow, Plan};
use crate::load::Fleet;
use crate::model::conduits::Encrypted;
use std::collections::BTreeMap;

/// A condition: the name that decisions use, what it means, and the check.
pub struct Condition {
    /// Name in `conditions: [{ check: NAME }]`.
    pub name: &'static str,
    /// What it asks of the flows of the conduit.
    pub what: &'static str,
    /// Whether it holds on this line; else why not.
    pub holds: fn(&Plan, &Conduit, &Fleet) -> Result<(), String>,
}

/// Every condition.
pub const CONDITIONS: &[Condition] = &[
    Condition {
        name: "read-only",
        what: "no flow writes or publishes: access is read or subscribe",
        holds: read_only,
    },
    Condition {
        name: "session-budget",
        what: "the sessions to each controller stay inside the conduit's budget and the equipment type's \
               max_sessions, and sampling_ms is not below min_sampling_ms",
        holds: session_budget,
    },
    Condition {
        name: "encrypted-or-countered",
        what: "every flow is encrypted, or names a countermeasure",
        holds: encrypted_or_countered,
    },
    Condition {
        name: "isolated-safety",
        what: "no flow of the line touches a zone that is isolated or of Purdue level safety",
        holds: isolated_safety,
    },
    Condition {
        name: "named-hosts",
        what: "both ends of every flow are single addresses, not whole networks",
        holds: named_hosts,
    },
    Condition {
        name: "initiated-inside",
        what: "the side with the lower Purdue level initiates",
        holds: initiated_inside,
    },
    Condition { name: "time-limited", what: "every flow has a last day (`expires`)", holds: time_limited },
];

fn flows<'a>(plan: &'a Plan, conduit: &'a Conduit) -> impl Iterator<Item = &'a Flow> {
    plan.flows.iter().filter(|flow| flow.conduit == conduit.id)
}

fn read_only(plan: &Plan, conduit: &Conduit, _: &Fleet) -> Result<(), String> {
    match flows(plan, conduit).find(|flow| !matches!(flow.access.as_str(), "read" | "subscribe")) {
        Some(flow) => Err(format!("flow {} has access {}", flow.key, flow.access)),
        None => Ok(()),
    }
}

fn session_budget(plan: &Plan, conduit: &Conduit, _: &Fleet) -> Result<(), String> {
    if conduit.budget.is_null() {
        return Err(format!("{} has no `budget`", conduit.id));
    }
    let budget = conduit.budget.get("sessions_per_controller").and_then(serde_json::Value::as_u64);
    let mut sessions: BTreeMap<String, (u64, Option<i64>)> = BTreeMap::new();
    for flow in flows(plan, conduit).filter(|flow| !flow.unit.is_none()) {
        let limit = flow.unit.get_attr("max_sessions").ok().and_then(|limit| limit.as_i64());
        let entry = sessions.entry(super::units::name(&flow.unit)).or_insert((0, limit));
        entry.0 += 1;
    }
    for (unit, (used, limit)) in sessions {
        if let Some(budget) = budget.filter(|budget| used > *budget) {
            return Err(format!("{used} sessions to {unit}, the budget is {budget}"));
        }
        let wanted = budget.unwrap_or(used).max(used);
        if let Some(limit) = limit.filter(|limit| i64::try_from(wanted).is_ok_and(|wanted| wanted > *limit)) {
            return Err(format!("{wanted} sessions to {unit}, its controller allows {limit}"));
        }
    }
    let least = conduit.budget.get("min_sampling_ms").and_then(serde_json::Value::as_f64);
    let sampling = plan.values.get("sampling_ms").and_then(|value| f64::try_from(value.value.clone()).ok());
    match (least, sampling) {
        (Some(least), Some(sampling)) if sampling < least => {
            Err(format!("sampling_ms is {sampling}, the budget allows {least} or more"))
        }
        _ => Ok(()),
    }
}

fn encrypted_or_countered(plan: &Plan, conduit: &Conduit, _: &Fleet) -> Result<(), String> {
    let protected = |flow: &Flow| {
        let by_keys =
            matches!(flow.auth.as_deref(), Some("key" | "application-certificate" | "client-certificate"));
        flow.countermeasure.is_some()
            || match flow.encrypted {
                Some(Encrypted::Always) => true,
                Some(Encrypted::Optional) => by_keys,
                Some(Encrypted::Never) | None => false,
            }
    };
    match flows(plan, conduit).find(|flow| !protected(flow)) {
        Some(flow) => {
            Err(format!("flow {} speaks {} in the clear, without a countermeasure", flow.key, flow.service))
        }
        None => Ok(()),
    }
}

fn isolated_safety(plan: &Plan, _: &Conduit, _: &Fleet) -> Result<(), String> {
    let is_safety = |id: &str| {
        plan.zones.get(id).is_some_and(|zone| zone.isolated || zone.purdue.as_str() == Some("safety"))
    };
    match plan.flows.iter().find(|flow| is_safety(&flow.from.zone) || is_safety(&flow.to.zone)) {
        Some(flow) => Err(format!("flow {} touches an isolated zone", flow.key)),
        None => Ok(()),
    }
}

fn named_hosts(plan: &Plan, conduit: &Conduit, _: &Fleet) -> Result<(), String> {
    let is_host = |address: &String| {
        address.parse::<std::net::IpAddr>().is_ok()
            || address.parse::<ipnet::IpNet>().is_ok_and(|net| net.prefix_len() == net.max_prefix_len())
    };
    for flow in flows(plan, conduit) {
        for end in [&flow.from, &flow.to] {
            if let Some(network) = end.addresses.iter().find(|address| !is_host(address)) {
                return Err(format!("flow {} reaches the whole of {network} ({})", flow.key, end.name));
            }
        }
    }
    Ok(())
}

fn initiated_inside(plan: &Plan, conduit: &Conduit, _: &Fleet) -> Result<(), String> {
    let level = |zone: &str| plan.zones.get(zone).and_then(|zone| zone.level);
    for flow in flows(plan, conduit) {
        match (level(&flow.from.zone), level(&flow.to.zone)) {
            (Some(from), Some(to)) if from <= to => {}
            (Some(from), Some(to)) => {
                return Err(format!("flow {} is initiated at level {from}, it ends at level {to}", flow.key));
            }
            (None, _) => return Err(unlevelled(flow, &flow.from.zone)),
            (_, None) => return Err(unlevelled(flow, &flow.to.zone)),
        }
    }
    Ok(())
}

fn unlevelled(flow: &Flow, zone: &str) -> String {
    format!("flow {}: the zone `{zone}` has no Purdue level (`purdue:`)", flow.key)
}

fn time_limited(plan: &Plan, conduit: &Conduit, _: &Fleet) -> Result<(), String> {
    match flows(plan, conduit).find(|flow| flow.expires.is_none()) {
        Some(flow) => Err(format!("flow {} has no `expires`", flow.key)),
        None => Ok(()),
    }
}
