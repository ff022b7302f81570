//! `no-default-deny`: a device that filters one address family only.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::Standard;
use crate::model::conduits::Family;
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "no-default-deny",
    level: Level::Warning,
    soft: true,
    what: "A device that filters one address family only.",
    why: "What is closed in IPv4 stays open in IPv6.",
    instead: "Let it filter both: `families: [ipv4, ipv6]`.",
    see: "",
    check: Check::Standard(check),
};

fn check(_: &Scene<'_>, standard: &Standard, found: &mut Vec<Finding>) {
    let Some(loaded) = &standard.conduits else { return };
    for (id, device) in &loaded.model.devices {
        let families = &device.families;
        let missing = match (families.contains(&Family::Ipv4), families.contains(&Family::Ipv6)) {
            _ if families.is_empty() => continue,
            (true, true) => continue,
            (true, false) => "IPv6",
            _ => "IPv4",
        };
        let place = Place::value(&loaded.document, &child(&child("/devices", id.as_str()), "families"));
        found.push(
            RULE.found(format!("device `{id}` denies nothing in {missing}"))
                .at(place)
                .owned_by(standard.blueprint.model.owner.to_string())
                .next("let it filter both: `families: [ipv4, ipv6]`"),
        );
    }
}
