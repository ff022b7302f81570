//! `jig new site`.

use super::super::questions::{Question, ask};
use super::super::session::Session;
use super::super::{Failure, Run, init};
use super::{create, fleet, wrote, yaml};
use crate::load::is_id;
use clap::Args;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Starts a site: name, time zone, blueprint and zones
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  jig new site pne --name Pune --timezone Asia/Kolkata --blueprint site-base \\\n    \
                        --zone edge=10.50.30.0/24 --asset siteops/broker=10.50.10.10"
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
    /// A zone and its network
    #[arg(long = "zone", value_name = "ZONE=SUBNET")]
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
        let inputs = answers(&args.set, &standard.inputs.schema)?;
        all_answered(&standard, &inputs)?;
        if !inputs.is_empty() {
            text.push_str("inputs:\n");
            inputs.iter().for_each(|(name, value)| text.push_str(&yaml::member(2, name, value)));
        }
    }
    text.push_str(&zones_text(args)?);
    let path = format!("sites/{}/site.yaml", args.id);
    create(&session.root()?, &path, &text)?;
    let next = format!("next: jig new line {}/LINE --blueprint B --area A", args.id);
    wrote(session, &path, &[next])
}

/// Lists the answers of the site's blueprint that were not given.
fn all_answered(standard: &crate::load::Standard, inputs: &BTreeMap<String, Json>) -> Result<(), Failure> {
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

fn answers(set: &[String], schema: &Json) -> Result<BTreeMap<String, Json>, Failure> {
    set.iter()
        .map(|text| {
            let (name, value) = pair(text, '=', "NAME=VALUE")?;
            let schema = &schema["properties"][name];
            let value =
                yaml::typed(value, schema).map_err(|why| Failure::new(format!("--set {name}: {why}"), ""))?;
            Ok((name.to_owned(), value))
        })
        .collect()
}

fn zones_text(args: &NewSite) -> Result<String, Failure> {
    let mut zones: BTreeMap<&str, (Option<&str>, BTreeMap<&str, &str>)> = BTreeMap::new();
    for text in &args.zones {
        let (zone, subnet) = pair(text, '=', "ZONE=SUBNET")?;
        zones.entry(zone).or_default().0 = Some(subnet);
    }
    for text in &args.assets {
        let (asset, address) = pair(text, '=', "ZONE/ASSET=ADDRESS")?;
        let (zone, asset) = pair(asset, '/', "ZONE/ASSET=ADDRESS")?;
        zones.entry(zone).or_default().1.insert(asset, address);
    }
    if zones.is_empty() {
        return Ok("zones: {}\n".into());
    }
    let mut out = String::from("zones:\n");
    for (zone, (subnet, assets)) in zones {
        let mut value = serde_json::Map::new();
        value.extend(subnet.map(|subnet| ("subnet".to_owned(), json!(subnet))));
        if !assets.is_empty() {
            value.insert("assets".into(), json!(assets));
        }
        out.push_str(&yaml::member(2, zone, &Json::Object(value)));
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

/// An IANA name: Area/Location, or UTC.
fn is_zone(text: &str) -> Result<(), String> {
    let safe = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
    };
    let good = text == "UTC" || (text.contains('/') && text.split('/').all(safe));
    if good { Ok(()) } else { Err(format!("`{text}` is no IANA time zone")) }
}
