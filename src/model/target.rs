//! templates/<target>/target.yaml: what a target writes and how it is compared.

use super::{Json, Map};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// target.yaml: a folder with templates for one product.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What kind of thing it configures.
    pub kind: Kind,
    /// The product.
    pub product: Option<String>,
    /// What it writes, in words.
    pub title: Option<String>,
    /// The version that its output was tested against.
    pub tested: Option<String>,
    /// How values are escaped, output parsed and compared.
    pub syntax: Option<String>,
    /// Its files.
    #[schemars(length(min = 1))]
    pub files: Vec<TargetFile>,
    /// The comparison profile.
    pub compare: Option<Compare>,
    /// An external check; `{file}` stands for the file.
    pub check: Option<Vec<String>>,
    /// How a secret is referred to, as an expression that sees `name`.
    pub secret: Option<String>,
}

/// What kind of thing a target configures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Kind {
    Gateway,
    Broker,
    Firewall,
    Dashboard,
    Alerts,
    Record,
}

impl Kind {
    /// Returns the word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Broker => "broker",
            Self::Firewall => "firewall",
            Self::Dashboard => "dashboard",
            Self::Alerts => "alerts",
            Self::Record => "record",
        }
    }
}

/// One file of a target.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetFile {
    /// The template, relative to the target's folder.
    pub template: String,
    /// Where it is written, relative to the line's folder, as an expression.
    pub path: String,
    /// Its own syntax.
    pub syntax: Option<String>,
    /// Its own comparison profile.
    pub compare: Option<Compare>,
    /// When it is written, as an expression.
    pub when: Option<String>,
}

/// How deployed files are compared with intended ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// The format; without it the syntax decides.
    pub format: Option<String>,
    /// The dialect of the format.
    pub dialect: Option<String>,
    /// The YAML version, 1.2 or 1.1.
    pub yaml: Option<String>,
    /// What identifies the elements of a list.
    #[serde(default)]
    pub lists: Map<String, ListRule>,
    /// What identifies the documents of a YAML stream.
    pub documents: Option<Json>,
    /// The key column of a CSV file.
    pub key: Option<String>,
    /// Whether rows are ordered.
    pub ordered: Option<bool>,
    /// Sections of indented text whose order matters.
    #[serde(default)]
    pub ordered_sections: Vec<String>,
    /// Lines that silence means.
    #[serde(default)]
    pub defaults: Vec<String>,
    /// Paths that the server manages.
    #[serde(default)]
    pub server_managed: Vec<String>,
    /// Paths where null means absent.
    #[serde(default)]
    pub absent_equals_null: Vec<String>,
    /// Values that are as good as absent, by path: what a product writes where nothing was said.
    #[serde(default)]
    pub absent_equals: Map<String, Json>,
    /// Members that a product wraps around the file when it is read back, as pointers; the first that is there counts.
    #[serde(default)]
    pub unwrap: Vec<String>,
    /// Paths or patterns that hold secrets.
    #[serde(default)]
    pub secrets: Vec<Json>,
    /// Blocks that are ours in a file that serves several lines.
    #[serde(default)]
    pub managed: Vec<String>,
    /// What a difference means for production.
    #[serde(default)]
    pub consequence: Vec<Consequence>,
}

/// What identifies the elements of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListRule {
    /// The member or members that name an element.
    pub key: Option<Json>,
    /// Whether the order matters.
    pub ordered: Option<bool>,
}

/// What a difference at some paths means for production.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consequence {
    /// The paths, as a glob.
    #[serde(rename = "match")]
    pub matches: String,
    /// The class: path, security, data, metric, settings or look.
    #[schemars(extend("enum" = ["path", "security", "data", "metric", "settings", "look"]))]
    pub class: String,
}
