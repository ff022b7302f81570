//! The example of several makers, as its devices would show what was loaded: that is in order, and what drifted is told
//! in the words of the plant, on every device.

mod support;

use std::fmt::Write as _;
use std::path::Path;
use support::{Fleet, copy_example};

const ROUTER: &str = "lund/ps1/router/ps1.ios";
const ASA: &str = "lund/ps1/firewall/ps1.asa";
const GATE: &str = "lund/_site/firewall/lund.fortios";

/// What a router shows: entries with numbers, ports by name, addresses in capitals, everything else it does.
fn show_router(intended: &str) -> String {
    let mut out = "Building configuration...\n\nCurrent configuration : 4711 bytes\n!\nversion 17.9\nhostname ps1-rtr\n!\nusername ops privilege 15 secret 9 $9$x$y\n".to_owned();
    let mut number = 0;
    let mut bound: Vec<String> = vec![];
    let lines = intended.lines().filter(|line| !line.starts_with('!') && !line.starts_with("no "));
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["ip" | "ipv6", "access-list", ..] => {
                number = 0;
                let _ = writeln!(out, "{line}");
            }
            ["permit" | "deny", ..] => {
                number += 10;
                let words = line.replace("eq 123", "eq ntp").replace("fd00:", "FD00:");
                // IPv6 lists say `sequence`, and only some versions number the others.
                let start = if words.contains("ipv6") { "sequence " } else { "" };
                let _ = writeln!(out, " {start}{number}{words}");
            }
            ["remark", ..] => {
                let _ = writeln!(out, "{line}");
            }
            ["ip", "access-group", name, _] if name.contains("_closed") => {
                bound.pop();
            }
            ["ipv6", "traffic-filter", name, _] if name.contains("_closed") => {}
            ["ip", "access-group", ..] => {
                bound.push(
                    " description uplink\n ip address 10.70.101.1 255.255.255.0\n negotiation auto".into(),
                );
                bound.push(line.to_owned());
            }
            ["interface" | "ipv6", ..] => bound.push(line.to_owned()),
            _ => {}
        }
    }
    format!("{}\n!\nline vty 0 4\n transport input ssh\n!\nend\n", bound.join("\n") + "\n" + &out)
}

/// What an ASA shows.
fn show_asa(intended: &str) -> String {
    let is_shown = |line: &&str| !line.starts_with('!') && !line.starts_with("clear ") && !line.is_empty();
    let (bindings, rest): (Vec<&str>, Vec<&str>) =
        intended.lines().filter(is_shown).partition(|line| line.starts_with("access-group "));
    let head = ": Saved\n:\nASA Version 9.16(4)\nhostname ps1-fw\ninterface GigabitEthernet1/1\n nameif station\n security-level 100\n ip address 10.70.30.1 255.255.255.0\n";
    let rest =
        rest.join("\n").replace("eq 123", "eq ntp").replace("any log", "any log informational interval 300");
    format!("{head}{rest}\npager lines 24\n{}\nthreat-detection basic-threat\n: end\n", bindings.join("\n"))
}

/// What a FortiGate shows: no setting that is so by itself, policies in their order, everything else it does.
fn show_gate(intended: &str) -> String {
    const SILENT: [&str; 9] = [
        "status enable",
        "type ipmask",
        "type ipprefix",
        "protocol TCP/UDP/SCTP",
        "-negate disable",
        "action deny",
        "match-vip enable",
        "nat disable",
        "unset ",
    ];
    let is_shown = |line: &&str| {
        !line.starts_with('#')
            && !line.trim_start().starts_with("move ")
            && !SILENT.iter().any(|silent| line.trim_end().ends_with(silent) || line.contains("unset "))
    };
    let mut out = "#config-version=FGT60F-7.4.1:opmode=0\nconfig system global\n    set hostname \"lund-fw\"\nend\nconfig firewall address\n    edit \"FABRIC_DEVICE\"\n        set uuid 1-2\n    next\nend\n".to_owned();
    for line in intended.lines().filter(is_shown) {
        let _ = writeln!(out, "{line}");
        if line.trim_start().starts_with("edit ") {
            out.push_str("        set uuid 5a1b3c9e-0000-51ee-8b2f-1\n");
        }
    }
    out
}

/// The example with what its devices show.
fn deployed() -> Fleet {
    let fleet = copy_example("vendors");
    fleet.jig("render -q").run().exits(0);
    for (file, show) in [(ROUTER, show_router as fn(&str) -> String), (ASA, show_asa), (GATE, show_gate)] {
        let text = show(&fleet.read(&format!("intended/{file}")));
        fleet.write(&format!("deployed/{file}"), &text);
    }
    fleet
}

/// What is said about one file, without what is only noted.
fn told(fleet: &Fleet, file: &str) -> Vec<String> {
    let report = fleet.jig("diff lund --format json").run().json();
    let findings = report["findings"].as_array().expect("findings").iter();
    let text = |json: &serde_json::Value, key: &str| json[key].as_str().unwrap_or_default().to_owned();
    let own = findings.filter(|found| {
        file.ends_with(&text(found, "file"))
            && !text(found, "file").is_empty()
            && text(found, "kind") != "file-missing"
    });
    let shown =
        own.filter(|found| text(found, "level") == "error" && text(found, "disposition") != "ignored");
    shown.map(|found| format!("{} {}", text(found, "consequence"), text(found, "meaning"))).collect()
}

#[test]
fn what_devices_show_of_what_was_loaded_is_in_order() {
    let fleet = deployed();
    for file in [ROUTER, ASA, GATE] {
        assert_eq!(
            told(&fleet, file),
            Vec::<String>::new(),
            "{file}\n{}",
            fleet.read(&format!("deployed/{file}"))
        );
    }
}

#[test]
fn a_drift_is_told_in_the_words_of_the_plant() {
    for (file, from, to, wanted) in [
        (
            ROUTER,
            "permit udp host 10.70.10.5 eq ntp host 10.70.101.11",
            "deny udp host 10.70.10.5 eq ntp host 10.70.101.11",
            "data stops udp from port 123 from ntp 10.70.10.5 to pump-1 10.70.101.11 [deployed rule 8, line ",
        ),
        (
            ROUTER,
            "permit udp host 10.70.10.5 eq ntp host 10.70.101.11",
            "deny udp host 10.70.10.5 eq ntp host 10.70.101.11",
            "; data of lund/ps1 will stop (flow F-03.1)",
        ),
        (
            ROUTER,
            "permit tcp host 10.70.30.11 host 10.70.101.11 eq 502",
            "permit tcp 10.70.30.0 0.0.0.255 host 10.70.101.11 eq 502",
            "path opens tcp/502 (modbus) from edge 10.70.30.0/24 to pump-1 10.70.101.11 [deployed rule 3",
        ),
        (ASA, "eq 8883", "eq 8884", "; data of lund/ps1 will stop (flow F-02.1)"),
        (
            GATE,
            "set udp-portrange 123",
            "set udp-portrange 123 161",
            "path opens udp/161 (snmp) from pump-1 10.70.101.11 to ntp 10.70.10.5",
        ),
        (
            GATE,
            "edit 230621177\n",
            "edit 230621177\n        set status disable\n",
            "; data of lund/ps1 will stop (flow F-02.1)",
        ),
    ] {
        let fleet = deployed();
        fleet.edit(&format!("deployed/{file}"), from, to);
        let told = told(&fleet, file);
        assert!(
            told.iter().any(|told| told.contains(wanted)),
            "{file}: {from} -> {to}\n{told:#?}\n wanted {wanted}"
        );
    }
}

/// A mistake in a template: the target, its template, what is written instead of what.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    ("ios-acl", "acl.ios.j2", " deny ip any any log", " permit ip any any log"),
    ("ios-acl", "acl.ios.j2", " deny ipv6 any any log", " permit ipv6 any any log"),
    ("ios-acl", "acl.ios.j2", "{% if is_answer %} established{% endif %}", ""),
    ("ios-acl", "acl.ios.j2", " permit icmp any any nd-ns\n", ""),
    (
        "ios-acl",
        "acl.ios.j2",
        " ipv6 traffic-filter {{ list6 }} in\n",
        " no ipv6 traffic-filter {{ closed6 }} in\n",
    ),
    ("ios-acl", "acl.ios.j2", "if one.out is none or one.out == port", "if false"),
    ("asa", "firewall.asa.j2", "access-group {{ closed_list }} global\n", ""),
    (
        "asa",
        "firewall.asa.j2",
        "access-list {{ list }} extended deny ip any any log",
        "access-list {{ list }} extended permit ip any any log",
    ),
    ("asa", "firewall.asa.j2", " host {{ one.net|network }}", " subnet {{ one.net|network }} 255.255.255.0"),
    ("asa", "firewall.asa.j2", "in interface {{ port }}", "in interface other"),
    (
        "fortios",
        "firewall.fortios.j2",
        "        set subnet {{ one.net|network }} {{ one.net|netmask }}\n",
        "",
    ),
    ("fortios", "firewall.fortios.j2", "set srcaddr-negate disable", "set srcaddr-negate enable"),
    ("fortios", "firewall.fortios.j2", "set action deny", "set action accept"),
    ("fortios", "firewall.fortios.j2", "-portrange {{ ports(match) }}", "-portrange 1-65535"),
    ("fortios", "firewall.fortios.j2", "set dstintf \"{{ one.out or \"any\" }}\"", "set dstintf \"any\""),
    (
        "fortios",
        "firewall.fortios.j2",
        "        unset srcaddr{{ suffix }}\n        unset dstaddr{{ suffix }}\n",
        "        set srcaddr{{ suffix }} \"all\"\n        set dstaddr{{ suffix }} \"all\"\n",
    ),
];

#[test]
fn a_template_that_lets_through_more_or_less_than_the_flows_is_an_error() {
    for (target, template, from, to) in MISTAKES {
        let fleet = copy_example("vendors");
        let blueprint = if *target == "fortios" { "waterworks" } else { "pump-station" };
        let from_folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(target);
        for file in [template, "target.yaml"] {
            let text = std::fs::read_to_string(from_folder.join(file)).expect("a shipped template");
            fleet.write(&format!("blueprints/{blueprint}/templates/{target}/{file}"), text);
        }
        fleet.jig("validate").run().exits(0);
        let path = format!("blueprints/{blueprint}/templates/{target}/{template}");
        let text = fleet.read(&path);
        assert!(text.contains(from), "{target}: {from}");
        fleet.write(&path, text.replace(from, to));
        let run = fleet.jig("validate --format json").run().exits(1);
        let rules: Vec<String> = run.findings().into_iter().map(|found| found.rule).collect();
        assert!(rules.contains(&"output-mismatch".to_owned()), "{target}: {from} -> {to}\n{run}");
    }
}

#[test]
fn a_device_without_interfaces_closes_nothing_and_that_is_an_error() {
    let fleet = copy_example("vendors");
    let conduits = "blueprints/pump-station/conduits.yaml";
    let text = fleet.read(conduits);
    let own = "interfaces: { cell: GigabitEthernet0/0/0, edge: GigabitEthernet0/0/1, siteops: GigabitEthernet0/0/1 }";
    fleet.write(conduits, text.replace(own, "interfaces: {}"));
    let run = fleet.jig("validate --format json").run();
    let told = run.findings().into_iter().any(|found| found.message.contains("closes nothing"));
    assert!(told, "{run}");
}

#[test]
fn a_change_says_for_each_device_what_it_opens_and_stops() {
    let fleet = copy_example("vendors");
    fleet.jig("render -q").run().exits(0);
    let git = |args: &[&str]| {
        let run = std::process::Command::new("git")
            .current_dir(fleet.root())
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .expect("git is installed");
        assert!(run.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&run.stderr));
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "base"]);
    fleet.edit("sites/lund/lines/ps1.yaml", "gateway_ip: 10.70.30.11", "gateway_ip: 10.70.30.21");
    fleet.edit("sites/lund/lines/ps2.yaml", "gateway_ip: 10.70.30.12", "gateway_ip: 10.70.30.22");
    fleet.jig("render -q").run().exits(0);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "change"]);
    let report = fleet.jig("validate --changed main~1 --format json").run().json();
    let paths = report["effect"]["paths"].as_array().expect("paths");
    let told: Vec<(&str, usize)> = paths
        .iter()
        .map(|path| {
            (path["meaning"].as_str().expect("words"), path["lines"].as_array().expect("lines").len())
        })
        .collect();
    for (file, wanted, lines) in [
        ("router/*.ios: ", "opens tcp/502 (modbus) from gateway 10.70.30.21 to pump-1 10.70.101.11", 1),
        ("router/*.ios: ", "opens tcp/502 (modbus) from gateway 10.70.30.22 to pump-1 10.70.102.11", 1),
        (
            "firewall/*.asa: ",
            "opens tcp/8883 (mqtts) from gateway 10.70.30.21 to broker 10.70.10.10, in by station",
            2,
        ),
        ("firewall/*.fortios: ", "opens tcp/8883 (mqtts) from gateway 10.70.30.21", 1),
    ] {
        let has = |(told, count): &(&str, usize)| {
            told.starts_with(file) && told.contains(wanted) && *count == lines
        };
        assert!(told.iter().any(has), "{file}{wanted}\n{told:#?}");
    }
}
