//! Marks: what nobody decided, what drifted, what nobody can tell.

use super::gather::{Subject, about, is_local, key};
use super::picture::{Asset, Conduit, ConduitKind, Judged, Level, Mark, MarkKind, Panel, Zone};
use crate::compare::{Class, Disposition, Drift, Report, Verdict};
use crate::packets::{Field, NEW, Path, Ranges, Region, Way, addresses};
use crate::resolve::plan::Plan;
use crate::resolve::traffic;
use std::collections::BTreeSet;

/// Most zones that one path is drawn to; a path to more is said in words.
const MOST: usize = 2;

type Groups<'a> = [Vec<&'a Plan>];

/// Marks flows that are not rendered, with what they lack.
pub(super) fn undecided(panel: &mut Panel, subject: &Subject<'_>, groups: &Groups<'_>) {
    for (plan, group) in plans(subject, groups) {
        let mut told: BTreeSet<usize> = BTreeSet::new();
        for flow in plan.flows.iter().filter(|flow| plan.refused.contains(&flow.id)) {
            let why = about(&plan.failures, &flow.id).or_else(|| about(&plan.failures, &flow.conduit));
            told.extend(why.and_then(|why| plan.failures.iter().position(|known| std::ptr::eq(known, why))));
            let why = why.map_or("not rendered: see `jig validate`", |why| why.message.as_str());
            let mark = Mark { kind: MarkKind::Undecided, text: said(plan, subject, why) };
            let zones = [&flow.from, &flow.to].map(|end| key(plan, &end.zone, group));
            let flows = panel.conduits.iter_mut().filter(|conduit| conduit.id == flow.conduit);
            let flows = flows.flat_map(|conduit| &mut conduit.flows);
            flows
                .filter(|known| known.id == flow.id && known.zones == zones)
                .for_each(|known| known.marks.push(mark.clone()));
        }
        let rest = plan.failures.iter().enumerate().filter(|(at, _)| !told.contains(at));
        // A failure that only says again what a flow lacks is of the same rule.
        let said_rules: BTreeSet<&str> = told.iter().map(|at| plan.failures[*at].rule).collect();
        for (_, failure) in rest.filter(|(_, failure)| !said_rules.contains(failure.rule)) {
            let text = format!("{} does not render: {}", plan.address, failure.message);
            panel.notes.push(Mark { kind: MarkKind::Undecided, text });
        }
    }
}

/// A sentence about one of several lines.
fn said(plan: &Plan, subject: &Subject<'_>, text: &str) -> String {
    let address = plan.address.to_string();
    if address == subject.address { text.to_owned() } else { format!("{address}: {text}") }
}

/// All plans, with the group that each belongs to.
fn plans<'a>(
    subject: &Subject<'a>,
    groups: &'a Groups<'a>,
) -> impl Iterator<Item = (&'a Plan, usize)> + use<'a> {
    let lines = groups.iter().enumerate().flat_map(|(number, group)| group.iter().map(move |p| (*p, number)));
    subject.site.into_iter().map(|plan| (plan, 0)).chain(lines)
}

/// Marks what differs between the firewalls that are meant and those that are there.
pub(super) fn compared(
    panel: &mut Panel,
    subject: &Subject<'_>,
    groups: &Groups<'_>,
    found: Result<&Report, String>,
) {
    let report = match found {
        Ok(report) => report,
        Err(why) => {
            panel.judged = Judged::Not(why);
            return;
        }
    };
    let mut marking = Marking { panel, subject, groups, elsewhere: 0, worst: None };
    for (plan, group) in plans(subject, groups) {
        let address = plan.address.to_string();
        let is_here = |drift: &&Drift| drift.address.as_deref() == Some(&address);
        for drift in report.findings.iter().filter(is_here) {
            marking.drift(plan, group, drift);
        }
    }
    let Marking { elsewhere, worst, .. } = marking;
    panel.judged = match (worst, elsewhere) {
        (Some(kind), _) => Judged::Marked(kind),
        (None, _) if !is_told(report, subject, groups) => {
            Judged::Not("not all of it was read back".to_owned())
        }
        (None, 0) => Judged::AsIntended,
        (None, count) => Judged::Elsewhere(count),
    };
}

/// Whether every line of the panel was compared.
fn is_told(report: &Report, subject: &Subject<'_>, groups: &Groups<'_>) -> bool {
    plans(subject, groups).all(|(plan, _)| {
        let address = plan.address.to_string();
        let line = report.lines.iter().find(|line| line.address.as_deref() == Some(&address));
        line.is_some_and(|line| line.verdict != Verdict::CannotTell)
            || (line.is_none() && plan.outputs.is_empty())
    })
}

struct Marking<'a, 's> {
    panel: &'a mut Panel,
    subject: &'s Subject<'s>,
    groups: &'s Groups<'s>,
    /// Differences that are not about paths.
    elsewhere: usize,
    /// The gravest mark.
    worst: Option<MarkKind>,
}

impl Marking<'_, '_> {
    fn worse(&mut self, kind: MarkKind) {
        self.worst = Some(self.worst.map_or(kind, |known| known.min(kind)));
    }

    fn drift(&mut self, plan: &Plan, group: usize, drift: &Drift) {
        let is_open = matches!(drift.disposition, Disposition::Open | Disposition::Expired);
        let is_path = matches!(drift.consequence, Class::Path | Class::Data) && !drift.paths.is_empty();
        let is_drawn = is_open || (drift.disposition == Disposition::Approved && is_path);
        if !is_drawn {
            return;
        }
        let until = drift.deviation.as_ref().filter(|_| !is_open);
        let accepted = until.map(|id| format!(" (accepted by {id})")).unwrap_or_default();
        if is_path {
            for path in &drift.paths {
                self.path(plan, group, path, &accepted);
            }
            return;
        }
        let devices = self.devices(plan, drift);
        if drift.deployed.as_ref().and_then(|id| id.as_str()) == Some(&drift.path)
            && self.refused(plan, drift)
        {
            let why = "not compared as a whole while it carries flows that are refused".to_owned();
            return self.untold(plan, &devices, &Drift { meaning: Some(why), ..drift.clone() });
        }
        let is_silent = drift.kind == crate::compare::Kind::Opaque || drift.consequence == Class::Path;
        if drift.file.is_empty() || (!devices.is_empty() && is_silent) {
            self.untold(plan, &devices, drift);
        } else {
            self.elsewhere += 1;
        }
    }

    /// A flow that is deployed although it is refused.
    fn refused(&mut self, plan: &Plan, drift: &Drift) -> bool {
        let meaning = drift.meaning.as_deref().unwrap_or("deployed, and it is refused");
        let mark = Mark { kind: MarkKind::Opens, text: format!("{}: {meaning}", plan.address) };
        let flows = self.panel.conduits.iter_mut().flat_map(|conduit| &mut conduit.flows);
        let mut known = flows.filter(|flow| flow.id == drift.path).peekable();
        let is_known = known.peek().is_some();
        known.for_each(|flow| flow.marks.push(mark.clone()));
        if is_known {
            self.worse(mark.kind);
        }
        is_known
    }

    /// The devices that a file configures; all of an address where nothing of it can be told.
    fn devices(&self, plan: &Plan, drift: &Drift) -> BTreeSet<String> {
        let address = plan.address.to_string();
        let files = self.subject.files.get(&address).map(Vec::as_slice).unwrap_or_default();
        let outputs: BTreeSet<&str> = files
            .iter()
            .filter(|(path, _)| drift.file.is_empty() || *path == drift.file)
            .map(|(_, output)| output.as_str())
            .collect();
        let own = plan.own_devices.iter().filter_map(|id| plan.devices.get(id));
        let meant = own.filter(|device| match &device.output {
            Some(output) => outputs.contains(output.as_str()) || (files.is_empty() && drift.file.is_empty()),
            None => false,
        });
        meant.map(|device| device.id.clone()).collect()
    }

    /// Nobody can tell what a device lets through: all that it enforces.
    fn untold(&mut self, plan: &Plan, devices: &BTreeSet<String>, drift: &Drift) {
        let why = drift.meaning.as_deref().or(drift.note.as_deref()).unwrap_or("it could not be compared");
        let file = if drift.file.is_empty() { String::new() } else { format!("{}: ", drift.file) };
        let text = format!("{}: {file}{why}", plan.address);
        let mark = Mark { kind: MarkKind::Untold, text };
        self.worse(mark.kind);
        let mut is_drawn = false;
        for (other, group) in plans(self.subject, self.groups) {
            // A line knows the devices of its site by the same name.
            let is_same = other.address == plan.address || plan.address.line.is_none();
            for conduit in other.conduits.iter().filter(|_| is_same) {
                let is_enforced = conduit.enforced_by.iter().any(|device| {
                    devices.contains(device)
                        && (other.address == plan.address || !other.own_devices.contains(device))
                });
                let ends: Vec<String> = conduit.zones.iter().map(|zone| key(other, zone, group)).collect();
                let drawn = self.panel.conduits.iter_mut();
                let drawn = drawn.filter(|known| known.id == conduit.id && known.ends[..] == ends[..]);
                for known in drawn.filter(|_| is_enforced) {
                    is_drawn = true;
                    known.marks.push(mark.clone());
                }
            }
        }
        if !is_drawn {
            self.panel.notes.push(mark);
        }
    }

    fn path(&mut self, plan: &Plan, group: usize, path: &Path, accepted: &str) {
        let kind = match path.way {
            _ if !accepted.is_empty() => MarkKind::Accepted,
            Way::Opens => MarkKind::Opens,
            Way::Stops => MarkKind::Stops,
            Way::Unknown => MarkKind::Untold,
        };
        let verb = match path.way {
            Way::Opens => "opens",
            Way::Stops => "stops",
            Way::Unknown => "unknown for",
        };
        let mark = Mark { kind, text: format!("{}: {verb} {}{accepted}", plan.address, path.words) };
        self.worse(kind);
        let is_drawn = match path.way {
            Way::Stops => self.stopped(&path.packets, &mark),
            Way::Opens | Way::Unknown => self.opened(plan, group, path, &mark),
        };
        if !is_drawn {
            self.panel.notes.push(mark);
        }
    }

    /// Marks the flows whose first packets are stopped.
    fn stopped(&mut self, packets: &Region, mark: &Mark) -> bool {
        let mut is_drawn = false;
        for (plan, group) in plans(self.subject, self.groups) {
            let meets = |region: &Region| region.and(packets).is_some();
            let stopped = plan.flows.iter().filter(|flow| traffic::packets(flow).iter().any(meets));
            for flow in
                stopped.filter(|_| packets.get(Field::State).is_none_or(|states| states.has(NEW.into())))
            {
                let zones = [&flow.from, &flow.to].map(|end| key(plan, &end.zone, group));
                let known = self.panel.conduits.iter_mut().flat_map(|conduit| &mut conduit.flows);
                for known in known.filter(|known| known.id == flow.id && known.zones == zones) {
                    known.marks.push(mark.clone());
                    is_drawn = true;
                }
            }
        }
        is_drawn
    }

    /// Draws a path that nobody intended between the zones that it joins, where these are few.
    fn opened(&mut self, plan: &Plan, group: usize, path: &Path, mark: &Mark) -> bool {
        let from = self.zones(plan, group, &path.packets, Field::Source);
        let to = self.zones(plan, group, &path.packets, Field::Destination);
        let is_few = |zones: &[String]| !zones.is_empty() && zones.len() <= MOST;
        if !is_few(&from) || !is_few(&to) {
            return false;
        }
        let is_line = self.subject.address.contains('/');
        let concerns = |key: &String| {
            plan.address.to_string() == self.subject.address
                || !is_line
                || self.subject.lines.iter().any(|line| is_local(line, key.split('@').next().unwrap_or(key)))
        };
        if !from.iter().chain(&to).any(concerns) {
            // Another line's business, seen from this one.
            return true;
        }
        let mut is_drawn = false;
        for (one, two) in from.iter().flat_map(|one| to.iter().map(move |two| (one, two))) {
            if one == two {
                continue;
            }
            is_drawn = true;
            for key in [one, two] {
                self.add_zone(plan, key, &path.packets);
            }
            let kind = if path.way == Way::Opens { ConduitKind::Drift } else { ConduitKind::Untold };
            let ends = [one.clone(), two.clone()];
            let known = self.panel.conduits.iter_mut();
            let mut known = known.filter(|known| known.kind == kind && known.ends == ends);
            if let Some(known) = known.next() {
                known.marks.push(mark.clone());
                continue;
            }
            let (id, name) = match kind {
                ConduitKind::Drift => ("drift", "Open, and nobody intended it"),
                _ => ("doubt", "Maybe open: a rule is not understood"),
            };
            self.panel.conduits.push(Conduit {
                id: id.to_owned(),
                name: name.to_owned(),
                kind,
                ends,
                marks: vec![mark.clone()],
                ..Conduit::default()
            });
        }
        is_drawn
    }

    /// The zones in which one end of some packets lies, by key; `outside` where in none.
    fn zones(&self, plan: &Plan, group: usize, packets: &Region, field: Field) -> Vec<String> {
        let Some(ranges) = packets.get(field) else { return vec![] };
        let is_v6 = packets.get(Field::Family).and_then(Ranges::single) == Some(1);
        let mut found: Vec<(String, bool)> = vec![];
        let mut look = |plan: &Plan, group: usize, only_local: bool| {
            for zone in plan.zones.values().filter(|zone| !only_local || is_local(plan, &zone.id)) {
                let own = addresses::networks(&zone.prefixes);
                let both = ranges.meet(if is_v6 { &own.v6 } else { &own.v4 });
                if !both.is_empty() {
                    found.push((key(plan, &zone.id, group), both == *ranges));
                }
            }
        };
        look(plan, group, false);
        if plan.address.line.is_none() {
            plans(self.subject, self.groups).for_each(|(line, group)| look(line, group, true));
        }
        found.sort();
        found.dedup();
        let whole: Vec<String> =
            found.iter().filter(|(_, whole)| *whole).map(|(key, _)| key.clone()).collect();
        match (whole.is_empty(), found.is_empty()) {
            (false, _) => whole,
            (true, false) => {
                let mut keys: Vec<String> = found.into_iter().map(|(key, _)| key).collect();
                keys.dedup();
                keys
            }
            (true, true) => vec![OUTSIDE.to_owned()],
        }
    }

    /// Adds a zone that only a drift speaks of.
    fn add_zone(&mut self, plan: &Plan, key: &str, packets: &Region) {
        if let Some(zone) = self.panel.zones.iter_mut().find(|zone| zone.key == key) {
            if key == OUTSIDE {
                let asset = outside(packets);
                if !zone.assets.contains(&asset) {
                    zone.assets.push(asset);
                }
            }
            return;
        }
        let own = plan.zones.get(key);
        let level = own.and_then(|zone| match &zone.purdue {
            serde_json::Value::String(text) => Some(Level::of(text)),
            serde_json::Value::Number(number) => Some(Level::of(number.to_string().trim_end_matches(".0"))),
            _ => None,
        });
        self.panel.zones.push(Zone {
            key: key.to_owned(),
            id: key.to_owned(),
            name: own.map_or_else(|| "Outside every zone".to_owned(), |zone| zone.name.clone()),
            level: level.unwrap_or_default(),
            owner: own.and_then(|zone| zone.owner.clone()),
            prefixes: own.map(|zone| zone.prefixes.clone()).unwrap_or_default(),
            assets: if own.is_some() { vec![] } else { vec![outside(packets)] },
            ..Zone::default()
        });
    }
}

/// The key of what lies in no zone.
const OUTSIDE: &str = "outside";

fn outside(_: &Region) -> Asset {
    Asset { name: "addresses of no zone".to_owned(), detail: "see the path".to_owned(), used: true }
}
