//! Questions on a terminal: title, why, allowed values, a proposal; the answer is checked at once.

use super::Failure;
use dialoguer::{Input, Select};

/// One question.
pub(crate) struct Question<'a> {
    /// What is asked.
    pub(crate) title: String,
    /// Why, and by whom it can be answered; shown above the prompt.
    pub(crate) why: Option<String>,
    /// The words that are allowed; empty for any.
    pub(crate) choices: Vec<String>,
    /// What Enter gives.
    pub(crate) proposal: Option<String>,
    /// Says what is wrong with an answer.
    pub(crate) check: Box<dyn Fn(&str) -> Result<(), String> + 'a>,
}

/// Asks until the answer is good. A closed terminal ends the command; nothing was written.
pub(crate) fn ask(question: &Question<'_>) -> Result<String, Failure> {
    if let Some(why) = &question.why {
        eprint(why);
    }
    let gone = |_| Failure::new("the questions were not answered", "nothing was written");
    if !question.choices.is_empty() {
        let default = question.proposal.as_ref().and_then(|p| question.choices.iter().position(|c| c == p));
        let chosen = Select::new()
            .with_prompt(&question.title)
            .items(&question.choices)
            .default(default.unwrap_or(0))
            .interact()
            .map_err(gone)?;
        return Ok(question.choices[chosen].clone());
    }
    let mut input = Input::<String>::new()
        .with_prompt(&question.title)
        .allow_empty(true)
        .validate_with(|answer: &String| (question.check)(answer));
    if let Some(proposal) = &question.proposal {
        input = input.default(proposal.clone());
    }
    input.interact_text().map_err(gone)
}

fn eprint(text: &str) {
    use std::io::Write as _;
    // A terminal that went away is noticed by the question itself.
    let _ = writeln!(std::io::stderr().lock(), "\n{text}");
}
