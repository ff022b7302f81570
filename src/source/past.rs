//! Earlier versions of a file: what git keeps of it, the newest first.
//!
//! History is walked once, and only when somebody asks: which commit changed which file below one folder. Contents
//! are read from git objects when they are wanted.

use super::versions::{VersionError, slashes};
use git2::{Delta, DiffOptions, Oid, Repository, Sort};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

/// Most commits that are looked at.
const MAX_COMMITS: usize = 20_000;

/// The versions of the files below one folder of a fleet.
pub struct Past {
    repository: Mutex<Repository>,
    /// The folder inside the repository, with `/`.
    folder: String,
    /// Contents by path below the folder, the newest first; walked when first asked for.
    index: OnceLock<HashMap<String, Vec<Oid>>>,
}

impl Past {
    /// Finds the repository around a fleet; `None` without one.
    ///
    /// # Errors
    /// Git itself failed.
    pub fn open(fleet: &Path, folder: &str) -> Result<Option<Self>, VersionError> {
        let Some((repository, workdir)) = super::git::discover(fleet)? else { return Ok(None) };
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| PathBuf::from(path));
        let prefix = real(fleet).strip_prefix(real(&workdir)).map(slashes).unwrap_or_default();
        let folder = if prefix.is_empty() { folder.to_owned() } else { format!("{prefix}/{folder}") };
        Ok(Some(Self { repository: Mutex::new(repository), folder, index: OnceLock::new() }))
    }

    /// Returns the versions of a file below the folder, the newest first; none where git does not know it.
    pub fn versions(&self, path: &str) -> Vec<Vec<u8>> {
        let repository = self.repository.lock().expect("no thread panics while it reads git");
        let index = self.index.get_or_init(|| walk(&repository, &self.folder).unwrap_or_default());
        let known = index.get(path).map(Vec::as_slice).unwrap_or_default();
        let read = |id: &Oid| repository.find_blob(*id).ok().map(|blob| blob.content().to_vec());
        known.iter().filter_map(read).collect()
    }
}

fn walk(repository: &Repository, folder: &str) -> Result<HashMap<String, Vec<Oid>>, git2::Error> {
    let mut index: HashMap<String, Vec<Oid>> = HashMap::new();
    let mut commits = repository.revwalk()?;
    commits.set_sorting(Sort::TIME | Sort::TOPOLOGICAL)?;
    commits.push_head()?;
    let below = format!("{folder}/");
    for id in commits.take(MAX_COMMITS) {
        let commit = repository.find_commit(id?)?;
        let tree = commit.tree()?;
        let own = tree.get_path(Path::new(folder)).ok().map(|entry| entry.id());
        // A root commit is compared with nothing, a merge with its first parent.
        let parent = commit.parents().next().map(|parent| parent.tree()).transpose()?;
        let before =
            parent.as_ref().and_then(|tree| tree.get_path(Path::new(folder)).ok()).map(|entry| entry.id());
        if own == before {
            continue;
        }
        let mut options = DiffOptions::new();
        options.pathspec(folder).disable_pathspec_match(true);
        let diff = repository.diff_tree_to_tree(parent.as_ref(), Some(&tree), Some(&mut options))?;
        for delta in diff.deltas().filter(|delta| delta.status() != Delta::Deleted) {
            let file = delta.new_file();
            let path = file.path().map(slashes).unwrap_or_default();
            if let Some(path) = path.strip_prefix(&below) {
                let versions = index.entry(path.to_owned()).or_default();
                if !versions.contains(&file.id()) {
                    versions.push(file.id());
                }
            }
        }
    }
    Ok(index)
}
