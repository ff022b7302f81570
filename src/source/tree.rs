//! Where files come from: a folder, a revision in git, or the program itself.
//!
//! Listing is always sorted, names are relative with `/`, and what cannot be read says why: a file that is left
//! out silently would read as "in order".

use super::{Position, Text};
use include_dir::Dir;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest file that is read, in bytes.
pub(crate) const MAX_BYTES: u64 = 16 << 20;

/// Deepest nesting of folders that is read.
const MAX_DEPTH: u8 = 32;

/// A thing in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name, without folder.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error("there is no file `{0}`")]
    Missing(String),
    /// The system refused.
    #[error("cannot read `{0}`: {1}")]
    Refused(String, String),
    /// The bytes are not text.
    #[error("`{0}` is not UTF-8 text")]
    NotText(String, Position),
    /// The file is beyond [`MAX_BYTES`].
    #[error("`{0}` is larger than {max} MiB", max = MAX_BYTES >> 20)]
    TooLarge(String),
}

/// A tree of files that can be read by relative path.
#[derive(Debug, Clone)]
pub enum Tree {
    /// A folder on disk.
    Folder(Folder),
    /// Files held in memory, read from a revision in git.
    Revision(Arc<std::collections::BTreeMap<String, Vec<u8>>>),
    /// The fleet as a commit holds it, read when it is asked for.
    Commit(super::git::Snapshot),
    /// A tree of which some files and folders are taken from another.
    Over(Arc<Over>),
    /// A folder built into the program.
    Embedded(&'static Dir<'static>),
    /// A tree in which some files are others: for asking "what if".
    Changed(Arc<(Tree, std::collections::BTreeMap<String, Vec<u8>>)>),
}

/// A tree over another.
#[derive(Debug)]
pub struct Over {
    /// What is read.
    pub tree: Tree,
    /// What is read instead for `paths`.
    pub over: Tree,
    /// Files and folders of the fleet's own folder.
    pub paths: &'static [&'static str],
}

impl Over {
    fn of(&self, path: &str) -> &Tree {
        let first = path.split('/').next().unwrap_or_default();
        if self.paths.contains(&first) { &self.over } else { &self.tree }
    }
}

/// A folder on disk.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Its path.
    pub path: PathBuf,
}

impl Tree {
    /// The same tree with a file put in its place, in memory.
    #[must_use]
    pub fn with(self, path: &str, bytes: Vec<u8>) -> Self {
        Self::Changed(Arc::new((self, std::collections::BTreeMap::from([(path.to_owned(), bytes)]))))
    }

    /// Opens a folder on disk.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self::Folder(Folder { path: path.into() })
    }

    /// Returns whether there is a file or folder at `path`.
    pub fn contains(&self, path: &str) -> bool {
        match self {
            Self::Folder(folder) => folder.path.join(path).symlink_metadata().is_ok(),
            Self::Revision(files) => {
                files.contains_key(path)
                    || files.range(format!("{path}/")..).next().is_some_and(|(name, _)| {
                        name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
                    })
            }
            Self::Commit(snapshot) => snapshot.contains(path),
            Self::Over(over) => over.of(path).contains(path),
            Self::Embedded(dir) => dir.get_entry(path).is_some(),
            Self::Changed(changed) => {
                let below = changed
                    .1
                    .keys()
                    .any(|name| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')));
                changed.1.contains_key(path) || below || changed.0.contains(path)
            }
        }
    }

    /// Reads a file as bytes. `path` is relative, with `/`.
    pub fn bytes(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match self {
            Self::Folder(folder) => read_file(&folder.path.join(path), path),
            Self::Revision(files) => {
                files.get(path).cloned().ok_or_else(|| ReadError::Missing(path.to_owned()))
            }
            Self::Commit(snapshot) => snapshot.bytes(path),
            Self::Over(over) => over.of(path).bytes(path),
            Self::Embedded(dir) => dir
                .get_file(path)
                .map(|file| file.contents().to_vec())
                .ok_or_else(|| ReadError::Missing(path.to_owned())),
            Self::Changed(changed) => match changed.1.get(path) {
                Some(bytes) => Ok(bytes.clone()),
                None => changed.0.bytes(path),
            },
        }
    }

    /// Reads a text file; `name` is what reports call it.
    pub fn text(&self, path: &str, name: &str) -> Result<Text, ReadError> {
        match String::from_utf8(self.bytes(path)?) {
            Ok(content) => Ok(Text::new(name, content)),
            Err(error) => {
                let end = error.utf8_error().valid_up_to();
                let before = String::from_utf8_lossy(&error.as_bytes()[..end]).into_owned();
                Err(ReadError::NotText(name.to_owned(), Text::new(name, before).position(end as u32)))
            }
        }
    }

    /// Lists a folder by name; a folder that does not exist is empty.
    pub fn list(&self, path: &str) -> Result<Vec<Entry>, ReadError> {
        let mut entries = match self {
            Self::Folder(folder) => list_folder(&folder.path.join(path), path)?,
            Self::Revision(files) => list_names(files.keys().map(String::as_str), path),
            Self::Commit(snapshot) => snapshot.list(path)?,
            Self::Over(over) => return over.of(path).list(path),
            Self::Embedded(dir) => {
                let dir = if path.is_empty() { Some(*dir) } else { dir.get_dir(path) };
                let entries = dir.map(|dir| dir.entries()).unwrap_or_default();
                let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
                entries
                    .iter()
                    .filter_map(|e| Some(Entry { name: name(e.path())?, is_folder: e.as_dir().is_some() }))
                    .collect()
            }
            Self::Changed(changed) => {
                let mut entries = changed.0.list(path)?;
                entries.extend(list_names(changed.1.keys().map(String::as_str), path));
                entries.sort();
                entries.dedup();
                entries
            }
        };
        entries.sort();
        Ok(entries)
    }

    /// Lists every file below `path`, sorted, relative to `path`. What lies deeper than 32 folders is refused:
    /// leaving it out would read as "in order", and a link that leads back has no end.
    pub fn walk(&self, path: &str) -> Result<Vec<String>, ReadError> {
        let mut files = vec![];
        self.walk_into(path, "", 0, &mut files)?;
        Ok(files)
    }

    fn walk_into(
        &self,
        root: &str,
        below: &str,
        depth: u8,
        files: &mut Vec<String>,
    ) -> Result<(), ReadError> {
        let here = if below.is_empty() { root.to_owned() } else { join(root, below) };
        for entry in self.list(&here)? {
            let name = join(below, &entry.name);
            if !entry.is_folder {
                files.push(name);
            } else if depth < MAX_DEPTH {
                self.walk_into(root, &name, depth + 1, files)?;
            } else {
                let why = "folders are nested too deep, or a link leads back into its own folder";
                return Err(ReadError::Refused(name, why.into()));
            }
        }
        Ok(())
    }
}

/// Joins two relative paths with `/`.
fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn read_file(path: &Path, name: &str) -> Result<Vec<u8>, ReadError> {
    let refused = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => ReadError::Missing(name.to_owned()),
        _ => ReadError::Refused(name.to_owned(), error.to_string()),
    };
    // Looked at before it is opened: opening a pipe waits for somebody to write into it.
    let meta = fs::metadata(path).map_err(|error| refused(&error))?;
    if !meta.is_file() {
        return Err(ReadError::Refused(name.to_owned(), "it is not a regular file".into()));
    }
    let mut file = fs::File::open(path).map_err(|error| refused(&error))?;
    if meta.len() > MAX_BYTES {
        return Err(ReadError::TooLarge(name.to_owned()));
    }
    // One read for what it said to hold; a file that grows meanwhile is read to its end.
    let mut bytes = vec![0; meta.len() as usize];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(refused(&error)),
        }
    }
    bytes.truncate(filled);
    let room = MAX_BYTES + 1 - filled as u64;
    file.take(room).read_to_end(&mut bytes).map_err(|error| refused(&error))?;
    Ok(bytes)
}

fn list_folder(path: &Path, name: &str) -> Result<Vec<Entry>, ReadError> {
    let refused = |error: std::io::Error| ReadError::Refused(name.to_owned(), error.to_string());
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(refused(error)),
    };
    let mut out = vec![];
    for entry in entries {
        let entry = entry.map_err(refused)?;
        let kind = entry.file_type().map_err(refused)?;
        // A link counts as what it points to; a dangling one is a file that cannot be read.
        let is_folder = if kind.is_symlink() { entry.path().is_dir() } else { kind.is_dir() };
        let name = entry.file_name().into_string().map_err(|odd| {
            ReadError::Refused(odd.to_string_lossy().into_owned(), "its name is not UTF-8".into())
        })?;
        out.push(Entry { name, is_folder });
    }
    Ok(out)
}

fn list_names<'a>(names: impl Iterator<Item = &'a str>, folder: &str) -> Vec<Entry> {
    let mut out: Vec<Entry> = vec![];
    for name in names {
        let rest = if folder.is_empty() {
            name
        } else {
            match name.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) {
                Some(rest) => rest,
                None => continue,
            }
        };
        let (first, is_folder) = rest.split_once('/').map_or((rest, false), |(first, _)| (first, true));
        if out.last().is_none_or(|last| last.name != first) {
            out.push(Entry { name: first.to_owned(), is_folder });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_lists_like_a_folder() {
        let files = ["a/b.yaml", "a/c/d.yaml", "e"].map(|name| (name.to_owned(), vec![]));
        let tree = Tree::Revision(Arc::new(files.into_iter().collect()));
        let names: Vec<_> =
            tree.list("a").expect("lists").into_iter().map(|e| (e.name, e.is_folder)).collect();
        assert_eq!(names, [("b.yaml".to_owned(), false), ("c".to_owned(), true)]);
        assert_eq!(tree.walk("").expect("walks"), ["a/b.yaml", "a/c/d.yaml", "e"]);
        assert!(tree.contains("a/c") && !tree.contains("a/x"));
    }
}
