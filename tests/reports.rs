//! Report formats against something that is not ours: the schema of OASIS, an XML parser, the rules that platforms
//! document, a real browser. Names and values of the worst kind stand everywhere.
//!
//! The browser is Chromium (`JIG_TEST_CHROMIUM`, else `chromium` in the path), driven by the Node.js of .cache/npm;
//! skipped loudly without them, a failure under `JIG_TEST_REQUIRE`. `JIG_TEST_SHOTS=DIR` keeps the screenshots.

#[path = "reports/made.rs"]
mod made;
mod support;

use jig::compare::{Disposition, Drift, Kind, Report};
use jig::finding::{Finding, Level, Place};
use jig::report::change::{Approval, Because, CONSEQUENCES, Change, Effect, Group, Opening};
use jig::report::{self, Drifts, Findings, Folders, Style};
use jig::source::Position;
use made::{ODD, drift, morning, odd, odd_finding};
use serde_json::{Map, Value as Json, json};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use support::{FleetBuilder, jig};

const STYLE: Style = Style { colour: false, verbose: false, width: 100, fail_on: Level::Error };

fn drawn(name: &str, report: &Report) -> String {
    let folders = Folders { intended: "intended/".into(), deployed: "deployed/".into(), by_address: true };
    let format = report::format(name).expect("a format");
    (format.drift)(&Drifts { report, name: "kestrel", folders: &folders }, STYLE)
}

fn listed(name: &str, list: &[Finding], change: Option<&Change>) -> String {
    let (object, closing) = (Map::new, || "the end".to_owned());
    let findings = Findings {
        command: "validate",
        name: "kestrel",
        folder: "fleets/kestrel/",
        as_of: Some(made::today()),
        list,
        accepted: &[],
        lines: 6,
        sites: 3,
        change,
        object: &object,
        closing: &closing,
    };
    (report::format(name).expect("a format").findings)(&findings, STYLE)
}

fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Findings with and without a place, of each level, some of them alike.
fn findings() -> Vec<Finding> {
    let at = |line| Place::point("sites/a b/ä:1.yaml", Position { line, column: 2 });
    vec![
        odd_finding(),
        Finding::error("unknown-key", "no key `a`").at(at(4)).owned_by("site-controls").next("correct it"),
        Finding::error("unknown-key", "no key `a`").at(at(9)),
        Finding::error("unreadable", "nothing can be read").blind(),
        Finding::warning("overdue-review", "RD-012 is past its review date")
            .at(Place::file("decisions/RD-012/decision.yaml")),
        Finding::new("unused-value", Level::Note, "nothing uses `spare`").about("grr/pk1"),
    ]
}

fn change(groups: usize) -> Change {
    let approval = |at: usize| Approval {
        right: format!("DR-{at:02}"),
        decides: "site-network".into(),
        team: "@kestrel/grr-network".into(),
        agrees: vec!["@kestrel/grr-controls".into(), ODD.into()],
        within_working_days: Some(2),
        because: vec![Because { what: "flow".into(), id: ODD.into(), address: Some("grr/pk2".into()) }],
    };
    let group = |at: usize| Group {
        lines: (0..=at % 7).map(|line| format!("grr/pk{line}")).collect(),
        path: format!("firewall/{at}*.nft"),
        added: 1,
        removed: 0,
        diff: format!("@@ -1 +1,2 @@\n table inet\n+```` {ODD}\n").repeat(3),
        consequence: CONSEQUENCES[at * CONSEQUENCES.len() / groups.max(1)],
        varies: at % 2 == 1,
    };
    Change {
        base: "1a2b3c4".into(),
        head: "5d6e7f8".into(),
        compared: "HEAD with origin/main (1a2b3c4)".into(),
        approvals: (0..groups.min(40)).map(approval).collect(),
        effect: Effect {
            lines: 7,
            files: groups,
            groups: (0..groups).map(group).collect(),
            paths: vec![Opening {
                meaning: "opens tcp/502 from mes to cell".into(),
                lines: vec!["grr/pk2".into()],
            }],
            unknown: vec![format!("grr/{ODD}")],
        },
        old: 12,
    }
}

// SARIF

#[track_caller]
fn assert_sarif(text: &str) -> Json {
    let schema = parsed(include_str!("reports/sarif-2.1.0.schema.json"));
    let validator =
        jsonschema::options().should_validate_formats(true).build(&schema).expect("the schema of OASIS");
    let log = parsed(text);
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    for result in log["runs"][0]["results"].as_array().expect("results") {
        let rule = &log["runs"][0]["tool"]["driver"]["rules"]
            [result["ruleIndex"].as_u64().expect("an index") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        for name in ["name", "shortDescription", "fullDescription", "help"] {
            assert!(!rule[name].is_null(), "{rule}");
        }
        for location in result["locations"].as_array().expect("a location") {
            let place = &location["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().expect("a URI");
            assert!(
                !uri.starts_with('/') && !uri.contains(':') && uri.is_ascii() && !uri.contains(' '),
                "{uri}"
            );
            assert!(place["region"]["startLine"].as_u64() >= Some(1), "{place}");
        }
        assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
    }
    log
}

#[test]
fn sarif_meets_the_schema_of_oasis() {
    let log = assert_sarif(&listed("sarif", &findings(), Some(&change(3))));
    let run = &log["runs"][0];
    assert_eq!(run["automationDetails"]["id"], "jig/validate/kestrel/");
    assert_eq!(run["results"].as_array().map(Vec::len), Some(6));
    assert_eq!(
        run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "fleets/kestrel/sites/a%20b/%C3%A4%3A1.yaml"
    );
    assert_eq!(run["invocations"][0]["executionSuccessful"], false, "something could not be read");
    assert_sarif(&drawn("sarif", &odd()));
    assert_sarif(&drawn("sarif", &Report::refused(made::today(), vec![ODD.into()])));
    let log = assert_sarif(&drawn("sarif", &morning()));
    let results = log["runs"][0]["results"].as_array().expect("results");
    let approved: Vec<&Json> = results.iter().filter(|result| result["suppressions"].is_array()).collect();
    assert_eq!(approved.len(), 1, "what a deviation covers is suppressed");
    assert!(
        approved[0]["suppressions"][0]["justification"].as_str().is_some_and(|why| why.contains("DV-0007"))
    );
}

#[test]
fn alerts_stay_the_same_when_lines_move() {
    let prints = |list: &[Finding]| -> Vec<Json> {
        let log = parsed(&listed("sarif", list, None));
        let results = log["runs"][0]["results"].as_array().cloned().unwrap_or_default();
        results
            .iter()
            .map(|result| result["partialFingerprints"]["primaryLocationLineHash"].clone())
            .collect()
    };
    let before = findings();
    let mut after = before.clone();
    for finding in &mut after {
        if let Some(range) = finding.place.as_mut().and_then(|place| place.range.as_mut()) {
            range.line += 40;
            range.end_line += 40;
        }
    }
    assert_eq!(prints(&before), prints(&after));
    let mut distinct = prints(&before);
    distinct.sort_by_key(Json::to_string);
    distinct.dedup();
    assert_eq!(distinct.len(), before.len(), "no two findings are one alert");
}

#[test]
fn github_takes_no_more_than_25000_results() {
    let mut report = made::many(25_100);
    report.findings[3].level = Level::Note;
    let log = parsed(&drawn("sarif", &report));
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().map(Vec::len), Some(25_000));
    assert!(
        run["invocations"][0]["toolExecutionNotifications"]
            .to_string()
            .contains("100 results more are left out")
    );
    assert!(!run["results"].to_string().contains("\"level\":\"note\""), "the least is left out first");
}

// GitHub

/// Reads a workflow command as the runner does: properties up to `::`, each escape once.
fn command(line: &str) -> (String, Vec<(String, String)>, String) {
    let rest = line.strip_prefix("::").unwrap_or_else(|| panic!("no command: {line}"));
    let (head, message) = rest.split_once("::").expect("a message");
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let data = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
    let property = |text: &str| data(&text.replace("%3A", ":").replace("%2C", ","));
    let properties = properties.split(',').map(|pair| pair.split_once('=').expect("a pair"));
    let properties = properties.map(|(name, value)| (name.to_owned(), property(value))).collect();
    (name.to_owned(), properties, data(message))
}

#[test]
fn github_reads_back_what_was_meant() {
    let text = listed("github", &findings(), None);
    let commands: Vec<_> = text.lines().map(command).collect();
    assert_eq!(commands.len(), 6, "{text}");
    let levels: Vec<&str> = commands.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(levels, ["error", "error", "error", "error", "warning", "notice"]);
    let (_, properties, message) = &commands[0];
    let value =
        |name: &str| properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    assert_eq!(value("file"), Some(format!("fleets/kestrel/sites/{ODD}/line.yaml")));
    assert_eq!(value("title"), Some(format!("unknown-key ({ODD})")));
    assert_eq!((value("line"), value("col")), (Some("3".into()), Some("5".into())));
    assert_eq!(*message, format!("{ODD}\nowner: {ODD}\nnext: {ODD}"));
    for line in drawn("github", &odd()).lines() {
        command(line);
    }
}

#[test]
fn github_refuses_columns_of_several_lines() {
    let mut place = Place::point("a.yaml", Position { line: 3, column: 5 });
    place.range.as_mut().expect("a range").end_line = 4;
    let text = listed("github", &[Finding::error("schema", "x").at(place)], None);
    assert!(text.contains("line=3,endLine=4,title=") && !text.contains("col="), "{text}");
}

#[test]
fn github_shows_ten_of_each_level_and_counts_the_rest() {
    let mut list = vec![];
    for (level, count) in [(Level::Note, 3), (Level::Warning, 12), (Level::Error, 30)] {
        list.extend((0..count).map(|at| Finding::new("schema", level, format!("finding {at}"))));
    }
    let text = listed("github", &list, None);
    let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!([count("::error "), count("::warning "), count("::notice ")], [10, 10, 4]);
    let last = text.lines().last().expect("a line");
    assert!(last.contains("45 findings in all") && last.contains("22 more"), "{last}");
}

// GitLab

#[test]
fn gitlab_meets_its_schema_and_no_two_issues_are_one() {
    let schema = parsed(include_str!("reports/gitlab.schema.json"));
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for text in
        [listed("gitlab", &findings(), None), drawn("gitlab", &morning()), drawn("gitlab", &made::many(500))]
    {
        let issues = parsed(&text);
        let errors: Vec<String> = validator
            .iter_errors(&issues)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
        let issues = issues.as_array().expect("an array");
        let mut prints: Vec<&str> = issues.iter().filter_map(|issue| issue["fingerprint"].as_str()).collect();
        prints.sort_unstable();
        prints.dedup();
        assert_eq!(prints.len(), issues.len());
    }
    assert_eq!(listed("gitlab", &[], None), "[]");
    parsed(&drawn("gitlab", &odd()));
}

// JUnit

fn counts(node: roxmltree::Node<'_, '_>) -> [usize; 4] {
    ["tests", "failures", "errors", "skipped"]
        .map(|name| node.attribute(name).and_then(|text| text.parse().ok()).expect("a count"))
}

#[track_caller]
fn assert_junit(text: &str) -> [usize; 4] {
    let document = roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let mut names = vec![];
    for suite in root.children().filter(|node| node.is_element()) {
        let cases: Vec<_> = suite.children().filter(|node| node.is_element()).collect();
        let ended = |tag: &str| {
            cases.iter().filter(|case| case.children().any(|inner| inner.has_tag_name(tag))).count()
        };
        assert_eq!(counts(suite), [cases.len(), ended("failure"), ended("error"), ended("skipped")]);
        names.extend(
            cases
                .iter()
                .map(|case| format!("{:?} {:?}", case.attribute("classname"), case.attribute("name"))),
        );
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "servers merge cases of one name");
    counts(root)
}

#[test]
fn junit_counts_are_what_stands_there() {
    let [_, failures, errors, skipped] = assert_junit(&listed("junit", &findings(), None));
    assert_eq!((failures, errors), (3, 1));
    assert!(skipped > 10, "where something could not be read, a silent rule proves nothing");
    let [tests, failures, errors, skipped] = assert_junit(&listed("junit", &[], None));
    assert!(tests > 10 && failures + errors + skipped == 0);
    assert_junit(&drawn("junit", &odd()));
    let [_, failures, errors, _] = assert_junit(&drawn("junit", &morning()));
    assert_eq!((failures, errors), (8, 1));
    let refused = Report::refused(made::today(), vec!["profile: no".into()]);
    assert_eq!(assert_junit(&drawn("junit", &refused)), [1, 0, 1, 0]);
}

#[test]
fn junit_keeps_a_value_as_it_is() {
    let text = listed("junit", &[odd_finding()], None);
    let document = roxmltree::Document::parse(&text).expect("XML");
    let failure = document.descendants().find(|node| node.has_tag_name("failure")).expect("a failure");
    let kept = ODD.replace(['\u{0}', '\u{1b}', '\u{fffe}'], "\u{fffd}");
    assert_eq!(failure.attribute("message"), Some(kept.as_str()));
}

// Markdown

#[test]
fn a_comment_fits_and_never_loses_its_header() {
    let many: Vec<Finding> = (0..3000).map(|_| odd_finding()).collect();
    for (list, change) in [(findings(), change(3)), (vec![], change(5000)), (many, change(400))] {
        let text = listed("markdown", &list, Some(&change));
        assert!(text.len() < 65_536, "{}", text.len());
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("<!-- jig:plan:kestrel -->"));
        assert!(lines.next().is_some_and(|line| line.starts_with("## jig validate: ")), "{text}");
        assert!(text.contains("@kestrel/grr-network") && text.contains("risk **path**"), "{text}");
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        assert!(text.contains("opens tcp/502 from mes to cell"), "what opens is said");
    }
    let text = listed("markdown", &findings(), Some(&change(5000)));
    assert!(text.contains("### Findings") && text.contains("found no room here"), "{text}");
    assert!(
        text.contains("<code>firewall/0*.nft</code>") && !text.contains("<code>firewall/4999*.nft</code>")
    );
    for report in [morning(), odd(), made::many(10_000)] {
        let text = drawn("markdown", &report);
        assert!(text.starts_with("<!-- jig:drift:kestrel -->\n## jig diff: ") && text.len() < 65_536);
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    }
}

#[test]
fn a_comment_calls_nobody_whom_a_file_names() {
    let hostile = "@everyone see #12 and [x](http://evil.example) <img src=x> https://evil.example";
    let list = [Finding::error("schema", hostile).owned_by(hostile).about(hostile).next(hostile)];
    let text = listed("markdown", &list, None);
    for wrong in ["@everyone", "#12", "[x](", "<img", "https://evil"] {
        assert!(!text.contains(wrong), "{wrong} in {text}");
    }
}

// Text

#[test]
fn text_says_what_could_stop_production_first() {
    let text = drawn("text", &morning());
    insta::assert_snapshot!(text);
    assert!(text.lines().all(|line| line.chars().count() <= STYLE.width), "{text}");
}

#[test]
fn nothing_odd_reaches_a_terminal() {
    for text in [drawn("text", &odd()), listed("text", &findings(), Some(&change(2)))] {
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control() && !('\u{202a}'..='\u{202e}').contains(&c)),
            "{text:?}"
        );
    }
}

#[test]
fn text_says_what_a_change_does_and_who_must_agree() {
    let mut change = change(2);
    change.approvals[0].agrees.truncate(1);
    change.approvals[0].because[0].id = "F-01.1".into();
    change.approvals.truncate(1);
    change.effect.unknown = vec!["lej/pk1".into()];
    change
        .effect
        .groups
        .iter_mut()
        .for_each(|group| group.diff = "@@ -3 +3,2 @@\n table inet\n+tcp dport 502 accept\n".into());
    insta::assert_snapshot!(listed("text", &[], Some(&change)));
}

// Every format

#[test]
fn no_format_prints_more_than_the_report_holds_and_each_is_the_same_twice() {
    for format in report::FORMATS {
        for report in [morning(), odd(), Report::refused(made::today(), vec![ODD.into()])] {
            assert_eq!(drawn(format.name, &report), drawn(format.name, &report), "{}", format.name);
        }
        assert!(!listed(format.name, &findings(), Some(&change(2))).is_empty());
    }
}

#[test]
fn a_command_that_cannot_speak_a_format_says_so_before_it_does_anything() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = jig().cwd(&folder).args("init fleet --format sarif").run().exits(2);
    assert!(run.stderr.contains("`jig init` has nothing to say as sarif"), "{run}");
    assert!(!folder.path().join("fleet").exists());
    let run = jig().cwd(&folder).args("explain schema --format junit=x.xml").run().exits(2);
    assert!(run.stderr.contains("use text or json"), "{run}");
    assert!(!folder.path().join("x.xml").exists());
    let run = jig().args("validate --format sarfi").run().exits(2);
    assert!(run.stderr.contains("use one of text, json, sarif"), "{run}");
    jig().args("validate --format sarif=a --format json=a").run().exits(2);
    jig().args("validate --format sarif=").run().exits(2);
}

#[test]
fn every_format_of_a_run_goes_to_its_file_and_none_changes_the_code() {
    let fleet = FleetBuilder::smallest()
        .file(
            "sites/home/lines/two.yaml",
            "area: hall\nblueprint: hello@0.1.0\ninputs:\n  plc_ipp: 10.0.0.6\n",
        )
        .build();
    let root = fleet.root();
    let all: Vec<String> = report::FORMATS
        .iter()
        .map(|format| format!("--format {}=out.{}", format.name, format.name))
        .collect();
    jig().fleet(root).cwd(root).args("validate").args(&all.join(" ")).run().exits(1);
    for format in report::FORMATS {
        let text =
            std::fs::read_to_string(root.join(format!("out.{}", format.name))).expect("the file is there");
        assert!(text.contains("plc\\_ipp") || text.contains("plc_ipp"), "{}: {text}", format.name);
        let on_stdout = jig().fleet(root).args(&format!("validate --format {}", format.name)).run().exits(1);
        assert_eq!(on_stdout.stdout, text, "{}", format.name);
        jig().fleet(root).args(&format!("render --dry-run --format {}", format.name)).run().exits(1);
    }
    assert_sarif(&std::fs::read_to_string(root.join("out.sarif")).expect("the file is there"));
}

#[test]
fn platforms_count_paths_from_the_root_of_the_repository() {
    let outer =
        FleetBuilder::new().file(".git/HEAD", "").file("fleets/one/jig.yaml", "enterprise: x\n").build();
    let run = |format: &str| {
        jig().fleet(outer.path("fleets/one")).args(&format!("validate --format {format}")).run().stdout
    };
    assert!(run("github").contains("file=fleets/one/jig.yaml"), "{}", run("github"));
    assert!(run("gitlab").contains("\"path\":\"fleets/one/jig.yaml\""));
    assert!(run("json").contains("\"file\":\"jig.yaml\""), "JSON counts from the fleet");
}

#[test]
fn a_folder_comparison_speaks_every_format() {
    let folder = tempfile::tempdir().expect("a folder");
    for (file, text) in [
        ("want/l1/a.json", "{\"x\":1}"),
        ("have/l1/a.json", "{\"x\":2}"),
        ("want/l2/a.json", "{\"x\":1}"),
        ("have/l2/a.json", "{\"x\":1}"),
    ] {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let run = |format: &str| {
        jig()
            .cwd(&folder)
            .args(&format!("--as-of 2026-11-22 diff --intended want --deployed have --format {format}"))
            .run()
            .exits(1)
            .stdout
    };
    assert_sarif(&run("sarif"));
    assert_junit(&run("junit"));
    assert!(run("github").starts_with("::error file=have/l1/a.json,line=1,title=drift%3A settings (l1)::"));
    assert!(run("html").contains("Drift on 1 of 2 lines"));
    assert!(run("markdown").contains("## jig diff: drift"));
}

/// The cases of drift that hold secrets, in every format, everything shown.
#[test]
fn no_format_prints_a_secret_or_changes_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drift");
    let mut runs = 0;
    for set in ["cases", "more"] {
        for case in
            std::fs::read_dir(root.join(set)).expect("the cases").map(|entry| entry.expect("a case").path())
        {
            let expected =
                parsed(&std::fs::read_to_string(case.join("expected.json")).expect("an expectation"));
            let secrets: Vec<&str> = expected["must_not_print"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Json::as_str)
                .collect();
            for format in report::FORMATS.iter().filter(|_| !secrets.is_empty()) {
                let date = expected["as_of"].as_str().expect("a date");
                let mut run = jig().cwd(&case).args(&format!(
                    "-v --as-of {date} diff --intended intended --deployed deployed --format {}",
                    format.name
                ));
                for name in ["base", "profile", "deviations", "collection"] {
                    let file = if name == "base" { name.to_owned() } else { format!("{name}.yaml") };
                    if case.join(&file).exists() {
                        run = run.arg(format!("--{name}")).arg(file);
                    }
                }
                let done = run.run();
                assert_eq!(Json::from(done.code), expected["exit"], "{done}");
                assert!(
                    !secrets
                        .iter()
                        .any(|secret| done.stdout.contains(secret) || done.stderr.contains(secret)),
                    "{done}"
                );
                runs += 1;
            }
        }
    }
    assert!(runs >= 8 * report::FORMATS.len(), "only {runs} runs: are the cases still there?");
}

// HTML

#[test]
fn a_page_loads_nothing_and_runs_nothing_of_others() {
    let many: Vec<Finding> = findings();
    for page in [drawn("html", &odd()), drawn("html", &morning()), listed("html", &many, Some(&change(4)))] {
        assert_eq!(page.matches("<script").count(), 1);
        assert_eq!(page.matches("<style").count(), 1);
        assert!(
            !page.contains("<img") && !page.contains("javascript:alert(1)\"") && !page.contains('\u{202e}')
        );
        assert!(page.contains("default-src 'none'"));
        let outside = ["src=\"http", "href=\"http", "url(", "@import", "<link rel=\"stylesheet"];
        assert!(outside.iter().all(|word| !page.contains(word)));
    }
}

/// Chromium and Node, or why there is none.
fn browser() -> Option<(String, String)> {
    let chromium = std::env::var("JIG_TEST_CHROMIUM").unwrap_or_else(|_| "chromium".into());
    let node = concat!(env!("CARGO_MANIFEST_DIR"), "/.cache/npm/node_modules/.bin/node").to_owned();
    let works = |program: &str| {
        Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    let missing: Vec<&String> = [&chromium, &node].into_iter().filter(|program| !works(program)).collect();
    if missing.is_empty() {
        return Some((chromium, node));
    }
    assert!(
        std::env::var_os("JIG_TEST_REQUIRE").is_none(),
        "missing: {missing:?}; run scripts/install-test-tools"
    );
    let _ = writeln!(std::io::stderr(), "SKIPPED: missing: {missing:?}; run scripts/test");
    None
}

/// Opens a page in the browser; what was seen of it.
fn opened(name: &str, page: &str, search: &str, shots_wanted: bool) -> Option<Json> {
    let (chromium, node) = browser()?;
    let folder = tempfile::tempdir().expect("a folder");
    let shots = std::env::var("JIG_TEST_SHOTS")
        .map_or(folder.path().to_path_buf(), |shots| Path::new(&shots).join(name));
    std::fs::create_dir_all(&shots).expect("a folder");
    let file = shots.join("page.html");
    std::fs::write(&file, page).expect("the page can be written");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reports/browser.mjs");
    let output = Command::new(node)
        .arg(script)
        .arg(chromium)
        .arg(&file)
        .arg(&shots)
        .env("JIG_SEARCH", search)
        .envs((!shots_wanted).then_some(("JIG_NO_SHOTS", "1")))
        .output()
        .expect("Node runs");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let seen = parsed(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(seen["errors"], json!([]), "{name}");
    assert_eq!(
        seen["requests"].as_array().map(Vec::len),
        Some(2),
        "the page itself, with and without scripts: {}",
        seen["requests"]
    );
    assert_eq!(seen["hacked"], false, "{name}");
    assert_eq!(
        [&seen["nameless"], &seen["twice"], &seen["deadLinks"], &seen["links"]],
        [0, 0, 0, 0],
        "{name}"
    );
    assert_eq!(seen["firstFocus"], "skip");
    assert_eq!(seen["skipped"], "#main");
    if shots_wanted {
        assert_eq!(seen["pdf"], "%PDF-");
        assert_eq!(seen["wide"], false, "{name} scrolls sideways");
    }
    assert_eq!(seen["cardsWithoutScript"], seen["cards"], "{name} needs no script to be read");
    assert_eq!(seen["filterWithoutScript"], true);
    Some(seen)
}

#[test]
fn a_browser_shows_the_morning_and_the_keyboard_filters_it() {
    let Some(seen) = opened("morning", &drawn("html", &morning()), "tcp/102", true) else { return };
    assert_eq!(seen["cards"], 10);
    assert_eq!(seen["searchFocus"], "q");
    assert_eq!(seen["searched"], 1);
    assert_eq!(seen["status"], "1 of 12 shown");
    assert_eq!(seen["afterEscape"], 10);
    assert_eq!(seen["selectFocus"], true);
    assert_eq!(seen["chosen"], "path");
    assert_eq!(seen["filtered"], seen["matching"]);
    assert!(seen["ofLine"].as_u64().is_some_and(|count| (1..10).contains(&count)), "{}", seen["ofLine"]);
    let text = seen["text"].as_str().expect("text");
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} is not in {text}"));
    assert!(at("Do first") < at("Opens tcp/102") && at("Opens tcp/102") < at("Owner"));
}

#[test]
fn a_browser_is_not_misled_by_names() {
    let Some(seen) = opened("odd", &drawn("html", &odd()), "漢", true) else { return };
    assert_eq!(seen["searched"], 2);
    let Some(seen) = opened("findings", &listed("html", &findings(), Some(&change(4))), "RD-012", true)
    else {
        return;
    };
    assert_eq!(seen["searched"], 1);
}

#[test]
fn a_browser_shows_what_was_captured() {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 1..=8 {
        let line = folder.path().join(format!("plant/line{number:02}"));
        std::fs::create_dir_all(&line).expect("made");
        let uplink = if number == 5 { "interface uplink\n mtu 9000\n!\n" } else { "" };
        let place = if number == 3 { "</script><img src=x onerror=hacked=1>" } else { "Hall 4" };
        let text = format!(
            "hostname line{number:02}\n!\ninterface mgmt\n ip address 10.20.{}.5/24\n!\n{uplink}\
             snmp location {place}\nenable secret hunter{number}two\n",
            number * number
        );
        std::fs::write(line.join("sw.cfg"), text).expect("written");
    }
    let page = folder.path().join("page.html");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (plant, fleet, format) = (at("plant"), at("fleet"), format!("html={}", page.display()));
    let args = ["capture", &plant, "--as", "switch", "-o", &fleet, "--dry-run", "--format", &format];
    let run = args.iter().fold(jig(), |run, arg| run.arg(arg)).run();
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let page = std::fs::read_to_string(page).expect("written");
    assert!(!page.contains("hunter"), "a secret is on the page");
    let Some(seen) = opened("capture", &page, "uplink", true) else { return };
    let text = seen["text"].as_str().expect("text");
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} is not in {text}"));
    assert!(at("Proven: 8/8 files exact") < at("Candidates for drift") && at("Inputs") < at("Secrets"));
    assert!(seen["searched"].as_u64().is_some_and(|count| count > 0 && Some(count) < seen["cards"].as_u64()));
}

#[test]
fn a_browser_bears_ten_thousand_differences() {
    let Some(seen) = opened("many", &drawn("html", &made::many(10_000)), "found 4711", false) else { return };
    assert_eq!(seen["cards"], 10_000);
    assert_eq!(seen["searched"], 1);
    let (load, search) = (seen["loadMilliseconds"].as_u64(), seen["searchMilliseconds"].as_u64());
    assert!(load < Some(15_000) && search < Some(3_000), "load {load:?}, search {search:?}");
}

#[test]
fn an_approved_difference_is_no_failure_and_what_is_not_known_no_success() {
    let approved =
        Drift { disposition: Disposition::Approved, level: Level::Note, ..drift("a/b", "f", "/x") };
    let untold = Drift { kind: Kind::Opaque, ..drift("a/b", "g", "") };
    let lines = vec![made::line("a/b", jig::compare::Verdict::CannotTell, None)];
    let report = made::report(lines, vec![approved, untold], vec![], vec![]);
    assert_eq!(assert_junit(&drawn("junit", &report)), [2, 0, 1, 0]);
    assert_eq!(drawn("github", &report).lines().count(), 1);
}
