//! JSON: a bare value becomes a literal, a value in a string is escaped for it, a key is always quoted.

use super::slots::{Filling, MARK, Slot, cuts_escape, escape_end, run_around, slot_at, without_slots};
use super::{Datum, Filled, Refusal, Syntax, keys, literal, words};

/// JSON.
pub(super) struct Json;

impl Syntax for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn title(&self) -> &'static str {
        "JSON"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        if let Some(filled) = without_slots(text) {
            return Ok(filled);
        }
        let bytes = text.as_bytes();
        let mut filling = Filling::new(text, data);
        let mut in_string = false;
        let mut written = 0;
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let stop = if in_string {
                memchr::memchr3(b'"', b'\\', MARK, rest)
            } else {
                memchr::memchr2(b'"', MARK, rest)
            };
            at = stop.map_or(bytes.len(), |step| at + step);
            match bytes.get(at) {
                None => return filling.finish_keyed(keys::in_json),
                Some(b'"') => {
                    in_string = !in_string;
                    at += 1;
                    if in_string {
                        written = filling.count();
                    } else if written < filling.count() && is_key(bytes, at) {
                        filling.mark_keys(written);
                    }
                }
                Some(&MARK) => match slot_at(bytes, at) {
                    Some(slot) if in_string => {
                        filling.write(slot, |out, value| {
                            literal::escape_json(out, &literal::as_text(value)?);
                            Ok(())
                        })?;
                        at = slot.end;
                    }
                    Some(slot) => at = bare(&mut filling, text, slot)?,
                    None => at += 1,
                },
                Some(_) => at = escape_end(bytes, at).map_err(cuts_escape)?,
            }
        }
    }
}

/// Fills the bare word that `slot` begins or is part of; returns where the word ends.
fn bare(filling: &mut Filling<'_>, text: &str, slot: Slot) -> Result<usize, Refusal> {
    let bytes = text.as_bytes();
    let word = run_around(bytes, slot, |byte| !byte.is_ascii_whitespace() && !b"[]{},:\"".contains(&byte));
    let beside_quote = bytes.get(word.end) == Some(&b'"') || bytes[..word.start].ends_with(b"\"");
    if beside_quote {
        return Err(words::quote_it().at(slot.number));
    }
    if word != (slot.start..slot.end) {
        words::number(filling, text, word.clone(), words::is_json_number)?;
    } else if is_key(bytes, slot.end) {
        filling.write(slot, |out, value| {
            literal::json_string(out, &literal::as_text(value)?);
            Ok(())
        })?;
        filling.mark_keys(filling.count() - 1);
    } else {
        filling.write(slot, literal::json)?;
    }
    Ok(word.end)
}

/// Says whether what ends at `end` is the name of a member.
fn is_key(bytes: &[u8], end: usize) -> bool {
    bytes[end..].trim_ascii_start().starts_with(b":")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{int, refused, slots, text};
    use super::*;

    #[test]
    fn bare_value_becomes_a_literal() {
        let list = Datum::List(vec![
            text("a\"b"),
            int(1),
            Datum::Null,
            Datum::Map(vec![("k".into(), Datum::Bool(true))]),
        ]);
        assert_eq!(
            slots(&Json, "[<0>, <1>]", &[text("x"), list]),
            "[\"x\", [\"a\\\"b\", 1, null, {\"k\": true}]]"
        );
        assert_eq!(slots(&Json, "<0>", &[Datum::Float(1.0)]), "1.0");
    }

    #[test]
    fn value_in_a_string_is_escaped() {
        assert_eq!(
            slots(&Json, r#"{"a": "\"<0>-<1>\""}"#, &[text("\\\"\n"), int(7)]),
            r#"{"a": "\"\\\"\n-7\""}"#
        );
        assert!(refused(&Json, r#""<0>""#, &[Datum::Null]).message.contains("null"));
    }

    #[test]
    fn key_is_always_quoted() {
        assert_eq!(slots(&Json, "{<0> : 1, <1>: 2}", &[text("a"), int(5)]), r#"{"a" : 1, "5": 2}"#);
        refused(&Json, "{<0>: 1}", &[Datum::Null]);
    }

    #[test]
    fn bare_value_beside_text_must_make_a_number() {
        assert_eq!(slots(&Json, "[1<0>, -<0>, <0>.<0>]", &[int(5)]), "[15, -5, 5.5]");
        for template in ["0<0>", "<0>s", "x<0>", "<0>\"a\"", "\"a\"<0>", "-<1>", "<2><0>"] {
            refused(&Json, template, &[int(5), int(-5), text("a")]);
        }
    }

    #[test]
    fn half_an_escape_is_not_completed_by_data() {
        for template in [r#""\<0>""#, r#""\u<0>""#, r#""\u00<0>""#] {
            refused(&Json, template, &[text("41")]);
        }
        assert_eq!(slots(&Json, r#""\\<0>\u0041<0>""#, &[text("n")]), r#""\\n\u0041n""#);
    }

    #[test]
    fn name_is_there_once_in_its_object() {
        for template in ["{<0>: 1, <0>: 2}", "{\"a\": 1, \"<0>\" : 2}", "[{<0>: {\"b\": 1}, \"a\": 2}]"] {
            let refusal = refused(&Json, template, &[text("a")]);
            assert!(refusal.message.contains("\"a\" is written twice"), "{refusal:?}");
        }
        assert_eq!(refused(&Json, "{<0>: 1, \"<1>\": 2}", &[text("a"), text("a")]).other, Some(0));
        for template in
            ["[{<0>: 1}, {\"a\": 1}]", "{<0>: {\"a\": \"<0>\"}}", "{\"z\": 1, \"z\": 2, <0>: [\"a\"]}"]
        {
            slots(&Json, template, &[text("a")]);
        }
    }
}
