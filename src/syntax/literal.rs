//! Finished literals of JSON, TOML and YAML, and how a value reads as plain text.

use super::Datum;
use super::slots::Reason;
use std::fmt::Write as _;

/// Runs a literal writer on a fresh string; the error is one sentence part.
pub(super) fn finished(
    value: &Datum,
    write: fn(&mut String, &Datum) -> Result<(), Reason>,
) -> Result<String, String> {
    let mut out = String::new();
    write(&mut out, value).map_err(|reason| reason.message)?;
    Ok(out)
}

/// How one language writes literals.
struct Dialect {
    name: &'static str,
    null: Option<&'static str>,
    integers: std::ops::RangeInclusive<i128>,
    float: fn(&mut String, f64),
    string: fn(&mut String, &str),
    key: fn(&mut String, &str),
    /// Between a key and its value.
    equals: &'static str,
    /// What marks a key that is longer than readers look for its colon, and that length.
    long_key: (&'static str, usize),
}

const JSON: Dialect = Dialect {
    name: "JSON",
    null: Some("null"),
    integers: i128::MIN..=i128::MAX,
    float: plain_float,
    string: json_string,
    key: json_string,
    equals: ": ",
    long_key: ("", usize::MAX),
};

const TOML: Dialect = Dialect {
    name: "TOML",
    null: None,
    integers: i64::MIN as i128..=i64::MAX as i128,
    float: plain_float,
    string: toml_string,
    key: toml_key,
    equals: " = ",
    long_key: ("", usize::MAX),
};

const YAML: Dialect = Dialect {
    name: "YAML",
    null: Some("null"),
    integers: i128::MIN..=i128::MAX,
    float: yaml_float,
    string: yaml_string,
    key: yaml_string,
    equals: ": ",
    long_key: ("? ", 200),
};

/// Writes a JSON literal.
pub(super) fn json(out: &mut String, value: &Datum) -> Result<(), Reason> {
    JSON.write(out, value)
}

/// Writes a TOML literal; maps become inline tables.
pub(super) fn toml(out: &mut String, value: &Datum) -> Result<(), Reason> {
    TOML.write(out, value)
}

/// Writes a YAML literal in flow style.
pub(super) fn yaml(out: &mut String, value: &Datum) -> Result<(), Reason> {
    YAML.write(out, value)
}

impl Dialect {
    fn write(&self, out: &mut String, value: &Datum) -> Result<(), Reason> {
        match value {
            Datum::Null => match self.null {
                Some(null) => out.push_str(null),
                None => {
                    return Err(Reason::new(
                        format!("{} has no null", self.name),
                        "set the value, or leave the key out where it is none",
                    ));
                }
            },
            Datum::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Datum::Int(value) => self.integer(out, *value)?,
            Datum::Float(value) => (self.float)(out, finite(*value)?),
            Datum::Str(value) => (self.string)(out, value),
            Datum::List(values) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    self.write(out, value)?;
                }
                out.push(']');
            }
            Datum::Map(pairs) => self.map(out, pairs)?,
            Datum::Literal { language, text, .. } if *language == self.name => out.push_str(text),
            Datum::Literal { value, .. } => self.write(out, value)?,
        }
        Ok(())
    }

    fn integer(&self, out: &mut String, value: i128) -> Result<(), Reason> {
        if !self.integers.contains(&value) {
            let message = format!("{} cannot hold the number {value}: it needs more than 64 bits", self.name);
            return Err(Reason::new(message, "put quotes round it in the template"));
        }
        push_int(out, value);
        Ok(())
    }

    fn map(&self, out: &mut String, pairs: &[(String, Datum)]) -> Result<(), Reason> {
        let mut seen = std::collections::BTreeSet::new();
        out.push('{');
        for (index, (key, value)) in pairs.iter().enumerate() {
            if !seen.insert(key.as_str()) {
                return Err(Reason::new(
                    format!("the map has the key {} twice", shown(key)),
                    "give each key once",
                ));
            }
            out.push_str(if index == 0 { "" } else { ", " });
            out.push_str(if key.len() > self.long_key.1 { self.long_key.0 } else { "" });
            (self.key)(out, key);
            out.push_str(self.equals);
            self.write(out, value)?;
        }
        out.push('}');
        Ok(())
    }
}

/// Appends a whole number.
pub(super) fn push_int(out: &mut String, value: i128) {
    let mut digits = itoa::Buffer::new();
    out.push_str(match i64::try_from(value) {
        Ok(small) => digits.format(small),
        Err(_) => digits.format(value),
    });
}

/// Appends the shortest digits that read back as the same number; always with a dot or an exponent.
pub(super) fn plain_float(out: &mut String, value: f64) {
    let _ = write!(out, "{value:?}");
}

/// YAML 1.1 asks for a dot and for a sign in the exponent.
fn yaml_float(out: &mut String, value: f64) {
    let digits = format!("{value:?}");
    let Some((mantissa, exponent)) = digits.split_once('e') else {
        return out.push_str(&digits);
    };
    out.push_str(mantissa);
    out.push_str(if mantissa.contains('.') { "e" } else { ".0e" });
    out.push_str(if exponent.starts_with('-') { "" } else { "+" });
    out.push_str(exponent);
}

/// Returns the number if a file can hold it.
pub(super) fn finite(value: f64) -> Result<f64, Reason> {
    if value.is_finite() {
        return Ok(value);
    }
    Err(Reason::new(format!("{value} is not a finite number"), "give a number"))
}

/// Appends a JSON string with its quotes.
pub(super) fn json_string(out: &mut String, value: &str) {
    out.push('"');
    escape_json(out, value);
    out.push('"');
}

/// Appends `value` escaped for the inside of a JSON string.
pub(super) fn escape_json(out: &mut String, value: &str) {
    escape(
        out,
        value,
        |c| (c as u32) < 0x20,
        |out, c| {
            let _ = write!(out, "\\u{:04x}", c as u32);
        },
    );
}

/// Appends a TOML basic string with its quotes.
pub(super) fn toml_string(out: &mut String, value: &str) {
    out.push('"');
    escape_toml(out, value);
    out.push('"');
}

/// Appends `value` escaped for the inside of a TOML basic string, one line or many.
pub(super) fn escape_toml(out: &mut String, value: &str) {
    escape(
        out,
        value,
        |c| (c as u32) < 0x20 || c == '\x7F',
        |out, c| {
            let _ = write!(out, "\\u{:04X}", c as u32);
        },
    );
}

/// Appends a TOML key: bare where TOML allows.
pub(super) fn toml_key(out: &mut String, value: &str) {
    if !value.is_empty() && value.bytes().all(is_toml_bare) {
        out.push_str(value);
    } else {
        toml_string(out, value);
    }
}

/// Says whether a bare TOML key may hold this byte.
pub(super) fn is_toml_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Appends a YAML double-quoted string.
pub(super) fn yaml_string(out: &mut String, value: &str) {
    out.push('"');
    escape_yaml(out, value);
    out.push('"');
}

/// Appends `value` escaped for the inside of a YAML double-quoted string.
pub(super) fn escape_yaml(out: &mut String, value: &str) {
    escape(
        out,
        value,
        |c| !is_yaml_printable(c),
        |out, c| {
            let _ = match c as u32 {
                code @ 0..=0xFF => write!(out, "\\x{code:02x}"),
                code @ 0x100..=0xFFFF => write!(out, "\\u{code:04x}"),
                code => write!(out, "\\U{code:08x}"),
            };
        },
    );
}

/// Says whether YAML 1.1 and 1.2 readers take this character, other than tab and line break, as it stands.
///
/// U+0085, U+2028 and U+2029 break lines in 1.1 and not in 1.2; a byte order mark is dropped by some readers.
pub(super) fn is_yaml_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{A0}'..='\u{2027}' | '\u{202A}'..='\u{FEFE}' | '\u{FF00}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Escapes what JSON, TOML and YAML escape alike; `named` writes what the language cannot hold raw.
///
/// The slot markers are escaped too: a finished literal goes through [`super::Syntax::fill`] once more.
fn escape(out: &mut String, value: &str, raw_forbidden: fn(char) -> bool, named: fn(&mut String, char)) {
    if value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
        return out.push_str(value);
    }
    let mut copied = 0;
    for (at, c) in value.char_indices() {
        let short = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            super::OPEN | super::CLOSE => "",
            _ if raw_forbidden(c) => "",
            _ => continue,
        };
        out.push_str(&value[copied..at]);
        if short.is_empty() {
            named(out, c);
        } else {
            out.push_str(short);
        }
        copied = at + c.len_utf8();
    }
    out.push_str(&value[copied..]);
}

/// Returns how a value reads inside other text: a string as it is, a number by its digits.
pub(super) fn as_text(value: &Datum) -> Result<std::borrow::Cow<'_, str>, Reason> {
    let mut digits = String::new();
    match value {
        Datum::Str(text) | Datum::Literal { text, .. } => return Ok(text.as_str().into()),
        Datum::Bool(value) => return Ok(if *value { "true" } else { "false" }.into()),
        Datum::Int(value) => push_int(&mut digits, *value),
        Datum::Float(value) => plain_float(&mut digits, finite(*value)?),
        Datum::Null => {
            return Err(Reason::new(
                "nothing (null) cannot be written here",
                "set the value, or test for none in the template",
            ));
        }
        Datum::List(_) => {
            return Err(Reason::new(
                "a list cannot be written here",
                "loop over it, or join it, in the template",
            ));
        }
        Datum::Map(_) => {
            return Err(Reason::new(
                "a map cannot be written here",
                "name the key that is meant in the template",
            ));
        }
    }
    Ok(digits.into())
}

/// Returns a short, printable form of a value for a message.
pub(super) fn shown(value: &str) -> String {
    const LIMIT: usize = 40;
    let mut shown = String::from("\"");
    for c in value.chars().take(LIMIT).flat_map(char::escape_debug) {
        shown.push(c);
    }
    shown.push_str(if value.chars().nth(LIMIT).is_some() { "\"..." } else { "\"" });
    shown
}
