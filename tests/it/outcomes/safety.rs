//! Grades of results beside the baseline, and times to an event.

use super::*;
use trialgate::model::outcome::{EndedBy, Followup};
use trialgate::model::reading::Reason;

const DAY0: &str = "2026-01-31T10:00:00+08:00";
const NOW: &str = "2026-12-01T12:00:00+08:00";

fn creatinine(value: &str, at: &str, upper: Option<&str>) -> Fact {
    let mut fact = fact("creatinine", ucum(value, "umol/L"), at);
    let unit = ReceivedUnit::Ucum("umol/L".into());
    fact.draft.range = upper.map(|upper| Box::new(ReceivedRange { low: None, high: Some(upper.to_owned()), unit }));
    fact
}

/// Grade (`+`: at least, `?`: not known), baseline's grade, period.
fn graded(facts: &[Fact]) -> Vec<String> {
    let found = trial().outcomes(&[&[cells(DAY0)], facts].concat(), NOW);
    let tell = |g: &trialgate::model::outcome::Graded| {
        let at_least = if g.at_least { "+" } else { "" };
        let grade = if g.unknown { "?".to_owned() } else { format!("{}{at_least}", g.grade) };
        let baseline = g.baseline.map_or_else(|| "-".to_owned(), |g| g.to_string());
        format!(
            "{}: {grade} after {baseline} in {}{}",
            shown(&g.value),
            g.period,
            if g.is_baseline { " baseline" } else { "" }
        )
    };
    found.grades.iter().map(tell).collect()
}

#[test]
fn the_highest_grade_that_is_true_stands_beside_that_of_the_baseline() {
    let upper = Some("97");
    let told = graded(&[
        creatinine("60", "2025-12-01", upper),
        creatinine("70", "2026-01-20", upper),
        creatinine("97", "2026-02-10", upper),
        creatinine("98", "2026-02-28", upper),
        creatinine("110", "2026-03-30", upper),
        creatinine("211", "2026-05-10", upper),
        creatinine("583", "2026-09-10", upper),
    ]);
    let wanted = [
        "70: 0 after 0 in 0 baseline",
        "97: 0 after 0 in 0",
        "98: 1 after 0 in 1",
        "110: 2 after 0 in 1",
        "211: 3 after 0 in 3",
        "583: 4 after 0 in 7",
    ];
    assert_eq!(told, wanted, "110 is 1.13 times the limit and 1.57 times the baseline");
}

#[test]
fn a_higher_grade_that_cannot_be_told_leaves_at_least() {
    let told = graded(&[creatinine("70", "2026-01-20", None), creatinine("110", "2026-03-01", None)]);
    assert_eq!(told, ["70: ? after - in 0 baseline", "110: 2+ after - in 1"]);
    let told = graded(&[creatinine("110", "2026-03-01", Some("97"))]);
    assert_eq!(told, ["110: 1+ after - in 1"], "without a baseline");
    let told = graded(&[creatinine("120", "2026-01-20", Some("97")), creatinine("110-250", "2026-03-01", Some("97"))]);
    assert_eq!(told, ["120: 1 after 1 in 0 baseline", "110..250: 1+ after 1 in 1"]);
    assert!(trial().outcomes(&[creatinine("110", "2026-03-01", Some("97"))], NOW).grades.is_empty(), "no baseline yet");
}

fn failed(value: bool, at: &str) -> Fact {
    crate::evaluate::answer("failed", value, at)
}

fn survival(facts: &[Fact], followed: &Followed) -> String {
    told_of(&trial().followed(facts, followed, time(NOW)))
}

fn told_of(found: &Outcomes) -> String {
    let [event] = found.events.as_slice() else { panic!("{found:?}") };
    match event.found {
        Followup::NotStarted => "not started".to_owned(),
        Followup::NotApplicable => "not applicable".to_owned(),
        Followup::Event(date, days) => format!("{date}, {days} days, by {:?}", event.facts),
        Followup::Censored(date, days) => format!("none up to {date}, {days} days"),
        Followup::Unknown(reason) => reason.words().to_owned(),
    }
}

#[test]
fn the_time_to_an_event_counts_days_from_its_anchor() {
    let nobody = Followed::default();
    let of = |facts: &[Fact]| survival(&[&[cells(DAY0)], facts].concat(), &nobody);
    assert_eq!(survival(&[failed(true, "2026-03-02")], &nobody), "not started");
    assert_eq!(of(&[]), "none up to 2026-01-31, 0 days");
    assert_eq!(of(&[skin("20", "2026-03-02")]), "none up to 2026-03-02, 30 days");
    let mut never = skin("20", "2026-05-02");
    never.draft.status = FactStatus::EnteredInError;
    assert_eq!(
        of(&[never, skin("20", "2026-03-02")]),
        "none up to 2026-03-02, 30 days",
        "what was an error is no contact"
    );
    assert_eq!(of(&[skin("20", "2027-03-02")]), "none up to 2026-01-31, 0 days", "what is to come is not there");
    assert_eq!(of(&[failed(false, "2026-03-02"), failed(true, "2026-04-01")]), "2026-04-01, 60 days, by [2]");
    assert_eq!(
        of(&[failed(true, "2026-01-30"), skin("20", "2026-03-02")]),
        "none up to 2026-03-02, 30 days",
        "from before"
    );
    assert_eq!(
        of(&[failed(true, "2026-01-30"), failed(true, "2026-03-02")]),
        "2026-03-02, 30 days, by [2]",
        "the first since"
    );
    assert_eq!(of(&[failed(true, "2026-04-01"), death("2026-03-02")]), "2026-03-02, 30 days, by []");
}

#[test]
fn a_possible_event_leaves_it_open() {
    let of = |facts: &[Fact]| survival(&[&[cells(DAY0)], facts].concat(), &Followed::default());
    let open = Reason::KnownInPart.words();
    assert_eq!(of(&[failed(true, "2026-03")]), open);
    assert_eq!(
        of(&[failed(true, "2026-03"), failed(true, "2026-03-01")]),
        "2026-03-01, 29 days, by [1, 2]",
        "the same either way"
    );
    assert_eq!(of(&[failed(true, "2026-03"), failed(true, "2026-02-20")]), "2026-02-20, 20 days, by [2]");
    assert_eq!(of(&[failed(true, "2026-03"), failed(true, "2026-05-20")]), open);
    assert_eq!(of(&[failed(true, "2026-01")]), open, "before or on day 0");
    let mut dead = death("2026-03-02");
    dead.draft.value = FactValue::Boolean(true);
    assert_eq!(of(&[dead.clone(), skin("20", "2026-03-02")]), open, "dead, and nobody said when");
    assert_eq!(of(&[dead, failed(true, "2026-02-20"), skin("20", "2026-03-02")]), "2026-02-20, 20 days, by [2]");
}

#[test]
fn without_an_event_it_is_censored_at_the_first_end() {
    let facts = [cells(DAY0), skin("20", "2026-06-30")];
    let at = time("2026-03-02T09:00:00+08:00");
    let by = |by| Followed { ended: Some((at, by)), ..Followed::default() };
    assert_eq!(survival(&facts, &by(EndedBy::Withdrawn)), "none up to 2026-03-02, 30 days");
    assert_eq!(survival(&facts, &by(EndedBy::OffStudy)), "none up to 2026-06-30, 150 days", "follow-up goes on");
    let stopped = Followed { stopped: Some(at), ..Followed::default() };
    assert_eq!(survival(&facts, &stopped), "none up to 2026-01-31, 0 days", "what came later is not even looked at");
}

/// How it stands with this event since day 0, with the variables that it asks.
fn event_of(variables: &str, event: &str, facts: &[Fact]) -> String {
    let outcome = format!(
        "[[outcomes]]\nid = \"e\"\nkind = \"other\"\nfrom = \"day0\"\nevent = \"{event}\"\ncensor = \"last_contact\"\n"
    );
    let world = trial_of(&format!("[anchors]\nday0 = \"First(cells).time\"\n{variables}{outcome}"));
    let facts = [&[cells(DAY0)], facts].concat();
    told_of(&world.followed(&facts, &Followed::default(), time(NOW)))
}

const TOLD: &str = "[variables.told]\nattest = \"When did it happen?\"\nanswer = \"date\"\n";

fn told(day: &str) -> Fact {
    let mut told = fact("told", crate::evaluate::date(day), day);
    told.draft.origin = Origin::Gateway;
    told.draft.code = Coding::new(trialgate::model::code::ATTESTATION_SYSTEM, "T1/told");
    told
}

#[test]
fn an_event_that_is_open_is_not_taken_as_one_that_did_not_happen() {
    let of = |event: &str, facts: &[Fact]| event_of(TOLD, event, facts);
    let (asked, none) = (Reason::AwaitingAttestation.words(), "none up to 2026-03-05, 33 days");
    let seen = skin("20", "2026-03-05");
    for event in ["told", "Min({death, told})", "Coalesce(told, First(failed where value).time)"] {
        assert_eq!(of(event, std::slice::from_ref(&seen)), asked, "{event}");
        assert_eq!(of(event, &[told("2026-03-02")]), "2026-03-02, 30 days, by [1]", "{event}");
    }
    assert_eq!(of("Min({death, told})", &[death("2026-03-02")]), asked, "it may have been before");
    assert_eq!(of("Min({death, told})", &[death("2026-01-31")]), "2026-01-31, 0 days, by []", "not before the start");
    // A condition that stands open is open; one that is false, or that nobody ever looked at, is none.
    let worse = "[variables.worse]\nderive = \"failed and skin > 10 '{score}'\"\n";
    for event in ["if worse then First(skin since day0).time else null", "if failed then worse_on else null"] {
        let on = "[variables.worse_on]\nderive = \"First(skin since day0).time\"\n";
        let of =
            |facts: &[Fact]| event_of(&format!("{worse}{on}"), event, &[std::slice::from_ref(&seen), facts].concat());
        let both = [failed(true, "2026-03-02"), failed(false, "2026-03-02")];
        assert_eq!(of(&both), Reason::Conflicting.words(), "{event}");
        assert_eq!(of(&both[1..]), none, "{event}");
        assert_eq!(of(&[]), none, "{event}");
    }
    let either = "if failed then First(skin since day0).time else First(albumin since day0).time";
    let known = [seen.clone(), fact("albumin", ucum("40", "g/L"), "2026-03-07")];
    assert_eq!(event_of("", either, &known), Reason::KnownInPart.words(), "one of them it is");
    let last = |facts: &[Fact]| event_of("", "Last(failed since day0 where value).time", facts);
    assert_eq!(last(&[failed(false, "2026-03-02"), seen.clone()]), none, "it was looked for");
    assert_eq!(last(&[failed(true, "2026-01-02"), seen.clone()]), none, "from before");
    let mut unread = failed(true, "2026-03-02");
    unread.draft.value = coded_as("urn:hospital", "grim");
    assert_eq!(last(&[unread, seen]), Reason::CodeNotUnderstood.words());
}

fn coded_as(system: &str, code: &str) -> FactValue {
    FactValue::Coded { codings: vec![Coding::new(system, code)], text: None }
}

#[test]
fn an_event_in_a_code_that_nobody_maps_leaves_it_open() {
    let of = |event: &str, facts: &[Fact]| event_of("", event, facts);
    let sent = |at: &str| {
        let mut sent = failed(true, at);
        sent.draft.code = Coding::new("urn:hospital", "FAILED");
        sent
    };
    let open = Reason::CodeNotUnderstood.words();
    for event in ["Min({death, First(failed where value).time})", "Last(failed where value).time"] {
        assert_eq!(of(event, &[sent("2026-03-02")]), open, "{event}");
        assert!(of(event, &[sent("2027-03-02")]).starts_with("none up to"), "{event}: it is to come");
    }
    let first = |facts: &[Fact]| of("Min({death, First(failed where value).time})", facts);
    assert!(first(&[sent("2026-01-30")]).starts_with("none up to"), "from before");
    assert_eq!(first(&[sent("2026-03-02"), death("2026-02-20")]), "2026-02-20, 20 days, by []", "after the first");
    assert_eq!(first(&[sent("2026-03-02"), death("2026-04-20")]), open);
    let soon = |at: &str| of("First(failed within 10 days after day0 where value).time", &[sent(at)]);
    assert_eq!(soon("2026-02-05"), open);
    assert!(soon("2026-03-02").starts_with("none up to"), "outside the window");
}

#[test]
fn a_grade_of_a_result_of_no_one_day_claims_none() {
    let world = trial();
    let mut week = creatinine("583", "2026-03-10", Some("97"));
    week.draft.at = week.draft.at.map(|at| at.hull(creatinine("1", "2026-03-03", None).draft.at.expect("a day")));
    let found = world.outcomes(&[cells(DAY0), creatinine("70", "2026-01-20", Some("97")), week], NOW);
    let zone = Zone::named(crate::evaluate::ZONE).expect("a zone of the list");
    let json = trialgate::publish::course::to_json(&world.trial, &found, &zone);
    let days: Vec<&String> = json["grades"]["creatinine_increased"].as_object().expect("grades").keys().collect();
    assert_eq!(days, ["2026-01-20", "2026-03-03..2026-03-10"]);
    let tasks = trialgate::publish::task_followed::followed(&world.trial, &found, &zone);
    let told = tasks.iter().find(|t| t.key.starts_with("creatinine_increased ")).expect("a grade to judge");
    assert_eq!(told.key, "creatinine_increased 2026-03-03..2026-03-10");
    assert!(told.description.contains(" the result of 2026-03-03..2026-03-10 is"), "{}", told.description);
}
