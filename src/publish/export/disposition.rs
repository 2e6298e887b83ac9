//! The screening log and the disposition: what became of people's participation, in the words of CDISC where it has them.
//! Who never consented stands in counts only.

use super::table::{Cell, Line, columns};
use crate::model::standing::{Standing, Status};
use crate::model::time::Zone;
use crate::trial::definition::Trial;

/// The three phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Before consent.
    Prescreen,
    /// From consent on.
    Screening,
    /// From registration on.
    Enrolment,
}

impl Phase {
    /// That of a standing.
    pub fn of(standing: &Standing) -> Self {
        match (&standing.evidence.registered, &standing.evidence.consented) {
            (Some(_), _) => Self::Enrolment,
            (None, Some(_)) => Self::Screening,
            (None, None) => Self::Prescreen,
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Prescreen => "prescreen",
            Self::Screening => "screening",
            Self::Enrolment => "enrolment",
        }
    }
}

columns! {
    /// A line of the screening log.
    Screened {
        study: Text 1 "Trial",
        site: Text 0 "Site",
        record: Text 2 "person, or count: a number of people who never consented",
        person: Text 3 "Person",
        attempt: Integer 4 "Attempt at the trial",
        phase: Text 5 "prescreen, screening, enrolment",
        status: Text 6 "Status",
        result: Text 0 "What became of the screening",
        consented: Date 0 "Day of consent",
        consent_version: Text 0 "Version of the consent form",
        registered: Date 0 "Day of registration",
        ended: Date 0 "Day of the end of participation",
        reason: Text 0 "Reason of the status",
        criteria: Text 0 "Criteria on which a screen failure rests",
        persons: Text 0 "Of a count: how many, or withheld",
        definition: Integer 0 "Version of the definition at registration",
    }
}

columns! {
    /// A line of the disposition.
    Disposed {
        study: Text 1 "Trial",
        site: Text 0 "Site",
        person: Text 2 "Person",
        attempt: Integer 3 "Attempt at the trial",
        sequence: Integer 4 "Order within the attempt",
        category: Text 0 "PROTOCOL MILESTONE or DISPOSITION EVENT",
        term: Text 0 "In CDISC's words (PROTMLST, NCOMPLT)",
        phase: Text 0 "prescreen, screening, enrolment",
        date: Date 0 "Day",
        status: Text 0 "Status then",
        reason: Text 0 "Reason as it was given",
        definition: Integer 0 "Version of the definition at registration",
    }
}

/// One attempt of a person who consented.
pub struct Attempt<'a> {
    /// The definition.
    pub trial: &'a Trial,
    /// The site.
    pub site: &'a str,
    /// How the person is named.
    pub person: &'a str,
    /// The site's calendar.
    pub zone: &'a Zone,
    /// Every version of the attempt, oldest first.
    pub versions: &'a [&'a Standing],
}

fn day(at: Option<crate::model::time::Instant>, zone: &Zone) -> Cell {
    at.map(|at| zone.date_of(at).to_string()).into()
}

/// What became of the screening.
fn result(standing: &Standing) -> &'static str {
    match (Phase::of(standing), standing.status) {
        (Phase::Enrolment, _) => "registered",
        (_, Status::Ineligible) => "screen failure",
        (_, Status::Withdrawn) => "withdrawn",
        (_, Status::NotRegistered) => "not registered",
        (_, Status::Eligible | Status::PendingOnStudy) => "eligible",
        _ => "in screening",
    }
}

impl Attempt<'_> {
    fn newest(&self) -> Option<&Standing> {
        self.versions.last().copied()
    }

    /// The line of the screening log.
    pub fn screened(&self) -> Option<Line> {
        let s = self.newest()?;
        let row = Screened {
            study: self.trial.id.as_str().into(),
            site: self.site.into(),
            record: "person".into(),
            person: self.person.into(),
            attempt: s.attempt.into(),
            phase: Phase::of(s).word().into(),
            status: s.status.code().into(),
            result: result(s).into(),
            consented: s.evidence.consented.as_deref().into(),
            consent_version: s.evidence.consent_version.as_deref().into(),
            registered: day(s.evidence.registered, self.zone),
            ended: s.evidence.ended.as_deref().into(),
            reason: s.reason.as_str().into(),
            criteria: s.evidence.criteria.join("; ").into(),
            persons: Cell::Nothing,
            definition: s.evidence.sealed_version.map(i64::from).into(),
        };
        Some(row.line())
    }

    /// The lines of the disposition.
    pub fn disposed(&self) -> Vec<Line> {
        let Some(s) = self.newest() else { return Vec::new() };
        let mut found: Vec<(bool, String, Cell)> = Vec::new();
        if let Some(consented) = &s.evidence.consented {
            found.push((false, "INFORMED CONSENT OBTAINED".into(), consented.as_str().into()));
        }
        let confirmed = self.versions.iter().rfind(|v| v.status == Status::Eligible && v.by_person());
        if let Some(confirmed) = confirmed.filter(|_| s.evidence.seen.is_some()) {
            found.push((false, "ELIGIBILITY CRITERIA MET".into(), day(Some(confirmed.at), self.zone)));
        }
        if s.evidence.registered.is_some() {
            found.push((false, "ENTERED INTO TRIAL".into(), day(s.evidence.registered, self.zone)));
        }
        let followed = self.versions.iter().find(|v| v.status == Status::FollowUp);
        if let Some(followed) = followed {
            found.push((false, "ENTERED FOLLOW-UP".into(), day(Some(followed.at), self.zone)));
        }
        if let Some(term) = ending(s) {
            found.push((
                true,
                term,
                s.evidence.ended.as_deref().map_or_else(|| day(Some(s.at), self.zone), Cell::from),
            ));
        }
        let last = found.len();
        let line = |(place, (event, term, date)): (usize, (bool, String, Cell))| {
            let own = place + 1 == last;
            let row = Disposed {
                study: self.trial.id.as_str().into(),
                site: self.site.into(),
                person: self.person.into(),
                attempt: s.attempt.into(),
                sequence: i64::try_from(place + 1).unwrap_or(i64::MAX).into(),
                category: if event { "DISPOSITION EVENT" } else { "PROTOCOL MILESTONE" }.into(),
                phase: phase_of(&term, event, s).word().into(),
                term: term.into(),
                date,
                status: if own { s.status.code().into() } else { Cell::Nothing },
                reason: if own { s.reason.as_str().into() } else { Cell::Nothing },
                definition: s.evidence.sealed_version.map(i64::from).into(),
            };
            row.line()
        };
        found.into_iter().enumerate().map(line).collect()
    }
}

fn phase_of(term: &str, event: bool, s: &Standing) -> Phase {
    match term {
        "INFORMED CONSENT OBTAINED" | "ELIGIBILITY CRITERIA MET" => Phase::Screening,
        _ if event => Phase::of(s),
        _ => Phase::Enrolment,
    }
}

/// The end of an attempt in the words of CDISC's NCOMPLT; `None`: it goes on.
fn ending(s: &Standing) -> Option<String> {
    Some(match s.status {
        Status::OffStudy => s.reason.to_uppercase(),
        Status::Withdrawn => "WITHDRAWAL BY SUBJECT".into(),
        Status::Ineligible => "SCREEN FAILURE".into(),
        Status::NotRegistered => "OTHER".into(),
        _ => return None,
    })
}

/// A number of people who never consented; `None`: withheld.
pub fn counted(trial: &Trial, site: &str, status: &str, persons: Option<u64>) -> Line {
    let row = Screened {
        study: trial.id.as_str().into(),
        site: site.into(),
        record: "count".into(),
        phase: Phase::Prescreen.word().into(),
        status: status.into(),
        persons: persons.map_or_else(|| "withheld".to_owned(), |n| n.to_string()).into(),
        ..Screened::default()
    };
    row.line()
}
