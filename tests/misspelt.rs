//! Every key of the example enterprise, misspelt: found at its line, or, where it is a name that somebody gave, at what
//! refers to it.

mod support;

use jig::source::{Content, Node, Text, child, parse};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use support::{Found, copy_example, example, files_below, in_parallel};

/// Files of which others are copies in all but their facts.
const ALIKE: &[&str] = &[
    "blueprints/packaging-line@1.2.0/",
    "decisions/RD-002/",
    "decisions/RD-010/",
    "decisions/RD-011/",
    "decisions/RD-013/",
    "deviations/DV-0004/",
    "sites/mty/",
    "sites/grr/lines/pk2",
    "sites/grr/lines/pk3",
    "sites/lej/",
    "intended/",
    "deployed/",
    ".",
];

/// Maps whose keys are names: one that is misspelt is another name, and shows where the right one is used.
const NAMES: &[&str] = &[
    "jig.yaml /roles",
    "jig.yaml /systems",
    "goals.yaml /goals",
    "metrics.yaml /elements",
    "metrics.yaml /metrics",
    "lessons.yaml /lessons",
    "rights.yaml /rights",
    "equipment.yaml /profiles",
    "equipment.yaml /types",
    "equipment.yaml /types/*/state/map",
    "blueprint.yaml /inputs",
    "blueprint.yaml /inputs/units/items/properties",
    "blueprint.yaml /defaults",
    "blueprint.yaml /fixed",
    "conduits.yaml /zones",
    "conduits.yaml /assets",
    "conduits.yaml /devices",
    "conduits.yaml /conduits",
    "conduits.yaml /conduits/*/flows",
    "conduits.yaml /countermeasures",
    "decision.yaml /consequence",
    "site.yaml /zones",
    "site.yaml /zones/*/assets",
];

/// Names that nothing in the example refers to: another name is as good.
const UNUSED: &[&str] = &[
    "jig.yaml /roles/integrator",
    "conduits.yaml /zones/safety",
    "site.yaml /zones/vendor",
    "site.yaml /zones/idmz/assets/jump",
    "site.yaml /zones/siteops/assets/grafana",
    "site.yaml /zones/vendor/assets/vendor-access",
    // Remarks in a catalogue that takes any key as data.
    "equipment.yaml /types/labeler-a-fw4/quirk",
    "equipment.yaml /types/palletizer-l3/quirk",
];

/// One key, and the text of its file with that key misspelt.
struct Slip {
    file: String,
    /// The pointer of the map, and the key.
    map: String,
    key: String,
    line: u64,
    text: String,
}

impl Slip {
    fn kind(&self) -> &str {
        Path::new(&self.file).file_name().and_then(|name| name.to_str()).expect("a name")
    }

    fn is_name(&self) -> bool {
        NAMES.iter().any(|known| {
            let (kind, map) = known.split_once(' ').expect("a kind and a pointer");
            let fits = |(known, step): (&str, &str)| known == "*" || known == step;
            kind == self.kind()
                && map.split('/').count() == self.map.split('/').count()
                && map.split('/').zip(self.map.split('/')).all(fits)
        })
    }

    fn is_unused(&self) -> bool {
        UNUSED.contains(&format!("{} {}/{}", self.kind(), self.map, self.key).as_str())
    }
}

/// Two letters in the middle change places, or one is doubled.
fn misspelt(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    let middle = letters.len() / 2;
    let mut slip = letters.clone();
    match letters.len() {
        4.. if letters[middle] != letters[middle - 1] => slip.swap(middle, middle - 1),
        4.. => slip.insert(middle, 'x'),
        1 if letters[0].is_ascii_digit() => slip.insert(0, '9'),
        _ => slip.push('x'),
    }
    slip.into_iter().collect()
}

fn slips() -> Vec<Slip> {
    let mut all = vec![];
    for (file, bytes) in files_below(&example("kestrel")) {
        let is_yaml = Path::new(&file).extension().is_some_and(|extension| extension == "yaml");
        if !is_yaml || ALIKE.iter().any(|start| file.starts_with(start)) {
            continue;
        }
        let text = Text::new(file.clone(), String::from_utf8(bytes).expect("an example is text"));
        let document = parse(Arc::new(text)).expect("an example is YAML");
        // A key of one name in one place is the same slip in every entry beside it.
        let mut seen = BTreeSet::new();
        walk(&document.root, String::new(), &mut |map, key, start, end| {
            let whole = &document.text.content;
            let text = format!("{}{}{}", &whole[..start], misspelt(key), &whole[end..]);
            let line = u64::from(document.text.position(start as u32).line);
            let slip = Slip { file: file.clone(), map: map.to_owned(), key: key.to_owned(), line, text };
            let place = if slip.is_name() { map.to_owned() } else { map.matches('/').count().to_string() };
            if seen.insert((place, key.to_owned())) {
                all.push(slip);
            }
        });
    }
    all
}

fn walk(node: &Node, at: String, then: &mut dyn FnMut(&str, &str, usize, usize)) {
    match &node.content {
        Content::Map(members) => {
            for member in members {
                let (start, end) = (member.key_span.start as usize, member.key_span.end as usize);
                then(&at, &member.key, start, end);
                walk(&member.node, child(&at, &member.key), then);
            }
        }
        Content::Seq(items) => {
            items.iter().enumerate().for_each(|(index, item)| walk(item, format!("{at}/{index}"), then));
        }
        _ => {}
    }
}

fn validate(slip: Option<&Slip>) -> Vec<Found> {
    let fleet = copy_example("kestrel");
    if let Some(slip) = slip {
        fleet.write(&slip.file, &slip.text);
    }
    fleet.jig("-j 1 validate --format json").run().findings()
}

fn key(found: &Found) -> String {
    format!("{} {} {} {}", found.rule, found.file, found.address, found.message)
}

#[test]
fn every_key_that_is_misspelt_is_found_at_its_line_or_where_it_is_missed() {
    let clean: BTreeSet<String> = validate(None).iter().map(key).collect();
    let all = slips();
    assert!(all.len() > 250, "only {} keys: does this test still read the example right?", all.len());
    let wrong = in_parallel(&all, |slip| {
        let found = validate(Some(slip));
        let new: Vec<&Found> = found
            .iter()
            .filter(|found| found.rule != "stale-intended" && !clean.contains(&key(found)))
            .collect();
        let at_line = new.iter().any(|found| found.file == slip.file && found.line == slip.line);
        let good = at_line || (slip.is_name() && (!new.is_empty() || slip.is_unused())) || slip.is_unused();
        // What only follows is told after what is wrong.
        let is_consequence = new.first().is_some_and(|first| first.rule == "site-broken");
        let seen: Vec<String> =
            new.iter().take(4).map(|found| format!("\n    {} {}", found.place(), found.rule)).collect();
        (!good || is_consequence).then(|| {
            let Slip { file, line, map, key, .. } = slip;
            format!("{file}:{line}: {map}/{key}: found{}", seen.concat())
        })
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}
