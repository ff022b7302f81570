//! A firewall before and after a change: which packets each device lets through now that it did not, or stops.

use crate::packets::firewall::{self, Firewall, Language};
use crate::packets::words::Names;
use crate::packets::{Field, NEW, Ranges, Region, Side, difference};
use crate::render::RenderedFile;

/// What a device lets through after a change and did not before, and what it stops, in words; `None` where the same
/// packets pass, or where its file is in no language that is read.
pub(super) fn words(before: &RenderedFile, after: &RenderedFile, names: &Names) -> Option<String> {
    let language = Language::of_syntax(after.syntax)?;
    if before.syntax != after.syntax {
        return Some(format!("is written in {} now, and was in {}", after.syntax, before.syntax));
    }
    let read = |file: &RenderedFile| firewall::read(language, &file.text);
    let (Ok(old), Ok(new)) = (read(before), read(after)) else {
        return Some("unknown: it cannot be read".into());
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
    (!found.is_none()).then(|| without_rules(&words))
}

fn side(firewall: &Firewall) -> Side<'_> {
    Side { ruleset: &firewall.ruleset, gates: &firewall.gates }
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
