//! The built-in table of industrial and IT services.
//!
//! Ports are those of the IANA service name and port number registry, or of the protocol's own specification where
//! IANA has none (ADS: Beckhoff; FOCAS: FANUC). Source ports are left open.

use crate::model::conduits::{Encrypted, Match, PortSpec, Service};

struct Known {
    name: &'static str,
    matches: &'static [(&'static str, &'static [&'static str])],
    encrypted: Encrypted,
}

macro_rules! services {
    ($($name:literal $encrypted:ident [$($proto:literal [$($port:literal),*]),*];)*) => {
        const SERVICES: &[Known] = &[$(Known {
            name: $name,
            matches: &[$(($proto, &[$($port),*])),*],
            encrypted: Encrypted::$encrypted,
        },)*];
    };
}

services! {
    "ads" Never ["tcp" ["48898"]];
    "amqps" Always ["tcp" ["5671"]];
    "bacnet" Never ["udp" ["47808"]];
    "coaps" Always ["udp" ["5684"]];
    "dns" Never ["udp" ["53"], "tcp" ["53"]];
    "dnp3" Never ["tcp" ["20000"]];
    "enip" Never ["tcp" ["44818"], "udp" ["44818"]];
    "enip-io" Never ["udp" ["2222"]];
    "focas" Never ["tcp" ["8193"]];
    "hart-ip" Optional ["tcp" ["5094"], "udp" ["5094"]];
    "http" Never ["tcp" ["80"]];
    "https" Always ["tcp" ["443"]];
    "icmp" Never ["icmp" []];
    "icmpv6" Never ["icmpv6" []];
    "iec104" Never ["tcp" ["2404"]];
    "ldaps" Always ["tcp" ["636"]];
    "modbus" Never ["tcp" ["502"]];
    "modbus-security" Always ["tcp" ["802"]];
    "mqtt" Never ["tcp" ["1883"]];
    "mqtts" Always ["tcp" ["8883"]];
    "ms-sql" Optional ["tcp" ["1433"]];
    "ntp" Never ["udp" ["123"]];
    "opcua" Optional ["tcp" ["4840"]];
    "opcua-tls" Always ["tcp" ["4843"]];
    "postgresql" Optional ["tcp" ["5432"]];
    "profinet-cm" Never ["udp" ["34962-34964"]];
    "rdp" Optional ["tcp" ["3389"], "udp" ["3389"]];
    "s7" Never ["tcp" ["102"]];
    "smb" Optional ["tcp" ["445"]];
    "snmp" Optional ["udp" ["161"]];
    "snmp-trap" Optional ["udp" ["162"]];
    "ssh" Always ["tcp" ["22"]];
    "syslog" Never ["udp" ["514"]];
    "syslog-tls" Always ["tcp" ["6514"]];
}

/// Returns a built-in service.
pub fn builtin(name: &str) -> Option<Service> {
    let known = SERVICES.iter().find(|known| known.name == name)?;
    let port = |text: &&str| text.parse().map_or_else(|_| PortSpec::Range((*text).to_owned()), PortSpec::One);
    let matches = known.matches.iter().map(|(proto, ports)| Match {
        proto: (*proto).to_owned(),
        dport: ports.iter().map(port).collect(),
        sport: vec![],
    });
    Some(Service { matches: matches.collect(), encrypted: Some(known.encrypted), name: None })
}

/// Lists the built-in services for documentation: name, protocols with their ports, and whether they are encrypted.
pub fn table() -> impl Iterator<Item = (&'static str, String, Encrypted)> {
    let matched = |(proto, ports): &(&str, &[&str])| match ports {
        [] => (*proto).to_owned(),
        ports => format!("{} {proto}", ports.join(", ")),
    };
    SERVICES.iter().map(move |known| {
        let matches: Vec<_> = known.matches.iter().map(matched).collect();
        (known.name, matches.join("; "), known.encrypted)
    })
}

/// Lists the names of the built-in services.
pub fn names() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|known| known.name)
}
