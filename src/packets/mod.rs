//! Rulesets as sets of packets: read, compared, and told in words.
//!
//! In: the text of a firewall's rules, whichever product it is for, or the flows of a plan. Between: chains of rules
//! over regions of packets ([`rules`]). Out: which packets one ruleset lets through and another does not
//! ([`difference`]), in words ([`words`]).
//!
//! What is not understood stays: a condition nobody knows is a doubt, and what depends on a doubt is undetermined,
//! never allowed and never denied.

pub(crate) mod addresses;
pub mod cisco;
mod compile;
mod diagram;
mod difference;
pub mod firewall;
pub mod fortios;
pub mod names;
pub mod nft;
mod paths;
mod ranges;
mod region;
mod rules;
mod services;
#[cfg(test)]
mod tests;
mod touched;
pub mod words;

pub use diagram::TooLarge;
pub use difference::{Change, Decider, Difference, Side, Sieve, difference, same, shadowed};
pub use paths::{Path, Way};
pub use ranges::Ranges;
pub use region::{ALL, FIELDS, Field, IPV4, IPV6, NEW, Region, STATES, cross, open_end};
pub use rules::{Action, Gate, Part, Rule, Ruleset, Unread, Verdict};
