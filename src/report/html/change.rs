//! What a change does and who must agree, as a part of a page.

use super::{diff, facts};
use crate::compare::Class;
use crate::report::change::{Approval, Change, Group};
use crate::report::words::{clean, plural, some};
use maud::{Markup, html};

/// Most names in a sentence.
const NAMES: usize = 12;

pub(super) fn draw(change: &Change) -> Markup {
    html! {
        @if !change.approvals.is_empty() {
            section #approvals aria-labelledby="approvals-title" {
                h2 #approvals-title { "Who must agree" }
                table {
                    thead { tr { th scope="col" { "Right" } th scope="col" { "Decides" } th scope="col" { "Agrees" } th scope="col" { "Within" } th scope="col" { "Because of" } } }
                    tbody { @for approval in &change.approvals { (row(approval)) } }
                }
            }
        }
        section #effect aria-labelledby="effect-title" {
            h2 #effect-title { "What it does" }
            @if change.effect.groups.is_empty() { p .empty { "Nothing changes on any line." } }
            @for group in &change.effect.groups { (effect(group)) }
        }
        @if change.older > 0 {
            p .about { (plural(change.older, "finding")) " of before " (if change.older == 1 { "does" } else { "do" }) " not count." }
        }
    }
}

fn row(approval: &Approval) -> Markup {
    let because: Vec<String> = approval
        .because
        .iter()
        .map(|because| match &because.address {
            Some(address) => format!("{} {} ({address})", because.what, because.id),
            None => format!("{} {}", because.what, because.id),
        })
        .collect();
    html! {
        tr {
            th scope="row" { (clean(&approval.right)) }
            td { b { (clean(&approval.decides)) } " " (clean(&approval.team)) }
            td { (clean(&approval.agrees.join(", "))) }
            td { (approval.within_working_days.map(|days| plural(days as usize, "working day")).unwrap_or_default()) }
            td { (clean(&some(&because, NAMES))) }
        }
    }
}

fn effect(group: &Group) -> Markup {
    let tone = match group.consequence {
        Class::Path | Class::Security | Class::Data => "grave",
        Class::Metric | Class::Settings => "drift",
        Class::Look => "mild",
    };
    let title = group.meaning.clone().unwrap_or_else(|| group.path.clone());
    html! {
        section .effect.card.(tone) {
            header { span .chip.(tone) { (group.consequence.as_str()) } h4 { (clean(&title)) } span .chip { "+" (group.added) " −" (group.removed) } }
            p .place { (plural(group.lines.len(), "line")) ": " (clean(&some(&group.lines, NAMES))) }
            (facts(&[("File", group.path.clone())]))
            @if !group.diff.is_empty() { details open { summary { "Change" } (diff(&group.diff)) } }
        }
    }
}
