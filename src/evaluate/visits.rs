//! Planned visits of a row, and which result serves which of them.

use super::names::default_pick;
use super::scene::Scene;
use super::window::{clock_us, shift_date};
use crate::model::fact::Origin;
use crate::model::outcome::{Reached, Visit};
use crate::model::reading::{Reading, Reason};
use crate::model::time::{Instant, TimeRange, Zone, add_days, days_between};
use crate::trial::definition::{Amount, Recorded, VariableKind, Visits};
use crate::trial::expression::tree::{Aggregate, Duration};
use jiff::civil::Date;
use std::cell::OnceCell;
use std::rc::Rc;

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// One visit on the line on which its row counts: days, or microseconds of a row of hours.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) visit: Visit,
    target: i64,
    low: i64,
    high: i64,
    /// The first place that is nearer to this visit than to the one before it, or as near.
    first: i64,
    /// The last moment that is nearer to it than to the next.
    pub(super) until: Instant,
}

/// A row whose anchor is reached.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) from: TimeRange,
    by_clock: bool,
    pub(super) baseline: Visit,
    /// Visits from number 1 on.
    pub(super) planned: Vec<Planned>,
    /// The first place that is nearer to what would come after the last visit.
    beyond: i64,
    now: Instant,
    zone: &'a Zone,
    assigned: Vec<OnceCell<Assigned>>,
}

/// Which results of a variable serve which visit, by their places in the series.
#[derive(Debug, Default)]
pub(super) struct Assigned {
    /// For each visit those of its window that are nearest; more than one only where they cannot be told apart.
    pub(super) inside: Vec<Vec<usize>>,
    /// For each visit those nearest to it that lie outside its window, while there is none inside.
    pub(super) outside: Vec<Vec<usize>>,
    /// Those after the anchor that serve none.
    pub(super) unscheduled: Vec<usize>,
    /// Why what may be of a visit could not be read.
    left_out: Vec<Option<Reason>>,
    /// The first moment at which one more is there.
    pub(super) comes: Option<Instant>,
}

/// A visit in a scene.
#[derive(Debug, Clone)]
pub(super) struct AtVisit<'a> {
    pub(super) row: Rc<Row<'a>>,
    /// By place among those planned.
    pub(super) place: usize,
}

impl<'a> AtVisit<'a> {
    /// The places of what the bare name of a result is here; `None`: it is no result.
    pub(super) fn places(&self, scene: &Scene<'a>, variable: usize) -> Option<&[usize]> {
        is_result(scene.recorded(variable)?).then(|| &*self.row.assigned(scene, variable).inside[self.place])
    }

    /// Why what came for this visit could not be read.
    pub(super) fn left_out(&self, scene: &Scene<'a>, variable: usize) -> Option<Reason> {
        self.row.assigned(scene, variable).left_out(self.place)
    }
}

impl Assigned {
    /// Why what may be of a visit could not be read.
    pub(super) fn left_out(&self, visit: usize) -> Option<Reason> {
        self.left_out.get(visit).copied().flatten()
    }
}

/// Whether a variable's bare name at a visit is the result nearest to its target. What lasts or happens (conditions,
/// procedures, a drug that runs) is at a visit as it is at its moment.
pub(super) fn is_result(r: &Recorded) -> bool {
    let runs = r.from.contains(&Origin::MedicationAdministration) && r.amount != Amount::Dose;
    default_pick(r) == Aggregate::Last && !runs
}

/// A row at the moment of a scene: whether its anchor is reached, and then its visits.
pub(super) fn row<'a>(scene: &Scene<'a>, of: &Visits, baseline: Option<TimeRange>) -> (Reached, Option<Row<'a>>) {
    let (reached, zone) = (scene.reached(of.from), scene.zone());
    let (Reached::On(first), Some(from)) = (reached, scene.anchored(of.from)) else { return (reached, None) };
    let by_clock = of.every.of.is_clock() || of.window.of.is_clock();
    if by_clock && from.earliest != from.latest {
        return (Reached::InPart(first, first), None);
    }
    let start = baseline.unwrap_or(from);
    let baseline = Visit {
        number: 0,
        name: of.visit_name(0),
        target: zone.date_of(start.latest),
        window: (Instant::MIN, start.latest),
    };
    let line = Line { from: from.earliest, date: first, by_clock, zone };
    let (planned, beyond) = line.plan(of);
    let assigned = scene.trial.variables.iter().map(|_| OnceCell::new()).collect();
    (reached, Some(Row { from, by_clock, baseline, planned, beyond, now: scene.now, zone, assigned }))
}

/// On what a row counts.
struct Line<'z> {
    from: Instant,
    date: Date,
    by_clock: bool,
    zone: &'z Zone,
}

impl Line<'_> {
    /// So long after the anchor: the place, and the moment or the beginning of the date.
    fn after(&self, d: Duration) -> (i64, Date) {
        match clock_us(d) {
            Some(us) => {
                let at = self.from.plus_us(us);
                (if self.by_clock { at.0 } else { day(self.zone.date_of(at)) }, self.zone.date_of(at))
            }
            None => {
                let date = shift_date(self.date, d, false);
                // At the same time of the day, as far as that day has it.
                let into_day = self.from.0.saturating_sub(self.zone.start_of(self.date).0);
                let at = self.zone.start_of(date).plus_us(into_day).min(self.zone.end_of(date));
                (if self.by_clock { at.0 } else { day(date) }, date)
            }
        }
    }

    fn window(&self, (place, date): (i64, Date), d: Duration) -> (i64, i64) {
        match clock_us(d) {
            Some(us) => (place.saturating_sub(us), place.saturating_add(us)),
            None if self.by_clock => {
                let edge = |back| self.zone.start_of(shift_date(date, d, back)).0 - self.zone.start_of(date).0;
                (place.saturating_add(edge(true)), place.saturating_add(edge(false)))
            }
            None => (day(shift_date(date, d, true)), day(shift_date(date, d, false))),
        }
    }

    fn moments(&self, (low, high): (i64, i64)) -> (Instant, Instant) {
        if self.by_clock {
            return (Instant(low), Instant(high));
        }
        (self.zone.start_of(date(low)), self.zone.end_of(date(high)))
    }

    fn plan(&self, of: &Visits) -> (Vec<Planned>, i64) {
        let nth = |n: u32| Duration { count: of.every.count.saturating_mul(n), of: of.every.of };
        let last = self.after(of.until);
        let zero = (if self.by_clock { self.from.0 } else { day(self.date) }, self.date);
        let (mut all, mut before) = (Vec::new(), zero);
        let mut first = between(before.0, self.after(nth(1)).0);
        for number in 1.. {
            let target = self.after(nth(number));
            if target.0 > last.0 || target.0 <= before.0 {
                break;
            }
            let (low, high) = self.window(target, of.window);
            let next = between(target.0, self.after(nth(number + 1)).0);
            all.push(Planned {
                visit: Visit {
                    number,
                    name: of.visit_name(number),
                    target: target.1,
                    window: self.moments((low, high)),
                },
                target: target.0,
                low,
                high,
                first,
                until: self.moments((first, next - 1)).1,
            });
            (before, first) = (target, next);
        }
        (all, first)
    }
}

/// The first place that is no nearer to the one before than to the one after.
fn between(before: i64, after: i64) -> i64 {
    before + (after - before + 1).div_euclid(2)
}

fn day(date: Date) -> i64 {
    days_between(EPOCH, date)
}

fn date(day: i64) -> Date {
    add_days(EPOCH, i32::try_from(day).unwrap_or(i32::MAX))
}

impl<'a> Row<'a> {
    fn place(&self, at: Instant) -> i64 {
        if self.by_clock { at.0 } else { day(self.zone.date_of(at)) }
    }

    /// The visit whose target is nearest, of two the later; none nearer to the anchor, or to what lies beyond the last.
    fn nearest(&self, place: i64) -> Option<usize> {
        if place >= self.beyond {
            return None;
        }
        self.planned.partition_point(|p| p.first <= place).checked_sub(1)
    }

    /// Which results of a variable serve which visit.
    pub(super) fn assigned(&self, scene: &Scene<'a>, variable: usize) -> &Assigned {
        self.assigned[variable].get_or_init(|| self.assign(scene, variable))
    }

    fn assign(&self, scene: &Scene<'a>, variable: usize) -> Assigned {
        let count = self.planned.len();
        let empty = || vec![Vec::new(); count];
        let mut found =
            Assigned { inside: empty(), outside: empty(), left_out: vec![None; count], ..Assigned::default() };
        let all = scene.all_of(variable);
        let (mut inside, mut outside) = (vec![None; count], vec![None; count]);
        for (place, reading) in all.iter().enumerate() {
            if reading.at.earliest > self.now {
                found.comes = Some(found.comes.map_or(reading.at.earliest, |c| c.min(reading.at.earliest)));
                continue;
            }
            let (low, high) = (self.place(reading.at.earliest), self.place(reading.at.latest));
            let visit = self.nearest(low).filter(|n| self.nearest(high) == Some(*n));
            if let Some(n) = visit {
                let p = &self.planned[n];
                let is_inside = p.low <= low && high <= p.high;
                let far = low.abs_diff(p.target).max(high.abs_diff(p.target));
                let (best, served) = match is_inside {
                    true => (&mut inside[n], &mut found.inside[n]),
                    false => (&mut outside[n], &mut found.outside[n]),
                };
                let lost = nearer(all, best, served, (far, place, reading));
                found.unscheduled.extend(lost);
            } else if self.is_after(reading, high) {
                found.unscheduled.push(place);
            }
        }
        for n in 0..count {
            if !found.inside[n].is_empty() {
                found.unscheduled.append(&mut found.outside[n]);
            }
        }
        found.unscheduled.sort_unstable();
        self.why_left_out(scene, variable, &mut found);
        found
    }

    fn is_after(&self, reading: &Reading, high: i64) -> bool {
        reading.at.earliest > self.from.latest || high > self.place(self.from.latest)
    }

    fn why_left_out(&self, scene: &Scene<'a>, variable: usize, found: &mut Assigned) {
        let Some(series) = scene.readings.series.get(variable) else { return };
        for left in series.left_out.iter().filter(|l| !l.other && l.unread.at.earliest <= self.now) {
            let (low, high) = (self.place(left.unread.at.earliest), self.place(left.unread.at.latest));
            for (n, p) in self.planned.iter().enumerate() {
                if p.low <= low && high <= p.high {
                    found.left_out[n] = Some(left.reason);
                }
            }
        }
    }
}

/// Keeps of those of one visit the nearest, of two the later; those of one time stand beside each other. Returns what
/// no longer serves it.
fn nearer(
    all: &[Reading],
    best: &mut Option<u64>,
    served: &mut Vec<usize>,
    (far, place, reading): (u64, usize, &Reading),
) -> Vec<usize> {
    match *best {
        Some(so_far) if far > so_far => return vec![place],
        Some(so_far) if far == so_far => {
            // Series go from old to new: what comes is the later, or cannot be told apart.
            let edge = reading.at.earliest;
            let kept = |p: &usize| all[*p].at.latest >= edge;
            let lost = served.iter().copied().filter(|p| !kept(p)).collect();
            served.retain(kept);
            served.push(place);
            return lost;
        }
        _ => {}
    }
    *best = Some(far);
    std::mem::replace(served, vec![place])
}

/// Whether a variable is one of results.
pub(super) fn as_result(scene: &Scene<'_>, variable: Option<usize>) -> Option<usize> {
    let v = variable?;
    match &scene.trial.variables.get(v)?.kind {
        VariableKind::Recorded(r) => is_result(r).then_some(v),
        _ => None,
    }
}
