//! Changes one value of a fleet as a person would, keeps the fleet valid, renders, and says which lines changed.

#![allow(unreachable_pub, reason = "a part of a test, not of a library")]

use super::support::{Fleet, copy_example, files_below};
use serde_json::Value as Json;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// A line of a rendered file, from 1.
pub type Place = (String, usize);
/// What changed, by source; none where nothing could be changed.
pub type Verdicts = BTreeMap<Source, Option<Changed>>;

/// A value at a line of a fleet's file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    file: String,
    line: usize,
    key: String,
    value: String,
}

impl Source {
    /// The sources with a line that an explanation names.
    pub fn of(explained: &Json) -> Vec<Self> {
        let values = explained["values"].as_array().unwrap().iter();
        values
            .filter_map(|value| {
                let shown = value["value"].as_str().map_or_else(|| value["value"].to_string(), str::to_owned);
                let name = value["name"].as_str()?;
                let name = name.trim_end_matches(|c: char| c == ']' || c.is_ascii_digit() || c == '[');
                let key = name.rsplit('.').next()?.to_owned();
                let line = value["line"].as_u64()? as usize;
                Some(Self { file: value["file"].as_str()?.to_owned(), line, key, value: shown })
            })
            .collect()
    }
}

/// Whether an explanation names a source anywhere.
pub fn names(explained: &Json, source: &Source) -> bool {
    ["values", "names", "expressions", "conditions"].iter().any(|list| {
        explained[*list]
            .as_array()
            .unwrap()
            .iter()
            .any(|named| named["file"] == source.file.as_str() && named["line"] == source.line)
    })
}

/// The lines that a change of the fleet changed.
#[derive(Debug, Default)]
pub struct Changed {
    rewritten: BTreeSet<Place>,
    gone: BTreeSet<Place>,
}

impl Changed {
    /// Whether a line is no longer what it was.
    pub fn touches(&self, place: &Place) -> bool {
        self.rewritten.contains(place) || self.gone.contains(place)
    }

    /// Whether another line stands in the place of a line.
    pub fn rewrites(&self, place: &Place) -> bool {
        self.rewritten.contains(place)
    }
}

/// The fleet as it is, and what is rendered from it.
pub struct Judge {
    files: BTreeMap<String, String>,
    rendered: BTreeMap<String, String>,
}

impl Judge {
    pub fn new(fleet: &Fleet) -> Self {
        let text = |(path, bytes): (String, Vec<u8>)| Some((path, String::from_utf8(bytes).ok()?));
        let mut files: BTreeMap<String, String> =
            files_below(fleet.root()).into_iter().filter_map(text).collect();
        let rendered = outputs(&files);
        files.retain(|path, _| path.rsplit('.').next() == Some("yaml") && !path.starts_with("deployed/"));
        Self { files, rendered }
    }

    /// Every line of every output.
    pub fn lines(&self) -> Vec<Place> {
        let of_file = |(file, text): (&String, &String)| {
            let file = file.clone();
            (1..=text.lines().count()).map(move |line| (file.clone(), line)).collect::<Vec<_>>()
        };
        self.rendered.iter().flat_map(of_file).collect()
    }

    pub fn line(&self, file: &str, line: usize) -> &str {
        self.rendered[file].lines().nth(line - 1).unwrap()
    }

    /// Checks that the literal text of the template's line stands in the output's line, in order.
    pub fn template(&self, explained: &Json) -> Result<(), String> {
        let (file, line) = (&explained["template"]["file"], &explained["template"]["line"]);
        let path = file.as_str().unwrap_or_default().replace("built-in:", "templates/");
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let template = fs::read_to_string(root.join(&path)).map_err(|error| format!("{path}: {error}"))?;
        let line = line.as_u64().unwrap_or_default() as usize;
        let written = template.lines().nth(line.wrapping_sub(1)).unwrap_or_default();
        let text = explained["text"].as_str().unwrap();
        let is_plain = !written.contains("{%");
        let mut rest = text;
        for part in literals(written) {
            match rest.find(part.trim()) {
                Some(at) => rest = &rest[at + part.trim().len()..],
                // Another branch of the line may hold it.
                None if is_plain => return Err(format!("{path}:{line} `{written}` did not write `{text}`")),
                None => {}
            }
        }
        Ok(())
    }

    /// Every source that explanations name, each once.
    pub fn sources(explained: &[Json]) -> Vec<Source> {
        explained.iter().flat_map(Source::of).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Values of the form `key: value` in files that lines are made from.
    pub fn leaves(&self) -> Vec<Source> {
        let mut found = vec![];
        let shared = ["equipment.yaml", "metrics.yaml", "goals.yaml", "jig.yaml"];
        for (file, text) in &self.files {
            if !file.starts_with("sites/")
                && !file.ends_with("conduits.yaml")
                && !shared.contains(&file.as_str())
            {
                continue;
            }
            for (index, line) in text.lines().enumerate() {
                for part in line.split([',', '{', '}']) {
                    let Some((key, value)) = part.trim().trim_start_matches("- ").split_once(": ") else {
                        continue;
                    };
                    let value = value.trim().trim_matches('"');
                    let is_simple = |c: char| c.is_alphanumeric() || " ./-_".contains(c);
                    if !value.is_empty()
                        && value.chars().all(is_simple)
                        && key != "blueprint"
                        && key != "as_of"
                    {
                        let (key, value) = (key.to_owned(), value.to_owned());
                        found.push(Source { file: file.clone(), line: index + 1, key, value });
                    }
                }
            }
        }
        found
    }

    /// Changes a source to something else that is valid, and renders; none where nothing else is valid.
    pub fn change(&self, source: &Source) -> Option<Changed> {
        let text = self.files.get(&source.file)?;
        let mut all = Changed::default();
        let mut valid = 0;
        // Two of the words that fit may mean the same for a line: equipment of one profile does.
        let most = if self.words(&source.value).is_empty() { 2 } else { 6 };
        for other in self.others(&source.value) {
            let Some(changed) = replaced(text, source, &other) else { continue };
            if let Some(rendered) = self.render(&source.file, &changed) {
                self.compare(&rendered, &mut all);
                valid += 1;
                if valid == most {
                    break;
                }
            }
        }
        (valid > 0).then_some(all)
    }

    fn render(&self, file: &str, text: &str) -> Option<BTreeMap<String, String>> {
        let fleet = copy_example("kestrel");
        fleet.write(file, text);
        let is_record = file.starts_with("decisions/") || file.starts_with("deviations/");
        let is_approval = file.ends_with("it.yaml") || file.ends_with("ot.yaml");
        if file.ends_with("conduits.yaml") || (is_record && !is_approval) {
            self.approve(&fleet);
        }
        let run = fleet.jig("render -q").run();
        (run.code == 0).then(|| {
            let text = |(path, bytes): (String, Vec<u8>)| Some((path, String::from_utf8(bytes).ok()?));
            outputs(&files_below(fleet.root()).into_iter().filter_map(text).collect())
        })
    }

    /// Renews every approval at the date it had.
    fn approve(&self, fleet: &Fleet) {
        let value = |text: &str, key: &str| {
            let line =
                text.lines().find_map(|line| line.strip_prefix(&format!("{key}: "))).unwrap_or_default();
            line.to_owned()
        };
        for (path, text) in &self.files {
            let parts: Vec<&str> = path.split('/').collect();
            if let [_, record, "it.yaml" | "ot.yaml"] = parts.as_slice() {
                let (role, date) = (value(text, "role"), value(text, "date"));
                fleet.jig(&format!("approve {record} --as {role} --as-of {date}")).run();
            }
        }
    }

    fn compare(&self, rendered: &BTreeMap<String, String>, changed: &mut Changed) {
        for (file, before) in &self.rendered {
            let after = rendered.get(file).map_or("", String::as_str);
            if before == after {
                continue;
            }
            let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
            for op in capture_diff_slices(Algorithm::Myers, &before, &after) {
                let places = op.old_range().map(|index| (file.clone(), index + 1));
                match op {
                    DiffOp::Replace { old_len, new_len, .. } if old_len == new_len => {
                        changed.rewritten.extend(places);
                    }
                    DiffOp::Replace { .. } | DiffOp::Delete { .. } => changed.gone.extend(places),
                    _ => {}
                }
            }
        }
    }

    /// Other values of the same kind.
    fn others(&self, value: &str) -> Vec<String> {
        if let Ok(address) = value.parse::<std::net::Ipv4Addr>() {
            let number = u32::from(address);
            return [number + 3, number - 3]
                .map(|number| std::net::Ipv4Addr::from(number).to_string())
                .to_vec();
        }
        if let Ok(net) = value.parse::<ipnet::Ipv4Net>() {
            let moved = |by: u32| u32::from(net.addr()) ^ (by << (32 - net.prefix_len()));
            return [2, 1]
                .map(|by| format!("{}/{}", std::net::Ipv4Addr::from(moved(by)), net.prefix_len()))
                .to_vec();
        }
        if let Ok(number) = value.parse::<i64>() {
            return vec![(number + 1).to_string(), (number * 2).to_string()];
        }
        if let Ok(date) = value.parse::<jiff::civil::Date>() {
            return vec![date.saturating_sub(jiff::Span::new().days(2)).to_string()];
        }
        let words = self.words(value);
        let text = [format!("{value} indeed"), format!("{value}-2")];
        if words.is_empty() { text.to_vec() } else { words }
    }

    /// Words that stand beside a word somewhere: keys of the same map, or one of the lists that the formats know.
    fn words(&self, word: &str) -> Vec<String> {
        const LISTS: &[&[&str]] = &[
            &["read", "write", "publish", "subscribe"],
            &["none", "password", "key", "application-certificate", "client-certificate"],
            &["opcua", "modbus", "mqtt", "mqtts", "ntp", "dns", "syslog-tls", "https", "ssh"],
            &["it", "ot", "joint", "external"],
            &["lower", "higher"],
            &["en", "de", "es"],
            &["Stopped", "Execute", "Aborted", "Held", "Idle", "Suspended", "Completed"],
        ];
        let listed = LISTS.iter().filter(|list| list.contains(&word)).flat_map(|list| list.iter());
        let mut found: Vec<String> =
            listed.filter(|other| **other != word).map(|other| (*other).to_owned()).collect();
        for text in self.files.values() {
            let lines: Vec<&str> = text.lines().collect();
            let Some(at) = lines.iter().position(|line| line.trim_start().starts_with(&format!("{word}:")))
            else {
                continue;
            };
            let indent = |line: &str| line.len() - line.trim_start().len();
            let depth = indent(lines[at]);
            let beside = |line: &&&str| !line.trim().is_empty() && indent(line) >= depth;
            let block =
                lines[..at].iter().rev().take_while(beside).chain(lines[at + 1..].iter().take_while(beside));
            let keys =
                block.filter(|line| indent(line) == depth).filter_map(|line| line.trim().split_once(':'));
            found.extend(
                keys.map(|(key, _)| key.to_owned())
                    .filter(|key| !key.contains([' ', '#', '-']) || key.len() > 1),
            );
        }
        found.truncate(6);
        found
    }
}

/// Replaces a value on its line: after its key where the key stands there, else wherever it stands.
fn replaced(text: &str, source: &Source, other: &str) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = lines.get_mut(source.line - 1)?;
    let key = line.find(&format!("{}:", source.key)).filter(|_| !source.key.is_empty()).unwrap_or(0);
    let from = line[key..].find(&source.value).map(|at| key + at).or_else(|| line.find(&source.value))?;
    let end = from + source.value.len();
    let quoted = line[..from].ends_with('"') && line[end..].starts_with('"');
    let bare = other.contains(": ") || other.starts_with(['@', '%', '-']);
    let other = if bare && !quoted { format!("\"{other}\"") } else { other.to_owned() };
    line.replace_range(from..end, &other);
    Some(lines.join("\n") + "\n")
}

/// The literal text of a template's line: what stands between its tags.
fn literals(line: &str) -> Vec<&str> {
    let mut found = vec![];
    let mut rest = line;
    while let Some(open) = rest.find("{{").into_iter().chain(rest.find("{%")).chain(rest.find("{#")).min() {
        found.push(&rest[..open]);
        let close = match &rest[open..open + 2] {
            "{{" => "}}",
            "{%" => "%}",
            _ => "#}",
        };
        rest = rest[open..].find(close).map_or("", |at| &rest[open + at + 2..]);
    }
    found.push(rest);
    found.retain(|part| !part.trim().is_empty());
    found
}

fn outputs(files: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_output = |path: &str| {
        path.starts_with("intended/") && !path.ends_with("manifest.json") && !path.contains("/.")
    };
    files
        .iter()
        .filter(|(path, _)| is_output(path))
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect()
}

/// A small generator: the same seed gives the same lines on every machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    /// Picks some of many, each once.
    pub fn pick<T>(&mut self, mut many: Vec<T>, some: usize) -> Vec<T> {
        let some = some.min(many.len());
        for at in 0..some {
            let other = at + self.below(many.len() - at);
            many.swap(at, other);
        }
        many.truncate(some);
        many
    }
}
