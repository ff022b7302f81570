//! `unroutable-flow`: a flow that no router carries: broadcast, multicast or link-local addresses, or a service of layer 2.

use super::scene::{Scene, about_flow, network};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::resolve::plan::Plan;
use std::net::IpAddr;

pub(super) const RULE: Rule = Rule {
    name: "unroutable-flow",
    level: Level::Error,
    soft: true,
    what: "A flow that no router carries: broadcast, multicast or link-local addresses, or a service of layer 2.",
    why: "The rule would be there and nothing would arrive; somebody then opens more and more.",
    instead: "Put both ends into one zone, or use a service that is routed.",
    see: "IEC 61158 type 10: PROFINET RT is EtherType 0x8892",
    check: Check::Plan(check),
};

/// Services that have no IP header.
const LAYER_TWO: &[&str] = &[
    "profinet",
    "profinet-rt",
    "profinet-irt",
    "ethercat",
    "powerlink",
    "sercos",
    "goose",
    "sv",
    "cc-link-ie",
    "lldp",
];

fn check(_: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    for flow in &plan.flows {
        let odd = [&flow.from, &flow.to].into_iter().flat_map(|end| &end.addresses).find(|a| is_odd(a));
        let what = if LAYER_TWO.contains(&flow.service.as_str()) {
            format!("{} has no IP header", flow.service)
        } else if let Some(address) = odd {
            format!("{address} is not routed")
        } else {
            continue;
        };
        let finding = about_flow(RULE.found(format!("flow {}: {what}", flow.id)), plan, flow, "service");
        found.push(finding.next("put both ends into one zone, or use a service that is routed"));
    }
}

fn is_odd(address: &str) -> bool {
    match network(address).map(|net| net.addr()) {
        Some(IpAddr::V4(v4)) => v4.is_multicast() || v4.is_broadcast() || v4.is_link_local(),
        Some(IpAddr::V6(v6)) => v6.is_multicast() || v6.is_unicast_link_local(),
        None => false,
    }
}
