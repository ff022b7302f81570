//! Markdown as `CommonMark` and GitHub read it: paragraphs, tables, code spans, fenced code, HTML.

mod blocks;
mod html;
mod inline;
mod write;

use super::slots::{Filling, Reason, Slot, slots_in, without_slots};
use super::{Datum, Filled, Refusal, Syntax, literal, words, yaml};
use blocks::{Fence, Kind, Leaf, Line, Unit, kind};
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
        let mut page = Page { filling, spans: Vec::new() };
        let mut raw = None;
        for unit in blocks::units(text, start) {
            fill_unit(&mut page, &unit, &mut raw)?;
        }
        Ok(page.filling.finish())
    }
}

/// The text that grows, and where in it each value is.
struct Page<'a> {
    filling: Filling<'a>,
    spans: Vec<Range<usize>>,
}

impl Page<'_> {
    fn write(
        &mut self,
        slot: Slot,
        write: impl FnOnce(&mut String, &Datum) -> Result<(), Reason>,
    ) -> Result<(), Refusal> {
        self.filling.copy(slot.start);
        let start = self.filling.out.len();
        self.filling.write(slot, write)?;
        self.spans.push(start..self.filling.out.len());
        Ok(())
    }

    fn write_text(
        &mut self,
        slot: Slot,
        check: impl FnOnce(&str) -> Result<(), Reason>,
    ) -> Result<(), Refusal> {
        self.write(slot, |out, value| {
            let value = literal::as_text(value)?;
            check(&value)?;
            out.push_str(&value);
            Ok(())
        })
    }

    /// Returns how many values are written.
    fn count(&self) -> usize {
        self.spans.len()
    }

    /// Returns what the value became that was written as number `index`.
    fn written(&self, index: usize) -> &str {
        self.spans.get(index).and_then(|span| self.filling.out.get(span.clone())).unwrap_or_default()
    }
}

/// Returns where the YAML between `---` at the very beginning ends.
fn front_matter(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("---\n") else {
        return 0;
    };
    rest.find("\n---\n").map_or(0, |at| at + "---\n".len() + 1)
}

/// Fills the slots of one unit; `raw` is the element of HTML that is open and holds no references.
fn fill_unit(page: &mut Page<'_>, unit: &Unit, raw: &mut Option<String>) -> Result<(), Refusal> {
    let text = page.filling.text;
    for (index, line) in unit.lines.iter().enumerate() {
        let slots = slots_in(text, line.content.clone());
        match unit.leaf {
            Leaf::Info => {
                for slot in slots {
                    page.write_text(slot, check_info)?;
                }
            }
            Leaf::Fence(fence) => fenced(page, line, fence)?,
            Leaf::Indented(contained) => indented(page, line, contained)?,
            Leaf::Row => {
                guarded(page, line, |page| {
                    for cell in blocks::cells(&text[line.content.clone()]) {
                        let cell = line.content.start + cell.start..line.content.start + cell.end;
                        write::lines(page, &[cell], write::Kind::Cell, raw)?;
                    }
                    Ok(())
                })?;
            }
            Leaf::Html(_) => html_line(page, &unit.lines, index, raw.as_deref())?,
            Leaf::Paragraph | Leaf::Heading => {}
        }
    }
    match unit.leaf {
        Leaf::Html(_) => {
            let content: Vec<&str> = unit.lines.iter().map(|line| &text[line.content.clone()]).collect();
            html::place(&content.join("\n"), raw);
            Ok(())
        }
        Leaf::Heading => {
            let line = &unit.lines[0];
            guarded(page, line, |page| {
                let rest = text[line.content.clone()].trim_start().trim_start_matches('#');
                let content = line.content.end - rest.len()..line.content.end;
                write::lines(page, &[content], write::Kind::Heading, raw)
            })
        }
        Leaf::Paragraph => {
            let content: Vec<_> = unit.lines.iter().map(|line| line.content.clone()).collect();
            let spans = page.count();
            write::lines(page, &content, write::Kind::Paragraph, raw)?;
            check_kinds(page, &unit.lines, spans)
        }
        _ => Ok(()),
    }
}

/// Fills one line with `fill`, and checks that it begins what it begins in the template.
fn guarded(
    page: &mut Page<'_>,
    line: &Line,
    fill: impl FnOnce(&mut Page<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let spans = page.count();
    fill(page)?;
    check_kinds(page, std::slice::from_ref(line), spans)
}

/// Refuses values that make of a line something else than it is in the template.
fn check_kinds(page: &mut Page<'_>, lines: &[Line], mut span: usize) -> Result<(), Refusal> {
    let text = page.filling.text;
    for line in lines {
        let content = &text[line.content.clone()];
        let slots: Vec<_> = slots_in(text, line.content.clone()).collect();
        let Some(first) = slots.first() else { continue };
        let mut plain = String::new();
        let mut filled = String::new();
        let mut at = line.content.start;
        for slot in &slots {
            let before = &text[at..slot.start];
            plain.extend([before, "x"]);
            filled.extend([before, page.written(span)]);
            span += 1;
            at = slot.end;
        }
        plain.push_str(&text[at..line.content.end]);
        filled.push_str(&text[at..line.content.end]);
        let (wanted, found) = (kind(&plain), kind(&filled));
        if wanted == found {
            continue;
        }
        if found == Kind::Blank && content.trim() == &text[first.start..slots[slots.len() - 1].end] {
            if blank_is_fine(text, line) {
                continue;
            }
            return Err(Reason::new(
                "an empty value would leave a blank line or an empty list item that joins or parts its neighbours",
                "set the value, or leave the line out in the template",
            )
            .at(first.number));
        }
        let what = match found {
            Kind::Bullet(_) | Kind::Ordered => "an item of a list",
            Kind::Heading(_) => "a heading",
            Kind::Quote => "a quotation",
            Kind::Rule => "a rule or an underline",
            Kind::Fence => "fenced code",
            Kind::Html => "a block of HTML",
            Kind::Blank | Kind::Indented | Kind::Text => "something else",
        };
        return Err(Reason::new(
            format!("with this value the line would begin {what}"),
            "write the mark itself in the template, or put a word before the value",
        )
        .at(first.number));
    }
    Ok(())
}

/// Says whether nothing may stand where the template has a line with a slot alone.
fn blank_is_fine(text: &str, line: &Line) -> bool {
    let next = text[line.whole.end..].trim_start_matches('\r').strip_prefix('\n').unwrap_or_default();
    let next_line = next.lines().next().unwrap_or_default();
    let before = text[..line.whole.start].lines().next_back().unwrap_or_default();
    // At the end of a paragraph a backslash is no line break but a backslash.
    if before.ends_with('\\') {
        return false;
    }
    let marker = text[line.whole.start..line.content.start].trim();
    let is_item = |line: &str| matches!(kind(line.trim_start()), Kind::Bullet(_) | Kind::Ordered);
    if marker.is_empty() {
        return next_line.trim().is_empty() || (before.trim().is_empty() && kind(next_line) == Kind::Text);
    }
    let before_fine = before.trim().is_empty() || is_item(before) || marker.starts_with('>');
    let behind = next.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    before_fine
        && (!behind.starts_with([' ', '\t']) || is_item(next_line))
        && (next_line.trim().is_empty() || is_item(next_line) || marker.starts_with('>'))
}

fn check_info(value: &str) -> Result<(), Reason> {
    if value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+#".contains(c)) {
        return Ok(());
    }
    Err(Reason::new(
        format!("{} cannot stand behind the marks that open fenced code", literal::shown(value)),
        "write a name of letters and digits there, and the value in a paragraph",
    ))
}

/// Writes into fenced code: as it is, lines behind the marks of quotations and at the column of the fence.
fn fenced(page: &mut Page<'_>, line: &Line, fence: Fence) -> Result<(), Refusal> {
    let text = page.filling.text;
    let prefix = &text[line.whole.start..line.content.start];
    let Some(first) = slots_in(text, line.content.clone()).next() else { return Ok(()) };
    page.filling.copy(line.content.start);
    let from = page.filling.out.len();
    for slot in slots_in(text, line.content.clone()) {
        let before = &text[line.content.start..slot.start];
        let lost = before.len() < fence.indent && before.trim().is_empty();
        page.write(slot, |out, value| {
            let value = literal::as_text(value)?;
            if lost && value.starts_with([' ', '\t']) {
                return Err(Reason::new(
                    "blanks at the start would be taken for the indent of the fence",
                    "indent the value as far as its fence in the template",
                ));
            }
            if value.contains('\n') && prefix.contains(|c| c != ' ' && c != '>') {
                return Err(Reason::new("a line break cannot stand here", "indent the code with blanks"));
            }
            for (index, line) in value.split('\n').enumerate() {
                words::check_one_line(line, "code of Markdown")?;
                if index > 0 {
                    out.push('\n');
                    out.push_str(prefix);
                    out.extend(std::iter::repeat_n(' ', fence.indent));
                }
                out.push_str(line);
            }
            Ok(())
        })?;
    }
    page.filling.copy(line.content.end);
    let filled = &page.filling.out[from..];
    if filled.lines().any(|line| fence.is_closed_by(line.strip_prefix(prefix).unwrap_or(line))) {
        let reason = Reason::new("the value would end the fenced code", "use a longer fence in the template");
        return Err(reason.at(first.number));
    }
    Ok(())
}

/// Writes into code that is code because of its indent.
fn indented(page: &mut Page<'_>, line: &Line, contained: bool) -> Result<(), Refusal> {
    let text = page.filling.text;
    for slot in slots_in(text, line.content.clone()) {
        let alone = text[line.content.start..slot.start].trim().is_empty();
        page.write_text(slot, |value| {
            if contained || (alone && value.trim().is_empty()) {
                return Err(Reason::new(
                    "the value stands in code that is indented in a list or is empty, which readers take differently",
                    "use fenced code in the template",
                ));
            }
            words::check_one_line(value, "code of Markdown")
        })?;
    }
    Ok(())
}

/// Writes into one line of a block of HTML.
fn html_line(page: &mut Page<'_>, lines: &[Line], index: usize, raw: Option<&str>) -> Result<(), Refusal> {
    let text = page.filling.text;
    let line = &lines[index];
    let slots: Vec<_> = slots_in(text, line.content.clone()).collect();
    let from = page.count();
    for slot in &slots {
        let mut before: Vec<&str> = lines[..index].iter().map(|line| &text[line.content.clone()]).collect();
        before.push(&text[line.content.start..slot.start]);
        let place = html::place(&before.join("\n"), &mut raw.map(str::to_owned));
        page.write(*slot, |out, value| html::write(out, value, &place))?;
    }
    let is_blank = (from..page.count()).all(|span| page.written(span).trim().is_empty());
    let bare = slots.iter().fold(text[line.content.clone()].to_owned(), |bare, slot| {
        bare.replace(&text[slot.start..slot.end], "")
    });
    match slots.first() {
        Some(slot) if is_blank && bare.trim().is_empty() => Err(Reason::new(
            "a blank line would end the HTML",
            "set the value, or leave the line out in the template",
        )
        .at(slot.number)),
        _ => Ok(()),
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
        let head = "| a | b |\n|---|---|\n";
        assert_eq!(fill(&format!("{head}| <0> | `<0>` |"), "a|b"), format!("{head}| a\\|b | `a\\|b` |"));
        assert_eq!(fill("a `<0>`", "a|b"), "a `a|b`");
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
        refused(&Markdown, "<!-- <0> -->", &[text("a --> b")]);
    }

    #[test]
    fn html_holds_a_value_only_where_references_are_decoded() {
        assert_eq!(fill("<kbd>\n<0>\n</kbd>\n", "<b>*"), "<kbd>\n&lt;b&gt;*\n</kbd>\n");
        assert_eq!(fill("x <a title=<0>>y</a>", "x on=1"), "x <a title=x&#32;on&#61;1>y</a>");
        for template in ["x <a <0>>", "<script>var x=\"<0>\"", "<?p\n<0>\n?>", "x <b onclick=\"<0>\">"] {
            refused(&Markdown, template, &[text("x")]);
        }
    }

    #[test]
    fn the_filled_line_begins_what_the_template_begins() {
        assert_eq!(slots(&Markdown, "<0><1>", &[text(""), text("# a")]), "\\# a");
        assert_eq!(slots(&Markdown, "<0><1>", &[int(7), text(". a")]), "7\\. a");
        refused(&Markdown, "<0>. a", &[int(10)]);
        refused(&Markdown, "<0># a", &[text("")]);
        refused(&Markdown, "**<0>** x", &[text(" a")]);
    }

    #[test]
    fn front_matter_is_yaml() {
        assert_eq!(
            slots(&Markdown, "---\ntitle: <0>\n---\n# <0> <1>\n", &[text("*a*"), int(1)]),
            "---\ntitle: \"*a*\"\n---\n# \\*a\\* 1\n"
        );
    }

    #[test]
    fn nothing_below_a_hard_break_is_refused() {
        refused(&Markdown, "a\\\n<0>\n", &[text("")]);
        assert_eq!(fill("a\\\n<0>\n", "b"), "a\\\nb\n");
    }

    #[test]
    fn target_with_blanks_stands_between_angle_brackets() {
        assert_eq!(fill("[x](<0>)", "a b<c>.md"), "[x](<a b\\<c\\>.md>)");
        assert_eq!(fill("[x](<0> \"t\")", "a b"), "[x](<a b> \"t\")");
        assert_eq!(fill("![x](<0>)", ""), "![x](<>)");
        for (template, value) in [("[x](a<0>)", "b c"), ("[x](<0>a)", "b c"), ("[x](<0>)", "a\nb")] {
            refused(&Markdown, template, &[text(value)]);
        }
        assert_eq!(fill("<https://h/<0>>", "a*b!(c)$"), "<https://h/a*b!(c)$>");
    }

    #[test]
    fn address_of_mail_stands_between_angle_brackets() {
        assert_eq!(fill("<<0>@x.example>", "line.3+a"), "<line.3+a@x.example>");
        assert_eq!(fill("ask <it@<0>.example> ", "plant-2.grr"), "ask <it@plant-2.grr.example> ");
        let long = "a".repeat(64);
        for (template, value) in [
            ("<<0>@x.example>", ""),
            ("<<0>@x.example>", "a b"),
            ("<<0>@x.example>", "a:b"),
            ("<<0>@x.example>", "a@b"),
            ("<<0>@x.example>", "a>b"),
            ("<it@<0>>", "-a"),
            ("<it@<0>>", "a-"),
            ("<it@<0>>", "a..b"),
            ("<it@<0>>", "a_b"),
            ("<it@<0>>", &long),
            ("<it@a<0>>", &long[..63]),
        ] {
            let refusal = refused(&Markdown, template, &[text(value)]);
            assert!(refusal.next.contains("[text](<mailto:"), "{refusal:?}");
        }
    }
}
