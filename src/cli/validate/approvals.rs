//! Who must agree to a change: the decision rights that it touches, read from the base.

use super::facts::Facts;
use crate::load::{Fleet, Loaded, read_document};
use crate::model::{Right, Rights};
use crate::report::change::{Approval, Because};
use crate::source::git::Changed;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};

/// What a change of one line or site asks for.
pub(super) fn of_line(address: &str, before: Option<&Facts>, after: Option<&Facts>) -> Vec<Because> {
    let say = |what: &str, id: &str| Because {
        what: what.to_owned(),
        id: id.to_owned(),
        address: Some(address.to_owned()),
    };
    let mut because = vec![];
    let (Some(old), Some(new)) = (before, after) else {
        // A line under standing decisions needs none of its own, and one that goes needs none at all.
        let flows = after.iter().flat_map(|facts| facts.flows.values()).filter(|flow| !flow.standing);
        because.extend(flows.map(|flow| say("flow", &flow.id)));
        return because;
    };
    for (key, flow) in &new.flows {
        let known = old.flows.get(key);
        if known.is_some_and(|known| !flow.differs(known)) {
            continue;
        }
        let what = if flow.writes {
            "write"
        } else if flow.temporary && known.is_none() {
            "vendor-session"
        } else {
            "flow"
        };
        because.push(say(what, &flow.id));
    }
    let gone = old.flows.iter().filter(|(key, _)| !new.flows.contains_key(*key));
    because.extend(gone.map(|(_, flow)| say("flow", &flow.id)));
    if old.window != new.window {
        because.push(say("window", new.window.as_deref().unwrap_or("none")));
    }
    let names: BTreeSet<&String> = old.answers.keys().chain(new.answers.keys()).collect();
    for name in names.into_iter().filter(|name| old.answers.get(*name) != new.answers.get(*name)) {
        let id = name.split_once(':').map_or(name.as_str(), |(_, id)| id);
        because.push(say(name, id));
    }
    because
}

/// What a change of shared files asks for.
pub(super) fn of_files(changes: &[Changed], base: Option<&Fleet>, head: &Fleet) -> Vec<Because> {
    let mut because = vec![];
    let mut say = |what: &str, id: &str, address: Option<String>| {
        because.push(Because { what: what.to_owned(), id: id.to_owned(), address });
    };
    for change in changes {
        let parts: Vec<&str> = change.path.split('/').collect();
        match parts.as_slice() {
            ["deviations", id, "deviation.yaml"] => {
                let record = head.deviations.get(*id).or_else(|| base?.deviations.get(*id));
                say("deviation", id, record.map(|record| record.record.model.line.clone()));
            }
            ["decisions", id, "decision.yaml"] => say("decision", id, None),
            ["blueprints", folder, "conduits.yaml"] => {
                for section in ["conduits", "zones", "assets", "devices", "services", "countermeasures"] {
                    for id in members(change, base, head, &[section]) {
                        say(
                            if section == "conduits" { "conduit" } else { section },
                            &format!("{folder}/{id}"),
                            None,
                        );
                    }
                }
            }
            ["blueprints", folder, ..] => say("release", folder, None),
            ["metrics.yaml"] => {
                for section in ["metrics", "elements"] {
                    members(change, base, head, &[section]).iter().for_each(|id| say("metric", id, None));
                }
            }
            ["equipment.yaml"] => {
                for section in ["types", "profiles"] {
                    members(change, base, head, &[section]).iter().for_each(|id| say("tag", id, None));
                }
            }
            ["jig.yaml"] => {
                members(change, base, head, &["systems"])
                    .iter()
                    .for_each(|id| say("system-of-record", id, None));
            }
            ["rights.yaml"] => {
                members(change, base, head, &["rights"]).iter().for_each(|id| say("right", id, None));
            }
            _ => {}
        }
    }
    because
}

/// The members of a map that differ between base and head.
fn members(change: &Changed, base: Option<&Fleet>, head: &Fleet, path: &[&str]) -> Vec<String> {
    let read = |fleet: Option<&Fleet>| -> Map<String, Json> {
        let document = fleet.and_then(|fleet| read_document(&fleet.tree, &change.path, &change.path).ok());
        let json = document.map(|document| document.root.to_json()).unwrap_or_default();
        path.iter()
            .try_fold(&json, |json, step| json.get(*step))
            .and_then(Json::as_object)
            .cloned()
            .unwrap_or_default()
    };
    let (old, new) = (read(base), read(Some(head)));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names.into_iter().filter(|name| old.get(*name) != new.get(*name)).cloned().collect()
}

/// Finds the rights that all this is about. `sites` stand in where a team has one per site.
pub(super) fn rights(
    governing: &Fleet,
    rights: Option<&Loaded<Rights>>,
    because: Vec<Because>,
    sites: &BTreeSet<String>,
) -> Vec<Approval> {
    let Some(rights) = rights else { return vec![] };
    let mut found: BTreeMap<(String, Option<String>), BTreeSet<Because>> = BTreeMap::new();
    for because in because {
        let Some((id, right)) = matching(&rights.model, &because) else { continue };
        let site =
            because.address.as_ref().map(|address| address.split('/').next().unwrap_or(address).to_owned());
        let by_site = roles(right).any(|role| team(governing, role).contains("{site}"));
        let wanted: Vec<Option<String>> = match (by_site, site) {
            (false, _) => vec![None],
            (true, Some(site)) => vec![Some(site)],
            (true, None) => sites.iter().cloned().map(Some).collect(),
        };
        for site in wanted {
            found.entry((id.clone(), site)).or_default().insert(because.clone());
        }
    }
    let approval = |((id, site), because): ((String, Option<String>), BTreeSet<Because>)| {
        let right = rights.model.rights.get(id.as_str())?;
        let team = |role: &str| team(governing, role).replace("{site}", site.as_deref().unwrap_or("{site}"));
        Some(Approval {
            decides: right.decides.to_string(),
            team: team(right.decides.as_str()),
            agrees: right.agrees.iter().map(|role| team(role.as_str())).collect(),
            within_working_days: right.within_working_days,
            because: because.into_iter().collect(),
            right: id,
        })
    };
    found.into_iter().filter_map(approval).collect()
}

fn roles(right: &Right) -> impl Iterator<Item = &str> {
    std::iter::once(&right.decides).chain(&right.agrees).map(|role| role.as_str())
}

fn team<'f>(fleet: &'f Fleet, role: &'f str) -> &'f str {
    fleet.enterprise.roles.get(role).map_or(role, |known| known.team.as_str())
}

/// The right that is about something.
fn matching<'r>(rights: &'r Rights, because: &Because) -> Option<(String, &'r Right)> {
    if because.what == "right" {
        return rights.rights.get(because.id.as_str()).map(|right| (because.id.clone(), right));
    }
    let word = match because.what.as_str() {
        "decision" | "zones" | "assets" | "devices" | "services" | "countermeasures" => "conduit",
        word => word,
    };
    rights.rights.iter().find(|(_, right)| right.what.0 == word).map(|(id, right)| (id.to_string(), right))
}
