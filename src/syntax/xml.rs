//! XML: text, attributes, comments, CDATA sections, and names.

use super::slots::{Filling, MARK, Reason, Slot, Stops, run_around, slot_at, slots_in, without_slots};
use super::{Datum, Filled, Refusal, Syntax, keys, literal, words};

/// XML.
pub(super) struct Xml;

impl Syntax for Xml {
    fn name(&self) -> &'static str {
        "xml"
    }

    fn title(&self) -> &'static str {
        "XML"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["xml"]
    }

    fn fill(&self, text: &str, data: &[Datum]) -> Result<Filled, Refusal> {
        if let Some(filled) = without_slots(text) {
            return Ok(filled);
        }
        let mut lexer = Lexer { bytes: text.as_bytes(), filling: Filling::new(text, data), at: 0 };
        while lexer.at < text.len() {
            lexer.content()?;
        }
        Ok(lexer.filling.finish())
    }
}

static CONTENT: Stops = Stops::new(b"<&");
static TAG: Stops = Stops::new(b"\"'>");
static DOUBLE: Stops = Stops::new(b"\"&");
static SINGLE: Stops = Stops::new(b"'&");
static COMMENT: Stops = Stops::new(b"-");
static CDATA: Stops = Stops::new(b"]");
static INSTRUCTION: Stops = Stops::new(b"?");

type Write = fn(&mut String, &Datum) -> Result<(), Reason>;

struct Lexer<'a> {
    bytes: &'a [u8],
    filling: Filling<'a>,
    at: usize,
}

impl Lexer<'_> {
    /// Reads one piece of content: text up to markup, or one piece of markup.
    fn content(&mut self) -> Result<(), Refusal> {
        self.at = CONTENT.next(self.bytes, self.at);
        let rest = &self.bytes[self.at..];
        match rest.first() {
            None => Ok(()),
            Some(&MARK) => self.slot(|out, value| escape(out, value, false)),
            Some(b'&') => self.reference(),
            Some(_) if rest.starts_with(b"<!--") => self.section(4, b"-->", &COMMENT, comment),
            Some(_) if rest.starts_with(b"<![CDATA[") => self.cdata(),
            Some(_) if rest.starts_with(b"<?") => self.section(2, b"?>", &INSTRUCTION, instruction),
            Some(_) if rest.starts_with(b"<!") => self.declaration(),
            Some(_) => self.tag(|out, value| escape(out, value, true)),
        }
    }

    /// Writes the slot that may begin here.
    fn slot(&mut self, write: Write) -> Result<(), Refusal> {
        self.at = match slot_at(self.bytes, self.at) {
            Some(slot) => {
                self.filling.write(slot, write)?;
                slot.end
            }
            None => self.at + 1,
        };
        Ok(())
    }

    /// Reads `&name;`, which data must not be part of.
    fn reference(&mut self) -> Result<(), Refusal> {
        self.at += 1;
        let name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
        self.at += self.bytes[self.at..].iter().take_while(|byte| name(byte)).count();
        match slot_at(self.bytes, self.at) {
            None => Ok(()),
            Some(slot) => {
                let message = "the value stands inside a reference of the template, such as &amp;";
                Err(Reason::new(message, "write &amp; for an ampersand").at(slot.number))
            }
        }
    }

    /// Reads a section up to and over `end`.
    fn section(&mut self, opening: usize, end: &[u8], stops: &Stops, write: Write) -> Result<(), Refusal> {
        self.at += opening;
        self.filling.copy(self.at);
        let from = self.filling.out.len();
        loop {
            self.at = stops.next(self.bytes, self.at);
            match self.bytes.get(self.at) {
                None => return Ok(()),
                Some(&MARK) => {
                    let slot = slot_at(self.bytes, self.at);
                    self.filling.copy(self.at);
                    let start = self.filling.out.len();
                    self.slot(write)?;
                    let inner = &self.filling.out[from..];
                    if let Some(slot) = slot.filter(|_| end == b"?>") {
                        let (before, value) = inner.split_at(start - from);
                        check_instruction(before, value, &self.bytes[self.at..])
                            .map_err(|reason| reason.at(slot.number))?;
                    }
                    let before_dash = self.bytes.get(self.at) == Some(&b'-') && inner.ends_with('-');
                    let ends = end == b"-->" && (before_dash || inner.contains("--"));
                    if let Some(slot) = slot.filter(|_| ends) {
                        return Err(two_dashes().at(slot.number));
                    }
                }
                Some(_) if self.bytes[self.at..].starts_with(end) => {
                    self.at += end.len();
                    return Ok(());
                }
                Some(_) => {
                    self.at += 1;
                    self.filling.copy(self.at);
                }
            }
        }
    }

    fn cdata(&mut self) -> Result<(), Refusal> {
        self.at += b"<![CDATA[".len();
        loop {
            self.at = CDATA.next(self.bytes, self.at);
            match self.bytes.get(self.at) {
                None => return Ok(()),
                Some(&MARK) => {
                    let is_slot = slot_at(self.bytes, self.at).is_some();
                    self.slot(|out, value| {
                        let value = literal::as_text(value)?;
                        check_characters(&value)?;
                        push_cdata(out, &value);
                        Ok(())
                    })?;
                    if is_slot && self.closes_early() {
                        self.filling.out.push_str("]]><![CDATA[");
                    }
                }
                Some(_) if self.bytes[self.at..].starts_with(b"]]>") => {
                    self.at += 3;
                    return Ok(());
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// Says whether what was written and the template's next text together end the CDATA section.
    fn closes_early(&self) -> bool {
        let (out, rest) = (&self.filling.out, &self.bytes[self.at..]);
        (out.ends_with("]]") && rest.starts_with(b">")) || (out.ends_with(']') && rest.starts_with(b"]>"))
    }

    /// Reads a declaration; of a document type with declarations of its own, what comes before them.
    fn declaration(&mut self) -> Result<(), Refusal> {
        let rest = &self.bytes[self.at..];
        let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        let inner = memchr::memchr(b'[', &rest[..end]).filter(|_| rest.starts_with(b"<!DOCTYPE"));
        let Some(inner) = inner.map(|step| self.at + step) else {
            return self.tag(declared);
        };
        let slot = slots_in(self.filling.text, self.at..inner).next();
        self.at = inner + 1;
        slot.map_or(Ok(()), |slot| {
            let next = "write the name of the document type in the template";
            Err(Reason::new("a value cannot stand before the declarations of a document type", next)
                .at(slot.number))
        })
    }

    fn tag(&mut self, quoted: Write) -> Result<(), Refusal> {
        self.filling.copy(self.at);
        let from = self.filling.out.len();
        let mut named = false;
        self.at += 1;
        loop {
            self.at = TAG.next(self.bytes, self.at);
            match self.bytes.get(self.at) {
                None => return Ok(()),
                Some(b'"') => self.attribute(b'"', &DOUBLE, self.writer(quoted))?,
                Some(b'\'') => self.attribute(b'\'', &SINGLE, self.writer(quoted))?,
                Some(&MARK) => match slot_at(self.bytes, self.at) {
                    Some(slot) => named |= self.bare(slot)?,
                    None => self.at += 1,
                },
                Some(_) => {
                    if named {
                        self.filling.copy(self.at);
                        self.filling.check_keys(&keys::in_tag(&self.filling.out[from..], from))?;
                    }
                    self.at += 1;
                    return Ok(());
                }
            }
        }
    }

    /// Returns what writes into the quotes that open here: the name of a namespace is not any text.
    fn writer(&self, quoted: Write) -> Write {
        let before = self.bytes[..self.at].trim_ascii_end();
        let before = before.strip_suffix(b"=").unwrap_or(before).trim_ascii_end();
        let name = before.rsplit(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
        let whole = self
            .text_in_quotes()
            .is_some_and(|text| slot_at(text, 0).is_some_and(|slot| slot.end == text.len()));
        match name {
            b"xmlns" => namespace,
            _ if name.starts_with(b"xmlns:") && whole => prefixed_namespace,
            _ if name.starts_with(b"xmlns:") => namespace,
            _ => quoted,
        }
    }

    /// Returns what the template has between the quotes that open here.
    fn text_in_quotes(&self) -> Option<&[u8]> {
        let inner = self.bytes.get(self.at + 1..)?;
        inner.get(..memchr::memchr(self.bytes[self.at], inner)?)
    }

    fn attribute(&mut self, quote: u8, stops: &Stops, write: Write) -> Result<(), Refusal> {
        self.at += 1;
        loop {
            self.at = stops.next(self.bytes, self.at);
            match self.bytes.get(self.at) {
                None => return Ok(()),
                Some(&MARK) => self.slot(write)?,
                Some(b'&') => self.reference()?,
                Some(byte) => {
                    debug_assert_eq!(*byte, quote);
                    self.at += 1;
                    return Ok(());
                }
            }
        }
    }

    /// Fills a bare word in a tag, an attribute's value or a name; says whether it is a name.
    fn bare(&mut self, slot: Slot) -> Result<bool, Refusal> {
        let word =
            run_around(self.bytes, slot, |byte| !byte.is_ascii_whitespace() && !b"<>=\"'/".contains(&byte));
        self.at = word.end;
        if self.bytes[..word.start].trim_ascii_end().ends_with(b"=") {
            if word != (slot.start..slot.end) {
                return Err(words::quote_it().at(slot.number));
            }
            self.filling.write(slot, |out, value| {
                out.push('"');
                escape(out, value, true)?;
                out.push('"');
                Ok(())
            })?;
            return Ok(false);
        }
        self.filling.copy(word.start);
        let from = self.filling.out.len();
        for slot in slots_in(self.filling.text, word.clone()) {
            let check = |value: &str| if is_name_part(value) { Ok(()) } else { Err(not_a_name(value)) };
            self.filling.write_text(slot, check)?;
        }
        self.filling.copy(word.end);
        let name = &self.filling.out[from..];
        // A prefix, a colon and the rest are names each (Namespaces in XML 1.0, 4).
        let is_name = |part: &str| {
            !part.is_empty() && !part.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.')
        };
        if name.split(':').count() > 2 || !name.split(':').all(is_name) {
            return Err(not_a_name(name).at(slot.number));
        }
        self.filling.mark_keys_from(from);
        Ok(true)
    }
}

/// Letters beyond ASCII as far as all editions of XML 1.0 agree on them without a table.
fn is_name_part(value: &str) -> bool {
    let is_letter = |c: char| {
        matches!(c, 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ı' | 'Ĵ'..='ľ' | 'Ł'..='ň' | 'Ŋ'..='ž'
            | 'Α'..='Ρ' | 'Σ'..='ώ' | 'Ё'..='Ќ' | 'Ў'..='я' | 'ё'..='ќ'
            | 'ぁ'..='ゔ' | 'ァ'..='ヺ' | '\u{4E00}'..='\u{9FA5}' | '가'..='힣')
    };
    value.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c) || is_letter(c))
}

/// What a declaration holds in quotes may be a name of a file, where nothing is escaped, or a text that is read twice.
fn declared(out: &mut String, value: &Datum) -> Result<(), Reason> {
    let value = literal::as_text(value)?;
    check_characters(&value)?;
    if value.contains(['%', '&', '<', '>', '"', '\'', '\n', '\r', '\t']) {
        let message = format!("{} cannot stand in a declaration", literal::shown(&value));
        return Err(Reason::new(message, "write the value into the document"));
    }
    out.push_str(&value);
    Ok(())
}

fn not_a_name(value: &str) -> Reason {
    let message = format!("{} cannot be an XML name", literal::shown(value));
    Reason::new(message, "use letters, digits, '.', '_' and '-', a letter first")
}

fn comment(out: &mut String, value: &Datum) -> Result<(), Reason> {
    let value = words::one_line(value, "a comment")?;
    check_characters(&value)?;
    out.push_str(&value);
    Ok(())
}

fn two_dashes() -> Reason {
    Reason::new("two dashes would end the comment", "write the value outside the comment")
}

fn instruction(out: &mut String, value: &Datum) -> Result<(), Reason> {
    let value = words::one_line(value, "a processing instruction")?;
    check_characters(&value)?;
    out.push_str(&value);
    Ok(())
}

/// Checks an instruction up to the end of a value: `before` and `value` are its text, `next` the template's behind it.
fn check_instruction(before: &str, value: &str, next: &[u8]) -> Result<(), Reason> {
    let mut open = None;
    for c in before.chars().filter(|c| matches!(c, '"' | '\'')) {
        open = match open {
            None => Some(c),
            Some(quote) if quote == c => None,
            other => other,
        };
    }
    let target = before.trim_start();
    let wrong = if target.split_whitespace().next() == Some("xml") {
        !["1.0", "UTF-8", "utf-8", "yes", "no"].contains(&value)
    } else if before.is_empty() || !before.contains(char::is_whitespace) {
        !is_name_part(value) || (before.is_empty() && value.starts_with(|c: char| !c.is_alphabetic()))
    } else {
        let behind_target = !before.trim_end().contains(char::is_whitespace);
        let ends = value.contains("?>")
            || (value.ends_with('?') && next.starts_with(b">"))
            || (value.starts_with('>') && before.ends_with('?'));
        // What stands in quotes is read as an attribute by those who know the instruction.
        let breaks_quotes = open.is_some_and(|quote| value.contains([quote, '<', '&']));
        let stripped = behind_target && value.starts_with(char::is_whitespace);
        ends || breaks_quotes || stripped
    };
    if wrong {
        let message =
            format!("{} cannot stand in this place of a processing instruction", literal::shown(value));
        return Err(Reason::new(message, "write it into an attribute or into text"));
    }
    Ok(())
}

/// Writes into the name of a namespace, which readers put into braces.
fn namespace(out: &mut String, value: &Datum) -> Result<(), Reason> {
    const RESERVED: &[&str] = &["http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2000/xmlns/"];
    let text = literal::as_text(value)?;
    if text.contains(['{', '}']) || RESERVED.contains(&&*text) {
        let message = format!("{} cannot be the name of a namespace", literal::shown(&text));
        return Err(Reason::new(message, "use a URI of your own without braces"));
    }
    escape(out, value, true)
}

/// The same, as all there is of it.
fn prefixed_namespace(out: &mut String, value: &Datum) -> Result<(), Reason> {
    if literal::as_text(value)?.is_empty() {
        return Err(Reason::new("a prefix needs the name of a namespace", "set the value"));
    }
    namespace(out, value)
}

fn check_characters(value: &str) -> Result<(), Reason> {
    let Some(found) = value
        .chars()
        .find(|c| matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}'))
    else {
        return Ok(());
    };
    let message = format!("XML cannot hold the character U+{:04X}", found as u32);
    Err(Reason::new(message, "remove it from the value"))
}

fn escape(out: &mut String, value: &Datum, attribute: bool) -> Result<(), Reason> {
    let value = literal::as_text(value)?;
    check_characters(&value)?;
    let mut copied = 0;
    for (at, byte) in value.bytes().enumerate() {
        let escaped = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'\r' => "&#13;",
            b'"' if attribute => "&quot;",
            b'\'' if attribute => "&apos;",
            b'\n' if attribute => "&#10;",
            b'\t' if attribute => "&#9;",
            _ => continue,
        };
        out.push_str(&value[copied..at]);
        out.push_str(escaped);
        copied = at + 1;
    }
    out.push_str(&value[copied..]);
    Ok(())
}

/// Writes into a CDATA section, leaving it where it cannot hold a character.
fn push_cdata(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '>' if out.ends_with("]]") => out.push_str("]]><![CDATA[>"),
            // A reader turns a bare carriage return into a line break.
            '\r' => out.push_str("]]>&#13;<![CDATA["),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{int, refused, slots, text};
    use super::*;

    fn fill(template: &str, value: &str) -> String {
        slots(&Xml, template, &[text(value)])
    }

    #[test]
    fn text_and_attributes_are_escaped() {
        assert_eq!(
            fill("<a b=\"<0>\" c='<0>' d=<0>>&lt;<0></a>", "<'&\">\n"),
            "<a b=\"&lt;&apos;&amp;&quot;&gt;&#10;\" c='&lt;&apos;&amp;&quot;&gt;&#10;' d=\"&lt;&apos;&amp;&quot;&gt;&#10;\">&lt;&lt;'&amp;\"&gt;\n</a>"
        );
        refused(&Xml, "<a><0></a>", &[text("\u{1}")]);
        refused(&Xml, "<a>&<0>;</a>", &[text("lt")]);
        refused(&Xml, "<a>&#<0>;</a>", &[int(60)]);
    }

    #[test]
    fn comment_is_not_ended_by_data() {
        assert_eq!(fill("<!-- <0> --><a/>", "a-b <&> \" '"), "<!-- a-b <&> \" ' --><a/>");
        for (template, value) in
            [("<!--<0>-->", "a--b"), ("<!--<0>-->", "a-"), ("<!---<0> -->", "-"), ("<!--<0>-->", "a\nb")]
        {
            refused(&Xml, template, &[text(value)]);
        }
    }

    #[test]
    fn comment_holds_what_it_can() {
        assert_eq!(fill("<!--<0>-->", ""), "<!---->");
        assert_eq!(fill("<!--<0>-->", "- a"), "<!--- a-->");
        assert_eq!(fill("<!DOCTYPE r [ <!-- <0> --> ]><r/>", "1 a"), "<!DOCTYPE r [ <!-- 1 a --> ]><r/>");
        refused(&Xml, "<!--<0>-->", &[text("-")]);
    }

    #[test]
    fn declaration_holds_plain_text() {
        let template = "<!DOCTYPE r [ <!ENTITY x \"<0>\"> ]><r>&x;</r>";
        assert_eq!(fill(template, "a b"), "<!DOCTYPE r [ <!ENTITY x \"a b\"> ]><r>&x;</r>");
        for value in ["100%", "a&b", "<b>", "a\"b"] {
            refused(&Xml, template, &[text(value)]);
        }
        refused(&Xml, "<!DOCTYPE <0> [ ]><r/>", &[text("r")]);
    }

    #[test]
    fn cdata_is_left_and_entered_again() {
        assert_eq!(fill("<![CDATA[<0>]]>", "a]]>b"), "<![CDATA[a]]]]><![CDATA[>b]]>");
        assert_eq!(fill("<![CDATA[]]<0>]]>", ">"), "<![CDATA[]]]]><![CDATA[>]]>");
        assert_eq!(fill("<![CDATA[<0>>]]>", "]]"), "<![CDATA[]]]]><![CDATA[>]]>");
        assert_eq!(fill("<![CDATA[<0>]]>", "]]"), "<![CDATA[]]]]>");
    }

    #[test]
    fn name_is_a_name() {
        assert_eq!(fill("<x<0> <0>=\"1\"></x<0>>", "a-1"), "<xa-1 a-1=\"1\"></xa-1>");
        for value in ["", "1a", "a b", "a>", "a=\"1\"", "a/", "-", "a:b"] {
            refused(&Xml, "<<0>/>", &[text(value)]);
            refused(&Xml, "<p:<0>/>", &[text(value)]);
        }
        assert_eq!(fill("<p:<0>/>", "Füllmenge"), "<p:Füllmenge/>");
    }

    #[test]
    fn instruction_holds_what_does_not_end_it() {
        for value in ["a \"b\" <c> & 'd'", "?", "a=\"1\""] {
            assert_eq!(fill("<a><?p <0> ?></a>", value), format!("<a><?p {value} ?></a>"));
        }
        assert_eq!(fill("<?p h='<0>'?><a/>", "x?y=\"1\""), "<?p h='x?y=\"1\"'?><a/>");
        for (template, value) in [
            ("<?p <0>>?><a/>", "a?"),
            ("<?p <0>?><a/>", "a?>b"),
            ("<?p <0>?><a/>", " a"),
            ("<?p ?<0>?><a/>", ">"),
            ("<?p h='<0>'?><a/>", "'"),
            ("<?p h=\"<0>\"?><a/>", "a&b"),
            ("<?xml version=\"<0>\"?><a/>", "2"),
            ("<?<0> x?><a/>", "1"),
            ("<?p<0>?><a/>", " x"),
        ] {
            refused(&Xml, template, &[text(value)]);
        }
        assert_eq!(fill("<?xml version=\"<0>\"?><a/>", "1.0"), "<?xml version=\"1.0\"?><a/>");
    }

    #[test]
    fn namespace_is_one() {
        assert_eq!(fill("<p:a xmlns:p=\"u:<0>\"/>", "b"), "<p:a xmlns:p=\"u:b\"/>");
        for (template, value) in [
            ("<p:a xmlns:p=\"<0>\"/>", ""),
            ("<a xmlns='<0>'/>", "a}b"),
            ("<p:a xmlns:p = '<0>'/>", "http://www.w3.org/2000/xmlns/"),
        ] {
            refused(&Xml, template, &[text(value)]);
        }
        assert_eq!(fill("<a xmlns='<0>' b='<0>'/>", ""), "<a xmlns='' b=''/>");
    }

    #[test]
    fn attribute_is_there_once_in_its_tag() {
        for template in ["<r <0>=\"1\" a='2'/>", "<r x=\"a=1\" a = '2' <0>=\"1\"/>", "<r <0>='' <0>=''/>"] {
            assert!(refused(&Xml, template, &[text("a")]).message.contains("is written twice"), "{template}");
        }
        for template in
            ["<a <0>='1'><b <0>='1'/></a>", "<r <0>=\"a='1'\" b=' a=\"1\"'/>", "<r z='1' z='2' <0>='3'/>"]
        {
            slots(&Xml, template, &[text("a")]);
        }
    }
}
