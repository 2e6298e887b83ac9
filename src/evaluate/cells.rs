//! How it stands with each item at each visit of a row.

use super::arithmetic::relative_change;
use super::scene::Scene;
use super::value::{Known, Val};
use super::visits::{Assigned, AtVisit, Row, as_result};
use crate::model::interval::Interval;
use crate::model::number::Number;
use crate::model::outcome::{Cell, EndedBy, Outcomes, State, Unscheduled, Visit};
use crate::model::reading::{Reason, Value};
use crate::model::time::{Instant, TimeRange, Zone};
use crate::model::truth::Truth;
use crate::model::unit::Conversion;
use crate::trial::expression::tree::Type;
use crate::trial::outcome::Item;
use std::cell::OnceCell;
use std::rc::Rc;

/// The visits of one row, with the scenes at them that all worked-out items share.
pub(super) struct Sheet<'s, 'a> {
    scene: &'s Scene<'a>,
    pub(super) row: Rc<Row<'a>>,
    scenes: Vec<OnceCell<Scene<'a>>>,
    ended: Option<(Instant, EndedBy)>,
    /// Visits count from what may still change.
    provisional: bool,
}

/// One item on its way through the visits.
struct Column<'c, 'a> {
    item: &'a Item,
    /// The variable whose results it is, and which of them serve which visit; else it is worked out.
    results: Option<(usize, &'c Assigned)>,
    /// From the unit in which it is worked out to its own, where they differ.
    way: Option<Conversion>,
    /// The baseline, where it is a number.
    baseline: Option<Interval>,
}

impl<'s, 'a> Sheet<'s, 'a> {
    pub(super) fn new(
        scene: &'s Scene<'a>,
        row: Rc<Row<'a>>,
        ended: Option<(Instant, EndedBy)>,
        provisional: bool,
    ) -> Self {
        for p in &row.planned {
            let (begin, end) = p.visit.window;
            [begin, end.plus_us(1), p.until.plus_us(1)].into_iter().for_each(|at| scene.turns(at));
        }
        let scenes = row.planned.iter().map(|_| OnceCell::new()).collect();
        Self { scene, row, scenes, ended, provisional }
    }

    /// Adds the cells of one item, and the results of it that serve no visit.
    pub(super) fn fill(&self, place: (usize, usize), item: &'a Item, applies: Truth, found: &mut Outcomes) {
        let results = as_result(self.scene, item.variable).map(|v| (v, self.row.assigned(self.scene, v)));
        let way = match (&item.expression.ty, &item.unit) {
            (Type::Number(from), Some(to)) if from.code() != to.code() => from.conversion(to).ok(),
            _ => None,
        };
        let mut column = Column { item, results, way, baseline: None };
        let mut unscheduled = column.results.map(|(_, a)| a.unscheduled.clone()).unwrap_or_default();
        if let Some((_, assigned)) = column.results {
            self.scene.note_change(assigned.comes);
        }
        for visit in 0..=self.row.planned.len() {
            let mut cell = empty(place, visit);
            match (applies, visit.checked_sub(1)) {
                (Truth::False, _) => cell.state = State::NotApplicable,
                (_, None) => {
                    self.baseline(&column, &mut cell);
                    column.baseline = number(&cell).cloned();
                }
                (_, Some(n)) => {
                    self.at(&column, n, &mut cell, &mut unscheduled);
                    self.change(&column, &mut cell);
                }
            }
            found.cells.push(cell);
        }
        unscheduled.sort_unstable();
        let all = column.results.map_or(&[][..], |(v, _)| self.scene.all_of(v));
        let zone = self.scene.zone();
        found.unscheduled.extend(unscheduled.into_iter().filter_map(|p| all.get(p)).map(|r| Unscheduled {
            outcome: place.0,
            item: place.1,
            value: column.in_unit(r.value.clone()),
            at: zone.partial(r.at),
            fact: r.fact,
        }));
    }

    /// The ordinary value with now at the baseline.
    fn baseline(&self, column: &Column<'_, 'a>, cell: &mut Cell) {
        let Some(base) = self.scene.base() else {
            cell.unknown = Some(Reason::AnchorNotReached);
            return;
        };
        cell.state = State::Missed;
        self.work_out(&base, column, cell);
        cell.same_day = self.is_of_baseline_day(&base, &cell.facts);
    }

    /// Whether one of these facts is of the baseline's very day, and not known to be from before it.
    fn is_of_baseline_day(&self, base: &Scene<'a>, facts: &[usize]) -> bool {
        let (zone, day) = (self.scene.zone(), base.today());
        let knows_moment = base.now != zone.end_of(day);
        let of_day = |at: &TimeRange| at.latest >= zone.start_of(day) && zone.date_of(at.latest) == day;
        let times = facts.iter().filter_map(|f| self.scene.facts.get(*f)?.draft.at);
        times.filter(of_day).any(|at| !knows_moment || at.earliest != at.latest)
    }

    /// The item at a visit after the baseline.
    fn at(&self, column: &Column<'_, 'a>, n: usize, cell: &mut Cell, unscheduled: &mut Vec<usize>) {
        let visit = &self.row.planned[n].visit;
        let had_ended = self.ended.is_some_and(|(at, _)| visit.window.0 > at);
        if had_ended {
            cell.state = State::Ended;
            if let Some((_, assigned)) = column.results {
                unscheduled.extend(assigned.inside[n].iter().chain(&assigned.outside[n]));
            }
            return;
        }
        cell.state = self.by_time(n);
        match column.results {
            Some(results) => self.result(results, column, n, cell),
            None if cell.state != State::NotDue => self.work_out(self.scene_at(n, visit), column, cell),
            None => {}
        }
        cell.provisional |= self.provisional && cell.value.is_some();
    }

    /// How it stands with a visit for which there is nothing.
    fn by_time(&self, n: usize) -> State {
        let (p, now) = (&self.row.planned[n], self.scene.now);
        if now < p.visit.window.0 {
            State::NotDue
        } else if self.ended.is_none() && now <= p.visit.window.1 {
            State::Due
        } else if self.ended.is_none() && now <= p.until {
            State::Overdue
        } else {
            State::Missed
        }
    }

    fn result(&self, (v, assigned): (usize, &Assigned), column: &Column<'_, 'a>, n: usize, cell: &mut Cell) {
        let (inside, outside) = (&assigned.inside[n], &assigned.outside[n]);
        let (state, places) = match (inside.is_empty(), outside.is_empty()) {
            (false, _) => (State::Captured, inside),
            (_, false) => (State::CapturedOutside, outside),
            _ => {
                let waits = cell.state != State::NotDue;
                cell.unknown = waits.then(|| self.why_none(v, assigned, n));
                return;
            }
        };
        cell.state = state;
        let all = self.scene.all_of(v);
        let readings = || places.iter().filter_map(|p| all.get(*p));
        cell.facts.extend(readings().map(|r| r.fact));
        cell.provisional = readings().any(|r| r.provisional);
        let last = readings().map(|r| r.at).max_by_key(|at| (at.latest, at.earliest));
        cell.at = last.and_then(|at| self.scene.zone().partial(at));
        cell.facts.sort_unstable();
        cell.facts.dedup();
        let value = match places[..] {
            [only] => all.get(only).map(|r| r.value.clone()).filter(|v| *v != Value::Truth(Truth::Unknown)),
            _ => {
                let members = self.scene.members_at(v, places);
                to_value(self.scene.value_here(v, &members), self.scene.zone())
            }
        };
        cell.unknown = value.is_none().then(|| self.scene.why_here(v, &self.scene.members_at(v, places)));
        cell.value = value.map(|v| column.in_unit(v));
    }

    fn why_none(&self, v: usize, assigned: &Assigned, n: usize) -> Reason {
        let seen = || self.scene.all_of(v).first().is_some_and(|r| !self.scene.is_to_come(r.at));
        assigned.left_out(n).unwrap_or_else(|| if seen() { Reason::TooOld } else { Reason::NeverSeen })
    }

    /// The scene at a visit: its end, or now if that is sooner.
    fn scene_at(&self, n: usize, visit: &Visit) -> &Scene<'a> {
        self.scenes[n].get_or_init(|| {
            let open = visit.window.1 > self.scene.now;
            let at = AtVisit { row: self.row.clone(), place: n };
            let mut scene = self.scene.at(visit.window.1.min(self.scene.now));
            (scene.visit, scene.live) = (Some(at), open);
            scene
        })
    }

    fn work_out(&self, scene: &Scene<'a>, column: &Column<'_, 'a>, cell: &mut Cell) {
        let from = scene.log_len();
        let known = scene.value(&column.item.expression);
        // A time that is known, and less closely than a value can say.
        let in_part = matches!(known, Some(Val::Time(_)));
        cell.value = to_value(known, scene.zone()).map(|v| column.in_unit(v));
        let used = scene.readings_used(from);
        if cell.value.is_some() {
            cell.state = State::Captured;
        } else {
            let reasons = if in_part { vec![Reason::KnownInPart] } else { scene.reasons(&column.item.expression) };
            let undecided = |r: &Reason| matches!(r, Reason::KnownInPart | Reason::Conflicting);
            // All of it is there, and it does not decide.
            if !used.is_empty() && !reasons.is_empty() && reasons.iter().all(undecided) {
                cell.state = State::Captured;
            }
            cell.unknown = reasons.iter().find(|r| !undecided(r)).or(reasons.first()).copied();
        }
        scene.settle_growth();
        self.scene.note_change(scene.changes_at());
        if cell.state != State::Captured {
            return;
        }
        cell.provisional = used.iter().any(|(_, r)| r.provisional);
        let last = used.iter().map(|(_, r)| r.at).max_by_key(|at| (at.latest, at.earliest));
        cell.at = last.and_then(|at| scene.zone().partial(at));
        cell.facts = used.iter().map(|(_, r)| r.fact).collect();
        cell.facts.sort_unstable();
        cell.facts.dedup();
    }

    /// How far it is from the baseline. What lies outside its window is shown and not computed with.
    fn change(&self, column: &Column<'_, 'a>, cell: &mut Cell) {
        let (Some(baseline), Some(value), State::Captured) = (&column.baseline, number(cell), cell.state) else {
            return;
        };
        let change = value.sub(baseline);
        cell.percent = relative_change(baseline, value, Number::from(100));
        cell.change = Some(change);
    }
}

impl Column<'_, '_> {
    fn in_unit(&self, value: Value) -> Value {
        match (value, &self.way) {
            (Value::Number(n), Some(way)) => Value::Number(way.apply_to(&n)),
            (value, _) => value,
        }
    }
}

fn empty((outcome, item): (usize, usize), visit: usize) -> Cell {
    Cell {
        outcome,
        item,
        visit,
        state: State::NotDue,
        value: None,
        unknown: None,
        change: None,
        percent: None,
        at: None,
        facts: Vec::new(),
        provisional: false,
        same_day: false,
    }
}

fn number(cell: &Cell) -> Option<&Interval> {
    match &cell.value {
        Some(Value::Number(n)) => Some(n),
        _ => None,
    }
}

fn to_value(known: Known, zone: &Zone) -> Option<Value> {
    Some(match known? {
        Val::Truth(t) => Value::Truth(Truth::from(t)),
        Val::Number(n) => Value::Number(n),
        Val::Text(t) => Value::Text(t),
        Val::Time(t) => Value::Time(zone.partial(t.range)?),
    })
}
