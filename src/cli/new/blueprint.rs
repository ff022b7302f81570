//! `jig new blueprint`: a shipped standard as a starting point, or an empty one.

use super::super::init::{SHIPPED, editor_line};
use super::super::session::Session;
use super::super::{Failure, Run, write};
use super::{fleet, known_role, wrote, yaml};
use crate::load::{Fleet, is_id, nearest};
use clap::Args;

/// Starts a blueprint: a copy of a shipped one, or an empty one
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  jig new blueprint packaging-line --from packaging-line\n  \
                        jig new blueprint press-line --owner corp-standards")]
pub(crate) struct NewBlueprint {
    /// Id of the blueprint
    id: String,
    /// A shipped blueprint to start from: packaging-line, site-base or cnc-cell
    #[arg(long, value_name = "SHIPPED")]
    from: Option<String>,
    /// Who answers for it
    #[arg(long, value_name = "ROLE", required_unless_present = "from")]
    owner: Option<String>,
}

pub(crate) fn run(session: &mut Session, args: &NewBlueprint) -> Run {
    let fleet = fleet(session)?;
    if !is_id(&args.id) {
        let hint = "lower-case letters, digits and hyphens, 32 at most, a letter first";
        return Err(Failure::new(format!("`{}` is no id for a blueprint", args.id), hint));
    }
    let folder = format!("blueprints/{}", args.id);
    let root = session.root()?;
    if root.join(&folder).symlink_metadata().is_ok() {
        return Err(Failure::new(format!("`{folder}` is already there"), "choose another id"));
    }
    let files = match &args.from {
        Some(shipped) => copy(shipped)?,
        None => {
            let owner = args.owner.as_deref().unwrap_or_default();
            known_role(&fleet, owner)?;
            vec![("blueprint.yaml".to_owned(), empty(&args.id, owner).into_bytes())]
        }
    };
    write::create_folder(&root.join(&folder), &files)
        .map_err(|error| Failure::new(format!("cannot write: {error}"), "nothing was written"))?;
    let mut steps = vec![];
    let missing = missing_metrics(&fleet, &files);
    if !missing.is_empty() {
        let list = missing.join(", ");
        steps.push(format!(
            "metrics.yaml does not define {list}: define them there, or take them out of `metrics`"
        ));
    }
    steps.push(format!("next: edit {folder}/blueprint.yaml, then `jig validate`"));
    wrote(session, &format!("{folder}/"), &steps)
}

/// The metrics that a blueprint names and the fleet does not define.
fn missing_metrics(fleet: &Fleet, files: &[(String, Vec<u8>)]) -> Vec<String> {
    let text = files.iter().find(|(path, _)| path == "blueprint.yaml").map(|(_, bytes)| bytes.as_slice());
    let text = String::from_utf8_lossy(text.unwrap_or_default());
    let blueprint = yaml::parsed(&text).unwrap_or_default();
    let named = blueprint["metrics"].as_array().into_iter().flatten().filter_map(|name| name.as_str());
    named.filter(|name| !fleet.metrics.metrics.contains_key(*name)).map(str::to_owned).collect()
}

fn copy(shipped: &str) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let Some(dir) = SHIPPED.get_dir(shipped) else {
        let names: Vec<_> = SHIPPED.dirs().filter_map(|dir| dir.path().to_str()).collect();
        let near = nearest(shipped, names.iter().copied());
        let hint = near.map_or_else(
            || format!("there are {}", names.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Failure::new(format!("no blueprint `{shipped}` comes with jig"), hint));
    };
    Ok(super::super::init::files_below(dir))
}

fn empty(id: &str, owner: &str) -> String {
    let schema = editor_line("blueprint", 2);
    format!(
        "{schema}version: 0.1.0\nscope: line\ntitle: {id}\nowner: {owner}\n\
         # What a line must answer: a JSON Schema each, with owner and why.\ninputs: {{}}\n\
         # What a line may override: a value and the schema it must meet.\ndefaults: {{}}\n\
         # What only a deviation changes.\nfixed: {{}}\n\
         # What render writes: {{ id, target, owner }}.\noutputs: []\n"
    )
}
