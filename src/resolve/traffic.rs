//! The flows of a plan as packets, and what people call them.

use super::plan::{Device, End, Flow, Plan};
use crate::model::{Match, PortSpec};
use crate::packets::words::{Names, interface};
use crate::packets::{Field, IPV4, IPV6, NEW, Ranges, Region, addresses, cross, names};
use std::collections::BTreeSet;

const TCP: u128 = 6;

/// The first packets of a flow's connections.
pub fn packets(flow: &Flow) -> Vec<Region> {
    let services: Vec<Region> = flow.matches.iter().filter_map(service).collect();
    cross(&between(&flow.from, &flow.to), &services)
}

fn between(from: &End, to: &End) -> Vec<Region> {
    let from = addresses::networks(&from.addresses).regions(Field::Source);
    let to = addresses::networks(&to.addresses).regions(Field::Destination);
    cross(&from, &to)
}

/// The packets of a flow where a device sees them: it knows by which interfaces they come and go.
pub fn packets_at(flow: &Flow, device: &Device) -> Vec<Region> {
    cross(&packets(flow), &[way(&flow.from, &flow.to, device)])
}

/// The answers to a flow that a device without memory lets back: of TCP all but first packets; of everything else
/// whatever comes from where it was called, also uncalled.
pub fn answers_at(flow: &Flow, device: &Device) -> Vec<Region> {
    cross(&answers(flow), &[way(&flow.to, &flow.from, device)])
}

/// The same, wherever they are seen.
pub fn answers(flow: &Flow) -> Vec<Region> {
    let services: Vec<Region> = flow.matches.iter().filter_map(service).map(|one| answer(&one)).collect();
    cross(&between(&flow.to, &flow.from), &services)
}

/// By which interfaces packets come and go, where a device names both.
fn way(from: &End, to: &End, device: &Device) -> Region {
    let mut way = Region::all();
    if let (Some(inside), Some(outside)) =
        (device.interfaces.get(&from.zone), device.interfaces.get(&to.zone))
    {
        way.set(Field::In, Ranges::one(interface(inside)));
        way.set(Field::Out, Ranges::one(interface(outside)));
    }
    way
}

/// A service seen from the other end.
fn answer(service: &Region) -> Region {
    let mut answer = service.clone();
    for (field, other) in [(Field::Port, Field::SourcePort), (Field::SourcePort, Field::Port)] {
        let whole = Ranges::span(0u8, field.largest());
        answer.set(field, service.get(other).cloned().unwrap_or(whole));
    }
    if service.get(Field::Protocol).and_then(Ranges::single) == Some(TCP) {
        answer.set(Field::State, Ranges::span(NEW + 1, Field::State.largest()));
    }
    answer
}

fn service(one: &Match) -> Option<Region> {
    let protocol = names::protocol(&one.proto)?;
    let mut region = Region::all();
    region.set(Field::Protocol, Ranges::one(protocol));
    // ICMP is of one family each.
    match protocol {
        1 => region.set(Field::Family, Ranges::one(IPV4)),
        58 => region.set(Field::Family, Ranges::one(IPV6)),
        _ => {}
    }
    for (field, ports) in [(Field::Port, &one.dport), (Field::SourcePort, &one.sport)] {
        if !ports.is_empty() {
            region
                .set(field, ports.iter().filter_map(span).fold(Ranges::default(), |all, one| all.join(&one)));
        }
    }
    Some(region)
}

fn span(port: &PortSpec) -> Option<Ranges> {
    match port {
        PortSpec::One(port) => Some(Ranges::one(*port)),
        PortSpec::Range(text) => {
            let (low, high) = text.split_once('-')?;
            Some(Ranges::span(low.parse::<u16>().ok()?, high.parse::<u16>().ok()?))
        }
    }
}

/// What people call the addresses, services and flows of plans: a line's own, or those of a site and its lines.
pub fn names(plans: &[&Plan]) -> Names {
    let mut found = Names::default();
    let mut known = BTreeSet::new();
    for plan in plans {
        for asset in plan.assets.values() {
            if known.insert((asset.id.as_str(), &asset.addresses)) {
                found.place(&asset.id, &asset.addresses);
            }
        }
        for end in plan.flows.iter().flat_map(|flow| [&flow.from, &flow.to]) {
            if !plan.zones.contains_key(&end.name) && known.insert((end.name.as_str(), &end.addresses)) {
                found.place(&end.name, &end.addresses);
            }
        }
    }
    for plan in plans {
        for zone in plan.zones.values() {
            if known.insert((zone.id.as_str(), &zone.prefixes)) {
                found.zone(&zone.id, &zone.prefixes);
            }
        }
    }
    for name in
        plans.iter().flat_map(|plan| plan.devices.values()).flat_map(|device| device.interfaces.values())
    {
        found.interface(name);
    }
    for plan in plans {
        let line = plan.address.to_string();
        for flow in &plan.flows {
            for one in flow.matches.iter().filter_map(service) {
                if let (Some(protocol), Some(ports)) =
                    (one.get(Field::Protocol).and_then(Ranges::single), one.get(Field::Port))
                {
                    found.service(&flow.service, protocol as u8, ports.clone());
                }
            }
            let of = flow.line.as_deref().unwrap_or(&line);
            found.flow(&flow.id, of, packets(flow));
            found.answers(&flow.id, of, answers(flow));
        }
    }
    found
}
