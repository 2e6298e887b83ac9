//! Search, deletion and versions: what narrows a walk, its pages and orders, what states nothing, and what is gone.

use super::*;
use trialgate::store::{
    Delete, Deleted, Deletion, Event, History, ItemNames, Judge, Matches, Narrow, Order, ReadResource, RefusalReason,
    Search, Stored, Transact, Walk, Walked, Which,
};

on_both!(
    each_parameter_narrows_and_all_of_them_together,
    an_identifier_is_found_with_its_system_and_by_its_value_alone,
    what_was_entered_in_error_or_states_nothing_is_still_found_by_its_patient,
    an_earlier_version_leads_nowhere_any_more,
    pages_meet_each_once_and_end_at_the_moment_of_the_first,
    a_walk_goes_by_what_was_there_and_shows_what_is_there,
    what_is_committed_late_moves_nothing_in_a_walk,
    a_deletion_is_a_version_and_ends_facts_and_names,
    a_transaction_deletes_and_keeps_or_does_neither,
    a_version_is_read_by_number_and_items_have_names,
);

const UNTIL: Instant = Instant(1_000_000);

/// All Observations of the source.
fn ask() -> Walk {
    walk(Narrow::nothing("lab", ResourceType::Observation))
}

fn walk(narrow: Narrow) -> Walk {
    Walk {
        narrow,
        known: (Instant::MIN, Instant::MAX),
        until: UNTIL,
        seen: None,
        judge: None,
        order: Order::Known,
        after: None,
        count: 100,
        looks: 100,
    }
}

async fn found(store: &Store, walk: Walk) -> Walked {
    store.read(walk).await.expect("read")
}

/// The ids that a search meets, in order of their names.
async fn ids(store: &Store, walk: Walk) -> Vec<String> {
    let mut ids: Vec<String> = found(store, walk).await.resources.into_iter().map(|r| r.id).collect();
    ids.sort_unstable();
    ids
}

fn narrowed(by: impl FnOnce(&mut Narrow)) -> Walk {
    let mut narrow = Narrow::nothing("lab", ResourceType::Observation);
    by(&mut narrow);
    walk(narrow)
}

fn of(patient: &str) -> Walk {
    narrowed(|n| n.patients = vec![patient.into()])
}

/// Those whose body holds this word; their key is the number behind `"a":`.
fn holding(mut walk: Walk, word: &'static str) -> Walk {
    let judge = move |stored: &Stored| {
        let text = std::str::from_utf8(&stored.body).expect("text");
        let number = text.split_once("\"a\":")?.1.trim_end_matches('}').parse().ok()?;
        text.contains(word).then_some(number)
    };
    walk.judge = Some(Judge(Arc::new(judge)));
    walk
}

fn in_error(mut facts: Vec<DraftFact>) -> Vec<DraftFact> {
    facts.iter_mut().for_each(|f| f.status = FactStatus::EnteredInError);
    facts
}

async fn an_identifier_is_found_with_its_system_and_by_its_value_alone(place: Place) {
    let store = place.open();
    let of = |system: &str, value: &str| Identifier { system: system.into(), value: value.into() };
    for (id, identifier) in [
        ("a", of("urn:one", "7")),
        ("b", of("urn:two", "7")),
        ("c", of("", "7")),
        ("d", of("urn:one", "70")),
        ("e", of("urn:one", "2026-03-15-000123")),
        ("f", of("urn:one", "2026-03-15-000124")),
        ("g", of("urn:one", "µ")),
    ] {
        let mut entry = entry(id, "{}", one_number("1-1", "0"));
        entry.draft.identifiers = vec![identifier];
        keep(&store, entry, 10).await;
    }
    let by = async |system: &str, value: &str| ids(&store, narrowed(|n| n.identifiers = vec![of(system, value)])).await;
    assert_eq!(by("urn:one", "7").await, ["a"]);
    assert_eq!(by("", "7").await, ["a", "b", "c"]);
    assert_eq!(by("urn:three", "7").await, [""; 0]);
    assert_eq!(by("urn:one", "2026-03-15-000123").await, ["e"]);
    assert_eq!(by("", "µ").await, ["g"]);
    for part in ["2026-03-15-", "123", "0123", "2026-03-16-000123"] {
        assert_eq!(by("", part).await, [""; 0], "{part} is no value");
    }
}

async fn each_parameter_narrows_and_all_of_them_together(place: Place) {
    let store = place.open();
    let mut first = entry("a", "{\"a\":1}", vec![number("1-1", "1", 5)]);
    first.draft.identifiers = vec![identifier("7")];
    keep(&store, first, 10).await;
    keep(&store, entry("b", "{\"a\":2}", vec![number("2-2", "1", 50)]), 11).await;
    let mut other = entry("c", "{\"a\":3}", vec![number("1-1", "1", 5)]);
    other.patient = Some("q".into());
    keep(&store, other, 12).await;

    assert_eq!(ids(&store, ask()).await, ["a", "b", "c"]);
    assert_eq!(ids(&store, narrowed(|n| n.ids = vec!["b".into(), "x".into()])).await, ["b"]);
    assert_eq!(ids(&store, narrowed(|n| n.identifiers = vec![identifier("7")])).await, ["a"]);
    let any_system = || Identifier { system: String::new(), value: "7".into() };
    assert_eq!(ids(&store, narrowed(|n| n.identifiers = vec![any_system()])).await, ["a"]);
    assert_eq!(ids(&store, of("p")).await, ["a", "b"]);
    assert_eq!(ids(&store, holding(ask(), ":3")).await, ["c"]);
    assert_eq!(ids(&store, holding(of("p"), ":1")).await, ["a"]);
    assert_eq!(ids(&store, holding(of("q"), ":1")).await, [""; 0]);
    let of_type = |kind| walk(Narrow { patients: vec!["p".into()], ..Narrow::nothing("lab", kind) });
    assert_eq!(ids(&store, of_type(ResourceType::Condition)).await, [""; 0]);
    let elsewhere = Narrow { patients: vec!["p".into()], ..Narrow::nothing("ward", ResourceType::Observation) };
    assert_eq!(ids(&store, walk(elsewhere)).await, [""; 0]);
    assert_eq!(ids(&store, of_type(ResourceType::Patient)).await, [""; 0], "only referred to, it is no resource");
    let known = |from, to| Walk { known: (Instant(from), Instant(to)), ..ask() };
    assert_eq!(ids(&store, known(11, 12)).await, ["b", "c"]);
    assert_eq!(ids(&store, Walk { known: (Instant(11), Instant(11)), ..of("p") }).await, ["b"]);
    let matches = |search: Search| Matches { source: "lab".into(), resource_type: ResourceType::Observation, search };
    let both = Search { id: Some("a".into()), identifiers: vec![identifier("7")] };
    assert_eq!(store.read(matches(both)).await.expect("read"), ["a"]);
    let none = Search { id: Some("b".into()), identifiers: vec![identifier("7")] };
    assert!(store.read(matches(none)).await.expect("read").is_empty());
    let no_system = Search { id: None, identifiers: vec![any_system()] };
    assert!(store.read(matches(no_system)).await.expect("read").is_empty(), "a condition means what it says");
}

async fn what_was_entered_in_error_or_states_nothing_is_still_found_by_its_patient(place: Place) {
    let store = place.open();
    keep(&store, entry("wrong", "{\"a\":1}", in_error(one_number("1-1", "1"))), 10).await;
    keep(&store, entry("silent", "{\"a\":2}", vec![]), 11).await;
    keep(&store, entry("right", "{\"a\":3}", one_number("1-1", "1")), 12).await;
    keep(&store, entry("right", "{\"a\":4}", in_error(one_number("1-1", "1"))), 13).await;
    assert_eq!(ids(&store, of("p")).await, ["right", "silent", "wrong"]);
    assert_eq!(ids(&store, of("q")).await, [""; 0]);
    assert!(facts(&store, "p").await.is_empty(), "it is found, and it states nothing");
}

async fn an_earlier_version_leads_nowhere_any_more(place: Place) {
    let store = place.open();
    let mut first = entry("o", "{\"a\":1}", in_error(one_number("1-1", "1")));
    first.draft.identifiers = vec![identifier("7")];
    keep(&store, first, 10).await;
    keep(&store, entry("o", "{\"a\":2}", vec![number("2-2", "1", 5)]), 11).await;
    assert_eq!(ids(&store, narrowed(|n| n.identifiers = vec![identifier("7")])).await, [""; 0]);
    assert_eq!(ids(&store, holding(of("p"), ":1")).await, [""; 0]);
    keep(&store, entry("o", "{\"a\":3}", vec![]), 12).await;
    let mut moved = entry("o", "{\"a\":4}", vec![]);
    moved.patient = Some("q".into());
    keep(&store, moved, 13).await;
    assert_eq!((ids(&store, of("p")).await, ids(&store, of("q")).await), (vec![], vec!["o".to_owned()]));
}

/// The ids of all pages of three, in the order met; `between` is done after each.
async fn pages(store: &Store, search: &Walk, mut between: impl AsyncFnMut()) -> Vec<String> {
    let (mut met, mut after, mut seen) = (Vec::new(), None, None);
    loop {
        let page = found(store, Walk { count: 3, after, seen, ..search.clone() }).await;
        seen = Some(page.seen);
        assert!(page.resources.len() <= 3);
        met.extend(page.resources.into_iter().map(|r| r.id));
        after = page.next;
        if after.is_none() {
            return met;
        }
        between().await;
    }
}

async fn pages_meet_each_once_and_end_at_the_moment_of_the_first(place: Place) {
    let store = place.open();
    for n in 0..7 {
        keep(&store, entry(&format!("o{n}"), &format!("{{\"a\":{n}}}"), one_number("1-1", "1")), 10 + n).await;
    }
    let up = ["o0", "o1", "o2", "o3", "o4", "o5"];
    let down: Vec<&str> = up.iter().rev().copied().collect();
    let at = |walk: Walk, order| Walk { until: Instant(15), order, ..walk };
    for search in [ask(), of("p"), holding(ask(), "a"), holding(of("p"), "a")] {
        assert_eq!(pages(&store, &at(search.clone(), Order::Known), async || ()).await, up, "none of what came later");
        assert_eq!(pages(&store, &at(search, Order::KnownDown), async || ()).await, down);
    }
    assert_eq!(pages(&store, &at(holding(of("p"), "a"), Order::Key), async || ()).await, up);
    assert_eq!(pages(&store, &at(holding(of("p"), "a"), Order::KeyDown), async || ()).await, down);
    assert!(found(&store, at(holding(ask(), "a"), Order::Key)).await.cut, "everything by a key is too much");
    let counted = found(&store, Walk { count: 0, ..at(holding(ask(), "a"), Order::Known) }).await;
    assert_eq!((counted.fitting, counted.resources.len(), counted.cut), (6, 0, false));
    let cut = found(&store, Walk { looks: 4, ..at(holding(ask(), ":5"), Order::Known) }).await;
    assert_eq!((cut.resources.len(), cut.cut, cut.next.is_some()), (0, true, true));
    let rest = found(&store, Walk { looks: 4, after: cut.next, ..at(holding(ask(), ":5"), Order::Known) }).await;
    assert_eq!((rest.resources.len(), rest.cut), (1, false), "the next page goes on behind what was looked at");
}

async fn a_walk_goes_by_what_was_there_and_shows_what_is_there(place: Place) {
    let store = place.open();
    for n in 0..7 {
        keep(&store, entry(&format!("o{n}"), &format!("{{\"a\":{n}}}"), one_number("1-1", "1")), 10 + n).await;
    }
    let all = ["o0", "o1", "o2", "o3", "o4", "o5", "o6"];
    let mut at = 100;
    for search in [ask(), of("p"), Walk { order: Order::KnownDown, ..ask() }] {
        let until = Instant(at);
        let search = Walk { until, ..search };
        let mut met = pages(&store, &search, async || {
            // Everything changes between two pages.
            for n in 0..7 {
                at += 1;
                keep(&store, entry(&format!("o{n}"), &format!("{{\"a\":{at}}}"), one_number("1-1", "1")), at).await;
            }
        })
        .await;
        met.sort_unstable();
        assert_eq!(met, all);
        at += 1;
    }
    let first = found(&store, Walk { count: 3, until: Instant(at), ..ask() }).await;
    let (gone, next) = (deletion("o5"), first.next);
    store.write(delete(gone, at + 1)).await.expect("written").expect("deleted");
    let rest = found(&store, Walk { count: 9, until: Instant(at), after: next, ..ask() }).await;
    assert_eq!(rest.resources.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["o3", "o4", "o6"]);
}

/// An hour: what is known so long before a walk counts as committed by then.
const HOUR: i64 = 3_600_000_000;

async fn what_is_committed_late_moves_nothing_in_a_walk(place: Place) {
    let store = place.open();
    let keep = async |n: i64, at: i64| {
        keep(&store, entry(&format!("o{n}"), &format!("{{\"a\":{at}}}"), one_number("1-1", "1")), at).await;
    };
    for n in 0..7 {
        keep(n, HOUR + n).await;
    }
    let all = ["o0", "o1", "o2", "o3", "o4", "o5", "o6"];
    let mut began = 2 * HOUR;
    for search in [ask(), of("p"), holding(ask(), "a"), holding(of("p"), "a")] {
        for order in [Order::Known, Order::KnownDown] {
            let mut at = began;
            began += HOUR;
            // Written by a unit that began before the walk, and committed between two of its pages.
            let search = Walk { until: Instant(began), order, ..search.clone() };
            let mut met = pages(&store, &search, async || {
                for n in 0..7 {
                    at += 1;
                    keep(n, HOUR - 1_000 + at).await;
                }
            })
            .await;
            met.sort_unstable();
            assert_eq!(met, all, "{order:?}");
            assert_eq!(pages(&store, &search, async || ()).await.len(), 7, "a walk that begins now sees them");
        }
    }
}

fn deletion(id: &str) -> Deletion {
    Deletion { resource_type: ResourceType::Observation, which: Which::Id(id.into()), if_match: None }
}

fn delete(deletion: Deletion, at: i64) -> Delete {
    Delete { source: "lab".into(), deletion, caller: caller(), at: Instant(at) }
}

async fn a_deletion_is_a_version_and_ends_facts_and_names(place: Place) {
    let store = place.open();
    let mut first = entry("o", "{\"a\":1}", one_number("1-1", "1"));
    first.draft.identifiers = vec![identifier("7")];
    keep(&store, first.clone(), 10).await;
    assert_eq!(facts(&store, "p").await.len(), 1);
    let Deleted::Now(gone) = store.write(delete(deletion("o"), 11)).await.expect("written").expect("deleted") else {
        panic!("it was there")
    };
    assert_eq!(gone.version, 2);
    assert!(facts(&store, "p").await.is_empty());
    assert_eq!(ids(&store, of("p")).await, [""; 0]);
    assert_eq!(ids(&store, narrowed(|n| n.identifiers = vec![identifier("7")])).await, [""; 0]);
    let again = store.write(delete(deletion("o"), 12)).await.expect("written");
    assert!(matches!(again, Ok(Deleted::Before(kept)) if kept.version == 2));
    let never = store.write(delete(deletion("x"), 12)).await.expect("written");
    assert_eq!(never, Ok(Deleted::Never));
    let mut loaded = first.clone();
    loaded.method = Method::Load;
    let same = keep(&store, loaded, 13).await;
    assert_eq!((same.event, same.version), (Event::Unchanged, 2), "a file that does not know it brings nothing back");
    let back = keep(&store, first, 14).await;
    assert_eq!((back.event, back.version), (Event::Created, 3));
    assert_eq!(facts(&store, "p").await.len(), 1);
    let page = |count, after| History {
        source: "lab".into(),
        resource_type: "Observation".into(),
        id: None,
        since: Instant::MIN,
        until: Instant(1000),
        after,
        count,
    };
    let (mut states, mut after) = (Vec::new(), None);
    loop {
        let versions = store.read(page(2, after)).await.expect("read");
        states.extend(versions.versions.iter().map(|v| (v.version, v.deleted)));
        after = versions.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(states, [(3, false), (2, true), (1, false)]);
    let kept = store.audit_verify().await.expect("a report");
    assert!(kept.broken.is_empty(), "{:?}", kept.broken);
}

async fn a_transaction_deletes_and_keeps_or_does_neither(place: Place) {
    let store = place.open();
    keep(&store, entry("old", "{\"a\":1}", one_number("1-1", "1")), 10).await;
    let both = |if_match, method| {
        let mut kept = entry("new", "{\"a\":2}", one_number("1-1", "2"));
        kept.method = Method::Update { if_match: method };
        let deletions = vec![Deletion { if_match, ..deletion("old") }];
        Transact { deletions, import: import(vec![kept], 11) }
    };
    let refused = store.write(both(Some(7), None)).await.expect("written").expect_err("stale");
    assert_eq!((refused.entry, refused.reason), (0, RefusalReason::VersionConflict(1)));
    let refused = store.write(both(None, Some(7))).await.expect("written").expect_err("stale");
    assert_eq!((refused.entry, refused.reason), (1, RefusalReason::VersionConflict(0)));
    assert_eq!(ids(&store, of("p")).await, ["old"], "what was deleted before the refusal is back");
    let (deleted, kept) = store.write(both(Some(1), None)).await.expect("written").expect("done");
    assert!(matches!(deleted[..], [Deleted::Now(_)]) && kept.len() == 1);
    assert_eq!(ids(&store, of("p")).await, ["new"]);
}

async fn a_version_is_read_by_number_and_items_have_names(place: Place) {
    let store = place.open();
    keep(&store, entry("o", "{\"a\":1}", one_number("1-1", "1")), 10).await;
    keep(&store, entry("o", "{\"a\":2}", one_number("1-1", "2")), 11).await;
    let read =
        |version| ReadResource { source: "lab".into(), resource_type: "Observation".into(), id: "o".into(), version };
    let body = |stored: trialgate::store::Stored| String::from_utf8(stored.body).expect("text");
    let old = store.read(read(Some(1))).await.expect("read").expect("there");
    assert!(body(old).contains("\"a\":1"));
    assert_eq!(store.read(read(None)).await.expect("read").expect("there").version, 2);
    assert!(store.read(read(Some(3))).await.expect("read").is_none());
    let items = vec![facts(&store, "p").await[0].item, trialgate::model::key::Item([9; 16])];
    let names = store.read(ItemNames { items }).await.expect("read");
    let names: Vec<_> = names.iter().map(|n| (n.source.as_str(), n.resource_type.as_str(), n.id.as_str())).collect();
    assert_eq!(names, [("lab", "Observation", "o")]);
}
