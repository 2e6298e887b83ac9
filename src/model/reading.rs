//! A fact as one variable of a trial reads it: converted, dated, and said why when it cannot be used.

use super::fact::{DraftFact, FactStatus};
use super::interval::Interval;
use super::time::{Instant, Partial, TimeRange};
use super::truth::Truth;

/// A value as an expression works with it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number in the unit that the place implies.
    Number(Interval),
    /// A truth.
    Truth(Truth),
    /// A date or time, known as far as it was sent.
    Time(Partial),
    /// Words.
    Text(String),
}

/// One usable member of a variable's series.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The value in the variable's unit.
    pub value: Value,
    /// Where its clinical time lies.
    pub at: TimeRange,
    /// The other end of what lasts (see [`DraftFact`]).
    pub other_end: Option<Instant>,
    /// When the source recorded it.
    pub recorded: Option<Instant>,
    /// It may still change: preliminary, or an administration still running.
    pub provisional: bool,
    /// It is a condition that is over.
    pub past: bool,
    /// Reference range of that very result, in the variable's unit.
    pub range: Option<Box<Interval>>,
    /// Which of the person's facts it is, by place in the list given to normalize; of a score the first of its items.
    pub fact: usize,
    /// What few readings have, so it takes its room elsewhere.
    pub special: Option<Box<Special>>,
}

/// Where a number comes from that does not stand in the fact as it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Special {
    /// A dose that was sent per body weight: that dose, in the variable's unit per kilogram. How much it was in all is not
    /// known, but that it was something.
    PerWeight(Interval),
    /// A score: the items of which it is made, in words.
    Score(String),
}

impl Reading {
    /// A fact, by its place, with its times and a value that is unknown: nobody could read it.
    pub fn unread(place: usize, draft: &DraftFact) -> Self {
        Self {
            value: Value::Truth(Truth::Unknown),
            at: draft.at.unwrap_or(TimeRange { earliest: Instant::MIN, latest: Instant::MAX }),
            other_end: draft.other_end,
            recorded: draft.recorded,
            provisional: false,
            past: draft.status == FactStatus::Past,
            range: None,
            fact: place,
            special: None,
        }
    }

    /// The dose per kilogram, where it was sent so.
    pub fn per_weight(&self) -> Option<&Interval> {
        match self.special.as_deref() {
            Some(Special::PerWeight(dose)) => Some(dose),
            _ => None,
        }
    }

    /// The items of a score, in words.
    pub fn made_of(&self) -> Option<&str> {
        match self.special.as_deref() {
            Some(Special::Score(items)) => Some(items),
            _ => None,
        }
    }
}

/// Why a variable has no answer, in the words of the interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Nothing of the kind was ever received.
    NeverSeen,
    /// There is one, and its time is outside the window.
    TooOld,
    /// There is one that is not final.
    NotYetFinal,
    /// A range, or a partial date, that does not decide.
    KnownInPart,
    /// Different results whose times cannot be told apart.
    Conflicting,
    /// Outside what is plausible.
    Implausible,
    /// The unit is none, unknown, or measures another thing.
    UnitNotConvertible,
    /// The code or answer is in no map.
    CodeNotUnderstood,
    /// A person has to answer.
    AwaitingAttestation,
    /// It leans on something that has not happened.
    AnchorNotReached,
}

impl Reason {
    /// The words that evidence shows.
    pub fn words(self) -> &'static str {
        match self {
            Self::NeverSeen => "never seen",
            Self::TooOld => "too old",
            Self::NotYetFinal => "not yet final",
            Self::KnownInPart => "known in part",
            Self::Conflicting => "conflicting",
            Self::Implausible => "implausible",
            Self::UnitNotConvertible => "unit not convertible",
            Self::CodeNotUnderstood => "code not understood",
            Self::AwaitingAttestation => "awaiting attestation",
            Self::AnchorNotReached => "anchor not reached",
        }
    }
}

/// A fact that concerns a variable and is not used, with the reason: shown, never dropped in silence.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// Which of the person's facts it is.
    pub fact: usize,
    /// The kind of reason.
    pub reason: Reason,
    /// A sentence: what was found and what is wanted.
    pub text: String,
    /// It says nothing of the variable: not done, or shown by a qualifier that was sent to be another measurement.
    pub other: bool,
    /// Its times, with a value that is unknown: it may lie in a window.
    pub unread: Reading,
}

/// All that is known of one variable, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// What can be used.
    pub readings: Vec<Reading>,
    /// What cannot, and why.
    pub left_out: Vec<LeftOut>,
    /// Where there is neither: what came in codes that no map covers and that may mean the variable, by place in the list
    /// given to normalize.
    pub may_be: Vec<usize>,
}

/// What the Patient resources of a person and the gateway's own facts say, apart from variables.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PersonWords {
    /// Birth date as precise as it was sent.
    pub birth_date: Option<Partial>,
    /// `female`, `male`, `other`; `unknown` is none.
    pub sex: Option<String>,
    /// Date of death.
    pub death: Option<Partial>,
    /// Dead, with or without a date.
    pub deceased: bool,
    /// Not to be listed: `active = false`, test data, or a restricted label; the words say which.
    pub hidden: Option<String>,
    /// When consent to this trial was given.
    pub consented: Option<Instant>,
    /// When a person put them on study.
    pub enrolled: Option<Instant>,
    /// Times at which a source gave this person's problem list.
    pub problem_list: Vec<Reading>,
}

/// A person's facts as one trial reads them: a series for each variable, in the definition's order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Readings {
    /// What is known of the person.
    pub person: PersonWords,
    /// One series for each variable; empty for derived ones.
    pub series: Vec<Series>,
}
