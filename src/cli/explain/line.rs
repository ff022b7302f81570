//! One line of a rendered file: what wrote it, where its values come from, what it serves.

use super::file::{State, on_disk, scene};
use super::flow::{Serving, details_json, details_text};
use super::path::FilePlace;
use crate::cli::session::Session;
use crate::cli::write::MANIFEST;
use crate::cli::{Failure, Outcome, Run};
use crate::load::Fleet;
use crate::render::influence::{Influence, Scene, Source, influence};
use crate::report;
use crate::resolve::plan::Deviation;
use serde_json::{Map, Value as Json, json};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Widest value that is shown whole.
const WIDEST: usize = 60;

pub(super) fn explain(session: &Session, fleet: Fleet, place: &FilePlace, number: usize) -> Run {
    if place.path == MANIFEST {
        return unexplained(
            session,
            place,
            number,
            "jig's own record of what it wrote; no template wrote it",
        );
    }
    let root = session.root()?;
    let mut scene = scene(session, fleet, place)?;
    let (state, disk) = on_disk(&root, place, &scene.text);
    let index = match &disk {
        Some(disk) => rendered_line(disk, &scene.text, number),
        None => Some(number.wrapping_sub(1)).filter(|index| *index < scene.text.lines().count()).map(Some),
    };
    let Some(index) = index else {
        let lines = disk.as_deref().unwrap_or(&scene.text).lines().count();
        let message = format!("`{}` has {lines} lines", place.file());
        return Err(Failure::new(message, format!("name a line from 1 to {lines}")));
    };
    let Some(index) = index else {
        return unexplained(
            session,
            place,
            number,
            &format!("no template wrote this line; the file is {}", state.words()),
        );
    };
    let found = influence(&mut scene, index);
    let told = Told { scene: &scene, place, number, index, state, found: &found };
    session.report(&[], || told.object(), || told.text())?;
    Ok(Outcome::InOrder)
}

/// Finds which line of the rendered text a line on disk is, if it is one; none outside the file.
#[allow(clippy::option_option)] // outside the file, not rendered, rendered: read once, by the caller above
fn rendered_line(disk: &str, rendered: &str, number: usize) -> Option<Option<usize>> {
    let (disk, rendered): (Vec<&str>, Vec<&str>) = (disk.lines().collect(), rendered.lines().collect());
    let index = number.checked_sub(1).filter(|index| *index < disk.len())?;
    let ops = capture_diff_slices(Algorithm::Myers, &disk, &rendered);
    Some(ops.iter().find_map(|op| match op {
        DiffOp::Equal { old_index, new_index, len } if (*old_index..old_index + len).contains(&index) => {
            Some(new_index + index - old_index)
        }
        _ => None,
    }))
}

fn unexplained(session: &Session, place: &FilePlace, number: usize, why: &str) -> Run {
    let object = || {
        let mut object = report::json_object("explain");
        object.insert("file".into(), json!(place.file()));
        object.insert("line".into(), json!(number));
        object.insert("template".into(), Json::Null);
        for name in ["values", "flows", "deviations"] {
            object.insert(name.into(), json!([]));
        }
        object.insert("note".into(), json!(why));
        object
    };
    session.report(&[], object, || format!("{}:{number}\n  {why}", place.file()))?;
    Ok(Outcome::InOrder)
}

/// Everything that is told about a line.
struct Told<'a> {
    scene: &'a Scene,
    place: &'a FilePlace,
    number: usize,
    index: usize,
    state: State,
    found: &'a Influence,
}

impl Told<'_> {
    fn line(&self) -> &str {
        self.scene.text.lines().nth(self.index).unwrap_or_default()
    }

    fn deviations(&self) -> Vec<&Deviation> {
        let plans = self.scene.lines.iter().chain([&self.scene.plan]);
        plans
            .flat_map(|plan| &plan.deviations)
            .filter(|deviation| self.found.deviations.contains(&deviation.id))
            .collect()
    }

    fn object(&self) -> Map<String, Json> {
        let mut object = report::json_object("explain");
        let output = self.scene.output();
        let template = self.scene.template_line(self.index);
        let template = template.map(|(file, line)| json!({ "file": &*file, "line": line }));
        let serving = Serving::of(self.scene, &self.found.flows);
        let deviations = self.deviations();
        object.insert("file".into(), json!(self.place.file()));
        object.insert("line".into(), json!(self.number));
        object.insert("text".into(), json!(self.line()));
        object.insert("template".into(), json!(template));
        object.insert("values".into(), self.found.values.iter().map(source_json).collect());
        object.insert("names".into(), self.found.names.iter().map(source_json).collect());
        object.insert("expressions".into(), self.found.expressions.iter().map(source_json).collect());
        object.insert("conditions".into(), self.found.conditions.iter().map(source_json).collect());
        object.insert("flows".into(), json!(serving.ids()));
        object.insert("flow_details".into(), details_json(&serving));
        object.insert("deviations".into(), json!(self.found.deviations));
        object.insert(
            "deviation_details".into(),
            deviations.iter().map(|deviation| json!(deviation)).collect(),
        );
        object.insert("owner".into(), json!(output.owner));
        object.insert("target".into(), json!(self.scene.target));
        object.insert("state".into(), json!(self.state.as_str()));
        object
    }

    fn text(&self) -> String {
        let mut out = format!("{}:{}\n  {}\n\n", self.place.file(), self.number, self.line().trim_end());
        if let Some((file, line)) = self.scene.template_line(self.index) {
            out.push_str(&format!("written by {file}:{line}\n"));
        }
        list(&mut out, "values", &self.found.values);
        list(&mut out, "names defined in", &self.found.names);
        list(&mut out, "by way of", &self.found.expressions);
        list(&mut out, "stands as long as", &self.found.conditions);
        out.push_str(&details_text(&Serving::of(self.scene, &self.found.flows)));
        for deviation in self.deviations() {
            let reason = deviation.reason.as_deref().unwrap_or("no reason given");
            let Deviation { id, owner, expires, .. } = deviation;
            out.push_str(&format!("deviation {id}: {reason}; owner {owner}, until {expires}\n"));
        }
        let owner = self.scene.output().owner.clone().unwrap_or_default();
        out.push_str(&format!("owner of the file: {}\n", self.scene.role(&owner)));
        if self.state != State::AsRendered {
            out.push_str(&format!("the file is {}\n", self.state.words()));
        }
        out
    }
}

fn list(out: &mut String, title: &str, sources: &[Source]) {
    if sources.is_empty() {
        return;
    }
    out.push_str(&format!("{title}\n"));
    let shown = |source: &Source| {
        let value = source.value.as_str().map_or_else(|| source.value.to_string(), str::to_owned);
        let cut: String = value.chars().take(WIDEST).collect();
        let value = if cut.len() < value.len() { format!("{cut}...") } else { value };
        format!("{} = {value}", source.name)
    };
    let width = sources.iter().map(|source| shown(source).chars().count()).max().unwrap_or(0);
    for source in sources {
        let place = match source.line {
            Some(line) => format!("{}:{line}", source.file),
            None => source.file.clone(),
        };
        let layer = source.layer.unwrap_or_default();
        out.push_str(&format!("  {:width$}  {layer:9}  {place}\n", shown(source)));
    }
}

fn source_json(source: &Source) -> Json {
    json!({
        "name": source.name, "value": source.value, "layer": source.layer, "file": source.file, "line": source.line,
    })
}
