//! XML: names by namespace, attributes in any order, elements in order unless the profile identifies them.
//!
//! White space between elements is layout; in mixed content it is text. Document types are refused by the parser,
//! so entities cannot grow.

use super::align::{self, Step as Aligned};
use super::found::{Compared, Found, line_of};
use super::json::Unreadable;
use super::labels::{Attribution, Before, Kind};
use super::pattern::Cursor;
use super::profile::{Action, ListRule, Rules};
use super::secrets::{PRESENCE, SALTED, is_default, is_reference, is_secret_name, only_presence};
use roxmltree::{Document, Node, NodeType, ParsingOptions};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most nodes of a file.
const MAX_NODES: u32 = 500_000;
/// Deepest nesting.
const MAX_DEPTH: usize = 64;

type Base<'t> = Before<Node<'t, 't>>;

/// Reads a document within the limits.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, Unreadable> {
    let mut depth = 0usize;
    // The parser recurses; a file of half a million opening tags must not reach it.
    for (at, _) in text.match_indices('<') {
        match text.as_bytes().get(at + 1) {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'!' | b'?') | None => {}
            Some(_) => {
                let end = text[at..].find('>').map_or(at, |end| at + end);
                if !text[..end].ends_with('/') {
                    depth += 1;
                }
            }
        }
        if depth > MAX_DEPTH {
            return Err(Unreadable::new(format!("nested more than {MAX_DEPTH} deep"), at));
        }
    }
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| {
        let message = match error {
            roxmltree::Error::DtdDetected => "a document type is not read: it may grow without bound",
            roxmltree::Error::DuplicatedAttribute(..) => "an attribute appears twice",
            roxmltree::Error::NodesLimitReached => "too many elements",
            _ => "not well-formed XML",
        };
        let place = error.pos();
        let lines = text.split_inclusive('\n').take(place.row.saturating_sub(1) as usize).map(str::len).sum();
        Unreadable::new(message, lines)
    })
}

/// Compares two documents.
pub(crate) fn compare(
    s: &Document<'_>,
    d: &Document<'_>,
    b: Before<&Document<'_>>,
    rules: &Rules,
) -> Compared {
    let mut walk = Walk {
        rules,
        intended: s.input_text(),
        deployed: d.input_text(),
        path: vec![],
        out: Compared { parsed: true, hits: vec![false; rules.patterns.len()], ..Compared::default() },
    };
    let (cursor, _) = rules.start();
    let base = b.map(Document::root_element);
    walk.element(Some(s.root_element()), Some(d.root_element()), base, &cursor, step_name(s.root_element()));
    for root in [s.root_element(), d.root_element()] {
        walk.note_named(root, &cursor);
    }
    walk.out
}

/// What stands in an element.
#[derive(Debug, Clone)]
enum Part<'t> {
    Element(Node<'t, 't>),
    Text(String),
}

struct Walk<'r> {
    rules: &'r Rules,
    intended: &'r str,
    deployed: &'r str,
    path: Vec<String>,
    out: Compared,
}

/// What the profile says about a place.
#[derive(Debug, Default)]
struct Here<'r> {
    ignored: bool,
    secret: Option<bool>,
    list: Option<&'r ListRule>,
}

impl<'r> Walk<'r> {
    fn step(&mut self, cursor: &Cursor, step: &str) -> (Cursor, Here<'r>) {
        let mut named = vec![];
        // `rule[@id='7']` is also a `rule`.
        let name = step.split('[').next().unwrap_or(step);
        let below = cursor.step(&self.rules.patterns, name, &mut named);
        if name != step {
            cursor.step(&self.rules.patterns, step, &mut named);
        }
        let mut here = Here::default();
        for number in named {
            self.out.hits[number] = true;
            match &self.rules.actions[number] {
                Action::Ignore => here.ignored = true,
                Action::Secret { salted } => here.secret = Some(*salted),
                Action::List(rule) => here.list = Some(rule),
                Action::NullIsAbsent | Action::DefaultIsAbsent(_) => {}
            }
        }
        (below, here)
    }

    fn element(
        &mut self,
        s: Option<Node<'_, '_>>,
        d: Option<Node<'_, '_>>,
        b: Base<'_>,
        cursor: &Cursor,
        step: String,
    ) {
        let (below, here) = self.step(cursor, &step);
        self.path.push(step);
        self.place(s, d, b, &below, &here);
        self.path.pop();
    }

    fn place(
        &mut self,
        s: Option<Node<'_, '_>>,
        d: Option<Node<'_, '_>>,
        b: Base<'_>,
        cursor: &Cursor,
        here: &Here<'_>,
    ) {
        let before = self.out.found.len();
        match (s, d) {
            (Some(s), Some(d)) if canon(s) == canon(d) => {
                if here.secret.is_some() {
                    self.keep(text_of(s));
                }
            }
            (Some(s), Some(d)) if s.tag_name() != d.tag_name() => self.emit(
                Kind::Changed,
                Some(source(s)),
                Some(source(d)),
                attribution(Some(s), Some(d), b),
                Some(d),
            ),
            (Some(s), Some(d)) => self.inside(s, d, b, cursor, here),
            (s, d) => {
                let kind = if s.is_some() { Kind::Missing } else { Kind::Extra };
                if here.secret.is_some() {
                    s.into_iter().chain(d).for_each(|node| self.keep(text_of(node)));
                }
                self.emit(kind, s.map(shown), d.map(shown), attribution(s, d, b), d.or(s));
            }
        }
        for found in &mut self.out.found[before..] {
            found.ignored |= here.ignored;
            found.secret |= here.secret.is_some();
        }
    }

    fn inside(&mut self, s: Node<'_, '_>, d: Node<'_, '_>, b: Base<'_>, cursor: &Cursor, here: &Here<'_>) {
        self.attributes(s, d, b, cursor);
        let (parts_s, parts_d) = (parts(s), parts(d));
        let only_text = |parts: &[Part<'_>]| parts.iter().all(|part| matches!(part, Part::Text(_)));
        if only_text(&parts_s) && only_text(&parts_d) {
            let (want, have) = (text_of(s), text_of(d));
            if want != have {
                self.scalar(&want, &have, b.map(text_of), Some(d), here);
            }
            return;
        }
        self.children(parts_s, parts_d, b, cursor);
    }

    fn scalar(&mut self, s: &str, d: &str, b: Before<String>, at: Option<Node<'_, '_>>, here: &Here<'_>) {
        let attribution = b.judge(|b| (b.as_deref() == Some(s), b.as_deref() == Some(d)));
        self.emit(Kind::Changed, Some(Json::from(s)), Some(Json::from(d)), attribution, at);
        let Some(found) = self.out.found.last_mut() else { return };
        let salted = here.secret == Some(true);
        let refers = (here.secret.is_some() || found.secret) && is_reference(s);
        found.secret |= here.secret.is_some();
        if ((salted || refers) && !is_default(d)) || only_presence(s, d) {
            found.kind = Kind::Opaque;
            found.ignored = true;
            found.note = Some(if salted { SALTED } else { PRESENCE }.into());
        }
        if here.secret.is_some() {
            self.keep(s.to_owned());
            self.keep(d.to_owned());
        }
    }

    fn attributes(&mut self, s: Node<'_, '_>, d: Node<'_, '_>, b: Base<'_>, cursor: &Cursor) {
        let read = |node: Node<'_, '_>| -> BTreeMap<(String, String), String> {
            node.attributes()
                .map(|want| {
                    (
                        (want.namespace().unwrap_or_default().to_owned(), want.name().to_owned()),
                        want.value().to_owned(),
                    )
                })
                .collect()
        };
        let (in_s, in_d, in_b) = (read(s), read(d), b.map(read));
        let names: BTreeSet<_> = in_s.keys().chain(in_d.keys()).cloned().collect();
        for name in names {
            let (want, have) = (in_s.get(&name), in_d.get(&name));
            if want == have {
                continue;
            }
            let step = format!("@{}", name.1);
            let (_, here) = self.step(cursor, &step);
            self.path.push(step);
            let before = self.out.found.len();
            let base = in_b.as_ref().step(|b| b.get(&name));
            match (want, have) {
                (Some(want), Some(have)) => self.scalar(want, have, base.map(String::clone), Some(d), &here),
                _ => {
                    let kind = if want.is_some() { Kind::Missing } else { Kind::Extra };
                    let attribution = base.judge(|b| (b == want, b == have));
                    let json = |value: Option<&String>| value.map(|value| Json::from(value.as_str()));
                    self.emit(kind, json(want), json(have), attribution, Some(d));
                }
            }
            for found in &mut self.out.found[before..] {
                found.ignored |= here.ignored;
                found.secret |= here.secret.is_some();
            }
            self.path.pop();
        }
    }

    fn children<'t>(&mut self, mut s: Vec<Part<'t>>, mut d: Vec<Part<'t>>, b: Base<'_>, cursor: &Cursor) {
        let names: BTreeSet<String> = s.iter().chain(&d).filter_map(Part::name).collect();
        for name in names {
            let (_, here) = self.step(cursor, &name);
            // What is not ours stands in nobody's way: its order says nothing.
            let rule = match here.list {
                Some(rule) => rule,
                None if here.ignored => &ListRule { key: vec![], ordered: true },
                None => continue,
            };
            let take = |parts: &mut Vec<Part<'t>>| -> Vec<Node<'t, 't>> {
                let taken = parts.iter().filter_map(|part| part.element(&name)).collect();
                parts.retain(|part| part.element(&name).is_none());
                taken
            };
            let (of_s, of_d) = (take(&mut s), take(&mut d));
            self.siblings(&name, &of_s, &of_d, b, cursor, rule);
        }
        self.sequence(&s, &d, b, cursor);
    }

    /// Compares siblings of one name that the profile speaks of.
    fn siblings<'t>(
        &mut self,
        name: &str,
        s: &[Node<'t, 't>],
        d: &[Node<'t, 't>],
        b: Base<'_>,
        cursor: &Cursor,
        rule: &ListRule,
    ) {
        let in_b: Vec<Node<'_, '_>> = b
            .value()
            .map(|b| b.children().filter(|node| node.is_element() && step_name(*node) == name).collect())
            .unwrap_or_default();
        let Some(key) = rule.key.first() else {
            if rule.ordered {
                return self.in_order(s, d, b, cursor);
            }
            return self.multiset(name, s, d, b.is_known(), &in_b, cursor);
        };
        let keys = |nodes: &[Node<'_, '_>], side: &str| -> Result<Vec<String>, String> {
            let mut seen = BTreeSet::new();
            nodes
                .iter()
                .map(|node| {
                    let Some(value) = key_value(*node, key) else {
                        return Err(format!("{side} {{file}}: a {name} has no {key}; compared in order"));
                    };
                    if seen.insert(value.clone()) {
                        Ok(value)
                    } else {
                        Err(format!("{side} {{file}}: {name} {key}={value} appears twice; compared in order"))
                    }
                })
                .collect()
        };
        let (want, have) = match (keys(s, "intended"), keys(d, "deployed")) {
            (Ok(want), Ok(have)) => (want, have),
            (want, have) => {
                self.out.warnings.extend(want.err().into_iter().chain(have.err()));
                return self.in_order(s, d, b, cursor);
            }
        };
        let base_of = |value: &str| {
            b.step(|_| in_b.iter().copied().find(|node| key_value(*node, key).as_deref() == Some(value)))
        };
        let mut both = vec![];
        for (at, value) in want.iter().enumerate() {
            let twin = have.iter().position(|other| other == value);
            both.extend(twin);
            self.element(
                Some(s[at]),
                twin.map(|twin| d[twin]),
                base_of(value),
                cursor,
                format!("{name}[{key}='{value}']"),
            );
        }
        for (at, value) in have.iter().enumerate().filter(|(_, value)| !want.contains(value)) {
            self.element(None, Some(d[at]), base_of(value), cursor, format!("{name}[{key}='{value}']"));
        }
        let stays = align::increasing(&both);
        if rule.ordered && stays.len() < both.len() {
            let common: Vec<&String> = want.iter().filter(|value| have.contains(value)).collect();
            for (at, place) in both.iter().enumerate().filter(|(at, _)| !stays.contains(at)) {
                self.path.push(format!("{name}[{key}='{}']", common[at]));
                self.emit(Kind::Moved, None, None, Attribution::Unknown, Some(d[*place]));
                self.path.pop();
            }
        }
    }

    fn in_order<'t>(&mut self, s: &[Node<'t, 't>], d: &[Node<'t, 't>], b: Base<'_>, cursor: &Cursor) {
        let wrap =
            |nodes: &[Node<'t, 't>]| -> Vec<Part<'t>> { nodes.iter().copied().map(Part::Element).collect() };
        self.sequence(&wrap(s), &wrap(d), b, cursor);
    }

    fn multiset(
        &mut self,
        name: &str,
        s: &[Node<'_, '_>],
        d: &[Node<'_, '_>],
        base_known: bool,
        b: &[Node<'_, '_>],
        cursor: &Cursor,
    ) {
        let (below, _) = self.step(cursor, name);
        let canon = |node: Node<'_, '_>| self.canon(node, &below);
        let count = |nodes: &[Node<'_, '_>]| -> HashMap<Vec<u8>, usize> {
            let mut counted = HashMap::new();
            nodes.iter().for_each(|node| *counted.entry(canon(*node)).or_insert(0) += 1);
            counted
        };
        let (in_s, in_d, in_b) = (count(s), count(d), count(b));
        let mut news = vec![];
        for (nodes, own, other, kind) in [(s, &in_s, &in_d, Kind::Missing), (d, &in_d, &in_s, Kind::Extra)] {
            let mut done = BTreeSet::new();
            for node in nodes {
                let key = canon(*node);
                let (mine, theirs) = (own[&key], other.get(&key).copied().unwrap_or(0));
                if mine <= theirs || !done.insert(key.clone()) {
                    continue;
                }
                let of_b = in_b.get(&key).copied().unwrap_or(0);
                let attribution = match (base_known, kind) {
                    (false, _) => Attribution::Unknown,
                    (true, Kind::Missing) => Attribution::judge(of_b == mine, of_b == theirs),
                    (true, _) => Attribution::judge(of_b == theirs, of_b == mine),
                };
                news.push((kind, *node, mine - theirs, attribution));
            }
        }
        self.path.push(name.to_owned());
        for (kind, node, count, attribution) in news {
            let value = Some(shown(node));
            let (want, have) = if kind == Kind::Missing { (value, None) } else { (None, value) };
            self.emit(kind, want, have, attribution, Some(node));
            if let Some(found) = self.out.found.last_mut() {
                found.count = count;
            }
        }
        self.path.pop();
    }

    fn sequence(&mut self, s: &[Part<'_>], d: &[Part<'_>], b: Base<'_>, cursor: &Cursor) {
        let canons = |parts: &[Part<'_>]| -> Vec<Vec<u8>> {
            parts.iter().map(|part| self.part_canon(part, cursor).unwrap_or_else(|| part.canon())).collect()
        };
        let (in_s, in_d) = (canons(s), canons(d));
        if in_s == in_d {
            // Equal under the rules; what is ignored below is still told.
            for at in (0..s.len()).filter(|at| s[*at].canon() != d[*at].canon()) {
                self.part(Some((s, at)), Some((d, at)), b, cursor);
            }
            return;
        }
        let (mut sorted_s, mut sorted_d) = (in_s.clone(), in_d.clone());
        sorted_s.sort();
        sorted_d.sort();
        if sorted_s == sorted_d {
            let names: BTreeSet<Option<String>> = s
                .iter()
                .zip(d)
                .filter(|(a, c)| a.canon() != c.canon())
                .flat_map(|(a, c)| [a.name(), c.name()])
                .collect();
            let one = names.iter().next().cloned().flatten().filter(|_| names.len() == 1);
            let in_b = b.map(|b| canons(&self.plain_parts(b, cursor)));
            let attribution = in_b.judge(|b| (b.as_ref() == Some(&in_s), b.as_ref() == Some(&in_d)));
            let at = d.iter().find_map(Part::node);
            if let Some(name) = one {
                self.path.push(name);
                self.emit(Kind::Reordered, None, None, attribution, at);
                self.path.pop();
            } else {
                self.emit(Kind::Reordered, None, None, attribution, at);
            }
            return;
        }
        for (one, other) in gaps(&align::align(&in_s, &in_d), s, d) {
            self.part(one.map(|at| (s, at)), other.map(|at| (d, at)), b, cursor);
        }
    }

    fn part(
        &mut self,
        s: Option<(&[Part<'_>], usize)>,
        d: Option<(&[Part<'_>], usize)>,
        b: Base<'_>,
        cursor: &Cursor,
    ) {
        let Some((parts, at)) = s.or(d) else { return };
        if let Part::Text(_) = parts[at] {
            let text = |side: Option<(&[Part<'_>], usize)>| match side.map(|(parts, at)| &parts[at]) {
                Some(Part::Text(text)) => Some(Json::from(text.as_str())),
                _ => None,
            };
            let kind = match (s, d) {
                (Some(_), Some(_)) => Kind::Changed,
                (Some(_), None) => Kind::Missing,
                _ => Kind::Extra,
            };
            return self.emit(kind, text(s), text(d), b.judge(|_| (false, false)), None);
        }
        let name = parts[at].name().unwrap_or_default();
        let same: Vec<usize> =
            (0..parts.len()).filter(|other| parts[*other].name().as_deref() == Some(name.as_str())).collect();
        let place = same.iter().position(|other| *other == at).unwrap_or(0);
        let step = if same.len() > 1 { format!("{name}[{}]", place + 1) } else { name.clone() };
        let base =
            b.step(|b| b.children().filter(|node| node.is_element() && step_name(*node) == name).nth(place));
        self.element(
            s.and_then(|(parts, at)| parts[at].node()),
            d.and_then(|(parts, at)| parts[at].node()),
            base,
            cursor,
            step,
        );
    }

    /// The parts that the profile says nothing about as siblings.
    fn plain_parts<'t>(&self, node: Node<'t, 't>, cursor: &Cursor) -> Vec<Part<'t>> {
        let mut all = parts(node);
        all.retain(|part| {
            let named = part.name().map(|name| self.named(cursor, &name).1).unwrap_or_default();
            !named.iter().any(|at| matches!(self.rules.actions[*at], Action::Ignore | Action::List(_)))
        });
        all
    }

    /// Writes a part so that equal under the rules means equal in bytes; nothing for what is ignored.
    fn part_canon(&self, part: &Part<'_>, cursor: &Cursor) -> Option<Vec<u8>> {
        let Part::Element(node) = part else { return Some(part.canon()) };
        let (below, named) = self.named(cursor, &step_name(*node));
        let is = |wanted: &Action| named.iter().any(|number| self.rules.actions[*number] == *wanted);
        if is(&Action::Ignore) {
            return None;
        }
        if is(&Action::Secret { salted: true }) {
            return Some(b"salted".to_vec());
        }
        Some(self.canon(*node, &below))
    }

    /// The same for an element whose own place is known.
    fn canon(&self, node: Node<'_, '_>, cursor: &Cursor) -> Vec<u8> {
        if cursor.is_done() {
            return canon(node);
        }
        let ours = |name: &str| {
            let (_, named) = self.named(cursor, &format!("@{name}"));
            !named.iter().any(|number| self.rules.actions[*number] == Action::Ignore)
        };
        let mut out = head(node, &ours);
        let mut unordered: Vec<Vec<u8>> = vec![];
        for part in parts(node) {
            let Some(canon) = self.part_canon(&part, cursor) else { continue };
            let digest = blake3::hash(&canon).as_bytes().to_vec();
            let named = part.name().map(|name| self.named(cursor, &name).1).unwrap_or_default();
            let is_unordered =
                |number: &usize| matches!(&self.rules.actions[*number], Action::List(rule) if !rule.ordered);
            if named.iter().any(is_unordered) {
                unordered.push(digest);
            } else {
                out.extend_from_slice(&digest);
            }
        }
        unordered.sort();
        out.extend(unordered.concat());
        out
    }

    /// Notes which patterns name something at all, equal parts included.
    fn note_named(&mut self, node: Node<'_, '_>, cursor: &Cursor) {
        if cursor.is_done() {
            return;
        }
        let (below, _) = self.step(cursor, &step_name(node));
        for attribute in node.attributes() {
            self.step(&below, &format!("@{}", attribute.name()));
        }
        for child in node.children().filter(Node::is_element) {
            self.note_named(child, &below);
        }
    }

    fn named(&self, cursor: &Cursor, step: &str) -> (Cursor, Vec<usize>) {
        let mut named = vec![];
        let below = cursor.step(&self.rules.patterns, step, &mut named);
        (below, named)
    }

    fn keep(&mut self, secret: String) {
        if !secret.is_empty() && !is_reference(&secret) {
            self.out.secrets.push(secret);
        }
    }

    fn emit(
        &mut self,
        kind: Kind,
        s: Option<Json>,
        d: Option<Json>,
        attribution: Attribution,
        at: Option<Node<'_, '_>>,
    ) {
        let path = self.path.iter().fold(String::new(), |path, step| format!("{path}/{step}"));
        let mut found = Found::new(path, kind).values(s, d);
        found.attribution = attribution;
        found.class = self.rules.class(&self.path);
        let text = if kind == Kind::Missing { self.intended } else { self.deployed };
        found.line = at.map(|node| line_of(text, node.range().start as u32));
        let is_secret = |step: &String| is_secret_name(step.trim_start_matches('@'));
        found.secret = self.path.iter().any(is_secret);
        if self.path.last().is_some_and(is_secret) {
            let texts: Vec<String> = [&found.intended, &found.deployed]
                .into_iter()
                .flatten()
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect();
            texts.into_iter().for_each(|text| self.keep(text));
        }
        self.out.found.push(found);
    }
}

impl<'t> Part<'t> {
    fn node(&self) -> Option<Node<'t, 't>> {
        match self {
            Self::Element(node) => Some(*node),
            Self::Text(_) => None,
        }
    }

    fn name(&self) -> Option<String> {
        self.node().map(step_name)
    }

    fn element(&self, name: &str) -> Option<Node<'t, 't>> {
        self.node().filter(|node| step_name(*node) == name)
    }

    fn canon(&self) -> Vec<u8> {
        match self {
            Self::Element(node) => canon(*node),
            Self::Text(text) => [b"t", text.as_bytes()].concat(),
        }
    }
}

/// Pairs what an alignment left over: in each gap, elements of the same name in order.
fn gaps(steps: &[Aligned], s: &[Part<'_>], d: &[Part<'_>]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut out = vec![];
    let (mut firsts, mut seconds): (Vec<usize>, Vec<usize>) = (vec![], vec![]);
    for step in steps.iter().copied().map(Some).chain([None]) {
        match step {
            Some(Aligned::First(at)) => firsts.push(at),
            Some(Aligned::Second(at)) => seconds.push(at),
            Some(Aligned::Same(..)) | None => {
                for one in firsts.drain(..) {
                    let twin = seconds.iter().position(|other| d[*other].name() == s[one].name());
                    out.push((Some(one), twin.map(|twin| seconds.remove(twin))));
                }
                out.extend(seconds.drain(..).map(|other| (None, Some(other))));
            }
        }
    }
    out
}

fn step_name(node: Node<'_, '_>) -> String {
    node.tag_name().name().to_owned()
}

fn key_value(node: Node<'_, '_>, key: &str) -> Option<String> {
    match key.strip_prefix('@') {
        Some(name) => node.attribute(name).map(str::to_owned),
        None => {
            node.children().find(|child| child.is_element() && child.tag_name().name() == key).map(text_of)
        }
    }
}

fn text_of(node: Node<'_, '_>) -> String {
    node.children().filter(Node::is_text).filter_map(|child| child.text()).collect()
}

/// The children that mean something: comments and layout are left out.
fn parts<'t>(node: Node<'t, 't>) -> Vec<Part<'t>> {
    let mut parts: Vec<Part<'t>> = vec![];
    for child in node.children() {
        match (child.node_type(), parts.last_mut()) {
            (NodeType::Element, _) => parts.push(Part::Element(child)),
            (NodeType::Text, Some(Part::Text(text))) => text.push_str(child.text().unwrap_or_default()),
            (NodeType::Text, _) => parts.push(Part::Text(child.text().unwrap_or_default().to_owned())),
            _ => {}
        }
    }
    let has_elements = parts.iter().any(|part| matches!(part, Part::Element(_)));
    let only_layout = parts.iter().all(|part| match part {
        Part::Text(text) => text.trim().is_empty(),
        Part::Element(_) => true,
    });
    if has_elements && only_layout {
        parts.retain(|part| matches!(part, Part::Element(_)));
    }
    parts
}

/// Writes an element so that equal means equal in bytes.
fn canon(node: Node<'_, '_>) -> Vec<u8> {
    let mut out = head(node, &|_| true);
    for part in parts(node) {
        // As a digest, so that depth costs nothing.
        out.extend_from_slice(blake3::hash(&part.canon()).as_bytes());
    }
    out
}

/// The name of an element and those of its attributes that are ours.
fn head(node: Node<'_, '_>, ours: &dyn Fn(&str) -> bool) -> Vec<u8> {
    let mut out = vec![b'<'];
    let text = |text: &str, out: &mut Vec<u8>| {
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    };
    text(node.tag_name().namespace().unwrap_or_default(), &mut out);
    text(node.tag_name().name(), &mut out);
    let attributes: BTreeMap<_, _> = node
        .attributes()
        .filter(|a| ours(a.name()))
        .map(|a| ((a.namespace().unwrap_or_default(), a.name()), a.value()))
        .collect();
    for ((namespace, name), value) in attributes {
        out.push(b'@');
        text(namespace, &mut out);
        text(name, &mut out);
        text(value, &mut out);
    }
    out
}

/// An element for a report: its text, or its source if there is more to it.
fn shown(node: Node<'_, '_>) -> Json {
    let simple = node.attributes().len() == 0 && !node.children().any(|child| child.is_element());
    if simple {
        return Json::from(text_of(node));
    }
    source(node)
}

/// An element as it is written.
fn source(node: Node<'_, '_>) -> Json {
    Json::from(node.document().input_text().get(node.range()).unwrap_or_default())
}

fn attribution(s: Option<Node<'_, '_>>, d: Option<Node<'_, '_>>, b: Base<'_>) -> Attribution {
    let of = |node: Option<Node<'_, '_>>| node.map(canon);
    b.judge(|b| (of(s) == of(b), of(d) == of(b)))
}
