//! A question about every person of a store, on every core, in flat memory.

use crate::model::key::PersonKey;
use crate::store::*;
use std::collections::VecDeque;
use std::sync::Arc;

/// Persons read at once.
pub const CHUNK: usize = 64;

/// What is made of the records of a chunk.
pub type Work<T> = Arc<dyn Fn(&[Record]) -> T + Send + Sync>;

/// Reads all persons in order of key, works on chunks of them at once, and hands on what they came to, in that order.
/// No more than a few chunks are held.
pub async fn ask<T: Send + 'static>(store: &Store, work: Work<T>, mut each: impl FnMut(T)) -> Result<(), StoreError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut under_way: VecDeque<tokio::task::JoinHandle<Result<T, StoreError>>> = VecDeque::new();
    let mut after = None;
    loop {
        let persons = store.read(PersonsAll { after, count: CHUNK }).await?;
        let more = persons.last().copied();
        if more.is_some() {
            after = more;
            under_way.push_back(tokio::spawn(chunk(store.clone(), persons, work.clone())));
        }
        // One more than there are cores, so that one reads while the others work.
        while under_way.len() > if more.is_some() { cores } else { 0 } {
            let Some(next) = under_way.pop_front() else { break };
            each(next.await.map_err(|e| StoreError::Corrupt(e.to_string()))??);
        }
        if more.is_none() {
            return Ok(());
        }
    }
}

async fn chunk<T: Send + 'static>(store: Store, persons: Vec<PersonKey>, work: Work<T>) -> Result<T, StoreError> {
    let records = store.read(ReadPersons { persons, known: KnownAt::Now }).await?;
    tokio::task::spawn_blocking(move || work(&records)).await.map_err(|e| StoreError::Corrupt(e.to_string()))
}
