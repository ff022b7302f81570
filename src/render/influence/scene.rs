//! One rendered file in a fleet that can be changed in memory: change something, render again, compare.

use crate::finding::Finding;
use crate::load::{Address, Fleet, Loaded, Part, SiteEntry, Undo, line_of, site_of};
use crate::model::Site;
use crate::render::marks::Depth;
use crate::render::trace::Trace;
use crate::render::{Job, Library, Renderer, Seen, context, outputs_value};
use crate::resolve::expression::interpolate;
use crate::resolve::lenient::Lenient;
use crate::resolve::plan::{Flow, Plan};
use crate::resolve::{Resolver, SiteRead, scope_of};
use crate::source::{Content, Document, Node, parse_pointer};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One change of the fleet in memory.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Edit {
    /// Another value at a pointer of a part.
    Value { part: usize, pointer: String, value: Content },
    /// Another key of the member at a pointer.
    Key { part: usize, pointer: String, key: String },
    /// Another id of a line: site, old and new.
    Line(String, String, String),
    /// Another id of the site.
    Site(String),
    /// Another id of a blueprint.
    Blueprint(String, String),
    /// Another id of a decision or deviation.
    Record(String, String),
    /// Another trust in a metric: address, metric, state.
    Trust(String, String, &'static str),
    /// A deviation that does not count.
    Without(String),
}

/// A line of output: what wrote it and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) place: usize,
    pub(super) text: Box<str>,
}

/// A file of a line or site, and everything that it is made from.
pub struct Scene {
    pub(super) fleet: Fleet,
    as_of: Date,
    library: Arc<Library>,
    pub(super) address: Address,
    /// The output and the file of its target.
    which: (usize, usize),
    pub(super) parts: Vec<(Part, Document)>,
    lenient: Lenient,
    depth: Depth,
    /// What the outputs of a site see of its lines.
    seen: Vec<context::Names>,
    pub(super) rows: Vec<Row>,
    /// The file's text.
    pub text: String,
    /// The plan of the line or site.
    pub plan: Plan,
    /// The plans of the site's lines, where the file is the site's.
    pub lines: Vec<Plan>,
    /// The target's id.
    pub target: String,
    /// The template, as reports name it.
    pub template: String,
}

/// Why a file cannot be explained.
#[derive(Debug)]
pub enum NoScene {
    /// The line or site does not render at present.
    Failing(Vec<Finding>),
    /// It renders, but not this file; these are its files.
    NotRendered(Vec<String>),
}

impl Scene {
    /// Resolves and renders one file; `path` is relative to the folder of the line or site.
    pub fn open(fleet: Fleet, as_of: Date, address: Address, path: &str) -> Result<Self, NoScene> {
        let library = Arc::new(Library::default());
        let (plan, lines, which, text, template) = strict(&fleet, as_of, &address, path, &library)?;
        let counting = lines.iter().chain([&plan]).flat_map(|plan| &plan.deviations);
        let lenient = Lenient {
            counting: counting.map(|deviation| deviation.id.clone()).collect(),
            ..Lenient::default()
        };
        let mut scene = Self {
            parts: parts(&fleet, &plan, &lines),
            target: plan.outputs[which.0].target.clone(),
            fleet,
            as_of,
            library,
            address,
            which,
            lenient,
            depth: Depth::Slots,
            seen: vec![],
            rows: vec![],
            text,
            plan,
            lines,
            template,
        };
        let renderer = Renderer::sharing(&scene.fleet, scene.library.clone());
        scene.seen = scene.lines.iter().map(|line| renderer.seen(line).names).collect();
        scene.choose_depth();
        Ok(scene)
    }

    /// Marks as deep as the output stays the same.
    fn choose_depth(&mut self) {
        for depth in Depth::ALL {
            self.depth = depth;
            let Some(trace) = self.trace(&[]) else { continue };
            if trace.text == self.text || depth == Depth::Slots {
                self.rows = rows(&trace);
                return;
            }
        }
    }

    /// Returns the output that the file belongs to.
    pub fn output(&self) -> &crate::resolve::plan::Output {
        &self.plan.outputs[self.which.0]
    }

    /// Returns a role as people know it: its id, name and team.
    pub fn role(&self, id: &str) -> String {
        let Some(role) = self.fleet.enterprise.roles.get(id) else { return id.to_owned() };
        let team = role.team.replace("{site}", &self.address.site);
        match &role.name {
            Some(name) => format!("{id} ({name}, {team})"),
            None => format!("{id} ({team})"),
        }
    }

    /// Returns the template and line that wrote line `index` (from 0) of the text.
    pub fn template_line(&self, index: usize) -> Option<(Arc<str>, u32)> {
        let place = self.rows.get(index)?.place;
        let target = self.library.get(&self.plan.standard, &self.target).ok()?;
        target.templates().line_of(self.depth, place)
    }

    /// Whether the target's templates name any of these; without names, always. What they do not name they cannot read.
    pub(super) fn reads(&self, names: &[&str]) -> bool {
        let Ok(target) = self.library.get(&self.plan.standard, &self.target) else { return true };
        let templates = target.templates();
        let texts = || templates.names().filter_map(|name| templates.text(name));
        names.is_empty() || names.iter().any(|name| texts().any(|text| text.content.contains(name)))
    }

    /// Returns the text of a value with its expressions resolved, where they are not about a unit.
    pub(super) fn resolved(&self, part: &Part, text: &str) -> Option<String> {
        if !text.contains("{{") {
            return None;
        }
        let plans = || self.lines.iter().chain([&self.plan]);
        let plan = match part {
            Part::Conduits(reference) | Part::Blueprint(reference) => {
                plans().find(|plan| plan.standard.reference() == *reference)?
            }
            _ => &self.plan,
        };
        interpolate(text, &scope_of(&self.fleet, plan)).ok().map(|value| value.to_string())
    }

    /// Renders with changes; `None` where that does not render.
    pub(super) fn what_if(&mut self, edits: &[Edit]) -> Option<Vec<Row>> {
        self.trace(edits).map(|trace| rows(&trace))
    }

    /// Renders with only the flows that `exists` lets be, by the address of their plan.
    pub(super) fn what_if_flows(&mut self, exists: &dyn Fn(&str, &Flow) -> bool) -> Option<Vec<Row>> {
        let mut whole = vec![];
        for plan in self.lines.iter_mut().chain([&mut self.plan]) {
            let address = plan.address.to_string();
            let kept = plan.flows.iter().filter(|flow| exists(&address, flow)).cloned().collect();
            whole.push(std::mem::replace(&mut plan.flows, kept));
        }
        let trace = self.trace_as_is();
        for (plan, flows) in self.lines.iter_mut().chain([&mut self.plan]).zip(whole) {
            plan.flows = flows;
        }
        trace.map(|trace| rows(&trace))
    }

    fn trace_as_is(&self) -> Option<Trace> {
        let renderer = Renderer::sharing(&self.fleet, self.library.clone());
        let jobs = renderer.jobs(&self.plan).ok()?;
        let names = match self.address.line {
            Some(_) => renderer.names_of_line(&self.plan, &jobs),
            None => renderer.names_of_site(&self.plan, &jobs, &self.lines),
        };
        self.trace_job(&self.plan, &jobs, &names)
    }

    fn trace(&mut self, edits: &[Edit]) -> Option<Trace> {
        let mut undos: Vec<Undo> = vec![];
        let mut changed: BTreeMap<usize, Document> = BTreeMap::new();
        let mut world = World {
            lenient: self.lenient.clone(),
            site_id: self.address.site.clone(),
            lines: BTreeMap::new(),
        };
        let applied = self.apply(edits, &mut changed, &mut world, &mut undos);
        let trace = applied.and_then(|()| self.render(&changed, &world, edits));
        for undo in undos.into_iter().rev() {
            undo.apply(&mut self.fleet);
        }
        trace
    }

    fn apply(
        &mut self,
        edits: &[Edit],
        changed: &mut BTreeMap<usize, Document>,
        world: &mut World,
        undos: &mut Vec<Undo>,
    ) -> Option<()> {
        let mut by_part: BTreeMap<usize, Vec<&Edit>> = BTreeMap::new();
        let mut renamed = vec![];
        for edit in edits {
            match edit {
                Edit::Value { part, .. } | Edit::Key { part, .. } => {
                    by_part.entry(*part).or_default().push(edit);
                }
                Edit::Record(..) | Edit::Blueprint(..) => renamed.push(edit),
                Edit::Line(_, old, new) => {
                    world.lines.insert(old.clone(), new.clone());
                }
                Edit::Site(new) => world.site_id.clone_from(new),
                Edit::Trust(address, metric, state) => {
                    world.lenient.trust.insert((address.clone(), metric.clone()), state);
                }
                Edit::Without(id) => {
                    world.lenient.counting.remove(id);
                }
            }
        }
        for (part, edits) in by_part {
            let (which, document) = &self.parts[part];
            let document = Document { text: document.text.clone(), root: edited(&document.root, &edits)? };
            if matches!(which, Part::Site(_) | Part::Line(..)) {
                changed.insert(part, document);
            } else {
                undos.push(self.fleet.replace(which, document)?);
            }
        }
        for edit in renamed {
            undos.push(match edit {
                Edit::Record(old, new) => self.fleet.rename_record(old, new)?,
                Edit::Blueprint(reference, id) => self.fleet.rename_blueprint(reference, id)?,
                _ => continue,
            });
            if let Edit::Record(old, new) = edit
                && world.lenient.counting.remove(old)
            {
                world.lenient.counting.insert(new.clone());
            }
        }
        world.name_evidence(&self.address.site, &self.parts);
        Some(())
    }

    fn render(&self, changed: &BTreeMap<usize, Document>, world: &World, edits: &[Edit]) -> Option<Trace> {
        let resolver = Resolver::lenient(&self.fleet, self.as_of, &world.lenient);
        let renderer = Renderer::sharing(&self.fleet, self.library.clone());
        let document = |index: usize| changed.get(&index).unwrap_or(&self.parts[index].1).clone();
        let site = self.parts.iter().position(|(part, _)| matches!(part, Part::Site(_)))?;
        let loaded: Loaded<Site> = site_of(document(site))?;
        let site = resolver.site_from(&world.site_id, Some(loaded), vec![]);
        let line_parts = self.parts.iter().enumerate().filter_map(|(index, (part, _))| match part {
            Part::Line(_, line) => Some((index, line)),
            _ => None,
        });
        // A change in the file of one line leaves the other lines of a site as they are.
        let own = edits.iter().all(|edit| match edit {
            Edit::Value { part, .. } | Edit::Key { part, .. } => {
                matches!(self.parts[*part].0, Part::Line(..))
            }
            _ => false,
        });
        let mut plans = vec![];
        for (index, line) in line_parts {
            if own && self.address.line.is_none() && !changed.contains_key(&index) {
                plans.push(None);
                continue;
            }
            let id = world.lines.get(line).unwrap_or(line);
            let plan = resolver.line_from(&site, id, Some(line_of(document(index))?), vec![]).ok()?;
            if !plan.failures.is_empty() {
                return None;
            }
            plans.push(Some(plan));
        }
        if self.address.line.is_some() {
            let plan = plans.pop()??;
            let jobs = renderer.jobs(&plan).ok()?;
            let names = renderer.names_of_line(&plan, &jobs);
            return self.trace_job(&plan, &jobs, &names);
        }
        let plan = site_plan(&resolver, &site)?;
        let mut seen = vec![];
        for (index, plan) in plans.iter().enumerate() {
            seen.push(match plan {
                Some(plan) => renderer.seen(plan),
                None => Seen { plan: &self.lines[index], names: self.seen.get(index)?.clone() },
            });
        }
        let jobs = renderer.jobs(&plan).ok()?;
        let names =
            context::of_site(&renderer.statics, &self.fleet, &plan, &outputs_value(&plan, &jobs), &seen);
        self.trace_job(&plan, &jobs, &names)
    }

    fn trace_job(&self, plan: &Plan, jobs: &[Job], names: &context::Names) -> Option<Trace> {
        let job = jobs.iter().find(|job| (job.output, job.file) == self.which)?;
        let context = context::for_output(names, &plan.outputs[job.output], &job.target, &job.path);
        job.target.trace(job.file, context, self.depth).ok()
    }
}

/// What differs in a changed world beside its files.
struct World {
    lenient: Lenient,
    site_id: String,
    /// New ids of lines by old ones.
    lines: BTreeMap<String, String>,
}

impl World {
    /// Evidence lies under the names that lines have on disk.
    fn name_evidence(&mut self, site: &str, parts: &[(Part, Document)]) {
        for (part, _) in parts {
            let Part::Line(_, line) = part else { continue };
            let new = self.lines.get(line).unwrap_or(line);
            if new != line || *site != self.site_id {
                self.lenient.evidence.insert(format!("{}/{new}", self.site_id), format!("{site}/{line}"));
            }
        }
    }
}

fn site_plan(resolver: &Resolver<'_>, site: &SiteRead) -> Option<Plan> {
    let plan = resolver.site_plan(site)?;
    plan.failures.is_empty().then_some(plan)
}

fn rows(trace: &Trace) -> Vec<Row> {
    trace
        .lines
        .iter()
        .map(|line| Row { place: line.place, text: trace.text[line.start..line.end].into() })
        .collect()
}

type Strict = (Plan, Vec<Plan>, (usize, usize), String, String);

/// Renders as `jig render` does.
fn strict(
    fleet: &Fleet,
    as_of: Date,
    address: &Address,
    path: &str,
    library: &Arc<Library>,
) -> Result<Strict, NoScene> {
    let resolver = Resolver::new(fleet, as_of);
    let renderer = Renderer::sharing(fleet, library.clone());
    let site = resolver.site(&address.site);
    let entry = fleet.sites.iter().find(|entry| entry.id == address.site);
    let none = SiteEntry { id: address.site.clone(), lines: vec![] };
    let wanted = entry.unwrap_or(&none).lines.iter();
    let wanted = wanted.filter(|line| address.line.as_ref().is_none_or(|id| *id == line.id));
    let mut lines = vec![];
    for line in wanted {
        let plan = resolver.line(&site, line).map_err(NoScene::Failing)?;
        if !plan.failures.is_empty() {
            return Err(NoScene::Failing(plan.failures));
        }
        lines.push(plan);
    }
    let plan = if address.line.is_some() { lines.pop() } else { resolver.site_plan(&site) };
    let Some(plan) = plan.filter(|plan| plan.failures.is_empty()) else {
        return Err(NoScene::Failing(site.facts.failures.clone()));
    };
    let jobs = renderer.jobs(&plan).map_err(NoScene::Failing)?;
    let Some(job) = jobs.iter().find(|job| job.path == path) else {
        return Err(NoScene::NotRendered(jobs.into_iter().map(|job| job.path).collect()));
    };
    let names = match address.line {
        Some(_) => renderer.names_of_line(&plan, &jobs),
        None => renderer.names_of_site(&plan, &jobs, &lines),
    };
    let context = context::for_output(&names, &plan.outputs[job.output], &job.target, &job.path);
    let text = job.target.render(job.file, context).map_err(|finding| NoScene::Failing(vec![*finding]))?;
    let template = format!("{}{}", job.target.name, job.target.target.files[job.file].template);
    let which = (job.output, job.file);
    Ok((plan, lines, which, text, template))
}

/// Every file that a plan, or a site's plan with its lines, is made from.
fn parts(fleet: &Fleet, plan: &Plan, lines: &[Plan]) -> Vec<(Part, Document)> {
    let site = &plan.site;
    let mut parts = vec![];
    let plans = || lines.iter().chain([plan]);
    for plan in plans() {
        parts.extend(plan.address.line.iter().map(|line| Part::Line(site.id.clone(), line.clone())));
    }
    parts.push(Part::Site(site.id.clone()));
    let deviations: BTreeSet<&str> =
        plans().flat_map(|plan| &plan.deviations).map(|d| d.id.as_str()).collect();
    parts.extend(deviations.into_iter().map(|id| Part::Deviation(id.to_owned())));
    let standards =
        plans().map(|plan| plan.standard.reference()).chain(site.standard.as_ref().map(|s| s.reference()));
    for reference in standards.collect::<BTreeSet<_>>() {
        parts.push(Part::Blueprint(reference.clone()));
        parts.push(Part::Conduits(reference));
    }
    parts.extend([Part::Jig, Part::Equipment, Part::Metrics, Part::Goals, Part::Lessons]);
    for id in fleet.decisions.keys() {
        parts.push(Part::Decision(id.clone()));
        parts.push(Part::Approval(id.clone(), "it"));
        parts.push(Part::Approval(id.clone(), "ot"));
    }
    parts.into_iter().filter_map(|part| fleet.document_of(&part).map(|document| (part, document))).collect()
}

/// A copy of a tree with changes. Keys change last and the deepest first: pointers name old keys.
fn edited(root: &Node, edits: &[&Edit]) -> Option<Node> {
    let mut root = root.clone();
    for edit in edits {
        if let Edit::Value { pointer, value, .. } = edit {
            at_mut(&mut root, pointer)?.content = value.clone();
        }
    }
    let mut keys: Vec<(&String, &String)> = edits
        .iter()
        .filter_map(|edit| match edit {
            Edit::Key { pointer, key, .. } => Some((pointer, key)),
            _ => None,
        })
        .collect();
    keys.sort_by_key(|(pointer, _)| std::cmp::Reverse(pointer.matches('/').count()));
    for (pointer, key) in keys {
        let (parent, token) = pointer.rsplit_once('/')?;
        let token = token.replace("~1", "/").replace("~0", "~");
        let Content::Map(members) = &mut at_mut(&mut root, parent)?.content else { return None };
        if members.iter().any(|member| *member.key == **key) {
            return None;
        }
        members.iter_mut().find(|member| *member.key == *token)?.key = key.as_str().into();
    }
    Some(root)
}

fn at_mut<'n>(root: &'n mut Node, pointer: &str) -> Option<&'n mut Node> {
    parse_pointer(pointer).try_fold(root, |node, token| match &mut node.content {
        Content::Seq(items) => items.get_mut(token.parse::<usize>().ok()?),
        Content::Map(members) => members.iter_mut().find(|m| *m.key == *token).map(|m| &mut m.node),
        _ => None,
    })
}
