//! MiniJinja's own filters and tests, made strict: nothing prints as Python text, nothing grows without bounds,
//! and captured text is read as what it says.
//!
//! What only moves values (`first`, `default`, `join` of captured pieces) leaves captured text as it is; whatever
//! changes or judges a text gets what a reader would see, and gives plain data, which is escaped where it is printed.
//! `debug` and `pprint`, which show the insides of values, are taken out.

use super::expression::{Error, Value, is_secret};
use super::operators::{BOUNDED, CAT, FACTOR, OWN, PLAIN, ROUNDS, SEARCHED, SHOWN};
use minijinja::functions::Function;
use minijinja::value::{FunctionArgs, FunctionResult, Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, ErrorKind, State, filters, tests};
use std::cell::Cell;

/// Longest text that an expression may make, in bytes.
const MOST_TEXT: usize = 1 << 20;
/// Longest list that an expression may make.
const MOST_ITEMS: usize = 1 << 20;
/// Widest indent or padding.
const MOST_WIDTH: usize = 1000;
/// Filters that were taken out, and what to use.
const FORBIDDEN: &[&str] = &["pprint"];

/// Most bytes that texts, lists and values of one run may take.
const MOST_MEMORY: usize = 128 << 20;
/// Most items and bytes, eight for one, that filters and comparisons of one run may walk over.
const MOST_STEPS: usize = 20_000_000;
/// Below this size nothing is counted: the fuel of the run is bound enough.
const SMALL: usize = 256;

thread_local! {
    static MEMORY: Cell<usize> = const { Cell::new(0) };
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

/// Does something with counts of its own.
pub fn apart<T>(run: impl FnOnce() -> T) -> T {
    let outer = (MEMORY.replace(0), STEPS.replace(0));
    let result = run();
    MEMORY.set(outer.0);
    STEPS.set(outer.1);
    result
}

/// Counts bytes that a run takes.
pub fn charge(bytes: usize) -> Result<(), Error> {
    MEMORY.set(MEMORY.get().saturating_add(bytes));
    if MEMORY.get() > MOST_MEMORY {
        return Err(bad(format!("it makes more than {} MiB of text and values", MOST_MEMORY >> 20)));
    }
    Ok(())
}

/// Counts a walk over a value.
fn walk(value: &Value) -> Result<(), Error> {
    let steps = value.as_str().map_or_else(|| value.len().unwrap_or(0), |text| text.len() / 8);
    if steps > SMALL {
        STEPS.set(STEPS.get().saturating_add(steps));
        if STEPS.get() > MOST_STEPS {
            return Err(bad(
                "it takes too many steps; is there a loop that goes over a large value again and again?",
            ));
        }
    }
    Ok(())
}

/// How values are read; templates capture text, expressions do not.
#[derive(Clone, Copy)]
pub struct Reading {
    /// Captured text as what it says; any other value as it is.
    pub plain: fn(&Value) -> Result<Value, Error>,
    /// A value inside other text.
    pub text: fn(&Value) -> Result<String, Error>,
}

/// An environment whose filters and tests read values in one way.
pub struct Strict<'e> {
    env: &'e mut Environment<'static>,
    reading: Reading,
}

type Prepare = fn(Reading, &mut [Value]) -> Result<(), Error>;

impl<'e> Strict<'e> {
    /// Makes MiniJinja's own filters and tests of an environment strict.
    pub fn new(env: &'e mut Environment<'static>, reading: Reading) -> Self {
        let mut strict = Self { env, reading };
        strict.take_out();
        strict.built_in_filters();
        strict.built_in_tests();
        strict.joining();
        strict.operators();
        strict
    }

    /// Adds a filter that reads its arguments as plain values.
    pub fn filter<F, Rv, Args>(&mut self, name: &'static str, filter: F)
    where
        F: Function<Rv, Args>,
        Rv: FunctionResult,
        Args: for<'a> FunctionArgs<'a>,
    {
        self.prepared(name, Value::from_function(filter), plain_all);
    }

    /// Adds a test that reads its arguments as plain values.
    pub fn test<F, Rv, Args>(&mut self, name: &'static str, test: F)
    where
        F: Function<Rv, Args>,
        Rv: FunctionResult,
        Args: for<'a> FunctionArgs<'a>,
    {
        let (reading, test) = (self.reading, Value::from_function(test));
        self.env.add_test(name, move |state: &mut State, args: Rest<ValueOrKwargs>| {
            let mut args = args.into_values();
            for value in &mut args {
                walk(value)?;
                *value = (reading.plain)(value)?;
            }
            test.call(state, &args).map(|value| value.is_true())
        });
    }

    /// Adds a function.
    pub fn function<F, Rv, Args>(&mut self, name: &'static str, function: F)
    where
        F: Function<Rv, Args>,
        Rv: FunctionResult,
        Args: for<'a> FunctionArgs<'a>,
    {
        self.env.add_function(name, function);
    }

    fn prepared(&mut self, name: &'static str, filter: Value, prepare: Prepare) {
        let reading = self.reading;
        self.env.add_filter(name, move |state: &mut State, args: Rest<ValueOrKwargs>| {
            let mut args = args.into_values();
            args.iter().try_for_each(walk)?;
            prepare(reading, &mut args)?;
            made(filter.call(state, &args)?)
        });
    }

    fn take_out(&mut self) {
        for name in FORBIDDEN {
            self.env.remove_filter(name);
        }
        for name in ["safe", "escaped", "filter", "test"] {
            self.env.remove_test(name);
        }
        self.env.remove_global("debug");
    }

    fn built_in_filters(&mut self) {
        macro_rules! add {
            ($prepare:ident: $($name:literal $filter:ident),*) => {
                $(self.prepared($name, Value::from_function(filters::$filter), $prepare);)*
            };
        }
        add!(text_first: "upper" upper, "lower" lower, "title" title, "capitalize" capitalize, "split" split,
            "lines" lines);
        add!(text_all: "replace" replace);
        add!(plain_all: "length" length, "count" length, "dictsort" dictsort, "reverse" reverse, "round" round,
            "abs" abs, "min" min, "max" max, "sort" sort, "bool" bool, "groupby" groupby, "unique" unique);
        add!(plain_first: "first" first, "last" last, "list" list, "items" items, "chain" chain, "zip" zip, "map" map, "selectattr" selectattr, "rejectattr" rejectattr,
            "attr" attr);
        add!(shown_items: "select" select, "reject" reject);
        add!(counted: "batch" batch, "slice" slice);
        add!(shown_first: "default" default, "d" default);
        add!(number_first: "int" int, "float" float);
        add!(numbers: "sum" sum);
        add!(indented: "indent" indent);
        add!(trimmed: "trim" trim);
        add!(formatted: "format" format);
    }

    fn built_in_tests(&mut self) {
        macro_rules! add {
            ($($name:literal $test:ident),*) => { $(self.test($name, tests::$test);)* };
        }
        add!("boolean" is_boolean, "odd" is_odd, "even" is_even, "divisibleby" is_divisibleby, "number" is_number,
            "integer" is_integer, "int" is_integer, "float" is_float, "string" is_string,
            "sequence" is_sequence, "iterable" is_iterable, "mapping" is_mapping, "lower" is_lower,
            "upper" is_upper, "sameas" is_sameas, "eq" is_eq, "equalto" is_eq, "==" is_eq, "ne" is_ne, "!=" is_ne,
            "lt" is_lt, "lessthan" is_lt, "<" is_lt, "le" is_le, "<=" is_le, "gt" is_gt, "greaterthan" is_gt,
            ">" is_gt, "ge" is_ge, ">=" is_ge, "in" is_in, "true" is_true, "false" is_false);
        self.test("startingwith", |text: &str, start: &str| text.starts_with(start));
        self.test("endingwith", |text: &str, end: &str| text.ends_with(end));
    }

    fn joining(&mut self) {
        let reading = self.reading;
        self.env.add_filter(
            "join",
            move |state: &mut State,
                  list: &Value,
                  by: Option<Value>,
                  attribute: Option<String>,
                  named: Kwargs| {
                let by = by.or(named.get("d")?);
                let attribute = attribute.or(named.get("attribute")?);
                named.assert_all_used()?;
                join(state, reading, list, by.as_ref(), attribute.as_deref())
            },
        );
        self.env.add_filter(OWN, |by: Value| match by.as_str() {
            Some(text) if is_punctuation(text) => Value::from_safe_string(text.to_owned()),
            _ => by,
        });
        self.env.add_filter(CAT, move |state: &mut State, operands: &Value, literals: u64| {
            let is_literal = |index: usize| index < 64 && literals >> index & 1 == 1;
            let numbered = |(index, value)| (value, is_literal(index));
            if let Some(operands) = operands.downcast_object_ref::<Vec<Value>>() {
                return concat(state, reading, operands.iter().enumerate().map(numbered));
            }
            let operands: Vec<Value> = operands.try_iter()?.collect();
            concat(state, reading, operands.iter().enumerate().map(numbered))
        });
        self.env.add_filter("string", move |value: &Value| match value.as_str() {
            Some(_) => Ok(value.clone()),
            None => (reading.text)(value).map(Value::from),
        });
    }

    fn operators(&mut self) {
        let reading = self.reading;
        self.env.add_filter(PLAIN, move |value: &Value| bounded((reading.plain)(value)?));
        self.env.add_filter(SEARCHED, move |value: &Value| {
            walk(value)?;
            (reading.plain)(value)
        });
        self.env.add_filter(SHOWN, move |value: &Value| shown(reading, value));
        self.env.add_filter(BOUNDED, move |value: Value| made(value));
        self.env.add_filter(FACTOR, move |value: &Value| {
            let value = bounded((reading.plain)(value)?)?;
            // A tuple is repeated at once, a list only as it is read.
            if value.is_tuple() { Ok(value.try_iter()?.collect()) } else { Ok(value) }
        });
        self.env.add_filter(ROUNDS, move |value: Value, text: usize| {
            charge(text.saturating_mul(value.len().unwrap_or(0)))?;
            Ok::<_, Error>(value)
        });
    }
}

fn bad(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// Refuses what is larger than any configuration needs.
fn bounded(value: Value) -> Result<Value, Error> {
    match value.as_str() {
        Some(text) if text.len() > MOST_TEXT => Err(bad(format!(
            "a text of {} MiB is too long; is there a loop that doubles it?",
            text.len() >> 20
        ))),
        None if value.len().is_some_and(|length| length > MOST_ITEMS) => {
            Err(bad(format!("a list of {} items is too long", value.len().unwrap_or_default())))
        }
        _ => Ok(value),
    }
}

/// Bounds and counts a new text or list; small ones come and go.
fn made(value: Value) -> Result<Value, Error> {
    let value = bounded(value)?;
    let size = value.as_str().map_or_else(|| value.len().unwrap_or(0) * size_of::<Value>(), str::len);
    if size > SMALL {
        charge(size)?;
    }
    Ok(value)
}

/// Captured text without any visible character becomes the empty text, which counts as false.
fn shown(reading: Reading, value: &Value) -> Result<Value, Error> {
    if value.is_safe() {
        let plain = (reading.plain)(value)?;
        if plain.as_str().is_some_and(str::is_empty) {
            return Ok(plain);
        }
    }
    Ok(value.clone())
}

/// A value that is changed or judged: plain, within bounds, and no secret, whose text nobody knows here.
fn plain(reading: Reading, value: &Value) -> Result<Value, Error> {
    let value = bounded((reading.plain)(value)?)?;
    if value.as_str().is_some_and(is_secret) {
        return Err(bad("a secret can only be printed as it is, never changed"));
    }
    let has_captured =
        |value: &Value| value.try_iter().is_ok_and(|mut items| items.any(|item| item.is_safe()));
    if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) && has_captured(&value) {
        return value.try_iter()?.map(|item| (reading.plain)(&item)).collect();
    }
    Ok(value)
}

/// Whether a list holds captured text.
fn has_captured(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
        && value.try_iter().is_ok_and(|mut items| items.any(|item| item.is_safe()))
}

fn plain_all(reading: Reading, args: &mut [Value]) -> Result<(), Error> {
    for value in args {
        if !value.is_kwargs() {
            *value = plain(reading, value)?;
        }
    }
    Ok(())
}

/// Reads captured text as a sequence of characters; lists of captured texts stay what they are.
fn plain_first(reading: Reading, args: &mut [Value]) -> Result<(), Error> {
    for value in args.iter_mut().take(1) {
        *value = bounded((reading.plain)(value)?)?;
    }
    Ok(())
}

/// `batch` and `slice` make as many items as they are told.
fn counted(reading: Reading, args: &mut [Value]) -> Result<(), Error> {
    plain_first(reading, args)?;
    if args.iter().skip(1).take(1).any(|count| count.as_usize().is_some_and(|count| count > MOST_ITEMS)) {
        return Err(bad("a list of so many items is too long"));
    }
    Ok(())
}

/// `select` without a test asks each item whether it says anything.
fn shown_items(reading: Reading, args: &mut [Value]) -> Result<(), Error> {
    plain_first(reading, args)?;
    for value in args.iter_mut().take(1).filter(|value| has_captured(value)) {
        *value = value.try_iter()?.map(|item| shown(reading, &item)).collect::<Result<_, _>>()?;
    }
    Ok(())
}

fn shown_first(reading: Reading, args: &mut [Value]) -> Result<(), Error> {
    for value in args.iter_mut().take(1) {
        *value = shown(reading, value)?;
    }
    Ok(())
}

/// Numbers, true and false may be changed as text; nothing, lists and maps may not.
fn text_first(reading: Reading, args: &mut [Value]) -> Result<(), Error> {
    plain_all(reading, args)?;
    for value in args.iter_mut().take(1) {
        *value = as_text(reading, value)?;
    }
    Ok(())
}

/// Text that is no number is an error, unless there is a default.
fn number_first(reading: Reading, args: &mut [Value]) -> Result<(), Error> {
    plain_all(reading, args)?;
    match args {
        [value] if value.as_str().is_some_and(|text| text.parse::<f64>().is_err()) => {
            Err(bad(format!("`{value}` is no number")))
        }
        _ => Ok(()),
    }
}

/// Sums of lists would copy them again and again.
fn numbers(reading: Reading, args: &mut [Value]) -> Result<(), Error> {
    plain_all(reading, args)?;
    let named = args.last().filter(|value| value.is_kwargs()).and_then(|value| value.get_attr("start").ok());
    let start = named.filter(|value| !value.is_undefined()).or(args.get(2).cloned());
    if start.is_some_and(|start| !start.is_number() && !start.is_kwargs()) {
        return Err(bad("`sum` adds numbers; join lists with `+` or `chain`"));
    }
    Ok(())
}

fn text_all(reading: Reading, args: &mut [Value]) -> Result<(), Error> {
    plain_all(reading, args)?;
    for value in args.iter_mut().filter(|value| !value.is_kwargs()) {
        *value = as_text(reading, value)?;
    }
    if let [text, from, to, ..] = args
        && let (Some(text), Some(from), Some(to)) = (text.as_str(), from.as_str(), to.as_str())
        && text.matches(from).count().saturating_mul(to.len()) > MOST_TEXT
    {
        return Err(bad("the replaced text is too long"));
    }
    Ok(())
}

fn as_text(reading: Reading, value: &Value) -> Result<Value, Error> {
    if value.as_str().is_some() { Ok(value.clone()) } else { (reading.text)(value).map(Value::from) }
}

/// `indent` moves the lines of captured text and leaves the rest of it alone.
fn indented(reading: Reading, args: &mut [Value]) -> Result<(), Error> {
    captured_or_text(reading, args)?;
    let width = args.get(1).filter(|value| !value.is_kwargs()).and_then(Value::as_usize);
    let named = args.last().filter(|value| value.is_kwargs());
    let named = named.and_then(|value| value.get_attr("width").ok()).and_then(|value| value.as_usize());
    let width = width.or(named).unwrap_or(4);
    let lines = args[0].as_str().map_or(0, |text| text.matches('\n').count());
    if width > MOST_WIDTH || width.saturating_mul(lines) > MOST_TEXT {
        return Err(bad(format!("an indent of {width} is too wide")));
    }
    Ok(())
}

/// `trim` takes the template's blanks from the ends of captured text; other characters are taken from its plain text.
fn trimmed(reading: Reading, args: &mut [Value]) -> Result<(), Error> {
    if args.len() > 1 { text_all(reading, args) } else { captured_or_text(reading, args) }
}

fn captured_or_text(reading: Reading, args: &mut [Value]) -> Result<(), Error> {
    match args.first_mut() {
        Some(value) if value.is_safe() => bounded(value.clone()).map(drop),
        Some(_) => text_first(reading, &mut args[..1]),
        None => Ok(()),
    }
}

/// `format` gets text where it would print `True`, and no widths that explode.
fn formatted(reading: Reading, args: &mut [Value]) -> Result<(), Error> {
    plain_all(reading, args)?;
    let pattern = args.first().and_then(Value::as_str).unwrap_or_default();
    let mut numbers = pattern.split(|c: char| !c.is_ascii_digit());
    if pattern.contains('*') || numbers.any(|digits| digits.trim_start_matches('0').len() > 3) {
        return Err(bad("a width in `format` has three digits at most"));
    }
    for value in args.iter_mut().skip(1).filter(|value| !value.is_kwargs()) {
        if !value.is_number() {
            *value = as_text(reading, value)?;
        }
    }
    if let Some(last) = args.last_mut().filter(|value| value.is_kwargs()) {
        let mut named = vec![];
        for name in last.try_iter()? {
            let value = plain(reading, &last.get_item(&name)?)?;
            let value = if value.is_number() { value } else { as_text(reading, &value)? };
            named.push((name.to_string(), value));
        }
        *last = Kwargs::from_iter(named).into();
    }
    Ok(())
}

fn join(
    state: &mut State,
    reading: Reading,
    list: &Value,
    by: Option<&Value>,
    attribute: Option<&str>,
) -> Result<Value, Error> {
    let list = bounded(list.clone())?;
    if list.is_none() || list.is_undefined() || matches!(list.kind(), ValueKind::Map | ValueKind::String) {
        return Err(bad(format!("`join` joins a list, not {}", list.kind())));
    }
    let empty = Value::from("");
    let by = by.unwrap_or(&empty);
    let mut pieces: Vec<(Value, bool)> = vec![];
    for (index, item) in list.try_iter()?.enumerate() {
        if index > 0 {
            // What data gives is escaped where it stands, as any value.
            pieces.push((by.clone(), by.is_safe() || by.as_str() == Some("")));
        }
        let item = match attribute {
            Some(path) => path.split('.').try_fold(item, |item, name| match name.parse::<usize>() {
                Ok(index) => item.get_item_by_index(index),
                Err(_) => item.get_attr(name),
            })?,
            None => item,
        };
        pieces.push((item, false));
    }
    concat(state, reading, pieces.iter().map(|(value, is_literal)| (value, *is_literal)))
}

/// What may stand between pieces of a template: nothing that data would use to say something.
fn is_punctuation(by: &str) -> bool {
    by.chars().all(|c| c.is_ascii_whitespace() || ",;|/-_.:&+".contains(c))
}

/// Puts pieces together: with captured text among them to captured text, whose values are escaped where they stand;
/// else to plain text. A piece that is the template's own text (`true`) is never escaped.
fn concat<'v>(
    state: &mut State,
    reading: Reading,
    pieces: impl Iterator<Item = (&'v Value, bool)> + Clone,
) -> Result<Value, Error> {
    let captured = pieces.clone().any(|(value, is_literal)| !is_literal && value.is_safe());
    let mut out = String::with_capacity(64);
    for (value, is_literal) in pieces {
        match value.as_str() {
            Some(text) if captured && (is_literal || value.is_safe()) => out.push_str(text),
            Some(text) if !captured && !value.is_safe() && !is_secret(text) => out.push_str(text),
            _ if captured => out.push_str(&state.format(value.clone())?),
            _ => out.push_str(&(reading.text)(value)?),
        }
        if out.len() > MOST_TEXT {
            return Err(bad("the joined text is too long; is there a loop that doubles it?"));
        }
    }
    made(if captured { Value::from_safe_string(out) } else { Value::from(out) })
}
