//! Zones, assets and devices: of a blueprint, of a site, and joined.

use super::texts::Reader;
use crate::finding::{Finding, Place};
use crate::load::{Loaded, Standard};
use crate::model::{Json, Site, conduits};
use crate::resolve::expression::{Scope, to_value};
use crate::resolve::plan::{Asset, Device, SiteFacts, Zone};
use crate::source::{Document, child};
use serde_json::json;
use std::collections::BTreeMap;

/// What one conduits.yaml defines for a line or site.
#[derive(Default)]
pub(in crate::resolve) struct Defined {
    pub(in crate::resolve) zones: BTreeMap<String, Zone>,
    pub(in crate::resolve) assets: BTreeMap<String, Asset>,
    pub(in crate::resolve) devices: BTreeMap<String, Device>,
    pub(in crate::resolve) failures: Vec<Finding>,
}

/// Evaluates zones, assets and devices of a blueprint.
pub(in crate::resolve) fn defined(standard: &Standard, scope: &Scope) -> Defined {
    let Some(loaded) = &standard.conduits else { return Defined::default() };
    let mut reader = Reader { document: &loaded.document, scope: scope.clone(), failures: vec![] };
    let mut out = Defined::default();
    for (id, zone) in &loaded.model.zones {
        let at = child("/zones", id.as_str());
        let owner = reader.maybe(zone.owner.as_ref().map(|o| o.as_str()), &child(&at, "owner"));
        let name = reader.maybe(zone.name.as_deref(), &child(&at, "name"));
        let before = reader.failures.len();
        let prefixes = reader.addresses(&zone.prefixes, &child(&at, "prefixes"));
        let is_broken = reader.failures.len() > before;
        let zone = Zone {
            id: id.to_string(),
            name: name.unwrap_or_else(|| id.to_string()),
            function: reader.maybe(zone.function.as_deref(), &child(&at, "function")),
            purdue: purdue(zone.purdue.as_ref()),
            sl_t: json!(zone.sl_t),
            owner,
            prefixes,
            isolated: zone.isolated,
            is_broken,
            level: zone.purdue.as_ref().map(conduits::Purdue::level),
            place: Some(Place::key(&loaded.document, &at)),
        };
        out.zones.insert(id.to_string(), zone);
    }
    for (id, asset) in &loaded.model.assets {
        let at = child("/assets", id.as_str());
        let Some(zone) = reader.text(&asset.zone, &child(&at, "zone")) else { continue };
        let before = reader.failures.len();
        let addresses = reader.addresses(&asset.addresses, &child(&at, "addresses"));
        let is_broken = reader.failures.len() > before;
        let name = reader.maybe(asset.name.as_deref(), &child(&at, "name"));
        let asset = Asset {
            id: id.to_string(),
            name: name.unwrap_or_else(|| id.to_string()),
            zone,
            role: reader.maybe(asset.role.as_deref(), &child(&at, "role")),
            addresses,
            is_broken,
            place: Some(Place::key(&loaded.document, &at)),
        };
        out.assets.insert(id.to_string(), asset);
    }
    for (id, device) in &loaded.model.devices {
        let at = child("/devices", id.as_str());
        let output = reader.maybe(device.output.as_deref(), &child(&at, "output"));
        let mut interfaces = crate::model::Map::new();
        for (zone, interface) in &device.interfaces {
            let pointer = child(&child(&at, "interfaces"), zone.as_str());
            if let Some(interface) = reader.text(interface, &pointer) {
                interfaces.insert(zone.to_string(), interface);
            }
        }
        let families = if device.families.is_empty() {
            vec![conduits::Family::Ipv4, conduits::Family::Ipv6]
        } else {
            device.families.clone()
        };
        let stateful = device.stateful.unwrap_or(true);
        out.devices
            .insert(id.to_string(), Device { id: id.to_string(), output, families, stateful, interfaces });
    }
    out.failures = reader.failures;
    out
}

/// Zones and assets of a site.yaml; `owner` stands in where a zone names none.
pub(in crate::resolve) fn of_site(site: &Loaded<Site>, owner: Option<&str>) -> Defined {
    let mut out = Defined::default();
    let mut reader = Reader { document: &site.document, scope: Scope::new::<&str>([]), failures: vec![] };
    for (id, zone) in &site.model.zones {
        let at = child("/zones", id.as_str());
        let prefixes = zone.subnet.as_ref().map(|subnet| subnet.all().to_vec()).unwrap_or_default();
        let before = reader.failures.len();
        let prefixes = reader.address_list(&to_value(prefixes), &child(&at, "subnet"));
        let is_broken = reader.failures.len() > before;
        for (asset, addresses) in &zone.assets {
            let pointer = child(&child(&at, "assets"), asset.as_str());
            let before = reader.failures.len();
            let addresses = reader.address_list(&to_value(addresses.all()), &pointer);
            let is_broken = reader.failures.len() > before;
            let place = Place::key(&site.document, &pointer);
            let new = Asset {
                id: asset.to_string(),
                name: asset.to_string(),
                zone: id.to_string(),
                role: None,
                addresses,
                is_broken,
                place: Some(place),
            };
            insert(
                &mut out.assets,
                asset.as_str(),
                new,
                |asset| asset.place.clone(),
                "asset",
                &mut out.failures,
            );
        }
        let zone = Zone {
            id: id.to_string(),
            name: zone.name.clone().unwrap_or_else(|| id.to_string()),
            function: None,
            purdue: purdue(zone.purdue.as_ref()),
            sl_t: json!(zone.sl_t),
            owner: zone.owner.as_ref().map(ToString::to_string).or_else(|| owner.map(str::to_owned)),
            prefixes,
            isolated: false,
            is_broken,
            level: zone.purdue.as_ref().map(conduits::Purdue::level),
            place: Some(Place::key(&site.document, &at)),
        };
        out.zones.insert(id.to_string(), zone);
    }
    out.failures.append(&mut reader.failures);
    out
}

/// The ids of the zones and assets of a site.yaml.
pub(in crate::resolve) fn named_by(site: &Document) -> Vec<String> {
    let Some(zones) = site.root.get("zones").map(|member| member.node.to_json()) else { return vec![] };
    let mut names = vec![];
    for (id, zone) in zones.as_object().into_iter().flatten() {
        names.push(id.clone());
        let assets = zone.get("assets").and_then(Json::as_object);
        names.extend(assets.into_iter().flat_map(|assets| assets.keys().cloned()));
    }
    names
}

/// Joins definitions from several files; the same id in two of them is an error.
pub(in crate::resolve) fn merge(into: &mut Defined, other: Defined) {
    for (id, zone) in other.zones {
        insert(&mut into.zones, &id, zone, |zone| zone.place.clone(), "zone", &mut into.failures);
    }
    for (id, asset) in other.assets {
        insert(&mut into.assets, &id, asset, |asset| asset.place.clone(), "asset", &mut into.failures);
    }
    for (id, device) in other.devices {
        into.devices.entry(id).or_insert(device);
    }
    into.failures.extend(other.failures);
}

fn insert<T>(
    map: &mut BTreeMap<String, T>,
    id: &str,
    new: T,
    place: impl Fn(&T) -> Option<Place>,
    noun: &str,
    failures: &mut Vec<Finding>,
) {
    let Some(first) = map.get(id) else {
        map.insert(id.to_owned(), new);
        return;
    };
    let mut finding = Finding::error("duplicate-id", format!("{noun} `{id}` is defined twice"))
        .next("keep one of the two, or give one another id");
    if let Some(place) = place(&new) {
        finding = finding.at(place);
    }
    if let Some(place) = place(first) {
        finding = finding.see(place, "first defined here");
    }
    failures.push(finding);
}

/// Definitions that lines see through their site.
pub(in crate::resolve) fn shared(site: &SiteFacts) -> Defined {
    Defined {
        zones: site.zones.clone(),
        assets: site.assets.clone(),
        devices: site.devices.clone(),
        failures: vec![],
    }
}

fn purdue(level: Option<&conduits::Purdue>) -> Json {
    match level {
        Some(conduits::Purdue::Level(level)) if level.fract() == 0.0 => json!(*level as i64),
        Some(conduits::Purdue::Level(level)) => json!(level),
        Some(conduits::Purdue::Word(word)) => json!(word),
        None => Json::Null,
    }
}
