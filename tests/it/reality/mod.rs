//! What hospitals really send (docs/reality.md): each fault is a fixture, loaded as a file or poll would, and what is read of
//! it, why not, what is set aside and what a question comes to are as the fixture says.

mod page;

use crate::evaluate::{World, asks};
use crate::place::Place;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use trialgate::flow::assess;
use trialgate::flow::gateway::{Gateway, Parts, Source};
use trialgate::flow::lines::Line;
use trialgate::model::key::Item;
use trialgate::model::reading::Value as Read;
use trialgate::model::time::{Instant, Zone};
use trialgate::store::contract::Caller;
use trialgate::store::{KnownAt, PersonOf, SetAsideList, Store, UsageList};

/// 17 January 2026, 08:00 UTC.
const NOW: &str = "2026-01-17T08:00:00Z";

/// Name, code, unit, and what the variable says besides; all but the last read Observations.
const VARIABLES: [(&str, &str, &str, &str); 10] = [
    ("platelets", "loinc|777-3", "10*9/L", "plausible = [1, 3000]"),
    ("hemoglobin", "loinc|718-7", "g/dL", "plausible = [2, 30]"),
    ("leukocytes", "loinc|6690-2", "10*9/L", ""),
    ("potassium", "loinc|2823-3", "mmol/L", ""),
    ("glucose", "loinc|2345-7", "mg/dL", ""),
    ("viral_load", "loinc|11011-4", "[IU]/mL", ""),
    ("systolic", "loinc|8480-6", "mm[Hg]", ""),
    ("diastolic", "loinc|8462-4", "mm[Hg]", ""),
    ("egfr", "loinc|33914-3", "mL/min/{1.73_m2}", ""),
    ("drug", "atc|L01AA01", "mg", "amount = \"dose\""),
];

fn variables() -> String {
    let one = |(name, code, unit, more): &(&str, &str, &str, &str)| {
        let from = if *name == "drug" { "medication_administration" } else { "observation" };
        format!("[variables.{name}]\nfrom = \"{from}\"\ncode = [\"{code}\"]\nunit = \"{unit}\"\n{more}\n")
    };
    VARIABLES.iter().map(one).collect()
}

/// A fault of section 5.2 or 6, and what is to come of it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    reality: String,
    resources: Vec<Box<RawValue>>,
    reads: BTreeMap<String, String>,
    #[serde(default)]
    refused: BTreeMap<String, String>,
    #[serde(default)]
    asks: BTreeMap<String, String>,
    #[serde(default)]
    unmapped: Vec<String>,
    /// By question: why the variable is open, and the codes in which it may have come.
    #[serde(default)]
    open: BTreeMap<String, String>,
}

fn fixture(name: &str) -> Fixture {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reality").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

async fn comes_true(name: &str) {
    let fixture = fixture(name);
    let place = Place::file();
    let now = crate::evaluate::time(NOW);
    let store = place.open();
    let gateway = gateway(store.clone(), now);
    let ids: Vec<String> = fixture.resources.iter().map(|r| id(r.get())).collect();
    let lines: Vec<Line<'_>> =
        fixture.resources.iter().zip(&ids).map(|(r, id)| Line { place: id, body: r.get().as_bytes() }).collect();
    let caller = Caller { actor: "test".into(), purpose: "import".into() };
    let source = gateway.source("main").expect("a source");
    gateway.load_lines(source, &lines, &caller).await.expect("loaded");
    let what = format!("{name}: {}", fixture.reality);
    refused(&store, &fixture, &what).await;

    let world = asks(&variables(), "exists (platelets)");
    let ask = PersonOf { source: "main".into(), patient: "p".into() };
    let Some(person) = store.read(ask).await.expect("read") else {
        assert!(fixture.reads.is_empty(), "{what}");
        return;
    };
    let record = assess::read_record(&store, person, KnownAt::Now).await.expect("a record");
    let named = assess::source_names(&store, &record).await.expect("names");
    assert_eq!(read(&world, &record.facts, &named), fixture.reads, "{what}");
    for (question, wanted) in &fixture.asks {
        let truth = asks(&variables(), question).truth(&record.facts, NOW);
        assert_eq!(format!("{truth:?}").to_lowercase(), *wanted, "{what}: {question}");
    }
    for (question, wanted) in &fixture.open {
        let missing = asks(&variables(), question).assess(&record.facts, NOW).missing;
        let said = missing.iter().map(|m| {
            let codes: Vec<String> = m.may_be.iter().map(ToString::to_string).collect();
            [m.reason.words().to_owned(), codes.join(", ")].join(": ")
        });
        assert_eq!(said.collect::<Vec<_>>(), [wanted.as_str()], "{what}: {question}");
    }
    let used = store.read(UsageList { source: None }).await.expect("usage");
    let unread = used.iter().filter(|u| !world.plan.matches("main", &u.code));
    let codes: BTreeSet<&str> = unread.map(|u| u.code.code.as_str()).collect();
    assert_eq!(codes, fixture.unmapped.iter().map(String::as_str).collect(), "{what}");
}

fn gateway(store: Store, now: Instant) -> Gateway {
    Gateway::new(Parts {
        store,
        sources: vec![Source::new("main", Zone::utc())],
        clock: Arc::new(move || now),
        cursor_key: [7; 32],
        base: "http://test/fhir".into(),
    })
}

fn id(body: &str) -> String {
    let body: Value = serde_json::from_str(body).expect("JSON");
    body["id"].as_str().expect("an id").to_owned()
}

async fn refused(store: &Store, fixture: &Fixture, what: &str) {
    let aside = store.read(SetAsideList { after: 0, count: 100 }).await.expect("read");
    let places: BTreeSet<&str> = aside.iter().map(|a| a.aside.place.as_str()).collect();
    let wanted: BTreeSet<&str> = fixture.refused.keys().map(String::as_str).collect();
    let reasons: Vec<&str> = aside.iter().map(|a| a.aside.reason.as_str()).collect();
    assert_eq!(places, wanted, "{what}: {reasons:#?}");
    for row in &aside {
        let words = &fixture.refused[&row.aside.place];
        assert!(row.aside.reason.contains(words), "{what}: {}: {}", row.aside.place, row.aside.reason);
        assert!(!row.aside.body.is_empty(), "it is kept");
    }
}

/// What each variable reads of each resource, or why it does not.
fn read(
    world: &World,
    facts: &[trialgate::model::fact::Fact],
    named: &std::collections::HashMap<Item, String>,
) -> BTreeMap<String, String> {
    let readings = world.readings(facts);
    let id = |fact: usize| named[&facts[fact].item].split('/').nth(1).expect("an id").to_owned();
    let mut found = BTreeMap::new();
    for (series, name) in readings.series.iter().zip(VARIABLES.map(|v| v.0)) {
        for reading in &series.readings {
            let value = match &reading.value {
                Read::Number(number) => number.to_string(),
                other => format!("{other:?}"),
            };
            let said = if reading.provisional { format!("{value} provisional") } else { value };
            found.insert(format!("{} {name}", id(reading.fact)), said);
        }
        for left_out in series.left_out.iter().filter(|l| !l.other) {
            found.insert(format!("{} {name}", id(left_out.fact)), format!("unknown: {}", left_out.reason.words()));
        }
    }
    found
}

/// A test for each fixture.
macro_rules! faults {
    ($($name:ident: $file:literal),* $(,)?) => {
        $(#[tokio::test] async fn $name() { comes_true($file).await })*
        const ALL: &[&str] = &[$($file),*];
    };
}

faults! {
    a_local_code_or_words_are_not_understood_and_are_listed: "no-loinc.json",
    a_unit_is_never_assumed: "units.json",
    of_two_units_of_one_moment_the_other_is_shown_too: "same-time.json",
    below_a_limit_is_a_range: "below-a-limit.json",
    a_zero_that_stands_for_nothing_is_implausible: "zero-for-missing.json",
    a_component_is_found_by_its_own_code: "components.json",
    what_was_retracted_is_not_used: "retracted.json",
    the_newest_version_counts_whenever_it_comes: "amended.json",
    a_day_at_the_edge_of_a_window_leaves_the_answer_open: "times.json",
    base_rules_that_bite_are_said: "base-rules.json",
    the_schema_alone_is_no_gate: "schema-is-no-gate.json",
    a_unit_word_is_no_ucum: "unit-words.json",
    what_converts_may_mean_another_thing: "commensurable.json",
    a_coded_unit_may_be_wrong: "coded-and-wrong.json",
    words_of_vendors_are_read_or_said: "vendor-words.json",
    a_code_without_its_system_is_another: "system-less.json",
    a_result_without_a_time_is_in_no_window: "no-effective.json",
    a_decimal_is_what_was_printed: "decimals.json",
    a_drug_is_found_by_its_ingredient: "administrations.json",
}

#[test]
fn every_fixture_has_its_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reality");
    let files = std::fs::read_dir(folder).expect("a folder").map(|f| f.expect("a file").file_name());
    let files: BTreeSet<String> = files.map(|f| f.to_string_lossy().into_owned()).collect();
    assert_eq!(files, ALL.iter().map(|f| (*f).to_owned()).collect());
}
