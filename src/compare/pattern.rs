//! Path patterns of a comparison profile, and where a walk stands in each of them.
//!
//! `/panels/*/targets/**`: `*` is any one step, `**` any number of them; a step may itself be a glob such as
//! `interface *`. A [`Cursor`] follows all patterns of a profile at once while a tree is walked, so that a file
//! without patterns below a point costs nothing there.

/// A pattern, cut into its steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    steps: Vec<Step>,
    /// As written.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Literal(String),
    Glob(String),
    One,
    Many,
}

/// How paths of a format are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notation {
    /// JSON Pointer.
    Pointer,
    /// Parents joined with ` > `.
    Parents,
}

impl Pattern {
    pub(crate) fn new(text: &str, notation: Notation) -> Self {
        let steps = match notation {
            Notation::Pointer => crate::source::parse_pointer(text).map(|step| Step::of(&step)).collect(),
            Notation::Parents => text.split(" > ").map(|step| Step::of(step.trim())).collect(),
        };
        Self { steps, text: text.to_owned() }
    }

    /// Whether at least one step is written out: a pattern without one would cover everything.
    pub(crate) fn is_specific(&self) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Literal(text) => !text.is_empty(),
            Step::Glob(pattern) => pattern.chars().any(|c| c.is_alphanumeric()),
            Step::One | Step::Many => false,
        })
    }

    /// The steps that choose elements by a member: `[folder=local]` is `folder` and `local`.
    pub(crate) fn choices(&self) -> impl Iterator<Item = (&str, &str)> {
        self.steps.iter().filter_map(|step| match step {
            Step::Literal(text) => text.strip_prefix('[')?.strip_suffix(']')?.split_once('='),
            _ => None,
        })
    }

    /// The last step, where it is written out.
    pub(crate) fn last_name(&self) -> Option<&str> {
        match self.steps.last()? {
            Step::Literal(name) => Some(name.trim_start_matches('@')),
            _ => None,
        }
    }

    /// Whether the pattern names exactly this path.
    pub(crate) fn matches(&self, path: &[String]) -> bool {
        matches_steps(&self.steps, path)
    }

    /// Whether the pattern names this path or one above it.
    pub(crate) fn covers(&self, path: &[String]) -> bool {
        (0..=path.len()).any(|length| matches_steps(&self.steps, &path[..length]))
    }
}

impl Step {
    fn of(text: &str) -> Self {
        match text {
            "*" => Self::One,
            "**" => Self::Many,
            text if text.contains('*') => Self::Glob(text.to_owned()),
            text => Self::Literal(text.to_owned()),
        }
    }

    fn takes(&self, step: &str) -> bool {
        match self {
            Self::Literal(text) => text == step,
            Self::Glob(pattern) => fits(pattern, step),
            Self::One | Self::Many => true,
        }
    }
}

fn matches_steps(steps: &[Step], path: &[String]) -> bool {
    match (steps.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((Step::Many, rest)), Some((_, below))) => {
            // `**` takes at least one step.
            matches_steps(rest, below) || matches_steps(steps, below)
        }
        (Some((step, rest)), Some((first, below))) => step.takes(first) && matches_steps(rest, below),
        _ => false,
    }
}

/// Whether `text` fits a glob in which `*` stands for anything. Bytes will do: no character of UTF-8 begins inside
/// another.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            back = Some((p, t));
            p += 1;
        } else if p < pattern.len() && pattern[p] == text[t] {
            p += 1;
            t += 1;
        } else if let Some((star, at)) = back {
            p = star + 1;
            t = at + 1;
            back = Some((star, at + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// Where a walk stands in each pattern of a list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cursor(Vec<(u16, u16)>);

impl Cursor {
    /// Stands before the first step of every pattern; the numbers of those that name the root are returned too.
    pub(crate) fn start(patterns: &[Pattern]) -> (Self, Vec<usize>) {
        let mut cursor = Self::default();
        let mut named = vec![];
        for (number, pattern) in patterns.iter().enumerate() {
            if pattern.steps.is_empty() {
                named.push(number);
            } else {
                cursor.0.push((number as u16, 0));
            }
        }
        (cursor, named)
    }

    /// Whether no pattern can name anything below.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    /// Goes one step down; `named` receives the numbers of the patterns that name the place reached.
    pub(crate) fn step(&self, patterns: &[Pattern], step: &str, named: &mut Vec<usize>) -> Self {
        self.step_as(patterns, step, &[], named)
    }

    /// The same for a place that has other names too.
    pub(crate) fn step_as(
        &self,
        patterns: &[Pattern],
        step: &str,
        others: &[String],
        named: &mut Vec<usize>,
    ) -> Self {
        let mut below = Self::default();
        for (number, at) in &self.0 {
            let steps = &patterns[*number as usize].steps;
            let here = &steps[*at as usize];
            if !here.takes(step) && !others.iter().any(|other| here.takes(other)) {
                continue;
            }
            if *here == Step::Many {
                below.0.push((*number, *at));
            }
            if (*at as usize) + 1 == steps.len() {
                named.push(*number as usize);
            } else {
                below.0.push((*number, at + 1));
            }
        }
        below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        crate::source::parse_pointer(text).collect()
    }

    #[test]
    fn patterns_are_exact_and_cover_what_is_below() {
        let pattern = Pattern::new("/a/b", Notation::Pointer);
        assert!(
            pattern.covers(&path("/a/b/c"))
                && !pattern.covers(&path("/a/bc"))
                && !pattern.matches(&path("/a/b/c"))
        );
        let pattern = Pattern::new("/panels/*/targets/**", Notation::Pointer);
        assert!(
            pattern.matches(&path("/panels/[id=1]/targets/0/expr"))
                && !pattern.matches(&path("/panels/1/targets"))
        );
        assert!(
            !Pattern::new("/*/**", Notation::Pointer).is_specific()
                && !Pattern::new("", Notation::Pointer).is_specific()
        );
    }

    #[test]
    fn steps_may_be_globs() {
        let pattern = Pattern::new("interface * > description *", Notation::Parents);
        assert!(pattern.matches(&["interface Gi1".into(), "description x y".into()]));
        assert!(!pattern.matches(&["interfaces".into(), "description".into()]));
    }

    #[test]
    fn a_cursor_agrees_with_the_whole_path() {
        let patterns = ["/a/*/c", "/a/**", "/x"].map(|text| Pattern::new(text, Notation::Pointer));
        for text in ["/a/b/c", "/a", "/x", "/a/b", "/x/y", "/a/b/d/e"] {
            let (mut cursor, mut named) = Cursor::start(&patterns);
            for step in path(text) {
                named.clear();
                cursor = cursor.step(&patterns, &step, &mut named);
            }
            let expected: Vec<_> = (0..3).filter(|at| patterns[*at].matches(&path(text))).collect();
            assert_eq!(named, expected, "{text}");
        }
    }
}
