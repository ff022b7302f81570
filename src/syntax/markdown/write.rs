//! Writing values into paragraphs, headings and cells.

use super::super::slots::{Reason, Slot};
use super::super::{CLOSE, Datum, OPEN, Refusal, literal, words};
use super::inline::{self, Open, Place};
use super::{Page, html};
use std::ops::Range;

/// What the lines are part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Paragraph,
    Heading,
    Cell,
}

/// The line or cell around a value.
struct Spot<'a> {
    kind: Kind,
    /// The template from the value to the end of the line or cell.
    after: &'a str,
    /// What is already written of the line.
    written: &'a str,
    /// Nothing but values that are blank follows.
    ends: bool,
    /// A bar in the value would make a table of the paragraph.
    below_rule: bool,
}

/// Fills the slots of lines that are read as one text.
pub(super) fn lines(
    page: &mut Page<'_>,
    lines: &[Range<usize>],
    kind: Kind,
    raw: &mut Option<String>,
) -> Result<(), Refusal> {
    let text = page.filling.text;
    let joined = lines.iter().map(|line| &text[line.clone()]).collect::<Vec<_>>().join("\n");
    let places = inline::places(&joined, kind == Kind::Paragraph, raw);
    if places.is_empty() {
        return Ok(());
    }
    let mut places = places.iter().peekable();
    let spans = page.count();
    let mut offset = 0;
    for (index, line) in lines.iter().enumerate() {
        page.filling.copy(line.start);
        let from = page.filling.out.len();
        while let Some((slot, place)) = places.next_if(|(slot, _)| slot.start < offset + line.len()) {
            let own = Slot {
                start: slot.start - offset + line.start,
                end: slot.end - offset + line.start,
                number: slot.number,
            };
            page.filling.copy(own.start);
            let after = &text[own.end..line.end];
            let rest = page.filling.substituted(after).unwrap_or_default();
            let rest = if kind == Kind::Heading { rest.trim_end().trim_end_matches('#') } else { &rest };
            let written = page.filling.out[from..].to_owned();
            let next_line = lines.get(index + 1).map_or("", |line| &text[line.clone()]);
            let spot = Spot {
                kind,
                after,
                written: &written,
                ends: rest.trim().is_empty(),
                below_rule: !next_line.trim().is_empty()
                    && next_line.bytes().all(|byte| b"-:| \t".contains(&byte))
                    || followed_by_rule(text, line.end),
            };
            write_in(page, own, place, &spot)?;
        }
        offset += line.len() + 1;
    }
    check_whole(page, &joined, spans)
}

/// Says whether the line below is made of what underlines the head of a table.
fn followed_by_rule(text: &str, end: usize) -> bool {
    let next = text[end..].lines().nth(1).unwrap_or_default();
    let next = next.trim_start_matches([' ', '>']);
    next.contains('-') && next.bytes().all(|byte| b"-:| \t".contains(&byte))
}

fn write_in(page: &mut Page<'_>, slot: Slot, place: &Place, spot: &Spot<'_>) -> Result<(), Refusal> {
    page.write(slot, |out, value| match place {
        Place::Text(open) => text(out, value, spot, *open),
        Place::Code(..) => code(out, value, spot),
        Place::Target => target(out, value, spot),
        Place::Angle => escaped(out, value, "the target of a link"),
        Place::Title => escaped(out, value, "the title of a link"),
        Place::Autolink => autolink(out, value),
        Place::Mail(_, in_domain) => mail(out, value, *in_domain),
        Place::Html(place) => html::write(out, value, place),
        Place::Nowhere(what) => Err(Reason::new(
            format!("a value cannot stand {}{what}", if what.starts_with("behind") { "" } else { "in " }),
            "write it in a paragraph, a cell, or in a link as [text](target)",
        )),
    })
}

fn code(out: &mut String, value: &Datum, spot: &Spot<'_>) -> Result<(), Reason> {
    let value = words::one_line(value, "a code span")?;
    let at_start = spot.written.trim().is_empty() && value.starts_with(char::is_whitespace);
    let at_end = spot.after.trim().is_empty() && value.ends_with(char::is_whitespace);
    let in_cell = spot.kind == Kind::Cell;
    let bar_lost = in_cell
        && (value.contains("\\|")
            || value.ends_with('\\')
            || (value.starts_with('|') && out.ends_with('\\')));
    let bar_harms = !in_cell && spot.below_rule && value.contains('|');
    if at_start || at_end || bar_lost || bar_harms {
        let message = format!("{} cannot stand in this code span", literal::shown(&value));
        return Err(Reason::new(message, "write the value outside the code span, or in fenced code"));
    }
    out.push_str(&if in_cell { value.replace('|', "\\|") } else { value.into_owned() });
    Ok(())
}

fn target(out: &mut String, value: &Datum, spot: &Spot<'_>) -> Result<(), Reason> {
    let text = words::one_line(value, "the target of a link")?;
    let whole = spot.written.ends_with("](") && spot.after.starts_with([')', ' ']);
    if whole && (text.is_empty() || text.contains([' ', '\t', '<', '>'])) {
        out.push('<');
        escaped(out, value, "the target of a link")?;
        out.push('>');
        return Ok(());
    }
    let value = text;
    if value.contains(char::is_whitespace) || value.contains(['<', '>']) || value.is_empty() {
        let message = format!("{} cannot be the target of a link", literal::shown(&value));
        return Err(Reason::new(message, "write the target as [text](<target>) in the template"));
    }
    for c in value.chars() {
        if "\\()[]\"'&|*_`~".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    Ok(())
}

/// Writes where backslash escapes are all there is.
fn escaped(out: &mut String, value: &Datum, place: &str) -> Result<(), Reason> {
    let value = words::one_line(value, place)?;
    for c in value.chars() {
        match c {
            '\t' | '`' => html::push_reference(out, c),
            _ if c.is_whitespace() && c != ' ' => html::push_reference(out, c),
            _ => {
                if "\\()[]\"'&|*_~<>".contains(c) {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
    Ok(())
}

fn autolink(out: &mut String, value: &Datum) -> Result<(), Reason> {
    let value = words::one_line(value, "an address between angle brackets")?;
    if let Some(bad) =
        value.chars().find(|c| !c.is_ascii_alphanumeric() && !"-._~/?#=+@:,;&!$'()*".contains(*c))
    {
        let message = format!("{bad:?} cannot stand in an address between angle brackets");
        return Err(Reason::new(message, "write the link as [text](<target>) in the template"));
    }
    out.push_str(&value);
    Ok(())
}

const MAIL_NEXT: &str = "write the link as [text](<mailto:address>) in the template";

/// Writes a part of an address of mail, which knows no escapes.
fn mail(out: &mut String, value: &Datum, in_domain: bool) -> Result<(), Reason> {
    let value = words::one_line(value, "an address of mail between angle brackets")
        .map_err(|reason| Reason::new(reason.message, MAIL_NEXT))?;
    let signs = if in_domain { "-." } else { ".!#$%'+/=?^_{}~-" };
    // Behind the bracket the first two would begin a declaration or an instruction.
    let begins_other = value.starts_with(['!', '?']);
    let other = value.contains(|c: char| !c.is_ascii_alphanumeric() && !signs.contains(c));
    if value.is_empty() || begins_other || other {
        let message = format!("{} cannot be part of an address of mail", literal::shown(&value));
        return Err(Reason::new(message, MAIL_NEXT));
    }
    out.push_str(&value);
    Ok(())
}

/// Refuses what makes of an address of mail something else; `filled` is all between the angle brackets.
fn check_mail(filled: &str) -> Result<(), Reason> {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_label = |label: &str| {
        edge(label.chars().next())
            && edge(label.chars().next_back())
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match filled.split_once('@') {
        Some((person, domain)) if !person.is_empty() && domain.split('.').all(is_label) => Ok(()),
        _ => Err(Reason::new(format!("{} is no address of mail", literal::shown(filled)), MAIL_NEXT)),
    }
}

/// Writes text: what would be markup gets a backslash.
fn text(out: &mut String, value: &Datum, spot: &Spot<'_>, open: Open) -> Result<(), Reason> {
    let value = words::one_line(value, "Markdown")?;
    let left = out.chars().next_back();
    // A bar ends the cell.
    let right = spot.after.chars().next().or((spot.kind == Kind::Cell).then_some('|'));
    if value.is_empty() {
        return check_joined(left, spot.after);
    }
    let reference = open_reference(spot.written);
    push_escaped(out, &value, spot, open, reference, right);
    Ok(())
}

/// Refuses nothing between two marks that mean more together.
fn check_joined(left: Option<char>, after: &str) -> Result<(), Reason> {
    let after = after.trim_start_matches([OPEN, CLOSE]);
    let Some((a, b)) = left.zip(after.chars().next()) else { return Ok(()) };
    let joins = (a == b && "*_~`".contains(a))
        || (a == ']' && "([:".contains(b))
        || (a == '!' && b == '[')
        || (a == '&' && (b.is_ascii_alphanumeric() || b == '#'))
        || (a == '<' && (b.is_ascii_alphabetic() || "/!?".contains(b)));
    if joins {
        return Err(Reason::new("an empty value would join the marks around it", "set the value"));
    }
    Ok(())
}

/// Says whether what is written ends with the beginning of a character reference, which the value would finish.
fn open_reference(written: &str) -> bool {
    let head = written.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '#');
    head.ends_with('&') && !head.ends_with("\\&")
}

fn push_escaped(
    out: &mut String,
    value: &str,
    spot: &Spot<'_>,
    open: Open,
    reference: bool,
    right: Option<char>,
) {
    let head = spot.written.trim();
    let starts = head.is_empty();
    let digits =
        starts || (spot.kind != Kind::Cell && words::is_digits(head) && spot.written.ends_with(head));
    // A line of nothing but these is the rule below the head of a table.
    let rule =
        spot.kind != Kind::Heading && !starts && spot.written.bytes().all(|byte| b"-:| \t\\".contains(&byte));
    let lead = value.len() - value.trim_start().len();
    let tail = value.trim_end().len();
    let mut digits_only = digits;
    let mut before = out.chars().next_back().filter(|_| !spot.written.is_empty()).unwrap_or(' ');
    let mut chars = value.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(right.unwrap_or(' '), |(_, next)| *next);
        let edge = (starts && at < lead) || (spot.ends && at >= tail);
        let first = starts && at == lead;
        let referenced = match c {
            // Before a bar of the template readers would take it for an escape of the bar.
            '\\' => next == '|' && at + 1 == value.len(),
            '|' => spot.kind == Kind::Paragraph && spot.below_rule,
            '`' => open.tick,
            '>' => open.angle,
            // A blank at the edge of a line or a cell would be dropped, and a tab is a stop.
            _ if c == '\t' || (edge && c.is_whitespace()) => true,
            _ => at == 0 && reference && (c.is_ascii_alphanumeric() || "#;".contains(c)),
        };
        let escaped = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '|' | '~' | '$' => true,
            '_' => !(before.is_alphanumeric() && next.is_alphanumeric()),
            '&' => next.is_ascii_alphanumeric() || next == '#' || next == OPEN,
            // A run of them at the end of a heading would be dropped.
            '#' => first || (spot.ends && value[at..].trim_end().bytes().all(|byte| byte == b'#')),
            '-' => first || rule,
            '+' | '=' | '>' => first,
            ':' => first || rule || (at == 0 && before == ']'),
            '(' => (at == 0 && before == ']') || open.link,
            ')' if open.link => true,
            '"' | '\'' => open.link,
            '!' => next == '[' || next == OPEN,
            '.' | ')' => digits_only && (at > lead || !starts),
            _ => false,
        };
        digits_only &= c.is_ascii_digit();
        if referenced {
            html::push_reference(out, c);
        } else {
            if escaped {
                out.push('\\');
            }
            out.push(c);
        }
        before = c;
    }
}

/// Checks what only the whole shows: where code spans end and what emphasis flanks.
fn check_whole(page: &Page<'_>, joined: &str, first_span: usize) -> Result<(), Refusal> {
    let places = inline::places(joined, false, &mut None);
    let slots: Vec<Slot> = places.iter().map(|(slot, _)| *slot).collect();
    let filled = |range: Range<usize>| {
        let mut read = String::new();
        let mut at = range.start;
        for (index, slot) in
            slots.iter().enumerate().filter(|(_, slot)| slot.start >= range.start && slot.end <= range.end)
        {
            read.push_str(&joined[at..slot.start]);
            read.push_str(page.written(first_span + index));
            at = slot.end;
        }
        read.push_str(&joined[at..range.end]);
        read
    };
    for (slot, place) in &places {
        match place {
            Place::Code(span, count) => check_code(&joined[span.clone()], &filled(span.clone()), *count),
            Place::Mail(span, _) => check_mail(&filled(span.clone())),
            Place::Text(_) => {
                let before = filled(0..slot.start);
                let own = filled(slot.start..slot.end);
                let after = filled(slot.end..joined.len());
                check_flanks(joined, *slot, (&before, &own, &after))
            }
            _ => Ok(()),
        }
        .map_err(|reason| reason.at(slot.number))?;
    }
    Ok(())
}

fn check_code(template: &str, filled: &str, count: usize) -> Result<(), Reason> {
    let strips = |text: &str| {
        let blank = |c| matches!(c, ' ' | '\n');
        text.starts_with(blank) && text.ends_with(blank) && !text.trim().is_empty()
    };
    let ends =
        inline::closing_ticks(filled, count).is_some() || filled.starts_with('`') || filled.ends_with('`');
    if ends || filled.is_empty() || strips(template) != strips(filled) {
        let message =
            format!("{} cannot stand in a code span of {count} backtick(s)", literal::shown(filled));
        return Err(Reason::new(
            message,
            "use more backticks with a blank inside them, or write it outside the code span",
        ));
    }
    Ok(())
}

/// Refuses a value beside `**` and the like that would keep them from being what they are in the template.
fn check_flanks(joined: &str, slot: Slot, (before, own, after): (&str, &str, &str)) -> Result<(), Reason> {
    for mark in ['*', '_', '~'] {
        let head = joined[..slot.start].trim_end_matches(mark);
        let escaped = (head.len() - head.trim_end_matches('\\').len()) % 2 == 1;
        let run = slot.start - head.len();
        if run > usize::from(escaped) {
            let wanted = inline::flanking(mark, head.chars().next_back(), Some('x'));
            let next = own.chars().next().or(after.chars().next());
            let found = inline::flanking(mark, before[..before.len() - run].chars().next_back(), next);
            refuse_unless(wanted == found && found.is_some(), mark)?;
        }
        let tail = joined[slot.end..].trim_start_matches(mark);
        let run = joined.len() - slot.end - tail.len();
        if run > 0 {
            let wanted = inline::flanking(mark, Some('x'), tail.chars().next());
            let previous = own.chars().next_back().or(before.chars().next_back());
            let found = inline::flanking(mark, previous, after[run..].chars().next());
            refuse_unless(wanted == found && found.is_some(), mark)?;
        }
    }
    Ok(())
}

fn refuse_unless(fits: bool, mark: char) -> Result<(), Reason> {
    if fits {
        return Ok(());
    }
    Err(Reason::new(
        format!(
            "beside '{mark}' of the template this value begins or ends with a blank or a sign, and '{mark}' would change its meaning"
        ),
        "write the value in a paragraph or a cell without emphasis, or put a word between",
    ))
}
