//! Secrets: a reference prints in the target's own way wherever it stands, and what was typed in place of a reference
//! is never printed again, whatever else is wrong around it.

mod support;

use serde_json::{Value as Json, json};
use std::path::Path;
use support::{BLUEPRINT, Fleet, FleetBuilder, Found, in_parallel};

const PATTERN: &str = "\"${{ '{' }}{{ name|env_name }}{{ '}' }}\"";
const INPUTS: &str = "  plc_ip: { type: string, format: ipv4, owner: controls }
  pw: { type: string, format: secret, owner: controls }
  users: { type: array, owner: controls, items: { type: object, properties: { name: { type: string }, pw2: { type: string, format: secret } } } }
  plain: { owner: controls }
";
const ANSWERS: &str = "inputs:
  plc_ip: 10.0.0.5
  pw: secret:grr/mqtt-1
  users: [ { name: a, pw2: secret:one }, { name: b, pw2: secret:two } ]
  plain: [ secret:three, { deep: { er: secret:four } } ]
";

/// A fleet with one output, whose target refers to secrets in one way.
fn fleet(extension: &str, secret: Option<&str>, template: &str, answers: &str) -> Fleet {
    let blueprint = BLUEPRINT.replace("  plc_ip: { type: string, format: ipv4, owner: controls }\n", INPUTS);
    let secret = secret.map(|pattern| format!("secret: {pattern}\n")).unwrap_or_default();
    let syntax = if extension == "txt" { ", syntax: text" } else { "" };
    let target =
        format!("kind: record\n{secret}files: [ {{ template: t.j2, path: out.{extension}{syntax} }} ]\n");
    FleetBuilder::smallest()
        .file("blueprints/hello/blueprint.yaml", &blueprint)
        .file("blueprints/hello/templates/settings/target.yaml", &target)
        .file("blueprints/hello/templates/settings/t.j2", template)
        .file("sites/home/lines/one.yaml", &format!("area: hall\nblueprint: hello@0.1.0\n{answers}"))
        .build()
}

fn rendered(extension: &str, secret: Option<&str>, template: &str) -> Result<String, Vec<Found>> {
    let fleet = fleet(extension, secret, template, ANSWERS);
    let run = fleet.jig("render --format json").run();
    assert!(!run.stderr.contains("panicked"), "{run}");
    if run.code == 0 {
        Ok(fleet.read(&format!("intended/home/one/out.{extension}")))
    } else {
        Err(run.findings())
    }
}

// ---- references

#[test]
fn a_secret_prints_as_the_reference_of_its_target() {
    let text = |secret, template| rendered("txt", secret, template).expect("it renders");
    assert_eq!(text(Some(PATTERN), "{{ values.pw }}"), "${GRR_MQTT_1}");
    assert_eq!(text(Some("'{{ name }}@vault'"), "{{ values.pw }}"), "grr/mqtt-1@vault");
    assert_eq!(text(None, "{{ values.pw }}"), "secret:grr/mqtt-1");
    let all = "{{ values.pw ~ '!' }} {{ 'a' ~ values.pw }} {{ [values.pw, 'b']|join('+') }} {{ values.pw|string }} \
               {% macro m(p) %}<{{ p }}>{% endmacro %}{{ m(values.pw) }} {% set c %}[{{ values.pw }}]{% endset %}{{ c }} {{ c|upper }} \
               {{ values.nope|default(values.pw) }} {% for u in values.users %}{{ u.name }}={{ u.pw2 }};{% endfor %}{{ values.users|map(attribute='pw2')|join(',') }}";
    assert_eq!(
        text(Some(PATTERN), all),
        "${GRR_MQTT_1}! a${GRR_MQTT_1} ${GRR_MQTT_1}+b secret:grr/mqtt-1 <${GRR_MQTT_1}> [${GRR_MQTT_1}] [${GRR_MQTT_1}] \
         ${GRR_MQTT_1} a=${ONE};b=${TWO};${ONE},${TWO}"
            .replace("secret:grr/mqtt-1", "${GRR_MQTT_1}")
    );
}

#[test]
fn a_secret_in_lists_maps_and_finished_literals_is_a_reference_too() {
    let template = "{ \"bare\": {{ values.pw }}, \"in\": \"x{{ values.pw }}\", \"json\": {{ values.pw|json }}, \"tojson\": {{ values.pw|tojson }}, \
                    \"list\": {{ values.plain }}, \"list2\": {{ values.plain|json }}, \"list3\": {{ values.plain|tojson }}, \
                    \"map\": {{ { 'k': values.pw } }}, \"users\": {{ values.users }} }";
    let out: Json =
        serde_json::from_str(&rendered("json", Some(PATTERN), template).expect("it renders")).expect("JSON");
    let plain = json!(["${THREE}", { "deep": { "er": "${FOUR}" } }]);
    assert_eq!(
        out,
        json!({
            "bare": "${GRR_MQTT_1}", "in": "x${GRR_MQTT_1}", "json": "${GRR_MQTT_1}", "tojson": "${GRR_MQTT_1}",
            "list": plain, "list2": plain, "list3": plain, "map": { "k": "${GRR_MQTT_1}" },
            "users": [{ "name": "a", "pw2": "${ONE}" }, { "name": "b", "pw2": "${TWO}" }],
        })
    );
    let toml = rendered(
        "toml",
        Some(PATTERN),
        "a = {{ values.pw }}\nb = {{ values.pw|toml }}\nc = \"{{ values.pw }}\"\n",
    );
    assert_eq!(
        toml.expect("it renders"),
        "a = \"${GRR_MQTT_1}\"\nb = \"${GRR_MQTT_1}\"\nc = \"${GRR_MQTT_1}\"\n"
    );
    let yaml =
        rendered("yaml", Some(PATTERN), "a: {{ values.pw }}\nb: {{ values.pw|yaml }}\n").expect("it renders");
    let yaml: Json = serde_yaml::from_str(&yaml).expect("YAML");
    assert_eq!(yaml, json!({ "a": "${GRR_MQTT_1}", "b": "${GRR_MQTT_1}" }));
}

#[test]
fn every_shipped_way_to_refer_to_a_secret_works() {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut found = 0;
    for (path, bytes) in support::files_below(&templates) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some(pattern) = text
            .lines()
            .find_map(|line| line.strip_prefix("secret: "))
            .filter(|_| path.ends_with("target.yaml"))
        else {
            continue;
        };
        found += 1;
        let out =
            rendered("txt", Some(pattern), "{{ values.pw }}|{{ values.users[0].pw2 }}").expect("it renders");
        assert!(!out.contains("secret:") && out.contains('|') && !out.contains("{{"), "{path}: {out}");
        let (one, other) = out.split_once('|').expect("two references");
        assert_ne!(one, other, "{path}");
    }
    assert!(found > 0, "no target says how it refers to a secret");
}

#[test]
fn a_secret_is_only_printed_never_changed_never_a_key_never_a_path() {
    let changed = [
        "{{ values.pw|upper }}",
        "{{ values.pw|replace('s', 'x') }}",
        "{{ values.pw|length }}",
        "{{ values.pw|hex_id }}",
        "{{ values.pw|slug }}",
        "{{ values.pw|env_name }}",
        "{{ values.pw|trim }}",
        "{{ values.pw|indent }}",
        "{{ values.pw|split(':')|join }}",
        "{{ '%s'|format(values.pw) }}",
        "{{ values.users|map(attribute='pw2')|map('upper')|join }}",
        "{{ values.pw|truncate_id(8) }}",
    ];
    for template in changed {
        let findings = rendered("txt", Some(PATTERN), template).expect_err(template);
        assert!(
            findings
                .iter()
                .any(|found| found.message.contains("a secret can only be printed") && found.line == 1),
            "{template}: {findings:?}"
        );
    }
    for template in ["{{ { values.pw: 1 } }}", "{{ { values.pw: 1 }|json }}", "{{ { values.pw: 1 }|tojson }}"]
    {
        let findings = rendered("json", Some(PATTERN), template).expect_err(template);
        assert!(findings[0].message.contains("a secret cannot be the key"), "{template}: {findings:?}");
    }
    for path in ["{{ values.pw }}", "{{ values.pw }}.txt", "x/{{ values.pw }}", "{{ 'a' ~ values.pw }}"] {
        let fleet = fleet("txt", Some(PATTERN), "x", ANSWERS);
        fleet.edit(
            "blueprints/hello/templates/settings/target.yaml",
            "path: out.txt",
            &format!("path: \"{path}\""),
        );
        let run = fleet.jig("render --format json").run().exits(1);
        assert!(!run.findings().is_empty() && !fleet.has("intended/home/one"), "{path}: {run}");
    }
}

// ---- what was typed by mistake

/// Stands for a real secret; nothing may ever print it.
const TYPED: &str = "hunter2-Xq9-0123456789abcdefghijklmnopqrstuvwxyz";

#[test]
fn what_was_typed_in_place_of_a_reference_is_never_printed() {
    let cases = [
        "inputs:\n  plc_ip: 10.0.0.1\n  pw: TYPED\n",
        "inputs: { plc_ip: 10.0.0.999, pw: TYPED, unknwon: 3 }\n",
        "inputs: { plc_ip: [1], pw: TYPED, plc_ip2: x }\n",
        "inputs: { pw: TYPED }\n",
        "inputs: { plc_ip: 10.0.0.1, pw: [TYPED] }\n",
        "inputs: { plc_ip: 10.0.0.1, pw: { value: TYPED } }\n",
        "inputs: { plc_ip: 10.0.0.1, pw: { TYPED: 1 } }\n",
        "inputs: { plc_ip: 10.0.0.1, pw: 'secret:TYPED x' }\n",
        "inputs: { plc_ip: 10.0.0.1, pw: 'Secret:TYPED' }\n",
        "inputs: { plc_ip: 10.0.0.1, pw: \"{{ 'TYPED' }}\" }\n",
        "inputs: { plc_ip: 10.0.0.1, pw: \"{{ nope.TYPED }}\" }\n",
        "inputs: { plc_ip: 10.0.0.1, pw: !!binary TYPED }\n",
        "inputs:\n  plc_ip: 10.0.0.1\n  pw: |\n    TYPED\n    more TYPED\n  unknwon: 1\n",
        "inputs: { plc_ip: 10.0.0.x, pw: secret:a, users: [ { name: 5, pw2: TYPED, x: 1 } ] }\n",
        "inputs:\n  pw: secret:a\n  pw: TYPED\n",
        "inputs: { plc_ip: 10.0.0.1, pw: secret:a, mqtt_password: TYPED }\n",
        "inputs: { plc_ip: 10.0.0.1, pw: secret:a }\nmqtt_password: TYPED\n",
        "inputs: { plc_ip: 10.0.0.1 }\noverrides: { pw: { value: TYPED, by: nobody, reasn: x } }\n",
        "inputs: { plc_ip: 10.0.0.1, pw: TYPED }\n---\nx: 1\n",
        // Not YAML at all.
        "inputs: { plc_ip: 10.0.0.1, pw: TYPED\n",
        "inputs:\n  pw: \"TYPED\n",
        "inputs:\n  pw: TYPED: x\n",
        "inputs:\n\tpw: TYPED\n",
        "inputs:\n  mqtt_password: TYPED]: [\n",
        "inputs: { mqtt_password: TYPED, x: [ }\n",
        "inputs:\n  api-key: \"TYPED\n  x: 1\n",
    ];
    let leaking: Vec<String> = in_parallel(&cases, |answers| leaks(&answers.replace("TYPED", TYPED), TYPED))
        .into_iter()
        .flatten()
        .collect();
    assert!(leaking.is_empty(), "{}", leaking.join("\n"));
    let number = "8842719";
    let leaking = leaks(&format!("inputs: {{ plc_ip: 10.0.0.999, pw: {number} }}\n"), number);
    assert!(leaking.is_empty(), "{}", leaking.join("\n"));
}

/// Runs every command that reads lines and looks for the secret in what it prints and writes.
fn leaks(answers: &str, secret: &str) -> Vec<String> {
    let fleet = fleet("txt", Some(PATTERN), "{{ values.plc_ip }} {{ values.pw }}\n", answers);
    let mut leaks = vec![];
    for command in [
        "validate",
        "validate --format json",
        "validate -v --format text=report.txt --format json=report.json",
        "render -v",
        "render --format json",
        "render --color always --force",
        "lines",
        "lines --format json",
        "sites",
        "explain home/one",
    ] {
        let run = fleet.jig(command).cwd(fleet.root()).run();
        assert!(!run.stderr.contains("panicked"), "{run}");
        assert!(run.code != 0 || !command.starts_with("render"), "{answers}\n{run}");
        if run.stdout.contains(secret) || run.stderr.contains(secret) {
            leaks.push(format!("{answers}: {command}\n{run}"));
        }
    }
    for (path, bytes) in fleet.files("") {
        if path != "sites/home/lines/one.yaml" && String::from_utf8_lossy(&bytes).contains(secret) {
            leaks.push(format!("{answers}: stands in {path}"));
        }
    }
    leaks
}

#[test]
fn the_place_of_a_wrong_literal_is_still_said() {
    let fleet = fleet(
        "txt",
        None,
        "x",
        &format!("inputs:\n  plc_ip: 10.0.0.1\n  pw: {TYPED}\n  users: []\n  plain: 1\n"),
    );
    let run = fleet.jig("render --format json").run().exits(1);
    let found = &run.findings()[0];
    assert_eq!((found.rule.as_str(), found.place().as_str()), ("schema", "sites/home/lines/one.yaml:5:7"));
    assert!(found.message.contains("never the secret itself") && found.next.contains("secret:"), "{found:?}");
}

#[test]
fn source_lines_without_secrets_are_still_shown() {
    let fleet =
        fleet("txt", None, "x", "inputs: { plc_ip: 10.0.0.999, pw: secret:a, users: [], plain: 1 }\n");
    let run = fleet.jig("render").run().exits(1);
    assert!(run.stdout.contains("3 | inputs: { plc_ip: 10.0.0.999, pw: secret:a"), "{run}");
}

// ---- the rule

#[test]
fn literals_that_look_like_secrets_are_findings_and_words_about_them_are_not() {
    let found = |answer: &str| {
        let fleet = fleet(
            "txt",
            None,
            "{{ values.plain }}{{ values.pw }}{{ values.users }}{{ values.plc_ip }}",
            &format!("{ANSWERS}  {answer}\n")
                .replace("  plain: [ secret:three, { deep: { er: secret:four } } ]\n", ""),
        );
        let run = fleet.jig("validate --format json").run();
        let hits: Vec<_> =
            run.findings().into_iter().filter(|found| found.rule == "literal-secret").collect();
        for hit in &hits {
            assert!(
                hit.level == "error" && hit.line == 7 && hit.message.contains("must not stand in the fleet"),
                "{hit:?}"
            );
        }
        hits.len()
    };
    let wrong: Vec<_> = [
        ("plain: { mqtt_password: hunter2 }", 1),
        ("plain: { MQTT-PASSWORD: hunter2 }", 1),
        ("plain: { apiKey: abcd1234 }", 1),
        ("plain: { api_key: abcd1234, token: abcd1234 }", 2),
        ("plain: [ { private_key: abcd1234 } ]", 1),
        ("plain: { password: { value: hunter2 } }", 1),
        ("plain: { password: [ hunter2, hunter3 ] }", 2),
        ("plain: AKIAABCDEFGHIJKLMNOP", 1),
        ("plain: \"-----BEGIN RSA PRIVATE KEY-----\\nabc\"", 1),
        ("plain: ghp_0123456789abcdefghijklmnopqrstuvwxyz", 1),
        ("plain: { mqtt_password: secret:grr-mqtt, password_file: /etc/passwd1, secret_name: grr }", 0),
        ("plain: { auth: password, kind: token, note: the token of the gateway }", 0),
        ("plain: { password: none, password_days: 90, tokens: 5 }", 0),
        ("plain: { token: \"{{ values.x }}\", password: $MQTT, secret: '@vault' }", 0),
    ]
    .into_iter()
    .filter(|(answer, expected)| found(answer) != *expected)
    .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn the_rule_sees_every_file_of_the_fleet_and_shows_no_line() {
    let fleet = copy_with_secret();
    for command in ["validate", "validate --format json", "render", "render --format json -v", "lines"] {
        let run = fleet.jig(command).run();
        assert!(!run.stdout.contains(TYPED) && !run.stderr.contains(TYPED), "{run}");
    }
    let found = fleet.jig("validate --format json").run().findings();
    let mut files: Vec<_> = found
        .iter()
        .filter(|found| found.rule == "literal-secret")
        .map(|found| found.file.as_str())
        .collect();
    files.sort_unstable();
    let mut expected: Vec<_> = PLACES.iter().map(|(path, ..)| *path).collect();
    expected.sort_unstable();
    assert_eq!(files, expected);
}

/// A file of the example, a text in it, and what stands there instead.
const PLACES: &[(&str, &str, &str)] = &[
    ("sites/grr/site.yaml", "name: Grand Rapids\n", "name: Grand Rapids\nx_password: TYPED\n"),
    ("sites/grr/lines/pk2.yaml", "area: packaging\n", "area: packaging\nx_password: TYPED\n"),
    ("deviations/DV-0007/deviation.yaml", "reason: labeler", "reason: the old token was ghp_TYPED, labeler"),
    ("decisions/RD-001/decision.yaml", "threat: gateway", "threat: with glpat-TYPED the gateway"),
    ("blueprints/packaging-line/conduits.yaml", "purpose: read PackML", "purpose: glpat-TYPED read PackML"),
];

fn copy_with_secret() -> Fleet {
    let fleet = support::copy_example("kestrel");
    for (path, from, to) in PLACES {
        fleet.edit(path, from, &to.replace("TYPED", TYPED));
    }
    fleet
}
