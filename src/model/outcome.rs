//! What became of one person in one trial at one moment: exposure, visits, outcomes, grades. Worked out from facts
//! whenever it is asked for and never stored, so that a corrected result changes all that leans on it.

use super::interval::Interval;
use super::reading::{Reason, Value};
use super::time::{Instant, Partial, TimeRange};
use super::truth::Truth;
use jiff::civil::Date;

/// What bounds the use of a person's facts in a trial, from where they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Followed {
    /// When a person registered them.
    pub registered: Option<Instant>,
    /// From here on nothing clinical is used or shown.
    pub stopped: Option<Instant>,
    /// Why visits end, and since when: death is found in the facts.
    pub ended: Option<(Instant, EndedBy)>,
}

/// Why visits are no longer due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EndedBy {
    /// The person died.
    Death,
    /// The person withdrew.
    Withdrawn,
    /// The person is off study.
    OffStudy,
    /// Collection of their data was stopped.
    CollectionStopped,
}

impl EndedBy {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Death => "died",
            Self::Withdrawn => "withdrawn",
            Self::OffStudy => "off study",
            Self::CollectionStopped => "collection stopped",
        }
    }
}

/// All of it, for one person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcomes {
    /// What was given.
    pub exposure: Exposure,
    /// Whether the anchor is reached from which visits count, by row.
    pub anchors: Vec<Reached>,
    /// The planned visits, by row, the baseline first; none where the day of the anchor is not known.
    pub visits: Vec<Vec<Visit>>,
    /// Cells, ordered by outcome, item, visit; the baseline first.
    pub cells: Vec<Cell>,
    /// Results of an item's variable after day 0 that serve no visit, ordered by outcome, item, time.
    pub unscheduled: Vec<Unscheduled>,
    /// Times to an event, ordered by outcome.
    pub events: Vec<ToEvent>,
    /// Graded results, ordered by safety entry, then time.
    pub grades: Vec<Graded>,
    /// Since when visits are no longer due.
    pub ended: Option<(Date, EndedBy)>,
    /// Facts that were not used because collection had stopped.
    pub after_stop: u64,
    /// The first moment at which any of it may change with no new data.
    pub changes_at: Option<Instant>,
}

impl Outcomes {
    /// The cells of one item, by visit: found by their order, not by looking at all.
    pub fn cells_of(&self, of: (usize, usize)) -> &[Cell] {
        let place = |cell: &Cell| (cell.outcome, cell.item);
        let from = self.cells.partition_point(|cell| place(cell) < of);
        let rest = &self.cells[from..];
        &rest[..rest.partition_point(|cell| place(cell) == of)]
    }
}

/// What was given of the study drug and beside it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exposure {
    /// Day 0 in the site's calendar.
    pub day0: Option<Date>,
    /// Day 0 leans on an administration that still runs.
    pub provisional: bool,
    /// Each administration of the study drug that counts, oldest first.
    pub doses: Vec<Dose>,
    /// The dose by the definition's `given`, in the unit of `expected`, with its UCUM code.
    pub given: Option<(Interval, String)>,
    /// Whether it lies within the tolerance.
    pub within_tolerance: Option<Truth>,
    /// The weight by which it was divided, in words with its time, where there is one.
    pub weight: Option<String>,
    /// Days on which the study drug was given.
    pub days: u64,
    /// What departs from the protocol; shown and published, never a rejection.
    pub deviations: Vec<Deviation>,
    /// Administrations of declared classes since day 0: variable by place, days, first and last date.
    pub concomitant: Vec<Concomitant>,
}

/// One administration of the study drug.
#[derive(Debug, Clone, PartialEq)]
pub struct Dose {
    /// Its fact, by place.
    pub fact: usize,
    /// Its start, where it is a moment, a day, a month or a year.
    pub at: Option<Partial>,
    /// The amount in the variable's unit; `None`: not known.
    pub amount: Option<Interval>,
    /// It was stopped before it was complete.
    pub stopped: bool,
    /// It still runs.
    pub running: bool,
}

/// A departure from the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Deviation {
    /// The dose lies outside the tolerance.
    DoseOutsideTolerance,
    /// The first administration was stopped.
    Stopped,
    /// The study drug was given again, and the definition has one administration.
    GivenAgain,
}

impl Deviation {
    /// The code of the interfaces.
    pub fn code(self) -> &'static str {
        match self {
            Self::DoseOutsideTolerance => "dose-outside-tolerance",
            Self::Stopped => "administration-stopped",
            Self::GivenAgain => "given-again",
        }
    }
}

/// Drugs of a declared class beside the study drug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concomitant {
    /// The variable, by place.
    pub variable: usize,
    /// Days on which there was one.
    pub days: u64,
    /// The first and the last of them.
    pub between: (Date, Date),
    /// The facts, by place.
    pub facts: Vec<usize>,
}

/// Whether an anchor is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// It has not happened, as far as is known.
    No,
    /// It lies between these two dates; of a row of hours the moment is not known. No visit can be planned.
    InPart(Date, Date),
    /// On this local date.
    On(Date),
}

/// One planned visit of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Its number, from 1; 0 is the baseline.
    pub number: u32,
    /// `Baseline`, `M3`, `W24`, `H6`.
    pub name: String,
    /// The local date it is planned for.
    pub target: Date,
    /// The first and the last moment of its window; of the baseline from the beginning of time to the anchor.
    pub window: (Instant, Instant),
}

/// How it stands with one item at one visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// The window has not begun.
    NotDue,
    /// The window is open and there is nothing yet.
    Due,
    /// The window is over and what comes now may still be of this visit.
    Overdue,
    /// There is a value of the window.
    Captured,
    /// There is a value that is nearest to this visit and lies outside its window.
    CapturedOutside,
    /// There is none, and there can be none any more.
    Missed,
    /// The outcome does not apply to the person.
    NotApplicable,
    /// Visits had ended before.
    Ended,
}

impl State {
    /// In the words of the interfaces.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotDue => "not due",
            Self::Due => "due",
            Self::Overdue => "overdue",
            Self::Captured => "captured",
            Self::CapturedOutside => "captured outside the window",
            Self::Missed => "missed",
            Self::NotApplicable => "not applicable",
            Self::Ended => "ended",
        }
    }
}

/// One item of one outcome at one visit.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The outcome, by place in the definition.
    pub outcome: usize,
    /// Its item, by place.
    pub item: usize,
    /// The visit, by place among those of its row.
    pub visit: usize,
    /// How it stands.
    pub state: State,
    /// The value, in the item's unit; `None`: there is none, or it is unknown.
    pub value: Option<Value>,
    /// Why a value that could be there is unknown.
    pub unknown: Option<Reason>,
    /// Value less baseline, of numbers.
    pub change: Option<Interval>,
    /// The change in percent of the baseline; none of a baseline that may be 0.
    pub percent: Option<Interval>,
    /// When it was measured; of what is worked out the last of what it leans on. None where it is no moment, day, month or
    /// year.
    pub at: Option<Partial>,
    /// The facts that it leans on, by place, without repetition, in order of place.
    pub facts: Vec<usize>,
    /// It leans on what may still change.
    pub provisional: bool,
    /// It is a baseline of the very day 0 without a time, taken to be from before.
    pub same_day: bool,
}

/// A result between the visits.
#[derive(Debug, Clone, PartialEq)]
pub struct Unscheduled {
    /// The outcome, by place.
    pub outcome: usize,
    /// Its item, by place.
    pub item: usize,
    /// The value in the item's unit.
    pub value: Value,
    /// When it was measured, where it is a moment, a day, a month or a year.
    pub at: Option<Partial>,
    /// Its fact, by place.
    pub fact: usize,
}

/// The time to an event.
#[derive(Debug, Clone, PartialEq)]
pub struct ToEvent {
    /// The outcome, by place.
    pub outcome: usize,
    /// What is known.
    pub found: Followup,
    /// The facts that it leans on, by place.
    pub facts: Vec<usize>,
}

/// What is known of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followup {
    /// The clock has not started.
    NotStarted,
    /// The outcome does not apply to the person.
    NotApplicable,
    /// It happened on this date, so many whole days after the start.
    Event(Date, i64),
    /// It had not happened up to this date, so many whole days after the start.
    Censored(Date, i64),
    /// It cannot be said.
    Unknown(Reason),
}

impl Followup {
    /// In the words of the interfaces.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotStarted => "not started",
            Self::NotApplicable => "not applicable",
            Self::Event(..) => "event",
            Self::Censored(..) => "censored",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The date up to which it is known, and the whole days until then.
    pub fn reached(self) -> Option<(Date, i64)> {
        match self {
            Self::Event(date, days) | Self::Censored(date, days) => Some((date, days)),
            Self::NotStarted | Self::NotApplicable | Self::Unknown(_) => None,
        }
    }

    /// Why it cannot be said.
    pub fn unknown(self) -> Option<Reason> {
        if let Self::Unknown(reason) = self { Some(reason) } else { None }
    }
}

/// A graded result.
#[derive(Debug, Clone, PartialEq)]
pub struct Graded {
    /// The entry, by place.
    pub safety: usize,
    /// The fact, by place.
    pub fact: usize,
    /// Where the time of its measurement lies.
    pub at: TimeRange,
    /// The value in the variable's unit.
    pub value: Value,
    /// The highest grade that is true; 0: none is.
    pub grade: u8,
    /// A higher grade is unknown.
    pub at_least: bool,
    /// Grade 1 or a lower one cannot be said, so 0 is not known either.
    pub unknown: bool,
    /// The grade at the baseline, where there is one.
    pub baseline: Option<u8>,
    /// It is the baseline itself.
    pub is_baseline: bool,
    /// The visit period in which it lies: from the target of this visit, by number of the first row, to the next.
    pub period: u32,
}
