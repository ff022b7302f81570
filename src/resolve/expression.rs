//! Expressions in double braces: strict, bounded, and blind to everything but their context.
//!
//! With `render`'s environment this is the only place that knows MiniJinja. A text that is one expression keeps
//! its type; anything else becomes text.

use super::filters;
use super::operators::{Guarded, guard, overlong};
use super::strict::{self, Reading, Strict};
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, ErrorKind, Expression, UndefinedBehavior};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::OnceLock;

/// A value as expressions and templates see it.
pub type Value = minijinja::Value;
/// The error of an expression or template.
pub type Error = minijinja::Error;

/// Steps that one expression may take.
const FUEL: u64 = 200_000;
/// How deep expressions and templates may nest.
pub const RECURSION: usize = 100;
/// The name behind `site.zones`: `site` itself is the id, plain text that compares and joins like any text.
pub const SITE_FACTS: &str = "_si_";

/// What an expression sees.
#[derive(Debug, Clone)]
pub struct Scope(Value);

impl Scope {
    /// Makes a scope of names and values.
    pub fn new<K: Into<Value>>(names: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self(Value::from_pairs(names))
    }

    /// Returns this scope with one more name.
    #[must_use]
    pub fn with(&self, name: &str, value: Value) -> Self {
        let mut pairs: Vec<(Value, Value)> = vec![];
        for key in self.0.try_iter().into_iter().flatten() {
            let inner = self.0.get_item(&key).unwrap_or_default();
            pairs.push((key, inner));
        }
        pairs.push((Value::from(name), value));
        Self(Value::from_pairs(pairs))
    }
}

/// Turns plain data into a value.
pub fn to_value<T: serde::Serialize>(data: T) -> Value {
    Value::from(minijinja::value::Serde(data))
}

/// Turns a value into plain data; undefined and functions are not data.
pub fn to_json(value: &Value) -> Option<serde_json::Value> {
    if value.is_undefined() {
        return None;
    }
    serde_json::to_value(value).ok()
}

/// Evaluates a bare expression such as `site.zones.edge.subnet`.
pub fn evaluate(expression: &str, scope: &Scope) -> Result<Value, String> {
    let program = compiled(expression)?;
    let value =
        strict::apart(|| program.eval(scope.0.clone())).map_err(|error| explain(&error, expression, true))?;
    if value.is_undefined() {
        return Err(format!("`{}` names nothing here", expression.trim()));
    }
    Ok(value)
}

/// Evaluates a text with expressions in it; a text that is one expression keeps its type.
pub fn interpolate(text: &str, scope: &Scope) -> Result<Value, String> {
    if !text.contains("{{") && !text.contains("{%") && !text.contains("{#") {
        return Ok(Value::from(text));
    }
    if overlong(text, false).is_some() {
        return Err("too many operators follow each other".into());
    }
    if let Some(inner) = whole_expression(text)
        && compiled(inner).is_ok()
    {
        return evaluate(inner, scope);
    }
    let source = guarded(text, false).source;
    let value = strict::apart(|| environment().render_str(&source, scope.0.clone()))
        .map_err(|error| explain(&error, text, false))?;
    Ok(Value::from(value))
}

/// The inside of `{{ ... }}` where that is the whole text.
fn whole_expression(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    Some(inner.strip_prefix('-').unwrap_or(inner).strip_suffix('-').unwrap_or(inner))
}

/// Says what went wrong in a source; a name that means nothing is quoted from it.
fn explain(error: &Error, source: &str, is_expression: bool) -> String {
    let guarded = guarded(source, is_expression);
    let range = error.range().map(|range| guarded.original(range.start)..guarded.original(range.end));
    let name = range.and_then(|range| source.get(range)).map(str::trim).filter(|name| !name.is_empty());
    match (error.kind(), error.detail(), name) {
        (ErrorKind::UndefinedError, None, Some(name)) => format!("`{name}` is not defined here"),
        _ => describe(error),
    }
}

/// Says what went wrong, with every cause.
pub fn describe(error: &Error) -> String {
    let mut text = match error.kind() {
        ErrorKind::OutOfFuel => "it takes too many steps; is there an endless loop?".to_owned(),
        ErrorKind::UndefinedError => {
            error.detail().map_or("a name here is not defined".into(), |d| format!("not defined: {d}"))
        }
        kind => error.detail().map_or_else(|| kind.to_string(), str::to_owned),
    };
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        let more = inner.downcast_ref::<Error>().map_or_else(
            || inner.to_string(),
            |e| e.detail().map_or_else(|| e.kind().to_string(), str::to_owned),
        );
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = inner.source();
    }
    text
}

/// Guards the operators of a text in which nothing is captured.
fn guarded(text: &str, is_expression: bool) -> Guarded {
    guard(&with_site_facts(text, is_expression), is_expression, &BTreeSet::new())
}

/// Whether a text is a reference to a secret.
pub fn is_secret(text: &str) -> bool {
    text.strip_prefix("secret:").is_some_and(crate::load::is_secret_name)
}

/// Settings that expressions and templates share.
pub fn base_environment(reading: Reading) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_recursion_limit(RECURSION);
    env.set_debug(false);
    filters::add_to(&mut Strict::new(&mut env, reading));
    env
}

/// How templates are cut into text and tags, everywhere.
pub fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .expect("the default delimiters are valid")
}

fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let reading = Reading { plain: |value| Ok(value.clone()), text: text_of };
        let mut env = base_environment(reading);
        env.set_auto_escape_callback(|_| AutoEscape::None);
        env.set_syntax(syntax());
        env.set_fuel(Some(FUEL));
        env.set_formatter(|out, _, value| Ok(out.write_str(&text_of(value)?)?));
        env
    })
}

/// The text of a value inside other text; what has no text of its own is an error, never a guess.
pub fn text_of(value: &Value) -> Result<String, Error> {
    use minijinja::value::ValueKind as Kind;
    let bad = |what: &str| Err(Error::new(ErrorKind::InvalidOperation, format!("{what} stands inside text")));
    match value.kind() {
        Kind::Undefined => Err(Error::new(ErrorKind::UndefinedError, "this names nothing")),
        Kind::None => bad("nothing (null)"),
        Kind::Seq | Kind::Iterable => bad("a list"),
        Kind::Map => bad("a map"),
        Kind::Bool => Ok(value.is_true().to_string()),
        _ if value.as_str().is_some_and(is_secret) => bad("a secret"),
        _ => Ok(value.to_string()),
    }
}

type Compiled = Rc<Expression<'static, 'static>>;

thread_local! {
    /// Blueprints have few expressions and lines are many: each thread compiles one once.
    static COMPILED: RefCell<HashMap<String, Compiled>> = RefCell::new(HashMap::new());
}

fn compiled(expression: &str) -> Result<Compiled, String> {
    const MOST: usize = 4096;
    COMPILED.with_borrow_mut(|cache| {
        if let Some(known) = cache.get(expression) {
            return Ok(known.clone());
        }
        if overlong(expression, true).is_some() {
            return Err("too many operators follow each other".into());
        }
        let source = guarded(expression, true).source;
        let fresh = environment().compile_expression_owned(source).map_err(|error| describe(&error))?;
        if cache.len() >= MOST {
            cache.clear();
        }
        let fresh = Rc::new(fresh);
        cache.insert(expression.to_owned(), fresh.clone());
        Ok(fresh)
    })
}

/// Writes `site.zones` as a look-up in the site's facts, character for character, so that places stay true.
/// Where a template gives `site` another meaning it is left alone.
pub fn with_site_facts(source: &str, is_expression: bool) -> String {
    const FACTS: &[&str] = &["id", "name", "timezone", "zones"];
    if !source.contains("site") {
        return source.to_owned();
    }
    let tokens: Vec<_> = tokenize(source, is_expression, syntax()).map_while(Result::ok).collect();
    let is_site = |at: usize| matches!(tokens.get(at), Some((Token::Ident("site"), _)));
    let renamed = (1..tokens.len()).any(|at| {
        is_site(at) && matches!(tokens[at - 1].0, Token::Ident("set" | "for" | "as" | "import" | "macro"))
    });
    if renamed {
        return source.to_owned();
    }
    let mut out = source.to_owned();
    for at in 0..tokens.len() {
        if !is_site(at) || (at > 0 && matches!(tokens[at - 1].0, Token::Dot)) {
            continue;
        }
        let reads_fact = match (tokens.get(at + 1).map(|t| &t.0), tokens.get(at + 2).map(|t| &t.0)) {
            (Some(Token::Dot), Some(Token::Ident(name)))
            | (Some(Token::BracketOpen), Some(Token::Str(name))) => FACTS.contains(name),
            _ => false,
        };
        if reads_fact {
            let start = tokens[at].1.start_offset as usize;
            out.replace_range(start..start + SITE_FACTS.len(), SITE_FACTS);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        let facts = serde_json::json!({ "id": "grr", "zones": { "edge": { "subnet": "10.0.0.0/24" } } });
        let values = serde_json::json!({ "list": [1, 2], "n": 5 });
        Scope::new([
            ("site", Value::from("grr")),
            (SITE_FACTS, to_value(facts)),
            ("values", to_value(values)),
        ])
    }

    #[test]
    fn one_expression_keeps_its_type_and_text_around_makes_text() {
        assert_eq!(interpolate("{{ values.list }}", &scope()).map(|v| v.len()), Ok(Some(2)));
        assert_eq!(interpolate("{{ values.n }}", &scope()), Ok(Value::from(5)));
        assert_eq!(interpolate("{{ site }}-{{ values.n }}", &scope()), Ok(Value::from("grr-5")));
        assert_eq!(interpolate("plain", &scope()), Ok(Value::from("plain")));
    }

    #[test]
    fn site_is_text_and_has_facts() {
        assert_eq!(interpolate("{{ site.zones.edge.subnet }}", &scope()), Ok(Value::from("10.0.0.0/24")));
        assert_eq!(evaluate("site == 'grr' and site['id'] == site", &scope()), Ok(Value::from(true)));
    }

    #[test]
    fn undefined_names_and_endless_work_are_errors() {
        assert!(evaluate("values.nope.deeper", &scope()).is_err());
        assert!(evaluate("values.nope", &scope()).is_err());
        assert!(
            interpolate(
                "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
                &scope()
            )
            .is_err()
        );
    }
}
