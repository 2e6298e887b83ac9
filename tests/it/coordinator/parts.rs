//! The pure parts of pages: plain words, drawings, what flipped a verdict, what is hidden.

use trialgate::flow::library::Library;
use trialgate::flow::profiles::Profiles;
use trialgate::model::interval::{End, Interval};
use trialgate::model::number::Number;
use trialgate::model::time::Instant;
use trialgate::publish::blinding::Blinding;
use trialgate::publish::history::{Kept, step};
use trialgate::publish::plain::{Joined, Names, joined, value};
use trialgate::publish::trend::{Point, SIDE, draw, limits};
use trialgate::trial::definition::Trial;

const TRIAL: &str = "NCT00962923";

fn trial() -> Trial {
    let library = Library::load(&Profiles::built_in()).unwrap_or_else(|m| panic!("{m:?}"));
    (*library.trial(TRIAL).expect("the trial").trial).clone()
}

#[test]
fn expressions_are_read_in_plain_words() {
    let trial = trial();
    let names = Names::of(&trial);
    for (expression, words) in [
        ("albumin <= 25 'g/L'", "Serum albumin ≤ 25 g/L"),
        ("platelets < 80 '10*9/L'", "Platelet count < 80 × 10⁹/L"),
        ("mpap_echo > 40 'mm[Hg]'", "Mean pulmonary artery pressure, echocardiography > 40 mmHg"),
        ("creatinine > 120 'umol/L'", "Serum creatinine > 120 µmol/L"),
        ("age_limit", "age limit"),
        ("sex = 'female' and x1_albumin", "sex = female and x1_albumin"),
        ("unclosed 'quote", "unclosed quote"),
        ("", ""),
    ] {
        assert_eq!(names.expression(expression), words, "{expression}");
    }
    assert_eq!(names.variable("albumin or hb"), "Serum albumin / Hemoglobin in blood");
    for (found, shown) in [
        ("31 {score}", "31"),
        ("80 10*9/L", "80 × 10⁹/L"),
        ("35 mm[Hg]", "35 mmHg"),
        ("44 %", "44 %"),
        ("female", "female"),
    ] {
        assert_eq!(value(found), shown);
    }
}

#[test]
fn parts_are_joined_as_the_text_joins_them() {
    let cases: [(&str, &[&str], Joined); 7] = [
        ("a < 1 or b < 2", &["a < 1", "b < 2"], Joined::Any),
        ("a and (b or c)", &["a", "b or c"], Joined::All),
        ("AtLeast(2, a, b, c)", &["a", "b", "c"], Joined::AtLeast(2)),
        ("AtLeast(1, a, b)", &["a", "b"], Joined::Any),
        ("not a", &["a"], Joined::Not),
        ("reading", &["a"], Joined::As),
        ("a implies b", &["a", "b"], Joined::As),
    ];
    for (text, parts, expected) in cases {
        assert_eq!(joined(text, parts), expected, "{text}");
    }
}

#[test]
fn limits_are_found_behind_readings_and_alternatives() {
    let trial = trial();
    let chosen: Vec<usize> = trial.readings.iter().map(|r| r.default).collect();
    let of = |name: &str| -> Vec<String> {
        let place = trial.variables.iter().position(|v| v.name == name).expect("a variable");
        limits(&trial, &chosen, place).iter().map(|l| format!("{} {} {}", l.criterion, l.sign, l.value)).collect()
    };
    assert_eq!(of("albumin"), ["I4 < 25"]);
    assert_eq!(of("dlco_pct"), ["I3 < 70", "E1 < 45"]);
    assert_eq!(of("vc_pct"), ["I3 < 70"]);
    assert_eq!(of("fvc_pct"), ["I3 < 70"], "the surrogate is compared with the same limit");
    assert_eq!(of("mpap_catheter"), ["E1 > 50"]);
    assert_eq!(of("weight"), [""; 0], "a loss of weight is no limit of the weight");
}

#[test]
fn a_drawing_keeps_order_and_bounds() {
    let number = |text: &str| Number::parse(text).expect("a number");
    let exact = |at: i64, text: &str| Point { at: Instant(at), value: Interval::exact(number(text)) };
    let below = Interval { low: None, high: Some(End::open(number("5"))) };
    let points = [exact(0, "10"), exact(50, "20"), Point { at: Instant(75), value: below }];
    let drawing = draw(&points, &[number("15")], Instant(100));
    assert_eq!(drawing.dots, [(0, 667), (500, 0)]);
    assert_eq!(drawing.bars, [(750, SIDE, SIDE)], "below 5: from the lowest value to the edge");
    assert_eq!(drawing.lines, [334]);
    let one = draw(&[exact(7, "3")], &[], Instant(7));
    assert_eq!(one.dots, [(0, SIDE / 2)], "one value alone has no extent");
    assert_eq!(draw(&[], &[], Instant(0)), Default::default());
    let far = draw(&[exact(i64::MIN + 1, "1"), exact(i64::MAX, "2")], &[], Instant::MAX);
    assert!(far.dots.iter().all(|(x, y)| (0..=SIDE).contains(x) && (0..=SIDE).contains(y)), "{far:?}");
}

#[test]
fn a_step_names_what_came_what_went_and_what_flipped() {
    let kept = |result: &str, value: &str, version: &str| {
        let json = format!(
            r#"{{"overall":"undetermined","criteria":[{{"id":"I4","kind":"inclusion","protocol":"…","result":"{result}","tree":{{}},
            "facts":[{{"variable":"albumin","value":"{value}","received":"{value}","at":"2026-03-14","status":"{version}","source":""}}]}}]}}"#
        );
        Kept::of_json(json.as_bytes()).expect("evidence")
    };
    let (first, second) = (kept("true", "24 g/L", "final"), kept("false", "42 g/L", "corrected"));
    let found = step(&first, &second);
    assert_eq!((found.flips.len(), found.came.len(), found.went.len()), (1, 1, 1));
    assert_eq!((found.flips[0].from.as_str(), found.flips[0].to.as_str()), ("true", "false"));
    assert_eq!(found.came[0].received, "42 g/L");
    assert_eq!(step(&first, &first), Default::default(), "time alone brings nothing");
    assert!(Kept::of_json(b"[]").is_none());
}

#[test]
fn what_leans_on_a_hidden_name_is_hidden_too() {
    let mut trial = trial();
    assert_eq!(Blinding::of(&trial, false), Blinding::default());
    trial.hidden = vec!["hb".into(), "study_drug".into()];
    let blind = Blinding::of(&trial, false);
    assert!(blind.hides_variable("hb") && blind.hides_variable("esr or hb") && !blind.hides_variable("esr"));
    assert!(blind.hides_reading("esr_and_or_hb") && blind.hides_criterion("I2") && !blind.hides_criterion("I3"));
    assert!(blind.hides_variable("allo_msc") && blind.hides_treatment());
    assert_eq!(Blinding::of(&trial, true), Blinding::default(), "to the unblinded nothing is hidden");
}
