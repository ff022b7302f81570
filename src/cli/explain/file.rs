//! A whole rendered file: its target, template, owner and flows, and whether it is as rendered.

use super::flow::{Serving, details_json, details_text};
use super::path::FilePlace;
use crate::cli::session::Session;
use crate::cli::write::read_manifest;
use crate::cli::{Failure, Outcome, Run};
use crate::load::Fleet;
use crate::render::influence::{NoScene, Scene};
use crate::report;
use crate::source::Tree;
use serde_json::json;
use std::path::Path;

/// How a file on disk stands to what would be rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    AsRendered,
    HandEdited,
    Stale,
    Missing,
}

impl State {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::AsRendered => "as-rendered",
            Self::HandEdited => "hand-edited",
            Self::Stale => "stale",
            Self::Missing => "missing",
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::AsRendered => "as rendered",
            Self::HandEdited => "edited by hand since it was rendered",
            Self::Stale => "stale: it would be rendered differently today; next: `jig render`",
            Self::Missing => "not there yet; next: `jig render`",
        }
    }
}

/// Resolves the file's line or site, or says why it cannot be explained.
pub(super) fn scene(session: &Session, fleet: Fleet, place: &FilePlace) -> Result<Scene, Failure> {
    let today = session.today(Some(&fleet));
    Scene::open(fleet, today, place.address.clone(), &place.path).map_err(|why| match why {
        NoScene::Failing(findings) => {
            let first = findings.first().map(|finding| format!(": {}", finding.message)).unwrap_or_default();
            let message = format!("{} does not render at present{first}", place.address);
            Failure::new(message, format!("`jig validate {}` lists what stands in the way", place.address))
        }
        NoScene::NotRendered(files) => {
            let message = format!("{} renders no file `{}`", place.address, place.path);
            Failure::new(message, format!("its files: {}", files.join(", ")))
        }
    })
}

/// Reads the file on disk and compares it with what would be rendered and with what jig wrote last.
pub(super) fn on_disk(root: &Path, place: &FilePlace, rendered: &str) -> (State, Option<String>) {
    let file = place.file();
    let Ok(text) = Tree::folder(root).bytes(&file) else { return (State::Missing, None) };
    if text == rendered.as_bytes() {
        return (State::AsRendered, None);
    }
    let manifest = read_manifest(&root.join("intended").join(place.folder()));
    let written =
        manifest.and_then(|manifest| manifest.files.into_iter().find(|file| file.path == place.path));
    let digest = format!("b3:{}", blake3::hash(&text).to_hex());
    let state =
        if written.is_some_and(|file| file.digest == digest) { State::Stale } else { State::HandEdited };
    (state, Some(String::from_utf8_lossy(&text).into_owned()))
}

pub(super) fn explain(session: &Session, fleet: Fleet, place: &FilePlace) -> Run {
    let root = session.root()?;
    let scene = scene(session, fleet, place)?;
    let (state, _) = on_disk(&root, place, &scene.text);
    let output = scene.output();
    let serving = Serving::in_text(&scene);
    let owner = output.owner.clone().unwrap_or_default();
    let lines = scene.text.lines().count();
    let object = || {
        let mut object = report::json_object("explain");
        object.insert("file".into(), json!(place.file()));
        object.insert("address".into(), json!(place.address.to_string()));
        object.insert("blueprint".into(), json!(scene.plan.standard.reference()));
        object.insert("output".into(), json!(output.id));
        object.insert("owner".into(), json!(output.owner));
        object.insert("target".into(), json!(scene.target));
        object.insert("template".into(), json!({ "file": scene.template, "line": 1 }));
        object.insert("state".into(), json!(state.as_str()));
        object.insert("lines".into(), json!(lines));
        object.insert("flows".into(), json!(serving.ids()));
        object.insert("flow_details".into(), details_json(&serving));
        object.insert(
            "deviations".into(),
            json!(scene.plan.deviations.iter().map(|d| &d.id).collect::<Vec<_>>()),
        );
        object
    };
    let text = || {
        let mut out = format!("{}  ({lines} line{})\n", place.file(), if lines == 1 { "" } else { "s" });
        out.push_str(&format!("  state     {}\n", state.words()));
        out.push_str(&format!("  of        {}, {}\n", place.address, scene.plan.standard.reference()));
        out.push_str(&format!("  output    {}, target {}\n", output.id, scene.target));
        out.push_str(&format!("  template  {}\n", scene.template));
        out.push_str(&format!("  owner     {}\n", scene.role(&owner)));
        for deviation in &scene.plan.deviations {
            out.push_str(&format!("  deviation {} until {}\n", deviation.id, deviation.expires));
        }
        out.push_str(&details_text(&serving));
        out
    };
    session.report(&[], object, text)?;
    Ok(Outcome::InOrder)
}
