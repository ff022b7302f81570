//! `malformed-output`: a rendered file that its language does not allow.

use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::packets::Action;
use crate::packets::nft;
use crate::syntax::read;

pub(super) const RULE: Rule = Rule {
    name: "malformed-output",
    level: Level::Error,
    soft: false,
    what: "A rendered file that its language does not allow.",
    why: "The device refuses it in the window, or starts with half of it.",
    instead: "Correct the template.",
    see: "",
    check: Check::File(check),
};

fn check(_: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    let mut say = |message: &str, place: Place| {
        let message = format!("{} is no valid {}: {message}", file.file.path, file.syntax);
        found.push(file.owned(RULE.found(message).at(place)));
    };
    if let Err(problem) = read(file.syntax, &file.file.text) {
        say(&problem.message, file.line_at(problem.at));
    } else if file.syntax == "nft"
        && let Some((message, line)) = ruleset(&file.file.text)
    {
        say(&message, Place::line(&file.text(), line));
    }
}

/// What the structure of a ruleset shows, and brackets and quotes do not.
fn ruleset(text: &str) -> Option<(String, u32)> {
    let line = |line: usize| u32::try_from(line).unwrap_or(1).max(1);
    match nft::read(text) {
        Err(why) if why.is_unfollowed => None,
        Err(why) => Some((why.message, line(why.line))),
        Ok(read) => lost_jump(text, &read),
    }
}

/// A jump to a chain that is not there. Only a file that starts its tables anew says all their chains.
fn lost_jump(text: &str, read: &nft::Nft) -> Option<(String, u32)> {
    let anew = ["flush ruleset", "delete table", "destroy table"].iter().any(|words| text.contains(words));
    let chains = &read.ruleset.chains;
    let rules = chains.values().flatten().filter(|_| anew);
    let lost = rules.flat_map(|rule| {
        rule.parts.iter().filter_map(|part| match &part.action {
            Action::Jump(target) | Action::Goto(target) if !chains.contains_key(target) => {
                let name = target.rsplit(' ').next().unwrap_or(target);
                Some((format!("there is no chain `{name}` to go to"), rule.line))
            }
            _ => None,
        })
    });
    lost.min_by_key(|(_, line)| *line)
}
