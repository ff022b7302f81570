//! A firewall before and after a change: which packets each device lets through now that it did not, or stops.

use crate::packets::firewall::{self, Firewall, Language};
use crate::packets::words::Names;
use crate::packets::{Difference, Field, NEW, Ranges, Region, Side, difference};
use crate::render::RenderedFile;

/// What a change does to one device.
pub(super) struct Turn {
    /// In words; nothing where the same packets pass.
    pub(super) words: Option<String>,
    /// What it may mean for production.
    pub(super) consequence: &'static str,
}

/// Compares what two files of a device let through; `None` where they are in no language that is read.
pub(super) fn turn(before: &RenderedFile, after: &RenderedFile, names: &Names) -> Option<Turn> {
    let language = Language::of_syntax(after.syntax)?;
    if before.syntax != after.syntax {
        return Some(Turn { words: Some(format!("is {} now", after.syntax)), consequence: "path" });
    }
    let (Ok(old), Ok(new)) = (firewall::read(language, &before.text), firewall::read(language, &after.text))
    else {
        return Some(Turn { words: Some("unknown: it cannot be read".into()), consequence: "path" });
    };
    let mut first = Region::all();
    first.set(Field::State, Ranges::one(NEW));
    let mut found = difference(side(&old), side(&new), Some(&first));
    let stateful = language.is_stateful();
    if found.is_none() && !stateful {
        // Answers follow from flows; where they alone change, that is the change.
        found = difference(side(&old), side(&new), None);
    }
    let words = if stateful { names.clone() } else { names.without_memory() }.sentence(&found, "");
    let words = (!found.is_none()).then(|| without_rules(&words));
    Some(Turn { words, consequence: consequence(&found) })
}

fn side(firewall: &Firewall) -> Side<'_> {
    Side { ruleset: &firewall.ruleset, gates: &firewall.gates }
}

fn consequence(found: &Difference) -> &'static str {
    if found.is_none() {
        "look"
    } else if found.is_unknown() || !found.opens.is_empty() {
        "path"
    } else {
        "data"
    }
}

/// The same without the rules that decide: their numbers are those of one line.
fn without_rules(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut rest = words;
    let start = |rest: &str| {
        let found = [" [intended rule", " [deployed rule"].map(|start| rest.find(start));
        found.into_iter().flatten().min()
    };
    while let Some(at) = start(rest) {
        out.push_str(&rest[..at]);
        rest = rest[at..].split_once(']').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::without_rules;

    #[test]
    fn rules_are_left_out() {
        assert_eq!(
            without_rules(
                "opens a [deployed rule 3, line 4]; stops b [intended rule 1], as far as it was open"
            ),
            "opens a; stops b, as far as it was open"
        );
    }
}
