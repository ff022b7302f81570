//! From the differences of all files to one report: deviations, what being behind means, verdicts, clusters, masks.

use super::cluster::{Cluster, named, worth_promoting};
use super::deviation::Deviation;
use super::file::Job;
use super::labels::{Attribution, Disposition, Kind, Verdict};
use super::line::{Hits, Line, LineResult, Row};
use super::report::{Drift, LineReport, Report, Sealed, Summary};
use super::secrets::Masker;
use crate::finding::Level;
use jiff::civil::Date;
use rayon::prelude::*;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    digest: Option<String>,
}

impl Raw {
    fn seal(&self) -> Sealed {
        let deployed = self.drift.deployed.clone();
        Sealed { deployed, digest: self.digest.clone(), is_secret: self.secret }
    }
}

/// Compares everything: the files of each line, then all lines with each other.
#[must_use]
pub fn run(as_of: Date, lines: &[Line], jobs: &[Job<'_>], deviations: &[Deviation]) -> Report {
    let mut by_line: Vec<Vec<Job<'_>>> = lines.iter().map(|_| vec![]).collect();
    for job in jobs {
        by_line[job.line].push(job.clone());
    }
    let of_line = |(line, jobs): (&Line, Vec<Job<'_>>)| LineResult::of(line.clone(), &jobs);
    let results = lines.par_iter().zip(by_line).map(of_line).collect();
    conclude(as_of, results, deviations)
}

/// Makes one report of what was found on each line.
#[must_use]
pub fn conclude(as_of: Date, results: Vec<LineResult>, deviations: &[Deviation]) -> Report {
    let files = results.iter().map(|result| result.files).sum();
    let mut warnings = unused_patterns(&results);
    let mut secrets = BTreeSet::new();
    let (mut lines, mut rows) = (vec![], vec![]);
    for result in results {
        warnings.extend(result.warnings);
        secrets.extend(result.secrets);
        rows.extend(result.rows.into_iter().map(|row| (lines.len(), row)));
        lines.push(result.line);
    }
    let mut settled = Settling { as_of, lines: &lines, deviations, touched: BTreeSet::new(), warnings };
    let mut raws: Vec<Raw> = rows.into_iter().map(|(line, row)| settled.settle(line, row)).collect();
    settled.stale();
    let mut warnings = settled.warnings;
    raws.sort_by_cached_key(|raw| sort_key(&raw.drift));
    let verdicts = line_verdicts(&lines, &raws);
    let mut masker = Masker::new(secrets);
    let mut sealed: Vec<Sealed> = raws.iter().map(Raw::seal).collect();
    mask(&mut raws, &mut masker);
    for (sealed, raw) in sealed.iter_mut().zip(&raws) {
        sealed.is_secret |= sealed.deployed != raw.drift.deployed;
    }
    let clusters = clusters(&lines, &mut raws, &mut masker);
    name(&mut raws);
    warnings = warnings.iter().map(|warning| masker.name(warning)).collect();
    warnings.sort();
    warnings.dedup();
    let mut report = finish(as_of, &lines, files, &verdicts, raws, clusters, warnings);
    report.sealed = sealed;
    report
}

fn sort_key(drift: &Drift) -> impl Ord + use<> {
    let text = |value: &Option<Json>| value.as_ref().map(Json::to_string);
    let place = (drift.address.clone(), drift.file.clone(), drift.path.clone());
    (drift.consequence, place, drift.kind, drift.line, text(&drift.intended), text(&drift.deployed))
}

/// Gives each difference a short name that stays while the difference stays. No secret goes into it.
fn name(raws: &mut [Raw]) {
    let mut used: HashMap<String, usize> = HashMap::new();
    for raw in raws {
        let drift = &raw.drift;
        let text = |value: &Option<Json>| match value {
            None => String::new(),
            Some(_) if raw.secret => "secret".to_owned(),
            // The letters of masked values depend on what else is reported.
            Some(value) => without_letters(&value.to_string()),
        };
        let address = drift.address.as_deref().unwrap_or_default();
        let parts =
            [address, &drift.file, &without_letters(&drift.path), drift.kind.as_str()].map(str::to_owned);
        let parts = [parts.join("\0"), text(&drift.intended), text(&drift.deployed)].join("\0");
        let digest = blake3::hash(parts.as_bytes());
        let id: String = digest.as_bytes()[..8].iter().map(|byte| ALPHABET[usize::from(byte % 32)]).collect();
        let count = used.entry(id.clone()).and_modify(|count| *count += 1).or_insert(1);
        raw.drift.id = if *count == 1 { id } else { format!("{id}-{count}") };
    }
}

/// Letters and digits that cannot be taken for each other.
const ALPHABET: [char; 32] = [
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x',
    'y', 'z', '2', '3', '4', '5', '6', '7', '8', '9', '0',
];

fn without_letters(text: &str) -> String {
    let mut parts = text.split("<redacted ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("<redacted>");
        out.push_str(part.split_once('>').map_or(part, |(_, rest)| rest));
    }
    out
}

/// Patterns of a profile entry that named nothing in any of its files.
fn unused_patterns(results: &[LineResult]) -> Vec<String> {
    let mut all: BTreeMap<usize, Hits> = BTreeMap::new();
    for (entry, hits) in results.iter().flat_map(|result| &result.hits) {
        let fresh =
            || Hits { rules: hits.rules.clone(), named: vec![false; hits.named.len()], complete: true };
        all.entry(*entry).or_insert_with(fresh).add(hits);
    }
    let mut out = vec![];
    for Hits { rules, named, complete } in all.values() {
        let unused = rules.patterns.iter().zip(named).filter(|(_, hit)| *complete && !**hit);
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
    fn settle(&mut self, at: usize, row: Row) -> Raw {
        let Row { file, inner, owner, found } = row;
        let line = &self.lines[at];
        let mut drift = Drift {
            address: line.address.clone(),
            file,
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
            paths: found.paths,
            owner,
            deviation: None,
            expires: None,
            cluster: None,
            count: found.count,
            note: found.note,
            next: found.next,
            id: String::new(),
        };
        if found.kind == Kind::Opaque && !found.ignored {
            self.keep_in_doubt(at, &inner, &drift.file);
        }
        if found.ignored {
            drift.disposition = Disposition::Ignored;
        } else if found.kind != Kind::Opaque && found.kind != Kind::Equivalent {
            self.judge(&inner, line, &mut drift, (found.secret, found.digest.as_deref()));
            if let Some(lapsed) = found.lapsed {
                drift.disposition = Disposition::Expired;
                drift.expires = Some(lapsed.expires);
                drift.owner.get_or_insert(lapsed.owner);
                drift.deviation = Some(lapsed.id);
            }
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
        let signature = vec![inner, drift.path.clone()];
        Raw { drift, secret: found.secret, verdict, line: at, signature, digest: found.digest }
    }

    /// A deviation, or being behind, or open.
    fn judge(&mut self, inner: &str, line: &Line, drift: &mut Drift, (secret, digest): (bool, Option<&str>)) {
        if drift.attribution == Attribution::Standard {
            let allowed = line.adopt_by.is_none_or(|end| self.as_of <= end);
            drift.disposition = if allowed { Disposition::Behind } else { Disposition::Open };
        }
        let names = [line.address.as_deref(), line.name.as_deref()];
        for (at, deviation) in self.deviations.iter().enumerate() {
            let here =
                names.iter().flatten().any(|name| deviation.is_at(name, &drift.file, inner, &drift.path));
            if !here {
                continue;
            }
            self.touched.insert(at);
            if let Some(why) = &deviation.pending {
                drift.note = Some(format!("{} does not count: {why}", deviation.id));
                continue;
            }
            if !deviation.sanctions(drift.deployed.as_ref()) && !deviation.sanctions_digest(digest) {
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

    /// Where nobody can tell what is deployed, nobody can tell either that a deviation has become needless.
    fn keep_in_doubt(&mut self, line: usize, inner: &str, file: &str) {
        let line = &self.lines[line];
        let names = [line.address.as_deref(), line.name.as_deref()];
        let in_doubt = |deviation: &Deviation| {
            names.iter().flatten().any(|name| deviation.line == *name)
                && (file.is_empty() || deviation.file == file || deviation.file == inner)
        };
        let doubted = self.deviations.iter().enumerate().filter(|(_, deviation)| in_doubt(deviation));
        self.touched.extend(doubted.map(|(at, _)| at));
    }

    /// Deviations that nothing matches any more are to be removed.
    fn stale(&mut self) {
        let untouched = self.deviations.iter().enumerate().filter(|(at, _)| !self.touched.contains(at));
        for (_, deviation) in untouched {
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
        // Why something could not be told is what two of them have in common.
        let why = raw.drift.note.clone().filter(|_| raw.drift.kind == Kind::Opaque).unwrap_or_default();
        raw.signature.extend([
            why,
            raw.drift.kind.as_str().to_owned(),
            own(&raw.drift.intended),
            own(&raw.drift.deployed),
        ]);
        hide(&mut raw.drift.intended, masker);
        hide(&mut raw.drift.deployed, masker);
        hide(&mut raw.drift.base, masker);
        raw.drift.path = masker.name(&raw.drift.path);
        raw.drift.file = masker.name(&raw.drift.file);
        for text in [&mut raw.drift.note, &mut raw.drift.meaning].into_iter().flatten() {
            *text = masker.text(text);
        }
        for path in &mut raw.drift.paths {
            path.words = masker.text(&path.words);
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
        // Whether it is approved somewhere does not make it another difference.
        let signature = raw.signature.iter().map(|part| named(part, &own)).collect();
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
        let against: BTreeSet<&str> = members
            .iter()
            .map(|at| &raws[*at].drift)
            .filter(|drift| speaks_against_the_standard(drift))
            .filter_map(|drift| drift.address.as_deref())
            .collect();
        let promote = worth_promoting(against.len(), lines.len());
        for at in members {
            raws[at].drift.cluster = Some(id.clone());
        }
        out.push(Cluster {
            id,
            lines: named_lines.into_iter().collect(),
            summary: masker.name(&summary),
            promote,
        });
    }
    out
}

/// Whether a line wants something else than the standard: open, or approved for a while.
fn speaks_against_the_standard(drift: &Drift) -> bool {
    let differs =
        matches!(drift.disposition, Disposition::Open | Disposition::Approved | Disposition::Expired);
    differs && !matches!(drift.kind, Kind::Opaque | Kind::Equivalent)
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
    if let Some(address) = &drift.address {
        own.entry("line".into()).or_insert_with(|| address.clone());
    }
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
    let count = |wanted: Verdict| {
        lines.iter().zip(verdicts).filter(|(line, verdict)| !line.is_site && **verdict == wanted).count()
    };
    let sites = lines.iter().filter(|line| line.is_site).count();
    let found = |wanted: Disposition| {
        raws.iter()
            .filter(|raw| {
                raw.drift.disposition == wanted
                    && !(wanted == Disposition::Open && raw.verdict == Verdict::InOrder)
            })
            .count()
    };
    let summary = Summary {
        lines: lines.len() - sites,
        sites,
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
        is_site: line.is_site,
        deviations: line.deviations.clone(),
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
        sealed: vec![],
    }
}
