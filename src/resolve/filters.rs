//! Filters and tests that the field expects: addresses and networks, slugs, PackML.
//!
//! Each is documented with an example in [`DOCS`], and each example is a test.

use super::expression::{Error, Value};
use super::strict::Strict;
use ipnet::{IpNet, Ipv4Net};
use minijinja::ErrorKind;
use std::net::IpAddr;

/// A filter or test: its name, what it does, an expression and its result.
pub struct Doc {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub what: &'static str,
    /// An expression that uses it.
    pub example: &'static str,
    /// What the expression gives.
    pub gives: &'static str,
}

macro_rules! docs {
    ($($name:literal $what:literal $example:literal $gives:literal;)*) => {
        /// Every filter and test beyond MiniJinja's own.
        pub const DOCS: &[Doc] =
            &[$(Doc { name: $name, what: $what, example: $example, gives: $gives },)*];
    };
}

docs! {
    "host" "The k-th address of a network, counted from its first; from the end when negative." "'10.20.104.0/24'|host(10)" "10.20.104.10";
    "offset" "The address k further on, or back when negative; a prefix length is left out." "'10.20.255.4/31'|offset(1)" "10.20.255.5";
    "network" "The address of the network that an address with prefix lies in." "'10.20.104.17/24'|network" "10.20.104.0";
    "netmask" "The netmask of an IPv4 network." "'10.20.104.0/22'|netmask" "255.255.252.0";
    "wildcard" "The inverted netmask of an IPv4 network, as IOS wants it." "'10.20.104.0/22'|wildcard" "0.0.3.255";
    "prefix_length" "The prefix length of a network." "'10.20.104.0/22'|prefix_length" "22";
    "broadcast" "The last address of an IPv4 network." "'10.20.104.0/22'|broadcast" "10.20.107.255";
    "subnet" "The n-th subnet of a prefix length, counted from 0." "'10.20.0.0/16'|subnet(24, 104)" "10.20.104.0/24";
    "contains" "Whether an address or network lies in a network." "'10.20.0.0/16'|contains('10.20.3.4')" "true";
    "ipv4" "Test: whether a text is an IPv4 address or network." "'10.0.0.1' is ipv4" "true";
    "ipv6" "Test: whether a text is an IPv6 address or network." "'fd00::/8' is ipv6" "true";
    "slug" "Lower-case letters, digits and hyphens only." "'Abfüllung Halle 3'|slug" "abf-llung-halle-3";
    "zero_pad" "A whole number with leading zeros." "7|zero_pad(3)" "007";
    "hex_id" "The first n hex digits of the BLAKE3 of a text: the same id in every run." "'grr/pk1 filler'|hex_id(8)" "209adfc8";
    "env_name" "A name for an environment variable." "'grr-pk1-mqtt'|env_name" "GRR_PK1_MQTT";
    "truncate_id" "A name within a limit: cut, with a suffix that keeps different names different." "'a-very-long-object-name'|truncate_id(12)" "a-very-1dbb8";
    "mermaid" "A text as a label of a Mermaid diagram, to stand in double quotes." "'Line \"A\" <1>'|mermaid" "Line #34;A#34; #60;1#62;";
    "gather" "Function: a container that a loop can add to. Jinja's `namespace` by another name, which stands for the names of a line here." "gather(count=1).count" "1";
    "packml_number" "The number of a PackML state (ISA-TR88.00.02)." "'Execute'|packml_number" "6";
    "packml_states" "PackML states by number." "packml_states()[6]" "Execute";
}

/// The states of ISA-TR88.00.02 in the order of their numbers, from 1.
pub const PACKML_STATES: [&str; 17] = [
    "Clearing",
    "Stopped",
    "Starting",
    "Idle",
    "Suspended",
    "Execute",
    "Stopping",
    "Aborting",
    "Aborted",
    "Holding",
    "Held",
    "Unholding",
    "Suspending",
    "Unsuspending",
    "Resetting",
    "Completing",
    "Completed",
];

/// Adds all of them to an environment.
pub fn add_to(strict: &mut Strict<'_>) {
    strict.filter("host", host);
    strict.filter("offset", offset);
    strict.filter("network", |net: &str| Ok::<_, Error>(parse(net)?.network().to_string()));
    strict.filter("netmask", |net: &str| Ok::<_, Error>(parse_v4(net, "netmask")?.netmask().to_string()));
    strict.filter("wildcard", |net: &str| Ok::<_, Error>(parse_v4(net, "wildcard")?.hostmask().to_string()));
    strict
        .filter("broadcast", |net: &str| Ok::<_, Error>(parse_v4(net, "broadcast")?.broadcast().to_string()));
    strict.filter("prefix_length", |net: &str| Ok::<_, Error>(parse(net)?.prefix_len()));
    strict.filter("subnet", subnet);
    strict.filter("contains", contains);
    strict.test("ipv4", |text: &str| parse(text).is_ok_and(|net| matches!(net, IpNet::V4(_))));
    strict.test("ipv6", |text: &str| parse(text).is_ok_and(|net| matches!(net, IpNet::V6(_))));
    strict.filter("slug", |text: &str| slug(text));
    strict.filter("zero_pad", zero_pad);
    strict.filter("hex_id", hex_id);
    strict.filter("env_name", |text: &str| env_name(text));
    strict.filter("truncate_id", truncate_id);
    strict.filter("mermaid", |text: &str| mermaid(text));
    strict.filter("packml_number", packml_number);
    strict.filter("packml_states", |_: Value| packml_states());
    strict.function("packml_states", packml_states);
    strict.function("gather", minijinja::functions::namespace);
}

fn bad(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// An address counts as the network of that one address.
fn parse(text: &str) -> Result<IpNet, Error> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| bad(format!("`{text}` is no address or network")))
}

fn parse_v4(text: &str, what: &str) -> Result<Ipv4Net, Error> {
    match parse(text)? {
        IpNet::V4(net) => Ok(net),
        IpNet::V6(_) => Err(bad(format!("an IPv6 network has no {what}: `{text}`"))),
    }
}

fn host(net: &str, k: i64) -> Result<String, Error> {
    let net = parse(net)?;
    let outside = || bad(format!("`{net}` has no host {k}"));
    let offset = |base: u128, size_bits: u32| -> Result<u128, Error> {
        let size = if size_bits >= 128 { u128::MAX } else { 1u128 << size_bits };
        let step = if k >= 0 {
            u128::from(k.unsigned_abs())
        } else {
            size.checked_sub(k.unsigned_abs().into()).ok_or_else(outside)?
        };
        if step >= size { Err(outside()) } else { Ok(base + step) }
    };
    match net {
        IpNet::V4(v4) => {
            let sum = offset(u32::from(v4.network()).into(), 32 - u32::from(v4.prefix_len()))?;
            Ok(std::net::Ipv4Addr::from(sum as u32).to_string())
        }
        IpNet::V6(v6) => {
            let sum = offset(u128::from(v6.network()), 128 - u32::from(v6.prefix_len()))?;
            Ok(std::net::Ipv6Addr::from(sum).to_string())
        }
    }
}

fn offset(text: &str, k: i64) -> Result<String, Error> {
    let outside = || bad(format!("there is no address {k} from `{text}`"));
    let address = text.split_once('/').map_or(text, |(address, _)| address);
    parse(text)?;
    match address.parse::<IpAddr>().map_err(|_| outside())? {
        IpAddr::V4(v4) => {
            let sum = i64::from(u32::from(v4)).checked_add(k).and_then(|sum| u32::try_from(sum).ok());
            Ok(std::net::Ipv4Addr::from(sum.ok_or_else(outside)?).to_string())
        }
        IpAddr::V6(v6) => {
            let sum = u128::from(v6).checked_add_signed(k.into()).ok_or_else(outside)?;
            Ok(std::net::Ipv6Addr::from(sum).to_string())
        }
    }
}

fn subnet(net: &str, length: u8, n: u64) -> Result<String, Error> {
    let net = parse(net)?;
    let outside = || bad(format!("`{net}` has no subnet {n} of length /{length}"));
    let shift = |bits: u32, base: u128| -> Result<u128, Error> {
        if u32::from(length) > bits || length < net.prefix_len() {
            return Err(outside());
        }
        let free = u32::from(length - net.prefix_len());
        if free < 64 && u128::from(n) >= 1u128 << free {
            return Err(outside());
        }
        let step = u128::from(n).checked_shl(bits - u32::from(length)).unwrap_or(0);
        Ok(base + step)
    };
    match net {
        IpNet::V4(v4) => {
            let base = shift(32, u32::from(v4.network()).into())?;
            Ok(format!("{}/{length}", std::net::Ipv4Addr::from(base as u32)))
        }
        IpNet::V6(v6) => {
            let base = shift(128, u128::from(v6.network()))?;
            Ok(format!("{}/{length}", std::net::Ipv6Addr::from(base)))
        }
    }
}

fn contains(net: &str, inner: &str) -> Result<bool, Error> {
    Ok(parse(net)?.contains(&parse(inner)?))
}

fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

fn zero_pad(number: &Value, width: usize) -> Result<String, Error> {
    let text = number.to_string();
    if width > 64 || text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad(format!("`{text}` is no whole number that can be padded")));
    }
    Ok(format!("{text:0>width$}"))
}

fn hex_id(text: &str, digits: Option<usize>) -> String {
    let digits = digits.unwrap_or(16).clamp(1, 64);
    blake3::hash(text.as_bytes()).to_hex()[..digits].to_owned()
}

/// Names an environment variable after `text`.
pub fn env_name(text: &str) -> String {
    let mut name: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

fn truncate_id(text: &str, limit: usize) -> Result<String, Error> {
    const SUFFIX: usize = 5;
    if text.len() <= limit {
        return Ok(text.to_owned());
    }
    if limit <= SUFFIX + 1 {
        return Err(bad(format!("a limit of {limit} leaves no room for a name")));
    }
    let mut end = limit - SUFFIX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Ok(format!("{}{}", &text[..end], hex_id(text, Some(SUFFIX))))
}

/// Mermaid knows no escapes but numbers of characters; whatever one of its grammars, its preprocessor or Markdown could
/// read is written so.
pub fn mermaid(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            // Two of them begin a formula even as numbers; a blank of no width keeps them apart.
            '$' if out.ends_with("#36;") => out.push_str("\u{200b}#36;"),
            c if c.is_alphanumeric() || " .,:/()+→·…-".contains(c) => out.push(c),
            c if c.is_control() || c.is_whitespace() => out.push(' '),
            c => out.push_str(&format!("#{};", c as u32)),
        }
    }
    out
}

fn packml_number(state: &str) -> Result<usize, Error> {
    PACKML_STATES
        .iter()
        .position(|known| known.eq_ignore_ascii_case(state))
        .map(|index| index + 1)
        .ok_or_else(|| bad(format!("`{state}` is no PackML state")))
}

fn packml_states() -> Value {
    Value::from_pairs(PACKML_STATES.iter().enumerate().map(|(index, name)| (index + 1, *name)))
}

#[cfg(test)]
mod tests {
    use super::super::expression::{Scope, evaluate};
    use super::*;

    #[test]
    fn every_documented_example_gives_what_it_says() {
        let scope = Scope::new::<&str>([]);
        for doc in DOCS {
            let value = evaluate(doc.example, &scope).unwrap_or_else(|error| panic!("{}: {error}", doc.name));
            let text = super::super::expression::text_of(&value).unwrap_or_default();
            assert_eq!(text, doc.gives, "{}", doc.name);
        }
    }

    #[test]
    fn edges_of_networks() {
        assert_eq!(host("fd00::/64", 10).ok().as_deref(), Some("fd00::a"));
        assert_eq!(host("10.0.0.0/24", -1).ok().as_deref(), Some("10.0.0.255"));
        assert!(host("10.0.0.0/24", 256).is_err() && host("10.0.0.0/30", -5).is_err());
        assert_eq!(offset("10.0.1.0", -1).ok().as_deref(), Some("10.0.0.255"));
        assert_eq!(offset("fd00::ffff/64", 1).ok().as_deref(), Some("fd00::1:0"));
        assert!(offset("0.0.0.0", -1).is_err() && offset("255.255.255.255/32", 1).is_err());
        assert!(subnet("10.0.0.0/16", 24, 256).is_err() && subnet("10.0.0.0/16", 8, 0).is_err());
        assert_eq!(subnet("::/0", 128, 1).ok().as_deref(), Some("::1/128"));
        assert!(parse_v4("fd00::/8", "netmask").is_err());
    }
}
