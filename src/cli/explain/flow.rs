//! A flow: what it is for, who answers for it, where it exists and which files carry it.

use crate::cli::select::select;
use crate::cli::session::Session;
use crate::cli::write::read_manifest;
use crate::cli::{Failure, Outcome, Run};
use crate::finding::Place;
use crate::load::Fleet;
use crate::render::influence::Scene;
use crate::report;
use crate::resolve::Resolver;
use crate::resolve::plan::{End, Flow, Plan};
use crate::source::child;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Flows that a line or file serves, each with the plan it belongs to.
pub(super) struct Serving<'a>(Vec<(&'a Plan, &'a Flow)>);

impl<'a> Serving<'a> {
    /// The flows of a scene with these addresses and keys.
    pub(super) fn of(scene: &'a Scene, keys: &BTreeSet<(String, String)>) -> Self {
        Self::those(scene, |plan, flow| keys.contains(&(plan.address.to_string(), flow.key.clone())))
    }

    /// The flows that a file names.
    pub(super) fn in_text(scene: &'a Scene) -> Self {
        Self::those(scene, |_, flow| crate::render::names(&scene.text, &flow.id))
    }

    fn those(scene: &'a Scene, wanted: impl Fn(&Plan, &Flow) -> bool) -> Self {
        let plans = scene.lines.iter().chain([&scene.plan]);
        let flows = plans.flat_map(|plan| plan.flows.iter().map(move |flow| (plan, flow)));
        Self(flows.filter(|(plan, flow)| wanted(plan, flow)).collect())
    }

    /// Their ids, each once.
    pub(super) fn ids(&self) -> Vec<&str> {
        let ids: BTreeSet<&str> = self.0.iter().map(|(_, flow)| flow.id.as_str()).collect();
        ids.into_iter().collect()
    }
}

pub(super) fn details_json(serving: &Serving<'_>) -> Json {
    serving.0.iter().map(|(plan, flow)| detail(plan, flow)).collect()
}

fn detail(plan: &Plan, flow: &Flow) -> Json {
    let end = |end: &End| json!({ "name": end.name, "zone": end.zone, "addresses": end.addresses });
    let conduit = plan.conduits.iter().find(|conduit| conduit.id == flow.conduit);
    json!({
        "id": flow.id, "key": flow.key, "address": plan.address.to_string(), "conduit": flow.conduit,
        "conduit_name": conduit.map(|conduit| &conduit.name), "purpose": flow.purpose, "owner": flow.owner,
        "decision": flow.decision, "review_by": flow.review_by, "service": flow.service, "match": flow.matches,
        "access": flow.access, "from": end(&flow.from), "to": end(&flow.to), "devices": flow.devices,
        "countermeasure": flow.countermeasure, "expires": flow.expires,
        "if_lost": conduit.and_then(|conduit| conduit.if_lost.as_ref()),
    })
}

pub(super) fn details_text(serving: &Serving<'_>) -> String {
    let mut out = String::new();
    let mut told = BTreeSet::new();
    for (plan, flow) in &serving.0 {
        if !told.insert((plan.address.to_string(), &flow.key)) {
            continue;
        }
        let conduit = plan.conduits.iter().find(|conduit| conduit.id == flow.conduit);
        let name = conduit.map_or("", |conduit| conduit.name.as_str());
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        out.push_str(&format!(
            "flow {} of {}: {}\n  conduit {} ({name}), owner {}, decision {}, review by {}\n",
            flow.key,
            plan.address,
            flow.purpose,
            flow.conduit,
            or_none(&flow.owner),
            or_none(&flow.decision),
            or_none(&flow.review_by),
        ));
    }
    out
}

/// The ids of all flows of all blueprints.
pub(super) fn ids(fleet: &Fleet) -> BTreeSet<String> {
    let standards = fleet.standards.all();
    let conduits = standards.iter().filter_map(|standard| standard.conduits.as_ref());
    let conduits = conduits.flat_map(|loaded| loaded.model.conduits.values());
    conduits.flat_map(|conduit| conduit.flows.keys().map(ToString::to_string)).collect()
}

/// Resolves what the addresses select, without rendering it.
pub(super) fn plans(session: &Session, fleet: &Fleet, addresses: &[String]) -> Result<Vec<Plan>, Failure> {
    let resolver = Resolver::new(fleet, session.today(Some(fleet)));
    let mut plans = vec![];
    for selected in select(fleet, addresses)? {
        let site = resolver.site(&selected.site.id);
        let lines = selected.lines.iter().map(|index| &selected.site.lines[*index]);
        plans.extend(lines.filter_map(|line| resolver.line(&site, line).ok()));
        if selected.whole {
            plans.extend(resolver.site_plan(&site));
        }
    }
    Ok(plans)
}

pub(super) fn explain(session: &Session, fleet: &Fleet, id: &str, addresses: &[String]) -> Run {
    let plans = plans(session, fleet, addresses)?;
    let found: Vec<(&Plan, &Flow)> = plans
        .iter()
        .flat_map(|plan| plan.flows.iter().filter(|flow| flow.id == id).map(move |flow| (plan, flow)))
        .collect();
    let root = session.root()?;
    let files: Vec<String> = carriers(&root, fleet, id);
    let carriers = |plan: &Plan| -> Vec<&String> {
        let site = format!("intended/{}/_site/", plan.address.site);
        let own = match &plan.address.line {
            Some(line) => format!("intended/{}/{line}/", plan.address.site),
            None => site.clone(),
        };
        files.iter().filter(|file| file.starts_with(&own) || file.starts_with(&site)).collect()
    };
    let place = |plan: &Plan, flow: &Flow| {
        let pointer = child(&child(&child("/conduits", &flow.conduit), "flows"), &flow.id);
        let document = &plan.standard.conduits.as_ref()?.document;
        let place = Place::key(document, &pointer);
        Some((place.file.to_string(), place.range.map_or(1, |range| range.line)))
    };
    let object = || {
        let mut object = report::json_object("explain");
        object.insert("flow".into(), json!(id));
        let one = |(plan, flow): &(&Plan, &Flow)| {
            let mut detail = detail(plan, flow);
            let place = place(plan, flow);
            detail["file"] = json!(place.as_ref().map(|(file, _)| file));
            detail["line"] = json!(place.map(|(_, line)| line));
            detail["files"] = json!(carriers(plan));
            detail
        };
        object.insert("places".into(), found.iter().map(one).collect());
        object
    };
    let text = || {
        let Some((plan, flow)) = found.first() else {
            return format!("{id} exists nowhere that was asked for");
        };
        let mut out = format!("{id}: {}\n", flow.purpose);
        let mut last: Option<(String, u32)> = None;
        let _ = plan;
        for (plan, flow) in &found {
            let written = place(plan, flow);
            if written != last {
                if let Some((file, line)) = &written {
                    out.push_str(&format!("written in {file}:{line}\n"));
                }
                let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
                out.push_str(&format!(
                    "  conduit {}, owner {}, decision {}, review by {}\n  {}, {}, auth {}, enforced by {}\n",
                    flow.conduit,
                    or_none(&flow.owner),
                    or_none(&flow.decision),
                    or_none(&flow.review_by),
                    flow.service,
                    flow.access,
                    or_none(&flow.auth),
                    flow.devices.join(", "),
                ));
                last = written;
            }
            out.push_str(&format!(
                "  {}: {} from {} ({}) to {} ({})\n",
                plan.address,
                flow.key,
                flow.from.name,
                flow.from.addresses.join(", "),
                flow.to.name,
                flow.to.addresses.join(", "),
            ));
        }
        let addresses: BTreeSet<&String> = found.iter().flat_map(|(plan, _)| carriers(plan)).collect();
        if !addresses.is_empty() {
            out.push_str("carried by\n");
            addresses.iter().for_each(|file| out.push_str(&format!("  {file}\n")));
        }
        out
    };
    session.report(&[], object, text)?;
    Ok(Outcome::InOrder)
}

/// The files that carry a flow, as the manifests say.
fn carriers(root: &std::path::Path, fleet: &Fleet, id: &str) -> Vec<String> {
    let mut found = vec![];
    for site in &fleet.sites {
        let folders = site.lines.iter().map(|line| line.id.as_str()).chain(["_site"]);
        for folder in folders {
            let below = format!("intended/{}/{folder}", site.id);
            let Some(manifest) = read_manifest(&root.join(&below)) else { continue };
            let carrying = manifest.files.iter().filter(|file| file.flows.iter().any(|flow| flow == id));
            found.extend(carrying.map(|file| format!("{below}/{}", file.path)));
        }
    }
    found
}
