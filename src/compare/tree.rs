//! What a structured file says: one arena of values, borrowed from its text, with the place of each.
//!
//! JSON, YAML, TOML, INI and CSV all become this tree, and one walk compares them. A file of 70 KB costs a handful
//! of allocations, which is what makes thousands of files a matter of a second. A file may be read beside its twin:
//! what says the same there is not built again, but shared.

use super::number;
use super::secrets::is_secret_name;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    root: Node<'a>,
    /// Where shared children lie.
    twin: Option<&'a Tree<'a>>,
    /// Whether a name in it, or the value of a `name`, is that of a secret; what is shared is not looked at.
    names_secrets: bool,
}

/// A value, its name in the object around it, and its byte offset.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    pub key: Cow<'a, str>,
    pub at: u32,
    pub value: Value<'a>,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    /// A number as written.
    Number(Cow<'a, str>),
    Str(Cow<'a, str>),
    /// A scalar whose type is part of its meaning, such as a TOML date: type and text in one spelling.
    Typed(&'static str, Cow<'a, str>),
    List(Span),
    Map(Span),
}

impl Node<'_> {
    /// Whether its name is that of a secret, or names one: `{ name: DB_PASSWORD, value: x }`.
    pub(crate) fn names_a_secret(&self) -> bool {
        is_secret_name(&self.key)
            || matches!(&*self.key, "name" | "key")
                && matches!(&self.value, Value::Str(text) if is_secret_name(text))
    }
}

impl Value<'_> {
    /// Whether it is a container whose children lie in the twin.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Value::List(span) | Value::Map(span) if span.shared)
    }
}

/// The children of a container.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    start: u32,
    len: u32,
    /// Whether they lie in the twin.
    shared: bool,
}

/// A value in its tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ref<'t> {
    tree: &'t Tree<'t>,
    node: &'t Node<'t>,
}

/// Builds a tree bottom up: children are pushed, then closed into their container.
#[derive(Debug, Default)]
pub(crate) struct Builder<'a> {
    nodes: Vec<Node<'a>>,
    open: Vec<Node<'a>>,
    names_secrets: bool,
}

impl<'a> Builder<'a> {
    pub(crate) fn with_capacity(nodes: usize) -> Self {
        Self { nodes: Vec::with_capacity(nodes), open: Vec::with_capacity(64), names_secrets: false }
    }

    /// Where the children of the next container begin.
    pub(crate) fn mark(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn push(&mut self, node: Node<'a>) {
        self.open.push(node);
    }

    /// The children pushed since `mark`.
    pub(crate) fn since(&mut self, mark: usize) -> &mut [Node<'a>] {
        &mut self.open[mark..]
    }

    /// Ends the container that began at `mark`.
    pub(crate) fn close(&mut self, mark: usize) -> Span {
        let start = self.nodes.len();
        self.names_secrets |= self.open[mark..].iter().any(Node::names_a_secret);
        self.nodes.extend(self.open.drain(mark..));
        Span { start: start as u32, len: (self.nodes.len() - start) as u32, shared: false }
    }

    /// Ends the container that began at `mark` and holds what its twin holds.
    pub(crate) fn share(&mut self, mark: usize, twin: Ref<'_>) -> Value<'a> {
        self.open.truncate(mark);
        match twin.node.value {
            Value::List(span) => Value::List(Span { shared: true, ..span }),
            Value::Map(span) => Value::Map(Span { shared: true, ..span }),
            _ => unreachable!("only containers are shared"),
        }
    }

    pub(crate) fn finish(mut self, root: Node<'a>) -> Tree<'a> {
        self.push(root);
        self.finish_beside(None)
    }

    /// Ends the tree whose root was pushed last; for a file that was read beside its twin.
    pub(crate) fn finish_beside(mut self, twin: Option<&'a Tree<'a>>) -> Tree<'a> {
        let nothing = || Node { key: Cow::Borrowed(""), at: 0, value: Value::Null };
        let root = self.open.pop().unwrap_or_else(nothing);
        Tree { nodes: self.nodes, root, twin, names_secrets: self.names_secrets }
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len() + self.open.len()
    }
}

impl<'a> Tree<'a> {
    /// A tree of values in their places: children of one container stand together.
    pub(crate) fn made(nodes: Vec<Node<'a>>, root: Node<'a>, names_secrets: bool) -> Self {
        Tree { nodes, root, twin: None, names_secrets }
    }

    /// All values but the root, in their places.
    pub(crate) fn arena(&self) -> &[Node<'a>] {
        &self.nodes
    }

    pub(crate) fn root_node(&self) -> &Node<'a> {
        &self.root
    }

    pub(crate) fn root<'t>(&'t self) -> Ref<'t>
    where
        'a: 't,
    {
        Ref { tree: self, node: &self.root }
    }

    /// Whether a value in it may be a secret for what it is called; what is shared with its twin is asked there.
    pub(crate) fn names_secrets(&self) -> bool {
        self.names_secrets
    }
}

impl<'t> Ref<'t> {
    pub(crate) fn value(self) -> &'t Value<'t> {
        &self.node.value
    }

    pub(crate) fn key(self) -> &'t str {
        &self.node.key
    }

    pub(crate) fn at(self) -> u32 {
        self.node.at
    }

    /// The children of a list or map; a scalar has none.
    pub(crate) fn children(self) -> impl ExactSizeIterator<Item = Self> + Clone {
        let (tree, nodes) = self.inside();
        nodes.iter().map(move |node| Ref { tree, node })
    }

    /// The children, and the tree they lie in.
    fn inside(self) -> (&'t Tree<'t>, &'t [Node<'t>]) {
        match self.node.value {
            Value::List(span) | Value::Map(span) => {
                let tree = self.tree.twin.filter(|_| span.shared).unwrap_or(self.tree);
                (tree, &tree.nodes[span.start as usize..(span.start + span.len) as usize])
            }
            _ => (self.tree, &[]),
        }
    }

    fn slice(self) -> &'t [Node<'t>] {
        self.inside().1
    }

    /// Whether its children lie in the twin: what they say is said there.
    pub(crate) fn is_shared(self) -> bool {
        self.node.value.is_shared()
    }

    pub(crate) fn len(self) -> usize {
        self.slice().len()
    }

    pub(crate) fn item(self, index: usize) -> Option<Self> {
        let (tree, nodes) = self.inside();
        nodes.get(index).map(|node| Ref { tree, node })
    }

    /// The member of a map; `near` is where it probably stands.
    pub(crate) fn member(self, key: &str, near: usize) -> Option<Self> {
        self.place_of(key, near).and_then(|at| self.item(at))
    }

    /// Where the member of a map stands whose name is written here with its closing quote, as it is written in this
    /// JSON text, and how long the name is. A name that had to be unescaped is not found.
    #[inline]
    pub(crate) fn place_written(self, text: &[u8], near: usize) -> Option<(usize, usize)> {
        let nodes = self.slice();
        let is_it = |node: &Node<'_>| match &node.key {
            Cow::Borrowed(key) => text.get(key.len()) == Some(&b'"') && text.starts_with(key.as_bytes()),
            Cow::Owned(_) => false,
        };
        let place = match nodes.get(near) {
            Some(node) if is_it(node) => near,
            _ => nodes.iter().position(is_it)?,
        };
        Some((place, nodes[place].key.len()))
    }

    /// Where the member of a map stands.
    pub(crate) fn place_of(self, key: &str, near: usize) -> Option<usize> {
        if !matches!(self.node.value, Value::Map(_)) {
            return None;
        }
        let slice = self.slice();
        let first = key.as_bytes().first();
        // The first letter decides most of the time, without a call.
        let is_it = |node: &Node<'_>| {
            node.key.len() == key.len() && node.key.as_bytes().first() == first && node.key == key
        };
        match slice.get(near) {
            Some(node) if is_it(node) => Some(near),
            _ => slice.iter().position(is_it),
        }
    }

    pub(crate) fn is_container(self) -> bool {
        matches!(self.node.value, Value::List(_) | Value::Map(_))
    }

    /// The text of a string.
    pub(crate) fn as_str(self) -> Option<&'t str> {
        match &self.node.value {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The type, as far as it is part of the meaning.
    pub(crate) fn type_name(self) -> &'static str {
        match &self.node.value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::Str(_) => "string",
            Value::Typed(name, _) => name,
            Value::List(_) => "list",
            Value::Map(_) => "map",
        }
    }

    /// A scalar as people write it in a path: a key value.
    pub(crate) fn plain(self) -> Option<String> {
        Some(match &self.node.value {
            Value::Null => "null".into(),
            Value::Bool(value) => value.to_string(),
            Value::Number(text) => match number::shown(text) {
                Json::String(text) => text,
                Json::Number(number) if number::equal(&number.to_string(), text) => trimmed(text),
                other => other.to_string(),
            },
            Value::Str(text) | Value::Typed(_, text) => text.to_string(),
            Value::List(_) | Value::Map(_) => return None,
        })
    }

    /// The value for a report.
    pub(crate) fn to_json(self) -> Json {
        match &self.node.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(text) | Value::Typed("integer" | "float", text) => number::shown(text),
            Value::Str(text) | Value::Typed(_, text) => Json::String(text.to_string()),
            Value::List(_) => Json::Array(self.children().map(Self::to_json).collect()),
            Value::Map(_) => Json::Object(
                self.children().map(|child| (child.key().to_owned(), child.to_json())).collect::<Map<_, _>>(),
            ),
        }
    }

    /// Whether it is the value that a profile writes.
    pub(crate) fn is(self, other: &Json) -> bool {
        match (&self.node.value, other) {
            (Value::Number(own), Json::Number(other)) => number::equal(own, &other.to_string()),
            (Value::List(_), Json::Array(items)) => {
                self.len() == items.len() && self.children().zip(items).all(|(own, other)| own.is(other))
            }
            (Value::Map(_), Json::Object(members)) => {
                let same = |child: Self| members.get(child.key()).is_some_and(|other| child.is(other));
                self.len() == members.len() && self.children().all(same)
            }
            (Value::List(_) | Value::Map(_), _) => false,
            (_, other) => self.to_json() == *other,
        }
    }

    /// Whether two values mean the same.
    pub(crate) fn equal(self, other: Ref<'_>) -> bool {
        match (&self.node.value, &other.node.value) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => number::equal(a, b),
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Typed(x, a), Value::Typed(y, b)) => x == y && typed_equal(x, a, b),
            (Value::List(a), Value::List(b)) => {
                a.len == b.len
                    && (self.is_one_with(other)
                        || self.children().zip(other.children()).all(|(a, b)| a.equal(b)))
            }
            (Value::Map(a), Value::Map(b)) => {
                a.len == b.len && (self.is_one_with(other) || self.same_members(other))
            }
            _ => false,
        }
    }

    /// Whether two containers of the same length have the very same children.
    fn is_one_with(self, other: Ref<'_>) -> bool {
        let (own, others) = (self.slice(), other.slice());
        std::ptr::eq(own.as_ptr(), others.as_ptr()) && !own.is_empty()
    }

    /// Whether two maps of the same size hold equal members, in any order.
    fn same_members(self, other: Ref<'_>) -> bool {
        /// Above this many members, sorting beats searching.
        const MANY: usize = 32;
        if self.len() <= MANY {
            return self
                .children()
                .enumerate()
                .all(|(at, child)| other.member(child.key(), at).is_some_and(|twin| child.equal(twin)));
        }
        let (mut a, mut b): (Vec<_>, Vec<_>) = (self.children().collect(), other.children().collect());
        a.sort_unstable_by_key(|child| child.key());
        b.sort_unstable_by_key(|child| child.key());
        a.iter().zip(&b).all(|(a, b)| a.key() == b.key() && a.equal(*b))
    }
}

/// The way a whole number is usually written, or as it is.
fn trimmed(text: &str) -> String {
    text.trim_end_matches('0').strip_suffix('.').map_or_else(|| text.to_owned(), str::to_owned)
}

/// Whether two scalars of one type are the same.
pub(crate) fn typed_equal(kind: &str, a: &str, b: &str) -> bool {
    a == b || (matches!(kind, "integer" | "float") && number::equal(a, b))
}
