//! The long table of outcomes: one line for each person, visit and variable, and for what lies between visits.

use super::table::{Cell, Line, columns, decimal, literal};
use crate::model::interval::Interval;
use crate::model::key::hex;
use crate::model::outcome::{Cell as Found, Outcomes, Visit};
use crate::model::reading::Value;
use crate::model::time::{Partial, Zone, days_between};
use crate::publish::blinding::Open;
use crate::trial::definition::Trial;
use crate::trial::outcome::{Item, Outcome};
use jiff::civil::Date;

columns! {
    /// One line.
    Row {
        study: Text 1 "Trial",
        site: Text 0 "Site",
        person: Text 2 "Person",
        record: Text 3 "What the line is of: visit, unscheduled, event, grade, dose",
        outcome: Text 4 "Outcome, or entry of safety",
        outcome_kind: Text 0 "Primary, secondary or other",
        item: Text 5 "Item of the outcome",
        label: Text 0 "Item in words",
        visit_number: Integer 6 "Number of the visit; 0 is the baseline",
        visit: Text 0 "Visit",
        visit_target: Date 0 "Date for which the visit is planned",
        state: Text 0 "State of the item at the visit, or of the event",
        value: Text 0 "Value: an exact decimal or fraction, a range, a word",
        value_number: Decimal 0 "Value, where it is one number",
        value_low: Decimal 0 "Lower end of a value that is a range",
        value_high: Decimal 0 "Upper end of a value that is a range",
        unit: Text 0 "Unit (UCUM)",
        received: Text 0 "Value and unit as received",
        conversion: Text 0 "How the unit was converted",
        baseline: Text 0 "Value at the baseline",
        change: Text 0 "Value less baseline",
        change_number: Decimal 0 "Value less baseline, where it is one number",
        percent_change: Text 0 "Change in percent of the baseline",
        percent_change_number: Decimal 0 "Change in percent of the baseline, where it is one number",
        reason: Text 0 "Why a value is unknown",
        provisional: Boolean 0 "It may still change",
        same_day: Boolean 0 "A baseline of day 0 without a time, taken to be from before",
        measured: Text 7 "Date or time of the measurement, as precise as it was sent",
        date: Date 0 "Date of the measurement in the site's calendar",
        study_day: Integer 0 "Whole days since day 0",
        grade: Integer 0 "Grade of the result",
        grade_at_least: Boolean 0 "A higher grade is unknown",
        baseline_grade: Integer 0 "Grade at the baseline",
        source: Text 8 "Resources and versions that it leans on",
        definition: Integer 0 "Version of the definition",
        definition_digest: Text 0 "Digest of the definition",
    }
}

/// What is said of the facts on which lines lean, by place.
pub trait Facts {
    /// The resource and its version.
    fn source(&self, fact: usize) -> String;
    /// The value as received.
    fn received(&self, fact: usize) -> String;
    /// How its unit became the variable's, in words; empty: it was the same.
    fn conversion(&self, variable: usize, fact: usize) -> String;
}

/// One person, as they are shown.
pub struct Told<'a> {
    /// The definition by which they are followed.
    pub trial: &'a Trial,
    /// How they are named.
    pub person: &'a str,
    /// The site.
    pub site: &'a str,
    /// The site's calendar.
    pub zone: &'a Zone,
    /// What became of them.
    pub outcomes: &'a Outcomes,
    /// What of it is shown.
    pub open: &'a Open,
    /// Their facts.
    pub facts: &'a dyn Facts,
}

/// The lines of a person: visits, results between them, events, grades, doses; always in that order.
pub fn lines(told: &Told<'_>) -> Vec<Line> {
    let mut all: Vec<Row> = told.outcomes.cells.iter().filter_map(|cell| told.cell(cell)).collect();
    all.extend(told.between());
    all.extend(told.events());
    all.extend(told.grades());
    all.extend(told.doses());
    all.into_iter().map(Row::line).collect()
}

/// A value as text, and as numbers where it is one or a range.
pub fn shown(value: &Value) -> [Cell; 4] {
    let none = || Cell::Nothing;
    match value {
        Value::Number(n) => {
            let text = literal(n);
            match n.as_exact() {
                Some(exact) => [text, decimal(exact), none(), none()],
                None => [
                    text,
                    none(),
                    n.low.as_ref().map(|e| decimal(&e.value)).into(),
                    n.high.as_ref().map(|e| decimal(&e.value)).into(),
                ],
            }
        }
        Value::Truth(truth) => [truth.word().into(), none(), none(), none()],
        Value::Time(at) => [at.to_string().into(), none(), none(), none()],
        Value::Text(words) => [words.clone().into(), none(), none(), none()],
    }
}

fn number(of: &Interval) -> Cell {
    of.as_exact().map(decimal).into()
}

impl<'a> Told<'a> {
    fn row(&self, record: &str) -> Row {
        Row {
            study: self.trial.id.as_str().into(),
            site: self.site.into(),
            person: self.person.into(),
            record: record.into(),
            definition: i64::from(self.trial.version).into(),
            definition_digest: format!("sha256:{}", hex(&self.trial.digest)).into(),
            ..Row::default()
        }
    }

    fn visit(&self, row: usize, place: usize) -> Option<&'a Visit> {
        self.outcomes.visits.get(row)?.get(place)
    }

    /// Day 0, where it is shown.
    pub(super) fn day0(&self) -> Option<Date> {
        self.outcomes.exposure.day0.filter(|_| self.open.shows_day0())
    }

    /// The date for which a visit of a row is planned, where what it counts from is shown.
    pub(super) fn target(&self, row: usize, visit: &Visit) -> Cell {
        let from = self.trial.visits.get(row).filter(|row| self.open.shows_from(row.from));
        from.map(|_| visit.target.to_string()).into()
    }

    fn of_item(&self, record: &str, outcome: &Outcome, item: &Item) -> Row {
        Row {
            outcome: (&*outcome.id).into(),
            outcome_kind: outcome.kind.word().into(),
            item: (&*item.name).into(),
            label: (&*item.label).into(),
            unit: item.unit.as_ref().map(|u| u.code()).into(),
            ..self.row(record)
        }
    }

    /// Where a row's facts came from, and how they were read.
    fn leaning(&self, row: Row, variable: Option<usize>, facts: &[usize]) -> Row {
        let each = |one: &dyn Fn(usize) -> String| {
            let all: Vec<String> = facts.iter().map(|f| one(*f)).filter(|words| !words.is_empty()).collect();
            Cell::from(all.join("; "))
        };
        let conversion = variable.map_or(Cell::Nothing, |v| each(&|f| self.facts.conversion(v, f)));
        Row { source: each(&|f| self.facts.source(f)), received: each(&|f| self.facts.received(f)), conversion, ..row }
    }

    fn dated(&self, row: Row, at: Option<&Partial>) -> Row {
        let Some(at) = at else { return row };
        let (first, last) = at.dates(self.zone);
        let date = (first == last).then_some(first);
        let study_day = date.zip(self.day0()).map(|(date, day0)| days_between(day0, date));
        Row {
            measured: at.to_string().into(),
            date: date.map(|d| d.to_string()).into(),
            study_day: study_day.into(),
            ..row
        }
    }

    fn valued(row: Row, value: Option<&Value>) -> Row {
        let [value, value_number, value_low, value_high] = value.map(shown).unwrap_or_default();
        Row { value, value_number, value_low, value_high, ..row }
    }

    fn cell(&self, cell: &Found) -> Option<Row> {
        let (outcome, schedule, item) = self.open.at_visits(self.trial, cell.outcome, cell.item)?;
        let visit = self.visit(schedule, cell.visit)?;
        let own = self.outcomes.cells_of((cell.outcome, cell.item));
        let baseline = own.iter().find(|c| self.visit(schedule, c.visit).is_some_and(|v| v.number == 0));
        let row = Row {
            visit_number: i64::from(visit.number).into(),
            visit: visit.name.as_str().into(),
            visit_target: self.target(schedule, visit),
            state: cell.state.words().into(),
            baseline: baseline.and_then(|b| b.value.as_ref()).map(|v| shown(v)[0].clone()).unwrap_or_default(),
            change: cell.change.as_ref().map(literal).unwrap_or_default(),
            change_number: cell.change.as_ref().map(number).unwrap_or_default(),
            percent_change: cell.percent.as_ref().map(literal).unwrap_or_default(),
            percent_change_number: cell.percent.as_ref().map(number).unwrap_or_default(),
            reason: cell.unknown.map(|r| r.words()).into(),
            provisional: cell.provisional.into(),
            same_day: cell.same_day.into(),
            ..self.of_item("visit", outcome, item)
        };
        let row = Self::valued(row, cell.value.as_ref());
        Some(self.dated(self.leaning(row, item.variable, &cell.facts), cell.at.as_ref()))
    }

    fn between(&self) -> Vec<Row> {
        let one = |found: &crate::model::outcome::Unscheduled| {
            let (outcome, _, item) = self.open.at_visits(self.trial, found.outcome, found.item)?;
            let row = Self::valued(self.of_item("unscheduled", outcome, item), Some(&found.value));
            Some(self.dated(self.leaning(row, item.variable, &[found.fact]), found.at.as_ref()))
        };
        self.outcomes.unscheduled.iter().filter_map(one).collect()
    }

    fn events(&self) -> Vec<Row> {
        let one = |found: &crate::model::outcome::ToEvent| {
            let outcome = self.trial.outcomes.get(found.outcome).filter(|_| self.open.shows(found.outcome, 0))?;
            let reached = found.found.reached();
            let days = reached.map_or(Cell::Nothing, |(_, days)| Cell::Decimal(days.to_string()));
            let row = Row {
                outcome: (&*outcome.id).into(),
                outcome_kind: outcome.kind.word().into(),
                item: (&*outcome.id).into(),
                state: found.found.words().into(),
                value: days.clone(),
                value_number: days,
                unit: reached.map(|_| "d").into(),
                reason: found.found.unknown().map(|r| r.words()).into(),
                ..self.row("event")
            };
            // The days are what is analysed.
            if !self.open.dates(outcome) {
                return Some(row);
            }
            let row = self.leaning(row, None, &found.facts);
            Some(self.dated(row, reached.map(|(date, _)| Partial::Day(date)).as_ref()))
        };
        self.outcomes.events.iter().filter_map(one).collect()
    }

    fn grades(&self) -> Vec<Row> {
        let one = |found: &crate::model::outcome::Graded| {
            let safety = self.trial.safety.get(found.safety)?;
            let variable = self.trial.variables.get(safety.on).filter(|_| self.open.shows_grades(found.safety))?;
            let row = Row {
                outcome: (&*safety.id).into(),
                item: (&*variable.name).into(),
                label: (&*safety.label).into(),
                visit_number: i64::from(found.period).into(),
                state: found.is_baseline.then_some("baseline").into(),
                unit: variable.unit.as_ref().map(|u| u.code()).into(),
                grade: (!found.unknown || found.grade > 0).then_some(i64::from(found.grade)).into(),
                grade_at_least: found.at_least.into(),
                baseline_grade: found.baseline.map(i64::from).into(),
                ..self.row("grade")
            };
            let row = self.leaning(Self::valued(row, Some(&found.value)), Some(safety.on), &[found.fact]);
            Some(self.dated(row, self.zone.partial(found.at).as_ref()))
        };
        self.outcomes.grades.iter().filter_map(one).collect()
    }

    fn doses(&self) -> Vec<Row> {
        let drug = self.trial.treatment.as_ref().map(|t| t.drug);
        let Some((drug, variable)) = drug.and_then(|d| Some((d, self.trial.variables.get(d)?))) else {
            return Vec::new();
        };
        if !self.open.shows_treatment() {
            return Vec::new();
        }
        let exposure = &self.outcomes.exposure;
        let doses = exposure.doses.iter().map(|dose| {
            let state = match (dose.stopped, dose.running) {
                (true, _) => "stopped",
                (_, true) => "running",
                _ => "completed",
            };
            let row = Row {
                outcome: "exposure".into(),
                item: (&*variable.name).into(),
                label: variable.label.as_str().into(),
                state: state.into(),
                unit: variable.unit.as_ref().map(|u| u.code()).into(),
                provisional: dose.running.into(),
                ..self.row("dose")
            };
            let row = Self::valued(row, dose.amount.clone().map(Value::Number).as_ref());
            self.dated(self.leaning(row, Some(drug), &[dose.fact]), dose.at.as_ref())
        });
        let given = exposure.given.as_ref().map(|(amount, unit)| {
            let deviations: Vec<&str> = exposure.deviations.iter().map(|d| d.code()).collect();
            let row = Row {
                outcome: "exposure".into(),
                item: "given".into(),
                label: "Dose by the definition".into(),
                state: deviations.join("; ").into(),
                unit: unit.as_str().into(),
                conversion: exposure.weight.clone().map(|w| format!("by the weight {w}")).into(),
                provisional: exposure.provisional.into(),
                date: self.day0().map(|d| d.to_string()).into(),
                study_day: self.day0().map(|_| 0).into(),
                ..self.row("dose")
            };
            Self::valued(row, Some(&Value::Number(amount.clone())))
        });
        doses.chain(given).collect()
    }
}
