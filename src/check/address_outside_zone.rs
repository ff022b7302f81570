//! `address-outside-zone`: an address that lies outside the networks of its zone.

use super::scene::{Scene, lies_in, own_document, said_by, value_place};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::resolve::plan::{Plan, Zone};

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
            let place = own_document(scene.fleet, plan).and_then(|document| value_place(&document, address));
            let place = place.or_else(|| asset.place.clone());
            found.push(Finding { place, ..outside(&asset.id, address, zone) });
        }
    }
    for flow in plan.flows.iter().filter(|flow| !flow.unit.is_none()) {
        for end in [&flow.from, &flow.to].into_iter().filter(|end| !plan.assets.contains_key(&end.name)) {
            let Some(zone) = own(&end.zone) else { continue };
            for address in end.addresses.iter().filter(|address| !lies_in(address, &zone.prefixes)) {
                found.push(outside(&end.name, address, zone).at(said_by(scene.fleet, plan, address)));
            }
        }
    }
}

fn outside(name: &str, address: &str, zone: &Zone) -> Finding {
    let message = format!("{name} is {address}, outside zone `{}` ({})", zone.id, zone.prefixes.join(", "));
    let mut finding = RULE.found(message).next("correct the address, the zone or its networks");
    finding.owner.clone_from(&zone.owner);
    finding
}
