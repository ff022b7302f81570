//! What is in a picture: plain data, in the order in which it is drawn.

/// A picture: one panel per line or site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    /// What it shows.
    pub title: String,
    /// About all of it: the date, the enterprise.
    pub about: Vec<String>,
    /// Its parts.
    pub panels: Vec<Panel>,
}

/// One line, or one site with its lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Panel {
    /// The address.
    pub address: String,
    /// Name as people say it.
    pub title: String,
    /// The standards it follows.
    pub about: Vec<String>,
    /// What comparing with the plant said.
    pub judged: Judged,
    /// Zones, sorted by level.
    pub zones: Vec<Zone>,
    /// Conduits, and paths that nobody intended.
    pub conduits: Vec<Conduit>,
    /// What could not be drawn at a zone or conduit.
    pub notes: Vec<Mark>,
}

/// What comparing with the plant said of a panel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Judged {
    /// Nothing was compared; why.
    Not(String),
    /// Nothing is marked because everything is as intended.
    #[default]
    AsIntended,
    /// The firewalls are as intended; so many differences elsewhere.
    Elsewhere(usize),
    /// Marks say where it is not; the gravest of them.
    Marked(MarkKind),
}

/// A level of the Purdue model, from what is far from the process to what is near; those apart come first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[allow(missing_docs)]
pub enum Level {
    Remote,
    Five,
    Four,
    Dmz,
    Three,
    Two,
    One,
    Zero,
    Safety,
    #[default]
    Unset,
}

/// Every level: its word in a conduits.yaml, what is drawn beside the row, and what that level is for.
pub const LEVELS: [(Level, &str, &str, &str); 10] = [
    (Level::Remote, "remote", "Remote", "access from outside"),
    (Level::Five, "5", "Level 5", "enterprise network"),
    (Level::Four, "4", "Level 4", "business planning"),
    (Level::Dmz, "3.5", "Level 3.5", "industrial DMZ"),
    (Level::Three, "3", "Level 3", "site operations"),
    (Level::Two, "2", "Level 2", "supervisory control"),
    (Level::One, "1", "Level 1", "basic control"),
    (Level::Zero, "0", "Level 0", "process"),
    (Level::Safety, "safety", "Safety", "functional safety"),
    (Level::Unset, "", "No level", "not in the model"),
];

impl Level {
    /// The level that a zone's `purdue` says.
    #[must_use]
    pub fn of(text: &str) -> Self {
        LEVELS.iter().find(|(_, word, ..)| *word == text).map_or(Self::Unset, |(level, ..)| *level)
    }

    /// What is drawn beside the row: its name, and what it is for.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        let (_, _, name, what) = LEVELS[self as usize];
        (name, what)
    }

    /// Whether its row stands apart from the levels of the Purdue model.
    #[must_use]
    pub fn is_apart(self) -> bool {
        matches!(self, Self::Remote | Self::Safety | Self::Unset)
    }
}

/// A zone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zone {
    /// Different for every zone of a panel.
    pub key: String,
    /// Its id.
    pub id: String,
    /// Name as people say it.
    pub name: String,
    /// Its level.
    pub level: Level,
    /// Target security level, in words.
    pub security: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Its networks.
    pub prefixes: Vec<String>,
    /// Whether nothing may reach it.
    pub isolated: bool,
    /// The lines that have one each; empty for a zone of the site, or of the one line that is drawn.
    pub lines: Vec<String>,
    /// What is in it.
    pub assets: Vec<Asset>,
}

/// A thing in a zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asset {
    /// Its name.
    pub name: String,
    /// Its addresses, or what else is said of it.
    pub detail: String,
    /// Whether a flow starts or ends here.
    pub used: bool,
}

/// What a conduit in a picture is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ConduitKind {
    /// One of the standard.
    #[default]
    Intended,
    /// One of the standard without a flow here.
    Closed,
    /// A path that is open and that nobody intended.
    Drift,
    /// A path of which nobody can tell whether it is open.
    Untold,
}

/// A conduit between two zones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conduit {
    /// Its id; of a path that nobody intended what it is.
    pub id: String,
    /// Name as people say it.
    pub name: String,
    /// What it is.
    pub kind: ConduitKind,
    /// The keys of its two zones.
    pub ends: [String; 2],
    /// The lines that have it; empty where that is said by its zones.
    pub lines: Vec<String>,
    /// Who decided and enforces it, shortly.
    pub about: Vec<String>,
    /// What happens to production when it is lost.
    pub if_lost: Option<String>,
    /// Its flows.
    pub flows: Vec<Flow>,
    /// What is to be known of all of it.
    pub marks: Vec<Mark>,
}

/// A flow, for all units that it exists for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flow {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub purpose: String,
    /// The keys of the zones that it leads from and to.
    pub zones: [String; 2],
    /// Who initiates.
    pub from: Vec<String>,
    /// Who responds.
    pub to: Vec<String>,
    /// Service with protocol and ports.
    pub service: String,
    /// What it may do.
    pub access: String,
    /// What is to be known of it.
    pub marks: Vec<Mark>,
}

/// What is to be known of a flow, a conduit or all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Which kind.
    pub kind: MarkKind,
    /// In words.
    pub text: String,
}

/// Kinds of marks, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// More is open than intended.
    Opens,
    /// Nobody can tell.
    Untold,
    /// What should pass is stopped.
    Stops,
    /// Nobody decided it, or something it needs is missing: it is not rendered.
    Undecided,
    /// A difference that is accepted until a date.
    Accepted,
    /// A remark.
    Note,
}

impl MarkKind {
    /// The sign that says it without colour, and the word.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Opens => ("!", "drift"),
            Self::Untold => ("?", "cannot tell"),
            Self::Stops => ("×", "stopped"),
            Self::Undecided => ("–", "undecided"),
            Self::Accepted => ("~", "accepted"),
            Self::Note => ("i", "note"),
        }
    }

    /// A name for style sheets and identifiers.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Opens => "opens",
            Self::Untold => "untold",
            Self::Stops => "stops",
            Self::Undecided => "undecided",
            Self::Accepted => "accepted",
            Self::Note => "note",
        }
    }
}

impl Conduit {
    /// Its id and name.
    #[must_use]
    pub fn heading(&self) -> String {
        match self.kind {
            ConduitKind::Intended | ConduitKind::Closed => format!("{} {}", self.id, self.name),
            ConduitKind::Drift | ConduitKind::Untold => self.name.clone(),
        }
    }

    /// All its marks and those of its flows, the gravest first.
    #[must_use]
    pub fn all_marks(&self) -> Vec<&Mark> {
        let mut marks: Vec<&Mark> =
            self.marks.iter().chain(self.flows.iter().flat_map(|flow| &flow.marks)).collect();
        marks.sort();
        marks.dedup();
        marks
    }

    /// Which of its two ends something flows to.
    #[must_use]
    pub fn reaches(&self) -> [bool; 2] {
        let reaches = |end: &String| self.flows.iter().any(|flow| flow.zones[1] == *end);
        [reaches(&self.ends[0]), reaches(&self.ends[1])]
    }
}

impl Flow {
    /// Who calls whom, in one line.
    #[must_use]
    pub fn ends(&self, most: usize) -> String {
        format!("{} → {}", some(&self.from, most), some(&self.to, most))
    }
}

/// Some names of a list, and how many more there are.
#[must_use]
pub(super) fn some(names: &[String], most: usize) -> String {
    if names.len() <= most {
        return names.join(", ");
    }
    format!("{} and {} more", names[..most.max(1)].join(", "), names.len() - most.max(1))
}
