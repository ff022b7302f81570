//! JUnit XML, which every CI server reads: a test case per rule or per difference.
//!
//! The form is that of Ant and Jenkins (`testsuites`, `testsuite`, `testcase`). A case has one failure at most and a
//! name without line numbers, so that servers can follow it over time. What could not be told is an error or is
//! skipped, never a case that passed.

use super::drifts::{is_untold, next_step, place, sentence};
use super::words::plural;
use super::{Drifts, Findings, Format, Style};
use crate::check::RULES;
use crate::compare::{Disposition, Drift, LineReport, Verdict};
use crate::finding::{Finding, Level};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const FORMAT: Format = Format {
    name: "junit",
    what: "test results for CI servers: Jenkins, GitLab, Azure DevOps and others",
    universal: false,
    findings: findings_xml,
    drift: drift_xml,
    capture: None,
};

/// How a case ended.
enum End {
    Passed,
    /// Passed, with something to read.
    Said(String),
    Skipped(String),
    Failed(String, String),
    /// Could not be told.
    Broken(String, String),
}

struct Case {
    class: String,
    name: String,
    end: End,
}

struct Suite {
    name: String,
    cases: Vec<Case>,
}

fn findings_xml(findings: &Findings<'_>, style: Style) -> String {
    let mut cases: Vec<Case> = findings.list.iter().map(|finding| case(finding, style.fail_on)).collect();
    if findings.command == "validate" {
        let found: BTreeSet<&str> = findings.list.iter().map(|finding| finding.rule).collect();
        let clean = RULES.iter().filter(|rule| !found.contains(rule.name));
        cases.extend(clean.map(|rule| silent(rule.name, findings.is_blind())));
    } else {
        let end = if findings.is_blind() { End::Skipped("could not be told".into()) } else { End::Passed };
        let name = format!("{} at {}", plural(findings.lines, "line"), plural(findings.sites, "site"));
        cases.push(Case { class: findings.command.into(), name, end });
    }
    draw(
        &format!("jig {}", findings.command),
        findings.as_of,
        vec![Suite { name: format!("jig {}", findings.command), cases }],
    )
}

/// A rule that found nothing; where something could not be read, that proves nothing.
fn silent(rule: &str, blind: bool) -> Case {
    let end = if blind { End::Skipped("a file could not be read or understood".into()) } else { End::Passed };
    Case { class: rule.into(), name: "nothing found".into(), end }
}

fn case(finding: &Finding, fail_on: Level) -> Case {
    let file = finding.place.as_ref().map(|place| format!("{}: ", place.file)).unwrap_or_default();
    let about = finding.address.as_ref().map(|address| format!(" ({address})")).unwrap_or_default();
    let line = finding
        .place
        .as_ref()
        .and_then(|place| place.range)
        .map(|range| format!(":{}:{}", range.line, range.column));
    let at = finding.place.as_ref().map(|place| format!("{}{}\n", place.file, line.unwrap_or_default()));
    let text = format!(
        "{}{}{}{}",
        at.unwrap_or_default(),
        finding.message,
        finding.owner.as_ref().map(|owner| format!("\nowner: {owner}")).unwrap_or_default(),
        if finding.next.is_empty() { String::new() } else { format!("\nnext: {}", finding.next) }
    );
    let end = ending(finding.blind, finding.level >= fail_on, &finding.message, text);
    Case { class: finding.rule.into(), name: format!("{file}{}{about}", finding.message), end }
}

fn ending(blind: bool, fails: bool, message: &str, text: String) -> End {
    match (blind, fails) {
        (true, _) => End::Broken(message.to_owned(), text),
        (_, true) => End::Failed(message.to_owned(), text),
        _ => End::Said(text),
    }
}

fn drift_xml(drifts: &Drifts<'_>, style: Style) -> String {
    let report = drifts.report;
    let mut by_line: BTreeMap<Option<&str>, Vec<&Drift>> = BTreeMap::new();
    for drift in report.findings.iter().filter(|drift| drift.disposition != Disposition::Ignored) {
        by_line.entry(drift.address.as_deref()).or_default().push(drift);
    }
    let mut suites: Vec<Suite> = report
        .lines
        .iter()
        .map(|line| {
            suite(line, by_line.get(&line.address.as_deref()).map_or(&[], Vec::as_slice), style.fail_on)
        })
        .collect();
    if report.lines.is_empty() {
        // Nothing was compared at all: a profile or a file of deviations that cannot be used.
        let text = report.warnings.join("\n");
        let end = End::Broken("the comparison could not begin".into(), text);
        suites.push(Suite {
            name: "jig diff".into(),
            cases: vec![Case { class: "jig diff".into(), name: "comparison".into(), end }],
        });
    }
    draw("jig diff", Some(report.as_of), suites)
}

fn suite(line: &LineReport, drifts: &[&Drift], fail_on: Level) -> Suite {
    let name = line.address.clone().unwrap_or_else(|| "deployed".into());
    let mut cases: Vec<Case> = drifts.iter().map(|drift| drift_case(&name, drift, fail_on)).collect();
    let unexplained = line.verdict == Verdict::CannotTell && !drifts.iter().any(|drift| is_untold(drift));
    if unexplained {
        let end = End::Broken("nothing was read back".into(), "nobody can vouch for this line".into());
        cases.push(Case { class: name.clone(), name: "evidence".into(), end });
    } else if cases.is_empty() {
        cases.push(Case { class: name.clone(), name: "in order".into(), end: End::Passed });
    }
    Suite { name, cases }
}

fn drift_case(line: &str, drift: &Drift, fail_on: Level) -> Case {
    let message = sentence(drift);
    let value = |name: &str, value: &Option<serde_json::Value>| {
        value.as_ref().map(|value| format!("\n{name}: {}", super::words::value(value))).unwrap_or_default()
    };
    let text = format!(
        "{}\n{message}{}{}{}{}",
        place(drift),
        value("intended", &drift.intended),
        value("deployed", &drift.deployed),
        drift.owner.as_ref().map(|owner| format!("\nowner: {owner}")).unwrap_or_default(),
        next_step(drift).map(|next| format!("\nnext: {next}")).unwrap_or_default(),
    );
    let end = ending(is_untold(drift), drift.level >= fail_on, &message, text);
    let name = [drift.file.as_str(), drift.path.as_str(), drift.kind.as_str()];
    Case {
        class: line.into(),
        name: name.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
        end,
    }
}

/// Servers merge cases of one name; those that are alike are numbered.
fn numbered(suites: &mut [Suite]) {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for case in suites.iter_mut().flat_map(|suite| &mut suite.cases) {
        let count = seen.entry((case.class.clone(), case.name.clone())).or_default();
        *count += 1;
        if *count > 1 {
            case.name = format!("{} #{count}", case.name);
        }
    }
}

fn draw(name: &str, as_of: Option<jiff::civil::Date>, mut suites: Vec<Suite>) -> String {
    numbered(&mut suites);
    let all = || suites.iter().flat_map(|suite| &suite.cases);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\" {}>\n",
        escaped(name),
        counts(all())
    );
    let date = as_of.map(|date| format!(" timestamp=\"{date}T00:00:00\"")).unwrap_or_default();
    for suite in &suites {
        out.push_str(&format!(
            "  <testsuite name=\"{}\" {}{date}>\n",
            escaped(&suite.name),
            counts(suite.cases.iter())
        ));
        suite.cases.iter().for_each(|case| out.push_str(&case_xml(case)));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts<'c>(cases: impl Iterator<Item = &'c Case>) -> String {
    let [mut tests, mut failures, mut errors, mut skipped] = [0; 4];
    for case in cases {
        tests += 1;
        match case.end {
            End::Failed(..) => failures += 1,
            End::Broken(..) => errors += 1,
            End::Skipped(_) => skipped += 1,
            End::Passed | End::Said(_) => {}
        }
    }
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"0\"")
}

fn case_xml(case: &Case) -> String {
    let start = format!(
        "    <testcase classname=\"{}\" name=\"{}\" time=\"0\"",
        escaped(&case.class),
        escaped(&case.name)
    );
    let inner = match &case.end {
        End::Passed => return format!("{start}/>\n"),
        End::Said(text) => format!("<system-out>{}</system-out>", escaped_lines(text)),
        End::Skipped(why) => format!("<skipped message=\"{}\"/>", escaped(why)),
        End::Failed(message, text) => ended("failure", message, text),
        End::Broken(message, text) => ended("error", message, text),
    };
    format!("{start}>\n      {inner}\n    </testcase>\n")
}

fn ended(tag: &str, message: &str, text: &str) -> String {
    format!("<{tag} message=\"{}\" type=\"{tag}\">{}</{tag}>", escaped(message), escaped_lines(text))
}

/// Text of an attribute: a line break in it would be read as a blank.
fn escaped(text: &str) -> String {
    escaped_lines(text).replace('\n', "&#10;").replace('\t', "&#9;")
}

/// Text of an element. What XML 1.0 has no way to write (section 2.2) is shown as such.
fn escaped_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
