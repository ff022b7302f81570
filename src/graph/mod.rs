//! Zones, assets, conduits and flows as a picture: one picture, one file per format, one list.
//!
//! In: plans, and what comparing with the plant said of them ([`gather`]). Between: a [`Picture`], plain data in which
//! what drifted, what is refused and what nobody can tell are marks of their own. Out: text in a format of
//! [`FORMATS`], the same bytes for the same input. A line that is not marked was compared and is as intended, or was
//! not compared at all, and the picture says which.

mod boxes;
mod dot;
mod gather;
mod layers;
mod letters;
mod marks;
mod mermaid;
mod picture;
mod sheet;
mod svg;
mod wires;

pub use gather::{Subject, gather};
pub use picture::{
    Asset, Conduit, ConduitKind, Flow, Judged, LEVELS, Level, Mark, MarkKind, Panel, Picture, Zone,
};
pub use sheet::{Rect, Sheet, sheet};

/// A format of pictures.
#[derive(Debug)]
pub struct Format {
    /// What `--format` calls it.
    pub name: &'static str,
    /// Who or what it is for.
    pub what: &'static str,
    /// Draws.
    pub draw: fn(&Picture) -> String,
}

/// Every format of pictures; the first is what is drawn without a word.
pub const FORMATS: &[Format] = &[
    Format { name: "svg", what: "for a wall, a page or a browser, light and dark", draw: svg::draw },
    Format { name: "mermaid", what: "for Markdown that GitHub or GitLab shows", draw: mermaid::draw },
    Format { name: "dot", what: "for Graphviz", draw: dot::draw },
];

/// Returns a format by name.
#[must_use]
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
