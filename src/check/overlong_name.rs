//! `overlong-name`: a name in a rendered file that is longer than the product holds.

use super::names::names;
use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule {
    name: "overlong-name",
    level: Level::Error,
    soft: true,
    what: "A name or comment in a rendered file that is longer than the product holds.",
    why: "The device refuses the file in the window, or cuts the name, and rules that use the long one lose their way.",
    instead: "Make names with `truncate_id`: it cuts them to the limit and keeps different names different.",
    see: "FortiOS 7 CLI Reference; Cisco ASA: object names of 64 characters; nftables: comments of 128 bytes",
    check: Check::File(check),
};

fn check(_: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    for name in names(file).iter().filter(|name| name.text.len() > name.most) {
        let (kind, most) = (&name.kind, name.most);
        let message = format!("`{}` ({kind}) has {} characters; {most} are kept", name.text, name.text.len());
        found.push(file.owned(RULE.found(message).at(file.line_at(name.at))));
    }
}
