//! The files that a plan is made from, one by one, and a fleet with one of them changed in memory.
//!
//! Asking "what if this line said something else" must not touch a file: a part is replaced, the question is
//! asked, and the replacement is undone.

use super::file::{Loaded, read_document, rebuild};
use super::fleet::{Fleet, Record};
use super::schema::FileKind;
use super::standards::Standard;
use crate::model::{Deviation, Line, Site};
use crate::source::Document;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file that plans are made from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// jig.yaml.
    Jig,
    /// goals.yaml.
    Goals,
    /// metrics.yaml.
    Metrics,
    /// equipment.yaml.
    Equipment,
    /// lessons.yaml.
    Lessons,
    /// decisions/ID/decision.yaml.
    Decision(String),
    /// decisions/ID/it.yaml or ot.yaml: the record and the side.
    Approval(String, &'static str),
    /// deviations/ID/deviation.yaml.
    Deviation(String),
    /// blueprint.yaml of a version, as `id@version`.
    Blueprint(String),
    /// conduits.yaml of a version, as `id@version`.
    Conduits(String),
    /// site.yaml of a site.
    Site(String),
    /// The file of a line: site and line.
    Line(String, String),
}

/// Takes a change of a fleet back.
#[must_use]
pub struct Undo(Box<dyn FnOnce(&mut Fleet)>);

impl Undo {
    fn new(undo: impl FnOnce(&mut Fleet) + 'static) -> Self {
        Self(Box::new(undo))
    }

    /// Takes the change back.
    pub fn apply(self, fleet: &mut Fleet) {
        (self.0)(fleet);
    }
}

impl Fleet {
    /// Returns the document of a part.
    pub fn document_of(&self, part: &Part) -> Option<Document> {
        let read = |path: &str| read_document(&self.tree, path, path).ok();
        let standard = |reference: &str| self.standards.get(reference).ok();
        match part {
            Part::Jig => Some(self.document.clone()),
            Part::Goals => read("goals.yaml"),
            Part::Metrics => self.metrics_document.clone(),
            Part::Equipment => self.equipment_document.clone(),
            Part::Lessons => read("lessons.yaml"),
            Part::Decision(id) => Some(self.decisions.get(id)?.record.document.clone()),
            Part::Approval(id, side) => Some(side_of(self.decisions.get(id)?, side)?.document.clone()),
            Part::Deviation(id) => Some(self.deviations.get(id)?.record.document.clone()),
            Part::Blueprint(reference) => Some(standard(reference)?.blueprint.document.clone()),
            Part::Conduits(reference) => Some(standard(reference)?.conduits.as_ref()?.document.clone()),
            Part::Site(site) => read(&format!("sites/{site}/site.yaml")),
            Part::Line(site, line) => read(&format!("sites/{site}/lines/{line}.yaml")),
        }
    }

    /// Puts another document in the place of a part; `None`, and nothing changed, where it fits no model.
    ///
    /// Sites and lines are no part of a fleet in memory; see [`site_of`] and [`line_of`].
    pub fn replace(&mut self, part: &Part, document: Document) -> Option<Undo> {
        Some(match part {
            Part::Jig => {
                let loaded = rebuild(document, FileKind::Jig)?;
                let model = std::mem::replace(&mut self.enterprise, loaded.model);
                let document = std::mem::replace(&mut self.document, loaded.document);
                Undo::new(|fleet| (fleet.enterprise, fleet.document) = (model, document))
            }
            Part::Goals => {
                let old = std::mem::replace(&mut self.goals, rebuild(document, FileKind::Goals)?.model);
                Undo::new(|fleet| fleet.goals = old)
            }
            Part::Lessons => {
                let old = std::mem::replace(&mut self.lessons, rebuild(document, FileKind::Lessons)?.model);
                Undo::new(|fleet| fleet.lessons = old)
            }
            Part::Metrics => {
                let loaded = rebuild(document, FileKind::Metrics)?;
                let model = std::mem::replace(&mut self.metrics, loaded.model);
                let document = self.metrics_document.replace(loaded.document);
                Undo::new(|fleet| (fleet.metrics, fleet.metrics_document) = (model, document))
            }
            Part::Equipment => {
                let loaded = rebuild(document, FileKind::Equipment)?;
                let model = std::mem::replace(&mut self.equipment, loaded.model);
                let document = self.equipment_document.replace(loaded.document);
                Undo::new(|fleet| (fleet.equipment, fleet.equipment_document) = (model, document))
            }
            Part::Decision(id) => {
                let loaded = rebuild(document, FileKind::Decision)?;
                let old = std::mem::replace(&mut self.decisions.get_mut(id)?.record, loaded);
                let id = id.clone();
                Undo::new(move |fleet| put(&mut fleet.decisions, &id, |record| record.record = old))
            }
            Part::Approval(id, side) => {
                let loaded = rebuild(document, FileKind::Approval)?;
                let old = side_mut(self.decisions.get_mut(id)?, side).replace(loaded);
                let (id, side) = (id.clone(), *side);
                Undo::new(move |fleet| put(&mut fleet.decisions, &id, |record| *side_mut(record, side) = old))
            }
            Part::Deviation(id) => {
                let loaded: Loaded<Deviation> = rebuild(document, FileKind::Deviation)?;
                let old = std::mem::replace(&mut self.deviations.get_mut(id)?.record, loaded);
                let id = id.clone();
                Undo::new(move |fleet| put(&mut fleet.deviations, &id, |record| record.record = old))
            }
            Part::Blueprint(reference) => {
                let loaded = rebuild(document, FileKind::Blueprint)?;
                let mut standard = self.copy_of(reference)?;
                standard.version = loaded_version(&loaded);
                standard.blueprint = loaded;
                self.substitute(reference, standard)
            }
            Part::Conduits(reference) => {
                let loaded = rebuild(document, FileKind::Conduits)?;
                let mut standard = self.copy_of(reference)?;
                standard.conduits = Some(loaded);
                self.substitute(reference, standard)
            }
            Part::Site(_) | Part::Line(..) => return None,
        })
    }

    /// Gives a blueprint another id.
    pub fn rename_blueprint(&mut self, reference: &str, id: &str) -> Option<Undo> {
        let mut standard = self.copy_of(reference)?;
        id.clone_into(&mut standard.id);
        Some(self.substitute(reference, standard))
    }

    /// Gives a decision or deviation another id.
    pub fn rename_record(&mut self, old: &str, new: &str) -> Option<Undo> {
        if !rename(&mut self.decisions, old, new) && !rename(&mut self.deviations, old, new) {
            return None;
        }
        let (old, new) = (old.to_owned(), new.to_owned());
        Some(Undo::new(move |fleet| {
            let _ = rename(&mut fleet.decisions, &new, &old) || rename(&mut fleet.deviations, &new, &old);
        }))
    }

    fn copy_of(&self, reference: &str) -> Option<Standard> {
        let standard = self.standards.get(reference).ok()?;
        Some(Standard {
            id: standard.id.clone(),
            version: standard.version.clone(),
            digest: standard.digest.clone(),
            tree: standard.tree.clone(),
            folder: standard.folder.clone(),
            name: standard.name.clone(),
            blueprint: standard.blueprint.clone(),
            conduits: standard.conduits.clone(),
            inputs: standard.inputs.clone(),
        })
    }

    fn substitute(&mut self, reference: &str, standard: Standard) -> Undo {
        let old = self.standards.substitute(reference, Some(Ok(Arc::new(standard))));
        let reference = reference.to_owned();
        Undo::new(move |fleet| {
            fleet.standards.substitute(&reference, old);
        })
    }
}

/// Turns the document of a site into its model without judging it.
pub fn site_of(document: Document) -> Option<Loaded<Site>> {
    rebuild(document, FileKind::Site)
}

/// Turns the document of a line into its model without judging it.
pub fn line_of(document: Document) -> Option<Loaded<Line>> {
    rebuild(document, FileKind::Line)
}

fn loaded_version(loaded: &Loaded<crate::model::Blueprint>) -> String {
    loaded.model.version.to_string()
}

fn side_of<'a, T>(record: &'a Record<T>, side: &str) -> Option<&'a Loaded<crate::model::Approval>> {
    if side == "it" { record.it.as_ref() } else { record.ot.as_ref() }
}

fn side_mut<'a, T>(record: &'a mut Record<T>, side: &str) -> &'a mut Option<Loaded<crate::model::Approval>> {
    if side == "it" { &mut record.it } else { &mut record.ot }
}

fn put<T>(records: &mut BTreeMap<String, Record<T>>, id: &str, set: impl FnOnce(&mut Record<T>)) {
    if let Some(record) = records.get_mut(id) {
        set(record);
    }
}

fn rename<T>(records: &mut BTreeMap<String, Record<T>>, old: &str, new: &str) -> bool {
    let Some(mut record) = records.remove(old) else { return false };
    new.clone_into(&mut record.id);
    records.insert(new.to_owned(), record);
    true
}
