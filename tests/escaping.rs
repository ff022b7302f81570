//! A value never breaks out of its literal: hostile values go in, independent readers read them back.
//!
//! The readers are Python's, `PyYAML`, ruamel.yaml, markdown-it-py and `nft`; what is not installed is skipped,
//! and says so. `JIG_TEST_PYTHON` names another interpreter, for example that of a virtual environment.

#[path = "escaping/contexts.rs"]
mod contexts;
#[path = "escaping/naughty.rs"]
mod naughty;
mod support;
#[path = "escaping/ways.rs"]
mod ways;

use contexts::{CONTEXTS, Context};
use jig::syntax::{self, CLOSE, Datum, Filled, OPEN, Refusal};
use naughty::{CHOSEN, Dice};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

fn fill(syntax: &str, template: &str, data: &[Datum]) -> Result<Filled, Refusal> {
    let mut marked = template.to_owned();
    for number in 0..data.len() {
        marked = marked.replace(&format!("<{number}>"), &format!("{OPEN}{number}{CLOSE}"));
    }
    syntax::by_name(syntax).expect("a syntax of this name").fill(&marked, data)
}

fn string(value: &str) -> Datum {
    Datum::Str(value.to_owned())
}

/// Returns the value as the oracle compares it.
fn typed(value: &Datum) -> Value {
    match value {
        Datum::Null => Value::Null,
        Datum::Bool(value) => json!(value),
        Datum::Int(value) => json!({ "int": value.to_string() }),
        Datum::Float(value) => json!({ "float": format!("{value:e}") }),
        Datum::Str(value) => json!(value),
        Datum::List(values) => values.iter().map(typed).collect(),
        Datum::Map(pairs) => {
            json!({ "map": pairs.iter().map(|(key, value)| json!([key, typed(value)])).collect::<Vec<_>>() })
        }
        Datum::Literal { value, .. } => typed(value),
    }
}

fn as_text(value: &Datum) -> Option<String> {
    match value {
        Datum::Str(value) => Some(value.clone()),
        Datum::Int(value) => Some(value.to_string()),
        Datum::Float(value) => Some(format!("{value:?}")),
        Datum::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Returns one line for the oracle, or none if the value was refused.
fn case(context: &Context, data: &[Datum; 2]) -> Option<String> {
    case_in(context, context.template, context.read, data)
}

/// The same for a place that stands in a larger template.
fn case_in(context: &Context, template: &str, read: &str, data: &[Datum; 2]) -> Option<String> {
    let filled = match fill(context.syntax, template, data) {
        Ok(filled) => filled,
        Err(refusal) => {
            assert!(!refusal.message.is_empty() && !refusal.next.is_empty());
            let texts = data.iter().all(|value| matches!(value, Datum::Str(_)));
            assert!(!(context.holds_all && texts), "{template} refused {data:?}: {refusal:?}");
            return None;
        }
    };
    let expect = match context.expect {
        "=" => typed(&data[0]),
        "#1" => json!("one"),
        text => {
            let [first, second] = [as_text(&data[0]), as_text(&data[1])];
            let missing = text.contains("<0>") && first.is_none() || text.contains("<1>") && second.is_none();
            assert!(!missing, "{} took {data:?}", context.template);
            // One pass, for a value may look like a slot.
            let parts =
                text.split("<0>").map(|part| part.replace("<1>", second.as_deref().unwrap_or_default()));
            json!({ "text": parts.collect::<Vec<_>>().join(first.as_deref().unwrap_or_default()) })
        }
    };
    let line = json!({
        "syntax": context.syntax, "template": template, "read": read,
        "output": filled.text, "expect": expect, "data": data.iter().map(typed).collect::<Vec<_>>(),
        "texts": data.iter().map(as_text).collect::<Vec<_>>(),
    });
    Some(line.to_string())
}

/// Values of every other kind than text.
fn others() -> Vec<Datum> {
    let list = |values: &[Datum]| Datum::List(values.to_vec());
    let pair = |key: &str, value| (key.to_owned(), value);
    vec![
        Datum::Null,
        Datum::Bool(true),
        Datum::Bool(false),
        Datum::Int(0),
        Datum::Int(-5),
        Datum::Int(8080),
        Datum::Int(i128::from(i64::MAX)),
        Datum::Int(i128::from(u64::MAX)),
        Datum::Float(1.0),
        Datum::Float(-0.5),
        Datum::Float(1e300),
        Datum::Float(1.5e-9),
        Datum::Float(f64::NAN),
        list(&[]),
        list(&[string("a\"b"), Datum::Int(1), list(&[Datum::Bool(true)])]),
        list(&[string("no"), string("1:30"), string(": #"), Datum::Float(1e16)]),
        Datum::Map(vec![]),
        Datum::Map(vec![pair(&"é".repeat(700), Datum::Int(1)), pair("b", Datum::Int(2))]),
        Datum::Map(vec![
            pair("a b", Datum::Int(1)),
            pair("no", list(&[string("x\ny")])),
            pair("", Datum::Map(vec![])),
        ]),
    ]
}

fn cases() -> Vec<String> {
    let mut dice = Dice::new(7);
    let mut lines = Vec::new();
    for context in CONTEXTS {
        // Each case is a process for nft; the others cost microseconds.
        let made_up = if context.syntax == "nft" { 5 } else { 40 };
        for chosen in CHOSEN {
            let other = if dice.below(2) == 0 { "x".to_owned() } else { dice.text() };
            lines.extend(case(
                context,
                &[string(chosen), string(if context.template.contains("<1>") { "x" } else { "" })],
            ));
            if context.template.contains("<1>") && context.syntax != "nft" {
                lines.extend(case(context, &[string(&other), string(chosen)]));
            }
        }
        for _ in 0..made_up {
            lines.extend(case(context, &[string(&dice.text()), string(&dice.text())]));
        }
        for other in others() {
            lines.extend(case(context, &[other, string("x")]));
        }
    }
    lines.extend(nested_yaml(&mut dice));
    lines.extend(surrounded(&mut dice));
    lines
}

/// What may stand before and behind a place, by language; each would confuse a lexer that takes a quote, a bracket or
/// the opener of a comment for what it is not.
#[rustfmt::skip]
const SURROUNDINGS: &[(&str, &[&str], &[&str])] = &[
    ("json", &["", r#"{"p": "\"[x", "q": "#, "{\"p\": [{\"a\": \"}\"}, null],\n\"q\":"], &["", "}", r#", "r": "{\\"}"#]),
    ("toml", &["", "p = \"# \\\"\" # '\n", "p = '\\' # \"\"\"\n", "p = \"\"\"\n\"\" \\\"\"\" = [ #\n\"\"\"\n", "p = '''\n'x'' {\n'''\n", "p = [\"]\", { q = '}' }, # ]\n]\n"],
        &["", "[z8]\nb = '\"'\n", "[[z8]]\n# \"\n"]),
    ("xml", &["", "<p q=\"1>2\" r='\"'>", "<p><!-- <x> ' --><![CDATA[<y>]]>", "<p>&lt;<?i \"<z>?>"], &["", "</p>", "<!-- ' --></p>"]),
    ("ini", &["", "# [p]\n; \"\n", "[p]\nq = \"x\n  [r]\n"], &["", "[z8]\nb = ]\n", "; [x\n"]),
    ("csv", &["", "p,\"q\nr,\"\"s\"\n", "p,\" x\",\n"], &["", "\"y\"\"\",z\n"]),
];

/// Places between other things: what the whole file says is compared, not only the value.
fn surrounded(dice: &mut Dice) -> Vec<String> {
    let mut lines = Vec::new();
    for (syntax, before, behind) in SURROUNDINGS {
        let contexts: Vec<&Context> = CONTEXTS
            .iter()
            .filter(|context| context.syntax == *syntax && !context.template.contains("<1>"))
            .collect();
        let mut held = 0;
        for _ in 0..500 {
            let context = contexts[dice.below(contexts.len())];
            let (before, behind) = (before[dice.below(before.len())], behind[dice.below(behind.len())]);
            let template = format!("{before}{}{behind}", context.template);
            let text =
                if dice.below(2) == 0 { CHOSEN[dice.below(CHOSEN.len())].to_owned() } else { dice.text() };
            let Ok(filled) = fill(syntax, &template, &[string(&text)]) else { continue };
            held += 1;
            let line = json!({
                "syntax": syntax, "template": template, "read": "whole", "output": filled.text,
                "bare": context.expect == "=", "expect": { "text": "as meant" }, "data": [text], "texts": [text],
            });
            lines.push(line.to_string());
        }
        assert!(held > 150, "{syntax}: only {held} of 500 values were held");
    }
    lines
}

/// Several places of YAML in one file, each under a key of its own: one must not spoil the next.
fn nested_yaml(dice: &mut Dice) -> Vec<String> {
    let nestable = |context: &&Context| {
        context.syntax == "yaml" && !context.template.contains("---") && !context.template.contains(" &")
    };
    let contexts: Vec<&Context> = CONTEXTS.iter().filter(nestable).collect();
    let mut lines = Vec::new();
    for round in 0..600 {
        let picked: Vec<&Context> = (0..3).map(|_| contexts[dice.below(contexts.len())]).collect();
        let text = if round % 2 == 0 { CHOSEN[dice.below(CHOSEN.len())].to_owned() } else { dice.text() };
        let data = [string(&text), string("x")];
        let mut template = String::new();
        for (index, context) in picked.iter().enumerate() {
            template.extend(["k", &index.to_string(), ":\n"]);
            for line in context.template.lines() {
                template.extend([if line.is_empty() { "" } else { "  " }, line, "\n"]);
            }
        }
        for (index, context) in picked.iter().enumerate() {
            let rest = context.read.strip_prefix('/');
            let read = rest.map_or(format!("/k{index} {}", context.read), |rest| format!("/k{index}/{rest}"));
            let inner = Context { holds_all: false, ..(*context).clone() };
            lines.extend(case_in(&inner, &template, &read, &data));
        }
    }
    lines
}

#[test]
fn independent_readers_find_the_same_values() {
    let lines = cases();
    assert!(lines.len() > 5_000, "only {} cases", lines.len());
    let python = std::env::var("JIG_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let oracle = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/escaping/oracle.py");
    let spawned = Command::new(&python).arg(oracle).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        say(&format!("SKIPPED: {python} is not installed; nothing was read back"));
        return;
    };
    let mut stdin = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || stdin.write_all((lines.join("\n") + "\n").as_bytes()));
    let output = child.wait_with_output().expect("the oracle ends");
    writer.join().expect("the writer ends").expect("the oracle reads everything");
    let report = String::from_utf8_lossy(&output.stdout);
    report.lines().filter(|line| line.starts_with("SKIPPED")).for_each(say);
    let faults: Vec<&str> = report.lines().filter(|line| line.starts_with('{')).collect();
    let shown = faults.iter().take(40).copied().collect::<Vec<_>>().join("\n");
    assert!(output.status.success() && faults.is_empty(), "{} faults\n{shown}", faults.len());
}

/// Writes to the terminal even where the test passes: what was not checked must be seen.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Any value that data can hold.
fn datum() -> impl Strategy<Value = Datum> {
    let text = prop_oneof![any::<String>(), prop::sample::select(CHOSEN).prop_map(str::to_owned)];
    let leaf = prop_oneof![
        Just(Datum::Null),
        any::<bool>().prop_map(Datum::Bool),
        any::<i128>().prop_map(Datum::Int),
        any::<f64>().prop_map(Datum::Float),
        text.clone().prop_map(Datum::Str),
    ];
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Datum::List),
            prop::collection::vec((text.clone(), inner), 0..4).prop_map(Datum::Map),
        ]
    })
}

/// Any template, mostly wrong syntax.
fn template() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(CHOSEN).prop_map(str::to_owned),
        4 => (0usize..3).prop_map(|slot| format!("{OPEN}{slot}{CLOSE}")),
        2 => prop::sample::select(CONTEXTS).prop_map(|context| context.template.replace("<0>", &format!("{OPEN}0{CLOSE}"))),
        3 => prop::sample::select(&["\n", "\n  ", "- ", ": ", "key: ", " # ", "a = ", "[", "{", "|\n  ", "\"", "'", "```\n", "| ", "<a b=\"", "comment \""][..]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_template_is_filled_or_refused(template in template(), data in prop::collection::vec(datum(), 3)) {
        for syntax in syntax::SYNTAXES {
            let Ok(filled) = syntax.fill(&template, &data) else { continue };
            let mut end = 0;
            for (slot, span) in &filled.spans {
                prop_assert!(*slot < data.len());
                prop_assert!(span.start >= end && filled.text.get(span.clone()).is_some(), "{} {:?}", syntax.name(), span);
                end = span.end;
            }
        }
    }

    #[test]
    fn text_without_slots_stays_as_it_is(template in template()) {
        let plain = template.replace([OPEN, CLOSE], "");
        for syntax in syntax::SYNTAXES {
            prop_assert_eq!(&syntax.fill(&plain, &[]).expect("nothing to refuse").text, &plain);
        }
    }

    #[test]
    fn json_reads_back(value in datum()) {
        if let Ok(literal) = syntax::json_literal(&value) {
            let read: Value = serde_json::from_str(&literal).expect("JSON");
            prop_assert!(!literal.contains(['\n', OPEN, CLOSE]));
            if let Datum::Str(value) = &value {
                prop_assert_eq!(read.as_str(), Some(value.as_str()));
            }
        }
    }

    #[test]
    fn finished_literals_stay_on_one_line_and_hide_markers(value in datum()) {
        for literal in [syntax::json_literal, syntax::toml_literal, syntax::yaml_literal] {
            if let Ok(literal) = literal(&value) {
                prop_assert!(!literal.contains(['\n', '\r', OPEN, CLOSE]));
            }
        }
    }
}
