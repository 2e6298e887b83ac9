//! A trial's definition, checked and ready to be evaluated.

use super::expression::tree::{Calendar, Duration, Expr};
use super::instrument::Instrument;
use super::outcome::{Outcome, Safety};
use crate::model::code::Coding;
use crate::model::fact::{FactStatus, Origin, Qualifier};
use crate::model::number::Number;
use crate::model::time::Zone;
use crate::model::unit::Unit;
use crate::model::words::Words;
use std::sync::Arc;

/// Everything that the gateway knows about one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Its id, such as its registry number.
    pub id: String,
    /// The definition's version; goes up with every amendment.
    pub version: u32,
    /// SHA-256 over the definition's files.
    pub digest: [u8; 32],
    /// The study record.
    pub study: Study,
    /// Variables in the order of the file.
    pub variables: Vec<Variable>,
    /// Named times.
    pub anchors: Vec<(String, Expr)>,
    /// Open questions of the text, with their alternatives.
    pub readings: Vec<ReadingChoice>,
    /// Criteria, inclusions first, in the order of the file.
    pub criteria: Vec<Criterion>,
    /// Who becomes a candidate at all.
    pub consider: Option<Expr>,
    /// How the inclusions combine; `None`: all of them.
    pub included: Option<Expr>,
    /// Words of the protocol that are on purpose no criterion: the words, and why.
    pub notes: Vec<(String, String)>,
    /// What the status table asks.
    pub conduct: Conduct,
    /// What is shown to nobody but the unblinded.
    pub hidden: Vec<String>,
    /// The study treatment.
    pub treatment: Option<Treatment>,
    /// Visit rows.
    pub visits: Vec<Visits>,
    /// What is measured at visits, and times to an event.
    pub outcomes: Vec<Outcome>,
    /// How results are graded.
    pub safety: Vec<Safety>,
    /// Drugs that are told of beside the study drug, by place of their variables.
    pub concomitant: Vec<usize>,
    /// Further files that say what it asks, name and text: instruments and code sets.
    pub leans_on: Vec<(String, String)>,
}

impl Trial {
    /// The place of the anchor of that name.
    pub fn anchor(&self, name: &str) -> Option<usize> {
        self.anchors.iter().position(|(n, _)| n == name)
    }

    /// Every expression of the definition, without order.
    pub fn expressions(&self) -> Vec<&Expr> {
        let mut all: Vec<&Expr> = self.consider.iter().chain(&self.included).collect();
        all.extend(self.anchors.iter().map(|(_, e)| e));
        all.extend(self.readings.iter().flat_map(|r| r.alternatives.iter().map(|(_, e)| e)));
        all.extend(self.criteria.iter().flat_map(|c| c.applies.iter().chain([&c.expression])));
        for v in &self.variables {
            match &v.kind {
                VariableKind::Derived(e) => all.push(e),
                VariableKind::Recorded(r) => all.extend(r.select.iter().chain(r.presume.iter().map(|p| &p.when))),
                VariableKind::Attested { .. } => {}
            }
        }
        if let Some(t) = &self.treatment {
            all.extend([&t.starts].into_iter().chain(&t.ends).chain(&t.given).chain(&t.expected));
        }
        all.extend(self.outcome_expressions());
        all
    }
}

/// The study record: what becomes ResearchStudy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Study {
    /// Title.
    pub title: String,
    /// Short title.
    pub short_title: Option<String>,
    /// The system of the trial's id, such as `https://clinicaltrials.gov`.
    pub registry: String,
    /// Other identifiers: system and value.
    pub other_ids: Vec<(String, String)>,
    /// R4 ResearchStudy.status, a person's statement.
    pub status: String,
    /// The registry's own word for the status, kept beside it.
    pub registry_status: Option<String>,
    /// R4 research-study-phase code.
    pub phase: Option<String>,
    /// Primary purpose code.
    pub purpose: Option<String>,
    /// What is studied: codings with a display.
    pub conditions: Vec<(Coding, String)>,
    /// Keywords.
    pub keywords: Vec<String>,
    /// Start, as precise as it is known.
    pub start: Option<String>,
    /// End, as precise as it is known.
    pub end: Option<String>,
    /// Sponsor's name.
    pub sponsor: Option<String>,
    /// Target enrolment.
    pub target: Option<u32>,
    /// Arms: name, type, description.
    pub arms: Vec<(String, String, Option<String>)>,
    /// Objectives: name, and `primary`, `secondary` or `exploratory`.
    pub objectives: Vec<(String, String)>,
    /// Day on which a person last verified the record.
    pub verified: Option<String>,
    /// Sites; never empty.
    pub sites: Vec<Site>,
}

/// One site.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// Short id.
    pub id: String,
    /// Name.
    pub name: String,
    /// ISO country code.
    pub country: String,
    /// Its calendar.
    pub zone: Zone,
}

/// A variable.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its name in expressions.
    pub name: Words,
    /// Its name for people.
    pub label: String,
    /// What it is made of.
    pub kind: VariableKind,
    /// Unit of its numbers; `None` for what is no number.
    pub unit: Option<Unit>,
}

/// What a variable is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum VariableKind {
    /// A series of dated facts.
    Recorded(Box<Recorded>),
    /// An expression, worked out at the moment in hand.
    Derived(Expr),
    /// A person's answer.
    Attested {
        /// The question.
        question: String,
        /// How long an answer holds.
        expires: Option<Duration>,
        /// What kind of answer.
        answer: ValueType,
    },
}

/// The kind of value that a variable takes; results of another kind are left to other variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ValueType {
    Number,
    Truth,
    Time,
    Text,
}

/// How a recorded variable finds and reads its facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Kinds of resources.
    pub from: Vec<Origin>,
    /// Codes that it reads.
    pub codes: CodeSet,
    /// Kind of value.
    pub value: ValueType,
    /// Grams per mole, where mass and molar units may meet.
    pub molar_mass: Option<Number>,
    /// Values wholly outside are left out.
    pub plausible: Option<(Number, Number)>,
    /// The value of its bare name.
    pub select: Option<Expr>,
    /// Statuses that count; preliminary makes the verdict provisional.
    pub status: Vec<FactStatus>,
    /// Answer words of the definition: codings that mean true, false, or points of a scale.
    pub answers: Vec<(AnswerValue, CodeSet)>,
    /// Qualifiers that a fact must have, or must not.
    pub context: Vec<(Qualifier, ContextRule)>,
    /// What stands while nothing is recorded.
    pub presume: Option<Presume>,
    /// A condition's history counts too.
    pub history: bool,
    /// What is read of an administration.
    pub amount: Amount,
    /// Least and most hours of a collection; outside it is left out.
    pub collection_hours: Option<(Number, Number)>,
    /// How its score is made of items, when no total is sent.
    pub instrument: Option<Arc<Instrument>>,
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum AnswerValue {
    Truth(bool),
    Number(Number),
}

/// What is read of an administration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Amount {
    Presence,
    Dose,
    Rate,
}

/// A rule about a coded qualifier.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContextRule {
    /// One of these must be there, when not empty.
    pub any: CodeSet,
    /// None of these may be there.
    pub except: CodeSet,
    /// A result that says nothing of the qualifier is taken too, when `any` is asked for.
    pub absent_ok: bool,
}

/// A set of codes: single ones, prefixes and ranges by prefix, without exceptions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CodeSet {
    /// Single codes, of a system's usual URI.
    pub codes: Vec<Coding>,
    /// Codes that begin so: system and prefix.
    pub prefixes: Vec<Coding>,
    /// Systems and the first and last code prefix of a range, both included (`C00`, `C97`).
    pub ranges: Vec<(String, String, String)>,
    /// Sets that have exceptions of their own.
    pub also: Vec<CodeSet>,
    /// What is in none of them: exceptions.
    pub except: Option<Box<CodeSet>>,
}

impl std::fmt::Display for CodeSet {
    /// The first few of it, in words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 5;
        let codes = self.singles().into_iter().map(ToString::to_string);
        let prefixes = self.prefixes.iter().map(|p| format!("{p}*"));
        let ranges = self.ranges.iter().map(|(system, first, last)| format!("{system}|{first}-{last}"));
        let count = self.singles().len() + self.prefixes.len() + self.ranges.len();
        let shown: Vec<String> = codes.chain(prefixes).chain(ranges).take(SHOWN).collect();
        f.write_str(&shown.join(" or "))?;
        if count > SHOWN { write!(f, " or one of {} more", count - SHOWN) } else { Ok(()) }
    }
}

impl CodeSet {
    /// Whether nothing can be in it.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.prefixes.is_empty() && self.ranges.is_empty() && self.also.is_empty()
    }

    /// Whether all its codes can be listed: no prefix and no range is in it.
    pub fn is_listed(&self) -> bool {
        self.prefixes.is_empty() && self.ranges.is_empty() && self.also.iter().all(Self::is_listed)
    }

    /// The systems that it names, with those of the sets inside.
    pub fn systems(&self) -> std::collections::BTreeSet<String> {
        let single = self.codes.iter().chain(&self.prefixes).map(|c| c.system.to_string());
        let ranges = self.ranges.iter().map(|(system, ..)| system.clone());
        single.chain(ranges).chain(self.also.iter().flat_map(Self::systems)).collect()
    }

    /// The single codes of it, with those of the sets inside.
    pub fn singles(&self) -> Vec<&Coding> {
        let inside = self.also.iter().flat_map(Self::singles);
        self.codes.iter().chain(inside).filter(|c| !self.excepts(c)).collect()
    }

    /// Takes another set into it; the other's exceptions stay with the other's codes.
    pub fn join(&mut self, other: Self) {
        if other.except.is_some() {
            self.also.push(other);
            return;
        }
        self.codes.extend(other.codes);
        self.prefixes.extend(other.prefixes);
        self.ranges.extend(other.ranges);
        self.also.extend(other.also);
    }

    /// The same without the codes of another.
    pub fn without(mut self, except: Self) -> Self {
        if !except.is_empty() {
            self = Self { also: vec![self], except: Some(Box::new(except)), ..Self::default() };
        }
        self
    }

    fn excepts(&self, coding: &Coding) -> bool {
        self.except.as_ref().is_some_and(|e| e.contains(coding))
    }

    /// Whether a coding, with its system's usual URI, is in it.
    pub fn contains(&self, coding: &Coding) -> bool {
        let in_range = |(system, first, last): &(String, String, String)| {
            *system == coding.system && {
                let head = |n: usize| coding.code.get(..n.min(coding.code.len())).unwrap_or("");
                head(first.len()) >= first.as_str() && head(last.len()) <= last.as_str()
            }
        };
        let found = self.codes.contains(coding)
            || self.prefixes.iter().any(|p| p.system == coding.system && coding.code.starts_with(p.code.as_str()))
            || self.ranges.iter().any(in_range)
            || self.also.iter().any(|set| set.contains(coding));
        found && !self.excepts(coding)
    }
}

/// A value presumed while nothing is recorded and the condition holds; shown as presumed.
#[derive(Debug, Clone, PartialEq)]
pub struct Presume {
    /// The value: a truth.
    pub value: bool,
    /// Its condition.
    pub when: Expr,
}

/// An open question of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadingChoice {
    /// Its name.
    pub name: String,
    /// The question.
    pub question: String,
    /// Place of the default among the alternatives.
    pub default: usize,
    /// Alternatives, in the order of the file.
    pub alternatives: Vec<(String, Expr)>,
    /// Why the default.
    pub because: String,
    /// Whether a verdict may turn on it; else only outcomes ask for it.
    pub decides: bool,
}

/// One criterion.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    /// Its id.
    pub id: String,
    /// `include` is false.
    pub exclusion: bool,
    /// The protocol's own words.
    pub protocol: Words,
    /// Where it is false, the criterion does not apply.
    pub applies: Option<Expr>,
    /// `require` or `reject`.
    pub expression: Expr,
}

/// What the status table asks of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Conduct {
    /// `consent` (true) or `registration`: start of ResearchSubject.period.
    pub participation_starts_at_consent: bool,
    /// The current version of the consent form.
    pub consent_version: String,
    /// How long the investigator's signature holds.
    pub eligibility_valid: Duration,
    /// On-study from screening is possible.
    pub run_in: bool,
    /// On-study-observation after treatment.
    pub observation: bool,
    /// A second attempt is possible.
    pub rescreen: bool,
}

/// The study treatment.
#[derive(Debug, Clone, PartialEq)]
pub struct Treatment {
    /// The variable of the study drug.
    pub drug: usize,
    /// On-study-intervention from here …
    pub starts: Expr,
    /// … to here.
    pub ends: Option<Expr>,
    /// Dose given.
    pub given: Option<Expr>,
    /// Dose expected.
    pub expected: Option<Expr>,
    /// How far from it is no deviation, a number in percent.
    pub tolerance: Option<Number>,
}

/// One row of visits.
#[derive(Debug, Clone, PartialEq)]
pub struct Visits {
    /// Its name.
    pub name: String,
    /// Distance from one visit to the next.
    pub every: Duration,
    /// The last one.
    pub until: Duration,
    /// Anchor by place.
    pub from: usize,
    /// Days or hours either side.
    pub window: Duration,
}

impl Visits {
    /// What the visit of this number is called: `M3` for the third of `every = "1 month"`, 0 the baseline.
    pub fn visit_name(&self, number: u32) -> String {
        let letter = match self.every.of {
            _ if number == 0 => return "Baseline".to_owned(),
            Calendar::Year => "Y",
            Calendar::Month => "M",
            Calendar::Week => "W",
            Calendar::Day => "D",
            Calendar::Hour => "H",
            Calendar::Minute => "Min",
        };
        format!("{letter}{}", u64::from(self.every.count) * u64::from(number))
    }
}
