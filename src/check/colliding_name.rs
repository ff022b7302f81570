//! `colliding-name`: names of a rendered file that are one name to the device.

use super::names::{Name, names};
use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule {
    name: "colliding-name",
    level: Level::Error,
    soft: true,
    what: "Two things in a rendered file whose names are the same, or become the same where the product cuts them.",
    why: "The second overwrites the first or is merged into it, and the device says nothing.",
    instead: "Make names with `truncate_id`: it cuts them to the limit and keeps different names different.",
    see: "FortiOS 7 CLI Reference; Cisco ASA: object names of 64 characters; nftables: names of 255 bytes",
    check: Check::File(check),
};

fn check(_: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    let all = names(file);
    let mut first: BTreeMap<(&str, &str), &Name<'_>> = BTreeMap::new();
    for name in &all {
        let Some(known) = first.get(&(name.kind.as_str(), name.kept())) else {
            first.insert((&name.kind, name.kept()), name);
            continue;
        };
        let message = if known.text != name.text {
            let most = name.most;
            format!(
                "`{}` and `{}` ({}) are the same in their first {most} characters",
                known.text, name.text, name.kind
            )
        } else if name.block.is_some() && name.block == known.block {
            format!("`{}` ({}) is written twice", name.text, name.kind)
        } else {
            continue;
        };
        found.push(file.owned(RULE.found(message).at(file.line_at(name.at))));
    }
}
