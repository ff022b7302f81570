//! Names that Cisco's products have for ports, protocols and kinds of ICMP; they are not those of /etc/services.

use super::super::names;

/// TCP ports by name (Cisco IOS Security Command Reference, `access-list (IP extended)`; ASA General CLI, "Addresses, Protocols, and Ports").
const TCP: &[(&str, u16)] = &[
    ("aol", 5190), ("bgp", 179), ("chargen", 19), ("cifs", 3020), ("citrix-ica", 1494), ("cmd", 514), ("rsh", 514), ("ctiqbe", 2748),
    ("connectedapps-plain", 15001), ("connectedapps-tls", 15002), ("daytime", 13), ("discard", 9), ("domain", 53), ("drip", 3949),
    ("echo", 7), ("exec", 512), ("finger", 79), ("ftp", 21), ("ftp-data", 20), ("gopher", 70), ("h323", 1720), ("hostname", 101),
    ("http", 80), ("https", 443), ("ident", 113), ("imap4", 143), ("irc", 194), ("kerberos", 750), ("klogin", 543), ("kshell", 544), ("ldap", 389),
    ("ldaps", 636), ("login", 513), ("lotusnotes", 1352), ("lpd", 515), ("msrpc", 135), ("netbios-ssn", 139), ("nfs", 2049), ("nntp", 119),
    ("onep-plain", 15001), ("onep-tls", 15002), ("pcanywhere-data", 5631), ("pim-auto-rp", 496), ("pop2", 109), ("pop3", 110),
    ("pptp", 1723), ("rtsp", 554), ("sip", 5060), ("smtp", 25), ("sqlnet", 1521), ("ssh", 22), ("sunrpc", 111), ("syslog", 514),
    ("tacacs", 49), ("tacacs-ds", 65), ("talk", 517), ("telnet", 23), ("time", 37), ("uucp", 540), ("whois", 43), ("www", 80),
];

/// UDP ports by name.
const UDP: &[(&str, u16)] = &[
    ("biff", 512), ("bootpc", 68), ("bootps", 67), ("cifs", 3020), ("discard", 9), ("dnsix", 195), ("nameserver", 42), ("domain", 53), ("echo", 7), ("http", 80), ("www", 80),
    ("isakmp", 500), ("kerberos", 750), ("mobile-ip", 434), ("netbios-dgm", 138), ("netbios-ns", 137), ("netbios-ss", 139),
    ("nfs", 2049), ("non500-isakmp", 4500), ("ntp", 123), ("pcanywhere-status", 5632), ("pim-auto-rp", 496), ("radius", 1645),
    ("radius-acct", 1646), ("rip", 520), ("ripv6", 521), ("secureid-udp", 5510), ("sip", 5060), ("snmp", 161), ("snmptrap", 162), ("sunrpc", 111),
    ("syslog", 514), ("tacacs", 49), ("talk", 517), ("tftp", 69), ("time", 37), ("vxlan", 4789), ("who", 513), ("xdmcp", 177),
];

/// Returns the number of a port; some names mean one port in TCP and another in UDP.
pub(super) fn port(name: &str, protocol: Option<u128>) -> Option<u16> {
    let find = |table: &[(&str, u16)]| table.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    names::decimal(name).or_else(|| match protocol {
        Some(6) => find(TCP),
        Some(17) => find(UDP),
        // In a group for both, a name must mean the same in both.
        _ => match (find(TCP), find(UDP)) {
            (Some(tcp), Some(udp)) if tcp != udp => None,
            (tcp, udp) => tcp.or(udp),
        },
    })
}

/// Returns the number of a protocol; `None` inside is any protocol.
pub(super) fn protocol(name: &str) -> Option<Option<u8>> {
    Some(Some(match name {
        "ip" | "ipv6" | "ip4" => return Some(None),
        "ahp" | "ah" => 51,
        "esp" | "ipsec" => 50,
        "icmp" => 1,
        "icmp6" => 58,
        "igrp" => 9,
        "ipinip" => 4,
        "nos" => 94,
        "pcp" => 108,
        "pptp" => 47,
        "snp" => 109,
        "tcp" | "udp" | "gre" | "igmp" | "eigrp" | "ospf" | "pim" | "sctp" => names::protocol(name)?,
        number => names::decimal(number)?,
    }))
}

/// Types of ICMP, and codes where a name says one.
const ICMP: &[(&str, u8, Option<u8>)] = &[
    ("echo-reply", 0, None), ("unreachable", 3, None), ("net-unreachable", 3, Some(0)), ("host-unreachable", 3, Some(1)),
    ("protocol-unreachable", 3, Some(2)), ("port-unreachable", 3, Some(3)), ("packet-too-big", 3, Some(4)), ("source-route-failed", 3, Some(5)),
    ("network-unknown", 3, Some(6)), ("host-unknown", 3, Some(7)), ("host-isolated", 3, Some(8)), ("dod-net-prohibited", 3, Some(9)),
    ("dod-host-prohibited", 3, Some(10)), ("net-tos-unreachable", 3, Some(11)), ("host-tos-unreachable", 3, Some(12)),
    ("administratively-prohibited", 3, Some(13)), ("host-precedence-unreachable", 3, Some(14)), ("precedence-unreachable", 3, Some(15)),
    ("source-quench", 4, None), ("redirect", 5, None), ("net-redirect", 5, Some(0)), ("host-redirect", 5, Some(1)), ("net-tos-redirect", 5, Some(2)),
    ("host-tos-redirect", 5, Some(3)), ("alternate-address", 6, None), ("echo", 8, None), ("router-advertisement", 9, None),
    ("router-solicitation", 10, None), ("time-exceeded", 11, None), ("ttl-exceeded", 11, Some(0)), ("reassembly-timeout", 11, Some(1)),
    ("parameter-problem", 12, None), ("general-parameter-problem", 12, Some(0)), ("option-missing", 12, Some(1)), ("no-room-for-option", 12, Some(2)),
    ("timestamp-request", 13, None), ("timestamp-reply", 14, None), ("information-request", 15, None), ("information-reply", 16, None),
    ("mask-request", 17, None), ("mask-reply", 18, None), ("traceroute", 30, None), ("conversion-error", 31, None), ("mobile-redirect", 32, None),
];

/// Types of ICMPv6, and codes where a name says one.
const ICMPV6: &[(&str, u8, Option<u8>)] = &[
    ("unreachable", 1, None), ("no-route", 1, Some(0)), ("no-admin", 1, Some(1)), ("beyond-scope", 1, Some(2)), ("address-unreachable", 1, Some(3)), ("port-unreachable", 1, Some(4)),
    ("packet-too-big", 2, None), ("time-exceeded", 3, None), ("hop-limit", 3, Some(0)), ("reassembly-timeout", 3, Some(1)), ("parameter-problem", 4, None),
    ("header", 4, Some(0)), ("next-header", 4, Some(1)), ("parameter-option", 4, Some(2)), ("echo", 128, None), ("echo-request", 128, None),
    ("echo-reply", 129, None), ("mld-query", 130, None), ("membership-query", 130, None), ("mld-report", 131, None), ("membership-report", 131, None),
    ("mld-reduction", 132, None), ("membership-reduction", 132, None), ("router-solicitation", 133, None), ("router-advertisement", 134, None),
    ("nd-ns", 135, None), ("neighbor-solicitation", 135, None), ("nd-na", 136, None), ("neighbor-advertisement", 136, None), ("neighbor-redirect", 137, None), ("redirect", 137, None),
    ("router-renumbering", 138, None), ("mldv2", 143, None),
];

/// Returns the type of ICMP that a name or number says, and the code if it says one.
pub(super) fn icmp(name: &str, is_v6: bool) -> Option<(u8, Option<u8>)> {
    let table = if is_v6 { ICMPV6 } else { ICMP };
    let known = table.iter().find(|(known, ..)| *known == name).map(|(_, kind, code)| (*kind, *code));
    known.or_else(|| names::decimal(name).map(|kind| (kind, None)))
}
