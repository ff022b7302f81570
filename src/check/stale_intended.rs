//! `stale-intended`: what lies under intended/ is not what the fleet renders. A file that was changed there by hand
//! is `hand-edited`.

use super::{Check, Rule, Scene};
use crate::finding::{Finding, Level, Place};
use crate::render::RenderedFile;
use crate::resolve::plan::Plan;
use crate::source::{Text, Tree};
use serde_json::Value as Json;
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule {
    name: "stale-intended",
    level: Level::Warning,
    soft: true,
    what: "Files under intended/ that are not what the fleet renders now.",
    why: "What is reviewed and deployed is intended/; a change of the standard that is not rendered reaches no device.",
    instead: "`jig render`, and commit the result with the change.",
    see: "",
    check: Check::Elsewhere,
};

/// Compares what was rendered for a line or site with what is committed.
pub(super) fn check(scene: &Scene<'_>, plan: &Plan, files: &[RenderedFile], found: &mut Vec<Finding>) {
    let tree = &scene.fleet.tree;
    if files.is_empty() || !tree.contains("intended") {
        return;
    }
    let line = plan.address.line.as_deref().unwrap_or("_site");
    let below = format!("intended/{}/{line}", plan.address.site);
    let Some(known) = manifest(tree, &below) else {
        let message = format!("{} was never rendered to intended/", plan.address);
        found.push(next(RULE.found(message).at(Place::file(below)), plan));
        return;
    };
    let mut stale: Vec<(String, Place)> = vec![];
    for file in files {
        let path = format!("{below}/{}", file.path);
        let Ok(bytes) = tree.bytes(&path) else {
            stale.push((file.path.clone(), Place::file(path)));
            continue;
        };
        if bytes == file.text.as_bytes() {
            continue;
        }
        let place = first_difference(&path, &bytes, &file.text);
        let digest = format!("b3:{}", blake3::hash(&bytes).to_hex());
        if known.get(&file.path).is_some_and(|known| *known != digest) {
            let message = format!("{path} was changed by hand");
            found.push(Finding::error("hand-edited", message).at(place).owned_by(file.owner.clone()).next(
                "move the change into an override, a deviation or the blueprint; or `jig render --force`",
            ));
        } else {
            stale.push((file.path.clone(), place));
        }
    }
    let gone = known.keys().filter(|path| files.iter().all(|file| file.path != **path));
    stale.extend(gone.map(|path| (path.clone(), Place::file(format!("{below}/{path}")))));
    if let Some((_, place)) = stale.first() {
        let names: Vec<&str> = stale.iter().map(|(path, _)| path.as_str()).collect();
        let message =
            format!("intended/ of {} is not what would be rendered: {}", plan.address, names.join(", "));
        found.push(next(RULE.found(message).at(place.clone()), plan));
    }
}

fn next(finding: Finding, plan: &Plan) -> Finding {
    finding.next(format!("`jig render {}`, and commit the result", plan.address))
}

/// The digests of the files as they were written.
fn manifest(tree: &Tree, below: &str) -> Option<BTreeMap<String, String>> {
    let json: Json = serde_json::from_slice(&tree.bytes(&format!("{below}/manifest.json")).ok()?).ok()?;
    let files = json.get("files")?.as_array()?;
    let entry = |file: &Json| {
        Some((file.get("path")?.as_str()?.to_owned(), file.get("digest")?.as_str()?.to_owned()))
    };
    Some(files.iter().filter_map(entry).collect())
}

/// The first line of a committed file that would be another.
fn first_difference(path: &str, bytes: &[u8], wanted: &str) -> Place {
    let Ok(content) = std::str::from_utf8(bytes) else { return Place::file(path) };
    let same = content.lines().zip(wanted.lines()).take_while(|(ours, theirs)| ours == theirs).count();
    let last = content.lines().count().max(1);
    let text = Text::new(path, content.to_owned());
    Place::line(&text, (same + 1).min(last) as u32)
}
