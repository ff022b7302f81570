//! `wide-service`: a service that is any port, any protocol, or more than 100 ports.

use super::scene::{Scene, about_flow};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::model::conduits::{Match, PortSpec};
use crate::resolve::plan::Plan;

pub(super) const RULE: Rule = Rule {
    name: "wide-service",
    level: Level::Error,
    soft: true,
    what: "A service that is any port, any protocol, or more than 100 ports.",
    why: "A rule that allows anything is found by everyone who looks, in a year when nobody remembers why.",
    instead: "Name the ports that the flow really uses.",
    see: "IEC 62443-3-3 SR 7.7 (least functionality)",
    check: Check::Plan(check),
};

/// Most ports of a service.
const PORTS: u32 = 100;

fn check(_: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    for flow in &plan.flows {
        let Some(what) = flow.matches.iter().find_map(too_wide) else { continue };
        let message = format!("flow {} opens {what} ({})", flow.id, flow.service);
        let finding = about_flow(RULE.found(message), plan, flow, "service");
        found.push(finding.next("name the ports that it really uses"));
    }
}

fn too_wide(matched: &Match) -> Option<String> {
    let proto = matched.proto.as_str();
    if matches!(proto, "any" | "ip" | "all") {
        return Some("every protocol".to_owned());
    }
    if matches!(proto, "tcp" | "udp" | "sctp") && matched.dport.is_empty() {
        return Some(format!("every {proto} port"));
    }
    let ports: u32 = matched.dport.iter().map(width).sum();
    (ports > PORTS).then(|| format!("{ports} {proto} ports"))
}

fn width(port: &PortSpec) -> u32 {
    match port {
        PortSpec::One(_) => 1,
        PortSpec::Range(range) => {
            let ends = range
                .split_once('-')
                .and_then(|(a, b)| Some((a.parse::<u32>().ok()?, b.parse::<u32>().ok()?)));
            ends.map_or(1, |(first, last)| last.saturating_sub(first) + 1)
        }
    }
}
