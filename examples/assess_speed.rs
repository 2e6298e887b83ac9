//! CPU of one assessment with its writes: persons of 100 results in a store, every definition that is built in, or the one
//! named, or with `sample` that of `evaluate_speed` (15 criteria over 20 laboratories), claimed, read, evaluated, decided and
//! kept. `cargo run --release --example assess_speed [PERSONS] [TRIAL]`
//!
//! "first" is the first assessment of each person; "changed" the next one, after a new result; "again" one that changes
//! nothing; "unread" the round after a result that no definition reads. Then the parts, each alone.

mod sample;
mod speed;

use speed::cpu_us;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use trialgate::clock::Clock;
use trialgate::flow::assess::{self, CLAIM_MAX};
use trialgate::flow::desk::{AtSite, Desk};
use trialgate::flow::gateway::{Gateway, Parts, Source};
use trialgate::flow::library::Library;
use trialgate::flow::lines::Line;
use trialgate::flow::profiles::Profiles;
use trialgate::model::fact::Origin;
use trialgate::model::key::PersonKey;
use trialgate::model::purpose::Purpose;
use trialgate::model::time::{DAY_US, Instant, Zone};
use trialgate::normalize::normalize;
use trialgate::store::contract::Caller;
use trialgate::store::{KnownAt, MarkPersons, Options, PersonsAll, Store};
use trialgate::trial::definition::{Trial, VariableKind};

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RESULTS: usize = 100;
/// How often each person is assessed again, so that the ticks of the clock do not show.
const AGAIN: usize = 20;
const NOW: Instant = Instant(1_773_561_600_000_000);

/// A small generator, the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap_or(0) % n
    }
}

/// A laboratory that some variable reads: code, unit, and the plausible bounds in whole numbers.
struct Lab(String, String, String, i64, i64);

fn labs(trial: &Trial) -> Vec<Lab> {
    let whole = |n: &trialgate::model::number::Number| n.to_string().parse().unwrap_or(1);
    let lab = |v: &trialgate::trial::definition::Variable| {
        let VariableKind::Recorded(r) = &v.kind else { return None };
        let (code, unit) = (r.codes.codes.first()?, v.unit.as_ref()?);
        let (low, high) = r.plausible.as_ref().map_or((1, 100), |(low, high)| (whole(low), whole(high)));
        let usable = r.from == [Origin::Observation] && r.collection_hours.is_none();
        usable.then(|| Lab(code.system.to_string(), code.code.to_string(), unit.words().to_string(), low, high))
    };
    trial.variables.iter().filter_map(lab).collect()
}

fn observation(person: usize, n: usize, lab: &Lab, days: i64, dice: &mut Dice) -> String {
    let Lab(system, code, unit, low, high) = lab;
    let at = Instant(NOW.0 - days * DAY_US - dice.below(36_000) * 1_000_000);
    // The lower half of what is plausible: where most results lie.
    let (value, rest) = (low + dice.below(((high - low) / 2).max(1)), dice.below(10));
    format!(
        r#"{{"resourceType":"Observation","id":"o{person}-{n}","status":"final","subject":{{"reference":"Patient/p{person}"}},"effectiveDateTime":"{}","code":{{"coding":[{{"system":"{system}","code":"{code}"}}]}},"valueQuantity":{{"value":{value}.{rest},"system":"http://unitsofmeasure.org","code":"{unit}"}}}}"#,
        Zone::utc().show(at)
    )
}

fn person(person: usize, labs: &[Lab], dice: &mut Dice, lines: &mut Vec<String>) {
    let sex = if person.is_multiple_of(3) { "male" } else { "female" };
    lines.push(format!(
        r#"{{"resourceType":"Patient","id":"p{person}","gender":"{sex}","birthDate":"{}-05-17"}}"#,
        1950 + person % 50
    ));
    lines.push(format!(
        r#"{{"resourceType":"Condition","id":"c{person}","subject":{{"reference":"Patient/p{person}"}},"recordedDate":"2026-02-0{}","clinicalStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}}]}},"verificationStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}}]}},"code":{{"coding":[{{"system":"http://snomed.info/sct","code":"89155008"}}]}}}}"#,
        1 + person % 9
    ));
    for n in 0..RESULTS {
        let lab = &labs[n % labs.len()];
        let draws = i64::try_from(n / labs.len()).unwrap_or(0);
        lines.push(observation(person, n, lab, 2 + 20 * draws, dice));
    }
}

fn say(name: &str, start: u64, count: usize) {
    let us = (cpu_us() - start) * 10 / (count as u64).max(1);
    println!("{name:<42} {:>6}.{} us CPU a person", us / 10, us % 10);
}

fn desk(store: Store, library: Library) -> Desk {
    let clock = Clock::manual(NOW);
    let gateway = Gateway::new(Parts {
        store,
        sources: vec![Source::new("main", Zone::utc())],
        clock: Arc::new(move || clock.now()),
        cursor_key: [7; 32],
        base: "http://speed/fhir".into(),
    });
    let at = || AtSite { recruiting: true, purposes: vec![Purpose::Count, Purpose::List], ..AtSite::default() };
    let sites = library.trials.iter().map(|a| (a.trial.id.clone(), at())).collect::<BTreeMap<_, _>>();
    Desk::new(Arc::new(gateway), "http://speed".into(), sites, Vec::new(), library)
}

async fn load(desk: &Desk, lines: &[String]) {
    let caller = Caller { actor: "speed".into(), purpose: "import".into() };
    let source = desk.gateway.source("main").expect("the source");
    let lines: Vec<Line<'_>> = lines.iter().map(|l| Line { place: "speed", body: l.as_bytes() }).collect();
    let loaded = desk.gateway.load_lines(source, &lines, &caller).await.unwrap_or_else(|r| panic!("{r:?}"));
    assert!(loaded.set_aside.is_empty(), "{loaded:?}");
}

async fn settle(desk: &Desk) {
    while assess::round(desk).await.expect("a round") > 0 {}
}

async fn mark_all(desk: &Desk) {
    let mut after = None;
    loop {
        (after, _) = desk.store().write(MarkPersons { after, count: CLAIM_MAX, at: desk.now() }).await.expect("marked");
        if after.is_none() {
            return;
        }
    }
}

async fn parts(desk: &Desk, persons: &[PersonKey]) {
    let (library, now) = (desk.library(), desk.now());
    let start = cpu_us();
    let mut records = Vec::new();
    for person in persons {
        records.push(assess::read(desk, *person, KnownAt::Now).await.expect("a record"));
    }
    say("  read the facts", start, persons.len());
    println!("  {} facts a person", records.iter().map(|r| r.facts.len()).sum::<usize>() / records.len());
    let start = cpu_us();
    for (record, active) in records.iter().flat_map(|r| library.trials.iter().map(move |a| (r, a))) {
        let zone = &active.trial.study.sites[0].zone;
        black_box(normalize(&active.plan, &record.facts, zone));
    }
    say("  normalize", start, persons.len());
    let start = cpu_us();
    for (record, active) in records.iter().flat_map(|r| library.trials.iter().map(move |a| (r, a))) {
        black_box(assess::find(desk, active, record, now));
    }
    say("  normalize and evaluate", start, persons.len());
    let found: Vec<_> = records
        .iter()
        .flat_map(|r| library.trials.iter().map(move |a| (r, a)))
        .filter_map(|(r, a)| Some((r, assess::find(desk, a, r, now)?)))
        .collect();
    let start = cpu_us();
    let bytes: usize = found.iter().map(|(record, finding)| assess::form_of(desk, finding, record).len()).sum();
    say("  evidence rendered and packed", start, persons.len());
    println!("  {} bytes of evidence", bytes / found.len().max(1));
}

async fn run(persons: usize, only: Option<String>) {
    let folder = std::env::temp_dir().join(format!("trialgate-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let url = format!("sqlite:{}", folder.join("s.db").display());
    let mut profiles = Profiles::built_in();
    profiles.0.insert("trials/sample/trial.toml".into(), sample::text());
    let mut library = Library::load(&profiles).unwrap_or_else(|m| panic!("{m:?}"));
    library.trials.retain(|a| only.as_ref().map_or(a.trial.id != "sample", |id| a.trial.id == *id));
    let labs: Vec<Lab> = library.trials.iter().flat_map(|a| labs(&a.trial)).collect();
    let desk = desk(Store::open(&url, Options::default()).expect("a store"), library);
    let mut dice = Dice(7);
    for chunk in (0..persons).collect::<Vec<_>>().chunks(50) {
        let mut lines = Vec::new();
        chunk.iter().for_each(|p| person(*p, &labs, &mut dice, &mut lines));
        load(&desk, &lines).await;
    }
    println!("{persons} persons, {RESULTS} results each, {} definitions", desk.library().trials.len());
    let start = cpu_us();
    settle(&desk).await;
    say("first", start, persons);
    for name in ["changed", "unread"] {
        let unread = Lab("urn:speed".into(), "nothing".into(), "g/L".into(), 1, 9);
        let lab = if name == "changed" { &labs[0] } else { &unread };
        let id = if name == "changed" { RESULTS } else { RESULTS + 1 };
        let lines: Vec<String> = (0..persons).map(|p| observation(p, id, lab, 1, &mut dice)).collect();
        load(&desk, &lines).await;
        let start = cpu_us();
        settle(&desk).await;
        say(name, start, persons);
    }
    let start = cpu_us();
    for _ in 0..AGAIN {
        mark_all(&desk).await;
        settle(&desk).await;
    }
    say("again, with its mark", start, persons * AGAIN);
    let all = desk.store().read(PersonsAll { after: None, count: persons }).await.expect("persons");
    parts(&desk, &all).await;
    desk.store().close().await.expect("closed");
    let _ = std::fs::remove_dir_all(&folder);
}

fn main() {
    let persons = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("threads").block_on(run(persons, std::env::args().nth(2)));
}
