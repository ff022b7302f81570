//! Plain text: values stand as they are.

use super::slots::{Filling, slots_in, without_slots};
use super::{Datum, Filled, Refusal, Syntax};

/// Plain text.
pub(super) struct Text;

impl Syntax for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn title(&self) -> &'static str {
        "plain text"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        if let Some(filled) = without_slots(text) {
            return Ok(filled);
        }
        let mut filling = Filling::new(text, data);
        for slot in slots_in(text, 0..text.len()) {
            filling.write_text(slot, |_| Ok(()))?;
        }
        Ok(filling.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{int, refused, slots, text};
    use super::*;

    #[test]
    fn text_stands_as_it_is() {
        assert_eq!(slots(&Text, "a <0>\n<1>", &[text("x\n\"y\""), int(-5)]), "a x\n\"y\"\n-5");
        assert_eq!(slots(&Text, "<0>", &[Datum::Float(1.0)]), "1.0");
        for value in [Datum::Null, Datum::List(Vec::new()), Datum::Map(Vec::new()), Datum::Float(f64::NAN)] {
            refused(&Text, "<0>", &[value]);
        }
    }

    #[test]
    fn marker_inside_a_value_is_an_ordinary_character() {
        let marker = format!("{}1{}", super::super::OPEN, super::super::CLOSE);
        assert_eq!(slots(&Text, "<0>", &[text(&marker), text("no")]), marker);
        refused(&Text, "<3>", &[text("a")]);
    }
}
