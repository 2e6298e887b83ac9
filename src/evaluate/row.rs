//! Rows: of a series those members with which so many in a row are complete.

use super::scene::Scene;
use super::series::{Entry, View};
use super::window::{clock_us, shift_date};
use crate::model::time::{Instant, TimeRange};
use crate::model::truth::Truth;
use crate::trial::expression::tree::{Duration, Row};
use std::collections::HashMap;

/// A fact of the window as a row sees it.
struct Step {
    at: TimeRange,
    /// From when on one that follows counts: for sure, and at the earliest.
    ready: TimeRange,
    inside: Truth,
    taken: Truth,
    /// How many in a row end here for sure, and at most; counted up to what is wanted.
    sure: usize,
    most: usize,
}

impl Step {
    fn is_sure(&self) -> bool {
        self.inside.and(self.taken) == Truth::True
    }

    fn may_be(&self) -> bool {
        self.taken != Truth::False
    }
}

/// What lies between two members: for each moment, how far back the newest that breaks reaches.
struct Breaks {
    /// Those that may break, by their first moment: that, and the last moment of all up to it.
    may: Vec<(Instant, Instant)>,
    /// Those that surely break, by their last moment: that, and the newest first moment of all up to it.
    sure: Vec<(Instant, Instant)>,
}

impl Breaks {
    fn of(steps: &[Step]) -> Self {
        let may = steps.iter().filter(|s| s.taken != Truth::True).map(|s| (s.at.earliest, s.at.latest));
        let breaks = |s: &&Step| s.inside == Truth::True && s.taken == Truth::False;
        let sure = steps.iter().filter(breaks).map(|s| (s.at.latest, s.at.earliest));
        Self { may: newest_so_far(may.collect()), sure: newest_so_far(sure.collect()) }
    }

    /// Whether nothing can break between the two.
    fn surely_none(&self, p: &Step, m: &Step) -> bool {
        let n = self.may.partition_point(|(first, _)| *first <= m.at.latest);
        n == 0 || self.may[n - 1].1 < p.at.earliest
    }

    /// The moment before which what ends may not be joined to `m`: something surely breaks in between.
    fn joined_from(&self, m: &Step) -> Instant {
        let n = self.sure.partition_point(|(last, _)| *last < m.at.earliest);
        n.checked_sub(1).map_or(Instant::MIN, |n| self.sure[n].1)
    }
}

/// In order, each with the newest second moment of all up to it.
fn newest_so_far(mut all: Vec<(Instant, Instant)>) -> Vec<(Instant, Instant)> {
    all.sort_unstable();
    let mut newest = Instant::MIN;
    for (_, at) in &mut all {
        newest = newest.max(*at);
        *at = newest;
    }
    all
}

impl<'a> Scene<'a> {
    /// Leaves in a view the members with which a row is complete, or may be. Every fact of the window has its part
    /// in that and is evidence.
    pub(super) fn keep_rows(&self, row: Row, view: &mut View<'a>, mut all: Vec<Entry<'a>>) {
        all.iter().filter_map(|e| e.place).for_each(|place| self.used(view.variable, place));
        let mut unread = None;
        for (left, taken) in self.all_unread(view) {
            let inside = self.inside(&view.bounds, &left.unread);
            all.push(Entry { reading: &left.unread, place: None, inside, taken: taken.and(Truth::Unknown) });
            unread = Some(left);
        }
        all.sort_by_key(|e| (e.reading.at.earliest, e.reading.at.latest, e.place));
        let mut steps: Vec<Step> = all.iter().map(|e| self.step(e, row.gap)).collect();
        if all.iter().any(|e| e.reading.at.latest > self.now) {
            // One of today may yet turn out to be that much later than another.
            steps.iter().for_each(|s| self.turns(s.ready.earliest));
        }
        let breaks = Breaks::of(&steps);
        count_sure(&mut steps, &breaks, row.n);
        count_most(&mut steps, &breaks, row.n);
        let complete = || all.iter().zip(&steps).filter(|(_, s)| s.most >= row.n);
        let by_unread = complete().filter(|(e, _)| e.place.is_none()).count();
        let kept: HashMap<usize, bool> =
            complete().filter_map(|(e, s)| Some((e.place?, s.is_sure() && s.sure >= row.n))).collect();
        view.members.retain_mut(|m| {
            let sure = kept.get(&m.place);
            m.sure = sure == Some(&true);
            sure.is_some()
        });
        view.row = Some((unread, by_unread));
    }

    fn step(&self, e: &Entry<'a>, gap: Duration) -> Step {
        let at = TimeRange { earliest: e.reading.at.earliest, latest: e.reading.at.latest.min(self.now) };
        let ready = TimeRange { earliest: self.after_gap(at.earliest, gap), latest: self.after_gap(at.latest, gap) };
        Step { at, ready, inside: e.inside, taken: e.taken, sure: 0, most: 0 }
    }

    /// The first moment that is a gap later: by the clock, or the beginning of the date.
    fn after_gap(&self, at: Instant, gap: Duration) -> Instant {
        match clock_us(gap) {
            Some(us) => at.plus_us(us),
            None => self.zone().start_of(shift_date(self.zone().date_of(at), gap, false)),
        }
    }
}

/// Chains that hold whatever is not known.
fn count_sure(steps: &mut [Step], breaks: &Breaks, n: usize) {
    for i in 0..steps.len() {
        let (before, m) = (&steps[..i], &steps[i]);
        if !m.is_sure() {
            continue;
        }
        let follows = |p: &&Step| {
            p.sure > 0 && p.at.latest < m.at.earliest && p.ready.latest <= m.at.earliest && breaks.surely_none(p, m)
        };
        let best = best_of(before.iter().rev().filter(follows).map(|p| p.sure), n);
        steps[i].sure = (best + 1).min(n);
    }
}

/// Chains that some completion of what is not known would make; never too short.
fn count_most(steps: &mut [Step], breaks: &Breaks, n: usize) {
    // One whose time is so open that it may follow itself: then order says nothing, and all that may be joined count.
    let wide = steps.iter().any(|s| s.may_be() && (s.ready.earliest <= s.at.latest) && s.at.earliest < s.at.latest);
    let newest: Vec<Instant> = newest_so_far(steps.iter().map(|s| (s.at.earliest, s.at.latest)).collect())
        .into_iter()
        .map(|(_, latest)| latest)
        .collect();
    for i in 0..steps.len() {
        let m = &steps[i];
        if !m.may_be() {
            continue;
        }
        let from = breaks.joined_from(m);
        let joined = |p: &&Step| p.may_be() && p.at.latest >= from;
        steps[i].most = if wide {
            let others = steps.iter().enumerate().filter(|(j, p)| *j != i && p.at.earliest <= m.at.latest && joined(p));
            others.take(n).count() + 1
        } else {
            let before = (0..i).rev().take_while(|j| newest[*j] >= from).map(|j| &steps[j]);
            best_of(before.filter(|p| joined(p) && p.ready.earliest <= m.at.latest).map(|p| p.most), n) + 1
        }
        .min(n);
    }
}

/// The longest of these rows; none needs to be longer than what one more completes.
fn best_of(rows: impl Iterator<Item = usize>, n: usize) -> usize {
    let mut best = 0;
    for row in rows {
        best = best.max(row);
        if best + 1 >= n {
            break;
        }
    }
    best
}
