//! No path without clarity: what stops a flow from being rendered, and who is missing.
//!
//! A line fails when one of its flows has no owner, no decision, a decision that does not cover its conduit, a missing
//! or stale approval, an unmet condition, or is past its review or its own last day; or when a zone or output that
//! it uses is unowned. Everything else is for `validate`.

use super::Resolver;
use super::approval::{Approvers, decision_digest, gaps, missing_decision};
use super::conditions::CONDITIONS;
use super::plan::{Conduit, Flow, Plan, Zone};
use crate::finding::{Finding, Place};
use crate::load::{Record, nearest};
use crate::model::Decision;
use crate::source::{Document, child};
use std::collections::BTreeSet;

/// Adds to `plan.failures` and `plan.notes` what its flows, zones and outputs lack, and fills in review dates.
pub(super) fn check(resolver: &Resolver<'_>, plan: &mut Plan) {
    let mut clearance =
        Clearance { resolver, plan, failures: vec![], notes: vec![], refused: BTreeSet::new() };
    clearance.outputs();
    clearance.zones();
    for conduit in &plan.conduits {
        if !conduit.flows.is_empty() {
            let before = clearance.failures.len();
            clearance.conduit(conduit);
            if clearance.failures.len() > before {
                clearance.refused.extend(conduit.flows.iter().cloned());
            }
        }
    }
    for flow in &plan.flows {
        let before = clearance.failures.len();
        clearance.flow(flow);
        if clearance.failures.len() > before {
            clearance.refused.insert(flow.id.clone());
        }
    }
    let Clearance { failures, notes, refused, .. } = clearance;
    plan.refused = refused;
    plan.failures.extend(failures);
    plan.notes.extend(notes);
    fill_in_reviews(resolver, plan);
}

/// Gives conduits with flows, and their flows, the review date of their decision.
pub(super) fn fill_in_reviews(resolver: &Resolver<'_>, plan: &mut Plan) {
    let review = |conduit: &Conduit| {
        let record = resolver.fleet.decisions.get(conduit.decision.as_ref()?)?;
        Some((conduit.id.clone(), record.record.model.review_by.to_string()))
    };
    let used = plan.conduits.iter().filter(|conduit| !conduit.flows.is_empty());
    let reviews: Vec<_> = used.filter_map(review).collect();
    for (conduit, review) in reviews {
        for found in plan.conduits.iter_mut().filter(|c| c.id == conduit) {
            found.review_by = Some(review.clone());
        }
        for flow in plan.flows.iter_mut().filter(|flow| flow.conduit == conduit) {
            flow.review_by = Some(review.clone());
        }
    }
}

struct Clearance<'a> {
    resolver: &'a Resolver<'a>,
    plan: &'a Plan,
    failures: Vec<Finding>,
    notes: Vec<Finding>,
    /// Ids of flows that may not be rendered.
    refused: BTreeSet<String>,
}

impl Clearance<'_> {
    fn document(&self) -> &Document {
        let standard = &self.plan.standard;
        standard.conduits.as_ref().map_or(&standard.blueprint.document, |loaded| &loaded.document)
    }

    fn place(&self, pointer: &str) -> Place {
        Place::key(self.document(), pointer)
    }

    fn standard_owner(&self) -> String {
        self.plan.standard.blueprint.model.owner.to_string()
    }

    fn outputs(&mut self) {
        let document = &self.plan.standard.blueprint.document;
        for output in &self.plan.outputs {
            let place = Place::value(document, &output.pointer);
            let what = format!("output `{}`", output.id);
            let finding = self.unowned(&what, "unowned-output", output.owner.as_deref());
            self.failures.extend(finding.map(|finding| finding.at(place)));
        }
    }

    fn zones(&mut self) {
        let used: BTreeSet<&str> = self
            .plan
            .flows
            .iter()
            .flat_map(|flow| [flow.from.zone.as_str(), flow.to.zone.as_str()])
            .collect();
        for id in used {
            let Some(zone) = self.plan.zones.get(id) else { continue };
            let finding = self.unowned(&format!("zone `{id}`"), "unowned-zone", zone.owner.as_deref());
            if finding.is_some() {
                let ends = self.plan.flows.iter().filter(|flow| flow.from.zone == id || flow.to.zone == id);
                self.refused.extend(ends.map(|flow| flow.id.clone()));
            }
            self.failures.extend(finding.map(|finding| match &zone.place {
                Some(place) => finding.at(place.clone()),
                None => finding,
            }));
        }
    }

    /// Who owns it must be said, and must be a role.
    fn unowned(&self, what: &str, rule: &'static str, owner: Option<&str>) -> Option<Finding> {
        let roles = &self.resolver.fleet.enterprise.roles;
        let finding = match owner {
            None => Finding::error(rule, format!("{what} has no owner"))
                .next("name the role that answers for it: `owner: <role>`"),
            Some(owner) if !roles.contains_key(owner) => {
                let near = nearest(owner, roles.keys().map(|id| id.as_str()));
                let next = near.map_or_else(
                    || "define the role in jig.yaml, or name one that is there".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                Finding::error("unknown-role", format!("{what} belongs to `{owner}`, which is no role"))
                    .next(next)
            }
            Some(_) => return None,
        };
        Some(finding.owned_by(self.standard_owner()))
    }

    fn conduit(&mut self, conduit: &Conduit) {
        let at = child("/conduits", &conduit.id);
        let name = format!("conduit {} ({})", conduit.id, conduit.name);
        let place = self.place(&at);
        if let Some(finding) = self.unowned(&name, "unowned-conduit", conduit.owner.as_deref()) {
            let place =
                if conduit.owner.is_some() { self.place(&child(&at, "owner")) } else { place.clone() };
            self.failures.push(finding.at(place));
        }
        let full_id = format!("{}/{}", self.plan.standard.id, conduit.id);
        let Some(decision) = &conduit.decision else {
            let finding = Finding::error("undecided-conduit", format!("{name} has no risk decision"));
            let right = Approvers::of(self.resolver.fleet, "conduit", vec![self.standard_owner()]);
            let finding = finding.at(place).next(format!("`jig new decision --for {full_id}`"));
            self.failures.push(owned(finding, right.roles.first()));
            return;
        };
        let Some(record) = self.resolver.fleet.decisions.get(decision) else {
            if self.resolver.fleet.tree.list("decisions").is_err() {
                self.undecidable();
                return;
            }
            let (what, next) = missing_decision(self.resolver.fleet, decision, &full_id);
            let message = format!("{name} names the decision {decision}, which {what}");
            let place = self.place(&child(&at, "decision"));
            let finding = Finding::error("undecided-conduit", message).at(place).next(next);
            self.failures.push(finding.owned_by(self.standard_owner()));
            return;
        };
        self.decision(conduit, record, &full_id, &at);
    }

    /// No decision can be read: that is one thing to mend, not one for each conduit.
    fn undecidable(&mut self) {
        if self.failures.iter().any(|finding| finding.rule == "unreadable") {
            return;
        }
        let message = format!("`decisions/` cannot be read; {} waits for it", self.plan.address);
        let finding = Finding::error("unreadable", message).at(Place::file("decisions"));
        self.failures.push(finding.next("check that you may read this folder").blind());
    }

    fn decision(&mut self, conduit: &Conduit, record: &Record<Decision>, full_id: &str, at: &str) {
        let model = &record.record.model;
        let document = &record.record.document;
        let here = self.place(&child(at, "decision"));
        let owner = conduit.owner.clone().or_else(|| model.owner.as_ref().map(ToString::to_string));
        let owners = model.owner.iter().map(ToString::to_string).chain(conduit.owner.clone());
        let owners: Vec<String> = owners.chain([self.standard_owner()]).collect();
        let approvers = Approvers::of(self.resolver.fleet, "conduit", owners);
        let decides = approvers.roles.first().cloned();
        if !model.covers.iter().any(|covered| covered == full_id) {
            let message = format!("{} does not cover {full_id}", record.id);
            let finding = Finding::error("undecided-conduit", message).at(here.clone());
            let finding = finding.see(Place::value(document, "/covers"), "it covers these");
            let next = format!("have it decided: `jig new decision --for {full_id}`");
            self.failures.push(owned(finding.next(next), decides.as_ref()));
            return;
        }
        let digest = self.resolver.decision_digest(record, &self.plan.standard);
        for gap in gaps(self.resolver.fleet, record, &approvers, &digest) {
            let rule = if gap.stale { "stale-approval" } else { "one-sided-approval" };
            let message = format!("{}: {}", conduit.id, gap.message);
            let finding = Finding::error(rule, message).at(Place::value(document, "/covers"));
            let finding = finding.see(here.clone(), "needed here").next(gap.next);
            self.failures.push(owned(finding, gap.role.as_ref()));
        }
        self.review(conduit, record, decides.as_ref());
        for (index, condition) in model.conditions.iter().enumerate() {
            let place = Place::value(document, &format!("/conditions/{index}/check"));
            let Some(known) = CONDITIONS.iter().find(|known| known.name == condition.check) else {
                let near = nearest(&condition.check, CONDITIONS.iter().map(|known| known.name));
                let next = near.map_or_else(
                    || {
                        let names: Vec<_> = CONDITIONS.iter().map(|known| known.name).collect();
                        format!("use one of {}", names.join(", "))
                    },
                    |near| format!("did you mean `{near}`?"),
                );
                let message =
                    format!("{} names the check `{}`, which jig does not know", record.id, condition.check);
                self.failures.push(owned(
                    Finding::error("unknown-condition", message).at(place).next(next),
                    decides.as_ref(),
                ));
                continue;
            };
            if let Err(why) = (known.holds)(self.plan, conduit, self.resolver.fleet) {
                let message = format!("{} asks for {}: {why}", record.id, known.name);
                let finding = Finding::error("decision-condition-broken", message).at(place);
                let finding = finding.see(here.clone(), "needed here");
                let named = |zone: &&Zone| why.contains(&format!("zone `{}`", zone.id));
                let zones = self.plan.zones.values().filter(named).filter_map(|zone| zone.place.clone());
                let finding =
                    zones.fold(finding, |finding, zone| finding.see(zone, "the zone is defined here"));
                let next = "meet the condition, or have the difference decided";
                self.failures.push(owned(finding.next(next), owner.as_ref()));
            }
        }
    }

    fn review(&mut self, conduit: &Conduit, record: &Record<Decision>, decides: Option<&String>) {
        let model = &record.record.model;
        let Some(due) = model.review_by.civil() else { return };
        let today = self.resolver.as_of;
        if today <= due {
            return;
        }
        let grace = self.resolver.fleet.enterprise.settings.review_grace_days;
        let last = due.saturating_add(jiff::Span::new().days(grace));
        let place = Place::value(&record.record.document, "/review_by");
        let message = format!("{} of {} was to be reviewed by {due}", record.id, conduit.id);
        let role = decides.map_or("ROLE", String::as_str);
        let next = format!("review it, set review_by, and `jig approve {} --as {role}`", record.id);
        let finding = if today > last {
            let message = format!("{message}; the {grace} days of grace ended on {last}");
            Finding::error("overdue-review", message)
        } else {
            Finding::warning("overdue-review", format!("{message}; it counts until {last}"))
        };
        let finding = owned(finding.at(place).next(next), decides);
        if today > last { self.failures.push(finding) } else { self.notes.push(finding) }
    }

    fn flow(&mut self, flow: &Flow) {
        let at = child(&child(&child("/conduits", &flow.conduit), "flows"), &flow.id);
        let conduit_owner =
            self.plan.conduits.iter().find(|c| c.id == flow.conduit).and_then(|c| c.owner.clone());
        if (flow.owner.is_none() || flow.owner != conduit_owner)
            && let Some(finding) =
                self.unowned(&format!("flow {}", flow.id), "unowned-flow", flow.owner.as_deref())
        {
            let place = if flow.owner.is_some() { self.place(&child(&at, "owner")) } else { self.place(&at) };
            self.failures.push(finding.at(place));
        }
        let expires = flow.expires.as_ref().and_then(|date| date.parse::<jiff::civil::Date>().ok());
        if let Some(last) = expires.filter(|last| self.resolver.as_of > *last) {
            let place = Place::value(self.document(), &child(&at, "expires"));
            let message = format!("flow {} ({}) was allowed until {last}", flow.id, flow.purpose);
            let finding = Finding::error("expired-flow", message).at(place);
            self.failures.push(owned(finding.next("renew it, or remove it"), flow.owner.as_ref()));
        }
    }
}

fn owned(finding: Finding, role: Option<&String>) -> Finding {
    match role {
        Some(role) => finding.owned_by(role.clone()),
        None => finding,
    }
}

impl Resolver<'_> {
    /// Returns the digest of a decision for one version of a blueprint; each is computed once.
    pub fn decision_digest(&self, record: &Record<Decision>, standard: &crate::load::Standard) -> String {
        let key = (record.id.clone(), standard.digest.clone());
        let mut digests = self.digests.lock().expect("no thread panics while it holds the digests");
        digests.entry(key).or_insert_with(|| decision_digest(record, standard)).clone()
    }
}
