//! INI as systemd, Python's configparser and Grafana read it alike.
//!
//! The dialects differ, and a file does not say which one it is: what one of them would take apart (a `%` that
//! starts a substitution, a comment behind a blank, a backslash that joins lines) is refused.

use super::keys::{Repeated, Seen};
use super::slots::{Filling, Reason, Slot, lines_with_slots, slots_in, without_slots};
use super::{Datum, Filled, Refusal, Syntax, literal, words};
use std::ops::Range;

/// INI.
pub(super) struct Ini;

impl Syntax for Ini {
    fn name(&self) -> &'static str {
        "ini"
    }

    fn title(&self) -> &'static str {
        "INI"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ini", "service", "socket", "timer", "mount", "network", "netdev", "link"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        if let Some(filled) = without_slots(text) {
            return Ok(filled);
        }
        let mut filling = Filling::new(text, data);
        for line in lines_with_slots(text) {
            fill_line(&mut filling, line)?;
        }
        filling.finish_keyed(repeated)
    }
}

/// Finds sections that are there twice, and keys in their section, as readers that care compare them: whatever the case.
fn repeated(text: &str) -> Vec<Repeated> {
    let mut found = Vec::new();
    let mut sections = Seen::new();
    let mut keys = Seen::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start..start + line.trim_end().len();
        start += line.len();
        let (name, first) = if line.starts_with([' ', '\t', '#', ';']) || line.trim().is_empty() {
            continue;
        } else if let Some(section) = line.trim().strip_prefix('[') {
            keys = Seen::new();
            let name = section.trim_end_matches(']').to_owned();
            (name.clone(), sections.note(name, at.clone()))
        } else {
            let name = line.split(['=', ':']).next().unwrap_or_default().trim();
            (name.to_owned(), keys.note(name.to_lowercase(), at.clone()))
        };
        found.extend(first.map(|first| Repeated { key: name, first, second: at }));
    }
    found
}

fn fill_line(filling: &mut Filling<'_>, line: Range<usize>) -> Result<(), Refusal> {
    let text = &filling.text[line.clone()];
    let continued = text.starts_with([' ', '\t']);
    match text.trim_start().bytes().next() {
        Some(b'#' | b';') => {
            slots_in(filling.text, line).try_for_each(|slot| filling.write(slot, words::comment))
        }
        Some(b'[') => section(filling, line),
        _ => match text.find(['=', ':']) {
            Some(at) => {
                name(filling, line.start..line.start + at)?;
                value(filling, line.start + at + 1..line.end)
            }
            None if continued => continuation(filling, line),
            None => name(filling, line),
        },
    }
}

fn section(filling: &mut Filling<'_>, line: Range<usize>) -> Result<(), Refusal> {
    let (slots, from) = write_parts(filling, &line, |text| {
        words::check_one_line(text, "a section name")?;
        if text.contains(['[', ']']) {
            return Err(Reason::new("a bracket cannot stand in a section name", "remove it from the value"));
        }
        Ok(())
    })?;
    let Some(first) = slots.first() else {
        return Ok(());
    };
    let name = filling.out[from..].trim();
    let name = name.strip_prefix('[').unwrap_or(name);
    let name = name.strip_suffix(']').unwrap_or(name);
    let wrong = if name.is_empty() {
        "a section needs a name"
    } else if name.trim() != name {
        "the reader drops blanks at the edge of a section name"
    } else if name == "DEFAULT" {
        "some readers apply the section DEFAULT to all others"
    } else {
        return Ok(());
    };
    Err(Reason::new(wrong, "give the section another name").at(first.number))
}

/// Fills the key of a line, or a line without `=`.
fn name(filling: &mut Filling<'_>, part: Range<usize>) -> Result<(), Refusal> {
    let (slots, from) = write_parts(filling, &part, |text| {
        words::check_one_line(text, "a key")?;
        if text.contains(['=', ':']) {
            return Err(Reason::new("a key ends at '=' or ':'", "remove it from the value"));
        }
        Ok(())
    })?;
    let Some(first) = slots.first() else {
        return Ok(());
    };
    let core = core(filling.text, &part);
    let lead = core.start - part.start;
    let name = &filling.out[from + lead..];
    let name = &name[..name.len() - (part.end - core.end)];
    let wrong = if name.is_empty() {
        "a key needs a name"
    } else if name.trim() != name {
        "the reader drops blanks at the edge of a key"
    } else if name.starts_with(['#', ';', '[', '"', '\'', '`']) || name.ends_with('\\') {
        "this would not be read as a key"
    } else {
        return Ok(());
    };
    Err(Reason::new(format!("{wrong}: {}", literal::shown(name)), "use a name of letters and digits")
        .at(first.number))
}

/// Fills a line that goes on with the value before it.
fn continuation(filling: &mut Filling<'_>, line: Range<usize>) -> Result<(), Refusal> {
    let slot = slots_in(filling.text, line.clone()).next();
    filling.copy(line.start);
    let from = filling.out.len();
    value(filling, line)?;
    match slot.filter(|_| filling.out[from..].trim().is_empty()) {
        Some(slot) => {
            let next = "set the value, or leave the line out where it is empty";
            Err(Reason::new("readers drop an empty line of a value", next).at(slot.number))
        }
        None => Ok(()),
    }
}

/// Fills what stands behind `=`, up to the end of the line.
fn value(filling: &mut Filling<'_>, part: Range<usize>) -> Result<(), Refusal> {
    let core = core(filling.text, &part);
    let template = &filling.text[core.clone()];
    let quote = template.bytes().next().filter(|byte| matches!(byte, b'"' | b'\''));
    let slots: Vec<_> = slots_in(filling.text, core.clone()).collect();
    let (Some(first), Some(last)) = (slots.first(), slots.last()) else {
        return Ok(());
    };
    filling.copy(core.start);
    let from = filling.out.len();
    for slot in &slots {
        let next = filling.text[slot.end..core.end].chars().next();
        filling.write(*slot, |out, value| {
            let value = words::one_line(value, "a value of INI")?;
            check_value(&value, out[from..].chars().next_back(), quote)?;
            out.push_str(&value);
            check_before_sign(out, next)
        })?;
    }
    filling.copy(core.end);
    let filled = &filling.out[from..];
    let place = "a value of INI";
    if first.start == core.start {
        words::check_edges(filled, true, false, place).map_err(|reason| reason.at(first.number))?;
    }
    if last.end == core.end {
        words::check_edges(filled, false, true, place).map_err(|reason| reason.at(last.number))?;
    }
    let quoted = quote.is_none() && filled.len() > 1 && filled.starts_with(['"', '\'', '`']);
    if quoted && filled.as_bytes().first() == filled.as_bytes().last() {
        let message = "quotes round the whole value are dropped by some readers";
        return Err(Reason::new(message, "remove the quotes from the value").at(first.number));
    }
    if filled.ends_with('\\') {
        let message = "a backslash at the end joins the next line to this one";
        return Err(Reason::new(message, "remove it from the value").at(last.number));
    }
    Ok(())
}

/// Refuses what some readers take for a comment at the end of the line.
fn check_comment(value: &str, before: Option<char>) -> Result<(), Reason> {
    let mut before = before.unwrap_or(' ');
    for c in value.chars() {
        if matches!(c, '#' | ';') && before.is_whitespace() {
            let message = format!("some readers take '{c}' behind a blank for a comment");
            return Err(Reason::new(message, "remove it from the value"));
        }
        before = c;
    }
    Ok(())
}

/// Refuses a blank at the end of a value before the template's own `;` or `#`, which would begin a comment.
fn check_before_sign(written: &str, next: Option<char>) -> Result<(), Reason> {
    match next {
        Some(sign @ ('#' | ';')) if written.ends_with(char::is_whitespace) => Err(Reason::new(
            format!(
                "with this value a blank stands before '{sign}', and some readers would take that for a comment"
            ),
            "remove the blank from the value, or set it, or put something before the sign in the template",
        )),
        _ => Ok(()),
    }
}

fn check_value(value: &str, before: Option<char>, quote: Option<u8>) -> Result<(), Reason> {
    check_comment(value, before)?;
    if value.contains('%') {
        let message = "some readers take '%' for a substitution, others do not";
        return Err(Reason::new(message, "remove it from the value, or give the file `syntax: lines`"));
    }
    if quote.is_some_and(|quote| value.contains([char::from(quote), '\\'])) {
        let message = "a quote or a backslash cannot stand inside quotes of INI";
        return Err(Reason::new(message, "take the quotes in the template away"));
    }
    Ok(())
}

/// Returns `part` without the template's own blanks at its edges.
fn core(text: &str, part: &Range<usize>) -> Range<usize> {
    let inner = &text[part.clone()];
    let start = part.end - inner.trim_start().len();
    start..start.max(part.start + inner.trim_end().len())
}

/// Writes the slots of `part`, each checked; returns them and where the part begins in the finished text.
fn write_parts(
    filling: &mut Filling<'_>,
    part: &Range<usize>,
    check: fn(&str) -> Result<(), Reason>,
) -> Result<(Vec<Slot>, usize), Refusal> {
    filling.copy(part.start);
    let from = filling.out.len();
    let count = filling.count();
    let slots: Vec<_> = slots_in(filling.text, part.clone()).collect();
    for slot in &slots {
        filling.write(*slot, |out, value| {
            let value = literal::as_text(value)?;
            check(&value)?;
            check_comment(&value, out[from..].chars().next_back())?;
            out.push_str(&value);
            Ok(())
        })?;
    }
    filling.mark_keys(count);
    filling.copy(part.end);
    Ok((slots, from))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{int, refused, slots, text};
    use super::*;

    #[test]
    fn ordinary_values() {
        let template = "# by <0>\n[unit <0>]\n<0>.port = <1>\nhost=<0>:<1> \n  more <0>\n";
        let data = [text("pk 2"), int(80)];
        assert_eq!(
            slots(&Ini, template, &data),
            "# by pk 2\n[unit pk 2]\npk 2.port = 80\nhost=pk 2:80 \n  more pk 2\n"
        );
        assert_eq!(slots(&Ini, "a=<0>\r\nb=", &[text("")]), "a=\r\nb=");
    }

    #[test]
    fn value_stays_whole() {
        for value in [" a", "a ", "a\u{a0}", "a #b", "#b", "a ;b", "50%", "a\\", "\"a\"", "a\nb", "a\0"] {
            refused(&Ini, "a = <0>\n", &[text(value)]);
        }
        for value in ["a#b", "p;w", "a=b:c", "\"a", "C:\\x", "[x]", "a  b"] {
            assert_eq!(slots(&Ini, "a = <0>\n", &[text(value)]), format!("a = {value}\n"));
        }
        refused(&Ini, "a = <0> b", &[text("")]);
        refused(&Ini, "a = x<0>", &[text("b\\")]);
        refused(&Ini, "a = \"<0>\"", &[text("b\"")]);
    }

    #[test]
    fn key_and_section_stay_names() {
        for value in ["", " a", "a=b", "a:b", "#a", ";a", "[a", "a\nb"] {
            refused(&Ini, "<0> = 1", &[text(value)]);
        }
        for value in ["", " a", "a]", "[a", "DEFAULT", "a\n"] {
            refused(&Ini, "[<0>]", &[text(value)]);
        }
    }

    #[test]
    fn blank_before_a_sign_of_the_template_begins_no_comment() {
        for value in ["a ", "a\t"] {
            refused(&Ini, "a = x <0>;y", &[text(value)]);
        }
        refused(&Ini, "a = x <0># y", &[text("")]);
        assert_eq!(slots(&Ini, "a = x <0>;y", &[text("b")]), "a = x b;y");
    }

    #[test]
    fn key_is_there_once_in_its_section() {
        for template in ["<0> = 1\nA=2\n", "[s]\n<0>: 1\n<0> = 2", "[<0>]\n[a]\n"] {
            assert!(refused(&Ini, template, &[text("a")]).message.contains("is written twice"), "{template}");
        }
        for template in
            ["[s]\n<0> = 1\n[t]\n<0> = 2", "[<0>]\na = 1", "z=1\nz=2\n<0> = z\n  a = 1", "b = <0>\nb = <0>"]
        {
            slots(&Ini, template, &[text("a")]);
        }
    }
}
