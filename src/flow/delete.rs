//! Deleting a kept resource: by id, or the one that meets a condition.

use super::answer::Refusal;
use super::gateway::{Gateway, Source};
use super::import::refused;
use super::query::{condition, if_match};
use crate::model::draft::ResourceType;
use crate::store::contract::{Caller, ImportRefusal};
use crate::store::{Delete, Deleted, Deletion, Which};

impl Gateway {
    /// DELETE of an id; `match_version` is the value of `If-Match`. What was never there is as good as deleted.
    pub async fn delete(
        &self,
        source: &Source,
        resource_type: ResourceType,
        id: &str,
        match_version: Option<&str>,
        caller: Caller,
    ) -> Result<Deleted, Refusal> {
        let if_match = match_version.map(if_match).transpose()?;
        self.delete_one(source, Deletion { resource_type, which: Which::Id(id.to_owned()), if_match }, caller).await
    }

    /// DELETE with a search, as R4's `single`: nothing, or the one match; several are refused.
    pub async fn conditional_delete(
        &self,
        source: &Source,
        resource_type: ResourceType,
        search: &str,
        match_version: Option<&str>,
        caller: Caller,
    ) -> Result<Deleted, Refusal> {
        let if_match = match_version.map(if_match).transpose()?;
        let which = Which::Search(condition(search)?);
        self.delete_one(source, Deletion { resource_type, which, if_match }, caller).await
    }

    async fn delete_one(&self, source: &Source, deletion: Deletion, caller: Caller) -> Result<Deleted, Refusal> {
        let delete = Delete { source: source.name.clone(), deletion, caller, at: self.now() };
        self.store.write(delete).await?.map_err(|reason| refused(&ImportRefusal { entry: 0, reason }, ""))
    }
}
