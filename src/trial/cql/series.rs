//! A series in CQL: a query that says of each fact whether it lies in the window, and what is worked out from it.

use super::lasting::share;
use super::say::Said;
use super::time::{Time, unit_word};
use super::write::Writer;
use crate::model::fact::Origin;
use crate::trial::definition::{Amount, Recorded, ValueType, VariableKind};
use crate::trial::expression::tree::{Aggregate, Calendar, Duration, Expr, Kind, Name, Series, Source, Window};

/// One end of a window: dates or moments, where it lies, and whether it belongs to the window.
struct End {
    dates: bool,
    at: (String, String),
    closed: bool,
}

/// The ends of a window.
#[derive(Default)]
struct Ends {
    low: Option<End>,
    high: Option<End>,
}

impl Writer<'_> {
    /// The name of the query of a series, which is written once.
    pub(super) fn series(&mut self, series: &Series, text: &str) -> Said {
        let key = format!("{:?}", (series.variable, &series.window, &series.filter, series.row));
        if let Some(name) = self.queries.get(&key) {
            return Ok(name.clone());
        }
        if let Some(row) = series.row {
            let name = self.row(row, series, text)?;
            self.queries.insert(key, name.clone());
            return Ok(name);
        }
        let recorded = self.recorded(series.variable).cloned();
        let lasting = recorded.as_ref().is_some_and(lasts);
        let ends = series.window.as_ref().map_or(Ok(Ends::default()), |w| self.ends(w))?;
        let inside = inside(&ends, lasting);
        let taken = series.filter.as_ref().map_or_else(|| "true".into(), |f| self.say(f));
        let variable = self.facts(series.variable)?;
        let number = self.queries.len() + 1;
        let name = format!("\"{} {number}\"", self.word(series.variable));
        let past = recorded
            .as_ref()
            .is_some_and(|r| lasting && r.value == ValueType::Truth && !r.history && series.window.is_none());
        let value = if past { "(if F.past and F.value then false else F.value)" } else { "F.value" };
        let limits = if recorded.as_ref().is_some_and(has_limits) { ", low: F.low, high: F.high" } else { "" };
        let more = if lasting {
            ", lasts: F.lasts, endEarliest: F.endEarliest, endLatest: F.endLatest, endFirst: F.endFirst, endLast: F.endLast"
        } else {
            ""
        };
        let body = format!(
            "({variable}) F\n    let inside: {inside}, taken: {taken}\n    where F.earliest <= Now() and inside is not false\n    return all Tuple {{ value: {value}, read: F.read, inside: inside, taken: taken, sure: inside and taken,\n      earliest: F.earliest, latest: F.latest, first: F.first, last: F.last{limits}{more} }}"
        );
        self.define(&name, &body, text);
        let anchors = ends.low.iter().chain(&ends.high).flat_map(|e| [e.at.0.clone(), e.at.1.clone()]);
        let anchors = anchors
            .filter(|a| !a.starts_with("Now()") && !a.starts_with("(Today()") && !a.starts_with("(Now()"))
            .collect();
        self.anchors.insert(name.clone(), anchors);
        self.queries.insert(key, name.clone());
        Ok(name)
    }

    fn word(&self, variable: usize) -> String {
        self.trial.variables.get(variable).map_or_else(|| "problem_list".into(), |v| v.name.to_string())
    }

    pub(super) fn recorded(&self, variable: usize) -> Option<&Recorded> {
        match &self.trial.variables.get(variable)?.kind {
            VariableKind::Recorded(recorded) => Some(recorded),
            _ => None,
        }
    }

    fn ends(&mut self, window: &Window) -> Result<Ends, String> {
        Ok(match window {
            Window::Within(d) => {
                let from = if of_clock(*d) { "Now()" } else { "Today()" };
                let at = format!("({from} - {} {})", d.count, unit_word(d.of));
                Ends { low: Some(End { dates: !of_clock(*d), at: (at.clone(), at), closed: true }), high: None }
            }
            Window::WithinOf(d, a) => self.around(a, Some(*d), Some(*d))?,
            Window::WithinBefore(d, a) => self.around(a, Some(*d), None)?,
            Window::WithinAfter(d, a) => self.around(a, None, Some(*d))?,
            Window::Since(a) | Window::OnOrAfter(a) => Ends { low: Some(self.end(a, true)?), high: None },
            Window::After(a) => Ends { low: Some(self.end(a, false)?), high: None },
            Window::Before(a) => Ends { low: None, high: Some(self.end(a, false)?) },
            Window::OnOrBefore(a) => Ends { low: None, high: Some(self.end(a, true)?) },
            Window::During(interval) => match &interval.kind {
                Kind::Interval(a, a_closed, b, b_closed) => {
                    Ends { low: Some(self.end(a, *a_closed)?), high: Some(self.end(b, *b_closed)?) }
                }
                _ => return Err("an interval that is not written out".into()),
            },
        })
    }

    fn end(&mut self, anchor: &Expr, closed: bool) -> Result<End, String> {
        let time = self.time(anchor)?;
        Ok(End { dates: time.calendar, at: time.ends(time.calendar)?, closed })
    }

    fn around(&mut self, anchor: &Expr, before: Option<Duration>, after: Option<Duration>) -> Result<Ends, String> {
        let time = self.time(anchor)?;
        let dates = !before.or(after).is_some_and(of_clock);
        let at = time.ends(dates)?;
        let moved = |part: &str, d: Option<Duration>, sign: char| {
            d.map_or_else(|| part.to_owned(), |d| format!("({part} {sign} {} {})", d.count, unit_word(d.of)))
        };
        let side = |d, sign| End { dates, at: (moved(&at.0, d, sign), moved(&at.1, d, sign)), closed: true };
        Ok(Ends { low: Some(side(before, '-')), high: Some(side(after, '+')) })
    }

    /// A function over a series, as a define of its own.
    pub(super) fn over_series(&mut self, what: Aggregate, series: &Series, text: &str) -> Said {
        let s = self.series(series, text)?;
        let read = format!("({s}) M where M.read and M.taken is not false");
        let doubtful = |r: &Recorded| r.from.iter().any(|o| matches!(o, Origin::Condition | Origin::Procedure));
        let conditions = self.recorded(series.variable).is_some_and(doubtful);
        let there = if conditions { "(M.sure and M.value)" } else { "M.sure" };
        let unread = format!("exists (({s}) M where not M.read and M.taken is not false)");
        let recorded = format!("exists (({s}) M where M.read and M.inside)");
        let name = match what {
            Aggregate::Duration(gap) => part(&s, &format!("Duration by {} {}", gap.count, unit_word(gap.of))),
            _ => part(&s, &format!("{what:?}")),
        };
        let body = match what {
            Aggregate::First | Aggregate::Last => self.edge(&s, what, text),
            // The engine has no word for "at least": it knows nothing of what the gateway knows in part.
            Aggregate::Min | Aggregate::Max => format!("if {unread} then null else ({})", extreme(&read, what)),
            Aggregate::Exists => {
                let presumed = self.presumed(series, &s).unwrap_or_else(|| "null".into());
                format!(
                    "case when exists ({read} and {there}) then true\n    when {unread} then null\n    when exists ({read} and {there} is null) then null\n    when {recorded} then false\n    else {presumed} end"
                )
            }
            Aggregate::AnyTrue => format!(
                "case when exists ({read} and M.sure and M.value) then true\n    when {unread} then null\n    when exists ({read} and (M.sure and M.value) is null) then null\n    when {recorded} then false else null end"
            ),
            Aggregate::AllTrue => format!(
                "case when exists ({read} and M.sure and not M.value) then false\n    when {unread} then null\n    when exists ({read} and (M.value is null or not M.value)) then null\n    when {recorded} then true else null end"
            ),
            Aggregate::Count => {
                let nothing = self
                    .presumed(series, &s)
                    .map_or("null".into(), |p| format!("if ({p}) is not null then 0.0 else null"));
                format!(
                    "case when not exists (({s}) M where M.read) then ({nothing})\n    when not {recorded} or {unread} or exists ({read} and {there} is null) then null\n    else ToDecimal(Count({read} and {there})) end"
                )
            }
            Aggregate::Sum => self.sum(&s, series, &read, &recorded),
            Aggregate::Avg | Aggregate::Median => format!(
                "if {unread} or exists ({read} and (M.sure is null or M.value is null)) then null else {what:?}({read} return all M.value)"
            ),
            Aggregate::Duration(gap) => self.lasted(&s, series, gap)?,
            Aggregate::DailyDose | Aggregate::StableDose => self.by_day(&s, series, what == Aggregate::StableDose)?,
        };
        Ok(self.define(&name, &body, ""))
    }

    /// Those that may be the last: no sure one is surely later.
    fn picked(&mut self, s: &str, last: bool) -> String {
        let (word, end, field, other, sign) = if last {
            ("last", "Max", "earliest", "latest", ">=")
        } else {
            ("first", "Min", "latest", "earliest", "<=")
        };
        let edge = self.define(
            &part(s, &format!("edge of the {word}")),
            &format!("{end}(({s}) M where M.read and M.sure return all M.{field})"),
            "",
        );
        let body = format!("({s}) M where M.read and M.taken is not false and M.{other} {sign} {edge}");
        self.define(&part(s, word), &body, "")
    }

    fn edge(&mut self, s: &str, what: Aggregate, _text: &str) -> String {
        only(&self.picked(s, what == Aggregate::Last), "value")
    }

    /// The facts of which one is picked.
    pub(super) fn picks(&mut self, e: &Expr) -> Said {
        match &e.kind {
            Kind::Aggregate(what @ (Aggregate::First | Aggregate::Last), Source::Series(series)) => {
                let s = self.series(series, &e.text)?;
                Ok(self.picked(&s, *what == Aggregate::Last))
            }
            Kind::Aggregate(Aggregate::Min | Aggregate::Max, Source::Series(series)) => {
                let s = self.series(series, &e.text)?;
                let value = self.over_series(
                    if let Kind::Aggregate(what, _) = &e.kind { *what } else { Aggregate::Max },
                    series,
                    &e.text,
                )?;
                Ok(format!("({s}) M where M.read and M.taken is not false and M.value = {value}"))
            }
            Kind::Name(Name::Variable(i)) => match self.trial.variables.get(*i).map(|v| v.kind.clone()) {
                Some(VariableKind::Recorded(r)) => match &r.select {
                    Some(select) => self.picks(select),
                    None => self.whole(*i).map(|s| self.picked(&s, true)),
                },
                Some(VariableKind::Derived(inner)) => self.picks(&inner),
                _ => self.whole(*i).map(|s| self.picked(&s, true)),
            },
            Kind::Convert(_, inner) => self.picks(inner),
            _ => Err("a fact that is not picked from one series".into()),
        }
    }

    /// All of a variable up to now.
    pub(super) fn whole(&mut self, variable: usize) -> Said {
        self.series(&Series { variable, window: None, filter: None, row: None }, "all of it")
    }

    /// A limit of the reference range of the very result that is picked.
    pub(super) fn limit(&mut self, upper: bool, of: &Expr) -> Said {
        let picks = self.picks(of)?;
        Ok(format!("({})", only(&picks, if upper { "high" } else { "low" })))
    }

    fn sum(&mut self, s: &str, series: &Series, read: &str, recorded: &str) -> String {
        // Of what lasts an amount may lie in the window in part, and what could not be read may be any amount.
        let dose = self.recorded(series.variable).is_some_and(|r| r.amount == Amount::Dose && lasts(r));
        let (amount, part) = if dose { share(series.window.as_ref()) } else { ("M.value".into(), String::new()) };
        let unread = format!("exists (({s}) M where not M.read and M.taken is not false)");
        let unread = if dose { format!(" or {unread}") } else { String::new() };
        let nothing =
            self.presumed(series, s).map_or("null".into(), |p| format!("if ({p}) is not null then 0.0 else null"));
        format!(
            "case when not exists (({s}) M where M.read) then ({nothing})\n    when not {recorded}{unread} or exists ({read} and (M.sure is null or M.value is null{part})) then null\n    else Coalesce(Sum({read} return all {amount}), 0.0) end"
        )
    }

    /// What a variable presumes while nothing of it lies in a window.
    pub(super) fn presumed(&mut self, series: &Series, s: &str) -> Option<String> {
        let presume = self.recorded(series.variable)?.presume.clone()?;
        let when = self.say(&presume.when);
        let anchors = self.anchors.get(s).cloned().unwrap_or_default();
        let anchors: String = anchors.iter().map(|a| format!(" and {a} is not null")).collect();
        Some(format!("(if not exists ({s}) and {when}{anchors} then {} else null)", presume.value))
    }

    /// True where no fact is picked for sure.
    pub(super) fn series_nothing(&mut self, series: &Series, text: &str, truth: bool) -> String {
        let Ok(s) = self.series(series, text) else { return "(null as Boolean)".into() };
        let read = format!("({s}) M where M.read and M.taken is not false");
        let body = if truth {
            format!(
                "case when exists ({read} and M.sure is null) then null when exists ({read} and M.sure) then (null as Boolean) else true end"
            )
        } else {
            format!(
                "case when exists ({read} and M.sure) then false when exists ({read} and M.sure is null) then null else true end"
            )
        };
        self.define(&part(&s, "nothing"), &body, "")
    }

    /// Whether an administration runs now, or at which rate.
    pub(super) fn running(&mut self, variable: usize, amount: Amount) -> Said {
        let s = self.whole(variable)?;
        let runs = "(case when not M.lasts then (if M.earliest <= Now() and Now() <= M.latest then null else false)\n      when M.endLatest < Now() then false when M.latest <= Now() then true else null end)";
        let body = if amount == Amount::Rate {
            let running =
                self.define(&part(&s, "running"), &format!("({s}) M where M.read and {runs} is not false"), "");
            format!("if exists (({running}) M where {runs} is null) then null else {}", only(&running, "value"))
        } else {
            format!(
                "case when exists (({s}) M where M.read and M.value and {runs}) then true\n    when exists (({s}) M where M.read and (M.value and {runs}) is null) then null\n    when exists (({s}) M where M.read) then false else null end"
            )
        };
        Ok(self.define(&part(&s, "now"), &body, ""))
    }
}

/// A name beside that of a query.
pub(super) fn part(name: &str, what: &str) -> String {
    format!("{}: {what}\"", name.trim_end_matches('"'))
}

/// The field that all of these have, if they have one and the same.
fn only(picked: &str, field: &str) -> String {
    format!(
        "if exists (({picked}) X where X.{field} is null or X.{field} != First({picked}).{field}) then null else First({picked}).{field}"
    )
}

fn extreme(read: &str, what: Aggregate) -> String {
    let values = |more: &str| format!("{what:?}({read}{more} return all M.value)");
    format!(
        "if exists ({read} and M.value is null) then null else if {} = {} then {} else null",
        values(" and M.sure"),
        values(""),
        values("")
    )
}

/// Whether its facts may last.
pub(super) fn lasts(recorded: &Recorded) -> bool {
    recorded.from.iter().any(|origin| *origin != Origin::Observation)
}

fn has_limits(recorded: &Recorded) -> bool {
    recorded.value == ValueType::Number
}

pub(super) fn of_clock(d: Duration) -> bool {
    matches!(d.of, Calendar::Hour | Calendar::Minute)
}

/// Whether the fact in hand lies inside: true, false, or null.
fn inside(ends: &Ends, lasting: bool) -> String {
    let mut parts = Vec::new();
    if let Some(low) = &ends.low {
        let (first, last) = match (low.dates, lasting) {
            (true, false) => ("F.first", "F.last"),
            (true, true) => ("F.endFirst", "F.endLast"),
            (false, false) => ("F.earliest", "F.latest"),
            (false, true) => ("F.endEarliest", "F.endLatest"),
        };
        let (out, sure) = if low.closed { ("<", ">=") } else { ("<=", ">") };
        parts.push(format!(
            "(case when {last} {out} {} then false when {first} {sure} {} then true else null end)",
            low.at.0, low.at.1
        ));
    }
    if let Some(high) = &ends.high {
        let (first, last) = if high.dates { ("F.first", "F.last") } else { ("F.earliest", "F.latest") };
        let (out, sure) = if high.closed { (">", "<=") } else { (">=", "<") };
        parts.push(format!(
            "(case when {first} {out} {} then false when {last} {sure} {} then true else null end)",
            high.at.1, high.at.0
        ));
    }
    if parts.is_empty() { "true".into() } else { format!("({})", parts.join(" and ")) }
}

impl Time {
    /// Whether nothing of it can be said.
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none() && self.earliest.is_none()
    }
}
