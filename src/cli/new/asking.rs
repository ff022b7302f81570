//! What a line still has to answer: asked on a terminal, or listed.

use super::super::Failure;
use super::super::questions::{Question, ask};
use super::super::session::Session;
use super::draft::{Desk, Draft};
use super::proposals::Neighbours;
use super::yaml;
use crate::finding::Finding;
use crate::load::InputRules;
use crate::load::is_id;
use crate::resolve::expression::{Scope, Value, to_value};
use crate::resolve::{enum_words, outside, scope_of_answers};
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
            let value = ask_input(desk, draft, name, None)?;
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

/// Asks for one input; an answer that was given before is the proposal.
fn ask_input(desk: &Desk<'_>, draft: &Draft, name: &str, old: Option<&Json>) -> Result<Json, Failure> {
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
        let table = Table { desk, draft, name, schema: &schema, why: &why };
        return table.ask(old.and_then(Json::as_array).map_or(&[], Vec::as_slice));
    }
    let check = |answer: &str| -> Result<(), String> {
        let value = yaml::typed(answer, &schema)?;
        let problem = desk.standard.inputs.problems(name, &value).into_iter().next();
        let problem = problem.or_else(|| strays(desk, draft, &schema, &value));
        problem.map_or(Ok(()), |problem| Err(format!("{name}: {problem}")))
    };
    let answer = ask(&Question {
        title,
        why: Some(why),
        choices: choices(desk, draft, &schema).unwrap_or_default(),
        proposal: old.map(as_typed).or_else(|| proposal(desk, draft, name, &schema)),
        check: Box::new(check),
    })?;
    yaml::typed(&answer, &schema).map_err(|why| Failure::new(why, "nothing was written"))
}

/// An answer as a person would type it.
fn as_typed(answer: &Json) -> String {
    answer.as_str().map_or_else(|| yaml::literal(answer), str::to_owned)
}

/// Whether an address lies outside the network that it must lie in.
fn strays(desk: &Desk<'_>, draft: &Draft, schema: &Json, value: &Json) -> Option<String> {
    outside(value, schema.get("within")?.as_str()?, &scope(desk, draft))
}

/// What ends a list that has entries to propose.
const END: &str = "-";

/// A list of maps, asked entry by entry; an empty first answer ends it.
struct Table<'a> {
    desk: &'a Desk<'a>,
    draft: &'a Draft,
    name: &'a str,
    schema: &'a Json,
    why: &'a str,
}

impl Table<'_> {
    fn ask(&self, old: &[Json]) -> Result<Json, Failure> {
        let properties = self.schema.pointer("/items/properties").and_then(Json::as_object);
        let properties = properties.cloned().unwrap_or_default();
        let mut rows: Vec<Json> = vec![];
        loop {
            let mut row = Map::new();
            for (index, (key, property)) in properties.iter().enumerate() {
                let before = old.get(rows.len()).and_then(|row| row.get(key));
                let Some(answer) = self.field(&rows, index == 0, key, property, before)? else {
                    return Ok(Json::Array(rows));
                };
                if answer != Json::String(String::new()) {
                    row.insert(key.clone(), answer);
                }
            }
            rows.push(Json::Object(row));
        }
    }

    /// Asks for one field; `None` ends the list.
    fn field(
        &self,
        rows: &[Json],
        is_first: bool,
        key: &str,
        property: &Json,
        before: Option<&Json>,
    ) -> Result<Option<Json>, Failure> {
        let (desk, name) = (self.desk, self.name);
        let end = if before.is_some() { END } else { "" };
        let why = (is_first && rows.is_empty()).then(|| {
            let how = if end.is_empty() { format!("an empty `{key}`") } else { format!("`{END}`") };
            format!("{}\nOne entry at a time; {how} ends the list", self.why)
        });
        let mut with_rows = self.draft.copy();
        with_rows.inputs.insert(name.to_owned(), Json::Array(rows.to_vec()));
        let least = self.schema.get("minItems").and_then(Json::as_u64).unwrap_or(0) as usize;
        let required = self.schema.pointer("/items/required").and_then(Json::as_array);
        let is_required = required.is_some_and(|names| names.iter().any(|name| name == key));
        let check = |answer: &str| -> Result<(), String> {
            if is_first && answer == end {
                let enough = rows.len() >= least;
                return if enough { Ok(()) } else { Err(format!("{name}: at least {least} wanted")) };
            }
            if answer.is_empty() {
                return if is_required { Err(format!("{key}: an answer is wanted")) } else { Ok(()) };
            }
            let value = yaml::typed(answer, property).map_err(|why| format!("{key}: {why}"))?;
            let problem = InputRules::part_problems(property, key, &value).into_iter().next();
            let problem = problem.or_else(|| strays(desk, &with_rows, property, &value));
            problem.map_or(Ok(()), |problem| Err(format!("{key}: {problem}")))
        };
        let answer = ask(&Question {
            title: format!("{name}[{}].{key}", rows.len()),
            why,
            choices: choices(desk, &with_rows, property).unwrap_or_default(),
            proposal: before
                .map(as_typed)
                .or_else(|| address_proposal(desk, &with_rows, name, key, property)),
            check: Box::new(check),
        })?;
        if is_first && answer == end {
            return Ok(None);
        }
        if answer.is_empty() {
            return Ok(Some(Json::String(answer)));
        }
        yaml::typed(&answer, property).map(Some).map_err(|why| Failure::new(why, "nothing was written"))
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

/// Asks again for what was wrong; what was answered before is proposed.
pub(super) fn again(
    desk: &Desk<'_>,
    draft: &mut Draft,
    text: &str,
    findings: &[Finding],
) -> Result<(), Failure> {
    let places = findings.iter().filter_map(|finding| finding.place.as_ref()?.range);
    let at: Vec<&str> = places.filter_map(|range| input_at(text, range.line as usize)).collect();
    let named = |name: &str| {
        at.contains(&name) || findings.iter().any(|finding| finding.message.contains(&format!("`{name}`")))
    };
    let asked: Vec<String> = draft.inputs.keys().cloned().collect();
    let mut names: Vec<&String> = asked.iter().filter(|name| named(name)).collect();
    if names.is_empty() {
        names = asked.iter().collect();
    }
    for name in names {
        // What is asked again takes no address from itself.
        let old = draft.inputs.shift_remove(name);
        let value = ask_input(desk, draft, name, old.as_ref())?;
        draft.inputs.insert(name.clone(), value);
    }
    Ok(())
}

/// The input that a line of the text of a draft belongs to.
pub(super) fn input_at(text: &str, number: usize) -> Option<&str> {
    let is_name = |line: &&str| line.starts_with("  ") && !line[2..].starts_with([' ', '-']);
    let line = text.lines().take(number).filter(is_name).last()?;
    line.trim_start().split(':').next()
}
