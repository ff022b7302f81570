//! Templates to text, each value on a slot, and slots to literals of the output's syntax.
//!
//! The formatter writes a marker where a value is printed and keeps the value; after rendering, the syntax walks the
//! text once and writes each value for the place where it stands. So a value can never become syntax, whether it
//! came through a loop, a macro, an import or a capture.

use super::marks::{self, Depth, LITERAL_OPEN, Marked};
use super::trace::Trace;
use crate::finding::{Finding, Place};
use crate::resolve::expression::{self, Error, Scope, Value, describe};
use crate::source::Text;
use crate::syntax::{CLOSE, Datum, OPEN, Syntax, json_literal, toml_literal, yaml_literal};
pub(super) use minijinja::machinery::Token;
use minijinja::machinery::tokenize;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Steps that one file may take.
const FUEL: u64 = 50_000_000;
/// Largest rendered file, in bytes.
const MAX_OUTPUT: usize = 64 << 20;
/// The filter that an instrumented template runs every printed expression through.
pub(super) const MARK_FILTER: &str = "__slot";

/// The values of one rendering, by slot.
#[derive(Default)]
struct Slots {
    data: Vec<Datum>,
    /// Where each slot was printed; only filled by instrumented templates.
    places: Vec<usize>,
    here: usize,
    /// Whether literal text carries marks too.
    traced: bool,
    secret: Option<Arc<str>>,
}

thread_local! {
    static SLOTS: RefCell<Slots> = RefCell::default();
}

/// The compiled templates of one target.
pub struct Templates {
    sources: BTreeMap<String, Arc<Text>>,
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
        for (name, text) in sources {
            let text = Arc::new(text);
            let source = expression::with_site_facts(&text.content, false);
            if let Some(finding) = forbidden(&text) {
                findings.push(finding);
            }
            if let Err(error) = env.add_template_owned(name.clone(), source) {
                findings.push(at_template(&error, &text, "template-error"));
            }
            texts.insert(name, text);
        }
        Self { sources: texts, env, marked: Default::default(), secret: secret.map(Into::into) }
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
        let (text, data) = self.run(&self.env, name, context.clone(), false)?;
        match syntax.fill(&text, &data.data) {
            // A marker that no value replaced means that the syntax lost its way in the template's text.
            Ok(filled) if filled.spans.len() == text.matches(OPEN).count() => Ok(filled.text),
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
                let place = self.slot_place(name, context, refusal.slot);
                let finding = Finding::error("unsafe-value", refusal.message).next(refusal.next);
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
    ) -> Result<(String, Slots), Box<Finding>> {
        SLOTS.replace(Slots { secret: self.secret.clone(), traced, ..Slots::default() });
        let result = env.get_template(name).and_then(|template| template.render(context));
        let slots = SLOTS.take();
        match result {
            Ok(text) if text.len() > MAX_OUTPUT => {
                let message = format!("the output grows beyond {} MiB", MAX_OUTPUT >> 20);
                let place = Place::file(self.sources[name].name.clone());
                Err(Box::new(
                    Finding::error("template-error", message).at(place).next("bound the loop that makes it"),
                ))
            }
            Ok(text) => Ok((text, slots)),
            Err(error) => Err(Box::new(self.explain(&error, name))),
        }
    }

    fn explain(&self, error: &Error, name: &str) -> Finding {
        // The innermost error knows the place best: an included template, a macro.
        let mut inner: &Error = error;
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            if let Some(cause) = cause.downcast_ref::<Error>().filter(|cause| cause.line().is_some()) {
                inner = cause;
            }
            source = cause.source();
        }
        let text = inner.name().and_then(|name| self.sources.get(name)).unwrap_or(&self.sources[name]);
        let rule =
            if error.kind() == ErrorKind::UndefinedError { "undefined-value" } else { "template-error" };
        let mut finding = at_template(inner, text, rule);
        finding.message = describe(error);
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
        let (text, literals) = marks::strip(&raw);
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
                // A template that compiled plain compiles marked; if not, it has no places, which is no harm.
                let _ = env.add_template_owned(name.clone(), source);
            }
            (env, marked)
        })
    }
}

pub(super) fn tokens(source: &str) -> Vec<(Token<'_>, minijinja::machinery::Span)> {
    tokenize(source, false, expression::syntax()).map_while(Result::ok).collect()
}

/// `{% autoescape %}` would let values pass as syntax.
fn forbidden(text: &Arc<Text>) -> Option<Finding> {
    let tokens = tokens(&text.content);
    let hit = tokens.windows(2).find_map(|pair| match pair {
        [(Token::BlockStart, _), (Token::Ident("autoescape"), at)] => Some(*at),
        _ => None,
    });
    let span = match hit {
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

fn at_template(error: &Error, text: &Arc<Text>, rule: &'static str) -> Finding {
    let place = match (error.range(), error.line()) {
        (Some(range), _) if range.end <= text.content.len() && range.start < range.end => {
            let span = crate::source::Span { start: range.start as u32, end: range.end as u32 };
            Place::span(text, span)
        }
        (_, Some(line)) => Place::line(text, line as u32),
        _ => Place::file(text.name.clone()),
    };
    let next = match error.kind() {
        ErrorKind::UndefinedError => "give the line this value, or correct the name in the template",
        ErrorKind::UnknownFilter => "see the list of filters in the documentation",
        _ => "correct the template",
    };
    Finding::error(rule, describe(error)).at(place).next(next)
}

fn environment() -> Environment<'static> {
    let mut env = expression::base_environment();
    env.set_auto_escape_callback(|_| AutoEscape::Custom("slots".into()));
    env.set_syntax(expression::syntax());
    env.set_formatter(format_value);
    env.set_fuel(Some(FUEL));
    env.add_filter("json", |value: &Value| literal(value, json_literal));
    env.add_filter("toml", |value: &Value| literal(value, toml_literal));
    env.add_filter("yaml", |value: &Value| literal(value, yaml_literal));
    env.add_filter("tojson", tojson);
    env.add_filter("safe", safe);
    // Every value is escaped for its place; asking for it twice changes nothing.
    env.add_filter("escape", |value: Value| value);
    env.add_filter("e", |value: Value| value);
    env.add_filter(MARK_FILTER, |value: Value, place: usize| {
        SLOTS.with_borrow_mut(|slots| slots.here = place);
        value
    });
    env
}

/// Writes a marker and keeps the value; finished literals and captured text pass as they are.
fn format_value(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    if let Some(text) = value.as_str()
        && (value.is_safe() || is_captured(text))
    {
        let traced = SLOTS.with_borrow(|slots| slots.traced.then_some(slots.here));
        if let Some(place) = traced {
            marks::write_literal(out, place)?;
        }
        return Ok(out.write_str(text)?);
    }
    let slot = SLOTS.with_borrow_mut(|slots| -> Result<usize, Error> {
        let datum = datum(value, slots.secret.as_ref(), 0)?;
        slots.data.push(datum);
        slots.places.push(slots.here);
        Ok(slots.data.len() - 1)
    })?;
    write!(out, "{OPEN}{slot}{CLOSE}")?;
    Ok(())
}

/// Text that a template captured and then changed (`indent`, `trim`): its markers are still whole.
fn is_captured(text: &str) -> bool {
    if !text.contains(OPEN) {
        return false;
    }
    let known = SLOTS.with_borrow(|slots| slots.data.len());
    text.split(OPEN).skip(1).all(|rest| {
        let number = rest.split(CLOSE).next().filter(|number| number.len() < rest.len());
        number.and_then(|number| number.parse::<usize>().ok()).is_some_and(|slot| slot < known)
    })
}

fn datum(value: &Value, secret: Option<&Arc<str>>, depth: usize) -> Result<Datum, Error> {
    let bad = |what: String| Error::new(ErrorKind::InvalidOperation, what);
    if depth > expression::RECURSION {
        return Err(bad("the value is nested too deep".into()));
    }
    Ok(match value.kind() {
        ValueKind::Undefined => return Err(Error::new(ErrorKind::UndefinedError, "this names nothing")),
        ValueKind::None => Datum::Null,
        ValueKind::Bool => Datum::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => Datum::Int(i128::try_from(value.clone())?),
        ValueKind::Number => Datum::Float(f64::try_from(value.clone())?),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            // Captured text that a filter changed is data; the marks of a traced run are not.
            let stripped = text.contains(LITERAL_OPEN).then(|| unmarked(text));
            let text = stripped.as_deref().unwrap_or(text);
            match text.strip_prefix("secret:").filter(|name| !name.is_empty()) {
                Some(name) if secret.is_some() => Datum::Str(secret_reference(secret, name)?),
                _ => Datum::Str(text.to_owned()),
            }
        }
        ValueKind::Seq | ValueKind::Iterable => Datum::List(
            value.try_iter()?.map(|item| datum(&item, secret, depth + 1)).collect::<Result<_, _>>()?,
        ),
        ValueKind::Map => {
            let mut members = vec![];
            for key in value.try_iter()? {
                let inner = value.get_item(&key)?;
                members.push((key.to_string(), datum(&inner, secret, depth + 1)?));
            }
            Datum::Map(members)
        }
        kind => return Err(bad(format!("a {kind} cannot be printed"))),
    })
}

fn unmarked(text: &str) -> String {
    let traced = SLOTS.with_borrow(|slots| slots.traced);
    if traced { marks::strip(text).0 } else { text.to_owned() }
}

/// How the target refers to a secret: an environment variable, a secret store, or the plain reference.
fn secret_reference(pattern: Option<&Arc<str>>, name: &str) -> Result<String, Error> {
    let Some(pattern) = pattern else { return Ok(format!("secret:{name}")) };
    let scope = Scope::new([("name", Value::from(name))]);
    expression::interpolate(pattern, &scope)
        .map(|value| value.to_string())
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, format!("the target's `secret`: {error}")))
}

fn literal(value: &Value, write: fn(&Datum) -> Result<String, String>) -> Result<Value, Error> {
    let secret = SLOTS.with_borrow(|slots| slots.secret.clone());
    let datum = datum(value, secret.as_ref(), 0)?;
    let text = write(&datum).map_err(|why| Error::new(ErrorKind::InvalidOperation, why))?;
    Ok(Value::from_safe_string(text))
}

/// MiniJinja's own `tojson`, with the marker characters spelt out.
fn tojson(value: &Value, indent: Option<Value>, args: Kwargs) -> Result<Value, Error> {
    let text = minijinja::filters::tojson(value, indent, args)?.to_string();
    let text = if text.contains([OPEN, CLOSE]) {
        text.replace(OPEN, "\\ufdd0").replace(CLOSE, "\\ufdd1")
    } else {
        text
    };
    Ok(Value::from_safe_string(text))
}

/// A value that a template author takes out of escaping on purpose; `validate` reports the place.
fn safe(value: &Value) -> Result<Value, Error> {
    let text = value.to_string();
    if text.contains([OPEN, CLOSE]) && !is_captured(&text) {
        let why = "the value holds a character that only escaping can write; leave `|safe` out";
        return Err(Error::new(ErrorKind::InvalidOperation, why));
    }
    Ok(Value::from_safe_string(text))
}
