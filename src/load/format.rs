//! String formats beyond JSON Schema's own: networks, secrets, versions.

use jsonschema::{ValidationOptions, Validator};
use serde_json::Value as Json;

/// A format: its name, what it accepts, and how to say it.
struct Format {
    name: &'static str,
    accepts: fn(&str) -> bool,
    words: &'static str,
}

const FORMATS: &[Format] = &[
    Format {
        name: "ipv4",
        accepts: |text| text.parse::<std::net::Ipv4Addr>().is_ok(),
        words: "an IPv4 address such as 10.20.30.11",
    },
    Format {
        name: "ipv6",
        accepts: |text| text.parse::<std::net::Ipv6Addr>().is_ok(),
        words: "an IPv6 address such as fd00:20::11",
    },
    Format {
        name: "ipv4-network",
        accepts: |text| text.parse::<ipnet::Ipv4Net>().is_ok_and(|net| net.addr() == net.network()),
        words: "an IPv4 network such as 10.20.104.0/24, host bits zero",
    },
    Format {
        name: "ipv6-network",
        accepts: |text| text.parse::<ipnet::Ipv6Net>().is_ok_and(|net| net.addr() == net.network()),
        words: "an IPv6 network such as fd00:20:104::/64, host bits zero",
    },
    Format {
        name: "hostname",
        accepts: is_hostname,
        words: "a DNS name (RFC 1123): letters, digits and hyphens, parts joined by dots",
    },
    Format {
        name: "secret",
        accepts: |text| text.strip_prefix("secret:").is_some_and(is_secret_name),
        words: "a reference such as secret:grr-pk1-mqtt, never the secret itself",
    },
    Format {
        name: "semver",
        accepts: |text| semver::Version::parse(text).is_ok(),
        words: "a semantic version such as 1.3.0",
    },
    Format {
        name: "semver-range",
        accepts: |text| semver::VersionReq::parse(text).is_ok(),
        words: "a range of versions such as \">=1.1, <2\"",
    },
    Format {
        name: "date",
        accepts: |text| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
        words: "a date such as 2026-11-22",
    },
];

/// The formats of JSON Schema 2020-12 itself.
const STANDARD: &[&str] = &[
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uuid",
    "uri-template",
    "json-pointer",
    "relative-json-pointer",
    "regex",
];

/// Every format that is checked.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|format| format.name).chain(STANDARD.iter().copied())
}

/// Says in words what a format accepts.
pub(super) fn words(format: &str) -> Option<&'static str> {
    FORMATS.iter().find(|known| known.name == format).map(|known| known.words)
}

/// A text that should be a JSON Schema and is none.
#[derive(Debug)]
pub(super) struct NoSchema {
    /// Where in it, as a pointer.
    pub(super) pointer: String,
    pub(super) message: String,
}

/// Compiles a JSON Schema (2020-12) with our formats; no reference is ever fetched.
pub(super) fn compile(schema: &Json) -> Result<Validator, NoSchema> {
    let mut options: ValidationOptions =
        jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
    for format in FORMATS {
        options = options.with_format(format.name, format.accepts);
    }
    options
        .build(schema)
        .map_err(|error| NoSchema { pointer: error.instance_path().to_string(), message: error.to_string() })
}

fn is_hostname(text: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    !text.is_empty() && text.len() <= 253 && text.split('.').all(label)
}

/// Whether a text may name a secret: what follows `secret:`.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
    (1..=128).contains(&name.len()) && name.bytes().all(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(format: &str, text: &str) -> bool {
        let known = FORMATS.iter().find(|known| known.name == format);
        known.is_some_and(|known| (known.accepts)(text))
    }

    #[test]
    fn formats_accept_what_they_say() {
        assert!(accepts("ipv4-network", "10.20.104.0/24") && !accepts("ipv4-network", "10.20.104.1/24"));
        assert!(!accepts("ipv4-network", "10.20.104.0") && !accepts("ipv4", "010.1.1.1"));
        assert!(accepts("ipv6-network", "fd00::/8") && accepts("ipv6", "::1"));
        assert!(accepts("hostname", "grr-edge-01.plant") && !accepts("hostname", "grr_edge"));
        assert!(accepts("secret", "secret:grr/mqtt") && !accepts("secret", "hunter2"));
        assert!(accepts("date", "2026-02-28") && !accepts("date", "2026-02-30"));
    }
}
