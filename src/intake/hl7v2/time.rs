//! HL7's times: `YYYY[MM[DD[HH[MM[SS[.S+]]]]]][+/-ZZZZ]`, as FHIR's.

use super::message::Segment;
use super::read::{Fault, fault};
use crate::model::time::{Instant, Partial, Zone};

/// A time as FHIR writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct When {
    /// FHIR's text.
    pub(super) text: String,
    /// The moment, where hours and minutes were sent and mean one.
    pub(super) moment: Option<Instant>,
    /// The earliest moment that it may be: what versions are ordered by.
    pub(super) earliest: Instant,
}

/// The time in a field; `None`: nothing was sent.
pub(super) fn of(at: &Segment<'_>, field: usize, zone: &Zone) -> Result<Option<When>, Fault> {
    let stamp = at.get(field, 1);
    let when = (!stamp.is_empty()).then(|| read(&stamp, zone)).transpose();
    when.map_err(|words| fault(at, field, 102, words))
}

/// Reads a time; the error says what is wrong. A time of day without a zone is one of `zone`. An hour without minutes, and a time
/// that clocks of `zone` showed twice or never, is only that day.
pub(super) fn read(sent: &str, zone: &Zone) -> Result<When, String> {
    let wrong = || "found no time of HL7; wanted YYYY[MM[DD[HHMM[SS[.SSSS]]]]][+/-ZZZZ]".to_owned();
    let sent = sent.trim();
    let (stamp, offset) = match sent.find(['+', '-']) {
        Some(at) => (&sent[..at], Some(&sent[at..])),
        None => (sent, None),
    };
    let (digits, fraction) = stamp.split_once('.').map_or((stamp, None), |(d, f)| (d, Some(f)));
    let numeric = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if offset.is_some_and(|o| o.len() != 5 || !numeric(&o[1..])) {
        return Err(wrong());
    }
    let odd = fraction.is_some_and(|f| !numeric(f) || digits.len() != 14);
    if !numeric(digits) || odd || !matches!(digits.len(), 4 | 6 | 8 | 10 | 12 | 14) {
        return Err(wrong());
    }
    let date = match digits.len() {
        4 => digits.to_owned(),
        6 => format!("{}-{}", &digits[..4], &digits[4..6]),
        _ => format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..8]),
    };
    if digits.len() <= 10 {
        if digits.get(8..10).is_some_and(|hour| hour > "23") {
            return Err(wrong());
        }
        return day(date, zone);
    }
    let seconds = digits.get(12..14).unwrap_or("00");
    let fraction = fraction.map(|f| format!(".{f}")).unwrap_or_default();
    let clock = format!("{date}T{}:{}:{seconds}{fraction}", &digits[8..10], &digits[10..12]);
    let offset = match offset {
        Some(o) => format!("{}:{}", &o[..3], &o[3..]),
        None => match local(&clock, zone)? {
            Some(at) => return Ok(When { text: zone.show(at), moment: Some(at), earliest: at }),
            None => return day(date, zone),
        },
    };
    let text = format!("{clock}{offset}");
    match Partial::parse(&text)? {
        Partial::Instant(at, _) => Ok(When { text, moment: Some(at), earliest: at }),
        _ => Err(wrong()),
    }
}

fn day(date: String, zone: &Zone) -> Result<When, String> {
    let earliest = Partial::parse(&date)?.range(zone).earliest;
    Ok(When { text: date, moment: None, earliest })
}

/// The one moment at which clocks of the zone showed that.
fn local(clock: &str, zone: &Zone) -> Result<Option<Instant>, String> {
    match Partial::parse(&format!("{clock}Z"))? {
        Partial::Instant(at, _) => Ok(zone.shown_once(at)),
        _ => Ok(None),
    }
}
