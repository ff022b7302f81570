//! Approvals: who must agree to a record, and whether they agreed to the text that stands there now.
//!
//! The digest of a record is `b3:` and the BLAKE3 of the RFC 8785 form of the record, the conduits it covers and
//! what those name, as written. Changing what was approved makes the approval stale.

use crate::load::{Fleet, Loaded, Record, Standard, nearest};
use crate::model::conduits::Conduits;
use crate::model::enterprise::Sides;
use crate::model::{Approval, Decision, Deviation, Json, Right, Side};
use crate::source::{Document, child};
use serde_json::json;
use std::collections::BTreeMap;

/// One thing that an approval lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// What is missing, in words.
    pub message: String,
    /// The role that can mend it.
    pub role: Option<String>,
    /// What to do.
    pub next: String,
    /// Whether there is an approval, of a text that has changed since.
    pub stale: bool,
}

/// Who may approve a record.
#[derive(Debug, Clone)]
pub struct Approvers {
    /// The id of the matching right; `None` where rights.yaml has none.
    pub right: Option<String>,
    /// Roles that may approve, the one that decides first.
    pub roles: Vec<String>,
    /// Which sides must approve; `None` where one approval is enough.
    pub sides: Option<Sides>,
}

impl Approvers {
    /// Finds who may approve records about `subject` (`conduit` or `deviation`); `owners` stand in without a right.
    pub fn of(fleet: &Fleet, subject: &str, owners: Vec<String>) -> Self {
        let rights = fleet.rights.iter().flat_map(|loaded| &loaded.model.rights);
        match rights.into_iter().find(|(_, right)| right.what.0 == subject) {
            Some((id, right)) => {
                Self { right: Some(id.to_string()), roles: roles_of(right), sides: Some(right.sides) }
            }
            None => Self { right: None, roles: owners, sides: None },
        }
    }

    /// Returns the sides that must approve, as file stems.
    fn needed(&self) -> &'static [&'static str] {
        match self.sides {
            Some(Sides::Both) => &["it", "ot"],
            Some(Sides::It) => &["it"],
            Some(Sides::Ot) => &["ot"],
            None => &[],
        }
    }

    /// Returns the role that approves for a side; where both sides must, a joint role is left for the side that
    /// nobody else can speak for.
    fn candidate<'a>(&'a self, fleet: &Fleet, side: &str, other: Option<&str>) -> Option<&'a String> {
        let side_of = |role: &str| fleet.enterprise.roles.get(role).map(|role| role.side);
        let suiting = |role: &&String| side_of(role).is_some_and(|of| suits(of, side));
        if self.sides != Some(Sides::Both) {
            return self.roles.iter().find(suiting);
        }
        let free = |role: &&String| other != Some(role.as_str());
        let own = |role: &&String| side_of(role) != Some(Side::Joint);
        let suiting = || self.roles.iter().filter(suiting).filter(free);
        suiting().find(own).or_else(|| suiting().next())
    }
}

fn roles_of(right: &Right) -> Vec<String> {
    std::iter::once(&right.decides).chain(&right.agrees).map(ToString::to_string).collect()
}

/// Whether a role of `side` may fill the file of the other argument.
pub fn suits(side: Side, file: &str) -> bool {
    match side {
        Side::Joint => true,
        Side::It => file == "it",
        Side::Ot => file == "ot",
        Side::External => false,
    }
}

/// Says what a record's approvals lack for `digest`; nothing means approved.
pub fn gaps<T>(fleet: &Fleet, record: &Record<T>, approvers: &Approvers, digest: &str) -> Vec<Gap> {
    let files = [("it", record.it.as_ref()), ("ot", record.ot.as_ref())];
    if approvers.needed().is_empty() {
        return one_is_enough(fleet, &record.id, &files, approvers, digest);
    }
    let mut gaps = vec![];
    for side in approvers.needed() {
        let file = files.iter().find(|(name, _)| name == side).and_then(|(_, file)| *file);
        let other = files.iter().find(|(name, _)| name != side).and_then(|(_, file)| *file);
        let other = other.map(|file| file.model.role.as_str());
        let candidate = approvers.candidate(fleet, side, other).or(approvers.roles.first());
        gaps.extend(side_gap(fleet, &record.id, (side, file), approvers, candidate, digest));
    }
    if let [(_, Some(it)), (_, Some(ot))] = &files
        && it.model.role == ot.model.role
        && approvers.needed().len() == 2
    {
        let role = it.model.role.to_string();
        gaps.push(Gap {
            message: format!("{}: {role} approved for both sides; two sides are two roles", record.id),
            role: Some(role),
            next: "let another role approve one of them".into(),
            stale: false,
        });
    }
    gaps
}

fn one_is_enough(
    fleet: &Fleet,
    id: &str,
    files: &[(&str, Option<&Loaded<Approval>>)],
    approvers: &Approvers,
    digest: &str,
) -> Vec<Gap> {
    let given: Vec<_> = files.iter().filter_map(|(side, file)| Some((*side, (*file)?))).collect();
    let mut gaps: Vec<Gap> = vec![];
    for (side, file) in &given {
        let candidate = approvers.candidate(fleet, side, None).or(approvers.roles.first());
        match side_gap(fleet, id, (side, Some(file)), approvers, candidate, digest) {
            None => return vec![],
            Some(gap) => gaps.push(gap),
        }
    }
    if gaps.is_empty() {
        gaps.push(lacking(id, "an", approvers.roles.first()));
    }
    gaps
}

fn lacking(id: &str, article_and_side: &str, role: Option<&String>) -> Gap {
    let who = role.map_or("a role that may decide", String::as_str);
    Gap {
        message: format!("{id} lacks {article_and_side} approval"),
        role: role.cloned(),
        next: format!("`jig approve {id} --as {who}`"),
        stale: false,
    }
}

/// The file of an approval that is there and could not be read.
fn unread(fleet: &Fleet, id: &str, side: &str) -> Option<String> {
    let folders = [
        fleet.decisions.get(id).map(|record| &record.folder),
        fleet.deviations.get(id).map(|record| &record.folder),
    ];
    let mut paths = folders.into_iter().flatten().map(|folder| format!("{folder}/{side}.yaml"));
    paths.find(|path| fleet.tree.contains(path))
}

fn side_gap(
    fleet: &Fleet,
    id: &str,
    (side, file): (&str, Option<&Loaded<Approval>>),
    approvers: &Approvers,
    candidate: Option<&String>,
    digest: &str,
) -> Option<Gap> {
    let Some(file) = file else {
        let article = if side == "it" { "the IT" } else { "the OT" };
        if let Some(path) = unread(fleet, id, side) {
            let next = format!("correct `{path}`; its findings are listed");
            let message = format!("{id}: {side}.yaml cannot be read");
            return Some(Gap { message, next, ..lacking(id, article, candidate) });
        }
        return Some(lacking(id, article, candidate));
    };
    let role = file.model.role.as_str();
    let again = format!("`jig approve {id} --as {}`", candidate.map_or("ROLE", String::as_str));
    let gap =
        |message: String| Some(Gap { message, role: candidate.cloned(), next: again.clone(), stale: false });
    let Some(known) = fleet.enterprise.roles.get(role) else {
        return gap(format!("{id}: {side}.yaml names the role `{role}`, which is not defined"));
    };
    if !approvers.roles.iter().any(|allowed| allowed == role) {
        let right = approvers.right.as_deref().unwrap_or("its owner");
        return gap(format!("{id}: `{role}` may not approve this ({right} says who may)"));
    }
    if !suits(known.side, side) {
        return gap(format!("{id}: `{role}` speaks for {}, not for {side}", known.side.as_str()));
    }
    if !file.model.approves.iter().any(|approved| approved == digest) {
        let message = format!("{id}: the approval of `{role}` is stale; the text it approved has changed");
        let next = format!("read what changed (`git diff`, `git log`), then {again}, or restore the text");
        return gap(message).map(|gap| Gap { stale: true, next, ..gap });
    }
    None
}

/// Returns the digest of a decision for one version of a blueprint.
pub fn decision_digest(record: &Record<Decision>, standard: &Standard) -> String {
    let mut conduits = BTreeMap::new();
    let mut named = Named::default();
    if let Some(loaded) = &standard.conduits {
        for covered in &record.record.model.covers {
            let Some(id) = covered.strip_prefix(&format!("{}/", standard.id)) else { continue };
            if let Some(node) = loaded.document.root.at(&child("/conduits", id)) {
                conduits.insert(covered.clone(), node.to_json());
                named.collect(&loaded.model, &loaded.document, id);
            }
        }
    }
    let conduits: serde_json::Map<String, Json> = conduits.into_iter().collect();
    digest(&json!({
        "record": record.record.document.root.to_json(), "conduits": conduits, "named": named.into_json(),
    }))
}

/// Returns the digest of a deviation.
pub fn deviation_digest(record: &Record<Deviation>) -> String {
    digest(&json!({ "record": record.record.document.root.to_json(), "conduits": {}, "named": {} }))
}

fn digest(value: &Json) -> String {
    let canonical = serde_json_canonicalizer::to_vec(value).expect("parsed values are finite");
    format!("b3:{}", blake3::hash(&canonical).to_hex())
}

/// What conduits name, section by section, as written.
#[derive(Default)]
struct Named(BTreeMap<&'static str, BTreeMap<String, Json>>);

impl Named {
    fn collect(&mut self, model: &Conduits, document: &Document, conduit: &str) {
        let Some(conduit) = model.conduits.get(conduit) else { return };
        let ends = conduit.flows.values().flat_map(|flow| [&flow.from, &flow.to]);
        for end in ends.clone() {
            self.add(document, "assets", end);
            if let Some(asset) = model.assets.get(end.as_str()) {
                self.add(document, "zones", &asset.zone);
            }
        }
        for zone in conduit.zones.iter().chain(ends) {
            self.add(document, "zones", zone);
        }
        for flow in conduit.flows.values() {
            self.add(document, "services", &flow.service);
            if let Some(countermeasure) = &flow.countermeasure {
                self.add(document, "countermeasures", countermeasure);
            }
        }
    }

    fn add(&mut self, document: &Document, section: &'static str, id: &str) {
        if let Some(node) = document.root.at(&child(&format!("/{section}"), id)) {
            self.0.entry(section).or_default().insert(id.to_owned(), node.to_json());
        }
    }

    fn into_json(self) -> Json {
        json!(self.0)
    }
}

/// What is wrong with a decision that was not loaded, and what to do.
pub fn missing_decision(fleet: &Fleet, decision: &str, full_id: &str) -> (&'static str, String) {
    let path = format!("decisions/{decision}/decision.yaml");
    if fleet.tree.contains(&path) {
        return ("has errors", format!("correct `{path}`; its findings are listed"));
    }
    // Another decision is only meant where it is about this conduit.
    let about =
        fleet.decisions.values().filter(|record| record.record.model.covers.iter().any(|c| c == full_id));
    let near = nearest(decision, about.map(|record| record.id.as_str()));
    let create = format!("`jig new decision --for {full_id} --id {decision}`");
    let next = near.map_or_else(
        || format!("create it: {create}"),
        |near| format!("did you mean `{near}`? Else {create}"),
    );
    ("is not there", next)
}
