//! Broken input of every kind: reported at its place with a next step, exit 1 or 2, never a panic, and what was
//! rendered before stays whole.

#![allow(clippy::case_sensitive_file_extension_comparisons)] // these names are written here

mod support;

use std::fmt::Write as _;
use support::{Fleet, FleetBuilder, LINE, Run, copy_example, in_parallel};

/// One kind of broken input: what is done to a good fleet, and the finding that must come.
struct Case {
    what: &'static str,
    fleet: Base,
    spoil: fn(&Fleet),
    rule: &'static str,
    /// `file:line:column`, or the file alone where it is to blame as a whole; `file:line:` where any step of an
    /// endless loop may be the last.
    place: &'static str,
    code: i32,
}

#[derive(Clone, Copy, PartialEq)]
enum Base {
    /// One enterprise file, one blueprint, one site, one line.
    Small,
    /// The whole enterprise.
    Kestrel,
}

use Base::{Kestrel, Small};

const ONE: &str = "sites/home/lines/one.yaml";
const HELLO: &str = "blueprints/hello/blueprint.yaml";
const TARGET: &str = "blueprints/hello/templates/settings/target.yaml";
const TEMPLATE: &str = "blueprints/hello/templates/settings/settings.json.j2";
const CONDUITS: &str = "blueprints/packaging-line/conduits.yaml";
const PK1: &str = "sites/lej/lines/pk1.yaml";

const fn case(
    what: &'static str,
    fleet: Base,
    spoil: fn(&Fleet),
    rule: &'static str,
    place: &'static str,
    code: i32,
) -> Case {
    Case { what, fleet, spoil, rule, place, code }
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    // YAML that is none, or means different things to different readers
    case("a tab as indent", Small, |f| f.edit(ONE, "  plc_ip", "\tplc_ip"), "malformed-yaml", "sites/home/lines/one.yaml:4:2", 2),
    case("an unclosed quote", Small, |f| f.edit(ONE, "area: hall", "area: \"hall"), "malformed-yaml", "sites/home/lines/one.yaml:2:1", 2),
    case("an unclosed list", Small, |f| f.edit(ONE, "area: hall", "area: [hall"), "malformed-yaml", "sites/home/lines/one.yaml:2:10", 2),
    case("an unclosed map in jig.yaml", Small, |f| f.edit("jig.yaml", "deputy: it }", "deputy: it"), "malformed-yaml", "jig.yaml:4:5", 2),
    case("a wrong indent", Small, |f| f.edit(ONE, "blueprint:", "  blueprint:"), "malformed-yaml", "sites/home/lines/one.yaml:2:12", 2),
    case("an unknown alias", Small, |f| f.edit(ONE, "hall", "*nobody"), "malformed-yaml", "sites/home/lines/one.yaml:1:7", 2),
    case("an alias inside its own value", Small, |f| f.edit(ONE, "hall", "&a [*a]"), "unsupported-yaml", "sites/home/lines/one.yaml:1:11", 1),
    case("an alias bomb", Small, |f| f.write("goals.yaml", bomb()), "unsupported-yaml", "goals.yaml:8:12", 1),
    case("nesting without end", Small, |f| f.edit(ONE, "hall", &"[".repeat(5000)), "malformed-yaml", "sites/home/lines/one.yaml:1:262", 2),
    case("a key twice", Small, |f| f.edit(ONE, "area: hall", "area: hall\narea: yard"), "duplicate-key", "sites/home/lines/one.yaml:2:1", 1),
    case("a key twice deep inside", Small, |f| f.edit("jig.yaml", "side: ot,", "side: ot, side: it,"), "duplicate-key", "jig.yaml:3:25", 2),
    case("a second document", Small, |f| f.edit(ONE, "inputs:", "---\ninputs:"), "unsupported-yaml", "sites/home/lines/one.yaml:3:1", 1),
    case("a tag", Small, |f| f.edit(ONE, "hall", "!secret hall"), "unsupported-yaml", "sites/home/lines/one.yaml:1:15", 1),
    case("a merge key", Small, |f| f.edit(ONE, "inputs:", "inputs:\n  <<: { plc_ip: 10.0.0.7 }"), "unsupported-yaml", "sites/home/lines/one.yaml:4:3", 1),
    case("a list as key", Small, |f| f.edit(ONE, "area", "? [a, b]\n: 1\narea"), "unsupported-yaml", "sites/home/lines/one.yaml:1:3", 1),
    case("bytes that are no UTF-8", Small, |f| f.write(ONE, b"# \xc3\xa4\narea: h\xffll\n"), "unreadable", "sites/home/lines/one.yaml:2:8", 2),
    case("UTF-16", Small, |f| f.write(ONE, b"\xff\xfea\0r\0e\0a\0"), "unreadable", "sites/home/lines/one.yaml:1:1", 2),
    case("a NUL byte", Small, |f| f.edit(ONE, "hall", "h\0ll"), "malformed-yaml", "sites/home/lines/one.yaml:1:8", 2),
    case("a huge file", Small, |f| f.write("goals.yaml", vec![b'#'; 17 << 20]), "unreadable", "goals.yaml", 2),
    case("a huge number", Small, |f| f.edit(ONE, "hall", "99999999999999999999999"), "unsupported-yaml", "sites/home/lines/one.yaml:1:7", 1),
    case("a number without end", Small, |f| f.edit(ONE, "hall", "1e999"), "unsupported-yaml", "sites/home/lines/one.yaml:1:7", 1),
    case("infinity", Small, |f| f.edit(ONE, "hall", ".inf"), "unsupported-yaml", "sites/home/lines/one.yaml:1:7", 1),
    case("an empty jig.yaml", Small, |f| f.write("jig.yaml", ""), "schema", "jig.yaml:1:1", 2),
    case("an empty line file", Small, |f| f.write(ONE, ""), "schema", "sites/home/lines/one.yaml:1:1", 1),
    case("only comments", Small, |f| f.write(HELLO, "# nothing\n\n"), "schema", "blueprints/hello/blueprint.yaml:3:1", 1),

    // another shape than the format has
    case("a list where a map belongs", Small, |f| f.edit(ONE, "  plc_ip: 10.0.0.5", "  - 10.0.0.5"), "schema", "sites/home/lines/one.yaml:4:3", 1),
    case("a text where a map belongs", Small, |f| f.write("jig.yaml", "just text\n"), "schema", "jig.yaml:1:1", 2),
    case("a number where text belongs", Small, |f| f.edit(ONE, "hall", "12"), "schema", "sites/home/lines/one.yaml:1:7", 1),
    case("true where text belongs", Small, |f| f.edit("sites/home/site.yaml", "Home", "true"), "schema", "sites/home/site.yaml:1:7", 1),
    case("a version like a number", Small, |f| f.edit(HELLO, "0.1.0", "1.10"), "schema", "blueprints/hello/blueprint.yaml:1:10", 1),
    case("nothing where a list belongs", Small, |f| f.edit(HELLO, "outputs:\n  - { id: settings, target: settings, owner: controls }", "outputs:"), "schema", "blueprints/hello/blueprint.yaml:6:8", 1),
    case("a word that is none of the known", Small, |f| f.edit("jig.yaml", "side: ot", "side: oT"), "schema", "jig.yaml:3:21", 2),
    case("an unknown key", Small, |f| f.edit(ONE, "area:", "arae:"), "unknown-key", "sites/home/lines/one.yaml:1:1", 1),
    case("an unknown key in the middle", Small, |f| f.edit("jig.yaml", "deputy: it", "deputi: it"), "unknown-key", "jig.yaml:3:49", 2),
    case("a missing key", Small, |f| f.edit(ONE, "area: hall\n", ""), "schema", "sites/home/lines/one.yaml:1:1", 1),
    case("a missing key of a role", Small, |f| f.edit("jig.yaml", "side: ot, ", ""), "schema", "jig.yaml:3:3", 2),
    case("a date that does not exist", Kestrel, |f| f.edit("decisions/RD-010/decision.yaml", "2027-05-18", "2027-02-30"), "schema", "decisions/RD-010/decision.yaml:13:12", 1),
    case("an answer missing", Small, |f| f.edit(ONE, "  plc_ip: 10.0.0.5", "  {}"), "schema", "sites/home/lines/one.yaml:3:1", 1),
    case("an answer too many", Small, |f| f.edit(ONE, "  plc_ip", "  plc_port: 1\n  plc_ip"), "unknown-key", "sites/home/lines/one.yaml:4:3", 1),
    case("an answer of the wrong format", Small, |f| f.edit(ONE, "10.0.0.5", "10.0.0.500"), "schema", "sites/home/lines/one.yaml:4:11", 1),
    case("a question that is no schema", Small, |f| f.edit(HELLO, "type: string", "type: strnig"), "schema", "blueprints/hello/blueprint.yaml:5:19", 1),

    // names
    case("a site with a bad name", Small, |f| f.write("sites/Home Two/site.yaml", "name: x\ntimezone: UTC\n"), "bad-id", "sites/Home Two", 1),
    case("a line with a bad name", Small, |f| f.write("sites/home/lines/ONE.yaml", LINE), "bad-id", "sites/home/lines/ONE.yaml", 1),
    case("a line with a name too long", Small, |f| f.write(&format!("sites/home/lines/{}.yaml", "a".repeat(33)), LINE), "bad-id", "sites/home/lines/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.yaml", 1),
    case("a role with a bad name", Small, |f| f.edit("jig.yaml", "  it:", "  IT dept:"), "bad-id", "jig.yaml:4:3", 2),
    case("a record with a bad name", Small, |f| f.write("decisions/rd1/decision.yaml", "covers: []\n"), "bad-id", "decisions/rd1", 1),
    case("a flow with a bad name", Kestrel, |f| f.edit(CONDUITS, "F-01.1:", "F01:"), "bad-id", "blueprints/packaging-line/conduits.yaml:40:7", 1),
    case("two values of one name", Small, |f| f.edit(HELLO, "outputs:", "fixed: { plc_ip: 1 }\noutputs:"), "duplicate-id", "blueprints/hello/blueprint.yaml:6:10", 1),
    case("two outputs of one name", Small, |f| f.edit(HELLO, "outputs:", "outputs:\n  - { id: settings, target: settings, owner: it, path: b.json }"), "duplicate-id", "blueprints/hello/blueprint.yaml:8:11", 1),

    // names that name nothing
    case("an owner that is no role", Small, |f| f.edit(HELLO, "owner: controls\ninputs", "owner: contrlos\ninputs"), "unknown-reference", "blueprints/hello/blueprint.yaml:3:8", 1),
    case("an unknown goal", Kestrel, |f| f.edit(PK1, "goal: G-", "goal: G-9"), "unknown-reference", "sites/lej/lines/pk1.yaml:3:7", 1),
    case("an unknown metric", Kestrel, |f| f.edit("blueprints/packaging-line/blueprint.yaml", "  - availability", "  - availabilty"), "unknown-reference", "blueprints/packaging-line/blueprint.yaml:100:5", 1),
    case("an unknown lesson", Kestrel, |f| f.edit("blueprints/packaging-line/blueprint.yaml", "lessons: [L-001", "lessons: [L-999"), "unknown-reference", "blueprints/packaging-line/blueprint.yaml:10:11", 1),
    case("an unknown system of record", Kestrel, |f| f.edit("metrics.yaml", "record: line-plc", "record: line-plx"), "unknown-reference", "metrics.yaml:5:57", 1),
    case("an unknown equipment profile", Kestrel, |f| f.edit("equipment.yaml", "profile: packml-opcua", "profile: packml-opc"), "unknown-reference", "equipment.yaml:13:55", 1),
    case("an unknown equipment type", Kestrel, |f| f.edit(PK1, "type: ", "type: un"), "unknown-reference", "sites/lej/lines/pk1.yaml:11:27", 1),
    case("an unknown zone", Kestrel, |f| f.edit(CONDUITS, "zones: [edge, cell]", "zones: [edge, cel]"), "unknown-reference", "blueprints/packaging-line/conduits.yaml:32:19", 1),
    case("an unknown asset", Kestrel, |f| f.edit(CONDUITS, "from: gateway", "from: gatway"), "unknown-reference", "blueprints/packaging-line/conduits.yaml:42:15", 1),
    case("an unknown device", Kestrel, |f| f.edit(CONDUITS, "enforced_by: [line-firewall]", "enforced_by: [line-firewal]"), "unknown-reference", "blueprints/packaging-line/conduits.yaml:33:19", 1),
    case("an unknown service", Kestrel, |f| f.edit(CONDUITS, "service: opcua", "service: opcau"), "unknown-reference", "blueprints/packaging-line/conduits.yaml:46:18", 1),
    case("an unknown countermeasure", Kestrel, |f| f.edit(CONDUITS, "auth: application-certificate", "auth: application-certificate\n        countermeasure: CM-9"), "unknown-reference", "blueprints/packaging-line/conduits.yaml:49:25", 1),
    case("an unknown decision", Kestrel, |f| f.edit(CONDUITS, "decision: RD-001", "decision: RD-999"), "undecided-conduit", "blueprints/packaging-line/conduits.yaml:35:5", 1),
    case("an unknown check", Kestrel, |f| f.edit("decisions/RD-001/decision.yaml", "check: read-only", "check: read-olny"), "unknown-condition", "decisions/RD-001/decision.yaml:12:14", 1),
    case("an unknown access", Kestrel, |f| f.edit(CONDUITS, "access: read", "access: raed"), "schema", "blueprints/packaging-line/conduits.yaml:47:17", 1),
    case("an unknown blueprint", Small, |f| f.edit(ONE, "hello@0.1.0", "hallo@0.1.0"), "blueprint-not-found", "sites/home/lines/one.yaml:2:12", 2),
    case("an unknown version", Small, |f| f.edit(ONE, "hello@0.1.0", "hello@9.9.9"), "blueprint-not-found", "sites/home/lines/one.yaml:2:12", 2),
    case("a blueprint without a version", Small, |f| f.edit(ONE, "hello@0.1.0", "hello"), "schema", "sites/home/lines/one.yaml:2:12", 1),
    case("an unknown target", Small, |f| f.edit(HELLO, "target: settings", "target: settngs"), "unknown-target", "blueprints/hello/blueprint.yaml:7:29", 1),
    case("a target without its template", Small, |f| f.remove(TEMPLATE), "unknown-reference", "blueprints/hello/templates/settings/target.yaml:2:22", 1),
    case("a target without target.yaml", Small, |f| f.remove(TARGET), "unknown-target", "blueprints/hello/blueprint.yaml:7:29", 1),
    case("an unknown syntax", Small, |f| f.edit(TARGET, "kind:", "syntax: jsn\nkind:"), "unknown-syntax", "blueprints/hello/templates/settings/target.yaml:1:9", 1),
    case("a deviation of no line", Kestrel, |f| f.edit("deviations/DV-0007/deviation.yaml", "lej/pk1", "lej/pk9"), "deviation-without-effect", "deviations/DV-0007/deviation.yaml:1:7", 0),
    case("a line of a site blueprint", Kestrel, |f| f.edit(PK1, "packaging-line@1.3.0", "site-base@1.1.0"), "wrong-place", "sites/lej/lines/pk1.yaml:2:12", 1),
    case("a site of a line blueprint", Kestrel, |f| f.edit("sites/lej/site.yaml", "site-base@1.1.0", "packaging-line@1.3.0"), "wrong-place", "sites/lej/site.yaml:7:12", 1),
    case("an address outside its network", Kestrel, |f| f.edit(PK1, "gateway_ip: 10.30.30", "gateway_ip: 10.99.30"), "outside-network", "sites/lej/lines/pk1.yaml:9:15", 1),
    case("an address given twice", Kestrel, |f| f.edit("sites/lej/lines/pk2.yaml", "gateway_ip: 10.30.30.12", "gateway_ip: 10.30.30.11"), "duplicate-address", "sites/lej/lines/pk2.yaml:9:15", 1),

    // templates
    case("a template with a mistake", Small, |f| f.write(TEMPLATE, "{\n {% if %}\n}"), "template-error", "blueprints/hello/templates/settings/settings.json.j2:2:8", 1),
    case("an unknown filter", Small, |f| f.write(TEMPLATE, "{ \"a\": {{ line|shout }} }"), "template-error", "blueprints/hello/templates/settings/settings.json.j2:1:16", 1),
    case("an undefined name", Small, |f| f.write(TEMPLATE, "{\n \"a\": {{ values.plc_pi }}\n}"), "undefined-value", "blueprints/hello/templates/settings/settings.json.j2:2:10", 1),
    case("a loop without end", Small, |f| f.write(TEMPLATE, "{% for a in range(99999) %}{% for b in range(99999) %}{% if a == b %}{% endif %}{% endfor %}{% endfor %}"), "template-error", "blueprints/hello/templates/settings/settings.json.j2:1:", 1),
    case("text without end", Small, |f| f.write(TEMPLATE, "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}"), "template-error", "blueprints/hello/templates/settings/settings.json.j2:1:", 1),
    case("a template that includes itself", Small, |f| f.write(TEMPLATE, "{% include 'settings.json.j2' %}"), "template-error", "blueprints/hello/templates/settings/settings.json.j2:1:4", 1),
    case("a macro that calls itself", Small, |f| f.write(TEMPLATE, "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), "template-error", "blueprints/hello/templates/settings/settings.json.j2:1:19", 1),
    case("an include of a file outside", Small, |f| f.write(TEMPLATE, "{% include '../../../../jig.yaml' %}"), "template-error", "blueprints/hello/templates/settings/settings.json.j2:1:4", 1),
    case("includes in a circle", Small, |f| { f.write(TEMPLATE, "{% include 'b.j2' %}"); f.write(&TEMPLATE.replace("settings.json", "b"), "{% include 'settings.json.j2' %}"); }, "template-error", "blueprints/hello/templates/settings/settings.json.j2:1:4", 1),
    case("a value that cannot stand there", Small, |f| { f.edit(TARGET, "path: settings.json", "path: settings.nft"); f.write(TEMPLATE, "table inet {{ values.plc_ip ~ ' ; drop' }} {\n}\n"); }, "unsafe-value", "blueprints/hello/templates/settings/settings.json.j2:1:15", 1),
    case("a mistake in an output path", Small, |f| f.edit(HELLO, "target: settings,", "target: settings, path: \"{{ lien }}.json\","), "unresolved", "blueprints/hello/blueprint.yaml:7:45", 1),
    case("a path that leaves the folder", Small, |f| f.edit(TARGET, "path: settings.json", "path: ../settings.json"), "unsafe-path", "blueprints/hello/blueprint.yaml:7:5", 1),
    case("an absolute path", Small, |f| f.edit(TARGET, "path: settings.json", "path: /etc/settings.json"), "unsafe-path", "blueprints/hello/blueprint.yaml:7:5", 1),
    case("a path of jig's own", Small, |f| f.edit(TARGET, "path: settings.json", "path: manifest.json"), "unsafe-path", "blueprints/hello/blueprint.yaml:7:5", 1),
    case("two outputs of one path", Small, |f| f.edit(HELLO, "outputs:", "outputs:\n  - { id: again, target: settings, owner: it, path: SETTINGS.json }"), "unsafe-path", "blueprints/hello/blueprint.yaml:8:5", 1),
    case("a template outside its folder", Small, |f| f.edit(TARGET, "template: settings.json.j2", "template: ../../../../jig.yaml"), "unknown-reference", "blueprints/hello/templates/settings/target.yaml:2:22", 1),

    // files and folders that are not what they should be
    case("a folder where jig.yaml belongs", Small, |f| { f.remove("jig.yaml"); f.write("jig.yaml/x", ""); }, "unreadable", "jig.yaml", 2),
    case("a folder where an optional file belongs", Small, |f| f.write("metrics.yaml/x", ""), "unreadable", "metrics.yaml", 2),
    case("a file where a folder belongs", Small, |f| { f.remove("sites/home/lines"); f.write("sites/home/lines", "x"); }, "unreadable", "sites/home/lines", 2),
    case("a file where sites belong", Small, |f| { f.remove("sites"); f.write("sites", "x"); }, "unreadable", "sites", 2),
    case("a site without site.yaml", Small, |f| f.remove("sites/home/site.yaml"), "unreadable", "sites/home/site.yaml", 2),
    case("a record without its file", Small, |f| f.write("decisions/RD-001/it.yaml", "role: it\napproves: []\n"), "unreadable", "decisions/RD-001/decision.yaml", 2),
    case("a blueprint folder without blueprint.yaml", Small, |f| f.remove(HELLO), "unreadable", HELLO, 2),
    case("a folder that names another version", Small, |f| { f.write("blueprints/hello@0.2.0/blueprint.yaml", f.read(HELLO)); }, "wrong-place", "blueprints/hello@0.2.0/blueprint.yaml:1:10", 1),
];

#[test]
fn every_kind_of_broken_input_is_reported_at_its_place() {
    let wrong: Vec<String> = in_parallel(CASES, check).into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

/// Says what is not as it must be.
fn check(case: &Case) -> Option<String> {
    let fleet = match case.fleet {
        Small => FleetBuilder::smallest().build(),
        Kestrel => one_site(),
    };
    if case.fleet == Small {
        fleet.jig("render").run().exits(0);
    }
    (case.spoil)(&fleet);
    let validated = fleet.jig("validate --format json").run();
    let mut runs = vec![fleet.jig("render").run()];
    if case.fleet == Small {
        runs.push(fleet.jig("").run());
    }
    let text = fleet.jig("validate").run();
    let mut wrong = vec![];
    for run in runs.iter().chain([&validated, &text]) {
        if run.stderr.contains("panicked") || !(0..=2).contains(&run.code) {
            wrong.push(format!("it crashed: {run}"));
        }
    }
    for run in [&validated, &text] {
        if run.code != case.code {
            wrong.push(format!("it exits {}, not {}: {run}", run.code, case.code));
        }
    }
    wrong.extend(finding(case, &validated, &text));
    wrong.extend(torn(&fleet));
    (!wrong.is_empty()).then(|| format!("- {}: {}", case.what, wrong.join("; ")))
}

/// The enterprise with one of its three sites, which says as much in less time.
fn one_site() -> Fleet {
    let fleet = copy_example("kestrel");
    for site in ["grr", "mty"] {
        fleet.remove(&format!("sites/{site}"));
    }
    fleet.remove("deviations/DV-0004");
    fleet.remove("blueprints/packaging-line@1.2.0");
    fleet
}

/// The finding stands at its place in both reports, and every finding says what to do next.
fn finding(case: &Case, json: &Run, text: &Run) -> Option<String> {
    let findings = json.findings();
    if let Some(mute) = findings.iter().find(|finding| finding.next.is_empty() || finding.file.is_empty()) {
        return Some(format!("a finding without a place or a next step: {mute:?}"));
    }
    let shown: Vec<_> = findings.iter().map(|f| format!("{} {} {}", f.rule, f.place(), f.message)).collect();
    if !findings.iter().any(|f| f.rule == case.rule && is_at(&f.place(), case.place)) {
        return Some(format!("no {} at {}, but {shown:#?}", case.rule, case.place));
    }
    (!text.stdout.contains(case.place)).then(|| format!("the text does not say {}", case.place))
}

/// Whether a place is the one expected; a place that ends with a colon leaves the column open.
fn is_at(place: &str, expected: &str) -> bool {
    if expected.ends_with(':') { place.starts_with(expected) } else { place == expected }
}

/// Whether something under intended/ is not exactly what its manifest says.
fn torn(fleet: &Fleet) -> Option<String> {
    let files = fleet.files("intended");
    if let Some(path) = files.keys().find(|path| path.contains("jig-tmp")) {
        return Some(format!("{path} was left behind"));
    }
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with("manifest.json")) {
        let manifest: serde_json::Value = serde_json::from_slice(bytes).expect("a manifest is JSON");
        for file in manifest["files"].as_array().expect("files") {
            let path = path.replace("manifest.json", file["path"].as_str().expect("a path"));
            let digest = files.get(&path).map(|bytes| format!("b3:{}", blake3::hash(bytes).to_hex()));
            if digest.as_deref() != file["digest"].as_str() {
                return Some(format!("{path} is not what the manifest says"));
            }
        }
    }
    None
}

fn bomb() -> String {
    let mut text = String::from("goals:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for at in 1..9 {
        let inner = vec![format!("*a{}", at - 1); 9].join(", ");
        writeln!(text, "  a{at}: &a{at} [{inner}]").expect("a string grows");
    }
    text
}

#[test]
fn crlf_a_byte_order_mark_and_odd_spacing_are_fine() {
    let fleet = FleetBuilder::smallest().build();
    fleet.write(ONE, format!("\u{feff}{}", LINE.replace('\n', "\r\n")));
    fleet
        .write("sites/home/site.yaml", "---\nname: 'Home'\n\n\ntimezone:   Europe/Berlin   # comment\n...\n");
    fleet.jig("validate --fail-on warning").run().exits(0);
    fleet.edit(ONE, "10.0.0.5", "10.0.0.555");
    let run = fleet.jig("validate --format json").run().exits(1);
    assert_eq!(
        run.findings()[0].place(),
        "sites/home/lines/one.yaml:4:11",
        "CRLF and the mark move no column"
    );
}

#[test]
fn files_that_nobody_reads_are_pointed_out() {
    let fleet = FleetBuilder::smallest().build();
    fleet.write("metric.yaml", "");
    fleet.write("sites/home/lines/two.yml", LINE);
    fleet.write("sites/home/lines/three.yaml/x", "");
    fleet.write("sites/notes.txt", "");
    fleet.write("decisions/RD-001.yaml", "");
    let run = fleet.jig("validate --format json").run().exits(0);
    let mut files: Vec<_> =
        run.findings().into_iter().filter(|f| f.rule == "wrong-place").map(|f| f.file).collect();
    files.sort();
    let expected = [
        "decisions/RD-001.yaml",
        "metric.yaml",
        "sites/home/lines/three.yaml",
        "sites/home/lines/two.yml",
        "sites/notes.txt",
    ];
    assert_eq!(files, expected);
}

#[test]
fn all_problems_are_shown_in_one_run() {
    let fleet = FleetBuilder::smallest().build();
    fleet.edit("jig.yaml", "side: ot", "sied: ot");
    fleet.write("goals.yaml", "goals: { g: 1 }\n");
    fleet.edit(HELLO, "scope: line", "scope: plant");
    fleet.write("decisions/RD-001/decision.yaml", "covers: x\n");
    fleet.edit("sites/home/site.yaml", "timezone", "timezon");
    let files: std::collections::BTreeSet<_> =
        fleet.jig("validate --format json").run().exits(2).findings().into_iter().map(|f| f.file).collect();
    for file in ["jig.yaml", "goals.yaml", HELLO, "decisions/RD-001/decision.yaml"] {
        assert!(files.contains(file), "{file} is not among {files:?}");
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_in_a_circle_or_nowhere_are_reported() {
    use std::os::unix::fs::symlink;
    let fleet = FleetBuilder::smallest().build();
    symlink("round.yaml", fleet.path("sites/home/lines/round.yaml")).expect("a link");
    symlink("/nonexistent", fleet.path("goals.yaml")).expect("a link");
    symlink("..", fleet.path("blueprints/hello/templates/settings/up")).expect("a link");
    let run = fleet.jig("validate --format json").run().exits(2);
    let unreadable: Vec<_> =
        run.findings().into_iter().filter(|f| f.rule == "unreadable").map(|f| f.file).collect();
    assert!(unreadable.contains(&"goals.yaml".to_owned()), "{run}");
    assert!(unreadable.contains(&"sites/home/lines/round.yaml".to_owned()), "{run}");
    fleet.jig("render").run().exits(2);
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_read_is_reported() {
    use std::os::unix::fs::PermissionsExt as _;
    let fleet = FleetBuilder::smallest().build();
    let lines = fleet.path("sites/home/lines");
    std::fs::set_permissions(&lines, std::fs::Permissions::from_mode(0o000)).expect("rights can be set");
    if std::fs::read_dir(&lines).is_ok() {
        eprintln!("SKIPPED: this user may read everything (root); `a file where a folder belongs` stands in");
    } else {
        let run = fleet.jig("validate --format json").run().exits(2);
        assert!(
            run.findings().iter().any(|f| f.rule == "unreadable" && f.file == "sites/home/lines"),
            "{run}"
        );
    }
    std::fs::set_permissions(&lines, std::fs::Permissions::from_mode(0o755)).expect("rights can be set");
}

#[cfg(unix)]
#[test]
fn file_names_that_are_no_text_are_reported() {
    use std::os::unix::ffi::OsStrExt as _;
    let fleet = FleetBuilder::smallest().build();
    let name = std::ffi::OsStr::from_bytes(b"od\xffd.yaml");
    if std::fs::write(fleet.path("sites/home/lines").join(name), LINE).is_err() {
        eprintln!("SKIPPED: this file system refuses such names");
        return;
    }
    let run = fleet.jig("validate --format json").run().exits(2);
    assert!(run.findings().iter().any(|f| f.rule == "unreadable" && !f.next.is_empty()), "{run}");
}

#[test]
fn one_broken_line_never_stops_the_others() {
    let fleet =
        FleetBuilder::smallest().file("sites/home/lines/two.yaml", &LINE.replace("0.5", "0.6")).build();
    fleet.write(ONE, "area: [\n");
    fleet.jig("render").run().exits(2);
    assert!(fleet.has("intended/home/two/settings.json") && !fleet.has("intended/home/one"));
}

/// Random damage to every file of the examples: whatever comes, it is an answer and not a crash.
#[test]
fn random_damage_never_panics_or_hangs() {
    const RUNS: u64 = 300;
    let workers: Vec<u64> = (0..2).collect();
    let crashes: Vec<String> = in_parallel(&workers, |worker| {
        let fleets: Vec<Fleet> = ["kestrel", "machining", "smallest"].into_iter().map(copy_example).collect();
        let victims: Vec<(usize, String, Vec<u8>)> = fleets
            .iter()
            .enumerate()
            .flat_map(|(at, fleet)| fleet.files("").into_iter().map(move |(path, bytes)| (at, path, bytes)))
            .filter(|(_, path, _)| !path.ends_with(".md"))
            .collect();
        let mut found = vec![];
        for run in (0..RUNS).filter(|run| run % 2 == *worker) {
            let mut dice = Dice(run * 7919 + 1);
            let (at, path, bytes) = &victims[dice.below(victims.len())];
            let damaged = damage(bytes, &mut dice);
            fleets[*at].write(path, &damaged);
            let outcome = fleets[*at].jig("validate").run();
            if outcome.stderr.contains("panicked") || !(0..=2).contains(&outcome.code) {
                found.push(format!("run {run}, {path}: {outcome}\n{}", String::from_utf8_lossy(&damaged)));
            }
            fleets[*at].write(path, bytes);
        }
        found
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(crashes.is_empty(), "{}", crashes.join("\n\n"));
}

/// Changes bytes, lines or tokens in a way that people, editors and disks do.
fn damage(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    const TOKENS: &[&str] = &[
        "{{",
        "}}",
        "{%",
        "%}",
        "{{ values.x }}",
        "- ",
        ": ",
        "\t",
        "\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a",
        "!!x ",
        "|",
        ">",
        "#",
        "---\n",
        "null",
        "-1",
        "1e400",
        "0x",
        "\u{0}",
        "\u{feff}",
        "\u{202e}",
        "9999999999999999999",
        "{{ 1/0 }}",
        "..",
    ];
    let mut out = bytes.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(out.len() + 1);
        match dice.below(7) {
            0 => out.truncate(at),
            1 if at < out.len() => out[at] = dice.below(256) as u8,
            2 if at < out.len() => drop(out.remove(at)),
            3 => drop(out.splice(at..at, TOKENS[dice.below(TOKENS.len())].bytes())),
            4 => {
                let mut lines: Vec<&[u8]> = out.split(|byte| *byte == b'\n').collect();
                let (one, two) = (dice.below(lines.len()), dice.below(lines.len()));
                lines.swap(one, two);
                out = lines.join(&b'\n');
            }
            5 => {
                let mut lines: Vec<&[u8]> = out.split(|byte| *byte == b'\n').collect();
                let (one, two) = (dice.below(lines.len()), dice.below(lines.len()));
                lines.insert(one, lines[two]);
                out = lines.join(&b'\n');
            }
            _ => {
                let mut lines: Vec<&[u8]> = out.split(|byte| *byte == b'\n').collect();
                lines.remove(dice.below(lines.len()));
                out = lines.join(&b'\n');
            }
        }
    }
    out
}

/// Numbers that look random and are the same every time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end.max(1) as u64) as usize
    }
}

/// A deviation may be what keeps a line running: its line does not fall back to the standard because of a slip in it.
#[test]
fn a_line_waits_for_its_deviation_that_cannot_be_read() {
    let failed = |fleet: &Fleet| -> Vec<String> {
        let json = fleet.jig("--format json render").run().json();
        let lines = json["lines"].as_array().expect("lines").iter();
        let failed = lines.filter(|line| line["state"] == "failed");
        failed.map(|line| line["address"].as_str().expect("an address").to_owned()).collect()
    };
    let fleet = one_site();
    fleet.edit("deviations/DV-0007/deviation.yaml", "expires: ", "expries: ");
    assert_eq!(failed(&fleet), ["lej", "lej/pk1"], "the line that it names, and the site that waits for it");
    fleet.edit("deviations/DV-0007/deviation.yaml", "line: ", "lien: ");
    assert_eq!(failed(&fleet), ["lej", "lej/pk1", "lej/pk2"], "no line can tell that it is not meant");
}
