//! Deviations: a difference that is known, owned, and has an end. One covers one value at one place on one line.

use super::secrets;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value as Json;

/// A difference that is accepted until a date.
#[derive(Debug, Clone)]
pub struct Deviation {
    /// Its id.
    pub id: String,
    /// The line it is for.
    pub line: String,
    /// The file, with or without the line's folder.
    pub file: String,
    /// The path in the file; empty for the file as a whole.
    pub path: String,
    /// The sanctioned deployed value; `None` where nothing is deployed.
    pub deployed: Option<Json>,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it counts.
    pub expires: Date,
    /// Why it does not count, though it has not run out.
    pub pending: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Option<String>,
    line: Option<String>,
    file: Option<String>,
    #[serde(default)]
    path: String,
    deployed: Option<Json>,
    owner: Option<String>,
    reason: Option<String>,
    expires: Option<Json>,
    #[serde(default, rename = "approved_by")]
    _approved_by: Option<Json>,
    #[serde(default, rename = "link")]
    _link: Option<Json>,
    #[serde(default, rename = "countermeasure")]
    _countermeasure: Option<Json>,
}

/// Reads a deviations file: `deviations: [...]`.
///
/// # Errors
/// One sentence per mistake; a deviation without owner, reason or expiry is one.
pub fn read(value: &Json) -> Result<Vec<Deviation>, Vec<String>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        deviations: Vec<Json>,
    }
    if value.is_null() {
        return Ok(vec![]);
    }
    let file: File = serde_json::from_value(value.clone())
        .map_err(|_| vec!["deviations: the file must be `deviations: [...]`".to_owned()])?;
    let mut problems = vec![];
    let mut out: Vec<Deviation> = vec![];
    for (at, entry) in file.deviations.iter().enumerate() {
        let name = entry
            .get("id")
            .and_then(Json::as_str)
            .map_or_else(|| format!("deviation {}", at + 1), str::to_owned);
        match serde_json::from_value::<Entry>(entry.clone()) {
            Ok(entry) => match complete(&name, entry) {
                Ok(deviation) if out.iter().any(|other| other.id == deviation.id) => {
                    problems.push(format!("{name}: the id is used twice"));
                }
                Ok(deviation) => out.push(deviation),
                Err(found) => problems.extend(found),
            },
            // serde's own words may quote the sanctioned value.
            Err(error) if error.to_string().starts_with("unknown field") => {
                problems.push(format!("{name}: {}", error.to_string().split(',').next().unwrap_or_default()));
            }
            Err(_) => problems.push(format!("{name}: a field has the wrong type")),
        }
    }
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

fn complete(name: &str, entry: Entry) -> Result<Deviation, Vec<String>> {
    let mut problems = vec![];
    let mut need = |field: &str, value: Option<String>| {
        let value = value.filter(|value| !value.trim().is_empty());
        if value.is_none() {
            problems.push(format!("{name}: {field} missing"));
        }
        value.unwrap_or_default()
    };
    let id = need("id", entry.id);
    let owner = need("owner", entry.owner);
    let _ = need("reason", entry.reason);
    let line = need("line", entry.line);
    let file = need("file", entry.file);
    let expires = match entry.expires {
        None | Some(Json::Null) => {
            problems.push(format!("{name}: expires missing"));
            None
        }
        Some(value) => {
            let date = value.as_str().and_then(|text| text.parse::<Date>().ok());
            if date.is_none() {
                problems.push(format!("{name}: expires is not a date such as 2026-12-18"));
            }
            date
        }
    };
    match expires {
        Some(expires) if problems.is_empty() => Ok(Deviation {
            id,
            line,
            file,
            path: entry.path,
            deployed: entry.deployed,
            owner,
            expires,
            pending: None,
        }),
        _ => Err(problems),
    }
}

impl Deviation {
    /// Whether it is about this place.
    #[must_use]
    pub fn is_at(&self, line: &str, file: &str, inner: &str, path: &str) -> bool {
        self.line == line && (self.file == file || self.file == inner) && self.path == path
    }

    /// Whether it sanctions exactly this value. A secret is sanctioned by its digest under the deviation's own key.
    #[must_use]
    pub fn sanctions(&self, deployed: Option<&Json>) -> bool {
        match (&self.deployed, deployed) {
            (None | Some(Json::Null), None | Some(Json::Null)) => true,
            (Some(own), Some(value)) => {
                same(own, value) || own.as_str().is_some_and(|own| own == self.digest(value))
            }
            _ => false,
        }
    }

    /// Whether it sanctions exactly the content with this digest.
    pub(crate) fn sanctions_digest(&self, digest: Option<&str>) -> bool {
        digest.is_some_and(|digest| self.deployed.as_ref().and_then(Json::as_str) == Some(digest))
    }

    /// The digest that stands for a secret in the deviation's file.
    #[must_use]
    pub fn digest(&self, value: &Json) -> String {
        digest(&self.id, value)
    }

    /// The sanctioned value for a report, unless it is better not shown.
    pub(crate) fn shown(&self, is_secret: bool) -> String {
        match &self.deployed {
            None | Some(Json::Null) => "its absence".into(),
            Some(_) if is_secret => "another value".into(),
            Some(Json::String(text)) if secrets::inside(text).is_empty() => text.clone(),
            Some(value) => value.to_string(),
        }
    }
}

/// The digest of a secret under the key of a deviation.
#[must_use]
pub fn digest(id: &str, value: &Json) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let key = blake3::derive_key("jig deviation: sanctioned secret", id.as_bytes());
    format!("b3k:{}", blake3::keyed_hash(&key, text.as_bytes()).to_hex())
}

/// Whether two values are the same; numbers by what they are.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => super::number::equal(&a.to_string(), &b.to_string()),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (a, b) => a == b,
    }
}
