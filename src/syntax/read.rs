//! Reading a finished file back: is it what its language says it is?
//!
//! Only languages with a grammar that refuses something are read; to the others every text is well-formed.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// Why a text is not of its language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Byte offset.
    pub at: usize,
    /// In words that quote nothing of the text.
    pub message: String,
}

/// Reads a text of the syntax `name`.
///
/// # Errors
/// The first place that the language does not allow.
pub fn read(name: &str, text: &str) -> Result<(), Malformed> {
    match name {
        "json" => json(text),
        "toml" => toml(text),
        "yaml" => yaml(text),
        "xml" => xml(text),
        "csv" => csv(text),
        "nft" => nft(text),
        _ => Ok(()),
    }
}

fn json(text: &str) -> Result<(), Malformed> {
    let read: Result<Unique, _> = serde_json::from_str(text);
    read.map(|_| ()).map_err(|error| {
        let start: usize =
            text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or_default().to_owned();
        Malformed { at: (start + error.column().saturating_sub(1)).min(text.len()), message: words }
    })
}

/// Any JSON value whose objects hold each name once.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        while items.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unique, A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !seen.insert(name) {
                return Err(serde::de::Error::custom("the same name twice in one object"));
            }
            members.next_value::<Unique>()?;
        }
        Ok(Unique)
    }
}

fn toml(text: &str) -> Result<(), Malformed> {
    toml_edit::Document::parse(text).map(|_| ()).map_err(|error| {
        let message = error.message().lines().next().unwrap_or_default().to_owned();
        Malformed { at: error.span().map_or(0, |span| span.start), message }
    })
}

fn yaml(text: &str) -> Result<(), Malformed> {
    crate::source::read_stream(text)
        .map(|_| ())
        .map_err(|problem| Malformed { at: problem.at, message: problem.message })
}

fn xml(text: &str) -> Result<(), Malformed> {
    roxmltree::Document::parse(text).map(|_| ()).map_err(|error| {
        let at = error.pos();
        let start: usize =
            text.split_inclusive('\n').take(at.row.saturating_sub(1) as usize).map(str::len).sum();
        Malformed { at: start.min(text.len()), message: "not well-formed XML".to_owned() }
    })
}

fn csv(text: &str) -> Result<(), Malformed> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut wanted = None;
    for record in reader.records() {
        let fail = |at: u64, message: &str| Malformed { at: at as usize, message: message.to_owned() };
        let record = record.map_err(|error| {
            fail(error.position().map_or(0, csv::Position::byte), "a row has another number of cells")
        })?;
        let cells = *wanted.get_or_insert(record.len());
        if record.len() != cells {
            let at = record.position().map_or(0, csv::Position::byte);
            return Err(fail(at, "a row has another number of cells"));
        }
    }
    Ok(())
}

/// Braces and quotes of a ruleset; comments run from `#` to the end of the line.
fn nft(text: &str) -> Result<(), Malformed> {
    let mut open: Vec<usize> = vec![];
    let mut quote: Option<usize> = None;
    let mut comment = false;
    for (at, c) in text.char_indices() {
        match c {
            '\n' => {
                comment = false;
                if let Some(at) = quote {
                    return Err(Malformed { at, message: "a quote that does not end on its line".into() });
                }
            }
            _ if comment => {}
            '"' => quote = if quote.is_some() { None } else { Some(at) },
            _ if quote.is_some() => {}
            '#' => comment = true,
            '{' => open.push(at),
            '}' if open.pop().is_none() => {
                return Err(Malformed { at, message: "`}` without `{`".into() });
            }
            _ => {}
        }
    }
    match open.pop().or(quote) {
        Some(at) => Err(Malformed { at, message: "a bracket or quote that is never closed".into() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn each_language_refuses_what_it_cannot_hold() {
        for (name, good, bad, at) in [
            ("json", "{\"a\": [1, 2]}\n", "{\"a\": 1,\n \"a\": 2}", 10),
            ("json", "[]", "{ \"a\": 1, }", 10),
            ("toml", "a = 1\n[b]\n", "a = 1\na = 2\n", 6),
            ("yaml", "a: [1]\n---\nb: 2\n", "a: [1\n", 6),
            ("xml", "<a b=\"c\"/>", "<a>\n</b>", 4),
            ("csv", "a,b\n1,2\n", "a,b\n1\n", 4),
            ("nft", "table inet x { # {\n\tcomment \"}\"\n}\n", "table inet x {\n", 13),
        ] {
            assert_eq!(read(name, good), Ok(()), "{name}");
            let found = read(name, bad).expect_err(name);
            assert!(found.at.abs_diff(at) <= 3, "{name}: {found:?}");
        }
        assert_eq!(read("text", "{{{"), Ok(()));
    }
}
