//! Cisco IOS and ASA: words, and commands whose last argument is the rest of the line.

use super::slots::{Filling, Reason, Slot, lines_with_slots, run_around, slots_in, without_slots};
use super::{Datum, Filled, Refusal, Syntax, literal, words};
use std::ops::Range;

/// Cisco IOS.
pub(super) struct Ios;

impl Syntax for Ios {
    fn name(&self) -> &'static str {
        "ios"
    }

    fn title(&self) -> &'static str {
        "Cisco IOS"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ios"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        if let Some(filled) = without_slots(text) {
            return Ok(filled);
        }
        let banners = banners(text);
        let mut filling = Filling::new(text, data);
        for line in lines_with_slots(text) {
            for slot in slots_in(text, line.clone()) {
                match banners.iter().find(|banner| banner.text.contains(&slot.start)) {
                    Some(banner) => fill_banner(&mut filling, slot, banner.delimiter)?,
                    None => fill_slot(&mut filling, &line, slot)?,
                }
            }
        }
        Ok(filling.finish())
    }
}

/// Cisco ASA: other commands in the same words.
pub(super) struct Asa;

impl Syntax for Asa {
    fn name(&self) -> &'static str {
        "asa"
    }

    fn title(&self) -> &'static str {
        "Cisco ASA"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["asa"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        Ios.fill(text, data)
    }
}

/// Commands whose last argument is the rest of the line, and how long it may be.
const REST: &[(&str, usize)] =
    &[("description", 240), ("remark", 100), ("location", 255), ("contact", 255), ("comment", 255)];

struct Banner {
    text: Range<usize>,
    delimiter: char,
}

/// Returns the texts of `banner motd ^C ... ^C`.
fn banners(text: &str) -> Vec<Banner> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(step) = text[at..].find("banner ") {
        let command = at + step;
        at = command + "banner ".len();
        let line = text[at..].lines().next().unwrap_or_default();
        let own_line = command == 0 || text[..command].ends_with('\n');
        let Some((kind, rest)) = line.split_once(' ').filter(|_| own_line) else {
            continue;
        };
        let blanks = rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let Some(delimiter) = rest.chars().next().filter(|c| *c != super::OPEN) else {
            continue;
        };
        // `^C` stands for the control character.
        let mark = if rest.starts_with("^C") { "^C" } else { &rest[..delimiter.len_utf8()] };
        let start = at + kind.len() + 1 + blanks + mark.len();
        let end = text[start..].find(mark).map_or(text.len(), |step| start + step);
        found.push(Banner { text: start..end, delimiter });
        at = end;
    }
    found
}

fn fill_banner(filling: &mut Filling<'_>, slot: Slot, delimiter: char) -> Result<(), Refusal> {
    filling.write_text(slot, |value| {
        words::check_one_line(value, "a banner")?;
        if value.contains(delimiter) {
            let message = format!("'{delimiter}' would end the banner");
            return Err(Reason::new(message, "use another delimiter in the template"));
        }
        Ok(())
    })
}

fn fill_slot(filling: &mut Filling<'_>, line: &Range<usize>, slot: Slot) -> Result<(), Refusal> {
    let before = &filling.text[line.start..slot.start];
    if before.trim_start().starts_with('!') {
        return filling.write(slot, words::comment);
    }
    let command = before.split_whitespace().find_map(|word| REST.iter().find(|(name, _)| *name == word));
    if let Some((name, limit)) = command.filter(|(name, _)| !before.ends_with(name)) {
        return fill_rest(filling, line, slot, name, *limit);
    }
    if before.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        return filling.write_text(slot, |value| {
            words::check_one_line(value, "a quoted string")?;
            if value.contains(['"', '?']) {
                let message = "'\"' or '?' cannot stand in a quoted string of IOS";
                return Err(Reason::new(message, "remove it from the value"));
            }
            Ok(())
        });
    }
    let word = run_around(filling.text.as_bytes(), slot, |byte| !byte.is_ascii_whitespace());
    let whole = word == (slot.start..slot.end);
    filling.write(slot, |out, value| match value {
        Datum::List(values) if !values.is_empty() => {
            for (index, value) in values.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                push_word(out, value, true)?;
            }
            Ok(())
        }
        _ => push_word(out, value, whole),
    })
}

fn push_word(out: &mut String, value: &Datum, whole: bool) -> Result<(), Reason> {
    let value = literal::as_text(value)?;
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/@+=,%*&()~^$#".contains(&byte);
    if (whole && value.is_empty()) || !value.bytes().all(safe) {
        let message = format!("{} is not one word of IOS", literal::shown(&value));
        return Err(Reason::new(message, "use letters, digits and ._-:/ in the value"));
    }
    out.push_str(&value);
    Ok(())
}

/// Fills what a description or remark says.
fn fill_rest(
    filling: &mut Filling<'_>,
    line: &Range<usize>,
    slot: Slot,
    name: &str,
    limit: usize,
) -> Result<(), Refusal> {
    let text = filling.text;
    let at_start = text[line.start..slot.start].trim_end().ends_with(name);
    let at_end = text[slot.end..line.end].trim().is_empty();
    let place = format!("a {name}");
    filling.write(slot, |out, value| {
        let value = words::one_line(value, &place)?;
        if value.contains('?') {
            let message = "IOS takes a question mark for a call for help";
            return Err(Reason::new(message, "remove it from the value"));
        }
        if value.is_empty() && at_start {
            return Err(Reason::new(
                format!("the {name} is empty"),
                "set the value, or leave the command out",
            ));
        }
        words::check_edges(&value, at_start, false, &place)?;
        out.push_str(&value);
        words::check_edges(out, false, at_end, &place)?;
        let written = out.rsplit('\n').next().unwrap_or_default();
        let said = written.split_once(name).map_or(written, |(_, said)| said).trim_start();
        if said.len() > limit {
            let message = format!("the {name} is longer than {limit} bytes");
            return Err(Reason::new(message, "shorten the value"));
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{int, refused, slots, text};
    use super::*;

    #[test]
    fn words_and_the_rest_of_the_line() {
        let template = "! for <0>\ninterface Vlan<1>\n description <0> to \"<0>\"\n ip address <2> 255.0.0.0\n switchport vlan <3>\n";
        let data = [text("cell !1"), int(5), text("10.0.0.1"), Datum::List(vec![int(1), text("3-5")])];
        assert_eq!(
            slots(&Ios, template, &data),
            "! for cell !1\ninterface Vlan5\n description cell !1 to \"cell !1\"\n ip address 10.0.0.1 255.0.0.0\n switchport vlan 1,3-5\n"
        );
    }

    #[test]
    fn word_stays_one_word() {
        for value in ["", "a b", "a\nb", "a\"", "a?", "!", "a;b", "é", "a|b"] {
            refused(&Ios, "hostname <0>\n", &[text(value)]);
        }
    }

    #[test]
    fn description_stays_one_line() {
        for value in ["", " a", "a ", "a\nb", "why?", &"x".repeat(241)] {
            refused(&Ios, " description <0>\n", &[text(value)]);
        }
        refused(&Ios, "cli command \"<0>\"", &[text("a\"b")]);
    }

    #[test]
    fn banner_is_not_ended_by_data() {
        let template = "banner motd ^C\nLine <0> \n^C\nhostname <1>";
        assert_eq!(
            slots(&Ios, template, &[text("a b?"), text("h")]),
            "banner motd ^C\nLine a b? \n^C\nhostname h"
        );
        refused(&Ios, template, &[text("^C"), text("h")]);
    }
}
