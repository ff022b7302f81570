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

/// Makes an id of a text: lower case, digits and hyphens, at most 32 long.
pub fn id(text: &str) -> String {
    slug(text).replace('_', "-")
}

/// Lists names for a slot, the best first.
pub(super) fn candidates(slot: &Slot, file: &str) -> Vec<String> {
    let key = own_name(slot);
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
    let key = super::tree::key_of(left);
    let is_last_key =
        !key.is_empty() && left[left.find(key).unwrap_or(0) + key.len()..].matches(['=', ':']).count() <= 1;
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

/// `endpoint = "opc.tcp://`: the key names the value, not the scheme.
fn without_scheme(left: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-');
    left.strip_suffix("://").map_or(left, |rest| rest.trim_end_matches(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names() {
        assert_eq!(slug("RRH_LO_FREQUENCY_KHZ"), "rrh_lo_frequency_khz");
        assert_eq!(slug("40001 x"), "x");
        assert_eq!(slug_of_words("nodePort"), "node_port");
        assert_eq!(slug_of_words("IPv4Address"), "ipv4address");
        assert_eq!(slug("123"), "n_123");
        assert_eq!(id("GALIL-IOC-02"), "galil-ioc-02");
        assert!(slug(&"very_long_words_".repeat(9)).len() <= 32);
    }
}
