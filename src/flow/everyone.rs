//! A question about every person of a store, on every core, in flat memory.

use crate::model::key::PersonKey;
use crate::model::time::Instant;
use crate::store::*;
use futures_util::future::BoxFuture;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Persons read at once.
pub const CHUNK: usize = 64;
/// Persons read at once who are followed: each comes to many rows.
pub const FOLLOWERS_CHUNK: usize = 8;

/// What is made of the records of a chunk.
pub type Work<T> = Arc<dyn Fn(&[Record]) -> T + Send + Sync>;

/// Reads all persons in order of key, works on chunks of them at once, and hands on what they came to, in that order.
/// No more than a few chunks are held.
pub async fn ask<T: Send + 'static>(store: &Store, work: Work<T>, mut each: impl FnMut(T)) -> Result<(), StoreError> {
    let keys = |after| {
        let store = store.clone();
        async move { store.read(PersonsAll { after, count: CHUNK }).await }
    };
    let one = |persons| tokio::spawn(chunk(store.clone(), persons, work.clone()));
    through(keys, one, |found| {
        each(found);
        ControlFlow::Continue(())
    })
    .await
}

async fn chunk<T: Send + 'static>(store: Store, persons: Vec<PersonKey>, work: Work<T>) -> Result<T, StoreError> {
    let records = store.read(ReadPersons { persons, known: KnownAt::Now }).await?;
    apart(move || work(&records)).await
}

/// Those who have a subject in a trial, in order of key, as known at a moment.
#[derive(Debug, Clone)]
pub struct Followers {
    /// The trial.
    pub trial: String,
    /// As known when.
    pub known: Instant,
    /// With the facts of who was registered.
    pub facts: bool,
    /// The moment is past.
    pub past: bool,
}

/// What is made of a chunk of them.
pub type FollowersWork<T> = Arc<dyn Fn(Vec<FollowedRow>) -> BoxFuture<'static, Result<T, StoreError>> + Send + Sync>;

/// Works where it keeps nobody else waiting.
pub async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// The same as [`ask`] of those who have a subject in a trial; `each` may end it.
pub async fn ask_followers<T: Send + 'static>(
    store: &Store,
    followers: &Followers,
    work: FollowersWork<T>,
    each: impl FnMut(T) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let count = if followers.facts { FOLLOWERS_CHUNK } else { CHUNK };
    let keys = |after| {
        let (store, trial) = (store.clone(), followers.trial.clone());
        async move { store.read(SubjectPersons { trial, after, count }).await }
    };
    let one = |persons| {
        let Followers { trial, known, facts, past } = followers.clone();
        let (store, work) = (store.clone(), work.clone());
        tokio::spawn(async move {
            let rows = store.read(ReadFollowed { trial, persons, known, facts, past }).await?;
            work(rows).await
        })
    };
    through(keys, one, each).await
}

type Task<T> = tokio::task::JoinHandle<Result<T, StoreError>>;

async fn through<T, K: Future<Output = Result<Vec<PersonKey>, StoreError>>>(
    keys: impl Fn(Option<PersonKey>) -> K,
    one: impl Fn(Vec<PersonKey>) -> Task<T>,
    mut each: impl FnMut(T) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut under_way: VecDeque<Task<T>> = VecDeque::new();
    let mut after = None;
    loop {
        let persons = keys(after).await?;
        let more = persons.last().copied();
        if more.is_some() {
            after = more;
            under_way.push_back(one(persons));
        }
        // One more than there are cores, so that one reads while the others work.
        while under_way.len() > if more.is_some() { cores } else { 0 } {
            let Some(next) = under_way.pop_front() else { break };
            let found = next.await.map_err(|e| StoreError::Corrupt(e.to_string()))??;
            if each(found).is_break() {
                return Ok(());
            }
        }
        if more.is_none() {
            return Ok(());
        }
    }
}
