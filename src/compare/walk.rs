//! Compares two trees, value by value, under the rules of a profile, against a base if there is one.
//!
//! Identity in lists comes from the profile, never from a guess. How elements without identity are paired decides
//! only how an already proven difference is shown.

use super::align::{self, Step as Aligned};
use super::found::{Found, Lines};
use super::labels::{Attribution, Before, Kind};
use super::number;
use super::pattern::Cursor;
use super::profile::{Action, Format, ListRule, Rules};
use super::secrets::{PRESENCE, SALTED, describes, is_default, is_reference, is_secret_name, only_presence};
use super::tree::{Ref, Value};
use crate::source::child;
use serde_json::Value as Json;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

type Base<'t> = Before<Ref<'t>>;

/// What is compared, and what comes out.
pub(crate) struct Walk<'r> {
    pub rules: &'r Rules,
    intended: Lines<'r>,
    deployed: Lines<'r>,
    path: Vec<String>,
    /// How many steps of the path name a document of a stream; patterns do not see them.
    skip: usize,
    pub found: Vec<Found>,
    pub warnings: Vec<String>,
    pub secrets: Vec<String>,
    pub hits: Vec<Cell<bool>>,
}

/// What the profile says about one place.
#[derive(Debug, Clone, Copy, Default)]
struct Here<'r> {
    ignored: bool,
    secret: Option<bool>,
    list: Option<&'r ListRule>,
    null_is_absent: bool,
    default: Option<&'r Json>,
}

impl<'r> Walk<'r> {
    pub(crate) fn new(rules: &'r Rules, intended: &'r str, deployed: &'r str) -> Self {
        Self {
            rules,
            intended: Lines::new(intended),
            deployed: Lines::new(deployed),
            path: vec![],
            skip: 0,
            found: vec![],
            warnings: vec![],
            secrets: vec![],
            hits: vec![Cell::new(false); rules.patterns.len()],
        }
    }

    /// Compares two files from their roots.
    pub(crate) fn run(
        &mut self,
        intended: Ref<'_>,
        deployed: Ref<'_>,
        base: Base<'_>,
        root: Option<&'r ListRule>,
    ) {
        let (cursor, named) = self.rules.start();
        let mut here = self.here(&named);
        here.list = here.list.or(root);
        self.pair(intended, deployed, base, &cursor, here);
    }

    /// Enters a document of a stream.
    pub(crate) fn document(&mut self, step: String, intended: Ref<'_>, deployed: Ref<'_>, base: Base<'_>) {
        self.path.push(step);
        self.skip = 1;
        self.run(intended, deployed, base, None);
        self.path.pop();
    }

    /// Reports a document that only one side has.
    pub(crate) fn lone_document(
        &mut self,
        step: String,
        intended: Option<Ref<'_>>,
        deployed: Option<Ref<'_>>,
        base: Base<'_>,
    ) {
        self.path.push(step);
        self.skip = 1;
        let (cursor, _) = self.rules.start();
        self.one_side(intended, deployed, base, &cursor);
        self.path.pop();
    }

    fn here(&mut self, named: &[usize]) -> Here<'r> {
        let mut here = Here::default();
        for number in named {
            self.hits[*number].set(true);
            match &self.rules.actions[*number] {
                Action::Ignore => here.ignored = true,
                Action::Secret { salted } => here.secret = Some(here.secret.unwrap_or(false) || *salted),
                Action::NullIsAbsent => here.null_is_absent = true,
                Action::DefaultIsAbsent(default) => here.default = Some(default),
                Action::List(rule) => here.list = here.list.or(Some(rule)),
            }
        }
        here
    }

    fn step(&mut self, cursor: &Cursor, step: &str) -> (Cursor, Here<'r>) {
        self.step_into(cursor, step, None)
    }

    /// The same for an element, which a pattern may also choose by its members.
    fn step_into(&mut self, cursor: &Cursor, step: &str, item: Option<Ref<'_>>) -> (Cursor, Here<'r>) {
        if cursor.is_done() {
            return (Cursor::default(), Here::default());
        }
        let mut named = vec![];
        let others = item.map(|item| self.rules.names_of(item)).unwrap_or_default();
        let below = cursor.step_as(&self.rules.patterns, step, &others, &mut named);
        let here = self.here(&named);
        (below, here)
    }

    fn pair(&mut self, s: Ref<'_>, d: Ref<'_>, b: Base<'_>, cursor: &Cursor, here: Here<'r>) {
        if let Some(salted) = here.secret {
            return self.secret(s, d, b, cursor, salted);
        }
        if cursor.is_done() && here.list.is_none() && s.equal(d) {
            return;
        }
        match (s.value(), d.value()) {
            (Value::Map(_), Value::Map(_)) => self.maps(s, d, b, cursor),
            (Value::List(_), Value::List(_)) => self.lists(s, d, b, cursor, here.list),
            // A key that is repeated is a list; one that is not is a list of one.
            (Value::List(_), Value::Str(_)) | (Value::Str(_), Value::List(_))
                if self.rules.format == Format::Ini =>
            {
                self.ordered(s, d, b, cursor);
            }
            _ if s.equal(d) => {}
            _ => self.changed(s, d, b, cursor),
        }
    }

    fn changed(&mut self, s: Ref<'_>, d: Ref<'_>, b: Base<'_>, cursor: &Cursor) {
        if let (Some(text), Some(other)) = (s.as_str(), d.as_str()) {
            if is_reference(text) && self.is_secret_here() {
                return self.secret(s, d, b, cursor, false);
            }
            if only_presence(text, other) {
                let at = self.found.len();
                self.emit(Kind::Opaque, Some(s), Some(d), b, cursor);
                self.found[at].ignored = true;
                self.found[at].note = Some(PRESENCE.into());
                return;
            }
        }
        let types = (s.type_name(), d.type_name());
        let kind = if types.0 == types.1 { Kind::Changed } else { Kind::TypeChanged };
        let at = self.found.len();
        self.emit(kind, Some(s), Some(d), b, cursor);
        if matches!(types, ("integer" | "float", "integer" | "float")) && types.0 != types.1 {
            // As JSON numbers 1 and 1.0 would look alike.
            self.found[at].intended = s.plain_typed();
            self.found[at].deployed = d.plain_typed();
        }
    }

    fn maps(&mut self, s: Ref<'_>, d: Ref<'_>, b: Base<'_>, cursor: &Cursor) {
        for (at, sc) in s.children().enumerate() {
            let dc = d.member(sc.key(), at);
            if cursor.is_done() && dc.is_some_and(|dc| sc.equal(dc)) {
                continue;
            }
            let from = self.found.len();
            self.member(Some(sc), dc, b.step(|b| b.member(sc.key(), at)), cursor);
            // As in a list of environment variables: the secret stands beside its name.
            if sc.key() == "value" && self.found.len() > from && (names_a_secret(s) || names_a_secret(d)) {
                self.found[from..].iter_mut().for_each(|found| found.secret = true);
                self.keep_secrets(Some(sc));
                self.keep_secrets(dc);
            }
        }
        for (at, dc) in d.children().enumerate() {
            if s.member(dc.key(), at).is_none() {
                self.member(None, Some(dc), b.step(|b| b.member(dc.key(), at)), cursor);
            }
        }
    }

    fn member(&mut self, s: Option<Ref<'_>>, d: Option<Ref<'_>>, b: Base<'_>, cursor: &Cursor) {
        let key = s.or(d).map(Ref::key).unwrap_or_default();
        let (below, here) = self.step(cursor, key);
        self.path.push(key.to_owned());
        self.place(s, d, b, &below, here);
        self.path.pop();
    }

    /// Compares what stands at one place on both sides, either of which may have nothing.
    fn place(
        &mut self,
        s: Option<Ref<'_>>,
        d: Option<Ref<'_>>,
        b: Base<'_>,
        cursor: &Cursor,
        here: Here<'r>,
    ) {
        let absent = |side: Option<Ref<'_>>| {
            side.is_none_or(|side| {
                (here.null_is_absent && matches!(side.value(), Value::Null))
                    || here.default.is_some_and(|default| side.is(default))
            })
        };
        if here.ignored {
            return self.ignored(s, d, b, cursor, here.secret.is_some());
        }
        match (s, d) {
            _ if absent(s) && absent(d) => {}
            (Some(s), Some(d)) => self.pair(s, d, b, cursor, here),
            _ => {
                if here.secret.is_some() {
                    self.keep_secrets(s);
                    self.keep_secrets(d);
                }
                let at = self.found.len();
                self.one_side(s, d, b, cursor);
                if here.secret.is_some() {
                    self.found[at..].iter_mut().for_each(|found| found.secret = true);
                }
            }
        }
    }

    /// Reports what only one side has, without what is ignored in it.
    fn one_side(&mut self, s: Option<Ref<'_>>, d: Option<Ref<'_>>, b: Base<'_>, cursor: &Cursor) {
        let kind = if s.is_some() { Kind::Missing } else { Kind::Extra };
        let Some(one) = s.or(d) else { return };
        if cursor.is_done() {
            return self.emit(kind, s, d, b, cursor);
        }
        let rest = self.without_ignored(one, s.is_some(), b, cursor);
        if let Some(rest) = rest {
            let at = self.found.len();
            self.emit(kind, s, d, b, cursor);
            let found = &mut self.found[at];
            if one.is_container() && self.rules.format != Format::Csv {
                *(if s.is_some() { &mut found.intended } else { &mut found.deployed }) = Some(rest);
            }
        }
    }

    /// The value without what is ignored in it; `None` if nothing is left. Ignored leaves and secrets are noted.
    fn without_ignored(
        &mut self,
        one: Ref<'_>,
        intended: bool,
        b: Base<'_>,
        cursor: &Cursor,
    ) -> Option<Json> {
        if cursor.is_done() || !one.is_container() {
            return Some(one.to_json());
        }
        let is_map = matches!(one.value(), Value::Map(_));
        let mut rest = vec![];
        let mut dropped = false;
        for (at, item) in one.children().enumerate() {
            let key = if is_map { item.key().to_owned() } else { at.to_string() };
            let (below, here) = self.step_into(cursor, &key, Some(item).filter(|_| !is_map));
            self.path.push(key.clone());
            let b = b.step(|b| if is_map { b.member(&key, at) } else { b.item(at) });
            if here.ignored {
                let (s, d) = if intended { (Some(item), None) } else { (None, Some(item)) };
                self.ignored(s, d, b, &below, here.secret.is_some());
                dropped = true;
            } else {
                if here.secret.is_some() {
                    self.keep_secrets(Some(item));
                }
                match self.without_ignored(item, intended, b, &below) {
                    Some(value) => rest.push((key, value)),
                    None => dropped = true,
                }
            }
            self.path.pop();
        }
        if dropped && rest.is_empty() {
            return None;
        }
        Some(if is_map {
            Json::Object(rest.into_iter().collect())
        } else {
            Json::Array(rest.into_iter().map(|(_, value)| value).collect())
        })
    }

    /// Reports the leaves that differ below an ignored place; a secret stays one there.
    fn ignored(
        &mut self,
        s: Option<Ref<'_>>,
        d: Option<Ref<'_>>,
        b: Base<'_>,
        cursor: &Cursor,
        secret: bool,
    ) {
        let kind = match (s, d) {
            (Some(s), Some(d)) if s.equal(d) => return,
            (Some(s), Some(d)) if s.is_container() && s.type_name() == d.type_name() => {
                return self.ignored_children(s, d, b, cursor, secret);
            }
            (Some(s), Some(d)) if s.type_name() == d.type_name() => Kind::Changed,
            (Some(_), Some(_)) => Kind::TypeChanged,
            (Some(one), None) | (None, Some(one)) if one.len() > 0 => {
                for at in 0..one.len() {
                    let item = one.item(at);
                    let (s, d) = if s.is_some() { (item, None) } else { (None, item) };
                    self.ignored_child(is_map(one), at, s, d, b, cursor, secret);
                }
                return;
            }
            (Some(_), None) => Kind::Missing,
            (None, Some(_)) => Kind::Extra,
            (None, None) => return,
        };
        let at = self.found.len();
        self.emit(kind, s, d, b, &Cursor::default());
        self.found[at].ignored = true;
        if secret {
            self.found[at].secret = true;
            [s, d, b.value()].into_iter().for_each(|side| self.keep_secrets(side));
        }
    }

    fn ignored_children(&mut self, s: Ref<'_>, d: Ref<'_>, b: Base<'_>, cursor: &Cursor, secret: bool) {
        let is_map = is_map(s);
        for (at, sc) in s.children().enumerate() {
            let dc = if is_map { d.member(sc.key(), at) } else { d.item(at) };
            self.ignored_child(is_map, at, Some(sc), dc, b, cursor, secret);
        }
        for (at, dc) in d.children().enumerate() {
            let known = if is_map { s.member(dc.key(), at).is_some() } else { at < s.len() };
            if !known {
                self.ignored_child(is_map, at, None, Some(dc), b, cursor, secret);
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn ignored_child(
        &mut self,
        is_map: bool,
        at: usize,
        s: Option<Ref<'_>>,
        d: Option<Ref<'_>>,
        b: Base<'_>,
        cursor: &Cursor,
        secret: bool,
    ) {
        let key = if is_map { s.or(d).map(Ref::key).unwrap_or_default().to_owned() } else { at.to_string() };
        let b = b.step(|b| if is_map { b.member(&key, at) } else { b.item(at) });
        let (below, here) = self.step_into(cursor, &key, s.or(d).filter(|_| !is_map));
        self.path.push(key);
        self.ignored(s, d, b, &below, secret || here.secret.is_some());
        self.path.pop();
    }

    // Lists

    fn lists(&mut self, s: Ref<'_>, d: Ref<'_>, b: Base<'_>, cursor: &Cursor, rule: Option<&ListRule>) {
        let Some(rule) = rule else { return self.ordered(s, d, b, cursor) };
        if rule.key.is_empty() {
            let compare = if rule.ordered { Self::ordered } else { Self::unordered };
            return compare(self, s, d, b, cursor);
        }
        let want = self.keys(s, rule, "intended");
        // What holds the same elements in the same order has the same keys.
        if cursor.is_done() && want.is_ok() && s.equal(d) {
            return;
        }
        match (want, self.keys(d, rule, "deployed")) {
            (Ok(want), Ok(have)) => self.keyed(s, d, b, cursor, rule, &want, &have),
            (want, have) => {
                self.warnings.extend(want.err().into_iter().chain(have.err()));
                self.ordered(s, d, b, cursor);
            }
        }
    }

    /// The identity of each element, or why there is none.
    fn keys(&self, list: Ref<'_>, rule: &ListRule, side: &str) -> Result<Vec<String>, String> {
        let mut keys: Vec<String> = Vec::with_capacity(list.len());
        let place = if self.path.is_empty() { String::new() } else { format!(" {}", self.shown_path()) };
        for (at, item) in list.children().enumerate() {
            let Some(key) = key_of(item, &rule.key) else {
                return Err(format!(
                    "{side} {{file}}{place}: element {at} has no {}; compared in order",
                    rule.key.join(", ")
                ));
            };
            keys.push(key);
        }
        let mut seen = std::collections::HashSet::with_capacity(keys.len());
        match keys.iter().find(|key| !seen.insert(key.as_str())) {
            Some(key) => Err(format!("{side} {{file}}{place}: {key} appears twice; compared in order")),
            None => Ok(keys),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn keyed(
        &mut self,
        s: Ref<'_>,
        d: Ref<'_>,
        b: Base<'_>,
        cursor: &Cursor,
        rule: &ListRule,
        want: &[String],
        have: &[String],
    ) {
        let places: HashMap<&str, usize> =
            have.iter().enumerate().map(|(at, key)| (key.as_str(), at)).collect();
        let base_keys: Option<Vec<String>> =
            b.value().map(|b| b.children().map(|item| key_of(item, &rule.key).unwrap_or_default()).collect());
        let base_of =
            |key: &str| b.step(|b| b.item(base_keys.as_ref()?.iter().position(|known| known == key)?));
        let mut both = vec![];
        for (at, key) in want.iter().enumerate() {
            let twin = places.get(key.as_str()).copied();
            both.extend(twin.map(|place| (at, place)));
            self.element(key, s.item(at), twin.and_then(|place| d.item(place)), base_of(key), cursor);
        }
        let known: std::collections::HashSet<&str> = want.iter().map(String::as_str).collect();
        for (at, key) in have.iter().enumerate().filter(|(_, key)| !known.contains(key.as_str())) {
            self.element(key, None, d.item(at), base_of(key), cursor);
        }
        if rule.ordered {
            self.moved(&both, want, base_keys.as_deref(), b.is_known(), d);
        }
    }

    fn element(&mut self, key: &str, s: Option<Ref<'_>>, d: Option<Ref<'_>>, b: Base<'_>, cursor: &Cursor) {
        let step = format!("[{key}]");
        // What is intended decides what is the site's own: an element does not become so by saying it.
        let (below, here) = self.step_into(cursor, &step, s.or(d));
        self.path.push(step);
        self.place(s, d, b, &below, here);
        self.path.pop();
    }

    /// Reports the fewest elements whose moving explains the order.
    fn moved(
        &mut self,
        both: &[(usize, usize)],
        keys: &[String],
        base: Option<&[String]>,
        base_known: bool,
        d: Ref<'_>,
    ) {
        if both.windows(2).all(|pair| pair[0].1 < pair[1].1) {
            return;
        }
        let order = |keys: Vec<&str>| -> Vec<String> { keys.into_iter().map(str::to_owned).collect() };
        let intended = order(both.iter().map(|pair| keys[pair.0].as_str()).collect());
        let mut by_place = both.to_vec();
        by_place.sort_by_key(|pair| pair.1);
        let deployed = order(by_place.iter().map(|pair| keys[pair.0].as_str()).collect());
        // Several choices may be as short; seen from either side the same one is taken.
        let steps = align::align(&intended, &deployed);
        let stays: Vec<usize> = steps
            .iter()
            .filter_map(|step| match step {
                Aligned::Same(at, _) => Some(*at),
                _ => None,
            })
            .collect();
        let attribution = match base {
            Some(base) => {
                let of_base: Vec<String> =
                    base.iter().filter(|key| intended.contains(key)).cloned().collect();
                Attribution::judge(of_base == intended, of_base == deployed)
            }
            None if base_known => Attribution::Both,
            None => Attribution::Unknown,
        };
        for (at, (place, now)) in both.iter().enumerate() {
            if stays.contains(&at) {
                continue;
            }
            self.path.push(format!("[{}]", keys[*place]));
            let mut found = Found::new(self.shown_path(), Kind::Moved).note(format!(
                "from place {} to {}",
                place + 1,
                now + 1
            ));
            found.attribution = attribution;
            found.class = self.rules.class(&self.path[self.skip..]);
            found.line = d.item(*now).map(|item| self.deployed.of(item.at()));
            self.found.push(found);
            self.path.pop();
        }
    }

    /// Compares as multisets.
    fn unordered(&mut self, s: Ref<'_>, d: Ref<'_>, b: Base<'_>, cursor: &Cursor) {
        let count = |list: Option<Ref<'_>>| -> BTreeMap<Vec<u8>, usize> {
            let mut counted = BTreeMap::new();
            for (at, item) in list.into_iter().flat_map(Ref::children).enumerate() {
                *counted.entry(self.item_canon(item, at, cursor)).or_default() += 1;
            }
            counted
        };
        let with_first = |list: Ref<'_>| -> Vec<(Vec<u8>, usize)> {
            list.children().enumerate().map(|(at, item)| (self.item_canon(item, at, cursor), at)).collect()
        };
        let (in_s, in_d, in_b) = (count(Some(s)), count(Some(d)), b.is_known().then(|| count(b.value())));
        let judge = |key: &Vec<u8>, cs: usize, cd: usize| match &in_b {
            Some(in_b) => {
                let cb = in_b.get(key).copied().unwrap_or(0);
                Attribution::judge(cb == cs, cb == cd)
            }
            None => Attribution::Unknown,
        };
        let mut news = vec![];
        for (list, own, other, kind) in [(s, &in_s, &in_d, Kind::Missing), (d, &in_d, &in_s, Kind::Extra)] {
            let mut done = std::collections::HashSet::new();
            for (key, at) in with_first(list) {
                let (mine, theirs) = (own[&key], other.get(&key).copied().unwrap_or(0));
                if mine <= theirs || !done.insert(key.clone()) {
                    continue;
                }
                let (cs, cd) = if kind == Kind::Missing { (mine, theirs) } else { (theirs, mine) };
                news.push((kind, at, mine - theirs, judge(&key, cs, cd)));
            }
        }
        for (kind, at, count, attribution) in news {
            let (item, text) = if kind == Kind::Missing {
                (s.item(at), &self.intended)
            } else {
                (d.item(at), &self.deployed)
            };
            let mut found = Found::new(self.shown_path(), kind);
            let value = item.map(Ref::to_json);
            if kind == Kind::Missing {
                found.intended = value;
            } else {
                found.deployed = value;
            }
            found.count = count;
            found.attribution = attribution;
            found.class = self.rules.class(&self.path[self.skip..]);
            found.line = item.map(|item| text.of(item.at()));
            self.found.push(found);
        }
    }

    /// Compares in order; what was inserted or removed is found by alignment.
    fn ordered(&mut self, s: Ref<'_>, d: Ref<'_>, b: Base<'_>, cursor: &Cursor) {
        if let (Some(one), Some(other), 1, 1) = (item(s, 0), item(d, 0), count(s), count(d)) {
            return self.indexed(0, Some(one), Some(other), b.step(|b| item(b, 0)), cursor);
        }
        let canon = |list: Ref<'_>| -> Vec<Vec<u8>> {
            let items = (0..count(list)).filter_map(|at| Some((at, item(list, at)?)));
            items.map(|(at, item)| self.item_canon(item, at, cursor)).collect()
        };
        let (in_s, in_d) = (canon(s), canon(d));
        if in_s != in_d && is_permutation(&in_s, &in_d) {
            let mut found =
                Found::new(self.shown_path(), Kind::Reordered).values(Some(s.to_json()), Some(d.to_json()));
            found.attribution =
                b.map(canon).judge(|in_b| (in_b.as_ref() == Some(&in_s), in_b.as_ref() == Some(&in_d)));
            found.class = self.rules.class(&self.path[self.skip..]);
            found.line = Some(self.deployed.of(d.at()));
            self.found.push(found);
            return;
        }
        let in_b: Vec<Vec<u8>> = b.value().map(canon).unwrap_or_default();
        let base_item = |twin: Option<&(usize, bool)>, exact: bool| -> Base<'_> {
            b.step(|b| item(b, twin.filter(|twin| twin.1 || !exact)?.0))
        };
        let (of_s, of_d) =
            if b.value().is_some() { (twins(&in_s, &in_b), twins(&in_d, &in_b)) } else { Default::default() };
        for pair in pairs(&align::align(&in_s, &in_d)) {
            match pair {
                (Some(at_s), Some(at_d)) => {
                    let b = base_item(of_s.get(&at_s).or(of_d.get(&at_d)), false);
                    self.indexed(at_s, item(s, at_s), item(d, at_d), b, cursor);
                }
                (Some(at_s), None) => {
                    self.indexed(at_s, item(s, at_s), None, base_item(of_s.get(&at_s), true), cursor);
                }
                (None, Some(at_d)) => {
                    self.indexed(at_d, None, item(d, at_d), base_item(of_d.get(&at_d), true), cursor);
                }
                (None, None) => {}
            }
        }
    }

    fn indexed(
        &mut self,
        index: usize,
        s: Option<Ref<'_>>,
        d: Option<Ref<'_>>,
        b: Base<'_>,
        cursor: &Cursor,
    ) {
        if cursor.is_done() && matches!((s, d), (Some(s), Some(d)) if s.equal(d)) {
            return;
        }
        let (below, here) = if cursor.is_done() {
            Default::default()
        } else {
            self.step_into(cursor, &index.to_string(), s.or(d))
        };
        self.path.push(index.to_string());
        self.place(s, d, b, &below, here);
        self.path.pop();
    }

    fn item_canon(&self, item: Ref<'_>, at: usize, cursor: &Cursor) -> Vec<u8> {
        let mut out = vec![];
        if cursor.is_done() {
            canonical(item, &mut out);
        } else {
            let mut named = vec![];
            let others = self.rules.names_of(item);
            let below = cursor.step_as(&self.rules.patterns, &at.to_string(), &others, &mut named);
            self.hit(&named);
            self.canon(item, &below, &named, &mut out);
        }
        out
    }

    fn hit(&self, named: &[usize]) {
        named.iter().for_each(|number| self.hits[*number].set(true));
    }

    /// Writes a value so that equal under the rules means equal in bytes. Returns whether anything was left of it.
    fn canon(&self, item: Ref<'_>, cursor: &Cursor, named: &[usize], out: &mut Vec<u8>) -> bool {
        let action =
            |wanted: fn(&Action) -> bool| named.iter().any(|number| wanted(&self.rules.actions[*number]));
        if action(|action| *action == Action::Ignore) {
            return false;
        }
        if action(|action| *action == Action::Secret { salted: true }) {
            out.extend_from_slice(b"salted;");
            return true;
        }
        if action(|action| *action == Action::NullIsAbsent) && matches!(item.value(), Value::Null) {
            return false;
        }
        let is_default = |number: &usize| match &self.rules.actions[*number] {
            Action::DefaultIsAbsent(default) => item.is(default),
            _ => false,
        };
        if named.iter().any(is_default) {
            return false;
        }
        let rule = named.iter().find_map(|number| match &self.rules.actions[*number] {
            Action::List(rule) => Some(rule),
            _ => None,
        });
        if (cursor.is_done() && rule.is_none()) || !item.is_container() {
            canonical(item, out);
            return true;
        }
        let is_map = matches!(item.value(), Value::Map(_));
        let mut parts: Vec<Vec<u8>> = vec![];
        let mut dropped = false;
        for (at, child) in item.children().enumerate() {
            let step =
                match rule.filter(|rule| !rule.key.is_empty()).and_then(|rule| key_of(child, &rule.key)) {
                    Some(key) => format!("[{key}]"),
                    None if is_map => child.key().to_owned(),
                    None => at.to_string(),
                };
            let mut named = vec![];
            let others = if is_map { vec![] } else { self.rules.names_of(child) };
            let below = cursor.step_as(&self.rules.patterns, &step, &others, &mut named);
            self.hit(&named);
            let mut part = vec![];
            if is_map {
                write_text(child.key(), &mut part);
            }
            if self.canon(child, &below, &named, &mut part) {
                parts.push(part);
            } else {
                dropped = true;
            }
        }
        if dropped && parts.is_empty() {
            return false;
        }
        if is_map || rule.is_some_and(|rule| !rule.ordered) {
            parts.sort();
        }
        write_parts(if is_map { b'{' } else { b'[' }, &parts, out);
        true
    }

    // Secrets

    fn keep_secrets(&mut self, one: Option<Ref<'_>>) {
        let Some(one) = one else { return };
        if one.is_container() {
            for item in one.children() {
                self.keep_secrets(Some(item));
            }
        } else if let Some(text) = one.plain().filter(|text| !text.is_empty() && !is_reference(text)) {
            self.secrets.push(text);
        }
    }

    fn secret(&mut self, s: Ref<'_>, d: Ref<'_>, b: Base<'_>, cursor: &Cursor, salted: bool) {
        self.keep_secrets(Some(s));
        self.keep_secrets(Some(d));
        self.keep_secrets(b.value());
        if s.equal(d) {
            return;
        }
        let at = self.found.len();
        let kind = if s.type_name() == d.type_name() { Kind::Changed } else { Kind::TypeChanged };
        self.emit(kind, Some(s), Some(d), b, cursor);
        let found = &mut self.found[at];
        found.secret = true;
        let reference = s.as_str().is_some_and(is_reference);
        let value = d.plain().unwrap_or_default();
        if (reference || salted)
            && !is_default(&value)
            && (s.is_container() == d.is_container())
            && !s.plain().is_some_and(|text| text.is_empty())
        {
            found.kind = Kind::Opaque;
            found.ignored = true;
            found.note = Some(if salted { SALTED } else { PRESENCE }.into());
        } else if reference {
            found.kind = Kind::Changed;
        }
    }

    // Reporting

    fn shown_path(&self) -> String {
        self.path.iter().fold(String::new(), |path, step| child(&path, step))
    }

    fn emit(&mut self, kind: Kind, s: Option<Ref<'_>>, d: Option<Ref<'_>>, b: Base<'_>, cursor: &Cursor) {
        let mut found =
            Found::new(self.shown_path(), kind).values(s.map(|s| self.shown(s)), d.map(|d| self.shown(d)));
        found.attribution = b.judge(|b| (self.same(s, b, cursor), self.same(d, b, cursor)));
        found.base = b.value().map(|b| self.shown(b));
        found.line = match (s, d) {
            (_, Some(d)) => Some(self.deployed.of(d.at())),
            (Some(s), None) => Some(self.intended.of(s.at())),
            (None, None) => None,
        };
        found.class = self.rules.class(&self.path[self.skip..]);
        if !is_flag(s) && !is_flag(d) {
            if self.is_secret_here() {
                found.secret = true;
                self.keep_secrets(s);
                self.keep_secrets(d);
            } else {
                found.secret = self.path.iter().any(|step| is_secret_name(step))
                    && !self.path.last().is_some_and(|name| describes(name));
            }
        }
        self.found.push(found);
    }

    /// Whether the name of this place says that a secret stands here.
    fn is_secret_here(&self) -> bool {
        let is_name = |step: &&String| !step.starts_with('[') && step.parse::<usize>().is_err();
        self.path.iter().rev().find(is_name).is_some_and(|name| is_secret_name(name))
    }

    fn shown(&self, one: Ref<'_>) -> Json {
        if self.rules.format == Format::Csv && self.path.len() == 1 {
            return Json::String(super::csv::row(one));
        }
        one.to_json()
    }

    /// Whether a side is as the base was.
    fn same(&self, side: Option<Ref<'_>>, base: Option<Ref<'_>>, cursor: &Cursor) -> bool {
        match (side, base) {
            (None, None) => true,
            (Some(side), Some(base)) if cursor.is_done() => side.equal(base),
            (Some(side), Some(base)) => {
                let (mut a, mut b) = (vec![], vec![]);
                self.canon(side, cursor, &[], &mut a);
                self.canon(base, cursor, &[], &mut b);
                a == b
            }
            _ => false,
        }
    }
}

/// An element of a list, or the value that stands for a list of one.
fn item(list: Ref<'_>, at: usize) -> Option<Ref<'_>> {
    if list.is_container() { list.item(at) } else { Some(list).filter(|_| at == 0) }
}

fn count(list: Ref<'_>) -> usize {
    if list.is_container() { list.len() } else { 1 }
}

fn is_map(one: Ref<'_>) -> bool {
    matches!(one.value(), Value::Map(_))
}

/// Whether a map is a pair of a secret's name and its `value`.
pub(crate) fn names_a_secret(map: Ref<'_>) -> bool {
    let name = |key: &str| map.member(key, 0).and_then(Ref::as_str);
    map.member("value", 1).is_some() && ["name", "key"].into_iter().filter_map(name).any(is_secret_name)
}

/// Whether a value under a name such as `password` says something about a secret rather than being one.
fn is_flag(side: Option<Ref<'_>>) -> bool {
    side.is_some_and(|side| {
        matches!(side.value(), Value::Bool(_) | Value::Null | Value::Map(_) | Value::List(_))
    })
}

impl Ref<'_> {
    fn plain_typed(self) -> Option<Json> {
        match self.value() {
            Value::Typed(_, text) => Some(Json::String(text.to_string())),
            _ => Some(self.to_json()),
        }
    }
}

/// The identity of an element: `id=9`, or several with commas.
pub(crate) fn key_of(item: Ref<'_>, key: &[String]) -> Option<String> {
    let mut parts = vec![];
    for name in key {
        let mut value = item;
        if name.starts_with('/') {
            for step in crate::source::parse_pointer(name) {
                value = value.member(&step, 0)?;
            }
        } else if let Some(member) = item.member(name, 0) {
            value = member;
        } else {
            for step in name.split('.') {
                value = value.member(step, 0)?;
            }
        }
        parts.push(format!("{name}={}", value.plain()?));
    }
    Some(parts.join(","))
}

fn is_permutation(a: &[Vec<u8>], b: &[Vec<u8>]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let (mut a, mut b): (Vec<_>, Vec<_>) = (a.iter().collect(), b.iter().collect());
    a.sort_unstable();
    b.sort_unstable();
    a == b
}

/// Pairs what an alignment left over, in order, inside each gap.
pub(crate) fn pairs(steps: &[Aligned]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut out = vec![];
    let (mut firsts, mut seconds) = (vec![], vec![]);
    let flush =
        |firsts: &mut Vec<usize>, seconds: &mut Vec<usize>, out: &mut Vec<(Option<usize>, Option<usize>)>| {
            for at in 0..firsts.len().max(seconds.len()) {
                out.push((firsts.get(at).copied(), seconds.get(at).copied()));
            }
            firsts.clear();
            seconds.clear();
        };
    for step in steps {
        match *step {
            Aligned::Same(i, j) => {
                flush(&mut firsts, &mut seconds, &mut out);
                out.push((Some(i), Some(j)));
            }
            Aligned::First(i) => firsts.push(i),
            Aligned::Second(j) => seconds.push(j),
        }
    }
    flush(&mut firsts, &mut seconds, &mut out);
    out
}

/// For each index of `a` its twin in `b`, and whether the two are equal.
pub(crate) fn twins<T: Ord + std::hash::Hash>(a: &[T], b: &[T]) -> HashMap<usize, (usize, bool)> {
    pairs(&align::align(a, b)).into_iter().filter_map(|(i, j)| Some((i?, (j?, a[i?] == b[j?])))).collect()
}

/// Writes a value so that equal values have equal bytes.
pub(crate) fn canonical(item: Ref<'_>, out: &mut Vec<u8>) {
    match item.value() {
        Value::Null => out.push(b'n'),
        Value::Bool(value) => out.push(if *value { b't' } else { b'f' }),
        Value::Number(text) => {
            out.push(b'#');
            write_text(&number::canonical(text), out);
        }
        Value::Str(text) => {
            out.push(b'"');
            write_text(text, out);
        }
        Value::Typed(kind, text) => {
            out.push(b'!');
            write_text(kind, out);
            let same =
                if matches!(*kind, "integer" | "float") { number::canonical(text) } else { text.to_string() };
            write_text(&same, out);
        }
        Value::List(_) => {
            let parts: Vec<_> = item
                .children()
                .map(|child| {
                    let mut part = vec![];
                    canonical(child, &mut part);
                    part
                })
                .collect();
            write_parts(b'[', &parts, out);
        }
        Value::Map(_) => {
            let mut parts: Vec<_> = item
                .children()
                .map(|child| {
                    let mut part = vec![];
                    write_text(child.key(), &mut part);
                    canonical(child, &mut part);
                    part
                })
                .collect();
            parts.sort();
            write_parts(b'{', &parts, out);
        }
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Writes the parts of a container; long ones as their digest, so that depth costs nothing.
fn write_parts(open: u8, parts: &[Vec<u8>], out: &mut Vec<u8>) {
    const SHORT: usize = 64;
    out.push(open);
    out.extend_from_slice(&(parts.len() as u32).to_le_bytes());
    for part in parts {
        if part.len() <= SHORT {
            out.push(part.len() as u8);
            out.extend_from_slice(part);
        } else {
            out.push(u8::MAX);
            out.extend_from_slice(blake3::hash(part).as_bytes());
        }
    }
}
