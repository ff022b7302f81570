//! Every line and site of a fleet: what it renders now against what was read back.
//!
//! Lines are rendered, compared and let go of one after the other, so that memory does not grow with the fleet.

use super::before::{Before, render};
use super::returned::{COLLECTED, Returned};
use super::wanted::{RulesByTemplate, Wanted, committed_manifest, is_record, matches, plain, standard_of};
use super::{Diff, finish};
use crate::cli::select::{Selected, select};
use crate::cli::session::{Session, in_repository};
use crate::cli::work::{Evaluated, Work};
use crate::cli::{Failure, Run};
use crate::compare::deviation::Deviation;
use crate::compare::{Asked, Base, Evidence, Job, Lapse, Line, LineResult, Report, Side, Verdict, conclude};
use crate::finding::{Finding, Level};
use crate::load::{Fleet, LineEntry, Record, Standard};
use crate::model;
use crate::packets::words::Names;
use crate::render::{RenderedFile, names as names_flow};
use crate::report;
use crate::resolve::approval::{Approvers, deviation_digest, gaps};
use crate::resolve::plan::Plan;
use crate::resolve::traffic;
use crate::source::Tree;
use crate::source::past::Past;
use jiff::civil::Date;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

pub(super) fn run(session: &mut Session, args: &Diff) -> Run {
    let (fleet, mut findings) = session.fleet()?;
    let as_of = session.today(fleet.as_ref());
    let Some(fleet) = fleet else {
        session.settle(None, &mut findings);
        let refused = Report::refused(as_of, findings.iter().map(sentence).collect());
        return finish(session, &refused, "", &report::Folders::default());
    };
    session.settle(Some(&fleet), &mut findings);
    let selected = select(&fleet, &args.addresses)?;
    let back = ReadBack::open(&fleet, args.deployed.as_deref())?;
    let report = survey(&fleet, as_of, &back, &selected, &findings, &[]);
    let root = fleet.root.clone().unwrap_or_default();
    let folders = report::Folders {
        intended: in_repository(&root.join("intended")),
        deployed: in_repository(&back.folder),
        by_address: true,
    };
    finish(session, &report, fleet.enterprise.enterprise.as_str(), &folders)
}

/// Where the files lie that were read back.
pub(in crate::cli) struct ReadBack {
    folder: PathBuf,
    pub(super) tree: Tree,
    /// What it is called in messages.
    shown: String,
}

impl ReadBack {
    /// The folder that was named, else that of jig.yaml.
    pub(in crate::cli) fn open(fleet: &Fleet, named: Option<&Path>) -> Result<Self, Failure> {
        let root = fleet.root.clone().unwrap_or_default();
        let folder = match named {
            Some(named) if named.is_dir() => named.to_path_buf(),
            Some(named) => {
                let message = format!("`{}` is not a folder", named.display());
                return Err(Failure::new(
                    message,
                    "name the folder that your backups write: <site>/<line>/...",
                ));
            }
            None => root.join(&fleet.enterprise.settings.deployed),
        };
        let shown = folder.strip_prefix(&root).unwrap_or(&folder).display().to_string();
        Ok(Self { tree: Tree::folder(&folder), folder, shown })
    }

    /// Whether anything was read back at all.
    pub(in crate::cli) fn is_there(&self) -> bool {
        self.folder.is_dir()
    }

    /// What the folder is called in messages.
    pub(in crate::cli) fn shown(&self) -> &str {
        &self.shown
    }

    /// The same with another content of one file.
    pub(super) fn with(&self, path: &str, bytes: Vec<u8>) -> Self {
        let tree = self.tree.clone().with(path, bytes);
        Self { tree, folder: self.folder.clone(), shown: self.shown.clone() }
    }
}

/// Compares the selected lines and sites of a fleet; `more` are deviations that are not written yet.
pub(in crate::cli) fn survey(
    fleet: &Fleet,
    as_of: Date,
    back: &ReadBack,
    selected: &[Selected<'_>],
    findings: &[Finding],
    more: &[Deviation],
) -> Report {
    let mut survey = Survey::new(fleet, as_of, back);
    let mut results: Vec<LineResult> =
        selected.par_iter().flat_map_iter(|selected| survey.site(selected)).collect();
    results.sort_by(|a, b| a.address().cmp(&b.address()));
    survey.warn_of_age(&results);
    let mut deviations = survey.deviations(&results);
    deviations.extend(more.iter().cloned());
    let mut report = conclude(as_of, results, &deviations);
    report.warnings.append(&mut survey.warnings);
    let blind = |finding: &&Finding| {
        let place = finding.place.as_ref().map(|place| place.file.as_ref()).unwrap_or_default();
        finding.blind || (finding.level == Level::Error && place.starts_with("deviations/"))
    };
    let blind: Vec<String> = findings.iter().filter(blind).map(sentence).collect();
    if !blind.is_empty() {
        report.verdict = Verdict::CannotTell;
        report.warnings.extend(blind);
    }
    report.warnings.sort();
    report.warnings.dedup();
    report
}

fn sentence(finding: &Finding) -> String {
    let place = finding.place.as_ref().map(|place| {
        let line = place.range.map(|range| format!(":{}", range.line)).unwrap_or_default();
        format!("{}{line}: ", place.file)
    });
    format!("{}{}", place.unwrap_or_default(), finding.message)
}

/// What comparing the lines of a fleet needs everywhere.
struct Survey<'a> {
    fleet: &'a Fleet,
    as_of: Date,
    work: Work<'a>,
    intended: Tree,
    deployed: Tree,
    /// What deployed/ is called in messages.
    shown: String,
    past: Option<Past>,
    rules: RulesByTemplate,
    warnings: Vec<String>,
}

impl<'a> Survey<'a> {
    fn new(fleet: &'a Fleet, as_of: Date, back: &ReadBack) -> Self {
        let mut warnings = vec![];
        let root = fleet.root.clone().unwrap_or_default();
        let past = Past::open(&root, "intended").unwrap_or_else(|error| {
            warnings.push(format!("earlier versions cannot be read: {error}"));
            None
        });
        Self {
            fleet,
            as_of,
            work: Work::new(fleet, as_of, None),
            intended: Tree::folder(root.join("intended")),
            deployed: back.tree.clone(),
            shown: back.shown.clone(),
            past,
            rules: RulesByTemplate::default(),
            warnings,
        }
    }

    fn site(&self, selected: &Selected<'_>) -> Vec<LineResult> {
        let refused: Mutex<BTreeSet<String>> = Mutex::default();
        let called: Mutex<BTreeMap<String, Arc<Names>>> = Mutex::default();
        let done = self.work.site_with(selected, |evaluated, plan| {
            let of_plan = plan.map(|plan| plan.refused.clone()).unwrap_or_default();
            let of_site = {
                let mut all = refused.lock().expect("no thread panics while it adds");
                all.extend(of_plan.iter().cloned());
                all.clone()
            };
            // A site serves all its lines; a line is only concerned by its own flows.
            let refused = if evaluated.is_site { of_site } else { of_plan };
            let entry =
                selected.site.lines.iter().find(|line| evaluated.address.ends_with(&format!("/{}", line.id)));
            let entry = entry.filter(|_| !evaluated.is_site).map(|line| (selected.site.id.as_str(), line));
            // And calls things as its lines do.
            let mut names = plan.map(|plan| traffic::names(&[plan])).unwrap_or_default();
            let mut of_lines = called.lock().expect("no thread panics while it adds");
            if evaluated.is_site {
                of_lines.values().for_each(|line| names.join(line));
            }
            let names = Arc::new(names);
            of_lines.insert(evaluated.address.clone(), names.clone());
            drop(of_lines);
            self.line(evaluated, plan, entry, &refused, &names)
        });
        done.results
    }

    fn line(
        &self,
        evaluated: &Evaluated,
        plan: Option<&Plan>,
        entry: Option<(&str, &LineEntry)>,
        refused: &BTreeSet<String>,
        called: &Arc<Names>,
    ) -> LineResult {
        let below = if evaluated.is_site {
            format!("{}/_site", evaluated.address)
        } else {
            evaluated.address.clone()
        };
        let returned = Returned::read(&self.deployed, &below);
        let committed =
            evaluated.rendered.is_err().then(|| committed_manifest(&self.intended, &below)).flatten();
        let (reference, wanted): (&str, Vec<Wanted<'_>>) = match (&evaluated.rendered, &committed) {
            (Ok(files), _) => (&evaluated.reference, files.iter().map(Wanted::rendered).collect()),
            (Err(_), Some(manifest)) => {
                let file = |file| Wanted::committed(file, &self.intended, &below);
                (&manifest.blueprint, manifest.files.iter().map(file).collect())
            }
            (Err(_), None) => (&evaluated.reference, vec![]),
        };
        let standard = standard_of(self.fleet, reference);
        let owner = wanted.iter().find_map(|file| file.owner.clone());
        let owner =
            owner.or_else(|| standard.as_ref().map(|standard| standard.blueprint.model.owner.to_string()));
        let mut line = Line {
            address: Some(evaluated.address.clone()),
            blueprint: Some(evaluated.reference.clone()).filter(|reference| !reference.is_empty()),
            adopt_by: standard
                .as_ref()
                .and_then(|standard| standard.blueprint.model.adopt_by.as_ref()?.civil()),
            collected: returned.collection.as_ref().and_then(|collection| collection.oldest(None)),
            is_site: evaluated.is_site,
            deviations: plan.map(rendered_deviations).unwrap_or_default(),
            ..Line::default()
        };
        let nothing = returned.is_nothing();
        if nothing {
            line.missing = Some(format!("nothing was read back into {}/{below}/", self.shown));
        }
        let standard_ref = standard.as_deref();
        let compared =
            Compared { survey: self, standard: standard_ref, returned: &returned, refused, called };
        let mut result = if nothing || (evaluated.rendered.is_err() && committed.is_none()) {
            LineResult::of(line, &[])
        } else {
            compared.files(line, &wanted, plan, entry, evaluated.rendered.is_ok())
        };
        if nothing {
            result.cannot_tell("", owner, format!("nothing was read back into {}/{below}/", self.shown));
        } else if evaluated.rendered.is_err() && committed.is_none() {
            let why = "it does not render, and nothing is committed for it under intended/";
            result.cannot_tell("", owner, why);
        }
        if let Err(failures) = &evaluated.rendered {
            let first = failures.first().map(|finding| format!(" ({})", finding.message)).unwrap_or_default();
            let instead =
                if committed.is_some() { "; compared with what is committed under intended/" } else { "" };
            result.warn(format!("{} does not render{first}{instead}", evaluated.address));
        }
        if !result.is_silent() {
            result.set_parameters(parameters(&evaluated.address, plan));
        }
        result
    }

    /// One warning for all lines of which nobody knows when they were read back.
    fn warn_of_age(&mut self, results: &[LineResult]) {
        let unknown: Vec<&str> = results.iter().filter_map(LineResult::undated).collect();
        if let Some((first, rest)) = unknown.split_first() {
            let who = match rest.len() {
                0 => (*first).to_owned(),
                1..=4 => unknown.join(", "),
                more => format!("{first} and {more} more"),
            };
            self.warnings.push(format!("{who}: no {COLLECTED}, so nobody knows how old the read-back is"));
        }
    }

    /// The deviations that accept a drift on a line that is compared.
    fn deviations(&self, results: &[LineResult]) -> Vec<Deviation> {
        let compared: BTreeSet<&str> = results.iter().filter_map(LineResult::address).collect();
        let records = self.fleet.deviations.values();
        let here = records.filter(|record| compared.contains(record.record.model.line.as_str()));
        here.filter_map(|record| accepted(self.fleet, record)).collect()
    }
}

/// A deviation that accepts a drift, as comparing knows it.
fn accepted(fleet: &Fleet, record: &Record<model::Deviation>) -> Option<Deviation> {
    let model = &record.record.model;
    let accepts = model.accepts.as_ref()?;
    let approvers = Approvers::of(fleet, "deviation", vec![model.owner.to_string()]);
    let gap = gaps(fleet, record, &approvers, &deviation_digest(record)).into_iter().next();
    Some(Deviation {
        id: record.id.clone(),
        line: model.line.clone(),
        file: accepts.drift.clone()?,
        path: accepts.path.clone().unwrap_or_default(),
        deployed: accepts.deployed.clone(),
        owner: model.owner.to_string(),
        expires: model.expires.civil()?,
        pending: gap.map(|gap| gap.message),
    })
}

/// The deviations whose values are in what a line renders.
fn rendered_deviations(plan: &Plan) -> Vec<String> {
    let changes = plan.deviations.iter().filter(|deviation| !deviation.changes.is_null());
    changes.map(|deviation| deviation.id.clone()).collect()
}

/// The files of one line or site, and what is known about them.
struct Compared<'s> {
    survey: &'s Survey<'s>,
    standard: Option<&'s Standard>,
    returned: &'s Returned,
    refused: &'s BTreeSet<String>,
    /// What people call addresses and services.
    called: &'s Arc<Names>,
}

impl Compared<'_> {
    fn files(
        &self,
        line: Line,
        wanted: &[Wanted<'_>],
        plan: Option<&Plan>,
        entry: Option<(&str, &LineEntry)>,
        renders: bool,
    ) -> LineResult {
        let survey = self.survey;
        let counting =
            plan.map(|plan| plan.deviations.iter().map(|deviation| deviation.id.clone()).collect());
        let counting: BTreeSet<String> = counting.unwrap_or_default();
        let lapsed = entry.map(|entry| self.lapsed(entry, &counting)).unwrap_or_default();
        let mut then = vec![counting.clone()];
        if !lapsed.is_empty() {
            then.push(
                counting.iter().cloned().chain(lapsed.iter().map(|(lapse, _)| lapse.id.clone())).collect(),
            );
        }
        let trees = (&survey.intended, &survey.deployed);
        let before = Before::new(&survey.work, survey.past.as_ref(), trees, self.returned, entry, then);
        let mut problems = vec![];
        let mut jobs = vec![];
        let mut used: BTreeSet<&str> = BTreeSet::new();
        let matched = matches(wanted, &self.returned.names, self.standard);
        let carries =
            |file: &&Wanted<'_>| !renders && file.flows.iter().any(|flow| self.refused.contains(flow));
        for (file, names) in wanted.iter().zip(&matched) {
            used.extend(names.iter().map(String::as_str));
            let is_record = || is_record(&survey.work.renderer, self.standard, file);
            if carries(&file) || (names.is_empty() && is_record()) {
                continue;
            }
            let (rules, wrong) = survey.rules.get(&survey.work.renderer, self.standard, file);
            let rules = if rules.asks_for_names() { rules.naming(self.called) } else { rules };
            problems.extend(wrong);
            let single = [file.path.clone()];
            for name in if names.is_empty() { &single[..] } else { names } {
                let mut job = self.job(file, name, names.len() > 1);
                job.base = asked(&before, file.path.clone(), name.clone(), Some(file), rules.clone());
                let of_lapse = |(lapse, files): &'_ (Lapse, Vec<RenderedFile>)| {
                    let then = files.iter().find(|then| then.path == file.path)?;
                    Some((lapse.clone(), Side::Bytes(then.text.clone().into_bytes().into())))
                };
                job.lapsed = lapsed.iter().filter_map(of_lapse).collect();
                job.rules = rules.clone();
                jobs.push(job);
            }
        }
        for name in self.returned.names.iter().filter(|name| !used.contains(name.as_str())) {
            let mut job = self.extra(name);
            job.base = asked(&before, name.clone(), name.clone(), None, job.rules.clone());
            jobs.push(job);
        }
        let stale = self.all_stale(&jobs);
        if stale.is_some() {
            jobs.iter_mut().filter(|job| matches!(job.evidence, Evidence::Stale(_))).for_each(|job| {
                job.evidence = Evidence::Fine;
            });
        }
        let mut result = LineResult::of(line, &jobs);
        if let Some(why) = stale {
            result.cannot_tell("", jobs.iter().find_map(|job| job.owner.clone()), why);
        }
        problems.sort();
        problems.dedup();
        for problem in problems {
            result.cannot_tell("", None, problem);
        }
        for (file, names) in wanted.iter().zip(&matched).filter(|(file, _)| carries(file)) {
            self.refused(file, names, &mut result);
        }
        for unread in &self.returned.problems {
            result.unread(unread.file, unread.line, &unread.why, unread.next);
        }
        if self.returned.is_collection_unread() {
            result.dating_is_told();
        }
        result
    }

    fn job<'j>(&'j self, file: &Wanted<'j>, name: &str, several: bool) -> Job<'j> {
        let shown = if several { name } else { &file.path };
        let deployed = if self.returned.names.contains(name) { self.side(name) } else { Side::Absent };
        Job {
            line: 0,
            file: shown.to_owned(),
            inner: file.path.clone(),
            intended: file.content.clone(),
            deployed,
            base: Base::Unknown,
            rules: plain(&file.path),
            entry: None,
            owner: file.owner.clone(),
            evidence: self.evidence(name, &file.path),
            managed: true,
            lapsed: vec![],
        }
    }

    /// A file that nobody wants there.
    fn extra<'j>(&'j self, name: &str) -> Job<'j> {
        Job {
            line: 0,
            file: name.to_owned(),
            inner: name.to_owned(),
            intended: Side::Absent,
            deployed: self.side(name),
            base: Base::Unknown,
            rules: plain(name),
            entry: None,
            owner: self.standard.map(|standard| standard.blueprint.model.owner.to_string()),
            evidence: self.evidence(name, name),
            managed: true,
            lapsed: vec![],
        }
    }

    fn side(&self, name: &str) -> Side<'_> {
        Side::File(&self.survey.deployed, self.returned.path(name))
    }

    /// What is known about the read-back of a file; the stricter limit counts.
    fn evidence(&self, name: &str, path: &str) -> Evidence {
        let Some(collection) = &self.returned.collection else { return Evidence::Fine };
        let own = self.survey.fleet.enterprise.settings.evidence_max_age_days;
        let limit = collection.max_age_days.map_or(own, |limit| limit.min(own));
        collection.evidence(name, path, self.survey.as_of, Some(limit))
    }

    /// Why the whole read-back is too old, where it is.
    fn all_stale(&self, jobs: &[Job<'_>]) -> Option<String> {
        let mut reasons = jobs.iter().map(|job| match &job.evidence {
            Evidence::Stale(why) => Some(why),
            _ => None,
        });
        let first = reasons.next().flatten()?;
        reasons.all(|why| why == Some(first)).then(|| first.clone())
    }

    /// What the line rendered while each deviation counted that has run out.
    fn lapsed(
        &self,
        entry: (&str, &LineEntry),
        counting: &BTreeSet<String>,
    ) -> Vec<(Lapse, Vec<RenderedFile>)> {
        let survey = self.survey;
        let address = format!("{}/{}", entry.0, entry.1.id);
        let records = survey.fleet.deviations.values().filter(|record| record.record.model.line == address);
        let again = |record: &Record<model::Deviation>| {
            let model = &record.record.model;
            let expires = model.expires.civil().filter(|last| survey.as_of > *last)?;
            model.changes.as_ref()?;
            let counting = counting.iter().cloned().chain([record.id.clone()]).collect();
            let files = render(&survey.work, entry, "", &counting)?;
            Some((Lapse { id: record.id.clone(), owner: model.owner.to_string(), expires }, files))
        };
        records.filter_map(again).collect()
    }

    /// A file that was committed with a path that is refused by now: whoever still runs that path is told.
    fn refused(&self, file: &Wanted<'_>, names: &[String], result: &mut LineResult) {
        let refused: Vec<&String> = file.flows.iter().filter(|flow| self.refused.contains(*flow)).collect();
        let mut carried = false;
        for name in names {
            let Ok(bytes) = self.survey.deployed.bytes(&self.returned.path(name)) else { continue };
            let text = String::from_utf8_lossy(&bytes);
            for flow in &refused {
                let Some(at) = text.lines().position(|line| names_flow(line, flow)) else { continue };
                carried = true;
                let why =
                    "the line does not render because of this flow; what was committed before does not count";
                result.refused(&file.path, file.owner.clone(), Some(at as u32 + 1), flow, why);
            }
        }
        if !carried {
            let ids: Vec<&str> = refused.iter().map(|flow| flow.as_str()).collect();
            let why = format!("{} may not be there, and the line does not render without it", ids.join(", "));
            result.cannot_tell(&file.path, file.owner.clone(), why);
        }
    }
}

fn asked<'b>(
    before: &'b Before<'b>,
    path: String,
    name: String,
    wanted: Option<&'b Wanted<'b>>,
    rules: Arc<crate::compare::profile::Rules>,
) -> Base<'b> {
    Base::Ask(Asked(Arc::new(move || before.at(&path, &name, wanted, &rules))))
}

/// A line's own values, by the names under which clusters speak of them.
fn parameters(address: &str, plan: Option<&Plan>) -> BTreeMap<String, String> {
    let mut own = BTreeMap::from([("address".to_owned(), address.to_owned())]);
    match address.split_once('/') {
        Some((site, line)) => own.extend([("site".into(), site.into()), ("line".into(), line.into())]),
        None => own.extend([("site".into(), address.into())]),
    }
    for (name, resolved) in plan.into_iter().flat_map(|plan| &plan.values) {
        flatten(name, &serde_json::to_value(&resolved.value).unwrap_or_default(), &mut own);
    }
    own
}

fn flatten(name: &str, value: &serde_json::Value, own: &mut BTreeMap<String, String>) {
    use serde_json::Value as Json;
    match value {
        Json::String(text) => drop(own.insert(name.to_owned(), text.clone())),
        Json::Number(number) => drop(own.insert(name.to_owned(), number.to_string())),
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let step =
                    item.get("id").and_then(Json::as_str).map_or_else(|| at.to_string(), str::to_owned);
                flatten(&format!("{name}.{step}"), item, own);
            }
        }
        Json::Object(members) => {
            for (key, member) in members.iter().filter(|(key, _)| *key != "id") {
                flatten(&format!("{name}.{key}"), member, own);
            }
        }
        Json::Null | Json::Bool(_) => {}
    }
}
