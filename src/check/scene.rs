//! What rules look at, and what they say the same way.

use crate::finding::{Finding, Place};
use crate::load::{Fleet, Standard, read_document};
use crate::model::conduits::{Conduit, Conduits};
use crate::render::{RenderedFile, Renderer};
use crate::resolve::plan::{Flow, Plan};
use crate::source::{Content, Document, Node, Text, child};
use jiff::civil::Date;

/// The fleet, its targets and the date.
pub struct Scene<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// Its targets.
    pub renderer: &'a Renderer<'a>,
    /// Today.
    pub as_of: Date,
}

/// One rendered file with what it was rendered from.
pub struct Rendered<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The file.
    pub file: &'a RenderedFile,
    /// The product that reads it, in lower case.
    pub product: String,
    /// The syntax that it is written in.
    pub syntax: &'static str,
}

impl<'a> Rendered<'a> {
    pub(super) fn new(scene: &Scene<'_>, plan: &'a Plan, file: &'a RenderedFile) -> Self {
        let target = scene.renderer.library().get(&plan.standard, &file.target).ok();
        let product = target.as_ref().and_then(|target| target.target.product.clone()).unwrap_or_default();
        let syntax = target.and_then(|target| target.syntax_of(&file.template)).unwrap_or("text");
        Self { plan, file, product: product.to_lowercase(), syntax }
    }

    /// What reports call it: as it lies under intended/.
    pub(super) fn name(&self) -> String {
        let address = &self.plan.address;
        let line = address.line.as_deref().unwrap_or("_site");
        format!("intended/{}/{line}/{}", address.site, self.file.path)
    }

    /// The text with its name.
    pub(super) fn text(&self) -> Text {
        Text::new(self.name(), self.file.text.clone())
    }

    /// The line at a byte of the text.
    pub(super) fn line_at(&self, offset: usize) -> Place {
        let text = self.text();
        let line = text.position(offset as u32).line;
        Place::line(&text, line)
    }

    /// Starts to say who owns a finding about it.
    pub(super) fn owned(&self, finding: Finding) -> Finding {
        finding.owned_by(self.plan.standard.blueprint.model.owner.to_string()).next(format!(
            "correct the template `{}` or the values that it prints; `jig explain {}` shows where a line comes from",
            self.file.template,
            self.name()
        ))
    }
}

/// The conduits of a blueprint, with the pointer of each and the document.
pub(super) fn conduits(standard: &Standard) -> impl Iterator<Item = (&str, &Conduit, String, &Document)> {
    standard.conduits.iter().flat_map(|loaded| {
        loaded
            .model
            .conduits
            .iter()
            .map(|(id, conduit)| (id.as_str(), conduit, child("/conduits", id.as_str()), &loaded.document))
    })
}

/// The definitions that a plan's flows were made from.
pub(super) fn model(plan: &Plan) -> Option<&Conduits> {
    plan.standard.conduits.as_ref().map(|loaded| &loaded.model)
}

/// The place of a field of a flow, or of its key.
pub(super) fn flow_place(plan: &Plan, flow: &Flow, field: &str) -> Place {
    let standard = &plan.standard;
    let document = standard.conduits.as_ref().map_or(&standard.blueprint.document, |loaded| &loaded.document);
    let at = child(&child(&child("/conduits", &flow.conduit), "flows"), &flow.id);
    let pointer = child(&at, field);
    if !field.is_empty() && document.root.at(&pointer).is_some() {
        Place::value(document, &pointer)
    } else {
        Place::key(document, &at)
    }
}

/// Starts a finding about a flow: its place, and who owns it.
pub(super) fn about_flow(finding: Finding, plan: &Plan, flow: &Flow, field: &str) -> Finding {
    let finding = finding.at(flow_place(plan, flow, field));
    match &flow.owner {
        Some(owner) => finding.owned_by(owner.clone()),
        None => finding,
    }
}

/// The file of a line or site, parsed.
pub(super) fn own_document(fleet: &Fleet, plan: &Plan) -> Option<Document> {
    let path = own_path(plan);
    read_document(&fleet.tree, &path, &path).ok()
}

/// The path of the file of a line or site.
pub(super) fn own_path(plan: &Plan) -> String {
    match &plan.address.line {
        Some(line) => format!("sites/{}/lines/{line}.yaml", plan.address.site),
        None => format!("sites/{}/site.yaml", plan.address.site),
    }
}

/// The place of a text in a document: the first value that is exactly it.
pub(super) fn value_place(document: &Document, text: &str) -> Option<Place> {
    find(&document.root, text).map(|node| Place::span(&document.text, node.span))
}

fn find<'n>(node: &'n Node, text: &str) -> Option<&'n Node> {
    match &node.content {
        Content::Str(value) => (&**value == text).then_some(node),
        Content::Seq(items) => items.iter().find_map(|item| find(item, text)),
        Content::Map(members) => members.iter().find_map(|member| find(&member.node, text)),
        _ => None,
    }
}

/// Where a line or site says a value: in its own file, else as a whole file.
pub(super) fn said_by(fleet: &Fleet, plan: &Plan, text: &str) -> Place {
    own_document(fleet, plan)
        .and_then(|document| value_place(&document, text))
        .unwrap_or_else(|| Place::file(own_path(plan)))
}

/// The first zone prefix that an address lies in.
pub(super) fn lies_in(address: &str, prefixes: &[String]) -> bool {
    let Some(net) = network(address) else { return true };
    prefixes.iter().filter_map(|prefix| network(prefix)).any(|prefix| prefix.contains(&net))
}

/// An address or network as a network.
pub(super) fn network(text: &str) -> Option<ipnet::IpNet> {
    text.parse::<ipnet::IpNet>()
        .ok()
        .or_else(|| text.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from))
}
