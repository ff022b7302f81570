//! `jig validate`: everything that can be told without a device.

mod approvals;
mod base;
mod changed;
mod device;
mod effect;
mod external;
mod facts;
mod touched;

use super::select::select;
use super::session::{Session, in_repository};
use super::work::Work;
use super::{Failure, Outcome, Run};
use crate::check::{self, Census, Scene};
use crate::finding::{Finding, Level};
use crate::load::Fleet;
use crate::render::RenderedFile;
use crate::report::{self, Findings, change::Change};
use crate::resolve::plan::Plan;
use clap::Args;
use external::External;
use jiff::civil::Date;
use rayon::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// Checks files, references, decisions, approvals and templates; renders in memory and writes nothing
///
/// All problems are shown in one run, each at its place, with who can mend it and how.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  jig validate\n  jig validate grr/pk2\n  jig validate --changed origin/main     what a \
                        branch breaks, what it does to every line, who must agree\n  jig validate --format json"
)]
pub(crate) struct Validate {
    /// Sites, lines or globs; none means all
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// Judges only what the commits since BASE bring, shows what they do to every line, and who must agree
    ///
    /// Compares the commit where BASE and HEAD part with HEAD, both as git holds them. Without BASE: the first parent of
    /// a merge commit, else the base that the CI names. Settings, deviations and rights count as they are in the base.
    #[arg(long, value_name = "BASE", num_args = 0..=1, default_missing_value = "")]
    changed: Option<String>,
    /// Also runs each target's own check on what was rendered for it; a tool that is missing has checked nothing
    #[arg(long)]
    external: bool,
}

pub(crate) fn run(session: &mut Session, args: &Validate) -> Run {
    match &args.changed {
        Some(base) => run_changed(session, args, base),
        None => run_whole(session, args),
    }
}

fn run_whole(session: &mut Session, args: &Validate) -> Run {
    let (fleet, mut findings) = session.fleet()?;
    let today = session.today(fleet.as_ref());
    let mut counts = (0, 0);
    if let Some(fleet) = &fleet {
        let (found, looked) = whole(fleet, today, args)?;
        findings.extend(found);
        counts = looked;
    }
    session.settle(fleet.as_ref(), &mut findings);
    let outcome = report(session, fleet.as_ref(), today, findings, counts, None)?;
    Ok(if fleet.is_none() { Outcome::CannotTell } else { outcome })
}

/// Checks the selected lines and sites, and all that is shared; says how many lines and sites that were.
fn whole(fleet: &Fleet, today: Date, args: &Validate) -> Result<(Vec<Finding>, (usize, usize)), Failure> {
    let selected = select(fleet, &args.addresses)?;
    let census = Census::default();
    let external = args.external.then(External::default);
    let inspect = |scene: &Scene<'_>, plan: &Plan, files: &[RenderedFile]| {
        census.add(scene, plan, files);
        let mut found = check::planned(scene, plan, files);
        found.extend(external.iter().flat_map(|external| external.check(scene, plan, files)));
        found
    };
    let work = Work::new(fleet, today, None).inspected_by(&inspect);
    // Selected lines are judged with the blueprints that they follow.
    let used: Mutex<BTreeSet<String>> = Mutex::default();
    let results: Vec<Vec<Finding>> = selected
        .par_iter()
        .map(|selected| {
            let done = work.site(selected, |evaluated| {
                used.lock().expect("no thread panics while it adds").insert(evaluated.reference.clone());
                let mut found = std::mem::take(&mut evaluated.notes);
                match &mut evaluated.rendered {
                    Ok(files) => {
                        let notes = files.iter_mut().flat_map(|file| std::mem::take(&mut file.notes));
                        found.extend(notes);
                    }
                    Err(failures) => found.append(failures),
                }
                found
            });
            let site = format!("sites/{}/site.yaml", selected.site.id);
            let lines = selected.lines.iter().map(|index| selected.site.lines[*index].path.as_str());
            let written = lines.chain([site.as_str()]).flat_map(|path| check::written(&work.scene(), path));
            done.results.into_iter().flatten().chain(done.findings).chain(written).collect()
        })
        .collect();
    let mut findings: Vec<Finding> = results.into_iter().flatten().collect();
    findings.extend(fleet.standards.take_findings());
    let used = used.into_inner().expect("no thread panics while it adds");
    findings.extend(check::shared(&work.scene(), Some(&used).filter(|_| !args.addresses.is_empty())));
    findings.extend(check::counted(&work.scene(), &census));
    findings.extend(external.map(External::finish).unwrap_or_default());
    check::drop_repeated(&mut findings);
    check::accept(fleet, today, &mut findings);
    let lines = selected.iter().flat_map(|entry| {
        entry.lines.iter().map(|index| format!("{}/{}", entry.site.id, entry.site.lines[*index].id))
    });
    let judged: BTreeSet<String> = lines.collect();
    findings.extend(check::without_effect(fleet, today, &findings, |line| judged.contains(line)));
    Ok((findings, (selected.iter().map(|s| s.lines.len()).sum(), selected.len())))
}

fn run_changed(session: &mut Session, args: &Validate, base: &str) -> Run {
    let mut answer = changed::look(session, base, args)?;
    session.settle(answer.governing.as_ref(), &mut answer.findings);
    session.say(&format!("compared {}", answer.change.compared));
    let counts = (answer.lines, answer.sites);
    let governing = answer.governing.as_ref();
    let outcome = report(session, governing, answer.today, answer.findings, counts, Some(&answer.change))?;
    Ok(if answer.readable { outcome } else { Outcome::CannotTell })
}

fn report(
    session: &Session,
    fleet: Option<&Fleet>,
    today: Date,
    findings: Vec<Finding>,
    (lines, sites): (usize, usize),
    change: Option<&Change>,
) -> Run {
    let (accepted, findings): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|finding| finding.accepted.is_some());
    let (accepted, findings) = (accepted.as_slice(), findings.as_slice());
    let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    let object = || {
        let mut object = report::json_object("validate");
        object.insert("as_of".into(), json!(today.to_string()));
        object.insert("findings".into(), findings.iter().map(report::finding_json).collect());
        let mut summary = json!({
            "errors": count(Level::Error), "warnings": count(Level::Warning), "notes": count(Level::Note),
            "lines": lines, "sites": sites,
        });
        if let Some(change) = change {
            summary["old"] = json!(change.old);
        }
        if !accepted.is_empty() {
            object.insert("accepted".into(), accepted.iter().map(report::accepted_json).collect());
            summary["accepted"] = json!(accepted.len());
        }
        object.insert("summary".into(), summary);
        object
    };
    let frozen =
        fleet.is_some_and(|f| f.enterprise.settings.as_of.is_some()) && session.given_date().is_none();
    let text = || {
        if session.quiet {
            return String::new();
        }
        let plural = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
        let as_of = if frozen { format!(", as of {today} (fixed in jig.yaml)") } else { String::new() };
        let what = report::summary_line(findings);
        let what = match accepted.len() {
            0 => what,
            n => format!("{what}, {n} accepted"),
        };
        let touched = if change.is_some() { " touched" } else { "" };
        let accepted: String = accepted.iter().map(report::accepted_line).collect();
        format!("{accepted}{} at {}{touched}{as_of}: {what}", plural(lines, "line"), plural(sites, "site"))
    };
    let name = fleet.map(|fleet| fleet.enterprise.enterprise.to_string()).unwrap_or_default();
    session.report_findings(Findings {
        command: "validate",
        name: &name,
        folder: &in_repository(&session.root()?),
        as_of: Some(today),
        list: findings,
        accepted,
        lines,
        sites,
        change,
        object: &object,
        closing: &text,
    })?;
    Ok(session.judge(findings))
}
