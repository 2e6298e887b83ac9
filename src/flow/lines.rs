//! Lines of a file or pull: kept in chunks, and what cannot be kept is set aside with its reason, never lost.

use super::answer::{EntryAnswer, Refusal};
use super::gateway::{Gateway, Source};
use super::import::{id_of_bytes, refused};
use super::mark::Mark;
use super::seam::Reading;
use crate::intake;
use crate::model::draft::Subject;
use crate::model::issue::Issue;
use crate::store::KeepAside;
use crate::store::contract::{Caller, Event, ImportEntry, Method, RefusalReason, SetAside};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lines in one commit at most.
pub const CHUNK: usize = 500;
/// Bytes of the lines in one commit, after which no further line is taken.
pub const CHUNK_BYTES: usize = 4 << 20;

/// One line: where it stands, for whoever must mend it, and its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// File and number.
    pub place: &'a str,
    /// JSON of one resource.
    pub body: &'a [u8],
}

/// What became of lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// Lines that are in the store now, by type.
    pub kept: BTreeMap<String, u64>,
    /// Of these: `created`, `updated`, `unchanged`, `late`.
    pub events: BTreeMap<String, u64>,
    /// Of a type that is not kept, by type.
    pub ignored: BTreeMap<String, u64>,
    /// Set aside, by issue code.
    pub set_aside: BTreeMap<String, u64>,
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

    /// One more of this type is kept.
    pub(super) fn kept(&mut self, kind: &str, event: Event) {
        one_more(&mut self.kept, kind);
        one_more(&mut self.events, Self::word(event));
    }

    /// One more was set aside for that reason.
    pub(super) fn set_aside(&mut self, code: &str) {
        one_more(&mut self.set_aside, code);
    }

    /// One more of this type is passed over.
    pub(super) fn ignored(&mut self, kind: &str) {
        one_more(&mut self.ignored, kind);
    }

    /// One more is deleted.
    pub(super) fn deleted(&mut self) {
        one_more(&mut self.events, "deleted");
    }

    /// Adds what became of other lines.
    pub fn add(&mut self, other: &Self) {
        let sums = [&mut self.kept, &mut self.events, &mut self.ignored, &mut self.set_aside];
        for (sum, more) in sums.into_iter().zip([&other.kept, &other.events, &other.ignored, &other.set_aside]) {
            more.iter().for_each(|(word, n)| *sum.entry(word.clone()).or_default() += n);
        }
    }
}

/// Counts a word; only a new one is copied.
fn one_more(counts: &mut BTreeMap<String, u64>, word: &str) {
    match counts.get_mut(word) {
        Some(n) => *n += 1,
        None => drop(counts.insert(word.to_owned(), 1)),
    }
}

impl Gateway {
    /// Keeps lines, [`CHUNK`] to a commit. A line that cannot be kept is set aside and the others go on.
    /// An error is the machine's: what came before it is kept, and the same lines may be sent again.
    pub async fn load_lines(&self, source: &Source, lines: &[Line<'_>], caller: &Caller) -> Result<Loaded, Refusal> {
        let mut loaded = Loaded::default();
        for chunk in lines.chunks(CHUNK) {
            self.load_chunk(source, chunk, caller, &mut loaded, None).await?;
        }
        Ok(loaded)
    }

    /// Keeps one chunk of lines, at most [`CHUNK`], and the mark that says that they were read, in one commit.
    pub async fn load_marked(
        &self,
        source: &Source,
        lines: &[Line<'_>],
        caller: &Caller,
        mark: &mut Mark,
    ) -> Result<(), Refusal> {
        let mut loaded = mark.stands.loaded.clone();
        let moved = self.load_chunk(source, lines, caller, &mut loaded, Some(mark)).await?;
        mark.stands.loaded = loaded;
        if moved { Ok(()) } else { mark.save(self).await }
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
                    loaded.kept(written.resource_type.name(), written.kept.event);
                }
                EntryAnswer::Deleted(_) => loaded.deleted(),
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

    /// Answers whether the mark, where one is given, was moved with what was kept.
    async fn load_chunk(
        &self,
        source: &Source,
        lines: &[Line<'_>],
        caller: &Caller,
        loaded: &mut Loaded,
        mark: Option<&Mark>,
    ) -> Result<bool, Refusal> {
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
            let written = match mark {
                Some(mark) => self.store.write(mark.with(import.clone(), loaded, self.now())).await?,
                None => self.store.write(import.clone()).await?,
            };
            match written {
                Ok(kept) => {
                    for (entry, kept) in import.entries.iter().zip(kept) {
                        loaded.kept(entry.draft.resource_type.name(), kept.event);
                    }
                    return Ok(true);
                }
                Err(refusal) if refusal.reason == RefusalReason::Overtaken => return Err(refused(&refusal, "")),
                Err(refusal) => {
                    // The store has let go of it by now, so nothing is copied.
                    entries = Arc::unwrap_or_clone(import).entries;
                    let at = refusal.entry.min(entries.len() - 1);
                    entries.remove(at);
                    let (line, issues) = (from.remove(at), refused(&refusal, "").issues);
                    self.set_aside(source, line, &issues, caller, loaded).await?;
                }
            }
        }
        Ok(false)
    }

    /// The entry of a line; `None`: a type that is not kept.
    pub(super) async fn line_entry(&self, source: &Source, line: &Line<'_>) -> Result<Option<ImportEntry>, Refusal> {
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
        loaded.set_aside(code_of(issues));
        Ok(())
    }
}

/// The code under which a line that is set aside is counted.
fn code_of(issues: &[Issue]) -> &'static str {
    issues.first().map_or("unknown", |issue| issue.code)
}

impl Refusal {
    pub(super) fn is_of_the_machine(&self) -> bool {
        use super::answer::Grade;
        matches!(self.grade, Grade::Busy | Grade::NoRoom | Grade::Failed)
    }
}

/// The type that a body says it is.
pub(super) fn type_of(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Face {
        #[serde(rename = "resourceType")]
        resource_type: String,
    }
    serde_json::from_slice::<Face>(body).map_or_else(|_| "unknown".to_owned(), |face| face.resource_type)
}
