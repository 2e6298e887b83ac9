//! What a search asks of an element, and whether an element answers it: R4's tokens, dates and their prefixes.

use crate::flow::answer::Refusal;
use crate::flow::query::token;
use crate::intake::json::{Kind as Json, Node};
use crate::model::time::{Instant, Partial, TimeRange, Zone};

/// A token as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// `None`: any system; empty: no system.
    pub(crate) system: Option<String>,
    /// Empty: any code of the system.
    pub(crate) code: String,
}

impl Token {
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, Refusal> {
        let (system, code) = token(text);
        if code.is_empty() && system.as_deref().unwrap_or_default().is_empty() {
            return Err(Refusal::malformed("value", format!("{name} has an empty value; wanted code or system|code")));
        }
        Ok(Self { system, code })
    }

    pub(crate) fn fits(&self, system: &str, code: &str) -> bool {
        self.system.as_ref().is_none_or(|s| s == system) && (self.code.is_empty() || self.code == code)
    }

    /// An element of the datatype Identifier.
    pub(super) fn fits_identifier(&self, node: &Node<'_>) -> bool {
        let text = |name| node.text_of(name).unwrap_or_default();
        node.text_of("value").is_some() && self.fits(text("system"), text("value"))
    }

    /// An element of the datatype CodeableConcept.
    pub(super) fn fits_concept(&self, node: &Node<'_>) -> bool {
        node.list("coding").iter().any(|coding| {
            let text = |name| coding.text_of(name).unwrap_or_default();
            coding.text_of("code").is_some() && self.fits(text("system"), text("code"))
        })
    }
}

/// R4's prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefix {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Sa,
    Eb,
    Ap,
}

/// A date as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Date {
    prefix: Prefix,
    range: TimeRange,
}

impl Date {
    /// `now` is the moment from which `ap` measures a tenth.
    pub(crate) fn parse(name: &str, text: &str, zone: &Zone, now: Instant) -> Result<Self, Refusal> {
        let split = text.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, date) = text.split_at(split);
        let prefix = match word {
            "" | "eq" => Prefix::Eq,
            "ne" => Prefix::Ne,
            "gt" => Prefix::Gt,
            "lt" => Prefix::Lt,
            "ge" => Prefix::Ge,
            "le" => Prefix::Le,
            "sa" => Prefix::Sa,
            "eb" => Prefix::Eb,
            "ap" => Prefix::Ap,
            _ => {
                let text = format!("{name}: not a prefix of R4; wanted eq ne lt le gt ge sa eb ap, or none");
                return Err(Refusal::malformed("value", text));
            }
        };
        let range = asked(date, zone).map_err(|what| Refusal::malformed("value", format!("{name}: {what}")))?;
        let range = if prefix == Prefix::Ap { widened(range, now) } else { range };
        Ok(Self { prefix, range })
    }

    /// R4's comparison of the asked range with that of the element.
    pub(crate) fn fits(&self, element: TimeRange) -> bool {
        let asked = self.range;
        let inside = asked.earliest <= element.earliest && element.latest <= asked.latest;
        match self.prefix {
            Prefix::Eq => inside,
            Prefix::Ne => !inside,
            Prefix::Gt => element.latest > asked.latest,
            Prefix::Lt => element.earliest < asked.earliest,
            Prefix::Ge => element.latest > asked.latest || inside,
            Prefix::Le => element.earliest < asked.earliest || inside,
            Prefix::Sa => element.earliest > asked.latest,
            Prefix::Eb => element.latest < asked.earliest,
            Prefix::Ap => asked.earliest <= element.latest && element.earliest <= asked.latest,
        }
    }

    /// Exactly the moments that fit, where they are one stretch.
    pub(crate) fn moments(&self) -> Option<(Instant, Instant)> {
        let TimeRange { earliest, latest } = self.range;
        Some(match self.prefix {
            Prefix::Eq | Prefix::Ap => (earliest, latest),
            Prefix::Ne => return None,
            Prefix::Gt | Prefix::Sa => (latest.plus_us(1), Instant::MAX),
            Prefix::Ge => (earliest, Instant::MAX),
            Prefix::Lt | Prefix::Eb => (Instant::MIN, earliest.plus_us(-1)),
            Prefix::Le => (Instant::MIN, latest),
        })
    }
}

/// The stretch of time that a date of a query names: a minute or a second where no finer time is given.
fn asked(text: &str, zone: &Zone) -> Result<TimeRange, String> {
    let at = text.find('T').map_or(text.len(), |t| t + 1);
    let zone_at = text[at..].find(['Z', '+', '-']).map_or(text.len(), |z| at + z);
    let clock = text[at..zone_at].len();
    let (whole, width) = match clock {
        5 => (format!("{}:00{}", &text[..zone_at], &text[zone_at..]), 60_000_000),
        8 => (text.to_owned(), 1_000_000),
        _ => (text.to_owned(), 1),
    };
    let range = Partial::parse(&whole)?.range(zone);
    Ok(if clock > 0 { TimeRange { latest: range.earliest.plus_us(width - 1), ..range } } else { range })
}

/// R4: within a tenth of the way from now to the date.
fn widened(range: TimeRange, now: Instant) -> TimeRange {
    let tenth = |at: Instant| (now.0.saturating_sub(at.0)).saturating_abs() / 10;
    TimeRange {
        earliest: range.earliest.plus_us(-tenth(range.earliest)),
        latest: range.latest.plus_us(tenth(range.latest)),
    }
}

/// Where the date of an element lies: date, dateTime, instant, Period, Timing.
pub(super) fn when(node: &Node<'_>, zone: &Zone) -> Option<TimeRange> {
    let read = |text: &str| Partial::parse(text).ok().map(|p| p.range(zone));
    match &node.kind {
        Json::Text(text) => read(text),
        Json::Object(_) => {
            let of = |period: &Node<'_>| {
                let (start, end) = (period.text_of("start").and_then(read), period.text_of("end").and_then(read));
                (start.is_some() || end.is_some()).then(|| TimeRange {
                    earliest: start.map_or(Instant::MIN, |s| s.earliest),
                    latest: end.map_or(Instant::MAX, |e| e.latest),
                })
            };
            let events = node.list("event").iter().filter_map(|e| e.text().and_then(read)).reduce(TimeRange::hull);
            let bounds = || node.get("repeat").and_then(|r| r.get("boundsPeriod")).and_then(of);
            of(node).or(events).or_else(bounds)
        }
        _ => None,
    }
}
