//! The whole of an evaluation, step by step.

use crate::model::assessment::{Assessment, TreatmentFinding};
use crate::model::fact::Fact;
use crate::model::reading::Readings;
use crate::model::time::Instant;
use crate::trial::definition::{Site, Trial};

/// The moment asked about and the site whose calendar counts.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// Now.
    pub now: Instant,
    /// The site.
    pub site: &'a Site,
}

/// The chosen alternative of each reading, by place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice(pub Vec<usize>);

impl Choice {
    /// The definition's defaults.
    pub fn defaults(trial: &Trial) -> Self {
        Self(trial.readings.iter().map(|r| r.default).collect())
    }
}

/// The verdict about one person.
pub fn evaluate(trial: &Trial, readings: &Readings, facts: &[Fact], moment: &Moment, choice: &Choice) -> Assessment {
    let _ = (trial, readings, facts, moment, choice);
    unimplemented!()
}

/// What the treatment section gives.
pub fn treatment(trial: &Trial, readings: &Readings, facts: &[Fact], moment: &Moment) -> TreatmentFinding {
    let _ = (trial, readings, facts, moment);
    unimplemented!()
}
