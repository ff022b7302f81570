//! What a line still has to answer: asked on a terminal, or listed.

use super::super::Failure;
use super::super::questions::{Question, ask};
use super::super::session::Session;
use super::draft::{Desk, Draft};
use super::proposals::Neighbours;
use super::yaml;
use crate::finding::Finding;
use crate::load::is_id;
use crate::resolve::expression::{Scope, Value, to_value};
use crate::resolve::{enum_words, scope_of_answers};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};

/// Asks for what is missing, or lists it.
pub(super) fn complete(session: &Session, desk: &Desk<'_>, draft: &mut Draft) -> Result<(), Failure> {
    let model = &desk.standard.blueprint.model;
    let missing: Vec<String> = model
        .inputs
        .keys()
        .map(ToString::to_string)
        .filter(|name| !draft.inputs.contains_key(name))
        .collect();
    if missing.is_empty() && !draft.area.is_empty() {
        return Ok(());
    }
    if session.is_interactive() {
        if draft.area.is_empty() {
            draft.area = ask_area(desk, &draft.site)?;
        }
        for name in &missing {
            let value = ask_input(desk, draft, name)?;
            draft.inputs.insert(name.clone(), value);
        }
        return Ok(());
    }
    let mut list = String::new();
    if draft.area.is_empty() {
        list.push_str("\n  --area: the area it stands in");
    }
    for name in &missing {
        list.push_str(&format!("\n  {}", describe(desk, draft, name)));
    }
    let count = missing.len() + usize::from(draft.area.is_empty());
    let plural = if count == 1 { "answer is" } else { "answers are" };
    Err(Failure::new(
        format!("{count} {plural} missing:{list}"),
        "give them with --set NAME=VALUE or --values FILE, or run it on a terminal; nothing was written",
    ))
}

fn describe(desk: &Desk<'_>, draft: &Draft, name: &str) -> String {
    let input = &desk.standard.blueprint.model.inputs[name];
    let schema = schema_of(desk, name);
    let kind = ["format", "type"].iter().find_map(|key| schema.get(*key)?.as_str()).unwrap_or("value");
    let mut text = format!("{name} ({kind}, {})", input.owner);
    if let Some(why) = input.why.as_deref().or_else(|| schema.get("title")?.as_str()) {
        text.push_str(&format!(": {why}"));
    }
    if let Some(choices) = choices(desk, draft, &schema).filter(|choices| !choices.is_empty()) {
        text.push_str(&format!("; one of {}", choices.join(", ")));
    }
    if let Some(proposal) = proposal(desk, draft, name, &schema) {
        text.push_str(&format!("; next free: {proposal}"));
    }
    text
}

fn schema_of(desk: &Desk<'_>, name: &str) -> Json {
    desk.standard.inputs.schema["properties"][name].clone()
}

fn scope(desk: &Desk<'_>, draft: &Draft) -> Scope {
    let values: BTreeMap<&str, Value> =
        draft.inputs.iter().map(|(name, value)| (name.as_str(), to_value(value))).collect();
    scope_of_answers(&desk.resolver, &draft.site, &draft.line, &draft.area, values)
}

fn choices(desk: &Desk<'_>, draft: &Draft, schema: &Json) -> Option<Vec<String>> {
    if let Some(options) = schema.get("enum").and_then(Json::as_array) {
        return Some(
            options.iter().map(|o| o.as_str().map_or_else(|| o.to_string(), str::to_owned)).collect(),
        );
    }
    let list = schema.get("enum_from").and_then(Json::as_str)?;
    enum_words(desk.fleet, list, &scope(desk, draft)).ok()
}

fn proposal(desk: &Desk<'_>, draft: &Draft, name: &str, schema: &Json) -> Option<String> {
    if let Some(default) = schema.get("default") {
        return Some(default.as_str().map_or_else(|| default.to_string(), str::to_owned));
    }
    let mut neighbours = Neighbours::read(desk.fleet, &draft.site);
    let so_far = Json::Object(draft.inputs.clone());
    let found = neighbours.propose(name, schema, &scope(desk, draft))?;
    neighbours.add(so_far);
    // What this line has answered already is taken too.
    neighbours.propose(name, schema, &scope(desk, draft)).or(Some(found))
}

fn ask_area(desk: &Desk<'_>, site: &str) -> Result<String, Failure> {
    let mut known = BTreeSet::new();
    for line in desk.fleet.sites.iter().filter(|entry| entry.id == site).flat_map(|entry| &entry.lines) {
        let document = crate::load::read_document(&desk.fleet.tree, &line.path, &line.path).ok();
        known.extend(document.and_then(|d| Some(d.root.get("area")?.node.as_str()?.to_owned())));
    }
    ask(&Question {
        title: "area".into(),
        why: Some("The area of the site that the line stands in".into()),
        choices: vec![],
        proposal: known.into_iter().next(),
        check: Box::new(|answer| {
            if is_id(answer) { Ok(()) } else { Err("lower-case letters, digits and hyphens".into()) }
        }),
    })
}

fn ask_input(desk: &Desk<'_>, draft: &Draft, name: &str) -> Result<Json, Failure> {
    let schema = schema_of(desk, name);
    let input = &desk.standard.blueprint.model.inputs[name];
    let title = schema
        .get("title")
        .and_then(Json::as_str)
        .map_or_else(|| name.to_owned(), |t| format!("{name}: {t}"));
    let why = match &input.why {
        Some(why) => format!("{why} (answered by {})", input.owner),
        None => format!("answered by {}", input.owner),
    };
    let is_table = schema.get("type").and_then(Json::as_str) == Some("array")
        && schema.pointer("/items/type").and_then(Json::as_str) == Some("object");
    if is_table {
        return ask_table(desk, draft, name, &schema, &why);
    }
    let rules = &desk.standard.inputs;
    let wanted = schema.clone();
    let check = move |answer: &str| -> Result<(), String> {
        let value = yaml::typed(answer, &wanted)?;
        rules.problems(name, &value).into_iter().next().map_or(Ok(()), Err)
    };
    let answer = ask(&Question {
        title,
        why: Some(why),
        choices: choices(desk, draft, &schema).unwrap_or_default(),
        proposal: proposal(desk, draft, name, &schema),
        check: Box::new(check),
    })?;
    yaml::typed(&answer, &schema).map_err(|why| Failure::new(why, "nothing was written"))
}

/// A list of maps, asked entry by entry; an empty first answer ends it.
fn ask_table(desk: &Desk<'_>, draft: &Draft, name: &str, schema: &Json, why: &str) -> Result<Json, Failure> {
    let properties =
        schema.pointer("/items/properties").and_then(Json::as_object).cloned().unwrap_or_default();
    let least = schema.get("minItems").and_then(Json::as_u64).unwrap_or(0) as usize;
    let mut rows: Vec<Json> = vec![];
    loop {
        let mut row = Map::new();
        for (index, (key, property)) in properties.iter().enumerate() {
            let is_first = index == 0;
            let why = (is_first && rows.is_empty())
                .then(|| format!("{why}\nOne entry at a time; an empty `{key}` ends the list"));
            let mut with_rows = Draft { inputs: draft.inputs.clone(), ..draft.copy() };
            with_rows.inputs.insert(name.to_owned(), Json::Array(rows.clone()));
            let wanted = property.clone();
            let may_end = is_first && rows.len() >= least;
            let check = move |answer: &str| match answer {
                "" if may_end => Ok(()),
                "" if is_first => Err(format!("at least {least} wanted")),
                answer => yaml::typed(answer, &wanted).map(|_| ()),
            };
            let answer = ask(&Question {
                title: format!("{name}[{}].{key}", rows.len()),
                why,
                choices: choices(desk, &with_rows, property).unwrap_or_default(),
                proposal: address_proposal(desk, &with_rows, name, key, property),
                check: Box::new(check),
            })?;
            if is_first && answer.is_empty() {
                return Ok(Json::Array(rows));
            }
            let value =
                yaml::typed(&answer, property).map_err(|why| Failure::new(why, "nothing was written"))?;
            if value != Json::String(String::new()) {
                row.insert(key.clone(), value);
            }
        }
        rows.push(Json::Object(row));
    }
}

/// The next free address for an entry of a list, inside the network that it must lie in.
fn address_proposal(desk: &Desk<'_>, draft: &Draft, name: &str, key: &str, schema: &Json) -> Option<String> {
    let within = schema.get("within").and_then(Json::as_str)?;
    let network = crate::resolve::expression::evaluate(within, &scope(desk, draft)).ok()?;
    let rows = draft.inputs.get(name).and_then(Json::as_array)?;
    let mine: Vec<std::net::IpAddr> =
        rows.iter().filter_map(|row| row.get(key)?.as_str()?.parse().ok()).collect();
    Neighbours::read(desk.fleet, &draft.site).next_address(&mine, network.as_str()?.parse().ok()?)
}

/// Asks again for what was wrong.
pub(super) fn again(desk: &Desk<'_>, draft: &mut Draft, findings: &[Finding]) -> Result<(), Failure> {
    let named = |name: &str| {
        findings.iter().any(|finding| {
            finding.place.as_ref().is_some_and(|place| place.excerpt.contains(&format!("{name}:")))
                || finding.message.contains(&format!("`{name}`"))
        })
    };
    let mut names: Vec<String> = draft.inputs.keys().filter(|name| named(name)).cloned().collect();
    if names.is_empty() {
        names = draft.inputs.keys().cloned().collect();
    }
    for name in names {
        let value = ask_input(desk, draft, &name)?;
        draft.inputs.insert(name, value);
    }
    Ok(())
}
