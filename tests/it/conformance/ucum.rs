//! The functional tests of UCUM: which codes are units, and conversions, products and quotients to the precision printed.

use super::xml::{Element, root};
use crate::left_out::shared;
use trialgate::model::number::Number;
use trialgate::model::unit::{Unit, UnitFault};

const FILES: [&str; 2] = ["UcumFunctionalTests.xml", "UcumFunctionalTests.2.xml"];
const TABLE: &str = "conformance-ucum.tsv";
const HEAD: &str = "file\tsection\tcase\tasked\twanted\there\treason";

/// One case as it comes out here.
struct Outcome {
    asked: String,
    wanted: String,
    here: String,
    same: bool,
}

#[test]
fn the_functional_tests_of_ucum_differ_only_as_listed() {
    let Some(folder) = shared("material/conformance/ucum") else { return };
    let (mut rows, mut passed) = (Vec::new(), 0);
    for file in FILES {
        let tests = root(&std::fs::read_to_string(folder.join(file)).expect("the file"));
        let sections: [(&str, fn(&Element) -> Outcome); 5] = [
            ("validation", validation),
            ("displayNameGeneration", display),
            ("conversion", conversion),
            ("multiplication", |case| reckoned(case, true)),
            ("division", |case| reckoned(case, false)),
        ];
        for (name, judge) in sections {
            for case in tests.all(name).flat_map(|section| section.all("case")) {
                let outcome = judge(case);
                if outcome.same {
                    passed += 1;
                    continue;
                }
                let cells = [file.to_owned(), name.into(), case.of("id"), outcome.asked, outcome.wanted, outcome.here];
                rows.push(cells.into_iter().chain([String::new()]).collect());
            }
        }
    }
    assert!(passed > 1_000, "only {passed} cases pass");
    super::compare(TABLE, HEAD, &rows);
}

/// A unit of the tests: nothing stands for 1.
fn unit(code: &str) -> Result<Unit, UnitFault> {
    if code.is_empty() { Ok(Unit::one()) } else { Unit::parse(code) }
}

/// A special scale is a unit, with which nothing is computed here.
fn validation(case: &Element) -> Outcome {
    let code = case.of("unit");
    let is_unit = !matches!(Unit::parse(&code), Err(UnitFault::NotUcum(_)));
    let wanted = case.of("valid") == "true";
    let word = |valid: bool| if valid { "a unit" } else { "no unit" }.to_owned();
    Outcome { asked: code, wanted: word(wanted), here: word(is_unit), same: wanted == is_unit }
}

fn display(case: &Element) -> Outcome {
    Outcome { asked: case.of("unit"), wanted: case.of("display"), here: "no name".into(), same: false }
}

fn conversion(case: &Element) -> Outcome {
    let [value, from, to, wanted] = ["value", "srcUnit", "dstUnit", "outcome"].map(|name| case.of(name));
    let found = number(&value).and_then(|n| {
        let way = Unit::parse(&from).and_then(|f| f.conversion(&Unit::parse(&to)?)).map_err(|e| e.to_string())?;
        Ok(way.apply(&n))
    });
    outcome(format!("{value} {from} in {to}"), wanted, found)
}

fn reckoned(case: &Element, times: bool) -> Outcome {
    let [v1, u1, v2, u2, wanted, to] = ["v1", "u1", "v2", "u2", "vRes", "uRes"].map(|name| case.of(name));
    let found = number(&v1).and_then(|a| {
        let b = number(&v2)?;
        let value = if times { Some(&a * &b) } else { a.checked_div(&b) }.ok_or("division by zero")?;
        let way = unit(&u1).and_then(|u1| {
            let u2 = unit(&u2)?;
            if times { u1.times(&u2) } else { u1.per(&u2) }?.conversion(&unit(&to)?)
        });
        way.map(|way| way.apply(&value)).map_err(|e| e.to_string())
    });
    let sign = if times { '*' } else { '/' };
    outcome(format!("{v1} {u1} {sign} {v2} {u2} in {to}"), wanted, found)
}

fn number(text: &str) -> Result<Number, String> {
    Number::parse(text).map_err(|fault| format!("{fault:?}"))
}

/// The same when it lies within half of the last digit that is printed.
fn outcome(asked: String, wanted: String, found: Result<Number, String>) -> Outcome {
    let same = found.as_ref().is_ok_and(|found| {
        let (mantissa, exponent) = wanted.split_once(['e', 'E']).unwrap_or((&wanted, "0"));
        let decimals = mantissa.split_once('.').map_or(0, |(_, d)| d.len());
        let last = exponent.parse::<i32>().expect("an exponent") - i32::try_from(decimals).expect("few decimals");
        let printed = number(mantissa).map(|m| &m * &Number::decimal(1, exponent.parse().expect("an exponent")));
        printed.is_ok_and(|printed| (&printed - found).abs() <= Number::decimal(5, last - 1))
    });
    let here = found.map_or_else(|fault| fault, |n| n.to_string());
    Outcome { asked, wanted, here, same }
}
