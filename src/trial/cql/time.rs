//! Times in CQL: the first and last date, and the earliest and latest moment, that one may be.

use super::say::Said;
use super::write::Writer;
use crate::model::reading::Value;
use crate::model::time::Partial;
use crate::trial::definition::VariableKind;
use crate::trial::expression::tree::{BuiltIn, Calendar, Comparison, Duration, Expr, Kind, Name, Source};

/// A time by its parts; what CQL cannot say of it is absent.
#[derive(Debug, Clone)]
pub(super) struct Time {
    /// It is compared by dates.
    pub(super) calendar: bool,
    pub(super) first: Option<String>,
    pub(super) last: Option<String>,
    pub(super) earliest: Option<String>,
    pub(super) latest: Option<String>,
}

const NO_DATE: &str = "a date of a moment that is written with its zone";
const NO_MOMENT: &str = "a moment of what is a date";

impl Time {
    /// A date known exactly.
    pub(super) fn date(said: &str) -> Self {
        Self { calendar: true, first: Some(said.into()), last: Some(said.into()), earliest: None, latest: None }
    }

    /// Where it lies, as dates or as moments.
    pub(super) fn ends(&self, dates: bool) -> Result<(String, String), String> {
        let (low, high, why) =
            if dates { (&self.first, &self.last, NO_DATE) } else { (&self.earliest, &self.latest, NO_MOMENT) };
        low.clone().zip(high.clone()).ok_or_else(|| why.to_owned())
    }
}

impl Writer<'_> {
    pub(super) fn time(&mut self, e: &Expr) -> Result<Time, String> {
        match &e.kind {
            Kind::Today => Ok(Time::date("Today()")),
            Kind::Now => Ok(Time {
                calendar: false,
                first: Some("Today()".into()),
                last: Some("Today()".into()),
                earliest: Some("Now()".into()),
                latest: Some("Now()".into()),
            }),
            Kind::Literal(Some(Value::Time(partial))) => literal(partial, &e.text),
            Kind::Aggregate(_, Source::Series(_)) => Ok(Time::date(&self.say(e))),
            Kind::Shift(time, by, back) => self.time(time)?.shifted(*by, *back),
            Kind::TimeOf(of) => match &of.kind {
                Kind::Name(Name::Anchor(_)) => self.time(of),
                _ => {
                    let picks = self.picks(of)?;
                    let part = |end: &str, field: &str| Some(format!("{end}(({picks}) P return all P.{field})"));
                    Ok(Time {
                        calendar: false,
                        first: part("Min", "first"),
                        last: part("Max", "last"),
                        earliest: part("Min", "earliest"),
                        latest: part("Max", "latest"),
                    })
                }
            },
            Kind::Name(Name::Anchor(i)) => {
                let anchor = self.trial.anchors.get(*i).ok_or("an anchor that is not there")?.1.clone();
                self.time(&anchor)
            }
            Kind::Name(Name::Variable(i)) => match self.trial.variables.get(*i).map(|v| v.kind.clone()) {
                Some(VariableKind::Derived(inner)) => self.time(&inner),
                _ => self.variable(*i).map(|said| Time::date(&said)),
            },
            Kind::Name(Name::Reading(i)) => {
                let chosen = self.chosen(*i).ok_or("a reading that is not there")?.clone();
                self.time(&chosen)
            }
            Kind::Name(Name::Value) => Ok(Time::date("F.value")),
            Kind::Name(Name::Time) => {
                let part = |field: &str| Some(format!("F.{field}"));
                Ok(Time {
                    calendar: false,
                    first: part("first"),
                    last: part("last"),
                    earliest: part("earliest"),
                    latest: part("latest"),
                })
            }
            Kind::Name(Name::BuiltIn(b @ (BuiltIn::BirthDate | BuiltIn::Death))) => Ok(Time::date(&self.built_in(*b))),
            Kind::Name(Name::BuiltIn(b)) => {
                let said = self.built_in(*b);
                let part = |field: &str| Some(format!("{said}.{field}"));
                Ok(Time {
                    calendar: false,
                    first: part("first"),
                    last: part("last"),
                    earliest: part("earliest"),
                    latest: part("latest"),
                })
            }
            _ => Err("a time that is chosen among several".into()),
        }
    }

    pub(super) fn compare_times(&mut self, op: Comparison, a: &Expr, b: &Expr) -> Said {
        let (a, b) = (self.time(a)?, self.time(b)?);
        let dates = a.calendar || b.calendar;
        let (a, b) = (a.ends(dates)?, b.ends(dates)?);
        Ok(match op {
            Comparison::Less => less(&a, &b),
            Comparison::Greater => less(&b, &a),
            Comparison::LessOrEqual => format!("(not {})", less(&b, &a)),
            Comparison::GreaterOrEqual => format!("(not {})", less(&a, &b)),
            Comparison::Equal => same(&a, &b),
            Comparison::NotEqual => format!("(not {})", same(&a, &b)),
        })
    }

    pub(super) fn units_between(&mut self, unit: Calendar, a: &Expr, b: &Expr, difference: bool) -> Said {
        let dates = unit_word(unit) != "hours" && unit_word(unit) != "minutes";
        let (a, b) = (self.time(a)?.ends(dates)?, self.time(b)?.ends(dates)?);
        let words = if difference { "difference in " } else { "" };
        let count = |from: &str, to: &str| format!("({words}{} between {from} and {to})", unit_word(unit));
        let least = count(&a.1, &b.0);
        if a.0 == a.1 && b.0 == b.1 {
            return Ok(format!("ToDecimal({least})"));
        }
        Ok(format!("(if {least} = {} then ToDecimal({least}) else null)", count(&a.0, &b.1)))
    }
}

impl Time {
    fn shifted(self, by: Duration, back: bool) -> Result<Self, String> {
        let sign = if back { '-' } else { '+' };
        let moved = |part: Option<String>| part.map(|p| format!("({p} {sign} {} {})", by.count, unit_word(by.of)));
        if matches!(by.of, Calendar::Hour | Calendar::Minute) {
            if self.calendar {
                return Err("a date moved by hours".into());
            }
            return Ok(Self {
                calendar: false,
                first: None,
                last: None,
                earliest: moved(self.earliest),
                latest: moved(self.latest),
            });
        }
        Ok(Self { calendar: true, first: moved(self.first), last: moved(self.last), earliest: None, latest: None })
    }
}

fn less(a: &(String, String), b: &(String, String)) -> String {
    if a.0 == a.1 && b.0 == b.1 {
        return format!("({} < {})", a.0, b.0);
    }
    format!("(case when {} < {} then true when {} >= {} then false else null end)", a.1, b.0, a.0, b.1)
}

fn same(a: &(String, String), b: &(String, String)) -> String {
    if a.0 == a.1 && b.0 == b.1 {
        return format!("({} = {})", a.0, b.0);
    }
    let apart = format!("{} < {} or {} < {}", a.1, b.0, b.1, a.0);
    let exact = format!("{} = {} and {} = {}", a.0, a.1, b.0, b.1);
    format!("(case when {apart} then false when {exact} then {} = {} else null end)", a.0, b.0)
}

fn literal(partial: &Partial, text: &str) -> Result<Time, String> {
    match partial {
        Partial::Day(day) => Ok(Time::date(&format!("@{day}"))),
        Partial::Instant(..) => {
            let said = Some(text.to_owned());
            Ok(Time { calendar: false, first: None, last: None, earliest: said.clone(), latest: said })
        }
        Partial::Month(..) | Partial::Year(_) => Err("a date known in part".into()),
    }
}

pub(super) fn unit_word(of: Calendar) -> &'static str {
    match of {
        Calendar::Year => "years",
        Calendar::Month => "months",
        Calendar::Week => "weeks",
        Calendar::Day => "days",
        Calendar::Hour => "hours",
        Calendar::Minute => "minutes",
    }
}
