//! Short ways to fill a template in unit tests: `<0>` stands for slot 0.

use super::{CLOSE, Datum, OPEN, Refusal, Syntax};

pub(super) fn text(value: &str) -> Datum {
    Datum::Str(value.to_owned())
}

pub(super) fn int(value: i128) -> Datum {
    Datum::Int(value)
}

/// Replaces `<3>` by the marker of slot 3.
fn marked(template: &str) -> String {
    let mut marked = template.to_owned();
    for number in 0..10 {
        marked = marked.replace(&format!("<{number}>"), &format!("{OPEN}{number}{CLOSE}"));
    }
    marked
}

/// Fills the template; panics if a value is refused.
pub(super) fn slots(syntax: &dyn Syntax, template: &str, data: &[Datum]) -> String {
    let filled =
        syntax.fill(&marked(template), data).unwrap_or_else(|refusal| panic!("{template}: {refusal:?}"));
    for (_, span) in &filled.spans {
        assert!(filled.text.get(span.clone()).is_some(), "{template}: {span:?}");
    }
    filled.text
}

/// Returns the refusal; panics if the template is filled.
pub(super) fn refused(syntax: &dyn Syntax, template: &str, data: &[Datum]) -> Refusal {
    match syntax.fill(&marked(template), data) {
        Ok(filled) => panic!("{template} became {}", filled.text),
        Err(refusal) => refusal,
    }
}
