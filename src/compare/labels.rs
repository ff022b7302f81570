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
