//! `jig graph`: zones, assets, conduits and flows as a picture, with what drifted and what nobody decided.

use super::diff::fleet::{ReadBack, survey};
use super::select::{Selected, select};
use super::session::Session;
use super::{Failure, Outcome, Run, write};
use crate::compare::Report;
use crate::finding::Finding;
use crate::graph::{FORMATS, Format, Panel, Picture, Subject, format, gather};
use crate::load::Fleet;
use crate::render::Renderer;
use crate::resolve::Resolver;
use crate::resolve::plan::Plan;
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Draws zones, assets, conduits and flows, with what drifted and what nobody decided
///
/// Of a line its own zones and those it talks to; of a site all its zones and lines, lines of one shape drawn once;
/// without an ADDRESS every site. Rows are levels of the Purdue model. Where something was read back, paths that are
/// open and not intended, flows that are stopped, and what nobody can tell are marked.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  jig graph grr/pk2 > pk2.svg              a line, as SVG\n  \
                        jig graph grr --format svg=grr.svg       a site, to a file\n  \
                        jig graph grr/pk2 --format mermaid       for Markdown\n  \
                        jig graph --format dot | dot -Tpdf -o zones.pdf\n\n--format takes svg (without a word), mermaid and \
                        dot here; FORMAT=FILE writes one to a file.\n\nExit codes: 0 drawn, 2 part of it could not be drawn")]
pub(crate) struct Graph {
    /// Sites, lines or globs; none means every site
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// What was read back: a folder [default: `deployed` of jig.yaml]
    #[arg(long, value_name = "DIR")]
    deployed: Option<PathBuf>,
}

/// A format and the file it goes to; standard output without one.
struct Wanted {
    format: &'static Format,
    file: Option<PathBuf>,
}

/// Reads what `--format` says for a picture.
fn wanted(texts: &[String]) -> Result<Vec<Wanted>, Failure> {
    let one = |text: &String| {
        let (name, file) =
            text.split_once('=').map_or((text.as_str(), None), |(name, file)| (name, Some(file)));
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        let found = format(name).filter(|_| file != Some(""));
        let found = found.map(|format| Wanted { format, file: file.map(PathBuf::from) });
        found.ok_or_else(|| {
            let message = format!("`jig graph` cannot draw `{text}`");
            Failure::new(message, format!("use {}, or FORMAT=FILE", names.join(", ")))
        })
    };
    let mut wanted = texts.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    if wanted.is_empty() {
        wanted.push(Wanted { format: &FORMATS[0], file: None });
    }
    if wanted.iter().filter(|wanted| wanted.file.is_none()).count() > 1 {
        return Err(Failure::new(
            "two formats want standard output",
            "send one to a file: --format mermaid=FILE",
        ));
    }
    Ok(wanted)
}

pub(crate) fn run(session: &mut Session, args: &Graph, formats: &[String]) -> Run {
    let wanted = wanted(formats)?;
    let (fleet, findings) = session.fleet()?;
    let fleet = fleet.ok_or_else(|| Failure::new("the fleet cannot be read", "`jig validate` says why"))?;
    let as_of = session.today(Some(&fleet));
    let selected = select(&fleet, &args.addresses)?;
    if selected.is_empty() {
        return Err(Failure::new("there is nothing to draw: the fleet has no site", "`jig new site ID`"));
    }
    let back = ReadBack::open(&fleet, args.deployed.as_deref())?;
    let names: Vec<String> = selected.iter().map(|selected| selected.site.id.clone()).collect();
    let found = back.is_there().then(|| {
        // A firewall of the site serves every line: all of it is compared, whatever is drawn.
        let whole = select(&fleet, &names)?;
        Ok(survey(&fleet, as_of, &back, &whole, &findings, &[]))
    });
    let found = found.transpose()?;
    let mut drawing = Drawing {
        fleet: &fleet,
        resolver: Resolver::new(&fleet, as_of),
        renderer: Renderer::new(&fleet),
        found: found.as_ref().ok_or_else(|| format!("there is no {}/", back.shown())),
        lost: vec![],
    };
    let mut picture = Picture {
        title: title(&args.addresses, &fleet),
        about: vec![fleet.enterprise.enterprise.to_string(), format!("as of {as_of}")],
        panels: selected.iter().flat_map(|selected| drawing.panels(selected)).collect(),
    };
    if let [panel] = picture.panels.as_slice() {
        picture.title = format!("Zones and conduits of {}, {}", panel.address, panel.title);
    }
    for lost in &drawing.lost {
        session.say(&format!("{lost}: `jig validate` says more"));
    }
    emit(session, &wanted, &picture)?;
    Ok(if drawing.lost.is_empty() { Outcome::InOrder } else { Outcome::CannotTell })
}

fn title(addresses: &[String], fleet: &Fleet) -> String {
    let name = fleet.enterprise.name.clone().unwrap_or_else(|| fleet.enterprise.enterprise.to_string());
    if addresses.is_empty() {
        format!("Zones and conduits of {name}")
    } else {
        format!("Zones and conduits of {}", addresses.join(", "))
    }
}

fn emit(session: &Session, wanted: &[Wanted], picture: &Picture) -> Result<(), Failure> {
    for wanted in wanted.iter().filter(|wanted| wanted.file.is_some()) {
        let file = wanted.file.as_ref().expect("it was filtered so");
        write::report(file, (wanted.format.draw)(picture).as_bytes()).map_err(|error| {
            Failure::new(format!("cannot write `{}`: {error}", file.display()), "choose another file")
        })?;
    }
    if let Some(wanted) = wanted.iter().find(|wanted| wanted.file.is_none()) {
        session.out((wanted.format.draw)(picture).trim_end_matches('\n'));
    }
    Ok(())
}

struct Drawing<'a> {
    fleet: &'a Fleet,
    resolver: Resolver<'a>,
    renderer: Renderer<'a>,
    found: Result<&'a Report, String>,
    /// What could not be drawn.
    lost: Vec<String>,
}

impl Drawing<'_> {
    /// One panel for a site as a whole, or one for each of its lines.
    fn panels(&mut self, selected: &Selected<'_>) -> Vec<Panel> {
        let site = self.resolver.site(&selected.site.id);
        let own = self.resolver.site_plan(&site);
        let mut lines: Vec<(String, Result<Plan, String>)> = vec![];
        for index in &selected.lines {
            let line = &selected.site.lines[*index];
            let first = |findings: Vec<Finding>| {
                findings
                    .first()
                    .map_or_else(|| "it cannot be read".to_owned(), |finding| finding.message.clone())
            };
            let address = format!("{}/{}", selected.site.id, line.id);
            lines.push((address, self.resolver.line(&site, line).map_err(first)));
        }
        let failures = site.facts.failures.iter();
        let mut lost: Vec<(String, String)> =
            failures.map(|finding| (selected.site.id.clone(), finding.message.clone())).collect();
        for (address, line) in &lines {
            lost.extend(line.as_ref().err().map(|why| (address.clone(), why.clone())));
        }
        self.lost.extend(lost.iter().map(|(address, why)| format!("{address} cannot be drawn: {why}")));
        let plans: Vec<&Plan> = lines.iter().filter_map(|(_, line)| line.as_ref().ok()).collect();
        let files = self.files(own.as_ref(), &plans);
        let name = facts_name(self.fleet, &selected.site.id);
        if selected.whole {
            let subject = Subject {
                address: selected.site.id.clone(),
                title: name,
                site: own.as_ref(),
                lines: plans,
                lost,
                files,
            };
            return vec![gather(&subject, self.found.clone())];
        }
        let panel = |(address, line): &(String, Result<Plan, String>)| {
            let subject = Subject {
                address: address.clone(),
                title: name.clone(),
                site: own.as_ref(),
                lines: line.iter().collect(),
                lost: lost.iter().filter(|(of, _)| of == address || !of.contains('/')).cloned().collect(),
                files: files.clone(),
            };
            gather(&subject, self.found.clone())
        };
        lines.iter().map(panel).collect()
    }

    /// Which output each file is of, for what renders.
    fn files(&self, site: Option<&Plan>, lines: &[&Plan]) -> BTreeMap<String, Vec<(String, String)>> {
        let of = |plan: &Plan| {
            let files = match plan.address.line {
                Some(_) if plan.failures.is_empty() => self.renderer.line(plan).unwrap_or_default(),
                // Of a site's files only the names matter; those do not depend on its lines.
                None if plan.failures.is_empty() => self.renderer.site(plan, &[]).unwrap_or_default(),
                _ => vec![],
            };
            let named = files.into_iter().map(|file| (file.path, file.output)).collect();
            (plan.address.to_string(), named)
        };
        lines.iter().copied().chain(site).map(of).collect()
    }
}

/// What people call a site.
fn facts_name(fleet: &Fleet, site: &str) -> String {
    let path = format!("sites/{site}/site.yaml");
    let document = crate::load::read_document(&fleet.tree, &path, &path).ok();
    let name = document.and_then(|document| Some(document.root.get("name")?.node.as_str()?.to_owned()));
    name.unwrap_or_else(|| site.to_owned())
}
