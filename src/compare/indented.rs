//! Indented text, as switches and routers print it: statements under parents, each with its identity.
//!
//! Most of a read-back is exactly what was intended plus noise; that is found by comparing the lines that mean
//! something, without building anything. Only files that differ beyond noise become trees.

use super::align::{self, Step as Aligned};
use super::effect::Effect;
use super::entered;
use super::found::{Compared, Found};
use super::ios;
use super::labels::{Attribution, Before, Class, Kind};
use super::lists::{self, Lists, Which};
use super::pattern::fits;
use super::profile::{Action, Rules};
use super::secrets;
use crate::finding::Level;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};

/// One statement with what stands below it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statement<'t> {
    /// As written, without indentation.
    pub text: Cow<'t, str>,
    /// The spelling that equal statements share, where it is not the text.
    pub canon: Option<String>,
    /// What identifies it among its siblings, where it is not the whole text.
    pub key: Option<Cow<'t, str>>,
    /// Line, from 1; 0 for a default that is not written.
    pub line: u32,
    pub children: Vec<Statement<'t>>,
    /// The secret in it, and whether it is salted.
    pub secret: Option<(String, bool)>,
    /// The range it came out of.
    pub from: Option<&'t str>,
}

/// Deepest nesting of statements; deeper ones count as siblings.
const MAX_DEPTH: usize = 60;

/// Whether two texts are the same once noise is dropped: the usual case, decided without a tree.
pub(crate) fn same(intended: &str, deployed: &str, rules: &Rules) -> bool {
    // Inside a banner or a certificate every line counts.
    if rules.ios && [intended, deployed].iter().any(|text| ios::has_blocks(text)) {
        return false;
    }
    let (mut s, mut d) = (intended, deployed);
    loop {
        let common = common_lines(s, d);
        (s, d) = (&s[common..], &d[common..]);
        match (next_meaning(&mut s, rules), next_meaning(&mut d, rules)) {
            (None, None) => return true,
            (one, other) if one == other => {}
            _ => return false,
        }
    }
}

/// How long the whole lines are with which both texts begin.
fn common_lines(a: &str, b: &str) -> usize {
    const STEP: usize = 64;
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let steps = a.chunks_exact(STEP).zip(b.chunks_exact(STEP)).take_while(|(a, b)| a == b).count();
    let start = steps * STEP;
    let rest = a[start..].iter().zip(&b[start..]).take_while(|(a, b)| a == b).count();
    memchr::memrchr(b'\n', &a[..start + rest]).map_or(0, |at| at + 1)
}

/// Takes the lines up to the next one that is no noise, and returns that without the blanks at its end.
fn next_meaning<'t>(text: &mut &'t str, rules: &Rules) -> Option<&'t str> {
    while !text.is_empty() {
        let end = memchr::memchr(b'\n', text.as_bytes()).unwrap_or(text.len());
        let line = text[..end].trim_end_matches([' ', '\t', '\r']);
        *text = text.get(end + 1..).unwrap_or_default();
        if !is_noise(line, rules) {
            return Some(line);
        }
    }
    None
}

fn is_noise(line: &str, rules: &Rules) -> bool {
    let trimmed = line.trim_start_matches([' ', '\t']);
    match trimmed.as_bytes().first() {
        None | Some(b'!') => true,
        Some(b'#') => !rules.ios,
        Some(b'B' | b'C' | b'n' | b'e') if rules.ios => ios::is_noise(line),
        Some(_) => false,
    }
}

/// Reads statements.
pub(crate) fn parse<'t>(text: &'t str, rules: &Rules) -> Result<Vec<Statement<'t>>, String> {
    let mut source = text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate().peekable();
    let mut open: Vec<(usize, Statement<'t>)> = vec![];
    let mut roots = vec![];
    while let Some((at, line)) = source.next() {
        let content = line.trim_end();
        if is_noise(content, rules) {
            continue;
        }
        let trimmed = content.trim_start();
        let indent = content.len() - trimmed.len();
        close(&mut open, &mut roots, indent);
        let mut statement =
            Statement { text: Cow::Borrowed(trimmed), line: at as u32 + 1, ..Statement::default() };
        if rules.ios
            && let Some(end) = ios::block_end(trimmed, open.last().map(|(_, parent)| &*parent.text))
        {
            let block = ios::read_block(trimmed, &end, &mut source)
                .ok_or_else(|| format!("the block that begins at line {} does not end", at + 1))?;
            statement.key = Some(Cow::Borrowed(end.key));
            statement.canon = ios::banner_text(&block, &end);
            statement.text = Cow::Owned(block);
        }
        if open.len() >= MAX_DEPTH {
            let Some((indent, last)) = open.pop() else { continue };
            attach(&mut open, &mut roots, last);
            open.push((indent, statement));
        } else {
            open.push((indent, statement));
        }
    }
    close(&mut open, &mut roots, 0);
    let mut roots = refine_all(roots, rules);
    if rules.ios {
        roots = entered::settled(roots);
    }
    merge(&mut roots, false, rules);
    if rules.ios {
        roots.iter_mut().for_each(|section| entered::last_bindings(&mut section.children));
    }
    add_defaults(&mut roots, &mut vec![], rules);
    Ok(roots)
}

/// Ends every open statement that is indented at least this deep.
fn close<'t>(open: &mut Vec<(usize, Statement<'t>)>, roots: &mut Vec<Statement<'t>>, indent: usize) {
    while open.last().is_some_and(|(own, _)| *own >= indent) {
        if let Some((_, done)) = open.pop() {
            attach(open, roots, done);
        }
    }
}

fn attach<'t>(open: &mut [(usize, Statement<'t>)], roots: &mut Vec<Statement<'t>>, done: Statement<'t>) {
    match open.last_mut() {
        Some((_, parent)) => parent.children.push(done),
        None => roots.push(done),
    }
}

/// Gives each statement its identity, its secret, and its parts.
fn refine_all<'t>(statements: Vec<Statement<'t>>, rules: &Rules) -> Vec<Statement<'t>> {
    let mut out = Vec::with_capacity(statements.len());
    for mut statement in statements {
        mark_secret(&mut statement, rules);
        if !statement.children.is_empty() {
            statement.children = refine_all(statement.children, rules);
        }
        if rules.ios && statement.key.is_none() {
            ios::refine(statement, &mut out);
        } else {
            out.push(statement);
        }
    }
    out
}

fn mark_secret(statement: &mut Statement<'_>, rules: &Rules) {
    for (regex, salted) in &rules.secret_texts {
        // Looking first is cheap, and most statements hold none.
        if let Some(captures) =
            regex.is_match(&statement.text).then(|| regex.captures(&statement.text)).flatten()
        {
            let secret = captures.get(1).or(captures.get(0)).map(|hit| hit.as_str().to_owned());
            statement.secret = secret.map(|secret| (secret, *salted));
            return;
        }
    }
    statement.secret =
        secrets::of_statement(&statement.text).first().map(|secret| ((*secret).to_owned(), false));
}

/// A section that is written twice is one section.
fn merge(statements: &mut Vec<Statement<'_>>, ordered: bool, rules: &Rules) {
    if !ordered && statements.iter().any(|statement| !statement.children.is_empty()) {
        let mut first: HashMap<String, usize> = HashMap::new();
        let mut kept: Vec<Statement<'_>> = vec![];
        for statement in statements.drain(..) {
            match first.get(&*statement.text).copied() {
                Some(at) if !statement.children.is_empty() || !kept[at].children.is_empty() => {
                    kept[at].children.extend(statement.children);
                }
                Some(_) => kept.push(statement),
                None => {
                    first.insert(statement.text.to_string(), kept.len());
                    kept.push(statement);
                }
            }
        }
        *statements = kept;
    }
    for statement in statements {
        let ordered = is_ordered(statement, rules);
        merge(&mut statement.children, ordered, rules);
    }
}

fn is_ordered(statement: &Statement<'_>, rules: &Rules) -> bool {
    // In an access list the first match decides, whatever a profile says.
    rules.ios && lists::is_list(&statement.text)
        || rules.ordered_sections.iter().any(|glob| fits(glob, &statement.text))
}

/// Writes out what silence means.
fn add_defaults(statements: &mut Vec<Statement<'_>>, path: &mut Vec<String>, rules: &Rules) {
    for (parents, line) in &rules.defaults {
        let here = parents.len() == path.len()
            && parents.iter().zip(path.iter()).all(|(glob, step)| fits(glob, step));
        if !here {
            continue;
        }
        let default = Statement { text: Cow::Owned(line.clone()), ..Statement::default() };
        let default = refine_all(vec![default], rules);
        for statement in default {
            if !statements.iter().any(|other| other.key() == statement.key()) {
                statements.push(statement);
            }
        }
    }
    if rules.defaults.is_empty() {
        return;
    }
    for statement in statements {
        path.push(statement.text.to_string());
        add_defaults(&mut statement.children, path, rules);
        path.pop();
    }
}

impl Statement<'_> {
    /// What identifies it among its siblings.
    pub(crate) fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.text)
    }

    /// The spelling that equal statements share; a salted secret is no part of it.
    fn canon(&self) -> Cow<'_, str> {
        let text = self.canon.as_deref().unwrap_or(&self.text);
        match &self.secret {
            Some((secret, true)) => Cow::Owned(text.replacen(secret.as_str(), "", 1)),
            _ => Cow::Borrowed(text),
        }
    }

    /// Its spelling with all that stands below.
    fn whole(&self) -> String {
        let mut out = self.canon().into_owned();
        let mut children: Vec<String> = self.children.iter().map(Statement::whole).collect();
        children.sort();
        for child in children {
            out.push('\n');
            out.push_str(&child.replace('\n', "\n "));
        }
        out
    }

    /// The step it makes in a path: a secret at its end is left out.
    fn step(&self) -> String {
        let text = match (&self.key, self.text.contains('\n')) {
            (Some(key), true) => key.to_string(),
            _ => self.text.to_string(),
        };
        match &self.secret {
            Some((secret, _)) => {
                text.strip_suffix(secret.as_str()).map_or(text.clone(), |rest| rest.trim_end().to_owned())
            }
            None => text,
        }
    }

    /// For a report: the statement and what stands below it.
    fn shown(&self) -> Json {
        let mut out = String::new();
        self.show(0, &mut out);
        Json::String(super::shown_text(out.trim_end()))
    }

    fn show(&self, depth: usize, out: &mut String) {
        out.push_str(&" ".repeat(depth));
        out.push_str(&self.text);
        out.push('\n');
        self.children.iter().for_each(|child| child.show(depth + 1, out));
    }

    fn keep_secrets(&self, secrets: &mut Vec<String>) {
        secrets.extend(self.secret.iter().map(|(secret, _)| secret.clone()));
        self.children.iter().for_each(|child| child.keep_secrets(secrets));
    }
}

type Side<'a, 't> = &'a [Statement<'t>];
type Base<'a, 't> = Option<Side<'a, 't>>;

/// Compares two texts.
pub(crate) fn compare(intended: &str, deployed: &str, base: Before<&str>, rules: &Rules) -> Compared {
    let mut out = Compared { parsed: true, hits: vec![false; rules.patterns.len()], ..Compared::default() };
    let (s, d) = match (parse(intended, rules), parse(deployed, rules)) {
        (Ok(s), Ok(d)) => (s, d),
        (Err(why), _) => {
            return Compared::opaque(format!("intended: {why}"), format!("intended {{file}}: {why}"));
        }
        (_, Err(why)) => {
            return Compared::opaque(format!("deployed: {why}"), format!("deployed {{file}}: {why}"));
        }
    };
    if d.is_empty() && !s.is_empty() {
        let why = "the read-back holds no statement";
        return Compared::opaque(why, "deployed {file} holds no statement");
    }
    let texts = Texts { intended, deployed, before: base.as_ref().value().copied() };
    let mut b = base.read(|base| parse(base, rules)).or_empty();
    for statement in s.iter().chain(&d).chain(b.iter().flatten()) {
        statement.keep_secrets(&mut out.secrets);
    }
    let mut walk = Walk { rules, path: vec![], texts, lists: OnceCell::new(), out };
    let (mut ours_s, mut ours_d) = (walk.ours(s, false), walk.ours(d, true));
    let has_flat_lists =
        rules.ios && [&ours_s, &ours_d].into_iter().flatten().any(|one| lists::is_flat(&one.text));
    if has_flat_lists {
        let lists = walk.lists();
        lists.pair_entries(Which::Intended, &mut ours_s);
        lists.pair_entries(Which::Deployed, &mut ours_d);
        lists.pair_entries(Which::Before, b.as_deref_mut().unwrap_or_default());
    }
    walk.unordered(&ours_s, &ours_d, b.as_deref());
    walk.ranges(&ours_s, &ours_d);
    walk.note_named(&ours_s);
    walk.note_named(&ours_d);
    if rules.ios {
        walk.explain_lists(has_flat_lists);
    }
    walk.out
}

/// What is compared.
#[derive(Clone, Copy)]
struct Texts<'t> {
    intended: &'t str,
    deployed: &'t str,
    before: Option<&'t str>,
}

struct Walk<'r> {
    rules: &'r Rules,
    path: Vec<String>,
    texts: Texts<'r>,
    /// The access lists of all sides, as packets; read where it matters what they decide.
    lists: OnceCell<Lists>,
    out: Compared,
}

impl Walk<'_> {
    fn lists(&self) -> &Lists {
        let Texts { intended, deployed, before } = self.texts;
        self.lists.get_or_init(|| Lists::read(intended, deployed, before, self.rules.lists))
    }

    /// Notes which patterns name something at all, equal statements included.
    fn note_named(&mut self, statements: Side<'_, '_>) {
        if self.out.hits.iter().all(|hit| *hit) {
            return;
        }
        for statement in statements {
            self.path.push(statement.step());
            let unmet = self.rules.patterns.iter().zip(&mut self.out.hits).filter(|(_, hit)| !**hit);
            unmet.for_each(|(pattern, hit)| *hit = pattern.matches(&self.path));
            self.note_named(&statement.children);
            self.path.pop();
        }
    }

    /// Keeps what is ours in a file that serves several lines: whole sections, or some lines of a section.
    fn ours<'t>(&mut self, statements: Vec<Statement<'t>>, report: bool) -> Vec<Statement<'t>> {
        if self.rules.managed.is_empty() {
            return statements;
        }
        let mut ours = vec![];
        for mut statement in statements {
            if self.rules.is_ours(&statement.text) {
                ours.push(statement);
                continue;
            }
            let below = self.rules.ours_below(&statement.text);
            let (own, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut statement.children)
                .into_iter()
                .partition(|child| below.iter().any(|glob| fits(glob, &child.text)));
            if report && (own.is_empty() || !rest.is_empty()) {
                self.unmanaged(&Statement { children: rest, ..statement.clone() });
            }
            if !own.is_empty() {
                ours.push(Statement { children: own, ..statement });
            }
        }
        ours
    }

    fn unmanaged(&mut self, statement: &Statement<'_>) {
        let mut found =
            Found::new(statement.step(), Kind::Extra).values(None, Some(statement.shown())).note("unmanaged");
        found.ignored = true;
        found.line = Some(statement.line);
        self.out.found.push(found);
    }

    /// Compares siblings whose order says nothing, as multisets by identity.
    fn unordered(&mut self, s: Side<'_, '_>, d: Side<'_, '_>, b: Base<'_, '_>) {
        let mut by_key: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, statement) in d.iter().enumerate() {
            by_key.entry(statement.key()).or_default().push(at);
        }
        let mut used = vec![false; d.len()];
        let mut left = vec![];
        for one in s {
            let twins = by_key.get(one.key()).map_or(&[][..], Vec::as_slice);
            let exact = twins.iter().copied().find(|at| !used[*at] && d[*at].canon() == one.canon());
            match exact {
                Some(at) => {
                    used[at] = true;
                    self.both(one, &d[at], b);
                }
                None => left.push(one),
            }
        }
        let mut missing: Vec<&Statement<'_>> = vec![];
        for one in left {
            let twin = by_key.get(one.key()).and_then(|twins| twins.iter().copied().find(|at| !used[*at]));
            match twin {
                Some(at) => {
                    used[at] = true;
                    self.changed(one, &d[at], b);
                }
                None => missing.push(one),
            }
        }
        self.one_side(&missing, Kind::Missing, b);
        let extra: Vec<&Statement<'_>> =
            d.iter().zip(&used).filter(|(_, used)| !**used).map(|(statement, _)| statement).collect();
        self.one_side(&extra, Kind::Extra, b);
    }

    /// Reports statements of one side, equal ones together.
    fn one_side(&mut self, statements: &[&Statement<'_>], kind: Kind, b: Base<'_, '_>) {
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for statement in statements {
            *count.entry(statement.whole()).or_default() += 1;
        }
        let mut done = HashSet::new();
        for statement in statements {
            let whole = statement.whole();
            if done.insert(whole.clone()) {
                let in_base = b.is_some_and(|b| {
                    b.iter().any(|base| base.key() == statement.key() && base.whole() == whole)
                });
                self.lone(statement, kind, b.is_some().then_some(in_base), count[&whole]);
            }
        }
    }

    fn lone(&mut self, statement: &Statement<'_>, kind: Kind, in_base: Option<bool>, count: usize) {
        let value = Some(statement.shown());
        let (a, c) = if kind == Kind::Missing { (value, None) } else { (None, value) };
        self.path.push(statement.step());
        let attribution = in_base.map_or(Attribution::Unknown, |in_base| match kind {
            Kind::Missing => Attribution::judge(in_base, !in_base),
            _ => Attribution::judge(!in_base, in_base),
        });
        self.emit(kind, a, c, attribution, statement.line, count);
        self.path.pop();
    }

    /// The same statement on both sides: its secret, its spelling, what stands below.
    fn both(&mut self, s: &Statement<'_>, d: &Statement<'_>, b: Base<'_, '_>) {
        if let (Some((one, true)), Some((other, true))) = (&s.secret, &d.secret)
            && one != other
        {
            self.path.push(s.step());
            self.emit(
                Kind::Opaque,
                Some(Json::from(one.as_str())),
                Some(Json::from(other.as_str())),
                Attribution::Unknown,
                d.line,
                1,
            );
            if let Some(found) = self.out.found.last_mut() {
                found.ignored = true;
                found.secret = true;
                found.note = Some(secrets::SALTED.into());
            }
            self.path.pop();
        } else if s.text != d.text && s.from.is_none() && d.from.is_none() {
            self.equivalent(
                s.step(),
                Some(s.shown()),
                Some(d.shown()),
                d.line,
                "another spelling of the same",
            );
        }
        self.below(s, d, b);
    }

    fn changed(&mut self, s: &Statement<'_>, d: &Statement<'_>, b: Base<'_, '_>) {
        let attribution = b.map_or(Attribution::Unknown, |b| {
            let has = |one: &Statement<'_>| {
                b.iter().any(|base| base.key() == one.key() && base.canon() == one.canon())
            };
            Attribution::judge(has(s), has(d))
        });
        let alone = |statement: &Statement<'_>| Json::String(super::shown_text(&statement.text));
        let reference = s.secret.as_ref().is_some_and(|(secret, _)| secrets::is_reference(secret));
        let presence = reference && d.secret.as_ref().is_some_and(|(secret, _)| !secrets::is_default(secret));
        let presence = presence || secrets::only_presence(&s.text, &d.text);
        self.path.push(s.step());
        self.emit(
            if presence { Kind::Opaque } else { Kind::Changed },
            Some(alone(s)),
            Some(alone(d)),
            attribution,
            d.line,
            1,
        );
        if presence && let Some(found) = self.out.found.last_mut() {
            found.ignored = true;
            found.note = Some(secrets::PRESENCE.into());
        }
        self.path.pop();
        self.below(s, d, b);
    }

    fn below(&mut self, s: &Statement<'_>, d: &Statement<'_>, b: Base<'_, '_>) {
        if s.children.is_empty() && d.children.is_empty() {
            return;
        }
        let base = b.map(|b| {
            b.iter().find(|base| base.key() == s.key()).map_or(&[][..], |base| base.children.as_slice())
        });
        self.path.push(s.step());
        if is_ordered(s, self.rules) {
            self.ordered(s, d, base);
        } else {
            self.unordered(&s.children, &d.children, base);
        }
        self.path.pop();
    }

    /// Compares a section in which order counts.
    fn ordered(&mut self, s: &Statement<'_>, d: &Statement<'_>, b: Base<'_, '_>) {
        let is_acl = self.rules.ios && lists::is_list(&s.text);
        let entries = |section: &[Statement<'_>]| -> Vec<(String, usize)> {
            let whole = section.iter().map(Statement::whole).zip(0..).collect();
            if is_acl { lists::unnumbered(whole) } else { whole }
        };
        // Entries that say the same in other words are the same entry.
        let (texts_s, texts_d) = (entries(&s.children), entries(&d.children));
        let texts = |entries: &[(String, usize)]| -> Vec<String> {
            entries.iter().map(|(text, _)| text.clone()).collect()
        };
        let written = |section: &Statement<'_>| {
            section.children.iter().map(|child| child.canon().into_owned()).collect::<Vec<_>>()
        };
        if texts(&texts_s) == texts(&texts_d) {
            if written(s) != written(d) {
                self.equivalent_here("renumbered", d.line);
            }
            return;
        }
        let known = is_acl.then(|| self.lists());
        let meanings = |which: Which, section: &[Statement<'_>]| -> Vec<String> {
            let meaning = |(text, at): (String, usize)| {
                known.and_then(|lists| lists.meaning(which, section[at].line)).map_or(text, str::to_owned)
            };
            entries(section).into_iter().map(meaning).collect()
        };
        let in_s = meanings(Which::Intended, &s.children);
        let in_d = meanings(Which::Deployed, &d.children);
        let in_b = b.map(|b| meanings(Which::Before, b));
        if in_s == in_d {
            return self.equivalent_here("other words for the same decisions", d.line);
        }
        let effect = known.and_then(|lists| lists.effect(&s.text, &self.rules.names));
        let attribution = in_b
            .as_ref()
            .map_or(Attribution::Unknown, |in_b| Attribution::judge(*in_b == in_s, *in_b == in_d));
        let (mut sorted_s, mut sorted_d) = (in_s.clone(), in_d.clone());
        sorted_s.sort();
        sorted_d.sort();
        if sorted_s == sorted_d {
            if effect.as_ref().is_some_and(Effect::is_none) {
                return self.equivalent_here("order of entries that never meet", d.line);
            }
            self.emit_here(
                Kind::Reordered,
                Some(Json::from(texts(&texts_s))),
                Some(Json::from(texts(&texts_d))),
                attribution,
                d.line,
            );
            self.add_effect(effect.as_ref());
            return;
        }
        // Identity is the entry itself: nothing is paired.
        let steps = align::align(&in_s, &in_d);
        let only = |wanted: fn(&Aligned) -> bool| steps.iter().any(wanted);
        let (gone, come) =
            (only(|step| matches!(step, Aligned::First(_))), only(|step| matches!(step, Aligned::Second(_))));
        let harmless = effect.as_ref().is_some_and(Effect::is_none);
        if harmless && gone && come {
            return self.equivalent_here("other words for the same decisions", d.line);
        }
        for step in steps {
            let (kind, statement, text) = match step {
                Aligned::Same(..) => continue,
                Aligned::First(at) => (Kind::Missing, &s.children[texts_s[at].1], &in_s[at]),
                Aligned::Second(at) => (Kind::Extra, &d.children[texts_d[at].1], &in_d[at]),
            };
            let before = self.out.found.len();
            self.lone(statement, kind, in_b.as_ref().map(|b| b.contains(text)), 1);
            if self.out.found.len() > before {
                self.add_effect(effect.as_ref());
            }
        }
    }

    /// Says what it lets through where lists differ that are no sections, and what lists speak of.
    fn explain_lists(&mut self, has_flat_lists: bool) {
        let binds = |found: &Found| {
            let step = found.path.rsplit(" > ").next().unwrap_or_default();
            let starts = ["ip access-group ", "ipv6 traffic-filter ", "access-group "];
            found.meaning.is_none() && starts.iter().any(|start| step.starts_with(start))
        };
        let of_object =
            |found: &Found| found.path.starts_with("object-group ") || found.path.starts_with("object ");
        self.explain_missing();
        if !has_flat_lists && !self.out.found.iter().any(|found| binds(found) || of_object(found)) {
            return;
        }
        self.lists();
        let Some(lists) = self.lists.take() else { return };
        let rules = self.rules;
        for (chain, start) in lists.flat() {
            let Some(effect) = lists.effect(chain, &rules.names) else { continue };
            let of_list = |found: &Found| found.path.starts_with(&start);
            let has = |kind: Kind| self.out.found.iter().find(|found| of_list(found) && found.kind == kind);
            let reworded =
                has(Kind::Equivalent).or(has(Kind::Extra).filter(|_| has(Kind::Missing).is_some()));
            if let (true, Some(line)) = (effect.is_none(), reworded.map(|found| found.line)) {
                self.out.found.retain(|found| !of_list(found));
                self.path.push(start.trim_end().to_owned());
                self.equivalent_here("other words for the same decisions", line.unwrap_or(0));
                self.path.pop();
                continue;
            }
            if self.out.found.iter().any(of_list) {
                self.out
                    .found
                    .iter_mut()
                    .filter(|found| of_list(found) && found.kind != Kind::Equivalent)
                    .for_each(|found| explain(found, &effect));
                continue;
            }
            // The same lines in another order.
            self.path.push(start.trim_end().to_owned());
            if effect.is_none() {
                self.equivalent_here("order of entries that never meet", 0);
            } else {
                self.emit_here(Kind::Reordered, None, None, Attribution::Unknown, 0);
                self.add_effect(Some(&effect));
            }
            self.path.pop();
        }
        if self.out.found.iter().any(of_object)
            && let Some(effect) = lists.effect_of_objects(&rules.names)
        {
            self.out
                .found
                .iter_mut()
                .filter(|found| of_object(found))
                .for_each(|found| explain(found, &effect));
        }
        if self.out.found.iter().any(binds) {
            let effect = lists.effect_of_bindings(&rules.names);
            self.out.found.iter_mut().filter(|found| binds(found)).for_each(|found| explain(found, &effect));
        }
    }

    /// Says what it means that a whole list is not there.
    fn explain_missing(&mut self) {
        let gone = |found: &&mut Found| {
            found.kind == Kind::Missing && found.meaning.is_none() && lists::is_list(&found.path)
        };
        for found in self.out.found.iter_mut().filter(gone) {
            found.class = Class::Path;
            found.meaning =
                Some("opens what the list denies: a list that is not there denies nothing".into());
        }
    }

    /// Says of the last finding what it lets through.
    fn add_effect(&mut self, effect: Option<&Effect>) {
        if let (Some(effect), Some(found)) = (effect, self.out.found.last_mut()) {
            explain(found, effect);
        }
    }

    fn equivalent(&mut self, step: String, a: Option<Json>, c: Option<Json>, line: u32, note: &str) {
        self.path.push(step);
        self.emit(Kind::Equivalent, a, c, Attribution::Unknown, line, 1);
        if let Some(found) = self.out.found.last_mut() {
            found.note = Some(note.into());
            found.class = Class::Look;
        }
        self.path.pop();
    }

    fn equivalent_here(&mut self, note: &str, line: u32) {
        self.emit_here(Kind::Equivalent, None, None, Attribution::Unknown, line);
        if let Some(found) = self.out.found.last_mut() {
            found.note = Some(note.into());
            found.class = Class::Look;
        }
    }

    /// Ranges that are written out on one side: the members were compared, the spelling is noted.
    fn ranges(&mut self, s: Side<'_, '_>, d: Side<'_, '_>) {
        let of = |side: Side<'_, '_>| -> BTreeMap<String, (u32, Vec<String>)> {
            let mut found: BTreeMap<String, (u32, Vec<String>)> = BTreeMap::new();
            for statement in side {
                if let Some(from) = statement.from {
                    found
                        .entry(from.to_owned())
                        .or_insert((statement.line, vec![]))
                        .1
                        .push(statement.text.to_string());
                }
            }
            found
        };
        let (in_s, in_d) = (of(s), of(d));
        let only_s = in_s.iter().filter(|(range, _)| !in_d.contains_key(*range));
        let noted: HashSet<&String> = only_s.clone().flat_map(|(_, (_, members))| members).collect();
        // Two ways to write one range are one remark.
        let only_d = in_d.iter().filter(|(range, (_, members))| {
            !in_s.contains_key(*range) && !members.iter().all(|member| noted.contains(member))
        });
        for (range, (line, members)) in only_s.chain(only_d) {
            let differs = self.out.found.iter().any(|found| members.contains(&found.path));
            if !differs {
                self.equivalent(range.clone(), None, None, *line, "a range and its members");
            }
        }
    }

    fn emit_here(
        &mut self,
        kind: Kind,
        a: Option<Json>,
        c: Option<Json>,
        attribution: Attribution,
        line: u32,
    ) {
        self.emit(kind, a, c, attribution, line, 1);
    }

    fn emit(
        &mut self,
        kind: Kind,
        a: Option<Json>,
        c: Option<Json>,
        attribution: Attribution,
        line: u32,
        count: usize,
    ) {
        let mut found = Found::new(self.path.join(" > "), kind).values(a, c);
        found.attribution = attribution;
        found.line = (line > 0).then_some(line);
        found.count = count;
        found.class = self.rules.class(&self.path);
        for (at, _) in
            self.rules.patterns.iter().enumerate().filter(|(_, pattern)| pattern.covers(&self.path))
        {
            self.out.hits[at] = true;
            found.ignored |= self.rules.actions[at] == Action::Ignore;
            found.secret |= matches!(self.rules.actions[at], Action::Secret { .. });
        }
        self.out.found.push(found);
    }
}

/// Says of a finding what it lets through.
fn explain(found: &mut Found, effect: &Effect) {
    if effect.is_none() {
        found.level = Some(Level::Note);
        found.meaning = Some("no effect: other entries decide the same".into());
    } else {
        found.class = effect.class();
        effect.say(found, "");
    }
}
