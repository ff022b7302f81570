//! `jig new site`.

use super::super::questions::{Question, ask};
use super::super::session::Session;
use super::super::{Failure, Run, init};
use super::{create, fleet, known_role, wrote, yaml};
use crate::finding::Level;
use crate::load::{Fleet, Standard, is_id, strange_zone};
use crate::resolve::Resolver;
use clap::Args;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Starts a site: name, time zone, blueprint and zones
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  jig new site pne --name Pune --timezone Asia/Kolkata --blueprint site-base \\\n    \
                        --set broker_name=pne-broker --set relay_ip=10.50.20.10 \\\n    \
                        --zone idmz=10.50.20.0/24,purdue=3.5,sl_t=2,owner=site-network \\\n    \
                        --zone siteops=10.50.10.0/24,purdue=3,sl_t=2,owner=site-mes \\\n    \
                        --asset siteops/broker=10.50.10.10"
)]
pub(crate) struct NewSite {
    /// Id of the site
    id: String,
    /// Name as people say it
    #[arg(long)]
    name: Option<String>,
    /// IANA time zone
    #[arg(long)]
    timezone: Option<String>,
    /// The standard of the site; without a version the newest
    #[arg(long, value_name = "B[@V]")]
    blueprint: Option<String>,
    /// A zone and its network; behind it what else is known: purdue=3,sl_t=2,owner=ROLE,name=TEXT
    #[arg(long = "zone", value_name = "ZONE=SUBNET[,KEY=VALUE...]")]
    zones: Vec<String>,
    /// A thing with an address in a zone
    #[arg(long = "asset", value_name = "ZONE/ASSET=ADDRESS")]
    assets: Vec<String>,
    /// An answer for the site's blueprint; lists and maps as YAML or JSON
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
}

pub(crate) fn run(session: &mut Session, args: &NewSite) -> Run {
    let fleet = fleet(session)?;
    if !is_id(&args.id) {
        let hint = "lower-case letters, digits and hyphens, 32 at most, a letter first";
        return Err(Failure::new(format!("`{}` is no id for a site", args.id), hint));
    }
    if fleet.sites.iter().any(|site| site.id == args.id) {
        let hint = format!("edit sites/{}/site.yaml", args.id);
        return Err(Failure::new(format!("the site {} is already there", args.id), hint));
    }
    let name = given(session, args.name.as_ref(), "name", "--name", |_| Ok(()))?;
    let timezone = given(
        session,
        args.timezone.as_ref(),
        "timezone (IANA, such as Europe/Berlin)",
        "--timezone",
        is_zone,
    )?;
    is_zone(&timezone).map_err(|why| Failure::new(why, "use an IANA name such as America/Detroit"))?;
    let mut text = init::editor_line("site", 2);
    text.push_str(&yaml::member(0, "name", &json!(name)));
    text.push_str(&yaml::member(0, "timezone", &json!(timezone)));
    if let Some(blueprint) = &args.blueprint {
        let reference = match blueprint.split_once('@') {
            Some(_) => blueprint.clone(),
            None => {
                let version = fleet.standards.newest(blueprint);
                let version = version.ok_or_else(|| {
                    Failure::new(
                        format!("there is no blueprint `{blueprint}`"),
                        "`jig new blueprint` starts one",
                    )
                })?;
                format!("{blueprint}@{version}")
            }
        };
        let standard =
            fleet.standards.get(&reference).map_err(|m| Failure::new(m.message.clone(), m.next.clone()))?;
        text.push_str(&yaml::member(0, "blueprint", &json!(standard.reference())));
        let mut inputs = answers(&args.set, &standard)?;
        if session.is_interactive() {
            ask_missing(&standard, &mut inputs)?;
        }
        all_answered(&standard, &inputs)?;
        if !inputs.is_empty() {
            text.push_str("inputs:\n");
            inputs.iter().for_each(|(name, value)| text.push_str(&yaml::member(2, name, value)));
        }
    }
    text.push_str(&zones_text(&fleet, args)?);
    let path = format!("sites/{}/site.yaml", args.id);
    create(&session.root()?, &path, &text)?;
    let mut steps = outlook(session, &args.id)?;
    if !steps.is_empty() {
        steps.insert(0, format!("before it renders, add to {path}:"));
    }
    steps.push(format!("next: jig new line {}/LINE --blueprint B --area A", args.id));
    wrote(session, &path, &steps)
}

/// What the site that was written still lacks, each thing once.
fn outlook(session: &Session, id: &str) -> Result<Vec<String>, Failure> {
    let fleet = fleet(session)?;
    let resolver = Resolver::new(&fleet, session.today(Some(&fleet)));
    let site = resolver.site(id);
    let findings =
        resolver.site_plan(&site).map_or_else(|| site.facts.failures.clone(), |plan| plan.failures);
    let mut told = BTreeSet::new();
    let errors = findings.into_iter().filter(|finding| finding.level == Level::Error);
    let errors = errors.filter(|finding| told.insert(finding.message.clone()));
    Ok(errors.map(|finding| format!("  {}; {}", finding.message, finding.next)).collect())
}

/// Asks for the answers of the site's blueprint that were not given.
fn ask_missing(standard: &Standard, inputs: &mut BTreeMap<String, Json>) -> Result<(), Failure> {
    for (name, input) in &standard.blueprint.model.inputs {
        if inputs.contains_key(name.as_str()) {
            continue;
        }
        let schema = &standard.inputs.schema["properties"][name.as_str()];
        let why = input.why.as_deref().map(|why| format!("{why} ")).unwrap_or_default();
        let check = |answer: &str| {
            let value = yaml::typed(answer, schema)?;
            standard.inputs.problems(name.as_str(), &value).into_iter().next().map_or(Ok(()), Err)
        };
        let answer = ask(&Question {
            title: name.to_string(),
            why: Some(format!("{why}(answered by {})", input.owner)),
            choices: vec![],
            proposal: None,
            check: Box::new(check),
        })?;
        let value = yaml::typed(&answer, schema).map_err(|why| Failure::new(why, "nothing was written"))?;
        inputs.insert(name.to_string(), value);
    }
    Ok(())
}

/// Lists the answers of the site's blueprint that were not given.
fn all_answered(standard: &Standard, inputs: &BTreeMap<String, Json>) -> Result<(), Failure> {
    let missing: Vec<String> = standard
        .blueprint
        .model
        .inputs
        .iter()
        .filter(|(name, _)| !inputs.contains_key(name.as_str()))
        .map(|(name, input)| {
            let why = input.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            format!("\n  {name} ({}){why}", input.owner)
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("answers for {} are missing:{}", standard.reference(), missing.concat());
    Err(Failure::new(message, "give them with --set NAME=VALUE; nothing was written"))
}

fn answers(set: &[String], standard: &Standard) -> Result<BTreeMap<String, Json>, Failure> {
    let asked: Vec<&str> = standard.blueprint.model.inputs.keys().map(|name| name.as_str()).collect();
    set.iter()
        .map(|text| {
            let (name, value) = pair(text, '=', "NAME=VALUE")?;
            if !asked.contains(&name) {
                let message = format!("{} does not ask for `{name}`", standard.reference());
                return Err(Failure::new(message, format!("it asks for {}", asked.join(", "))));
            }
            let schema = &standard.inputs.schema["properties"][name];
            let bad = |why: String| Failure::new(format!("--set {name}: {why}"), "nothing was written");
            let value = yaml::typed(value, schema).map_err(bad)?;
            if let Some(why) = standard.inputs.problems(name, &value).into_iter().next() {
                return Err(bad(why));
            }
            Ok((name.to_owned(), value))
        })
        .collect()
}

/// What `--zone` may say of a zone besides its network.
const FACTS: &[&str] = &["name", "purdue", "sl_t", "owner"];

/// A zone: its network, and what else is known of it.
fn zone<'a>(fleet: &Fleet, text: &'a str) -> Result<(&'a str, Map<String, Json>), Failure> {
    const FORM: &str = "ZONE=SUBNET[,KEY=VALUE...]";
    let (id, rest) = pair(text, '=', FORM)?;
    let mut parts = rest.split(',');
    let subnet = parts.next().unwrap_or_default();
    if !is_id(id) || subnet.parse::<ipnet::IpNet>().is_err() {
        let hint =
            format!("write it as {FORM}, such as edge=10.50.30.0/24,purdue=3,sl_t=2,owner=site-controls");
        return Err(Failure::new(format!("`{text}` is no zone with its network"), hint));
    }
    let mut value = Map::new();
    value.insert("subnet".into(), json!(subnet));
    for part in parts {
        let (key, fact) = pair(part, '=', "KEY=VALUE")?;
        if !FACTS.contains(&key) {
            let message = format!("`{key}` is nothing that --zone says of a zone");
            return Err(Failure::new(message, format!("it says {}", FACTS.join(", "))));
        }
        if key == "owner" {
            known_role(fleet, fact)?;
        }
        let is_text = matches!(key, "name" | "owner");
        let fact = if is_text { json!(fact) } else { yaml::parsed(fact).unwrap_or_else(|_| json!(fact)) };
        value.insert(key.to_owned(), fact);
    }
    Ok((id, value))
}

fn zones_text(fleet: &Fleet, args: &NewSite) -> Result<String, Failure> {
    let mut zones: BTreeMap<&str, Map<String, Json>> = BTreeMap::new();
    for text in &args.zones {
        let (id, value) = zone(fleet, text)?;
        zones.insert(id, value);
    }
    for text in &args.assets {
        let (asset, address) = pair(text, '=', "ZONE/ASSET=ADDRESS")?;
        let (zone, asset) = pair(asset, '/', "ZONE/ASSET=ADDRESS")?;
        let assets = zones.entry(zone).or_default().entry("assets").or_insert_with(|| json!({}));
        assets[asset] = json!(address);
    }
    if zones.is_empty() {
        return Ok("zones: {}\n".into());
    }
    let mut out = String::from("zones:\n");
    for (id, value) in zones {
        let open: Vec<&str> = ["subnet", "purdue", "sl_t", "owner"]
            .into_iter()
            .filter(|key| !value.contains_key(*key))
            .collect();
        if !open.is_empty() {
            out.push_str(&format!("  # {id}: say also {}\n", open.join(", ")));
        }
        out.push_str(&yaml::member(2, id, &Json::Object(value)));
    }
    Ok(out)
}

fn pair<'a>(text: &'a str, cut: char, form: &str) -> Result<(&'a str, &'a str), Failure> {
    text.split_once(cut)
        .ok_or_else(|| Failure::new(format!("`{text}` is no {form}"), format!("write it as {form}")))
}

fn given(
    session: &Session,
    given: Option<&String>,
    title: &str,
    flag: &str,
    check: fn(&str) -> Result<(), String>,
) -> Result<String, Failure> {
    match given {
        Some(text) => Ok(text.clone()),
        None if session.is_interactive() => {
            let check = move |answer: &str| {
                if answer.is_empty() { Err("an answer is wanted".into()) } else { check(answer) }
            };
            ask(&Question {
                title: title.into(),
                why: None,
                choices: vec![],
                proposal: None,
                check: Box::new(check),
            })
        }
        None => Err(Failure::new(format!("{flag} is missing"), "give it, or run the command on a terminal")),
    }
}

/// The exact name of an IANA time zone.
fn is_zone(text: &str) -> Result<(), String> {
    strange_zone(text).map_or(Ok(()), |next| Err(format!("`{text}` is no IANA time zone; {next}")))
}
