//! Changes that keep a value what it is: an address another address, a number another number, a word another word
//! that may stand there.

use crate::source::Content;
use ipnet::IpNet;
use jiff::civil::Date;
use std::net::IpAddr;

/// Returns other values of the same kind, the gentlest first; none where nothing can be changed.
pub(super) fn others(value: &Content, key: &str) -> Vec<Content> {
    match value {
        Content::Null | Content::Seq(_) | Content::Map(_) => vec![],
        Content::Bool(value) => vec![Content::Bool(!value)],
        Content::Int(value) => vec![Content::Int(value + 1), Content::Int(value * 2 + 10)],
        Content::Uint(value) => vec![Content::Uint(value - 1)],
        Content::Float(value) => vec![Content::Float(value + 1.0), Content::Float(value * 2.0 + 10.5)],
        Content::Str(text) => texts(text, key).into_iter().map(|text| Content::Str(text.into())).collect(),
    }
}

fn texts(text: &str, key: &str) -> Vec<String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return vec![next_address(address).to_string()];
    }
    if let Ok(net) = text.parse::<IpNet>() {
        return networks(net);
    }
    if let Ok(date) = text.parse::<Date>() {
        let day = if date.day() > 1 { date.day() - 1 } else { 2 };
        let other = Date::new(date.year(), date.month(), day);
        return [other, Date::new(date.year() + 1, date.month(), 1)]
            .into_iter()
            .flatten()
            .map(|d| d.to_string())
            .collect();
    }
    if let Ok(version) = text.parse::<semver::Version>() {
        return vec![semver::Version { patch: version.patch + 1, ..version }.to_string()];
    }
    if key == "formula" {
        return vec![format!("{text} + 1"), format!("1 + {text}")];
    }
    if is_expression(text) {
        return vec![];
    }
    let middle = text.char_indices().map(|(at, _)| at).nth(text.chars().count() / 2).unwrap_or(0);
    let mut found = vec![format!("{text}x"), format!("x{text}")];
    if !text.contains("{{") {
        found.push(format!("{}x{}", &text[..middle], &text[middle..]));
    }
    found
}

/// Whether a text is one expression and nothing else: its inputs are the sources, not the text.
pub(super) fn is_expression(text: &str) -> bool {
    let inner = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    inner.is_some_and(|inner| !inner.contains("{{"))
}

fn next_address(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            IpAddr::from([a, b, c, if d < 254 { d + 1 } else { d - 1 }])
        }
        IpAddr::V6(address) => IpAddr::from((u128::from(address) ^ 1).to_be_bytes()),
    }
}

/// The neighbour of the same length, and one that is longer.
fn networks(net: IpNet) -> Vec<String> {
    let neighbour = match net {
        IpNet::V4(net) if net.prefix_len() > 0 => {
            let bit = 1u32 << (32 - net.prefix_len());
            ipnet::Ipv4Net::new((u32::from(net.addr()) ^ bit).into(), net.prefix_len()).ok().map(IpNet::V4)
        }
        IpNet::V6(net) if net.prefix_len() > 0 => {
            let bit = 1u128 << (128 - net.prefix_len());
            ipnet::Ipv6Net::new((u128::from(net.addr()) ^ bit).into(), net.prefix_len()).ok().map(IpNet::V6)
        }
        _ => None,
    };
    let longer = IpNet::new(net.addr(), net.prefix_len() + 1).ok();
    neighbour.into_iter().chain(longer).map(|net| net.to_string()).collect()
}

/// Another id: one that nothing else has.
pub(super) fn other_id(id: &str) -> String {
    if id.ends_with(|c: char| c.is_ascii_digit()) { format!("{id}97") } else { format!("{id}x") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_keeps_the_kind() {
        assert_eq!(texts("10.0.0.254", ""), ["10.0.0.253"]);
        assert_eq!(texts("10.20.104.0/24", ""), ["10.20.105.0/24", "10.20.104.0/25"]);
        assert_eq!(texts("2027-05-18", ""), ["2027-05-17", "2028-05-01"]);
        assert_eq!(texts("{{ a }}", ""), Vec::<String>::new());
        assert_eq!(texts("{{ a }}-{{ b }}", ""), ["{{ a }}-{{ b }}x", "x{{ a }}-{{ b }}"]);
        assert_eq!(texts("ab", ""), ["abx", "xab", "axb"]);
    }
}
