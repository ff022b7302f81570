//! `unknown-unit`: a unit that UCUM does not know.

use super::scene::Scene;
use super::{Check, Rule};
use crate::finding::{Finding, Level, Place};
use crate::source::child;

pub(super) const RULE: Rule = Rule {
    name: "unknown-unit",
    level: Level::Warning,
    soft: true,
    what: "A unit that UCUM does not know.",
    why: "What is written one way here and another way there is converted wrongly once.",
    instead: "Write it in UCUM: `s`, `kW.h`, `{pcs}`, `1`.",
    see: "UCUM, https://ucum.org/ucum",
    check: Check::Fleet(check),
};

/// Units of UCUM that plants use; those of the metric system take a prefix.
const METRIC: &[&str] = &[
    "m", "s", "g", "A", "K", "mol", "cd", "rad", "Hz", "N", "Pa", "J", "W", "C", "V", "F", "Ohm", "S", "Wb",
    "T", "H", "Cel", "l", "L", "t", "bar", "eV", "B", "bit", "By", "Bd", "u", "lm", "lx", "kat", "cal",
];
/// Units that take no prefix.
const PLAIN: &[&str] = &[
    "1", "%", "[ppth]", "[ppm]", "[ppb]", "[pptr]", "min", "h", "d", "wk", "mo", "a", "deg", "'", "\"",
    "har", "atm", "[in_i]", "[ft_i]", "[yd_i]", "[mi_i]", "[lb_av]", "[oz_av]", "[degF]", "[psi]",
    "[gal_us]", "[pH]", "10*", "10^",
];
/// Prefixes.
const PREFIXES: &[&str] =
    &["da", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d", "c", "m", "u", "n", "p", "f", "a"];

fn check(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Some(document) = &scene.fleet.metrics_document else { return };
    let catalogue = &scene.fleet.metrics;
    let elements = catalogue.elements.iter().map(|(id, e)| (child("/elements", id), e.unit.as_deref(), None));
    let metrics = catalogue.metrics.iter().map(|(id, m)| {
        (child("/metrics", id.as_str()), m.unit.as_deref(), m.owner.as_ref().map(ToString::to_string))
    });
    for (at, unit, owner) in elements.chain(metrics) {
        let Some(odd) = unit.and_then(strange) else { continue };
        let message = format!("`{odd}` is no unit of UCUM");
        let mut finding = RULE.found(message).at(Place::value(document, &child(&at, "unit")));
        finding.owner = owner;
        found.push(finding.next("write it in UCUM: `s`, `kW.h`, `{pcs}`; a ratio is `\"1\"`"));
    }
}

/// The part of a unit that UCUM does not know.
fn strange(unit: &str) -> Option<&str> {
    if unit.is_empty() || unit.contains(char::is_whitespace) {
        return Some(unit);
    }
    let mut depth = 0;
    let is_end = |c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(c, '.' | '/' | '(' | ')')
    };
    let parts: Vec<&str> = unit.split(is_end).collect();
    parts.into_iter().filter(|part| !part.is_empty()).find(|part| !is_known(part))
}

fn is_known(part: &str) -> bool {
    let (name, rest) = part.split_once('{').map_or((part, ""), |(name, rest)| (name, rest));
    if !rest.is_empty() && (!rest.ends_with('}') || rest.len() < 2) {
        return false;
    }
    let atom = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['-', '+']);
    let is_number = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    let prefixed = || PREFIXES.iter().filter_map(|p| atom.strip_prefix(p)).any(|rest| METRIC.contains(&rest));
    (name.is_empty() && !rest.is_empty())
        || is_number
        || PLAIN.contains(&atom)
        || METRIC.contains(&atom)
        || prefixed()
}

#[cfg(test)]
mod tests {
    use super::strange;

    #[test]
    fn units_of_plants_are_known_and_slips_are_not() {
        for unit in
            ["1", "%", "s", "kW.h", "{pcs}", "s/{pcs}", "kW.h/{pcs}", "m/s2", "10*6", "Cel", "mbar", "L/min"]
        {
            assert_eq!(strange(unit), None, "{unit}");
        }
        for unit in ["", "pcs", "sec", "kWh", "units", "{pcs", "kW h"] {
            assert!(strange(unit).is_some(), "{unit}");
        }
    }
}
