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
    let mut random = Random::new(std::env::var("JIG_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED));
    let wanted = std::env::var("JIG_TEST_PACKETS").ok().and_then(|count| count.parse().ok()).unwrap_or(PACKETS);
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
    let sent: Vec<Json> = packets.iter().map(|p| json!([p.family, p.source.to_string(), p.destination.to_string(), p.protocol, p.port, p.source_port])).collect();
    std::fs::write(&job, json!({ "rules": rules, "in": inside, "out": outside, "packets": sent }).to_string()).unwrap();
    let output = Command::new("python3").arg("-B").arg(Path::new(ROOT).join("tests/packets/kernel.py")).arg(&job).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let answer: Json = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)));
    if let Some(why) = answer.get("refused") {
        // A change can make rules that nft does not take; the originals it does.
        assert!(!text.contains(draw::ORIGINAL), "{}: {why}", rules.display());
        return Count { refused: 1, ..Count::default() };
    }
    let mut count = Count { sent: packets.len(), ..Count::default() };
    let mut wrong = vec![];
    let mut compare = |packet: &Packet, state: u8, ways: [&str; 2], passed: bool, count: &mut Count| {
        match sieve.verdicts(&values(packet, state, ways)).as_slice() {
            [Verdict::Accept] if !passed => wrong.push(format!("says accept, kernel dropped {packet:?} state {state}")),
            [Verdict::Deny] if passed => wrong.push(format!("says drop, kernel passed {packet:?} state {state}")),
            [_] => {}
            _ => count.unknown += 1,
        }
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
    assert!(wrong.is_empty(), "{} ({} wrong), in {inside} out {outside}:\n{}", rules.display(), wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
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
    let output = Command::new(env!("CARGO_BIN_EXE_jig")).args(["-C", "examples/kestrel", "render", "--out"]).arg(&rendered).current_dir(ROOT).env_remove("GIT_DIR").output().unwrap();
    assert!(rendered.exists(), "{}", String::from_utf8_lossy(&output.stderr));
    files.extend(found(&rendered));
    assert!(files.len() >= 8, "{files:?}");
    files.iter().map(|file| format!("{}\n{}", draw::ORIGINAL, std::fs::read_to_string(file).unwrap())).collect()
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
    let runs = |program: &str, argument: &str| Command::new(program).arg(argument).env("PATH", path()).output().is_ok_and(|output| output.status.success());
    let mut lacks: Vec<&str> = [("python3", "--version"), ("nft", "--version"), ("ip", "-V")].into_iter().filter(|(program, argument)| !runs(program, argument)).map(|(program, _)| program).collect();
    let namespaces = Command::new("unshare").args(["-nmpf", "true"]).output().is_ok_and(|output| output.status.success());
    if !namespaces {
        lacks.push("root (network namespaces)");
    }
    (!lacks.is_empty()).then(|| lacks.join(", "))
}

fn path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}
