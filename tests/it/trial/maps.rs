//! Site maps: units, answers, systems, and the codes that UCUM knows and senders mean otherwise.

use trialgate::model::number::Number;
use trialgate::model::unit::{Unit, conversion};
use trialgate::trial::terms::fold;
use trialgate::trial::{TermsFiles, terms};

fn files() -> TermsFiles {
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    TermsFiles {
        systems: pair("systems.toml", include_str!("../../../profiles/terms/systems.toml")),
        units: pair("units.toml", include_str!("../../../profiles/terms/units.toml")),
        answers: pair("answers.toml", include_str!("../../../profiles/terms/answers.toml")),
        sites: vec![(
            "main".into(),
            "main.toml".into(),
            include_str!("../../../profiles/terms/sites/main.toml").into(),
        )],
    }
}

#[test]
fn the_maps_are_read_without_mistakes() {
    let (all, mistakes) = terms(&files());
    assert!(mistakes.is_empty(), "{}", mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    assert_eq!(all.shared.units["mmHg"], "mm[Hg]");
    assert_eq!(all.shared.units["\u{b5}mol/L"], "umol/L");
    assert_eq!(all.shared.units["\u{3bc}mol/L"], "umol/L");
    for code in ["K/uL", "G/L", "T/L", "m/uL", "N/A", "mL/min/1.73.m2", "g/24.h"] {
        assert!(all.shared.misread.contains(code), "{code}");
        assert!(!all.shared.units.contains_key(code), "{code} means a thing by site only");
    }
    assert!(!all.shared.answers.contains_key("neg."));
    assert_eq!(all.of("main").answers["neg."].code, "260385009");
    assert_eq!(all.shared.answers[&fold(" ＮＥＧ ")].code, "260385009");
    assert_eq!(all.shared.answers["non-reactive"].code, "131194007");
    assert_eq!(all.shared.system("http://hl7.org/fhir/sid/icd-10-cm"), "http://hl7.org/fhir/sid/icd-10");
}

#[test]
fn units_of_the_dictionary_convert_exactly() {
    for (from, to, factor) in [
        ("g/L", "g/dL", "0.1"),
        ("10*3/uL", "10*9/L", "1"),
        ("10*3/mm3", "10*9/L", "1"),
        ("/uL", "10*9/L", "0.001"),
        ("/mm3", "10*9/L", "0.001"),
        ("10*6/L", "10*9/L", "0.001"),
        ("mg/dL", "g/L", "0.01"),
        ("mmol/L", "umol/L", "1000"),
        ("g/d", "g/(24.h)", "1"),
        ("mg/d", "g/(24.h)", "0.001"),
        ("mL/s", "mL/min", "60"),
        ("[lb_av]", "kg", "0.45359237"),
        ("[in_i]", "cm", "2.54"),
        ("k[iU]/L", "[iU]/mL", "1"),
        ("{cells}/uL", "/uL", "1"),
    ] {
        let found = conversion(from, to).unwrap_or_else(|e| panic!("{from} to {to}: {e}"));
        assert_eq!(found.factor, Number::parse(factor).expect("a decimal"), "{from} to {to}");
    }
    let pressure = conversion("kPa", "mm[Hg]").expect("pressures convert");
    assert_eq!(Some(&pressure.factor), Number::ratio(1_000_000, 133_322).as_ref());
}

#[test]
fn what_stands_in_braces_is_compared() {
    let clash = |a: &str, b: &str| Unit::parse(a).and_then(|x| Unit::parse(b).and_then(|y| x.conversion(&y))).is_err();
    assert!(clash("mL/min", "mL/min/{1.73_m2}"));
    assert!(clash("[iU]/L", "U/L"));
    assert!(!clash("{score}", "1"));
}
