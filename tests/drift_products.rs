//! What a product hands back of a file that it was given is in order: the kernel's own listing of a ruleset, as text
//! and as JSON, and a dashboard as Grafana returns it.

mod support;

use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use support::{copy_example, example, files_below, jig};

/// Loads a ruleset into a network namespace of its own and lists it; none where this machine cannot.
fn listed(file: &Path, list: &str) -> Option<String> {
    let script = format!("nft -f '{}' && nft {list}", file.display());
    let done = Command::new("unshare").args(["-rn", "sh", "-c", &script]).output().ok()?;
    done.status.success().then(|| String::from_utf8(done.stdout).expect("nft prints UTF-8"))
}

/// A test that lacks what it needs says so, and fails where everything must be there.
#[allow(clippy::print_stderr, reason = "a skip that nobody sees would pass for a test")]
fn skip(why: &str) {
    let required = std::env::var_os("JIG_TEST_REQUIRE").is_some_and(|value| !value.is_empty());
    assert!(!required, "{why}");
    eprintln!("SKIPPED: {why}");
}

#[test]
fn a_ruleset_as_the_kernel_lists_it_is_in_order() {
    for list in ["list ruleset", "-a list ruleset", "-j list ruleset"] {
        let folder = tempfile::tempdir().expect("a folder");
        let (want, have) = (folder.path().join("want"), folder.path().join("have"));
        for side in [&want, &have] {
            fs::create_dir_all(side).expect("makes");
        }
        let mut count = 0;
        for name in ["kestrel", "machining", "starter"] {
            let intended = example(name).join("intended");
            for (path, bytes) in
                files_below(&intended).into_iter().filter(|(path, _)| path.rsplit('.').next() == Some("nft"))
            {
                let Some(text) = listed(&intended.join(&path), list) else {
                    return skip("nft and unprivileged namespaces are needed to load a ruleset");
                };
                let flat = path.replace('/', "-");
                fs::write(want.join(&flat), bytes).expect("writes");
                fs::write(have.join(&flat), text).expect("writes");
                count += 1;
            }
        }
        assert!(count > 5, "{count} rulesets");
        let run = jig().args("diff --intended want --deployed have").cwd(folder.path()).run().exits(0);
        assert!(run.stdout.contains("no differences"), "{list}: {run}");
        // One rule more is seen in the same listing.
        let odd = fs::read_dir(&have).expect("lists").next().expect("a file").expect("an entry").path();
        let text = fs::read_to_string(&odd).expect("reads");
        let (from, to) = if list.starts_with("-j") {
            ("\"drop\": null", "\"accept\": null")
        } else {
            ("ct state invalid", "ct state new")
        };
        assert!(text.contains(from), "{text}");
        fs::write(&odd, text.replacen(from, to, 1)).expect("writes");
        jig().args("diff --intended want --deployed have").cwd(folder.path()).run().exits(1);
    }
}

/// What Grafana makes of a dashboard when it is stored and asked for: its ids and versions, its defaults, its wrapper.
fn returned(dashboard: &Json, number: i64) -> Json {
    let mut own = dashboard.clone();
    own["id"] = json!(number);
    own["version"] = json!(number % 7 + 2);
    for (key, value) in [
        ("preload", json!(false)),
        ("weekStart", json!("")),
        ("timepicker", json!({})),
        ("liveNow", json!(false)),
    ] {
        own.as_object_mut().expect("a map").entry(key).or_insert(value);
    }
    for panel in own["panels"].as_array_mut().expect("panels") {
        let panel = panel.as_object_mut().expect("a map");
        panel.insert("pluginVersion".into(), json!("13.2.0"));
        panel.entry("transparent").or_insert(json!(false));
        panel.entry("links").or_insert(json!([]));
        if let Some(defaults) = panel.get_mut("fieldConfig").and_then(|config| config.get_mut("defaults")) {
            defaults.as_object_mut().expect("a map").entry("mappings").or_insert(json!([]));
        }
    }
    for variable in own["templating"]["list"].as_array_mut().expect("a list") {
        variable["current"] = json!({ "text": "Prometheus", "value": "prom-1" });
    }
    json!({ "meta": { "slug": "x", "url": "/d/x", "version": 3, "createdBy": "provisioning" }, "dashboard": own })
}

#[test]
fn a_dashboard_as_grafana_returns_it_is_in_order() {
    let fleet = copy_example("kestrel");
    fleet.jig("render").run().exits(0);
    fleet.remove("deployed");
    for (path, bytes) in fleet.files("intended") {
        let bytes = if path.contains("dashboard/") {
            let dashboard: Json = serde_json::from_slice(&bytes).expect("JSON");
            serde_json::to_vec(&returned(&dashboard, path.len() as i64)).expect("writes")
        } else {
            bytes
        };
        fleet.write(&format!("deployed/{path}"), bytes);
    }
    let report = fleet.jig("diff --format json").run().exits(0).json();
    assert_eq!(report["verdict"], "in-order");
    assert!(report["summary"]["ignored"].as_u64() > Some(20), "what the server manages is counted");
    // A formula that somebody edited is seen through all of that, at its own place.
    let path = "deployed/lej/pk2/dashboard/pk2.json";
    fleet.edit(path, "metric:availability:ratio{", "0.9 * metric:availability:ratio{");
    let report = fleet.jig("diff lej/pk2 --format json").run().exits(1).json();
    let open: Vec<&Json> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|f| f["disposition"] == "open")
        .collect();
    assert_eq!(open.len(), 1, "{open:?}");
    assert!(open[0]["path"].as_str().is_some_and(|path| path.starts_with("/panels/[id=")), "{}", open[0]);
    assert_eq!(open[0]["consequence"], "metric");
}
