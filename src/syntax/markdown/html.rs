//! HTML inside Markdown: which lines are a block of it (`CommonMark` 4.6), and where in it a value stands.

use super::super::{CLOSE, Datum, OPEN, words};
use super::Reason;
use std::fmt::Write as _;

/// How a block of HTML ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HtmlBlock {
    /// Before a blank line.
    Blank,
    /// With the line that holds this text.
    Text(&'static str),
}

impl HtmlBlock {
    pub(super) fn until_blank(self) -> bool {
        self == Self::Blank
    }

    pub(super) fn ends_in(self, line: &str) -> bool {
        matches!(self, Self::Text(text) if line.to_ascii_lowercase().contains(text))
    }
}

const BLOCK_TAGS: &str = " address article aside base basefont blockquote body caption center col colgroup dd details \
    dialog dir div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html \
    iframe legend li link main menu menuitem nav noframes ol optgroup option p param search section source summary \
    table tbody td tfoot th thead title tr track ul ";

/// Elements whose text is read without character references.
const RAW: &[&str] = &["script", "style", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext"];

/// Returns the block of HTML that the line begins; a tag of any other name only where a paragraph does not go on.
pub(super) fn block(body: &str, any_tag: bool) -> Option<HtmlBlock> {
    let tag = body.strip_prefix('<')?;
    if tag.starts_with("!--") {
        return Some(HtmlBlock::Text("-->"));
    }
    if tag.starts_with('?') {
        return Some(HtmlBlock::Text("?>"));
    }
    if tag.starts_with("![CDATA[") {
        return Some(HtmlBlock::Text("]]>"));
    }
    if tag
        .strip_prefix('!')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == OPEN))
    {
        return Some(HtmlBlock::Text(">"));
    }
    let closing = tag.starts_with('/');
    let tag = tag.strip_prefix('/').unwrap_or(tag);
    let name = tag_name(tag).to_ascii_lowercase();
    let behind = &tag[name.len()..];
    let is_whole = behind.is_empty() || behind.starts_with([' ', '\t', '>']);
    match name.as_str() {
        "script" if is_whole && !closing => return Some(HtmlBlock::Text("</script>")),
        "pre" if is_whole && !closing => return Some(HtmlBlock::Text("</pre>")),
        "style" if is_whole && !closing => return Some(HtmlBlock::Text("</style>")),
        "textarea" if is_whole && !closing => return Some(HtmlBlock::Text("</textarea>")),
        _ => {}
    }
    let listed = !name.is_empty() && BLOCK_TAGS.contains(&format!(" {name} "));
    if listed && (is_whole || behind.starts_with("/>")) {
        return Some(HtmlBlock::Blank);
    }
    let begins = tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == OPEN);
    let alone = tag_end(body).is_some_and(|end| body[end..].trim().is_empty());
    // A colon or an at makes it an address between angle brackets, unless attributes follow.
    let word = tag.split(['>', ' ', '\t']).next().unwrap_or_default();
    let is_address = behind.starts_with([':', '@', '.', '+']) || word.contains('@');
    (any_tag && begins && alone && !is_address).then_some(HtmlBlock::Blank)
}

fn tag_name(tag: &str) -> &str {
    let end = tag.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(tag.len());
    &tag[..end]
}

/// Returns where the tag at the start of `text` ends, behind its `>`.
pub(super) fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// Where in HTML a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Text,
    Comment,
    Quoted,
    Unquoted,
    /// What holds no value, in words.
    Nowhere(&'static str),
}

const IN_TAG: &str = "a tag, outside the quotes of an attribute";
const IN_RAW: &str = "a script, a style sheet or the like, where nothing can be escaped";
const IN_CODE_ATTRIBUTE: &str = "an attribute that is a script or a style sheet";
const IN_DECLARATION: &str = "a declaration of HTML";

/// Says where the end of `before` is; `raw` is the element without references that is open, and stays so behind it.
pub(super) fn place(before: &str, raw: &mut Option<String>) -> Place {
    let mut rest = before;
    loop {
        if let Some(name) = raw.clone() {
            let Some(at) = rest.to_ascii_lowercase().find(&format!("</{name}")) else {
                return Place::Nowhere(IN_RAW);
            };
            *raw = None;
            rest = &rest[at..];
        }
        let Some(at) = rest.find('<') else { return Place::Text };
        rest = &rest[at..];
        let body = &rest[1..];
        if let Some(comment) = body.strip_prefix("!--") {
            let Some(end) = comment.find("-->") else { return Place::Comment };
            rest = &comment[end + 3..];
        } else if body.starts_with(['!', '?']) {
            let end = if body.starts_with("![CDATA[") { "]]>" } else { ">" };
            let Some(at) = body.find(end) else { return Place::Nowhere(IN_DECLARATION) };
            rest = &body[at + end.len()..];
        } else if body.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == OPEN)
            || body.is_empty()
        {
            let Some(end) = tag_end(rest) else { return in_tag(body) };
            let name = tag_name(body).to_ascii_lowercase();
            *raw = Some(name).filter(|name| RAW.contains(&name.as_str()));
            rest = &rest[end..];
        } else {
            rest = body;
        }
    }
}

/// Says where the end of `tag`, which is not closed yet, is.
fn in_tag(tag: &str) -> Place {
    let mut quote = None;
    let mut value_at = None;
    let mut name_at = 0;
    for (at, c) in tag.char_indices() {
        if let Some(open) = quote {
            if open == c {
                (quote, value_at) = (None, None);
            }
            continue;
        }
        match c {
            '"' | '\'' if value_at == Some(at) => quote = Some(c),
            '"' | '\'' => return Place::Nowhere(IN_TAG),
            '=' if value_at.is_none() => value_at = Some(at + 1),
            c if c.is_whitespace() && value_at == Some(at) => value_at = Some(at + 1),
            c if c.is_whitespace() => (value_at, name_at) = (None, at + 1),
            _ => {}
        }
    }
    let Some(_) = value_at else { return Place::Nowhere(IN_TAG) };
    let name = tag[name_at..].split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
    if name.starts_with("on") || name == "style" || name == "srcdoc" || name.contains([OPEN, CLOSE]) {
        return Place::Nowhere(IN_CODE_ATTRIBUTE);
    }
    if quote.is_some() { Place::Quoted } else { Place::Unquoted }
}

/// Writes a value into HTML: with character references where needed.
pub(super) fn write(out: &mut String, value: &Datum, place: &Place) -> Result<(), Reason> {
    match place {
        Place::Comment => return comment(out, value),
        Place::Nowhere(what) => {
            return Err(Reason::new(
                format!("a value cannot stand in {what}"),
                "write the value in a paragraph, a table cell, or an attribute in quotes",
            ));
        }
        _ => {}
    }
    let value = words::one_line(value, "HTML")?;
    if value.is_empty() && *place == Place::Unquoted {
        return Err(Reason::new(
            "an attribute without quotes cannot be empty",
            "put quotes round it in the template",
        ));
    }
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // A backtick could end a code span of the paragraph, a bar a cell.
            '`' | '|' | '\t' => push_reference(out, c),
            _ if *place == Place::Unquoted && (c.is_whitespace() || c.is_ascii_punctuation()) => {
                push_reference(out, c);
            }
            _ => out.push(c),
        }
    }
    Ok(())
}

pub(super) fn push_reference(out: &mut String, c: char) {
    let _ = write!(out, "&#{};", c as u32);
}

fn comment(out: &mut String, value: &Datum) -> Result<(), Reason> {
    let value = words::one_line(value, "a comment")?;
    if value.contains("--")
        || value.contains(['>', '`', '|'])
        || value.ends_with('-')
        || value.starts_with('-')
    {
        return Err(Reason::new(
            "'--', '>', '|' or a backtick could end the comment",
            "write the value outside the comment",
        ));
    }
    out.push_str(&value);
    Ok(())
}
