//! The members of a series, and the functions over series and written lists.

use super::scene::Scene;
use super::value::{Known, Val, merge, of_truth, of_value, to_truth, whole};
use super::window::Bounds;
use crate::model::fact::Origin;
use crate::model::interval::Interval;
use crate::model::number::Number;
use crate::model::reading::{LeftOut, Reading, Value};
use crate::model::time::Instant;
use crate::model::truth::Truth;
use crate::trial::definition::{Recorded, VariableKind};
use crate::trial::expression::tree::{Aggregate, Expr, PROBLEM_LIST, Series};

/// Members for which room is made at once.
const MEMBERS: usize = 16;

/// A fact that lies, or may lie, in a window, whatever the `where` says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) reading: &'a Reading,
    /// Its place in the series; none for what could not be read.
    pub(super) place: Option<usize>,
    pub(super) inside: Truth,
    pub(super) taken: Truth,
}

/// A fact that is, or may be, looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    pub(super) reading: &'a Reading,
    pub(super) place: usize,
    /// Inside the window and taken by the `where`: true, or unknown.
    pub(super) sure: bool,
}

/// What a function over a series looks at.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) variable: usize,
    pub(super) members: Vec<Member<'a>>,
    /// Something recorded lies in the window for sure, whatever the `where` says of it.
    pub(super) recorded: bool,
    /// Something recorded may lie in the window.
    pub(super) maybe_recorded: bool,
    /// The window leans on a time that is not known.
    pub(super) no_anchor: bool,
    pub(super) bounds: Bounds,
    filter: Option<&'a Expr>,
    windowed: bool,
    /// Of a row: what could not be read and may break or complete one, and how many such may complete one themselves.
    pub(super) row: Option<(Option<&'a LeftOut>, usize)>,
}

impl<'a> View<'a> {
    pub(super) fn sure(&self) -> impl Iterator<Item = &Member<'a>> {
        self.members.iter().filter(|m| m.sure)
    }

    fn open(&self) -> impl Iterator<Item = &Member<'a>> {
        self.members.iter().filter(|m| !m.sure)
    }

    fn any_sure(&self) -> bool {
        self.members.iter().any(|m| m.sure)
    }

    /// Those that may be the last (or first): no sure member is surely beyond them.
    pub(super) fn outermost(&self, last: bool) -> impl Iterator<Item = &Member<'a>> {
        let nearest = self.sure().map(|m| if last { m.reading.at.earliest } else { m.reading.at.latest });
        let nearest = if last { nearest.max() } else { nearest.min() };
        let kept = move |m: &&Member<'a>| match nearest {
            Some(edge) if last => m.reading.at.latest >= edge,
            Some(edge) => m.reading.at.earliest <= edge,
            None => true,
        };
        self.members.iter().filter(kept)
    }
}

impl<'a> Scene<'a> {
    pub(super) fn recorded(&self, variable: usize) -> Option<&'a Recorded> {
        match &self.trial.variables.get(variable)?.kind {
            VariableKind::Recorded(recorded) => Some(recorded),
            _ => None,
        }
    }

    pub(super) fn all_of(&self, variable: usize) -> &'a [Reading] {
        if variable == PROBLEM_LIST {
            return &self.readings.person.problem_list;
        }
        self.readings.series.get(variable).map_or(&[], |s| &s.readings)
    }

    /// The members of a series at this moment.
    pub(super) fn view(&self, series: &'a Series) -> View<'a> {
        let bounds = self.bounds(series.window.as_ref());
        let (windowed, filter) = (series.window.is_some(), series.filter.as_deref());
        match series.row {
            None => self.members(series.variable, bounds, windowed, filter, |_| {}),
            Some(row) => {
                let mut all = Vec::new();
                let mut view = self.members(series.variable, bounds, windowed, filter, |entry| all.push(entry));
                self.keep_rows(row, &mut view, all);
                view
            }
        }
    }

    /// All of a variable up to now.
    pub(super) fn whole_view(&self, variable: usize) -> View<'a> {
        self.members(variable, Ok(Bounds::default()), false, None, |_| {})
    }

    fn members(
        &self,
        variable: usize,
        bounds: Result<Bounds, ()>,
        windowed: bool,
        filter: Option<&'a Expr>,
        mut see: impl FnMut(Entry<'a>),
    ) -> View<'a> {
        let no_anchor = bounds.is_err();
        let bounds = bounds.unwrap_or_default();
        let mut view = View {
            variable,
            members: Vec::new(),
            recorded: false,
            maybe_recorded: false,
            no_anchor,
            bounds,
            filter,
            windowed,
            row: None,
        };
        if no_anchor {
            return view;
        }
        let all = self.all_of(variable);
        view.members.reserve_exact(all.len().min(MEMBERS));
        for (place, reading) in all.iter().enumerate() {
            if self.is_to_come(reading.at) {
                self.turns(reading.at.earliest);
                continue;
            }
            let inside = self.inside(&bounds, reading);
            if inside == Truth::False {
                continue;
            }
            view.recorded |= inside == Truth::True;
            view.maybe_recorded = true;
            let taken = filter.map_or(Truth::True, |f| self.in_hand(variable, reading, f));
            see(Entry { reading, place: Some(place), inside, taken });
            if taken != Truth::False {
                let sure = inside.and(taken) == Truth::True;
                view.members.push(Member { reading, place, sure });
            }
        }
        view
    }

    fn in_hand(&self, variable: usize, reading: &'a Reading, filter: &'a Expr) -> Truth {
        let outer = self.hand.replace(Some((variable, reading)));
        let taken = self.truth(filter);
        self.hand.set(outer);
        taken
    }

    /// A fact's value as a variable has it: a past condition counts only by its history or in a window.
    pub(super) fn value_of(&self, view: &View<'a>, m: &Member<'a>) -> Known {
        let past = m.reading.past && matches!(m.reading.value, Value::Truth(Truth::True));
        if past && !view.windowed && self.recorded(view.variable).is_some_and(|r| !r.history) {
            return Some(Val::Truth(false));
        }
        of_value(&m.reading.value, self.zone())
    }

    pub(super) fn use_all<'m>(&self, view: &View<'a>, members: impl Iterator<Item = &'m Member<'a>>)
    where
        'a: 'm,
    {
        members.for_each(|m| self.used(view.variable, m.place));
    }

    /// The members that a picking function picks, or may pick.
    pub(super) fn picked(&self, what: Aggregate, view: &View<'a>) -> Vec<Member<'a>> {
        match what {
            Aggregate::First => view.outermost(false).copied().collect(),
            Aggregate::Last => view.outermost(true).copied().collect(),
            Aggregate::Min | Aggregate::Max => {
                let best = self.extreme(what, view);
                let may = |m: &&Member<'a>| super::value::equal(&self.value_of(view, m), &best) != Truth::False;
                view.members.iter().filter(may).copied().collect()
            }
            _ => Vec::new(),
        }
    }

    /// A function over a series.
    pub(super) fn over_series(&self, what: Aggregate, view: &View<'a>) -> Known {
        if view.no_anchor {
            return None;
        }
        match what {
            Aggregate::Exists => of_truth(self.exists(view)),
            Aggregate::AnyTrue => of_truth(self.any_true(view)),
            Aggregate::AllTrue => of_truth(self.all_true(view)),
            Aggregate::Count => self.count(view),
            Aggregate::Sum => self.sum(view).map(Val::Number),
            Aggregate::First | Aggregate::Last => self.edge(what, view),
            Aggregate::Min | Aggregate::Max => {
                self.use_all(view, self.picked(what, view).iter());
                self.extreme(what, view)
            }
            Aggregate::Avg => self.average(view),
            Aggregate::Median => self.median(view),
            Aggregate::Duration(gap) => self.lasted(view, gap).map(Val::Number),
            Aggregate::DailyDose => self.daily_dose(view).map(Val::Number),
            Aggregate::StableDose => of_truth(self.stable_dose(view)),
        }
    }

    /// Whether a member is one that `exists` and `Count` count: of a condition or procedure, one that is there.
    pub(super) fn is_there(&self, view: &View<'a>, m: &Member<'a>) -> Truth {
        let may_be_in_doubt = |r: &Recorded| r.from.iter().any(|o| matches!(o, Origin::Condition | Origin::Procedure));
        let there = if self.recorded(view.variable).is_some_and(may_be_in_doubt) {
            to_truth(&self.value_of(view, m))
        } else {
            Truth::True
        };
        if m.sure || there == Truth::False { there } else { Truth::Unknown }
    }

    fn exists(&self, view: &View<'a>) -> Truth {
        let mut any = if view.recorded { Truth::False } else { Truth::Unknown };
        for m in &view.members {
            let there = self.is_there(view, m);
            any = any.or(there);
            self.used(view.variable, m.place);
        }
        let any = self.unless_unread(view, Truth::True, any);
        if !view.maybe_recorded { self.presume(view).unwrap_or(any) } else { any }
    }

    /// What the variable presumes while nothing is recorded in a window.
    pub(super) fn presume(&self, view: &View<'a>) -> Option<Truth> {
        let presume = self.recorded(view.variable)?.presume.as_ref()?;
        if view.no_anchor || view.maybe_recorded || self.left_out_inside(view) {
            return None;
        }
        (self.truth(&presume.when) == Truth::True).then(|| {
            self.presumed.set(true);
            Truth::from(presume.value)
        })
    }

    /// Whether something that could not be read may lie in the window: then nothing is presumed.
    pub(super) fn left_out_inside(&self, view: &View<'a>) -> bool {
        let Some(series) = self.readings.series.get(view.variable) else {
            return false;
        };
        series.left_out.iter().any(|l| !l.other && self.may_lie(&view.bounds, &l.unread))
    }

    /// Whether what could not be read may lie inside.
    pub(super) fn may_lie(&self, bounds: &Bounds, unread: &Reading) -> bool {
        if self.is_to_come(unread.at) {
            self.turns(unread.at.earliest);
            return false;
        }
        self.inside(bounds, unread) != Truth::False
    }

    /// A result that could not be read and that the window and the `where` may take: whatever it says may be the
    /// answer of `exists`, `AnyTrue` and `AllTrue`, so without another that settles them they are unknown; it may be
    /// one more for `Count`, and of a dose any amount for `Sum`.
    /// (`Last` keeps to what is readable; what is not used stands in the evidence.)
    pub(super) fn unread(&self, view: &View<'a>) -> Option<&'a LeftOut> {
        match view.row {
            Some((unread, _)) => unread,
            None => self.all_unread(view).next_back().map(|(l, _)| l),
        }
    }

    /// What could not be read and may lie in the window, with what the `where` says of it as far as it can.
    pub(super) fn all_unread(&self, view: &View<'a>) -> impl DoubleEndedIterator<Item = (&'a LeftOut, Truth)> {
        let left_out: &'a [LeftOut] =
            self.readings.series.get(view.variable).map_or(&[], |s| if view.no_anchor { &[] } else { &s.left_out });
        let taken = |l: &'a LeftOut| view.filter.map_or(Truth::True, |f| self.in_hand(view.variable, &l.unread, f));
        let there = left_out.iter().filter(|l| !l.other && self.may_lie(&view.bounds, &l.unread));
        there.map(move |l| (l, taken(l))).filter(|(_, taken)| *taken != Truth::False)
    }

    fn unless_unread(&self, view: &View<'a>, settled: Truth, so_far: Truth) -> Truth {
        if so_far == settled || self.count_unread(view) == 0 { so_far } else { Truth::Unknown }
    }

    /// How many more members there may be that could not be read.
    fn count_unread(&self, view: &View<'a>) -> usize {
        view.row.map_or_else(|| self.all_unread(view).count(), |(_, completing)| completing)
    }

    fn any_true(&self, view: &View<'a>) -> Truth {
        let mut any = if view.recorded { Truth::False } else { Truth::Unknown };
        for m in &view.members {
            let t = to_truth(&self.value_of(view, m));
            any = any.or(if m.sure { t } else { t.and(Truth::Unknown) });
            self.used(view.variable, m.place);
        }
        self.unless_unread(view, Truth::True, any)
    }

    fn all_true(&self, view: &View<'a>) -> Truth {
        let mut all = if view.recorded { Truth::True } else { Truth::Unknown };
        for m in &view.members {
            let t = to_truth(&self.value_of(view, m));
            all = all.and(if m.sure { t } else { t.or(Truth::Unknown) });
            self.used(view.variable, m.place);
        }
        self.unless_unread(view, Truth::False, all)
    }

    fn count(&self, view: &View<'a>) -> Known {
        self.use_all(view, view.members.iter());
        if !view.maybe_recorded {
            return self.presume(view).map(|_| Val::Number(Interval::exact(Number::ZERO)));
        }
        if !view.recorded {
            return None;
        }
        let there: Vec<Truth> = view.members.iter().map(|m| self.is_there(view, m)).collect();
        let sure = there.iter().filter(|t| **t == Truth::True).count();
        let most = there.iter().filter(|t| **t != Truth::False).count() + self.count_unread(view);
        Some(Val::Number(whole(sure).hull(&whole(most))))
    }

    pub(super) fn number_of(&self, view: &View<'a>, m: &Member<'a>) -> Option<Interval> {
        match self.value_of(view, m)? {
            Val::Number(n) => Some(n),
            _ => None,
        }
    }

    fn edge(&self, what: Aggregate, view: &View<'a>) -> Known {
        let picked = || view.outermost(what == Aggregate::Last);
        self.use_all(view, picked());
        if !view.any_sure() {
            return None;
        }
        let mut values = picked().map(|m| self.value_of(view, m));
        let first = values.next()?;
        values.fold(first, merge)
    }

    fn extreme(&self, what: Aggregate, view: &View<'a>) -> Known {
        let sure = view.sure().map(|m| self.value_of(view, m)).reduce(|a, b| pick(what, a, b))?;
        let found = view.open().map(|m| self.value_of(view, m)).fold(sure, |best, v| {
            let with = pick(what, best.clone(), v);
            merge(best, with)
        });
        match found {
            // What could not be read may be more, or less.
            Some(Val::Number(n)) if self.unread(view).is_some() => Some(Val::Number(match what {
                Aggregate::Max => Interval { high: None, ..n },
                _ => Interval { low: None, ..n },
            })),
            found => found,
        }
    }

    fn average(&self, view: &View<'a>) -> Known {
        if !view.any_sure() || self.unread(view).is_some() {
            return None;
        }
        let total = view.members.iter().try_fold(Interval::exact(Number::ZERO), |sum, m| {
            let with = sum.add(&self.number_of(view, m)?);
            Some(if m.sure { with } else { sum.hull(&with) })
        })?;
        self.use_all(view, view.members.iter());
        let count = whole(view.sure().count()).hull(&whole(view.members.len()));
        total.div(&count).map(Val::Number)
    }

    fn median(&self, view: &View<'a>) -> Known {
        self.use_all(view, view.members.iter());
        if view.open().next().is_some() || self.unread(view).is_some() {
            return None;
        }
        let values: Option<Vec<Interval>> = view.members.iter().map(|m| self.number_of(view, m)).collect();
        middle(&values?).map(Val::Number)
    }

    /// A function over a written list: what is unknown is left out, as in CQL, but for the first and the last.
    pub(super) fn over_list(&self, what: Aggregate, list: &'a [Expr]) -> Known {
        match what {
            Aggregate::First => return list.first().and_then(|e| self.value(e)),
            Aggregate::Last => return list.last().and_then(|e| self.value(e)),
            _ => {}
        }
        let values: Vec<Val> = list.iter().filter_map(|e| self.value(e)).collect();
        let truths = || values.iter().map(|v| *v == Val::Truth(true));
        let numbers = || -> Option<Vec<Interval>> {
            values.iter().map(|v| if let Val::Number(n) = v { Some(n.clone()) } else { None }).collect()
        };
        match what {
            Aggregate::Exists => Some(Val::Truth(!values.is_empty())),
            Aggregate::AnyTrue => Some(Val::Truth(truths().any(|t| t))),
            Aggregate::AllTrue => Some(Val::Truth(truths().all(|t| t))),
            Aggregate::Count => Some(Val::Number(whole(values.len()))),
            Aggregate::First | Aggregate::Last => None,
            Aggregate::Min | Aggregate::Max => values.into_iter().map(Some).reduce(|a, b| pick(what, a, b)).flatten(),
            Aggregate::Sum => numbers()?.into_iter().reduce(|a, b| a.add(&b)).map(Val::Number),
            Aggregate::Avg => {
                let count = whole(values.len());
                numbers()?.into_iter().reduce(|a, b| a.add(&b))?.div(&count).map(Val::Number)
            }
            Aggregate::Median => middle(&numbers()?).map(Val::Number),
            // The check lets no list come here: its members have no times.
            Aggregate::Duration(_) | Aggregate::DailyDose | Aggregate::StableDose => None,
        }
    }
}

/// The greater or lesser of two values.
fn pick(what: Aggregate, a: Known, b: Known) -> Known {
    let greatest = what == Aggregate::Max;
    match (a?, b?) {
        (Val::Number(a), Val::Number(b)) => Some(Val::Number(if greatest { a.max(&b) } else { a.min(&b) })),
        (Val::Time(mut a), Val::Time(b)) => {
            let choose = |x: Instant, y: Instant| if greatest { x.max(y) } else { x.min(y) };
            a.range.earliest = choose(a.range.earliest, b.range.earliest);
            a.range.latest = choose(a.range.latest, b.range.latest);
            a.calendar &= b.calendar;
            a.moves |= b.moves;
            Some(Val::Time(a))
        }
        (a, b) => (a == b).then_some(a),
    }
}

/// The median of numbers known in part: their lower ends' and their upper ends'.
fn middle(values: &[Interval]) -> Option<Interval> {
    use crate::model::interval::End;
    let median = |ends: Vec<Option<&End>>, missing_is_low: bool| -> Option<Number> {
        let mut ends = ends;
        ends.sort_by(|a, b| match (a, b) {
            (Some(a), Some(b)) => a.value.cmp(&b.value),
            (None, None) => std::cmp::Ordering::Equal,
            (None, _) => {
                if missing_is_low {
                    std::cmp::Ordering::Less
                } else {
                    std::cmp::Ordering::Greater
                }
            }
            (_, None) => {
                if missing_is_low {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Less
                }
            }
        });
        let (a, b) = (ends[(ends.len() - 1) / 2]?, ends[ends.len() / 2]?);
        (&a.value + &b.value).checked_div(&Number::from(2))
    };
    if values.is_empty() {
        return None;
    }
    let low = median(values.iter().map(|v| v.low.as_ref()).collect(), true).map(End::closed);
    let high = median(values.iter().map(|v| v.high.as_ref()).collect(), false).map(End::closed);
    Interval::new(low, high)
}
