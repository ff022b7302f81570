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
    /// What could not be read, and why.
    pub(super) problems: Vec<(&'static str, String)>,
}

impl Returned {
    pub(super) fn read(deployed: &Tree, below: &str) -> Self {
        let mut returned = Self { below: below.to_owned(), ..Self::default() };
        match deployed.walk(below) {
            Ok(names) => returned.names = names.into_iter().collect(),
            Err(error) => returned.problems.push(("", error.to_string())),
        }
        if returned.names.remove(MANIFEST) {
            match deployed.bytes(&returned.path(MANIFEST)).map(|bytes| serde_json::from_slice(&bytes)) {
                Ok(Ok(manifest)) => returned.manifest = Some(manifest),
                Ok(Err(_)) => returned.problems.push((MANIFEST, "it is no manifest of jig".into())),
                Err(error) => returned.problems.push((MANIFEST, error.to_string())),
            }
        }
        if returned.names.remove(COLLECTED) {
            match read_collection(deployed, &returned.path(COLLECTED)) {
                Ok(collection) => returned.collection = Some(collection),
                Err(why) => returned.problems.push((COLLECTED, why)),
            }
        }
        returned
    }

    /// The path of one of its files below deployed/.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.below)
    }

    /// Whether there is nothing to compare, and nothing that says why.
    pub(super) fn is_nothing(&self) -> bool {
        let explained =
            |collection: &Collection| collection.targets.values().any(|target| target.status != "ok");
        self.names.is_empty() && !self.collection.as_ref().is_some_and(explained)
    }
}

fn read_collection(deployed: &Tree, path: &str) -> Result<Collection, String> {
    let text = deployed.text(path, path).map_err(|error| error.to_string())?;
    let text = Arc::new(text);
    let document = parse(text.clone()).map_err(|problems| {
        let words = problems
            .iter()
            .map(|problem| format!("line {}: {}", text.position(problem.span.start).line, problem.message));
        words.collect::<Vec<_>>().join("; ")
    })?;
    Collection::read(document.root.to_json())
}
