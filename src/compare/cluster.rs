//! Clusters: the same difference on several lines, also where it is the same only modulo each line's own values.

use std::collections::BTreeMap;

/// The same difference on one or more lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// `C1` is the largest.
    pub id: String,
    /// The lines.
    pub lines: Vec<String>,
    /// What they have in common, with the names of parameters in place of their values.
    pub summary: String,
    /// Whether the standard should be asked whether it is wrong there.
    pub promote: bool,
}

/// From how many lines, and from which share of all, a cluster is worth a change of the standard.
const PROMOTE_LINES: usize = 3;
const PROMOTE_SHARE: usize = 4;

/// Whether so many of all lines are a reason to look at the standard.
pub(crate) fn worth_promoting(lines: usize, of: usize) -> bool {
    lines >= PROMOTE_LINES && lines * PROMOTE_SHARE >= of
}

/// A text with a line's own values replaced by their names, the longest first.
pub(crate) fn named(text: &str, parameters: &BTreeMap<String, String>) -> String {
    let mut own: Vec<(&String, &String)> = parameters.iter().filter(|(_, value)| value.len() > 1).collect();
    own.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(b.0)));
    own.iter().fold(text.to_owned(), |text, (name, value)| replace_word(&text, value, &format!("{{{name}}}")))
}

/// Replaces a value where it is not part of a longer word or number.
fn replace_word(text: &str, value: &str, name: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(value) {
        if at < from {
            continue;
        }
        let before = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        let after = text[at + value.len()..].chars().next().is_some_and(char::is_alphanumeric);
        if !before && !after {
            out.push_str(&text[from..at]);
            out.push_str(name);
            from = at + value.len();
        }
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_values_are_replaced() {
        let own = BTreeMap::from([
            ("net".to_owned(), "10.1".to_owned()),
            ("line".to_owned(), "line-01".to_owned()),
        ]);
        assert_eq!(named("10.1.0.2 10.10.0.2 110.1 line-01/gw", &own), "{net}.0.2 10.10.0.2 110.1 {line}/gw");
    }
}
