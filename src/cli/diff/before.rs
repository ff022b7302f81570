//! What was last deployed: told by the manifest that came back with the files, and by git.
//!
//! A manifest names the digest of every file of that deployment. The content is the present one, or a version that git
//! keeps, or what the version of the standard that the manifest names renders today; only a content with exactly that
//! digest counts. Without a manifest, a deployed file that equals an earlier version is that version.

use super::returned::Returned;
use super::wanted::Wanted;
use crate::cli::work::Work;
use crate::compare::profile::Rules;
use crate::compare::{Base, Side, mean_the_same};
use crate::load::LineEntry;
use crate::render::RenderedFile;
use crate::resolve::Resolver;
use crate::resolve::lenient::Lenient;
use crate::source::Tree;
use crate::source::past::Past;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// How many earlier versions are compared by meaning; by their bytes all are.
const MEANT: usize = 20;

/// What is asked about one line.
pub(super) struct Before<'a> {
    pub(super) work: &'a Work<'a>,
    pub(super) past: Option<&'a Past>,
    pub(super) intended: &'a Tree,
    pub(super) deployed: &'a Tree,
    pub(super) returned: &'a Returned,
    /// The line, if it is one.
    pub(super) entry: Option<(&'a str, &'a LineEntry)>,
    /// Deviations that may have counted then.
    pub(super) counting: Vec<BTreeSet<String>>,
    rendered: OnceLock<Vec<RenderedFile>>,
}

impl<'a> Before<'a> {
    pub(super) fn new(
        work: &'a Work<'a>,
        past: Option<&'a Past>,
        trees: (&'a Tree, &'a Tree),
        returned: &'a Returned,
        entry: Option<(&'a str, &'a LineEntry)>,
        counting: Vec<BTreeSet<String>>,
    ) -> Self {
        let rendered = OnceLock::new();
        Self { work, past, intended: trees.0, deployed: trees.1, returned, entry, counting, rendered }
    }

    /// Finds what was deployed at a path; `name` is what the read-back calls it.
    pub(super) fn at(
        &'a self,
        path: &str,
        name: &str,
        wanted: Option<&Wanted<'a>>,
        rules: &Arc<Rules>,
    ) -> Base<'a> {
        let Some(manifest) = &self.returned.manifest else { return self.earlier(path, name, rules) };
        let Some(file) = manifest.files.iter().find(|file| file.path == path) else {
            return Base::Known(Side::Absent);
        };
        if let Some(wanted) = wanted.filter(|wanted| wanted.digest == file.digest) {
            return Base::Known(wanted.content.clone());
        }
        let is_it = |bytes: &Vec<u8>| digest(bytes) == file.digest;
        if let Some(bytes) = self.versions(path).into_iter().find(is_it) {
            return known(bytes);
        }
        let again = self.rendered().iter().find(|again| again.path == path && again.digest == file.digest);
        match again {
            Some(again) => Base::Known(Side::Bytes(Cow::Borrowed(again.text.as_bytes()))),
            None => self.earlier(path, name, rules),
        }
    }

    /// The newest earlier version that the deployed file equals.
    fn earlier(&self, path: &str, name: &str, rules: &Arc<Rules>) -> Base<'a> {
        let Ok(deployed) = self.deployed.bytes(&self.returned.path(name)) else { return Base::Unknown };
        let versions = self.versions(path);
        let same = |bytes: &&Vec<u8>| **bytes == deployed;
        let alike = |bytes: &&Vec<u8>| mean_the_same(rules, bytes, &deployed);
        let found = versions.iter().find(same).or_else(|| versions.iter().take(MEANT).find(alike));
        found.map_or(Base::Unknown, |bytes| known(bytes.clone()))
    }

    /// The versions of a file: what lies under intended/, then what git keeps, the newest first.
    fn versions(&self, path: &str) -> Vec<Vec<u8>> {
        let path = self.returned.path(path);
        let present = self.intended.bytes(&path).ok();
        let past = self.past.map(|past| past.versions(&path)).unwrap_or_default();
        present.into_iter().chain(past).collect()
    }

    /// What the version of the standard that the manifest names renders for this line.
    fn rendered(&self) -> &[RenderedFile] {
        self.rendered.get_or_init(|| {
            let reference = self.returned.manifest.as_ref().map(|manifest| manifest.blueprint.as_str());
            let (Some(entry), Some(reference)) = (self.entry, reference) else { return vec![] };
            let again =
                self.counting.iter().filter_map(|counting| render(self.work, entry, reference, counting));
            again.flatten().collect()
        })
    }
}

/// Renders a line as another version of its blueprint, or other deviations, would have it.
pub(super) fn render(
    work: &Work<'_>,
    (site, entry): (&str, &LineEntry),
    reference: &str,
    counting: &BTreeSet<String>,
) -> Option<Vec<RenderedFile>> {
    let lenient = Lenient { counting: counting.clone(), ..Lenient::default() };
    let resolver = Resolver::lenient(work.fleet, work.resolver.as_of, &lenient);
    let mut findings = vec![];
    let mut line = work.fleet.read_line(entry, &mut findings)?;
    if !reference.is_empty() {
        reference.clone_into(&mut line.model.blueprint);
    }
    let plan = resolver.line_from(&resolver.site(site), &entry.id, Some(line), findings).ok()?;
    work.renderer.line(&plan).ok()
}

fn known<'a>(bytes: Vec<u8>) -> Base<'a> {
    Base::Known(Side::Bytes(Cow::Owned(bytes)))
}

fn digest(bytes: &[u8]) -> String {
    format!("b3:{}", blake3::hash(bytes).to_hex())
}
