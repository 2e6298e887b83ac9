//! Received quantities become numbers in a variable's unit, exactly, or a reason why not.

use crate::model::code::Coding;
use crate::model::fact::{ReceivedEnd, ReceivedRange, ReceivedUnit};
use crate::model::interval::{End, Interval};
use crate::model::number::{Number, NumberFault};
use crate::model::reading::Reason;
use crate::model::terms::Terms;
use crate::model::unit::{self, Conversion, Unit, UnitFault};
use crate::trial::definition::Variable;

/// Why something is left out: the kind of reason, and a sentence.
pub(super) type Refusal = (Reason, String);

/// A received range of numbers in a variable's unit.
pub(super) fn convert(
    variable: &Variable,
    molar_mass: Option<&Number>,
    terms: &Terms,
    code: &Coding,
    ends: (Option<&ReceivedEnd>, Option<&ReceivedEnd>),
    unit: &ReceivedUnit,
) -> Result<Interval, Refusal> {
    let way = way(variable, molar_mass, terms, code, unit)?;
    apply(way.as_ref(), ends)
}

/// The range of numbers by a known way.
fn apply(way: Option<&Conversion>, ends: (Option<&ReceivedEnd>, Option<&ReceivedEnd>)) -> Result<Interval, Refusal> {
    let end = |e: Option<&ReceivedEnd>| -> Result<Option<End>, Refusal> {
        let Some(e) = e else {
            return Ok(None);
        };
        let value = Number::parse(&e.decimal).map_err(|fault| (Reason::CodeNotUnderstood, not_a_number(fault)))?;
        Ok(Some(End { value: way.map_or_else(|| value.clone(), |w| w.apply(&value)), closed: e.closed }))
    };
    let low = end(ends.0)?;
    let high = if ends.0 == ends.1 { low.clone() } else { end(ends.1)? };
    Interval::new(low, high)
        .ok_or_else(|| (Reason::CodeNotUnderstood, "the lower end is above the upper one; wanted a range".to_owned()))
}

fn not_a_number(fault: NumberFault) -> String {
    match fault {
        NumberFault::NotDecimal => "the value is no decimal; wanted one".to_owned(),
        NumberFault::TooLong => "the decimal has too many digits to be computed with; wanted at most 28".to_owned(),
    }
}

/// How to convert; `None`: the number stays as it is.
fn way(
    variable: &Variable,
    molar_mass: Option<&Number>,
    terms: &Terms,
    code: &Coding,
    received: &ReceivedUnit,
) -> Result<Option<Conversion>, Refusal> {
    let Some(target) = &variable.unit else {
        return Ok(None);
    };
    let refuse = |text: String| Err((Reason::UnitNotConvertible, text));
    let wanted = target.code();
    let from: &str = match received {
        ReceivedUnit::None => {
            let usual = terms.usual(code);
            match terms.default_units.get(code).or_else(|| terms.default_units.get(&usual)) {
                Some(default) => default,
                None if target.is_one() => return Ok(None),
                None => return refuse(format!("no unit was sent and the map has none for {code}; wanted `{wanted}`")),
            }
        }
        ReceivedUnit::Word(word) => match terms.units.get(word) {
            Some(code) => code,
            None => return refuse(format!("the unit word `{word}` is in no map; wanted `{wanted}`")),
        },
        ReceivedUnit::Ucum(sent) => match terms.units.get(sent) {
            Some(meant) => meant,
            None if terms.misread.contains(sent) => {
                return refuse(misread(sent, wanted));
            }
            None => sent,
        },
    };
    if from == wanted {
        return Ok(None);
    }
    match unit::conversion(from, wanted) {
        Ok(way) => Ok(Some((*way).clone())),
        Err(fault @ UnitFault::Dimension(..)) => match molar_mass.and_then(|m| by_molar_mass(from, wanted, m)) {
            Some(way) => Ok(Some(way)),
            None => refuse(format!("{fault}; wanted `{wanted}`")),
        },
        Err(fault) => refuse(format!("{fault}; wanted `{wanted}`")),
    }
}

/// A code that UCUM knows and senders mean otherwise: what it measures as sent, and what would do.
fn misread(sent: &str, wanted: &str) -> String {
    let as_sent = match Unit::parse(sent) {
        Ok(unit) => format!("as UCUM {} is another thing than senders mean by it", unit.measures()),
        Err(_) => format!("`{sent}` is no UCUM unit"),
    };
    format!(
        "{as_sent} (K is kelvin, G gauss, T tesla, m meter); wanted `{wanted}`, or a site map that says what `{sent}` means"
    )
}

/// From molar units to mass or back, by grams per mole.
fn by_molar_mass(from: &str, wanted: &str, grams_per_mole: &Number) -> Option<Conversion> {
    if let Ok(way) = unit::conversion(&format!("({from}).g/mol"), wanted) {
        return Some(Conversion { factor: &way.factor * grams_per_mole, offset: Number::ZERO });
    }
    let way = unit::conversion(&format!("({from}).mol/g"), wanted).ok()?;
    Some(Conversion { factor: way.factor.checked_div(grams_per_mole)?, offset: Number::ZERO })
}

/// The reference range of a result in the variable's unit; `None`: none that can be used.
pub(super) fn limits(
    variable: &Variable,
    molar_mass: Option<&Number>,
    terms: &Terms,
    code: &Coding,
    range: &ReceivedRange,
    of_value: &ReceivedUnit,
) -> Option<Interval> {
    let end = |d: &Option<String>| d.as_ref().map(|d| ReceivedEnd { decimal: d.clone(), closed: true });
    let unit = if range.unit == ReceivedUnit::None { of_value } else { &range.unit };
    let (low, high) = (end(&range.low), end(&range.high));
    convert(variable, molar_mass, terms, code, (low.as_ref(), high.as_ref()), unit).ok()
}
