//! The blueprint in jig's own syntax: templates, blueprint.yaml, target.yaml, and the values of each line.

use super::Instance;
use super::conditions::{Condition, Conditions};
use super::names::{own_name, safe, slug};
use super::program::{Atom, Base, Named, Program, expression, quote};
use super::shape::{Branch, FileShape, Segment, Shape};
use super::solve::{Kind, Solution};
use super::tree::Form;
use super::values::{Type, type_of};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Names in templates: of lists, of their items, of values.
pub(super) struct Writer<'s> {
    pub(super) shape: &'s Shape,
    pub(super) solution: &'s Solution,
    pub(super) conditions: &'s Conditions,
    /// By scope: the list's name and the item's.
    pub(super) lists: Vec<(String, String)>,
    pub(super) types: Vec<Type>,
    /// By parameter: its name where it lives.
    pub(super) fields: Vec<String>,
    /// By opaque token: the reference to the secret.
    pub(super) references: BTreeMap<String, String>,
    /// Values that are the same secret everywhere.
    pub(super) shared: BTreeSet<usize>,
    /// Names that the user chose instead.
    pub(super) renamed: &'s BTreeMap<String, String>,
}

impl<'s> Writer<'s> {
    pub(super) fn new(
        shape: &'s Shape,
        solution: &'s Solution,
        conditions: &'s Conditions,
        renamed: &'s BTreeMap<String, String>,
    ) -> Self {
        let types = solution.parameters.iter().map(type_of).collect();
        let mut writer = Self {
            shape,
            solution,
            conditions,
            lists: vec![],
            types,
            fields: vec![],
            references: BTreeMap::new(),
            shared: BTreeSet::new(),
            renamed,
        };
        writer.lists = writer.list_names();
        writer.fields = writer.field_names();
        writer
    }

    fn list_names(&self) -> Vec<(String, String)> {
        let mut names = vec![(String::new(), "values".to_owned()); self.shape.scopes.len()];
        let mut used: BTreeSet<String> = BTreeSet::new();
        for parameter in self.solution.parameters.iter().filter(|p| p.scope == 0 && !p.is_gone) {
            used.insert(parameter.name.clone());
        }
        used.extend(self.conditions.switches.iter().map(|switch| switch.name.clone()));
        self.shape.each(&mut |file, branch| {
            let Some(scope) = branch.list else { return };
            let path = super::paths::plain(&file.path);
            let file = path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
            let item = &branch.kids[0];
            let sample = item.sample();
            let key = sample.key();
            let first =
                sample.words.iter().find(|word| word.starts_with(char::is_alphabetic) && word.len() > 1);
            let block = self.shape.scopes[scope].block.as_str();
            let said = sample.words.iter().filter(|word| word.chars().any(char::is_alphanumeric)).count();
            let is_entry = sample.head.trim_start().starts_with("- ");
            let varies = item.variants.iter().any(|other| other.key() != key);
            let stem = match (said, key, first) {
                _ if (said == 0 || is_entry || varies) && !block.is_empty() => Some(block),
                (1, ..) if sample.kids.is_empty() && !block.is_empty() => Some(block),
                (_, "", first) => first.map(String::as_str).or((!block.is_empty()).then_some(block)),
                (_, key, _) => Some(key),
            };
            let item = slug(stem.filter(|stem| !slug(stem).is_empty()).unwrap_or(file));
            let item = if item.is_empty() { "entry".to_owned() } else { item };
            let item: String = one_of(&item).chars().take(26).collect();
            let many = if item.ends_with('s') { format!("{item}_list") } else { format!("{item}s") };
            let mut list = safe(&many);
            let mut number = 2;
            while !used.insert(list.clone()) {
                list = format!("{many}_{number}");
                number += 1;
            }
            let item = if number > 2 { format!("{item}_{}", number - 1) } else { item };
            names[scope] = (list, safe(&item));
        });
        // An item must not hide another name.
        let all = self.solution.parameters.iter().filter(|p| p.scope == 0 && p.usually.is_some());
        let mut seen: BTreeSet<String> = all.map(|parameter| parameter.name.clone()).collect();
        for (list, item) in &mut names {
            while *item != "values" && (!seen.insert(item.clone()) || item == list) {
                item.push_str("_item");
            }
        }
        names
    }

    /// In a list of neighbors, `neighbor_description` is `description`.
    fn field_names(&self) -> Vec<String> {
        let mut out: Vec<String> = vec![];
        let mut used: BTreeSet<(usize, String)> = BTreeSet::new();
        for (scope, of) in self.shape.scopes.iter().enumerate() {
            used.extend(of.outer.map(|outer| (outer, self.lists[scope].0.clone())));
        }
        for (at, parameter) in self.solution.parameters.iter().enumerate() {
            let mut name = parameter.name.clone();
            if parameter.scope != 0 {
                let stem = self.lists[parameter.scope].1.trim_end_matches("_item");
                let own = safe(&own_name(&self.shape.slots[parameter.slots[0]]));
                if is_value_name(&own) && !used.contains(&(parameter.scope, own.clone())) {
                    name = own;
                }
                let short = match name.strip_prefix(stem) {
                    Some("") => match self.types[at] {
                        Type::Ipv4 | Type::Ipv6 | Type::Interface => "address".to_owned(),
                        Type::Network4 | Type::Network6 => "network".to_owned(),
                        Type::Integer => "number".to_owned(),
                        _ => "name".to_owned(),
                    },
                    Some(rest) if rest.starts_with('_') => safe(rest.trim_start_matches('_')),
                    _ => name.clone(),
                };
                if is_value_name(&short)
                    && !parameter.is_gone
                    && !used.contains(&(parameter.scope, short.clone()))
                {
                    name = short;
                }
            }
            if !parameter.is_gone {
                while parameter.scope != 0 && used.contains(&(parameter.scope, name.clone())) {
                    name.push_str("_value");
                }
                used.insert((parameter.scope, name.clone()));
            }
            out.push(name);
        }
        out
    }

    /// Returns the name that the user sees.
    pub(super) fn shown<'n>(&'n self, name: &'n str) -> &'n str {
        self.renamed.get(name).map_or(name, String::as_str)
    }

    /// Whether the items of a list are plain values.
    pub(super) fn is_plain(&self, scope: usize) -> bool {
        self.live(scope).count() == 1
            && !self.conditions.switches.iter().any(|switch| switch.scope == scope)
            && !self.shape.scopes.iter().any(|inner| inner.outer == Some(scope))
    }

    /// The values of a scope.
    pub(super) fn live(&self, scope: usize) -> impl Iterator<Item = usize> {
        let all = self.solution.parameters.iter().enumerate();
        all.filter(move |(_, p)| p.scope == scope && !p.is_gone).map(|(at, _)| at)
    }

    fn place(&self, scope: usize, name: &str) -> String {
        let (_, item) = &self.lists[scope];
        if scope != 0 && self.is_plain(scope) {
            return item.clone();
        }
        let name = if scope == 0 { self.shown(name) } else { name };
        format!("{item}.{name}")
    }

    fn named(&self, base: &Base) -> Named {
        match base {
            Base::Value(at) => {
                let parameter = &self.solution.parameters[*at];
                if parameter.usually.is_some() && parameter.scope == 0 {
                    let name = self.shown(&parameter.name).to_owned();
                    return Named { name, is_number: false };
                }
                let is_number = self.types[*at] == Type::Integer;
                Named { name: self.place(parameter.scope, &self.fields[*at]), is_number }
            }
            Base::Line => Named { name: "line".into(), is_number: false },
            Base::Site => Named { name: "site".into(), is_number: false },
            Base::Area => Named { name: "area".into(), is_number: false },
            Base::Index => Named { name: "loop.index".into(), is_number: true },
        }
    }

    fn program(&self, program: &Program) -> String {
        program
            .iter()
            .map(|atom| match atom {
                Atom::Text(text) => literal(text),
                _ => format!("{{{{ {} }}}}", expression(atom, &|base| self.named(base))),
            })
            .collect()
    }

    /// Writes a program as one expression.
    pub(super) fn formula(&self, program: &Program) -> String {
        let part = |atom: &Atom| match atom {
            Atom::Text(text) => quote(text),
            _ => expression(atom, &|base| self.named(base)),
        };
        program.iter().map(part).collect::<Vec<_>>().join(" ~ ")
    }

    pub(super) fn condition(&self, condition: &Condition) -> String {
        match condition {
            Condition::Always => "true".into(),
            Condition::Given(value) => {
                let parameter = &self.solution.parameters[*value];
                self.place(parameter.scope, &self.fields[*value])
            }
            Condition::Is { value, any_of, negated } => {
                let parameter = &self.solution.parameters[*value];
                let is_text = !matches!(self.types[*value], Type::Integer | Type::Boolean);
                let literal = |text: &String| if is_text { quote(text) } else { text.clone() };
                let choices: Vec<String> = any_of.iter().map(literal).collect();
                let name = self.place(parameter.scope, &self.fields[*value]);
                match (choices.as_slice(), negated) {
                    ([one], false) => format!("{name} == {one}"),
                    ([one], true) => format!("{name} != {one}"),
                    (many, false) => format!("{name} in [{}]", many.join(", ")),
                    (many, true) => format!("{name} not in [{}]", many.join(", ")),
                }
            }
            Condition::Switch { switch, negated } => {
                let switch = &self.conditions.switches[*switch];
                let name = self.place(switch.scope, &switch.name);
                if *negated { format!("not {name}") } else { name }
            }
        }
    }

    /// Writes a condition of a file.
    pub(super) fn when(&self, file: &FileShape) -> Option<String> {
        let everyone = std::rc::Rc::new((0..self.shape.scopes[0].index.len()).collect());
        let condition = self.conditions.of(0, &file.present, &everyone);
        (condition != Condition::Always).then(|| self.condition(&condition))
    }

    /// Writes the template of a file.
    pub(super) fn template(&self, file: &FileShape) -> String {
        let mut body = Body { writer: self, form: file.form, out: String::new() };
        body.branches(&file.branches, "");
        let mut out = self.usual_values(&body.out);
        out.push_str(&body.out);
        out
    }

    /// Values that usually follow from others are worked out at the top.
    fn usual_values(&self, body: &str) -> String {
        let mut out = String::new();
        let mut done: BTreeSet<usize> = BTreeSet::new();
        loop {
            let before = done.len();
            for at in self.live(0).collect::<Vec<_>>() {
                let parameter = &self.solution.parameters[at];
                let Some((program, _)) = &parameter.usually else { continue };
                let needs = program.iter().filter_map(Atom::view).filter_map(|view| match &view.base {
                    Base::Value(n) if self.solution.parameters[*n].usually.is_some() => Some(*n),
                    _ => None,
                });
                if done.contains(&at) || !needs.into_iter().all(|n| done.contains(&n)) {
                    continue;
                }
                done.insert(at);
                let name = self.shown(&parameter.name);
                out.push_str(&format!("{{% set {name} = values.{name} or {} %}}\n", self.formula(program)));
            }
            if done.len() == before {
                break;
            }
        }
        if out.is_empty() || !self.reads_usual(body) { String::new() } else { out }
    }

    fn reads_usual(&self, body: &str) -> bool {
        let mut names = self.live(0).filter_map(|at| {
            let parameter = &self.solution.parameters[at];
            parameter.usually.as_ref().map(|_| self.shown(&parameter.name))
        });
        names.any(|name| body.contains(name))
    }
}

struct Body<'w> {
    writer: &'w Writer<'w>,
    form: Form,
    out: String,
}

impl Body<'_> {
    /// `last` is the condition under which something follows the last of them, empty for never.
    fn branches(&mut self, branches: &[Branch], last: &str) {
        let mut open = Condition::Always;
        for (at, branch) in branches.iter().enumerate() {
            let comma = if self.form == Form::Json { self.followed(&branches[at + 1..], last) } else { None };
            let condition = if branch.list.is_some() { Condition::Always } else { self.condition_of(branch) };
            if condition != open {
                self.switch(&open, &condition);
            }
            open = condition;
            self.branch(branch, comma);
        }
        if open != Condition::Always {
            self.tag("endif");
        }
    }

    /// Ends a condition and begins the next.
    fn switch(&mut self, before: &Condition, after: &Condition) {
        if *after != Condition::Always && is_opposite(before, after) {
            self.tag("else");
            return;
        }
        if *before != Condition::Always {
            self.tag("endif");
        }
        if *after != Condition::Always {
            self.tag(&format!("if {}", self.writer.condition(after)));
        }
    }

    /// When a JSON element needs a comma: nothing for never, empty for always, else a condition.
    fn followed(&self, rest: &[Branch], last: &str) -> Option<String> {
        let mut conditions = vec![];
        for branch in rest.iter().filter(|branch| branch.list.is_some() || !is_blank(branch)) {
            let condition = match branch.list {
                Some(scope) => self.list_place(branch.scope, scope),
                None => self.writer.condition(&self.condition_of(branch)),
            };
            if condition == "true" {
                return Some(String::new());
            }
            if !conditions.contains(&condition) {
                conditions.push(condition);
            }
        }
        if !last.is_empty() {
            conditions.push(last.to_owned());
        }
        (!conditions.is_empty()).then(|| conditions.join(" or "))
    }

    fn condition_of(&self, branch: &Branch) -> Condition {
        self.writer.conditions.of(branch.scope, &branch.present, &branch.around)
    }

    fn list_place(&self, outer: usize, scope: usize) -> String {
        let name = &self.writer.lists[scope].0;
        let name = if outer == 0 { self.writer.shown(name) } else { name };
        format!("{}.{name}", self.writer.lists[outer].1)
    }

    fn branch(&mut self, branch: &Branch, comma: Option<String>) {
        if let Some(scope) = branch.list {
            let list = self.list_place(branch.scope, scope);
            self.tag(&format!("for {} in {list}", self.writer.lists[scope].1));
            let last = match comma.as_deref() {
                None => "not loop.last".to_owned(),
                Some("") => "true".to_owned(),
                Some(after) => format!("not loop.last or {after}"),
            };
            let comma = (self.form == Form::Json).then(|| if last == "true" { String::new() } else { last });
            self.branch(&branch.kids[0], comma);
            self.tag("endfor");
            let tail = self.segments(&branch.tail);
            self.push(&tail);
            return;
        }
        let (mut head, mut tail) = (self.segments(&branch.head), self.segments(&branch.tail));
        if let Some(when) = comma.filter(|_| !is_blank(branch)) {
            let place = if tail.trim().is_empty() && branch.kids.is_empty() { &mut head } else { &mut tail };
            add_comma(place, &when);
        }
        self.push(&head);
        self.branches(&branch.kids, "");
        self.push(&tail);
    }

    fn segments(&self, segments: &[Segment]) -> String {
        let mut out = String::new();
        for segment in segments {
            let piece = match segment {
                Segment::Text(text) => literal(text),
                Segment::Slot(at) => self.writer.program(&self.writer.solution.programs[*at]),
            };
            add(&mut out, &piece);
        }
        out
    }

    fn tag(&mut self, tag: &str) {
        self.out.push_str(&format!("{{% {tag} %}}\n"));
    }

    fn push(&mut self, text: &str) {
        add(&mut self.out, text);
    }
}

fn is_opposite(a: &Condition, b: &Condition) -> bool {
    match (a, b) {
        (Condition::Switch { switch: a, negated: x }, Condition::Switch { switch: b, negated: y }) => {
            a == b && x != y
        }
        _ => false,
    }
}

/// The word for one of many: an interface of the interfaces.
fn one_of(many: &str) -> String {
    match many.strip_suffix('s') {
        Some(stem) if many.ends_with("ies") => format!("{}y", stem.trim_end_matches("ie")),
        Some(stem) if stem.ends_with("sse") => stem.trim_end_matches('e').to_owned(),
        Some(stem) if stem.len() > 3 && !stem.ends_with('s') => stem.to_owned(),
        _ => many.to_owned(),
    }
}

fn is_value_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Adds a piece; a brace before a tag would be read as part of it.
fn add(out: &mut String, piece: &str) {
    if out.ends_with('{') && piece.starts_with('{') {
        out.pop();
        out.push_str("{%+ raw +%}{{%+ endraw +%}");
    }
    out.push_str(piece);
}

fn is_blank(branch: &Branch) -> bool {
    branch.sample().head.trim().is_empty() && branch.sample().kids.is_empty()
}

fn add_comma(text: &mut String, when: &str) {
    let end = text.trim_end_matches([' ', '\t', '\r', '\n']).len();
    let comma = if when.is_empty() { ",".to_owned() } else { format!("{{% if {when} %}},{{% endif +%}}") };
    text.insert_str(end, &comma);
}

/// Writes text so that the template engine reads it as text.
fn literal(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let after = rest[at + 1..].chars().next();
        if matches!(after, Some('{' | '%' | '#')) {
            out.push_str(&rest[..at]);
            out.push_str("{%+ raw +%}{{%+ endraw +%}");
            rest = &rest[at + 1..];
        } else {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
        }
    }
    out.push_str(rest);
    match out.strip_prefix('\u{feff}') {
        Some(rest) => format!("{{{{ '\u{feff}' }}}}{rest}"),
        None => out,
    }
}

impl Writer<'_> {
    /// Names the secrets: one name where all lines have the same, else one for each line.
    pub(super) fn name_secrets(
        &mut self,
        blueprint: &str,
        members: &[&Instance],
        taken: &BTreeMap<String, String>,
    ) {
        for (at, parameter) in self.solution.parameters.iter().enumerate().filter(|(_, p)| !p.is_gone) {
            if self.types[at] != Type::Secret {
                continue;
            }
            let secrets: BTreeSet<&String> =
                parameter.row.iter().flatten().filter_map(|token| taken.get(&**token)).collect();
            let name = self.shown(&self.fields[at]).replace('_', "-");
            let list = if parameter.scope == 0 {
                String::new()
            } else {
                format!("-{}", self.lists[parameter.scope].0)
            };
            let is_shared = secrets.len() == 1 && members.len() > 1;
            for (key, token) in parameter.row.iter().enumerate() {
                let Some(token) = token else { continue };
                let reference = if is_shared {
                    format!("{blueprint}{list}-{name}")
                } else {
                    let member = members[self.member_of(parameter.scope, key)];
                    let number = if parameter.scope == 0 { String::new() } else { format!("-{}", key + 1) };
                    format!("{}-{}{list}-{name}{number}", member.site, member.line)
                };
                self.references.insert(token.to_string(), reference);
            }
            if is_shared {
                self.shared.insert(at);
            }
        }
    }

    pub(super) fn member_of(&self, scope: usize, key: usize) -> usize {
        match self.shape.scopes[scope].outer {
            Some(outer) => self.member_of(outer, self.shape.scopes[scope].owner[key]),
            None => key,
        }
    }

    /// Puts references where opaque tokens stand.
    pub(super) fn with_references(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (token, reference) in &self.references {
            if out.contains(token.as_str()) {
                out = out.replace(token.as_str(), &format!("secret:{reference}"));
            }
        }
        out
    }

    /// The values of one key of a scope: of a line, or of an item.
    pub(super) fn values_of(&self, scope: usize, key: usize) -> Map<String, Value> {
        let mut out = Map::new();
        for at in self.live(scope) {
            let parameter = &self.solution.parameters[at];
            let is_left_out =
                parameter.usually.as_ref().is_some_and(|(_, but)| scope == 0 && !but.contains(&key));
            let value = parameter.row[key].as_deref().filter(|_| !is_left_out);
            if value.is_none() && self.may_lack(at) {
                continue;
            }
            let reference = value.and_then(|value| self.references.get(value));
            let value = match reference {
                Some(reference) => json!(format!("secret:{reference}")),
                None => self.types[at].value(value),
            };
            out.insert(self.fields[at].clone(), value);
        }
        for switch in self.conditions.switches.iter().filter(|switch| switch.scope == scope) {
            out.insert(switch.name.clone(), json!(switch.on.contains(&key)));
        }
        for (inner, _) in self.shape.scopes.iter().enumerate().filter(|(_, inner)| inner.outer == Some(scope))
        {
            out.insert(self.lists[inner].0.clone(), self.items(inner, key));
        }
        out
    }

    fn items(&self, scope: usize, owner: usize) -> Value {
        let owners = self.shape.scopes[scope].owner.iter().enumerate();
        owners
            .filter(|(_, of)| **of == owner)
            .map(|(key, _)| {
                let values = self.values_of(scope, key);
                if self.is_plain(scope) {
                    values.into_iter().next().map_or(Value::Null, |(_, value)| value)
                } else {
                    Value::Object(values)
                }
            })
            .collect()
    }

    /// Whether some items of a list have no such secret: an empty text is no reference.
    pub(super) fn may_lack(&self, at: usize) -> bool {
        let parameter = &self.solution.parameters[at];
        parameter.scope != 0 && self.types[at] == Type::Secret && parameter.row.iter().any(Option::is_none)
    }

    /// Whether a value has a default.
    pub(super) fn has_default(&self, at: usize) -> bool {
        let parameter = &self.solution.parameters[at];
        if self.types[at] == Type::Secret {
            return self.shared.contains(&at) || parameter.row.iter().any(Option::is_none);
        }
        parameter.kind != Kind::Required
            || parameter.usually.is_some()
            || parameter.row.iter().any(Option::is_none)
    }
}
