//! Everything in the files of a plan that could have been written otherwise: scalars, ids, names of files.

use super::changes::{is_expression, other_id, others};
use super::names::{Named, name_of};
use super::scene::{Edit, Scene};
use super::words::Words;
use crate::load::Part;
use crate::resolve::metrics::evidence_path;
use crate::source::{Content, Document, Member, Node, Span, child, parse_pointer};
use serde_json::{Value as Json, json};

/// Where a value of a line comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its name: of a blueprint's value the name, of anything else a path.
    pub name: String,
    /// What it is.
    pub value: Json,
    /// The layer, for values of a blueprint.
    pub layer: Option<&'static str>,
    /// The file that sets it.
    pub file: String,
    /// The line that sets it; none where the name of the file is the value.
    pub line: Option<u32>,
}

/// What something that can be changed is to a line that changes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A value, written in one place.
    Value,
    /// A name that must change wherever it is used.
    Name,
    /// An expression: what it reads are the values.
    Expression,
}

/// Something that can be changed, and ways to change it.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) source: Source,
    pub(super) variants: Vec<Vec<Edit>>,
    pub(super) role: Role,
    /// How many of the variants, at the beginning, are words that may stand there.
    pub(super) words: usize,
    /// Whether it is tried apart: references and ids break more than they change when several move at once.
    pub(super) alone: bool,
}

/// Parts of documents that no text can come from: what only judges, and what chooses other files.
const UNUSED: &[(&str, &[&str])] = &[
    ("jig", &["/settings"]),
    ("blueprint", &["/scope", "/requires", "/adopt_by", "/pilot", "/inputs", "/local", "/goals", "/owner"]),
    ("line", &["/blueprint"]),
    ("site", &["/blueprint"]),
    ("conduits", &[]),
    ("approval", &["/approves"]),
    ("deviation", &["/line", "/accepts"]),
];

/// What a template must name to read anything of a kind of file; files that are not listed are read in many ways.
const READ: &[(&str, &[&str])] = &[
    ("goals", &["goals"]),
    ("lessons", &["lessons"]),
    ("metrics", &["metrics", "elements"]),
    ("decision", &["decisions", "review_by", "decision"]),
    ("approval", &["decisions"]),
];

pub(super) fn candidates(scene: &Scene) -> Vec<Candidate> {
    let words = Words::of(scene);
    let mut found = vec![];
    for (index, (part, document)) in scene.parts.iter().enumerate() {
        if !scene.reads(READ.iter().find(|(kind, _)| *kind == kind_of(part)).map_or(&[], |(_, names)| names))
        {
            continue;
        }
        let mut walk = Walk { scene, words: &words, part, index, document, found: &mut found };
        walk.node(&document.root, "", "");
    }
    file_names(scene, &mut found);
    if scene.reads(&["metrics"]) {
        trust(scene, &mut found);
    }
    found
}

struct Walk<'a> {
    scene: &'a Scene,
    words: &'a Words,
    part: &'a Part,
    index: usize,
    document: &'a Document,
    found: &'a mut Vec<Candidate>,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node, pointer: &str, key: &str) {
        if self.is_unused(pointer) {
            return;
        }
        match &node.content {
            Content::Seq(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.node(item, &child(pointer, &index.to_string()), key);
                }
            }
            Content::Map(members) => {
                let data = is_data(pointer, members);
                for member in members {
                    let inner = child(pointer, &member.key);
                    self.key(member, pointer, &inner, data);
                    self.node(&member.node, &inner, &member.key);
                }
            }
            _ => self.scalar(node, pointer, key),
        }
    }

    fn is_unused(&self, pointer: &str) -> bool {
        let kind = kind_of(self.part);
        let listed = UNUSED.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, list)| list);
        let of_default = kind == "blueprint"
            && pointer.starts_with("/defaults/")
            && pointer.matches('/').count() == 3
            && !pointer.ends_with("/value");
        let of_output =
            kind == "blueprint" && pointer.starts_with("/outputs/") && pointer.ends_with("/target");
        let reads = |names: &[&str]| self.scene.reads(names);
        let unread = match kind {
            "decision" => {
                pointer.matches('/').count() == 1 && pointer != "/review_by" && !reads(&["decisions"])
            }
            "jig" => {
                (pointer.starts_with("/roles/") && pointer.matches('/').count() > 2 && !reads(&["roles"]))
                    || (pointer.starts_with("/systems/")
                        && pointer.matches('/').count() > 2
                        && !reads(&["systems"]))
                    || (pointer == "/namespace" && !reads(&["namespace"]))
            }
            _ => false,
        };
        listed.contains(&pointer) || of_default || of_output || unread
    }

    fn scalar(&mut self, node: &Node, pointer: &str, key: &str) {
        let value =
            |content: Content| Edit::Value { part: self.index, pointer: pointer.to_owned(), value: content };
        let text = node.as_str().unwrap_or_default();
        if key == "when" && !text.is_empty() {
            // A condition is in no text, but lines stand and fall with it.
            let never = vec![vec![value(Content::Str("false".into()))]];
            self.push(node, node.span, pointer, never, (Role::Value, 1));
            return;
        }
        if key == "for_each" {
            return;
        }
        if is_expression(text) {
            let resolved = self.scene.resolved(self.part, text).map(|text| Content::Str(text.into()));
            let others = resolved.map(|resolved| others(&resolved, key)).unwrap_or_default();
            let variants: Vec<_> = others.into_iter().map(|other| vec![value(other)]).collect();
            let words = variants.len();
            self.push(node, node.span, pointer, variants, (Role::Expression, words));
            return;
        }
        if let Some(edits) = self.words.renamed_leaf(self.scene, self.index, pointer, text) {
            let mut variants = vec![edits];
            variants.extend(others(&node.content, key).into_iter().map(|other| vec![value(other)]));
            self.push(node, node.span, pointer, variants, (Role::Value, 1));
            return;
        }
        let words = self.words.instead_of(text, key, self.part, pointer);
        let count = words.len();
        let words = words.into_iter().map(|word| Content::Str(word.into()));
        let variants: Vec<_> =
            words.chain(others(&node.content, key)).map(|other| vec![value(other)]).collect();
        if !variants.is_empty() {
            self.push(node, node.span, pointer, variants, (Role::Value, count));
        }
    }

    fn key(&mut self, member: &Member, map: &str, pointer: &str, data: bool) {
        let edits = if data {
            let key = match member.key.parse::<i64>() {
                Ok(number) => (number + 1000).to_string(),
                Err(_) => format!("{}x", member.key),
            };
            vec![Edit::Key { part: self.index, pointer: pointer.to_owned(), key }]
        } else {
            match self.words.renamed_key(self.scene, self.index, map, &member.key) {
                Some(edits) => edits,
                None => return,
            }
        };
        let key = Node { span: member.key_span, content: Content::Str(member.key.clone()) };
        let role = if edits.len() == 1 { Role::Value } else { Role::Name };
        self.push(&key, member.key_span, pointer, vec![edits], (role, 1));
    }

    fn push(
        &mut self,
        node: &Node,
        span: Span,
        pointer: &str,
        variants: Vec<Vec<Edit>>,
        (role, words): (Role, usize),
    ) {
        let Named { name, layer } = name_of(self.scene, self.part, self.document, pointer);
        let line = self.document.text.position(span.start).line;
        let source = Source {
            name,
            value: self.shown(node, pointer, layer),
            layer,
            file: self.document.text.name.to_string(),
            line: Some(line),
        };
        self.found.push(Candidate { source, variants, role, words, alone: words > 0 });
    }

    /// The value as it is resolved; a secret's value never shows.
    fn shown(&self, node: &Node, pointer: &str, layer: Option<&str>) -> Json {
        let Some(text) = node.as_str() else { return node.to_json() };
        if layer == Some("input") && self.is_secret(pointer) && !text.starts_with("secret:") {
            return json!("(a secret)");
        }
        let may_hold_expressions = matches!(self.part, Part::Conduits(_) | Part::Jig | Part::Blueprint(_));
        match may_hold_expressions.then(|| self.scene.resolved(self.part, text)).flatten() {
            Some(resolved) => json!(resolved),
            None => json!(text),
        }
    }

    fn is_secret(&self, pointer: &str) -> bool {
        let Some(name) = parse_pointer(pointer).nth(1) else { return false };
        let plans = self.scene.lines.iter().chain([&self.scene.plan]);
        plans.map(|plan| &plan.standard.inputs.schema).any(|schema| {
            let format =
                schema.pointer(&format!("/properties/{name}")).map(Json::to_string).unwrap_or_default();
            format.contains("\"format\":\"secret\"")
        })
    }
}

/// Maps whose keys are data: raw codes, and consequences by area.
fn is_data(pointer: &str, members: &[Member]) -> bool {
    let numbers = !members.is_empty() && members.iter().all(|member| member.key.parse::<i64>().is_ok());
    numbers || pointer == "/consequence"
}

pub(super) fn kind_of(part: &Part) -> &'static str {
    match part {
        Part::Jig => "jig",
        Part::Goals => "goals",
        Part::Metrics => "metrics",
        Part::Equipment => "equipment",
        Part::Lessons => "lessons",
        Part::Decision(_) => "decision",
        Part::Approval(..) => "approval",
        Part::Deviation(_) => "deviation",
        Part::Blueprint(_) => "blueprint",
        Part::Conduits(_) => "conduits",
        Part::Site(_) => "site",
        Part::Line(..) => "line",
    }
}

/// Ids that are names of files and folders.
fn file_names(scene: &Scene, found: &mut Vec<Candidate>) {
    let mut push = |name: String, value: &str, file: &str, edits: Vec<Edit>| {
        let source = Source { name, value: json!(value), layer: None, file: file.to_owned(), line: None };
        let role = if name_is_used(&edits) { Role::Name } else { Role::Value };
        found.push(Candidate { source, variants: vec![edits], role, words: 1, alone: true });
    };
    let site = &scene.address.site;
    for (part, document) in &scene.parts {
        let file = &document.text.name;
        match part {
            Part::Line(_, line) => {
                let new = other_id(line);
                let mut edits = vec![Edit::Line(site.clone(), line.clone(), new.clone())];
                edits.extend(moved(scene, &format!("{site}/{line}"), &format!("{site}/{new}")));
                push("line".into(), line, file, edits);
            }
            Part::Site(_) => {
                let new = other_id(site);
                let mut edits = vec![Edit::Site(new.clone())];
                for plan in scene.lines.iter().chain([&scene.plan]) {
                    let old = plan.address.to_string();
                    edits.extend(moved(scene, &old, &old.replacen(site.as_str(), &new, 1)));
                }
                push("site".into(), site, file, edits);
            }
            Part::Blueprint(reference) => {
                let id = reference.split('@').next().unwrap_or_default();
                let name = if *reference == scene.plan.standard.reference() { "blueprint.id" } else { "id" };
                push(name.into(), id, file, vec![Edit::Blueprint(reference.clone(), other_id(id))]);
            }
            Part::Deviation(id) => {
                push(format!("deviations.{id}"), id, file, vec![Edit::Record(id.clone(), other_id(id))]);
            }
            Part::Decision(id) => {
                let new = other_id(id);
                let mut edits = vec![Edit::Record(id.clone(), new.clone())];
                edits.extend(Words::uses(scene, &["conduits"], &["decision"], id, &new, &|_| true));
                push(format!("decisions.{id}"), id, file, edits);
            }
            _ => {}
        }
    }
}

/// Whether a record is named by others: then its folder alone cannot change.
fn name_is_used(edits: &[Edit]) -> bool {
    matches!(edits.first(), Some(Edit::Record(..))) && edits.len() > 1
}

/// Deviations follow their line to its new address.
fn moved(scene: &Scene, old: &str, new: &str) -> Vec<Edit> {
    Words::uses(scene, &["deviation"], &["line"], old, new, &|_| true)
}

/// The trust in each metric comes from its evidence.
fn trust(scene: &Scene, found: &mut Vec<Candidate>) {
    for plan in scene.lines.iter().chain([&scene.plan]).filter(|plan| plan.address.line.is_some()) {
        let address = plan.address.to_string();
        for metric in &plan.metrics {
            let states =
                ["trusted", "provisional", "disputed"].into_iter().filter(|state| *state != metric.state);
            let edit = |state| vec![Edit::Trust(address.clone(), metric.id.clone(), state)];
            let path = evidence_path(&address, &metric.id);
            // Without evidence it is the catalogue's metric that nothing vouches for.
            let file = if scene.fleet.tree.contains(&path) { path } else { "metrics.yaml".to_owned() };
            let source = Source {
                name: format!("metrics.{}.state", metric.id),
                value: json!(metric.state),
                layer: None,
                file,
                line: None,
            };
            found.push(Candidate {
                source,
                variants: states.map(edit).collect(),
                role: Role::Value,
                words: 2,
                alone: true,
            });
        }
    }
}
