//! What a value is: its type, as JSON Schema and as YAML.

use super::program::{address, network, number};
use super::solve::Parameter;
use serde_json::{Map, Value, json};

/// What the values of a parameter are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Integer,
    Boolean,
    Ipv4,
    Ipv6,
    Network4,
    Network6,
    /// An address with the length of its network.
    Interface,
    Mac,
    Secret,
}

/// Decides the type of a parameter by all of its values.
pub(super) fn type_of(parameter: &Parameter) -> Type {
    let values: Vec<&str> = parameter.row.iter().flatten().map(|value| &**value).collect();
    let all = |test: &dyn Fn(&str) -> bool| !values.is_empty() && values.iter().all(|value| test(value));
    let may_be_empty = parameter.row.iter().any(Option::is_none) || parameter.usually.is_some();
    if all(&super::secrets::is_token) {
        Type::Secret
    } else if may_be_empty {
        Type::Text
    } else if all(&|value| matches!(value, "true" | "false")) {
        Type::Boolean
    } else if all(&is_integer) {
        Type::Integer
    } else if all(&|value| value.parse::<std::net::Ipv4Addr>().is_ok()) {
        Type::Ipv4
    } else if all(&|value| value.parse::<std::net::Ipv6Addr>().is_ok()) {
        Type::Ipv6
    } else if all(&|value| address(value).is_some_and(|(_, length)| length.is_some())) {
        let is_network = |value: &str| {
            address(value)
                .is_some_and(|(address, length)| number(address) == network(address, length.unwrap_or(0)))
        };
        let is_v4 = all(&|value| address(value).is_some_and(|(address, _)| address.is_ipv4()));
        match (all(&is_network), is_v4) {
            (true, true) => Type::Network4,
            (true, false) if all(&|value| value.contains(':')) => Type::Network6,
            _ => Type::Interface,
        }
    } else if all(&is_mac) {
        Type::Mac
    } else {
        Type::Text
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty()
        && digits.len() <= 15
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (digits == "0" && text == "0" || !digits.starts_with('0'))
}

fn is_mac(text: &str) -> bool {
    text.len() == 17
        && text.split(':').all(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl Type {
    /// Returns a value as it stands in a line file.
    pub(super) fn value(self, text: Option<&str>) -> Value {
        match (self, text) {
            (_, None) => json!(""),
            (Self::Integer, Some(text)) => text.parse::<i64>().map_or(json!(text), |number| json!(number)),
            (Self::Boolean, Some(text)) => json!(text == "true"),
            (_, Some(text)) => json!(text),
        }
    }

    /// Returns the type's JSON Schema.
    pub(super) fn schema(self) -> Map<String, Value> {
        let (kind, more) = match self {
            Self::Integer => ("integer", None),
            Self::Boolean => ("boolean", None),
            Self::Text => ("string", None),
            Self::Ipv4 => ("string", Some(("format", "ipv4"))),
            Self::Ipv6 => ("string", Some(("format", "ipv6"))),
            Self::Network4 => ("string", Some(("format", "ipv4-network"))),
            Self::Network6 => ("string", Some(("format", "ipv6-network"))),
            Self::Interface => ("string", Some(("pattern", "^[0-9A-Fa-f.:]+/[0-9]{1,3}$"))),
            Self::Mac => ("string", Some(("pattern", "^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$"))),
            Self::Secret => ("string", Some(("format", "secret"))),
        };
        let mut out = Map::new();
        out.insert("type".into(), json!(kind));
        if let Some((key, value)) = more {
            out.insert(key.into(), json!(value));
        }
        out
    }

    /// Returns the type in words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "whole number",
            Self::Boolean => "yes or no",
            Self::Ipv4 => "IPv4 address",
            Self::Ipv6 => "IPv6 address",
            Self::Network4 => "IPv4 network",
            Self::Network6 => "IPv6 network",
            Self::Interface => "address with prefix length",
            Self::Mac => "hardware address",
            Self::Secret => "secret",
        }
    }
}
