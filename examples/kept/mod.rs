//! Persons in a store, as a gateway keeps them.

use std::sync::Arc;
use trialgate::flow::gateway::{Gateway, Parts, Source};
use trialgate::flow::lines::Line;
use trialgate::model::fact::{Fact, FactValue, ReceivedNumber, ReceivedUnit};
use trialgate::model::time::{Instant, Zone};
use trialgate::store::contract::Caller;
use trialgate::store::{Options, Store};

/// An Observation that says what a fact says.
fn line(person: usize, n: usize, fact: &Fact) -> String {
    let FactValue::Quantity { number: ReceivedNumber::Exact(decimal), unit: ReceivedUnit::Ucum(unit) } =
        &fact.draft.value
    else {
        panic!("a result is a quantity")
    };
    let at = Zone::utc().show(fact.draft.at.expect("a time").earliest);
    format!(
        r#"{{"resourceType":"Observation","id":"o{person}-{n}","status":"final","subject":{{"reference":"Patient/p{person}"}},"effectiveDateTime":"{at}","code":{{"coding":[{{"system":"{}","code":"{}"}}]}},"valueQuantity":{{"value":{},"system":"http://unitsofmeasure.org","code":"{unit}"}}}}"#,
        fact.draft.code.system, fact.draft.code.code, decimal
    )
}

/// A new store with these persons and what their facts say.
pub(crate) async fn kept(url: &str, now: Instant, people: &[Vec<Fact>]) -> Store {
    let store = Store::open(url, Options::default()).expect("a store");
    let parts = Parts {
        store: store.clone(),
        sources: vec![Source::new("main", Zone::utc())],
        clock: Arc::new(move || now),
        cursor_key: [7; 32],
        base: "http://speed/fhir".into(),
    };
    let gateway = Gateway::new(parts);
    let caller = Caller { actor: "speed".into(), purpose: "import".into() };
    let source = gateway.source("main").expect("a source");
    for (person, facts) in people.iter().enumerate() {
        let patient = format!(r#"{{"resourceType":"Patient","id":"p{person}"}}"#);
        let results = facts.iter().enumerate().map(|(n, fact)| line(person, n, fact));
        let lines: Vec<String> = std::iter::once(patient).chain(results).collect();
        let lines: Vec<Line<'_>> = lines.iter().map(|l| Line { place: "speed", body: l.as_bytes() }).collect();
        let loaded = gateway.load_lines(source, &lines, &caller).await.unwrap_or_else(|r| panic!("{r:?}"));
        assert!(loaded.set_aside.is_empty(), "{loaded:?}");
    }
    store
}
