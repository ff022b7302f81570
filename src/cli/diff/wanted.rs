//! What a line or site should run: what it renders now, else what was last committed for it.

use crate::cli::write::{Manifest, ManifestFile};
use crate::compare::Side;
use crate::compare::profile::Rules;
use crate::load::{Fleet, Standard};
use crate::model::Kind;
use crate::render::{RenderedFile, Renderer};
use crate::source::Tree;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// One file that should be there.
#[derive(Debug)]
pub(in crate::cli) struct Wanted<'a> {
    /// Its path in the line's folder.
    pub(super) path: String,
    pub(super) content: Side<'a>,
    pub(super) digest: String,
    pub(super) owner: Option<String>,
    pub(super) target: String,
    pub(super) template: String,
    /// The output of the blueprint, where it is known.
    pub(super) output: Option<String>,
    /// Ids of the flows that it carries.
    pub(super) flows: Vec<String>,
}

impl<'a> Wanted<'a> {
    pub(in crate::cli) fn rendered(file: &'a RenderedFile) -> Self {
        Self {
            path: file.path.clone(),
            content: Side::Bytes(Cow::Borrowed(file.text.as_bytes())),
            digest: file.digest.clone(),
            owner: named(&file.owner),
            target: file.target.clone(),
            template: file.template.clone(),
            output: Some(file.output.clone()),
            flows: file.flows.clone(),
        }
    }

    pub(super) fn committed(file: &ManifestFile, intended: &'a Tree, below: &str) -> Self {
        Self {
            path: file.path.clone(),
            content: Side::File(intended, format!("{below}/{}", file.path)),
            digest: file.digest.clone(),
            owner: named(&file.owner),
            target: file.target.clone(),
            template: file.template.clone(),
            output: None,
            flows: file.flows.clone(),
        }
    }
}

fn named(owner: &str) -> Option<String> {
    Some(owner.to_owned()).filter(|owner| !owner.is_empty())
}

/// Reads what was committed for a line; none where nothing was.
pub(super) fn committed_manifest(intended: &Tree, below: &str) -> Option<Manifest> {
    let bytes = intended.bytes(&format!("{below}/{}", crate::cli::write::MANIFEST)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The rules of files, compiled once for each blueprint version and template.
#[derive(Default)]
pub(in crate::cli) struct RulesByTemplate {
    known: Mutex<BTreeMap<[String; 3], Compiled>>,
}

/// Rules, and what was wrong with the profile that they should have come from.
type Compiled = (Arc<Rules>, Vec<String>);

impl RulesByTemplate {
    /// Returns how a file is compared.
    pub(in crate::cli) fn get(
        &self,
        renderer: &Renderer<'_>,
        standard: Option<&Standard>,
        file: &Wanted<'_>,
    ) -> Compiled {
        let Some(standard) = standard else { return (plain(&file.path), vec![]) };
        let output = file.output.clone().unwrap_or_default();
        let key = [standard.digest.clone(), file.template.clone(), output];
        let mut known = self.known.lock().expect("no thread panics while it compiles");
        known.entry(key).or_insert_with(|| compile(renderer, standard, file)).clone()
    }
}

fn compile(renderer: &Renderer<'_>, standard: &Standard, file: &Wanted<'_>) -> Compiled {
    let Ok(target) = renderer.library().get(standard, &file.target) else {
        return (plain(&file.path), vec![]);
    };
    let template = file.template.strip_prefix(&target.name).unwrap_or(&file.template);
    let Some((compare, syntax)) = target.comparison(template) else { return (plain(&file.path), vec![]) };
    let local: Vec<String> = standard
        .blueprint
        .model
        .local
        .iter()
        .filter(|region| file.output.as_deref() == Some(region.output.as_str()))
        .map(|region| region.path.clone())
        .collect();
    let name = format!("{} of {}", file.target, standard.reference());
    match Rules::of_target(compare, syntax, target.target.kind, &local, &name) {
        Ok(rules) => (rules, vec![]),
        Err(problems) => (plain(&file.path), problems),
    }
}

/// The rules of a file that no target speaks of.
pub(super) fn plain(path: &str) -> Arc<Rules> {
    Arc::new(Rules::by_path(path, path))
}

/// Which files of the read-back stand for which wanted file: the same path, else what `collected_as` says.
pub(super) fn matches(
    wanted: &[Wanted<'_>],
    names: &BTreeSet<String>,
    standard: Option<&Standard>,
) -> Vec<Vec<String>> {
    let outputs = standard.map(|standard| standard.blueprint.model.outputs.as_slice()).unwrap_or_default();
    let alone =
        |output: &str| wanted.iter().filter(|file| file.output.as_deref() == Some(output)).count() == 1;
    let of_file = |file: &Wanted<'_>| -> Vec<String> {
        if names.contains(&file.path) {
            return vec![file.path.clone()];
        }
        let output = outputs.iter().find(|output| Some(output.id.as_str()) == file.output.as_deref());
        let glob = output.and_then(|output| output.collected_as.as_deref());
        let glob = glob.and_then(|glob| globset::GlobBuilder::new(glob).literal_separator(true).build().ok());
        let Some(glob) = glob.map(|glob| glob.compile_matcher()) else { return vec![] };
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let alone = file.output.as_deref().is_some_and(alone);
        let fits = |name: &&String| glob.is_match(name.as_str()) && (alone || last(name) == last(&file.path));
        names.iter().filter(fits).cloned().collect()
    };
    wanted.iter().map(of_file).collect()
}

/// Whether a file is a document for people, which no device runs and no backup holds.
pub(super) fn is_record(renderer: &Renderer<'_>, standard: Option<&Standard>, file: &Wanted<'_>) -> bool {
    let target = standard.and_then(|standard| renderer.library().get(standard, &file.target).ok());
    target.is_some_and(|target| target.target.kind == Kind::Record)
}

/// The standard that a reference names, where it can be read.
pub(super) fn standard_of(fleet: &Fleet, reference: &str) -> Option<Arc<Standard>> {
    fleet.standards.get(reference).ok()
}
