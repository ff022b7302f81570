//! What was read back from one line or site: its files, the manifest that was deployed with them, and when.

use super::collection::Collection;
use crate::cli::write::{MANIFEST, Manifest};
use crate::source::{Tree, parse};
use std::collections::BTreeSet;
use std::sync::Arc;

/// When and how the files were read back; never compared.
pub(super) const COLLECTED: &str = "collected.yaml";

/// What lies in a line's folder under deployed/.
#[derive(Debug, Default)]
pub(super) struct Returned {
    /// Its folder below deployed/.
    pub(super) below: String,
    /// Its files, relative to the folder.
    pub(super) names: BTreeSet<String>,
    pub(super) manifest: Option<Manifest>,
    pub(super) collection: Option<Collection>,
    /// What could not be read.
    pub(super) problems: Vec<Unread>,
}

/// A file that goes with a read-back and could not be read.
#[derive(Debug)]
pub(super) struct Unread {
    /// The file; empty for the folder.
    pub(super) file: &'static str,
    pub(super) line: Option<u32>,
    pub(super) why: String,
    /// What to do, where it is not to read the line back again.
    pub(super) next: Option<&'static str>,
}

impl Unread {
    fn new(file: &'static str, why: impl Into<String>) -> Self {
        Self { file, line: None, why: why.into(), next: None }
    }
}

impl Returned {
    pub(super) fn read(deployed: &Tree, below: &str) -> Self {
        let mut returned = Self { below: below.to_owned(), ..Self::default() };
        match deployed.walk(below) {
            Ok(names) => returned.names = names.into_iter().collect(),
            Err(error) => returned.problems.push(Unread::new("", error.to_string())),
        }
        if returned.names.remove(MANIFEST) {
            match deployed.bytes(&returned.path(MANIFEST)).map(|bytes| serde_json::from_slice(&bytes)) {
                Ok(Ok(manifest)) => returned.manifest = Some(manifest),
                Ok(Err(_)) => returned.problems.push(Unread::new(MANIFEST, "it is no manifest of jig")),
                Err(error) => returned.problems.push(Unread::new(MANIFEST, error.to_string())),
            }
        }
        if returned.names.remove(COLLECTED) {
            match read_collection(deployed, &returned.path(COLLECTED)) {
                Ok(collection) => returned.collection = Some(collection),
                Err(unread) => returned.problems.push(unread),
            }
        }
        returned
    }

    /// The path of one of its files below deployed/.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.below)
    }

    /// Whether the file that says when it was read back is there, and cannot be read.
    pub(super) fn is_collection_unread(&self) -> bool {
        self.problems.iter().any(|unread| unread.file == COLLECTED)
    }

    /// Whether there is nothing to compare, and nothing that says why.
    pub(super) fn is_nothing(&self) -> bool {
        let explained =
            |collection: &Collection| collection.targets.values().any(|target| target.status != "ok");
        self.names.is_empty() && !self.collection.as_ref().is_some_and(explained)
    }
}

fn read_collection(deployed: &Tree, path: &str) -> Result<Collection, Unread> {
    let text = deployed.text(path, path).map_err(|error| Unread::new(COLLECTED, error.to_string()))?;
    let text = Arc::new(text);
    let wrong = |at: Option<u32>, why: String| {
        let line = at.map(|at| text.position(at).line);
        let next =
            Some("correct the file that the collection wrote; until then nobody can vouch for the line");
        Unread { line, next, ..Unread::new(COLLECTED, why) }
    };
    let document = parse(text.clone()).map_err(|problems| {
        let at = problems.first().map(|problem| problem.span.start);
        let words = problems
            .iter()
            .map(|problem| format!("line {}: {}", text.position(problem.span.start).line, problem.message));
        wrong(at, words.collect::<Vec<_>>().join("; "))
    })?;
    if let Some((at, why)) = Collection::slip(&document) {
        return Err(wrong(Some(at), why));
    }
    Collection::read(document.root.to_json()).map_err(|why| wrong(None, why))
}
