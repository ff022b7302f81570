//! `jig explain` of lines, files, flows and metrics: judged by doing what it says. A source that it names is changed,
//! the fleet is rendered, and the line must change; a source that it does not name is changed, and it must not.
//!
//! `JIG_EXPLAIN_LINES` sets how many random lines are judged, `JIG_EXPLAIN_SEED` which.

#![allow(clippy::unwrap_used, reason = "a test ends where something fails")]

#[path = "explain/judge.rs"]
mod judge;
mod support;

use judge::{Judge, Random};
use serde_json::{Value as Json, json};
use support::{Fleet, FleetBuilder, copy_example, in_parallel};

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn explain(fleet: &Fleet, what: &str) -> Json {
    fleet.jig("--format json explain").arg(what).run().exits(0).json()
}

/// The names in `values`, or another list of sources.
fn names(explained: &Json, list: &str) -> Vec<String> {
    let sources = explained[list].as_array().unwrap_or_else(|| panic!("{list} in {explained}"));
    sources.iter().map(|source| source["name"].as_str().unwrap().to_owned()).collect()
}

fn places(explained: &Json) -> Vec<String> {
    let place = |source: &Json| {
        let line = source["line"].as_u64().map_or_else(String::new, |line| format!(":{line}"));
        format!("{}{line} {}", source["file"].as_str().unwrap(), source["name"].as_str().unwrap())
    };
    explained["values"].as_array().unwrap().iter().map(place).collect()
}

#[test]
fn what_explain_names_changes_the_line_and_what_it_does_not_name_leaves_it() {
    let fleet = copy_example("kestrel");
    fleet.jig("render -q").run().exits(0);
    let judge = Judge::new(&fleet);
    let mut random = Random::new(number("JIG_EXPLAIN_SEED", 7) as u64);
    let lines = random.pick(judge.lines(), number("JIG_EXPLAIN_LINES", 45));
    let explained = in_parallel(&lines, |(file, line)| explain(&fleet, &format!("{file}:{line}")));
    let mut wrong = vec![];
    for ((file, line), explained) in lines.iter().zip(&explained) {
        assert_eq!(explained["text"], judge.line(file, *line), "{file}:{line}");
        wrong.extend(judge.template(explained).err());
    }
    assert!(wrong.is_empty(), "template lines that did not write it:\n{}", wrong.join("\n"));
    let sources = Judge::sources(&explained);
    let verdicts = in_parallel(&sources, |source| judge.change(source));
    let known: judge::Verdicts = sources.into_iter().zip(verdicts).collect();
    let mut wrong = vec![];
    let mut tried = 0;
    for (place, explained) in lines.iter().zip(&explained) {
        for source in judge::Source::of(explained) {
            let Some(changed) = &known[&source] else { continue };
            tried += 1;
            if !changed.touches(place) {
                wrong.push(format!("{}:{} does not change with {source:?}", place.0, place.1));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {tried} named sources do not change the line:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(tried * 2 > lines.len(), "only {tried} sources could be tried");

    let leaves = random.pick(judge.leaves(), number("JIG_EXPLAIN_LEAVES", lines.len() / 2));
    let changes = in_parallel(&leaves, |leaf| judge.change(leaf));
    let mut missed = vec![];
    for (leaf, changed) in leaves.iter().zip(&changes) {
        let Some(changed) = changed else { continue };
        for (place, explained) in lines.iter().zip(&explained) {
            if changed.rewrites(place) && !judge::names(explained, leaf) {
                missed.push(format!("{}:{} changes with {leaf:?}", place.0, place.1));
            }
        }
    }
    assert!(missed.is_empty(), "sources that were not named:\n{}", missed.join("\n"));
}

/// A target of its own, with everything that can stand between a value and its line.
fn workshop() -> Fleet {
    let macros = "\
{% macro pair(name, value) -%}
{{ name }} = {{ value }}
{%- endmacro %}
{% macro block(unit) %}
[{{ unit.id }}]
# a line without a value
{{ caller() }}
{% endmacro %}
";
    let main = "\
{% import 'macros.j2' as m %}
{% set title %}Hall of {{ site.name }}{% endset %}
{% set counted %}
{%- for unit in values.units -%}x{%- endfor -%}
{% endset %}
# {{ title }}
units = {{ counted | trim | length }}
{% include 'part.j2' %}

{% for unit in values.units %}
{% call m.block(unit) %}
{{ m.pair('ip', unit.ip) }}
{%- endcall %}
{% endfor %}
mode = {% if values.mode == 'fast' %}quick{% else %}slow{% endif %}

{{ m.pair('host', values.net | host(7)) }}
{{ m.pair('mask', values.net | netmask) }}
loud = {% filter upper %}{{ values.mode }}{% endfilter %}

password = {{ values.secret }}
";
    let blueprint = "\
version: 0.1.0
scope: line
owner: controls
inputs:
  units: { type: array, owner: controls }
  net: { type: string, format: ipv4-network, owner: controls }
  secret: { type: string, format: secret, owner: controls }
defaults:
  mode: { value: slow, type: string, enum: [slow, fast] }
fixed:
  edition: first
outputs:
  - { id: settings, target: settings, owner: controls }
";
    let line = "\
area: hall
blueprint: hello@0.1.0
inputs:
  units:
    - { id: press, ip: 10.0.0.5 }
    - id: oven
      ip: 10.0.0.6
  net: 10.0.0.0/24
  secret: secret:press-key
overrides:
  mode: { value: fast, by: controls, why: short cycles }
";
    let target = "kind: gateway\nfiles: [ { template: main.j2, path: main.ini, syntax: ini } ]\n";
    let folder = "blueprints/hello/templates/settings";
    let fleet = FleetBuilder::smallest()
        .file("blueprints/hello/blueprint.yaml", blueprint)
        .file(&format!("{folder}/target.yaml"), target)
        .file(&format!("{folder}/main.j2"), main)
        .file(&format!("{folder}/part.j2"), "edition = {{ values.edition }}\n")
        .file(&format!("{folder}/macros.j2"), macros)
        .file("sites/home/lines/one.yaml", line)
        .build();
    fleet.jig("render -q").run().exits(0);
    fleet
}

#[test]
fn macros_includes_captures_and_filters_do_not_hide_where_a_line_comes_from() {
    let fleet = workshop();
    let text = fleet.read("intended/home/one/main.ini");
    let told: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(index, line)| {
            let explained = explain(&fleet, &format!("home/one/main.ini:{}", index + 1));
            let template = &explained["template"];
            let file = template["file"].as_str().unwrap().rsplit('/').next().unwrap();
            let values = places(&explained).join(", ");
            format!("{line:24} | {file}:{} | {values}", template["line"])
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_file_is_found_however_it_is_named() {
    let fleet = workshop();
    let absolute = fleet.path("intended/home/one/main.ini");
    let names =
        ["home/one/main.ini:3", "intended/home/one/main.ini:3", "./intended/home/one/../one/main.ini:3"];
    let names = names.map(str::to_owned).into_iter().chain([format!("{}:3", absolute.display())]);
    for name in names {
        let explained = explain(&fleet, &name);
        assert_eq!(
            (&explained["file"], &explained["line"]),
            (&json!("intended/home/one/main.ini"), &json!(3)),
            "{name}"
        );
    }
    let here = support::jig().cwd(fleet.path("intended/home/one")).args("--format json explain main.ini:3");
    assert_eq!(here.run().exits(0).json()["file"], "intended/home/one/main.ini");
    let file = explain(&fleet, "home/one/main.ini");
    assert_eq!((&file["state"], &file["target"]), (&json!("as-rendered"), &json!("settings")));
    for (name, hint) in [
        ("home/one/main.ini:999", "name a line from 1 to"),
        ("home/one/other.ini:1", "main.ini"),
        ("nowhere/one/main.ini:1", "as it lies under intended/"),
        ("home/one/main.ini:0", "name a line from 1 to"),
    ] {
        let run = fleet.jig("explain").arg(name).run().exits(2);
        assert!(run.stderr.contains(hint), "{name}: {}", run.stderr);
    }
    let manifest = explain(&fleet, "home/one/manifest.json:1");
    assert_eq!((&manifest["template"], &manifest["values"]), (&Json::Null, &json!([])));
}

#[test]
fn a_line_says_everything_that_the_contract_promises() {
    let fleet = workshop();
    let explained = explain(&fleet, "home/one/main.ini:2");
    for key in ["format", "command", "file", "line", "template", "values", "flows", "deviations"] {
        assert!(!explained[key].is_null(), "{key}");
    }
    assert_eq!((&explained["format"], &explained["command"]), (&json!(1), &json!("explain")));
}

#[test]
fn a_line_that_was_edited_or_is_stale_is_told_apart() {
    let fleet = workshop();
    let file = "intended/home/one/main.ini";
    let text = fleet.read(file);
    let host = text.lines().position(|line| line.starts_with("host =")).unwrap();
    fleet.write(file, format!("by hand\n{text}"));
    let edited = explain(&fleet, &format!("{file}:1"));
    assert_eq!((&edited["template"], &edited["values"]), (&Json::Null, &json!([])));
    let moved = explain(&fleet, &format!("{file}:{}", host + 2));
    assert_eq!((&moved["state"], &moved["text"]), (&json!("hand-edited"), &json!("host = 10.0.0.7")));
    fleet.write(file, &text);
    fleet.edit("sites/home/lines/one.yaml", "10.0.0.0/24", "10.0.9.0/24");
    assert_eq!(explain(&fleet, file)["state"], "stale");
    fleet.remove(file);
    assert_eq!(explain(&fleet, file)["state"], "missing");
    assert_eq!(explain(&fleet, &format!("{file}:{}", host + 1))["text"], "host = 10.0.9.7");
    fleet.edit("sites/home/lines/one.yaml", "10.0.9.0/24", "nonsense");
    let run = fleet.jig("explain").arg(file).run().exits(2);
    assert!(run.stderr.contains("jig validate home/one"), "{}", run.stderr);
}

#[test]
fn a_secret_is_told_by_its_reference() {
    let fleet = workshop();
    let text = fleet.read("intended/home/one/main.ini");
    let line = text.lines().position(|line| line.starts_with("password")).unwrap() + 1;
    let explained = explain(&fleet, &format!("home/one/main.ini:{line}"));
    assert_eq!(explained["values"][0]["value"], "secret:press-key");
    assert_eq!(names(&explained, "values"), ["secret"]);
}

#[test]
fn a_deviation_and_a_flow_are_told_where_they_touch_a_line() {
    let fleet = copy_example("kestrel");
    fleet.jig("render -q").run().exits(0);
    let file = "intended/lej/pk1/gateway/telegraf.conf";
    let text = fleet.read(file);
    let (at, _) = text.lines().enumerate().find(|(_, line)| line.starts_with("# DV-0007")).unwrap();
    let explained = explain(&fleet, &format!("{file}:{}", at + 1));
    assert_eq!(explained["deviations"], json!(["DV-0007"]));
    assert!(names(&explained, "values").contains(&"deviations.DV-0007.reason".to_owned()));
    let policy = text.lines().skip(at).position(|line| line.contains("security_policy")).unwrap() + at;
    let explained = explain(&fleet, &format!("{file}:{}", policy + 1));
    let values = explained["values"].as_array().unwrap();
    let deviating = values.iter().find(|value| value["layer"] == "deviation").unwrap();
    assert_eq!(deviating["name"], "labeler.opcua_security");
    assert_eq!(deviating["file"], "deviations/DV-0007/deviation.yaml");
    assert_eq!(explained["flows"], json!(["F-01.1"]));
    let detail = &explained["flow_details"][0];
    assert_eq!((&detail["conduit"], &detail["decision"]), (&json!("CN-01"), &json!("RD-001")));
    assert_eq!((&detail["owner"], &detail["review_by"]), (&json!("site-controls"), &json!("2027-05-18")));
    let said = fleet.jig("explain").arg(format!("{file}:{}", policy + 1)).run().exits(0);
    for word in
        ["written by built-in:telegraf/telegraf.conf.j2:", "deviation DV-0007", "read PackML tags", "RD-001"]
    {
        assert!(said.stdout.contains(word), "{word} in\n{}", said.stdout);
    }
}

#[test]
fn flows_and_metrics_are_explained_everywhere_or_at_an_address() {
    let fleet = copy_example("kestrel");
    fleet.jig("render -q").run().exits(0);
    let all = explain(&fleet, "F-01.1");
    let here = fleet.jig("--format json explain F-01.1 grr/pk2").run().exits(0).json();
    assert!(all["places"].as_array().unwrap().len() > here["places"].as_array().unwrap().len());
    let place = &here["places"][0];
    assert_eq!((&place["address"], &place["purpose"]), (&json!("grr/pk2"), &json!("read PackML tags")));
    assert_eq!(place["file"], "blueprints/packaging-line/conduits.yaml");
    assert!(
        place["files"].as_array().unwrap().contains(&json!("intended/grr/pk2/firewall/pk2.nft")),
        "{place}"
    );
    let metric = fleet.jig("--format json explain count-agreement grr/pk1").run().exits(0).json();
    assert_eq!((&metric["metric"], &metric["file"]), (&json!("count-agreement"), &json!("metrics.yaml")));
    assert_eq!(metric["places"][0]["state"], "trusted");
    assert_eq!(metric["places"][0]["evidence"], "evidence/grr/pk1/count-agreement.csv");
    for what in ["F-01.1", "count-agreement", "RD-001", "undecided-conduit"] {
        assert!(!fleet.jig("explain").arg(what).run().exits(0).stdout.is_empty());
    }
    let run = fleet.jig("explain F-01.7").run().exits(2);
    assert!(
        run.stderr.contains("did you mean `F-01.1`") || run.stderr.contains("did you mean"),
        "{}",
        run.stderr
    );
}
