//! Where the corridor meets the store and intake: one thin function for each call.

use super::answer::{Grade, Refusal};
use super::gateway::{Gateway, Source};
use crate::intake;
use crate::model::draft::{Draft, ResourceType};
use crate::model::issue::Issue;
use crate::store::contract::{StoreError, Stored};
use crate::store::{ReadResource, Store};

pub(crate) async fn read(
    store: &Store,
    source: &str,
    kind: ResourceType,
    id: &str,
) -> Result<Option<Stored>, StoreError> {
    let (source, resource_type, id) = (source.to_owned(), kind.name().to_owned(), id.to_owned());
    store.read(ReadResource { source, resource_type, id, version: None }).await
}

/// What intake made of one resource.
pub(crate) enum Reading {
    /// A draft with remarks.
    Right(Box<Draft>, Vec<Issue>),
    /// A type of R4 that is not kept.
    NotKept(Vec<Issue>),
    /// Refused, with every reason.
    Wrong(Refusal),
}

impl Gateway {
    /// Reads one resource; `wanted` is the type that the address names.
    pub(crate) fn reading(&self, source: &Source, body: &[u8], wanted: Option<ResourceType>) -> Reading {
        let base = self.base_of(source);
        let setting = intake::Setting { zone: &source.zone, received: self.now(), base: Some(&base) };
        let read = intake::read_resource(body, wanted, &setting);
        match (read.draft, read.grade) {
            (Some(mut draft), _) => {
                if draft.resource_type == ResourceType::Patient {
                    let known_by = draft.identifiers.iter().filter(|i| source.known_by.contains(&i.system));
                    draft.known_by = known_by.cloned().collect();
                }
                Reading::Right(Box::new(draft), read.issues)
            }
            (None, intake::Grade::NotKept) => Reading::NotKept(read.issues),
            (None, grade) => Reading::Wrong(Refusal { grade: grade_of(grade), issues: read.issues }),
        }
    }
}

pub(crate) fn grade_of(grade: intake::Grade) -> Grade {
    match grade {
        intake::Grade::Unreadable => Grade::Malformed,
        intake::Grade::UnknownType => Grade::NotFound,
        intake::Grade::TooCostly => Grade::TooMuch,
        intake::Grade::Fine | intake::Grade::Unprocessable | intake::Grade::NotKept => Grade::Content,
    }
}
