//! Output paths: they stay inside their folder, on every system, and never meet.

use std::collections::BTreeMap;

/// Names that jig or a system has taken.
const RESERVED: &[&str] = &["manifest.json", "collected.yaml"];
/// Device names of Windows, with or without an extension.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];

/// Refuses a path that is not a plain relative one.
pub(super) fn check(path: &str) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("the path `{}` {why}", path.escape_debug()));
    if path.is_empty() {
        return refuse("is empty");
    }
    if path.starts_with('/') || path.contains('\\') || path.contains(':') {
        return refuse("is not a relative path with `/`");
    }
    if path.chars().any(is_unseen) || path.len() > 1024 {
        return refuse("holds characters that nobody sees, or is too long");
    }
    if RESERVED.contains(&path.to_lowercase().as_str()) {
        return refuse("is taken by jig itself");
    }
    for part in path.split('/') {
        if part.is_empty() || part == "." || part == ".." {
            return refuse("leaves its folder or has an empty part");
        }
        if part.ends_with(['.', ' ']) || part.starts_with(' ') || part.len() > 200 {
            return refuse("has a part that not every system can hold");
        }
        let stem = part.split('.').next().unwrap_or_default().to_lowercase();
        let is_port = stem.len() == 4 && (stem.starts_with("com") || stem.starts_with("lpt"));
        if DEVICES.contains(&stem.as_str()) || (is_port && stem.ends_with(|c: char| c.is_ascii_digit())) {
            return refuse("has a name that Windows keeps for devices");
        }
        if part.contains(".jig-tmp") || part == "_site" {
            return refuse("has a name that jig keeps for itself");
        }
    }
    Ok(())
}

/// Control characters, and those that only steer how text is shown.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FDD0}'..='\u{FDEF}')
}

/// Finds paths that meet: the same, the same but for case, or one the folder of another.
pub(super) fn collisions(paths: &[(&str, &str)]) -> Vec<(usize, String)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = vec![];
    for (index, (path, output)) in paths.iter().enumerate() {
        let folded = path.to_lowercase();
        if let Some(first) = seen.insert(folded.clone(), index) {
            let (other, first_output) = paths[first];
            found.push((index, format!("outputs `{first_output}` and `{output}` both write `{other}`")));
        }
    }
    for (index, (path, output)) in paths.iter().enumerate() {
        let folded = path.to_lowercase();
        let folder = folded.match_indices('/').find_map(|(at, _)| seen.get(&folded[..at]));
        if let Some(first) = folder {
            let (other, first_output) = paths[*first];
            found.push((
                index,
                format!("output `{output}` writes `{path}` into `{other}`, which output `{first_output}` writes as a file"),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traps_are_refused() {
        for path in [
            "",
            "/etc/x",
            "../x",
            "a/../b",
            "a//b",
            "a\\b",
            "c:x",
            "a/CON.txt",
            "manifest.json",
            "a\n",
            "x.",
            "com1",
        ] {
            assert!(check(path).is_err(), "{path:?}");
        }
        for path in ["a", "gateway/telegraf.conf", "Übung/x y.nft", "com/x", ".hidden"] {
            assert!(check(path).is_ok(), "{path:?}");
        }
    }

    #[test]
    fn meetings_are_found() {
        assert_eq!(collisions(&[("a/B", "x"), ("a/b", "y")]).len(), 1);
        assert_eq!(collisions(&[("a", "x"), ("a/b", "y")]).len(), 1);
        assert_eq!(collisions(&[("a/c", "x"), ("a/b", "y")]).len(), 0);
    }
}
