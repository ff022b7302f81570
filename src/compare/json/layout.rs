//! Files of one make: the dashboards of a fleet come from one template and differ in a few values.
//!
//! A file that is, byte for byte, another one but for some scalars says what that one says but for those scalars: a
//! reader of JSON goes the same way through both. So it is held against the last files of its kind, and only the
//! scalars that differ are read. What comes out is the same tree, sooner.

use super::super::tree::{Builder, Node, Tree, Value};
use super::{Read, Reader};
use std::borrow::Cow;
use std::cell::RefCell;

/// Files below this size (bytes) are read as fast as they are compared.
const SMALLEST: usize = 2 << 10;
/// Files above this size (bytes) are not remembered.
const LARGEST: usize = 256 << 10;
/// Most files that a thread remembers.
const MOST: usize = 8;
/// Where more values differ than this share of all, reading is as fast.
const MOST_CHANGED: usize = 4;

thread_local! {
    static KNOWN: RefCell<Known> = const { RefCell::new(Known { layouts: vec![], missed: 0 }) };
}

/// The files that a thread remembers, the last one that was met at the end.
struct Known {
    layouts: Vec<Layout>,
    /// How many files in a row were like none of them.
    missed: u32,
}

/// Reads a file that is like one that was read before on this thread; else nothing.
pub(super) fn read(text: &str) -> Option<Tree<'_>> {
    if !(SMALLEST..=LARGEST).contains(&text.len()) {
        return None;
    }
    KNOWN.with_borrow_mut(|known| {
        let mut layouts = known.layouts.iter().enumerate().rev();
        let found = layouts.find_map(|(at, layout)| Some((at, layout.read(text)?)));
        let Some((at, tree)) = found else {
            known.missed += 1;
            return None;
        };
        known.missed = 0;
        let layout = known.layouts.remove(at);
        known.layouts.push(layout);
        Some(tree)
    })
}

/// Remembers a file, unless files of this kind keep being like no other.
pub(super) fn remember(text: &str, tree: &Tree<'_>) {
    if !(SMALLEST..=LARGEST).contains(&text.len()) {
        return;
    }
    KNOWN.with_borrow_mut(|known| {
        // Where nothing ever comes again, remembering is a cost that grows rare.
        if known.missed > MOST as u32 && !known.missed.is_power_of_two() {
            return;
        }
        let Some(layout) = Layout::of(text, tree) else { return };
        if known.layouts.len() == MOST {
            known.layouts.remove(0);
        }
        known.layouts.push(layout);
    });
}

/// A file that was read, and where its values lie.
struct Layout {
    text: String,
    /// Its values in the order in which they are written.
    marks: Vec<Mark>,
    /// Which of them stands at each place of the tree, the root at the end.
    slots: Vec<u32>,
    names_secrets: bool,
}

/// A value of a file.
struct Mark {
    /// Where its name lies, without quotes; nothing for what has none.
    key: (u32, u32),
    /// Where it begins.
    at: u32,
    /// Where a scalar ends; a container begins only.
    end: u32,
    kind: Kind,
}

/// What a value is, without its text.
enum Kind {
    /// The same in every file: a container, a boolean, null.
    Fixed(Value<'static>),
    Number,
    /// A string without escapes.
    Plain,
    /// A string with escapes.
    Escaped,
}

/// Where a value lies in another file of the same make.
#[derive(Clone, Copy)]
struct Shift {
    /// How many bytes further.
    further: i32,
    /// Which of the changed ones it is, if it is one.
    changed: Option<u32>,
}

/// A scalar that is another one here.
struct Changed<'a> {
    mark: usize,
    value: Value<'a>,
    /// Where it ends here.
    end: usize,
}

impl Layout {
    /// Nothing where a name is written with escapes: it does not lie in the text.
    fn of(text: &str, tree: &Tree<'_>) -> Option<Self> {
        let all = tree.arena().iter().chain([tree.root_node()]);
        let mut marks = all.map(|node| mark(text, node)).enumerate().collect::<Vec<_>>();
        // The root begins before all others, even where it comes last.
        marks.sort_unstable_by_key(|(_, mark)| mark.as_ref().map(|mark| mark.at));
        let mut slots = vec![0; marks.len()];
        marks.iter().enumerate().for_each(|(index, (slot, _))| slots[*slot] = index as u32);
        let marks = marks.into_iter().map(|(_, mark)| mark).collect::<Option<Vec<_>>>()?;
        Some(Self { text: text.to_owned(), marks, slots, names_secrets: tree.names_secrets() })
    }

    fn read<'a>(&self, text: &'a str) -> Option<Tree<'a>> {
        let changed = self.changed(text)?;
        self.with(text, changed)
    }

    /// The scalars that differ; nothing where more than scalars differ.
    fn changed<'a>(&self, text: &'a str) -> Option<Vec<Changed<'a>>> {
        let (old, new) = (self.text.as_bytes(), text.as_bytes());
        let mut reader = Reader::new(text, Builder::default());
        let mut changed: Vec<Changed<'a>> = vec![];
        let (mut a, mut b, mut next) = (0, 0, 0);
        loop {
            let same = same_length(&old[a..], &new[b..]);
            (a, b) = (a + same, b + same);
            if a == old.len() && b == new.len() {
                return Some(changed);
            }
            // The last value that begins at or before what differs, and was not yet seen to differ.
            let last = next + self.marks[next..].partition_point(|mark| mark.at as usize <= a);
            let mark = self.marks[next..last].last()?;
            let is_container = matches!(mark.kind, Kind::Fixed(Value::List(_) | Value::Map(_)));
            if is_container || a > mark.end as usize || changed.len() > self.marks.len() / MOST_CHANGED {
                return None;
            }
            reader.at = b - (a - mark.at as usize);
            let value = reader.scalar().ok()??;
            (a, b, next) = (mark.end as usize, reader.at, last);
            changed.push(Changed { mark: last - 1, value, end: b });
        }
    }

    /// The tree of a file in which these scalars differ.
    fn with<'a>(&self, text: &'a str, mut changed: Vec<Changed<'a>>) -> Option<Tree<'a>> {
        let shifts = self.shifts(&changed);
        let mut nodes: Vec<Node<'a>> = Vec::with_capacity(self.marks.len());
        let mut names_secrets = self.names_secrets;
        let mut reader = Reader::new(text, Builder::default());
        for slot in &self.slots {
            let (mark, shift) = (self.marks.get(*slot as usize)?, shifts.get(*slot as usize)?);
            let here = |at: u32| at.wrapping_add_signed(shift.further) as usize;
            let key = text.get(here(mark.key.0)..here(mark.key.1))?;
            let at = here(mark.at);
            let value = match (shift.changed, &mark.kind) {
                (Some(index), _) => {
                    std::mem::replace(&mut changed.get_mut(index as usize)?.value, Value::Null)
                }
                (None, Kind::Fixed(value)) => value.clone(),
                (None, Kind::Number) => Value::Number(Cow::Borrowed(text.get(at..here(mark.end))?)),
                (None, Kind::Plain) => Value::Str(Cow::Borrowed(text.get(at + 1..here(mark.end) - 1)?)),
                (None, Kind::Escaped) => {
                    reader.at = at;
                    reader.scalar().ok()??
                }
            };
            let node = Node { key: Cow::Borrowed(key), at: at as u32, value };
            names_secrets |= shift.changed.is_some() && node.names_a_secret();
            nodes.push(node);
        }
        let root = nodes.pop()?;
        Some(Tree::made(nodes, root, names_secrets))
    }

    /// For each value, in the order in which they are written, how much further it lies.
    fn shifts(&self, changed: &[Changed<'_>]) -> Vec<Shift> {
        let mut shifts = Vec::with_capacity(self.marks.len());
        let mut further = 0;
        for (index, other) in changed.iter().enumerate() {
            shifts.resize(other.mark, Shift { further, changed: None });
            shifts.push(Shift { further, changed: Some(index as u32) });
            further = other.end as i32 - self.marks[other.mark].end as i32;
        }
        shifts.resize(self.marks.len(), Shift { further, changed: None });
        shifts
    }
}

fn mark(text: &str, node: &Node<'_>) -> Option<Mark> {
    let place = |part: &str| {
        let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
        (start + part.len() <= text.len()).then_some((start as u32, (start + part.len()) as u32))
    };
    let key = match &node.key {
        Cow::Borrowed("") => (node.at, node.at),
        Cow::Borrowed(key) => place(key)?,
        Cow::Owned(_) => return None,
    };
    let (kind, length) = match &node.value {
        Value::Null => (Kind::Fixed(Value::Null), 4),
        Value::Bool(value) => (Kind::Fixed(Value::Bool(*value)), if *value { 4 } else { 5 }),
        Value::List(span) => (Kind::Fixed(Value::List(*span)), 0),
        Value::Map(span) => (Kind::Fixed(Value::Map(*span)), 0),
        Value::Number(text) => (Kind::Number, text.len() as u32),
        Value::Str(Cow::Borrowed(text)) => (Kind::Plain, text.len() as u32 + 2),
        Value::Str(Cow::Owned(_)) => {
            let mut reader = Reader::new(text, Builder::default());
            reader.at = node.at as usize;
            reader.string().ok()?;
            (Kind::Escaped, reader.at as u32 - node.at)
        }
        Value::Typed(..) => return None,
    };
    Some(Mark { key, at: node.at, end: node.at + length, kind })
}

/// How many bytes two texts have in common at their beginning.
fn same_length(a: &[u8], b: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let blocks = a.chunks_exact(BLOCK).zip(b.chunks_exact(BLOCK));
    let at = blocks.take_while(|(a, b)| a == b).count() * BLOCK;
    at + a[at..].iter().zip(&b[at..]).take_while(|(a, b)| a == b).count()
}

impl<'a> Reader<'a> {
    /// Reads a scalar; nothing where a container stands.
    fn scalar(&mut self) -> Read<Option<Value<'a>>> {
        Ok(Some(match self.peek() {
            b'"' => Value::Str(self.string()?),
            b'-' | b'0'..=b'9' => Value::Number(Cow::Borrowed(self.number()?)),
            b't' => self.word("true", Value::Bool(true), None)?.0,
            b'f' => self.word("false", Value::Bool(false), None)?.0,
            b'n' => self.word("null", Value::Null, None)?.0,
            _ => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::read as read_alone;
    use super::*;
    use proptest::prelude::*;

    fn alone(text: &str) -> Option<Tree<'_>> {
        read_alone(text, Builder::default(), None).ok()
    }

    fn same(a: &Tree<'_>, b: &Tree<'_>) -> bool {
        let shown = |tree: &Tree<'_>| format!("{:?} {:?}", tree.arena(), tree.root_node());
        shown(a) == shown(b) && (a.names_secrets() || !b.names_secrets())
    }

    /// Reads a file as one of the make of another; whether it was one.
    #[track_caller]
    fn is_like(make: &str, text: &str) -> bool {
        let layout = Layout::of(make, &alone(make).expect("JSON")).expect("a layout");
        let Some(tree) = layout.read(text) else { return false };
        let alone = alone(text).unwrap_or_else(|| panic!("{text} is not JSON, but was read beside {make}"));
        assert!(same(&tree, &alone), "{text} beside {make}:\n{tree:?}\n{alone:?}");
        true
    }

    #[test]
    fn a_file_that_differs_in_scalars_is_of_the_same_make() {
        let make = r#"{"a":1,"name":"x","l":[true,null,"p\n",-1.5e3,[],{}],"z":"end"}"#;
        for text in [
            make,
            r#"{"a":123456,"name":"DB_PASSWORD","l":[true,null,"p\n",-1.5e3,[],{}],"z":"end"}"#,
            r#"{"a":"1","name":"x","l":[false,null,"p\n",-1.5e3,[],{}],"z":""}"#,
            r#"{"a":12,"name":"x\"y","l":[true,null,"é\nq",-1.5e3,[],{}],"z":"end"}"#,
        ] {
            assert!(is_like(make, text), "{text}");
        }
    }

    #[test]
    fn a_file_that_differs_in_more_is_none() {
        let make = r#"{"a":{"x":1},"b":[1,22,3,4,5],"c":"text"}"#;
        for text in [
            r#"{"a":5{"x":1},"b":[1,22,3,4,5],"c":"text"}"#,
            r#"{"a":5,"b":[1,22,3,4,5],"c":"text"}"#,
            r#"{"A":{"x":1},"b":[1,22,3,4,5],"c":"text"}"#,
            r#"{"a":{"x":1},"b":[1,22,3,4,5,6],"c":"text"}"#,
            r#"{"a":{"x":1},"b":[1,2,2,3,4,5],"c":"text"}"#,
            r#"{"a":{"x":1},"b":[1,22,3,4,5],"c":"text""#,
            r#"{"a":{"x":1},"b":[1,22,3,4,5],"c":"text"}}"#,
            r#"{"a":{"x":01},"b":[1,22,3,4,5],"c":"text"}"#,
            r#"{"a":{"x":[]},"b":[1,22,3,4,5],"c":"text"}"#,
            "",
        ] {
            assert!(!is_like(make, text), "{text}");
        }
    }

    /// Scalars of a file that others of its make may have otherwise.
    fn scalars() -> impl Strategy<Value = Vec<String>> {
        let scalar = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            "-?(0|[1-9][0-9]{0,4})(\\.[0-9]{1,2})?",
            r#""([a-c\x{e9} ,:{}\[\]]|\\\\|\\")*""#,
        ];
        proptest::collection::vec(scalar, 12)
    }

    fn written(v: &[String]) -> String {
        format!(
            "{{ \"a\": {}, \"b\" :[{},{} , {}],\n \"c\": {{\"name\": {}, \"d\": [[{}], {{}}, {}]}}, \"e\":{},\"f\": [{}, {}, {}, {}] }}\n",
            v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11]
        )
    }

    proptest! {
        #[test]
        fn any_scalars_of_a_make_are_read(a in scalars(), other in scalars(), at in 0..12usize) {
            let make = written(&a);
            is_like(&make, &written(&other));
            let mut one = a;
            one[at].clone_from(&other[at]);
            assert!(is_like(&make, &written(&one)));
        }

        #[test]
        fn what_is_no_file_of_a_make_is_not_read_as_one(
            a in scalars(),
            at in 0..400usize,
            length in 0..3usize,
            put in r#"[\[\]{}",: 01a\\-]{0,3}"#,
        ) {
            let make = written(&a);
            let mut text = make.clone().into_bytes();
            let at = at % text.len();
            let end = (at + length).min(text.len());
            text.splice(at..end, put.bytes());
            if let Ok(text) = String::from_utf8(text) {
                is_like(&make, &text);
            }
        }
    }
}
