//! Small words of reports: counts, values on one line, what must not reach a terminal.

use serde_json::Value as Json;

/// `1 line`, `3 lines`.
pub(super) fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// The first names of many, and how many more there are.
pub(super) fn some<S: AsRef<str>>(names: &[S], most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Text without characters that would move a terminal's cursor or turn a line around; line breaks stay.
pub(super) fn clean_lines(text: &str) -> String {
    text.chars().map(|c| if is_odd(c) && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// The same on one line.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if is_odd(c) { '\u{fffd}' } else { c }).collect()
}

/// Control characters, and the marks that reorder what is read (Unicode TR 36, section 2.8; CVE-2021-42574).
fn is_odd(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// A value as text, as long as it is.
pub(super) fn value(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value on one line of at most so many characters.
pub(super) fn short(json: &Json, width: usize) -> String {
    let text = value(json);
    let mut lines = text.lines();
    let mut out = cut(lines.next().unwrap_or_default(), width);
    let rest = lines.count();
    if rest > 0 {
        out.push_str(&format!(" (and {})", plural(rest, "more line")));
    }
    if out.is_empty() { "\"\"".into() } else { clean(&out) }
}

/// Two values on a line each. What is long is shown from where they begin to differ.
pub(super) fn short_pair(one: &Json, other: &Json, width: usize) -> (String, String) {
    let (left, right) = (value(one), value(other));
    let shared = left.chars().zip(right.chars()).take_while(|(a, b)| a == b).count();
    if shared <= width / 2 || left.contains('\n') || right.contains('\n') {
        return (short(one, width), short(other, width));
    }
    let from = shared - width / 4;
    let rest =
        |text: &str| clean(&format!("…{}", cut(&text.chars().skip(from).collect::<String>(), width - 1)));
    (rest(&left), rest(&right))
}

/// Text of at most so many characters.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_as_people_count() {
        assert_eq!(
            [plural(1, "line"), plural(2, "line"), plural(0, "line")],
            ["1 line", "2 lines", "0 lines"]
        );
        assert_eq!(some(&["a", "b", "c"], 2), "a, b and 1 more");
    }

    #[test]
    fn nothing_moves_the_cursor_or_turns_a_line_around() {
        assert_eq!(clean("a\u{1b}[2Jb\u{202e}c\nd"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
        assert_eq!(clean_lines("a\nb"), "a\nb");
    }

    #[test]
    fn a_value_fits_its_line() {
        assert_eq!(short(&Json::from("ab\ncd\nef"), 10), "ab (and 2 more lines)");
        assert_eq!(short(&Json::from("äöüß"), 3), "äö…");
        let (left, right) = (Json::from("x".repeat(50) + "1"), Json::from("x".repeat(50) + "2"));
        assert_eq!(short_pair(&left, &right, 12), ("…xxx1".to_owned(), "…xxx2".to_owned()));
    }
}
