//! What person data may be used for, one step wider than the one before.

/// A purpose of use. A ground for a purpose is stated per trial and source; none stated: not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Numbers only; no person is shown.
    Count,
    /// A pseudonymised worklist.
    List,
    /// See who it is.
    Name,
    /// Approach the person.
    Contact,
    /// Study procedures.
    Screen,
    /// Outside the care team.
    Share,
}

impl Purpose {
    /// All purposes, narrowest first.
    pub const ALL: [Self; 6] = [Self::Count, Self::List, Self::Name, Self::Contact, Self::Screen, Self::Share];

    /// The word of configuration and audit.
    pub fn word(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::List => "list",
            Self::Name => "name",
            Self::Contact => "contact",
            Self::Screen => "screen",
            Self::Share => "share",
        }
    }

    /// The purpose of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.word() == word)
    }
}
