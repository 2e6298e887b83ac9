//! One person in one trial, for a page: the verdict worked out anew, how it came about, and each lab over time.

use super::worklist::{Seen, name_of, note, step_of};
use crate::evaluate::received;
use crate::flow::assess;
use crate::flow::desk::Desk;
use crate::flow::feeds::Silent;
use crate::flow::library::Active;
use crate::flow::rights::Reader;
use crate::model::assessment::{Assessment, Overall, TreatmentFinding};
use crate::model::fact::Fact;
use crate::model::key::PersonKey;
use crate::model::purpose::Purpose;
use crate::model::reading::{Reading, Readings, Value};
use crate::model::standing::Standing;
use crate::model::time::{Instant, TimeRange, Zone};
use crate::normalize;
use crate::publish::blinding::Blinding;
use crate::publish::history::Step;
pub use crate::publish::trend::{Drawing, Limit, SIDE};
use crate::publish::trend::{Point, draw, limits};
use crate::store::*;
use crate::trial::definition::{ValueType, VariableKind};
use std::collections::HashMap;

/// Changes of a verdict on the page; how many there are before them is said.
pub const HISTORY: usize = 30;
/// Results of one variable on the page, newest first; how many there are before them is said.
pub const RESULTS: usize = 40;

/// Everything on the page.
#[derive(Debug)]
pub struct Chart {
    /// Whom.
    pub person: PersonKey,
    /// `source/Patient-id`, where names may be seen.
    pub name: Option<String>,
    /// What is stored: status and when it changed.
    pub row: ListedRow,
    /// The verdict now, its facts named.
    pub assessment: Assessment,
    /// Data came that the stored verdict has not seen yet.
    pub behind: bool,
    /// What the treatment section gives.
    pub treatment: Option<TreatmentFinding>,
    /// Where the person stood, newest first.
    pub standings: Vec<Standing>,
    /// Changes of the verdict, newest first.
    pub history: Vec<Turn>,
    /// How many changes there are.
    pub history_all: usize,
    /// Variables over time.
    pub trends: Vec<Trend>,
    /// What somebody should look at.
    pub alerts: Vec<(String, Instant)>,
    /// What this reader may not see.
    pub blind: Blinding,
    /// The site's calendar.
    pub zone: Zone,
    /// The purpose under which it was read.
    pub purpose: Purpose,
}

/// One change of the verdict.
#[derive(Debug)]
pub struct Turn {
    /// When.
    pub at: Instant,
    /// The verdict from then on.
    pub verdict: Overall,
    /// The verdict before.
    pub before: Option<Overall>,
    /// What differs.
    pub step: Step,
}

/// One variable over time.
#[derive(Debug)]
pub struct Trend {
    /// Its name.
    pub variable: String,
    /// What it is called.
    pub label: String,
    /// Its unit.
    pub unit: String,
    /// Limits of the criteria.
    pub limits: Vec<Limit>,
    /// The picture.
    pub drawing: Drawing,
    /// First and last moment of the picture.
    pub from_to: (Instant, Instant),
    /// Results, newest first.
    pub results: Vec<Shown>,
    /// How many results there are.
    pub all: usize,
}

/// One result in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// When, as far as it is known.
    pub at: Option<TimeRange>,
    /// As used; `None`: left out.
    pub value: Option<String>,
    /// As received.
    pub received: String,
    /// Status word.
    pub status: &'static str,
    /// Resource and version.
    pub source: String,
    /// Why it was left out.
    pub remark: Option<String>,
}

/// The page of a person in a trial. Whoever is not listed there is not there at all.
pub async fn look(desk: &Desk, reader: &Reader, active: &Active, person: PersonKey) -> Result<Seen<Chart>, StoreError> {
    let trial = &active.trial;
    if !reader.may(desk, trial, Purpose::List) {
        return Ok(Seen::Nothing);
    }
    let named = reader.may(desk, trial, Purpose::Name);
    let Some(row) = desk.store().read(ListedOne { person, trial: trial.id.clone() }).await? else {
        return Ok(Seen::Nothing);
    };
    let purpose = if named { Purpose::Name } else { Purpose::List };
    note(desk, reader, purpose, format!("person {}", trial.id), Some(person)).await?;
    let record = assess::read(desk, person, KnownAt::Now).await?;
    let Some(mut finding) = assess::find(desk, active, &record, desk.now()) else { return Ok(Seen::Nothing) };
    let mut names = assess::source_names(desk.store(), &record).await?;
    if !named {
        names.values_mut().for_each(|name| *name = without_id(name));
    }
    crate::flow::rehearsal::rehearse::name_sources(&mut finding.assessment, &record.facts, |item| {
        names.get(&item).cloned()
    });
    crate::flow::unmapped::beside(&desk.library(), active, &record.facts, &mut finding.assessment);
    let site = desk.at_site(trial);
    let zone = site.site(trial).map_or_else(Zone::utc, |s| s.zone.clone());
    let blind = Blinding::of(trial, reader.is_unblinded(desk, trial));
    let sheet = Sheet { active, record: &record, names: &names, zone: &zone, now: desk.now(), blind: &blind };
    let trends = sheet.trends(&site.choice(trial).0);
    let (history, history_all) = history(desk, &trial.id, person).await?;
    let current = desk.store().read(CurrentAssessment { person, trial: trial.id.clone() }).await?;
    let mut standings = desk.store().read(StandingsAround { person }).await?;
    standings.retain(|s| s.trial == trial.id);
    standings.reverse();
    standings.sort_by_key(|s| std::cmp::Reverse(s.at));
    let kept = desk.store().read(AlertsOf { person, trial: trial.id.clone() }).await?;
    let mut alerts: Vec<(String, Instant)> = kept.into_iter().map(|a| (a.text, a.at)).collect();
    let leans = |s: &Silent| site.feeds(&s.source) && s.is_of(&trial.id, |name| blind.hides_variable(name));
    let silent = desk.gateway.silent_for(person, leans).await?;
    alerts.extend(silent.iter().map(|s| (s.to_string(), s.last)));
    Ok(Seen::Yes(Chart {
        person,
        name: if named { name_of(desk.store(), person).await? } else { None },
        row,
        behind: current.is_some_and(|c| c.seen != record.seen),
        assessment: finding.assessment,
        treatment: finding.treatment,
        standings,
        history,
        history_all,
        trends,
        alerts,
        blind,
        zone,
        purpose,
    }))
}

/// A resource's id may tell who it is about: without the purpose `name` its type and version say where a value came from.
pub(super) fn without_id(name: &str) -> String {
    let mut steps: Vec<&str> = name.split('/').collect();
    if let Some(place) = steps.iter().position(|s| *s == "_history").filter(|p| *p > 0) {
        steps[place - 1] = "…";
    }
    steps.join("/")
}

async fn history(desk: &Desk, trial: &str, person: PersonKey) -> Result<(Vec<Turn>, usize), StoreError> {
    let ask = VerdictHistory { person, trial: trial.to_owned(), count: HISTORY + 1 };
    let (rows, all) = desk.store().read(ask).await?;
    let turn = |(i, row): (usize, &StoredAssessment)| {
        let before = rows.get(i + 1);
        Turn {
            at: row.at,
            verdict: row.result.overall,
            before: before.map(|b| b.result.overall),
            step: before.map_or_else(Step::default, |b| step_of(desk, b, row)),
        }
    };
    Ok((rows.iter().enumerate().take(HISTORY).map(turn).collect(), usize::try_from(all).unwrap_or(0)))
}

/// What trends are made of.
struct Sheet<'a> {
    active: &'a Active,
    record: &'a Record,
    names: &'a HashMap<crate::model::key::Item, String>,
    zone: &'a Zone,
    now: Instant,
    blind: &'a Blinding,
}

impl Sheet<'_> {
    fn trends(&self, chosen: &[usize]) -> Vec<Trend> {
        let readings = normalize::normalize(&self.active.plan, &self.record.facts, self.zone);
        let variables = &self.active.trial.variables;
        (0..variables.len()).filter_map(|i| self.trend(&readings, chosen, i)).collect()
    }

    /// A variable of numbers of which something was received.
    fn trend(&self, readings: &Readings, chosen: &[usize], i: usize) -> Option<Trend> {
        let variable = &self.active.trial.variables[i];
        let numbers = matches!(&variable.kind, VariableKind::Recorded(r) if r.value == ValueType::Number);
        let series = readings.series.get(i)?;
        let empty = series.readings.is_empty() && series.left_out.iter().all(|l| l.other);
        if !numbers || empty || self.blind.hides_variable(&variable.name) {
            return None;
        }
        let unit = variable.unit.as_ref().map_or("1", |u| u.code());
        let unit = if unit == "1" { String::new() } else { unit.to_owned() };
        let mut points: Vec<Point> = series.readings.iter().filter_map(point).collect();
        points.sort_by_key(|p| p.at);
        let used = series.readings.iter().map(|r| self.used(r, &unit));
        let left = series.left_out.iter().filter(|l| !l.other).map(|l| {
            let why = format!("{}: {}", l.reason.words(), l.text);
            self.shown(l.fact, None, Some(why))
        });
        let mut results: Vec<Shown> = used.chain(left).flatten().collect();
        results.sort_by_key(|r| std::cmp::Reverse(r.at.map(|at| at.earliest)));
        let all = results.len();
        results.truncate(RESULTS);
        let limits = limits(&self.active.trial, chosen, i);
        let values: Vec<_> = limits.iter().map(|l| l.value.clone()).collect();
        let first = points.first().map_or(self.now, |p| p.at);
        Some(Trend {
            variable: variable.name.to_string(),
            label: variable.label.clone(),
            unit,
            drawing: draw(&points, &values, self.now),
            limits,
            from_to: (first, self.now),
            results,
            all,
        })
    }

    fn used(&self, reading: &Reading, unit: &str) -> Option<Shown> {
        let Value::Number(n) = &reading.value else { return None };
        let value = if unit.is_empty() { n.to_string() } else { format!("{n} {unit}") };
        self.shown(reading.fact, Some(value), None)
    }

    fn shown(&self, place: usize, value: Option<String>, remark: Option<String>) -> Option<Shown> {
        let fact: &Fact = self.record.facts.get(place)?;
        Some(Shown {
            at: fact.draft.at,
            value,
            received: received(fact).into(),
            status: fact.draft.status.word(),
            source: self.names.get(&fact.item).cloned().unwrap_or_default(),
            remark,
        })
    }
}

fn point(reading: &Reading) -> Option<Point> {
    match &reading.value {
        Value::Number(value) if reading.at.earliest > Instant::MIN => {
            Some(Point { at: reading.at.earliest, value: value.clone() })
        }
        _ => None,
    }
}
