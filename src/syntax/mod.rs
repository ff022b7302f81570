//! The languages devices read, and how a value stands in each of them.
//!
//! The renderer puts a marker ([`OPEN`], slot number, [`CLOSE`]) where a template prints a value. A syntax walks
//! the rendered text once, knows at each marker what surrounds it (a quoted string, a comment, a bare token, a
//! key), and writes the value so that a reader of that language reads back exactly this value. Where the place
//! cannot hold the value it says why. There is no third outcome.
//!
//! What stands outside markers is the template author's and is trusted. What a slot writes is never read again,
//! so markers inside values are ordinary characters.

mod csv;
mod fortios;
mod ini;
mod ios;
mod json;
mod keys;
mod lines;
mod literal;
mod markdown;
mod nft;
mod read;
mod slots;
#[cfg(test)]
mod testing;
mod text;
mod toml;
mod toml_keys;
mod words;
mod xml;
mod yaml;
mod yaml_scalar;

pub use read::{Malformed, read};

use std::ops::Range;

/// A value from data, on its way into a literal.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    Str(String),
    /// Values in order.
    List(Vec<Datum>),
    /// Names with values, in order.
    Map(Vec<(String, Datum)>),
    /// A value that the template made a literal of: that literal in its own language, a text inside other text.
    Literal {
        /// The language by its title, such as `JSON`.
        language: &'static str,
        /// The literal.
        text: String,
        /// What it says.
        value: Box<Datum>,
    },
}

impl Datum {
    /// Returns the text, if it is one or is written as one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Str(text) | Self::Literal { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// Opens a slot marker in rendered text; a noncharacter, so no text carries it by accident.
pub const OPEN: char = '\u{FDD0}';

/// Closes a slot marker.
pub const CLOSE: char = '\u{FDD1}';

/// Why a value cannot stand where the template puts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The slot whose value was refused.
    pub slot: usize,
    /// Another slot that it clashes with.
    pub other: Option<usize>,
    /// What is wrong, in the user's words: lower case, no period.
    pub message: String,
    /// What to do about it.
    pub next: String,
}

/// Text with every slot filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The finished text.
    pub text: String,
    /// Slot number and the bytes of `text` that its value became, in order of occurrence.
    pub spans: Vec<(usize, Range<usize>)>,
}

/// A language that outputs are written in.
pub trait Syntax: Sync {
    /// The name used in `target.yaml`.
    fn name(&self) -> &'static str;

    /// The name used in sentences.
    fn title(&self) -> &'static str;

    /// The file extensions that mean this syntax, without a dot.
    fn extensions(&self) -> &'static [&'static str];

    /// Replaces each slot of `text` by its value of `data`, written for the place where it stands.
    ///
    /// # Errors
    /// The first value that its place cannot hold.
    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal>;
}

/// Every syntax there is.
pub const SYNTAXES: &[&dyn Syntax] = &[
    &json::Json,
    &toml::Toml,
    &yaml::Yaml,
    &xml::Xml,
    &ini::Ini,
    &nft::Nft,
    &lines::Lines,
    &ios::Ios,
    &ios::Asa,
    &fortios::Fortios,
    &csv::Csv,
    &markdown::Markdown,
    &text::Text,
];

/// Returns the syntax of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static dyn Syntax> {
    SYNTAXES.iter().copied().find(|syntax| syntax.name() == name)
}

/// Returns the syntax that the extension of `path` means.
#[must_use]
pub fn by_path(path: &str) -> Option<&'static dyn Syntax> {
    let file = path.rsplit(['/', '\\']).next()?;
    let (_, extension) = file.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    SYNTAXES.iter().copied().find(|syntax| syntax.extensions().contains(&extension.as_str()))
}

/// Returns `value` as a JSON literal on one line.
///
/// # Errors
/// What JSON cannot hold, as a sentence part.
pub fn json_literal(value: &Datum) -> Result<String, String> {
    literal::finished(value, literal::json)
}

/// Returns `value` as a TOML literal on one line.
///
/// # Errors
/// What TOML cannot hold, as a sentence part.
pub fn toml_literal(value: &Datum) -> Result<String, String> {
    literal::finished(value, literal::toml)
}

/// Returns `value` as a YAML literal on one line that reads the same in YAML 1.1 and 1.2.
///
/// # Errors
/// What YAML cannot hold, as a sentence part.
pub fn yaml_literal(value: &Datum) -> Result<String, String> {
    literal::finished(value, literal::yaml)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_and_extension_belongs_to_one_syntax() {
        let mut seen = std::collections::BTreeSet::new();
        for syntax in SYNTAXES {
            assert!(seen.insert(syntax.name()), "{}", syntax.name());
            assert_eq!(by_name(syntax.name()).map(Syntax::name), Some(syntax.name()));
        }
        let mut seen = std::collections::BTreeSet::new();
        for extension in SYNTAXES.iter().flat_map(|syntax| syntax.extensions()) {
            assert!(seen.insert(extension), "{extension}");
        }
    }

    #[test]
    fn extension_decides_without_regard_to_case() {
        assert_eq!(by_path("a.b/FLOWS.JSON").map(Syntax::name), Some("json"));
        assert_eq!(by_path("firewall/pk2.nft").map(Syntax::name), Some("nft"));
        assert!(by_path("a.json/README").is_none());
    }
}
