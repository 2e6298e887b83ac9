//! Facts as rows: every word as received, so that a row gives back exactly what was stated.

use super::contract::StoreError;
use super::tx::{Columns, Tx};
use super::value::Value;
use crate::model::code::Coding;
use crate::model::fact::{
    DraftFact, FactStatus, FactValue, Origin, Qualifier, ReceivedEnd, ReceivedNumber, ReceivedRange, ReceivedUnit,
};
use crate::model::key::{Item, PatientKey};
use crate::model::time::{Instant, Partial, TimeRange};

/// `at` of a fact without any clinical time; `Instant::MIN` itself means "always", or "began at an unknown time".
const NO_TIME: i64 = i64::MIN + 1;
/// `until` of a fact that was entered in error: it was never known to hold, and its resource is still found by it.
pub(super) const NEVER_HELD: i64 = i64::MIN;
/// Between the words of one coding, between codings, before the text beside them: characters that FHIR strings may not hold.
const WORD: char = '\u{1f}';
const ITEM: char = '\u{1e}';
const TEXT: char = '\u{1d}';

/// The place of a fact's clinical time in its row.
pub(super) fn at(draft: &DraftFact) -> i64 {
    draft.at.map_or(NO_TIME, |t| t.earliest.0)
}

/// Place of the code among the values of a row.
const CODE: usize = 1;

/// The values of a row, its code still open.
pub(super) fn row(patient: PatientKey, item: Item, version: i64, known: Instant, fact: &DraftFact) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::with_capacity(22);
    all.extend([patient.into(), Value::Null, item.into(), version.into(), known.into()]);
    all.extend(values(fact));
    all
}

/// Writes a row under a code.
pub(super) async fn insert(tx: &mut impl Tx, code: i64, row: &mut [Value]) -> Result<(), StoreError> {
    row[CODE] = code.into();
    tx.execute(
        "insert into fact (partition, patient, code, item, version, known, part, origin, at, at_end, other_end, recorded, status, kind, low, high, text, unit, low_ref, high_ref, unit_ref, context, until)
         values (part(?1), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22) on conflict do nothing",
        row,
    )
    .await?;
    Ok(())
}

/// Whether two facts state the same of two codes.
pub(super) fn same_but_code(a: &DraftFact, b: &DraftFact) -> bool {
    let DraftFact { code: _, part, origin, at, other_end, recorded, status, value, range, context } = a;
    (part, origin, at, other_end, recorded, status) == (&b.part, &b.origin, &b.at, &b.other_end, &b.recorded, &b.status)
        && (value, range, context) == (&b.value, &b.range, &b.context)
}

/// A fact's values, in the order of the columns from `part` on.
fn values(draft: &DraftFact) -> [Value; 17] {
    let (kind, low, high, text, unit) = value(&draft.value);
    let range = draft.range.as_ref();
    [
        i64::from(draft.part).into(),
        (draft.origin as i64).into(),
        at(draft).into(),
        draft.at.map_or(NO_TIME, |t| t.latest.0).into(),
        draft.other_end.into(),
        draft.recorded.into(),
        (draft.status as i64).into(),
        kind.into(),
        low.into(),
        high.into(),
        text.into(),
        unit.into(),
        range.and_then(|r| r.low.clone()).into(),
        range.and_then(|r| r.high.clone()).into(),
        range.map(|r| unit_word(&r.unit)).into(),
        context(&draft.context).into(),
        (draft.status == FactStatus::EnteredInError).then_some(NEVER_HELD).into(),
    ]
}

/// A fact back from its row, its code still open: its origin's column, and that of its part with the others behind it.
pub(super) fn read(row: &dyn Columns, origin: usize, c: usize) -> Result<DraftFact, StoreError> {
    let wrong = |what: &str| StoreError::Corrupt(format!("a fact's {what} is none that is known"));
    let (earliest, latest) = (row.int(c + 1)?, row.int(c + 2)?);
    Ok(DraftFact {
        code: Coding::new("", ""),
        part: u16::try_from(row.int(c)?).map_err(|_| wrong("part"))?,
        origin: Origin::from_number(row.int(origin)?).ok_or_else(|| wrong("origin"))?,
        at: (earliest != NO_TIME).then_some(TimeRange { earliest: Instant(earliest), latest: Instant(latest) }),
        other_end: row.maybe_int(c + 3)?.map(Instant),
        recorded: row.maybe_int(c + 4)?.map(Instant),
        status: FactStatus::from_number(row.int(c + 5)?).ok_or_else(|| wrong("status"))?,
        value: read_value(row, c + 6)?,
        range: read_range(row, c + 11)?.map(Box::new),
        context: read_context(row.maybe_text(c + 14)?)?,
    })
}

type Encoded = (i64, Option<String>, Option<String>, Option<String>, Option<String>);

fn value(value: &FactValue) -> Encoded {
    match value {
        FactValue::Quantity { number, unit } => {
            let [low, high] = match number {
                ReceivedNumber::Exact(decimal) => [Some(end_word(decimal, true)), Some(end_word(decimal, true))],
                ReceivedNumber::Range(ends) => {
                    ends.each_ref().map(|e| e.as_ref().map(|e| end_word(&e.decimal, e.closed)))
                }
            };
            (1, low, high, None, Some(unit_word(unit)))
        }
        FactValue::Coded { codings, text } => (2, None, None, Some(coded(codings, text.as_deref())), None),
        FactValue::Text(text) => (3, None, None, Some(text.clone()), None),
        FactValue::Boolean(truth) => (4, Some(truth.to_string()), None, None, None),
        FactValue::Date(date) => (5, Some(date_word(date)), None, None, None),
        FactValue::Absent(reason) => (6, None, None, Some(reason.clone()), None),
        FactValue::Unreadable(kind) => (7, None, None, Some(kind.clone()), None),
    }
}

fn read_value(row: &dyn Columns, c: usize) -> Result<FactValue, StoreError> {
    let wrong = || StoreError::Corrupt("a fact's value cannot be read".into());
    let words = || row.maybe_text(c + 3)?.ok_or_else(wrong);
    Ok(match row.int(c)? {
        1 => FactValue::Quantity {
            number: read_number(row.maybe_text(c + 1)?, row.maybe_text(c + 2)?),
            unit: read_unit(row.maybe_text(c + 4)?.unwrap_or_default()),
        },
        2 => read_coded(words()?),
        3 => FactValue::Text(words()?.to_owned()),
        4 => FactValue::Boolean(row.maybe_text(c + 1)? == Some("true")),
        5 => FactValue::Date(row.maybe_text(c + 1)?.and_then(read_date).ok_or_else(wrong)?),
        6 => FactValue::Absent(words()?.to_owned()),
        7 => FactValue::Unreadable(words()?.to_owned()),
        _ => return Err(wrong()),
    })
}

fn end_word(decimal: &str, closed: bool) -> String {
    format!("{}{decimal}", if closed { '[' } else { '(' })
}

fn read_number(low: Option<&str>, high: Option<&str>) -> ReceivedNumber {
    match (low, high) {
        (Some(low), Some(high)) if low == high && low.starts_with('[') => ReceivedNumber::Exact(low[1..].into()),
        _ => ReceivedNumber::range(low.map(read_end), high.map(read_end)),
    }
}

fn read_end(text: &str) -> ReceivedEnd {
    ReceivedEnd { closed: text.starts_with('['), decimal: text.get(1..).unwrap_or_default().into() }
}

fn unit_word(unit: &ReceivedUnit) -> String {
    match unit {
        ReceivedUnit::None => String::new(),
        ReceivedUnit::Ucum(code) => format!("u{code}"),
        ReceivedUnit::Word(word) => format!("w{word}"),
    }
}

fn read_unit(text: &str) -> ReceivedUnit {
    match (text.get(..1), text.get(1..)) {
        (Some("u"), Some(code)) => ReceivedUnit::Ucum(code.into()),
        (Some("w"), Some(word)) => ReceivedUnit::Word(word.into()),
        _ => ReceivedUnit::None,
    }
}

/// A date as it was sent; a moment with its offset, in numbers, since printing rounds to what FHIR prints.
fn date_word(date: &Partial) -> String {
    match date {
        Partial::Instant(at, offset) => format!("{} {offset}", at.0),
        other => other.to_string(),
    }
}

fn read_date(text: &str) -> Option<Partial> {
    match text.split_once(' ') {
        Some((at, offset)) => Some(Partial::Instant(Instant(at.parse().ok()?), offset.parse().ok()?)),
        None => Partial::parse(text).ok(),
    }
}

fn coded(codings: &[Coding], text: Option<&str>) -> String {
    let words: Vec<String> = codings.iter().map(|c| format!("{}{WORD}{}", c.system, c.code)).collect();
    let mut all = words.join(&ITEM.to_string());
    if let Some(text) = text {
        all.push(TEXT);
        all.push_str(text);
    }
    all
}

fn read_coded(all: &str) -> FactValue {
    let (codings, text) = match all.split_once(TEXT) {
        Some((codings, text)) => (codings, Some(text.to_owned())),
        None => (all, None),
    };
    let coding = |word: &str| word.split_once(WORD).map(|(system, code)| Coding::new(system, code));
    FactValue::Coded { codings: codings.split(ITEM).filter_map(coding).collect(), text }
}

fn read_range(row: &dyn Columns, c: usize) -> Result<Option<ReceivedRange>, StoreError> {
    let Some(unit) = row.maybe_text(c + 2)? else { return Ok(None) };
    let end = |c| row.maybe_text(c).map(|text| text.map(str::to_owned));
    Ok(Some(ReceivedRange { low: end(c)?, high: end(c + 1)?, unit: read_unit(unit) }))
}

fn context(context: &[(Qualifier, Coding)]) -> Option<String> {
    let word = |(q, c): &(Qualifier, Coding)| format!("{}{WORD}{}{WORD}{}", *q as i64, c.system, c.code);
    (!context.is_empty()).then(|| context.iter().map(word).collect::<Vec<_>>().join(&ITEM.to_string()))
}

fn read_context(text: Option<&str>) -> Result<Vec<(Qualifier, Coding)>, StoreError> {
    let one = |word: &str| {
        let mut parts = word.splitn(3, WORD);
        let qualifier = Qualifier::from_number(parts.next()?.parse().ok()?)?;
        Some((qualifier, Coding::new(parts.next()?, parts.next()?)))
    };
    let wrong = || StoreError::Corrupt("a fact's context cannot be read".into());
    text.map_or(Ok(Vec::new()), |text| text.split(ITEM).map(|w| one(w).ok_or_else(wrong)).collect())
}
