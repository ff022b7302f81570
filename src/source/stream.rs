//! YAML as it lies on a device: many documents, any version, aliases expanded and counted, nothing resolved yet.
//!
//! The fleet's own files go through the strict reader beside this one. Here a scalar keeps its text and whether it
//! stood plain, so that whoever compares can resolve it by YAML 1.1 or 1.2.

use granit_parser::{Event, Options, Parser, ScalarStyle};
use std::collections::HashMap;
use std::rc::Rc;

/// Most values that one stream may hold once its aliases are expanded.
const MAX_VALUES: usize = 200_000;
/// Deepest nesting.
const MAX_DEPTH: usize = 100;

/// A value of a stream.
#[derive(Debug, Clone)]
pub struct Raw {
    /// Byte offset.
    pub at: u32,
    /// What it is.
    pub content: RawContent,
}

/// What a value of a stream is.
#[derive(Debug, Clone)]
pub enum RawContent {
    /// Text, whether it stood without quotes, and its tag.
    Scalar(String, bool, Option<String>),
    /// A list.
    Seq(Vec<Rc<Raw>>),
    /// Pairs, in the order of the file; keys may be anything and may repeat.
    Map(Vec<(Rc<Raw>, Rc<Raw>)>),
}

/// Why a stream cannot be read, and the byte where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamProblem {
    /// In words that quote nothing of the file.
    pub message: String,
    /// Byte offset.
    pub at: usize,
}

/// Reads every document of a YAML stream.
///
/// # Errors
/// Malformed YAML, an unknown alias, or a stream beyond the limits.
pub fn read_stream(text: &str) -> Result<Vec<Rc<Raw>>, StreamProblem> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let parser = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader { parser, anchors: HashMap::new(), values: 0, at: 0 };
    let mut documents = vec![];
    loop {
        match reader.next()? {
            Event::StreamEnd => return Ok(documents),
            Event::StreamStart | Event::DocumentEnd => {}
            Event::DocumentStart(..) => reader.anchors.clear(),
            event => documents.push(reader.value(event, 0)?.0),
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: HashMap<usize, (Rc<Raw>, usize)>,
    values: usize,
    at: u32,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, StreamProblem> {
        match self.parser.next() {
            Some(Ok((event, span))) => {
                self.at = span.byte_range().unwrap_or(0..0).start as u32;
                Ok(event)
            }
            Some(Err(error)) => {
                let at = error.marker().byte_offset().unwrap_or(0);
                // The parser's own words may quote the file; only known harmless ones are passed on.
                let unknown = error.info().contains("anchor");
                let message = if unknown { "an alias names nothing" } else { "not valid YAML" };
                Err(StreamProblem { message: message.into(), at })
            }
            None => self.fail("the file ends too early"),
        }
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, StreamProblem> {
        Err(StreamProblem { message: message.into(), at: self.at as usize })
    }

    /// Returns a value and how many values it holds with all aliases written out.
    fn value(&mut self, event: Event<'a>, depth: usize) -> Result<(Rc<Raw>, usize), StreamProblem> {
        if depth > MAX_DEPTH {
            return self.fail(format!("nested more than {MAX_DEPTH} deep"));
        }
        let at = self.at;
        let (content, anchor, size) = match event {
            Event::Alias(id) => {
                let Some((value, size)) = self.anchors.get(&id).cloned() else {
                    return self.fail("an alias stands inside the value it names");
                };
                self.count(size)?;
                return Ok((value, size));
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                (RawContent::Scalar(text.into_owned(), plain, tag.map(|tag| tag.to_string())), anchor, 1)
            }
            Event::SequenceStart(_, anchor, _) => {
                let (items, size) = self.items(depth)?;
                (RawContent::Seq(items), anchor, size + 1)
            }
            Event::MappingStart(_, anchor, _) => {
                let (items, size) = self.items(depth)?;
                let pairs = items.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
                (RawContent::Map(pairs), anchor, size + 1)
            }
            _ => return self.fail("not valid YAML"),
        };
        self.count(1)?;
        let value = Rc::new(Raw { at, content });
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), size));
        }
        Ok((value, size))
    }

    fn items(&mut self, depth: usize) -> Result<(Vec<Rc<Raw>>, usize), StreamProblem> {
        let mut items = vec![];
        let mut total = 0;
        loop {
            match self.next()? {
                Event::SequenceEnd | Event::MappingEnd => return Ok((items, total)),
                event => {
                    let (item, size) = self.value(event, depth + 1)?;
                    items.push(item);
                    total += size;
                }
            }
        }
    }

    fn count(&mut self, values: usize) -> Result<(), StreamProblem> {
        self.values += values;
        if self.values > MAX_VALUES {
            return self.fail(format!("more than {MAX_VALUES} values once its aliases are written out"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_and_aliases_are_read() {
        assert_eq!(read_stream("a: &x [1]\nb: *x\n---\nc: 2\n").expect("reads").len(), 2);
        assert!(read_stream("a: *nobody\n").is_err());
        assert!(read_stream("a: [1, 2").is_err());
    }

    #[test]
    fn bombs_and_depth_end() {
        use std::fmt::Write as _;
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
        for i in 1..12 {
            let refs = vec![format!("*a{}", i - 1); 9].join(",");
            writeln!(text, "a{i}: &a{i} [{refs}]").expect("writes");
        }
        assert!(read_stream(&text).is_err());
        assert!(read_stream(&"[".repeat(50_000)).is_err());
    }
}
