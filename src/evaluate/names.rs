//! What a name stands for at the moment in hand.

use super::scene::Scene;
use super::series::{Member, View};
use super::value::{Known, Val, When, at, of_truth, of_value, to_truth};
use super::window::{clock_us, shift_date};
use crate::model::fact::{DraftFact, FactStatus, Origin};
use crate::model::reading::Reading;
use crate::model::time::{Instant, Partial, TimeRange};
use crate::model::truth::Truth;
use crate::trial::definition::{Amount, Recorded, ValueType, VariableKind};
use crate::trial::expression::tree::{Aggregate, BuiltIn, Duration, Expr, Kind, Name, Source};

impl<'a> Scene<'a> {
    pub(super) fn name(&self, name: Name) -> Known {
        match name {
            Name::Value => self.hand.get().and_then(|(_, r)| of_value(&r.value, self.zone())),
            Name::Time => self.hand.get().map(|(_, r)| Val::Time(time_of(r.at))),
            Name::BuiltIn(b) => self.built_in(b),
            Name::Variable(i) => self.once(name, || self.variable(i)),
            Name::Reading(i) => self.once(name, || self.chosen(i).and_then(|e| self.value(e))),
            Name::Criterion(i) => match self.fixed {
                Some((fixed, truth)) if fixed == i => of_truth(truth),
                _ => self.once(name, || of_truth(self.criterion_plain(i))),
            },
            Name::Anchor(i) => self.once(name, || self.anchor(i)),
        }
    }

    /// An anchor; one that happens at the very moment of the baseline is reached there.
    fn anchor(&self, i: usize) -> Known {
        let e = &self.trial.anchors[i].1;
        if !self.before {
            return self.value(e);
        }
        let then = self.at(self.now);
        let value = then.value(e);
        self.log.borrow_mut().extend(then.log.borrow().iter());
        self.leans_as(&then);
        value
    }

    /// The chosen alternative of a reading.
    pub(super) fn chosen(&self, reading: usize) -> Option<&'a Expr> {
        let alternatives = &self.trial.readings.get(reading)?.alternatives;
        let place = self.choice.get(reading).copied().unwrap_or(self.trial.readings[reading].default);
        alternatives.get(place).map(|(_, e)| e)
    }

    /// A criterion by the plain tables, as a truth: where it does not apply an inclusion holds, an exclusion does not.
    fn criterion_plain(&self, i: usize) -> Truth {
        let c = &self.trial.criteria[i];
        let own = self.truth(&c.expression);
        match &c.applies {
            None => own,
            Some(applies) if c.exclusion => self.truth(applies).and(own),
            Some(applies) => self.truth(applies).implies(own),
        }
    }

    fn variable(&self, i: usize) -> Known {
        match &self.trial.variables.get(i)?.kind {
            VariableKind::Derived(e) => self.value(e),
            VariableKind::Recorded(r) => self.recorded_value(i, r),
            VariableKind::Attested { expires, .. } => self.attested(i, *expires),
        }
    }

    /// What a bare name is at a visit, or while a result is graded; `None`: its `select`.
    pub(super) fn here(&self, i: usize) -> Option<Vec<Member<'a>>> {
        match (self.graded, &self.visit) {
            (Some((v, place)), _) if v == i => Some(self.members_at(i, &[place])),
            (_, Some(at)) => at.places(self, i).map(|places| self.members_at(i, places)),
            _ => None,
        }
    }

    /// The members of a series at these places.
    pub(super) fn members_at(&self, i: usize, places: &[usize]) -> Vec<Member<'a>> {
        let all = self.all_of(i);
        let member = |place: &usize| Some(Member { reading: all.get(*place)?, place: *place, sure: true });
        places.iter().filter_map(member).collect()
    }

    /// What facts that cannot be told apart come to.
    pub(super) fn value_here(&self, i: usize, members: &[Member<'a>]) -> Known {
        members.iter().for_each(|m| self.used(i, m.place));
        let mut values = members.iter().map(|m| of_value(&m.reading.value, self.zone()));
        let first = values.next()?;
        values.fold(first, super::value::merge)
    }

    fn recorded_value(&self, i: usize, r: &'a Recorded) -> Known {
        if let Some(members) = self.here(i) {
            return self.value_here(i, &members);
        }
        let found = match &r.select {
            Some(select) => self.value(select),
            None => self.default_value(i, r),
        };
        if found.is_some() || r.presume.is_none() {
            return found;
        }
        let view = match r.select.as_ref().and_then(|s| own_series(s, i)) {
            Some(series) => self.view(series),
            None => self.whole_view(i),
        };
        self.presume(&view).and_then(of_truth)
    }

    fn default_value(&self, i: usize, r: &Recorded) -> Known {
        let view = self.whole_view(i);
        let is_drug = r.from.contains(&Origin::MedicationAdministration);
        if is_drug && matches!(r.amount, Amount::Presence | Amount::Rate) {
            return self.running(&view, r.amount);
        }
        self.over_series(default_pick(r), &view)
    }

    /// Whether an administration runs now, or at which rate.
    fn running(&self, view: &View<'a>, amount: Amount) -> Known {
        let runs = |m: &Member<'a>| {
            let begun = Truth::from(m.reading.at.latest <= self.now).or(Truth::Unknown);
            match m.reading.other_end {
                Some(end) if end >= self.now => begun,
                Some(_) => Truth::False,
                None if m.reading.at.earliest <= self.now && self.now <= m.reading.at.latest => Truth::Unknown,
                None => Truth::False,
            }
        };
        for m in &view.members {
            [Some(m.reading.at.latest), m.reading.other_end].into_iter().flatten().for_each(|at| {
                self.turns(at);
                self.turns(at.plus_us(1));
            });
            self.used(view.variable, m.place);
        }
        if amount == Amount::Rate {
            let running: Vec<Member> = view.members.iter().filter(|m| runs(m) != Truth::False).copied().collect();
            let mut values = running.iter().map(|m| self.value_of(view, m));
            return if running.iter().any(|m| runs(m) == Truth::Unknown) {
                None
            } else {
                let first = values.next()?;
                values.fold(first, super::value::merge)
            };
        }
        let start = if view.recorded { Truth::False } else { Truth::Unknown };
        of_truth(view.members.iter().fold(start, |any, m| any.or(runs(m).and(to_truth(&self.value_of(view, m))))))
    }

    /// What a person answered last; an answer that has expired is unknown.
    fn attested(&self, i: usize, expires: Option<Duration>) -> Known {
        let view = self.whole_view(i);
        let newest = view.outermost(true).max_by_key(|m| (m.reading.at.latest, m.place))?;
        if let Some(expires) = expires {
            let end = self.expiry(newest.reading, expires);
            self.turns(end);
            if end <= self.now {
                return None;
            }
        }
        self.used(i, newest.place);
        of_value(&newest.reading.value, self.zone())
    }

    /// The first moment at which an answer no longer holds.
    fn expiry(&self, answer: &Reading, expires: Duration) -> Instant {
        let at = answer.at.latest;
        match clock_us(expires) {
            Some(us) => at.plus_us(us).plus_us(1),
            None => self.zone().end_of(shift_date(self.zone().date_of(at), expires, false)).plus_us(1),
        }
    }

    fn built_in(&self, name: BuiltIn) -> Known {
        let p = &self.readings.person;
        let word = |w: &str| Some(Val::Text(w.to_owned()));
        let date = |d: &Option<Partial>| {
            let range = d.as_ref()?.range(self.zone());
            if range.earliest > self.now {
                self.turns(range.earliest);
                return None;
            }
            let calendar = !matches!(d, Some(Partial::Instant(..)));
            Some(Val::Time(When { range, calendar, moves: false }))
        };
        let time = |t: Option<Instant>| {
            let t = t?;
            self.turns(t);
            (t <= self.now).then(|| Val::Time(at(t)))
        };
        match name {
            BuiltIn::BirthDate => date(&p.birth_date),
            BuiltIn::Death => date(&p.death),
            BuiltIn::Sex => p.sex.as_deref().and_then(word),
            BuiltIn::Site => word(&self.site.id),
            BuiltIn::Country => word(&self.site.country),
            BuiltIn::Consented => time(p.consented),
            BuiltIn::Enrolled => time(p.enrolled),
            BuiltIn::LastContact => self.last_contact(),
            BuiltIn::Arm | BuiltIn::Stratum => None,
        }
    }

    fn last_contact(&self) -> Known {
        self.last_seen().map(|at| Val::Time(time_of(at)))
    }

    /// The newest clinical time of anything known of the person.
    pub(super) fn last_seen(&self) -> Option<TimeRange> {
        // What was entered in error never was.
        let is_contact = |d: &DraftFact| d.origin != Origin::Patient && d.status != FactStatus::EnteredInError;
        let times = self.facts.iter().map(|f| &f.draft).filter(|d| is_contact(d)).filter_map(|d| d.at);
        let past = times.filter(|at| at.earliest > Instant::MIN && at.earliest <= self.now);
        past.max_by_key(|at| (at.earliest, at.latest))
    }

    /// The facts that a `First`, `Last`, `Min`, `Max` of a series, or a variable, picks.
    pub(super) fn picks(&self, e: &'a Expr) -> Option<(usize, Vec<Member<'a>>)> {
        match &e.kind {
            Kind::Aggregate(what, Source::Series(series)) => {
                let view = self.view(series);
                let picked = self.picked(*what, &view);
                (view.sure().next().is_some()).then_some((series.variable, picked))
            }
            Kind::Name(Name::Variable(i)) => match &self.trial.variables.get(*i)?.kind {
                VariableKind::Recorded(r) => self.picks_recorded(*i, r),
                VariableKind::Derived(e) => self.picks(e),
                VariableKind::Attested { .. } => {
                    let view = self.whole_view(*i);
                    (view.sure().next().is_some()).then(|| (*i, view.outermost(true).copied().collect()))
                }
            },
            Kind::Name(Name::Value) => {
                let (variable, reading) = self.hand.get()?;
                Some((variable, vec![Member { reading, place: 0, sure: true }]))
            }
            Kind::Convert(_, inner) => self.picks(inner),
            _ => None,
        }
    }

    fn picks_recorded(&self, i: usize, r: &'a Recorded) -> Option<(usize, Vec<Member<'a>>)> {
        match (self.here(i), &r.select) {
            (Some(members), _) => (!members.is_empty()).then_some((i, members)),
            (None, Some(select)) => self.picks(select),
            (None, None) => {
                let view = self.whole_view(i);
                (view.sure().next().is_some()).then(|| (i, view.outermost(true).copied().collect()))
            }
        }
    }
}

/// What the bare name of a recorded variable without `select` is: of a condition or procedure whether one is true, else
/// the last.
pub(super) fn default_pick(r: &Recorded) -> Aggregate {
    let happens = r.from.iter().any(|o| matches!(o, Origin::Condition | Origin::Procedure));
    if r.value == ValueType::Truth && happens { Aggregate::AnyTrue } else { Aggregate::Last }
}

/// The clinical time of a fact.
pub(super) fn time_of(at: TimeRange) -> When {
    When { range: at, calendar: false, moves: false }
}

/// The first series of the variable itself in its `select`.
pub(super) fn own_series(e: &Expr, variable: usize) -> Option<&crate::trial::expression::tree::Series> {
    if let Kind::Aggregate(_, Source::Series(s)) = &e.kind
        && s.variable == variable
    {
        return Some(s);
    }
    let mut found = None;
    super::walk::children(e, &mut |c| {
        if found.is_none() {
            found = own_series(c, variable);
        }
    });
    found
}
