//! Differences as every format takes them: in parts by what to do, the same one once for all its lines.

use super::words::{clean, plural, short_pair, some};
use crate::compare::{Attribution, Class, Cluster, Disposition, Drift, Kind, Report};
use crate::finding::Level;
use std::collections::{HashMap, HashSet};

/// Where the two sides of a comparison lie, as the repository or the command line names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folders {
    /// What is intended; empty or ending in `/`.
    pub intended: String,
    /// What is deployed; empty or ending in `/`.
    pub deployed: String,
    /// Whether each line has its folder `<site>/<line>` there that files are relative to.
    pub by_address: bool,
}

/// What `diff` has to tell.
#[derive(Debug)]
pub struct Drifts<'a> {
    /// The report.
    pub report: &'a Report,
    /// The enterprise's id, empty where there is no fleet.
    pub name: &'a str,
    /// Where the files lie.
    pub folders: &'a Folders,
}

impl Drifts<'_> {
    /// Returns the path of the file that a difference is shown in: the deployed one, where there is one.
    pub(super) fn path(&self, drift: &Drift) -> String {
        let gone = matches!(drift.kind, Kind::FileMissing | Kind::Missing) && drift.deployed.is_none();
        let folder = if gone { &self.folders.intended } else { &self.folders.deployed };
        let below = match drift.address.as_deref().filter(|_| self.folders.by_address) {
            Some(line) if line.contains('/') => format!("{line}/"),
            Some(site) => format!("{site}/_site/"),
            None => String::new(),
        };
        format!("{folder}{below}{}", drift.file).trim_end_matches('/').to_owned()
    }
}

/// A part of a report.
pub(super) struct Section {
    /// Short name, for machines.
    pub(super) id: &'static str,
    /// Title, as people read it.
    pub(super) title: &'static str,
    /// What stands below the title where there is room for a sentence.
    pub(super) about: &'static str,
    /// Whether it is only shown in full on request.
    pub(super) quiet: bool,
    holds: fn(&Drift) -> bool,
}

/// Every part, in the order in which people need them; each difference belongs to one.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        id: "production",
        title: "What could stop production",
        about: "Traffic, protection or data of a line differs, and nobody approved it.",
        quiet: false,
        holds: is_grave,
    },
    Section {
        id: "drift",
        title: "Drift",
        about: "Differs from the standard, and nobody approved it.",
        quiet: false,
        holds: |drift| is_open(drift) && !is_grave(drift),
    },
    Section {
        id: "untold",
        title: "Could not be told",
        about: "Nobody can vouch for these. Not knowing is not being in order.",
        quiet: false,
        holds: is_untold,
    },
    Section {
        id: "approved",
        title: "Approved, until",
        about: "Differs, known, owned, until a date.",
        quiet: false,
        holds: |drift| drift.disposition == Disposition::Approved,
    },
    Section {
        id: "behind",
        title: "Behind the standard",
        about: "The standard moved on; the line still has time.",
        quiet: false,
        holds: |drift| drift.disposition == Disposition::Behind,
    },
    Section {
        id: "harmless",
        title: "No effect",
        about: "The text differs, what it does is proven to be the same.",
        quiet: true,
        holds: |drift| {
            drift.disposition == Disposition::Open
                && drift.level != Level::Error
                && drift.kind != Kind::Opaque
        },
    },
    Section {
        id: "ignored",
        title: "Not compared",
        about: "Belongs to the server or the site.",
        quiet: true,
        holds: |drift| drift.disposition == Disposition::Ignored,
    },
];

impl Section {
    /// The differences that belong here, in the order of the report.
    pub(super) fn drifts<'d>(&self, report: &'d Report) -> Vec<&'d Drift> {
        report.findings.iter().filter(|drift| (self.holds)(drift)).collect()
    }
}

/// What platforms know as a rule: one per consequence.
pub(super) struct Rule {
    pub(super) id: &'static str,
    class: Option<Class>,
    pub(super) what: &'static str,
    pub(super) why: &'static str,
    pub(super) instead: &'static str,
}

const INSTEAD: &str =
    "Put the intended value back, or record a deviation with an owner, a reason and a last day.";

/// Every rule of differences, the worst first.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "drift-path",
        class: Some(Class::Path),
        what: "A device lets through other traffic than the standard says.",
        why: "A path that nobody decided is how production stops, or how somebody gets in.",
        instead: INSTEAD,
    },
    Rule {
        id: "drift-security",
        class: Some(Class::Security),
        what: "A device is protected in another way than the standard says.",
        why: "A protection that was taken off for a test tends to stay off.",
        instead: INSTEAD,
    },
    Rule {
        id: "drift-data",
        class: Some(Class::Data),
        what: "A device handles the line's data in another way than the standard says.",
        why: "Data that stops is missed weeks later, when somebody needs it.",
        instead: INSTEAD,
    },
    Rule {
        id: "drift-metric",
        class: Some(Class::Metric),
        what: "A number is made in another way than the standard says.",
        why: "One name for two formulas makes lines incomparable.",
        instead: INSTEAD,
    },
    Rule {
        id: "drift-settings",
        class: Some(Class::Settings),
        what: "A setting differs from the standard.",
        why: "The next line is a copy of this one, difference included.",
        instead: INSTEAD,
    },
    Rule {
        id: "drift-look",
        class: Some(Class::Look),
        what: "Something looks other than the standard says.",
        why: "People who move between lines have to read everything twice.",
        instead: "Put it back, or offer it to the standard.",
    },
    Rule {
        id: "drift-untold",
        class: None,
        what: "What a device runs could not be compared.",
        why: "Nobody can vouch for what was not read back; it is not in order.",
        instead: "Collect it again.",
    },
];

/// The rule that a difference belongs to.
pub(super) fn rule(drift: &Drift) -> &'static str {
    let class = (drift.kind != Kind::Opaque).then_some(drift.consequence);
    RULES.iter().find(|rule| rule.class == class).map_or("drift", |rule| rule.id)
}

/// Whether somebody has to act on it, and what it is is known.
pub(super) fn is_open(drift: &Drift) -> bool {
    matches!(drift.disposition, Disposition::Open | Disposition::Expired)
        && drift.level == Level::Error
        && drift.kind != Kind::Opaque
}

/// Whether it could reach people or product on the line.
pub(super) fn is_grave(drift: &Drift) -> bool {
    is_open(drift) && matches!(drift.consequence, Class::Path | Class::Security | Class::Data)
}

/// Whether it could not be compared.
pub(super) fn is_untold(drift: &Drift) -> bool {
    drift.kind == Kind::Opaque && drift.disposition == Disposition::Open
}

/// The same difference in several places, in the order of the report.
pub(super) fn groups<'d>(drifts: &[&'d Drift]) -> Vec<Vec<&'d Drift>> {
    let mut by_what: HashMap<String, usize> = HashMap::new();
    let mut out: Vec<Vec<&Drift>> = vec![];
    for drift in drifts {
        let at = *by_what.entry(identity(drift)).or_insert(out.len());
        match out.get_mut(at) {
            Some(group) => group.push(drift),
            None => out.push(vec![drift]),
        }
    }
    out
}

/// What a difference shares with the same one elsewhere.
fn identity(drift: &Drift) -> String {
    if is_untold(drift) {
        // What was not read back is one thing to do, however many files it has.
        return format!("{:?}\0{:?}", drift.address, drift.note);
    }
    if let Some(cluster) = &drift.cluster {
        // What is approved on one line may be open on the next.
        return format!("{cluster}\0{:?}", drift.disposition);
    }
    let Drift { path, kind, intended, deployed, note, deviation, .. } = drift;
    format!("{path}\0{kind:?}\0{intended:?}\0{deployed:?}\0{note:?}\0{deviation:?}")
}

/// Who owns a group, each role once.
pub(super) fn owners(group: &[&Drift]) -> String {
    let mut owners: Vec<String> = vec![];
    for owner in group.iter().filter_map(|drift| drift.owner.as_deref()) {
        if !owners.iter().any(|known| known == owner) {
            owners.push(clean(owner));
        }
    }
    some(&owners, 3)
}

/// The files of a group without the folder of their line, each once.
pub(super) fn files(group: &[&Drift]) -> Vec<String> {
    let mut seen = HashSet::new();
    let of = |drift: &&Drift| {
        let folder = drift.address.as_ref().map(|address| format!("{address}/")).unwrap_or_default();
        clean(drift.file.strip_prefix(&folder).unwrap_or(&drift.file))
    };
    group.iter().map(of).filter(|file| !file.is_empty() && seen.insert(file.clone())).collect()
}

/// What differs, in words; empty where a note says it.
pub(super) fn kind(drift: &Drift) -> String {
    let words = match drift.kind {
        Kind::FileMissing => "the file is not deployed",
        Kind::FileExtra => "nobody intended this file",
        Kind::Opaque if drift.disposition == Disposition::Open => "",
        Kind::Missing => "missing",
        Kind::Extra => "not in the standard",
        Kind::TypeChanged => "changed its type",
        Kind::Equivalent => "written differently",
        kind => kind.as_str(),
    };
    if drift.count > 1 {
        format!("{words}, {}", plural(drift.count, "time")).trim_start_matches(", ").to_owned()
    } else {
        words.to_owned()
    }
}

/// The place in a file, as people say it.
pub(super) fn place(drift: &Drift) -> String {
    let line = drift.line.map(|line| format!(":{line}")).unwrap_or_default();
    clean(&format!("{}{line}", drift.file))
}

/// The deviation that covers it, or did.
pub(super) fn deviation(drift: &Drift) -> Option<String> {
    let id = clean(drift.deviation.as_ref()?);
    let until = drift.expires.map(|date| date.to_string()).unwrap_or_default();
    Some(match drift.disposition {
        Disposition::Expired => format!("{id} EXPIRED {until}"),
        _ => format!("{id} until {until}"),
    })
}

/// Who moved.
pub(super) fn attribution(drift: &Drift) -> Option<&'static str> {
    let words = match drift.attribution {
        Attribution::Site => "changed on site",
        Attribution::Standard => "the standard moved on",
        Attribution::Both => "both moved",
        Attribution::Unknown => return None,
    };
    (drift.kind != Kind::Opaque).then_some(words)
}

/// What it means for production; what does nothing has nothing to say.
pub(super) fn meaning(drift: &Drift) -> Option<&str> {
    drift.meaning.as_deref().filter(|meaning| *meaning != "none")
}

/// Most characters of a value inside a sentence.
const VALUE: usize = 120;

/// A difference in one sentence, for formats that have one text for it.
pub(super) fn sentence(drift: &Drift) -> String {
    let mut parts = vec![];
    let what =
        [drift.path.clone(), kind(drift)].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    parts.push(what.join(": "));
    if let (Some(intended), Some(deployed)) = (&drift.intended, &drift.deployed) {
        let (intended, deployed) = short_pair(intended, deployed, VALUE);
        parts.push(format!("intended {intended}, deployed {deployed}"));
    }
    parts.extend(meaning(drift).map(str::to_owned));
    parts.extend(drift.note.clone());
    parts.extend(deviation(drift));
    parts.retain(|part| !part.is_empty());
    let text = clean(&parts.join("; "));
    if text.is_empty() { drift.kind.as_str().to_owned() } else { text }
}

/// Whether many lines together ask whether the standard is wrong: they differ alike, and it is known how.
pub(super) fn asks_the_standard(report: &Report, cluster: &Cluster) -> bool {
    let is_of = |drift: &&Drift| drift.cluster.as_deref() == Some(&*cluster.id);
    cluster.promote && report.findings.iter().find(is_of).is_none_or(|drift| drift.kind != Kind::Opaque)
}

/// What to do about a difference.
#[must_use]
pub fn next_step(drift: &Drift) -> Option<&'static str> {
    if drift.next.is_some() {
        return drift.next;
    }
    Some(match (drift.disposition, drift.attribution, drift.kind) {
        (Disposition::Open, _, Kind::Opaque) => "read it back again; until then nobody can vouch for it",
        (Disposition::Open, _, _) if drift.level != Level::Error => return None,
        (Disposition::Open, Attribution::Standard, _) => "roll the standard out; the date for it has passed",
        (Disposition::Open, Attribution::Both, _) => {
            "settle which value is right, then roll it out or record a deviation"
        }
        (Disposition::Open, _, Kind::Extra | Kind::FileExtra) => "take it out again, or record a deviation",
        (Disposition::Open, _, Kind::Missing | Kind::FileMissing) => "put it back, or record a deviation",
        (Disposition::Open, _, Kind::Moved | Kind::Reordered) => "put the order back, or record a deviation",
        (Disposition::Open, ..) => "put the intended value back, or record a deviation",
        (Disposition::Expired, ..) => {
            "end the deviation: put the intended value back, or renew it with its owner"
        }
        (Disposition::Approved, ..) if drift.level == Level::Warning => {
            "the deviation ends soon: close it or renew it"
        }
        (Disposition::Approved | Disposition::Ignored, ..) => return None,
        (Disposition::Behind, ..) => "roll the standard out in the line's window",
    })
}
