//! The generated parts of the documentation: each is a list that the program itself works with.

use super::{ROOT, keys};
use clap::builder::StyledStr;
use jig::check::RULES;
use jig::load::schema::FORMATS;
use jig::load::{Fleet, Standard};
use jig::model::conduits::Encrypted;
use jig::render::Library;
use jig::resolve::conditions::CONDITIONS;
use jig::resolve::{filters, services};
use jig::source::Tree;
use jig::syntax::Datum;
use jig::{report, syntax};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every generated part, and what makes it.
pub(crate) const PARTS: &[(&str, fn() -> String)] = &[
    ("blueprint cnc-cell", || blueprint("examples/machining", "cnc-cell")),
    ("blueprint packaging-line", || blueprint("examples/starter", "packaging-line")),
    ("blueprint site-base", || blueprint("examples/starter", "site-base")),
    ("command line", command_line),
    ("conditions", conditions),
    ("escaping", escaping),
    ("file formats", file_formats),
    ("filters", filters),
    ("keys of files", keys::of_files),
    ("report formats", report_formats),
    ("rules", rules),
    ("services", built_in_services),
    ("syntaxes", syntaxes),
    ("targets", targets),
];

/// Makes a part.
pub(crate) fn part(name: &str) -> Option<String> {
    PARTS.iter().find(|(known, _)| *known == name).map(|(_, make)| make())
}

/// A table of Markdown.
fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = row(header.iter().map(ToString::to_string).collect());
    out.push_str(&row(header.iter().map(|_| "---".to_owned()).collect()));
    out.extend(rows.into_iter().map(|cells| row(cells.iter().map(|cell| one_cell(cell)).collect())));
    out
}

/// Text in a cell: one line, its bars escaped.
fn one_cell(text: &str) -> String {
    prose(&text.split_whitespace().collect::<Vec<_>>().join(" ")).replace('|', "\\|")
}

/// Text in which `<` begins no tag; what stands in backticks is left alone.
pub(crate) fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let escaped =
        parts.map(|(at, part)| if at % 2 == 0 { part.replace('<', "&lt;") } else { part.to_owned() });
    escaped.collect::<Vec<_>>().join("`")
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn command_line() -> String {
    let mut command = jig::cli::command().term_width(100);
    command.build();
    let mut out = format!("## jig\n\n{}", help(command.clone()));
    commands(&command, "jig", &mut out);
    out
}

/// The help of each command; options that every command takes stand at the top alone.
fn commands(command: &clap::Command, path: &str, out: &mut String) {
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        let name = format!("{path} {}", inner.get_name());
        let own = inner.clone().mut_args(|arg| {
            let shared = arg.is_global_set() || matches!(arg.get_id().as_str(), "help" | "version");
            arg.hide(shared)
        });
        out.push_str(&format!("\n\n## {name}\n\n{}", help(own)));
        commands(inner, &name, out);
    }
}

fn help(mut command: clap::Command) -> String {
    let help: StyledStr = command.render_long_help();
    let lines: Vec<String> = help.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    format!("```text\n{}\n```", lines.join("\n").trim())
}

fn rules() -> String {
    let mut out = String::new();
    for rule in RULES {
        let level = rule.level.as_str();
        let soft = if rule.soft || level != "error" { "its level can be changed" } else { "always an error" };
        out.push_str(&format!("## {}\n\n*{level}; {soft}*\n\n{}\n\n", rule.name, prose(rule.what)));
        out.push_str(&format!(
            "- Why it matters: {}\n- What to do: {}\n\n",
            prose(rule.why),
            prose(rule.instead)
        ));
    }
    out
}

fn filters() -> String {
    let row = |doc: &filters::Doc| vec![code(doc.name), doc.what.into(), code(doc.example), code(doc.gives)];
    table(&["name", "what it gives", "example", "result"], filters::DOCS.iter().map(row))
}

fn conditions() -> String {
    let rows = CONDITIONS.iter().map(|condition| vec![code(condition.name), condition.what.into()]);
    table(&["check", "what it asks of every line"], rows)
}

fn built_in_services() -> String {
    let encrypted = |word| match word {
        Encrypted::Always => "always",
        Encrypted::Optional => "optional",
        Encrypted::Never => "never",
    };
    let rows = services::table().map(|(name, ports, word)| vec![code(name), ports, encrypted(word).into()]);
    table(&["service", "protocol and ports", "encrypted"], rows)
}

fn file_formats() -> String {
    let row =
        |name: &str, path: &str| vec![code(name), path.split(';').map(paths).collect::<Vec<_>>().join(";")];
    table(&["name", "files"], FORMATS.iter().map(|format| row(format.name, format.path)))
}

/// Paths as code; a part in words stays as it is.
fn paths(text: &str) -> String {
    if text.contains(['/', '.']) {
        return text.split(", ").map(code).collect::<Vec<_>>().join(", ");
    }
    text.to_owned()
}

fn report_formats() -> String {
    let row = |format: &&report::Format| vec![code(format.name), format.what.into()];
    table(&["format", "what it is for"], report::FORMATS.iter().map(row))
}

fn syntaxes() -> String {
    let extensions =
        |all: &[&str]| all.iter().map(|name| code(&format!(".{name}"))).collect::<Vec<_>>().join(" ");
    let row = |syntax: &&dyn syntax::Syntax| {
        vec![code(syntax.name()), syntax.title().into(), extensions(syntax.extensions())]
    };
    table(&["syntax", "language", "extensions that mean it"], syntax::SYNTAXES.iter().map(row))
}

/// Values at some places of each language, as that language's own code writes them.
fn escaping() -> String {
    let text = |text: &str| Datum::Str(text.to_owned());
    let list = || Datum::List(vec![Datum::Int(502), Datum::Int(4840)]);
    let cases = [
        ("json", "\"name\": {{ x }}", text("3\" pipe")),
        ("json", "\"name\": \"Line {{ x }}\"", text("3\" pipe")),
        ("json", "\"ports\": {{ x }}", list()),
        ("toml", "name = {{ x }}", text("C:\\data")),
        ("toml", "name = 'Line {{ x }}'", text("it's")),
        ("yaml", "name: {{ x }}", text("no")),
        ("yaml", "name: Line {{ x }}", text("2: left")),
        ("xml", "<name>{{ x }}</name>", text("A & B")),
        ("nft", "tcp dport { {{ x }} } accept", list()),
        ("nft", "ip saddr {{ x }} accept", text("10.20.30.11")),
        ("nft", "ip saddr {{ x }} accept", text("any")),
        ("nft", "accept comment \"{{ x }}\"", text("reads \"all\"")),
        ("lines", "topic write {{ x }}/#", text("plant one")),
        ("ini", "Description={{ x }}", text("50 % load")),
        ("ios", "description {{ x }}", text("uplink to hall 3")),
        ("fortios", "set comment \"{{ x }}\"", text("3\" pipe")),
        ("csv", "filler,{{ x }}", text("big, old")),
        ("markdown", "| {{ x }} |", text("a|b *c*")),
        ("text", "Name: {{ x }}", text("3\" pipe")),
    ];
    let rows = cases.iter().map(|(name, template, value)| {
        let language = syntax::by_name(name).expect("the syntax is known");
        let marked = template.replace("{{ x }}", &format!("{}0{}", syntax::OPEN, syntax::CLOSE));
        let result = match language.fill(&marked, std::slice::from_ref(value)) {
            Ok(filled) => in_ticks(&filled.text),
            Err(refusal) => format!("refused: {}; {}", refusal.message, refusal.next),
        };
        let shown = match value {
            Datum::Str(value) => value.clone(),
            other => syntax::json_literal(other).expect("a list is a literal"),
        };
        vec![code(name), in_ticks(template), in_ticks(&shown), result]
    });
    table(&["language", "template", "value of x", "result"], rows)
}

/// Text as code in a table.
fn in_ticks(text: &str) -> String {
    let fence = if text.contains('`') { "``" } else { "`" };
    format!("{fence}{text}{fence}")
}

fn targets() -> String {
    let standard = standard("examples/starter", "packaging-line");
    let library = Library::default();
    let row = |id: &&str| {
        let found = library.get(&standard, id).unwrap_or_else(|missing| panic!("{}", missing.message));
        let target = &found.target;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let product = match &target.tested {
            Some(tested) => format!("{} {tested}", text(&target.product)),
            None => format!("not loaded; for {}", text(&target.product)),
        };
        let files: Vec<_> = target.files.iter().map(|file| code(&file.path)).collect();
        vec![code(id), text(&target.title), target.kind.as_str().into(), product, files.join(", ")]
    };
    let ids = Library::built_in();
    table(&["target", "what it writes", "kind", "tested with", "files"], ids.iter().map(row))
}

fn standard(fleet: &str, id: &str) -> Arc<Standard> {
    let root: PathBuf = Path::new(ROOT).join(fleet);
    let (fleet, _) = Fleet::load(Tree::folder(&root), Some(root));
    let fleet = fleet.expect("an example can be read");
    let newest = fleet.standards.all().into_iter().rfind(|standard| standard.id == id);
    newest.expect("the example has the blueprint")
}

/// What a blueprint asks, lets lines override and fixes, and what it writes.
fn blueprint(fleet: &str, id: &str) -> String {
    let standard = standard(fleet, id);
    let model = &standard.blueprint.model;
    let title = |schema: &jig::model::Map<String, serde_json::Value>| {
        schema.get("title").and_then(|title| title.as_str()).unwrap_or_default().to_owned()
    };
    let mut out = format!("Version {}.\n\n", model.version);
    let inputs = model.inputs.iter().map(|(name, input)| {
        let why = input.why.clone().unwrap_or_default();
        vec![code(name.as_str()), format!("{}. {why}", title(&input.schema)), code(input.owner.as_str())]
    });
    out.push_str(&table(&["input", "what is asked, and why", "who answers"], inputs));
    let defaults = model.defaults.iter().map(|(name, default)| {
        let by = default.override_by.as_ref().map(|role| code(role.as_str())).unwrap_or_default();
        vec![code(name.as_str()), title(&default.schema), code(&default.value.to_string()), by]
    });
    out.push_str(&format!(
        "\n{}",
        table(&["default", "what it is", "value", "who may override it"], defaults)
    ));
    if !model.fixed.is_empty() {
        let fixed =
            model.fixed.iter().map(|(name, value)| vec![code(name.as_str()), code(&value.to_string())]);
        out.push_str(&format!("\n{}", table(&["fixed", "value"], fixed)));
    }
    let outputs = model.outputs.iter().map(|output| {
        let owner = output.owner.as_ref().map(|role| code(role.as_str())).unwrap_or_default();
        vec![code(output.id.as_str()), code(output.target.as_str()), owner]
    });
    out.push_str(&format!("\n{}", table(&["output", "target", "who owns it"], outputs)));
    let conduits = standard.conduits.iter().flat_map(|loaded| &loaded.model.conduits).map(|(id, conduit)| {
        let flows: Vec<_> = conduit.flows.iter().map(|(id, flow)| format!("{id} {}", flow.purpose)).collect();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            code(id.as_str()),
            text(&conduit.name),
            conduit.zones.join(" and "),
            flows.join("; "),
            text(&conduit.decision),
        ]
    });
    out.push_str(&format!("\n{}", table(&["conduit", "name", "joins", "flows", "decision"], conduits)));
    out
}
