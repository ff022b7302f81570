//! Names that a person would choose for a value: its key, the words before it, the block around it.

use super::shape::Slot;

/// Words that name nothing.
const EMPTY: &[&str] = &[
    "set",
    "the",
    "no",
    "to",
    "from",
    "of",
    "in",
    "a",
    "and",
    "or",
    "as",
    "is",
    "with",
    "on",
    "at",
    "end",
    "add",
    "use",
    "you",
    "may",
    "have",
    "change",
    "something",
    "else",
    "be",
    "by",
    "for",
    "this",
    "that",
    "define",
];
/// Words that cannot stand as a name in an expression, or mean something else there.
const TAKEN: &[&str] = &[
    "loop",
    "if",
    "for",
    "in",
    "not",
    "and",
    "or",
    "else",
    "is",
    "set",
    "true",
    "false",
    "none",
    "values",
    "line",
    "site",
    "area",
    "enterprise",
    "namespace",
    "item",
    "items",
    "keys",
    "get",
];

/// Makes a name of a text: lower case, digits and underscores, at most 32 long.
pub(super) fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    let words: Vec<&str> = out.split('_').filter(|word| !word.is_empty()).collect();
    let mut from =
        words.iter().position(|word| word.starts_with(|c: char| c.is_ascii_alphabetic())).unwrap_or(0);
    let length = |from: usize| words[from..].iter().map(|word| word.len() + 1).sum::<usize>();
    while from + 1 < words.len() && length(from) > 33 {
        from += 1;
    }
    let mut name = words.get(from..).unwrap_or_default().join("_");
    if name.is_empty() {
        return name;
    }
    name.truncate(32);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name = format!("n_{name}");
        name.truncate(32);
    }
    name.trim_end_matches('_').to_owned()
}

/// The same of a text whose words begin with capitals: `nodePort`.
fn slug_of_words(text: &str) -> String {
    let mut out = String::new();
    let mut small = 0;
    for c in text.chars() {
        if c.is_uppercase() && small > 1 {
            out.push('_');
        }
        small = if c.is_lowercase() { small + 1 } else { 0 };
        out.push(c);
    }
    slug(&out)
}

/// Makes an id of a text: lower case, digits and hyphens, at most 32 long; a number that it begins with stays.
pub fn id(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let whole = format!("n-{}", words.join("-"));
    if words.len() > 1 && words[0].starts_with(|c: char| c.is_ascii_digit()) && whole.len() <= 32 {
        return whole;
    }
    slug(text).replace('_', "-")
}

/// Lists names for a slot, the best first.
pub(super) fn candidates(slot: &Slot, file: &str) -> Vec<String> {
    let key = if is_port(slot) { port_name(slot) } else { own_name(slot) };
    let blocks: Vec<String> =
        slot.path.iter().map(|block| plain(block)).filter(|block| !block.is_empty()).collect();
    let mut out = vec![];
    let join = |parts: &[&str]| {
        let mut words: Vec<&str> = vec![];
        for word in parts.iter().flat_map(|part| part.split('_')).filter(|word| !word.is_empty()) {
            if words.last() != Some(&word) {
                words.push(word);
            }
        }
        words.join("_")
    };
    let is_vague = matches!(
        key.as_str(),
        "" | "ip" | "address" | "name" | "id" | "description" | "value" | "address_ip"
    );
    let near = blocks.last().map_or("", String::as_str);
    if is_vague && !near.is_empty() {
        out.push(join(&[near, &key]));
    }
    if !key.is_empty() {
        out.push(key.clone());
    }
    if !near.is_empty() {
        out.push(join(&[near, &key]));
    }
    if let [.., outer, near] = blocks.as_slice() {
        out.push(join(&[outer, near, &key]));
    }
    if out.is_empty() {
        let stem = file.rsplit('/').next().unwrap_or(file);
        let stem = stem.split('.').next().unwrap_or(stem);
        out.push(join(&[&slug(stem), "value"]));
    }
    if slot.is_layout {
        // What it lays out keeps its name for its own value.
        out =
            out.iter().map(|name| format!("{}_spacing", name.chars().take(24).collect::<String>())).collect();
    }
    let mut names: Vec<String> = vec![];
    for name in out.into_iter().map(|name| safe(&slug(&name))) {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A name that may stand in an expression.
pub(super) fn safe(name: &str) -> String {
    if TAKEN.contains(&name) { format!("{name}_value") } else { name.to_owned() }
}

/// Returns whether a value may have a name: some mean something else in an expression.
pub fn may_be_named(name: &str) -> bool {
    !TAKEN.contains(&name)
}

fn plain(block: &str) -> String {
    let words: Vec<&str> = block
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty() && !EMPTY.contains(&word.to_lowercase().as_str()))
        .collect();
    slug_of_words(&words.join("_"))
}

/// The name that the line itself gives a value.
pub(super) fn own_name(slot: &Slot) -> String {
    let left = without_scheme(slot.left.trim_start());
    if let Some(name) = option(left).or_else(|| attribute(left)) {
        return name;
    }
    let key = super::tree::key_of(left);
    let behind =
        left[left.find(key).unwrap_or(0) + key.len()..].trim_start_matches(['"', '\'', ' ', '=', ':']);
    let is_last_key = !key.is_empty()
        && (left[left.find(key).unwrap_or(0) + key.len()..].matches(['=', ':']).count() <= 1
            || is_prefix(behind));
    if is_last_key {
        return slug_of_words(key);
    }
    // The last key before the value: `a=1 b=`, `"a": 1, "b": `.
    let body = left.trim_end_matches([' ', '"', '\'', '[', '(']);
    if let Some(before) = body.strip_suffix(['=', ':']) {
        let before = before.trim_end_matches([' ', '"', '\'']);
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let name = &before[before.trim_end_matches(is_part).len()..];
        if name.chars().any(char::is_alphabetic) {
            return slug_of_words(name);
        }
    }
    // An XML element: `<name>value`.
    if let Some(open) = body.strip_suffix('>')
        && let Some(at) = open.rfind('<')
    {
        let name = open[at + 1..].split([' ', '\t']).next().unwrap_or_default();
        if !name.is_empty() && !name.starts_with('/') {
            return slug_of_words(name);
        }
    }
    let words: Vec<&str> = left
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'))
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic()) && word.len() > 1)
        .filter(|word| !EMPTY.contains(&word.to_lowercase().as_str()))
        .collect();
    slug_of_words(&words[words.len().saturating_sub(2)..].join("_"))
}

/// `run --port 9100`: the option names the value.
fn option(left: &str) -> Option<String> {
    let word = left.trim_end_matches([' ', '=', '"', '\'']).rsplit([' ', '\t']).next()?;
    let name = word.strip_prefix("--").filter(|name| name.len() < left.len() - 2)?;
    let is_name =
        name.starts_with(char::is_alphabetic) && name.chars().all(|c| c.is_alphanumeric() || c == '-');
    is_name.then(|| slug_of_words(name))
}

/// `<Node id="ns=2;s=`: the attribute names the value, with its element where it says little.
fn attribute(left: &str) -> Option<String> {
    let element: String = left
        .strip_prefix('<')?
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ':'))
        .collect();
    if left.matches('"').count().is_multiple_of(2) {
        return None;
    }
    let name = left[..left.rfind('"')?].strip_suffix('=')?.rsplit([' ', '\t']).next()?;
    let is_vague = name.len() < 4 || matches!(name, "name" | "value" | "address" | "type");
    Some(slug_of_words(&if is_vague { format!("{element}_{name}") } else { name.to_owned() }))
}

/// `"Port"=dword:` and `image: registry/collector:`: what stands right before the value belongs to it.
fn is_prefix(behind: &str) -> bool {
    let word = behind.strip_suffix(':').unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    !word.is_empty() && word.chars().all(is_part)
}

/// Whether a value is a number behind an address or a host: `10.0.0.1:502`, `*:80`, `http://localhost:8080`.
fn is_port(slot: &Slot) -> bool {
    let Some(host) = slot.left.strip_suffix(':') else { return false };
    let is_host =
        host.ends_with(|c: char| c.is_ascii_digit() || matches!(c, ' ' | '*' | ']')) || host.contains("//");
    let is_number =
        |text: &str| text.len() <= 5 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_host && !host.trim().is_empty() && slot.values.iter().flatten().all(|value| is_number(value))
}

/// `server a 10.0.0.1:`: what names the host names its port.
fn port_name(slot: &Slot) -> String {
    let before = slot.left.trim_end_matches(|c: char| !c.is_whitespace());
    let left = if before.trim().is_empty() { slot.left.clone() } else { before.to_owned() };
    let name = own_name(&Slot { left, ..slot.clone() });
    if name.is_empty() { "port".to_owned() } else { format!("{name}_port") }
}

/// `endpoint = "opc.tcp://`: the key names the value, not the scheme.
fn without_scheme(left: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-');
    left.strip_suffix("://").map_or(left, |rest| rest.trim_end_matches(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(left: &str, value: &str) -> String {
        let values = vec![Some(value.into())];
        let slot = Slot { scope: 0, values, path: vec![], left: left.into(), file: 0, is_layout: false };
        candidates(&slot, "a.conf").swap_remove(0)
    }

    #[test]
    fn the_nearest_word_that_means_it_names_a_value() {
        assert_eq!(named("ExecStart=/opt/run --config /etc/x.toml --port ", "9100"), "port");
        assert_eq!(named("<Node id=\"ns=2;s=", "Oven"), "node_id");
        assert_eq!(named("<Log level=\"info\" path=\"", "/var/log"), "path");
        assert_eq!(named("\"Port\"=dword:", "000003e9"), "port");
        assert_eq!(named("  image: registry.example/collector:", "1.4.2"), "image");
        assert_eq!(named(" server a 10.0.0.1:", "502"), "server_port");
        assert_eq!(named("bind *:", "8080"), "bind_port");
        assert_eq!(named("port: ", "8080"), "port");
    }

    #[test]
    fn names_are_names() {
        assert_eq!(slug("RRH_LO_FREQUENCY_KHZ"), "rrh_lo_frequency_khz");
        assert_eq!(slug("40001 x"), "x");
        assert_eq!(slug_of_words("nodePort"), "node_port");
        assert_eq!(slug_of_words("IPv4Address"), "ipv4address");
        assert_eq!(slug("123"), "n_123");
        assert_eq!(id("GALIL-IOC-02"), "galil-ioc-02");
        assert_eq!(id("10974_ZW4002"), "n-10974-zw4002");
        assert_eq!(id("42"), "n-42");
        assert!(slug(&"very_long_words_".repeat(9)).len() <= 32);
    }
}
