//! Connections that files speak of: a draft of flows, for someone to own and decide.
//!
//! Two kinds are read: an endpoint that a client names (`opc.tcp://10.0.0.1:4840`), and a firewall rule that accepts.

use super::Instance;
pub(super) use super::report::Connection;
use std::collections::BTreeSet;

/// Ports that a scheme means.
const PORTS: &[(&str, u16)] = &[
    ("mqtt", 1883),
    ("mqtts", 8883),
    ("opc.tcp", 4840),
    ("http", 80),
    ("https", 443),
    ("ssh", 22),
    ("ftp", 21),
    ("amqp", 5672),
    ("modbus", 502),
    ("ldap", 389),
    ("ldaps", 636),
];

/// Finds the connections of the instances, each once.
pub(super) fn find(members: &[&Instance]) -> Vec<Connection> {
    let mut out: Vec<Connection> = vec![];
    let mut seen: BTreeSet<(String, String, String)> = BTreeSet::new();
    for member in members {
        for (path, text) in &member.files {
            let place = format!("{}/{path}", super::address(member));
            let found = in_text(text, path, &place);
            out.extend(found.filter(|c| seen.insert((c.from.clone(), c.to.clone(), c.service.clone()))));
        }
    }
    out
}

/// Finds the connections of one text.
pub(super) fn in_text(text: &str, path: &str, place: &str) -> impl Iterator<Item = Connection> {
    text.lines().enumerate().filter_map(move |(at, line)| {
        let place = format!("{place}:{}", at + 1);
        endpoint(line, path, &place).or_else(|| rule(line, &place))
    })
}

/// `scheme://host:port`.
fn endpoint(line: &str, path: &str, place: &str) -> Option<Connection> {
    let trimmed = line.trim_start();
    if trimmed.starts_with(['#', ';', '!', '<']) || trimmed.starts_with("//") {
        return None;
    }
    let at = line.find("://")?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    let scheme = &line[line[..at].trim_end_matches(is_part).len()..at];
    let rest = &line[at + 3..];
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | ',' | ')' | '<' | ';'))
        .unwrap_or(rest.len());
    let host = rest[..end].rsplit('@').next()?;
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) => (host, port.parse::<u16>().ok()?),
        None => (host, PORTS.iter().find(|(known, _)| *known == scheme)?.1),
    };
    let is_host = !host.is_empty()
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':'));
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0");
    (is_host && !is_here).then(|| Connection {
        from: path.split('/').next().unwrap_or(path).to_owned(),
        to: host.to_owned(),
        service: format!("{scheme} {port}"),
        place: place.to_owned(),
    })
}

/// `ip saddr A ip daddr B tcp dport N ... accept`; what a rule leaves open is `any`.
fn rule(line: &str, place: &str) -> Option<Connection> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_rule =
        words.contains(&"accept") && words.iter().any(|word| matches!(*word, "saddr" | "daddr" | "dport"));
    if !is_rule || words.first().is_some_and(|word| word.starts_with('#')) {
        return None;
    }
    let behind = |key: &str| {
        let at = words.iter().position(|word| *word == key)?;
        let first = *words.get(at + 1)?;
        if first != "{" {
            return Some(first.to_owned());
        }
        let end = words[at + 1..].iter().position(|word| *word == "}")?;
        Some(words[at + 2..at + 1 + end].concat())
    };
    let proto = words.iter().find(|word| matches!(**word, "tcp" | "udp" | "sctp")).copied().unwrap_or("any");
    let any = || "any".to_owned();
    Some(Connection {
        from: behind("saddr").unwrap_or_else(any),
        to: behind("daddr").unwrap_or_else(any),
        service: format!("{proto} {}", behind("dport").unwrap_or_else(any)),
        place: place.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_and_rules_are_connections() {
        let found = endpoint("  endpoint = \"opc.tcp://10.0.0.1:4840\"", "gateway/telegraf.conf", "x:1");
        let found = found.map(|c| (c.from, c.to, c.service));
        assert_eq!(found, Some(("gateway".into(), "10.0.0.1".into(), "opc.tcp 4840".into())));
        assert_eq!(endpoint("# see https://example.org/x", "a", "x:1"), None);
        let found = rule("ip saddr @gw ip daddr { 10.0.0.1, 10.0.0.2 } tcp dport 8883 accept", "x:1");
        let found = found.map(|c| (c.from, c.to, c.service));
        assert_eq!(found, Some(("@gw".into(), "10.0.0.1,10.0.0.2".into(), "tcp 8883".into())));
        assert_eq!(rule("ct state established accept", "x:1"), None);
    }
}
