//! What a capture found, with what became of it.

use crate::capture::report::Report;

/// What `jig capture` has to say.
#[derive(Debug, Clone, Copy)]
pub struct Captured<'c> {
    /// What was found.
    pub report: &'c Report,
    /// The id of the blueprint.
    pub blueprint: &'c str,
    /// The folder of the fleet, as people see it.
    pub fleet: &'c str,
    /// Files that were written.
    pub written: &'c [String],
}

impl Captured<'_> {
    /// Returns whether every file came back byte for byte from one role.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.report.refused.is_none() && self.report.mismatches.is_empty()
    }

    /// Returns the commands that come next, if anything was written.
    #[must_use]
    pub fn next(&self) -> Option<String> {
        let fleet = self.fleet;
        (!self.written.is_empty()).then(|| format!("jig -C {fleet} validate && jig -C {fleet} render"))
    }
}
