//! The fleet: everything that lines share, and the list of sites and lines.
//!
//! Sites and lines are only listed here and read one by one when they are needed, so that memory does not grow
//! with the number of lines.

use super::file::{Loaded, read_file};
use super::inputs::strange_formats;
use super::references::dangling;
use super::schema::FileKind;
use super::standards::{Standard, Standards, is_id};
use crate::finding::{Finding, Place};
use crate::model::{
    Approval, Decision, Deviation, Enterprise, EquipmentCatalogue, Goals, Lessons, Line, MetricCatalogue,
    Rights, Site,
};
use crate::source::{Document, Tree};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A site or a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The site.
    pub site: String,
    /// The line; `None` for the site itself.
    pub line: Option<String>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.line {
            Some(line) => write!(f, "{}/{line}", self.site),
            None => f.write_str(&self.site),
        }
    }
}

/// A site and its lines, by name.
#[derive(Debug, Clone)]
pub struct SiteEntry {
    /// Its id.
    pub id: String,
    /// Its lines, sorted.
    pub lines: Vec<LineEntry>,
}

/// A line, by name.
#[derive(Debug, Clone)]
pub struct LineEntry {
    /// Its id.
    pub id: String,
    /// Its file, relative to the fleet.
    pub path: String,
}

/// A decision or deviation with its approvals.
#[derive(Debug)]
pub struct Record<T> {
    /// Its id.
    pub id: String,
    /// Its folder, relative to the fleet.
    pub folder: String,
    /// The record itself.
    pub record: Loaded<T>,
    /// it.yaml.
    pub it: Option<Loaded<Approval>>,
    /// ot.yaml.
    pub ot: Option<Loaded<Approval>>,
}

/// A deviation that cannot be read.
#[derive(Debug)]
pub struct BrokenDeviation {
    /// Its file.
    pub path: String,
    /// The line that it names, `site/line`; `None` where not even that can be read.
    pub line: Option<String>,
}

/// Everything that lines share.
pub struct Fleet {
    /// Where it lies.
    pub tree: Tree,
    /// Its folder on disk, where it has one.
    pub root: Option<PathBuf>,
    /// jig.yaml.
    pub enterprise: Enterprise,
    /// The document of jig.yaml.
    pub document: Document,
    /// rights.yaml.
    pub rights: Option<Loaded<Rights>>,
    /// goals.yaml.
    pub goals: Goals,
    /// metrics.yaml.
    pub metrics: MetricCatalogue,
    /// The document of metrics.yaml.
    pub metrics_document: Option<Document>,
    /// equipment.yaml.
    pub equipment: EquipmentCatalogue,
    /// The document of equipment.yaml.
    pub equipment_document: Option<Document>,
    /// lessons.yaml.
    pub lessons: Lessons,
    /// Risk decisions.
    pub decisions: BTreeMap<String, Record<Decision>>,
    /// Deviations.
    pub deviations: BTreeMap<String, Record<Deviation>>,
    /// Deviations that cannot be read: their lines must not fall back to the standard unasked.
    pub broken_deviations: Vec<BrokenDeviation>,
    /// Blueprints.
    pub standards: Standards,
    /// Sites and lines, sorted.
    pub sites: Vec<SiteEntry>,
    /// Shared files that could not be loaded; no line can be judged without them.
    pub broken: Vec<String>,
    /// Digest of everything shared, for "nothing changed".
    pub shared_digest: blake3::Hash,
}

impl Fleet {
    /// Loads what is shared. Without a usable jig.yaml there is no fleet.
    pub fn load(tree: Tree, root: Option<PathBuf>) -> (Option<Self>, Vec<Finding>) {
        let mut loader =
            Loader { tree: &tree, findings: vec![], broken: vec![], hasher: blake3::Hasher::new() };
        let fleet = loader.load(root);
        (fleet, loader.findings)
    }

    /// Reads a site's site.yaml.
    pub fn read_site(&self, site: &str, findings: &mut Vec<Finding>) -> Option<Loaded<Site>> {
        let path = format!("sites/{site}/site.yaml");
        let loaded: Option<Loaded<Site>> = read_file(&self.tree, &path, &path, FileKind::Site, findings);
        if let Some(loaded) = &loaded {
            findings.extend(dangling(self, FileKind::Site, &loaded.document));
        }
        loaded
    }

    /// Reads a line's file. Its dangling references are errors of the line.
    pub fn read_line(&self, entry: &LineEntry, findings: &mut Vec<Finding>) -> Option<Loaded<Line>> {
        let loaded: Loaded<Line> = read_file(&self.tree, &entry.path, &entry.path, FileKind::Line, findings)?;
        findings.extend(dangling(self, FileKind::Line, &loaded.document));
        Some(loaded)
    }

    /// Finds dangling references of a line's document.
    pub fn check_line(&self, document: &Document) -> Vec<Finding> {
        dangling(self, FileKind::Line, document)
    }

    /// Finds dangling references of a standard's files.
    pub fn check_standard(&self, standard: &Standard) -> Vec<Finding> {
        let mut findings = dangling(self, FileKind::Blueprint, &standard.blueprint.document);
        findings.extend(strange_formats(&standard.blueprint.document));
        if let Some(conduits) = &standard.conduits {
            findings.extend(dangling(self, FileKind::Conduits, &conduits.document));
        }
        findings
    }

    /// Finds dangling references of the shared files and records.
    pub fn check_shared(&self) -> Vec<Finding> {
        let mut findings = dangling(self, FileKind::Jig, &self.document);
        let files: [(FileKind, Option<&Document>); 3] = [
            (FileKind::Rights, self.rights.as_ref().map(|r| &r.document)),
            (FileKind::Metrics, self.metrics_document.as_ref()),
            (FileKind::Equipment, self.equipment_document.as_ref()),
        ];
        for (kind, document) in files {
            findings.extend(document.map(|d| dangling(self, kind, d)).unwrap_or_default());
        }
        for (kind, path) in [(FileKind::Goals, "goals.yaml"), (FileKind::Lessons, "lessons.yaml")] {
            if let Ok(document) = super::read_document(&self.tree, path, path) {
                findings.extend(dangling(self, kind, &document));
            }
        }
        findings.extend(self.check_covers());
        for record in self.decisions.values() {
            findings.extend(dangling(self, FileKind::Decision, &record.record.document));
            findings.extend(self.check_approvals(record.it.as_ref(), record.ot.as_ref()));
        }
        for record in self.deviations.values() {
            findings.extend(dangling(self, FileKind::Deviation, &record.record.document));
            findings.extend(self.check_approvals(record.it.as_ref(), record.ot.as_ref()));
        }
        findings
    }

    /// Finds what decisions cover and no version of its blueprint that was read so far has: a conduit that went away
    /// with its file would else be one path less, and nobody told.
    pub fn check_covers(&self) -> Vec<Finding> {
        let standards = self.standards.all();
        let mut findings = vec![];
        for record in self.decisions.values() {
            for (index, covered) in record.record.model.covers.iter().enumerate() {
                let Some((id, conduit)) = covered.split_once('/') else { continue };
                let mut versions = standards.iter().filter(|standard| standard.id == id).peekable();
                let has = |standard: &Arc<Standard>| {
                    standard
                        .conduits
                        .iter()
                        .any(|loaded| loaded.model.conduits.keys().any(|known| known.as_str() == conduit))
                };
                // A blueprint that only a tag has, and no line uses, was not read: nothing is known of it.
                if versions.peek().is_none() || versions.any(has) {
                    continue;
                }
                let message = format!("{} covers `{covered}`; {id} has no conduit `{conduit}`", record.id);
                let place = Place::value(&record.record.document, &format!("/covers/{index}"));
                let mut finding = Finding::error("unknown-reference", message)
                    .at(place)
                    .next("bring the conduit back, or take it off the decision and approve again");
                finding.owner = record.record.model.owner.as_ref().map(ToString::to_string);
                findings.push(finding);
            }
        }
        findings
    }

    fn check_approvals(&self, it: Option<&Loaded<Approval>>, ot: Option<&Loaded<Approval>>) -> Vec<Finding> {
        it.into_iter().chain(ot).flat_map(|a| dangling(self, FileKind::Approval, &a.document)).collect()
    }

    /// Returns whether `role` is defined.
    pub fn has_role(&self, role: &str) -> bool {
        self.enterprise.roles.contains_key(role)
    }
}

struct Loader<'a> {
    tree: &'a Tree,
    findings: Vec<Finding>,
    broken: Vec<String>,
    hasher: blake3::Hasher,
}

impl Loader<'_> {
    fn load(&mut self, root: Option<PathBuf>) -> Option<Fleet> {
        let enterprise = self.required("jig.yaml");
        let rights = self.optional("rights.yaml", FileKind::Rights);
        let goals = self.optional::<Goals>("goals.yaml", FileKind::Goals);
        let metrics = self.optional::<MetricCatalogue>("metrics.yaml", FileKind::Metrics);
        let equipment = self.optional::<EquipmentCatalogue>("equipment.yaml", FileKind::Equipment);
        let lessons = self.optional::<Lessons>("lessons.yaml", FileKind::Lessons);
        let decisions = self.records("decisions", "decision.yaml", FileKind::Decision);
        let deviations = self.records("deviations", "deviation.yaml", FileKind::Deviation);
        let broken_deviations = self.broken_deviations(&deviations);
        let standards = Standards::open(self.tree, root.clone(), &mut self.findings);
        for standard in standards.all() {
            self.hasher.update(standard.reference().as_bytes());
            self.hasher.update(standard.digest.as_bytes());
        }
        let sites = self.sites();
        self.strangers();
        let Loaded { model: enterprise, document, .. } = enterprise?;
        Some(Fleet {
            tree: self.tree.clone(),
            root,
            enterprise,
            document,
            rights,
            goals: goals.map(|loaded| loaded.model).unwrap_or_default(),
            metrics_document: metrics.as_ref().map(|loaded| loaded.document.clone()),
            metrics: metrics.map(|loaded| loaded.model).unwrap_or_default(),
            equipment_document: equipment.as_ref().map(|loaded| loaded.document.clone()),
            equipment: equipment.map(|loaded| loaded.model).unwrap_or_default(),
            lessons: lessons.map(|loaded| loaded.model).unwrap_or_default(),
            decisions,
            deviations,
            broken_deviations,
            standards,
            sites,
            broken: std::mem::take(&mut self.broken),
            shared_digest: self.hasher.finalize(),
        })
    }

    fn required(&mut self, path: &str) -> Option<Loaded<Enterprise>> {
        let loaded: Option<Loaded<Enterprise>> =
            read_file(self.tree, path, path, FileKind::Jig, &mut self.findings);
        self.note(path, loaded.as_ref().map(|l| &l.document));
        let loaded = loaded?;
        Some(loaded)
    }

    fn optional<T: DeserializeOwned>(&mut self, path: &str, kind: FileKind) -> Option<Loaded<T>> {
        if !self.tree.contains(path) {
            return None;
        }
        let loaded = read_file(self.tree, path, path, kind, &mut self.findings);
        if loaded.is_none() {
            self.broken.push(path.to_owned());
        }
        self.note(path, loaded.as_ref().map(|l: &Loaded<T>| &l.document));
        loaded
    }

    fn note(&mut self, path: &str, document: Option<&Document>) {
        self.hasher.update(path.as_bytes());
        if let Some(document) = document {
            self.hasher.update(&(document.text.content.len() as u64).to_le_bytes());
            self.hasher.update(document.text.content.as_bytes());
        }
    }

    fn list(&mut self, folder: &str) -> Vec<crate::source::Entry> {
        match self.tree.list(folder) {
            Ok(entries) => entries.into_iter().filter(|e| !e.name.starts_with('.')).collect(),
            Err(error) => {
                let finding = Finding::error("unreadable", error.to_string()).at(Place::file(folder));
                self.findings.push(finding.next("check that you may read this folder").blind());
                vec![]
            }
        }
    }

    fn records<T: DeserializeOwned>(
        &mut self,
        folder: &str,
        file: &str,
        kind: FileKind,
    ) -> BTreeMap<String, Record<T>> {
        let mut records = BTreeMap::new();
        for entry in self.list(folder) {
            let path = format!("{folder}/{}", entry.name);
            if !entry.is_folder {
                self.wrong_place(&path, &format!("records are folders: `{folder}/<id>/{file}`"));
                continue;
            }
            if !is_record_id(&entry.name) {
                let message = format!("`{}` is no record id such as RD-001", entry.name);
                let finding = Finding::error("bad-id", message).at(Place::file(path.as_str()));
                self.findings.push(finding.next("rename the folder"));
                continue;
            }
            let main = format!("{path}/{file}");
            let record: Option<Loaded<T>> = read_file(self.tree, &main, &main, kind, &mut self.findings);
            self.note(&main, record.as_ref().map(|l| &l.document));
            let it = self.optional_approval(&format!("{path}/it.yaml"));
            let ot = self.optional_approval(&format!("{path}/ot.yaml"));
            if let Some(record) = record {
                records.insert(entry.name.clone(), Record { id: entry.name, folder: path, record, it, ot });
            }
        }
        records
    }

    /// Finds the deviations that were not loaded; what is wrong with them has been said.
    fn broken_deviations(&self, loaded: &BTreeMap<String, Record<Deviation>>) -> Vec<BrokenDeviation> {
        let entries = self.tree.list("deviations").unwrap_or_default();
        let records = entries.into_iter().filter(|entry| entry.is_folder && !entry.name.starts_with('.'));
        let unread = records.filter(|entry| !loaded.contains_key(&entry.name));
        let broken = unread.map(|entry| {
            let path = format!("deviations/{}/deviation.yaml", entry.name);
            let document = super::read_document(self.tree, &path, &path).ok();
            let line =
                document.and_then(|document| Some(document.root.get("line")?.node.as_str()?.to_owned()));
            BrokenDeviation { path, line }
        });
        broken.collect()
    }

    /// A broken approval is no approval; what it should have allowed fails with a reason of its own.
    fn optional_approval(&mut self, path: &str) -> Option<Loaded<Approval>> {
        if !self.tree.contains(path) {
            return None;
        }
        let loaded: Option<Loaded<Approval>> =
            read_file(self.tree, path, path, FileKind::Approval, &mut self.findings);
        self.note(path, loaded.as_ref().map(|l| &l.document));
        loaded
    }

    fn sites(&mut self) -> Vec<SiteEntry> {
        let mut sites = vec![];
        for entry in self.list("sites") {
            let path = format!("sites/{}", entry.name);
            if !entry.is_folder {
                self.wrong_place(&path, "a site is a folder: `sites/<site>/site.yaml`");
            } else if self.good_id(&entry.name, &path) {
                let lines = self.lines(&path);
                sites.push(SiteEntry { id: entry.name, lines });
            }
        }
        sites
    }

    fn lines(&mut self, site: &str) -> Vec<LineEntry> {
        let mut lines = vec![];
        for entry in self.list(&format!("{site}/lines")) {
            let path = format!("{site}/lines/{}", entry.name);
            match entry.name.strip_suffix(".yaml").filter(|_| !entry.is_folder) {
                Some(id) if self.good_id(id, &path) => lines.push(LineEntry { id: id.to_owned(), path }),
                Some(_) => {}
                None => self.wrong_place(&path, "a line is a file: `lines/<line>.yaml`"),
            }
        }
        for entry in self.list(site) {
            if !matches!(entry.name.as_str(), "site.yaml" | "lines") && entry.name.ends_with("ml") {
                let path = format!("{site}/{}", entry.name);
                self.wrong_place(&path, "a site holds site.yaml and lines/<line>.yaml");
            }
        }
        lines
    }

    fn good_id(&mut self, id: &str, path: &str) -> bool {
        let good = is_id(id);
        if !good {
            let message = format!("`{id}` is no id: lower-case letters, digits and hyphens, 32 at most");
            self.findings.push(Finding::error("bad-id", message).at(Place::file(path)).next("rename it"));
        } else if id == "_site" {
            self.wrong_place(path, "`_site` is taken for the outputs of the site");
        }
        good
    }

    fn wrong_place(&mut self, path: &str, what: &str) {
        let message = format!("`{path}` is not read: {what}");
        let finding = Finding::warning("wrong-place", message).at(Place::file(path));
        self.findings.push(finding.next("move or rename it"));
    }

    /// A file beside jig.yaml whose name is nearly one of ours is a slip that would read as "nothing there".
    fn strangers(&mut self) {
        const KNOWN: &[&str] = &[
            "jig.yaml",
            "rights.yaml",
            "goals.yaml",
            "metrics.yaml",
            "equipment.yaml",
            "lessons.yaml",
            "blueprints",
            "decisions",
            "deviations",
            "sites",
            "intended",
            "deployed",
            "evidence",
        ];
        for entry in self.list("") {
            if KNOWN.contains(&entry.name.as_str()) {
                continue;
            }
            if let Some(near) = super::nearest(&entry.name, KNOWN.iter().copied()) {
                self.wrong_place(&entry.name, &format!("did you mean `{near}`?"));
            }
        }
    }
}

/// Whether a word is an id such as RD-001.
pub fn is_record_id(name: &str) -> bool {
    let Some((letters, number)) = name.split_once('-') else { return false };
    let (number, part) = number.split_once('.').map_or((number, None), |(n, p)| (n, Some(p)));
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    (1..=3).contains(&letters.len())
        && letters.bytes().all(|b| b.is_ascii_uppercase())
        && digits(number, 6)
        && part.is_none_or(|part| digits(part, 3))
}
