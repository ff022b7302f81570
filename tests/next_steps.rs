//! What a person does next: starts of sites and records that say what they still lack, and findings that come with
//! their cause and not with what follows from it.

mod support;

use support::{Fleet, FleetBuilder, TARGET, copy_example, jig};

/// A fleet as `jig init` makes it.
fn started() -> Fleet {
    let fleet = FleetBuilder::new().build();
    jig().cwd(fleet.root()).args("init .").run().exits(0);
    fleet
}

#[test]
fn the_example_of_new_site_works_and_says_what_the_site_lacks() {
    let fleet = started();
    let help = jig().args("new site --help").run().exits(0).stdout;
    let example = help.split("jig new site pne").nth(1).expect("the example");
    let run = fleet.jig("new site pne").args(&example.replace('\\', " ")).run().exits(0);
    assert!(run.stdout.contains("before it renders, add to sites/pne/site.yaml:"), "{run}");
    assert!(run.stdout.contains("`data-platform`") && run.stdout.contains("`erp-proxy`"), "{run}");
    let site = fleet.read("sites/pne/site.yaml");
    assert!(site.contains("purdue: 3.5") && site.contains("owner: site-network"), "{site}");
    let found = fleet.jig("validate pne --format json").run().exits(1).findings();
    let lacking: Vec<_> = found.iter().filter(|f| f.rule == "unknown-reference").collect();
    assert!(!lacking.is_empty() && lacking.iter().all(|f| f.file == "sites/pne/site.yaml"), "{found:#?}");
    let strange = fleet.jig("new site abc --name A --timezone UTC --zone edge=10.1.0.0/24,colour=red").run();
    assert!(strange.code == 2 && strange.stderr.contains("name, purdue, sl_t, owner"), "{strange}");
}

#[test]
fn a_zone_without_a_purdue_level_is_named_with_its_place() {
    let fleet = started();
    fleet.edit("sites/plant1/site.yaml", "subnet: 10.20.20.0/24, purdue: 3.5,", "subnet: 10.20.20.0/24,");
    let run = fleet.jig("validate").run().exits(1);
    assert!(run.stdout.contains("the zone `idmz` has no Purdue level"), "{run}");
    assert!(run.stdout.contains("sites/plant1/site.yaml:"), "{run}");
}

#[test]
fn a_decision_takes_the_id_that_its_conduit_waits_for() {
    let fleet = started();
    let conduits = "blueprints/packaging-line/conduits.yaml";
    fleet.edit(conduits, "decision: RD-001", "decision: RD-950");
    let found = fleet.jig("validate plant1/pk1 --format json").run().exits(1).findings();
    let undecided = found.iter().find(|f| f.message.contains("RD-950")).expect("it is missed");
    assert_eq!(undecided.next, "create it: `jig new decision --for packaging-line/CN-01 --id RD-950`");
    let run = fleet.jig("new decision --for packaging-line/CN-01").run().exits(0);
    assert!(fleet.has("decisions/RD-950/decision.yaml") && !run.stdout.contains("does not name it"), "{run}");
    let other = fleet.jig("new decision --for packaging-line/CN-02").run().exits(0);
    assert!(
        other.stdout.contains(&format!("{conduits}:")) && other.stdout.contains("instead of RD-"),
        "{other}"
    );
    let unit = fleet
        .jig("new deviation --line plant1/pk1 --value opcua_security --of press --to x --owner site-controls --reason r")
        .run()
        .exits(2);
    assert!(unit.stderr.contains("plant1/pk1 has no unit `press`"), "{unit}");
}

#[test]
fn what_follows_from_a_refused_answer_is_not_reported() {
    let fleet = copy_example("kestrel");
    let line = "sites/grr/lines/pk1.yaml";
    let mut text = String::new();
    for row in fleet.read(line).lines() {
        let key = row.trim_start().split(':').next().unwrap_or_default();
        match key {
            "gateway_ip" => text.push_str("  gateway_ip: 10.20.30.011\n"),
            "cell_subnet" => text.push_str("  cell_subnet: 10.20.100.5/24\n"),
            _ => text.push_str(&format!("{row}\n")),
        }
    }
    fleet.write(line, text);
    let found = fleet.jig("validate grr/pk1 --format json").run().exits(1).findings();
    let errors: Vec<_> = found.iter().filter(|f| f.level == "error").map(|f| (&*f.rule, &*f.file)).collect();
    assert_eq!(errors, [("schema", line), ("schema", line)], "{found:#?}");
}

#[test]
fn one_bad_override_does_not_hide_the_others() {
    let fleet = started();
    let line = fleet.read("sites/plant1/lines/pk1.yaml");
    let overrides = "overrides:\n  sampling_ms: { value: 2000, why: x, by: nobody }\n  \
                     opcua_security: { value: None, why: y, by: site-controls }\n  \
                     langage: { value: de, why: z, by: site-controls }\n  \
                     buffer_hours: { value: 48, why: \"\", by: site-controls }\n";
    fleet.write(
        "sites/plant1/lines/pk1.yaml",
        format!("{line}{}", overrides.replace("48, why: \"\"", "48, why: w")),
    );
    let found = fleet.jig("validate plant1/pk1 --format json").run().exits(1).findings();
    for word in ["`nobody`", "`opcua_security` is fixed", "no default `langage`"] {
        assert!(found.iter().any(|f| f.message.contains(word)), "{word}: {found:#?}");
    }
    fleet.write("sites/plant1/lines/pk1.yaml", format!("{line}{overrides}"));
    let found = fleet.jig("validate plant1/pk1 --format json").run().findings();
    assert!(found.iter().any(|f| f.rule == "schema" && f.line > 20), "{found:#?}");
}

#[test]
fn a_site_that_waits_for_files_changed_by_hand_says_so() {
    let fleet = started();
    fleet.jig("render").run().exits(0);
    fleet.write("intended/plant1/pk1/gateway/telegraf.conf", "mine\n");
    let found = fleet.jig("render --format json").run().exits(1).findings();
    let waits = found.iter().find(|f| f.rule == "site-broken").expect("the site waits");
    assert_eq!(
        waits.message,
        "the outputs of site plant1 wait: the files of plant1/pk1 were not overwritten"
    );
    assert!(found.iter().all(|f| f.rule != "kept-files"), "{found:#?}");
}

#[test]
fn a_value_that_cannot_be_written_is_shown_where_it_is_set() {
    let template = "blueprints/hello/templates/settings/settings.json.j2";
    let target = TARGET.replace("path: settings.json", "path: unit.service");
    let fleet = FleetBuilder::smallest()
        .file("blueprints/hello/templates/settings/target.yaml", &target)
        .file(template, "[Unit]\nDescription={{ values.label }}\n")
        .build();
    fleet.edit(
        "blueprints/hello/blueprint.yaml",
        "outputs:",
        "  label: { type: string, owner: controls }\noutputs:",
    );
    fleet.edit("sites/home/lines/one.yaml", "plc_ip: 10.0.0.5", "plc_ip: 10.0.0.5\n  label: 50 % load");
    fleet.edit(
        "blueprints/hello/templates/settings/target.yaml",
        "path: unit.service",
        "path: unit.service, syntax: ini",
    );
    let run = fleet.jig("validate").run().exits(1);
    for words in ["unsafe-value", "sites/home/lines/one.yaml:5:10", "intended/home/one/unit.service"] {
        assert!(run.stdout.contains(words), "{words}: {run}");
    }
    fleet.edit("blueprints/hello/templates/settings/target.yaml", "syntax: ini", "syntax: lines");
    fleet.jig("render").run().exits(0);
    assert_eq!(fleet.read("intended/home/one/unit.service"), "[Unit]\nDescription=50 % load\n");
}

#[test]
fn a_table_is_reported_by_spreadsheet_row_and_cell() {
    let fleet = started();
    let head = "site,line,area,cell_subnet,safety_subnet,gateway,gateway_ip,units,count_source\n";
    let units =
        "\"[{\"\"id\"\":\"\"filler\"\",\n\"\"type\"\":\"\"filler-a\"\",\"\"ip\"\":\"\"10.20.120.11\"\"}]\"";
    let good =
        format!("plant1,pk2,packaging,10.20.120.0/24,10.20.121.0/28,plant1-pk2,10.20.30.20,{units},filler\n");
    let bad = "plant1,pk3,packaging,10.20.122.0/24,10.20.123.0/28,plant1-pk3,10.99.0.1,[],x\n";
    fleet.write("lines.csv", format!("{head}{good}{bad}"));
    let run =
        fleet.jig("--format json new line --blueprint packaging-line --from-csv lines.csv").cwd(fleet.root());
    let found = run.run().exits(1).findings();
    let stray = found.iter().find(|f| f.message.contains("10.99.0.1")).expect("the address is refused");
    assert!(stray.message.starts_with("row 3, column `gateway_ip`: "), "{stray:?}");
    assert_eq!(stray.place(), "lines.csv:4:63");
}

#[test]
fn conduits_deviations_and_commands_are_explained() {
    let fleet = copy_example("kestrel");
    let conduit = fleet.jig("explain CN-01 grr/pk2").run().exits(0);
    assert!(
        conduit.stdout.contains("decision RD-001") && conduit.stdout.contains("grr/pk2: F-01.1"),
        "{conduit}"
    );
    let deviation = fleet.jig("explain DV-0004").run().exits(0);
    assert!(deviation.stdout.contains("changes: mqtt_tls becomes \"none\""), "{deviation}");
    let decision = fleet.jig("--format json explain RD-001").run().exits(0).json();
    assert!(decision["conditions"].is_array() && decision["review_by"].is_string(), "{decision}");
    let help = jig().args("help new line").run().exits(0).stdout;
    assert_eq!(help, jig().args("new line --help").run().exits(0).stdout);
    let manual = jig().args("man").run().exits(0).stdout;
    assert!(manual.contains("[\\fB\\-j\\fR \\fIN\\fR]"), "{manual}");
}

#[test]
fn init_that_fails_leaves_nothing() {
    let fleet = FleetBuilder::new().build();
    fleet.write("file", "mine");
    let run = jig().arg("init").arg(fleet.path("file/below")).run().exits(2);
    assert!(run.stderr.contains("file/below"), "{run}");
    assert_eq!(fleet.files("").into_keys().collect::<Vec<_>>(), ["file"]);
}

#[test]
fn a_copied_blueprint_says_which_metrics_are_missing() {
    let fleet = started();
    let run = fleet.jig("new blueprint cnc --from cnc-cell").run().exits(0);
    assert!(run.stdout.contains("metrics.yaml does not define machine-utilization"), "{run}");
    let other = fleet.jig("new blueprint packing --from packaging-line").run().exits(0);
    assert!(!other.stdout.contains("does not define"), "{other}");
}
