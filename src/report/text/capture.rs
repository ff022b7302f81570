//! What `jig capture` found, for people.

use crate::capture::report::{Input, Outlier};
use crate::report::Captured;

/// Most candidates for drift, and questions, that are listed.
const LISTED: usize = 20;
/// Values of an input that are shown.
const VALUES: usize = 5;

/// Draws the report.
pub(super) fn draw(captured: &Captured<'_>) -> String {
    let (report, blueprint) = (captured.report, captured.blueprint);
    let mut out = String::new();
    let mut say = |line: String| {
        out.push_str(&line);
        out.push('\n');
    };
    let (exact, files) = report.exact;
    let lines = report.lines.len();
    say(format!("{blueprint}: {lines} {}, {exact}/{files} files exact", plural(lines, "line")));
    if let Some(reason) = &report.refused {
        say(format!("not one role: {reason}"));
    }
    for ((address, path), reason) in report.mismatches.iter().take(LISTED) {
        say(format!("  not exact: {address} {path}: {reason}"));
    }
    for aside in &report.aside {
        let share = aside.share * 100.0;
        say(format!("  set aside: {}, {share:.0} % of its lines are its own or missing", aside.address));
        aside.examples.iter().take(3).for_each(|example| say(format!("      {example}")));
    }
    for (title, kinds) in [
        ("inputs, which each line answers", &["required", "list"][..]),
        ("defaults, which a line may override", &["defaulted", "override", "switch", "layout"][..]),
    ] {
        let inputs: Vec<&Input> = report.inputs.iter().filter(|input| kinds.contains(&input.kind)).collect();
        if !inputs.is_empty() {
            say(format!("\n{title}:"));
            inputs.into_iter().for_each(|input| say(input_line(input)));
        }
    }
    if !report.derived.is_empty() {
        let places: usize = report.derived.iter().map(|derived| derived.places.len()).sum();
        let formulas = report.derived.len();
        say(format!(
            "\n{places} {} follow from them, by {formulas} {}",
            plural(places, "place"),
            plural(formulas, "formula")
        ));
    }
    for secret in &report.secrets {
        say(format!(
            "secret taken out: {}, {} {}",
            secret.reference,
            secret.places,
            plural(secret.places, "place")
        ));
    }
    if !report.outliers.is_empty() {
        say("\ncandidates for drift, the most certain first:".into());
        report.outliers.iter().take(LISTED).for_each(|outlier| say(outlier_line(outlier)));
        if report.outliers.len() > LISTED {
            say(format!("  and {} more: --format json", report.outliers.len() - LISTED));
        }
    }
    if !report.questions.is_empty() {
        say("\nnot replaced, for it may mean something else (--confirm asks):".into());
        for question in report.questions.iter().take(LISTED) {
            let places = question.places.len();
            say(format!("  {} `{}`: {places} {}", question.name, question.text, plural(places, "place")));
        }
    }
    if !report.connections.is_empty() {
        say("\nconnections in the files, to be owned and decided as flows:".into());
        for connection in report.connections.iter().take(LISTED) {
            say(format!(
                "  {} -> {} {}  {}",
                connection.from, connection.to, connection.service, connection.place
            ));
        }
    }
    if !report.needs.is_empty() {
        say("\na standard still needs:".into());
        report.needs.iter().for_each(|need| say(format!("  {}: {}", need.who, need.what)));
    }
    if let Some(next) = captured.next() {
        say(format!("\nwrote {} files to {}\nnext: {next}", captured.written.len(), captured.fleet));
    } else if !captured.is_proven() {
        say("\nnothing was written".into());
    }
    out
}

fn input_line(input: &Input) -> String {
    let values = match input.values.as_slice() {
        [] => String::new(),
        values => {
            let shown = &values[..values.len().min(VALUES)];
            format!(": {}{}", shown.join(", "), if input.distinct > shown.len() { ", ..." } else { "" })
        }
    };
    let formula = input.formula.as_ref().map_or(String::new(), |formula| format!(" (usually {formula})"));
    let places = input.places.len();
    format!(
        "  {}  {}, {places} {}{formula}{values}",
        input.name,
        input.kind_of_value,
        plural(places, "place")
    )
}

fn outlier_line(outlier: &Outlier) -> String {
    let line = outlier.line.map_or(String::new(), |line| format!(":{line}"));
    let text = match (&outlier.expected, &outlier.found) {
        (Some(expected), Some(found)) => format!("`{found}`, {} others say `{expected}`", outlier.agree),
        (Some(expected), None) => format!("lacks `{expected}`, which {} others have", outlier.agree),
        (None, Some(found)) => format!("only here: `{found}`"),
        (None, None) => String::new(),
    };
    format!("  {} {}{line} {}: {text}", outlier.address, outlier.file, outlier.place)
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}
