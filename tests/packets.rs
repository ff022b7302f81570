//! Rulesets as packets, against the kernel: every packet drawn from the constants of a ruleset gets the verdict in
//! namespaces of its own that the engine foretells, and so does the answer to each that passed.
//!
//! What is drawn comes from the text alone, by `packets/draw.rs`, which knows nothing of the engine.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends where something fails, and shows what was said"
)]

#[path = "packets/draw.rs"]
mod draw;

use draw::{Packet, Random};
use jig::packets::{Field, Side, Sieve, Verdict, nft, words};
use serde_json::{Value as Json, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// How many packets are sent in all.
const PACKETS: usize = 110_000;
/// How many packets one ruleset gets.
const EACH: usize = 2_500;
const SEED: u64 = 20_261_122;

#[test]
fn the_kernel_lets_through_what_the_engine_says() {
    if let Some(missing) = missing() {
        let line = format!("the kernel was not asked about packets. Missing: {missing}");
        assert!(std::env::var_os("JIG_TEST_REQUIRE").is_none(), "{line}");
        let _ = writeln!(std::io::stderr(), "!!! {line}");
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packets");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let mut random =
        Random::new(std::env::var("JIG_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED));
    let wanted =
        std::env::var("JIG_TEST_PACKETS").ok().and_then(|count| count.parse().ok()).unwrap_or(PACKETS);
    let originals = rulesets(&folder);
    let mut total = Count::default();
    let mut at = 0;
    while total.sent < wanted {
        let original = &originals[at % originals.len()];
        let text = if at < originals.len() { original.clone() } else { draw::mutated(original, &mut random) };
        total.add(&ask(&folder, at, &text, &mut random));
        at += 1;
    }
    println!("{at} rulesets: {total:?}");
    assert!(total.passed * 4 >= total.sent, "too few packets pass for the test to mean much: {total:?}");
    assert!(total.unknown * 5 <= total.sent, "too few packets have one verdict: {total:?}");
    assert!(total.answered > 1000, "too few answers: {total:?}");
}

#[derive(Debug, Default)]
struct Count {
    sent: usize,
    passed: usize,
    answered: usize,
    unknown: usize,
    refused: usize,
}

impl Count {
    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.passed += other.passed;
        self.answered += other.answered;
        self.unknown += other.unknown;
        self.refused += other.refused;
    }
}

/// Sends packets through one ruleset and compares.
fn ask(folder: &Path, number: usize, text: &str, random: &mut Random) -> Count {
    let rules = folder.join(format!("{number}.nft"));
    std::fs::write(&rules, text).unwrap();
    let read = nft::read(text).unwrap_or_else(|why| panic!("{}: {why:?}", rules.display()));
    let gates = read.gates("forward");
    let sieve = Sieve::new(Side { ruleset: &read.ruleset, gates: &gates }).unwrap();
    let (inside, outside) = draw::interfaces(text, random);
    let packets = draw::packets(text, EACH, random);
    let job = folder.join(format!("{number}.json"));
    // Numbers of 128 bits travel as texts.
    let sent: Vec<Json> = packets
        .iter()
        .map(|p| {
            json!([
                p.family,
                p.source.to_string(),
                p.destination.to_string(),
                p.protocol,
                p.port,
                p.source_port
            ])
        })
        .collect();
    std::fs::write(
        &job,
        json!({ "rules": rules, "in": inside, "out": outside, "packets": sent }).to_string(),
    )
    .unwrap();
    let output = Command::new("python3")
        .arg("-B")
        .arg(Path::new(ROOT).join("tests/packets/kernel.py"))
        .arg(&job)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let answer: Json = serde_json::from_str(&said)
        .unwrap_or_else(|_| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)));
    if let Some(why) = answer.get("refused") {
        // A change can make rules that nft does not take; the originals it does.
        assert!(!text.contains(draw::ORIGINAL), "{}: {why}", rules.display());
        return Count { refused: 1, ..Count::default() };
    }
    let mut count = Count { sent: packets.len(), ..Count::default() };
    let mut wrong = vec![];
    let mut compare =
        |packet: &Packet, state: u8, ways: [&str; 2], passed: bool, count: &mut Count| match sieve
            .verdicts(&values(packet, state, ways))
            .as_slice()
        {
            [Verdict::Accept] if !passed => {
                wrong.push(format!("says accept, kernel dropped {packet:?} state {state}"));
            }
            [Verdict::Deny] if passed => {
                wrong.push(format!("says drop, kernel passed {packet:?} state {state}"));
            }
            [_] => {}
            _ => count.unknown += 1,
        };
    for (packet, passed) in packets.iter().zip(answer["passed"].as_array().unwrap()) {
        let passed = passed.as_u64() == Some(1);
        count.passed += usize::from(passed);
        compare(packet, packet.state(), [&inside, &outside], passed, &mut count);
    }
    for reply in answer["replies"].as_array().unwrap() {
        let packet = &packets[reply[0].as_u64().unwrap() as usize];
        count.answered += 1;
        compare(&packet.answer(), 1, [&outside, &inside], reply[1].as_u64() == Some(1), &mut count);
    }
    assert!(
        wrong.is_empty(),
        "{} ({} wrong), in {inside} out {outside}:\n{}",
        rules.display(),
        wrong.len(),
        wrong[..wrong.len().min(5)].join("\n")
    );
    count
}

fn values(packet: &Packet, state: u8, [inside, outside]: [&str; 2]) -> [u128; 9] {
    let mut values = [0; 9];
    for (field, value) in [
        (Field::Family, packet.family.into()),
        (Field::State, state.into()),
        (Field::In, words::interface(inside)),
        (Field::Out, words::interface(outside)),
        (Field::Destination, packet.destination),
        (Field::Source, packet.source),
        (Field::Protocol, packet.protocol.into()),
        (Field::Port, packet.port.into()),
        (Field::SourcePort, packet.source_port.into()),
    ] {
        values[field.place()] = value;
    }
    values
}

/// Rulesets people wrote, and what jig renders for its examples.
fn rulesets(folder: &Path) -> Vec<String> {
    let mut files = found(&Path::new(ROOT).join("tests/packets/rules"));
    let rendered = folder.join("rendered");
    let output = Command::new(env!("CARGO_BIN_EXE_jig"))
        .args(["-C", "examples/kestrel", "render", "--out"])
        .arg(&rendered)
        .current_dir(ROOT)
        .env_remove("GIT_DIR")
        .output()
        .unwrap();
    assert!(rendered.exists(), "{}", String::from_utf8_lossy(&output.stderr));
    files.extend(found(&rendered));
    assert!(files.len() >= 8, "{files:?}");
    files
        .iter()
        .map(|file| format!("{}\n{}", draw::ORIGINAL, std::fs::read_to_string(file).unwrap()))
        .collect()
}

fn found(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "nft") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// What the machine lacks.
fn missing() -> Option<String> {
    let runs = |program: &str, argument: &str| {
        Command::new(program)
            .arg(argument)
            .env("PATH", path())
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let mut lacks: Vec<&str> = [("python3", "--version"), ("nft", "--version"), ("ip", "-V")]
        .into_iter()
        .filter(|(program, argument)| !runs(program, argument))
        .map(|(program, _)| program)
        .collect();
    let namespaces =
        Command::new("unshare").args(["-nmpf", "true"]).output().is_ok_and(|output| output.status.success());
    if !namespaces {
        lacks.push("root (network namespaces)");
    }
    (!lacks.is_empty()).then(|| lacks.join(", "))
}

fn path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

// What differs, in words

const FIREWALL: &str = "table inet line_a {
	set plc {
		type ipv4_addr
		flags interval
		elements = { 10.20.104.0/24 }
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		ct state invalid drop
		ip saddr 10.20.110.3 ip daddr @plc tcp dport 4840 accept
		ip saddr 10.20.110.3 ip daddr 10.20.104.9 tcp dport 502 accept
		ip saddr 10.20.110.9 drop
		ip saddr 10.20.110.0/24 udp dport 123 accept
	}
}
";

const ROUTER: &str = "object-group network PLC
 10.20.104.0 255.255.255.0
ip access-list extended OT
 10 permit tcp host 10.20.110.3 object-group PLC eq 4840
 20 permit tcp host 10.20.110.3 host 10.20.104.9 eq 502
 30 deny ip host 10.20.110.9 any
 40 permit udp 10.20.110.0 0.0.0.255 any eq ntp
";

const ASA: &str = "object-group network PLC
 network-object 10.20.104.0 255.255.255.0
access-list OT extended permit tcp host 10.20.110.3 object-group PLC eq 4840
access-list OT extended permit tcp host 10.20.110.3 host 10.20.104.9 eq 502
access-list OT extended deny ip host 10.20.110.9 any
access-list OT extended permit udp 10.20.110.0 255.255.255.0 any eq ntp
";

/// A drift: what is written instead of what, the word that each finding gets, what it says.
type Seed = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// What drifts on a device, and what is said of it.
const DRIFTS: &[Seed] = &[
    (
        "port widened",
        FIREWALL,
        "tcp dport 4840 accept",
        "tcp dport { 4840, 4841 } accept",
        "error path opens tcp/4841 from 10.20.110.3 to 10.20.104.0/24 [deployed rule 3, line 11]",
    ),
    (
        "source widened",
        FIREWALL,
        "ip saddr 10.20.110.3 ip daddr 10.20.104.9",
        "ip saddr 10.16.0.0/12 ip daddr 10.20.104.9",
        "error path opens tcp/502 (modbus) from 10.16.0.0/12 to 10.20.104.9 [deployed rule 4, line 12], as far as it was closed",
    ),
    (
        "rule removed",
        FIREWALL,
        "\t\tip saddr 10.20.110.0/24 udp dport 123 accept\n",
        "",
        "error data stops udp/123 (ntp) from 10.20.110.0/24 to any [intended rule 6, line 14], as far as it was open",
    ),
    (
        "policy flipped",
        FIREWALL,
        "policy drop",
        "policy accept",
        "error path opens everything that no rule matches",
    ),
    (
        "nothing changed",
        FIREWALL,
        "\t\tip saddr 10.20.110.9 drop\n",
        "\t\tip saddr 10.20.110.9 drop\n\t\tip saddr 10.20.110.3 ip daddr 10.20.104.9 tcp dport 502 accept\n",
        "note look none",
    ),
    (
        "element added",
        FIREWALL,
        "{ 10.20.104.0/24 }",
        "{ 10.20.104.0/24, 10.20.99.1 }",
        "error path opens tcp/4840 (opcua) from 10.20.110.3 to 10.20.99.1 [deployed rule 3 of inet line_a forward, line 11]",
    ),
    (
        "unknown statement",
        FIREWALL,
        "\t\tip saddr 10.20.110.9 drop\n",
        "\t\tmeta mark 7 tcp dport 22 accept\n\t\tip saddr 10.20.110.9 drop\n",
        "error path unknown for tcp/22 (ssh) [deployed rule 5, line 13]",
    ),
    (
        "router: port widened",
        ROUTER,
        "eq 4840",
        "range 4840 4841",
        "error path opens tcp/4841 from 10.20.110.3 to 10.20.104.0/24 [deployed rule 1, line 4]",
    ),
    (
        "router: rule moved",
        ROUTER,
        " 30 deny",
        " 50 deny",
        "error path opens udp/123 (ntp) from 10.20.110.9 to any [deployed rule 3, line 7]",
    ),
    (
        "router: group widened",
        ROUTER,
        " 10.20.104.0 255.255.255.0\n",
        " 10.20.104.0 255.255.255.0\n host 10.20.99.1\n",
        "error path opens tcp/4840 (opcua) from 10.20.110.3 to 10.20.99.1 [deployed rule 1, line 5]",
    ),
    ("router: nothing changed", ROUTER, "eq ntp", "eq 123", "note look other words for the same decisions"),
    (
        "router: a word nobody knows",
        ROUTER,
        "eq 502",
        "eq 502 time-range nights",
        "error path unknown for tcp/502 (modbus) from 10.20.110.3 to 10.20.104.9 [deployed rule 2, line 5]",
    ),
    (
        "ASA: lines moved",
        ASA,
        "access-list OT extended deny ip host 10.20.110.9 any\naccess-list OT extended permit udp 10.20.110.0 255.255.255.0 any eq ntp\n",
        "access-list OT extended permit udp 10.20.110.0 255.255.255.0 any eq ntp\naccess-list OT extended deny ip host 10.20.110.9 any\n",
        "error path opens udp/123 (ntp) from 10.20.110.9 to any [deployed rule 3, line 5]",
    ),
    (
        "ASA: port widened",
        ASA,
        "eq 502",
        "range 502 503",
        "error path opens tcp/503 from 10.20.110.3 to 10.20.104.9 [deployed rule 2, line 4]",
    ),
];

#[test]
fn a_drift_is_told_by_what_it_opens_or_stops() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packets-drift");
    let _ = std::fs::remove_dir_all(&folder);
    let mut wrong = vec![];
    for (number, (title, intended, from, to, wanted)) in DRIFTS.iter().enumerate() {
        assert!(intended.contains(from), "{title}");
        let file = if *intended == FIREWALL { "fw.nft" } else { "fw.cfg" };
        let case = folder.join(number.to_string());
        for (side, text) in
            [("intended", (*intended).to_owned()), ("deployed", intended.replacen(from, to, 1))]
        {
            std::fs::create_dir_all(case.join(side)).unwrap();
            std::fs::write(case.join(side).join(file), text).unwrap();
        }
        std::fs::write(
            case.join("profile.yaml"),
            "files: { '*.cfg': { format: indented, dialect: ios-like }, '*.nft': { format: nft } }\n",
        )
        .unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_jig"))
            .args([
                "diff",
                "--intended",
                "intended",
                "--deployed",
                "deployed",
                "--profile",
                "profile.yaml",
                "--format",
                "json",
            ])
            .current_dir(&case)
            .output()
            .unwrap();
        let said: Json = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{title}: {}", String::from_utf8_lossy(&output.stderr)));
        let told: Vec<String> = said["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|found| {
                let word = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
                let meaning = if word("meaning").is_empty() { word("note") } else { word("meaning") };
                format!("{} {} {meaning}", word("level"), word("consequence"))
            })
            .collect();
        if told.is_empty() || !told.iter().all(|told| told.starts_with(wanted)) {
            wrong.push(format!("{title}: {told:#?}\n  wanted {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_template_that_lets_through_more_or_less_than_the_flows_is_an_error() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packets-template");
    for (number, (from, to)) in [
        ("policy drop", "policy accept"),
        ("counter accept comment", "counter drop comment"),
        ("tcp{% elif", "udp{% elif"),
        ("table inet {{ table }} {", "table ip {{ table }} {"),
    ]
    .iter()
    .enumerate()
    {
        let fleet = folder.join(number.to_string());
        let _ = std::fs::remove_dir_all(&fleet);
        copy(&Path::new(ROOT).join("examples/starter"), &fleet);
        let target = fleet.join("blueprints/packaging-line/templates/nftables");
        copy(&Path::new(ROOT).join("templates/nftables"), &target);
        let template = std::fs::read_to_string(target.join("firewall.nft.j2")).unwrap();
        assert!(template.contains(from), "{from}");
        let changed = template.replace(from, to).replace("\t\tcounter drop\n", "");
        std::fs::write(target.join("firewall.nft.j2"), changed).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_jig"))
            .args(["validate", "--color", "never"])
            .current_dir(&fleet)
            .env_remove("GIT_DIR")
            .output()
            .unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("output-mismatch"), "{from} -> {to}: {said}");
        assert_eq!(output.status.code(), Some(1), "{from} -> {to}: {said}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
