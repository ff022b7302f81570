//! Blueprint versions: `packaging-line@1.3.0` from the working tree, a side folder, or the git tag.

use super::file::{Loaded, read_file};
use super::inputs::InputRules;
use super::schema::FileKind;
use crate::finding::{Finding, Place};
use crate::model::{Blueprint, Conduits};
use crate::source::Tree;
use crate::source::versions::History;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// One version of a blueprint, whole.
#[derive(Debug)]
pub struct Standard {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// `b3:` and the BLAKE3 of every file of its folder.
    pub digest: String,
    /// The tree it was read from.
    pub tree: Tree,
    /// Its folder in that tree.
    pub folder: String,
    /// What its files are called in reports: a prefix for their path in the folder.
    pub name: String,
    /// blueprint.yaml.
    pub blueprint: Loaded<Blueprint>,
    /// conduits.yaml.
    pub conduits: Option<Loaded<Conduits>>,
    /// Its questions.
    pub inputs: Arc<InputRules>,
}

impl Standard {
    /// Returns `id@version`.
    pub fn reference(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }
}

/// A standard, or why there is none; the findings about its own files are reported once, by the fleet.
pub type StandardRef = Result<Arc<Standard>, Arc<Missing>>;

/// Why a version of a blueprint cannot be used.
#[derive(Debug)]
pub struct Missing {
    /// In words.
    pub message: String,
    /// What to do.
    pub next: String,
    /// Whether it exists and has findings of its own.
    pub broken: bool,
}

/// Splits `packaging-line@1.3.0`.
pub fn parse_reference(reference: &str) -> Option<(&str, &str)> {
    let (id, version) = reference.split_once('@')?;
    (!id.is_empty() && !version.is_empty()).then_some((id, version))
}

/// Finds blueprint versions and keeps them.
pub struct Standards {
    tree: Tree,
    root: Option<PathBuf>,
    folders: Vec<String>,
    loaded: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    folders: BTreeMap<String, StandardRef>,
    versions: BTreeMap<String, StandardRef>,
    findings: Vec<Finding>,
}

impl Standards {
    /// Reads every blueprint folder of the fleet; old versions by tag are read when a line asks.
    pub(super) fn open(tree: &Tree, root: Option<PathBuf>, findings: &mut Vec<Finding>) -> Self {
        let folders = match tree.list("blueprints") {
            Ok(entries) => entries.into_iter().filter(|e| e.is_folder).map(|e| e.name).collect(),
            Err(error) => {
                let place = Place::file("blueprints");
                findings.push(Finding::error("unreadable", error.to_string()).at(place).blind());
                vec![]
            }
        };
        let standards = Self { tree: tree.clone(), root, folders, loaded: Mutex::default() };
        for folder in &standards.folders {
            // Whether it can be used is asked again by whoever needs it; here its findings are collected.
            let _ = standards.in_folder(folder);
        }
        findings.append(&mut standards.take_findings());
        standards
    }

    /// Returns every standard that was read so far.
    pub fn all(&self) -> Vec<Arc<Standard>> {
        let cache = self.loaded.lock().expect("no thread panics while it holds the cache");
        let mut all: Vec<_> =
            cache.folders.values().chain(cache.versions.values()).filter_map(|s| s.clone().ok()).collect();
        all.sort_by_key(|standard| standard.reference());
        all.dedup_by_key(|standard| standard.reference());
        all
    }

    /// Takes the findings about blueprint files that were read since the last call.
    pub fn take_findings(&self) -> Vec<Finding> {
        let mut cache = self.loaded.lock().expect("no thread panics while it holds the cache");
        std::mem::take(&mut cache.findings)
    }

    /// Returns `id@version`: the folder `id` where its version is that one, else `id@version`, else the tag.
    pub fn get(&self, reference: &str) -> StandardRef {
        if let Some(known) = self.loaded.lock().expect("the cache is whole").versions.get(reference) {
            return known.clone();
        }
        let found = self.find(reference);
        let mut cache = self.loaded.lock().expect("the cache is whole");
        cache.versions.entry(reference.to_owned()).or_insert(found).clone()
    }

    /// Puts another text of a version in the place of what was read; returns what stood there.
    pub(super) fn substitute(&self, reference: &str, standard: Option<StandardRef>) -> Option<StandardRef> {
        let mut cache = self.loaded.lock().expect("the cache is whole");
        match standard {
            Some(standard) => cache.versions.insert(reference.to_owned(), standard),
            None => cache.versions.remove(reference),
        }
    }

    fn find(&self, reference: &str) -> StandardRef {
        let Some((id, version)) = parse_reference(reference) else {
            return Err(missing(
                format!("`{reference}` is no blueprint and version"),
                "write it as <id>@<version>",
            ));
        };
        let mut here = None;
        if self.folders.iter().any(|folder| folder == id) {
            match self.in_folder(id) {
                Ok(standard) if standard.version == version => return Ok(standard),
                Ok(standard) => here = Some(standard.version.clone()),
                Err(broken) if self.declared_version(id).is_none_or(|v| v == version) => return Err(broken),
                Err(_) => {}
            }
        }
        if self.folders.iter().any(|folder| folder == reference) {
            return self.in_folder(reference);
        }
        self.at_tag(id, version, here.as_deref())
    }

    /// Returns the newest version of a blueprint: the working tree's, else the highest side folder or tag.
    pub fn newest(&self, id: &str) -> Option<String> {
        if self.folders.iter().any(|folder| folder == id) {
            return self.declared_version(id);
        }
        let prefix = format!("{id}@");
        let mut versions: Vec<String> = self
            .folders
            .iter()
            .filter_map(|folder| folder.strip_prefix(&prefix))
            .map(str::to_owned)
            .collect();
        if let Some(Ok(Some(history))) = self.root.as_deref().map(History::open) {
            versions.extend(history.versions_of(id));
        }
        versions.into_iter().filter_map(|v| semver::Version::parse(&v).ok()).max().map(|v| v.to_string())
    }

    fn declared_version(&self, folder: &str) -> Option<String> {
        let path = format!("blueprints/{folder}/blueprint.yaml");
        let document = super::read_document(&self.tree, &path, &path).ok()?;
        Some(document.root.get("version")?.node.as_str()?.to_owned())
    }

    fn in_folder(&self, folder: &str) -> StandardRef {
        if let Some(known) = self.loaded.lock().expect("the cache is whole").folders.get(folder) {
            return known.clone();
        }
        let path = format!("blueprints/{folder}");
        let (standard, findings) = load(self.tree.clone(), &path, folder, &format!("{path}/"));
        let mut cache = self.loaded.lock().expect("the cache is whole");
        if !cache.folders.contains_key(folder) {
            cache.findings.extend(findings);
            cache.folders.insert(folder.to_owned(), standard);
        }
        cache.folders[folder].clone()
    }

    fn at_tag(&self, id: &str, version: &str, here: Option<&str>) -> StandardRef {
        let tag = format!("{id}/{version}");
        let looked = match here {
            Some(other) => format!("`blueprints/{id}/` is {other}, there is no `blueprints/{id}@{version}/`"),
            None => format!("there is neither `blueprints/{id}/` nor `blueprints/{id}@{version}/`"),
        };
        let history = match self.root.as_deref().map(History::open) {
            Some(Ok(history)) => history,
            Some(Err(error)) => return Err(missing(format!("{looked}; {error}"), error.next())),
            None => None,
        };
        let Some(history) = history else {
            let error = crate::source::versions::VersionError::NoRepository;
            return Err(missing(format!("{looked}, and {error}"), error.next()));
        };
        let folder = format!("blueprints/{id}");
        match history.folder_at_tag(&tag, &folder) {
            Ok(tree) => {
                let (standard, findings) = load(tree, "", id, &format!("{tag}:{folder}/"));
                self.loaded.lock().expect("the cache is whole").findings.extend(findings);
                match standard {
                    Ok(standard) if standard.version != version => Err(missing(
                        format!("tag `{tag}` holds version {} of {id}", standard.version),
                        "tag the right commit, or name the version that is there",
                    )),
                    other => other,
                }
            }
            Err(error) => Err(missing(format!("{looked}, and {error}"), error.next())),
        }
    }
}

fn missing(message: String, next: &str) -> Arc<Missing> {
    Arc::new(Missing { message, next: next.to_owned(), broken: false })
}

/// Reads one blueprint folder. `expected` is the folder's own name, `id` or `id@version`.
fn load(tree: Tree, folder: &str, expected: &str, name: &str) -> (StandardRef, Vec<Finding>) {
    let mut findings = vec![];
    let (id, wanted) = parse_reference(expected).map_or((expected, None), |(id, v)| (id, Some(v)));
    let standard = load_parts(tree, folder, id, name, &mut findings);
    let standard = standard.filter(|standard| {
        let fits = wanted.is_none_or(|wanted| wanted == standard.version);
        if !fits {
            let place = Place::value(&standard.blueprint.document, "/version");
            let message = format!("the folder says {expected}, the file says version {}", standard.version);
            findings.push(
                Finding::error("wrong-place", message)
                    .at(place)
                    .next("rename the folder or correct the version"),
            );
        }
        fits
    });
    match standard {
        Some(standard) => (Ok(Arc::new(standard)), findings),
        None => {
            let missing = Missing {
                message: format!("blueprint `{expected}` has errors of its own"),
                next: "correct the blueprint; its findings are listed".into(),
                broken: true,
            };
            (Err(Arc::new(missing)), findings)
        }
    }
}

fn load_parts(
    tree: Tree,
    folder: &str,
    id: &str,
    name: &str,
    findings: &mut Vec<Finding>,
) -> Option<Standard> {
    let path = |file: &str| if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
    let called = |file: &str| format!("{name}{file}");
    if !is_id(id) {
        let message = format!("`{id}` is no id: lower-case letters, digits and hyphens, 32 at most");
        findings.push(Finding::error("bad-id", message).at(Place::file(name)).next("rename the folder"));
        return None;
    }
    let file = "blueprint.yaml";
    let blueprint: Option<Loaded<Blueprint>> =
        read_file(&tree, &path(file), &called(file), FileKind::Blueprint, findings);
    let file = "conduits.yaml";
    let conduits = if tree.contains(&path(file)) {
        Some(read_file::<Conduits>(&tree, &path(file), &called(file), FileKind::Conduits, findings))
    } else {
        None
    };
    let blueprint = blueprint?;
    let conduits = match conduits {
        Some(None) => return None,
        Some(Some(conduits)) => Some(conduits),
        None => None,
    };
    let inputs = InputRules::compile(&blueprint.document).map_err(|found| findings.extend(found)).ok()?;
    let inputs = Arc::new(inputs);
    let before = findings.len();
    check_namespace(&blueprint, findings);
    if findings.len() > before {
        return None;
    }
    let digest = match folder_digest(&tree, folder) {
        Ok(digest) => digest,
        Err(error) => {
            findings.push(Finding::error("unreadable", error.to_string()).at(Place::file(name)).blind());
            return None;
        }
    };
    Some(Standard {
        id: id.to_owned(),
        version: blueprint.model.version.to_string(),
        digest,
        tree,
        folder: folder.to_owned(),
        name: name.to_owned(),
        blueprint,
        conduits,
        inputs,
    })
}

/// Inputs, defaults and fixed values share one namespace; outputs have ids of their own.
fn check_namespace(blueprint: &Loaded<Blueprint>, findings: &mut Vec<Finding>) {
    let model = &blueprint.model;
    let sections = [
        ("inputs", model.inputs.keys().collect::<Vec<_>>()),
        ("defaults", model.defaults.keys().collect()),
        ("fixed", model.fixed.keys().collect()),
    ];
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (section, names) in &sections {
        for name in names {
            if let Some(first) = seen.insert(name.as_str(), section) {
                let place = Place::key(&blueprint.document, &format!("/{section}/{name}"));
                let message = format!("`{name}` is defined in {first} and again in {section}");
                let first = Place::key(&blueprint.document, &format!("/{first}/{name}"));
                findings.push(
                    Finding::error("duplicate-id", message)
                        .at(place)
                        .see(first, "first defined here")
                        .next("give one of them another name"),
                );
            }
        }
    }
    let mut outputs: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, output) in model.outputs.iter().enumerate() {
        if let Some(first) = outputs.insert(output.id.as_str(), index) {
            let place = Place::value(&blueprint.document, &format!("/outputs/{index}/id"));
            let first = Place::value(&blueprint.document, &format!("/outputs/{first}/id"));
            findings.push(
                Finding::error("duplicate-id", format!("two outputs are called `{}`", output.id))
                    .at(place)
                    .see(first, "first defined here")
                    .next("give one of them another id"),
            );
        }
    }
}

/// Whether `name` is an id (see [`crate::model::ids::ID_PATTERN`]).
pub fn is_id(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.as_bytes()[0].is_ascii_lowercase()
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn folder_digest(tree: &Tree, folder: &str) -> Result<String, crate::source::ReadError> {
    let mut hasher = blake3::Hasher::new();
    for file in tree.walk(folder)? {
        let path = if folder.is_empty() { file.clone() } else { format!("{folder}/{file}") };
        let bytes = tree.bytes(&path)?;
        hasher.update(&(file.len() as u64).to_le_bytes());
        hasher.update(file.as_bytes());
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(&bytes);
    }
    Ok(format!("b3:{}", hasher.finalize().to_hex()))
}
