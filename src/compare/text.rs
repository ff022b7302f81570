//! Text line by line, and bytes. Line endings, a byte order mark and the final newline are transport.

use super::align;
use super::found::{Compared, Found};
use super::labels::{Attribution, Kind};
use super::profile::{Action, Rules};
use super::secrets;
use super::walk::{pairs, twins};
use serde_json::Value as Json;

/// Compares two texts line by line.
pub(crate) fn compare(intended: &str, deployed: &str, base: Option<Option<&str>>, rules: &Rules) -> Compared {
    let (s, d) = (lines(intended), lines(deployed));
    let b: Option<Vec<&str>> = base.map(|base| base.map(lines).unwrap_or_default());
    let mut out = Compared { parsed: true, hits: vec![false; rules.patterns.len()], ..Compared::default() };
    for line in s.iter().chain(&d) {
        out.secrets.extend(secrets::of_statement(line).into_iter().map(str::to_owned));
    }
    let (of_s, of_d) = match &b {
        Some(b) => (twins(&s, b), twins(&d, b)),
        None => Default::default(),
    };
    for (i, j) in pairs(&align::align(&s, &d)) {
        let (kind, number) = match (i, j) {
            (Some(i), Some(j)) if s[i] == d[j] => continue,
            (Some(i), Some(_)) => (Kind::Changed, i),
            (Some(i), None) => (Kind::Missing, i),
            (None, Some(j)) => (Kind::Extra, j),
            (None, None) => continue,
        };
        let shown = |line: &str| Json::String(super::shown_text(line));
        let mut found = Found::new(format!("line {}", number + 1), kind)
            .values(i.map(|i| shown(s[i])), j.map(|j| shown(d[j])));
        if b.is_some() {
            let in_base = |twin: Option<&(usize, bool)>| twin.is_some_and(|twin| twin.1);
            let s_is_b =
                i.map_or_else(|| j.is_some_and(|j| !in_base(of_d.get(&j))), |i| in_base(of_s.get(&i)));
            let d_is_b =
                j.map_or_else(|| i.is_some_and(|i| !in_base(of_s.get(&i))), |j| in_base(of_d.get(&j)));
            found.attribution = Attribution::judge(s_is_b, d_is_b);
        }
        found.line = Some(j.unwrap_or(number) as u32 + 1);
        let steps = [found.path.clone()];
        found.class = rules.class(&steps);
        for (at, _) in rules.patterns.iter().enumerate().filter(|(_, pattern)| pattern.covers(&steps)) {
            out.hits[at] = true;
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
pub(crate) fn bytes(intended: &[u8], deployed: &[u8], base: Option<Option<&[u8]>>) -> Compared {
    let at = intended.iter().zip(deployed).take_while(|(a, b)| a == b).count();
    let mut found = Found::new("", Kind::Changed).note(format!("the bytes differ from offset {at} on"));
    if let Some(base) = base {
        found.attribution = Attribution::judge(base == Some(intended), base == Some(deployed));
    }
    Compared { found: vec![found], parsed: true, ..Compared::default() }
}
