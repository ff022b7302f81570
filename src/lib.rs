//! jig holds a factory's IT/OT architecture so that every line comes out like the first good one.
//!
//! The modules stand in the order the data takes; each uses only modules above it (`tests/layers.rs`).

pub mod check;
pub mod cli;
pub mod finding;
pub mod load;
pub mod model;
pub mod render;
pub mod report;
pub mod resolve;
pub mod source;
pub mod syntax;
