//! The words of the commands over what waits for somebody: `set-aside …`, `outbox …`, `source …`.

use super::args::Place;
use crate::flow::aside::AsideList;
use crate::model::time::Instant;
use clap::{Args, Subcommand};

/// Which rows of what is set aside.
#[derive(Debug, Args)]
pub struct AsideFilter {
    /// Of this source only.
    #[arg(long)]
    pub source: Option<String>,
    /// Whose reason holds these words, letter by letter.
    #[arg(long, value_name = "WORDS")]
    pub reason: Option<String>,
    /// Set aside since then: a date or a FHIR dateTime.
    #[arg(long, value_name = "T")]
    pub since: Option<String>,
    /// After this number.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub after: i64,
}

impl AsideFilter {
    /// As the store is asked.
    pub fn asked(&self, since: Option<Instant>) -> AsideList {
        let (source, reason) = (self.source.clone(), self.reason.clone());
        AsideList { source, reason, since, after: self.after, ..Default::default() }
    }
}

/// `trialgate set-aside …`
#[derive(Debug, Subcommand)]
pub enum SetAside {
    /// Rows in order of arrival: number, time, source, place, reason. Bodies are shown one by one.
    List {
        /// Which.
        #[command(flatten)]
        filter: AsideFilter,
        /// Those that were replayed or dismissed too.
        #[arg(long)]
        closed: bool,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        most: usize,
        /// Prints one object.
        #[arg(long)]
        json: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// One row with its body, as it was received.
    Show {
        /// Its number.
        number: i64,
        /// Prints one object.
        #[arg(long)]
        json: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// Reads one again, or all that fit, as if they arrived now; what is kept then is closed, all else stays.
    Replay {
        /// Its number; without one, all that fit.
        #[arg(conflicts_with_all = ["source", "reason", "since", "after"])]
        number: Option<i64>,
        /// Which.
        #[command(flatten)]
        filter: AsideFilter,
        /// Prints one object.
        #[arg(long)]
        json: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// Says that one is of no use: it stays on record and waits no longer.
    Dismiss {
        /// Its number.
        number: i64,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
}

impl SetAside {
    /// Where, and whether only to read.
    pub fn place(&self) -> &Place {
        let (Self::List { place, .. }
        | Self::Show { place, .. }
        | Self::Replay { place, .. }
        | Self::Dismiss { place, .. }) = self;
        place
    }

    /// The text of `--since`.
    pub fn since(&self) -> Option<&str> {
        match self {
            Self::List { filter, .. } | Self::Replay { filter, .. } => filter.since.as_deref(),
            _ => None,
        }
    }
}

/// `trialgate source …`
#[derive(Debug, Subcommand)]
pub enum Source {
    /// What each source and each variable sent, what was to be expected, how late it comes, and which code or unit changed.
    Health(Health),
    /// The first look at a source: what it states of itself, and what some samples of its results come to. Nothing is kept.
    Probe(Probe),
}

/// `trialgate target …`
#[derive(Debug, Subcommand)]
pub enum Target {
    /// Whether a target takes ResearchSubjects, as its CapabilityStatement says, and how they would be sent. Nothing is sent.
    Probe(Probe),
}

/// `trialgate source probe`, `trialgate target probe`
#[derive(Debug, Args)]
pub struct Probe {
    /// Its name in the settings.
    pub name: String,
    /// Prints one object.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `trialgate source health`
#[derive(Debug, Args)]
pub struct Health {
    /// Of this source only.
    pub source: Option<String>,
    /// Prints one object.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `trialgate outbox …`
#[derive(Debug, Subcommand)]
pub enum Outbox {
    /// What waits for the targets, and what they refused, with their own words.
    List {
        /// waiting, dead, dropped or there; without one, waiting and dead.
        #[arg(long, value_parser = ["waiting", "dead", "dropped", "there"])]
        state: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        most: usize,
        /// Prints one object.
        #[arg(long)]
        json: bool,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// Sends dead letters again.
    Retry {
        /// Of this target only.
        target: Option<String>,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
    /// Gives up the dead letters of a target; a newer standing is sent there all the same.
    Drop {
        /// The target.
        target: String,
        /// Where.
        #[command(flatten)]
        place: Place,
    },
}
