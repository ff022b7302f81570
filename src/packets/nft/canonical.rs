//! One spelling for everything that means the same: sets sorted, services as numbers, no counters, no comments.

use super::super::names;
use super::listing::{Chain, Set, Word, Words};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A rule in both its spellings.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub canon: String,
    pub shown: String,
    pub line: u32,
}

/// The rules of a chain that do something.
pub(crate) fn entries(chain: &Chain) -> Vec<Entry> {
    let entries =
        chain.rules.iter().map(|rule| Entry { canon: canon(rule), shown: shown(rule), line: rule.line });
    entries.filter(|entry| !entry.canon.is_empty()).collect()
}

/// A rule without what is not its meaning: counters, handles, comments.
pub(crate) fn strip(words: &[Word]) -> Vec<Word> {
    let mut out = vec![];
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.next() {
        match word.plain() {
            Some("counter") => skip_counter(&mut rest),
            Some("comment" | "handle") => {
                rest.next();
            }
            _ => out.push(word.clone()),
        }
    }
    out
}

fn skip_counter<'w>(rest: &mut std::iter::Peekable<impl Iterator<Item = &'w Word>>) {
    if rest.peek().is_some_and(|word| word.plain() == Some("name")) {
        rest.next();
        rest.next();
        return;
    }
    while rest.peek().is_some_and(|word| matches!(word.plain(), Some("packets" | "bytes"))) {
        rest.next();
        rest.next();
    }
}

/// A rule for people: as written, without what is not its meaning.
pub(crate) fn shown(rule: &Words) -> String {
    spell(&strip(&rule.words))
}

/// Words as text.
pub(crate) fn spell(words: &[Word]) -> String {
    let mut out = String::new();
    for word in words {
        match word {
            Word::Comma => out.push(','),
            word => {
                if !out.is_empty() && !out.ends_with(',') {
                    out.push(' ');
                }
                match word {
                    Word::Plain(text) => out.push_str(text),
                    Word::Quoted(text) => out.push_str(&format!("\"{text}\"")),
                    Word::Braces(items) => {
                        let items: Vec<String> = items.iter().map(|item| spell(item)).collect();
                        out.push_str(&format!("{{ {} }}", items.join(", ")));
                    }
                    Word::Comma => {}
                }
            }
        }
    }
    out
}

/// Words as text, lists sorted: `flags interval, timeout`.
pub(crate) fn spell_sorted(words: &[Word]) -> String {
    let mut parts: Vec<String> = words.split(|word| *word == Word::Comma).map(spell).collect();
    parts.sort();
    parts.join(",")
}

/// Type, hook and priority: priorities have names.
pub(crate) fn hook(words: &[Word]) -> String {
    let words: Vec<&str> = words
        .iter()
        .filter_map(|word| match word {
            Word::Plain(text) | Word::Quoted(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let at = words.iter().position(|word| *word == "priority").unwrap_or(words.len());
    let head = words[..at].join(" ");
    let rest = words.get(at + 1..).unwrap_or_default().concat();
    let policy = rest.find("policy").map_or(rest.as_str(), |at| &rest[..at]);
    format!("{head} priority {}", priority(policy, &head))
}

fn priority(text: &str, head: &str) -> String {
    let is_bridge = head.contains("bridge");
    let names: [(&str, i32); 7] = [
        ("raw", -300),
        ("mangle", -150),
        ("dstnat", if is_bridge { -300 } else { -100 }),
        ("filter", 0),
        ("security", 50),
        ("srcnat", if is_bridge { 300 } else { 100 }),
        ("out", 100),
    ];
    for (name, base) in names {
        if let Some(rest) = text.strip_prefix(name) {
            return if rest.is_empty() {
                base.to_string()
            } else {
                rest.parse::<i32>().map_or_else(|_| text.to_owned(), |offset| (base + offset).to_string())
            };
        }
    }
    text.to_owned()
}

/// A rule in the one spelling of its meaning.
fn canon(rule: &Words) -> String {
    let words = strip(&rule.words);
    let mut out: Vec<String> = vec![];
    let mut at = 0;
    while at < words.len() {
        let context = out.iter().rev().take(3).cloned().collect::<Vec<_>>();
        // `a,b` is a set in words; prefixes of log and the like are text and stay.
        if words.get(at + 1) == Some(&Word::Comma) {
            let mut items = vec![];
            while at < words.len() {
                items.push(vec![words[at].clone()]);
                if words.get(at + 1) != Some(&Word::Comma) {
                    break;
                }
                at += 2;
            }
            out.push(braces(&items, &context));
        } else {
            match &words[at] {
                Word::Braces(items) => out.push(braces(items, &context)),
                Word::Plain(text) => out.push(value(text, &context)),
                Word::Quoted(text) => out.push(text.clone()),
                Word::Comma => {}
            }
        }
        at += 1;
    }
    // `meta iifname` is `iifname`, and an explicit `==` says nothing.
    let mut tidy: Vec<String> = vec![];
    for word in out {
        if word == "==" {
            continue;
        }
        if matches!(word.as_str(), "iifname" | "oifname" | "iif" | "oif")
            && tidy.last().is_some_and(|last| last == "meta")
        {
            tidy.pop();
        }
        tidy.push(word);
    }
    tidy.join(" ")
}

fn braces(items: &[Vec<Word>], context: &[String]) -> String {
    let mut items: Vec<String> = items.iter().map(|item| element(item, context)).collect();
    items.sort();
    items.dedup();
    match items.as_slice() {
        [one] if !one.contains(' ') => one.clone(),
        _ => format!("{{ {} }}", items.join(", ")),
    }
}

fn element(words: &[Word], context: &[String]) -> String {
    let parts = strip(words);
    let parts: Vec<String> = parts
        .iter()
        .map(|word| match word {
            Word::Plain(text) => value(text, context),
            Word::Quoted(text) => text.clone(),
            other => spell(std::slice::from_ref(other)),
        })
        .collect();
    parts.join(" ")
}

/// The one spelling of a value, by the words before it.
fn value(text: &str, context: &[String]) -> String {
    let before = |word: &str| context.iter().any(|other| other == word);
    if let Some((first, last)) = text.split_once('-')
        && (before("dport") || before("sport") || first.parse::<IpAddr>().is_ok())
    {
        return format!("{}-{}", value(first, context), value(last, context));
    }
    if (before("dport") || before("sport"))
        && let Some(port) = names::service(text)
    {
        return port.to_string();
    }
    if (before("l4proto") || before("protocol") || before("nexthdr"))
        && let Some(protocol) = names::protocol(text)
    {
        return names::protocol_name(protocol.into());
    }
    prefix(text).unwrap_or_else(|| text.to_owned())
}

/// An address or prefix in its one spelling: host bits are masked, as nft does.
fn prefix(text: &str) -> Option<String> {
    let (address, length) =
        text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => {
            let length: u32 = length.map_or(Ok(32), str::parse).ok().filter(|length| *length <= 32)?;
            let mask = if length == 0 { 0 } else { u32::MAX << (32 - length) };
            let masked = Ipv4Addr::from(u32::from(address) & mask);
            Some(if length == 32 { masked.to_string() } else { format!("{masked}/{length}") })
        }
        IpAddr::V6(address) => {
            let length: u32 = length.map_or(Ok(128), str::parse).ok().filter(|length| *length <= 128)?;
            let mask = if length == 0 { 0 } else { u128::MAX << (128 - length) };
            let masked = Ipv6Addr::from(u128::from(address) & mask);
            Some(if length == 128 { masked.to_string() } else { format!("{masked}/{length}") })
        }
    }
}

/// The elements of a set: canonical spelling to the one shown.
pub(crate) fn elements(set: &Set) -> BTreeMap<String, String> {
    let kind = set.settings.get("type").or(set.settings.get("typeof")).cloned().unwrap_or_default();
    let context = if kind.contains("inet_service") || kind.contains("port") {
        vec!["dport".to_owned()]
    } else if kind.contains("inet_proto") || kind.contains("protocol") {
        vec!["l4proto".to_owned()]
    } else {
        vec![]
    };
    set.elements
        .iter()
        .map(|item| {
            let item: Vec<Word> = without_timers(item);
            (element(&item, &context), spell(&strip(&item)))
        })
        .collect()
}

/// An element that runs out says how long it has left; that is not its meaning.
fn without_timers(item: &[Word]) -> Vec<Word> {
    let mut out = vec![];
    let mut rest = item.iter();
    while let Some(word) = rest.next() {
        if word.plain() == Some("expires") {
            rest.next();
        } else {
            out.push(word.clone());
        }
    }
    out
}
