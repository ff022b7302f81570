//! `jig new line`: the answers of one line, or of many from a spreadsheet.

use super::super::session::Session;
use super::super::{Failure, Outcome, Run, init, write};
use super::asking::{again, complete};
use super::draft::{Checked, Desk, Draft, claims};
use super::{csv, fleet, yaml};
use crate::finding::{Finding, Level};
use crate::load::{Fleet, Standard, is_id, nearest};
use crate::model::Scope as Kind;
use crate::resolve::Resolver;
use clap::Args;
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// Starts a line from a blueprint: asks for its inputs, or takes them from options or a spreadsheet
///
/// On a terminal it asks for what was not given, with the next free subnet and address as proposals. Without one it
/// lists what is missing. Nothing is written before every answer is checked.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  jig new line grr/pk4 --blueprint packaging-line --area packaging\n  \
                        jig new line grr/pk4 --blueprint packaging-line@1.3.0 --area packaging --values pk4.yaml\n  \
                        jig new line --from-csv lines.csv --blueprint packaging-line")]
pub(crate) struct NewLine {
    /// The line, as SITE/LINE
    #[arg(value_name = "SITE/LINE", required_unless_present = "from_csv", conflicts_with = "from_csv")]
    address: Option<String>,
    /// The standard it follows; without a version the newest
    #[arg(long, value_name = "B[@V]")]
    blueprint: String,
    /// The area it stands in
    #[arg(long, conflicts_with = "from_csv")]
    area: Option<String>,
    /// The goal it serves
    #[arg(long, conflicts_with = "from_csv")]
    goal: Option<String>,
    /// When it may be changed, such as "Sun 05:00-06:00"
    #[arg(long, conflicts_with = "from_csv")]
    window: Option<String>,
    /// An answer; lists and maps as YAML or JSON
    #[arg(long = "set", value_name = "NAME=VALUE", conflicts_with = "from_csv")]
    set: Vec<String>,
    /// A YAML file with answers by name
    #[arg(long, value_name = "FILE", conflicts_with = "from_csv")]
    values: Option<PathBuf>,
    /// Makes many lines from a table: header site,line,area,goal,<input>,...; lists and maps as JSON
    #[arg(long, value_name = "FILE")]
    from_csv: Option<PathBuf>,
}

pub(crate) fn run(session: &mut Session, args: &NewLine) -> Run {
    let fleet = fleet(session)?;
    let standard = standard(&fleet, &args.blueprint)?;
    let resolver = Resolver::new(&fleet, session.today(Some(&fleet)));
    let mut desk = Desk { claims: claims(&resolver, &fleet), fleet: &fleet, resolver, standard };
    if let Some(file) = &args.from_csv {
        return csv::run(session, &mut desk, file);
    }
    let mut draft = start(args, &fleet)?;
    let given = given(session, args, &desk.standard)?;
    draft.inputs = given;
    complete(session, &desk, &mut draft)?;
    loop {
        let checked = desk.check(&draft);
        let own: Vec<_> = checked.own_findings(&draft).cloned().collect();
        if own.is_empty() {
            return write_line(session, &desk, &draft, &checked);
        }
        if !session.is_interactive() {
            session.report(
                &own,
                || {
                    let mut object = crate::report::json_object("new");
                    object.insert("findings".into(), own.iter().map(crate::report::finding_json).collect());
                    object
                },
                || "nothing was written".to_owned(),
            )?;
            return Ok(Outcome::Findings);
        }
        for finding in &own {
            session.say(&format!("{}: {}", finding.message, finding.next));
        }
        again(&desk, &mut draft, &checked.text, &own)?;
    }
}

/// Finds the blueprint; without a version the newest.
fn standard(fleet: &Fleet, reference: &str) -> Result<Arc<Standard>, Failure> {
    let full = match reference.split_once('@') {
        Some(_) => reference.to_owned(),
        None => {
            let version = fleet.standards.newest(reference).ok_or_else(|| {
                let known: Vec<String> =
                    fleet.standards.all().iter().map(|standard| standard.id.clone()).collect();
                let near = nearest(reference, known.iter().map(String::as_str))
                    .map(|near| format!("did you mean `{near}`?"));
                let hint = near.unwrap_or_else(|| format!("there are {}", known.join(", ")));
                Failure::new(format!("there is no blueprint `{reference}`"), hint)
            })?;
            format!("{reference}@{version}")
        }
    };
    let found = fleet.standards.get(&full);
    let standard = found.map_err(|missing| Failure::new(missing.message.clone(), missing.next.clone()))?;
    if standard.blueprint.model.scope != Kind::Line {
        return Err(Failure::new(format!("`{full}` is a blueprint for a site"), "name one of scope line"));
    }
    Ok(standard)
}

fn start(args: &NewLine, fleet: &Fleet) -> Result<Draft, Failure> {
    let address = args.address.as_deref().unwrap_or_default();
    let Some((site, line)) = address.split_once('/') else {
        return Err(Failure::new(
            format!("`{address}` is no line"),
            "write it as SITE/LINE, such as grr/pk4",
        ));
    };
    check_place(fleet, site, line)?;
    Ok(Draft {
        site: site.to_owned(),
        line: line.to_owned(),
        area: args.area.clone().unwrap_or_default(),
        goal: args.goal.clone(),
        window: args.window.clone(),
        inputs: Map::new(),
    })
}

/// The site must exist, the line must not.
pub(super) fn check_place(fleet: &Fleet, site: &str, line: &str) -> Result<(), Failure> {
    for (what, id) in [("site", site), ("line", line)] {
        if !is_id(id) {
            let hint = "lower-case letters, digits and hyphens, 32 at most, a letter first";
            return Err(Failure::new(format!("`{id}` is no id for a {what}"), hint));
        }
    }
    let Some(entry) = fleet.sites.iter().find(|entry| entry.id == site) else {
        let near = nearest(site, fleet.sites.iter().map(|entry| entry.id.as_str()));
        let hint = near.map_or_else(
            || format!("`jig new site {site}` starts it"),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Failure::new(format!("there is no site `{site}`"), hint));
    };
    if entry.lines.iter().any(|known| known.id == line) {
        let message = format!("the line {site}/{line} is already there");
        return Err(Failure::new(message, format!("edit sites/{site}/lines/{line}.yaml")));
    }
    Ok(())
}

/// The answers of `--values` and `--set`, as the questions want them.
fn given(session: &Session, args: &NewLine, standard: &Standard) -> Result<Map<String, Json>, Failure> {
    let mut inputs = Map::new();
    if let Some(file) = &args.values {
        let text = session.read_file(file)?;
        match yaml::parsed(&text) {
            Ok(Json::Object(members)) => inputs.extend(members),
            Ok(_) => {
                return Err(Failure::new(
                    format!("`{}` is no map of answers", file.display()),
                    "write name: value",
                ));
            }
            Err(why) => return Err(Failure::new(format!("`{}`: {why}", file.display()), "correct the YAML")),
        }
    }
    for text in &args.set {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Failure::new(
                format!("`{text}` is no NAME=VALUE"),
                "write --set cell_subnet=10.20.108.0/24",
            ));
        };
        let schema = standard.inputs.schema.pointer(&format!("/properties/{name}"));
        let value = yaml::typed(value, schema.unwrap_or(&Json::Null)).map_err(|why| {
            Failure::new(format!("--set {name}: {why}"), "see `jig schema` for this blueprint")
        })?;
        inputs.insert(name.to_owned(), value);
    }
    for name in inputs.keys() {
        let known = standard.blueprint.model.inputs.keys().map(|id| id.as_str());
        if !standard.blueprint.model.inputs.contains_key(name.as_str()) {
            let near = nearest(name, known.clone());
            let hint = near.map_or_else(
                || format!("it asks for {}", known.collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(Failure::new(format!("{} does not ask for `{name}`", standard.reference()), hint));
        }
    }
    Ok(inputs)
}

fn write_line(session: &Session, desk: &Desk<'_>, draft: &Draft, checked: &Checked) -> Run {
    let root = session.root()?;
    init::write_line_schema(&root, desk.fleet, &desk.standard)?;
    write::create(&root.join(draft.path()), checked.text.as_bytes())
        .map_err(|error| Failure::new(format!("cannot write: {error}"), "nothing was written"))?;
    session.out(&format!("wrote {}", draft.path()));
    for line in outlook(checked) {
        session.out(&line);
    }
    session.out(&format!("next: jig render {}", draft.address()));
    Ok(Outcome::InOrder)
}

/// Says how many paths the line has, and which decisions they still need.
pub(super) fn outlook(checked: &Checked) -> Vec<String> {
    let Some(plan) = &checked.plan else { return vec![] };
    if plan.flows.is_empty() {
        return vec![];
    }
    let decisions: BTreeSet<&str> = plan.flows.iter().filter_map(|flow| flow.decision.as_deref()).collect();
    let decisions: Vec<&str> = decisions.into_iter().collect();
    let open: Vec<&Finding> =
        checked.findings.iter().filter(|finding| finding.level == Level::Error).collect();
    let count = plan.flows.len();
    let paths = if count == 1 { "1 path".to_owned() } else { format!("{count} paths") };
    if open.is_empty() {
        return vec![format!(
            "{paths}, all covered by standing decisions {}; 0 decisions needed",
            decisions.join(", ")
        )];
    }
    let mut out = vec![format!("{paths}; before they render:")];
    out.extend(open.iter().map(|finding| {
        let who = finding.owner.as_deref().map(|owner| format!(" ({owner})")).unwrap_or_default();
        format!("  {}{who}; {}", finding.message, finding.next)
    }));
    out
}
