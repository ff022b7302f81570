//! From the differences of all files to one report: deviations, what being behind means, verdicts, clusters, masks.

use super::cluster::{Cluster, named, worth_promoting};
use super::deviation::Deviation;
use super::file::{self, Job, Outcome};
use super::found::Found;
use super::labels::{Attribution, Class, Disposition, Kind, Verdict};
use super::secrets::Masker;
use crate::finding::Level;
use jiff::civil::Date;
use rayon::prelude::*;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A line, as far as comparing needs to know it.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// Its address; `None` where two folders are compared and no line is named.
    pub address: Option<String>,
    /// What deviations call it, where that is not the address.
    pub name: Option<String>,
    /// The blueprint it follows.
    pub blueprint: Option<String>,
    /// The last day on which being behind is allowed; `None` is for ever.
    pub adopt_by: Option<Date>,
    /// Its own values, for clusters.
    pub parameters: BTreeMap<String, String>,
    /// When its files were read back.
    pub collected: Option<Date>,
    /// Why nothing of it was read back.
    pub missing: Option<String>,
}

/// One difference, ready to be reported: no secret is in it.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Drift {
    pub address: Option<String>,
    pub file: String,
    pub path: String,
    pub kind: Kind,
    pub level: Level,
    pub line: Option<u32>,
    pub attribution: Attribution,
    pub disposition: Disposition,
    pub intended: Option<Json>,
    pub deployed: Option<Json>,
    pub base: Option<Json>,
    pub consequence: Class,
    pub meaning: Option<String>,
    pub owner: Option<String>,
    pub deviation: Option<String>,
    /// The last day of the deviation.
    pub expires: Option<Date>,
    pub cluster: Option<String>,
    pub count: usize,
    pub note: Option<String>,
}

/// What a line is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct LineReport {
    pub address: Option<String>,
    pub verdict: Verdict,
    pub blueprint: Option<String>,
    pub collected: Option<Date>,
    pub age_days: Option<i64>,
}

/// How many of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Summary {
    pub lines: usize,
    pub in_order: usize,
    pub drifted: usize,
    pub behind: usize,
    pub approved_lines: usize,
    pub cannot_tell: usize,
    pub open: usize,
    pub approved: usize,
    pub expired: usize,
    pub ignored: usize,
    pub files: usize,
}

/// Everything that is to be told.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Report {
    pub as_of: Date,
    pub verdict: Verdict,
    pub summary: Summary,
    pub lines: Vec<LineReport>,
    pub findings: Vec<Drift>,
    pub clusters: Vec<Cluster>,
    pub warnings: Vec<String>,
}

impl Report {
    /// A run that could not begin: bad profile, bad deviations.
    #[must_use]
    pub fn refused(as_of: Date, warnings: Vec<String>) -> Self {
        Self {
            as_of,
            verdict: Verdict::CannotTell,
            summary: Summary::default(),
            lines: vec![],
            findings: vec![],
            clusters: vec![],
            warnings,
        }
    }
}

/// Days before its end from which a deviation is a warning.
const SOON: i32 = 14;

/// A difference on its way to the report.
struct Raw {
    drift: Drift,
    secret: bool,
    verdict: Verdict,
    line: usize,
    /// The same on every line that differs in the same way.
    signature: Vec<String>,
}

/// Compares everything.
#[must_use]
pub fn run(as_of: Date, lines: &[Line], jobs: &[Job<'_>], deviations: &[Deviation]) -> Report {
    let outcomes: Vec<Outcome> = jobs.par_iter().map(file::compare).collect();
    let mut warnings: Vec<String> =
        outcomes.iter().flat_map(|outcome| outcome.compared.warnings.iter().cloned()).collect();
    let moves = moved_files(jobs, &outcomes);
    let secrets = known_secrets(jobs, &outcomes);
    warnings.extend(unused_patterns(jobs, &outcomes));
    let mut settled = Settling { as_of, lines, deviations, touched: BTreeSet::new(), warnings };
    let mut raws: Vec<Raw> = vec![];
    for (at, (job, outcome)) in jobs.iter().zip(outcomes).enumerate() {
        for found in outcome.compared.found {
            let mut raw = settled.settle(job, found);
            if let Some(note) = moves.get(&at) {
                raw.drift.note.get_or_insert_with(|| note.clone());
            }
            raws.push(raw);
        }
    }
    settled.stale();
    let mut warnings = settled.warnings;
    raws.sort_by_cached_key(|raw| sort_key(&raw.drift));
    let verdicts = line_verdicts(lines, &raws);
    let mut masker = Masker::new(secrets);
    mask(&mut raws, &mut masker);
    let clusters = clusters(lines, &mut raws, &mut masker);
    warnings = warnings.iter().map(|warning| masker.text(warning)).collect();
    warnings.sort();
    warnings.dedup();
    finish(as_of, lines, jobs.len(), &verdicts, raws, clusters, warnings)
}

fn sort_key(drift: &Drift) -> impl Ord + use<> {
    let text = |value: &Option<Json>| value.as_ref().map(Json::to_string);
    let place = (drift.address.clone(), drift.file.clone(), drift.path.clone());
    (drift.consequence, place, drift.kind, drift.line, text(&drift.intended), text(&drift.deployed))
}

/// The same content under another name: said at both ends.
fn moved_files(jobs: &[Job<'_>], outcomes: &[Outcome]) -> HashMap<usize, String> {
    let mut by_digest: HashMap<(usize, blake3::Hash), (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (at, (job, outcome)) in jobs.iter().zip(outcomes).enumerate() {
        let (Some(digest), Some(found)) = (outcome.digest, outcome.compared.found.first()) else { continue };
        let entry = by_digest.entry((job.line, digest)).or_default();
        if found.kind == Kind::FileMissing { entry.0.push(at) } else { entry.1.push(at) }
    }
    let mut notes = HashMap::new();
    // The order of this map decides nothing: each entry writes its own keys.
    #[allow(clippy::iter_over_hash_type)]
    for (missing, extra) in by_digest.values() {
        if let ([one, ..], [other, ..]) = (missing.as_slice(), extra.as_slice()) {
            notes.extend(missing.iter().map(|at| (*at, format!("same content at {}", jobs[*other].file))));
            notes.extend(extra.iter().map(|at| (*at, format!("same content as {}", jobs[*one].file))));
        }
    }
    notes
}

/// Every secret that could turn up in what is reported: of all files that were read, and of the equal files beside them.
fn known_secrets(jobs: &[Job<'_>], outcomes: &[Outcome]) -> BTreeSet<String> {
    let mut secrets: BTreeSet<String> =
        outcomes.iter().flat_map(|outcome| outcome.compared.secrets.iter().cloned()).collect();
    let talking: BTreeSet<usize> = jobs
        .iter()
        .zip(outcomes)
        .filter(|(_, outcome)| !outcome.compared.found.is_empty())
        .map(|(job, _)| job.line)
        .collect();
    let silent: Vec<&Job<'_>> = jobs
        .iter()
        .zip(outcomes)
        .filter(|(job, outcome)| {
            !outcome.compared.parsed && job.rules.has_secrets() && talking.contains(&job.line)
        })
        .map(|(job, _)| job)
        .collect();
    let more: Vec<Vec<String>> = silent.par_iter().map(|job| file::secrets_of(job)).collect();
    secrets.extend(more.into_iter().flatten());
    secrets
}

/// Patterns of a profile entry that named nothing in any of its files. Files equal byte for byte were not looked into.
fn unused_patterns(jobs: &[Job<'_>], outcomes: &[Outcome]) -> Vec<String> {
    let mut hits: BTreeMap<usize, (usize, Vec<bool>, bool)> = BTreeMap::new();
    for (at, (job, outcome)) in jobs.iter().zip(outcomes).enumerate() {
        let Some(entry) = job.entry else { continue };
        let known = hits.entry(entry).or_insert_with(|| (at, vec![false; job.rules.patterns.len()], true));
        let looked = outcome.compared.parsed && outcome.compared.hits.len() == known.1.len();
        known.2 &= looked;
        if looked {
            known.1.iter_mut().zip(&outcome.compared.hits).for_each(|(known, hit)| *known |= hit);
        }
    }
    let mut out = vec![];
    for (job, hits, complete) in hits.into_values() {
        let rules = &jobs[job].rules;
        let unused = rules.patterns.iter().zip(&hits).filter(|(_, hit)| complete && !**hit);
        out.extend(
            unused.map(|(pattern, _)| format!("profile: {}: `{}` matches nothing", rules.name, pattern.text)),
        );
    }
    out
}

struct Settling<'a> {
    as_of: Date,
    lines: &'a [Line],
    deviations: &'a [Deviation],
    /// The deviations that still have a difference at their place.
    touched: BTreeSet<usize>,
    warnings: Vec<String>,
}

impl Settling<'_> {
    fn settle(&mut self, job: &Job<'_>, found: Found) -> Raw {
        let line = &self.lines[job.line];
        let mut drift = Drift {
            address: line.address.clone(),
            file: job.file.clone(),
            path: found.path,
            kind: found.kind,
            level: Level::Note,
            line: found.line,
            attribution: found.attribution,
            disposition: Disposition::Open,
            intended: found.intended,
            deployed: found.deployed,
            base: found.base,
            consequence: found.class,
            meaning: found.meaning,
            owner: job.owner.clone(),
            deviation: None,
            expires: None,
            cluster: None,
            count: found.count,
            note: found.note,
        };
        if found.ignored {
            drift.disposition = Disposition::Ignored;
        } else if found.kind != Kind::Opaque && found.kind != Kind::Equivalent {
            self.judge(job, line, &mut drift, found.secret);
        }
        drift.level = match drift.disposition {
            Disposition::Open | Disposition::Expired if found.kind == Kind::Equivalent => Level::Note,
            Disposition::Open | Disposition::Expired => found.level.unwrap_or(Level::Error),
            Disposition::Approved
                if drift.expires.is_some_and(|end| days_between(self.as_of, end) <= SOON) =>
            {
                Level::Warning
            }
            _ => Level::Note,
        };
        let verdict = match drift.disposition {
            Disposition::Open if drift.kind == Kind::Opaque => Verdict::CannotTell,
            Disposition::Open | Disposition::Expired if drift.level == Level::Error => Verdict::Drift,
            Disposition::Approved => Verdict::Approved,
            Disposition::Behind => Verdict::Behind,
            _ => Verdict::InOrder,
        };
        let signature = vec![job.inner.clone(), drift.path.clone()];
        Raw { drift, secret: found.secret, verdict, line: job.line, signature }
    }

    /// A deviation, or being behind, or open.
    fn judge(&mut self, job: &Job<'_>, line: &Line, drift: &mut Drift, secret: bool) {
        if drift.attribution == Attribution::Standard {
            let allowed = line.adopt_by.is_none_or(|end| self.as_of <= end);
            drift.disposition = if allowed { Disposition::Behind } else { Disposition::Open };
        }
        let names = [line.address.as_deref(), line.name.as_deref()];
        for (at, deviation) in self.deviations.iter().enumerate() {
            let here = names
                .iter()
                .flatten()
                .any(|name| deviation.is_at(name, &drift.file, &job.inner, &drift.path));
            if !here {
                continue;
            }
            self.touched.insert(at);
            if !deviation.sanctions(drift.deployed.as_ref()) {
                drift.note = Some(format!("{} sanctions {}", deviation.id, deviation.shown(secret)));
                continue;
            }
            let left = days_between(self.as_of, deviation.expires);
            drift.deviation = Some(deviation.id.clone());
            drift.expires = Some(deviation.expires);
            drift.owner.get_or_insert_with(|| deviation.owner.clone());
            drift.disposition = if left < 0 { Disposition::Expired } else { Disposition::Approved };
            let when = match left {
                ..0 => format!("expired on {}", deviation.expires),
                0 => "expires today".to_owned(),
                1 => "expires tomorrow".to_owned(),
                left => format!("expires in {left} days"),
            };
            if left <= SOON {
                self.warnings.push(format!("{} {when}", deviation.id));
            }
            return;
        }
    }

    /// Deviations that nothing matches any more are to be removed.
    fn stale(&mut self) {
        for (at, deviation) in self.deviations.iter().enumerate().filter(|(at, _)| !self.touched.contains(at))
        {
            let _ = at;
            let known = self.lines.iter().any(|line| {
                [&line.address, &line.name].into_iter().flatten().any(|name| *name == deviation.line)
            });
            self.warnings.push(if known {
                format!("{} matches nothing any more; remove it", deviation.id)
            } else {
                format!("{} is for {}, which is not compared here", deviation.id, deviation.line)
            });
        }
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

fn line_verdicts(lines: &[Line], raws: &[Raw]) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = lines
        .iter()
        .map(|line| if line.missing.is_some() { Verdict::CannotTell } else { Verdict::InOrder })
        .collect();
    for raw in raws {
        verdicts[raw.line] = verdicts[raw.line].max(raw.verdict);
    }
    verdicts
}

/// Replaces secrets in everything that is shown, in the order of the report.
fn mask(raws: &mut [Raw], masker: &mut Masker) {
    for raw in raws {
        let hide = |value: &mut Option<Json>, masker: &mut Masker| {
            if let Some(shown) = value {
                *shown = if raw.secret { masker.whole(shown) } else { masker.value(shown) };
            }
        };
        // What clusters compare is the value itself, before it is masked.
        let own = |value: &Option<Json>| value.as_ref().map(Json::to_string).unwrap_or_default();
        raw.signature.extend([
            raw.drift.kind.as_str().to_owned(),
            own(&raw.drift.intended),
            own(&raw.drift.deployed),
        ]);
        hide(&mut raw.drift.intended, masker);
        hide(&mut raw.drift.deployed, masker);
        hide(&mut raw.drift.base, masker);
        raw.drift.path = masker.text(&raw.drift.path);
        raw.drift.file = masker.text(&raw.drift.file);
        for text in [&mut raw.drift.note, &mut raw.drift.meaning].into_iter().flatten() {
            *text = masker.text(text);
        }
    }
}

fn clusters(lines: &[Line], raws: &mut [Raw], masker: &mut Masker) -> Vec<Cluster> {
    let mut groups: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
    for (at, raw) in raws.iter().enumerate() {
        let line = &lines[raw.line];
        let Some(address) = &line.address else { continue };
        let mut own = line.parameters.clone();
        own.entry("line".into()).or_insert_with(|| address.clone());
        let mut signature: Vec<String> = raw.signature.iter().map(|part| named(part, &own)).collect();
        signature.push(raw.drift.disposition.as_str().to_owned());
        groups.entry(signature).or_default().push(at);
    }
    let mut groups: Vec<(Vec<String>, Vec<usize>)> = groups.into_iter().collect();
    groups.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.1.cmp(&b.1)));
    let mut out = vec![];
    for (number, (_, members)) in groups.into_iter().enumerate() {
        let id = format!("C{}", number + 1);
        let named_lines: BTreeSet<String> =
            members.iter().filter_map(|at| raws[*at].drift.address.clone()).collect();
        let summary = summary(&raws[members[0]], lines);
        let promote = worth_promoting(named_lines.len(), lines.len())
            && raws[members[0]].drift.disposition == Disposition::Open;
        for at in members {
            raws[at].drift.cluster = Some(id.clone());
        }
        out.push(Cluster {
            id,
            lines: named_lines.into_iter().collect(),
            summary: masker.text(&summary),
            promote,
        });
    }
    out
}

/// A difference in one sentence, with the names of parameters in place of a line's own values.
fn summary(raw: &Raw, lines: &[Line]) -> String {
    let drift = &raw.drift;
    let inner = &raw.signature[0];
    let short = |value: &Option<Json>| match value {
        None => "nothing".to_owned(),
        Some(Json::String(text)) => text.lines().next().unwrap_or_default().chars().take(60).collect(),
        Some(value) => value.to_string().chars().take(60).collect(),
    };
    let place = if drift.path.is_empty() { inner.clone() } else { format!("{inner} {}", drift.path) };
    let text = match drift.kind {
        Kind::Changed | Kind::TypeChanged => {
            format!("{place}: {} to {}", short(&drift.intended), short(&drift.deployed))
        }
        kind => format!("{place}: {}", kind.as_str()),
    };
    let mut own = lines[raw.line].parameters.clone();
    own.extend(drift.address.clone().map(|address| ("line".to_owned(), address)));
    named(&text, &own)
}

fn finish(
    as_of: Date,
    lines: &[Line],
    files: usize,
    verdicts: &[Verdict],
    raws: Vec<Raw>,
    clusters: Vec<Cluster>,
    warnings: Vec<String>,
) -> Report {
    let count = |wanted: Verdict| verdicts.iter().filter(|verdict| **verdict == wanted).count();
    let found = |wanted: Disposition| {
        raws.iter()
            .filter(|raw| {
                raw.drift.disposition == wanted
                    && !(wanted == Disposition::Open && raw.verdict == Verdict::InOrder)
            })
            .count()
    };
    let summary = Summary {
        lines: lines.len(),
        in_order: count(Verdict::InOrder),
        drifted: count(Verdict::Drift),
        behind: count(Verdict::Behind),
        approved_lines: count(Verdict::Approved),
        cannot_tell: count(Verdict::CannotTell),
        open: found(Disposition::Open),
        approved: found(Disposition::Approved),
        expired: found(Disposition::Expired),
        ignored: found(Disposition::Ignored),
        files,
    };
    let reports = lines.iter().zip(verdicts).map(|(line, verdict)| LineReport {
        address: line.address.clone(),
        verdict: *verdict,
        blueprint: line.blueprint.clone(),
        collected: line.collected,
        age_days: line.collected.map(|at| i64::from(days_between(at, as_of))),
    });
    let mut warnings = warnings;
    for line in lines {
        if let (Some(address), Some(why)) = (&line.address, &line.missing) {
            warnings.push(format!("{address}: {why}"));
        }
    }
    Report {
        as_of,
        verdict: verdicts.iter().copied().max().unwrap_or(Verdict::InOrder),
        summary,
        lines: reports.collect(),
        findings: raws.into_iter().map(|raw| raw.drift).collect(),
        clusters,
        warnings,
    }
}
