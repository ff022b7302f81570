//! `jig validate`: everything that can be told without a device.

use super::select::select;
use super::session::{Session, in_repository};
use super::work::Work;
use super::{Outcome, Run};
use crate::finding::{Finding, Level};
use crate::report::{self, Findings};
use clap::Args;
use rayon::prelude::*;
use serde_json::json;

/// Checks files, references, decisions, approvals and templates; renders in memory and writes nothing
///
/// All problems are shown in one run, each at its place, with who can mend it and how.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  jig validate\n  jig validate grr/pk2\n  jig validate --format json")]
pub(crate) struct Validate {
    /// Sites, lines or globs; none means all
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,
}

pub(crate) fn run(session: &mut Session, args: &Validate) -> Run {
    let (fleet, mut findings) = session.fleet()?;
    let today = session.today(fleet.as_ref());
    let mut counts = (0, 0);
    if let Some(fleet) = &fleet {
        let selected = select(fleet, &args.addresses)?;
        let work = Work::new(fleet, today, None);
        let results: Vec<Vec<Finding>> = selected
            .par_iter()
            .map(|selected| {
                let done = work.site(selected, |evaluated| {
                    let mut found = std::mem::take(&mut evaluated.notes);
                    match &mut evaluated.rendered {
                        Ok(files) => {
                            found.extend(files.iter_mut().flat_map(|file| std::mem::take(&mut file.notes)));
                        }
                        Err(failures) => found.append(failures),
                    }
                    found
                });
                done.results.into_iter().flatten().chain(done.findings).collect()
            })
            .collect();
        findings.extend(results.into_iter().flatten());
        let written: Vec<Vec<Finding>> = selected
            .par_iter()
            .map(|selected| {
                let site = format!("sites/{}/site.yaml", selected.site.id);
                let lines = selected.lines.iter().map(|index| selected.site.lines[*index].path.as_str());
                lines.chain([site.as_str()]).flat_map(|path| crate::check::written(fleet, path)).collect()
            })
            .collect();
        findings.extend(written.into_iter().flatten());
        findings.extend(fleet.standards.take_findings());
        findings.extend(crate::check::shared(fleet, &work.renderer));
        counts = (selected.iter().map(|s| s.lines.len()).sum(), selected.len());
    }
    session.settle(fleet.as_ref(), &mut findings);
    let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    let (lines, sites) = counts;
    let object = || {
        let mut object = report::json_object("validate");
        object.insert("as_of".into(), json!(today.to_string()));
        object.insert("findings".into(), findings.iter().map(report::finding_json).collect());
        let summary = json!({
            "errors": count(Level::Error), "warnings": count(Level::Warning), "notes": count(Level::Note),
            "lines": lines, "sites": sites,
        });
        object.insert("summary".into(), summary);
        object
    };
    let frozen = fleet.as_ref().is_some_and(|f| f.enterprise.settings.as_of.is_some())
        && session.given_date().is_none();
    let text = || {
        if session.quiet {
            return String::new();
        }
        let plural = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
        let as_of = if frozen { format!(", as of {today} (fixed in jig.yaml)") } else { String::new() };
        let what = report::summary_line(&findings);
        format!("{} at {}{as_of}: {what}", plural(lines, "line"), plural(sites, "site"))
    };
    let name = fleet.as_ref().map(|fleet| fleet.enterprise.enterprise.to_string()).unwrap_or_default();
    session.report_findings(Findings {
        command: "validate",
        name: &name,
        folder: &in_repository(&session.root()?),
        as_of: Some(today),
        list: &findings,
        lines,
        sites,
        change: None,
        object: &object,
        closing: &text,
    })?;
    Ok(if fleet.is_none() { Outcome::CannotTell } else { session.judge(&findings) })
}
