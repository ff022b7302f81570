//! What the next render need not do again: lines whose files, read and written, stand as they stood when all was well.
//!
//! One small file for each site under `.jig/cache/`. It says nothing that cannot be found out again: where it is
//! missing, damaged, of another jig or of another day, everything is rendered and compared. Files are told apart by
//! size, times and identity, as git does; a file as young as the cache may have changed in the same tick of the clock
//! and is read again. Only what rendered without a word is kept, so that nothing is ever said once and then no more.

use super::write::{MANIFEST, replace};
use crate::load::{Fleet, LineEntry, SiteEntry};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, Metadata};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long a cache file waits before it is written, so that it is younger than every file it speaks of.
const SETTLE: Duration = Duration::from_millis(50);

/// Files as they stood at one time: a digest of their sizes, times and identities, and the youngest of the times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    digest: [u64; 2],
    newest: i64,
}

struct Watch {
    bytes: Vec<u8>,
    newest: i64,
}

impl Watch {
    /// Room for the files of a line, so that nothing grows step by step for each of them.
    fn new() -> Self {
        Self { bytes: Vec::with_capacity(1024), newest: 0 }
    }

    fn add(&mut self, name: &str, meta: &Metadata) {
        let marks = marks(meta);
        self.newest = marks.times.into_iter().fold(self.newest, i64::max);
        self.bytes.extend_from_slice(&(name.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(name.as_bytes());
        for mark in marks.rest.into_iter().chain(marks.times.map(|time| time.cast_unsigned())) {
            self.bytes.extend_from_slice(&mark.to_le_bytes());
        }
    }

    fn seen(&self) -> Seen {
        Seen { digest: short(&self.bytes), newest: self.newest }
    }
}

/// What tells one state of a file from another.
struct Marks {
    times: [i64; 2],
    rest: [u64; 4],
}

#[cfg(unix)]
fn marks(meta: &Metadata) -> Marks {
    use std::os::unix::fs::MetadataExt as _;
    let time = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    Marks {
        times: [time(meta.mtime(), meta.mtime_nsec()), time(meta.ctime(), meta.ctime_nsec())],
        rest: [meta.dev(), meta.ino(), meta.len(), meta.mode().into()],
    }
}

#[cfg(not(unix))]
fn marks(meta: &Metadata) -> Marks {
    let since = meta.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let time = since.map_or(i64::MAX, |since| since.as_nanos() as i64);
    Marks { times: [time, time], rest: [0, 0, meta.len(), meta.is_file().into()] }
}

fn short(bytes: &[u8]) -> [u64; 2] {
    let digest = blake3::hash(bytes);
    let half = |at: usize| {
        digest.as_bytes()[at..at + 8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    [half(0), half(8)]
}

/// A short name for an answer that must be unique; two answers that share it are compared in full.
pub(crate) fn claim_hash(key: &str) -> u64 {
    short(key.as_bytes())[0]
}

/// Looks at a folder of outputs without reading one; `None` where one is missing or is no plain file.
pub(crate) fn look<'a>(folder: &Path, files: impl Iterator<Item = &'a str>) -> Option<Seen> {
    let mut watch = Watch::new();
    watch.add("", &folder.symlink_metadata().ok().filter(Metadata::is_dir)?);
    for file in files.chain([MANIFEST]) {
        // A folder's time tells when one in it was replaced; that of the outermost is seen above.
        for (at, _) in file.match_indices('/').skip(1) {
            let parent = &file[..file[..at].rfind('/').unwrap_or(at)];
            watch.add(parent, &folder.join(parent).symlink_metadata().ok().filter(Metadata::is_dir)?);
        }
        watch.add(file, &folder.join(file).symlink_metadata().ok().filter(Metadata::is_file)?);
    }
    Some(watch.seen())
}

/// The cache of one run.
pub(crate) struct Cache {
    fleet: PathBuf,
    out: PathBuf,
    /// Digest of what every line depends on.
    key: String,
    read_only: bool,
    waiting: Mutex<VecDeque<(Instant, PathBuf, String)>>,
}

/// What is known of a site, and what stands there.
pub(crate) struct SiteCache {
    folder: PathBuf,
    out: PathBuf,
    /// site.yaml and the site's evidence as they stand; `None` where they cannot be looked at.
    facts: Option<Seen>,
    /// Lines that have evidence.
    evidence: BTreeSet<String>,
    /// What was kept, where it is still true of the site as a whole.
    kept: Option<Kept>,
}

/// The file of one site.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: String,
    facts: Seen,
    /// The blueprint of the site, where it follows one, and its digest.
    standard: Option<(String, String)>,
    /// The blueprints of its lines, and their digests.
    standards: BTreeMap<String, String>,
    lines: BTreeMap<String, Entry>,
    own: Option<Own>,
}

/// A line as it was.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    inputs: Seen,
    blueprint: String,
    /// Hashes of the answers that must be unique.
    claims: Vec<u64>,
    /// Its outputs, where there was nothing to say about them.
    written: Option<Written>,
}

/// Outputs of a line or site.
#[derive(Clone, Serialize, Deserialize)]
struct Written {
    files: Vec<String>,
    seen: Seen,
}

/// The outputs of the site itself.
#[derive(Serialize, Deserialize)]
struct Own {
    blueprint: String,
    /// What all its lines were like.
    lines: [u64; 2],
    written: Written,
}

/// Outputs that are known to be right.
#[derive(Debug, Clone)]
pub(crate) struct Right {
    pub(crate) blueprint: String,
    pub(crate) files: Vec<String>,
}

/// A line before it is worked on: what it is made of, and its outputs if nothing has changed.
#[derive(Default)]
pub(crate) struct Look {
    inputs: Option<Seen>,
    pub(crate) right: Option<Right>,
}

impl Look {
    /// A line whose outputs are nobody's question.
    pub(crate) fn untouched() -> Self {
        let right = Right { blueprint: String::new(), files: vec![] };
        Self { inputs: None, right: Some(right) }
    }
}

/// A line or site after it was worked on.
pub(crate) struct Outcome {
    /// The blueprint: `id@version` and digest; empty where there was none.
    pub(crate) standard: (String, String),
    pub(crate) claims: Vec<u64>,
    /// Its outputs and how they stand, where there was nothing to say about them.
    pub(crate) written: Option<(Vec<String>, Seen)>,
}

impl Cache {
    /// Opens the cache of a fleet for one day and one output folder; none where shared files are broken.
    pub(crate) fn open(fleet: &Fleet, as_of: Date, out: &Path, read_only: bool) -> Option<Self> {
        let root =
            fleet.root.clone().filter(|_| fleet.broken.is_empty() && fleet.broken_deviations.is_empty())?;
        let out = std::path::absolute(out).ok()?;
        let mut watch = Watch::new();
        // Targets are part of the program; its file says more than its version.
        watch.add(env!("CARGO_PKG_VERSION"), &fs::metadata(std::env::current_exe().ok()?).ok()?);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&watch.bytes).update(fleet.shared_digest.as_bytes());
        hasher.update(as_of.to_string().as_bytes()).update(out.as_os_str().as_encoded_bytes());
        let key = hasher.finalize().to_hex().to_string();
        Some(Self { fleet: root, out, key, read_only, waiting: Mutex::default() })
    }

    fn file(&self, site: &str) -> PathBuf {
        self.fleet.join(".jig/cache").join(site)
    }

    /// Reads what is known of a site and looks at what its lines share.
    pub(crate) fn site(&self, fleet: &Fleet, site: &SiteEntry) -> SiteCache {
        let folder = self.fleet.join("sites").join(&site.id);
        let mut evidence = BTreeSet::new();
        let facts = self.look_at_site(&folder, &site.id, &mut evidence);
        let is_true = |kept: &Kept| {
            let same = |reference: &str, digest: &str| {
                fleet.standards.get(reference).is_ok_and(|standard| standard.digest == digest)
            };
            kept.key == self.key
                && self.out.join(&site.id).symlink_metadata().is_ok_and(|meta| meta.is_dir())
                && Some(kept.facts) == facts
                && kept.standard.iter().all(|(reference, digest)| same(reference, digest))
                && kept.standards.iter().all(|(reference, digest)| same(reference, digest))
        };
        let kept = self.read(&site.id).filter(is_true);
        SiteCache { folder, out: self.out.join(&site.id), facts, evidence, kept }
    }

    fn look_at_site(&self, folder: &Path, id: &str, lines: &mut BTreeSet<String>) -> Option<Seen> {
        let mut watch = Watch::new();
        watch.add("", &fs::metadata(folder.join("site.yaml")).ok()?);
        let evidence = self.fleet.join("evidence").join(id);
        for entry in sorted(&evidence)? {
            let meta = fs::metadata(evidence.join(&entry)).ok()?;
            if meta.is_dir() {
                lines.insert(entry);
            } else {
                watch.add(&entry, &meta);
            }
        }
        Some(watch.seen())
    }

    /// Reads a site's file; entries as young as the file itself cannot be relied on.
    fn read(&self, site: &str) -> Option<Kept> {
        let mut file = fs::File::open(self.file(site)).ok()?;
        let written = marks(&file.metadata().ok()?).times[0];
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        let (digest, body) = text.split_once('\n')?;
        if blake3::hash(body.as_bytes()).to_hex().as_str() != digest {
            return None;
        }
        let mut kept: Kept = serde_json::from_str(body).ok()?;
        if kept.facts.newest >= written {
            return None;
        }
        kept.lines.retain(|_, entry| entry.inputs.newest < written);
        for entry in kept.lines.values_mut() {
            entry.written.take_if(|outputs| outputs.seen.newest >= written);
        }
        kept.own.take_if(|own| own.written.seen.newest >= written);
        Some(kept)
    }

    /// Keeps what was found out about a site; what cannot be written is not kept.
    pub(crate) fn keep(&self, site: &SiteEntry, known: SiteCache, found: Found) {
        if self.read_only {
            return;
        }
        let Some(kept) = known.merged(&self.key, site, found) else { return };
        let Ok(body) = serde_json::to_string(&kept) else { return };
        let text = format!("{}\n{body}", blake3::hash(body.as_bytes()).to_hex());
        let mut ripe = vec![];
        {
            let mut waiting = self.waiting.lock().expect("no thread panics while it holds the queue");
            waiting.push_back((Instant::now(), self.file(&site.id), text));
            while waiting.front().is_some_and(|(since, ..)| since.elapsed() > SETTLE) {
                ripe.extend(waiting.pop_front());
            }
        }
        ripe.iter().for_each(|(_, path, text)| write(path, text));
    }

    /// Writes what still waits. The youngest entries may be too young to be used; they are found out again.
    pub(crate) fn close(self) {
        let waiting = self.waiting.into_inner().expect("no thread panics while it holds the queue");
        waiting.iter().for_each(|(_, path, text)| write(path, text));
    }
}

/// What one run found out about a site.
pub(crate) struct Found {
    /// The site's own blueprint, where it follows one.
    pub(crate) standard: Option<(String, String)>,
    /// Lines that were worked on.
    pub(crate) lines: Vec<(String, Look, Outcome)>,
    /// The site's own outputs, if they were worked on and all lines were looked at.
    pub(crate) own: Option<Outcome>,
}

impl SiteCache {
    /// Whether the site has outputs of its own, if that is known.
    pub(crate) fn follows(&self) -> Option<bool> {
        self.kept.as_ref().map(|kept| kept.standard.is_some())
    }

    /// Looks at a line; one whose answers are claimed twice is never right.
    pub(crate) fn line(&self, line: &LineEntry, is_claimed: impl Fn(u64) -> bool) -> Look {
        let inputs = self.inputs(line);
        let entry =
            self.entry(line, inputs).filter(|entry| !entry.claims.iter().any(|claim| is_claimed(*claim)));
        let right = entry.and_then(|entry| {
            let written = entry.written.as_ref()?;
            written.is_right(&self.out.join(&line.id)).then(|| written.right(&entry.blueprint))
        });
        Look { inputs, right }
    }

    /// Returns the hashes of what a line claims, if it is as it was.
    pub(crate) fn claims(&self, line: &LineEntry) -> Option<&[u64]> {
        self.entry(line, self.inputs(line)).map(|entry| entry.claims.as_slice())
    }

    fn entry(&self, line: &LineEntry, inputs: Option<Seen>) -> Option<&Entry> {
        self.kept.as_ref()?.lines.get(&line.id).filter(|entry| Some(entry.inputs) == inputs)
    }

    fn inputs(&self, line: &LineEntry) -> Option<Seen> {
        let mut watch = Watch::new();
        let file = line.path.rsplit('/').next()?;
        watch.add("", &fs::metadata(self.folder.join("lines").join(file)).ok()?);
        if self.evidence.contains(&line.id) {
            let site = self.folder.file_name()?;
            let evidence = self.folder.parent()?.parent()?.join("evidence").join(site).join(&line.id);
            for entry in sorted(&evidence)? {
                watch.add(&entry, &fs::metadata(evidence.join(&entry)).ok()?);
            }
        }
        Some(watch.seen())
    }

    /// Returns the site's own outputs where they are right and every line is what it was.
    pub(crate) fn own<'a, 'b>(&self, lines: impl Iterator<Item = (&'a str, &'b Look)>) -> Option<Right> {
        let own = self.kept.as_ref()?.own.as_ref()?;
        let same = own.lines == basis(lines)? && own.written.is_right(&self.out.join("_site"));
        same.then(|| own.written.right(&own.blueprint))
    }

    /// Joins what was found with what is still true of the other lines.
    fn merged(self, key: &str, site: &SiteEntry, found: Found) -> Option<Kept> {
        let facts = self.facts?;
        let own_basis = basis(found.lines.iter().map(|(id, look, _)| (id.as_str(), look)));
        let (mut lines, mut standards, mut own) =
            self.kept.map(|kept| (kept.lines, kept.standards, kept.own)).unwrap_or_default();
        let known: BTreeSet<&str> = site.lines.iter().map(|line| line.id.as_str()).collect();
        lines.retain(|id, _| known.contains(id.as_str()));
        for (id, look, outcome) in found.lines {
            let Outcome { standard: (blueprint, digest), claims, written } = outcome;
            if look.right.is_some() {
                continue;
            }
            lines.remove(&id);
            if let Some(inputs) = look.inputs.filter(|_| !blueprint.is_empty()) {
                standards.insert(blueprint.clone(), digest);
                let written = written.map(|(files, seen)| Written { files, seen });
                lines.insert(id, Entry { inputs, blueprint, claims, written });
            }
        }
        if let Some(outcome) = found.own {
            let Outcome { standard: (blueprint, _), written, .. } = outcome;
            own = own_basis.zip(written).map(|(lines, (files, seen))| Own {
                blueprint,
                lines,
                written: Written { files, seen },
            });
        }
        let used: BTreeSet<&String> = lines.values().map(|entry| &entry.blueprint).collect();
        standards.retain(|reference, _| used.contains(reference));
        Some(Kept { key: key.to_owned(), facts, standard: found.standard, standards, lines, own })
    }
}

impl Written {
    fn is_right(&self, folder: &Path) -> bool {
        look(folder, self.files.iter().map(String::as_str)) == Some(self.seen)
    }

    fn right(&self, blueprint: &str) -> Right {
        Right { blueprint: blueprint.to_owned(), files: self.files.clone() }
    }
}

/// What a site's outputs are made of besides the site: each of its lines.
fn basis<'a, 'b>(lines: impl Iterator<Item = (&'a str, &'b Look)>) -> Option<[u64; 2]> {
    let mut bytes = vec![];
    for (id, look) in lines {
        bytes.extend_from_slice(id.as_bytes());
        bytes.push(0);
        look.inputs?.digest.iter().for_each(|half| bytes.extend_from_slice(&half.to_le_bytes()));
    }
    Some(short(&bytes))
}

/// Lists a folder by name; one that is not there is empty, one that cannot be listed is nothing.
fn sorted(folder: &Path) -> Option<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(vec![]),
        Err(_) => return None,
    };
    let mut names = vec![];
    for entry in entries {
        names.push(entry.ok()?.file_name().into_string().ok()?);
    }
    names.sort();
    Some(names)
}

/// Writes one file of the cache; it is no loss if that cannot be done.
fn write(path: &Path, text: &str) {
    let Some(folder) = path.parent() else { return };
    // A fleet comes from elsewhere; a link in it must not choose where jig writes.
    if folder.is_symlink() || folder.parent().is_some_and(Path::is_symlink) {
        return;
    }
    let ignore = folder.join(".gitignore");
    if ignore.symlink_metadata().is_err() && replace(&ignore, b"*\n").is_err() {
        return;
    }
    let _ = replace(path, text.as_bytes());
}
