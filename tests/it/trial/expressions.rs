//! Precedence, types and units of expressions; nothing that is written makes the reader panic.

use proptest::prelude::*;
use trialgate::model::number::Number;
use trialgate::model::unit::Unit;
use trialgate::trial::expression::check::check;
use trialgate::trial::expression::names::{Names, Symbol};
use trialgate::trial::expression::parser::parse;
use trialgate::trial::expression::tree::{Kind, Name, Type};

fn names() -> Names {
    let mut names = Names::built_in();
    let unit = |code: &str| Type::Number(Unit::parse(code).expect("a UCUM unit"));
    let all = [
        ("a", Type::Number(Unit::one())),
        ("t", Type::Truth),
        ("u", Type::Truth),
        ("pct", unit("%")),
        ("hb", unit("g/dL")),
        ("score", unit("{score}")),
        ("crea", unit("umol/L")),
        ("w", unit("kg")),
    ];
    for (i, (word, ty)) in all.into_iter().enumerate() {
        let molar_mass = (word == "crea").then(|| Number::parse("113.12").expect("a decimal"));
        names.add(word, Symbol { name: Name::Variable(i), ty: Some(ty.clone()), facts: Some(ty), molar_mass });
    }
    names
}

fn read(text: &str) -> Result<trialgate::trial::expression::tree::Expr, String> {
    let told = |f: trialgate::trial::expression::syntax::Fault| format!("{} {}", f.message, f.help.unwrap_or_default());
    check(text, &parse(text).map_err(told)?, &names()).map_err(told)
}

#[test]
fn operators_bind_as_in_cql() {
    for (text, same) in [
        ("t or t and u", "t or (t and u)"),
        ("t implies u or t", "t implies (u or t)"),
        ("not t and u", "(not t) and u"),
        ("t xor u and t", "t xor (u and t)"),
        ("1 + 2 * 3 = 7", "(1 + (2 * 3)) = 7"),
        ("2 * 3 ^ 2 > 5", "(2 * (3 ^ 2)) > 5"),
        ("-2 ^ 2 = 4", "((-2) ^ 2) = 4"),
        ("a < 3 = true", "(a < 3) = true"),
        ("not t is null", "not (t is null)"),
        ("a between 1 and 2 and t", "(a between 1 and 2) and t"),
        ("7 - 3 - 2 = 2", "((7 - 3) - 2) = 2"),
        ("years between birth_date and Today() >= 15", "(years between birth_date and Today()) >= 15"),
    ] {
        let kind = |s: &str| {
            let mut expr = read(s).unwrap_or_else(|e| panic!("{s}: {e}"));
            blank(&mut expr);
            expr.kind
        };
        assert_eq!(kind(text), kind(same), "{text}");
    }
}

/// Texts differ by brackets: only the shape is compared.
fn blank(expr: &mut trialgate::trial::expression::tree::Expr) {
    expr.text = "".into();
    match &mut expr.kind {
        Kind::And(all) | Kind::Or(all) => all.iter_mut().for_each(blank),
        Kind::Not(a) | Kind::Negate(a) | Kind::IsNull(a, _) => blank(a),
        Kind::Xor(a, b)
        | Kind::Implies(a, b)
        | Kind::Compare(_, a, b)
        | Kind::Arithmetic(_, a, b)
        | Kind::UnitsBetween(_, a, b, _) => {
            blank(a);
            blank(b);
        }
        Kind::Between(a, b, c) => [a, b, c].into_iter().for_each(|e| blank(e)),
        _ => {}
    }
}

#[test]
fn what_is_wrong_is_said() {
    for (text, wanted) in [
        ("not a > 3", "binds tighter"),
        ("a < 3 < 4", "chain"),
        ("pct < 70", "70 '%'"),
        ("hb < 11 'g'", "cannot become"),
        ("hb < 11 'furlong'", "no UCUM unit"),
        ("flatten {a}", "`flatten` is not supported"),
        ("Foo(a)", "`Foo` is not supported"),
        ("StableDose(w)", "wants a window with a beginning"),
        ("StableDose(w within 8 hours)", "counted in days"),
        ("Consecutive(2, w, 1 day) > 3", "members of a series"),
        ("exists (Consecutive(1, w, 1 day))", "from 2 to 100"),
        ("exists (Consecutive(2, w, 3))", "wanted a gap"),
        ("exists (Consecutive(2, {a}, 1 day))", "wants the series of a variable"),
        ("Duration(w, 1 day) > 3", "cannot become"),
        ("value > 3", "inside a `where`"),
        ("nope", "named `nope`"),
        ("AtLeast(3, t, u)", "from 1 to 2"),
        ("Today() + a", "written duration"),
        ("a +", "too early"),
        ("'x", "without its end"),
        ("a > 12mg", "no number"),
        ("First(t within 3 days) + 1 > 0", "wanted a number"),
    ] {
        let told = read(text).expect_err(text);
        assert!(told.contains(wanted), "{text}: {told}");
    }
    for right in [
        "score > 20",
        "a between 15 and 65",
        "hb < 110 'g/L'",
        "crea > 1.36 'mg/dL'",
        "Number(crea, 'mg/dL') > 1",
        "(1 - w / Max(w within 365 days)) * 100 '%' > 10 '%'",
        "Min({death, First(t).time}) < Now()",
        "exists (problem_list within 365 days)",
        "Last(hb within 28 days where value > 3 'g/dL') > 1 'g/dL'",
    ] {
        read(right).unwrap_or_else(|e| panic!("{right}: {e}"));
    }
}

#[test]
fn literals_are_converted_exactly() {
    let limit = |text: &str| match read(text).expect(text).kind {
        Kind::Compare(_, _, right) => format!("{:?}", right.kind),
        other => panic!("{other:?}"),
    };
    assert_eq!(limit("hb < 110 'g/L'"), limit("hb < 11 'g/dL'"));
    assert!(read("crea > 1.3574 'mg/dL'").is_ok());
}

#[test]
fn long_and_deep_texts_are_refused_and_never_overflow() {
    for text in [
        "(".repeat(5000),
        "not ".repeat(2000),
        "1+".repeat(3000) + "1",
        "-".repeat(5000) + "1",
        "if t then ".repeat(900),
        "x".repeat(20_000),
    ] {
        assert!(read(&text).is_err());
    }
    assert!(read(&format!("{}a > 1", "t and ".repeat(1500))).is_ok(), "a flat chain is no depth");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        let _ = read(&text);
    }

    #[test]
    fn any_words_are_read_or_refused(words in prop::collection::vec(prop::sample::select(vec!["a", "t", "hb", "not", "and", "or", "(", ")", "<", ">", "=", "1", "'g/L'", "within", "days", "Last", "exists", "if", "then", "else", "{", "}", ",", "is", "null", "-", "+", "*", "/", ".", "time", "@2024-01", "between", "before", "Interval", "[", "]"]), 0..40)) {
        let _ = read(&words.join(" "));
    }
}
