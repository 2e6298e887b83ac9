//! Many at once: two processes on one database, lost updates, and a walk while others write.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use trialgate::model::standing::{Actor, Evidence, Standing, Status};
use trialgate::store::{Act, Event, Finished, RefusalReason, Search, StoreError, SubjectsOf, SubjectsOfPerson};

on_both!(
    two_processes_create_one_thing_once,
    a_person_has_one_subject,
    of_ten_thousand_updates_none_is_lost,
    chunks_claims_and_finishes_do_not_wait_in_rings,
    a_walk_meets_each_subject_once_while_others_write
);

/// Writers at once.
const WRITERS: i64 = 32;
/// Updates that lean on the version before.
const UPDATES: i64 = 10_000;
/// Resources that they update.
const RESOURCES: i64 = 500;
/// Subjects that a walk must meet.
const SUBJECTS: usize = 20_000;
pub(super) const TRIAL: &str = "a-trial";

async fn two_processes_create_one_thing_once(place: Place) {
    let store = place.open();
    let other = place.beside(&store);
    for round in 0..20 {
        let tasks = (0..16).map(|n| {
            let store = if n % 2 == 0 { store.clone() } else { other.clone() };
            let mut entry = entry(&format!("o{round}-{n}"), "{}", one_number("1-1", "0"));
            // Each round brings a patient who is new, too.
            entry.patient = Some(format!("p{round}"));
            entry.draft.identifiers = vec![identifier(&round.to_string())];
            let search = Search { id: None, identifiers: vec![identifier(&round.to_string())] };
            entry.method = Method::Create { if_none_exist: Some(search) };
            tokio::spawn(async move { keep(&store, entry, 10).await })
        });
        let mut kept = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            kept.push(task.await.expect("no panic"));
        }
        assert_eq!(kept.iter().filter(|k| k.event == Event::Created).count(), 1, "round {round}");
        assert!(kept.iter().all(|k| k.id == kept[0].id), "round {round}");
        assert_eq!(facts(&other, &format!("p{round}")).await.len(), 1);
    }
    assert_eq!(store.audit_verify().await.expect("checked").broken, Vec::<String>::new());
}

pub(super) fn standing(person: PersonKey, version: i64, reason: &str) -> Standing {
    Standing {
        person,
        trial: TRIAL.into(),
        attempt: 1,
        version,
        status: Status::Candidate,
        removed: false,
        actor: Actor::Data,
        reason: reason.into(),
        evidence: Evidence::default(),
        at: Instant(version),
        expires: None,
        assessment: None,
    }
}

pub(super) fn act(standing: Standing) -> Act {
    Act {
        person: standing.person,
        facts: vec![],
        collection: None,
        targets: vec!["research".into()],
        state: None,
        tally: Some((TRIAL.into(), standing.status.code().into())),
        audit: ("act".into(), "a test".into()),
        caller: caller(),
        at: standing.at,
        standing: Some(standing),
    }
}

async fn a_person_has_one_subject(place: Place) {
    let store = place.open();
    let other = place.beside(&store);
    keep(&store, entry("o", "{}", one_number("1-1", "1")), 10).await;
    let person = person(&store, "p").await;
    let tasks = (0..16).map(|n| {
        let store = if n % 2 == 0 { store.clone() } else { other.clone() };
        tokio::spawn(async move { store.write(act(standing(person, 1, &n.to_string()))).await.expect("written") })
    });
    let mut done = 0;
    for task in tasks.collect::<Vec<_>>() {
        done += usize::from(task.await.expect("no panic") == Finished::Done);
    }
    assert_eq!(done, 1, "one standing of version 1");
    assert_eq!(store.read(SubjectsOfPerson { person }).await.expect("read").len(), 1);
    let tally = trialgate::store::TallyOf { trial: TRIAL.into() };
    assert_eq!(store.read(tally).await.expect("read"), [(Status::Candidate.code().to_owned(), 1)]);
}

/// Updates one resource until the shared count is used up: reads nothing, leans on what the last answer said.
async fn updater(store: Store, left: Arc<std::sync::atomic::AtomicI64>, won: Arc<std::sync::Mutex<Vec<(i64, i64)>>>) {
    use std::sync::atomic::Ordering;
    let mut versions: BTreeMap<i64, i64> = BTreeMap::new();
    loop {
        let turn = left.fetch_sub(1, Ordering::SeqCst);
        if turn <= 0 {
            return;
        }
        let (id, body) = (turn % RESOURCES, format!("{{\"a\":{turn}}}"));
        loop {
            let seen = *versions.entry(id).or_insert(1);
            let mut entry = entry(&format!("o{id}"), &body, vec![]);
            entry.patient = Some(format!("p{id}"));
            entry.method = Method::Update { if_match: Some(seen) };
            match store.write(import(vec![entry], 100)).await {
                Ok(Ok(kept)) => {
                    assert_eq!(kept[0].version, seen + 1);
                    versions.insert(id, kept[0].version);
                    won.lock().expect("no panic").push((id, seen));
                    break;
                }
                Ok(Err(refusal)) => match refusal.reason {
                    RefusalReason::VersionConflict(now) => drop(versions.insert(id, now)),
                    other => panic!("{other:?}"),
                },
                Err(StoreError::Busy) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

async fn of_ten_thousand_updates_none_is_lost(place: Place) {
    let store = place.open();
    let other = place.beside(&store);
    let first = (0..RESOURCES).map(|id| {
        let mut entry = entry(&format!("o{id}"), "{}", vec![]);
        entry.patient = Some(format!("p{id}"));
        entry
    });
    store.write(import(first.collect(), 1)).await.expect("written").expect("kept");
    let left = Arc::new(std::sync::atomic::AtomicI64::new(UPDATES));
    let won = Arc::new(std::sync::Mutex::new(Vec::new()));
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| {
            let store = if n % 2 == 0 { store.clone() } else { other.clone() };
            tokio::spawn(updater(store, left.clone(), won.clone()))
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
    let won = won.lock().expect("no panic").clone();
    assert_eq!(won.len(), usize::try_from(UPDATES).expect("small"));
    let bases: BTreeSet<(i64, i64)> = won.iter().copied().collect();
    assert_eq!(bases.len(), won.len(), "a version was followed twice");
    for id in 0..RESOURCES {
        let versions = versions(&store, &format!("o{id}")).await;
        assert_eq!(versions, 1 + won.iter().filter(|(of, _)| *of == id).count(), "versions of o{id}");
    }
    assert_eq!(store.audit_verify().await.expect("checked").broken, Vec::<String>::new());
}

/// Chunks of results about the same people in any order, while others claim and finish them.
async fn chunks_claims_and_finishes_do_not_wait_in_rings(place: Place) {
    use trialgate::store::{ClaimPending, Finish, PendingCount};
    const CHUNKS: i64 = 4;
    const LINES: i64 = 120;
    const PEOPLE: i64 = 40;
    let store = place.open();
    let other = place.beside(&store);
    let importers = (0..4).map(|n| {
        let store = if n % 2 == 0 { store.clone() } else { other.clone() };
        tokio::spawn(async move {
            for chunk in 0..CHUNKS {
                let line = |line: i64| {
                    let id = format!("o{n}-{chunk}-{line}");
                    let mut entry = entry(&id, "{}", one_number("1-1", "1"));
                    entry.method = Method::Load;
                    entry.patient = Some(format!("p{}", (line * (2 * n + 7) + chunk * 11) % PEOPLE));
                    entry
                };
                let lines = import((0..LINES).map(line).collect(), 100 + chunk);
                store.write(lines).await.expect("written").expect("kept");
            }
        })
    });
    let importers: Vec<_> = importers.collect();
    let finishers = (0..4).map(|n| {
        let store = if n % 2 == 0 { store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let mut finished = 0;
            for turn in 0..200 {
                let lease = format!("{n}-{turn}");
                let claim = ClaimPending { lease, until: Instant(i64::MAX), count: 8, at: Instant(1_000_000) };
                for claim in store.write(claim).await.expect("written") {
                    let (person, at) = (claim.person, Instant(1_000_000));
                    let finish = Finish { claim: Some(claim), person, trials: vec![], due: None, caller: caller(), at };
                    store.write(finish).await.expect("written");
                    finished += 1;
                }
                tokio::task::yield_now().await;
            }
            finished
        })
    });
    let finishers: Vec<_> = finishers.collect();
    for importer in importers {
        importer.await.expect("no panic");
    }
    let mut finished = 0;
    for finisher in finishers {
        finished += finisher.await.expect("no panic");
    }
    let (left, parked) = store.read(PendingCount {}).await.expect("read");
    assert!(finished + left >= PEOPLE && parked == 0, "{finished} finished, {left} left");
    let mut kept = 0;
    for n in 0..PEOPLE {
        kept += facts(&store, &format!("p{n}")).await.len();
    }
    assert_eq!(kept, usize::try_from(4 * CHUNKS * LINES).expect("small"));
    assert_eq!(store.audit_verify().await.expect("checked").broken, Vec::<String>::new());
}

/// Persons with a subject and its first standing, as `Act` writes them, many to a statement.
struct Enrol(Vec<PersonKey>);

/// Persons to a statement.
const ROWS: usize = 20;

/// One text for so many rows; `?1` is the trial, `?2` the evidence, then the persons.
fn rows(front: &str, row: &str) -> &'static str {
    let row = |n: usize| row.replace("{n}", &format!("?{}", n + 3));
    String::leak(format!("{front} values {}", (0..ROWS).map(row).collect::<Vec<_>>().join(", ")))
}

static TEXTS: std::sync::LazyLock<[&str; 2]> = std::sync::LazyLock::new(|| {
    let subject = "insert into subject (partition, person, trial, attempt, id, collection)";
    let standing =
        "insert into standing (partition, person, trial, attempt, version, status, removed, reason, evidence, at)";
    [
        rows(subject, "(part({n}), {n}, ?1, 1, cast(?2 as text), 0)"),
        rows(standing, "(part({n}), {n}, ?1, 1, 1, 'candidate', 0, '', ?2, 1)"),
    ]
});

impl trialgate::store::tx::Unit for Enrol {
    type Answer = ();

    async fn run<T: trialgate::store::tx::Tx>(&self, tx: &mut T) -> Result<trialgate::store::tx::Done<()>, StoreError> {
        use trialgate::store::value::Value;
        for persons in self.0.chunks(ROWS) {
            for (text, second) in TEXTS.iter().zip([Value::from("id"), Value::from(&b"{}"[..])]) {
                let mut args = vec![Value::from(TRIAL), second];
                args.extend(persons.iter().map(|p| Value::from(*p)));
                assert_eq!(tx.execute(text, &args).await?, ROWS as u64);
            }
        }
        Ok(trialgate::store::tx::Done::Keep(()))
    }
}

fn persons(from: usize, count: usize) -> Vec<PersonKey> {
    let key = |n: usize| {
        let digest = trialgate::model::key::digest_words(&[&n.to_string()]);
        PersonKey(digest[..16].try_into().expect("16 bytes"))
    };
    (from..from + count).map(key).collect()
}

async fn a_walk_meets_each_subject_once_while_others_write(place: Place) {
    let store = place.open();
    let all = persons(0, SUBJECTS);
    let enrolled: Vec<_> = all.chunks(500).map(|some| store.write(Enrol(some.to_vec()))).collect();
    for enrol in enrolled {
        enrol.await.expect("written");
    }
    // A round of writes for each page that is read, so that neither runs away from the other.
    let (turns, mut turn) = tokio::sync::mpsc::channel(8);
    let other = place.beside(&store);
    let writer = tokio::spawn(async move {
        let mut rounds = 0;
        while turn.recv().await.is_some() {
            // New people appear everywhere in the order of keys, and others' standings move on.
            other.write(Enrol(persons(SUBJECTS + rounds * ROWS, ROWS))).await.expect("written");
            let moved = persons(rounds * 7 % SUBJECTS, 1)[0];
            let next = other.read(SubjectsOfPerson { person: moved }).await.expect("read")[0].standing.version + 1;
            other.write(act(standing(moved, next, "moved"))).await.expect("written");
            rounds += 1;
        }
        rounds
    });
    let mut pages = 0;
    for count in [1_000, 97, 4_999, 20_000] {
        let (mut met, mut after) = (BTreeSet::new(), None);
        loop {
            turns.send(()).await.expect("the writer works");
            let page = store.read(SubjectsOf { trial: TRIAL.into(), after, count }).await.expect("read");
            let Some(last) = page.last() else { break };
            pages += 1;
            after = Some((last.subject.person, last.subject.attempt));
            for row in &page {
                assert!(met.insert(row.subject.person), "{count} to a page: met twice");
            }
        }
        assert!(all.iter().all(|person| met.contains(person)), "{count} to a page: one was not met");
    }
    drop(turns);
    assert!(writer.await.expect("no panic") > pages, "a round of writes for each page");
}
