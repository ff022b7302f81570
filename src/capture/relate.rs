//! Programs from values that are known to a row of values: a relation that holds for every key and says enough, or for
//! most of them.

use super::lex::information;
use super::program::{Atom, Base, Program, View, address, eval, host, network, number, offset};
use super::views::{Derived, Row, bits, distinct};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// Finds programs from the rows of bases.
pub(super) struct Solver {
    count: usize,
    evidence: f64,
    bases: Vec<(Base, Rc<Row>)>,
    views: Vec<(View, Rc<Row>, f64)>,
    index: HashMap<Rc<Row>, usize>,
    numbers: Vec<usize>,
    addresses: Vec<usize>,
}

impl Solver {
    pub(super) fn new(count: usize, evidence: f64) -> Self {
        Self {
            count,
            evidence,
            bases: vec![],
            views: vec![],
            index: HashMap::new(),
            numbers: vec![],
            addresses: vec![],
        }
    }

    pub(super) fn add(&mut self, base: Base, row: Rc<Row>, views: &[Derived]) {
        for view in views {
            let at = self.views.len();
            let values = || view.row.iter().flatten();
            if values().all(|value| is_number(value)) {
                self.numbers.push(at);
            }
            if view.steps.is_empty() && values().all(|value| address(value).is_some()) {
                self.addresses.push(at);
            }
            self.index.entry(view.row.clone()).or_insert(at);
            let shown = View { base: base.clone(), steps: view.steps.clone() };
            self.views.push((shown, view.row.clone(), view.bits));
        }
        self.bases.push((base, row));
    }

    /// Finds a program for a row that is not there for every key, too.
    ///
    /// Where only two values are known of five or more, what takes one apart fits by accident.
    pub(super) fn program(&self, row: &Row, same: &dyn Fn(&Base) -> bool) -> Option<Program> {
        let program = self.solve(row, 0, same)?;
        let is_partial = self.count >= 5 && row.iter().any(Option::is_none);
        let takes_apart = program.iter().filter_map(Atom::view).any(|view| !view.steps.is_empty());
        (!is_partial || !takes_apart || distinct(row).len() >= 3).then_some(program)
    }

    fn solve(&self, row: &Row, depth: usize, same: &dyn Fn(&Base) -> bool) -> Option<Program> {
        let keys: Vec<usize> = (0..self.count).filter(|key| row[*key].is_some()).collect();
        let value = |key: usize| row[key].as_deref().unwrap_or_default();
        let first = value(*keys.first()?);
        if super::secrets::is_token(first) {
            return self.index.get(row).map(|at| vec![Atom::View(self.views[*at].0.clone())]);
        }
        if keys.iter().all(|key| value(*key) == first) {
            return Some(if first.is_empty() { vec![] } else { vec![Atom::Text(first.to_owned())] });
        }
        if let Some(atom) = self.whole(row, &keys, same) {
            return Some(vec![atom]);
        }
        if depth >= 3 {
            return None;
        }
        self.around(row, &keys, depth).or_else(|| self.in_pieces(row, &keys))
    }

    /// A program of one atom.
    fn whole(&self, row: &Row, keys: &[usize], same: &dyn Fn(&Base) -> bool) -> Option<Atom> {
        let evidence = bits(row);
        let is_full = keys.len() == self.count;
        if is_full && let Some(at) = self.index.get(row) {
            let view = &self.views[*at].0;
            if evidence >= self.evidence || same(&view.base) {
                return Some(Atom::View(view.clone()));
            }
        }
        if !is_full && evidence >= self.evidence {
            let hit = self.views.iter().find(|(_, view, _)| keys.iter().all(|key| view[*key] == row[*key]));
            if let Some((view, _, _)) = hit {
                return Some(Atom::View(view.clone()));
            }
        }
        self.sum(row, keys).or_else(|| self.address(row, keys))
    }

    fn sum(&self, row: &Row, keys: &[usize]) -> Option<Atom> {
        let texts: Vec<&str> = keys.iter().filter_map(|key| row[*key].as_deref()).collect();
        if !texts.iter().all(|text| is_number(text)) {
            return None;
        }
        let width = width(&texts)?;
        let wanted: Vec<i64> = texts.iter().map(|text| text.parse().ok()).collect::<Option<_>>()?;
        let distinct: BTreeSet<i64> = wanted.iter().copied().collect();
        for at in &self.numbers {
            let (view, values, _) = &self.views[*at];
            let Some(have) = numbers(values, keys) else { continue };
            let first = wanted[0] - have[0];
            let constant = information(&first.unsigned_abs().to_string());
            let evidence: f64 =
                distinct.iter().skip(1).map(|number| information(&number.to_string())).sum::<f64>()
                    - constant;
            let is_shift = wanted.iter().zip(&have).all(|(want, have)| want - have == first);
            if is_shift && evidence >= self.evidence - 2.0 {
                return Some(Atom::Sum { of: view.clone(), times: 1, plus: first, width });
            }
            if let Some((times, plus)) = linear(&have, &wanted) {
                return Some(Atom::Sum { of: view.clone(), times, plus, width });
            }
        }
        None
    }

    fn address(&self, row: &Row, keys: &[usize]) -> Option<Atom> {
        let texts: Vec<&str> = keys.iter().filter_map(|key| row[*key].as_deref()).collect();
        let wanted: Vec<_> = texts.iter().map(|text| address(text)).collect::<Option<Vec<_>>>()?;
        let length = wanted[0].1;
        if wanted.iter().any(|(_, other)| *other != length) || distinct(row).len() < 2 {
            return None;
        }
        let ending = length.map_or(String::new(), |length| format!("/{length}"));
        for at in &self.addresses {
            let (view, values, _) = &self.views[*at];
            let Some(have) = keys.iter().map(|key| values[*key].as_deref()).collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            let Some(parsed) = have.iter().map(|text| address(text)).collect::<Option<Vec<_>>>() else {
                continue;
            };
            if parsed[0].0.is_ipv4() != wanted[0].0.is_ipv4() {
                continue;
            }
            let is_all = |made: &dyn Fn(&str) -> Option<String>| {
                have.iter().zip(&texts).all(|(have, want)| {
                    made(have).is_some_and(|made| {
                        made.len() + ending.len() == want.len() && want.starts_with(&made)
                    })
                })
            };
            if let (address, Some(length)) = parsed[0]
                && let Ok(number) = i64::try_from(number(wanted[0].0).wrapping_sub(network(address, length)))
                && (0..65536).contains(&number)
                && is_all(&|text| host(text, number))
            {
                return Some(Atom::Host { of: view.clone(), number, ending });
            }
            let plus = number(wanted[0].0).wrapping_sub(number(parsed[0].0)) as i128;
            if plus != 0
                && plus.unsigned_abs() < 65536
                && let Ok(plus) = i64::try_from(plus)
                && is_all(&|text| offset(text, plus))
            {
                return Some(Atom::Offset { of: view.clone(), plus, ending });
            }
        }
        None
    }

    /// Something before, a value, something behind.
    fn around(&self, row: &Row, keys: &[usize], depth: usize) -> Option<Program> {
        let first = row[keys[0]].as_deref().unwrap_or_default();
        let mut fitting: Vec<&(View, Rc<Row>, f64)> = self
            .views
            .iter()
            .filter(|(_, values, bits)| {
                *bits >= self.evidence
                    && values[keys[0]].as_deref().is_some_and(|part| {
                        !part.is_empty() && part.len() < first.len() && first.contains(part)
                    })
            })
            .collect();
        fitting.sort_by_key(|(_, values, _)| {
            std::cmp::Reverse(values[keys[0]].as_ref().map_or(0, |part| part.len()))
        });
        for (view, values, _) in fitting {
            let part = |key: usize| values[key].as_deref().filter(|part| !part.is_empty());
            let mut before: Row = vec![None; self.count];
            let mut behind: Row = vec![None; self.count];
            let mut different: BTreeSet<&str> = BTreeSet::new();
            let is_in_all = keys.iter().all(|key| {
                let (Some(part), Some(whole)) = (part(*key), row[*key].as_deref()) else { return false };
                let Some(at) = find(whole, part) else { return false };
                before[*key] = Some(Rc::from(&whole[..at]));
                behind[*key] = Some(Rc::from(&whole[at + part.len()..]));
                different.insert(part);
                true
            });
            if !is_in_all || different.len() < 2 {
                continue;
            }
            let Some(mut program) = self.solve(&before, depth + 1, &|_| false) else { continue };
            let Some(rest) = self.solve(&behind, depth + 1, &|_| false) else { continue };
            program.push(Atom::View(view.clone()));
            program.extend(rest);
            return Some(program);
        }
        None
    }

    /// Pieces of the same shape, each a program of its own.
    fn in_pieces(&self, row: &Row, keys: &[usize]) -> Option<Program> {
        let cut: Vec<Vec<&str>> =
            keys.iter().map(|key| pieces(row[*key].as_deref().unwrap_or_default())).collect();
        let count = cut[0].len();
        if !(2..=24).contains(&count) || cut.iter().any(|pieces| pieces.len() != count) {
            return None;
        }
        let mut out: Program = vec![];
        for at in 0..count {
            let column: Vec<&str> = cut.iter().map(|pieces| pieces[at]).collect();
            if column.iter().all(|piece| *piece == column[0]) {
                match out.last_mut() {
                    Some(Atom::Text(text)) => text.push_str(column[0]),
                    _ => out.push(Atom::Text(column[0].to_owned())),
                }
                continue;
            }
            let mut part: Row = vec![None; self.count];
            for (key, piece) in keys.iter().zip(column) {
                part[*key] = Some(Rc::from(piece));
            }
            out.push(self.whole(&part, keys, &|_| false)?);
        }
        Some(out)
    }

    /// A program that holds for most keys, and the keys where it does not.
    pub(super) fn usual(&self, row: &Row, keys: &[usize]) -> Option<(Program, Vec<usize>)> {
        let mut best: Option<(Program, Vec<usize>)> = None;
        for turn in 0..12 {
            // Another choice of keys each turn: four different values, then two.
            let most = if turn % 2 == 0 { 4 } else { 2 };
            let mut order = keys.to_vec();
            order.sort_by_key(|key| scatter(turn, *key));
            let mut sample: Row = vec![None; self.count];
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            for key in order {
                if seen.len() < most && row[key].as_deref().is_some_and(|value| seen.insert(value)) {
                    sample[key].clone_from(&row[key]);
                }
            }
            if seen.len() < 2 {
                return None;
            }
            let Some(program) = self.solve(&sample, 0, &|_| false) else { continue };
            if program.iter().all(|atom| atom.view().is_none()) {
                continue;
            }
            let holds = |key: usize| {
                let base = |base: &Base| {
                    let (_, row) = self.bases.iter().find(|(known, _)| known == base)?;
                    row[key].as_deref().map(str::to_owned)
                };
                eval(&program, &base).as_deref() == row[key].as_deref()
            };
            let exceptions: Vec<usize> = keys.iter().copied().filter(|key| !holds(*key)).collect();
            if best.as_ref().is_none_or(|(_, known)| exceptions.len() < known.len()) {
                best = Some((program, exceptions));
            }
        }
        best.filter(|(_, exceptions)| {
            let kept: Row =
                (0..row.len()).map(|key| row[key].clone().filter(|_| !exceptions.contains(&key))).collect();
            exceptions.len() * 5 <= keys.len() && bits(&kept) >= self.evidence
        })
    }
}

/// An order of keys that is as good as random and always the same.
fn scatter(turn: usize, key: usize) -> u64 {
    let mut x = ((turn as u64) << 32 | key as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 10 && text.bytes().all(|b| b.is_ascii_digit())
}

fn numbers(row: &Row, keys: &[usize]) -> Option<Vec<i64>> {
    keys.iter().map(|key| row[*key].as_deref()?.parse().ok()).collect()
}

/// `y = times * x + plus` through all of at least four different points.
fn linear(from: &[i64], to: &[i64]) -> Option<(i64, i64)> {
    let points: BTreeMap<i64, i64> = from.iter().copied().zip(to.iter().copied()).collect();
    if points.len() < 4 {
        return None;
    }
    let mut rest = points.iter();
    let ((x0, y0), (x1, y1)) = (rest.next()?, rest.next()?);
    if (y1 - y0) % (x1 - x0) != 0 {
        return None;
    }
    let times = (y1 - y0) / (x1 - x0);
    let plus = y0 - times * x0;
    let is_all =
        from.iter().zip(to).all(|(x, y)| times.checked_mul(*x).and_then(|m| m.checked_add(plus)) == Some(*y));
    (is_all && !matches!(times, 0 | 1)).then_some((times, plus))
}

/// The width that numbers are padded to: 0 for none; nothing where it is not one rule.
fn width(texts: &[&str]) -> Option<u8> {
    let padded = || texts.iter().filter(|text| text.len() > 1 && text.starts_with('0'));
    let Some(width) = padded().map(|text| text.len()).max() else { return Some(0) };
    let is_rule =
        texts.iter().all(|text| text.len() == width || (text.len() > width && !text.starts_with('0')));
    is_rule.then_some(width as u8)
}

fn class(c: char) -> u8 {
    if c.is_ascii_digit() {
        0
    } else if c.is_alphabetic() {
        1
    } else {
        2
    }
}

/// Finds a part at the seams of words and numbers.
fn find(whole: &str, part: &str) -> Option<usize> {
    let first = part.chars().next().map(class)?;
    let last = part.chars().next_back().map(class)?;
    whole.match_indices(part).map(|(at, _)| at).find(|at| {
        let before = whole[..*at].chars().next_back().map(class);
        let behind = whole[at + part.len()..].chars().next().map(class);
        (first == 2 || before != Some(first)) && (last == 2 || behind != Some(last))
    })
}

fn pieces(text: &str) -> Vec<&str> {
    let mut out = vec![];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = class(first);
        let length = if kind == 2 {
            first.len_utf8()
        } else {
            rest.len() - rest.trim_start_matches(|c| class(c) == kind).len()
        };
        out.push(&rest[..length]);
        rest = &rest[length..];
    }
    out
}
