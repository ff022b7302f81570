//! Any two folders, compared without a fleet.

use super::collection::Collection;
use super::{Diff, finish, read_yaml};
use crate::cli::session::{Session, in_repository};
use crate::cli::{Failure, Run};
use crate::compare::deviation::{self, Deviation};
use crate::compare::profile::{Profile, Rules};
use crate::compare::{Base, Evidence, Job, Line, Report, Side};
use crate::report;
use crate::source::Tree;
use jiff::civil::Date;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) fn run(session: &Session, args: &Diff, intended: &Path, deployed: &Path) -> Run {
    let as_of = session.today(None);
    let settings = match Settings::read(session, args) {
        Ok(settings) => settings,
        Err(problems) => {
            return finish(session, &Report::refused(as_of, problems), "", &report::Folders::default());
        }
    };
    let folders = Folders {
        intended: open(intended)?,
        deployed: open(deployed)?,
        base: args.base.as_deref().map(open).transpose()?,
    };
    let names = Names::list(&folders)?;
    let report = compare(as_of, &folders, &names, &settings);
    let places = report::Folders {
        intended: in_repository(intended),
        deployed: in_repository(deployed),
        by_address: false,
    };
    finish(session, &report, "", &places)
}

pub(super) fn open(path: &Path) -> Result<Tree, Failure> {
    if path.is_dir() {
        return Ok(Tree::folder(path));
    }
    Err(Failure::new(format!("`{}` is not a folder", path.display()), "name a folder that exists"))
}

struct Folders {
    intended: Tree,
    deployed: Tree,
    base: Option<Tree>,
}

/// Every file of every folder.
struct Names {
    intended: BTreeSet<String>,
    deployed: BTreeSet<String>,
    base: BTreeSet<String>,
}

impl Names {
    fn list(folders: &Folders) -> Result<Self, Failure> {
        let list = |tree: &Tree| -> Result<BTreeSet<String>, Failure> {
            let names =
                tree.walk("").map_err(|error| Failure::new(error.to_string(), "make the folder readable"))?;
            Ok(names.into_iter().collect())
        };
        Ok(Self {
            intended: list(&folders.intended)?,
            deployed: list(&folders.deployed)?,
            base: folders.base.as_ref().map(list).transpose()?.unwrap_or_default(),
        })
    }

    fn all(&self) -> BTreeSet<&String> {
        self.intended.iter().chain(&self.deployed).collect()
    }

    /// The folders that stand for lines, where the trees hold one folder per line.
    fn lines(&self, profile: &Profile) -> Vec<String> {
        let all = self.all();
        if profile.line.is_some() || all.is_empty() || all.iter().any(|name| !name.contains('/')) {
            return vec![];
        }
        let tops: BTreeSet<&str> = all.iter().filter_map(|name| name.split('/').next()).collect();
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for name in &self.intended {
            *seen.entry(name.split_once('/').map_or("", |(_, inner)| inner)).or_default() += 1;
        }
        let alike = seen.values().any(|count| *count > 1);
        let declared = profile.parameters.keys().any(|line| tops.contains(line.as_str()));
        if declared || (alike && tops.len() > 1) {
            tops.into_iter().map(str::to_owned).collect()
        } else {
            vec![]
        }
    }
}

/// What the files on the command line say.
#[derive(Default)]
struct Settings {
    profile: Profile,
    deviations: Vec<Deviation>,
    collection: Collection,
}

impl Settings {
    fn read(session: &Session, args: &Diff) -> Result<Self, Vec<String>> {
        let mut problems = vec![];
        let mut yaml = |path: &Option<PathBuf>| -> Json {
            let Some(path) = path else { return Json::Null };
            read_yaml(session, path).unwrap_or_else(|found| {
                problems.extend(found);
                Json::Null
            })
        };
        let (profile, deviations, collection) =
            (yaml(&args.profile), yaml(&args.deviations), yaml(&args.collection));
        let profile = Profile::read(profile).unwrap_or_else(|found| {
            problems.extend(found);
            Profile::default()
        });
        let deviations = deviation::read(&deviations).unwrap_or_else(|found| {
            problems.extend(found);
            vec![]
        });
        let collection = Collection::read(collection).unwrap_or_else(|found| {
            problems.push(found);
            Collection::default()
        });
        if problems.is_empty() { Ok(Self { profile, deviations, collection }) } else { Err(problems) }
    }
}

fn compare(as_of: Date, folders: &Folders, names: &Names, settings: &Settings) -> Report {
    let profile = &settings.profile;
    let addresses = names.lines(profile);
    let lines = lines(&addresses, names, settings);
    let numbers: BTreeMap<&str, usize> =
        addresses.iter().enumerate().map(|(number, address)| (address.as_str(), number)).collect();
    let mut rules = RulesByEntry::default();
    let mut jobs = vec![];
    let mut problems = vec![];
    for file in names.all() {
        if is_own(file, names) {
            continue;
        }
        let (line, inner) =
            match file.split_once('/').and_then(|(top, inner)| Some((*numbers.get(top)?, inner))) {
                Some(found) => found,
                None => (0, file.as_str()),
            };
        let entry = profile.entry(file, inner);
        let rules = match rules.get(file, entry) {
            Ok(rules) => rules,
            Err(found) => {
                problems.extend(found);
                continue;
            }
        };
        let missing = lines[line].missing.clone().filter(|_| names.intended.contains(file));
        jobs.push(Job {
            line,
            file: file.clone(),
            inner: inner.to_owned(),
            intended: side(&folders.intended, &names.intended, file),
            deployed: side(&folders.deployed, &names.deployed, file),
            base: match &folders.base {
                Some(base) if has_files(&names.base, lines[line].address.as_ref()) => {
                    Base::Known(side(base, &names.base, file))
                }
                _ => Base::Unknown,
            },
            rules,
            entry: entry.map(|(number, _)| number),
            owner: None,
            evidence: missing.map_or_else(
                || settings.collection.evidence(file, inner, as_of, settings.collection.max_age_days),
                Evidence::Failed,
            ),
            managed: profile.manages(file, inner),
            lapsed: vec![],
        });
    }
    if !problems.is_empty() {
        return Report::refused(as_of, problems);
    }
    let mut report = crate::compare::run(as_of, &lines, &jobs, &settings.deviations);
    report.warnings.extend(unused_entries(profile, &jobs));
    report.warnings.extend(unknown_targets(&settings.collection, names));
    report.warnings.extend(passed_over(&settings.collection, &jobs));
    report.warnings.extend(settings.collection.ahead_of(as_of));
    if jobs.is_empty() {
        report.warnings.push("both folders are empty: nothing was compared".into());
    }
    report.warnings.sort();
    report
}

fn side<'t>(tree: &'t Tree, known: &BTreeSet<String>, file: &str) -> Side<'t> {
    if known.contains(file) { Side::File(tree, file.to_owned()) } else { Side::Absent }
}

/// Whether a tree holds anything of a line; without an address, anything at all.
fn has_files(names: &BTreeSet<String>, address: Option<&String>) -> bool {
    match address {
        None => !names.is_empty(),
        Some(address) => names
            .range(format!("{address}/")..)
            .next()
            .is_some_and(|name| name.split('/').next() == Some(address.as_str())),
    }
}

fn lines(addresses: &[String], names: &Names, settings: &Settings) -> Vec<Line> {
    let profile = &settings.profile;
    let line = |address: Option<&String>| {
        let empty = has_files(&names.intended, address) && !has_files(&names.deployed, address);
        let key = address.or(profile.line.as_ref());
        // Where single targets say why they failed, that is the better answer.
        let explained = settings.collection.targets.values().any(|target| target.status != "ok");
        Line {
            address: address.cloned(),
            name: profile.line.clone(),
            blueprint: None,
            adopt_by: profile.adopt_by,
            parameters: key.and_then(|key| profile.parameters.get(key)).cloned().unwrap_or_default(),
            collected: settings.collection.oldest(address.map(String::as_str)),
            missing: (empty && !explained).then(|| "nothing was read back".to_owned()),
            is_site: false,
            deviations: vec![],
        }
    };
    if addresses.is_empty() {
        vec![line(None)]
    } else {
        addresses.iter().map(|address| line(Some(address))).collect()
    }
}

/// Whether a file is about the deployment rather than part of it.
fn is_own(file: &str, names: &Names) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    (name == "collected.yaml" && !names.intended.contains(file))
        || (name == "manifest.json" && names.intended.contains(file) && !names.deployed.contains(file))
}

/// Rules are compiled once per profile entry and format.
#[derive(Default)]
struct RulesByEntry {
    known: BTreeMap<(Option<usize>, Option<&'static str>), Arc<Rules>>,
}

impl RulesByEntry {
    fn get(
        &mut self,
        file: &str,
        entry: Option<(usize, &crate::model::Compare)>,
    ) -> Result<Arc<Rules>, Vec<String>> {
        let syntax = crate::syntax::by_path(file).map(|syntax| syntax.name());
        let key = (entry.map(|(number, _)| number), syntax);
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let rules = match entry {
            Some((_, compare)) => Rules::compile(compare, file, file)?,
            None => Arc::new(Rules::by_path(file, file)),
        };
        self.known.insert(key, rules.clone());
        Ok(rules)
    }
}

/// Profile entries that name no file.
fn unused_entries(profile: &Profile, jobs: &[Job<'_>]) -> Vec<String> {
    let used: BTreeSet<usize> = jobs.iter().filter_map(|job| job.entry).collect();
    let unused = profile.entries().enumerate().filter(|(number, _)| !used.contains(number));
    unused.map(|(_, name)| format!("profile: files: `{name}` matches no file")).collect()
}

/// One warning each for the files of which the collection says nothing: those that are there, and those that are not.
fn passed_over(collection: &Collection, jobs: &[Job<'_>]) -> Vec<String> {
    let passed = |is_there: bool| -> Option<String> {
        let passed = jobs.iter().filter(|job| {
            matches!(job.deployed, Side::File(..)) == is_there
                && collection.passes_over(&job.file, &job.inner)
        });
        let passed: Vec<&str> = passed.map(|job| job.file.as_str()).collect();
        let (first, rest) = passed.split_first()?;
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        let so = if is_there {
            "so nobody knows how old that is"
        } else {
            "and it is not there: nobody knows whether anyone looked for it"
        };
        Some(format!("collection: says nothing about `{first}`{more}, {so}"))
    };
    [true, false].into_iter().filter_map(passed).collect()
}

/// Targets of the collection that nobody compares.
fn unknown_targets(collection: &Collection, names: &Names) -> Vec<String> {
    let known: BTreeSet<&str> = names
        .all()
        .into_iter()
        .flat_map(|file| [Some(file.as_str()), file.split_once('/').map(|(_, inner)| inner)])
        .flatten()
        .collect();
    let unknown = collection.targets.keys().filter(|target| !known.contains(target.as_str()));
    unknown.map(|target| format!("collection: `{target}` is neither intended nor deployed")).collect()
}
