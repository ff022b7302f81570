//! Values as YAML that people edit: block maps outside, one line per value inside.

use serde_json::Value;

/// Writes a value on one line.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(members) if members.is_empty() => "{}".into(),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{}: {}", scalar(key), flow(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Writes a map in block style, nested as deep as `depth`; what is deeper stands on one line.
pub(super) fn block(value: &Value, depth: usize, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let nests = match value {
                    Value::Object(inner) => depth > 0 && !inner.is_empty(),
                    Value::Array(inner) => depth > 0 && !inner.is_empty() && flow(value).len() > 80,
                    _ => false,
                };
                if nests {
                    out.push_str(&format!("{pad}{}:\n", scalar(key)));
                    block(value, depth - 1, indent + 2, out);
                } else {
                    out.push_str(&format!("{pad}{}: {}\n", scalar(key), flow(value)));
                }
            }
        }
        Value::Array(items) => {
            items.iter().for_each(|item| out.push_str(&format!("{pad}- {}\n", flow(item))));
        }
        other => out.push_str(&format!("{pad}{}\n", flow(other))),
    }
}

/// Writes a text, in quotes where it could be read as anything else.
pub(super) fn scalar(text: &str) -> String {
    let is_word =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ' | '(' | ')' | '@');
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"];
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(is_word)
        && !text.ends_with(' ')
        && !reserved.contains(&text.to_ascii_lowercase().as_str());
    let is_address = super::program::address(text).is_some_and(|(address, _)| address.is_ipv4());
    if is_plain || is_address { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}') => {
                out.push_str(&format!("\\u{:04X}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
