//! A draft: the files of a fleet in memory, and what each line must render to.

use super::conditions::Conditions;
use super::emit::Writer;
use super::names::id;
use super::shape::{FileShape, Shape};
use super::solve::{Kind, Solution};
use super::yaml;
use super::{Instance, Options};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The version that a captured blueprint begins with.
pub(super) const VERSION: &str = "0.1.0";

/// What is made of the files.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Path in the fleet and text.
    pub files: BTreeMap<String, String>,
    /// By address and path: what must be rendered, with references where secrets stood.
    pub expected: BTreeMap<(String, String), String>,
    /// By address and path: the template that renders it.
    pub templates: BTreeMap<(String, String), String>,
    /// Flows that are proposed beside the blueprint.
    pub proposed_flows: usize,
    /// Bytes of all templates.
    pub template_bytes: usize,
    /// Bytes of all values of lines.
    pub value_bytes: usize,
}

/// Everything that a draft is made of.
pub(super) struct Material<'m> {
    pub(super) shape: &'m Shape,
    pub(super) solution: &'m Solution,
    pub(super) conditions: &'m Conditions,
    pub(super) instances: &'m [Instance],
    pub(super) members: &'m [&'m Instance],
    pub(super) options: &'m Options,
    /// By path of a file: the syntax that it is written in.
    pub(super) syntaxes: &'m BTreeMap<String, String>,
    pub(super) paths: &'m super::paths::Paths,
    /// Secrets by opaque token.
    pub(super) taken: &'m BTreeMap<String, String>,
}

impl Material<'_> {
    /// Returns the common path of a member's file.
    fn common(&self, member: &Instance, path: &str) -> Option<&String> {
        let at = self.instances.iter().position(|instance| std::ptr::eq(instance, member))?;
        self.paths.common[at].get(path)
    }
}

/// A target: its id and its files.
struct Target<'f> {
    id: String,
    files: Vec<(String, &'f FileShape)>,
}

/// Prepares names and types.
pub(super) fn writer<'m>(material: &Material<'m>) -> Writer<'m> {
    let mut writer =
        Writer::new(material.shape, material.solution, material.conditions, &material.options.rename);
    writer.name_secrets(&material.options.blueprint, material.members, material.taken);
    writer
}

/// Writes a draft.
pub(super) fn write(material: &Material<'_>, writer: &Writer<'_>) -> Draft {
    let mut draft = Draft::default();
    let folder = format!("blueprints/{}", material.options.blueprint);
    let targets = targets(material);
    let mut by_file: BTreeMap<String, String> = BTreeMap::new();
    for target in &targets {
        let at = format!("{folder}/templates/{}", target.id);
        let mut files = vec![];
        for (template, file) in &target.files {
            let text = writer.template(file);
            draft.template_bytes += text.len();
            let template_path = format!("{at}/{template}");
            draft.files.insert(template_path.clone(), text);
            by_file.insert(file.path.clone(), template_path);
            let mut entry = Map::new();
            entry.insert("template".into(), json!(template));
            entry.insert("path".into(), json!(material.paths.expression(&file.path)));
            entry.insert("syntax".into(), json!(material.syntaxes[&file.path]));
            if let Some(when) = writer.when(file) {
                entry.insert("when".into(), json!(when));
            }
            files.push(Value::Object(entry));
        }
        let mut text = editor_line("target", 4);
        text.push_str(&format!("kind: {}\nfiles:\n", kind_of(target)));
        files.iter().for_each(|file| text.push_str(&format!("  - {}\n", yaml::flow(file))));
        draft.files.insert(format!("{at}/target.yaml"), text);
    }
    draft.files.insert(format!("{folder}/blueprint.yaml"), blueprint(material, writer, &targets));
    let proposal = super::proposal::find(&draft);
    draft.proposed_flows = proposal.flows();
    if let Some(text) = proposal.text() {
        draft.files.insert(format!("{folder}/conduits.proposed.yaml"), text);
    }
    for (key, member) in material.members.iter().enumerate() {
        let text = line(material, writer, key);
        draft.value_bytes += text.len();
        for (path, content) in &member.files {
            let address = format!("{}/{}", member.site, member.line);
            if let Some(template) = material.common(member, path).and_then(|common| by_file.get(common)) {
                draft.templates.insert((address.clone(), path.clone()), template.clone());
            }
            draft.expected.insert((address, path.clone()), writer.with_references(content));
        }
        draft.files.insert(format!("sites/{}/lines/{}.yaml", member.site, member.line), text);
    }
    draft
}

/// Tells editors the schema of a file `depth` folders below the fleet.
fn editor_line(schema: &str, depth: usize) -> String {
    format!("# yaml-language-server: $schema={}.jig/schemas/{schema}.json\n", "../".repeat(depth))
}

fn targets<'f>(material: &Material<'f>) -> Vec<Target<'f>> {
    let mut targets: Vec<Target<'f>> = vec![];
    for file in &material.shape.files {
        let (folder, rest) = file.path.split_once('/').unwrap_or(("", &file.path));
        let name = if folder.is_empty() { material.options.blueprint.clone() } else { id(folder) };
        let name = if name.is_empty() { "files".to_owned() } else { name };
        let target = match targets.iter_mut().position(|target| target.id == name) {
            Some(at) => &mut targets[at],
            None => {
                targets.push(Target { id: name, files: vec![] });
                targets.last_mut().expect("just pushed")
            }
        };
        let stem = super::paths::plain(rest).replace('/', "-");
        let mut template = format!("{stem}.j2");
        let mut number = 2;
        while target.files.iter().any(|(known, _)| *known == template) {
            template = format!("{stem}-{number}.j2");
            number += 1;
        }
        target.files.push((template, file));
    }
    targets
}

/// What kind of thing a target configures, guessed by its names.
fn kind_of(target: &Target<'_>) -> &'static str {
    let names: String = target.files.iter().map(|(name, file)| format!("{name} {} ", file.path)).collect();
    let names = format!("{} {}", target.id, names).to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| names.contains(word));
    if has(&["firewall", ".nft", "fortios", "acl-rules"]) {
        "firewall"
    } else if has(&["broker", "mosquitto", "mqtt"]) {
        "broker"
    } else if has(&["dashboard", "grafana"]) {
        "dashboard"
    } else if has(&["alert", ".rules"]) {
        "alerts"
    } else {
        "gateway"
    }
}

fn blueprint(material: &Material<'_>, writer: &Writer<'_>, targets: &[Target<'_>]) -> String {
    let options = material.options;
    let mut text = editor_line("blueprint", 2);
    text.push_str(&format!(
        "version: {VERSION}\nscope: line\ntitle: {}\n",
        yaml::scalar(&title(options, material))
    ));
    text.push_str(&format!("owner: {}\n", options.owner));
    let (inputs, defaults) = questions(material, writer);
    for (name, members) in [("inputs", inputs), ("defaults", defaults)] {
        if !members.is_empty() {
            text.push_str(&format!("{name}:\n"));
            for (key, value) in members {
                text.push_str(&format!("  {key}: {}\n", yaml::flow(&value)));
            }
        }
    }
    text.push_str("outputs:\n");
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for target in targets {
        used.insert(&target.id);
        text.push_str(&format!("  - {{ id: {0}, target: {0}, owner: {1} }}\n", target.id, options.owner));
    }
    text
}

fn title(options: &Options, material: &Material<'_>) -> String {
    let lines = material.members.len();
    format!("{}, captured from {lines} line{}", options.blueprint, if lines == 1 { "" } else { "s" })
}

type Questions = Vec<(String, Value)>;

/// The inputs and the defaults.
fn questions(material: &Material<'_>, writer: &Writer<'_>) -> (Questions, Questions) {
    let (mut inputs, mut defaults) = (vec![], vec![]);
    let owner = json!(material.options.owner);
    for at in writer.live(0) {
        let parameter = &writer.solution.parameters[at];
        let name = writer.shown(&parameter.name).to_owned();
        let mut schema = writer.types[at].schema();
        let why = why(material, at);
        if writer.has_default(at) {
            schema.insert("description".into(), json!(why));
            let mut entry = Map::new();
            entry.insert("value".into(), default_of(material, writer, at));
            entry.extend(schema);
            entry.insert("override_by".into(), owner.clone());
            defaults.push((name, Value::Object(entry)));
        } else {
            schema.insert("owner".into(), owner.clone());
            schema.insert("why".into(), json!(why));
            inputs.push((name, Value::Object(schema)));
        }
    }
    for switch in writer.conditions.switches.iter().filter(|switch| switch.scope == 0) {
        let usual = switch.on.len() * 2 >= switch.around.len();
        let shown: Vec<String> = switch.what.iter().take(3).map(|text| short(text)).collect();
        let entry = json!({
            "value": usual, "type": "boolean",
            "description": format!("whether it has: {}", shown.join("; ")),
            "override_by": owner,
        });
        defaults.push((writer.shown(&switch.name).to_owned(), entry));
    }
    for (scope, of) in material.shape.scopes.iter().enumerate() {
        if of.outer == Some(0) {
            let mut schema = list_schema(writer, scope);
            schema.insert("owner".into(), owner.clone());
            schema.insert("why".into(), json!(list_why(material, scope)));
            let name = writer.shown(&writer.lists[scope].0).to_owned();
            inputs.push((name, Value::Object(schema)));
        }
    }
    (inputs, defaults)
}

fn list_schema(writer: &Writer<'_>, scope: usize) -> Map<String, Value> {
    let mut properties = Map::new();
    for at in writer.live(scope) {
        properties.insert(writer.fields[at].clone(), Value::Object(writer.types[at].schema()));
    }
    for switch in writer.conditions.switches.iter().filter(|switch| switch.scope == scope) {
        properties.insert(switch.name.clone(), json!({"type": "boolean"}));
    }
    for (inner, of) in writer.shape.scopes.iter().enumerate() {
        if of.outer == Some(scope) {
            properties.insert(writer.lists[inner].0.clone(), Value::Object(list_schema(writer, inner)));
        }
    }
    let items = if writer.is_plain(scope) {
        properties.into_iter().next().map_or(json!({}), |(_, schema)| schema)
    } else {
        let optional: BTreeSet<&String> =
            writer.live(scope).filter(|at| writer.may_lack(*at)).map(|at| &writer.fields[at]).collect();
        let required: Vec<&String> = properties.keys().filter(|name| !optional.contains(name)).collect();
        json!({"type": "object", "required": required, "properties": properties})
    };
    let mut out = Map::new();
    out.insert("type".into(), json!("array"));
    out.insert("items".into(), items);
    out
}

/// Where a value stands, for people.
fn why(material: &Material<'_>, at: usize) -> String {
    let parameter = &material.solution.parameters[at];
    let slot = &material.shape.slots[parameter.slots[0]];
    let file = super::paths::plain(&material.shape.files[slot.file].path);
    let mut words: Vec<String> =
        slot.path.iter().filter(|part| !part.is_empty()).map(|part| short(part)).collect();
    let left = slot.left.trim().trim_matches(['=', ':', '"', '\'', ' ']);
    if !left.is_empty() {
        words.push(short(left));
    }
    let place = if words.is_empty() { file } else { format!("{file}: {}", words.join(" > ")) };
    match parameter.slots.len() - 1 {
        0 => place,
        1 => format!("{place}, and 1 place more"),
        more => format!("{place}, and {more} places more"),
    }
}

fn list_why(material: &Material<'_>, scope: usize) -> String {
    let mut found = String::new();
    material.shape.each(&mut |file, branch| {
        if branch.list == Some(scope) {
            found = format!(
                "{}: {}",
                super::paths::plain(&file.path),
                short(super::shape::title(branch.kids[0].sample()).trim())
            );
        }
    });
    found
}

fn short(text: &str) -> String {
    let text = text.replace(['\n', '\r', '\t'], " ");
    if text.chars().count() <= 60 { text } else { text.chars().take(57).collect::<String>() + "..." }
}

/// The value that most lines have; nothing where it usually follows from others or belongs to few.
fn default_of(material: &Material<'_>, writer: &Writer<'_>, at: usize) -> Value {
    let parameter = &material.solution.parameters[at];
    if writer.types[at] == super::values::Type::Secret {
        let name = writer.shown(&parameter.name).replace('_', "-");
        return json!(format!("secret:{}-{name}", material.options.blueprint));
    }
    if parameter.usually.is_some() || parameter.kind == Kind::Required {
        return json!("");
    }
    let mut counts: Vec<(Option<&str>, usize)> = vec![];
    for value in parameter.row.iter().map(|value| value.as_deref()) {
        match counts.iter_mut().find(|(known, _)| *known == value) {
            Some((_, count)) => *count += 1,
            None => counts.push((value, 1)),
        }
    }
    counts.sort_by(|(a, x), (b, y)| y.cmp(x).then(a.cmp(b)));
    writer.types[at].value(counts.first().and_then(|(value, _)| *value))
}

fn line(material: &Material<'_>, writer: &Writer<'_>, key: usize) -> String {
    let options = material.options;
    let values = writer.values_of(0, key);
    let (mut inputs, mut overrides) = (Map::new(), Map::new());
    let (_, defaults) = questions(material, writer);
    let defaults: BTreeMap<String, Value> =
        defaults.into_iter().map(|(name, entry)| (name, entry["value"].clone())).collect();
    for (name, value) in values {
        let name = writer.shown(&name).to_owned();
        match defaults.get(&name) {
            None => {
                inputs.insert(name, value);
            }
            Some(default) if *default == value => {}
            // A secret that this line does not have stays at the default, which nothing reads.
            Some(default)
                if value == json!("") && default.as_str().is_some_and(|d| d.starts_with("secret:")) => {}
            Some(_) => {
                let entry = json!({"value": value, "by": options.owner, "why": "as captured"});
                overrides.insert(name, entry);
            }
        }
    }
    let mut text = editor_line("line", 3);
    text.push_str(&format!("area: {}\nblueprint: {}@{VERSION}\n", options.area, options.blueprint));
    for (name, members) in [("inputs", inputs), ("overrides", overrides)] {
        if !members.is_empty() {
            text.push_str(&format!("{name}:\n"));
            yaml::block(&Value::Object(members), 0, 2, &mut text);
        }
    }
    text
}
