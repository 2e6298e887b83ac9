//! The verdict of one trial about one person at one moment, with its evidence.

use super::code::Coding;
use super::interval::Interval;
use super::reading::Reason;
use super::shown::Shown;
use super::time::Instant;
use super::truth::Truth;
use super::words::Words;
use smol_str::SmolStr;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

/// The version of the evaluation's rules; it goes up whenever the same facts may get another answer.
pub const ENGINE: &str = "trialgate-evaluate/4";

/// The verdict. A proposal: people confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Overall {
    /// The inclusions combine to true and every exclusion is false.
    Eligible,
    /// The inclusions combine to false, or an exclusion is true.
    Ineligible,
    /// Neither can be said yet.
    Undetermined,
}

impl Overall {
    /// The word of the interfaces.
    pub fn word(self) -> &'static str {
        match self {
            Self::Eligible => "eligible",
            Self::Ineligible => "ineligible",
            Self::Undetermined => "undetermined",
        }
    }
}

/// The result of one criterion as written: an exclusion that is true keeps the person out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CriterionResult {
    /// True, false or unknown.
    Is(Truth),
    /// Its `applies` is false.
    NotApplicable,
}

impl CriterionResult {
    /// The word of the interfaces.
    pub fn word(self) -> &'static str {
        match self {
            Self::Is(truth) => truth.word(),
            Self::NotApplicable => "not applicable",
        }
    }
}

/// One node of a criterion's tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The expression as the definition writes it.
    pub expression: Words,
    /// Its truth; `None` for a node that is no truth.
    pub result: Option<Truth>,
    /// What it compares, shown with its unit (`24.9 g/L`, `<5 mg/L`); `None` when unknown or no value.
    pub value: Option<Shown>,
    /// Its parts.
    pub parts: Vec<Node>,
}

/// A fact that was looked at, as received and as used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactUsed {
    /// The variable that reads it.
    pub variable: Words,
    /// Value and unit as used; `None` when it was left out.
    pub value: Option<Shown>,
    /// Value and unit as received.
    pub received: SmolStr,
    /// Clinical time, as exact as it is known, in the site's zone.
    pub at: Shown,
    /// Status word.
    pub status: &'static str,
    /// `Observation/123/_history/2`, with `#component[i]` for a component; filled by whoever knows ids.
    pub source: String,
    /// Which of the person's facts it is.
    pub fact: usize,
    /// Why it was left out or what should be known of it; `None`: used plainly.
    pub remark: Option<String>,
}

/// One criterion with all that led to its result.
#[derive(Debug, Clone, PartialEq)]
pub struct CriterionFinding {
    /// Its id in the definition.
    pub id: SmolStr,
    /// `inclusion` or `exclusion`.
    pub exclusion: bool,
    /// The protocol's own words.
    pub protocol: Words,
    /// The result.
    pub result: CriterionResult,
    /// How it came about.
    pub tree: Node,
    /// The facts that it looked at.
    pub facts: Vec<FactUsed>,
}

/// A quantity without which the verdict stays open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The variable or attestation; of several that would do, all, joined by ` or `.
    pub variable: String,
    /// Why it is open.
    pub reason: Reason,
    /// Date of the last fact of the kind, if there was one.
    pub last: Option<String>,
    /// The criteria that lean on it.
    pub criteria: Vec<String>,
    /// Codes that no map covers and in which it may have come; the most frequent first.
    pub may_be: Vec<MayBe>,
}

/// A code that is not understood, with how many results of the person came in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MayBe {
    /// As received.
    pub code: Coding,
    /// How many came.
    pub results: usize,
}

impl MayBe {
    /// Codes with how often each came, the most frequent first.
    pub fn counted<'c>(codes: impl IntoIterator<Item = &'c Coding>) -> Vec<Self> {
        let mut counts: BTreeMap<&Coding, usize> = BTreeMap::new();
        codes.into_iter().for_each(|code| *counts.entry(code).or_default() += 1);
        let mut all: Vec<Self> =
            counts.into_iter().map(|(code, results)| Self { code: code.clone(), results }).collect();
        all.sort_by_key(|m| Reverse(m.results));
        all
    }
}

impl fmt::Display for MayBe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let results = if self.results == 1 { "result" } else { "results" };
        write!(f, "{} ({} {results})", self.code, self.results)
    }
}

/// One comparison that keeps a person out, and by how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearComparison {
    /// As the definition writes it.
    pub expression: String,
    /// The person's value with unit.
    pub value: String,
    /// The limit with unit.
    pub limit: String,
    /// Their distance with unit.
    pub difference: String,
}

/// The one criterion that alone keeps an ineligible person out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// Its id.
    pub criterion: String,
    /// The comparisons in it that would turn it.
    pub comparisons: Vec<NearComparison>,
}

/// Whether a person is looked at as a candidate at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Considered {
    /// `consider` is true, or the definition has none.
    Yes,
    /// It is false.
    No,
    /// It cannot be said: counted by this reason, never listed.
    Unknown(Reason),
}

/// Everything that an evaluation returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// The trial's id.
    pub trial: String,
    /// The definition's version.
    pub version: u32,
    /// The moment asked about.
    pub as_of: Instant,
    /// Is the person a candidate at all.
    pub considered: Considered,
    /// The verdict.
    pub overall: Overall,
    /// Undetermined, and nothing but attestations is decisive.
    pub for_people_only: bool,
    /// It leans on data that may still change.
    pub provisional: bool,
    /// It leans on a `presume`.
    pub presumed: bool,
    /// The verdict under each alternative of each reading, the default among them, in the definition's order.
    pub readings: Vec<(String, Vec<(String, Overall)>)>,
    /// Every criterion, inclusions first.
    pub criteria: Vec<CriterionFinding>,
    /// What decides.
    pub missing: Vec<Missing>,
    /// The one criterion that keeps the person out, when there is one.
    pub near_miss: Option<NearMiss>,
    /// The first moment at which it may change without new data.
    pub changes_at: Option<Instant>,
    /// The decision diagram grew too large: `missing` lists all that is open.
    pub all_open_listed: bool,
}

/// What the treatment section of a definition gives for one person.
#[derive(Debug, Clone, PartialEq)]
pub struct TreatmentFinding {
    /// When the first counted administration started.
    pub starts: Option<Instant>,
    /// When the treatment ended.
    pub ends: Option<Instant>,
    /// Dose given, for people, such as `1.036364 × 10^6/kg`.
    pub given: Option<String>,
    /// Whether the dose lies within the tolerance.
    pub within_tolerance: Truth,
    /// The exact dose in the unit of `expected`.
    pub given_value: Option<Interval>,
}
