//! What a few resources of one type come to, read as a pull would read them and then let go.

use crate::flow::library::Library;
use crate::flow::unmapped::understood;
use crate::intake::{Setting, read_resource};
use crate::model::code::Coding;
use crate::model::draft::ResourceType;
use crate::model::fact::{DraftFact, FactValue, ReceivedUnit};
use crate::model::issue::Severity;
use crate::store::UsageRow;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Elements that may hold the clinical time.
const TIMES: [&str; 4] = ["effectiveDateTime", "effectiveInstant", "effectivePeriod", "effectiveTiming"];

/// The samples of one type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// How many were read.
    pub read: u64,
    /// How many a pull would set aside: by place and reason.
    pub set_aside: BTreeMap<String, u64>,
    /// Different codes, and how many of them a definition in force reads.
    pub codes: (usize, usize),
    /// Different units, and how many of them the source's map or UCUM understands.
    pub units: (usize, usize),
    /// Results with a number and without a unit.
    pub without_unit: u64,
    /// Without a clinical time.
    pub without_time: u64,
    /// With a date alone: that day in the source's calendar.
    pub date_only: u64,
    /// With a time of day and without a zone: set aside.
    pub without_zone: u64,
}

/// Reads samples of one type; how often each code came with each unit goes to `usage`.
pub(super) fn sample(
    (library, source): (&Library, &str),
    kind: ResourceType,
    bodies: &[&[u8]],
    setting: &Setting<'_>,
    usage: &mut Usage,
) -> Sample {
    let mut sample = Sample { read: bodies.len() as u64, ..Sample::default() };
    let (mut codes, mut units) = (BTreeSet::new(), BTreeSet::new());
    for body in bodies {
        sample.times(body);
        let read = read_resource(body, Some(kind), setting);
        let Some(draft) = read.draft else {
            let mut reasons: Vec<String> = Vec::new();
            for issue in read.issues.iter().filter(|issue| issue.severity >= Severity::Error) {
                let reason = format!("{}: {}", without_places(&issue.expression), issue.text);
                reasons.extend((!reasons.contains(&reason)).then_some(reason));
            }
            reasons.into_iter().for_each(|reason| *sample.set_aside.entry(reason).or_default() += 1);
            continue;
        };
        for fact in &draft.facts {
            codes.insert(fact.code.clone());
            let unit = unit(fact);
            sample.without_unit += u64::from(unit == Some(&ReceivedUnit::None));
            let (written, word) = match unit {
                Some(ReceivedUnit::Word(word)) => (word.to_string(), true),
                Some(ReceivedUnit::Ucum(code)) => (code.to_string(), false),
                Some(ReceivedUnit::None) | None => (String::new(), false),
            };
            if !written.is_empty() {
                units.insert((written.clone(), word));
            }
            *usage.0.entry((fact.code.clone(), written, word)).or_default() += 1;
        }
    }
    let terms = library.terms.of(source);
    let is_read = |code: &&Coding| library.trials.iter().any(|active| active.plan.matches(source, code));
    sample.codes = (codes.len(), codes.iter().filter(is_read).count());
    sample.units = (units.len(), units.iter().filter(|(unit, word)| understood(terms, unit, *word)).count());
    sample
}

/// How often each code came with each unit, and whether that was a word.
#[derive(Debug, Default)]
pub(super) struct Usage(BTreeMap<(Coding, String, bool), i64>);

impl Usage {
    /// As a store counts them.
    pub(super) fn rows(self, source: &str, now: crate::model::time::Instant) -> Vec<UsageRow> {
        let row = |((code, unit, word), count)| UsageRow {
            source: source.to_owned(),
            code,
            unit,
            word,
            count,
            first: now,
            last: now,
        };
        let mut rows: Vec<UsageRow> = self.0.into_iter().map(row).collect();
        rows.sort_by_key(|row| -row.count);
        rows
    }
}

impl Sample {
    fn times(&mut self, body: &[u8]) {
        let resource: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(time) = TIMES.iter().map(|name| &resource[name]).find(|value| !value.is_null()) else {
            self.without_time += 1;
            return;
        };
        let written = match time {
            Value::String(text) => vec![text.as_str()],
            other => [&other["start"], &other["end"]].into_iter().filter_map(Value::as_str).collect(),
        };
        self.date_only += u64::from(written.iter().any(|text| !text.contains('T')));
        self.without_zone += u64::from(written.iter().any(|text| is_without_zone(text)));
    }
}

fn is_without_zone(text: &str) -> bool {
    text.split_once('T').is_some_and(|(_, time)| !time.ends_with('Z') && !time.contains(['+', '-']))
}

/// The unit that came with a number.
fn unit(fact: &DraftFact) -> Option<&ReceivedUnit> {
    match &fact.value {
        FactValue::Quantity { unit, .. } => Some(unit),
        _ => None,
    }
}

/// `Observation.component[3].code` is as good as any other of its components.
fn without_places(expression: &str) -> String {
    let mut inside = false;
    expression
        .chars()
        .filter(|c| {
            inside = (inside || *c == '[') && *c != ']';
            !inside && *c != ']'
        })
        .collect()
}
