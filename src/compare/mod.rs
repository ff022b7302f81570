//! Intended against deployed: what differs, who moved, what to do about it.
//!
//! In: pairs of files with their rules ([`Job`]), deviations, what is known about each line. Out: a [`Report`] without
//! a secret in it, the same bytes whatever the order and the number of threads. One file per format; what they share
//! is a tree of values ([`tree`]) and one walk over it ([`walk`]), or statements ([`indented`]).
//!
//! "Could not be told" is an answer of its own: a file that is missing, empty, cut off or ambiguous is never in order.

mod align;
mod cluster;
mod csv;
pub mod deviation;
mod effect;
mod entered;
mod file;
mod fortios;
mod found;
mod indented;
mod ini;
mod ios;
mod json;
mod labels;
mod line;
mod lists;
mod nft;
mod number;
mod pattern;
mod policies;
pub mod profile;
mod report;
mod secrets;
mod settle;
mod text;
mod toml;
mod tree;
mod walk;
mod xml;
mod yaml;

pub use cluster::Cluster;
pub use file::{Asked, Base, Evidence, Job, Meaning, Side, mean_the_same, meanings};
pub use found::Lapse;
pub use labels::{Attribution, Class, Disposition, Kind, Verdict};
pub use line::{Line, LineResult};
pub use report::{Drift, LineReport, Report, Sealed, Summary};
pub use settle::{conclude, run};

/// Invalid bytes of a text that is not UTF-8 are carried as these characters, so that no two files become equal.
const ODD_BYTES: u32 = 0x10_ff00;

/// A text for people: bytes that were no text are shown as `\xE4`, so that two of them look different.
fn shown_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match (c as u32).checked_sub(ODD_BYTES) {
            Some(byte) => out.push_str(&format!("\\x{byte:02X}")),
            None => out.push(c),
        }
    }
    out
}
