//! Markdown for a comment on a pull or merge request: one comment that is updated in place.
//!
//! The hidden marker in its first line finds the comment again. GitHub refuses a comment of 65,536 characters or more
//! ([`LIMIT`] counts bytes, so that it holds however characters are counted); what is left out then is the diffs of
//! the lowest risk, never the header, and the comment says so. What comes from the user's files is code or escaped:
//! it forms no link, mentions nobody and refers to no issue.

mod drift;
mod findings;

use super::words::clean;
use super::{Format, Style};

pub(super) const FORMAT: Format = Format {
    name: "markdown",
    what: "a comment on a pull or merge request, below 65,536 characters",
    universal: false,
    findings: |report, _: Style| findings::comment(report),
    drift: |drifts, _: Style| drift::comment(drifts),
    capture: None,
};

/// Most bytes of a comment.
const LIMIT: usize = 65_000;

/// A comment that grows until it is full.
struct Page {
    text: String,
    limit: usize,
}

impl Page {
    /// Begins with the marker, by which the comment is found again.
    fn new(kind: &str, name: &str) -> Self {
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let name = name.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        let name = if name.is_empty() { "fleet" } else { &name };
        Self { text: format!("<!-- jig:{kind}:{name} -->\n"), limit: LIMIT }
    }

    /// Adds what belongs to the header.
    fn head(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a piece if there is room for it, with some left for what comes after.
    fn add(&mut self, text: &str, spare: usize) -> bool {
        let fits = self.text.len() + text.len() + spare <= self.limit;
        if fits {
            self.text.push_str(text);
        }
        fits
    }

    /// Adds a table as far as there is room; how many rows it had to leave out.
    fn table(&mut self, header: &[&str], rows: Vec<Vec<String>>, spare: usize) -> usize {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let head: Vec<String> = header.iter().map(ToString::to_string).collect();
        let rule: Vec<String> = header.iter().map(|_| "---".to_owned()).collect();
        let count = rows.len();
        if count == 0 || !self.add(&(line(&head) + &line(&rule)), spare) {
            return count;
        }
        let shown = rows.iter().take_while(|row| self.add(&line(row), spare)).count();
        self.text.push('\n');
        count - shown
    }
}

/// Text that is only text. What stands in backticks stays code.
fn prose(text: &str) -> String {
    let text = clean(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(&text);
    }
    let part = |(at, part): (usize, &&str)| match (at % 2, part.is_empty()) {
        (0, _) => escaped(part),
        (_, true) => "\\`\\`".to_owned(),
        _ => code(part),
    };
    parts.iter().enumerate().map(part).collect()
}

/// Escapes what Markdown, or the platform, would read something into.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => out.extend(['\\', c]),
            // Names of people and numbers of issues begin like this; a blank of no width takes the meaning away.
            '@' | '#' | '!' => out.extend([c, '\u{200b}']),
            c => out.push(c),
        }
    }
    // A bare address becomes a link.
    out.replace("://", ":\u{200b}//").replace("www.", "www\u{200b}.")
}

/// Text as code, on one line, also inside a table.
fn code(text: &str) -> String {
    let text = clean(text).replace('|', "\\|");
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Text as a block of code in a language.
fn block(language: &str, text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}\n", super::words::clean_lines(text.trim_end_matches('\n')))
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A part that opens on a click.
fn folded(summary: &str, inner: &str) -> String {
    format!("<details><summary>{summary}</summary>\n\n{inner}\n</details>\n\n")
}

/// Text inside HTML that stands in Markdown.
fn html(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('`', "&#96;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_form_no_markup() {
        assert_eq!(prose("`a|b` and [x](y) <b> @all"), "`a\\|b` and \\[x\\](y) &lt;b&gt; @\u{200b}all");
        assert_eq!(prose("one ` tick"), "one \\` tick");
        assert_eq!(code("`tick"), "`` `tick ``");
    }

    #[test]
    fn the_marker_cannot_be_closed() {
        assert_eq!(Page::new("plan", "a--> <b>").text, "<!-- jig:plan:a-b -->\n");
        assert_eq!(Page::new("plan", "").text, "<!-- jig:plan:fleet -->\n");
    }

    #[test]
    fn a_block_holds_its_fences() {
        assert!(block("diff", "+```\n+x").starts_with("````diff\n"));
    }
}
