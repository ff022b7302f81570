//! What stands where in a ruleset, and what does not.

use super::super::testing::{int, refused, slots, text};
use super::values::RESERVED;
use super::*;

#[test]
fn reserved_words_are_sorted() {
    assert!(RESERVED.is_sorted());
}

#[test]
fn ordinary_ruleset() {
    let template = "#!/usr/sbin/nft -f\n# <0>\ntable inet <1> {\n  set plc_<1> {\n    type ipv4_addr\n    flags interval\n    elements = { <2>, 10.0.0.9 }\n  }\n  chain c {\n    type filter hook forward priority <3>; policy drop;\n    ip saddr <4> tcp dport { <5> } counter accept comment \"<0>\"\n    dnat to <6>:<7>\n    limit rate <7>/second log prefix \"<1> \"\n    jump <1>\n }\n}\n";
    let list = |values: &[&str]| Datum::List(values.iter().map(|value| text(value)).collect());
    let data = [
        text("F-01 a; {b}"),
        text("pk2"),
        list(&["10.4.2.1", "10.4.2.8/29"]),
        int(-5),
        text("10.4.2.0/24"),
        Datum::List(vec![int(80), text("100-200")]),
        text("10.0.0.1"),
        int(8080),
    ];
    let filled = slots(&Nft, template, &data);
    for part in [
        "# F-01 a; {b}\n",
        "elements = { 10.4.2.1, 10.4.2.8/29, 10.0.0.9 }",
        "priority -5;",
        "dport { 80, 100-200 }",
        "comment \"F-01 a; {b}\"",
        "10.0.0.1:8080",
        "8080/second",
        "set plc_pk2 {",
    ] {
        assert!(filled.contains(part), "{part}: {filled}");
    }
}

#[test]
fn word_is_what_it_says() {
    for value in [
        "",
        "a b",
        "a;b",
        "10.0.0.1 accept",
        "010",
        "1:2",
        "a\nb",
        "\"a\"",
        "{a}",
        "10.0.0.5/24",
        "010.0.0.1",
        "1.2.3",
        "$a",
        "@a",
        "é",
        "-",
    ] {
        refused(&Nft, "tcp dport { <0> } accept", &[text(value)]);
    }
    for value in ["localhost", "10", "10.0.0.1/33", "10.0.0.5/24"] {
        refused(&Nft, "ip saddr { 10.1.1.1, <0> } accept", &[text(value)]);
        refused(&Nft, "ip saddr != <0> accept", &[text(value)]);
    }
    for value in ["http", "65536", "200-100", "5-5"] {
        refused(&Nft, "tcp dport <0>", &[text(value)]);
    }
    refused(&Nft, "ip saddr <0>", &[text("::1")]);
    refused(&Nft, "set s {\n type inet_service\n elements = { <0> }\n}", &[text("a")]);
    for value in ["::1", "fe80::/10", "0.0.0.0/0", "10.0.0.1-10.0.0.5"] {
        slots(&Nft, "x <0>", &[text(value)]);
    }
    for value in ["02:00:00:00:00:01", "10s", "0x1f", "a.b-c", "22"] {
        refused(&Nft, "x <0>", &[text(value)]);
    }
    for value in ["accept", "1a", "10.0.0.1", ""] {
        refused(&Nft, "jump <0>", &[text(value)]);
        refused(&Nft, "table inet <0> {", &[text(value)]);
        refused(&Nft, "ip saddr @<0> drop", &[text(value)]);
    }
}

#[test]
fn what_stands_before_says_what_a_word_is() {
    for (template, good, bad) in PLACES {
        for value in *good {
            let expected = template.replace("<0>", value);
            assert_eq!(slots(&Nft, template, &[text(value)]), expected);
        }
        for value in *bad {
            refused(&Nft, template, &[text(value)]);
        }
    }
}

/// Templates, what they hold, and what nft would refuse or read as another thing.
#[rustfmt::skip]
const PLACES: &[(&str, &[&str], &[&str])] = &[
    ("ip saddr 10.0.0.2 meta mark set <0>", &["70000", "0x1f"], &["1-3", "4294967296", "a", "010"]),
    ("meta mark <0> accept", &["70000", "1-3"], &["3-1", "x"]),
    ("queue num <0>", &["3", "1-3"], &["70000", "x"]),
    ("log group <0>", &["3"], &["70000", "1-3"]),
    ("tcp dport 22 limit rate <0>/second burst 5 packets", &["70000"], &["0", "4294967296", "x"]),
    ("limit rate <0> accept", &["5/minute"], &["5", "5/month", "0x5/second"]),
    ("limit rate over <0> mbytes/second", &["5"], &["5/second", "4294967295"]),
    ("limit rate 5/second burst <0> packets", &["5"], &["0", "4294967296", "x"]),
    ("limit rate 5 mbytes/second burst <0> mbytes", &["4095"], &["4096"]),
    ("tcp dport vmap { <0> : jump c }", &["80", "80-90"], &["http", "0x16"]),
    ("tcp dport vmap { <0>: accept }", &["80"], &["http", "10.0.0.1", "::1"]),
    ("tcp dport vmap { 22: <0> }", &["accept", "drop"], &["jump", "x", "5"]),
    ("tcp dport vmap { 22:<0>, 23: drop }", &["accept"], &["jump"]),
    ("ip6 saddr vmap { <0> : accept }", &["fe80::1"], &["10.0.0.1"]),
    ("ip6 saddr vmap { <0>: accept }", &[], &["fe80::1"]),
    ("tcp dport vmap { 1 : jump <0> }", &["c"], &["drop"]),
    ("redirect to <0>", &["80"], &["10.0.0.1", "0x16", "http", "65536"]),
    ("redirect to :<0>", &["80", "80-90"], &["http"]),
    ("dnat to <0>", &["10.0.0.1", "fe80::1", "10.0.0.1-10.0.0.3"], &["65535", "0x16", "1-3", "localhost", "10.0.0.0/24"]),
    ("dnat ip to <0>", &["10.0.0.1"], &["::1", "22"]),
    ("dnat to <0>:8080", &["10.0.0.1"], &["::1", "65535", "localhost"]),
    ("dnat to 10.0.0.1:<0>", &["80"], &["http", "65536", "10.0.0.1"]),
    ("dnat to [<0>]:80", &["fe80::1"], &["10.0.0.1", "1"]),
    ("dnat to [fe80::1]:<0>", &["80"], &["x"]),
    ("snat to <0> persistent", &["10.0.0.1"], &["65535", "x"]),
    ("dnat ip to tcp dport map { 80 : <0> }", &["10.0.0.1"], &["22", "localhost"]),
    ("dnat ip to tcp dport map { 80 : 10.0.0.1 . <0> }", &["80"], &["10.0.0.1"]),
    ("define x = <0>", &["10.0.0.1", "10.0.0.0/8", "::1", "22", "1-3"], &["0x16", "010", "localhost", "tcp", "accept"]),
    ("define x = <0>\nchain c {\n tcp dport $x accept\n udp dport { $x, 1 } accept\n}", &["22", "22-30"], &["10.0.0.1", "http", "010"]),
    ("define x = <0>\nchain c {\n ip saddr $x accept\n}", &["10.0.0.1"], &["22", "localhost"]),
    ("define x = <0>\nchain c {\n iifname $x accept\n ip saddr \"$x\" # $x\n}", &["eth0"], &["a/b", "drop"]),
    ("define x = \"<0>\"\nchain c {\n iifname $x accept\n}", &["eth0", "x y"], &["", "eth*"]),
    ("define x = { <0>, 80 }\nchain c {\n tcp dport $x accept\n}", &["22"], &["10.0.0.1"]),
    ("define x = { <0> }\nset s {\n type ipv4_addr\n elements = $x\n}", &["10.0.0.1"], &["22", "a"]),
    ("define x = <0>\nchain c {\n tcp dport $x ip saddr $x\n}", &["10.0.0.1"], &["22", "a"]),
    ("define x = <0>\ndefine y = $x\nchain c {\n ip saddr $y\n}", &["10.0.0.1"], &["22"]),
    ("define x = <0>\nchain c {\n jump $x\n}", &["other"], &["drop", "10.0.0.1"]),
    ("table inet t {\n set s {\n type inet_service\n }\n}\nadd element inet t s { <0>, 1 }", &["22"], &["http", "10.0.0.1", "22-30"]),
    ("table inet t {\n set s {\n type inet_service\n flags interval\n }\n}\nadd element inet t s { <0> }", &["22-30"], &["http"]),
    ("set s {\n type ipv4_addr\n elements = { <0> }\n}", &["10.0.0.1"], &["10.0.0.0/24", "10.0.0.1-10.0.0.3"]),
    ("set s {\n type ipv4_addr\n elements = { <0> }\n flags interval\n}", &["10.0.0.0/24"], &["x"]),
    ("table inet t {\n set s {\n type ifname\n }\n}\nadd element inet t s { <0> }", &["eth0"], &["drop", "a/b"]),
    ("table inet t {\n map s {\n type inet_service : verdict\n }\n}\nadd element inet t s { <0> : accept }", &["22"], &["tcp"]),
    ("table inet t {\n map s {\n type inet_service : verdict\n }\n}\nadd element inet t s { 22 : <0> }", &["drop"], &["22"]),
    ("table inet a {\n set s {\n type mark\n }\n}\ntable inet b {\n set s {\n type ipv4_addr\n }\n}\nadd element inet a s { <0> }", &["10.0.0.1"], &["22"]),
    ("meta mark & <0> == 0x10 accept", &["0xff", "255"], &["1-3", "a", "10.0.0.1"]),
    ("meta mark and 0xff == <0> accept", &["0x10", "16"], &["a", "10.0.0.1"]),
    ("meta mark & 0xff == { 1, <0> } accept", &["0x10", "5-7"], &["a"]),
    ("meta mark & 0xff vmap { <0> : accept }", &["1"], &["a"]),
    ("meta mark set meta mark or <0>", &["0x10"], &["a", "1-3"]),
    ("ct mark set ct mark and 0xffff or <0>", &["0x10"], &["a"]),
    ("ip saddr & <0> == 10.0.0.0 accept", &["255.255.255.0"], &["24", "10.0.0.0/24"]),
    ("ip saddr and 255.255.255.0 == <0> accept", &["10.0.0.0"], &["24", "a"]),
    ("tcp flags & (fin|<0>) == syn accept", &["syn"], &["x", "5"]),
    ("tcp flags & (syn|ack) == <0> accept", &["syn"], &["x"]),
    ("tcp flags <0> / syn,ack accept", &["syn"], &["x"]),
    ("tcp flags syn / syn,<0> accept", &["ack"], &["x"]),
    ("ip dscp <0> accept", &["ef", "46", "0x08", "8-16"], &["64", "x"]),
    ("ip dscp set <0>", &["ef", "46"], &["64", "x"]),
    ("tcp dport set <0>", &["8080"], &["80-90", "http"]),
    ("ip saddr set <0>", &["10.0.0.1"], &["10.0.0.0/8", "5"]),
    ("tcp flags syn tcp option maxseg size set <0>", &["1400"], &["70000", "x"]),
    ("ct bytes > <0> accept", &["100000"], &["x"]),
    ("ct expiration > <0> accept", &["1m30s"], &["5", "x"]),
    ("ct status <0> accept", &["assured"], &["x", "4"]),
    ("fib daddr type { local, <0> } accept", &["broadcast"], &["x", "2"]),
    ("reject with icmp type <0>", &["host-prohibited"], &["x", "3", "no-route"]),
    ("icmp id <0> accept", &["5", "5-9"], &["x", "65536"]),
    ("define x = { <0>, 10.0.0.1 }", &["10.0.0.2"], &["22", "tcp", "missing"]),
    ("define <0> = 10.0.0.1", &["x"], &["tcp", "1"]),
    ("ip saddr . tcp dport { <0> . 22 }", &["10.0.0.1"], &["22", "localhost", "1-3"]),
    ("ip saddr . tcp dport { 10.0.0.1 . <0> }", &["22"], &["10.0.0.1", "http"]),
    ("ip saddr . meta foo { <0> . 22 }", &["10.0.0.1"], &["22"]),
    ("set s {\n typeof ip saddr\n elements = { <0> }\n}", &["10.0.0.1"], &["22", "tcp", "missing", "::1"]),
    ("set s {\n type ipv4_addr . inet_service; elements = { # tcp dport\n 10.0.0.1 . 80, <0> . 80 }\n}", &["10.0.0.1"], &["22", "tcp"]),
    ("set s {\n type ipv4_addr . inet_service\n elements = { 10.0.0.1 . <0> }\n}", &["80"], &["http", "10.0.0.1"]),
    ("map m {\n type ipv4_addr : verdict\n elements = { <0> : accept }\n}", &["10.0.0.1"], &["22", "missing"]),
    ("map m {\n type ipv4_addr : verdict\n elements = { 10.0.0.1 : <0> }\n}", &["accept"], &["tcp", "10.0.0.1"]),
    ("map m {\n type inet_service : ipv4_addr\n elements = { 22 : <0> }\n}", &["10.0.0.1"], &["22", "localhost", "10.0.0.0/24"]),
    ("map m {\n type inet_service : ipv4_addr\n elements = { <0> : 10.0.0.1 }\n}", &["22"], &["10.0.0.1"]),
    ("set s {\n type ipv4_addr\n flags timeout\n elements = { 10.0.0.1 timeout <0>, 10.0.0.2 }\n}", &["1h", "1h30m"], &["1", "30m1h", "1w", "x"]),
    ("set s {\n typeof foo bar\n elements = { <0> }\n}", &["10.0.0.1"], &["22", "a"]),
    ("add element inet t s { <0> }", &["10.0.0.1"], &["22", "tcp", "missing", "0x16"]),
    ("add @s { ip saddr timeout <0> }", &["5m"], &["5"]),
    ("iifname <0>", &["eth0", "br-lan.5"], &["10.0.0.0/8", "0x16", "meta", "log", "drop", "jump", "a/b", "5"]),
    ("oifname { lo, <0> }", &["eth0"], &["exists", "missing", "tcp", "5"]),
    ("iif \"<0>\" accept", &["eth0"], &["5", ""]),
    ("ip saddr \"<0>\" accept", &["10.0.0.1"], &["22", "localhost", "10.0.0.0/24", "10.0.0.1-10.0.0.3"]),
    ("tcp dport \"<0>\" accept", &["22"], &["http"]),
    ("define x = \"<0>\"", &["10.0.0.1"], &["22", "localhost"]),
    ("type filter hook input priority <0>; policy accept;", &["-5", "10", "filter"], &["1000000000000", "x", "0x1"]),
    ("type filter hook input priority filter + <0>;", &["10"], &["-5", "4294967296"]),
    ("type filter hook input priority 0; policy <0>;", &["accept", "drop"], &["reject", "x"]),
    ("type filter hook <0> priority 0", &["input"], &["x", "0"]),
    ("type <0> hook input priority 0", &["nat"], &["ipv4_addr"]),
    ("ct state <0> accept", &["new"], &["5", "x", "0x8"]),
    ("ct state established,<0> accept", &["new"], &["5"]),
    ("ct state { new, <0> } accept", &["related"], &["5"]),
    ("ether saddr <0>", &["02:00:5e:00:00:01"], &["10.0.0.1", "5", "2:0:5e:0:0:1"]),
    ("meta l4proto <0>", &["tcp", "6"], &["localhost", "256"]),
    ("ip protocol { tcp, <0> }", &["udp"], &["x"]),
    ("<0> dport 22", &["tcp", "sctp"], &["ip", "x"]),
    ("tcp dport 22 <0>\n", &["accept", "drop"], &["x", "22", "log", "10.0.0.1"]),
    ("tcp dport 22 <0> comment \"x\"\n", &["accept"], &["x"]),
    ("ip saddr 10.0.0.1 \\\n tcp dport <0> accept", &["22"], &["10.0.0.1", "x"]),
    ("ip saddr \\\n <0> accept", &["10.0.0.1"], &["22"]),
    ("accept comment <0>", &[], &["a", "accept"]),
    ("counter <0> {\n}", &["x"], &["drop", "tcp"]),
    ("add chain inet t <0>", &["x"], &["drop", "tcp", "10.0.0.1"]),
    ("add chain inet <0> c", &["x"], &["drop"]),
    ("table <0> t {\n}", &["inet", "ip6"], &["x", "tcp"]),
    ("table <0> {\n}", &["x"], &["inet"]),
    ("delete table inet <0>\n", &["x"], &["inet"]),
    ("counter name <0> drop", &["x"], &["drop"]),
    ("include \"<0>\"", &["./a.nft", "/etc/b"], &["*.nft", ""]),
];

#[test]
fn list_stands_in_braces_of_a_set_only() {
    let list = Datum::List(vec![int(1)]);
    assert_eq!(
        slots(&Nft, "chain c { tcp dport { <0> } }", std::slice::from_ref(&list)),
        "chain c { tcp dport { 1 } }"
    );
    refused(&Nft, "chain c { <0> }", std::slice::from_ref(&list));
    refused(&Nft, "tcp dport <0>", std::slice::from_ref(&list));
    refused(&Nft, "tcp dport { <0> }", &[Datum::List(Vec::new())]);
    refused(&Nft, "ip saddr . tcp dport { <0> . 22 }", &[Datum::List(vec![text("10.0.0.1")])]);
    refused(&Nft, "tcp dport vmap { <0> : accept }", std::slice::from_ref(&list));
    refused(&Nft, "add element inet t s { <0> }", std::slice::from_ref(&list));
}

#[test]
fn quoted_string_has_no_escapes_and_limits() {
    refused(&Nft, "accept comment \"<0>\"", &[text("a\"b")]);
    refused(&Nft, "accept comment \"<0>\"", &[text("a\nb")]);
    refused(&Nft, "log prefix \"<0>\"", &[text("a$b")]);
    refused(&Nft, "accept comment \"<0> <0>\"", &[text(&"x".repeat(64))]);
    slots(&Nft, "accept comment \"<0>-<0>\"", &[text(&"x".repeat(63))]);
    refused(&Nft, "log prefix \"<0>\"", &[text(&"x".repeat(128))]);
    refused(&Nft, "iifname \"<0>\"", &[text("eth*")]);
    refused(&Nft, "iifname { \"a\", \"<0>\" }", &[text("")]);
    refused(&Nft, "iifname <0>", &[text("a234567890123456")]);
}
