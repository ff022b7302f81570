//! Readers of rule languages on what is cut off, garbled and mixed up: none panics, none hangs, and what one of them does
//! not understand is never an open or a closed door.

use jig::packets::{Field, NEW, Side, Sieve, cisco, fortios, nft};
use std::path::Path;
use std::time::{Duration, Instant};

const IOS: &str = "object-group network PLC
 10.20.104.0 255.255.255.0
 range 10.3.0.1 10.3.0.9
object-group service WEB
 tcp source gt 1023 eq 443
 icmp echo
interface Gi0/1
 ip access-group OT in
ip access-list extended OT
 10 permit tcp host 10.20.110.3 object-group PLC eq 4840
 20 permit object-group WEB any 10.0.0.0 0.0.255.0 log
 30 permit icmp any any echo
 40 deny udp any range 67 68 any neq bootps
 permit tcp any any established
ip access-list standard M
 permit 10.9.9.9
ipv6 access-list V6
 sequence 10 permit tcp 2001:db8::/32 any eq 443
 deny ipv6 any any log
access-list 101 permit ospf any any
";
const ASA: &str = "object network WEB
 host 192.168.5.2
object service HTTPX
 service tcp source range 1024 65535 destination eq 8080
object-group network NET
 network-object 10.11.0.0 255.255.0.0
 network-object object WEB
object-group protocol BOTH
 protocol-object tcp
 protocol-object udp
access-list A remark a word
access-list A extended permit tcp 172.27.47.16 255.255.255.252 object WEB eq ssh
access-list A line 1 extended permit object-group BOTH any4 object-group NET eq domain
access-list A extended permit object HTTPX any any6 time-range nights
access-list A extended permit icmp any any echo-reply inactive
access-list A extended deny ip any any log
access-group A in interface outside
";
const FORTIOS: &str = "config vdom
edit root
config firewall address
edit \"cell\"
set subnet 10.20.104.0 255.255.255.0
next
edit span
set type iprange
set start-ip 10.1.0.1
set end-ip 10.1.0.9
next
end
config firewall service custom
edit \"opcua\"
set tcp-portrange 4840 443:1024-65535
next
end
config firewall policy
edit 7
set name \"a name\"
set srcintf \"any\"
set dstintf \"port1\" \"port2\"
set srcaddr \"cell\" span
set dstaddr \"all\"
set service \"opcua\" HTTPS
set schedule \"always\"
set action accept
next
edit 3
set srcintf \"any\"
set dstintf \"any\"
set srcaddr-negate enable
set srcaddr \"cell\"
set dstaddr \"all\"
set service \"ALL\"
set schedule \"always\"
next
move 3 before 7
end
next
end
";

/// The same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % most.max(1)
    }
}

fn texts() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packets/rules");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("rulesets").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let mut texts: Vec<String> =
        files.iter().map(|file| std::fs::read_to_string(file).expect("a ruleset")).collect();
    assert!(texts.len() > 5);
    texts.extend([IOS, ASA, FORTIOS].map(str::to_owned));
    texts
}

/// What happens to a text between a device and a backup.
fn garbled(text: &str, random: &mut Random) -> String {
    const ODD: [&str; 16] = [
        "{",
        "}",
        "\"",
        ";",
        "\\",
        "@",
        "$x",
        "-",
        "/",
        "4294967296",
        "::",
        "any",
        "\u{0}",
        "range",
        "!=",
        "\u{e4}",
    ];
    let mut text = text.to_owned();
    for _ in 0..=random.below(3) {
        let mut words: Vec<&str> = text.split_inclusive([' ', '\n']).collect();
        if words.is_empty() {
            break;
        }
        let at = random.below(words.len());
        let odd = format!("{} ", ODD[random.below(ODD.len())]);
        match random.below(6) {
            0 => drop(words.remove(at)),
            1 => words[at] = &odd,
            2 => words.insert(at, &odd),
            3 => {
                let other = random.below(words.len());
                words.swap(at, other);
            }
            4 => words.truncate(at),
            _ => words.insert(at, words[random.below(words.len())]),
        }
        text = words.concat();
    }
    text
}

/// Reads a text as every language, and asks what it decides.
fn read_all(text: &str) {
    if let Ok(found) = nft::read(text) {
        for hook in ["forward", "input"] {
            let gates = found.gates(hook);
            decide(Side { ruleset: &found.ruleset, gates: &gates });
        }
    }
    for dialect in [cisco::Dialect::Ios, cisco::Dialect::Asa] {
        let found = cisco::read(text, dialect);
        for chain in found.ruleset.chains.keys() {
            let gates: Vec<_> = found.gate(chain).into_iter().collect();
            decide(Side { ruleset: &found.ruleset, gates: &gates });
        }
    }
    if let Ok(found) = fortios::read(text) {
        for chain in found.chains() {
            let gates = [found.gate(chain)];
            decide(Side { ruleset: &found.ruleset, gates: &gates });
        }
    }
}

fn decide(side: Side<'_>) {
    if let Ok(sieve) = Sieve::new(side) {
        assert!(!sieve.verdicts(&packet(6, 4840)).is_empty(), "something is decided, or both may be");
    }
}

fn packet(protocol: u128, port: u128) -> [u128; 9] {
    let mut values = [0; 9];
    values[Field::State.place()] = NEW.into();
    values[Field::Source.place()] = 0x0a14_6e03;
    values[Field::Destination.place()] = 0x0a14_6809;
    values[Field::Protocol.place()] = protocol;
    values[Field::Port.place()] = port;
    values[Field::SourcePort.place()] = 40_000;
    values
}

#[test]
fn readers_survive_what_is_cut_or_garbled() {
    let mut random = Random(20_261_122);
    let texts = texts();
    for round in 0..1500 {
        let original = &texts[round % texts.len()];
        let text = garbled(original, &mut random);
        let began = Instant::now();
        let read = std::panic::catch_unwind(|| read_all(&text));
        assert!(read.is_ok(), "panics on:\n{text}");
        assert!(began.elapsed() < Duration::from_secs(20), "takes too long:\n{text}");
    }
}

#[test]
fn a_word_that_nobody_knows_leaves_no_definite_verdict_where_it_stands() {
    let nft = "table inet t {\nchain forward {\ntype filter hook forward priority 0; policy drop;\n\
               ip saddr 10.20.110.3 frobnicate 7 tcp dport 4840 accept\n}\n}\n";
    let found = nft::read(nft).expect("read");
    let gates = found.gates("forward");
    assert_open(Side { ruleset: &found.ruleset, gates: &gates }, "nft");
    for (dialect, text) in [
        (cisco::Dialect::Ios, "ip access-list extended A\n permit tcp any any eq 4840 frobnicate 7\n"),
        (cisco::Dialect::Asa, "access-list A extended permit tcp any any eq 4840 frobnicate 7\n"),
    ] {
        let found = cisco::read(text, dialect);
        let chain = found.ruleset.chains.keys().next().expect("a list").clone();
        let gates = [found.gate(&chain).expect("a gate")];
        assert_open(Side { ruleset: &found.ruleset, gates: &gates }, text);
    }
    let policy = FORTIOS
        .replace("set srcaddr-negate enable", "set frobnicate 7")
        .replace("set srcaddr \"cell\"\nset dst", "set srcaddr all\nset action accept\nset dst");
    let found = fortios::read(&policy).expect("read");
    let gates = [found.gate("root firewall policy")];
    assert_open(Side { ruleset: &found.ruleset, gates: &gates }, &policy);
}

fn assert_open(side: Side<'_>, what: &str) {
    let sieve = Sieve::new(side).expect("small");
    assert_eq!(sieve.verdicts(&packet(6, 4840)).len(), 2, "{what}");
}
