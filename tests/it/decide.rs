//! The status table: what data moves, what people do, what is refused, and that no path leaves the table.

use proptest::prelude::*;
use std::collections::BTreeSet;
use trialgate::decide::{
    Act, Consent, DataView, END_REASONS, Grounds, PersonFacts, PersonView, TABLE, by_data, by_person, counted_as,
    looks_again_at, permitted,
};
use trialgate::model::assessment::{
    Assessment, Considered, CriterionFinding, CriterionResult, Node, Overall, TreatmentFinding,
};
use trialgate::model::change::{Change, Move};
use trialgate::model::key::PersonKey;
use trialgate::model::purpose::Purpose;
use trialgate::model::reading::Reason;
use trialgate::model::standing::{Actor, Collection, Evidence, Role, Standing, Status};
use trialgate::model::time::{DAY_US, Instant, Zone};
use trialgate::model::truth::Truth;
use trialgate::trial::definition::Conduct;
use trialgate::trial::expression::tree::{Calendar, Duration};

/// 2026-03-15T00:00:00Z
const NOW: Instant = Instant(1_773_532_800_000_000);

fn day(offset: i64) -> Instant {
    NOW.plus_us(offset * DAY_US)
}

fn conduct() -> Conduct {
    Conduct {
        participation_starts_at_consent: true,
        consent_version: "2".into(),
        eligibility_valid: Duration { count: 30, of: Calendar::Day },
        run_in: false,
        observation: false,
        rescreen: true,
    }
}

fn assessment(overall: Overall) -> Assessment {
    let tree = Node { expression: "x".into(), result: None, value: None, parts: vec![] };
    let criterion = CriterionFinding {
        id: "I1".into(),
        exclusion: false,
        protocol: "words".into(),
        result: CriterionResult::Is(Truth::Unknown),
        tree,
        facts: vec![],
    };
    Assessment {
        trial: "T".into(),
        version: 3,
        as_of: NOW,
        considered: Considered::Yes,
        overall,
        for_people_only: false,
        provisional: false,
        presumed: false,
        readings: vec![],
        criteria: vec![criterion],
        missing: vec![],
        near_miss: None,
        changes_at: None,
        all_open_listed: false,
    }
}

fn all_grounds() -> Grounds {
    Grounds { stated: Purpose::ALL.to_vec(), consented: true }
}

fn person(role: Role) -> Actor {
    Actor::Person { name: "One".into(), role }
}

fn standing(status: Status, actor: Actor) -> Standing {
    Standing {
        person: PersonKey([7; 16]),
        trial: "T".into(),
        attempt: 1,
        version: 1,
        status,
        removed: false,
        actor,
        reason: String::new(),
        evidence: Evidence::default(),
        at: day(-30),
        expires: None,
        assessment: None,
    }
}

fn consented(status: Status) -> Standing {
    let mut s = standing(status, person(Role::Coordinator));
    s.evidence.consented = Some("2026-03-01".into());
    s
}

fn registered(status: Status) -> Standing {
    let mut s = consented(status);
    s.evidence.registered = Some(day(-10));
    s
}

fn treatment(starts: Option<Instant>, ends: Option<Instant>) -> TreatmentFinding {
    TreatmentFinding { starts, ends, given: None, within_tolerance: Truth::Unknown, given_value: None }
}

/// One call of `by_data` with everything open, changed by `with`.
fn data(
    overall: Overall,
    standing: Option<&Standing>,
    treatment: Option<&TreatmentFinding>,
    with: impl Fn(&mut DataView, &mut Assessment, &mut Grounds, &mut Conduct),
) -> (Change, String, Option<Instant>) {
    let (a, g, c) = (assessment(overall), all_grounds(), conduct());
    let mut view = DataView {
        assessment: &a,
        treatment,
        standing,
        person: PersonFacts::default(),
        grounds: &g,
        recruiting: true,
        sealed_record_in_question: false,
        conduct: &c,
        now: NOW,
    };
    let (mut a2, mut g2, mut c2) = (a.clone(), g.clone(), c.clone());
    with(&mut view, &mut a2, &mut g2, &mut c2);
    let view = DataView { assessment: &a2, grounds: &g2, conduct: &c2, ..view };
    let change = by_data(&view);
    let (word, again) = (counted_as(&view, &change), looks_again_at(&view, &change));
    (change, word, again)
}

fn same(_: &mut DataView, _: &mut Assessment, _: &mut Grounds, _: &mut Conduct) {}

fn row_and_status(change: &Change) -> Option<(&'static str, Status, bool)> {
    change.moved.as_ref().map(|m| (m.transition, m.status, m.removed))
}

fn kinds(change: &Change) -> Vec<&'static str> {
    change.alerts.iter().map(|a| a.kind).collect()
}

#[test]
fn data_moves_open_candidates() {
    use Overall::{Eligible, Ineligible, Undetermined};
    let at = |status| standing(status, Actor::Data);
    let cases = [
        (None, Undetermined, Some(("T1", Status::PotentialCandidate, false))),
        (None, Eligible, Some(("T2", Status::Candidate, false))),
        (None, Ineligible, Some(("T4", Status::Ineligible, false))),
        (Some(at(Status::PotentialCandidate)), Eligible, Some(("T2", Status::Candidate, false))),
        (Some(at(Status::PotentialCandidate)), Undetermined, None),
        (Some(at(Status::Candidate)), Undetermined, Some(("T3", Status::PotentialCandidate, false))),
        (Some(at(Status::Candidate)), Ineligible, Some(("T4", Status::Ineligible, false))),
        (Some(at(Status::Ineligible)), Undetermined, Some(("T5", Status::PotentialCandidate, false))),
        (Some(at(Status::Ineligible)), Eligible, Some(("T5", Status::Candidate, false))),
        (Some(standing(Status::Candidate, person(Role::Coordinator))), Ineligible, None),
        (Some(consented(Status::Screening)), Ineligible, None),
        (Some(consented(Status::Ineligible)), Eligible, None),
    ];
    for (from, overall, wanted) in cases {
        let (change, _, _) = data(overall, from.as_ref(), None, same);
        assert_eq!(row_and_status(&change), wanted, "{from:?} {overall:?}");
        assert!(change.alerts.is_empty());
    }
    let (change, _, _) = data(Undetermined, None, None, |_, a, _, _| a.for_people_only = true);
    assert_eq!(row_and_status(&change), Some(("T2", Status::Candidate, false)), "only people are asked: a candidate");
}

#[test]
fn what_may_not_be_listed_lapses_and_is_counted_by_reason() {
    let candidate = standing(Status::Candidate, Actor::Data);
    type With = fn(&mut DataView, &mut Assessment, &mut Grounds, &mut Conduct);
    let cases: [(With, &str); 5] = [
        (|v, _, _, _| v.person.deceased = true, "deceased"),
        (|v, _, _, _| v.person.hidden = true, "hidden"),
        (|_, a, _, _| a.considered = Considered::No, "not considered"),
        (|_, a, _, _| a.considered = Considered::Unknown(Reason::NeverSeen), "not looked at: never seen"),
        (|_, _, g, _| g.stated.clear(), "not listed: no ground stated"),
    ];
    for (with, word) in cases {
        let (none, counted, _) = data(Overall::Eligible, None, None, with);
        assert_eq!((none.moved, counted.as_str()), (None, word));
        let (lapsed, counted, _) = data(Overall::Eligible, Some(&candidate), None, with);
        assert_eq!(row_and_status(&lapsed), Some(("lapse", Status::Candidate, true)));
        assert_eq!(counted, word);
        let persons = standing(Status::Candidate, person(Role::Coordinator));
        let (kept, counted, _) = data(Overall::Eligible, Some(&persons), None, with);
        assert_eq!((kept.moved, counted.as_str()), (None, "candidate"), "a person made it");
    }
    let mut lapsed = candidate.clone();
    lapsed.removed = true;
    let (back, counted, _) = data(Overall::Eligible, Some(&lapsed), None, same);
    assert_eq!((row_and_status(&back), counted.as_str()), (Some(("T2", Status::Candidate, false)), "candidate"));
    lapsed.actor = person(Role::Coordinator);
    let (final_, counted, _) = data(Overall::Eligible, Some(&lapsed), None, same);
    assert_eq!((final_.moved, counted.as_str()), (None, "removed"));
    let (none, counted, _) = data(Overall::Eligible, None, None, |v, _, _, _| v.recruiting = false);
    assert_eq!((none.moved, counted.as_str()), (None, "not recruiting"));
}

#[test]
fn an_objection_takes_back_before_consent_and_only_alerts_after() {
    let objected = |v: &mut DataView, _: &mut Assessment, _: &mut Grounds, _: &mut Conduct| v.person.objected = true;
    for actor in [Actor::Data, person(Role::Coordinator)] {
        let (change, word, _) = data(Overall::Eligible, Some(&standing(Status::Candidate, actor)), None, objected);
        assert_eq!((row_and_status(&change), word.as_str()), (Some(("T21", Status::Candidate, true)), "objected"));
    }
    let (change, word, _) = data(Overall::Eligible, Some(&registered(Status::OnStudy)), None, objected);
    assert_eq!((change.moved.clone(), kinds(&change), word.as_str()), (None, vec!["objection"], "on-study"));
    let (change, word, _) = data(Overall::Eligible, None, None, objected);
    assert_eq!((change, word.as_str()), (Change::default(), "objected"));
}

#[test]
fn treatment_moves_the_enrolled_and_nothing_else_does() {
    let on = registered(Status::OnStudy);
    let given = treatment(Some(day(-1)), Some(day(1)));
    let (change, _, again) = data(Overall::Ineligible, Some(&on), Some(&given), same);
    assert_eq!(row_and_status(&change), Some(("T14", Status::OnStudyIntervention, false)));
    assert_eq!(again, Some(day(1)), "the end of the treatment is the next moment");
    assert_eq!(change.moved.map(|m| m.evidence), Some(on.evidence.clone()), "the seal is carried on");

    let mut during = registered(Status::OnStudyIntervention);
    during.actor = Actor::Data;
    let over = treatment(Some(day(-5)), Some(day(-1)));
    let (change, _, _) = data(Overall::Eligible, Some(&during), Some(&over), same);
    assert_eq!(row_and_status(&change), Some(("T15", Status::OnStudy, false)));
    let mut after = registered(Status::OnStudy);
    after.reason = change.moved.map(|m| m.reason).unwrap_or_default();
    let (change, _, _) = data(Overall::Eligible, Some(&after), Some(&over), same);
    assert_eq!(change, Change::default(), "the course that is over does not begin again");

    let (change, _, _) = data(Overall::Eligible, Some(&during), Some(&over), |_, _, _, c| c.observation = true);
    assert_eq!(row_and_status(&change), Some(("T15", Status::OnStudyObservation, false)));
    let watched = registered(Status::OnStudyObservation);
    let (change, _, _) = data(Overall::Eligible, Some(&watched), Some(&given), same);
    assert_eq!(row_and_status(&change), Some(("T16", Status::OnStudyIntervention, false)));

    let none = treatment(None, None);
    let (change, _, _) = data(Overall::Eligible, Some(&during), Some(&none), same);
    assert_eq!(row_and_status(&change), Some(("T15", Status::OnStudy, false)));
    assert_eq!(kinds(&change), ["administrations-retracted"]);
    let stated = registered(Status::OnStudyIntervention);
    let (change, _, _) = data(Overall::Eligible, Some(&stated), Some(&none), same);
    assert_eq!(change, Change::default(), "a person said so, and absent data does not say otherwise");
}

#[test]
fn a_course_seen_late_walks_both_rows() {
    let over = treatment(Some(day(-5)), Some(day(-1)));
    let (change, _, again) = data(Overall::Eligible, Some(&registered(Status::OnStudy)), Some(&over), same);
    assert_eq!(row_and_status(&change), Some(("T14", Status::OnStudyIntervention, false)));
    assert_eq!(again, Some(NOW), "T15 follows at once");
}

#[test]
fn what_people_must_look_at_is_an_alert() {
    let early = treatment(Some(day(-20)), None);
    for from in [
        None,
        Some(standing(Status::Candidate, Actor::Data)),
        Some(consented(Status::Eligible)),
        Some(registered(Status::OnStudy)),
    ] {
        let (change, _, _) = data(Overall::Eligible, from.as_ref(), Some(&early), same);
        assert_eq!(kinds(&change), ["drug-without-registration"], "{from:?}");
        assert!(change.moved.is_none_or(|m| m.transition == "T2"));
    }
    let dead = |v: &mut DataView, _: &mut Assessment, _: &mut Grounds, _: &mut Conduct| v.person.deceased = true;
    for status in [Status::Screening, Status::OnStudy, Status::FollowUp] {
        let (change, _, _) = data(Overall::Eligible, Some(&registered(status)), None, dead);
        assert_eq!((change.moved.clone(), kinds(&change)), (None, vec!["death"]));
    }
    let (change, _, _) = data(Overall::Eligible, Some(&registered(Status::OffStudy)), None, dead);
    assert_eq!(change, Change::default());
    let asked =
        |v: &mut DataView, _: &mut Assessment, _: &mut Grounds, _: &mut Conduct| v.sealed_record_in_question = true;
    let (change, _, _) = data(Overall::Ineligible, Some(&registered(Status::OnStudy)), None, asked);
    assert_eq!((change.moved.clone(), kinds(&change)), (None, vec!["eligibility-in-question"]));
    let (change, _, _) = data(Overall::Ineligible, Some(&registered(Status::OnStudy)), None, same);
    assert_eq!(change, Change::default(), "eligibility is sealed");
}

// ---- People -----------------------------------------------------------------------------------

struct Scene {
    standing: Option<Standing>,
    before: Option<Standing>,
    assessment: Assessment,
    grounds: Grounds,
    conduct: Conduct,
    corrected: bool,
    deceased: bool,
    objected: bool,
    zone: Zone,
}

impl Scene {
    fn at(standing: Option<Standing>) -> Self {
        Self {
            standing,
            before: None,
            assessment: assessment(Overall::Eligible),
            grounds: all_grounds(),
            conduct: conduct(),
            corrected: false,
            deceased: false,
            objected: false,
            zone: Zone::utc(),
        }
    }

    fn act(&self, role: Role, act: &Act) -> Result<Move, String> {
        let view = PersonView {
            standing: self.standing.as_ref(),
            before: self.before.as_ref(),
            collection_before: Collection::CareData,
            assessment: &self.assessment,
            evidence_now: "ab12",
            grounds: &self.grounds,
            objected: self.objected,
            deceased: self.deceased,
            corrected: self.corrected,
            conduct: &self.conduct,
            zone: &self.zone,
            name: "One",
            role,
            now: NOW,
        };
        by_person(&view, act).map_err(|refused| refused.text)
    }
}

fn consent(version: &str, day: &str) -> Consent {
    Consent { signer: "subject".into(), version: version.into(), day: day.into(), reference: None }
}

fn refused(result: Result<Move, String>, words: &str) {
    let text = result.expect_err("wanted a refusal");
    assert!(text.contains(words), "`{text}` says nothing of `{words}`");
}

#[test]
fn consent_is_recorded_or_refused_with_words() {
    let mut scene = Scene::at(Some(standing(Status::Candidate, Actor::Data)));
    let good = Act::RecordConsent(consent("2", "2026-03-15"));
    let moved = scene.act(Role::Coordinator, &good).expect("a consent");
    assert_eq!((moved.transition, moved.status), ("T6", Status::Screening));
    assert_eq!(moved.evidence.consented.as_deref(), Some("2026-03-15"));
    assert_eq!(moved.evidence.consent.as_deref(), Some("recorded by a coordinator"));
    refused(scene.act(Role::Investigator, &good), "T6: acting as investigator; wanted coordinator");
    refused(scene.act(Role::Coordinator, &Act::RecordConsent(consent("1", "2026-03-15"))), "wanted version 2");
    refused(scene.act(Role::Coordinator, &Act::RecordConsent(consent("2", "2026-03-16"))), "future");
    refused(scene.act(Role::Coordinator, &Act::RecordConsent(consent("2", "2026-03"))), "YYYY-MM-DD");
    let unsigned = Consent { signer: " ".into(), ..consent("2", "2026-03-15") };
    refused(scene.act(Role::Coordinator, &Act::RecordConsent(unsigned)), "signer");
    scene.grounds.stated.retain(|p| *p != Purpose::Contact);
    refused(scene.act(Role::Coordinator, &good), "purpose contact");
    scene.grounds = all_grounds();
    scene.objected = true;
    refused(scene.act(Role::Coordinator, &good), "objected");
    let mut computed = Scene::at(Some(standing(Status::Ineligible, Actor::Data)));
    refused(computed.act(Role::Coordinator, &good), "no person corrected");
    computed.corrected = true;
    assert!(computed.act(Role::Coordinator, &good).is_ok());
    refused(Scene::at(None).act(Role::Coordinator, &good), "no standing");
    refused(Scene::at(Some(consented(Status::Ineligible))).act(Role::Coordinator, &good), "new attempt");
}

#[test]
fn the_investigator_signs_what_is_eligible_now() {
    let mut scene = Scene::at(Some(consented(Status::Screening)));
    let sign = Act::SignEligible { seen: "AB12".into() };
    let moved = scene.act(Role::Investigator, &sign).expect("a signature");
    assert_eq!((moved.transition, moved.status), ("T8", Status::Eligible));
    assert_eq!(moved.expires, Some(day(31).plus_us(-1)), "the end of the thirtieth day");
    refused(scene.act(Role::Coordinator, &sign), "wanted investigator");
    refused(scene.act(Role::Investigator, &Act::SignEligible { seen: "00".into() }), "not the evidence of now");
    scene.assessment.overall = Overall::Undetermined;
    refused(scene.act(Role::Investigator, &sign), "undetermined; wanted eligible");
    scene = Scene::at(Some(consented(Status::Screening)));
    scene.grounds.consented = false;
    refused(scene.act(Role::Investigator, &sign), "no active consent");
    scene = Scene::at(Some(standing(Status::Screening, Actor::Data)));
    refused(scene.act(Role::Investigator, &sign), "no consent is recorded");
}

#[test]
fn registration_needs_a_valid_signature_and_seals() {
    let mut signed = consented(Status::Eligible);
    signed.evidence.seen = Some("ab12".into());
    signed.expires = Some(day(1));
    let register = Act::Register { at: NOW };
    let moved = Scene::at(Some(signed.clone())).act(Role::Coordinator, &register).expect("a registration");
    assert_eq!((moved.transition, moved.status), ("T13", Status::OnStudy));
    assert_eq!((moved.evidence.registered, moved.evidence.sealed_version), (Some(NOW), Some(3)));
    refused(Scene::at(Some(signed.clone())).act(Role::Coordinator, &Act::Register { at: day(1) }), "future");
    refused(
        Scene::at(Some(signed.clone())).act(Role::Coordinator, &Act::Register { at: day(-20) }),
        "before the day of consent",
    );
    signed.expires = Some(day(-1));
    refused(Scene::at(Some(signed)).act(Role::Coordinator, &register), "signature is absent or ran out");
    let mut scene = Scene::at(Some(consented(Status::Screening)));
    refused(scene.act(Role::Coordinator, &register), "no run-in");
    scene.conduct.run_in = true;
    assert!(scene.act(Role::Coordinator, &register).is_ok());
}

#[test]
fn objection_and_removal_need_two_after_consent() {
    let candidate = Scene::at(Some(standing(Status::Candidate, Actor::Data)));
    let moved = candidate.act(Role::Coordinator, &Act::Object).expect("an objection");
    assert!(moved.removed && moved.transition == "T21");
    let enrolled = Scene::at(Some(registered(Status::OnStudy)));
    refused(enrolled.act(Role::Coordinator, &Act::Object), "two persons");
    let alone = Act::Remove { reason: "wrong person".into(), second: Some("One".into()) };
    refused(enrolled.act(Role::Coordinator, &alone), "second person");
    let both = Act::Remove { reason: "wrong person".into(), second: Some("Two".into()) };
    assert!(enrolled.act(Role::Coordinator, &both).is_ok_and(|m| m.removed && m.status == Status::OnStudy));
    let mut gone = standing(Status::Candidate, Actor::Data);
    gone.removed = true;
    refused(Scene::at(Some(gone)).act(Role::Coordinator, &Act::Object), "taken back");
}

#[test]
fn ends_carry_day_and_collection() {
    let withdraw = Act::Withdraw { reason: "changed mind".into(), day: "2026-03-10".into() };
    let moved = Scene::at(Some(consented(Status::Eligible))).act(Role::Coordinator, &withdraw).expect("T9");
    assert_eq!((moved.status, moved.collection), (Status::Withdrawn, Some(Collection::Stopped)));
    assert_eq!(moved.evidence.ended.as_deref(), Some("2026-03-10"));
    refused(
        Scene::at(Some(registered(Status::OnStudy))).act(Role::Coordinator, &withdraw),
        "T9: the status is on-study",
    );
    let before = Act::Withdraw { reason: "changed mind".into(), day: "2026-02-10".into() };
    refused(Scene::at(Some(consented(Status::Eligible))).act(Role::Coordinator, &before), "before consent");
    let fail = |ids: &[&str]| Act::FailScreening {
        criteria: ids.iter().map(|s| (*s).into()).collect(),
        day: "2026-03-10".into(),
    };
    let screening = Scene::at(Some(consented(Status::Screening)));
    let moved = screening.act(Role::Investigator, &fail(&["I1"])).expect("T10");
    assert_eq!((moved.status, moved.evidence.criteria), (Status::Ineligible, vec!["I1".to_owned()]));
    refused(screening.act(Role::Investigator, &fail(&["I9"])), "I9 is no criterion");
    refused(screening.act(Role::Investigator, &fail(&[])), "no criterion is named");
    let end = |reason: &str, collection| Act::EndStudy { reason: reason.into(), day: "2026-03-15".into(), collection };
    let enrolled = Scene::at(Some(registered(Status::OnStudy)));
    let moved = enrolled.act(Role::Coordinator, &end("completed", Collection::CareData)).expect("T18");
    assert_eq!((moved.transition, moved.status), ("T18", Status::OffStudy));
    refused(enrolled.act(Role::Coordinator, &end("tired", Collection::Stopped)), "wanted one of");
    refused(enrolled.act(Role::Coordinator, &end("withdrawal by subject", Collection::CareData)), "care data");
    refused(
        Scene::at(Some(registered(Status::OffStudy))).act(Role::Coordinator, &end("completed", Collection::Stopped)),
        "the status is off-study",
    );
}

#[test]
fn undo_and_new_attempts() {
    let mut scene = Scene::at(Some(consented(Status::Screening)));
    refused(scene.act(Role::Coordinator, &Act::Undo), "no state before");
    scene.before = Some(standing(Status::Candidate, Actor::Data));
    refused(scene.act(Role::Investigator, &Act::Undo), "wanted coordinator");
    let moved = scene.act(Role::Coordinator, &Act::Undo).expect("T20");
    assert_eq!((moved.status, moved.evidence.consented), (Status::Candidate, None));
    let mut withdrawn = consented(Status::Withdrawn);
    withdrawn.evidence.ended = Some("2026-03-10".into());
    let mut scene = Scene::at(Some(withdrawn));
    let again = |day: &str| Act::Rescreen(consent("2", day));
    refused(scene.act(Role::Coordinator, &again("2026-03-09")), "older than the withdrawal");
    let moved = scene.act(Role::Coordinator, &again("2026-03-11")).expect("T19");
    assert_eq!((moved.status, moved.evidence.ended), (Status::Screening, None));
    scene.conduct.rescreen = false;
    refused(scene.act(Role::Coordinator, &again("2026-03-11")), "no second attempt");
}

#[test]
fn purposes_are_closed_unless_stated() {
    let none = Grounds::default();
    for purpose in Purpose::ALL {
        assert!(permitted(&none, false, purpose).is_err());
        assert!(permitted(&all_grounds(), true, purpose).is_err(), "an objection closes all");
        assert!(permitted(&all_grounds(), false, purpose).is_ok());
        let stated = Grounds { stated: vec![purpose], consented: false };
        let open: Vec<_> = Purpose::ALL.into_iter().filter(|p| permitted(&stated, false, *p).is_ok()).collect();
        let wanted = if purpose == Purpose::Screen { vec![] } else { vec![purpose] };
        assert_eq!(open, wanted, "one ground opens one purpose, and screen asks for consent");
    }
}

// ---- Properties -------------------------------------------------------------------------------

fn acts() -> Vec<(Role, Act)> {
    let day = || "2026-03-15".to_owned();
    use Role::{Coordinator, Investigator};
    vec![
        (Coordinator, Act::WorthAsking),
        (Coordinator, Act::RecordConsent(consent("2", "2026-03-15"))),
        (Coordinator, Act::Decline { reason: "declined".into() }),
        (Investigator, Act::SignEligible { seen: "ab12".into() }),
        (Investigator, Act::AskAgain),
        (Coordinator, Act::Withdraw { reason: "changed mind".into(), day: day() }),
        (Investigator, Act::FailScreening { criteria: vec!["I1".into()], day: day() }),
        (Coordinator, Act::Preregister),
        (Coordinator, Act::NotRegister { reason: "no slot".into(), day: day() }),
        (Coordinator, Act::Register { at: NOW }),
        (Investigator, Act::StartTreatment { at: NOW }),
        (Coordinator, Act::FollowUp { collection: Collection::FollowUp }),
        (Coordinator, Act::EndStudy { reason: END_REASONS[0].into(), day: day(), collection: Collection::FollowUp }),
        (Coordinator, Act::Rescreen(consent("2", "2026-03-15"))),
        (Coordinator, Act::Object),
        (Coordinator, Act::Remove { reason: "test".into(), second: Some("Two".into()) }),
    ]
}

#[derive(Debug, Clone)]
enum Event {
    Data { overall: Overall, starts: Option<i64>, ends: Option<i64>, facts: PersonFacts, observation: bool },
    Person(usize),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let overall = prop_oneof![Just(Overall::Eligible), Just(Overall::Ineligible), Just(Overall::Undetermined)];
    let rare = || prop::bool::weighted(0.05);
    let facts =
        (rare(), rare(), rare()).prop_map(|(deceased, hidden, objected)| PersonFacts { deceased, hidden, objected });
    let data = (overall, prop::option::of(-2..3_i64), prop::option::of(-1..4_i64), facts, any::<bool>()).prop_map(
        |(overall, starts, ends, facts, observation)| Event::Data { overall, starts, ends, facts, observation },
    );
    let event = prop_oneof![2 => data, 5 => (0..acts().len()).prop_map(Event::Person)];
    prop::collection::vec(event, 1..60)
}

/// Walks the events; gives each step as (from, move, by a person).
fn walk(events: &[Event]) -> Vec<(Option<Standing>, Move, bool)> {
    let mut current: Option<Standing> = None;
    let mut steps = Vec::new();
    for event in events {
        let (moved, actor) = match event {
            Event::Data { overall, starts, ends, facts, observation } => {
                let finding = treatment(starts.map(day), ends.map(day));
                let (change, word, _) = data(*overall, current.as_ref(), Some(&finding), |v, _, _, c| {
                    v.person = *facts;
                    c.observation = *observation;
                });
                assert!(!word.is_empty());
                (change.moved, Actor::Data)
            }
            Event::Person(i) => {
                let (role, act) = acts().swap_remove(*i);
                (Scene::at(current.clone()).act(role, &act).ok(), person(role))
            }
        };
        let Some(moved) = moved else { continue };
        let by_person = actor != Actor::Data;
        let mut next = standing(moved.status, actor);
        next.removed = moved.removed;
        next.reason.clone_from(&moved.reason);
        next.evidence.clone_from(&moved.evidence);
        next.expires = moved.expires;
        steps.push((current.take(), moved, by_person));
        current = Some(next);
    }
    steps
}

fn in_table(from: Option<&Standing>, moved: &Move, by_person: bool) -> bool {
    if matches!(moved.transition, "lapse" | "T21") {
        return moved.removed && from.is_none_or(|f| f.status == moved.status);
    }
    let row = TABLE.iter().find(|row| row.name == moved.transition).expect("a row of the table");
    let standing = from.filter(|f| !f.removed);
    let begins = standing.map_or(row.from_none, |f| row.from.contains(&f.status));
    let who = if by_person { !row.who.roles.is_empty() } else { row.who.data };
    begins && who && row.to.contains(&moved.status) && !moved.removed
}

proptest! {
    #[test]
    fn every_path_stays_in_the_table(events in events()) {
        for (from, moved, by_person) in walk(&events) {
            prop_assert!(in_table(from.as_ref(), &moved, by_person), "{from:?} {moved:?}");
            let Some(from) = from else { continue };
            prop_assert!(!(from.removed && from.by_person()), "what a person removed is final");
            prop_assert!(from.status != Status::OffStudy || moved.transition == "T21", "off-study is final");
            if from.by_person() && !by_person {
                let treatment = matches!(moved.transition, "T14" | "T15" | "T16");
                let objection = moved.transition == "T21" && from.evidence.consented.is_none();
                prop_assert!(treatment || objection, "data moved what a person made: {moved:?}");
            }
            if from.evidence.consented.is_some() && moved.transition != "T19" {
                prop_assert!(moved.evidence.consented.is_some(), "a consent is carried on");
            }
        }
    }
}

#[test]
fn all_13_codes_are_reachable_and_only_off_study_is_final() {
    let mut reached = BTreeSet::new();
    let mut open: Vec<Status> = TABLE.iter().filter(|r| r.from_none).flat_map(|r| r.to).copied().collect();
    while let Some(status) = open.pop() {
        if reached.insert(status) {
            open.extend(TABLE.iter().filter(|r| r.from.contains(&status)).flat_map(|r| r.to));
        }
    }
    assert_eq!(reached.len(), Status::ALL.len());
    for status in Status::ALL {
        let leaves = TABLE.iter().any(|r| r.from.contains(&status) && r.to.iter().any(|to| *to != status));
        assert_eq!(leaves, status != Status::OffStudy, "{}", status.code());
    }
}
