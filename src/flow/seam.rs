//! Where the corridor meets the store and intake: one thin function for each call.

use super::answer::{Grade, Refusal};
use super::gateway::Source;
use crate::model::draft::{Draft, ResourceType};
use crate::model::issue::Issue;
use crate::store::Store;
use crate::store::contract::{Find, Found, Import, ImportRefusal, Kept, SetAside, StoreError, Stored};

pub(crate) async fn write_import(store: &Store, import: Import) -> Result<Result<Vec<Kept>, ImportRefusal>, StoreError> {
    let _ = (store, import);
    Err(StoreError::Busy)
}

pub(crate) async fn find(store: &Store, find: Find) -> Result<Found, StoreError> {
    let _ = (store, find);
    Err(StoreError::Busy)
}

pub(crate) async fn read(store: &Store, source: &str, kind: ResourceType, id: &str) -> Result<Option<Stored>, StoreError> {
    let _ = (store, source, kind, id);
    Err(StoreError::Busy)
}

pub(crate) async fn set_aside(store: &Store, rows: Vec<SetAside>) -> Result<(), StoreError> {
    let _ = (store, rows);
    Err(StoreError::Busy)
}

/// Draft and remarks, or every reason why there is none.
pub(crate) fn read_resource(body: &[u8], source: &Source) -> Result<(Draft, Vec<Issue>), Refusal> {
    let _ = (body, source);
    Err(Refusal::one(Grade::Content, "structure", "", ""))
}

/// One entry of a Bundle as sent.
pub(crate) struct SentEntry<'a> {
    pub(crate) full_url: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) if_none_exist: Option<String>,
    pub(crate) if_match: Option<String>,
    /// The resource's own bytes and its type.
    pub(crate) resource: Option<(&'a [u8], String)>,
}

/// The Bundle's type and its entries.
pub(crate) fn read_bundle(body: &[u8]) -> Result<(String, Vec<SentEntry<'_>>), Refusal> {
    let _ = body;
    Err(Refusal::one(Grade::Content, "structure", "", ""))
}
