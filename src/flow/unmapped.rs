//! What sources send and nobody reads: by source and volume, with what it may be; a person decides, nothing is applied by itself.

use super::desk::GATEWAY;
use super::library::{Active, Library};
use crate::model::assessment::{Assessment, MayBe};
use crate::model::code::{Coding, PATIENT_SYSTEM};
use crate::model::fact::{Fact, FactValue};
use crate::model::reading::Reason;
use crate::model::terms::Terms;
use crate::model::time::Instant;
use crate::model::unit::Unit;
use crate::normalize::{MayMean, fits, is_of_use, is_unmapped};
use crate::store::{Store, StoreError, UsageList, UsageRow};
use crate::trial::csv;
use crate::trial::definition::Variable;
use std::collections::{BTreeMap, BTreeSet};

/// A code with a unit that arrived and that is not read, or not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmapped {
    /// Source.
    pub source: String,
    /// The code as received.
    pub code: Coding,
    /// The unit as received; empty: none.
    pub unit: String,
    /// How often it came.
    pub count: i64,
    /// First seen.
    pub first: Instant,
    /// Last seen.
    pub last: Instant,
    /// A definition in force reads the code.
    pub read: bool,
    /// The source's map knows the unit, or UCUM where it was sent as UCUM.
    pub understood: bool,
    /// Standard codes of variables in force that the code may mean.
    pub may_be: Vec<Guess>,
}

impl Unmapped {
    /// What is the matter.
    pub fn what(&self) -> &'static str {
        match (self.read, self.understood) {
            (true, _) => "the unit is not understood",
            (false, true) => "read by no variable",
            (false, false) => "read by no variable, and the unit is not understood",
        }
    }
}

/// What a code may mean. A person decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// A code that a variable reads.
    pub code: Coding,
    /// The variable and its trial.
    pub variable: String,
    /// The same code, of another system; else the words are alike.
    pub equal: bool,
}

impl std::fmt::Display for Guess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let why = if self.equal { "equal code" } else { "alike in words" };
        write!(f, "{} ({}, {why})", self.code, self.variable)
    }
}

/// What arrived and is read by no definition in force, or has a unit that no map and not UCUM knows; most frequent first.
/// A code that the source's map says is of no use is not listed.
pub async fn unmapped(store: &Store, library: &Library, source: Option<&str>) -> Result<Vec<Unmapped>, StoreError> {
    let rows = store.read(UsageList { source: source.map(str::to_owned) }).await?;
    Ok(judged(library, rows))
}

/// Of what arrived, that which is not read or not understood.
pub(super) fn judged(library: &Library, rows: Vec<UsageRow>) -> Vec<Unmapped> {
    let mut found = Vec::new();
    for row in rows.into_iter().filter(|row| row.code.system != PATIENT_SYSTEM && row.source != GATEWAY) {
        let terms = library.terms.of(&row.source);
        let read = library.trials.iter().any(|active| active.plan.matches(&row.source, &row.code));
        let understood = understood(terms, &row.unit, row.word);
        let settled = terms.codes.get(&row.code).is_some_and(Vec::is_empty);
        if (read && understood) || settled {
            continue;
        }
        let may_be = if read { Vec::new() } else { may_be(library, &row) };
        let UsageRow { source, code, unit, count, first, last, .. } = row;
        found.push(Unmapped { source, code, unit, count, first, last, read, understood, may_be });
    }
    found
}

/// As a reading takes it: by the map, and by UCUM alone only where the sender said UCUM.
pub(super) fn understood(terms: &Terms, unit: &str, word: bool) -> bool {
    let mapped = terms.units.contains_key(unit);
    unit.is_empty() || mapped || (!word && !terms.misread.contains(unit) && Unit::parse(unit).is_ok())
}

/// Variables that may read it, those of an equal code first.
fn may_be(library: &Library, row: &UsageRow) -> Vec<Guess> {
    let mut all = Vec::new();
    for active in &library.trials {
        let guess = |(v, MayMean { code, equal }): (&Variable, MayMean)| {
            let variable = format!("{} of {}", v.name, active.trial.id);
            Guess { code, variable, equal }
        };
        all.extend(active.plan.may_mean(&row.source, &row.code, &row.unit).into_iter().map(guess));
    }
    all.sort_by_key(|g| !g.equal);
    all
}

/// Beside each quantity that was never seen: the codes that no map covers and in which it may have come, by the kind of
/// resource and the unit alone. What is like it in words is known to the verdict itself.
pub(super) fn beside(library: &Library, active: &Active, facts: &[Fact], assessment: &mut Assessment) {
    let unknown = |f: &&Fact| is_unmapped(library.terms.of(&f.source), &f.draft.code);
    let before = |f: &&Fact| f.draft.at.is_none_or(|at| at.earliest <= assessment.as_of);
    let facts: Vec<&Fact> = facts.iter().filter(before).filter(unknown).collect();
    let written = |f: &Fact| match &f.draft.value {
        FactValue::Quantity { unit, .. } => unit.as_written().to_owned(),
        _ => String::new(),
    };
    let takes = |v: &Variable, f: &Fact| {
        let unit = written(f);
        let same = fits(v, library.terms.of(&f.source), &unit).unwrap_or_else(|| unit.is_empty() && v.unit.is_none());
        same && is_of_use(v, &f.draft)
    };
    for missing in assessment.missing.iter_mut().filter(|m| m.reason == Reason::NeverSeen) {
        let named = |v: &&Variable| missing.variable.split(" or ").any(|name| v.name == name);
        let variables: Vec<&Variable> = active.trial.variables.iter().filter(named).collect();
        let fitting = facts.iter().filter(|f| variables.iter().any(|v| takes(v, f)));
        missing.may_be = MayBe::counted(fitting.map(|f| &f.draft.code));
    }
}

/// The first line of a table to fill in.
const HEAD: [&str; 11] =
    ["source", "kind", "system", "code", "unit", "results", "first", "last", "what", "may_be", "means"];

/// A table to fill in: a line for each code that is not read and for each unit that is not understood, the most frequent
/// first, with an empty column `means`. Filled in, it is a map file of its source.
pub fn table(library: &Library, rows: &[Unmapped], date: impl Fn(Instant) -> String) -> String {
    let mut lines: BTreeMap<(String, Line), Sum> = BTreeMap::new();
    for row in rows {
        let code = (!row.read).then(|| Line::Code(row.code.clone()));
        let unit = (!row.understood).then(|| Line::Unit(row.unit.clone()));
        for line in [code, unit].into_iter().flatten() {
            lines.entry((row.source.clone(), line)).or_default().add(row);
        }
    }
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines.sort_by_key(|(_, sum)| -sum.count);
    let mut text = csv::line(HEAD);
    for ((source, line), sum) in lines {
        let units = || sum.units.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let (kind, system, code, unit, what, may_be) = match &line {
            Line::Code(code) => ("code", &*code.system, &*code.code, units(), "read by no variable", sum.may_be()),
            Line::Unit(word) => ("unit", "", "", word.clone(), "the unit is not understood", alike(library, word)),
        };
        let count = sum.count.to_string();
        let [first, last] = [sum.first, sum.last].map(|at| at.map(&date).unwrap_or_default());
        text += &csv::line([&source, kind, system, code, &unit, &count, &first, &last, what, &may_be, ""]);
    }
    text
}

/// What a line of the table is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Line {
    Code(Coding),
    Unit(String),
}

#[derive(Debug, Default)]
struct Sum {
    count: i64,
    first: Option<Instant>,
    last: Option<Instant>,
    units: BTreeSet<String>,
    may_be: Vec<Guess>,
}

impl Sum {
    fn add(&mut self, row: &Unmapped) {
        self.count += row.count;
        self.first = self.first.into_iter().chain([row.first]).min();
        self.last = self.last.max(Some(row.last));
        self.units.extend((!row.unit.is_empty()).then(|| row.unit.clone()));
        if self.may_be.is_empty() {
            self.may_be = row.may_be.clone();
        }
    }

    fn may_be(&self) -> String {
        self.may_be.iter().map(Guess::to_string).collect::<Vec<_>>().join("; ")
    }
}

/// Known unit words that differ in letter case, spaces and the sign of a power alone.
fn alike(library: &Library, word: &str) -> String {
    let plain = |text: &str| -> String {
        let kept = text.chars().filter(|c| !c.is_whitespace()).map(|c| match c {
            '^' => '*',
            '\u{b5}' | '\u{3bc}' => 'u',
            c => c.to_ascii_lowercase(),
        });
        kept.collect()
    };
    let wanted = plain(word);
    let known = library.terms.shared.units.iter().filter(|(known, _)| plain(known) == wanted);
    known.map(|(_, code)| code.as_str()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join("; ")
}
