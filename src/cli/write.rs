//! Files on disk: all or nothing per line, each file old or new, nothing of others touched.
//!
//! The new manifest is written first under a pending name, then the files, each beside its place and renamed, then
//! the pending manifest takes its place. After a kill the pending manifest tells the next run which files are
//! jig's own, so that nothing is taken for an edit by hand.

use crate::render::RenderedFile;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

/// The manifest of a folder.
pub(crate) const MANIFEST: &str = "manifest.json";
const PENDING: &str = "manifest.json.jig-tmp";
const TEMPORARY: &str = ".jig-tmp";

/// What jig wrote into one folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) address: String,
    pub(crate) blueprint: String,
    pub(crate) inputs: String,
    pub(crate) files: Vec<ManifestFile>,
}

/// One file of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManifestFile {
    pub(crate) path: String,
    pub(crate) digest: String,
    pub(crate) owner: String,
    pub(crate) target: String,
    pub(crate) target_digest: String,
    pub(crate) template: String,
    pub(crate) flows: Vec<String>,
}

impl Manifest {
    /// Makes the manifest of rendered files; paths are relative to it, sorted.
    pub(crate) fn of(address: &str, blueprint: &str, inputs: &str, files: &[RenderedFile]) -> Self {
        let mut listed: Vec<ManifestFile> = files
            .iter()
            .map(|file| ManifestFile {
                path: file.path.clone(),
                digest: file.digest.clone(),
                owner: file.owner.clone(),
                target: file.target.clone(),
                target_digest: file.target_digest.clone(),
                template: file.template.clone(),
                flows: file.flows.clone(),
            })
            .collect();
        listed.sort_by(|a, b| a.path.cmp(&b.path));
        Self {
            format: 1,
            address: address.into(),
            blueprint: blueprint.into(),
            inputs: inputs.into(),
            files: listed,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a manifest is plain data");
        bytes.push(b'\n');
        bytes
    }
}

/// What became, or would become, of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileState {
    Written,
    Unchanged,
    Removed,
    HandEdited,
}

impl FileState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Unchanged => "unchanged",
            Self::Removed => "removed",
            Self::HandEdited => "hand-edited",
        }
    }
}

/// How to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mode {
    /// Only look what would be done.
    pub(crate) look: bool,
    /// Overwrite and remove also what was edited by hand.
    pub(crate) force: bool,
}

/// What was done, or would be, file by file, sorted by path.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) files: Vec<(String, FileState)>,
    /// Whether anything on disk differs from what is wanted, the manifest included.
    pub(crate) changed: bool,
}

impl Done {
    /// The files that stand in the way.
    pub(crate) fn edited(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter(|(_, state)| *state == FileState::HandEdited).map(|(path, _)| path.as_str())
    }
}

/// Reads the manifest of a folder; one that cannot be read counts as none.
pub(crate) fn read_manifest(folder: &Path) -> Option<Manifest> {
    read_file(&folder.join(MANIFEST))
}

/// Whether a folder holds what a run of jig wrote, also one that was cut off.
pub(crate) fn is_written(folder: &Path) -> bool {
    [MANIFEST, PENDING].iter().any(|name| folder.join(name).is_file())
}

/// Reads a manifest. It may have been edited: paths that lead out of its folder are not jig's.
fn read_file(path: &Path) -> Option<Manifest> {
    if !path.is_file() {
        return None; // reading a pipe would wait for ever
    }
    let mut manifest: Manifest = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let stays = |path: &str| {
        !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
    };
    manifest.files.retain(|file| stays(&file.path));
    Some(manifest)
}

/// Brings `root/below` to exactly `files`, or leaves it as it is and says which files stand in the way.
pub(crate) fn commit(
    root: &Path,
    below: &str,
    files: &[RenderedFile],
    manifest: &Manifest,
    mode: Mode,
) -> io::Result<Done> {
    let folder = root.join(below);
    let is_there = check_folders(root, below)?;
    if !mode.look && !is_there {
        write_folder(&folder, files, manifest)?;
        let mut written: Vec<_> = files.iter().map(|file| (file.path.clone(), FileState::Written)).collect();
        written.sort();
        return Ok(Done { files: written, changed: true });
    }
    let known = Known::read(&folder);
    if known.pending && !mode.look {
        known.heal(&folder)?;
    }
    let mut done = Done::default();
    let mut todo = vec![];
    for file in files {
        check_parent(&folder, &file.path)?;
        let state = judge(&folder, file, &known, mode.force)?;
        if state == FileState::Written {
            todo.push(file);
        }
        done.files.push((file.path.clone(), state));
    }
    let wanted: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let mut gone = vec![];
    for (path, digests) in known.digests.iter().filter(|(path, _)| !wanted.contains(path.as_str())) {
        let state = judge_leftover(&folder, path, digests, mode.force)?;
        let Some(state) = state else { continue };
        if state == FileState::Removed {
            gone.push(path.clone());
        }
        done.files.push((path.clone(), state));
    }
    done.files.sort();
    let manifest = manifest.bytes();
    let path = folder.join(MANIFEST);
    let manifest_differs = !path.is_file() || fs::read(path).ok().as_deref() != Some(&manifest);
    done.changed = manifest_differs || !todo.is_empty() || !gone.is_empty();
    if mode.look || done.edited().next().is_some() || !done.changed {
        return Ok(done);
    }
    carry_out(root, &folder, &todo, &gone, &manifest)?;
    Ok(done)
}

impl PartialOrd for FileState {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FileState {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

/// Makes a folder that was not there: filled under another name, then put in its place at once.
fn write_folder(folder: &Path, files: &[RenderedFile], manifest: &Manifest) -> io::Result<()> {
    let beside = beside(folder);
    if fs::create_dir(&beside).is_err() {
        // What a run that was cut off left there is in the way, or the folder around it is missing.
        let _ = fs::remove_dir_all(&beside);
        fs::create_dir_all(&beside).map_err(|error| named(error, &beside))?;
    }
    let filled = fill(&beside, files, manifest).and_then(|()| fs::rename(&beside, folder));
    if filled.is_err() {
        let _ = fs::remove_dir_all(&beside);
    }
    filled.map_err(|error| named(error, folder))
}

fn fill(folder: &Path, files: &[RenderedFile], manifest: &Manifest) -> io::Result<()> {
    let mut parents = BTreeSet::new();
    for file in files {
        let parent = file.path.rfind('/').map(|at| &file.path[..at]);
        if let Some(parent) = parent.filter(|parent| parents.insert(*parent)) {
            fs::create_dir_all(folder.join(parent))?;
        }
        fs::write(folder.join(&file.path), file.text.as_bytes())?;
    }
    fs::write(folder.join(MANIFEST), manifest.bytes())
}

/// Whether a name is one that jig gives to what it has not finished writing.
pub(crate) fn is_unfinished(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(TEMPORARY)
}

/// Removes what a run that was cut off left behind.
pub(crate) fn remove_unfinished(path: &Path) {
    let _ = fs::remove_dir_all(path);
}

/// Everything is written beside its place first; only when all of it is there does anything change its name.
fn carry_out(
    root: &Path,
    folder: &Path,
    todo: &[&RenderedFile],
    gone: &[String],
    manifest: &[u8],
) -> io::Result<()> {
    fs::create_dir_all(folder).map_err(|error| named(error, folder))?;
    let last = folder.join(MANIFEST);
    if last.is_dir() {
        return Err(io::Error::other(format!("`{}` is a folder; a file belongs there", last.display())));
    }
    let pending = folder.join(PENDING);
    let prepared = write_new(&pending, manifest).and_then(|()| {
        todo.iter().try_for_each(|file| {
            let path = folder.join(&file.path);
            if let Some(parent) = path.parent().filter(|parent| *parent != folder) {
                fs::create_dir_all(parent).map_err(|error| named(error, parent))?;
            }
            write_new(&beside(&path), file.text.as_bytes())
        })
    });
    if let Err(error) = prepared {
        // Nothing has changed yet; what lies beside is taken away again.
        for file in todo {
            let path = folder.join(&file.path);
            let _ = fs::remove_file(beside(&path));
            remove_empty_parents(&path, folder);
        }
        let _ = fs::remove_file(&pending);
        remove_empty_parents(&pending, root);
        return Err(error);
    }
    for file in todo {
        let path = folder.join(&file.path);
        fs::rename(beside(&path), &path).map_err(|error| named(error, &path))?;
    }
    for path in gone {
        let path = folder.join(path);
        remove_if_there(&path)?;
        remove_empty_parents(&path, folder);
    }
    fs::rename(&pending, &last).map_err(|error| named(error, folder))
}

/// Removes what jig wrote into a folder whose line is gone; files edited by hand stay.
pub(crate) fn remove_all(root: &Path, below: &str, mode: Mode) -> io::Result<Done> {
    let folder = root.join(below);
    check_folders(root, below)?;
    let known = Known::read(&folder);
    let mut done = Done { changed: true, ..Done::default() };
    for (path, digests) in &known.digests {
        if known.pending && !mode.look && check_parent(&folder, path).is_ok() {
            remove_if_there(&beside(&folder.join(path)))?;
        }
        if let Some(state) = judge_leftover(&folder, path, digests, mode.force)? {
            if state == FileState::Removed && !mode.look {
                let path = folder.join(path);
                remove_if_there(&path)?;
                remove_empty_parents(&path, &folder);
            }
            done.files.push((path.clone(), state));
        }
    }
    if !mode.look && done.edited().next().is_none() {
        remove_if_there(&folder.join(MANIFEST))?;
        remove_if_there(&folder.join(PENDING))?;
        remove_empty_parents(&folder.join(MANIFEST), root);
    }
    Ok(done)
}

/// What jig wrote into a folder before, by path: digests of the manifest, and of one whose run was cut off.
struct Known {
    digests: BTreeMap<String, Vec<String>>,
    pending: bool,
}

impl Known {
    fn read(folder: &Path) -> Self {
        let mut digests: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let pending = folder.join(PENDING).symlink_metadata().is_ok();
        let manifests = [read_manifest(folder), read_file(&folder.join(PENDING))];
        for file in manifests.into_iter().flatten().flat_map(|manifest| manifest.files) {
            digests.entry(file.path).or_default().push(file.digest);
        }
        Self { digests, pending }
    }

    /// After a kill: writes a manifest of what really stands there and is ours, and removes leftovers of writing.
    fn heal(&self, folder: &Path) -> io::Result<()> {
        let mut manifest = read_manifest(folder).or_else(|| read_file(&folder.join(PENDING)));
        if let Some(manifest) = &mut manifest {
            manifest.inputs.clear(); // files of two runs stand there, which no inputs give
        }
        for (path, digests) in &self.digests {
            if check_parent(folder, path).is_err() {
                continue; // the folder that was written is gone
            }
            let path_on_disk = folder.join(path);
            remove_if_there(&beside(&path_on_disk))?;
            let Some(digest) = digest_of(&path_on_disk)? else { continue };
            if let Some(manifest) = manifest.as_mut().filter(|_| digests.contains(&digest)) {
                match manifest.files.iter_mut().find(|file| file.path == *path) {
                    Some(file) => file.digest = digest,
                    None => manifest.files.push(ManifestFile {
                        path: path.clone(),
                        digest,
                        owner: String::new(),
                        target: String::new(),
                        target_digest: String::new(),
                        template: String::new(),
                        flows: vec![],
                    }),
                }
            }
        }
        if let Some(manifest) = manifest {
            replace(&folder.join(MANIFEST), &manifest.bytes())?;
        }
        remove_if_there(&folder.join(PENDING))
    }
}

fn judge(folder: &Path, file: &RenderedFile, known: &Known, force: bool) -> io::Result<FileState> {
    let path = folder.join(&file.path);
    let meta = match path.symlink_metadata() {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(FileState::Written),
        Err(error) => return Err(named(error, &path)),
    };
    if meta.is_dir() {
        return Err(io::Error::other(format!("`{}` is a folder; a file belongs there", path.display())));
    }
    if !meta.is_file() {
        // A link or a device: not what jig wrote.
        return Ok(if force { FileState::Written } else { FileState::HandEdited });
    }
    if meta.len() == file.text.len() as u64 {
        let bytes = fs::read(&path).map_err(|error| named(error, &path))?;
        if bytes == file.text.as_bytes() {
            return Ok(FileState::Unchanged);
        }
    }
    let ours = known.digests.get(&file.path);
    let is_ours = match (ours, digest_of(&path)?) {
        (Some(digests), Some(digest)) => digests.contains(&digest),
        _ => false,
    };
    Ok(if is_ours || force { FileState::Written } else { FileState::HandEdited })
}

fn judge_leftover(
    folder: &Path,
    path: &str,
    digests: &[String],
    force: bool,
) -> io::Result<Option<FileState>> {
    let Some(digest) = digest_of(&folder.join(path))? else { return Ok(None) };
    check_parent(folder, path)?;
    Ok(Some(if force || digests.contains(&digest) { FileState::Removed } else { FileState::HandEdited }))
}

/// The digest of a regular file; `None` where there is none, a link counts as other bytes.
fn digest_of(path: &Path) -> io::Result<Option<String>> {
    match path.symlink_metadata() {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(named(error, path)),
        Ok(meta) if meta.is_dir() => Ok(None),
        Ok(meta) if !meta.is_file() => Ok(Some("not a regular file".into())),
        Ok(_) => {
            let bytes = fs::read(path).map_err(|error| named(error, path))?;
            Ok(Some(format!("b3:{}", blake3::hash(&bytes).to_hex())))
        }
    }
}

/// The same for the folder that a file of `folder` lies in.
fn check_parent(folder: &Path, path: &str) -> io::Result<()> {
    path.rfind('/').map_or(Ok(()), |at| check_folders(folder, &path[..at]).map(drop))
}

/// Refuses to write through a link or over a file where a folder belongs; says whether the folder is there.
fn check_folders(root: &Path, below: &str) -> io::Result<bool> {
    let mut path = root.to_path_buf();
    for part in below.split('/') {
        path.push(part);
        match path.symlink_metadata() {
            Ok(meta) if meta.is_dir() => {}
            Ok(meta) if meta.is_symlink() => {
                let message = format!("`{}` is a link; nothing is written through links", path.display());
                return Err(io::Error::other(message));
            }
            Ok(_) => {
                return Err(io::Error::other(format!(
                    "`{}` is a file; a folder belongs there",
                    path.display()
                )));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(named(error, &path)),
        }
    }
    Ok(true)
}

fn named(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}{TEMPORARY}"))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(named(error, path)),
        _ => Ok(()),
    }
}

fn remove_empty_parents(path: &Path, root: &Path) {
    let mut parent = path.parent();
    while let Some(folder) = parent.filter(|folder| *folder != root && folder.starts_with(root)) {
        if fs::remove_dir(folder).is_err() {
            return; // not empty: someone else's
        }
        parent = folder.parent();
    }
}

/// Replaces one file at once: written beside, then renamed.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    let beside = beside(path);
    let written = write_new(&beside, bytes)
        .and_then(|()| fs::rename(&beside, path).map_err(|error| named(error, path)));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Writes a file that is not there yet; a leftover or a link of that name is taken away, not followed.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let create = || fs::OpenOptions::new().write(true).create_new(true).open(path);
    let created = match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            remove_if_there(path)?;
            create()
        }
        created => created,
    };
    created.and_then(|mut file| file.write_all(bytes)).map_err(|error| named(error, path))
}

/// Writes a report where the user wants it: a link is followed, a device or a pipe is written into.
pub(crate) fn report(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = if path.is_symlink() { fs::canonicalize(path)? } else { path.to_path_buf() };
    match fs::metadata(&target) {
        Ok(meta) if !meta.is_file() && !meta.is_dir() => {
            fs::OpenOptions::new().write(true).open(&target)?.write_all(bytes)
        }
        _ => replace(&target, bytes),
    }
}

/// Writes a new file; one that is already there is left alone and is an error.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("`{}` is already there", path.display()),
        ));
    }
    replace(path, bytes)
}

/// Keeps other runs of jig out of a folder; a process that died holds nothing.
pub(crate) struct Lock {
    _file: fs::File,
}

impl Lock {
    /// Takes the lock on `folder`, waiting for another run for a while.
    pub(crate) fn take(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder).map_err(|error| named(error, folder))?;
        let file = fs::File::open(folder).map_err(|error| named(error, folder))?;
        const TRIES: u32 = 600;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(fs::TryLockError::WouldBlock) => {
                    std::thread::sleep(std::time::Duration::from_millis(100));
                }
                Err(fs::TryLockError::Error(error)) => return Err(named(error, folder)),
            }
        }
        Err(io::Error::other(format!("another jig has been writing `{}` for a minute", folder.display())))
    }
}

/// Replaces a file where its bytes differ.
pub(crate) fn replace_if_different(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) { Ok(()) } else { replace(path, bytes) }
}

/// Makes a folder with all its files, or none of it.
pub(crate) fn create_folder(folder: &Path, files: &[(String, Vec<u8>)]) -> io::Result<()> {
    let beside = beside(folder);
    let made = files.iter().try_for_each(|(path, bytes)| replace(&beside.join(path), bytes));
    let made = made.and_then(|()| fs::rename(&beside, folder));
    if made.is_err() {
        let _ = fs::remove_dir_all(&beside);
    }
    made.map_err(|error| named(error, folder))
}

/// Fills a folder that is empty or not there: all of it is made beside its place first.
pub(crate) fn fill_folder(folder: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let is_there = folder.is_dir();
    let beside = if is_there { folder.join(format!(".init{TEMPORARY}")) } else { beside(folder) };
    // What a run that was cut off left there.
    let _ = fs::remove_dir_all(&beside);
    let mut made: Vec<PathBuf> = vec![];
    let filled = fill(&beside).and_then(|()| {
        if !is_there {
            return fs::rename(&beside, folder);
        }
        for entry in fs::read_dir(&beside)? {
            let entry = entry?;
            let place = folder.join(entry.file_name());
            fs::rename(entry.path(), &place)?;
            made.push(place);
        }
        fs::remove_dir(&beside)
    });
    if filled.is_err() {
        made.iter().for_each(|path| drop(fs::remove_dir_all(path).or_else(|_| fs::remove_file(path))));
        let _ = fs::remove_dir_all(&beside);
    }
    filled
}

/// Removes a file that this run made.
pub(crate) fn take_back(path: &Path) {
    let _ = fs::remove_file(path);
}
