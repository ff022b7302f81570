//! Plan and targets to files in memory.
//!
//! A line renders whole or not at all: every file is rendered and checked before anyone writes one. The same plan
//! gives the same bytes on any machine, at any time, on any number of threads.

mod context;
mod engine;
pub mod influence;
mod library;
mod marks;
mod path;
mod read_back;
mod trace;

pub use library::{Library, TargetRef};

use crate::finding::{Finding, Place};
use crate::load::Fleet;
use crate::model::Kind;
use crate::resolve::expression::{Scope, Value, evaluate, interpolate};
use crate::resolve::plan::{Output, Plan};
use crate::resolve::scope_of;
use std::sync::Arc;

/// A file in memory.
#[derive(Debug, Clone)]
pub struct RenderedFile {
    /// Path relative to the line's folder.
    pub path: String,
    /// Its bytes.
    pub text: String,
    /// `b3:` and the BLAKE3 of the bytes.
    pub digest: String,
    /// The role that answers for it.
    pub owner: String,
    /// The output of the blueprint.
    pub output: String,
    /// The target.
    pub target: String,
    /// What kind of thing it configures.
    pub kind: Kind,
    /// The language that it is written in.
    pub syntax: &'static str,
    /// Digest of the target's folder.
    pub target_digest: String,
    /// The template.
    pub template: String,
    /// Ids of the flows that it carries.
    pub flows: Vec<String>,
    /// What was noticed when it was read back.
    pub notes: Vec<Finding>,
}

/// Renders plans with one fleet's targets.
pub struct Renderer<'a> {
    library: Arc<Library>,
    statics: context::Statics,
    fleet: &'a Fleet,
    reads_back: bool,
}

/// A file that is to be rendered: its output, target, template and path.
struct Job {
    target: Arc<TargetRef>,
    file: usize,
    output: usize,
    path: String,
}

/// A line's plan and its names.
struct Seen<'p> {
    plan: &'p Plan,
    names: context::Names,
}

impl<'a> Renderer<'a> {
    /// Prepares rendering; targets are read and compiled when they are first needed.
    pub fn new(fleet: &'a Fleet) -> Self {
        Self::sharing(fleet, Arc::default())
    }

    /// Prepares rendering with targets that another renderer of the same files has read.
    pub fn sharing(fleet: &'a Fleet, library: Arc<Library>) -> Self {
        Self { library, statics: context::Statics::new(fleet), fleet, reads_back: false }
    }

    /// Also reads firewalls back, as `validate` does; what is found is with each file.
    #[must_use]
    pub fn reading_back(self) -> Self {
        Self { reads_back: true, ..self }
    }

    /// Returns the targets.
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Renders a line's plan.
    pub fn line(&self, plan: &Plan) -> Result<Vec<RenderedFile>, Vec<Finding>> {
        let jobs = self.jobs(plan)?;
        self.render(plan, &jobs, &self.names_of_line(plan, &jobs), &[])
    }

    /// Renders a site's plan, which sees the plans of all its lines.
    pub fn site(&self, plan: &Plan, lines: &[Plan]) -> Result<Vec<RenderedFile>, Vec<Finding>> {
        let jobs = self.jobs(plan)?;
        self.render(plan, &jobs, &self.names_of_site(plan, &jobs, lines), lines)
    }

    fn names_of_line(&self, plan: &Plan, jobs: &[Job]) -> context::Names {
        context::of_plan(&self.statics, self.fleet, plan, &outputs_value(plan, jobs))
    }

    fn names_of_site(&self, plan: &Plan, jobs: &[Job], lines: &[Plan]) -> context::Names {
        let lines: Vec<_> = lines.iter().map(|line| self.seen(line)).collect();
        context::of_site(&self.statics, self.fleet, plan, &outputs_value(plan, jobs), &lines)
    }

    /// A line as the outputs of its site see it.
    fn seen<'p>(&self, plan: &'p Plan) -> Seen<'p> {
        let outputs = self.jobs(plan).map(|jobs| outputs_value(plan, &jobs)).unwrap_or_default();
        Seen { plan, names: context::of_plan(&self.statics, self.fleet, plan, &outputs) }
    }

    /// Works out which files there are and where they go.
    fn jobs(&self, plan: &Plan) -> Result<Vec<Job>, Vec<Finding>> {
        let scope = scope_of(self.fleet, plan);
        let mut jobs = vec![];
        let mut failures = vec![];
        for (index, output) in plan.outputs.iter().enumerate() {
            match self.library.get(&plan.standard, &output.target) {
                Ok(target) => self.files(plan, &scope, output, index, &target, &mut jobs, &mut failures),
                Err(missing) if !missing.findings.is_empty() => {
                    failures.extend(missing.findings.iter().cloned());
                }
                Err(missing) => {
                    let pointer = format!("{}/target", output.pointer);
                    let place = Place::value(&plan.standard.blueprint.document, &pointer);
                    let finding = Finding::error("unknown-target", missing.message.clone());
                    failures.push(finding.at(place).next(missing.next.clone()));
                }
            }
        }
        let paths: Vec<_> =
            jobs.iter().map(|job| (job.path.as_str(), plan.outputs[job.output].id.as_str())).collect();
        for (index, problem) in path::collisions(&paths) {
            failures.push(self.at_output(plan, jobs[index].output, "unsafe-path", problem));
        }
        if failures.is_empty() { Ok(jobs) } else { Err(about(plan, failures)) }
    }

    #[allow(clippy::too_many_arguments)]
    fn files(
        &self,
        plan: &Plan,
        scope: &Scope,
        output: &Output,
        index: usize,
        target: &Arc<TargetRef>,
        jobs: &mut Vec<Job>,
        failures: &mut Vec<Finding>,
    ) {
        if output.path.is_some() && target.target.files.len() != 1 {
            let message =
                format!("target {} writes {} files; `path` needs one", target.id, target.target.files.len());
            failures.push(self.at_output(plan, index, "unsafe-path", message));
            return;
        }
        for (file, spec) in target.target.files.iter().enumerate() {
            if let Some(when) = &spec.when {
                match evaluate(when, scope) {
                    Ok(value) if !value.is_true() => continue,
                    Ok(_) => {}
                    Err(error) => {
                        failures.push(self.at_output(plan, index, "unresolved", error));
                        continue;
                    }
                }
            }
            let text = output.path.as_deref().unwrap_or(&spec.path);
            match interpolate(text, scope).map(|path| path.to_string()) {
                Ok(path) => match path::check(&path) {
                    Ok(()) => jobs.push(Job { target: target.clone(), file, output: index, path }),
                    Err(problem) => failures.push(self.at_output(plan, index, "unsafe-path", problem)),
                },
                Err(error) => failures.push(self.at_output(plan, index, "unresolved", error)),
            }
        }
    }

    fn at_output(&self, plan: &Plan, output: usize, rule: &'static str, message: String) -> Finding {
        let pointer = &plan.outputs[output].pointer;
        let document = &plan.standard.blueprint.document;
        let path = format!("{pointer}/path");
        let place = if plan.outputs[output].path.is_some() {
            Place::value(document, &path)
        } else {
            Place::value(document, pointer)
        };
        Finding::error(rule, message)
            .at(place)
            .next("correct the path in the blueprint or the target")
            .owned_by(plan.standard.blueprint.model.owner.to_string())
    }

    fn render(
        &self,
        plan: &Plan,
        jobs: &[Job],
        base: &[(Value, Value)],
        lines: &[Plan],
    ) -> Result<Vec<RenderedFile>, Vec<Finding>> {
        let flows = flow_ids(std::iter::once(plan).chain(lines));
        let mut files = Vec::with_capacity(jobs.len());
        let mut failures = vec![];
        for job in jobs {
            let output = &plan.outputs[job.output];
            let context = context::for_output(base, output, &job.target, &job.path);
            match job.target.render(job.file, context) {
                Ok(text) => {
                    let notes = if self.reads_back { read_back(plan, lines, job, &text) } else { vec![] };
                    files.push(RenderedFile { notes, ..rendered(&flows, job, output, text) });
                }
                Err(finding) => failures.push(with_origin(plan, &job.path, *finding)),
            }
        }
        if failures.is_empty() { Ok(files) } else { Err(about(plan, failures)) }
    }
}

/// Reads a file back and tells where it is not what its flows say.
fn read_back(plan: &Plan, lines: &[Plan], job: &Job, text: &str) -> Vec<Finding> {
    let output = &plan.outputs[job.output];
    let (kind, syntax) = (job.target.target.kind, job.target.syntax(job.file));
    about(plan, read_back::check(plan, lines, output, kind, syntax, &job.path, text))
}

fn rendered(flows: &[&str], job: &Job, output: &Output, text: String) -> RenderedFile {
    let spec = &job.target.target.files[job.file];
    RenderedFile {
        path: job.path.clone(),
        digest: format!("b3:{}", blake3::hash(text.as_bytes()).to_hex()),
        owner: output.owner.clone().unwrap_or_default(),
        output: output.id.clone(),
        target: job.target.id.clone(),
        kind: job.target.target.kind,
        syntax: job.target.syntax(job.file),
        target_digest: job.target.digest.clone(),
        template: format!("{}{}", job.target.name, spec.template),
        flows: flows.iter().filter(|id| names(&text, id)).map(|id| (*id).to_owned()).collect(),
        notes: vec![],
        text,
    }
}

/// Tells where a value that cannot be written is set, and the file that it would go into.
fn with_origin(plan: &Plan, path: &str, finding: Finding) -> Finding {
    let Some(range) = finding.place.as_ref().filter(|_| finding.rule == "unsafe-value").and_then(|p| p.range)
    else {
        return finding;
    };
    let excerpt = finding.place.as_ref().map(|place| place.excerpt.clone()).unwrap_or_default();
    let (from, to) = (range.column.saturating_sub(1) as usize, range.end_column.saturating_sub(1) as usize);
    let is_one_line = range.line == range.end_line && !excerpt.is_empty();
    let printed: String =
        if is_one_line { excerpt.chars().take(to).skip(from).collect() } else { excerpt.into() };
    let used = plan.values.iter().filter(|(name, _)| names(&printed, &format!("values.{name}")));
    let finding = used.fold(finding, |finding, (name, value)| {
        finding.see(value.origin.place.clone(), format!("`{name}` is set here"))
    });
    let folder = match &plan.address.line {
        Some(line) => format!("{}/{line}", plan.address.site),
        None => format!("{}/_site", plan.address.site),
    };
    finding.see(Place::file(format!("intended/{folder}/{path}")), "the file that it would stand in")
}

/// The ids of the flows of several plans, each once, sorted.
fn flow_ids<'p>(plans: impl Iterator<Item = &'p Plan>) -> Vec<&'p str> {
    let mut ids: Vec<&str> = plans.flat_map(|plan| plan.flows.iter().map(|flow| flow.id.as_str())).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Whether `id` stands in `text` as a word of its own: F-01.1 is not in F-01.12.
pub fn names(text: &str, id: &str) -> bool {
    text.match_indices(id).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + id.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '-') && !after.is_some_and(char::is_alphanumeric)
    })
}

fn about(plan: &Plan, findings: Vec<Finding>) -> Vec<Finding> {
    let address = plan.address.to_string();
    findings.into_iter().map(|finding| Finding { address: Some(address.clone()), ..finding }).collect()
}

fn outputs_value(plan: &Plan, jobs: &[Job]) -> Value {
    jobs.iter().map(|job| context::output_value(&plan.outputs[job.output], &job.target, &job.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_flow_id_is_found_as_a_word() {
        assert!(names("# F-01.1 filler", "F-01.1") && names("x(F-01.1)", "F-01.1"));
        assert!(!names("F-01.12", "F-01.1") && !names("CF-01.1", "F-01.1"));
        assert!(names("F-01.1.", "F-01.1"));
    }
}
