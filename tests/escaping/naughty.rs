//! Texts that break out of naive templates: a list of the usual kinds, and made-up ones.

/// Texts chosen by hand.
pub const CHOSEN: &[&str] = &[
    "", " ", "a", "pk2", "Line 2", "GRR/pk2", "10.4.2.7", "10.4.2.0/24", "10.4.2.5/24", "10.0.0.1-10.0.0.9", "::1", "fe80::/10",
    "1883", "100-200", "65536", "02:00:5e:00:00:01", "10s", "5/second", "localhost", "http", "accept", "drop", "tcp", "@x", "$x", "${HOME}", "eth0",
    "eth*", "a234567890123456", "true", "True", "no", "NO", "y", "Y", "on", "off", "null", "~", "none", "None", "nan", ".nan", ".inf", "-.Inf", "inf",
    "0", "-0", "012", "0o14", "0x1F", "0b11", "1_000", "1e3", "1E+3", ".5", "1.", "1.10", "+1", "-1", "1:30", "190:20:30", "2024-01-05", "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43", "<<", "=", "-", "--", "---", "...", "- a", "? a", ": a", "a: b", "a :b", "a:", ":a", "a #b", "#a", "a#b", "# a", "!a", "&a", "*a", "%a", "@a", "`a",
    "|", ">", "|-\n a", "[a]", "{a}", "[", "]", "{", "}", ",", "a, b", "a,b", ";", "a; b", "\"", "'", "\"a\"", "'a'", "''", "'''", "\"\"\"", "''''''", "a'b", "a\"b", "it's", "\\", "\\\\", "a\\", "\\n", "\\u0041",
    "\\\"", "\n", "a\nb", "\na", "a\n", "a\n\n", "\n\n", "a\n\nb", " a\nb", "a\n b", "a\n  b\nc", "a \nb", "a\r\nb", "\r", "a\rb", "\t", "a\tb", "\ta", "a\t", " a", "a ", "  a  ", "a  b", " \n ", "\n \n",
    "\0", "\u{1}", "\u{7f}", "\u{1b}[31m", "\u{85}", "a\u{85}b", "\u{a0}", "\u{a0}a", "\u{2028}", "a\u{2029}b", "\u{feff}", "\u{feff}a", "\u{fffd}", "\u{fffe}", "\u{ffff}", "\u{fdd0}0\u{fdd1}", "\u{fdd0}", "\u{fdd1}", "\u{10ffff}", "\u{1f600}",
    "é", "漢字", "ñandú", "Ω≈ç√∫", "\u{202e}abc", "e\u{301}", "İ", "ß", "\u{d7ff}\u{e000}", "{{ a }}", "{% raw %}", "${a}", "$(id)", "`id`", "%s", "%(a)s", "%%", "50%", "a=b", "a = b", "[x]\na = 1", "DEFAULT", "]", "a]b",
    "<a>", "</r>", "<!--", "-->", "--", "a--b", "a-", "]]>", "]]", "&amp;", "&#65;", "&lt", "&", "a&b", "<![CDATA[x]]>", "?>", "\" or \"1\"=\"1", "'; DROP TABLE x; --", "*a*", "_a_", "a_b_c", "__a__", "**a**", "~~a~~", "~a~", "[a](b)", "![a](b)", "![", "a!", "(b)", ": b",
    "1. a", "1) a", "12. a", "+ a", "* a", "> a", "# a", "###", "===", "***", "```", "``", "a`b", "~~~", "    code", "|a|b|", "\\|", "a|b", "http://x.y/?a=b&c=d", "https://x.y/a_(b)", "a@b.c", "www.x.y", "<https://x.y>", "$a$", "a  \nb", "a\\\nb", "^C", "why?", "!", "a ! b", "read x", "deny", "readwrite a/b",
    "/", "//", "/*", "*/", "-- x", "user\tname", "a\u{b}b", "a\u{c}b", "\u{1c}a", "a\u{3000}", "\u{200b}a",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
];

/// Pieces that made-up texts are put together from.
const PIECES: &[&str] = &[
    "a", "b", "Z", "0", "1", "9", " ", " ", "  ", "\n", "\n", "\n ", "\t", "\r", "\"", "'", "''", "\\", "`", ":", ": ", " #", "#", "-", "- ", "--", "_", ".", ",", ";", "=", "%", "&", "<", ">", "[", "]", "{", "}", "(", ")", "|", "*", "~",
    "!", "?", "@", "$", "/", "+", "^", "]]>", "-->", "&lt;", "\0", "\u{1f}", "\u{85}", "\u{2028}", "\u{feff}", "\u{fdd0}1\u{fdd1}", "é", "漢", "\u{1f600}", "true", "no", "1e5", "10.0.0.1", "x y",
];

/// A small generator of numbers, so that a failing case comes again.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).unwrap_or(0)
    }

    /// Makes up a text of a few pieces.
    pub fn text(&mut self) -> String {
        let pieces = 1 + self.below(6);
        (0..pieces).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }
}
