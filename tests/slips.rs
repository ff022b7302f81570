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
];

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
