//! Lines of a file or pull: kept in chunks, and what cannot be kept is set aside with its reason, never lost.

use super::answer::Refusal;
use super::gateway::{Gateway, Source};
use super::import::{id_of_bytes, refused};
use super::seam::Reading;
use crate::model::draft::Subject;
use crate::model::issue::Issue;
use crate::store::KeepAside;
use crate::store::contract::{Caller, Event, ImportEntry, Method, RefusalReason, SetAside};

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
    /// New or changed.
    pub kept: u64,
    /// There already, or older than what is there.
    pub unchanged: u64,
    /// Of a type that is not kept.
    pub ignored: u64,
    /// Set aside.
    pub set_aside: u64,
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

    async fn load_chunk(
        &self,
        source: &Source,
        lines: &[Line<'_>],
        caller: &Caller,
        loaded: &mut Loaded,
    ) -> Result<(), Refusal> {
        let (mut entries, mut from) = (Vec::new(), Vec::new());
        for line in lines {
            match self.line_entry(source, line).await {
                Ok(Some(entry)) => {
                    entries.push(entry);
                    from.push(line);
                }
                Ok(None) => loaded.ignored += 1,
                Err(refusal) if refusal.is_of_the_machine() => return Err(refusal),
                Err(refusal) => self.set_aside(source, line, &refusal.issues, caller, loaded).await?,
            }
        }
        // The store names the entry that it refuses: that one is taken out and the rest tried again.
        while !entries.is_empty() {
            match self.keep(source, entries.clone(), caller.clone()).await? {
                Ok(kept) => {
                    let new = kept.iter().filter(|k| matches!(k.event, Event::Created | Event::Updated)).count() as u64;
                    loaded.kept += new;
                    loaded.unchanged += kept.len() as u64 - new;
                    break;
                }
                Err(refusal) if refusal.reason == RefusalReason::Overtaken => return Err(refused(&refusal, "")),
                Err(refusal) => {
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

    async fn set_aside(
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
        loaded.set_aside += 1;
        Ok(())
    }
}

impl Refusal {
    fn is_of_the_machine(&self) -> bool {
        use super::answer::Grade;
        matches!(self.grade, Grade::Busy | Grade::NoRoom | Grade::Failed)
    }
}
