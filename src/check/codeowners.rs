//! `stale-codeowners`: who must approve which file, as code owners know it, made from the decision rights.
//!
//! On one line of a CODEOWNERS file any owner is enough; so the two sides of an approval are two files. The part that
//! jig makes stands between two marks; what stands outside them is the user's.

use super::{Check, Rule, Scene};
use crate::finding::{Finding, Level, Place};
use crate::load::Fleet;
use crate::model::{Right, Side};
use crate::resolve::approval::suits;
use crate::source::Text;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    name: "stale-codeowners",
    level: Level::Warning,
    soft: true,
    what: "A CODEOWNERS file that does not say what the decision rights say.",
    why: "Reviews are then asked of teams that no longer decide, and the ones that do are not asked.",
    instead: "`jig report codeowners --write`, and commit the result.",
    see: "",
    check: Check::Fleet(check),
};

/// Where the platforms look for it, in their order.
pub const PLACES: &[&str] = &[".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];
const BEGIN: &str = "# begin of what jig made from rights.yaml: `jig report codeowners --write`";
const END: &str = "# end of what jig made";

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let tree = &scene.fleet.tree;
    for path in PLACES.iter().filter(|path| tree.contains(path)) {
        let Ok(text) = tree.text(path, path) else { continue };
        let Some(wanted) = replaced(&text.content, &codeowners(scene.fleet, "")) else { continue };
        if wanted != text.content {
            let same = text.content.lines().zip(wanted.lines()).take_while(|(a, b)| a == b).count();
            let last = text.content.lines().count().max(1);
            let text = Text::new(*path, text.content);
            found.push(
                RULE.found(format!("{path} does not say what the decision rights say"))
                    .at(Place::line(&text, (same + 1).min(last) as u32))
                    .next("`jig report codeowners --write`, and commit the result"),
            );
        }
    }
}

/// Puts the generated part into a file; `None` where the file has no such part.
pub fn replaced(old: &str, made: &str) -> Option<String> {
    let start = old.find(BEGIN)?;
    let end = start + old[start..].find(END)? + END.len();
    let rest = old[end..].strip_prefix('\n').unwrap_or(&old[end..]);
    Some(format!("{}{made}{rest}", &old[..start]))
}

/// Makes the part; `prefix` is the fleet's folder in the repository, empty for its root.
pub fn codeowners(fleet: &Fleet, prefix: &str) -> String {
    let mut out = Owners { fleet, prefix: prefix.trim_matches('/'), lines: vec![] };
    out.shared();
    out.blueprints();
    out.sites();
    out.records();
    let width = out.lines.iter().map(|(path, _)| path.len()).max().unwrap_or(0);
    let lines = out.lines.iter().map(|(path, owners)| format!("{path:width$}  {}\n", owners.join(" ")));
    format!("{BEGIN}\n{}{END}\n", lines.collect::<String>())
}

struct Owners<'a> {
    fleet: &'a Fleet,
    prefix: &'a str,
    lines: Vec<(String, Vec<String>)>,
}

impl Owners<'_> {
    fn add(&mut self, path: &str, owners: BTreeSet<String>) {
        let prefix = if self.prefix.is_empty() { String::new() } else { format!("/{}", self.prefix) };
        if !owners.is_empty() {
            // The last line that matches counts, so the general ones come first.
            let path = if prefix.is_empty() && path.is_empty() {
                "*".to_owned()
            } else {
                format!("{prefix}/{path}")
            };
            self.lines.push((path, owners.into_iter().collect()));
        }
    }

    fn right(&self, what: &str) -> Option<&Right> {
        let rights = self.fleet.rights.as_ref()?;
        rights.model.rights.values().find(|right| right.what.0 == what)
    }

    /// The team of a role at some sites; every site where it has one for each and none is named.
    fn teams(&self, role: &str, sites: &[&str]) -> Vec<String> {
        let Some(known) = self.fleet.enterprise.roles.get(role) else { return vec![] };
        if known.side == Side::External {
            return vec![];
        }
        if !known.team.contains("{site}") {
            return vec![known.team.clone()];
        }
        let all: Vec<&str> = self.fleet.sites.iter().map(|site| site.id.as_str()).collect();
        let sites = if sites.is_empty() { &all } else { sites };
        sites.iter().map(|site| known.team.replace("{site}", site)).collect()
    }

    /// The teams of the role that decides.
    fn deciders(&self, what: &str, sites: &[&str]) -> BTreeSet<String> {
        let right = self.right(what);
        right.map(|right| self.teams(right.decides.as_str(), sites)).unwrap_or_default().into_iter().collect()
    }

    fn shared(&mut self) {
        let owner = self.fleet.standards.all().first().map(|s| s.blueprint.model.owner.to_string());
        let standard: BTreeSet<String> =
            owner.map(|owner| self.teams(&owner, &[])).unwrap_or_default().into_iter().collect();
        let or = |found: BTreeSet<String>| if found.is_empty() { standard.clone() } else { found };
        self.add("", standard.clone());
        let of_systems = or(self.deciders("system-of-record", &[]));
        self.add("jig.yaml", of_systems.union(&standard).cloned().collect());
        let everyone = self.fleet.rights.iter().flat_map(|loaded| loaded.model.rights.values());
        let everyone: BTreeSet<String> =
            everyone.flat_map(|right| self.teams(right.decides.as_str(), &[])).collect();
        self.add("rights.yaml", everyone);
        self.add("metrics.yaml", or(self.deciders("metric", &[])));
        self.add("equipment.yaml", or(self.deciders("tag", &[])));
    }

    fn blueprints(&mut self) {
        for standard in self.fleet.standards.all() {
            let Some(folder) = standard.folder.strip_prefix("blueprints/") else { continue };
            let folder = folder.to_owned();
            let mut owners = self.deciders("release", &[]);
            owners.extend(self.teams(standard.blueprint.model.owner.as_str(), &[]));
            self.add(&format!("blueprints/{folder}/"), owners);
            let conduit = self.deciders("conduit", &[]);
            if standard.conduits.is_some() {
                self.add(&format!("blueprints/{folder}/conduits.yaml"), conduit);
            }
        }
    }

    fn sites(&mut self) {
        for site in &self.fleet.sites {
            let here = [site.id.as_str()];
            let mut owners = self.deciders("flow", &here);
            owners.extend(self.deciders("window", &here));
            self.add(&format!("sites/{}/", site.id), owners.clone());
            self.add(&format!("intended/{}/", site.id), owners);
        }
    }

    fn records(&mut self) {
        for side in ["it", "ot"] {
            let owners = self.side("conduit", side, &[]);
            self.add(&format!("decisions/*/{side}.yaml"), owners);
        }
        for record in self.fleet.deviations.values() {
            let site = record.record.model.line.split('/').next().unwrap_or_default();
            for side in ["it", "ot"] {
                let owners = self.side("deviation", side, &[site]);
                self.add(&format!("{}/{side}.yaml", record.folder), owners);
            }
        }
    }

    /// The teams that may approve for one side.
    fn side(&self, what: &str, side: &str, sites: &[&str]) -> BTreeSet<String> {
        let Some(right) = self.right(what) else { return BTreeSet::new() };
        let roles = std::iter::once(&right.decides).chain(&right.agrees);
        let fits = roles.filter(|role| {
            self.fleet.enterprise.roles.get(role.as_str()).is_some_and(|known| suits(known.side, side))
        });
        fits.flat_map(|role| self.teams(role.as_str(), sites)).collect()
    }
}
