//! Values by layer: blueprint default, site override, line override, deviation. Each is replaced whole.

use super::expression::{Scope, Value, evaluate, to_json, to_value};
use super::plan::{Claim, Layer, Origin, Resolved, SiteFacts};
use crate::finding::{Finding, Place};
use crate::load::{Fleet, Standard, check_values, nearest};
use crate::model::sites::Override;
use crate::model::{Json, Map, ValueName};
use crate::source::{Document, child};
use ipnet::IpNet;
use std::net::IpAddr;

/// Answers and overrides of one line or site, with the document they stand in.
pub(super) struct Answers<'a> {
    pub(super) document: &'a Document,
    pub(super) inputs: &'a Json,
    pub(super) overrides: &'a Map<ValueName, Override>,
    /// The layer of its overrides.
    pub(super) layer: Layer,
}

/// Resolves the values that a blueprint gives itself: defaults and fixed ones. They are the same for every line.
pub(super) fn base(standard: &Standard) -> Map<String, Resolved> {
    let mut values: Map<String, Resolved> = Map::new();
    let document = &standard.blueprint.document;
    let model = &standard.blueprint.model;
    for (name, default) in &model.defaults {
        let place = Place::value(document, &format!("/defaults/{name}/value"));
        values.insert(name.to_string(), resolved(&default.value, Layer::Default, place));
    }
    for (name, value) in &model.fixed {
        let place = Place::value(document, &child("/fixed", name.as_str()));
        values.insert(name.to_string(), resolved(value, Layer::Fixed, place));
    }
    values
}

/// Resolves every value of a blueprint for one line or site, before deviations.
pub(super) fn layered(
    standard: &Standard,
    base: &Map<String, Resolved>,
    answers: &Answers<'_>,
    site: Option<&SiteFacts>,
    failures: &mut Vec<Finding>,
) -> Map<String, Resolved> {
    let model = &standard.blueprint.model;
    let mut values = base.clone();
    let problems = check_values(&standard.inputs, answers.inputs, answers.document);
    failures.extend(problems.into_iter().map(|finding| with_question(finding, standard)));
    if let Json::Object(members) = answers.inputs {
        for (name, value) in members.iter().filter(|(name, _)| model.inputs.contains_key(name.as_str())) {
            let place = Place::value(answers.document, &child("/inputs", name));
            values.insert(name.clone(), resolved(value, Layer::Input, place));
        }
    }
    for (name, value) in site.iter().flat_map(|facts| &facts.overrides) {
        if model.defaults.contains_key(name.as_str()) {
            let json = to_json(&value.value).unwrap_or_default();
            let problems = standard.inputs.check_default(name, &json, answers.document, "");
            failures.extend(
                problems.into_iter().map(|f| Finding { place: Some(value.origin.place.clone()), ..f }),
            );
            values.insert(name.clone(), value.clone());
        }
    }
    for (name, over) in answers.overrides {
        let pointer = child("/overrides", name.as_str());
        if !model.defaults.contains_key(name.as_str()) {
            // A site's override reaches every line that has the default; it need not be the site's own.
            if answers.layer == Layer::Line {
                failures.push(no_such_default(standard, answers.document, name.as_str()));
            }
            continue;
        }
        let at = format!("{pointer}/value");
        failures.extend(standard.inputs.check_default(name.as_str(), &over.value, answers.document, &at));
        let place = Place::value(answers.document, &at);
        values.insert(name.to_string(), resolved(&over.value, answers.layer, place));
    }
    values
}

/// Resolves a site's own overrides, for its blueprint and its lines.
pub(super) fn site_overrides(
    document: &Document,
    overrides: &Map<ValueName, Override>,
) -> Map<String, Resolved> {
    let place = |name: &ValueName| Place::value(document, &format!("/overrides/{name}/value"));
    overrides
        .iter()
        .map(|(name, over)| (name.to_string(), resolved(&over.value, Layer::Site, place(name))))
        .collect()
}

fn resolved(value: &Json, layer: Layer, place: Place) -> Resolved {
    Resolved { value: to_value(value), origin: Origin { layer, place } }
}

/// Tells who can answer, and why it is asked.
fn with_question(mut finding: Finding, standard: &Standard) -> Finding {
    let named = standard.blueprint.model.inputs.iter().find(|(name, _)| {
        let quoted = format!("`{name}`");
        let key = format!("{name}:");
        finding.message.contains(&quoted)
            || finding.place.as_ref().is_some_and(|place| place.excerpt.contains(&key))
    });
    if let Some((name, input)) = named {
        finding.owner = Some(input.owner.to_string());
        let question = Place::key(&standard.blueprint.document, &child("/inputs", name.as_str()));
        let why =
            input.why.as_deref().map_or_else(|| "asked here".to_owned(), |why| format!("asked for: {why}"));
        finding = finding.see(question, why);
    }
    finding
}

fn no_such_default(standard: &Standard, document: &Document, name: &str) -> Finding {
    let model = &standard.blueprint.model;
    let reference = standard.reference();
    let (message, next) = if model.inputs.contains_key(name) {
        (format!("`{name}` is an input of {reference}, not a default"), "write it under `inputs`".to_owned())
    } else if model.fixed.contains_key(name) {
        let message = format!("`{name}` is fixed by {reference}; only a deviation changes it");
        (message, "`jig new deviation`, or ask the owner of the standard".to_owned())
    } else {
        let near = nearest(name, model.defaults.keys().map(ValueName::as_str));
        let next = near.map_or_else(|| "leave it out".to_owned(), |near| format!("did you mean `{near}`?"));
        (format!("{reference} has no default `{name}`"), next)
    };
    let place = Place::key(document, &child("/overrides", name));
    Finding::error("unknown-override", message).at(place).next(next).owned_by(model.owner.to_string())
}

/// Values that were refused or not given: what uses them cannot be judged yet.
pub(super) struct Refused {
    /// The names, and whether each is a list of units or the like.
    names: Vec<(String, bool)>,
    /// The file of the answers.
    file: std::sync::Arc<str>,
}

/// Finds the values that `failures` are about, and the answers that are missing.
pub(super) fn refused(standard: &Standard, answers: &Answers<'_>, failures: &[Finding]) -> Refused {
    let document = answers.document;
    let file = document.text.name.clone();
    if failures.is_empty() {
        return Refused { names: vec![], file };
    }
    let is_in = |pointer: &str| {
        document.root.at(pointer).is_some_and(|node| {
            let (start, end) =
                (document.text.position(node.span.start), document.text.position(node.span.end));
            let places = failures.iter().filter_map(|finding| finding.place.as_ref());
            let mut ranges = places.filter(|place| place.file == file).filter_map(|place| place.range);
            ranges.any(|range| {
                let at = (range.line, range.column);
                (start.line, start.column) <= at && at <= (end.line, end.column)
            })
        })
    };
    let is_given = |name: &str| answers.inputs.get(name).is_some();
    let inputs = standard.blueprint.model.inputs.keys().map(|name| name.as_str());
    let inputs = inputs.filter(|name| !is_given(name) || is_in(&child("/inputs", name)));
    let overrides = answers.overrides.keys().map(|name| name.as_str());
    let overrides = overrides.filter(|name| is_in(&child("/overrides", name)));
    let is_list = |name: &str| {
        let kind = standard.inputs.schema["properties"][name].get("type");
        kind.and_then(Json::as_str) == Some("array")
    };
    let names = inputs.chain(overrides).map(|name| (name.to_owned(), is_list(name))).collect();
    Refused { names, file }
}

impl Refused {
    /// Whether an expression, or the line it stands in, uses one of the values.
    fn is_used_in(&self, text: &str) -> bool {
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let uses = |word: &str| text.match_indices(word).any(|(at, _)| ends(&text[at + word.len()..]));
        self.names.iter().any(|(name, is_list)| {
            uses(&format!("values.{name}")) || (*is_list && (uses("unit") || uses(name)))
        })
    }

    /// Takes away what only follows from the refused values: it stands in other files and uses them.
    pub(super) fn forgive(&self, failures: &mut Vec<Finding>) {
        if self.names.is_empty() {
            return;
        }
        failures.retain(|finding| {
            let follows = |place: &Place| place.file != self.file && self.is_used_in(&place.excerpt);
            !finding.place.as_ref().is_some_and(follows)
        });
    }
}

/// The rule of a question whose own expression cannot be evaluated.
const UNASKED: &str = "unresolved";

/// Checks jig's own words on the answers: `within`, `enum_from`; collects what must be unique.
pub(super) fn check_answers(
    fleet: &Fleet,
    standard: &Standard,
    site: &str,
    answers: &Answers<'_>,
    scope: &Scope,
    refused: &Refused,
    failures: &mut Vec<Finding>,
) -> Vec<Claim> {
    let document = answers.document;
    for answer in standard.inputs.annotated(answers.inputs) {
        let pointer = format!("/inputs{}", answer.pointer);
        let name = crate::source::parse_pointer(&answer.pointer).next().unwrap_or_default();
        let owner = standard.blueprint.model.inputs.get(name.as_str()).map(|input| input.owner.to_string());
        let word = |key: &str| answer.schema.get(key).and_then(Json::as_str);
        let place = || Place::value(document, &pointer);
        let mut fail = |finding: Finding, word: &str| {
            let finding = if finding.rule == UNASKED {
                // The question itself is wrong, whatever is answered.
                let asked = Place::value(&standard.blueprint.document, &child(&answer.asked, word));
                finding.at(asked).see(place(), "answered here")
            } else {
                finding.at(place())
            };
            failures.push(match &owner {
                Some(owner) => finding.owned_by(owner.clone()),
                None => finding,
            });
        };
        if let Some(networks) = word("within")
            && !refused.is_used_in(networks)
            && let Err(finding) = check_within(answer.value, networks, scope)
        {
            fail(finding, "within");
        }
        if let Some(list) = word("enum_from")
            && let Err(finding) = check_enum(fleet, answer.value, list, scope)
        {
            fail(finding, "enum_from");
        }
    }
    claims(standard, site, answers.inputs, document)
}

/// What a line's answers claim for it alone.
pub(super) fn claims(standard: &Standard, site: &str, inputs: &Json, document: &Document) -> Vec<Claim> {
    if !standard.inputs.has_unique {
        return vec![];
    }
    let mut claims = vec![];
    for answer in standard.inputs.annotated(inputs) {
        let Some(reach) = answer.schema.get("unique").and_then(Json::as_str) else { continue };
        let path: Vec<String> = crate::source::parse_pointer(&answer.pointer)
            .filter(|token| !token.bytes().all(|b| b.is_ascii_digit()))
            .collect();
        let owner = path.first().and_then(|name| standard.blueprint.model.inputs.get(name.as_str()));
        let shown = answer.value.as_str().map_or_else(|| answer.value.to_string(), canonical);
        let within = if reach == "site" { site } else { "" };
        claims.push(Claim {
            key: format!("{within}\0{}\0{shown}", path.join(".")),
            place: Place::value(document, &format!("/inputs{}", answer.pointer)),
            owner: owner.map(|input| input.owner.to_string()),
        });
    }
    claims
}

/// Addresses are the same however they are spelt.
fn canonical(text: &str) -> String {
    text.parse::<IpNet>()
        .map(|net| net.trunc().to_string())
        .or_else(|_| text.parse::<IpAddr>().map(|address| address.to_string()))
        .unwrap_or_else(|_| text.to_owned())
}

fn networks_of(value: &Value) -> Option<Vec<IpNet>> {
    let one = |value: &Value| -> Option<IpNet> {
        let text = value.as_str()?;
        text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()
    };
    match value.as_str() {
        Some(_) => Some(vec![one(value)?]),
        None => value.try_iter().ok()?.map(|item| one(&item)).collect(),
    }
}

fn check_within(answer: &Json, expression: &str, scope: &Scope) -> Result<(), Finding> {
    let Some(text) = answer.as_str() else { return Ok(()) };
    let rule = "outside-network";
    let networks = evaluate(expression, scope).map_err(|error| {
        Finding::error(UNASKED, format!("cannot tell the network that {text} must lie in: {error}"))
            .next(format!("`within: {expression}` must name a network"))
    })?;
    let Some(networks) = networks_of(&networks) else {
        return Err(Finding::error(UNASKED, format!("`{expression}` is no network: {networks}"))
            .next("name a network, or a list of them"));
    };
    let Some(inner) = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok() else {
        return Ok(()); // not an address at all: the schema has said so
    };
    if networks.iter().any(|net| net.contains(&inner)) {
        return Ok(());
    }
    let list: Vec<_> = networks.iter().map(ToString::to_string).collect();
    let message = format!("{text} is not in {} ({expression})", list.join(", "));
    Err(Finding::error(rule, message).next(format!("choose an address in {}", list.join(" or "))))
}

/// Says that an answer lies outside the network of its `within`, where that network can be told already.
pub fn outside(answer: &Json, expression: &str, scope: &Scope) -> Option<String> {
    networks_of(&evaluate(expression, scope).ok()?)?;
    check_within(answer, expression, scope).err().map(|finding| finding.message)
}

/// Returns the words that `enum_from` allows.
pub fn enum_words(fleet: &Fleet, list: &str, scope: &Scope) -> Result<Vec<String>, String> {
    let of = |keys: Vec<String>| Ok(keys);
    match list {
        "equipment" => of(fleet.equipment.types.keys().map(ToString::to_string).collect()),
        "profiles" => of(fleet.equipment.profiles.keys().map(ToString::to_string).collect()),
        "roles" => of(fleet.enterprise.roles.keys().map(ToString::to_string).collect()),
        "systems" => of(fleet.enterprise.systems.keys().map(ToString::to_string).collect()),
        "metrics" => of(fleet.metrics.metrics.keys().map(ToString::to_string).collect()),
        "goals" => of(fleet.goals.goals.keys().map(ToString::to_string).collect()),
        expression => {
            let value = evaluate(expression, scope)?;
            let is_map = value.kind() == minijinja::value::ValueKind::Map;
            let items = value.try_iter().map_err(|_| format!("`{expression}` is no list"))?;
            let id = |item: Value| {
                if is_map {
                    item
                } else {
                    item.get_attr("id").ok().filter(|id| !id.is_undefined()).unwrap_or(item)
                }
            };
            Ok(items.map(|item| id(item).to_string()).collect())
        }
    }
}

fn check_enum(fleet: &Fleet, answer: &Json, list: &str, scope: &Scope) -> Result<(), Finding> {
    let rule = "unknown-reference";
    let words = enum_words(fleet, list, scope).map_err(|error| {
        Finding::error(UNASKED, format!("cannot tell what is allowed here: {error}"))
            .next(format!("`enum_from: {list}` must name a list"))
    })?;
    let answer = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
    if words.contains(&answer) {
        return Ok(());
    }
    let home =
        if list == "equipment" { "equipment.yaml has no type".into() } else { format!("{list} has no") };
    let near = nearest(&answer, words.iter().map(String::as_str));
    let next = near.map_or_else(
        || format!("use one of {}", words.iter().take(12).cloned().collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    Err(Finding::error(rule, format!("{home} `{answer}`")).next(next))
}
