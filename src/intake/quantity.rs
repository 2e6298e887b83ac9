//! Values as received: quantities, ranges, ratios, answers. Nothing is converted here.

use super::element;
use super::json::{Kind, Node};
use crate::model::code::{Coding, UCUM_SYSTEM};
use crate::model::fact::{FactValue, ReceivedEnd, ReceivedNumber, ReceivedRange, ReceivedUnit};
use crate::model::medication::in_amount;
use crate::model::number::Number;

/// `value[x]` of an Observation, of one component, or of an answer; `None` when there is none.
pub(super) fn value(node: &Node<'_>) -> Option<FactValue> {
    let (name, value) = node.members().iter().find(|(n, _)| {
        n.strip_prefix("value").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
    })?;
    let read = match (name.as_ref(), &value.kind) {
        ("valueQuantity", _) => quantity(value),
        ("valueRange", _) => range(value),
        ("valueRatio", _) => ratio(value),
        ("valueCodeableConcept", _) => Some(coded(value)),
        ("valueCoding", _) => Some(chosen(value)),
        ("valueInteger" | "valueDecimal", Kind::Number(number)) => Some(exactly(number, ReceivedUnit::None)),
        ("valueString" | "valueUri", Kind::Text(text)) => Some(FactValue::Text(text.to_string())),
        ("valueBoolean", Kind::Boolean(b)) => Some(FactValue::Boolean(*b)),
        ("valueDateTime" | "valueDate", Kind::Text(_)) => element::date(node, name).map(FactValue::Date),
        _ => None,
    };
    Some(read.unwrap_or_else(|| FactValue::Unreadable(name.to_string())))
}

fn coded(concept: &Node<'_>) -> FactValue {
    let codings = element::coded(concept);
    let text = if codings.is_empty() { element::words(concept) } else { concept.text_of("text") };
    FactValue::Coded { codings, text: text.map(Into::into) }
}

/// An answer that is one Coding.
fn chosen(coding: &Node<'_>) -> FactValue {
    let code = coding.text_of("code").map(|c| Coding::new(coding.text_of("system").unwrap_or_default(), c));
    FactValue::Coded { codings: code.into_iter().collect(), text: coding.text_of("display").map(Into::into) }
}

/// A Quantity with a number; its comparator leaves one end open.
pub(super) fn quantity(node: &Node<'_>) -> Option<FactValue> {
    let decimal = node.number_of("value")?;
    let end = |closed| Some(ReceivedEnd { decimal: decimal.into(), closed });
    let number = match node.text_of("comparator") {
        None => ReceivedNumber::Exact(decimal.into()),
        Some("<") => ReceivedNumber::range(None, end(false)),
        Some("<=") => ReceivedNumber::range(None, end(true)),
        Some(">=") => ReceivedNumber::range(end(true), None),
        Some(">") => ReceivedNumber::range(end(false), None),
        Some(_) => return None,
    };
    Some(FactValue::Quantity { number, unit: unit(node) })
}

/// A quantity of exactly that number.
pub(super) fn exactly(number: &str, unit: ReceivedUnit) -> FactValue {
    FactValue::Quantity { number: ReceivedNumber::Exact(number.into()), unit }
}

/// The unit of a Quantity: a UCUM code only where the system says so.
pub(super) fn unit(node: &Node<'_>) -> ReceivedUnit {
    let code = node.text_of("code");
    match (node.text_of("system"), code.or_else(|| node.text_of("unit"))) {
        (Some(UCUM_SYSTEM), _) if code.is_some() => ReceivedUnit::Ucum(code.unwrap_or_default().into()),
        (_, Some(word)) => ReceivedUnit::Word(word.into()),
        (_, None) => ReceivedUnit::None,
    }
}

/// The unit that two limits share; `None` when they differ.
fn shared_unit(low: Option<&Node<'_>>, high: Option<&Node<'_>>) -> Option<ReceivedUnit> {
    let (low, high) = (low.map(unit), high.map(unit));
    match (low, high) {
        (Some(a), Some(b)) if a != b => None,
        (Some(a), _) => Some(a),
        (None, b) => Some(b.unwrap_or(ReceivedUnit::None)),
    }
}

fn range(node: &Node<'_>) -> Option<FactValue> {
    let limit = |name: &str| node.get(name).filter(|l| l.get("value").is_some());
    let (low, high) = (limit("low"), limit("high"));
    if [low, high].iter().flatten().any(|l| l.get("comparator").is_some()) || low.is_none() && high.is_none() {
        return None;
    }
    let end = |limit: Option<&Node<'_>>| {
        limit.and_then(|l| l.number_of("value")).map(|n| ReceivedEnd { decimal: n.into(), closed: true })
    };
    Some(FactValue::Quantity { number: ReceivedNumber::range(end(low), end(high)), unit: shared_unit(low, high)? })
}

/// A titre 1:320 is its denominator; another ratio of plain numbers stays words; any other is not computed with.
fn ratio(node: &Node<'_>) -> Option<FactValue> {
    let (over, under) = (node.get("numerator")?, node.get("denominator")?);
    let plain = |q: &Node<'_>| matches!(unit(q), ReceivedUnit::None) || unit(q) == ReceivedUnit::Ucum("1".into());
    if !plain(over) || !plain(under) || over.get("comparator").is_some() {
        return None;
    }
    let (n, d) = (over.number_of("value")?, under.number_of("value")?);
    if Number::parse(n) == Ok(Number::ONE) {
        return match quantity(under)? {
            FactValue::Quantity { number, .. } => Some(FactValue::Quantity { number, unit: ReceivedUnit::None }),
            other => Some(other),
        };
    }
    under.get("comparator").is_none().then(|| FactValue::Text(format!("{n}:{d}")))
}

/// The range that holds for everybody: of no special age or group, and normal if its kind is said.
pub(super) fn reference_range(node: &Node<'_>) -> Option<ReceivedRange> {
    let normal = |r: &&Node<'_>| {
        let kind = r.get("type").map(element::coded);
        r.get("age").is_none()
            && r.get("appliesTo").is_none()
            && kind.is_none_or(|codes| codes.iter().any(|c| c.code == "normal"))
    };
    let range = node.list("referenceRange").iter().find(normal)?;
    let (low, high) = (range.get("low"), range.get("high"));
    let limit = |q: Option<&Node<'_>>| q.and_then(|q| q.number_of("value")).map(Into::into);
    let read = ReceivedRange { low: limit(low), high: limit(high), unit: shared_unit(low, high)? };
    (read.low.is_some() || read.high.is_some()).then_some(read)
}

/// A rate: a Quantity as it is, or a Ratio of UCUM quantities divided exactly.
pub(super) fn rate(dosage: &Node<'_>) -> Option<FactValue> {
    if let Some(rate) = dosage.get("rateQuantity") {
        return Some(quantity(rate).unwrap_or_else(|| FactValue::Unreadable("rateQuantity".into())));
    }
    let ratio = dosage.get("rateRatio")?;
    Some(divided(ratio).unwrap_or_else(|| FactValue::Unreadable("rateRatio".into())))
}

fn divided(ratio: &Node<'_>) -> Option<FactValue> {
    let (over, under) = (ratio.get("numerator")?, ratio.get("denominator")?);
    let (ReceivedUnit::Ucum(over_unit), ReceivedUnit::Ucum(under_unit)) = (unit(over), unit(under)) else {
        return None;
    };
    if over.get("comparator").is_some() || under.get("comparator").is_some() {
        return None;
    }
    let (n, d) = (over.number_of("value")?, under.number_of("value")?);
    let divisor = Number::parse(d).ok()?;
    let value =
        if divisor == Number::ONE { n.into() } else { Number::parse(n).ok()?.checked_div(&divisor)?.to_decimal()? };
    let code = match under_unit.as_str() {
        "1" => over_unit,
        simple if !simple.contains(['/', '.']) => format!("{over_unit}/{simple}").into(),
        composed => format!("{over_unit}/({composed})").into(),
    };
    Some(exactly(&value, ReceivedUnit::Ucum(code)))
}

/// A volume times a strength per the same unit of volume, exactly; `None` where units differ or decimals never end.
pub(super) fn strength_of(dose: &FactValue, strength: &Node<'_>) -> Option<FactValue> {
    let (substance, per) = super::medication::parts(strength)?;
    in_amount(dose, &substance, (per.low.as_deref()?, &per.unit))
}

/// What the rate of a dosage comes to in so many microseconds, exactly; `None` where its unit is no UCUM unit per time or decimals never end.
pub(super) fn amount_over(dosage: &Node<'_>, us: i64) -> Option<FactValue> {
    let (over, under) = match dosage.get("rateQuantity") {
        Some(rate) => (rate, None),
        None => {
            let ratio = dosage.get("rateRatio")?;
            (ratio.get("numerator")?, Some(ratio.get("denominator")?))
        }
    };
    let exact = |node: &Node<'_>| match (unit(node), node.text_of("comparator")) {
        (ReceivedUnit::Ucum(code), None) => Some((Number::parse(node.number_of("value")?).ok()?, code)),
        _ => None,
    };
    let (number, code) = exact(over)?;
    let (per, what, time) = match under {
        Some(under) => {
            let (per, time) = exact(under)?;
            (per, code.as_str().to_owned(), time.as_str().to_owned())
        }
        None => {
            let (what, time) = code.rsplit_once('/')?;
            (Number::ONE, what.to_owned(), time.to_owned())
        }
    };
    let second = 1_000_000;
    let one = match time.as_str() {
        "s" => second,
        "min" => 60 * second,
        "h" => 3_600 * second,
        "d" => 86_400 * second,
        _ => return None,
    };
    let amount = (&number * &Number::ratio(us, one)?).checked_div(&per)?;
    let is_one = !what.is_empty() && !amount.is_negative();
    is_one.then(|| Some(exactly(&amount.to_decimal()?, ReceivedUnit::Ucum(what.into()))))?
}
