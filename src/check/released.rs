//! `released-blueprint-changed`: a blueprint in the working tree differs from the tag of its own version.

use crate::finding::{Finding, Place};
use crate::load::{Fleet, Standard};
use crate::source::Tree;
use crate::source::versions::History;

pub(super) fn check(fleet: &Fleet, standard: &Standard) -> Option<Finding> {
    if matches!(standard.tree, Tree::Revision(_) | Tree::Embedded(_)) {
        return None;
    }
    let history = History::open(fleet.root.as_deref()?).ok()??;
    let tag = format!("{}/{}", standard.id, standard.version);
    let released = history.folder_at_tag(&tag, &format!("blueprints/{}", standard.id)).ok()?;
    let difference = first_difference(&standard.tree, &standard.folder, &released)?;
    let place = Place::value(&standard.blueprint.document, "/version");
    let message =
        format!("{} is released as tag {tag}, and `{difference}` differs from it", standard.reference());
    Some(
        Finding::error("released-blueprint-changed", message)
            .at(place)
            .owned_by(standard.blueprint.model.owner.to_string())
            .next(format!(
                "give the change a version of its own, or `git checkout {tag} -- {}`",
                standard.folder
            )),
    )
}

/// The first file that is not the same in both, by name.
fn first_difference(here: &Tree, folder: &str, released: &Tree) -> Option<String> {
    let ours = here.walk(folder).ok()?;
    let theirs = released.walk("").ok()?;
    let same = |name: &String| here.bytes(&format!("{folder}/{name}")).ok() == released.bytes(name).ok();
    let missing = theirs.iter().find(|name| !ours.contains(name));
    missing.or_else(|| ours.iter().find(|name| !theirs.contains(name) || !same(name))).cloned()
}
