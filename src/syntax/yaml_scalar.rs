//! How YAML readers understand plain and block scalars, for checking what was written.

use super::literal::{is_yaml_printable, shown};
use super::slots::Reason;
use super::words::is_digits;

/// Refuses text that is not one line of a plain scalar.
pub(super) fn check_plain(line: &str, first: bool, flow: bool) -> Result<(), Reason> {
    let starts_node = if first { !may_start(line, flow) } else { line.starts_with('#') };
    let broken = line.is_empty()
        || line.trim() != line
        || starts_node
        || line.contains(": ")
        || line.ends_with(':')
        || line.contains(" #")
        || line.starts_with("---")
        || line.starts_with("...")
        || !line.chars().all(is_yaml_printable)
        || (flow && (line.contains([',', '[', ']', '{', '}', '?']) || line.contains(" :")));
    if broken {
        return Err(Reason::new(
            format!("{} cannot stand without quotes", shown(line)),
            "quote it in the template",
        ));
    }
    Ok(())
}

/// Says whether a plain scalar may begin like this.
fn may_start(line: &str, flow: bool) -> bool {
    let mut chars = line.chars();
    match chars.next() {
        Some('-') => chars.next().is_some_and(|next| next != ' '),
        Some('?' | ':') => !flow && chars.next().is_some_and(|next| next != ' '),
        Some(first) => !",[]{}#&*!|>'\"%@`".contains(first),
        None => false,
    }
}

/// Says whether YAML 1.1 and 1.2 readers both take this plain scalar for text.
pub(super) fn resolves_to_text(plain: &str) -> bool {
    const WORDS: &[&str] = &["", "~", "=", "<<", "null", "y", "n", "yes", "no", "true", "false", "on", "off"];
    if WORDS.iter().any(|word| plain.eq_ignore_ascii_case(word)) {
        return false;
    }
    let number = plain.strip_prefix(['+', '-']).unwrap_or(plain);
    if !number.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return true;
    }
    !(is_integer(number) || is_float(number) || is_sexagesimal(number) || is_timestamp(plain))
}

fn is_integer(number: &str) -> bool {
    let (digits, radix) = match number.get(..2) {
        Some("0x" | "0X") => (&number[2..], 16),
        Some("0o" | "0O") => (&number[2..], 8),
        Some("0b" | "0B") => (&number[2..], 2),
        _ => (number, 10),
    };
    digits.chars().all(|c| c == '_' || c.is_digit(radix))
}

fn is_float(number: &str) -> bool {
    if [".inf", ".nan"].iter().any(|word| number.eq_ignore_ascii_case(word)) {
        return true;
    }
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    digits(whole) && digits(fraction) && is_digits(exponent)
}

/// `1:30` is ninety to YAML 1.1.
fn is_sexagesimal(number: &str) -> bool {
    let whole = number.split_once('.').map_or(number, |(whole, _)| whole);
    whole.contains(':')
        && number.bytes().all(|byte| byte.is_ascii_digit() || b"_:.".contains(&byte))
        && whole
            .split(':')
            .skip(1)
            .all(|part| is_digits(part) && part.len() <= 2 && part < "60" || part.len() == 1)
}

fn is_timestamp(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (year, month) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let rest = parts.next().unwrap_or_default();
    let day = rest.bytes().take_while(u8::is_ascii_digit).count();
    let time = |byte: u8| byte.is_ascii_digit() || b" \t:.+-TtZz".contains(&byte);
    year.len() == 4
        && is_digits(year)
        && is_digits(month)
        && month.len() <= 2
        && (1..=2).contains(&day)
        && rest[day..].bytes().all(time)
}

/// What stands behind `|` or `>`.
pub(super) struct Header {
    pub(super) folded: bool,
    /// The column of the text, where the template says it.
    pub(super) indent: Option<usize>,
    chomping: Chomping,
}

#[derive(Clone, Copy, PartialEq)]
enum Chomping {
    Clip,
    Strip,
    Keep,
}

impl Header {
    /// Reads `|`, `>-`, `|2` ... of a scalar whose parent stands at column `parent`.
    pub(super) fn read(text: &str, parent: isize) -> Self {
        let mut header = Self { folded: text.starts_with('>'), indent: None, chomping: Chomping::Clip };
        for c in text.chars().skip(1) {
            match c {
                '-' => header.chomping = Chomping::Strip,
                '+' => header.chomping = Chomping::Keep,
                '1'..='9' => {
                    let more = c.to_digit(10).unwrap_or(1) as usize;
                    header.indent = Some(usize::try_from(parent.max(0)).unwrap_or(0) + more);
                }
                _ => break,
            }
        }
        header
    }
}

/// Returns what a reader makes of the lines of a block scalar; none if it would not read them.
pub(super) fn read_block(lines: &str, header: &Header) -> Option<String> {
    let indent = match header.indent {
        Some(indent) => indent,
        None => detected(lines)?,
    };
    let mut read = String::new();
    // Line breaks since the last text, and whether that text began with a blank.
    let mut breaks = 0;
    let mut any = false;
    let mut after_blank = false;
    let mut rest = lines;
    while !rest.is_empty() {
        let (line, ended) = match rest.split_once('\n') {
            Some((line, after)) => {
                rest = after;
                (line, 1)
            }
            None => (std::mem::take(&mut rest), 0),
        };
        let line = line.strip_suffix('\r').unwrap_or(line);
        let spaces = line.len() - line.trim_start_matches(' ').len();
        if spaces == line.len() && spaces <= indent {
            breaks += ended;
            continue;
        }
        let text = line.get(indent..).filter(|_| spaces >= indent)?;
        let blank = text.starts_with([' ', '\t']);
        if any && header.folded && !blank && !after_blank {
            read.push_str(if breaks == 1 { " " } else { "" });
            breaks -= 1;
        }
        read.extend(std::iter::repeat_n('\n', breaks));
        read.push_str(text);
        (any, after_blank, breaks) = (true, blank, ended);
    }
    let kept = match header.chomping {
        Chomping::Strip => 0,
        Chomping::Clip => breaks.min(usize::from(any)),
        Chomping::Keep => breaks,
    };
    read.extend(std::iter::repeat_n('\n', kept));
    Some(read)
}

/// Returns the column of the first text; none if readers would not agree on it.
fn detected(lines: &str) -> Option<usize> {
    let mut longest = 0;
    for line in lines.lines() {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        if spaces < line.len() {
            // libyaml refuses a tab where it looks for the column.
            let readable = longest <= spaces && !line[spaces..].starts_with('\t');
            return readable.then_some(spaces);
        }
        longest = longest.max(spaces);
    }
    Some(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_readers_take_for_something_else() {
        for plain in [
            "",
            "~",
            "NO",
            "y",
            "On",
            "null",
            "<<",
            "=",
            "12",
            "012",
            "0o14",
            "0x1F",
            "0b1",
            "1_000",
            "-5",
            "+1",
            "1.5",
            ".5",
            "1.",
            "1e3",
            "1.0e+3",
            "-.inf",
            ".NaN",
            "1:30",
            "190:20:30.15",
            "2024-01-05",
            "2024-1-5",
            "2001-12-14t21:59:43.10-05:00",
            "2001-12-14 21:59:43",
        ] {
            assert!(!resolves_to_text(plain), "{plain}");
        }
        for plain in [
            "pk2",
            "10.4.2.7",
            "10.4.2.0/24",
            "10.4.2.7:1883",
            "1-2",
            "5s",
            "nope",
            "2024-01",
            "0xg",
            "-",
            "a",
            "12 h",
        ] {
            assert!(resolves_to_text(plain), "{plain}");
        }
    }

    fn read(header: &str, lines: &str) -> Option<String> {
        read_block(lines, &Header::read(header, 0))
    }

    #[test]
    fn block_scalars_read_as_in_the_specification() {
        assert_eq!(read("|", "  a\n\n   b\n  c\n\n").as_deref(), Some("a\n\n b\nc\n"));
        assert_eq!(read("|-", "  a\n\n").as_deref(), Some("a"));
        assert_eq!(read("|+", "  a\n\n").as_deref(), Some("a\n\n"));
        assert_eq!(read(">", "  a\n  b\n\n  c\n\n\n   d\n  e\n").as_deref(), Some("a b\nc\n\n\n d\ne\n"));
        assert_eq!(read("|1", "  a\n").as_deref(), Some(" a\n"));
        assert_eq!(read("|", "    \n  a\n"), None);
        assert_eq!(read("|", "\n").as_deref(), Some(""));
    }
}
