//! `malformed-output`: a rendered file that its language does not allow.

use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
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
    let Err(problem) = read(file.syntax, &file.file.text) else { return };
    let message = format!("{} is no valid {}: {}", file.file.path, file.syntax, problem.message);
    found.push(file.owned(RULE.found(message).at(file.line_at(problem.at))));
}
