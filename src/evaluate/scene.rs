//! What one evaluation works in: the data, the moment, and what it has worked out so far.

use super::value::{Known, Val};
use super::visits::AtVisit;
use super::window::Length;
use crate::model::fact::Fact;
use crate::model::outcome::Reached;
use crate::model::reading::{Reading, Readings};
use crate::model::time::{Instant, TimeRange, Zone};
use crate::model::truth::Truth;
use crate::trial::definition::{Site, Trial};
use crate::trial::expression::tree::{Expr, Name};
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

/// A named result, kept for the rest of the evaluation.
#[derive(Debug, Clone)]
pub(super) struct Memo {
    pub(super) value: Known,
    /// Readings (the first 64) that it leans on, as bits.
    leans: u64,
    /// It grows with the clock.
    grows: bool,
    /// Where the log holds the facts that made it.
    log: (usize, usize),
}

/// A fact that a result leans on: variable, place in its series.
pub(super) type Used = (usize, usize);

/// What an expression was at the baseline, kept for all who ask: which one, its value, and where the log holds its facts.
type Asked = (*const Expr, Known, (usize, usize));

/// One evaluation.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) trial: &'a Trial,
    pub(super) readings: &'a Readings,
    pub(super) facts: &'a [Fact],
    pub(super) site: &'a Site,
    pub(super) now: Instant,
    pub(super) choice: Vec<usize>,
    /// Whether the moment goes on with the clock; false once it is fixed.
    pub(super) live: bool,
    /// A comparison that is turned round on trial.
    pub(super) flip: Option<&'a Expr>,
    /// A criterion whose result is set on trial.
    pub(super) fixed: Option<(usize, Truth)>,
    /// The fact in hand inside a `where`.
    pub(super) hand: Cell<Option<(usize, &'a Reading)>>,
    /// Only what lies before now: what is dated at this very moment is not there yet. So it is at the baseline.
    pub(super) before: bool,
    /// At a visit: what the bare names of results are there.
    pub(super) visit: Option<AtVisit<'a>>,
    /// While a result is graded: its variable and place, which the variable's bare name is.
    pub(super) graded: Option<(usize, usize)>,
    base: OnceCell<Option<Rc<Scene<'a>>>>,
    asked: RefCell<Vec<Asked>>,
    /// A `presume` was used.
    pub(super) presumed: Cell<bool>,
    /// A number that was worked out since this was last asked grows with the clock from moment to moment.
    pub(super) grows: Cell<bool>,
    changes: Cell<Option<Instant>>,
    leans: Cell<u64>,
    memo: RefCell<Vec<Option<Memo>>>,
    pub(super) log: RefCell<Vec<Used>>,
    working: RefCell<Vec<usize>>,
    pub(super) lengths: RefCell<Vec<Length>>,
    today: jiff::civil::Date,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        trial: &'a Trial,
        readings: &'a Readings,
        facts: &'a [Fact],
        site: &'a Site,
        now: Instant,
        choice: &[usize],
    ) -> Self {
        let slots = trial.variables.len() + trial.readings.len() + trial.criteria.len() + trial.anchors.len();
        Self {
            trial,
            readings,
            facts,
            site,
            now,
            choice: choice.to_vec(),
            live: true,
            flip: None,
            fixed: None,
            hand: Cell::new(None),
            before: false,
            visit: None,
            graded: None,
            base: OnceCell::new(),
            asked: RefCell::new(Vec::new()),
            presumed: Cell::new(false),
            grows: Cell::new(false),
            changes: Cell::new(None),
            leans: Cell::new(0),
            memo: RefCell::new(vec![None; slots]),
            log: RefCell::new(Vec::with_capacity(64)),
            working: RefCell::new(Vec::new()),
            lengths: RefCell::new(Vec::new()),
            today: site.zone.date_of(now),
        }
    }

    /// The same at the same moment, with nothing worked out yet; when it may turn is not asked again.
    pub(super) fn again(&self) -> Self {
        Self { live: false, ..Self::new(self.trial, self.readings, self.facts, self.site, self.now, &self.choice) }
    }

    /// The same with another alternative of one reading; what does not lean on it is kept.
    pub(super) fn with_choice(&self, reading: usize, choice: &[usize]) -> Self {
        let scene =
            Self { live: self.live, ..Self::new(self.trial, self.readings, self.facts, self.site, self.now, choice) };
        let keep = |m: &Option<Memo>| {
            let m = m.as_ref().filter(|m| reading < 64 && m.leans & (1 << reading) == 0)?;
            Some(Memo { value: m.value.clone(), leans: m.leans, grows: m.grows, log: (0, 0) })
        };
        let kept = self.memo.borrow().iter().map(keep).collect();
        *scene.memo.borrow_mut() = kept;
        // Windows of one length end at the same moment in both.
        scene.lengths.borrow_mut().clone_from(&self.lengths.borrow());
        scene
    }

    /// Another moment of the same, with the same baseline.
    pub(super) fn at(&self, now: Instant) -> Self {
        let scene = Self::new(self.trial, self.readings, self.facts, self.site, now, &self.choice);
        if let Some(known) = self.base.get() {
            // Nothing is worked out there yet, so there is none to be replaced.
            let _ = scene.base.set(known.clone());
        }
        Self { live: false, ..scene }
    }

    /// Where an anchor lies; `None`: it is not reached.
    pub(super) fn anchored(&self, anchor: usize) -> Option<TimeRange> {
        match self.name(Name::Anchor(anchor))? {
            Val::Time(at) => Some(at.range),
            _ => None,
        }
    }

    /// Whether an anchor is reached, and on which day.
    pub(super) fn reached(&self, anchor: usize) -> Reached {
        let Some(at) = self.anchored(anchor) else { return Reached::No };
        let (first, last) = (self.zone().date_of(at.earliest), self.zone().date_of(at.latest));
        if first == last { Reached::On(first) } else { Reached::InPart(first, last) }
    }

    /// The anchor `baseline`, or `day0` where none is named so.
    pub(super) fn baseline_anchor(&self) -> Option<usize> {
        self.trial.anchor("baseline").or_else(|| self.trial.anchor("day0"))
    }

    /// Its moment, known to the day at least.
    pub(super) fn baseline_at(&self) -> Option<TimeRange> {
        let anchor = self.baseline_anchor()?;
        self.anchored(anchor).filter(|_| matches!(self.reached(anchor), Reached::On(_)))
    }

    /// The scene at the baseline, worked out once.
    pub(super) fn base(&self) -> Option<Rc<Self>> {
        // Working out the anchor may ask for what is worked out here: what it finds then stands.
        if self.base.get().is_none() {
            let base = self.baseline_at().map(|at| Rc::new(Self { before: true, ..self.at(at.latest) }));
            let _ = self.base.set(base);
        }
        self.base.get()?.clone().filter(|base| base.now <= self.now)
    }

    /// The value as it was at the baseline.
    pub(super) fn baseline(&self, of: &'a Expr) -> Known {
        if self.before {
            return self.value(of);
        }
        let base = self.base()?;
        let known = base.asked.borrow().iter().find(|a| std::ptr::eq(a.0, of)).cloned();
        let (_, value, (from, to)) = known.unwrap_or_else(|| {
            let from = base.log_len();
            let value = base.value(of);
            let asked = (std::ptr::from_ref(of), value, (from, base.log_len()));
            base.asked.borrow_mut().push(asked.clone());
            asked
        });
        self.log.borrow_mut().extend_from_slice(&base.log.borrow()[from..to]);
        self.leans_as(&base);
        value
    }

    /// What was worked out in another scene for this one leans on what that leaned on.
    pub(super) fn leans_as(&self, other: &Self) {
        self.leans.set(self.leans.get() | other.leans.get());
        self.presumed.set(self.presumed.get() || other.presumed.get());
    }

    /// Whether what is dated so does not exist yet.
    pub(super) fn is_to_come(&self, at: TimeRange) -> bool {
        at.earliest > self.now || (self.before && at.earliest == self.now && at.latest == self.now)
    }

    pub(super) fn zone(&self) -> &'a Zone {
        &self.site.zone
    }

    pub(super) fn today(&self) -> jiff::civil::Date {
        self.today
    }

    /// Says that a result may turn at this moment.
    pub(super) fn turns(&self, at: Instant) {
        if self.live && at > self.now && at < Instant::MAX && self.changes.get().is_none_or(|c| at < c) {
            self.changes.set(Some(at));
        }
    }

    /// Says that a result may turn with the next day.
    pub(super) fn turns_tomorrow(&self) {
        if self.live {
            self.turns(self.zone().end_of(self.today).plus_us(1));
        }
    }

    /// What grows and was not followed to where it turns something may do so at once.
    pub(super) fn settle_growth(&self) {
        if self.grows.replace(false) {
            self.turns(self.now.plus_us(1));
        }
    }

    pub(super) fn changes_at(&self) -> Option<Instant> {
        self.changes.get()
    }

    pub(super) fn note_change(&self, at: Option<Instant>) {
        if let Some(at) = at {
            self.turns(at);
        }
    }

    pub(super) fn used(&self, variable: usize, place: usize) {
        self.log.borrow_mut().push((variable, place));
    }

    pub(super) fn log_len(&self) -> usize {
        self.log.borrow().len()
    }

    /// The readings that the log names from there on, each once.
    pub(super) fn readings_used(&self, from: usize) -> Vec<(Used, &'a Reading)> {
        let mut used: Vec<Used> = self.log.borrow()[from..].to_vec();
        used.sort_unstable();
        used.dedup();
        used.into_iter().filter_map(|u| Some((u, self.all_of(u.0).get(u.1)?))).collect()
    }

    /// Whether what the log names from there on may still change.
    pub(super) fn is_provisional(&self, from: usize) -> bool {
        self.readings_used(from).iter().any(|(_, r)| r.provisional)
    }

    /// A named result, worked out once; a ring of names (refused at load) is unknown.
    pub(super) fn once(&self, name: Name, work: impl FnOnce() -> Known) -> Known {
        let slot = self.slot(name);
        if let Some(memo) = &self.memo.borrow()[slot] {
            self.leans.set(self.leans.get() | memo.leans);
            self.grows.set(self.grows.get() || memo.grows);
            self.log.borrow_mut().extend_from_within(memo.log.0..memo.log.1);
            return memo.value.clone();
        }
        if self.working.borrow().contains(&slot) {
            return None;
        }
        self.working.borrow_mut().push(slot);
        let outer = self.leans.replace(match name {
            Name::Reading(r) if r < 64 => 1 << r,
            Name::Reading(_) => u64::MAX,
            _ => 0,
        });
        let hand = self.hand.replace(None);
        let outer_grows = self.grows.replace(false);
        let start = self.log_len();
        let value = work();
        self.hand.set(hand);
        let leans = self.leans.get();
        let grows = self.grows.replace(false);
        self.grows.set(outer_grows || grows);
        self.memo.borrow_mut()[slot] = Some(Memo { value: value.clone(), leans, grows, log: (start, self.log_len()) });
        self.leans.set(outer | leans);
        self.working.borrow_mut().pop();
        value
    }

    fn slot(&self, name: Name) -> usize {
        let t = self.trial;
        match name {
            Name::Variable(i) => i,
            Name::Reading(i) => t.variables.len() + i,
            Name::Criterion(i) => t.variables.len() + t.readings.len() + i,
            Name::Anchor(i) => t.variables.len() + t.readings.len() + t.criteria.len() + i,
            Name::BuiltIn(_) | Name::Value | Name::Time => unreachable!("built-in names are not kept"),
        }
    }
}
