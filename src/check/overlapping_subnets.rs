//! `overlapping-subnets`: networks of two zones that overlap.

use super::census::{Census, Fact, Subject};
use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use ipnet::IpNet;

pub(super) const RULE: Rule = Rule {
    name: "overlapping-subnets",
    level: Level::Error,
    soft: true,
    what: "Networks of two zones that overlap.",
    why: "An address would belong to two zones, and the rules of the weaker one would hold for it.",
    instead: "Give each zone networks of its own.",
    see: "IEC 62443-3-2, ZCR 3",
    check: Check::Census(check),
};

fn check(scene: &Scene<'_>, census: &Census, found: &mut Vec<Finding>) {
    let mut open: Vec<(IpNet, Fact)> = vec![];
    for fact in census.sorted(|subject| matches!(subject, Subject::Network(_))) {
        let Subject::Network(net) = fact.subject else { continue };
        open.retain(|(outer, _)| outer.contains(&net));
        // The same network of the enterprise, named by several sites.
        let shared = |outer: &IpNet, other: &Fact| {
            *outer == net
                && other.what == fact.what
                && other.address.line.is_none()
                && fact.address.line.is_none()
        };
        if let Some((outer, other)) = open.iter().rev().find(|(outer, other)| !shared(outer, other)) {
            let own = |fact: &Fact| format!("zone `{}` of {}", fact.what, fact.address);
            let message = format!("{net} ({}) overlaps {outer} ({})", own(&fact), own(other));
            let (told, other) = if fact.is_judged { (&fact, other) } else { (other, &fact) };
            let finding = told.meets(other, "overlaps this", &RULE, message, scene.fleet);
            found.push(finding.next("give each zone networks of its own"));
        }
        open.push((net, fact));
    }
}
