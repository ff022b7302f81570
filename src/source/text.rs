//! One text file: its name as people write it, its content, and where its lines begin.

use std::sync::{Arc, OnceLock};

/// A byte range in a [`Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A place as editors count it: both numbers start at 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A text file. `name` is its path relative to the fleet, with `/` on every system.
#[derive(Debug)]
pub struct Text {
    /// The path as reports show it.
    pub name: Arc<str>,
    /// The content without a byte order mark.
    pub content: String,
    line_starts: OnceLock<Vec<u32>>,
}

impl Text {
    /// Wraps `content`; a leading byte order mark is dropped.
    pub fn new(name: impl Into<Arc<str>>, mut content: String) -> Self {
        if content.starts_with('\u{feff}') {
            content.drain(..'\u{feff}'.len_utf8());
        }
        Self { name: name.into(), content, line_starts: OnceLock::new() }
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let after_breaks = self.content.bytes().enumerate().filter(|(_, b)| *b == b'\n');
            std::iter::once(0).chain(after_breaks.map(|(at, _)| at as u32 + 1)).collect()
        })
    }

    /// Returns the line and column of a byte offset; one past the end is the end.
    pub fn position(&self, offset: u32) -> Position {
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let start = starts[line - 1] as usize;
        let mut end = (offset as usize).min(self.content.len());
        while !self.content.is_char_boundary(end) {
            end -= 1;
        }
        let column = self.content[start.min(end)..end].chars().count() as u32 + 1;
        Position { line: line as u32, column }
    }

    /// Returns the text of lines `first..=last` (from 1) without the final line break.
    pub fn lines(&self, first: u32, last: u32) -> &str {
        let starts = self.line_starts();
        let start = starts.get(first as usize - 1).map_or(self.content.len(), |s| *s as usize);
        let end = starts.get(last as usize).map_or(self.content.len(), |s| *s as usize);
        self.content[start..end.max(start)].trim_end_matches(['\n', '\r'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_crlf_keeps_them() {
        let text = Text::new("a", "ä: 1\r\nb: 2\r\n".into());
        assert_eq!(text.position(4), Position { line: 1, column: 4 });
        assert_eq!(text.position(7), Position { line: 2, column: 1 });
        assert_eq!(text.lines(2, 2), "b: 2");
    }

    #[test]
    fn a_byte_order_mark_moves_no_column() {
        assert_eq!(Text::new("a", "\u{feff}x".into()).position(0), Position { line: 1, column: 1 });
    }
}
