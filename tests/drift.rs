//! Drift: every case of `tests/drift/` exactly, and the laws that hold for all of them.
//!
//! A case is a folder: `intended/`, `deployed/`, optionally `base/`, `profile.yaml`, `deviations.yaml`,
//! `collection.yaml`, and `expected.json`. Adding one is adding a folder.

mod support;

use jiff::civil::date;
use jig::compare::profile::{Format, Profile, Rules};
use jig::compare::{Base, Disposition, Drift, Evidence, Job, Kind, Line, Report, Side, Verdict, run};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::jig;

// Cases

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drift");
    let mut found = vec![];
    for set in ["cases", "more"] {
        for entry in fs::read_dir(root.join(set)).expect("the cases can be read") {
            found.push(entry.expect("an entry can be read").path());
        }
    }
    found.sort();
    found
}

/// The arguments of a case, in the order of the documentation.
fn command(case: &Path, as_of: &str, format: &str) -> support::Jig {
    let mut jig = jig()
        .args(&format!("--as-of {as_of} --color never diff --intended intended --deployed deployed"))
        .args(&format!("--format {format}"))
        .cwd(case);
    for (option, name) in [
        ("--base", "base"),
        ("--profile", "profile.yaml"),
        ("--deviations", "deviations.yaml"),
        ("--collection", "collection.yaml"),
    ] {
        if case.join(name).exists() {
            jig = jig.arg(option).arg(name);
        }
    }
    jig
}

/// What an expectation says of a finding, and the same of what was found.
fn shape(finding: &Json, named: &Json) -> String {
    let text = |name: &str| finding.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let mut out = ["file", "path", "kind", "disposition", "attribution"].map(text).join(" | ");
    for name in ["intended", "deployed", "base", "deviation", "count"] {
        let wanted =
            named.get(name).filter(|value| !value.as_str().is_some_and(|text| text.starts_with('<')));
        if wanted.is_some() {
            out.push_str(&format!(" | {name}={}", finding.get(name).unwrap_or(&Json::Null)));
        }
    }
    out
}

fn id(finding: &Json) -> String {
    ["file", "path", "kind"]
        .map(|name| finding.get(name).and_then(Json::as_str).unwrap_or_default())
        .join("|")
}

/// Which findings share a cluster, whatever the clusters are called.
fn shared(findings: &[Json]) -> Vec<Vec<String>> {
    let mut by: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::default();
    for finding in findings {
        if let Some(cluster) = finding.get("cluster").and_then(Json::as_str) {
            by.entry(cluster).or_default().push(id(finding));
        }
    }
    let mut groups: Vec<Vec<String>> = by.into_values().collect();
    groups.iter_mut().for_each(|group| group.sort());
    groups.sort();
    groups
}

#[test]
fn every_case_is_told_exactly() {
    let mut wrong = vec![];
    for case in cases() {
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let expected: Json =
            serde_json::from_slice(&fs::read(case.join("expected.json")).expect("expected.json is there"))
                .expect("it is JSON");
        let as_of = expected["as_of"].as_str().expect("a date");
        let done = command(&case, as_of, "json").run();
        let text = command(&case, as_of, "text").run();
        let out: Json = serde_json::from_str(&done.stdout)
            .unwrap_or_else(|_| panic!("{name}: {}{}", done.stdout, done.stderr));
        let wanted = expected["findings"].as_array().cloned().unwrap_or_default();
        let found = out["findings"].as_array().cloned().unwrap_or_default();
        let named = |finding: &Json| {
            wanted.iter().find(|other| id(other) == id(finding)).cloned().unwrap_or(Json::Null)
        };
        let mut have: Vec<String> = found.iter().map(|finding| shape(finding, &named(finding))).collect();
        let mut want: Vec<String> = wanted.iter().map(|finding| shape(finding, finding)).collect();
        have.sort();
        want.sort();
        let mut complaints = vec![];
        if out["verdict"] != expected["verdict"] || done.code != expected["exit"] || text.code != done.code {
            complaints.push(format!("verdict {} exit {} (text {})", out["verdict"], done.code, text.code));
        }
        if have != want {
            complaints.push(format!("found\n  {}\nwanted\n  {}", have.join("\n  "), want.join("\n  ")));
        }
        if wanted.iter().any(|finding| finding.get("cluster").is_some()) && shared(&found) != shared(&wanted)
        {
            complaints.push(format!("clusters {:?}", shared(&found)));
        }
        let warnings = |json: &Json| json["warnings"].as_array().map_or(0, Vec::len);
        if warnings(&out) < warnings(&expected) {
            complaints.push(format!("warnings {}", out["warnings"]));
        }
        for secret in expected["must_not_print"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if [&done.stdout, &done.stderr, &text.stdout, &text.stderr]
                .iter()
                .any(|text| text.contains(secret))
            {
                complaints.push(format!("prints {secret}"));
            }
        }
        wrong.extend(complaints.into_iter().map(|complaint| format!("{name}: {complaint}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// Laws

fn rules(profile: Json, file: &str) -> Arc<Rules> {
    let profile = Profile::read(json!({ "files": { file: profile } })).expect("a profile");
    let (_, compare) = profile.entry(file, file).expect("an entry");
    Rules::compile(compare, file, file).expect("rules")
}

fn job<'a>(file: &str, s: &'a str, d: &'a str, b: Option<&'a str>, rules: &Arc<Rules>) -> Job<'a> {
    let side = |text: &'a str| Side::Bytes(Cow::Borrowed(text.as_bytes()));
    Job {
        line: 0,
        file: file.into(),
        inner: file.into(),
        intended: side(s),
        deployed: side(d),
        base: b.map_or(Base::Unknown, |b| Base::Known(side(b))),
        rules: rules.clone(),
        entry: None,
        owner: None,
        evidence: Evidence::Fine,
        managed: true,
        lapsed: vec![],
    }
}

fn diff(file: &str, s: &str, d: &str, rules: &Arc<Rules>) -> Report {
    run(date(2026, 6, 15), &[Line::default()], &[job(file, s, d, None, rules)], &[])
}

fn plain(format: Format) -> Arc<Rules> {
    Arc::new(Rules::plain(format, "f"))
}

fn scalars() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-3i64..4).prop_map(Json::from),
        "[ab~/\"]{0,2}".prop_map(Json::from)
    ]
}

/// Documents with maps and lists.
fn documents() -> impl Strategy<Value = Json> {
    scalars().prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            proptest::collection::btree_map("[abc/~]{1,2}", inner, 0..5)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

/// Documents in which only maps nest.
fn maps() -> impl Strategy<Value = Json> {
    scalars().prop_recursive(3, 30, 4, |inner| {
        proptest::collection::btree_map("[abcd]", inner, 0..4)
            .prop_map(|map| Json::Object(map.into_iter().collect()))
    })
}

/// Device texts: sections with statements.
fn devices() -> impl Strategy<Value = String> {
    let statement = prop_oneof![
        Just("shutdown"),
        Just("no shutdown"),
        Just("mtu 1500"),
        Just("mtu 9000"),
        Just("ip address 10.0.0.1 255.0.0.0"),
        Just("description x")
    ];
    let section = (
        prop_oneof![Just("interface Gi1"), Just("interface Gi2"), Just("vlan 10")],
        proptest::collection::vec(statement, 0..4),
    );
    let entry = prop_oneof![
        Just("permit tcp any any eq 22"),
        Just("deny ip any any"),
        Just("permit udp any host 10.0.0.1 eq 53"),
        Just("permit ip 10.0.0.0 0.0.0.255 any")
    ];
    let list = proptest::collection::vec(entry, 0..4);
    (
        proptest::collection::vec(section, 0..4),
        list,
        proptest::collection::vec(
            prop_oneof![Just("ntp server 10.0.0.1"), Just("ntp server 10.0.0.2")],
            0..3,
        ),
    )
        .prop_map(|(sections, list, lines)| {
            let mut out = String::from("hostname a\n");
            for (head, statements) in sections {
                out.push_str(&format!("{head}\n"));
                statements.iter().for_each(|statement| out.push_str(&format!(" {statement}\n")));
            }
            out.push_str("ip access-list extended A\n");
            list.iter().for_each(|entry| out.push_str(&format!(" {entry}\n")));
            lines.iter().for_each(|line| out.push_str(&format!("{line}\n")));
            out
        })
}

/// Rulesets of one chain.
fn rulesets() -> impl Strategy<Value = String> {
    let rule = prop_oneof![
        Just("tcp dport 22 accept"),
        Just("tcp dport { 22, 443 } accept"),
        Just("ip saddr 10.0.0.0/8 drop"),
        Just("udp dport 53 accept"),
        Just("meta mark 1 accept"),
        Just("ct state established,related accept"),
    ];
    proptest::collection::vec(rule, 0..5).prop_map(|rules| {
        format!("table inet f {{\n chain input {{\n  type filter hook input priority 0; policy drop;\n  {}\n }}\n}}\n", rules.join("\n  "))
    })
}

fn ios() -> Arc<Rules> {
    rules(
        json!({ "format": "indented", "dialect": "ios-like", "ordered_sections": ["ip access-list *"] }),
        "f",
    )
}

/// A path without places in lists: they belong to the side that they are places of.
fn without_places(path: &str) -> String {
    path.split('/')
        .map(|step| if step.parse::<usize>().is_ok() { "#" } else { step })
        .collect::<Vec<_>>()
        .join("/")
}

fn swapped(drift: &Drift) -> (String, Kind, Option<Json>, Option<Json>, usize) {
    let kind = match drift.kind {
        Kind::Missing => Kind::Extra,
        Kind::Extra => Kind::Missing,
        kind => kind,
    };
    (without_places(&drift.path), kind, drift.deployed.clone(), drift.intended.clone(), drift.count)
}

fn straight(drift: &Drift) -> (String, Kind, Option<Json>, Option<Json>, usize) {
    (without_places(&drift.path), drift.kind, drift.intended.clone(), drift.deployed.clone(), drift.count)
}

fn sorted<T: std::fmt::Debug>(items: impl Iterator<Item = T>) -> Vec<String> {
    let mut out: Vec<String> = items.map(|item| format!("{item:?}")).collect();
    out.sort();
    out
}

/// Numbers as they compare: 1 and 1.0 are one.
fn is_same(a: &Json, b: &Json) -> bool {
    a == b
}

/// Applies findings on maps to a document.
fn apply(document: &Json, findings: &[Drift]) -> Json {
    let mut out = document.clone();
    for drift in findings {
        let steps: Vec<String> =
            drift.path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
        let Some((last, parents)) = steps.split_last() else {
            out = drift.deployed.clone().expect("a root is changed, never missing");
            continue;
        };
        let mut place = &mut out;
        for step in parents {
            place = place.get_mut(step).expect("the parents are there");
        }
        let map: &mut Map<String, Json> = place.as_object_mut().expect("a map");
        match drift.kind {
            Kind::Missing => {
                map.remove(last);
            }
            _ => {
                map.insert(last.clone(), drift.deployed.clone().expect("a value"));
            }
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_never_differs_from_itself_spelled_otherwise(document in documents()) {
        let report = diff("f", &document.to_string(), &serde_json::to_string_pretty(&document).expect("writes"), &plain(Format::Json));
        prop_assert!(report.findings.is_empty(), "{:?}", report.findings);
    }

    #[test]
    fn spelling_changes_no_finding(a in documents(), b in documents()) {
        let findings = |a: &str, b: &str| {
            let report = diff("f", a, b, &plain(Format::Json));
            report.findings.iter().map(|drift| format!("{:?}", straight(drift))).collect::<Vec<_>>()
        };
        let pretty = |document: &Json| serde_json::to_string_pretty(document).expect("writes");
        let plainly = findings(&a.to_string(), &b.to_string());
        prop_assert_eq!(&findings(&pretty(&a), &b.to_string()), &plainly);
        prop_assert_eq!(&findings(&a.to_string(), &pretty(&b)), &plainly);
    }

    #[test]
    fn a_secret_is_printed_nowhere(a in maps(), b in maps(), name in 0..4usize, turns_up in 0..6usize, yaml in any::<bool>()) {
        const OWN: &str = "Sommer-2024!x";
        const OTHER: &str = "Winter-2025!y";
        let name = ["password", "db_password", "apiKey", "pw"][name];
        let found = match turns_up {
            0 => json!(OTHER),
            1 => json!(format!("before {OTHER} after {OWN}")),
            2 => json!({ OWN: 1 }),
            3 => json!([1, OTHER, [OWN]]),
            4 => json!({ "env": [{ "name": "X_TOKEN", "value": OTHER }] }),
            _ => json!(format!("mqtt://u:{OTHER}@h")),
        };
        let want = json!({ "x": a, name: OWN, "y": 1 }).to_string();
        let have = json!({ "x": b, name: OTHER, "y": found, "z": [OWN] }).to_string();
        let (file, format) = if yaml { ("f.yaml", "yaml") } else { ("f.json", "json") };
        let rules = rules(json!({ "format": format, "secrets": ["/pw"] }), file);
        let report = diff(file, &want, &have, &rules);
        let printed = format!("{:?} {:?} {:?}", report.findings, report.clusters, report.warnings);
        prop_assert!(!report.findings.is_empty());
        prop_assert!(!printed.contains(OWN) && !printed.contains(OTHER), "{printed}");
    }

    #[test]
    fn what_differs_is_told_and_nothing_else(a in documents(), b in documents()) {
        let report = diff("f", &a.to_string(), &b.to_string(), &plain(Format::Json));
        prop_assert_eq!(report.findings.is_empty(), is_same(&a, &b));
    }

    #[test]
    fn applying_the_findings_gives_what_is_deployed(a in maps(), b in maps()) {
        let report = diff("f", &a.to_string(), &b.to_string(), &plain(Format::Json));
        prop_assert_eq!(apply(&a, &report.findings), b);
    }

    #[test]
    fn swapping_the_sides_swaps_missing_and_extra(a in documents(), b in documents()) {
        let (a, b) = (a.to_string(), b.to_string());
        let (one, other) = (diff("f", &a, &b, &plain(Format::Json)), diff("f", &b, &a, &plain(Format::Json)));
        prop_assert_eq!(sorted(one.findings.iter().map(straight)), sorted(other.findings.iter().map(swapped)));
    }

    #[test]
    fn swapping_devices_swaps_missing_and_extra(a in devices(), b in devices()) {
        let rules = ios();
        let (one, other) = (diff("f", &a, &b, &rules), diff("f", &b, &a, &rules));
        prop_assert_eq!(one.findings.len(), other.findings.len());
        prop_assert_eq!(one.verdict, other.verdict);
    }

    #[test]
    fn a_device_never_differs_from_itself_with_noise(a in devices()) {
        let noisy = format!("Building configuration...\n!\n{}end\n", a.replace("\n ", "  \n   "));
        prop_assert!(diff("f", &a, &noisy, &ios()).findings.is_empty());
    }

    #[test]
    fn swapping_rulesets_keeps_the_verdict(a in rulesets(), b in rulesets()) {
        let rules = plain(Format::Nft);
        let (one, other) = (diff("f", &a, &b, &rules), diff("f", &b, &a, &rules));
        prop_assert_eq!(one.verdict, other.verdict);
        prop_assert_eq!(one.findings.len(), other.findings.len());
        prop_assert!(diff("f", &a, &a.replace("\n  ", "\n\t\t"), &rules).findings.is_empty());
    }

    #[test]
    fn an_ignore_never_adds_a_finding(a in maps(), b in maps(), path in "/[abcd](/[abcd*]){0,2}") {
        let (a, b) = (a.to_string(), b.to_string());
        let open = |report: &Report| -> std::collections::BTreeSet<String> {
            report.findings.iter().filter(|drift| drift.disposition != Disposition::Ignored).map(|drift| drift.path.clone()).collect()
        };
        let without = open(&diff("f", &a, &b, &plain(Format::Json)));
        let with = open(&diff("f", &a, &b, &rules(json!({ "format": "json", "server_managed": [path] }), "f")));
        prop_assert!(with.is_subset(&without), "{with:?} {without:?}");
    }

    #[test]
    fn an_ignore_never_makes_a_verdict_worse(a in documents(), b in documents(), path in "/[abc*](/[abc*0]){0,2}/[abc]") {
        let (a, b) = (a.to_string(), b.to_string());
        let without = diff("f", &a, &b, &plain(Format::Json)).verdict;
        let with = diff("f", &a, &b, &rules(json!({ "format": "json", "server_managed": [path] }), "f")).verdict;
        prop_assert!(with <= without);
    }

    #[test]
    fn who_moved_follows_the_table(s in 0..3, d in 0..3, b in 0..3) {
        let text = |value: i32| if value == 2 { "{}".to_owned() } else { json!({ "v": value }).to_string() };
        let (s_text, d_text, b_text) = (text(s), text(d), text(b));
        let rules = plain(Format::Json);
        let report = run(date(2026, 6, 15), &[Line::default()], &[job("f", &s_text, &d_text, Some(&b_text), &rules)], &[]);
        let expected = if s == d { None } else { Some(if s == b { "site" } else if d == b { "standard" } else { "both" }) };
        prop_assert_eq!(report.findings.first().map(|drift| drift.attribution.as_str()), expected);
    }

    #[test]
    fn garbage_never_panics_and_never_is_in_order(text in ".{0,60}") {
        for format in [Format::Json, Format::Yaml, Format::Toml, Format::Ini, Format::Xml, Format::Csv, Format::Indented, Format::Nft, Format::Text] {
            let other = "{\"x\": [1]}";
            let report = diff("f", other, &text, &plain(format));
            prop_assert!(text.contains('x') || !text.is_empty() || report.verdict == Verdict::CannotTell);
        }
    }
}

#[test]
fn the_order_of_files_and_the_number_of_threads_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    for line in 0..12 {
        for side in ["want", "have"] {
            let path = folder.path().join(format!("{side}/line-{line:02}"));
            fs::create_dir_all(&path).expect("makes");
            let value = if side == "have" && line % 3 == 0 { 2 } else { 1 };
            fs::write(
                path.join("g.json"),
                json!({ "a": value, "password": format!("secret-{line}-{side}") }).to_string(),
            )
            .expect("writes");
            fs::write(path.join("n.txt"), format!("line {line}\n{value}\n")).expect("writes");
        }
    }
    let run = |threads: &str| {
        jig()
            .args(&format!(
                "-j {threads} --as-of 2026-06-15 --format json diff --intended want --deployed have"
            ))
            .cwd(folder.path())
            .run()
            .stdout
    };
    let one = run("1");
    assert!(one.contains("<redacted A>") && !one.contains("secret-0"), "{one}");
    for threads in ["2", "8"] {
        assert_eq!(one, run(threads));
    }
}

#[test]
fn a_line_more_changes_no_other_lines_findings() {
    let folder = tempfile::tempdir().expect("a folder");
    let add = |line: &str, value: i32| {
        for (side, value) in [("want", 1), ("have", value)] {
            let path = folder.path().join(format!("{side}/{line}"));
            fs::create_dir_all(&path).expect("makes");
            fs::write(path.join("g.json"), json!({ "a": value }).to_string()).expect("writes");
        }
    };
    let findings = || -> Vec<Json> {
        let done = jig()
            .args("--as-of 2026-06-15 --format json diff --intended want --deployed have")
            .cwd(folder.path())
            .run();
        let out: Json = serde_json::from_str(&done.stdout).expect("JSON");
        let mut found = out["findings"].as_array().cloned().unwrap_or_default();
        found.iter_mut().filter_map(Json::as_object_mut).for_each(|finding| {
            finding.remove("cluster");
        });
        found
    };
    add("line-01", 2);
    add("line-02", 1);
    let before = findings();
    add("line-03", 2);
    let after: Vec<Json> = findings().into_iter().filter(|finding| finding["address"] != "line-03").collect();
    assert_eq!(before, after);
}

#[test]
fn a_short_display_changes_no_verdict() {
    let folder = tempfile::tempdir().expect("a folder");
    for (side, step) in [("want", 1), ("have", 2)] {
        fs::create_dir_all(folder.path().join(side)).expect("makes");
        let values: Map<String, Json> = (0..400).map(|at| (format!("k{at}"), json!(at * step))).collect();
        fs::write(folder.path().join(side).join("g.json"), Json::Object(values).to_string()).expect("writes");
    }
    let run = |more: &str| {
        jig()
            .args(&format!("--as-of 2026-06-15 {more} diff --intended want --deployed have"))
            .cwd(folder.path())
            .run()
    };
    let (short, long, json) = (run(""), run("-v"), run("--format json"));
    assert!(short.stdout.contains("more; -v") && long.stdout.len() > short.stdout.len());
    assert_eq!((short.code, long.code, json.code), (1, 1, 1));
}

#[test]
fn what_cannot_run_is_never_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("want")).expect("makes");
    fs::write(folder.path().join("want/a.json"), "{}").expect("writes");
    for arguments in [
        "diff --intended want --deployed nowhere",
        "diff --intended nowhere --deployed want",
        "diff --intended want",
        "diff --intended want --deployed want --profile nowhere.yaml",
    ] {
        assert_eq!(jig().args(arguments).cwd(folder.path()).run().code, 2, "{arguments}");
    }
    fs::create_dir_all(folder.path().join("have")).expect("makes");
    assert_eq!(
        jig().args("diff --intended want --deployed have").cwd(folder.path()).run().code,
        2,
        "nothing was read back"
    );
}

#[cfg(unix)]
#[test]
fn links_that_lead_back_end_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for side in ["want", "have"] {
        fs::create_dir_all(folder.path().join(side)).expect("makes");
        fs::write(folder.path().join(side).join("a.json"), "{}").expect("writes");
    }
    for link in ["one", "two"] {
        std::os::unix::fs::symlink(".", folder.path().join("have").join(link)).expect("links");
    }
    let done = jig().args("diff --intended want --deployed have").cwd(folder.path()).run();
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("a link leads back into its own folder"), "{}", done.stderr);
}
