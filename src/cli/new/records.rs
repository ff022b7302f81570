//! `jig new decision|deviation|lesson`: records with the facts filled in that the fleet knows.

use super::super::init::editor_line;
use super::super::session::Session;
use super::super::{Failure, Run, write};
use super::{create, fleet, known_role, wrote, yaml};
use crate::finding::Place;
use crate::load::{Fleet, is_record_id};
use crate::resolve::approval::Approvers;
use crate::source::child;
use clap::Args;
use jiff::Span;
use jiff::civil::Date;
use serde_json::{Value as Json, json};

/// Starts a risk decision for a conduit
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  jig new decision --for packaging-line/CN-01 --question \"May the gateway read the controllers?\""
)]
pub(crate) struct NewDecision {
    /// The conduit, as BLUEPRINT/CONDUIT; may be given several times
    #[arg(long = "for", value_name = "BLUEPRINT/CONDUIT", required = true)]
    covers: Vec<String>,
    /// The question that is decided
    #[arg(long)]
    question: Option<String>,
    /// What is done about the risk
    #[arg(long)]
    treatment: Option<String>,
    /// The last day before it is reviewed [default: in a year]
    #[arg(long, value_name = "DATE")]
    review_by: Option<Date>,
    /// Its id [default: the next free RD-nnn]
    #[arg(long, value_name = "RD-nnn")]
    id: Option<String>,
}

pub(crate) fn decision(session: &mut Session, args: &NewDecision) -> Run {
    let fleet = fleet(session)?;
    let mut named = vec![];
    for covered in &args.covers {
        check_conduit(&fleet, covered)?;
        named.extend(named_by(&fleet, covered));
    }
    let today = session.today(Some(&fleet));
    let root = session.root()?;
    // A conduit that waits for a decision says under which id it waits.
    let is_free = |id: &String| is_record_id(id) && !root.join("decisions").join(id).exists();
    let waiting = named.iter().filter_map(|named| named.decision.clone()).find(is_free);
    let id = args.id.clone().or(waiting).unwrap_or_else(|| next_id("RD", 3, fleet.decisions.keys()));
    if !is_record_id(&id) {
        return Err(Failure::new(format!("`{id}` is no id for a decision"), "write it as RD-050"));
    }
    let review = args.review_by.unwrap_or_else(|| today.saturating_add(Span::new().years(1)));
    let question =
        args.question.clone().unwrap_or_else(|| format!("May {} be opened?", args.covers.join(" and ")));
    let mut text = editor_line("decision", 2);
    text.push_str("standing: true\n");
    text.push_str(&yaml::member(0, "covers", &json!(args.covers)));
    text.push_str(&yaml::member(0, "question", &json!(question)));
    text.push_str(
        "# threat: what could happen\n# consequence: { safety: none, production: \"...\", quality: low }\n\
         # unmitigated: high\n# tolerable: medium\n# residual: medium\n",
    );
    match &args.treatment {
        Some(treatment) => text.push_str(&yaml::member(0, "treatment", &json!(treatment))),
        None => text.push_str("# treatment: what is done about it\n"),
    }
    text.push_str("# What a line must meet, checked by machine: read-only, session-budget, encrypted-or-countered ...\n");
    text.push_str("conditions: []\n");
    text.push_str(&format!("review_by: {review}\n"));
    let path = format!("decisions/{id}/decision.yaml");
    create(&root, &path, &text)?;
    let approvers = Approvers::of(&fleet, "conduit", vec![]);
    let who = if approvers.roles.is_empty() {
        "the owner of the conduit".to_owned()
    } else {
        approvers.roles.join(" and ")
    };
    let mut steps = vec![format!("to approve: {who}")];
    for conduit in named.iter().filter(|conduit| conduit.decision.as_deref() != Some(id.as_str())) {
        let instead = conduit.decision.as_ref().map(|old| format!(" instead of {old}")).unwrap_or_default();
        steps.push(format!("{} does not name it yet: write `decision: {id}`{instead} there", conduit.at));
    }
    steps.push(format!("next: fill it in, then `jig approve {id} --as ROLE`"));
    wrote(session, &path, &steps)
}

/// The decision that a conduit names, and where.
struct NamedBy {
    decision: Option<String>,
    /// File and line.
    at: String,
}

/// What the newest version of a conduit names.
fn named_by(fleet: &Fleet, covered: &str) -> Option<NamedBy> {
    let (blueprint, conduit) = covered.split_once('/')?;
    let newest = format!("{blueprint}@{}", fleet.standards.newest(blueprint)?);
    let standard = fleet.standards.get(&newest).ok()?;
    let loaded = standard.conduits.as_ref()?;
    let model = loaded.model.conduits.get(conduit)?;
    let pointer = child("/conduits", conduit);
    let place = match &model.decision {
        Some(_) => Place::value(&loaded.document, &child(&pointer, "decision")),
        None => Place::key(&loaded.document, &pointer),
    };
    let line = place.range.map_or(1, |range| range.line);
    Some(NamedBy { decision: model.decision.clone(), at: format!("{}:{line}", place.file) })
}

fn check_conduit(fleet: &Fleet, covered: &str) -> Result<(), Failure> {
    let standards = fleet.standards.all();
    let mut known = vec![];
    for standard in &standards {
        let conduits = standard.conduits.iter().flat_map(|loaded| loaded.model.conduits.keys());
        known.extend(conduits.map(|id| format!("{}/{id}", standard.id)));
    }
    if known.iter().any(|id| id == covered) {
        return Ok(());
    }
    let near = crate::load::nearest(covered, known.iter().map(String::as_str));
    let hint = near
        .map_or_else(|| "write it as BLUEPRINT/CONDUIT".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(Failure::new(format!("there is no conduit `{covered}`"), hint))
}

/// Starts a deviation: an approved, owned, expiring difference of one line
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  jig new deviation --line lej/pk1 --value opcua_security --of labeler \\\n    \
                        --to SignAndEncrypt/Basic128Rsa15 --owner site-controls --reason \"firmware 4.1\" --days 90"
)]
pub(crate) struct NewDeviation {
    /// The line, as SITE/LINE
    #[arg(long, value_name = "SITE/LINE")]
    line: String,
    /// The value that differs
    #[arg(long, value_name = "NAME")]
    value: String,
    /// The unit it differs for; without it the whole line
    #[arg(long, value_name = "UNIT")]
    of: Option<String>,
    /// What it becomes; lists and maps as YAML or JSON
    #[arg(long)]
    to: String,
    /// Who answers for it
    #[arg(long, value_name = "ROLE")]
    owner: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// What protects meanwhile
    #[arg(long)]
    countermeasure: Option<String>,
    /// What closes it
    #[arg(long)]
    closes_when: Option<String>,
    /// The last day it counts
    #[arg(long, value_name = "DATE", conflicts_with = "days")]
    expires: Option<Date>,
    /// How many days it counts
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,
}

pub(crate) fn deviation(session: &mut Session, args: &NewDeviation) -> Run {
    let fleet = fleet(session)?;
    known_role(&fleet, &args.owner)?;
    let (standard, inputs) = standard_of(&fleet, &args.line)?;
    if let Some(unit) = &args.of {
        known_unit(&inputs, &args.line, unit)?;
    }
    let model = &standard.blueprint.model;
    let names: Vec<&str> = model
        .inputs
        .keys()
        .chain(model.defaults.keys())
        .chain(model.fixed.keys())
        .map(|n| n.as_str())
        .collect();
    if !names.contains(&args.value.as_str()) {
        let near = crate::load::nearest(&args.value, names.iter().copied());
        let hint = near
            .map_or_else(|| format!("it has {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
        return Err(Failure::new(format!("{} has no value `{}`", standard.reference(), args.value), hint));
    }
    let today = session.today(Some(&fleet));
    let expires =
        args.expires.unwrap_or_else(|| today.saturating_add(Span::new().days(i64::from(args.days))));
    if expires < today {
        return Err(Failure::new(format!("{expires} is past"), "name a day that is still to come"));
    }
    let fixed = model.fixed.get(args.value.as_str());
    let schema = standard.inputs.default_schema(&args.value).cloned();
    let schema = schema.or_else(|| fixed.map(|value| json!({ "type": kind(value) }))).unwrap_or(Json::Null);
    let to = yaml::typed(&args.to, &schema)
        .map_err(|why| Failure::new(format!("--to: {why}"), "give a value of that kind"))?;
    let id = next_id("DV", 4, fleet.deviations.keys());
    let mut changes = serde_json::Map::new();
    changes.insert("value".into(), json!(args.value));
    changes.extend(args.of.as_ref().map(|unit| ("of".to_owned(), json!(unit))));
    changes.insert("to".into(), to);
    let mut text = editor_line("deviation", 2);
    text.push_str(&yaml::member(0, "line", &json!(args.line)));
    text.push_str(&yaml::member(0, "changes", &Json::Object(changes)));
    text.push_str(&yaml::member(0, "reason", &json!(args.reason)));
    text.push_str(&optional("countermeasure", args.countermeasure.as_ref()));
    text.push_str(&yaml::member(0, "owner", &json!(args.owner)));
    text.push_str(&format!("opened: {today}\nexpires: {expires}\n"));
    text.push_str(&optional("closes_when", args.closes_when.as_ref()));
    let path = format!("deviations/{id}/deviation.yaml");
    create(&session.root()?, &path, &text)?;
    let approvers = Approvers::of(&fleet, "deviation", vec![args.owner.clone()]);
    let steps = [
        format!("to approve: {}", approvers.roles.join(" and ")),
        format!("next: `jig approve {id} --as ROLE`; it counts through {expires}"),
    ];
    wrote(session, &path, &steps)
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
        Json::String(_) | Json::Null => "string",
    }
}

pub(in crate::cli) fn optional(key: &str, value: Option<&String>) -> String {
    match value {
        Some(value) => yaml::member(0, key, &json!(value)),
        None => format!("# {key}: ...\n"),
    }
}

fn standard_of(
    fleet: &Fleet,
    address: &str,
) -> Result<(std::sync::Arc<crate::load::Standard>, Json), Failure> {
    let lines = fleet
        .sites
        .iter()
        .flat_map(|site| site.lines.iter().map(move |line| (format!("{}/{}", site.id, line.id), line)));
    let lines: Vec<_> = lines.collect();
    let Some((_, entry)) = lines.iter().find(|(known, _)| known == address) else {
        let near = crate::load::nearest(address, lines.iter().map(|(known, _)| known.as_str()));
        let hint =
            near.map_or_else(|| "write it as SITE/LINE".to_owned(), |near| format!("did you mean `{near}`?"));
        return Err(Failure::new(format!("there is no line `{address}`"), hint));
    };
    let document = crate::load::read_document(&fleet.tree, &entry.path, &entry.path);
    let document = document.ok();
    let member = |name: &str| document.as_ref()?.root.get(name);
    let reference = member("blueprint").and_then(|member| Some(member.node.as_str()?.to_owned()));
    let inputs = member("inputs").map(|member| member.node.to_json()).unwrap_or_default();
    let reference = reference
        .ok_or_else(|| Failure::new(format!("`{}` cannot be read", entry.path), "`jig validate` says why"))?;
    let standard =
        fleet.standards.get(&reference).map_err(|m| Failure::new(m.message.clone(), m.next.clone()))?;
    Ok((standard, inputs))
}

/// A unit must be an entry of a list that the line answers.
fn known_unit(inputs: &Json, line: &str, unit: &str) -> Result<(), Failure> {
    let lists = inputs.as_object().into_iter().flat_map(|inputs| inputs.values()).filter_map(Json::as_array);
    let name = |entry: &Json| {
        let id = entry.as_str().or_else(|| entry.get("id")?.as_str());
        id.map(str::to_owned)
    };
    let known: Vec<String> = lists.flatten().filter_map(name).collect();
    if known.iter().any(|id| id == unit) {
        return Ok(());
    }
    let near = crate::load::nearest(unit, known.iter().map(String::as_str));
    let hint =
        near.map_or_else(|| format!("it has {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
    Err(Failure::new(format!("{line} has no unit `{unit}`"), hint))
}

/// Adds a lesson to lessons.yaml
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  jig new lesson --seen-at grr/pk1 --cause \"state codes differ by firmware\" --change \"map per type\""
)]
pub(crate) struct NewLesson {
    /// The line that taught it, as SITE/LINE
    #[arg(long, value_name = "SITE/LINE")]
    seen_at: String,
    /// Why it happened
    #[arg(long)]
    cause: String,
    /// What the standard shall do about it
    #[arg(long)]
    change: Option<String>,
}

pub(crate) fn lesson(session: &mut Session, args: &NewLesson) -> Run {
    let fleet = fleet(session)?;
    let today = session.today(Some(&fleet));
    let id = next_id("L", 3, fleet.lessons.lessons.keys().map(|id| &id.0));
    let mut entry = serde_json::Map::new();
    entry.insert("seen_at".into(), json!(args.seen_at));
    entry.insert("date".into(), json!(today.to_string()));
    entry.insert("cause".into(), json!(args.cause));
    entry.extend(args.change.as_ref().map(|change| ("change".to_owned(), json!(change))));
    let entry = Json::Object(entry);
    let root = session.root()?;
    let path = root.join("lessons.yaml");
    let old = if fleet.tree.contains("lessons.yaml") {
        session.read_file(&path)?
    } else {
        format!("{}lessons:\n", editor_line("lessons", 0))
    };
    let mut text = old.trim_end().to_owned();
    if text.ends_with("lessons: {}") {
        text.truncate(text.len() - " {}".len());
    }
    text.push('\n');
    text.push_str(&yaml::member(2, &id, &entry));
    let expected = yaml::parsed(&text).ok().filter(|new| new["lessons"][&id] == entry);
    let kept = yaml::parsed(&old).ok().is_none_or(|old| {
        let lessons = old["lessons"].as_object().cloned().unwrap_or_default();
        expected.as_ref().is_some_and(|new| lessons.iter().all(|(id, lesson)| new["lessons"][id] == *lesson))
    });
    if expected.is_none() || !kept {
        let message = "lessons.yaml does not end with its `lessons`, so that nothing can be added at its end";
        return Err(Failure::new(message, format!("add it by hand:\n{}", yaml::member(2, &id, &entry))));
    }
    write::replace(&path, text.as_bytes())
        .map_err(|error| Failure::new(format!("cannot write: {error}"), "nothing was written"))?;
    wrote(session, "lessons.yaml", &[format!("{id} is open until a version carries it: `carried_by`")])
}

/// The next free id of a kind of record.
pub(in crate::cli) fn next_id<'a>(
    letters: &str,
    width: usize,
    known: impl Iterator<Item = &'a String>,
) -> String {
    let number = |id: &String| id.strip_prefix(letters)?.strip_prefix('-')?.parse::<u32>().ok();
    let last = known.filter_map(number).max().unwrap_or(0);
    format!("{letters}-{:0width$}", last + 1)
}
