//! The rows of the status table: from where, to where, and who may do it.

use crate::model::standing::{Role, Status};
use Status::{
    Candidate, Eligible, FollowUp, Ineligible, NotRegistered, OffStudy, OnStudy, OnStudyIntervention,
    OnStudyObservation, PendingOnStudy, PotentialCandidate, Screening, Withdrawn,
};

/// Who may walk a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who {
    /// Data may.
    pub data: bool,
    /// People in these roles may.
    pub roles: &'static [Role],
}

/// One row. T20 (the state before), T21 (removed) and T22 (as told) lead to no fixed status: `to` is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Its name in the table.
    pub name: &'static str,
    /// It may begin with no standing at all.
    pub from_none: bool,
    /// Where it begins.
    pub from: &'static [Status],
    /// Where it may lead.
    pub to: &'static [Status],
    /// Who may walk it.
    pub who: Who,
}

const DATA: Who = Who { data: true, roles: &[] };
const COORDINATOR: &[Role] = &[Role::Coordinator];
const INVESTIGATOR: &[Role] = &[Role::Investigator];
const EITHER: &[Role] = &[Role::Coordinator, Role::Investigator];

const fn people(roles: &'static [Role]) -> Who {
    Who { data: false, roles }
}

const fn step(name: &'static str, from: &'static [Status], to: &'static [Status], who: Who) -> Row {
    Row { name, from_none: false, from, to, who }
}

const ENROLLED: &[Status] = &[OnStudy, OnStudyIntervention, OnStudyObservation];

/// The status table.
pub const TABLE: &[Row] = &[
    Row { from_none: true, ..step("T1", &[], &[PotentialCandidate], DATA) },
    Row { from_none: true, ..step("T2", &[PotentialCandidate], &[Candidate], Who { data: true, roles: EITHER }) },
    step("T3", &[Candidate], &[PotentialCandidate], DATA),
    Row { from_none: true, ..step("T4", &[PotentialCandidate, Candidate], &[Ineligible], DATA) },
    step("T5", &[Ineligible], &[PotentialCandidate, Candidate], DATA),
    step("T6", &[Candidate, PotentialCandidate, Ineligible], &[Screening], people(COORDINATOR)),
    step("T7", &[Candidate, PotentialCandidate], &[NotRegistered], people(COORDINATOR)),
    step("T8", &[Screening], &[Eligible], people(INVESTIGATOR)),
    step("T8b", &[Eligible, PendingOnStudy], &[Screening], people(INVESTIGATOR)),
    step("T9", &[Screening, Eligible, PendingOnStudy], &[Withdrawn], people(COORDINATOR)),
    step("T10", &[Screening, Eligible, PendingOnStudy], &[Ineligible], people(INVESTIGATOR)),
    step("T11", &[Eligible], &[PendingOnStudy], people(COORDINATOR)),
    step("T12", &[Eligible, PendingOnStudy], &[NotRegistered], people(COORDINATOR)),
    step("T13", &[Eligible, PendingOnStudy, Screening], &[OnStudy], people(COORDINATOR)),
    step("T14", &[OnStudy], &[OnStudyIntervention], Who { data: true, roles: EITHER }),
    step("T15", &[OnStudyIntervention], &[OnStudyObservation, OnStudy], DATA),
    step("T16", &[OnStudyObservation], &[OnStudyIntervention], DATA),
    step("T17", ENROLLED, &[FollowUp], people(COORDINATOR)),
    step("T18", &[OnStudy, OnStudyIntervention, OnStudyObservation, FollowUp], &[OffStudy], people(EITHER)),
    step("T19", &[Ineligible, NotRegistered, Withdrawn], &[Screening], people(COORDINATOR)),
    step("T20", &Status::ALL, &[], people(EITHER)),
    step("T21", &Status::ALL, &[], people(EITHER)),
];

/// The row of that name.
pub fn row(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}
