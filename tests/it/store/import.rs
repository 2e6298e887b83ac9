//! Import: versions, repetition, preconditions, subjects, and what a fault in one unit costs.

use super::*;
use trialgate::store::tx::{Done, Tx, Unit};
use trialgate::store::{Event, ReadResource, RefusalReason, Search, StoreError};

on_both!(
    a_repetition_changes_nothing_and_a_new_version_ends_the_old_facts,
    a_late_version_is_history_and_states_nothing,
    of_many_that_lean_on_one_version_one_wins,
    of_many_equal_conditional_creates_one_creates,
    known_time_grows_even_when_the_clock_steps_back,
    what_was_entered_in_error_states_nothing_any_more,
    a_result_that_moves_to_another_patient_leaves_the_first,
    a_fault_in_one_unit_costs_that_unit_alone,
    reading_splices_the_head_and_keeps_every_other_byte,
    what_is_long_or_strange_is_kept_and_counted,
    codings_of_one_statement_and_statements_of_one_part_are_told_apart,
    a_unit_that_is_shared_comes_back_when_it_is_refused
);

fn timed(id: &str, body: &str, facts: Vec<DraftFact>, at: i64) -> ImportEntry {
    let mut entry = entry(id, body, facts);
    entry.draft.source_time = Some(Instant(at));
    entry
}

async fn a_repetition_changes_nothing_and_a_new_version_ends_the_old_facts(place: Place) {
    let store = place.open();
    let first = keep(&store, entry("o", "{\"a\":1}", one_number("1-1", "1")), 10).await;
    assert_eq!((first.event, first.version), (Event::Created, 1));
    let again = keep(&store, entry("o", "{\"a\":1}", one_number("1-1", "1")), 11).await;
    assert_eq!((again.event, again.version, again.known), (Event::Unchanged, 1, first.known));
    let second = keep(&store, entry("o", "{\"a\":2}", one_number("1-1", "2")), 12).await;
    assert_eq!((second.event, second.version), (Event::Updated, 2));
    let now = facts(&store, "p").await;
    assert_eq!(now.iter().map(|f| (f.version, &f.draft)).collect::<Vec<_>>(), [(2, &number("1-1", "2", 5))]);
}

async fn a_late_version_is_history_and_states_nothing(place: Place) {
    let store = place.open();
    keep(&store, timed("o", "{\"a\":2}", one_number("1-1", "2"), 200), 10).await;
    let late = keep(&store, timed("o", "{\"a\":1}", one_number("1-1", "1"), 100), 11).await;
    assert_eq!((late.event, late.version), (Event::Late, 1));
    let again = keep(&store, timed("o", "{\"a\":1}", one_number("1-1", "1"), 100), 12).await;
    assert_eq!(again.event, Event::Unchanged);
    let newer = keep(&store, timed("o", "{\"a\":3}", one_number("1-1", "3"), 300), 13).await;
    assert_eq!((newer.event, newer.version), (Event::Updated, 3));
    assert_eq!(facts(&store, "p").await.len(), 1);
    assert_eq!(versions(&store, "o").await, 3);
}

async fn of_many_that_lean_on_one_version_one_wins(place: Place) {
    let store = place.open();
    keep(&store, entry("o", "{}", one_number("1-1", "0")), 10).await;
    let tasks = (0..32).map(|n| {
        let store = store.clone();
        let mut entry = entry("o", &format!("{{\"a\":{n}}}"), one_number("1-1", &n.to_string()));
        entry.method = Method::Update { if_match: Some(1) };
        tokio::spawn(async move { store.write(import(vec![entry], 20 + n)).await.expect("written") })
    });
    let mut won = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.expect("no panic") {
            Ok(_) => won += 1,
            Err(refusal) => assert_eq!(refusal.reason, RefusalReason::VersionConflict(2)),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(facts(&store, "p").await.len(), 1);
}

async fn of_many_equal_conditional_creates_one_creates(place: Place) {
    let store = place.open();
    let tasks = (0..64).map(|n| {
        let store = store.clone();
        let mut entry = entry(&format!("o{n}"), "{}", one_number("1-1", "0"));
        entry.draft.identifiers = vec![identifier("7")];
        let search = Search { id: None, identifiers: vec![identifier("7")] };
        entry.method = Method::Create { if_none_exist: Some(search) };
        tokio::spawn(async move { keep(&store, entry, 10).await })
    });
    let mut kept = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        kept.push(task.await.expect("no panic"));
    }
    assert_eq!(kept.iter().filter(|k| k.event == Event::Created).count(), 1);
    assert_eq!(kept.iter().filter(|k| k.event == Event::Unchanged).count(), 63);
    assert!(kept.iter().all(|k| k.id == kept[0].id));
}

async fn known_time_grows_even_when_the_clock_steps_back(place: Place) {
    let store = place.open();
    let mut before = Instant::MIN;
    for (n, at) in [100, 50, 50, 10, 101, 3].into_iter().enumerate() {
        let known = keep(&store, entry(&format!("o{n}"), "{}", one_number("1-1", "1")), at).await.known;
        assert!(known > before, "{known:?} after {before:?}");
        before = known;
    }
}

async fn what_was_entered_in_error_states_nothing_any_more(place: Place) {
    let store = place.open();
    keep(&store, entry("o", "{\"a\":1}", one_number("1-1", "1")), 10).await;
    let mut wrong = one_number("1-1", "1");
    wrong[0].status = FactStatus::EnteredInError;
    assert_eq!(keep(&store, entry("o", "{\"a\":2}", wrong), 11).await.event, Event::Updated);
    assert!(facts(&store, "p").await.is_empty());
}

async fn a_result_that_moves_to_another_patient_leaves_the_first(place: Place) {
    let store = place.open();
    keep(&store, entry("o", "{\"a\":1}", one_number("1-1", "1")), 10).await;
    let before = store
        .read(ReadPerson { person: person(&store, "p").await, known: KnownAt::Now, codes: None })
        .await
        .expect("read");
    let mut moved = entry("o", "{\"a\":2}", one_number("1-1", "1"));
    moved.patient = Some("q".into());
    keep(&store, moved, 500).await;
    assert!(facts(&store, "p").await.is_empty());
    assert_eq!(facts(&store, "q").await.len(), 1);
    let replay = ReadPerson { person: before.person, known: KnownAt::Seen(before.seen), codes: None };
    assert_eq!(store.read(replay).await.expect("read").facts, before.facts);
}

struct Panics;

impl Unit for Panics {
    type Answer = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        tx.execute("insert into cursor (name, value, at) values ('x', 'y', 1)", &[]).await?;
        panic!("on purpose")
    }
}

async fn a_fault_in_one_unit_costs_that_unit_alone(place: Place) {
    let store = place.open();
    let (faulty, good) = tokio::join!(store.write(Panics), keep(&store, entry("o", "{}", one_number("1-1", "1")), 10));
    assert!(matches!(faulty, Err(StoreError::Corrupt(_))), "{faulty:?}");
    assert_eq!(good.event, Event::Created);
    keep(&store, entry("o2", "{}", one_number("1-1", "1")), 11).await;
    let cursor = trialgate::store::CursorOf { name: "x".into() };
    assert_eq!(store.read(cursor).await.expect("read"), None);
    assert_eq!(store.audit_verify().await.expect("checked").broken, Vec::<String>::new());
}

async fn reading_splices_the_head_and_keeps_every_other_byte(place: Place) {
    use trialgate::model::draft::Stretch;
    let store = place.open();
    let head = "\"versionId\":\"1\",\"lastUpdated\":\"1970-01-01T00:00:00.000010Z\"";
    let stretch =
        |body: &str, part: &str| body.find(part).map(|at| Stretch { start: at as u32, end: (at + part.len()) as u32 });
    let cases = [
        (" { \"x\" : 1.50 }\n", "", "", "", format!(" {{\"id\":\"o\",\"meta\":{{{head}}}, \"x\" : 1.50 }}\n")),
        ("{\"id\" : \"zz\"}", "\"zz\"", "", "", format!("{{\"meta\":{{{head}}},\"id\" : \"o\"}}")),
        ("{\"meta\":{ }, \"x\":2}", "", "{ }", "", format!("{{\"id\":\"o\",\"meta\":{{{head} }}, \"x\":2}}")),
        (
            "{\"meta\":{\"versionId\": \"q\"}}",
            "",
            "{\"versionId\": \"q\"}",
            "\"q\"",
            "{\"id\":\"o\",\"meta\":{\"lastUpdated\":\"1970-01-01T00:00:00.000010Z\",\"versionId\": \"1\"}}".to_owned(),
        ),
    ];
    for (n, (body, id, meta, version, wanted)) in cases.into_iter().enumerate() {
        let mut entry = entry("o", body, vec![]);
        let found = |part: &str| if part.is_empty() { None } else { stretch(body, part) };
        entry.draft.offsets =
            Offsets { id: found(id), meta: found(meta), version_id: found(version), last_updated: None };
        let mut import = import(vec![entry], 10);
        import.source = format!("s{n}").into();
        let kept = store.write(import).await.expect("written").expect("kept");
        assert_eq!(kept[0].known, Instant(10), "a new patient is known from the moment of arrival");
        let ask = ReadResource {
            source: format!("s{n}"),
            resource_type: "Observation".into(),
            id: "o".into(),
            version: None,
        };
        let read = store.read(ask).await.expect("read").expect("there");
        assert_eq!(String::from_utf8_lossy(&read.body), wanted);
    }
}

async fn what_is_long_or_strange_is_kept_and_counted(place: Place) {
    let store = place.open();
    let mut strange = number("1-1", "1", i64::MIN);
    let unit = ReceivedUnit::Word("µ\u{1f}'\"\\".repeat(5_000).into());
    if let FactValue::Quantity { unit: kept, .. } = &mut strange.value {
        *kept = unit;
    }
    keep(&store, entry("o", "{}", vec![strange.clone()]), 10).await;
    assert_eq!(facts(&store, "p").await.into_iter().map(|f| f.draft).collect::<Vec<_>>(), [strange]);
    let usage = store.read(trialgate::store::UsageList { source: None }).await.expect("read");
    assert_eq!(usage.iter().map(|u| (u.count, u.unit.chars().count())).collect::<Vec<_>>(), [(1, 200)]);
    let aside = trialgate::store::SetAside {
        source: "lab".into(),
        reason: "a\0b".into(),
        place: "f:1".into(),
        body: b"{\0}".to_vec(),
    };
    let kept = trialgate::store::KeepAside { aside: aside.clone(), caller: caller(), at: Instant(12) };
    assert_eq!(store.write(kept.clone()).await.expect("written"), 1);
    assert_eq!(store.write(kept).await.expect("written"), 1, "the same is there already");
    let list = trialgate::store::SetAsideList { after: 0, count: 9 };
    let list = store.read(list).await.expect("read");
    assert_eq!((list.len(), list[0].arrival, &list[0].aside.body), (1, 1, &aside.body));
    assert_eq!(list[0].aside.reason, "a\u{fffd}b");
}

async fn codings_of_one_statement_and_statements_of_one_part_are_told_apart(place: Place) {
    let store = place.open();
    let same = number("1-1", "1.50", 5);
    let other_code = DraftFact { code: Coding::new("urn:lab", "x"), ..same.clone() };
    let other_value = number("2-2", "2.5", 5);
    let other_part = DraftFact { part: 1, ..number("3-3", "2.5", 5) };
    let stated = vec![same, other_code, other_value, other_part];
    keep(&store, entry("o", "{}", stated.clone()), 10).await;
    let read: Vec<DraftFact> = facts(&store, "p").await.into_iter().map(|f| f.draft).collect();
    for fact in &stated {
        assert!(read.contains(fact), "{fact:?} is not among {read:?}");
    }
    assert_eq!(read.len(), stated.len());
}

async fn a_unit_that_is_shared_comes_back_when_it_is_refused(place: Place) {
    let store = place.open();
    let mut refused = entry("o", "{}", one_number("1-1", "1"));
    refused.method = Method::Update { if_match: Some(4) };
    let whole = Arc::new(import(vec![entry("n", "{}", one_number("1-1", "1")), refused], 10));
    let answer = store.write(whole.clone()).await.expect("written").expect_err("refused");
    assert_eq!((answer.entry, answer.reason), (1, RefusalReason::VersionConflict(0)));
    let mut entries = Arc::try_unwrap(whole).expect("the store has let go of it").entries;
    entries.pop();
    store.write(import(entries, 11)).await.expect("written").expect("the rest is kept");
}
