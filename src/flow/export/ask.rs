//! What is exported: asked, walked through in flat memory, written.

use super::names::Names;
use super::people::{self, Part};
use super::sink::{Block, Sink};
use super::subjects;
use crate::flow::desk::Desk;
use crate::flow::everyone::{self, Followers, FollowersWork};
use crate::flow::outcomes::{Asked, Openings, Question};
use crate::flow::rehearsal::backtest::withhold;
use crate::flow::rights::Reader;
use crate::model::key::{digest_words, hex};
use crate::model::purpose::Purpose;
use crate::model::standing::Role;
use crate::model::time::Instant;
use crate::publish::export::define::{About, define};
use crate::publish::export::disposition::{Disposed, Screened};
use crate::publish::export::persons::PersonsLayout;
use crate::publish::export::row::Row;
use crate::publish::export::table::Column;
use crate::publish::export::wide::Layout;
use crate::store::*;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

/// What a table is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dataset {
    /// Outcomes by visit, results between visits, events, grades, doses.
    Outcomes,
    /// A line for each person: baselines, truths that held, times to events.
    Persons,
    /// The screening log.
    Screening,
    /// The disposition of subjects.
    Subjects,
}

impl Dataset {
    /// Its word, and in Dataset-JSON, in upper case, its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Outcomes => "outcomes",
            Self::Persons => "persons",
            Self::Screening => "screening",
            Self::Subjects => "subjects",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Outcomes => "Outcomes by person, visit and variable",
            Self::Persons => "Baselines and what became of each person",
            Self::Screening => "Screening log",
            Self::Subjects => "Disposition of subjects",
        }
    }
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// CSV, a line for each value.
    Csv,
    /// CSV, a line for each visit.
    Wide,
    /// NDJSON.
    Ndjson,
    /// CDISC Dataset-JSON 1.1.
    DatasetJson,
    /// Parquet, where the program was built with it.
    Parquet,
}

/// What is asked; the same request of the same data is the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Request {
    /// What of.
    pub dataset: Dataset,
    /// How written.
    pub format: Format,
    /// The trial.
    pub trial: String,
    /// The moment asked about, as written.
    pub as_of: Option<String>,
    /// As known when, as written.
    pub known_at: Option<String>,
    /// One version of the definition for everybody.
    pub definition: Option<u32>,
    /// By the hospital's own words.
    pub identified: bool,
    /// With what the definition hides.
    pub unblinded: bool,
    /// Name of the file beside the table that says what its columns mean.
    pub define: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Persons with lines.
    pub persons: u64,
    /// Lines.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 of them.
    pub digest: [u8; 32],
    /// Who has none, by why; `None`: withheld.
    pub apart: Vec<(String, Option<u64>)>,
    /// What the columns mean, for the file beside.
    pub define: Vec<u8>,
    /// Digest over the definitions by which anybody is followed.
    pub definition: [u8; 32],
    /// As known when.
    pub known: Instant,
    /// Each person with a digest of their lines.
    pub parts: Vec<u8>,
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The question is wrong.
    #[error("{0}")]
    Wrong(String),
    /// The table cannot be written.
    #[error("the table cannot be written: {0}")]
    Output(#[from] std::io::Error),
    /// The machine failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where a table goes.
pub struct To<'w> {
    /// Here.
    pub out: &'w mut (dyn Write + Send),
    /// A file for what must wait for the head of a format that counts its lines.
    pub spool: Option<File>,
}

/// What stands at the head of a dataset.
pub(super) struct Head<'a> {
    pub(super) created: &'a str,
    pub(super) study: &'a str,
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) define: Option<&'a str>,
    pub(super) version: &'a str,
}

/// What every person of an export needs.
pub(super) struct Ask {
    pub(super) question: Arc<Question>,
    pub(super) names: Names,
    pub(super) request: Request,
    pub(super) columns: Vec<Column>,
    /// The definitions by which anybody is followed, and what of each is shown.
    pub(super) followed_by: Openings,
    pub(super) layout: Layout,
    pub(super) persons: PersonsLayout,
}

/// Sums over all persons.
#[derive(Default)]
struct Sums {
    persons: u64,
    apart: BTreeMap<String, u64>,
    newest: Option<Instant>,
    parts: Vec<u8>,
}

/// Exports. That it was asked, and by whom, is in the audit before the first byte. Without `reader` nobody signed in.
pub async fn export(
    desk: &Desk,
    request: &Request,
    reader: Option<&Reader>,
    to: To<'_>,
    mut progress: impl FnMut(u64),
) -> Result<Exported, ExportError> {
    let ask = Arc::new(prepare(desk, request, reader).await?);
    let question = &ask.question;
    let mut sink = Sink::begin(to.out, (request.format, request.dataset.word()), ask.columns.clone(), to.spool)?;
    let (mut sums, mut broken) = (Sums::default(), None);
    let mut hear = |part: Part| {
        sums.add(&part);
        progress(sums.persons);
        match sink.lines(&part.block) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                broken = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    walk(desk.store(), &ask, &mut hear).await?;
    if let Some(error) = broken {
        return Err(error.into());
    }
    let (words, counts): (Vec<String>, Vec<u64>) = sums.apart.into_iter().unzip();
    let apart: Vec<(String, Option<u64>)> = words.into_iter().zip(withhold(&counts)).collect();
    if request.dataset == Dataset::Screening {
        sink.lines(&subjects::counts(&ask, &apart))?;
    }
    let definition = definitions(&ask.followed_by);
    // The same data makes the same file, whenever it is asked for.
    let created = sums.newest.unwrap_or(question.as_of).to_string();
    let name = request.dataset.word().to_uppercase();
    let head = Head {
        created: &created,
        study: &request.trial,
        name: &name,
        label: request.dataset.label(),
        define: request.define.as_deref(),
        version: &format!("sha256:{}", hex(&definition)),
    };
    let define = ask.define(&name, &apart);
    let (digest, bytes, rows) = sink.end(&head)?;
    let (persons, known, parts) = (sums.persons, question.known, sums.parts);
    Ok(Exported { persons, rows, bytes, digest, apart, define, definition, known, parts })
}

/// Walks everybody, in order of key. How persons stand is told without their facts.
async fn walk(store: &Store, ask: &Arc<Ask>, hear: impl FnMut(Part) -> ControlFlow<()>) -> Result<(), StoreError> {
    let question = &ask.question;
    let facts = matches!(ask.request.dataset, Dataset::Outcomes | Dataset::Persons);
    let followers = Followers { trial: question.trial().to_owned(), known: question.known, facts, past: question.past };
    let (kept, to) = (store.clone(), ask.clone());
    let work: FollowersWork<Part> = Arc::new(move |rows| {
        let (store, ask) = (kept.clone(), to.clone());
        Box::pin(async move {
            match facts {
                true => people::part(&store, ask, rows).await,
                false => subjects::part(&store, &ask, rows).await,
            }
        })
    });
    everyone::ask_followers(store, &followers, work, hear).await
}

/// As whom an export stands in the audit.
pub(super) fn caller(reader: Option<&Reader>) -> Caller {
    let actor = reader.map_or_else(|| "export".to_owned(), |reader| reader.name.clone());
    Caller { actor, purpose: "export".into() }
}

/// Whether this reader may have that table, whatever door they come through.
fn permit(desk: &Desk, request: &Request, reader: Option<&Reader>, question: &Question) -> Result<(), String> {
    if request.identified && !question.at_site.purposes.contains(&Purpose::Name) {
        let words =
            "found no ground for the purpose `name`; wanted one in trials.ID.grounds.name before persons are named";
        return Err(words.replace("ID", &request.trial));
    }
    let Some(active) = question.definitions().next() else { return Ok(()) };
    let (trial, id) = (&active.trial, &request.trial);
    let Some(reader) = reader else {
        let words = format!(
            "found nobody signed in, and the table shows what the definition of {id} hides; wanted the account of somebody with the role unblinded"
        );
        return if request.unblinded { Err(words) } else { Ok(()) };
    };
    let name = &reader.name;
    if reader.roles(desk, trial).iter().all(|role| *role == Role::Integration) {
        return Err(format!("{name} has no role in {id} at this site; wanted one that reads it"));
    }
    if request.unblinded && !reader.is_unblinded(desk, trial) {
        return Err(format!("{name} has not the role unblinded in {id} at this site"));
    }
    Ok(())
}

async fn prepare(desk: &Desk, request: &Request, reader: Option<&Reader>) -> Result<Ask, ExportError> {
    let asked = Asked {
        as_of: request.as_of.as_deref(),
        known_at: request.known_at.as_deref(),
        definition: request.definition,
    };
    let question = Question::new(desk, &request.trial, &asked).map_err(ExportError::Wrong)?;
    permit(desk, request, reader, &question).map_err(ExportError::Wrong)?;
    if request.format == Format::Wide && request.dataset != Dataset::Outcomes {
        return Err(ExportError::Wrong("only outcomes have a wide table; wanted --format csv".into()));
    }
    if request.format == Format::Parquet && !cfg!(feature = "parquet") {
        let words =
            "this program was built without Parquet; wanted a build with `--features parquet`, or another format";
        return Err(ExportError::Wrong(words.into()));
    }
    let detail = serde_json::to_string(request).unwrap_or_default();
    let note = AuditNote { action: "export".into(), detail, person: None, caller: caller(reader), at: desk.now() };
    desk.store().write(note).await?;
    let names = Names::of(desk.store(), &request.trial, request.identified, desk.now()).await?;
    let followed_by = question.openings(request.unblinded);
    let trials = followed_by.all();
    let (layout, persons) = (Layout::of(&trials), PersonsLayout::of(&trials));
    let columns = match (request.dataset, request.format) {
        (Dataset::Outcomes, Format::Wide) => layout.columns.clone(),
        (Dataset::Outcomes, _) => Row::columns(),
        (Dataset::Persons, _) => persons.columns.clone(),
        (Dataset::Screening, _) => Screened::columns(),
        (Dataset::Subjects, _) => Disposed::columns(),
    };
    let (question, request) = (Arc::new(question), request.clone());
    Ok(Ask { question, names, request, columns, followed_by, layout, persons })
}

/// Digest over several definitions, in their order.
fn definitions(trials: &Openings) -> [u8; 32] {
    let all: Vec<String> = trials.all().iter().map(|(trial, _)| hex(&trial.digest)).collect();
    digest_words(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

impl Sums {
    fn add(&mut self, part: &Part) {
        self.persons += part.persons.len() as u64;
        for why in &part.apart {
            *self.apart.entry(why.clone()).or_default() += 1;
        }
        self.newest = self.newest.max(part.newest);
        for (person, digest) in &part.persons {
            self.parts.extend(person.bytes());
            self.parts.extend(digest);
        }
    }
}

impl Ask {
    fn define(&self, name: &str, apart: &[(String, Option<u64>)]) -> Vec<u8> {
        let trials = self.followed_by.all();
        let about = About {
            name,
            label: self.request.dataset.label(),
            trials: &trials,
            as_of: self.request.as_of.as_ref().map(|_| self.question.as_of.to_string()),
            known_at: self.request.known_at.as_ref().map(|_| self.question.known.to_string()),
            apart,
            persons: if self.names.identified {
                "as the hospital names them"
            } else {
                "pseudonyms of this store and trial"
            },
        };
        define(&about, &self.columns)
    }

    /// A block of lines of one person, and the digest of them.
    pub(super) fn written(&self, lines: &[crate::publish::export::table::Line], block: &mut Block) -> [u8; 16] {
        use sha2::{Digest, Sha256};
        let before = block.bytes.len();
        block.add(self.request.format, &self.columns, lines);
        let whole = Sha256::digest(block.bytes.get(before..).unwrap_or_default());
        let mut first = [0; 16];
        first.copy_from_slice(&whole[..16]);
        first
    }
}
