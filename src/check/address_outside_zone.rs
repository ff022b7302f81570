//! `address-outside-zone`: an address that lies outside the networks of its zone.

use super::scene::{Scene, lies_in, own_document, said_by, value_place};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::resolve::plan::Plan;

pub(super) const RULE: Rule = Rule {
    name: "address-outside-zone",
    level: Level::Error,
    soft: true,
    what: "An address that lies outside the networks of its zone.",
    why: "Firewalls and routes follow the network; the thing would be unreachable, or unprotected.",
    instead: "Correct the address, the zone or its networks.",
    see: "",
    check: Check::Plan(check),
};

fn check(scene: &Scene<'_>, plan: &Plan, found: &mut Vec<Finding>) {
    let own = |zone: &str| plan.zones.get(zone).filter(|zone| !zone.prefixes.is_empty());
    for asset in plan.assets.values() {
        let Some(zone) = own(&asset.zone) else { continue };
        for address in asset.addresses.iter().filter(|address| !lies_in(address, &zone.prefixes)) {
            let message = format!(
                "{} is {address}, outside zone `{}` ({})",
                asset.id,
                zone.id,
                zone.prefixes.join(", ")
            );
            let place = own_document(scene.fleet, plan).and_then(|document| value_place(&document, address));
            let place = place.or_else(|| asset.place.clone());
            let mut finding = RULE.found(message);
            finding.place = place;
            finding.owner.clone_from(&zone.owner);
            found.push(finding.next("correct the address, the zone or its networks"));
        }
    }
    for flow in plan.flows.iter().filter(|flow| !flow.unit.is_none()) {
        for end in [&flow.from, &flow.to].into_iter().filter(|end| !plan.assets.contains_key(&end.name)) {
            let Some(zone) = own(&end.zone) else { continue };
            for address in end.addresses.iter().filter(|address| !lies_in(address, &zone.prefixes)) {
                let message = format!(
                    "{} is {address}, outside zone `{}` ({})",
                    end.name,
                    zone.id,
                    zone.prefixes.join(", ")
                );
                let mut finding = RULE.found(message).at(said_by(scene.fleet, plan, address));
                finding.owner.clone_from(&zone.owner);
                found.push(finding.next("correct the address, the zone or its networks"));
            }
        }
    }
}
