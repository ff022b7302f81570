//! A slip in a key, in a word, in a type, or a key that is missing: found on its line, with what was meant.

mod support;

use support::{copy_example, in_parallel};

/// A file of the example, what is replaced by what, a text of the line where it is found, and what is said.
const SLIPS: &[(&str, &str, &str, &str, &str)] = &[
    ("jig.yaml", "side: it, ", "sied: it, ", "sied: it", "did you mean `side`?"),
    ("jig.yaml", "side: it, ", "side: itt, ", "side: itt", "did you mean `it`?"),
    ("jig.yaml", "sparkplug: {", "sparkplug: [1] #{", "sparkplug: [1]", "a map is wanted"),
    ("metrics.yaml", "better: lower", "better: lowr", "lowr", "did you mean `lower`?"),
    ("metrics.yaml", "window: shift", "widnow: shift", "widnow", "did you mean `window`?"),
    ("rights.yaml", "what: flow", "what: flwo", "flwo", "did you mean `flow`?"),
    ("rights.yaml", "decides: ", "decide: ", "decide: ", "did you mean `decides`?"),
    ("deviations/DV-0007/deviation.yaml", "changes: {", "chnages: {", "chnages", "did you mean `changes`?"),
    ("deviations/DV-0007/deviation.yaml", "expires: 2026-12-18\n", "", "line: lej/pk1", "expires"),
    ("blueprints/packaging-line/conduits.yaml", "purdue: 2", "purdue: 9", "purdue: 9", "3.5"),
    (
        "blueprints/packaging-line/conduits.yaml",
        "access: read\n",
        "access: raed\n",
        "access: raed",
        "did you mean `read`?",
    ),
    (
        "blueprints/packaging-line/conduits.yaml",
        "        purpose: read PackML tags\n",
        "",
        "F-01.1",
        "purpose",
    ),
    (
        "blueprints/packaging-line/blueprint.yaml",
        "type: string, format: ipv4, within: values.cell_subnet, unique: fleet",
        "type: string, format: ipv4, within: values.cell_subnet, unique: flet",
        "flet",
        "fleet or site",
    ),
    (
        "blueprints/packaging-line/blueprint.yaml",
        "format: ipv4, within: values.cell_subnet",
        "format: ipv4, within: [7]",
        "within: [7]",
        "expression",
    ),
    (
        "blueprints/packaging-line/blueprint.yaml",
        "    minItems: 1",
        "    minItems: many",
        "minItems: many",
        "integer",
    ),
    (
        "sites/grr/lines/pk2.yaml",
        "area: packaging",
        "areas: packaging",
        "areas: packaging",
        "did you mean `area`?",
    ),
    (
        "sites/grr/lines/pk2.yaml",
        "cell_subnet: ",
        "cell_sbnet: ",
        "cell_sbnet",
        "did you mean `cell_subnet`?",
    ),
    ("jig.yaml", "sparkplug: {", "spakrplug: {", "spakrplug", "did you mean `sparkplug`?"),
    ("jig.yaml", "edge_node:", "edg_enode:", "edg_enode", "did you mean `edge_node`?"),
    ("jig.yaml", "@kestrel/{site}-safety", "@kestrel/{iste}-safety", "{iste}", "`{site}`"),
    (
        "equipment.yaml",
        "register: 40001, map: { 0: Stopped, 1: Aborted",
        "regsiter: 40001, map: { 0: Stopped, 1: Aborted",
        "regsiter",
        "did you mean `register`?",
    ),
    (
        "equipment.yaml",
        "width: 32, word_order: little",
        "wdith: 32, word_order: little",
        "wdith",
        "did you mean `width`?",
    ),
    ("goals.yaml", "metric: oee-index", "metric: oee-idnex", "oee-idnex", "did you mean `oee-index`?"),
    ("metrics.yaml", "of: count_source", "of: count_sorce", "count_sorce", "did you mean `count_source`?"),
    (
        "lessons.yaml",
        "input: count_source",
        "input: count_sorce",
        "count_sorce",
        "did you mean `count_source`?",
    ),
    ("sites/lej/site.yaml", "  language: {", "  lanugage: {", "lanugage", "did you mean `language`?"),
    ("sites/lej/site.yaml", "start: ", "satrt: ", "satrt", "did you mean `start`?"),
    (
        "sites/lej/lines/pk1.yaml",
        "area: packaging",
        "area: pakaging",
        "pakaging",
        "did you mean `packaging`?",
    ),
    (BLUEPRINT, "properties:\n", "propreties:\n", "propreties", "did you mean `properties`?"),
    (BLUEPRINT, "format: ipv4, within", "fomrat: ipv4, within", "fomrat", "did you mean `format`?"),
    (BLUEPRINT, "format: ipv4, within", "format: ivp4, within", "ivp4", "did you mean `ipv4`?"),
    (BLUEPRINT, "format: ipv4, within", "format: mac, within", "format: mac", "any answer would pass"),
    (
        BLUEPRINT,
        "within: values.cell_subnet",
        "within: values.clel_subnet",
        "clel_subnet",
        "cannot tell the network",
    ),
    (BLUEPRINT, "enum_from: equipment", "enum_from: equpiment", "equpiment", "must name a list"),
    (BLUEPRINT, "output: dashboard", "output: dashbord", "dashbord", "did you mean `dashboard`?"),
    (CONDUITS, "output: firewall", "output: firewal", "firewal", "did you mean `firewall`?"),
    (CONDUITS, "cell: eth1", "clel: eth1", "clel", "did you mean `cell`?"),
];

const BLUEPRINT: &str = "blueprints/packaging-line/blueprint.yaml";
const CONDUITS: &str = "blueprints/packaging-line/conduits.yaml";

#[test]
fn each_slip_is_found_on_its_line_with_what_was_meant() {
    let wrong = in_parallel(SLIPS, |(file, from, to, line, said)| {
        let fleet = copy_example("kestrel");
        fleet.edit(file, from, to);
        let found = fleet.jig("-j 1 validate --format json").run().findings();
        let text = fleet.read(file);
        let on_line = |number: u64| {
            text.lines().nth((number as usize).wrapping_sub(1)).is_some_and(|text| text.contains(line))
        };
        let good = found.iter().any(|found| {
            found.file == *file
                && on_line(found.line)
                && format!("{} {}", found.message, found.next).contains(said)
        });
        let seen: Vec<String> = found
            .iter()
            .filter(|f| f.file == *file)
            .map(|f| format!("{}: {}; {}", f.place(), f.message, f.next))
            .collect();
        (!good)
            .then(|| format!("{file}: `{to}`: wanted `{said}` at `{line}`, found\n  {}", seen.join("\n  ")))
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A question of the smallest fleet, what is said of it, and where; nothing where it is right.
const QUESTIONS: &[(&str, &str)] = &[
    ("{ allOf: [ { type: string }, { format: ipv4, unique: fleet } ], owner: it }", ""),
    ("{ type: string, anyOf: [ { unique: fleet } ], owner: it }", "`unique` is not checked here"),
    (
        "{ type: string, if: { minLength: 3 }, then: { within: site.zones.edge.subnet }, owner: it }",
        "`within` is not checked here",
    ),
    (
        "{ type: [string, object], patternProperties: { '^a': { enum_from: roles } }, owner: it }",
        "`enum_from` is not checked here",
    ),
];

#[test]
fn words_that_nothing_would_look_at_are_refused() {
    for (question, said) in QUESTIONS {
        let fleet = support::FleetBuilder::smallest().build();
        let path = "blueprints/hello/blueprint.yaml";
        let text = fleet.read(path);
        let old = text.lines().find(|line| line.contains("plc_ip:")).expect("the question");
        fleet.edit(path, old, &format!("  plc_ip: {question}"));
        let found = fleet.jig("validate --format json").run().findings();
        let of_question: Vec<_> = found.iter().filter(|f| f.file == path && f.rule == "schema").collect();
        assert_eq!(of_question.is_empty(), said.is_empty(), "{question}: {found:?}");
        assert!(of_question.iter().all(|f| f.message.contains(said)), "{question}: {found:?}");
        // What is said once to all is looked at: two lines give the same address.
        if said.is_empty() {
            assert!(found.is_empty(), "{question}: {found:?}");
            let other = fleet.read("sites/home/lines/one.yaml");
            fleet.write("sites/home/lines/two.yaml", other);
            let found = fleet.jig("validate --format json").run().findings();
            assert!(found.iter().any(|f| f.rule == "duplicate-address"), "{question}: {found:?}");
        }
    }
}

/// A file that cannot be read takes along what it says; that follows, and is not the fault.
#[test]
fn what_keeps_a_file_from_being_read_is_told_before_what_follows() {
    let slips = [
        ("metrics.yaml", "better: lower", "better: lowr"),
        ("metrics.yaml", "metrics:", "metrics: \"open"),
        ("equipment.yaml", "types:", "tpyes:"),
        ("goals.yaml", "goals:", "gaols:"),
        ("lessons.yaml", "lessons:", "lessns:"),
        ("rights.yaml", "decides: ", "decide: "),
        ("decisions/RD-001/decision.yaml", "treatment:", "traetment:"),
        ("decisions/RD-001/it.yaml", "role:", "rloe:"),
        ("deviations/DV-0007/ot.yaml", "role:", "rloe:"),
    ];
    let wrong = in_parallel(&slips, |(file, from, to)| {
        let fleet = copy_example("kestrel");
        fleet.edit(file, from, to);
        let run = fleet.jig("--as-of 2026-11-22 validate --format json").run();
        let found = run.findings();
        let first = found.first().expect("a finding");
        let denied = found.iter().find(|finding| {
            let says = |words: &str| finding.message.contains(words);
            says(&format!(" in {file}")) && says("there is no ")
                || says(&format!("{file} has no "))
                || says("lacks the ")
        });
        let mut wrong = vec![];
        if first.file != *file {
            wrong.push(format!("{file} {to}: first is {first:?}"));
        }
        wrong.extend(denied.map(|finding| format!("{file} {to}: nobody can know {finding:?}")));
        wrong
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
