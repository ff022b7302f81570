//! Text line by line, and bytes. Line endings, a byte order mark and the final newline are transport.

use super::align;
use super::found::{Compared, Found};
use super::labels::{Attribution, Before, Kind};
use super::profile::{Action, Rules};
use super::secrets;
use super::walk::{pairs, twins};
use serde_json::Value as Json;

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
    let (of_s, of_d) = match &b {
        Some(b) => (twins(&s, b), twins(&d, b)),
        None => Default::default(),
    };
    for (at_s, at_d) in pairs(&align::align(&s, &d)) {
        let (kind, number) = match (at_s, at_d) {
            (Some(at_s), Some(at_d)) if s[at_s] == d[at_d] => continue,
            (Some(at_s), Some(_)) => (Kind::Changed, at_s),
            (Some(at_s), None) => (Kind::Missing, at_s),
            (None, Some(at_d)) => (Kind::Extra, at_d),
            (None, None) => continue,
        };
        let shown = |line: &str| Json::String(super::shown_text(line));
        let mut found = Found::new(format!("line {}", number + 1), kind)
            .values(at_s.map(|at_s| shown(s[at_s])), at_d.map(|at_d| shown(d[at_d])));
        if b.is_some() {
            let in_base = |twin: Option<&(usize, bool)>| twin.is_some_and(|twin| twin.1);
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
            && secrets::only_presence(s[at_s], d[at_d])
        {
            found.kind = Kind::Opaque;
            found.ignored = true;
            found.note = Some(secrets::PRESENCE.into());
        }
        found.line = Some(at_d.unwrap_or(number) as u32 + 1);
        let steps = [found.path.clone()];
        found.class = rules.class(&steps);
        for (at, _) in rules.patterns.iter().enumerate().filter(|(_, pattern)| pattern.covers(&steps)) {
            found.ignored |= rules.actions[at] == Action::Ignore;
            found.secret |= matches!(rules.actions[at], Action::Secret { .. });
        }
        out.found.push(found);
    }
    out
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
