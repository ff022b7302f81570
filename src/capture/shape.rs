//! Aligned nodes to the shape of a template: text, slots, optional blocks, lists.
//!
//! Alternatives that exclude each other are one line with a slot; repeats whose number varies are a list; what only
//! some instances have is an optional block.

use super::align::{Aligned, Aligner, order, overlap, overlap_of};
use super::lex::{Kind, words};
use super::line::{Piece, generalize};
use super::own::{OWN, Own};
use super::tree::{Form, Node, build, form_of, indent};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// For whom something holds: keys of a scope.
pub(super) type Keys = Rc<BTreeSet<usize>>;

/// Where values live: the instances (the first scope), or the items of a list.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// The scope around it.
    pub(super) outer: Option<usize>,
    /// For each key, the key of the scope around it.
    pub(super) owner: Vec<usize>,
    /// For each key, its place in its list, from 0.
    pub(super) index: Vec<usize>,
    /// Key of the block that a list lies in.
    pub(super) block: String,
}

/// A place whose text differs between instances.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// Where its values live.
    pub(super) scope: usize,
    /// Its text by key, where the place exists.
    pub(super) values: Vec<Option<Rc<str>>>,
    /// Keys of the blocks around it, outermost first.
    pub(super) path: Vec<String>,
    /// What stands before it on its line.
    pub(super) left: String,
    /// The file.
    pub(super) file: usize,
    /// Whether it only ever holds white space and punctuation.
    pub(super) is_layout: bool,
}

/// A piece of a line.
#[derive(Debug, Clone)]
pub(super) enum Segment {
    /// The same everywhere.
    Text(String),
    /// A slot, by number.
    Slot(usize),
}

/// A line of the template with what lies in it.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) head: Vec<Segment>,
    pub(super) tail: Vec<Segment>,
    pub(super) kids: Vec<Branch>,
    pub(super) scope: usize,
    /// Who has it.
    pub(super) present: Keys,
    /// Who could have it: who has what is around it.
    pub(super) around: Keys,
    /// The scope of its items, if it is a list; its one kid is the item.
    pub(super) list: Option<usize>,
    /// Different nodes that it was made of.
    pub(super) variants: Vec<Rc<Node>>,
}

impl Branch {
    /// Returns whether only some have it.
    pub(super) fn is_optional(&self) -> bool {
        self.list.is_none() && self.present.len() < self.around.len()
    }

    /// Returns the node of the most typical instance.
    pub(super) fn sample(&self) -> &Node {
        &self.variants[0]
    }
}

/// One file of the blueprint.
#[derive(Debug, Clone)]
pub(super) struct FileShape {
    pub(super) path: String,
    pub(super) form: Form,
    pub(super) present: Keys,
    pub(super) branches: Vec<Branch>,
}

/// The shape of a blueprint.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    pub(super) scopes: Vec<Scope>,
    pub(super) slots: Vec<Slot>,
    pub(super) files: Vec<FileShape>,
}

impl Shape {
    /// Visits every branch.
    pub(super) fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s FileShape, &'s Branch)) {
        fn walk<'s>(
            file: &'s FileShape,
            branches: &'s [Branch],
            visit: &mut dyn FnMut(&'s FileShape, &'s Branch),
        ) {
            for branch in branches {
                visit(file, branch);
                walk(file, &branch.kids, visit);
            }
        }
        for file in &self.files {
            walk(file, &file.branches, visit);
        }
    }
}

/// A file's tree with the form that it was read in.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) form: Form,
    pub(super) nodes: Vec<Rc<Node>>,
    plain: Option<Vec<Rc<Node>>>,
}

impl Parsed {
    /// Reads a file.
    pub(super) fn new(path: &str, text: &str, own: &Own, is_plain: bool) -> Self {
        let form = if is_plain { Form::Text } else { form_of(path, text) };
        let plain = (form != Form::Text).then(|| build(text, Form::Text, own));
        Self { form, nodes: build(text, form, own), plain }
    }

    /// Returns the tree in a form: its own, or as plain text.
    pub(super) fn as_form(&self, form: Form) -> &[Rc<Node>] {
        if form == self.form { &self.nodes } else { self.plain.as_deref().unwrap_or(&self.nodes) }
    }
}

/// The parsed files of an instance, by path.
pub(super) type Trees = BTreeMap<String, Parsed>;

/// Finds the shape of several instances.
pub(super) fn shape(trees: &[&Trees]) -> Shape {
    let nodes: Vec<Vec<&[Rc<Node>]>> =
        trees.iter().map(|files| files.values().map(|parsed| parsed.nodes.as_slice()).collect()).collect();
    let order = order(&nodes);
    let index = (0..trees.len()).collect();
    let root = Scope { outer: None, owner: vec![], index, block: String::new() };
    let mut shaper = Shaper {
        aligner: Aligner::default(),
        shape: Shape { scopes: vec![root], ..Shape::default() },
        file: 0,
    };
    let paths: BTreeSet<&String> = trees.iter().flat_map(|files| files.keys()).collect();
    for path in paths {
        let who: Vec<usize> = order.iter().copied().filter(|at| trees[*at].contains_key(path)).collect();
        let forms: BTreeSet<Form> = who.iter().map(|at| trees[*at][path].form).collect();
        let form = if forms.len() == 1 { trees[who[0]][path].form } else { Form::Text };
        let lists = who.iter().map(|at| (*at, trees[*at][path].as_form(form))).collect();
        let merged = shaper.aligner.merge(lists);
        let present: Keys = Rc::new(who.into_iter().collect());
        let branches = shaper.branches(merged, &present, 0, &[]);
        shaper.shape.files.push(FileShape { path: path.clone(), form, present, branches });
        shaper.file += 1;
    }
    shaper.shape
}

struct Shaper {
    aligner: Aligner,
    shape: Shape,
    file: usize,
}

impl Shaper {
    fn branches(
        &mut self,
        merged: Vec<Aligned>,
        around: &Keys,
        scope: usize,
        path: &[String],
    ) -> Vec<Branch> {
        let merged = fuse(merged, around);
        let mut out = vec![];
        let mut at = 0;
        // Up to here runs were looked at: what follows in one that is no list begins no list either.
        let mut looked = 0;
        while at < merged.len() {
            let run = if at < looked { Run::default() } else { run(&merged[at..], around) };
            looked = looked.max(at + run.looked);
            if run.list > 0 {
                out.push(self.list(&merged[at..at + run.list], around, scope, path));
                at += run.list;
                looked = at;
            } else {
                out.push(self.branch(&merged[at], around, scope, path));
                at += 1;
            }
        }
        out
    }

    fn branch(&mut self, aligned: &Aligned, around: &Keys, scope: usize, path: &[String]) -> Branch {
        let present: Keys = Rc::new(aligned.members.iter().map(|(key, _)| *key).collect());
        let present = if present == *around { around.clone() } else { present };
        let heads = aligned.members.iter().map(|(key, node)| (*key, node.head.as_str())).collect::<Vec<_>>();
        let head = self.segments(&heads, scope, path, "");
        let tails = aligned.members.iter().map(|(key, node)| (*key, node.tail.as_str())).collect::<Vec<_>>();
        let tail = self.segments(&tails, scope, path, "end of ");
        let mut inner = path.to_vec();
        inner.push(common_title(&aligned.variants));
        let kids = self.branches(aligned.kids.clone(), &present, scope, &inner);
        let variants = aligned.variants.clone();
        Branch { head, tail, kids, scope, present, around: around.clone(), list: None, variants }
    }

    fn segments(
        &mut self,
        texts: &[(usize, &str)],
        scope: usize,
        path: &[String],
        left: &str,
    ) -> Vec<Segment> {
        let mut distinct: Vec<&str> = vec![];
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, text) in texts {
            numbers.entry(text).or_insert_with(|| {
                distinct.push(text);
                distinct.len() - 1
            });
        }
        let mut left = left.to_owned();
        let mut out = vec![];
        let pieces =
            generalize(&distinct).into_iter().flat_map(|piece| without_tokens(piece, distinct.len()));
        for piece in pieces.collect::<Vec<_>>() {
            match piece {
                Piece::Text(text) => {
                    left.push_str(&text);
                    out.push(Segment::Text(text));
                }
                Piece::Slot(column) => {
                    let column: Vec<Rc<str>> = column.into_iter().map(Rc::from).collect();
                    let mut values = vec![None; self.shape.scopes[scope].index.len()];
                    for (key, text) in texts {
                        values[*key] = Some(column[numbers[text]].clone());
                    }
                    let is_layout = !column
                        .iter()
                        .any(|text| text.chars().any(|c| c.is_alphanumeric() || c == super::secrets::OPEN));
                    let slot = Slot {
                        scope,
                        values,
                        path: path.to_vec(),
                        left: left.clone(),
                        file: self.file,
                        is_layout,
                    };
                    self.shape.slots.push(slot);
                    out.push(Segment::Slot(self.shape.slots.len() - 1));
                    left.push(' ');
                }
            }
        }
        out
    }

    fn list(&mut self, run: &[Aligned], around: &Keys, scope: usize, path: &[String]) -> Branch {
        let mut items: Vec<(usize, Rc<Node>)> = vec![];
        let block = path.iter().rev().find(|block| !block.is_empty()).cloned().unwrap_or_default();
        let mut inner = Scope { outer: Some(scope), owner: vec![], index: vec![], block };
        for key in around.iter() {
            let nodes = run.iter().filter_map(|aligned| {
                aligned.members.iter().find(|(owner, _)| owner == key).map(|(_, node)| node.clone())
            });
            for (index, node) in nodes.enumerate() {
                items.push((inner.owner.len(), node));
                inner.owner.push(*key);
                inner.index.push(index);
            }
        }
        let after = move_ends(&mut items, &inner, around);
        let mut merged = Aligned::of(items[0].0, items[0].1.clone());
        items[1..].iter().for_each(|(key, node)| merged.add(*key, node.clone()));
        if items.iter().any(|(_, node)| !node.kids.is_empty()) {
            let lists = items.iter().map(|(key, node)| (*key, node.kids.as_slice())).collect();
            merged.kids = self.aligner.merge(lists);
        }
        self.shape.scopes.push(inner);
        let number = self.shape.scopes.len() - 1;
        let keys: Keys = Rc::new((0..items.len()).collect());
        let mut item_path = path.to_vec();
        item_path.push(common_title(&merged.variants));
        let item = self.branch(&merged, &keys, number, path);
        let tail = match after {
            Some(texts) => {
                let texts: Vec<(usize, &str)> =
                    texts.iter().map(|(key, text)| (*key, text.as_str())).collect();
                self.segments(&texts, scope, &item_path, "end of ")
            }
            None => vec![],
        };
        let variants = merged.variants.clone();
        let (present, around) = (around.clone(), around.clone());
        Branch { head: vec![], tail, kids: vec![item], scope, present, around, list: Some(number), variants }
    }
}

/// A secret is a slot, also where only one instance has it.
fn without_tokens(piece: Piece, count: usize) -> Vec<Piece> {
    use super::secrets::{CLOSE, OPEN};
    let Piece::Text(text) = piece else { return vec![piece] };
    let mut out = vec![];
    let mut rest = text.as_str();
    while let Some(at) = rest.find(OPEN)
        && let Some(length) = rest[at..].find(CLOSE)
    {
        let end = at + length + CLOSE.len_utf8();
        if at > 0 {
            out.push(Piece::Text(rest[..at].to_owned()));
        }
        out.push(Piece::Slot(vec![rest[at..end].to_owned(); count]));
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        out.push(Piece::Text(rest.to_owned()));
    }
    out
}

/// What closes the last item of a list and no other stands behind the list.
fn move_ends(items: &mut [(usize, Rc<Node>)], scope: &Scope, around: &Keys) -> Option<Vec<(usize, String)>> {
    let mut last: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, owner) in scope.owner.iter().enumerate() {
        last.insert(*owner, at);
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, (_, node)) in items.iter().enumerate() {
        if last[&scope.owner[at]] != at {
            *counts.entry(&node.tail).or_default() += 1;
        }
    }
    let usual =
        counts.iter().max_by_key(|(text, count)| (**count, std::cmp::Reverse(text.len())))?.0.to_string();
    let mut after: Vec<(usize, String)> = vec![];
    for key in around.iter() {
        let mut rest = String::new();
        if let Some(at) = last.get(key) {
            let node = items[*at].1.clone();
            if let Some(more) = node.tail.strip_prefix(&*usual).filter(|more| !more.is_empty()) {
                more.clone_into(&mut rest);
                items[*at].1 = Rc::new(node.with_tail(&usual));
            }
        }
        after.push((*key, rest));
    }
    after.iter().any(|(_, rest)| !rest.is_empty()).then_some(after)
}

fn is_list(run: &[Aligned], around: &Keys) -> bool {
    let mut seen = BTreeSet::new();
    let excludes = run.iter().flat_map(|aligned| &aligned.members).all(|(key, _)| seen.insert(*key));
    if excludes {
        return false;
    }
    let partial: Vec<&Aligned> = run.iter().filter(|aligned| aligned.members.len() < around.len()).collect();
    let who: BTreeSet<Vec<usize>> = partial
        .iter()
        .map(|aligned| {
            let mut keys: Vec<usize> = aligned.members.iter().map(|(key, _)| *key).collect();
            keys.sort_unstable();
            keys
        })
        .collect();
    !partial.is_empty() && (who.len() >= 2 || run.iter().any(|aligned| aligned.variants.len() > 1))
}

/// What begins with the first of some lines.
#[derive(Default)]
struct Run {
    /// Lines that are a list.
    list: usize,
    /// Lines that were looked at.
    looked: usize,
}

fn run(rest: &[Aligned], around: &Keys) -> Run {
    let alike = 1 + rest[1..].iter().take_while(|other| repeat(&rest[0], other)).count();
    if alike >= 2 && is_list(&rest[..alike], around) {
        return Run { list: alike, looked: alike };
    }
    let (list, looked) = scattered(rest, around);
    Run { list, looked: looked.max(alike) }
}

/// Returns how many of the first lines are entries of one list that have nothing in common but their form: each
/// instance has some of its own, and nobody has many of another's; and how many were looked at.
fn scattered(rest: &[Aligned], around: &Keys) -> (usize, usize) {
    let first = rest[0].sample();
    let form = (indent(&first.head), kinds(&first.head));
    // What carries the line's own name is no setting that some have and some have not.
    let is_named = |node: &Node| node.masked.first().is_some_and(|word| word.contains(OWN));
    let are_named = is_named(first);
    let is_entry = |aligned: &&Aligned| {
        let node = aligned.sample();
        let is_rare = aligned.members.len() * 2 <= around.len();
        node.kids.is_empty()
            && !node.is_filler()
            && is_named(node) == are_named
            && (is_rare || are_named && aligned.members.len() < around.len())
            && (indent(&node.head), kinds(&node.head)) == form
    };
    let run = rest.iter().take_while(is_entry).count();
    if run < 4 {
        return (0, run);
    }
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for (key, _) in rest[..run].iter().flat_map(|aligned| &aligned.members) {
        *counts.entry(*key).or_default() += 1;
    }
    let is_all = counts.len() * 4 >= around.len() * 3 && around.len() >= 3;
    let is_thin = are_named || counts.values().sum::<usize>() * 3 <= run * around.len();
    (if is_all && is_thin && counts.values().any(|count| *count > 1) { run } else { 0 }, run)
}

/// Returns whether two places may be items of one list, judged in an instance that has both.
fn repeat(first: &Aligned, other: &Aligned) -> bool {
    let (key, node) = &other.members[0];
    let own = first.members.iter().find(|(owner, _)| owner == key).map_or(first.sample(), |(_, node)| node);
    repeats(own, node) || repeats(first.sample(), node)
}

/// Returns whether two lines may be items of one list.
fn repeats(a: &Node, b: &Node) -> bool {
    if a.is_filler() || b.is_filler() || a.kids.is_empty() != b.kids.is_empty() {
        return false;
    }
    if a.words.is_empty() || b.words.is_empty() {
        return false;
    }
    if a.head.is_empty() || b.head.is_empty() {
        return a.head == b.head && a.masked == b.masked;
    }
    if a.skeleton == b.skeleton {
        return a.kids.is_empty() || overlap(a, b) >= 0.5 || overlap_of(&openings(a), &openings(b)) >= 0.6;
    }
    if !a.kids.is_empty() {
        return !a.key().is_empty() && a.key() == b.key() && overlap(a, b) >= 0.5;
    }
    // A list of plain words: only the last word differs.
    let (last_a, last_b) = (a.masked.len() - 1, b.masked.len() - 1);
    a.kids.is_empty()
        && last_a == last_b
        && last_a < 4
        && a.key().is_empty()
        && b.key().is_empty()
        && !ends_open(&a.head)
        && kinds(&a.head) == kinds(&b.head)
        && without_last(a) == without_last(b)
}

/// What the lines inside begin with, and how often.
fn openings(node: &Node) -> BTreeMap<u64, u32> {
    let mut out = BTreeMap::new();
    for kid in &node.kids {
        *out.entry(kid.opening()).or_insert(0) += 1;
    }
    out
}

/// The words of a line without the last that is one.
fn without_last(node: &Node) -> Vec<&String> {
    let last = node.words.iter().rposition(|word| word.chars().any(char::is_alphanumeric));
    node.masked.iter().enumerate().filter(|(at, _)| Some(*at) != last).map(|(_, word)| word).collect()
}

fn ends_open(line: &str) -> bool {
    line.trim_end_matches([' ', '\n', ',', '"', '\'']).ends_with([':', '='])
}

fn kinds(line: &str) -> Vec<Kind> {
    words(line).into_iter().map(|token| token.kind).collect()
}

/// Neighbouring lines that exclude each other, and of which everyone has one, are one line.
fn fuse(merged: Vec<Aligned>, around: &Keys) -> Vec<Aligned> {
    let mut out: Vec<Aligned> = vec![];
    let mut at = 0;
    while at < merged.len() {
        let first = &merged[at];
        let mut end = at + 1;
        if first.members.len() < around.len() && may_fuse(first.sample()) {
            let mut seen: BTreeSet<usize> = first.members.iter().map(|(key, _)| *key).collect();
            while let Some(next) = merged.get(end) {
                let excludes = next.members.iter().all(|(key, _)| !seen.contains(key));
                if !excludes || !are_alternatives(first.sample(), next.sample()) {
                    break;
                }
                seen.extend(next.members.iter().map(|(key, _)| *key));
                end += 1;
            }
            if end - at >= 2 && (seen.len() == around.len() || end - at >= 4) {
                let mut fused = first.clone();
                for next in &merged[at + 1..end] {
                    next.members.iter().for_each(|(key, node)| fused.add(*key, node.clone()));
                }
                out.push(fused);
                at = end;
                continue;
            }
        }
        out.push(first.clone());
        at += 1;
    }
    out
}

fn may_fuse(node: &Node) -> bool {
    node.kids.is_empty() && !node.is_filler() && !node.head.is_empty()
}

fn are_alternatives(a: &Node, b: &Node) -> bool {
    if !may_fuse(b) || indent(&a.head) != indent(&b.head) {
        return false;
    }
    if kinds(&a.head) == kinds(&b.head) || (!a.key().is_empty() && a.key() == b.key()) {
        return true;
    }
    // `description a` and `description b c`: what follows the first word is free text.
    if a.words.len() >= 2
        && b.words.len() >= 2
        && a.words[0] == b.words[0]
        && a.words[0].starts_with(char::is_alphabetic)
    {
        return true;
    }
    let classes = |node: &Node| -> BTreeSet<Kind> {
        let class = |kind: Kind| if matches!(kind, Kind::Mark(_)) { kind } else { Kind::Word };
        kinds(&node.head).into_iter().map(class).collect()
    };
    let (a, b) = (classes(a), classes(b));
    let shared = a.intersection(&b).count();
    shared >= 2 && shared as f64 / a.union(&b).count() as f64 >= 0.7
}

/// Names a block by what its variants have in common: the name of one says nothing of the others.
fn common_title(variants: &[Rc<Node>]) -> String {
    let titles: Vec<String> = variants.iter().map(|node| title(node)).collect();
    let Some(first) = titles.first() else { return String::new() };
    if titles.iter().all(|other| other == first) {
        return first.clone();
    }
    let stem = |word: &str| word.trim_end_matches(|c: char| !c.is_alphabetic()).to_owned();
    let stems = |title: &String| title.split(' ').map(stem).collect::<Vec<_>>();
    let others: Vec<Vec<String>> = titles.iter().map(stems).collect();
    let is_common = |(at, word): &(usize, &String)| others.iter().all(|other| other.get(*at) == Some(*word));
    let common = others[0].iter().enumerate().take_while(is_common).map(|(_, word)| word.as_str());
    common.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Names a block: its key, else its first words.
pub(super) fn title(node: &Node) -> String {
    if !node.key().is_empty() {
        return node.key().to_owned();
    }
    let words = node.words.iter().filter(|word| word.chars().any(char::is_alphabetic));
    // An element of XML is named by itself, not by its attributes.
    let most = if node.head.trim_start().starts_with('<') { 1 } else { 2 };
    words.take(most).cloned().collect::<Vec<_>>().join(" ")
}
