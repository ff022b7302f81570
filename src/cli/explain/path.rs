//! A rendered file, named as it lies under intended/, from anywhere.

use crate::load::{Address, Fleet};
use std::path::{Component, Path, PathBuf};

/// A file of a line or site, and the line in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilePlace {
    pub(super) address: Address,
    /// Relative to the folder of the line or site.
    pub(super) path: String,
    pub(super) line: Option<usize>,
}

impl FilePlace {
    /// The folder of the line or site below intended/.
    pub(super) fn folder(&self) -> String {
        format!("{}/{}", self.address.site, self.address.line.as_deref().unwrap_or("_site"))
    }

    /// The file relative to the fleet.
    pub(super) fn file(&self) -> String {
        format!("intended/{}/{}", self.folder(), self.path)
    }
}

/// Whether a word was meant as a file.
pub(super) fn looks_like_file(what: &str) -> bool {
    split(what).0.contains(['/', '\\'])
}

/// Reads FILE[:LINE]: relative to intended/, to the fleet, to the current folder, or absolute.
pub(super) fn parse(fleet: &Fleet, root: &Path, what: &str) -> Option<FilePlace> {
    let (file, line) = split(what);
    let named = file.replace('\\', "/");
    let absolute = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let here = std::env::current_dir().ok()?.join(file);
    let below = |path: &Path| Some(below(&absolute(root), path)?.to_string_lossy().replace('\\', "/"));
    let candidates = [
        below(&normal(&here)),
        below(&absolute(&here)),
        Some(normal(Path::new(&named)).to_string_lossy().into_owned()),
    ];
    candidates.into_iter().flatten().find_map(|path| {
        let path = path.strip_prefix("intended/").unwrap_or(&path).to_owned();
        let (address, path) = known(fleet, &path)?;
        Some(FilePlace { address, path, line })
    })
}

fn split(what: &str) -> (&str, Option<usize>) {
    match what.rsplit_once(':').map(|(file, line)| (file, line.parse::<usize>())) {
        Some((file, Ok(line))) => (file, Some(line)),
        _ => (what, None),
    }
}

fn below(root: &Path, path: &Path) -> Option<PathBuf> {
    path.strip_prefix(root).ok().map(Path::to_owned)
}

/// Takes `.` and `..` out without looking at the disk: the file need not exist.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

fn known(fleet: &Fleet, path: &str) -> Option<(Address, String)> {
    let mut parts = path.splitn(3, '/');
    let (site, line, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let entry = fleet.sites.iter().find(|entry| entry.id == site)?;
    let is_site = line == "_site";
    if rest.is_empty() || !(is_site || entry.lines.iter().any(|entry| entry.id == line)) {
        return None;
    }
    let address = Address { site: site.to_owned(), line: (!is_site).then(|| line.to_owned()) };
    Some((address, rest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_follows_the_last_colon() {
        assert_eq!(split("a/b.nft:41"), ("a/b.nft", Some(41)));
        assert_eq!(split("a:b/c"), ("a:b/c", None));
        assert_eq!(normal(Path::new("/a/./b/../c")), Path::new("/a/c"));
    }
}
