//! The command line: help, the bare `jig`, reports, approvals, schemas, and how it behaves in pipes and scripts.

#![allow(clippy::case_sensitive_file_extension_comparisons)] // these names are written here

mod support;

use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::Stdio;
use support::{Fleet, FleetBuilder, JIG, copy_example, jig};

// ---- help

#[test]
fn every_help_text_reads_as_agreed() {
    let mut all = String::new();
    for (command, help) in helps("") {
        let help = if command.is_empty() { help } else { without_common_options(&help) };
        all.push_str(&format!("==== jig {command}\n{help}\n"));
    }
    insta::assert_snapshot!("help", all);
}

#[test]
fn every_command_has_an_example_and_a_short_help() {
    for (command, help) in helps("") {
        let short = jig().args(&command).arg("-h").run().exits(0).stdout;
        assert!(short.len() <= help.len(), "{command}");
        let wide = help.lines().find(|line| line.chars().count() > 100 && !line.starts_with("Usage:"));
        assert_eq!(wide, None, "{command}");
        let has_commands = help.contains("\nCommands:");
        assert!(has_commands || help.contains("\nExample"), "{command} shows no example");
    }
}

/// The help of a command and of all below it.
fn helps(command: &str) -> Vec<(String, String)> {
    let help = jig().args(command).arg("--help").run().exits(0).stdout;
    let listed =
        help.split("\nCommands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default();
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<String> =
        names.filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect();
    let below = names.iter().flat_map(|name| helps(format!("{command} {name}").trim()));
    std::iter::once((command.to_owned(), help.clone())).chain(below.collect::<Vec<_>>()).collect()
}

/// Options that every command has are shown once.
fn without_common_options(help: &str) -> String {
    let Some((before, after)) = help.split_once("The same everywhere:\n") else { return help.to_owned() };
    let rest = after.find("\n\nExample").map_or("", |at| &after[at + 2..]);
    format!("{before}{rest}")
}

#[test]
fn version_completions_and_the_manual_page_are_printed() {
    let version = jig().arg("--version").run().exits(0).stdout;
    assert_eq!(version.trim(), format!("jig {}", env!("CARGO_PKG_VERSION")));
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = jig().args("completions").arg(shell).run().exits(0).stdout;
        assert!(script.contains("jig") && script.contains("approve"), "{shell}");
    }
    let page = jig().arg("man").run().exits(0).stdout;
    assert!(page.contains(".TH jig") && page.contains(".SH"), "{page}");
}

// ---- the bare jig, validate

#[test]
fn a_bare_jig_says_what_state_the_fleet_is_in_and_what_to_do_next() {
    let kestrel = copy_example("kestrel");
    let mut told = vec![("not rendered", kestrel.jig("").run().exits(0))];
    kestrel.jig("render -q").run().exits(0);
    told.push(("rendered", kestrel.jig("").run().exits(0)));
    kestrel.edit("intended/grr/pk1/gateway/telegraf.conf", "grr", "by hand");
    kestrel.edit("sites/mty/lines/pk1.yaml", "packaging-line@1.2.0", "packaging-line@1.2.9");
    told.push(("edited by hand, and a version that is nowhere", kestrel.jig("").run().exits(2)));
    let empty = FleetBuilder::new().file("jig.yaml", JIG).build();
    told.push(("empty", empty.jig("").run().exits(0)));
    empty.write("jig.yaml", "enterprise: [\n");
    told.push(("broken", empty.jig("").run().exits(2)));
    snapshot_runs("bare_jig", &told);
}

#[test]
fn outside_of_a_fleet_every_command_says_how_to_begin() {
    let nowhere = tempfile::tempdir().expect("a folder");
    let none = jig().cwd(nowhere.path()).run().exits(2);
    assert_eq!(none.stdout, "");
    assert_eq!(
        none.stderr,
        "error: there is no jig.yaml here or above\n  next: `jig init DIR` makes a fleet; `-C DIR` names one\n"
    );
    for command in ["render", "validate", "approve RD-001 --as x", "explain RD-001"] {
        let run = jig().fleet(nowhere.path()).args(command).run().exits(2);
        assert!(run.stderr.contains("holds no jig.yaml") && run.stderr.contains("next: "), "{run}");
    }
}

#[test]
fn the_fleet_is_found_from_any_folder_inside_it() {
    let fleet = FleetBuilder::smallest().build();
    let run = jig().cwd(fleet.path("sites/home/lines")).args("validate --format json").run().exits(0);
    assert_eq!(run.json()["summary"]["lines"], 1);
    jig().cwd(fleet.path("sites/home")).arg("render").run().exits(0);
    assert!(fleet.has("intended/home/one/settings.json"));
}

#[test]
fn validate_draws_findings_with_their_source_owner_and_next_step() {
    let fleet = copy_example("kestrel");
    fleet.edit("sites/grr/lines/pk2.yaml", "value: 500", "value: 5");
    fleet.edit("blueprints/packaging-line@1.2.0/conduits.yaml", "decision: RD-001", "# undecided");
    let told = [
        ("one mistake and one gap", fleet.jig("validate").run().exits(1)),
        ("one line of it", fleet.jig("validate grr/pk2").run().exits(1)),
        ("quiet", fleet.jig("validate -q lej").run().exits(0)),
    ];
    snapshot_runs("validate", &told);
}

#[test]
fn validate_as_json_has_the_keys_of_the_contract() {
    let fleet = copy_example("kestrel");
    let report = fleet.jig("validate --format json").run().exits(0).json();
    assert_eq!(keys(&report), ["format", "command", "as_of", "findings", "summary"]);
    assert_eq!(report["as_of"], "2026-11-22");
    let summary = json!({ "errors": 0, "warnings": 2, "notes": 4, "lines": 6, "sites": 3 });
    assert_eq!(report["summary"], summary);
    let expected = [
        "rule",
        "level",
        "message",
        "file",
        "line",
        "column",
        "end_line",
        "end_column",
        "address",
        "owner",
        "next",
    ];
    assert_eq!(keys(&report["findings"][0]), expected);
}

#[test]
fn findings_of_a_report_are_sorted_and_never_repeated() {
    let fleet = copy_example("kestrel");
    for path in ["blueprints/packaging-line/conduits.yaml", "blueprints/packaging-line@1.2.0/conduits.yaml"] {
        fleet.edit(path, "decision: RD-001", "# undecided");
    }
    let findings = fleet.jig("validate --format json").run().exits(1).findings();
    let rank = |level: &str| ["error", "warning", "note"].iter().position(|known| *known == level);
    let order: Vec<_> = findings.iter().map(|f| (rank(&f.level), f.file.clone(), f.line, f.column)).collect();
    assert!(order.is_sorted(), "{order:?}");
    let distinct: BTreeSet<String> = findings.iter().map(|f| format!("{f:?}")).collect();
    assert_eq!(distinct.len(), findings.len());
}

// ---- exit codes, levels, formats

#[test]
fn fail_on_moves_the_threshold_and_the_format_never_changes_the_code() {
    let fleet = copy_example("kestrel");
    for (level, code) in [("error", 0), ("warning", 1), ("note", 1)] {
        for format in ["text", "json"] {
            fleet.jig("validate --format").arg(format).args("--fail-on").arg(level).run().exits(code);
            fleet.jig("render --dry-run --format").arg(format).args("--fail-on").arg(level).run().exits(code);
        }
    }
    fleet.edit("sites/grr/lines/pk1.yaml", "area:", "area: [");
    for format in ["text", "json"] {
        fleet.jig("validate --format").arg(format).run().exits(2);
    }
}

#[test]
fn jig_yaml_changes_the_level_of_a_rule_that_judges_but_not_of_one_that_stops() {
    let fleet = copy_example("kestrel");
    let with = |rules: &str| {
        let fleet = copy_example("kestrel");
        fleet.edit(
            "jig.yaml",
            "settings:\n",
            &format!("settings:\n  rules: {{ metric-without-goal: off, {rules} }}\n"),
        );
        fleet
    };
    fleet.jig("validate --fail-on warning").run().exits(1);
    with("expired-deviation: off").jig("validate --fail-on warning").run().exits(0);
    with("expired-deviation: note").jig("validate --fail-on warning").run().exits(0);
    with("expired-deviation: error").jig("validate").run().exits(1);
    let stopped = with("undecided-conduit: off");
    stopped.edit("blueprints/packaging-line/conduits.yaml", "decision: RD-001", "# undecided");
    let run = stopped.jig("validate --format json").run().exits(1);
    assert!(run.findings().iter().any(|finding| finding.rule == "undecided-conduit"), "{run}");
    let typo = with("expired-deviaton: off").jig("validate --format json").run();
    assert!(
        typo.findings().iter().any(|finding| finding.file == "jig.yaml"),
        "a rule that is none says so: {typo}"
    );
}

#[test]
fn formats_go_to_files_beside_the_one_on_stdout() {
    let fleet = FleetBuilder::smallest().build();
    let file = fleet.path("out/report.json");
    let run =
        fleet.jig("validate --format text --format").arg(format!("json={}", file.display())).run().exits(0);
    assert!(run.stdout.contains("no findings"), "{run}");
    let report: Json = serde_json::from_str(&fleet.read("out/report.json")).expect("JSON");
    assert_eq!(report["command"], "validate");
    let clash = fleet.jig("validate --format text --format json").run().exits(2);
    assert!(clash.stderr.contains("next: send one to a file"), "{clash}");
    let unknown = fleet.jig("validate --format yaml").run().exits(2);
    assert!(unknown.stderr.contains("there is no format `yaml`"), "{unknown}");
}

#[test]
fn wrong_usage_exits_2_with_nothing_on_stdout() {
    let fleet = FleetBuilder::smallest().build();
    let wrong = [
        "--nope",
        "frobnicate",
        "render --nope",
        "validate --fail-on maybe",
        "-j 0 validate",
        "--color pink validate",
        "--as-of yesterday validate",
        "--as-of 2026-02-30 validate",
        "approve",
        "approve RD-001",
        "explain",
        "render --check --dry-run",
        "validate -q -v",
        "render home/nine",
        "validate [",
        "schema nope",
        "explain nope",
    ];
    for args in wrong {
        let run = fleet.jig(args).run().exits(2);
        assert!(run.stdout.is_empty() && run.stderr.contains("error"), "{run}");
    }
}

// ---- terminals and pipes

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let fleet = copy_example("kestrel");
    let colour = |setup: &dyn Fn(support::Jig) -> support::Jig| {
        setup(fleet.jig("validate")).run().exits(0).stdout.contains('\u{1b}')
    };
    assert!(!colour(&|run| run), "a pipe is no terminal");
    assert!(colour(&|run| run.args("--color always")));
    assert!(colour(&|run| run.env("CLICOLOR_FORCE", "1")));
    assert!(!colour(&|run| run.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")), "NO_COLOR wins");
    assert!(!colour(&|run| run.env("CLICOLOR_FORCE", "1").args("--color never")));
    assert!(
        colour(&|run| run.env("NO_COLOR", "1").args("--color always")),
        "an option wins over the environment"
    );
    let json = fleet.jig("validate --format json --color always").run().exits(0);
    assert!(!json.stdout.contains('\u{1b}'), "JSON has no colour");
}

#[test]
fn quiet_says_nothing_but_findings() {
    let fleet = FleetBuilder::smallest().build();
    for command in ["validate -q", "render -q", "render -q --check"] {
        let run = fleet.jig(command).run().exits(0);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{command}");
    }
    let kestrel = copy_example("kestrel");
    let run = kestrel.jig("validate -q").run().exits(0);
    assert!(run.stdout.contains("expired-deviation") && !run.stdout.contains("6 lines"), "{run}");
}

#[test]
fn a_reader_that_goes_away_is_nobodys_fault() {
    let fleet = copy_example("kestrel");
    for args in ["schema conduits", "validate --format json", "--help", "man", "render --dry-run -v"] {
        let mut command = fleet.jig(args).into_command();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("jig starts");
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().expect("stderr").read_to_string(&mut stderr).expect("it can be read");
        assert!(child.wait().expect("it ends").success(), "{args}: {stderr}");
        assert_eq!(stderr, "", "{args}");
    }
}

#[test]
fn stdout_carries_the_result_alone() {
    let fleet = copy_example("kestrel");
    for args in ["render --format json -v", "validate --format json -v", "schema line"] {
        let run = fleet.jig(args).run().exits(0);
        assert!(run.json().is_object(), "{run}");
    }
}

#[test]
fn control_characters_of_a_file_never_reach_the_terminal() {
    let fleet = FleetBuilder::smallest().build();
    fleet.edit("sites/home/lines/one.yaml", "area: hall", "area: \"\\e[31mred\\a\"");
    let run = fleet.jig("validate").run().exits(1);
    assert!(!run.stdout.contains('\u{1b}') && !run.stdout.contains('\u{7}'), "{run}");
}

// ---- explain

#[test]
fn explain_tells_a_rule_and_a_record() {
    let fleet = copy_example("kestrel");
    let told = [
        ("a rule, outside of any fleet", jig().args("explain undecided-conduit").run().exits(0)),
        ("a decision", fleet.jig("explain RD-001").run().exits(0)),
        ("a deviation", fleet.jig("explain DV-0007").run().exits(0)),
        ("a slip", fleet.jig("explain undecided-conduits").run().exits(2)),
        ("a record that is not there", fleet.jig("explain RD-003").run().exits(2)),
    ];
    snapshot_runs("explain", &told);
}

#[test]
fn every_rule_can_be_explained() {
    for rule in jig::check::RULES {
        let run = jig().arg("explain").arg(rule.name).run().exits(0);
        assert!(run.stdout.contains("Why: ") && run.stdout.contains("Instead: "), "{run}");
        let json = jig().arg("explain").arg(rule.name).args("--format json").run().exits(0).json();
        assert_eq!(json["command"], "explain");
    }
}

#[test]
fn explain_prints_the_digests_that_the_approvals_name() {
    let fleet = copy_example("kestrel");
    for (folder, id) in [("decisions", "RD-001"), ("decisions", "RD-010"), ("deviations", "DV-0007")] {
        let report = fleet.jig("explain --format json").arg(id).run().exits(0).json();
        let digests = report["digests"].as_array().expect("digests").clone();
        assert!(!digests.is_empty());
        for side in ["it", "ot"] {
            let approval = fleet.read(&format!("{folder}/{id}/{side}.yaml"));
            for digest in &digests {
                assert!(
                    approval.contains(digest.as_str().expect("text")),
                    "{id}: {side}.yaml lacks {digest}"
                );
            }
        }
    }
}

// ---- approve

const RD001: &str = "decisions/RD-001";

#[test]
fn two_roles_of_two_sides_approve_and_the_line_renders() {
    let fleet = unapproved();
    fleet.jig("render --dry-run").run().exits(1);
    let run = fleet.jig("approve RD-001 --as corp-security").run().exits(0);
    assert_eq!(run.stdout, "wrote decisions/RD-001/it.yaml\n");
    fleet.jig("render --dry-run").run().exits(1);
    // A joint role fills the side that is missing.
    let run = fleet.jig("approve RD-001 --as corp-standards").run().exits(0);
    assert_eq!(run.stdout, "wrote decisions/RD-001/ot.yaml\n");
    fleet.jig("render --dry-run").run().exits(0);
    let written = fleet.read(&format!("{RD001}/it.yaml"));
    assert!(written.contains("role: corp-security\ndate: 2026-11-22\napproves:\n  - b3:"), "{written}");
    assert_eq!(
        written.matches("  - b3:").count(),
        2,
        "one digest for each version of the blueprint that differs"
    );
}

#[test]
fn a_change_makes_approvals_stale_until_both_approve_again() {
    let fleet = copy_example("kestrel");
    fleet.edit(
        "blueprints/packaging-line/conduits.yaml",
        "purpose: read PackML tags",
        "purpose: read more tags",
    );
    let run = fleet.jig("render --dry-run --format json").run().exits(1);
    let stale: BTreeSet<String> =
        run.findings().into_iter().filter(|f| f.rule == "stale-approval").map(|f| f.next).collect();
    let expected = ["corp-security", "corp-standards"].map(|role| {
        let again = format!("`jig approve RD-001 --as {role}`");
        format!("read what changed (`git diff`, `git log`), then {again}, or restore the text")
    });
    assert_eq!(
        stale.into_iter().collect::<Vec<_>>(),
        expected,
        "the next step says the command that mends it"
    );
    let before = digests_in(&fleet, "it");
    fleet.jig("approve RD-001 --as corp-security --as-of 2026-12-01").run().exits(0);
    fleet.jig("render --dry-run").run().exits(1);
    fleet.jig("approve RD-001 --as corp-standards --as-of 2026-12-01").run().exits(0);
    fleet.jig("render --dry-run").run().exits(0);
    assert!(fleet.read(&format!("{RD001}/it.yaml")).contains("date: 2026-12-01"));
    assert!(digests_in(&fleet, "it").is_superset(&before), "what was approved before stays approved");
}

#[test]
fn approving_twice_changes_nothing() {
    let fleet = copy_example("kestrel");
    fleet.jig("approve RD-001 --as corp-security").run().exits(0);
    let once = fleet.read(&format!("{RD001}/it.yaml"));
    fleet.jig("approve RD-001 --as corp-security").run().exits(0);
    assert_eq!(fleet.read(&format!("{RD001}/it.yaml")), once);
}

#[test]
fn who_may_not_approve_is_refused_and_nothing_is_written() {
    let fleet = unapproved();
    fleet.edit("rights.yaml", "agrees: [corp-standards]", "agrees: [corp-standards, integrator]");
    let refused = [
        ("RD-001", "site-quality", "may not approve"),
        ("RD-001", "corp-secruity", "did you mean `corp-security`?"),
        ("RD-001", "integrator", "external"),
        ("RD-099", "corp-security", "there is no decision or deviation `RD-099`"),
        ("F-01.1", "corp-security", "there is no decision or deviation"),
    ];
    for (record, role, words) in refused {
        let run = fleet.jig("approve --as").arg(role).arg(record).run().exits(2);
        assert!(run.stderr.contains(words) && run.stderr.contains("next: "), "{run}");
    }
    let files: Vec<_> = fleet.files(RD001).into_keys().collect();
    assert_eq!(files, ["decision.yaml"]);
}

#[test]
fn one_role_never_approves_both_sides_and_a_side_needs_no_second_role() {
    let fleet = unapproved();
    fleet.edit("rights.yaml", "agrees: [corp-standards]", "agrees: [corp-standards, corp-platform]");
    fleet.jig("approve RD-001 --as corp-standards").run().exits(0);
    assert!(fleet.has("decisions/RD-001/ot.yaml"), "a joint role takes the side that the others cannot");
    fleet.jig("approve RD-001 --as corp-standards").run().exits(0);
    assert!(!fleet.has("decisions/RD-001/it.yaml"), "the second time it renews its own");
    fleet.jig("approve RD-001 --as corp-security").run().exits(0);
    let held = fleet.read("decisions/RD-001/it.yaml");
    let late = fleet.jig("approve RD-001 --as corp-platform").run().exits(2);
    assert!(late.stderr.contains("corp-security has approved"), "{late}");
    assert_eq!(fleet.read("decisions/RD-001/it.yaml"), held);
}

#[test]
fn a_deviation_is_approved_like_a_decision() {
    let fleet = copy_example("kestrel");
    fleet.edit("deviations/DV-0004/deviation.yaml", "2026-10-31", "2026-12-31");
    let lacking = |fleet: &Fleet| {
        let run = fleet.jig("validate --format json").run().exits(0);
        run.findings().iter().filter(|f| f.rule == "unapproved-deviation").count()
    };
    assert_eq!(lacking(&fleet), 1, "a new last day is a new text");
    let roles = ["it", "ot"].map(|side| {
        let text = fleet.read(&format!("deviations/DV-0004/{side}.yaml"));
        text.lines().find_map(|line| line.strip_prefix("role: ")).expect("a role").to_owned()
    });
    for role in roles {
        fleet.jig("approve DV-0004 --as").arg(role).run().exits(0);
    }
    assert_eq!(lacking(&fleet), 0);
}

// ---- init and new, without a terminal

#[test]
fn a_new_fleet_validates_and_renders_at_once() {
    for args in ["init here", "init here --example"] {
        let folder = tempfile::tempdir().expect("a folder");
        let made = jig().cwd(folder.path()).args(args).run().exits(0);
        assert!(made.stdout.contains("next: jig"), "{made}");
        let fleet = folder.path().join("here");
        jig().fleet(&fleet).arg("validate").run().exits(0);
        jig().fleet(&fleet).arg("render").run().exits(0);
        jig().fleet(&fleet).args("render --check").run().exits(0);
        let before = support::files_below(&fleet);
        let again = jig().cwd(folder.path()).args(args).run().exits(2);
        assert!(again.stderr.contains("is not empty"), "{again}");
        assert!(support::files_below(&fleet) == before);
    }
}

#[test]
fn every_yaml_file_that_jig_starts_begins_with_its_schema_and_meets_it() {
    let fleet = started();
    fleet.jig("new decision --for packaging-line/CN-01").run().exits(0);
    fleet.jig("approve RD-014 --as corp-security").run().exits(0);
    fleet.jig("new site p2 --name Two --timezone UTC").run().exits(0);
    fleet.jig("new blueprint bp --owner corp-standards").run().exits(0);
    let started = fleet.files("").into_iter().filter(|(path, _)| path.ends_with(".yaml"));
    for (path, bytes) in started {
        let text = String::from_utf8(bytes).expect("text");
        let schema =
            text.lines().next().and_then(|line| line.strip_prefix("# yaml-language-server: $schema="));
        let schema = schema.unwrap_or_else(|| panic!("{path} names no schema"));
        let schema = fleet.path(&path).parent().expect("a folder").join(schema);
        let schema: Json =
            serde_json::from_slice(&std::fs::read(&schema).expect("the schema is there")).expect("JSON");
        let value: Json = serde_yaml::from_str(&text).expect("YAML");
        let validator = jsonschema::validator_for(&schema).expect("it compiles");
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{path}: {errors:?}");
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path} does not end with one newline");
    }
}

const ANSWERS: &str = "cell_subnet: 10.20.106.0/24
safety_subnet: 10.20.107.0/28
gateway: plant1-edge-04
gateway_ip: 10.20.30.14
units: [{ id: filler, type: filler-a, ip: 10.20.106.11 }]
count_source: filler
";

#[test]
fn a_new_line_from_answers_renders_and_one_that_lacks_answers_is_not_written() {
    let fleet = started();
    fleet.write("answers.yaml", ANSWERS);
    let file = fleet.path("answers.yaml");
    let begin = || fleet.jig("new line plant1/pk4 --blueprint packaging-line --area packaging");
    let lacking = begin().run().exits(2);
    for words in ["6 answers are missing", "next free: 10.20.30.12", "site-network", "nothing was written"] {
        assert!(lacking.stderr.contains(words), "{lacking}");
    }
    let wrong = begin().arg("--values").arg(&file).args("--set gateway_ip=10.99.0.1").run();
    assert!((1..=2).contains(&wrong.code) && wrong.stdout.contains("is not in 10.20.30.0/24"), "{wrong}");
    let taken = begin().arg("--values").arg(&file).args("--set gateway_ip=10.20.30.11").run();
    assert!((1..=2).contains(&taken.code) && taken.stdout.contains("unique"), "{taken}");
    assert!(!fleet.has("sites/plant1/lines/pk4.yaml"), "no half-written line");
    begin().arg("--values").arg(&file).run().exits(0);
    fleet.jig("render plant1/pk4").run().exits(0);
    let before = fleet.read("sites/plant1/lines/pk4.yaml");
    let again = begin().arg("--values").arg(&file).run().exits(2);
    assert!(again.stderr.contains("is already there"), "{again}");
    assert_eq!(fleet.read("sites/plant1/lines/pk4.yaml"), before);
}

#[test]
fn lines_from_a_table_are_all_written_or_none() {
    let fleet = started();
    let row = |id: &str, net: u8, unit: u8| {
        format!(
            "plant1,{id},packaging,G-1,10.20.{net}.0/24,10.20.{}.0/28,plant1-{id},10.20.30.{net},\"[{{\"\"id\"\":\"\"filler\"\",\"\"type\"\":\"\"filler-a\"\",\"\"ip\"\":\"\"10.20.{unit}.11\"\"}}]\",filler\n",
            net + 1
        )
    };
    let head = "site,line,area,goal,cell_subnet,safety_subnet,gateway,gateway_ip,units,count_source\n";
    let import = |text: String| {
        fleet.write("lines.csv", text);
        fleet.jig("new line --blueprint packaging-line --from-csv").arg(fleet.path("lines.csv")).run()
    };
    let bad = import(format!("{head}{}{}", row("pk2", 120, 120), row("pk3", 122, 99)));
    assert!((1..=2).contains(&bad.code) && bad.stdout.contains("row 3"), "{bad}");
    let twins = import(format!("{head}{}{}", row("pk2", 120, 120), row("pk3", 120, 120)));
    assert!((1..=2).contains(&twins.code), "{twins}");
    assert_eq!(fleet.files("sites/plant1/lines").len(), 1, "nothing was written");
    import(format!("\u{feff}{head}{}{}", row("pk2", 120, 120), row("pk3", 122, 122)).replace('\n', "\r\n"))
        .exits(0);
    assert_eq!(fleet.files("sites/plant1/lines").len(), 3);
    fleet.jig("render").run().exits(0);
}

#[test]
fn a_new_deviation_counts_once_both_sides_approved_it() {
    let fleet = started();
    let begin = "new deviation --line plant1/pk1 --value opcua_security --of labeler --to None/None --owner site-controls";
    fleet.jig(begin).arg("--reason").arg("firmware: \"4.1\" # old").run().exits(0);
    let gateway = || {
        fleet.jig("render plant1/pk1").run().exits(0);
        fleet.read("intended/plant1/pk1/gateway/telegraf.conf")
    };
    let standard = gateway();
    fleet.jig("approve DV-0001 --as corp-security").run().exits(0);
    assert_eq!(gateway(), standard);
    fleet.jig("approve DV-0001 --as site-controls").run().exits(0);
    assert_ne!(gateway(), standard);
}

/// A fleet as `jig init` makes it.
fn started() -> Fleet {
    let fleet = FleetBuilder::new().build();
    jig().cwd(fleet.root()).args("init .").run().exits(0);
    fleet
}

// ---- schemas

#[test]
fn the_list_of_schemas_is_complete() {
    insta::assert_snapshot!("schema_list", jig().arg("schema").run().exits(0).stdout);
}

#[test]
fn every_schema_is_a_valid_schema_and_accepts_the_example() {
    let list = jig().arg("schema").run().exits(0).stdout;
    let kestrel = copy_example("kestrel");
    let files = kestrel.files("");
    for (name, pattern) in list.lines().filter_map(|line| line.split_once(' ')) {
        let schema = jig().arg("schema").arg(name).run().exits(0).json();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
        let validator = jsonschema::validator_for(&schema).expect("it compiles");
        let last =
            pattern.trim().rsplit('/').next().unwrap_or_default().split(',').next().unwrap_or_default();
        let is_line = pattern.contains("lines/");
        let mut seen = 0;
        for (path, bytes) in &files {
            let fits = if is_line {
                path.contains("/lines/")
            } else {
                path.ends_with(&format!("/{last}")) || path == last
            };
            if !fits {
                continue;
            }
            let value: Json = serde_yaml::from_slice(bytes).expect("the example is YAML");
            let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{path} against {name}: {errors:?}");
            seen += 1;
        }
        assert!(seen > 0 || name == "target", "no file of the example is a {name} ({pattern})");
    }
}

#[test]
fn a_blueprint_makes_the_schema_of_its_lines() {
    let fleet = copy_example("kestrel");
    let schema = fleet.jig("schema packaging-line@1.3.0").run().exits(0).json();
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::validator_for(&schema).expect("it compiles");
    let line: Json = serde_yaml::from_str(&fleet.read("sites/grr/lines/pk1.yaml")).expect("YAML");
    assert!(
        validator.is_valid(&line),
        "{:?}",
        validator.iter_errors(&line).map(|e| e.to_string()).collect::<Vec<_>>()
    );
    let mut wrong = line.clone();
    wrong["inputs"]["gateway"] = json!(7);
    assert!(!validator.is_valid(&wrong));
    let mut wrong = line;
    wrong["inputs"]["gatewayip"] = json!("10.0.0.1");
    assert!(!validator.is_valid(&wrong));
    let slip = fleet.jig("schema packaging-lin@1.3.0").run().exits(2);
    assert!(slip.stderr.contains("next: "), "{slip}");
}

// ---- helpers

fn keys(object: &Json) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// The example without the approvals of RD-001.
fn unapproved() -> Fleet {
    let fleet = copy_example("kestrel");
    fleet.remove("decisions/RD-001/it.yaml");
    fleet.remove("decisions/RD-001/ot.yaml");
    fleet
}

fn digests_in(fleet: &Fleet, side: &str) -> BTreeSet<String> {
    let text = fleet.read(&format!("{RD001}/{side}.yaml"));
    text.lines().filter_map(|line| line.trim().strip_prefix("- ")).map(str::to_owned).collect()
}

/// Keeps several runs in one snapshot, without the names of temporary folders.
fn snapshot_runs(name: &str, runs: &[(&str, support::Run)]) {
    let told: Vec<_> = runs.iter().map(|(what, run)| format!("==== {what}\n{}", run.snapshot())).collect();
    insta::with_settings!({ filters => vec![(r"/[^ `]*/\.tmp[A-Za-z0-9]+", "[FLEET]"), (r"b3:[0-9a-f]{64}", "b3:[DIGEST]")] }, {
        insta::assert_snapshot!(name, told.join("\n"));
    });
}
