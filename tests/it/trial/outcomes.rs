//! Outcomes, visits, grades and drugs beside the study drug as a definition writes them.

use crate::evaluate::{answered, include, number, refused, world};
use trialgate::flow::library;
use trialgate::flow::profiles::Profiles;
use trialgate::flow::rehearsal::cases;
use trialgate::trial::definition::Trial;
use trialgate::trial::outcome::{Better, Measured, OutcomeKind};

/// A study drug given once, two drugs, and rows of visits by month and by quarter.
fn drug(more: &str) -> String {
    let drug = |name: &str, more: &str| {
        format!("[variables.{name}]\nfrom = \"medication_administration\"\ncode = [\"local|{name}\"]\n{more}")
    };
    let cells = drug("cells", "amount = \"dose\"\nunit = \"mg\"\n");
    format!(
        "{cells}{}[anchors]\nday0 = \"First(cells).time\"\n[treatment]\ndrug = \"cells\"\nstarts = \"day0\"\n{more}\
         [visits]\nmonthly = {{ every = \"1 month\", until = \"24 months\", from = \"day0\", window = \"7 days\" }}\n\
         quarterly = {{ every = \"3 months\", until = \"24 months\", from = \"day0\", window = \"14 days\" }}\n",
        drug("steroid", ""),
    )
}

fn body(outcomes: &str) -> String {
    let select = |name: &str| format!("select = \"Last({name} within 28 days)\"\n");
    let skin = number("skin", "{score}") + &select("skin");
    let platelets = number("platelets", "10*9/L") + &select("platelets");
    let change = "[variables.change]\nlabel = \"Change of the skin\"\nderive = \"skin - Baseline(skin)\"\n";
    format!(
        "{skin}{platelets}{}{change}{}{}{outcomes}",
        answered("failed"),
        drug("concomitant = [\"steroid\"]\n"),
        include("A", "skin > 20")
    )
}

const OUTCOMES: &str = "
[[outcomes]]
id = \"skin\"
kind = \"primary\"
protocol = \"mRSS score [monthly]\"
value = \"skin\"
visits = \"monthly\"
better = \"lower\"
[[outcomes]]
id = \"labs\"
kind = \"secondary\"
value = [\"platelets\", \"change\", \"A\"]
visits = \"quarterly\"
[[outcomes]]
id = \"skin_response\"
label = \"Response of the skin\"
kind = \"secondary\"
applies = \"Baseline(A)\"
value = \"PercentChange(Baseline(skin), skin) <= -25 '%'\"
visits = \"monthly\"
better = \"true\"
[[outcomes]]
id = \"survival\"
kind = \"other\"
from = \"day0\"
event = \"Min({death, First(failed where value).time})\"
censor = \"last_contact\"
[[safety]]
id = \"platelets_decreased\"
on = \"platelets\"
grades = [\"platelets < LowerLimit(platelets)\", \"platelets < 75 '10*9/L'\", \"platelets < 50 '10*9/L'\"]
";

#[test]
fn outcomes_are_typed_and_tied_to_their_rows() {
    let trial = world(&body(OUTCOMES)).trial;
    let [skin, labs, response, survival] = trial.outcomes.as_slice() else { panic!("{:?}", trial.outcomes) };
    assert_eq!(
        (&*skin.id, skin.kind, skin.protocol.as_deref()),
        ("skin", OutcomeKind::Primary, Some("mRSS score [monthly]"))
    );
    let place = |name: &str| trial.variables.iter().position(|v| &*v.name == name);
    let [item] = skin.items() else { panic!("{skin:?}") };
    assert_eq!((item.variable, item.better), (place("skin"), Some(Better::Lower)));
    assert_eq!(item.unit.as_ref().map(|u| u.code()), Some("{score}"));

    let Measured::AtVisits { row: 1, items } = &labs.measured else { panic!("{labs:?}") };
    let told: Vec<_> = items.iter().map(|i| (&*i.name, &*i.label, i.variable, i.unit.is_some())).collect();
    let platelets = ("platelets", "platelets", place("platelets"), true);
    assert_eq!(told, [platelets, ("change", "Change of the skin", None, true), ("A", "A", None, false)]);

    let [item] = response.items() else { panic!("{response:?}") };
    assert!(response.applies.is_some());
    assert_eq!((&*item.name, &*item.label, item.better), ("skin_response", "Response of the skin", Some(Better::True)));
    assert!(matches!(survival.measured, Measured::ToEvent { from: 0, .. }), "{survival:?}");

    let [grades] = trial.safety.as_slice() else { panic!("{:?}", trial.safety) };
    assert_eq!((&*grades.label, Some(grades.on), grades.grades.len()), ("platelets decreased", place("platelets"), 3));
    assert_eq!(trial.concomitant, Vec::from_iter(place("steroid")));
    let all = trial.expressions();
    for part in ["last_contact", "Baseline(A)", "platelets < 50 '10*9/L'", "change"] {
        assert!(all.iter().any(|e| &*e.text == part), "{part}");
    }
}

#[test]
fn visits_are_called_by_their_distance() {
    let trial = world(&body(OUTCOMES)).trial;
    let names = |trial: &Trial, row: usize| [0, 1, 8].map(|n| trial.visits[row].visit_name(n));
    assert_eq!(names(&trial, 0), ["Baseline", "M1", "M8"]);
    assert_eq!(names(&trial, 1), ["Baseline", "M3", "M24"]);
    for (every, window, third) in [
        ("4 weeks", "3 days", "W12"),
        ("7 days", "3 days", "D21"),
        ("6 hours", "1 hour", "H18"),
        ("1 year", "1 month", "Y3"),
    ] {
        let written = format!(
            "[visits]\nrow = {{ every = \"{every}\", until = \"5 years\", from = \"day0\", window = \"{window}\" }}\n"
        );
        let written = written.replace("5 years", if every.contains("hour") { "3 days" } else { "5 years" });
        let anchor = format!("{}[anchors]\nday0 = \"First(x).time\"\n", number("x", "kg"));
        let trial = world(&format!("{anchor}{written}")).trial;
        assert_eq!(trial.visits[0].visit_name(3), third);
    }
}

#[track_caller]
fn wrong(outcomes: &str, words: &[&str]) {
    let told = refused(&body(outcomes));
    assert_eq!(told.matches(": error: ").count(), 1, "{told}");
    for words in words {
        assert!(told.contains(words), "{words}: {told}");
    }
}

/// An outcome with these lines.
fn outcome(lines: &str) -> String {
    format!("[[outcomes]]\nid = \"o\"\nkind = \"other\"\n{lines}\n")
}

#[test]
fn mistakes_of_outcomes_are_told_where_they_stand() {
    let at_visits = |value: &str, better: &str| outcome(&format!("value = {value}\nvisits = \"monthly\"\n{better}"));
    wrong(
        &outcome("value = \"skin\"\nvisits = \"weekly\""),
        &["no row of visits is named `weekly`", "wanted one of monthly, quarterly"],
    );
    wrong(&outcome("value = \"skin\"\nvisits = \"montly\""), &["did you mean `monthly`?"]);
    wrong(&outcome("value = \"skin\""), &["`visits` of the outcome `o` is missing"]);
    wrong(&outcome(""), &["`o` has neither `value` nor `event`"]);
    wrong(
        &outcome("value = \"skin\"\nvisits = \"monthly\"\nevent = \"death\""),
        &["`event` has no meaning beside `value`", "at visits (`value`, `visits`) or as the time to an event"],
    );
    wrong(&outcome("from = \"day0\"\nevent = \"death\""), &["`censor` of the outcome `o` is missing"]);
    wrong(
        &outcome("from = \"day0\"\nevent = \"death\"\ncensor = \"last_contact\"\nbetter = \"true\""),
        &["`better` has no meaning beside `from`"],
    );
    wrong(
        &outcome("from = \"enrolment\"\nevent = \"death\"\ncensor = \"last_contact\""),
        &["no anchor is named `enrolment`", "wanted one of day0"],
    );
    wrong(&outcome("from = \"day0\"\nevent = \"skin\"\ncensor = \"last_contact\""), &["wanted a date or time"]);
    wrong(&at_visits("\"skin > 3\"", "better = \"lower\""), &["`skin > 3` is a truth, of which `lower` says nothing"]);
    wrong(&at_visits("\"skin\"", "better = \"true\""), &["`skin` is a plain number, of which `true` says nothing"]);
    wrong(&at_visits("\"death\"", "better = \"lower\""), &["`death` is a time", "only numbers and truths"]);
    wrong(&at_visits("\"skin\"", "better = \"less\""), &["wanted one of higher, lower, true, false"]);
    wrong(&at_visits("[\"skin\", \"plateles\"]", ""), &["`plateles` names no variable", "did you mean `platelets`?"]);
    wrong(
        &at_visits("[\"skin - 1\"]", ""),
        &["`skin - 1` names no variable, reading or criterion", "an expression alone"],
    );
    wrong(&at_visits("[\"death\"]", ""), &["`death` names no variable, reading or criterion"]);
    wrong(&at_visits("[\"skin\", \"skin\"]", ""), &["`skin` is an outcome of this row of visits twice"]);
    wrong(&at_visits("\"null\"", ""), &["nothing that can be measured"]);
    let twice =
        outcome("value = \"skin\"\nvisits = \"monthly\"") + &outcome("value = \"platelets\"\nvisits = \"quarterly\"");
    wrong(&twice, &["the id `o` stands twice"]);
    let told = refused(&body(&at_visits("[\"skin\", \"plateles\"]", "")));
    assert!(told.contains("value = [\"skin\", \"plateles\"]\n") && told.contains("^^^^^^^^^^"), "{told}");
}

#[test]
fn mistakes_of_grades_and_drugs_are_told_where_they_stand() {
    let safety = |on: &str, grade: &str| format!("[[safety]]\nid = \"s\"\non = \"{on}\"\ngrades = [\"{grade}\"]\n");
    wrong(&safety("platelet", "skin > 3"), &["`platelet` is no recorded variable", "did you mean `platelets`?"]);
    wrong(&safety("change", "skin > 3"), &["`change` is no recorded variable", "a variable with `from`"]);
    wrong(&safety("failed", "failed"), &["the results of `failed` are a truth", "only numbers are graded"]);
    wrong(&safety("skin", "skin"), &["wanted a condition that is true or false"]);
    wrong(&(safety("skin", "skin > 3") + &safety("skin", "skin > 4")), &["the id `s` stands twice"]);
    for (list, words) in [
        ("\"cells\"", "`cells` is the study drug itself"),
        ("\"skin\"", "`skin` is no drug"),
        ("\"steroid\", \"steroid\"", "`steroid` stands twice"),
        ("\"steroids\"", "did you mean `steroid`?"),
    ] {
        let told = refused(&body("").replace("concomitant = [\"steroid\"]", &format!("concomitant = [{list}]")));
        assert!(told.contains(words) && told.matches(": error: ").count() == 1, "{words}: {told}");
    }
}

#[test]
fn rows_of_visits_end_after_they_begin_and_have_no_end_of_visits() {
    for (every, until, window, words) in [
        ("6 hours", "3 days", "3 hours", "the window is as wide as the visits are apart"),
        ("2 months", "1 month", "3 days", "the row ends before its first visit"),
        ("1 minute", "2 years", "0 minutes", "more than 1000 visits in one row"),
        ("0 days", "2 years", "0 days", "the visits are not apart"),
    ] {
        let row =
            format!("row = {{ every = \"{every}\", until = \"{until}\", from = \"day0\", window = \"{window}\" }}\n");
        let told = refused(&body("").replace("monthly =", &format!("{row}monthly =")));
        assert!(told.contains(words) && told.matches(": error: ").count() == 1, "{words}: {told}");
    }
}

#[test]
fn a_case_says_which_cell_event_or_grade_differs() {
    let profiles = Profiles::built_in();
    let (terms, _) = library::maps(&profiles);
    let differs = |trial: &str, case: &str, change: (&str, &str)| {
        let file = format!("trials/{trial}/cases/{case}.json");
        let text = profiles.0.get(&file).expect("the case");
        let (head, expect) = text.split_once("\"expect\"").expect("what it expects");
        assert!(expect.contains(change.0), "{}", change.0);
        let text = format!("{head}\"expect\"{}", expect.replacen(change.0, change.1, 1));
        let (trial, _) = library::definition(&profiles, &format!("trials/{trial}"));
        cases::run(&trial.expect("a definition"), &terms, &file, &text).differences
    };
    let diabetes = |change| differs("NCT04667143", "O01-week-24", change);
    assert_eq!(diabetes(("\"7.1 %\"", "\"7.2 %\"")), ["outcomes.hba1c.W24.value: expected \"7.2 %\", found \"7.1 %\""]);
    assert_eq!(diabetes(("\"W12\"", "\"W13\"")).len(), 1, "there is no such visit");
    assert_eq!(diabetes(("2026-04-01", "2026-04-02")).len(), 1, "day 0");
    let skin = |change| differs("NCT00962923", "O01-response-dose-grade", change);
    assert_eq!(
        skin(("\"grade\": 2", "\"grade\": 1")),
        ["grades.creatinine_increased.2026-03-10.grade: expected 1, found 2"]
    );
    assert_eq!(skin(("\"days\": 89", "\"days\": 90")), ["events.survival.days: expected 90, found 89"]);
    assert_eq!(skin(("\"-25 %\"", "\"-25 %\"")), Vec::<String>::new());
}

#[test]
fn a_reading_that_only_outcomes_ask_for_is_beside_no_verdict() {
    let reading = |name: &str, of: &str| {
        format!("[readings.{name}]\nquestion = \"{name}?\"\ndefault = \"a\"\na = \"{of} > 20\"\nb = \"{of} >= 20\"\n")
    };
    let outcome = outcome("value = \"of_outcome\"\nvisits = \"monthly\"");
    let derived = "[variables.above]\nderive = \"of_verdict\"\n";
    let readings = reading("of_verdict", "skin") + &reading("of_outcome", "skin");
    let world = world(&format!("{}{derived}{readings}{}", body(&outcome), include("B", "above")));
    let decides: Vec<_> = world.trial.readings.iter().map(|r| (r.name.as_str(), r.decides)).collect();
    assert_eq!(decides, [("of_verdict", true), ("of_outcome", false)]);
    let told: Vec<String> =
        world.assess(&[], "2026-03-15T12:00:00+08:00").readings.into_iter().map(|(n, _)| n).collect();
    assert_eq!(told, ["of_verdict"]);
}
