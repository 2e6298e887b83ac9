//! Lines of a file or pull: kept in chunks, and what cannot be kept is set aside with its reason, never lost.

use super::answer::{EntryAnswer, Refusal};
use super::gateway::{Gateway, Source};
use super::import::{id_of_bytes, refused};
use super::seam::Reading;
use crate::intake;
use crate::model::draft::Subject;
use crate::model::issue::Issue;
use crate::store::KeepAside;
use crate::store::contract::{Caller, Event, ImportEntry, Method, RefusalReason, SetAside};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lines in one commit at most.
pub const CHUNK: usize = 500;

/// One line: where it stands, for whoever must mend it, and its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// File and number.
    pub place: &'a str,
    /// JSON of one resource.
    pub body: &'a [u8],
}

/// What became of lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Lines that are in the store now, by type.
    pub kept: BTreeMap<&'static str, u64>,
    /// Of these: `created`, `updated`, `unchanged`, `late`.
    pub events: BTreeMap<&'static str, u64>,
    /// Of a type that is not kept, by type.
    pub ignored: BTreeMap<String, u64>,
    /// Set aside, by issue code.
    pub set_aside: BTreeMap<&'static str, u64>,
}

impl Loaded {
    /// The word of an event.
    fn word(event: Event) -> &'static str {
        match event {
            Event::Created => "created",
            Event::Updated => "updated",
            Event::Unchanged => "unchanged",
            Event::Late => "late",
        }
    }

    /// Adds what became of other lines.
    pub fn add(&mut self, other: &Self) {
        for (word, n) in &other.kept {
            *self.kept.entry(word).or_default() += n;
        }
        for (word, n) in &other.events {
            *self.events.entry(word).or_default() += n;
        }
        for (word, n) in &other.ignored {
            *self.ignored.entry(word.clone()).or_default() += n;
        }
        for (word, n) in &other.set_aside {
            *self.set_aside.entry(word).or_default() += n;
        }
    }
}

impl Gateway {
    /// Keeps lines, [`CHUNK`] to a commit. A line that cannot be kept is set aside and the others go on.
    /// An error is the machine's: what came before it is kept, and the same lines may be sent again.
    pub async fn load_lines(&self, source: &Source, lines: &[Line<'_>], caller: &Caller) -> Result<Loaded, Refusal> {
        let mut loaded = Loaded::default();
        for chunk in lines.chunks(CHUNK) {
            self.load_chunk(source, chunk, caller, &mut loaded).await?;
        }
        Ok(loaded)
    }

    /// A file with one resource, or a Bundle: a transaction or batch as what it asks for, any other as its entries.
    pub async fn load_file(
        &self,
        source: &Source,
        place: &str,
        body: &[u8],
        caller: &Caller,
    ) -> Result<Loaded, Refusal> {
        if type_of(body) != "Bundle" {
            return self.load_lines(source, &[Line { place, body }], caller).await;
        }
        let read = intake::read_bundle(body);
        if !matches!(read.kind.as_str(), "transaction" | "batch") {
            let places: Vec<String> = (0..read.entries.len()).map(|i| format!("{place} entry {i}")).collect();
            let resources = read
                .entries
                .iter()
                .zip(&places)
                .filter_map(|(entry, place)| Some(Line { place, body: body.get(entry.resource.clone()?)? }));
            return self.load_lines(source, &resources.collect::<Vec<_>>(), caller).await;
        }
        let (_, answers) = self.bundle(source, body, caller.clone()).await?;
        let mut loaded = Loaded::default();
        for (entry, answer) in read.entries.iter().zip(answers) {
            let kind = entry.resource.clone().and_then(|r| body.get(r)).map_or_else(|| "unknown".into(), type_of);
            match answer {
                EntryAnswer::Written(written) => {
                    *loaded.kept.entry(written.resource_type.name()).or_default() += 1;
                    *loaded.events.entry(Loaded::word(written.kept.event)).or_default() += 1;
                }
                EntryAnswer::Deleted(_) => *loaded.events.entry("deleted").or_default() += 1,
                // A file that reads asks nobody.
                EntryAnswer::PassedOver(_) | EntryAnswer::Shown(_) => *loaded.ignored.entry(kind).or_default() += 1,
                EntryAnswer::Refused(refusal) => {
                    let line =
                        Line { place, body: entry.resource.clone().and_then(|r| body.get(r)).unwrap_or_default() };
                    self.set_aside(source, &line, &refusal.issues, caller, &mut loaded).await?;
                }
            }
        }
        Ok(loaded)
    }

    async fn load_chunk(
        &self,
        source: &Source,
        lines: &[Line<'_>],
        caller: &Caller,
        loaded: &mut Loaded,
    ) -> Result<(), Refusal> {
        let (mut entries, mut from) = (Vec::with_capacity(lines.len()), Vec::with_capacity(lines.len()));
        for line in lines {
            match self.line_entry(source, line).await {
                Ok(Some(entry)) => {
                    entries.push(entry);
                    from.push(line);
                }
                Ok(None) => *loaded.ignored.entry(type_of(line.body)).or_default() += 1,
                Err(refusal) if refusal.is_of_the_machine() => return Err(refusal),
                Err(refusal) => self.set_aside(source, line, &refusal.issues, caller, loaded).await?,
            }
        }
        // The store names the entry that it refuses: that one is taken out and the rest tried again.
        while !entries.is_empty() {
            let import = Arc::new(self.import(source, entries, caller.clone()));
            match self.store.write(import.clone()).await? {
                Ok(kept) => {
                    for (entry, kept) in import.entries.iter().zip(kept) {
                        *loaded.kept.entry(entry.draft.resource_type.name()).or_default() += 1;
                        *loaded.events.entry(Loaded::word(kept.event)).or_default() += 1;
                    }
                    break;
                }
                Err(refusal) if refusal.reason == RefusalReason::Overtaken => return Err(refused(&refusal, "")),
                Err(refusal) => {
                    // The store has let go of it by now, so nothing is copied.
                    entries = Arc::unwrap_or_clone(import).entries;
                    let at = refusal.entry.min(entries.len() - 1);
                    entries.remove(at);
                    let line = from.remove(at);
                    self.set_aside(source, line, &refused(&refusal, "").issues, caller, loaded).await?;
                }
            }
        }
        Ok(())
    }

    /// The entry of a line; `None`: a type that is not kept.
    async fn line_entry(&self, source: &Source, line: &Line<'_>) -> Result<Option<ImportEntry>, Refusal> {
        let draft = match self.reading(source, line.body, None) {
            Reading::Right(draft, _) => *draft,
            Reading::NotKept(_) => return Ok(None),
            Reading::Wrong(refusal) => return Err(refusal),
        };
        // With an id of its own, a subject's identifier is left to the store: the Patient may stand in the same chunk.
        let patient = match (&draft.subject, &draft.id) {
            (Some(Subject::Identifier(_)), Some(_)) => None,
            _ => self.patient_of(source, &draft).await?,
        };
        let by_bytes = || id_of_bytes(&source.name, draft.resource_type, patient.as_deref(), line.body);
        let id = draft.id.clone().unwrap_or_else(by_bytes);
        Ok(Some(ImportEntry { method: Method::Load, id, draft, patient, body: line.body.into(), resolved: Vec::new() }))
    }

    pub(super) async fn set_aside(
        &self,
        source: &Source,
        line: &Line<'_>,
        issues: &[Issue],
        caller: &Caller,
        loaded: &mut Loaded,
    ) -> Result<(), Refusal> {
        let reason = issues.iter().map(Issue::to_string).collect::<Vec<_>>().join("; ");
        let (place, body) = (line.place.into(), line.body.to_vec());
        let aside = SetAside { source: source.name.to_string(), reason, place, body };
        self.store.write(KeepAside { aside, caller: caller.clone(), at: self.now() }).await?;
        *loaded.set_aside.entry(issues.first().map_or("unknown", |i| i.code)).or_default() += 1;
        Ok(())
    }
}

impl Refusal {
    fn is_of_the_machine(&self) -> bool {
        use super::answer::Grade;
        matches!(self.grade, Grade::Busy | Grade::NoRoom | Grade::Failed)
    }
}

/// The type that a body says it is.
fn type_of(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Face {
        #[serde(rename = "resourceType")]
        resource_type: String,
    }
    serde_json::from_slice::<Face>(body).map_or_else(|_| "unknown".to_owned(), |face| face.resource_type)
}
