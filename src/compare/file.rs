//! One pair of files: read, told apart by format, compared.

use super::found::{Compared, Found, Lapse, line_of};
use super::json::Unreadable;
use super::labels::{Attribution, Before, Class, Kind};
use super::profile::{Action, Format, ListRule, Rules};
use super::tree::{Ref, Tree};
use super::walk::{Walk, key_of, names_a_secret};
use super::{ODD_BYTES, csv, fortios, indented, ini, json, nft, secrets, text, toml, xml, yaml};
use crate::source::Tree as Files;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Where the content of one side comes from.
#[derive(Debug, Clone)]
pub enum Side<'a> {
    /// There is no such file.
    Absent,
    /// It is in memory.
    Bytes(Cow<'a, [u8]>),
    /// It is read when it is compared.
    File(&'a Files, String),
}

/// What was last deployed.
#[derive(Debug, Clone)]
pub enum Base<'a> {
    /// Nobody knows.
    Unknown,
    /// This.
    Known(Side<'a>),
    /// It takes time to find out, and is only asked where something differs.
    Ask(Asked<'a>),
}

/// How to find out what was last deployed.
#[derive(Clone)]
pub struct Asked<'a>(pub Arc<dyn Fn() -> Base<'a> + Send + Sync + 'a>);

impl fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

impl Base<'_> {
    fn find(&self) -> Self {
        match self {
            Self::Ask(asked) => match (asked.0)() {
                Self::Ask(_) => Self::Unknown,
                known => known,
            },
            known => known.clone(),
        }
    }
}

/// What is known about the read-back of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing speaks against it.
    Fine,
    /// It was not collected; why.
    Failed(String),
    /// It is too old; in words.
    Stale(String),
}

/// One file to compare.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// The line, by its number in the list of lines.
    pub line: usize,
    /// The file as reports show it.
    pub file: String,
    /// Its path inside the line's folder.
    pub inner: String,
    /// What the standard wants.
    pub intended: Side<'a>,
    /// What was read back.
    pub deployed: Side<'a>,
    /// What was last deployed.
    pub base: Base<'a>,
    /// How it is compared.
    pub rules: Arc<Rules>,
    /// The profile entry, for saying that a pattern of it names nothing.
    pub entry: Option<usize>,
    /// The role that can mend it.
    pub owner: Option<String>,
    /// What is known about the read-back.
    pub evidence: Evidence,
    /// Whether an extra file is ours.
    pub managed: bool,
    /// What was intended while a deviation counted that has run out.
    pub lapsed: Vec<(Lapse, Side<'a>)>,
}

/// What came out of one job.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub compared: Compared,
    /// The digest of a file that only one side has.
    pub digest: Option<blake3::Hash>,
}

/// Compares one pair of files.
pub(crate) fn compare(job: &Job<'_>) -> Outcome {
    if let Evidence::Failed(why) = &job.evidence {
        let mut found = Found::new("", Kind::Opaque).note(format!("not collected: {why}"));
        found.class = job.rules.class_of_whole();
        return Outcome { compared: Compared { found: vec![found], ..Compared::default() }, digest: None };
    }
    let mut outcome = match (read(&job.intended), read(&job.deployed)) {
        (Err(why), _) => opaque(job, &format!("intended: {why}")),
        (_, Err(why)) => opaque(job, &format!("deployed: {why}")),
        (Ok(None), Ok(None)) => Outcome::default(),
        (Ok(Some(s)), Ok(None)) => one_side(job, Kind::FileMissing, &s),
        (Ok(None), Ok(Some(d))) => one_side(job, Kind::FileExtra, &d),
        (Ok(Some(s)), Ok(Some(d))) if s == d => Outcome::default(),
        (Ok(Some(s)), Ok(Some(d))) => Outcome { compared: both(job, &s, &d), digest: None },
    };
    if !outcome.compared.found.is_empty() {
        explain_lapsed(job, &mut outcome.compared.found);
    }
    if let Evidence::Stale(why) = &job.evidence {
        outcome.compared.found.push(Found::new("", Kind::Opaque).note(why.clone()));
    }
    // What cannot be told about a firewall comes before what cannot be told about a dashboard.
    let in_doubt = |found: &&mut Found| found.kind == Kind::Opaque && !found.ignored;
    outcome
        .compared
        .found
        .iter_mut()
        .filter(in_doubt)
        .for_each(|found| found.class = job.rules.class_of_whole());
    for warning in &mut outcome.compared.warnings {
        *warning = warning.replace("{file}", &job.file);
    }
    outcome
}

/// Differences that would not be there, had a deviation not run out, are that deviation's.
fn explain_lapsed(job: &Job<'_>, found: &mut [Found]) {
    for (lapse, intended) in &job.lapsed {
        let then =
            Job { intended: intended.clone(), lapsed: vec![], evidence: Evidence::Fine, ..job.clone() };
        let then = compare(&then).compared.found;
        for found in found.iter_mut().filter(|found| !found.ignored && found.kind != Kind::Opaque) {
            let stays = |other: &Found| other.path == found.path && other.deployed == found.deployed;
            if !then.iter().any(stays) {
                found.lapsed.get_or_insert_with(|| lapse.clone());
            }
        }
    }
}

/// The secrets of a file that was not looked into: it is equal on both sides, or only one side has it.
pub(crate) fn secrets_of(job: &Job<'_>) -> Vec<String> {
    let side = match read(&job.intended) {
        Ok(None) => read(&job.deployed),
        intended => intended,
    };
    match side {
        Ok(Some(bytes)) if job.rules.has_secrets() || secrets::may_hold_some(&bytes) => {
            let mut found = both(&Job { base: Base::Unknown, ..job.clone() }, &bytes, &bytes).secrets;
            let text = String::from_utf8_lossy(&bytes);
            found.extend(secrets::inside(&text).into_iter().map(str::to_owned));
            found
        }
        _ => vec![],
    }
}

fn read<'s>(side: &'s Side<'_>) -> Result<Option<Cow<'s, [u8]>>, String> {
    match side {
        Side::Absent => Ok(None),
        Side::Bytes(bytes) => Ok(Some(Cow::Borrowed(bytes))),
        Side::File(files, path) => match files.bytes(path) {
            Ok(bytes) => Ok(Some(Cow::Owned(bytes))),
            Err(crate::source::ReadError::Missing(_)) => Ok(None),
            Err(error) => Err(error.to_string()),
        },
    }
}

fn opaque(job: &Job<'_>, why: &str) -> Outcome {
    Outcome { compared: Compared::opaque(why, format!("{}: {why}", job.file)), digest: None }
}

fn one_side(job: &Job<'_>, kind: Kind, content: &[u8]) -> Outcome {
    let mut found = Found::new("", kind);
    // An extra firewall opens what it opens; of any other extra file nobody knows what it does.
    if kind == Kind::FileMissing || job.rules.format == Format::Nft {
        found.class = job.rules.class_of_whole();
    }
    if let Base::Known(base) = &job.base.find()
        && let Ok(base) = read(base)
    {
        let is_base = base.as_deref().is_some_and(|base| base == content || equal(job, base, content));
        found.attribution = match kind {
            Kind::FileMissing => Attribution::judge(is_base, base.is_none()),
            _ => Attribution::judge(base.is_none(), is_base),
        };
    }
    if kind == Kind::FileExtra {
        found.digest = Some(digest(content));
    }
    if kind == Kind::FileExtra && !job.managed {
        found.ignored = true;
        found.note = Some("unmanaged".into());
    }
    Outcome {
        compared: Compared { found: vec![found], ..Compared::default() },
        digest: Some(blake3::hash(content)),
    }
}

/// Whether two contents mean the same under the rules of a file.
#[must_use]
pub fn mean_the_same(rules: &Arc<Rules>, a: &[u8], b: &[u8]) -> bool {
    a == b || equal(&between(rules, a, b), a, b)
}

/// What one difference between two contents means for production.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// Its line, in the second content, or in the first where only that one has it.
    pub line: Option<u32>,
    /// Whether the line is that of the first.
    pub is_first: bool,
    /// What it means.
    pub class: Class,
}

/// What the differences between two contents mean; `None` where the rules of the file do not say, or nobody can tell.
#[must_use]
pub fn meanings(rules: &Arc<Rules>, a: &[u8], b: &[u8]) -> Option<Vec<Meaning>> {
    if !rules.says_meanings() {
        return None;
    }
    let found = both(&between(rules, a, b), a, b).found;
    let meaning = |found: &Found| {
        let is_nothing = found.ignored || found.kind == Kind::Equivalent;
        let class = if is_nothing { Class::Look } else { found.class };
        Meaning { line: found.line, is_first: found.kind == Kind::Missing, class }
    };
    let known = found.iter().all(|found| found.kind != Kind::Opaque);
    known.then(|| found.iter().map(meaning).collect())
}

fn between<'a>(rules: &Arc<Rules>, a: &'a [u8], b: &'a [u8]) -> Job<'a> {
    let side = |bytes| Side::Bytes(Cow::Borrowed(bytes));
    Job {
        line: 0,
        file: String::new(),
        inner: String::new(),
        intended: side(a),
        deployed: side(b),
        base: Base::Unknown,
        rules: rules.clone(),
        entry: None,
        owner: None,
        evidence: Evidence::Fine,
        managed: true,
        lapsed: vec![],
    }
}

/// The digest by which a deviation names a content as a whole.
pub(super) fn digest(content: &[u8]) -> String {
    format!("b3:{}", blake3::hash(content).to_hex())
}

/// Whether two contents mean the same.
fn equal(job: &Job<'_>, a: &[u8], b: &[u8]) -> bool {
    let lone = Job { base: Base::Unknown, ..job.clone() };
    both(&lone, a, b).found.iter().all(|found| found.ignored || found.kind == Kind::Equivalent)
}

fn both(job: &Job<'_>, s: &[u8], d: &[u8]) -> Compared {
    if let Base::Ask(_) = job.base {
        let lone = both(&Job { base: Base::Unknown, ..job.clone() }, s, d);
        if lone.found.iter().all(|found| found.ignored || found.kind == Kind::Opaque) {
            return lone;
        }
        return both(&Job { base: job.base.find(), ..job.clone() }, s, d);
    }
    if d.trim_ascii().is_empty() && !s.trim_ascii().is_empty() {
        let size = if d.is_empty() { "0 bytes".to_owned() } else { "nothing but blanks".to_owned() };
        return Compared::opaque("the read-back is empty", format!("deployed {{file}} is empty ({size})"));
    }
    let base = match &job.base {
        // A base that cannot be read is no base.
        Base::Known(side) => read(side).map_or(Before::Unknown, Before::of),
        Base::Unknown | Base::Ask(_) => Before::Unknown,
    };
    let rules = &*job.rules;
    if rules.format == Format::Bytes
        || (rules.format == Format::Text && [s, d].iter().any(|side| side.contains(&0)))
    {
        return text::bytes(s, d, base.as_ref().map(AsRef::as_ref));
    }
    let structured = matches!(
        rules.format,
        Format::Json | Format::Yaml | Format::Toml | Format::Xml | Format::Csv | Format::Nft
    );
    let (s, d) = match (decode(s, structured), decode(d, structured)) {
        (Ok(s), Ok(d)) => (s, d),
        (Err(at), _) => return not_text("intended", at),
        (_, Err(at)) => return not_text("deployed", at),
    };
    let was_known = base.is_known();
    let base = base.as_ref().read(|base| decode(base, structured));
    let base = base.as_ref().map(AsRef::as_ref);
    let mut out = by_format(&s, &d, base, rules);
    if was_known && out.found.iter().any(|found| found.attribution == Attribution::Unknown) {
        out.warnings.extend(why_no_base(base, rules));
    }
    let is_read = !out.found.iter().any(|found| found.kind == Kind::Opaque && !found.ignored);
    // Where nothing differs, the sides hold the same secrets.
    let other = Some(&*d).filter(|_| !out.found.is_empty());
    for text in [Some(&*s), other, base.value()].into_iter().flatten() {
        declared_secrets(text, rules, &mut out.secrets);
        out.secrets.extend(secrets::private_keys(text).into_iter().map(str::to_owned));
        if !is_read {
            // What is said about a broken file may quote it.
            let names: Vec<&str> = rules.secret_names().collect();
            out.secrets.extend(secrets::after_names(text, &names).into_iter().map(str::to_owned));
        }
    }
    out
}

/// Why a base that is there does not tell who moved.
fn why_no_base(base: Before<&str>, rules: &Rules) -> Option<String> {
    let why = match base {
        Before::Unknown => "not UTF-8 text".to_owned(),
        Before::Nothing => return None,
        Before::Was(text) => {
            let alone = by_format(text, text, Before::Unknown, rules).found;
            let broken = alone.into_iter().find(|found| found.kind == Kind::Opaque && !found.ignored)?;
            let note = broken.note.unwrap_or_default();
            note.strip_prefix("intended: ").or(note.strip_prefix("deployed: ")).unwrap_or(&note).to_owned()
        }
    };
    Some(format!("base {{file}}: {why}; nobody can tell who moved"))
}

fn not_text(side: &str, at: usize) -> Compared {
    let why = format!("not UTF-8 text (first odd byte at offset {at})");
    Compared::opaque(format!("{side}: {why}"), format!("{side} {{file}}: {why}"))
}

/// A text without its byte order mark. Bytes that are no text are refused, or carried as characters of their own.
fn decode(bytes: &[u8], strict: bool) -> Result<Cow<'_, str>, usize> {
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) if strict => Err(error.valid_up_to()),
        Err(_) => {
            let mut out = String::with_capacity(bytes.len());
            for chunk in bytes.utf8_chunks() {
                out.push_str(chunk.valid());
                let odd = |byte: &u8| char::from_u32(ODD_BYTES + u32::from(*byte)).unwrap_or('\u{fffd}');
                out.extend(chunk.invalid().iter().map(odd));
            }
            Ok(Cow::Owned(out))
        }
    }
}

fn declared_secrets(text: &str, rules: &Rules, out: &mut Vec<String>) {
    for (regex, _) in &rules.secret_texts {
        for captures in regex.captures_iter(text) {
            let secret = captures.get(1).or(captures.get(0)).map(|hit| hit.as_str());
            out.extend(secret.filter(|secret| !secrets::is_reference(secret)).map(str::to_owned));
        }
    }
}

fn by_format(s: &str, d: &str, b: Before<&str>, rules: &Rules) -> Compared {
    match rules.format {
        Format::Json => json_files(s, d, b, rules),
        #[allow(clippy::redundant_closure)] // the function itself would want texts that live forever
        Format::Toml => trees(s, d, b, rules, |text| toml::parse(text), None),
        Format::Ini => trees(s, d, b, rules, |text| ini::parse(text, rules.systemd), None),
        Format::Csv => tables(s, d, b, rules),
        Format::Yaml => streams(s, d, b, rules),
        Format::Xml => documents(s, d, b, rules),
        // Whether the patterns name anything takes a closer look.
        Format::Indented if rules.patterns.is_empty() && indented::same(s, d, rules) => {
            Compared { parsed: true, ..Compared::default() }
        }
        Format::Indented => indented::compare(s, d, b, rules),
        Format::Fortios => fortios::compare(s, d, b, rules),
        Format::Nft => nft::compare(s, d, b, rules),
        Format::Lines | Format::Text | Format::Bytes => text::compare(s, d, b, rules),
    }
}

/// A file that is not what its format says.
fn unreadable(side: &str, text: &str, why: &Unreadable) -> Compared {
    let mut out = Compared::unreadable(side, &why.message, line_of(text, why.at as u32));
    out.found[0].path.clone_from(&why.path);
    out
}

fn trees<'t>(
    s: &'t str,
    d: &'t str,
    b: Before<&'t str>,
    rules: &'t Rules,
    parse: impl Fn(&'t str) -> Result<Tree<'t>, Unreadable>,
    root: Option<&'t ListRule>,
) -> Compared {
    let (in_s, in_d) = match (parse(s), parse(d)) {
        (Ok(s), Ok(d)) => (s, d),
        (Err(why), Ok(_)) => return unreadable("intended", s, &why),
        (_, Err(why)) => return unreadable("deployed", d, &why),
    };
    let in_b = b.read(&parse);
    walk_trees(Walk::new(rules, s, d), &in_s, &in_d, in_b.as_ref(), root)
}

/// JSON is what thousands of large files are: the read-back is only built where it differs.
fn json_files(s: &str, d: &str, b: Before<&str>, rules: &Rules) -> Compared {
    let in_s = match json::parse(s) {
        Ok(in_s) => in_s,
        Err(why) if json::parse(d).is_ok() => return unreadable("intended", s, &why),
        // Where both are broken, the read-back is the one to get again.
        Err(_) => {
            let why = json::parse(d).err().unwrap_or_else(|| json::Unreadable::new("not JSON", 0));
            return unreadable("deployed", d, &why);
        }
    };
    let in_d = match json::parse_beside(d, &in_s) {
        Ok(in_d) => in_d,
        Err(why) => return unreadable("deployed", d, &why),
    };
    let in_b = b.read(json::parse);
    walk_trees(Walk::new(rules, s, d), &in_s, &in_d, in_b.as_ref(), None)
}

fn walk_trees<'r>(
    mut walk: Walk<'r>,
    s: &Tree<'_>,
    d: &Tree<'_>,
    b: Before<&Tree<'_>>,
    root: Option<&'r ListRule>,
) -> Compared {
    let rules = walk.rules;
    let base = b.map(|tree| unwrapped(tree.root(), s.root(), rules));
    walk.run(s.root(), unwrapped(d.root(), s.root(), rules), base, root);
    if !walk.found.is_empty() {
        s.names_secrets().then(|| named_secrets(s.root(), &mut walk.secrets));
        d.names_secrets().then(|| named_secrets(d.root(), &mut walk.secrets));
    }
    finish(walk)
}

/// What a product wrapped its own members around when it was read back.
fn unwrapped<'t>(found: Ref<'t>, intended: Ref<'_>, rules: &Rules) -> Ref<'t> {
    let inside = |from: Ref<'_>, pointer: &str| -> bool { below(from, pointer).is_some() };
    let mut wrapped = rules.unwrap.iter().filter(|pointer| !inside(intended, pointer));
    wrapped.find_map(|pointer| below(found, pointer)).unwrap_or(found)
}

fn below<'t>(from: Ref<'t>, pointer: &str) -> Option<Ref<'t>> {
    crate::source::parse_pointer(pointer).try_fold(from, |at, step| at.member(&step, 0))
}

fn finish(walk: Walk<'_>) -> Compared {
    Compared {
        found: walk.found,
        warnings: walk.warnings,
        secrets: walk.secrets,
        hits: walk.hits.into_iter().map(Cell::into_inner).collect(),
        parsed: true,
    }
}

/// Values under names such as `password`, which may turn up elsewhere.
fn named_secrets(one: Ref<'_>, out: &mut Vec<String>) {
    let names_one = names_a_secret(one);
    for child in one.children() {
        let is_secret = secrets::is_secret_name(child.key()) || (names_one && child.key() == "value");
        if is_secret {
            secrets_below(child, out);
        }
        // What is shared with the other side is read there.
        if child.is_container() && !child.is_shared() {
            named_secrets(child, out);
        }
    }
}

/// The value under a secret's name. Inside a list or map there is much that is none, such as `type: password`.
fn secrets_below(one: Ref<'_>, out: &mut Vec<String>) {
    match one.as_str() {
        Some(text) if !secrets::is_default(text) && !secrets::is_reference(text) => out.push(text.to_owned()),
        Some(_) => {}
        None => {
            let mut inner = vec![];
            let values = one.children().filter(|child| !secrets::describes(child.key()));
            values.for_each(|child| secrets_below(child, &mut inner));
            out.extend(inner.into_iter().filter(|text| secrets::looks_random(text)));
        }
    }
}

fn tables(s: &str, d: &str, b: Before<&str>, rules: &Rules) -> Compared {
    let columns =
        |text: &str| -> BTreeSet<String> { csv::columns(text, rules.separator).into_iter().collect() };
    let (in_s, in_d) = (columns(s), columns(d));
    let common: Vec<String> = in_s.intersection(&in_d).cloned().collect();
    let root = ListRule { key: rules.key.clone(), ordered: rules.ordered.unwrap_or(rules.key.is_empty()) };
    let mut out = trees(s, d, b, rules, |text| csv::parse(text, rules.separator, &common), Some(&root));
    if out.found.iter().any(|found| found.kind == Kind::Opaque) {
        return out;
    }
    let in_b = b.map(columns).or_empty();
    for (name, kind) in in_s
        .difference(&in_d)
        .map(|name| (name, Kind::Missing))
        .chain(in_d.difference(&in_s).map(|name| (name, Kind::Extra)))
    {
        let value = Some(Json::from(name.as_str()));
        let (want, have) = if kind == Kind::Missing { (value, None) } else { (None, value) };
        let steps = ["*".to_owned(), name.clone()];
        let mut found = Found::new(
            steps.iter().fold(String::new(), |path, step| crate::source::child(&path, step)),
            kind,
        )
        .values(want, have)
        .note("a whole column");
        found.attribution = in_b.as_ref().map_or(Attribution::Unknown, |b| {
            let there = b.contains(name);
            if kind == Kind::Missing {
                Attribution::judge(there, !there)
            } else {
                Attribution::judge(!there, there)
            }
        });
        found.class = rules.class(&steps);
        found.line = Some(1);
        for (at, _) in rules.patterns.iter().enumerate().filter(|(_, pattern)| pattern.covers(&steps)) {
            out.hits[at] = true;
            found.ignored |= rules.actions[at] == Action::Ignore;
        }
        out.found.push(found);
    }
    out
}

fn documents(s: &str, d: &str, b: Before<&str>, rules: &Rules) -> Compared {
    let (in_s, in_d) = match (xml::parse(s), xml::parse(d)) {
        (Ok(s), Ok(d)) => (s, d),
        (Err(why), Ok(_)) => return unreadable("intended", s, &why),
        (_, Err(why)) => return unreadable("deployed", d, &why),
    };
    let in_b = b.read(xml::parse);
    xml::compare(&in_s, &in_d, in_b.as_ref(), rules)
}

fn streams(s: &str, d: &str, b: Before<&str>, rules: &Rules) -> Compared {
    let parse = |text: &str| yaml::parse(text, rules.yaml_11);
    let (in_s, in_d) = match (parse(s), parse(d)) {
        (Ok(s), Ok(d)) => (s, d),
        (Err(why), Ok(_)) => return unreadable("intended", s, &why),
        (_, Err(why)) => return unreadable("deployed", d, &why),
    };
    if (in_d.is_empty() || yaml::holds_nothing(d)) && !in_s.is_empty() && !yaml::holds_nothing(s) {
        return Compared::opaque("the read-back holds no document", "deployed {file} holds no document");
    }
    let in_b = b.read(parse).or_empty();
    let mut walk = Walk::new(rules, s, d);
    if let ([one], [other]) = (in_s.as_slice(), in_d.as_slice())
        && rules.documents.is_empty()
    {
        walk.run(
            one.root(),
            other.root(),
            in_b.as_ref().map_or(Before::Unknown, |b| Before::of(b.first().map(Tree::root))),
            None,
        );
    } else {
        pair_documents(&mut walk, &in_s, &in_d, in_b.as_deref(), rules);
    }
    if !walk.found.is_empty() {
        in_s.iter().chain(&in_d).for_each(|tree| named_secrets(tree.root(), &mut walk.secrets));
    }
    finish(walk)
}

/// Matches documents by their declared identity, else by their place.
fn pair_documents(
    walk: &mut Walk<'_>,
    s: &[Tree<'static>],
    d: &[Tree<'static>],
    b: Option<&[Tree<'static>]>,
    rules: &Rules,
) {
    let names = |trees: &[Tree<'static>]| -> Option<Vec<String>> {
        if rules.documents.is_empty() {
            return None;
        }
        let names: Option<Vec<String>> =
            trees.iter().map(|tree| key_of(tree.root(), &rules.documents)).collect();
        names.filter(|names| names.iter().collect::<BTreeSet<_>>().len() == names.len())
    };
    let places =
        |trees: &[Tree<'static>]| -> Vec<String> { (0..trees.len()).map(|at| at.to_string()).collect() };
    let (of_s, of_d, wrap) = match (names(s), names(d)) {
        (Some(want), Some(have)) => (want, have, true),
        _ => {
            if !rules.documents.is_empty() {
                walk.warnings.push(format!(
                    "{{file}}: documents have no unique {}; compared by place",
                    rules.documents.join(", ")
                ));
            }
            (places(s), places(d), false)
        }
    };
    let of_b: BTreeMap<String, usize> = b
        .map(|b| {
            let named = if wrap { names(b).unwrap_or_default() } else { places(b) };
            named.into_iter().enumerate().map(|(at, name)| (name, at)).collect()
        })
        .unwrap_or_default();
    let base = |name: &str| b.map_or(Before::Unknown, |b| Before::of(of_b.get(name).map(|at| b[*at].root())));
    let step = |name: &str| if wrap { format!("[{name}]") } else { name.to_owned() };
    for (name, tree) in of_s.iter().zip(s) {
        match of_d.iter().position(|other| other == name) {
            Some(at) => walk.document(step(name), tree.root(), d[at].root(), base(name)),
            None => walk.lone_document(step(name), Some(tree.root()), None, base(name)),
        }
    }
    for (name, tree) in of_d.iter().zip(d).filter(|(name, _)| !of_s.contains(name)) {
        walk.lone_document(step(name), None, Some(tree.root()), base(name));
    }
}
