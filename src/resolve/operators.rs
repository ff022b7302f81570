//! Operators of expressions and templates, led through filters before MiniJinja compiles them.
//!
//! MiniJinja's operators cannot be replaced: `~` writes `True` and `None`, and every one of them takes the markers of
//! captured text for characters. So the source is rewritten: `a ~ b` becomes `[a , b]|__cat(0)`, and an operand that
//! may be captured text goes through `__plain` first. No line moves, and places find their way back.

use minijinja::machinery::{Span, Token, tokenize};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Joins a list of operands; its argument has a bit for each that is text of the template.
pub const CAT: &str = "__cat";
/// Marks a separator as text of the template.
pub const OWN: &str = "__own";
/// Reads captured text as what it says.
pub const PLAIN: &str = "__plain";
/// Makes captured text that says nothing the empty text, so that it counts as false.
pub const SHOWN: &str = "__shown";
/// Reads what is compared or searched, and counts how long that takes.
pub const SEARCHED: &str = "__searched";
/// Checks an operand of `*`.
pub const FACTOR: &str = "__factor";
/// Checks the size of a result.
pub const BOUNDED: &str = "__bounded";
/// Checks what a loop inside a capture may write; its argument is the text of one round.
pub const ROUNDS: &str = "__rounds";

/// A source whose operators are guarded.
pub struct Guarded {
    /// The source for MiniJinja.
    pub source: String,
    /// Where something was put in, and how long it is; by place in the new source.
    inserted: Vec<(usize, usize)>,
}

impl Guarded {
    /// Returns the place in the original source.
    pub fn original(&self, at: usize) -> usize {
        let before = self.inserted.iter().take_while(|(start, _)| *start < at);
        before.fold(at, |back, (start, length)| back - (*length).min(at - start))
    }
}

/// How tight an operator binds.
type Level = u8;
const TERNARY: Level = 1;
const AND: Level = 3;
const NOT: Level = 4;
const COMPARE: Level = 5;
const SUM: Level = 6;
const TILDE: Level = 7;
const PRODUCT: Level = 8;
const POWER: Level = 9;

/// Something put round a range of bytes.
struct Wrap {
    start: usize,
    end: usize,
    level: Level,
    open: char,
    close: String,
}

/// Guards the operators of a source; `captured` are the names that may hold captured text.
pub fn guard(source: &str, is_expression: bool, captured: &BTreeSet<String>) -> Guarded {
    let tokens = tokens(source, is_expression);
    let mut writer = Writer { tokens: &tokens, captured, wraps: vec![], commas: vec![] };
    for (region, keyword) in regions(&tokens, is_expression) {
        writer.region(region, keyword);
    }
    if !captured.is_empty() {
        writer.loops();
    }
    apply(source, writer.wraps, &writer.commas)
}

/// Finds a tag with more operators, or a chain of more `elif`, than a compiler can take in without running out of
/// stack; returns its bytes.
pub fn overlong(source: &str, is_expression: bool) -> Option<std::ops::Range<usize>> {
    const MOST: usize = 500;
    let tokens = tokens(source, is_expression);
    let bytes = |range: std::ops::Range<usize>| {
        let (first, last) = (tokens.get(range.start)?.1, tokens.get(range.end - 1)?.1);
        Some(first.start_offset as usize..last.end_offset as usize)
    };
    let mut branches = 0;
    for (region, keyword) in regions(&tokens, is_expression) {
        branches += usize::from(keyword == "elif");
        let in_region = |at: &usize| {
            matches!(
                tokens[*at].0,
                Token::Plus
                    | Token::Minus
                    | Token::Mul
                    | Token::Div
                    | Token::FloorDiv
                    | Token::Mod
                    | Token::Pow
                    | Token::Tilde
                    | Token::Dot
                    | Token::Pipe
                    | Token::Ident("not" | "and" | "or" | "if" | "is")
            ) || (matches!(tokens[*at].0, Token::BracketOpen | Token::ParenOpen)
                && *at > region.start
                && matches!(tokens[*at - 1].0, Token::BracketClose | Token::ParenClose))
        };
        // What stands in brackets is nested by itself; MiniJinja bounds how deep.
        if let Some(last) = region.clone().filter(in_region).nth(MOST) {
            return bytes(region.start..last + 1);
        }
        if branches > MOST {
            return bytes(region);
        }
    }
    None
}

/// Returns the names that may hold captured text in any of the sources, which may import each other.
pub fn captured_names<'a>(sources: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let sources: Vec<_> = sources.map(|source| tokens(source, false)).collect();
    let mut names = BTreeSet::new();
    if !sources.iter().flatten().any(|(token, _)| is_word(token, &["set", "macro", "call", "recursive"])) {
        return names;
    }
    names.extend(["caller", "super", "self", "varargs", "kwargs"].map(str::to_owned));
    if sources.iter().flatten().any(|(token, _)| is_word(token, &["recursive"])) {
        names.insert("loop".to_owned());
    }
    loop {
        let known = names.len();
        for tokens in &sources {
            for (head, keyword) in regions(tokens, false) {
                bind(&tokens[head], keyword, &mut names);
            }
        }
        if names.len() == known {
            return names;
        }
    }
}

type Tokens<'a> = Vec<(Token<'a>, Span)>;

fn tokens(source: &str, is_expression: bool) -> Tokens<'_> {
    tokenize(source, is_expression, super::expression::syntax()).map_while(Result::ok).collect()
}

fn is_word(token: &Token<'_>, words: &[&str]) -> bool {
    matches!(token, Token::Ident(word) if words.contains(word))
}

/// The expressions of tags, each with the keyword of its tag.
fn regions<'a>(tokens: &Tokens<'a>, is_expression: bool) -> Vec<(std::ops::Range<usize>, &'a str)> {
    if is_expression {
        return vec![(0..tokens.len(), "")];
    }
    let mut found = vec![];
    let mut open = None;
    for (at, (token, _)) in tokens.iter().enumerate() {
        match token {
            Token::VariableStart | Token::BlockStart => open = Some(at + 1),
            Token::VariableEnd => found.extend(open.take().map(|start| (start..at, ""))),
            Token::BlockEnd => {
                let Some(start) = open.take() else { continue };
                if let Some((Token::Ident(keyword), _)) = tokens.get(start) {
                    found.push((start + 1..at, *keyword));
                }
            }
            _ => {}
        }
    }
    found
}

/// Adds the names that the head of a tag gives to what may be captured text.
fn bind(head: &[(Token<'_>, Span)], keyword: &str, names: &mut BTreeSet<String>) {
    let split = |end: &dyn Fn(&Token<'_>) -> bool| head.iter().position(|(token, _)| end(token));
    let targets = match keyword {
        "macro" | "import" | "from" | "call" => head,
        "set" => match split(&|token| matches!(token, Token::Assign)) {
            Some(at) if holds(&head[at..], names) => &head[..at],
            Some(_) => &[],
            None => head,
        },
        "with" if holds(head, names) => head,
        "for" => match split(&|token| is_word(token, &["in"])) {
            Some(at) if holds(&head[at..], names) => &head[..at],
            _ => &[],
        },
        _ => &[],
    };
    for (token, _) in targets {
        if let Token::Ident(name) = token {
            names.insert((*name).to_owned());
        }
    }
}

/// Filters that write a value as a literal, which reads as captured text.
const LITERALS: &[&str] = &["json", "toml", "yaml", "tojson"];

/// Whether any part of an expression may be captured text.
fn holds(tokens: &[(Token<'_>, Span)], names: &BTreeSet<String>) -> bool {
    tokens.iter().enumerate().any(|(at, (token, _))| {
        let after = |sign: fn(&Token<'_>) -> bool| at > 0 && sign(&tokens[at - 1].0);
        let is_filter = after(|token| matches!(token, Token::Pipe));
        let is_member = is_filter || after(|token| matches!(token, Token::Dot));
        match token {
            Token::Ident(name) if is_member => is_filter && LITERALS.contains(name),
            Token::Ident(name) => names.contains(*name),
            _ => false,
        }
    })
}

struct Writer<'t> {
    tokens: &'t Tokens<'t>,
    captured: &'t BTreeSet<String>,
    wraps: Vec<Wrap>,
    /// Places of `~` that become commas.
    commas: Vec<usize>,
}

impl Writer<'_> {
    fn region(&mut self, mut region: std::ops::Range<usize>, keyword: &str) {
        let find = |end: &dyn Fn(&Token<'_>) -> bool| {
            region.clone().find(|at| end(&self.tokens[*at].0)).map(|at| at + 1)
        };
        match keyword {
            "for" => region.start = find(&|token| is_word(token, &["in"])).unwrap_or(region.end),
            "set" => region.start = find(&|token| matches!(token, Token::Assign)).unwrap_or(region.start),
            _ => {}
        }
        if matches!(keyword, "if" | "elif") {
            self.condition(region.clone());
        }
        if keyword == "for" {
            let end = self.right(region.start, &region, TERNARY);
            self.wrap_captured(region.start..end, TERNARY, PLAIN);
        }
        for at in region.clone() {
            self.operator(at, &region);
        }
    }

    fn operator(&mut self, at: usize, region: &std::ops::Range<usize>) {
        self.separator(at, region);
        let Some(level) = self.level(at, region) else {
            if matches!(self.tokens[at].0, Token::BracketOpen) && self.ends_operand(at, region) {
                self.subscript(at, region);
            }
            return;
        };
        let after = at + 1 + usize::from(is_word(&self.tokens[at].0, &["not"]) && level == COMPARE);
        match level {
            TERNARY if is_word(&self.tokens[at].0, &["if"]) => {
                self.condition(after..self.right(after, region, TERNARY));
            }
            2..=NOT => {
                if level != NOT {
                    self.condition(self.left(at, region, level)..at);
                }
                self.condition(after..self.right(after, region, level));
            }
            COMPARE | SUM => {
                let (start, end) = (self.left(at, region, level), self.right(after, region, level));
                self.wrap_captured(start..at, level, PLAIN);
                let searches = after == at + 2 || is_word(&self.tokens[at].0, &["in"]);
                let compares = level == COMPARE && (searches || !self.is_literal(start..at, false));
                if compares && !self.is_literal(after..end, searches) {
                    self.wrap(after..end, level, '(', format!(")|{SEARCHED}"));
                } else {
                    self.wrap_captured(after..end, level, PLAIN);
                }
                let adds_number = self.is_number(start..at) || self.is_number(after..end);
                if matches!(self.tokens[at].0, Token::Plus) && !adds_number {
                    self.wrap(self.left(at, region, SUM - 1)..end, SUM, '(', format!(")|{BOUNDED}"));
                }
            }
            TILDE => self.chain(at, region),
            PRODUCT if matches!(self.tokens[at].0, Token::Mul) => {
                let start = self.left(at, region, PRODUCT - 1);
                let end = self.right(after, region, PRODUCT);
                self.wrap(start..end, PRODUCT, '(', format!(")|{BOUNDED}"));
                self.wrap(start..at, POWER, '(', format!(")|{FACTOR}"));
                self.wrap(after..end, POWER, '(', format!(")|{FACTOR}"));
            }
            _ => {}
        }
    }

    /// Whether an operand is written out; a list only where it is all that is asked for.
    fn is_literal(&self, range: std::ops::Range<usize>, or_list: bool) -> bool {
        match self.tokens.get(range.start).map(|(token, _)| token) {
            Some(Token::BracketOpen) => or_list,
            Some(
                Token::Str(_)
                | Token::String(_)
                | Token::Int(_)
                | Token::Float(_)
                | Token::Ident("true" | "false" | "none"),
            ) => range.len() == 1,
            _ => false,
        }
    }

    fn is_number(&self, range: std::ops::Range<usize>) -> bool {
        range.len() == 1 && matches!(self.tokens[range.start].0, Token::Int(_) | Token::Float(_))
    }

    /// Joins a whole chain `a ~ b ~ c` at its first operator.
    fn chain(&mut self, first: usize, region: &std::ops::Range<usize>) {
        self.commas.push(self.tokens[first].1.start_offset as usize);
        let start = self.left(first, region, TILDE);
        if start > region.start && matches!(self.tokens[start - 1].0, Token::Tilde) {
            return;
        }
        let mut literals = 0u64;
        let (mut operand, mut tilde, mut index) = (start, first, 0);
        let end = loop {
            if tilde == operand + 1 && matches!(self.tokens[operand].0, Token::Str(_) | Token::String(_)) {
                literals |= 1u64.checked_shl(index).unwrap_or(0);
            }
            if tilde >= region.end || !matches!(self.tokens[tilde].0, Token::Tilde) {
                break tilde;
            }
            operand = tilde + 1;
            tilde = self.right(operand, region, TILDE);
            index += 1;
        };
        self.wrap(start..end, TILDE, '[', format!("]|{CAT}({literals})"));
    }

    /// `|join(", ")`: a separator that the template writes out stands as it is between captured pieces.
    fn separator(&mut self, at: usize, region: &std::ops::Range<usize>) {
        let token = |step: usize| self.tokens[..region.end].get(at + step).map(|(token, _)| token);
        let is_join = matches!(
            (token(0), token(1), token(2)),
            (Some(Token::Pipe), Some(Token::Ident("join")), Some(Token::ParenOpen))
        );
        let named = matches!((token(3), token(4)), (Some(Token::Ident("d")), Some(Token::Assign)));
        let first = 3 + if named { 2 } else { 0 };
        let ends = matches!(token(first + 1), Some(Token::Comma | Token::ParenClose));
        if is_join && ends && matches!(token(first), Some(Token::Str(_) | Token::String(_))) {
            self.wrap(at + first..at + first + 1, POWER, '(', format!(")|{OWN}"));
        }
    }

    /// `text[1:3]`, `map[key]`: what stands before the bracket, and the key.
    fn subscript(&mut self, open: usize, region: &std::ops::Range<usize>) {
        let mut start = open;
        while start > region.start {
            start = match self.tokens[start - 1].0 {
                Token::BracketClose | Token::ParenClose | Token::BraceClose => self.opener(start - 1, region),
                _ => start - 1,
            };
            let is_suffix = matches!(self.tokens[start].0, Token::BracketOpen | Token::ParenOpen)
                && self.ends_operand(start, region);
            let after_dot = start > region.start && matches!(self.tokens[start - 1].0, Token::Dot);
            if after_dot {
                start -= 1;
            } else if !is_suffix {
                break;
            }
        }
        if holds(&self.tokens[start..open], self.captured) {
            self.wrap(start..open, POWER, '(', format!("|{PLAIN})"));
        }
        let end = self.right(open + 1, region, 0);
        if end < region.end && matches!(self.tokens[end].0, Token::BracketClose) {
            self.wrap_captured(open + 1..end, 0, PLAIN);
        }
    }

    fn opener(&self, close: usize, region: &std::ops::Range<usize>) -> usize {
        let mut depth = 0usize;
        for at in (region.start..=close).rev() {
            match self.tokens[at].0 {
                Token::BracketClose | Token::ParenClose | Token::BraceClose => depth += 1,
                Token::BracketOpen | Token::ParenOpen | Token::BraceOpen => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at;
            }
        }
        region.start
    }

    /// A condition that is one captured text counts by what it says.
    fn condition(&mut self, range: std::ops::Range<usize>) {
        let judges = range.clone().any(|at| self.level(at, &range).is_some_and(|level| level <= COMPARE));
        let tests = range.clone().any(|at| is_word(&self.tokens[at].0, &["is"]));
        if !judges && !tests {
            self.wrap_captured(range, NOT, SHOWN);
        }
    }

    fn wrap_captured(&mut self, range: std::ops::Range<usize>, level: Level, filter: &str) {
        if !range.is_empty() && holds(&self.tokens[range.clone()], self.captured) {
            self.wrap(range, level, '(', format!(")|{filter}"));
        }
    }

    fn wrap(&mut self, range: std::ops::Range<usize>, level: Level, open: char, close: String) {
        if range.is_empty() {
            return; // not well-formed; the compiler says so
        }
        let start = self.tokens[range.start].1.start_offset as usize;
        let end = self.tokens[range.end - 1].1.end_offset as usize;
        self.wraps.push(Wrap { start, end, level, open, close });
    }

    /// Where the operand to the left of `at` begins: after what binds as loose as `level`, or looser.
    fn left(&self, at: usize, region: &std::ops::Range<usize>, level: Level) -> usize {
        let mut start = at;
        while start > region.start {
            match self.tokens[start - 1].0 {
                Token::BracketClose | Token::ParenClose | Token::BraceClose => {
                    start = self.opener(start - 1, region);
                }
                Token::BracketOpen
                | Token::ParenOpen
                | Token::BraceOpen
                | Token::Comma
                | Token::Assign
                | Token::Colon => return start,
                _ if self.level(start - 1, region).is_some_and(|found| found <= level) => return start,
                _ => start -= 1,
            }
        }
        start
    }

    /// Where the operand that begins at `at` ends.
    fn right(&self, at: usize, region: &std::ops::Range<usize>, level: Level) -> usize {
        let mut depth = 0usize;
        for end in at..region.end {
            match self.tokens[end].0 {
                Token::BracketOpen | Token::ParenOpen | Token::BraceOpen => depth += 1,
                Token::BracketClose | Token::ParenClose | Token::BraceClose if depth == 0 => return end,
                Token::BracketClose | Token::ParenClose | Token::BraceClose => depth -= 1,
                _ if depth > 0 => {}
                Token::Comma | Token::Assign | Token::Colon => return end,
                Token::Ident("recursive") if end + 1 == region.end && end > at => return end,
                _ if end > at && self.level(end, region).is_some_and(|found| found <= level) => return end,
                _ => {}
            }
        }
        region.end
    }

    /// How tight the operator at `at` binds; `None` if there is none.
    fn level(&self, at: usize, region: &std::ops::Range<usize>) -> Option<Level> {
        let after_operand = self.ends_operand(at, region);
        let next_is = |word: &str| at + 1 < region.end && is_word(&self.tokens[at + 1].0, &[word]);
        let after_is = at > region.start
            && (is_word(&self.tokens[at - 1].0, &["is"])
                || (at > region.start + 1
                    && is_word(&self.tokens[at - 1].0, &["not"])
                    && is_word(&self.tokens[at - 2].0, &["is"])));
        let level = match self.tokens[at].0 {
            Token::Ident(_) if after_is => return None,
            Token::Ident("if" | "else") => TERNARY,
            Token::Ident("or") => 2,
            Token::Ident("and") => AND,
            Token::Ident("not") if !after_operand => return Some(NOT),
            Token::Ident("not") if next_is("in") => COMPARE,
            Token::Ident("in") if at > region.start && is_word(&self.tokens[at - 1].0, &["not"]) => {
                return None;
            }
            Token::Ident("in") | Token::Eq | Token::Ne | Token::Lt | Token::Lte | Token::Gt | Token::Gte => {
                COMPARE
            }
            Token::Plus | Token::Minus => SUM,
            Token::Tilde => TILDE,
            Token::Mul | Token::Div | Token::FloorDiv | Token::Mod => PRODUCT,
            Token::Pow => POWER,
            _ => return None,
        };
        after_operand.then_some(level)
    }

    /// Whether the token before `at` ends an operand.
    fn ends_operand(&self, at: usize, region: &std::ops::Range<usize>) -> bool {
        const WORDS: &[&str] = &["if", "else", "or", "and", "not", "in", "is"];
        if at <= region.start {
            return false;
        }
        let after_dot = at > region.start + 1 && matches!(self.tokens[at - 2].0, Token::Dot | Token::Pipe);
        match &self.tokens[at - 1].0 {
            token @ Token::Ident(_) => after_dot || !is_word(token, WORDS),
            Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Int128(_)
            | Token::Float(_)
            | Token::BracketClose
            | Token::ParenClose
            | Token::BraceClose => true,
            _ => false,
        }
    }

    /// Loops inside captures, whose text no writer sees before it is whole.
    fn loops(&mut self) {
        let heads = regions(self.tokens, false);
        let mut heads = heads.iter().peekable();
        let mut frames: Vec<Frame> = vec![];
        for (at, (token, span)) in self.tokens.iter().enumerate() {
            if let (Token::TemplateData(_), Some(frame)) = (token, frames.last_mut()) {
                frame.text += (span.end_offset - span.start_offset) as usize;
            }
            let Some((head, keyword)) = heads.next_if(|(head, _)| head.end == at) else { continue };
            let is_block_set =
                || !self.tokens[head.clone()].iter().any(|(token, _)| matches!(token, Token::Assign));
            match *keyword {
                "set" if !is_block_set() => {}
                "for" | "if" | "macro" | "set" | "call" | "filter" => {
                    frames.push(Frame { keyword, head: head.clone(), text: 0, widest: 0 });
                }
                "elif" | "else" => {
                    if let Some(frame) = frames.last_mut().filter(|frame| frame.keyword == "if") {
                        frame.widest = frame.widest.max(std::mem::take(&mut frame.text));
                    }
                }
                "endfor" | "endif" | "endmacro" | "endset" | "endcall" | "endfilter" => {
                    let Some(frame) = frames.pop() else { continue };
                    match frame.keyword {
                        "for" if frames.iter().any(Frame::captures) => self.bound_rounds(&frame),
                        "if" => {
                            if let Some(outer) = frames.last_mut() {
                                outer.text += frame.text.max(frame.widest);
                            }
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    fn bound_rounds(&mut self, frame: &Frame) {
        let found = frame.head.clone().find(|at| is_word(&self.tokens[*at].0, &["in"]));
        let Some(start) = found.map(|at| at + 1) else { return };
        let end = self.right(start, &frame.head, TERNARY);
        self.wrap(start..end, 0, '(', format!(")|{ROUNDS}({})", frame.text));
    }
}

/// A block that is open while its text is counted.
struct Frame<'t> {
    keyword: &'t str,
    head: std::ops::Range<usize>,
    text: usize,
    /// The longest branch of an `if`.
    widest: usize,
}

impl Frame<'_> {
    fn captures(&self) -> bool {
        matches!(self.keyword, "macro" | "set" | "call" | "filter")
    }
}

fn apply(source: &str, wraps: Vec<Wrap>, commas: &[usize]) -> Guarded {
    if wraps.is_empty() {
        return Guarded { source: source.to_owned(), inserted: vec![] };
    }
    // At one place closers come first, the innermost before the others; then openers, the outermost first.
    let mut edits: Vec<((usize, bool, Reverse<usize>, i16), String)> = vec![];
    for wrap in wraps {
        edits.push(((wrap.end, false, Reverse(wrap.start), -i16::from(wrap.level)), wrap.close));
        edits.push(((wrap.start, true, Reverse(wrap.end), i16::from(wrap.level)), wrap.open.into()));
    }
    edits.sort();
    let mut out = String::with_capacity(source.len() + edits.len() * 8);
    let mut inserted = Vec::with_capacity(edits.len());
    let mut copied = 0;
    for ((at, ..), text) in edits {
        out.push_str(&source[copied..at]);
        copied = at;
        inserted.push((out.len(), text.len()));
        out.push_str(&text);
    }
    out.push_str(&source[copied..]);
    let guarded = Guarded { source: out, inserted };
    with_commas(guarded, commas)
}

/// Turns each `~` of a chain into a comma; the length stays.
fn with_commas(mut guarded: Guarded, commas: &[usize]) -> Guarded {
    for at in commas {
        let shift: usize = guarded
            .inserted
            .iter()
            .scan(0, |total, (start, length)| {
                let original = start - *total;
                *total += length;
                Some((original, *length))
            })
            .take_while(|(original, _)| original <= at)
            .map(|(_, length)| length)
            .sum();
        guarded.source.replace_range(at + shift..=at + shift, ",");
    }
    guarded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(source: &str) -> String {
        let names = captured_names(std::iter::once(source));
        guard(source, false, &names).source
    }

    #[test]
    fn tildes_become_one_list() {
        assert_eq!(guarded("{{ a ~ b.c ~ 'x' }}"), "{{ [a , b.c , 'x']|__cat(4) }}");
        assert_eq!(
            guarded("{{ (a ~ 1)|f + -b ~ c|g(d) }}"),
            "{{ (([a , 1]|__cat(0))|f + [-b , c|g(d)]|__cat(0))|__bounded }}"
        );
        assert_eq!(
            guarded("{{ '[' ~ a[0] ~ ']' if a is ipv6 else b }}"),
            "{{ ['[' , a[0] , ']']|__cat(5) if a is ipv6 else b }}"
        );
        assert_eq!(
            guarded("{% set x = a + b ~ c - d %}"),
            "{% set x = (a + [b , c]|__cat(0))|__bounded - d %}"
        );
        assert_eq!(guarded("{{ f(x=a ~ b, y=[c~d]) }}"), "{{ f(x=[a , b]|__cat(0), y=[[c,d]|__cat(0)]) }}");
    }

    #[test]
    fn only_names_that_may_be_captured_are_read_as_plain() {
        let source = "{% set x %}y{% endset %}{% set z = values.a %}{{ x == 'y' and z == 1 and values.x }}";
        assert!(guarded(source).ends_with("{{ (x)|__plain == 'y' and z == 1 and values.x }}"));
        let source =
            "{% macro m(a) %}{% endmacro %}{{ m(1) in 'b' or not m(2) }}{{ m(3)[0:2] }}{{ b[m(4)] }}";
        let out = guarded(source);
        assert!(out.contains("{{ (m(1))|__plain in 'b' or not (m(2))|__shown }}"), "{out}");
        assert!(out.ends_with("{{ (m(3)|__plain)[0:2] }}{{ b[(m(4))|__plain] }}"), "{out}");
    }

    #[test]
    fn products_and_loops_are_bounded() {
        assert_eq!(guarded("{{ a * b + 1 }}"), "{{ ((a)|__factor * (b)|__factor)|__bounded + 1 }}");
        let source = "{% set x %}{% for i in range(9) %}text{% endfor %}{% endset %}";
        assert_eq!(
            guarded(source),
            "{% set x %}{% for i in (range(9))|__rounds(4) %}text{% endfor %}{% endset %}"
        );
    }

    #[test]
    fn places_find_their_way_back() {
        let names = BTreeSet::new();
        let source = "{{ a ~ bad * c }}";
        let guarded = guard(source, false, &names);
        for word in ["a ", "bad", "c)", "}}"] {
            let at = guarded.source.find(word).expect("it is there");
            let word = word.trim_end_matches(')').trim();
            assert!(source[guarded.original(at)..].starts_with(word), "{word}");
        }
    }
}
