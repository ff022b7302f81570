//! jig holds a factory's IT/OT architecture so that every line comes out like the first good one.
//!
//! The modules stand in the order the data takes; each uses only modules above it (`tests/layers.rs`).

pub mod source;
pub mod finding;
pub mod syntax;
pub mod packets;
pub mod model;
pub mod load;
pub mod resolve;
pub mod render;
pub mod check;
pub mod compare;
pub mod graph;
pub mod capture;
pub mod report;
pub mod cli;
