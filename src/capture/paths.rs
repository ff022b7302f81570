//! Paths that carry the line's or the site's name are one path of the blueprint.

use super::Instance;
use std::collections::{BTreeMap, BTreeSet};

/// Stands for a name in a path; no path holds it.
const MARKS: [(char, &str); 8] = [
    ('\u{1}', "line"),
    ('\u{2}', "line|upper"),
    ('\u{3}', "line|replace('-', '_')"),
    ('\u{4}', "line|replace('-', '_')|upper"),
    ('\u{5}', "site"),
    ('\u{6}', "site|upper"),
    ('\u{7}', "site|replace('-', '_')"),
    ('\u{8}', "site|replace('-', '_')|upper"),
];

/// How the paths of instances are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Paths {
    /// By instance: from its own path to the common one.
    pub(super) common: Vec<BTreeMap<String, String>>,
}

impl Paths {
    /// Finds common paths: names are taken out only where that brings paths together, or where there is one instance
    /// and its names are long enough to be no accident.
    pub(super) fn find(instances: &[Instance]) -> Self {
        let own = |instance: &Instance| -> BTreeMap<String, String> {
            instance.files.keys().map(|path| (path.clone(), marked(path, instance))).collect()
        };
        let marked: Vec<BTreeMap<String, String>> = instances.iter().map(own).collect();
        let mut plain: BTreeMap<&String, BTreeSet<usize>> = BTreeMap::new();
        let mut with: BTreeMap<&String, BTreeSet<usize>> = BTreeMap::new();
        for (at, paths) in marked.iter().enumerate() {
            for (path, mark) in paths {
                plain.entry(path).or_default().insert(at);
                with.entry(mark).or_default().insert(at);
            }
        }
        let common = marked
            .iter()
            .map(|paths| {
                let choose = |(path, mark): (&String, &String)| {
                    let joins = with[mark].len() > plain[path].len() || instances.len() == 1;
                    let is_alone =
                        instances.iter().filter(|i| i.files.contains_key(path)).count() == with[mark].len();
                    let common = if joins && (!is_alone || instances.len() == 1) { mark } else { path };
                    (path.clone(), common.clone())
                };
                paths.iter().map(choose).collect()
            })
            .collect();
        Self { common }
    }

    /// Writes a common path as an expression of a target.
    pub(super) fn expression(&self, path: &str) -> String {
        let mut out = String::new();
        for (at, c) in path.char_indices() {
            // A tag of the template engine in a path is text.
            match path[at + c.len_utf8()..].chars().next().filter(|_| c == '{') {
                Some('{' | '%' | '#') => out.push_str("{{ '{' }}"),
                _ => out.push(c),
            }
        }
        for (mark, expression) in MARKS {
            out = out.replace(mark, &format!("{{{{ {expression} }}}}"));
        }
        out
    }
}

/// A common path for people and for template names.
pub(super) fn plain(path: &str) -> String {
    let mut out = path.to_owned();
    for (at, (mark, _)) in MARKS.iter().enumerate() {
        out = out.replace(*mark, if at < 4 { "line" } else { "site" });
    }
    out
}

fn marked(path: &str, instance: &Instance) -> String {
    let mut out = path.to_owned();
    for (at, (mark, _)) in MARKS.iter().enumerate() {
        let name = if at < 4 { &instance.line } else { &instance.site };
        let name = match at % 4 {
            0 => name.clone(),
            1 => name.to_uppercase(),
            2 => name.replace('-', "_"),
            _ => name.replace('-', "_").to_uppercase(),
        };
        if name.len() >= 3 {
            out = replaced(&out, &name, *mark);
        }
    }
    out
}

/// Replaces a name where it stands as a word of its own.
fn replaced(text: &str, name: &str, mark: char) -> String {
    let mut out = String::new();
    let mut from = 0;
    for (at, _) in text.match_indices(name) {
        let end = at + name.len();
        let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        if at >= from && !is_part(text[..at].chars().next_back()) && !is_part(text[end..].chars().next()) {
            out.push_str(&text[from..at]);
            out.push(mark);
            from = end;
        }
    }
    out.push_str(&text[from..]);
    out
}

/// Returns the syntax that a path and a text suggest.
pub(super) fn syntax_of(path: &str, text: &str) -> &'static str {
    let extension = path.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map_or("", |(_, end)| end);
    match extension.to_ascii_lowercase().as_str() {
        "json" => "json",
        "yaml" | "yml" => "yaml",
        "toml" => "toml",
        "xml" => "xml",
        "nft" => "nft",
        "csv" => "csv",
        "ini" => "ini",
        "md" => "markdown",
        _ if text.starts_with("<?xml") => "xml",
        _ if text.contains("\n!\n") && (text.contains("\ninterface ") || text.contains("\nhostname ")) => {
            "ios"
        }
        _ if text.starts_with("config ") && text.contains("\n    edit ") => "fortios",
        _ => "text",
    }
}
