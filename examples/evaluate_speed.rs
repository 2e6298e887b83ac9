//! CPU of one verdict with its evidence: 15 criteria over 20 laboratory variables, 100 Observations a person, many
//! persons, all in memory. `cargo run --release --example evaluate_speed`
//!
//! "plain" has one coding for each Observation; "full" has a second, local coding, a reference range and an
//! interpretation, as hospitals send them. The first argument is how many persons (300): the more, the colder the caches; the
//! second, what to measure: `normalize`, `evaluate`, `both`, or `stored`: the same from a SQLite file, read by 64 persons at
//! once, beside the bare query for the newest value of each of the 20 laboratories.

mod kept;
mod sample;
mod speed;

use kept::kept;
use sample::LABS;
use speed::cpu_us;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use trialgate::evaluate::{Choice, Moment, evaluate};
use trialgate::model::code::Coding;
use trialgate::model::fact::{
    DraftFact, Fact, FactStatus, FactValue, Origin, Qualifier, ReceivedNumber, ReceivedRange, ReceivedUnit,
};
use trialgate::model::key::{Item, PersonKey};
use trialgate::model::terms::TermsBySource;
use trialgate::model::time::{DAY_US, Instant, TimeRange};
use trialgate::normalize::{Plan, normalize};
use trialgate::store::{PersonsAll, ReadToAssess};
use trialgate::trial::check::{Files, load};
use trialgate::trial::definition::Trial;
use trialgate::trial::terms::{TermsFiles, terms};

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FACTS: usize = 100;
const ROUNDS: usize = 5;
/// Verdicts between two looks at the clock.
const PASS: usize = 600;
/// CPU that one round takes at least, in microseconds: ticks are of 10 ms.
const ROUND_US: u64 = 1_000_000;
const NOW: Instant = Instant(1_773_561_600_000_000);

fn trial() -> Trial {
    let text = sample::text();
    let systems = include_str!("../profiles/terms/systems.toml");
    let files = [("trial.toml".to_owned(), text)];
    let (trial, mistakes) = load(&Files { folder: "speed", files: &files, systems });
    trial.unwrap_or_else(|| panic!("{mistakes:#?}"))
}

fn maps() -> TermsBySource {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let files = TermsFiles {
        systems: file("systems.toml", include_str!("../profiles/terms/systems.toml")),
        units: file("units.toml", include_str!("../profiles/terms/units.toml")),
        answers: file("answers.toml", include_str!("../profiles/terms/answers.toml")),
        sites: Vec::new(),
    };
    let (terms, mistakes) = terms(&files);
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    terms
}

/// A small generator, the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap_or(0) % n
    }
}

/// The facts of the n-th Observation of a person. One laboratory of one person in ten is older than its window.
fn observation(person: usize, n: usize, full: bool, dice: &mut Dice, facts: &mut Vec<Fact>) {
    let (name, code, unit, mean, spread, _) = LABS[n % LABS.len()];
    let draws = i64::try_from(n / LABS.len()).unwrap_or(0);
    let old = if person % 10 == 3 && n % LABS.len() == person % 15 { 40 } else { 2 };
    let at = Instant(NOW.0 - (old + 14 * draws) * DAY_US - dice.below(36_000) * 1_000_000);
    // Near to a bell: the sum of four throws.
    let throw = (0..4).map(|_| dice.below(2 * spread + 1) - spread).sum::<i64>();
    let number = |v: i64| format!("{}.{:02}", v / 100, v % 100);
    let value = number((mean + throw).max(1));
    let unit = || ReceivedUnit::Ucum(unit.into());
    let range =
        || ReceivedRange { low: Some(number((mean - spread).max(0))), high: Some(number(mean + spread)), unit: unit() };
    let interpretation = Coding::new("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "N");
    let codes = [Coding::new("http://loinc.org", code), Coding::new("urn:hospital:lab", format!("L{name}"))];
    for code in codes.into_iter().take(if full { 2 } else { 1 }) {
        let draft = DraftFact {
            code,
            part: 0,
            origin: Origin::Observation,
            at: Some(TimeRange::exact(at)),
            other_end: None,
            recorded: Some(at),
            status: FactStatus::Final,
            value: FactValue::Quantity { number: ReceivedNumber::Exact(value.as_str().into()), unit: unit() },
            range: full.then(range).map(Box::new),
            context: if full { vec![(Qualifier::Interpretation, interpretation.clone())] } else { Vec::new() },
        };
        let item = Item::of("main", "Observation", &format!("{person}-{n}"));
        facts.push(Fact { draft, item, version: 1, known: at, source: Arc::from("main") });
    }
}

/// Each person's facts, in the order in which a store gives them: by code, then by time.
fn people(persons: usize, full: bool) -> Vec<Vec<Fact>> {
    let mut dice = Dice(7);
    let source: Arc<str> = Arc::from("main");
    let one = |person| {
        let mut facts = Vec::new();
        (0..FACTS).for_each(|n| observation(person, n, full, &mut dice, &mut facts));
        facts.iter_mut().for_each(|f| f.source = source.clone());
        facts.sort_by_cached_key(|f| (f.draft.code.key(), f.draft.at.map(|at| at.earliest)));
        // Anew, so that each fact's words lie together, as they do behind a read.
        facts.to_vec()
    };
    (0..persons).map(one).collect()
}

/// Median, least and most CPU of one person, in hundredths of a microsecond.
fn measure(name: &str, persons: usize, run: &dyn Fn(usize)) {
    if std::env::args().nth(2).is_some_and(|only| !name.contains(&only)) {
        return;
    }
    let mut each: Vec<u64> = (0..ROUNDS)
        .map(|_| {
            let (start, mut count) = (cpu_us(), 0);
            while cpu_us() - start < ROUND_US {
                // Looking at the clock costs too.
                (0..PASS).for_each(|i| run(i % persons));
                count += PASS as u64;
            }
            (cpu_us() - start) * 100 / count
        })
        .collect();
    each.sort_unstable();
    let us = |n: u64| format!("{}.{:02}", n / 100, n % 100);
    println!("{name}: {} us CPU a person ({} to {})", us(each[ROUNDS / 2]), us(each[0]), us(each[ROUNDS - 1]));
}

/// Persons from a file, and the bare query beside it.
fn stored(trial: &Trial, plan: &Plan, people: &[Vec<Fact>]) {
    let folder = std::env::temp_dir().join(format!("trialgate-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("s.db");
    let threads = tokio::runtime::Runtime::new().expect("threads");
    let store = threads.block_on(kept(&format!("sqlite:{}", file.display()), NOW, people));
    let all = threads.block_on(store.read(PersonsAll { after: None, count: people.len() })).expect("persons");
    let bare = rusqlite::Connection::open(&file).expect("the file opens");
    let sql =
        "select low, unit, at from fact where partition = 0 and patient = ?1 and code = ?2 order by at desc limit 1";
    let keys: Vec<i64> = LABS.iter().map(|lab| Coding::new("http://loinc.org", lab.1).key()).collect();
    measure("  stored: the bare query", people.len(), &|i| {
        let mut newest = bare.prepare_cached(sql).expect("the query");
        let patient = Item::of("main", "Patient", &format!("p{i}")).0;
        for key in &keys {
            let row = newest.query_row((&patient[..], key), |r| {
                Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, i64>(2)?))
            });
            black_box(row.expect("a row"));
        }
    });
    let site = &trial.study.sites[0];
    let (moment, choice) = (Moment { now: NOW, site }, Choice::defaults(trial));
    const AT_ONCE: usize = 64;
    let groups: Vec<Vec<PersonKey>> = all.chunks_exact(AT_ONCE).map(<[_]>::to_vec).collect();
    measure("  stored: read and evaluated", groups.len() * AT_ONCE, &|i| {
        if i % AT_ONCE == 0 {
            let persons = groups[i / AT_ONCE].clone();
            let found =
                threads.block_on(store.read(ReadToAssess { persons, unread: Arc::default() })).expect("persons");
            for one in &found {
                let readings = normalize(plan, &one.record.facts, &site.zone);
                drop(black_box(evaluate(trial, &readings, &one.record.facts, &moment, &choice)));
            }
        }
    });
    threads.block_on(store.close()).expect("closed");
    let _ = std::fs::remove_dir_all(&folder);
}

fn main() {
    let persons = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(300);
    let (trial, maps) = (trial(), maps());
    let site = &trial.study.sites[0];
    let (moment, choice) = (Moment { now: NOW, site }, Choice::defaults(&trial));
    for (kind, full) in [("plain", false), ("full", true)] {
        let plan = Plan::new(&trial, &maps);
        let people = people(persons, full);
        let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut used = 0;
        let readings: Vec<_> = people.iter().map(|facts| normalize(&plan, facts, &site.zone)).collect();
        for (facts, readings) in people.iter().zip(&readings) {
            let found = evaluate(&trial, readings, facts, &moment, &choice);
            *verdicts.entry(found.overall.word()).or_default() += 1;
            used += found.criteria.iter().map(|c| c.facts.len()).sum::<usize>();
        }
        let facts: usize = people.iter().map(Vec::len).sum();
        let (facts, used) = (facts / persons, used / persons);
        println!("{kind}: {persons} persons, {facts} facts and {used} facts in evidence each, {verdicts:?}");
        measure("  normalize", persons, &|i| drop(black_box(normalize(&plan, black_box(&people[i]), &site.zone))));
        measure("  evaluate", persons, &|i| {
            drop(black_box(evaluate(&trial, black_box(&readings[i]), &people[i], &moment, &choice)));
        });
        measure("  both", persons, &|i| {
            let readings = normalize(&plan, black_box(&people[i]), &site.zone);
            drop(black_box(evaluate(&trial, &readings, &people[i], &moment, &choice)));
        });
        if !full {
            stored(&trial, &plan, &people);
        }
    }
}
