//! `unmapped-state`: an equipment type whose raw state codes are not mapped to PackML states.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::load::nearest;
use crate::model::Reading;
use crate::resolve::filters::PACKML_STATES;
use crate::source::{Document, child};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RULE: Rule = Rule {
    name: "unmapped-state",
    level: Level::Error,
    soft: true,
    what: "An equipment type whose raw state codes are not mapped to PackML states.",
    why: "One code means running on one firmware and fault on the next; the numbers are then wrong for days and nobody sees it.",
    instead: "Map every raw code of the type: `state: { register: ..., map: { 0: Stopped, 1: Execute } }`.",
    see: "ISA-TR88.00.02, 5.3",
    check: Check::Fleet(check),
};

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Some(document) = &scene.fleet.equipment_document else { return };
    let catalogue = &scene.fleet.equipment;
    let needs_states =
        scene.fleet.metrics.elements.values().any(|element| element.reads == Some(Reading::State));
    for (id, kind) in &catalogue.types {
        let at = child("/types", id.as_str());
        let say = |message: String, place: Place| {
            RULE.found(message)
                .at(place)
                .next("map every raw code that the machine can show to a PackML state")
        };
        let profile = kind.profile.as_ref().and_then(|profile| catalogue.profiles.get(profile.as_str()));
        let map = kind.state.as_ref().and_then(|state| state.get("map")).and_then(Json::as_object);
        let Some(map) = map else {
            // Without a metric that needs states nobody is misled.
            if needs_states && profile.is_none_or(|profile| profile.state.is_none()) {
                found.push(say(
                    format!("type `{id}` does not say how its state is read"),
                    Place::key(document, &at),
                ));
            }
            continue;
        };
        let at = child(&child(&at, "state"), "map");
        for (code, state) in map {
            let Some(state) = state.as_str().filter(|state| !PACKML_STATES.contains(state)) else { continue };
            let next = nearest(state, PACKML_STATES.iter().copied()).map_or_else(
                || format!("use one of {}", PACKML_STATES.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("code {code} of type `{id}` means `{state}`, which is no state of PackML");
            found.push(say(message, Place::value(document, &child(&at, code))).next(next));
        }
        let has = |state: &str| map.values().any(|value| value.as_str() == Some(state));
        for state in ["Execute", "Stopped", "Aborted"].into_iter().filter(|state| !has(state)) {
            let message = format!("no code of type `{id}` means {state}");
            found.push(say(message, Place::key(document, &at)));
        }
        let siblings = catalogue.types.iter().filter(|(other, t)| *other != id && t.profile == kind.profile);
        let mut told = BTreeSet::new();
        for (other, sibling) in siblings {
            let theirs = sibling.state.as_ref().and_then(|state| state.get("map")).and_then(Json::as_object);
            for (code, state) in theirs.into_iter().flatten() {
                if map.contains_key(code) || !told.insert(code.clone()) {
                    continue;
                }
                let message = format!(
                    "type `{id}` does not map code {code}; `{other}` of the same profile does ({})",
                    state.as_str().unwrap_or_default()
                );
                let there = Place::key(document, &child("/types", other.as_str()));
                found.push(say(message, Place::key(document, &at)).see(there, "the other type"));
            }
        }
        let states: BTreeSet<&str> = map.values().filter_map(Json::as_str).collect();
        if states.len() < map.len() && told.is_empty() {
            twice(id.as_str(), map, document, &at, found);
        }
    }
}

/// Two codes for one state: allowed on some machines, a slip on most.
fn twice(
    id: &str,
    map: &serde_json::Map<String, Json>,
    document: &Document,
    at: &str,
    found: &mut Vec<Finding>,
) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (code, state) in map {
        let Some(state) = state.as_str() else { continue };
        if let Some(first) = seen.insert(state, code) {
            let message = format!("codes {first} and {code} of type `{id}` both mean {state}");
            let mut finding = RULE.found(message).at(Place::value(document, &child(at, code)));
            finding.level = Level::Warning;
            found.push(finding.next("check it against the machine's manual"));
        }
    }
}
