//! A rule of nftables as packets and a verdict.
//!
//! Words are taken from the left. A condition on a field of [`super::super::Field`] narrows; a condition whose shape
//! is known and whose field is not becomes a doubt; at the first word that is neither, the rest of the rule may do
//! anything.

use super::super::names;
use super::super::region::{Region, cross};
use super::super::rules::{Action, Part, Rule};
use super::canonical;
use super::fields::{Asked, Known};
use super::listing::{Table, Word, Words};
use super::values::{self, Condition};

/// More boxes in one rule than this are not followed.
const MOST_REGIONS: usize = 20_000;

/// Reads a rule of a table; `prefix` goes before names of chains.
pub(super) fn read(rule: &Words, table: &Table, prefix: &str) -> Rule {
    let words = canonical::strip(&rule.words);
    let mut reader = Reader {
        words: &words,
        at: 0,
        table,
        prefix,
        ways: vec![Way { regions: vec![Region::all()], doubts: vec![] }],
        parts: vec![],
    };
    reader.rule();
    Rule { line: rule.line, text: canonical::spell(&words), parts: reader.parts }
}

/// Packets that reach a place in a rule, if some doubts hold.
#[derive(Clone)]
struct Way {
    regions: Vec<Region>,
    doubts: Vec<String>,
}

struct Reader<'r> {
    words: &'r [Word],
    at: usize,
    table: &'r Table,
    prefix: &'r str,
    ways: Vec<Way>,
    parts: Vec<Part>,
}

/// A word of a rule that was not understood.
struct Lost;

impl Reader<'_> {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).and_then(Word::plain)
    }

    fn plain(&self, ahead: usize) -> Option<&str> {
        self.words.get(self.at + ahead).and_then(Word::plain)
    }

    fn rule(&mut self) {
        while self.at < self.words.len() {
            if self.ways.is_empty() {
                return;
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return,
                Err(Lost) => return self.verdict(&Action::Unknown),
            }
        }
    }

    /// One statement; `false` after the last that can decide.
    fn step(&mut self) -> Result<bool, Lost> {
        let word = self.peek().ok_or(Lost)?.to_owned();
        let verdict = match word.as_str() {
            "accept" => Some(Action::Accept),
            "drop" | "reject" => Some(Action::Deny),
            "return" => Some(Action::Return),
            "jump" | "goto" => {
                let target = format!("{}{}", self.prefix, self.plain(1).ok_or(Lost)?);
                Some(if word == "jump" { Action::Jump(target) } else { Action::Goto(target) })
            }
            _ => None,
        };
        if let Some(verdict) = verdict {
            self.verdict(&verdict);
            return Ok(false);
        }
        match word.as_str() {
            "continue" => self.at += 1,
            "log" => self.log(),
            "limit" | "quota" => self.rate()?,
            "meta" | "ct" if self.plain(2) == Some("set") => self.setting()?,
            "ip" | "ip6" | "tcp" if self.sets_what_nobody_asks() => self.setting()?,
            word if word.starts_with("json-match:") => self.doubt(1),
            word if word.starts_with("json-set:") => self.at += 1,
            _ => return self.condition(),
        }
        Ok(true)
    }

    fn verdict(&mut self, action: &Action) {
        for way in std::mem::take(&mut self.ways) {
            // Whatever follows, with what the sets in it hold, is one thing that nobody knows.
            let rest = (*action == Action::Unknown).then(|| {
                let from = self.at.min(self.words.len());
                canonical::spell(&self.words[from..]) + &self.spelled_sets(from, self.words.len())
            });
            let doubts: Vec<String> = way.doubts.into_iter().chain(rest).collect();
            let doubt = (!doubts.is_empty()).then(|| doubts.join(" "));
            self.parts.push(Part { regions: way.regions, doubt, action: action.clone() });
        }
    }

    fn log(&mut self) {
        self.at += 1;
        while matches!(
            self.peek(),
            Some("prefix" | "level" | "group" | "snaplen" | "queue-threshold" | "flags")
        ) {
            self.at += 2;
            while self.words.get(self.at) == Some(&Word::Comma) {
                self.at += 2;
            }
        }
    }

    /// `limit rate over 10/second burst 5 packets`, `quota until 10 mbytes`: true for some packets and not for others.
    fn rate(&mut self) -> Result<(), Lost> {
        let from = self.at;
        let is_limit = self.peek() == Some("limit");
        self.at += 1;
        if self.peek() == Some("name") {
            self.at += 2;
        } else {
            self.at += usize::from(is_limit && self.peek() == Some("rate"));
            self.at += usize::from(matches!(self.peek(), Some("over" | "until")));
            self.at += 1;
            while matches!(
                self.peek(),
                Some("bytes" | "kbytes" | "mbytes" | "gbytes" | "packets" | "burst" | "used")
            ) {
                self.at += if matches!(self.peek(), Some("burst" | "used")) { 2 } else { 1 };
            }
            // `10 bytes/second` is two words.
            while self.peek().is_some_and(|word| word.contains("bytes/")) {
                self.at += 1;
            }
        }
        let words = self.words.get(from..self.at).ok_or(Lost)?;
        let doubt = canonical::spell(words);
        self.ways.iter_mut().for_each(|way| way.doubts.push(doubt.clone()));
        Ok(())
    }

    /// Whether a header field is set that no rule here can ask for.
    fn sets_what_nobody_asks(&self) -> bool {
        let set = |ahead| self.plain(ahead) == Some("set");
        matches!(self.plain(1), Some("dscp" | "ecn" | "ttl" | "hoplimit" | "flowlabel" | "id")) && set(2)
            || self.plain(1) == Some("option") && self.plain(2) == Some("maxseg") && set(4)
    }

    /// Skips `... set VALUE`: nothing that is asked for changes.
    fn setting(&mut self) -> Result<(), Lost> {
        while self.peek().ok_or(Lost)? != "set" {
            self.at += 1;
        }
        // A value can be a calculation or a lookup; only a plain one is skipped with certainty.
        let last = self.at + 1;
        self.words.get(last).ok_or(Lost)?;
        let goes_on = self.words.get(last + 1).and_then(Word::plain);
        if goes_on.is_some_and(|word| OPERATORS.contains(&word) || matches!(word, "map" | "." | "vmap")) {
            return Err(Lost);
        }
        self.at = last + 1;
        Ok(())
    }

    /// Takes some words as a condition that nobody knows.
    fn doubt(&mut self, words: usize) {
        let spelled = canonical::spell(&self.words[self.at..self.at + words]);
        self.ways.iter_mut().for_each(|way| way.doubts.push(spelled.clone()));
        self.at += words;
    }

    fn condition(&mut self) -> Result<bool, Lost> {
        let from = self.at;
        let mut keys = vec![self.key()?];
        while self.peek() == Some(".") {
            self.at += 1;
            keys.push(self.key()?);
        }
        if self.peek() == Some("vmap") {
            self.at += 1;
            self.verdict_map(&keys)?;
            return Ok(false);
        }
        let narrowed = keys.iter().map(|key| key.known.clone()).collect::<Option<Vec<Known>>>();
        let at_value = self.at;
        let understood = narrowed.and_then(|known| self.values(&known));
        if let Some(condition) = understood {
            self.narrow(condition);
            return Ok(true);
        }
        self.at = at_value;
        self.skip_value()?;
        let mut words = canonical::spell(&self.words[from..self.at]);
        words.push_str(&self.spelled_sets(from, self.at));
        for key in keys {
            self.narrow(Condition::only(vec![key.implies]));
        }
        self.ways.iter_mut().for_each(|way| way.doubts.push(words.clone()));
        Ok(true)
    }

    fn key(&mut self) -> Result<Asked, Lost> {
        let words: Vec<&str> = (0..4).map_while(|ahead| self.plain(ahead)).collect();
        let asked = super::fields::asked(&words).ok_or(Lost)?;
        self.at += asked.words;
        Ok(asked)
    }

    /// What sets hold is part of a condition that nobody knows.
    fn spelled_sets(&self, from: usize, to: usize) -> String {
        let names =
            self.words[from..to].iter().filter_map(Word::plain).filter_map(|word| word.strip_prefix('@'));
        let sets = names.filter_map(|name| self.table.sets.get(name));
        sets.map(|set| format!(" {:?}", canonical::elements(set).into_keys().collect::<Vec<_>>())).collect()
    }

    fn narrow(&mut self, condition: Condition) {
        let mut ways = vec![];
        for way in std::mem::take(&mut self.ways) {
            let sure = cross(&way.regions, &condition.sure);
            let maybe = cross(&way.regions, &condition.maybe);
            if !sure.is_empty() {
                ways.push(Way { regions: sure, doubts: way.doubts.clone() });
            }
            if !maybe.is_empty() {
                let mut doubts = way.doubts;
                doubts.push("the port of a protocol without ports".into());
                ways.push(Way { regions: maybe, doubts });
            }
        }
        if ways.iter().map(|way| way.regions.len()).sum::<usize>() > MOST_REGIONS {
            let regions = vec![Region::all()];
            ways = vec![Way { regions, doubts: vec![canonical::spell(self.words)] }];
        }
        self.ways = ways;
    }

    /// The packets whose fields have the values that follow.
    fn values(&mut self, keys: &[Known]) -> Option<Condition> {
        const COMPARED: [&str; 6] = ["!=", "==", "<", ">", "<=", ">="];
        let operator = self.peek().filter(|word| COMPARED.contains(word)).unwrap_or("==").to_owned();
        self.at += usize::from(self.peek() == Some(operator.as_str()));
        let is_listed = !matches!(self.words.get(self.at), Some(Word::Braces(_)));
        let items = self.items()?;
        // `ct state != a,b` is a test of bits.
        if is_listed
            && items.len() > 1
            && operator != "=="
            && self.words.get(self.at - 2) == Some(&Word::Comma)
        {
            return None;
        }
        if self.peek().is_some_and(|word| OPERATORS.contains(&word)) {
            return None;
        }
        values::condition(keys, &operator, &items)
    }

    /// A word, words with commas, a set, a named set.
    fn items(&mut self) -> Option<Vec<Vec<Word>>> {
        let first = self.words.get(self.at)?.clone();
        self.at += 1;
        match first {
            Word::Braces(items) => Some(items.iter().map(|item| canonical::strip(item)).collect()),
            Word::Plain(name) if name.starts_with('@') => self.named(&name[1..]),
            Word::Comma => None,
            word => {
                let mut items = vec![vec![word]];
                while self.words.get(self.at) == Some(&Word::Comma) {
                    items.push(vec![self.words.get(self.at + 1)?.clone()]);
                    self.at += 2;
                }
                // `a . b` without braces is one value in parts.
                while self.peek() == Some(".") {
                    let part = self.words.get(self.at + 1)?.clone();
                    items.first_mut()?.extend([Word::Plain(".".into()), part]);
                    self.at += 2;
                }
                Some(items)
            }
        }
    }

    fn named(&self, name: &str) -> Option<Vec<Vec<Word>>> {
        let set = self.table.sets.get(name)?;
        // What packets can add to a set is not known from its listing.
        let moves = set
            .settings
            .get("flags")
            .is_some_and(|flags| flags.contains("dynamic") || flags.contains("timeout"));
        if moves || set.settings.contains_key("timeout") {
            return None;
        }
        Some(set.elements.iter().map(|item| canonical::strip(item)).collect())
    }

    /// Goes past the value of a condition that is not understood: `& (fin | syn) == syn`, `{ a, b }`, `oif missing`.
    fn skip_value(&mut self) -> Result<(), Lost> {
        let mut wanted = true;
        loop {
            match self.words.get(self.at) {
                Some(Word::Plain(word)) if OPERATORS.contains(&word.as_str()) => {
                    wanted = true;
                    self.at += 1;
                }
                Some(Word::Comma) => {
                    wanted = true;
                    self.at += 1;
                }
                Some(Word::Plain(word)) if wanted && word.starts_with('(') => {
                    while !self.peek().ok_or(Lost)?.ends_with(')') {
                        self.at += 1;
                    }
                    self.at += 1;
                    wanted = false;
                }
                Some(Word::Plain(word)) if wanted && !starts_statement(word) => {
                    self.at += 1;
                    wanted = false;
                }
                Some(Word::Quoted(_) | Word::Braces(_)) if wanted => {
                    self.at += 1;
                    wanted = false;
                }
                _ if wanted => return Err(Lost),
                _ => return Ok(()),
            }
        }
    }

    fn verdict_map(&mut self, keys: &[Asked]) -> Result<(), Lost> {
        let items = self.items().ok_or(Lost)?;
        let known = keys.iter().map(|key| key.known.clone()).collect::<Option<Vec<Known>>>();
        let ways = std::mem::take(&mut self.ways);
        for item in items {
            let item = values::split_colons(&item);
            let colon = item.iter().position(|word| word.plain() == Some(":")).ok_or(Lost);
            let Ok(colon) = colon else {
                self.ways = ways;
                return Err(Lost);
            };
            let verdict: Vec<&str> = item[colon + 1..].iter().filter_map(Word::plain).collect();
            let action = match verdict.as_slice() {
                ["accept"] => Action::Accept,
                ["drop"] => Action::Deny,
                ["return"] => Action::Return,
                ["continue"] => continue,
                ["jump", target] => Action::Jump(format!("{}{target}", self.prefix)),
                ["goto", target] => Action::Goto(format!("{}{target}", self.prefix)),
                _ => Action::Unknown,
            };
            self.ways = ways.clone();
            match known.as_ref().and_then(|known| values::condition(known, "==", &[item[..colon].to_vec()])) {
                Some(condition) => self.narrow(condition),
                None => {
                    let words = canonical::spell(&item[..colon]);
                    self.ways.iter_mut().for_each(|way| way.doubts.push(format!("vmap {words}")));
                }
            }
            // Keys of a map exclude each other: the order of its elements says nothing.
            for way in std::mem::take(&mut self.ways) {
                let doubt = (!way.doubts.is_empty()).then(|| way.doubts.join(" "));
                self.parts.push(Part { regions: way.regions, doubt, action: action.clone() });
            }
        }
        Ok(())
    }
}

/// What may stand between values.
const OPERATORS: [&str; 18] = [
    "!=", "==", "<", ">", "<=", ">=", "&", "|", "^", "/", "<<", ">>", "and", "or", "xor", "lshift", "rshift",
    "!",
];

/// Whether a word begins a statement, so that it is no value.
fn starts_statement(word: &str) -> bool {
    const WORDS: [&str; 40] = [
        "accept",
        "drop",
        "reject",
        "return",
        "jump",
        "goto",
        "continue",
        "queue",
        "log",
        "limit",
        "quota",
        "counter",
        "meta",
        "ct",
        "ip",
        "ip6",
        "tcp",
        "udp",
        "th",
        "icmp",
        "icmpv6",
        "ether",
        "vlan",
        "iif",
        "oif",
        "iifname",
        "oifname",
        "fib",
        "rt",
        "socket",
        "sctp",
        "snat",
        "dnat",
        "masquerade",
        "redirect",
        "notrack",
        "set",
        "add",
        "update",
        "vmap",
    ];
    // Some of these are values as well (`meta protocol ip`); then the rest of the rule is not understood, which is safe.
    WORDS.contains(&word) && names::protocol(word).is_none()
}
