//! CPU of a whole table of outcomes: 24 visits × 40 variables a person, a result of each at each visit and at the
//! baseline, and four worked-out outcomes beside them; of reading those facts alone from a SQLite file; and of the figures
//! of the pages over everybody.
//! `cargo run --release --example outcomes_speed` The first argument is how many persons (1,000), the second how many of
//! them are kept in the file (50).

mod kept;
mod speed;

use kept::kept;
use speed::cpu_us;
use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use trialgate::evaluate::{Choice, Moment, outcomes};
use trialgate::model::code::Coding;
use trialgate::model::fact::{DraftFact, Fact, FactStatus, FactValue, Origin, ReceivedNumber, ReceivedUnit};
use trialgate::model::key::Item;
use trialgate::model::outcome::{Followed, Outcomes, State};
use trialgate::model::terms::TermsBySource;
use trialgate::model::time::{DAY_US, Instant, TimeRange};
use trialgate::normalize::{Plan, normalize};
use trialgate::publish::figure::completeness::completeness;
use trialgate::publish::figure::visits::visit_figure;
use trialgate::store::{PersonsAll, ReadToAssess};
use trialgate::trial::check::{Files, load};
use trialgate::trial::definition::{Site, Trial};
use trialgate::trial::terms::{TermsFiles, terms};

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

const VARIABLES: usize = 40;
const VISITS: i64 = 24;
const DAY0: Instant = Instant(1_773_561_600_000_000);
/// Persons whose outcomes are held to draw them.
const DRAWN: usize = 200;
/// Persons that a gateway reads at once.
const AT_ONCE: usize = 64;
const HEAD: &str = concat!("language = 1\ntrial = \"outcomes\"\nversion = 1\n", include_str!("../fixtures/study.toml"));
const LOCAL: &str = "https://trialgate.example/fhir/CodeSystem/trial-variable";

/// Forty variables by month, and four outcomes that lean on them.
fn text() -> String {
    let mut text = HEAD.to_owned();
    // Writing to a String cannot fail.
    for v in 0..VARIABLES {
        let _ = writeln!(text, "[variables.v{v}]\nfrom = \"observation\"\ncode = [\"local|v{v}\"]\nunit = \"g/L\"");
        let _ = writeln!(text, "select = \"Last(v{v} within 28 days)\"");
    }
    let names: Vec<String> = (0..VARIABLES).map(|v| format!("\"v{v}\"")).collect();
    text += "[variables.drug]\nfrom = \"observation\"\ncode = [\"local|drug\"]\nunit = \"g/L\"\n";
    text += "[anchors]\nday0 = \"First(drug).time\"\n[visits]\n";
    text += "monthly = { every = \"1 month\", until = \"24 months\", from = \"day0\", window = \"7 days\" }\n";
    let _ = writeln!(
        text,
        "[[outcomes]]\nid = \"all\"\nkind = \"primary\"\nvalue = [{}]\nvisits = \"monthly\"",
        names.join(", ")
    );
    for (n, value) in [
        "v0 - Baseline(v0) <= -5 'g/L' and PercentChange(Baseline(v0), v0) <= -25 '%'",
        "v1 > 12 'g/L' or v2 < 30 'g/L'",
        "(v3 + v4) / v5",
        "Max(v6 since day0) - Baseline(v6)",
    ]
    .into_iter()
    .enumerate()
    {
        let _ = writeln!(
            text,
            "[[outcomes]]\nid = \"o{n}\"\nkind = \"secondary\"\nvalue = \"{value}\"\nvisits = \"monthly\""
        );
    }
    text += "[[eligibility.include]]\nid = \"A\"\nprotocol = \"p\"\nrequire = \"v0 > 1 'g/L'\"\n";
    text
}

fn definition() -> (Trial, TermsBySource) {
    let systems = include_str!("../profiles/terms/systems.toml");
    let files = [("trial.toml".to_owned(), text())];
    let (trial, mistakes) = load(&Files { folder: "speed", files: &files, systems });
    let trial = trial.unwrap_or_else(|| panic!("{mistakes:#?}"));
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let files = TermsFiles {
        systems: file("systems.toml", systems),
        units: file("units.toml", include_str!("../profiles/terms/units.toml")),
        answers: file("answers.toml", include_str!("../profiles/terms/answers.toml")),
        sites: Vec::new(),
    };
    (trial, terms(&files).0)
}

/// A person's results in the order in which a store gives them: by code, then by time.
fn person(n: usize) -> Vec<Fact> {
    let source: Arc<str> = Arc::from("main");
    let fact = |code: &str, value: i64, at: Instant| {
        let number = ReceivedNumber::Exact(format!("{}.{}", value / 10, value % 10).into());
        let draft = DraftFact {
            code: Coding::new(LOCAL, code),
            part: 0,
            origin: Origin::Observation,
            at: Some(TimeRange::exact(at)),
            other_end: None,
            recorded: None,
            status: FactStatus::Final,
            value: FactValue::Quantity { number, unit: ReceivedUnit::Ucum("g/dL".into()) },
            range: None,
            context: Vec::new(),
        };
        let item = Item::of("main", "Observation", &format!("{n}-{code}-{}", at.0));
        Fact { draft, item, version: 1, known: at, source: source.clone() }
    };
    let mut facts = vec![fact("drug", 10, DAY0)];
    for v in 0..VARIABLES {
        for visit in 0..=VISITS {
            let spread = i64::try_from((n * 7 + v * 3) % 11).unwrap_or(0) - 5;
            let at =
                DAY0.plus_us((visit * 3044 / 100 * DAY_US + spread * DAY_US).min(visit * 40 * DAY_US) - 3_600_000_000);
            facts.push(fact(&format!("v{v}"), 10 + (visit * 7 + spread).rem_euclid(40), at));
        }
    }
    facts.sort_by_cached_key(|f| (f.draft.code.key(), f.draft.at.map(|at| at.earliest)));
    facts
}

/// CPU of each of so many, least of three rounds.
fn measure(name: &str, count: usize, mut run: impl FnMut()) -> u64 {
    let mut round = || {
        let start = cpu_us();
        run();
        (cpu_us() - start) / count as u64
    };
    let each = (0..3).map(|_| round()).min().unwrap_or(0);
    println!("{name}: {each} us CPU a person");
    each
}

/// CPU of reading a person's facts alone.
fn reading(people: &[Vec<Fact>]) -> u64 {
    let folder = std::env::temp_dir().join(format!("trialgate-outcomes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let threads = tokio::runtime::Runtime::new().expect("threads");
    let store = threads.block_on(kept(
        &format!("sqlite:{}", folder.join("s.db").display()),
        DAY0.plus_us(1000 * DAY_US),
        people,
    ));
    let all = threads.block_on(store.read(PersonsAll { after: None, count: people.len() })).expect("persons");
    let each = measure("read from SQLite", all.len(), || {
        for persons in all.chunks(AT_ONCE) {
            let question = ReadToAssess { persons: persons.to_vec(), unread: Arc::default() };
            let found = threads.block_on(store.read(question)).expect("persons");
            let facts: usize = found.iter().map(|f| f.record.facts.len()).sum();
            assert!(facts > persons.len() * 1000, "{facts} facts");
        }
    });
    threads.block_on(store.close()).expect("closed");
    let _ = std::fs::remove_dir_all(&folder);
    each
}

fn main() {
    let argument = |n: usize, or: usize| std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(or);
    let (persons, in_file) = (argument(1, 1000), argument(2, 50));
    let (trial, maps) = definition();
    let plan = Plan::new(&trial, &maps);
    let people: Vec<Vec<Fact>> = (0..persons).map(person).collect();
    let site = &trial.study.sites[0];
    let moment = Moment { now: DAY0.plus_us(900 * DAY_US), site };
    let choice = Choice::defaults(&trial);
    let nobody = Followed::default();
    let table =
        |facts: &[Fact]| outcomes(&trial, &normalize(&plan, facts, &site.zone), facts, &nobody, &moment, &choice);
    let first = table(&people[0]);
    let captured = first.cells.iter().filter(|c| c.state == State::Captured).count();
    println!("{persons} persons, {} facts, {} cells each, {captured} captured", people[0].len(), first.cells.len());
    measure("normalize", persons, || people.iter().for_each(|f| drop(black_box(normalize(&plan, f, &site.zone)))));
    let each = measure("normalize and table", persons, || people.iter().for_each(|f| drop(black_box(table(f)))));
    let read = reading(&people[..in_file.min(persons)]);
    let hundredths = each * 100 / read.max(1);
    println!("normalize and table: {}.{:02} times reading", hundredths / 100, hundredths % 100);
    let all: Vec<Outcomes> = people.iter().take(DRAWN).map(|f| table(f)).collect();
    let bytes = all.iter().map(|o| size_of_val(&*o.cells)).sum::<usize>() / all.len().max(1);
    println!("held for the pages: {} KiB of cells a person, beside their numbers", bytes / 1024);
    figures(&trial, site, &all.iter().collect::<Vec<_>>());
}

/// CPU of what the pages draw of everybody: each item and how complete the visits are, and one item alone.
fn figures(trial: &Trial, site: &Site, all: &[&Outcomes]) {
    let item = |of: (usize, usize)| drop(black_box(visit_figure(trial, &site.zone, all, of, Vec::new())));
    measure("figures of the page of a trial", all.len(), || {
        let items = trial.outcomes.iter().enumerate().map(|(place, outcome)| (place, outcome.items().len()));
        items.flat_map(|(place, items)| (0..items).map(move |n| (place, n))).for_each(item);
        drop(black_box(completeness(trial, all, |_| true)));
    });
    measure("figure of the page of an item", all.len(), || item((0, 0)));
}
