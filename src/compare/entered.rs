//! What stands on an IOS-like device after a file has been entered: a file that can be loaded again removes its lists
//! before it writes them, and binds others in between. A device shows only the outcome.

use super::indented::Statement;
use std::collections::HashSet;

/// Lets removals and later bindings take effect at the top of a configuration.
pub(crate) fn settled(statements: Vec<Statement<'_>>) -> Vec<Statement<'_>> {
    let mut kept: Vec<Statement<'_>> = Vec::with_capacity(statements.len());
    for statement in statements {
        match removed(&statement.text) {
            Some(removed) => kept.retain(|other| !removed.is(&other.text)),
            None => kept.push(statement),
        }
    }
    last_bindings(&mut kept);
    kept
}

/// Of two bindings at one place the later one counts; among the lines of an interface as well.
pub(crate) fn last_bindings(statements: &mut Vec<Statement<'_>>) {
    let mut later = HashSet::new();
    let mut stays = vec![true; statements.len()];
    for (at, statement) in statements.iter().enumerate().rev() {
        if let Some(place) = place(&statement.text) {
            stays[at] = later.insert(place);
        }
    }
    let mut stays = stays.into_iter();
    statements.retain(|_| stays.next().unwrap_or(true));
}

/// Where a statement binds a list.
pub(crate) fn place(text: &str) -> Option<String> {
    const BEGIN: &[&str] = &["ip access-group ", "ipv6 traffic-filter ", "access-group "];
    if !BEGIN.iter().any(|begin| text.starts_with(begin)) {
        return None;
    }
    let words: Vec<&str> = text.split(' ').collect();
    match words.as_slice() {
        ["ip", "access-group", _, direction] => Some(format!("ip access-group {direction}")),
        ["ipv6", "traffic-filter", _, direction] => Some(format!("ipv6 traffic-filter {direction}")),
        ["access-group", _, "global"] => Some("access-group global".into()),
        ["access-group", _, direction, "interface", name, ..] => {
            Some(format!("access-group {direction} interface {name}"))
        }
        _ => None,
    }
}

/// What a statement takes away.
enum Removed {
    /// A section.
    Section(String),
    /// All lines that begin so.
    Lines(String),
}

impl Removed {
    fn is(&self, text: &str) -> bool {
        match self {
            Self::Section(section) => text == section,
            Self::Lines(start) => text.starts_with(start.as_str()),
        }
    }
}

fn removed(text: &str) -> Option<Removed> {
    if let Some(list) = text.strip_prefix("clear configure access-list ") {
        return Some(Removed::Lines(format!("access-list {list} ")));
    }
    let section = text.strip_prefix("no ")?;
    let is_list = ["ip access-list ", "ipv6 access-list "].iter().any(|start| section.starts_with(start));
    is_list.then(|| Removed::Section(section.to_owned()))
}
