//! A drug that an administration names by reference: what the Medication says of it, put in its place when facts are read.

use super::code::Coding;
use super::fact::{Fact, FactValue, Origin, ReceivedNumber, ReceivedUnit};
use super::number::Number;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How the code of an administration begins that names a Medication of its own source: `Medication/id`, with no system.
const REFERENCE: &str = "Medication/";
/// The part of an administration that is its dose as sent.
const DOSE: u16 = 0;
/// The part of an administration that is its dose by the strength of what was given.
const BY_STRENGTH: u16 = 2;

/// The id of the Medication that stands for a code.
pub fn reference(code: &Coding) -> Option<&str> {
    code.code.strip_prefix(REFERENCE).filter(|id| code.system.is_empty() && !id.is_empty() && !id.contains('/'))
}

/// The code that stands for what a Medication of that id will say.
pub fn code_of(id: &str) -> Coding {
    Coding::new("", format!("{REFERENCE}{id}"))
}

/// The Medications that administrations among these facts name: source and id.
pub fn referred(facts: &[Fact]) -> BTreeSet<(Arc<str>, String)> {
    let of_drug = facts.iter().filter(|f| f.draft.origin == Origin::MedicationAdministration);
    of_drug.filter_map(|f| Some((f.source.clone(), reference(&f.draft.code)?.to_owned()))).collect()
}

/// The facts, each administration that names this Medication under every code of it, with the amount by its strength.
/// They stay facts of the administration: its version, its times.
pub fn put_in_place(facts: Vec<Fact>, source: &str, id: &str, medication: &[Fact]) -> Vec<Fact> {
    let names = |f: &Fact| &*f.source == source && reference(&f.draft.code) == Some(id);
    let mut found = Vec::with_capacity(facts.len());
    for fact in facts {
        if !names(&fact) {
            found.push(fact);
            continue;
        }
        for said in medication {
            let mut own = fact.clone();
            own.draft.code = said.draft.code.clone();
            match &said.draft.range {
                None => found.push(own),
                Some(_) if fact.draft.part != DOSE => {}
                Some(per) => {
                    let per = per.low.as_deref().map(|n| (n, &per.unit));
                    if let Some(amount) = per.and_then(|per| in_amount(&fact.draft.value, &said.draft.value, per)) {
                        (own.draft.part, own.draft.value) = (BY_STRENGTH, amount);
                        found.push(own);
                    }
                }
            }
        }
    }
    found
}

fn exact(value: &FactValue) -> Option<(&str, &ReceivedUnit)> {
    match value {
        FactValue::Quantity { number: ReceivedNumber::Exact(decimal), unit } => Some((decimal, unit)),
        _ => None,
    }
}

/// So much of something times what one measure of it holds: the dose, the substance, and in how much of it that is.
/// `None` where units are not UCUM or differ, or the decimals never end.
pub fn in_amount(dose: &FactValue, substance: &FactValue, per: (&str, &ReceivedUnit)) -> Option<FactValue> {
    let (dose, substance) = (exact(dose)?, exact(substance)?);
    let (ReceivedUnit::Ucum(given), ReceivedUnit::Ucum(measure), ReceivedUnit::Ucum(_)) = (dose.1, per.1, substance.1)
    else {
        return None;
    };
    if given != measure {
        return None;
    }
    let number = |text: &str| Number::parse(text).ok();
    let amount = (&number(dose.0)? * &number(substance.0)?).checked_div(&number(per.0)?)?.to_decimal()?;
    Some(FactValue::Quantity { number: ReceivedNumber::Exact(amount.into()), unit: substance.1.clone() })
}
