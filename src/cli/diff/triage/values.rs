//! `jig diff adopt` and `jig diff promote`: the deployed value becomes the line's own, or the standard's.
//!
//! Which value makes a difference is found by trying: a value that stands in what is intended is changed so that what
//! is deployed would come out, everything is rendered again, and only where the difference is then gone it was that one.

use super::{Case, Chosen, Promote, What, done};
use crate::cli::new::{known_role, yaml};
use crate::cli::select::select;
use crate::cli::session::Session;
use crate::cli::work::Work;
use crate::cli::{Failure, Run};
use crate::load::{Fleet, Standard};
use crate::resolve::Resolver;
use crate::source::versions::History;
use crate::source::{Text, Tree, child, parse};
use clap::Args;
use rayon::prelude::*;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Writes a deployed value into the line's overrides
///
/// Only where a value that the blueprint lets a line override makes the difference, and only if the line is then in
/// order there.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  jig diff adopt k3m9x2pq --by site-controls --why \"short micro-stops on the labeler\""
)]
pub(in crate::cli::diff) struct Adopt {
    #[command(flatten)]
    chosen: Chosen,
    /// Who decides it for this line [default: the role that may override the value]
    #[arg(long, value_name = "ROLE")]
    by: Option<String>,
    /// Why
    #[arg(long)]
    why: String,
}

pub(super) fn adopt(session: &Session, args: &Adopt) -> Run {
    let case = Case::open(session, &args.chosen)?;
    let tried = Tried::new(&case)?;
    let (site, line) = case.line()?;
    let path = format!("sites/{site}/lines/{line}.yaml");
    let old = read(&case.fleet, &path)?;
    for (name, value) in tried.candidates(&["defaults"]) {
        let default =
            tried.standard.blueprint.model.defaults.iter().find(|(known, _)| known.as_str() == name);
        let by = args.by.clone().or_else(|| default?.1.override_by.as_ref().map(ToString::to_string));
        let Some(by) = by else {
            return Err(Failure::new("nobody is named who decides it", "name the role: --by ROLE"));
        };
        known_role(&case.fleet, &by)?;
        let setting = json!({ "value": value, "by": by, "why": args.why });
        let Some(new) = with_override(&old, &name, &setting) else { continue };
        let Ok(after) = case.again(&What::File(&path, &new)) else { continue };
        if !case.outcome(&after).0 {
            continue;
        }
        case.write(&path, &new)?;
        let mut said = vec![format!("{}: {name} is {} from now on", case.address(), yaml::literal(&value))];
        said.extend(case.to_roll_out(&after));
        said.push("next: review the change, then `jig render`".to_owned());
        let object = Map::from_iter([("value".to_owned(), json!(name)), ("to".to_owned(), value)]);
        return done(session, "adopt", Some(&path), &case, object, &said);
    }
    Err(tried.nothing("no value that the line may override makes this difference"))
}

pub(in crate::cli::diff) fn promote(session: &Session, args: &Promote) -> Run {
    let case = Case::open(session, &args.chosen)?;
    let tried = Tried::new(&case)?;
    let standard = &tried.standard;
    let path = format!("{}/blueprint.yaml", standard.folder);
    if standard.folder.is_empty() || standard.blueprint.document.text.name.as_ref() != path {
        let message =
            format!("{} is read from its git tag; a released version never changes", standard.reference());
        return Err(Failure::new(message, "make the change in a new version of the blueprint"));
    }
    if let Ok(Some(history)) = History::open(&case.root)
        && history.versions_of(&standard.id).contains(&standard.version)
    {
        let message = format!("{} is released; a released version never changes", standard.reference());
        return Err(Failure::new(message, format!("raise `version` in {path} first")));
    }
    let old = read(&case.fleet, &path)?;
    for (name, value) in tried.candidates(&["defaults", "fixed"]) {
        let Some(new) = with_default(&old, &name, &value) else { continue };
        let Ok(after) = case.again(&What::File(&path, &new)) else { continue };
        if !case.outcome(&after).0 {
            continue;
        }
        let others = others(&case, &path, &new)?;
        let mut said = vec![format!("{}: {name} becomes {}", standard.reference(), yaml::literal(&value))];
        said.extend(match others.len() {
            0 => vec!["no other line is rendered differently".to_owned()],
            n => std::iter::once(format!(
                "{n} other line{} rendered differently:",
                if n == 1 { " is" } else { "s are" }
            ))
            .chain(others.iter().map(|(address, files)| format!("  {address}  {}", files.join(", "))))
            .collect(),
        });
        said.extend(case.to_roll_out(&after));
        said.push("next: review the change with the owners of these lines, then `jig render`".into());
        if !args.dry_run {
            case.write(&path, &new)?;
        }
        let lines: Vec<Json> =
            others.iter().map(|(address, files)| json!({ "address": address, "files": files })).collect();
        let object = Map::from_iter([
            ("value".to_owned(), json!(name)),
            ("to".to_owned(), value),
            ("others".to_owned(), json!(lines)),
        ]);
        return done(session, "promote", Some(path.as_str()).filter(|_| !args.dry_run), &case, object, &said);
    }
    Err(tried.nothing("no default or fixed value of the blueprint makes this difference"))
}

/// The values of a line, to be tried.
struct Tried<'a> {
    case: &'a Case,
    standard: Arc<Standard>,
    values: BTreeMap<String, Json>,
    intended: Json,
    deployed: Json,
}

impl<'a> Tried<'a> {
    fn new(case: &'a Case) -> Result<Self, Failure> {
        case.must_differ()?;
        let (site, line) = case.line()?;
        let drift = case.drift();
        let (Some(intended), Some(deployed)) = (drift.intended.clone(), case.sealed().open().cloned()) else {
            let message = if case.sealed().is_secret() {
                format!("{} is a secret; a secret is no value of a line", case.place())
            } else {
                format!("{} is {}: there is no value to carry over", case.place(), drift.kind.as_str())
            };
            return Err(Failure::new(message, tip(case)));
        };
        let unknown =
            || Failure::new(format!("{} cannot be resolved", case.address()), "`jig validate` says why");
        let resolver = Resolver::new(&case.fleet, case.as_of);
        let entry = case.fleet.sites.iter().find(|entry| entry.id == site);
        let entry =
            entry.and_then(|entry| entry.lines.iter().find(|entry| entry.id == line)).ok_or_else(unknown)?;
        let plan = resolver.line(&resolver.site(site), entry).map_err(|_| unknown())?;
        let json =
            |value: &crate::resolve::expression::Value| serde_json::to_value(value).unwrap_or_default();
        let values = plan.values.iter().map(|(name, value)| (name.clone(), json(&value.value))).collect();
        Ok(Self { case, standard: plan.standard.clone(), values, intended, deployed })
    }

    /// Names of values, and what each would have to be.
    fn candidates(&self, layers: &[&str]) -> Vec<(String, Json)> {
        let model = &self.standard.blueprint.model;
        let defaults =
            model.defaults.keys().filter(|_| layers.contains(&"defaults")).map(|name| name.as_str());
        let fixed = model.fixed.keys().filter(|_| layers.contains(&"fixed")).map(|name| name.as_str());
        let of_name = |name: &str| -> Vec<(String, Json)> {
            let Some(own) = self.values.get(name) else { return vec![] };
            let found = candidates(own, &self.intended, &self.deployed).into_iter();
            found.map(|value| (name.to_owned(), value)).collect()
        };
        defaults.chain(fixed).flat_map(of_name).collect()
    }

    fn nothing(&self, why: &str) -> Failure {
        Failure::new(format!("{}: {why}", self.case.place()), tip(self.case))
    }
}

fn tip(case: &Case) -> String {
    let id = &case.drift().id;
    format!(
        "change the blueprint's template, accept it (`jig diff accept {id}`), or put it back (`jig diff revert {id}`)"
    )
}

/// What a value would have to be, so that what is deployed comes out where the intended stands.
fn candidates(own: &Json, intended: &Json, deployed: &Json) -> Vec<Json> {
    let mut out = vec![];
    if own == intended {
        out.push(deployed.clone());
    }
    let text = |value: &Json| match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        _ => None,
    };
    if let (Some(own_text), Some(intended), Some(deployed)) = (text(own), text(intended), text(deployed)) {
        for (at, _) in intended.match_indices(&own_text).filter(|_| !own_text.is_empty()) {
            let (head, tail) = (&intended[..at], &intended[at + own_text.len()..]);
            let middle = deployed.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
            out.extend(middle.and_then(|middle| of_type(own, middle)));
        }
    }
    // A number that the template multiplies, such as hours that become seconds.
    if let (Some(own), Some(intended), Some(deployed)) = (own.as_i64(), intended.as_i64(), deployed.as_i64())
        && let Some(scaled) = own.checked_mul(deployed)
        && intended != 0
        && scaled % intended == 0
    {
        out.push(json!(scaled / intended));
    }
    out.dedup();
    out.retain(|value| value != own);
    out
}

/// Reads a text as a value of the same type.
fn of_type(own: &Json, text: &str) -> Option<Json> {
    match own {
        Json::String(_) => Some(json!(text)),
        Json::Bool(_) => text.parse::<bool>().ok().map(Json::from),
        Json::Number(_) => serde_json::from_str::<serde_json::Number>(text).ok().map(Json::Number),
        _ => None,
    }
}

fn read(fleet: &Fleet, path: &str) -> Result<String, Failure> {
    let text = fleet.tree.text(path, path);
    text.map(|text| text.content).map_err(|error| Failure::new(error.to_string(), "nothing was written"))
}

/// A line's file with an override in it; none where that cannot be done without touching anything else.
fn with_override(old: &str, name: &str, setting: &Json) -> Option<String> {
    let document = parse(Arc::new(Text::new("", old.to_owned()))).ok()?;
    let written = yaml::literal(setting);
    let at = child("/overrides", name);
    let new = if let Some(node) = document.root.at(&at) {
        splice(old, node.span, &written)
    } else if let Some(overrides) = document.root.at("/overrides").filter(|node| !node.to_json().is_null()) {
        let names = overrides.to_json();
        let first = names.as_object()?.keys().next().map(|first| child("/overrides", first));
        match first.and_then(|first| document.root.key_span(&first)) {
            Some(first) => {
                let start = old[..first.start as usize].rfind('\n').map_or(0, |end| end + 1);
                let indent = &old[start..first.start as usize];
                format!("{}{indent}{name}: {written}\n{}", &old[..start], &old[start..])
            }
            None => splice(old, overrides.span, &format!("{{ {name}: {written} }}")),
        }
    } else {
        let end = if old.ends_with('\n') { "" } else { "\n" };
        format!("{old}{end}overrides:\n  {name}: {written}\n")
    };
    let mut expected = document.root.to_json();
    let overrides = expected.as_object_mut()?.entry("overrides").or_insert_with(|| json!({}));
    if overrides.is_null() {
        *overrides = json!({});
    }
    overrides.as_object_mut()?.insert(name.to_owned(), setting.clone());
    (yaml::parsed(&new).ok()? == expected).then_some(new)
}

/// A blueprint's file with another default or fixed value; none where that cannot be done without touching anything else.
fn with_default(old: &str, name: &str, value: &Json) -> Option<String> {
    let document = parse(Arc::new(Text::new("", old.to_owned()))).ok()?;
    let places = [child(&child("/defaults", name), "value"), child("/fixed", name)];
    let (place, node) = places.iter().find_map(|place| Some((place, document.root.at(place)?)))?;
    let new = splice(old, node.span, &yaml::literal(value));
    let mut expected = document.root.to_json();
    *expected.pointer_mut(place)? = value.clone();
    (yaml::parsed(&new).ok()? == expected).then_some(new)
}

fn splice(old: &str, span: crate::source::Span, new: &str) -> String {
    format!("{}{new}{}", &old[..span.start as usize], &old[span.end as usize..])
}

/// The other lines that are rendered differently with a changed file, and which files of theirs.
fn others(case: &Case, path: &str, new: &str) -> Result<Vec<(String, Vec<String>)>, Failure> {
    let tree = Tree::folder(&case.root).with(path, new.as_bytes().to_vec());
    let (changed, _) = Fleet::load(tree, Some(case.root.clone()));
    let changed =
        changed.ok_or_else(|| Failure::new("the changed fleet cannot be read", "nothing was written"))?;
    let (before, after) = (digests(&case.fleet, case)?, digests(&changed, case)?);
    let mut out = vec![];
    for (address, files) in &after {
        if address == case.address() {
            continue;
        }
        let old = before.get(address);
        let differs = |path: &&String| old.and_then(|old| old.get(*path)) != files.get(*path);
        let differing: Vec<String> = files.keys().filter(differs).cloned().collect();
        if !differing.is_empty() {
            out.push((address.clone(), differing));
        }
    }
    Ok(out)
}

type Digests = BTreeMap<String, BTreeMap<String, String>>;

fn digests(fleet: &Fleet, case: &Case) -> Result<Digests, Failure> {
    let work = Work::new(fleet, case.as_of, None);
    let of_site = |selected: &crate::cli::select::Selected<'_>| {
        let done = work.site(selected, |evaluated| {
            let files = evaluated.rendered.as_ref().map(Vec::as_slice).unwrap_or_default();
            let digests = files.iter().map(|file| (file.path.clone(), file.digest.clone()));
            (evaluated.address.clone(), digests.collect::<BTreeMap<_, _>>())
        });
        done.results
    };
    Ok(select(fleet, &[])?.par_iter().flat_map_iter(of_site).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_what_it_became() {
        assert_eq!(candidates(&json!(500), &json!("500ms"), &json!("250ms")), [json!(250)]);
        assert_eq!(candidates(&json!(72), &json!(259_200), &json!(172_800)), [json!(48)]);
        assert_eq!(candidates(&json!("en"), &json!("en"), &json!("de")), [json!("de")]);
        assert!(candidates(&json!(500), &json!("500ms"), &json!("2s")).is_empty());
    }

    #[test]
    fn an_override_is_written_without_touching_the_rest() {
        let setting = json!({ "value": 7, "by": "x", "why": "y z" });
        for old in [
            "area: a # c\n",
            "area: a\noverrides: {}\n",
            "area: a\noverrides:\n  # why\n  b: { value: 1 }\nwindow: w\n",
            "area: a\noverrides:\n  v: { value: 1, by: q, why: r }\n",
            "area: a\noverrides:\n",
        ] {
            let new = with_override(old, "v", &setting);
            if old.ends_with("overrides:\n") {
                continue; // said honestly: the file is left alone
            }
            let new = new.unwrap_or_else(|| panic!("{old}"));
            assert!(new.contains("v: { value: 7, by: x, why: y z }"), "{new}");
            assert!(old.lines().filter(|line| line.contains('#')).all(|line| new.contains(line)), "{new}");
        }
    }

    #[test]
    fn a_default_is_changed_in_its_place() {
        let old = "version: 1.0.0\ndefaults:\n  n: { value: 5, type: integer } # here\nfixed: { s: a }\n";
        assert!(
            with_default(old, "n", &json!(6))
                .is_some_and(|new| new.contains("{ value: 6, type: integer } # here"))
        );
        assert!(with_default(old, "s", &json!("b")).is_some_and(|new| new.ends_with("fixed: { s: b }\n")));
        assert!(with_default(old, "x", &json!("b")).is_none());
    }
}
