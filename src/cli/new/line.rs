//! `jig new line`: the answers of one line, or of many from a spreadsheet.

use super::super::questions::{Question, ask};
use super::super::session::Session;
use super::super::{Failure, Outcome, Run, init, write};
use super::proposals::Neighbours;
use super::{csv, fleet, yaml};
use crate::finding::{Finding, Level};
use crate::load::schema::FileKind;
use crate::load::{Fleet, Loaded, Standard, is_id, nearest, read_text};
use crate::model::{Line, Scope as Kind};
use crate::resolve::expression::{Scope, Value, to_value};
use crate::resolve::plan::Plan;
use crate::resolve::{Resolver, enum_words, scope_of_answers};
use clap::Args;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
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

/// A line that is about to be written.
pub(super) struct Draft {
    pub(super) site: String,
    pub(super) line: String,
    pub(super) area: String,
    pub(super) goal: Option<String>,
    pub(super) window: Option<String>,
    pub(super) inputs: Map<String, Json>,
}

impl Draft {
    pub(super) fn path(&self) -> String {
        format!("sites/{}/lines/{}.yaml", self.site, self.line)
    }

    fn address(&self) -> String {
        format!("{}/{}", self.site, self.line)
    }

    fn text(&self, standard: &Standard) -> String {
        let mut out = init::editor_line(&standard.reference(), 3);
        out.push_str(&yaml::member(0, "area", &Json::String(self.area.clone())));
        out.push_str(&yaml::member(0, "blueprint", &Json::String(standard.reference())));
        for (key, value) in [("goal", &self.goal), ("window", &self.window)] {
            if let Some(value) = value {
                out.push_str(&yaml::member(0, key, &Json::String(value.clone())));
            }
        }
        if !self.inputs.is_empty() {
            out.push_str("inputs:\n");
            // In the order of the blueprint's questions, so that every line file reads alike.
            let asked = standard.blueprint.model.inputs.keys().map(|name| name.as_str());
            let known: Vec<&str> = asked.filter(|name| self.inputs.contains_key(*name)).collect();
            let others = self.inputs.keys().map(String::as_str).filter(|name| !known.contains(name));
            for name in known.iter().copied().chain(others) {
                out.push_str(&yaml::member(2, name, &self.inputs[name]));
            }
        }
        out
    }
}

/// What checking drafts needs.
pub(super) struct Desk<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) resolver: Resolver<'a>,
    pub(super) standard: Arc<Standard>,
    /// Answers that must be unique: by whom they were given.
    claims: BTreeMap<String, String>,
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
                || crate::report::json_object("new"),
                || "nothing was written".to_owned(),
            )?;
            return Ok(Outcome::Findings);
        }
        for finding in &own {
            session.say(&format!("{}: {}", finding.message, finding.next));
        }
        again(&desk, &mut draft, &own)?;
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

/// Asks for what is missing, or lists it.
fn complete(session: &Session, desk: &Desk<'_>, draft: &mut Draft) -> Result<(), Failure> {
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

impl Draft {
    fn copy(&self) -> Self {
        Self {
            site: self.site.clone(),
            line: self.line.clone(),
            area: self.area.clone(),
            goal: self.goal.clone(),
            window: self.window.clone(),
            inputs: self.inputs.clone(),
        }
    }
}

/// Asks again for what was wrong.
fn again(desk: &Desk<'_>, draft: &mut Draft, findings: &[Finding]) -> Result<(), Failure> {
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

/// What checking a draft gave.
pub(super) struct Checked {
    pub(super) text: String,
    pub(super) plan: Option<Plan>,
    pub(super) findings: Vec<Finding>,
    claims: Vec<String>,
}

impl Checked {
    /// Findings that only the line's own answers can mend.
    pub(super) fn own_findings<'a>(&'a self, draft: &Draft) -> impl Iterator<Item = &'a Finding> {
        let path = draft.path();
        self.findings.iter().filter(move |finding| {
            finding.level == Level::Error && finding.place.as_ref().is_some_and(|place| *place.file == *path)
        })
    }
}

impl Desk<'_> {
    /// Resolves a draft in memory, as if it was on disk.
    pub(super) fn check(&self, draft: &Draft) -> Checked {
        let path = draft.path();
        let text = draft.text(&self.standard);
        let mut findings = vec![];
        let loaded: Option<Loaded<Line>> = read_text(&path, &text, FileKind::Line, &mut findings);
        if let Some(loaded) = &loaded {
            findings.extend(self.fleet.check_line(&loaded.document));
        }
        let site = self.resolver.site(&draft.site);
        let mut claimed = vec![];
        let plan = match self.resolver.line_from(&site, &draft.line, loaded, findings) {
            Ok(mut plan) => {
                for claim in std::mem::take(&mut plan.claims) {
                    if let Some(other) = self.claims.get(&claim.key) {
                        let shown = claim.key.rsplit('\0').next().unwrap_or_default();
                        let message = format!("{shown} is already given by {other}; it must be unique");
                        let finding = Finding::error("duplicate-address", message).at(claim.place.clone());
                        plan.failures.push(finding.next("give another answer"));
                    }
                    claimed.push(claim.key);
                }
                Ok(plan)
            }
            Err(findings) => Err(findings),
        };
        match plan {
            Ok(plan) => Checked { text, findings: plan.failures.clone(), plan: Some(plan), claims: claimed },
            Err(findings) => Checked { text, findings, plan: None, claims: claimed },
        }
    }

    /// Keeps a draft's answers from being given again.
    pub(super) fn take(&mut self, draft: &Draft, checked: &Checked) {
        for claim in &checked.claims {
            self.claims.insert(claim.clone(), draft.address());
        }
    }
}

fn claims(resolver: &Resolver<'_>, fleet: &Fleet) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for site in &fleet.sites {
        for line in &site.lines {
            for claim in resolver.claims(&site.id, line) {
                all.insert(claim.key, format!("{}/{}", site.id, line.id));
            }
        }
    }
    all
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
    let paths = plan.flows.len();
    if open.is_empty() {
        return vec![format!(
            "{paths} paths, all covered by standing decisions {}; 0 decisions needed",
            decisions.join(", ")
        )];
    }
    let mut out = vec![format!("{paths} paths; before they render:")];
    out.extend(open.iter().map(|finding| {
        let who = finding.owner.as_deref().map(|owner| format!(" ({owner})")).unwrap_or_default();
        format!("  {}{who}; {}", finding.message, finding.next)
    }));
    out
}
