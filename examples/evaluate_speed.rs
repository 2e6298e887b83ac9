//! How long one evaluation takes: 20 variables of 100 facts each, 15 criteria, all in memory.
//!
//! `cargo run --release --example evaluate_speed` prints microseconds of CPU for each evaluation.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant as Clock;
use trialgate::evaluate::{Choice, Moment, evaluate};
use trialgate::model::code::{Coding, LOCAL_SYSTEM};
use trialgate::model::fact::{DraftFact, Fact, FactStatus, FactValue, Origin, ReceivedEnd, ReceivedUnit};
use trialgate::model::key::Item;
use trialgate::model::terms::TermsBySource;
use trialgate::model::time::{DAY_US, Instant, TimeRange};
use trialgate::normalize::{Plan, normalize};
use trialgate::trial::check::{Files, load};
use trialgate::trial::definition::Trial;

const VARIABLES: usize = 20;
const FACTS: usize = 100;
const CRITERIA: usize = 15;
const ROUNDS: u32 = 2000;
const NOW: Instant = Instant(1_773_561_600_000_000);

const HEAD: &str = r#"language = 1
trial = "T1"
version = 1
[study]
title = "A study"
registry = "https://clinicaltrials.gov"
status = "active"
sites = [{ id = "S", name = "Site", country = "CN", zone = "Asia/Shanghai" }]
[conduct]
participation_starts = "consent"
consent_version = "1"
eligibility_valid = "30 days"
run_in = false
observation = false
rescreen = true
"#;

fn trial() -> Trial {
    let mut text = HEAD.to_owned();
    // Writing to a String cannot fail.
    for i in 0..VARIABLES {
        let _ = writeln!(text, "[variables.v{i}]\nfrom = \"observation\"\ncode = [\"local|v{i}\"]\nunit = \"g/L\"");
        let _ = writeln!(text, "select = \"Last(v{i} within 28 days)\"");
    }
    for i in 0..CRITERIA {
        let (kind, ask) = if i % 3 == 2 { ("exclude", "reject") } else { ("include", "require") };
        let limit = if i % 3 == 2 { 10 } else { 90 };
        let rule = match i % 5 {
            4 => format!("Max(v{i} within 365 days) < {limit} 'g/L'"),
            _ => format!("v{i} < {limit} 'g/L'"),
        };
        let _ = writeln!(text, "[[eligibility.{kind}]]\nid = \"C{i}\"\nprotocol = \"p\"\n{ask} = \"{rule}\"");
    }
    let systems = include_str!("../profiles/terms/systems.toml");
    let files = [("trial.toml".to_owned(), text)];
    let (trial, mistakes) = load(&Files { folder: "speed", files: &files, systems });
    trial.unwrap_or_else(|| panic!("{mistakes:#?}"))
}

fn facts() -> Vec<Fact> {
    let source: Arc<str> = Arc::from("main");
    let one = |i: usize| {
        let (variable, place) = (i % VARIABLES, i / VARIABLES);
        let end = ReceivedEnd { decimal: format!("{}.{}", 2 + place % 5, place % 10), closed: true };
        let at = Instant(NOW.0 - i64::try_from(place).unwrap_or(0) * 7 * DAY_US - 3_600_000_000);
        let draft = DraftFact {
            code: Coding::new(LOCAL_SYSTEM, format!("v{variable}")),
            part: 0,
            origin: Origin::Observation,
            at: Some(TimeRange::exact(at)),
            other_end: None,
            recorded: None,
            status: FactStatus::Final,
            value: FactValue::Quantity {
                low: Some(end.clone()),
                high: Some(end),
                unit: ReceivedUnit::Ucum(if i.is_multiple_of(2) { "g/dL" } else { "g/L" }.to_owned()),
            },
            range: None,
            context: Vec::new(),
        };
        let item = Item::of("main", "Observation", &i.to_string());
        Fact { draft, item, version: 1, known: Instant(at.0), source: source.clone() }
    };
    (0..VARIABLES * FACTS).map(one).collect()
}

fn main() {
    let (trial, facts) = (trial(), facts());
    let plan = Plan::new(&trial, &TermsBySource::default());
    let site = &trial.study.sites[0];
    let moment = Moment { now: NOW, site };
    let choice = Choice::defaults(&trial);
    let readings = normalize(&plan, &facts, &site.zone);
    println!("{:?}", evaluate(&trial, &readings, &facts, &moment, &choice).overall);
    let each = |name: &str, run: &dyn Fn()| {
        let start = Clock::now();
        (0..ROUNDS).for_each(|_| run());
        let ns = start.elapsed().as_nanos() / u128::from(ROUNDS);
        println!("{name}: {}.{:01} us", ns / 1000, ns % 1000 / 100);
    };
    each("normalize", &|| drop(black_box(normalize(&plan, black_box(&facts), &site.zone))));
    each("evaluate", &|| drop(black_box(evaluate(&trial, black_box(&readings), &facts, &moment, &choice))));
    each("both", &|| {
        let readings = normalize(&plan, black_box(&facts), &site.zone);
        drop(black_box(evaluate(&trial, &readings, &facts, &moment, &choice)));
    });
}
