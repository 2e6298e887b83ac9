//! The public tests of CQL's operators: each is evaluated as CQL says, differs on purpose for the reason listed, or is refused by name.

use super::xml::{Element, root};
use crate::evaluate::{asks, truth_of};
use crate::left_out::shared;
use trialgate::model::truth::Truth;
use trialgate::trial::expression::check::{Wanted, check, expect};
use trialgate::trial::expression::names::Names;
use trialgate::trial::expression::parser::parse;
use trialgate::trial::expression::syntax::Fault;
use trialgate::trial::expression::tree::{Expr, Type};

const TABLE: &str = "conformance-cql.tsv";
const HEAD: &str = "file\ttest\texpression\twanted\there\tdetail";
const NOW: &str = "2026-03-15T12:00:00+08:00";

#[test]
fn the_public_tests_of_cql_pass_differ_as_listed_or_are_refused_by_name() {
    let Some(folder) = shared("material/conformance/cql") else { return };
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("the folder").map(|f| f.expect("a file").path()).collect();
    files.sort();
    let mut rows = Vec::new();
    for path in files {
        let file = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let tests = root(&std::fs::read_to_string(&path).expect("text"));
        for group in tests.all("group") {
            for test in group.all("test") {
                let (asked, wanted, here, detail) = judged(test);
                let name = format!("{}/{}", group.of("name"), test.of("name"));
                rows.push(vec![file.clone(), name, one_line(&asked), one_line(&wanted), here, detail]);
            }
        }
    }
    assert_eq!(rows.len(), 1823, "the tests beside the project are others");
    super::compare(TABLE, HEAD, &rows);
}

fn read(text: &str) -> Result<Expr, Fault> {
    expect(check(text, &parse(text)?, &Names::built_in())?, &Wanted::Any)
}

/// Expression, what is wanted, what happens here, and of a refusal what it names.
fn judged(test: &Element) -> (String, String, String, String) {
    let expression = test.all("expression").next().expect("an expression");
    let (text, invalid) = (expression.text.trim(), !expression.of("invalid").is_empty());
    let outputs: Vec<&str> = test.all("output").map(|o| o.text.trim()).collect();
    let wanted = if invalid { "an error".to_owned() } else { outputs.join(" ") };
    let so = |here: &str, detail: &str| (text.to_owned(), wanted.clone(), here.to_owned(), detail.to_owned());
    match read(text) {
        Err(_) if invalid => so("passes", "-"),
        Err(fault) if !names_it(text, &fault) => so("refused without a name", ""),
        Err(fault) => so("refused", &one_line(&fault.message)),
        Ok(_) if invalid => so("differs: no error", ""),
        Ok(found) => match equal(text, &found, &wanted) {
            Ok(true) => so("passes", "-"),
            Ok(false) => so(&format!("differs: {}", said(text, &found)), ""),
            Err(fault) => so("refused", &format!("the wanted value: {}", one_line(&fault.message))),
        },
    }
}

/// Whether the value of an expression is the one wanted.
fn equal(text: &str, found: &Expr, wanted: &str) -> Result<bool, Fault> {
    let output = read(wanted)?;
    if wanted == "null" {
        return Ok(holds(&unknown(text, found)));
    }
    if found.ty == Type::Truth && output.ty == Type::Truth {
        return Ok(holds(&format!("({text}) is {wanted}")));
    }
    let same = format!("({text}) = ({wanted})");
    Ok(read(&same).is_ok() && holds(&same))
}

fn unknown(text: &str, found: &Expr) -> String {
    match found.ty {
        Type::Truth => format!("not (({text}) is true) and not (({text}) is false)"),
        _ => format!("({text}) is null"),
    }
}

fn holds(text: &str) -> bool {
    truth_of(&asks("", text).assess(&[], NOW), "A") == Truth::True
}

/// What a value is here, for the table.
fn said(text: &str, found: &Expr) -> String {
    if holds(&unknown(text, found)) {
        return "unknown".into();
    }
    match found.ty {
        Type::Truth => if holds(&format!("({text}) is true")) { "true" } else { "false" }.into(),
        _ => "another value".into(),
    }
}

/// Whether a refusal names what stands in the expression, or says of which kind it is.
fn names_it(text: &str, fault: &Fault) -> bool {
    let mut quoted = fault.message.split('`').skip(1).step_by(2);
    let kinds =
        ["cannot be compared so", "a time without a zone", "has no fixed length", "escapes in a text", "wanted"];
    quoted.any(|word| text.contains(word)) || kinds.iter().any(|kind| fault.message.contains(kind))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
