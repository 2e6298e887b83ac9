//! What a target takes, as probed, and what it is told.

/// What a target is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Publish {
    /// Nothing before consent: the default of every chart.
    AfterConsent,
    /// `candidate`, and its removal when it lapses: the default of a research-only store.
    Candidates,
    /// Also `potential-candidate` and `ineligible`, marked as computed.
    AllComputed,
}

impl Publish {
    /// The word of configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::AfterConsent => "after-consent",
            Self::Candidates => "candidates",
            Self::AllComputed => "all-computed",
        }
    }

    /// The one of that word.
    pub fn named(word: &str) -> Option<Self> {
        [Self::AfterConsent, Self::Candidates, Self::AllComputed].into_iter().find(|p| p.word() == word)
    }
}

/// What a FHIR target's CapabilityStatement admits for ResearchSubject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Capabilities {
    /// `updateCreate`: PUT to an id of our choice.
    pub update_create: bool,
    /// `conditionalUpdate`.
    pub conditional_update: bool,
    /// `delete`.
    pub delete: bool,
    /// ETags are honoured (`versioning` is not `no-version`).
    pub versioned: bool,
    /// It takes a ResearchStudy too.
    pub research_study: bool,
}
