//! Text with exact positions, and the folders and git revisions it is read from.
//!
//! In: paths. Out: [`Document`]s whose every value knows its bytes, lines and columns. This is the only module
//! that reads files and git; nothing here knows what a site or a blueprint is.

pub mod git;
pub mod past;
mod pointer;
mod quick;
mod stream;
mod text;
mod tree;
pub mod versions;
mod yaml;

pub use pointer::{child, parse as parse_pointer};
pub use stream::{Raw, RawContent, StreamProblem, read_stream};
pub use text::{Position, Span, Text};
pub use tree::{Entry, Folder, Over, ReadError, Tree};
pub use yaml::{Content, Document, Member, Node, Problem, parse};
