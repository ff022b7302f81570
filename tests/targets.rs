//! Firewall targets: any flows, written for every product, let through exactly these flows on each of them.
//!
//! Two things say so, which know nothing of each other: the program's own readers, by what they find in a file that was
//! read back, and devices in `targets/judge.rs` that take the commands one by one. The devices also say that loading a
//! file again, or after any other, gives the same, and that nothing is open while it is loaded.

#![allow(clippy::unwrap_used, reason = "a test ends where something fails")]

#[path = "targets/judge.rs"]
mod judge;

use jig::load::Fleet;
use jig::model::conduits::{Match, PortSpec};
use jig::render::Renderer;
use jig::resolve::Resolver;
use jig::resolve::plan::{Asset, Device, End, Flow, Output, Plan, Zone};
use jig::source::Tree;
use judge::{Asa, Fortigate, Ios, Packet};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::OnceLock;

/// Each target and the extension of its file.
const TARGETS: [&str; 4] = ["nftables", "ios-acl", "asa", "fortios"];

fn fleet() -> &'static Fleet {
    static FLEET: OnceLock<Fleet> = OnceLock::new();
    FLEET.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/starter");
        Fleet::load(Tree::folder(&root), Some(root)).0.unwrap()
    })
}

/// A line of an example, to be filled with other flows.
fn plan() -> Plan {
    let fleet = fleet();
    let resolver = Resolver::new(fleet, "2026-11-22".parse().unwrap());
    let entry = &fleet.sites[0];
    resolver.line(&resolver.site(&entry.id), &entry.lines[0]).unwrap()
}

/// A flow, in numbers: everything else follows from them.
#[derive(Debug, Clone)]
struct Arrow {
    from: usize,
    to: usize,
    service: usize,
    words: String,
    owner: bool,
}

#[derive(Debug, Clone)]
struct Model {
    /// For each zone: whether it shares its interface with the zone before.
    zones: Vec<bool>,
    /// Zone and addresses of each asset; the zones themselves follow.
    assets: Vec<(usize, Vec<usize>)>,
    flows: Vec<Arrow>,
    /// Whether the device names its interfaces.
    is_bound: bool,
}

fn models() -> impl Strategy<Value = Model> {
    let asset = (0usize..4, prop::collection::vec(0usize..6, 1..4));
    let path = (
        0usize..9,
        0usize..9,
        0usize..SERVICES.len(),
        "[a-zA-Z ]{1,20}|[a-z ]{90,120}x|é[a-z]{1,30}",
        any::<bool>(),
    );
    let flows = prop::collection::vec(path, 0..7);
    (
        prop::collection::vec(prop::bool::weighted(0.2), 2..5),
        prop::collection::vec(asset, 1..6),
        flows,
        prop::bool::weighted(0.85),
    )
        .prop_map(|(zones, assets, flows, is_bound)| Model {
            zones,
            assets,
            flows: flows
                .into_iter()
                .map(|(from, to, service, words, owner)| Arrow {
                    from,
                    to,
                    service,
                    words: words.trim().to_owned() + ".",
                    owner,
                })
                .collect(),
            is_bound,
        })
}

type Spec = (&'static str, &'static [&'static str], &'static [&'static str]);

const SERVICES: &[&[Spec]] = &[
    &[("tcp", &["502"], &[])],
    &[("tcp", &["5000-5010", "443"], &[])],
    &[("udp", &["123"], &[])],
    &[("tcp", &["44818"], &[]), ("udp", &["44818"], &[])],
    &[("tcp", &["22"], &["1024-65535"])],
    &[("udp", &["2222"], &["2222"])],
    &[("icmp", &[], &[]), ("icmpv6", &[], &[])],
    &[("gre", &[], &[])],
    &[("89", &[], &[])],
    &[("tcp", &[], &[])],
    &[("udp", &[], &["500", "4500"])],
];

fn zone_name(zone: usize) -> String {
    // One name is longer than any product takes.
    if zone == 3 { format!("zone-{}", "x".repeat(80)) } else { format!("zone-{zone}") }
}

fn address(zone: usize, which: usize) -> String {
    match which {
        0 => format!("10.{zone}.0.7"),
        1 => format!("fd00:{zone}::7"),
        2 => format!("10.{zone}.4.0/22"),
        3 => format!("fd00:{zone}:0:4::/64"),
        4 => format!("10.{zone}.0.8"),
        _ => format!("10.{zone}.0.9/32"),
    }
}

impl Model {
    fn interface(&self, zone: usize) -> String {
        let shared = (0..=zone).rev().find(|at| *at == 0 || !self.zones[*at]).unwrap();
        format!("port{shared}")
    }

    fn interfaces(&self) -> BTreeMap<String, String> {
        if !self.is_bound {
            return BTreeMap::new();
        }
        (0..self.zones.len()).map(|zone| (zone_name(zone), self.interface(zone))).collect()
    }

    fn end(&self, number: usize) -> End {
        let number = number % (self.assets.len() + self.zones.len());
        if let Some((zone, addresses)) = self.assets.get(number) {
            let zone = zone % self.zones.len();
            let mut addresses: Vec<String> = addresses.iter().map(|which| address(zone, *which)).collect();
            addresses.sort();
            addresses.dedup();
            return End { name: format!("asset-{number}"), zone: zone_name(zone), addresses };
        }
        let zone = number - self.assets.len();
        End { name: zone_name(zone), zone: zone_name(zone), addresses: prefixes(zone) }
    }

    fn flows(&self) -> Vec<Flow> {
        let make = |(at, path): (usize, &Arrow)| {
            let ports = |list: &[&str]| -> Vec<PortSpec> {
                let port = |text: &&str| match text.parse() {
                    Ok(number) => PortSpec::One(number),
                    Err(_) => PortSpec::Range((*text).to_owned()),
                };
                list.iter().map(port).collect()
            };
            let matches = SERVICES[path.service].iter().map(|(proto, to, from)| Match {
                proto: (*proto).to_owned(),
                dport: ports(to),
                sport: ports(from),
            });
            Flow {
                id: format!("F-{at}"),
                key: format!("F-{at} {}", "unit-with-a-long-name-".repeat(at % 3)),
                purpose: path.words.clone(),
                owner: path.owner.then(|| "site-network".into()),
                matches: matches.collect(),
                from: self.end(path.from),
                to: self.end(path.to),
                devices: TARGETS.iter().map(|target| format!("by-{target}")).collect(),
                service: format!("service-{}", path.service),
                decision: Some("RD-001".into()),
                review_by: Some("2027-05-31".into()),
                line: None,
                ..template()
            }
        };
        self.flows.iter().enumerate().map(make).collect()
    }

    fn plan(&self) -> Plan {
        let mut plan = plan();
        let zone = plan.zones.values().find(|zone| !zone.isolated).unwrap().clone();
        let asset = plan.assets.values().next().unwrap().clone();
        let zones = (0..self.zones.len()).map(|number| {
            let id = zone_name(number);
            let purdue = serde_json::json!(2);
            (id.clone(), Zone { id, purdue, prefixes: prefixes(number), ..zone.clone() })
        });
        plan.zones = zones.collect();
        let ends = (0..self.assets.len()).map(|number| self.end(number));
        plan.assets = ends
            .map(|end| {
                let id = end.name.clone();
                (end.name, Asset { id, zone: end.zone, addresses: end.addresses, ..asset.clone() })
            })
            .collect();
        plan.devices = TARGETS
            .iter()
            .map(|target| {
                let id = format!("by-{target}");
                let interfaces = self.interfaces().into_iter().collect();
                let output = Some(format!("out-{target}"));
                (id.clone(), Device { id, output, families: vec![], stateful: true, interfaces })
            })
            .collect();
        plan.own_devices = plan.devices.keys().cloned().collect();
        plan.outputs = TARGETS
            .iter()
            .map(|target| Output {
                id: format!("out-{target}"),
                target: (*target).to_owned(),
                owner: Some("site-network".into()),
                path: Some(format!("{target}.txt")),
                pointer: "/outputs/0".into(),
            })
            .collect();
        plan.flows = self.flows();
        plan
    }

    /// Whether a flow, or on a device without memory an answer, is this packet.
    fn allows(&self, packet: &Packet, is_stateless: bool) -> bool {
        self.flows().iter().any(|flow| {
            let back = Packet {
                source: packet.target,
                target: packet.source,
                source_port: packet.target_port,
                target_port: packet.source_port,
                comes_by: packet.leaves_by.clone(),
                leaves_by: packet.comes_by.clone(),
                ..packet.clone()
            };
            let answers = is_stateless && !(packet.protocol == 6 && packet.is_first);
            self.is_of(flow, packet, is_stateless, false)
                || (answers && self.is_of(flow, &back, is_stateless, true))
        })
    }

    fn is_of(&self, flow: &Flow, packet: &Packet, is_stateless: bool, is_answer: bool) -> bool {
        let named = self.interfaces();
        let by = |zone: &str, own: &str| named.get(zone).is_none_or(|name| name == own);
        // A list stands where packets come in, and does not ask where they leave.
        let comes = by(&flow.from.zone, &packet.comes_by) || (is_stateless && is_answer);
        let leaves = by(&flow.to.zone, &packet.leaves_by) || (is_stateless && !is_answer);
        let holds = |end: &End, address: IpAddr| {
            end.addresses.iter().any(|net| {
                let (net, length) = net.split_once('/').unwrap_or((net, ""));
                let net: IpAddr = net.parse().unwrap();
                let length = length.parse().unwrap_or(if net.is_ipv4() { 32 } else { 128 });
                judge::is_in(address, net, length)
            })
        };
        let serves = |one: &Match| {
            let port = |list: &[PortSpec], port: u16| {
                list.is_empty()
                    || list.iter().any(|one| match one {
                        PortSpec::One(own) => *own == port,
                        PortSpec::Range(text) => {
                            let (low, high) = text.split_once('-').unwrap();
                            (low.parse().unwrap()..=high.parse().unwrap()).contains(&port)
                        }
                    })
            };
            let number = match one.proto.as_str() {
                "tcp" => 6,
                "udp" => 17,
                "gre" => 47,
                "icmp" if packet.source.is_ipv4() => 1,
                "icmpv6" if packet.source.is_ipv6() => 58,
                "icmp" | "icmpv6" => return false,
                number => number.parse().unwrap(),
            };
            number == packet.protocol
                && port(&one.dport, packet.target_port)
                && port(&one.sport, packet.source_port)
        };
        comes
            && leaves
            && holds(&flow.from, packet.source)
            && holds(&flow.to, packet.target)
            && flow.matches.iter().any(serves)
    }
}

fn prefixes(zone: usize) -> Vec<String> {
    // One zone is everything that the others are not.
    if zone == 1 {
        vec![format!("10.{zone}.0.0/16"), format!("fd00:{zone}::/32"), "0.0.0.0/0".into()]
    } else {
        vec![format!("10.{zone}.0.0/16"), format!("fd00:{zone}::/32")]
    }
}

/// A flow of the example, whose other fields say nothing here.
fn template() -> Flow {
    static FLOW: OnceLock<Flow> = OnceLock::new();
    FLOW.get_or_init(|| plan().flows[0].clone()).clone()
}

/// What was written, by target.
fn render(model: &Model) -> BTreeMap<String, String> {
    let plan = model.plan();
    let files = Renderer::new(fleet()).reading_back().line(&plan).unwrap_or_else(|why| panic!("{why:#?}"));
    let mut texts = BTreeMap::new();
    for file in files {
        let wrong: Vec<&str> = file
            .notes
            .iter()
            .filter(|note| note.rule == "output-mismatch")
            .map(|note| note.message.as_str())
            .collect();
        let is_closed = model.is_bound || file.target != "ios-acl";
        assert_eq!(wrong.is_empty(), is_closed, "{wrong:#?}\n{}", file.text);
        texts.insert(file.target, file.text);
    }
    texts
}

fn packets(model: &Model) -> Vec<Packet> {
    let mut addresses: Vec<IpAddr> = vec!["10.9.9.9".parse().unwrap(), "fd09::9".parse().unwrap()];
    for (zone, which) in (0..model.zones.len()).flat_map(|zone| [0, 1, 2, 3, 4].map(|which| (zone, which))) {
        let text = address(zone, which);
        addresses.push(text.split('/').next().unwrap().parse().unwrap());
    }
    let mut found = vec![];
    let services = [
        (6u8, 502u16),
        (6, 5003),
        (6, 443),
        (17, 123),
        (6, 44818),
        (17, 2222),
        (6, 22),
        (1, 8),
        (58, 128),
        (47, 0),
        (89, 0),
        (17, 9),
    ];
    for (number, source) in addresses.iter().enumerate() {
        for (other, target) in addresses.iter().enumerate() {
            if source.is_ipv4() != target.is_ipv4() || source == target {
                continue;
            }
            for (at, (protocol, port)) in services.iter().enumerate() {
                let zone_of = |place: usize| model.interface(place.saturating_sub(2) / 5 % model.zones.len());
                // Now and then it comes by an interface where it should not.
                let (inside, outside) = match (number + other + at) % 7 {
                    0 => (zone_of(other), zone_of(number)),
                    _ => (zone_of(number), zone_of(other)),
                };
                let (source_port, target_port) = match (number * 3 + other + at) % 5 {
                    0 => (*port, 40000),
                    1 => (*port, *port),
                    2 => (500, *port),
                    _ => (40000, *port),
                };
                found.push(Packet {
                    source: *source,
                    target: *target,
                    protocol: *protocol,
                    source_port,
                    target_port,
                    comes_by: inside,
                    leaves_by: outside,
                    is_first: (number + other * 2 + at) % 3 != 0,
                });
            }
        }
    }
    found
}

/// A device as it was found: the target, what is written instead of what, and what is said of each difference.
type Seed = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

const SEEDS: &[Seed] = &[
    (
        "nftables",
        "port widened",
        "tcp dport 502 counter",
        "tcp dport { 502, 503 } counter",
        &[
            "missing error path opens tcp/503 from 10.1.0.7 to 10.0.0.7, 10.0.0.8, in by port1, out by port0 [deployed rule 3",
            "extra error path opens tcp/503 from 10.1.0.7",
        ],
    ),
    (
        "nftables",
        "element added",
        "{ 10.1.0.7 }",
        "{ 10.1.0.7, 10.1.0.9 }",
        &["extra error path opens tcp/502 (modbus) from 10.1.0.9 to"],
    ),
    ("nftables", "default flipped", "policy drop", "policy accept", &["changed error path opens everything"]),
    (
        "ios-acl",
        "port widened",
        "host 10.0.0.7 eq 502\n",
        "host 10.0.0.7 range 502 503\n",
        &[
            "missing error path opens tcp/503 from 10.1.0.7 to 10.0.0.7 [deployed rule 3",
            "extra error path opens tcp/503 from 10.1.0.7 to 10.0.0.7 [deployed rule 3",
        ],
    ),
    (
        "ios-acl",
        "source widened",
        "udp host 10.1.0.7 host",
        "udp 10.1.0.0 0.0.255.255 host",
        &[
            "extra error path opens udp/123 (ntp) from 10.1.0.0/16 to 10.2.0.7 [deployed rule 10",
            "missing error path opens udp/123 (ntp) from 10.1.0.0/16 to 10.2.0.7",
        ],
    ),
    (
        "ios-acl",
        "implied instead",
        " remark what nobody decided\n deny ip any any log\n\nno ipv6 access-list line_plant1_pk1_zone-1_in6",
        "\nno ipv6 access-list line_plant1_pk1_zone-1_in6",
        &["missing note settings no effect", "missing note settings no effect"],
    ),
    (
        "ios-acl",
        "denied too early",
        " permit udp host 10.1.0.7 host 10.2.0.7 eq 123\n remark what nobody decided\n deny ip any any log",
        " deny ip any any log\n permit udp host 10.1.0.7 host 10.2.0.7 eq 123\n remark what nobody decided",
        &["reordered error data stops udp/123 (ntp) from 10.1.0.7 to 10.2.0.7 [deployed rule 10"],
    ),
    (
        "ios-acl",
        "default flipped",
        " deny ip any any log\n\nno ipv6 access-list line_plant1_pk1_zone-1_in6",
        " permit ip any any\n\nno ipv6 access-list line_plant1_pk1_zone-1_in6",
        &[
            "missing error path opens all IPv4 [deployed rule 12",
            "extra error path opens all IPv4 [deployed rule 12",
        ],
    ),
    (
        "ios-acl",
        "nothing changed",
        " permit tcp host 10.1.0.7 host 10.0.0.8 eq 502\n",
        " permit tcp host 10.1.0.7 host 10.0.0.8 eq 502\n permit tcp host 10.1.0.7 eq 9 host 10.0.0.8 eq 502\n",
        &["extra note settings no effect"],
    ),
    (
        "ios-acl",
        "other words",
        "host 10.2.0.7 eq 123",
        "host 10.2.0.7 eq ntp",
        &["equivalent note look other words for the same decisions"],
    ),
    (
        "ios-acl",
        "harmless order",
        " permit tcp host 10.1.0.7 host 10.0.0.7 eq 502\n permit tcp host 10.1.0.7 host 10.0.0.8 eq 502\n",
        " permit tcp host 10.1.0.7 host 10.0.0.8 eq 502\n permit tcp host 10.1.0.7 host 10.0.0.7 eq 502\n",
        &["equivalent note look order of entries that never meet"],
    ),
    (
        "ios-acl",
        "unknown statement",
        "host 10.2.0.7 eq 22\n",
        "host 10.2.0.7 eq 22 time-range nights\n",
        &[
            "missing error path unknown for tcp/22 (ssh) from port 1024-65535 from 10.1.0.7 to 10.2.0.7",
            "extra error path unknown for tcp/22 (ssh)",
        ],
    ),
    (
        "ios-acl",
        "another list bound",
        " ip access-group line_plant1_pk1_zone-1_in4 in",
        " ip access-group line_plant1_pk1_zone-2_in4 in",
        &[
            "changed error path opens tcp/1024-65535 from port 22 in established or related or invalid or untracked connections from 10.2.0.7 to 10.1.0.7, in by port1",
        ],
    ),
    (
        "ios-acl",
        "answers stopped",
        " permit udp host 10.2.0.7 eq 123 host 10.1.0.7\n",
        "",
        &["missing error data stops udp from port 123 from 10.2.0.7 to 10.1.0.7 [deployed rule 5"],
    ),
    (
        "asa",
        "port widened",
        "asset-1_4_1 eq 502",
        "asset-1_4_1 range 502 503",
        &[
            "missing error path opens tcp/503 from 10.1.0.7 to 10.0.0.7 [deployed rule 3",
            "extra error path opens tcp/503 from 10.1.0.7 to 10.0.0.7 [deployed rule 3",
        ],
    ),
    (
        "asa",
        "object widened",
        " host 10.1.0.7\n",
        " subnet 10.1.0.0 255.255.0.0\n",
        &[
            "missing error path opens tcp/502 (modbus) from 10.1.0.0/16 to 10.0.0.7 [deployed rule 3",
            "extra error path opens tcp/502 (modbus) from 10.1.0.0/16",
        ],
    ),
    (
        "asa",
        "default flipped",
        "access-list line_plant1_pk1_zone-1_in extended deny ip any any log",
        "access-list line_plant1_pk1_zone-1_in extended permit ip any any",
        &[
            "missing error path opens everything [deployed rule 12",
            "extra error path opens everything [deployed rule 12",
        ],
    ),
    (
        "asa",
        "denied too early",
        "access-list line_plant1_pk1_zone-1_in extended permit udp object line_plant1_pk1_zone-1_asset-0_4 object line_plant1_pk1_zone-2_asset-2_4 eq 123\naccess-list line_plant1_pk1_zone-1_in remark what nobody decided\naccess-list line_plant1_pk1_zone-1_in extended deny ip any any log\n",
        "access-list line_plant1_pk1_zone-1_in remark what nobody decided\naccess-list line_plant1_pk1_zone-1_in extended deny ip any any log\naccess-list line_plant1_pk1_zone-1_in extended permit udp object line_plant1_pk1_zone-1_asset-0_4 object line_plant1_pk1_zone-2_asset-2_4 eq 123\n",
        &["reordered error data stops udp/123 (ntp) from 10.1.0.7 to 10.2.0.7 [deployed rule 11"],
    ),
    (
        "asa",
        "nothing changed",
        "access-list line_plant1_pk1_zone-1_in remark F-1",
        "access-list line_plant1_pk1_zone-1_in extended deny tcp any any eq 23\naccess-list line_plant1_pk1_zone-1_in remark F-1",
        &["extra note settings no effect"],
    ),
    ("asa", "other words", "eq 123", "eq ntp", &["equivalent note look other words for the same decisions"]),
    (
        "asa",
        "unknown statement",
        "eq 22\n",
        "eq 22 time-range nights\n",
        &[
            "missing error path unknown for tcp/22 (ssh)",
            "extra error path unknown for tcp/22 (ssh) from port 1024-65535 from 10.1.0.7 to 10.2.0.7",
        ],
    ),
    (
        "asa",
        "global list gone",
        "access-group line_plant1_pk1_closed global\n",
        "",
        &["missing error path unknown for everything, in by others than port0 and port1 and port2"],
    ),
    (
        "fortios",
        "port widened",
        "set tcp-portrange 502\n",
        "set tcp-portrange 502-503\n",
        &[
            "changed error path opens tcp/503 from 10.1.0.7 to 10.0.0.7, 10.0.0.8, in by port1, out by port0 [deployed rule 2",
        ],
    ),
    (
        "fortios",
        "address widened",
        "set subnet 10.1.0.7 255.255.255.255",
        "set subnet 10.1.0.0 255.255.0.0",
        &[
            "changed error path opens tcp/502 (modbus) from 10.1.0.0/16 to 10.0.0.7, 10.0.0.8, in by port1, out by port0 [deployed rule 2",
        ],
    ),
    (
        "fortios",
        "source widened",
        "set srcaddr \"line_plant1_pk1_zone-1_asset-0_4\"\n        set dstaddr \"line_plant1_pk1_zone-2",
        "set srcaddr \"all\"\n        set dstaddr \"line_plant1_pk1_zone-2",
        &[
            "changed error path opens tcp/22 (ssh) from port 1024-65535 from any to 10.2.0.7, in by port1, out by port2 [deployed rule 3",
        ],
    ),
    (
        "fortios",
        "default flipped",
        "set srcaddr6 \"all\"\n        set dstaddr6 \"all\"\n        set srcaddr-negate disable\n        set dstaddr-negate disable\n        set service-negate disable\n        set action deny\n        set match-vip enable\n        set schedule \"always\"\n        set service \"ALL\"\n        set logtraffic all\n        set comments \"What nobody",
        "set srcaddr6 \"all\"\n        set dstaddr6 \"all\"\n        set srcaddr-negate disable\n        set dstaddr-negate disable\n        set service-negate disable\n        set action accept\n        set match-vip enable\n        set schedule \"always\"\n        set service \"ALL\"\n        set logtraffic all\n        set comments \"What nobody",
        &["changed error path opens everything [deployed rule 5"],
    ),
    (
        "fortios",
        "denied too early",
        "    move 168483731 after 40349206\n",
        "    move 168483731 after 56871580\n",
        &[
            "reordered error data stops tcp/22 (ssh) from port 1024-65535 from 10.1.0.7 to 10.2.0.7, in by port1, out by port2 [deployed rule 3",
        ],
    ),
    (
        "fortios",
        "harmless order",
        "    move 36792378 after 56871580\n    move 40349206 after 36792378\n    move 168483731 after 40349206\n",
        "    move 40349206 after 56871580\n    move 36792378 after 40349206\n    move 168483731 after 36792378\n",
        &["equivalent note look order of policies that never meet"],
    ),
    (
        "fortios",
        "nothing changed",
        "    edit 168483731\n",
        "    edit 7\n        set name \"telnet\"\n        set srcintf \"any\"\n        set dstintf \"any\"\n        set srcaddr \"all\"\n        set dstaddr \"all\"\n        set schedule \"always\"\n        set service \"TELNET\"\n    next\n    edit 168483731\n",
        &["extra note look no effect"],
    ),
    (
        "fortios",
        "policy behind the last",
        "    edit 168483731\n",
        "    edit 7\n        set name \"help\"\n        set srcintf \"port2\"\n        set dstintf \"port0\"\n        set srcaddr \"all\"\n        set dstaddr \"line_plant1_pk1_zone-0_asset-1_4_1\"\n        set action accept\n        set schedule \"always\"\n        set service \"RDP\"\n    next\n    edit 168483731\n",
        &["extra note look no effect"],
    ),
    (
        "fortios",
        "policy added",
        "    move 168483731 after 40349206\n",
        "    move 168483731 after 40349206\n    edit 7\n        set name \"help\"\n        set srcintf \"port2\"\n        set dstintf \"port0\"\n        set srcaddr \"all\"\n        set dstaddr \"line_plant1_pk1_zone-0_asset-1_4_1\"\n        set action accept\n        set schedule \"always\"\n        set service \"RDP\"\n    next\n    move 7 before 56871580\n",
        &[
            "extra error path opens tcp/3389 (rdp) from any to 10.0.0.7, in by port2, out by port0 [deployed rule 2",
        ],
    ),
    (
        "fortios",
        "unknown setting",
        "set service \"jig_udp_123\"\n",
        "set service \"jig_udp_123\"\n        set groups \"staff\"\n",
        &[
            "extra error path unknown for udp/123 (ntp) from 10.1.0.7 to 10.2.0.7, in by port1, out by port2 [deployed rule 4",
        ],
    ),
    (
        "fortios",
        "policy gone",
        "set status enable\n        set name \"F-2",
        "set status disable\n        set name \"F-2",
        &[
            "changed error data stops udp/123 (ntp) from 10.1.0.7 to 10.2.0.7, in by port1, out by port2 [deployed rule 5",
        ],
    ),
];

/// A cell that is read and that publishes, on every product.
fn cell() -> Model {
    let arrow =
        |from, to, service, words: &str| Arrow { from, to, service, words: words.into(), owner: true };
    Model {
        zones: vec![false, false, false],
        // The gateway, two controllers, the broker.
        assets: vec![(1, vec![0]), (0, vec![0, 4]), (2, vec![0])],
        flows: vec![arrow(0, 1, 0, "read registers"), arrow(0, 2, 4, "publish"), arrow(0, 2, 2, "keep time")],
        is_bound: true,
    }
}

#[test]
fn a_drift_is_told_by_what_it_opens_or_stops_on_every_target() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("targets-drift");
    let _ = std::fs::remove_dir_all(&folder);
    let texts = render(&cell());
    for (target, text) in &texts {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{target}.txt")), text).unwrap();
    }
    let mut wrong = vec![];
    for (number, (target, title, from, to, wanted)) in SEEDS.iter().enumerate() {
        let intended = &texts[*target];
        assert!(intended.contains(from), "{target}: {title}: {from}\n{intended}");
        let case = folder.join(number.to_string());
        let extension = match *target {
            "nftables" => "nft",
            "ios-acl" => "ios",
            other => other,
        };
        for (side, text) in [("intended", intended.clone()), ("deployed", intended.replacen(from, to, 1))] {
            std::fs::create_dir_all(case.join(side)).unwrap();
            std::fs::write(case.join(side).join("fw").with_extension(extension), text).unwrap();
        }
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_jig"))
            .args(["diff", "--intended", "intended", "--deployed", "deployed", "--format", "json"])
            .current_dir(&case)
            .output()
            .unwrap();
        let said: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{title}: {}", String::from_utf8_lossy(&output.stderr)));
        let findings = said["findings"].as_array().unwrap();
        let told: Vec<String> = findings
            .iter()
            .map(|found| {
                let word = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
                let meaning = if word("meaning").is_empty() { word("note") } else { word("meaning") };
                format!("{} {} {} {meaning}", word("kind"), word("level"), word("consequence"))
            })
            .collect();
        let fits = told.len() == wanted.len()
            && told.iter().zip(*wanted).all(|(told, wanted)| told.starts_with(wanted));
        if !fits {
            wrong.push(format!("{target}: {title}: {told:#?}\n  wanted {wanted:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether what an answer needs of ports has no meaning: ICMP and the like have none.
fn without_ports(packet: &Packet) -> Packet {
    if [6, 17].contains(&packet.protocol) {
        return packet.clone();
    }
    Packet { source_port: 0, ..packet.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_target_lets_through_the_flows_and_nothing_else(model in models(), former in models()) {
        // Another file of the same device: an interface that is no longer named keeps its list.
        let former = Model { zones: model.zones.clone(), is_bound: model.is_bound, ..former };
        let (texts, former) = (render(&model), render(&former));
        let (mut fresh_ios, mut fresh_asa, mut fresh_gate) = (Ios::default(), Asa::default(), Fortigate::default());
        fresh_ios.load(&texts["ios-acl"]);
        fresh_asa.load(&texts["asa"]);
        fresh_gate.load(&texts["fortios"]);
        // After another file, and twice.
        let (mut ios, mut asa, mut gate) = (Ios::default(), Asa::default(), Fortigate::default());
        for files in [&former, &texts, &texts] {
            ios.load(&files["ios-acl"]);
            asa.load(&files["asa"]);
            gate.load(&files["fortios"]);
        }
        for packet in packets(&model).iter().map(without_ports) {
            let wanted = model.allows(&packet, false);
            // A device that knows its connections asks its rules about first packets alone.
            let listed = model.is_listed(&packet);
            prop_assert_eq!(fresh_asa.passes(&packet), listed, "ASA {:?}\n{}", &packet, &texts["asa"]);
            prop_assert_eq!(asa.passes(&packet), listed, "ASA, loaded again {:?}\n{}", &packet, &texts["asa"]);
            prop_assert_eq!(fresh_gate.passes(&packet), wanted, "FortiGate {:?}\n{}", &packet, &texts["fortios"]);
            prop_assert_eq!(gate.passes(&packet), wanted, "FortiGate, loaded again {:?}\n{}", &packet, &texts["fortios"]);
            if model.is_bound {
                let neighbour = packet.protocol == 58 && [135, 136].contains(&packet.target_port);
                let wanted = model.allows(&packet, true) || neighbour;
                prop_assert_eq!(fresh_ios.passes(&packet), wanted, "IOS {:?}\n{}", &packet, &texts["ios-acl"]);
                prop_assert_eq!(ios.passes(&packet), wanted, "IOS, loaded again {:?}\n{}", &packet, &texts["ios-acl"]);
            }
        }
    }
}

impl Model {
    /// Whether a list lets it through that does not ask by which interface a packet leaves.
    fn is_listed(&self, packet: &Packet) -> bool {
        let mut zones: Vec<String> = (0..self.zones.len()).map(|zone| self.interface(zone)).collect();
        zones.dedup();
        zones.into_iter().any(|leaves_by| self.allows(&Packet { leaves_by, ..packet.clone() }, false))
    }
}
