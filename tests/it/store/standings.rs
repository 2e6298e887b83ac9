//! Standings and subjects: compare-and-set, everything kept as written, exact sums, alerts, and the gateway's own facts.

use super::rivals::{TRIAL, act, standing};
use super::*;
use trialgate::model::assessment::{Considered, Overall};
use trialgate::model::standing::{Actor, Collection, Evidence, Role, Standing, Status};
use trialgate::store::{
    AlertList, AlertsOf, CloseAlert, Finish, FinishTrial, Finished, NewestStanding, OutboxList, PersonState,
    ResultWord, Standings, StoredAssessment, SubjectById, SubjectsOf, SubjectsOfPerson, TallyOf,
};

on_both!(
    a_standing_comes_back_as_it_was_written_by_every_question,
    whoever_is_second_changes_nothing_at_all,
    a_new_attempt_is_a_subject_of_its_own,
    sums_move_with_persons_exactly,
    an_alert_is_open_once_and_opens_again_with_other_words,
    the_gateways_own_facts_supersede_each_other_and_are_replayed,
    subjects_of_a_trial_come_in_order_and_page_by_page
);

async fn someone(store: &Store, patient: &str) -> PersonKey {
    let mut first = entry(&format!("o-{patient}"), "{}", one_number("1-1", "1"));
    first.patient = Some(patient.into());
    keep(store, first, 10).await;
    person(store, patient).await
}

fn full(person: PersonKey, version: i64) -> Standing {
    Standing {
        status: Status::OnStudy,
        actor: Actor::Person { name: "Ä. Müller".into(), role: Role::Investigator },
        evidence: Evidence {
            consented: Some("2026-03-01".into()),
            consent_version: Some("2".into()),
            consent: Some("Consent/c1".into()),
            seen: Some("ab".repeat(32)),
            registered: Some(Instant(77)),
            sealed_version: Some(3),
            ended: Some("2026-04-01".into()),
            criteria: vec!["E1".into(), "I2".into()],
        },
        expires: Some(Instant(i64::MAX - 1)),
        assessment: Some(5),
        ..standing(person, version, "registered")
    }
}

async fn tally(store: &Store) -> Vec<(String, i64)> {
    store.read(TallyOf { trial: TRIAL.into() }).await.expect("read")
}

async fn a_standing_comes_back_as_it_was_written_by_every_question(place: Place) {
    let store = place.open();
    let person = someone(&store, "p").await;
    let first = standing(person, 1, "computed");
    let second = full(person, 2);
    store.write(act(first.clone())).await.expect("written");
    let stopped = Some((Collection::Stopped, Instant(90)));
    let unit = trialgate::store::Act { collection: stopped, ..act(second.clone()) };
    assert_eq!(store.write(unit).await.expect("written"), Finished::Done);
    assert_eq!(store.read(Standings { person }).await.expect("read"), [first, second.clone()]);
    let newest = store.read(NewestStanding { person, trial: TRIAL.into() }).await.expect("read");
    assert_eq!(newest.as_ref(), Some(&second));
    assert_eq!(store.read(NewestStanding { person, trial: "another".into() }).await.expect("read"), None);
    let of_person = store.read(SubjectsOfPerson { person }).await.expect("read").remove(0);
    assert_eq!(of_person.standing, second);
    assert_eq!(
        (of_person.subject.collection, of_person.subject.collection_since),
        (Collection::Stopped, Some(Instant(90)))
    );
    assert!(of_person.subject.id.len() == 32 && !of_person.subject.id.contains(&person.to_string()[..8]));
    let by_id = store.read(SubjectById { id: of_person.subject.id.clone() }).await.expect("read");
    assert_eq!(by_id.as_ref(), Some(&of_person));
    assert_eq!(store.read(SubjectById { id: "none".into() }).await.expect("read"), None);
    let of_trial = store.read(SubjectsOf { trial: TRIAL.into(), after: None, count: 10 }).await.expect("read");
    assert_eq!(of_trial, [of_person]);
}

async fn whoever_is_second_changes_nothing_at_all(place: Place) {
    let store = place.open();
    let person = someone(&store, "p").await;
    store.write(act(standing(person, 1, "first"))).await.expect("written");
    let before = (tally(&store).await, facts(&store, "p").await, store.audit_verify().await.expect("checked").rows);
    let rival = trialgate::store::Act {
        facts: one_number("9-9", "7"),
        targets: vec!["chart".into()],
        state: Some(PersonState { objected: true, parked: false }),
        tally: Some((TRIAL.into(), "ineligible".into())),
        ..act(standing(person, 1, "second"))
    };
    assert_eq!(store.write(rival).await.expect("written"), Finished::Overtaken);
    let after = (tally(&store).await, facts(&store, "p").await, store.audit_verify().await.expect("checked").rows);
    assert_eq!(after, before);
    assert_eq!(store.read(Standings { person }).await.expect("read")[0].reason, "first");
    assert_eq!(store.read(OutboxList { state: None, count: 10 }).await.expect("read").len(), 1);
    let record = store.read(ReadPerson { person, known: KnownAt::Now, codes: None }).await.expect("read");
    assert!(!record.state.objected);
}

async fn a_new_attempt_is_a_subject_of_its_own(place: Place) {
    let store = place.open();
    let person = someone(&store, "p").await;
    store.write(act(standing(person, 1, "first"))).await.expect("written");
    store.write(act(standing(person, 2, "declined"))).await.expect("written");
    let again = Standing { attempt: 2, ..standing(person, 1, "again") };
    store.write(act(again.clone())).await.expect("written");
    let subjects = store.read(SubjectsOfPerson { person }).await.expect("read");
    let shown: Vec<_> = subjects.iter().map(|s| (s.subject.attempt, s.standing.version)).collect();
    assert_eq!(shown, [(1, 2), (2, 1)]);
    assert_ne!(subjects[0].subject.id, subjects[1].subject.id);
    let newest = store.read(NewestStanding { person, trial: TRIAL.into() }).await.expect("read");
    assert_eq!(newest, Some(again));
}

async fn sums_move_with_persons_exactly(place: Place) {
    let store = place.open();
    let counted = |standing: Standing, word: &str| trialgate::store::Act {
        tally: Some((TRIAL.into(), word.into())),
        ..act(standing)
    };
    let mut persons = Vec::new();
    for patient in ["p", "q", "r"] {
        let person = someone(&store, patient).await;
        store.write(counted(standing(person, 1, "first"), "candidate")).await.expect("written");
        persons.push(person);
    }
    let words = |all: &[(&str, i64)]| all.iter().map(|(w, n)| ((*w).to_owned(), *n)).collect::<Vec<_>>();
    assert_eq!(tally(&store).await, words(&[("candidate", 3)]));
    store.write(counted(standing(persons[0], 2, "x"), "screening")).await.expect("written");
    store.write(counted(standing(persons[0], 3, "x"), "screening")).await.expect("written");
    store.write(counted(standing(persons[1], 2, "x"), "ineligible")).await.expect("written");
    assert_eq!(tally(&store).await, words(&[("candidate", 1), ("ineligible", 1), ("screening", 1)]));
    assert!(store.read(TallyOf { trial: "another".into() }).await.expect("read").is_empty());
}

async fn an_alert_is_open_once_and_opens_again_with_other_words(place: Place) {
    let store = place.open();
    let person = someone(&store, "p").await;
    let raised = async |version: i64, words: &str, at: i64| {
        let assessment = StoredAssessment {
            version: 0,
            seen: vec![],
            at: Instant(at),
            definition: [1; 32],
            terms: [2; 32],
            engine: "e".into(),
            result: ResultWord { considered: Considered::Yes, overall: Overall::Eligible },
            form: b"{}".to_vec(),
        };
        let trial = FinishTrial {
            trial: TRIAL.into(),
            read_version: version,
            assessment,
            changed: true,
            standing: None,
            tally: None,
            targets: vec![],
            alerts: vec![("eligibility in question".into(), words.into())],
        };
        let unit = Finish { claim: None, person, trials: vec![trial], due: None, caller: caller(), at: Instant(at) };
        assert_eq!(store.write(unit).await.expect("written"), Finished::Done);
    };
    let open = async || {
        let rows = store.read(AlertList { trial: TRIAL.into(), count: 10 }).await.expect("read");
        rows.into_iter().map(|r| (r.text, r.at.0)).collect::<Vec<_>>()
    };
    let close = || CloseAlert {
        person,
        trial: TRIAL.into(),
        kind: "eligibility in question".into(),
        caller: caller(),
        at: Instant(50),
    };
    raised(0, "E1", 20).await;
    raised(1, "E1 and E2", 21).await;
    assert_eq!(open().await, [("E1".to_owned(), 20)], "one that is open stays as it is");
    assert!(store.write(close()).await.expect("written"));
    assert!(!store.write(close()).await.expect("written"));
    raised(2, "E1", 60).await;
    assert!(open().await.is_empty(), "what was closed stays closed while nothing new is said");
    raised(3, "E2", 61).await;
    assert_eq!(open().await, [("E2".to_owned(), 61)]);
    assert_eq!(store.read(AlertsOf { person, trial: TRIAL.into() }).await.expect("read").len(), 1);
}

async fn the_gateways_own_facts_supersede_each_other_and_are_replayed(place: Place) {
    let store = place.open();
    let person = someone(&store, "p").await;
    let attested = async |decimal: &str, at: i64| {
        let mut fact = number("9-9", decimal, at);
        fact.origin = Origin::Gateway;
        let unit = trialgate::store::Act {
            standing: None,
            tally: None,
            facts: vec![fact],
            at: Instant(at),
            ..act(standing(person, 1, ""))
        };
        assert_eq!(store.write(unit).await.expect("written"), Finished::Done);
    };
    let own = async |known: KnownAt| {
        let record = store.read(ReadPerson { person, known, codes: Some(Arc::new(vec![])) }).await.expect("read");
        let values = record.facts.iter().filter(|f| &*f.source == "gateway").map(|f| f.draft.value.clone());
        (values.collect::<Vec<_>>(), record.seen)
    };
    attested("1", 100).await;
    let (first, seen) = own(KnownAt::Now).await;
    assert_eq!(first, [number("9-9", "1", 0).value]);
    attested("2", 100).await;
    let (second, _) = own(KnownAt::Now).await;
    assert_eq!(second, [number("9-9", "2", 0).value], "the newest answer alone is current");
    assert_eq!(own(KnownAt::Seen(seen)).await.0, first, "and the one before is replayed");
}

async fn subjects_of_a_trial_come_in_order_and_page_by_page(place: Place) {
    let store = place.open();
    for n in 0..9 {
        let person = someone(&store, &format!("p{n}")).await;
        store.write(act(standing(person, 1, "first"))).await.expect("written");
    }
    let (mut met, mut after) = (Vec::new(), None);
    loop {
        let page = store.read(SubjectsOf { trial: TRIAL.into(), after, count: 4 }).await.expect("read");
        after = page.last().map(|r| (r.subject.person, r.subject.attempt));
        if page.is_empty() {
            break;
        }
        met.extend(page.into_iter().map(|r| r.subject.person));
    }
    let mut sorted = met.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!((met.len(), sorted.len()), (9, 9));
    assert!(store.read(SubjectsOf { trial: "another".into(), after: None, count: 4 }).await.expect("read").is_empty());
}
