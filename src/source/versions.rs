//! Released blueprint versions: the tag `<blueprint>/<version>` of the repository that holds the fleet.
//!
//! Files are read from git objects, never from a checkout, so that a dirty or sparse work tree changes nothing.

use super::Tree;
use git2::{ObjectType, Repository, TreeWalkMode, TreeWalkResult};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The repository that a fleet lies in.
pub struct History {
    repository: Repository,
    /// The fleet's folder inside the repository, with `/`, empty for its root.
    prefix: String,
}

/// Why an old version cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// The fleet is not in a git repository.
    #[error("the fleet is not in a git repository")]
    NoRepository,
    /// There is no such tag.
    #[error("git has no tag `{tag}`{}", if *.shallow { " (this clone is shallow)" } else { "" })]
    NoTag {
        /// The tag looked for.
        tag: String,
        /// Whether the clone is shallow.
        shallow: bool,
    },
    /// The tag does not hold the folder.
    #[error("tag `{0}` holds no folder `{1}`")]
    NoFolder(String, String),
    /// The repository belongs to another user.
    #[error("the repository around `{0}` belongs to another user")]
    Owner(String),
    /// Git itself failed.
    #[error("git: {0}")]
    Git(String),
}

impl VersionError {
    /// Returns what to run or do.
    pub fn next(&self) -> &'static str {
        match self {
            Self::NoRepository => {
                "keep that version in a folder `blueprints/<id>@<version>/`, or put the fleet under git"
            }
            Self::NoTag { shallow: true, .. } => "run `git fetch --unshallow --tags`",
            Self::NoTag { .. } => "run `git fetch --tags`, or name a version that exists",
            Self::NoFolder(..) => "check the tag; it must hold the blueprint's folder",
            Self::Owner(_) => {
                "`git config --global --add safe.directory PATH` with its path, or say --trust-repo"
            }
            Self::Git(_) => "run `git fsck`",
        }
    }
}

impl History {
    /// Finds the repository around `fleet`; `None` without one.
    pub fn open(fleet: &Path) -> Result<Option<Self>, VersionError> {
        let Some((repository, workdir)) = super::git::discover(fleet)? else { return Ok(None) };
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| PathBuf::from(path));
        let prefix = real(fleet).strip_prefix(real(&workdir)).map(slashes).unwrap_or_default();
        Ok(Some(Self { repository, prefix }))
    }

    /// Reads `folder` of the fleet as the tag `tag` holds it.
    pub fn folder_at_tag(&self, tag: &str, folder: &str) -> Result<Tree, VersionError> {
        let shallow = self.repository.is_shallow();
        let reference = self
            .repository
            .find_reference(&format!("refs/tags/{tag}"))
            .map_err(|_| VersionError::NoTag { tag: tag.to_owned(), shallow })?;
        let git = |error: &git2::Error| VersionError::Git(error.message().to_owned());
        let root = reference.peel_to_tree().map_err(|error| git(&error))?;
        let path =
            if self.prefix.is_empty() { folder.to_owned() } else { format!("{}/{folder}", self.prefix) };
        let missing = || VersionError::NoFolder(tag.to_owned(), path.clone());
        let entry = root.get_path(Path::new(&path)).map_err(|_| missing())?;
        let object = entry.to_object(&self.repository).map_err(|error| git(&error))?;
        let tree = object.peel_to_tree().map_err(|_| missing())?;
        let mut files = BTreeMap::new();
        tree.walk(TreeWalkMode::PreOrder, |parent, entry| {
            if entry.kind() == Some(ObjectType::Blob)
                && let (Ok(name), Ok(object)) = (entry.name(), entry.to_object(&self.repository))
                && let Some(blob) = object.as_blob()
            {
                files.insert(format!("{parent}{name}"), blob.content().to_vec());
            }
            TreeWalkResult::Ok
        })
        .map_err(|error| git(&error))?;
        Ok(Tree::Revision(Arc::new(files)))
    }

    /// Lists the versions that tags `<blueprint>/...` name.
    pub fn versions_of(&self, blueprint: &str) -> Vec<String> {
        let pattern = format!("{blueprint}/*");
        let Ok(names) = self.repository.tag_names(Some(&pattern)) else { return vec![] };
        let cut = blueprint.len() + 1;
        names.iter().flatten().flatten().map(|name| name[cut..].to_owned()).collect()
    }
}

pub(super) fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    parts.join("/")
}
