//! What became of a trial's people, for its pages: outcomes over visits, completeness, times to an event, grades. Each
//! look is an audit row first. Nothing of it is stored.

use super::chart::{Shown, without_id};
use super::worklist::{Seen, name_of, note};
use crate::evaluate::{Choice, received};
use crate::flow::assess;
use crate::flow::desk::Desk;
use crate::flow::library::Active;
use crate::flow::outcomes::{Apart, Person, Question};
use crate::flow::rehearsal::backtest::withhold;
use crate::flow::rights::Reader;
use crate::model::fact::Fact;
use crate::model::key::{Item, PersonKey};
pub use crate::model::outcome::{
    Cell, Deviation, EndedBy, Exposure, Followup, Graded, Outcomes, State, ToEvent, Unscheduled, Visit,
};
use crate::model::purpose::Purpose;
use crate::model::time::Zone;
use crate::publish::blinding::Blinding;
pub use crate::publish::blinding::Open;
pub use crate::publish::figure::completeness::{Completeness, Counts, STATES, Whole, completeness, row_of};
pub use crate::publish::figure::scale::{SIDE, Scale};
pub use crate::publish::figure::shift::{Grade, Shift, Worst, shift, worst};
pub use crate::publish::figure::survival::{SurvivalFigure, event_of, survival};
pub use crate::publish::figure::visits::{Column, Point, VisitFigure, visit_figure};
pub use crate::publish::figure::waterfall::{Bar, Waterfall, waterfall};
pub use crate::publish::statistics::Summary;
pub use crate::publish::trend::{Compared, change_thresholds, thresholds};
use crate::store::*;
use crate::trial::definition::Trial;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Persons whose outcomes a page counts, in order of key; that there are more is said.
pub const PERSONS_MAX: usize = 1_000;
/// Persons that a picture draws one by one; all that are counted stand in its summaries.
pub const DRAWN_MAX: usize = 100;

/// One person with what became of them.
#[derive(Debug)]
pub struct Subject {
    /// Their key.
    pub person: PersonKey,
    /// `source/Patient-id`, where names may be seen.
    pub name: Option<String>,
    /// What became of them.
    pub outcomes: Outcomes,
}

impl Subject {
    /// The name, or the beginning of the key.
    pub fn label(&self) -> String {
        label(self.name.as_ref(), self.person)
    }
}

/// What the page of a trial's outcomes is made of.
#[derive(Debug)]
pub struct Sheet {
    /// Those who are followed, in order of label.
    pub persons: Vec<Subject>,
    /// Those who are not.
    pub apart: Aside,
    /// There are more than were counted.
    pub cut: bool,
    /// The alternatives that are chosen here.
    pub choice: Choice,
    /// What this reader may not see.
    pub blind: Blinding,
    /// What of the outcomes they may see.
    pub open: Open,
    /// The site's calendar.
    pub zone: Zone,
}

impl Sheet {
    /// Everybody's outcomes, in order.
    pub fn all(&self) -> Vec<&Outcomes> {
        self.persons.iter().map(|p| &p.outcomes).collect()
    }
}

/// What of a trial's outcomes a reader may see.
pub fn open_to(desk: &Desk, reader: &Reader, trial: &Trial) -> Open {
    Open::to(&Blinding::of(trial, reader.is_unblinded(desk, trial)), trial)
}

/// The outcomes of everybody in a trial, by the definition in force; `only`: what a page of that item needs of them.
pub async fn look(
    desk: &Desk,
    reader: &Reader,
    active: &Active,
    only: Option<(usize, usize)>,
) -> Result<Seen<Sheet>, StoreError> {
    let trial = &active.trial;
    if let Some(barred) = reader.barred(desk, trial, Purpose::List) {
        return Ok(barred);
    }
    let named = reader.may(desk, trial, Purpose::Name);
    let purpose = if named { Purpose::Name } else { Purpose::List };
    note(desk, reader, purpose, format!("outcomes {}", trial.id), None).await?;
    let site = desk.at_site(trial);
    let blind = Blinding::of(trial, reader.is_unblinded(desk, trial));
    let mut sheet = Sheet {
        persons: Vec::new(),
        apart: Vec::new(),
        cut: false,
        choice: site.choice(trial),
        open: Open::to(&blind, trial),
        blind,
        zone: site.site(trial).map_or_else(Zone::utc, |s| s.zone.clone()),
    };
    let mut question = Question::now(desk, active);
    question.definition = Some(trial.version);
    let make = move |_: &Question, person: Person| match only {
        Some(of) => of_item(person.outcomes, of),
        None => person.outcomes,
    };
    let walked = everybody(desk, question, make).await?;
    for (person, outcomes) in walked.persons {
        let name = if named { name_of(desk.store(), person).await? } else { None };
        sheet.persons.push(Subject { person, name, outcomes });
    }
    (sheet.apart, sheet.cut) = (walked.apart, walked.cut);
    sheet.persons.sort_by_key(Subject::label);
    Ok(Seen::Yes(sheet))
}

/// What is drawn of one item: a thousand persons' cells of all others would take hundreds of megabytes.
fn of_item(all: Outcomes, of: (usize, usize)) -> Outcomes {
    let cells = all.cells_of(of).to_vec();
    let unscheduled = all.unscheduled.iter().filter(|u| (u.outcome, u.item) == of).cloned().collect();
    Outcomes { cells, unscheduled, visits: all.visits, ended: all.ended, ..Outcomes::default() }
}

/// Who is not counted, by reason; `None`: withheld, since who objected or is restricted is listed nowhere.
pub type Aside = Vec<(Apart, Option<u64>)>;

/// Those who are followed, in order of key, with what was made of each.
pub(super) struct Walked<T> {
    pub(super) persons: Vec<(PersonKey, T)>,
    /// Those who are not.
    pub(super) apart: Aside,
    /// There are more than were counted.
    pub(super) cut: bool,
}

/// Asks about everybody in a trial, of whom as many are counted as a page does.
pub(super) async fn everybody<T: Send + 'static>(
    desk: &Desk,
    question: Question,
    make: impl Fn(&Question, Person) -> T + Send + Sync + 'static,
) -> Result<Walked<T>, StoreError> {
    let mut walked = Walked { persons: Vec::new(), apart: Vec::new(), cut: false };
    let mut apart = BTreeMap::new();
    let work = move |question: &Question, rows: Vec<FollowedRow>| -> Vec<Result<(PersonKey, T), Apart>> {
        let one = |row| question.met(row).map(|p| (p.key, make(question, *p))).map_err(|(why, _)| why);
        rows.into_iter().map(one).collect()
    };
    Arc::new(question).everybody(desk.store(), true, work, |found| walked.take(&mut apart, found)).await?;
    let (why, counts): (Vec<Apart>, Vec<u64>) = apart.into_iter().unzip();
    walked.apart = why.into_iter().zip(withhold(&counts)).collect();
    Ok(walked)
}

impl<T> Walked<T> {
    fn take(&mut self, apart: &mut BTreeMap<Apart, u64>, found: Vec<Result<(PersonKey, T), Apart>>) -> ControlFlow<()> {
        for one in found {
            match one {
                Ok(_) if self.persons.len() == PERSONS_MAX => {
                    self.cut = true;
                    return ControlFlow::Break(());
                }
                Ok(one) => self.persons.push(one),
                // Another row of the same person is no person of its own.
                Err(Apart::CountedElsewhere) => {}
                Err(why) => *apart.entry(why).or_default() += 1,
            }
        }
        ControlFlow::Continue(())
    }
}

/// What the page of one person's outcomes is made of.
#[derive(Debug)]
pub struct PersonSheet {
    /// Whom.
    pub person: PersonKey,
    /// `source/Patient-id`, where names may be seen.
    pub name: Option<String>,
    /// They have a page of their verdict.
    pub listed: bool,
    /// The definition by which they are followed.
    pub trial: Arc<Trial>,
    /// What became of them.
    pub outcomes: Outcomes,
    /// Facts that it leans on, by place, oldest first.
    pub facts: Vec<(usize, Shown)>,
    /// The alternatives that are chosen here.
    pub choice: Choice,
    /// What this reader may not see.
    pub blind: Blinding,
    /// What of the outcomes they may see.
    pub open: Open,
    /// The site's calendar.
    pub zone: Zone,
}

impl PersonSheet {
    /// The name, or the beginning of the key.
    pub fn label(&self) -> String {
        label(self.name.as_ref(), self.person)
    }

    /// The number under which a fact is listed, from 1.
    pub fn number_of(&self, fact: usize) -> Option<usize> {
        self.facts.iter().position(|(place, _)| *place == fact).map(|i| i + 1)
    }
}

/// The outcomes of one person, by the definition by which they are judged. Whoever is not followed is not there at all.
pub async fn one(
    desk: &Desk,
    reader: &Reader,
    active: &Active,
    person: PersonKey,
) -> Result<Seen<PersonSheet>, StoreError> {
    let trial = &active.trial;
    if !reader.may(desk, trial, Purpose::List) {
        return Ok(Seen::Nothing);
    }
    let question = Question::now(desk, active);
    let Ok(found) = question.one(desk.store(), person).await? else { return Ok(Seen::Nothing) };
    let Some(judging) = question.judging(&found.standing) else { return Ok(Seen::Nothing) };
    let named = reader.may(desk, trial, Purpose::Name);
    let purpose = if named { Purpose::Name } else { Purpose::List };
    note(desk, reader, purpose, format!("outcomes of a person {}", trial.id), Some(person)).await?;
    let trial = judging.trial.clone();
    let blind = Blinding::of(&trial, reader.is_unblinded(desk, &trial));
    let mut names = assess::source_names(desk.store(), &found.record).await?;
    if !named {
        names.values_mut().for_each(|name| *name = without_id(name));
    }
    let open = Open::to(&blind, &trial);
    let mut facts: Vec<(usize, Shown)> = used(&found.outcomes, &trial, &blind, &open)
        .into_iter()
        .filter_map(|place| Some((place, shown_fact(found.record.facts.get(place)?, &names))))
        .collect();
    facts.sort_by_key(|(place, fact)| (fact.at.map(|at| at.earliest), *place));
    let listed = desk.store().read(ListedOne { person, trial: trial.id.clone() }).await?.is_some();
    let site = desk.at_site(&trial);
    Ok(Seen::Yes(PersonSheet {
        person,
        name: if named { name_of(desk.store(), person).await? } else { None },
        listed,
        choice: site.choice(&trial),
        zone: site.site(&trial).map_or_else(Zone::utc, |s| s.zone.clone()),
        outcomes: found.outcomes,
        trial,
        facts,
        blind,
        open,
    }))
}

fn shown_fact(fact: &Fact, names: &HashMap<Item, String>) -> Shown {
    Shown {
        at: fact.draft.at,
        value: None,
        received: received(fact).into(),
        status: fact.draft.status.word(),
        source: names.get(&fact.item).cloned().unwrap_or_default(),
        remark: None,
    }
}

/// The facts on which something leans that this reader is shown.
fn used(outcomes: &Outcomes, trial: &Trial, blind: &Blinding, open: &Open) -> BTreeSet<usize> {
    let mut used = BTreeSet::new();
    let hides = |variable: usize| trial.variables.get(variable).is_some_and(|v| blind.hides_variable(v.name.as_str()));
    for cell in outcomes.cells.iter().filter(|c| open.shows(c.outcome, c.item)) {
        used.extend(&cell.facts);
    }
    used.extend(outcomes.unscheduled.iter().filter(|u| open.shows(u.outcome, u.item)).map(|u| u.fact));
    let dated = |place: usize| open.shows(place, 0) && trial.outcomes.get(place).is_some_and(|o| open.dates(o));
    for event in outcomes.events.iter().filter(|e| dated(e.outcome)) {
        used.extend(&event.facts);
    }
    used.extend(outcomes.grades.iter().filter(|g| open.shows_grades(g.safety)).map(|g| g.fact));
    if open.shows_treatment() {
        used.extend(outcomes.exposure.doses.iter().map(|d| d.fact));
        let beside = outcomes.exposure.concomitant.iter().filter(|c| !hides(c.variable));
        used.extend(beside.flat_map(|c| &c.facts));
    }
    used
}

pub(super) fn label(name: Option<&String>, person: PersonKey) -> String {
    name.cloned().unwrap_or_else(|| person.to_string().chars().take(8).collect())
}
