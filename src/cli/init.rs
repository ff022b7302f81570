//! `jig init`: a fleet that works, and the schemas that editors complete from.

use super::session::Session;
use super::{Failure, Outcome, Run, approve, schema, write};
use crate::load::schema::FORMATS;
use crate::load::{Fleet, Standard};
use crate::source::Tree;
use clap::Args;
use include_dir::{Dir, include_dir};
use jiff::civil::Date;
use std::path::{Path, PathBuf};

/// The blueprints that come with the program.
pub(crate) static SHIPPED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/blueprints");
/// A fleet of one site and one line.
static STARTER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/examples/starter");
/// A whole enterprise.
static EXAMPLE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/examples/kestrel");

/// Makes a fleet that validates and renders at once
///
/// The shipped blueprints, one site, one line; with --example a whole enterprise of 3 sites and 6 lines.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  jig init my-fleet\n  jig init kestrel --example && jig -C kestrel render"
)]
pub(crate) struct Init {
    /// The folder; it must be empty or not there [default: here]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A whole enterprise instead of one line
    #[arg(long)]
    example: bool,
}

pub(crate) fn run(session: &mut Session, args: &Init) -> Run {
    let dir = args.dir.clone().unwrap_or_else(|| PathBuf::from("."));
    check_empty(&dir)?;
    let source = if args.example { &EXAMPLE } else { &STARTER };
    let mut files: Vec<(String, Vec<u8>)> = files_below(source)
        .into_iter()
        .filter(|(path, _)| !path.starts_with("intended/") && !path.starts_with(".jig/"))
        .collect();
    for format in &FORMATS {
        let text = format!("{}\n", schema::pretty(format.schema()));
        files.push((format!(".jig/schemas/{}.json", format.name), text.into_bytes()));
    }
    files.iter_mut().for_each(|(path, bytes)| with_editor_line(path, bytes));
    let today = session.today(None);
    if !args.example {
        files.iter_mut().for_each(|(path, bytes)| review_in_a_year(path, bytes, today));
    }
    write::fill_folder(&dir, |beside| {
        for (path, bytes) in &files {
            write::create(&beside.join(path), bytes)?;
        }
        finish(beside, args.example, today).map_err(|failure| std::io::Error::other(failure.message))
    })
    .map_err(|error| {
        let message = format!("cannot make a fleet in `{}`: {error}", dir.display());
        Failure::new(message, "nothing was written; make room, or choose a folder that you may write to")
    })?;
    let shown = dir.display();
    session.out(&format!("made a fleet in {shown}: {} files", files.len()));
    let at = if args.dir.is_some() { format!(" -C {shown}") } else { String::new() };
    session.out(&format!("next: jig{at} validate && jig{at} render"));
    Ok(Outcome::InOrder)
}

/// Approves the starter's decisions as they were written, and writes the schemas of its lines.
fn finish(dir: &Path, is_example: bool, today: Date) -> Result<(), Failure> {
    if !is_example {
        approve_all(dir, today)?;
    }
    let (fleet, _) = Fleet::load(Tree::folder(dir), Some(dir.to_path_buf()));
    if let Some(fleet) = &fleet {
        for standard in fleet.standards.all() {
            write_line_schema(dir, fleet, &standard)?;
        }
    }
    Ok(())
}

/// Every YAML file of a fleet tells editors its schema.
fn with_editor_line(path: &str, bytes: &mut Vec<u8>) {
    let parts: Vec<&str> = path.split('/').collect();
    let schema = match parts.as_slice() {
        [.., "templates", _, "target.yaml"] => "target",
        ["decisions" | "deviations", _, "it.yaml" | "ot.yaml"] => "approval",
        ["sites", _, "lines", _] => "line",
        [.., file] => file.trim_end_matches(".yaml"),
        [] => return,
    };
    let known = crate::load::schema::by_name(schema).is_some()
        && Path::new(path).extension().is_some_and(|end| end == "yaml");
    if known && !bytes.starts_with(b"# yaml-language-server") {
        let line = editor_line(schema, parts.len() - 1);
        bytes.splice(0..0, line.into_bytes());
    }
}

/// A decision of the starter is to be reviewed a year after it was taken over.
fn review_in_a_year(path: &str, bytes: &mut Vec<u8>, today: Date) {
    if !path.ends_with("/decision.yaml") {
        return;
    }
    let review = today.saturating_add(jiff::Span::new().years(1));
    let text = String::from_utf8_lossy(bytes).into_owned();
    let line = |line: &str| {
        if line.starts_with("review_by:") { format!("review_by: {review}") } else { line.to_owned() }
    };
    let lines: Vec<_> = text.lines().map(line).collect();
    *bytes = format!("{}\n", lines.join("\n")).into_bytes();
}

/// Renews the starter's approvals for the text that was written.
fn approve_all(dir: &Path, today: Date) -> Result<(), Failure> {
    let (fleet, _) = Fleet::load(Tree::folder(dir), Some(dir.to_path_buf()));
    let Some(fleet) = fleet else { return Ok(()) };
    for (id, record) in &fleet.decisions {
        let digests = approve::digests(&fleet, id)?;
        for (side, file) in [("it", &record.it), ("ot", &record.ot)] {
            let Some(file) = file else { continue };
            let text = approve::text(file.model.role.as_str(), &today.to_string(), &digests);
            write::replace(&dir.join(format!("{}/{side}.yaml", record.folder)), text.as_bytes())
                .map_err(|error| Failure::new(format!("cannot write: {error}"), "choose another folder"))?;
        }
    }
    Ok(())
}

/// A folder with anything but git in it is somebody's.
fn check_empty(dir: &Path) -> Result<(), Failure> {
    let tree = Tree::folder(dir);
    let entries = tree.list("").map_err(|error| {
        let why = error.to_string().replace("cannot read ``: ", "");
        let message = format!("cannot make a fleet in `{}`: {why}", dir.display());
        Failure::new(message, "choose another folder")
    })?;
    match entries.iter().find(|entry| entry.name != ".git" && !write::is_unfinished(&entry.name)) {
        None if dir.exists() && !dir.is_dir() => {
            Err(Failure::new(format!("`{}` is a file", dir.display()), "choose a folder"))
        }
        None => Ok(()),
        Some(entry) => {
            let message = format!("`{}` is not empty: it holds `{}`", dir.display(), entry.name);
            Err(Failure::new(message, "name an empty folder: jig init DIR"))
        }
    }
}

/// Returns the files of an embedded folder by their path below it.
pub(crate) fn files_below(dir: &Dir<'static>) -> Vec<(String, Vec<u8>)> {
    let mut found = vec![];
    collect(dir, dir.path(), &mut found);
    found.sort();
    found
}

fn collect(dir: &Dir<'static>, root: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for file in dir.files() {
        let below = file.path().strip_prefix(root).unwrap_or(file.path());
        let name = below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        found.push((name, file.contents().to_vec()));
    }
    dir.dirs().for_each(|inner| collect(inner, root, found));
}

/// The line that tells editors the schema of a file `depth` folders below the fleet.
pub(crate) fn editor_line(schema: &str, depth: usize) -> String {
    format!("# yaml-language-server: $schema={}.jig/schemas/{schema}.json\n", "../".repeat(depth))
}

/// Writes the schema of the lines that follow a standard, so that editors complete their inputs.
pub(crate) fn write_line_schema(root: &Path, fleet: &Fleet, standard: &Standard) -> Result<(), Failure> {
    let text = format!("{}\n", schema::pretty(&schema::line_schema(fleet, standard)));
    let path = root.join(format!(".jig/schemas/{}.json", standard.reference()));
    write::replace_if_different(&path, text.as_bytes())
        .map_err(|error| Failure::new(format!("cannot write: {error}"), "check the folder .jig/schemas"))
}
