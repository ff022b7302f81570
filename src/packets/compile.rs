//! From rules to a diagram: chains merged in a balanced way, since "first match wins" is associative.

use super::diagram::{Diagram, Grown, NOTHING, Node, leaf, number};
use super::region::Region;
use super::rules::{Action, Gate, Part, Rule, Ruleset, Verdict};
use std::collections::HashMap;

/// Leaves: what is done, and above it the number of the rule that does it (0: none, the default).
const ACCEPT: u32 = 1;
const DENY: u32 = 2;
const RETURN: u32 = 3;
const BITS: u32 = 2;

/// Packets that are in a set.
pub(super) const INSIDE: Node = leaf(ACCEPT);

/// Deepest chain of jumps that is followed; the kernel allows 16.
const MOST_JUMPS: usize = 32;

/// The verdict of a leaf, and the number of the rule that gave it.
pub(super) fn outcome(node: Node) -> Option<(Verdict, u32)> {
    let number = number(node)?;
    match number & ((1 << BITS) - 1) {
        ACCEPT => Some((Verdict::Accept, number >> BITS)),
        DENY => Some((Verdict::Deny, number >> BITS)),
        _ => None,
    }
}

/// The verdict and the rule in the number of a leaf.
pub(super) fn decided(number: u32) -> Option<(Verdict, u32)> {
    outcome(leaf(number))
}

/// The leaf of a verdict that no rule gave.
pub(super) const fn default_leaf(verdict: Verdict) -> Node {
    match verdict {
        Verdict::Accept => leaf(ACCEPT),
        Verdict::Deny => leaf(DENY),
    }
}

/// A rule of one side, by chain and place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RuleAt {
    pub chain: String,
    pub place: usize,
}

/// Doubts of both sides: the same words at the same occurrence in the same chain are the same doubt.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    known: HashMap<(String, String, usize), u32>,
}

impl Doubts {
    fn number(&mut self, chain: &str, words: String, nth: usize) -> u32 {
        let next = self.known.len() as u32;
        *self.known.entry((chain.to_owned(), words, nth)).or_insert(next)
    }
}

/// Compiles one side.
pub(super) struct Compiler<'a> {
    pub diagram: &'a mut Diagram,
    pub doubts: &'a mut Doubts,
    ruleset: &'a Ruleset,
    /// Only these packets are looked at.
    within: Option<Node>,
    /// Whether leaves say which rule decides.
    names_rules: bool,
    /// Rules by number, from 1.
    pub rules: Vec<RuleAt>,
    done: HashMap<&'a str, Node>,
    open: Vec<&'a str>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(
        diagram: &'a mut Diagram,
        doubts: &'a mut Doubts,
        ruleset: &'a Ruleset,
        within: Option<Node>,
    ) -> Self {
        Self {
            diagram,
            doubts,
            ruleset,
            within,
            names_rules: false,
            rules: vec![],
            done: HashMap::new(),
            open: vec![],
        }
    }

    /// Lets leaves say which rule decides.
    pub(super) fn naming(mut self) -> Self {
        self.names_rules = true;
        self
    }

    /// What happens to a packet that meets all of these gates: it passes if it passes each.
    pub(super) fn gates(&mut self, gates: &'a [Gate]) -> Grown<Node> {
        let mut total = self.masked(default_leaf(Verdict::Accept))?;
        for gate in gates {
            let chain = self.chain(&gate.chain)?;
            let default = default_leaf(gate.default);
            let decided = self.diagram.map(chain, move |node| match node {
                NOTHING => Some(default),
                node => number(node).map(|number| if number == RETURN { default } else { node }),
            })?;
            let seen = self.diagram.region(&gate.sees, None, INSIDE)?;
            let seen = self.only(seen, decided)?;
            let seen = self.masked(seen)?;
            total = self.diagram.join(total, seen, both)?;
        }
        Ok(total)
    }

    fn chain(&mut self, name: &'a str) -> Grown<Node> {
        if let Some(done) = self.done.get(name) {
            return Ok(*done);
        }
        let rules = self.ruleset.chains.get(name);
        let Some(rules) = rules.filter(|_| !self.open.contains(&name) && self.open.len() < MOST_JUMPS) else {
            return self.lost(name);
        };
        self.open.push(name);
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let mut parts = vec![];
        for (place, rule) in rules.iter().enumerate() {
            let by = self.named(name, place);
            let node = self.rule(name, rule, by, &mut seen)?;
            if node != NOTHING {
                parts.push(node);
            }
        }
        self.open.pop();
        let node = self.diagram.in_order(parts)?;
        self.done.insert(name, node);
        Ok(node)
    }

    /// The number by which leaves name a rule, where they do.
    fn named(&mut self, chain: &str, place: usize) -> u32 {
        if !self.names_rules {
            return 0;
        }
        self.rules.push(RuleAt { chain: chain.to_owned(), place });
        self.rules.len() as u32
    }

    /// A chain that is not there, or that leads back to itself.
    fn lost(&mut self, name: &str) -> Grown<Node> {
        let part = Part { regions: vec![Region::all()], doubt: None, action: Action::Unknown };
        self.unknown(name, &format!("chain {name}"), &part, 0, 0)
    }

    fn rule(
        &mut self,
        chain: &'a str,
        rule: &'a Rule,
        by: u32,
        seen: &mut HashMap<&'a str, usize>,
    ) -> Grown<Node> {
        let mut parts = vec![];
        for part in &rule.parts {
            let node = match &part.action {
                Action::Accept => self.part(chain, part, leaf(ACCEPT | by << BITS), seen)?,
                Action::Deny => self.part(chain, part, leaf(DENY | by << BITS), seen)?,
                Action::Return => self.part(chain, part, leaf(RETURN), seen)?,
                Action::Unknown => {
                    let words = part.doubt.as_deref().unwrap_or(&rule.text);
                    let nth = count(seen, words);
                    self.unknown(chain, words, part, nth, by)?
                }
                Action::Jump(target) | Action::Goto(target) => {
                    let inner = self.chain(target)?;
                    let is_jump = matches!(part.action, Action::Jump(_));
                    let inner = self.back(inner, is_jump)?;
                    let matched = self.part(chain, part, INSIDE, seen)?;
                    self.only(matched, inner)?
                }
            };
            parts.push(node);
        }
        self.diagram.in_order(parts)
    }

    /// What comes back from a chain: after a jump nothing is decided, after a goto the calling chain is left.
    fn back(&mut self, node: Node, is_jump: bool) -> Grown<Node> {
        self.diagram.map(node, move |node| match (node, number(node)) {
            (NOTHING, _) => Some(if is_jump { NOTHING } else { leaf(RETURN) }),
            (_, Some(RETURN)) if is_jump => Some(NOTHING),
            (node, Some(_)) => Some(node),
            _ => None,
        })
    }

    fn part(
        &mut self,
        chain: &str,
        part: &'a Part,
        then: Node,
        seen: &mut HashMap<&'a str, usize>,
    ) -> Grown<Node> {
        let doubt = part.doubt.as_deref().map(|words| {
            let nth = count(seen, words);
            self.doubts.number(chain, words.to_owned(), nth)
        });
        self.regions(&part.regions, doubt, then)
    }

    /// What may pass, be stopped or go on: two questions.
    fn unknown(&mut self, chain: &str, words: &str, part: &Part, nth: usize, by: u32) -> Grown<Node> {
        let passes = self.doubts.number(chain, format!("{words} passes"), nth);
        let stops = self.doubts.number(chain, format!("{words} stops"), nth);
        let one = self.regions(&part.regions, Some(passes), leaf(ACCEPT | by << BITS))?;
        let two = self.regions(&part.regions, Some(stops), leaf(DENY | by << BITS))?;
        self.diagram.first(one, two)
    }

    fn regions(&mut self, regions: &[Region], doubt: Option<u32>, then: Node) -> Grown<Node> {
        let mut nodes = vec![];
        for region in regions {
            let node = self.diagram.region(region, doubt, then)?;
            let node = self.masked(node)?;
            if node != NOTHING {
                nodes.push(node);
            }
        }
        self.diagram.in_order(nodes)
    }

    fn masked(&mut self, node: Node) -> Grown<Node> {
        match self.within {
            Some(within) => self.only(within, node),
            None => Ok(node),
        }
    }

    /// What a node says of the packets in a set; nothing of all others.
    fn only(&mut self, set: Node, node: Node) -> Grown<Node> {
        self.diagram.join(set, node, |_: &Diagram, set: Node, node: Node| match (set, node) {
            (NOTHING, _) | (_, NOTHING) => Some(NOTHING),
            (set, node) => number(set).map(|_| node),
        })
    }
}

/// A packet passes two gates if it passes each; what stops it is the gate that does.
fn both(_: &Diagram, one: Node, two: Node) -> Option<Node> {
    match (outcome(one), outcome(two)) {
        (Some((Verdict::Deny, _)), _) => Some(one),
        (_, Some((Verdict::Deny, _))) if one != NOTHING => Some(two),
        (Some((_, rule)), Some(_)) => Some(if rule == 0 { two } else { one }),
        (Some(_), None) if two == NOTHING => Some(one),
        (None, Some(_)) if one == NOTHING => Some(two),
        _ if one == NOTHING && two == NOTHING => Some(NOTHING),
        _ => None,
    }
}

fn count<'w>(seen: &mut HashMap<&'w str, usize>, words: &'w str) -> usize {
    let nth = seen.entry(words).or_default();
    *nth += 1;
    *nth
}
