//! Findings that a deviation accepts as they are: counted and shown, and held against nobody.
//!
//! `accepts: { rule, flow }` means the findings of that rule about the deviation's line, and, where it names a flow,
//! those about that flow on the line or on its site. Nobody can accept what stops a line from rendering.

use crate::finding::{Acceptance, Finding, Place};
use crate::load::{Fleet, Record};
use crate::model::records::Accepted;
use crate::model::{Deviation, RecordId};
use crate::render::names;
use crate::resolve::Resolver;
use jiff::civil::Date;

/// A deviation that accepts findings.
struct Accepting<'a> {
    record: &'a Record<Deviation>,
    accepts: &'a Accepted,
    rule: &'a str,
}

/// The deviations that accept findings and count today.
fn accepting(fleet: &Fleet, as_of: Date) -> Vec<Accepting<'_>> {
    let resolver = Resolver::new(fleet, as_of);
    let of = |record: &'_ Record<Deviation>| resolver.counts(record);
    let records = fleet.deviations.values().filter_map(|record| {
        let accepts = record.record.model.accepts.as_ref()?;
        Some(Accepting { record, accepts, rule: accepts.rule.as_deref()? })
    });
    records.filter(|accepting| of(accepting.record)).collect()
}

impl Accepting<'_> {
    fn line(&self) -> &str {
        &self.record.record.model.line
    }

    /// Whether a finding is what the deviation means, acceptable or not.
    fn means(&self, finding: &Finding) -> bool {
        let Some(address) = finding.address.as_deref().filter(|_| finding.rule == self.rule) else {
            return false;
        };
        let site = self.line().split('/').next().unwrap_or_default();
        match &self.accepts.flow {
            Some(flow) => (address == self.line() || address == site) && is_about(finding, flow),
            None => address == self.line(),
        }
    }
}

/// Whether a finding names a flow: in its words, or by standing in it.
fn is_about(finding: &Finding, flow: &RecordId) -> bool {
    let excerpt = finding.place.as_ref().map(|place| &*place.excerpt).unwrap_or_default();
    names(&finding.message, flow.as_str()) || excerpt.trim_start().starts_with(&format!("{flow}:"))
}

/// Marks the findings that deviations of `fleet` accept.
pub fn accept(fleet: &Fleet, as_of: Date, findings: &mut [Finding]) {
    let accepting = accepting(fleet, as_of);
    findings.iter_mut().for_each(|finding| finding.accepted = None);
    if accepting.is_empty() {
        return;
    }
    for finding in findings.iter_mut().filter(|finding| is_acceptable(finding)) {
        let by = accepting.iter().find(|accepting| accepting.means(finding));
        finding.accepted = by.map(|accepting| Acceptance {
            deviation: accepting.record.id.clone(),
            until: accepting.record.record.model.expires.to_string(),
        });
    }
}

/// What judges may be let be; what stops a line, or could not be understood, may not.
fn is_acceptable(finding: &Finding) -> bool {
    !finding.stops && !finding.blind && is_soft(finding.rule)
}

fn is_soft(rule: &str) -> bool {
    super::rule(rule).is_some_and(|rule| rule.soft)
}

/// Finds the deviations that accept findings and met none. `findings` are marked already; `is_judged` says whether a
/// line was looked at.
pub fn without_effect(
    fleet: &Fleet,
    as_of: Date,
    findings: &[Finding],
    is_judged: impl Fn(&str) -> bool,
) -> Vec<Finding> {
    let met = |id: &str| {
        let mut accepted = findings.iter().filter_map(|finding| finding.accepted.as_ref());
        accepted.any(|accepted| accepted.deviation == id)
    };
    let stopped =
        |line: &str| findings.iter().any(|finding| finding.stops && finding.address.as_deref() == Some(line));
    let idle = accepting(fleet, as_of).into_iter().filter(|accepting| {
        let is_known = super::rule(accepting.rule).is_some();
        is_known && is_judged(accepting.line()) && !met(&accepting.record.id)
    });
    let tell = |accepting: Accepting<'_>| {
        let Accepting { record, rule, accepts } = &accepting;
        let refused = findings.iter().any(|finding| accepting.means(finding));
        let flow = accepts.flow.as_ref().map(|flow| format!(" of {flow}")).unwrap_or_default();
        let (why, next) = if refused || !is_soft(rule) {
            (
                "which no deviation can accept: it stops the line",
                "mend what the rule finds, and close the deviation",
            )
        } else if stopped(accepting.line()) {
            return None; // what does not render was not judged to the end
        } else {
            (
                "which is not found there",
                "close the deviation, or name the rule and flow of the finding that it means",
            )
        };
        let message = format!("{} accepts `{rule}`{flow} on {}, {why}", record.id, accepting.line());
        Some(
            super::deviation_without_effect::RULE
                .found(message)
                .at(Place::value(&record.record.document, "/accepts/rule"))
                .about(accepting.line())
                .owned_by(record.record.model.owner.to_string())
                .next(next),
        )
    };
    idle.filter_map(tell).collect()
}
