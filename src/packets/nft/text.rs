//! The language of nft files, as far as comparing needs it: a sequence of commands that leaves tables behind.
//!
//! What is not understood is never skipped: an unknown statement in a rule stays in it as words, an unknown command
//! makes the file unreadable.

use super::Unreadable;
use super::listing::{Chain, Listing, Set, Table, Word, Words};
use super::tokens::{Token, tokens};
use std::collections::HashMap;

/// Deepest nesting of braces.
const MAX_DEPTH: usize = 16;

/// Reads a file. The place of a problem is its line.
pub(super) fn read(text: &str) -> Result<Listing, Unreadable> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens, at: 0, variables: HashMap::new(), listing: Listing::default() };
    reader.file()?;
    Ok(reader.listing)
}

struct Reader {
    tokens: Vec<(Token, u32)>,
    at: usize,
    variables: HashMap<String, Vec<Word>>,
    listing: Listing,
}

type Read<T> = Result<T, Unreadable>;

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn line(&self) -> u32 {
        self.tokens.get(self.at.min(self.tokens.len().saturating_sub(1))).map_or(1, |(_, line)| *line)
    }

    fn fail<T>(&self, what: impl Into<String>) -> Read<T> {
        Err(Unreadable::new(what, self.line() as usize))
    }

    /// What nft would do, and comparing cannot.
    fn leave<T>(&self, what: &str) -> Read<T> {
        Err(Unreadable::unfollowed(what, self.line() as usize))
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).map(|(token, _)| token.clone());
        self.at += 1;
        token
    }

    fn word(&mut self) -> Read<String> {
        match self.next() {
            Some(Token::Word(word) | Token::Text(word)) => Ok(word),
            _ => {
                self.at = self.at.saturating_sub(1);
                self.fail("a name is expected here")
            }
        }
    }

    fn skip_ends(&mut self) {
        while self.peek() == Some(&Token::End) {
            self.at += 1;
        }
    }

    fn skip_statement(&mut self) {
        while !matches!(self.peek(), None | Some(Token::End)) {
            self.at += 1;
        }
    }

    fn file(&mut self) -> Read<()> {
        loop {
            self.skip_ends();
            let Some(token) = self.peek().cloned() else { return Ok(()) };
            let Token::Word(word) = token else { return self.fail("not an nft command") };
            self.at += 1;
            match word.as_str() {
                "table" => self.table()?,
                "add" | "create" => self.command(false)?,
                "insert" => self.command(true)?,
                "flush" | "delete" | "destroy" => self.remove()?,
                "define" | "redefine" => self.define()?,
                "undefine" => self.skip_statement(),
                "list" | "reset" | "rename" | "replace" | "monitor" | "describe" | "import" | "export" => {
                    return self.leave("a command that is not followed");
                }
                "include" => return self.leave("another file is included; it is not followed"),
                _ => return self.fail("not an nft command"),
            }
        }
    }

    /// Family (ip where none is written) and name.
    fn table_name(&mut self) -> Read<String> {
        const FAMILIES: [&str; 6] = ["ip", "ip6", "inet", "arp", "bridge", "netdev"];
        let first = self.word()?;
        if FAMILIES.contains(&first.as_str()) {
            return Ok(format!("{first} {}", self.word()?));
        }
        Ok(format!("ip {first}"))
    }

    fn table_mut(&mut self, name: &str) -> &mut Table {
        let line = self.line();
        self.listing.tables.entry(name.to_owned()).or_insert_with(|| Table { line, ..Table::default() })
    }

    fn table(&mut self) -> Read<()> {
        let name = self.table_name()?;
        self.table_mut(&name);
        if self.peek() != Some(&Token::Open) {
            return Ok(());
        }
        self.at += 1;
        loop {
            self.skip_ends();
            match self.next() {
                Some(Token::Close) => return Ok(()),
                Some(Token::Word(word)) => self.table_item(&name, &word)?,
                None => return self.fail("the file ends inside a table"),
                _ => return self.fail("a chain, a set or another part of a table is expected here"),
            }
        }
    }

    fn table_item(&mut self, table: &str, word: &str) -> Read<()> {
        match word {
            "chain" => {
                let chain = self.word()?;
                self.chain_body(table, &chain)
            }
            "set" | "map" => {
                let set = self.word()?;
                self.set_body(table, &set, word)
            }
            "comment" => {
                self.skip_statement();
                Ok(())
            }
            "flags" => {
                let words = self.statement(0)?;
                let spelled = super::canonical::spell(&words);
                self.table_mut(table).others.insert("flags".into(), spelled);
                Ok(())
            }
            other => {
                let mut words = self.statement(0)?;
                let name = match words.iter().position(|word| matches!(word, Word::Braces(_))) {
                    Some(at) => words
                        .drain(..at)
                        .filter_map(|word| word.plain().map(str::to_owned))
                        .collect::<Vec<_>>()
                        .join(" "),
                    None => String::new(),
                };
                if other == "counter" {
                    // A counter's figures are nothing; that it is there is said by the rules that use it.
                    return Ok(());
                }
                let spelled = super::canonical::spell(&words);
                self.table_mut(table).others.insert(format!("{other} {name}"), spelled);
                Ok(())
            }
        }
    }

    fn chain_body(&mut self, table: &str, name: &str) -> Read<()> {
        let line = self.line();
        self.table_mut(table)
            .chains
            .entry(name.to_owned())
            .or_insert_with(|| Chain { line, ..Chain::default() });
        self.skip_ends();
        if self.peek() != Some(&Token::Open) {
            return Ok(());
        }
        self.at += 1;
        loop {
            self.skip_ends();
            match self.peek() {
                Some(Token::Close) => {
                    self.at += 1;
                    return Ok(());
                }
                None => return self.fail("the file ends inside a chain"),
                _ => {}
            }
            let line = self.line();
            let words = self.statement(0)?;
            if words.is_empty() {
                return self.fail("a rule is expected here");
            }
            self.chain_statement(table, name, Words { line, words });
        }
    }

    fn chain_statement(&mut self, table: &str, name: &str, rule: Words) {
        let Some(chain) = self.table_mut(table).chains.get_mut(name) else { return };
        match rule.words.first().and_then(Word::plain) {
            Some("type") => chain.hook = Some(super::canonical::hook(&rule.words)),
            Some("policy") => chain.policy = rule.words.get(1).and_then(Word::plain).map(str::to_owned),
            Some("comment") => {}
            _ => chain.rules.push(rule),
        }
    }

    fn set_body(&mut self, table: &str, name: &str, kind: &str) -> Read<()> {
        let mut set = Set { line: self.line(), ..Set::default() };
        set.settings.insert("is".into(), kind.to_owned());
        if self.peek() == Some(&Token::Open) {
            self.at += 1;
            loop {
                self.skip_ends();
                match self.next() {
                    Some(Token::Close) => break,
                    Some(Token::Word(key)) if key == "elements" => {
                        if self.peek() == Some(&Token::Word("=".into())) {
                            self.at += 1;
                        }
                        set.elements.extend(self.elements()?);
                    }
                    Some(Token::Word(key)) if key.starts_with("elements=") => {
                        set.elements.extend(self.elements()?);
                    }
                    Some(Token::Word(key)) => {
                        let words = self.statement(0)?;
                        set.settings.insert(key, super::canonical::spell_sorted(&words));
                    }
                    None => return self.fail("the file ends inside a set"),
                    _ => return self.fail("a setting of a set is expected here"),
                }
            }
        }
        let known = self.table_mut(table).sets.entry(name.to_owned()).or_default();
        if known.settings.is_empty() {
            *known = set;
        } else {
            known.settings.extend(set.settings);
            known.elements.extend(set.elements);
        }
        Ok(())
    }

    fn elements(&mut self) -> Read<Vec<Vec<Word>>> {
        let words = self.statement(0)?;
        Ok(words
            .into_iter()
            .flat_map(|word| match word {
                Word::Braces(items) => items,
                _ => vec![],
            })
            .collect())
    }

    /// `add table`, `add chain`, `add rule`, `add set`, `add element`.
    fn command(&mut self, at_top: bool) -> Read<()> {
        let what = self.word()?;
        match what.as_str() {
            "table" => self.table(),
            "chain" => {
                let table = self.table_name()?;
                let chain = self.word()?;
                self.chain_body(&table, &chain)
            }
            "set" | "map" => {
                let table = self.table_name()?;
                let set = self.word()?;
                self.set_body(&table, &set, &what)
            }
            "rule" => {
                let table = self.table_name()?;
                let chain = self.word()?;
                let line = self.line();
                let words = self.statement(0)?;
                if matches!(words.first().and_then(Word::plain), Some("index" | "position" | "handle")) {
                    return self.leave("a rule at a place that only the device knows is not followed");
                }
                let rules = &mut self.table_mut(&table).chains.entry(chain).or_default().rules;
                let at = if at_top { 0 } else { rules.len() };
                rules.insert(at, Words { line, words });
                Ok(())
            }
            "element" => {
                let table = self.table_name()?;
                let set = self.word()?;
                let elements = self.elements()?;
                self.table_mut(&table).sets.entry(set).or_default().elements.extend(elements);
                Ok(())
            }
            other => {
                let table = self.table_name()?;
                let words = self.statement(0)?;
                let name = words.first().and_then(Word::plain).unwrap_or_default().to_owned();
                let spelled = super::canonical::spell(&words);
                self.table_mut(&table).others.insert(format!("{other} {name}"), spelled);
                Ok(())
            }
        }
    }

    /// `flush ruleset`, `delete table`, and the like.
    fn remove(&mut self) -> Read<()> {
        let what = self.word()?;
        match what.as_str() {
            "ruleset" => self.listing.tables.clear(),
            "table" => {
                let name = self.table_name()?;
                self.listing.tables.remove(&name);
            }
            "chain" => {
                let table = self.table_name()?;
                let chain = self.word()?;
                if let Some(chain) =
                    self.listing.tables.get_mut(&table).and_then(|table| table.chains.get_mut(&chain))
                {
                    chain.rules.clear();
                }
            }
            _ => return self.leave("a command that takes single things away is not followed"),
        }
        self.skip_statement();
        Ok(())
    }

    fn define(&mut self) -> Read<()> {
        let name = self.word()?;
        if self.peek() == Some(&Token::Word("=".into())) {
            self.at += 1;
        }
        let words = self.statement(0)?;
        self.variables.insert(format!("${}", name.trim_end_matches('=')), words);
        Ok(())
    }

    /// The words up to the end of a statement; inside braces line breaks are nothing.
    fn statement(&mut self, depth: usize) -> Read<Vec<Word>> {
        if depth > MAX_DEPTH {
            return self.leave("nested too deep");
        }
        let mut words = vec![];
        loop {
            match self.peek() {
                None | Some(Token::End | Token::Close) => break,
                Some(Token::Comma) => {
                    if depth > 0 {
                        break;
                    }
                    words.push(Word::Comma);
                    self.at += 1;
                    // A list may go on in the next line.
                    self.skip_ends();
                }
                Some(Token::Open) => {
                    self.at += 1;
                    words.push(Word::Braces(self.braces(depth + 1)?));
                }
                Some(Token::Word(_)) => {
                    let Some(Token::Word(word)) = self.next() else { continue };
                    match self.variables.get(&word) {
                        Some(value) => words.extend(value.iter().cloned()),
                        None => words.push(Word::Plain(word)),
                    }
                }
                Some(Token::Text(_)) => {
                    let Some(Token::Text(text)) = self.next() else { continue };
                    words.push(Word::Quoted(text));
                }
            }
        }
        Ok(words)
    }

    fn braces(&mut self, depth: usize) -> Read<Vec<Vec<Word>>> {
        let mut items = vec![];
        loop {
            self.skip_ends();
            match self.peek() {
                None => return self.fail("the file ends inside braces"),
                Some(Token::Close) => {
                    self.at += 1;
                    return Ok(items);
                }
                Some(Token::Comma) => self.at += 1,
                Some(_) => {
                    let item = self.statement(depth)?;
                    // A variable that is a set brings its elements along.
                    match item.as_slice() {
                        [Word::Braces(inner)] => items.extend(inner.iter().cloned()),
                        _ => items.push(item),
                    }
                }
            }
        }
    }
}
