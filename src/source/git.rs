//! The fleet as a commit holds it, and what a change changes.
//!
//! Everything is read from git's objects. A checkout, an index or a work tree is never looked at, so that a sparse,
//! dirty or half-merged one changes nothing. Folders that are the same in both commits are never opened.

use super::tree::{Entry, ReadError};
use super::versions::VersionError;
use git2::{Delta, DiffOptions, ErrorCode, ObjectType, Oid, Repository};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Whether repositories of other owners are read.
static TRUSTING: AtomicBool = AtomicBool::new(false);

/// Reads repositories that belong to another user from here on. Only objects are read: no hook, filter or
/// configuration of the repository runs.
pub fn trust_other_owners() {
    TRUSTING.store(true, Ordering::Relaxed);
}

/// Opens the repository around a folder, and names its work tree; `None` without one.
pub(super) fn discover(fleet: &Path) -> Result<Option<(Repository, PathBuf)>, VersionError> {
    let opened = if TRUSTING.load(Ordering::Relaxed) {
        Repository::discover_path(fleet, std::iter::empty::<&Path>()).and_then(Repository::open_bare)
    } else {
        Repository::discover(fleet)
    };
    let repository = match opened {
        Ok(repository) => repository,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) if error.code() == ErrorCode::Owner => {
            return Err(VersionError::Owner(fleet.display().to_string()));
        }
        Err(error) => return Err(git(&error)),
    };
    let workdir = repository.workdir().map(Path::to_path_buf).or_else(|| trusted_workdir(fleet));
    let Some(workdir) = workdir else { return Ok(None) };
    Ok(Some((repository, workdir)))
}

/// The work tree of a repository that was opened without one: the folder that holds `.git`, which is a folder, or a
/// file in a linked work tree or submodule.
fn trusted_workdir(fleet: &Path) -> Option<PathBuf> {
    let fleet = fleet.canonicalize().ok().filter(|_| TRUSTING.load(Ordering::Relaxed))?;
    fleet.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf)
}

fn git(error: &git2::Error) -> VersionError {
    VersionError::Git(error.message().to_owned())
}

/// Says why a folder of a repository lacks a file that the repository may hold, and what to do about it.
pub fn not_checked_out(folder: &Path, file: &str) -> Option<(String, &'static str)> {
    let is_bare = Repository::open(folder).is_ok_and(|repository| repository.is_bare());
    if is_bare {
        let message = format!("`{}` is a bare git repository: it has no files", folder.display());
        return Some((message, "`git worktree add DIR`, and run jig in DIR"));
    }
    let repo = Repo::open(folder).ok()??;
    let head = repo.head().ok()??;
    let held = repo.snapshot(&head).ok()??.contains(file);
    let message = || format!("`{file}` is in git, and not checked out here");
    held.then(|| {
        (message(), "`git checkout -- jig.yaml`, in a sparse checkout `git sparse-checkout add jig.yaml`")
    })
}

/// Repositories for several threads at once: each is used by one at a time.
#[derive(Debug)]
struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Handle>>,
}

struct Handle(Repository);

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}

impl Pool {
    fn with<T>(&self, work: impl FnOnce(&Repository) -> Result<T, git2::Error>) -> Result<T, git2::Error> {
        let idle = self.idle.lock().expect("no thread panics while it holds the pool").pop();
        // The owner was checked when the first one was opened.
        let handle = idle.map_or_else(|| Repository::open_bare(&self.path).map(Handle), Ok)?;
        let result = work(&handle.0);
        self.idle.lock().expect("no thread panics while it holds the pool").push(handle);
        result
    }
}

/// The repository that a fleet lies in.
#[derive(Debug, Clone)]
pub struct Repo {
    pool: Arc<Pool>,
    /// The fleet's folder inside the repository, with `/`; empty for its root.
    prefix: String,
    shallow: bool,
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    id: Oid,
    /// Its parents, oldest branch first.
    parents: Vec<Oid>,
}

impl Commit {
    /// The first digits of its name.
    pub fn short(&self) -> String {
        self.id.to_string().chars().take(10).collect()
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.id.to_string()
    }

    /// Whether it joins two lines of history.
    pub fn is_merge(&self) -> bool {
        self.parents.len() > 1
    }
}

/// A file that differs between two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its path in the fleet.
    pub path: String,
    /// Whether the older commit holds it.
    pub before: bool,
    /// Whether the newer commit holds it.
    pub after: bool,
}

impl Repo {
    /// Finds the repository around a fleet; `None` without one.
    pub fn open(fleet: &Path) -> Result<Option<Self>, VersionError> {
        let Some((repository, workdir)) = discover(fleet)? else { return Ok(None) };
        // Hashing every object that is read again costs more than reading it, and is `git fsck`'s to do.
        git2::opts::strict_hash_verification(false);
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| PathBuf::from(path));
        let inner = real(fleet).strip_prefix(real(&workdir)).map(Path::to_path_buf).unwrap_or_default();
        let parts: Vec<_> = inner.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let shallow = repository.is_shallow();
        let pool = Pool { path: repository.path().to_path_buf(), idle: Mutex::default() };
        pool.idle.lock().expect("the pool is new").push(Handle(repository));
        Ok(Some(Self { pool: Arc::new(pool), prefix: parts.join("/"), shallow }))
    }

    /// Returns the fleet's folder inside the repository, with `/`; empty for its root.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether history is cut off.
    pub fn is_shallow(&self) -> bool {
        self.shallow
    }

    /// Returns the commit that is checked out; `None` before the first one.
    pub fn head(&self) -> Result<Option<Commit>, VersionError> {
        let found = self.pool.with(|repository| match repository.head() {
            Ok(head) => head.peel_to_commit().map(|commit| Some(described(&commit))),
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => Ok(None),
            Err(error) => Err(error),
        });
        found.map_err(|error| git(&error))
    }

    /// Finds a commit by name: a branch, a tag, or digits; `None` where there is none.
    pub fn commit(&self, name: &str) -> Option<Commit> {
        self.pool
            .with(|repository| {
                repository.revparse_single(name)?.peel_to_commit().map(|commit| described(&commit))
            })
            .ok()
    }

    /// Returns the first parent; `None` where it was not fetched.
    pub fn first_parent(&self, commit: &Commit) -> Option<Commit> {
        let first = *commit.parents.first()?;
        self.pool.with(|repository| repository.find_commit(first).map(|commit| described(&commit))).ok()
    }

    /// Returns where the histories of two commits meet; `None` where what is here does not tell.
    pub fn meeting(&self, one: &Commit, other: &Commit) -> Option<Commit> {
        self.pool
            .with(|repository| {
                let id = repository.merge_base(one.id, other.id)?;
                repository.find_commit(id).map(|commit| described(&commit))
            })
            .ok()
    }

    /// Returns the fleet as a commit holds it; `None` where the commit does not hold its folder.
    pub fn snapshot(&self, commit: &Commit) -> Result<Option<Snapshot>, VersionError> {
        let root = self.pool.with(|repository| {
            let tree = repository.find_commit(commit.id)?.tree()?;
            if self.prefix.is_empty() {
                return Ok(Some(tree.id()));
            }
            match tree.get_path(Path::new(&self.prefix)) {
                Ok(entry) => Ok(Some(entry.id())),
                Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        });
        let root = root.map_err(|error| git(&error))?;
        Ok(root.map(|root| Snapshot { pool: self.pool.clone(), root, folders: Arc::default() }))
    }

    /// Lists the files of the fleet that differ between two commits.
    pub fn changes(&self, before: Option<&Snapshot>, after: &Snapshot) -> Result<Vec<Changed>, VersionError> {
        let found = self.pool.with(|repository| {
            let old = before.map(|snapshot| repository.find_tree(snapshot.root)).transpose()?;
            let new = repository.find_tree(after.root)?;
            let mut options = DiffOptions::new();
            options.ignore_submodules(true).skip_binary_check(true);
            let diff = repository.diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options))?;
            let changed = |delta: git2::DiffDelta<'_>| {
                let path = delta.new_file().path().or(delta.old_file().path())?;
                let path: Vec<_> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                Some(Changed {
                    path: path.join("/"),
                    before: delta.status() != Delta::Added,
                    after: delta.status() != Delta::Deleted,
                })
            };
            Ok(diff.deltas().filter_map(changed).collect())
        });
        found.map_err(|error| git(&error))
    }
}

/// A shallow clone hides the parents that it does not hold; the commit itself still names them.
fn described(commit: &git2::Commit<'_>) -> Commit {
    let header = String::from_utf8_lossy(commit.raw_header_bytes()).into_owned();
    let named = header.lines().filter_map(|line| Oid::from_str(line.strip_prefix("parent ")?).ok());
    Commit { id: commit.id(), parents: named.collect() }
}

/// A folder of a commit.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pool: Arc<Pool>,
    root: Oid,
    /// Folders that were opened; git itself would read a large one again for each of its files.
    folders: Arc<Mutex<HashMap<String, Folder>>>,
}

/// The entries of a folder by name; `None` where there is no such folder.
type Folder = Option<Arc<HashMap<String, (Oid, ObjectType)>>>;

impl Snapshot {
    /// Returns whether there is a file or folder at `path`.
    pub(super) fn contains(&self, path: &str) -> bool {
        self.find(path).is_ok_and(|found| found.is_some())
    }

    /// Reads a file.
    pub(super) fn bytes(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let missing = || ReadError::Missing(path.to_owned());
        let (id, kind) = self.find(path).map_err(|error| refused(path, &error))?.ok_or_else(missing)?;
        if kind != ObjectType::Blob {
            return Err(ReadError::Refused(path.to_owned(), "it is not a file".into()));
        }
        let read = self.pool.with(|repository| {
            let blob = repository.find_blob(id)?;
            let fits = blob.size() as u64 <= super::tree::MAX_BYTES;
            Ok(fits.then(|| blob.content().to_vec()))
        });
        read.map_err(|error| refused(path, &error))?.ok_or_else(|| ReadError::TooLarge(path.to_owned()))
    }

    /// Lists a folder; one that does not exist is empty.
    pub(super) fn list(&self, path: &str) -> Result<Vec<Entry>, ReadError> {
        let Some(folder) = self.folder(path).map_err(|error| refused(path, &error))? else {
            return Ok(vec![]);
        };
        let entries =
            folder.iter().filter(|(_, (_, kind))| matches!(kind, ObjectType::Tree | ObjectType::Blob));
        Ok(entries
            .map(|(name, (_, kind))| Entry { name: name.clone(), is_folder: *kind == ObjectType::Tree })
            .collect())
    }

    /// Opens a folder, once.
    fn folder(&self, path: &str) -> Result<Folder, git2::Error> {
        let known = || self.folders.lock().expect("no thread panics while it holds the folders");
        if let Some(folder) = known().get(path) {
            return Ok(folder.clone());
        }
        let id = if path.is_empty() {
            Some(self.root)
        } else {
            self.find(path)?.filter(|(_, kind)| *kind == ObjectType::Tree).map(|(id, _)| id)
        };
        let read = |id: Oid| {
            self.pool.with(|repository| {
                let tree = repository.find_tree(id)?;
                let entry = |entry: git2::TreeEntry<'_>| {
                    Some((
                        String::from_utf8_lossy(entry.name_bytes()).into_owned(),
                        (entry.id(), entry.kind()?),
                    ))
                };
                Ok(Arc::new(tree.iter().filter_map(entry).collect()))
            })
        };
        let folder = id.map(read).transpose()?;
        known().insert(path.to_owned(), folder.clone());
        Ok(folder)
    }

    fn find(&self, path: &str) -> Result<Option<(Oid, ObjectType)>, git2::Error> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok(self.folder(parent)?.and_then(|folder| folder.get(name).copied()))
    }
}

/// A promised object of a partial clone, or a broken one.
fn refused(path: &str, error: &git2::Error) -> ReadError {
    ReadError::Refused(path.to_owned(), format!("git: {}", error.message()))
}
