//! Templates are strict and bounded: what is not said is an error at its place, nothing prints as Python text, captured
//! text never turns into a third thing, nothing runs or grows for ever, and nothing outside the context is reached.

mod support;

use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};
use support::{BLUEPRINT, Fleet, FleetBuilder, Found, in_parallel};

/// A template with its syntax, rendered for a line with the values of [`values`].
struct Template<'a> {
    extension: &'a str,
    text: &'a str,
    more: &'a [(&'a str, &'a str)],
}

fn text(text: &str) -> Template<'_> {
    Template { extension: "txt", text, more: &[] }
}

fn json(text: &str) -> Template<'_> {
    Template { extension: "json", text, more: &[] }
}

fn values() -> Json {
    json!({
        "name": "O'Brien \"x\"", "yes": true, "nothing": null, "list": [1, "a"], "map": { "inner": 1 },
        "number": 5, "ratio": 1.5, "port": 22, "word": "twenty", "empty": "", "braces": "{{ 7 * 7 }}{% raw %}{# x #}",
        "marker": "a\u{FDD0}0\u{FDD1}b", "evil": "x\"; drop \u{FDD0}0\u{FDD1}", "private": "\u{E000}\u{F8FF}\u{10FFFD}",
        "bidi": "a\u{202E}b\u{2066}c", "items": ["p", "q"], "newline": "\n", "tag": "</r>",
    })
}

impl Template<'_> {
    fn fleet(&self) -> Fleet {
        let values = values();
        let names = values.as_object().expect("an object");
        let inputs: String = names.keys().map(|name| format!("  {name}: {{ owner: controls }}\n")).collect();
        let blueprint =
            BLUEPRINT.replace("  plc_ip: { type: string, format: ipv4, owner: controls }\n", &inputs);
        let syntax = if self.extension == "txt" { ", syntax: text" } else { "" };
        let folder = "blueprints/hello/templates/settings";
        let target =
            format!("kind: record\nfiles: [ {{ template: t.j2, path: out.{}{syntax} }} ]\n", self.extension);
        let mut fleet = FleetBuilder::smallest()
            .file("blueprints/hello/blueprint.yaml", &blueprint)
            .file(&format!("{folder}/target.yaml"), &target)
            .file(&format!("{folder}/t.j2"), self.text)
            .file(
                "sites/home/lines/one.yaml",
                &format!("area: hall\nblueprint: hello@0.1.0\ninputs: {values}\n"),
            );
        for (name, text) in self.more {
            fleet = fleet.file(&format!("{folder}/{name}"), text);
        }
        fleet.build()
    }

    /// What it renders to, or the first finding that is about a template.
    fn render(&self) -> Result<String, Found> {
        let fleet = self.fleet();
        let run = fleet.jig("render --format json").run();
        assert!(!run.stderr.contains("panicked") && [0, 1].contains(&run.code), "{}\n{run}", self.text);
        if run.code == 0 {
            return Ok(fleet.read(&format!("intended/home/one/out.{}", self.extension)));
        }
        assert!(!fleet.has("intended/home/one"), "a refused line writes nothing: {}", self.text);
        let findings = run.findings();
        let found = findings.iter().find(|found| found.rule != "unknown-target").cloned();
        Err(found.unwrap_or_else(|| panic!("{}\n{run}", self.text)))
    }
}

/// Renders each template as text and compares what comes out.
#[track_caller]
fn all_say(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = in_parallel(cases, |(template, expected)| match text(template).render() {
        Ok(out) if out == *expected => None,
        other => Some(format!("{template}\n  is       {other:?}\n  and not  {expected:?}")),
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Renders each template and demands an error at a line and column whose message holds some words.
#[track_caller]
fn all_fail(cases: &[(Template<'_>, &str, &str)]) {
    let wrong: Vec<String> = in_parallel(cases, |(template, place, words)| match template.render() {
        Err(found)
            if format!("{}:{}", found.line, found.column).starts_with(place)
                && found.message.contains(words)
                && found.file.contains("templates/settings/")
                && !found.next.is_empty() =>
        {
            None
        }
        other => Some(format!("{}\n  {other:?}\n  and not  {place} {words}", template.text)),
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// ---- names

#[test]
fn a_name_that_is_not_there_is_an_error_at_its_line_and_column() {
    all_fail(&[
        (text("one\ntwo {{ values.nmae }}"), "2:8", "`values.nmae` is not defined"),
        (text("{{ vlaues.name }}"), "1:4", "`vlaues.name` is not defined"),
        (text("{% for f in flosw %}{% endfor %}"), "1:13", "`flosw` is not defined"),
        (text("{% if 1 %}\n  {{ values.map.inner.deep.er }}{% endif %}"), "2:6", "`values.map.inner.deep"),
        (text("{{ 'a' ~ values.nope ~ 'b' }}"), "1:", "not defined"),
        (text("{% set x = values.nope %}{{ x }}"), "1:", "not defined"),
        (
            text("{% macro m(v) %}{{ v.x }}{% endmacro %}\n{{ m(values.map) }}"),
            "1:20",
            "`v.x` is not defined",
        ),
        (text("{{ [values.nope]|join }}"), "1:", "not defined"),
        (text("{{ values.nope == 1 }}"), "1:", "not defined"),
        (text("{{ values.name|uper }}"), "1:", "filter uper is unknown"),
        (text("{{ values.name is upperr }}"), "1:", "test upperr is unknown"),
        (text("{{ foo() }}"), "1:4", "foo is unknown"),
        (text("{{ loop.index }}"), "1:4", "not defined"),
        (
            Template {
                extension: "txt",
                text: "{% import 'm.j2' as m %}{{ m.go() }}",
                more: &[("m.j2", "{% macro go() %}\n\n{{ nope }}{% endmacro %}")],
            },
            "3:4",
            "`nope` is not defined",
        ),
    ]);
    let near = |template: &str| text(template).render().expect_err("an error").next;
    assert_eq!(near("{{ values.nmae }}"), "did you mean `values.name`?");
    assert_eq!(near("{{ vlaues.name }}"), "did you mean `values`?");
    assert_eq!(near("{{ values.map.iner }}"), "did you mean `values.map.inner`?");
}

// ---- kinds

#[test]
fn a_value_of_the_wrong_kind_is_an_error_at_its_place() {
    let nft = |rule: &str| format!("table inet t {{\n  chain c {{\n    {rule}\n  }}\n}}\n");
    let rules = [
        ("tcp dport {{ values.word }} accept", "3:18", "is not a port"),
        ("tcp dport {{ values.yes }} accept", "3:18", "is not a port"),
        ("tcp dport {{ values.ratio }} accept", "3:18", "is not a port"),
        ("tcp dport {{ values.port * 9999 }} accept", "3:18", "is not a port"),
        ("tcp dport {{ values.nothing }} accept", "3:18", "nothing (null)"),
        ("ip saddr {{ values.word }} accept", "3:17", "is not an IPv4 address"),
        ("ip saddr {{ values.number }} accept", "3:17", "is not an IPv4 address"),
        ("ip saddr {{ values.map }} accept", "3:17", "map"),
    ];
    let rules: Vec<_> = rules.iter().map(|(rule, place, words)| (nft(rule), *place, *words)).collect();
    let cases: Vec<_> = rules
        .iter()
        .map(|(text, place, words)| (Template { extension: "nft", text, more: &[] }, *place, *words))
        .collect();
    all_fail(&cases);
    all_fail(&[
        (text("{{ values.word|int }}"), "1:", "`twenty` is no number"),
        (text("{{ values.word + 1 }}"), "1:", "string and number"),
        (text("{{ values.word * values.word }}"), "1:", "strings can only be multiplied with integers"),
        (text("{{ values.list }}"), "1:4", "a list cannot be written here"),
        (text("{{ values.map }}"), "1:4", "a map cannot be written here"),
        (text("{{ values.nothing }}"), "1:4", "nothing (null) cannot be written here"),
        (text("{{ values.number|network }}"), "1:", ""),
        (text("{{ values.word|network }}"), "1:", "is no address or network"),
        (text("{{ values.name|join(',') }}"), "1:", "`join` joins a list"),
        (text("{{ range }}"), "1:4", "cannot be printed"),
        (text("{{ values.nothing|safe }}"), "1:", "nothing (null)"),
    ]);
}

#[test]
fn nothing_prints_as_python_text() {
    all_say(&[
        ("{{ values.yes }} {{ not values.yes }} {{ 1 == 1 }}", "true false true"),
        ("{{ values.yes ~ 'x' }}{{ 1.0 ~ '' }}{{ 3 ~ 4 }}", "truex1.034"),
        ("{{ [values.yes, 1, 'a']|join('-') }}", "true-1-a"),
        (
            "{{ values.yes|string }} {{ values.yes|upper }} {{ values.yes|replace('t', 'T') }}",
            "true TRUE True",
        ),
        ("{{ '%s %s'|format(values.yes, 5) }} {{ '%(a)s'|format(a=values.yes) }}", "true 5 true"),
        ("{{ values.missing|default(values.yes) ~ '' }}", "true"),
        ("{% macro m(a, b=true) %}{{ a }}{{ b }}{% endmacro %}{{ m(values.yes) }}", "truetrue"),
        (
            "{% set x %}{{ values.yes }}{% endset %}{{ x }}{{ x|trim }}{{ x ~ '' }}{{ x|replace('t', 'T') }}",
            "truetruetrueTrue",
        ),
        ("{% set x = values.yes %}{{ x ~ '' }}", "true"),
        ("{{ {true: 'a', 1: 'b'}|json }}", "{\"true\": \"a\", \"1\": \"b\"}"),
        ("{% filter replace('x', 'y') %}x{{ values.yes }}{% endfilter %}", "ytrue"),
        ("{{ values.yes|safe }} {{ values.ratio|safe }}", "true 1.5"),
    ]);
    all_fail(
        &[
            "{{ values.nothing ~ 'x' }}",
            "{{ values.list ~ 'x' }}",
            "{{ values.map ~ 'x' }}",
            "{{ [values.nothing]|join }}",
            "{{ [[1]]|join }}",
            "{{ values.nothing|string }}",
            "{{ values.list|string }}",
            "{{ values.nothing|upper }}",
            "{{ values.list|trim }}",
            "{{ values.map|replace('a', 'b') }}",
            "{{ '%s'|format(values.nothing) }}",
            "{{ '%s'|format(values.list) }}",
            "{{ '%(a)s'|format(a=values.nothing) }}",
            "{{ (1, 2) ~ '' }}",
            "{% set x %}{{ values.nothing }}{% endset %}{{ x ~ '' }}{{ x|upper }}",
            "{{ 'a'|replace('a', values.nothing) }}",
        ]
        .map(|template| (text(template), "1:", "")),
    );
}

// ---- captured text

#[test]
fn captured_text_says_what_it_says_to_filters_tests_and_operators() {
    let captured = "{% set x %}[{{ values.name }}]{% endset %}";
    let cases = [
        ("{{ x }}", "[O'Brien \"x\"]"),
        ("{{ x|upper }}", "[O'BRIEN \"X\"]"),
        ("{{ x|length }}", "13"),
        ("{{ x[1:3] }}{{ x[0] }}", "O'["),
        ("{{ x[-3:] }}", "x\"]"),
        ("{{ x|first }}{{ x|last }}{{ x|reverse }}", "[]]\"x\" neirB'O["),
        ("{{ x == '[O\\'Brien \"x\"]' }} {{ x != 'a' }} {{ x < 'a' }}", "true true true"),
        ("{{ 'rien' in x }} {{ '0' in x }} {{ x in ['[O\\'Brien \"x\"]'] }}", "true false true"),
        (
            "{{ x is string }} {{ x is eq('[O\\'Brien \"x\"]') }} {{ x is startingwith('[O') }}",
            "true true true",
        ),
        ("{{ x|tojson }} {{ x|json }}", "\"[O\\u0027Brien \\\"x\\\"]\" \"[O'Brien \\\"x\\\"]\""),
        ("{{ x|replace('O', '0') }}", "[0'Brien \"x\"]"),
        ("{{ x ~ '!' }} {{ '!' ~ x }} {{ x + '!' }}", "[O'Brien \"x\"]! ![O'Brien \"x\"] [O'Brien \"x\"]!"),
        ("{{ x * 2 }}", "[O'Brien \"x\"][O'Brien \"x\"]"),
        ("{{ [x, x]|unique|length }} {{ [x, 'b']|sort|join }}", "1 [O'Brien \"x\"]b"),
        ("{{ [x, x]|join(', ') }}", "[O'Brien \"x\"], [O'Brien \"x\"]"),
        ("{{ [x]|map('upper')|join }}{{ [x]|select('eq', 'n')|list|length }}", "[O'BRIEN \"X\"]0"),
        ("{% for c in x[:2] %}{{ c }},{% endfor %}", "[,O,"),
        ("{{ { '[O\\'Brien \"x\"]': 'found' }[x] }}", "found"),
        ("{{ '%s'|format(x) }} {{ x|hex_id(4) == '[O\\'Brien \"x\"]'|hex_id(4) }}", "[O'Brien \"x\"] true"),
        (
            "{{ x|indent(2, true) }}|{{ x|trim }}|{{ x|default('d') }}|{{ x|string }}",
            "  [O'Brien \"x\"]|[O'Brien \"x\"]|[O'Brien \"x\"]|[O'Brien \"x\"]",
        ),
        ("{{ x|slug }}", "o-brien-x"),
        ("{% set y %}({{ x }}){% endset %}{{ y }}{{ y|length }}", "([O'Brien \"x\"])15"),
        ("{% set y = x %}{% set z = [y] %}{{ z[0]|length }}{{ z[0] == x }}", "13true"),
        ("{% with w = x %}{{ w == x }}{{ w|length }}{% endwith %}", "true13"),
    ];
    let templates: Vec<_> =
        cases.iter().map(|(use_of, expected)| (format!("{captured}{use_of}"), *expected)).collect();
    all_say(&templates.iter().map(|(text, expected)| (text.as_str(), *expected)).collect::<Vec<_>>());
}

#[test]
fn captured_text_that_says_nothing_is_false() {
    let captured = "{% set x %}{{ values.empty }}{% endset %}";
    let cases = [
        ("{% if x %}yes{% else %}no{% endif %}", "no"),
        ("{{ x or 'other' }} {{ (x and 'a')|length }} {{ not x }}", "other 0 true"),
        ("{{ 'a' if x else 'b' }} {{ x|default('d', true) }}", "b d"),
        ("{{ [x, 'k']|select|join(',') }}", "k"),
    ];
    let templates: Vec<_> =
        cases.iter().map(|(use_of, expected)| (format!("{captured}{use_of}"), *expected)).collect();
    all_say(&templates.iter().map(|(text, expected)| (text.as_str(), *expected)).collect::<Vec<_>>());
}

#[test]
fn macros_callers_filters_and_imports_give_captured_text_too() {
    all_say(&[
        (
            "{% macro m(v) %}<{{ v }}>{% endmacro %}{{ m(1) == '<1>' }} {{ m('ab')|length }} {{ m('ab')[1:3] }}",
            "true 4 ab",
        ),
        (
            "{% macro m() %}{{ caller()|upper }}{{ caller() == 'k5' }}{% endmacro %}{% call m() %}k{{ values.number }}{% endcall %}",
            "K5true",
        ),
        ("{% filter upper %}a{{ values.word }}{% endfilter %}", "ATWENTY"),
        ("{% set x | replace('t', 'T') %}t{{ values.word }}{% endset %}{{ x }}", "TTwenTy"),
        (
            "{% for a in [[1, [2]]] recursive %}{% if a is sequence %}{{ loop(a)|length }}{% else %}{{ a }}{% endif %}{% endfor %}",
            "2",
        ),
        ("{% block b %}x{{ values.word }}{% endblock %}{{ self.b()|length }}", "xtwenty7"),
    ]);
    let imported = Template {
        extension: "txt",
        text: "{% import 'm.j2' as m %}{% from 'm.j2' import tag as t %}{{ m.tag(values.name)|length }} {{ t(1) == '<1>' }} {{ m.top == '5' }}",
        more: &[("m.j2", "{% macro tag(v) %}<{{ v }}>{% endmacro %}{% set top %}{{ 5 }}{% endset %}")],
    };
    assert_eq!(imported.render().ok().as_deref(), Some("13 true true"));
}

#[test]
fn captured_pieces_put_together_keep_each_value_in_its_place() {
    let macro_of = "{% macro m(v) %}{ \"v\": {{ v }} }{% endmacro %}";
    let read = |text: String| -> Json {
        let out = json(&text).render().unwrap_or_else(|found| panic!("{text}\n{found:?}"));
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{text}\n{out}\n{error}"))
    };
    let all = json!([{ "v": "O'Brien \"x\"" }, { "v": true }, { "v": null }]);
    assert_eq!(
        read(format!("{macro_of}[{{{{ [m(values.name), m(values.yes), m(values.nothing)]|join(', ') }}}}]")),
        all
    );
    assert_eq!(
        read(format!(
            "{macro_of}[{{{{ m(values.name) ~ ',' ~ m(values.yes) ~ ', ' ~ m(values.nothing) }}}}]"
        )),
        all
    );
    assert_eq!(
        read(format!("{macro_of}[{{{{ m(values.name)|indent(2) }}}}]")),
        json!([{ "v": "O'Brien \"x\"" }])
    );
    // What was changed is data, and data is escaped where it is printed.
    assert_eq!(read(format!("{macro_of}[{{{{ m(values.word)|upper }}}}]")), json!(["{ \"V\": TWENTY }"]));
    // A value beside captured text stays a value.
    assert_eq!(
        read("{% set x %}\"a\": 1,{% endset %}{ {{ x ~ values.name }}: 2 }".into()),
        json!({ "a": 1, "O'Brien \"x\"": 2 })
    );
}

#[test]
fn a_separator_from_data_is_a_value_and_one_of_the_template_is_text() {
    let z = "{% set z %}note{% endset %}";
    let read = |extension, template: &str| {
        let text = format!("{z}{template}");
        Template { extension, text: &text, more: &[] }.render()
    };
    let lines = read("nft", "# {{ [z, \"accept\"]|join(values.newline) }}\n");
    assert!(
        !lines.clone().is_ok_and(|text| text.lines().any(|line| line.starts_with("accept"))),
        "{lines:?}"
    );
    let escaped = read("json", "[\"{{ [z, values.word]|join(values.newline) }}\"]").expect("it renders");
    assert_eq!(escaped, "[\"note\\ntwenty\"]");
    for list in ["join(', ')", "join(d=', ')"] {
        let own = read("json", &format!("[\"{{{{ [z, values.word]|{list} }}}}\"]")).expect("it renders");
        assert_eq!(own, "[\"note, twenty\"]");
    }
    let plain = read("json", "[{{ [1, 2]|join(values.newline) }}]").expect("it renders");
    assert_eq!(plain, "[\"1\\n2\"]");
}

#[test]
fn a_finished_literal_is_text_where_another_language_stands() {
    let read = |extension, text: &str| Template { extension, text, more: &[] }.render();
    assert_eq!(
        read("json", "[{{ values.list|json }}, {{ values.map|tojson(indent=1) }}]").expect("it renders"),
        "[[1, \"a\"], {\n \"inner\": 1\n}]"
    );
    assert_eq!(
        read("json", "[\"{{ values.list|json }}\", {{ values.list|json|json }}]").expect("it renders"),
        r#"["[1, \"a\"]", "[1, \"a\"]"]"#
    );
    assert_eq!(
        read("toml", "a = {{ values.name|json }}\nb = \"{{ values.list|json }}\"\n").expect("it renders"),
        "a = \"O'Brien \\\"x\\\"\"\nb = \"[1, \\\"a\\\"]\"\n"
    );
    assert_eq!(
        read("yaml", "a: {{ values.map|tojson(indent=1) }}\n").expect("it renders"),
        "a: {\"inner\": 1}\n"
    );
    assert_eq!(
        read("xml", "<r a=\"{{ values.map|tojson }}\">{{ values.tag|json }}</r>").expect("it renders"),
        "<r a=\"{&quot;inner&quot;: 1}\">\"&lt;/r&gt;\"</r>"
    );
    let refused =
        read("nft", "table ip t { chain c { ip saddr 10.0.0.1 drop comment {{ values.evil|json }} } }");
    assert!(!refused.clone().is_ok_and(|text| text.contains("drop comment \"x\\\"")), "{refused:?}");
    all_say(&[
        ("{% set x = values.word|json %}{{ x|length }}{{ x == '\"twenty\"' }}{{ x }}", "8true\"twenty\""),
        (
            "{{ (values.word|json)|upper }}{% if values.word|json == '\"twenty\"' %}!{% endif %}",
            "\"TWENTY\"!",
        ),
    ]);
}

#[test]
fn values_with_our_own_markers_or_template_syntax_are_only_values() {
    let marker = "a\u{FDD0}0\u{FDD1}b";
    let cases = [
        ("{{ values.word }}{{ values.marker }}", format!("twenty{marker}")),
        (
            "{{ values.word }}{{ values.marker ~ '!' }}{{ [values.marker]|join }}",
            format!("twenty{marker}!{marker}"),
        ),
        (
            "{{ values.word }}{{ values.marker|upper }}{{ values.marker|trim }}{{ values.marker|indent }}",
            format!("twenty{}{marker}{marker}", marker.to_uppercase()),
        ),
        (
            "{{ values.word }}{% set x %}{{ values.marker }}{% endset %}{{ x }}{{ x|length }}{{ x == values.marker }}",
            format!("twenty{marker}5true"),
        ),
        ("{{ values.braces }}{{ values.braces ~ '' }}", "{{ 7 * 7 }}{% raw %}{# x #}".repeat(2)),
        (
            "{{ values.private }}{{ values.bidi }}{{ values.evil }}",
            "\u{E000}\u{F8FF}\u{10FFFD}a\u{202E}b\u{2066}cx\"; drop \u{FDD0}0\u{FDD1}".into(),
        ),
    ];
    all_say(&cases.iter().map(|(text, expected)| (*text, expected.as_str())).collect::<Vec<_>>());
    let template = "{ \"w\": {{ values.word }}, \"a\": {{ values.marker }}, \"b\": \"{{ values.evil }}\", \"c\": {{ values.marker|json }}, \
                    \"d\": {{ values.evil|tojson }}, {{ values.evil }}: {{ [values.private, values.bidi, values.braces] }}, \
                    \"e\": {{ values.evil ~ values.marker }} }";
    let out: Json = serde_json::from_str(&json(template).render().expect("it renders")).expect("JSON");
    let values = values();
    let evil = values["evil"].as_str().expect("text");
    assert_eq!(
        out,
        json!({ "w": "twenty", "a": marker, "b": evil, "c": marker, "d": evil, evil: [values["private"], values["bidi"], values["braces"]],
                "e": format!("{evil}{marker}") })
    );
    all_fail(&[
        (text("{{ values.word }}{{ values.marker|safe }}"), "1:", "leave `|safe` out"),
        (text("a\u{FDD0}0\u{FDD1}"), "1:2", "keeps for itself"),
        (text(r#"{{ "\ufdd0" ~ "0" ~ "\ufdd1" }}"#), "1:4", "keeps for itself"),
    ]);
}

// ---- bounds

#[cfg(unix)]
#[test]
fn endless_work_and_exploding_text_end_in_an_error_at_their_line() {
    let double = |step: &str| {
        let steps: String = (0..60)
            .map(|n| step.replace("NEW", &format!("a{}", n + 1)).replace("OLD", &format!("a{n}")))
            .collect();
        format!("{{% set a0 = 'xxxxxxxxxx' %}}{steps}{{{{ a60|length }}}}")
    };
    let long = "x".repeat(2000);
    let cases: Vec<(String, &str)> = vec![
        ("\n{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}".into(), "too many steps"),
        ("\n{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}".into(), "too many steps"),
        (format!("\n{{% for a in range(99999) %}}{{% for b in range(99999) %}}{long}{{% endfor %}}{{% endfor %}}"), "grows beyond"),
        (format!("\n{{% set y %}}{{% for a in range(99999) %}}{{% for b in range(99999) %}}{long}{{% endfor %}}{{% endfor %}}{{% endset %}}"), "more than"),
        ("\n{% for a in range(99999999) %}x{% endfor %}".into(), "range has too many elements"),
        ("\n{% for a in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}".into(), "recursion limit"),
        ("\n{% macro m(x) %}{{ m(x) }}{{ m(x) }}{% endmacro %}{{ m(1) }}".into(), "recursion limit"),
        ("\n{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}".into(), "recursion limit"),
        ("\n{% include 't.j2' %}".into(), "recursion limit"),
        ("\n{% import 't.j2' as t %}".into(), "recursion limit"),
        ("\n{% extends 't.j2' %}".into(), "cycle in template inheritance"),
        (format!("\n{}", double("{% set NEW = OLD ~ OLD %}")), "too long"),
        (format!("\n{}", double("{% set NEW = OLD + OLD %}")), "too long"),
        (format!("\n{}", double("{% set NEW %}{{ OLD }}{{ OLD }}{% endset %}")), "more than"),
        (format!("\n{}", double("{% set NEW = [OLD, OLD] %}").replace("a60|length", "a60|json")), "more than"),
        (format!("\n{}", double("{% set NEW = OLD + OLD %}").replace("'xxxxxxxxxx'", "[1]")), "too long"),
        ("\n{{ 'x' * 90000000 }}".into(), "too long"),
        ("\n{{ [0] * 90000000 }}".into(), "too long"),
        ("\n{{ ((0,) * 90000000)|length }}".into(), "too long"),
        ("\n{{ (([0] * 9000) * 9000)|join }}".into(), "too long"),
        ("\n{{ 'a\\nb'|indent(999999999) }}".into(), "too wide"),
        ("\n{{ 'a'|indent(width=999999999, first=true) }}".into(), "too wide"),
        ("\n{{ '%999999999d'|format(1) }}".into(), "three digits"),
        ("\n{{ '%*d'|format(999999999, 1) }}".into(), "three digits"),
        ("\n{{ '%.999999999f'|format(1.5) }}".into(), "three digits"),
        ("\n{{ 1|zero_pad(99999999) }}".into(), "padded"),
        ("\n{{ ('x' * 9999)|replace('x', 'y' * 9999) }}".into(), "too long"),
        ("\n{{ [1]|batch(999999999, 0)|list }}".into(), "too long"),
        ("\n{{ [1]|slice(999999999, 0)|list }}".into(), "too long"),
        ("\n{{ ([[1] * 9999] * 9999)|sum(start=[]) }}".into(), "adds numbers"),
        ("\n{{ range(99999)|join('x' * 9999) }}".into(), "too long"),
        ("\n{% for i in range(99999) %}{% set y = range(99999)|sort %}{% endfor %}".into(), "more than"),
        ("\n{% for i in range(99999) %}{{ 99999 in range(99999) }}{% endfor %}".into(), "too many steps"),
        ("\n{% for i in range(99999) %}{{ range(99999)|list|json }}{% endfor %}".into(), "more than"),
        ("\n{% set s = 'x' * 1000000 %}{% for i in range(99999) %}{{ s }}{% endfor %}".into(), "more than"),
        ("\n{% set s = 'x' * 1000000 %}{% for i in range(99999) %}{% set t = s|upper %}{% endfor %}".into(), "more than"),
        ("\n{% set s = 'x' * 1000000 %}{% set t = 'x' * 1000000 %}{% for i in range(99999) %}{% if s == t %}{% endif %}{% endfor %}".into(), "too many steps"),
        (format!("\n{{{{ {}{} }}}}", "[".repeat(5000), "]".repeat(5000)), "recursion limits"),
        (format!("\n{{{{ {}1 }}}}", "-".repeat(100_000)), "too many operators"),
        (format!("\n{{{{ {}1 }}}}", "not ".repeat(100_000)), "too many operators"),
        (format!("\n{{{{ 1{} }}}}", "+1".repeat(100_000)), "too many operators"),
        (format!("\n{{{{ values{} }}}}", ".a".repeat(100_000)), "too many operators"),
        (format!("\n{{% if 1 %}}{}{{% endif %}}", "{% elif 2 %}".repeat(20_000)), "too many operators"),
        (format!("{}{}", "\n{% if 1 %}".repeat(3000), "{% endif %}".repeat(3000)), "recursion limits"),
    ];
    let wrong: Vec<String> = in_parallel(&cases, |(template, words)| within_bounds(template, words).err())
        .into_iter()
        .flatten()
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Renders with little memory and little time.
#[cfg(unix)]
fn within_bounds(template: &str, words: &str) -> Result<(), String> {
    // A release build takes a tenth of this; other tests may share the machine.
    const LONGEST: Duration = Duration::from_secs(20);
    let shown: String = template.chars().take(80).collect();
    let fleet = text(template).fleet();
    let started = Instant::now();
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            "ulimit -v 2000000; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_jig"),
            "render",
            "--format",
            "json",
            "-C",
        ])
        .arg(fleet.root())
        .output()
        .map_err(|error| error.to_string())?;
    let taken = started.elapsed();
    let report: Json = serde_json::from_slice(&output.stdout).map_err(|error| {
        format!(
            "{shown}: {error}; {:?} {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).chars().take(200).collect::<String>()
        )
    })?;
    let findings: Vec<Found> =
        report["findings"].as_array().expect("findings").iter().map(Found::from).collect();
    let found = findings.iter().find(|found| found.rule == "template-error");
    let Some(found) = found.filter(|found| found.line >= 2 && found.message.contains(words)) else {
        return Err(format!("{shown}: {findings:?}"));
    };
    if output.status.code() != Some(1) || found.next.is_empty() {
        return Err(format!("{shown}: {:?} {found:?}", output.status));
    }
    if taken > LONGEST { Err(format!("{shown}: took {taken:?}")) } else { Ok(()) }
}

#[test]
fn what_a_large_plant_needs_is_within_bounds() {
    let template = "{% set rows %}{% for i in range(20000) %}row {{ i }} {{ values.name }}\n{% endfor %}{% endset %}{{ rows }}\
                    {% for a in range(300) %}{% for b in range(300) if a == b %}{{ a }}{% endfor %}{% endfor %}\
                    {{ range(20000)|map('string')|join(',') }}";
    let out = text(template).render().expect("it renders");
    assert!(out.lines().count() > 20_000);
}

#[test]
fn expressions_in_files_of_the_fleet_are_strict_and_bounded_too() {
    let path = |expression: &str| {
        let blueprint =
            BLUEPRINT.replace("target: settings,", &format!("target: settings, path: '{expression}',"));
        let fleet = FleetBuilder::smallest().file("blueprints/hello/blueprint.yaml", &blueprint).build();
        let run = fleet.jig("render --format json").run();
        assert!(!run.stderr.contains("panicked"), "{run}");
        let written = fleet.files("intended/home/one").into_keys().find(|path| path != "manifest.json");
        (
            run.code,
            written,
            run.findings().into_iter().map(|found| found.message).collect::<Vec<_>>().join("; "),
        )
    };
    assert_eq!(path("{{ true ~ line }}.json").1.as_deref(), Some("trueone.json"));
    for (expression, words) in [
        ("{{ none ~ line }}.json", "nothing (null)"),
        ("{{ values.nope }}.json", "values.nope"),
        ("{{ line * 30000000 }}.json", "too long"),
        ("{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}", "too many steps"),
        ("{{ [1]|pprint }}", "pprint is unknown"),
        ("{{ debug() }}", "debug is unknown"),
    ] {
        let (code, written, messages) = path(expression);
        assert!(
            code == 1 && written.is_none() && messages.contains(words),
            "{expression}: {code} {messages}"
        );
    }
}

// ---- nothing outside

#[test]
fn templates_reach_nothing_but_their_context() {
    let names = [
        "debug()",
        "lipsum()",
        "random()",
        "now()",
        "env('HOME')",
        "environ",
        "open('/etc/passwd')",
        "import('os')",
        "cycler(1)",
        "joiner()",
        "config",
        "request",
        "self.__class__",
        "values.__class__",
        "values.name.upper()",
        "url_for('x')",
        "get_env('HOME')",
        "file('x')",
        "read('x')",
        "shell('id')",
        "uuid()",
        "_si_.nope",
    ];
    let filters = [
        "pprint",
        "random",
        "shuffle",
        "filesizeformat",
        "urlize",
        "xmlattr",
        "datetimeformat",
        "env",
        "hash",
        "md5",
        "include",
    ];
    let names = names.map(|name| format!("{{{{ {name} }}}}"));
    let filters = filters.map(|filter| format!("{{{{ values.name|{filter} }}}}"));
    let tests = ["safe", "escaped", "filter", "test", "callable"]
        .map(|test| format!("{{{{ values.name is {test} }}}}"));
    let all: Vec<String> = names.into_iter().chain(filters).chain(tests).collect();
    let passed: Vec<_> =
        in_parallel(&all, |template| text(template).render().ok().map(|out| format!("{template}: {out}")));
    let passed: Vec<_> = passed.into_iter().flatten().collect();
    assert!(passed.is_empty(), "{passed:?}");
    for name in
        ["/etc/passwd", "../../blueprint.yaml", "../other/t.j2", "target.yaml", "file:///etc/passwd", "", "."]
    {
        for tag in ["include", "extends"] {
            let template = format!("{{% {tag} '{name}' %}}");
            assert!(text(&template).render().is_err(), "{template}");
        }
    }
}

#[test]
fn autoescape_cannot_be_switched_off() {
    all_fail(&[
        (text("x\n{% autoescape false %}{{ values.name }}{% endautoescape %}"), "2:", "autoescape"),
        (text("{%- autoescape 'none' -%}{{ values.name }}{%- endautoescape -%}"), "1:", "autoescape"),
    ]);
}
