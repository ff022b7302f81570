//! The texts of one conduits.yaml or site.yaml, evaluated for one line or site.

use crate::finding::{Finding, Place};
use crate::resolve::expression::{Scope, Value, interpolate};
use crate::source::{Document, child};
use ipnet::IpNet;
use std::net::IpAddr;

/// A document, what its expressions see, and what was wrong so far.
pub(super) struct Reader<'a> {
    pub(super) document: &'a Document,
    pub(super) scope: Scope,
    pub(super) failures: Vec<Finding>,
}

impl Reader<'_> {
    pub(super) fn fail(&mut self, pointer: &str, message: impl Into<String>, next: impl Into<String>) {
        let place = Place::value(self.document, pointer);
        self.failures.push(Finding::error("unresolved", message).at(place).next(next));
    }

    fn value(&mut self, text: &str, pointer: &str) -> Option<Value> {
        match interpolate(text, &self.scope) {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail(pointer, error, "define the name, or correct the expression");
                None
            }
        }
    }

    pub(super) fn text(&mut self, text: &str, pointer: &str) -> Option<String> {
        let value = self.value(text, pointer)?;
        if value.as_str().is_some() || value.is_number() {
            return Some(value.to_string());
        }
        self.fail(pointer, format!("text is wanted here, not {value}"), "use an expression that gives text");
        None
    }

    pub(super) fn maybe(&mut self, text: Option<&str>, pointer: &str) -> Option<String> {
        text.and_then(|text| self.text(text, pointer))
    }

    /// Addresses or networks; a list in an expression is spliced.
    pub(super) fn addresses(&mut self, texts: &[String], pointer: &str) -> Vec<String> {
        let mut out = vec![];
        for (index, text) in texts.iter().enumerate() {
            let pointer = child(pointer, &index.to_string());
            let Some(value) = self.value(text, &pointer) else { continue };
            out.extend(self.address_list(&value, &pointer));
        }
        out
    }

    pub(super) fn address_list(&mut self, value: &Value, pointer: &str) -> Vec<String> {
        let items: Vec<Value> = match value.as_str() {
            Some(_) => vec![value.clone()],
            None => value.try_iter().map_or_else(|_| vec![value.clone()], Iterator::collect),
        };
        let mut out = vec![];
        for item in items {
            match item.as_str().filter(|text| is_address(text)) {
                Some(text) => out.push(text.to_owned()),
                None => self.fail(
                    pointer,
                    format!("`{item}` is no address or network"),
                    "write 10.20.30.11 or 10.20.30.0/24",
                ),
            }
        }
        out
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || text.parse::<IpNet>().is_ok_and(|net| net.trunc() == net)
}
