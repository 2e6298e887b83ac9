//! A value as evidence shows it, written out only when somebody asks.

use super::interval::Interval;
use super::time::{TimeRange, Zone};
use super::truth::Truth;
use super::words::Words;
use std::fmt;

/// A value with what is needed to write it; the same value is always written alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// A number and its unit; plain numbers stand alone.
    Number(Interval, Option<Words>),
    /// A truth.
    Truth(Truth),
    /// Words.
    Text(String),
    /// A moment, a day, or from one day to another, in a site's calendar.
    Time(TimeRange, Zone),
    /// No time was sent.
    NoTime,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n, unit) => {
                n.fmt(f)?;
                match unit {
                    Some(unit) if *unit != "1" => write!(f, " {unit}"),
                    _ => Ok(()),
                }
            }
            Self::Truth(truth) => f.write_str(truth.word()),
            Self::Text(text) => f.write_str(text),
            Self::Time(range, zone) => zone.write_range(*range, f),
            Self::NoTime => f.write_str("no clinical time"),
        }
    }
}

impl serde::Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
