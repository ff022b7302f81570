//! What is said about a capture: each value, where it stands and what it is worth; what stands out; the proof.

use super::draft::{Draft, Material};
use super::emit::Writer;
use super::outlier;
use super::program::Atom;
use super::shape::{Segment, Shape};
use super::solve::Kind;
use super::views::{bits, distinct};
use super::{Mismatches, paths};
use std::collections::BTreeSet;

/// What is said about a capture.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Why nothing is written, if so.
    pub refused: Option<String>,
    /// Files that came back byte for byte, and all.
    pub exact: (usize, usize),
    /// Files that did not, by address and path, with the reason.
    pub mismatches: Mismatches,
    /// Lines that the blueprint is made of.
    pub lines: Vec<String>,
    /// What each line answers, or may.
    pub inputs: Vec<Input>,
    /// What follows from it.
    pub derived: Vec<Derived>,
    /// Blocks that only some lines have.
    pub blocks: Vec<Block>,
    /// Lines that are another role.
    pub aside: Vec<Aside>,
    /// Candidates for drift, the most certain first.
    pub outliers: Vec<Outlier>,
    /// Secrets that became references.
    pub secrets: Vec<Secret>,
    /// Places that may mean a known value, and nobody said yes.
    pub questions: Vec<super::Question>,
    /// Connections that the files speak of.
    pub connections: Vec<Connection>,
    /// Flows that conduits.proposed.yaml proposes.
    pub proposed_flows: usize,
    /// What a standard still needs.
    pub needs: Vec<Need>,
    /// Share of the templates that is text.
    pub literal_share: f64,
    /// Size of templates and values by size of the files.
    pub size_ratio: f64,
}

/// A value that lines answer.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its type in words.
    pub kind_of_value: &'static str,
    /// required, defaulted, override, list, switch or layout.
    pub kind: &'static str,
    /// Where it stands.
    pub places: Vec<String>,
    /// Its different values; none for a secret.
    pub values: Vec<String>,
    /// Number of different values.
    pub distinct: usize,
    /// What it usually follows from.
    pub formula: Option<String>,
    /// Bits of evidence.
    pub evidence: f64,
    /// sure, likely or weak.
    pub confidence: &'static str,
}

/// A text that follows from values.
#[derive(Debug, Clone)]
pub struct Derived {
    /// Its expression.
    pub formula: String,
    /// Where it stands.
    pub places: Vec<String>,
    /// Bits of evidence.
    pub evidence: f64,
}

/// A block that only some lines have.
#[derive(Debug, Clone)]
pub struct Block {
    /// When it is there.
    pub name: String,
    /// Its lines.
    pub what: Vec<String>,
    /// Who has it.
    pub lines: Vec<String>,
}

/// A line that is another role.
#[derive(Debug, Clone)]
pub struct Aside {
    /// Its address.
    pub address: String,
    /// Share of its lines that only it has or lacks.
    pub share: f64,
    /// Some of them.
    pub examples: Vec<String>,
}

/// A candidate for drift.
#[derive(Debug, Clone)]
pub struct Outlier {
    /// The line.
    pub address: String,
    /// The file.
    pub file: String,
    /// Line in the file, from 1.
    pub line: Option<usize>,
    /// Why it stands out.
    pub reason: &'static str,
    /// Where, in words.
    pub place: String,
    /// What the others say.
    pub expected: Option<String>,
    /// What stands there.
    pub found: Option<String>,
    /// How many agree.
    pub agree: usize,
}

/// A connection that a file speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection {
    /// Who opens it.
    pub from: String,
    /// To whom.
    pub to: String,
    /// Protocol and port.
    pub service: String,
    /// File and line.
    pub place: String,
}

/// What a standard still needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The rule that will say so.
    pub rule: &'static str,
    /// What it is.
    pub what: String,
    /// Who can answer.
    pub who: String,
}

/// A secret that became a reference.
#[derive(Debug, Clone)]
pub struct Secret {
    /// The reference.
    pub reference: String,
    /// How often it stood in the files.
    pub places: usize,
}

/// Returns a text without opaque tokens.
pub fn hidden(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            super::secrets::OPEN => {
                inside = true;
                out.push_str("(secret)");
            }
            super::secrets::CLOSE => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// Finds the line of an outlier in its file.
pub(super) fn line_of(text: &str, outlier: &outlier::Outlier) -> Option<usize> {
    let found = outlier.found.as_deref()?;
    let words: Vec<&str> = outlier.place.rsplit(" > ").next()?.split_whitespace().collect();
    let near = |line: &str| words.iter().filter(|word| line.contains(**word)).count();
    let hits = text.lines().enumerate().filter(|(_, line)| line.contains(found));
    hits.max_by_key(|(at, line)| (near(line), std::cmp::Reverse(*at))).map(|(at, _)| at + 1)
}

/// Writes what there is to say about a draft.
pub(super) fn write(
    material: &Material<'_>,
    writer: &Writer<'_>,
    draft: &Draft,
    mismatches: Mismatches,
    bytes: usize,
) -> Report {
    let total = draft.expected.len();
    let (literal, slots) = sizes(material.shape);
    let values: usize =
        material.solution.parameters.iter().filter(|p| !p.is_gone).map(|p| cost(&p.row)).sum();
    Report {
        refused: None,
        exact: (total - mismatches.len().min(total), total),
        mismatches,
        lines: material.members.iter().map(|member| super::address(member)).collect(),
        inputs: inputs(material, writer),
        derived: derived(material, writer),
        blocks: blocks(material, writer),
        aside: vec![],
        outliers: vec![],
        secrets: secrets(draft, writer),
        questions: vec![],
        connections: super::connections::find(material.members),
        proposed_flows: draft.proposed_flows,
        needs: vec![],
        literal_share: literal as f64 / (literal + 8 * slots).max(1) as f64,
        size_ratio: (literal + 8 * slots + values) as f64 / bytes.max(1) as f64,
    }
}

/// Bytes of text and number of slots.
fn sizes(shape: &Shape) -> (usize, usize) {
    let (mut literal, mut slots) = (0, 0);
    shape.each(&mut |_, branch| {
        for segment in branch.head.iter().chain(&branch.tail) {
            match segment {
                Segment::Text(text) => literal += text.len(),
                Segment::Slot(_) => slots += 1,
            }
        }
    });
    (literal, slots)
}

/// Bytes that the values of a row take where they are not the usual one.
fn cost(row: &super::views::Row) -> usize {
    let mut counts: Vec<(&str, usize)> = vec![];
    for value in row.iter().flatten() {
        match counts.iter_mut().find(|(known, _)| *known == &**value) {
            Some((_, count)) => *count += 1,
            None => counts.push((value, 1)),
        }
    }
    let total: usize = counts.iter().map(|(value, count)| value.len() * count).sum();
    let usual =
        counts.iter().max_by_key(|(_, count)| *count).filter(|(_, count)| count * 10 >= row.len() * 6);
    total - usual.map_or(0, |(value, count)| value.len() * count)
}

fn place(material: &Material<'_>, slot: usize) -> String {
    let slot = &material.shape.slots[slot];
    let file = paths::plain(&material.shape.files[slot.file].path);
    let mut words: Vec<String> =
        slot.path.iter().filter(|part| !part.is_empty()).map(|part| hidden(part)).collect();
    words.push(hidden(slot.left.trim()));
    format!("{file}: {}", words.join(" > "))
}

fn inputs(material: &Material<'_>, writer: &Writer<'_>) -> Vec<Input> {
    let mut out = vec![];
    for (at, parameter) in material.solution.parameters.iter().enumerate().filter(|(_, p)| !p.is_gone) {
        let is_secret = writer.types[at] == super::values::Type::Secret;
        let evidence = bits(&parameter.row);
        let values = distinct(&parameter.row);
        let name = if parameter.scope == 0 {
            writer.shown(&parameter.name).to_owned()
        } else {
            format!("{}[].{}", writer.shown(&writer.lists[parameter.scope].0), writer.fields[at])
        };
        let kind = match parameter.kind {
            Kind::Layout => "layout",
            _ if parameter.usually.is_some() && parameter.scope == 0 => "override",
            _ if parameter.scope == 0 && writer.has_default(at) => "defaulted",
            _ => "required",
        };
        out.push(Input {
            name,
            kind_of_value: writer.types[at].name(),
            kind,
            places: parameter.slots.iter().map(|slot| place(material, *slot)).collect(),
            values: if is_secret { vec![] } else { values.iter().map(|value| value.to_string()).collect() },
            distinct: values.len(),
            formula: parameter.usually.as_ref().map(|(program, _)| writer.formula(program)),
            evidence,
            confidence: confidence(evidence, parameter.slots.len()),
        });
    }
    for switch in &material.conditions.switches {
        out.push(Input {
            name: writer.shown(&switch.name).to_owned(),
            kind_of_value: "yes or no",
            kind: "switch",
            places: switch.what.iter().map(|what| hidden(what)).collect(),
            values: vec!["true".into(), "false".into()],
            distinct: 2,
            formula: None,
            evidence: 0.0,
            confidence: "sure",
        });
    }
    for (scope, of) in material.shape.scopes.iter().enumerate().skip(1) {
        if of.outer == Some(0) {
            let lengths: BTreeSet<usize> = (0..material.members.len())
                .map(|key| of.owner.iter().filter(|owner| **owner == key).count())
                .collect();
            out.push(Input {
                name: writer.shown(&writer.lists[scope].0).to_owned(),
                kind_of_value: "list",
                kind: "list",
                places: vec![],
                values: lengths.iter().map(|length| format!("{length} items")).collect(),
                distinct: lengths.len(),
                formula: None,
                evidence: 0.0,
                confidence: "sure",
            });
        }
    }
    out
}

fn confidence(evidence: f64, places: usize) -> &'static str {
    if places == 1 || evidence >= 40.0 {
        "sure"
    } else if evidence >= 12.0 {
        "likely"
    } else {
        "weak"
    }
}

fn derived(material: &Material<'_>, writer: &Writer<'_>) -> Vec<Derived> {
    let mut out: Vec<Derived> = vec![];
    for (slot, program) in material.solution.programs.iter().enumerate() {
        let is_plain = matches!(program.as_slice(), [Atom::View(view)] if view.steps.is_empty()
            && matches!(view.base, super::program::Base::Value(_)));
        if is_plain || program.iter().all(|atom| atom.view().is_none()) {
            continue;
        }
        let formula = writer.formula(program);
        let place = place(material, slot);
        match out.iter_mut().find(|known| known.formula == formula) {
            Some(known) => known.places.push(place),
            None => {
                let evidence = bits(&material.shape.slots[slot].values);
                out.push(Derived { formula, places: vec![place], evidence });
            }
        }
    }
    out
}

fn blocks(material: &Material<'_>, writer: &Writer<'_>) -> Vec<Block> {
    let of = |scope: usize, key: usize| super::address(material.members[writer.member_of(scope, key)]);
    let all = material.conditions.blocks.iter();
    all.map(|block| Block {
        name: writer.condition(&block.condition),
        what: block.what.iter().map(|what| hidden(what)).collect(),
        lines: block
            .present
            .iter()
            .map(|key| of(block.scope, *key))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
    })
    .collect()
}

fn secrets(draft: &Draft, writer: &Writer<'_>) -> Vec<Secret> {
    let references: BTreeSet<&String> = writer.references.values().collect();
    references
        .into_iter()
        .map(|reference| {
            let text = format!("secret:{reference}");
            let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
            let places = draft.expected.values().map(|file| {
                file.match_indices(&text).filter(|(at, _)| is_end(&file[at + text.len()..])).count()
            });
            Secret { reference: text.clone(), places: places.sum() }
        })
        .collect()
}

impl Report {
    /// Lists what a standard still needs, beside what the files could tell.
    pub fn add_needs(&mut self, owner: &str, is_placeholder: bool, metrics: bool) {
        let mut need =
            |rule, what: String, who: &str| self.needs.push(Need { rule, what, who: who.to_owned() });
        if is_placeholder {
            let what = format!(
                "`{owner}` owns everything for now; name the roles in jig.yaml and who owns each input"
            );
            need("placeholder-owner", what, "owner of the standard");
        }
        if !self.connections.is_empty() {
            let count = self.connections.len();
            let what = format!(
                "{count} connections have no owner, purpose or decision; conduits.proposed.yaml proposes {} flows: \
                 complete it and rename it to conduits.yaml",
                self.proposed_flows
            );
            need("unowned-connection", what, "site network and security");
        }
        let open = self
            .connections
            .iter()
            .filter(|c| c.from == "any" || c.to == "any" || c.service.ends_with(" any"));
        for connection in open.cloned().collect::<Vec<_>>() {
            let what = format!(
                "{} leaves {} open: {} -> {}",
                connection.place, connection.service, connection.from, connection.to
            );
            need("wide-service", what, "site network and security");
        }
        if metrics {
            need(
                "unknown-metric",
                "say what the metrics of the dashboards mean, and their system of record".into(),
                "data owner",
            );
        }
        for secret in self.secrets.clone() {
            let what = format!(
                "put {} into the plant's secret store, and change it: it was in a file",
                secret.reference
            );
            need("literal-secret", what, "owner of the device");
        }
    }

    /// Counts inputs of some kinds outside lists.
    pub fn count(&self, kinds: &[&str]) -> usize {
        self.inputs.iter().filter(|input| kinds.contains(&input.kind) && !input.name.contains("[].")).count()
    }
}
