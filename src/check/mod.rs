//! Rules over the fleet, its plans and its templates.
//!
//! [`RULES`] lists every rule that any finding may name, with its meaning; documentation, `jig explain RULE` and the
//! settings of jig.yaml are read off it.

mod aimless;
mod conditions;
mod levels;
mod literal_secret;
mod released;
mod unescaped;
mod unused;

pub use literal_secret::hide as hide_secrets;

use crate::finding::{Finding, Level};
use crate::load::Fleet;
use crate::render::Renderer;

/// A rule: what it finds, why that matters on a plant floor, what to do instead.
pub struct Rule {
    /// Name, kebab-case; says what was found.
    pub name: &'static str,
    /// Level without settings.
    pub level: Level,
    /// Whether settings may lower it: it judges, rather than stops.
    pub soft: bool,
    /// What it finds.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do instead.
    pub instead: &'static str,
}

macro_rules! rules {
    ($($name:literal $level:ident $soft:literal $what:literal $why:literal $instead:literal;)*) => {
        /// Every rule, sorted by name.
        pub const RULES: &[Rule] = &[$(Rule {
            name: $name, level: Level::$level, soft: $soft, what: $what, why: $why, instead: $instead,
        },)*];
    };
}

rules! {
    "bad-id" Error false
        "A file, folder or key whose name is no id."
        "Ids become MQTT topics, host names, file paths and Grafana uids; each of these forbids other characters."
        "Lower-case letters, digits and hyphens, 32 at most, a letter first; records look like RD-001.";
    "blueprint-not-found" Error false
        "A site or line follows a blueprint version that is neither in the working tree nor a git tag."
        "Without the standard nobody can say what the line should run."
        "Name a version that exists, or fetch it: `git fetch --tags`.";
    "decision-condition-broken" Error false
        "A line does not meet a condition of the standing decision that covers its conduit."
        "The risk was accepted under that condition; outside it nobody has decided."
        "Meet the condition, or have the difference decided.";
    "deviation-without-effect" Warning true
        "A deviation for a line, unit or value that is not there."
        "It reads as if something was different here, and nothing is."
        "Close it, or name the value that it means.";
    "duplicate-address" Error false
        "An answer that must be unique is given by two lines."
        "Two gateways with one address take turns in failing."
        "Give one of them another answer; `jig new line` proposes the next free one.";
    "duplicate-id" Error false
        "The same name is defined twice: a value, an output, a zone or an asset."
        "Which of the two counts would be chance."
        "Keep one, or give one of them another name.";
    "duplicate-key" Error false
        "A YAML map has the same key twice."
        "YAML readers silently keep one of the two."
        "Keep one of the two.";
    "expired-deviation" Warning true
        "A deviation past its last day."
        "It no longer counts: the standard's value is rendered, and the device still runs the other."
        "Close it, or have it approved again with a new last day.";
    "expired-flow" Error false
        "A temporary flow past its last day."
        "What was opened for a time must not stay open in silence."
        "Renew it, or remove it.";
    "hand-edited" Error false
        "A file under intended/ was changed by hand, or is not jig's."
        "The next render would lose the change, or the change would hide what the standard says."
        "Move the change into an override, a deviation or the blueprint; or render with --force.";
    "kept-files" Note true
        "A line that did not render keeps its old files, and some of them still carry the flows in question."
        "The path stays open on the device until the line renders again."
        "Mend the line, or take the flow off the device.";
    "literal-secret" Error true
        "A password, key or token stands in a fleet file as itself."
        "A repository is copied, and its history keeps what was deleted."
        "Keep it in the plant's secret store, write secret:<name>, and change it.";
    "malformed-yaml" Error false
        "A file is not valid YAML."
        "Nothing in it can be trusted, so nothing is."
        "Correct the syntax at the place shown.";
    "one-sided-approval" Error false
        "A record lacks an approval, or has one from a role that may not give it."
        "A path that one side did not agree to is the one that stops a line."
        "`jig approve RECORD --as ROLE`.";
    "output-mismatch" Error false
        "A rendered firewall, read back, lets through other packets than the flows of its device say."
        "The record would say one thing and the device do another."
        "Correct the template, so that it writes the flows and drops everything else, in every family.";
    "outside-network" Error false
        "An address is outside the network that the blueprint says it must lie in."
        "Firewalls and routes follow the network; the address would be unreachable or unprotected."
        "Choose an address inside, or correct the network.";
    "overdue-review" Warning true
        "A decision is past its review date; past the days of grace its flows no longer render."
        "Risk changes; a decision that nobody looks at again is no decision."
        "Review it, set the next date, approve it again.";
    "released-blueprint-changed" Error true
        "A blueprint differs from the git tag of its own version."
        "Lines that name the version would not all get the same."
        "Give the change a version of its own.";
    "schema" Error false
        "A value has the wrong type, format or range, or a required key is missing."
        "What was meant cannot be guessed."
        "Write what the message asks for; `jig schema NAME` prints the format.";
    "shadowed-rule" Warning true
        "A rule of a rendered firewall decides nothing: others before it decide all its packets."
        "Who removes one of the two flows believes the path closed, and it stays open."
        "Remove one of the flows, or narrow the one before.";
    "site-broken" Error false
        "A line cannot be resolved because its site has errors."
        "Zones and addresses of the site are part of every line's paths."
        "Correct the site.";
    "stale-approval" Error false
        "The text that was approved has changed since."
        "Nobody has agreed to what stands there."
        "Have it approved again: `jig approve RECORD --as ROLE`.";
    "template-error" Error false
        "A template cannot be compiled or run."
        "A half-rendered config would stop a line."
        "Correct the template at the place shown.";
    "unapproved-deviation" Warning true
        "A deviation without its approvals."
        "It does not count: the standard's value is rendered."
        "`jig approve DV-nnn --as ROLE`.";
    "undecided-conduit" Error false
        "A conduit with flows has no risk decision that covers it."
        "Systems get connected before anyone decided the risk; that is how firewalls fill up."
        "`jig new decision --for BLUEPRINT/CONDUIT`, and have it approved.";
    "undefined-value" Error false
        "A template uses a name that does not exist for this line."
        "Other tools print nothing there; a config with a hole in it stops a line."
        "Give the line the value, or correct the name.";
    "unescaped-value" Warning true
        "A template marks a value `|safe`, so that it is written without escaping."
        "A quote or newline in the data becomes syntax on the device."
        "Leave `|safe` out; a finished literal comes from `json`, `toml` or `yaml`.";
    "unknown-condition" Error false
        "A decision names a check that jig does not know."
        "A condition that nobody checks protects nothing."
        "Use one of the known checks.";
    "unknown-key" Error false
        "A key that the format does not have."
        "A slip in a key would silently lose what it says."
        "Correct the key, or leave it out.";
    "unknown-override" Error false
        "An override of something that is no default of the blueprint."
        "It would change nothing, and look as if it did."
        "Override a default; answer an input under `inputs`; change a fixed value by a deviation.";
    "unknown-reference" Error false
        "A name that leads nowhere: a role, metric, goal, zone, asset, service, device or equipment type."
        "Ownership and meaning hang on these names."
        "Define it, or correct the name.";
    "unknown-role" Error false
        "An owner that is no role of jig.yaml."
        "When it matters, nobody answers."
        "Define the role, or name one that is there.";
    "unknown-syntax" Error false
        "A target whose syntax is not known."
        "Values cannot be escaped for a language that nobody named."
        "Name one of the known syntaxes.";
    "unknown-target" Error false
        "An output names a target that is neither the blueprint's own nor built in."
        "Nothing can be rendered for it."
        "Name a target that exists, or add its folder.";
    "unmet-requirement" Warning true
        "The blueprint needs another version of a blueprint or of jig than is here."
        "It may lean on zones or services that this site does not have."
        "Move the site to a version that fits.";
    "unowned-conduit" Error false
        "A conduit with flows has no owner."
        "After a year nobody knows who may change the rule."
        "Name the role that answers for it.";
    "unowned-flow" Error false
        "A flow has no owner."
        "After a year nobody knows who may change the rule."
        "Name the role that answers for it.";
    "unowned-output" Error false
        "An output has no owner."
        "Somebody must answer for the file on the device."
        "Name the role that answers for it.";
    "unowned-zone" Error false
        "A zone that a flow touches has no owner."
        "IEC 62443-3-2 asks for an accountable owner of every zone."
        "Name the role that answers for it.";
    "unreadable" Error false
        "A file that cannot be read, or is not text."
        "What cannot be read cannot be vouched for."
        "Check that it exists, may be read, and is UTF-8.";
    "unreadable-evidence" Warning true
        "Reconciliation evidence that cannot be read."
        "Without it the metric stays provisional."
        "Header date,shift,ours,theirs; one row per shift.";
    "unresolved" Error false
        "An expression in a blueprint cannot be evaluated for this line."
        "An address or port that cannot be worked out must not be guessed."
        "Correct the expression, or give the line what it needs.";
    "unsafe-path" Error false
        "An output path that leaves its folder, meets another, or that not every system can hold."
        "Files would overwrite each other, or land where nobody looks."
        "Correct the path in the blueprint or the target.";
    "unsafe-value" Error false
        "A value that cannot stand where the template puts it."
        "Written there it would become syntax, or another value."
        "Follow the hint: quote it, or change the value.";
    "unsupported-yaml" Error false
        "YAML that a fleet file does not use: merge keys, tags, a second document, huge numbers, alias bombs."
        "Readers disagree about these; a fleet file means one thing."
        "Write it out plainly.";
    "unused-value" Note true
        "A value of a blueprint that nothing uses."
        "Every line is asked for it, or may override it, to no effect."
        "Use it, or remove it.";
    "wrong-place" Warning true
        "A file that is not where its kind is read, or a blueprint of the wrong scope."
        "It reads as if it was there, and is not."
        "Move or rename it.";
}

/// Returns a rule by name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

/// Checks the file of one line or site as it is written.
pub fn written(fleet: &Fleet, path: &str) -> Vec<Finding> {
    // A file that cannot be read has its own finding.
    crate::load::read_document(&fleet.tree, path, path)
        .map(|document| literal_secret::check(&document))
        .unwrap_or_default()
}

/// Checks what lines share: references, released versions, templates, values.
pub fn shared(fleet: &Fleet, renderer: &Renderer<'_>) -> Vec<Finding> {
    let mut findings = fleet.check_shared();
    findings.extend(literal_secret::check(&fleet.document));
    findings
        .extend(fleet.deviations.values().flat_map(|record| literal_secret::check(&record.record.document)));
    findings
        .extend(fleet.decisions.values().flat_map(|record| literal_secret::check(&record.record.document)));
    findings.extend(fleet.equipment_document.iter().flat_map(literal_secret::check));
    findings.extend(conditions::decisions(fleet));
    findings.extend(aimless::check(fleet));
    findings.extend(levels::check(fleet));
    for standard in fleet.standards.all() {
        findings.extend(fleet.check_standard(&standard));
        findings.extend(literal_secret::check(&standard.blueprint.document));
        findings.extend(standard.conduits.iter().flat_map(|loaded| literal_secret::check(&loaded.document)));
        findings.extend(conditions::words(&standard));
        findings.extend(released::check(fleet, &standard));
        findings.extend(unescaped::check(&standard, renderer));
        findings.extend(unused::check(&standard, renderer));
    }
    findings
}
