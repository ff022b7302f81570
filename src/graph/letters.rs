//! How wide words are, and how they are cut or broken where there is less room.
//!
//! Nobody knows which font a reader has, so widths are those of Helvetica with some room to spare; what was cut stands
//! whole in the tip of its box.

/// Widths of the printable characters of ASCII in Helvetica, in thousandths of the size (Adobe Font Metrics).
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Room to spare: DejaVu Sans, which stands in where nothing else is installed, is wider by about so much.
const SPARE: f64 = 1.17;
/// How much wider bold letters are.
const BOLD: f64 = 1.14;

/// A size of letters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Type {
    pub(super) size: f64,
    pub(super) bold: bool,
}

/// Letters of a size.
pub(super) const fn plain(size: f64) -> Type {
    Type { size, bold: false }
}

/// Bold letters of a size.
pub(super) const fn bold(size: f64) -> Type {
    Type { size, bold: true }
}

/// How wide a text is.
pub(super) fn width(text: &str, kind: Type) -> f64 {
    let thousandths: f64 = text.chars().map(letter).sum();
    thousandths / 1000.0 * kind.size * SPARE * if kind.bold { BOLD } else { 1.0 }
}

fn letter(c: char) -> f64 {
    match c as u32 {
        code @ 0x20..=0x7e => WIDTHS[code as usize - 0x20].into(),
        // Marks that stand on the letter before them.
        0x300..=0x36f | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0.0,
        // Letters of East Asia and pictures are as wide as they are high.
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe4f => 1000.0,
        0xff00..=0xff60 | 0x1f000..=0x3ffff => 1100.0,
        0xa0..=0x24f => 620.0,
        _ => 800.0,
    }
}

/// A text on one line: what would break it, hide it or turn it round is a blank.
pub(super) fn clean(text: &str) -> String {
    let shown = |c: char| match c {
        '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{fffe}'
        | '\u{ffff}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    };
    let text: String = text.chars().map(shown).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As much of a text as there is room for, with an ellipsis if that is not all.
pub(super) fn fit(text: &str, room: f64, kind: Type) -> String {
    let text = clean(text);
    if width(&text, kind) <= room {
        return text;
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept, kind) + width("…", kind) > room {
            kept.pop();
            break;
        }
    }
    format!("{}…", kept.trim_end())
}

/// A text on several lines, at most so many; the last one is cut.
pub(super) fn wrap(text: &str, room: f64, kind: Type, most: usize) -> Vec<String> {
    let text = clean(text);
    let mut lines: Vec<String> = vec![];
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        let is_last = lines.len() + 1 >= most;
        match lines.last_mut() {
            Some(last) if width(&format!("{last} {word}"), kind) <= room => {
                last.push(' ');
                last.push_str(word);
            }
            _ if is_last => {
                let rest: Vec<&str> = std::iter::once(word).chain(words.by_ref()).collect();
                lines.push(fit(&rest.join(" "), room, kind));
            }
            _ => pieces(word, room, kind, most, &mut lines),
        }
    }
    lines.truncate(most);
    lines
}

/// A word that is wider than the room is broken where the room ends.
fn pieces(word: &str, room: f64, kind: Type, most: usize, lines: &mut Vec<String>) {
    let mut rest = word;
    while width(rest, kind) > room && lines.len() + 1 < most {
        let mut end = 0;
        for (at, c) in rest.char_indices() {
            let next = at + c.len_utf8();
            if width(&rest[..next], kind) > room && end > 0 {
                break;
            }
            end = next;
        }
        lines.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    lines.push(fit(rest, room, kind));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_fits_and_says_that_it_was_cut() {
        let long = "a zone with a name that nobody would ever be able to write on the door of a cabinet";
        for room in [30.0, 80.0, 200.0] {
            let shown = fit(long, room, plain(12.0));
            assert!(width(&shown, plain(12.0)) <= room && shown.ends_with('…'), "{shown}");
            let lines = wrap(long, room, bold(12.0), 3);
            assert!(
                lines.len() <= 3 && lines.iter().all(|line| width(line, bold(12.0)) <= room),
                "{lines:?}"
            );
        }
        assert_eq!(wrap("one two", 1000.0, plain(12.0), 3), ["one two"]);
        assert_eq!(wrap("", 100.0, plain(12.0), 3), [""]);
    }

    #[test]
    fn a_word_without_a_blank_is_broken() {
        let lines = wrap(&"x".repeat(60), 100.0, plain(12.0), 4);
        assert!(lines.len() > 1 && lines.iter().all(|line| width(line, plain(12.0)) <= 100.0), "{lines:?}");
        assert!(wrap(&"漢".repeat(60), 100.0, plain(12.0), 2).iter().all(|l| width(l, plain(12.0)) <= 100.0));
    }

    #[test]
    fn nothing_breaks_or_turns_a_line() {
        assert_eq!(clean("a\nb\u{202e}c\t\u{0}d\u{2028}e"), "a b c d e");
    }
}
