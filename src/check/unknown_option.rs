//! `unknown-option`: a Telegraf option that does not exist.

use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::load::nearest;
use serde_json::Value as Json;
use std::sync::LazyLock;
use toml_edit::{Item, TableLike};

pub(super) const RULE: Rule = Rule {
    name: "unknown-option",
    level: Level::Error,
    soft: true,
    what: "A Telegraf option that does not exist.",
    why: "Telegraf refuses the whole file at its next start, which is after the next power cut.",
    instead: "Correct the option in the template.",
    see: "Telegraf 1.36 to 1.40, source of the plugins",
    check: Check::File(check),
};

/// The options of plugins that gateways use, as their source names them.
static OPTIONS: LazyLock<Json> =
    LazyLock::new(|| serde_json::from_str(include_str!("telegraf-options.json")).unwrap_or_default());

fn check(_: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    if !file.product.contains("telegraf") || file.syntax != "toml" {
        return;
    }
    let Ok(document) = toml_edit::Document::parse(file.file.text.as_str()) else { return };
    let mut walk = Walk { file, found };
    for (name, item) in document.as_table() {
        let known = match name {
            "agent" => Some(&OPTIONS["agent"]),
            _ => None,
        };
        if let Some(known) = known {
            walk.item(item, known, name, &[]);
            continue;
        }
        let Some(kinds) = item.as_table_like() else { continue };
        for (plugin, item) in kinds.iter() {
            let path = format!("{name}.{plugin}");
            let known = &OPTIONS["plugins"][&path];
            if known.is_object() {
                let common: Vec<&str> =
                    OPTIONS["common"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
                walk.item(item, known, &path, &common);
            }
        }
    }
}

struct Walk<'a, 'f> {
    file: &'a Rendered<'a>,
    found: &'f mut Vec<Finding>,
}

impl Walk<'_, '_> {
    fn item(&mut self, item: &Item, known: &Json, path: &str, common: &[&str]) {
        if let Some(tables) = item.as_array_of_tables() {
            tables.iter().for_each(|table| self.table(table, known, path, common));
        } else if let Some(table) = item.as_table_like() {
            self.table(table, known, path, common);
        } else if let Some(array) = item.as_array() {
            for table in array.iter().filter_map(|value| value.as_inline_table()) {
                self.table(table, known, path, common);
            }
        }
    }

    fn table(&mut self, table: &dyn TableLike, known: &Json, path: &str, common: &[&str]) {
        let Some(options) = known.as_object() else { return };
        // Telegraf takes `flush_interval` and `flushinterval` for the same.
        let plain = |name: &str| name.replace('_', "").to_lowercase();
        for (name, item) in table.iter() {
            let found = options.iter().find(|(option, _)| plain(option) == plain(name));
            match found {
                Some((_, inner)) => self.item(item, inner, &format!("{path}.{name}"), &[]),
                None if common.iter().any(|option| plain(option) == plain(name)) => {}
                None => {
                    let known = options.keys().map(String::as_str).chain(common.iter().copied());
                    let near = nearest(name, known);
                    let key = table.get_key_value(name).and_then(|(key, _)| key.span());
                    let at = key.or_else(|| item.span()).map_or(0, |span| span.start);
                    let finding = RULE.found(format!("Telegraf has no option `{name}` in {path}"));
                    let finding = self.file.owned(finding.at(self.file.line_at(at)));
                    self.found.push(
                        near.map_or(finding.clone(), |near| finding.next(format!("did you mean `{near}`?"))),
                    );
                }
            }
        }
    }
}
