//! A bare `jig`: what state the fleet is in, and what to do next.

use super::select::select;
use super::session::Session;
use super::work::Work;
use super::write::{Manifest, Mode, commit};
use super::{Outcome, Run};
use crate::finding::{Finding, Level};
use crate::report;
use rayon::prelude::*;
use std::collections::BTreeMap;

pub(crate) fn run(session: &mut Session) -> Run {
    let root = session.root()?;
    let (fleet, mut findings) = session.fleet()?;
    let Some(fleet) = fleet else {
        session.settle(None, &mut findings);
        session.out(&format!("{} holds a fleet that cannot be read", root.display()));
        session.out(&format!("  {}", report::summary_line(&findings)));
        session.out("next: jig validate");
        return Ok(Outcome::CannotTell);
    };
    let today = session.today(Some(&fleet));
    let selected = select(&fleet, &[])?;
    let work = Work::new(&fleet, today, None);
    let intended = root.join("intended");
    let look = Mode { look: true, force: false };
    let results: Vec<_> = selected
        .par_iter()
        .map(|selected| {
            let done = work.site(selected, |evaluated| {
                let mut found = std::mem::take(&mut evaluated.notes);
                let state = match &mut evaluated.rendered {
                    Err(failures) => {
                        found.append(failures);
                        "does not render"
                    }
                    Ok(files) => {
                        let below = if evaluated.is_site {
                            format!("{}/_site", evaluated.address)
                        } else {
                            evaluated.address.clone()
                        };
                        let manifest =
                            Manifest::of(&evaluated.address, &evaluated.reference, &evaluated.inputs, files);
                        match commit(&intended, &below, files, &manifest, look) {
                            Ok(done) if done.edited().next().is_some() => EDITED,
                            Ok(done) if done.changed => "to be rendered",
                            Ok(_) => "rendered",
                            Err(_) => "cannot be read under intended/",
                        }
                    }
                };
                (evaluated.address.clone(), evaluated.is_site, evaluated.reference.clone(), state, found)
            });
            (done.results, done.findings)
        })
        .collect();
    let mut rows = vec![];
    for (lines, found) in results {
        findings.extend(found);
        for (address, is_site, reference, state, found) in lines {
            findings.extend(found);
            rows.push((address, is_site, reference, state));
        }
    }
    findings.extend(fleet.standards.take_findings());
    findings.extend(crate::check::shared(&work.scene(), None));
    session.settle(Some(&fleet), &mut findings);
    print(session, &fleet, &rows, &findings);
    let is_edited = rows.iter().any(|row| row.3 == EDITED);
    let outcome = session.judge(&findings);
    Ok(if is_edited { outcome.max(Outcome::Findings) } else { outcome })
}

/// The state of a line whose files are not what jig wrote.
const EDITED: &str = "edited by hand under intended/";

type Row = (String, bool, String, &'static str);

fn print(session: &Session, fleet: &crate::load::Fleet, rows: &[Row], findings: &[Finding]) {
    let model = &fleet.enterprise;
    let name = model.name.clone().unwrap_or_else(|| model.enterprise.to_string());
    let lines: Vec<&Row> = rows.iter().filter(|row| !row.1).collect();
    let counted = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
    session.out(&format!(
        "{name}: {}, {}, {}, {}",
        counted(fleet.sites.len(), "site"),
        counted(lines.len(), "line"),
        counted(fleet.decisions.len(), "decision"),
        counted(fleet.deviations.len(), "deviation")
    ));
    let mut by_reference: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &lines {
        *by_reference.entry(row.2.as_str()).or_default() += 1;
    }
    for (reference, count) in by_reference.iter().filter(|(reference, _)| !reference.is_empty()) {
        session.out(&format!("  {reference}: {}", counted(*count, "line")));
    }
    let mut by_state: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        by_state.entry(row.3).or_default().push(&row.0);
    }
    for (state, addresses) in &by_state {
        let shown = addresses.iter().take(8).copied().collect::<Vec<_>>().join(", ");
        let more =
            if addresses.len() > 8 { format!(", and {} more", addresses.len() - 8) } else { String::new() };
        session.out(&format!("  {state}: {shown}{more}"));
    }
    session.out(&format!("  {}", report::summary_line(findings)));
    session.out(&format!("next: {}", next_step(fleet, rows, findings)));
}

fn next_step(fleet: &crate::load::Fleet, rows: &[Row], findings: &[Finding]) -> String {
    if let Some(finding) = findings.iter().find(|finding| finding.level == Level::Error) {
        let place = finding.place.as_ref().map(|place| {
            place
                .range
                .map_or_else(|| place.file.to_string(), |range| format!("{}:{}", place.file, range.line))
        });
        let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
        return format!("{}{place}: {}; `jig validate` shows all", finding.message, finding.next);
    }
    if fleet.sites.is_empty() {
        return "`jig new site ID`".into();
    }
    if fleet.sites.iter().all(|site| site.lines.is_empty()) {
        return "`jig new line SITE/LINE --blueprint B --area A`".into();
    }
    if rows.iter().any(|row| row.3 == EDITED) {
        return "`jig render` names the files that were edited by hand; move the changes into an override, a deviation or the \
                blueprint, then `jig render --force`"
            .into();
    }
    if rows.iter().any(|row| row.3 == "to be rendered") {
        return "`jig render`".into();
    }
    if findings.iter().any(|finding| finding.level == Level::Warning) {
        return "`jig validate` shows the warnings".into();
    }
    let deployed = &fleet.enterprise.settings.deployed;
    if fleet.root.as_ref().is_some_and(|root| root.join(deployed).is_dir()) {
        return "`jig diff` compares what the devices run with what is intended".into();
    }
    format!(
        "commit intended/ and hand it to your deployment; with read-back in {deployed}/, `jig diff` compares"
    )
}
