//! Search: by id, identifier, patient, code and date, over pages, and also what states nothing.

use super::*;
use trialgate::store::{Find, Found, ItemNames, ReadResource};

on_both!(
    each_parameter_narrows_and_all_of_them_together,
    what_was_entered_in_error_or_states_nothing_is_still_found_by_its_patient,
    an_earlier_version_leads_nowhere_any_more,
    pages_meet_each_once_and_end_at_the_moment_of_the_first,
    a_version_is_read_by_number_and_items_have_names,
);

const UNTIL: Instant = Instant(1_000_000);

fn ask() -> Find {
    Find {
        source: "lab".into(),
        resource_type: Some(ResourceType::Observation),
        ids: vec![],
        identifiers: vec![],
        patients: vec![],
        codes: vec![],
        dates: vec![],
        count: 100,
        after: None,
        until: UNTIL,
    }
}

async fn found(store: &Store, find: Find) -> Found {
    store.read(find).await.expect("read")
}

/// The ids that a search meets, in order of their names.
async fn ids(store: &Store, find: Find) -> Vec<String> {
    let mut ids: Vec<String> = found(store, find).await.resources.into_iter().map(|r| r.id).collect();
    ids.sort_unstable();
    ids
}

fn of(patient: &str) -> Find {
    Find { patients: vec![patient.into()], ..ask() }
}

fn coded(mut find: Find, code: &str) -> Find {
    find.codes = vec![Coding::new("http://loinc.org", code)];
    find
}

fn dated(mut find: Find, from: i64, to: i64) -> Find {
    find.dates = vec![(Instant(from), Instant(to))];
    find
}

fn in_error(mut facts: Vec<DraftFact>) -> Vec<DraftFact> {
    facts.iter_mut().for_each(|f| f.status = FactStatus::EnteredInError);
    facts
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
    assert_eq!(ids(&store, Find { ids: vec!["b".into(), "x".into()], ..ask() }).await, ["b"]);
    assert_eq!(ids(&store, Find { identifiers: vec![identifier("7")], ..ask() }).await, ["a"]);
    let any_system = Identifier { system: String::new(), value: "7".into() };
    assert_eq!(ids(&store, Find { identifiers: vec![any_system], ..ask() }).await, ["a"]);
    assert_eq!(ids(&store, of("p")).await, ["a", "b"]);
    assert_eq!(ids(&store, coded(ask(), "1-1")).await, ["a", "c"]);
    assert_eq!(ids(&store, coded(of("p"), "1-1")).await, ["a"]);
    assert_eq!(ids(&store, dated(ask(), 6, 60)).await, ["b"]);
    assert_eq!(ids(&store, dated(coded(of("q"), "1-1"), 6, 60)).await, [""; 0]);
    assert_eq!(ids(&store, Find { resource_type: Some(ResourceType::Condition), ..of("p") }).await, [""; 0]);
    assert_eq!(ids(&store, Find { source: "ward".into(), ..of("p") }).await, [""; 0]);
    let patients = Find { resource_type: Some(ResourceType::Patient), ..of("p") };
    assert_eq!(ids(&store, patients).await, [""; 0], "a patient that is only referred to has no resource");
}

async fn what_was_entered_in_error_or_states_nothing_is_still_found_by_its_patient(place: Place) {
    let store = place.open();
    keep(&store, entry("wrong", "{\"a\":1}", in_error(one_number("1-1", "1"))), 10).await;
    keep(&store, entry("silent", "{\"a\":2}", vec![]), 11).await;
    keep(&store, entry("right", "{\"a\":3}", one_number("1-1", "1")), 12).await;
    keep(&store, entry("right", "{\"a\":4}", in_error(one_number("1-1", "1"))), 13).await;
    assert_eq!(ids(&store, of("p")).await, ["right", "silent", "wrong"]);
    assert_eq!(ids(&store, coded(of("p"), "1-1")).await, ["right", "wrong"]);
    assert_eq!(ids(&store, dated(of("p"), 0, 9)).await, ["right", "wrong"]);
    assert_eq!(ids(&store, coded(ask(), "1-1")).await, ["right", "wrong"]);
    assert_eq!(ids(&store, of("q")).await, [""; 0]);
    assert!(facts(&store, "p").await.is_empty(), "it is found, and it states nothing");
}

async fn an_earlier_version_leads_nowhere_any_more(place: Place) {
    let store = place.open();
    keep(&store, entry("o", "{\"a\":1}", in_error(one_number("1-1", "1"))), 10).await;
    keep(&store, entry("o", "{\"a\":2}", vec![number("2-2", "1", 5)]), 11).await;
    assert_eq!(ids(&store, coded(of("p"), "1-1")).await, [""; 0]);
    assert_eq!(ids(&store, coded(of("p"), "2-2")).await, ["o"]);
    keep(&store, entry("o", "{\"a\":3}", vec![]), 12).await;
    assert_eq!(ids(&store, coded(of("p"), "2-2")).await, [""; 0]);
    let mut moved = entry("o", "{\"a\":4}", vec![]);
    moved.patient = Some("q".into());
    keep(&store, moved, 13).await;
    assert_eq!((ids(&store, of("p")).await, ids(&store, of("q")).await), (vec![], vec!["o".to_owned()]));
}

async fn pages_meet_each_once_and_end_at_the_moment_of_the_first(place: Place) {
    let store = place.open();
    for n in 0..7 {
        keep(&store, entry(&format!("o{n}"), &format!("{{\"a\":{n}}}"), one_number("1-1", "1")), 10 + n).await;
    }
    for search in [ask(), of("p"), coded(ask(), "1-1")] {
        let (mut met, mut after) = (Vec::new(), None);
        loop {
            let page = found(&store, Find { count: 3, after, until: Instant(15), ..search.clone() }).await;
            assert!(page.resources.len() <= 3);
            met.extend(page.resources.into_iter().map(|r| r.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(met, ["o0", "o1", "o2", "o3", "o4", "o5"], "what came after the first page is of no page");
    }
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
