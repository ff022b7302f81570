//! Markdown as `CommonMark` and GitHub read it: paragraphs, tables, code spans, fenced code, HTML.

use super::slots::{Filling, Reason, Slot, lines_with_slots, slot_before, slots_in, without_slots};
use super::{Datum, Filled, Refusal, Syntax, literal, words, yaml};
use std::fmt::Write as _;
use std::ops::Range;

/// Markdown.
pub(super) struct Markdown;

impl Syntax for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn title(&self) -> &'static str {
        "Markdown"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["md", "markdown"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        if let Some(filled) = without_slots(text) {
            return Ok(filled);
        }
        let mut filling = Filling::new(text, data);
        let start = front_matter(text);
        yaml::fill_range(&mut filling, 0..start)?;
        let blocks = blocks(text, start);
        for line in lines_with_slots(text).filter(|line| line.start >= start) {
            let block = blocks.iter().rfind(|block| block.lines.contains(&line.start));
            for slot in slots_in(text, line.clone()) {
                match block.map(|block| (block.end, block.indent)) {
                    Some((End::Fence(mark, count), indent)) => {
                        fenced(&mut filling, slot, &line, (mark, count, indent))?;
                    }
                    Some((End::Text("-->"), _)) if !text[line.start..slot.start].contains("-->") => {
                        filling.write(slot, html_comment)?;
                    }
                    Some(_) => html(&mut filling, slot, &line)?,
                    None if is_indented_code(&text[start..], line.start - start) => {
                        filling.write_text(slot, |value| words::check_one_line(value, "code of Markdown"))?;
                    }
                    None => inline(&mut filling, slot, &line)?,
                }
            }
        }
        Ok(filling.finish())
    }
}

/// Returns where the YAML between `---` at the very beginning ends.
fn front_matter(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("---\n") else {
        return 0;
    };
    rest.find("\n---\n").map_or(0, |at| at + "---\n".len() + 1)
}

/// Lines that are not made of paragraphs: fenced code or HTML.
struct Block {
    lines: Range<usize>,
    end: End,
    /// Blanks before the fence.
    indent: usize,
}

/// What the last line of a block looks like.
#[derive(Clone, Copy)]
enum End {
    /// At least so many of the fence's character.
    Fence(char, usize),
    /// A blank line, behind HTML.
    Blank,
    /// A line with this text, behind a comment or a script.
    Text(&'static str),
}

impl End {
    fn is(self, line: &str) -> bool {
        match self {
            Self::Fence(mark, count) => closes(line, mark, count),
            Self::Blank => line.trim().is_empty(),
            Self::Text(text) => line.contains(text),
        }
    }
}

/// Returns the blocks of code and HTML behind `start`.
fn blocks(text: &str, start: usize) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        let body = line.trim_start_matches(' ');
        let begin = at;
        at += line.len();
        if open.is_none() {
            // The line of an opening tag is HTML itself; that of a fence is not code.
            let content = body.trim_start_matches(|c: char| c.is_ascii_digit() || "-*+.>) ".contains(c));
            let (lines, end) = match (fence(content), html_end(body)) {
                (Some(fence), _) => (at..at, fence),
                (None, Some(html)) => (begin..at, html),
                (None, None) => continue,
            };
            open = Some(Block { lines, end, indent: line.len() - body.len() });
            if matches!(end, End::Fence(..)) {
                continue;
            }
        }
        open = open.take().and_then(|mut block| {
            block.lines.end = at;
            if block.end.is(body) {
                blocks.push(block);
                return None;
            }
            Some(block)
        });
    }
    blocks.extend(open);
    blocks
}

/// Says whether the line that begins at `at` is code because it is indented, and not part of a list.
fn is_indented_code(text: &str, at: usize) -> bool {
    let indented = |line: &str| line.starts_with("    ") || line.starts_with('\t');
    if !indented(&text[at..]) {
        return false;
    }
    let mut below_is_blank = false;
    for line in text[..at].lines().rev() {
        let blank = line.trim().is_empty();
        if !blank && !indented(line) {
            let marker = line.trim_start_matches(|c: char| c.is_ascii_digit());
            let list = marker.starts_with(['-', '*', '+', '.', ')']) || line.starts_with(' ');
            return below_is_blank && !list;
        }
        below_is_blank = blank;
    }
    true
}

fn fence(body: &str) -> Option<End> {
    let mark = body.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let count = body.chars().take_while(|c| *c == mark).count();
    let info = &body[count..];
    (count >= 3 && !(mark == '`' && info.contains('`'))).then_some(End::Fence(mark, count))
}

fn closes(body: &str, mark: char, count: usize) -> bool {
    let rest = body.trim_end().trim_start_matches(mark);
    rest.is_empty() && body.trim_end().len() >= count
}

/// Returns how a block of HTML ends, if the line begins one; nothing in it is Markdown.
fn html_end(body: &str) -> Option<End> {
    const TAGS: &[&str] = &[
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "col",
        "colgroup",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hr",
        "html",
        "iframe",
        "legend",
        "li",
        "link",
        "main",
        "menu",
        "nav",
        "ol",
        "optgroup",
        "option",
        "p",
        "param",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "title",
        "tr",
        "track",
        "ul",
    ];
    let tag = body.strip_prefix('<')?;
    if tag.starts_with("!--") {
        return Some(End::Text("-->"));
    }
    let tag = tag.strip_prefix('/').unwrap_or(tag);
    let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
    match tag[..end].to_ascii_lowercase().as_str() {
        "script" => Some(End::Text("</script>")),
        "pre" => Some(End::Text("</pre>")),
        "style" => Some(End::Text("</style>")),
        tag => TAGS.contains(&tag).then_some(End::Blank),
    }
}

/// Writes into fenced code: as it is, lines at the column of the fence.
fn fenced(
    filling: &mut Filling<'_>,
    slot: Slot,
    line: &Range<usize>,
    (mark, count, indent): (char, usize, usize),
) -> Result<(), Refusal> {
    let before = &filling.text[line.start..slot.start];
    let ends = slot.end == line.end;
    let quoted = before.trim_start().starts_with('>');
    filling.write(slot, |out, value| {
        let value = literal::as_text(value)?;
        let from = out.rfind('\n').map_or(0, |at| at + 1);
        for (index, line) in value.split('\n').enumerate() {
            words::check_one_line(line, "code of Markdown")?;
            if index > 0 {
                if quoted {
                    return Err(Reason::new(
                        "a line break cannot stand in a quotation",
                        "give a value of one line",
                    ));
                }
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
            }
            out.push_str(line);
        }
        let mut lines = out[from..].rsplit('\n');
        let last = lines.next().filter(|_| ends);
        if lines.chain(last).any(|line| closes(line.trim_start(), mark, count)) {
            return Err(Reason::new(
                "the value would end the fenced code",
                "use a longer fence in the template",
            ));
        }
        Ok(())
    })
}

/// Writes into HTML: as entities where needed.
fn html(filling: &mut Filling<'_>, slot: Slot, line: &Range<usize>) -> Result<(), Refusal> {
    let before = &filling.text[line.start..slot.start];
    if before.rfind("<!--").is_some_and(|at| !before[at..].contains("-->")) {
        return filling.write(slot, html_comment);
    }
    filling.write(slot, |out, value| {
        let value = words::one_line(value, "HTML")?;
        for c in value.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                _ => out.push(c),
            }
        }
        Ok(())
    })
}

fn html_comment(out: &mut String, value: &Datum) -> Result<(), Reason> {
    let value = words::one_line(value, "a comment")?;
    if value.contains("--") || value.contains('>') || value.ends_with('-') || value.starts_with('-') {
        return Err(Reason::new("'--' or '>' would end the comment", "write the value outside the comment"));
    }
    out.push_str(&value);
    Ok(())
}

/// What surrounds a value inside a paragraph, a heading or a table row.
enum Inline {
    Text,
    /// A code span of this many backticks; the value is all of it, or not.
    Code(usize, bool),
    /// The target of a link.
    Target,
    /// A tag of HTML, an autolink.
    Tag,
    Comment,
}

/// Finds out what surrounds a place by reading its line up to there.
fn surroundings(line: &str, at: usize, end: usize) -> Inline {
    let before = &line[..at];
    let mut rest = before;
    while let Some(step) = rest.find(['`', '\\']) {
        let found = &rest[step..];
        if found.starts_with('\\') {
            rest = found.get(2..).unwrap_or_default();
            continue;
        }
        let count = found.bytes().take_while(|byte| *byte == b'`').count();
        let inner = &found[count..];
        match closing_ticks(inner, count) {
            Some(closed) => rest = &inner[closed..],
            None if closing_ticks(&line[end..], count).is_some() => {
                let after = &line[end..];
                return Inline::Code(count, inner.is_empty() && after.starts_with('`'));
            }
            None => rest = inner,
        }
    }
    if before.rfind("<!--").is_some_and(|at| !before[at..].contains("-->")) {
        return Inline::Comment;
    }
    let opened = |open: &str, close: char| {
        before.rfind(open).is_some_and(|at| !before[at + open.len()..].contains(close))
    };
    if opened("](", ')') || opened("]: ", ' ') {
        return Inline::Target;
    }
    let tag = before.rfind('<').map(|at| &before[at + 1..]);
    let in_tag = tag
        .is_some_and(|tag| !tag.contains('>') && !tag.starts_with([' ', '=']) && line[end..].contains('>'));
    if in_tag { Inline::Tag } else { Inline::Text }
}

/// Returns the place behind the next run of exactly `count` backticks.
fn closing_ticks(text: &str, count: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(step) = text[at..].find('`') {
        let run = text[at + step..].bytes().take_while(|byte| *byte == b'`').count();
        at += step + run;
        if run == count {
            return Some(at);
        }
    }
    None
}

fn inline(filling: &mut Filling<'_>, slot: Slot, line: &Range<usize>) -> Result<(), Refusal> {
    let text = &filling.text[line.clone()];
    let (at, end) = (slot.start - line.start, slot.end - line.start);
    let in_table = text.trim_start().starts_with('|');
    match surroundings(text, at, end) {
        Inline::Text => paragraph(filling, slot, line),
        Inline::Code(count, whole) => {
            filling.write(slot, |out, value| push_code(out, value, count, whole, in_table))
        }
        Inline::Target => filling.write(slot, push_target),
        Inline::Tag => html(filling, slot, line),
        Inline::Comment => filling.write(slot, html_comment),
    }
}

fn push_code(
    out: &mut String,
    value: &Datum,
    count: usize,
    whole: bool,
    in_table: bool,
) -> Result<(), Reason> {
    let value = words::one_line(value, "a code span")?;
    let lost_blanks = whole && value.starts_with(' ') && value.ends_with(' ') && !value.trim().is_empty();
    let lost_bars = in_table && value.contains("\\|");
    if value.contains('`') || lost_blanks || lost_bars || (whole && value.is_empty()) {
        let message =
            format!("{} cannot stand in a code span of {count} backtick(s)", literal::shown(&value));
        return Err(Reason::new(message, "write the value outside the code span in the template"));
    }
    out.push_str(&if in_table { value.replace('|', "\\|") } else { value.into_owned() });
    Ok(())
}

fn push_target(out: &mut String, value: &Datum) -> Result<(), Reason> {
    let value = words::one_line(value, "the target of a link")?;
    if value.contains(char::is_whitespace) || value.contains(['<', '>']) {
        let message = format!("{} cannot be the target of a link", literal::shown(&value));
        return Err(Reason::new(message, "remove blanks and angle brackets from the value"));
    }
    for c in value.chars() {
        if c.is_ascii_punctuation() && "\\()[]\"'&|*_`~".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    Ok(())
}

/// Writes into a paragraph: what would be markup gets a backslash.
fn paragraph(filling: &mut Filling<'_>, slot: Slot, line: &Range<usize>) -> Result<(), Refusal> {
    let text = filling.text;
    let before = &text[line.start..slot.start];
    let after = &text[slot.end..line.end];
    let starts =
        before.trim_start_matches(|c: char| c.is_ascii_digit() || "-+*>#.) \t|:".contains(c)).is_empty()
            || before.trim_end().ends_with('|');
    let ends = after.trim_start().is_empty() || after.trim_start().starts_with('|');
    if (before.len() - before.trim_end_matches('\\').len()) % 2 == 1 {
        return Err(Reason::new(
            "the value stands behind a backslash of the template",
            "write \\\\ for a backslash",
        )
        .at(slot.number));
    }
    let beside_slot = slot_before(text.as_bytes(), slot.start).is_some();
    filling.write(slot, |out, value| {
        let value = words::one_line(value, "Markdown")?;
        let around = (before.chars().next_back(), after.chars().next());
        if value.is_empty() && matches!(around, (Some(a), Some(b)) if a == b && "*_~`".contains(a)) {
            return Err(Reason::new("an empty value would join the marks around it", "set the value"));
        }
        push_escaped(out, &value, starts && !beside_slot, ends, around);
        Ok(())
    })
}

fn push_escaped(
    out: &mut String,
    value: &str,
    starts: bool,
    ends: bool,
    (left, right): (Option<char>, Option<char>),
) {
    let lead = value.len() - value.trim_start().len();
    let tail = value.trim_end().len();
    let mut digits_only = starts;
    let mut before = left.unwrap_or(' ');
    let mut chars = value.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(right.unwrap_or(' '), |(_, next)| *next);
        let edge = (starts && at < lead) || (ends && at >= tail);
        let first = starts && at == lead;
        let escaped = match c {
            // Before the bar of a table, readers would take it for an escape of the bar.
            '\\' if next == '|' && at + 1 == value.len() => {
                out.push_str("&#92;");
                continue;
            }
            // A blank at the edge of a line or a cell would be dropped, and a tab is a stop.
            _ if c == '\t' || (edge && c.is_whitespace()) => {
                let _ = write!(out, "&#{};", c as u32);
                before = c;
                continue;
            }
            '\\' | '`' | '*' | '[' | ']' | '<' | '|' | '~' | '$' => true,
            '_' => !(before.is_alphanumeric() && next.is_alphanumeric()),
            '&' => next.is_ascii_alphanumeric() || next == '#' || next == super::OPEN,
            // A run of them at the end of a heading would be dropped.
            '#' => first || (ends && value[at..].trim_end().bytes().all(|byte| byte == b'#')),
            '-' | '+' | '=' | '>' => first,
            ':' => first || (at == 0 && before == ']'),
            '(' => at == 0 && before == ']',
            '!' => next == '[',
            '.' | ')' => digits_only && at > lead,
            _ => false,
        };
        digits_only &= c.is_ascii_digit();
        if escaped {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{int, refused, slots, text};
    use super::*;

    fn fill(template: &str, value: &str) -> String {
        slots(&Markdown, template, &[text(value)])
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for value in ["Line 10.4.2.7 (north), 5 > 3; a-b: c/d", "snake_case_name", "100 %", "x = y"] {
            assert_eq!(fill("Owner: <0>.\n", value), format!("Owner: {value}.\n"));
        }
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(
            fill("a <0> b", "*x* [y](z) <b> `c` _d_ a|b \\"),
            "a \\*x\\* \\[y\\](z) \\<b> \\`c\\` \\_d\\_ a\\|b \\\\ b"
        );
        assert_eq!(fill("<0>", "# a"), "\\# a");
        assert_eq!(fill("- <0>\n1. <0>", "12. a"), "- 12\\. a\n1. 12\\. a");
        assert_eq!(fill("| <0> | `<0>` |", "a|b"), "| a\\|b | `a\\|b` |");
        assert_eq!(fill("a <0>", "AT&T &amp; x&"), "a AT\\&T \\&amp; x&");
        refused(&Markdown, "a <0>", &[text("x\ny")]);
    }

    #[test]
    fn code_stays_as_it_is() {
        assert_eq!(fill("`<0>` and ``a <0>``", "*x*"), "`*x*` and ``a *x*``");
        refused(&Markdown, "`<0>`", &[text("a`b")]);
        refused(&Markdown, "`<0>`", &[text("")]);
        assert_eq!(fill("```nft\n<0>\n```\n<0>", "*x*"), "```nft\n*x*\n```\n\\*x\\*");
        assert_eq!(fill("- a\n\n  ```\n  <0>\n  ```\n", "a\nb"), "- a\n\n  ```\n  a\n  b\n  ```\n");
        refused(&Markdown, "```\n<0>\n```\n", &[text("a\n```\nb")]);
    }

    #[test]
    fn indented_code_is_not_a_list() {
        assert_eq!(fill("a\n\n    <0>\n    <0>\n", "*x*"), "a\n\n    *x*\n    *x*\n");
        assert_eq!(fill("- a\n\n    <0>\n", "*x*"), "- a\n\n    \\*x\\*\n");
        assert_eq!(fill("a\n    <0>\n", "*x*"), "a\n    \\*x\\*\n");
    }

    #[test]
    fn html_and_links() {
        assert_eq!(
            fill("<details><summary><0></summary>\n\n<0>\n</details>\n", "<b>*"),
            "<details><summary>&lt;b&gt;*</summary>\n\n\\<b>\\*\n</details>\n"
        );
        assert_eq!(fill("[x](<0>)", "a_(b)"), "[x](a\\_\\(b\\))");
        assert_eq!(fill("<!-- <0> -->\n<0>\n", "*x*"), "<!-- *x* -->\n\\*x\\*\n");
        assert_eq!(fill("<!--\n\n<0>\n-->\n<0>\n", "*x*"), "<!--\n\n*x*\n-->\n\\*x\\*\n");
        refused(&Markdown, "<!--\n<0>\n-->\n", &[text("-->")]);
        refused(&Markdown, "[x](<0>)", &[text("a b")]);
        refused(&Markdown, "<!-- <0> -->", &[text("a --> b")]);
    }

    #[test]
    fn front_matter_is_yaml() {
        assert_eq!(
            slots(&Markdown, "---\ntitle: <0>\n---\n# <0> <1>\n", &[text("*a*"), int(1)]),
            "---\ntitle: \"*a*\"\n---\n# \\*a\\* 1\n"
        );
    }
}
