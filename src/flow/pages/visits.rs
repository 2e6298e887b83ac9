//! The work that following a trial's people gives, for its page: visits that are due, grades that somebody must judge,
//! departures from the protocol. The same stands in the Tasks. Each look is an audit row first.

use super::figures::{Aside, everybody, label};
use super::worklist::{Seen, name_of, note};
use crate::flow::desk::Desk;
use crate::flow::library::Active;
use crate::flow::outcomes::{Openings, Person, Question};
use crate::flow::rights::Reader;
use crate::model::key::PersonKey;
pub use crate::model::outcome::Deviation;
use crate::model::purpose::Purpose;
use crate::publish::blinding::Blinding;
use crate::publish::following;
use crate::store::StoreError;
use jiff::civil::Date;

/// Pieces of work on one page.
pub const PAGE: usize = 50;

/// A kind of work, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A visit of which something is overdue.
    Overdue,
    /// A visit of which something is due.
    Due,
    /// A grade is to be judged.
    Review,
    /// Something departed from the protocol.
    Departure,
}

impl Kind {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::Overdue, Self::Due, Self::Review, Self::Departure];

    /// The word of addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Due => "due",
            Self::Review => "reviews",
            Self::Departure => "departures",
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Only this kind.
    pub only: Option<Kind>,
    /// The page, from 1.
    pub page: usize,
}

/// What there is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A visit, of a row, and what is not there.
    Visit {
        /// The visit's name.
        name: String,
        /// That of its row.
        schedule: String,
        /// What is not there.
        items: Vec<String>,
    },
    /// What was graded.
    Grade(String),
    /// What departed from the protocol.
    Departure(Deviation),
}

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Its kind.
    pub kind: Kind,
    /// Of a visit the last day of its window, of a grade that of the result, of a departure day 0; `None`: it is blinded,
    /// or known to no day, month or year.
    pub on: Option<Date>,
    /// What there is to do.
    pub what: What,
}

/// One piece of work about somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Whom.
    pub person: PersonKey,
    /// Their name where names may be seen, else the beginning of the key.
    pub label: String,
    /// The work.
    pub work: Work,
}

/// What the page is made of.
#[derive(Debug)]
pub struct Listing {
    /// The page's, most urgent and oldest first.
    pub rows: Vec<Row>,
    /// How many there are of each kind, in the order of [`Kind::ALL`].
    pub counts: [usize; 4],
    /// The page and how many there are.
    pub page: (usize, usize),
    /// Persons who are followed.
    pub followed: usize,
    /// Those who are not.
    pub apart: Aside,
    /// There are more than were counted.
    pub cut: bool,
    /// Something is hidden from this reader.
    pub blinded: bool,
}

/// The work of everybody in a trial, each by the definition by which they are judged.
pub async fn look(desk: &Desk, reader: &Reader, active: &Active, asked: &Asked) -> Result<Seen<Listing>, StoreError> {
    let trial = &active.trial;
    if let Some(barred) = reader.barred(desk, trial, Purpose::List) {
        return Ok(barred);
    }
    let named = reader.may(desk, trial, Purpose::Name);
    let purpose = if named { Purpose::Name } else { Purpose::List };
    note(desk, reader, purpose, format!("visits {}", trial.id), None).await?;
    let unblinded = reader.is_unblinded(desk, trial);
    let question = Question::now(desk, active);
    let openings = question.openings(unblinded);
    let work = move |question: &Question, person: Person| of_person(question, &person, &openings);
    let walked = everybody(desk, question, work).await?;
    let followed = walked.persons.len();
    let all = walked.persons.into_iter().flat_map(|(person, work)| work.into_iter().map(move |work| (person, work)));
    let mut all: Vec<(PersonKey, Work)> = all.collect();
    let counts = Kind::ALL.map(|kind| all.iter().filter(|(_, work)| work.kind == kind).count());
    all.retain(|(_, work)| asked.only.is_none_or(|only| only == work.kind));
    // Those of one person on one day stay in their order.
    all.sort_by_key(|(person, work)| (work.kind, work.on, *person));
    let pages = all.len().div_ceil(PAGE).max(1);
    let page = asked.page.clamp(1, pages);
    let mut rows = Vec::new();
    for (person, work) in all.into_iter().skip((page - 1) * PAGE).take(PAGE) {
        let name = if named { name_of(desk.store(), person).await? } else { None };
        rows.push(Row { person, label: label(name.as_ref(), person), work });
    }
    let (apart, cut) = (walked.apart, walked.cut);
    let blinded = Blinding::of(trial, unblinded).hides();
    Ok(Seen::Yes(Listing { rows, counts, page: (page, pages), followed, apart, cut, blinded }))
}

/// What is to be done about somebody while they are alive and followed.
fn of_person(question: &Question, person: &Person, openings: &Openings) -> Vec<Work> {
    let Some(active) = question.judging(&person.standing) else { return Vec::new() };
    let (Some(open), Some(site)) = (openings.of(&active.trial), question.site(&active.trial)) else {
        return Vec::new();
    };
    if person.readings.person.deceased || !person.standing.status.is_followed() {
        return Vec::new();
    }
    let (trial, outcomes, zone) = (&active.trial, &person.outcomes, &site.zone);
    let visit = |open: following::OpenVisit<'_>| Work {
        kind: if open.overdue { Kind::Overdue } else { Kind::Due },
        on: open.dated.then(|| zone.date_of(open.visit.window.1)),
        what: What::Visit {
            name: open.visit.name.clone(),
            schedule: open.schedule.to_owned(),
            items: open.items.iter().map(ToString::to_string).collect(),
        },
    };
    let mut work: Vec<Work> = following::visits(trial, outcomes, open).into_iter().map(visit).collect();
    work.extend(following::grades(trial, outcomes, open).map(|(safety, graded)| Work {
        kind: Kind::Review,
        on: zone.partial(graded.at).map(|at| at.dates(zone).0),
        what: What::Grade(safety.label.to_string()),
    }));
    work.extend(following::deviations(outcomes, open).map(|(day0, found)| Work {
        kind: Kind::Departure,
        on: Some(day0),
        what: What::Departure(found),
    }));
    work
}
