//! One pilot and what is known of it, to a draft.
//!
//! With one instance nothing says what varies, so only what is known is replaced, and only whole: never a fragment of
//! a word, a number or an address. What says enough by itself is replaced at once; for the rest there is a question,
//! grouped by value, and the answer is no unless somebody says yes.

use super::Instance;
use super::lex::{Kind, information, tokens};
use super::names::{candidates, safe, slug};
use super::own::Own;
use super::program::{Atom, Base, Program, Step, View, address, network, number};
use super::secrets;
use super::shape::{Branch, FileShape, Keys, Scope, Segment, Shape, Slot};
use super::solve::{Kind as ValueKind, Parameter, Solution};
use super::tree::{Form, build};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

/// Something known of the pilot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Whether places that hold a value mean it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name of the value.
    pub name: String,
    /// What stands there.
    pub text: String,
    /// The expression that would stand there.
    pub formula: String,
    /// File, line and text of each place.
    pub places: Vec<String>,
}

/// A place that holds a known value, or what follows from one.
#[derive(Debug, Clone)]
struct Hit {
    span: Range<usize>,
    atom: Atom,
    name: String,
    is_sure: bool,
}

/// One way to write a known value.
struct Way {
    text: String,
    atom: Atom,
    name: String,
    is_sure: bool,
    /// Whether it is the value itself, and no other known value is written so.
    is_plain: bool,
}

/// What a pilot became.
pub(super) struct Pilot {
    pub(super) shape: Shape,
    pub(super) solution: Solution,
    pub(super) questions: Vec<Question>,
}

/// Finds the questions, and the shape with the answers that are known.
pub(super) fn find(
    instance: &Instance,
    paths: &BTreeMap<String, String>,
    known: &[Known],
    evidence: f64,
    answer: &mut dyn FnMut(&Question) -> bool,
) -> Pilot {
    let bases = bases(known);
    let ways = ways(known, &bases, evidence);
    let networks = networks(known, &bases);
    let mut hits: BTreeMap<&String, Vec<Hit>> = BTreeMap::new();
    for (path, text) in &instance.files {
        hits.insert(path, hits_in(text, &ways, &networks));
    }
    let questions = questions(instance, &hits);
    let yes: BTreeSet<(String, String)> = questions
        .iter()
        .filter(|question| answer(question))
        .map(|question| (question.name.clone(), question.text.clone()))
        .collect();
    let everyone: Keys = Rc::new([0].into());
    let root = Scope { outer: None, owner: vec![], index: vec![0], block: String::new() };
    let mut made = Made {
        shape: Shape { scopes: vec![root], ..Shape::default() },
        solution: Solution { parameters: parameters(known), programs: vec![] },
    };
    for (path, text) in &instance.files {
        let kept: Vec<&Hit> = hits[path]
            .iter()
            .filter(|hit| hit.is_sure || yes.contains(&(hit.name.clone(), text[hit.span.clone()].to_owned())))
            .collect();
        made.file(&paths[path], text, &kept, &everyone);
    }
    made.drop_unused();
    let open = questions
        .into_iter()
        .filter(|question| !yes.contains(&(question.name.clone(), question.text.clone())))
        .collect();
    Pilot { shape: made.shape, solution: made.solution, questions: open }
}

/// What each known value is in an expression.
fn bases(known: &[Known]) -> Vec<Base> {
    known
        .iter()
        .enumerate()
        .map(|(at, known)| match known.name.as_str() {
            "line" => Base::Line,
            "site" => Base::Site,
            "area" => Base::Area,
            _ => Base::Value(at),
        })
        .collect()
}

fn parameters(known: &[Known]) -> Vec<Parameter> {
    let mut used = BTreeSet::new();
    known
        .iter()
        .map(|known| {
            let mut name = safe(&slug(&known.name));
            while !used.insert(name.clone()) {
                name.push_str("_2");
            }
            Parameter {
                scope: 0,
                name,
                row: Rc::new(vec![Some(Rc::from(&*known.value))]),
                slots: vec![],
                kind: ValueKind::Required,
                usually: None,
                suspect: None,
                is_gone: false,
            }
        })
        .collect()
}

/// Lists how the known values may be written, the longest first.
fn ways(known: &[Known], bases: &[Base], evidence: f64) -> Vec<Way> {
    const WHOLE: [&[Step]; 9] = [
        &[],
        &[Step::Upper],
        &[Step::Lower],
        &[Step::Capital],
        &[Step::Replace('-', '_')],
        &[Step::Replace('_', '-')],
        &[Step::Upper, Step::Replace('-', '_')],
        &[Step::Without('-')],
        &[Step::Address],
    ];
    const PARTS: [&[Step]; 7] = [
        &[Step::Int],
        &[Step::Pad(2)],
        &[Step::Pad(3)],
        &[Step::Network],
        &[Step::Netmask],
        &[Step::Part('-', 0)],
        &[Step::Part('-', -1)],
    ];
    let mut out: Vec<Way> = vec![];
    for (known, base) in known.iter().zip(bases) {
        for (steps, is_whole) in WHOLE.iter().map(|s| (s, true)).chain(PARTS.iter().map(|s| (s, false))) {
            let view = View { base: base.clone(), steps: steps.to_vec() };
            let Some(text) = view.apply(&known.value).filter(|text| !text.is_empty()) else { continue };
            if out.iter().any(|way| way.text == text && way.name == known.name) {
                continue;
            }
            let says = information(&text) >= evidence && !is_plain_words(&text);
            let is_sure =
                is_whole && says && (steps.first() != Some(&Step::Address) || !known.value.ends_with(".0"));
            let is_plain = steps.is_empty();
            out.push(Way { text, atom: Atom::View(view), name: known.name.clone(), is_sure, is_plain });
        }
    }
    out.sort_by(|a, b| b.text.len().cmp(&a.text.len()).then(b.is_sure.cmp(&a.is_sure)));
    // The same text from two values could mean either.
    let mut counts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for way in &out {
        counts.entry(way.text.clone()).or_default().insert(way.name.clone());
    }
    for way in &mut out {
        way.is_sure &= counts[&way.text].len() == 1;
        way.is_plain &= counts[&way.text].len() == 1;
    }
    out
}

/// Letters alone may be a word of the trade.
fn is_plain_words(text: &str) -> bool {
    text.chars().all(|c| c.is_alphabetic() || c == ' ')
}

/// Known networks: their view, first number, length and family.
type Network = (View, std::net::IpAddr, u8, String);

fn networks(known: &[Known], bases: &[Base]) -> Vec<Network> {
    let mut out: Vec<Network> = known
        .iter()
        .zip(bases)
        .filter_map(|(known, base)| {
            let (address, length) = address(&known.value)?;
            let length = length?;
            let is_useful =
                if address.is_ipv4() { (16..=30).contains(&length) } else { (32..=120).contains(&length) };
            let view = View { base: base.clone(), steps: vec![] };
            is_useful.then(|| (view, address, length, known.name.clone()))
        })
        .collect();
    out.sort_by_key(|(_, _, length, _)| std::cmp::Reverse(*length));
    out
}

fn hits_in(text: &str, ways: &[Way], networks: &[Network]) -> Vec<Hit> {
    let mut at = 0;
    let cut: Vec<(Range<usize>, Kind)> = tokens(text)
        .into_iter()
        .map(|token| {
            at += token.text.len();
            (at - token.text.len()..at, token.kind)
        })
        .collect();
    let mut out: Vec<Hit> = vec![];
    for way in ways {
        for (start, _) in text.match_indices(&way.text) {
            let span = start..start + way.text.len();
            let is_free = out.iter().all(|hit| hit.span.end <= span.start || span.end <= hit.span.start);
            if is_free && is_whole(text, &span, &cut) {
                let is_sure = way.is_sure || way.is_plain && is_named(text, span.start, &way.name);
                out.push(Hit { span, atom: way.atom.clone(), name: way.name.clone(), is_sure });
            }
        }
    }
    for (span, kind) in &cut {
        let is_free = out.iter().all(|hit| hit.span.end <= span.start || span.end <= hit.span.start);
        if matches!(kind, Kind::Ip4 | Kind::Ip6) && is_free {
            out.extend(host_of(&text[span.clone()], span.clone(), networks));
        }
    }
    out.sort_by_key(|hit| hit.span.start);
    out
}

fn host_of(text: &str, span: Range<usize>, networks: &[Network]) -> Option<Hit> {
    let (own, length) = address(text)?;
    networks.iter().find_map(|(view, net, bits, name)| {
        let is_in = own.is_ipv4() == net.is_ipv4() && network(own, *bits) == network(*net, *bits);
        let number = i64::try_from(number(own).checked_sub(network(*net, *bits))?).ok()?;
        let ending = length.map_or(String::new(), |length| format!("/{length}"));
        let written = super::program::host(&format!("{net}/{bits}"), number)? + &ending;
        let atom = Atom::Host { of: view.clone(), number, ending };
        (is_in && written == text).then(|| Hit {
            span: span.clone(),
            atom,
            name: name.clone(),
            is_sure: true,
        })
    })
}

/// Whether the word before a place is the value's own name: `vlan 101`, `site = "lyon"`.
fn is_named(text: &str, start: usize, name: &str) -> bool {
    let line = text[..start].rsplit('\n').next().unwrap_or_default();
    let body = line.trim_end_matches([' ', '\t', '"', '\'', '=', ':']);
    let word = &body[body.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').len()..];
    body.len() < line.len() && slug(word) == slug(name)
}

/// Whether a span is no fragment of a word, a number or an address.
fn is_whole(text: &str, span: &Range<usize>, cut: &[(Range<usize>, Kind)]) -> bool {
    let before = text[..span.start].chars().next_back();
    let behind = text[span.end..].chars().next();
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    if is_letter(before) || is_letter(behind) {
        return false;
    }
    let is_number = text[span.clone()].bytes().all(|b| b.is_ascii_digit());
    let follows = |c: Option<char>, rest: Option<char>| {
        matches!(c, Some('.' | ',')) && rest.is_some_and(|c| c.is_ascii_digit())
    };
    if is_number
        && (follows(before, text[..span.start].chars().rev().nth(1))
            || follows(behind, text[span.end..].chars().nth(1)))
    {
        return false;
    }
    let first = cut.partition_point(|(token, _)| token.end <= span.start);
    cut[first..].iter().take_while(|(token, _)| token.start < span.end).all(|(token, kind)| match kind {
        Kind::Mac | Kind::Ip6 | Kind::Blob => token.start >= span.start && token.end <= span.end,
        // An address may lose its prefix length.
        Kind::Ip4 => {
            token.start >= span.start && (token.end <= span.end || text[span.end..].starts_with('/'))
        }
        _ => true,
    })
}

fn questions(instance: &Instance, hits: &BTreeMap<&String, Vec<Hit>>) -> Vec<Question> {
    let mut out: Vec<Question> = vec![];
    for (path, hits) in hits {
        let text = &instance.files[*path];
        for hit in hits.iter().filter(|hit| !hit.is_sure) {
            let line = text[..hit.span.start].matches('\n').count();
            let shown = super::report::hidden(text.lines().nth(line).unwrap_or_default().trim());
            let place = format!("{path}:{}: {}", line + 1, shown.chars().take(80).collect::<String>());
            let found = &text[hit.span.clone()];
            match out.iter_mut().find(|question| question.name == hit.name && question.text == found) {
                Some(question) => question.places.push(place),
                None => {
                    let name = hit.name.clone();
                    let named = |_: &Base| super::program::Named { name: name.clone(), is_number: false };
                    out.push(Question {
                        name: hit.name.clone(),
                        text: found.to_owned(),
                        formula: super::program::expression(&hit.atom, &named),
                        places: vec![place],
                    });
                }
            }
        }
    }
    out.sort_by(|a, b| (&a.name, &a.text).cmp(&(&b.name, &b.text)));
    out
}

/// The shape in the making.
struct Made {
    shape: Shape,
    solution: Solution,
}

impl Made {
    fn file(&mut self, path: &str, text: &str, hits: &[&Hit], everyone: &Keys) {
        let file = self.shape.files.len();
        let mut head = vec![];
        let mut at = 0;
        for hit in hits {
            self.text(&text[at..hit.span.start], file, &mut head);
            let left = text[..hit.span.start].rsplit('\n').next().unwrap_or_default();
            let slot = self.slot(&text[hit.span.clone()], left, file, vec![hit.atom.clone()]);
            if let Atom::View(View { base: Base::Value(number), steps }) = &hit.atom
                && steps.is_empty()
            {
                self.solution.parameters[*number].slots.push(slot);
            }
            head.push(Segment::Slot(slot));
            at = hit.span.end;
        }
        self.text(&text[at..], file, &mut head);
        let variants = build(text, Form::Text, &Own::default());
        let branches = match variants.first() {
            Some(first) => vec![Branch {
                head,
                tail: vec![],
                kids: vec![],
                scope: 0,
                present: everyone.clone(),
                around: everyone.clone(),
                list: None,
                variants: vec![first.clone()],
            }],
            None => vec![],
        };
        let form = Form::Text;
        self.shape.files.push(FileShape { path: path.to_owned(), form, present: everyone.clone(), branches });
    }

    /// Text, in which each secret is a value.
    fn text(&mut self, text: &str, file: usize, out: &mut Vec<Segment>) {
        let mut rest = text;
        while let Some(at) = rest.find(secrets::OPEN)
            && let Some(length) = rest[at..].find(secrets::CLOSE)
        {
            let end = at + length + secrets::CLOSE.len_utf8();
            out.push(Segment::Text(rest[..at].to_owned()));
            let left = rest[..at].rsplit('\n').next().unwrap_or_default().to_owned();
            out.push(Segment::Slot(self.secret(&rest[at..end], &left, file)));
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            out.push(Segment::Text(rest.to_owned()));
        }
    }

    fn secret(&mut self, token: &str, left: &str, file: usize) -> usize {
        let known = self.solution.parameters.iter().position(|p| p.row[0].as_deref() == Some(token));
        let number = known.unwrap_or_else(|| {
            let slot = Slot {
                scope: 0,
                values: vec![Some(Rc::from(token))],
                path: vec![],
                left: left.to_owned(),
                file,
                is_layout: false,
            };
            let names = candidates(&slot, "secret");
            let stem: String = names[0].chars().take(28).collect();
            let is_taken = |name: &str| self.solution.parameters.iter().any(|p| p.name == name);
            let name = std::iter::once(stem.clone())
                .chain((2..10_000).map(|n| format!("{stem}_{n}")))
                .find(|name| !is_taken(name))
                .unwrap_or(stem);
            self.solution.parameters.push(Parameter {
                scope: 0,
                name,
                row: Rc::new(slot.values),
                slots: vec![],
                kind: ValueKind::Required,
                usually: None,
                suspect: None,
                is_gone: false,
            });
            self.solution.parameters.len() - 1
        });
        let program = vec![Atom::View(View { base: Base::Value(number), steps: vec![] })];
        let slot = self.slot(token, left, file, program);
        self.solution.parameters[number].slots.push(slot);
        slot
    }

    fn slot(&mut self, text: &str, left: &str, file: usize, program: Program) -> usize {
        self.shape.slots.push(Slot {
            scope: 0,
            values: vec![Some(Rc::from(text))],
            path: vec![],
            left: left.to_owned(),
            file,
            is_layout: false,
        });
        self.solution.programs.push(program);
        self.shape.slots.len() - 1
    }

    /// What stands nowhere is not asked for.
    fn drop_unused(&mut self) {
        for (number, parameter) in self.solution.parameters.iter_mut().enumerate() {
            let reads = |program: &Program| {
                program.iter().filter_map(Atom::view).any(|view| view.base == Base::Value(number))
            };
            let first = self.solution.programs.iter().position(reads);
            parameter.is_gone = first.is_none();
            if parameter.slots.is_empty() {
                parameter.slots.extend(first);
            }
        }
    }
}
