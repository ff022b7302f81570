//! `jig capture`: a blueprint out of what runs, with the proof that it gives back every byte.

use super::session::Session;
use super::{Failure, Outcome, Run, init, schema, write};
use crate::capture::report::Report;
use crate::capture::{self, Draft, Instance, Known, Mismatches, Options, Question};
use crate::finding::Finding;
use crate::load::schema::FORMATS;
use crate::load::{Address, Fleet};
use crate::render::Renderer;
use crate::report::Captured;
use crate::resolve::Resolver;
use crate::source::{Content, Node, Text, Tree};
use clap::Args;
use globset::{Glob, GlobSet, GlobSetBuilder};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Turns lines that run, or one pilot, into a blueprint
///
/// Each DIR holds the files of one line, or is a folder of such folders. What differs becomes inputs, what follows
/// from them expressions; and rendering the result gives back every file byte for byte, or nothing is written.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  jig capture deployed/grr/* --as packaging-line -o captured\n  jig capture pilot --as \
                        packaging-line --values known.yaml    one pilot, and what is known of it"
)]
pub(crate) struct Capture {
    /// Folders, one per line
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// The id of the blueprint
    #[arg(long = "as", value_name = "BLUEPRINT")]
    blueprint: String,
    /// The fleet to write to [default: the fleet here, else this folder]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// One pilot: what is known to belong to it (site, line, area, subnets, hosts ...), as YAML
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    /// Asks whether other places mean a known value; NAME,... or `all` says yes to these
    #[arg(long, value_name = "NAME,...", requires = "values", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    confirm: Option<String>,
    /// Leaves out files or lines, as a glob; may be given several times
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Gives a value another name; may be given several times
    #[arg(long, value_name = "OLD=NEW")]
    rename: Vec<String>,
    /// Bits of evidence that a relation needs
    #[arg(long, value_name = "BITS", default_value_t = 12.0)]
    min_evidence: f64,
    /// The area of the lines [default: the pilot's, else `area`]
    #[arg(long, value_name = "AREA")]
    area: Option<String>,
    /// The role that owns what nobody owns yet [default: the first of jig.yaml]
    #[arg(long, value_name = "ROLE")]
    owner: Option<String>,
    /// Writes nothing; says what was found
    #[arg(long)]
    dry_run: bool,
}

/// Where the result goes, and what stands there already.
struct Home {
    root: PathBuf,
    /// jig.yaml as it is, or as it will be.
    enterprise: String,
    is_new: bool,
    /// site.yaml by site.
    sites: BTreeMap<String, String>,
    owner: String,
}

pub(crate) fn run(session: &mut Session, args: &Capture) -> Run {
    if !crate::load::is_id(&args.blueprint) {
        let message = format!("`{}` cannot be the id of a blueprint", args.blueprint);
        return Err(Failure::new(message, "use lower case letters, digits and hyphens, at most 32"));
    }
    let known = args.values.as_deref().map(|file| known_values(session, file)).transpose()?;
    let instances = read(args, known.as_deref())?;
    let home = Home::find(session, args, &instances)?;
    let options = options(args, &home, known.as_deref())?;
    let as_of = session.today(None);
    let mut prove = |draft: &Draft| home.prove(draft, as_of);
    let captured = match &known {
        Some(known) => {
            let answers = Answers::new(session, args.confirm.as_deref())?;
            let mut answer = |question: &Question| answers.give(question);
            capture::capture_pilot(&instances[0], known, &options, &mut answer, &mut prove)
        }
        None => capture::capture(&instances, &options, &mut prove),
    };
    let mut report = captured.report;
    if let Some(unknown) = args.rename.iter().find(|pair| !is_known(pair, &report)) {
        let message = format!("--rename {unknown}: no value has that name, or the new one is taken");
        return Err(Failure::new(message, "`--dry-run` lists the names"));
    }
    let mut written = vec![];
    let is_proven = report.refused.is_none() && report.mismatches.is_empty();
    if is_proven && !args.dry_run {
        written = home.write(&captured.draft)?;
    }
    let shows_metrics = instances.iter().flat_map(|i| i.files.keys()).any(|path| {
        let path = path.to_lowercase();
        ["dashboard", "grafana", "alert"].iter().any(|word| path.contains(word))
    });
    report.add_needs(&home.owner, home.is_new, shows_metrics);
    let fleet = home.root.display().to_string();
    let captured = Captured { report: &report, blueprint: &args.blueprint, fleet: &fleet, written: &written };
    session.emit(|format, style| format.capture.map_or_else(String::new, |draw| draw(&captured, style)))?;
    Ok(if is_proven { Outcome::InOrder } else { Outcome::Findings })
}

fn is_known(pair: &str, report: &Report) -> bool {
    let new = pair.split_once('=').map_or("", |(_, new)| new);
    report.inputs.iter().filter(|input| input.name == new).count() == 1
}

fn options(args: &Capture, home: &Home, known: Option<&[Known]>) -> Result<Options, Failure> {
    let mut rename = BTreeMap::new();
    for pair in &args.rename {
        let parts = pair.split_once('=').filter(|(_, new)| is_value_name(new));
        let (old, new) = parts.ok_or_else(|| {
            Failure::new(
                format!("--rename {pair} is not OLD=NEW"),
                "a name is lower case letters, digits and _",
            )
        })?;
        rename.insert(old.to_owned(), new.to_owned());
    }
    let pilot = known.and_then(|known| known.iter().find(|known| known.name == "area"));
    let area =
        args.area.clone().or_else(|| pilot.map(|area| area.value.clone())).unwrap_or_else(|| "area".into());
    if !crate::load::is_id(&area) {
        return Err(Failure::new(format!("`{area}` cannot be the id of an area"), "name one with --area"));
    }
    Ok(Options {
        blueprint: args.blueprint.clone(),
        owner: home.owner.clone(),
        area,
        evidence: args.min_evidence,
        rename,
    })
}

fn is_value_name(name: &str) -> bool {
    name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Reads what is known of a pilot: names and values; nested maps lend their names.
fn known_values(session: &Session, file: &Path) -> Result<Vec<Known>, Failure> {
    let text = session.read_file(file)?;
    let name = file.display().to_string();
    let document = crate::source::parse(Arc::new(Text::new(name.as_str(), text)))
        .map_err(|_| Failure::new(format!("`{name}` is not YAML"), "write `name: value` lines"))?;
    let mut known = vec![];
    collect(&document.root, "", &mut known);
    if known.is_empty() {
        return Err(Failure::new(format!("`{name}` holds no values"), "write `name: value` lines"));
    }
    Ok(known)
}

fn collect(node: &Node, name: &str, known: &mut Vec<Known>) {
    let join = |inner: &str| {
        let outer = name.strip_suffix('s').unwrap_or(name);
        if name.is_empty() { inner.to_owned() } else { format!("{inner}_{outer}") }
    };
    match &node.content {
        Content::Map(members) => {
            members.iter().for_each(|member| collect(&member.node, &join(&member.key), known));
        }
        Content::Seq(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(at, item)| collect(item, &format!("{name}_{}", at + 1), known));
        }
        Content::Str(text) => known.push(Known { name: name.to_owned(), value: text.to_string() }),
        _ => {
            let value = node.to_json();
            if !value.is_null() {
                known.push(Known { name: name.to_owned(), value: value.to_string() });
            }
        }
    }
}

/// Answers to questions about a pilot.
struct Answers {
    all: bool,
    names: BTreeSet<String>,
    asks: bool,
}

impl Answers {
    fn new(session: &Session, confirm: Option<&str>) -> Result<Self, Failure> {
        let names: BTreeSet<String> = confirm
            .unwrap_or_default()
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        let asks = confirm == Some("");
        if asks && !session.is_interactive() {
            let hint =
                "without one, --confirm=NAME,... or --confirm=all answers; --dry-run lists the questions";
            return Err(Failure::new("--confirm asks on a terminal, and there is none", hint));
        }
        Ok(Self { all: names.contains("all"), names, asks })
    }

    fn give(&self, question: &Question) -> bool {
        if !self.asks {
            return self.all || self.names.contains(&question.name);
        }
        let asked = super::questions::Question {
            title: format!("is `{}` in these places the {}?", question.text, question.name),
            why: Some(question.places.iter().take(8).map(|place| format!("  {place}\n")).collect()),
            choices: vec!["no".into(), "yes".into()],
            proposal: Some("no".into()),
            check: Box::new(|_| Ok(())),
        };
        super::questions::ask(&asked).is_ok_and(|answer| answer == "yes")
    }
}

/// Reads the instances.
fn read(args: &Capture, known: Option<&[Known]>) -> Result<Vec<Instance>, Failure> {
    let excluded = globs(&args.exclude)?;
    let mut folders: Vec<PathBuf> = args.folders.clone();
    if known.is_none() && folders.len() == 1 {
        folders = inside(&folders[0], &excluded)?;
    }
    if known.is_some() && folders.len() > 1 {
        return Err(Failure::new(
            "--values describes one pilot, and there are several folders",
            "name one folder",
        ));
    }
    let mut named: Vec<(String, String, PathBuf)> = vec![];
    for folder in folders {
        let (site, line) = names(&folder)?;
        named.push((site, line, folder));
    }
    named.sort();
    named.dedup_by(|a, b| a.2 == b.2);
    named.retain(|(_, line, _)| known.is_some() || !excluded.is_match(line));
    let mut instances: Vec<Instance> = vec![];
    for (site, line, folder) in named {
        let files = files(&folder, &excluded)?;
        let given = |name: &str| {
            known.and_then(|known| known.iter().find(|k| k.name == name)).map(|k| k.value.clone())
        };
        let mut line = capture::id(&given("line").unwrap_or(line));
        let site = capture::id(&given("site").unwrap_or(site));
        let mut number = 2;
        while instances.iter().any(|other| other.site == site && other.line == line) {
            line = format!("{}-{number}", line.chars().take(28).collect::<String>());
            number += 1;
        }
        if !crate::load::is_id(&site) || !crate::load::is_id(&line) {
            let message = format!("`{}` gives no name for a line", folder.display());
            return Err(Failure::new(message, "name the folders <site>/<line>"));
        }
        instances.push(Instance { site, line, files });
    }
    if instances.iter().all(|instance| instance.files.is_empty()) {
        return Err(Failure::new("there are no files to capture", "name the folders of lines that run"));
    }
    if known.is_none() && instances.len() < 2 {
        let hint = "name more folders, or say what is known of this one: --values FILE";
        return Err(Failure::new("one folder alone does not say what differs between lines", hint));
    }
    Ok(instances)
}

fn globs(patterns: &[String]) -> Result<GlobSet, Failure> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = Glob::new(pattern).map_err(|error| {
            Failure::new(format!("--exclude {pattern}: {error}"), "write a glob such as '*.bak'")
        })?;
        set.add(glob);
    }
    set.build().map_err(|error| Failure::new(format!("--exclude: {error}"), "write globs such as '*.bak'"))
}

/// The folders of lines in a folder: its own folders, or those of its sites.
fn inside(folder: &Path, excluded: &GlobSet) -> Result<Vec<PathBuf>, Failure> {
    let children = folders_in(folder)?;
    let mut below = vec![];
    for child in &children {
        below.extend(folders_in(child)?);
    }
    let has_files =
        |folder: &PathBuf| Tree::folder(folder).list("").is_ok_and(|all| all.iter().any(|e| !e.is_folder));
    let different = below.iter().filter_map(|folder| folder.file_name()).collect::<BTreeSet<_>>().len();
    if different > 1 && !children.iter().any(has_files) && are_alike(&below, excluded)? {
        return Ok(below);
    }
    Ok(if children.len() > 1 && !has_files(&folder.to_path_buf()) {
        children
    } else {
        vec![folder.to_path_buf()]
    })
}

/// Whether folders hold the same files, as lines of one role do and the parts of one line do not.
fn are_alike(folders: &[PathBuf], excluded: &GlobSet) -> Result<bool, Failure> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for folder in folders {
        for path in files_of(folder, excluded)? {
            *seen.entry(path).or_default() += 1;
        }
    }
    let all: usize = seen.values().sum();
    let common: usize = seen.values().filter(|count| **count * 2 >= folders.len()).sum();
    Ok(common * 10 >= all * 4)
}

fn folders_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = Tree::folder(folder).list("").map_err(|error| unreadable(&error.to_string()))?;
    Ok(entries
        .iter()
        .filter(|e| e.is_folder && !e.name.starts_with('.'))
        .map(|e| folder.join(&e.name))
        .collect())
}

fn unreadable(message: &str) -> Failure {
    Failure::new(message, "name folders of text files; --exclude GLOB leaves files out")
}

/// What jig itself or the collecting of backups put beside the files.
fn is_own(folder: &Path, path: &str) -> bool {
    let wrote = |text: Vec<u8>| {
        let manifest: Option<serde_json::Value> = serde_json::from_slice(&text).ok();
        manifest.is_some_and(|m| m.get("blueprint").is_some() && m.get("inputs").is_some())
    };
    path == "collected.yaml" || (path == "manifest.json" && Tree::folder(folder).bytes(path).is_ok_and(wrote))
}

fn files_of(folder: &Path, excluded: &GlobSet) -> Result<Vec<String>, Failure> {
    let all = Tree::folder(folder).walk("").map_err(|error| unreadable(&error.to_string()))?;
    let is_ours = |path: &String| {
        !is_own(folder, path) && !path.split('/').any(|part| part == ".git") && !excluded.is_match(path)
    };
    Ok(all.into_iter().filter(is_ours).collect())
}

fn files(folder: &Path, excluded: &GlobSet) -> Result<BTreeMap<String, String>, Failure> {
    if !folder.is_dir() {
        return Err(Failure::new(
            format!("there is no folder `{}`", folder.display()),
            "name a folder of a line",
        ));
    }
    let tree = Tree::folder(folder);
    let mut out = BTreeMap::new();
    for path in files_of(folder, excluded)? {
        let name = format!("{}/{path}", folder.display());
        let bytes = tree.bytes(&path).map_err(|error| unreadable(&error.to_string()))?;
        let text =
            String::from_utf8(bytes).map_err(|_| unreadable(&format!("`{name}` is not UTF-8 text")))?;
        out.insert(path, text);
    }
    Ok(out)
}

/// Names a folder's site and line: its parent and itself.
fn names(folder: &Path) -> Result<(String, String), Failure> {
    let full = if folder.is_absolute() {
        folder.to_path_buf()
    } else {
        std::env::current_dir()
            .map_err(|error| {
                Failure::new(format!("cannot tell the current folder: {error}"), "name full paths")
            })?
            .join(folder)
    };
    let mut parts: Vec<String> = vec![];
    for part in full.components() {
        match part {
            std::path::Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            std::path::Component::ParentDir => {
                parts.pop();
            }
            _ => {}
        }
    }
    let line = parts.pop().unwrap_or_default();
    let site = parts.pop().map(|site| capture::id(&site)).filter(|site| !site.is_empty());
    Ok((site.unwrap_or_else(|| "site".into()), line))
}

impl Home {
    fn find(session: &Session, args: &Capture, instances: &[Instance]) -> Result<Self, Failure> {
        let here = || std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let root = args.output.clone().or_else(|| session.root().ok()).unwrap_or_else(here);
        let is_new = !root.join("jig.yaml").is_file();
        let enterprise =
            if is_new { NEW_ENTERPRISE.to_owned() } else { session.read_file(&root.join("jig.yaml"))? };
        let mut sites = BTreeMap::new();
        for site in instances.iter().map(|instance| &instance.site).collect::<BTreeSet<_>>() {
            let file = root.join(format!("sites/{site}/site.yaml"));
            let text = if file.is_file() { session.read_file(&file)? } else { new_site(site) };
            sites.insert(site.clone(), text);
        }
        let mut home = Self { root, enterprise, is_new, sites, owner: PLACEHOLDER.into() };
        if !is_new {
            home.owner = home.role(args.owner.as_deref())?;
        } else if args.owner.is_some() {
            let hint = "`jig init` makes a fleet with roles; or leave --owner out";
            return Err(Failure::new("--owner names a role of a fleet, and there is none yet", hint));
        }
        home.check_free(args, instances)?;
        Ok(home)
    }

    fn role(&self, wanted: Option<&str>) -> Result<String, Failure> {
        let (fleet, _) = Fleet::load(self.tree(&BTreeMap::new()), None);
        let fleet =
            fleet.ok_or_else(|| Failure::new("the fleet cannot be read", "`jig validate` says why"))?;
        let first = fleet.enterprise.roles.keys().next().map(|role| role.as_str().to_owned());
        let role = wanted.map(str::to_owned).or(first);
        role.filter(|role| fleet.has_role(role))
            .ok_or_else(|| Failure::new("there is no such role in jig.yaml", "name one with --owner"))
    }

    /// Nothing is overwritten.
    fn check_free(&self, args: &Capture, instances: &[Instance]) -> Result<(), Failure> {
        let mut paths = vec![format!("blueprints/{}", args.blueprint)];
        paths.extend(instances.iter().map(|i| format!("sites/{}/lines/{}.yaml", i.site, i.line)));
        match paths.iter().find(|path| !args.dry_run && self.root.join(path).symlink_metadata().is_ok()) {
            Some(path) => {
                let message = format!("`{path}` is already there");
                Err(Failure::new(message, "choose another name with --as, or another fleet with -o"))
            }
            None => Ok(()),
        }
    }

    /// The fleet with a draft, in memory.
    fn tree(&self, files: &BTreeMap<String, String>) -> Tree {
        let mut all: BTreeMap<String, Vec<u8>> =
            files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect();
        all.insert("jig.yaml".into(), self.enterprise.clone().into_bytes());
        for (site, text) in &self.sites {
            all.insert(format!("sites/{site}/site.yaml"), text.clone().into_bytes());
        }
        Tree::Revision(Arc::new(all))
    }

    /// Renders a draft and compares every byte.
    fn prove(&self, draft: &Draft, as_of: Date) -> Mismatches {
        let (fleet, findings) = Fleet::load(self.tree(&draft.files), None);
        let Some(fleet) = fleet else { return all_wrong(draft, &findings) };
        let resolver = Resolver::new(&fleet, as_of);
        let renderer = Renderer::new(&fleet);
        let mut out = Mismatches::new();
        for entry in &fleet.sites {
            let site = resolver.site(&entry.id);
            for line in &entry.lines {
                let address = Address { site: entry.id.clone(), line: Some(line.id.clone()) }.to_string();
                let rendered = resolver.line(&site, line).and_then(|mut plan| {
                    let failures = std::mem::take(&mut plan.failures);
                    if failures.is_empty() { renderer.line(&plan) } else { Err(failures) }
                });
                match rendered {
                    Ok(files) => {
                        let made = files.into_iter().map(|file| (file.path, file.text)).collect();
                        compare(draft, &address, &made, &mut out);
                    }
                    Err(findings) => {
                        // The file whose template is to blame, else all of them.
                        let blamed = blamed(draft, &address, &findings);
                        out.extend(blamed);
                    }
                }
            }
        }
        out
    }

    fn write(&self, draft: &Draft) -> Result<Vec<String>, Failure> {
        let mut files: BTreeMap<String, Vec<u8>> =
            draft.files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect();
        if self.is_new {
            files.insert("jig.yaml".into(), self.enterprise.clone().into_bytes());
            for format in &FORMATS {
                let text = format!("{}\n", schema::pretty(format.schema()));
                files.insert(format!(".jig/schemas/{}.json", format.name), text.into_bytes());
            }
        }
        for (site, text) in &self.sites {
            let path = format!("sites/{site}/site.yaml");
            if self.root.join(&path).symlink_metadata().is_err() {
                files.insert(path, text.clone().into_bytes());
            }
        }
        let mut done: Vec<PathBuf> = vec![];
        for (path, bytes) in &files {
            let path = self.root.join(path);
            if let Err(error) = write::create(&path, bytes) {
                done.iter().for_each(|path| write::take_back(path));
                return Err(Failure::new(format!("cannot write: {error}"), "nothing was written"));
            }
            done.push(path);
        }
        let (fleet, _) = Fleet::load(Tree::folder(&self.root), Some(self.root.clone()));
        if let Some(fleet) = fleet {
            for standard in fleet.standards.all() {
                init::write_line_schema(&self.root, &fleet, &standard)?;
            }
        }
        Ok(files.into_keys().filter(|path| !path.starts_with(".jig/")).collect())
    }
}

/// The role of a new fleet that stands for whoever will own it.
const PLACEHOLDER: &str = "owner-to-be-named";
const NEW_ENTERPRISE: &str = "# yaml-language-server: $schema=.jig/schemas/jig.json
enterprise: enterprise
roles:
  owner-to-be-named: { name: Owner to be named, side: ot, team: \"@enterprise/to-be-named\", deputy: deputy-to-be-named }
  deputy-to-be-named: { name: Deputy to be named, side: it, team: \"@enterprise/to-be-named\", deputy: owner-to-be-named }
";

fn new_site(site: &str) -> String {
    format!("{}name: {site}\ntimezone: Etc/UTC\n", init::editor_line("site", 2))
}

fn all_wrong(draft: &Draft, findings: &[Finding]) -> Mismatches {
    let reason =
        findings.first().map_or_else(|| "the draft cannot be read".to_owned(), |f| f.message.clone());
    draft.expected.keys().map(|key| (key.clone(), reason.clone())).collect()
}

fn compare(draft: &Draft, address: &str, made: &BTreeMap<String, String>, out: &mut Mismatches) {
    let expected = draft.expected.iter().filter(|((at, _), _)| at == address);
    let mut known = BTreeSet::new();
    for ((_, path), text) in expected {
        known.insert(path);
        let reason = match made.get(path) {
            Some(made) if made == text => continue,
            Some(made) => {
                let same = made.lines().zip(text.lines()).take_while(|(a, b)| a == b).count();
                format!("line {} comes out different", same + 1)
            }
            None => "it is not rendered".to_owned(),
        };
        out.insert((address.to_owned(), path.clone()), reason);
    }
    for path in made.keys().filter(|path| !known.contains(path)) {
        out.insert(
            (address.to_owned(), path.clone()),
            "it is rendered, and the line has no such file".into(),
        );
    }
}

/// The file whose template a finding names; where none is named, every file of the line.
fn blamed(draft: &Draft, address: &str, findings: &[Finding]) -> Mismatches {
    let mut out = Mismatches::new();
    for finding in findings {
        let template = finding.place.as_ref().map(|place| place.file.to_string()).unwrap_or_default();
        for (key, common) in draft.templates.iter().filter(|((at, _), _)| at == address) {
            if *common == template {
                out.insert(key.clone(), finding.message.clone());
            }
        }
    }
    if out.is_empty() {
        let reason = findings.first().map_or_else(String::new, |finding| finding.message.clone());
        let all = draft.expected.keys().filter(|(at, _)| at == address);
        out.extend(all.map(|key| (key.clone(), reason.clone())));
    }
    out
}
