//! The work that `render` and `validate` share: resolve and render lines and sites, in parallel, in memory.
//!
//! Each site is done as a whole and dropped, so that memory does not grow with the fleet.

use super::cache::{Cache, Found, Look, Outcome, Right, Seen, SiteCache, claim_hash};
use super::select::Selected;
use crate::check::Scene;
use crate::finding::{Finding, Place};
use crate::load::{Address, Fleet, LineEntry, SiteEntry};
use crate::render::{RenderedFile, Renderer};
use crate::resolve::plan::{Claim, Plan};
use crate::resolve::{Resolver, SiteRead};
use jiff::civil::Date;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};

/// What lines need to be resolved and rendered.
pub(crate) struct Work<'a> {
    pub(crate) fleet: &'a Fleet,
    pub(crate) renderer: Renderer<'a>,
    pub(crate) resolver: Resolver<'a>,
    cache: Option<&'a Cache>,
    /// Answers that must be unique and are given more than once: by whom, and where.
    claims: BTreeMap<String, Vec<(String, Place)>>,
    /// The same answers, by hash.
    claimed: BTreeSet<u64>,
    inspect: Option<&'a Inspect<'a>>,
    /// Lines that are rendered; the others are only resolved, for their site. All without it.
    only: Option<&'a BTreeSet<String>>,
}

/// What looks at every plan and its files before they are dropped, and what it found.
pub(crate) type Inspect<'i> = dyn Fn(&Scene<'_>, &Plan, &[RenderedFile]) -> Vec<Finding> + Sync + 'i;

/// A line or site after resolving and rendering.
pub(crate) struct Evaluated {
    pub(crate) address: String,
    pub(crate) is_site: bool,
    /// The blueprint, `id@version`; empty where it is not known.
    pub(crate) reference: String,
    pub(crate) inputs: String,
    pub(crate) rendered: Result<Vec<RenderedFile>, Vec<Finding>>,
    pub(crate) notes: Vec<Finding>,
    /// What would be rendered if everybody agreed, where only that is missing; asked by [`Work::only`].
    pub(crate) would: Option<Vec<RenderedFile>>,
    /// Its outputs, where they are known to be right without rendering.
    pub(crate) right: Option<Right>,
    /// How its outputs stand, once they are written.
    pub(crate) seen: Option<Seen>,
    /// A site whose outputs wait for nothing but files of a line that were not overwritten.
    pub(crate) only_waits: bool,
    /// Digest of the blueprint.
    standard: String,
    /// Hashes of the answers that must be unique.
    claims: Vec<u64>,
}

/// Rules about what somebody has yet to decide, approve or own; the files are known without it.
const CONSENT: &[&str] = &[
    "undecided-conduit",
    "one-sided-approval",
    "stale-approval",
    "overdue-review",
    "decision-condition-broken",
    "expired-flow",
    "unowned-conduit",
    "unowned-flow",
    "unowned-output",
    "unowned-zone",
];

/// The results of a site and its lines.
pub(crate) struct SiteResults<T> {
    pub(crate) results: Vec<T>,
    /// What is wrong with the site itself.
    pub(crate) findings: Vec<Finding>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(fleet: &'a Fleet, as_of: Date, cache: Option<&'a Cache>) -> Self {
        let resolver = Resolver::new(fleet, as_of);
        let claims = claims(&resolver, fleet, cache);
        let claimed = claims.keys().map(|key| claim_hash(key)).collect();
        Self {
            fleet,
            renderer: Renderer::new(fleet),
            resolver,
            cache,
            claims,
            claimed,
            inspect: None,
            only: None,
        }
    }

    /// Renders only some lines; of the others, whose answers no rendered line gives too, nothing is said.
    pub(crate) fn only(
        fleet: &'a Fleet,
        as_of: Date,
        only: &'a BTreeSet<String>,
        judge_claims: bool,
    ) -> Self {
        let resolver = Resolver::new(fleet, as_of);
        let claims = if judge_claims { claims_near(&resolver, fleet, only) } else { Claims::new() };
        let claimed = claims.keys().map(|key| claim_hash(key)).collect();
        let renderer = Renderer::new(fleet);
        Self { fleet, renderer, resolver, cache: None, claims, claimed, inspect: None, only: Some(only) }
    }

    /// Lets `inspect` look at every plan, and reads firewalls back; what is found is a note of the line or site.
    pub(crate) fn inspected_by(self, inspect: &'a Inspect<'a>) -> Self {
        Self { inspect: Some(inspect), renderer: self.renderer.reading_back(), ..self }
    }

    /// Whether any answer that must be unique is given more than once.
    pub(crate) fn has_claims(&self) -> bool {
        !self.claims.is_empty()
    }

    /// What rules look at.
    pub(crate) fn scene(&self) -> Scene<'_> {
        Scene { fleet: self.fleet, renderer: &self.renderer, as_of: self.resolver.as_of }
    }

    /// Does the selected lines of a site, and the site itself; `then` takes each result as soon as it is there and
    /// may turn it into a failure.
    pub(crate) fn site<T: Send>(
        &self,
        selected: &Selected<'_>,
        then: impl Fn(&mut Evaluated) -> T + Sync,
    ) -> SiteResults<T> {
        self.site_with(selected, |evaluated, _| then(evaluated))
    }

    /// The same for a `then` that sees the plan too, where there is one; lines come before their site.
    pub(crate) fn site_with<T: Send>(
        &self,
        selected: &Selected<'_>,
        then: impl Fn(&mut Evaluated, Option<&Plan>) -> T + Sync,
    ) -> SiteResults<T> {
        let entry = selected.site;
        let read = OnceLock::new();
        let site = || read.get_or_init(|| self.resolver.site(&entry.id));
        let cached = self.cache.map(|cache| cache.site(self.fleet, entry));
        let looks: Vec<_> =
            selected.lines.par_iter().map(|index| self.look(cached.as_ref(), entry, *index)).collect();
        let follows = cached.as_ref().and_then(SiteCache::follows);
        let wants_site = selected.whole && follows.unwrap_or_else(|| site().facts.standard.is_some());
        let ids = || selected.lines.iter().map(|index| entry.lines[*index].id.as_str());
        let all_right = looks.iter().all(|look| look.right.is_some());
        let own = cached.as_ref().filter(|_| wants_site && all_right).and_then(|c| c.own(ids().zip(&looks)));
        let wants_plans = wants_site && own.is_none();

        let lines = selected.lines.par_iter().zip(&looks).map(|(index, look)| {
            let (mut evaluated, plan) = self.line(site, entry, *index, look, wants_plans);
            let is_clean = evaluated.notes.is_empty();
            let would_render = evaluated.would.is_some();
            let did_render = evaluated.rendered.is_ok();
            let result = then(&mut evaluated, plan.as_ref());
            let plan = plan.filter(|_| wants_plans && (evaluated.rendered.is_ok() || would_render));
            let kept = (did_render && evaluated.rendered.is_err()).then(|| evaluated.address.clone());
            (result, plan, kept, evaluated.outcome(is_clean))
        });
        let lines: Vec<_> = lines.collect();
        let mut results = vec![];
        let mut plans = vec![];
        let mut unwritten = vec![];
        let mut outcomes = vec![];
        for (result, plan, kept, outcome) in lines {
            unwritten.extend(kept);
            results.push(result);
            plans.extend(plan);
            outcomes.push(outcome);
        }
        let mut own_outcome = None;
        if let Some(right) = own {
            results.push(then(&mut Evaluated::right(entry.id.clone(), true, right), None));
        } else if wants_site {
            if let Some((mut evaluated, plan)) =
                self.site_outputs(site(), &plans, results.len() - plans.len(), &unwritten)
            {
                let is_clean = evaluated.notes.is_empty();
                results.push(then(&mut evaluated, Some(&plan)));
                own_outcome = Some(evaluated.outcome(is_clean));
            }
        } else if selected.whole && read.get().is_some_and(|site| !site.facts.failures.is_empty()) {
            results.push(then(&mut failed(entry.id.clone(), true, vec![]), None));
        }
        let findings = read.get().map(|site| site.facts.failures.clone()).unwrap_or_default();
        if let (Some(cache), Some(cached), Some(site)) = (self.cache, cached, read.get())
            && findings.is_empty()
        {
            let standard = site.facts.standard.as_ref().map(|s| (s.reference(), s.digest.clone()));
            let lines =
                ids().map(str::to_owned).zip(looks).zip(outcomes).map(|((id, look), done)| (id, look, done));
            cache.keep(entry, cached, Found { standard, lines: lines.collect(), own: own_outcome });
        }
        SiteResults { results, findings }
    }

    fn look(&self, cached: Option<&SiteCache>, site: &SiteEntry, index: usize) -> Look {
        let address = || format!("{}/{}", site.id, site.lines[index].id);
        if self.only.is_some_and(|only| !only.contains(&address())) {
            return Look::untouched();
        }
        cached.map_or_else(Look::default, |cached| {
            cached.line(&site.lines[index], |claim| self.claimed.contains(&claim))
        })
    }

    fn line<'s>(
        &self,
        site: impl FnOnce() -> &'s SiteRead,
        entry: &SiteEntry,
        index: usize,
        look: &Look,
        wants_plan: bool,
    ) -> (Evaluated, Option<Plan>) {
        let line = &entry.lines[index];
        let address = Address { site: entry.id.clone(), line: Some(line.id.clone()) }.to_string();
        let right = |address| look.right.clone().map(|right| Evaluated::right(address, false, right));
        if !wants_plan && let Some(evaluated) = right(address.clone()) {
            return (evaluated, None);
        }
        let mut plan = match self.resolver.line(site(), line) {
            Ok(plan) => plan,
            Err(findings) => {
                let reference = self.named_blueprint(&line.path);
                return (Evaluated { reference, ..failed(address, false, findings) }, None);
            }
        };
        let claims = plan.claims.iter().map(|claim| claim_hash(&claim.key)).collect();
        self.check_claims(&mut plan);
        self.check_shared(&mut plan);
        if plan.failures.is_empty()
            && let Some(evaluated) = right(address)
        {
            return (evaluated, Some(plan));
        }
        let evaluated = self.evaluated(&mut plan, |plan| self.renderer.line(plan));
        (Evaluated { claims, ..evaluated }, Some(plan))
    }

    /// The blueprint that a line names, also where it cannot be used.
    fn named_blueprint(&self, path: &str) -> String {
        let document = crate::load::read_document(&self.fleet.tree, path, path).ok();
        let name = |document: crate::source::Document| {
            Some(document.root.get("blueprint")?.node.as_str()?.to_owned())
        };
        document.and_then(name).unwrap_or_default()
    }

    /// Renders a site's own outputs; they wait for lines that did not render, and for those that were not written.
    fn site_outputs(
        &self,
        site: &SiteRead,
        plans: &[Plan],
        waiting: usize,
        unwritten: &[String],
    ) -> Option<(Evaluated, Plan)> {
        let mut plan = self.resolver.site_plan(site)?;
        let address = plan.address.to_string();
        self.check_shared(&mut plan);
        let only_unwritten = waiting > 0 && waiting == unwritten.len();
        if waiting > 0 {
            let why = if only_unwritten {
                format!("the files of {} were not overwritten", unwritten.join(", "))
            } else {
                "a line of the site did not render".to_owned()
            };
            let message = format!("the outputs of site {address} wait: {why}");
            plan.failures.push(
                Finding::error("site-broken", message)
                    .at(Place::file(format!("sites/{address}/site.yaml")))
                    .about(address)
                    .next("mend the line; a site's firewall and broker serve all its lines")
                    .following(),
            );
        }
        let only_waits = only_unwritten && plan.failures.len() == 1;
        let evaluated = self.evaluated(&mut plan, |plan| self.renderer.site(plan, plans));
        Some((Evaluated { only_waits, ..evaluated }, plan))
    }

    fn evaluated(
        &self,
        plan: &mut Plan,
        render: impl Fn(&Plan) -> Result<Vec<RenderedFile>, Vec<Finding>>,
    ) -> Evaluated {
        let failures = std::mem::take(&mut plan.failures);
        let lacks_consent =
            self.only.is_some() && failures.iter().all(|finding| CONSENT.contains(&finding.rule));
        let would = if lacks_consent && !failures.is_empty() { render(plan).ok() } else { None };
        let mut rendered = if failures.is_empty() { render(plan) } else { Err(failures) };
        if let Err(failures) = &mut rendered {
            failures.iter_mut().for_each(|failure| failure.stops = true);
        }
        if let Some(inspect) = self.inspect {
            let found = inspect(&self.scene(), plan, rendered.as_deref().unwrap_or_default());
            plan.notes.extend(found);
        }
        Evaluated {
            address: plan.address.to_string(),
            is_site: plan.address.line.is_none(),
            reference: plan.standard.reference(),
            inputs: plan.inputs.clone(),
            rendered,
            would,
            notes: std::mem::take(&mut plan.notes),
            right: None,
            seen: None,
            only_waits: false,
            standard: plan.standard.digest.clone(),
            claims: vec![],
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
                    .next("correct the file; its findings are listed")
                    .following(),
            );
        }
    }
}

impl Evaluated {
    /// Outputs that need no rendering.
    fn right(address: String, is_site: bool, right: Right) -> Self {
        let reference = right.blueprint.clone();
        Self { reference, rendered: Ok(vec![]), right: Some(right), ..failed(address, is_site, vec![]) }
    }

    /// What the cache keeps of it; outputs only where there was nothing to say.
    fn outcome(self, is_clean: bool) -> Outcome {
        let files = self.rendered.ok().filter(|_| is_clean).map(|files| {
            let mut paths: Vec<String> = files.into_iter().map(|file| file.path).collect();
            paths.sort();
            paths
        });
        Outcome {
            standard: (self.reference, self.standard),
            claims: self.claims,
            written: files.zip(self.seen),
        }
    }
}

fn failed(address: String, is_site: bool, findings: Vec<Finding>) -> Evaluated {
    Evaluated {
        address,
        is_site,
        reference: String::new(),
        inputs: String::new(),
        rendered: Err(findings),
        notes: vec![],
        would: None,
        right: None,
        seen: None,
        only_waits: false,
        standard: String::new(),
        claims: vec![],
    }
}

type Claims = BTreeMap<String, Vec<(String, Place)>>;

/// Finds the answers that must be unique and are not; a line is judged by all the others, selected or not.
fn claims(resolver: &Resolver<'_>, fleet: &Fleet, cache: Option<&Cache>) -> Claims {
    if !fleet.standards.all().iter().any(|standard| standard.inputs.has_unique) {
        return Claims::new();
    }
    // Nearly always nothing is claimed twice, and numbers tell: places are only made for the few that are.
    let of_site = |site: &SiteEntry| -> Vec<u64> {
        let cached = cache.map(|cache| cache.site(fleet, site));
        let of_line = |line: &LineEntry| match cached.as_ref().and_then(|cached| cached.claims(line)) {
            Some(known) => known.to_vec(),
            None => resolver.claims(&site.id, line).iter().map(|claim| claim_hash(&claim.key)).collect(),
        };
        site.lines.iter().flat_map(of_line).collect()
    };
    let hashes = Mutex::new(vec![]);
    fleet.sites.par_iter().for_each(|site| {
        let found = of_site(site);
        hashes.lock().expect("no thread panics while it adds").extend(found);
    });
    let mut hashes: Vec<u64> = hashes.into_inner().expect("no thread panics while it adds");
    hashes.par_sort_unstable();
    let twice: BTreeSet<u64> =
        hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    if twice.is_empty() {
        return Claims::new();
    }
    let of_site = |site: &SiteEntry| -> Vec<_> {
        let of_line = |line: &LineEntry| {
            let address = format!("{}/{}", site.id, line.id);
            let mut claims = resolver.claims(&site.id, line);
            claims.retain(|claim| twice.contains(&claim_hash(&claim.key)));
            claims.into_iter().map(move |claim| (claim, address.clone()))
        };
        site.lines.iter().flat_map(of_line).collect()
    };
    let found: Vec<Vec<_>> = fleet.sites.par_iter().map(of_site).collect();
    let mut all = Claims::new();
    for (claim, address) in found.into_iter().flatten() {
        all.entry(claim.key).or_default().push((address, claim.place));
    }
    all.retain(|_, claimants| claimants.len() > 1);
    all
}

/// The answers of some lines that any other line gives too. Only files that hold such an answer as text are read.
fn claims_near(resolver: &Resolver<'_>, fleet: &Fleet, only: &BTreeSet<String>) -> Claims {
    let lines = || fleet.sites.iter().flat_map(|site| site.lines.iter().map(move |line| (site, line)));
    let named = |(site, line): (&SiteEntry, &LineEntry)| {
        let address = format!("{}/{}", site.id, line.id);
        only.contains(&address).then(|| (resolver.claims(&site.id, line), address))
    };
    let mut all = Claims::new();
    for (claims, address) in lines().filter_map(named) {
        for claim in claims {
            all.entry(claim.key).or_default().push((address.clone(), claim.place));
        }
    }
    let texts: BTreeSet<&str> = all.keys().filter_map(|key| key.rsplit('\0').next()).collect();
    let Ok(finder) = aho_corasick::AhoCorasick::new(&texts) else { return Claims::new() };
    let others: Vec<(&SiteEntry, &LineEntry)> =
        lines().filter(|(site, line)| !only.contains(&format!("{}/{}", site.id, line.id))).collect();
    let found: Vec<(String, Vec<Claim>)> = others
        .par_iter()
        .filter_map(|(site, line)| {
            let bytes = fleet.tree.bytes(&line.path).ok()?;
            finder
                .is_match(&bytes)
                .then(|| (format!("{}/{}", site.id, line.id), resolver.claims(&site.id, line)))
        })
        .collect();
    for (address, claims) in found {
        for claim in claims {
            if let Some(known) = all.get_mut(&claim.key) {
                known.push((address.clone(), claim.place));
            }
        }
    }
    all.retain(|_, claimants| claimants.len() > 1);
    all
}
