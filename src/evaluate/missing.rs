//! What is decisive and missing, by name and with the reason.

use super::names::default_pick;
use super::scene::Scene;
use super::series::{Member, View};
use super::value::{Val, equal, of_value};
use super::walk::children;
use crate::model::assessment::MayBe;
use crate::model::fact::Fact;
use crate::model::interval::Interval;
use crate::model::reading::Reason;
use crate::model::time::{Instant, TimeRange};
use crate::model::truth::Truth;
use crate::trial::definition::VariableKind;
use crate::trial::expression::tree::{Aggregate, BuiltIn, Expr, Function, Kind, Name, PROBLEM_LIST, Source};

/// One thing that is open.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    pub(super) variable: String,
    pub(super) reason: Reason,
    pub(super) last: Option<String>,
    /// A person has to answer it.
    pub(super) for_people: bool,
    /// Codes that no map covers and in which it may have come.
    pub(super) may_be: Vec<MayBe>,
}

impl<'a> Scene<'a> {
    /// What stands open behind an expression.
    pub(super) fn leaves(&self, e: &'a Expr) -> Vec<Leaf> {
        let mut found = Vec::new();
        self.collect(e, &mut found);
        let mut named: Vec<Leaf> = Vec::new();
        for leaf in found {
            if !named.iter().any(|l| l.variable == leaf.variable) {
                named.push(leaf);
            }
        }
        named
    }

    /// Why it stands open, once for each place that is open.
    pub(super) fn reasons(&self, e: &'a Expr) -> Vec<Reason> {
        let mut found = Vec::new();
        self.collect(e, &mut found);
        found.into_iter().map(|leaf| leaf.reason).collect()
    }

    /// Whether a value is not known for sure.
    fn open(&self, e: &'a Expr) -> bool {
        match self.value(e) {
            None => true,
            Some(Val::Number(n)) => n.as_exact().is_none(),
            Some(Val::Time(t)) => {
                let zone = self.zone();
                let days = zone.date_of(t.range.earliest) != zone.date_of(t.range.latest);
                if t.calendar { days } else { t.range.earliest != t.range.latest }
            }
            Some(_) => false,
        }
    }

    fn collect(&self, e: &'a Expr, found: &mut Vec<Leaf>) {
        match &e.kind {
            Kind::Name(name) => self.collect_name(*name, found),
            Kind::Aggregate(what, Source::Series(series)) => {
                let view = self.view(series);
                if let Some(anchor) = view.no_anchor.then(|| window_anchor(series.window.as_ref())).flatten() {
                    let before = found.len();
                    self.collect(anchor, found);
                    if found.len() > before {
                        return;
                    }
                }
                found.push(self.series_leaf(*what, &view));
            }
            Kind::Baseline(of) if !self.before => match (self.base(), self.baseline_anchor()) {
                (Some(base), _) => base.collect(of, found),
                (None, Some(anchor)) => self.collect_name(Name::Anchor(anchor), found),
                (None, None) => {}
            },
            Kind::Call(Function::Coalesce, list) | Kind::Aggregate(_, Source::List(list)) => {
                self.collect_alternatives(list, found);
            }
            Kind::TimeOf(of) | Kind::Limit(_, of) => match self.picks(of) {
                Some((variable, picked)) => {
                    let last = picked.last().map(|m| self.day(m.reading.at));
                    found.push(self.leaf(variable, Reason::KnownInPart, last));
                }
                None => self.collect(of, found),
            },
            Kind::If(condition, then, otherwise) => {
                match self.truth(condition) {
                    Truth::True => self.collect_open(then, found),
                    Truth::False => self.collect_open(otherwise, found),
                    Truth::Unknown => {
                        [condition, then, otherwise].into_iter().for_each(|p| self.collect_open(p, found))
                    }
                };
            }
            _ => children(e, &mut |part| self.collect_open(part, found)),
        }
    }

    fn collect_open(&self, e: &'a Expr, found: &mut Vec<Leaf>) {
        if !matches!(e.kind, Kind::Literal(_) | Kind::Now | Kind::Today | Kind::Interval(..) | Kind::List(_))
            && self.open(e)
        {
            self.collect(e, found);
        }
    }

    /// Any one of these will do: they are listed as one.
    fn collect_alternatives(&self, list: &'a [Expr], found: &mut Vec<Leaf>) {
        let mut any: Vec<Leaf> = Vec::new();
        for part in list {
            let mut own = Vec::new();
            self.collect_open(part, &mut own);
            for leaf in own {
                if !any.iter().any(|l| l.variable == leaf.variable) {
                    any.push(leaf);
                }
            }
        }
        let Some(first) = any.first() else {
            return;
        };
        let best = any.iter().max_by_key(|l| l.last.clone()).unwrap_or(first);
        found.push(Leaf {
            variable: any.iter().map(|l| l.variable.as_str()).collect::<Vec<_>>().join(" or "),
            reason: best.reason,
            last: best.last.clone(),
            for_people: any.iter().all(|l| l.for_people),
            may_be: any.iter().flat_map(|l| l.may_be.iter().cloned()).collect(),
        });
    }

    fn collect_name(&self, name: Name, found: &mut Vec<Leaf>) {
        match name {
            Name::Variable(i) => match &self.trial.variables[i].kind {
                VariableKind::Derived(inner) => self.collect(inner, found),
                VariableKind::Attested { .. } => {
                    let last = self.all_of(i).last().map(|r| self.day(r.at));
                    let mut leaf = self.leaf(i, Reason::AwaitingAttestation, last);
                    leaf.for_people = true;
                    found.push(leaf);
                }
                VariableKind::Recorded(_) if self.here(i).is_some() => found.push(self.leaf_here(i)),
                VariableKind::Recorded(r) => match &r.select {
                    Some(select) => {
                        let before = found.len();
                        self.collect(select, found);
                        if found.len() == before {
                            found.push(self.series_leaf(default_pick(r), &self.whole_view(i)));
                        }
                    }
                    None => found.push(self.series_leaf(default_pick(r), &self.whole_view(i))),
                },
            },
            Name::Reading(i) => {
                if let Some(chosen) = self.chosen(i) {
                    self.collect_open(chosen, found);
                }
            }
            Name::Criterion(i) => self.collect_open(&self.trial.criteria[i].expression, found),
            Name::Anchor(i) => {
                let (name, _) = &self.trial.anchors[i];
                found.push(plain(name, Reason::AnchorNotReached));
            }
            Name::BuiltIn(b) => found.push(plain(built_in_word(b), self.built_in_reason(b))),
            Name::Value | Name::Time => {}
        }
    }

    /// Why the bare name of a result is open at a visit, or while it is graded.
    fn leaf_here(&self, i: usize) -> Leaf {
        let members = self.here(i).unwrap_or_default();
        let last = members.last().map(|m| self.day(m.reading.at));
        self.leaf(i, self.why_here(i, &members), last)
    }

    /// The reason for it: of what is there, of what was left out, or that there is none.
    pub(super) fn why_here(&self, i: usize, members: &[Member<'a>]) -> Reason {
        let values: Vec<_> = members.iter().map(|m| of_value(&m.reading.value, self.zone())).collect();
        if values.windows(2).any(|w| equal(&w[0], &w[1]) == Truth::False) {
            return Reason::Conflicting;
        }
        if !values.is_empty() {
            return Reason::KnownInPart;
        }
        let left = self.visit.as_ref().and_then(|at| at.left_out(self, i));
        match left {
            Some(reason) => reason,
            None if self.all_of(i).iter().any(|r| !self.is_to_come(r.at)) => Reason::TooOld,
            None => Reason::NeverSeen,
        }
    }

    fn built_in_reason(&self, b: BuiltIn) -> Reason {
        match b {
            BuiltIn::BirthDate if self.readings.person.birth_date.is_some() => Reason::KnownInPart,
            BuiltIn::Consented | BuiltIn::Enrolled => Reason::AnchorNotReached,
            _ => Reason::NeverSeen,
        }
    }

    fn leaf(&self, variable: usize, reason: Reason, last: Option<String>) -> Leaf {
        let name = if variable == PROBLEM_LIST { "problem_list" } else { &self.trial.variables[variable].name };
        Leaf { last, ..plain(name, reason) }
    }

    /// Why a function over a series leaves a variable open.
    fn series_leaf(&self, what: Aggregate, view: &View<'a>) -> Leaf {
        let before = |at: TimeRange| !self.is_to_come(at);
        let all = self.all_of(view.variable);
        let newest = all.iter().filter(|r| before(r.at)).max_by_key(|r| (r.at.latest, r.at.earliest));
        let left = self.readings.series.get(view.variable).and_then(|s| s.left_out.last());
        let left_at = left.and_then(|l| self.facts.get(l.fact)).and_then(|f| f.draft.at);
        let last = newest.map(|r| r.at).into_iter().chain(left_at.filter(|at| before(*at))).max_by_key(|at| at.latest);
        let last = last.map(|at| self.day(at));
        let reason = if view.no_anchor {
            Reason::AnchorNotReached
        } else if view.maybe_recorded {
            use Aggregate as A;
            let of_all =
                view.row.is_some() || !matches!(what, A::First | A::Last | A::Min | A::Max | A::Avg | A::Median);
            let unread = of_all.then(|| self.unread(view)).flatten();
            unread.map_or_else(|| self.why_in_part(what, view), |l| l.reason)
        } else if let Some(left) = left.filter(|_| newest.is_none() || self.left_out_inside(view)) {
            left.reason
        } else if newest.is_some() {
            Reason::TooOld
        } else {
            return self.never_seen(view.variable);
        };
        self.leaf(view.variable, reason, last)
    }

    /// Nothing of the kind, unless it came in a code that nobody here understands.
    fn never_seen(&self, variable: usize) -> Leaf {
        let facts: Vec<&Fact> = self.not_understood(variable).map(|(_, fact)| fact).collect();
        if facts.is_empty() {
            return self.leaf(variable, Reason::NeverSeen, None);
        }
        let last = facts.iter().filter_map(|f| f.draft.at).max_by_key(|at| at.latest).map(|at| self.day(at));
        let may_be = MayBe::counted(facts.iter().map(|f| &f.draft.code));
        Leaf { may_be, ..self.leaf(variable, Reason::CodeNotUnderstood, last) }
    }

    /// What came by now in codes that nobody here understands and that may mean a variable of which nothing was seen, each
    /// with its place.
    pub(super) fn not_understood(&self, variable: usize) -> impl Iterator<Item = (usize, &'a Fact)> {
        let places = self.readings.series.get(variable).map_or(&[][..], |s| &s.may_be);
        places.iter().filter_map(|p| Some((*p, self.facts.get(*p)?))).filter(|(_, fact)| {
            let comes = fact.draft.at.map_or(Instant::MIN, |at| at.earliest);
            self.turns(comes);
            comes <= self.now
        })
    }

    /// There is something in the window: different results at one time, or one known in part.
    fn why_in_part(&self, what: Aggregate, view: &View<'a>) -> Reason {
        let what = if matches!(what, Aggregate::First | Aggregate::Last) { what } else { Aggregate::Last };
        let picked = self.picked(what, view);
        let values: Vec<_> = picked.iter().map(|m| self.value_of(view, m)).collect();
        let exact = |v: &Option<Val>| matches!(v, Some(Val::Number(n)) if Interval::as_exact(n).is_some());
        let differ = values.windows(2).any(|w| equal(&w[0], &w[1]) == Truth::False);
        if differ && (values.iter().all(exact) || values.iter().all(|v| matches!(v, Some(Val::Truth(_))))) {
            Reason::Conflicting
        } else {
            Reason::KnownInPart
        }
    }

    /// A clinical time as a day of the site, for `last`.
    pub(super) fn day(&self, at: TimeRange) -> String {
        let at = if at.latest == Instant::MAX { at.earliest } else { at.latest };
        self.zone().date_of(at).to_string()
    }
}

fn plain(name: &str, reason: Reason) -> Leaf {
    Leaf { variable: name.to_owned(), reason, last: None, for_people: false, may_be: Vec::new() }
}

fn built_in_word(b: BuiltIn) -> &'static str {
    match b {
        BuiltIn::BirthDate => "birth_date",
        BuiltIn::Sex => "sex",
        BuiltIn::Death => "death",
        BuiltIn::Site => "site",
        BuiltIn::Country => "country",
        BuiltIn::Arm => "arm",
        BuiltIn::Stratum => "stratum",
        BuiltIn::LastContact => "last_contact",
        BuiltIn::Consented => "consented",
        BuiltIn::Enrolled => "enrolled",
    }
}

fn window_anchor(window: Option<&crate::trial::expression::tree::Window>) -> Option<&Expr> {
    use crate::trial::expression::tree::Window;
    match window? {
        Window::Within(_) => None,
        Window::WithinOf(_, e) | Window::WithinBefore(_, e) | Window::WithinAfter(_, e) => Some(e),
        Window::Since(e)
        | Window::Before(e)
        | Window::After(e)
        | Window::OnOrBefore(e)
        | Window::OnOrAfter(e)
        | Window::During(e) => Some(e),
    }
}
