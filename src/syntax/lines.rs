//! Files of lines that begin with a key, such as Mosquitto's: the rest of the line is the value.

use super::slots::{Filling, Reason, Slot, lines_with_slots, run_around, slots_in, without_slots};
use super::{Datum, Filled, Refusal, Syntax, literal, words};
use std::ops::Range;

/// Lines of key and value.
pub(super) struct Lines;

impl Syntax for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn title(&self) -> &'static str {
        "lines of key and value"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["acl", "conf"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        if let Some(filled) = without_slots(text) {
            return Ok(filled);
        }
        let mut filling = Filling::new(text, data);
        for line in lines_with_slots(text) {
            fill_line(&mut filling, line)?;
        }
        Ok(filling.finish())
    }
}

/// Keys whose value is several words; a blank inside one of them would shift the others.
const WORD_LISTS: &[&str] = &["listener", "port", "address", "addresses", "bind_address"];

/// Keys that take an access word before the topic, if there is one.
const TOPICS: &[&str] = &["topic", "pattern"];

const ACCESS: &[&str] = &["read", "write", "readwrite", "deny"];

fn fill_line(filling: &mut Filling<'_>, line: Range<usize>) -> Result<(), Refusal> {
    let text = &filling.text[line.clone()];
    let body = text.trim_start();
    if body.starts_with('#') {
        return slots_in(filling.text, line).try_for_each(|slot| filling.write(slot, words::comment));
    }
    let start = line.end - body.len();
    let end = start + body.trim_end().len();
    let key = body.split(char::is_whitespace).next().unwrap_or_default();
    let key_end = start + key.len();
    let mut at = start;
    for slot in slots_in(filling.text, line) {
        // A word with two slots was filled with the first of them.
        if slot.start < at {
            continue;
        }
        let word = run_around(filling.text.as_bytes(), slot, |byte| !byte.is_ascii_whitespace());
        let is_value = word.start >= key_end || assigned(&filling.text[word.start..slot.start]);
        let rest = word.end >= end && is_value && !WORD_LISTS.contains(&key);
        fill_word(filling, word.clone(), rest)?;
        let behind_key =
            rest && filling.text.get(key_end..word.start).is_some_and(|text| text.trim().is_empty());
        if behind_key && TOPICS.contains(&key) {
            check_access(filling, &word, slot)?;
        }
        at = word.end;
    }
    Ok(())
}

/// Whether the template writes `key=` before a value: what follows is the value, to the end of its line.
fn assigned(before: &str) -> bool {
    before.find('=').is_some_and(|at| at > 0)
}

/// Fills one word of the template; what ends its line may hold blanks.
fn fill_word(filling: &mut Filling<'_>, word: Range<usize>, rest: bool) -> Result<(), Refusal> {
    filling.copy(word.start);
    let line_start = filling.out.ends_with('\n') || filling.out.is_empty();
    let from = filling.out.len();
    let mut first = None;
    for slot in slots_in(filling.text, word.clone()) {
        first.get_or_insert(slot.number);
        filling.write_text(slot, |value| {
            words::check_one_line(value, "a line")?;
            if !rest && value.contains(char::is_whitespace) {
                let message = format!("{} is more than one word", literal::shown(value));
                return Err(Reason::new(message, "give one word, or let the value end its line"));
            }
            if rest {
                words::check_edges(value, true, true, "the value of a line")?;
            }
            Ok(())
        })?;
    }
    filling.copy(word.end);
    let (filled, first) = (&filling.out[from..], first.unwrap_or_default());
    if filled.is_empty() {
        return Err(Reason::new("an empty value leaves nothing to read", "set the value").at(first));
    }
    if line_start && filled.starts_with('#') {
        return Err(Reason::new("the line would be a comment", "let the value begin otherwise").at(first));
    }
    words::check_edges(filled, true, true, "the value of a line").map_err(|reason| reason.at(first))
}

/// Refuses a topic that would be read as an access word and another topic.
fn check_access(filling: &Filling<'_>, word: &Range<usize>, slot: Slot) -> Result<(), Refusal> {
    let filled = filling.out.rsplit('\n').next().unwrap_or_default();
    let mut words = filled.split_ascii_whitespace().skip(1);
    let first = words.next().unwrap_or_default();
    let from_template = filling.text[word.clone()].starts_with(first);
    if ACCESS.contains(&first) && !from_template {
        let message = format!("the topic would be read as the access '{first}'");
        return Err(Reason::new(message, "write the access before the topic in the template").at(slot.number));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{int, refused, slots, text};
    use super::*;

    #[test]
    fn rest_of_the_line_may_hold_blanks() {
        let template = "# <0>\nuser <0>\ntopic read <0>/#\nlistener <1> host\nmax <1>\nallow <2>";
        let data = [text("a b  c#"), int(1883), Datum::Bool(false)];
        assert_eq!(
            slots(&Lines, template, &data),
            "# a b  c#\nuser a b  c#\ntopic read a b  c#/#\nlistener 1883 host\nmax 1883\nallow false"
        );
    }

    #[test]
    fn rest_of_the_line_stays_whole() {
        for value in ["", " a", "a ", "a\t", "\u{a0}a", "a\nb", "a\rb", "a\0b", "a\u{2028}b"] {
            refused(&Lines, "user <0>\n", &[text(value)]);
        }
        for value in ["#", "a # b", "\"x", "a\tb", "é"] {
            assert_eq!(slots(&Lines, "user <0>\n", &[text(value)]), format!("user {value}\n"));
        }
    }

    #[test]
    fn word_before_others_stays_one_word() {
        refused(&Lines, "listener <0> host", &[text("1 2")]);
        refused(&Lines, "listener <0>", &[text("1883 0.0.0.0")]);
        refused(&Lines, "<0> x", &[text("a b")]);
        refused(&Lines, "<0>", &[text("#a")]);
        refused(&Lines, "user <0> <1>", &[text(""), text("b")]);
    }

    #[test]
    fn topic_does_not_become_an_access_word() {
        refused(&Lines, "topic <0>", &[text("deny a")]);
        refused(&Lines, "topic <0>", &[text("read")]);
        assert_eq!(slots(&Lines, "topic <0>", &[text("reader a")]), "topic reader a");
        assert_eq!(slots(&Lines, "topic read <0>", &[text("write a")]), "topic read write a");
    }
}
