//! A line that is about to be written: its text, and the check as if it was on disk already.

use super::super::init;
use super::yaml;
use crate::finding::{Finding, Level};
use crate::load::schema::FileKind;
use crate::load::{Fleet, Loaded, Standard, read_text};
use crate::model::Line;
use crate::resolve::Resolver;
use crate::resolve::plan::Plan;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A line that is about to be written.
pub(super) struct Draft {
    pub(super) site: String,
    pub(super) line: String,
    pub(super) area: String,
    pub(super) goal: Option<String>,
    pub(super) window: Option<String>,
    pub(super) inputs: Map<String, Json>,
}

impl Draft {
    pub(super) fn path(&self) -> String {
        format!("sites/{}/lines/{}.yaml", self.site, self.line)
    }

    pub(super) fn address(&self) -> String {
        format!("{}/{}", self.site, self.line)
    }

    pub(super) fn text(&self, standard: &Standard) -> String {
        let mut out = init::editor_line(&standard.reference(), 3);
        out.push_str(&yaml::member(0, "area", &Json::String(self.area.clone())));
        out.push_str(&yaml::member(0, "blueprint", &Json::String(standard.reference())));
        for (key, value) in [("goal", &self.goal), ("window", &self.window)] {
            if let Some(value) = value {
                out.push_str(&yaml::member(0, key, &Json::String(value.clone())));
            }
        }
        if !self.inputs.is_empty() {
            out.push_str("inputs:\n");
            // In the order of the blueprint's questions, so that every line file reads alike.
            let asked = standard.blueprint.model.inputs.keys().map(|name| name.as_str());
            let known: Vec<&str> = asked.filter(|name| self.inputs.contains_key(*name)).collect();
            let others = self.inputs.keys().map(String::as_str).filter(|name| !known.contains(name));
            for name in known.iter().copied().chain(others) {
                out.push_str(&yaml::member(2, name, &self.inputs[name]));
            }
        }
        out
    }

    /// Returns another draft with the same answers.
    pub(super) fn copy(&self) -> Self {
        Self {
            site: self.site.clone(),
            line: self.line.clone(),
            area: self.area.clone(),
            goal: self.goal.clone(),
            window: self.window.clone(),
            inputs: self.inputs.clone(),
        }
    }
}

/// What checking drafts needs.
pub(super) struct Desk<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) resolver: Resolver<'a>,
    pub(super) standard: Arc<Standard>,
    /// Answers that must be unique: by whom they were given.
    pub(super) claims: BTreeMap<String, String>,
}

/// What checking a draft gave.
pub(super) struct Checked {
    pub(super) text: String,
    pub(super) plan: Option<Plan>,
    pub(super) findings: Vec<Finding>,
    claims: Vec<String>,
}

impl Checked {
    /// Findings that only the line's own answers can mend.
    pub(super) fn own_findings<'a>(&'a self, draft: &Draft) -> impl Iterator<Item = &'a Finding> {
        let path = draft.path();
        self.findings.iter().filter(move |finding| {
            finding.level == Level::Error && finding.place.as_ref().is_some_and(|place| *place.file == *path)
        })
    }
}

impl Desk<'_> {
    /// Resolves a draft in memory, as if it was on disk.
    pub(super) fn check(&self, draft: &Draft) -> Checked {
        let path = draft.path();
        let text = draft.text(&self.standard);
        let mut findings = vec![];
        let loaded: Option<Loaded<Line>> = read_text(&path, &text, FileKind::Line, &mut findings);
        if let Some(loaded) = &loaded {
            findings.extend(self.fleet.check_line(&loaded.document));
        }
        let site = self.resolver.site(&draft.site);
        let mut claimed = vec![];
        let plan = match self.resolver.line_from(&site, &draft.line, loaded, findings) {
            Ok(mut plan) => {
                for claim in std::mem::take(&mut plan.claims) {
                    if let Some(other) = self.claims.get(&claim.key) {
                        let shown = claim.key.rsplit('\0').next().unwrap_or_default();
                        let message = format!("{shown} is already given by {other}; it must be unique");
                        let finding = Finding::error("duplicate-address", message).at(claim.place.clone());
                        plan.failures.push(finding.next("give another answer"));
                    }
                    claimed.push(claim.key);
                }
                Ok(plan)
            }
            Err(findings) => Err(findings),
        };
        match plan {
            Ok(plan) => Checked { text, findings: plan.failures.clone(), plan: Some(plan), claims: claimed },
            Err(findings) => Checked { text, findings, plan: None, claims: claimed },
        }
    }

    /// Keeps a draft's answers from being given again.
    pub(super) fn take(&mut self, draft: &Draft, checked: &Checked) {
        for claim in &checked.claims {
            self.claims.insert(claim.clone(), draft.address());
        }
    }
}

pub(super) fn claims(resolver: &Resolver<'_>, fleet: &Fleet) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for site in &fleet.sites {
        for line in &site.lines {
            for claim in resolver.claims(&site.id, line) {
                all.insert(claim.key, format!("{}/{}", site.id, line.id));
            }
        }
    }
    all
}
