//! Zones, assets, devices, conduits and flows of one line or site, with their addresses.

mod definitions;
mod flows;
mod texts;

pub(super) use definitions::{Defined, defined, merge, named_by, of_site, shared};
pub(super) use flows::flows;
