//! What was collected, and when: the file that a backup job writes beside what it read back.

use crate::compare::Evidence;
use crate::load::nearest;
use crate::source::{Content, Document, child};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What was collected, and when.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Collection {
    #[serde(default)]
    pub(super) targets: BTreeMap<String, Target>,
    pub(super) max_age_days: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    pub(super) status: String,
    at: Option<String>,
    error: Option<String>,
}

impl Collection {
    pub(super) fn read(value: Json) -> Result<Self, String> {
        if value.is_null() {
            return Ok(Self::default());
        }
        serde_json::from_value(value).map_err(|error| format!("collection: {error}"))
    }

    /// The first key that it does not know or date that is none, and where it stands.
    pub(super) fn slip(document: &Document) -> Option<(u32, String)> {
        let unknown = |pointer: &str, known: &[&str]| {
            let Content::Map(members) = &document.root.at(pointer)?.content else { return None };
            let odd = members.iter().find(|member| !known.contains(&&*member.key))?;
            let near = nearest(&odd.key, known.iter().copied());
            let meant = near.map_or_else(
                || format!("one of {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let at = document.root.key_span(&child(pointer, &odd.key))?.start;
            Some((at, format!("`{}` is not known here; {meant}", odd.key)))
        };
        if let Some(slip) = unknown("", &["targets", "max_age_days"]) {
            return Some(slip);
        }
        let Content::Map(targets) = &document.root.at("/targets")?.content else { return None };
        targets.iter().find_map(|target| {
            let pointer = child("/targets", &target.key);
            let at = target.node.at("/at");
            let undated = at.and_then(|at| Some((at, at.as_str()?))).filter(|(_, text)| date(text).is_none());
            unknown(&pointer, &["status", "at", "error"])
                .or_else(|| undated.map(|(at, text)| (at.span.start, format!("`{text}` is no date"))))
        })
    }

    fn target(&self, file: &str, inner: &str) -> Option<&Target> {
        self.targets.get(file).or_else(|| self.targets.get(inner))
    }

    /// Whether it says anything, and nothing about this file.
    pub(super) fn passes_over(&self, file: &str, inner: &str) -> bool {
        !self.targets.is_empty() && self.target(file, inner).is_none()
    }

    /// What is known about the read-back of a file.
    pub(super) fn evidence(&self, file: &str, inner: &str, as_of: Date, limit: Option<i64>) -> Evidence {
        let Some(target) = self.target(file, inner) else { return Evidence::Fine };
        if target.status != "ok" {
            let why = target.error.clone().unwrap_or_else(|| target.status.clone());
            return Evidence::Failed(why);
        }
        let Some(limit) = limit else { return Evidence::Fine };
        match target.date() {
            None => Evidence::Stale("nobody knows when it was collected".into()),
            Some(at) => {
                let age = i64::from((as_of - at).get_days());
                if age <= limit {
                    Evidence::Fine
                } else {
                    Evidence::Stale(format!("collected {age} days ago, limit {limit}"))
                }
            }
        }
    }

    /// Read-backs from after the day that the run is about: a clock is wrong, or the run looks back.
    pub(super) fn ahead_of(&self, as_of: Date) -> Option<String> {
        let mut ahead = self.targets.iter().filter(|(_, target)| target.date().is_some_and(|at| at > as_of));
        let (first, target) = ahead.next()?;
        let more = match ahead.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let at = target.at.as_deref().unwrap_or_default();
        Some(format!("collection: `{first}`{more} was read back on {at}, after {as_of}"))
    }

    /// The oldest read-back below a folder.
    pub(super) fn oldest(&self, folder: Option<&str>) -> Option<Date> {
        let Some(folder) = folder else { return self.targets.values().filter_map(Target::date).min() };
        let below = format!("{folder}/");
        let inside = self.targets.range(below.clone()..).take_while(|(file, _)| file.starts_with(&below));
        inside.filter_map(|(_, target)| target.date()).min()
    }
}

impl Target {
    fn date(&self) -> Option<Date> {
        date(self.at.as_deref()?)
    }
}

/// The day of a time, or a day.
fn date(text: &str) -> Option<Date> {
    let instant = text.parse::<jiff::Timestamp>().ok().map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date());
    instant.or_else(|| text.get(..10)?.parse().ok())
}
