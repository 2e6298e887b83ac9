//! CPU of a verdict with its evidence on the patients and the 15 criteria of the CQL benchmark: `benches/beside_cql.sh` runs
//! both. `cargo run --release --example beside_cql DATA [PERSONS]`; DATA holds Patient.ndjson and Observation.ndjson. Facts in
//! codes that no variable reads are passed over beforehand, as a store does that is asked for an assessment; the other engine
//! finds the results of a code in an index of its own.

mod speed;

use speed::cpu_us;
use std::collections::BTreeMap;
use std::hint::black_box;
use trialgate::evaluate::{Choice, Moment, evaluate};
use trialgate::flow::library;
use trialgate::flow::profiles::Profiles;
use trialgate::flow::rehearsal::rehearse::Cast;
use trialgate::model::fact::{Fact, Origin};
use trialgate::model::time::{Instant, Zone};
use trialgate::normalize::{Plan, normalize};

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 1 June 2026: after every result, so that "the newest" is the same in both.
const NOW: Instant = Instant(1_780_272_000_000_000);
/// CPU that is measured at least, in microseconds.
const LONG_US: u64 = 5_000_000;

const HEAD: &str = concat!(
    "language = 1\ntrial = \"T1\"\nversion = 1\n",
    include_str!("../fixtures/study.toml"),
    r#"[variables.age]
derive = "years between birth_date and @2026-02-01"
[[eligibility.include]]
id = "Age18"
protocol = "at least 18 years"
require = "age >= 18"
"#,
);

/// Code, unit, and the criterion.
const CRITERIA: [(&str, &str, &str); 15] = [
    ("718-7", "g/dL", ">= 9.0"),
    ("6690-2", "10*3/uL", ">= 3.0"),
    ("777-3", "10*3/uL", ">= 100"),
    ("751-8", "10*3/uL", ">= 1.5"),
    ("2160-0", "mg/dL", "<= 1.5"),
    ("1975-2", "mg/dL", "<= 1.5"),
    ("1920-8", "U/L", "<= 100"),
    ("1742-6", "U/L", "<= 100"),
    ("6768-6", "U/L", "<= 300"),
    ("1751-7", "g/dL", ">= 3.0"),
    ("2951-2", "mmol/L", ">= 130"),
    ("2823-3", "mmol/L", "<= 5.5"),
    ("2345-7", "mg/dL", "<= 200"),
    ("4548-4", "%", "<= 8.0"),
    ("6301-6", "{INR}", "<= 1.5"),
];

fn definition() -> String {
    let mut text = HEAD.to_owned();
    for (n, (code, unit, rule)) in CRITERIA.iter().enumerate() {
        text += &format!(
            "[variables.v{n}]\nfrom = \"observation\"\ncode = [\"loinc|{code}\"]\nunit = \"{unit}\"\nselect = \"Last(v{n})\"\n\
             [[eligibility.include]]\nid = \"C{}\"\nprotocol = \"criterion {n}\"\nrequire = \"v{n} {rule} '{unit}'\"\n",
            n + 1
        );
    }
    text
}

/// The lines of a file that say anything of these patients.
fn lines(file: &str, patients: &[String]) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{file}: {e}"));
    let of = |line: &&str| patients.iter().any(|p| line.contains(p.as_str()));
    text.lines().filter(of).map(str::to_owned).collect()
}

fn main() {
    let data = std::env::args().nth(1).expect("the folder of the data");
    let persons: usize = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(300);
    let named: Vec<String> = (0..persons).map(|p| format!("p{p:05}\"")).collect();
    let mut resources = lines(&format!("{data}/Patient.ndjson"), &named);
    resources.extend(lines(&format!("{data}/Observation.ndjson"), &named));
    let cast = Cast::read(resources.iter().map(|l| l.as_bytes()), &Zone::utc(), NOW);
    let mut profiles = Profiles::built_in();
    profiles.0.insert("trials/T1/trial.toml".into(), definition());
    let (trial, mistakes) = library::definition(&profiles, "trials/T1");
    let trial = trial.unwrap_or_else(|| panic!("{mistakes:#?}"));
    let (terms, _) = library::maps(&profiles);
    let (plan, choice) = (Plan::new(&trial, &terms), Choice::defaults(&trial));
    let site = trial.study.sites.first().expect("a site");
    let moment = Moment { now: NOW, site };
    let read = |f: &&Fact| f.draft.origin != Origin::Observation || plan.looks_at(&f.draft.code);
    let mut people: Vec<Vec<Fact>> =
        cast.people.values().map(|all| all.iter().filter(read).cloned().collect()).collect();
    people
        .iter_mut()
        .for_each(|facts| facts.sort_by_cached_key(|f| (f.draft.code.key(), f.draft.at.map(|at| at.earliest))));
    let assess = |facts: &[Fact]| evaluate(&trial, &normalize(&plan, facts, &site.zone), facts, &moment, &choice);
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for facts in &people {
        *verdicts.entry(assess(facts).overall.word()).or_default() += 1;
    }
    let (start, mut count) = (cpu_us(), 0);
    while cpu_us() - start < LONG_US {
        for facts in &people {
            drop(black_box(assess(black_box(facts))));
        }
        count += people.len() as u64;
    }
    let us = (cpu_us() - start) * 10 / count;
    println!("{} persons, {verdicts:?}: {}.{} us CPU a person", people.len(), us / 10, us % 10);
}
