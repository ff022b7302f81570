//! `unknown-time-zone`: a site's time zone that is none.

use super::{Check, Rule, Scene};
use crate::finding::{Finding, Level, Place};
use crate::load::strange_zone;
use crate::source::Document;

pub(super) const RULE: Rule = Rule {
    name: "unknown-time-zone",
    level: Level::Error,
    soft: true,
    what: "A site's time zone that the IANA time zone database does not have.",
    why: "Shifts and days would be cut at the wrong hour, and counts would never agree with the system of record.",
    instead: "Name a zone by its exact IANA name, such as America/Detroit.",
    see: "IANA Time Zone Database (RFC 6557)",
    check: Check::Own(check),
};

fn check(scene: &Scene<'_>, document: &Document, found: &mut Vec<Finding>) {
    let Some(zone) = document.root.get("timezone").and_then(|member| member.node.as_str()) else { return };
    let Some(next) = strange_zone(zone) else { return };
    let site = document.text.name.split('/').nth(1).unwrap_or_default();
    let finding = RULE.found(format!("there is no time zone `{zone}`"));
    let mut finding = finding.at(Place::value(document, "/timezone")).about(site).next(next);
    finding.owner = owner(scene, document);
    found.push(finding);
}

/// A site belongs to the owner of its blueprint.
fn owner(scene: &Scene<'_>, document: &Document) -> Option<String> {
    let reference = document.root.get("blueprint")?.node.as_str()?;
    Some(scene.fleet.standards.get(reference).ok()?.blueprint.model.owner.to_string())
}
