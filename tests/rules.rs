//! Each rule finds what it is for, at its place, and lets pass what only looks like it.
//!
//! `tests/rules/<rule>/found` and `clean` are changes of an example fleet: `edit FILE` replaces a text, `write FILE`
//! writes one, `rendered` renders, `approved RECORD ROLE` approves, `released TAG` commits what is there and tags it,
//! `at FILE: TEXT` says on which line the finding of `found` stands. A line that ends with a backslash is joined with
//! the next one, without a line break.

mod support;

use jig::check::RULES;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use support::{Fleet, FleetBuilder, Found, copy_example, git, in_parallel};

/// A change of an example, and where it is found.
struct Fixture {
    fleet: Fleet,
    at: Option<(String, String)>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules")
}

fn read(path: &Path) -> Fixture {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = path.display();
    let mut lines = text.lines();
    let fleet = match lines.next().and_then(|line| line.strip_prefix("fleet ")) {
        Some("smallest") => FleetBuilder::smallest().build(),
        Some(example) => copy_example(example),
        None => panic!("{name}: begins with `fleet NAME`"),
    };
    if path.parent().is_some_and(|folder| folder.ends_with("stale-intended")) {
        fleet.jig("render -q").run();
    }
    let mut fixture = Fixture { fleet, at: None };
    while let Some(line) = lines.next() {
        if let Some((file, text)) = line.strip_prefix("at ").and_then(|rest| rest.split_once(": ")) {
            fixture.at = Some((file.to_owned(), text.to_owned()));
        } else if let Some((record, role)) =
            line.strip_prefix("approved ").and_then(|rest| rest.split_once(' '))
        {
            fixture.fleet.jig(&format!("approve {record} --as {role}")).run().exits(0);
        } else if line == "rendered" {
            fixture.fleet.jig("render -q").run();
        } else if let Some(tag) = line.strip_prefix("released ") {
            let root = fixture.fleet.root();
            for args in
                [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "released"], &["tag", tag]]
            {
                git(root, args);
            }
        } else if let Some(file) = line.strip_prefix("write ") {
            let (text, _) = block(&mut lines);
            fixture.fleet.write(file, text);
        } else if let Some(file) = line.strip_prefix("edit ") {
            let (old, new) = block(&mut lines);
            fixture.fleet.edit(file, &old, &new);
        } else {
            panic!("{name}: `{line}` is none of edit, write, approved, released, rendered, at");
        }
    }
    fixture
}

/// Reads `<<<`, a text, `===` and another one, `>>>`.
fn block<'t>(lines: &mut impl Iterator<Item = &'t str>) -> (String, String) {
    assert_eq!(lines.next(), Some("<<<"), "a block begins");
    let mut parts = [String::new(), String::new()];
    let mut at = 0;
    for line in lines {
        match line {
            ">>>" => return (std::mem::take(&mut parts[0]), std::mem::take(&mut parts[1])),
            "===" => at = 1,
            _ => match line.strip_suffix('\\') {
                Some(start) => parts[at].push_str(start),
                None => parts[at].push_str(&format!("{line}\n")),
            },
        }
    }
    panic!("a block does not end");
}

fn validate(fleet: &Fleet) -> Vec<Found> {
    fleet.jig("-j 1 --as-of 2026-11-22 validate --format json").run().findings()
}

fn rules() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("the fixtures are there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn each_rule_finds_what_it_is_for_and_lets_the_rest_pass() {
    let before = |fleet: &Fleet| -> BTreeSet<String> { validate(fleet).iter().map(key).collect() };
    let known = before(&copy_example("kestrel"));
    let wrong = in_parallel(&rules(), |rule| {
        let mut wrong = vec![];
        let found = read(&folder().join(rule).join("found"));
        let (file, text) = found.at.clone().expect("`found` says where");
        let all = validate(&found.fleet);
        let own: Vec<&Found> = all.iter().filter(|f| f.rule == *rule && !known.contains(&key(f))).collect();
        let on_line = |finding: &&&Found| {
            let line = found.fleet.has(&file).then(|| found.fleet.read(&file));
            let line = line.and_then(|whole| {
                whole.lines().nth((finding.line as usize).checked_sub(1)?).map(str::to_owned)
            });
            finding.file == file && line.is_none_or(|line| line.contains(&text))
        };
        if !own.iter().any(|finding| on_line(&finding)) {
            let seen: Vec<String> =
                all.iter().map(|f| format!("{} {} {}", f.rule, f.place(), f.message)).collect();
            wrong.push(format!("{rule} is not found at {file}: {text}, but\n  {}", seen.join("\n  ")));
        }
        let silent = own.iter().find(|finding| finding.next.is_empty());
        wrong.extend(silent.map(|finding| format!("{rule} says no next step: {}", finding.message)));
        let clean = read(&folder().join(rule).join("clean"));
        let left = validate(&clean.fleet);
        let left: Vec<&Found> = left.iter().filter(|f| f.rule == *rule && !known.contains(&key(f))).collect();
        wrong.extend(left.first().map(|finding| format!("{rule} is found where it is not: {finding:?}")));
        wrong
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn key(found: &Found) -> String {
    format!("{} {} {} {}", found.rule, found.file, found.address, found.message)
}

/// Rules that no text of a fleet alone can show, and the tests that do.
const ELSEWHERE: &[(&str, &str)] = &[
    ("kept-files", "tests/render.rs"),
    ("not-checked", "tests/external.rs"),
    ("output-mismatch", "tests/packets.rs"),
    ("refused-output", "tests/external.rs"),
    ("unreadable", "tests/broken.rs"),
];

#[test]
fn each_rule_has_fixtures() {
    let names: BTreeSet<String> = rules().into_iter().collect();
    let strange: Vec<&String> =
        names.iter().filter(|name| RULES.iter().all(|rule| rule.name != **name)).collect();
    assert!(strange.is_empty(), "fixtures of no rule: {strange:?}");
    let elsewhere = |name: &str| ELSEWHERE.iter().any(|(rule, _)| *rule == name);
    let missing: Vec<&str> = RULES
        .iter()
        .map(|rule| rule.name)
        .filter(|name| !names.contains(*name) && !elsewhere(name))
        .collect();
    assert!(missing.is_empty(), "rules without fixtures: {missing:?}");
    for (rule, file) in ELSEWHERE {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a test");
        assert!(text.contains(rule), "{file} says nothing of {rule}");
    }
}

/// What `opened-too-wide` says of a firewall file of the smallest fleet, whose line has no flow.
fn opened(syntax: &str, text: &str) -> Vec<u64> {
    let fleet = FleetBuilder::smallest().build();
    let target = format!(
        "kind: firewall\nproduct: a firewall\nsyntax: {syntax}\nfiles: [ {{ template: a.j2, path: fw.txt }} ]\n"
    );
    fleet.write("blueprints/hello/templates/settings/target.yaml", target);
    fleet.write("blueprints/hello/templates/settings/a.j2", text);
    let run = fleet.jig("validate --format json").run();
    let report: serde_json::Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    let found = report["findings"].as_array().expect("findings").iter();
    found.filter(|one| one["rule"] == "opened-too-wide").filter_map(|one| one["line"].as_u64()).collect()
}

#[test]
fn a_firewall_of_any_maker_that_opens_too_much_is_found() {
    let list = "ip access-list extended OT-IN\n permit tcp host 10.1.1.5 host 10.1.2.9 eq 502\n permit tcp any host 10.1.2.9 eq 443\n permit tcp any any established\n deny ip any any log\ninterface Vlan10\n ip access-group OT-IN in\n";
    assert_eq!(opened("ios", list), [3]);
    assert_eq!(
        opened(
            "ios",
            &list.replace("tcp any host 10.1.2.9 eq 443", "tcp host 10.1.1.6 host 10.1.2.9 eq 443")
        ),
        [0u64; 0]
    );
    let asa = "access-list OT extended permit tcp host 10.1.1.5 host 10.1.2.9 eq 502\naccess-list OT extended permit ip any4 any4\naccess-list OT extended deny ip any any log\naccess-group OT in interface inside\n";
    assert_eq!(opened("asa", asa), [2]);
    assert_eq!(
        opened("asa", &asa.replace("permit ip any4 any4", "permit udp host 10.1.1.5 host 10.1.2.8 eq 123")),
        [0u64; 0]
    );
    let policies = "config firewall address\n    edit \"plc\"\n        set subnet 10.1.2.9 255.255.255.255\n    next\nend\nconfig firewall policy\n    edit 1\n        set srcintf \"port1\"\n        set dstintf \"port2\"\n        set srcaddr \"plc\"\n        set dstaddr \"all\"\n        set action accept\n        set schedule \"always\"\n        set service \"HTTPS\"\n    next\nend\n";
    assert_eq!(opened("fortios", policies).len(), 0, "an interface is named on both sides");
    let open = policies
        .replace("set srcaddr \"plc\"", "set srcaddr \"all\"")
        .replace("set srcintf \"port1\"", "set srcintf \"any\"");
    assert_eq!(opened("fortios", &open), [7]);
}
