//! Evaluation of small definitions on hand-made facts.

mod changes;
mod decisive;
mod fast;
mod formulas;
mod numbers;
mod over_time;
mod properties;
mod series;
mod tables;
mod windows;

use std::sync::Arc;
use trialgate::evaluate::{Choice, Moment, evaluate};
use trialgate::model::assessment::{Assessment, CriterionFinding, CriterionResult};
use trialgate::model::code::Coding;
use trialgate::model::fact::{
    DraftFact, Fact, FactStatus, FactValue, Origin, ReceivedEnd, ReceivedNumber, ReceivedUnit,
};
use trialgate::model::key::Item;
use trialgate::model::reading::Readings;
use trialgate::model::terms::TermsBySource;
use trialgate::model::time::{Instant, Partial, Zone};
use trialgate::model::truth::Truth;
use trialgate::normalize::{Plan, normalize};
use trialgate::trial::check::{Files, load};
use trialgate::trial::definition::Trial;
use trialgate::trial::terms::{TermsFiles, terms};

/// The site's calendar in these tests.
pub const ZONE: &str = "Asia/Shanghai";

const HEAD: &str = concat!("language = 1\ntrial = \"T1\"\nversion = 1\n", include_str!("../../../fixtures/study.toml"));

/// A definition with its maps, ready to be asked.
pub struct World {
    pub trial: Trial,
    pub plan: Plan,
}

/// The maps that come with the program, and `site` as the map of the source `main`.
pub fn maps(site: &str) -> TermsBySource {
    let file = |name: &str| {
        let path = format!("{}/profiles/terms/{name}", env!("CARGO_MANIFEST_DIR"));
        (name.to_owned(), std::fs::read_to_string(&path).expect("a map of the profiles"))
    };
    let sites = vec![("main".to_owned(), "main.toml".to_owned(), site.to_owned())];
    let files =
        TermsFiles { systems: file("systems.toml"), units: file("units.toml"), answers: file("answers.toml"), sites };
    let (terms, mistakes) = terms(&files);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    terms
}

/// The definition of these variables and criteria, written as in its file.
pub fn world(body: &str) -> World {
    world_with(body, "")
}

/// Why a definition of these variables and criteria is refused.
pub fn refused(body: &str) -> String {
    let systems = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/terms/systems.toml"))
        .expect("the systems of the profiles");
    let files = [("trial.toml".to_owned(), format!("{HEAD}{body}"))];
    let (trial, mistakes) = load(&Files { folder: "t", files: &files, systems: &systems });
    assert!(trial.is_none(), "it loads");
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The same, read by this site map.
pub fn world_with(body: &str, site: &str) -> World {
    let terms = maps(site);
    let systems = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/terms/systems.toml"))
        .expect("the systems of the profiles");
    let files = [("trial.toml".to_owned(), format!("{HEAD}{body}"))];
    let (trial, mistakes) = load(&Files { folder: "t", files: &files, systems: &systems });
    let trial = trial.unwrap_or_else(|| panic!("{mistakes:#?}"));
    let plan = Plan::new(&trial, &terms);
    World { trial, plan }
}

/// One inclusion `A` that asks this, below these variables.
pub fn asks(variables: &str, require: &str) -> World {
    world(&format!("{variables}\n{}", include("A", require)))
}

/// An inclusion as the file writes it.
pub fn include(id: &str, require: &str) -> String {
    format!("[[eligibility.include]]\nid = \"{id}\"\nprotocol = \"p\"\nrequire = \"\"\"{require}\"\"\"\n")
}

/// An exclusion as the file writes it.
pub fn exclude(id: &str, reject: &str) -> String {
    format!("[[eligibility.exclude]]\nid = \"{id}\"\nprotocol = \"p\"\nreject = \"\"\"{reject}\"\"\"\n")
}

/// A recorded number.
pub fn number(name: &str, unit: &str) -> String {
    format!("[variables.{name}]\nfrom = \"observation\"\ncode = [\"local|{name}\"]\nunit = \"{unit}\"\n")
}

/// A moment, written as FHIR does.
pub fn time(text: &str) -> Instant {
    match Partial::parse(text) {
        Ok(Partial::Instant(at, _)) => at,
        other => panic!("{text}: {other:?}"),
    }
}

impl World {
    pub fn readings(&self, facts: &[Fact]) -> Readings {
        normalize(&self.plan, facts, &self.trial.study.sites[0].zone)
    }

    pub fn assess(&self, facts: &[Fact], now: &str) -> Assessment {
        self.assess_at(facts, time(now))
    }

    pub fn assess_at(&self, facts: &[Fact], now: Instant) -> Assessment {
        let moment = Moment { now, site: &self.trial.study.sites[0] };
        evaluate(&self.trial, &self.readings(facts), facts, &moment, &Choice::defaults(&self.trial))
    }

    /// The truth of the criterion `A`.
    pub fn truth(&self, facts: &[Fact], now: &str) -> Truth {
        truth_of(&self.assess(facts, now), "A")
    }
}

/// A criterion's finding.
pub fn finding<'a>(a: &'a Assessment, id: &str) -> &'a CriterionFinding {
    a.criteria.iter().find(|c| c.id == id).expect("the criterion is there")
}

/// A criterion's truth.
pub fn truth_of(a: &Assessment, id: &str) -> Truth {
    match finding(a, id).result {
        CriterionResult::Is(truth) => truth,
        CriterionResult::NotApplicable => panic!("not applicable"),
    }
}

/// A fact of `local|code` at this time, from a resource of its own.
pub fn fact(code: &str, value: FactValue, at: &str) -> Fact {
    let zone = Zone::named(ZONE).expect("a zone of the list");
    let range = Partial::parse(at).expect("a FHIR time").range(&zone);
    let draft = DraftFact {
        code: Coding::new("https://trialgate.example/fhir/CodeSystem/trial-variable", code),
        part: 0,
        origin: Origin::Observation,
        at: Some(range),
        other_end: None,
        recorded: None,
        status: FactStatus::Final,
        value,
        range: None,
        context: Vec::new(),
    };
    let item = Item::of("main", "Observation", &format!("{code} {:?} {at}", draft.value));
    Fact { draft, item, version: 1, known: Instant::MIN, source: Arc::from("main") }
}

/// A received quantity of a UCUM unit: `9.8`, `<5`, `>=3`, `50-55`.
pub fn ucum(text: &str, unit: &str) -> FactValue {
    quantity(text, ReceivedUnit::Ucum(unit.into()))
}

/// A received quantity.
pub fn quantity(text: &str, unit: ReceivedUnit) -> FactValue {
    let end = |d: &str, closed| Some(ReceivedEnd { decimal: d.into(), closed });
    let (low, high) = if let Some(d) = text.strip_prefix("<=") {
        (None, end(d, true))
    } else if let Some(d) = text.strip_prefix('<') {
        (None, end(d, false))
    } else if let Some(d) = text.strip_prefix(">=") {
        (end(d, true), None)
    } else if let Some(d) = text.strip_prefix('>') {
        (end(d, false), None)
    } else if let Some((l, h)) = text.split_once('-') {
        (end(l, true), end(h, true))
    } else {
        (end(text, true), end(text, true))
    };
    FactValue::Quantity { number: ReceivedNumber::range(low, high), unit }
}

/// A coded answer of SNOMED CT.
pub fn coded(code: &str) -> FactValue {
    FactValue::Coded { codings: vec![Coding::new("http://snomed.info/sct", code)], text: None }
}

/// A truth by an answer of `local|name`.
pub fn answered(name: &str) -> String {
    let answers = "answers.true = [\"snomed|10828004\"]\nanswers.false = [\"snomed|260385009\"]\n";
    format!("[variables.{name}]\nfrom = \"observation\"\ncode = [\"local|{name}\"]\n{answers}")
}

/// An answer.
pub fn answer(name: &str, truth: bool, at: &str) -> Fact {
    fact(name, coded(if truth { "10828004" } else { "260385009" }), at)
}

/// A recorded date.
pub fn dated(name: &str) -> String {
    format!("[variables.{name}]\nfrom = \"observation\"\ncode = [\"local|{name}\"]\ntype = \"date\"\n")
}

/// A date as a value.
pub fn date(text: &str) -> FactValue {
    FactValue::Date(Partial::parse(text).expect("a FHIR date"))
}
