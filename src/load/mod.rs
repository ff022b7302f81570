//! Documents to model: every file read, every problem collected, none fatal to the others.
//!
//! In: a [`Tree`](crate::source::Tree). Out: a [`Fleet`] and findings. What could not be loaded stays out of the
//! fleet, and whoever needs it says so.

mod explain;
mod file;
mod fleet;
mod format;
mod inputs;
mod near;
mod parts;
mod references;
pub mod schema;
mod slips;
mod standards;
mod time_zone;

pub use file::{Loaded, read_document, read_file, read_text, validate_against};
pub use fleet::{Address, BrokenDeviation, Fleet, LineEntry, Record, SiteEntry, is_record_id};
pub(crate) use format::is_secret_name;
pub use inputs::{InputRules, check_values};
pub use near::nearest;
pub use parts::{Part, Undo, line_of, site_of};
pub use standards::{Standard, StandardRef, Standards, is_id, parse_reference};
pub use time_zone::strange_zone;
