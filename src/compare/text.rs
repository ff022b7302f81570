//! Text line by line, and bytes. Line endings, a byte order mark and the final newline are transport.

use super::align;
use super::found::{Compared, Found};
use super::labels::{Attribution, Before, Kind};
use super::profile::{Action, Rules};
use super::secrets;
use super::walk::{pairs, twins};
use regex::Regex;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Compares two texts line by line.
pub(crate) fn compare(intended: &str, deployed: &str, base: Before<&str>, rules: &Rules) -> Compared {
    let (s, d) = (lines(intended), lines(deployed));
    let b: Option<Vec<&str>> = base.map(lines).or_empty();
    let mut out = Compared { parsed: true, hits: vec![false; rules.patterns.len()], ..Compared::default() };
    for line in s.iter().chain(&d) {
        out.secrets.extend(secrets::of_statement(line).into_iter().map(str::to_owned));
    }
    for at in 0..s.len().max(d.len()) {
        let steps = [format!("line {}", at + 1)];
        let unmet = rules.patterns.iter().zip(&mut out.hits).filter(|(_, hit)| !**hit);
        unmet.for_each(|(pattern, hit)| *hit = pattern.covers(&steps));
        if out.hits.iter().all(|hit| *hit) {
            break;
        }
    }
    let salted = Salted::new(rules);
    let sides = Sides {
        s: salted.without(&s),
        d: salted.without(&d),
        b: b.as_ref().map(|b| salted.without(b)),
        written: (&s, &d),
    };
    let mut found = if rules.ordered == Some(false) { sides.unordered() } else { sides.in_order() };
    for found in &mut found {
        let steps = [found.path.clone()];
        found.class = rules.class(&steps);
        for (at, _) in rules.patterns.iter().enumerate().filter(|(_, pattern)| pattern.covers(&steps)) {
            found.ignored |= rules.actions[at] == Action::Ignore;
            found.secret |= matches!(rules.actions[at], Action::Secret { .. });
        }
    }
    out.found = found;
    out
}

/// The secrets that are salted on every read.
struct Salted<'r>(Vec<&'r Regex>);

impl<'r> Salted<'r> {
    fn new(rules: &'r Rules) -> Self {
        Self(rules.secret_texts.iter().filter(|(_, salted)| *salted).map(|(regex, _)| regex).collect())
    }

    /// The lines as they are compared: what is salted is no part of them, unless it is none.
    fn without<'t>(&self, lines: &[&'t str]) -> Vec<Cow<'t, str>> {
        lines.iter().map(|line| self.canon(line)).collect()
    }

    fn canon<'t>(&self, line: &'t str) -> Cow<'t, str> {
        let hit = self.0.iter().find_map(|regex| {
            let captures = regex.captures(line)?;
            captures.get(1).or(captures.get(0))
        });
        match hit.filter(|hit| !secrets::is_default(hit.as_str())) {
            Some(hit) => Cow::Owned(format!("{}\0{}", &line[..hit.start()], &line[hit.end()..])),
            None => Cow::Borrowed(line),
        }
    }
}

/// The lines of all sides as they are compared, and two of them as they are written.
struct Sides<'t, 'l> {
    s: Vec<Cow<'t, str>>,
    d: Vec<Cow<'t, str>>,
    b: Option<Vec<Cow<'t, str>>>,
    written: (&'l [&'t str], &'l [&'t str]),
}

impl Sides<'_, '_> {
    fn found(&self, kind: Kind, at_s: Option<usize>, at_d: Option<usize>) -> Found {
        let shown = |line: &str| Json::String(super::shown_text(line));
        let number = at_s.or(at_d).unwrap_or(0);
        let mut found = Found::new(format!("line {}", number + 1), kind)
            .values(at_s.map(|at| shown(self.written.0[at])), at_d.map(|at| shown(self.written.1[at])));
        found.line = Some(at_d.unwrap_or(number) as u32 + 1);
        found
    }

    fn in_order(&self) -> Vec<Found> {
        let twins = |side: &[Cow<'_, str>]| self.b.as_ref().map(|b| twins(side, b)).unwrap_or_default();
        let (of_s, of_d) = (twins(&self.s), twins(&self.d));
        let in_base = |twin: Option<&(usize, bool)>| twin.is_some_and(|twin| twin.1);
        let mut out = vec![];
        for (at_s, at_d) in pairs(&align::align(&self.s, &self.d)) {
            let kind = match (at_s, at_d) {
                (Some(at_s), Some(at_d)) if self.s[at_s] == self.d[at_d] => {
                    out.extend(self.salted(at_s, at_d));
                    continue;
                }
                (Some(_), Some(_)) => Kind::Changed,
                (Some(_), None) => Kind::Missing,
                (None, Some(_)) => Kind::Extra,
                (None, None) => continue,
            };
            let mut found = self.found(kind, at_s, at_d);
            if self.b.is_some() {
                let s_is_b = at_s.map_or_else(
                    || at_d.is_some_and(|at_d| !in_base(of_d.get(&at_d))),
                    |at_s| in_base(of_s.get(&at_s)),
                );
                let d_is_b = at_d.map_or_else(
                    || at_s.is_some_and(|at_s| !in_base(of_s.get(&at_s))),
                    |at_d| in_base(of_d.get(&at_d)),
                );
                found.attribution = Attribution::judge(s_is_b, d_is_b);
            }
            if let (Some(at_s), Some(at_d)) = (at_s, at_d)
                && secrets::only_presence(self.written.0[at_s], self.written.1[at_d])
            {
                found = present(found, secrets::PRESENCE);
            }
            out.push(found);
        }
        out
    }

    /// Two lines that differ, if at all, in a salted secret.
    fn salted(&self, at_s: usize, at_d: usize) -> Option<Found> {
        let differs = self.written.0[at_s] != self.written.1[at_d];
        differs.then(|| present(self.found(Kind::Opaque, Some(at_s), Some(at_d)), secrets::SALTED))
    }

    /// Lines whose order says nothing: how often each is there.
    fn unordered(&self) -> Vec<Found> {
        let places = |side: &[Cow<'_, str>]| {
            let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (at, line) in side.iter().enumerate() {
                places.entry(line.to_string()).or_default().push(at);
            }
            places
        };
        let (in_s, in_d) = (places(&self.s), places(&self.d));
        let in_b = self.b.as_ref().map(|b| places(b));
        let none = vec![];
        let mut out = vec![];
        for line in in_s.keys().chain(in_d.keys().filter(|line| !in_s.contains_key(*line))) {
            let (of_s, of_d) = (in_s.get(line).unwrap_or(&none), in_d.get(line).unwrap_or(&none));
            out.extend(of_s.iter().zip(of_d).filter_map(|(at_s, at_d)| self.salted(*at_s, *at_d)));
            let mut found = match (of_s.get(of_d.len()), of_d.get(of_s.len())) {
                (Some(at), _) => self.found(Kind::Missing, Some(*at), None),
                (_, Some(at)) => self.found(Kind::Extra, None, Some(*at)),
                (None, None) => continue,
            };
            found.count = of_s.len().abs_diff(of_d.len());
            if let Some(in_b) = &in_b {
                let before = in_b.get(line).map_or(0, Vec::len);
                found.attribution = Attribution::judge(of_s.len() == before, of_d.len() == before);
            }
            out.push(found);
        }
        out
    }
}

/// A difference of which all that can be told is that something is there.
fn present(mut found: Found, why: &str) -> Found {
    found.kind = Kind::Opaque;
    found.ignored = true;
    found.note = Some(why.into());
    found
}

/// The lines without their endings; a byte order mark is not part of the first.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text).lines().collect()
}

/// Compares byte for byte; called only for files that differ.
pub(crate) fn bytes(intended: &[u8], deployed: &[u8], base: Before<&[u8]>) -> Compared {
    let at = intended.iter().zip(deployed).take_while(|(a, b)| a == b).count();
    let mut found = Found::new("", Kind::Changed).note(format!("the bytes differ from offset {at} on"));
    found.digest = Some(super::file::digest(deployed));
    found.attribution = base.judge(|base| (base == Some(intended), base == Some(deployed)));
    Compared { found: vec![found], parsed: true, ..Compared::default() }
}
