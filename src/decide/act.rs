//! What a person can ask of the status table.

use crate::model::standing::Collection;
use crate::model::time::Instant;

/// Words for the end of participation after registration (T18); they follow CDISC's NCOMPLT list.
pub const END_REASONS: [&str; 9] = [
    "completed",
    "death",
    "lost to follow-up",
    "withdrawal by subject",
    "physician decision",
    "adverse event",
    "protocol deviation",
    "study terminated by sponsor",
    "other",
];

/// A consent as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consent {
    /// Who signed: `subject`, `guardian`, `representative`; never a name.
    pub signer: String,
    /// Version of the form that was signed.
    pub version: String,
    /// Day of the signature, `YYYY-MM-DD`.
    pub day: String,
    /// `Consent/<id>` at the source, where there is one.
    pub reference: Option<String>,
}

/// An act of a person, by the row that it walks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// T2: worth asking.
    WorthAsking,
    /// T6.
    RecordConsent(Consent),
    /// T7: declined, not reached, physician, no slot.
    Decline {
        /// Which of these.
        reason: String,
    },
    /// T8: the signature, with the SHA-256 (hexadecimal) of the evidence that was on the screen.
    SignEligible {
        /// The digest.
        seen: String,
    },
    /// T8b: the confirmation is taken back, or its validity ran out.
    AskAgain,
    /// T9.
    Withdraw {
        /// In words.
        reason: String,
        /// `YYYY-MM-DD`.
        day: String,
    },
    /// T10.
    FailScreening {
        /// Ids of the criteria.
        criteria: Vec<String>,
        /// `YYYY-MM-DD`.
        day: String,
    },
    /// T11.
    Preregister,
    /// T12.
    NotRegister {
        /// In words.
        reason: String,
        /// `YYYY-MM-DD`.
        day: String,
    },
    /// T13.
    Register {
        /// The moment of registration, not later than now.
        at: Instant,
    },
    /// T14 by a person: the first study treatment was given at this moment.
    StartTreatment {
        /// When.
        at: Instant,
    },
    /// T17.
    FollowUp {
        /// What was agreed.
        collection: Collection,
    },
    /// T18.
    EndStudy {
        /// One of [`END_REASONS`].
        reason: String,
        /// `YYYY-MM-DD`.
        day: String,
        /// What may still be used.
        collection: Collection,
    },
    /// T19: a new attempt begins with its own consent; the caller makes the new attempt.
    Rescreen(Consent),
    /// T20: the newest version was entered in error.
    Undo,
    /// T21: an objection. Before consent one person is enough, after it [`Act::Remove`] needs two.
    Object,
    /// T21: wrong person, duplicate, test.
    Remove {
        /// In words.
        reason: String,
        /// The name under which a second person signed too.
        second: Option<String>,
    },
}
