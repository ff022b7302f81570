//! Names of protocols, ports and kinds of ICMP, as nft and people write them.

/// Protocols by name (IANA, Assigned Internet Protocol Numbers).
const PROTOCOLS: &[(&str, u8)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipencap", 4),
    ("tcp", 6),
    ("egp", 8),
    ("igp", 9),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6", 41),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmpv6", 58),
    ("ipv6-icmp", 58),
    ("eigrp", 88),
    ("ospf", 89),
    ("ipip", 94),
    ("pim", 103),
    ("comp", 108),
    ("vrrp", 112),
    ("l2tp", 115),
    ("isis", 124),
    ("sctp", 132),
    ("udplite", 136),
];

/// Returns the number of a protocol.
pub fn protocol(name: &str) -> Option<u8> {
    let known = PROTOCOLS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    known.or_else(|| decimal(name))
}

/// Returns the name of a protocol, or its number.
pub fn protocol_name(number: u128) -> String {
    let known = PROTOCOLS.iter().find(|(_, known)| u128::from(*known) == number);
    known.map_or_else(|| number.to_string(), |(name, _)| (*name).to_owned())
}

/// Services by name, as /etc/services calls them.
const SERVICES: &[(&str, u16)] = &[
    ("tcpmux", 1),
    ("echo", 7),
    ("discard", 9),
    ("systat", 11),
    ("daytime", 13),
    ("netstat", 15),
    ("qotd", 17),
    ("chargen", 19),
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("time", 37),
    ("whois", 43),
    ("tacacs", 49),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("gopher", 70),
    ("finger", 79),
    ("http", 80),
    ("www", 80),
    ("kerberos", 88),
    ("iso-tsap", 102),
    ("pop3", 110),
    ("sunrpc", 111),
    ("auth", 113),
    ("nntp", 119),
    ("ntp", 123),
    ("epmap", 135),
    ("netbios-ns", 137),
    ("netbios-dgm", 138),
    ("netbios-ssn", 139),
    ("imap2", 143),
    ("imap", 143),
    ("snmp", 161),
    ("snmp-trap", 162),
    ("snmptrap", 162),
    ("bgp", 179),
    ("irc", 194),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("isakmp", 500),
    ("mbap", 502),
    ("exec", 512),
    ("login", 513),
    ("cmd", 514),
    ("syslog", 514),
    ("printer", 515),
    ("submission", 587),
    ("ipp", 631),
    ("ldaps", 636),
    ("domain-s", 853),
    ("rsync", 873),
    ("imaps", 993),
    ("pop3s", 995),
    ("openvpn", 1194),
    ("ms-sql-s", 1433),
    ("ms-sql-m", 1434),
    ("radius", 1812),
    ("radius-acct", 1813),
    ("mqtt", 1883),
    ("nfs", 2049),
    ("mysql", 3306),
    ("ms-wbt-server", 3389),
    ("ipsec-nat-t", 4500),
    ("sip", 5060),
    ("sip-tls", 5061),
    ("mdns", 5353),
    ("postgresql", 5432),
    ("amqps", 5671),
    ("amqp", 5672),
    ("x11", 6000),
    ("syslog-tls", 6514),
    ("http-alt", 8080),
    ("secure-mqtt", 8883),
    ("zabbix-agent", 10050),
    ("zabbix-trapper", 10051),
];

/// Returns the number of a port.
pub fn service(name: &str) -> Option<u16> {
    let known = SERVICES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    known.or_else(|| decimal(name))
}

/// What people on a plant floor call a port.
const TRADE: &[(u8, u16, &str)] = &[
    (6, 102, "s7"),
    (6, 135, "opc-da"),
    (6, 502, "modbus"),
    (6, 1883, "mqtt"),
    (6, 2404, "iec104"),
    (6, 4840, "opcua"),
    (6, 5900, "vnc"),
    (6, 8883, "mqtts"),
    (6, 20000, "dnp3"),
    (6, 44818, "enip"),
    (6, 48898, "ads"),
    (6, 3389, "rdp"),
    (6, 22, "ssh"),
    (6, 23, "telnet"),
    (6, 443, "https"),
    (6, 80, "http"),
    (6, 53, "dns"),
    (6, 6514, "syslog-tls"),
    (6, 445, "smb"),
    (6, 21, "ftp"),
    (6, 1433, "ms-sql"),
    (6, 25, "smtp"),
    (17, 53, "dns"),
    (17, 123, "ntp"),
    (17, 161, "snmp"),
    (17, 162, "snmp-trap"),
    (17, 514, "syslog"),
    (17, 2222, "enip-io"),
    (17, 20000, "dnp3"),
    (17, 44818, "enip"),
    (17, 47808, "bacnet"),
    (17, 69, "tftp"),
];

/// Returns what people call a port of a protocol.
pub fn trade_name(protocol: u128, port: u128) -> Option<&'static str> {
    let known = TRADE.iter().find(|(p, number, _)| u128::from(*p) == protocol && u128::from(*number) == port);
    known.map(|(.., name)| *name)
}

/// Types of ICMP (RFC 792 and IANA).
const ICMP: &[(&str, u8)] = &[
    ("echo-reply", 0),
    ("destination-unreachable", 3),
    ("source-quench", 4),
    ("redirect", 5),
    ("echo-request", 8),
    ("router-advertisement", 9),
    ("router-solicitation", 10),
    ("time-exceeded", 11),
    ("parameter-problem", 12),
    ("timestamp-request", 13),
    ("timestamp-reply", 14),
    ("info-request", 15),
    ("info-reply", 16),
    ("address-mask-request", 17),
    ("address-mask-reply", 18),
];

/// Types of ICMPv6 (RFC 4443, 4861, 3810 and IANA).
const ICMPV6: &[(&str, u8)] = &[
    ("destination-unreachable", 1),
    ("packet-too-big", 2),
    ("time-exceeded", 3),
    ("parameter-problem", 4),
    ("echo-request", 128),
    ("echo-reply", 129),
    ("mld-listener-query", 130),
    ("mld-listener-report", 131),
    ("mld-listener-done", 132),
    ("mld-listener-reduction", 132),
    ("nd-router-solicit", 133),
    ("nd-router-advert", 134),
    ("nd-neighbor-solicit", 135),
    ("nd-neighbor-advert", 136),
    ("nd-redirect", 137),
    ("router-renumbering", 138),
    ("ind-neighbor-solicit", 141),
    ("ind-neighbor-advert", 142),
    ("mld2-listener-report", 143),
];

/// Returns the number of a type of ICMP, or of ICMPv6.
pub fn icmp(name: &str, is_v6: bool) -> Option<u8> {
    let table = if is_v6 { ICMPV6 } else { ICMP };
    table.iter().find(|(known, _)| *known == name).map(|(_, number)| *number).or_else(|| decimal(name))
}

/// Returns the name of a type of ICMP, or of ICMPv6.
pub fn icmp_name(number: u128, is_v6: bool) -> Option<&'static str> {
    let table = if is_v6 { ICMPV6 } else { ICMP };
    table.iter().find(|(_, known)| u128::from(*known) == number).map(|(name, _)| *name)
}

/// A number in decimal, and in no other spelling: nft reads `010` as eight.
pub fn decimal<N: std::str::FromStr>(text: &str) -> Option<N> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}
