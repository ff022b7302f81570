//! Rules over the fleet, its plans and its rendered files: one file per rule, one list.
//!
//! [`RULES`] lists every rule that any finding may name; documentation, `jig explain RULE`, reports and the settings
//! of jig.yaml are read off it. A rule that is checked here says in its own file what it looks at ([`Check`]); the
//! others are found where files are read, lines are resolved or outputs are written.

// rules, one file each
mod address_outside_zone;
mod averaged_ratio;
mod cleartext_service;
mod codeowners;
mod colliding_name;
mod dangling_wire;
mod deviation_without_effect;
mod due_soon;
mod duplicate_client_id;
mod duplicate_dashboard;
mod duplicate_host;
mod duplicate_node_id;
mod duplicate_panel_id;
mod flow_outside_conduit;
mod inherited_owner;
mod intolerable_risk;
mod isolated_zone_reached;
mod malformed_output;
mod metric_without_formula;
mod metric_without_goal;
mod metric_without_record;
mod metric_without_unit;
mod misread_value;
mod missing_decision_right;
mod missing_if_lost;
mod no_default_deny;
mod no_window;
mod one_person_role;
mod opc_namespace_index;
mod open_lesson;
mod opened_too_wide;
mod orphan_goal;
mod overlapping_panels;
mod overlapping_subnets;
mod overlong_name;
mod sampling_budget;
mod self_approval;
mod session_budget;
mod shared_address;
mod skipped_dmz;
mod sparkplug_collision;
mod stale_intended;
mod too_many_metrics;
mod undated_approval;
mod undecided_conduit;
mod undecided_write;
mod undeclared_relay;
mod undefined_variable;
mod unenforced_conduit;
mod unexplained_override;
mod unknown_element;
mod unknown_guardrail;
mod unknown_node_type;
mod unknown_option;
mod unknown_time_zone;
mod unknown_unit;
mod unmapped_state;
mod unmeasured_goal;
mod unowned_conduit;
mod unowned_goal;
mod unowned_metric;
mod unowned_output;
mod unowned_region;
mod unowned_system;
mod unowned_zone;
mod unreleased_change;
mod unroutable_flow;
mod untrusted_panel;
mod weaker_zone_initiates;
mod whole_zone;
mod wide_service;
mod write_across_dmz;
mod wrong_approver;
// end of rules
mod accepted;
mod causes;
mod census;
mod conditions;
mod dangling;
mod levels;
pub(crate) mod literal_secret;
mod named;
mod names;
mod neighbours;
mod released;
mod rules;
mod scene;
mod unescaped;
mod unused;

pub use accepted::{accept, without_effect};
pub use causes::settle as causes_first;
pub use census::Census;
pub use codeowners::{PLACES as CODEOWNERS, codeowners, replaced as with_codeowners};
pub use literal_secret::hide as hide_secrets;
pub use neighbours::neighbours;
pub use rules::RULES;
pub use scene::{Rendered, Scene};

use crate::finding::{Finding, Level};
use crate::load::{Fleet, Standard, read_document};
use crate::render::{RenderedFile, Renderer};
use crate::resolve::plan::Plan;
use crate::source::Document;
use std::collections::BTreeSet;

/// A rule: what it finds, why that matters on a plant floor, what to do instead.
pub struct Rule {
    /// Name, kebab-case; says what was found.
    pub name: &'static str,
    /// Level without settings.
    pub level: Level,
    /// Whether settings may lower it: it judges, rather than stops.
    pub soft: bool,
    /// What it finds.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do instead.
    pub instead: &'static str,
    /// Where it comes from: a standard or a product's own words; may be empty.
    pub see: &'static str,
    /// What it looks at.
    pub(crate) check: Check,
}

/// What a rule looks at.
pub(crate) enum Check {
    /// Nothing here: it is found elsewhere.
    Elsewhere,
    /// What the fleet shares.
    Fleet(fn(&Scene<'_>, &mut Vec<Finding>)),
    /// The file of one line or site, as written.
    Own(fn(&Scene<'_>, &Document, &mut Vec<Finding>)),
    /// One version of a blueprint, as written.
    Standard(fn(&Scene<'_>, &Standard, &mut Vec<Finding>)),
    /// One line or site, resolved.
    Plan(fn(&Scene<'_>, &Plan, &mut Vec<Finding>)),
    /// One rendered file.
    File(fn(&Scene<'_>, &Rendered<'_>, &mut Vec<Finding>)),
    /// Facts of all lines and sites together.
    Census(fn(&Scene<'_>, &Census, &mut Vec<Finding>)),
}

impl Rule {
    /// Starts a finding of this rule.
    pub(crate) fn found(&self, message: impl Into<String>) -> Finding {
        Finding::new(self.name, self.level, message)
    }
}

/// Returns a rule by name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

/// Checks the file of one line or site as it is written.
pub fn written(scene: &Scene<'_>, path: &str) -> Vec<Finding> {
    // A file that cannot be read has its own finding.
    let Ok(document) = read_document(&scene.fleet.tree, path, path) else { return vec![] };
    let mut findings = literal_secret::check(&document);
    findings.extend(named::overrides(scene.fleet, path, &document));
    for rule in RULES {
        if let Check::Own(check) = rule.check {
            check(scene, &document, &mut findings);
        }
    }
    findings
}

/// Checks what lines share: references, released versions, templates, values. `used` names the blueprint versions that
/// are looked at; all without it.
pub fn shared(scene: &Scene<'_>, used: Option<&BTreeSet<String>>) -> Vec<Finding> {
    let Scene { fleet, renderer, .. } = scene;
    let mut findings = fleet.check_shared();
    findings.extend(secrets_of_shared(fleet));
    findings.extend(conditions::decisions(fleet));
    findings.extend(levels::check(fleet));
    findings.extend(named::shared(fleet));
    for rule in RULES {
        if let Check::Fleet(check) = rule.check {
            check(scene, &mut findings);
        }
    }
    let is_used = |standard: &Standard| used.is_none_or(|used| used.contains(&standard.reference()));
    for standard in fleet.standards.all().into_iter().filter(|standard| is_used(standard)) {
        findings.extend(of_standard(scene, &standard, renderer));
    }
    findings
}

fn secrets_of_shared(fleet: &Fleet) -> Vec<Finding> {
    let records = fleet.deviations.values().map(|record| &record.record.document);
    let records = records.chain(fleet.decisions.values().map(|record| &record.record.document));
    let documents = records.chain([&fleet.document]).chain(&fleet.equipment_document);
    documents.flat_map(literal_secret::check).collect()
}

fn of_standard(scene: &Scene<'_>, standard: &Standard, renderer: &Renderer<'_>) -> Vec<Finding> {
    let mut findings = scene.fleet.check_standard(standard);
    findings.extend(literal_secret::check(&standard.blueprint.document));
    findings.extend(standard.conduits.iter().flat_map(|loaded| literal_secret::check(&loaded.document)));
    findings.extend(conditions::words(standard));
    dangling::check(standard, &mut findings);
    named::check(scene.fleet, standard, &mut findings);
    findings.extend(released::check(scene.fleet, standard));
    findings.extend(unescaped::check(standard, renderer));
    findings.extend(unused::check(standard, renderer));
    for rule in RULES {
        if let Check::Standard(check) = rule.check {
            check(scene, standard, &mut findings);
        }
    }
    findings
}

/// Checks one line or site, and what was rendered for it.
pub fn planned(scene: &Scene<'_>, plan: &Plan, files: &[RenderedFile]) -> Vec<Finding> {
    let mut findings = vec![];
    for rule in RULES {
        match rule.check {
            Check::Plan(check) => check(scene, plan, &mut findings),
            Check::File(check) => {
                for file in files {
                    check(scene, &Rendered::new(scene, plan, file), &mut findings);
                }
            }
            _ => {}
        }
    }
    stale_intended::check(scene, plan, files, &mut findings);
    findings.extend(named::area(scene.fleet, plan));
    let address = plan.address.to_string();
    for finding in &mut findings {
        finding.address.get_or_insert_with(|| address.clone());
    }
    findings
}

/// Checks what only all lines and sites together can tell.
pub fn counted(scene: &Scene<'_>, census: &Census) -> Vec<Finding> {
    let mut findings = vec![];
    for rule in RULES {
        if let Check::Census(check) = rule.check {
            check(scene, census, &mut findings);
        }
    }
    findings
}

/// Drops findings about a blueprint as written where a line says the same of it.
pub fn drop_repeated(findings: &mut Vec<Finding>) {
    let key =
        |finding: &Finding| Some((finding.rule, finding.place.clone()?.file, finding.place.as_ref()?.range));
    let mut said: Vec<_> =
        findings.iter().filter(|finding| finding.address.is_some()).filter_map(key).collect();
    said.sort();
    said.dedup();
    findings.retain(|finding| {
        finding.address.is_some() || key(finding).is_none_or(|key| said.binary_search(&key).is_err())
    });
}
