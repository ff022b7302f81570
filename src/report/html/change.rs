//! What a change does and who must agree, as a part of a page.

use super::diff;
use crate::report::change::{Approval, Because, Change, Group};
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
            @if change.effect.groups.is_empty() { p .empty { "No rendered file changes." } }
            @if !change.effect.paths.is_empty() {
                ul .paths { @for path in &change.effect.paths { li { b { (clean(&path.meaning)) } " " (clean(&some(&path.lines, NAMES))) } } }
            }
            @if !change.effect.unknown.is_empty() {
                p .unknown { span .chip.untold { "cannot tell" } " for " (clean(&some(&change.effect.unknown, NAMES))) ": they do not render" }
            }
            @for group in &change.effect.groups { (effect(group)) }
        }
        @if change.old > 0 {
            p .about { (plural(change.old, "finding")) " of before " (if change.old == 1 { "does" } else { "do" }) " not count." }
        }
    }
}

fn row(approval: &Approval) -> Markup {
    let because: Vec<String> = approval.because.iter().map(Because::words).collect();
    html! {
        tr {
            th scope="row" { (clean(&approval.right)) }
            td data-label="Decides" { b { (clean(&approval.decides)) } " " (clean(&approval.team)) }
            td data-label="Agrees" { (clean(&approval.agrees.join(", "))) }
            td data-label="Within" { (approval.within()) }
            td data-label="Because of" { (clean(&some(&because, NAMES))) }
        }
    }
}

fn effect(group: &Group) -> Markup {
    let tone = match group.consequence {
        _ if group.is_grave() => "grave",
        "look" => "mild",
        _ => "drift",
    };
    let varies = if group.varies { ", each with its own values" } else { "" };
    html! {
        section .effect.card.(tone) {
            header { span .chip.(tone) { (group.consequence) } h4 { (clean(&group.path)) } span .chip { "+" (group.added) " −" (group.removed) } }
            p .place { (plural(group.lines.len(), "line")) ": " (clean(&some(&group.lines, NAMES))) (varies) }
            @if !group.diff.is_empty() { details open { summary { "Change" } (diff(&group.diff)) } }
        }
    }
}
