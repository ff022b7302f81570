//! What a condition of nftables asks for.

use super::super::names;
use super::super::ranges::Ranges;
use super::super::region::{Field, IPV4, IPV6, Region};

/// What kind of value a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Address {
        is_v6: bool,
    },
    Protocol,
    Port,
    Icmp {
        is_v6: bool,
    },
    Code,
    State,
    Interface,
    Family,
    /// The family by the number of its Ethernet type.
    EtherType,
}

/// A field that is understood.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub field: Field,
    pub kind: Kind,
    /// Packets for which the answer is known.
    pub sure: Region,
    /// Packets for which it may be yes or no; asked of a transport header that is not one.
    pub maybe: Option<Region>,
}

/// What is asked for.
pub(super) struct Asked {
    /// How many words say it.
    pub words: usize,
    /// `None`: its shape is known, its meaning is not.
    pub known: Option<Known>,
    /// What asking says about the packet already.
    pub implies: Region,
}

/// Protocols with ports: TCP, UDP, DCCP, SCTP, UDP-Lite.
const WITH_PORTS: [u8; 5] = [6, 17, 33, 132, 136];

/// Reads the words of a field. `None`: no field.
pub(super) fn asked(words: &[&str]) -> Option<Asked> {
    let first = *words.first()?;
    let second = words.get(1).copied().unwrap_or_default();
    let understood = |words: usize, field: Field, kind: Kind, sure: Region, maybe: Option<Region>| {
        let implies = if maybe.is_none() { sure.clone() } else { Region::all() };
        Some(Asked { words, known: Some(Known { field, kind, sure, maybe }), implies })
    };
    match (first, second) {
        ("ip", "saddr") => understood(2, Field::Source, Kind::Address { is_v6: false }, family(IPV4), None),
        ("ip", "daddr") => {
            understood(2, Field::Destination, Kind::Address { is_v6: false }, family(IPV4), None)
        }
        ("ip6", "saddr") => understood(2, Field::Source, Kind::Address { is_v6: true }, family(IPV6), None),
        ("ip6", "daddr") => {
            understood(2, Field::Destination, Kind::Address { is_v6: true }, family(IPV6), None)
        }
        ("ip", "protocol") => understood(2, Field::Protocol, Kind::Protocol, family(IPV4), None),
        ("ip6", "nexthdr") => understood(2, Field::Protocol, Kind::Protocol, family(IPV6), None),
        ("tcp" | "udp" | "sctp" | "dccp" | "udplite", "dport") => {
            understood(2, Field::Port, Kind::Port, of_protocol(first), None)
        }
        ("tcp" | "udp" | "sctp" | "dccp" | "udplite", "sport") => {
            understood(2, Field::SourcePort, Kind::Port, of_protocol(first), None)
        }
        ("th", "dport") => understood(2, Field::Port, Kind::Port, with_ports(), Some(without_ports())),
        ("th", "sport") => understood(2, Field::SourcePort, Kind::Port, with_ports(), Some(without_ports())),
        ("icmp", "type") => understood(2, Field::Port, Kind::Icmp { is_v6: false }, of_icmp(false), None),
        ("icmp", "code") => understood(2, Field::SourcePort, Kind::Code, of_icmp(false), None),
        ("icmpv6", "type") => understood(2, Field::Port, Kind::Icmp { is_v6: true }, of_icmp(true), None),
        ("icmpv6", "code") => understood(2, Field::SourcePort, Kind::Code, of_icmp(true), None),
        ("ct", "state") => understood(2, Field::State, Kind::State, Region::all(), None),
        ("meta", "l4proto") => understood(2, Field::Protocol, Kind::Protocol, Region::all(), None),
        ("meta", "iifname" | "iif") => understood(2, Field::In, Kind::Interface, Region::all(), None),
        ("meta", "oifname" | "oif") => understood(2, Field::Out, Kind::Interface, Region::all(), None),
        ("iifname" | "iif", _) => understood(1, Field::In, Kind::Interface, Region::all(), None),
        ("oifname" | "oif", _) => understood(1, Field::Out, Kind::Interface, Region::all(), None),
        ("meta", "nfproto") => understood(2, Field::Family, Kind::Family, Region::all(), None),
        ("meta", "protocol") | ("ether", "type") => {
            understood(2, Field::Family, Kind::EtherType, Region::all(), None)
        }
        _ => shape(words),
    }
}

/// A field that has a known number of words and is not understood.
fn shape(words: &[&str]) -> Option<Asked> {
    const META: [&str; 22] = [
        "mark",
        "length",
        "pkttype",
        "skuid",
        "skgid",
        "cpu",
        "cgroup",
        "rtclassid",
        "priority",
        "iifgroup",
        "oifgroup",
        "iiftype",
        "oiftype",
        "ibrname",
        "obrname",
        "iifkind",
        "oifkind",
        "random",
        "secpath",
        "day",
        "hour",
        "time",
    ];
    const CT: [&str; 8] = ["mark", "status", "direction", "expiration", "helper", "label", "zone", "id"];
    const IP: [&str; 8] = ["version", "hdrlength", "dscp", "ecn", "length", "id", "ttl", "checksum"];
    const IP6: [&str; 6] = ["version", "dscp", "ecn", "flowlabel", "length", "hoplimit"];
    const TCP: [&str; 7] = ["sequence", "ackseq", "doff", "flags", "window", "checksum", "urgptr"];
    let first = *words.first()?;
    let second = words.get(1).copied().unwrap_or_default();
    let (length, implies) = match first {
        "meta" if META.contains(&second) => (2, Region::all()),
        "mark" | "skuid" | "skgid" | "pkttype" | "iifgroup" | "oifgroup" | "cpu" => (1, Region::all()),
        "ct" if CT.contains(&second) => (2, Region::all()),
        "ip" if IP.contains(&second) => (2, family(IPV4)),
        "ip6" if IP6.contains(&second) => (2, family(IPV6)),
        "tcp" if TCP.contains(&second) => (2, of_protocol("tcp")),
        "udp" if matches!(second, "length" | "checksum") => (2, of_protocol("udp")),
        "icmp" if matches!(second, "checksum" | "id" | "sequence" | "mtu" | "gateway") => (2, of_icmp(false)),
        "icmpv6"
            if matches!(
                second,
                "checksum" | "id" | "sequence" | "mtu" | "parameter-problem" | "packet-too-big" | "max-delay"
            ) =>
        {
            (2, of_icmp(true))
        }
        "ether" if matches!(second, "saddr" | "daddr") => (2, Region::all()),
        "vlan" if matches!(second, "id" | "cfi" | "pcp" | "type" | "dei") => (2, Region::all()),
        "socket" if matches!(second, "transparent" | "mark" | "wildcard") => (2, Region::all()),
        "fib" => {
            // `fib saddr . iif oif`: what it looks up by, and what it asks for.
            let last = words.iter().position(|word| matches!(*word, "type" | "oifname"))?;
            (last + 1, Region::all())
        }
        _ => return None,
    };
    Some(Asked { words: length, known: None, implies })
}

fn family(family: u8) -> Region {
    of(Field::Family, &Ranges::one(family))
}

fn of_protocol(name: &str) -> Region {
    of(Field::Protocol, &names::protocol(name).map_or_else(Ranges::default, Ranges::one))
}

fn with_ports() -> Region {
    of(
        Field::Protocol,
        &Ranges::of(WITH_PORTS.iter().map(|number| (u128::from(*number), u128::from(*number))).collect()),
    )
}

fn without_ports() -> Region {
    let ports =
        Ranges::of(WITH_PORTS.iter().map(|number| (u128::from(*number), u128::from(*number))).collect());
    of(Field::Protocol, &ports.outside(Field::Protocol.largest()))
}

fn of_icmp(is_v6: bool) -> Region {
    let mut region = family(if is_v6 { IPV6 } else { IPV4 });
    region.set(Field::Protocol, Ranges::one(if is_v6 { 58u8 } else { 1u8 }));
    region
}

fn of(field: Field, ranges: &Ranges) -> Region {
    let mut region = Region::all();
    region.set(field, ranges.clone());
    region
}
