//! On every way that a value takes through a template it is written alike, or refused alike.

use super::contexts::{CONTEXTS, Context};
use super::support::{FleetBuilder, Found, JIG};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A way: its name, what stands at the top of the template, and what stands in the place of the value. Blocks keep the
/// blanks and the line breaks round them with `+`. The last is for texts: of a number a filter of texts makes a text.
const WAYS: &[(&str, &str, &str)] = &[
    ("direct", "", "{{ values.x }}"),
    ("loop", "", "{%+ for v in [values.x] %}{{ v }}{% endfor +%}"),
    ("macro", "{% macro m(v) %}{{ v }}{% endmacro %}\n", "{{ m(values.x) }}"),
    ("call", "{% macro m() %}{{ caller() }}{% endmacro %}\n", "{%+ call m() %}{{ values.x }}{% endcall +%}"),
    ("include", "", "{%+ include \"part.j2\" +%}"),
    ("import", "{% from \"library.j2\" import m %}\n", "{{ m(values.x) }}"),
    ("capture", "{% set q %}{{ values.x }}{% endset %}\n", "{{ q }}"),
    (
        "filter",
        "",
        "{%+ if values.x is string %}{% filter replace(\"nowhere in it\", \"\") %}{{ values.x }}{% endfilter %}{% else %}{{ values.x }}{% endif +%}",
    ),
];

/// Values of the input `x`, as YAML.
const VALUES: &[&str] =
    &["pk2", r#""a\"b'c\\ #: <d> {{ x }}""#, r#"" x\ny\uFDD00\uFDD1""#, "8080", "[no, 1.5]"];

/// The places whose template does not look like one of jig's own blocks.
fn places() -> impl Iterator<Item = (usize, &'static Context)> {
    let plain = |context: &&Context| !["{{", "{%", "{#"].iter().any(|open| context.template.contains(open));
    CONTEXTS.iter().filter(plain).enumerate()
}

/// Every place as a blueprint with one output for each way, and every value as a line.
fn fleet() -> FleetBuilder {
    let mut fleet = FleetBuilder::new().file("jig.yaml", JIG);
    for (index, context) in places() {
        let templates = format!("blueprints/b{index}/templates/t");
        let mut target = String::from("kind: record\nfiles:\n");
        for (name, top, value) in WAYS {
            let body =
                context.template.replace("{<", "{ <").replace("<0>", value).replace("<1>", "{{ values.y }}");
            fleet = fleet.file(&format!("{templates}/{name}.j2"), &format!("{top}{body}"));
            let syntax = context.syntax;
            writeln!(target, "  - {{ template: {name}.j2, path: {name}.out, syntax: {syntax} }}")
                .expect("text");
        }
        let blueprint = "version: 0.1.0\nscope: line\nowner: controls\ninputs:\n  x: { owner: controls }\n  y: { owner: controls }\noutputs:\n  - { id: o, target: t, owner: controls }\n";
        fleet = fleet
            .file(&format!("{templates}/target.yaml"), &target)
            .file(&format!("{templates}/part.j2"), "{{ values.x }}")
            .file(&format!("{templates}/library.j2"), "{% macro m(v) %}{{ v }}{% endmacro %}\n")
            .file(&format!("blueprints/b{index}/blueprint.yaml"), blueprint)
            .file(&format!("sites/s{index}/site.yaml"), "name: S\ntimezone: UTC\n");
        for (number, value) in VALUES.iter().enumerate() {
            let line = format!("area: hall\nblueprint: b{index}@0.1.0\ninputs: {{ x: {value}, y: z }}\n");
            fleet = fleet.file(&format!("sites/s{index}/lines/l{number}.yaml"), &line);
        }
    }
    fleet
}

#[test]
fn every_way_through_a_template_writes_or_refuses_alike() {
    let fleet = fleet().build_in_memory();
    let run = fleet.jig("render --format json").run();
    let mut errors: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    for found in run.findings().into_iter().filter(|found| found.level == "error") {
        errors.entry(found.address.clone()).or_default().push(found);
    }
    let (mut written, mut refused) = (BTreeSet::new(), BTreeSet::new());
    let mut faults = vec![];
    for (index, context) in places() {
        for (number, value) in VALUES.iter().enumerate() {
            let address = format!("s{index}/l{number}");
            let folder = format!("intended/{address}");
            let alike = if let Some(errors) = errors.get(&address) {
                refused.insert(context.syntax);
                !fleet.has(&folder) && refused_alike(errors)
            } else {
                written.insert(context.syntax);
                let file = |name: &str| fleet.read(&format!("{folder}/{name}.out"));
                WAYS.iter().all(|(name, ..)| file(name) == file("direct"))
            };
            if !alike {
                faults.push(format!(
                    "{} {:?} with {value}: {:?}",
                    context.syntax,
                    context.template,
                    errors.get(&address)
                ));
            }
        }
    }
    let shown = faults.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(faults.is_empty(), "{} faults\n{shown}", faults.len());
    let syntaxes: BTreeSet<_> = CONTEXTS.iter().map(|context| context.syntax).collect();
    assert_eq!(written, syntaxes, "values were written in every language");
    assert!(refused.len() >= 10, "values were refused in {refused:?}");
}

/// Says whether each way was refused, for the same reason.
fn refused_alike(errors: &[Found]) -> bool {
    let reasons: BTreeSet<_> =
        errors.iter().map(|found| (&found.rule, &found.message, &found.next)).collect();
    errors.len() >= WAYS.len() && reasons.len() == 1
}
