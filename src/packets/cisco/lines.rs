//! The lines of a configuration: statements with what is indented below them, without banners.

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line<'t> {
    /// Line, from 1.
    pub number: u32,
    pub words: Vec<&'t str>,
    /// What stands below it.
    pub below: Vec<Line<'t>>,
}

impl Line<'_> {
    pub(super) fn text(&self) -> String {
        self.words.join(" ")
    }
}

/// Reads statements, two levels deep: more no list and no object has.
pub(super) fn read(text: &str) -> Vec<Line<'_>> {
    let mut out: Vec<Line<'_>> = vec![];
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_noise = words.first().is_none_or(|word| word.starts_with('!') || word.starts_with('#'));
        if is_noise {
            continue;
        }
        if words[0] == "banner" {
            if let Some(end) = banner_end(line, &words) {
                let _ = lines.find(|(_, line)| line.contains(end.as_str()));
            }
            continue;
        }
        let found = Line { number: at as u32 + 1, words, below: vec![] };
        let is_indented = line.starts_with([' ', '\t']);
        let belongs = |above: &Line<'_>| is_indented || goes_on(&above.words, &found.words);
        match out.last_mut().filter(|above| belongs(above)) {
            Some(parent) => parent.below.push(found),
            None => out.push(found),
        }
    }
    out
}

/// Whether a line that is not indented, as scripts and pasted text have it, can only stand in the section above.
fn goes_on(above: &[&str], words: &[&str]) -> bool {
    let is_numbered = words[0].bytes().all(|byte| byte.is_ascii_digit());
    match above {
        ["ip" | "ipv6", "access-list", ..] => {
            is_numbered
                || matches!(words[0], "permit" | "deny" | "remark" | "evaluate" | "dynamic" | "sequence")
                || matches!(words, ["no", "permit" | "deny" | "remark" | "evaluate" | "sequence", ..])
                || matches!(words, ["no", number] if number.bytes().all(|byte| byte.is_ascii_digit()))
        }
        ["object" | "object-group", ..] => {
            is_numbered
                || words[0].ends_with("-object")
                || matches!(
                    words[0],
                    "description" | "host" | "subnet" | "range" | "fqdn" | "service" | "nat"
                )
                || matches!(words[0], "tcp" | "udp" | "tcp-udp" | "icmp" | "any")
        }
        ["interface", ..] => {
            let own = words.strip_prefix(&["no"]).unwrap_or(words);
            matches!(own, ["ip", "access-group", ..] | ["ipv6", "traffic-filter", ..])
        }
        _ => false,
    }
}

/// What ends a banner that goes on in the next line.
fn banner_end(line: &str, words: &[&str]) -> Option<String> {
    let delimiter = words.get(2)?;
    let end =
        if delimiter.starts_with("^C") { "^C".to_owned() } else { delimiter.chars().next()?.to_string() };
    // ASA writes one line per banner line, without delimiters.
    if !matches!(end.as_str(), "^C" | "#" | "%" | "$" | "@" | "~" | "\u{3}") {
        return None;
    }
    (line.matches(end.as_str()).count() < 2).then_some(end)
}
