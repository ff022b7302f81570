//! The IOS-like dialect: what is noise, which blocks are verbatim, what identifies a statement.

use super::indented::Statement;
use std::borrow::Cow;
use std::iter::{Enumerate, Peekable};
use std::str::Lines;
use std::sync::LazyLock;

/// Statements of which there is one, by their first words: the rest is the value.
const SINGLE: &[&str] = &[
    "hostname",
    "version",
    "mtu",
    "ip mtu",
    "description",
    "switchport mode",
    "switchport access vlan",
    "switchport voice vlan",
    "switchport trunk native vlan",
    "switchport trunk allowed vlan",
    "switchport trunk encapsulation",
    "switchport port-security maximum",
    "switchport port-security violation",
    "speed",
    "duplex",
    "bandwidth",
    "delay",
    "exec-timeout",
    "ip domain-name",
    "ip domain name",
    "ip default-gateway",
    "router-id",
    "name",
    "transport input",
    "transport output",
    "enable secret",
    "enable password",
    "snmp-server location",
    "snmp-server contact",
    "snmp-server chassis-id",
    "clock timezone",
    "logging buffered",
    "logging trap",
    "logging console",
    "logging source-interface",
    "ntp source",
    "spanning-tree mode",
    "encapsulation",
    "channel-group",
    "vtp mode",
    "vtp domain",
    "session-timeout",
    "privilege",
    "secret",
    "password",
    "ip http server",
    "load-interval",
    "standby version",
    "service-policy input",
    "service-policy output",
    "storm-control broadcast level",
    "storm-control multicast level",
    "default-metric",
    "maximum-paths",
    "ip ssh version",
    "ip ssh time-out",
    "udld port",
    "carrier-delay",
    "media-type",
];

/// Whether a line is said by the device and not by its owner.
pub(crate) fn is_noise(line: &str) -> bool {
    let trimmed = line.trim_start();
    trimmed.starts_with("Building configuration")
        || trimmed.starts_with("Current configuration")
        || trimmed.starts_with("ntp clock-period")
        || line == "end"
        || trimmed == "exit"
        || trimmed == "exit-address-family"
}

/// Whether a text may hold a verbatim block.
pub(crate) fn has_blocks(text: &str) -> bool {
    text.contains("banner ") || text.contains("certificate ")
}

/// How a verbatim block ends.
#[derive(Debug)]
pub(crate) struct BlockEnd<'t> {
    /// The statement without its delimiter.
    pub key: &'t str,
    delimiter: String,
    is_banner: bool,
}

/// Whether a line opens a verbatim block.
pub(crate) fn block_end<'t>(line: &'t str, parent: Option<&str>) -> Option<BlockEnd<'t>> {
    if line.starts_with("certificate ")
        && parent.is_some_and(|parent| parent.starts_with("crypto pki certificate chain"))
    {
        return Some(BlockEnd { key: line, delimiter: "quit".into(), is_banner: false });
    }
    let rest = line.strip_prefix("banner ")?;
    let kind = rest.split_whitespace().next()?;
    let key = &line[.."banner ".len() + kind.len()];
    let delimiter = line[key.len()..].trim_start();
    let delimiter =
        if delimiter.starts_with("^C") { "^C".to_owned() } else { delimiter.chars().next()?.to_string() };
    Some(BlockEnd { key, delimiter, is_banner: true })
}

/// Reads a block with its first line; `None` if it never ends.
pub(crate) fn read_block(
    first: &str,
    end: &BlockEnd<'_>,
    rest: &mut Peekable<Enumerate<Lines<'_>>>,
) -> Option<String> {
    let mut out = first.to_owned();
    if end.is_banner {
        let opened = first[end.key.len()..].trim_start();
        if opened[end.delimiter.len()..].contains(&end.delimiter) {
            return Some(out);
        }
    }
    for (_, line) in rest.by_ref() {
        out.push('\n');
        out.push_str(if end.is_banner { line } else { line.trim_end() });
        let ends = if end.is_banner { line.contains(&end.delimiter) } else { line.trim() == end.delimiter };
        if ends {
            return Some(out);
        }
    }
    None
}

/// What a banner says, without the sign that its owner chose to end it with: the device lists its own.
pub(crate) fn banner_text(block: &str, end: &BlockEnd<'_>) -> Option<String> {
    let opened = block.strip_prefix(end.key)?.trim_start().strip_prefix(end.delimiter.as_str())?;
    let (said, _) = opened.split_once(end.delimiter.as_str())?;
    end.is_banner.then(|| format!("{}\n{said}", end.key))
}

/// Gives a statement its identity, and takes apart what says several things.
pub(crate) fn refine<'t>(mut statement: Statement<'t>, out: &mut Vec<Statement<'t>>) {
    if let Cow::Borrowed(text) = statement.text {
        if let Some(members) =
            vlan_members(text).filter(|members| members.len() > 1 && statement.children.is_empty())
        {
            out.extend(members.into_iter().map(|member| Statement {
                text: Cow::Owned(format!("vlan {member}")),
                line: statement.line,
                from: Some(text),
                ..Statement::default()
            }));
            return;
        }
        if let Some(split) = split_username(text, &statement) {
            return out.push(split);
        }
    }
    if continue_list(&statement.text, out) {
        return;
    }
    statement.key = key(&statement.text);
    statement.canon = list_canon(&statement.text);
    out.push(statement);
}

const ALLOWED: &str = "switchport trunk allowed vlan ";

/// A long list of VLANs goes on in a second line, `... vlan add 20,30`: the device breaks it where it is too wide.
fn continue_list(text: &str, siblings: &mut [Statement<'_>]) -> bool {
    let more = text.strip_prefix(ALLOWED).and_then(|rest| rest.strip_prefix("add "));
    let Some(more) = more.filter(|more| members(more).is_some()) else { return false };
    let is_list = |one: &&mut Statement<'_>| one.text.starts_with(ALLOWED) && one.canon.is_some();
    let Some(list) = siblings.iter_mut().rev().find(is_list) else { return false };
    list.text = Cow::Owned(format!("{},{more}", list.text));
    list.canon = list_canon(&list.text);
    true
}

/// [`SINGLE`] by the first letter, the longest first.
static BY_LETTER: LazyLock<[Vec<&str>; 26]> = LazyLock::new(|| {
    let mut by_letter = [const { vec![] }; 26];
    for first_words in SINGLE {
        by_letter[letter(first_words).unwrap_or_default()].push(*first_words);
    }
    by_letter.iter_mut().for_each(|words| words.sort_by_key(|words| std::cmp::Reverse(words.len())));
    by_letter
});

fn letter(text: &str) -> Option<usize> {
    text.bytes().next().filter(u8::is_ascii_lowercase).map(|byte| usize::from(byte - b'a'))
}

/// The first words of a statement of which there is one.
fn single(statement: &str) -> Option<&'static str> {
    let is_there = |words: &&str| {
        statement.strip_prefix(*words).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    BY_LETTER[letter(statement)?].iter().copied().find(is_there)
}

/// What identifies a statement, where it is not the whole text: `no shutdown` is about `shutdown`.
fn key(text: &str) -> Option<Cow<'static, str>> {
    let positive = text.strip_prefix("no ").unwrap_or(text);
    if let Some(first_words) = single(positive) {
        return Some(Cow::Borrowed(first_words));
    }
    if positive.starts_with("ip address ") && !positive.ends_with(" secondary") {
        return Some(Cow::Borrowed("ip address"));
    }
    if let Some(place) = super::entered::place(positive) {
        return Some(Cow::Owned(place));
    }
    (positive.len() < text.len()).then(|| Cow::Owned(positive.to_owned()))
}

/// The numbers of `vlan 10-12,20`.
fn vlan_members(text: &str) -> Option<Vec<u16>> {
    members(text.strip_prefix("vlan ")?)
}

fn members(list: &str) -> Option<Vec<u16>> {
    let mut out = vec![];
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if first > last || last > 4094 {
            return None;
        }
        out.extend(first..=last);
    }
    out.sort_unstable();
    out.dedup();
    Some(out)
}

/// One spelling for lists of VLANs.
fn list_canon(text: &str) -> Option<String> {
    let members = members(text.strip_prefix(ALLOWED)?)?;
    let members: Vec<String> = members.iter().map(u16::to_string).collect();
    Some(format!("{ALLOWED}{}", members.join(",")))
}

/// `username ops privilege 15 secret 9 x` says three things about one user.
fn split_username<'t>(text: &'t str, statement: &Statement<'t>) -> Option<Statement<'t>> {
    let rest = text.strip_prefix("username ")?;
    let name = rest.split(' ').next()?;
    let mut parts = rest[name.len()..].split_whitespace().peekable();
    let mut children = vec![];
    while let Some(word) = parts.next() {
        let mut words = vec![word];
        match word {
            "privilege" | "role" | "view" | "access-class" => words.extend(parts.next()),
            "secret" | "password" => words.extend(parts.by_ref()),
            _ => {}
        }
        let text = words.join(" ");
        let secret = statement.secret.clone().filter(|(secret, _)| text.ends_with(secret.as_str()));
        let key = key(&text);
        children.push(Statement {
            text: Cow::Owned(text),
            key,
            line: statement.line,
            secret,
            ..Statement::default()
        });
    }
    let head = Cow::Borrowed(&text[.."username ".len() + name.len()]);
    Some(Statement { text: head, line: statement.line, children, ..Statement::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_is_the_first_words_where_there_is_one_value() {
        assert_eq!(key("mtu 9000").as_deref(), Some("mtu"));
        assert_eq!(key("no shutdown").as_deref(), Some("shutdown"));
        assert_eq!(key("no description").as_deref(), Some("description"));
        assert_eq!(key("ip access-group OT-IN in").as_deref(), Some("ip access-group in"));
        assert_eq!(key("ntp server 10.0.0.1"), None);
        assert_eq!(vlan_members("vlan 10-12,20"), Some(vec![10, 11, 12, 20]));
    }
}
