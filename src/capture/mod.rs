//! Deployed files to a blueprint.
//!
//! Folders of text go in, one per line that runs; what comes out is a blueprint in jig's own syntax with a line file
//! for each. Structure guides which lines of the instances are the same line of the standard; the bytes come from
//! the files themselves. Whoever calls proves the draft by rendering it: what does not give back every byte is not
//! written.

mod align;
mod conditions;
mod connections;
mod draft;
mod emit;
mod groups;
mod lex;
mod line;
mod names;
mod outlier;
mod own;
mod paths;
mod pilot;
mod program;
mod proposal;
mod rank;
mod relate;
pub mod report;
mod role;
mod secrets;
mod shape;
mod solve;
mod tree;
mod usual;
mod values;
mod views;
mod yaml;

pub use draft::Draft;
pub use names::{id, may_be_named};
pub use pilot::{Known, Question};

use std::collections::{BTreeMap, BTreeSet};

/// One line as it runs.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its site.
    pub site: String,
    /// Its id.
    pub line: String,
    /// Its files.
    pub files: BTreeMap<String, String>,
}

/// What the caller decides.
#[derive(Debug, Clone)]
pub struct Options {
    /// The id of the blueprint.
    pub blueprint: String,
    /// The role that owns what nobody owns yet.
    pub owner: String,
    /// The area of the lines.
    pub area: String,
    /// Bits of evidence that a relation needs.
    pub evidence: f64,
    /// Names that the user chose, by the name that capture chose.
    pub rename: BTreeMap<String, String>,
}

/// Address and path of files that do not come back byte for byte, with the reason.
pub type Mismatches = BTreeMap<(String, String), String>;

/// What was captured.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The draft.
    pub draft: Draft,
    /// What there is to say about it.
    pub report: report::Report,
}

/// Renders a draft and says what differs from what is expected.
pub type Prove<'p> = dyn FnMut(&Draft) -> Mismatches + 'p;

/// Captures several instances.
pub fn capture(instances: &[Instance], options: &Options, prove: &mut Prove<'_>) -> Capture {
    let mut instances = instances.to_vec();
    instances.sort_by(|a, b| (&a.site, &a.line).cmp(&(&b.site, &b.line)));
    let bytes = instances.iter().flat_map(|instance| instance.files.values()).map(String::len).sum();
    let (instances, taken) = without_secrets(instances);
    let paths = paths::Paths::find(&instances);
    let mut plain = BTreeSet::new();
    loop {
        let captured = induce(&instances, &paths, &taken, &plain, bytes, options, prove);
        let wrong = captured.report.mismatches.keys().filter_map(|(at, path)| {
            let own = instances.iter().position(|instance| address(instance) == *at)?;
            paths.common[own].get(path).cloned()
        });
        // A file whose structure misleads is read as lines and indents.
        let wrong: Vec<String> = wrong.filter(|path| !plain.contains(path)).collect();
        if captured.report.mismatches.is_empty() {
            return captured;
        }
        if wrong.is_empty() {
            // Where a relation does not hold in the real renderer, every value stands for itself.
            let options = Options { evidence: f64::INFINITY, ..options.clone() };
            return induce(&instances, &paths, &taken, &plain, bytes, &options, prove);
        }
        plain.extend(wrong);
    }
}

fn induce(
    instances: &[Instance],
    paths: &paths::Paths,
    taken: &BTreeMap<String, String>,
    plain: &BTreeSet<String>,
    bytes: usize,
    options: &Options,
    prove: &mut Prove<'_>,
) -> Capture {
    let own = own::Own::find(instances);
    let trees: Vec<shape::Trees> = instances
        .iter()
        .zip(&paths.common)
        .zip(&own)
        .map(|((instance, paths), own)| {
            let parsed = |(path, text): (&String, &String)| {
                let common = paths[path].clone();
                let parsed = shape::Parsed::new(path, text, own, plain.contains(&common));
                (common, parsed)
            };
            instance.files.iter().map(parsed).collect()
        })
        .collect();
    let role::Settled { members, shape, aside, roles } = role::settle(&trees);
    let members: Vec<&Instance> = members.iter().map(|at| &instances[*at]).collect();
    let given = given(&members);
    let terms = solve::Terms { evidence: options.evidence, usual: true };
    let solution = solve::solve(&shape, &given, terms);
    let conditions = conditions::Conditions::find(&shape, &solution);
    let found = Found { instances, members, shape, solution, conditions, paths, taken, bytes };
    let (draft, mut report) = found.prove(options, prove);
    report.aside = aside
        .into_iter()
        .map(|aside| report::Aside {
            address: address(&instances[aside.instance]),
            share: aside.share,
            examples: aside.examples.iter().map(|text| report::hidden(text)).collect(),
        })
        .collect();
    report.outliers = found.outliers(&given);
    report.refused = several_roles(instances, &roles).or_else(|| found.refusal(&report));
    Capture { draft, report }
}

/// Why instances are no one role: the roles that they are, where none has the majority.
fn several_roles(instances: &[Instance], roles: &[Vec<usize>]) -> Option<String> {
    let names = |role: &Vec<usize>| {
        let shown: Vec<&str> = role.iter().take(4).map(|at| instances[*at].line.as_str()).collect();
        let more = if role.len() > shown.len() { ", ..." } else { "" };
        format!("{}{more} ({})", shown.join(", "), role.len())
    };
    let roles: Vec<String> = roles.iter().map(names).collect();
    let shown = roles.join("; ");
    (roles.len() > 1).then(|| format!("these are {} roles, and none has the majority: {shown}", roles.len()))
}

/// Captures one pilot with what is known of it; `answer` decides each question.
pub fn capture_pilot(
    instance: &Instance,
    known: &[Known],
    options: &Options,
    answer: &mut dyn FnMut(&Question) -> bool,
    prove: &mut Prove<'_>,
) -> Capture {
    let bytes = instance.files.values().map(String::len).sum();
    let (instances, taken) = without_secrets(vec![instance.clone()]);
    let paths = paths::Paths::find(&instances);
    let pilot = pilot::find(&instances[0], &paths.common[0], known, options.evidence, answer);
    let conditions = conditions::Conditions::default();
    let members = instances.iter().collect();
    let (shape, solution) = (pilot.shape, pilot.solution);
    let found = Found {
        instances: &instances,
        members,
        shape,
        solution,
        conditions,
        paths: &paths,
        taken: &taken,
        bytes,
    };
    let (draft, mut report) = found.prove(options, prove);
    report.questions = pilot.questions;
    Capture { draft, report }
}

fn address(instance: &Instance) -> String {
    format!("{}/{}", instance.site, instance.line)
}

/// Instances with opaque tokens for secrets, and the secrets by token.
fn without_secrets(mut instances: Vec<Instance>) -> (Vec<Instance>, BTreeMap<String, String>) {
    let mut taken = BTreeMap::new();
    let mut number = 0;
    for instance in &mut instances {
        let mut known = BTreeMap::new();
        for text in instance.files.values_mut() {
            let cleared = secrets::clear(text, &mut known, &mut number);
            *text = cleared.text;
            taken.extend(cleared.taken);
        }
    }
    (instances, taken)
}

/// What was found, on its way to a draft.
pub(crate) struct Found<'f> {
    instances: &'f [Instance],
    members: Vec<&'f Instance>,
    shape: shape::Shape,
    solution: solve::Solution,
    conditions: conditions::Conditions,
    paths: &'f paths::Paths,
    taken: &'f BTreeMap<String, String>,
    bytes: usize,
}

impl Found<'_> {
    /// Writes a draft and proves it; a file whose own syntax cannot hold its values as they stood becomes plain text.
    fn prove(&self, options: &Options, prove: &mut Prove<'_>) -> (Draft, report::Report) {
        let mut syntaxes = self.syntaxes();
        loop {
            let material = draft::Material {
                shape: &self.shape,
                solution: &self.solution,
                conditions: &self.conditions,
                instances: self.instances,
                members: &self.members,
                options,
                syntaxes: &syntaxes,
                paths: self.paths,
                taken: self.taken,
            };
            let writer = draft::writer(&material);
            let draft = draft::write(&material, &writer);
            let mismatches = prove(&draft);
            let failed = self.to_text(&mismatches, &syntaxes);
            if mismatches.is_empty() || failed.is_empty() {
                let report = report::write(&material, &writer, &draft, mismatches, self.bytes);
                return (draft, report);
            }
            for path in failed {
                syntaxes.insert(path, "text".into());
            }
        }
    }

    fn syntaxes(&self) -> BTreeMap<String, String> {
        let sample = |common: &str| {
            self.instances.iter().zip(&self.paths.common).find_map(|(instance, paths)| {
                let (own, _) = paths.iter().find(|(_, path)| *path == common)?;
                Some(paths::syntax_of(own, &instance.files[own]))
            })
        };
        let files = self.shape.files.iter();
        files.map(|file| (file.path.clone(), sample(&file.path).unwrap_or("text").to_owned())).collect()
    }

    /// The files to write as plain text instead; where a whole line failed, all that are not yet.
    fn to_text(&self, mismatches: &Mismatches, syntaxes: &BTreeMap<String, String>) -> BTreeSet<String> {
        let mut failed: BTreeSet<String> = BTreeSet::new();
        for (at, path) in mismatches.keys() {
            let own =
                self.instances.iter().zip(&self.paths.common).find(|(instance, _)| address(instance) == *at);
            match own.and_then(|(_, paths)| paths.get(path)) {
                Some(common) => failed.extend([common.clone()]),
                None => failed.extend(syntaxes.keys().cloned()),
            }
        }
        failed.retain(|path| syntaxes.get(path).is_some_and(|syntax| syntax != "text"));
        failed
    }

    fn outliers(&self, given: &solve::Given) -> Vec<report::Outlier> {
        let found = outlier::find(&self.shape, &self.solution, &given.lines, &given.sites);
        found
            .into_iter()
            .map(|outlier| {
                let member = self.members[outlier.instance];
                let common = &self.shape.files[outlier.file].path;
                let at = self.instances.iter().position(|instance| std::ptr::eq(instance, member));
                let own = at.and_then(|at| self.paths.common[at].iter().find(|(_, path)| *path == common));
                let path = own.map_or_else(|| paths::plain(common), |(path, _)| path.clone());
                let line = member.files.get(&path).and_then(|text| report::line_of(text, &outlier));
                report::Outlier {
                    address: address(member),
                    file: path,
                    line,
                    reason: outlier.reason.as_str(),
                    place: report::hidden(&outlier.place),
                    expected: outlier.expected.as_deref().map(report::hidden),
                    found: outlier.found.as_deref().map(report::hidden),
                    agree: outlier.agree,
                }
            })
            .collect()
    }

    /// Why this is not one role, if it is not.
    fn refusal(&self, report: &report::Report) -> Option<String> {
        if self.members.len() < 2 {
            return Some("one instance alone says nothing about what differs between lines".into());
        }
        if report.size_ratio > 0.9 {
            let share = report.size_ratio * 100.0;
            return Some(format!("templates and values together take {share:.0} % of what went in"));
        }
        let common = role::common_share(&self.shape);
        let share = common * 100.0;
        (common < 0.6).then(|| format!("only {share:.0} % of the lines are in all of them"))
    }
}

fn given(members: &[&Instance]) -> solve::Given {
    let sites: BTreeSet<&String> = members.iter().map(|member| &member.site).collect();
    let sites =
        if sites.len() > 1 { members.iter().map(|member| member.site.clone()).collect() } else { vec![] };
    solve::Given { lines: members.iter().map(|member| member.line.clone()).collect(), sites }
}
