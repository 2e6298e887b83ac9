//! Three engines on one definition: the gateway, and two of CQL on the library that it writes, criterion by criterion.
//!
//! What the engines read is one line for each thing, cells parted by tabs: `D` a define to ask for, `P` a person and the
//! moment, `L` a list parameter, `F` a fact of it, `T` a tuple parameter, `V` a field of the last tuple with type and value,
//! `S` a plain parameter, `E` the end of a person.

use super::people::{Person, person};
use super::{output, peers};
use crate::program::Folder;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use trialgate::evaluate::{Choice, Moment, evaluate};
use trialgate::flow::library::{Active, Library};
use trialgate::flow::profiles::Profiles;
use trialgate::flow::rehearsal::rehearse::Cast;
use trialgate::model::assessment::{Assessment, CriterionResult, Overall};
use trialgate::model::fact::Fact;
use trialgate::model::interval::End;
use trialgate::model::reading::{Reading, Readings, Value};
use trialgate::model::time::{Instant, Partial, Zone};
use trialgate::model::truth::Truth;
use trialgate::normalize::normalize;
use trialgate::trial::cql::{decimal, write};
use trialgate::trial::definition::{Recorded, VariableKind};

/// People of each trial; `benches/two_engines.sh` asks about more.
const PEOPLE: u64 = 60;
/// Of what the gateway knows, so much may be null in CQL of people whose every value is known in full: what is reckoned
/// stands at its limit, or the gateway weighs an unknown that stands twice as one.
const LESS_PERCENT: usize = 10;

#[test]
fn the_gateway_and_two_engines_of_cql_agree() {
    let Some(peers) = peers() else { return };
    let people = std::env::var("TRIALGATE_CQL_PEOPLE").map_or(PEOPLE, |n| n.parse().expect("a number of people"));
    let library = Library::load(&Profiles::built_in()).unwrap_or_else(|m| panic!("{m:?}"));
    let forms = super::forms::definition();
    let mut wrong = Vec::new();
    for active in library.trials.iter().chain([&forms]) {
        let folder = Folder::new(&format!("cql-{}", active.trial.id));
        let (asked, ours) = questions(active, people);
        let path = |name: &str| folder.0.join(name);
        std::fs::write(path("library.cql"), write(&active.trial).text).expect("written");
        std::fs::write(path("people.tsv"), asked).expect("written");
        for (engine, said) in [("java", java(&peers, &folder.0)), ("js", javascript(&peers, &folder.0))] {
            wrong.extend(compared(&active.trial.id, engine, &ours, &said));
        }
    }
    assert!(wrong.is_empty(), "an engine says what the gateway does not:\n{}", wrong.join("\n"));
}

fn java(peers: &Path, folder: &Path) -> String {
    let classpath = std::fs::read_to_string(peers.join("cql/classpath.txt")).expect("the engine is installed");
    let mut command = Command::new("java");
    command.arg("-Xmx1g").arg("-cp").arg(format!(
        "{}:{}",
        peers.join("cql/target/classes").display(),
        classpath.trim()
    ));
    output(command.current_dir(folder).args(["Engine", "library.cql", "elm.json", "people.tsv"]))
}

fn javascript(peers: &Path, folder: &Path) -> String {
    let mut command = Command::new("node");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/peers/cql/engine.mjs"));
    output(command.current_dir(folder).arg(peers.join("js/node_modules")).args(["elm.json", "people.tsv"]))
}

type Answers = BTreeMap<(String, String), Truth>;

/// What the engines read, and what the gateway says: of each person and define.
fn questions(active: &Active, people: u64) -> (String, Answers) {
    let mut asked: String = active.trial.criteria.iter().map(|c| format!("D\t{}\n", c.id)).collect();
    asked += "D\tEligible\n";
    let mut ours = BTreeMap::new();
    for seed in 0..people {
        // Every other one is odd.
        let made = person(active, seed, seed % 2 == 1);
        let facts = facts(active, &made, seed);
        let site = &active.trial.study.sites[0];
        let readings = normalize(&active.plan, &facts, &site.zone);
        let moment = Moment { now: made.now, site };
        let said = evaluate(&active.trial, &readings, &facts, &moment, &Choice::defaults(&active.trial));
        let name = format!("P{seed}");
        asked += &format!("P\t{name}\t{}\n", moment_text(&site.zone, made.now));
        asked += &parameters(active, &readings);
        asked += "E\n";
        for (define, truth) in verdicts(active, &said) {
            ours.insert((name.clone(), define), truth);
        }
    }
    (asked, ours)
}

fn facts(active: &Active, made: &Person, seed: u64) -> Vec<Fact> {
    let zone = &active.trial.study.sites[0].zone;
    let mut cast = Cast::read(made.resources.iter().map(String::as_bytes), zone, made.now);
    let errors: Vec<_> =
        cast.issues.iter().filter(|(_, i)| i.severity >= trialgate::model::issue::Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}: {:?}", made.resources);
    let id = format!("P{seed}");
    for (variable, answer) in &made.answers {
        // An answer was given some time ago, so that it may have expired.
        let at = made.now.plus_us(-i64::try_from(seed % 4).expect("few") * 31 * trialgate::model::time::DAY_US);
        cast.attest(&id, &active.trial.id, variable, answer, at).expect("an answer");
    }
    cast.people.remove(&id).expect("one person")
}

fn verdicts(active: &Active, said: &Assessment) -> Vec<(String, Truth)> {
    let mut all = Vec::new();
    for (criterion, finding) in active.trial.criteria.iter().zip(&said.criteria) {
        assert_eq!(criterion.id, &*finding.id);
        let truth = match finding.result {
            CriterionResult::Is(truth) => truth,
            CriterionResult::NotApplicable => Truth::from(!criterion.exclusion),
        };
        all.push((criterion.id.clone(), truth));
    }
    let overall = match said.overall {
        Overall::Eligible => Truth::True,
        Overall::Ineligible => Truth::False,
        _ => Truth::Unknown,
    };
    all.push(("Eligible".into(), overall));
    all
}

/// What an engine says and the gateway does not. Where the engine knows less, it is counted.
fn compared(trial: &str, engine: &str, ours: &Answers, said: &str) -> Vec<String> {
    let (mut wrong, mut same, mut known) = (Vec::new(), 0, 0);
    let mut less: BTreeMap<(String, bool), usize> = BTreeMap::new();
    let mut met = 0;
    for line in said.lines() {
        let [person, define, value] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        met += 1;
        let own = ours[&(person.to_owned(), define.to_owned())];
        let said = match value {
            "true" => Truth::True,
            "false" => Truth::False,
            "null" => Truth::Unknown,
            _ => panic!("{engine}: {line}"),
        };
        known += usize::from(own != Truth::Unknown);
        if said == own {
            same += 1;
        } else if said == Truth::Unknown {
            let odd = person[1..].parse::<u64>().expect("a seed") % 2 == 1;
            *less.entry((define.to_owned(), odd)).or_default() += 1;
        } else {
            wrong.push(format!("{trial} {person} {define}: {engine} says {value}, the gateway {own:?}"));
        }
    }
    assert_eq!(met, ours.len(), "{engine} answers each question: {said}");
    println!("{trial}, {engine}: {met} asked, {known} known to the gateway, {same} the same, less known {less:?}");
    let plain: usize = less.iter().filter(|((_, odd), _)| !odd).map(|(_, count)| count).sum();
    if plain * 100 > known * LESS_PERCENT {
        wrong.push(format!("{trial}: {engine} knows less of plain people than it may: {less:?}"));
    }
    wrong
}

/// A person's facts as the library's parameters.
fn parameters(active: &Active, readings: &Readings) -> String {
    let trial = &active.trial;
    let zone = &trial.study.sites[0].zone;
    let mut lines = Lines { text: String::new(), zone };
    for (variable, series) in trial.variables.iter().zip(&readings.series) {
        let recorded = match &variable.kind {
            VariableKind::Derived(_) => continue,
            VariableKind::Recorded(recorded) => Some(&**recorded),
            VariableKind::Attested { .. } => None,
        };
        let name = format!("{}: facts", variable.name);
        lines.text += &format!("L\t{name}\n");
        series.readings.iter().for_each(|r| lines.fact(&name, r, recorded, true));
        series.left_out.iter().filter(|l| !l.other).for_each(|l| lines.fact(&name, &l.unread, recorded, false));
    }
    let person = &readings.person;
    lines.text += "L\tproblem_list: facts\n";
    person.problem_list.iter().for_each(|r| lines.fact("problem_list: facts", r, None, true));
    for (name, date) in [("birth_date: given", &person.birth_date), ("death: given", &person.death)] {
        let day = match date {
            Some(Partial::Day(day)) => format!("Date\t{day}"),
            _ => "Null\t".into(),
        };
        lines.text += &format!("S\t{name}\t{day}\n");
    }
    let site = &trial.study.sites[0];
    for (name, word) in [("sex", person.sex.as_deref()), ("site", Some(&*site.id)), ("country", Some(&*site.country))] {
        let word = word.map_or("Null\t".into(), |w| format!("String\t{w}"));
        lines.text += &format!("S\t{name}: given\t{word}\n");
    }
    lines.text
}

struct Lines<'z> {
    text: String,
    zone: &'z Zone,
}

impl Lines<'_> {
    fn fact(&mut self, name: &str, r: &Reading, recorded: Option<&Recorded>, read: bool) {
        self.text += &format!("F\t{name}\n");
        let value = match &r.value {
            _ if !read => None,
            Value::Number(n) => n.as_exact().map(|n| ("Decimal", decimal(n))),
            Value::Truth(t) => t.known().map(|t| ("Boolean", t.to_string())),
            Value::Text(text) => Some(("String", text.clone())),
            Value::Time(Partial::Day(day)) => Some(("Date", day.to_string())),
            Value::Time(_) => None,
        };
        self.field("value", value);
        self.field("read", Some(("Boolean", read.to_string())));
        self.times(["earliest", "latest", "first", "last"], Some(r.at.earliest), Some(r.at.latest));
        let limit = |end: Option<&End>| end.map(|end| ("Decimal", decimal(&end.value)));
        if recorded.is_none_or(|r| r.value == trialgate::trial::definition::ValueType::Number) {
            self.field("low", limit(r.range.as_ref().and_then(|r| r.low.as_ref())));
            self.field("high", limit(r.range.as_ref().and_then(|r| r.high.as_ref())));
        }
        let lasting = r.other_end.filter(|end| *end >= r.at.earliest);
        let (from, to) = match lasting {
            Some(end) => (Some(end), Some(end)),
            None if r.past => (Some(r.at.earliest), r.recorded),
            None => (Some(r.at.earliest), Some(r.at.latest)),
        };
        self.field("past", Some(("Boolean", r.past.to_string())));
        self.field("lasts", Some(("Boolean", lasting.is_some().to_string())));
        self.times(["endEarliest", "endLatest", "endFirst", "endLast"], from, to);
    }

    fn times(&mut self, names: [&str; 4], from: Option<Instant>, to: Option<Instant>) {
        let moment = |at: Option<Instant>| at.map(|at| ("DateTime", moment_text(self.zone, at)));
        let date = |at: Option<Instant>| at.map(|at| ("Date", moment_text(self.zone, at)[..10].to_owned()));
        let fields = [moment(from), moment(to), date(from), date(to)];
        names.into_iter().zip(fields).for_each(|(name, value)| self.field(name, value));
    }

    fn field(&mut self, name: &str, value: Option<(&str, String)>) {
        let (ty, value) = value.unwrap_or(("Null", String::new()));
        self.text += &format!("V\t{name}\t{ty}\t{value}\n");
    }
}

/// A moment in the site's offset with milliseconds, which is what CQL has; the ends of time as years that CQL has.
fn moment_text(zone: &Zone, at: Instant) -> String {
    match at {
        Instant::MIN => return "1000-01-01T00:00:00.000+00:00".into(),
        Instant::MAX => return "9000-01-01T00:00:00.000+00:00".into(),
        _ => {}
    }
    let ms = at.0.rem_euclid(1_000_000) / 1_000;
    let second = zone.show(Instant(at.0 - at.0.rem_euclid(1_000_000)));
    format!("{}.{ms:03}{}", &second[..19], &second[second.len() - 6..])
}
