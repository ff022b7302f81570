//! Templates to text, each value on a slot, and slots to literals of the output's syntax.
//!
//! The formatter writes a marker where a value is printed and keeps the value; after rendering, the syntax walks the
//! text once and writes each value for the place where it stands. So a value can never become syntax, whether it
//! came through a loop, a macro, an import or a capture.

use super::marks::{self, Depth, LITERAL_OPEN, Marked};
use super::trace::Trace;
use crate::finding::{Finding, Place};
use crate::load::nearest;
use crate::resolve::expression::{self, Error, Scope, Value, describe, is_secret};
use crate::resolve::operators::{Guarded, captured_names, guard, overlong};
use crate::resolve::strict::{self, Reading, charge};
use crate::source::Text;
use crate::syntax::{CLOSE, Datum, OPEN, Syntax, json_literal, toml_literal, yaml_literal};
pub(super) use minijinja::machinery::Token;
use minijinja::machinery::tokenize;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// Steps that one file may take.
const FUEL: u64 = 5_000_000;
/// Largest rendered file, in bytes.
const MAX_OUTPUT: usize = 64 << 20;
/// What a value takes beside its text.
const VALUE_WORK: usize = 128;
/// Room that a file gets to begin with, in bytes and in values; most need no more.
const ROOM: (usize, usize) = (16 << 10, 512);
/// The filter that an instrumented template runs every printed expression through.
pub(super) const MARK_FILTER: &str = "__slot";

/// The values of one rendering, by slot.
#[derive(Default)]
struct Slots {
    data: Vec<Datum>,
    /// Where each slot was printed, by instrumented templates.
    places: Vec<usize>,
    here: usize,
    /// Whether literal text carries marks too.
    traced: bool,
    /// The marker that is being written.
    marker: String,
    secret: Option<Arc<str>>,
}

thread_local! {
    static SLOTS: RefCell<Slots> = RefCell::default();
}

/// Output that refuses to grow beyond all measure.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(std::io::Error::other("the output is too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.write(bytes).map(drop)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Bounded {
    fn new() -> Self {
        Self(Vec::with_capacity(ROOM.0))
    }

    /// What was written. The standard library's check of UTF-8 is slow where there are markers.
    fn text(&self) -> &str {
        simdutf8::basic::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The compiled templates of one target.
pub struct Templates {
    sources: BTreeMap<String, Arc<Text>>,
    /// Names that may hold captured text in any of them.
    captured: BTreeSet<String>,
    env: Environment<'static>,
    /// The same with marks, by depth; made when a place in a template is wanted.
    marked: [OnceLock<(Environment<'static>, Marked)>; Depth::ALL.len()],
    secret: Option<Arc<str>>,
}

impl Templates {
    /// Compiles every template of a target; what does not compile is a finding at its line.
    pub(super) fn compile(
        sources: Vec<(String, Text)>,
        secret: Option<&str>,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut env = environment();
        let mut texts = BTreeMap::new();
        let captured = captured_names(sources.iter().map(|(_, text)| text.content.as_str()));
        for (name, text) in sources {
            let text = Arc::new(text);
            if let Some(finding) = forbidden(&text) {
                findings.push(finding);
                texts.insert(name, text);
                continue;
            }
            let guarded = guarded(&text.content, &captured);
            if let Err(error) = env.add_template_owned(name.clone(), guarded.source.clone()) {
                findings.push(at_template(&error, &text, &guarded, "template-error"));
            }
            texts.insert(name, text);
        }
        Self { sources: texts, captured, env, marked: Default::default(), secret: secret.map(Into::into) }
    }

    /// Returns whether there is a template of this name.
    pub fn has(&self, name: &str) -> bool {
        self.sources.contains_key(name)
    }

    /// Lists the templates.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// Returns the text of a template.
    pub fn text(&self, name: &str) -> Option<&Arc<Text>> {
        self.sources.get(name)
    }

    /// Lists the places where `|safe` takes a value out of escaping.
    pub fn unescaped(&self) -> Vec<Place> {
        let mut places = vec![];
        for text in self.sources.values() {
            let tokens: Vec<_> = tokens(&text.content);
            for pair in tokens.windows(2) {
                if let [(Token::Pipe, _), (Token::Ident("safe"), at)] = pair {
                    let span = crate::source::Span { start: at.start_offset, end: at.end_offset };
                    places.push(Place::span(text, span));
                }
            }
        }
        places
    }

    /// Renders one template in a syntax.
    pub(super) fn render(
        &self,
        name: &str,
        syntax: &dyn Syntax,
        context: Value,
    ) -> Result<String, Box<Finding>> {
        let (raw, data) = self.run(&self.env, name, context.clone(), false)?;
        let text = raw.text();
        match syntax.fill(text, &data.data) {
            // A marker that no value replaced means that the syntax lost its way in the template's text.
            Ok(filled) if filled.spans.len() == markers(text, filled.spans.len()) => Ok(filled.text),
            Ok(_) => {
                let message = format!(
                    "the output is not well-formed {}, so that values cannot be placed",
                    syntax.title()
                );
                let place = Place::file(self.sources[name].name.clone());
                Err(Box::new(
                    Finding::error("template-error", message)
                        .at(place)
                        .next("correct quotes, brackets or indents of the template"),
                ))
            }
            Err(refusal) => {
                let place = self.slot_place(name, context.clone(), refusal.slot);
                let finding = Finding::error("unsafe-value", refusal.message).next(refusal.next);
                let other = refusal.other.and_then(|slot| self.slot_place(name, context, slot));
                let finding = match other {
                    Some(other) if place.as_ref() != Some(&other) => {
                        finding.see(other, "it is written here first")
                    }
                    _ => finding,
                };
                Err(Box::new(match place {
                    Some(place) => finding.at(place),
                    None => finding.at(Place::file(self.sources[name].name.clone())),
                }))
            }
        }
    }

    /// Runs a template; the text has a marker wherever a value was printed.
    fn run(
        &self,
        env: &Environment<'static>,
        name: &str,
        context: Value,
        traced: bool,
    ) -> Result<(Bounded, Slots), Box<Finding>> {
        let mut out = Bounded::new();
        let rendered = |env: &Environment<'static>, out: &mut Bounded| {
            let (data, places) = (Vec::with_capacity(ROOM.1), Vec::with_capacity(ROOM.1));
            SLOTS.replace(Slots { data, places, secret: self.secret.clone(), traced, ..Slots::default() });
            let template = env.get_template(name)?;
            strict::apart(|| template.render_captured_to(context.clone(), out).map(drop))
        };
        let result = rendered(env, &mut out);
        let slots = SLOTS.take();
        match result {
            Ok(()) => Ok((out, slots)),
            Err(error) if error.kind() == ErrorKind::WriteFailure => {
                // What overflows has no place. With less fuel the run stops in the same loop, and that has one.
                let mut env = env.clone();
                let stopped = (1..20).find_map(|halvings| {
                    env.set_fuel(Some(FUEL >> halvings));
                    let error = rendered(&env, &mut Bounded::new()).err();
                    error.filter(|error| error.kind() == ErrorKind::OutOfFuel)
                });
                SLOTS.take();
                let finding = self.explain(&stopped.unwrap_or(error), name, &context);
                let message = format!("the output grows beyond {} MiB", MAX_OUTPUT >> 20);
                Err(Box::new(Finding { message, ..finding }.next("bound the loop that makes it")))
            }
            Err(error) => Err(Box::new(self.explain(&error, name, &context))),
        }
    }

    fn explain(&self, error: &Error, name: &str, context: &Value) -> Finding {
        // The innermost error knows the place best: an included template, a macro.
        let mut inner: &Error = error;
        let mut source = std::error::Error::source(error);
        // A template that includes itself for ever fails anywhere; the tag that includes it is to blame.
        while let Some(cause) = source.filter(|_| !is_endless_include(error)) {
            if let Some(cause) = cause.downcast_ref::<Error>().filter(|cause| cause.line().is_some()) {
                inner = cause;
            }
            source = cause.source();
        }
        let text = inner.name().and_then(|name| self.sources.get(name)).unwrap_or(&self.sources[name]);
        let rule =
            if error.kind() == ErrorKind::UndefinedError { "undefined-value" } else { "template-error" };
        let guarded = guarded(&text.content, &self.captured);
        let mut finding = at_template(inner, text, &guarded, rule);
        finding.message = describe(error);
        let range = inner.range().map(|range| guarded.original(range.start)..guarded.original(range.end));
        if let Some(range) = range.filter(|_| inner.kind() == ErrorKind::UndefinedError)
            && let Some(span) = path_at(&text.content, range)
        {
            let path = &text.content[span.clone()];
            let bytes = crate::source::Span { start: span.start as u32, end: span.end as u32 };
            finding.place = Some(Place::span(text, bytes));
            finding.message = format!("`{path}` is not defined");
            if let Some(near) = near_name(path, context) {
                finding.next = format!("did you mean `{near}`?");
            }
        }
        finding
    }

    /// Finds where slot `slot` was printed, by rendering once more with marks.
    fn slot_place(&self, name: &str, context: Value, slot: usize) -> Option<Place> {
        let (env, marked) = self.marked(Depth::Slots);
        let (_, slots) = self.run(env, name, context, false).ok()?;
        let place = marked.places.get(*slots.places.get(slot)?)?;
        let text = self.sources.get(&*marked.templates[place.template])?;
        let span = crate::source::Span { start: place.start as u32, end: place.end as u32 };
        Some(Place::span(text, span))
    }

    /// Renders one template and says which of its places wrote what. Marks in text that a template measures or cuts
    /// would change the output, so a caller compares with [`Self::render`] and tries the next depth.
    pub(super) fn trace(
        &self,
        name: &str,
        syntax: &dyn Syntax,
        context: Value,
        depth: Depth,
    ) -> Result<Trace, Box<Finding>> {
        let (env, _) = self.marked(depth);
        let (raw, slots) = self.run(env, name, context, depth != Depth::Slots)?;
        let (text, literals) = marks::strip(raw.text());
        let filled = syntax.fill(&text, &slots.data).map_err(|refusal| {
            let place = Place::file(self.sources[name].name.clone());
            Box::new(Finding::error("unsafe-value", refusal.message).at(place).next(refusal.next))
        })?;
        Ok(Trace::new(&text, filled, &slots.places, &literals))
    }

    /// Returns the template line of a place of [`Self::trace`].
    pub(super) fn line_of(&self, depth: Depth, place: usize) -> Option<(Arc<str>, u32)> {
        let (_, marked) = self.marked(depth);
        let place = marked.places.get(place)?;
        let text = self.sources.get(&*marked.templates[place.template])?;
        Some((text.name.clone(), text.position(place.start as u32).line))
    }

    fn marked(&self, depth: Depth) -> &(Environment<'static>, Marked) {
        self.marked[depth as usize].get_or_init(|| {
            let mut env = environment();
            let mut marked = Marked::default();
            for (name, text) in &self.sources {
                let source = marked.add(name, &expression::with_site_facts(&text.content, false), depth);
                let source = guard(&source, false, &self.captured).source;
                // A template that compiled plain compiles marked; if not, it has no places, which is no harm.
                let _ = env.add_template_owned(name.clone(), source);
            }
            (env, marked)
        })
    }
}

fn is_endless_include(error: &Error) -> bool {
    error.kind() == ErrorKind::BadInclude && describe(error).contains("recursion limit exceeded")
}

/// The dotted path that ends with a range of a template, if it is one: MiniJinja's ranges begin too late.
fn path_at(source: &str, range: std::ops::Range<usize>) -> Option<std::ops::Range<usize>> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let before = source.get(..range.start)?;
    let start = before.trim_end_matches(is_part).len();
    let path = source.get(start..range.end)?.trim_end();
    let is_path = !path.is_empty() && !path.starts_with('.') && path.chars().all(is_part);
    is_path.then(|| start..start + path.len())
}

/// The path with its first unknown name replaced by one that exists and looks like it.
fn near_name(path: &str, context: &Value) -> Option<String> {
    let mut value = context.clone();
    let mut known = String::new();
    for name in path.split('.') {
        match value.get_attr(name) {
            Ok(inner) if !inner.is_undefined() => value = inner,
            _ => {
                let names: Vec<String> = value.try_iter().ok()?.map(|name| name.to_string()).collect();
                return nearest(name, names.iter().map(String::as_str)).map(|near| format!("{known}{near}"));
            }
        }
        known = format!("{known}{name}.");
    }
    None
}

/// A template's source as it is compiled.
fn guarded(source: &str, captured: &BTreeSet<String>) -> Guarded {
    guard(&expression::with_site_facts(source, false), false, captured)
}

pub(super) fn tokens(source: &str) -> Vec<(Token<'_>, minijinja::machinery::Span)> {
    tokenize(source, false, expression::syntax()).map_while(Result::ok).collect()
}

/// What no template may hold: `{% autoescape %}`, which would let values pass as syntax, our markers, endless chains.
fn forbidden(text: &Arc<Text>) -> Option<Finding> {
    if let Some(long) = overlong(&text.content, false) {
        let span = crate::source::Span { start: long.start as u32, end: long.end as u32 };
        let finding = Finding::error("template-error", "too many operators follow each other");
        return Some(finding.at(Place::span(text, span)).next("split it up with `set`"));
    }
    let tokens = tokens(&text.content);
    let hit = tokens.windows(2).find_map(|pair| match pair {
        [(Token::BlockStart, _), (Token::Ident("autoescape"), at)] => Some(*at),
        _ => None,
    });
    let spelt = tokens.iter().find_map(|(token, at)| match token {
        Token::String(text) if text.contains([OPEN, CLOSE]) => Some(*at),
        _ => None,
    });
    let span = match hit.or(spelt) {
        Some(at) => crate::source::Span { start: at.start_offset, end: at.end_offset },
        None => {
            let at = text.content.find([OPEN, CLOSE])? as u32;
            crate::source::Span { start: at, end: at + 3 }
        }
    };
    let message = if hit.is_some() {
        "`autoescape` has no meaning here: every value is escaped for its place"
    } else {
        "the template holds a character that jig keeps for itself (U+FDD0 or U+FDD1)"
    };
    Some(Finding::error("template-error", message).at(Place::span(text, span)).next("leave it out"))
}

fn at_template(error: &Error, text: &Arc<Text>, guarded: &Guarded, rule: &'static str) -> Finding {
    let range = error.range().map(|range| guarded.original(range.start)..guarded.original(range.end));
    let place = match (range, error.line()) {
        (Some(range), _) if range.end <= text.content.len() && range.start < range.end => {
            let span = crate::source::Span { start: range.start as u32, end: range.end as u32 };
            Place::span(text, span)
        }
        (_, Some(line)) => Place::line(text, line as u32),
        _ => Place::file(text.name.clone()),
    };
    let message = describe(error);
    let next = next_step(error.kind(), &message);
    Finding::error(rule, message).at(place).next(next)
}

/// What to do about an error of the engine.
fn next_step(kind: ErrorKind, message: &str) -> &'static str {
    match kind {
        _ if message.contains("recursion limit") => {
            "end the recursion, or nest less: a macro, an include or a loop calls itself too often here"
        }
        ErrorKind::UndefinedError => "give the line this value, or correct the name in the template",
        ErrorKind::SyntaxError => {
            "close every `{{`, `{%`, quote and bracket, and end every `if`, `for`, `macro` and `set` block"
        }
        ErrorKind::TemplateNotFound => "name a file of the target's own folder",
        ErrorKind::BadInclude | ErrorKind::EvalBlock => "correct the template that is included here",
        ErrorKind::UnknownFilter => "see the list of filters in the documentation",
        ErrorKind::UnknownTest => {
            "use a test of the templates' language, such as `defined`, `none` or `string`"
        }
        ErrorKind::UnknownFunction => "call a macro of this target, or a function such as `range` or `dict`",
        ErrorKind::UnknownMethod => "use a filter: `name|upper`, not `name.upper()`",
        ErrorKind::UnknownBlock => "define the block in this template or in the one that it extends",
        ErrorKind::TooManyArguments | ErrorKind::MissingArgument => {
            "give what the filter, test or macro takes, no more and no less"
        }
        ErrorKind::CannotUnpack => "give the loop one name for each part of its items",
        ErrorKind::OutOfFuel => "bound the loop that makes so much work",
        ErrorKind::NonKey | ErrorKind::NonPrimitive | ErrorKind::InvalidOperation => {
            "test or convert the value first: a text, a number, a list and a map each allow other things"
        }
        _ => "correct this place of the template",
    }
}

fn environment() -> Environment<'static> {
    let mut env = expression::base_environment(Reading { plain, text: text_of });
    env.set_auto_escape_callback(|_| AutoEscape::Custom("slots".into()));
    env.set_syntax(expression::syntax());
    env.set_formatter(format_value);
    env.set_fuel(Some(FUEL));
    env.add_filter("json", |value: &Value| literal(value, "JSON", json_literal));
    env.add_filter("toml", |value: &Value| literal(value, "TOML", toml_literal));
    env.add_filter("yaml", |value: &Value| literal(value, "YAML", yaml_literal));
    env.add_filter("tojson", tojson);
    env.add_filter("safe", safe);
    // Every value is escaped for its place; asking for it twice changes nothing.
    env.add_filter("escape", |value: Value| value);
    env.add_filter("e", |value: Value| value);
    env.add_filter(MARK_FILTER, |value: Value, place: usize| {
        SLOTS.with_borrow_mut(|slots| {
            slots.here = place;
            // A literal was kept before it was known where it is printed.
            let only = value.as_str().filter(|_| value.is_safe()).and_then(only_marker);
            if let Some(slot) =
                only.filter(|slot| matches!(slots.data.get(*slot), Some(Datum::Literal { .. })))
            {
                slots.places[slot] = place;
            }
        });
        value
    });
    env
}

/// Writes a marker and keeps the value; finished literals and captured text pass as they are.
fn format_value(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_safe() {
        let text = value.as_str().unwrap_or_default();
        charge(text.len())?;
        if let Some(place) = SLOTS.with_borrow(|slots| slots.traced.then_some(slots.here)) {
            marks::write_literal(out, place)?;
        }
        return Ok(out.write_str(text)?);
    }
    let datum = datum(value, 0)?;
    keep(datum, |marker| Ok(out.write_str(marker)?))
}

/// Keeps a value, and gives its marker to what writes it.
fn keep<T>(datum: Datum, write: impl FnOnce(&str) -> Result<T, Error>) -> Result<T, Error> {
    SLOTS.with_borrow_mut(|slots| {
        let mut digits = itoa::Buffer::new();
        slots.marker.clear();
        slots.marker.push(OPEN);
        slots.marker.push_str(digits.format(slots.data.len()));
        slots.marker.push(CLOSE);
        slots.data.push(datum);
        slots.places.push(slots.here);
        write(&slots.marker)
    })
}

/// Returns the slot of a text that is one marker and nothing else.
fn only_marker(text: &str) -> Option<usize> {
    text.strip_prefix(OPEN)?.strip_suffix(CLOSE)?.parse().ok()
}

/// The first byte of [`OPEN`] and of [`CLOSE`] in UTF-8.
const SIGN: u8 = 0xEF;

/// Counts the markers in a text that holds `likely` of them. Counting bytes takes a fraction of a search; each marker
/// begins and ends with a sign of this first byte, as some other characters do.
fn markers(text: &str, likely: usize) -> usize {
    let signs = memchr::memchr_iter(SIGN, text.as_bytes()).count();
    if signs == 2 * likely { likely } else { text.matches(OPEN).count() }
}

/// Captured text as what it says, any other value as it is.
fn plain(value: &Value) -> Result<Value, Error> {
    if value.is_safe() {
        said(value.as_str().unwrap_or_default()).map(Value::from)
    } else {
        Ok(value.clone())
    }
}

/// What a captured text says: its markers replaced by their values.
fn said(text: &str) -> Result<String, Error> {
    let unmarked = SLOTS.with_borrow(|slots| slots.traced) && text.contains(LITERAL_OPEN);
    let unmarked = unmarked.then(|| marks::strip(text).0);
    let text = unmarked.as_deref().unwrap_or(text);
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split(OPEN);
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (number, rest) = piece.split_once(CLOSE).unwrap_or(("", piece));
        SLOTS.with_borrow(|slots| {
            let datum = number.parse::<usize>().ok().and_then(|slot| slots.data.get(slot));
            out.push_str(&words(datum.ok_or_else(|| bad("a value of captured text was lost"))?)?);
            Ok::<_, Error>(())
        })?;
        out.push_str(rest);
    }
    charge(out.len())?;
    Ok(out)
}

/// A value inside other text.
fn text_of(value: &Value) -> Result<String, Error> {
    words(&datum(value, 0)?).map(|text| text.into_owned())
}

fn words(datum: &Datum) -> Result<Cow<'_, str>, Error> {
    Ok(match datum {
        Datum::Str(text) | Datum::Literal { text, .. } => text.into(),
        Datum::Bool(value) => if *value { "true" } else { "false" }.into(),
        Datum::Int(value) => value.to_string().into(),
        Datum::Float(value) => Value::from(*value).to_string().into(),
        Datum::Null => return Err(bad("nothing (null) stands inside text")),
        Datum::List(_) => return Err(bad("a list stands inside text")),
        Datum::Map(_) => return Err(bad("a map stands inside text")),
    })
}

fn bad(what: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

fn datum(value: &Value, depth: usize) -> Result<Datum, Error> {
    if depth > expression::RECURSION {
        return Err(bad("the value is nested too deep"));
    }
    charge(VALUE_WORK)?;
    Ok(match value.kind() {
        ValueKind::Undefined => return Err(Error::new(ErrorKind::UndefinedError, "this names nothing")),
        ValueKind::None => Datum::Null,
        ValueKind::Bool => Datum::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => Datum::Int(i128::try_from(value.clone())?),
        ValueKind::Number => Datum::Float(f64::try_from(value.clone())?),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            if value.is_safe() {
                return said(text).map(Datum::Str);
            }
            charge(text.len())?;
            match text.strip_prefix("secret:").filter(|_| is_secret(text)) {
                Some(name) => Datum::Str(secret_reference(name)?),
                None => Datum::Str(text.to_owned()),
            }
        }
        ValueKind::Seq | ValueKind::Iterable => {
            Datum::List(value.try_iter()?.map(|item| datum(&item, depth + 1)).collect::<Result<_, _>>()?)
        }
        ValueKind::Map => {
            let mut members = vec![];
            for key in value.try_iter()? {
                let inner = value.get_item(&key)?;
                if key.as_str().is_some_and(is_secret) {
                    return Err(bad("a secret cannot be the key of a map"));
                }
                let key = words(&datum(&key, depth + 1)?)?.into_owned();
                members.push((key, datum(&inner, depth + 1)?));
            }
            Datum::Map(members)
        }
        kind => return Err(bad(format!("a {kind} cannot be printed"))),
    })
}

/// How the target refers to a secret: an environment variable, a secret store, or the plain reference.
fn secret_reference(name: &str) -> Result<String, Error> {
    let Some(pattern) = SLOTS.with_borrow(|slots| slots.secret.clone()) else {
        return Ok(format!("secret:{name}"));
    };
    let scope = Scope::new([("name", Value::from(name))]);
    expression::interpolate(&pattern, &scope)
        .map(|value| value.to_string())
        .map_err(|error| bad(format!("the target's `secret`: {error}")))
}

/// A literal is a value too: where its language stands it is written as it is, inside other text it is escaped.
fn literal(
    value: &Value,
    language: &'static str,
    write: fn(&Datum) -> Result<String, String>,
) -> Result<Value, Error> {
    let value = datum(value, 0)?;
    let text = write(&value).map_err(bad)?;
    finished(language, text, value)
}

fn finished(language: &'static str, text: String, value: Datum) -> Result<Value, Error> {
    charge(text.len())?;
    keep(Datum::Literal { language, text, value: Box::new(value) }, |marker| {
        Ok(Value::from_safe_string(marker.to_owned()))
    })
}

/// MiniJinja's own `tojson`.
fn tojson(value: &Value, indent: Option<Value>, args: Kwargs) -> Result<Value, Error> {
    let datum = datum(value, 0)?;
    if let Datum::Str(text) = &datum
        && indent.is_none()
        && args.assert_all_used().is_ok()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -_./:,()".contains(&byte))
    {
        // Nearly all; nothing in it is written in another way.
        return finished("JSON", format!("\"{text}\""), datum);
    }
    let text = minijinja::filters::tojson(&value_of(datum.clone()), indent, args)?.to_string();
    finished("JSON", without_markers(text), datum)
}

/// A literal in which the marker characters of a value are spelt out, as JSON, TOML and YAML can within quotes.
fn without_markers(text: String) -> String {
    if text.contains([OPEN, CLOSE]) { text.replace(OPEN, "\\uFDD0").replace(CLOSE, "\\uFDD1") } else { text }
}

fn value_of(datum: Datum) -> Value {
    match datum {
        Datum::Null => Value::from(()),
        Datum::Bool(value) => value.into(),
        Datum::Int(value) => value.into(),
        Datum::Float(value) => value.into(),
        Datum::Str(text) | Datum::Literal { text, .. } => text.into(),
        Datum::List(items) => items.into_iter().map(value_of).collect(),
        Datum::Map(members) => {
            Value::from_pairs(members.into_iter().map(|(key, value)| (key, value_of(value))))
        }
    }
}

/// A value that a template author takes out of escaping on purpose; `validate` reports the place.
fn safe(value: &Value) -> Result<Value, Error> {
    if value.is_safe() {
        return Ok(value.clone());
    }
    let text = text_of(value)?;
    if text.contains([OPEN, CLOSE]) {
        return Err(bad("the value holds a character that only escaping can write; leave `|safe` out"));
    }
    Ok(Value::from_safe_string(text))
}
