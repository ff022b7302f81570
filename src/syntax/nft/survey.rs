//! What a ruleset says of its variables and its sets: what a variable is used for, what the elements of a set are.

use super::super::Datum;
use super::super::slots::{MARK, slot_at};
use super::places::{self, Elements, Place};
use super::{Brace, LINE, Lexer, QUOTE, STRUCTURE, word_end};
use std::cell::OnceCell;

/// The uses of variables and the definitions of sets, by name.
#[derive(Debug, Default)]
pub(super) struct Survey {
    variables: Vec<(String, Place)>,
    sets: Vec<(String, Elements)>,
}

impl Survey {
    /// Reads a whole ruleset with its values in it.
    pub(super) fn of(text: &str, data: &[Datum]) -> Self {
        let mut survey = Self::default();
        // The reading below asks for no survey of its own.
        let mut lexer = Lexer { survey: OnceCell::from(Self::default()), ..Lexer::new(text, data) };
        let mut names: Vec<Option<String>> = Vec::new();
        while lexer.at < text.len() {
            let stop = STRUCTURE.next(lexer.bytes, lexer.at);
            for step in memchr::memchr_iter(b'$', &lexer.bytes[lexer.at..stop]) {
                survey.use_of(&lexer, lexer.at + step);
            }
            lexer.at = stop;
            match lexer.bytes.get(stop) {
                None => break,
                Some(b'"') => lexer.at = (QUOTE.past_slots(lexer.bytes, stop + 1) + 1).min(text.len()),
                Some(b'#') => lexer.at = LINE.past_slots(lexer.bytes, stop),
                Some(&MARK) => lexer.at = slot_at(lexer.bytes, stop).map_or(stop + 1, |slot| slot.end),
                Some(b'{') => {
                    names.push(set_name(&lexer.words(lexer.statement..stop)));
                    lexer.sign(b'{');
                }
                Some(b'}') => {
                    if let (Some(Brace::Block(start)), Some(Some(name))) = (lexer.open.last(), names.pop()) {
                        survey.sets.push((name, places::defined(&lexer.words(*start..stop))));
                    }
                    lexer.sign(b'}');
                }
                Some(byte) => lexer.sign(*byte),
            }
        }
        survey
    }

    /// Notes what the variable at `dollar` stands for.
    fn use_of(&mut self, lexer: &Lexer<'_>, dollar: usize) {
        let end = word_end(lexer.bytes, dollar + 1, lexer.bytes.len());
        let name = lexer.filling.substituted(&lexer.filling.text[dollar + 1..end]).unwrap_or_default();
        let words = lexer.words(lexer.statement..dollar);
        let place = match (words.as_slice(), lexer.open.last()) {
            // What a variable of a variable stands for is not followed.
            ([.., "define" | "redefine", _, "="], _) => Place::Unknown,
            (["elements", "="], Some(Brace::Block(start))) => {
                let elements = places::defined(&lexer.words(*start..lexer.statement));
                elements.key.first().copied().unwrap_or(Place::Unknown)
            }
            _ => lexer.place(dollar, end),
        };
        self.variables.push((name, place));
    }

    /// Returns what a variable stands for wherever it is used; nothing if it is not.
    pub(super) fn variable(&self, name: &str) -> Option<Place> {
        let mut uses = self.variables.iter().filter(|(known, _)| known == name).map(|(_, place)| *place);
        let first = uses.next()?;
        Some(if uses.all(|other| other == first) { first } else { Place::Unknown })
    }

    /// Returns what the elements of a set are, if all sets of this name agree.
    pub(super) fn set(&self, name: &str) -> Option<Elements> {
        let mut sets = self.sets.iter().filter(|(known, _)| known == name).map(|(_, elements)| elements);
        let first = sets.next()?;
        sets.all(|other| other == first).then(|| first.clone())
    }
}

/// Returns the name of the set or map that this header defines.
fn set_name(header: &[&str]) -> Option<String> {
    let words: Vec<&str> = header.iter().copied().filter(|word| *word != "\n").collect();
    match words.as_slice() {
        ["set" | "map", .., name] | ["add" | "create", "set" | "map", .., name] => Some((*name).to_owned()),
        _ => None,
    }
}
