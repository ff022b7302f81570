//! `nft -j`: the same ruleset as JSON (libnftables-json(5)), written out as text so that one reader serves both.
//! An expression that is not known becomes one opaque word, which makes its rule "not understood", never wrong.

use super::Unreadable;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Chains and sets of a table as text.
#[derive(Default)]
struct TableText {
    sets: Vec<String>,
    chains: Vec<(String, String, Vec<String>)>,
    others: Vec<String>,
}

/// Writes a JSON listing as an nft file.
pub(super) fn to_text(json: &str) -> Result<String, Unreadable> {
    let value: Json = serde_json::from_str(json).map_err(|_| Unreadable::new("not valid JSON", 1))?;
    let Some(items) = value.get("nftables").and_then(Json::as_array) else {
        return Err(Unreadable::new("JSON, but not a listing of nft", 1));
    };
    let mut tables: BTreeMap<String, TableText> = BTreeMap::new();
    for item in items {
        let Some((kind, body)) = item.as_object().and_then(|object| object.iter().next()) else { continue };
        let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let table = format!("{} {}", text("family"), text("table"));
        match kind.as_str() {
            "metainfo" => {}
            "table" => {
                tables.entry(format!("{} {}", text("family"), text("name"))).or_default();
            }
            "chain" => {
                let head = match body.get("hook").and_then(Json::as_str) {
                    Some(hook) => {
                        let priority = body.get("prio").map_or_else(|| "0".into(), Json::to_string);
                        let policy = body.get("policy").and_then(Json::as_str).unwrap_or("accept");
                        let device = body
                            .get("dev")
                            .and_then(Json::as_str)
                            .map(|dev| format!(" device \"{dev}\""))
                            .unwrap_or_default();
                        format!(
                            "type {} hook {hook}{device} priority {priority}; policy {policy};",
                            text("type")
                        )
                    }
                    None => String::new(),
                };
                tables.entry(table).or_default().chains.push((text("name"), head, vec![]));
            }
            "set" | "map" => tables.entry(table).or_default().sets.push(set(kind, body)),
            "rule" => {
                let words: Vec<String> =
                    body.get("expr").and_then(Json::as_array).into_iter().flatten().map(statement).collect();
                let chain = text("chain");
                let own = tables.entry(table).or_default();
                if let Some(known) = own.chains.iter_mut().find(|(name, ..)| *name == chain) {
                    known.2.push(words.join(" "));
                }
            }
            other => tables.entry(table).or_default().others.push(format!(
                "{other} {} {{ json:{} }}",
                text("name"),
                opaque(body)
            )),
        }
    }
    Ok(write(&tables))
}

fn write(tables: &BTreeMap<String, TableText>) -> String {
    let mut out = String::new();
    for (name, table) in tables {
        let _ = writeln!(out, "table {name} {{");
        for part in table.others.iter().chain(&table.sets) {
            let _ = writeln!(out, "{part}");
        }
        for (chain, head, rules) in &table.chains {
            let _ = writeln!(out, "chain {chain} {{\n{head}\n{}\n}}", rules.join("\n"));
        }
        out.push_str("}\n");
    }
    out
}

/// One word for something that is not known: the same thing is the same word.
fn opaque(value: &Json) -> String {
    blake3::hash(value.to_string().as_bytes()).to_hex()[..16].to_owned()
}

fn words(value: &Json) -> Vec<String> {
    match value {
        Json::Array(items) => items.iter().map(scalar).collect(),
        other => vec![scalar(other)],
    }
}

fn set(kind: &str, body: &Json) -> String {
    let name = body.get("name").and_then(Json::as_str).unwrap_or_default();
    let mut out = format!("{kind} {name} {{\n");
    let of = body.get("type").map(|value| words(value).join(" . ")).unwrap_or_default();
    let to = body.get("map").map(|value| format!(" : {}", words(value).join(" . "))).unwrap_or_default();
    let _ = writeln!(out, "type {of}{to}");
    if let Some(flags) = body.get("flags") {
        let _ = writeln!(out, "flags {}", words(flags).join(","));
    }
    for (key, name) in [("timeout", "timeout"), ("size", "size")] {
        if let Some(value) = body.get(key) {
            let _ = writeln!(out, "{name} {}", scalar(value));
        }
    }
    if let Some(items) = body.get("elem").and_then(Json::as_array) {
        let _ =
            writeln!(out, "elements = {{ {} }}", items.iter().map(expression).collect::<Vec<_>>().join(", "));
    }
    out.push('}');
    out
}

fn scalar(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Fields that rules ask for: after setting one, what follows meets another packet.
const MODELLED: [&str; 9] =
    ["saddr", "daddr", "sport", "dport", "type", "code", "protocol", "nexthdr", "version"];

/// Whether an expression holds anything that has no spelling here.
fn unknown(value: &Json) -> bool {
    let text = ["left", "right"]
        .iter()
        .filter_map(|side| value.get(side))
        .map(expression)
        .collect::<Vec<_>>()
        .concat();
    let own = if value.get("left").is_some() { text } else { expression(value) };
    own.contains("json:")
}

fn statement(value: &Json) -> String {
    let Some((kind, body)) = value.as_object().and_then(|object| object.iter().next()) else {
        return format!("json:{}", opaque(value));
    };
    match kind.as_str() {
        "match" if unknown(body) => format!("json-match:{}", opaque(value)),
        "match" => {
            let operator = body.get("op").and_then(Json::as_str).unwrap_or("==");
            let operator =
                if matches!(operator, "==" | "in") { String::new() } else { format!("{operator} ") };
            let side = |name: &str| body.get(name).map(expression).unwrap_or_default();
            format!("{} {operator}{}", side("left"), side("right"))
        }
        "accept" | "drop" | "return" | "continue" | "counter" | "masquerade" | "notrack" => kind.clone(),
        "comment" => String::new(),
        "jump" | "goto" => {
            format!("{kind} {}", body.get("target").and_then(Json::as_str).unwrap_or_default())
        }
        "reject" => reject(body),
        "log" => log(body),
        "vmap" if body.get("key").is_some_and(unknown) => format!("json:{}", opaque(value)),
        // Sets something; what it is decides whether later rules see another packet.
        "mangle"
            if body
                .pointer("/key/payload/field")
                .and_then(Json::as_str)
                .is_some_and(|field| MODELLED.contains(&field)) =>
        {
            format!("json:{}", opaque(value))
        }
        "mangle" => format!("json-set:{}", opaque(value)),
        "vmap" => {
            let side = |name: &str| body.get(name).map(expression).unwrap_or_default();
            format!("{} vmap {}", side("key"), side("data"))
        }
        "limit" => {
            let number = |name: &str| body.get(name).map(scalar).unwrap_or_default();
            let over = if body.get("inv").and_then(Json::as_bool) == Some(true) { "over " } else { "" };
            let burst = body
                .get("burst")
                .map(|burst| format!(" burst {} packets", scalar(burst)))
                .unwrap_or_default();
            format!("limit rate {over}{}/{}{burst}", number("rate"), number("per"))
        }
        _ => format!("json:{}", opaque(value)),
    }
}

fn reject(body: &Json) -> String {
    let kind = body.get("type").and_then(Json::as_str);
    match (kind, body.get("expr")) {
        (Some("tcp reset"), _) => "reject with tcp reset".into(),
        (Some(kind), Some(code)) => format!("reject with {kind} {}", scalar(code)),
        _ => "reject".into(),
    }
}

fn log(body: &Json) -> String {
    let mut out = String::from("log");
    if let Some(prefix) = body.get("prefix").and_then(Json::as_str) {
        let _ = write!(out, " prefix \"{prefix}\"");
    }
    for key in ["level", "group", "snaplen", "queue-threshold", "flags"] {
        if let Some(value) = body.get(key) {
            let _ = write!(out, " {key} {}", words(value).join(","));
        }
    }
    out
}

fn expression(value: &Json) -> String {
    let Some((kind, body)) = value.as_object().and_then(|object| object.iter().next()) else {
        return match value {
            Json::Array(items) if items.len() == 2 && items.iter().any(Json::is_object) => {
                format!("{} : {}", expression(&items[0]), expression(&items[1]))
            }
            Json::Array(items) => {
                format!("{{ {} }}", items.iter().map(expression).collect::<Vec<_>>().join(", "))
            }
            other => scalar(other),
        };
    };
    let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default();
    match kind.as_str() {
        "payload" if body.get("protocol").is_some() => format!("{} {}", text("protocol"), text("field")),
        "meta" => match text("key") {
            key @ ("iifname" | "oifname" | "iif" | "oif") => key.to_owned(),
            key => format!("meta {key}"),
        },
        "ct" if body.get("dir").is_none() => format!("ct {}", text("key")),
        "prefix" => format!(
            "{}/{}",
            body.get("addr").map(scalar).unwrap_or_default(),
            body.get("len").map(scalar).unwrap_or_default()
        ),
        "range" => words(body).join("-"),
        "set" => match body {
            Json::Array(items) => {
                format!("{{ {} }}", items.iter().map(expression).collect::<Vec<_>>().join(", "))
            }
            other => expression(other),
        },
        "concat" => body.as_array().into_iter().flatten().map(expression).collect::<Vec<_>>().join(" . "),
        "elem" => body.get("val").map(expression).unwrap_or_default(),
        "accept" | "drop" | "return" | "continue" => kind.clone(),
        "jump" | "goto" => format!("{kind} {}", text("target")),
        _ => format!("json:{}", opaque(value)),
    }
}
