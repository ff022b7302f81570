//! What an instance calls itself: its name stands in lines that are the same line of the standard in all of them.

use super::Instance;
use super::lex::{Token, mask};

/// Stands for a name in a masked word.
pub(super) const OWN: &str = "<own>";
/// Names shorter than this may be anything.
const SHORTEST: usize = 3;
/// Instances that are asked whether a name is a word of the trade.
const ASKED: usize = 3;

/// The names of an instance as its files may write them.
#[derive(Debug, Clone, Default)]
pub(super) struct Own {
    forms: Vec<String>,
}

impl Own {
    /// Finds the names of each instance; a name that the others write as well is no name.
    pub(super) fn find(instances: &[Instance]) -> Vec<Self> {
        let step = instances.len().div_ceil(ASKED).max(1);
        let asked: Vec<usize> = (0..instances.len()).step_by(step).collect();
        let is_trade = |at: usize, name: &str| {
            let others = || asked.iter().filter(|other| **other != at && instances[**other].line != name);
            let writes = |other: &&usize| instances[**other].files.values().any(|text| text.contains(name));
            others().count() > 0 && others().all(|other| writes(&other))
        };
        instances
            .iter()
            .enumerate()
            .map(|(at, instance)| {
                let mut names = vec![&instance.line];
                if instances.iter().any(|other| other.site != instance.site) {
                    names.push(&instance.site);
                }
                names.retain(|name| name.len() >= SHORTEST && !is_trade(at, name));
                Self { forms: names.into_iter().flat_map(|name| forms(name)).collect() }
            })
            .collect()
    }

    /// The names that a text holds at all.
    pub(super) fn within(&self, text: &str) -> Self {
        Self { forms: self.forms.iter().filter(|form| text.contains(form.as_str())).cloned().collect() }
    }

    /// Returns whether a line may hold a name.
    pub(super) fn is_in(&self, line: &str) -> bool {
        self.forms.iter().any(|form| line.contains(form.as_str()))
    }

    /// Masks a token as [`mask`] does, and the names in it.
    pub(super) fn mask(&self, token: Token<'_>) -> String {
        let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        for form in &self.forms {
            let found = token.text.match_indices(form.as_str()).map(|(at, _)| at).find(|at| {
                let behind = &token.text[at + form.len()..];
                !is_part(token.text[..*at].chars().next_back()) && !is_part(behind.chars().next())
            });
            if let Some(at) = found {
                let part = |text| mask(Token { text, kind: token.kind });
                return format!("{}{OWN}{}", part(&token.text[..at]), part(&token.text[at + form.len()..]));
            }
        }
        mask(token)
    }
}

/// How a name is written: as it is, in upper case, with underscores, without separators, as a word.
fn forms(name: &str) -> Vec<String> {
    let mut first = name.chars();
    let capital =
        first.next().map_or_else(String::new, |c| c.to_uppercase().collect::<String>() + first.as_str());
    let mut out = vec![name.to_owned(), name.to_uppercase(), capital];
    if name.contains('-') {
        out.extend([name.replace('-', "_"), name.replace('-', "_").to_uppercase(), name.replace('-', "")]);
    }
    out
}
