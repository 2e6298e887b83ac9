//! What a German and a Chinese hospital write, as FHIR: signs of powers, micro signs and full-width letters, answers in
//! words, certainty beside a code, and editions of ICD-10 with codes of their own.

use super::ward;
use crate::evaluate::{truth_of, world};
use crate::program::{output, trialgate};
use serde_json::Value;
use std::collections::BTreeMap;
use trialgate::model::code::Coding;
use trialgate::model::fact::{Fact, FactValue, Origin};
use trialgate::model::truth::Truth;

/// Of each variable: as received, and as used or why not.
fn read(fixture: &str) -> BTreeMap<String, (String, String)> {
    let file = format!("fixtures/languages/{fixture}.json");
    let said = output(trialgate().args(["trial", "evaluate", "profiles/trials/NCT00962923", &file]).args([
        "--as-of",
        "2026-03-15",
        "--json",
    ]));
    let verdict: Value = serde_json::from_str(&said).expect("JSON");
    let facts = verdict["criteria"].as_array().into_iter().flatten().flat_map(|c| c["facts"].as_array()).flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |f: &Value| {
        let used = if f["value"].is_null() { text(&f["remark"]) } else { text(&f["value"]) };
        (text(&f["variable"]), (text(&f["received"]), used))
    };
    facts.map(one).collect()
}

fn check(fixture: &str, wanted: &[(&str, &str, &str)]) {
    let read = read(fixture);
    for (variable, received, used) in wanted {
        let (as_sent, as_used) = read.get(*variable).unwrap_or_else(|| panic!("{variable} is not shown: {read:#?}"));
        assert!(as_sent == received && as_used.starts_with(used), "{variable}: {as_sent} -> {as_used}");
    }
}

#[test]
fn german_words_and_certainties_are_read() {
    check(
        "german",
        &[
            ("platelets", "245 Gpt/l", "245 10*9/L"),
            ("creatinine", "71 \u{3bc}mol/l", "71 umol/L"),
            ("esr", "42 mm/1.Std", "42 mm/h"),
            ("hb", "12.1 g/dl", "12.1 g/dL"),
            ("urine_protein_24h", "0.12 g/24 Std.", "0.12 g/(24.h)"),
            ("lvef", "50-55 %", "50..55 %"),
            ("hiv", "nicht reaktiv", "false"),
            ("htlv1", "Negativ", "false"),
            // A decimal comma may be a thousands sign: it is shown and not guessed.
            ("albumin", "38,5 g/l", "code not understood"),
            // Certainty: A is looked for and not there, V is a fact of unknown truth, Z is over.
            ("malignancy", "true", "false"),
            ("haemorrhagic_cystitis", "true", "unknown"),
            ("prosthesis", "true", "true"),
        ],
    );
}

#[test]
fn chinese_words_and_extension_codes_are_read() {
    check(
        "chinese",
        &[
            ("platelets", "245 ×10^9/L", "245 10*9/L"),
            ("creatinine", "71 \u{b5}mol/L", "71 umol/L"),
            ("esr", "＞１００ mm/h", ">100 mm/h"),
            ("hb", "121 g/L", "12.1 g/dL"),
            ("urine_protein_24h", "＜０.１５ g/24h", "<0.15 g/(24.h)"),
            ("hiv", "阴性", "false"),
            ("htlv1", "阳性", "true"),
            // A limit without a unit is no number of this variable.
            ("albumin", "＜５", "unit not convertible: no unit was sent"),
            // C34 is refuted, C44 is not what the trial means by a malignancy.
            ("malignancy", "true", "false"),
            ("arrhythmia", "true", "unknown"),
        ],
    );
}

#[test]
fn a_limit_in_full_width_letters_decides_only_on_one_side() {
    let w = world(
        "[variables.crp]\nfrom = \"observation\"\ncode = [\"local|crp\"]\nunit = \"mg/L\"\n\
        [[eligibility.include]]\nid = \"A\"\nprotocol = \"p\"\nrequire = \"Last(crp) < 5 'mg/L'\"\n\
        [[eligibility.include]]\nid = \"B\"\nprotocol = \"p\"\nrequire = \"Last(crp) < 3 'mg/L'\"\n",
    );
    let fact = crate::evaluate::fact("crp", FactValue::Text("＜５ mg/L".into()), "2026-03-14");
    let assessed = w.assess(&[fact], "2026-03-15T12:00:00+08:00");
    assert_eq!((truth_of(&assessed, "A"), truth_of(&assessed, "B")), (Truth::True, Truth::Unknown));
}

/// A diagnosis or drug of a system, that a trial asks for by the short names of ICD-10 and ATC.
fn is_read(code: Coding, origin: Origin) -> bool {
    let w = world(
        "[codes]\nsclerosis = { any = [\"icd10|M34\"] }\nsteroids = { any = [\"atc|H02\"] }\n\
        [variables.d]\nfrom = \"condition\"\ncode = [\"sclerosis\"]\n\
        [variables.m]\nfrom = \"medication_administration\"\ncode = [\"steroids\"]\namount = \"presence\"\n",
    );
    let mut fact: Fact = crate::evaluate::fact("x", FactValue::Boolean(true), "2026-03-14");
    (fact.draft.code, fact.draft.origin) = (code, origin);
    w.readings(&[fact]).series.iter().any(|s| !s.readings.is_empty())
}

#[test]
fn editions_of_icd_10_and_names_of_atc_are_one_system_each() {
    for (system, code) in [
        ("http://hl7.org/fhir/sid/icd-10", "M34.9"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "M34.81"),
        ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "M34.0"),
        ("http://fhir.de/CodeSystem/dimdi/icd-10-gm", "M34.0"),
        ("http://hl7.org/fhir/sid/icd-10-cn", "M34.900x001"),
        ("urn:oid:2.16.156.10011.2.3.3.11", "M34.900x001"),
        ("urn:oid:2.16.840.1.113883.6.90", "M34.0"),
    ] {
        assert!(is_read(Coding::new(system, code), Origin::Condition), "{system}");
    }
    for system in [
        "http://www.whocc.no/atc",
        "https://www.whocc.no/atc",
        "http://www.whocc.no/atc/",
        "http://fhir.de/CodeSystem/bfarm/atc",
        "http://fhir.de/CodeSystem/dimdi/atc",
        "urn:oid:2.16.840.1.113883.6.73",
        "urn:oid:2.16.578.1.12.4.1.1.7180",
    ] {
        assert!(is_read(Coding::new(system, "H02AB06"), Origin::MedicationAdministration), "{system}");
    }
    // A code is not read for its letters alone.
    for system in ["", "http://hl7.org/fhir/sid/icd-11", "urn:oid:1.2.3"] {
        assert!(!is_read(Coding::new(system, "M34.9"), Origin::Condition), "{system}");
    }
    let (maps, _) = ward(&[]);
    assert!(maps.of("ward").system("http://hl7.org/fhir/sid/icd-9-cm") != "http://hl7.org/fhir/sid/icd-10");
}
