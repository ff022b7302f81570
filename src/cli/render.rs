//! `jig render`: writes the configs of lines and sites.

use super::cache::{Cache, Right, Seen, look};
use super::select::{Selected, select};
use super::session::{Session, in_repository};
use super::work::{Evaluated, Work};
use super::write::{
    Done, FileState, Lock, MANIFEST, Manifest, ManifestFile, Mode, commit, is_unfinished, is_written,
    read_manifest, remove_all, remove_unfinished,
};
use super::{Failure, Outcome, Run};
use crate::finding::{Finding, Level, Place};
use crate::load::Fleet;
use crate::render::RenderedFile;
use crate::report::{self, Findings};
use clap::Args;
use rayon::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Writes the configs of lines and sites into intended/
///
/// A line renders whole or not at all; the others go on. What is right already is not touched, what was edited by
/// hand is never overwritten, and what is no longer rendered is removed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  jig render                 everything\n  jig render grr/pk2         one line\n  \
                        jig render 'grr/*'         the lines of a site\n  jig render --check         for CI: is \
                        intended/ what would be rendered?"
)]
pub(crate) struct Render {
    /// Sites, lines or globs; none means all
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// Writes DIR/<site>/<line>/... instead of intended/
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Writes nothing; exit 1 where intended/ is not what would be rendered
    #[arg(long, conflicts_with = "dry_run")]
    check: bool,
    /// Writes nothing; says what would be written
    #[arg(long)]
    dry_run: bool,
    /// Overwrites files that were edited by hand
    #[arg(long)]
    force: bool,
}

/// What became of a line or site.
#[derive(Debug)]
struct LineReport {
    address: String,
    is_site: bool,
    state: &'static str,
    blueprint: String,
    files: Vec<FileReport>,
    counts: Counts,
}

#[derive(Debug)]
struct FileReport {
    path: String,
    state: FileState,
    owner: String,
    target: String,
    digest: String,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    written: usize,
    unchanged: usize,
    removed: usize,
    edited: usize,
}

/// What became of all of them. Reports are only held where they will be shown, so that memory does not grow with
/// the fleet.
#[derive(Default)]
struct Tally {
    lines: usize,
    sites: usize,
    failed: usize,
    changed: bool,
    total: Counts,
    /// Longest address.
    width: usize,
    /// Whether every report will be shown.
    all: bool,
    /// How many reports say that something happened.
    eventful: usize,
    reports: Vec<LineReport>,
    /// Sites whose own outputs are in order.
    alive: BTreeSet<String>,
}

impl Tally {
    fn add(&mut self, report: LineReport) {
        if report.is_site {
            self.sites += 1;
        } else {
            self.lines += 1;
        }
        let is_eventful = report.state != "unchanged";
        self.failed += usize::from(report.state == "failed");
        self.changed |= report.state == "written";
        self.eventful += usize::from(is_eventful);
        self.total.add(report.counts);
        self.width = self.width.max(report.address.len());
        if report.is_site && report.state != "failed" {
            self.alive.insert(report.address.clone());
        }
        if self.all || (is_eventful && self.eventful <= LISTED) {
            self.reports.push(report);
        }
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.written += other.written;
        self.unchanged += other.unchanged;
        self.removed += other.removed;
        self.edited += other.edited;
    }
}

/// What a run needs everywhere.
struct Rendering<'a> {
    work: Work<'a>,
    root: PathBuf,
    /// What paths in reports begin with.
    shown: String,
    mode: Mode,
    keep_files: bool,
}

pub(crate) fn run(session: &mut Session, args: &Render) -> Run {
    let (fleet, mut findings) = session.fleet()?;
    let Some(fleet) = fleet else {
        session.settle(None, &mut findings);
        let (object, closing) = (|| failed_object(&findings), || report::summary_line(&findings));
        session.report_findings(Findings {
            command: "render",
            name: "",
            folder: &in_repository(&session.root()?),
            as_of: None,
            list: &findings,
            accepted: &[],
            lines: 0,
            sites: 0,
            change: None,
            object: &object,
            closing: &closing,
        })?;
        return Ok(Outcome::CannotTell);
    };
    let selected = select(&fleet, &args.addresses)?;
    let root = args.out.clone().unwrap_or_else(|| fleet.root.clone().unwrap_or_default().join("intended"));
    let look = args.check || args.dry_run;
    let _lock = if look { None } else { Some(lock(&root)?) };
    let today = session.today(Some(&fleet));
    let cache = Cache::open(&fleet, today, &root, look);
    let run = Rendering {
        work: Work::new(&fleet, today, cache.as_ref()),
        shown: if args.out.is_some() { String::new() } else { "intended/".into() },
        root,
        mode: Mode { look, force: args.force },
        keep_files: session.wants(report::JSON) || session.verbose,
    };
    let tally = Mutex::new(Tally { all: run.keep_files, ..Tally::default() });
    let found: Vec<_> = selected.par_iter().flat_map_iter(|selected| run.site(selected, &tally)).collect();
    let mut tally = tally.into_inner().expect("no thread panics while it counts");
    findings.extend(found);
    if args.addresses.is_empty() && args.out.is_none() && !findings.iter().any(|finding| finding.blind) {
        findings.extend(run.orphans(&mut tally));
    }
    if let Some(cache) = cache {
        cache.close();
    }
    findings.extend(fleet.standards.take_findings());
    findings.extend(fleet.check_covers());
    tally.reports.sort_by(|a, b| a.address.cmp(&b.address));
    finish(session, args, &fleet, &tally, findings)
}

fn lock(root: &Path) -> Result<Lock, Failure> {
    Lock::take(root).map_err(|error| {
        Failure::new(
            format!("cannot write to `{}`: {error}", root.display()),
            "check the folder, or name another: --out DIR",
        )
    })
}

impl Rendering<'_> {
    fn site(&self, selected: &Selected<'_>, tally: &Mutex<Tally>) -> Vec<Finding> {
        let evaluated = self.work.site(selected, |evaluated| self.settle(evaluated));
        let mut tally = tally.lock().expect("no thread panics while it counts");
        let mut findings = evaluated.findings;
        for (report, found) in evaluated.results {
            tally.add(report);
            findings.extend(found);
        }
        findings
    }

    /// Writes what was rendered, or says what a failed line keeps.
    fn settle(&self, evaluated: &mut Evaluated) -> (LineReport, Vec<Finding>) {
        let Evaluated { address, is_site, reference, inputs, rendered, notes, seen, .. } = evaluated;
        if let Some(right) = &evaluated.right {
            return (self.right(address, *is_site, right), vec![]);
        }
        let mut findings = std::mem::take(notes);
        let report = match rendered {
            Ok(files) => {
                let (report, found) = self.commit(address, *is_site, reference, inputs, files, seen);
                findings.extend(found);
                if report.state == "failed" {
                    *rendered = Err(vec![]);
                }
                report
            }
            Err(found) => {
                findings.extend(self.kept(address).filter(|_| !evaluated.only_waits));
                findings.append(found);
                self.failed(address.clone(), *is_site, reference.clone())
            }
        };
        (report, findings)
    }

    fn folder(&self, address: &str, is_site: bool) -> String {
        if is_site { format!("{address}/_site") } else { address.to_owned() }
    }

    fn commit(
        &self,
        address: &str,
        is_site: bool,
        reference: &str,
        inputs: &str,
        files: &[RenderedFile],
        seen: &mut Option<Seen>,
    ) -> (LineReport, Vec<Finding>) {
        let below = self.folder(address, is_site);
        let manifest = Manifest::of(address, reference, inputs, files);
        let paths = || manifest.files.iter().map(|file| file.path.as_str());
        // Seen before it is read: what changes in between does not pass for what was compared.
        let before = if self.mode.look { None } else { look(&self.root.join(&below), paths()) };
        let done = match commit(&self.root, &below, files, &manifest, self.mode) {
            Ok(done) => done,
            Err(error) => {
                let place = Place::file(format!("{}{below}", self.shown));
                let finding = Finding::error("unreadable", format!("cannot write: {error}"))
                    .at(place)
                    .about(address)
                    .next("check the folder and the space on the disk, then render again")
                    .blind();
                return (self.failed(address.to_owned(), is_site, reference.to_owned()), vec![finding]);
            }
        };
        let findings: Vec<_> =
            done.edited().map(|path| self.hand_edited(address, &below, path, files)).collect();
        let state = if !findings.is_empty() {
            "failed"
        } else if done.changed {
            "written"
        } else {
            "unchanged"
        };
        if !self.mode.look && state != "failed" {
            *seen = if done.changed { look(&self.root.join(&below), paths()) } else { before };
        }
        (self.report(address, is_site, state, reference, &below, &done, files), findings)
    }

    /// Reports outputs that are known to be right.
    fn right(&self, address: &str, is_site: bool, right: &Right) -> LineReport {
        let below = self.folder(address, is_site);
        let manifest = if self.keep_files { read_manifest(&self.root.join(&below)) } else { None };
        let detail = |file: ManifestFile| FileReport {
            path: format!("{}{below}/{}", self.shown, file.path),
            state: FileState::Unchanged,
            owner: file.owner,
            target: file.target,
            digest: file.digest,
        };
        LineReport {
            address: address.to_owned(),
            is_site,
            state: "unchanged",
            blueprint: right.blueprint.clone(),
            files: manifest.into_iter().flat_map(|manifest| manifest.files).map(detail).collect(),
            counts: Counts { unchanged: right.files.len(), ..Counts::default() },
        }
    }

    fn hand_edited(&self, address: &str, below: &str, path: &str, files: &[RenderedFile]) -> Finding {
        let place = Place::file(format!("{}{below}/{path}", self.shown));
        let message =
            format!("`{path}` was changed by hand or is not jig's; nothing of {address} was written");
        let mut finding = Finding::error("hand-edited", message)
            .at(place)
            .about(address)
            .next("move the change into an override, a deviation or the blueprint; or render with --force");
        finding.owner = files.iter().find(|file| file.path == path).map(|file| file.owner.clone());
        finding
    }

    #[allow(clippy::too_many_arguments)]
    fn report(
        &self,
        address: &str,
        is_site: bool,
        state: &'static str,
        reference: &str,
        below: &str,
        done: &Done,
        files: &[RenderedFile],
    ) -> LineReport {
        let mut counts = Counts::default();
        for (_, state) in &done.files {
            match state {
                FileState::Written => counts.written += 1,
                FileState::Unchanged => counts.unchanged += 1,
                FileState::Removed => counts.removed += 1,
                FileState::HandEdited => counts.edited += 1,
            }
        }
        if state == "failed" {
            counts.written = 0;
            counts.removed = 0;
        }
        let detail = |(path, state): &(String, FileState)| {
            let file = files.iter().find(|file| file.path == *path);
            FileReport {
                path: format!("{}{below}/{path}", self.shown),
                state: *state,
                owner: file.map(|file| file.owner.clone()).unwrap_or_default(),
                target: file.map(|file| file.target.clone()).unwrap_or_default(),
                digest: file.map(|file| file.digest.clone()).unwrap_or_default(),
            }
        };
        let shown = |(_, file): &&(String, FileState)| state != "failed" || *file == FileState::HandEdited;
        let files =
            if self.keep_files { done.files.iter().filter(shown).map(detail).collect() } else { vec![] };
        LineReport {
            address: address.to_owned(),
            is_site,
            state,
            blueprint: reference.to_owned(),
            files,
            counts,
        }
    }

    fn failed(&self, address: String, is_site: bool, blueprint: String) -> LineReport {
        LineReport { address, is_site, state: "failed", blueprint, files: vec![], counts: Counts::default() }
    }

    /// A failed line keeps its old files; says which of them still carry flows.
    fn kept(&self, address: &str) -> Option<Finding> {
        let is_site = !address.contains('/');
        let below = self.folder(address, is_site);
        let manifest = read_manifest(&self.root.join(&below))?;
        let carrying: Vec<String> = manifest
            .files
            .iter()
            .filter(|file| !file.flows.is_empty())
            .map(|file| format!("{} ({})", file.path, file.flows.join(", ")))
            .collect();
        if carrying.is_empty() {
            return None;
        }
        let message =
            format!("{address} keeps its old files; these still carry flows: {}", carrying.join("; "));
        let place = Place::file(format!("{}{below}/{MANIFEST}", self.shown));
        let finding = Finding::new("kept-files", Level::Note, message).at(place).about(address);
        Some(finding.next("mend the line, or take the flows off its devices"))
    }

    /// Removes what was written for lines that are gone.
    fn orphans(&self, tally: &mut Tally) -> Vec<Finding> {
        let mut findings = vec![];
        for (below, address, is_site) in self.orphaned_folders(&tally.alive) {
            let manifest = read_manifest(&self.root.join(&below));
            let reference = manifest.map(|manifest| manifest.blueprint).unwrap_or_default();
            match remove_all(&self.root, &below, self.mode) {
                Ok(done) => {
                    findings.extend(done.edited().map(|path| self.hand_edited(&address, &below, path, &[])));
                    let state = if done.edited().next().is_some() { "failed" } else { "written" };
                    tally.add(self.report(&address, is_site, state, &reference, &below, &done, &[]));
                }
                Err(error) => {
                    let place = Place::file(format!("{}{below}", self.shown));
                    findings.push(
                        Finding::error("unreadable", format!("cannot remove: {error}")).at(place).blind(),
                    );
                }
            }
        }
        findings
    }

    /// Folders under intended/ with a manifest whose line or site is no longer in the fleet.
    fn orphaned_folders(&self, alive_sites: &BTreeSet<String>) -> Vec<(String, String, bool)> {
        let tree = crate::source::Tree::folder(&self.root);
        let lines_of = |id: &str| -> BTreeSet<&str> {
            let site = self.work.fleet.sites.binary_search_by(|entry| entry.id.as_str().cmp(id));
            let lines = site.map(|at| self.work.fleet.sites[at].lines.as_slice()).unwrap_or_default();
            lines.iter().map(|line| line.id.as_str()).collect()
        };
        let mut found = vec![];
        for site in tree.list("").unwrap_or_default().into_iter().filter(|entry| entry.is_folder) {
            let lines = lines_of(&site.name);
            for line in tree.list(&site.name).unwrap_or_default().into_iter().filter(|entry| entry.is_folder)
            {
                let below = format!("{}/{}", site.name, line.name);
                let is_site = line.name == "_site";
                if is_unfinished(&line.name) {
                    if !self.mode.look {
                        remove_unfinished(&self.root.join(&below));
                    }
                    continue;
                }
                let alive = if is_site {
                    alive_sites.contains(&site.name) || self.has_standard(&site.name)
                } else {
                    lines.contains(line.name.as_str())
                };
                if !alive && is_written(&self.root.join(&below)) {
                    let address = if is_site { site.name.clone() } else { below.clone() };
                    found.push((below, address, is_site));
                }
            }
        }
        found
    }

    /// Whether a site follows a blueprint, as far as can be told.
    fn has_standard(&self, site: &str) -> bool {
        if !self.work.fleet.sites.iter().any(|entry| entry.id == site) {
            return false;
        }
        let path = format!("sites/{site}/site.yaml");
        let document = crate::load::read_document(&self.work.fleet.tree, &path, &path);
        document.map_or(true, |document| document.root.get("blueprint").is_some())
    }
}

fn finish(session: &Session, args: &Render, fleet: &Fleet, tally: &Tally, mut findings: Vec<Finding>) -> Run {
    session.settle(Some(fleet), &mut findings);
    let Tally { lines, sites, failed, total, .. } = tally;
    let object = || {
        let mut object = report::json_object("render");
        object.insert(
            "summary".into(),
            json!({
                "lines": lines, "sites": sites, "written": total.written,
                "unchanged": total.unchanged, "removed": total.removed, "hand_edited": total.edited, "failed": failed,
            }),
        );
        object.insert("lines".into(), tally.reports.iter().map(line_json).collect());
        object.insert("findings".into(), findings.iter().map(report::finding_json).collect());
        object
    };
    let text = || summary_text(session, args, tally);
    session.report_findings(Findings {
        command: "render",
        name: fleet.enterprise.enterprise.as_str(),
        folder: &in_repository(&session.root()?),
        as_of: Some(session.today(Some(fleet))),
        list: &findings,
        accepted: &[],
        lines: *lines,
        sites: *sites,
        change: None,
        object: &object,
        closing: &text,
    })?;
    let mut outcome = session.judge(&findings);
    if *failed > 0 || (args.check && tally.changed) {
        outcome = outcome.max(Outcome::Findings);
    }
    Ok(outcome)
}

fn line_json(line: &LineReport) -> serde_json::Value {
    let files: Vec<_> = line
        .files
        .iter()
        .map(|file| {
            json!({
                "path": file.path, "state": file.state.as_str(), "owner": file.owner, "target": file.target,
                "digest": file.digest,
            })
        })
        .collect();
    json!({ "address": line.address, "state": line.state, "blueprint": line.blueprint, "files": files })
}

/// Most lines that are listed one by one.
const LISTED: usize = 60;

fn summary_text(session: &Session, args: &Render, tally: &Tally) -> String {
    let mut out = String::new();
    if session.quiet {
        return out;
    }
    let would = if args.check || args.dry_run { "would be " } else { "" };
    let Tally { lines, sites, failed, total, width, .. } = tally;
    // A JSON report beside the text holds every line; the text still lists only those with news.
    let has_news = |line: &&LineReport| session.verbose || line.state != "unchanged";
    if session.verbose || tally.eventful <= LISTED {
        for line in tally.reports.iter().filter(has_news) {
            let counts = counts_text(line.counts);
            let what =
                if line.state == "failed" { "not rendered".to_owned() } else { format!("{would}{counts}") };
            out.push_str(&format!("{:width$}  {}  {what}\n", line.address, line.blueprint));
            for file in &line.files {
                out.push_str(&format!("{:width$}    {} {}\n", "", file.state.as_str(), file.path));
            }
        }
    }
    let plural = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
    let mut whole = plural(*lines, "line");
    if *sites > 0 {
        whole = format!("{whole} and {}", plural(*sites, "site"));
    }
    out.push_str(&format!("{whole}: {would}{}", counts_text(*total)));
    if *failed > 0 {
        out.push_str(&format!(", {failed} not rendered"));
    }
    if args.check && tally.changed {
        out.push_str("\nintended/ is not what would be rendered; next: `jig render`, and commit the result");
    }
    out
}

fn counts_text(counts: Counts) -> String {
    let mut parts = vec![format!("{} written", counts.written), format!("{} unchanged", counts.unchanged)];
    if counts.removed > 0 {
        parts.push(format!("{} removed", counts.removed));
    }
    if counts.edited > 0 {
        parts.push(format!("{} edited by hand", counts.edited));
    }
    parts.join(", ")
}

fn failed_object(findings: &[Finding]) -> serde_json::Map<String, serde_json::Value> {
    let mut object = report::json_object("render");
    let none = json!({ "lines": 0, "sites": 0, "written": 0, "unchanged": 0, "removed": 0, "hand_edited": 0, "failed": 0 });
    object.insert("summary".into(), none);
    object.insert("lines".into(), json!([]));
    object.insert("findings".into(), findings.iter().map(report::finding_json).collect());
    object
}
