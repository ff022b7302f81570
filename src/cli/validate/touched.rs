//! Which lines and sites a change touches: those whose files, site, blueprint or shared files it changes.

use super::super::select::Selected;
use crate::load::{Fleet, SiteEntry, read_document};
use crate::source::git::Changed;
use std::collections::BTreeSet;

/// Files that every line depends on.
const SHARED: &[&str] =
    &["jig.yaml", "rights.yaml", "goals.yaml", "metrics.yaml", "equipment.yaml", "lessons.yaml"];

/// What a change touches.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Addresses of lines.
    pub(super) lines: BTreeSet<String>,
    /// Sites whose own outputs may change.
    pub(super) sites: BTreeSet<String>,
}

/// Blueprints that changed, or whose decisions did.
#[derive(Default)]
struct Standards {
    /// Folders of blueprints.
    folders: BTreeSet<String>,
    /// Ids, whatever the version.
    ids: BTreeSet<String>,
}

/// Finds what a change touches in either of two states of the fleet.
pub(super) fn touched(changes: &[Changed], fleets: &[&Fleet]) -> Touched {
    let mut touched = Touched::default();
    let mut standards = Standards::default();
    let mut everything = false;
    for change in changes {
        let parts: Vec<&str> = change.path.split('/').collect();
        match parts.as_slice() {
            [file] => everything |= SHARED.contains(file),
            ["sites", site, "lines", line] => {
                let line = line.strip_suffix(".yaml").unwrap_or(line);
                touched.lines.insert(format!("{site}/{line}"));
            }
            ["sites", site, ..] => whole_site(&mut touched, fleets, site),
            ["intended" | "evidence", site, "_site", ..] => {
                touched.sites.insert((*site).to_owned());
            }
            ["intended" | "evidence", site, line, _, ..] => {
                touched.lines.insert(format!("{site}/{line}"));
            }
            ["deviations", id, ..] => {
                let records = fleets.iter().filter_map(|fleet| fleet.deviations.get(*id));
                touched.lines.extend(records.map(|record| record.record.model.line.clone()));
            }
            ["decisions", id, ..] => {
                let records = fleets.iter().filter_map(|fleet| fleet.decisions.get(*id));
                let covered = records.flat_map(|record| &record.record.model.covers);
                standards
                    .ids
                    .extend(covered.filter_map(|covered| Some(covered.split_once('/')?.0.to_owned())));
            }
            ["blueprints", folder, ..] => {
                standards.folders.insert((*folder).to_owned());
            }
            _ => {}
        }
    }
    if everything {
        for site in fleets.iter().flat_map(|fleet| &fleet.sites) {
            whole_site(&mut touched, fleets, &site.id);
        }
    } else if !(standards.folders.is_empty() && standards.ids.is_empty()) {
        followers(&mut touched, fleets, &standards);
    }
    // A site's firewall and broker carry the flows of its lines.
    let of_lines = touched.lines.iter().filter_map(|line| Some(line.split_once('/')?.0.to_owned()));
    touched.sites.extend(of_lines.collect::<Vec<_>>());
    touched
}

fn whole_site(touched: &mut Touched, fleets: &[&Fleet], id: &str) {
    touched.sites.insert(id.to_owned());
    for site in fleets.iter().flat_map(|fleet| &fleet.sites).filter(|site| site.id == id) {
        touched.lines.extend(site.lines.iter().map(|line| format!("{}/{}", site.id, line.id)));
    }
}

/// Lines and sites that follow a blueprint that changed.
fn followers(touched: &mut Touched, fleets: &[&Fleet], standards: &Standards) {
    for fleet in fleets {
        let mut references: BTreeSet<String> = BTreeSet::new();
        for standard in fleet.standards.all() {
            let folder = standard.folder.strip_prefix("blueprints/").unwrap_or(&standard.folder);
            if standards.folders.contains(folder) || standards.ids.contains(&standard.id) {
                references.insert(standard.reference());
            }
        }
        // A folder that cannot be read has no version here; whoever names it is touched.
        let ids = standards.ids.iter().chain(&standards.folders).map(|id| id.split('@').next().unwrap_or(id));
        let broken: Vec<&str> =
            ids.filter(|id| fleet.standards.all().iter().all(|standard| standard.id != **id)).collect();
        let follows = |path: &str| {
            let document = read_document(&fleet.tree, path, path).ok()?;
            let reference = document.root.get("blueprint")?.node.as_str()?;
            let id = reference.split('@').next().unwrap_or_default();
            (references.contains(reference) || broken.contains(&id)).then_some(())
        };
        for site in &fleet.sites {
            if follows(&format!("sites/{}/site.yaml", site.id)).is_some() {
                whole_site(touched, fleets, &site.id);
                continue;
            }
            let lines = site.lines.iter().filter(|line| follows(&line.path).is_some());
            touched.lines.extend(lines.map(|line| format!("{}/{}", site.id, line.id)));
        }
    }
}

impl Touched {
    /// Keeps what was selected on the command line.
    pub(super) fn keep(&mut self, selected: &[Selected<'_>]) {
        let chosen = |site: &str, line: Option<&str>| {
            selected.iter().any(|entry| {
                let ids = || entry.lines.iter().map(|index| entry.site.lines[*index].id.as_str());
                entry.site.id == site && line.map_or(entry.whole, |line| ids().any(|id| id == line))
            })
        };
        self.lines.retain(|line| line.split_once('/').is_some_and(|(site, line)| chosen(site, Some(line))));
        self.sites.retain(|site| {
            chosen(site, None) || self.lines.iter().any(|line| line.starts_with(&format!("{site}/")))
        });
    }

    /// A site of a fleet, with every line, so that its own outputs see them all.
    pub(super) fn selected<'f>(&self, fleet: &'f Fleet, site: &str) -> Option<Selected<'f>> {
        let entry: &SiteEntry = fleet.sites.iter().find(|entry| entry.id == site)?;
        Some(Selected { site: entry, lines: (0..entry.lines.len()).collect(), whole: true })
    }
}
