//! The comparison profile: what a file is, what is ours in it, what identifies things, what is secret.
//!
//! In: `--profile` in folder mode, `compare:` of a target in a fleet. Out: [`Rules`] per file, compiled. A profile
//! with an unknown key, or a path that would cover everything, refuses to run: an ignore that is wider than meant
//! is worse than none.

use super::labels::Class;
use super::pattern::{Cursor, Notation, Pattern, fits};
use crate::model::{Compare, Kind};
use crate::packets::words::Names;
use indexmap::IndexMap;
use jiff::civil::Date;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The profile file of folder mode.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    line: Option<String>,
    release: Option<Release>,
    scope: Option<Scope>,
    #[serde(default)]
    parameters: BTreeMap<String, BTreeMap<String, Json>>,
    #[serde(default)]
    files: IndexMap<String, Compare>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    adopt_by: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    managed: Vec<String>,
}

/// A profile, ready to use.
#[derive(Debug, Default)]
pub struct Profile {
    /// The line that a pair of folders stands for.
    pub line: Option<String>,
    /// The last day on which being behind is allowed.
    pub adopt_by: Option<Date>,
    /// Extra files outside these globs are not ours; none means all are.
    pub managed: Vec<String>,
    /// Each line's own values.
    pub parameters: BTreeMap<String, BTreeMap<String, String>>,
    entries: Vec<(String, globset::GlobMatcher, Compare)>,
}

impl Profile {
    /// Reads a profile; everything that is wrong with it comes back.
    ///
    /// # Errors
    /// One sentence per mistake.
    pub fn read(value: Json) -> Result<Self, Vec<String>> {
        let value = if value.is_null() { Json::Object(serde_json::Map::new()) } else { value };
        let file: ProfileFile =
            serde_json::from_value(value).map_err(|error| vec![format!("profile: {error}")])?;
        let mut problems = vec![];
        let mut entries = vec![];
        for (name, compare) in file.files {
            match globset::GlobBuilder::new(&name).literal_separator(true).build() {
                Ok(glob) => {
                    if let Err(found) = Rules::compile(&compare, "", &name) {
                        problems.extend(found);
                    }
                    entries.push((name, glob.compile_matcher(), compare));
                }
                Err(error) => problems.push(format!("profile: files: {error}")),
            }
        }
        let managed = file.scope.map(|scope| scope.managed).unwrap_or_default();
        for glob in &managed {
            if let Err(error) = globset::Glob::new(glob) {
                problems.push(format!("profile: scope: {error}"));
            }
        }
        let adopt_by = file.release.and_then(|release| release.adopt_by);
        let adopt_by = adopt_by.and_then(|text| match text.parse::<Date>() {
            Ok(date) => Some(date),
            Err(_) => {
                problems.push("profile: release.adopt_by is not a date such as 2026-09-30".into());
                None
            }
        });
        if !problems.is_empty() {
            return Err(problems);
        }
        let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let texts = |own: &BTreeMap<String, Json>| {
            own.iter().map(|(name, value)| (name.clone(), text(value))).collect()
        };
        Ok(Self {
            line: file.line,
            adopt_by,
            managed,
            parameters: file.parameters.iter().map(|(line, own)| (line.clone(), texts(own))).collect(),
            entries,
        })
    }

    /// The names of the entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, ..)| name.as_str())
    }

    /// Returns the entry for a file: its number and settings. The first match wins; `inner` is the path inside the
    /// line's folder. An entry without `/` is a file name, in whatever folder it lies.
    #[must_use]
    pub fn entry(&self, file: &str, inner: &str) -> Option<(usize, &Compare)> {
        self.entries
            .iter()
            .enumerate()
            .find(|(_, (text, glob, _))| {
                let name = file.rsplit('/').next().filter(|_| !text.contains('/'));
                glob.is_match(file) || glob.is_match(inner) || name.is_some_and(|name| glob.is_match(name))
            })
            .map(|(at, (.., compare))| (at, compare))
    }

    /// Whether an extra file is ours.
    #[must_use]
    pub fn manages(&self, file: &str, inner: &str) -> bool {
        let one = |glob: &String| {
            let matcher = globset::GlobBuilder::new(glob)
                .literal_separator(true)
                .build()
                .map(|glob| glob.compile_matcher());
            matcher.is_ok_and(|matcher| matcher.is_match(file) || matcher.is_match(inner))
        };
        self.managed.is_empty() || self.managed.iter().any(one)
    }
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Format {
    Json,
    Yaml,
    Toml,
    Ini,
    Xml,
    Csv,
    Indented,
    Fortios,
    Nft,
    Lines,
    Text,
    Bytes,
}

/// Every format by name; syntaxes of targets that have no comparison of their own are here too.
const FORMATS: &[(&str, Format)] = &[
    ("json", Format::Json),
    ("yaml", Format::Yaml),
    ("toml", Format::Toml),
    ("ini", Format::Ini),
    ("xml", Format::Xml),
    ("csv", Format::Csv),
    ("indented", Format::Indented),
    ("nft", Format::Nft),
    ("lines", Format::Lines),
    ("text", Format::Text),
    ("bytes", Format::Bytes),
    ("ios", Format::Indented),
    ("asa", Format::Indented),
    ("fortios", Format::Fortios),
    ("markdown", Format::Text),
];

impl Format {
    /// Returns the format of this name; `ios` and `asa` are indented text, `markdown` is text.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        FORMATS.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// Returns the format that a file name says.
    #[must_use]
    pub fn by_path(path: &str) -> Self {
        crate::syntax::by_path(path).and_then(|syntax| Self::by_name(syntax.name())).unwrap_or(Self::Text)
    }

    fn notation(self) -> Notation {
        match self {
            Self::Json | Self::Yaml | Self::Toml | Self::Ini | Self::Xml | Self::Csv => Notation::Pointer,
            _ => Notation::Parents,
        }
    }
}

/// What a pattern of a profile says about a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Not ours to compare.
    Ignore,
    /// How a list is compared.
    List(ListRule),
    /// A secret stands here; salted ones cannot be compared.
    Secret { salted: bool },
    /// Null is as good as absent.
    NullIsAbsent,
    /// This value is as good as absent.
    DefaultIsAbsent(Json),
}

/// How a list is compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ListRule {
    /// The members that name an element.
    pub key: Vec<String>,
    pub ordered: bool,
}

/// A profile entry, compiled for one format.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The format.
    pub format: Format,
    pub(crate) ios: bool,
    /// Whether it is said to be ASA; else its lists tell.
    pub(crate) asa: bool,
    pub(crate) systemd: bool,
    pub(crate) yaml_11: bool,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) actions: Vec<Action>,
    pub(crate) consequence: Vec<(Pattern, Class)>,
    /// What it means that the file as a whole is missing.
    pub(crate) whole: Option<Class>,
    pub(crate) secret_texts: Vec<(Regex, bool)>,
    pub(crate) documents: Vec<String>,
    pub(crate) key: Vec<String>,
    pub(crate) ordered: Option<bool>,
    pub(crate) separator: Option<u8>,
    pub(crate) ordered_sections: Vec<String>,
    pub(crate) defaults: Vec<(Vec<String>, String)>,
    pub(crate) managed: Vec<String>,
    pub(crate) unwrap: Vec<String>,
    /// What the entry is called in warnings.
    pub name: String,
    /// What people call the addresses and services that rules speak of.
    pub names: Arc<Names>,
}

impl Rules {
    /// Compiles the settings for a file.
    ///
    /// # Errors
    /// One sentence per mistake.
    pub fn compile(compare: &Compare, file: &str, name: &str) -> Result<Arc<Self>, Vec<String>> {
        let mut problems = vec![];
        let mut wrong = |what: String| problems.push(format!("profile: {name}: {what}"));
        let format = match &compare.format {
            Some(format) => Format::by_name(format).unwrap_or_else(|| {
                wrong(format!("there is no format `{format}`"));
                Format::Text
            }),
            None if file.is_empty() => Format::by_path(name),
            None => Format::by_path(file),
        };
        let notation = format.notation();
        let mut rules = Self::plain(format, name);
        match compare.dialect.as_deref() {
            None | Some("plain") => {}
            Some("ios-like" | "ios") => rules.ios = true,
            Some("asa") => (rules.ios, rules.asa) = (true, true),
            Some("fortios") => rules.format = Format::Fortios,
            Some("systemd") => rules.systemd = true,
            Some("comma") => rules.separator = Some(b','),
            Some("semicolon") => rules.separator = Some(b';'),
            Some("tab") => rules.separator = Some(b'\t'),
            Some(other) => wrong(format!("there is no dialect `{other}`")),
        }
        let word = compare.format.as_deref().or_else(|| {
            let file = if file.is_empty() { name } else { file };
            crate::syntax::by_path(file).map(|syntax| syntax.name())
        });
        rules.say(word);
        match compare.yaml.as_deref() {
            None | Some("1.2") => {}
            Some("1.1") => rules.yaml_11 = true,
            Some(other) => wrong(format!("there is no YAML {other}; it is 1.1 or 1.2")),
        }
        let mut add = |text: &str, action: Action, wrong: &mut dyn FnMut(String)| {
            let pattern = Pattern::new(text, notation);
            if notation == Notation::Pointer && !text.is_empty() && !text.starts_with('/') {
                wrong(format!("path `{text}` must begin with `/`"));
            }
            if !matches!(action, Action::List(_)) && !pattern.is_specific() {
                wrong(format!("path `{text}` names nothing: it needs a literal segment"));
            }
            rules.patterns.push(pattern);
            rules.actions.push(action);
        };
        for path in &compare.server_managed {
            add(path, Action::Ignore, &mut wrong);
        }
        for path in &compare.absent_equals_null {
            add(path, Action::NullIsAbsent, &mut wrong);
        }
        for (path, default) in &compare.absent_equals {
            add(path, Action::DefaultIsAbsent(default.clone()), &mut wrong);
        }
        for (path, rule) in &compare.lists {
            let rule = ListRule { key: names(rule.key.as_ref()), ordered: rule.ordered.unwrap_or(true) };
            add(path, Action::List(rule), &mut wrong);
        }
        let mut texts = vec![];
        for secret in &compare.secrets {
            match read_secret(secret) {
                Ok(Secret::Path(path, salted)) => add(&path, Action::Secret { salted }, &mut wrong),
                Ok(Secret::Text(regex, salted)) => texts.push((regex, salted)),
                Err(why) => wrong(why),
            }
        }
        rules.secret_texts = texts;
        for consequence in &compare.consequence {
            match Class::ALL.iter().find(|class| class.as_str() == consequence.class) {
                Some(class) => rules.consequence.push((Pattern::new(&consequence.matches, notation), *class)),
                None => wrong(format!("there is no consequence class `{}`", consequence.class)),
            }
        }
        rules.documents = match &compare.documents {
            Some(Json::Object(object)) => {
                if let Some(odd) = object.keys().find(|key| *key != "key") {
                    wrong(format!("unknown key `documents.{odd}`"));
                }
                names(object.get("key"))
            }
            other => names(other.as_ref()),
        };
        rules.key = compare.key.iter().cloned().collect();
        rules.ordered = compare.ordered;
        rules.ordered_sections.clone_from(&compare.ordered_sections);
        for line in &compare.defaults {
            let mut steps: Vec<String> = line.split(" > ").map(|step| step.trim().to_owned()).collect();
            if let Some(last) = steps.pop() {
                rules.defaults.push((steps, last));
            }
        }
        rules.managed.clone_from(&compare.managed);
        rules.unwrap.clone_from(&compare.unwrap);
        if problems.is_empty() { Ok(Arc::new(rules)) } else { Err(problems) }
    }

    /// Compiles the rules of a rendered file: its target's profile, its syntax, and what the site owns in it.
    ///
    /// # Errors
    /// One sentence per mistake.
    pub fn of_target(
        compare: Option<&Compare>,
        syntax: &str,
        kind: Kind,
        local: &[String],
        name: &str,
    ) -> Result<Arc<Self>, Vec<String>> {
        let mut compare = compare.cloned().unwrap_or_default();
        compare.format.get_or_insert_with(|| syntax.to_owned());
        compare.server_managed.extend(local.iter().cloned());
        let rules = Self::compile(&compare, "", name)?;
        let whole = match kind {
            Kind::Firewall => Some(Class::Path),
            Kind::Gateway => Some(Class::Data),
            Kind::Dashboard | Kind::Alerts => Some(Class::Metric),
            Kind::Broker | Kind::Record => None,
        };
        Ok(Arc::new(Self { whole, ..Self::clone(&rules) }))
    }

    /// The rules of a file that no entry speaks of.
    #[must_use]
    pub fn plain(format: Format, name: &str) -> Self {
        Self {
            format,
            ios: false,
            asa: false,
            systemd: false,
            yaml_11: false,
            patterns: vec![],
            actions: vec![],
            consequence: vec![],
            whole: None,
            secret_texts: vec![],
            documents: vec![],
            key: vec![],
            ordered: None,
            separator: None,
            ordered_sections: vec![],
            defaults: vec![],
            managed: vec![],
            unwrap: vec![],
            name: name.to_owned(),
            names: Arc::default(),
        }
    }

    /// The rules of a file whose path alone says what it is.
    #[must_use]
    pub fn by_path(path: &str, name: &str) -> Self {
        let mut rules = Self::plain(Format::by_path(path), name);
        rules.say(crate::syntax::by_path(path).map(|syntax| syntax.name()));
        rules
    }

    /// Lets the name of a language say its dialect.
    fn say(&mut self, language: Option<&str>) {
        self.ios |= matches!(language, Some("ios" | "asa"));
        self.asa |= language == Some("asa");
    }

    /// Other names of an element: the members by which a pattern chooses it, such as `[folder=local]`.
    pub(crate) fn names_of(&self, item: super::tree::Ref<'_>) -> Vec<String> {
        let chosen = |(name, value): &(&str, &str)| {
            item.member(name, 0).and_then(super::tree::Ref::plain).is_some_and(|plain| plain == *value)
        };
        let choices = self.patterns.iter().flat_map(Pattern::choices).filter(chosen);
        choices.map(|(name, value)| format!("[{name}={value}]")).collect()
    }

    /// Whether differences are told by packets, so that names of addresses help.
    pub(crate) fn asks_for_names(&self) -> bool {
        self.ios || matches!(self.format, Format::Nft | Format::Fortios)
    }

    /// Whether they say what a difference means for production: by packets, or by paths.
    pub(crate) fn says_meanings(&self) -> bool {
        self.asks_for_names() || !self.consequence.is_empty()
    }

    /// The same, with what people call addresses and services.
    pub(crate) fn naming(&self, names: &Arc<Names>) -> Arc<Self> {
        Arc::new(Self { names: names.clone(), ..self.clone() })
    }

    /// Whether secrets are declared.
    pub(crate) fn has_secrets(&self) -> bool {
        !self.secret_texts.is_empty()
            || self.actions.iter().any(|action| matches!(action, Action::Secret { .. }))
    }

    /// What the members are called that are declared secret.
    pub(crate) fn secret_names(&self) -> impl Iterator<Item = &str> {
        let secrets = self.patterns.iter().zip(&self.actions);
        let secrets = secrets.filter(|(_, action)| matches!(action, Action::Secret { .. }));
        secrets.filter_map(|(pattern, _)| pattern.last_name())
    }

    /// Stands at the root of a file.
    pub(crate) fn start(&self) -> (Cursor, Vec<usize>) {
        Cursor::start(&self.patterns)
    }

    /// What a difference at a path means for production.
    pub(crate) fn class(&self, path: &[String]) -> Class {
        let named = self.consequence.iter().find(|(pattern, _)| pattern.matches(path));
        named.map_or(Class::Settings, |(_, class)| *class)
    }

    /// What it means for production that the file as a whole is missing: what it does is not done.
    pub(crate) fn class_of_whole(&self) -> Class {
        let declared = || self.consequence.iter().map(|(_, class)| *class).min();
        let known = self.whole.or_else(|| (self.format == Format::Nft).then_some(Class::Path));
        known.or_else(declared).unwrap_or(Class::Settings)
    }

    /// Whether a block that serves several lines is ours.
    pub(crate) fn is_ours(&self, block: &str) -> bool {
        self.managed.is_empty() || self.managed.iter().any(|glob| !glob.contains(" > ") && fits(glob, block))
    }

    /// What is ours below a block that is not ours as a whole.
    pub(crate) fn ours_below(&self, block: &str) -> Vec<&str> {
        let parts = self.managed.iter().filter_map(|glob| glob.split_once(" > "));
        parts.filter(|(parent, _)| fits(parent, block)).map(|(_, below)| below).collect()
    }
}

enum Secret {
    Path(String, bool),
    Text(Regex, bool),
}

fn read_secret(value: &Json) -> Result<Secret, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Long {
        path: Option<String>,
        #[serde(rename = "match")]
        matches: Option<String>,
        #[serde(default)]
        salted: bool,
    }
    if let Some(path) = value.as_str() {
        return Ok(Secret::Path(path.to_owned(), false));
    }
    let long: Long = serde_json::from_value(value.clone()).map_err(|error| format!("secrets: {error}"))?;
    match (long.path, long.matches) {
        (Some(path), None) => Ok(Secret::Path(path, long.salted)),
        (None, Some(text)) => regex::RegexBuilder::new(&text)
            .multi_line(true)
            .size_limit(1 << 20)
            .build()
            .map(|regex| Secret::Text(regex, long.salted))
            .map_err(|error| format!("secrets: {error}")),
        _ => Err("secrets: name either `path` or `match`".into()),
    }
}

/// One name or several.
fn names(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::String(name)) => vec![name.clone()],
        Some(Json::Array(names)) => {
            names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
        }
        _ => vec![],
    }
}
