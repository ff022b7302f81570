//! Targets: the blueprint's own folder first, the built-in library behind it. Each is compiled once per run.

use super::engine::Templates;
use super::marks::Depth;
use super::trace::Trace;
use crate::finding::Finding;
use crate::load::schema::FileKind;
use crate::load::{Loaded, Standard, nearest, read_file};
use crate::model::{Compare, Target};
use crate::source::Tree;
use crate::syntax::{self, Syntax};
use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

/// The targets that come with the program.
static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// A target, ready to render.
pub struct TargetRef {
    /// Its id.
    pub id: String,
    /// What its files are called in reports: a prefix for their names in the folder.
    pub name: String,
    /// target.yaml.
    pub target: Target,
    /// `b3:` and the BLAKE3 of every file of its folder.
    pub digest: String,
    /// Syntax of each file, in the order of `target.files`.
    syntaxes: Vec<&'static dyn Syntax>,
    templates: Templates,
}

/// Why a target cannot be used.
#[derive(Debug)]
pub struct MissingTarget {
    /// In words.
    pub message: String,
    /// What to do.
    pub next: String,
    /// What is wrong inside its folder.
    pub findings: Vec<Finding>,
}

type Found = Result<Arc<TargetRef>, Arc<MissingTarget>>;

/// Finds targets and keeps them.
#[derive(Default)]
pub struct Library {
    /// By digest of the blueprint, empty for the built-in ones, and id.
    found: RwLock<BTreeMap<String, BTreeMap<String, Found>>>,
}

impl Library {
    /// Returns the target `id` as `standard` sees it.
    pub fn get(&self, standard: &Standard, id: &str) -> Found {
        if let Some(known) = self.known(&standard.digest, id) {
            return known;
        }
        let folder = if standard.folder.is_empty() { String::new() } else { format!("{}/", standard.folder) };
        let folder = format!("{folder}templates/{id}");
        let own = standard.tree.contains(&format!("{folder}/target.yaml"));
        let fresh = if own {
            load(&standard.tree, &folder, id, &format!("{}templates/{id}/", standard.name))
        } else if let Some(known) = self.known("", id) {
            known
        } else if BUILT_IN.get_dir(id).is_some() {
            load(&Tree::Embedded(&BUILT_IN), id, id, &format!("built-in:{id}/"))
        } else {
            Err(Arc::new(unknown(id, &folder)))
        };
        let mut found = self.found.write().expect("no thread panics while it holds the library");
        let fresh = if own || fresh.is_err() {
            fresh
        } else {
            found.entry(String::new()).or_default().entry(id.to_owned()).or_insert(fresh).clone()
        };
        found.entry(standard.digest.clone()).or_default().entry(id.to_owned()).or_insert(fresh).clone()
    }

    fn known(&self, standard: &str, id: &str) -> Option<Found> {
        let found = self.found.read().expect("no thread panics while it holds the library");
        found.get(standard)?.get(id).cloned()
    }

    /// Lists the built-in targets.
    pub fn built_in() -> Vec<&'static str> {
        let mut names: Vec<_> = BUILT_IN.dirs().filter_map(|dir| dir.path().to_str()).collect();
        names.sort_unstable();
        names
    }
}

fn unknown(id: &str, folder: &str) -> MissingTarget {
    let near = nearest(id, Library::built_in());
    MissingTarget {
        message: format!("there is no target `{id}`: neither `{folder}/target.yaml` nor a built-in one"),
        next: near.map_or_else(
            || format!("built-in targets: {}", Library::built_in().join(", ")),
            |near| format!("did you mean `{near}`?"),
        ),
        findings: vec![],
    }
}

fn load(tree: &Tree, folder: &str, id: &str, name: &str) -> Found {
    let mut findings = vec![];
    let target = load_parts(tree, folder, id, name, &mut findings);
    target.map(Arc::new).ok_or_else(|| {
        Arc::new(MissingTarget {
            message: format!("target `{id}` has errors of its own"),
            next: "correct the target; its findings are listed".into(),
            findings,
        })
    })
}

fn load_parts(
    tree: &Tree,
    folder: &str,
    id: &str,
    name: &str,
    findings: &mut Vec<Finding>,
) -> Option<TargetRef> {
    let file = |path: &str| format!("{folder}/{path}");
    let called = |path: &str| format!("{name}{path}");
    let loaded: Loaded<Target> =
        read_file(tree, &file("target.yaml"), &called("target.yaml"), FileKind::Target, findings)?;
    let mut hasher = blake3::Hasher::new();
    let mut sources = vec![];
    for path in tree.walk(folder).map_err(|error| findings.push(unreadable(&error, name))).ok()? {
        let bytes = tree.bytes(&file(&path)).map_err(|error| findings.push(unreadable(&error, name))).ok()?;
        hasher.update(&(path.len() as u64).to_le_bytes()).update(path.as_bytes());
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(&bytes);
        if path == "target.yaml" {
            continue;
        }
        if let Ok(text) = String::from_utf8(bytes) {
            sources.push((path.clone(), crate::source::Text::new(called(&path), text)));
        }
    }
    let templates = Templates::compile(sources, loaded.model.secret.as_deref(), findings);
    let mut syntaxes = vec![];
    for (index, spec) in loaded.model.files.iter().enumerate() {
        let at = |key: &str| crate::finding::Place::value(&loaded.document, &format!("/files/{index}/{key}"));
        if !templates.has(&spec.template) {
            let near = nearest(&spec.template, templates.names());
            let next = near.map_or_else(
                || "write it, or correct the name".to_owned(),
                |n| format!("did you mean `{n}`?"),
            );
            let message = format!("there is no template `{}` in this target", spec.template);
            findings.push(Finding::error("unknown-reference", message).at(at("template")).next(next));
        }
        let named = spec.syntax.as_deref().or(loaded.model.syntax.as_deref());
        let found = match named {
            Some(name) => syntax::by_name(name),
            None => {
                syntax::by_path(&spec.path).or_else(|| syntax::by_path(spec.template.trim_end_matches(".j2")))
            }
        };
        match (found, named) {
            (Some(syntax), _) => syntaxes.push(syntax),
            (None, named) => {
                let known: Vec<_> = syntax::SYNTAXES.iter().map(|syntax| syntax.name()).collect();
                let message = match named {
                    Some(name) => format!("there is no syntax `{name}`"),
                    None => format!("the extension of `{}` says no syntax", spec.path),
                };
                let next = format!("name one: {}", known.join(", "));
                let place = match (&spec.syntax, named) {
                    (Some(_), _) => at("syntax"),
                    (None, Some(_)) => crate::finding::Place::value(&loaded.document, "/syntax"),
                    (None, None) => at("path"),
                };
                findings.push(Finding::error("unknown-syntax", message).at(place).next(next));
            }
        }
    }
    findings.is_empty().then(|| TargetRef {
        id: id.to_owned(),
        name: name.to_owned(),
        target: loaded.model,
        digest: format!("b3:{}", hasher.finalize().to_hex()),
        syntaxes,
        templates,
    })
}

fn unreadable(error: &crate::source::ReadError, name: &str) -> Finding {
    Finding::error("unreadable", error.to_string()).at(crate::finding::Place::file(name)).blind()
}

impl TargetRef {
    /// Renders one of its files.
    pub(super) fn render(
        &self,
        file: usize,
        context: crate::resolve::expression::Value,
    ) -> Result<String, Box<Finding>> {
        self.templates.render(&self.target.files[file].template, self.syntaxes[file], context)
    }

    /// Renders one of its files with marks.
    pub(super) fn trace(
        &self,
        file: usize,
        context: crate::resolve::expression::Value,
        depth: Depth,
    ) -> Result<Trace, Box<Finding>> {
        self.templates.trace(&self.target.files[file].template, self.syntaxes[file], context, depth)
    }

    /// Returns the syntax of one of its files.
    pub(super) fn syntax(&self, file: usize) -> &'static str {
        self.syntaxes[file].name()
    }

    /// Returns the syntax of the file that a template makes; `template` is what reports call it.
    pub fn syntax_of(&self, template: &str) -> Option<&'static str> {
        let own = template.strip_prefix(self.name.as_str())?;
        let file = self.target.files.iter().position(|file| file.template == own)?;
        self.syntaxes.get(file).map(|syntax| syntax.name())
    }

    /// Returns how a file is compared, by its template: its profile, if it has one, and its syntax.
    pub fn comparison(&self, template: &str) -> Option<(Option<&Compare>, &'static str)> {
        let file = self.target.files.iter().position(|file| file.template == template)?;
        let own = self.target.files[file].compare.as_ref().or(self.target.compare.as_ref());
        Some((own, self.syntaxes[file].name()))
    }

    /// Returns its templates.
    pub fn templates(&self) -> &Templates {
        &self.templates
    }
}
