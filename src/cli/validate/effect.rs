//! Rendered files before and after, difference by difference; what is the same but for a line's own values is one.

use super::super::diff::wanted::{RulesByTemplate, Wanted};
use super::device;
use super::facts::Facts;
use crate::compare::{Meaning, meanings};
use crate::model::Kind;
use crate::packets::words::Names;
use crate::render::{RenderedFile, Renderer};
use crate::report::change::{CONSEQUENCES, Effect, Group, Opening};
use aho_corasick::{AhoCorasick, MatchKind};
use similar::{DiffOp, TextDiff};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Mutex;

/// Lines of text shown around a difference.
const AROUND: usize = 2;

/// Collects differences of many lines, from many threads.
pub(super) struct Collector<'r> {
    renderer: &'r Renderer<'r>,
    rules: RulesByTemplate,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    groups: BTreeMap<String, Found>,
    paths: BTreeMap<String, BTreeSet<String>>,
    /// What devices let through or stop, by words without a line's own values.
    devices: BTreeMap<String, (String, BTreeSet<String>)>,
    changed: BTreeSet<String>,
    files: usize,
    unknown: BTreeSet<String>,
}

/// Differences with the same shape.
struct Found {
    lines: BTreeSet<String>,
    paths: BTreeSet<String>,
    /// The address that is shown, and its difference.
    shown: (String, String),
    consequence: usize,
    added: usize,
    removed: usize,
    exact: String,
    varies: bool,
}

/// One difference of one file.
struct Hunk {
    /// Its lines before and after, from 0.
    ranges: [Range<usize>; 2],
    consequence: usize,
    shape: String,
    exact: String,
    diff: String,
    added: usize,
    removed: usize,
    only_comments: bool,
}

/// A line or site on one side; `files` is empty where it is not there, `None` where it does not render.
pub(super) struct State<'a> {
    pub(super) files: Option<&'a [RenderedFile]>,
    pub(super) facts: Option<&'a Facts>,
}

impl<'r> Collector<'r> {
    /// Collects nothing yet; targets are those of the renderer.
    pub(super) fn new(renderer: &'r Renderer<'r>) -> Self {
        Self { renderer, rules: RulesByTemplate::default(), inner: Mutex::default() }
    }

    /// Compares the files of one line or site.
    pub(super) fn compare(&self, address: &str, before: &State<'_>, after: &State<'_>) {
        self.compare_flows(address, before, after);
        let (Some(old), Some(new)) = (before.files, after.files) else {
            let is_known = before.files.is_some() && after.files.is_some();
            let unknown = (!is_known).then(|| address.to_owned());
            self.inner.lock().expect("no thread panics while it holds the effect").unknown.extend(unknown);
            return;
        };
        let facts = after.facts.or(before.facts);
        let (mask, names) = (facts.map(Mask::new), facts.map(|facts| &facts.names));
        let paths: BTreeSet<&str> = old.iter().chain(new).map(|file| file.path.as_str()).collect();
        for path in paths {
            let find = |files: &'_ [RenderedFile]| files.iter().position(|file| file.path == path);
            let (old_file, new_file) = (find(old).map(|at| &old[at]), find(new).map(|at| &new[at]));
            let text = |file: Option<&RenderedFile>| file.map_or(String::new(), |file| file.text.clone());
            let (before, after) = (text(old_file), text(new_file));
            if before == after && old_file.is_some() == new_file.is_some() {
                continue;
            }
            let Some(file) = new_file.or(old_file) else { continue };
            let mut hunks = hunks(&before, &after, mask.as_ref());
            let standard = facts.and_then(|facts| facts.standard.as_deref());
            let (rules, _) = self.rules.get(self.renderer, standard, &Wanted::rendered(file));
            let meanings = match (old_file, new_file) {
                (Some(_), Some(_)) => meanings(&rules, before.as_bytes(), after.as_bytes()),
                // What a whole file means is what it is for.
                _ => None,
            };
            weigh(&mut hunks, meanings.as_deref(), file.kind);
            self.add(address, path, merged(hunks));
            if let (Kind::Firewall, Some(old), Some(new)) = (file.kind, old_file, new_file) {
                let words = device::words(old, new, names.unwrap_or(&Names::default()));
                self.add_words(address, path, words, mask.as_ref());
            }
        }
    }

    fn add_words(&self, address: &str, path: &str, words: Option<String>, mask: Option<&Mask>) {
        let Some(words) = words else { return };
        let words = format!("{}: {words}", pattern(address, path));
        let shape = mask.map_or_else(|| words.clone(), |mask| mask.apply(&words));
        let mut inner = self.inner.lock().expect("no thread panics while it holds the effect");
        let (shown, lines) = inner.devices.entry(shape).or_insert_with(|| (words.clone(), BTreeSet::new()));
        if lines.first().is_none_or(|first| address < first.as_str()) {
            *shown = words;
        }
        lines.insert(address.to_owned());
    }

    fn add(&self, address: &str, path: &str, hunks: Vec<Hunk>) {
        let mut inner = self.inner.lock().expect("no thread panics while it holds the effect");
        inner.changed.insert(address.to_owned());
        inner.files += 1;
        let pattern = pattern(address, path);
        for hunk in hunks {
            let consequence = hunk.consequence;
            let shown = (address.to_owned(), hunk.diff);
            let found = inner.groups.entry(hunk.shape).or_insert_with(|| Found {
                lines: BTreeSet::new(),
                paths: BTreeSet::new(),
                shown: shown.clone(),
                consequence,
                added: hunk.added,
                removed: hunk.removed,
                exact: hunk.exact.clone(),
                varies: false,
            });
            found.varies |= found.exact != hunk.exact;
            found.consequence = found.consequence.min(consequence);
            found.lines.insert(address.to_owned());
            found.paths.insert(pattern.clone());
            if shown.0 < found.shown.0 {
                (found.shown, found.added, found.removed) = (shown, hunk.added, hunk.removed);
            }
        }
    }

    fn compare_flows(&self, address: &str, before: &State<'_>, after: &State<'_>) {
        let words = |state: &State<'_>| -> BTreeSet<String> {
            state.facts.iter().flat_map(|facts| facts.flows.values().map(|flow| flow.words.clone())).collect()
        };
        let (old, new) = (words(before), words(after));
        let opened = new.difference(&old).map(|words| format!("opens {words}"));
        let closed = old.difference(&new).map(|words| format!("closes {words}"));
        let mut inner = self.inner.lock().expect("no thread panics while it holds the effect");
        for meaning in opened.chain(closed) {
            inner.paths.entry(meaning).or_default().insert(address.to_owned());
        }
    }

    /// Returns the effect, worst first.
    pub(super) fn finish(self) -> Effect {
        let inner = self.inner.into_inner().expect("no thread panics while it holds the effect");
        let mut groups: Vec<(usize, Group)> = inner.groups.into_values().map(group).collect();
        groups.sort_by(|(a, one), (b, other)| {
            a.cmp(b).then(other.lines.len().cmp(&one.lines.len())).then_with(|| one.path.cmp(&other.path))
        });
        let devices = inner.devices.into_values();
        let paths = inner.paths.into_iter().chain(devices);
        Effect {
            lines: inner.changed.len(),
            files: inner.files,
            groups: groups.into_iter().map(|(_, group)| group).collect(),
            paths: paths
                .map(|(meaning, lines)| Opening { meaning, lines: lines.into_iter().collect() })
                .collect(),
            unknown: inner.unknown.into_iter().collect(),
        }
    }
}

fn group(found: Found) -> (usize, Group) {
    let group = Group {
        lines: found.lines.into_iter().collect(),
        path: found.paths.into_iter().collect::<Vec<_>>().join(", "),
        added: found.added,
        removed: found.removed,
        diff: found.shown.1,
        consequence: CONSEQUENCES[found.consequence],
        varies: found.varies,
    };
    (found.consequence, group)
}

/// Says of each difference what it means: as the target's comparison profile has it, else by what the file is for.
fn weigh(hunks: &mut [Hunk], meanings: Option<&[Meaning]>, kind: Kind) {
    let look = CONSEQUENCES.len() - 1;
    let by_kind = |hunk: &Hunk| if hunk.only_comments { look } else { consequence(kind) };
    let Some(meanings) = meanings else {
        hunks.iter_mut().for_each(|hunk| hunk.consequence = by_kind(hunk));
        return;
    };
    for hunk in hunks.iter_mut() {
        hunk.consequence = look;
    }
    for meaning in meanings {
        let class = CONSEQUENCES.iter().position(|known| *known == meaning.class.as_str()).unwrap_or(0);
        // A statement of several lines is told at one of them, which need not be one that changed.
        let away = |hunk: &Hunk, line: usize| {
            let range = &hunk.ranges[usize::from(!meaning.is_first)];
            if line < range.start { range.start - line } else { (line + 1).saturating_sub(range.end) }
        };
        let line = meaning.line.map(|line| (line as usize).saturating_sub(1));
        match line {
            Some(line) => {
                if let Some(hunk) = hunks.iter_mut().min_by_key(|hunk| away(hunk, line)) {
                    hunk.consequence = hunk.consequence.min(class);
                }
            }
            None => hunks.iter_mut().for_each(|hunk| hunk.consequence = hunk.consequence.min(class)),
        }
    }
}

/// The same for each machine of a line is said once.
fn merged(hunks: Vec<Hunk>) -> Vec<Hunk> {
    let mut merged: BTreeMap<String, Hunk> = BTreeMap::new();
    for hunk in hunks {
        let worst = hunk.consequence;
        let kept = merged.entry(hunk.shape.clone()).or_insert(hunk);
        kept.consequence = kept.consequence.min(worst);
    }
    merged.into_values().collect()
}

/// What a difference in a file may mean, as a place in [`CONSEQUENCES`].
fn consequence(kind: Kind) -> usize {
    let word = match kind {
        Kind::Firewall => "path",
        Kind::Broker => "security",
        Kind::Gateway => "data",
        Kind::Alerts => "metric",
        Kind::Dashboard | Kind::Record => "look",
    };
    place(word)
}

fn place(word: &str) -> usize {
    CONSEQUENCES.iter().position(|known| *known == word).unwrap_or(0)
}

/// The path with the names of line and site as `*`.
fn pattern(address: &str, path: &str) -> String {
    let name = address.rsplit('/').next().unwrap_or(address);
    let part = |part: &str| match part.split_once('.') {
        Some((stem, rest)) if stem == name => format!("*.{rest}"),
        None if part == name => "*".to_owned(),
        _ => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn hunks(before: &str, after: &str, mask: Option<&Mask>) -> Vec<Hunk> {
    let diff = TextDiff::from_lines(before, after);
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let changes = diff.ops().iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
    changes.map(|op| hunk(op, &old, &new, mask)).collect()
}

fn hunk(op: &DiffOp, old: &[&str], new: &[&str], mask: Option<&Mask>) -> Hunk {
    let (from, to) = (op.old_range(), op.new_range());
    let cut = |lines: &[&str], range: std::ops::Range<usize>| -> Vec<String> {
        lines
            .get(range.start..range.end.min(lines.len()))
            .unwrap_or_default()
            .iter()
            .map(|l| (*l).to_owned())
            .collect()
    };
    let (removed, added) = (cut(old, from.clone()), cut(new, to.clone()));
    let masked = |lines: &[String]| -> Vec<String> {
        let lines = lines.iter().map(|line| mask.map_or_else(|| line.clone(), |mask| mask.apply(line)));
        once(lines.collect())
    };
    let signed = |sign: char, lines: &[String]| -> String {
        lines.iter().map(|line| format!("{sign}{line}\n")).collect()
    };
    let shape = signed('-', &masked(&removed)) + &signed('+', &masked(&added));
    let exact = signed('-', &removed) + &signed('+', &added);
    let lead = cut(old, from.start.saturating_sub(AROUND)..from.start);
    let tail = cut(old, from.end..from.end + AROUND);
    let around = lead.len() + tail.len();
    // An empty side is counted from the line before it.
    let start = |at: usize, count: usize| if count == 0 { 0 } else { at + 1 - lead.len() };
    let (old_count, new_count) = (removed.len() + around, added.len() + around);
    let head = format!(
        "@@ -{},{old_count} +{},{new_count} @@\n",
        start(from.start, old_count),
        start(to.start, new_count)
    );
    let plain = |lines: &[String]| signed(' ', lines);
    let is_comment = |line: &String| {
        let line = line.trim_start();
        line.is_empty() || ["#", "//", "--", ";"].iter().any(|mark| line.starts_with(mark))
    };
    Hunk {
        ranges: [from, to],
        consequence: 0,
        diff: head + &plain(&lead) + &exact + &plain(&tail),
        added: added.len(),
        removed: removed.len(),
        only_comments: removed.iter().chain(&added).all(is_comment),
        shape,
        exact,
    }
}

/// A block that repeats, such as one for each machine, stands once.
fn once(lines: Vec<String>) -> Vec<String> {
    let count = lines.len();
    let repeats = |period: &usize| {
        count.is_multiple_of(*period) && (*period..count).all(|at| lines[at] == lines[at - period])
    };
    match (1..count).find(repeats) {
        Some(period) => lines[..period].to_vec(),
        None => lines,
    }
}

/// Puts names in the place of a line's own values.
struct Mask {
    finder: Option<AhoCorasick>,
    names: Vec<String>,
    networks: Vec<(ipnet::IpNet, String)>,
}

impl Mask {
    fn new(facts: &Facts) -> Self {
        let finder =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(facts.own.keys()).ok();
        let names = facts.own.values().cloned().collect();
        Self { finder, names, networks: facts.networks.clone() }
    }

    fn apply(&self, line: &str) -> String {
        let mut out = String::with_capacity(line.len());
        let mut at = 0;
        for found in self.finder.iter().flat_map(|finder| finder.find_iter(line)) {
            if is_word(line, found.start(), found.end()) {
                out.push_str(&line[at..found.start()]);
                out.push_str(&format!("<{}>", self.names[found.pattern().as_usize()]));
                at = found.end();
            }
        }
        out.push_str(&line[at..]);
        self.without_ids(&out)
    }

    /// Ids that are made from names, and addresses of the line's own networks.
    fn without_ids(&self, line: &str) -> String {
        let part = |part: &str| -> String {
            let is_hash = part.len() == 16 && part.bytes().all(|b| b.is_ascii_hexdigit());
            let is_panel =
                line.contains("\"id\": ") && part.len() > 6 && part.bytes().all(|b| b.is_ascii_digit());
            if is_hash || is_panel {
                return "<id>".to_owned();
            }
            let address: Option<std::net::IpAddr> = part.parse().ok();
            let zone = address
                .and_then(|address| self.networks.iter().find(|(network, _)| network.contains(&address)));
            zone.map_or_else(|| part.to_owned(), |(_, zone)| format!("<{zone}>"))
        };
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | ':');
        let mut out = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(start) = rest.find(is_part) {
            out.push_str(&rest[..start]);
            let end = rest[start..].find(|c| !is_part(c)).map_or(rest.len(), |end| start + end);
            out.push_str(&part(&rest[start..end]));
            rest = &rest[end..];
        }
        out.push_str(rest);
        out
    }
}

/// Whether a match is no part of a longer word.
fn is_word(line: &str, start: usize, end: usize) -> bool {
    let before = line[..start].chars().next_back();
    let after = line[end..].chars().next();
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}
