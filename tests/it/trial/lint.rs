//! What `trial check` warns of: the faults of the first record, and of definitions that are right otherwise.

use crate::evaluate::{exclude, include, maps, number};
use trialgate::trial::check::{Files, load};
use trialgate::trial::definition::Trial;
use trialgate::trial::unmapped;

const FIRST: &str = include_str!("../../../profiles/trials/NCT00962923/trial.toml");
const PROTOCOL: &str = include_str!("../../../profiles/trials/NCT00962923/protocol.md");
const SYSTEMS: &str = include_str!("../../../profiles/terms/systems.toml");
const HEAD: &str = "language = 1\ntrial = \"T1\"\nversion = 1\n[study]\ntitle = \"A study\"\nregistry = \"https://clinicaltrials.gov\"\nstatus = \"active\"\nsites = [{ id = \"S\", name = \"Site\", country = \"CN\", zone = \"Asia/Shanghai\" }]\n[conduct]\nparticipation_starts = \"consent\"\nconsent_version = \"1\"\neligibility_valid = \"30 days\"\nrun_in = false\nobservation = false\nrescreen = true\n";

fn both(text: &str, protocol: Option<&str>) -> (Trial, Vec<String>) {
    let mut files = vec![("trial.toml".to_owned(), text.to_owned())];
    files.extend(protocol.map(|p| ("protocol.md".to_owned(), p.to_owned())));
    let (trial, mistakes) = load(&Files { folder: "t", files: &files, systems: SYSTEMS });
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    (trial.unwrap_or_else(|| panic!("{told:#?}")), told)
}

/// The warnings of a definition with this body, without those of variables that have no window.
fn warned(body: &str) -> Vec<String> {
    let (_, told) = both(&format!("{HEAD}{body}"), None);
    told.into_iter().filter(|w| !w.contains("has no window")).collect()
}

/// One warning, that holds these words.
#[track_caller]
fn one(body: &str, words: &str) {
    let told = warned(body);
    assert!(told.len() == 1 && told[0].contains(words), "{words}: {told:#?}");
}

#[test]
fn the_first_trial_has_the_warnings_that_are_true_and_no_other() {
    let (_, told) = both(FIRST, Some(PROTOCOL));
    let lines: Vec<&str> =
        told.iter().filter_map(|w| w.lines().next()?.split_once("warning: ").map(|(_, w)| w)).collect();
    let bands = [
        "`mpap_echo > 40 'mm[Hg]'` (I3) lets in and `Max({mpap_echo, mpap_catheter}) > 50 'mm[Hg]'` (E1) keeps out: the band above 40 to 50 mm[Hg] is left",
        "`dlco_pct < 70 '%'` (I3) lets in and `dlco_pct < 45 '%'` (E1) keeps out: the band from 45 to below 70 % is left",
    ];
    assert_eq!(lines, bands);
}

#[test]
fn the_faults_of_the_record_are_found_where_nobody_answered_them() {
    let without = |from: &str, to: &str| {
        assert!(FIRST.contains(from), "{from}");
        both(&FIRST.replace(from, to), Some(PROTOCOL)).1.join("\n")
    };
    // The lost operator: a reading answers it in the file as it is.
    let lost = without("serum albumin ,25 g/L: the sign is lost", "albumin");
    assert!(lost.contains("`,25 g/L` in the protocol's words: a sign such as < or > may be lost"), "{lost}");
    // Creatinine 120 mmol/L: a note answers it.
    let unit = without("protocol = \"serum creatinine above 120 mmol/L\"", "protocol = \"kidney involvement\"");
    assert!(
        unit.contains("`120 mmol/L` in the protocol's words is not plausible for `creatinine` (10 to 2500 umol/L)"),
        "{unit}"
    );
    let limit = without("creatinine > 120 'umol/L'", "creatinine > 120 'mmol/L'");
    assert!(limit.contains("the limit in `creatinine > 120 'mmol/L'` lies outside what is plausible"), "{limit}");
    let dropped = without("DLCO<45% of predicted\"", "DLCO\"");
    assert!(
        dropped.contains("t/protocol.md:24:4: warning: these words are in no `protocol` of the definition"),
        "{dropped}"
    );
}

#[test]
fn limits_that_let_in_and_keep_out_leave_a_band_or_none() {
    let body = |lets_in: &str, keeps_out: &str| {
        format!("{}{}{}", number("x", "g/L"), include("A", lets_in), exclude("B", keeps_out))
    };
    for (lets_in, keeps_out, words) in [
        ("x < 70 'g/L'", "x < 45 'g/L'", "the band from 45 to below 70 g/L is left"),
        ("x <= 70 'g/L'", "x <= 45 'g/L'", "the band above 45 to 70 g/L is left"),
        ("x > 40 'g/L'", "x > 50 'g/L'", "the band above 40 to 50 g/L is left"),
        ("x >= 40 'g/L'", "x >= 50 'g/L'", "the band from 40 to below 50 g/L is left"),
        ("x < 45 'g/L'", "x < 70 'g/L'", "no room is left between them"),
        ("x <= 45 'g/L'", "x <= 45 'g/L'", "no room is left between them"),
        ("x > 10 'g/L'", "x < 20 'g/L'", "only what is not below 20 g/L gets in"),
    ] {
        one(&body(lets_in, keeps_out), words);
    }
    // What meets at 45 from both sides, at the very number, is a band of one.
    one(&body("x <= 45 'g/L'", "x < 45 'g/L'"), "the band from 45 to 45 g/L is left");
    assert_eq!(warned(&body("x > 20 'g/L'", "x < 20 'g/L'")), [""; 0]);
}

#[test]
fn windows_that_can_never_be_met_are_told() {
    let asks = |require: &str| format!("{}{}", number("x", "g/L"), include("A", require));
    for (require, words) in [
        ("exists (x within 28 days where time <= Now() - 30 days)", "can never be met: its window ends before"),
        ("exists (x within 1 year where value > 3 'g/L' and time before Today() - 2 years)", "can never be met"),
        ("exists (x during Interval[Now() - 1 day, Now() - 3 days])", "runs backwards"),
        ("x between 9 'g/L' and 3 'g/L'", "runs backwards"),
    ] {
        one(&asks(require), words);
    }
    for fine in [
        "exists (x within 28 days where time <= Now() - 28 days)",
        "exists (x within 365 days where time <= Now() - 180 days)",
        "exists (x within 1 month where time <= Now() - 30 days)",
        "exists (x during Interval[Now() - 3 days, Now() - 1 day])",
        "x between 3 'g/L' and 9 'g/L'",
    ] {
        assert_eq!(warned(&asks(fine)), [""; 0], "{fine}");
    }
}

#[test]
fn a_number_that_stands_in_for_what_is_unknown_is_told() {
    let asks = |require: &str| {
        let y = if require.contains('y') { number("y", "g/L") } else { String::new() };
        format!("{}{y}{}", number("x", "g/L"), include("A", require))
    };
    for require in ["Min({x / 3 'g/L', 1}) > 0.5", "Max({x, 2 'g/L'}) < 5 'g/L'", "Avg({x, y, 2 'g/L'}) < 5 'g/L'"] {
        one(&asks(require), "stands in for what is unknown beside it");
    }
    one(&asks("(if y is null then null else Min({x, 1 'g/L'})) > 0.5 'g/L'"), "stands in");
    for fine in [
        "Max({x, y}) > 5 'g/L'",
        "(if x is null then null else Min({x / 3 'g/L', 1})) > 0.5",
        "(if x is null or y is null then null else Max({x, y, 1 'g/L'})) > 2 'g/L'",
        "Coalesce(x, 2 'g/L') < 5 'g/L'",
        "First({x, 2 'g/L'}) < 5 'g/L'",
    ] {
        assert_eq!(warned(&asks(fine)), [""; 0], "{fine}");
    }
}

#[test]
fn limits_beyond_what_is_plausible_are_found_on_either_side() {
    let asks = |require: &str| format!("{}plausible = [5, 70]\n{}", number("x", "g/L"), include("A", require));
    for require in ["x > 71 'g/L'", "4 'g/L' < x", "x between 1 'g/L' and 20 'g/L'", "Last(x within 3 days) > 8 'g/dL'"]
    {
        one(&asks(require), "lies outside what is plausible for `x` (5 to 70)");
    }
    assert_eq!(warned(&asks("x > 7 'g/dL'")), [""; 0]);
}

#[test]
fn what_can_never_be_decided_or_is_used_nowhere_is_told() {
    let x = number("x", "g/L");
    one(&format!("{x}{}{}", include("A", "x > 3 'g/L'"), include("B", "arm = 'one'")), "`B` can never be decided");
    one(&format!("{x}{}{}", number("y", "g/L"), include("A", "x > 3 'g/L'")), "the variable `y` is used nowhere");
    let reading = "[readings.r]\nquestion = \"q\"\ndefault = \"one\"\none = \"x > 3 'g/L'\"\nbecause = \"b\"\n";
    one(&format!("{x}{reading}{}", include("A", "x > 3 'g/L'")), "the reading `r` is used nowhere");
    let of = |from: &str, code: &str| format!("[variables.v]\nfrom = \"{from}\"\ncode = [\"{code}\"]\n");
    for (from, what) in [("condition", "condition"), ("procedure", "procedure"), ("medication_administration", "drug")]
    {
        one(
            &format!("{}{}", of(from, "snomed|1"), include("A", "not v")),
            &format!("nothing is presumed while no such {what}"),
        );
    }
    let presumed = format!(
        "{}presume = {{ value = false, when = \"exists (problem_list within 365 days)\" }}\n",
        of("condition", "snomed|1")
    );
    assert_eq!(warned(&format!("{presumed}{}", include("A", "not v"))), [""; 0]);
    let none = format!(
        "[codes]\nnone = {{ any = [\"snomed|1\"], except = [\"snomed|1\"] }}\n{}{}",
        presumed.replace("snomed|1", "none"),
        include("A", "not v")
    );
    one(&none, "reads no code");
    let (_, told) = both(&format!("{HEAD}{x}{}", include("A", "x > 3 'g/L'")), None);
    assert!(told.len() == 1 && told[0].contains("`x` has no window"), "{told:?}");
}

#[test]
fn a_site_whose_map_leads_nowhere_is_told() {
    let (trial, _) =
        both(&format!("{HEAD}{}{}{}", number("x", "g/L"), number("y", "g/L"), include("A", "x > y")), None);
    assert_eq!(unmapped(&trial, &maps("")), [""; 0], "a site without a map of codes is not judged");
    let told = unmapped(&trial, &maps("[codes]\n\"urn:lab|Y\" = [\"local|y\"]\n"));
    assert!(told.len() == 1 && told[0].contains("no map of the site leads to `x`"), "{told:?}");
}

/// A variable that is `day0`, a row of visits from it, and this.
fn at_visits(more: &str) -> String {
    let day0 = number("cells", "mg") + "[anchors]\nday0 = \"First(cells).time\"\n";
    let row = "[visits]\nmonthly = { every = \"1 month\", until = \"1 year\", from = \"day0\", window = \"7 days\" }\n";
    format!("{}{day0}{row}{more}", number("x", "g/L"))
}

fn outcome(value: &str) -> String {
    format!("[[outcomes]]\nid = \"o\"\nkind = \"other\"\nvalue = \"{value}\"\nvisits = \"monthly\"\n")
}

#[test]
fn visits_without_an_outcome_and_outcomes_without_a_measure() {
    one(&at_visits(&include("A", "x < 3 'g/L'")), "no outcome is measured at the visits `monthly`");
    one(
        &at_visits(&(outcome("x") + &outcome("arm = 'a'").replace("\"o\"", "\"p\""))),
        "`arm = 'a'` can never be measured",
    );
    assert_eq!(warned(&at_visits(&outcome("x - Baseline(x)"))), Vec::<String>::new());
}

#[test]
fn the_bare_name_at_a_visit_needs_no_window_but_the_baseline_does() {
    let told = |outcomes: &str| both(&format!("{HEAD}{}", at_visits(outcomes)), None).1.join("\n");
    assert_eq!(told(&outcome("x")), "");
    let graded = outcome("x > 3 'g/L'") + "[[safety]]\nid = \"s\"\non = \"x\"\ngrades = [\"x < 3 'g/L'\"]\n";
    assert_eq!(told(&graded), "");
    assert!(told(&outcome("x - Baseline(x)")).contains("`x` has no window"));
    assert!(told(&graded.replace("x < 3", "x < Baseline(x) and x < 3")).contains("`x` has no window"));
}

#[test]
fn grades_that_do_not_climb() {
    let grades =
        |all: &str| at_visits(&(outcome("x") + "[[safety]]\nid = \"s\"\non = \"x\"\ngrades = [" + all + "]\n"));
    let climbing = "\"x < LowerLimit(x)\", \"x < 75 'g/L'\", \"false\", \"x < 50 'g/L'\", \"x < 25 'g/L'\"";
    assert_eq!(warned(&grades(climbing)), Vec::<String>::new());
    one(
        &grades("\"x < 50 'g/L'\", \"x < 75 'g/L'\""),
        "`x < 75 'g/L'` (grade 2) holds wherever `x < 50 'g/L'` does, so grade 1 is never given",
    );
    one(&grades("\"x > 50 'g/L'\", \"x > 50 'g/L'\""), "so grade 1 is never given");
    one(
        &grades("\"x < 50 'g/L'\", \"x > 75 'g/L'\""),
        "`x > 75 'g/L'` (grade 2) never holds of what is grade 1, `x < 50 'g/L'`",
    );
    assert_eq!(warned(&grades("\"x >= 50 'g/L'\", \"x > 50 'g/L'\"")), Vec::<String>::new());
}
