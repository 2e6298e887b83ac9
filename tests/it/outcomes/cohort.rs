//! A cohort of 20 persons over 24 months, its whole table beside what `independent.py` makes of the same results.

use super::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use trialgate::flow::library::{definition, maps};
use trialgate::flow::profiles::Profiles;
use trialgate::model::interval::{End, Interval};
use trialgate::model::number::Number;
use trialgate::model::outcome::{EndedBy, Followup, State};
use trialgate::model::time::{add_days, add_months};
use trialgate::normalize::Plan;
use trialgate::trial::outcome::Measured;

/// A definition with which the cohort is asked.
struct Definition {
    world: World,
    /// The codes of the variables in it: variable, system, code.
    codes: [(&'static str, &'static str, &'static str); 5],
    /// What the skin and the response are called in it.
    names: Json,
    /// The response applies to whom had more than 10 at the baseline.
    applies: bool,
}

const LOCAL: &str = "https://trialgate.example/fhir/CodeSystem/trial-variable";
const LOINC: &str = "http://loinc.org";

fn small() -> Definition {
    let codes = ["skin", "albumin", "creatinine", "cells", "failed"].map(|name| (name, LOCAL, name));
    Definition { world: trial(), codes, names: json!({}), applies: true }
}

/// The first trial, as it comes with the program.
fn own() -> Definition {
    let profiles = Profiles::built_in();
    let (terms, _) = maps(&profiles);
    let (trial, mistakes) = definition(&profiles, "trials/NCT00962923");
    let trial = trial.unwrap_or_else(|| panic!("{mistakes:?}"));
    let plan = Plan::new(&trial, &terms);
    let codes = [
        ("skin", LOCAL, "mrss-total"),
        ("albumin", LOINC, "1751-7"),
        ("creatinine", LOINC, "2160-0"),
        ("cells", LOCAL, "allo-msc"),
        ("failed", LOCAL, "disease-progression"),
    ];
    let names = json!({"skin": "mrss", "response": "mrss_response"});
    Definition { world: World { trial, plan }, codes, names, applies: false }
}

impl Definition {
    /// Items of which nothing is sent, with their row, and whether those of organs are among the rest.
    fn without_results(&self) -> (Vec<Json>, bool) {
        let with = ["skin", "response", "mrss", "mrss_response", "albumin", "creatinine"];
        let organs = ["gut_remission", "kidney_remission", "organ_remission"];
        let mut all = Vec::new();
        for outcome in &self.world.trial.outcomes {
            let Measured::AtVisits { row, .. } = &outcome.measured else { continue };
            let (every, window) = if *row == 0 { (1, 7) } else { (3, 14) };
            let names = outcome.items().iter().map(|i| &*i.name);
            let empty = names.filter(|n| !with.contains(n) && !organs.contains(n));
            all.extend(empty.map(|name| json!([name, every, window])));
        }
        (all, self.world.trial.outcomes.iter().any(|o| organs.contains(&&*o.id)))
    }
}

/// A small generator, the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).expect("31 bits") % n
    }

    fn one_in(&mut self, n: i64) -> bool {
        self.below(n) == 0
    }
}

/// One person as they were sent, and what became of them.
struct Person {
    /// Each version of each result, in the order of arrival.
    sent: Vec<Json>,
    ended: Option<String>,
    stopped: Option<String>,
    death: Option<String>,
}

/// The results of a person while they are made.
struct Maker {
    dice: Dice,
    day0: jiff::civil::Date,
    sent: Vec<Json>,
    count: usize,
}

impl Maker {
    fn at(&mut self, day: jiff::civil::Date) -> String {
        if self.dice.one_in(3) {
            return day.to_string();
        }
        format!("{day}T{:02}:{:02}:00+08:00", self.dice.below(24), self.dice.below(60))
    }

    fn result(&mut self, variable: &str, value: &str, unit: &str, at: &str) {
        let id = format!("{variable}-{}", self.count);
        self.count += 1;
        let mut sent = json!({"id": id, "version": 1, "status": "final", "variable": variable, "value": value, "unit": unit, "at": at});
        if variable == "creatinine" && !self.dice.one_in(5) {
            sent["upper"] = if unit == "mg/dL" { "1.1" } else { "97" }.into();
        }
        let was_wrong = self.dice.one_in(8);
        let mut first = sent.clone();
        if was_wrong {
            first["value"] = "9".into();
        }
        self.sent.push(first);
        if was_wrong {
            let retracted = self.dice.one_in(3);
            sent["version"] = 2.into();
            sent["status"] = if retracted { "entered-in-error" } else { "corrected" }.into();
            self.sent.push(sent);
        }
    }

    /// A value of a variable about so high, in one of the units in which it comes.
    fn value(&mut self, variable: &str, level: i64) -> (String, &'static str) {
        let n = (level + self.dice.below(9) - 4).max(1);
        match variable {
            "skin" if self.dice.one_in(9) => (format!("{n}-{}", n + 2), "{score}"),
            "skin" => (n.to_string(), "{score}"),
            "albumin" if self.dice.one_in(2) => (format!("{}.{}", n / 10, n % 10), "g/dL"),
            "albumin" => (n.to_string(), "g/L"),
            _ if self.dice.one_in(2) => (format!("{}.{:02}", n * 4 / 100, n * 4 % 100), "mg/dL"),
            _ => ((n * 3).to_string(), "umol/L"),
        }
    }

    /// The visits of a variable: on time, early, late, twice, or not at all.
    fn visits(&mut self, variable: &str, every: i32, window: i64, mut level: i64) {
        for n in 1..=24 / every {
            level += self.dice.below(7) - 3 - i64::from(variable == "skin" && level > 8);
            level = level.clamp(if variable == "skin" { 3 } else { 10 }, 45);
            let target = add_months(self.day0, n * every);
            let offsets: Vec<i64> = match self.dice.below(12) {
                0 => vec![],
                1 => vec![-window - 1 - self.dice.below(8)],
                2 => vec![window + 1 + self.dice.below(8)],
                3 => vec![-3, 3],
                4 => vec![self.dice.below(window), self.dice.below(window) - window],
                5 => vec![window, window + 1, -window],
                6 => vec![1, 1],
                7 => vec![-window - 1, 2],
                _ => vec![self.dice.below(2 * window + 1) - window],
            };
            for offset in offsets {
                let day = add_days(target, i32::try_from(offset).expect("small"));
                let (value, unit) = self.value(variable, level);
                let at = self.at(day);
                self.result(variable, &value, unit, &at);
            }
        }
    }
}

fn person(n: i64) -> Person {
    let day0 = match n % 5 {
        0 => jiff::civil::date(2024, 1, 31),
        1 => jiff::civil::date(2024, 2, 29),
        2 => jiff::civil::date(2023, 8, 31),
        3 => jiff::civil::date(2024, 5, 30),
        _ => jiff::civil::date(2023, 11, 15),
    };
    let mut maker = Maker { dice: Dice(u64::try_from(n).expect("small") * 77 + 5), day0, sent: Vec::new(), count: 0 };
    let before = |days: i32| add_days(day0, -days);
    let level = 18 + maker.dice.below(14) - if n == 13 { 14 } else { 0 };
    for (variable, level) in [("skin", level), ("albumin", 34), ("creatinine", 28)] {
        for days in [40, 12, 3] {
            let (value, unit) = maker.value(variable, level);
            let at = maker.at(before(days));
            if !(n == 7 && variable == "skin") {
                maker.result(variable, &value, unit, &at);
            }
        }
        if n % 4 == 1 {
            let (value, unit) = maker.value(variable, level);
            let at = maker.at(day0);
            maker.result(variable, &value, unit, &at);
        }
        let (every, window) = if variable == "skin" { (1, 7) } else { (3, 14) };
        maker.visits(variable, every, window, level);
    }
    maker.sent.push(json!({"id": "infusion", "version": 1, "status": "final", "variable": "cells", "value": "58", "unit": "10*6", "at": format!("{day0}T10:00:00+08:00")}));
    if n % 6 == 2 {
        let at = maker.at(add_months(day0, 14));
        maker.sent.push(
            json!({"id": "failed", "version": 1, "status": "final", "variable": "failed", "value": "1", "at": at}),
        );
    }
    let on = |months, days, clock: &str| Some(format!("{}{clock}", add_days(add_months(day0, months), days)));
    let withdrawn = n == 4 || n == 11;
    Person {
        sent: maker.sent,
        ended: if withdrawn { on(9, 3, "T09:30:00+08:00") } else { None },
        stopped: if n == 11 { on(9, 3, "T09:30:00+08:00") } else { None },
        death: if n == 16 { on(17, 10, "") } else { None },
    }
}

/// What a store keeps of what was sent: the newest version of each, and nothing of what was entered in error.
fn kept(person: &Person, of: &Definition) -> Vec<(String, Fact)> {
    let mut newest: Vec<&Json> = Vec::new();
    for sent in &person.sent {
        match newest.iter_mut().find(|s| s["id"] == sent["id"]) {
            Some(known) if known["version"].as_i64() < sent["version"].as_i64() => *known = sent,
            Some(_) => {}
            None => newest.push(sent),
        }
    }
    newest.into_iter().map(|sent| (sent["id"].as_str().expect("an id").to_owned(), as_fact(sent, of))).collect()
}

fn as_fact(sent: &Json, of: &Definition) -> Fact {
    let word = |key: &str| sent[key].as_str().unwrap_or_default();
    let (variable, at) = (word("variable"), word("at"));
    let mut made = match variable {
        "cells" => cells(at),
        "failed" => crate::evaluate::answer("failed", true, at),
        _ => fact(variable, ucum(word("value"), word("unit")), at),
    };
    let (_, system, code) = *of.codes.iter().find(|c| c.0 == variable).expect("a code");
    made.draft.code = Coding::new(system, code);
    made.item = Item::of("main", "Observation", word("id"));
    made.draft.status = match word("status") {
        "entered-in-error" => FactStatus::EnteredInError,
        "corrected" => FactStatus::Corrected,
        _ => FactStatus::Final,
    };
    if let Some(upper) = sent["upper"].as_str() {
        let unit = ReceivedUnit::Ucum(word("unit").into());
        made.draft.range = Some(Box::new(ReceivedRange { low: None, high: Some(upper.to_owned()), unit }));
    }
    made
}

fn fraction(n: &Number) -> String {
    let (above, below) = n.fraction();
    format!("{above}/{below}")
}

fn as_fractions(n: &Interval) -> String {
    let end = |e: &Option<End>| e.as_ref().map_or_else(|| "?".to_owned(), |e| fraction(&e.value));
    let (low, high) = (end(&n.low), end(&n.high));
    if low == high { low } else { format!("{low}..{high}") }
}

fn as_words(value: Option<&Value>) -> String {
    match value {
        None => "-".to_owned(),
        Some(Value::Number(n)) => as_fractions(n),
        Some(value) => shown(value),
    }
}

/// The table, line by line as the script writes it.
fn lines(world: &World, found: &Outcomes, ids: &[String]) -> Vec<String> {
    let (by, day) = found.ended.map_or_else(|| ("-", "-".to_owned()), |(day, by)| (by.words(), day.to_string()));
    let mut all = vec![format!("ended {by} {day}, {} after it", found.after_stop)];
    for (outcome, of) in world.trial.outcomes.iter().enumerate() {
        for (item, what) in of.items().iter().enumerate() {
            for cell in found.cells.iter().filter(|c| (c.outcome, c.item) == (outcome, item)) {
                let number = |n: &Option<Interval>| n.as_ref().map_or_else(|| "-".to_owned(), as_fractions);
                let facts: Vec<&str> = cell.facts.iter().map(|f| ids[*f].as_str()).collect();
                let mut line = format!(
                    "{} {} {}: ",
                    what.name,
                    found.visits[world.row(cell)][cell.visit].name,
                    cell.state.words()
                );
                let at = cell.at.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
                let same_day = if cell.same_day { " same day" } else { "" };
                write!(
                    line,
                    "{} {} {} {at} [{}]{same_day}",
                    as_words(cell.value.as_ref()),
                    number(&cell.change),
                    number(&cell.percent),
                    facts.join(",")
                )
                .expect("writes to a String");
                all.push(line);
            }
            for u in found.unscheduled.iter().filter(|u| (u.outcome, u.item) == (outcome, item)) {
                let at = u.at.as_ref().expect("a time as it was sent");
                all.push(format!("{} unscheduled {} {at} {}", what.name, as_words(Some(&u.value)), ids[u.fact]));
            }
        }
    }
    let survival = found.events.iter().filter(|e| &*world.trial.outcomes[e.outcome].id == "survival");
    all.extend(survival.map(|e| match e.found {
        Followup::Event(date, days) => format!("survival event {date} {days}"),
        Followup::Censored(date, days) => format!("survival censored {date} {days}"),
        other => format!("{other:?}"),
    }));
    let creatinine = found.grades.iter().filter(|g| &*world.trial.safety[g.safety].id == "creatinine_increased");
    all.extend(creatinine.map(|g| {
        let grade =
            if g.unknown { "?".to_owned() } else { format!("{}{}", g.grade, if g.at_least { "+" } else { "" }) };
        let baseline = g.baseline.map_or_else(|| "-".to_owned(), |g| g.to_string());
        format!(
            "creatinine grade {} {}: {grade} after {baseline} in {}",
            ids[g.fact],
            as_words(Some(&g.value)),
            g.period
        )
    }));
    all
}

/// What the script makes of these cases; `None` where there is no Python.
fn independent(cases: &Json) -> Option<Vec<Vec<String>>> {
    let python = crate::left_out::tool("python3")?;
    let mut child = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/outcomes/independent.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    child.stdin.take().expect("a pipe").write_all(cases.to_string().as_bytes()).expect("it reads");
    let done = child.wait_with_output().expect("it ends");
    assert!(done.status.success(), "the script ended with {}", done.status);
    Some(serde_json::from_slice(&done.stdout).expect("lines as JSON"))
}

#[test]
fn the_whole_table_is_what_an_independent_computation_makes_of_it() {
    same_tables(&small());
}

/// Every cell of it; of its times to an event survival, of its grades those of creatinine.
#[test]
fn so_is_the_table_of_the_first_trial() {
    same_tables(&own());
}

fn same_tables(of: &Definition) {
    let (mut cases, mut tables, mut states) = (Vec::new(), Vec::new(), BTreeSet::new());
    let (empty, organs) = of.without_results();
    for n in 0..20 {
        let person = person(n);
        let (ids, mut facts): (Vec<String>, Vec<Fact>) = kept(&person, of).into_iter().unzip();
        // In the first trial progression is another event than death.
        let (mut sent, is_small) = (person.sent.clone(), of.applies);
        if !is_small {
            sent.iter_mut().filter(|s| s["variable"] == "failed").for_each(|s| s["variable"] = "progression".into());
        }
        facts.extend(person.death.as_deref().map(death));
        let at = |text: &Option<String>| text.as_deref().map(time);
        let followed = Followed {
            registered: None,
            stopped: at(&person.stopped),
            ended: at(&person.ended).map(|at| (at, EndedBy::Withdrawn)),
        };
        for now in ["2024-09-10T12:00:00+08:00", "2025-04-02T12:00:00+08:00", "2026-12-01T00:00:00+08:00"] {
            let found = of.world.followed(&facts, &followed, time(now));
            states.extend(found.cells.iter().map(|c| c.state));
            tables.push(lines(&of.world, &found, &ids));
            let (ended, stopped, death) = (&person.ended, &person.stopped, &person.death);
            cases.push(json!({
                "now": now, "ended": ended, "stopped": stopped, "death": death, "facts": sent,
                "names": of.names, "applies": of.applies, "without_results": empty, "organs": organs,
            }));
        }
    }
    assert_eq!(states.len(), if of.applies { 8 } else { 7 }, "states: {states:?}");
    let Some(wanted) = independent(&Json::Array(cases)) else { return };
    assert_eq!(wanted.len(), tables.len());
    for (n, (mut table, mut wanted)) in tables.into_iter().zip(wanted).enumerate() {
        table.sort();
        wanted.sort();
        for (line, wanted) in table.iter().zip(&wanted) {
            assert_eq!(line, wanted, "case {n}");
        }
        assert_eq!(table.len(), wanted.len(), "case {n}");
    }
}

#[test]
fn a_corrected_early_result_changes_the_cells_that_lean_on_it_and_no_other() {
    let of = small();
    let (_, facts): (Vec<String>, Vec<Fact>) = kept(&person(3), &of).into_iter().unzip();
    let world = of.world;
    let now = time("2026-12-01T00:00:00+08:00");
    let before = world.followed(&facts, &Followed::default(), now);
    let early = |cell: &Cell, item: &str| {
        item_of(&world.trial, cell.outcome, cell.item) == item && cell.state == State::Captured
    };
    let first = |item: &str, visit: fn(usize) -> bool| {
        before.cells.iter().find(|c| early(c, item) && visit(c.visit) && c.facts.len() == 1).expect("a captured visit")
    };
    let changed = |place: usize| -> Vec<(String, usize)> {
        let mut facts = facts.clone();
        facts[place].draft.value = ucum("33", "{score}");
        let after = world.followed(&facts, &Followed::default(), now);
        assert_eq!(after.cells.len(), before.cells.len());
        let differ = before.cells.iter().zip(&after.cells).filter(|(a, b)| a != b);
        differ.map(|(a, _)| (item_of(&world.trial, a.outcome, a.item).to_owned(), a.visit)).collect()
    };
    // A result of a visit: that visit's score, and the response there if it turns.
    let of_visit = first("skin", |v| v > 0);
    let told = changed(of_visit.facts[0]);
    assert!(told.contains(&("skin".to_owned(), of_visit.visit)), "{told:?}");
    assert!(
        told.iter().all(|(item, visit)| *visit == of_visit.visit && (item == "skin" || item == "response")),
        "{told:?}"
    );
    // The baseline: itself, and every change and response that is reckoned from it; no laboratory.
    let told = changed(first("skin", |v| v == 0).facts[0]);
    let reckoned =
        before.cells.iter().filter(|c| item_of(&world.trial, c.outcome, c.item) == "skin" && c.change.is_some());
    for cell in reckoned {
        assert!(told.contains(&("skin".to_owned(), cell.visit)), "the change at {} stayed", cell.visit);
    }
    assert!(told.iter().all(|(item, _)| item == "skin" || item == "response"), "{told:?}");
}
