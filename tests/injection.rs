//! A reason, a name, a comment or an address of the fleet that carries a rule, a setting or a way out of its literal
//! opens nothing and sets nothing: what devices read differs from the harmless output in that text alone.

mod support;

use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use support::{Fleet, copy_example, in_parallel};

/// What every free text says in the fleet that the others are compared with.
const HARMLESS: &str = "plain words";

/// Texts that would be rules, settings or ends of literals, were they not text.
const HOSTILE: &[&str] = &[
    "0.0.0.0/0 accept",
    "x\" accept; tcp dport 0-65535 accept; comment \"y",
    "\"; drop",
    "'; DROP TABLE x; --",
    "port = 22",
    "x\"\n[[outputs.file]]\nfiles = [\"/etc/passwd\"]\n#",
    "x\nallow_anonymous true",
    "x\r\ntopic readwrite #",
    "\"\"\" port = 22 \"\"\"",
    "''' port = 22 '''",
    "x }\n    chain open { type filter hook input priority 0; policy accept; }\n  chain y {",
    "\", \"editable\": true, \"x\": \"",
    "\\\", \\\"a\\\": 1, \\\"",
    "x: y\n- z: &a *a !!python/object:os.system [1, 2",
    "{{ 7 * 7 }} {% include 'x' %} {# gone #}",
    "# not a comment",
    "| a | b |\n|---|---|\n<script>alert(1)</script> [x](javascript:x) `y`",
    "$(id) `id` ${HOME} %(x)s %s \\n \\x22 \\u0022",
    "\u{202E}txt.exe \u{FDD0}0\u{FDD1} \u{2028}port = 22\u{85}port = 23",
    "=cmd|' /C calc'!A0",
];

/// Free texts of the example: file and pointer.
const FIELDS: &[(&str, &str)] = &[
    ("sites/grr/site.yaml", "/name"),
    ("sites/grr/site.yaml", "/zones/edge/name"),
    ("sites/grr/site.yaml", "/zones/siteops/name"),
    ("sites/grr/lines/pk2.yaml", "/window"),
    ("sites/grr/lines/pk2.yaml", "/overrides/sampling_ms/why"),
    ("sites/lej/lines/pk1.yaml", "/window"),
    ("deviations/DV-0007/deviation.yaml", "/reason"),
    ("deviations/DV-0007/deviation.yaml", "/countermeasure"),
    ("deviations/DV-0007/deviation.yaml", "/closes_when"),
    ("blueprints/packaging-line/conduits.yaml", "/conduits/CN-01/name"),
    ("blueprints/packaging-line/conduits.yaml", "/conduits/CN-01/if_lost"),
    ("blueprints/packaging-line/conduits.yaml", "/conduits/CN-01/flows/F-01.1/purpose"),
    ("blueprints/packaging-line/blueprint.yaml", "/title"),
    ("decisions/RD-001/decision.yaml", "/question"),
    ("decisions/RD-001/decision.yaml", "/threat"),
    ("decisions/RD-001/decision.yaml", "/treatment"),
    ("jig.yaml", "/roles/site-controls/name"),
    ("goals.yaml", "/goals/G-1/statement"),
];
/// Records whose approval covers one of these texts.
const RECORDS: &[&str] = &["RD-001", "DV-0007"];
/// What is compared.
const ADDRESSES: &[&str] = &["grr/pk2", "lej/pk1", "grr"];

#[test]
fn hostile_text_opens_nothing_and_sets_nothing() {
    let harmless = rendered(&with_text(HARMLESS)).expect("harmless text renders");
    assert!(harmless.len() > 12, "{:?}", harmless.keys());
    let texts = String::from_utf8(harmless.values().flatten().copied().collect()).expect("text");
    assert!(texts.matches(HARMLESS).count() > 20, "the fields reach the outputs");
    let results = in_parallel(HOSTILE, |hostile| (*hostile, rendered(&with_text(hostile))));
    let mut refused = vec![];
    let mut rules = Rules::of(&harmless);
    for (hostile, result) in results {
        match result {
            Ok(files) => compare(&harmless, &files, hostile, &mut rules),
            Err(why) => refused.push((hostile, why)),
        }
    }
    // Only what no comment can hold may be refused.
    for (hostile, why) in &refused {
        assert!(hostile.contains(['\n', '\r', '\u{2028}', '\u{85}']), "{hostile:?} is refused: {why}");
    }
    assert!(refused.len() < HOSTILE.len() / 2, "{refused:?}");
}

/// The example with one text in every field, approved again.
fn with_text(text: &str) -> Fleet {
    let fleet = copy_example("kestrel");
    let mut files: BTreeMap<&str, Json> = BTreeMap::new();
    for (path, pointer) in FIELDS {
        let file =
            files.entry(path).or_insert_with(|| serde_yaml::from_str(&fleet.read(path)).expect("YAML"));
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let parent = file.pointer_mut(parent).unwrap_or_else(|| panic!("{path} has no {pointer}"));
        // Texts of a blueprint may be templates; those of sites, lines and records never are.
        let is_template = path.starts_with("blueprints/") && text.contains("{{");
        parent[key] = if is_template { HARMLESS.into() } else { text.into() };
    }
    for (path, file) in files {
        // JSON is YAML, but for control characters that JSON may hold raw.
        let json = serde_json::to_string(&file).expect("JSON");
        let escaped: String = json
            .chars()
            .map(|c| {
                if c.is_ascii() {
                    c.to_string()
                } else {
                    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
                }
            })
            .collect();
        fleet.write(path, escaped);
    }
    for record in RECORDS {
        let folder = if record.starts_with("RD") { "decisions" } else { "deviations" };
        for side in ["it", "ot"] {
            let approval = fleet.read(&format!("{folder}/{record}/{side}.yaml"));
            let role = approval.lines().find_map(|line| line.strip_prefix("role: ")).expect("a role");
            fleet.jig("approve").arg(record).arg("--as").arg(role).run().exits(0);
        }
    }
    fleet
}

type Files = BTreeMap<String, Vec<u8>>;

/// What is rendered for the lines and the site that carry the texts; or why a text was refused.
fn rendered(fleet: &Fleet) -> Result<Files, String> {
    let mut run = fleet.jig("render --format json").run();
    assert!(!run.stderr.contains("panicked") && run.code < 2, "{run}");
    let findings = run.findings();
    let errors: Vec<_> = findings.iter().filter(|found| found.level == "error").collect();
    if let Some(first) = errors.first() {
        assert!(
            errors
                .iter()
                .all(|found| ["unsafe-value", "site-broken", "schema"].contains(&found.rule.as_str())),
            "{errors:?}"
        );
        return Err(format!("{} {}", first.place(), first.message));
    }
    run.stdout.clear();
    let mut files = Files::new();
    for address in ADDRESSES {
        let folder = if address.contains('/') { (*address).to_owned() } else { format!("{address}/_site") };
        for (path, bytes) in fleet.files(&format!("intended/{folder}")) {
            if path != "manifest.json" {
                files.insert(format!("{folder}/{path}"), bytes);
            }
        }
    }
    Ok(files)
}

/// Demands that two outputs say the same but for one text.
fn compare(harmless: &Files, hostile: &Files, text: &str, rules: &mut Rules) {
    assert!(harmless.keys().eq(hostile.keys()), "{text:?}: other files");
    for (path, bytes) in hostile {
        let (plain, bytes) = (to_text(&harmless[path]), to_text(bytes));
        let extension = path.rsplit('.').next().expect("an extension");
        match extension {
            "json" => same_tree(path, serde_json::from_str(&plain), serde_json::from_str(&bytes), text),
            "yml" | "yaml" => {
                same_tree(path, serde_yaml::from_str(&plain), serde_yaml::from_str(&bytes), text);
            }
            "conf" if path.contains("telegraf") => {
                if let Some((plain, bytes)) = toml(&plain).zip(toml(&bytes)) {
                    same_tree::<String>(path, Ok(plain), Ok(bytes), text);
                }
            }
            "nft" => rules.same(path, &bytes, text),
            "md" => same_lines(path, &plain, &bytes, text, markdown_kind),
            _ => same_lines(path, &plain, &bytes, text, |line| {
                if line.trim_start().starts_with('#') { "#".into() } else { line.to_owned() }
            }),
        }
    }
}

/// What block a line of Markdown begins or goes on with.
fn markdown_kind(line: &str) -> String {
    let marker = line.split(' ').next().unwrap_or_default();
    let is_number = marker.strip_suffix(['.', ')']).is_some_and(|n| n.parse::<u32>().is_ok());
    let is_marker = is_number || marker.starts_with(['#', '-', '*', '+', '|', '>', '<', '=', '`', '~', '\t']);
    let cells = line.replace("\\|", "").matches('|').count();
    if is_marker {
        format!("{} {cells}", &marker[..1])
    } else {
        String::from(if line.is_empty() { "" } else { "text" })
    }
}

fn to_text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("outputs are UTF-8")
}

/// Two parsed files with the same keys and values, once the text is taken for the other.
#[track_caller]
fn same_tree<E: std::fmt::Display>(path: &str, plain: Result<Json, E>, hostile: Result<Json, E>, text: &str) {
    let read = |tree: Result<Json, E>| tree.unwrap_or_else(|error| panic!("{path} with {text:?}: {error}"));
    let (plain, hostile) = (read(plain), replaced(read(hostile), text));
    assert_eq!(hostile, plain, "{path} with {text:?}");
}

fn replaced(tree: Json, text: &str) -> Json {
    // A text inside Markdown or a query inside JSON is escaped for that, too: only that it stays one text is compared.
    // Annotations of alert rules are templates of their own; their openers are taken apart.
    let apart = text.replace("{{", "{ {");
    match tree {
        Json::String(own) if own.contains(text) || own.contains(&apart) => {
            Json::String(own.replace(text, HARMLESS).replace(&apart, HARMLESS))
        }
        Json::Array(items) => items.into_iter().map(|item| replaced(item, text)).collect(),
        Json::Object(members) => members
            .into_iter()
            .map(|(key, value)| (key.replace(text, HARMLESS), replaced(value, text)))
            .collect(),
        other => other,
    }
}

/// Two texts with as many lines, each of the same kind.
#[track_caller]
fn same_lines(path: &str, plain: &str, hostile: &str, text: &str, kind: fn(&str) -> String) {
    let kinds = |content: &str| content.lines().map(kind).collect::<Vec<_>>();
    assert_eq!(kinds(hostile), kinds(plain), "{path} with {text:?}");
}

/// TOML as another reader reads it; `None` where there is none.
fn toml(content: &str) -> Option<Json> {
    let program = "import json, sys, tomllib; print(json.dumps(tomllib.loads(sys.stdin.buffer.read().decode()), default=str))";
    let output = piped(Command::new("python3").args(["-c", program]), content)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("No module named") {
        return None;
    }
    assert!(output.status.success(), "{said}\n{content}");
    serde_json::from_slice(&output.stdout).ok()
}

/// What the kernel's packet filter makes of the harmless rule files.
struct Rules {
    /// `None` where there is no packet filter to ask.
    plain: Option<BTreeMap<String, Json>>,
}

impl Rules {
    fn of(harmless: &Files) -> Self {
        let files = harmless.iter().filter(|(path, _)| path.rsplit('.').next() == Some("nft"));
        let plain: Option<BTreeMap<_, _>> =
            files.map(|(path, bytes)| Some((path.clone(), loaded(&to_text(bytes))?))).collect();
        match &plain {
            Some(plain) => assert!(plain.len() >= 3, "{:?}", plain.keys()),
            None => loudly("rule files were not loaded: this needs nft and unshare"),
        }
        Self { plain }
    }

    #[track_caller]
    fn same(&mut self, path: &str, hostile: &str, text: &str) {
        let Some(plain) = &self.plain else { return };
        let hostile =
            loaded(hostile).unwrap_or_else(|| panic!("{path} with {text:?} does not load:\n{hostile}"));
        assert_eq!(hostile, plain[path], "{path} with {text:?} says something else");
    }
}

/// A rule file as the packet filter lists it, without comments and running numbers.
fn loaded(rules: &str) -> Option<Json> {
    let script = "nft -f - && nft -j list ruleset";
    let output = piped(Command::new("unshare").args(["-Urn", "sh", "-c", script]), rules)?;
    if !output.status.success() {
        return None;
    }
    let mut listed: Json = serde_json::from_slice(&output.stdout).ok()?;
    without_comments(&mut listed);
    Some(listed)
}

fn without_comments(tree: &mut Json) {
    match tree {
        Json::Object(members) => {
            members.remove("comment");
            members.remove("handle");
            members.values_mut().for_each(without_comments);
        }
        Json::Array(items) => items.iter_mut().for_each(without_comments),
        _ => {}
    }
}

fn piped(command: &mut Command, input: &str) -> Option<std::process::Output> {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let child =
        command.env("PATH", path).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.ok()?;
    child.stdin.take()?.write_all(input.as_bytes()).ok()?;
    child.wait_with_output().ok()
}

/// Writes past the capture of the test harness, so that a skip is seen although the test passes.
fn loudly(line: &str) {
    let _ = writeln!(std::io::stderr(), "!!! {line}");
}

// ---- fields that are no free text

#[test]
fn addresses_names_and_ports_that_carry_more_are_refused() {
    let line = "sites/grr/lines/pk2.yaml";
    let cases = [
        ("10.20.104.11 }", "\"10.20.104.11, 0.0.0.0/0\" }"),
        ("10.20.104.11 }", "\"10.20.104.11; accept\" }"),
        ("10.20.104.11 }", "\"0.0.0.0/0\" }"),
        ("10.20.104.11 }", "\"10.20.104.11\\naccept\" }"),
        ("10.20.104.11 }", "\"10.20.104.11 # x\" }"),
        ("cell_subnet: 10.20.104.0/24", "cell_subnet: \"10.20.104.0/24 accept\""),
        ("gateway: grr-edge-02", "gateway: \"grr-edge-02\\\"; drop\""),
        ("gateway: grr-edge-02", "gateway: \"x\\nport = 22\""),
        ("gateway_ip: 10.20.30.12", "gateway_ip: \"10.20.30.12/0\""),
        ("{ id: filler,", "{ id: \"filler\\\"; drop\","),
        ("{ id: filler,", "{ id: \"filler }\","),
        ("value: 500", "value: \"500\\nport = 22\""),
        ("value: 500", "value: [500, 22]"),
        ("area: packaging", "area: \"packaging\\\"; drop\""),
        ("goal: G-1", "goal: \"G-1 x\""),
        ("count_source: casepacker", "count_source: \"casepacker\\\"} or vector(1) #\""),
    ];
    let passed = in_parallel(&cases, |(from, to)| {
        let fleet = copy_example("kestrel");
        fleet.edit(line, from, to);
        let run = fleet.jig("render --format json").run();
        assert!(!run.stderr.contains("panicked"), "{run}");
        (run.code == 0 || fleet.has("intended/grr/pk2")).then(|| (*to).to_owned())
    });
    let passed: Vec<_> = passed.into_iter().flatten().collect();
    assert!(passed.is_empty(), "{passed:?}");
}

#[test]
fn comments_of_the_fleet_reach_no_output() {
    let fleet = copy_example("kestrel");
    fleet.jig("render").run().exits(0);
    let before = fleet.files("intended");
    fleet.edit(
        "sites/grr/lines/pk2.yaml",
        "area: packaging",
        "# 0.0.0.0/0 accept\narea: packaging # port = 22",
    );
    fleet.jig("render").run().exits(0);
    assert!(fleet.files("intended") == before);
}
