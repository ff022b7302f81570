//! `deviation-without-effect`: a deviation for a line that the fleet does not have.

use crate::finding::{Finding, Place};
use crate::load::{Fleet, nearest};

pub(super) fn check(fleet: &Fleet) -> Vec<Finding> {
    let lines =
        fleet.sites.iter().flat_map(|site| site.lines.iter().map(|line| format!("{}/{}", site.id, line.id)));
    let known: Vec<String> = lines.collect();
    let aimless = fleet.deviations.values().filter(|record| !known.contains(&record.record.model.line));
    aimless
        .map(|record| {
            let line = &record.record.model.line;
            let next = nearest(line, known.iter().map(String::as_str)).map_or_else(
                || "close the deviation, or name a line that is there".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            Finding::warning(
                "deviation-without-effect",
                format!("{} is for {line}, which is no line here", record.id),
            )
            .at(Place::value(&record.record.document, "/line"))
            .owned_by(record.record.model.owner.to_string())
            .next(next)
        })
        .collect()
}
