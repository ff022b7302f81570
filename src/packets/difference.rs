//! What two rulesets decide differently, as few boxes of packets, each with the rules that decide.
//!
//! Three steps: both sides as diagrams, and where these are not the same node, the packets they differ on; both sides
//! again for these packets only, with the number of the deciding rule in each leaf; all ways through, joined where
//! they differ in one field. What depends on anything not understood is neither opened nor closed: undetermined.

use super::compile::{Compiler, Doubts, INSIDE, RuleAt, decided};
use super::diagram::{Cuts, Diagram, Grown, NOTHING, Node, TooLarge, leaf, number};
use super::region::{ALL, FIELDS, Field, Region};
use super::rules::{Gate, Ruleset, Verdict};
use super::touched;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One ruleset and the gates that packets meet in it.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// All its chains.
    pub ruleset: &'a Ruleset,
    /// Where packets start.
    pub gates: &'a [Gate],
}

/// A rule that decides, for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decider {
    /// Its chain.
    pub chain: String,
    /// Its number in the chain, from 1.
    pub number: usize,
    /// Its line in its file; 0 where it has none.
    pub line: u32,
    /// As written.
    pub text: String,
}

/// Packets that two rulesets treat differently in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which packets.
    pub packets: Region,
    /// The rules of the first ruleset that decide them; none where that is the default.
    pub intended: Vec<Decider>,
    /// The rules of the second.
    pub deployed: Vec<Decider>,
    /// All packets that the deciding rule matches, where it is one rule: wider, and shorter to say.
    pub rule: Vec<Region>,
}

/// What differs between two rulesets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Stopped by the first, let through by the second.
    pub opens: Vec<Change>,
    /// Let through by the first, stopped by the second.
    pub closes: Vec<Change>,
    /// Nobody can tell: a rule takes part that is not understood.
    pub undetermined: Vec<Change>,
    /// There are more boxes than are listed; each that is listed is as wide as the rule that decides it.
    pub coarse: bool,
    /// The rulesets were too large to compare: nothing is known.
    pub given_up: bool,
}

/// How many ways through a diagram are listed; beyond, one box per deciding rule.
const MOST_WAYS: usize = 4000;

/// Compares what two rulesets decide, over all packets or over those of one region.
pub fn difference(intended: Side<'_>, deployed: Side<'_>, over: Option<&Region>) -> Difference {
    compare(intended, deployed, over).unwrap_or(Difference { given_up: true, ..Difference::default() })
}

/// Returns whether two rulesets decide the same: `None` where they are too large to tell.
pub fn same(intended: Side<'_>, deployed: Side<'_>, over: Option<&Region>) -> Option<bool> {
    let found = difference(intended, deployed, over);
    (!found.given_up).then(|| found.is_none())
}

impl Difference {
    /// Returns whether there is none.
    pub fn is_none(&self) -> bool {
        !self.given_up && self.opens.is_empty() && self.closes.is_empty() && self.undetermined.is_empty()
    }

    /// Returns whether part of it is not known.
    pub fn is_unknown(&self) -> bool {
        self.given_up || !self.undetermined.is_empty()
    }
}

fn compare(s: Side<'_>, d: Side<'_>, over: Option<&Region>) -> Grown<Difference> {
    let touched = touched::by_differing_rules(s, d);
    if touched.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Difference::default());
    }
    let mut diagram = Diagram::new(Cuts::of(regions(s).chain(regions(d)).chain(over)));
    let mut doubts = Doubts::default();
    let within = within(&mut diagram, touched, over)?;
    let one = Compiler::new(&mut diagram, &mut doubts, s.ruleset, within).gates(s.gates)?;
    let two = Compiler::new(&mut diagram, &mut doubts, d.ruleset, within).gates(d.gates)?;
    if one == two {
        return Ok(Difference::default());
    }
    let differs = Some(diagram.join(one, two, unlike)?);
    let mut compiler = Compiler::new(&mut diagram, &mut doubts, s.ruleset, differs).naming();
    let one = compiler.gates(s.gates)?;
    let names_one = compiler.rules;
    let mut compiler = Compiler::new(&mut diagram, &mut doubts, d.ruleset, differs).naming();
    let two = compiler.gates(d.gates)?;
    let names_two = compiler.rules;
    let mut pairs = Pairs::default();
    let root =
        diagram.join(one, two, |diagram: &Diagram, one: Node, two: Node| pairs.settle(diagram, one, two))?;
    let (boxes, coarse) = boxes(&diagram, root, &pairs, [(s.ruleset, &names_one), (d.ruleset, &names_two)]);
    let mut found = Difference { coarse, ..Difference::default() };
    for ((outcome, by_one, by_two), regions) in boxes {
        let list = match outcome {
            Outcome::Opens => &mut found.opens,
            Outcome::Closes => &mut found.closes,
            Outcome::Undetermined => &mut found.undetermined,
        };
        let deciders = |side: Side<'_>, names: &[RuleAt], by: &[u32]| {
            by.iter().filter_map(|by| decider(side.ruleset, names, *by)).collect::<Vec<_>>()
        };
        let (intended, deployed) = (deciders(s, &names_one, &by_one), deciders(d, &names_two, &by_two));
        // What is stopped is best told by the rule that let it through.
        let rule = match (outcome, deployed.as_slice(), intended.as_slice()) {
            (Outcome::Closes, _, [by]) | (_, [], [by]) => matched(s.ruleset, by),
            (_, [by], _) => matched(d.ruleset, by),
            _ => vec![],
        };
        list.extend(regions.into_iter().map(|packets| Change {
            packets,
            intended: intended.clone(),
            deployed: deployed.clone(),
            rule: rule.clone(),
        }));
    }
    Ok(found)
}

/// The packets to look at: those asked for, and of these only what a rule matches that is not on both sides.
fn within(diagram: &mut Diagram, touched: Option<Vec<Region>>, over: Option<&Region>) -> Grown<Option<Node>> {
    let over = over.map(|over| diagram.region(over, None, INSIDE)).transpose()?;
    let Some(touched) = touched else { return Ok(over) };
    let mut nodes = vec![];
    for region in joined(touched) {
        nodes.push(diagram.region(&region, None, INSIDE)?);
    }
    let touched = diagram.in_order(nodes)?;
    match over {
        Some(over) => diagram.join(over, touched, inside_both).map(Some),
        None => Ok(Some(touched)),
    }
}

fn regions(side: Side<'_>) -> impl Iterator<Item = &Region> {
    let parts = side.ruleset.chains.values().flatten().flat_map(|rule| &rule.parts);
    parts.flat_map(|part| &part.regions).chain(side.gates.iter().map(|gate| &gate.sees))
}

fn decider(ruleset: &Ruleset, names: &[RuleAt], by: u32) -> Option<Decider> {
    let at = names.get((by as usize).checked_sub(1)?)?;
    let rule = ruleset.chains.get(&at.chain)?.get(at.place)?;
    Some(Decider { chain: at.chain.clone(), number: at.place + 1, line: rule.line, text: rule.text.clone() })
}

/// The packets that a rule matches.
fn matched(ruleset: &Ruleset, by: &Decider) -> Vec<Region> {
    let rule = ruleset.chains.get(&by.chain).and_then(|rules| rules.get(by.number - 1));
    joined(
        rule.map(|rule| rule.parts.iter().flat_map(|part| part.regions.clone()).collect())
            .unwrap_or_default(),
    )
}

/// Packets on which two diagrams differ, or may: doubts are not asked.
fn unlike(diagram: &Diagram, one: Node, two: Node) -> Option<Node> {
    if one == two {
        return Some(NOTHING);
    }
    (diagram.is_below_fields(one) && diagram.is_below_fields(two)).then_some(INSIDE)
}

fn inside_both(_: &Diagram, one: Node, two: Node) -> Option<Node> {
    match (number(one), number(two)) {
        _ if one == NOTHING || two == NOTHING => Some(NOTHING),
        (Some(_), _) => Some(two),
        (_, Some(_)) => Some(one),
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Outcome {
    Opens,
    Closes,
    Undetermined,
}

/// How a difference came about: the rules that decide on either side.
type Cause = (Outcome, Vec<u32>, Vec<u32>);

#[derive(Default)]
struct Pairs {
    causes: Vec<Cause>,
    known: HashMap<Cause, u32>,
}

impl Pairs {
    fn settle(&mut self, diagram: &Diagram, one: Node, two: Node) -> Option<Node> {
        if one == NOTHING && two == NOTHING {
            return Some(NOTHING);
        }
        if !diagram.is_below_fields(one) || !diagram.is_below_fields(two) {
            return None;
        }
        let (verdicts_one, by_one) = leaves(diagram, one);
        let (verdicts_two, by_two) = leaves(diagram, two);
        let outcome = match (verdicts_one.as_slice(), verdicts_two.as_slice()) {
            ([Verdict::Deny], [Verdict::Accept]) => Outcome::Opens,
            ([Verdict::Accept], [Verdict::Deny]) => Outcome::Closes,
            _ => Outcome::Undetermined,
        };
        Some(self.leaf((outcome, by_one, by_two)))
    }

    fn leaf(&mut self, cause: Cause) -> Node {
        let next = self.causes.len() as u32 + 1;
        let number = *self.known.entry(cause.clone()).or_insert(next);
        if number == next {
            self.causes.push(cause);
        }
        leaf(number)
    }
}

/// The verdicts a node may lead to, and the rules that give them.
fn leaves(diagram: &Diagram, node: Node) -> (Vec<Verdict>, Vec<u32>) {
    let (mut verdicts, mut by) = (BTreeSet::new(), BTreeSet::new());
    for (verdict, rule) in diagram.leaves(node).into_iter().filter_map(decided) {
        verdicts.insert(verdict);
        by.insert(rule);
    }
    by.remove(&0);
    (verdicts.into_iter().collect(), by.into_iter().collect())
}

/// All ways from a node, as boxes by cause; as wide as their rules, and `true`, where they are too many.
fn boxes(
    diagram: &Diagram,
    root: Node,
    pairs: &Pairs,
    sides: [(&Ruleset, &Vec<RuleAt>); 2],
) -> (BTreeMap<Cause, Vec<Region>>, bool) {
    let mut found: BTreeMap<Cause, Vec<Region>> = BTreeMap::new();
    if ways(diagram, root, &mut HashMap::new()) <= MOST_WAYS {
        follow(diagram, root, &mut Region::all(), &mut |region, number| {
            if let Some(cause) = pairs.causes.get(number as usize - 1) {
                found.entry(cause.clone()).or_default().push(region.clone());
            }
        });
        found.values_mut().for_each(|regions| *regions = joined(std::mem::take(regions)));
        return (found, false);
    }
    for number in diagram.leaves(root) {
        let Some(cause) = pairs.causes.get((number as usize).wrapping_sub(1)) else { continue };
        let by = usize::from(cause.0 != Outcome::Closes);
        let rules = [&cause.1, &cause.2][by];
        let wide = rules.iter().filter_map(|rule| {
            let at = sides[by].1.get((*rule as usize).checked_sub(1)?)?;
            sides[by].0.chains.get(&at.chain)?.get(at.place)
        });
        let mut wide: Vec<Region> =
            wide.flat_map(|rule| rule.parts.iter().flat_map(|part| part.regions.clone())).collect();
        if wide.is_empty() {
            wide.push(Region::all());
        }
        // Who decided before is left out: one box per rule that decides after.
        let cause = match by {
            0 => (cause.0, cause.1.clone(), vec![]),
            _ => (cause.0, vec![], cause.2.clone()),
        };
        found.insert(cause, wide);
    }
    (found, true)
}

/// How many ways there are from a node.
fn ways(diagram: &Diagram, node: Node, known: &mut HashMap<Node, usize>) -> usize {
    if node == NOTHING {
        return 0;
    }
    if number(node).is_some() {
        return 1;
    }
    if let Some(known) = known.get(&node) {
        return *known;
    }
    let below: BTreeSet<Node> = diagram.edges(node).iter().map(|(_, below)| *below).collect();
    let total =
        below.into_iter().fold(0usize, |total, below| total.saturating_add(ways(diagram, below, known)));
    known.insert(node, total);
    total
}

fn follow(diagram: &Diagram, node: Node, so_far: &mut Region, found: &mut impl FnMut(&Region, u32)) {
    if node == NOTHING {
        return;
    }
    if let Some(number) = number(node) {
        return found(so_far, number);
    }
    let field = ALL[diagram.level(node) as usize];
    for (below, values) in diagram.ways(node) {
        so_far.set(field, values);
        follow(diagram, below, so_far, found);
    }
    so_far.set(field, super::ranges::Ranges::span(0u8, field.largest()));
}

/// Joins boxes that differ in one field, so that a report is short.
pub(super) fn joined(mut regions: Vec<Region>) -> Vec<Region> {
    loop {
        let before = regions.len();
        for field in ALL.iter().rev() {
            regions = joined_by(*field, regions);
        }
        if regions.len() == before {
            return regions;
        }
    }
}

fn joined_by(field: Field, regions: Vec<Region>) -> Vec<Region> {
    let whole = super::ranges::Ranges::span(0u8, field.largest());
    let mut by: BTreeMap<Region, super::ranges::Ranges> = BTreeMap::new();
    for region in regions {
        let own = region.get(field).unwrap_or(&whole).clone();
        let mut rest = region;
        rest.set(field, whole.clone());
        let all = by.entry(rest).or_default();
        *all = all.join(&own);
    }
    by.into_iter()
        .map(|(mut region, values)| {
            region.set(field, values);
            region
        })
        .collect()
}

/// The rules that decide nothing: all their packets meet other rules first. `None` where that is too large to tell.
pub fn shadowed(side: Side<'_>) -> Option<Vec<Decider>> {
    find_shadowed(side).ok()
}

fn find_shadowed(side: Side<'_>) -> Result<Vec<Decider>, TooLarge> {
    let mut diagram = Diagram::new(Cuts::of(regions(side)));
    let mut doubts = Doubts::default();
    let mut compiler = Compiler::new(&mut diagram, &mut doubts, side.ruleset, None).naming();
    let root = compiler.gates(side.gates)?;
    let names = compiler.rules;
    let deciding: BTreeSet<u32> =
        diagram.leaves(root).into_iter().filter_map(decided).map(|(_, rule)| rule).collect();
    let decides = |rule: &super::rules::Rule| {
        use super::rules::Action::{Accept, Deny};
        !rule.parts.is_empty() && rule.parts.iter().all(|part| matches!(part.action, Accept | Deny))
    };
    let silent = (1..=names.len() as u32).filter(|rule| !deciding.contains(rule));
    let silent = silent.filter(|by| {
        let at = &names[*by as usize - 1];
        side.ruleset.chains.get(&at.chain).and_then(|chain| chain.get(at.place)).is_some_and(decides)
    });
    Ok(silent.filter_map(|by| decider(side.ruleset, &names, by)).collect())
}

/// A ruleset that was compiled to be asked about many packets.
pub struct Sieve {
    diagram: Diagram,
    root: Node,
}

impl Sieve {
    /// Compiles a ruleset.
    pub fn new(side: Side<'_>) -> Result<Self, TooLarge> {
        let mut diagram = Diagram::new(Cuts::of(regions(side)));
        let mut doubts = Doubts::default();
        let root = Compiler::new(&mut diagram, &mut doubts, side.ruleset, None).gates(side.gates)?;
        Ok(Self { diagram, root })
    }

    /// All verdicts that a packet may get: two where it depends on something that is not understood.
    ///
    /// The values stand in the order of [`ALL`].
    pub fn verdicts(&self, packet: &[u128; FIELDS]) -> Vec<Verdict> {
        leaves(&self.diagram, self.diagram.at(self.root, packet)).0
    }
}
