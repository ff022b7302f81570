//! `--changed`: what a change breaks, what it does to every line, and who must agree.
//!
//! Base and head are read from git. The base governs: settings, deviations and rights that judge the change are those
//! that were there before it, so that it cannot excuse itself. What was wrong before is counted, not shown.

use super::super::Failure;
use super::super::select::{self, Selected};
use super::super::session::Session;
use super::super::work::Work;
use super::Validate;
use super::approvals;
use super::base::{self, Pair};
use super::effect::{Collector, State};
use super::external::External;
use super::facts::Facts;
use super::touched::{Touched, touched};
use crate::check::{self, Census, Scene};
use crate::finding::{Finding, Level};
use crate::load::{Fleet, LineEntry, read_document};
use crate::render::RenderedFile;
use crate::report::change::{Because, Change};
use crate::resolve::plan::Plan;
use crate::source::git::{Changed, Snapshot};
use crate::source::{Content, Document, Node, Over, Tree};
use jiff::civil::Date;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Files that judge a change, and so are those of the base.
const GOVERNED: &[&str] = &["rights.yaml", "deviations"];

/// What was found out about a change.
pub(super) struct Answer {
    /// Findings that the change brings or touches.
    pub(super) findings: Vec<Finding>,
    pub(super) change: Change,
    /// Lines and sites that were looked at.
    pub(super) lines: usize,
    pub(super) sites: usize,
    pub(super) today: Date,
    /// The fleet whose settings count.
    pub(super) governing: Option<Fleet>,
    /// Whether the head could be read at all.
    pub(super) readable: bool,
}

/// Looks at the change from a base to HEAD.
pub(super) fn look(session: &Session, named: &str, args: &Validate) -> Result<Answer, Failure> {
    let root = session.root()?;
    let pair = base::find(&root, named)?;
    let git = |error: crate::source::versions::VersionError| Failure::new(error.to_string(), error.next());
    let before = pair.repo.snapshot(&pair.base).map_err(git)?;
    let after = pair.repo.snapshot(&pair.head).map_err(git)?;
    let Some(after) = after else {
        let message = "HEAD does not hold this fleet; it was never committed";
        return Err(Failure::new(message, "`git add` its folder and commit"));
    };
    let changes = pair.repo.changes(before.as_ref(), &after).map_err(git)?;
    let (base, base_findings) = match before {
        Some(before) => load(before, &root),
        None => (None, vec![]),
    };
    let (head, head_findings) = load(after, &root);
    let today = session.today(base.as_ref().or(head.as_ref()));
    let Some(mut head) = head else {
        return Ok(unreadable(&pair, base, head_findings, today));
    };
    let mut what = touched(&changes, &base.iter().chain([&head]).collect::<Vec<_>>());
    if !args.addresses.is_empty() {
        what.keep(&select::select(&head, &args.addresses)?);
    }
    let governed = governed(&changes, base.as_ref(), &mut head, &root);
    let external = args.external.then(External::default);
    let looked = Looked { base: base.as_ref(), head: &head, what: &what, today, external: external.as_ref() };
    let (sides, change) = looked.compare(&changes, &pair);
    let mut found = Sorted { head: head_findings, base: base_findings };
    found.head.extend(sides.head);
    found.base.extend(sides.base);
    if let Some((fleet, findings)) = &governed {
        let judged = Looked { head: fleet, ..looked }.judged(findings.clone(), &sides.near);
        found.governed_by(judged);
    }
    found.head.extend(external.map(External::finish).unwrap_or_default());
    found.accept(base.as_ref(), &head, &what, today);
    let (findings, old) = found.new_ones(&changes, base.as_ref(), &head);
    let lines = what.lines.len();
    let sites = what.sites.len();
    let change = Change { old, ..change };
    Ok(Answer { findings, change, lines, sites, today, governing: base.or(Some(head)), readable: true })
}

fn load(snapshot: Snapshot, root: &Path) -> (Option<Fleet>, Vec<Finding>) {
    Fleet::load(Tree::Commit(snapshot), Some(root.to_path_buf()))
}

fn unreadable(pair: &Pair, base: Option<Fleet>, findings: Vec<Finding>, today: Date) -> Answer {
    let change = Change {
        base: pair.base.name(),
        head: pair.head.name(),
        compared: pair.words.clone(),
        ..Change::default()
    };
    Answer { findings, change, lines: 0, sites: 0, today, governing: base, readable: false }
}

/// The head with the settings of the base; and, where the change edits rights or deviations, once more with those
/// of the base.
fn governed(
    changes: &[Changed],
    base: Option<&Fleet>,
    head: &mut Fleet,
    root: &Path,
) -> Option<(Fleet, Vec<Finding>)> {
    let base = base?;
    head.enterprise.settings = base.enterprise.settings.clone();
    let first = |change: &Changed| GOVERNED.contains(&change.path.split('/').next().unwrap_or_default());
    if !changes.iter().any(first) {
        return None;
    }
    let over = Over { tree: head.tree.clone(), over: base.tree.clone(), paths: GOVERNED };
    let (fleet, findings) = Fleet::load(Tree::Over(Arc::new(over)), Some(root.to_path_buf()));
    let mut fleet = fleet?;
    fleet.enterprise.settings = base.enterprise.settings.clone();
    Some((fleet, findings))
}

/// Two states of a fleet, and what of them is looked at.
#[derive(Clone, Copy)]
struct Looked<'a> {
    base: Option<&'a Fleet>,
    head: &'a Fleet,
    what: &'a Touched,
    today: Date,
    /// The products that check what was rendered for the head.
    external: Option<&'a External>,
}

/// Findings on both sides.
struct Sides {
    base: Vec<Finding>,
    head: Vec<Finding>,
    /// Lines and sites that were not touched, and may meet those that were.
    near: BTreeSet<String>,
}

type FactsBy = Mutex<BTreeMap<String, Facts>>;

/// A site and its lines on one side.
#[derive(Default)]
struct Done {
    files: BTreeMap<String, Option<Vec<RenderedFile>>>,
    findings: Vec<Finding>,
}

impl Looked<'_> {
    /// Renders both sides and compares them, site by site.
    fn compare(&self, changes: &[Changed], pair: &Pair) -> (Sides, Change) {
        let facts: [FactsBy; 2] = Default::default();
        let census: [Census; 2] = Default::default();
        let inspect = |side: usize| {
            let (facts, census) = (&facts[side], &census[side]);
            move |scene: &Scene<'_>, plan: &Plan, files: &[RenderedFile]| {
                let own = Facts::of(scene.fleet, plan);
                facts
                    .lock()
                    .expect("no thread panics while it holds the facts")
                    .insert(plan.address.to_string(), own);
                census.add(scene, plan, files);
                let mut found = check::planned(scene, plan, files);
                let external = self.external.filter(|_| side == 1);
                found.extend(external.iter().flat_map(|external| external.check(scene, plan, files)));
                found
            }
        };
        let (of_base, of_head) = (inspect(0), inspect(1));
        let head_work = Work::only(self.head, self.today, &self.what.lines, true).inspected_by(&of_head);
        let base_work = self.base.map(|base| {
            // Answers that were given twice before are old findings.
            Work::only(base, self.today, &self.what.lines, head_work.has_claims()).inspected_by(&of_base)
        });
        let collector = Collector::new(&head_work.renderer);
        let because: Mutex<Vec<Because>> = Mutex::default();
        let done: Vec<(Vec<Finding>, Vec<Finding>)> = self
            .what
            .sites
            .par_iter()
            .map(|site| {
                let (new, old) = rayon::join(
                    || self.site(&head_work, site),
                    || base_work.as_ref().map(|work| self.site(work, site)).unwrap_or_default(),
                );
                let addresses: BTreeSet<&String> = new.files.keys().chain(old.files.keys()).collect();
                for address in addresses {
                    let take = |side: &FactsBy| {
                        side.lock().expect("no thread panics while it holds the facts").remove(address)
                    };
                    let (mut before, mut after) = (take(&facts[0]), take(&facts[1]));
                    // A site's firewall carries the flows of its lines, which come later here.
                    for (own, all) in [(&mut before, &facts[0]), (&mut after, &facts[1])] {
                        if let Some(own) = own.as_mut().filter(|_| !address.contains('/')) {
                            own.know_lines(
                                &all.lock().expect("no thread panics while it holds the facts"),
                                address,
                            );
                        }
                    }
                    let mut asked = approvals::of_line(address, before.as_ref(), after.as_ref());
                    because.lock().expect("no thread panics while it holds the reasons").append(&mut asked);
                    collector.compare(
                        address,
                        &state(&old, address, before.as_ref()),
                        &state(&new, address, after.as_ref()),
                    );
                }
                (old.findings, new.findings)
            })
            .collect();
        let is_changed = |path: &str| changes.iter().any(|change| change.path == path);
        let near = check::neighbours(self.head, &census[1], self.base.map(|_| &census[0]), is_changed);
        let mut sides = Sides { base: vec![], head: vec![], near: near.clone() };
        for (old, new) in done {
            sides.base.extend(old);
            sides.head.extend(new);
        }
        sides.head.extend(self.shared(&head_work, &census[1], &near));
        if let Some(work) = &base_work {
            sides.base.extend(self.shared(work, &census[0], &near));
        }
        let mut because = because.into_inner().expect("no thread panics while it holds the reasons");
        because.extend(approvals::of_files(changes, self.base, self.head));
        let governing = self.base.unwrap_or(self.head);
        let change = Change {
            base: pair.base.name(),
            head: pair.head.name(),
            compared: pair.words.clone(),
            approvals: approvals::rights(governing, governing.rights.as_ref(), because, &self.what.sites),
            effect: collector.finish(),
            old: 0,
        };
        (sides, change)
    }

    /// The findings of the head alone, for another state of what governs it.
    fn judged(&self, mut findings: Vec<Finding>, near: &BTreeSet<String>) -> Vec<Finding> {
        let census = Census::default();
        let inspect = |scene: &Scene<'_>, plan: &Plan, files: &[RenderedFile]| {
            census.add(scene, plan, files);
            let mut found = check::planned(scene, plan, files);
            // Whether intended/ is right is a question about the head as it is.
            found.retain(|finding| finding.rule != "stale-intended");
            found
        };
        let work = Work::only(self.head, self.today, &self.what.lines, true).inspected_by(&inspect);
        let sites: Vec<Vec<Finding>> =
            self.what.sites.par_iter().map(|site| self.site(&work, site).findings).collect();
        findings.extend(sites.into_iter().flatten());
        findings.extend(self.shared(&work, &census, near));
        findings
    }

    fn site(&self, work: &Work<'_>, site: &str) -> Done {
        let Some(selected) = self.what.selected(work.fleet, site) else { return Done::default() };
        let done = work.site(&selected, |evaluated| {
            if evaluated.right.is_some() {
                return None;
            }
            let mut found = std::mem::take(&mut evaluated.notes);
            let files = match &mut evaluated.rendered {
                Ok(files) => {
                    found.extend(files.iter_mut().flat_map(|file| std::mem::take(&mut file.notes)));
                    Some(std::mem::take(files))
                }
                Err(failures) => {
                    found.append(failures);
                    evaluated.would.take()
                }
            };
            Some((evaluated.address.clone(), files, found))
        });
        let mut out = Done { findings: done.findings, ..Done::default() };
        for (address, files, found) in done.results.into_iter().flatten() {
            out.files.insert(address, files);
            out.findings.extend(found);
        }
        let lines = selected.lines.iter().map(|index| &selected.site.lines[*index]);
        let lines = lines.filter(|line| self.what.lines.contains(&format!("{site}/{}", line.id)));
        let paths = lines.map(|line| line.path.clone()).chain([format!("sites/{site}/site.yaml")]);
        out.findings.extend(paths.flat_map(|path| check::written(&work.scene(), &path)));
        out
    }

    fn shared(&self, work: &Work<'_>, census: &Census, near: &BTreeSet<String>) -> Vec<Finding> {
        self.beside(work.fleet, census, near);
        let mut findings = work.fleet.standards.take_findings();
        findings.extend(check::shared(&work.scene(), None));
        findings.extend(check::counted(&work.scene(), census));
        findings
    }

    /// Adds the facts of lines and sites that the change does not touch.
    fn beside(&self, fleet: &Fleet, census: &Census, near: &BTreeSet<String>) {
        let inspect = |scene: &Scene<'_>, plan: &Plan, files: &[RenderedFile]| {
            census.add_beside(scene, plan, files);
            vec![]
        };
        let work = Work::only(fleet, self.today, near, false).inspected_by(&inspect);
        fleet.sites.par_iter().for_each(|site| {
            let is_near = |line: &LineEntry| near.contains(&format!("{}/{}", site.id, line.id));
            let lines: Vec<usize> = (0..site.lines.len()).filter(|at| is_near(&site.lines[*at])).collect();
            let whole = near.contains(&site.id);
            if whole || !lines.is_empty() {
                work.site(&Selected { site, lines, whole }, |_| ());
            }
        });
    }
}

/// What stands on one side: nothing where there is no such line.
fn state<'a>(done: &'a Done, address: &str, facts: Option<&'a Facts>) -> State<'a> {
    let files = match done.files.get(address) {
        Some(files) => files.as_deref(),
        None => Some(&[][..]),
    };
    State { files, facts }
}

/// Findings before and after.
struct Sorted {
    head: Vec<Finding>,
    base: Vec<Finding>,
}

impl Sorted {
    /// Puts the judgement under the base's rights and deviations in the place of the head's own, but for what is said
    /// about those files themselves and about intended/.
    fn governed_by(&mut self, judged: Vec<Finding>) {
        let is_own = |finding: &Finding| {
            let file = finding.place.as_ref().map(|place| place.file.clone());
            let first =
                file.as_deref().and_then(|file| file.split('/').next()).unwrap_or_default().to_owned();
            GOVERNED.contains(&first.as_str()) || first == "intended"
        };
        self.head.retain(is_own);
        self.head.extend(judged);
    }

    /// Marks what deviations of the base accept; a new deviation accepts nothing yet, but has to mean something.
    fn accept(&mut self, base: Option<&Fleet>, head: &Fleet, what: &Touched, today: Date) {
        let is_judged = |line: &str| what.lines.contains(line);
        if let Some(base) = base {
            check::accept(base, today, &mut self.base);
            self.base.extend(check::without_effect(base, today, &self.base, is_judged));
        }
        check::accept(head, today, &mut self.head);
        let idle = check::without_effect(head, today, &self.head, is_judged);
        check::accept(base.unwrap_or(head), today, &mut self.head);
        self.head.extend(idle);
    }

    /// Keeps what the change brings or touches; says how much else there is.
    fn new_ones(mut self, changes: &[Changed], base: Option<&Fleet>, head: &Fleet) -> (Vec<Finding>, usize) {
        check::drop_repeated(&mut self.head);
        check::drop_repeated(&mut self.base);
        crate::finding::sort(&mut self.head);
        crate::finding::sort(&mut self.base);
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for finding in &self.base {
            *known.entry(key(finding)).or_default() += 1;
        }
        let lines = changed_lines(changes, base, head);
        let mut old = 0;
        let mut kept = vec![];
        for mut finding in self.head {
            let left = known.entry(key(&finding)).or_default();
            if *left > 0 && !touches(&finding, &lines) {
                *left -= 1;
                old += 1;
                continue;
            }
            // What is committed is what will be deployed.
            if finding.rule == "stale-intended" {
                finding.level = Level::Error;
            }
            kept.push(finding);
        }
        (kept, old)
    }
}

/// What makes a finding the same on both sides, wherever it has moved.
fn key(finding: &Finding) -> String {
    let place = finding.place.as_ref();
    let file = place.map(|place| place.file.to_string()).unwrap_or_default();
    let excerpt = place.map(|place| place.excerpt.trim().to_owned()).unwrap_or_default();
    format!("{}\0{}\0{:?}\0{file}\0{excerpt}", finding.rule, finding.message, finding.address)
}

/// What the change wrote to a file of the head: lines, and the document for the extent of what a key begins.
struct Written {
    lines: Vec<std::ops::Range<u32>>,
    document: Option<Document>,
}

type Lines = BTreeMap<String, Written>;

/// The lines of the head's files that the change wrote.
fn changed_lines(changes: &[Changed], base: Option<&Fleet>, head: &Fleet) -> Lines {
    let mut lines = Lines::new();
    for change in changes.iter().filter(|change| change.after && !change.path.starts_with("intended/")) {
        let text = |fleet: Option<&Fleet>| {
            let bytes = fleet.and_then(|fleet| fleet.tree.bytes(&change.path).ok()).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (old, new) = (text(base), text(Some(head)));
        let diff = similar::TextDiff::from_lines(&old, &new);
        let written = diff.ops().iter().filter(|op| !matches!(op, similar::DiffOp::Equal { .. }));
        let ranges = written.map(|op| {
            let range = op.new_range();
            // Where lines were only taken away, the line that closed up is touched.
            (range.start as u32 + 1)..(range.end.max(range.start + 1) as u32 + 1)
        });
        let is_yaml = Path::new(&change.path).extension().is_some_and(|extension| extension == "yaml");
        let document = is_yaml.then(|| read_document(&head.tree, &change.path, &change.path).ok());
        lines.insert(change.path.clone(), Written { lines: ranges.collect(), document: document.flatten() });
    }
    lines
}

fn touches(finding: &Finding, lines: &Lines) -> bool {
    let Some(place) = &finding.place else { return false };
    let Some(written) = lines.get(&*place.file) else { return false };
    let Some(range) = place.range else { return true };
    let end = written.document.as_ref().and_then(|document| extent(document, &document.root, range));
    let end = end.unwrap_or(range.end_line).max(range.end_line);
    written.lines.iter().any(|changed| changed.start <= end && range.line < changed.end)
}

/// The last line of what a key begins, where a finding points at the key.
fn extent(document: &Document, node: &Node, range: crate::finding::Range) -> Option<u32> {
    match &node.content {
        Content::Map(members) => members.iter().find_map(|member| {
            let at = document.text.position(member.key_span.start);
            if (at.line, at.column) == (range.line, range.column) {
                return Some(document.text.position(member.node.span.end).line);
            }
            extent(document, &member.node, range)
        }),
        Content::Seq(items) => items.iter().find_map(|item| extent(document, item, range)),
        _ => None,
    }
}
