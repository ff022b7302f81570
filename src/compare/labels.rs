//! The words of a difference: what differs, who moved, what to do, what it means for production.

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The value is another one.
    Changed,
    /// The value is of another type.
    TypeChanged,
    /// Intended, not deployed.
    Missing,
    /// Deployed, not intended.
    Extra,
    /// An identified element stands elsewhere in an ordered list.
    Moved,
    /// The same elements in another order.
    Reordered,
    /// A file is intended and not deployed.
    FileMissing,
    /// A file is deployed and not intended.
    FileExtra,
    /// The text differs, the meaning is proven equal.
    Equivalent,
    /// Could not be compared.
    Opaque,
}

/// Who moved, judged per value against what was last deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribution {
    /// The site changed it.
    Site,
    /// The standard moved on; nothing happened on site.
    Standard,
    /// Both moved, differently.
    Both,
    /// There is no base to judge by.
    Unknown,
}

/// What to do about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// Somebody has to act.
    Open,
    /// A deviation covered it and has run out.
    Expired,
    /// The site is behind the standard and still may be.
    Behind,
    /// A deviation covers exactly this value.
    Approved,
    /// Not ours to compare.
    Ignored,
}

/// What a file, a line, a fleet is worth; the worst wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Everything is as intended.
    InOrder,
    /// Only behind the standard, within the time allowed.
    Behind,
    /// Differs, known, owned, until a date.
    Approved,
    /// Differs.
    Drift,
    /// Could not be told.
    CannotTell,
}

/// What a difference means for production, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Traffic opened or closed.
    Path,
    /// A protection changed.
    Security,
    /// Line data will stop or is stopped.
    Data,
    /// A number's meaning changed.
    Metric,
    /// Anything else that a device acts on.
    Settings,
    /// How something looks.
    Look,
}

macro_rules! words {
    ($type:ty, $($variant:ident => $word:literal),+) => {
        impl $type {
            /// Every one of them, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Returns the word that people and JSON use.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

words!(Kind, Changed => "changed", TypeChanged => "type-changed", Missing => "missing", Extra => "extra",
    Moved => "moved", Reordered => "reordered", FileMissing => "file-missing", FileExtra => "file-extra",
    Equivalent => "equivalent", Opaque => "opaque");
words!(Attribution, Site => "site", Standard => "standard", Both => "both", Unknown => "unknown");
words!(Disposition, Open => "open", Expired => "expired", Behind => "behind", Approved => "approved",
    Ignored => "ignored");
words!(Verdict, InOrder => "in-order", Behind => "behind", Approved => "approved", Drift => "drift",
    CannotTell => "cannot-tell");
words!(Class, Path => "path", Security => "security", Data => "data", Metric => "metric",
    Settings => "settings", Look => "look");

impl Attribution {
    /// Judges one value: whether intended and base, deployed and base are equal.
    #[must_use]
    pub fn judge(intended_is_base: bool, deployed_is_base: bool) -> Self {
        match (intended_is_base, deployed_is_base) {
            (true, _) => Self::Site,
            (false, true) => Self::Standard,
            (false, false) => Self::Both,
        }
    }
}

/// What was last deployed at one place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Before<T> {
    /// Nobody knows what was deployed.
    Unknown,
    /// Nothing stood there.
    Nothing,
    /// This.
    Was(T),
}

impl<T> Before<T> {
    /// What is known of a place.
    pub(crate) fn of(found: Option<T>) -> Self {
        found.map_or(Self::Nothing, Self::Was)
    }

    pub(crate) fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown)
    }

    /// What stood there, if it is known and was anything.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Was(value) => Some(value),
            Self::Unknown | Self::Nothing => None,
        }
    }

    pub(crate) fn as_ref(&self) -> Before<&T> {
        match self {
            Self::Unknown => Before::Unknown,
            Self::Nothing => Before::Nothing,
            Self::Was(value) => Before::Was(value),
        }
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Before<U> {
        self.step(|value| Some(change(value)))
    }

    /// Goes on to what stood below.
    pub(crate) fn step<U>(self, below: impl FnOnce(T) -> Option<U>) -> Before<U> {
        match self {
            Self::Unknown => Before::Unknown,
            Self::Nothing => Before::Nothing,
            Self::Was(value) => Before::of(below(value)),
        }
    }

    /// Reads it; what cannot be read is not known.
    pub(crate) fn read<U, E>(self, read: impl FnOnce(T) -> Result<U, E>) -> Before<U> {
        match self {
            Self::Unknown => Before::Unknown,
            Self::Nothing => Before::Nothing,
            Self::Was(value) => read(value).map_or(Before::Unknown, Before::Was),
        }
    }

    /// What stood there, where nothing is as good as empty; none if it is not known.
    pub(crate) fn or_empty(self) -> Option<T>
    where
        T: Default,
    {
        match self {
            Self::Unknown => None,
            Self::Nothing => Some(T::default()),
            Self::Was(value) => Some(value),
        }
    }

    /// Judges who moved: whether intended and deployed are as it was.
    pub(crate) fn judge(self, same: impl FnOnce(Option<T>) -> (bool, bool)) -> Attribution {
        if !self.is_known() {
            return Attribution::Unknown;
        }
        let (intended, deployed) = same(self.value());
        Attribution::judge(intended, deployed)
    }
}
