//! The work that `render` and `validate` share: resolve and render lines and sites, in parallel, in memory.
//!
//! Each site is done as a whole and dropped, so that memory does not grow with the fleet.

use super::select::Selected;
use crate::finding::{Finding, Place};
use crate::load::{Address, Fleet, SiteEntry};
use crate::render::{RenderedFile, Renderer};
use crate::resolve::plan::Plan;
use crate::resolve::{Resolver, SiteRead};
use jiff::civil::Date;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What lines need to be resolved and rendered.
pub(crate) struct Work<'a> {
    pub(crate) fleet: &'a Fleet,
    pub(crate) renderer: Renderer<'a>,
    resolver: Resolver<'a>,
    /// Answers that must be unique and are given more than once: by whom, and where.
    claims: BTreeMap<String, Vec<(String, Place)>>,
}

/// A line or site after resolving and rendering.
pub(crate) struct Evaluated {
    pub(crate) address: String,
    pub(crate) is_site: bool,
    /// The blueprint, `id@version`; empty where it is not known.
    pub(crate) reference: String,
    pub(crate) inputs: String,
    pub(crate) rendered: Result<Vec<RenderedFile>, Vec<Finding>>,
    pub(crate) notes: Vec<Finding>,
}

/// The results of a site and its lines.
pub(crate) struct SiteResults<T> {
    pub(crate) results: Vec<T>,
    /// What is wrong with the site itself.
    pub(crate) findings: Vec<Finding>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(fleet: &'a Fleet, as_of: Date) -> Self {
        let resolver = Resolver::new(fleet, as_of);
        let claims = claims(&resolver, fleet);
        Self { fleet, renderer: Renderer::new(fleet), resolver, claims }
    }

    /// Does the selected lines of a site, and the site itself; `then` takes each result as soon as it is there and
    /// may turn it into a failure.
    pub(crate) fn site<T: Send>(
        &self,
        selected: &Selected<'_>,
        then: impl Fn(&mut Evaluated) -> T + Sync,
    ) -> SiteResults<T> {
        let site = self.resolver.site(&selected.site.id);
        let wants_site = selected.whole && site.facts.standard.is_some();
        let lines = selected.lines.par_iter().map(|index| {
            let (mut evaluated, plan) = self.line(&site, selected.site, *index);
            let result = then(&mut evaluated);
            (result, plan.filter(|_| wants_site && evaluated.rendered.is_ok()))
        });
        let lines: Vec<_> = lines.collect();
        let mut results = vec![];
        let mut plans = vec![];
        for (result, plan) in lines {
            results.push(result);
            plans.extend(plan);
        }
        if wants_site
            && let Some(mut evaluated) = self.site_outputs(&site, &plans, plans.len() == results.len())
        {
            results.push(then(&mut evaluated));
        } else if selected.whole && site.facts.standard.is_none() && !site.facts.failures.is_empty() {
            let address = site.facts.id.clone();
            results.push(then(&mut failed(address, true, vec![])));
        }
        SiteResults { results, findings: site.facts.failures.clone() }
    }

    fn line(&self, site: &SiteRead, entry: &SiteEntry, index: usize) -> (Evaluated, Option<Plan>) {
        let line = &entry.lines[index];
        let address = Address { site: entry.id.clone(), line: Some(line.id.clone()) }.to_string();
        let mut plan = match self.resolver.line(site, line) {
            Ok(plan) => plan,
            Err(findings) => {
                let reference = self.named_blueprint(&line.path);
                return (Evaluated { reference, ..failed(address, false, findings) }, None);
            }
        };
        self.check_claims(&mut plan);
        self.check_shared(&mut plan);
        let evaluated = self.evaluated(&mut plan, |plan| self.renderer.line(plan));
        (evaluated, Some(plan))
    }

    /// The blueprint that a line names, also where it cannot be used.
    fn named_blueprint(&self, path: &str) -> String {
        let document = crate::load::read_document(&self.fleet.tree, path, path).ok();
        let name = |document: crate::source::Document| {
            Some(document.root.get("blueprint")?.node.as_str()?.to_owned())
        };
        document.and_then(name).unwrap_or_default()
    }

    fn site_outputs(&self, site: &SiteRead, plans: &[Plan], all_rendered: bool) -> Option<Evaluated> {
        let mut plan = self.resolver.site_plan(site)?;
        let address = plan.address.to_string();
        self.check_shared(&mut plan);
        if !all_rendered {
            let message = format!("the outputs of site {address} wait: a line of the site did not render");
            plan.failures.push(
                Finding::error("site-broken", message)
                    .at(Place::file(format!("sites/{address}/site.yaml")))
                    .about(address)
                    .next("mend the line; a site's firewall and broker serve all its lines"),
            );
        }
        Some(self.evaluated(&mut plan, |plan| self.renderer.site(plan, plans)))
    }

    fn evaluated(
        &self,
        plan: &mut Plan,
        render: impl Fn(&Plan) -> Result<Vec<RenderedFile>, Vec<Finding>>,
    ) -> Evaluated {
        let failures = std::mem::take(&mut plan.failures);
        Evaluated {
            address: plan.address.to_string(),
            is_site: plan.address.line.is_none(),
            reference: plan.standard.reference(),
            inputs: plan.inputs.clone(),
            rendered: if failures.is_empty() { render(plan) } else { Err(failures) },
            notes: std::mem::take(&mut plan.notes),
        }
    }

    /// Answers that another line gives too.
    fn check_claims(&self, plan: &mut Plan) {
        let address = plan.address.to_string();
        for claim in std::mem::take(&mut plan.claims) {
            let Some(claimants) = self.claims.get(&claim.key) else { continue };
            let Some((other, place)) = claimants.iter().find(|(_, place)| *place != claim.place) else {
                continue;
            };
            let shown = claim.key.rsplit('\0').next().unwrap_or_default().to_owned();
            let message = format!("{shown} is also given by {other}; it must be unique");
            let mut finding = Finding::error("duplicate-address", message)
                .at(claim.place)
                .see(place.clone(), "given here too")
                .about(address.clone())
                .next("give one of the two another answer");
            finding.owner = claim.owner;
            plan.failures.push(finding);
        }
    }

    /// Nothing renders while a shared file cannot be read.
    fn check_shared(&self, plan: &mut Plan) {
        for file in &self.fleet.broken {
            let message = format!("`{file}` has errors; nothing can be rendered without it");
            let address = plan.address.to_string();
            plan.failures.push(
                Finding::error("schema", message)
                    .at(Place::file(file.as_str()))
                    .about(address)
                    .next("correct the file; its findings are listed"),
            );
        }
    }
}

fn failed(address: String, is_site: bool, findings: Vec<Finding>) -> Evaluated {
    let inputs = String::new();
    Evaluated { address, is_site, reference: String::new(), inputs, rendered: Err(findings), notes: vec![] }
}

/// Reads every line once where answers must be unique; a line is judged by all the others, selected or not.
fn claims(resolver: &Resolver<'_>, fleet: &Fleet) -> BTreeMap<String, Vec<(String, Place)>> {
    let mut all: BTreeMap<String, Vec<(String, Place)>> = BTreeMap::new();
    if !fleet.standards.all().iter().any(|standard| standard.inputs.has_unique) {
        return all;
    }
    let of_site = |site: &SiteEntry| -> Vec<_> {
        let of_line = |entry: &crate::load::LineEntry| {
            let address = format!("{}/{}", site.id, entry.id);
            resolver
                .claims(&site.id, entry)
                .into_iter()
                .map(move |claim| (claim, address.clone()))
                .collect::<Vec<_>>()
        };
        site.lines.iter().flat_map(of_line).collect()
    };
    let found: Vec<Vec<_>> = fleet.sites.par_iter().map(of_site).collect();
    for (claim, address) in found.into_iter().flatten() {
        all.entry(claim.key).or_default().push((address, claim.place));
    }
    all.retain(|_, claimants| claimants.len() > 1);
    all
}
