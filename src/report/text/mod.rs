//! Text for a terminal.

mod capture;
mod change;
mod drift;
mod findings;

pub(super) use change::draw as change;
pub use findings::{accepted, findings, summary_line};

use super::{Format, Style};

pub(super) const FORMAT: Format = Format {
    name: "text",
    what: "for people at a terminal",
    universal: true,
    findings: |report, style: Style| {
        let drawn = findings(report.list, style);
        let change = report.change.map(|change| change.text(style)).unwrap_or_default();
        format!("{drawn}{change}{}", (report.closing)())
    },
    drift: |drifts, style: Style| drift::drift(drifts, style),
    capture: Some(|captured, _: Style| capture::draw(captured)),
};
