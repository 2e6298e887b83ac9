//! Received quantities become numbers in a variable's unit, exactly, or a reason why not.

use super::ways::Way;
use crate::model::code::Coding;
use crate::model::fact::{Fact, FactValue, ReceivedEnd, ReceivedNumber, ReceivedRange, ReceivedUnit};
use crate::model::interval::{End, Interval};
use crate::model::number::{Number, NumberFault};
use crate::model::reading::{Reason, Value};
use crate::model::terms::Terms;
use crate::model::truth::Truth;
use crate::model::unit::{self, Conversion, Unit, UnitFault};
use crate::trial::definition::{Variable, VariableKind};

/// Why something is left out: the kind of reason, and a sentence.
pub(super) type Refusal = (Reason, String);

/// A received range of numbers in a variable's unit.
pub(super) fn convert(
    variable: &Variable,
    terms: &Terms,
    code: &Coding,
    sent: &ReceivedNumber,
    unit: &ReceivedUnit,
) -> Result<Interval, Refusal> {
    apply(&way(variable, terms, code, unit), sent)
}

/// The range of numbers by a known way.
pub(super) fn apply(way: &Way, sent: &ReceivedNumber) -> Result<Interval, Refusal> {
    let way = way.as_ref().map_err(Clone::clone)?.as_ref();
    let end = |e: &Option<ReceivedEnd>| -> Result<Option<End>, Refusal> {
        let Some(e) = e else {
            return Ok(None);
        };
        Ok(Some(End { value: number(way, &e.decimal)?, closed: e.closed }))
    };
    let [low, high] = match sent {
        ReceivedNumber::Exact(decimal) => return Ok(Interval::exact(number(way, decimal)?)),
        ReceivedNumber::Range(ends) => ends.as_ref(),
    };
    Interval::new(end(low)?, end(high)?)
        .ok_or_else(|| (Reason::CodeNotUnderstood, "the lower end is above the upper one; wanted a range".to_owned()))
}

fn number(way: Option<&Conversion>, decimal: &str) -> Result<Number, Refusal> {
    let value = Number::parse(decimal).map_err(|fault| (Reason::CodeNotUnderstood, not_a_number(fault)))?;
    Ok(match way {
        Some(way) => way.apply(&value),
        None => value,
    })
}

fn not_a_number(fault: NumberFault) -> String {
    match fault {
        NumberFault::NotDecimal => "the value is no decimal; wanted one".to_owned(),
        NumberFault::TooLong => "the decimal has too many digits to be computed with; wanted at most 28".to_owned(),
    }
}

/// How to convert to the variable's unit; `None`: the number stays as it is.
pub(super) fn way(variable: &Variable, terms: &Terms, code: &Coding, received: &ReceivedUnit) -> Way {
    match &variable.unit {
        Some(target) => way_to(target, variable, terms, code, received),
        None => Ok(None),
    }
}

fn way_to(target: &Unit, variable: &Variable, terms: &Terms, code: &Coding, received: &ReceivedUnit) -> Way {
    let refuse = |text: String| Err((Reason::UnitNotConvertible, text));
    let wanted = target.code();
    let from: &str = match received {
        ReceivedUnit::None => {
            let usual = terms.usual(code);
            match terms.default_units.get(code).or_else(|| terms.default_units.get(&usual)) {
                Some(default) => default,
                None if target.is_one() => return Ok(None),
                // A person answers in the unit of the question.
                None if matches!(variable.kind, VariableKind::Attested { .. }) => return Ok(None),
                None => return refuse(format!("no unit was sent and the map has none for {code}; wanted `{wanted}`")),
            }
        }
        ReceivedUnit::Word(word) => match terms.units.get(word.as_str()) {
            Some(code) => code,
            None => return refuse(format!("the unit word `{word}` is in no map; wanted `{wanted}`")),
        },
        ReceivedUnit::Ucum(sent) => match terms.units.get(sent.as_str()) {
            Some(meant) => meant,
            None if terms.misread.contains(sent.as_str()) => {
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
        Err(fault @ UnitFault::Dimension(..)) => {
            match molar_mass(variable).and_then(|m| by_molar_mass(from, wanted, m)) {
                Some(way) => Ok(Some(way)),
                None => refuse(format!("{fault}; wanted `{wanted}`")),
            }
        }
        Err(fault) => refuse(format!("{fault}; wanted `{wanted}`")),
    }
}

/// Whether one unit becomes the other, as it stands or by the variable's molar mass.
pub(super) fn converts(variable: &Variable, from: &str, wanted: &str) -> bool {
    let molar = || molar_mass(variable).and_then(|m| by_molar_mass(from, wanted, m));
    unit::conversion(from, wanted).is_ok() || molar().is_some()
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

/// Whether a value may be one of the variable.
pub(super) fn plausible(variable: &Variable, value: &Value) -> Result<(), Refusal> {
    let VariableKind::Recorded(r) = &variable.kind else {
        return Ok(());
    };
    let (Value::Number(n), Some((low, high))) = (value, &r.plausible) else {
        return Ok(());
    };
    if n.meets(low, high) {
        return Ok(());
    }
    let unit = variable.unit.as_ref().map_or("", |u| u.code());
    Err((Reason::Implausible, format!("{n} {unit} lies outside {low} to {high} {unit}")))
}

/// A dose that was sent per body weight, in the variable's unit per kilogram; none above zero is no dose.
pub(super) fn dose_per_weight(variable: &Variable, terms: &Terms, fact: &Fact) -> Option<Interval> {
    let FactValue::Quantity { number, unit } = &fact.draft.value else { return None };
    let per_kg = variable.unit.as_ref()?.per(&Unit::parse("kg").ok()?).ok()?;
    let way = way_to(&per_kg, variable, terms, &fact.draft.code, unit);
    let sent = apply(&way, number).ok()?;
    (sent.gt(&Interval::exact(Number::ZERO)) == Truth::True).then_some(sent)
}

/// The reference range of a result in the variable's unit; `None`: none that can be used.
pub(super) fn limits(way: &Way, range: &ReceivedRange) -> Option<Interval> {
    let way = way.as_ref().ok()?.as_ref();
    let end = |decimal: &Option<String>| match decimal {
        Some(decimal) => number(way, decimal).map(|n| Some(End::closed(n))).ok(),
        None => Some(None),
    };
    Interval::new(end(&range.low)?, end(&range.high)?)
}

fn molar_mass(variable: &Variable) -> Option<&Number> {
    match &variable.kind {
        VariableKind::Recorded(r) => r.molar_mass.as_ref(),
        _ => None,
    }
}
